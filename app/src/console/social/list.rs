//! The list of providers: which are on, their order, and the switch for all of them.

use super::{NEW, PATH, PROVIDER, REFUSED, TEST, initial, kind_label};
use crate::console::kit::detail::copied;
use crate::console::kit::form::id as html_id;
use crate::console::kit::text::{ago, name, note, sign};
use crate::console::kit::{Acted, Asks, Frame, Head, Loaded, Meta, Page, Posted, Verb, Visit, saved};
use crate::console::nav;
use engine::operators::Role;
use engine::settings::names::{
    SOCIAL_BUTTONS, SOCIAL_ENABLED, SOCIAL_OFF, SOCIAL_ORDER, SOCIAL_PROVIDERS,
    SOCIAL_TRUSTED_EMAIL_PROVIDERS,
};
use engine::settings::social::{self as rules, Arrange, Entry, From, Kept};
use engine::settings::{FieldError, Severity};
use leptos::prelude::*;
use std::collections::BTreeMap;

/// Where a sentence about the whole list leads.
const LIST: &str = "providers";

pub(in crate::console) struct Social;

pub(in crate::console) struct View {
    page: rules::Page,
    /// May turn on and order.
    editable: bool,
    /// May add, change and test.
    owner: bool,
}

impl Page for Social {
    const META: Meta = Meta::of(&nav::SOCIAL);
    const VERBS: &'static [Verb] = &[
        Verb::new("on", Role::Editor, REFUSED).confirming(),
        Verb::new("off", Role::Editor, REFUSED).confirming(),
        Verb::new("up", Role::Editor, REFUSED).confirming(),
        Verb::new("down", Role::Editor, REFUSED).confirming(),
        Verb::new("method", Role::Editor, REFUSED).confirming(),
        Verb::new("buttons", Role::Editor, REFUSED).confirming(),
    ];
    type Query = BTreeMap<String, String>;
    type View = View;

    async fn load(visit: &Visit, _: Self::Query) -> engine::Result<Loaded<View>> {
        Ok(Loaded::View(view(visit).await?))
    }

    async fn act(visit: &Visit, _: Self::Query, posted: Posted) -> engine::Result<Acted<View>> {
        let of = posted.argument.clone();
        let wanted = match posted.verb {
            "on" => Arrange::Offer(of, true),
            "off" => Arrange::Offer(of, false),
            "up" => Arrange::Up(of),
            "down" => Arrange::Down(of),
            "method" => Arrange::Method(of == "on"),
            _ => Arrange::ButtonsFirst(of == "first"),
        };
        let kept =
            rules::arrange(&visit.engine, &visit.operator, posted.base, wanted, posted.reason.trim()).await?;
        Ok(match Asks::of(visit, kept, LIST) {
            Ok(done) => Acted::Done(saved(PATH, done)),
            Err(mut asks) => {
                // The list has no fields: every sentence leads to it.
                let problems = asks.problems.into_iter();
                asks.problems = problems.map(|problem| FieldError { field: LIST, ..problem }).collect();
                Acted::Again(view(visit).await?, asks.above(&posted))
            }
        })
    }

    fn head(view: &View, visit: &Visit) -> Head {
        let lead = "Users sign up and sign in with an account at a provider, such as Google. A user who returns from a provider is signed in, even on the first visit.";
        let addable = view.owner && ![SOCIAL_PROVIDERS, SOCIAL_OFF].iter().any(|name| view.held(name));
        let add = || view! { <a class="button main" href=NEW>"Add provider"</a> }.into_any();
        let actions = (addable && !view.page.entries.is_empty()).then(add);
        Head { actions, read_only: visit.read_only(Role::Editor), ..Head::new(nav::SOCIAL.title, lead) }
    }

    fn body(view: View, frame: &Frame<'_>) -> AnyView {
        let locked = (!view.page.locked.is_empty()).then(|| locked(&view.page.locked));
        if view.page.entries.is_empty() {
            let addable = view.owner && !view.held(SOCIAL_PROVIDERS) && !view.held(SOCIAL_OFF);
            return view! {
                {locked}
                <div class="rows" id=LIST tabindex="-1">
                    <div class="empty">
                        <p><b>"No providers yet."</b></p>
                        <p>"Add one and test it. Users see its button after you turn it on."</p>
                        {addable.then(|| view! { <p><a class="button main" href=NEW>"Add provider"</a></p> })}
                    </div>
                </div>
            }
            .into_any();
        }
        let all = all(&view);
        let View { page, editable, owner } = view;
        let held = |name: &str| page.locked.contains_key(name);
        let (off_held, order_held) = (held(SOCIAL_OFF), held(SOCIAL_ORDER));
        let last = page.entries.len() - 1;
        let on = page.entries.iter().filter(|entry| !entry.off).count();
        // What turning on the first one turns on as well is on its button.
        let starts = on == 0 && !page.enabled && !held(SOCIAL_ENABLED);
        let rows = page.entries.into_iter().enumerate().map(|(index, entry)| {
            let place = Place {
                base: page.revision,
                up: index > 0,
                down: index < last,
                editable,
                owner,
                enabled: page.enabled,
                starts,
                off_held,
                order_held,
            };
            view! { <li>{row(entry, place, frame)}</li> }
        });
        view! {
            {locked}
            {all}
            <ol class="providers" id=LIST tabindex="-1">{rows.collect_view()}</ol>
        }
        .into_any()
    }

    fn done(word: &str) -> Option<&'static str> {
        match word {
            "new" => Some("Saved. The provider is off: test it, then turn it on."),
            "removed" => Some("Provider deleted. Its secret is deleted as well."),
            _ => None,
        }
    }
}

