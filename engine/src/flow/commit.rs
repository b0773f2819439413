//! The transaction of a plan: what was proven is asked again, then everything that follows from it is stored, or nothing. Where another
//! request wrote the flow meanwhile it begins again from the newer one; nothing is counted, called or sent twice.

use super::member::{self, Changed};
use super::new_address;
use super::recovered as recovery;
use super::show::return_url;
use super::work::Work;
use crate::activity::Event;
use crate::engine::Ctx;
use crate::error::Result;
use crate::form::csrf;
use crate::form::envelope;
use crate::form::outcome::{DeferredLogin, Issued, unknown};
use crate::form::verification::{begin, finish, unverified};
use crate::hooks::call;
use crate::identity::State;
use crate::identity::change::{IdentityChange, Record};
use crate::identity::verification::VerifiedBy;
use crate::ids::FlowId;
use crate::method::{Who, oidc};
use crate::model::{Client, FlowKind, FlowState};
use crate::otp;
use crate::plan::Step;
use crate::session::{self, DeviceInfo};
use crate::signup::{deferred, invitation, reset};
use crate::store::identities::{self, Inserted, Outcome};
use crate::store::{self, Tx, sessions};
use crate::ui::Text;
use uuid::Uuid;

pub(super) enum Committed {
    Done,
    /// An account with one of these identifiers is there.
    Taken,
    /// What was proven is not so any more, or was used meanwhile.
    Void,
    /// A rule of the account forbids it.
    Refused(Text),
}

enum Stored {
    As(Committed),
    /// Another request wrote the flow or the identity.
    Moved,
}

pub(super) async fn commit(work: &mut Work) -> Result<Committed> {
    let ctx = work.on.ctx.clone();
    prepare(work)?;
    loop {
        let mut tx = ctx.db().write().await?;
        match store(work, &ctx, &mut tx).await? {
            Stored::As(Committed::Done) => {
                tx.commit().await?;
                ctx.engine.wake_hooks();
                count(work, &ctx);
                return Ok(Committed::Done);
            }
            Stored::As(other) => return Ok(other),
            Stored::Moved => {
                drop(tx);
                work.on.flow = envelope::newest(&ctx, &work.on.flow).await?;
                if work.on.flow.state == FlowState::Passed {
                    return Ok(Committed::Void);
                }
            }
        }
    }
}

/// For the overview of the console.
fn count(work: &Work, ctx: &Ctx) {
    let event = match &work.facts.who {
        Who::New(_) | Who::Waiting(_) => Event::SignUp,
        Who::Recovered(_) => Event::SignIn,
        Who::Known(_) if work.made.issued.is_some() => Event::SignIn,
        Who::Known(_) | Who::Owner(_) | Who::Member(_) | Who::Moves(_) => return,
    };
    ctx.engine.activity().count(event, ctx.effects().now());
}

/// What needs no transaction.
fn prepare(work: &mut Work) -> Result<()> {
    if !matches!(work.facts.who, Who::New(_)) {
        return Ok(());
    }
    work.count_proofs();
    let ctx = work.on.ctx.clone();
    if let Some(identity) = work.account.as_ref().filter(|_| work.signs_in_at_once() && !is_fetched(work)) {
        let device = DeviceInfo::of(&work.on.submit.requester);
        let (mut session, token) = session::new(&ctx, identity, work.plan.method.name(), &device);
        session::by_provider(&mut session, provider(work));
        work.made.issued = Some(Issued { session, token });
    }
    // An address that was allowed at the start and is not any more must not cost the account.
    work.made.return_to = Some(return_url(&work.on, &work.on.flow, work.plan.method)?);
    let begins = work.made.issued.is_some() || sends_code(work);
    work.made.new_csrf_cookie =
        (work.plan.client != Client::Native && begins).then(|| csrf::new_cookie(ctx.effects()));
    Ok(())
}

/// An app fetches the session, which is made then.
fn is_fetched(work: &Work) -> bool {
    work.on.exchange.is_some()
}

fn provider(work: &Work) -> Option<&str> {
    match &work.facts.who {
        Who::New(account) => account.provider(),
        Who::Known(known) => known.provider.as_deref(),
        Who::Owner(_) | Who::Waiting(_) | Who::Member(_) | Who::Recovered(_) | Who::Moves(_) => None,
    }
}

fn sends_code(work: &Work) -> bool {
    work.plan.steps.contains(&Step::SendCode)
}

