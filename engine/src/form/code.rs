//! What is verification's own of a one-time code ([`crate::otp`]): its email, and what the flow notes of it.

use super::envelope::Holder;
use crate::courier::Letter;
use crate::engine::Ctx;
use crate::error::Result;
use crate::identity::{VerifiableAddress, Via};
use crate::ids::{FlowId, IdentityId};
use crate::model::{Earlier, Flow, MethodId};
use crate::otp::{self, Found, Minted, Purpose, Recipient, Scope, Sent, Submitted};
use crate::requester::Requester;
use crate::store::{self, Tx};
use uuid::Uuid;

pub(crate) fn scope(flow: FlowId, address: Uuid) -> Scope {
    Scope { purpose: Purpose::Verification, flow, address }
}

/// Sends a code to `address`. Where a limit was reached the flow notes whose code counts in it, and the caller stores the flow.
pub(crate) async fn send(
    ctx: &Ctx,
    tx: &mut Tx,
    flow: &mut Flow,
    requester: &Requester,
    identity: IdentityId,
    address: &VerifiableAddress,
) -> Result<()> {
    let to = Recipient {
        identity: Some(identity),
        address_id: Some(address.id),
        address: &address.value,
        again: false,
    };
    let own = (Purpose::Verification, flow.id);
    let sent = otp::send(ctx, tx, own, requester, to, |minted| letter(ctx, own.1, minted)).await?;
    note(ctx, tx, flow, address, sent).await
}

/// The same for a flow that `tx` itself creates.
pub(crate) async fn send_first(
    ctx: &Ctx,
    tx: &mut Tx,
    flow: &mut Flow,
    requester: &Requester,
    identity: IdentityId,
    address: &VerifiableAddress,
) -> Result<()> {
    let to = Recipient {
        identity: Some(identity),
        address_id: Some(address.id),
        address: &address.value,
        again: false,
    };
    let own = (Purpose::Verification, flow.id);
    let sent = otp::send_first(ctx, tx, own, requester, to, |minted| letter(ctx, own.1, minted)).await?;
    note(ctx, tx, flow, address, sent).await
}

async fn note(
    ctx: &Ctx,
    tx: &mut Tx,
    flow: &mut Flow,
    address: &VerifiableAddress,
    sent: Sent,
) -> Result<()> {
    match sent {
        Sent::Queued => store::identities::mark_sent(tx, address.id, ctx.effects().now()).await,
        Sent::Limited(earlier) => {
            counts_too(flow, earlier);
            Ok(())
        }
    }
}

/// The same work for an address that no account has.
pub(crate) async fn pretend_to_send(
    ctx: &Ctx,
    tx: &mut Tx,
    flow: FlowId,
    requester: &Requester,
    to: &str,
) -> Result<()> {
    let nobody = ctx.effects().uuid();
    let own = (Purpose::Verification, flow);
    let notify = ctx.config.selfservice.verification.notify_unknown_recipients;
    let by_link = ctx.config.selfservice.verification.by == MethodId::Link;
    let unknown = if by_link { Letter::VerificationLinkUnknown } else { Letter::VerificationUnknown };
    // Unknown numbers are told nothing: each message is paid for (Kratos knows none either).
    let instead = (notify && Via::of(to) == Via::Email).then_some(unknown);
    let letter = |minted: &Minted| letter(ctx, flow, minted);
    let recipient = Recipient { identity: None, address_id: Some(nobody), address: to, again: false };
    match otp::pretend_to_send(ctx, tx, own, requester, recipient, letter, instead).await? {
        Sent::Queued => store::identities::mark_sent(tx, nobody, ctx.effects().now()).await,
        Sent::Limited(_) => Ok(()),
    }
}

/// No email is sent for this flow: what an earlier one brought counts in it. The caller stores the flow.
pub(crate) fn counts_too(flow: &mut Flow, earlier: Option<Earlier>) {
    let own = flow.id;
    if let Some(sent) = flow.sent_mut() {
        sent.earlier = earlier.filter(|earlier| earlier.flow != own);
    }
}

pub(crate) fn letter(ctx: &Ctx, flow: FlowId, minted: &Minted) -> Letter {
    let link = &minted.link;
    let minutes = otp::lifespan(&ctx.config, Purpose::Verification).as_secs().div_ceil(60);
    if ctx.config.selfservice.verification.by == MethodId::Link {
        let link = ctx.config.link_url(&format!("self-service/verification?flow={flow}&token={link}"));
        return Letter::VerificationLink { link, minutes };
    }
    Letter::VerificationCode {
        code: minted.code.clone(),
        link: ctx.config.public_url(&format!("self-service/verification?code={link}&flow={flow}")),
        minutes,
    }
}

/// What a code is worth in this flow; see [`otp::look_up`].
pub(crate) async fn look_up(
    ctx: &Ctx,
    requester: &Requester,
    flow: &Flow,
    code: &str,
    holder: Holder,
) -> Result<Found> {
    look_up_for(Purpose::Verification, ctx, requester, flow, code, holder).await
}

/// The same for another purpose.
pub(crate) async fn look_up_for(
    purpose: Purpose,
    ctx: &Ctx,
    requester: &Requester,
    flow: &Flow,
    code: &str,
    holder: Holder,
) -> Result<Found> {
    let submitted = Submitted {
        purpose,
        flow: flow.id,
        code,
        sent_to: flow.sent().map(|sent| sent.to.as_str()),
        earlier: flow.sent().and_then(|sent| sent.earlier),
        requester,
        client: flow.client(true),
        is_owner: holder == Holder::Own,
    };
    otp::look_up(ctx, submitted).await
}
