//! Error messages for templates: the library only returns the parts of its errors.

use rsjsonnet_lang::lexer::LexError;
use rsjsonnet_lang::parser::{ActualToken, ParseError};
use rsjsonnet_lang::program::{AnalyzeError, EvalErrorKind, EvalErrorValueType, LoadError};
use rsjsonnet_lang::span::SpanId;

type Said = (Option<SpanId>, String);

/// Where, and what.
pub(super) fn of_text(failure: &LoadError) -> Said {
    match failure {
        LoadError::Lex(failure) => of_letters(failure),
        LoadError::Parse(ParseError::Expected { span, instead, .. }) => {
            let what = match instead {
                ActualToken::EndOfFile => "it ends before something is closed".to_owned(),
                ActualToken::Ident(name) | ActualToken::OtherOp(name) => {
                    format!("unexpected `{name}`: a comma or an operator may be missing before it")
                }
                ActualToken::Number => "unexpected number".to_owned(),
                ActualToken::String | ActualToken::TextBlock => {
                    "unexpected string: a comma or an operator may be missing before it".to_owned()
                }
                ActualToken::Simple(_) => {
                    "unexpected token: check for a missing or extra bracket, comma or colon".to_owned()
                }
            };
            (Some(*span), what)
        }
        LoadError::Analyze(failure) => of_names(failure),
    }
}

fn of_letters(failure: &LexError) -> Said {
    let (span, what) = match failure {
        LexError::InvalidChar { span, chr } => (span, format!("unexpected `{chr}`")),
        LexError::UnfinishedMultilineComment { span } => (span, "a comment is not closed".to_owned()),
        LexError::UnfinishedString { span } => (span, "a string is not closed".to_owned()),
        LexError::InvalidEscapeInString { span, chr } => {
            (span, format!("unknown escape `\\{chr}` in a string"))
        }
        LexError::IncompleteUnicodeEscape { span } | LexError::InvalidUtf16EscapeSequence { span, .. } => {
            (span, "invalid character after `\\u`".to_owned())
        }
        LexError::LeadingZeroInNumber { span }
        | LexError::MissingFracDigits { span }
        | LexError::MissingExpDigits { span }
        | LexError::MissingDigitAfterUnderscore { span }
        | LexError::ExpOverflow { span } => (span, "invalid number".to_owned()),
        LexError::MissingLineBreakAfterTextBlockStart { span }
        | LexError::MissingWhitespaceTextBlockStart { span }
        | LexError::InvalidTextBlockTermination { span } => {
            (span, "invalid text block between `|||`".to_owned())
        }
        LexError::InvalidUtf8 { span, .. } => (span, "invalid string".to_owned()),
    };
    (Some(*span), what)
}

fn of_names(failure: &AnalyzeError) -> Said {
    let (span, what) = match failure {
        AnalyzeError::UnknownVariable { span, name } => (span, format!("unknown name `{name}`")),
        AnalyzeError::SelfOutsideObject { self_span: span }
        | AnalyzeError::SuperOutsideObject { super_span: span }
        | AnalyzeError::DollarOutsideObject { dollar_span: span } => {
            (span, "`self`, `super` and `$` are only allowed inside objects".to_owned())
        }
        AnalyzeError::RepeatedLocalName { repeated_span: span, name, .. }
        | AnalyzeError::RepeatedFieldName { repeated_span: span, name, .. }
        | AnalyzeError::RepeatedParamName { repeated_span: span, name, .. } => {
            (span, format!("duplicate name `{name}`"))
        }
        AnalyzeError::PositionalArgAfterNamed { arg_span: span } => {
            (span, "an argument without a name follows one with a name".to_owned())
        }
        AnalyzeError::TextBlockAsImportPath { span } | AnalyzeError::ComputedImportPath { span } => {
            (span, "imports aren't supported".to_owned())
        }
    };
    (Some(*span), what)
}

/// Of one that could be read.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the library has 40 kinds: those that a template usually causes have their own words"
)]
pub(super) fn of_run(failure: &EvalErrorKind) -> Said {
    use EvalErrorKind as Kind;
    match failure {
        // The template's own words.
        Kind::ExplicitError { message, .. } => (None, message.clone()),
        Kind::StackOverflow | Kind::InfiniteRecursion => (None, "infinite recursion".to_owned()),
        Kind::UnknownObjectField { span, field_name } => {
            (Some(*span), format!("unknown field `{field_name}`"))
        }
        Kind::InvalidIndexedType { span, got_type } => {
            (Some(*span), format!("a {} has no members", kind(*got_type)))
        }
        Kind::FieldOfNonObject { span } => (Some(*span), "only objects have members".to_owned()),
        Kind::NumericIndexOutOfRange { span, index, length } => {
            (Some(*span), format!("index {index} is out of range (length {length})"))
        }
        Kind::CalleeIsNotFunction { span, got_type } => {
            (*span, format!("a {} can't be called", kind(*got_type)))
        }
        Kind::TooManyCallArgs { span, num_params } => {
            (*span, format!("the function takes {num_params} arguments, but gets more"))
        }
        Kind::CallParamNotBound { span, param_name } => {
            (*span, format!("the argument `{param_name}` is missing"))
        }
        Kind::InvalidBinaryOpTypes { span, lhs_type, rhs_type, .. } => {
            (*span, format!("this operator doesn't support {} and {}", kind(*lhs_type), kind(*rhs_type)))
        }
        Kind::CondIsNotBool { span, .. } => {
            (Some(*span), "the condition of `if` is not a boolean".to_owned())
        }
        Kind::AssertFailed { span, message } => {
            (Some(*span), message.clone().unwrap_or_else(|| "an assertion failed".to_owned()))
        }
        Kind::ImportFailed { span, .. } => (Some(*span), "imports aren't supported".to_owned()),
        Kind::UnknownExtVar { name } => (None, format!("unknown variable `{name}`")),
        Kind::ManifestFunction => (
            None,
            "it returns a function instead of a value: a function takes one argument, `ctx`".to_owned(),
        ),
        Kind::Other { span, message } => (*span, message.clone()),
        // Rare ones by the library's name for them.
        other => (None, shortened(&format!("{other:?}"))),
    }
}

fn kind(of: EvalErrorValueType) -> &'static str {
    match of {
        EvalErrorValueType::Null => "null",
        EvalErrorValueType::Bool => "boolean",
        EvalErrorValueType::Number => "number",
        EvalErrorValueType::String => "string",
        EvalErrorValueType::Array => "list",
        EvalErrorValueType::Object => "object",
        EvalErrorValueType::Function => "function",
    }
}

fn shortened(text: &str) -> String {
    text.split(['{', '(']).next().unwrap_or(text).trim().to_owned()
}
