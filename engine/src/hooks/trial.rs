//! Tests of a webhook: with the last request without its secrets, or with made-up data; the output of its template; and a real
//! request, marked as a test.

use super::request::{Purpose, Trouble};
use super::{Body, Cause, Content, Logged, Waited, attempt, new_id, places, redact, request, shown};
use crate::config::{Config, WebHook};
use crate::effects::TemplateError;
use crate::engine::Ctx;
use crate::error::{Error, Result};
use crate::identity::{self, schema::TraitKind};
use crate::ids::FlowId;
use crate::model::MethodId;
use crate::store::deliveries::{self, Kind, Status};
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

/// Of the newest calls so many are looked at for one that can be used.
const LOOKED_AT: i64 = 20;

/// What a test sends.
pub struct Sample {
    /// The template's argument, with `test: true` in it.
    pub input: Value,
    /// Nothing was ever sent to this hook.
    pub made_up: bool,
    /// What the template makes of it, or why it cannot. `None`: a hook without a body.
    pub output: std::result::Result<Option<String>, String>,
    /// It cannot be made whatever the template is given.
    pub never: bool,
    /// The template says that nothing is to be sent for this one.
    pub cancelled: bool,
}

/// The hook with that key in such a place, as it is configured now.
///
/// # Errors
/// 404 when there is none.
pub fn find(config: &Config, key: &str, place: &str) -> Result<Arc<WebHook>> {
    places::current(config, key, place).ok_or_else(|| Error::not_found("This webhook no longer exists."))
}

/// What a test would send now.
pub async fn sample(ctx: &Ctx, hook: &WebHook, place: &str) -> Result<Sample> {
    let newest = {
        let mut tx = ctx.db().single().await?;
        deliveries::of_hook(&mut tx, &hook.key(), None, LOOKED_AT).await?
    };
    let earlier = newest
        .iter()
        .filter(|delivery| {
            places::step(&delivery.place) == places::step(place) && delivery.kind != Kind::Test
        })
        .filter_map(|delivery| Content::open(&ctx.config, delivery).ok())
        .map(|content| redact::document(&content.document()))
        .find(Value::is_object);
    let made_up = earlier.is_none();
    let mut input = earlier.unwrap_or_else(|| invented(&ctx.config, place));
    input["test"] = true.into();
    let output = request::rendered(ctx, hook, Purpose::Test, &input.to_string()).await;
    let never = matches!(
        output,
        Err(Trouble::Template(
            TemplateError::Unreadable(_) | TemplateError::Limits | TemplateError::TooLarge
        ))
    );
    let cancelled = matches!(output, Err(Trouble::Cancelled));
    let output = output.map_err(|trouble| trouble.to_string());
    Ok(Sample { input, made_up, output, never, cancelled })
}

/// Sends it, marked as a test by a header and by `test` in the template's argument, and writes it down. Nothing of ours
/// changes, whatever the answer says.
pub async fn send(ctx: &Ctx, hook: &WebHook, place: &str) -> Result<Logged> {
    let Sample { input, .. } = sample(ctx, hook, place).await?;
    let id = new_id(ctx);
    let tried = attempt(ctx, hook, id, Purpose::Test, Body::Template(&input.to_string())).await;
    let cause = Cause { place: place.to_owned(), flow: FlowId(Uuid::nil()), identity: None, hook };
    let status = match &tried.outcome {
        Ok(answer) if answer.is_success() => Status::Done,
        Err(Trouble::Cancelled) => Status::Cancelled,
        Ok(_) | Err(_) => Status::Failed,
    };
    let waited = Waited { id, kind: Kind::Test, status, attempt: &tried, failure: None };
    let (mut delivery, content) = super::finished(ctx, &cause, &waited, &input);
    delivery.flow_id = None;
    delivery.body = content.seal(ctx, delivery.id)?;
    let mut tx = ctx.db().write_single_relaxed().await?;
    deliveries::insert(&mut tx, &delivery).await?;
    tx.commit().await?;
    Ok(shown(&ctx.config, delivery))
}

/// A made-up user with the default schema.
fn invented(config: &Config, place: &str) -> Value {
    let (flow, stage) = places::step(place);
    let nobody = Uuid::nil();
    const AT: &str = "2000-01-31T00:00:00Z";
    let active = match (flow, stage) {
        ("verification", _) => MethodId::Code.name(),
        (_, "before") => "",
        _ => MethodId::Password.name(),
    };
    let mut input = json!({
        "flow": {
            "id": nobody, "type": "browser", "request_url": config.public_url(&format!("self-service/{flow}/browser")),
            "issued_at": AT, "expires_at": AT, "state": "choose_method", "active": active, "transient_payload": {},
            "ui": {"action": config.public_url(&format!("self-service/{flow}?flow={nobody}")), "method": "POST", "nodes": []},
        },
        "request_headers": {"User-Agent": ["Vestibule"]},
        "request_method": "POST",
        "request_url": config.public_url(&format!("self-service/{flow}?flow={nobody}")),
        "request_cookies": {},
    });
    if flow != "verification" {
        input["flow"]["organization_id"] = Value::Null;
    }
    if flow == "login" {
        for (name, value) in [
            ("created_at", json!(AT)),
            ("updated_at", json!(AT)),
            ("refresh", false.into()),
            ("requested_aal", "aal1".into()),
        ] {
            input["flow"][name] = value;
        }
    }
    if stage == "before" {
        return input;
    }
    let mut traits = json!({});
    let schema = config.default_schema();
    for one in schema.iter().flat_map(|schema| schema.schema.traits()) {
        let value = match one.kind {
            TraitKind::Text => json!("test"),
            TraitKind::Email => json!("test@example.org"),
            TraitKind::Tel => json!("+12025550123"),
            TraitKind::Url => json!("https://example.org/"),
            TraitKind::Date => json!("2000-01-31"),
            TraitKind::DateTime => json!("2000-01-31T00:00:00Z"),
            TraitKind::Number | TraitKind::Integer => json!(1),
            TraitKind::Boolean => json!(true),
            TraitKind::List => json!([]),
        };
        let path: Vec<&str> = one.path.iter().map(String::as_str).collect();
        put(&mut traits, &path, value);
    }
    input["identity"] = json!({
        "id": nobody, "schema_id": config.identity.default_schema_id, "state": "active", "traits": traits,
        "schema_url": identity::json::schema_url(&config.identity.default_schema_id, &config.serve.public.base_url_text), "state_changed_at": AT, "created_at": AT, "updated_at": AT,
        "verifiable_addresses": [], "recovery_addresses": [], "metadata_public": null, "organization_id": null,
    });
    if flow == "login" {
        input["session"] = json!({
            "id": nobody, "active": true, "authenticator_assurance_level": "aal1",
            "issued_at": AT, "expires_at": AT, "authenticated_at": AT, "identity": input["identity"],
            "authentication_methods": [{"method": "password", "aal": "aal1", "completed_at": AT}],
            "devices": [{"id": nobody, "ip_address": "203.0.113.7", "user_agent": "Vestibule", "location": ""}],
        });
    }
    input
}

fn put(target: &mut Value, path: &[&str], value: Value) {
    match path {
        [] => {}
        [last] => target[*last] = value,
        [first, rest @ ..] => {
            if !target[*first].is_object() {
                target[*first] = json!({});
            }
            put(&mut target[*first], rest, value);
        }
    }
}
