//! Showing once more who one is, in the form that asks for it: nothing that was typed is lost over it.

use engine::Engine;
use engine::operators::{self, FRESH, OperatorSession};

/// Whether the sign-in is too old for what takes a fresh one.
pub(super) fn is_stale(engine: &Engine, operator: &OperatorSession) -> bool {
    engine.effects().now() - operator.authenticated_at > FRESH
}

/// Who saves, and what is wrong with the password that was typed. An empty one is none.
pub(super) async fn confirmed(
    engine: &Engine,
    operator: &OperatorSession,
    password: &str,
) -> engine::Result<(OperatorSession, Option<String>)> {
    if password.is_empty() || !is_stale(engine, operator) {
        return Ok((operator.clone(), None));
    }
    Ok(match operators::confirm(engine, operator, password).await? {
        Ok(fresh) => (fresh, None),
        Err(sentence) => (operator.clone(), Some(sentence)),
    })
}
