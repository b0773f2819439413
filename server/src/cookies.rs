//! The public port's cookies: session and CSRF. The console has its own cookie, in `console`.

use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use chrono::{DateTime, Utc};
use engine::Ctx;
use engine::config::{Config, CookieKeys, HOST_PREFIX, SameSite};
use engine::form::csrf;
use engine::form::outcome::{DeferredLogin, Issued};
use engine::ids::{IdentityId, OperatorId};
use engine::requester::{self, KnownDevice, Subject};
use engine::session::Session;
use engine::signup::deferred;
use hkdf::Hkdf;
use sha2::Sha256;
use std::collections::BTreeMap;

/// 365 days, as Kratos' (x/nosurfx/nosurf.go).
const CSRF_MAX_AGE: i64 = 365 * 24 * 60 * 60;
/// Begins like all of Vestibule's: it isn't passed to webhooks (see [`of_others`]).
const HAND_OVER: &str = "vestibule_deferred_login_";
const CSRF: &str = "csrf_token_";
/// Values of one name that are looked at; a browser keeps no more cookies of a domain.
const MOST: usize = 180;
/// Sessions of ours in one request that are looked up.
const MOST_SESSIONS: usize = 8;
const PURPOSE: &[u8] = b"vestibule/session-cookie/v1";

/// Earlier sign-ins of this browser, on the public port and in the console.
const DEVICE: &str = "vestibule_device";
const CONSOLE_DEVICE: &str = "vestibule_console_device";

/// Holds a browser and its trip to a provider together; Kratos' name.
const CONTINUITY: &str = "ory_kratos_continuity";
/// Half an hour, as Kratos.
const CONTINUITY_MAX_AGE: i64 = 30 * 60;

/// Name and value of each cookie of a request. One that cannot be read costs only itself: applications on the same domain set
/// what they like. Which are read is Go's rule, so Kratos' (net/http, `readCookies`).
fn each(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b';'))
        .filter_map(|pair| {
            let pair = pair.trim_ascii();
            let equals = pair.iter().position(|byte| *byte == b'=');
            let (name, value) = pair.split_at(equals.unwrap_or(pair.len()));
            let value = value.strip_prefix(b"=").unwrap_or_default();
            let quoted = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\""));
            Some((readable(name, is_of_a_name)?, readable(quoted.unwrap_or(value), is_of_a_value)?))
        })
        .filter(|(name, _)| !name.is_empty())
}

fn readable(bytes: &[u8], fits: fn(&u8) -> bool) -> Option<&str> {
    std::str::from_utf8(bytes).ok().filter(|_| bytes.iter().all(fits))
}

/// RFC 9110 §5.6.2, a token.
fn is_of_a_name(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte)
}

fn is_of_a_value(byte: &u8) -> bool {
    (b' '..0x7f).contains(byte) && !b"\";\\".contains(byte)
}

pub fn names(headers: &HeaderMap) -> Vec<String> {
    each(headers).map(|(name, _)| name.to_owned()).collect()
}

/// Those that are neither ours nor the console's.
pub fn of_others(config: &Config, headers: &HeaderMap) -> BTreeMap<String, String> {
    let ours = |name: &str| {
        let plain = name.strip_prefix(HOST_PREFIX).unwrap_or(name);
        [name, plain].contains(&config.session.cookie_name.as_str())
            || plain == CONTINUITY
            || plain.starts_with(CSRF)
            || plain.starts_with("vestibule_")
    };
    // sabotage: own-cookies-to-webhooks
    let others = each(headers).filter(|(name, _)| !ours(name));
    others.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The different values of one name, in no meaningful order: another host of the domain, or another path, may have set some of
/// them. The caller takes the one that it can verify.
pub fn values<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    let mut values: Vec<&str> = Vec::new();
    for (_, value) in each(headers).filter(|(key, _)| *key == name) {
        if values.len() < MOST && !values.contains(&value) {
            values.push(value);
        }
    }
    values
}

/// `csrf_token_` and the lower-case hex SHA-256 of the base URL exactly as configured.
pub fn csrf_name(config: &Config) -> String {
    config.kratos_cookie(&format!("{CSRF}{}", config.serve.public.base_url_digest))
}

/// Values of the browser's anti-forgery cookie that could be ours.
pub fn csrf_cookies(ctx: &Ctx, headers: &HeaderMap) -> Vec<String> {
    let name = csrf_name(&ctx.config);
    let values = values(headers, &name).into_iter().filter(|value| csrf::is_well_formed(value));
    values.map(str::to_owned).collect()
}

