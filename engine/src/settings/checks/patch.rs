//! What a file has to say so that a finding goes: key and value. Lists are replaced whole, as files replace them.

use crate::config::{self, Config, Named, console};
use serde_json::{Map, Value};

/// One key of a further configuration file.
#[derive(Clone, Debug, PartialEq)]
pub struct Patch {
    /// Dotted path
    pub key: String,
    /// `Null` takes the key away.
    pub value: Value,
}

/// The patches as one document, to be laid over files.
pub fn overlay(patches: &[Patch]) -> Value {
    let mut document = Value::Object(Map::new());
    for patch in patches {
        config::set(&mut document, &patch.key, patch.value.clone());
    }
    document
}

/// What named settings write.
pub(super) fn of_settings(config: &Config, settings: &Named) -> Vec<Patch> {
    let (then, _) = console::apply(&config.raw, settings);
    let mut patches = Vec::new();
    differences(&config.raw, &then, "", &mut patches);
    patches
}

fn differences(now: &Value, then: &Value, path: &str, patches: &mut Vec<Patch>) {
    let (Value::Object(now_members), Value::Object(then_members)) = (now, then) else {
        if now != then {
            patches.push(Patch { key: path.to_owned(), value: then.clone() });
        }
        return;
    };
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    for name in now_members.keys().filter(|name| !then_members.contains_key(*name)) {
        patches.push(Patch { key: below(name), value: Value::Null });
    }
    for (name, then) in then_members {
        let none = if then.is_object() { Value::Object(Map::new()) } else { Value::Null };
        differences(now_members.get(name).unwrap_or(&none), then, &below(name), patches);
    }
}
