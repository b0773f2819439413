//! Makes an answer neutral: what changes from run to run becomes a word in angle brackets, as in the recordings.
//! A UUID becomes `<uuid:REAL>`; whether the same id stands in the same places is for `compare`.

use crate::support::http::Answer;
use chrono::DateTime;
use regex::{Captures, Regex};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Headers that are compared when a recording lists them, beside `location` and `set-cookie`.
const HEADERS: [&str; 14] = [
    "content-type",
    "cache-control",
    "vary",
    "x-kratos-authenticated-identity-id",
    "link",
    "x-total-count",
    "access-control-allow-origin",
    "access-control-allow-credentials",
    "access-control-expose-headers",
    "access-control-allow-methods",
    "access-control-allow-headers",
    "clear-site-data",
    "x-content-type-options",
    "ory-session-cache-for",
];

/// Set at every sign-in in a browser beside Kratos' cookies, as docs/compatibility.md says; `api::known_devices` looks at it.
const OURS_ALONE: &str = "vestibule_device";

/// Members whose text is for people.
const PROSE: [&str; 7] = ["text", "reason", "message", "hint", "reject_reason", "docs", "debug"];

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a pattern of ours")
}

static PAGE_TOKEN: LazyLock<Regex> = LazyLock::new(|| regex(r"([?&]page_token=)[^&#;>]+"));
static UUID: LazyLock<Regex> =
    LazyLock::new(|| regex(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"));
static TIME: LazyLock<Regex> =
    LazyLock::new(|| regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"));
static TOKEN: LazyLock<Regex> = LazyLock::new(|| regex(r"ory_[a-z]{2}_[A-Za-z0-9]{20,}"));
static CODE_PARAMETER: LazyLock<Regex> = LazyLock::new(|| regex(r"([?&]code=)\d+"));
static TOKEN_PARAMETER: LazyLock<Regex> = LazyLock::new(|| regex(r"([?&]token=)[^&#<]+"));
static CSRF_NAME: LazyLock<Regex> = LazyLock::new(|| regex(r"csrf_token_[0-9a-f]{64}"));
static IMAGE: LazyLock<Regex> = LazyLock::new(|| regex(r"(?s)^data:image/[a-z]+;base64,.*"));

/// Seconds, rounded to ten from a minute on: a lifespan is checked, the moment of the request is not.
fn rounded(seconds: f64) -> i64 {
    if seconds.abs() >= 60.0 { (seconds / 10.0).round() as i64 * 10 } else { seconds.round() as i64 }
}

pub(crate) struct Normaliser {
    /// Base URL and its word, longest first.
    bases: Vec<(String, String)>,
    run: String,
}

impl Normaliser {
    pub(crate) fn new(bases: &[(&str, &str)], run: &str) -> Self {
        let mut bases: Vec<_> =
            bases.iter().map(|(url, word)| ((*url).to_owned(), (*word).to_owned())).collect();
        bases.sort_by_key(|(url, _)| std::cmp::Reverse(url.len()));
        Self { bases, run: run.to_owned() }
    }

    pub(crate) fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (url, word) in &self.bases {
            text = text.replace(url, &format!("<{word}>"));
            let encoded: String = url::form_urlencoded::byte_serialize(url.as_bytes()).collect();
            text = text.replace(&encoded, &format!("<{word}%>"));
        }
        text = text.replace(&self.run, "<run>").replace(&self.run.to_uppercase(), "<RUN>");
        let replace = |text: &str, pattern: &Regex, with: &str| pattern.replace_all(text, with).into_owned();
        text = replace(&text, &PAGE_TOKEN, "$1<any>");
        text = UUID.replace_all(&text, |found: &Captures<'_>| format!("<uuid:{}>", &found[0])).into_owned();
        text = replace(&text, &TIME, "<time>");
        text = replace(&text, &TOKEN, "<token>");
        text = replace(&text, &CODE_PARAMETER, "$1<code>");
        text = replace(&text, &TOKEN_PARAMETER, "$1<token>");
        text = replace(&text, &CSRF_NAME, "csrf_token_<hash>");
        replace(&text, &IMAGE, "<data>")
    }

    pub(crate) fn json(&self, value: &Value) -> Value {
        match value {
            Value::Object(members) => {
                Value::Object(members.iter().map(|(key, value)| self.member(members, key, value)).collect())
            }
            Value::Array(items) => Value::Array(items.iter().map(|item| self.json(item)).collect()),
            Value::String(text) => Value::String(self.text(text)),
            other => other.clone(),
        }
    }

    fn member(&self, parent: &Map<String, Value>, key: &str, value: &Value) -> (String, Value) {
        let name = parent.get("name").and_then(Value::as_str).unwrap_or_default();
        let ceremony = name.starts_with("passkey_") || name.starts_with("webauthn_");
        let text = value.as_str();
        let neutral = match (key, text) {
            ("value", _) if name == "csrf_token" && filled(value) => "<csrf>",
            ("value" | "onclick" | "onload", Some(text)) if ceremony && text.chars().count() > 60 => "<any>",
            ("integrity" | "nonce", Some(_)) => "<any>",
            (key, Some(text)) if PROSE.contains(&key) => {
                if text.is_empty() {
                    ""
                } else {
                    "<text>"
                }
            }
            ("subject" | "body", _) if parent.contains_key("template_type") => "<text>",
            ("recovery_code" | "verification_code", Some(_)) => "<code>",
            ("secret" | "hashed_password" | "totp_url", Some(_)) => "<secret>",
            ("ip_address", _) => "<ip>",
            (key, None) if (key == "since" || key.ends_with("_at_unix")) && value.is_i64() => "<int>",
            ("version", Some(_)) if parent.len() == 1 => "<any>",
            ("expires_at", Some(text)) if seconds(text).is_some() => {
                return (key.to_owned(), lifespan(parent, text).into());
            }
            _ => return (self.text(key), self.json(value)),
        };
        (key.to_owned(), neutral.into())
    }

    /// Those headers that recordings speak of.
    pub(crate) fn headers(&self, answer: &Answer, now: f64) -> Map<String, Value> {
        let mut headers = Map::new();
        let all = |name: &str| -> Vec<&str> {
            answer.headers.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect()
        };
        if let Some(location) = answer.header("location") {
            headers.insert("location".to_owned(), self.text(location).into());
        }
        for name in HEADERS {
            let values = all(name);
            if values.is_empty() {
                continue;
            }
            let value = match name {
                "vary" | "access-control-allow-headers" | "access-control-expose-headers" => {
                    set(&values, title)
                }
                "access-control-allow-methods" => set(&values, str::to_owned),
                _ => self.text(&values.join(", ")),
            };
            headers.insert(name.to_owned(), value.into());
        }
        let cookies = all("set-cookie");
        if !cookies.is_empty() {
            // The last one of a name wins.
            let mut by_name: BTreeMap<String, Value> =
                cookies.into_iter().map(|cookie| self.cookie(cookie, now)).collect();
            by_name.retain(|name, _| name.trim_start_matches("__Host-") != OURS_ALONE);
            headers.insert("set-cookie".to_owned(), by_name.into_values().collect());
        }
        headers
    }

    fn cookie(&self, cookie: &str, now: f64) -> (String, Value) {
        let mut parts = cookie.split(';').map(str::trim);
        let name = parts.next().and_then(|pair| pair.split_once('=')).map_or(cookie, |(name, _)| name);
        let attributes: BTreeMap<String, &str> = parts
            .map(|part| part.split_once('=').unwrap_or((part, "")))
            .map(|(key, value)| (key.trim().to_ascii_lowercase(), value))
            .collect();
        let name = self.text(name);
        let mut seen = Map::new();
        seen.insert("name".to_owned(), name.clone().into());
        for (attribute, key) in [("domain", "domain"), ("path", "path"), ("samesite", "same_site")] {
            if let Some(value) = attributes.get(attribute) {
                seen.insert(key.to_owned(), (*value).into());
            }
        }
        let left = match (attributes.get("max-age"), attributes.get("expires")) {
            (Some(age), _) => age.parse::<f64>().ok(),
            (None, Some(date)) => {
                DateTime::parse_from_rfc2822(date).ok().map(|date| date.timestamp() as f64 - now)
            }
            (None, None) => None,
        };
        match left {
            Some(left) if left <= 0.0 => {
                seen.retain(|key, _| key != "same_site");
                seen.insert("deleted".to_owned(), true.into());
            }
            _ => {
                seen.insert("http_only".to_owned(), attributes.contains_key("httponly").into());
                seen.insert("secure".to_owned(), attributes.contains_key("secure").into());
                if let Some(left) = left {
                    seen.insert("max_age".to_owned(), rounded(left).into());
                }
            }
        }
        (name, Value::Object(seen))
    }
}

fn filled(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false)) && value.as_str() != Some("")
}

/// Seconds since 1970 of a text that is a time and nothing else.
fn seconds(text: &str) -> Option<f64> {
    let whole = TIME.find(text).is_some_and(|found| found.len() == text.len());
    let time = DateTime::parse_from_rfc3339(text).ok().filter(|_| whole)?;
    Some(time.timestamp_micros() as f64 / 1e6)
}

fn lifespan(parent: &Map<String, Value>, expires: &str) -> String {
    let since = ["authenticated_at", "issued_at"]
        .into_iter()
        .find_map(|key| Some((key, seconds(parent.get(key)?.as_str()?)?)));
    match (since, seconds(expires)) {
        (Some((key, since)), Some(expires)) => format!("<time:{key}{:+}s>", rounded(expires - since)),
        _ => "<time>".to_owned(),
    }
}

/// Sorted, each once.
fn set(values: &[&str], word: impl Fn(&str) -> String) -> String {
    let mut words: Vec<String> = values
        .iter()
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|value| !value.is_empty())
        .map(word)
        .collect();
    words.sort();
    words.dedup();
    words.join(", ")
}

