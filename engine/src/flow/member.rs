//! A user's change of the own account, in the transaction that stores it: everything that it rests on is read again there.

use super::notify;
use super::settings::{is_recent, succeed};
use super::work::Work;
use crate::config::Hook;
use crate::engine::Ctx;
use crate::error::{Error, Result};
use crate::form::outcome::unknown;
use crate::form::verification::begin;
use crate::identity::State;
use crate::identity::change::{IdentityChange, Record, Refused};
use crate::method::Who;
use crate::method::change::{AccountChange, is_sensitive};
use crate::plan::Step;
use crate::session;
use crate::store::identities::{self, Outcome};
use crate::store::{Tx, sessions};
use crate::ui::{Text, text};

/// Said where the identity schema changed between two checks.
const OTHER_RULES: &str =
    "What this account may contain was changed a moment ago. Check the form, then save it again.";

/// What became of the account.
pub(super) enum Changed {
    Done,
    Taken,
    Void,
    /// Another request wrote it.
    Moved,
    /// A rule of the account forbids it.
    Refused(Text),
}

/// Whether the session that the change is made in is still active.
pub(super) async fn still_signed_in(work: &Work, tx: &mut Tx) -> Result<bool> {
    let Some(current) = &work.on.submit.current else { return Ok(false) };
    let now = work.on.ctx.effects().now();
    sessions::hold(tx, current.session.id, &current.session.token_hash, now).await
}

/// Carries the wish out on the account as it is now.
pub(super) async fn change(work: &mut Work, ctx: &Ctx, tx: &mut Tx) -> Result<Changed> {
    let (Who::Member(member), Some(current)) = (&work.facts.who, &work.on.submit.current) else {
        return Ok(Changed::Void);
    };
    let identity = identities::get(tx, current.identity.id).await?.ok_or_else(unknown)?;
    let is_stale = member.version.is_some_and(|version| version != identity.version);
    if is_stale || identity.state != State::Active {
        return Ok(Changed::Void);
    }
    let credentials = identities::credentials(tx, identity.id).await?;
    let before = Record { identity, credentials };
    let now = ctx.effects().now();
    let applied = |change: IdentityChange, to: &Record| match change.apply(to, &ctx.change_rules(now)) {
        Ok(changed) => Ok(Some(changed.record)),
        // It was judged before, so the schema changed meanwhile.
        Err(Refused::Violations(_) | Refused::UnknownSchema(_)) => Ok(None),
        Err(Refused::UnknownAddress(id)) => Err(Error::internal(format!("unknown address {id}"))),
    };
    let other_rules = || Changed::Refused(text::generic(OTHER_RULES));
    let Some(mut after) = applied(member.wish.on(&before, now), &before)? else { return Ok(other_rules()) };
    let takes_recent = member.wish.is_secret() || is_sensitive(&before, &after);
    if takes_recent && !is_recent(ctx, &current.session) {
        return Ok(Changed::Void);
    }
    if let Some(more) = &member.hooked {
        let Some(changed) = applied(more.clone(), &after)? else { return Ok(other_rules()) };
        after = changed;
        after.identity.version = before.identity.version + 1;
    }
    if let Some(why) = member.wish.forbidden(&ctx.config, &before, &after) {
        return Ok(Changed::Refused(why));
    }
    match identities::change(tx, &before, &after).await? {
        Outcome::Done => {}
        Outcome::Stale => return Ok(Changed::Moved),
        Outcome::Taken => return Ok(Changed::Taken),
    }
    let is_secret = member.wish.is_secret();
    if is_secret {
        sessions::end_rotated(tx, current.identity.id).await?;
    }
    // After a recovery the old password was good until now: who signed in with it meanwhile is out.
    let was_recovered = is_secret && current.session.is_by_recovery();
    let ends = is_secret && ctx.config.selfservice.password.change_ends_other_sessions;
    // sabotage: new-password-after-recovery
    if was_recovered || ends || work.plan.steps.contains(&Step::Run(Hook::RevokeActiveSessions)) {
        sessions::revoke_others(tx, current.identity.id, current.session.id).await?;
    }
    let changed = (&before.identity, &after.identity);
    notify::previous(ctx, tx, &work.plan, &work.on.submit.requester, changed).await?;
    if let AccountChange::Link { provider, .. } = &member.wish {
        let mut session = current.session.clone();
        session::linked(&mut session, provider, now);
        if !sessions::set_methods(tx, &session).await? {
            return Ok(Changed::Void);
        }
    }
    work.account = Some(after.identity.clone());
    work.made.record = Some(after);
    Ok(Changed::Done)
}

/// Codes to addresses that wait for one, and the form as it goes on. `false`: another request wrote it meanwhile.
pub(super) async fn finish(work: &mut Work, ctx: &Ctx, tx: &mut Tx) -> Result<bool> {
    let Some(mut record) = work.made.record.take() else { return Ok(false) };
    if work.plan.steps.contains(&Step::SendCode) {
        let (flow, submit) = (&work.on.flow, &work.on.submit);
        let cookie = submit.csrf_cookie.as_deref().unwrap_or(&flow.csrf_cookie);
        let id = record.identity.id;
        for address in &mut record.identity.verifiable_addresses {
            let waits = !address.verified && address.status == "pending" && ctx.config.verifies(&address.via);
            if waits {
                let begun = begin(ctx, tx, flow, cookie, &submit.requester, id, address).await?;
                address.status = "sent".to_owned();
                work.made.verification.get_or_insert(begun);
            }
        }
    }
    let stored = succeed(ctx, tx, &mut work.on.flow, &record).await?;
    work.account = Some(record.identity.clone());
    work.made.record = Some(record);
    Ok(stored)
}
