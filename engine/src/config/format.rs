//! Documents as text.

use serde_json::Value;

/// How a file is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    Yaml,
    Json,
}

/// The document as a file. `head`: lines at its top, where the format has comments.
pub(super) fn render(document: &Value, head: &[String], format: Format) -> String {
    match format {
        Format::Yaml => {
            let comments: String = head.iter().map(|line| format!("# {}\n", printable(line))).collect();
            format!("{comments}{}", yaml(document))
        }
        Format::Json => format!("{document:#}\n"),
    }
}

pub(super) fn yaml(document: &Value) -> String {
    // Serialising a JSON value cannot fail; should it, JSON is YAML too.
    serde_saphyr::to_string(document).unwrap_or_else(|_| document.to_string())
}

/// Names of keys come from files and may hold what a terminal obeys, or end a comment.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}
