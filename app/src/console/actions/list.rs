//! Rows of web hooks that the console made: what each does, whether it runs, and the buttons.

use super::markup::held;
use super::{CHANGE, NEW, PRESS, Which, calls, outcome, said, when};
use crate::console::kit::text::{ago, breakable, note};
use chrono::{DateTime, Utc};
use engine::settings::Severity;
use engine::settings::actions::Standing;
use engine::settings::web_hooks::{Listed, MadeHook, WhyNone, address, moment};
use engine::store::deliveries::Count;
use leptos::prelude::*;

/// The way to make one, or why there is none.
pub(super) fn beginning(why_none: Option<WhyNone>, owner: bool) -> AnyView {
    match why_none {
        Some(WhyNone::Files(sentence)) => view! { <p class="soft">{sentence}</p> }.into_any(),
        Some(WhyNone::NoHosts(place)) => view! {
            <div class="note info" id="no-hosts"><span>
                <b>"Web hooks can be made here once hosts are listed"</b>
                "They call listed hosts only, so that nobody who gets into the console can make this server call what it likes. Write "
                <code>"vestibule.web_hooks.allowed_hosts: [crm.example.org]"</code>{format!(", with the hosts that you need, into {place}, and start the server again.")}
            </span></div>
        }
        .into_any(),
        None if owner => view! { <p class="begin"><a class="button main" href=NEW>"Create webhook"</a></p> }.into_any(),
        None => view! { <p class="soft">"Only owners can create and change webhooks here."</p> }.into_any(),
    }
}

pub(super) fn row(
    listed: Listed,
    owner: bool,
    base: i64,
    counts: &[Count],
    (closed, verifies): (bool, bool),
    now: DateTime<Utc>,
) -> AnyView {
    let Listed { id, hook, actions, secrets, at, of, unreachable, changed } = listed;
    let MadeHook { flow, when: moment_of, .. } = hook;
    let key = format!("id:{id}");
    let which = Which { hook: key.clone(), place: hook.place(), done: String::new() };
    let web = hook.web_hook(&id).ok();
    let atomic = actions.iter().any(|action| action.atomic);
    let (word, sentence) = web
        .map(|web| outcome(web.response, moment_of.name(), flow.name(), atomic))
        .unwrap_or(("Broken", "It cannot be read."));
    // The same hook stands in the list of each method; what is said of them belongs together.
    let mut whole = actions.first().cloned();
    if let Some(whole) = &mut whole {
        whole.standing = actions
            .iter()
            .flat_map(|action| action.standing.clone())
            .filter(|(_, standing)| *standing != Standing::Copied)
            .collect();
        whole.method = None;
    }
    let lines = match (&whole, hook.on) {
        (_, false) => vec![(false, format!("Switched off: it is not called {}.", moment(flow, moment_of)))],
        (Some(whole), true) => when(whole, closed, verifies),
        (None, true) => vec![(false, "Does not run: none of the ways it is for is switched on.".to_owned())],
    };
    let own: Vec<&Count> = counts.iter().filter(|count| count.hook == key).collect();
    let list = actions.iter().map(|action| action.list.clone()).collect::<Vec<_>>();
    let signing = secrets.iter().filter(|secret| secret.what.starts_with("Signing")).count();
    let changed = changed.map(|(by, at, revision)| {
        view! { <span>{format!("Made here, last changed by {by}, ")}{ago(now, at)}{format!(" (revision {revision})")}</span> }
    });
    let buttons = owner.then(|| {
        let (toggle, act) = if hook.on { ("Switch off", "off") } else { ("Switch on", "on") };
        view! {
            <div class="buttons" role="group" aria-label=format!("What can be done with {id}")>
                <a class="button small" href=link(CHANGE, &id, "")>"Change"<span class="unseen">{format!(" {id}")}</span></a>
                {press(&id, act, 0, base, toggle)}
                {(at > 0).then(|| press(&id, "move", at - 1, base, "Earlier"))}
                {(at + 1 < of).then(|| press(&id, "move", at + 1, base, "Later"))}
                {(signing == 1).then(|| view! { <a class="button small" href=link(PRESS, &id, "rotate")>"Exchange the secret"<span class="unseen">{format!(" of {id}")}</span></a> })}
                {(signing > 1).then(|| view! {
                    <a class="button small" href=link(PRESS, &id, "retire")>"Drop the old secret"<span class="unseen">{format!(" of {id}")}</span></a>
                    <a class="button small" href=link(PRESS, &id, "rotate")>"Make the new secret again"<span class="unseen">{format!(" for {id}")}</span></a>
                })}
                <a class="button small" href=link(PRESS, &id, "remove")>"Remove"<span class="unseen">{format!(" {id}")}</span></a>
            </div>
        }
    });
    view! {
        <article id=format!("hook-{id}") data-testid=format!("hook-{id}")>
            <h3><a href=which.address()>{id.clone()}</a></h3>
            <p><span class="mark">{word}</span>{(!hook.on).then(|| view! { " "<span class="mark off">"off"</span> })}</p>
            <p>{sentence}</p>
            {said(lines)}
            {unreachable.map(|why| note(Severity::Warning, "Its calls do not leave", &why))}
            {secrets.iter().map(|secret| view! { <p class="soft secret">{format!("{}: ", secret.what)}{held(secret, now, "")}</p> }).collect_view()}
            <p class="meta">
                <span>{calls(&own, now)}</span>
                <code>{format!("{} {}", hook.method, address(&hook.url))}</code>
                {changed}
                {list.into_iter().map(|list| view! { <code>{breakable(&list)}</code> }).collect_view()}
            </p>
            {buttons}
        </article>
    }
    .into_any()
}

fn link(path: &str, id: &str, act: &str) -> String {
    match act {
        "" => format!("{path}?id={id}"),
        act => format!("{path}?id={id}&act={act}"),
    }
}

fn press(id: &str, act: &'static str, to: usize, base: i64, label: &'static str) -> AnyView {
    view! {
        <form method="post" action=PRESS>
            <input type="hidden" name="id" value=id.to_owned() />
            <input type="hidden" name="act" value=act />
            <input type="hidden" name="to" value=to />
            <input type="hidden" name="base" value=base />
            <button class="button small" type="submit">{label}<span class="unseen">{format!(" {id}")}</span></button>
        </form>
    }
    .into_any()
}
