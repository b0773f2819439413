//! What can happen with a configuration that is valid and unwise: one sentence each, with the key that decides it. What belongs to a
//! switch of the console is said by [`super::preview`]; it is repeated here, so that one list has all.

use super::page::values;
use super::{Severity, preview};
use crate::config::hooks::Response;
use crate::config::{Config, Hook, Method, WebHook, console};
use crate::plan::{Client, FlowKind, Plan, Step, plan, web_hooks};
use serde::Serialize;
use std::time::Duration;
use url::{Host, Url};

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Stays the same from version to version.
    pub id: &'static str,
    pub severity: Severity,
    /// The configuration key that decides it.
    pub key: String,
    pub title: String,
    /// What can happen now, and what to do about it.
    pub text: String,
}

const SIGN_UP: &str = "selfservice.flows.registration.after";
const LONG_SESSION: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// All findings, the most severe first. Pure. `unnamed_proxy`: requests carry a proxy's headers, and no proxy is named.
pub fn checks(config: &Config, unnamed_proxy: bool) -> Vec<Check> {
    let mut found: Vec<Check> = preview(config, &values(config))
        .warnings
        .into_iter()
        .map(|warning| Check {
            id: warning.id,
            severity: warning.severity,
            key: console::key(warning.at).unwrap_or(warning.at).to_owned(),
            title: warning.title,
            text: warning.text,
        })
        .collect();
    let mut tell = |id, severity, key: &str, title: &str, text: String| {
        found.push(Check { id, severity, key: key.to_owned(), title: title.to_owned(), text });
    };
    hooks(config, &mut tell);
    addresses(config, &mut tell);
    listeners(config, &mut tell);
    if unnamed_proxy {
        tell(
            "unnamed_proxy",
            Severity::Warning,
            "vestibule.trusted_proxies",
            "Every client counts as one",
            "Requests carry X-Forwarded-For, and no proxy is trusted: limits and session lists see the proxy's address. Name its \
             network if it is yours."
                .into(),
        );
    }
    if config.session.lifespan > LONG_SESSION {
        tell(
            "long_sessions",
            Severity::Warning,
            "session.lifespan",
            "Sessions live for more than 30 days",
            "A cookie that is stolen is good for as long. 30 days or less are usual.".into(),
        );
    }
    if config.courier.keep_bodies {
        tell(
            "codes_stay_readable",
            Severity::Danger,
            "vestibule.courier.keep_bodies",
            "Codes and links of mails stay readable",
            "Whoever may use the admin API can take over any account whose code is still good. This is for tests alone.".into(),
        );
    }
    found.sort_by_key(|check| match check.severity {
        Severity::Danger => 0,
        Severity::Warning => 1,
        Severity::Info => 2,
    });
    found
}

