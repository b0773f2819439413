//! The input of an operator whose session expired. It belongs to that operator only, is shown again unsaved, and is deleted after a
//! quarter of an hour. A session that was signed out keeps nothing, because its token may be stolen.

use super::{Operator, digest};
use crate::engine::Engine;
use crate::error::Result;
use crate::store::form_drafts as rows;
use chrono::TimeDelta;

/// How long a form waits for its operator.
const KEPT: TimeDelta = TimeDelta::minutes(15);
/// A session that ran out longer ago is nobody's any more.
const RECENT: TimeDelta = TimeDelta::days(1);

/// Keeps a form that came with a session that had run out; `false`: the token is not one of those.
pub async fn keep(engine: &Engine, token: &str, page: &str, form: &str) -> Result<bool> {
    // PostgreSQL refuses the character; no form of ours sends it.
    if form.contains('\0') {
        return Ok(false);
    }
    let now = engine.effects().now();
    let mut tx = engine.db().write().await?;
    let Some(operator) = rows::whose(&mut tx, &digest(token), now, now - RECENT).await? else {
        return Ok(false);
    };
    rows::keep(&mut tx, operator, page, form, now).await?;
    rows::forget_old(&mut tx, now - KEPT).await?;
    tx.commit().await?;
    Ok(true)
}

/// That operator's own.
pub async fn kept(engine: &Engine, operator: &Operator, page: &str) -> Result<Option<String>> {
    let since = engine.effects().now() - KEPT;
    rows::get(&mut engine.db().single().await?, operator.id, page, since).await
}
