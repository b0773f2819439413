//! What comes of a Save, and what it would come to.

use super::checks::Check;
use crate::pipeline::Compared;
use crate::plan::Plan;
use chrono::{DateTime, Utc};

/// What the unsaved (or saved) values would mean.
pub struct Preview {
    /// What can happen, as far as it stands beside a setting; [`Check::at`] says which.
    pub warnings: Vec<Check>,
    /// Those errors and dangers, of the whole configuration, that a Save would newly bring about: errors refuse it, dangers make it
    /// ask for an owner, a fresh sign-in and a reason.
    pub brings_about: Vec<Check>,
    /// Per enabled method that can register and client: what runs now, and what would run.
    pub plans: Vec<(Plan, Plan)>,
    /// The same in words.
    pub pipelines: Vec<Compared>,
    /// The same of sign-in, for every enabled method to sign in with.
    pub sign_in: Vec<Compared>,
    /// Sentences naming each difference to the saved values, such as "Sign in after registration: on".
    pub changes: Vec<String>,
}

/// A problem with one field; the form comes back with it.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldError {
    pub field: &'static str,
    pub message: String,
}

#[derive(Debug)]
pub enum Saved {
    Done {
        revision: i64,
    },
    /// Nothing differs from what is saved; no revision was made.
    Unchanged {
        revision: i64,
    },
    /// Somebody saved meanwhile: who, when, their revision.
    Conflict {
        revision: i64,
        by: String,
        at: DateTime<Utc>,
    },
    Again(Vec<FieldError>),
    /// It brings these dangers about, or is guarded by itself, and that is for owners.
    NeedsOwner(Vec<Check>),
    /// The same, and the sign-in is older than five minutes ([`crate::operators::FRESH`]).
    NeedsFreshSignIn(Vec<Check>),
    /// It brings these dangers about, and nothing says why.
    NeedsReason(Vec<Check>),
}
