//! The active configuration for stock Kratos: only its keys, in its spelling, with its required keys set. Remarks list for each key
//! what Kratos does differently.

use super::format::{Format, render};
use super::hooks::FROM_CONSOLE;
use super::keys::{Kind, REGISTRY};
use super::layers::{get, remove, set};
use super::load::{Findings, Note, check};
use super::redact::redact;
use super::remark::Remark;
use super::secret_reference::name_in;
use super::{Algorithm, Config, console, export_providers, scalars, schemas};
use crate::model::MethodId;
use crate::secret::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

/// Stands where a secret was left out and something has to stand. Nothing of Kratos can be opened with it: what it signs or
/// encrypts with is left out completely, so that Kratos never runs with publicly known secrets.
const LEFT_OUT: &str = "left-out-by-vestibule";

/// What Kratos does otherwise, by our key.
const WITHOUT: &[(&str, &str)] = &[
    (
        "vestibule.registration.sign_in_after_verification",
        "Kratos doesn't sign users in after verification: they sign in themselves, or immediately with the hook `session`",
    ),
    ("vestibule.registration.deferred_login_lifespan", "Kratos doesn't sign users in after verification"),
    (
        "vestibule.registration.reset_on_first_verification",
        "in Kratos, an account that someone else created for an email stays as it is after its owner verifies the email",
    ),
    (
        "vestibule.registration.unverified_session_lifespan",
        "in Kratos, a session has the same lifetime before and after verification",
    ),
    ("vestibule.registration.prevent_enumeration", "Kratos' sign-up reveals which emails have an account"),
    (
        "vestibule.registration.invite_only",
        "Kratos has no invitations: anyone who reaches the form can sign up",
    ),
    (
        "vestibule.registration.atomic",
        "in Kratos, an account remains if a webhook fails after the account was created",
    ),
    (
        "vestibule.registration.sign_in_after_social",
        "Kratos needs the hook `session` for it: if provider sign-in is on, the export adds it to the `oidc` hooks",
    ),
    (
        "vestibule.social.off",
        "Kratos offers every provider in its list: providers that are turned off are left out",
    ),
    ("vestibule.social.reusable_id_tokens", "Kratos accepts an `id_token` any number of times"),
    (
        "vestibule.social.require_fresh_sign_in",
        "Kratos doesn't check when the user signed in at the provider",
    ),
    ("vestibule.social.order", "Kratos sorts providers by ID"),
    ("vestibule.social.buttons", "Kratos has no pages of its own"),
    ("vestibule.social.trusted_email_providers", "Kratos trusts the verified emails of every provider"),
    ("vestibule.login.require_verified_identifier", "in Kratos, any verified email of the account is enough"),
    ("vestibule.admin.token", "Kratos' admin API doesn't require a token: restrict access to its port"),
    ("vestibule.admin.require_token", "Kratos' admin API doesn't require a token"),
    (
        "vestibule.admin.allowed_origins",
        "Kratos' admin API doesn't check origins: block its port for browsers",
    ),
    (
        "vestibule.cookies.host_prefix",
        "Kratos' cookies have names without a prefix: users sign in again, and other hosts can set them",
    ),
    (
        "vestibule.session.rotation_overlap",
        "Kratos keeps the token of a session when the user signs in again",
    ),
    ("vestibule.forms.allow_null_origin", "Kratos accepts forms from pages of any origin"),
    ("vestibule.headers.hsts", "Kratos doesn't send `Strict-Transport-Security`: send it from the proxy"),
    ("vestibule.trusted_proxies", "Kratos trusts forwarding headers from any client"),
    ("vestibule.forwarding_header", "Kratos reads several headers, but not `Forwarded`"),
    ("vestibule.limits.trusted_clients", "Kratos has no limits by client IP address"),
    ("vestibule.mailbox.enabled", "Kratos has no mailbox: it needs `courier.smtp.connection_uri`"),
    ("vestibule.web_hooks.deadline", "Kratos allows 30 seconds per webhook call and makes three attempts"),
    ("vestibule.web_hooks.allowed_hosts", "Kratos calls any host that a webhook names"),
    ("vestibule.password.max_length", "Kratos truncates passwords after 72 bytes with bcrypt"),
    (
        "vestibule.password.change_ends_other_sessions",
        "use the hook `revoke_active_sessions` in `selfservice.flows.settings.after.password.hooks`",
    ),
    ("vestibule.pages.name", "Kratos has no pages of its own"),
    ("vestibule.pages.resend_after", "Kratos has no pages of its own"),
    ("vestibule.console.host", "Kratos has no console"),
    ("vestibule.console.port", "Kratos has no console"),
    ("vestibule.console.base_url", "Kratos has no console"),
    ("vestibule.console.session_lifespan", "Kratos has no console"),
    ("vestibule.settings.source", "Kratos always uses its files"),
];

