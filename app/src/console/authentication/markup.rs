//! How *Authentication settings* looks. It shows a [`View`] and knows no rule.

use super::form::{AFTER_SIGN_UP_WAS, Clash, made_from};
use super::{Conflict, ENDPOINT, PATH, View};
use crate::console::checks::{REASON, asks};
use crate::console::rows::{Rows, ago, id, note, sign};
use crate::console::shell::{Shell, document};
use crate::console::{confirm, plan};
use crate::island::LiveForm;
use chrono::{DateTime, Utc};
use engine::pipeline::BY_ITSELF;
use engine::settings::checks::Fixed;
use engine::settings::names::{
    AFTER_SIGN_UP, PREVENT_ENUMERATION, SHOW_VERIFICATION_PAGE, SIGN_IN_AFTER_REGISTRATION,
};
use engine::settings::presets::{Preset, presets};
use engine::settings::table::{Page, Section, on_page, sections};
use engine::settings::{
    AfterSignUp, Current, FieldError, Preview, SettingValue, Severity, Values, differences, label, way,
};
use leptos::prelude::*;

/// The sentence after a Save, with the way back.
pub(super) fn notice(revision: i64, new: bool) -> String {
    let owner = Owner::new();
    owner.with(|| {
        if !new {
            return view! { <p>{format!("Nothing to save: revision {revision} says the same.")}</p> }
                .to_html();
        }
        view! {
            <p>{format!("Saved as revision {revision}. It applies from the next request on.")}</p>
            <form method="post" action=PATH data-endpoint=ENDPOINT>
                <input type="hidden" name="base" value=revision />
                <button class="button small" id="undo" name="action" value="undo" type="submit">"Undo"</button>
            </form>
        }
        .to_html()
    })
}

/// What became of a post that saved nothing.
pub(super) fn said(view: &View) -> String {
    let sentence = match (&view.conflict, &view.confirm, &view.applied) {
        (Some(_), ..) => "Not saved: somebody else saved first.",
        (_, Some(_), _) => "Not saved yet: type your password to go on.",
        (_, _, Some(applied)) => applied.as_str(),
        _ if view.problems.iter().any(|problem| problem.field == REASON) => {
            "Not saved yet: say why, in the field beside Save."
        }
        _ if !view.problems.is_empty() => "Not saved: see the marked fields.",
        _ => return String::new(),
    };
    let sentence = sentence.to_owned();
    Owner::new().with(|| view! { <p>{sentence}</p> }.to_html())
}

/// The whole page. `saved`: the revision a redirect after a Save speaks of, and whether it was new. An address that was
/// kept from then says nothing any more once another revision is in force.
pub fn page(shell: &Shell, view: View, saved: Option<(i64, bool)>) -> String {
    let said = match saved {
        Some((revision, new)) if revision == view.current.revision => notice(revision, new),
        _ => said(&view),
    };
    let wrong = view.conflict.is_some() || view.confirm.is_some() || !view.problems.is_empty();
    let title = if wrong { "Error: Authentication" } else { "Authentication" };
    document(shell, title, || {
        view! {
            <LiveForm>
                <div class="toast" role="status" inner_html=said></div>
                <div data-region="" inner_html=region(view)></div>
            </LiveForm>
        }
    })
}

/// Form, drawing and bar: what a Save replaces.
pub(super) fn region(view: View) -> String {
    let owner = Owner::new();
    owner.with(|| form(view).to_html())
}

