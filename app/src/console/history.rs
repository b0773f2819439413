//! *History*: every revision with who, when, why and what. One revision, and the way back to it, is in `revision`.

use super::comparison::{choice, choices, said};
use super::kit::table::{self, Empty, Pager, Row};
use super::kit::text::{ago, name, when};
use super::kit::{Frame, Head, Loaded, Meta, Page, Visit};
use super::nav;
use chrono::{DateTime, Utc};
use engine::settings::history::{self, Comparison, Entry};
use engine::settings::{self, Revision};
use leptos::prelude::*;
use serde::Deserialize;

pub(super) const PATH: &str = nav::HISTORY.path;

pub(super) struct History;

#[derive(Default, Deserialize)]
pub(super) struct Query {
    /// The page after this revision.
    before: Option<i64>,
}

pub(super) struct View {
    entries: Vec<Entry>,
    current: i64,
    more: bool,
    paged: bool,
    /// Those that can be chosen for a comparison, newest first.
    choices: Vec<Revision>,
    /// Why nobody can save, and where to change it; with what was saved last and does not apply.
    files_decide: Option<(String, Option<Comparison>)>,
}

impl Page for History {
    const META: Meta = Meta::of(&nav::HISTORY);
    const SAVED: &'static str = "Restored";
    type Query = Query;
    type View = View;

    async fn load(visit: &Visit, Query { before }: Query) -> engine::Result<Loaded<View>> {
        let engine = &visit.engine;
        let (entries, more) = table::page(history::entries(engine, before, table::ROWS + 1).await?);
        let config = engine.begin().config;
        let files_decide = match settings::files_decide(&config) {
            Some(sentence) => Some((sentence, history::drift(engine).await?)),
            None => None,
        };
        let (current, paged) = (config.revision, before.is_some());
        Ok(Loaded::View(View {
            entries,
            current,
            more,
            paged,
            choices: choices(engine).await?,
            files_decide,
        }))
    }

    fn head(view: &View, _: &Visit) -> Head {
        let lead = "Every save creates a revision. Restoring one creates a new revision, so nothing is lost.";
        let read_only = view.files_decide.as_ref().map(|(sentence, _)| sentence.clone());
        Head { read_only, ..Head::new("History", lead) }
    }

    fn body(view: View, frame: &Frame<'_>) -> AnyView {
        let View { entries, current, more, paged, choices, files_decide } = view;
        let now = frame.now;
        let last = entries.last().map(|entry| entry.revision.number);
        let newest = choices.first().map_or(0, |revision| revision.number);
        let pager = Pager {
            newest: paged.then(|| PATH.to_owned()),
            older: last.filter(|_| more).map(|last| format!("{PATH}?before={last}")),
        };
        let empty = entries.is_empty() && !paged;
        let mut rows: Vec<Row> = entries.into_iter().map(|entry| row(entry, current, now)).collect();
        if !more && !empty {
            rows.push(Row {
                id: "revision-0".to_owned(),
                state: if current == 0 { "current" } else { "" },
                cells: vec![
                    view! { <a href=format!("{PATH}/0")>"Configuration files only"</a>{(current == 0).then(mark)} }.into_any(),
                    "Before any console change".into_any(),
                    ().into_any(),
                ],
            });
        }
        let none = Empty {
            title: "No changes yet.",
            text: "The configuration files apply. Your first save creates revision 1.".into_any(),
        };
        view! {
            {files_decide.and_then(|(_, drift)| drift).map(|drift| not_applied(drift, now))}
            {(newest > 0).then(|| choice(&choices, newest - 1, newest))}
            {table::table("Revisions, newest first", &["Revision", "Changes", "Saved"], rows, none, pager)}
        }
        .into_any()
    }
}

fn mark() -> AnyView {
    view! { " "<span class="mark">"Current"</span> }.into_any()
}

/// How the revision that was saved last differs from the files.
fn not_applied(drift: Comparison, now: DateTime<Utc>) -> AnyView {
    let number = drift.to.number;
    let by = drift
        .to
        .revision
        .as_ref()
        .map(|Revision { at, by, .. }| view! { {name(by.clone())}", "{ago(now, *at)} });
    view! {
        <section aria-labelledby="drift">
            <h2 id="drift">"Saved here but not applied"</h2>
            <div class="inside">
                <p class="soft">{format!("Revision {number}, ")}{by}</p>
                {said(&drift, "It matches the configuration files.")}
            </div>
        </section>
    }
    .into_any()
}

fn row(entry: Entry, current: i64, now: DateTime<Utc>) -> Row {
    let Entry { revision, changes } = entry;
    let Revision { number, at, by, summary, reason, .. } = revision;
    // Restoring says what was restored; the changes say what that meant.
    let back = summary.first().filter(|words| words.starts_with("Back to")).cloned();
    let words = if changes.is_empty() && back.is_none() { summary } else { changes };
    Row {
        id: format!("revision-{number}"),
        state: if number == current { "current" } else { "" },
        cells: vec![
            view! { <a href=format!("{PATH}/{number}")>{format!("Revision {number}")}</a>{(number == current).then(mark)} }.into_any(),
            view! {
                {(!reason.is_empty()).then(|| view! { <p class="reason">"“"{name(reason)}"”"</p> })}
                {back.map(|back| view! { <p>{back}</p> })}
                <ul class="changes">{words.into_iter().map(|change| view! { <li>{change}</li> }).collect_view()}</ul>
            }
            .into_any(),
            view! { {when(now, at)}<small>"by "{name(by)}</small> }.into_any(),
        ],
    }
}
