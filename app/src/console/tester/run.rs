//! What a run of the tester did: its verdict, steps, requests, emails and calls of webhooks.

use super::super::kit::text::note;
use super::super::{mailbox, nav};
use super::{Became, Exchange, Outcome, Verdict, stage};
use chrono::{DateTime, Utc};
use engine::pipeline::Line;
use engine::rehearsal::Call;
use engine::settings::Severity;
use leptos::prelude::*;
use std::time::Duration;

pub(super) fn result(outcome: Outcome, now: DateTime<Utc>) -> AnyView {
    let Outcome { exchanges, verdict, steps, mails, mailed, calls, known, revisions: (ran, newest), took } =
        outcome;
    let (title, sentence, problems) = match verdict {
        Verdict::SignedIn => ("Signed in", "The final session check returned the account.", Vec::new()),
        Verdict::SignedInAfterVerification => (
            "Signed in after verification",
            "Sign-up issued no session. The verification of the email did.",
            Vec::new(),
        ),
        Verdict::SignedInAgain => (
            "Signed up, then signed in",
            "Sign-up issued no session. The sign-in with the password did.",
            Vec::new(),
        ),
        Verdict::NotSignedIn => ("Not signed in", "The final session check returned 401.", Vec::new()),
        Verdict::Rejected(problems) => {
            ("Sign-up rejected", "The form came back with these messages.", problems)
        }
    };
    let problems = (!problems.is_empty()).then(|| {
        view! {
            <ul class="changes" data-testid="rejected">
                {problems.into_iter().map(|(label, text)| {
                    let label = (!label.is_empty()).then(|| view! { <b><bdi>{label}</bdi></b>": " });
                    view! { <li>{label}{text}</li> }
                }).collect_view()}
            </ul>
        }
    });
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
            <h2 id="verdict" tabindex="-1" autofocus=true>{title}</h2>
            <p>{sentence}" "{whose}" "<span class="soft">{format!("Revision {ran}, {} in total.", span(total))}</span></p>
            {problems}
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

fn one_step(step: Line, became: Became, total: Duration) -> AnyView {
    let small = stage(&step);
    let name = step.title;
    match became {
        Became::Ran(became, took) => {
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
        Became::Waits => view! { <li><b>{name}</b>" "<span class="mark">"Runs after verification"</span><small>{small}</small></li> }.into_any(),
        Became::NotRun => view! { <li class="gone"><b>{name}</b>" "<span class="mark">"Not run"</span><small>{small}</small></li> }.into_any(),
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
