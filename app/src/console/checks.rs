//! *Checks*: what can happen with the active configuration, by severity. It shows what `engine::settings::checks` finds and knows no
//! rule of its own.

use super::kit::text::{breakable, note};
use super::kit::{Frame, Head, Loaded, Meta, Page, Visit};
use super::nav;
use engine::config::Config;
use engine::config::load::{masked, written};
use engine::operators::Role;
use engine::requester::UnnamedProxies;
use engine::settings::Severity;
use engine::settings::checks::{Check, checks, overlay};
use leptos::prelude::*;
use std::collections::BTreeMap;

const GROUPS: [(Severity, &str, &str, &str); 4] = [
    (Severity::Error, "error", "Errors", "These settings can’t work as configured."),
    (Severity::Danger, "danger", "Dangers", "These settings put users at risk or lock them out."),
    (Severity::Warning, "warning", "Warnings", "Review these and decide."),
    (Severity::Info, "info", "Info", "Good to know."),
];

pub struct Checks;

impl Page for Checks {
    const META: Meta = Meta::of(&nav::CHECKS);
    type Query = BTreeMap<String, String>;
    /// Each with the text a file would need, its secrets masked; empty where a file alone is no way out.
    type View = Vec<(Check, String)>;

    async fn load(visit: &Visit, _: Self::Query) -> engine::Result<Loaded<Self::View>> {
        let config = visit.engine.begin().config;
        let found = checks(&config, visit.engine.noticed().unnamed_proxies()).into_iter().map(|check| {
            let file = match check.patch.is_empty() {
                true => String::new(),
                false => written(&masked(&config, &overlay(&check.patch))),
            };
            (check, file)
        });
        Ok(Loaded::View(found.collect()))
    }

    fn head(_: &Self::View, _: &Visit) -> Head {
        Head::new(
            "Checks",
            "Issues in the active configuration, including files and console changes. `vestibule config check --lint` runs the same checks on files.",
        )
    }

    fn body(found: Self::View, frame: &Frame<'_>) -> AnyView {
        let editable = frame.may(Role::Editor);
        let of = |severity| found.iter().filter(|(check, _)| check.severity == severity).count();
        let counts: Vec<String> = GROUPS
            .iter()
            .map(|(severity, word, ..)| (of(*severity), *word))
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| {
                format!("{count} {word}{}", if count == 1 || word == "info" { "" } else { "s" })
            })
            .collect();
        if counts.is_empty() {
            return view! { <div class="rows"><div class="empty" data-testid="summary"><p><b>"No issues found."</b></p></div></div> }
                .into_any();
        }
        let mut rest = found;
        let groups = GROUPS.into_iter().map(|(severity, word, title, about)| {
            let (own, others) = std::mem::take(&mut rest)
                .into_iter()
                .partition::<Vec<_>, _>(|(check, _)| check.severity == severity);
            rest = others;
            (format!("{word}-issues"), title, about, own)
        });
        view! {
            <p class="counts" data-testid="summary"><b>{counts.join(", ")}</b></p>
            {groups.filter(|(.., own)| !own.is_empty()).map(|(id, title, about, own)| view! {
                <section class="found" aria-labelledby=id.clone()>
                    <h2 id=id.clone()>{title}</h2>
                    <p class="soft">{about}</p>
                    <ul class="checks">{own.into_iter().map(|(check, file)| one(check, file, editable)).collect_view()}</ul>
                </section>
            }).collect_view()}
        }
        .into_any()
    }
}

/// An issue, its key and the way out: into the form where the console has the setting, in a file where it has not.
fn one(check: Check, file: String, editable: bool) -> AnyView {
    let fix = check.fix.filter(|_| editable).map(|fix| {
        let link = format!("{}?fix={}", super::settings::page_of_fix(&fix), check.id);
        view! { <a class="button small" href=link>{fix.label}</a> }.into_any()
    });
    let way_out = fix.or_else(|| {
        (!file.is_empty()).then(|| {
            view! { <details><summary>"Fix in a configuration file"</summary><pre>{file}</pre></details> }
                .into_any()
        })
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

/// How many errors and dangers the configuration has, with what the running server saw of proxies.
pub fn critical_count(config: &Config, proxies: UnnamedProxies) -> usize {
    checks(config, proxies).iter().filter(|check| check.severity <= Severity::Danger).count()
}
