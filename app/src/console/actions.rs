//! *Actions*: every web hook by what it can do rather than by its flags, when each runs, what became of its calls, trying again
//! and trying out; those made here can be changed. What runs is said by `engine::settings::actions`, from the planner.

mod change;
mod form;
mod list;
mod markup;

pub use change::{Done, Outcome, Press, Pressed, ask, open, press, resume, submit};
pub use form::may_wait;
pub use markup::{asked, form as form_page, told};

use super::kit::text::{ago, breakable};
use super::shell::{Shell, document};
use chrono::{DateTime, Utc};
use engine::config::hooks::Response;
use engine::config::{Method, WebHook};
use engine::hooks::{self, Logged, Sample, redact};
use engine::operators::{OperatorSession, Role};
use engine::settings::actions::{self as rules, Action, Standing};
use engine::settings::web_hooks::{self, Listed, WhyNone};
use engine::store::deliveries::{Count, Kind, Status};
use engine::{Engine, Error};
use leptos::prelude::*;
use serde::Deserialize;
use serde_json::Value;

pub const PATH: &str = "/webhooks";
pub const HOOK: &str = "/webhooks/hook";
pub const RETRY: &str = "/webhooks/retry";
pub const TEST: &str = "/webhooks/test";
pub const NEW: &str = "/webhooks/new";
pub const CHANGE: &str = "/webhooks/change";
pub const PRESS: &str = "/webhooks/press";

/// So many calls stand on a hook's page.
const SHOWN: i64 = 50;

pub struct View {
    /// Of the files, each with how many calls its log has.
    actions: Vec<(Action, Vec<Count>)>,
    made: Vec<Listed>,
    why_none: Option<WhyNone>,
    owner: bool,
    revision: i64,
    counts: Vec<Count>,
    closed: bool,
    verifies: bool,
    now: DateTime<Utc>,
}

pub async fn load(engine: &Engine, operator: &OperatorSession) -> engine::Result<View> {
    let ctx = engine.begin();
    let made = web_hooks::listed(engine).await?;
    let mut actions = rules::actions(&ctx.config);
    let of_files = actions.iter().map(|action| action.hook.key());
    let hooks = of_files.chain(made.iter().map(|listed| format!("id:{}", listed.id))).collect();
    // What the console put into a list is told once, where it was made.
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
        owner: operator.operator.role == Role::Owner,
        revision: ctx.config.revision,
        counts,
        closed: !ctx.config.selfservice.registration.enabled,
        verifies: ctx.config.selfservice.verification.enabled,
        now: engine.effects().now(),
    })
}

/// Which hook: in addresses and forms.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Which {
    /// Its key.
    #[serde(default)]
    pub hook: String,
    #[serde(default)]
    pub place: String,
    /// What has just been done: `retry` or `test`.
    #[serde(default)]
    pub done: String,
}

impl Which {
    pub fn address(&self) -> String {
        let mut query = url_query();
        query.append_pair("hook", &self.hook).append_pair("place", &self.place);
        if !self.done.is_empty() {
            query.append_pair("done", &self.done);
        }
        format!("{HOOK}?{}", query.finish())
    }
}

fn url_query() -> url::form_urlencoded::Serializer<'static, String> {
    url::form_urlencoded::Serializer::new(String::new())
}

/// What a test form asks for.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Test {
    #[serde(default)]
    pub hook: String,
    #[serde(default)]
    pub place: String,
    /// `send` really sends; anything else only shows.
    #[serde(default)]
    pub step: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct Retry {
    #[serde(default)]
    pub delivery: String,
    #[serde(default)]
    pub hook: String,
    #[serde(default)]
    pub place: String,
}

/// One hook with its log.
pub struct Detail {
    which: Which,
    /// `None`: it stands in no list.
    action: Option<Action>,
    /// Made in the console, and in no list: it is switched off, or there is no way that it is for.
    made: Option<Listed>,
    log: Vec<Logged>,
    /// What a test would send; when it was asked for.
    sample: Option<Sample>,
    owner: bool,
    now: DateTime<Utc>,
}

