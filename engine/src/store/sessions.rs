//! Rows of sessions.
use super::identities::{Joined, columns, gather};
use super::{Tx, from_text, to_text};
use crate::error::Result;
use crate::identity::Identity;
use crate::ids::{IdentityId, SessionId};
use crate::model::Aal;
use crate::model::Session;
use chrono::{DateTime, Utc};
use uuid::Uuid;

macro_rules! session {
    () => {
        "s.id as session_id, s.identity_id as session_of, s.token_hash, s.aal, s.methods, s.devices, s.active,
         s.unverified, s.issued_at, s.authenticated_at, s.expires_at, s.network_hash"
    };
}

pub(super) use session;

statements! {
    const INSERT: &str =
        "insert into sessions (id, identity_id, token_hash, aal, methods, devices, active, unverified,
            issued_at, authenticated_at, expires_at, network_hash)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    const BY_TOKEN: &str = concat!("select ", session!(), " from sessions s where s.token_hash = $1");
    const BY_TOKEN_WITH_IDENTITY: &str = concat!(
        "select ",
        session!(),
        ", ",
        columns!(),
        " from sessions s join identities i on i.id = s.identity_id
          left join identity_addresses a on a.identity_id = i.id
          where s.token_hash = $1 order by a.purpose, a.position"
    );
    const BY_ROTATED_TOKEN_WITH_IDENTITY: &str = concat!(
        "select ",
        session!(),
        ", ",
        columns!(),
        " from rotated_session_tokens r join sessions s on s.id = r.session_id
          join identities i on i.id = s.identity_id
          left join identity_addresses a on a.identity_id = i.id
          where r.token_hash = $1 and r.valid_until > $2 order by a.purpose, a.position"
    );
    const GET: &str = concat!("select ", session!(), " from sessions s where s.id = $1");
    const LIST_OTHERS: &str = concat!(
        "select ",
        session!(),
        " from sessions s where s.identity_id = $1 and s.id <> $2 and s.active and s.expires_at > $3
          order by s.issued_at desc, s.id limit $4 offset $5"
    );
    const COUNT_OTHERS: &str = "select count(*) from sessions
        where identity_id = $1 and id <> $2 and active and expires_at > $3";
    const NETWORKS: &str = "select network_hash from sessions where identity_id = $1 and issued_at > $2
        order by issued_at desc limit 50";
    // Locks the row, so that it does not end before the transaction does.
    const HOLD: &str = "update sessions set active = active where id = $1 and token_hash = $2 and active and expires_at > $3";
    const REVOKE: &str = "update sessions set active = false where identity_id = $1 and id = $2 and active";
    const REVOKE_OTHERS: &str =
        "update sessions set active = false where identity_id = $1 and id <> $2 and active";
    const EXTEND: &str = "update sessions set expires_at = $2
        where id = $1 and active and expires_at > $3 and expires_at < $4 and unverified = $5";
    const REVOKE_SOME: &str = "update sessions set active = false
        where id in (select id from sessions where active = $1 order by expires_at, id limit $2)";
    const DELETE: &str = "delete from sessions where id = $1";
    const DELETE_OF: &str = "delete from sessions where identity_id = $1";
    const DELETE_SOME: &str =
        "delete from sessions where id in (select id from sessions order by id limit $1)";
    // sabotage: token-rotation
    const ROTATE: &str = "update sessions set token_hash = $3, aal = $4, methods = $5, devices = $6,
            authenticated_at = $7, expires_at = $8
        where id = $1 and token_hash = $2 and active";
    const SET_METHODS: &str =
        "update sessions set methods = $3 where id = $1 and token_hash = $2 and active";
    const KEEP_ROTATED: &str =
        "insert into rotated_session_tokens (token_hash, session_id, valid_until) values ($1, $2, $3)";
    const DELETE_ROTATED: &str = "delete from rotated_session_tokens
        where token_hash in (select token_hash from rotated_session_tokens where valid_until < $1 order by valid_until limit $2)";
    const END_ROTATED: &str = "delete from rotated_session_tokens
        where session_id in (select id from sessions where identity_id = $1)";
    const DELETE_OLD: &str = "delete from sessions
        where id in (select id from sessions where expires_at < $1 order by expires_at limit $2)";
}

pub(super) struct Stored {
    session_id: Uuid,
    session_of: Uuid,
    token_hash: Vec<u8>,
    aal: String,
    methods: String,
    devices: String,
    active: bool,
    unverified: bool,
    issued_at: DateTime<Utc>,
    authenticated_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    network_hash: Option<Vec<u8>>,
}

