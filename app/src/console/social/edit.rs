//! The page of one provider, new or not: what its form is made of, and what a post does.

use super::form::{begin_with, differing, drafted, shown};
use super::{PATH, PROVIDER, REFUSED, may_wait, sections};
use crate::console::fields::{Fields, text};
use crate::console::kit::{Acted, Asks, Frame, Head, Loaded, Meta, Page, Posted, Verb, Visit, saved};
use crate::console::nav;
use engine::config::providers::{KINDS, PRESETS, Preset};
use engine::operators::Role;
use engine::settings::names::SOCIAL_PROVIDERS;
use engine::settings::social::{self as rules, Draft, Entry, Tried};
use engine::settings::{FieldError, Saved};
use engine::{Error, Kind};
use leptos::prelude::*;
use serde::Deserialize;

pub(in crate::console) struct Provider;

#[derive(Default, Deserialize)]
pub(in crate::console) struct Which {
    #[serde(default)]
    id: String,
}

pub(in crate::console) struct Edited {
    /// As typed, without secrets.
    pub(super) fields: Fields,
    pub(super) draft: Draft,
    /// `None`: a new one.
    pub(super) entry: Option<Entry>,
    pub(super) preset: Option<&'static Preset>,
    pub(super) base: i64,
    pub(super) tried: Option<Tried>,
    /// A secret was entered, and is not in the page that comes back.
    pub(super) secret_again: bool,
    pub(super) redirect_uri: String,
    /// Why nothing can be changed.
    pub(super) read_only: Option<String>,
}

impl Page for Provider {
    const META: Meta = Meta { draft: Some(may_wait), ..Meta::of(&nav::SOCIAL).at(PROVIDER) };
    const VERBS: &'static [Verb] = &[
        Verb::new("save", Role::Owner, REFUSED).confirming(),
        Verb::new("try", Role::Owner, REFUSED),
        Verb::new("remove", Role::Owner, REFUSED).confirming(),
    ];
    type Query = Which;
    type View = Box<Edited>;

    async fn load(visit: &Visit, which: Which) -> engine::Result<Loaded<Self::View>> {
        if which.id.is_empty() {
            // After a sign-in, once what was typed has expired.
            return Ok(Loaded::To(PATH.to_owned()));
        }
        let page = rules::current(&visit.engine).await?;
        let found = page.entry(&which.id).cloned();
        let found = found.and_then(|entry| Some((entry.draft.clone()?, entry)));
        Ok(found.map(|(draft, entry)| Box::new(edited(visit, &page, Some(entry), draft))).into())
    }

    async fn restore(visit: &Visit, _: Which, sent: Fields) -> engine::Result<Loaded<Self::View>> {
        let page = rules::current(&visit.engine).await?;
        Ok(typed(visit, &page, &sent).map(Box::new).into())
    }

    async fn act(visit: &Visit, _: Which, posted: Posted) -> engine::Result<Acted<Self::View>> {
        let page = rules::current(&visit.engine).await?;
        let Some(view) = typed(visit, &page, &posted.fields) else { return Ok(Acted::Gone) };
        match posted.verb {
            "try" => tried(visit, view).await,
            verb => written(visit, view, &posted, verb == "remove").await,
        }
    }

    fn head(view: &Self::View, visit: &Visit) -> Head {
        head(view, visit)
    }

    fn body(view: Self::View, frame: &Frame<'_>) -> AnyView {
        body(*view, frame)
    }
}

pub(super) fn head(edited: &Edited, _: &Visit) -> Head {
    let title = match (&edited.entry, edited.preset) {
        (Some(entry), _) => entry.label.clone(),
        (None, Some(preset)) => format!("Add {}", preset.label),
        (None, None) => format!("Add {}", edited.draft.kind.label),
    };
    Head { read_only: edited.read_only.clone(), ..Head::new(title, "").below(&nav::SOCIAL) }
}

pub(super) fn body(edited: Edited, frame: &Frame<'_>) -> AnyView {
    sections::all(&edited, frame)
}

/// The form of a new one. `None`: there is no such kind.
pub(super) async fn blank(visit: &Visit, name: &str) -> engine::Result<Option<Edited>> {
    let preset = PRESETS.iter().find(|preset| preset.name == name);
    let kind_name = if preset.is_some() { "generic" } else { name };
    let Some(kind) = KINDS.iter().find(|kind| kind.name == kind_name) else { return Ok(None) };
    let page = rules::current(&visit.engine).await?;
    let mut draft = Draft::new(kind);
    draft.id = page.free_id(name);
    if let Some(preset) = preset {
        begin_with(&mut draft, preset);
    }
    Ok(Some(Edited { preset, ..edited(visit, &page, None, draft) }))
}

