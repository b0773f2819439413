//! Who may make and change web hooks.

use crate::engine::Engine;
use crate::error::{Error, Kind, Result};
use crate::operators::{Operator, Role};
use crate::settings::audit::record;
use crate::settings::revise::may_write;
use serde_json::json;

/// Whether somebody may do any of this.
///
/// # Errors
/// 403, kept in the audit.
pub async fn may(engine: &Engine, by: &Operator) -> Result<()> {
    may_write(engine, by).await?;
    if by.role == Role::Owner {
        return Ok(());
    }
    let details = json!({"reason": "guarded", "needs": "owner"});
    let mut tx = engine.db().write().await?;
    record(&mut tx, engine.effects().now(), &by.email, "settings.refused", details).await?;
    tx.commit().await?;
    Err(Error::new(Kind::Forbidden, "Only owners may make and change web hooks."))
}
