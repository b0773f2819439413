//! *Authentication settings*: the switch this product exists for, and what stands beside it. Here is what a post does; the form as
//! names and texts is in `form`, how it looks in `markup`.

pub(super) mod form;
mod markup;

pub use markup::page;

use super::checks::needs;
use super::confirm::confirmed;
use super::fields::{Fields, text};
use chrono::{DateTime, Utc};
use engine::operators::{OperatorSession, Role};
use engine::settings::checks::{self, Fixed};
use engine::settings::presets::Preset;
use engine::settings::{self, Check, Current, FieldError, Preview, Saved, SettingValue, Values, Ways};
use engine::{Engine, Error, Kind};
use form::{Clash, Read};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

pub const PATH: &str = "/settings/authentication";
/// None of its fields is a secret.
pub fn may_wait(_field: &str) -> bool {
    true
}

const ENDPOINT: &str = "/api/settings/authentication";

/// What the page shows.
pub struct View {
    current: Current,
    values: Values,
    /// Numbers as typed, also when they are none.
    typed: Fields,
    /// As typed.
    reason: String,
    preview: Preview,
    problems: Vec<FieldError>,
    /// Who saved meanwhile.
    conflict: Option<Conflict>,
    /// The dangers of a Save that needs the password, and what was wrong with the one that was typed.
    confirm: Option<(Vec<Check>, Option<String>)>,
    /// What one press just put into the form.
    applied: Option<String>,
    /// What became of the fix of a finding.
    fixed: Option<Fixed>,
    /// The control that takes the focus.
    focus: Option<String>,
    /// The values were typed before the operator's session ran out.
    kept: bool,
    editable: bool,
    /// Why nobody can save, and where to change it.
    files_decide: Option<String>,
    now: DateTime<Utc>,
}

/// Somebody saved between the loading of the form and its Save.
struct Conflict {
    by: String,
    at: DateTime<Utc>,
    revision: i64,
    /// What is in force now and was not when the form was made, in words.
    theirs: Vec<String>,
    /// What both changed, and differently.
    clashes: Vec<Clash>,
}

/// What became of a post.
pub enum Outcome {
    /// The revision that is in force now, and whether it is a new one.
    Saved {
        revision: i64,
        new: bool,
    },
    Previewed(View),
    /// 409 or 422, with everything that was typed.
    Again(u16, View),
}

/// What is in force.
pub async fn load(engine: &Engine, operator: &OperatorSession) -> engine::Result<View> {
    let current = settings::current(engine).await?;
    let read = Read { values: current.values.clone(), typed: Fields::new(), problems: Vec::new() };
    Ok(view(engine, operator, current, read))
}

/// Save, preview, undo and what puts something into the form: the one way in for a native post and for the island. What a role
/// may not do is refused, and kept in the audit, by the engine.
pub async fn submit(engine: &Engine, operator: &OperatorSession, sent: Fields) -> engine::Result<Outcome> {
    let mut outcome = decide(engine, operator, &sent).await?;
    if let Outcome::Previewed(view) | Outcome::Again(_, view) = &mut outcome {
        view.reason = text(&sent, "reason").to_owned();
    }
    Ok(outcome)
}

async fn decide(engine: &Engine, operator: &OperatorSession, sent: &Fields) -> engine::Result<Outcome> {
    let current = settings::current(engine).await?;
    let action = text(sent, "action");
    if action == "undo" {
        let read = Read { values: current.values.clone(), typed: Fields::new(), problems: Vec::new() };
        let saved = settings::undo(engine, operator, form::revision(sent)).await?;
        return became(engine, operator, saved, sent, read).await;
    }
    let mut read = form::read(&current, sent);
    if let Some(id) = action.strip_prefix("fix:") {
        return Ok(Outcome::Previewed(pressed(engine, operator, current, read, id)));
    }
    if let Some((verb, what)) = action.split_once(':') {
        let done = match verb {
            "theirs" => take_theirs(&current, &mut read, what),
            "level" => level(&current, &mut read, what),
            "preset" => preset(&current, &mut read, what),
            _ => Done::default(),
        };
        let refused = done.refused;
        let mut view = view(engine, operator, current, read);
        (view.applied, view.focus) = (done.applied, done.focus);
        return Ok(if refused { Outcome::Again(422, view) } else { Outcome::Previewed(view) });
    }
    if action == "preview" {
        return Ok(Outcome::Previewed(view(engine, operator, current, read)));
    }
    if !read.problems.is_empty() {
        return Ok(Outcome::Again(422, view(engine, operator, current, read)));
    }
    let (operator, wrong) = confirmed(engine, operator, text(sent, "password")).await?;
    let operator = &operator;
    let reason = text(sent, "reason");
    match settings::save(engine, operator, form::revision(sent), &read.values, reason).await? {
        Saved::NeedsFreshSignIn(dangers) => {
            let mut view = view(engine, operator, settings::current(engine).await?, read);
            view.confirm = Some((dangers, wrong));
            Ok(Outcome::Again(422, view))
        }
        saved @ (Saved::Done { .. }
        | Saved::Unchanged { .. }
        | Saved::Conflict { .. }
        | Saved::Again(_)
        | Saved::NeedsOwner(_)
        | Saved::NeedsReason(_)) => became(engine, operator, saved, sent, read).await,
    }
}

