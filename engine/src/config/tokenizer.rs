//! `session.whoami.tokenizer.templates`: sessions as JSON Web Tokens. Keys are Kratos' (Kratos: embedx/config.schema.json).

use super::Template;
use super::keys::TOKEN_TEMPLATES as KEY;
use super::reader::Reader;
use super::scalars::{self, Wrong, web_url};
use super::schemas;
use crate::jwk::{ALGORITHMS, SigningKey};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Kratos' (driver/config/config.go).
const USUAL: Duration = Duration::from_secs(60);

const MEMBERS: [&str; 4] = ["ttl", "jwks_url", "claims_mapper_url", "subject_source"];

/// One template.
pub struct TokenTemplate {
    /// How long its tokens are valid.
    pub ttl: Duration,
    pub key: SigningKey,
    /// Adds claims, and changes all but `sub`.
    pub mapper: Option<Template>,
    pub subject: Subject,
    /// As it was read, with the key.
    entry: Value,
}

/// What `sub` contains.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Subject {
    /// The ID of the identity.
    Id,
    ExternalId,
}

/// Without the key.
impl std::fmt::Debug for TokenTemplate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TokenTemplate({:?}, {:?})", self.ttl, self.key)
    }
}

/// By their names. Those of `earlier` that are written the same stay as they are, so that no file is read again.
pub(super) fn read(
    reader: &mut Reader<'_, '_>,
    earlier: Option<&BTreeMap<String, Arc<TokenTemplate>>>,
) -> BTreeMap<String, Arc<TokenTemplate>> {
    let mut templates = BTreeMap::new();
    let section = reader.value(KEY).unwrap_or_default();
    let Some(entries) = section.as_object() else {
        if !section.is_null() {
            let instead =
                "templates by name, for example `app: {jwks_url: \"file:///etc/vestibule/jwks.json\"}`";
            reader.findings.problem(KEY, "this is a section, not a value", instead);
        }
        return templates;
    };
    for (name, entry) in entries {
        if let Some(same) = earlier.and_then(|all| all.get(name)).filter(|one| one.entry == *entry) {
            templates.insert(name.clone(), same.clone());
            continue;
        }
        let path = format!("{KEY}.{name}");
        for member in entry.as_object().into_iter().flatten().map(|(member, _)| member) {
            if !MEMBERS.contains(&member.as_str()) {
                reader.findings.note(&format!("{path}.{member}"), "unknown key without effect");
            }
        }
        match template(entry) {
            Ok(template) => _ = templates.insert(name.clone(), Arc::new(template)),
            Err(wrong) => {
                for (member, wrong) in wrong {
                    let path = if member.is_empty() { path.clone() } else { format!("{path}.{member}") };
                    reader.findings.problem(&path, wrong.what, wrong.instead);
                }
            }
        }
    }
    templates
}

/// All that is wrong, with the member that it is about.
fn template(entry: &Value) -> Result<TokenTemplate, Vec<(&'static str, Wrong)>> {
    if !entry.is_object() {
        return Err(vec![("", Wrong::new("this is a value, not a template", "at least `jwks_url:`"))]);
    }
    let text = |name: &str| entry.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let mut wrong = Vec::new();
    let mut fit = |member: &'static str, outcome: Result<(), Wrong>| {
        wrong.extend(outcome.err().map(|problem| (member, problem)));
    };
    let ttl = match entry.get("ttl").filter(|ttl| !ttl.is_null()) {
        None => USUAL,
        Some(ttl) => {
            let length = ttl.as_str().and_then(scalars::duration).filter(|length| length.as_secs() > 0);
            let problem =
                || Wrong::new("this is not a duration of a second or more", "a duration, for example `1m`");
            fit("ttl", length.map(drop).ok_or_else(problem));
            length.unwrap_or(USUAL)
        }
    };
    let subject = match entry.get("subject_source").and_then(Value::as_str).unwrap_or("id") {
        "id" => Subject::Id,
        "external_id" => Subject::ExternalId,
        other => {
            let what = format!("`{other}` is not a valid option");
            fit("subject_source", Err(Wrong::new(what, "one of `id`, `external_id`")));
            Subject::Id
        }
    };
    let mapper = text("claims_mapper_url").map(mapper);
    let mapper = mapper.transpose().unwrap_or_else(|problem| {
        fit("claims_mapper_url", Err(problem));
        None
    });
    let key = text("jwks_url").ok_or_else(missing).and_then(signing_key);
    match key {
        Ok(key) if wrong.is_empty() => Ok(TokenTemplate { ttl, key, mapper, subject, entry: entry.clone() }),
        Ok(_) => Err(wrong),
        Err(problem) => {
            wrong.push(("jwks_url", problem));
            Err(wrong)
        }
    }
}

const KEY_SET: &str =
    "`file://…` or `base64://…` of a JSON Web Key Set whose first key is private and has an `alg`";

fn missing() -> Wrong {
    Wrong::new("the template has no key to sign with", KEY_SET)
}

/// Keys are not fetched: whoever can answer in place of that server would sign as this one (Kratos takes these two as well).
fn signing_key(address: &str) -> Result<SigningKey, Wrong> {
    if !address.starts_with("file://") && !address.starts_with("base64://") {
        return Err(Wrong::new("a private key must be in a file or in the configuration", KEY_SET));
    }
    let set = schemas::text(address).map_err(|wrong| match address.starts_with("file://") {
        true => Wrong::new(wrong.what, KEY_SET),
        false => Wrong::new("invalid base64 after `base64://`", KEY_SET),
    })?;
    SigningKey::first_of(&set).map_err(|what| {
        let known = ALGORITHMS.map(|name| format!("`{name}`")).join(", ");
        Wrong::new(format!("the key set can't be used: {what}"), format!("{KEY_SET}, one of {known}"))
    })
}

fn mapper(address: &str) -> Result<Template, Wrong> {
    let instead = "`base64://…`, `file://…` or `https://…`";
    if address.starts_with("http://") || address.starts_with("https://") {
        return web_url(address)
            .map(Template::Remote)
            .ok_or_else(|| Wrong::new("not a supported URL", instead));
    }
    let source = schemas::text(address).map_err(|wrong| Wrong::new(wrong.what, instead))?;
    match crate::effects::templates::unreadable(&source) {
        None => Ok(Template::Source(source)),
        Some(what) => Err(Wrong::new(
            format!("invalid Jsonnet claims mapping: {what}"),
            "Jsonnet that returns `{ claims: { … } }`, with the session in `std.extVar('session')`",
        )),
    }
}