/// `None`: neither configured nor in any log.
pub async fn look(
    engine: &Engine,
    operator: &OperatorSession,
    mut which: Which,
) -> engine::Result<Option<Detail>> {
    let ctx = engine.begin();
    let all: Vec<Action> =
        rules::actions(&ctx.config).into_iter().filter(|action| action.hook.key() == which.hook).collect();
    // Of the places that it stands in the one that was asked for, then those around it, and there the one that runs.
    let here =
        |action: &&Action| action.place.strip_prefix(&which.place).is_some_and(|rest| rest.starts_with('.'));
    let action = all.iter().find(|action| action.place == which.place);
    let action = action.or_else(|| all.iter().filter(here).find(|action| action.runs()));
    let action = action.or_else(|| all.iter().find(here)).or(all.first()).cloned();
    if let Some(action) = &action {
        // What is shown is what is tried out.
        which.place.clone_from(&action.place);
    }
    let log = hooks::log(&ctx, &which.hook, &which.place, SHOWN).await?;
    let made = match which.hook.strip_prefix("id:") {
        Some(id) if action.is_none() => web_hooks::one(engine, id).await?,
        _ => None,
    };
    if action.is_none() && made.is_none() && log.is_empty() {
        return Ok(None);
    }
    let owner = operator.operator.role == Role::Owner;
    Ok(Some(Detail { which, action, made, log, sample: None, owner, now: engine.effects().now() }))
}

pub async fn retry(engine: &Engine, operator: &OperatorSession, retry: Retry) -> engine::Result<Which> {
    let id = hooks::parse_id(&retry.delivery)
        .ok_or_else(|| Error::not_found("There is no such call any more. Load the page again."))?;
    rules::retry(engine, &operator.operator, id).await?;
    Ok(Which { hook: retry.hook, place: retry.place, done: "retry".into() })
}

pub enum Tried {
    /// 303 to the hook's page, where the call stands first.
    Sent(Which),
    Shown(Box<Detail>),
}

/// Shows what would be sent, or sends it.
pub async fn test(engine: &Engine, operator: &OperatorSession, test: Test) -> engine::Result<Tried> {
    let which = Which { hook: test.hook, place: test.place, done: String::new() };
    if test.step == "send" {
        rules::test(engine, &operator.operator, &which.hook, &which.place).await?;
        return Ok(Tried::Sent(Which { done: "test".into(), ..which }));
    }
    let sample = rules::preview(engine, &operator.operator, &which.hook, &which.place).await?;
    let detail = look(engine, operator, which).await?;
    let mut detail = detail.ok_or_else(|| Error::not_found("There is no such web hook any more."))?;
    detail.sample = Some(sample);
    Ok(Tried::Shown(Box::new(detail)))
}

// What is said