/// The page with what a finding of the checks offers in the form; nothing of it is saved.
pub async fn fixed(engine: &Engine, operator: &OperatorSession, id: &str) -> engine::Result<View> {
    let current = settings::current(engine).await?;
    let read = Read { values: current.values.clone(), typed: Fields::new(), problems: Vec::new() };
    Ok(pressed(engine, operator, current, read, id))
}

/// The way out of a finding, in the form. Pressed twice, the finding is gone and nothing happens.
fn pressed(engine: &Engine, operator: &OperatorSession, current: Current, mut read: Read, id: &str) -> View {
    let fixed = match operator.operator.role {
        Role::Viewer => Fixed::Refused("Your role lets you look at settings, not change them.".to_owned()),
        Role::Owner | Role::Editor => checks::fix(&engine.begin().config, &read.values, id),
    };
    if let Fixed::Unsaved(with_it) = &fixed {
        gives_way(&mut read, with_it);
    }
    let mut view = view(engine, operator, current, read);
    view.fixed = Some(fixed);
    view
}

/// What was typed before gives way to what was put in.
fn gives_way(read: &mut Read, to: &Values) {
    for field in settings::differences(&read.values, to) {
        read.typed.retain(|control, _| control.split('.').next() != Some(field));
        read.problems.retain(|problem| problem.field != field);
    }
    read.values = to.clone();
}

/// What became of a press that puts something into the form.
#[derive(Default)]
struct Done {
    /// What to say of it.
    applied: Option<String>,
    focus: Option<String>,
    refused: bool,
}

/// Takes one's own value of a field back.
fn take_theirs(current: &Current, read: &mut Read, field: &str) -> Done {
    if let Some(theirs) = current.values.whole(field) {
        read.values.set(field, theirs);
        read.typed.retain(|control, _| control.split('.').next() != Some(field));
        read.problems.retain(|problem| problem.field != field);
    }
    Done { focus: Some(super::rows::id(field)), ..Done::default() }
}

/// All ways of a field alike: on, and off where they all are on.
fn level(current: &Current, read: &mut Read, field: &str) -> Done {
    if let Some(SettingValue::PerMethod(ways)) = read.values.get(field) {
        let on = !ways.all_on();
        let leveled = ways.iter().map(|(method, was)| match current.way_locked(field, method) {
            Some(_) => (method, was),
            None => (method, on),
        });
        read.values.set(field, leveled.collect::<Ways>());
    }
    Done { focus: Some(super::rows::id(field)), ..Done::default() }
}

fn preset(current: &Current, read: &mut Read, id: &str) -> Done {
    let Some(preset) = Preset::parse(id) else { return Done::default() };
    let changed = !preset.changes(&read.values).is_empty();
    let title = preset.title;
    put_in(current, read, preset.applied(&read.values), title, changed, "applied")
}

/// Into the form, which nobody has saved yet; refused where something of it is locked.
fn put_in(
    current: &Current,
    read: &mut Read,
    wanted: Values,
    what: &str,
    changed: bool,
    focus: &str,
) -> Done {
    if let Some((field, reason)) = current.refusal(&wanted) {
        let message = format!("{what} cannot be used here. {}: {reason}", settings::label(field));
        read.problems.push(FieldError { field, message });
        return Done { refused: true, ..Done::default() };
    }
    gives_way(read, &wanted);
    let applied = match changed {
        true => format!("{what}: it is in the form, and not saved yet."),
        false => format!("{what}: the form says all of it already."),
    };
    Done { applied: Some(applied), focus: Some(focus.to_owned()), refused: false }
}

/// What somebody typed before their session ran out, on top of what is in force now. Nothing of it is saved.
pub async fn resume(engine: &Engine, operator: &OperatorSession, sent: Fields) -> engine::Result<View> {
    let current = settings::current(engine).await?;
    let mut read = form::read(&current, &sent);
    if let Some(was) = form::was(&current, &sent) {
        form::on_top_of(&current.values, &was, &mut read);
    }
    let mut view = view(engine, operator, current, read);
    view.kept = true;
    view.reason = text(&sent, "reason").to_owned();
    Ok(view)
}

