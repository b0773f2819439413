//! The changes that turn one configuration into another, as YAML to copy into a file. Secrets are shown as fingerprints.

use super::Config;
use super::fingerprint::fingerprint;
use super::format::{printable, yaml};
use super::redact::redact;
use serde_json::{Map, Value};

/// The keys of `to` that say something else than those of `from`, lists as a whole; keys that `to` does not have follow as
/// comments. Empty when both say the same.
pub fn difference(from: &Config, to: &Config) -> String {
    let mut gone = Vec::new();
    let mut patch = compare(&from.raw, &to.raw, "", &mut gone).unwrap_or_default();
    redact(&mut patch, &mut |_, secret| fingerprint(to, secret));
    let mut text = if patch.is_null() { String::new() } else { yaml(&patch) };
    for path in gone {
        text.push_str(&format!("# Remove this key: {}\n", printable(&path)));
    }
    text
}

fn compare(from: &Value, to: &Value, path: &str, gone: &mut Vec<String>) -> Option<Value> {
    let (Value::Object(was), Value::Object(is)) = (from, to) else {
        return (from != to).then(|| to.clone());
    };
    let full = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    let mut patch = Map::new();
    for (name, value) in is {
        let none = Value::Null;
        if let Some(changed) = compare(was.get(name).unwrap_or(&none), value, &full(name), gone) {
            patch.insert(name.clone(), changed);
        }
    }
    gone.extend(
        was.iter()
            .filter(|(name, value)| !is.contains_key(*name) && !value.is_null())
            .map(|(name, _)| full(name)),
    );
    (!patch.is_empty()).then(|| patch.into())
}
