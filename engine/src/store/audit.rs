//! The append-only audit log: there is no update and no delete, and triggers reject both.
use super::{Tx, from_text, to_text};
use crate::error::Result;
use chrono::{DateTime, Utc};
use serde_json::Value;

#[derive(Clone, PartialEq, Debug)]
pub struct Entry {
    pub at: DateTime<Utc>,
    /// Operator's email, `command line` or `system`
    pub actor: String,
    /// Such as `settings.save`, `operator.sign_in`
    pub action: String,
    /// Redacted.
    pub details: Value,
}

statements! {
    const APPEND: &str = "insert into audit (at, actor, action, details) values ($1, $2, $3, $4)";
    const LIST: &str = "select at, actor, action, details from audit order by id desc limit $1";
}

pub async fn append(tx: &mut Tx, entry: &Entry) -> Result<()> {
    let details = to_text(&entry.details)?;
    tx.execute(APPEND, &[&entry.at, &entry.actor, &entry.action, &details]).await?;
    Ok(())
}

/// Newest first.
pub async fn list(tx: &mut Tx, limit: i64) -> Result<Vec<Entry>> {
    let rows: Vec<(DateTime<Utc>, String, String, String)> = tx.fetch_all(LIST, &[&limit]).await?;
    rows.into_iter()
        .map(|(at, actor, action, details)| {
            Ok(Entry { at, actor, action, details: from_text("audit.details", &details)? })
        })
        .collect()
}
