//! Revisions: save, list, and what applies at the start. What applies next goes through [`Engine::reconfigure`].

use super::audit::record;
use super::danger::{self, By};
use super::names::SIGN_IN_AFTER_REGISTRATION;
use super::page::{field_of, named, refusals, registering, set_elsewhere, signing_in, values};
use super::table::{SETTINGS, Writes, setting};
use super::{
    FieldError, Named, Revision, Saved, SettingValue, Values, changes, differences, provider_fields, words,
};
use crate::config::Config;
use crate::config::console::{Lists, SIGN_IN_HOOKS};
use crate::config::load::{Loaded, Note, Problem, Problems, Sources, load, remap};
use crate::engine::Engine;
use crate::error::{Error, Kind, Result};
use crate::secrets;
use crate::signup::deferred;
use crate::store::revisions::{self, Row};
use crate::store::{Db, Tx, deferred_logins, form_drafts};
use serde_json::json;
use std::sync::Arc;

/// How many revisions a list shows.
const SHOWN: i64 = 1000;

/// The key that says who decides.
const SOURCE: &str = "vestibule.settings.source";

/// Checks everything, writes the revision if `base` is still the current one, appends to the audit; the snapshot applies.
/// Runs to its end whatever becomes of the caller. [`Kind::Forbidden`] for viewers.
/// `reason`: why, in the operator's words; may be empty, unless the Save brings a danger about.
pub async fn save(
    engine: &Engine,
    by: impl Into<By>,
    base: i64,
    values: &Values,
    reason: &str,
) -> Result<Saved> {
    let (by, values, reason) = (by.into(), values.clone(), reason.trim().to_owned());
    engine
        .reconfigure(move |engine| async move { save_alone(&engine, &by, base, &values, reason).await })
        .await
}

async fn save_alone(
    engine: &Engine,
    author: &By,
    base: i64,
    wanted: &Values,
    reason: String,
) -> Result<Outcome> {
    let ground = match ground(engine, author, base).await? {
        Ok(ground) => ground,
        Err(conflict) => return Ok((conflict, None)),
    };
    let BaseRevision { number, held, config } = &ground;
    let saved = values(config);
    let different = differences(&saved, wanted);
    if different.is_empty() {
        return Ok((Saved::Unchanged { revision: *number }, None));
    }
    let mut errors: Vec<FieldError> = refusals(config, &saved, wanted)
        .into_iter()
        .map(|(field, message)| FieldError { field, message })
        .collect();
    for setting in different.into_iter().filter_map(setting) {
        let Writes::HookLists(_, lists) = setting.writes else { continue };
        let (moot, what) = match lists {
            Lists::SignUp => (registering(config).next().is_none(), "up"),
            Lists::SignIn => (signing_in(config).next().is_none(), "in"),
        };
        if moot {
            let message = format!("No enabled method lets users sign {what}.");
            errors.push(FieldError { field: setting.name, message });
        }
    }
    let settings = named(config, held, wanted);
    let mut summary = changes(&saved, wanted);
    if let Ok(next) = remap(config, number + 1, &settings) {
        summary.extend(words::at_sign_in(config, &next));
        errors.extend(without_effect(&next, wanted));
    }
    let change = Change { settings, summary, secrets: Vec::new() };
    commit(engine, author, ground, change, errors, reason).await
}

/// A method that inherits its gate from a list that a variable sets: no list of its own can be without any entry.
fn without_effect(next: &Config, wanted: &Values) -> Option<FieldError> {
    let is = values(next);
    let stays = |name| match (is.whole(name), wanted.whole(name)) {
        (Some(SettingValue::PerMethod(is)), Some(SettingValue::PerMethod(wanted))) => {
            is.iter().any(|(method, on)| wanted.has(method) && wanted.is_on(method) != on)
        }
        _ => false,
    };
    let mut gates =
        SETTINGS.iter().filter(|setting| matches!(setting.writes, Writes::HookLists(_, Lists::SignIn)));
    let field = gates.find(|setting| stays(setting.name))?.name;
    Some(FieldError { field, message: set_elsewhere(next, SIGN_IN_HOOKS)? })
}

/// What a Save stands on.
pub(super) struct BaseRevision {
    /// The newest revision; 0 for none.
    pub(super) number: i64,
    /// Its settings.
    pub(super) held: Named,
    /// In force with them.
    pub(super) config: Arc<Config>,
}

/// What a Save makes of it.
pub(super) struct Change {
    pub(super) settings: Named,
    /// In words, for the history.
    pub(super) summary: Vec<String>,
    /// By name; in the same transaction.
    pub(super) secrets: Vec<(String, secrets::Change)>,
}

