//! Named settings that the console changes, kept as immutable revisions and mapped onto the files anew each time. The table of all
//! of them is in `table`.

pub mod actions;
mod addressees;
pub mod after_sign_up;
pub mod by_name;
pub mod checks;
mod danger;
mod follow;
pub mod history;
pub mod names;
mod page;
pub mod presets;
mod preview;
mod revise;
pub mod social;
pub mod table;
mod values;
pub mod web_hooks;
mod words;

pub use crate::config::Named;
pub use after_sign_up::AfterSignUp;
pub use checks::Check;
pub use danger::{By, COMMAND_LINE};
pub use follow::{follow, listen, refresh};
pub use history::undo;
pub use page::{current, registering, values};
pub use preview::preview;
pub use revise::{files_decide, list, load_current, roll_back, save};
pub use table::{SETTINGS, Setting, label, setting};
pub use values::{SettingValue, Values, Ways, changes, differences, in_units, parse_span, way};

use crate::config::Method;
use crate::pipeline::Compared;
use crate::plan::Plan;
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Where a value on the page comes from and who touched it last.
#[derive(Clone, Debug)]
pub struct Provenance {
    /// The configuration key it writes, for those who want to know.
    pub key: String,
    /// The default in words, such as `off` or `8`.
    pub default: String,
    /// Last change in the console: operator's name, time, revision.
    pub changed: Option<(String, DateTime<Utc>, i64)>,
    /// `Some(reason)`: cannot be changed here, for instance set by the environment. Of several ways: none of them can.
    pub locked: Option<String>,
    /// The same for single ways of it.
    pub ways_locked: BTreeMap<Method, String>,
}

#[derive(Clone, Debug)]
pub struct Current {
    pub revision: i64,
    pub values: Values,
    /// By name, of settings with a value.
    pub provenance: BTreeMap<&'static str, Provenance>,
    /// Settings that pages have today: what they switch is there.
    pub offered: BTreeSet<&'static str>,
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
    /// Per enabled method that can register and client: what runs now, and what would run.
    pub plans: Vec<(Plan, Plan)>,
    /// The same in words.
    pub pipelines: Vec<Compared>,
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
