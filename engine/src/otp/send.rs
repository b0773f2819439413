//! A new code on its way: within the limits on emails, in place of the flow's earlier ones, in one transaction with its email.

use super::{Minted, Purpose, Scope, bound_to, lifespan, mint};
use crate::courier::{self, Letter};
use crate::engine::Ctx;
use crate::error::Result;
use crate::ids::{FlowId, IdentityId};
use crate::limits::{self, Standing, emails::Occasion};
use crate::model::Earlier;
use crate::requester::Requester;
use crate::store::Tx;
use crate::store::codes::{self, Code};
use uuid::Uuid;

/// Who a code is sent to.
#[derive(Clone, Copy, Debug)]
pub struct Recipient<'a> {
    /// `None`: a sign-up, whose account does not exist yet.
    pub identity: Option<IdentityId>,
    /// `None`: the code is bound to the text of the address.
    pub address_id: Option<Uuid>,
    pub address: &'a str,
    /// The form's email went to that address before, where no row of an address tells.
    pub again: bool,
}

impl Recipient<'_> {
    fn bound_to(&self) -> Uuid {
        self.address_id.unwrap_or_else(|| bound_to(self.address))
    }
}

/// What became of an email with a code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum Sent {
    Queued,
    /// A limit was reached and no email is sent. Earlier codes stay valid, and so does in this flow the code of the last email to an
    /// address that has a row.
    Limited(Option<Earlier>),
}

/// Creates a code in place of the flow's earlier ones for that purpose and queues the email with it.
pub async fn send(
    ctx: &Ctx,
    tx: &mut Tx,
    own: (Purpose, FlowId),
    requester: &Requester,
    to: Recipient<'_>,
    letter: impl FnOnce(&Minted) -> Letter,
) -> Result<Sent> {
    let (purpose, flow) = own;
    let sent = codes::of_flow(tx, flow, purpose.name()).await?;
    let holds = match to.address_id {
        Some(_) => sent.iter().any(|code| code.address_id == to.address_id),
        None => to.again,
    };
    send_within_limits(ctx, tx, own, (requester, holds), to, letter, true).await
}

/// The same for a flow that `tx` itself creates: it has no earlier codes to look for.
pub async fn send_first(
    ctx: &Ctx,
    tx: &mut Tx,
    own: (Purpose, FlowId),
    requester: &Requester,
    to: Recipient<'_>,
    letter: impl FnOnce(&Minted) -> Letter,
) -> Result<Sent> {
    send_within_limits(ctx, tx, own, (requester, false), to, letter, false).await
}

/// `holds`: the flow sent a code to that address before. `replaces`: it may have codes, which the new one makes void.
async fn send_within_limits(
    ctx: &Ctx,
    tx: &mut Tx,
    (purpose, flow): (Purpose, FlowId),
    (requester, holds): (&Requester, bool),
    to: Recipient<'_>,
    letter: impl FnOnce(&Minted) -> Letter,
    replaces: bool,
) -> Result<Sent> {
    let now = ctx.effects().now();
    let standing = to.identity.map_or(Standing::Stranger, |id| Standing::of_browser(requester, id));
    let occasion = Occasion { requester, standing, holds: holds.then_some(flow) };
    if !limits::emails::may_send(ctx, tx, to.address, occasion).await? {
        let Some(address) = to.address_id else { return Ok(Sent::Limited(None)) };
        let last = codes::last_for(tx, address, purpose.name(), now).await?;
        let earlier = last.map(|last| Earlier { flow: FlowId(last.flow_id), address });
        return Ok(Sent::Limited(earlier));
    }
    let minted = mint(ctx, Scope { purpose, flow, address: to.bound_to() })?;
    if replaces {
        codes::forget(tx, flow, purpose.name()).await?;
    }
    let row = Code {
        id: ctx.effects().uuid(),
        flow_id: flow.0,
        purpose: purpose.name().to_owned(),
        identity_id: to.identity.map(|id| id.0),
        address_id: to.address_id,
        digest: minted.digests.code.clone(),
        link_digest: minted.digests.link.clone(),
        key_id: minted.digests.key_id.clone(),
        issued_at: now,
        expires_at: now + lifespan(&ctx.config, purpose),
        used_at: None,
    };
    codes::insert(tx, &row).await?;
    courier::queue(ctx, tx, to.address, &letter(&minted)).await?;
    Ok(Sent::Queued)
}

/// The work of [`send`] for an address that no account has, so that its time does not tell: a code is created, and its email is
/// written and taken back. Where unknown recipients are told that they have no account, that email (`instead`) is sent. `to`: as for an
/// account, which nobody has.
pub async fn pretend_to_send(
    ctx: &Ctx,
    tx: &mut Tx,
    (purpose, flow): (Purpose, FlowId),
    requester: &Requester,
    to: Recipient<'_>,
    letter: impl FnOnce(&Minted) -> Letter,
    instead: Option<Letter>,
) -> Result<Sent> {
    let now = ctx.effects().now();
    codes::of_flow(tx, flow, purpose.name()).await?;
    let occasion = Occasion { requester, standing: Standing::Stranger, holds: to.again.then_some(flow) };
    if !limits::emails::may_send(ctx, tx, to.address, occasion).await? {
        if let Some(address) = to.address_id {
            codes::last_for(tx, address, purpose.name(), now).await?;
        }
        return Ok(Sent::Limited(None));
    }
    let minted = mint(ctx, Scope { purpose, flow, address: to.bound_to() })?;
    codes::forget(tx, flow, purpose.name()).await?;
    match instead {
        Some(letter) => courier::queue(ctx, tx, to.address, &letter).await.map(drop)?,
        None => courier::pretend_to_queue(ctx, tx, to.address, &letter(&minted)).await?,
    }
    Ok(Sent::Queued)
}
