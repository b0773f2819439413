//! Rows of errors stored for the error page.
use super::Tx;
use crate::error::Result;
use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

pub async fn insert(tx: &mut Tx, id: Uuid, error: &Value, now: DateTime<Utc>) -> Result<()> {
    let _ = (tx, id, error, now);
    todo!()
}

/// The error and when it was stored.
pub async fn get(tx: &mut Tx, id: Uuid) -> Result<Option<(Value, DateTime<Utc>)>> {
    let _ = (tx, id);
    todo!()
}
