//! *Sign-up tester*: the form, and what a rehearsed sign-up did: exchanges, steps, mails, calls. It shows what `engine::rehearsal` and
//! the public port did and judges nothing itself.

use super::kit::text::note;
use super::{mailbox, nav};
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
    /// What the plan says, each with what became of it; `None`: it did not come to that.
    pub steps: Vec<(Line, Option<(&'static str, Duration)>)>,
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
            Shown::Ran(outcome) => result(*outcome, now),
            Shown::Planned(plan) => planned(plan),
        })}
    }
    .into_any()
}

fn form(view: View) -> AnyView {
    let View { methods, method, client, fields, call_hooks, mail_me, .. } = view;
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
                </fieldset>
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

fn result(outcome: Outcome, now: DateTime<Utc>) -> AnyView {
    let Outcome { exchanges, steps, mails, mailed, calls, known, revisions: (ran, newest), took } = outcome;
    let signed_in =
        exchanges.last().is_some_and(|last| last.url.ends_with("/sessions/whoami") && last.status == 200);
    let (verdict, sentence) = match signed_in {
        true => ("Signed in", "The final session check returned the account."),
        false => ("Not signed in", "The final session check returned 401."),
    };
    let whose = match known {
        0 => "No existing account uses this data.".to_owned(),
        1 => "One account uses this data. It was copied into the temporary database.".to_owned(),
        more => {
            format!("{more} accounts use this data. They were copied into the temporary database.")
        }
    };
    let total = took;
    let changed = (ran != newest).then(|| {
        note(Severity::Warning, "The settings changed during the run", &format!("This run used revision {ran}. Revision {newest} is current now. Run the test again to see its effect."))
    });
    view! {
        <section aria-labelledby="verdict" class="outcome">
            <h2 id="verdict" tabindex="-1" autofocus=true>{verdict}</h2>
            <p>{sentence}" "{whose}" "<span class="soft">{format!("Revision {ran}, {} in total.", span(total))}</span></p>
            {changed}
            <h3>"Steps"</h3>
            <ol class="steps ran">
                {steps.into_iter().map(|(step, became)| one_step(step, became, total)).collect_view()}
            </ol>
            <h3>"HTTP requests"</h3>
            <ol class="exchanges">
                {exchanges.into_iter().map(|exchange| view! { <li>{one_exchange(exchange)}</li> }).collect_view()}
            </ol>
            <h3>"Emails"</h3>
            {mails.is_empty().then(|| view! { <p class="soft">"No emails."</p> })}
            {(mailed > 0).then(|| view! {
                <p data-testid="mailed">{if mailed == 1 { "1 email was sent to you. ".to_owned() } else { format!("{mailed} emails were sent to you. ") }}<a href=nav::DELIVERY.path>"Email delivery"</a></p>
            })}
            <ol class="letters">
                {mails.into_iter().map(|mail| view! { <li>{mailbox::one(mail, now)}</li> }).collect_view()}
            </ol>
            <h3>"Webhooks"</h3>
            {calls.is_empty().then(|| view! { <p class="soft">"No webhooks were called."</p> })}
            <ol class="exchanges">
                {calls.into_iter().map(|call| view! { <li>{one_call(call)}</li> }).collect_view()}
            </ol>
        </section>
    }
    .into_any()
}

fn one_step(step: Line, became: Option<(&'static str, Duration)>, total: Duration) -> AnyView {
    let small = stage(&step);
    let name = step.title;
    match became {
        Some((became, took)) => {
            // A share of the whole, drawn 100 units wide.
            let width = (took.as_secs_f64() / total.as_secs_f64().max(f64::EPSILON) * 100.0).clamp(0.5, 100.0);
            view! {
                <li>
                    <b>{name}</b>" "<span class="mark">{became}</span>
                    <small>{small}</small>
                    <svg class="share" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect width=format!("{width:.1}") height="4" rx="1" /></svg>
                    <small>{span(took)}</small>
                </li>
            }
            .into_any()
        }
        None => view! { <li class="gone"><b>{name}</b>" "<span class="mark">"Not run"</span><small>{small}</small></li> }.into_any(),
    }
}

fn one_exchange(exchange: Exchange) -> AnyView {
    let Exchange { title, method, url, headers, body, status, answer_headers, cookies, answer, took, curl } =
        exchange;
    let open = method == "POST";
    let summary = format!("{method} {} → {status}", path_of(&url));
    let cookies = (!cookies.is_empty()).then(|| {
        view! {
            <table class="cookies">
                <caption>"Cookies set by the response"</caption>
                <thead><tr><th scope="col">"Name"</th><th scope="col">"Value"</th><th scope="col">"Attributes"</th></tr></thead>
                <tbody>
                    {cookies.into_iter().map(|cookie| view! {
                        <tr>
                            <th scope="row"><code>{cookie.name}</code>{(!cookie.what.is_empty()).then(|| view! { <small>{cookie.what}</small> })}</th>
                            <td><code>{cookie.value}</code></td>
                            <td>{cookie.attributes.join("; ")}</td>
                        </tr>
                    }).collect_view()}
                </tbody>
            </table>
        }
    });
    view! {
        <details open=open>
            <summary><b>{title}</b>" "<code>{summary}</code>" "<small>{span(took)}</small></summary>
            <h4>"Request"</h4>
            <pre tabindex="0">{lines(&headers, body.as_deref())}</pre>
            <h4>"Response"</h4>
            {cookies}
            <pre tabindex="0">{lines(&answer_headers, Some(&answer))}</pre>
            <details><summary>"As curl"</summary><pre tabindex="0" class="curl">{curl}</pre></details>
        </details>
    }
    .into_any()
}

fn one_call(call: Call) -> AnyView {
    let Call { method, url, headers, body, left, answer } = call;
    let (status, text) = match answer {
        Ok(answer) => (answer.status.to_string(), String::from_utf8_lossy(&answer.body).into_owned()),
        Err(failure) => ("failed".to_owned(), failure),
    };
    let how = if left { "Called" } else { "Intercepted" };
    // Who calls is proven by these; they are the configuration's, not the rehearsal's.
    let headers: Vec<(String, String)> = headers
        .into_iter()
        .map(|(name, value)| {
            let secret = ["authorization", "cookie"].iter().any(|secret| name.eq_ignore_ascii_case(secret));
            let shown = if secret { "(not shown)".to_owned() } else { value };
            (name, shown)
        })
        .collect();
    view! {
        <details>
            <summary><b>{how}</b>" "<code>{format!("{method} {url} → {status}")}</code></summary>
            <h4>"Request"</h4>
            <pre tabindex="0">{lines(&headers, Some(&String::from_utf8_lossy(&body)))}</pre>
            <h4>"Response"</h4>
            <pre tabindex="0">{text}</pre>
        </details>
    }
    .into_any()
}

fn lines(headers: &[(String, String)], body: Option<&str>) -> String {
    let mut text: String = headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    if let Some(body) = body.filter(|body| !body.is_empty()) {
        text.push('\n');
        text.push_str(body);
    }
    text
}

/// Path and query of an address, and where it leads when that is elsewhere.
fn path_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or_else(|| url.to_owned(), |at| rest[at..].to_owned())
}

fn span(took: Duration) -> String {
    let millis = took.as_secs_f64() * 1000.0;
    if millis < 10.0 { format!("{millis:.1} ms") } else { format!("{millis:.0} ms") }
}