/// What the answer can do, in a word and a sentence.
fn outcome(response: Response, stage: &str, flow: &str, atomic: bool) -> (&'static str, &'static str) {
    match (response, stage, flow) {
        (Response::Ignored, ..) => (
            "Inform",
            "Nobody waits for it and its answer changes nothing. It waits in a queue, survives a restart, and is tried again for three days.",
        ),
        (Response::Awaited, "before", _) => {
            ("Wait for it", "The form is made once it has answered. When it fails, nobody gets a form.")
        }
        (Response::Awaited, _, "registration") if atomic => (
            "Wait for it",
            "The account is reserved and seen by nobody until it has answered. When it fails nothing is left behind, and the services that had agreed are told.",
        ),
        (Response::Awaited, _, "registration") => (
            "Wait for it",
            "It runs after the account is stored, and the person waits. When it fails they see an error and are not signed in, and the account stays.",
        ),
        (Response::Awaited, _, "login") => {
            ("Wait for it", "The person waits. When it fails they see an error and are not signed in.")
        }
        (Response::Awaited, ..) => (
            "Wait for it",
            "The person waits. When it fails they see an error, and the address stays confirmed.",
        ),
        (_, "before", _) => (
            "Ask, may refuse the form",
            "When it refuses, there is no form, and its words are shown instead.",
        ),
        (Response::Changes, _, "registration") => (
            "Ask, may change the account",
            "It runs before anything is stored. It may change the account, or refuse with messages in the form.",
        ),
        (Response::Interrupts, _, "registration") => (
            "Ask, may stop the sign-up",
            "It runs before anything is stored. When it refuses, its messages stand in the form.",
        ),
        (_, _, "login") => (
            "Ask, may stop the sign-in",
            "When it refuses, its messages stand in the form, and nobody is signed in.",
        ),
        _ => (
            "Ask, may show messages",
            "The address is confirmed by then and stays so; its messages stand in the form.",
        ),
    }
}

fn method(method: Method) -> &'static str {
    if method == Method::Password { "password" } else { method.name() }
}

fn names(standing: &[(Method, Standing)], wanted: Standing) -> Vec<&'static str> {
    standing.iter().filter(|(_, is)| *is == wanted).map(|(of, _)| method(*of)).collect()
}

/// When it runs, or why it does not; whether it does.
fn when(action: &Action, closed: bool, verifies: bool) -> Vec<(bool, String)> {
    let (flow, stage) = (action.flow, action.stage);
    if flow == "registration" && closed {
        return vec![(false, "Does not run: sign-up is closed.".into())];
    }
    if flow == "verification" && !verifies {
        return vec![(false, "Does not run: confirming addresses is switched off.".into())];
    }
    match (flow, stage) {
        ("verification", "before") => {
            return vec![(true, "Runs when the form for a code is asked for.".into())];
        }
        ("verification", _) => return vec![(true, "Runs when an address was confirmed.".into())],
        ("registration", "before") => return vec![(true, "Runs when the sign-up form is asked for.".into())],
        (_, "before") => return vec![(true, "Runs when the sign-in form is asked for.".into())],
        _ => {}
    }
    let standing = &action.standing;
    if standing.is_empty() {
        let way = action.method.map_or("any method", method);
        let what = if flow == "login" { "sign in" } else { "sign up" };
        return vec![(false, format!("Does not run: nobody can {what} by {way} here."))];
    }
    let mut said = Vec::new();
    let taken_over = names(standing, Standing::TakenOver).join(", ");
    let runs = [names(standing, Standing::Runs), names(standing, Standing::TakenOver)].concat().join(", ");
    if !runs.is_empty() {
        let sentence = match (flow, action.hook.response) {
            ("login", Response::Ignored) => "Is queued with the session of whoever signs in",
            ("login", _) => "Runs when the credential was right, before the session is handed over",
            (_, Response::Interrupts | Response::Changes) => "Runs at sign-up, before anything is stored",
            (_, Response::Awaited) if action.atomic => {
                "Runs at sign-up, before the account is there for anybody"
            }
            (_, Response::Awaited) => "Runs at sign-up, after the account is stored",
            (_, Response::Ignored) => "Is queued with the account",
        };
        said.push((true, format!("{sentence} ({runs}).")));
    }
    let shadowed = names(standing, Standing::Shadowed).join(", ");
    if !shadowed.is_empty() {
        said.push((
            false,
            format!("Does not run with {shadowed}: that method's own list replaces this one."),
        ));
    }
    if !taken_over.is_empty() {
        said.push((
            true,
            format!(
                "With {taken_over} it does so from that method's own list, which the console made and took this entry over into."
            ),
        ));
    }
    let copied = names(standing, Standing::Copied).join(", ");
    if !copied.is_empty() {
        said.push((true, format!("With {copied} the same entry runs from that method's own list.")));
    }
    let never = names(standing, Standing::Never).join(", ");
    if !never.is_empty() {
        said.push((
            false,
            format!(
                "Never runs with {never}: what may stop a sign-up has to stand in the method's own list."
            ),
        ));
    }
    said
}

