//! The list of providers and the gallery of kinds. They show a [`List`] and know no rule.

use super::{Confirm, List, NEW, PATH, PROVIDER, Posted, TEST, choices, initial, kind_label};
use crate::console::kit::form::id as html_id;
use crate::console::kit::text::{ago, note, sign, with_code};
use crate::console::shell::{Shell, document};
use crate::island::LiveForm;
use chrono::{DateTime, Utc};
use engine::settings::Severity;
use engine::settings::names::{
    SOCIAL_BUTTONS, SOCIAL_ENABLED, SOCIAL_OFF, SOCIAL_ORDER, SOCIAL_PROVIDERS,
    SOCIAL_TRUSTED_EMAIL_PROVIDERS,
};
use engine::settings::social::{Entry, From, Kept};
use leptos::prelude::*;
use std::collections::BTreeMap;

pub fn page(shell: &Shell, view: List) -> String {
    let wrong = view.confirm.is_some() || !view.problems.is_empty();
    let title = if wrong { "Error: Social sign-in" } else { "Social sign-in" };
    document(shell, title, move || {
        let List { page, editable, owner, read_only, problems, confirm, said, now } = view;
        let (base, enabled, first) = (page.revision, page.enabled, page.buttons_first);
        let offered = page.entries.iter().any(|entry| !entry.off);
        let last = page.entries.len().saturating_sub(1);
        let empty = page.entries.is_empty();
        let locks = page.locked;
        let held = |name: &str| locks.contains_key(name);
        let (method_held, place_held) = (held(SOCIAL_ENABLED), held(SOCIAL_BUTTONS));
        let (off_held, order_held) = (held(SOCIAL_OFF), held(SOCIAL_ORDER));
        let made_here = !held(SOCIAL_PROVIDERS) && !off_held;
        view! {
            <main id="main" tabindex="-1">
                <div class="head">
                    <h1>"Social sign-in"</h1>
                    <p>"People sign up and sign in with an account they have elsewhere. Whoever comes back from a provider is signed in, whether it was their first visit or not."</p>
                </div>
                {read_only.map(|why| view! { <div class="note info" id="read-only">{sign(Severity::Info)}<span><b>"Read only"</b>{why}</span></div> })}
                <div class="toast" role="status">{said.map(|said| view! { <p>{said}</p> })}</div>
                {(!problems.is_empty()).then(|| view! {
                    <div class="note danger" role="alert" id="problems" tabindex="-1" autofocus=true>
                        {sign(Severity::Danger)}
                        <span><b>"Nothing was changed"</b>{problems.join(" ")}</span>
                    </div>
                })}
                {confirm.map(|(confirm, posted)| asked(confirm, posted))}
                {(!locks.is_empty()).then(|| held_elsewhere(&locks))}
                {(!empty).then(|| method((enabled, offered, first), base, editable, (method_held, place_held)))}
                {match empty {
                    true => view! { <p class="soft">"There is no provider yet, so nobody sees a button for one. Add the first: it stays off until you have tested it and switch it on."</p> }.into_any(),
                    false => view! {
                        <ol class="providers">
                            {page.entries.into_iter().enumerate().map(|(index, entry)| {
                                let (first, last) = (index == 0 || order_held, index == last || order_held);
                                let place = Place { base, first, last, editable, owner, enabled, off_held };
                                view! { <li>{row(entry, place, now)}</li> }
                            }).collect_view()}
                        </ol>
                    }.into_any(),
                }}
                {(owner && made_here).then(|| view! { <p class="add"><a class="button main" href=NEW>"Add a provider"</a></p> })}
            </main>
        }
    })
}

/// What the environment decides, with its variables: those controls are there and cannot be used.
fn held_elsewhere(locks: &BTreeMap<&'static str, String>) -> AnyView {
    let what = |name: &str| match name {
        SOCIAL_ENABLED => "Whether social sign-in is on",
        SOCIAL_PROVIDERS => "Providers",
        SOCIAL_TRUSTED_EMAIL_PROVIDERS => "Providers whose verified emails are trusted",
        SOCIAL_OFF => "Which providers are off",
        SOCIAL_ORDER => "The order of the buttons",
        _ => "Where the buttons are",
    };
    view! {
        <div class="note info" id="locked">
            {sign(Severity::Info)}
            <div>
                <b>"Locked"</b>
                <ul>{locks.iter().map(|(name, reason)| view! { <li>{format!("{}: {reason}", what(name))}</li> }).collect_view()}</ul>
            </div>
        </div>
    }
    .into_any()
}

