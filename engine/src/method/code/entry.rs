//! What sign-up and sign-in with a code have in common: the fields, the message with the code in one transaction with the form, and
//! what a code that came back is worth.

use crate::courier::Letter;
use crate::effects::to_completion;
use crate::error::Result;
use crate::form::envelope::{self, Holder};
use crate::form::nodes;
use crate::form::outcome::Why;
use crate::ids::IdentityId;
use crate::limits::codes::Attempt as Counted;
use crate::method::contract::{Attempt, Verdict};
use crate::model::{FlowState, MethodId, Sent};
use crate::otp::{self, Found, Minted, Purpose, Recipient, Submitted};
use crate::store::{self, codes::Code};
use crate::ui::{Group, Node, Text};
use serde_json::json;

pub(super) const TOO_MANY: &str = "Too many attempts. Start again.";
pub(super) const LOCKED: &str = "Too many incorrect codes for this address. Try again in 1 hour.";

/// The button that asks for another code.
const RESEND: &str = "resend";

/// Whether the form asks for another code.
pub(super) fn asks_for_another(on: &Attempt) -> bool {
    !on.trimmed(RESEND).is_empty()
}

pub(super) fn typed_code(on: &Attempt) -> String {
    otp::typed(&on.field("code"))
}

/// The fields for a code, called `label`.
pub(super) fn nodes(label: Text) -> [Node; 4] {
    [
        nodes::hidden_method(MethodId::Code, Group::Code),
        nodes::code_called(label),
        nodes::method(MethodId::Code, Group::Code, crate::ui::text::go_on()),
        nodes::resend_code(),
    ]
}

/// Who a code goes to.
pub(super) struct To {
    pub(super) address: String,
    /// `None`: a sign-up, whose account does not exist yet, or nobody.
    pub(super) identity: Option<IdentityId>,
    /// Nobody has that address, and the response does not tell.
    pub(super) pretends: bool,
}

/// Sends a code and stores the form that asks for it, all or nothing. A limit changes nothing of the response.
pub(super) async fn send(
    on: &mut Attempt,
    purpose: Purpose,
    to: To,
    letter: fn(String, u64) -> Letter,
) -> Result<Verdict> {
    let now = on.ctx.effects().now();
    let again = on.flow.sent().is_some_and(|sent| sent.to == to.address && !sent.limited);
    on.flow.set_sent(Sent::new(to.address.clone(), now));
    on.flow.active = Some(MethodId::Code.name().to_owned());
    on.flow.state = FlowState::SentEmail;
    on.flow.updated_at = now;
    // Only this response tells the payload back (measured).
    let payload = on.flow.transient_payload.take();
    let (ctx, mut flow, requester) = (on.ctx.clone(), on.flow.clone(), on.submit.requester.clone());
    let sending = async move {
        let recipient = Recipient { identity: to.identity, address_id: None, address: &to.address, again };
        let minutes = ctx.config.selfservice.code.lifespan.as_secs().div_ceil(60);
        let letter = |minted: &Minted| letter(minted.code.clone(), minutes);
        let of = (purpose, flow.id);
        let mut tx = ctx.db().write().await?;
        let sent = match to.pretends {
            true => otp::pretend_to_send(&ctx, &mut tx, of, &requester, recipient, letter, None).await?,
            false => otp::send(&ctx, &mut tx, of, &requester, recipient, letter).await?,
        };
        if let (otp::Sent::Limited(_), Some(sent)) = (sent, flow.sent_mut()) {
            sent.limited = true;
        }
        if store::flows::update(&mut tx, &mut flow).await?.is_none() {
            // Another request for this form was first, and its message is sent: one is enough.
            drop(tx);
            return envelope::newest(&ctx, &flow).await;
        }
        tx.commit().await?;
        Ok(flow)
    };
    on.flow = to_completion(on.ctx.engine.following(), sending).await?;
    on.flow.transient_payload = Some(payload.unwrap_or_else(|| json!({})));
    Ok(Verdict::Stored(Why::Sent))
}

/// Why a code is not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Entry {
    Wrong,
    /// It was right once: too old, or used.
    Expired,
    TooMany,
    Locked,
}

pub(super) enum Entered {
    Right(Box<Code>, Option<Counted>),
    Refused(Entry),
}

/// What a code is worth in this flow. The attempt is counted first.
pub(super) async fn look_up(on: &Attempt, purpose: Purpose, code: &str) -> Result<Entered> {
    let submitted = Submitted {
        purpose,
        flow: on.flow.id,
        code,
        sent_to: on.flow.sent().map(|sent| sent.to.as_str()),
        earlier: None,
        requester: &on.submit.requester,
        client: on.flow.client(true),
        is_owner: on.holder == Holder::Own,
    };
    Ok(match otp::look_up(&on.ctx, submitted).await? {
        Found::Right(code, counted) => Entered::Right(code, counted),
        Found::Wrong => Entered::Refused(Entry::Wrong),
        Found::Expired(_) | Found::Used => Entered::Refused(Entry::Expired),
        Found::TooMany => Entered::Refused(Entry::TooMany),
        Found::Locked => Entered::Refused(Entry::Locked),
    })
}
