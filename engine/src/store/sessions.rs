//! Rows of sessions. Tokens are stored as hashes only.

use super::identities;
use super::{Tx, read_json, write_json};
use crate::error::Result;
use crate::identity::Identity;
use crate::ids::{IdentityId, SessionId};
use crate::session::Session;
use chrono::{DateTime, Utc};
use uuid::Uuid;

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    identity_id: Uuid,
    token_hash: Vec<u8>,
    aal: String,
    methods: String,
    devices: String,
    active: bool,
    issued_at: DateTime<Utc>,
    authenticated_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

impl Row {
    fn read(self) -> Result<Session> {
        Ok(Session {
            id: SessionId(self.id),
            identity_id: IdentityId(self.identity_id),
            token_hash: self.token_hash,
            aal: self.aal,
            methods: read_json(&self.methods)?,
            devices: read_json(&self.devices)?,
            active: self.active,
            issued_at: self.issued_at,
            authenticated_at: self.authenticated_at,
            expires_at: self.expires_at,
        })
    }
}

/// A session beside its identity's columns.
#[derive(sqlx::FromRow)]
struct WithIdentity {
    session_id: Uuid,
    token_hash: Vec<u8>,
    aal: String,
    methods: String,
    devices: String,
    active: bool,
    issued_at: DateTime<Utc>,
    authenticated_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    #[sqlx(flatten)]
    identity: identities::Row,
}

pub async fn insert(tx: &mut Tx, session: &Session) -> Result<()> {
    const SQL: &str = "insert into sessions (id, identity_id, token_hash, aal, methods, devices, active, issued_at, \
        authenticated_at, expires_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let params: [&dyn super::Param; 10] = [
        &session.id.0,
        &session.identity_id.0,
        &session.token_hash,
        &session.aal,
        &write_json(&session.methods)?,
        &write_json(&session.devices)?,
        &session.active,
        &session.issued_at,
        &session.authenticated_at,
        &session.expires_at,
    ];
    tx.execute(SQL, &params).await?;
    Ok(())
}

/// Also revoked and expired ones: the caller judges.
pub async fn by_token_hash(tx: &mut Tx, hash: &[u8]) -> Result<Option<Session>> {
    const SQL: &str = "select * from sessions where token_hash = $1";
    let row: Option<Row> = tx.fetch_optional(SQL, &[&hash.to_vec()]).await?;
    row.map(Row::read).transpose()
}

/// The same with whose it is, in one query: this is asked at every request.
pub async fn by_token_hash_with_identity(tx: &mut Tx, hash: &[u8]) -> Result<Option<(Session, Identity)>> {
    const SQL: &str = "select s.id as session_id, s.token_hash, s.aal, s.methods, s.devices, s.active, s.issued_at, \
        s.authenticated_at, s.expires_at, i.* from sessions s join identities i on i.id = s.identity_id \
        where s.token_hash = $1";
    let Some(row): Option<WithIdentity> = tx.fetch_optional(SQL, &[&hash.to_vec()]).await? else { return Ok(None) };
    let identity = row.identity.read()?;
    let session = Session {
        id: SessionId(row.session_id),
        identity_id: identity.id,
        token_hash: row.token_hash,
        aal: row.aal,
        methods: read_json(&row.methods)?,
        devices: read_json(&row.devices)?,
        active: row.active,
        issued_at: row.issued_at,
        authenticated_at: row.authenticated_at,
        expires_at: row.expires_at,
    };
    Ok(Some((session, identity)))
}

pub async fn get(tx: &mut Tx, id: SessionId) -> Result<Option<Session>> {
    const SQL: &str = "select * from sessions where id = $1";
    let row: Option<Row> = tx.fetch_optional(SQL, &[&id.0]).await?;
    row.map(Row::read).transpose()
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
    const SQL: &str = "select * from sessions where identity_id = $1 and id <> $2 and active = $3 and expires_at > $4 \
        order by issued_at desc, id limit $5 offset $6";
    let rows: Vec<Row> = tx.fetch_all(SQL, &[&identity.0, &except.0, &true, &now, &limit, &offset]).await?;
    rows.into_iter().map(Row::read).collect()
}

pub async fn count_others(tx: &mut Tx, identity: IdentityId, except: SessionId, now: DateTime<Utc>) -> Result<i64> {
    const SQL: &str =
        "select count(*) from sessions where identity_id = $1 and id <> $2 and active = $3 and expires_at > $4";
    let row: Option<(i64,)> = tx.fetch_optional(SQL, &[&identity.0, &except.0, &true, &now]).await?;
    Ok(row.map_or(0, |(count,)| count))
}

/// Sets `active` to false where it belongs to `identity`; whether a row changed.
pub async fn revoke(tx: &mut Tx, identity: IdentityId, id: SessionId) -> Result<bool> {
    const SQL: &str = "update sessions set active = $3 where id = $1 and identity_id = $2 and active <> $3";
    Ok(tx.execute(SQL, &[&id.0, &identity.0, &false]).await? == 1)
}

/// How many went.
pub async fn revoke_others(tx: &mut Tx, identity: IdentityId, except: SessionId) -> Result<u64> {
    const SQL: &str = "update sessions set active = $3 where identity_id = $1 and id <> $2 and active <> $3";
    tx.execute(SQL, &[&identity.0, &except.0, &false]).await
}

/// After a refresh: methods, level, both times, devices.
pub async fn update(tx: &mut Tx, session: &Session) -> Result<()> {
    const SQL: &str = "update sessions set aal = $2, methods = $3, devices = $4, authenticated_at = $5, expires_at = $6 \
        where id = $1";
    let params: [&dyn super::Param; 6] = [
        &session.id.0,
        &session.aal,
        &write_json(&session.methods)?,
        &write_json(&session.devices)?,
        &session.authenticated_at,
        &session.expires_at,
    ];
    tx.execute(SQL, &params).await?;
    Ok(())
}
