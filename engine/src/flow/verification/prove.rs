//! A code came back: what it proves, and what happens with the proof.

use super::super::code::{self, Found};
use super::super::handover::{Claim, Given};
use super::super::takeover::{self, Standing};
use super::super::{
    Flow, PASSED, Submit,
    envelope::{self, Holder, save},
    pending, take_transient_payload, unknown, webhook,
};
use super::form::{ask_for_code, finish};
use super::{Replaced, Submitted, browsers, replace};
use crate::config::hooks::Response;
use crate::effects::to_completion;
use crate::engine::Ctx;
use crate::error::Result;
use crate::identity::Identity;
use crate::identity::proof::{By, address_proven};
use crate::limits::codes::Attempt;
use crate::store;
use crate::store::codes::{self, Code};
use crate::ui::text;
use serde_json::{Value, json};

/// A code came back. It needs no anti-forgery token: who has it has read the mail. What a session is given for is another
/// matter ([`Claim`]).
pub(super) async fn prove(
    ctx: &Ctx,
    (flow, holder): (Flow, Holder),
    code: &str,
    body: &Value,
    path_and_query: &str,
    submit: Submit,
) -> Result<Submitted> {
    const USED: &str = "This code was used already. Ask for a new one.";
    let waiting = pending::look_up(ctx, &submit.requester, &flow, code, holder).await?;
    if let Some(found) = waiting {
        use pending::Found::{Locked, TooMany, Wrong};
        if holder == Holder::Foreign && matches!(found, Wrong | Locked | TooMany) {
            return Err(envelope::foreign(&submit));
        }
        return prove_pending(ctx, flow, found, code, body, path_and_query, submit).await;
    }
    let found = code::look_up(ctx, &submit.requester, &flow, code, holder).await?;
    if holder == Holder::Foreign && matches!(found, Found::Wrong | Found::Locked | Found::TooMany) {
        return Err(envelope::foreign(&submit));
    }
    let (why, over) = match found {
        Found::Right(row, counted) => {
            let new_password = match takeover::standing(ctx, &flow, &row, body, &submit).await? {
                Standing::Keeps => None,
                Standing::TakesOver(hash) => Some(hash),
                Standing::Ends => {
                    let work = ctx.clone();
                    let ended = to_completion(ctx.engine.following(), async move {
                        takeover::end(&work, &row, counted.as_ref()).await
                    })
                    .await?;
                    let why = if ended { text::account_ended() } else { text::generic(USED) };
                    return replace(ctx, &flow, &submit, path_and_query, Replaced::Over, why).await;
                }
                Standing::Asked(missing) => {
                    let mut flow = flow;
                    takeover::ask(ctx, &mut flow, &submit, code, missing).await?;
                    return Ok(Submitted::Again(Box::new(flow)));
                }
            };
            let claim = Claim::of(&flow, &submit, body.get("csrf_token").and_then(Value::as_str));
            let (work, id) = (ctx.clone(), row.id);
            let (passed, seen) = (flow.clone(), submit.seen.clone());
            let right = Right { row: *row, counted, new_password };
            let done = to_completion(ctx.engine.following(), async move {
                pass(&work, passed, &right, &claim, &seen).await
            })
            .await?;
            match done {
                Some((flow, Some(given))) => return Ok(Submitted::SignedIn(Box::new(flow), Box::new(given))),
                Some((flow, None)) => return Ok(Submitted::Next(Box::new(flow))),
                None => {
                    tracing::debug!(%id, "two came with one code at once");
                    (Replaced::Over, text::generic(USED))
                }
            }
        }
        Found::Wrong => return wrong(ctx, flow, body, &submit).await,
        Found::Locked => return locked(ctx, flow, &submit).await,
        Found::Expired(at) => (Replaced::CodeExpired(at), text::verification_expired(at)),
        Found::Used => (Replaced::Over, text::generic(USED)),
        Found::TooMany => (Replaced::Over, text::tried_too_often()),
    };
    replace(ctx, &flow, &submit, path_and_query, why, over).await
}

async fn wrong(ctx: &Ctx, mut flow: Flow, body: &Value, submit: &Submit) -> Result<Submitted> {
    ask_for_code(ctx, &mut flow);
    browsers::forget_code(&mut flow, submit.csrf_cookie.as_deref());
    flow.ui.messages = vec![text::wrong_code()];
    save(ctx, &mut flow).await?;
    // Only this answer tells the payload back (measured).
    flow.transient_payload = Some(json!({}));
    // One that is too large is told back to nobody.
    let _ = take_transient_payload(ctx, &mut flow, body);
    Ok(Submitted::Wrong(Box::new(flow)))
}

/// Too many wrong codes for that address, whatever flow they were for.
async fn locked(ctx: &Ctx, mut flow: Flow, submit: &Submit) -> Result<Submitted> {
    const LOCKED: &str =
        "Too many wrong codes for this email. Open the link in the email, or try again in 1 hour.";
    ask_for_code(ctx, &mut flow);
    browsers::forget_code(&mut flow, submit.csrf_cookie.as_deref());
    flow.ui.messages = vec![text::generic(LOCKED)];
    save(ctx, &mut flow).await?;
    Ok(Submitted::Wrong(Box::new(flow)))
}