async fn store(work: &mut Work, ctx: &Ctx, tx: &mut Tx) -> Result<Stored> {
    if !still_true(work, ctx, tx).await? {
        return Ok(Stored::As(Committed::Void));
    }
    match change(work, ctx, tx).await? {
        Changed::Done => {}
        Changed::Taken => return Ok(Stored::As(Committed::Taken)),
        Changed::Void => return Ok(Stored::As(Committed::Void)),
        Changed::Moved => return Ok(Stored::Moved),
        Changed::Refused(why) => return Ok(Stored::As(Committed::Refused(why))),
    }
    spend(work, ctx, tx).await?;
    if !store_session(work, ctx, tx).await? {
        return Ok(Stored::As(Committed::Void));
    }
    if work.plan.flow == FlowKind::Settings {
        if !member::finish(work, ctx, tx).await? {
            return Ok(Stored::Moved);
        }
    } else {
        send_code(work, ctx, tx).await?;
    }
    if work.plan.flow == FlowKind::Verification {
        let mut finished = work.on.flow.clone();
        finish(ctx, &mut finished);
        finished.updated_at = ctx.effects().now();
        if store::flows::update(tx, &mut finished).await?.is_none() {
            return Ok(Stored::Moved);
        }
        work.on.flow = finished;
    }
    if work.plan.flow == FlowKind::Recovery && !recovery::finish(work, ctx, tx).await? {
        return Ok(Stored::Moved);
    }
    for (about, plan) in work.informs() {
        call::inform(ctx, tx, plan.informed(), &about).await?;
    }
    Ok(Stored::As(Committed::Done))
}

/// Whether what was proven is so still, and was not used. From here on it does not change until the transaction ends.
async fn still_true(work: &mut Work, ctx: &Ctx, tx: &mut Tx) -> Result<bool> {
    match &work.facts.who {
        Who::New(_) => used_up(work, ctx, tx).await,
        Who::Known(known) => {
            // Somebody verified the address meanwhile. They may have reset the account, and then what was right is not any more; and a
            // session from before the verification must not begin after it.
            let unverified = work.made.issued.as_ref().is_some_and(|issued| issued.session.unverified);
            let before = known.identity.resettable || unverified;
            // sabotage: session-while-it-holds
            Ok(known.basis.holds(tx, known.identity.id).await?
                && (!before || identities::still_before_proof(tx, &known.identity).await?)
                && used_up(work, ctx, tx).await?)
        }
        Who::Owner(owner) => {
            let is_first = identities::claim(tx, owner.code.identity()).await?;
            // Another verification was first, and what is there now belongs to whoever that was.
            if owner.new_password.is_some() && !is_first {
                return Ok(false);
            }
            otp::use_up(tx, &owner.code, owner.counted.as_ref(), ctx.effects().now()).await
        }
        Who::Recovered(recovered) => recovery::holds(recovered, ctx, tx).await,
        Who::Waiting(right) => right.take(tx).await,
        Who::Member(_) => member::still_signed_in(work, tx).await,
        Who::Moves(moves) => new_address::holds(moves, ctx, tx).await,
    }
}

/// Uses the code of a sign-up or sign-in up, where there is one. `false`: another request was first, or its time is over.
async fn used_up(work: &Work, ctx: &Ctx, tx: &mut Tx) -> Result<bool> {
    match &work.facts.code {
        Some(right) => otp::use_up(tx, &right.code, right.counted.as_ref(), ctx.effects().now()).await,
        None => Ok(true),
    }
}

/// Creates the account, or changes it.
async fn change(work: &mut Work, ctx: &Ctx, tx: &mut Tx) -> Result<Changed> {
    match &work.facts.who {
        Who::New(account) => {
            let identity = work.account.as_ref().ok_or_else(unknown)?;
            let is_reserved = work.reservation.as_ref().is_some_and(|one| one.is_reserved());
            if !is_reserved {
                match identities::insert(tx, identity, &account.credentials(identity)).await? {
                    Inserted::Done => {}
                    Inserted::Taken => return Ok(Changed::Taken),
                }
            }
            if let Some(reservation) = &work.reservation {
                reservation.finish(tx).await?;
            }
            Ok(Changed::Done)
        }
        Who::Known(_) => {
            if let Some(link) = &work.made.link
                && !oidc::link::link(ctx, tx, link).await?
            {
                return Ok(Changed::Moved);
            }
            match work.verifies() {
                Some(address) => verify_with_code(work, ctx, tx, address).await,
                None => Ok(Changed::Done),
            }
        }
        Who::Owner(_) => verify(work, ctx, tx).await,
        Who::Member(_) => member::change(work, ctx, tx).await,
        Who::Moves(_) => new_address::change(work, ctx, tx).await,
        Who::Recovered(_) => recovery::change(work, ctx, tx).await,
        Who::Waiting(right) => {
            let identity = work.account.as_ref().ok_or_else(unknown)?;
            let credentials = work.made.credentials.as_slice();
            match identities::insert(tx, identity, credentials).await? {
                Inserted::Done => right.settle(tx).await.map(|()| Changed::Done),
                Inserted::Taken => Ok(Changed::Void),
            }
        }
    }
}

