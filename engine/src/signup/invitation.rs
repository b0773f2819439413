//! What an invitation means for a sign-up: it opens the form where sign-up is by invitation only, it is kept in the flow by its
//! id, it is used up with the account, and one that was mailed proves the address that it was mailed to.

use crate::engine::Ctx;
use crate::error::{Error, Kind, Result};
use crate::form::request::{Start, first};
use crate::identity::Identity;
use crate::identity::schema::{Extracted, Schema};
use crate::identity::verification::{VerifiedBy, mark_verified};
use crate::invitations::{self, Invitation, PARAMETER, State};
use crate::model::Flow;
use crate::store::{self, Tx};
use crate::ui::{Text, text};
use uuid::Uuid;

/// The invitation that a sign-up begins with. Of its secret only the digest is ever stored (see `form::address`).
///
/// # Errors
/// 403 `invitation_required`, 410 `invitation_over`: where sign-up is by invitation only.
pub(crate) async fn of_start(ctx: &Ctx, start: &Start) -> Result<Option<Invitation>> {
    let secret = first(&start.query, PARAMETER).map(str::to_owned);
    let found = match &secret {
        Some(secret) => invitations::by_secret(ctx, secret).await?,
        None => None,
    };
    match (ctx.config.vestibule.registration.invite_only, secret, found) {
        (_, _, Some(found)) => Ok(Some(found)),
        (false, _, None) => Ok(None),
        (true, None, None) => Err(required()),
        (true, Some(_), None) => Err(over()),
    }
}

/// The form waits with the address that the invitation is for.
pub(crate) fn fill_in(flow: &mut Flow, invitation: &Invitation, schema: &Schema) {
    let Some(address) = &invitation.address else { return };
    let field = schema.traits().iter().find(|leaf| leaf.mark.verification.as_deref() == Some("email"));
    if let Some(field) = field.or_else(|| schema.only_identifier()) {
        flow.ui.put_value(&field.name, address.clone().into());
    }
}

/// Asked when a form comes in, before anything is hashed. The inner error is a message for the form.
///
/// # Errors
/// As [`of_start`].
pub(crate) async fn of_submit(
    ctx: &Ctx,
    flow: &Flow,
    extracted: &Extracted,
) -> Result<std::result::Result<Option<Invitation>, Text>> {
    let only = ctx.config.vestibule.registration.invite_only;
    let Some(id) = flow.invitation() else {
        return if only { Err(required()) } else { Ok(Ok(None)) };
    };
    let found = store::invitations::get(&mut ctx.db().single().await?, id).await?;
    let open = found.filter(|found| found.state(ctx.effects().now()) == State::Open);
    match open {
        None if only => Err(over()),
        None => Ok(Ok(None)),
        Some(invitation) if !is_for(&invitation, extracted) => Ok(Err(text::invited_by_another_address())),
        Some(invitation) => Ok(Ok(Some(invitation))),
    }
}

fn is_for(invitation: &Invitation, extracted: &Extracted) -> bool {
    invitation.address.as_ref().is_none_or(|address| {
        extracted.verifiable.iter().any(|given| given.value == *address)
            || extracted.password_identifiers.contains(address)
    })
}

/// Whoever has a link that was mailed has read the mail.
pub(crate) fn prove(ctx: &Ctx, invitation: Option<&Invitation>, identity: &mut Identity) {
    let Some(address) =
        invitation.filter(|invitation| invitation.mailed).and_then(|one| one.address.as_ref())
    else {
        return;
    };
    let now = ctx.effects().now();
    for own in identity.verifiable_addresses.iter_mut().filter(|own| own.value == *address) {
        mark_verified(own, VerifiedBy::Invitation, now);
    }
}

/// Uses it up, in the transaction that stores the account.
///
/// # Errors
/// 410 `invitation_over` for whoever comes second with it; nothing may be committed then.
pub(crate) async fn use_up(
    ctx: &Ctx,
    tx: &mut Tx,
    invitation: Option<Uuid>,
    identity: &Identity,
) -> Result<()> {
    let Some(id) = invitation else { return Ok(()) };
    match store::invitations::use_up(tx, id, identity.id, ctx.effects().now()).await? {
        true => Ok(()),
        false => Err(over()),
    }
}

fn required() -> Error {
    Error::new(
        Kind::Forbidden,
        "Sign-up is by invitation here. Open the link of your invitation, or ask whoever runs this service for one.",
    )
    .with_id("invitation_required")
}

fn over() -> Error {
    Error::new(
        Kind::Expired,
        "This invitation was used, withdrawn, or is too old. Ask whoever invited you for a new one.",
    )
    .with_id("invitation_over")
}