/// The anti-forgery cookie that came with a form: of several, the one that its token was made from.
pub fn csrf_cookie(ctx: &Ctx, headers: &HeaderMap, token: Option<&str>) -> Option<String> {
    let mut all = csrf_cookies(ctx, headers);
    match all.len() {
        0 | 1 => all.pop(),
        _ => all.into_iter().find(|cookie| token.is_some_and(|token| csrf::matches(cookie, token))),
    }
}

/// The cookie of a browser that left for a provider, as it came.
pub fn continuity(config: &Config, headers: &HeaderMap) -> Vec<String> {
    values(headers, &config.own_cookie(CONTINUITY)).into_iter().map(str::to_owned).collect()
}

/// Its `Set-Cookie`. It has to come along when the provider sends the browser back, which `Strict` would forbid.
pub fn set_continuity(ctx: &Ctx, value: &str) -> HeaderValue {
    let name = ctx.config.own_cookie(CONTINUITY);
    let mut attributes = own_attributes(&ctx.config, &name, &[&ctx.config.cookies]);
    if attributes.same_site == SameSite::Strict {
        attributes.same_site = SameSite::Lax;
    }
    write(&name, value, &attributes, Some(CONTINUITY_MAX_AGE))
}

/// A session that a request names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Presented {
    pub token: String,
    /// The end that the session's cookie has, in seconds since 1970; `None`: the token came in a header.
    pub cookie_end: Option<i64>,
}

impl Presented {
    fn in_header(token: &str) -> Self {
        Self { token: token.to_owned(), cookie_end: None }
    }
}

/// The token of the request's session: `X-Session-Token`, then the cookie, then `Authorization: Bearer` (Kratos:
/// session/manager_http.go). A header that is there and wrong is not passed over. Of several cookies those that we sealed, the one
/// that lives longest first: it is of the newest sign-in.
pub fn session_tokens(ctx: &Ctx, headers: &HeaderMap) -> Vec<Presented> {
    let header = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if let Some(token) = header("x-session-token").filter(|token| !token.is_empty()) {
        return vec![Presented::in_header(token)];
    }
    let cookies = values(headers, &ctx.config.session_cookie());
    if cookies.is_empty() {
        return bearer(headers).iter().map(|token| Presented::in_header(token)).collect();
    }
    let now = ctx.effects().now();
    let mut opened: Vec<(i64, String)> =
        cookies.into_iter().filter_map(|cookie| open(&ctx.config, cookie, now)).collect();
    opened.sort_by_key(|(expires_at, _)| std::cmp::Reverse(*expires_at));
    let presented = opened.into_iter().map(|(end, token)| Presented { token, cookie_end: Some(end) });
    presented.take(MOST_SESSIONS).collect()
}

pub fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

/// `Set-Cookie` for a session.
pub fn set_session(ctx: &Ctx, issued: &Issued) -> HeaderValue {
    session_until(ctx, &issued.token, issued.session.expires_at)
}

/// `Set-Cookie` for a session that was extended after its cookie was set, so that the browser keeps it as long (Kratos:
/// session/manager_http.go).
pub fn extended_session(ctx: &Ctx, presented: &Presented, session: &Session) -> Option<HeaderValue> {
    let later = presented.cookie_end.is_some_and(|end| session.expires_at.timestamp() > end);
    later.then(|| session_until(ctx, &presented.token, session.expires_at))
}

fn session_until(ctx: &Ctx, token: &str, end: DateTime<Utc>) -> HeaderValue {
    let config = &ctx.config;
    let sealed = seal(ctx, token, end);
    let remaining = (end - ctx.effects().now()).num_seconds();
    let max_age = config.session.cookie_persistent.then_some(remaining);
    write(&config.session_cookie(), &sealed, &session_attributes(config), max_age)
}

pub fn delete_session(config: &Config) -> HeaderValue {
    write(&config.session_cookie(), "", &session_attributes(config), Some(-1))
}

/// What hands a session over when the address is proven: one cookie for each sign-up, so that two in one browser do not
/// disturb each other. `HttpOnly`, everything else as the session's.
pub fn set_hand_over(ctx: &Ctx, pending: &DeferredLogin) -> HeaderValue {
    let config = &ctx.config;
    let name = hand_over_name(config, &deferred::secret_hash(&pending.secret));
    let remaining = (pending.expires_at - ctx.effects().now()).num_seconds();
    let attributes = own_attributes(config, &name, &[&config.session.cookie, &config.cookies]);
    write(&name, &pending.secret, &attributes, Some(remaining))
}

