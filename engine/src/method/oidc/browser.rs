//! The cookie of a browser that left for a provider.

use crate::session;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;

/// The value of the browser's cookie, when there is exactly one that a departure could have made.
pub(super) fn only(browser: &[String]) -> Option<&str> {
    let mut values = browser.iter().filter(|value| is_well_formed(value));
    values.next().filter(|_| values.next().is_none()).map(String::as_str)
}

fn is_well_formed(cookie: &str) -> bool {
    URL_SAFE_NO_PAD.decode(cookie).is_ok_and(|bytes| bytes.len() == 32)
}

/// The value with that digest, wherever it is among the others.
pub(super) fn with_hash<'a>(browser: &'a [String], hash: &[u8]) -> Option<&'a String> {
    browser.iter().find(|value| bool::from(session::token_hash(value).ct_eq(hash)))
}
