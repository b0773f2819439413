//! What is wrong with a template, in words: the library has none, only the parts of its errors.

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
                ActualToken::EndOfFile => "it ends before something that was begun is closed".to_owned(),
                ActualToken::Ident(name) | ActualToken::OtherOp(name) => {
                    format!("`{name}` cannot stand here: a comma or an operator may be missing before it")
                }
                ActualToken::Number => "a number cannot stand here".to_owned(),
                ActualToken::String | ActualToken::TextBlock => {
                    "a text cannot stand here: a comma or an operator may be missing before it".to_owned()
                }
                ActualToken::Simple(_) => {
                    "what stands here does not fit what stands before it: look for a missing or additional bracket, comma or colon"
                        .to_owned()
                }
            };
            (Some(*span), what)
        }
        LoadError::Analyze(failure) => of_names(failure),
    }
}

fn of_letters(failure: &LexError) -> Said {
    let (span, what) = match failure {
        LexError::InvalidChar { span, chr } => (span, format!("`{chr}` cannot stand here")),
        LexError::UnfinishedMultilineComment { span } => (span, "a comment is not closed".to_owned()),
        LexError::UnfinishedString { span } => (span, "a text is not closed".to_owned()),
        LexError::InvalidEscapeInString { span, chr } => {
            (span, format!("`\\{chr}` means nothing inside a text"))
        }
        LexError::IncompleteUnicodeEscape { span } | LexError::InvalidUtf16EscapeSequence { span, .. } => {
            (span, "what follows `\\u` is no character".to_owned())
        }
        LexError::LeadingZeroInNumber { span }
        | LexError::MissingFracDigits { span }
        | LexError::MissingExpDigits { span }
        | LexError::MissingDigitAfterUnderscore { span }
        | LexError::ExpOverflow { span } => (span, "this is no number".to_owned()),
        LexError::MissingLineBreakAfterTextBlockStart { span }
        | LexError::MissingWhitespaceTextBlockStart { span }
        | LexError::InvalidTextBlockTermination { span } => {
            (span, "a text between `|||` is not written as one".to_owned())
        }
        LexError::InvalidUtf8 { span, .. } => (span, "this is no text".to_owned()),
    };
    (Some(*span), what)
}

fn of_names(failure: &AnalyzeError) -> Said {
    let (span, what) = match failure {
        AnalyzeError::UnknownVariable { span, name } => (span, format!("`{name}` is not known")),
        AnalyzeError::SelfOutsideObject { self_span: span }
        | AnalyzeError::SuperOutsideObject { super_span: span }
        | AnalyzeError::DollarOutsideObject { dollar_span: span } => {
            (span, "`self`, `super` and `$` stand inside objects only".to_owned())
        }
        AnalyzeError::RepeatedLocalName { repeated_span: span, name, .. }
        | AnalyzeError::RepeatedFieldName { repeated_span: span, name, .. }
        | AnalyzeError::RepeatedParamName { repeated_span: span, name, .. } => {
            (span, format!("`{name}` is there already"))
        }
        AnalyzeError::PositionalArgAfterNamed { arg_span: span } => {
            (span, "an argument without a name follows one with a name".to_owned())
        }
        AnalyzeError::TextBlockAsImportPath { span } | AnalyzeError::ComputedImportPath { span } => {
            (span, "nothing can be imported".to_owned())
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
        Kind::StackOverflow | Kind::InfiniteRecursion => (None, "it calls itself without end".to_owned()),
        Kind::UnknownObjectField { span, field_name } => {
            (Some(*span), format!("there is no `{field_name}` here"))
        }
        Kind::InvalidIndexedType { span, got_type } => {
            (Some(*span), format!("a {} has no members", kind(*got_type)))
        }
        Kind::FieldOfNonObject { span } => (Some(*span), "only objects have members".to_owned()),
        Kind::NumericIndexOutOfRange { span, index, length } => {
            (Some(*span), format!("there is no entry {index} among {length}"))
        }
        Kind::CalleeIsNotFunction { span, got_type } => {
            (*span, format!("a {} cannot be called", kind(*got_type)))
        }
        Kind::TooManyCallArgs { span, num_params } => {
            (*span, format!("the function takes {num_params} arguments, and gets more"))
        }
        Kind::CallParamNotBound { span, param_name } => {
            (*span, format!("the function does not get its argument `{param_name}`"))
        }
        Kind::InvalidBinaryOpTypes { span, lhs_type, rhs_type, .. } => {
            (*span, format!("a {} and a {} cannot be brought together so", kind(*lhs_type), kind(*rhs_type)))
        }
        Kind::CondIsNotBool { span, .. } => {
            (Some(*span), "what stands after `if` is neither true nor false".to_owned())
        }
        Kind::AssertFailed { span, message } => {
            (Some(*span), message.clone().unwrap_or_else(|| "what it asserts is not so".to_owned()))
        }
        Kind::ImportFailed { span, .. } => (Some(*span), "nothing can be imported".to_owned()),
        Kind::UnknownExtVar { name } => (None, format!("there is no variable `{name}`")),
        Kind::ManifestFunction => (
            None,
            "it makes a function where a value belongs: a function takes one argument, `ctx`".to_owned(),
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
