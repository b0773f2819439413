//! What tells two configurations apart, as far as the console sets it: one sentence per difference, of every page.

pub(super) mod social;
pub(super) mod web_hooks;

use super::page::{signing_in, values};
use super::{changes, way};
use crate::config::{Config, Hook};
use crate::plan::{Client, FlowKind, Step, plan};

/// Read as a change from the one to the other.
pub(super) fn between(was: &Config, is: &Config) -> Vec<String> {
    let mut said = changes(&values(was), &values(is));
    said.extend(at_sign_in(was, is));
    said.extend(web_hooks::between(&was.named, &is.named));
    said.extend(social::of_providers(was, is));
    said
}

/// Hooks of the whole sign-in that begin to run for a method, or cease to, since its own list has come or gone. No switch says so,
/// and the page of the switches draws sign-ups alone.
pub(super) fn at_sign_in(was: &Config, is: &Config) -> Vec<String> {
    let mut said = Vec::new();
    for method in signing_in(was).filter(|method| signing_in(is).any(|other| other == *method)) {
        let of = |config| {
            let plan = plan(config, FlowKind::Login, method, Client::Browser);
            let runs = plan.steps.iter().filter_map(|step| {
                let Step::Run(hook) = step else { return None };
                (*hook != Hook::RequireVerifiedAddress).then(|| hook.title())
            });
            (runs.collect::<Vec<_>>(), plan.silenced())
        };
        let ((ran, silent_before), (runs, silent)) = (of(was), of(is));
        let way = way(method);
        let begin = runs.iter().filter(|hook| silent_before.contains(hook));
        said.extend(begin.map(|hook| format!("Sign-in with {way}: the flow-level hook {hook} runs now")));
        let cease = ran.iter().filter(|hook| silent.contains(hook));
        said.extend(
            cease.map(|hook| format!("Sign-in with {way}: the flow-level hook {hook} no longer runs")),
        );
    }
    said
}