fn status(logged: &Logged) -> (&'static str, &'static str) {
    match logged.delivery.status {
        Status::Done => ("ok", "answered"),
        Status::Refused => ("no", "said no"),
        Status::Cancelled => ("idle", "not sent: the template said so"),
        Status::Failed => ("bad", "failed"),
        Status::Queued if logged.delivery.attempts == 0 => ("idle", "waits"),
        Status::Queued => ("bad", "failed, is tried again"),
        Status::Processing => ("idle", "is being sent"),
    }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Inform => "informed",
        Kind::Wait => "waited for",
        Kind::Ask => "asked",
        Kind::Test => "test",
        Kind::Undone => "told that the sign-up was undone",
    }
}

// Pages

/// What a redirect after a Save speaks of.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct After {
    saved: Option<i64>,
    #[serde(default)]
    new: bool,
}

impl Done {
    /// Where a Save leads.
    pub fn address(&self) -> String {
        format!("{PATH}?saved={}&new={}#hook-{}", self.revision, self.new, self.id)
    }
}

/// The sentence after a Save, with the way back. An old address says nothing any more once another revision is in force.
fn done(after: &After, in_force: i64) -> Option<AnyView> {
    let revision = after.saved.filter(|saved| *saved == in_force)?;
    if !after.new {
        return Some(view! { <p>"No changes to save."</p> }.into_any());
    }
    let back = format!("{}/{}", super::history::PATH, revision - 1);
    Some(
        view! { <p>{format!("Saved as revision {revision}. Changes are live. ")}<a href=back>"Undo"</a></p> }
            .into_any(),
    )
}

pub fn page(shell: &Shell, view: View, after: &After) -> String {
    let after = after.clone();
    document(shell, "Webhooks", move || {
        let View { actions, made, why_none, owner, revision, counts, closed, verifies, now } = view;
        let none = actions.is_empty() && made.is_empty();
        let editable = owner && !matches!(why_none, Some(WhyNone::Files(_)));
        let mut made = made;
        let flows =
            [("registration", "Sign-up"), ("login", "Sign-in"), ("verification", "Confirming an address")];
        view! {
            <main id="main" tabindex="-1">
                <div class="head">
                    <h1>"Webhooks"</h1>
                    <p>"Call other services during sign-up, sign-in and verification. Webhooks defined in configuration files are read-only here."</p>
                </div>
                <div class="toast" role="status">{done(&after, revision)}</div>
                {list::beginning(why_none, owner)}
                {none.then(|| view! {
                    <p class="soft">"No webhooks yet. In configuration files they are in lists such as "<code>{breakable("selfservice.flows.registration.after.password.hooks")}</code>"."</p>
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
                                {of.into_iter().map(|(action, counts)| view! { <li>{row(action, counts, closed, verifies, now)}</li> }).collect_view()}
                                {own.into_iter().map(|listed| view! { <li>{list::row(listed, editable, revision, &counts, (closed, verifies), now)}</li> }).collect_view()}
                            </ol>
                        </section>
                    })
                }).collect_view()}
            </main>
        }
    })
}

fn row(action: &Action, counts: &[Count], closed: bool, verifies: bool, now: DateTime<Utc>) -> AnyView {
    let which = Which { hook: action.hook.key(), place: action.place.clone(), done: String::new() };
    let (word, sentence) = outcome_of(action);
    let lines = when(action, closed, verifies);
    let own: Vec<&Count> = counts.iter().collect();
    view! {
        <article>
            <h3><a href=which.address()>{action.hook.name.clone()}</a></h3>
            <p><span class="mark">{word}</span></p>
            <p>{sentence}</p>
            {said(lines)}
            <p class="meta"><span>{calls(&own, now)}</span>{origin(action)}<code>{breakable(&action.list)}</code></p>
        </article>
    }
    .into_any()
}

