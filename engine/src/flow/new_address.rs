//! A new email that is verified before it takes the place of the old one: the hook `verify_new_address` (Kratos:
//! selfservice/hook/verify_new_address.go). Until then the account stays as it is.

use super::member::{Changed, still_signed_in};
use super::show::show;
use super::work::Work;
use super::{notify, settings};
use crate::engine::Ctx;
use crate::error::Result;
use crate::form::outcome::{ContinueWith, Issued, Outcome, Saved, ShowVerification, Why, unknown};
use crate::form::verification::{ask_for_code, for_address};
use crate::identity::change::{IdentityChange, Record};
use crate::identity::verification::VerifiedBy;
use crate::identity::{Identity, State, VerifiableAddress};
use crate::method::change::AccountChange;
use crate::method::{Moves, Who, address_change};
use crate::model::{Client, FlowKind, MethodId};
use crate::otp;
use crate::session;
use crate::store::address_changes::{self, AddressChange as Waiting};
use crate::store::identities::{self, Outcome as Written};
use crate::store::{self, Tx, sessions};
use crate::ui::{Text, text};
use sha2::{Digest, Sha256};

/// What becomes of a change.
pub(super) enum Held {
    /// It has no new email: it goes on.
    No,
    Refused(Text),
    /// The session has ended, or another request wrote the form.
    Void,
    /// It waits, or there are several new emails.
    Yes(Outcome),
}

/// Keeps a change with a new email until that one is verified.
pub(super) async fn hold(work: &mut Work) -> Result<Held> {
    let ctx = work.on.ctx.clone();
    let (Who::Member(_), Some(after)) = (&work.facts.who, work.account.clone()) else { return Ok(Held::No) };
    let before = work.on.record()?.clone();
    let own = |one: &VerifiableAddress| {
        let mut all = before.identity.verifiable_addresses.iter();
        all.any(|own| own.via == one.via && own.value == one.value)
    };
    let mut new = after.verifiable_addresses.iter().filter(|one| one.via == "email" && !own(one));
    let Some(address) = new.next() else { return Ok(Held::No) };
    if new.next().is_some() {
        work.on.flow.message(text::one_address_at_a_time());
        // Stored as one that comes back; the response is not an error (contract).
        show(&mut work.on, Why::Refused).await?;
        return shown(work, None).map(Held::Yes);
    }
    if is_taken(&ctx, &before.identity, &address.value).await? {
        return Ok(Held::Refused(text::identifier_exists()));
    }
    let mut tx = ctx.db().write().await?;
    if !still_signed_in(work, &mut tx).await? {
        return Ok(Held::Void);
    }
    let verification = wait(work, &ctx, &mut tx, &before.identity, &after, address).await?;
    let told = text::verify_new_address(&address.value);
    if !settings::wait(&ctx, &mut tx, &mut work.on.flow, &before, told).await? {
        return Ok(Held::Void);
    }
    tx.commit().await?;
    shown(work, Some(verification)).map(Held::Yes)
}

/// Whether somebody else has that address, or signs in with it.
async fn is_taken(ctx: &Ctx, own: &Identity, address: &str) -> Result<bool> {
    let mut tx = ctx.db().read().await?;
    let mut owners = vec![identities::by_address(&mut tx, address).await?.map(|identity| identity.id)];
    for kind in [MethodId::Password, MethodId::Code] {
        let found = identities::by_identifier(&mut tx, kind.name(), address).await?;
        owners.push(found.map(|(identity, _)| identity.id));
    }
    Ok(owners.into_iter().flatten().any(|owner| owner != own.id))
}

