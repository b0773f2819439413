//! Which statements a test ran, and as what.

use super::durability::Durability;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Which statements ran.
#[derive(Clone, Default)]
pub struct Ran(Arc<Mutex<Noted>>);

#[derive(Default)]
pub(super) struct Noted {
    /// Each as what: with which durability, or by somebody who only reads.
    pub(super) statements: BTreeSet<(&'static str, Option<Durability>)>,
    pub(super) committed: Vec<Vec<&'static str>>,
}

impl Ran {
    pub(super) fn note(&self, sql: &'static str, durability: Option<Durability>) {
        self.noted().statements.insert((sql, durability));
    }

    /// The statements of a transaction that was committed, in their order.
    pub(super) fn committed(&self, statements: Vec<&'static str>) {
        self.noted().committed.push(statements);
    }

    pub(super) fn noted(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
