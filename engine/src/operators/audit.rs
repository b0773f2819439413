//! What operators did, for those who read it. Nothing here changes an entry.

use super::{Operator, append};
use crate::engine::Engine;
use crate::error::Result;
use crate::store::audit as rows;
pub use crate::store::audit::{Entry, Filter};
use serde_json::json;

/// Everything that an entry may say was done.
pub const ACTIONS: &[&str] = &[
    "audit.export",
    "console.refused",
    "files.confirm",
    "files.refused",
    "hooks.look",
    "hooks.refused",
    "hooks.retry",
    "hooks.test",
    "identity.reset",
    "invitation.make",
    "invitation.refused",
    "invitation.withdraw",
    "limits.clear",
    "limits.refused",
    "mailbox.read",
    "mailbox.refused",
    "operator.confirm",
    "operator.confirm_failed",
    "operator.create",
    "operator.disable",
    "operator.enable",
    "operator.invite",
    "operator.invite_revoke",
    "operator.join",
    "operator.password",
    "operator.refused",
    "operator.rename",
    "operator.reset",
    "operator.reset_link",
    "operator.role",
    "operator.set_up",
    "operator.setup_link",
    "operator.sign_in",
    "operator.sign_in_failed",
    "operator.sign_out",
    "recovery.code",
    "recovery.link",
    "rehearsal.mailed",
    "rehearsal.refused",
    "rehearsal.run",
    "secrets.accept",
    "settings.refused",
    "settings.rollback",
    "settings.save",
    "social.test",
    "social.test_refused",
    "user.delete",
    "user.disable",
    "user.enable",
    "user.refused",
    "user.send_code",
    "user.sign_out",
    "user.sign_out_everywhere",
];

/// Who else acts beside operators.
pub const OTHER_ACTORS: [&str; 3] = [super::COMMAND_LINE, "admin API", super::SYSTEM];

/// At most so many entries are in one download.
pub const DOWNLOADED: i64 = 10_000;

/// Newest first, those older than `before`; each with its number.
pub async fn page(
    engine: &Engine,
    filter: Filter<'_>,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<(i64, Entry)>> {
    rows::page(&mut engine.db().single().await?, filter, before, limit).await
}

/// The same as JSON, one entry in each line. That somebody took a copy is an entry itself.
pub async fn download(
    engine: &Engine,
    by: &Operator,
    filter: Filter<'_>,
    before: Option<i64>,
) -> Result<String> {
    let entries = page(engine, filter, before, DOWNLOADED).await?;
    let mut lines = String::new();
    for (id, Entry { at, actor, action, details }) in &entries {
        let line = json!({ "id": id, "at": at, "actor": actor, "action": action, "details": details });
        lines.push_str(&line.to_string());
        lines.push('\n');
    }
    let details = json!({ "entries": entries.len(), "actor": filter.actor, "action": filter.action });
    let mut tx = engine.db().write().await?;
    append(&mut tx, engine.effects().now(), &by.email, "audit.export", details).await?;
    tx.commit().await?;
    Ok(lines)
}
