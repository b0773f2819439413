//! Claims → traits, with the administrator's Jsonnet (Kratos: selfservice/strategy/oidc/strategy_registration.go). The claims are the
//! provider's, so the result isn't trusted before it was validated against the identity schema.

use super::{ExternalIdentity, Line, Stage, Trouble, chain};
use crate::config::Template;
use crate::config::social::Provider;
use crate::effects::Request;
use crate::effects::document::{OF_AN_ACCOUNT, judge};
use crate::identity::{Identity, normalise_identifier};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

/// Bytes of a mapper that is fetched.
const SOURCE: usize = 512 << 10;

/// What a mapper makes.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapped {
    /// An object.
    pub traits: Value,
    /// `None`: the mapper says nothing of it.
    pub metadata_public: Option<Value>,
    pub metadata_admin: Option<Value>,
    /// Normalized verified emails; none for a provider whose verified emails aren't trusted.
    pub vouched: Vec<String>,
}

#[derive(Deserialize)]
struct Made {
    identity: MadeIdentity,
}

#[derive(Deserialize)]
struct MadeIdentity {
    #[serde(default)]
    traits: Value,
    #[serde(default, deserialize_with = "there")]
    metadata_public: Option<Value>,
    #[serde(default, deserialize_with = "there")]
    metadata_admin: Option<Value>,
    #[serde(default)]
    verified_addresses: Vec<MadeAddress>,
}

#[derive(Deserialize)]
struct MadeAddress {
    via: String,
    value: String,
}

/// `null` is a value here, and not the same as nothing.
fn there<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(from).map(Some)
}

/// Runs the provider's mapper. `identity`: the account that is being updated.
///
/// # Errors
/// [`Stage::ClaimsInvalid`]: a mapper that fails, or makes something else than an identity.
pub async fn map(
    line: Line<'_>,
    provider: &Provider,
    visitor: &ExternalIdentity,
    identity: Option<&Identity>,
) -> Result<Mapped, Trouble> {
    let account = match identity {
        Some(identity) => json!({
            "traits": identity.traits,
            "metadata_public": identity.metadata_public,
            "metadata_admin": identity.metadata_admin,
        }),
        None => nobody(),
    };
    let mapped = run(line, &provider.mapper, &visitor.claims, &account).await?;
    if !mapped.vouched.is_empty() && !provider.vouches {
        tracing::debug!(
            provider = provider.id,
            "its verified emails are not trusted: see vestibule.social.trusted_email_providers"
        );
    }
    Ok(Mapped { vouched: if provider.vouches { mapped.vouched } else { Vec::new() }, ..mapped })
}

/// The result of a claims mapping for untrusted claims. `vouched` contains its verified emails regardless of trust.
///
/// # Errors
/// As [`map`].
pub async fn try_out(line: Line<'_>, mapper: &Template, claims: &Value) -> Result<Mapped, Trouble> {
    run(line, mapper, claims, &nobody()).await
}

fn nobody() -> Value {
    json!({"traits": {}, "metadata_public": {}, "metadata_admin": {}})
}

async fn run(line: Line<'_>, mapper: &Template, claims: &Value, account: &Value) -> Result<Mapped, Trouble> {
    let invalid = |reason: String| Trouble::new(Stage::ClaimsInvalid, format!("claims mapping: {reason}"));
    let source = match mapper {
        Template::Source(source) => source.clone(),
        Template::Remote(url) => fetched(line, url).await?,
    };
    let variables =
        vec![("claims".to_owned(), claims.to_string()), ("identity".to_owned(), account.to_string())];
    let _pass = line.gates.templates.enter(line.config.vestibule.work.mappers()).await?;
    let made = line
        .effects
        .templates
        .map(source, variables)
        .await
        .map_err(|failure| invalid(failure.to_string()))?;
    let made: Made = serde_json::from_str(&made)
        .map_err(|failure| invalid(format!("it doesn't return `{{identity: {{traits: …}}}}`: {failure}")))?;
    let identity = made.identity;
    for (name, document) in [
        ("traits", Some(&identity.traits)),
        ("metadata_public", identity.metadata_public.as_ref()),
        ("metadata_admin", identity.metadata_admin.as_ref()),
    ] {
        let Some(document) = document else { continue };
        judge(document, OF_AN_ACCOUNT)
            .map_err(|unfit| invalid(format!("its `identity.{name}` is rejected: {unfit}")))?;
    }
    if !identity.traits.is_object() {
        return Err(invalid("`identity.traits` is not an object".to_owned()));
    }
    let claimed: Vec<String> = identity
        .verified_addresses
        .into_iter()
        .filter(|address| address.via == "email")
        .map(|address| normalise_identifier(&address.value))
        .collect();
    Ok(Mapped {
        traits: identity.traits,
        metadata_public: identity.metadata_public,
        metadata_admin: identity.metadata_admin,
        vouched: claimed,
    })
}

async fn fetched(line: Line<'_>, url: &Url) -> Result<String, Trouble> {
    let invalid =
        |reason: String| Trouble::new(Stage::ClaimsInvalid, format!("the claims mapping at {url}: {reason}"));
    // The files alone name mappers by their address.
    let request = Request {
        method: "GET".to_owned(),
        url: url.clone(),
        headers: Vec::new(),
        body: None,
        limit: SOURCE,
        deadline: line.config.selfservice.social.deadline,
        reach: line.config.reach(url),
    };
    let answer = line.effects.outbound.send(request).await.map_err(|failure| invalid(chain(&failure)))?;
    if answer.status != 200 {
        return Err(invalid(format!("it answered {}", answer.status)));
    }
    String::from_utf8(answer.body).map_err(|failure| invalid(failure.to_string()))
}
