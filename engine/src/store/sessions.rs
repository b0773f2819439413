//! Rows of sessions.
use super::Tx;
use crate::error::Result;
use crate::ids::{IdentityId, SessionId};
use crate::session::Session;
use chrono::{DateTime, Utc};

pub async fn insert(tx: &mut Tx, session: &Session) -> Result<()> {
    let _ = (tx, session);
    todo!()
}

/// Also revoked and expired ones: the caller judges.
pub async fn by_token_hash(tx: &mut Tx, hash: &[u8]) -> Result<Option<Session>> {
    let _ = (tx, hash);
    todo!()
}

pub async fn get(tx: &mut Tx, id: SessionId) -> Result<Option<Session>> {
    let _ = (tx, id);
    todo!()
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
    let _ = (tx, identity, except, now, limit, offset);
    todo!()
}

pub async fn count_others(
    tx: &mut Tx,
    identity: IdentityId,
    except: SessionId,
    now: DateTime<Utc>,
) -> Result<i64> {
    let _ = (tx, identity, except, now);
    todo!()
}

/// Sets `active` to false where it belongs to `identity`; whether a row changed.
pub async fn revoke(tx: &mut Tx, identity: IdentityId, id: SessionId) -> Result<bool> {
    let _ = (tx, identity, id);
    todo!()
}

/// How many went.
pub async fn revoke_others(tx: &mut Tx, identity: IdentityId, except: SessionId) -> Result<u64> {
    let _ = (tx, identity, except);
    todo!()
}

/// After a refresh: methods, level, authenticated_at, expires_at, devices.
pub async fn update(tx: &mut Tx, session: &Session) -> Result<()> {
    let _ = (tx, session);
    todo!()
}