fn said(lines: Vec<(bool, String)>) -> AnyView {
    let lines = lines.into_iter().map(|(runs, line)| {
        let class = if runs { "when" } else { "when idle" };
        view! { <p class=class>{line}</p> }
    });
    lines.collect_view().into_any()
}

/// "12 calls, 1 failed, the last 5 minutes ago"; of a long log "the last 1000 calls, …"
fn calls(counts: &[&Count], now: DateTime<Utc>) -> AnyView {
    let total: i64 = counts.iter().map(|count| count.count).sum();
    let of = |wanted: Status| {
        counts.iter().filter(|count| count.status == wanted).map(|count| count.count).sum::<i64>()
    };
    let (failed, waiting) = (of(Status::Failed), of(Status::Queued) + of(Status::Processing));
    let Some(last) = counts.iter().map(|count| count.last).max() else {
        return "No calls in the log".into_any();
    };
    let mut text = match total {
        1 => "1 call".to_owned(),
        hooks::COUNTED.. => format!("The last {total} calls"),
        _ => format!("{total} calls"),
    };
    if failed > 0 {
        text.push_str(&format!(", {failed} failed"));
    }
    if waiting > 0 {
        text.push_str(&format!(", {waiting} waiting"));
    }
    view! { {text}", the last "{ago(now, last)} }.into_any()
}

pub fn detail(shell: &Shell, detail: Detail) -> String {
    let Detail { which, action, made, log, sample, owner, now } = detail;
    let title = action
        .as_ref()
        .map(|action| action.hook.name.clone())
        .or_else(|| log.first().map(|logged| logged.delivery.name.clone()))
        .or_else(|| made.as_ref().map(|made| made.id.clone()))
        .unwrap_or_default();
    let heading = title.clone();
    let done = match which.done.as_str() {
        "retry" => Some("The call is in the queue again. Load the page in a moment to see what came of it."),
        "test" => Some("The test was sent. What came of it stands first in the log."),
        _ => None,
    };
    document(shell, &title, move || {
        view! {
            <main id="main" tabindex="-1">
                <div class="head"><p><a href=PATH>"Webhooks"</a></p><h1>{heading}</h1></div>
                <div class="toast" role="status">{done.map(|done| view! { <p>{done}</p> })}</div>
                {match (&action, &made) {
                    (Some(action), _) => about(action),
                    (None, Some(made)) if !made.hook.on => view! { <p>"It is switched off, so it is not called. "<a href=PATH>"Webhooks"</a>" has the button."</p> }.into_any(),
                    (None, Some(_)) => view! { <p>"It is not called: none of the ways it is for is switched on."</p> }.into_any(),
                    (None, None) => view! { <p>"This hook is not in the configuration any more: it is not called, and its calls cannot be made again."</p> }.into_any(),
                }}
                {action.is_some().then(|| trial(&which, sample, owner))}
                <h2 id="log">"Calls"</h2>
                {log.is_empty().then(|| view! { <p class="soft">"None in the log yet."</p> })}
                <ol class="calls" aria-labelledby="log">
                    {log.into_iter().map(|logged| view! { <li>{call(logged, &which, owner, action.is_some(), now)}</li> }).collect_view()}
                </ol>
            </main>
        }
    })
}

fn outcome_of(action: &Action) -> (&'static str, &'static str) {
    outcome(action.hook.response, action.stage, action.flow, action.atomic)
}

/// Who decides about it.
fn origin(action: &Action) -> AnyView {
    match (&action.file, action.hook.from_console) {
        (_, true) => view! { <span>"Made here"</span> }.into_any(),
        (Some(file), false) => view! { <span>{format!("Comes from {file}")}</span> }.into_any(),
        (None, false) => view! { <span>"Taken over from the list of the whole flow"</span> }.into_any(),
    }
}

