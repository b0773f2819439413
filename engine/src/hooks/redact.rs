//! What the log may contain of a call: no password, code, token, cookie or authorization, whatever their source. Doubtful values are
//! removed.

use crate::effects::Request;
use serde_json::{Map, Value, json};
use url::Url;

/// Stands where something was taken out.
pub const REMOVED: &str = "(removed)";

/// Characters of JSON that the log keeps of a request or an answer.
const LONGEST: usize = 16 << 10;
/// Characters of an answer that is no JSON.
const EXCERPT: usize = 200;

/// Words of a member's name that make its value a secret.
const SECRET: [&str; 21] = [
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "code",
    "otp",
    "totp",
    "pin",
    "cookie",
    "authorization",
    "auth",
    "credential",
    "signature",
    "csrf",
    "xsrf",
    "jwt",
    "hash",
    "apikey",
    "bearer",
];
/// Kinds of code that are none.
const HARMLESS: [&str; 10] =
    ["postal", "post", "zip", "country", "language", "currency", "status", "error", "area", "region"];
/// Headers whose values may be seen.
const OPEN_HEADERS: [&str; 9] = [
    "content-type",
    "accept",
    "user-agent",
    "webhook-id",
    "webhook-timestamp",
    "ory-webhook-request-id",
    "ory-webhook-trigger-id",
    "vestibule-test",
    "x-request-id",
];

/// `userPassword`, `x-api-key`, `access_tokens` and the like.
pub(crate) fn is_secret(name: &str) -> bool {
    let words = words(name);
    words.iter().enumerate().any(|(at, word)| {
        let word = word.strip_suffix('s').filter(|one| *one == "key" || SECRET.contains(one)).unwrap_or(word);
        let before = at.checked_sub(1).and_then(|at| words.get(at)).map(String::as_str);
        match word {
            "code" => !before.is_some_and(|before| HARMLESS.contains(&before)),
            "key" => before.is_some_and(|before| ["api", "access", "private", "signing"].contains(&before)),
            word => SECRET.contains(&word),
        }
    })
}

