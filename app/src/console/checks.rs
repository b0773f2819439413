//! *Checks*: what can happen with the configuration in force, by severity. It shows what `engine::settings::checks` finds and knows
//! no rule of its own.

use super::authentication;
use super::rows::{breakable, note};
use super::shell::{Shell, document};
use engine::Engine;
use engine::config::Config;
use engine::config::load::{masked, written};
use engine::operators::{OperatorSession, Role};
use engine::requester::UnnamedProxies;
use engine::settings::checks::{Check, checks, overlay};
use engine::settings::{FieldError, Saved, Severity};
use leptos::prelude::*;

pub const PATH: &str = "/checks";

const GROUPS: [(Severity, &str, &str, &str); 4] = [
    (Severity::Error, "error", "Errors", "What is configured cannot do what it says."),
    (Severity::Danger, "danger", "Dangers", "Somebody can do harm, or is locked out."),
    (Severity::Warning, "warning", "Warnings", "Decide on these on purpose."),
    (Severity::Info, "note", "Notes", "Good to know."),
];

pub struct View {
    /// With what a file would have to say, its secrets masked; empty where a file alone is no way out.
    found: Vec<(Check, String)>,
    editable: bool,
}

pub fn load(engine: &Engine, operator: &OperatorSession) -> View {
    let config = engine.begin().config;
    let found = checks(&config, engine.noticed().unnamed_proxies()).into_iter().map(|check| {
        let file = match check.patch.is_empty() {
            true => String::new(),
            false => written(&masked(&config, &overlay(&check.patch))),
        };
        (check, file)
    });
    View { found: found.collect(), editable: operator.operator.role != Role::Viewer }
}

/// The field of every Save in which somebody says why.
pub(super) const REASON: &str = "reason";

/// How many errors and dangers the configuration has, with what the running server saw of proxies.
pub fn grave(config: &Config, proxies: UnnamedProxies) -> usize {
    checks(config, proxies).iter().filter(|check| check.severity <= Severity::Danger).count()
}

/// What a Save will ask for, said before it is pressed.
pub(super) fn asks(brings_about: &[Check]) -> Option<AnyView> {
    let worst = brings_about.iter().map(|check| check.severity).min()?;
    let titles: Vec<&str> = brings_about.iter().map(|check| check.title).collect();
    let (word, what) = match worst {
        Severity::Error => ("Error: ", "This cannot be saved."),
        Severity::Danger | Severity::Warning | Severity::Info => {
            ("Danger: ", "That takes an owner, a fresh sign-in and why.")
        }
    };
    Some(view! { <span class="asks"><b>{word}</b>{titles.join(" · ")}". "{what}</span> }.into_any())
}

/// What a Save lacks that brings a danger about, beside the field that it is about.
pub(super) fn needs(saved: Saved) -> FieldError {
    let (dangers, what, reason) = match saved {
        Saved::NeedsOwner(dangers) => (dangers, "Only an owner can put that in force.", false),
        Saved::NeedsFreshSignIn(dangers) => (
            dangers,
            "That takes your password, since you signed in a while ago. Go back to the revision before it in History, which asks for it.",
            false,
        ),
        Saved::NeedsReason(dangers) => (dangers, "Say why, for the history, and save again.", true),
        // Everything else is no question.
        Saved::Done { .. } | Saved::Unchanged { .. } | Saved::Conflict { .. } | Saved::Again(_) => {
            (Vec::new(), "This could not be saved.", false)
        }
    };
    let titles: String = dangers.iter().map(|danger| format!("{}. ", danger.title)).collect();
    let beside = dangers.iter().find_map(|danger| danger.at).unwrap_or("sign_in_after_registration");
    FieldError { field: if reason { REASON } else { beside }, message: format!("{titles}{what}") }
}

pub fn page(shell: &Shell, view: View) -> String {
    document(shell, "Checks", move || {
        let View { found, editable } = view;
        let of = |severity| found.iter().filter(|(check, _)| check.severity == severity).count();
        let counts: Vec<String> = GROUPS
            .iter()
            .map(|(severity, word, ..)| (of(*severity), word))
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}{}", if count == 1 { "" } else { "s" }))
            .collect();
        let summary = match counts.is_empty() {
            true => "Nothing to say: no check finds anything.".to_owned(),
            false => counts.join(", "),
        };
        let mut rest = found;
        let groups: Vec<_> = GROUPS
            .into_iter()
            .map(|(severity, word, title, about)| {
                let (mine, others) = std::mem::take(&mut rest)
                    .into_iter()
                    .partition::<Vec<_>, _>(|(check, _)| check.severity == severity);
                rest = others;
                (word, title, about, mine)
            })
            .filter(|(.., mine)| !mine.is_empty())
            .collect();
        view! {
            <main id="main" tabindex="-1">
                <div class="head">
                    <h1>"Checks"</h1>
                    <p>"What can happen with the configuration that is in force, files and console together. The command "<code>"vestibule config check --lint"</code>" says the same of files."</p>
                </div>
                <p class="counts" data-testid="summary"><b>{summary}</b></p>
                {groups.into_iter().map(|(word, title, about, mine)| {
                    let id = format!("{word}s");
                    view! {
                        <section class="found" aria-labelledby=id.clone()>
                            <h2 id=id.clone()>{title}</h2>
                            <p class="soft">{about}</p>
                            <ul class="checks">
                                {mine.into_iter().map(|(check, file)| one(check, file, editable)).collect_view()}
                            </ul>
                        </section>
                    }
                }).collect_view()}
            </main>
        }
    })
}

/// A finding, its key and the way out: into the form where the console has the setting, in a file where it has not.
fn one(check: Check, file: String, editable: bool) -> AnyView {
    let fix = check.fix.filter(|_| editable).map(|fix| {
        let link = format!("{}?fix={}", authentication::PATH, check.id);
        view! { <a class="button small" href=link>{fix.label}</a> }.into_any()
    });
    let way_out = fix.or_else(|| {
        (!file.is_empty())
            .then(|| view! { <details><summary>"In a file"</summary><pre>{file}</pre></details> }.into_any())
    });
    view! {
        <li data-testid=check.id>
            {note(check.severity, check.title, &check.text)}
            <p class="meta"><code>{breakable(&check.key)}</code></p>
            {way_out}
        </li>
    }
    .into_any()
}
