//! The public port's cookies: session and anti-forgery. The console's cookie is another, in `console`.

use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use chrono::{DateTime, Utc};
use engine::Ctx;
use engine::config::{Config, CookieKeys, SameSite};
use engine::flow::HandedOver;
use engine::flow::csrf;
use engine::flow::handover::{self, Pending};
use hkdf::Hkdf;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// 365 days, as Kratos' (x/nosurfx/nosurf.go).
const CSRF_MAX_AGE: i64 = 365 * 24 * 60 * 60;
/// Begins as all of ours do: it reaches no web hook (see [`of_others`]).
const HAND_OVER: &str = "vestibule_deferred_login_";
const PURPOSE: &[u8] = b"vestibule/session-cookie/v1";

/// Holds a browser and its trip to a provider together; Kratos' name.
const CONTINUITY: &str = "ory_kratos_continuity";
/// Half an hour, as Kratos.
const CONTINUITY_MAX_AGE: i64 = 30 * 60;

/// Name and value of each cookie of a request. Of two with one name the first counts.
fn each(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
}

pub fn names(headers: &HeaderMap) -> Vec<String> {
    each(headers).map(|(name, _)| name.to_owned()).collect()
}

/// Those that are neither ours nor the console's.
pub fn of_others(config: &Config, headers: &HeaderMap) -> BTreeMap<String, String> {
    let ours = |name: &str| {
        name == config.session.cookie_name
            || name == CONTINUITY
            || name.starts_with("csrf_token_")
            || name.starts_with("vestibule_")
    };
    let others = each(headers).filter(|(name, _)| !ours(name));
    others.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

pub fn value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    each(headers).find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// `csrf_token_` and the lower-case hex SHA-256 of the base URL exactly as configured.
pub fn csrf_name(config: &Config) -> String {
    let digest = Sha256::digest(config.serve.public.base_url_text.as_bytes());
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("csrf_token_{hex}")
}

/// The browser's anti-forgery cookie, if it is one of ours.
pub fn csrf_cookie(ctx: &Ctx, headers: &HeaderMap) -> Option<String> {
    value(headers, &csrf_name(&ctx.config)).filter(|value| csrf::is_well_formed(value)).map(str::to_owned)
}

/// The cookie of a browser that left for a provider, as it came.
pub fn continuity(headers: &HeaderMap) -> Option<String> {
    value(headers, CONTINUITY).map(str::to_owned)
}

/// Its `Set-Cookie`. It has to come along when the provider sends the browser back, which `Strict` would forbid.
pub fn set_continuity(ctx: &Ctx, value: &str) -> HeaderValue {
    let mut attributes = attributes(&ctx.config, &[&ctx.config.cookies]);
    if attributes.same_site == SameSite::Strict {
        attributes.same_site = SameSite::Lax;
    }
    write(CONTINUITY, value, &attributes, Some(CONTINUITY_MAX_AGE))
}

/// The token of the request's session: `X-Session-Token`, then the cookie, then `Authorization: Bearer` (Kratos:
/// session/manager_http.go). A header that is there and wrong is not passed over.
pub fn session_token(ctx: &Ctx, headers: &HeaderMap) -> Option<String> {
    let header = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if let Some(token) = header("x-session-token").filter(|token| !token.is_empty()) {
        return Some(token.to_owned());
    }
    if let Some(cookie) = value(headers, &ctx.config.session.cookie_name) {
        return open(&ctx.config, cookie, ctx.effects().now());
    }
    bearer(headers)
}

pub fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

/// `Set-Cookie` for a session.
pub fn set_session(ctx: &Ctx, handed_over: &HandedOver) -> HeaderValue {
    let config = &ctx.config;
    let sealed = seal(ctx, &handed_over.token, handed_over.session.expires_at);
    let remaining = (handed_over.session.expires_at - ctx.effects().now()).num_seconds();
    let max_age = config.session.cookie_persistent.then_some(remaining);
    write(&config.session.cookie_name, &sealed, &session_attributes(config), max_age)
}

pub fn delete_session(config: &Config) -> HeaderValue {
    write(&config.session.cookie_name, "", &session_attributes(config), Some(-1))
}

/// What hands a session over when the address is proven: one cookie for each sign-up, so that two in one browser do not
/// disturb each other. `HttpOnly`, everything else as the session's.
pub fn set_hand_over(ctx: &Ctx, pending: &Pending) -> HeaderValue {
    let name = hand_over_name(&handover::secret_hash(&pending.secret));
    let remaining = (pending.expires_at - ctx.effects().now()).num_seconds();
    write(&name, &pending.secret, &session_attributes(&ctx.config), Some(remaining))
}

pub fn delete_hand_over(config: &Config, secret_hash: &[u8]) -> HeaderValue {
    write(&hand_over_name(secret_hash), "", &session_attributes(config), Some(-1))
}

/// The secrets of such cookies.
pub fn hand_overs(headers: &HeaderMap) -> Vec<String> {
    const MOST: usize = 16;
    let own = each(headers).filter(|(name, _)| name.starts_with(HAND_OVER));
    own.take(MOST).map(|(_, value)| value.to_owned()).collect()
}

/// Part of the secret's hash tells one from another, and nothing of the secret.
fn hand_over_name(secret_hash: &[u8]) -> String {
    let hex: String = secret_hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{HAND_OVER}{hex}")
}

/// A new anti-forgery cookie: its value and its `Set-Cookie`.
pub fn new_csrf(ctx: &Ctx) -> (String, HeaderValue) {
    let value = csrf::new_cookie(ctx.effects());
    let header = set_csrf(ctx, &value);
    (value, header)
}

/// The anti-forgery cookie with a value that a flow belongs to.
pub fn set_csrf(ctx: &Ctx, value: &str) -> HeaderValue {
    let attributes = attributes(&ctx.config, &[&ctx.config.cookies]);
    write(&csrf_name(&ctx.config), value, &attributes, Some(CSRF_MAX_AGE))
}

struct Attributes {
    domain: Option<String>,
    path: String,
    same_site: SameSite,
    secure: bool,
}

fn session_attributes(config: &Config) -> Attributes {
    attributes(config, &[&config.session.cookie, &config.cookies])
}

/// The first layer that says something wins; `Secure` otherwise follows the scheme of the base URL, and without
/// `Secure` nothing looser than `Lax` holds.
fn attributes(config: &Config, layers: &[&CookieKeys]) -> Attributes {
    let secure = layers
        .iter()
        .find_map(|keys| keys.secure)
        .unwrap_or(config.serve.public.base_url.scheme() == "https");
    let same_site = layers.iter().find_map(|keys| keys.same_site).unwrap_or(SameSite::Lax);
    Attributes {
        domain: layers.iter().find_map(|keys| keys.domain.clone()),
        path: layers.iter().find_map(|keys| keys.path.clone()).unwrap_or_else(|| "/".to_owned()),
        same_site: if secure { same_site } else { SameSite::Lax },
        secure,
    }
}

fn write(name: &str, value: &str, attributes: &Attributes, max_age: Option<i64>) -> HeaderValue {
    let mut cookie = format!("{name}={value}; Path={}", attributes.path);
    if let Some(domain) = &attributes.domain {
        cookie.push_str(&format!("; Domain={domain}"));
    }
    if let Some(max_age) = max_age {
        cookie.push_str(&format!("; Max-Age={}", max_age.max(0)));
        if max_age <= 0 {
            cookie.push_str("; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
        }
    }
    cookie.push_str("; HttpOnly");
    if attributes.secure {
        cookie.push_str("; Secure");
    }
    cookie.push_str(match attributes.same_site {
        SameSite::Strict => "; SameSite=Strict",
        SameSite::Lax => "; SameSite=Lax",
        SameSite::None => "; SameSite=None",
    });
    HeaderValue::from_str(&cookie).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// XChaCha20-Poly1305 over end of life and token; the cookie's name is bound, so that no other value fits.
fn seal(ctx: &Ctx, token: &str, expires_at: DateTime<Utc>) -> String {
    let config = &ctx.config;
    let Some(cipher) = config.secrets.cookie.first().and_then(|secret| cipher(secret)) else {
        return String::new();
    };
    let nonce = ctx.effects().bytes::<24>();
    let plain = format!("{} {token}", expires_at.timestamp());
    let payload = Payload { msg: plain.as_bytes(), aad: config.session.cookie_name.as_bytes() };
    let Ok(sealed) = cipher.encrypt(XNonce::from_slice(&nonce), payload) else { return String::new() };
    URL_SAFE_NO_PAD.encode([&nonce[..], &sealed].concat())
}

/// The token inside, when one of the secrets opens it and its time is not over.
fn open(config: &Config, cookie: &str, now: DateTime<Utc>) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(cookie).ok()?;
    let (nonce, sealed) = bytes.split_at_checked(24)?;
    let payload = || Payload { msg: sealed, aad: config.session.cookie_name.as_bytes() };
    let plain = config
        .secrets
        .cookie
        .iter()
        .find_map(|secret| cipher(secret)?.decrypt(XNonce::from_slice(nonce), payload()).ok())?;
    let plain = String::from_utf8(plain).ok()?;
    let (expires_at, token) = plain.split_once(' ')?;
    (expires_at.parse::<i64>().ok()? > now.timestamp()).then(|| token.to_owned())
}

fn cipher(secret: &str) -> Option<XChaCha20Poly1305> {
    let mut key = [0; 32];
    Hkdf::<Sha256>::new(None, secret.as_bytes()).expand(PURPOSE, &mut key).ok()?;
    XChaCha20Poly1305::new_from_slice(&key).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::testing::{self, World};
    use serde_json::{Value, json};

    async fn ctx(document: Value) -> (Ctx, World) {
        let world = World::default();
        (world.engine("memory", vec![document]).await.begin(), world)
    }

    fn with_cookie(name: &str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, format!("a=1; {name}={value}; b=2").parse().unwrap());
        headers
    }

    #[tokio::test]
    async fn a_sealed_token_opens_with_its_secrets_name_and_time_only() {
        let (own, world) = ctx(json!({ "secrets": { "cookie": ["the first cookie secret"] } })).await;
        let sealed = seal(&own, "ory_st_token", own.effects().now() + chrono::TimeDelta::hours(1));
        let now = own.effects().now();
        assert_eq!(open(&own.config, &sealed, now).as_deref(), Some("ory_st_token"));
        assert!(!sealed.contains("ory_st"), "the token cannot be read");

        let rotated = testing::config(vec![
            json!({ "secrets": { "cookie": ["a newer cookie secret", "the first cookie secret"] } }),
        ]);
        assert_eq!(open(&rotated, &sealed, now).as_deref(), Some("ory_st_token"), "older secrets still open");
        let other = testing::config(vec![json!({ "secrets": { "cookie": ["a newer cookie secret"] } })]);
        assert_eq!(open(&other, &sealed, now), None);
        let renamed = testing::config(vec![json!({
            "secrets": { "cookie": ["the first cookie secret"] }, "session": { "cookie": { "name": "other" } },
        })]);
        assert_eq!(open(&renamed, &sealed, now), None, "the name is bound");
        world.clock.advance(std::time::Duration::from_secs(3600));
        assert_eq!(open(&own.config, &sealed, own.effects().now()), None, "its time is over");
        for broken in ["", "AAAA", "nonsense!", &sealed[1..]] {
            assert_eq!(open(&own.config, broken, now), None, "{broken:?}");
        }
    }

    #[tokio::test]
    async fn secure_follows_the_scheme_and_same_site_none_needs_it() {
        for (document, expected) in [
            (
                json!({ "serve": { "public": { "base_url": "http://127.0.0.1:4433/" } } }),
                "; HttpOnly; SameSite=Lax",
            ),
            (
                json!({ "serve": { "public": { "base_url": "https://id.example/" } } }),
                "; HttpOnly; Secure; SameSite=Lax",
            ),
            (
                json!({ "serve": { "public": { "base_url": "https://id.example/" } }, "cookies": { "same_site": "None", "domain": "example" } }),
                "; HttpOnly; Secure; SameSite=None",
            ),
        ] {
            let (ctx, _world) = ctx(document).await;
            let (_, header) = new_csrf(&ctx);
            assert!(header.to_str().unwrap().ends_with(expected), "{header:?}");
        }
    }

    #[tokio::test]
    async fn a_header_that_is_there_and_wrong_is_not_passed_over() {
        let (ctx, _world) = ctx(json!({})).await;
        let sealed = seal(&ctx, "ory_st_cookie", ctx.effects().now() + chrono::TimeDelta::hours(1));
        let mut headers = with_cookie("ory_kratos_session", &sealed);
        assert_eq!(session_token(&ctx, &headers).as_deref(), Some("ory_st_cookie"));
        headers.insert("x-session-token", "nonsense".parse().unwrap());
        assert_eq!(session_token(&ctx, &headers).as_deref(), Some("nonsense"));
        let mut broken = with_cookie("ory_kratos_session", "nonsense");
        broken.insert(header::AUTHORIZATION, "Bearer ory_st_bearer".parse().unwrap());
        assert_eq!(session_token(&ctx, &broken), None);
        assert_eq!(csrf_cookie(&ctx, &with_cookie(&csrf_name(&ctx.config), "short")), None);
    }
}
