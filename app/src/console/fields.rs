//! What a browser posts from a form of the console, as names and texts. It knows no form.

use std::collections::BTreeMap;

/// Name → text, as posted.
pub(crate) type Fields = BTreeMap<String, String>;

/// As it was typed; empty where nothing of that name was sent.
pub(super) fn text<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.get(name).map(String::as_str).unwrap_or_default()
}

/// Without the space around it.
pub(super) fn trimmed<'a>(fields: &'a Fields, name: &str) -> &'a str {
    text(fields, name).trim()
}
