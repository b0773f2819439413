//! Jsonnet: the door to it, and its evaluation with limits on depth and size. `evaluators` has the processes that it runs in.

use super::template_words as words;
use crate::limits_table::TEMPLATE_OUTPUT;
use futures::future::BoxFuture;
use rsjsonnet_lang::arena::Arena;
use rsjsonnet_lang::interner::InternedStr;
use rsjsonnet_lang::program::{
    Callbacks, EvalError, EvalErrorKind, EvalStackTraceItem, ImportError, NativeError, Program, Thunk, Value,
};
use rsjsonnet_lang::span::{SpanContextId, SpanId, SpanManager};
use serde::{Deserialize, Serialize};

/// Jsonnet's usual 500 is more than any body of a hook needs.
const DEPTH: usize = 200;
/// Bytes of what it makes.
pub(super) const LARGEST: u64 = TEMPLATE_OUTPUT.count() as u64;

/// The only door to Jsonnet.
pub trait Templates: Send + Sync {
    /// Evaluates `source`, a function of one argument or a value, with `input` (JSON) as the argument `ctx`. Answers with
    /// JSON text.
    fn render(&self, source: String, input: String) -> BoxFuture<'static, Result<String, TemplateError>>;

    /// Evaluates `source`, a value, with `variables` (names and JSON) for `std.extVar`. Answers with JSON text.
    fn map(
        &self,
        source: String,
        variables: Vec<(String, String)>,
    ) -> BoxFuture<'static, Result<String, TemplateError>>;
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum TemplateError {
    /// `error "cancel"` in the template: nothing is to be sent, and that is no fault.
    #[error("the template canceled the call")]
    Cancelled,
    /// Whatever it is given.
    #[error("invalid template: {0}")]
    Unreadable(String),
    /// With what it was given.
    #[error("the template failed: {0}")]
    Broken(String),
    #[error("the template exceeded its time or memory limit")]
    Limits,
    #[error("the output of the template is larger than {LARGEST} bytes")]
    TooLarge,
    #[error("the template's process can't be started: {0}")]
    Unavailable(String),
}

/// Without limits but those on depth and size.
///
/// # Errors
/// What is wrong with the template, or that it asks for nothing to be sent.
pub fn evaluate(source: &str, input: &str) -> Result<String, TemplateError> {
    evaluate_with(source, input, &[])
}

/// The same, with `variables` for `std.extVar`.
///
/// # Errors
/// As [`evaluate`].
pub fn evaluate_with(
    source: &str,
    input: &str,
    variables: &[(String, String)],
) -> Result<String, TemplateError> {
    read(source, input, variables, true)
}

/// What keeps `source` from being read as Jsonnet, with its line. Nothing of it is evaluated.
pub fn unreadable(source: &str) -> Option<String> {
    match read(source, "{}", &[], false) {
        Err(TemplateError::Unreadable(what)) => Some(what),
        Ok(_) | Err(_) => None,
    }
}

/// Reads the template, and evaluates it if asked to; empty if not.
fn read(
    source: &str,
    input: &str,
    variables: &[(String, String)],
    evaluates: bool,
) -> Result<String, TemplateError> {
    let arena = Arena::new();
    let mut program = Program::new(&arena);
    program.set_max_stack(DEPTH);
    for (name, value) in variables {
        let (context, _) = program.span_manager_mut().insert_source_context(value.len());
        let thunk = program
            .load_source(context, value.as_bytes(), true, name)
            .map_err(|failure| TemplateError::Broken(words::of_text(&failure).1))?;
        let name = program.intern_str(name);
        program.add_ext_var(name, &thunk);
    }
    // JSON is Jsonnet. The template is wrapped and not called from here, so that a plain object may be one, too.
    let whole = format!(
        "local template = (\n{source}\n); local ctx = (\n{input}\n); \
         if std.isFunction(template) then template(ctx) else template"
    );
    let (context, _) = program.span_manager_mut().insert_source_context(whole.len());
    let loaded = program.load_source(context, whole.as_bytes(), true, "template");
    let lines = Lines { whole: &whole, of_source: source.split('\n').count(), context };
    let thunk = match loaded {
        Ok(thunk) => thunk,
        Err(failure) => {
            let (span, what) = words::of_text(&failure);
            return Err(TemplateError::Unreadable(lines.said(program.span_manager(), span, what)));
        }
    };
    if !evaluates {
        return Ok(String::new());
    }
    let broken = |program: &Program<'_>, failure: &EvalError| {
        if is_cancelled(failure) {
            return TemplateError::Cancelled;
        }
        let (span, what) = words::of_run(&failure.kind);
        TemplateError::Broken(lines.said(program.span_manager(), span, what))
    };
    let mut nothing = Nothing;
    let value = match program.eval_value(&thunk, &mut nothing) {
        Ok(value) => value,
        Err(failure) => return Err(broken(&program, &failure)),
    };
    let text = match program.manifest_json(&value, false) {
        Ok(text) => text,
        Err(failure) => return Err(broken(&program, &failure)),
    };
    if text.len() as u64 > LARGEST {
        return Err(TemplateError::TooLarge);
    }
    Ok(text)
}

fn is_cancelled(failure: &EvalError) -> bool {
    matches!(&failure.kind, EvalErrorKind::ExplicitError { message, .. } if message == "cancel")
}

/// The template inside what is evaluated: it begins with the second line.
struct Lines<'a> {
    whole: &'a str,
    of_source: usize,
    context: SpanContextId,
}

