//! *Audit*: what operators did, newest first.

use super::kit::filters::{Filter, Kind};
use super::kit::list::{ListPage, Wanted};
use super::kit::table::Row;
use super::kit::text::{breakable, name, when};
use super::kit::{Download, Frame, Meta, Visit};
use super::nav;
use engine::operators::audit::{self, Entry};
use leptos::prelude::*;
use serde_json::Value;

pub(super) struct Audit;

impl ListPage for Audit {
    const META: Meta = Meta::of(&nav::AUDIT);
    const LEAD: &'static str =
        "What operators did, on the console and on the command line. Entries can’t be changed or deleted.";
    const COLUMNS: &'static [&'static str] = &["When", "Operator", "Action", "Details"];
    const EMPTY: (&'static str, &'static str) =
        ("No entries yet.", "Every change by an operator is recorded here.");
    const DOWNLOAD: Option<&'static str> = Some("Download JSON lines");
    type Item = (i64, Entry);

    async fn filters(visit: &Visit) -> engine::Result<Vec<Filter>> {
        let operators = engine::operators::list(&visit.engine)
            .await?
            .into_iter()
            .map(|operator| (operator.email, operator.name));
        let others = audit::OTHER_ACTORS.map(|actor| (actor.to_owned(), actor.to_owned()));
        let actions = audit::ACTIONS.iter().map(|action| ((*action).to_owned(), (*action).to_owned()));
        Ok(vec![
            Filter {
                name: "operator",
                label: "Operator",
                kind: Kind::Choice { any: "Anyone", options: operators.chain(others).collect() },
            },
            Filter {
                name: "action",
                label: "Action",
                kind: Kind::Choice { any: "Any action", options: actions.collect() },
            },
        ])
    }

    async fn items(visit: &Visit, wanted: &Wanted, limit: i64) -> engine::Result<Vec<Self::Item>> {
        audit::page(&visit.engine, filter(wanted), before(wanted), limit).await
    }

    fn cursor((id, _): &Self::Item) -> String {
        id.to_string()
    }

    fn row((id, Entry { at, actor, action, details }): Self::Item, frame: &Frame<'_>) -> Row {
        let facts = details.as_object().into_iter().flatten().filter_map(|(word, value)| {
            let value = words(value).filter(|value| !value.is_empty())?;
            Some(view! { <div><dt>{word.replace('_', " ")}</dt><dd>{name(value)}</dd></div> })
        });
        let cells = vec![
            when(frame.now, at),
            name(actor),
            view! { <code>{breakable(&action)}</code> }.into_any(),
            view! { <dl class="facts">{facts.collect_view()}</dl> }.into_any(),
        ];
        Row { id: format!("entry-{id}"), state: "", cells }
    }

    async fn download(visit: &Visit, wanted: &Wanted) -> engine::Result<Option<Download>> {
        let body =
            audit::download(&visit.engine, &visit.operator.operator, filter(wanted), before(wanted)).await?;
        Ok(Some(Download { name: "audit.jsonl".to_owned(), kind: "application/jsonl", body }))
    }
}

/// `None`: it says nothing, or what only the download shows.
fn words(value: &Value) -> Option<String> {
    match value {
        Value::Null | Value::Object(_) => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(all) => Some(all.iter().filter_map(words).collect::<Vec<_>>().join(" · ")),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
    }
}

fn filter(wanted: &Wanted) -> audit::Filter<'_> {
    audit::Filter { actor: wanted.filter("operator"), action: wanted.filter("action") }
}

fn before(wanted: &Wanted) -> Option<i64> {
    wanted.after.as_deref().and_then(|after| after.parse().ok())
}
