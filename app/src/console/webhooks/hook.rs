//! One web hook: what it can do, its calls, calling again and a test.

use super::markup::{origin, outcome_of, pretty, said, sampled};
use super::words::{kind, status, when};
use super::{HOOK, PATH};
use crate::console::kit::text::{ago, breakable, on};
use crate::console::kit::{Acted, Frame, Head, Loaded, Meta, Page, Posted, Verb, Visit};
use crate::console::nav;
use chrono::{DateTime, Utc};
use engine::hooks::{self, Logged, Sample, redact};
use engine::operators::Role;
use engine::settings::actions::{self as rules, Action};
use engine::settings::web_hooks::{self, Listed};
use engine::store::deliveries::Status;
use leptos::prelude::*;
use serde::Deserialize;

/// So many calls are on a hook's page.
const SHOWN: i64 = 50;

pub(in crate::console) struct OneHook;

/// Which hook, in addresses.
#[derive(Clone, Debug, Default, Deserialize)]
pub(in crate::console) struct Which {
    /// Its key.
    #[serde(default)]
    pub(super) hook: String,
    #[serde(default)]
    pub(super) place: String,
}

impl Which {
    /// `done`: what has just been done.
    pub(super) fn address(&self, done: &str) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("hook", &self.hook).append_pair("place", &self.place);
        if !done.is_empty() {
            query.append_pair("done", done);
        }
        format!("{HOOK}?{}", query.finish())
    }
}

pub(in crate::console) struct View {
    which: Which,
    /// `None`: it is in no list.
    action: Option<Action>,
    /// Created in the console, and in no list: it is off, or none of its methods is there.
    made: Option<Listed>,
    log: Vec<Logged>,
    /// What a test would send; when it was asked for.
    sample: Option<Sample>,
}

impl Page for OneHook {
    const META: Meta = Meta::of(&nav::WEBHOOKS).at(HOOK);
    const VERBS: &'static [Verb] = &[
        Verb::new("show", Role::Owner, "hooks.refused"),
        Verb::new("send", Role::Owner, "hooks.refused"),
        Verb::new("retry", Role::Owner, "hooks.refused"),
    ];
    type Query = Which;
    type View = View;

    async fn load(visit: &Visit, which: Which) -> engine::Result<Loaded<View>> {
        Ok(look(visit, which).await?.into())
    }

    async fn act(visit: &Visit, which: Which, posted: Posted) -> engine::Result<Acted<View>> {
        let (engine, by) = (&visit.engine, &visit.operator.operator);
        match posted.verb {
            "retry" => {
                let Some(id) = hooks::parse_id(&posted.argument) else { return Ok(Acted::Gone) };
                rules::retry(engine, by, id).await?;
                Ok(Acted::Done(which.address("retry")))
            }
            "send" => {
                rules::test(engine, by, &which.hook, &which.place).await?;
                Ok(Acted::Done(which.address("test")))
            }
            _ => {
                let sample = rules::preview(engine, by, &which.hook, &which.place).await?;
                let view = look(visit, which).await?;
                Ok(view.map_or(Acted::Gone, |view| Acted::Shown(View { sample: Some(sample), ..view })))
            }
        }
    }

    fn head(view: &View, _: &Visit) -> Head {
        let View { action, made, log, .. } = view;
        let title = action
            .as_ref()
            .map(|action| action.hook.name.clone())
            .or_else(|| log.first().map(|logged| logged.delivery.name.clone()))
            .or_else(|| made.as_ref().map(|made| made.id.clone()));
        Head::new(title.unwrap_or_default(), "").below(&nav::WEBHOOKS)
    }

    fn body(View { which, action, made, log, sample }: View, frame: &Frame<'_>) -> AnyView {
        let (owner, now, configured) = (frame.may(Role::Owner), frame.now, action.is_some());
        let under_way =
            |logged: &Logged| matches!(logged.delivery.status, Status::Queued | Status::Processing);
        // While a call is on its way the page follows it.
        let follows = log.iter().any(under_way).then_some("3");
        view! {
            {match (&action, &made) {
                (Some(action), _) => about(action),
                (None, Some(made)) if !made.hook.on => view! { <p>"This webhook is off, so it isn’t called. Turn it on in the list of "<a href=PATH>"webhooks"</a>"."</p> }.into_any(),
                (None, Some(_)) => view! { <p>"This webhook isn’t called: none of its methods is turned on."</p> }.into_any(),
                (None, None) => view! { <p>"This webhook is not in the configuration any more. It isn’t called, and its calls can’t be retried."</p> }.into_any(),
            }}
            {configured.then(|| trial(&which, sample, owner))}
            <h2 id="log">"Calls"</h2>
            <div id="calls" data-part="" data-poll=follows>
                {log.is_empty().then(|| view! { <p class="soft">"No calls yet."</p> })}
                <ol class="calls" aria-labelledby="log">
                    {log.into_iter().map(|logged| view! { <li>{call(logged, &which, owner, configured, now)}</li> }).collect_view()}
                </ol>
            </div>
        }
        .into_any()
    }

    fn done(word: &str) -> Option<&'static str> {
        match word {
            "retry" => Some("Retry queued."),
            "test" => Some("Test request sent. The result is the first call below."),
            _ => None,
        }
    }
}