/// In small letters, cut at what is no letter or digit and before capitals.
fn words(name: &str) -> Vec<String> {
    let (mut words, mut word, mut small) = (Vec::new(), String::new(), false);
    for letter in name.chars() {
        if !letter.is_alphanumeric() || (letter.is_uppercase() && small) {
            words.push(std::mem::take(&mut word));
        }
        if letter.is_alphanumeric() {
            word.extend(letter.to_lowercase());
        }
        small = letter.is_lowercase() || letter.is_numeric();
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// The same document without its secrets.
pub fn document(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            // A node of a form, or a pair: the name stands beside the value.
            let named = members.get("name").and_then(Value::as_str).is_some_and(is_secret);
            let members = members.iter().map(|(name, value)| {
                let secret = is_secret(name) || (named && name == "value");
                let empty = value.is_null() || value.as_str() == Some("") || value.is_boolean();
                let value = if secret && !empty { REMOVED.into() } else { document(value) };
                (name.clone(), value)
            });
            Value::Object(members.collect())
        }
        Value::Array(entries) => entries.iter().map(document).collect(),
        Value::String(text) => self::text(text).into(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// A text on its own: an address loses its secret parameters, what looks like a token goes whole.
fn text(text: &str) -> String {
    const TOKENS: [&str; 6] = ["ory_st_", "ory_lo_", "ory_ht_", "whsec_", "Bearer ", "Basic "];
    let is_jwt = text.starts_with("eyJ") && text.matches('.').count() == 2;
    if is_jwt || TOKENS.iter().any(|token| text.contains(token)) {
        return REMOVED.to_owned();
    }
    let Some(mut url) = Url::parse(text).ok().filter(|url| url.has_host()) else { return text.to_owned() };
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let bare = url.username().is_empty() && url.password().is_none();
    if bare && !pairs.iter().any(|(name, _)| is_secret(name)) {
        return text.to_owned();
    }
    strip_user(&mut url);
    if !pairs.is_empty() {
        let shown = pairs
            .iter()
            .map(|(name, value)| (name.as_str(), if is_secret(name) { REMOVED } else { value.as_str() }));
        url.query_pairs_mut().clear().extend_pairs(shown);
    }
    url.into()
}

fn strip_user(url: &mut Url) {
    // Both fail for addresses without a host only.
    let _ = url.set_username("");
    let _ = url.set_password(None);
}

/// A hook's address: what stands in its query is often a key.
pub fn address(url: &Url) -> String {
    let mut url = url.clone();
    strip_user(&mut url);
    let has_query = url.query().is_some();
    url.set_query(None);
    url.set_fragment(None);
    if has_query { format!("{url}?…") } else { url.into() }
}

/// A request as the log shows it.
pub(super) fn request(request: &Request) -> Value {
    let headers: Map<String, Value> = request
        .headers
        .iter()
        .map(|(name, value)| {
            let open = OPEN_HEADERS.contains(&name.to_ascii_lowercase().as_str());
            (name.clone(), if open { value.as_str() } else { REMOVED }.into())
        })
        .collect();
    let is_form = request.headers.iter().any(|(name, value)| {
        name.eq_ignore_ascii_case("content-type") && value.contains("x-www-form-urlencoded")
    });
    let body = match &request.body {
        None => Value::Null,
        Some(bytes) if is_form => {
            let pairs = url::form_urlencoded::parse(bytes);
            document(&Value::Object(pairs.map(|(name, value)| (name.into_owned(), value.into())).collect()))
        }
        Some(bytes) => self::bytes(bytes),
    };
    json!({"method": request.method, "url": address(&request.url), "headers": headers, "body": body})
}

/// A body as the log shows it.
pub(super) fn bytes(bytes: &[u8]) -> Value {
    if bytes.is_empty() {
        return Value::Null;
    }
    match serde_json::from_slice::<Value>(bytes) {
        Ok(value) => shortened(document(&value)),
        Err(_) => {
            let whole = String::from_utf8_lossy(bytes);
            let begin: String = whole.chars().take(EXCERPT).collect();
            // There is no telling where a secret ends in what has no form.
            let telling = words(&begin).iter().any(|word| is_secret(word));
            let shown = if telling { REMOVED.to_owned() } else { text(&begin) };
            json!({"no_json": shown, "bytes": bytes.len()})
        }
    }
}

fn shortened(value: Value) -> Value {
    let text = value.to_string();
    if text.len() <= LONGEST {
        return value;
    }
    let begin: String = text.chars().take(LONGEST).collect();
    json!({"cut": begin, "bytes": text.len()})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_known_in_every_spelling() {
        for name in [
            "password",
            "Passwords",
            "newPassword",
            "hashed_password",
            "session_token",
            "accessTokens",
            "code",
            "verification-code",
            "Cookie",
            "Set-Cookie",
            "Authorization",
            "x-api-key",
            "apiKey",
            "csrf_token",
            "PIN",
            "client_secret",
            "recoveryCode",
            "X-Session-Token",
            "otp",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "email",
            "postal_code",
            "countryCode",
            "key",
            "opinion",
            "pinned",
            "encode",
            "status_code",
            "keys",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn secrets_go_wherever_they_stand() {
        let seen = document(&json!({
            "flow": {"ui": {"nodes": [{"attributes": {"name": "code", "value": "123456"}}]}, "request_url": "https://a.example/x?code=123456&flow=7"},
            "identity": {"traits": {"email": "anna@example.org", "password": "hunter2"}},
            "request_headers": {"X-Session-Token": ["ory_st_x"], "User-Agent": ["a browser"]},
            "said": "Bearer abc", "jwt": null, "list": ["ory_st_abc", "fine"],
        }));
        let text = seen.to_string();
        for secret in ["123456", "hunter2", "ory_st", "abc"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        for kept in ["anna@example.org", "a browser", "fine", "flow=7"] {
            assert!(text.contains(kept), "{kept} in {text}");
        }
        assert_eq!(seen["jwt"], Value::Null);
    }

    #[test]
    fn what_has_no_form_is_cut_and_goes_when_it_speaks_of_secrets() {
        assert_eq!(bytes(b"<html>down</html>"), json!({"no_json": "<html>down</html>", "bytes": 17}));
        assert_eq!(bytes(b"{\"password\": \"x"), json!({"no_json": REMOVED, "bytes": 15}));
        let long = json!({"a": "x".repeat(100_000)}).to_string();
        assert_eq!(bytes(long.as_bytes())["bytes"], long.len());
        assert_eq!(bytes(b""), Value::Null);
    }

    #[test]
    fn of_an_address_neither_user_nor_query_is_shown() {
        let url = "https://user:pw@crm.example.org/new?key=abc".parse().unwrap();
        assert_eq!(address(&url), "https://crm.example.org/new?…");
        assert_eq!(text("https://user:pw@crm.example.org/"), "https://crm.example.org/");
    }
}
