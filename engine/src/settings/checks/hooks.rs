//! Hooks: which of them never run, and which strand an account.

use super::rule::Severity::{Danger, Info, Warning};
use super::rule::{Found, Rule, Seen, switched};
use crate::config::console::SIGN_IN_HOOKS;
use crate::config::hooks::Response;
use crate::config::{Hook, HookList, WebHook, has_effect};
use crate::model::MethodId;
use crate::plan::{Plan, Source, Step};
use crate::settings::names::{REQUIRE_VERIFIED_ADDRESS, SIGN_IN_AFTER_REGISTRATION};
use crate::settings::page::registering;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use url::Url;

const SIGN_UP: &str = "selfservice.flows.registration.after.hooks";
const OWN: &str = "selfservice.flows.registration.after.password.hooks";
const GATE: &str = "selfservice.flows.login.after.password.hooks";
const ATOMIC: &str = "vestibule.registration.atomic";

pub(super) const RULES: &[Rule] = &[
    // L11
    Rule::new(
        ("account_without_an_answer", Danger),
        "selfservice.flows.registration.after",
        "A failed webhook leaves an account behind",
        "A webhook is called and waited for after the account is created.",
        stranded,
    ),
    // L02 (ory/network#361)
    Rule::new(
        ("shadowed_hooks", Danger),
        OWN,
        "Flow-level hooks don’t run",
        "Method hooks replace the flow-level hooks of sign-up, and leave some of them out.",
        shadowed,
    ),
    // The same at sign-in, where nobody waits for an account.
    Rule::new(
        ("shadowed_sign_in_hooks", Warning),
        GATE,
        "Flow-level hooks of sign-in don’t run",
        "Method hooks replace the flow-level hooks of sign-in, and leave some of them out.",
        shadowed_at_sign_in,
    ),
    // L03
    Rule::new(
        ("never_asked", Danger),
        SIGN_UP,
        "A service that can block sign-up is never called",
        "A webhook that has to run before the account is created is a flow-level hook.",
        never,
    ),
    // L04
    Rule::new(
        ("gate_shadowed", Danger),
        GATE,
        "Users can sign in with an unverified email",
        "`require_verified_address` is a flow-level hook of sign-in, which method hooks replace.",
        gate,
    ),
    // L12
    Rule::new(
        ("session_listed_early", Info),
        OWN,
        "`session` always runs last",
        "Entries are listed after `session` and run before it.",
        early,
    ),
];

pub(super) fn own(flow: &str, method: MethodId) -> String {
    format!("selfservice.flows.{flow}.after.{}.hooks", method.name())
}

/// The key of the list that is in force for a sign-up, and its name in `atomic`.
fn in_force(plan: &Plan) -> (String, HookList, &'static str) {
    match plan.source {
        Source::Method => (own("registration", plan.method), HookList::Of(plan.method), plan.method.name()),
        Source::Flow | Source::Nothing => (SIGN_UP.to_owned(), HookList::Flow, "flow"),
    }
}

fn stranded(seen: &Seen<'_>, found: &mut Vec<Found>) {
    let mut told = BTreeSet::new();
    for plan in &seen.sign_ups {
        let (key, list, name) = in_force(plan);
        if seen.config.vestibule.registration.atomic.contains(&list) {
            continue;
        }
        for hook in plan.steps.iter().filter_map(awaited) {
            if !told.insert((key.clone(), hook.name.clone())) {
                continue;
            }
            let text = format!(
                "{} is waited for after the account is created. If it fails, the user sees an error and isn’t \
                 signed in, and the email is taken. With `response.ignore: true`, users don’t wait for it. With \
                 `can_interrupt: true`, it is called before the account is created.",
                hook.name
            );
            let finding = Found::new(text).key(key.clone()).about([hook.name.clone()]);
            found.push(if has_effect(ATOMIC) {
                let mut lists = seen.list(ATOMIC);
                lists.push(name.into());
                finding.patch(ATOMIC, lists)
            } else {
                let entries = seen.list(&key).into_iter().map(|mut entry| {
                    if calls(&entry, hook) {
                        entry["config"]["response"] = json!({"ignore": true});
                    }
                    entry
                });
                let entries: Vec<Value> = entries.collect();
                finding.patch(key.clone(), entries)
            });
        }
    }
}

fn awaited(step: &Step) -> Option<&WebHook> {
    let Step::Run(Hook::WebHook(hook)) = step else { return None };
    (hook.response == Response::Awaited).then_some(hook.as_ref())
}

