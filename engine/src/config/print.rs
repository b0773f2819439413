//! The configuration in force as a file that stock Kratos accepts: only its keys, in its spelling, what it demands filled
//! in. What is ours alone follows as comments.

use super::layers::{get, set};
use super::load::{Findings, check};
use super::{Algorithm, Config, hooks, schemas};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

/// Members that hold secrets, wherever they stand: those of the table of keys, of hooks, of providers, of mail servers.
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
/// Members that hold addresses with a password in them.
const SECRET_ADDRESSES: &[&str] = &["dsn", "connection_uri", "url"];

/// The merged document as a file that stock Kratos accepts; without `with_secrets`, `••••` and a keyed fingerprint stand
/// for secrets, so that two files can be compared.
pub fn print(config: &Config, with_secrets: bool) -> String {
    let mut document = known(config);
    complete(config, &mut document);
    if !with_secrets {
        mask(config, &mut document, false);
    }
    let ours = document.as_object_mut().and_then(|members| members.shift_remove("vestibule"));
    let mut text =
        format!("# The configuration in force, console revision {}.\n{}", config.revision, yaml(&document));
    if let Some(ours) = ours {
        text.push_str("\n# Keys of Vestibule that Kratos does not know. Take the # away to use them.\n");
        for line in yaml(&json!({"vestibule": ours})).lines() {
            text.push_str(&format!("# {line}\n"));
        }
    }
    text
}

/// Known keys only: Kratos refuses a file for one unknown key.
fn known(config: &Config) -> Value {
    let (document, problems) = config.layers.document(config.revision, &config.named);
    check(&document, &mut Findings::new(&config.layers, config.revision, &document, problems))
}

/// What Kratos demands, and what it would otherwise take to mean something else.
fn complete(config: &Config, document: &mut Value) {
    fn fill(document: &mut Value, path: &str, value: Value) {
        if get(document, path).is_none() {
            set(document, path, value);
        }
    }
    let data = std::path::absolute(&config.layers.data).unwrap_or_else(|_| config.layers.data.clone());
    fill(document, "dsn", format!("sqlite://{}?_fk=true", data.join("vestibule.sqlite").display()).into());
    fill(document, "selfservice.default_browser_return_url", config.default_return_url().as_str().into());
    fill(document, "serve.public.base_url", config.serve.public.base_url_text.as_str().into());
    fill(document, "serve.admin.base_url", config.serve.admin.base_url_text.as_str().into());
    fill(document, "cookies.secure", (config.serve.public.base_url.scheme() == "https").to_string().into());
    for (name, secrets) in [
        ("default", &config.secrets.default),
        ("cookie", &config.secrets.cookie),
        ("cipher", &config.secrets.cipher),
    ] {
        // Where cipher falls back to default, its length may be one that Kratos refuses to read; it falls back as well.
        if name != "cipher" || secrets.iter().all(|secret| secret.chars().count() == 32) {
            fill(document, &format!("secrets.{name}"), json!(secrets));
        }
    }
    if config.hashers.algorithm == Algorithm::Argon2 {
        let keys = &config.hashers.argon2;
        fill(document, "hashers.argon2.memory", format!("{}KB", keys.memory).into());
        fill(document, "hashers.argon2.iterations", keys.iterations.into());
        fill(document, "hashers.argon2.parallelism", keys.parallelism.into());
    }
    signs_in_through_providers(config, document);
    // Kratos: embedx/config.schema.json demands the section as soon as one of these flows is on.
    if ["verification", "recovery"]
        .iter()
        .any(|flow| get(document, &format!("selfservice.flows.{flow}.enabled")) == Some(&Value::Bool(true)))
        && get(document, "courier").is_none()
    {
        set(document, "courier", json!({}));
    }
    if let Some(Value::Array(entries)) = document.pointer_mut("/identity/schemas") {
        for entry in entries {
            let preset = entry["url"].as_str().filter(|url| url.starts_with("preset://"));
            if let Some(text) = preset.and_then(|url| schemas::text(url).ok()) {
                entry["url"] = format!("base64://{}", STANDARD.encode(text)).into();
            }
        }
    }
}

/// Ours signs in after a sign-up through a provider by itself; stock Kratos wants an entry in the method's list, and that
/// list replaces the flow's, whose entries move into it. Those that never ran there are left behind.
fn signs_in_through_providers(config: &Config, document: &mut Value) {
    const AFTER: &str = "selfservice.flows.registration.after";
    let entries = |path: &str| get(document, path).and_then(Value::as_array).cloned().unwrap_or_default();
    if !config.selfservice.social.enabled || !config.vestibule.registration.social_sign_in {
        return;
    }
    let own = entries(&format!("{AFTER}.oidc.hooks"));
    let mut list: Vec<Value> = match own.is_empty() {
        true => {
            entries(&format!("{AFTER}.hooks")).into_iter().filter(|entry| !hooks::may_stop(entry)).collect()
        }
        false => own,
    };
    let session = json!({"hook": "session"});
    if !list.contains(&session) {
        list.push(session);
        set(document, &format!("{AFTER}.oidc.hooks"), list.into());
    }
}

fn yaml(document: &Value) -> String {
    // Serialising a JSON value cannot fail; should it, JSON is YAML too.
    serde_saphyr::to_string(document).unwrap_or_else(|_| document.to_string())
}

/// Masks every text at or below a member that holds secrets.
fn mask(config: &Config, value: &mut Value, secret: bool) {
    match value {
        Value::String(text) if secret => *text = fingerprint(config, text),
        Value::Array(entries) => entries.iter_mut().for_each(|entry| mask(config, entry, secret)),
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(text) if SECRET_ADDRESSES.contains(&name.as_str()) => {
                        *text = masked_address(config, text);
                    }
                    _ => mask(config, value, holds_secret(secret, name, value)),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Sections may be called as secrets are (`selfservice.methods.password`): there, only what is inside decides. Headers may
/// carry anything.
fn holds_secret(above: bool, name: &str, value: &Value) -> bool {
    above || name == "headers" || (!value.is_object() && SECRET_MEMBERS.contains(&name))
}

fn masked_address(config: &Config, text: &str) -> String {
    match url::Url::parse(text) {
        Ok(mut url) if url.password().is_some() => {
            let fingerprint = fingerprint(config, url.password().unwrap_or_default());
            // An address that has a password can take another one.
            let _ = url.set_password(Some("masked"));
            url.as_str().replacen(":masked@", &format!(":{fingerprint}@"), 1)
        }
        // A password in the query, or an address that is none: better nothing at all.
        Ok(url) if url.query().is_some_and(|query| query.contains("password")) => fingerprint(config, text),
        Ok(_) => text.to_owned(),
        Err(_) if text.contains('@') => fingerprint(config, text),
        Err(_) => text.to_owned(),
    }
}

/// Keyed, so that nobody can try guesses against it.
fn fingerprint(config: &Config, secret: &str) -> String {
    let key = config.secrets.default.first().map(String::as_bytes).unwrap_or_default();
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return "••••".into() };
    mac.update(b"vestibule/fingerprint/v1");
    mac.update(secret.as_bytes());
    let digest = mac.finalize().into_bytes();
    format!("•••• {:02x}{:02x}{:02x}{:02x}", digest[0], digest[1], digest[2], digest[3])
}

/// A part of a configuration with its secrets masked, for people to read.
pub fn masked(config: &Config, part: &Value) -> Value {
    let mut part = part.clone();
    mask(config, &mut part, false);
    part
}

/// As YAML, as it stands.
pub fn written(part: &Value) -> String {
    yaml(part)
}
