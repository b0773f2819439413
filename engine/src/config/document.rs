//! Documents of settings, and named settings of the console: values at places.

use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Name → value, as stored in a revision: `registration_enabled: true`,
/// `sign_in_after_registration: {"password": "on"}`, `min_password_length: 12`, `unverified_session_lifespan: "30m"`, …
pub type Named = BTreeMap<String, Value>;

/// The value at a dotted path.
pub(crate) fn get<'a>(document: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(document, |value, name| value.get(name)).filter(|value| !value.is_null())
}

/// Puts `value` at a dotted path, making the sections on the way.
pub(crate) fn set(document: &mut Value, path: &str, value: Value) {
    let mut place = document;
    for name in path.split('.') {
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        let Value::Object(members) = place else { return };
        place = members.entry(name.to_owned()).or_insert(Value::Null);
    }
    *place = value;
}

/// Takes the value at a dotted path away; sections stay.
pub(super) fn remove(document: &mut Value, path: &str) {
    let (section, name) = path.rsplit_once('.').unwrap_or(("", path));
    let holder = if section.is_empty() {
        Some(document)
    } else {
        section.split('.').try_fold(document, |value, name| value.get_mut(name))
    };
    if let Some(Value::Object(members)) = holder {
        members.shift_remove(name);
    }
}