/// Saves what `change` makes of the settings in force, if `base` is still the newest revision; as [`save`]. A `change` without
/// difference makes no revision; `Err` of it are the problems of the form.
pub(super) async fn save_change<F>(
    engine: &Engine,
    by: impl Into<By>,
    base: i64,
    reason: &str,
    change: F,
) -> Result<Saved>
where
    F: FnOnce(&BaseRevision) -> std::result::Result<Change, Vec<FieldError>> + Send + 'static,
{
    let (by, reason) = (by.into(), reason.trim().to_owned());
    let save = move |engine: Engine| async move {
        let ground = match ground(&engine, &by, base).await? {
            Ok(ground) => ground,
            Err(conflict) => return Ok((conflict, None)),
        };
        match change(&ground) {
            Err(problems) => Ok((Saved::Again(problems), None)),
            Ok(change) if change.settings == ground.held && change.secrets.is_empty() => {
                Ok((Saved::Unchanged { revision: ground.number }, None))
            }
            Ok(change) => commit(&engine, &by, ground, change, Vec::new(), reason).await,
        }
    };
    engine.reconfigure(save).await
}

/// What is in force, if `base` is the newest revision; `Err`: somebody saved meanwhile.
pub(super) async fn ground(
    engine: &Engine,
    by: &By,
    base: i64,
) -> Result<std::result::Result<BaseRevision, Saved>> {
    may_write(engine, by).await?;
    let newest = newest(engine.db()).await?;
    let (number, held) =
        newest.as_ref().map_or_else(|| (0, Named::new()), |row| (row.number, row.settings.clone()));
    // sabotage: revision-conflict
    if number != base {
        return newest.map(conflict).map(Err).ok_or_else(gone);
    }
    let mut config = engine.begin().config;
    if config.revision != number {
        // Another process saved it and this one has not taken it over yet.
        config = Arc::new(remap(&config, number, &held).map_err(Error::internal)?);
    }
    Ok(Ok(BaseRevision { number, held, config }))
}

/// What a Save answers, and the snapshot that follows it, for [`Engine::reconfigure`].
type Outcome = (Saved, Option<Config>);

/// Checks the whole that comes of it, and writes the revision with its secrets. `errors`: what is wrong already.
async fn commit(
    engine: &Engine,
    author: &By,
    ground: BaseRevision,
    change: Change,
    mut errors: Vec<FieldError>,
    reason: String,
) -> Result<Outcome> {
    let BaseRevision { number: base, config, .. } = ground;
    let next = match remap(&config, base + 1, &change.settings) {
        Ok(next) => Some(next),
        Err(problems) => {
            errors.extend(problems.0.iter().map(field_error));
            None
        }
    };
    let Some(next) = next.filter(|_| errors.is_empty()) else {
        return Ok((Saved::Again(errors), None));
    };
    let sets_secrets = !change.secrets.is_empty();
    let dangers = match danger::allowed(engine, author, &config, &next, &reason, sets_secrets).await? {
        Ok(dangers) => dangers,
        Err(refused) => return Ok((refused, None)),
    };
    let row = Row {
        number: base + 1,
        at: engine.effects().now(),
        by: author.shown().to_owned(),
        base,
        settings: change.settings,
        summary: change.summary,
        reason,
    };
    let mut tx = engine.db().write().await?;
    if !revisions::insert(&mut tx, &row).await? {
        // Rolls back, and gives its connection to what follows.
        drop(tx);
        let newest = self::newest(engine.db()).await?.ok_or_else(gone)?;
        return Ok((conflict(newest), None));
    }
    for (name, change) in &change.secrets {
        secrets::change(&mut tx, engine.effects(), &config, name, change, author.shown()).await?;
    }
    let details = json!({
        "revision": row.number,
        "changes": row.summary,
        "settings": row.settings,
        "reason": row.reason,
        "dangers": dangers,
    });
    record(&mut tx, row.at, author.actor(), "settings.save", details).await?;
    // What was kept for this operator is saved now, or was given up for something else.
    if let Some(operator) = author.operator() {
        form_drafts::forget(&mut tx, operator.id).await?;
    }
    end_what_waits(&mut tx, &next).await?;
    tx.commit().await?;
    Ok((Saved::Done { revision: row.number }, Some(next)))
}

/// A revision that switches an option off ends what waits by it, also when a later one switches it on again.
pub(super) async fn end_what_waits(tx: &mut Tx, next: &Config) -> Result<()> {
    if !deferred::wanted(next) {
        deferred_logins::forget_all(tx).await?;
    } else if !deferred::signs_in(next) {
        deferred_logins::sign_nobody_in(tx).await?;
    }
    Ok(())
}

