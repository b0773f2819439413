//! *Social sign-in*: the providers that people can come from, made and changed without a file, tried out, switched and ordered. Here
//! is what a post does; rules are in `engine::settings::social`, how it looks is in the files below.

mod edit;
mod form;
mod list;
mod test;

pub use edit::page as edit_page;
pub use list::{gallery, page as list_page};
pub use test::{leave_page, result_page};

use super::checks::needs;
use super::confirm::{confirmed, is_stale};
use super::fields::{Fields, text};
use chrono::{DateTime, Utc};
use engine::config::providers::{KINDS, Kind, PRESETS, Preset};
use engine::operators::{OperatorSession, Role};
use engine::settings::social::{self as rules, Arrange, Draft, Entry, Page, Tried};
use engine::settings::{self, Check, FieldError, Saved};
use engine::{Ctx, Engine, Error};
use form::drafted;
use serde::Deserialize;

pub const PATH: &str = "/social";
pub const NEW: &str = "/social/new";
pub const PROVIDER: &str = "/social/provider";
pub use engine::method::oidc::trial::PATH as TEST;

/// Whether a field of the form may wait somewhere while its operator signs in.
pub fn may_wait(field: &str) -> bool {
    // sabotage: secret-in-a-draft
    !rules::SECRETS.contains(&field)
}

/// What a page tells those who may only look.
fn read_only(engine: &Engine, operator: &OperatorSession) -> Option<String> {
    settings::files_decide(&engine.begin().config).or_else(|| {
        (operator.operator.role == Role::Viewer).then(|| {
            "You are signed in as a viewer. Editors switch and order providers, owners change them."
                .to_owned()
        })
    })
}

/// What a Save needs beside what was typed.
struct Confirm {
    dangers: Vec<Check>,
    /// Why the password that was typed does not do.
    wrong: Option<String>,
    needs_password: bool,
    needs_reason: bool,
}

// The list

pub struct List {
    page: Page,
    /// May switch and order.
    editable: bool,
    /// May add, change and test.
    owner: bool,
    read_only: Option<String>,
    problems: Vec<String>,
    confirm: Option<(Confirm, Posted)>,
    said: Option<String>,
    now: DateTime<Utc>,
}

/// A press on the list.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Posted {
    /// The revision that was in force when the page was made.
    #[serde(default)]
    pub base: i64,
    /// `on:ID`, `off:ID`, `up:ID`, `down:ID`, `method:on`, `buttons:first` and the like.
    #[serde(default)]
    pub action: String,
    #[serde(default)]
    pub reason: String,
    #[serde(default)]
    pub password: String,
}

impl Posted {
    fn wanted(&self) -> Option<Arrange> {
        let (verb, of) = self.action.split_once(':')?;
        let id = || of.to_owned();
        Some(match (verb, of) {
            ("method", on) => Arrange::Method(on == "on"),
            ("buttons", place) => Arrange::ButtonsFirst(place == "first"),
            ("on", _) => Arrange::Offer(id(), true),
            ("off", _) => Arrange::Offer(id(), false),
            ("up", _) => Arrange::Up(id()),
            ("down", _) => Arrange::Down(id()),
            _ => return None,
        })
    }
}

/// What became of a post.
pub enum Outcome<V> {
    /// 303 to the list, or to a provider.
    Saved(String),
    /// With its status.
    Shown(u16, Box<V>),
    /// There is no such provider.
    Unknown,
}

/// `said`: what a redirect says was done.
pub async fn list(engine: &Engine, operator: &OperatorSession, said: &str) -> engine::Result<List> {
    let read_only = read_only(engine, operator);
    let said = match said {
        "saved" => Some("Saved. It applies from the next request on."),
        "new" => Some("Saved, and still off: test it, then switch it on."),
        "removed" => Some("Removed, and its secret is destroyed."),
        _ => None,
    };
    Ok(List {
        page: rules::current(engine).await?,
        editable: read_only.is_none(),
        owner: read_only.is_none() && operator.operator.role == Role::Owner,
        read_only,
        problems: Vec::new(),
        confirm: None,
        said: said.map(str::to_owned),
        now: engine.effects().now(),
    })
}

