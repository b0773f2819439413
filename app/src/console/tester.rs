//! *Sign-up tester*: the form, and what a rehearsed sign-up did: exchanges, steps, mails, calls. It shows what `engine::rehearsal` and
//! the public port did and judges nothing itself.

mod run;

use super::kit::text::note;
use super::nav;
use chrono::{DateTime, Utc};
use engine::courier::Delivered;
use engine::model::MethodId;
use engine::pipeline::{self, Line, Pipeline};
use engine::plan::Client;
use engine::rehearsal::Call;
use engine::settings::Severity;
use leptos::prelude::*;
use std::time::Duration;

pub const LEAD: &str = "Runs a sign-up with the current settings in a temporary database. Nothing is stored, and test codes and sessions work nowhere else.";

/// A field of the sign-up form.
#[derive(Clone, Debug, Default)]
pub struct FormField {
    /// As the form names it, such as `traits.email`.
    pub name: String,
    pub label: String,
    pub value: String,
    pub ticked: bool,
    pub secret: bool,
    pub address: bool,
    pub number: bool,
    pub required: bool,
}

/// One request and its answer.
#[derive(Clone, Debug)]
pub struct Exchange {
    pub title: String,
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Option<String>,
    pub status: u16,
    /// Without the cookies.
    pub answer_headers: Vec<(String, String)>,
    pub cookies: Vec<Cookie>,
    pub answer: String,
    pub took: Duration,
    /// The same request for a shell.
    pub curl: String,
}

/// A cookie that an answer sets.
#[derive(Clone, Debug)]
pub struct Cookie {
    pub name: String,
    pub value: String,
    pub attributes: Vec<String>,
    /// What it is for; empty where that is not known.
    pub what: &'static str,
}

/// What a run did.
pub struct Outcome {
    pub exchanges: Vec<Exchange>,
    pub verdict: Verdict,
    /// What the plan says, each with what became of it.
    pub steps: Vec<(Line, Became)>,
    pub mails: Vec<Delivered>,
    /// How many of them are really on their way, to the operator.
    pub mailed: usize,
    pub calls: Vec<Call>,
    /// How many accounts have something of what was typed.
    pub known: usize,
    /// The revision that it ran with, and the one in force at its end.
    pub revisions: (i64, i64),
    pub took: Duration,
}

/// How it ended.
pub enum Verdict {
    SignedIn,
    SignedInAfterVerification,
    /// By the second sign-in, with the password.
    SignedInAgain,
    NotSignedIn,
    /// The form came back: labels of fields and what is wrong with them. Without a label it is about the whole form.
    Rejected(Vec<(String, String)>),
}

/// What became of a step.
pub enum Became {
    Ran(&'static str, Duration),
    /// It runs once the email is verified.
    Waits,
    NotRun,
}

/// What became of the form.
pub enum Shown {
    Ran(Box<Outcome>),
    /// Nothing ran; what would.
    Planned(Pipeline),
}

/// What the page shows.
pub struct View {
    /// Those that are on.
    pub methods: Vec<MethodId>,
    /// The one that is chosen.
    pub method: Option<MethodId>,
    pub client: Client,
    pub fields: Vec<FormField>,
    /// Whether web hooks are really called.
    pub call_hooks: bool,
    /// The operator's address, and whether the mails of the run go there; `None` where no mail leaves.
    pub mail_me: Option<(String, bool)>,
    /// Go on to the code and to a second sign-in.
    pub go_on: bool,
    /// Sign-up takes an invitation, and the run has one.
    pub invited: bool,
    /// Why there is no form.
    pub refused: Option<String>,
    pub shown: Option<Shown>,
    pub now: DateTime<Utc>,
}

fn speaks(client: Client) -> &'static str {
    match client {
        Client::Browser => "HTML form, redirects, cookies",
        Client::Spa => "JSON with cookies",
        Client::Native => "JSON with a token",
    }
}

/// The page's own part.
pub fn body(mut view: View) -> AnyView {
    let (shown, now) = (view.shown.take(), view.now);
    let refused = view.refused.take();
    let there = refused.is_none();
    view! {
        {refused.map(|sentence| note(Severity::Warning, "No form is available", &sentence))}
        {there.then(|| form(view))}
        {shown.map(|shown| match shown {
            Shown::Ran(outcome) => run::result(*outcome, now),
            Shown::Planned(plan) => planned(plan),
        })}
    }
    .into_any()
}