/// The switch over all of them, and where their buttons stand. `held`: the environment says either.
fn method(
    (enabled, offered, first): (bool, bool, bool),
    base: i64,
    editable: bool,
    (method_held, place_held): (bool, bool),
) -> AnyView {
    let state = match (enabled, offered) {
        (true, true) => "Social sign-in is on.",
        (true, false) => "Social sign-in is on, and every provider is off: nobody sees a button.",
        (false, _) => "Social sign-in is off: nobody sees a button, whichever providers are on.",
    };
    let (switch, word) =
        if enabled { ("method:off", "Switch all of it off") } else { ("method:on", "Switch it on") };
    let (place, there, to) = match first {
        true => ("buttons:last", "Their buttons stand above the form.", "Put them below it"),
        false => ("buttons:first", "Their buttons stand below the form.", "Put them above it"),
    };
    view! {
        <section class="inside" aria-label="All providers">
            <form method="post" action=PATH class="buttons">
                <input type="hidden" name="base" value=base />
                <p data-testid="method"><b>{state}</b></p>
                {editable.then(|| view! { <button class="button small" type="submit" name="action" value=switch disabled=method_held aria-describedby=method_held.then_some("locked")>{word}</button> })}
                <p class="soft">{there}</p>
                {editable.then(|| view! { <button class="button small" type="submit" name="action" value=place disabled=place_held aria-describedby=place_held.then_some("locked")>{to}</button> })}
            </form>
        </section>
    }
    .into_any()
}

/// What a press needs that brings a danger about.
fn asked(confirm: Confirm, posted: Posted) -> AnyView {
    let Confirm { dangers, wrong, needs_password, needs_reason } = confirm;
    let invalid = wrong.as_ref().map(|_| "true");
    view! {
        <form method="post" action=PATH class="note danger" id="confirm">
            {sign(Severity::Danger)}
            <div role="alert" tabindex="-1" autofocus=true>
                <b>"Not done yet: this is a danger"</b>
                <ul>{dangers.into_iter().map(|danger| view! { <li>{danger.title}": "{with_code(&danger.text)}</li> }).collect_view()}</ul>
                <input type="hidden" name="base" value=posted.base />
                {needs_password.then(|| view! {
                    <div class="field">
                        <label for="confirm-password">"Your password, since you signed in a while ago"</label>
                        <input id="confirm-password" name="password" type="password" autocomplete="current-password" aria-invalid=invalid aria-describedby=invalid.map(|_| "confirm-wrong") />
                        {wrong.map(|wrong| view! { <p class="bad" id="confirm-wrong">{wrong}</p> })}
                    </div>
                })}
                {needs_reason.then(|| view! {
                    <div class="field">
                        <label for="confirm-reason">"Why, for the history"</label>
                        <input id="confirm-reason" name="reason" type="text" maxlength="200" autocomplete="off" value=posted.reason />
                    </div>
                })}
                <p><button class="button main" type="submit" name="action" value=posted.action>"Do it all the same"</button></p>
            </div>
        </form>
    }
    .into_any()
}

#[derive(Clone, Copy)]
struct Place {
    base: i64,
    first: bool,
    last: bool,
    editable: bool,
    owner: bool,
    enabled: bool,
    /// The environment says which are off.
    off_held: bool,
}