/// `x-session-token` → `X-Session-Token`
fn title(word: &str) -> String {
    let mut start = true;
    word.chars()
        .map(|letter| {
            let letter = if start { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() };
            start = !letter.is_ascii_alphabetic();
            letter
        })
        .collect()
}

/// What an answer amounts to, in the shape of a recording's `expect`.
pub(crate) fn observe(
    normaliser: &Normaliser,
    answer: &Answer,
    ignore: &[String],
    now: f64,
) -> Map<String, Value> {
    let redirect = (300..400).contains(&answer.status);
    let mut headers = normaliser.headers(answer, now);
    let content_type = headers.get("content-type").and_then(Value::as_str).unwrap_or_default();
    let content_type = content_type.split(';').next().unwrap_or_default().to_owned();
    let mut seen = Map::new();
    seen.insert("status".to_owned(), answer.status.into());
    if redirect {
        // Bodies of redirects are never compared.
        headers.shift_remove("content-type");
        seen.insert("headers".to_owned(), headers.into());
        return seen;
    }
    seen.insert("headers".to_owned(), headers.into());
    let document: Option<Value> =
        serde_json::from_slice(&answer.body).ok().filter(|document: &Value| !document.is_null());
    let told = matches!(content_type.as_str(), "application/json" | "application/problem+json");
    match document {
        _ if answer.body.is_empty() => seen.insert("empty".to_owned(), true.into()),
        Some(document) if told || document.is_object() || document.is_array() => {
            let mut document = normaliser.json(&without_request(document));
            for pointer in ignore {
                if let Some(value) = document.pointer_mut(pointer) {
                    *value = json!("<any>");
                }
            }
            seen.insert("json".to_owned(), document)
        }
        _ if content_type == "text/html" => seen.insert("html".to_owned(), true.into()),
        _ => seen.insert("text".to_owned(), true.into()),
    };
    seen
}