row!(Stored {
    session_id,
    session_of,
    token_hash,
    aal,
    methods,
    devices,
    active,
    unverified,
    issued_at,
    authenticated_at,
    expires_at,
    network_hash
});

struct WithIdentity {
    session: Stored,
    identity: Joined,
}

row!(WithIdentity {}, session, identity);

pub async fn insert(tx: &mut Tx, session: &Session) -> Result<()> {
    let (methods, devices) = (to_text(&session.methods)?, to_text(&session.devices)?);
    tx.execute(
        INSERT,
        &[
            &session.id.0,
            &session.identity_id.0,
            &session.token_hash,
            &session.aal.name(),
            &methods,
            &devices,
            &session.active,
            &session.unverified,
            &session.issued_at,
            &session.authenticated_at,
            &session.expires_at,
            &session.network_hash,
        ],
    )
    .await?;
    tx.tally.issued += 1;
    Ok(())
}

/// The networks of the account's newest sessions after `since`, ended or not.
pub async fn networks(tx: &mut Tx, identity: IdentityId, since: DateTime<Utc>) -> Result<Vec<Vec<u8>>> {
    let rows: Vec<(Option<Vec<u8>>,)> = tx.fetch_all(NETWORKS, &[&identity.0, &since]).await?;
    Ok(rows.into_iter().filter_map(|(hash,)| hash).collect())
}

/// Also revoked and expired ones: the caller judges.
pub async fn by_token_hash(tx: &mut Tx, hash: &[u8]) -> Result<Option<Session>> {
    tx.fetch_optional::<Stored>(BY_TOKEN, &[&hash]).await?.map(Stored::read).transpose()
}

/// The same with whom it belongs to, in one query: what whoami needs. One statement, so [`super::Db::single`] will do.
pub async fn by_token_hash_with_identity(tx: &mut Tx, hash: &[u8]) -> Result<Option<(Session, Identity)>> {
    with_identity(tx.fetch_all(BY_TOKEN_WITH_IDENTITY, &[&hash]).await?)
}

