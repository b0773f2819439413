//! A mapper tried out on claims that somebody typed. Nothing of it is saved.

use super::draft::Draft;
use crate::config::providers::Kind;
use crate::engine::Ctx;
use crate::error::{Error, Result};
use crate::settings::FieldError;
use crate::social::{self, Line};
use serde_json::{Value, json};

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Tried {
    /// The claims are none.
    Again(FieldError),
    /// The mapper fails, and why.
    Failed(String),
    Made(Box<Made>),
}

/// What a mapper makes of claims.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    pub traits: Value,
    pub metadata_public: Option<Value>,
    pub metadata_admin: Option<Value>,
    /// What does not fit the identity schema: the trait and what is wrong.
    pub messages: Vec<(String, String)>,
    /// What it says is verified; whether that counts is the provider's.
    pub vouched: Vec<String>,
}

/// `claims`: JSON, as the provider sends them.
///
/// # Errors
/// There is no default schema, as in no configuration that is in force.
pub async fn try_mapper(ctx: &Ctx, draft: &Draft, claims: &str) -> Result<Tried> {
    let claims = match serde_json::from_str::<Value>(claims) {
        Ok(claims @ Value::Object(_)) => claims,
        Ok(_) => return Ok(again("Enter a JSON object.".to_owned())),
        Err(failure) => return Ok(again(format!("Enter valid JSON: {failure}."))),
    };
    let of_the_file = || {
        let provider = ctx.config.selfservice.social.configured(&draft.id);
        provider.map(|provider| provider.mapper.clone())
    };
    let Some(mapper) = draft.template().or_else(of_the_file) else {
        return Ok(Tried::Failed("There is no claims mapping.".to_owned()));
    };
    let line = Line {
        effects: ctx.effects(),
        config: &ctx.config,
        known: ctx.engine.known(),
        gates: ctx.engine.gates(),
    };
    let mapped = match social::try_out(line, &mapper, &social::shape(&claims)).await {
        Ok(mapped) => mapped,
        Err(trouble) => return Ok(Tried::Failed(trouble.reason)),
    };
    let schema = ctx.config.default_schema().ok_or_else(|| Error::internal("there is no default schema"))?;
    let traits = mapped.traits;
    let messages = match schema.schema.validate(&traits, ctx.config.vestibule.requests.violations()) {
        Ok(_) => Vec::new(),
        Err(violations) => violations.into_iter().map(|one| (one.pointer, one.text.text)).collect(),
    };
    let (metadata_public, metadata_admin) = (mapped.metadata_public, mapped.metadata_admin);
    let vouched = mapped.vouched;
    Ok(Tried::Made(Box::new(Made { traits, metadata_public, metadata_admin, messages, vouched })))
}

fn again(message: String) -> Tried {
    Tried::Again(FieldError { field: "claims", message })
}

/// Claims as a provider of that kind may send them, of somebody made up.
pub fn sample(kind: &Kind) -> Value {
    let mut claims = json!({
        "iss": if kind.issuer.is_empty() { "https://id.example.org" } else { kind.issuer },
        "sub": "248289761001",
        "name": "Jane Doe",
        "given_name": "Jane",
        "family_name": "Doe",
        "email": "jane@example.org",
        "email_verified": true,
        "locale": "en-GB",
    });
    let more = match kind.name {
        "google" => json!({"hd": "example.org", "picture": "https://lh3.googleusercontent.com/a/photo"}),
        "github" | "github-app" => json!({
            "iss": kind.token_url, "sub": "583231", "nickname": "jane", "preferred_username": "jane",
            "profile": "https://github.com/jane", "given_name": null, "family_name": null, "locale": null,
        }),
        "gitlab" => json!({"nickname": "jane", "profile": "https://gitlab.com/jane"}),
        "microsoft" => json!({
            "iss": "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0",
            "oid": "00000000-0000-0000-66f3-3332eca7ea81", "tid": "9188040d-6c67-4c5b-b112-36a304b66dad",
            "preferred_username": "jane@example.org", "email_verified": null,
        }),
        // Names come beside the code, the first time only.
        "apple" => {
            json!({"name": null, "email": "x7f3k9@privaterelay.appleid.com", "is_private_email": true, "locale": null})
        }
        "discord" => json!({
            "iss": kind.token_url, "sub": "80351110224678912", "nickname": "Jane", "preferred_username": "jane",
            "verified": true, "given_name": null, "family_name": null, "name": null,
        }),
        "facebook" => {
            json!({"iss": kind.token_url, "sub": "10158219", "email_verified": null, "locale": null})
        }
        "linkedin_v2" => json!({"iss": kind.token_url}),
        "slack" => json!({"https://slack.com/team_id": "T0123456789"}),
        "spotify" => json!({
            "iss": kind.token_url, "nickname": "Jane Doe", "given_name": null, "family_name": null,
            "email_verified": null, "locale": null, "profile": "https://open.spotify.com/user/jane",
        }),
        "salesforce" => json!({
            "iss": "https://login.salesforce.com",
            "sub": "https://login.salesforce.com/id/00Dx0000000BV7z/005x00000012Q9P",
            "zoneinfo": "Europe/London", "locale": "en_GB", "updated_at": "2026-01-05T12:15:03.000+0000",
        }),
        "netid" => json!({"sub": "TvBzEgmqbFKHDBPDRyFYDA", "locale": null}),
        "vk" | "yandex" | "patreon" | "linkedin" => {
            json!({"iss": kind.calls_itself, "email_verified": null, "locale": null})
        }
        "dingtalk" | "lark" => json!({
            "iss": kind.calls_itself, "nickname": "Jane Doe", "given_name": null, "family_name": null,
            "email_verified": null, "locale": null,
        }),
        "amazon" => json!({
            "iss": kind.token_url, "sub": "amzn1.account.K2LI23KL2LK2", "given_name": null,
            "family_name": null, "email_verified": null, "locale": null,
        }),
        "line" | "jackson" | "uaepass" => json!({"email_verified": null, "locale": null}),
        _ => json!({}),
    };
    if let (Some(claims), Value::Object(more)) = (claims.as_object_mut(), more) {
        for (name, value) in more {
            if value.is_null() {
                claims.shift_remove(&name);
            } else {
                claims.insert(name, value);
            }
        }
    }
    claims
}