/// The address of an account is verified. What waited for that is taken first, for the verification ends everything that waits.
async fn verify(work: &mut Work, ctx: &Ctx, tx: &mut Tx) -> Result<Changed> {
    let Who::Owner(owner) = &work.facts.who else { return Ok(Changed::Void) };
    let code = &owner.code;
    let flow = &work.on.flow;
    let mut identity = identities::get(tx, code.identity()).await?.ok_or_else(unknown)?;
    let mut given = None;
    match (&owner.new_password, &work.made.claim) {
        (None, Some(claim)) => {
            let taken = claim.take(ctx, tx, flow, code, &identity).await?;
            given = taken.or_else(|| claim.renew(ctx, flow, &identity));
        }
        (None, None) => {}
        (Some(hash), _) => {
            if !reset::take_over(ctx, tx, flow, code, &mut identity, hash).await? {
                return Ok(Changed::Void);
            }
        }
    }
    let before = Record { identity, credentials: Vec::new() };
    let change = IdentityChange::verified(code.address(), VerifiedBy::Verification);
    let changed = change.apply(&before, &ctx.change_rules(ctx.effects().now())).map_err(|_| unknown())?;
    match identities::change(tx, &before, &changed.record).await? {
        Outcome::Done => {}
        // Another request wrote the identity.
        Outcome::Stale | Outcome::Taken => return Ok(Changed::Moved),
    }
    let identity = changed.record.identity;
    if let Some(given) = &mut given {
        given.identity = identity.clone();
    }
    work.made.given = given;
    work.account = Some(identity);
    Ok(Changed::Done)
}

/// The address that a sign-in verifies, in the account as it is now.
async fn verify_with_code(work: &Work, ctx: &Ctx, tx: &mut Tx, address: Uuid) -> Result<Changed> {
    let Who::Known(known) = &work.facts.who else { return Ok(Changed::Void) };
    let identity = identities::get(tx, known.identity.id).await?.ok_or_else(unknown)?;
    let before = Record { identity, credentials: Vec::new() };
    let change = IdentityChange::verified(address, VerifiedBy::Code);
    // The address was dropped meanwhile.
    let Ok(changed) = change.apply(&before, &ctx.change_rules(ctx.effects().now())) else {
        return Ok(Changed::Void);
    };
    Ok(match identities::change(tx, &before, &changed.record).await? {
        Outcome::Done => Changed::Done,
        Outcome::Stale | Outcome::Taken => Changed::Moved,
    })
}

/// Uses up what counts once.
async fn spend(work: &Work, ctx: &Ctx, tx: &mut Tx) -> Result<()> {
    // sabotage: id-token-once
    oidc::spend(ctx, tx, work.facts.token.as_ref()).await?;
    let invitation = match &work.facts.who {
        Who::New(_) => work.invitation.as_ref().map(|invitation| invitation.id),
        Who::Waiting(right) => right.invitation(),
        Who::Known(_) | Who::Owner(_) | Who::Member(_) | Who::Recovered(_) | Who::Moves(_) => None,
    };
    match &work.account {
        Some(identity) => invitation::use_up(ctx, tx, invitation, identity).await,
        None => Ok(()),
    }
}

