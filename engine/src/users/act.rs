//! What operators do to an account: disable, enable, delete, sign out, send a verification code. Each appends to the audit in its own
//! transaction, with the ID of the account and nothing that the account holds: an entry outlives a deleted user.

use crate::admin::{Erased, erase};
use crate::engine::Ctx;
use crate::error::{Error, Kind, Result};
use crate::form::envelope::blank;
use crate::form::request::Start;
use crate::form::verification::ask_for_code;
use crate::form::{code, csrf};
use crate::hooks::call::RequestInfo;
use crate::identity::change::{IdentityChange, Record};
use crate::identity::{State, VerifiableAddress};
use crate::ids::{IdentityId, SessionId};
use crate::model::{FlowKind, FlowType, Sent as SentTo};
use crate::operators::{self, FRESH, Operator, OperatorSession, Role};
use crate::otp::{self, Purpose, Recipient, Sent};
use crate::requester::Requester;
use crate::store::audit;
use crate::store::identities::{self, Outcome};
use crate::store::{Tx, flows, sessions};
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

/// How often a change is tried again that another one came before.
const TRIES: usize = 5;

/// What became of [`set_state`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StateSet {
    Done,
    /// It was so before.
    Already,
    /// No user has that ID.
    Gone,
}

/// Disables or enables a user. The sessions of a disabled user end at once.
///
/// # Errors
/// 403 for viewers, kept in the audit · 409 where the account changes all the time.
pub async fn set_state(ctx: &Ctx, by: &Operator, id: IdentityId, state: State) -> Result<StateSet> {
    may_write(ctx, by, "disable or enable").await?;
    let now = ctx.effects().now();
    for _ in 0..TRIES {
        let mut tx = ctx.db().write().await?;
        let Some(identity) = identities::get(&mut tx, id).await? else { return Ok(StateSet::Gone) };
        if identity.state == state {
            return Ok(StateSet::Already);
        }
        let before = Record { identity, credentials: Vec::new() };
        let change = IdentityChange { state: Some(state), ..IdentityChange::default() };
        let after = change.apply(&before, &ctx.change_rules(now));
        let after = after.map_err(|_| Error::internal("a state needs no schema"))?;
        match identities::change(&mut tx, &before, &after.record).await? {
            Outcome::Done => {}
            // Another change came first: again, with what the account is now.
            Outcome::Stale | Outcome::Taken => continue,
        }
        let action = match state {
            State::Active => "user.enable",
            State::Inactive => "user.disable",
        };
        append(ctx, &mut tx, by, action, json!({ "user": id })).await?;
        tx.commit().await?;
        return Ok(StateSet::Done);
    }
    Err(Error::new(Kind::Conflict, "The account is being changed by others. Try again."))
}

/// What became of [`delete`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deleted {
    Done,
    Gone,
    /// The operator's sign-in is too old.
    NeedsFreshSignIn,
}

/// Deletes a user with everything that belongs to the account, also queued emails and webhook calls.
///
/// # Errors
/// 403 for viewers, kept in the audit.
pub async fn delete(ctx: &Ctx, by: &OperatorSession, id: IdentityId, reason: &str) -> Result<Deleted> {
    may_write(ctx, &by.operator, "delete").await?;
    if ctx.effects().now() - by.authenticated_at > FRESH {
        return Ok(Deleted::NeedsFreshSignIn);
    }
    let mut tx = ctx.db().write().await?;
    let Some(Erased { emails, calls }) = erase(&mut tx, id).await? else { return Ok(Deleted::Gone) };
    let details = json!({ "user": id, "emails": emails, "webhook_calls": calls, "reason": reason.trim() });
    append(ctx, &mut tx, &by.operator, "user.delete", details).await?;
    tx.commit().await?;
    Ok(Deleted::Done)
}

/// Ends these sessions, whoever's they are; how many were active.
///
/// # Errors
/// 403 for viewers, kept in the audit.
pub async fn sign_out(ctx: &Ctx, by: &Operator, ids: &[SessionId]) -> Result<u64> {
    may_write(ctx, by, "sign out").await?;
    let mut tx = ctx.db().write().await?;
    let mut ended = 0;
    for id in ids {
        let Some(session) = sessions::get(&mut tx, *id).await? else { continue };
        if sessions::revoke(&mut tx, session.identity_id, *id).await? {
            ended += 1;
            let details = json!({ "user": session.identity_id, "session": id });
            append(ctx, &mut tx, by, "user.sign_out", details).await?;
        }
    }
    tx.commit().await?;
    Ok(ended)
}

