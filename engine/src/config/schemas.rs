//! Sources of identity schemas: `base64://`, `file://`, `preset://`, and http(s) documents that were fetched before.

use super::sources::Fetched;
use super::wrong::{Wrong, web_url};
use crate::identity::schema::Schema;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::Value;

/// Presets, by the rest of their `preset://` URL.
const PRESETS: &[(&str, &str)] =
    &[("email", include_str!("presets/email.json")), ("username", include_str!("presets/username.json"))];

/// The text behind the URL.
pub(super) fn text(url: &str) -> Result<String, Wrong> {
    if let Some(name) = url.strip_prefix("preset://") {
        let preset = PRESETS.iter().find(|(known, _)| *known == name);
        return preset.map(|(_, text)| (*text).to_owned()).ok_or_else(|| {
            Wrong::new(format!("unknown preset `{name}`"), "`preset://email` or `preset://username`")
        });
    }
    if let Some(encoded) = url.strip_prefix("base64://") {
        let bytes = [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD]
            .iter()
            .find_map(|e| e.decode(encoded).ok());
        return bytes
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .ok_or_else(|| Wrong::new("invalid base64 after `base64://`", "base64-encoded JSON"));
    }
    if let Some(path) = url.strip_prefix("file://") {
        // Kratos takes the rest of the URL as a path, relative ones from the working folder.
        return std::fs::read_to_string(path).map_err(|error| {
            Wrong::new(
                format!("`{path}` can't be read: {error}"),
                "`file://` and an absolute path, or one relative to the working folder",
            )
        });
    }
    Err(Wrong::new(
        "invalid schema URL",
        "`base64://…`, `file://…`, `https://…`, `preset://email` or `preset://username`",
    ))
}

pub(super) fn is_remote(url: &str) -> bool {
    url.starts_with("http://") || url.starts_with("https://")
}

fn remote(url: &str, fetched: &Fetched) -> Result<String, Wrong> {
    let known = web_url(url).and_then(|url| fetched.get(url.as_str()));
    let why = match known {
        Some(Ok(text)) => return Ok(text.clone()),
        Some(Err(why)) => why.as_str(),
        None => "it was not requested",
    };
    Err(Wrong::new(
        format!("the schema can't be fetched: {why}"),
        "a URL that returns the schema, a file (`file://`), or the schema in the configuration (`base64://`)",
    ))
}

/// The compiled schema; all that is wrong with it, at once.
pub(super) fn compile(url: &str, fetched: &Fetched) -> Result<Schema, Vec<Wrong>> {
    let text = if is_remote(url) { remote(url, fetched) } else { text(url) };
    let text = text.map_err(|wrong| vec![wrong])?;
    let document: Value = serde_json::from_str(&text).map_err(|error| {
        vec![Wrong::new(format!("the schema is not JSON: {error}"), "a JSON Schema with `traits`")]
    })?;
    Schema::compile(&document).map_err(|found| {
        found
            .into_iter()
            .map(|(pointer, what)| {
                Wrong::new(format!("the schema at `{pointer}`: {what}"), "a corrected schema")
            })
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_compiles() {
        for (name, _) in PRESETS {
            assert!(compile(&format!("preset://{name}"), &Fetched::new()).is_ok(), "{name}");
        }
    }

    #[test]
    fn base64_is_read_in_all_four_alphabets() {
        for engine in [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD] {
            let url = format!("base64://{}", engine.encode("{\"title\":\"größer?>\"}"));
            assert_eq!(text(&url).unwrap(), "{\"title\":\"größer?>\"}");
        }
    }
}