/// What [`export`] makes.
pub struct Export {
    pub document: Value,
    pub remarks: Vec<Remark>,
    secrets_left_out: bool,
    /// Where it was made from, for the head of the file.
    sources: String,
}

impl Export {
    /// The file. As YAML it says at its top where it comes from and what is left out.
    pub fn text(&self, format: Format) -> String {
        let mut head =
            vec![format!("For Ory Kratos. Created by `vestibule config export` from {}.", self.sources)];
        if self.secrets_left_out {
            head.push(format!(
                "Secrets are left out: set SECRETS_DEFAULT, SECRETS_COOKIE and SECRETS_CIPHER, and replace each `{LEFT_OUT}`. \
                 `--with-secrets` includes them."
            ));
        }
        render(&self.document, &head, format)
    }
}

/// The active configuration, including console settings, for stock Kratos.
pub fn export(config: &Config, with_secrets: bool) -> Export {
    let (mut document, notes) = known(config);
    let mut remarks = Vec::new();
    if config.vestibule.registration.sign_in_after_social && enabled(config, MethodId::Oidc) {
        console::switch_on(&mut document, MethodId::Oidc.name(), "session");
    }
    export_providers::as_kratos_has_them(config, &mut document, &mut remarks);
    ours(&mut document, &mut remarks);
    for Note { path, text, .. } in notes.into_iter().filter(|note| note.text.starts_with("unknown")) {
        // With `perhaps` it says which key may be meant; Kratos' part of it is what counts here.
        let perhaps = text.split_once("; ").map(|(_, perhaps)| format!("; {perhaps}")).unwrap_or_default();
        let text = format!("left out: Kratos rejects files with unknown keys{perhaps}");
        remarks.push(Remark { path, text });
    }
    database(config, &mut document, &mut remarks);
    pages(config, &mut document, &mut remarks);
    lists(&mut document, &mut remarks);
    // What we and Kratos take an unset key to mean differs.
    if config.sends_codes() {
        let lifespan = format!("{}s", config.selfservice.code.lifespan.as_secs().max(1));
        fill(&mut document, "selfservice.methods.code.config.lifespan", lifespan.into());
        fill(&mut document, "courier.smtp.from_address", config.courier.from_address.as_str().into());
        if config.courier.smtp.is_none() {
            remark(
                &mut remarks,
                "courier.smtp.connection_uri",
                "no mail server is configured: Kratos sends no emails without one",
            );
        }
    }
    complete(config, &mut document);
    for listener in ["serve.public.port", "serve.admin.port"] {
        if get(&document, listener) == Some(&json!(0)) {
            remove(&mut document, listener);
        }
    }
    if !with_secrets {
        without_secrets(&mut document, &mut remarks);
    }
    sealed(&mut document, "", &mut remarks);
    let mut sources = config
        .layers
        .names()
        .unwrap_or_else(|| vec!["the built-in default configuration".to_owned()])
        .join(", ");
    if config.revision > 0 {
        sources.push_str(&format!(" and console revision {}", config.revision));
    }
    Export { document, remarks, secrets_left_out: !with_secrets, sources }
}

fn remark(remarks: &mut Vec<Remark>, path: &str, text: impl Into<String>) {
    remarks.push(Remark { path: path.to_owned(), text: text.into() });
}

fn enabled(config: &Config, method: MethodId) -> bool {
    config.selfservice.enabled.get(&method).copied().unwrap_or_default()
}

fn fill(document: &mut Value, path: &str, value: Value) {
    if get(document, path).is_none() {
        set(document, path, value);
    }
}