/// A refusal is kept in the audit.
pub(super) async fn may_write(engine: &Engine, by: &By) -> Result<()> {
    let files = files_decide(&engine.begin().config);
    let (reason, sentence) = match files {
        _ if !by.may_write() => ("role", "Your role lets you look at settings, not change them.".to_owned()),
        Some(sentence) => ("files", sentence),
        None => return Ok(()),
    };
    let mut tx = engine.db().write().await?;
    let details = json!({ "reason": reason });
    record(&mut tx, engine.effects().now(), by.actor(), "settings.refused", details).await?;
    tx.commit().await?;
    Err(Error::new(Kind::Forbidden, sentence))
}

/// Why nobody can change settings in the console, and where to do it instead; `None` where the console decides.
pub fn files_decide(config: &Config) -> Option<String> {
    if !config.vestibule.settings_from_files {
        return None;
    }
    let to_do = match config.layers.names() {
        Some(files) => format!("Change {}, and start the server again", files.join(", ")),
        None => {
            "Start the server with a file of yours (--config); `vestibule config starter` prints one to build on".to_owned()
        }
    };
    let by = match config.variable(SOURCE) {
        Some(variable) => format!("environment variable {variable}"),
        None => format!("{SOURCE}: file"),
    };
    Some(format!("The files decide here ({by}). {to_do}."))
}

pub(super) fn conflict(newest: Row) -> Saved {
    Saved::Conflict { revision: newest.number, by: newest.by, at: newest.at }
}

/// The page stands on a revision, and there is none: another database.
pub(super) fn gone() -> Error {
    Error::new(Kind::Conflict, "The settings changed meanwhile. Load the page again.")
}

/// A problem of the whole configuration, said beside the field that brings it about.
pub(super) fn field_error(problem: &Problem) -> FieldError {
    let mut what = problem.what.chars();
    let what: String = what.next().into_iter().flat_map(char::to_uppercase).chain(what).collect();
    match field_of(&problem.path).or_else(|| provider_fields::field_of(&problem.path)) {
        // One field writes into several lists, and what is wrong may have come from the flow's.
        Some(field) if problem.path.contains(".hooks[") => {
            let Problem { path, what, instead, .. } = problem;
            FieldError { field, message: format!("{path}: {what}. Give {instead}.") }
        }
        Some(field) => FieldError { field, message: format!("{what}. Give {}.", problem.instead) },
        None => FieldError {
            field: SIGN_IN_AFTER_REGISTRATION,
            message: format!("{}: {what}. The configuration needs {}.", problem.path, problem.instead),
        },
    }
}

/// What applies at the start: the files with the newest revision mapped onto them; the files alone where they decide. A
/// revision that no longer fits is refused, with the way out among the problems.
pub async fn load_current(db: &Db, sources: &Sources) -> Result<Result<Loaded, Problems>> {
    let Some(row) = newest(db).await? else { return Ok(load(sources, None)) };
    match load(sources, None) {
        Ok(mut alone) if alone.config.vestibule.settings_from_files => {
            alone.notes.push(Note {
                file: format!("console revision {}", row.number),
                path: SOURCE.into(),
                text: "not applied, since the files decide; History in the console shows how they differ"
                    .into(),
                needless: false,
            });
            return Ok(Ok(alone));
        }
        _ => {}
    }
    let loaded = load(sources, Some((row.number, &row.settings)));
    let Err(Problems(mut problems)) = loaded else { return Ok(loaded) };
    // Files that do not even load alone are no fault of the revision.
    if load(sources, None).is_ok() {
        problems.push(Problem {
            file: format!("console revision {}", row.number),
            path: String::new(),
            what: format!("revision {} no longer fits the files", row.number),
            instead: "files that fit it, or go back: `vestibule settings history`, then `vestibule settings rollback NUMBER` \
                      (0 is the files alone)"
                .into(),
        });
    }
    Ok(Err(Problems(problems)))
}

/// Newest first.
pub async fn list(db: &Db) -> Result<Vec<Revision>> {
    let mut tx = db.read().await?;
    let rows = revisions::list(&mut tx, SHOWN).await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

impl From<Row> for Revision {
    fn from(row: Row) -> Self {
        Revision {
            number: row.number,
            at: row.at,
            by: row.by,
            base: row.base,
            settings: row.settings,
            summary: row.summary,
            reason: row.reason,
        }
    }
}

pub(super) async fn newest(db: &Db) -> Result<Option<Row>> {
    let mut tx = db.single().await?;
    revisions::newest(&mut tx).await
}
