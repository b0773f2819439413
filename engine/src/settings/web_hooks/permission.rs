//! Who may make and change web hooks.

use crate::engine::Engine;
use crate::error::{Error, Kind, Result};
use crate::settings::audit::record;
use crate::settings::danger::By;
use crate::settings::revise::may_write;
use serde_json::json;

/// Whether somebody may do any of this.
///
/// # Errors
/// 403, kept in the audit.
pub async fn may(engine: &Engine, by: impl Into<By>) -> Result<()> {
    let by = by.into();
    may_write(engine, &by).await?;
    if by.is_owner() {
        return Ok(());
    }
    let details = json!({"reason": "guarded", "needs": "owner"});
    let mut tx = engine.db().write().await?;
    record(&mut tx, engine.effects().now(), by.actor(), "settings.refused", details).await?;
    tx.commit().await?;
    Err(Error::new(Kind::Forbidden, "Only owners can create and change webhooks."))
}