fn about(action: &Action) -> AnyView {
    let (word, sentence) = outcome_of(action);
    let hook: &WebHook = &action.hook;
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
        return view! { <p class="soft">"Owners can try this hook out and see what was sent."</p> }
            .into_any();
    }
    let fields = || {
        view! {
            <input type="hidden" name="hook" value=which.hook.clone() />
            <input type="hidden" name="place" value=which.place.clone() />
        }
    };
    let Some(Sample { input, made_up, output, .. }) = sample else {
        return view! {
            <form method="post" action=TEST class="back">
                {fields()}
                <button class="button" type="submit" name="step" value="show">"Try it out"</button>
                <p class="soft">"First shows what would be sent. Nothing leaves yet."</p>
            </form>
        }
        .into_any();
    };
    let fine = output.is_ok();
    let from = if made_up {
        "Nothing was sent to this hook yet, so this is somebody made up."
    } else {
        "From the last call, with secrets taken out."
    };
    let made = match output {
        Ok(Some(text)) => {
            let pretty = serde_json::from_str::<Value>(&text).map_or(text, |value| pretty(&value));
            view! { <h3>"What would be sent"</h3><pre data-testid="output">{pretty}</pre> }.into_any()
        }
        Ok(None) => view! { <p>"This hook has no body: the request goes out empty."</p> }.into_any(),
        Err(why) => view! {
            <div class="note danger" role="alert" id="broken"><span><b>"Nothing can be sent"</b>{why}</span></div>
        }
        .into_any(),
    };
    view! {
        <section class="trial" aria-labelledby="trial">
            <h2 id="trial">"Try it out"</h2>
            <p class="soft">{from}</p>
            {made}
            <details><summary>"What its template is given"</summary><pre>{pretty(&input)}</pre></details>
            {fine.then(|| view! {
                <form method="post" action=TEST class="back">
                    {fields()}
                    <p>"The other service gets this with the header "<code>{hooks::TEST_HEADER}": true"</code>". Nothing changes here, whatever it answers."</p>
                    <button class="button main" type="submit" name="step" value="send">"Really send it"</button>
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
    facts.push(format!("{} {}", delivery.attempts, if delivery.attempts == 1 { "try" } else { "tries" }));
    let next = (delivery.status == Status::Queued && delivery.next_attempt_at > now)
        .then(|| format!("The next try is at {}.", delivery.next_attempt_at.format("%-d %B, %H:%M UTC")));
    // What was sent is about people.
    let shown = owner && (request.is_some() || answer.is_some());
    view! {
        <article data-testid="call">
            <p><b class=format!("became {class}")>{word}</b>" "{ago(now, delivery.created_at)}</p>
            <p class="meta">{facts.into_iter().map(|fact| view! { <span>{fact}</span> }).collect_view()}</p>
            {failure.map(|failure| view! { <p data-testid="failure">{failure}</p> })}
            {next.map(|next| view! { <p class="soft">{next}</p> })}
            {shown.then(|| view! {
                <details>
                    <summary>"Request and answer"</summary>
                    {request.map(|request| view! { <h3>"Request"</h3><pre>{pretty(&request)}</pre> })}
                    {answer.map(|answer| view! { <h3>"Answer"</h3><pre>{pretty(&answer)}</pre> })}
                </details>
            })}
            {(owner && configured && may_retry).then(|| view! {
                <form method="post" action=RETRY>
                    <input type="hidden" name="delivery" value=delivery.id.to_string() />
                    <input type="hidden" name="hook" value=which.hook.clone() />
                    <input type="hidden" name="place" value=which.place.clone() />
                    <button class="button small" type="submit">"Try again"</button>
                </form>
            })}
        </article>
    }
    .into_any()
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}
