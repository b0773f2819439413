//! The digest that `health/config` returns. It shows whether two servers, or a server and a file, have the same configuration.

use super::{Config, Layers};
use hmac::{Hmac, Mac};
use serde_json::{Map, Value};
use sha2::Sha256;

/// The file's own `revision`, or 64 hexadecimal digits that change with every change, a Save in the console included. Keyed, so
/// that an attacker can't test guesses of a secret against it (Kratos: a plain SHA-256).
pub fn digest(config: &Config) -> String {
    if let Some(mark) = config.raw.get("revision").and_then(Value::as_str).filter(|mark| !mark.is_empty()) {
        return mark.to_owned();
    }
    of_effect(config)
}

/// Whether both have the same effect. The order of keys in a file has none.
pub(crate) fn is_same(one: &Config, other: &Config) -> bool {
    one.raw.get("revision") == other.raw.get("revision") && of_effect(one) == of_effect(other)
}

/// Names what the files say.
pub(crate) fn content(config: &Config, files: &Layers) -> String {
    keyed(config, b"vestibule/files/v1", &[sorted(files.files()).to_string().as_bytes()])
}

fn of_effect(config: &Config) -> String {
    // Schemas can be files of their own.
    let schemas: Vec<Value> =
        config.identity.schemas.iter().map(|schema| sorted(schema.schema.document())).collect();
    let parts =
        [config.revision.to_string(), sorted(&config.raw).to_string(), Value::Array(schemas).to_string()];
    keyed(config, b"vestibule/digest/v1", &parts.each_ref().map(|part| part.as_bytes()))
}

fn keyed(config: &Config, label: &[u8], parts: &[&[u8]]) -> String {
    let key = config.secrets.default.first().map(|secret| secret.as_bytes()).unwrap_or_default();
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
    mac.update(label);
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The same with members in the order of their names.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            let members = members.into_iter().map(|(name, value)| (name.clone(), sorted(value)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        Value::Array(entries) => Value::Array(entries.iter().map(sorted).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}
