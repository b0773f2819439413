//! The admin API's actions on identities: create, read, delete. Lists are in `list`, sessions in `sessions`. Runs no hooks, sends no
//! emails and checks no password policy (Kratos: identity/handler.go).

mod erase;
mod list;
pub mod sessions;

pub use erase::{Erased, erase};
pub use list::{Listed, Listing, Pages, list, similar, whose};

use crate::engine::Ctx;
use crate::error::{Error, Kind, Result};
use crate::identity::credentials::{of_traits, with};
use crate::identity::verification::{VerifiedBy, mark_verified};
use crate::identity::{self, Credential, Identity, RecoveryAddress, State, VerifiableAddress};
use crate::ids::IdentityId;
use crate::model::MethodId;
use crate::password::Caller;
use crate::social;
use crate::store::{self, identities::Inserted};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

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
    #[serde(default)]
    pub organization_id: Option<Uuid>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    pub password: Option<PasswordCredential>,
    pub oidc: Option<OidcCredential>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasswordCredential {
    pub config: PasswordConfig,
}

/// One of the first two.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasswordConfig {
    /// Hashed on arrival.
    pub password: Option<String>,
    /// A PHC or modular-crypt string that sign-in can compare with.
    pub hashed_password: Option<String>,
    #[serde(default)]
    pub use_password_migration_hook: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcCredential {
    pub config: OidcConfig,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcConfig {
    pub providers: Vec<OidcLink>,
}

/// A user who signs in with that provider as that subject owns the account.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcLink {
    pub provider: String,
    pub subject: String,
    #[serde(default)]
    pub use_auto_link: bool,
    #[serde(default)]
    pub organization: Option<String>,
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
        .ok_or_else(|| Error::invalid(format!("Unknown identity schema {schema_id:?}.")))?;
    // Kept as sent: only a person's form gets the schema's empty objects (measured).
    let extracted = schema.schema.validate(&create.traits, config.vestibule.requests.violations()).map_err(
        |violations| {
            let list: Vec<String> = violations
                .iter()
                .map(|violation| format!("{}: {}", violation.pointer, violation.text.text))
                .collect();
            Error::invalid(format!("The traits don't match the schema {schema_id:?}: {}", list.join("; ")))
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
                "An address contains an invisible character or one that changes the text direction. Remove it.",
            ));
        }
    }
    identity.organization_id = create.organization_id;
    given_addresses(ctx, &mut identity, &create.verifiable_addresses, &create.recovery_addresses);
    let given = create.credentials.unwrap_or_default();
    let mut credentials = of_traits(&extracted, identity.created_at);
    if let Some(password) = given.password {
        let config = json!({ "hashed_password": hash(ctx, password.config).await? });
        let own = (MethodId::Password, Vec::new());
        credentials = with(credentials, own, config, identity.created_at);
    }
    if let Some(oidc) = given.oidc {
        let (identifiers, config) = links(oidc.config.providers)?;
        credentials.push(credential(&identity, MethodId::Oidc, identifiers, config));
    }
    let mut tx = ctx.db().write().await?;
    match store::identities::insert(&mut tx, &identity, &credentials).await? {
        Inserted::Done => {}
        Inserted::Taken => {
            return Err(Error::new(
                Kind::Conflict,
                "Another identity already has this identifier or external ID. Use that identity, or a different identifier.",
            ));
        }
    }
    tx.commit().await?;
    Ok((identity, credentials))
}

fn credential(identity: &Identity, kind: MethodId, identifiers: Vec<String>, config: Value) -> Credential {
    Credential {
        kind: kind.name().to_owned(),
        identifiers,
        config,
        created_at: identity.created_at,
        updated_at: identity.created_at,
    }
}

async fn hash(ctx: &Ctx, config: PasswordConfig) -> Result<String> {
    if config.use_password_migration_hook {
        return Err(Error::invalid(
            "credentials.password.config.use_password_migration_hook isn't supported. Send hashed_password instead.",
        ));
    }
    match (config.password, config.hashed_password) {
        (Some(password), None) => {
            ctx.engine.hasher().hash(Caller::SERVER, ctx.effects(), &ctx.config.hashers, &password).await
        }
        (None, Some(hash)) if crate::password::is_known_hash(&hash) => Ok(hash),
        (None, Some(_)) => Err(Error::invalid(
            "credentials.password.config.hashed_password has an unsupported format or is too expensive to verify. docs/compatibility.md lists the formats.",
        )),
        (None, None) | (Some(_), Some(_)) => Err(Error::invalid(
            "credentials.password.config needs exactly one of password and hashed_password.",
        )),
    }
}

/// Identifiers and contents of a credential that is linked to these providers.
fn links(providers: Vec<OidcLink>) -> Result<(Vec<String>, Value)> {
    const AT: &str = "credentials.oidc.config.providers";
    let mut identifiers = Vec::new();
    let mut entries = Vec::new();
    for link in providers {
        if link.provider.is_empty() || link.subject.is_empty() {
            return Err(Error::invalid(format!("Each entry of {AT} needs a provider and a subject.")));
        }
        if link.use_auto_link || link.organization.is_some() {
            return Err(Error::invalid(format!("use_auto_link and organization in {AT} aren't supported.")));
        }
        identifiers.push(social::identifier(&link.provider, &link.subject));
        entries.push(social::entry(&link.provider, &link.subject));
    }
    Ok((identifiers, json!({ "providers": entries })))
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
            mark_verified(address, VerifiedBy::Admin, given.verified_at.unwrap_or(now));
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

/// # Errors
/// 404 for an unknown id.
pub async fn delete(ctx: &Ctx, id: IdentityId) -> Result<()> {
    let mut tx = ctx.db().write().await?;
    erase(&mut tx, id).await?.ok_or_else(|| Error::not_found(""))?;
    tx.commit().await
}
