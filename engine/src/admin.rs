//! What the administrator's API does to identities: create, read, list, delete. No hooks, no mails, no password policy
//! (Kratos: identity/handler.go).

use crate::config::Method;
use crate::engine::Ctx;
use crate::error::{Error, Kind, Result};
use crate::identity::proof::{By, address_proven};
use crate::identity::{self, Credential, Identity, RecoveryAddress, State, VerifiableAddress};
use crate::ids::IdentityId;
use crate::password::Caller;
use crate::store::{self, identities::Inserted};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

/// The body of a create; unknown members are refused.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Create {
    /// Empty: the default schema.
    #[serde(default)]
    pub schema_id: String,
    pub traits: Value,
    #[serde(default)]
    pub credentials: Option<Credentials>,
    #[serde(default)]
    pub verifiable_addresses: Vec<GivenAddress>,
    #[serde(default)]
    pub recovery_addresses: Vec<GivenAddress>,
    #[serde(default)]
    pub metadata_public: Value,
    #[serde(default)]
    pub metadata_admin: Value,
    #[serde(default)]
    pub state: Option<State>,
    #[serde(default)]
    pub external_id: Option<String>,
    /// Taken and not kept: organizations do not exist here.
    #[serde(default)]
    pub organization_id: Value,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    pub password: Option<PasswordCredential>,
}

#[derive(Debug, Deserialize)]
pub struct PasswordCredential {
    pub config: PasswordConfig,
}

/// One of the two.
#[derive(Debug, Deserialize)]
pub struct PasswordConfig {
    /// Hashed on arrival.
    pub password: Option<String>,
    /// A PHC or modular-crypt string that sign-in can compare with.
    pub hashed_password: Option<String>,
}

/// What an import says of an address.
#[derive(Debug, Deserialize)]
pub struct GivenAddress {
    pub value: String,
    pub via: String,
    #[serde(default)]
    pub verified: bool,
    #[serde(default)]
    pub verified_at: Option<DateTime<Utc>>,
}

/// Stores a new identity.
///
/// # Errors
/// 400 against the schema, unknown schema or hash · 409 an identifier or external id is taken.
pub async fn create(ctx: &Ctx, create: Create) -> Result<(Identity, Vec<Credential>)> {
    let config = &ctx.config;
    let schema_id =
        if create.schema_id.is_empty() { &config.identity.default_schema_id } else { &create.schema_id };
    let schema = config
        .schema(schema_id)
        .ok_or_else(|| Error::invalid(format!("There is no identity schema called {schema_id:?}.")))?;
    // Kept as sent: only a person's form gets the schema's empty objects (measured).
    let extracted = schema.schema.validate(&create.traits, config.vestibule.requests.violations()).map_err(
        |violations| {
            let list: Vec<String> = violations
                .iter()
                .map(|violation| format!("{}: {}", violation.pointer, violation.text.text))
                .collect();
            Error::invalid(format!("The traits do not fit the schema {schema_id:?}: {}", list.join("; ")))
        },
    )?;
    let mut identity = identity::create(ctx.effects(), schema_id, create.traits, &extracted);
    identity.state = create.state.unwrap_or(State::Active);
    identity.metadata_public = create.metadata_public;
    identity.metadata_admin = create.metadata_admin;
    identity.external_id = create.external_id.filter(|id| !id.is_empty());
    for given in create.verifiable_addresses.iter().chain(&create.recovery_addresses) {
        if !identity::address::is_readable(&given.value) {
            return Err(Error::invalid(
                "An address has an invisible character, or one that changes the direction of the text. Remove it.",
            ));
        }
    }
    given_addresses(ctx, &mut identity, &create.verifiable_addresses, &create.recovery_addresses);
    let mut credentials = Vec::new();
    if !extracted.password_identifiers.is_empty() {
        let password = create.credentials.and_then(|credentials| credentials.password);
        credentials.push(Credential {
            kind: Method::Password.name().to_owned(),
            identifiers: extracted.password_identifiers,
            config: match password {
                Some(password) => json!({ "hashed_password": hash(ctx, password.config).await? }),
                None => json!({}),
            },
            created_at: identity.created_at,
            updated_at: identity.created_at,
        });
    }
    let mut tx = ctx.db().write().await?;
    match store::identities::insert(&mut tx, &identity, &credentials).await? {
        Inserted::Done => {}
        Inserted::Taken => {
            return Err(Error::new(
                Kind::Conflict,
                "Another identity has this identifier or external id already. Use that one, or another identifier.",
            ));
        }
    }
    tx.commit().await?;
    Ok((identity, credentials))
}