pub fn delete_hand_over(config: &Config, secret_hash: &[u8]) -> HeaderValue {
    let name = hand_over_name(config, secret_hash);
    write(&name, "", &own_attributes(config, &name, &[&config.session.cookie, &config.cookies]), Some(-1))
}

/// The secrets of such cookies.
pub fn hand_overs(config: &Config, headers: &HeaderMap) -> Vec<String> {
    const MOST: usize = 16;
    let prefix = config.own_cookie(HAND_OVER);
    let own = each(headers).filter(|(name, _)| name.starts_with(&prefix));
    own.take(MOST).map(|(_, value)| value.to_owned()).collect()
}

/// Part of the secret's hash tells one from another, and nothing of the secret.
fn hand_over_name(config: &Config, secret_hash: &[u8]) -> String {
    let hex: String = secret_hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    config.own_cookie(&format!("{HAND_OVER}{hex}"))
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

/// What the browser remembers of earlier sign-ins, on the public port and in the console.
pub fn known_device(ctx: &Ctx, headers: &HeaderMap) -> Option<KnownDevice> {
    read_device(ctx, headers, &[ctx.config.own_cookie(DEVICE), ctx.config.console_cookie(CONSOLE_DEVICE)])
}

fn read_device(ctx: &Ctx, headers: &HeaderMap, names: &[String]) -> Option<KnownDevice> {
    let values = names.iter().flat_map(|name| values(headers, name));
    KnownDevice::read(&ctx.config.secrets.cookie, values, ctx.effects().now())
}

/// The cookie of a browser that has just signed in as that user. It signs no one in.
pub fn remember_device(ctx: &Ctx, headers: &HeaderMap, identity: IdentityId) -> HeaderValue {
    let name = ctx.config.own_cookie(DEVICE);
    let attributes = own_attributes(&ctx.config, &name, &[&ctx.config.cookies]);
    remembered(ctx, headers, name, Subject::Identity(identity), &attributes)
}

/// The same for an operator, in the console.
pub fn remember_console_device(ctx: &Ctx, headers: &HeaderMap, operator: OperatorId) -> HeaderValue {
    let secure = ctx.config.vestibule.console.base_url.scheme() == "https";
    let attributes = Attributes { domain: None, path: "/".to_owned(), same_site: SameSite::Lax, secure };
    let name = ctx.config.console_cookie(CONSOLE_DEVICE);
    remembered(ctx, headers, name, Subject::Operator(operator), &attributes)
}

fn remembered(
    ctx: &Ctx,
    headers: &HeaderMap,
    name: String,
    subject: Subject,
    attributes: &Attributes,
) -> HeaderValue {
    let names = [name];
    let earlier = read_device(ctx, headers, &names);
    let [name] = &names;
    let (now, nonce) = (ctx.effects().now(), ctx.effects().bytes());
    let value = requester::remember(&ctx.config.secrets.cookie, earlier.as_ref(), subject, now, nonce);
    write(name, &value, attributes, Some(requester::LIFESPAN.num_seconds()))
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

/// Of a cookie that only Vestibule knows: a name with the prefix allows neither a domain nor a path.
fn own_attributes(config: &Config, name: &str, layers: &[&CookieKeys]) -> Attributes {
    let attributes = attributes(config, layers);
    match name.starts_with(HOST_PREFIX) {
        true => Attributes { domain: None, path: "/".to_owned(), secure: true, ..attributes },
        false => attributes,
    }
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
    let name = config.session_cookie();
    let payload = Payload { msg: plain.as_bytes(), aad: name.as_bytes() };
    let Ok(sealed) = cipher.encrypt(XNonce::from_slice(&nonce), payload) else { return String::new() };
    URL_SAFE_NO_PAD.encode([&nonce[..], &sealed].concat())
}

/// When it ends and the token inside, when one of the secrets opens it and its time is not over.
fn open(config: &Config, cookie: &str, now: DateTime<Utc>) -> Option<(i64, String)> {
    let bytes = URL_SAFE_NO_PAD.decode(cookie).ok()?;
    let (nonce, sealed) = bytes.split_at_checked(24)?;
    let name = config.session_cookie();
    let payload = || Payload { msg: sealed, aad: name.as_bytes() };
    let plain = config
        .secrets
        .cookie
        .iter()
        .find_map(|secret| cipher(secret)?.decrypt(XNonce::from_slice(nonce), payload()).ok())?;
    let plain = String::from_utf8(plain).ok()?;
    let (expires_at, token) = plain.split_once(' ')?;
    let expires_at = expires_at.parse::<i64>().ok()?;
    (expires_at > now.timestamp()).then(|| (expires_at, token.to_owned()))
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

    fn tokens(ctx: &Ctx, headers: &HeaderMap) -> Vec<String> {
        session_tokens(ctx, headers).into_iter().map(|presented| presented.token).collect()
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
        let token = |config: &Config, now| open(config, &sealed, now).map(|(_, token)| token);
        assert_eq!(token(&own.config, now).as_deref(), Some("ory_st_token"));
        assert!(!sealed.contains("ory_st"), "the token cannot be read");

        let rotated = testing::config(vec![
            json!({ "secrets": { "cookie": ["a newer cookie secret", "the first cookie secret"] } }),
        ]);
        assert_eq!(token(&rotated, now).as_deref(), Some("ory_st_token"), "older secrets still open");
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
        assert_eq!(tokens(&ctx, &headers), ["ory_st_cookie"]);
        headers.insert("x-session-token", "nonsense".parse().unwrap());
        assert_eq!(tokens(&ctx, &headers), ["nonsense"]);
        let mut broken = with_cookie("ory_kratos_session", "nonsense");
        broken.insert(header::AUTHORIZATION, "Bearer ory_st_bearer".parse().unwrap());
        assert!(session_tokens(&ctx, &broken).is_empty());
        assert!(csrf_cookies(&ctx, &with_cookie(&csrf_name(&ctx.config), "short")).is_empty());
    }

    fn cookies(lines: &[&[u8]]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::COOKIE, HeaderValue::from_bytes(line).unwrap());
        }
        headers
    }

    /// Ours is `own=right`, wherever it is among what others set.
    #[test]
    fn a_cookie_that_cannot_be_read_costs_only_itself() {
        for lines in [
            &[&b"own=right"[..]][..],
            &[b"name=Zo\xc3\xab; own=right"],
            &[b"name=Zo\xeb; own=right; n\xe4me=x"],
            &[b"own=right; \xff\xfe=\xff"],
            &[b"a=1;own=right;b=2"],
            &[b";;; ; own=right;"],
            &[b"  own=right  "],
            &[b"\town=right"],
            &[b"=nameless; own=right"],
            &[b"nothing; own=right; ="],
            &[b"a=\"quoted; own=right"],
            &[b"a=\"b;c\"; own=right"],
            &[b"own=\"right\""],
            &[b"a b=c; own=right"],
            &[b"a={\"json\": [1, 2]}; own=right"],
            &[b"a=back\\slash; own=right"],
            &[b"$Version=1; own=right; $Path=/"],
            &[b"a==; own=right; b===="],
            &[b"a,b=c, d=e; own=right"],
            &[b"\xc3\xbc=1", b"own=right", b"x=\xff"],
            &[b"", b"own=right"],
            &[b"own=wr\xf6ng; own=right"],
            &[b"own=\"; own=right"],
            &[b"Own=wrong; OWN=wrong; own =wrong; own=right; own2=wrong; xown=wrong"],
        ] {
            let headers = cookies(lines);
            let shown: Vec<_> = lines.iter().map(|line| String::from_utf8_lossy(line)).collect();
            assert_eq!(values(&headers, "own"), ["right"], "{shown:?}");
        }
        assert_eq!(values(&cookies(&[b"own=a=b=c"]), "own"), ["a=b=c"], "a value may hold the sign");
        assert_eq!(values(&cookies(&[b"own=1; own=2; own=1", b"own=3"]), "own"), ["1", "2", "3"]);
        assert_eq!(values(&cookies(&[b"own"]), "own"), [""]);
        assert!(values(&cookies(&[b"own\xff=right"]), "own").is_empty());
        let many = "own=x; ".repeat(50_000) + "own=right";
        assert_eq!(values(&cookies(&[many.as_bytes()]), "own"), ["x", "right"]);
        let names = names(&cookies(&[b"a=1; n\xe4me=2; =3; b; c d=4; e=\xff"]));
        assert_eq!(names, ["a", "b"]);
    }

    #[tokio::test]
    async fn of_several_cookies_of_one_name_the_one_that_verifies_counts() {
        let (ctx, _world) = ctx(json!({})).await;
        let hours = |hours| ctx.effects().now() + chrono::TimeDelta::hours(hours);
        let (older, newer) = (seal(&ctx, "ory_st_older", hours(1)), seal(&ctx, "ory_st_newer", hours(2)));
        let over = seal(&ctx, "ory_st_over", hours(-1));
        let name = ctx.config.session_cookie();
        for (order, expected) in [
            (vec!["nonsense", &older], vec!["ory_st_older"]),
            (vec![&older, "nonsense"], vec!["ory_st_older"]),
            (vec!["", "AAAA", &over, &older, "\"x"], vec!["ory_st_older"]),
            (vec![&older, &newer], vec!["ory_st_newer", "ory_st_older"]),
            (vec![&newer, &older, &newer], vec!["ory_st_newer", "ory_st_older"]),
            (vec![&over], vec![]),
        ] {
            let line: Vec<String> = order.iter().map(|value| format!("{name}={value}")).collect();
            let headers = cookies(&[line.join("; ").as_bytes()]);
            assert_eq!(tokens(&ctx, &headers), expected, "{order:?}");
        }
        let (own, tossed) = (csrf::new_cookie(ctx.effects()), csrf::new_cookie(ctx.effects()));
        let token = csrf::mask(ctx.effects(), &own);
        let name = csrf_name(&ctx.config);
        for line in [format!("{name}={own}; {name}={tossed}"), format!("{name}={tossed}; {name}={own}")] {
            let headers = cookies(&[line.as_bytes()]);
            assert_eq!(csrf_cookie(&ctx, &headers, Some(&token)).as_ref(), Some(&own));
            assert_eq!(csrf_cookie(&ctx, &headers, None), None, "without a token none is known to be ours");
            assert_eq!(csrf_cookie(&ctx, &headers, Some("nonsense")), None);
            assert_eq!(csrf_cookies(&ctx, &headers).len(), 2);
        }
    }

    #[tokio::test]
    async fn our_names_are_bound_to_this_host_over_https() {
        let https = "https://id.example/";
        for (base, prefix, keys, own, kratos) in [
            ("http://127.0.0.1:4433/", json!("auto"), json!({}), false, false),
            ("http://127.0.0.1:4433/", json!(false), json!({}), false, false),
            (https, json!("auto"), json!({}), true, false),
            (https, json!("auto"), json!({ "domain": "example", "path": "/auth" }), true, false),
            (https, json!("auto"), json!({ "secure": "false" }), false, false),
            (https, json!(true), json!({}), true, true),
            (https, json!("true"), json!({ "path": "/", "same_site": "None" }), true, true),
            (https, json!(false), json!({ "domain": "example" }), false, false),
        ] {
            let (ctx, _world) = ctx(json!({
                "serve": { "public": { "base_url": base } }, "cookies": keys, "vestibule": { "cookies": { "host_prefix": prefix } },
            }))
            .await;
            let pending = DeferredLogin {
                flow: ctx.effects().flow_id(),
                address: String::new(),
                secret: "secret".to_owned(),
                expires_at: ctx.effects().now() + chrono::TimeDelta::hours(1),
            };
            let hash = deferred::secret_hash("secret");
            for (cookie, prefixed) in [
                (set_continuity(&ctx, "value"), own),
                (set_hand_over(&ctx, &pending), own),
                (delete_hand_over(&ctx.config, &hash), own),
                (new_csrf(&ctx).1, kratos),
                (delete_session(&ctx.config), kratos),
            ] {
                let cookie = cookie.to_str().unwrap();
                assert_eq!(cookie.starts_with("__Host-"), prefixed, "{base} {prefix} {keys}: {cookie}");
                if prefixed {
                    assert!(cookie.contains("; Path=/;") && cookie.contains("; Secure"), "{cookie}");
                    assert!(!cookie.contains("Domain"), "{cookie}");
                }
            }
            let name = ctx.config.own_cookie(HAND_OVER);
            let headers = cookies(&[format!("{name}1=secret; vestibule_deferred_login_2=tossed").as_bytes()]);
            let secrets = hand_overs(&ctx.config, &headers);
            assert_eq!(secrets.contains(&"tossed".to_owned()), !own, "{base} {prefix} {keys}");
            assert!(secrets.contains(&"secret".to_owned()));
        }
    }

    #[tokio::test]
    async fn what_is_ours_is_no_others_with_and_without_the_prefix() {
        let (ctx, _world) = ctx(json!({})).await;
        let line = b"__Host-vestibule_console=1; vestibule_console=1; __Host-ory_kratos_session=1; ory_kratos_session=1; \
                     __Host-csrf_token_1=1; csrf_token_1=1; __Host-ory_kratos_continuity=1; theirs=1; __Host-theirs=1";
        let others = of_others(&ctx.config, &cookies(&[line]));
        assert_eq!(others.into_keys().collect::<Vec<_>>(), ["__Host-theirs", "theirs"]);
    }
}
