//! Environment variables from outside: each key of the reference takes effect through its own, and what one sets stays set under
//! the console's settings.

use super::{KEYS, document, inline};
use engine::config::load::{Sources, load, remap};
use engine::config::{Config, Named, reference};
use serde_json::{Value, json};

/// A line of the reference.
struct Line {
    key: String,
    kind: String,
    default: String,
    has_effect: bool,
}

/// Every key that the reference names, alternatives in braces one by one.
fn lines() -> Vec<Line> {
    let page = reference();
    let (there, later) = page.split_once("## Not supported yet").unwrap();
    let of = |text: &str, has_effect: bool| -> Vec<Line> {
        let rows = text.lines().filter(|line| line.starts_with("| `"));
        let rows = rows.filter_map(|row| {
            let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
            let [key, kind, default, ..] = cells[..] else { return None };
            (cells.len() > 3).then(|| (key.trim_matches('`').to_owned(), kind.to_owned(), default.to_owned()))
        });
        rows.flat_map(|(key, kind, default)| {
            let default = if default == "–" { String::new() } else { default.trim_matches('`').to_owned() };
            alternatives(&key).into_iter().map(move |key| Line {
                key,
                kind: kind.clone(),
                default: default.clone(),
                has_effect,
            })
        })
        .collect()
    };
    of(there, true).into_iter().chain(of(later, false)).collect()
}

fn alternatives(key: &str) -> Vec<String> {
    let Some((head, rest)) = key.split_once('{') else { return vec![key.to_owned()] };
    let (names, tail) = rest.split_once('}').unwrap();
    names.split(',').flat_map(|name| alternatives(&format!("{head}{name}{tail}"))).collect()
}

const PROVIDERS: &str = r#"[{"id":"other","provider":"spotify","client_id":"other","client_secret":"s","mapper_url":"preset://mapper"}]"#;

/// Keys whose value is asked for where it is used, so that no part of the typed configuration has it.
const ASKED_FOR: [(&str, &str); 1] =
    [("vestibule.pages.name", "the hosted pages ask the document for the name at their top")];

/// Under which each key can make a difference.
fn ground() -> Value {
    json!({
        "serve": {
            "public": {"base_url": "https://accounts.example.org/"},
            "admin": {"host": "127.0.0.1"},
        },
        "identity": {"schemas": [
            {"id": "default", "url": "preset://email"}, {"id": "other", "url": "preset://username"},
        ]},
        "secrets": {"default": ["a-secret-of-this-test-and-none-else"]},
        "vestibule": {"admin": {"token": "a token of sixteen letters and more"}},
        "courier": {
            "smtp": {"connection_uri": "smtp://mail.example.org:25/"},
            "http": {"request_config": {"url": "https://mail.example.org/", "method": "POST"}},
        },
    })
}

