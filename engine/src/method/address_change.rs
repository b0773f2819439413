//! The code that verifies a new address before it takes the place of an old one (Kratos: selfservice/hook/verify_new_address.go).

use crate::engine::Ctx;
use crate::error::Result;
use crate::form::code;
use crate::ids::{FlowId, IdentityId};
use crate::model::Flow;
use crate::otp::{self, Purpose, Recipient};
use crate::requester::Requester;
use crate::store::Tx;
use crate::store::address_changes::{self, AddressChange};

/// The change that the code of a verification is for; `None` where the flow has moved on to another address.
pub(super) async fn waiting(tx: &mut Tx, flow: &Flow) -> Result<Option<AddressChange>> {
    let row = address_changes::of_flow(tx, flow.id).await?;
    Ok(row.filter(|row| flow.sent().is_some_and(|sent| sent.to == row.address)))
}

/// Emails a code to the new address. Where a limit is reached the response is the same. `again`: the flow sent one before.
pub(crate) async fn send(
    ctx: &Ctx,
    tx: &mut Tx,
    flow: FlowId,
    requester: &Requester,
    (identity, address): (IdentityId, &str),
    again: bool,
) -> Result<()> {
    let to = Recipient { identity: Some(identity), address_id: None, address, again };
    let own = (Purpose::AddressChange, flow);
    otp::send(ctx, tx, own, requester, to, |minted| code::letter(ctx, flow, minted)).await.map(drop)
}

/// Another code for the same change, where the flow belongs to one. Whether it does.
pub(super) async fn send_again(ctx: &Ctx, tx: &mut Tx, flow: &Flow, requester: &Requester) -> Result<bool> {
    let Some(row) = waiting(tx, flow).await? else { return Ok(false) };
    send(ctx, tx, flow.id, requester, (row.identity, &row.address), true).await?;
    Ok(true)
}
