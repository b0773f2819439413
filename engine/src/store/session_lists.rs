//! Which sessions a list of the console contains: all of one state, or those of some accounts, by their expiry.

use super::Tx;
use super::sessions::{Stored, session};
use crate::error::Result;
use crate::ids::{IdentityId, SessionId};
use crate::model::Session;
use chrono::{DateTime, Utc};
use std::cmp::Reverse;
use uuid::Uuid;

statements! {
    const LIST: &str = concat!(
        "select ",
        session!(),
        " from sessions s
          where s.active = $1 and s.expires_at > $2 and (s.expires_at, s.id) < ($3, $4)
          order by s.expires_at desc, s.id desc limit $5"
    );
    // Compared in this form, the state is no reason for SQLite to read the sessions of everyone.
    const LIST_OF: &str = concat!(
        "select ",
        session!(),
        " from sessions s
          where s.identity_id = $1 and (s.active = $2) = true and s.expires_at > $3 and (s.expires_at, s.id) < ($4, $5)
          order by s.expires_at desc, s.id desc limit $6"
    );
}

/// A place in the list: by expiry, latest first.
pub type Place = (DateTime<Utc>, SessionId);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Condition {
    /// Neither revoked nor expired.
    Active,
    /// Not revoked, but expired.
    Expired,
    Revoked,
}

/// At most `limit` sessions in that condition, after that place. `of`: of these accounts only.
pub async fn list(
    tx: &mut Tx,
    condition: Condition,
    of: Option<&[IdentityId]>,
    now: DateTime<Utc>,
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<Session>> {
    // Far in the past and in the future; PostgreSQL and text columns both know it.
    let never = DateTime::UNIX_EPOCH;
    let end = DateTime::from_timestamp(253_402_300_799, 0).unwrap_or_default();
    let (active, from, before) = match condition {
        Condition::Active => (true, now, end),
        Condition::Expired => (true, never, now),
        Condition::Revoked => (false, never, end),
    };
    let (at, id) = after.filter(|(at, _)| *at <= before).map_or((before, Uuid::max()), |(at, id)| (at, id.0));
    let mut rows: Vec<Stored> = Vec::new();
    match of {
        None => rows = tx.fetch_all(LIST, &[&active, &from, &at, &id, &limit]).await?,
        Some(accounts) => {
            for account in accounts {
                let own: Vec<Stored> =
                    tx.fetch_all(LIST_OF, &[&account.0, &active, &from, &at, &id, &limit]).await?;
                rows.extend(own);
            }
        }
    }
    let mut list = rows.into_iter().map(Stored::read).collect::<Result<Vec<_>>>()?;
    list.sort_by_key(|session| Reverse((session.expires_at, session.id)));
    list.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(list)
}
