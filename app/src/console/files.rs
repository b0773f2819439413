//! *Configuration files*: why changed files don't apply, and the confirmation that some of them need. A notice on every page leads here.

use super::kit::text::{ago, noted};
use super::kit::{Acted, Asks, Frame, Head, Loaded, Meta, Page, Posted, Verb, Visit};
use super::nav;
use engine::config::{NotApplied, Why};
use engine::operators::Role;
use engine::settings::Severity;
use engine::{Kind, settings};
use leptos::prelude::*;
use std::collections::BTreeMap;

const PATH: &str = "/checks/files";

pub(super) struct Files;

/// On every page while changed files don't apply.
pub(super) fn notice() -> AnyView {
    let details = view! { <a class="button small" href=PATH>"Show details"</a> }.into_any();
    let text = "The configuration files changed, and the change doesn’t apply.";
    let notice = noted(Severity::Warning, "Configuration files", text, details);
    view! { <div class="notice" data-testid="files-notice">{notice}</div> }.into_any()
}

impl Page for Files {
    const META: Meta = Meta::of(&nav::CHECKS).at(PATH);
    const VERBS: &'static [Verb] = &[Verb::new("apply", Role::Owner, "files.refused")];
    type Query = BTreeMap<String, String>;
    type View = Option<NotApplied>;

    async fn load(visit: &Visit, _: Self::Query) -> engine::Result<Loaded<Self::View>> {
        Ok(Loaded::View(visit.engine.files().not_applied()))
    }

    async fn act(visit: &Visit, _: Self::Query, posted: Posted) -> engine::Result<Acted<Self::View>> {
        let confirmed = settings::confirm_files(&visit.engine, &visit.operator.operator, &posted.argument);
        match confirmed.await {
            Ok(()) => Ok(Acted::Done(format!("{PATH}?done=applied"))),
            Err(moved) if moved.kind == Kind::Conflict => {
                let problem = Asks::problem("files", moved.to_string());
                Ok(Acted::Again(visit.engine.files().not_applied(), problem))
            }
            Err(failed) => Err(failed),
        }
    }

    fn head(_: &Self::View, _: &Visit) -> Head {
        Head::new(
            "Configuration files",
            "Files that are set with `--config` apply within a second after a change. Incomplete files, and files with errors, don’t apply.",
        )
        .below(&nav::CHECKS)
    }

    fn body(view: Self::View, frame: &Frame<'_>) -> AnyView {
        let Some(NotApplied { since, why, content }) = view else {
            return view! { <div class="rows"><div class="empty"><p><b>"The configuration files apply as they are."</b></p></div></div> }
                .into_any();
        };
        let (title, about, list) = match &why {
            Why::Refused(problems) => (
                "The changed files have errors.",
                "Correct the files. Until then, the configuration from before the change stays active.",
                problems.clone(),
            ),
            Why::NeedsRestart(keys) => (
                "The changed files apply after a restart.",
                "These keys are read only when the server starts. Until then, the configuration from before the change stays active.",
                keys.iter().map(|key| (*key).to_owned()).collect(),
            ),
            Why::Loses(lost) => (
                "The changed files might be incomplete.",
                "These sections or lists of hooks are missing from the changed files. If you removed them on purpose, apply the files.",
                lost.clone(),
            ),
        };
        let may = matches!(why, Why::Loses(_)) && frame.may(Role::Owner);
        let problem = frame.asks.problems.first().map(|problem| problem.message.clone());
        let button = may.then(|| {
            view! {
                <form method="post" action=PATH>
                    <button class="button" type="submit" name="action" value=format!("apply:{content}")>"Apply files"</button>
                </form>
            }
        });
        view! {
            {problem.map(|problem| view! { <p class="problem" role="alert">{problem}</p> })}
            <section class="found" aria-labelledby="files">
                <h2 id="files">{title}</h2>
                <p class="soft">"Changed "{ago(frame.now, since)}". "{about}</p>
                <div class="lost">
                    <ul data-testid="files">{list.into_iter().map(|one| view! { <li>{one}</li> }).collect_view()}</ul>
                    {button}
                </div>
            </section>
        }
        .into_any()
    }

    fn done(word: &str) -> Option<&'static str> {
        (word == "applied").then_some("The configuration files apply within a second.")
    }
}