/// The page for what the engine answered, on what is in force after it.
async fn became(
    engine: &Engine,
    operator: &OperatorSession,
    saved: Saved,
    sent: &Fields,
    mut read: Read,
) -> engine::Result<Outcome> {
    let current = settings::current(engine).await?;
    match saved {
        Saved::Done { revision } => Ok(Outcome::Saved { revision, new: true }),
        Saved::Unchanged { revision } => Ok(Outcome::Saved { revision, new: false }),
        // A second click on Save: the first one did it.
        Saved::Conflict { revision, ref by, .. }
            if text(sent, "action") != "undo"
                && current.revision == revision
                && current.values == read.values =>
        {
            let own = revision == form::revision(sent) + 1 && by == &operator.operator.name;
            Ok(Outcome::Saved { revision, new: own })
        }
        Saved::Conflict { revision, by, at } => {
            // Made anew on what is in force: a second Save is meant.
            let was = form::was(&current, sent);
            let theirs = was.as_ref().map(|was| settings::changes(was, &current.values)).unwrap_or_default();
            let clashes =
                was.map(|was| form::on_top_of(&current.values, &was, &mut read)).unwrap_or_default();
            let mut view = view(engine, operator, current, read);
            view.conflict = Some(Conflict { by, at, revision, theirs, clashes });
            Ok(Outcome::Again(409, view))
        }
        Saved::Again(problems) => {
            read.problems = problems;
            Ok(Outcome::Again(422, view(engine, operator, current, read)))
        }
        asking @ (Saved::NeedsOwner(_) | Saved::NeedsFreshSignIn(_) | Saved::NeedsReason(_)) => {
            read.problems = vec![needs(asking)];
            Ok(Outcome::Again(422, view(engine, operator, current, read)))
        }
    }
}

fn view(engine: &Engine, operator: &OperatorSession, current: Current, read: Read) -> View {
    let config = engine.begin().config;
    let Read { values, typed, problems } = read;
    View {
        preview: settings::preview(&config, &values),
        editable: operator.operator.role != Role::Viewer && settings::files_decide(&config).is_none(),
        files_decide: settings::files_decide(&config),
        now: engine.effects().now(),
        conflict: None,
        confirm: None,
        applied: None,
        fixed: None,
        focus: None,
        kept: false,
        current,
        values,
        typed,
        reason: String::new(),
        problems,
    }
}

/// Everything the page posts, for the island. The page's own POST ends in the same [`submit`].
#[server(name = SaveAuthentication, prefix = "/api", endpoint = "settings/authentication")]
pub async fn save_authentication(#[server(flatten)] fields: Fields) -> Result<Swap, ServerFnError> {
    let engine = expect_context::<Engine>();
    let operator = expect_context::<OperatorSession>();
    let outcome = match submit(&engine, &operator, fields).await {
        Ok(outcome) => outcome,
        Err(error) => return Err(failed(error)),
    };
    // A preview changes nothing that stands outside, and there is one for each pause in typing.
    let beside = match outcome {
        Outcome::Previewed(_) => String::new(),
        Outcome::Saved { .. } | Outcome::Again(..) => {
            let grave = super::checks::grave(&engine.begin().config, engine.noticed().unnamed_proxies());
            Owner::new().with(|| super::shell::grave(grave).to_html())
        }
    };
    let (status, view, notice) = match outcome {
        Outcome::Saved { revision, new } => {
            let view = load(&engine, &operator).await.map_err(failed)?;
            (200, view, markup::notice(revision, new))
        }
        Outcome::Previewed(view) => {
            let notice = markup::said(&view);
            (200, view, notice)
        }
        Outcome::Again(status, view) => {
            let notice = markup::said(&view);
            (status, view, notice)
        }
    };
    answer(status);
    Ok(Swap { html: markup::region(view), notice, beside })
}

/// What the island swaps in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Swap {
    pub html: String,
    pub notice: String,
    /// Parts of the page outside of that; empty for a preview.
    pub beside: String,
}

fn answer(status: u16) {
    let response = expect_context::<leptos_axum::ResponseOptions>();
    if let Ok(status) = axum::http::StatusCode::from_u16(status) {
        response.set_status(status);
    }
}

/// The public part only; the cause went to the log.
fn failed(error: Error) -> ServerFnError {
    answer(match error.kind {
        Kind::Forbidden => 403,
        Kind::Conflict => 409,
        Kind::Busy => 503,
        Kind::Invalid
        | Kind::Unauthenticated
        | Kind::NotFound
        | Kind::Expired
        | Kind::TooLarge
        | Kind::BrowserRequired
        | Kind::RateLimited
        | Kind::Internal
        | Kind::Upstream
        | Kind::UpstreamTimeout => 500,
    });
    ServerFnError::ServerError(error.to_string())
}
