//! The list of web hooks: those of files, and those that the console made with their buttons.

use super::hook::Which;
use super::markup::{calls, held, origin, outcome_of, said};
use super::words::{outcome, when};
use super::{CHANGE, NEW, PATH, PRESS, hosts};
use crate::console::fields::Fields;
use crate::console::kit::text::{ago, breakable, name, noted};
use crate::console::kit::{Acted, Frame, Head, Loaded, Meta, Page, Posted, Verb, Visit};
use crate::console::nav;
use chrono::{DateTime, Utc};
use engine::hooks;
use engine::operators::Role;
use engine::settings::Severity;
use engine::settings::actions::{self as rules, Action, Standing};
use engine::settings::web_hooks::{self, Hosts, Listed, MadeHook, WhyNone, address, moment};
use engine::store::deliveries::Count;
use leptos::prelude::*;
use std::collections::BTreeMap;

pub(in crate::console) struct Webhooks;

pub(in crate::console) struct View {
    /// Of the files, each with how many calls its log has.
    actions: Vec<(Action, Vec<Count>)>,
    made: Vec<Listed>,
    why_none: Option<WhyNone>,
    hosts: Hosts,
    /// Where a file lists hosts.
    place: String,
    /// Hosts that an owner can allow so that a webhook can be called, by its ID.
    offered: BTreeMap<String, String>,
    typed: Fields,
    revision: i64,
    counts: Vec<Count>,
    closed: bool,
    verifies: bool,
}

impl Page for Webhooks {
    const META: Meta = Meta::of(&nav::WEBHOOKS);
    const VERBS: &'static [Verb] = &[
        Verb::new(hosts::ALLOW, Role::Owner, "settings.refused").confirming(),
        Verb::new(hosts::REMOVE, Role::Owner, "settings.refused").confirming(),
    ];
    type Query = BTreeMap<String, String>;
    type View = View;

    async fn load(visit: &Visit, _: Self::Query) -> engine::Result<Loaded<View>> {
        Ok(Loaded::View(view(visit, Fields::new()).await?))
    }

    async fn act(visit: &Visit, _: Self::Query, posted: Posted) -> engine::Result<Acted<View>> {
        Ok(match hosts::changed(visit, &posted).await? {
            Ok(done) => Acted::Done(hosts::after(done)),
            Err(asks) => Acted::Again(view(visit, posted.fields.clone()).await?, asks.above(&posted)),
        })
    }

    fn head(view: &View, visit: &Visit) -> Head {
        let lead = "Call other services during sign-up, sign-in and verification. Webhooks defined in configuration files are read-only here.";
        let mut head = Head::new(nav::WEBHOOKS.title, lead);
        let owner = visit.may(Role::Owner);
        match &view.why_none {
            Some(WhyNone::Files(sentence)) => head.read_only = Some(sentence.clone()),
            None if owner => {
                head.actions =
                    Some(view! { <a class="button main" href=NEW>"Create webhook"</a> }.into_any());
            }
            _ if !owner => head.read_only = Some("Only owners can create and change webhooks.".to_owned()),
            Some(WhyNone::NoHosts(_)) | None => {}
        }
        head
    }

    fn body(view: View, frame: &Frame<'_>) -> AnyView {
        let View {
            actions,
            made,
            why_none,
            hosts,
            place,
            offered,
            typed,
            revision,
            counts,
            closed,
            verifies,
        } = view;
        let none = actions.is_empty() && made.is_empty();
        let editable = frame.may(Role::Owner) && !matches!(why_none, Some(WhyNone::Files(_)));
        let mut made = made;
        let flows = [("registration", "Sign-up"), ("login", "Sign-in"), ("verification", "Verification")];
        let now = frame.now;
        view! {
            {none.then(|| view! {
                <div class="rows"><div class="empty"><p><b>"No webhooks yet."</b></p><p>"In configuration files they are in lists such as "<code>{breakable("selfservice.flows.registration.after.password.hooks")}</code>"."</p></div></div>
            })}
            {flows.into_iter().filter_map(|(flow, title)| {
                let of: Vec<_> = actions.iter().filter(|(action, _)| action.flow == flow).collect();
                let (own, others): (Vec<Listed>, Vec<Listed>) =
                    std::mem::take(&mut made).into_iter().partition(|listed| listed.hook.flow.name() == flow);
                made = others;
                (!of.is_empty() || !own.is_empty()).then(|| view! {
                    <section aria-labelledby=format!("actions-{flow}")>
                        <h2 id=format!("actions-{flow}")>{title}</h2>
                        <ol class="actions">
                            {of.into_iter().map(|(action, counts)| view! { <li>{of_a_file(action, counts, closed, verifies, now)}</li> }).collect_view()}
                            {own.into_iter().map(|listed| view! { <li>{row(listed, editable, &offered, revision, &counts, (closed, verifies), now)}</li> }).collect_view()}
                        </ol>
                    </section>
                })
            }).collect_view()}
            {hosts::section(hosts, &place, &typed, editable, revision, frame)}
        }
        .into_any()
    }
}

