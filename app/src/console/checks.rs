//! *Checks*: what can happen with the configuration in force, the most severe first. It shows what `engine::settings::checks` finds
//! and knows no rule of its own.

use super::rows::{breakable, note};
use super::shell::{Shell, document};
use engine::Engine;
use engine::settings::Severity;
use engine::settings::checks::{Check, checks};
use leptos::prelude::*;

pub const PATH: &str = "/checks";

pub struct View {
    found: Vec<Check>,
}

pub fn load(engine: &Engine) -> View {
    View { found: checks(&engine.begin().config, engine.saw_unconfigured_proxy()) }
}

pub fn page(shell: &Shell, view: View) -> String {
    document(shell, "Checks", move || {
        let View { found } = view;
        let of = |severity| found.iter().filter(|check| check.severity == severity).count();
        let summary = match (of(Severity::Danger), of(Severity::Warning), of(Severity::Info)) {
            (0, 0, 0) => "Nothing was found.".to_owned(),
            (dangers, warnings, notes) => [(dangers, "danger"), (warnings, "warning"), (notes, "note")]
                .into_iter()
                .filter(|(count, _)| *count > 0)
                .map(|(count, word)| format!("{count} {word}{}", if count == 1 { "" } else { "s" }))
                .collect::<Vec<_>>()
                .join(", "),
        };
        view! {
            <main id="main" tabindex="-1">
                <div class="head">
                    <h1>"Checks"</h1>
                    <p>"What can happen with the configuration that is in force, files and console together. The command "<code>"vestibule config check --lint"</code>" says the same of files."</p>
                </div>
                <p data-testid="summary"><b>{summary}</b></p>
                <ul class="checks">
                    {found.into_iter().map(|check| view! {
                        <li data-testid=check.id>
                            {note(check.severity, &check.title, &check.text)}
                            <p class="meta"><code>{breakable(&check.key)}</code></p>
                        </li>
                    }).collect_view()}
                </ul>
            </main>
        }
    })
}
