//! The admin API's actions on sessions: list, read, extend, end and delete (Kratos: session/handler.go).

use crate::engine::Ctx;
use crate::error::{Error, Result};
use crate::identity::Identity;
use crate::ids::{IdentityId, SessionId};
use crate::session::{Page, Session};
use crate::store::identity_lists::{self, Filter, Window};
use crate::store::session_lists::{self as lists, Active};
use crate::store::{Tx, identities, sessions};
use std::collections::{BTreeSet, HashMap};

/// Sessions that one request ends or deletes if it names all of them (Kratos: session/handler.go).
const AT_ONCE: i64 = 5000;

/// One page of sessions of anyone.
#[derive(Debug)]
pub struct Listed {
    /// Without identities where none were asked for.
    pub sessions: Vec<(Session, Option<Identity>)>,
    /// There are more after these.
    pub more: bool,
}

/// What becomes of sessions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// They end, and stay in the lists.
    Disable,
    Delete,
}

/// Which sessions an action is about.
#[derive(Clone, Debug)]
pub enum Chosen {
    All,
    Of(Vec<IdentityId>),
    These(Vec<SessionId>),
}

/// Sessions that follow that one, by their IDs. `active: None`: of every state.
pub async fn list(
    ctx: &Ctx,
    active: Option<bool>,
    after: Option<SessionId>,
    size: i64,
    with_identities: bool,
) -> Result<Listed> {
    let mut tx = ctx.db().read().await?;
    // One more than requested, to detect a next page.
    let mut found = lists::following(&mut tx, at_present(ctx, active), after, size.saturating_add(1)).await?;
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let more = found.len() > size;
    found.truncate(size);
    let owners = if with_identities { owners(&mut tx, &found).await? } else { HashMap::new() };
    let sessions = found.into_iter().map(|session| {
        let owner = owners.get(&session.identity_id).cloned();
        (session, owner)
    });
    Ok(Listed { sessions: sessions.collect(), more })
}

async fn owners(tx: &mut Tx, sessions: &[Session]) -> Result<HashMap<IdentityId, Identity>> {
    let ids: BTreeSet<IdentityId> = sessions.iter().map(|session| session.identity_id).collect();
    let window = Window::first(i64::try_from(ids.len()).unwrap_or(i64::MAX));
    let found = identity_lists::page(tx, &Filter::Ids(ids.into_iter().collect()), window).await?;
    Ok(found.into_iter().map(|identity| (identity.id, identity)).collect())
}

/// One page of an account's sessions, newest first, and how many there are. An unknown account has none.
pub async fn of(
    ctx: &Ctx,
    id: IdentityId,
    active: Option<bool>,
    page: Page,
) -> Result<(Vec<Session>, i64, Option<Identity>)> {
    let mut tx = ctx.db().read().await?;
    let offset = page.size.saturating_mul(page.number);
    let (sessions, count) = lists::of_one(&mut tx, id, at_present(ctx, active), page.size, offset).await?;
    Ok((sessions, count, identities::get(&mut tx, id).await?))
}

fn at_present(ctx: &Ctx, active: Option<bool>) -> Active {
    active.map(|active| (active, ctx.effects().now()))
}

/// # Errors
/// 404
pub async fn get(ctx: &Ctx, id: SessionId) -> Result<(Session, Option<Identity>)> {
    let mut tx = ctx.db().read().await?;
    let session = known(&mut tx, id).await?;
    let identity = identities::get(&mut tx, session.identity_id).await?;
    Ok((session, identity))
}

async fn known(tx: &mut Tx, id: SessionId) -> Result<Session> {
    sessions::get(tx, id).await?.ok_or_else(|| Error::not_found(""))
}

/// Ends a session. One that ended before stays as it is.
///
/// # Errors
/// 404
pub async fn end(ctx: &Ctx, id: SessionId) -> Result<()> {
    let mut tx = ctx.db().write().await?;
    let session = known(&mut tx, id).await?;
    sessions::revoke(&mut tx, session.identity_id, id).await?;
    tx.commit().await
}

/// Deletes the sessions of an account, and ends every sign-in that is under way.
///
/// # Errors
/// 404: it has no session.
pub async fn delete_of(ctx: &Ctx, id: IdentityId) -> Result<()> {
    let mut tx = ctx.db().write().await?;
    identities::end_sign_ins(&mut tx, id).await?;
    let deleted = sessions::delete_of(&mut tx, id).await?;
    tx.commit().await?;
    if deleted == 0 { Err(Error::not_found("")) } else { Ok(()) }
}

/// Moves the end of a session to a whole lifespan from now. A session that is not due for it keeps its end, and so does one that ended,
/// or that was issued before an email was verified (design: a longer one takes a proof).
///
/// # Errors
/// 404
pub async fn extend(ctx: &Ctx, id: SessionId) -> Result<()> {
    let keys = &ctx.config.session;
    let now = ctx.effects().now();
    let mut tx = ctx.db().write().await?;
    let before = now + keys.earliest_possible_extend.unwrap_or(keys.lifespan).min(keys.lifespan);
    if sessions::extend(&mut tx, id, now + keys.lifespan, now, before).await? {
        return tx.commit().await;
    }
    known(&mut tx, id).await.map(drop)
}

/// How many sessions were ended or deleted, and whether there are more than one request takes.
pub async fn act(ctx: &Ctx, action: Action, chosen: &Chosen) -> Result<(u64, bool)> {
    let mut tx = ctx.db().write().await?;
    let mut processed = 0;
    match chosen {
        Chosen::All => {
            processed = match action {
                Action::Disable => sessions::revoke_some(&mut tx, AT_ONCE).await?,
                Action::Delete => sessions::delete_some(&mut tx, AT_ONCE).await?,
            };
        }
        Chosen::Of(identities) => {
            for id in identities {
                let ended = identities::end_sign_ins(&mut tx, *id).await?;
                processed += match action {
                    Action::Disable => ended,
                    Action::Delete => sessions::delete_of(&mut tx, *id).await?,
                };
            }
        }
        Chosen::These(ids) => {
            for id in ids {
                let Some(session) = sessions::get(&mut tx, *id).await? else { continue };
                let ended = sessions::revoke(&mut tx, session.identity_id, *id).await?;
                processed += u64::from(match action {
                    Action::Disable => ended,
                    Action::Delete => sessions::delete(&mut tx, *id).await?,
                });
            }
        }
    }
    tx.commit().await?;
    let more = matches!(chosen, Chosen::All) && i64::try_from(processed).is_ok_and(|count| count >= AT_ONCE);
    Ok((processed, more))
}
