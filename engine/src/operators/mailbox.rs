//! The mailbox for tests: every email with its code and link, for owners only. Each access is in the audit log.

use super::{Operator, Role};
use crate::config::Config;
use crate::courier::{self, Delivered};
use crate::engine::Engine;
use crate::error::{Error, Kind, Result};
use crate::store::audit;
use serde_json::json;

/// Whether mails stay here instead of being sent.
pub fn is_open(config: &Config) -> bool {
    config.courier.mailbox
}

/// The newest mails, at most `limit`; `to`: those to one address.
///
/// # Errors
/// 404 where mails are really sent · 403 for whoever is no owner, kept in the audit.
pub async fn read(engine: &Engine, by: &Operator, to: Option<&str>, limit: i64) -> Result<Vec<Delivered>> {
    let ctx = engine.begin();
    if !is_open(&ctx.config) {
        return Err(Error::not_found("There is no mailbox, because emails are sent."));
    }
    let may = !by.disabled && by.role == Role::Owner;
    let entry = audit::Entry {
        at: ctx.effects().now(),
        actor: by.email.clone(),
        action: if may { "mailbox.read" } else { "mailbox.refused" }.to_owned(),
        details: json!({ "to": to }),
    };
    let mut tx = ctx.db().write().await?;
    audit::append(&mut tx, &entry).await?;
    tx.commit().await?;
    if !may {
        return Err(Error::new(Kind::Forbidden, "Emails contain codes, so only owners can read them."));
    }
    courier::mailbox(&ctx, to, limit).await
}
