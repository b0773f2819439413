//! The anti-forgery token of browser flows (OWASP ASVS 3.5.1; Kratos: ory/nosurf).
//! Cookie: base64 of 32 random bytes. Form: base64 of a fresh 32-byte pad followed by cookie XOR pad, so that the token
//! differs each time a page is rendered (BREACH).

use crate::effects::Effects;
use crate::error::{Error, Kind};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq;

const LENGTH: usize = 32;

/// Reasons for [`violation`].
pub(crate) const NO_COOKIES: &str = "The request carried no cookie at all.";
pub(crate) const NO_COOKIE: &str = "The request carried cookies, but not the anti-forgery cookie.";

/// A new value for the cookie.
pub fn new_cookie(effects: &Effects) -> String {
    STANDARD.encode(effects.bytes::<LENGTH>())
}

/// Whether a cookie's value is one that [`new_cookie`] could have made.
pub fn is_well_formed(cookie: &str) -> bool {
    STANDARD.decode(cookie).is_ok_and(|bytes| bytes.len() == LENGTH)
}

/// The token for a form; `""` for a cookie that is not well-formed.
pub fn mask(effects: &Effects, cookie: &str) -> String {
    let Some(secret) = decode::<LENGTH>(cookie) else { return String::new() };
    let pad = effects.bytes::<LENGTH>();
    let mut token = [0; 2 * LENGTH];
    for (index, (pad, secret)) in pad.iter().zip(secret).enumerate() {
        token[index] = *pad;
        token[LENGTH + index] = pad ^ secret;
    }
    STANDARD.encode(token)
}

/// What a browser sent along with a form.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sent<'a> {
    /// Whether the request had any cookie.
    pub any_cookie: bool,
    pub cookie: Option<&'a str>,
    /// The body's `csrf_token`; headers do not count.
    pub token: Option<&'a str>,
}

/// Token against cookie, in constant time.
///
/// # Errors
/// 403 `security_csrf_violation` with `docs`, `hint` and `reject_reason` in the details.
pub fn check(sent: Sent<'_>) -> Result<(), Error> {
    let reject = match (sent.cookie, sent.token.filter(|token| !token.is_empty())) {
        (None, _) if !sent.any_cookie => NO_COOKIES,
        (None, _) => NO_COOKIE,
        (Some(_), None) => "The form field csrf_token is missing.",
        (Some(cookie), Some(token)) if matches(cookie, token) => return Ok(()),
        (Some(_), Some(_)) => {
            "The form field csrf_token does not belong to this browser's anti-forgery cookie."
        }
    };
    Err(violation().detail("reject_reason", reject))
}

/// The same error, for a flow that is read with another browser's cookie.
pub fn violation() -> Error {
    Error::new(
        Kind::Forbidden,
        "This form was opened in another browser, or its cookie is gone. Open the page again and send the form once more.",
    )
    .with_id("security_csrf_violation")
    .detail("docs", "https://owasp.org/www-community/attacks/csrf")
    .detail("hint", "Send the cookies that came with the form, and its csrf_token in the body.")
}

/// Whether a form's token was made from that cookie.
pub fn matches(cookie: &str, token: &str) -> bool {
    let (Some(secret), Some(token)) = (decode::<LENGTH>(cookie), decode::<{ 2 * LENGTH }>(token)) else {
        return false;
    };
    let mut unmasked = [0; LENGTH];
    for index in 0..LENGTH {
        unmasked[index] = token[index] ^ token[LENGTH + index];
    }
    // sabotage: csrf-token
    unmasked.ct_eq(&secret).into()
}

fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    STANDARD.decode(text).ok()?.try_into().ok()
}