impl View {
    fn held(&self, name: &str) -> bool {
        self.page.locked.contains_key(name)
    }
}

async fn view(visit: &Visit) -> engine::Result<View> {
    let editable = visit.read_only(Role::Editor).is_none();
    let owner = visit.read_only(Role::Owner).is_none();
    Ok(View { page: rules::current(&visit.engine).await?, editable, owner })
}

/// What the environment decides, with its variables: those controls are shown and can't be used.
fn locked(locks: &BTreeMap<&'static str, String>) -> AnyView {
    let what = |name: &str| match name {
        SOCIAL_ENABLED => "Social sign-in",
        SOCIAL_PROVIDERS => "Providers",
        SOCIAL_TRUSTED_EMAIL_PROVIDERS => "Trusted providers",
        SOCIAL_OFF => "Providers that are off",
        SOCIAL_ORDER => "Order of the buttons",
        _ => "Position of the buttons",
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

/// The two settings about all providers.
fn all(view: &View) -> AnyView {
    let View { page, editable, .. } = view;
    let offered = page.entries.iter().any(|entry| !entry.off);
    let (word, about, switch, verb) = match (page.enabled, offered) {
        (true, true) => {
            ("On", "Users see the buttons of the providers that are on.", "method:off", "Turn off")
        }
        (true, false) => ("On", "Every provider is off, so users see no button.", "method:off", "Turn off"),
        (false, _) => ("Off", "Users see no button, even of providers that are on.", "method:on", "Turn on"),
    };
    let (place, there, to) = match page.buttons_first {
        true => ("buttons:last", "Above the form", "Move below the form"),
        false => ("buttons:first", "Below the form", "Move above the form"),
    };
    let state = if page.enabled { "on" } else { "off" };
    let press = |action: &'static str, name: &str, word: &'static str| {
        let held = view.held(name);
        editable.then(|| {
            view! {
                <form method="post" action=PATH>
                    <input type="hidden" name="base" value=page.revision />
                    <button class="button small" type="submit" name="action" value=action disabled=held aria-describedby=held.then_some("locked")>{word}</button>
                </form>
            }
        })
    };
    view! {
        <section class="rows both" aria-label="All providers">
            <div data-testid="method" data-state=state>
                <p><b>"Social sign-in"</b>" "<span class="mark">{word}</span><small>{about}</small></p>
                {press(switch, SOCIAL_ENABLED, if page.enabled { "Turn off all" } else { verb })}
            </div>
            <div>
                <p><b>"Position of the buttons"</b><small>{there}</small></p>
                {press(place, SOCIAL_BUTTONS, to)}
            </div>
        </section>
    }
    .into_any()
}

#[derive(Clone, Copy)]
struct Place {
    base: i64,
    /// There is one above it, and one below it.
    up: bool,
    down: bool,
    editable: bool,
    owner: bool,
    enabled: bool,
    /// Turning it on turns on social sign-in.
    starts: bool,
    /// The environment decides which are off, and in which order they are.
    off_held: bool,
    order_held: bool,
}

fn row(entry: Entry, place: Place, frame: &Frame<'_>) -> AnyView {
    let Entry { id, kind_name, label, from, off, redirect_uri, secret, changed, draft } = entry;
    let Place { base, up, down, editable, owner, enabled, starts, off_held, order_held } = place;
    let supported = draft.is_some();
    let (state, word) = match (supported, off, enabled) {
        (false, ..) => ("off", "Not supported"),
        (_, true, _) => ("off", "Off"),
        (_, false, true) => ("on", "On"),
        (_, false, false) => ("off", "On, but social sign-in is off"),
    };
    let stands = match from {
        From::Files => "Defined in a file",
        From::Console => "Created here",
        From::Both => "Defined in a file, changed here",
    };
    let link = format!("{PROVIDER}?id={id}");
    let heading = match supported {
        true => view! { <a href=link>{name(label.clone())}</a> }.into_any(),
        false => name(label.clone()),
    };
    let (switch, verb) = match (off, starts) {
        (true, true) => (format!("on:{id}"), format!("Turn on {label} and social sign-in")),
        (true, false) => (format!("on:{id}"), "Turn on".to_owned()),
        (false, _) => (format!("off:{id}"), "Turn off".to_owned()),
    };
    let named = if verb.contains(&label) { verb.clone() } else { format!("{verb} {label}") };
    let field = html_id(&format!("redirect-{id}"));
    let uri_label = view! { "Redirect URI"<span class="unseen">" of "{label.clone()}</span> }.into_any();
    let order = |action: &str, shown: bool, word: &'static str, direction: &str| {
        let (action, label) = (format!("{action}:{id}"), format!("{word}: {label} {direction}"));
        shown.then(|| view! { <button class="button small" type="submit" name="action" value=action disabled=order_held aria-describedby=order_held.then_some("locked") aria-label=label>{word}</button> })
    };
    view! {
        <article data-testid=format!("provider-{id}") data-state=state>
            <h2>{initial(&label)}{heading}" "<span class="mark">{word}</span></h2>
            <p class="meta">
                <span>{kind_label(&kind_name).to_owned()}</span>
                <span>"ID "<code>{id.clone()}</code></span>
                <span>{stands}</span>
                {changed.map(|(by, at, revision)| view! { <span>"Changed by "{name(by)}" "{ago(frame.now, at)}{format!(" · Revision {revision}")}</span> })}
            </p>
            {(secret == Kept::Gone).then(|| note(Severity::Error, "The secret is missing", "It was deleted with a provider of this ID, and restoring a revision doesn’t bring it back. Users can’t sign in with this provider until you enter the secret again."))}
            {(!supported).then(|| view! { <p class="soft">"Providers of this type aren’t supported, so users see no button."</p> })}
            {supported.then(|| copied(&field, uri_label, &format!("the redirect URI of {label}"), redirect_uri, "redirect-uri"))}
            <div class="buttons">
                {editable.then(|| view! {
                    <form method="post" action=PATH class="buttons">
                        <input type="hidden" name="base" value=base />
                        {supported.then(|| view! { <button class="button small" type="submit" name="action" value=switch disabled=off_held aria-describedby=off_held.then_some("locked") aria-label=named>{verb}</button> })}
                        {order("up", up, "Move up", "is shown earlier")}
                        {order("down", down, "Move down", "is shown later")}
                    </form>
                })}
                {(owner && supported).then(|| view! {
                    <form method="post" action=TEST target="_blank">
                        <input type="hidden" name="provider" value=id.clone() />
                        <button class="button small" type="submit" aria-label=format!("Test sign-in with {label}, in a new tab")>"Test sign-in"</button>
                    </form>
                })}
            </div>
        </article>
    }
    .into_any()
}
