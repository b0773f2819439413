//! What was saved before, in words, and the way back: going back is a revision of its own.

use super::checks::{Check, brought_about};
use super::danger::{self, By};
use super::names::SIGN_IN_AFTER_REGISTRATION;
use super::revise::{BaseRevision, gone, ground, newest};
use super::rollback::{Author, write_rollback};
use super::{FieldError, Named, Revision, Saved, addressees, words};
use crate::config::load::remap;
use crate::config::{Config, difference};
use crate::engine::Engine;
use crate::error::Result;
use crate::store::revisions::{self, Row};

/// One revision, and what it changed.
pub struct Entry {
    pub revision: Revision,
    /// Against the one before it, each change in words. Empty for a revision that no longer fits the files.
    pub changes: Vec<String>,
}

/// Newest first, at most `limit`, those before the revision `before`.
pub async fn entries(engine: &Engine, before: Option<i64>, limit: i64) -> Result<Vec<Entry>> {
    let config = engine.begin().config;
    let mut tx = engine.db().read().await?;
    // One more than is shown: the last one is compared with it.
    let rows = revisions::list_before(&mut tx, before.unwrap_or(i64::MAX), limit + 1).await?;
    let none = Named::new();
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX).min(rows.len());
    let mut entries = Vec::with_capacity(wanted);
    for (index, row) in rows.iter().take(wanted).enumerate() {
        let earlier = rows.get(index + 1).map_or(&none, |row| &row.settings);
        let both = fit(&config, earlier).zip(fit(&config, &row.settings));
        let changes = both.map(|(was, is)| words::between(&was, &is));
        entries.push(Entry { revision: row.clone().into(), changes: changes.unwrap_or_default() });
    }
    Ok(entries)
}

/// What those settings mean on today's files.
fn fit(config: &Config, named: &Named) -> Option<Config> {
    remap(config, config.revision, named).ok()
}

/// One of two that are compared; 0 is the files alone.
pub struct Side {
    pub number: i64,
    /// `None` for the files alone.
    pub revision: Option<Revision>,
    /// Why it no longer fits today's files.
    pub unfit: Option<String>,
}

/// How one differs from the other, on today's files.
pub struct Comparison {
    pub from: Side,
    pub to: Side,
    /// In words, read as a change from the one to the other.
    pub changes: Vec<String>,
    /// What to write into a file to get there; see [`difference`]. Empty when both mean the same, or one does not fit.
    pub yaml: String,
}

/// The newest revisions, at most `limit`: what can be chosen for a comparison.
pub async fn newest_of(engine: &Engine, limit: i64) -> Result<Vec<Revision>> {
    let mut tx = engine.db().read().await?;
    Ok(revisions::list(&mut tx, limit).await?.into_iter().map(Into::into).collect())
}

/// `None`: there is no such revision.
pub async fn compare(engine: &Engine, from: i64, to: i64) -> Result<Option<Comparison>> {
    let config = engine.begin().config;
    let mut tx = engine.db().read().await?;
    let mut sides = Vec::with_capacity(2);
    for number in [from, to] {
        let row = if number == 0 { None } else { revisions::get(&mut tx, number).await? };
        if number != 0 && row.is_none() {
            return Ok(None);
        }
        sides.push(row);
    }
    let (to_row, from_row) = (sides.pop().flatten(), sides.pop().flatten());
    Ok(Some(between(&config, (from, from_row), (to, to_row))))
}

fn between(config: &Config, from: (i64, Option<Row>), to: (i64, Option<Row>)) -> Comparison {
    let side = |(number, row): (i64, Option<Row>)| {
        let named = row.as_ref().map(|row| row.settings.clone()).unwrap_or_default();
        let mapped = remap(config, number, &named);
        let unfit = mapped.as_ref().err().map(ToString::to_string);
        (mapped.ok(), Side { number, revision: row.map(Into::into), unfit })
    };
    let ((was, from), (is, to)) = (side(from), side(to));
    let (changes, yaml) = match (was, is) {
        (Some(was), Some(is)) => (words::between(&was, &is), difference(&was, &is)),
        _ => (Vec::new(), String::new()),
    };
    Comparison { from, to, changes, yaml }
}

