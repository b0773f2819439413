//! Named settings that the console changes, kept as immutable revisions and mapped onto the files anew each time.

pub mod actions;
mod addressees;
pub mod after_sign_up;
mod audit;
pub mod checks;
mod danger;
mod fields;
mod follow;
pub mod history;
mod outcome;
mod page;
pub mod presets;
mod preview;
mod provider_fields;
mod revise;
pub mod social;
pub mod web_hooks;
mod words;

pub use crate::config::Named;
pub use crate::config::console as names;
pub use after_sign_up::AfterSignUp;
pub use checks::{Check, Severity};
pub use danger::By;
pub use fields::{
    Authentication, FIELDS, Setting, Ways, changes, differences, in_units, label, parse_span, way,
};
pub use follow::{follow, listen, refresh};
pub use history::undo;
pub use outcome::{FieldError, Preview, Saved};
pub use page::{current, registering};
pub use preview::preview;
pub use revise::{files_decide, list, load_current, roll_back, save};

use crate::config::Method;
use chrono::{DateTime, Utc};
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
    pub values: Authentication,
    /// By field name of [`Authentication`].
    pub provenance: BTreeMap<&'static str, Provenance>,
    /// Fields that the page has today: what they switch is there.
    pub offered: BTreeSet<&'static str>,
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
