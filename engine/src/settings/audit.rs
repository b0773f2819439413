//! What settings write into the audit.

use crate::error::Result;
use crate::store::{Tx, audit};
use chrono::{DateTime, Utc};
use serde_json::Value;

pub(super) async fn record(
    tx: &mut Tx,
    at: DateTime<Utc>,
    actor: &str,
    action: &str,
    details: Value,
) -> Result<()> {
    audit::append(tx, &audit::Entry { at, actor: actor.to_owned(), action: action.to_owned(), details }).await
}