async fn hash(ctx: &Ctx, config: PasswordConfig) -> Result<String> {
    match (config.password, config.hashed_password) {
        (Some(password), None) => {
            ctx.engine.hasher().hash(Caller::SERVER, ctx.effects(), &ctx.config.hashers, &password).await
        }
        (None, Some(hash)) if crate::password::is_known_hash(&hash) => Ok(hash),
        (None, Some(_)) => Err(Error::invalid(
            "credentials.password.config.hashed_password has a format that cannot be compared with. Write $argon2id$… or $2b$….",
        )),
        (None, None) | (Some(_), Some(_)) => Err(Error::invalid(
            "credentials.password.config needs exactly one of password and hashed_password.",
        )),
    }
}

/// Marks what the import vouches for, and adds addresses that the traits do not hold.
fn given_addresses(
    ctx: &Ctx,
    identity: &mut Identity,
    verifiable: &[GivenAddress],
    recovery: &[GivenAddress],
) {
    let now = identity.created_at;
    for given in verifiable {
        let value = identity::normalise_identifier(&given.value);
        let known = identity.verifiable_addresses.iter().position(|address| address.value == value);
        let index = known.unwrap_or_else(|| {
            identity.verifiable_addresses.push(VerifiableAddress {
                id: ctx.effects().uuid(),
                value,
                verified: false,
                via: given.via.clone(),
                status: "pending".to_owned(),
                verified_at: None,
                created_at: now,
                updated_at: now,
            });
            identity.verifiable_addresses.len() - 1
        });
        if given.verified {
            let address = &mut identity.verifiable_addresses[index];
            address_proven(address, By::Admin, given.verified_at.unwrap_or(now));
            address.updated_at = now;
        }
    }
    for given in recovery {
        let value = identity::normalise_identifier(&given.value);
        if !identity.recovery_addresses.iter().any(|address| address.value == value) {
            identity.recovery_addresses.push(RecoveryAddress {
                id: ctx.effects().uuid(),
                value,
                via: given.via.clone(),
                created_at: now,
                updated_at: now,
            });
        }
    }
}

/// # Errors
/// 404 for an unknown id.
pub async fn get(ctx: &Ctx, id: IdentityId) -> Result<(Identity, Vec<Credential>)> {
    let mut tx = ctx.db().read().await?;
    let identity = store::identities::get(&mut tx, id).await?.ok_or_else(|| Error::not_found(""))?;
    let credentials = store::identities::credentials(&mut tx, id).await?;
    Ok((identity, credentials))
}

/// One page, after the identity `after`.
pub async fn list(ctx: &Ctx, after: Option<IdentityId>, limit: i64) -> Result<Vec<Identity>> {
    let mut tx = ctx.db().read().await?;
    store::identities::list(&mut tx, after, limit).await
}

/// Who signs in with that identifier, with credentials.
pub async fn by_identifier(ctx: &Ctx, identifier: &str) -> Result<Option<(Identity, Vec<Credential>)>> {
    let mut tx = ctx.db().read().await?;
    let kind = Method::Password.name();
    let found =
        store::identities::by_identifier(&mut tx, kind, &identity::normalise_identifier(identifier)).await?;
    Ok(found.map(|(identity, credential)| (identity, vec![credential])))
}

/// # Errors
/// 404 for an unknown id.
pub async fn delete(ctx: &Ctx, id: IdentityId) -> Result<()> {
    let mut tx = ctx.db().write().await?;
    if !store::identities::delete(&mut tx, id).await? {
        return Err(Error::not_found(""));
    }
    tx.commit().await
}