/// Every error of ours tells the id of its request, Kratos' only one that the client sent: recordings have none.
fn without_request(mut document: Value) -> Value {
    if let Some(error) = document.get_mut("error").and_then(Value::as_object_mut)
        && error.get("request").is_some_and(Value::is_string)
    {
        error.shift_remove("request");
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normaliser() -> Normaliser {
        let bases = [("http://127.0.0.1:4000", "public"), ("http://127.0.0.1:40001", "admin")];
        Normaliser::new(&bases, "ghjkmnpq")
    }

    fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Answer { status, headers, body: body.as_bytes().to_vec() }
    }

    const ID: &str = "0f0e0d0c-0b0a-4908-8706-050403020100";

    #[test]
    fn text_loses_what_changes_and_keeps_the_rest() {
        let neutral = |text: &str| normaliser().text(text);
        assert_eq!(
            neutral("http://127.0.0.1:40001/x?to=http%3A%2F%2F127.0.0.1%3A4000%2F"),
            "<admin>/x?to=<public%>%2F"
        );
        assert_eq!(neutral("anna-ghjkmnpq@GHJKMNPQ"), "anna-<run>@<RUN>");
        assert_eq!(
            neutral(&format!("/a?flow={ID}&token=abc&code=123456")),
            format!("/a?flow=<uuid:{ID}>&token=<token>&code=<code>")
        );
        assert_eq!(neutral("2030-01-01T00:00:00.123456Z"), "<time>");
        assert_eq!(neutral("ory_st_abcdefghijklmnopqrstuvwxyz012345"), "<token>");
        assert_eq!(neutral("ory_st_short"), "ory_st_short");
    }

    #[test]
    fn members_are_neutral_by_their_name() {
        let seen = normaliser().json(&json!({
            "text": "Some words", "reason": "", "since": 12, "expires_at_unix": 7, "ip_address": "127.0.0.1",
            "issued_at": "2030-01-01T00:00:00Z", "expires_at": "2030-01-01T00:10:01.9Z",
            "nodes": [{"name": "csrf_token", "value": "abc"}, {"name": "csrf_token", "value": ""}, {"name": "method", "value": "password"}],
            "title": "Mail address", "version": "v1",
        }));
        assert_eq!(
            seen,
            json!({
                "text": "<text>", "reason": "", "since": "<int>", "expires_at_unix": "<int>", "ip_address": "<ip>",
                "issued_at": "<time>", "expires_at": "<time:issued_at+600s>",
                "nodes": [{"name": "csrf_token", "value": "<csrf>"}, {"name": "csrf_token", "value": ""}, {"name": "method", "value": "password"}],
                "title": "Mail address", "version": "v1",
            })
        );
        assert_eq!(normaliser().json(&json!({"version": "v1"})), json!({"version": "<any>"}));
        let session = json!({"authenticated_at": "2030-01-01T00:00:05Z", "issued_at": "2030-01-01T00:00:00Z", "expires_at": "2030-01-01T00:00:37Z"});
        assert_eq!(normaliser().json(&session)["expires_at"], "<time:authenticated_at+32s>");
    }

    #[test]
    fn cookies_are_their_attributes() {
        let cookies = [
            ("set-cookie", "b=1; Path=/; HttpOnly; SameSite=Lax; Max-Age=86399; Secure"),
            ("set-cookie", "a=first"),
            ("set-cookie", "a=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"),
            ("set-cookie", "c=1; expires=Tue, 01 Jan 2030 00:00:00 GMT"),
        ];
        let headers = normaliser().headers(&answer(200, &cookies, ""), 1_893_456_000.0 - 3601.0);
        assert_eq!(
            headers["set-cookie"],
            json!([
                {"name": "a", "path": "/", "deleted": true},
                {"name": "b", "path": "/", "same_site": "Lax", "http_only": true, "secure": true, "max_age": 86400},
                {"name": "c", "http_only": false, "secure": false, "max_age": 3600},
            ])
        );
    }

    #[test]
    fn lists_in_headers_are_sets() {
        let headers =
            normaliser().headers(&answer(200, &[("vary", "origin, Cookie"), ("vary", "Cookie")], ""), 0.0);
        assert_eq!(headers["vary"], "Cookie, Origin");
    }

    #[test]
    fn a_body_is_json_or_page_or_text_or_nothing() {
        let kind = |headers: &[(&str, &str)], body: &str| {
            let seen = observe(
                &normaliser(),
                &answer(200, headers, body),
                &["/a".to_owned(), "/gone".to_owned()],
                0.0,
            );
            seen.into_iter().filter(|(key, _)| key != "status" && key != "headers").collect::<Map<_, _>>()
        };
        assert_eq!(
            json!(kind(&[("content-type", "application/json")], r#"{"a":1}"#)),
            json!({"json": {"a": "<any>"}})
        );
        assert_eq!(json!(kind(&[("content-type", "text/plain")], r#"{"b":1}"#)), json!({"json": {"b": 1}}));
        assert_eq!(
            json!(kind(&[("content-type", "text/html; charset=utf-8")], "<p>")),
            json!({"html": true})
        );
        assert_eq!(json!(kind(&[("content-type", "text/plain")], "hello")), json!({"text": true}));
        assert_eq!(json!(kind(&[], "")), json!({"empty": true}));
    }
}
