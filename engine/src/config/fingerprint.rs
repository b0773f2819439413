//! What is shown of a secret.

use super::Config;
use super::redact::MASK;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Keyed, so that an attacker can't test guesses against it; two files can be compared by it.
pub(crate) fn fingerprint(config: &Config, secret: &str) -> String {
    let key = config.secrets.default.first().map(|secret| secret.as_bytes()).unwrap_or_default();
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return MASK.into() };
    mac.update(b"vestibule/fingerprint/v1");
    mac.update(secret.as_bytes());
    let digest = mac.finalize().into_bytes();
    format!("{MASK} {:02x}{:02x}{:02x}{:02x}", digest[0], digest[1], digest[2], digest[3])
}