/// A legal value that is not the default, and in whose shape the effective configuration has it.
fn other(line: &Line) -> String {
    let Line { key, kind, default, .. } = line;
    if key == "session.whoami.tokenizer.templates" {
        return json!({"app": {"jwks_url": inline(KEYS)}}).to_string();
    }
    let of_key = match key.as_str() {
        "vestibule.social.trusted_email_providers"
        | "vestibule.social.reusable_id_tokens"
        | "vestibule.social.require_fresh_sign_in" => Some(r#"["other"]"#),
        "vestibule.web_hooks.allowed_hosts" => Some(r#"["other.example.org"]"#),
        "vestibule.registration.atomic" => Some(r#"["password"]"#),
        "dsn" => Some("sqlite:///tmp/elsewhere.sqlite"),
        "identity.default_schema_id" => Some("other"),
        "vestibule.admin.token" => Some("another token of sixteen letters"),
        "courier.smtp.connection_uri" => Some("smtp://other.example.org:25/"),
        "courier.smtp.from_address" => Some("other@example.org"),
        "courier.smtp.headers" => Some(r#"{"X-Other":"1"}"#),
        "courier.channels" => Some(
            r#"[{"id":"sms","type":"http","request_config":{"url":"https://other.example.org/","method":"POST"}}]"#,
        ),
        "courier.http.request_config" => Some(r#"{"url":"https://other.example.org/","method":"PUT"}"#),
        "vestibule.sms.countries" => Some(r#"["AT"]"#),
        "courier.smtp.local_name" | "selfservice.methods.password.config.haveibeenpwned_host" => {
            Some("other.example.org")
        }
        "selfservice.methods.oidc.config.providers" => Some(PROVIDERS),
        "cookies.path" | "session.cookie.path" => Some("/other"),
        "session.cookie.name" => Some("other_session"),
        "cookies.domain" | "session.cookie.domain" => Some("example.org"),
        // Beside those of the other listeners.
        port if port.ends_with(".port") => Some("14433"),
        // Every lane needs its share of the memory.
        "hashers.argon2.parallelism" => Some("2"),
        _ => None,
    };
    if let Some(value) = of_key {
        return value.to_owned();
    }
    let choice = |first: &'static str, second: &'static str| if default == first { second } else { first };
    match kind.as_str() {
        "boolean" | "boolean, as a string" => choice("true", "false").to_owned(),
        "duration" => choice("17m", "19m").to_owned(),
        "size" => choice("24MB", "25MB").to_owned(),
        "string" => "other".to_owned(),
        "URL" => "https://other.example.org/".to_owned(),
        "page" => "https://other.example.org/page".to_owned(),
        "list of strings" => r#"["https://other.example.org"]"#.to_owned(),
        "list of networks" => r#"["10.9.0.0/16"]"#.to_owned(),
        "list of strings, 32 characters each" => r#"["a cipher secret, none to keep :)"]"#.to_owned(),
        "list of schemas" => r#"[{"id":"default","url":"preset://username"}]"#.to_owned(),
        "hooks" => {
            r#"[{"hook":"web_hook","config":{"url":"https://other.example.org/hook","method":"POST"}}]"#
                .to_owned()
        }
        "section" => r#"{"other":"1"}"#.to_owned(),
        kind if kind.starts_with("list of strings, ") => {
            r#"["another secret of this test alone"]"#.to_owned()
        }
        kind if kind.starts_with("number, ") => {
            let least: i64 = kind["number, ".len()..].split(' ').next().unwrap().parse().unwrap();
            let most = kind.split(" to ").nth(1).and_then(|most| most.parse().ok()).unwrap_or(i64::MAX);
            let now: i64 = default.parse().unwrap_or(least);
            if now < most { now + 1 } else { now - 1 }.to_string()
        }
        choices if choices.starts_with('`') => {
            let mut choices = choices.split(", ").map(|choice| choice.trim_matches('`'));
            choices.find(|choice| choice != default).unwrap().to_owned()
        }
        other => panic!("{key} is of the kind {other}, of which this test knows no value"),
    }
}

/// What the server works with, beside the document that it was read from.
fn effective(config: &Config) -> String {
    let Config {
        serve,
        vestibule,
        identity,
        selfservice,
        session,
        cookies,
        hashers,
        courier,
        clients,
        log,
        ..
    } = config;
    let shown = format!(
        "{serve:?} {vestibule:?} {identity:?} {selfservice:?} {session:?} {cookies:?} {hashers:?} {courier:?} {clients:?} {log:?}"
    );
    // These show themselves to nobody.
    let secrets = &config.secrets;
    let hidden: Vec<String> = [&secrets.default, &secrets.cookie, &secrets.cipher]
        .into_iter()
        .flatten()
        .chain(&vestibule.admin_token)
        .chain(&config.dsn)
        .map(|secret| secret.expose().clone())
        .collect();
    let server = courier.smtp.as_ref().map(|server| format!("{} {}", server.host, server.local_name));
    format!("{shown} {hidden:?} {server:?}")
}

fn with(variables: &[(String, String)]) -> Result<Config, String> {
    let sources = Sources {
        documents: vec![ground()],
        environment: variables.iter().cloned().collect(),
        ..Sources::default()
    };
    load(&sources, None).map(|loaded| loaded.config).map_err(|problems| format!("{variables:?}: {problems}"))
}

/// A variable without which a key makes no difference.
fn needed(key: &str) -> Option<(&'static str, &'static str)> {
    Some(match key {
        "serve.public.cors.enabled" => return None,
        key if key.starts_with("serve.public.cors.") => ("SERVE_PUBLIC_CORS_ENABLED", "true"),
        // The default of each is another's.
        "session.cookie.same_site" => ("COOKIES_SAME_SITE", "None"),
        "secrets.cipher" => ("SECRETS_COOKIE", r#"["a cookie secret of this test alone"]"#),
        "courier.http.request_config" => ("COURIER_DELIVERY_STRATEGY", "http"),
        "selfservice.methods.oidc.config.base_redirect_uri" => ("SELFSERVICE_METHODS_OIDC_ENABLED", "true"),
        "vestibule.social.trusted_email_providers"
        | "vestibule.social.reusable_id_tokens"
        | "vestibule.social.require_fresh_sign_in" => {
            ("SELFSERVICE_METHODS_OIDC_CONFIG_PROVIDERS", PROVIDERS)
        }
        _ => return None,
    })
}

/// What is wrong with the variable of that key, if something is.
fn fault(line: &Line) -> Result<(), String> {
    let key = line.key.as_str();
    let variable = key.to_uppercase().replace(['.', '-'], "_");
    let value = other(line);
    let needed: Vec<(String, String)> =
        needed(key).map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect();
    let before = with(&needed)?;
    let after = with(&[needed, vec![(variable.clone(), value.clone())]].concat())?;
    if after.variable(key) != Some(variable.as_str()) {
        return Err(format!("the console does not call {key} by {variable}"));
    }
    let found = key.split('.').try_fold(&after.raw, |value, name| value.get(name));
    let json: Option<Value> = serde_json::from_str(&value).ok();
    if found.and_then(Value::as_str) != Some(value.as_str()) && json.as_ref() != found {
        return Err(format!("{variable}={value} is {found:?} in the effective configuration"));
    }
    let asked_for = ASKED_FOR.iter().any(|(name, _)| *name == key);
    if line.has_effect && !asked_for && effective(&before) == effective(&after) {
        return Err(format!("{variable}={value} changes nothing"));
    }
    Ok(())
}

#[test]
fn every_key_of_the_reference_takes_effect_through_its_variable() {
    let (without, all): (Vec<Line>, Vec<Line>) =
        lines().into_iter().partition(|line| line.kind.ends_with("; files only"));
    assert!(all.len() > 230, "the reference has them all: {}", all.len());
    let faults: Vec<String> = all.iter().filter_map(|line| fault(line).err()).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    // A variable of one word is rarely meant for us: `VERSION`, `CONFIG`.
    assert!(without.iter().all(|line| !line.key.contains('.')), "keys with a section have a variable");
}

fn sources(patch: Value, environment: &[(&str, &str)]) -> Sources {
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Sources { environment: environment.collect(), ..document(patch) }
}

fn under(sources: &Sources, named: Value) -> Config {
    let named: Named = serde_json::from_value(named).unwrap();
    let config = load(sources, Some((1, &named))).unwrap_or_else(|problems| panic!("{problems}")).config;
    // The same while the server runs.
    let again = remap(&load(sources, None).unwrap().config, 1, &named).unwrap();
    assert_eq!(again.raw, config.raw);
    config
}

/// The console lays its settings over a provider of the file and makes one of its own: the secret stays the variable's, and
/// so does the place that the index meant, wherever the entry stands now.
#[test]
fn a_member_of_the_environment_stays_under_the_console_s_settings() {
    let google = json!({
        "id": "google", "provider": "google", "client_id": "c", "client_secret": "of the file", "mapper_url": "preset://mapper",
    });
    let acme = json!({"id": "acme", "provider": "generic", "issuer_url": "https://id.example.org", "client_id": "c", "client_secret": "own", "mapper_url": "preset://mapper"});
    let sources = sources(
        json!({"selfservice": {"methods": {"oidc": {"enabled": true, "config": {"providers": [google, acme]}}}}}),
        &[
            ("SELFSERVICE_METHODS_OIDC_CONFIG_PROVIDERS_0_CLIENT_SECRET", "of the environment"),
            ("SELFSERVICE_METHODS_OIDC_CONFIG_PROVIDERS_1_LABEL", "Of the environment"),
        ],
    );
    let made = json!({"provider": "spotify", "client_id": "m", "client_secret": "made", "mapper_url": "preset://mapper"});
    let config = under(
        &sources,
        json!({"social_providers": {
            "google": {"label": "Of the console", "client_secret": "of the console"}, "acme": {"label": "Of the console"}, "own": made,
        }}),
    );
    let social = &config.selfservice.social;
    let of = |id: &str| {
        let provider = social.configured(id).unwrap();
        (provider.label.as_str(), provider.client_secret.expose().as_str())
    };
    assert_eq!(of("google"), ("Of the console", "of the environment"));
    assert_eq!(of("acme"), ("Of the environment", "own"));
    assert_eq!(of("own").1, "made", "what was made in the console is still there");
}

/// A list that a variable sets, or an entry of which it sets, is what it says, whatever a switch of an older revision did to it.
#[test]
fn a_list_of_the_environment_is_not_changed_by_a_switch() {
    let list = "SELFSERVICE_FLOWS_REGISTRATION_AFTER_PASSWORD_HOOKS";
    let file = json!({"selfservice": {"flows": {"registration": {"after": {"password": {"hooks": [{"hook": "session"}]}}}}}});
    let off = json!({"sign_in_after_registration": {"password": "off"}});
    for (file, variable, value) in [
        (json!({}), list.to_owned(), r#"[{"hook":"session"}]"#),
        (file.clone(), format!("{list}_0_HOOK"), "session"),
        (json!({}), format!("{list}_0_HOOK"), "session"),
    ] {
        let config = under(&sources(file, &[(&variable, value)]), off.clone());
        let hooks = &config.raw["selfservice"]["flows"]["registration"]["after"]["password"]["hooks"];
        assert_eq!(hooks, &json!([{"hook": "session"}]), "{variable}");
    }
    let config = under(&sources(file, &[]), off);
    assert_eq!(config.raw["selfservice"]["flows"]["registration"]["after"]["password"]["hooks"], Value::Null);
}