/// Known keys only: Kratos refuses a file for one unknown key. With what was found on the way.
pub(super) fn known(config: &Config) -> (Value, Vec<Note>) {
    let (document, problems) = config.layers.document(config.revision, &config.named);
    let mut findings = Findings::new(&config.layers, config.revision, &document, problems);
    let checked = check(&document, &mut findings);
    (checked, findings.notes)
}

/// What Kratos demands, and what it would otherwise take to mean something else.
pub(super) fn complete(config: &Config, document: &mut Value) {
    fill(document, "dsn", sqlite(config, "vestibule.sqlite").into());
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
            fill(
                document,
                &format!("secrets.{name}"),
                json!(secrets.iter().map(Secret::expose).collect::<Vec<_>>()),
            );
        }
    }
    if config.hashers.algorithm == Algorithm::Argon2 {
        let keys = &config.hashers.argon2;
        fill(document, "hashers.argon2.memory", format!("{}KB", keys.memory).into());
        fill(document, "hashers.argon2.iterations", keys.iterations.into());
        fill(document, "hashers.argon2.parallelism", keys.parallelism.into());
    }
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

/// A file in the data folder, as Kratos writes it.
fn sqlite(config: &Config, name: &str) -> String {
    let data = std::path::absolute(&config.layers.data).unwrap_or_else(|_| config.layers.data.clone());
    format!("sqlite://{}?_fk=true", data.join(name).display())
}

/// Takes our own keys out and says of each what Kratos does without it.
fn ours(document: &mut Value, remarks: &mut Vec<Remark>) {
    let Some(section) = document.as_object_mut().and_then(|members| members.shift_remove("vestibule")) else {
        return;
    };
    leaves(&section, "vestibule", &mut |path, value| {
        // A switch that is off asks for nothing that Kratos does not do.
        if value == &Value::Bool(false) || value.as_str() == Some("false") {
            return;
        }
        let known = WITHOUT.iter().find(|(key, _)| *key == path);
        remark(remarks, path, known.map_or("only Vestibule has this", |(_, text)| text));
    });
}

fn leaves(value: &Value, path: &str, each: &mut dyn FnMut(&str, &Value)) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                leaves(value, &format!("{path}.{name}"), each);
            }
        }
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            each(path, other)
        }
    }
}

/// The two do not read one another's tables, and neither may write into the other's.
fn database(config: &Config, document: &mut Value, remarks: &mut Vec<Remark>) {
    if get(document, "dsn").is_none() {
        set(document, "dsn", sqlite(config, "kratos.sqlite").into());
        remark(remarks, "dsn", "a new database file next to Vestibule's: accounts are not transferred");
    } else {
        remark(
            remarks,
            "dsn",
            "Vestibule uses this database: create another one for Kratos. Accounts are not transferred",
        );
    }
}

/// The hosted pages with their full URLs, where Kratos would redirect users to a page of Ory.
fn pages(config: &Config, document: &mut Value, remarks: &mut Vec<Remark>) {
    let base = config.serve.public.base_url.as_str().trim_end_matches('/').to_owned();
    for (path, key) in REGISTRY.iter() {
        let relative =
            get(document, path).and_then(Value::as_str).filter(|text| scalars::page_is_relative(text));
        if let (Kind::Page, Some(text)) = (key.kind, relative) {
            let absolute = format!("{base}{text}");
            set(document, path, absolute.into());
        }
    }
    let verification = if config.selfservice.verification.enabled { Some("verification") } else { None };
    for flow in ["registration", "login", "error"].into_iter().chain(verification) {
        let path = format!("selfservice.flows.{flow}.ui_url");
        if get(document, &path).is_none() {
            let page = config.ui_url(None, flow);
            remark(remarks, &path, format!("Kratos has no pages: serve yours at {page}, or set another URL"));
            set(document, &path, page.as_str().into());
        }
    }
    if get(document, "selfservice.default_browser_return_url").is_none() {
        let page = config.default_return_url();
        remark(
            remarks,
            "selfservice.default_browser_return_url",
            format!(
                "Kratos requires one: {page} is Vestibule's hosted page. Serve yours there, or set another URL"
            ),
        );
    }
}