fn form(view: View) -> AnyView {
    let View {
        current,
        values,
        typed,
        reason,
        preview,
        problems,
        conflict,
        confirm,
        applied,
        fixed,
        focus,
        kept,
        editable,
        files_decide,
        now,
    } = view;
    let read_only = (!editable).then(|| match files_decide {
        Some(sentence) => view! { <span><b>"Read only"</b>{sentence}" "<a href=crate::console::history::PATH>"History"</a>" shows what was saved here and is not applied."</span> }.into_any(),
        None => view! { <span><b>"Read only"</b>"You are signed in as a viewer. Owners and editors can change these settings."</span> }.into_any(),
    });
    let unsaved_fields = differences(&current.values, &values);
    let rows = Rows {
        current: &current,
        values: &values,
        typed: &typed,
        preview: &preview,
        problems: &problems,
        unsaved: &unsaved_fields,
        focus: focus.as_deref(),
        editable,
        now,
    };
    view! {
        <form method="post" action=PATH data-live="" data-endpoint=ENDPOINT autocomplete="off" class="frame-form">
            <input type="hidden" name="base" value=made_from(&current, editable) />
            // The first button of a form is what Enter presses: that is Save, whatever buttons come before it.
            {editable.then(|| view! { <button class="unseen" type="submit" name="action" value="save" tabindex="-1" aria-hidden="true">"Save"</button> })}
            <main id="main" tabindex="-1">
                <div class="head">
                    <h1>"Authentication"</h1>
                    <p>"What people can do at the door, and what happens once they are through. Changes take effect with the next request."</p>
                </div>
                {read_only.map(|why| view! { <div class="note info" id="read-only">{why}</div> })}
                {kept.then(|| view! {
                    <div class="note info" role="alert" id="kept" tabindex="-1" autofocus=true>
                        {sign(Severity::Info)}
                        <span><b>"Your changes are here, and not saved yet"</b>"Your session ran out before you saved. This is what you had chosen; press Save to put it in force."</span>
                    </div>
                })}
                {fixed.map(|fixed| pressed_note(&fixed))}
                {conflict.map(|conflict| meanwhile(conflict, now))}
                {confirm.map(|(dangers, wrong)| confirm::block("Not saved yet: this is a danger", &dangers,
                    "You signed in a while ago. Type your password, say why in the field beside Save, and save again: both the change and the reason are kept in the history.", wrong))}
                {(!problems.is_empty()).then(|| view! {
                    <div class="note danger" role="alert" id="problems" tabindex="-1" autofocus=true>
                        {sign(Severity::Danger)}
                        <span><b>"Not saved"</b>{problems.iter().map(|problem| {
                            let target = format!("#{}", id(problem.field));
                            view! { <a href=target>{problem.message.clone()}</a>" " }
                        }).collect_view()}</span>
                    </div>
                })}
                {(focus.as_deref() == Some("applied")).then(|| view! {
                    <div class="note info" id="applied" tabindex="-1" autofocus=true>
                        {sign(Severity::Info)}
                        <span><b>{applied.clone()}</b>"Look at what it changed, and save it or discard it."</span>
                    </div>
                })}
                {editable.then(|| starts(&current, &values))}
                {sections(Page::Authentication).into_iter().map(|part| section(part, &rows)).collect_view()}
            </main>
            {plan::drawing("What happens after sign-up", &preview.pipelines)}
            {editable.then(|| view! {
                <div class="save" role="region" aria-label="Unsaved changes">
                    <p id="unsaved" data-part="">{unsaved(&preview.changes, &problems)}{asks(&preview.brings_about)}</p>
                    <input class="reason" id="reason" name="reason" type="text" maxlength="200" autocomplete="off" aria-label="Why, for the history" placeholder="Why" value=reason aria-invalid=problems.iter().any(|problem| problem.field == REASON).then_some("true") />
                    <a class="button" href=PATH data-discard="">"Discard"</a>
                    <button class="button main" id="save" name="action" value="save" type="submit">"Save"</button>
                    <button class="button preview" name="action" value="preview" type="submit">"Preview"</button>
                </div>
            })}
        </form>
        // What only says how the drawing is looked at belongs to no post.
        <form id="view" hidden=true></form>
    }
    .into_any()
}

