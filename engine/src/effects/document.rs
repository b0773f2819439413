//! JSON from another service, checked before it is used: its size, its depth, its number of values, and characters that databases
//! can't store.

use crate::limits_table::{ACCOUNT_DOCUMENT, PROVIDER_DOCUMENT, WEBHOOK_ANSWER};
use serde_json::Value;

/// What a document may be.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Of its text.
    pub bytes: usize,
    /// Objects and lists inside each other.
    pub depth: usize,
    /// Members, entries and values in all.
    pub values: usize,
}

/// A provider's own documents. Key sets of large providers have a few thousand values, claims far fewer.
pub const OF_A_PROVIDER: Bounds = Bounds { bytes: PROVIDER_DOCUMENT.count(), depth: 32, values: 20_000 };
/// What a webhook answers.
pub const OF_A_WEBHOOK: Bounds = Bounds { bytes: WEBHOOK_ANSWER.count(), depth: 32, values: 10_000 };
/// Traits or metadata that a webhook or a mapper makes: these are stored.
pub const OF_AN_ACCOUNT: Bounds = Bounds { bytes: ACCOUNT_DOCUMENT.count(), depth: 24, values: 5_000 };

/// Why a document is not taken, for the log.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("not JSON: {0}")]
    Unreadable(String),
    #[error("{0} bytes, which is more than {1}")]
    Bytes(usize, usize),
    #[error("nested deeper than {0} levels")]
    Depth(usize),
    #[error("more than {0} values")]
    Values(usize),
    #[error("contains the character U+0000, which can't be stored")]
    Character,
}

/// # Errors
/// Which of the bounds it breaks.
pub fn read(body: &[u8], bounds: Bounds) -> Result<Value, Unfit> {
    if body.len() > bounds.bytes {
        return Err(Unfit::Bytes(body.len(), bounds.bytes));
    }
    let value = serde_json::from_slice(body)
        .map_err(|failure: serde_json::Error| Unfit::Unreadable(failure.to_string()))?;
    walk(&value, bounds)?;
    Ok(value)
}

/// The same for one that was read already.
///
/// # Errors
/// As [`read`].
pub fn judge(value: &Value, bounds: Bounds) -> Result<(), Unfit> {
    walk(value, bounds)?;
    // Only now: writing out what is too deep would recurse as far.
    let bytes = value.to_string().len();
    if bytes > bounds.bytes {
        return Err(Unfit::Bytes(bytes, bounds.bytes));
    }
    Ok(())
}

fn walk(value: &Value, bounds: Bounds) -> Result<(), Unfit> {
    let mut left = vec![(value, 0)];
    let mut seen = 0;
    while let Some((value, depth)) = left.pop() {
        seen += 1;
        if seen > bounds.values {
            return Err(Unfit::Values(bounds.values));
        }
        if depth > bounds.depth {
            return Err(Unfit::Depth(bounds.depth));
        }
        match value {
            Value::String(text) if text.contains('\0') => return Err(Unfit::Character),
            Value::Array(entries) => left.extend(entries.iter().map(|entry| (entry, depth + 1))),
            Value::Object(members) => {
                if members.keys().any(|name| name.contains('\0')) {
                    return Err(Unfit::Character);
                }
                left.extend(members.values().map(|member| (member, depth + 1)));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const SMALL: Bounds = Bounds { bytes: 40, depth: 2, values: 6 };

    #[test]
    fn a_document_inside_its_bounds_is_read_and_others_are_not() {
        assert_eq!(
            read(br#"{"a": {"b": [1, 2]}}"#, Bounds { depth: 3, ..SMALL }),
            Ok(json!({"a": {"b": [1, 2]}}))
        );
        for (text, unfit) in [
            (r#"{"a": {"b": {"c": {}}}}"#.to_owned(), Unfit::Depth(2)),
            ("[[[[]]]]".to_owned(), Unfit::Depth(2)),
            ("[1,2,3,4,5,6]".to_owned(), Unfit::Values(6)),
            (format!("\"{}\"", "x".repeat(39)), Unfit::Bytes(41, 40)),
            (r#"{"a": "\u0000"}"#.to_owned(), Unfit::Character),
            (r#"{"\u0000": 1}"#.to_owned(), Unfit::Character),
        ] {
            assert_eq!(read(text.as_bytes(), SMALL), Err(unfit), "{text}");
        }
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        let large = Bounds { bytes: 1 << 20, ..SMALL };
        assert!(
            matches!(read(deep.as_bytes(), large), Err(Unfit::Unreadable(_))),
            "nobody recurses that far"
        );
        assert!(matches!(read(b"\xff{}", SMALL), Err(Unfit::Unreadable(_))));
        assert!(matches!(read(b"{} {}", SMALL), Err(Unfit::Unreadable(_))));
    }

    #[test]
    fn what_was_read_already_is_judged_alike() {
        assert_eq!(judge(&json!({"a": [1]}), SMALL), Ok(()));
        assert_eq!(judge(&json!("x".repeat(60)), SMALL), Err(Unfit::Bytes(62, 40)));
        assert_eq!(judge(&json!([[[[]]]]), SMALL), Err(Unfit::Depth(2)));
    }
}
