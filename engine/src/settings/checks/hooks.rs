//! Hooks: which of them never run, which strand an account, and where their calls go.

use super::rule::Severity::{Danger, Info, Warning};
use super::rule::{Found, Rule, Seen, switched};
use crate::config::console::SIGN_IN_HOOKS;
use crate::config::hooks::Response;
use crate::config::{Config, Hook, HookList, WebHook, has_effect};
use crate::model::MethodId;
use crate::plan::{Plan, Source, Step, web_hooks};
use crate::settings::names::{REQUIRE_VERIFIED_ADDRESS, SIGN_IN_AFTER_REGISTRATION};
use crate::settings::page::registering;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use url::{Host, Url};

const SIGN_UP: &str = "selfservice.flows.registration.after.hooks";
const OWN: &str = "selfservice.flows.registration.after.password.hooks";
const GATE: &str = "selfservice.flows.login.after.password.hooks";
const ATOMIC: &str = "vestibule.registration.atomic";
const HOSTS: &str = "vestibule.web_hooks.allowed_hosts";
const PRIVATE: &str = "clients.http.disallow_private_ip_ranges";
const EXCEPTIONS: &str = "clients.http.private_ip_exception_urls";

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
    // L23, and what the design says of hooks
    Rule::new(
        ("account_changed_over_http", Danger),
        OWN,
        "A network attacker can change accounts",
        "A webhook that can change the account is called over http.",
        changed_over_http,
    ),
    Rule::new(
        ("hook_proves_addresses", Danger),
        OWN,
        "A service decides which emails are verified",
        "A webhook can change the account before it is created, including its verified emails.",
        proves,
    ),
    // L23
    Rule::new(
        ("hook_over_http", Warning),
        "selfservice.flows",
        "Webhook data is sent unencrypted",
        "A webhook is called over http.",
        over_http,
    ),
    // L23
    Rule::new(
        ("hook_without_a_secret", Warning),
        "selfservice.flows",
        "A webhook has no authentication",
        "A webhook is called without `auth`.",
        without_secret,
    ),
    Rule::new(
        ("hook_host_not_listed", Danger),
        HOSTS,
        "A webhook from the console is never called",
        "A webhook was created in the console, and files don’t list its host anymore.",
        not_listed,
    ),
    Rule::new(
        ("provider_host_not_listed", Danger),
        HOSTS,
        "Users can’t sign in with a provider",
        "The URLs of a provider were set in the console, and files don’t list their host.",
        provider_not_listed,
    ),
    // L23
    Rule::new(
        ("hook_to_a_private_network", Warning),
        PRIVATE,
        "Webhooks can reach your private network",
        "A webhook calls a private address, and all private addresses are allowed.",
        private,
    ),
];

