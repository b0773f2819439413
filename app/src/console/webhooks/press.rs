//! One press on a web hook: the page that asks before it, what it does, and the secret that it may have created.

use super::list::after;
use super::markup::drawing;
use super::{PATH, PRESS};
use crate::console::fields::trimmed;
use crate::console::kit::detail::once;
use crate::console::kit::form::summary;
use crate::console::kit::text::note;
use crate::console::kit::{Acted, Asks, Frame, Head, Loaded, Meta, Page, Posted, Verb, Visit};
use crate::console::nav;
use engine::operators::Role;
use engine::settings::web_hooks::{self, Act, Listed, Outcome, Preview, moment};
use engine::settings::{FieldError, Severity};
use leptos::prelude::*;
use serde::Deserialize;

pub(in crate::console) struct Press;

/// What a button of the list asks for.
#[derive(Clone, Default, Deserialize)]
pub(in crate::console) struct Wanted {
    #[serde(default)]
    id: String,
    /// `on`, `off`, `remove`, `move`, `rotate` or `retire`.
    #[serde(default)]
    act: String,
    /// Where to, from 0.
    #[serde(default)]
    to: usize,
}

impl Wanted {
    fn act(&self) -> Option<Act> {
        Some(match self.act.as_str() {
            "on" => Act::On,
            "off" => Act::Off,
            "remove" => Act::Remove,
            "move" => Act::Move(self.to),
            "rotate" => Act::Rotate,
            "retire" => Act::Retire,
            _ => return None,
        })
    }
}

pub(in crate::console) enum View {
    Asked(Box<Pressed>),
    Told(Done),
}

pub(in crate::console) struct Pressed {
    wanted: Wanted,
    base: i64,
    act: Act,
    listed: Listed,
    preview: Option<Preview>,
    /// Why it can't be done at all.
    blocked: Vec<FieldError>,
}

/// A signing secret that was created: this answer shows it, and no other one does.
pub(in crate::console) struct Done {
    pub(super) id: String,
    pub(super) revision: i64,
    pub(super) secret: String,
}

impl Page for Press {
    const META: Meta = Meta::of(&nav::WEBHOOKS).at(PRESS);
    const VERBS: &'static [Verb] = &[Verb::new("press", Role::Owner, "settings.refused").confirming()];
    type Query = Wanted;
    type View = View;

    async fn load(visit: &Visit, wanted: Wanted) -> engine::Result<Loaded<View>> {
        Ok(match ask(visit, wanted).await? {
            Some(pressed) => Loaded::View(View::Asked(Box::new(pressed))),
            None => Loaded::To(PATH.to_owned()),
        })
    }

    async fn act(visit: &Visit, _: Wanted, posted: Posted) -> engine::Result<Acted<View>> {
        let field = |name: &str| trimmed(&posted.fields, name).to_owned();
        let wanted =
            Wanted { id: field("id"), act: field("act"), to: field("to").parse().unwrap_or_default() };
        web_hooks::may(&visit.engine, &visit.operator.operator).await?;
        let Some(act) = wanted.act() else { return Ok(Acted::Gone) };
        let id = wanted.id.clone();
        let kept =
            web_hooks::act(&visit.engine, &visit.operator, posted.base, &id, act, &posted.reason).await?;
        match (Asks::of(visit, kept.saved, "id"), kept.secret) {
            (Ok((revision, _)), Some(secret)) => Ok(Acted::Shown(View::Told(Done { id, revision, secret }))),
            (Ok(done), None) => Ok(Acted::Done(after(&id, done))),
            (Err(mut asks), _) => {
                if let Some(conflict) = &mut asks.conflict {
                    conflict.theirs = web_hooks::since(&visit.engine, posted.base).await?;
                }
                let pressed = ask(visit, wanted).await?;
                Ok(pressed.map_or(Acted::Gone, |pressed| Acted::Again(View::Asked(Box::new(pressed)), asks)))
            }
        }
    }

    fn head(view: &View, _: &Visit) -> Head {
        let title = match view {
            View::Asked(pressed) => words(pressed).0,
            View::Told(done) => format!("Signing secret of {}", done.id),
        };
        Head::new(title, "").below(&nav::WEBHOOKS)
    }

