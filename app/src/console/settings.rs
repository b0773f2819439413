//! Pages of settings, each the rows that the table has for it: *Authentication settings*, the page this product exists for, and its
//! neighbors. Here is what a page loads and what its form does. The form as names and texts is in `form`, what puts something into
//! it in `press`, how it looks in `markup` and `rows`.

pub(super) mod form;
mod function;
mod markup;
mod press;
mod rows;
mod sign_up;

use super::fields::Fields;
use super::kit::{Acted, Asks, Entry, Frame, Head, Loaded, Meta, Page, Posted, Verb, Visit, mount_at, saved};
use super::nav::{self, PLACES};
use engine::operators::Role;
use engine::settings::checks::Fixed;
use engine::settings::table;
use engine::settings::{self, Current, FieldError, Preview, Saved, Values, history};
use form::{Clash, Read};
use leptos::prelude::*;

/// A page of rows.
pub(super) struct Settings;

/// All pages of rows, in the order of the navigation.
pub(super) fn pages() -> impl Iterator<Item = Entry> {
    let places = PLACES.into_iter().filter(|place| place.settings.is_some_and(table::Page::is_form));
    places.map(mount_at::<Settings>)
}

/// What a page shows.
pub(super) struct View {
    page: table::Page,
    current: Current,
    values: Values,
    /// Numbers as typed, also when they are none.
    typed: Fields,
    problems: Vec<FieldError>,
    preview: Preview,
    /// What two operators changed to different ends.
    clashes: Vec<Clash>,
    /// What one press just put into the form.
    applied: Option<String>,
    /// What became of the fix of a check.
    fixed: Option<Fixed>,
    /// The control that takes the focus.
    focus: Option<String>,
    read_only: Option<String>,
}

const REFUSED: &str = "settings.refused";

/// The page that the address says.
fn page(visit: &Visit) -> table::Page {
    visit.shell.place.and_then(|place| place.settings).unwrap_or(table::Page::Authentication)
}

fn view(visit: &Visit, current: Current, read: Read) -> View {
    let config = visit.engine.begin().config;
    let Read { values, typed, problems } = read;
    View {
        page: page(visit),
        preview: settings::preview(&config, &values),
        read_only: visit.read_only(Role::Editor),
        clashes: Vec::new(),
        applied: None,
        fixed: None,
        focus: None,
        current,
        values,
        typed,
        problems,
    }
}

fn untouched(current: &Current) -> Read {
    Read { values: current.values.clone(), typed: Fields::new(), problems: Vec::new() }
}

impl Page for Settings {
    const META: Meta = Meta { draft: Some(may_wait), ..Meta::of(&nav::AUTHENTICATION) };
    const VERBS: &'static [Verb] = &[
        Verb::new("save", Role::Editor, REFUSED).confirming(),
        Verb::new("undo", Role::Editor, REFUSED).confirming(),
        // These write nothing.
        Verb::new("preview", Role::Viewer, REFUSED),
        Verb::new("fix", Role::Viewer, REFUSED),
        Verb::new("preset", Role::Viewer, REFUSED),
        Verb::new("level", Role::Viewer, REFUSED),
        Verb::new("theirs", Role::Viewer, REFUSED),
        Verb::new("revert", Role::Viewer, REFUSED),
    ];
    const UNDO: bool = true;
    type Query = Fields;
    type View = View;

    async fn load(visit: &Visit, query: Fields) -> engine::Result<Loaded<View>> {
        let current = settings::current(&visit.engine).await?;
        let read = untouched(&current);
        Ok(Loaded::View(match query.get("fix") {
            Some(id) => press::fix(visit, current, read, id),
            None => view(visit, current, read),
        }))
    }

    async fn act(visit: &Visit, _: Fields, posted: Posted) -> engine::Result<Acted<View>> {
        let current = settings::current(&visit.engine).await?;
        let sent = &posted.fields;
        if posted.verb == "undo" {
            let base = form::revision(sent);
            let undone = settings::undo(&visit.engine, &visit.operator, base).await?;
            let read = untouched(&current);
            return Ok(match became(visit, undone, &posted, read).await? {
                Acted::Done(to) => Acted::Done(format!("{to}&undone={}", base - 1)),
                other @ (Acted::Shown(_) | Acted::Again(..) | Acted::Gone) => other,
            });
        }
        let read = form::read(page(visit), &current, sent);
        match posted.verb {
            "save" => save(visit, current, read, &posted).await,
            "preview" => Ok(Acted::Shown(view(visit, current, read))),
            verb => Ok(press::press(visit, current, read, verb, &posted.argument)),
        }
    }

    async fn restore(visit: &Visit, _: Fields, typed: Fields) -> engine::Result<Loaded<View>> {
        let current = settings::current(&visit.engine).await?;
        let mut read = form::read(page(visit), &current, &typed);
        if let Some(was) = form::was(page(visit), &current, &typed) {
            form::on_top_of(&current.values, &was, &mut read);
        }
        Ok(Loaded::View(view(visit, current, read)))
    }

    fn head(view: &View, visit: &Visit) -> Head {
        let about = view.page.about();
        let by_files = settings::files_decide(&visit.engine.begin().config).is_some();
        let saved_before = by_files.then(|| {
            view! { " "<a href=nav::HISTORY.path>"History"</a>" shows what was saved here and is not applied." }.into_any()
        });
        Head {
            read_only: view.read_only.clone(),
            read_only_more: saved_before,
            ..Head::new(about.title, about.lead)
        }
    }

    fn body(view: View, frame: &Frame<'_>) -> AnyView {
        markup::form(&view, frame)
    }

    fn aside(view: &View) -> Option<AnyView> {
        let Preview { pipelines, sign_in, .. } = &view.preview;
        let flows =
            [("registration", "Sign-up", pipelines.as_slice()), ("login", "Sign-in", sign_in.as_slice())];
        match view.page {
            table::Page::Authentication | table::Page::SignInForms => {
                Some(super::plan::drawings("Sign-up and sign-in", &flows))
            }
            // What a verified email is asked for is a matter of sign-in first.
            table::Page::EmailVerification => {
                let [sign_up, sign_in] = flows;
                Some(super::plan::drawings("Sign-in and sign-up", &[sign_in, sign_up]))
            }
            table::Page::Recovery
            | table::Page::PasswordPolicy
            | table::Page::AccountProtection
            | table::Page::SocialSignIn
            | table::Page::Webhooks => None,
        }
    }
}

