//! Where webhooks and providers are called, and what their answers may do.

use super::hooks::own;
use super::rule::Severity::{Danger, Warning};
use super::rule::{Found, Rule, Seen};
use crate::config::hooks::Response;
use crate::config::{Config, Hook, WebHook};
use crate::plan::{Step, web_hooks};
use serde_json::Value;
use std::collections::BTreeSet;
use url::{Host, Url};

const OWN: &str = "selfservice.flows.registration.after.password.hooks";
const HOSTS: &str = "vestibule.web_hooks.allowed_hosts";
const PRIVATE: &str = "clients.http.disallow_private_ip_ranges";
const EXCEPTIONS: &str = "clients.http.private_ip_exception_urls";

pub(super) const RULES: &[Rule] = &[
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