fn edited(visit: &Visit, page: &rules::Page, entry: Option<Entry>, draft: Draft) -> Edited {
    let config = visit.engine.begin().config;
    let read_only = visit.read_only(Role::Owner).or_else(|| page.locked.get(SOCIAL_PROVIDERS).cloned());
    let claims = serde_json::to_string_pretty(&rules::sample(draft.kind)).unwrap_or_default();
    Edited {
        fields: shown(&draft, claims),
        redirect_uri: rules::redirect_uri(&config, &draft),
        preset: None,
        base: page.revision,
        tried: None,
        secret_again: false,
        read_only,
        draft,
        entry,
    }
}

/// The form with what was posted. `None`: no kind has that name.
fn typed(visit: &Visit, page: &rules::Page, sent: &Fields) -> Option<Edited> {
    let was = was(sent);
    let entry = was.and_then(|was| page.entry(was)).cloned();
    let draft = drafted(sent, was)?;
    let mut view = edited(visit, page, entry, draft);
    let claims = text(sent, "claims");
    if !claims.trim().is_empty() {
        view.fields.insert("claims".to_owned(), claims.to_owned());
    }
    Some(Edited {
        preset: PRESETS.iter().find(|preset| preset.name == text(sent, "preset")),
        base: text(sent, "base").parse().unwrap_or_default(),
        secret_again: rules::SECRETS.iter().any(|member| !view.draft.secret(member).is_empty()),
        ..view
    })
}

/// The ID of the provider that the form is about, unless it is a new one.
fn was(sent: &Fields) -> Option<&str> {
    Some(text(sent, "was")).filter(|was| !was.is_empty())
}

/// A second click on Save: the first one did it.
fn is_saved_already(visit: &Visit, page: &rules::Page, view: &Edited) -> bool {
    let draft = &view.draft;
    let same = |there: &Draft| there.kind == draft.kind && differing(there, draft).is_empty();
    page.entry(&draft.id).is_some_and(|entry| {
        entry.draft.as_ref().is_some_and(same) && entry.holds_secret_of(&visit.engine.begin().config, draft)
    })
}

/// Save and delete. Everything typed comes back with what is wrong, except secrets.
async fn written(
    visit: &Visit,
    mut view: Edited,
    posted: &Posted,
    removed: bool,
) -> engine::Result<Acted<Box<Edited>>> {
    let (engine, by, reason) = (&visit.engine, &visit.operator, posted.reason.trim());
    let was = was(&posted.fields).map(str::to_owned);
    let kept = match (&was, removed) {
        (Some(id), true) => rules::remove(engine, by, view.base, id.clone(), reason).await?,
        _ => rules::save(engine, by, view.base, (was.clone(), view.draft.clone()), reason).await?,
    };
    let done = |revision: (i64, bool)| match (removed, was.is_some()) {
        (true, _) => format!("{PATH}?done=removed"),
        (false, true) => saved(PATH, revision),
        (false, false) => format!("{PATH}?done=new"),
    };
    // As it is now: another operator saved meanwhile, or a first click did.
    let page = rules::current(engine).await?;
    let twice = match &kept {
        Saved::Conflict { by, .. } => !removed && *by == visit.operator.operator.name,
        Saved::Again(problems) => was.is_none() && problems.iter().all(|one| one.field == "id"),
        Saved::Done { .. }
        | Saved::Unchanged { .. }
        | Saved::NeedsOwner(_)
        | Saved::NeedsFreshSignIn(_)
        | Saved::NeedsReason(_) => false,
    };
    if twice && is_saved_already(visit, &page, &view) {
        return Ok(Acted::Done(done((page.revision, true))));
    }
    let mut asks = match Asks::of(visit, kept, "id") {
        Ok(revision) => return Ok(Acted::Done(done(revision))),
        Err(asks) => asks,
    };
    if let Some(conflict) = &mut asks.conflict {
        let theirs = was.as_deref().and_then(|was| page.entry(was)).and_then(|entry| entry.draft.as_ref());
        let theirs = theirs.map(|theirs| differing(theirs, &view.draft)).unwrap_or_default();
        conflict.theirs = theirs.into_iter().map(|(name, value)| format!("{name}: {value}")).collect();
        // Made anew on what is current: a second Save is meant.
        view.base = page.revision;
    }
    Ok(Acted::Again(Box::new(view), asks))
}

async fn tried(visit: &Visit, mut view: Edited) -> engine::Result<Acted<Box<Edited>>> {
    // A claims mapping is close to running code.
    if let Some(sentence) = &view.read_only {
        return Err(Error::new(Kind::Forbidden, sentence.clone()));
    }
    let claims = text(&view.fields, "claims").to_owned();
    let tried = rules::try_mapper(&visit.engine.begin(), &view.draft, &claims).await?;
    let problem: Option<FieldError> = match &tried {
        Tried::Again(problem) => Some(problem.clone()),
        Tried::Failed(_) | Tried::Made(_) => None,
    };
    view.tried = Some(tried);
    let view = Box::new(view);
    Ok(match problem {
        Some(problem) => Acted::Again(view, Asks::problems(vec![problem])),
        None => Acted::Shown(view),
    })
}
