//! How a form of settings looks: the bar with what is not saved yet, then the rows. It shows a [`View`] and knows no rule.

use super::form::{Clash, also, made_from};
use super::press::unsaved;
use super::rows::Rows;
use super::{View, sign_up};
use crate::console::kit::Frame;
use crate::console::kit::form::{REASON, asks};
use crate::console::kit::text::{name, note, sign};
use engine::settings::checks::Fixed;
use engine::settings::names::AFTER_SIGN_UP;
use engine::settings::table::{self, Page, Section, on_page, sections};
use engine::settings::{Severity, differences, label};
use leptos::prelude::*;

pub(super) fn form(view: &View, frame: &Frame<'_>) -> AnyView {
    let path = view.page.about().path;
    // The client's own page saves by a server function.
    let endpoint = if view.page == Page::Authentication { "/api/settings/authentication" } else { path };
    let editable = view.read_only.is_none();
    let rows =
        Rows { view, unsaved: differences(&view.current.values, &view.values), editable, now: frame.now };
    let own = (view.page == Page::Authentication).then(|| {
        view! { {editable.then(|| sign_up::presets(view))}{sign_up::related(view)} }
    });
    view! {
        <form method="post" action=path data-live="" data-endpoint=endpoint autocomplete="off" class="settings">
            <input type="hidden" name="base" value=made_from(view.page, &view.current, editable) />
            // First in the form, since its first submit button is what Enter presses. It floats at the bottom.
            {editable.then(|| bar(view, frame, path))}
            {view.fixed.as_ref().map(pressed)}
            {(view.focus.as_deref() == Some("applied")).then(|| view! {
                <div class="note info" id="applied" tabindex="-1" autofocus=true>{sign(Severity::Info)}<span><b>{view.applied.clone()}</b></span></div>
            })}
            {clashes(view, frame)}
            {sections(view.page).into_iter().map(|part| section(part, &rows)).collect_view()}
            {own}
        </form>
    }
    .into_any()
}

/// What is not saved yet, each with the way back, and what a Save needs.
fn bar(view: &View, frame: &Frame<'_>, path: &'static str) -> AnyView {
    let asked = frame.asks.confirm.as_ref().is_some_and(|confirm| confirm.again.is_none());
    let dangers: Vec<_> = view
        .preview
        .brings_about
        .iter()
        .filter(|check| check.severity == Severity::Danger)
        .cloned()
        .collect();
    let list = unsaved(view);
    // Hooks that begin or cease to run are no setting of their own.
    let unnamed = view.preview.changes.iter().filter(|change| change.starts_with("Sign-in by ")).cloned();
    // What can't be read is no change yet, and has to be said all the same.
    let unread =
        view.problems.iter().filter(|problem| problem.field != REASON).map(|problem| &problem.message);
    let told: Vec<String> =
        list.iter().map(|(_, sentence, _)| sentence.clone()).chain(unnamed).chain(unread.cloned()).collect();
    let count = match told.len() {
        0 => None,
        1 => Some("1 unsaved change".to_owned()),
        several => Some(format!("{several} unsaved changes")),
    };
    let summary = match count {
        None => view! { "No unsaved changes" }.into_any(),
        Some(count) => view! { <b>{count}</b>" "<span class="soft">{told.join(" · ")}</span> }.into_any(),
    };
    let items = list.into_iter().map(|(field, sentence, elsewhere)| {
        view! {
            <li>
                <span>{sentence}{elsewhere.map(|page| view! { <small>{page}</small> })}</span>
                <button class="button small quiet" type="submit" name="action" value=format!("revert:{field}") formnovalidate=true aria-label=format!("Revert {}", label(field))>"Revert"</button>
            </li>
        }
    });
    let carried = also(view.page, &view.current, &view.values)
        .into_iter()
        .map(|(name, value)| view! { <input type="hidden" name=name value=value /> });
    let confirmation = frame.confirmation(&dangers, false);
    let (above, inside) = if asked { (Some(confirmation), None) } else { (None, Some(confirmation)) };
    view! {
        <div class="save" role="region" aria-label="Unsaved changes">
            <button class="button main" id="save" name="action" value="save" type="submit">{if asked { "Save anyway" } else { "Save" }}</button>
            <button class="button preview" name="action" value="preview" type="submit">"Preview"</button>
            <a class="button quiet" href=path data-discard="">"Discard"</a>
            <details class="pop" id="unsaved-changes">
                <summary><span id="unsaved" data-part="">{summary}</span></summary>
                <div class="pop-up">
                    <div id="unsaved-list" data-part=""><ul>{items.collect_view()}</ul>{carried.collect_view()}</div>
                    {inside}
                </div>
            </details>
            <div id="unsaved-asks" data-part="">{asks(&view.preview.brings_about)}</div>
            {above}
        </div>
    }
    .into_any()
}

