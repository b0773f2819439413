//! Whose account a user of a provider signs in to.

use crate::engine::Ctx;
use crate::error::Result;
use crate::identity::Identity;
use crate::model::MethodId;
use crate::social::ExternalIdentity;
use crate::store;

/// Whose account the provider's subject is linked to.
pub(super) async fn known(ctx: &Ctx, visitor: &ExternalIdentity) -> Result<Option<Identity>> {
    let mut tx = ctx.db().read().await?;
    let found =
        store::identities::by_identifier(&mut tx, MethodId::Oidc.name(), &visitor.identifier()).await?;
    Ok(found.map(|(identity, _)| identity))
}