async fn view(visit: &Visit, typed: Fields) -> engine::Result<View> {
    let ctx = visit.engine.begin();
    let made = web_hooks::listed(&visit.engine).await?;
    let offered = made
        .iter()
        .filter_map(|listed| Some((listed.id.clone(), web_hooks::offered(&ctx.config, &listed.hook.url)?)))
        .collect();
    let mut actions = rules::actions(&ctx.config);
    let of_files = actions.iter().map(|action| action.hook.key());
    let hooks = of_files.chain(made.iter().map(|listed| format!("id:{}", listed.id))).collect();
    // What the console put into a list is shown once, where it was made.
    actions.retain(|action| !action.hook.from_console && !action.is_copy());
    let counts = hooks::counts(&ctx, &hooks).await?;
    let own = |action: Action| {
        let key = action.hook.key();
        let of = |count: &&Count| {
            count.hook == key && hooks::is_of(&ctx.config, &key, &count.place, &action.place)
        };
        let own = counts.iter().filter(of).cloned().collect();
        (action, own)
    };
    Ok(View {
        actions: actions.into_iter().map(own).collect(),
        made,
        why_none: web_hooks::why_none(&ctx.config),
        hosts: web_hooks::hosts(&ctx.config),
        place: web_hooks::place_of_hosts(&ctx.config),
        offered,
        typed,
        revision: ctx.config.revision,
        counts,
        closed: !ctx.config.selfservice.registration.enabled,
        verifies: ctx.config.selfservice.verification.enabled,
    })
}

fn of_a_file(action: &Action, counts: &[Count], closed: bool, verifies: bool, now: DateTime<Utc>) -> AnyView {
    let which = Which { hook: action.hook.key(), place: action.place.clone() };
    let (word, sentence) = outcome_of(action);
    let own: Vec<&Count> = counts.iter().collect();
    view! {
        <article>
            <h3><a href=which.address("")>{name(action.hook.name.clone())}</a></h3>
            <p><span class="mark">{word}</span></p>
            <p>{sentence}</p>
            {said(when(action, closed, verifies))}
            <p class="meta"><span>{calls(&own, now)}</span>{origin(action)}<code>{breakable(&action.list)}</code></p>
        </article>
    }
    .into_any()
}

fn row(
    listed: Listed,
    owner: bool,
    offered: &BTreeMap<String, String>,
    base: i64,
    counts: &[Count],
    (closed, verifies): (bool, bool),
    now: DateTime<Utc>,
) -> AnyView {
    let Listed { id, hook, actions, secrets, at, of, unreachable, changed } = listed;
    let MadeHook { flow, when: moment_of, .. } = hook;
    let key = format!("id:{id}");
    let which = Which { hook: key.clone(), place: hook.place() };
    let web = hook.web_hook(&id).ok();
    let atomic = actions.iter().any(|action| action.atomic);
    let (word, sentence) = web
        .map(|web| outcome(web.response, moment_of.name(), flow.name(), atomic))
        .unwrap_or(("Broken", "It can’t be read."));
    // The same hook is in the list of each method; what is said of them belongs together.
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
        (_, false) => vec![(false, format!("Off: it isn’t called {}.", moment(flow, moment_of)))],
        (Some(whole), true) => when(whole, closed, verifies),
        (None, true) => vec![(false, "Doesn’t run: none of its methods is turned on.".to_owned())],
    };
    let own: Vec<&Count> = counts.iter().filter(|count| count.hook == key).collect();
    let list = actions.iter().map(|action| action.list.clone()).collect::<Vec<_>>();
    let signing = secrets.iter().filter(|secret| secret.what.starts_with("Signing")).count();
    let changed = changed.map(|(by, at, revision)| {
        view! { <span>"Created here, last changed by "{name(by)}" "{ago(now, at)}{format!(" (revision {revision})")}</span> }
    });
    let host = offered.get(&id).filter(|_| owner);
    let allow = host.map(|host| {
        let action = format!("{}:{host}", hosts::ALLOW);
        view! {
            <form method="post" action=PATH>
                <input type="hidden" name="base" value=base />
                <button class="button small" type="submit" name="action" value=action>{format!("Allow {host}")}</button>
            </form>
        }
    });
    let allow = allow.into_any();
    let buttons = owner.then(|| {
        let (toggle, act) = if hook.on { ("Turn off", "off") } else { ("Turn on", "on") };
        view! {
            <div class="buttons" role="group" aria-label=format!("Actions for {id}")>
                <a class="button small" href=link(CHANGE, &id, "")>"Edit"<span class="unseen">{format!(" {id}")}</span></a>
                {press(&id, act, 0, base, toggle)}
                {(at > 0).then(|| press(&id, "move", at - 1, base, "Earlier"))}
                {(at + 1 < of).then(|| press(&id, "move", at + 1, base, "Later"))}
                {(signing == 1).then(|| view! { <a class="button small" href=link(PRESS, &id, "rotate")>"Rotate secret"<span class="unseen">{format!(" of {id}")}</span></a> })}
                {(signing > 1).then(|| view! {
                    <a class="button small" href=link(PRESS, &id, "retire")>"Revoke old secret"<span class="unseen">{format!(" of {id}")}</span></a>
                    <a class="button small" href=link(PRESS, &id, "rotate")>"Regenerate new secret"<span class="unseen">{format!(" for {id}")}</span></a>
                })}
                <a class="button small" href=link(PRESS, &id, "remove")>"Delete"<span class="unseen">{format!(" {id}")}</span></a>
            </div>
        }
    });
    view! {
        <article id=format!("hook-{id}") data-testid=format!("hook-{id}")>
            <h3><a href=which.address("")>{name(id.clone())}</a></h3>
            <p><span class="mark">{word}</span>{(!hook.on).then(|| view! { " "<span class="mark off">"Off"</span> })}</p>
            <p>{sentence}</p>
            {said(lines)}
            {unreachable.map(|why| noted(Severity::Warning, "Its calls can’t be sent", &why, allow))}
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

/// Where a Save leads.
pub(super) fn after(id: &str, done: (i64, bool)) -> String {
    format!("{}#hook-{id}", crate::console::kit::saved(PATH, done))
}