/// The session that had that token before its last fresh sign-in, while the token may still read.
pub async fn by_rotated_token(
    tx: &mut Tx,
    hash: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<(Session, Identity)>> {
    with_identity(tx.fetch_all(BY_ROTATED_TOKEN_WITH_IDENTITY, &[&hash, &now]).await?)
}

fn with_identity(rows: Vec<WithIdentity>) -> Result<Option<(Session, Identity)>> {
    let mut session = None;
    let mut identity = Vec::with_capacity(rows.len());
    for row in rows {
        session = Some(row.session);
        identity.push(row.identity);
    }
    let session = session.map(Stored::read).transpose()?;
    Ok(session.zip(gather(identity)?.pop()))
}

pub async fn get(tx: &mut Tx, id: SessionId) -> Result<Option<Session>> {
    tx.fetch_optional::<Stored>(GET, &[&id.0]).await?.map(Stored::read).transpose()
}

/// Active and unexpired ones of that identity but `except`, newest first.
pub async fn list_others(
    tx: &mut Tx,
    identity: IdentityId,
    except: SessionId,
    now: DateTime<Utc>,
    limit: i64,
    offset: i64,
) -> Result<Vec<Session>> {
    let rows: Vec<Stored> =
        tx.fetch_all(LIST_OTHERS, &[&identity.0, &except.0, &now, &limit, &offset]).await?;
    rows.into_iter().map(Stored::read).collect()
}

pub async fn count_others(
    tx: &mut Tx,
    identity: IdentityId,
    except: SessionId,
    now: DateTime<Utc>,
) -> Result<i64> {
    let (count,): (i64,) = tx.fetch_one(COUNT_OTHERS, &[&identity.0, &except.0, &now]).await?;
    Ok(count)
}

/// Whether the session is active still and has that token. It stays so until `tx` ends.
pub async fn hold(tx: &mut Tx, id: SessionId, token_hash: &[u8], now: DateTime<Utc>) -> Result<bool> {
    Ok(tx.execute(HOLD, &[&id.0, &token_hash, &now]).await? == 1)
}

/// Sets `active` to false where it belongs to `identity`; whether a row changed.
pub async fn revoke(tx: &mut Tx, identity: IdentityId, id: SessionId) -> Result<bool> {
    let ended = tx.execute(REVOKE, &[&identity.0, &id.0]).await?;
    tx.tally.revoked += ended;
    Ok(ended == 1)
}

/// Moves the end of a session to `until`, if it is active, issued after a proof, and ends before `before`; whether it did.
pub async fn extend(
    tx: &mut Tx,
    id: SessionId,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
    before: DateTime<Utc>,
) -> Result<bool> {
    Ok(tx.execute(EXTEND, &[&id.0, &until, &now, &before, &false]).await? == 1)
}

/// Ends at most `limit` active sessions of anyone; how many.
pub async fn revoke_some(tx: &mut Tx, limit: i64) -> Result<u64> {
    let ended = tx.execute(REVOKE_SOME, &[&true, &limit]).await?;
    tx.tally.revoked += ended;
    Ok(ended)
}

/// Whether there was one.
pub async fn delete(tx: &mut Tx, id: SessionId) -> Result<bool> {
    Ok(tx.execute(DELETE, &[&id.0]).await? == 1)
}

/// How many sessions of that account went.
pub async fn delete_of(tx: &mut Tx, identity: IdentityId) -> Result<u64> {
    tx.execute(DELETE_OF, &[&identity.0]).await
}

/// Deletes at most `limit` sessions of anyone; how many went.
pub async fn delete_some(tx: &mut Tx, limit: i64) -> Result<u64> {
    tx.execute(DELETE_SOME, &[&limit]).await
}

/// How many went.
pub async fn revoke_others(tx: &mut Tx, identity: IdentityId, except: SessionId) -> Result<u64> {
    let ended = tx.execute(REVOKE_OTHERS, &[&identity.0, &except.0]).await?;
    tx.tally.revoked += ended;
    Ok(ended)
}

/// After a fresh sign-in: another token, methods, level, times and devices, where the session still has the token `was` and was not
/// revoked; whether it did. `readable_until`: so long the old token may read.
pub async fn rotate(
    tx: &mut Tx,
    session: &Session,
    was: &[u8],
    readable_until: Option<DateTime<Utc>>,
) -> Result<bool> {
    let (methods, devices) = (to_text(&session.methods)?, to_text(&session.devices)?);
    let rotated = tx
        .execute(
            ROTATE,
            &[
                &session.id.0,
                &was,
                &session.token_hash,
                &session.aal.name(),
                &methods,
                &devices,
                &session.authenticated_at,
                &session.expires_at,
            ],
        )
        .await?;
    if let Some(until) = readable_until.filter(|_| rotated == 1) {
        tx.execute(KEEP_ROTATED, &[&was, &session.id.0, &until]).await?;
    }
    Ok(rotated == 1)
}

/// Stores the session's methods, where it still has its token and was not revoked; whether it did.
pub async fn set_methods(tx: &mut Tx, session: &Session) -> Result<bool> {
    let methods = to_text(&session.methods)?;
    Ok(tx.execute(SET_METHODS, &[&session.id.0, &session.token_hash, &methods]).await? == 1)
}

/// No older token of the account's sessions reads anything any more.
pub async fn end_rotated(tx: &mut Tx, identity: IdentityId) -> Result<()> {
    tx.execute(END_ROTATED, &[&identity.0]).await?;
    Ok(())
}

/// At most `limit` of the old tokens that read nothing any more; answers how many went.
pub async fn delete_rotated(tx: &mut Tx, before: DateTime<Utc>, limit: i64) -> Result<u64> {
    tx.execute(DELETE_ROTATED, &[&before, &limit]).await
}

/// At most `limit` of those whose time was over before `before`; answers how many went.
pub async fn delete_old(tx: &mut Tx, before: DateTime<Utc>, limit: i64) -> Result<u64> {
    tx.execute(DELETE_OLD, &[&before, &limit]).await
}

impl Stored {
    pub(super) fn read(self) -> Result<Session> {
        Ok(Session {
            id: SessionId(self.session_id),
            identity_id: IdentityId(self.session_of),
            token_hash: self.token_hash,
            aal: Aal::parse(&self.aal).ok_or_else(|| super::unreadable("sessions.aal", &self.aal))?,
            methods: from_text("sessions.methods", &self.methods)?,
            devices: from_text("sessions.devices", &self.devices)?,
            active: self.active,
            unverified: self.unverified,
            issued_at: self.issued_at,
            authenticated_at: self.authenticated_at,
            expires_at: self.expires_at,
            network_hash: self.network_hash,
        })
    }
}