/// The session of the response, unless a service is still to agree. `false`: the one that was to be refreshed is gone.
async fn store_session(work: &Work, ctx: &Ctx, tx: &mut Tx) -> Result<bool> {
    match &work.facts.who {
        // The session that the change is made in goes on.
        Who::Member(_) | Who::Moves(_) => Ok(true),
        Who::New(_) | Who::Owner(_) | Who::Waiting(_) if work.issues_later() => Ok(true),
        Who::New(_) => match &work.made.issued {
            Some(issued) => sessions::insert(tx, &issued.session).await.map(|()| true),
            None => Ok(true),
        },
        Who::Owner(_) | Who::Waiting(_) => match &work.made.given {
            Some(given) => sessions::insert(tx, &given.issued.session).await.map(|()| true),
            None => Ok(true),
        },
        Who::Recovered(recovered) => {
            let Some(Issued { session, .. }) = &work.made.issued else { return Ok(true) };
            sessions::insert(tx, session).await?;
            // sabotage: recovery-ends-sessions
            sessions::revoke_others(tx, recovered.identity.id, session.id).await?;
            Ok(true)
        }
        Who::Known(known) => {
            let Some(Issued { session, .. }) = &work.made.issued else { return Ok(true) };
            match (&work.made.refreshes, &work.on.submit.current) {
                (Some(was), _) => {
                    if !session::store_refreshed(ctx, tx, session, was).await? {
                        return Ok(false);
                    }
                }
                // Another user takes the place of the one that was signed in, whose session would live on where nobody sees it.
                (None, Some(other)) if work.on.flow.is_refresh() => {
                    sessions::revoke(tx, other.identity.id, other.session.id).await?;
                }
                (None, _) => {}
            }
            if work.made.refreshes.is_none() && !is_fetched(work) {
                sessions::insert(tx, session).await?;
            }
            if work.made.others_end {
                sessions::revoke_others(tx, known.identity.id, session.id).await?;
            }
            Ok(true)
        }
    }
}

/// A code to the first address of a new account that waits for verification.
async fn send_code(work: &mut Work, ctx: &Ctx, tx: &mut Tx) -> Result<()> {
    let waits = work
        .account
        .as_ref()
        .and_then(|identity| unverified(&ctx.config, identity))
        .filter(|_| sends_code(work))
        .cloned();
    let (Some(address), Some(identity)) = (waits, &work.account) else { return Ok(()) };
    let cookie = work.made.new_csrf_cookie.as_deref().unwrap_or_default();
    let (flow, requester) = (&work.on.flow, &work.on.submit.requester);
    let begun = begin(ctx, tx, flow, cookie, requester, identity.id, &address).await?;
    let signs_in_later = work.issues_later() && work.plan.issues();
    if !signs_in_later {
        work.made.deferred = defer(work, ctx, tx, begun.flow, address.id).await?;
    }
    work.made.verification = Some(begun);
    if let Some(identity) = &mut work.account {
        for sent in identity.verifiable_addresses.iter_mut().filter(|sent| sent.id == address.id) {
            sent.status = "sent".to_owned();
        }
    }
    Ok(())
}

/// What waits for the verification, where the plan says so or it resets the account.
async fn defer(
    work: &Work,
    ctx: &Ctx,
    tx: &mut Tx,
    flow: FlowId,
    address: Uuid,
) -> Result<Option<DeferredLogin>> {
    let Some(identity) = &work.account else { return Ok(None) };
    let signs_in = work.plan.signs_in_when_proven() && identity.state == State::Active;
    // Who has the secret is known by it to have signed up: their verification resets nothing.
    if is_fetched(work) || !(signs_in || identity.resettable) {
        return Ok(None);
    }
    deferred::keep(ctx, tx, flow, identity.id, address, (work.plan.method, signs_in)).await
}

/// Where a service was waited for, nothing was stored so far that might not be returned.
pub(super) async fn issue_later(work: &mut Work) -> Result<()> {
    let ctx = work.on.ctx.clone();
    let mut tx = ctx.db().write().await?;
    if let Some(given) = &work.made.given {
        sessions::insert(&mut tx, &given.issued.session).await?;
    }
    if let (Who::New(_), Some(identity)) = (&work.facts.who, &work.account) {
        // Somebody verified the address while the service was waited for: no session from before begins after it.
        let unverified = work.made.issued.as_ref().is_some_and(|issued| issued.session.unverified);
        let before = identity.resettable || unverified;
        if before && !identities::still_before_proof(&mut tx, identity).await? {
            work.made.issued = None;
        }
        if let Some(issued) = &work.made.issued {
            sessions::insert(&mut tx, &issued.session).await?;
        }
    }
    let waits = work
        .account
        .as_ref()
        .and_then(|identity| unverified(&ctx.config, identity))
        .map(|address| address.id);
    if let (Some(begun), Some(address)) = (work.made.verification.clone(), waits) {
        work.made.deferred = defer(work, &ctx, &mut tx, begun.flow, address).await?;
    }
    tx.commit().await
}