/// Switches and orders. What a role may not do is refused, and kept in the audit, by the engine.
pub async fn arrange(
    engine: &Engine,
    operator: &OperatorSession,
    posted: Posted,
) -> engine::Result<Outcome<List>> {
    let Some(wanted) = posted.wanted() else { return Ok(Outcome::Unknown) };
    let (operator, wrong) = confirmed(engine, operator, &posted.password).await?;
    let operator = &operator;
    let saved = rules::arrange(engine, operator, posted.base, wanted, &posted.reason).await?;
    let mut view = list(engine, operator, "").await?;
    match saved {
        Saved::Done { .. } | Saved::Unchanged { .. } => {
            return Ok(Outcome::Saved(format!("{PATH}?done=saved")));
        }
        Saved::Conflict { by, .. } => {
            view.problems.push(format!(
                "{by} saved something else about this first. Look at the list, and try again."
            ));
            return Ok(Outcome::Shown(409, Box::new(view)));
        }
        Saved::Again(problems) => view.problems = problems.into_iter().map(|one| one.message).collect(),
        Saved::NeedsFreshSignIn(dangers) => {
            let confirm = Confirm { dangers, wrong, needs_password: true, needs_reason: true };
            view.confirm = Some((confirm, posted));
        }
        Saved::NeedsReason(dangers) => {
            let confirm = Confirm { dangers, wrong: None, needs_password: false, needs_reason: true };
            view.confirm = Some((confirm, posted));
        }
        asking @ Saved::NeedsOwner(_) => view.problems.push(needs(asking).message),
    }
    Ok(Outcome::Shown(422, Box::new(view)))
}

// One provider

pub struct Edit {
    draft: Draft,
    /// `None`: a new one.
    entry: Option<Entry>,
    preset: Option<&'static Preset>,
    base: i64,
    /// Claims to try the mapper on.
    claims: String,
    tried: Option<Tried>,
    problems: Vec<FieldError>,
    /// Who saved meanwhile.
    conflict: Option<Conflict>,
    confirm: Option<Confirm>,
    reason: String,
    /// The sign-in is too old for a Save.
    stale: bool,
    /// A secret was typed, and is not in the page that comes back.
    secret_again: bool,
    redirect_uri: String,
    /// Why nothing can be changed.
    read_only: Option<String>,
    /// It was typed before the operator's session ran out.
    kept: bool,
    now: DateTime<Utc>,
}