fn form(view: View) -> AnyView {
    let View { methods, method, client, fields, call_hooks, mail_me, go_on, invited, .. } = view;
    let runs = methods.iter().any(|method| matches!(method, MethodId::Password | MethodId::Code));
    view! {
        <form method="post" action=nav::TESTER.path class="tester" autocomplete="off">
            <fieldset>
                <legend>"Client"</legend>
                {Client::ALL.into_iter().map(|each| {
                    let id = format!("client-{}", each.name());
                    view! {
                        <p class="choice">
                            <input type="radio" id=id.clone() name="client" value=each.name() checked=each == client />
                            <label for=id>{pipeline::client(each)}" "<small>{speaks(each)}</small></label>
                        </p>
                    }
                }).collect_view()}
            </fieldset>
            <fieldset>
                <legend>"Sign-up method"</legend>
                {ways(&methods, method)}
            </fieldset>
            {runs.then(|| view! {
                <fieldset>
                    <legend>"Form data"</legend>
                    {fields.into_iter().enumerate().map(|(at, field)| control(at, field)).collect_view()}
                    <p class="soft">"To test a duplicate sign-up, enter the email of an existing account."</p>
                    {invited.then(|| view! { <p class="soft" id="invited">"“Invite only” is on. The test creates an invitation and uses it."</p> })}
                </fieldset>
                <p class="choice">
                    <input type="checkbox" id="go-on" name="go_on" value="true" checked=go_on />
                    <label for="go-on">"Also verify the email and sign in again "<small>"On: if sign-up issues no session, the test enters the code of the email, then signs in with the password. Off: the test ends after sign-up."</small></label>
                </p>
                <p class="choice">
                    <input type="checkbox" id="call-hooks" name="call_hooks" value="true" checked=call_hooks />
                    <label for="call-hooks">"Call webhooks "<small>"On: sends real requests with the header Vestibule-Test: true. Off: calls are intercepted and get a 200 response."</small></label>
                </p>
                {mail_me.map(|(address, checked)| view! {
                    <p class="choice">
                        <input type="checkbox" id="mail-me" name="mail_me" value="true" checked=checked />
                        <label for="mail-me">"Email me the messages "<small>{format!("On: sends them only to {address}, marked as tests. Their codes and links don’t work. Off: nothing is sent.")}</small></label>
                    </p>
                })}
            })}
            <p><button class="button main" id="run" type="submit" name="action" value="run">{if runs { "Run test" } else { "Show the steps" }}</button></p>
        </form>
    }
    .into_any()
}

/// A choice where there is one, otherwise a fact.
fn ways(methods: &[MethodId], chosen: Option<MethodId>) -> AnyView {
    let about = |method: MethodId| match method {
        MethodId::Password => "",
        MethodId::Code => "The password is ignored",
        MethodId::Oidc
        | MethodId::Link
        | MethodId::Totp
        | MethodId::Passkey
        | MethodId::Webauthn
        | MethodId::LookupSecret
        | MethodId::Profile => "Not run: this needs an account at the provider",
    };
    match methods {
        [only] => view! { <p data-testid="only-way">{pipeline::way(*only)}" (only method turned on) "<small>{about(*only)}</small></p> }.into_any(),
        several => several
            .iter()
            .map(|each| {
                let id = format!("method-{}", each.name());
                view! {
                    <p class="choice">
                        <input type="radio" id=id.clone() name="method" value=each.name() checked=Some(*each) == chosen />
                        <label for=id>{pipeline::way(*each)}" "<small>{about(*each)}</small></label>
                    </p>
                }
            })
            .collect_view()
            .into_any(),
    }
}

/// What would run, where nothing does.
fn planned(plan: Pipeline) -> AnyView {
    let Pipeline { method, client, closed, steps, lists, answer } = plan;
    let title = format!("{}, {}: steps", pipeline::way(method), pipeline::client(client));
    view! {
        <section aria-labelledby="verdict" class="outcome">
            <h2 id="verdict" tabindex="-1" autofocus=true>{title}</h2>
            <p>"Not run. This method needs an account at the provider. Use "<a href=nav::SOCIAL.path>"Test sign-in"</a>" instead."</p>
            {closed.map(|sentence| view! { <p>{sentence}</p> })}
            <h3>"Steps"</h3>
            <ol class="steps ran">
                {steps.into_iter().map(|step| {
                    let small = stage(&step);
                    let stops = step.may_stop.then(|| view! { " "<span class="mark">"Can block"</span> });
                    view! { <li><b>{step.title}</b>{stops}<small>{small}</small></li> }
                }).collect_view()}
            </ol>
            {lists.into_iter().map(|sentence| view! { <p class="soft">{sentence}</p> }).collect_view()}
            <h3>"Response"</h3>
            <pre tabindex="0">{answer.join("\n")}</pre>
        </section>
    }
    .into_any()
}

fn stage(step: &Line) -> String {
    if step.about.is_empty() { step.stage.to_owned() } else { format!("{}: {}", step.stage, step.about) }
}

/// Nothing here is for a password manager: names and kinds are not those of a sign-in.
fn control(at: usize, field: FormField) -> AnyView {
    let id = format!("typed-{}", at + 1);
    let name = format!("field:{}", field.name);
    if field.ticked {
        return view! {
            <p class="choice">
                <input type="checkbox" id=id.clone() name=name value="true" checked=field.value == "true" />
                <label for=id>{field.label}</label>
            </p>
        }
        .into_any();
    }
    let optional = (!field.required).then(|| view! { " "<small>"optional"</small> });
    view! {
        <p class="typed">
            <label for=id.clone()>{field.label}{optional}</label>
            <input type="text" id=id name=name value=field.value autocomplete="off" spellcheck="false" autocapitalize="none"
                inputmode=if field.address { Some("email") } else if field.number { Some("decimal") } else { None } />
        </p>
    }
    .into_any()
}