impl Lines<'_> {
    /// With the line that a person finds in their template.
    fn said(&self, spans: &SpanManager, span: Option<SpanId>, what: String) -> String {
        let Some((context, start, _)) = span.map(|span| spans.get_span(span)) else { return what };
        if context != self.context {
            return what;
        }
        let before = self.whole.get(..start).unwrap_or_default().matches('\n').count();
        match before {
            line if (1..=self.of_source).contains(&line) => format!("line {line}: {what}"),
            line if line > self.of_source => {
                format!("line {}: it ends before something is closed", self.of_source)
            }
            _ => what,
        }
    }
}

/// No imports, no functions of ours; traces go nowhere.
struct Nothing;

impl<'p> Callbacks<'p> for Nothing {
    fn import(&mut self, _: &mut Program<'p>, _: SpanId, _: &str) -> Result<Thunk<'p>, ImportError> {
        Err(ImportError)
    }

    fn import_str(&mut self, _: &mut Program<'p>, _: SpanId, _: &str) -> Result<String, ImportError> {
        Err(ImportError)
    }

    fn import_bin(&mut self, _: &mut Program<'p>, _: SpanId, _: &str) -> Result<Vec<u8>, ImportError> {
        Err(ImportError)
    }

    fn trace(&mut self, _: &mut Program<'p>, _: &str, _: &[EvalStackTraceItem]) {}

    fn native_call(
        &mut self,
        _: &mut Program<'p>,
        _: InternedStr<'p>,
        _: &[Value<'p>],
    ) -> Result<Value<'p>, NativeError> {
        Err(NativeError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_a_function_or_a_value() {
        let input = r#"{"flow": {"type": "api"}, "identity": {"traits": {"email": "a@b.c"}}}"#;
        let made = evaluate(
            "function(ctx) { mail: ctx.identity.traits.email, has: std.objectHas(ctx, 'session') }",
            input,
        );
        let made: serde_json::Value = serde_json::from_str(&made.unwrap()).unwrap();
        assert_eq!(made, serde_json::json!({"mail": "a@b.c", "has": false}));
        assert_eq!(evaluate("{ a: 1 }", "null").unwrap().replace(' ', ""), "{\"a\":1}");
    }

    #[test]
    fn a_mapper_reads_its_variables() {
        let variables = [
            ("claims".to_owned(), r#"{"email": "a@b.c"}"#.to_owned()),
            ("identity".to_owned(), "{}".to_owned()),
        ];
        let made = evaluate_with(
            "local c = std.extVar('claims'); { identity: { traits: { email: c.email } } }",
            "null",
            &variables,
        );
        assert_eq!(made.unwrap().replace([' ', '\n'], ""), r#"{"identity":{"traits":{"email":"a@b.c"}}}"#);
        assert!(evaluate("std.extVar('claims')", "null").is_err(), "a hook's body has none");
    }

    #[test]
    fn a_template_is_read_without_being_evaluated() {
        for readable in
            ["function(ctx) error 'no'", "{ a: 1 }", "function(ctx) ctx.nothing", "std.extVar('claims')"]
        {
            assert_eq!(unreadable(readable), None, "{readable}");
        }
        for broken in ["function(ctx) { a: ", "{ a: 'x }", "function(ctx)\n  ctxt.identity"] {
            assert!(unreadable(broken).is_some(), "{broken}");
        }
    }

    #[test]
    fn what_is_wrong_is_told() {
        assert_eq!(evaluate("function(ctx) error 'cancel'", "{}"), Err(TemplateError::Cancelled));
        assert_eq!(evaluate("function(ctx) { a: error 'cancel' }", "{}"), Err(TemplateError::Cancelled));
        assert_eq!(evaluate("function(ctx) error 'no'", "{}"), Err(TemplateError::Broken("no".to_owned())));
        for source in ["function(ctx) ctx.nothing", "import 'x'", "importstr '/etc/passwd'"] {
            assert!(matches!(evaluate(source, "{}"), Err(TemplateError::Broken(_))), "{source}");
        }
        for (source, said) in [
            ("function(ctx) {\n  a: 1,\n  b: 2 3,\n}", "line 3: unexpected number"),
            ("function(ctx) {\n  a: 1,", "line 2: it ends before something is closed"),
            ("function(ctx) {\n  a: 'x,\n}\n", "line 2: a string is not closed"),
            ("function(ctx)\n  ctxt.identity", "line 2: unknown name `ctxt`"),
            ("{ a: 1 }\n§", "line 2: unexpected `§`"),
        ] {
            let unreadable = Err(TemplateError::Unreadable(said.to_owned()));
            assert_eq!(evaluate(source, "{}"), unreadable, "{source}");
        }
        for (source, said) in [
            ("function(ctx) {\n  mail: ctx.identity.mail,\n}", "line 2: unknown field `mail`"),
            ("function(ctx)\n\n  ctx.identity.id.of", "line 3: only objects have members"),
        ] {
            let broken = Err(TemplateError::Broken(said.to_owned()));
            assert_eq!(evaluate(source, r#"{"identity": {"id": "x"}}"#), broken, "{source}");
        }
        let deep = "function(ctx) local f(n) = 1 + f(n + 1); f(0)";
        assert_eq!(evaluate(deep, "{}"), Err(TemplateError::Broken("infinite recursion".to_owned())));
        assert_eq!(evaluate("std.repeat('x', 1100000)", "{}"), Err(TemplateError::TooLarge));
    }
}
