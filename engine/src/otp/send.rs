//! A new code on its way: within the limits on emails, in place of the flow's earlier ones, in one transaction with its email.

use super::{Minted, Purpose, Scope, mint};
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

/// An address of an account.
#[derive(Clone, Copy, Debug)]
pub struct Recipient<'a> {
    pub identity: IdentityId,
    pub address_id: Uuid,
    pub address: &'a str,
}

/// What became of an email with a code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum Sent {
    Queued,
    /// A limit was reached and no email is sent. Earlier codes stay valid, and so does in this flow the code of the last email.
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
    let holds = sent.iter().any(|code| code.address_id == to.address_id);
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
    let standing = Standing::of_browser(requester, to.identity);
    let occasion = Occasion { requester, standing, holds: holds.then_some(flow) };
    if !limits::emails::may_send(ctx, tx, to.address, occasion).await? {
        let last = codes::last_for(tx, to.address_id, purpose.name(), now).await?;
        let earlier = last.map(|last| Earlier { flow: FlowId(last.flow_id), address: last.address_id });
        return Ok(Sent::Limited(earlier));
    }
    let minted = mint(ctx, Scope { purpose, flow, address: to.address_id })?;
    if replaces {
        codes::forget(tx, flow, purpose.name()).await?;
    }
    let row = Code {
        id: ctx.effects().uuid(),
        flow_id: flow.0,
        purpose: purpose.name().to_owned(),
        identity_id: to.identity.0,
        address_id: to.address_id,
        digest: minted.digests.code.clone(),
        link_digest: minted.digests.link.clone(),
        key_id: minted.digests.key_id.clone(),
        issued_at: now,
        expires_at: now + ctx.config.selfservice.code.lifespan,
        used_at: None,
    };
    codes::insert(tx, &row).await?;
    courier::queue(ctx, tx, to.address, &letter(&minted)).await?;
    Ok(Sent::Queued)
}

/// The work of [`send`] for an address that no account has, so that its time does not tell: a code is created, and its email is
/// written and taken back. Where unknown recipients are told that they have no account, that email (`instead`) is sent.
pub async fn pretend_to_send(
    ctx: &Ctx,
    tx: &mut Tx,
    (purpose, flow): (Purpose, FlowId),
    requester: &Requester,
    (to, address_id): (&str, Uuid),
    letter: impl FnOnce(&Minted) -> Letter,
    instead: Option<Letter>,
) -> Result<Sent> {
    let now = ctx.effects().now();
    codes::of_flow(tx, flow, purpose.name()).await?;
    let occasion = Occasion { requester, standing: Standing::Stranger, holds: None };
    if !limits::emails::may_send(ctx, tx, to, occasion).await? {
        codes::last_for(tx, address_id, purpose.name(), now).await?;
        return Ok(Sent::Limited(None));
    }
    let minted = mint(ctx, Scope { purpose, flow, address: address_id })?;
    codes::forget(tx, flow, purpose.name()).await?;
    match instead {
        Some(letter) => courier::queue(ctx, tx, to, &letter).await.map(drop)?,
        None => courier::pretend_to_queue(ctx, tx, to, &letter(&minted)).await?,
    }
    Ok(Sent::Queued)
}
