//! Which statements a test ran, and as what.

use super::writer::Durability;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// Which statements ran, each as what: with which durability, or by somebody who only reads.
#[derive(Clone, Default)]
pub struct Ran(pub(super) Arc<Mutex<Statements>>);

/// Texts of statements, and how each ran.
pub(super) type Statements = BTreeSet<(&'static str, Option<Durability>)>;

impl Ran {
    pub(super) fn note(&self, sql: &'static str, durability: Option<Durability>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert((sql, durability));
    }
}
