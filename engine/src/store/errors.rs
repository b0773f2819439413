//! Rows of errors stored for the error page.

use super::{Tx, read_json, write_json};
use crate::error::Result;
use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

pub async fn insert(tx: &mut Tx, id: Uuid, error: &Value, now: DateTime<Utc>) -> Result<()> {
    const SQL: &str = "insert into flow_errors (id, error, created_at) values ($1, $2, $3)";
    tx.execute(SQL, &[&id, &write_json(error)?, &now]).await?;
    Ok(())
}

/// The error and when it was stored.
pub async fn get(tx: &mut Tx, id: Uuid) -> Result<Option<(Value, DateTime<Utc>)>> {
    const SQL: &str = "select error, created_at from flow_errors where id = $1";
    let row: Option<(String, DateTime<Utc>)> = tx.fetch_optional(SQL, &[&id]).await?;
    row.map(|(error, at)| Ok((read_json(&error)?, at))).transpose()
}