fn section(section: &'static Section, rows: &Rows<'_>) -> Option<AnyView> {
    let settings = || on_page(section.page).filter(|setting| setting.section == section);
    if !settings().any(|setting| rows.view.current.offered.contains(setting.name)) {
        return None;
    }
    let lines = settings().map(|setting| match setting.name {
        engine::settings::names::SIGN_IN_AFTER_REGISTRATION => rows.row(setting, sign_up::chips(rows.view)),
        AFTER_SIGN_UP => sign_up::instead(rows),
        _ => rows.row(setting, ().into_any()),
    });
    let Section { id, title, .. } = *section;
    let shown = view! { <section aria-labelledby=id><h2 id=id>{title}</h2>{lines.collect_view()}</section> };
    Some(shown.into_any())
}

/// What became of a fix, in words.
fn pressed(fixed: &Fixed) -> AnyView {
    let (severity, title, text) = match fixed {
        Fixed::Unsaved(_) => (Severity::Info, "The fix is in the form.", "Review it, then save.".to_owned()),
        Fixed::Gone => {
            (Severity::Info, "Already fixed.", "This issue no longer exists. Nothing was changed.".to_owned())
        }
        Fixed::Refused(reason) => (Severity::Warning, "This can’t be fixed here.", reason.clone()),
    };
    view! { <div role="alert" id="fixed" tabindex="-1" autofocus=true>{note(severity, title, &text)}</div> }
        .into_any()
}

/// What two operators changed to different ends.
fn clashes(view: &View, frame: &Frame<'_>) -> Option<AnyView> {
    let who = frame.asks.conflict.as_ref().filter(|_| !view.clashes.is_empty())?.by.clone();
    let rows = view.clashes.iter().map(|Clash { field, was, theirs, mine }| {
        view! {
            <tr>
                <th scope="row">{label(field)}</th>
                <td>{was.clone()}</td>
                <td>{theirs.clone()}</td>
                <td>{mine.clone()}</td>
                <td><button class="button small" type="submit" name="action" value=format!("theirs:{field}") formnovalidate=true>{format!("Use {theirs}")}</button></td>
            </tr>
        }
    });
    Some(
        view! {
            <div class="note warning">
                {sign(Severity::Warning)}
                <table class="clashes">
                    <caption>"Conflicting changes"</caption>
                    <thead><tr><th scope="col">"Setting"</th><th scope="col">"Was"</th><th scope="col">{name(who)}</th><th scope="col">"You"</th><td></td></tr></thead>
                    <tbody>{rows.collect_view()}</tbody>
                </table>
            </div>
        }
        .into_any(),
    )
}

/// Warnings that are about the rows of a page.
pub(super) fn warnings_of(view: &View, page: table::Page) -> usize {
    let about = |at: &'static str| on_page(page).any(|row| row.name == at);
    view.preview.warnings.iter().filter(|warning| warning.at.is_some_and(about)).count()
}
