//! Named settings that the console changes, kept as immutable revisions and mapped onto the files anew each time.

use crate::config::Config;
use crate::engine::Engine;
use crate::error::Result;
use crate::plan::Plan;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Name → value, as stored in a revision: `registration_enabled: true`,
/// `sign_in_after_registration: {"password": "on"}`, `password_min_length: 12`, …
pub type Named = BTreeMap<String, serde_json::Value>;

/// The page *Authentication settings*, typed: what is shown and what is posted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Authentication {
    pub registration_enabled: bool,
    /// For every enabled method that can register (so far: password).
    pub sign_in_after_registration: bool,
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

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Severity {
    Danger,
    Warning,
    Info,
}

/// A sentence about what can happen now, shown beside a setting.
#[derive(Clone, Debug)]
pub struct Warning {
    pub id: &'static str,
    pub severity: Severity,
    /// Field name of [`Authentication`] it stands beside.
    pub at: &'static str,
    pub title: String,
    pub text: String,
}

/// What the unsaved (or saved) values would mean.
pub struct Preview {
    pub warnings: Vec<Warning>,
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
    Done { revision: i64 },
    /// Nothing differs from what is saved; no revision was made.
    Unchanged { revision: i64 },
    /// Somebody saved meanwhile: who, when, their revision.
    Conflict { revision: i64, by: String, at: DateTime<Utc> },
    Again(Vec<FieldError>),
}

pub struct Revision {
    pub number: i64,
    pub at: DateTime<Utc>,
    /// Operator's name, or "command line".
    pub by: String,
    pub base: i64,
    pub settings: Named,
    /// What changed, in words.
    pub summary: Vec<String>,
}

/// What the page shows.
pub async fn current(engine: &Engine) -> Result<Current> {
    let _ = engine;
    todo!()
}

/// Warnings and plans for values that were not saved yet. Pure but for reading the configuration in force.
pub fn preview(config: &Config, values: &Authentication) -> Preview {
    let _ = (config, values);
    todo!()
}

/// Checks everything, writes the revision if `base` is still the current one, publishes the snapshot, appends to the audit.
pub async fn save(engine: &Engine, by: &crate::operators::Operator, base: i64, values: &Authentication) -> Result<Saved> {
    let _ = (engine, by, base, values);
    todo!()
}

/// Makes a new revision with the settings of an old one (0: none). `Err(sentence)` when it cannot be applied.
pub async fn rollback(engine: &Engine, by: &str, to: i64) -> Result<Result<i64, String>> {
    let _ = (engine, by, to);
    todo!()
}

/// Newest first.
pub async fn history(engine: &Engine) -> Result<Vec<Revision>> {
    let _ = engine;
    todo!()
}