fn own(flow: &str, method: MethodId) -> String {
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

/// Every list, by its key.
fn lists(config: &Config) -> Vec<(String, &[Hook])> {
    let flows = &config.selfservice;
    let mut lists: Vec<(String, &[Hook])> = [
        ("registration.before", &flows.registration.before),
        ("registration.after", &flows.registration.after.hooks),
        ("login.before", &flows.login.before),
        ("login.after", &flows.login.after.hooks),
        ("verification.before", &flows.verification.before),
        ("verification.after", &flows.verification.after),
    ]
    .map(|(name, list)| (format!("selfservice.flows.{name}.hooks"), list.as_slice()))
    .into();
    for (flow, after) in [("registration", &flows.registration.after), ("login", &flows.login.after)] {
        lists.extend(after.methods.iter().map(|(method, list)| (own(flow, *method), list.hooks.as_slice())));
    }
    lists
}

fn each(seen: &Seen<'_>, mut look: impl FnMut(&WebHook, &str)) {
    for (key, list) in lists(seen.config) {
        web_hooks(list).for_each(|hook| look(hook, &key));
    }
}

/// Over the network without TLS.
fn open(hook: &WebHook) -> bool {
    hook.url.scheme() == "http" && !is_here(&hook.url)
}

/// A finding for each hook that is `wanted`: a list of a method's own often repeats what stands in the flow's.
fn tell(
    seen: &Seen<'_>,
    found: &mut Vec<Found>,
    wanted: impl Fn(&WebHook) -> bool,
    text: impl Fn(&str) -> String,
) {
    let mut places: Vec<(String, Vec<String>)> = Vec::new();
    each(seen, |hook, key| {
        if !wanted(hook) {
            return;
        }
        match places.iter_mut().find(|(name, _)| *name == hook.name) {
            Some((_, keys)) => keys.push(key.to_owned()),
            None => places.push((hook.name.clone(), vec![key.to_owned()])),
        }
    });
    found.extend(places.into_iter().map(|(name, keys)| {
        let more = match keys.as_slice() {
            [_] => String::new(),
            several => format!(" It is in {}.", several.join(" and ")),
        };
        Found::new(format!("{}{more}", text(&name))).key(keys[0].clone()).about([name])
    }));
}

fn changed_over_http(seen: &Seen<'_>, found: &mut Vec<Found>) {
    let wanted = |hook: &WebHook| open(hook) && hook.response == Response::Changes;
    tell(seen, found, wanted, |name| {
        format!("{name} can change the account, and is called over http. Use https.")
    });
}

fn over_http(seen: &Seen<'_>, found: &mut Vec<Found>) {
    let wanted = |hook: &WebHook| open(hook) && hook.response != Response::Changes;
    tell(seen, found, wanted, |name| format!("{name} is called over http. Use https."));
}

fn proves(seen: &Seen<'_>, found: &mut Vec<Found>) {
    let mut told = BTreeSet::new();
    for plan in &seen.sign_ups {
        for step in &plan.steps {
            let Step::Ask(hook) = step else { continue };
            if hook.response == Response::Changes && told.insert(hook.name.clone()) {
                found.push(
                    Found::new(format!(
                        "{} can change the account before it is created, and mark its emails as verified. Its \
                         owner, or an attacker who controls it, can create accounts with any email. `can_interrupt` \
                         without `response.parse` can only block a sign-up.",
                        hook.name
                    ))
                    .key(own("registration", plan.method))
                    .about([hook.name.clone()]),
                );
            }
        }
    }
}

fn without_secret(seen: &Seen<'_>, found: &mut Vec<Found>) {
    let wanted = |hook: &WebHook| hook.auth.is_none() && !is_here(&hook.url);
    tell(seen, found, wanted, |name| {
        format!(
            "{name} is called without `auth`, so the service can’t tell who calls it. `standard_webhooks` signs \
             each call."
        )
    });
}

fn not_listed(seen: &Seen<'_>, found: &mut Vec<Found>) {
    let mut told = BTreeSet::new();
    each(seen, |hook, _| {
        let host = hook.url.host_str().unwrap_or_default();
        if hook.from_console
            && !seen.config.vestibule.web_hook_hosts.has(&hook.url)
            && told.insert(hook.name.clone())
        {
            let mut hosts = seen.list(HOSTS);
            hosts.push(host.into());
            found.push(
                Found::new(format!(
                    "{} calls {host}, which isn’t in `{HOSTS}`. Its calls fail, and users who wait for one can’t \
                     continue. Add the host, or turn off the webhook.",
                    hook.name
                ))
                .about([hook.name.clone()])
                .patch(HOSTS, hosts),
            );
        }
    });
}

fn provider_not_listed(seen: &Seen<'_>, found: &mut Vec<Found>) {
    for provider in seen.config.selfservice.social.offered() {
        let asked = [&provider.issuer, &provider.token_url, &provider.userinfo_url];
        let listed = |url: &Url| seen.config.vestibule.web_hook_hosts.has(url);
        let unlisted: BTreeSet<&str> =
            asked.into_iter().flatten().filter(|url| !listed(url)).filter_map(Url::host_str).collect();
        if !provider.addresses_from_console || unlisted.is_empty() {
            continue;
        }
        let named = unlisted.iter().copied().collect::<Vec<_>>().join(", ");
        let mut hosts = seen.list(HOSTS);
        hosts.extend(unlisted.into_iter().map(Value::from));
        found.push(
            Found::new(format!(
                "{} is called at {named}, which isn’t in `{HOSTS}`. Sign-in with it fails. Add the host, or turn \
                 off the provider.",
                provider.label
            ))
            .about([provider.id.clone()])
            .patch(HOSTS, hosts),
        );
    }
}

fn private(seen: &Seen<'_>, found: &mut Vec<Found>) {
    let mut called = BTreeSet::new();
    each(seen, |hook, _| {
        if is_here(&hook.url) || is_private(&hook.url) {
            called.insert(hook.url.to_string());
        }
    });
    if seen.config.clients.disallow_private || called.is_empty() {
        return;
    }
    // An exception is compared letter by letter with what stands in the hook.
    let written: Vec<Value> = lists(seen.config)
        .iter()
        .flat_map(|(key, _)| seen.list(key))
        .filter_map(|entry| entry.pointer("/config/url").cloned())
        .filter(|url| {
            url.as_str().and_then(|url| Url::parse(url).ok()).is_some_and(|url| called.contains(url.as_str()))
        })
        .collect();
    let mut exceptions = seen.list(EXCEPTIONS);
    for url in written {
        if !exceptions.contains(&url) {
            exceptions.push(url);
        }
    }
    let named: Vec<String> = called.into_iter().collect();
    found.push(
        Found::new(format!(
            "Webhooks call {}, so they can reach every private address. Set `{PRIVATE}: true`, and list those that \
             you need in `{EXCEPTIONS}`.",
            named.join(", ")
        ))
        .about(named)
        .patch(PRIVATE, true)
        .patch(EXCEPTIONS, exceptions),
    );
}

/// On this very machine.
pub(super) fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// By its very name; what a name resolves to is known when it is called.
fn is_private(url: &Url) -> bool {
    match url.host() {
        // RFC 6762 §3, and the name that ICANN keeps for private use
        Some(Host::Domain(name)) => name.ends_with(".internal") || name.ends_with(".local"),
        Some(Host::Ipv4(address)) => address.is_private() || address.is_link_local(),
        Some(Host::Ipv6(address)) => address.is_unique_local(),
        None => false,
    }
}