/// The verification of the new address, with its code and email.
async fn wait(
    work: &Work,
    ctx: &Ctx,
    tx: &mut Tx,
    before: &Identity,
    after: &Identity,
    address: &VerifiableAddress,
) -> Result<ShowVerification> {
    let (flow, submit) = (&work.on.flow, &work.on.submit);
    let session = submit.current.as_ref().ok_or_else(session::inactive)?.session.id;
    let cookie = submit.csrf_cookie.as_deref().unwrap_or(&flow.csrf_cookie);
    let (mut verification, shown) = for_address(ctx, flow, cookie, address);
    ask_for_code(ctx, &mut verification);
    store::flows::insert(tx, &verification).await?;
    let row = Waiting {
        flow: verification.id,
        identity: before.id,
        session,
        origin: flow.id,
        address: address.value.clone(),
        traits: after.traits.clone(),
        basis: basis(before),
    };
    address_changes::insert(tx, &row).await?;
    let to = (before.id, address.value.as_str());
    address_change::send(ctx, tx, verification.id, &submit.requester, to, false).await?;
    Ok(shown)
}

/// What the change was made from.
fn basis(identity: &Identity) -> Vec<u8> {
    Sha256::digest(identity.traits.to_string().as_bytes()).to_vec()
}

/// The settings form, with where the new address is verified.
fn shown(work: &Work, verification: Option<ShowVerification>) -> Result<Outcome> {
    let current = work.on.submit.current.clone().ok_or_else(session::inactive)?;
    let client = work.plan.client;
    let mut return_to = work.on.ctx.config.page_of(FlowKind::Settings);
    return_to.query_pairs_mut().append_pair("flow", &work.on.flow.id.to_string());
    let mut continue_with: Vec<ContinueWith> = Vec::new();
    if let Some(verification) = verification {
        continue_with.push(verification.item(client != Client::Native));
        return_to = verification.url;
    }
    Ok(Outcome::Saved(Box::new(Saved {
        flow: work.on.flow.clone(),
        client,
        identity: current.identity,
        issued: Issued { session: current.session, token: current.token },
        continue_with,
        return_to,
    })))
}

/// Whether the session that the change was made in is active still, and the code was not used.
pub(super) async fn holds(moves: &Moves, ctx: &Ctx, tx: &mut Tx) -> Result<bool> {
    let now = ctx.effects().now();
    let Some(session) = sessions::get(tx, moves.change.session).await? else { return Ok(false) };
    // sabotage: new-address-of-an-active-session
    Ok(sessions::hold(tx, session.id, &session.token_hash, now).await?
        && address_changes::take(tx, moves.change.flow).await?
        && otp::use_up(tx, &moves.code, moves.counted.as_ref(), now).await?)
}

/// The new address is verified and takes the place of the old one.
pub(super) async fn change(work: &mut Work, ctx: &Ctx, tx: &mut Tx) -> Result<Changed> {
    let (Who::Moves(moves), Some((_, plan))) = (&work.facts.who, &work.sign_up) else {
        return Ok(Changed::Void);
    };
    let change = &moves.change;
    let identity = identities::get(tx, change.identity).await?.ok_or_else(unknown)?;
    if identity.state != State::Active || basis(&identity) != change.basis {
        return Ok(Changed::Void);
    }
    let credentials = identities::credentials(tx, identity.id).await?;
    let before = Record { identity, credentials };
    let now = ctx.effects().now();
    let wish = AccountChange::Traits(change.traits.clone());
    // The schema changed meanwhile.
    let Ok(changed) = wish.on(&before, now).apply(&before, &ctx.change_rules(now)) else {
        return Ok(Changed::Void);
    };
    let mut own = changed.record.identity.verifiable_addresses.iter();
    let Some(id) = own.find(|own| own.via == "email" && own.value == change.address).map(|own| own.id) else {
        return Ok(Changed::Void);
    };
    let verified = IdentityChange::verified(id, VerifiedBy::Verification);
    let verified = verified.apply(&changed.record, &ctx.change_rules(now)).map_err(|_| unknown())?;
    let mut after = verified.record;
    after.identity.version = before.identity.version + 1;
    if let Some(why) = wish.forbidden(&ctx.config, &before, &after) {
        return Ok(Changed::Refused(why));
    }
    match identities::change(tx, &before, &after).await? {
        Written::Done => {}
        Written::Stale => return Ok(Changed::Moved),
        Written::Taken => return Ok(Changed::Taken),
    }
    let requester = &work.on.submit.requester;
    notify::previous(ctx, tx, plan, requester, (&before.identity, &after.identity)).await?;
    work.account = Some(after.identity);
    Ok(Changed::Done)
}
