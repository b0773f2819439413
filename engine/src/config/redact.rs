//! Where a configuration contains secrets, and how they are masked when it is shown.

use super::secret_reference::name_in;
use serde_json::Value;

/// Members with secrets, at any place: of the table of keys, hooks, providers, mail servers.
const SECRET_MEMBERS: &[&str] = &[
    "default",
    "cookie",
    "cipher",
    "pagination",
    "token",
    "password",
    "value",
    "client_secret",
    "apple_private_key",
    "base64",
    "secrets",
];
/// Keys that no table knows are called like this when they hold one.
const SECRET_ENDINGS: &[&str] =
    &["secret", "secrets", "password", "passphrase", "token", "private_key", "api_key", "apikey"];
/// Members that hold addresses with a password in them.
const SECRET_ADDRESSES: &[&str] = &["dsn", "connection_uri", "url"];
/// Of a request's headers, those whose values are no secret.
const OPEN_HEADERS: &[&str] = &["accept", "accept-language", "content-type", "user-agent"];

/// What every mask of a secret begins with.
pub(super) const MASK: &str = "••••";

/// What stands for a secret: its path and the secret itself are given.
pub(super) type Instead<'a> = dyn FnMut(&str, &str) -> String + 'a;

/// Puts `instead` for every secret text in the document.
pub(super) fn redact(document: &mut Value, instead: &mut Instead<'_>) {
    walk(document, "", false, instead);
}

/// Whether there is any secret in it.
pub(super) fn holds_any(document: &Value) -> bool {
    let mut found = false;
    redact(&mut document.clone(), &mut |_, secret| {
        found |= !secret.is_empty();
        String::new()
    });
    found
}

/// Everything at or below a member that holds secrets.
fn walk(value: &mut Value, path: &str, secret: bool, instead: &mut Instead<'_>) {
    match value {
        // What only names a secret gives nothing away.
        Value::String(text) if secret && name_in(text).is_none() => *text = instead(path, text),
        Value::Array(entries) => {
            for (index, entry) in entries.iter_mut().enumerate() {
                walk(entry, &format!("{path}[{index}]"), secret, instead);
            }
        }
        Value::Object(members) => {
            for (name, value) in members {
                let full = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                match value {
                    Value::String(text) if SECRET_ADDRESSES.contains(&name.as_str()) => {
                        *text = address(&full, text, instead);
                    }
                    // Keys for signing, inside the file.
                    Value::String(text) if name == "jwks_url" && text.starts_with("base64://") => {
                        *text = format!("base64://{}", instead(&full, text));
                    }
                    Value::String(_)
                        if path.ends_with("headers")
                            && OPEN_HEADERS.contains(&name.to_ascii_lowercase().as_str()) => {}
                    Value::Null
                    | Value::Bool(_)
                    | Value::Number(_)
                    | Value::String(_)
                    | Value::Array(_)
                    | Value::Object(_) => walk(value, &full, holds_secret(secret, name, value), instead),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Sections may be called as secrets are (`selfservice.methods.password`): there, only what is inside decides. Headers may
/// carry anything.
fn holds_secret(above: bool, name: &str, value: &Value) -> bool {
    let lower = name.to_ascii_lowercase();
    above
        || name == "headers"
        || (!value.is_object()
            && (SECRET_MEMBERS.contains(&name)
                || SECRET_ENDINGS.iter().any(|ending| lower.ends_with(ending))))
}

/// The password of an address, and what its query calls a secret.
fn address(path: &str, text: &str, instead: &mut Instead<'_>) -> String {
    let Ok(mut url) = url::Url::parse(text) else {
        return if text.contains('@') { instead(path, text) } else { text.to_owned() };
    };
    let mut text = text.to_owned();
    if let Some(password) = url.password().map(str::to_owned) {
        let shown = instead(path, &password);
        // An address that has a password can take another one.
        let _ = url.set_password(Some("masked"));
        text = url.as_str().replacen(":masked@", &format!(":{shown}@"), 1);
    }
    let Some((before, query)) = text.split_once('?') else { return text };
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, value)) if in_query(name) && !value.is_empty() => {
            format!("{name}={}", instead(path, value))
        }
        _ => pair.to_owned(),
    });
    format!("{before}?{}", pairs.collect::<Vec<_>>().join("&"))
}

fn in_query(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["password", "secret", "token", "key", "sig", "signature", "auth", "code"]
        .iter()
        .any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_place_of_a_secret_is_found_and_named() {
        let mut document = json!({
            "dsn": "postgres://vestibule:hush@db/vestibule?sslmode=disable",
            "secrets": {"default": ["hush"]},
            "session": {"whoami": {"tokenizer": {"templates": {"jwt": {"jwks_url": "base64://hush"}}}}},
            "courier": {"smtp": {"headers": {"X-Key": "hush", "Content-Type": "text/plain"}}},
            "selfservice": {"methods": {"password": {"config": {"haveibeenpwned_host": "open"}}}},
            "of_a_later_version": {"client_Secret": "hush", "signing_private_key": ["hush"], "name": "open"},
            "providers": [{"client_secret": "secret://social/google/client_secret"}],
            "hooks": [{"config": {"url": "https://crm.test/?api_key=hush&lang=en", "auth": {"config": {"value": "hush"}}}}],
        });
        let mut found = Vec::new();
        redact(&mut document, &mut |path, secret| {
            assert!(secret.contains("hush"), "{path}: {secret}");
            found.push(path.to_owned());
            "gone".to_owned()
        });
        let text = document.to_string();
        assert!(!text.contains("hush"), "{text}");
        for open in [
            "secret://social/google/client_secret",
            "sslmode=disable",
            "text/plain",
            "haveibeenpwned_host",
            "\"open\"",
            "lang=en",
            "db/vestibule",
        ] {
            assert!(text.contains(open), "{open} is still there: {text}");
        }
        found.sort();
        assert_eq!(
            found,
            [
                "courier.smtp.headers.X-Key",
                "dsn",
                "hooks[0].config.auth.config.value",
                "hooks[0].config.url",
                "of_a_later_version.client_Secret",
                "of_a_later_version.signing_private_key[0]",
                "secrets.default[0]",
                "session.whoami.tokenizer.templates.jwt.jwks_url",
            ]
        );
    }
}
