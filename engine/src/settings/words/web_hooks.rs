//! Web hooks of the console in words: for the history, and for what a form calls its choices.

use crate::config::Named;
use crate::config::console_hooks::{Flow, MadeAuth, MadeHook, MadeHooks, Outcome, When, made_hooks};
use crate::config::console_names::WEB_HOOK_HOSTS;
use crate::hooks::redact;
use serde_json::Value;
use url::Url;

/// When it runs, such as `after sign-up`.
pub fn moment(flow: Flow, when: When) -> &'static str {
    match (flow, when) {
        (Flow::Registration, When::Before) => "before the sign-up form",
        (Flow::Registration, When::After) => "at sign-up",
        (Flow::Login, When::Before) => "before the sign-in form",
        (Flow::Login, When::After) => "at sign-in",
        (Flow::Verification, When::Before) => "before the form for a code",
        (Flow::Verification, When::After) => "when an address was confirmed",
    }
}

/// What it can do in a word, for a form in which the moment can still be chosen.
pub fn choice(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Inform => "Inform",
        Outcome::Wait => "Wait for it",
        Outcome::Ask => "Ask, may say no",
        Outcome::Change => "Ask, may change the account",
    }
}

/// What it can do at that moment.
fn outcome(flow: Flow, when: When, outcome: Outcome) -> &'static str {
    match (outcome, when, flow) {
        (Outcome::Ask, When::Before, _) => "Ask, may refuse the form",
        (Outcome::Ask, _, Flow::Registration) => "Ask, may stop the sign-up",
        (Outcome::Ask, _, Flow::Login) => "Ask, may stop the sign-in",
        (Outcome::Ask, _, Flow::Verification) => "Ask, may show messages",
        (other, ..) => choice(other),
    }
}

/// An address without what may be a key in it.
pub fn address(url: &str) -> String {
    Url::parse(url).map_or_else(|_| url.to_owned(), |url| redact::address(&url))
}

fn auth(auth: Option<&MadeAuth>) -> &'static str {
    match auth {
        None => "nothing",
        Some(MadeAuth::BasicAuth { .. }) => "user and password",
        Some(MadeAuth::ApiKey { .. }) => "a key",
        Some(MadeAuth::StandardWebhooks { secrets }) if secrets.len() > 1 => "a signature by two secrets",
        Some(MadeAuth::StandardWebhooks { .. }) => "a signature",
    }
}

/// One sentence per difference, read as a change from the one to the other.
pub(in crate::settings) fn between(was: &Named, is: &Named) -> Vec<String> {
    let mut said = differences(&made_hooks(was), &made_hooks(is));
    said.extend(hosts_between(was, is));
    said
}

/// Hosts that owners allowed, by what a revision says.
pub(in crate::settings) fn hosts_of(named: &Named) -> Vec<String> {
    let list = named.get(WEB_HOOK_HOSTS).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(|host| host.as_str().map(str::to_owned)).collect()
}

/// Hosts that owners allowed or removed.
pub(in crate::settings) fn hosts_between(was: &Named, is: &Named) -> Vec<String> {
    let (before, after) = (hosts_of(was), hosts_of(is));
    let allowed = after.iter().filter(|host| !before.contains(host));
    let removed = before.iter().filter(|host| !after.contains(host));
    let allowed = allowed.map(|host| format!("Webhooks and providers may call {host}"));
    let removed = removed.map(|host| format!("Webhooks and providers may no longer call {host}"));
    allowed.chain(removed).collect()
}

pub(in crate::settings) fn differences(was: &MadeHooks, is: &MadeHooks) -> Vec<String> {
    let mut said = Vec::new();
    for (id, hook) in is {
        match was.get(id) {
            None => {
                let off = if hook.on { "" } else { ", off" };
                said.push(format!("Webhook {id}: created ({}{off})", summary(hook)));
            }
            Some(before) => {
                said.extend(changes(before, hook).into_iter().map(|what| format!("Webhook {id}: {what}")))
            }
        }
    }
    said.extend(was.keys().filter(|id| !is.contains_key(*id)).map(|id| format!("Webhook {id}: removed")));
    said
}

fn summary(hook: &MadeHook) -> String {
    let MadeHook { flow, when, outcome, url, .. } = hook;
    format!("{}, {}, {}", self::outcome(*flow, *when, *outcome), moment(*flow, *when), address(url))
}

fn changes(was: &MadeHook, is: &MadeHook) -> Vec<String> {
    let mut said = Vec::new();
    if was.on != is.on {
        said.push(format!("turned {}", if is.on { "on" } else { "off" }));
    }
    let (before, now) = (moment(was.flow, was.when), moment(is.flow, is.when));
    if before != now {
        said.push(format!("{now}, was {before}"));
    }
    let words = |hook: &MadeHook| outcome(hook.flow, hook.when, hook.outcome);
    if was.outcome != is.outcome {
        said.push(format!("{}, was {}", words(is), words(was)));
    }
    if was.url != is.url {
        said.push(match (address(&was.url), address(&is.url)) {
            (before, now) if before == now => "different query in its URL".to_owned(),
            (before, now) => format!("calls {now}, was {before}"),
        });
    }
    if was.method != is.method {
        said.push(format!("{}, was {}", is.method, was.method));
    }
    if was.methods != is.methods {
        let list = |methods: &[String]| match methods {
            [] => "all methods".to_owned(),
            some => some.join(", "),
        };
        said.push(format!("for {}, was for {}", list(&is.methods), list(&was.methods)));
    }
    if was.headers != is.headers {
        said.push("headers changed".to_owned());
    }
    if was.body != is.body {
        said.push("body changed".to_owned());
    }
    if was.auth != is.auth {
        let (before, now) = (auth(was.auth.as_ref()), auth(is.auth.as_ref()));
        said.push(if before == now {
            "authentication details changed".to_owned()
        } else {
            format!("authentication is {now}, was {before}")
        });
    }
    if was.order != is.order && said.is_empty() {
        said.push("position changed".to_owned());
    }
    said
}