/// None of its fields is a secret.
fn may_wait(_field: &str) -> bool {
    true
}

async fn save(visit: &Visit, current: Current, read: Read, posted: &Posted) -> engine::Result<Acted<View>> {
    if !read.problems.is_empty() {
        let asks = Asks::problems(read.problems.clone());
        return Ok(Acted::Again(view(visit, current, read), asks));
    }
    let base = form::revision(&posted.fields);
    let saved = settings::save(&visit.engine, &visit.operator, base, &read.values, &posted.reason).await?;
    became(visit, saved, posted, read).await
}

/// The page for what the engine answered, on what is current after it.
async fn became(
    visit: &Visit,
    answer: Saved,
    posted: &Posted,
    mut read: Read,
) -> engine::Result<Acted<View>> {
    let current = settings::current(&visit.engine).await?;
    let (path, sent) = (page(visit).about().path, &posted.fields);
    if let Saved::Conflict { revision, by, .. } = &answer {
        // A second click on Save: the first one did it.
        if posted.verb != "undo" && current.revision == *revision && current.values == read.values {
            let own = *revision == form::revision(sent) + 1 && *by == visit.operator.operator.name;
            return Ok(Acted::Done(saved(path, (*revision, own))));
        }
    }
    let beside = table::on_page(page(visit)).next().map_or("", |row| row.name);
    let mut asks = match Asks::of(visit, answer, beside) {
        Ok(revision) => return Ok(Acted::Done(saved(path, revision))),
        // Undo is asked for by a notice, which is no place for questions.
        Err(asks) if posted.verb == "undo" => asks.above(posted),
        Err(asks) => asks,
    };
    read.problems.clone_from(&asks.problems);
    let mut clashes = Vec::new();
    if let Some(conflict) = &mut asks.conflict {
        let since = history::compare(&visit.engine, form::revision(sent), conflict.revision).await?;
        conflict.theirs = since.map(|since| since.changes).unwrap_or_default();
        // Made anew on what is current: a second Save is meant.
        if let Some(was) = form::was(page(visit), &current, sent) {
            clashes = form::on_top_of(&current.values, &was, &mut read);
        }
    }
    let mut view = view(visit, current, read);
    view.clashes = clashes;
    Ok(Acted::Again(view, asks))
}

/// The page of the setting that a check is about.
pub(super) fn page_of_fix(fix: &settings::checks::Fix) -> &'static str {
    let row = fix.settings.keys().find_map(|name| settings::setting(name));
    row.map_or(nav::AUTHENTICATION.path, |row| row.section.page.about().path)
}
