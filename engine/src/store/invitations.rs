//! Rows of invitations. Of a link's secret only the digest comes here.
use super::Tx;
use crate::error::Result;
use crate::ids::IdentityId;
use chrono::{DateTime, Utc};
use uuid::Uuid;

#[derive(Clone, PartialEq, Debug)]
pub struct Invitation {
    pub id: Uuid,
    /// Normalized; `None`: anyone with the link.
    pub address: Option<String>,
    /// Only that address was ever told the link.
    pub mailed: bool,
    /// An operator's email, or `admin API`.
    pub made_by: String,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub used_at: Option<DateTime<Utc>>,
    /// The account it was used for; that may be gone since.
    pub used_by: Option<Uuid>,
    pub withdrawn_at: Option<DateTime<Utc>>,
}

row!(Invitation { id, address, mailed, made_by, created_at, expires_at, used_at, used_by, withdrawn_at });

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select id, address, mailed, made_by, created_at, expires_at, used_at, used_by, withdrawn_at from invitations ",
            $rest
        )
    };
}

statements! {
    const INSERT: &str =
        "insert into invitations (id, secret_hash, address, mailed, made_by, created_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7)";
    const GET: &str = select!("where id = $1");
    const BY_SECRET: &str = select!("where secret_hash = $1");
    const LIST: &str = select!(
        "where (created_at, id) < ($1, $2) order by created_at desc, id desc limit $3"
    );
    const USE: &str = "update invitations set used_at = $3, used_by = $2
        where id = $1 and used_at is null and withdrawn_at is null and expires_at > $3";
    const WITHDRAW: &str =
        "update invitations set withdrawn_at = $2 where id = $1 and used_at is null and withdrawn_at is null";
    const DELETE_OLD: &str = "delete from invitations
        where id in (select id from invitations where expires_at < $1 order by expires_at limit $2)";
}

pub async fn insert(tx: &mut Tx, invitation: &Invitation, secret_hash: &[u8]) -> Result<()> {
    tx.execute(
        INSERT,
        &[
            &invitation.id,
            &secret_hash,
            &invitation.address,
            &invitation.mailed,
            &invitation.made_by,
            &invitation.created_at,
            &invitation.expires_at,
        ],
    )
    .await?;
    Ok(())
}

pub async fn get(tx: &mut Tx, id: Uuid) -> Result<Option<Invitation>> {
    tx.fetch_optional(GET, &[&id]).await
}

pub async fn by_secret(tx: &mut Tx, secret_hash: &[u8]) -> Result<Option<Invitation>> {
    tx.fetch_optional(BY_SECRET, &[&secret_hash]).await
}

/// Newest first, at most `limit`, those after `after` in that order.
pub async fn list(tx: &mut Tx, after: Option<(DateTime<Utc>, Uuid)>, limit: i64) -> Result<Vec<Invitation>> {
    // Far in the future; PostgreSQL and text columns both know it.
    let end = DateTime::from_timestamp(253_402_300_799, 0).unwrap_or_default();
    let (at, id) = after.unwrap_or((end, Uuid::max()));
    tx.fetch_all(LIST, &[&at, &id, &limit]).await
}

/// Whether this was the one use that an invitation has.
pub async fn use_up(tx: &mut Tx, id: Uuid, by: IdentityId, now: DateTime<Utc>) -> Result<bool> {
    Ok(tx.execute(USE, &[&id, &by.0, &now]).await? == 1)
}

/// `false`: it was used or withdrawn before.
pub async fn withdraw(tx: &mut Tx, id: Uuid, now: DateTime<Utc>) -> Result<bool> {
    Ok(tx.execute(WITHDRAW, &[&id, &now]).await? == 1)
}

/// At most `limit` of those whose life ended before `before`; answers how many went.
pub async fn delete_old(tx: &mut Tx, before: DateTime<Utc>, limit: i64) -> Result<u64> {
    tx.execute(DELETE_OLD, &[&before, &limit]).await
}
