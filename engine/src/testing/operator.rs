//! An operator, as far as a revision and the audit name one: nobody looks the row up.

use crate::engine::Engine;
use crate::operators::{Operator, OperatorSession, Role};
use chrono::TimeDelta;

/// Grace.
pub fn operator(engine: &Engine, role: Role) -> Operator {
    let effects = engine.effects();
    Operator {
        id: effects.operator_id(),
        email: "grace@example.org".into(),
        name: "Grace".into(),
        role,
        disabled: false,
        created_at: effects.now(),
    }
}

/// Signed in just now.
pub fn somebody(engine: &Engine, role: Role) -> OperatorSession {
    let now = engine.effects().now();
    OperatorSession {
        operator: operator(engine, role),
        authenticated_at: now,
        expires_at: now + TimeDelta::hours(12),
        token_hash: Vec::new(),
    }
}
