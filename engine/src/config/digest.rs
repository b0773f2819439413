//! The digest that `health/config` returns. It shows whether two servers, or a server and a file, have the same configuration.

use super::Config;
use hmac::{Hmac, Mac};
use serde_json::Value;
use sha2::Sha256;

/// The file's own `revision`, or 64 hexadecimal digits that change with every change, a Save in the console included. Keyed, so
/// that an attacker can't test guesses of a secret against it (Kratos: a plain SHA-256).
pub fn digest(config: &Config) -> String {
    if let Some(mark) = config.raw.get("revision").and_then(Value::as_str).filter(|mark| !mark.is_empty()) {
        return mark.to_owned();
    }
    let key = config.secrets.default.first().map(|secret| secret.as_bytes()).unwrap_or_default();
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
    mac.update(b"vestibule/digest/v1");
    mac.update(&config.revision.to_be_bytes());
    mac.update(config.raw.to_string().as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}
