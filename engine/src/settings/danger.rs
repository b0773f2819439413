//! What a Save may bring about, and by whom: no new error, and a new danger only by an owner who has just signed in and says why.
//! A reason is no control (design: security §7); it is there for those who read the history.

use super::audit::record;
use super::checks::{Check, brought_about};
use super::names::SIGN_IN_AFTER_REGISTRATION;
use super::page::field_of;
use super::table::{Guard, SETTINGS};
use super::{FieldError, Saved, Severity};
use crate::config::{Config, Named};
use crate::engine::Engine;
use crate::error::Result;
use crate::operators::{FRESH, Operator, OperatorSession, Role};
use chrono::{DateTime, Utc};
use serde_json::json;

/// How revisions and the audit name a change by a command.
pub const COMMAND_LINE: &str = "command line";

/// Who changes settings.
#[derive(Clone, Debug)]
pub enum By {
    Operator {
        operator: Operator,
        /// Since when they are signed in. `None`: nobody knows, so never recently.
        authenticated_at: Option<DateTime<Utc>>,
    },
    /// A command on a machine that has the configuration and the database: as much as an owner.
    CommandLine {
        /// The command says that a danger is meant. It stands for the recent sign-in.
        confirmed: bool,
    },
}

impl From<&OperatorSession> for By {
    fn from(session: &OperatorSession) -> Self {
        Self::Operator {
            operator: session.operator.clone(),
            authenticated_at: Some(session.authenticated_at),
        }
    }
}

impl From<&Operator> for By {
    fn from(operator: &Operator) -> Self {
        Self::Operator { operator: operator.clone(), authenticated_at: None }
    }
}

impl By {
    /// As a revision names them.
    pub(super) fn shown(&self) -> &str {
        match self {
            Self::Operator { operator, .. } if operator.name.is_empty() => &operator.email,
            Self::Operator { operator, .. } => &operator.name,
            Self::CommandLine { .. } => COMMAND_LINE,
        }
    }

    /// As the audit names them.
    pub(super) fn actor(&self) -> &str {
        match self {
            Self::Operator { operator, .. } => &operator.email,
            Self::CommandLine { .. } => COMMAND_LINE,
        }
    }

    pub(super) fn operator(&self) -> Option<&Operator> {
        match self {
            Self::Operator { operator, .. } => Some(operator),
            Self::CommandLine { .. } => None,
        }
    }

    pub(super) fn may_write(&self) -> bool {
        // sabotage: console-role
        self.operator().is_none_or(|operator| !operator.disabled && operator.role != Role::Viewer)
    }

    pub(super) fn is_owner(&self) -> bool {
        self.operator().is_none_or(|operator| operator.role == Role::Owner)
    }

    fn is_recent(&self, now: DateTime<Utc>) -> bool {
        match self {
            Self::Operator { authenticated_at, .. } => authenticated_at.is_some_and(|at| now - at <= FRESH),
            // sabotage: danger-by-a-command
            Self::CommandLine { confirmed } => *confirmed,
        }
    }
}

/// Whether something guarded differs.
fn guarded_differ(was: &Named, is: &Named) -> bool {
    let mut guarded = SETTINGS.iter().filter(|setting| setting.guard == Guard::Owner);
    guarded.any(|setting| was.get(setting.name) != is.get(setting.name))
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
    let refused = if !by.is_owner() {
        Some(("owner", Saved::NeedsOwner(dangers)))
    } else if !by.is_recent(engine.effects().now()) {
        if by.operator().is_none() {
            // Not a refusal for the audit: the command can be run again with its confirmation.
            return Ok(Err(Saved::NeedsFreshSignIn(dangers)));
        }
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
    record(&mut tx, engine.effects().now(), by.actor(), "settings.refused", details).await?;
    tx.commit().await?;
    Ok(Err(saved))
}

fn field_error(check: Check) -> FieldError {
    let field = check.at.or_else(|| field_of(&check.key)).unwrap_or(SIGN_IN_AFTER_REGISTRATION);
    FieldError { field, message: format!("{}: {}", check.title, check.text) }
}
