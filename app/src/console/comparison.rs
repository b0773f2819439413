//! *Compare*: how one revision, or the files alone, differs from another, in words and as what to write into a file.

use super::history::PATH as HISTORY;
use super::shell::{Shell, document};
use engine::Engine;
use engine::settings::history::{self, Comparison, Side};
use engine::settings::{Revision, Severity};
use leptos::prelude::*;

pub const PATH: &str = "/settings/history/compare";

/// So many revisions can be chosen; older ones have links of their own.
const CHOICES: i64 = 200;

pub struct View {
    comparison: Comparison,
    choices: Vec<Revision>,
}

impl View {
    /// What to write into a file, and how that file is called.
    pub fn yaml(self) -> (String, String) {
        let Comparison { from, to, yaml, .. } = self.comparison;
        (format!("settings-{}-to-{}.yaml", from.number, to.number), yaml)
    }
}

/// Without numbers: the newest and the one before it. `None`: there is no such revision.
pub async fn load(engine: &Engine, from: Option<i64>, to: Option<i64>) -> engine::Result<Option<View>> {
    let choices = choices(engine).await?;
    let newest = choices.first().map_or(0, |revision| revision.number);
    let to = to.unwrap_or(newest);
    let comparison = history::compare(engine, from.unwrap_or(to.saturating_sub(1).max(0)), to).await?;
    Ok(comparison.map(|comparison| View { comparison, choices }))
}

/// Newest first.
pub(super) async fn choices(engine: &Engine) -> engine::Result<Vec<Revision>> {
    history::newest_of(engine, CHOICES).await
}

pub fn page(shell: &Shell, view: View) -> String {
    let View { comparison, choices } = view;
    document(shell, "Compare", move || {
        let (from, to) = (comparison.from.number, comparison.to.number);
        let heading = format!("From {} to {}", name(from), name(to));
        view! {
            <main id="main" tabindex="-1">
                <div class="head">
                    <p><a href=HISTORY>"History"</a></p>
                    <h1>"Compare"</h1>
                    <p>"Both on today's files: what would change on the way from the one to the other."</p>
                </div>
                {choice(&choices, from, to)}
                <section aria-labelledby="difference">
                    <h2 id="difference">{heading}</h2>
                    <div class="inside">
                        {said(&comparison, "Both mean the same.")}
                        <p class="pages">
                            {(from != to).then(|| view! { <a href=link(to, from)>"The other way round"</a> })}
                            {(!comparison.yaml.is_empty()).then(|| view! { <a href=format!("{}&as=yaml", link(from, to)) download="">"As a file"</a> })}
                        </p>
                    </div>
                </section>
            </main>
        }
    })
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
                <option value="0" selected=chosen == 0>"The files alone"</option>
            </select>
        }
    };
    view! {
        <form method="get" action=PATH class="compare" aria-label="Compare two">
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
                let title = format!("{} does not fit today's files", capital(&name(side.number)));
                super::rows::note(Severity::Warning, &title, side.unfit.as_deref().unwrap_or_default())
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
            <h3>"What to write into a file"</h3>
            <pre class="yaml" role="region" tabindex="0" aria-label="What to write into a file">{yaml.clone()}</pre>
            <p class="soft">
                "A click marks all of it. "
                {fingerprints.then_some("A fingerprint stands for each secret: write the secret itself.")}
            </p>
        })}
    }
    .into_any()
}

fn name(number: i64) -> String {
    match number {
        0 => "the files alone".to_owned(),
        number => format!("revision {number}"),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}