/// Hooks as Kratos' schema has them: no members of ours, no entry twice.
fn lists(document: &mut Value, remarks: &mut Vec<Remark>) {
    for (path, key) in REGISTRY.iter() {
        let (Kind::Hooks(_), Some(Value::Array(entries))) = (key.kind, get(document, path)) else { continue };
        let mut kept: Vec<Value> = Vec::with_capacity(entries.len());
        for (index, entry) in entries.iter().enumerate() {
            let entry = entry_for_kratos(entry, &format!("{path}[{index}]"), remarks);
            if !kept.contains(&entry) {
                kept.push(entry);
            }
        }
        set(document, path, kept.into());
    }
}

/// Kratos: embedx/config.schema.json, `selfServiceWebHook` and the hooks beside it.
fn entry_for_kratos(entry: &Value, path: &str, remarks: &mut Vec<Remark>) -> Value {
    const MEMBERS: &[&str] = &[
        "id",
        "url",
        "method",
        "headers",
        "body",
        "auth",
        "response",
        "can_interrupt",
        "emit_analytics_event",
    ];
    let name = entry["hook"].as_str().unwrap_or_default();
    let config = entry["config"].as_object();
    let mut members = Map::from_iter([("hook".to_owned(), name.into())]);
    match (name, config) {
        ("b2b_sso", Some(config)) => {
            members.insert("config".into(), config.clone().into());
        }
        ("web_hook", Some(config)) => {
            let mut config = config.clone();
            config.retain(|member, value| match member.as_str() {
                "can_interrupt" | "emit_analytics_event" => value.is_boolean(),
                other if MEMBERS.contains(&other) => !value.is_null(),
                // Where it was made changes nothing in Kratos.
                FROM_CONSOLE => false,
                other => {
                    remark(remarks, &format!("{path}.config.{other}"), "only Vestibule has this");
                    false
                }
            });
            if let Some(Value::Object(response)) = config.get_mut("response") {
                response.retain(|member, value| {
                    matches!(member.as_str(), "ignore" | "parse") && value.is_boolean()
                });
            }
            if config.get("auth").is_some_and(|auth| auth["type"] == "standard_webhooks") {
                config.shift_remove("auth");
                remark(
                    remarks,
                    &format!("{path}.config.auth"),
                    "Kratos can't sign requests: the service gets them unsigned, and should reject them",
                );
            }
            let traced =
                config.get("method").and_then(Value::as_str).is_some_and(|m| m.eq_ignore_ascii_case("TRACE"));
            if !config.contains_key("body") && !traced {
                remark(
                    remarks,
                    &format!("{path}.config.body"),
                    "a webhook without a body fails in Kratos: set one, for example \
                     `base64://ZnVuY3Rpb24oY3R4KSB7fQ==`",
                );
            }
            members.insert("config".into(), config.into());
        }
        _ => {}
    }
    members.into()
}

/// What lies in the database's store of secrets alone: its name would be taken for the secret.
fn sealed(value: &mut Value, path: &str, remarks: &mut Vec<Remark>) {
    match value {
        Value::String(text) if name_in(text).is_some() => {
            remark(
                remarks,
                path,
                format!(
                    "this secret was entered in the console, which never shows it: replace `{LEFT_OUT}` with it"
                ),
            );
            *text = LEFT_OUT.to_owned();
        }
        Value::Object(members) => {
            for (name, value) in members {
                let full = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                sealed(value, &full, remarks);
            }
        }
        Value::Array(entries) => {
            for (index, entry) in entries.iter_mut().enumerate() {
                sealed(entry, &format!("{path}[{index}]"), remarks);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What Kratos signs and encrypts with goes altogether; elsewhere something has to stand for the file to be valid.
fn without_secrets(document: &mut Value, remarks: &mut Vec<Remark>) {
    remove(document, "secrets");
    remark(
        remarks,
        "secrets",
        "left out: set SECRETS_DEFAULT, SECRETS_COOKIE and SECRETS_CIPHER, or use `--with-secrets`",
    );
    let encrypts = get(document, "ciphers.algorithm").is_some_and(|algorithm| algorithm != "noop");
    if encrypts {
        remark(
            remarks,
            "ciphers.algorithm",
            "Kratos doesn't start without a secret of 32 characters in SECRETS_CIPHER",
        );
    }
    redact(document, &mut |path, _| {
        remark(remarks, path, format!("a secret was left out: replace `{LEFT_OUT}` with it"));
        LEFT_OUT.to_owned()
    });
}
