//! A code and a link that an operator creates: without an email, and without the limits on emails.

use super::{Minted, Purpose, Scope, bound_to, mint};
use crate::engine::Ctx;
use crate::error::Result;
use crate::ids::{FlowId, IdentityId};
use crate::store::Tx;
use crate::store::codes::{self, Code};
use chrono::{DateTime, Utc};

/// What it is good for, and until when.
#[derive(Clone, Copy, Debug)]
pub struct Given {
    pub purpose: Purpose,
    pub flow: FlowId,
    pub identity: IdentityId,
    pub expires_at: DateTime<Utc>,
}

/// Stores a new code for an account. It is bound to the account itself in place of an address, and verifies none.
pub async fn issue(ctx: &Ctx, tx: &mut Tx, given: Given) -> Result<Minted> {
    let Given { purpose, flow, identity, expires_at } = given;
    let minted = mint(ctx, Scope { purpose, flow, address: bound_to(&identity.to_string()) })?;
    let row = Code {
        id: ctx.effects().uuid(),
        flow_id: flow.0,
        purpose: purpose.name().to_owned(),
        identity_id: Some(identity.0),
        address_id: None,
        digest: minted.digests.code.clone(),
        link_digest: minted.digests.link.clone(),
        key_id: minted.digests.key_id.clone(),
        issued_at: ctx.effects().now(),
        expires_at,
        used_at: None,
    };
    codes::insert(tx, &row).await?;
    Ok(minted)
}