type Tell<'a> = &'a mut dyn FnMut(&'static str, Severity, &str, &str, String);

fn hooks(config: &Config, tell: Tell<'_>) {
    let sign_up = plan(config, FlowKind::Registration, Method::Password, Client::Browser);
    let sign_in = plan(config, FlowKind::Login, Method::Password, Client::Browser);
    // Nobody can sign up where that is closed.
    let leaves = config.selfservice.registration.enabled && !sign_up.all_or_nothing;
    for hook in awaited(&sign_up).filter(|_| leaves) {
        tell(
            "account_without_an_answer",
            Severity::Danger,
            SIGN_UP,
            "A failing service leaves an account behind",
            format!(
                "{} is waited for after the account is stored: when it fails, the person sees an error, is not signed in, and their \
                 address is taken. `response.ignore: true` waits for nothing; `can_interrupt: true` asks before anything is stored.",
                hook.name
            ),
        );
    }
    let gate = Hook::RequireVerifiedAddress;
    if sign_in.shadowed.contains(&gate) && !sign_in.steps.contains(&Step::Run(gate)) {
        tell(
            "gate_shadowed",
            Severity::Danger,
            "selfservice.flows.login.after.password.hooks",
            "Unconfirmed addresses may sign in all the same",
            "`require_verified_address` stands in the list of the whole flow, which the method's own list replaces. Add it there.".into(),
        );
    }
    let own = config.selfservice.registration.after.methods.get(&Method::Password);
    if own.is_some_and(|own| own.hooks.iter().rev().skip(1).any(|hook| *hook == Hook::Session)) {
        tell(
            "session_listed_early",
            Severity::Info,
            "selfservice.flows.registration.after.password.hooks",
            "`session` runs last wherever it stands",
            "Entries below it in the list run before it. Move it to the end, so that the list reads as it runs.".into(),
        );
    }
    let flows = &config.selfservice;
    let lists = [
        ("selfservice.flows.registration.before.hooks", &flows.registration.before),
        ("selfservice.flows.login.before.hooks", &flows.login.before),
        ("selfservice.flows.verification.before.hooks", &flows.verification.before),
        ("selfservice.flows.verification.after.hooks", &flows.verification.after),
    ];
    let after = [(SIGN_UP, &flows.registration.after), ("selfservice.flows.login.after", &flows.login.after)];
    let of_flows = after.iter().map(|(key, after)| (*key, &after.hooks));
    let of_methods =
        after.iter().flat_map(|(key, after)| after.methods.values().map(|method| (*key, &method.hooks)));
    for (key, list) in lists.into_iter().chain(of_flows).chain(of_methods) {
        for hook in web_hooks(list) {
            one_hook(hook, key, tell);
        }
    }
}

fn one_hook(hook: &WebHook, key: &str, tell: Tell<'_>) {
    let open = hook.url.scheme() == "http" && !is_here(&hook.url);
    if open && hook.response == Response::Changes {
        tell(
            "account_changed_over_http",
            Severity::Danger,
            key,
            "Whoever is on the way can change accounts",
            format!("{} may change the account it is asked about, over http. Use https.", hook.name),
        );
    } else if open {
        tell(
            "hook_over_http",
            Severity::Warning,
            key,
            "What a web hook says can be read on the way",
            format!("{} is called over http. Use https.", hook.name),
        );
    }
    if hook.auth.is_none() && !is_here(&hook.url) {
        tell(
            "hook_without_a_secret",
            Severity::Warning,
            key,
            "A service cannot tell who calls it",
            format!(
                "{} is called without `auth`, so anybody could call it as well. `standard_webhooks` signs each call.",
                hook.name
            ),
        );
    }
}

fn awaited(plan: &Plan) -> impl Iterator<Item = &WebHook> {
    plan.steps.iter().filter_map(|step| match step {
        Step::Run(Hook::WebHook(hook)) if hook.response == Response::Awaited => Some(hook.as_ref()),
        _ => None,
    })
}

fn addresses(config: &Config, tell: Tell<'_>) {
    let in_public = config.serve.public.base_url.scheme() == "https";
    for allowed in &config.selfservice.allowed_return_urls {
        let http = allowed.to_ascii_lowercase().starts_with("http://");
        let here = Url::parse(allowed).is_ok_and(|url| is_here(&url));
        let reason = match (allowed.contains("://*."), http && !here, here && in_public) {
            (true, _, _) => "a host that matches may belong to somebody else one day",
            (_, true, _) => "over http, where people are sent can be changed on the way",
            (_, _, true) => "on people's own machines, another program may listen there",
            _ => continue,
        };
        tell(
            "wide_return_address",
            Severity::Warning,
            "selfservice.allowed_return_urls",
            "People may be led to an address that is not yours",
            format!("{allowed}: {reason}. Name the addresses that you need."),
        );
    }
    if let Some(cors) = &config.serve.cors
        && cors.allow_credentials
        // `*` lets everybody read, never with a person's cookies (see `server::cors`).
        && cors.allowed_origins.iter().any(|origin| origin.eq_ignore_ascii_case("null"))
    {
        tell(
            "any_site_reads_sessions",
            Severity::Danger,
            "serve.public.cors.allowed_origins",
            "Any site may read who is signed in",
            "The origin `null` is allowed, with credentials: any page can take it on in a sandboxed frame, and acts as the person who \
             looks at it. Take `null` out."
                .into(),
        );
    }
}

fn listeners(config: &Config, tell: Tell<'_>) {
    if config.vestibule.admin_token.is_none() && !config.serve.admin.is_local() {
        tell(
            "admin_api_open",
            Severity::Danger,
            "vestibule.admin.token",
            "The admin API answers the whole network",
            "It listens beyond this machine and asks nobody from private networks who they are. Set `vestibule.admin.token`, or \
             `serve.admin.host: 127.0.0.1`."
                .into(),
        );
    }
    let outside = [&config.serve.public, &config.serve.admin, &config.vestibule.console]
        .into_iter()
        .any(|listener| !listener.is_local());
    if config.courier.mailbox && outside {
        tell(
            "mailbox_in_public",
            Severity::Danger,
            "vestibule.mailbox.enabled",
            "Mails stay in the console",
            "No mail leaves this server, and operators with the owner's role read every code. Set `courier.smtp.connection_uri` and \
             take `vestibule.mailbox.enabled` out."
                .into(),
        );
    }
}

fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