/// How what was saved last differs from the files, where they decide: from the files to that revision. `None` where the console
/// decides, or nothing was ever saved.
pub async fn drift(engine: &Engine) -> Result<Option<Comparison>> {
    let config = engine.begin().config;
    if !config.vestibule.settings_from_files {
        return Ok(None);
    }
    let row = newest(engine.db()).await?;
    Ok(row.map(|row| between(&config, (0, None), (row.number, Some(row)))))
}

/// What going back to a revision would change.
pub struct Back {
    /// What is in force now: the base of going back.
    pub base: i64,
    /// The one to go back to; `None`: the files alone.
    pub to: Option<Revision>,
    /// Against what is in force, in words. Empty: nothing would change.
    pub changes: Vec<String>,
    /// The errors and dangers that it would bring about.
    pub brings_about: Vec<Check>,
    /// Why it cannot be: it no longer fits the files.
    pub refused: Option<String>,
}

/// `None`: there is no such revision. 0 is the files alone.
pub async fn look_back(engine: &Engine, to: i64) -> Result<Option<Back>> {
    let config = engine.begin().config;
    let mut tx = engine.db().read().await?;
    let row = if to == 0 { None } else { revisions::get(&mut tx, to).await? };
    if to != 0 && row.is_none() {
        return Ok(None);
    }
    let named = row.as_ref().map(|row| row.settings.clone()).unwrap_or_default();
    let (mut changes, brings_about, refused) = match remap(&config, config.revision, &named) {
        Ok(then) => (words::between(&config, &then), brought_about(&config, &then), None),
        Err(problems) => (Vec::new(), Vec::new(), Some(problems.to_string())),
    };
    if refused.is_none() {
        let moved = addressees::moved(&mut tx, &named).await?;
        changes.extend(moved.iter().map(|name| addressees::destroyed(name)));
    }
    Ok(Some(Back { base: config.revision, to: row.map(Into::into), changes, brings_about, refused }))
}

/// Makes a new revision with the settings of `to` (0: none) while `base` is still the newest. [`crate::Kind::Forbidden`] for
/// viewers, kept in the audit.
pub async fn go_back(engine: &Engine, by: impl Into<By>, base: i64, to: i64, reason: &str) -> Result<Saved> {
    let (author, reason) = (by.into(), reason.trim().to_owned());
    let go = move |engine: Engine| async move {
        let by = &author;
        // Of the newest revision, also where another process saved it: a way back is guarded against that one.
        let config = match ground(&engine, by, base).await? {
            Ok(BaseRevision { number: 0, .. }) => return Err(gone()),
            Ok(BaseRevision { config, .. }) => config,
            Err(conflict) => return Ok((conflict, None)),
        };
        let fit = |number: i64, named: &Named| remap(&config, number, named);
        // A way back may lead into a danger as well.
        if let Some(then) = settings_of(&engine, to).await?.and_then(|named| fit(base + 1, &named).ok())
            && let Err(refused) = danger::allowed(&engine, &author, &config, &then, &reason, false).await?
        {
            return Ok((refused, None));
        }
        let author = Author { name: by.shown(), actor: by.actor(), reason: &reason };
        Ok(match write_rollback(engine.db(), engine.effects().now(), author, to, fit).await? {
            Ok((revision, config)) => (Saved::Done { revision }, Some(config)),
            Err(message) => {
                (Saved::Again(vec![FieldError { field: SIGN_IN_AFTER_REGISTRATION, message }]), None)
            }
        })
    };
    engine.reconfigure(go).await
}

/// `None`: there is no such revision.
pub(super) async fn settings_of(engine: &Engine, number: i64) -> Result<Option<Named>> {
    if number == 0 {
        return Ok(Some(Named::new()));
    }
    let mut tx = engine.db().read().await?;
    Ok(revisions::get(&mut tx, number).await?.map(|row| row.settings))
}

/// Takes the revision `base` back while it is still the newest: a new revision with the settings of the one before it.
/// [`crate::Kind::Forbidden`] for viewers.
pub async fn undo(engine: &Engine, by: impl Into<By>, base: i64) -> Result<Saved> {
    go_back(engine, by, base, base - 1, &format!("Undo of revision {base}")).await
}