/// Ends all sessions of a user, and every sign-in that is under way; how many sessions there were. `None`: no user has that ID.
///
/// # Errors
/// 403 for viewers, kept in the audit.
pub async fn sign_out_everywhere(ctx: &Ctx, by: &Operator, id: IdentityId) -> Result<Option<u64>> {
    may_write(ctx, by, "sign out").await?;
    let mut tx = ctx.db().write().await?;
    if identities::get(&mut tx, id).await?.is_none() {
        return Ok(None);
    }
    let ended = identities::end_sign_ins(&mut tx, id).await?;
    append(ctx, &mut tx, by, "user.sign_out_everywhere", json!({ "user": id, "sessions": ended })).await?;
    tx.commit().await?;
    Ok(Some(ended))
}

/// What became of [`send_code`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CodeSent {
    Queued,
    /// As many emails as one address gets in an hour were sent.
    Limited,
    /// The address is verified by now.
    Verified,
    /// The user or the address is gone.
    Gone,
}

/// Whether users can verify an email by a code.
pub fn can_send_code(ctx: &Ctx) -> bool {
    let flows = &ctx.config.selfservice;
    flows.verification.enabled && flows.code.enabled
}

/// Sends a verification code to an email of a user: with a form of its own, which the link in the email opens in any browser.
///
/// # Errors
/// 400 while verification is turned off · 403 for viewers, kept in the audit.
pub async fn send_code(ctx: &Ctx, by: &Operator, id: IdentityId, address: Uuid) -> Result<CodeSent> {
    may_write(ctx, by, "send a code").await?;
    if !can_send_code(ctx) {
        return Err(Error::invalid("Verification by email is turned off, so a code would open no form."));
    }
    let mut tx = ctx.db().write().await?;
    let Some(identity) = identities::get(&mut tx, id).await? else { return Ok(CodeSent::Gone) };
    let mut own = identity.verifiable_addresses.iter();
    let Some(address) = own.find(|own| own.id == address && ctx.config.verifies(&own.via)) else {
        return Ok(CodeSent::Gone);
    };
    if address.verified {
        return Ok(CodeSent::Verified);
    }
    // Without a commit nothing of it is stored.
    if queue(ctx, &mut tx, id, address).await? == Queued::Limited {
        return Ok(CodeSent::Limited);
    }
    append(ctx, &mut tx, by, "user.send_code", json!({ "user": id, "address": address.id })).await?;
    tx.commit().await?;
    Ok(CodeSent::Queued)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Queued {
    Done,
    Limited,
}

async fn queue(ctx: &Ctx, tx: &mut Tx, id: IdentityId, address: &VerifiableAddress) -> Result<Queued> {
    // An operator is no client: only the limit of the address counts, and nobody else's share is used up.
    let requester = Arc::new(Requester { trusted: true, ..Requester::default() });
    let start = Start {
        kind_of_client: FlowType::Browser,
        path_and_query: "self-service/verification/browser".to_owned(),
        query: Vec::new(),
        // No browser has it: the form is opened by the link in the email, or not at all.
        csrf_cookie: csrf::new_cookie(ctx.effects()),
        current: None,
        requester: requester.clone(),
        seen: RequestInfo::default(),
    };
    let mut flow = blank(ctx, FlowKind::Verification, &start);
    flow.set_sent(SentTo::new(address.value.clone(), flow.issued_at));
    ask_for_code(ctx, &mut flow);
    flows::insert(tx, &flow).await?;
    let own = (Purpose::Verification, flow.id);
    let to =
        Recipient { identity: Some(id), address_id: Some(address.id), address: &address.value, again: false };
    match otp::send(ctx, tx, own, &requester, to, |minted| code::letter(ctx, flow.id, minted)).await? {
        Sent::Queued => {}
        Sent::Limited(_) => return Ok(Queued::Limited),
    }
    identities::mark_sent(tx, address.id, ctx.effects().now()).await?;
    Ok(Queued::Done)
}

/// The console asks by role before; the command line and tests do not pass there.
async fn may_write(ctx: &Ctx, by: &Operator, what: &str) -> Result<()> {
    if !by.disabled && by.role != Role::Viewer {
        return Ok(());
    }
    operators::refused(&ctx.engine, by, "user.refused", "users", what).await?;
    Err(Error::new(Kind::Forbidden, "Viewers can only see users. Owners and editors can change them."))
}

async fn append(ctx: &Ctx, tx: &mut Tx, by: &Operator, action: &str, details: Value) -> Result<()> {
    let (at, actor, action) = (ctx.effects().now(), by.email.clone(), action.to_owned());
    audit::append(tx, &audit::Entry { at, actor, action, details }).await
}
