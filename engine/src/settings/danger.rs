//! What a Save may bring about, and by whom: no new error, and a new danger only by an owner who has just signed in and says why.
//! A reason is no control (design: security §7); it is there for those who read the history.

use super::audit::record;
use super::checks::{Check, brought_about};
use super::page::field_of;
use super::{FieldError, Saved, Severity};
use crate::config::Config;
use crate::config::console::{SIGN_IN_AFTER_REGISTRATION, guarded_differ};
use crate::engine::Engine;
use crate::error::Result;
use crate::operators::{FRESH, Operator, OperatorSession, Role};
use chrono::{DateTime, Utc};
use serde_json::json;

/// Who changes settings, and since when they are signed in.
#[derive(Clone, Debug)]
pub struct By {
    pub operator: Operator,
    /// `None`: nobody knows, so never fresh.
    pub authenticated_at: Option<DateTime<Utc>>,
}

impl From<&OperatorSession> for By {
    fn from(session: &OperatorSession) -> Self {
        Self { operator: session.operator.clone(), authenticated_at: Some(session.authenticated_at) }
    }
}

impl From<&Operator> for By {
    fn from(operator: &Operator) -> Self {
        Self { operator: operator.clone(), authenticated_at: None }
    }
}

/// Ids of the dangers that `then` brings about and `by` may; otherwise what to answer. What only takes a reason is no refusal
/// for the audit. `secrets`: it sets or destroys some, which asks for an owner and a fresh sign-in as what is guarded does.
pub(super) async fn allowed(
    engine: &Engine,
    by: &By,
    now: &Config,
    then: &Config,
    reason: &str,
    secrets: bool,
) -> Result<std::result::Result<Vec<&'static str>, Saved>> {
    let (errors, dangers): (Vec<Check>, Vec<Check>) =
        brought_about(now, then).into_iter().partition(|check| check.severity == Severity::Error);
    if !errors.is_empty() {
        return Ok(Err(Saved::Again(errors.into_iter().map(field_error).collect())));
    }
    let guarded = secrets || guarded_differ(&now.named, &then.named);
    let ids: Vec<&'static str> = dangers.iter().map(|check| check.id).collect();
    if ids.is_empty() && !guarded {
        return Ok(Ok(ids));
    }
    let fresh = by.authenticated_at.is_some_and(|at| engine.effects().now() - at <= FRESH);
    let refused = if by.operator.role != Role::Owner {
        Some(("owner", Saved::NeedsOwner(dangers)))
    } else if !fresh {
        Some(("fresh sign-in", Saved::NeedsFreshSignIn(dangers)))
    } else if reason.is_empty() && !ids.is_empty() {
        return Ok(Err(Saved::NeedsReason(dangers)));
    } else {
        None
    };
    let Some((needs, saved)) = refused else { return Ok(Ok(ids)) };
    let reason = if ids.is_empty() { "guarded" } else { "danger" };
    let details = json!({"reason": reason, "needs": needs, "dangers": ids});
    let mut tx = engine.db().write().await?;
    record(&mut tx, engine.effects().now(), &by.operator.email, "settings.refused", details).await?;
    tx.commit().await?;
    Ok(Err(saved))
}

fn field_error(check: Check) -> FieldError {
    let field = check.at.or_else(|| field_of(&check.key)).unwrap_or(SIGN_IN_AFTER_REGISTRATION);
    FieldError { field, message: format!("{}: {}", check.title, check.text) }
}
