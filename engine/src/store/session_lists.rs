//! Which sessions a list contains. The console's: all of one state, or those of some accounts, by their expiry. The admin API's: all by
//! their IDs, or those of one account, newest first.

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
    // The nil id is smaller than every random one.
    const FOLLOWING: &str =
        concat!("select ", session!(), " from sessions s where s.id > $1 order by s.id limit $2");
    const FOLLOWING_IN_STATE: &str = concat!(
        "select ",
        session!(),
        " from sessions s
          where s.id > $1 and (s.active and s.expires_at > $2) = $3 order by s.id limit $4"
    );
    const OF_ONE: &str = concat!(
        "select ",
        session!(),
        " from sessions s where s.identity_id = $1 order by s.issued_at desc, s.id limit $2 offset $3"
    );
    const OF_ONE_IN_STATE: &str = concat!(
        "select ",
        session!(),
        " from sessions s
          where s.identity_id = $1 and (s.active and s.expires_at > $2) = $3
          order by s.issued_at desc, s.id limit $4 offset $5"
    );
    const COUNT_OF_ONE: &str = "select count(*) from sessions where identity_id = $1";
    const COUNT_OF_ONE_IN_STATE: &str =
        "select count(*) from sessions where identity_id = $1 and (active and expires_at > $2) = $3";
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

/// Whether sessions are active, neither revoked nor expired, at that time.
pub type Active = Option<(bool, DateTime<Utc>)>;

/// At most `limit` sessions of anyone, by their IDs, after that one.
pub async fn following(
    tx: &mut Tx,
    active: Active,
    after: Option<SessionId>,
    limit: i64,
) -> Result<Vec<Session>> {
    let after = after.map_or(Uuid::nil(), |id| id.0);
    let rows: Vec<Stored> = match active {
        None => tx.fetch_all(FOLLOWING, &[&after, &limit]).await?,
        Some((active, now)) => tx.fetch_all(FOLLOWING_IN_STATE, &[&after, &now, &active, &limit]).await?,
    };
    rows.into_iter().map(Stored::read).collect()
}

/// One page of an account's sessions, newest first, and how many there are on all pages.
pub async fn of_one(
    tx: &mut Tx,
    identity: IdentityId,
    active: Active,
    limit: i64,
    offset: i64,
) -> Result<(Vec<Session>, i64)> {
    let of = identity.0;
    let (rows, (count,)): (Vec<Stored>, (i64,)) = match active {
        None => {
            (tx.fetch_all(OF_ONE, &[&of, &limit, &offset]).await?, tx.fetch_one(COUNT_OF_ONE, &[&of]).await?)
        }
        Some((active, now)) => (
            tx.fetch_all(OF_ONE_IN_STATE, &[&of, &now, &active, &limit, &offset]).await?,
            tx.fetch_one(COUNT_OF_ONE_IN_STATE, &[&of, &now, &active]).await?,
        ),
    };
    Ok((rows.into_iter().map(Stored::read).collect::<Result<_>>()?, count))
}