/// Whether an entry, as it stands in a file, is that web hook.
fn calls(entry: &Value, hook: &WebHook) -> bool {
    entry.pointer("/config/url").and_then(Value::as_str).and_then(|url| Url::parse(url).ok()).as_ref()
        == Some(&hook.url)
}

fn shadowed(seen: &Seen<'_>, found: &mut Vec<Found>) {
    let flow = &seen.config.selfservice.registration.after.hooks;
    for plan in &seen.sign_ups {
        let key = own("registration", plan.method);
        let told = left_out(seen, plan, plan.silenced(), &key, (SIGN_UP, flow.as_slice()));
        found.extend(told.map(|told| told.at(SIGN_IN_AFTER_REGISTRATION)));
    }
}

fn shadowed_at_sign_in(seen: &Seen<'_>, found: &mut Vec<Found>) {
    // Of that one a rule of its own speaks.
    let gate = Hook::RequireVerifiedAddress.title();
    let flow = &seen.config.selfservice.login.after.hooks;
    for plan in &seen.sign_ins {
        let mut silenced = plan.silenced();
        silenced.retain(|title| *title != gate);
        let key = own("login", plan.method);
        found.extend(left_out(seen, plan, silenced, &key, (SIGN_IN_HOOKS, flow.as_slice())));
    }
}

/// Entries of a flow's list that the list `key` of a method leaves out, and that list with them.
fn left_out(
    seen: &Seen<'_>,
    plan: &Plan,
    silenced: Vec<String>,
    key: &str,
    (whole, flow): (&str, &[Hook]),
) -> Option<Found> {
    if silenced.is_empty() {
        return None;
    }
    let mut entries = seen.list(key);
    let at = entries.iter().position(|entry| entry["hook"] == "session").unwrap_or(entries.len());
    let missing = flow
        .iter()
        .zip(seen.list(whole))
        .filter(|(hook, _)| silenced.contains(&hook.title()))
        .map(|(_, entry)| entry);
    entries.splice(at..at, missing);
    let what = plan.flow.noun();
    let told = Found::new(format!(
        "The hooks of the method {method} replace the flow-level hooks. These don’t run at {what} with {method}: \
         {}. Add them to the method hooks.",
        silenced.join(", "),
        method = plan.method.name(),
    ));
    Some(told.key(key).about(silenced).patch(key, entries))
}

fn never(seen: &Seen<'_>, found: &mut Vec<Found>) {
    for plan in seen.sign_ups.iter().filter(|plan| !plan.never.is_empty()) {
        let names: Vec<String> = plan.never.iter().map(Hook::title).collect();
        let key = own("registration", plan.method);
        found.push(
            Found::new(format!(
                "These never run as flow-level hooks, because they have to run before the account is created: {}. \
                 Move them to `{key}`.",
                names.join(", ")
            ))
            .at(SIGN_IN_AFTER_REGISTRATION)
            .about(names)
            // The method's list replaces the flow's: what runs today comes along.
            .patch(key, seen.list(SIGN_UP)),
        );
    }
}

fn gate(seen: &Seen<'_>, found: &mut Vec<Found>) {
    let gate = Hook::RequireVerifiedAddress;
    for plan in &seen.sign_ins {
        if plan.shadowed.contains(&gate) && !plan.steps.contains(&Step::Run(gate.clone())) {
            found.push(
                Found::new(
                    "`require_verified_address` is a flow-level hook, and the method hooks replace it. Add it to \
                     the method hooks.",
                )
                .key(own("login", plan.method))
                .at(REQUIRE_VERIFIED_ADDRESS)
                .about([plan.method.name().to_owned()])
                .fix("Require a verified email", switched(REQUIRE_VERIFIED_ADDRESS, [plan.method], true)),
            );
        }
    }
}

fn early(seen: &Seen<'_>, found: &mut Vec<Found>) {
    for method in registering(seen.config) {
        let own_list = seen.config.selfservice.registration.after.methods.get(&method);
        if own_list.is_some_and(|own| own.hooks.iter().rev().skip(1).any(|hook| *hook == Hook::Session)) {
            let key = own("registration", method);
            let (session, mut rest): (Vec<Value>, Vec<Value>) =
                seen.list(&key).into_iter().partition(|entry| entry["hook"] == "session");
            rest.extend(session);
            found.push(
                Found::new(
                    "Entries listed after it run before it. Move it to the end, so that the list shows the order.",
                )
                .key(key.clone())
                .about([method.name().to_owned()])
                .patch(key, rest),
            );
        }
    }
}
