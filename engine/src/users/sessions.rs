//! The list of sessions, of all users or of those with an identifier.

use super::User;
use super::list::load;
use crate::engine::Ctx;
use crate::error::Result;
use crate::identity::normalise_identifier;
use crate::ids::{IdentityId, SessionId};
use crate::session::Session;
use crate::store::identities;
use crate::store::session_lists::{self as rows, Place};
use chrono::{DateTime, Utc};

pub use crate::store::session_lists::Condition;

/// What is listed.
#[derive(Clone, Copy, Debug)]
pub struct WantedSessions<'a> {
    pub condition: Condition,
    /// An ID, or a whole identifier or address; empty: of everyone.
    pub user: &'a str,
    /// What the page before gave as [`FoundSessions::next`]. Text that is none begins at the first page.
    pub after: Option<&'a str>,
}

#[derive(Debug)]
pub struct FoundSessions {
    pub sessions: Vec<(Session, User)>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// One page of at most `limit` sessions, the one that expires last first.
pub async fn sessions(ctx: &Ctx, wanted: WantedSessions<'_>, limit: usize) -> Result<FoundSessions> {
    let mut tx = ctx.db().read().await?;
    let user = wanted.user.trim();
    let of = match user.parse::<IdentityId>() {
        _ if user.is_empty() => None,
        Ok(id) => Some(vec![id]),
        Err(_) => Some(identities::owners(&mut tx, &normalise_identifier(user)).await?),
    };
    let (now, after) = (ctx.effects().now(), wanted.after.and_then(place));
    let one_more = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let mut list = rows::list(&mut tx, wanted.condition, of.as_deref(), now, after, one_more).await?;
    let more = list.len() > limit;
    list.truncate(limit);
    let next = list.last().filter(|_| more);
    let next = next.map(|last| format!("{}.{}", last.expires_at.timestamp_micros(), last.id));
    let users = load(&mut tx, list.iter().map(|session| session.identity_id)).await?;
    // The user of an unfinished sign-up is not shown, and has no session.
    let with_user = |session: Session| users.get(&session.identity_id).cloned().map(|user| (session, user));
    Ok(FoundSessions { sessions: list.into_iter().filter_map(with_user).collect(), next })
}

fn place(text: &str) -> Option<Place> {
    let (at, id) = text.split_once('.')?;
    Some((DateTime::<Utc>::from_timestamp_micros(at.parse().ok()?)?, id.parse::<SessionId>().ok()?))
}