/// The ways to sign up, and whether each signs in.
fn chips(preview: &Preview, values: &Values) -> AnyView {
    let mut ways: Vec<(&'static str, bool, bool)> = Vec::new();
    let switches = values.get(SIGN_IN_AFTER_REGISTRATION);
    let is_switched = |way| matches!(&switches, Some(SettingValue::PerMethod(ways)) if ways.iter().any(|(method, _)| method == way));
    for (_, plan) in &preview.plans {
        let name = way(plan.method);
        if ways.iter().all(|(other, ..)| *other != name) {
            ways.push((name, plan.signs_in(), !is_switched(plan.method) && plan.signs_in()));
        }
    }
    let none = values.ways(SHOW_VERIFICATION_PAGE).is_empty();
    view! {
        <ul class="chips" aria-label="Ways to sign up" id="ways" data-part="">
            {ways.into_iter().filter(|_| !none).map(|(name, signs_in, by_itself)| match (signs_in, by_itself) {
                (_, true) => view! { <li class="auto">{name}": "{BY_ITSELF}</li> }.into_any(),
                (true, _) => view! { <li class="on"><span aria-hidden="true">"✓ "</span>{name}<span class="unseen">": signed in"</span></li> }.into_any(),
                (false, _) => view! { <li>{name}<span class="unseen">": not signed in"</span></li> }.into_any(),
            }).collect_view()}
        </ul>
    }
    .into_any()
}

/// *What happens after sign-up*: one answer, which the switches follow and which follows them.
fn answers(rows: &Rows<'_>) -> AnyView {
    let Rows { current, values, problems, editable, .. } = *rows;
    let now = AfterSignUp::of(values);
    let disabled = !editable
        || current.is_locked(SIGN_IN_AFTER_REGISTRATION)
        || matches!(values.get(SIGN_IN_AFTER_REGISTRATION), Some(SettingValue::PerMethod(ways)) if ways.is_empty());
    let problem = problems.iter().find(|problem| problem.field == AFTER_SIGN_UP);
    let note = match (now, values.is_on(PREVENT_ENUMERATION)) {
        (_, true) => {
            Some("With Registration that leaks nothing, all of it happens once the address is proven.")
        }
        (None, _) if !disabled => Some("It differs from method to method. Choose one to have it for all."),
        _ => None,
    };
    view! {
        <div class="row choices" role="radiogroup" id=id(AFTER_SIGN_UP) aria-labelledby="after-sign-up-title">
            <b id="after-sign-up-title">{label(AFTER_SIGN_UP)}</b>
            <span id="after-sign-up-was" data-part=""><input type="hidden" name=AFTER_SIGN_UP_WAS value=now.map_or("", AfterSignUp::name) disabled=!editable /></span>
            {AfterSignUp::ALL.into_iter().filter(|answer| answer.is_offered()).map(|answer| {
                let (title, text) = answer.words();
                let (control, checked) = (format!("after-sign-up-{}", id(answer.name())), now == Some(answer));
                let about = format!("{control}-effect");
                view! {
                    <div class="choice">
                        <input type="radio" name=AFTER_SIGN_UP id=control.clone() value=answer.name() checked=checked disabled=disabled aria-describedby=about.clone() />
                        <label for=control>{title}</label>
                        <small id=about>{text}</small>
                    </div>
                }
            }).collect_view()}
            <p id="after-sign-up-note" data-part="">{note}</p>
            {problem.map(|problem| view! { <p class="bad">{problem.message.clone()}</p> })}
        </div>
    }
    .into_any()
}

/// The rows of a section; folded away, if it is, until it is asked for or in use.
fn section(section: &'static Section, rows: &Rows<'_>) -> Option<AnyView> {
    let settings = || on_page(section.page).filter(|setting| setting.section == section);
    if !settings().any(|setting| rows.current.offered.contains(setting.name)) {
        return None;
    }
    let lines = settings()
        .map(|setting| match setting.name {
            SIGN_IN_AFTER_REGISTRATION => rows.row(setting, chips(rows.preview, rows.values)),
            AFTER_SIGN_UP => answers(rows),
            _ => rows.row(setting, ().into_any()),
        })
        .collect_view();
    let Section { id, title, folded, .. } = *section;
    let Some(beside) = folded else {
        return Some(
            view! { <section aria-labelledby=id><h2 id=id>{title}</h2>{lines}</section> }.into_any(),
        );
    };
    let open =
        settings().any(|setting| rows.unsaved.contains(&setting.name) || rows.has_problem(setting.name));
    Some(
        view! {
            <details class="card" id=id open=open>
                <summary><h2>{title}</h2><span class="soft">{beside}</span></summary>
                {lines}
            </details>
        }
        .into_any(),
    )
}

/// Presets, each with what it would change in the form as it is now.
fn starts(current: &Current, values: &Values) -> Option<AnyView> {
    let presets = presets();
    if presets.is_empty() {
        return None;
    }
    Some(
        view! {
            <details class="card" id="presets">
                <summary><h2>"Presets"</h2><span class="soft">"Settings that belong together, put into the form and not saved by it"</span></summary>
                <ul class="presets" id="preset-list" data-part="">
                    {presets.into_iter().map(|preset| start(&preset, current, values)).collect_view()}
                </ul>
            </details>
        }
        .into_any(),
    )
}

fn start(preset: &Preset, current: &Current, values: &Values) -> AnyView {
    let changes = preset.changes(values);
    let refused = current.refusal(&preset.applied(values));
    let (title, text) = (preset.title, preset.text);
    let what = match (&refused, changes.is_empty()) {
        (Some((field, reason)), _) => {
            view! { <p class="bad">{format!("Cannot be used here. {}: {reason}", label(field))}</p> }.into_any()
        }
        (None, true) => view! { <p class="soft">"The form says all of it already."</p> }.into_any(),
        (None, false) => view! {
            <ul class="changes" aria-label=format!("What {title} would change")>{changes.into_iter().map(|change| view! { <li>{change}</li> }).collect_view()}</ul>
            <button class="button small" type="submit" name="action" value=format!("preset:{}", preset.id) formnovalidate=true>{format!("Put {title} into the form")}</button>
        }
        .into_any(),
    };
    view! { <li data-testid=format!("preset-{}", preset.id)><h3>{title}</h3><p>{text}</p>{what}</li> }
        .into_any()
}

/// What became of a fix, in words.
fn pressed_note(fixed: &Fixed) -> AnyView {
    let (severity, title, text) = match fixed {
        Fixed::Unsaved(_) => (
            Severity::Info,
            "The fix is in the form, and not saved yet",
            "Look it over; Save puts it in force.".to_owned(),
        ),
        Fixed::Gone => (
            Severity::Info,
            "Nothing to fix",
            "This is not found any more: it was put right already, here or by somebody else. The form is as it was.".to_owned(),
        ),
        Fixed::Refused(reason) => (Severity::Warning, "The fix cannot be made here", reason.clone()),
    };
    view! { <div role="alert" id="fixed" tabindex="-1" autofocus=true>{note(severity, title, &text)}</div> }
        .into_any()
}

/// What the bar says. What cannot be read is no change yet, and has to be said all the same; a reason that is missing is none.
fn unsaved(changes: &[String], problems: &[FieldError]) -> AnyView {
    let unread = problems.iter().filter(|problem| problem.field != REASON).map(|problem| &problem.message);
    let said: Vec<String> = changes.iter().chain(unread).cloned().collect();
    let count = match said.len() {
        0 => return view! { "No unsaved changes" }.into_any(),
        1 => "1 unsaved change: ".to_owned(),
        several => format!("{several} unsaved changes: "),
    };
    view! { <b>{count}</b>{said.join(" · ")} }.into_any()
}

/// Who saved first, what they changed, and where that clashes with what was typed here.
fn meanwhile(conflict: Conflict, now: DateTime<Utc>) -> AnyView {
    let Conflict { by, at, revision, theirs, clashes } = conflict;
    let who = by.clone();
    let table = (!clashes.is_empty()).then(|| {
        view! {
            <table class="clashes">
                <caption>"Changed by both of you"</caption>
                <thead><tr><th scope="col">"Setting"</th><th scope="col">"Was"</th><th scope="col">{who}</th><th scope="col">"You"</th><td></td></tr></thead>
                <tbody>
                    {clashes.into_iter().map(|Clash { field, was, theirs, mine }| view! {
                        <tr>
                            <th scope="row">{label(field)}</th>
                            <td>{was}</td>
                            <td>{theirs.clone()}</td>
                            <td>{mine}</td>
                            <td><button class="button small" type="submit" name="action" value=format!("theirs:{field}") formnovalidate=true>{format!("Take {theirs}")}</button></td>
                        </tr>
                    }).collect_view()}
                </tbody>
            </table>
        }
    });
    view! {
        <div class="note warning" role="alert" id="conflict" tabindex="-1" autofocus=true>
            {sign(Severity::Warning)}
            <div>
                <b>{format!("{by} saved revision {revision} ")}{ago(now, at)}</b>
                {(!theirs.is_empty()).then(|| view! { <ul>{theirs.into_iter().map(|change| view! { <li>{change}</li> }).collect_view()}</ul> })}
                <p>"Nothing of yours was saved, and nothing is lost: below is what you chose, on top of what is in force now. What you did not touch follows the newer revision. Save again to put it in force, or discard it."</p>
                {table}
            </div>
        </div>
    }
    .into_any()
}