fn row(entry: Entry, place: Place, now: DateTime<Utc>) -> AnyView {
    let Entry { id, kind_name, label, from, off, redirect_uri, secret, changed, draft } = entry;
    let Place { base, first, last, editable, owner, enabled, off_held } = place;
    let there = draft.is_some();
    let (state, word) = match (there, off, enabled) {
        (false, ..) => ("off", "not supported"),
        (_, true, _) => ("off", "off"),
        (_, false, true) => ("on", "on"),
        (_, false, false) => ("off", "on, and social sign-in is off"),
    };
    let stands = match from {
        From::Files => "from a file",
        From::Console => "from the console",
        From::Both => "from a file, changed here",
    };
    let link = format!("{PROVIDER}?id={id}");
    let name = label.clone();
    let heading = match there {
        true => view! { <a href=link>{label.clone()}</a> }.into_any(),
        false => label.clone().into_any(),
    };
    let (switch, verb) =
        if off { (format!("on:{id}"), "Switch on") } else { (format!("off:{id}"), "Switch off") };
    let field = html_id(&format!("redirect-{id}"));
    view! {
        <article data-testid=format!("provider-{id}") data-state=state>
            <h2>{initial(&label)}{heading}" "<span class="mark">{word}</span></h2>
            <p class="meta">
                <span>{kind_label(&kind_name).to_owned()}</span>
                <span>"id "<code>{id.clone()}</code></span>
                <span>{stands}</span>
                {changed.map(|(by, at, revision)| view! { <span>{format!("last changed by {by}, ")}{ago(now, at)}{format!(" (revision {revision})")}</span> })}
            </p>
            {(secret == Kept::Gone).then(|| note(Severity::Error, "Its secret is gone", "It was destroyed with a provider of this id, and going back does not bring it back. Open the provider and enter it again; until then nobody can come from there."))}
            {(!there).then(|| view! { <p class="soft">"This kind of provider is not supported here, so it has no button."</p> })}
            {there.then(|| address(field, &name, redirect_uri))}
            <div class="buttons">
                {editable.then(|| view! {
                    <form method="post" action=PATH class="buttons">
                        <input type="hidden" name="base" value=base />
                        {there.then(|| view! { <button class="button small" type="submit" name="action" value=switch disabled=off_held aria-describedby=off_held.then_some("locked") aria-label=format!("{verb} {name}")>{verb}</button> })}
                        <button class="button small" type="submit" name="action" value=format!("up:{id}") disabled=first aria-label=format!("Move {name} up")>"Up"</button>
                        <button class="button small" type="submit" name="action" value=format!("down:{id}") disabled=last aria-label=format!("Move {name} down")>"Down"</button>
                    </form>
                })}
                {(owner && there).then(|| view! {
                    <form method="post" action=TEST target="_blank">
                        <input type="hidden" name="provider" value=id.clone() />
                        <button class="button small" type="submit" aria-label=format!("Test sign-in with {name}, in a new tab")>"Test sign-in"</button>
                    </form>
                })}
            </div>
        </article>
    }
    .into_any()
}

/// To be registered at the provider letter by letter.
pub(super) fn address(field: String, name: &str, redirect_uri: String) -> AnyView {
    let (of, whose) = (field.clone(), format!(" of {name}"));
    let copy = format!("Copy the redirect URI of {name}");
    view! {
        <LiveForm>
            <div class="made uri">
                <label for=field.clone()>"Redirect URI"<span class="unseen">{whose}</span></label>
                <input id=field class="link" type="text" readonly=true value=redirect_uri data-testid="redirect-uri" />
                <button class="button small" type="button" data-copy=of aria-label=copy>"Copy"</button>
                <span role="status" data-copied=""></span>
            </div>
        </LiveForm>
    }
    .into_any()
}

pub fn gallery(shell: &Shell) -> String {
    document(shell, "Add a provider", || {
        view! {
            <main id="main" tabindex="-1">
                <div class="head">
                    <p><a href=PATH>"Social sign-in"</a></p>
                    <h1>"Add a provider"</h1>
                    <p>"Where do people have an account already? Each form says what to enter where."</p>
                </div>
                <ul class="gallery">
                    {choices().map(|(name, label, vouches, enter)| {
                        let word = match vouches {
                            true => "Its word on an address counts as proof",
                            false => "Addresses are confirmed here",
                        };
                        // Of one service there may be two kinds.
                        let alone = choices().filter(|(_, other, ..)| *other == label).count() == 1;
                        let title = if alone { label.to_owned() } else { format!("{label} ({name})") };
                        view! {
                            <li data-testid=format!("kind-{name}")>
                                <article>
                                    <h2>{initial(label)}<a href=format!("{NEW}?kind={name}")>{title}</a></h2>
                                    <p>{with_code(enter)}</p>
                                    <p class="soft">{word}</p>
                                </article>
                            </li>
                        }
                    }).collect_view()}
                </ul>
            </main>
        }
    })
}
