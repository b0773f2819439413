//! What is around every page of the kit, whatever became of a request: title, notices, questions, and the page's own part. As a whole
//! document, or as what the script swaps in.

use super::super::about::{About, about};
use super::super::nav;
use super::super::shell::{critical, document};
use super::form;
use super::page::{Asks, Conflict, Frame, Head, Page, Reply, Visit};
use super::text::{ago, name, sign, with_code};
use crate::island::LiveForm;
use chrono::{DateTime, Utc};
use engine::settings::Severity;
use leptos::prelude::*;
use serde_json::json;

pub(super) enum Notice {
    Saved(i64),
    Unchanged,
    /// The revision that is current again, and what that changed in words.
    Undone {
        to: i64,
        changes: Vec<String>,
    },
    Said(&'static str),
}

/// What became of a request.
pub(super) struct Told<'a> {
    pub(super) asks: Asks,
    pub(super) reason: &'a str,
    pub(super) wrong: Option<&'a str>,
    pub(super) restored: bool,
    pub(super) notice: Option<Notice>,
}

pub(super) fn show<P: Page>(visit: &Visit, swap: bool, view: P::View, told: Told<'_>, status: u16) -> Reply {
    let Told { asks, reason, wrong, restored, notice } = told;
    let head = P::head(&view, visit);
    let title = if asks.any() { format!("Error: {}", head.title) } else { head.title.clone() };
    // The pages below one of the navigation are explained by it.
    let place = visit.shell.place.filter(|place| visit.shell.address.split('?').next() == Some(place.path));
    let about = place.and_then(about);
    let owner = Owner::new();
    let html = owner.with(|| {
        let frame = Frame {
            now: visit.now(),
            role: visit.operator.operator.role,
            asks: &asks,
            stale: visit.is_stale(),
            reason,
            wrong,
            restored,
        };
        let aside = P::aside(&view);
        let class = if aside.is_some() { "frame-form" } else { "frame-page" };
        view! {
            <div class=class>
                <main id="main" tabindex="-1">
                    {above(head, about, &frame)}
                    {P::body(view, &frame)}
                </main>
                {aside}
            </div>
            // How the drawing is looked at belongs to no post.
            <form id="view" hidden=true></form>
        }
        .to_html()
    });
    let notice = owner.with(|| notice.map(|notice| said::<P>(visit, notice).to_html())).unwrap_or_default();
    if swap {
        let beside = owner.with(|| critical(visit.shell.critical_count).to_html());
        let title = format!("{title} · Vestibule");
        let json = json!({ "title": title, "html": html, "notice": notice, "beside": beside }).to_string();
        return Reply::Swap { status, json };
    }
    let html = document(&visit.shell, &title, || {
        view! {
            <LiveForm>
                <div class="toast" role="status" tabindex="-1" inner_html=notice></div>
                <div data-region="" data-page="" inner_html=html></div>
            </LiveForm>
        }
    });
    Reply::Page { status, html }
}

/// Title, then everything that the page has to say before its own part.
fn above(head: Head, about: Option<About>, frame: &Frame<'_>) -> AnyView {
    let Head { title, lead, parent, actions, read_only, read_only_more } = head;
    let Asks { problems, conflict, confirm } = frame.asks;
    let again = confirm.as_ref().and_then(|confirm| Some((confirm, confirm.again.as_ref()?)));
    view! {
        <div class="head">
            {parent.map(|(title, path)| view! { <p class="up"><a href=path>{title}</a></p> })}
            <h1><bdi>{title}</bdi></h1>
            {lead.map(|lead| view! { <p>{lead}</p> })}
            {about.map(About::view)}
            {actions.map(|actions| view! { <div class="head-actions">{actions}</div> })}
        </div>
        {read_only.map(|why| view! {
            <div class="note info" id="read-only">{sign(Severity::Info)}<span><b>"Read only"</b>{with_code(&why)}{read_only_more}</span></div>
        })}
        {frame.restored.then(|| view! {
            <div class="note info" role="alert" id="kept" tabindex="-1" autofocus=true>
                {sign(Severity::Info)}
                <span><b>"Your session expired before you saved"</b>"Your changes are restored below and not saved yet. Passwords and secrets are not kept: enter them again."</span>
            </div>
        })}
        {conflict.as_ref().map(|conflict| meanwhile(conflict, frame.now))}
        {form::summary(problems)}
        {again.map(|(confirm, posted)| view! {
            <form method="post" class="form card confirm-first">
                {posted.iter().map(|(name, value)| view! { <input type="hidden" name=name.clone() value=value.clone() /> }).collect_view()}
                {form::confirmation(form::Confirmation {
                    dangers: &confirm.dangers,
                    asked: true,
                    reason: (!confirm.dangers.is_empty()).then_some(form::Reason { typed: frame.reason, required: true }),
                    password: confirm.password,
                    wrong: frame.wrong,
                })}
                <p class="buttons"><button class="button main" type="submit">"Confirm"</button><a class="button" href="">"Cancel"</a></p>
            </form>
        })}
    }
    .into_any()
}

/// Who saved first, and that nothing is lost.
fn meanwhile(conflict: &Conflict, now: DateTime<Utc>) -> AnyView {
    let Conflict { by, at, revision, own, theirs } = conflict;
    let who = match own {
        true => "Not saved. You saved changes in another tab.".into_any(),
        false => view! { "Not saved. "{name(by.clone())}" saved changes while you were editing." }.into_any(),
    };
    view! {
        <div class="note warning" role="alert" id="conflict" tabindex="-1" autofocus=true>
            {sign(Severity::Warning)}
            <div>
                <b>{who}</b>
                <p>{format!("Revision {revision}, ")}{ago(now, *at)}</p>
                {(!theirs.is_empty()).then(|| view! { <ul>{theirs.iter().map(|change| view! { <li>{change.clone()}</li> }).collect_view()}</ul> })}
                <p>"Your changes are still here but not saved. Review, then save again or discard."</p>
            </div>
        </div>
    }
    .into_any()
}

fn said<P: Page>(visit: &Visit, notice: Notice) -> AnyView {
    match notice {
        Notice::Said(sentence) => view! { <p>{sentence}</p> }.into_any(),
        Notice::Unchanged => view! { <p>"No changes to save."</p> }.into_any(),
        Notice::Undone { to, changes } => {
            let back = match to {
                0 => "Undone. The configuration files apply again.".to_owned(),
                to => format!("Undone. Settings are back to revision {to}."),
            };
            view! { <p id="undone" tabindex="-1" autofocus=true>{back}" "{changes.join(" · ")}</p> }
                .into_any()
        }
        Notice::Saved(revision) => {
            let sentence = format!("{} as revision {revision}. Changes are live.", P::SAVED);
            let back = visit.may(engine::operators::Role::Editor).then(|| match P::UNDO {
                true => view! {
                    <form method="post" action=visit.shell.place.map(|place| place.path)>
                        <input type="hidden" name="base" value=revision />
                        <button class="button small" id="undo" name="action" value="undo" type="submit">"Undo"</button>
                    </form>
                }
                .into_any(),
                false => view! { <a href=format!("{}/{}", nav::HISTORY.path, revision - 1)>"Undo"</a> }.into_any(),
            });
            view! { <p>{sentence}</p>{back} }.into_any()
        }
    }
}
