//! *Compare*: how one revision, or the configuration files alone, differs from another, in words and as YAML.

use super::kit::text::note;
use super::kit::{Download, Frame, Head, Loaded, Meta, Page, Visit};
use super::nav;
use engine::Engine;
use engine::settings::history::{self, Comparison, Side};
use engine::settings::{Revision, Severity};
use leptos::prelude::*;
use serde::Deserialize;

const PATH: &str = "/settings/history/compare";

/// So many revisions can be chosen; older ones have links of their own.
const CHOICES: i64 = 200;

pub(super) struct Compare;

/// As typed: text that is no number is no revision.
#[derive(Default, Deserialize)]
pub(super) struct Query {
    from: Option<String>,
    to: Option<String>,
    /// `yaml`: the text for a file, as one.
    #[serde(default, rename = "as")]
    format: String,
}

pub(super) struct View {
    comparison: Comparison,
    choices: Vec<Revision>,
}

impl Page for Compare {
    const META: Meta = Meta::of(&nav::HISTORY).at(PATH);
    type Query = Query;
    type View = View;

    /// Without numbers: the newest and the one before it.
    async fn load(visit: &Visit, query: Query) -> engine::Result<Loaded<View>> {
        let number = |text: Option<String>| text.map(|text| text.parse::<i64>()).transpose();
        let (Ok(from), Ok(to)) = (number(query.from), number(query.to)) else { return Ok(Loaded::Gone) };
        let choices = choices(&visit.engine).await?;
        let newest = choices.first().map_or(0, |revision| revision.number);
        let to = to.unwrap_or(newest);
        let from = from.unwrap_or(to.saturating_sub(1).max(0));
        let Some(comparison) = history::compare(&visit.engine, from, to).await? else {
            return Ok(Loaded::Gone);
        };
        if query.format == "yaml" {
            let name = format!("settings-{from}-to-{to}.yaml");
            return Ok(Loaded::Download(Download { name, kind: "application/yaml", body: comparison.yaml }));
        }
        Ok(Loaded::View(View { comparison, choices }))
    }

    fn head(_: &View, _: &Visit) -> Head {
        Head::new(
            "Compare",
            "Shows what changes between two revisions, based on the current configuration files.",
        )
        .below(&nav::HISTORY)
    }

    fn body(View { comparison, choices }: View, _: &Frame<'_>) -> AnyView {
        let (from, to) = (comparison.from.number, comparison.to.number);
        let heading = format!("From {} to {}", name(from), name(to));
        view! {
            {choice(&choices, from, to)}
            <section aria-labelledby="difference">
                <h2 id="difference">{heading}</h2>
                <div class="inside">
                    {said(&comparison, "No differences.")}
                    <p class="pages">
                        {(from != to).then(|| view! { <a href=link(to, from)>"Swap"</a> })}
                        {(!comparison.yaml.is_empty()).then(|| view! { <a href=format!("{}&as=yaml", link(from, to)) download="">"Download YAML"</a> })}
                    </p>
                </div>
            </section>
        }
        .into_any()
    }
}

/// Newest first.
pub(super) async fn choices(engine: &Engine) -> engine::Result<Vec<Revision>> {
    history::newest_of(engine, CHOICES).await
}

/// The address of a comparison.
pub(super) fn link(from: i64, to: i64) -> String {
    format!("{PATH}?from={from}&to={to}")
}

/// Two lists to choose from: a form that asks, so it works without a script, and the page can be linked to.
pub(super) fn choice(choices: &[Revision], from: i64, to: i64) -> AnyView {
    let list = |field: &'static str, label: &'static str, chosen: i64| {
        // One that is too old for the list is in it when it is chosen.
        let older =
            (chosen != 0 && !choices.iter().any(|revision| revision.number == chosen)).then_some(chosen);
        view! {
            <label for=field>{label}</label>
            <select id=field name=field>
                {choices.iter().map(|Revision { number, at, by, .. }| {
                    let text = format!("Revision {number}, {by}, {}", at.format("%-d %b %Y %H:%M"));
                    view! { <option value=*number selected=*number == chosen>{text}</option> }
                }).collect_view()}
                {older.map(|number| view! { <option value=number selected=true>{format!("Revision {number}")}</option> })}
                <option value="0" selected=chosen == 0>"Configuration files only"</option>
            </select>
        }
    };
    view! {
        <form method="get" action=PATH class="compare" aria-label="Compare two revisions">
            {list("from", "From", from)}
            {list("to", "To", to)}
            <button class="button" type="submit">"Compare"</button>
        </form>
    }
    .into_any()
}

/// The difference in words and as configuration, or why there is none to show.
pub(super) fn said(comparison: &Comparison, same: &'static str) -> AnyView {
    let Comparison { from, to, changes, yaml } = comparison;
    let unfit: Vec<&Side> = [from, to].into_iter().filter(|side| side.unfit.is_some()).collect();
    if !unfit.is_empty() {
        return unfit
            .into_iter()
            .map(|side| {
                let title =
                    format!("{} doesn’t fit the current configuration files", capital(&name(side.number)));
                note(Severity::Warning, &title, side.unfit.as_deref().unwrap_or_default())
            })
            .collect_view()
            .into_any();
    }
    if changes.is_empty() && yaml.is_empty() {
        return view! { <p>{same}</p> }.into_any();
    }
    let fingerprints = yaml.contains('\u{2022}');
    view! {
        {(!changes.is_empty()).then(|| view! {
            <ul class="changes">{changes.iter().map(|change| view! { <li>{change.clone()}</li> }).collect_view()}</ul>
        })}
        {(!yaml.is_empty()).then(|| view! {
            <h3>"As YAML"</h3>
            <pre class="yaml" role="region" tabindex="0" aria-label="As YAML">{yaml.clone()}</pre>
            <p class="soft">
                "One click selects all of it. "
                {fingerprints.then_some("Secrets appear as fingerprints. Replace them with the real values.")}
            </p>
        })}
    }
    .into_any()
}

fn name(number: i64) -> String {
    match number {
        0 => "configuration files only".to_owned(),
        number => format!("revision {number}"),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}
