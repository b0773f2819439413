//! The append-only audit: there is no update and no delete, and triggers refuse both.
use super::Tx;
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
    let _ = (tx, entry);
    todo!()
}

/// Newest first.
pub async fn list(tx: &mut Tx, limit: i64) -> Result<Vec<Entry>> {
    let _ = (tx, limit);
    todo!()
}
