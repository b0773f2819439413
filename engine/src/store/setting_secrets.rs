//! Rows of secrets that settings reference: one per name.
use super::Tx;
use crate::error::Result;
use chrono::{DateTime, Utc};
use uuid::Uuid;

#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub name: String,
    /// What the sealed value is bound to; another one with each value.
    pub id: Uuid,
    pub sealed: Vec<u8>,
    pub fingerprint: String,
    pub set_at: DateTime<Utc>,
    /// Operator's name.
    pub set_by: String,
    pub used_at: Option<DateTime<Utc>>,
}

row!(Row { name, id, sealed, fingerprint, set_at, set_by, used_at });

statements! {
    const PUT: &str = "insert into setting_secrets (name, id, sealed, fingerprint, set_at, set_by) values ($1, $2, $3, $4, $5, $6)
        on conflict (name) do update set id = $2, sealed = $3, fingerprint = $4, set_at = $5, set_by = $6, used_at = null";
    const GET: &str =
        "select name, id, sealed, fingerprint, set_at, set_by, used_at from setting_secrets where name = $1";
    const LIST: &str =
        "select name, id, sealed, fingerprint, set_at, set_by, used_at from setting_secrets order by name";
    const USED: &str = "update setting_secrets set used_at = $3
        where name = $1 and (used_at is null or used_at < $2)";
    const DESTROY: &str = "delete from setting_secrets where name = $1";
}

/// In place of an older value. `used_at` starts anew.
pub async fn put(tx: &mut Tx, row: &Row) -> Result<()> {
    tx.execute(PUT, &[&row.name, &row.id, &row.sealed, &row.fingerprint, &row.set_at, &row.set_by]).await?;
    Ok(())
}

pub async fn get(tx: &mut Tx, name: &str) -> Result<Option<Row>> {
    tx.fetch_optional(GET, &[&name]).await
}

/// By name.
pub async fn list(tx: &mut Tx) -> Result<Vec<Row>> {
    tx.fetch_all(LIST, &[]).await
}

/// Notes the use, unless one after `since` is noted already.
pub async fn used(tx: &mut Tx, name: &str, since: DateTime<Utc>, now: DateTime<Utc>) -> Result<()> {
    tx.execute(USED, &[&name, &since, &now]).await?;
    Ok(())
}

/// Whether there was one.
pub async fn destroy(tx: &mut Tx, name: &str) -> Result<bool> {
    Ok(tx.execute(DESTROY, &[&name]).await? > 0)
}