/// The same where the code is for a sign-up that waits: the account is made with it.
async fn prove_pending(
    ctx: &Ctx,
    flow: Flow,
    found: pending::Found,
    code: &str,
    body: &Value,
    path_and_query: &str,
    submit: Submit,
) -> Result<Submitted> {
    use pending::Passed;
    let (why, over) = match found {
        pending::Found::Right(right) => {
            return match pending::pass(ctx, flow.clone(), *right, code, body, &submit).await? {
                Passed::Done(flow, Some(given)) => Ok(Submitted::SignedIn(flow, given)),
                Passed::Done(flow, None) => Ok(Submitted::Next(flow)),
                Passed::Again(flow) => Ok(Submitted::Again(flow)),
                Passed::Wrong => wrong(ctx, flow, body, &submit).await,
            };
        }
        pending::Found::Wrong => return wrong(ctx, flow, body, &submit).await,
        pending::Found::Locked => return locked(ctx, flow, &submit).await,
        pending::Found::Expired(at) => (Replaced::CodeExpired(at), text::verification_expired(at)),
        pending::Found::TooMany => (Replaced::Over, text::tried_too_often()),
    };
    replace(ctx, &flow, &submit, path_and_query, why, over).await
}

/// A right code, with what the try left behind, and the hash of a new password where its proof takes the account over.
struct Right {
    row: Code,
    counted: Option<Attempt>,
    new_password: Option<String>,
}

/// Uses the code up, proves the address, takes what waited for that, takes the account over and finishes the flow: one
/// transaction, which begins again where another request wrote the flow meanwhile. Then the web hooks: the address stays proven
/// whatever they say, and a session is stored only when none of them failed or refused. `None`: somebody else used it meanwhile.
async fn pass(
    ctx: &Ctx,
    mut flow: Flow,
    right: &Right,
    claim: &Claim,
    seen: &webhook::Seen,
) -> Result<Option<(Flow, Option<Given>)>> {
    let hooks = &ctx.config.selfservice.verification.after;
    let waits = crate::plan::web_hooks(hooks).any(|hook| hook.response != Response::Ignored);
    let (mut flow, identity, given) = loop {
        match commit(ctx, &flow, right, claim, seen, waits).await? {
            Commit::Done(done) => break *done,
            Commit::Used => return Ok(None),
            Commit::Changed => flow = envelope::newest(ctx, &flow).await?,
        }
        if flow.state == PASSED {
            return Ok(None);
        }
    };
    ctx.engine.wake_hooks();
    let given = after_proof(ctx, &mut flow, &identity, seen, given, waits).await?;
    Ok(Some((flow, given)))
}

/// What follows the transaction of a proof: the web hooks, then the session where they were waited for. The address stays proven
/// whatever they say; nobody is given a session that one of them refused.
pub(in crate::flow) async fn after_proof(
    ctx: &Ctx,
    flow: &mut Flow,
    identity: &Identity,
    seen: &webhook::Seen,
    given: Option<Given>,
    waits: bool,
) -> Result<Option<Given>> {
    for hook in crate::plan::web_hooks(&ctx.config.selfservice.verification.after) {
        let about = webhook::About { flow, identity: Some(identity), session: None, method: None, seen };
        if let webhook::Said::Refuse(messages) = webhook::call(ctx, hook, about).await? {
            for (name, message) in messages {
                flow.ui.attach(&name, message);
            }
            save(ctx, flow).await?;
            return Ok(None);
        }
    }
    if let Some(given) = given.as_ref().filter(|_| waits) {
        let mut tx = ctx.db().write().await?;
        store::sessions::insert(&mut tx, &given.handed_over.session).await?;
        tx.commit().await?;
    }
    Ok(given)
}

enum Commit {
    Done(Box<(Flow, Identity, Option<Given>)>),
    /// The code, or the account that it takes over, is somebody else's by now.
    Used,
    /// Another request wrote the flow.
    Changed,
}

async fn commit(
    ctx: &Ctx,
    flow: &Flow,
    Right { row, counted, new_password }: &Right,
    claim: &Claim,
    seen: &webhook::Seen,
    waits: bool,
) -> Result<Commit> {
    let now = ctx.effects().now();
    let hooks = &ctx.config.selfservice.verification.after;
    let mut flow = flow.clone();
    let mut tx = ctx.db().write().await?;
    let is_first = store::identities::claim(&mut tx, row.identity()).await?;
    // Another proof was first, and what is there now is whoever's that was.
    if new_password.is_some() && !is_first {
        return Ok(Commit::Used);
    }
    if !codes::use_up(&mut tx, row.id, now).await? {
        return Ok(Commit::Used);
    }
    if let Some(counted) = &counted {
        counted.forget(&mut tx).await?;
    }
    let mut identity = store::identities::get(&mut tx, row.identity()).await?.ok_or_else(unknown)?;
    let mut given = match &new_password {
        None => {
            let taken = claim.take(ctx, &mut tx, &flow, row, &identity).await?;
            taken.or_else(|| claim.renew(ctx, &flow, &identity))
        }
        Some(hash) => {
            if !takeover::take_over(ctx, &mut tx, &flow, row, &mut identity, hash).await? {
                return Ok(Commit::Used);
            }
            None
        }
    };
    let address = identity
        .verifiable_addresses
        .iter_mut()
        .find(|address| address.id == row.address_id)
        .ok_or_else(unknown)?;
    address_proven(address, By::Verification, now);
    store::identities::save_proof(&mut tx, address).await?;
    if let Some(given) = &mut given {
        given.identity = identity.clone();
    }
    finish(ctx, &mut flow);
    flow.updated_at = now;
    if store::flows::update(&mut tx, &mut flow).await?.is_none() {
        return Ok(Commit::Changed);
    }
    if let Some(given) = given.as_ref().filter(|_| !waits) {
        store::sessions::insert(&mut tx, &given.handed_over.session).await?;
    }
    let about = webhook::About { flow: &flow, identity: Some(&identity), session: None, method: None, seen };
    webhook::inform(ctx, &mut tx, crate::plan::web_hooks(hooks), &about).await?;
    tx.commit().await?;
    Ok(Commit::Done(Box::new((flow, identity, given))))
}
