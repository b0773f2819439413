//! Questions that several methods ask of accounts.

use crate::engine::Ctx;
use crate::error::{Error, Kind, Result};
use crate::identity::schema::Extracted;
use crate::identity::{Credential, Identity, State};
use crate::model::MethodId;
use crate::store::identities;
use serde_json::json;

/// # Errors
/// 401 for an account that is disabled.
pub(crate) fn active(identity: &Identity) -> Result<()> {
    match identity.state {
        State::Active => Ok(()),
        State::Inactive => Err(Error::new(
            Kind::Unauthenticated,
            "This account is switched off. Ask whoever runs this service.",
        )
        .detail("identity_id", json!(identity.id))),
    }
}

/// Who has one of these identifiers or addresses already, and which.
pub(crate) async fn conflict(ctx: &Ctx, extracted: &Extracted) -> Result<Option<(Identity, String)>> {
    let mut tx = ctx.db().read().await?;
    for identifier in &extracted.password_identifiers {
        let kind = MethodId::Password.name();
        if let Some((identity, _)) = identities::by_identifier(&mut tx, kind, identifier).await? {
            return Ok(Some((identity, identifier.clone())));
        }
    }
    for address in extracted.verifiable.iter().chain(&extracted.recovery) {
        if let Some(identity) = identities::by_address(&mut tx, &address.value).await? {
            return Ok(Some((identity, address.value.clone())));
        }
    }
    Ok(None)
}

/// The hash of a password.
pub(super) fn stored(credential: &Credential) -> Option<&str> {
    credential.config.get("hashed_password")?.as_str()
}