/// `None`: neither configured nor in any log.
async fn look(visit: &Visit, mut which: Which) -> engine::Result<Option<View>> {
    let ctx = visit.engine.begin();
    let all: Vec<Action> =
        rules::actions(&ctx.config).into_iter().filter(|action| action.hook.key() == which.hook).collect();
    // Of its places the one that was asked for, then those around it, and there the one that runs.
    let here =
        |action: &&Action| action.place.strip_prefix(&which.place).is_some_and(|rest| rest.starts_with('.'));
    let action = all.iter().find(|action| action.place == which.place);
    let action = action.or_else(|| all.iter().filter(here).find(|action| action.runs()));
    let action = action.or_else(|| all.iter().find(here)).or(all.first()).cloned();
    if let Some(action) = &action {
        // What is shown is what is tested.
        which.place.clone_from(&action.place);
    }
    let log = hooks::log(&ctx, &which.hook, &which.place, SHOWN).await?;
    let made = match which.hook.strip_prefix("id:") {
        Some(id) if action.is_none() => web_hooks::one(&visit.engine, id).await?,
        _ => None,
    };
    if action.is_none() && made.is_none() && log.is_empty() {
        return Ok(None);
    }
    Ok(Some(View { which, action, made, log, sample: None }))
}

fn about(action: &Action) -> AnyView {
    let (word, sentence) = outcome_of(action);
    let hook = &action.hook;
    view! {
        <p><span class="mark">{word}</span></p>
        <p>{sentence}</p>
        {said(when(action, false, true))}
        <p class="meta"><code>{format!("{} {}", hook.method, redact::address(&hook.url))}</code>{origin(action)}<code>{breakable(&action.list)}</code></p>
    }
    .into_any()
}

/// The two steps of a test: what would be sent, and sending it.
fn trial(which: &Which, sample: Option<Sample>, owner: bool) -> AnyView {
    if !owner {
        return view! { <p class="soft">"Owners can send a test and see what was sent."</p> }.into_any();
    }
    let Some(sample) = sample else {
        return view! {
            <form method="post" action=which.address("") class="form trial-form">
                <p class="buttons"><button class="button" id="test" type="submit" name="action" value="show">"Send a test"</button><span class="soft">"Preview the request first. Nothing is sent yet."</span></p>
            </form>
        }
        .into_any();
    };
    let fine = sample.output.is_ok();
    view! {
        <section class="trial" aria-labelledby="trial" id="previewed" tabindex="-1" autofocus=true>
            <h2 id="trial">"Send a test"</h2>
            {sampled(sample)}
            {fine.then(|| view! {
                <form method="post" action=which.address("") class="form">
                    <p>"The service gets this with the header "<code>{hooks::TEST_HEADER}": true"</code>". Nothing changes here, whatever it responds."</p>
                    <p class="buttons"><button class="button main" id="send" type="submit" name="action" value="send">"Send test request"</button></p>
                </form>
            })}
        </section>
    }
    .into_any()
}

fn call(logged: Logged, which: &Which, owner: bool, configured: bool, now: DateTime<Utc>) -> AnyView {
    let (class, word) = status(&logged);
    let Logged { delivery, request, answer, failure, may_retry } = logged;
    let mut facts = vec![kind(delivery.kind).to_owned(), delivery.place.replace('.', ", ")];
    facts.extend(delivery.answered.map(|status| format!("status {status}")));
    facts.extend(delivery.millis.map(|millis| format!("{millis} ms")));
    facts.push(format!(
        "{} {}",
        delivery.attempts,
        if delivery.attempts == 1 { "attempt" } else { "attempts" }
    ));
    let next = (delivery.status == Status::Queued && delivery.next_attempt_at > now)
        .then(|| view! { <p class="soft">"Next attempt on "{on(delivery.next_attempt_at)}"."</p> });
    // What was sent is about users.
    let shown = owner && (request.is_some() || answer.is_some());
    view! {
        <article data-testid="call">
            <p><b class=format!("became {class}")>{word}</b>" "{ago(now, delivery.created_at)}</p>
            <p class="meta">{facts.into_iter().map(|fact| view! { <span>{fact}</span> }).collect_view()}</p>
            {failure.map(|failure| view! { <p data-testid="failure">{failure}</p> })}
            {next}
            {shown.then(|| view! {
                <details id=format!("call-{}", delivery.id)>
                    <summary>"Request and response"</summary>
                    {request.map(|request| view! { <h3>"Request"</h3><pre>{pretty(&request)}</pre> })}
                    {answer.map(|answer| view! { <h3>"Response"</h3><pre>{pretty(&answer)}</pre> })}
                </details>
            })}
            {(owner && configured && may_retry).then(|| view! {
                <form method="post" action=which.address("")>
                    <button class="button small" type="submit" name="action" value=format!("retry:{}", delivery.id)>"Retry"</button>
                </form>
            })}
        </article>
    }
    .into_any()
}