/// Somebody saved this very provider between the loading of the form and its Save.
struct Conflict {
    by: String,
    at: DateTime<Utc>,
    revision: i64,
    /// Theirs, field by field, where it differs from what was typed.
    theirs: Vec<(&'static str, String)>,
}

/// The form of a new one: `None`, there is no such kind.
pub async fn blank(engine: &Engine, operator: &OperatorSession, name: &str) -> engine::Result<Option<Edit>> {
    let preset = PRESETS.iter().find(|preset| preset.name == name);
    let kind_name = if preset.is_some() { "generic" } else { name };
    let Some(kind) = KINDS.iter().find(|kind| kind.name == kind_name) else { return Ok(None) };
    let page = rules::current(engine).await?;
    let mut draft = Draft::new(kind);
    draft.id = page.free_id(name);
    if let Some(preset) = preset {
        form::begin_with(&mut draft, preset);
    }
    Ok(Some(Edit { preset, ..edit(engine, operator, &page, None, draft) }))
}

/// The form of one that is there.
pub async fn open(engine: &Engine, operator: &OperatorSession, id: &str) -> engine::Result<Option<Edit>> {
    let page = rules::current(engine).await?;
    let Some(entry) = page.entry(id).cloned() else { return Ok(None) };
    let Some(draft) = entry.draft.clone() else { return Ok(None) };
    Ok(Some(edit(engine, operator, &page, Some(entry), draft)))
}

fn edit(
    engine: &Engine,
    operator: &OperatorSession,
    page: &Page,
    entry: Option<Entry>,
    draft: Draft,
) -> Edit {
    let ctx = engine.begin();
    let read_only = read_only(engine, operator).or_else(|| {
        (operator.operator.role != Role::Owner)
            .then(|| "A provider says who somebody is, so only owners change one.".to_owned())
    });
    let read_only = read_only.or_else(|| page.locked.get(settings::names::SOCIAL_PROVIDERS).cloned());
    Edit {
        redirect_uri: rules::redirect_uri(&ctx.config, &draft),
        preset: None,
        base: page.revision,
        claims: serde_json::to_string_pretty(&rules::sample(draft.kind)).unwrap_or_default(),
        tried: None,
        problems: Vec::new(),
        conflict: None,
        confirm: None,
        reason: String::new(),
        stale: is_stale(engine, operator),
        secret_again: false,
        read_only,
        kept: false,
        now: engine.effects().now(),
        draft,
        entry,
    }
}

/// What somebody typed before their session ran out. Nothing of it is saved, and no secret is in it.
pub async fn resume(
    engine: &Engine,
    operator: &OperatorSession,
    sent: &Fields,
) -> engine::Result<Option<Edit>> {
    let page = rules::current(engine).await?;
    Ok(typed(engine, operator, &page, sent).map(|view| Edit { kept: true, secret_again: true, ..view }))
}

/// The form with what was posted; `None`: of no kind that is there.
fn typed(engine: &Engine, operator: &OperatorSession, page: &Page, sent: &Fields) -> Option<Edit> {
    let was = Some(text(sent, "was")).filter(|was| !was.is_empty());
    let entry = was.and_then(|was| page.entry(was)).cloned();
    let draft = drafted(sent, was)?;
    let claims = text(sent, "claims");
    let view = edit(engine, operator, page, entry, draft);
    Some(Edit {
        preset: PRESETS.iter().find(|preset| preset.name == text(sent, "preset")),
        base: text(sent, "base").parse().unwrap_or_default(),
        reason: text(sent, "reason").to_owned(),
        claims: if claims.trim().is_empty() { view.claims } else { claims.to_owned() },
        secret_again: rules::SECRETS.iter().any(|member| !view.draft.secret(member).is_empty()),
        ..view
    })
}

/// A second click on Save: the first one did it.
fn is_saved_already(engine: &Engine, page: &Page, view: &Edit) -> bool {
    let draft = &view.draft;
    let same = |there: &Draft| there.kind == draft.kind && form::differing(there, draft).is_empty();
    page.entry(&draft.id).is_some_and(|entry| {
        entry.draft.as_ref().is_some_and(same) && entry.holds_secret_of(&engine.begin().config, draft)
    })
}

/// Save, try the mapper, remove. Everything typed comes back with what was wrong, but for secrets.
pub async fn submit(
    engine: &Engine,
    operator: &OperatorSession,
    sent: Fields,
) -> engine::Result<Outcome<Edit>> {
    let was = Some(text(&sent, "was")).filter(|was| !was.is_empty()).map(str::to_owned);
    let page = rules::current(engine).await?;
    let Some(mut view) = typed(engine, operator, &page, &sent) else { return Ok(Outcome::Unknown) };
    let draft = view.draft.clone();
    let action = text(&sent, "action");
    if action == "try" {
        // A mapper is close to running code.
        if let Some(sentence) = &view.read_only {
            return Err(Error::new(engine::Kind::Forbidden, sentence.clone()));
        }
        return tried(&engine.begin(), view).await;
    }
    let (operator, wrong) = confirmed(engine, operator, text(&sent, "password")).await?;
    let operator = &operator;
    let removed = action == "remove";
    let saved = match (&was, removed) {
        (Some(id), true) => rules::remove(engine, operator, view.base, id.clone(), &view.reason).await?,
        _ => rules::save(engine, operator, view.base, (was.clone(), draft), &view.reason).await?,
    };
    let done = match (removed, was.is_some()) {
        (true, _) => "removed",
        (false, true) => "saved",
        (false, false) => "new",
    };
    let done = Outcome::Saved(format!("{PATH}?done={done}"));
    // On what is in force now: somebody saved meanwhile, or a first click did.
    let page = rules::current(engine).await?;
    match saved {
        Saved::Done { .. } | Saved::Unchanged { .. } => return Ok(done),
        Saved::Conflict { ref by, .. }
            if !removed && *by == operator.operator.name && is_saved_already(engine, &page, &view) =>
        {
            return Ok(done);
        }
        Saved::Again(problems)
            if was.is_none()
                && problems.iter().all(|one| one.field == "id")
                && is_saved_already(engine, &page, &view) =>
        {
            return Ok(done);
        }
        Saved::Conflict { revision, by, at } => {
            // Made anew: a second Save is meant.
            let theirs =
                was.as_deref().and_then(|was| page.entry(was)).and_then(|entry| entry.draft.as_ref());
            let theirs = theirs.map(|theirs| form::differing(theirs, &view.draft)).unwrap_or_default();
            view.base = page.revision;
            view.conflict = Some(Conflict { by, at, revision, theirs });
            return Ok(Outcome::Shown(409, Box::new(view)));
        }
        Saved::Again(problems) => view.problems = problems,
        Saved::NeedsFreshSignIn(dangers) => {
            let needs_reason = !dangers.is_empty() && view.reason.is_empty();
            view.confirm = Some(Confirm { dangers, wrong, needs_password: true, needs_reason });
        }
        Saved::NeedsReason(dangers) => {
            view.confirm = Some(Confirm { dangers, wrong: None, needs_password: false, needs_reason: true });
        }
        Saved::NeedsOwner(dangers) if dangers.is_empty() => {
            let message = "A provider says who somebody is, so only owners change one.".to_owned();
            view.problems = vec![FieldError { field: "id", message }];
        }
        asking @ Saved::NeedsOwner(_) => view.problems = vec![needs(asking)],
    }
    Ok(Outcome::Shown(422, Box::new(view)))
}

async fn tried(ctx: &Ctx, mut view: Edit) -> engine::Result<Outcome<Edit>> {
    let tried = rules::try_mapper(ctx, &view.draft, &view.claims).await?;
    let status = match &tried {
        Tried::Again(problem) => {
            view.problems = vec![problem.clone()];
            422
        }
        Tried::Failed(_) | Tried::Made(_) => 200,
    };
    view.tried = Some(tried);
    Ok(Outcome::Shown(status, Box::new(view)))
}

/// What a kind is called on the pages.
fn kind_label(name: &str) -> &str {
    KINDS.iter().find(|kind| kind.name == name).map_or(name, |kind| kind.label)
}

/// Our own sign for a provider, as on the hosted pages: the marks of most may be shown only as their owners' rules say.
fn initial(label: &str) -> leptos::prelude::AnyView {
    use leptos::prelude::*;
    let letter: String = label.chars().next().into_iter().flat_map(char::to_uppercase).collect();
    view! { <span class="initial" aria-hidden="true">{letter}</span> }.into_any()
}

/// Kinds and presets of the gallery: name, label, whether an address is proof, what to enter.
fn choices() -> impl Iterator<Item = (&'static str, &'static str, bool, &'static str)> {
    let kinds =
        KINDS.iter().map(|Kind { name, label, vouches, enter, .. }| (*name, *label, *vouches, *enter));
    kinds.chain(PRESETS.iter().map(|preset| (preset.name, preset.label, false, preset.enter)))
}