    fn body(view: View, frame: &Frame<'_>) -> AnyView {
        let pressed = match view {
            View::Told(done) => return told(done),
            View::Asked(pressed) => *pressed,
        };
        let (_, meaning, button) = words(&pressed);
        let Pressed { wanted, base, preview, blocked, .. } = pressed;
        let findings = preview.map(|preview| preview.findings).unwrap_or_default();
        let dangers: Vec<_> =
            findings.iter().filter(|check| check.severity <= Severity::Danger).cloned().collect();
        view! {
            {frame.asks.problems.is_empty().then(|| summary(&blocked))}
            <form method="post" action=PRESS class="form card">
                <input type="hidden" name="id" value=wanted.id />
                <input type="hidden" name="act" value=wanted.act />
                <input type="hidden" name="to" value=wanted.to />
                <input type="hidden" name="base" value=base />
                <p class="field">{meaning}</p>
                {findings.into_iter().map(|check| note(check.severity, check.title, &check.text)).collect_view()}
                {frame.confirmation(&dangers, true)}
                <p class="buttons"><button class="button main" id="press" type="submit">{button}</button><a class="button" href=PATH>"Cancel"</a></p>
            </form>
        }
        .into_any()
    }

    fn aside(view: &View) -> Option<AnyView> {
        match view {
            View::Asked(pressed) => pressed.preview.as_ref().and_then(drawing),
            View::Told(_) => None,
        }
    }
}

/// What a press would do. `None`: there is no such hook, or nothing for this operator.
async fn ask(visit: &Visit, wanted: Wanted) -> engine::Result<Option<Pressed>> {
    let Some(act) = wanted.act().filter(|_| visit.may(Role::Owner)) else { return Ok(None) };
    let Some(listed) = web_hooks::one(&visit.engine, &wanted.id).await? else { return Ok(None) };
    let base = visit.engine.begin().config.revision;
    let (preview, blocked) = match web_hooks::preview_act(&visit.engine, &wanted.id, act) {
        Ok(preview) => (Some(preview), Vec::new()),
        Err(problems) => (None, problems),
    };
    Ok(Some(Pressed { wanted, base, act, listed, preview, blocked }))
}

/// What a press is called, what it means, and its button.
fn words(pressed: &Pressed) -> (String, String, &'static str) {
    let (id, hook) = (&pressed.listed.id, &pressed.listed.hook);
    let host = url::Url::parse(&hook.url)
        .ok()
        .and_then(|url| url.host_str().map(str::to_owned))
        .unwrap_or_else(|| hook.url.clone());
    let when = moment(hook.flow, hook.when);
    let lost = match hook.outcome {
        Outcome::Inform => format!("{host} is no longer notified {when}."),
        Outcome::Wait => format!("The server no longer waits for {host} {when}."),
        Outcome::Ask => format!("{host} is no longer called {when} and can’t reject anyone."),
        Outcome::Change => {
            format!("{host} is no longer called {when}. It can’t reject anyone or change accounts.")
        }
    };
    match pressed.act {
        Act::On => (format!("Turn on {id}?"), format!("{host} is called again {when}."), "Turn on"),
        Act::Off => (format!("Turn off {id}?"), format!("{lost} It keeps its settings and can be turned on again."), "Turn off"),
        Act::Remove => (
            format!("Delete {id}?"),
            format!(
                "{lost} Queued calls aren’t made. Its secrets are deleted: restoring a revision brings the webhook back, but not its \
                 secrets. Method hooks that exist only because of it are removed, so the method uses the flow-level hooks again."
            ),
            "Delete webhook",
        ),
        Act::Move(_) => (format!("Move {id}?"), "It runs earlier or later among the webhooks created here.".to_owned(), "Move"),
        Act::Rotate => (
            format!("Rotate the signing secret of {id}?"),
            "A new secret is created and shown once. Until you revoke the old one, each call has a signature of both, so the service can \
             switch at any time."
                .to_owned(),
            "Rotate secret",
        ),
        Act::Retire => (
            format!("Revoke the old signing secret of {id}?"),
            "Calls have only a signature of the new secret. A service that still checks the old one rejects them.".to_owned(),
            "Revoke old secret",
        ),
    }
}

/// The secret that was created.
pub(super) fn told(done: Done) -> AnyView {
    let Done { revision, secret, .. } = done;
    let text = format!(
        "Give it to the service that is called. It checks each call’s signature with it. Saved as revision {revision}. Changes are live."
    );
    view! {
        {once("Copy this secret now. You won’t see it again.", text.into_any(), "Signing secret", "the signing secret", "secret", secret)}
        <p><a class="button" href=PATH>"Done"</a></p>
    }
    .into_any()
}
