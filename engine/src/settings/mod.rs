//! Named settings that the console changes, kept as immutable revisions and mapped onto the files anew each time.

pub mod checks;
mod danger;
pub mod history;
mod page;
mod preview;
mod revise;

pub use crate::config::Named;
pub use checks::Check;
pub use danger::By;
pub use history::undo;
pub use page::{changes, current};
pub use preview::preview;
pub use revise::{list, load_current, refresh, roll_back, rollback, save};

use crate::plan::Plan;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The page *Authentication settings*, typed: what is shown and what is posted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Authentication {
    pub registration_enabled: bool,
    /// For every enabled method that can register (so far: password).
    pub sign_in_after_registration: bool,
    /// For every enabled method that can register.
    pub show_verification_page: bool,
    /// For every method that signs in (so far: password).
    pub require_verified_address: bool,
    pub min_password_length: u32,
    pub identifier_similarity_check: bool,
    pub breach_check: bool,
}

/// Where a value on the page comes from and who touched it last.
#[derive(Clone, Debug)]
pub struct Provenance {
    /// The configuration key it writes, for those who want to know.
    pub key: String,
    /// The default in words, such as `off` or `8`.
    pub default: String,
    /// Last change in the console: operator's name, time, revision.
    pub changed: Option<(String, DateTime<Utc>, i64)>,
    /// `Some(reason)`: cannot be changed here, for instance set by the environment.
    pub locked: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Current {
    pub revision: i64,
    pub values: Authentication,
    /// By field name of [`Authentication`].
    pub provenance: BTreeMap<&'static str, Provenance>,
}

/// The worst first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// What is configured cannot do what it says. A Save that brings one about is refused.
    Error,
    /// Somebody can do harm, or is locked out. A Save that brings one about asks who does it, and why.
    Danger,
    Warning,
    Info,
}

impl Severity {
    pub fn word(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Danger => "danger",
            Severity::Warning => "warning",
            Severity::Info => "info",
        }
    }
}

/// What the unsaved (or saved) values would mean.
pub struct Preview {
    /// What can happen, as far as it stands beside a setting; [`Check::at`] says which.
    pub warnings: Vec<Check>,
    /// Those errors and dangers, of the whole configuration, that a Save would newly bring about: errors refuse it, dangers make it
    /// ask for an owner, a fresh sign-in and a reason.
    pub brings_about: Vec<Check>,
    /// Per client, for the method password: what runs now, and what would run.
    pub plans: Vec<(Plan, Plan)>,
    /// Sentences naming each difference to the saved values, such as "Sign in after registration: on".
    pub changes: Vec<String>,
}

/// A problem with one field; the form comes back with it.
#[derive(Clone, Debug)]
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
    /// It brings these dangers about, and that is for owners.
    NeedsOwner(Vec<Check>),
    /// It brings these dangers about, and the sign-in is older than five minutes ([`crate::operators::FRESH`]).
    NeedsFreshSignIn(Vec<Check>),
    /// It brings these dangers about, and nothing says why.
    NeedsReason(Vec<Check>),
}

pub struct Revision {
    pub number: i64,
    pub at: DateTime<Utc>,
    /// Operator's name, or "command line".
    pub by: String,
    pub base: i64,
    pub settings: Named,
    /// What changed, in words, as it was said when it was made.
    pub summary: Vec<String>,
    /// Why, in the author's words; empty without one.
    pub reason: String,
}
