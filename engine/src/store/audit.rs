//! The append-only audit: there is no update and no delete, and triggers refuse both.

use super::{Tx, read_json, write_json};
use crate::error::Result;
use chrono::{DateTime, Utc};
use serde_json::Value;

#[derive(Clone, Debug)]
pub struct Entry {
    pub at: DateTime<Utc>,
    /// Operator's e-mail, `command line` or `system`
    pub actor: String,
    /// Such as `settings.save`, `operator.sign_in`
    pub action: String,
    /// Redacted.
    pub details: Value,
}

pub async fn append(tx: &mut Tx, entry: &Entry) -> Result<()> {
    const SQL: &str = "insert into audit (at, actor, action, details) values ($1, $2, $3, $4)";
    tx.execute(SQL, &[&entry.at, &entry.actor, &entry.action, &write_json(&entry.details)?]).await?;
    Ok(())
}

/// Newest first.
pub async fn list(tx: &mut Tx, limit: i64) -> Result<Vec<Entry>> {
    const SQL: &str = "select at, actor, action, details from audit order by at desc limit $1";
    let rows: Vec<(DateTime<Utc>, String, String, String)> = tx.fetch_all(SQL, &[&limit]).await?;
    rows.into_iter()
        .map(|(at, actor, action, details)| Ok(Entry { at, actor, action, details: read_json(&details)? }))
        .collect()
}
