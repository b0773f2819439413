//! What is recovery's own of a one-time code ([`crate::otp`]): its email, and what the flow notes of it. The same work is done for an
//! address that nobody has.

use crate::courier::Letter;
use crate::engine::Ctx;
use crate::error::Result;
use crate::identity::Via;
use crate::ids::FlowId;
use crate::model::{Flow, MethodId};
use crate::otp::{self, Found, Minted, Purpose, Recipient, Sent, Submitted};
use crate::requester::Requester;
use crate::store::codes::Code;
use crate::store::{self, Tx};

/// Sends a code or a link to `to`, if an account has it as a recovery address. The caller stores the flow.
pub(crate) async fn send(
    ctx: &Ctx,
    tx: &mut Tx,
    flow: &mut Flow,
    requester: &Requester,
    (to, by): (&str, MethodId),
) -> Result<()> {
    let via = Via::of(to).name();
    let known = store::identities::by_recovery_address(tx, via, to).await?;
    let address = known.as_ref().and_then(|identity| {
        let mut own = identity.recovery_addresses.iter();
        let address = own.find(|address| address.via == via && address.value == to)?;
        Some((identity.id, address.id))
    });
    let id = flow.id;
    let own = (purpose(by), id);
    let letter = |minted: &Minted| letter(ctx, by, id, minted);
    let sent = match address {
        Some((identity, address_id)) => {
            let to = Recipient {
                identity: Some(identity),
                address_id: Some(address_id),
                address: to,
                again: false,
            };
            otp::send(ctx, tx, own, requester, to, letter).await?
        }
        None => {
            // Unknown numbers are told nothing: each message is paid for (Kratos knows none either).
            let notify =
                ctx.config.selfservice.recovery.notify_unknown_recipients && via == Via::Email.name();
            let instead = notify.then_some(match by_link(by) {
                true => Letter::RecoveryLinkUnknown,
                false => Letter::RecoveryCodeUnknown,
            });
            let nobody = Some(ctx.effects().uuid());
            let to = Recipient { identity: None, address_id: nobody, address: to, again: false };
            otp::pretend_to_send(ctx, tx, own, requester, to, letter, instead).await?
        }
    };
    if let (Sent::Limited(earlier), Some(note)) = (sent, flow.sent_mut()) {
        note.earlier = earlier.filter(|earlier| earlier.flow != id);
    }
    Ok(())
}

fn by_link(by: MethodId) -> bool {
    by == MethodId::Link
}

fn purpose(by: MethodId) -> Purpose {
    if by_link(by) { Purpose::RecoveryLink } else { Purpose::Recovery }
}

fn letter(ctx: &Ctx, by: MethodId, flow: FlowId, minted: &Minted) -> Letter {
    let minutes = otp::lifespan(&ctx.config, purpose(by)).as_secs().div_ceil(60);
    match by_link(by) {
        true => {
            let link =
                ctx.config.link_url(&format!("self-service/recovery?flow={flow}&token={}", minted.link));
            Letter::RecoveryLink { link, minutes }
        }
        false => Letter::RecoveryCode { code: minted.code.clone(), minutes },
    }
}

/// What a code is worth in this flow; see [`otp::look_up`].
pub(crate) async fn look_up(ctx: &Ctx, requester: &Requester, flow: &Flow, code: &str) -> Result<Found> {
    let by_operator = flow.by_operator().map(|id| id.to_string());
    let submitted = Submitted {
        purpose: if by_operator.is_some() { Purpose::RecoveryByOperator } else { Purpose::Recovery },
        flow: flow.id,
        code,
        sent_to: flow.sent().map(|sent| sent.to.as_str()).or(by_operator.as_deref()),
        earlier: flow.sent().and_then(|sent| sent.earlier),
        requester,
        client: flow.client(true),
        is_owner: true,
    };
    // The secret of a link is none of a code's form.
    if otp::is_of_link(code) { Ok(Found::Wrong) } else { otp::look_up(ctx, submitted).await }
}

/// The link of this flow with that secret, if it is unused and in time. Nothing is counted: nobody guesses it.
pub(crate) async fn found_link(
    ctx: &Ctx,
    requester: &Requester,
    flow: &Flow,
    token: &str,
) -> Result<Option<Code>> {
    if !otp::is_of_link(token) {
        return Ok(None);
    }
    let by_operator = flow.by_operator().map(|id| id.to_string());
    let submitted = Submitted {
        purpose: Purpose::RecoveryLink,
        flow: flow.id,
        code: token,
        sent_to: by_operator.as_deref(),
        earlier: flow.sent().and_then(|sent| sent.earlier),
        requester,
        client: flow.client(true),
        is_owner: false,
    };
    Ok(match otp::look_up(ctx, submitted).await? {
        Found::Right(row, _) => Some(*row),
        Found::Expired(_) | Found::Used | Found::Wrong | Found::TooMany | Found::Locked => None,
    })
}
