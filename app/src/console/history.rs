//! *History*: every revision with who, when, why and what, and the way back to each.

use super::checks::needs;
use super::comparison::{choice, said};
use super::confirm::{self, confirmed};
use super::rows::ago;
use super::shell::{Shell, document};
use chrono::{DateTime, Utc};
use engine::Engine;
use engine::operators::{OperatorSession, Role};
use engine::settings::history::{self, Back, Comparison, Entry};
use engine::settings::{self, Check, Revision, Saved};
use leptos::prelude::*;
use serde::Deserialize;

pub const PATH: &str = "/settings/history";

/// So many revisions stand on one page.
const SHOWN: i64 = 50;

pub struct List {
    entries: Vec<Entry>,
    /// What is in force.
    current: i64,
    /// There are older ones.
    more: bool,
    paged: bool,
    /// Those that can be chosen for a comparison, newest first.
    choices: Vec<Revision>,
    /// Why nobody can save, and where to change it; with what was saved last and is not applied.
    files_decide: Option<(String, Option<Comparison>)>,
    now: DateTime<Utc>,
}

pub async fn load(engine: &Engine, before: Option<i64>) -> engine::Result<List> {
    let mut entries = history::entries(engine, before, SHOWN + 1).await?;
    let more = i64::try_from(entries.len()).is_ok_and(|count| count > SHOWN);
    entries.truncate(usize::try_from(SHOWN).unwrap_or(usize::MAX));
    let config = engine.begin().config;
    let files_decide = match settings::files_decide(&config) {
        Some(sentence) => Some((sentence, history::drift(engine).await?)),
        None => None,
    };
    Ok(List {
        entries,
        current: config.revision,
        more,
        paged: before.is_some(),
        choices: super::comparison::choices(engine).await?,
        files_decide,
        now: engine.effects().now(),
    })
}

/// One revision, or the files alone, and what going back to it would mean.
pub struct Detail {
    number: i64,
    back: Back,
    /// Somebody saved since the page was made: who, when, their revision.
    meanwhile: Option<(String, DateTime<Utc>, i64)>,
    /// Why it could not be done.
    refused: Option<String>,
    /// What is missing before it is done.
    asked: Option<String>,
    /// The dangers that it leads into and that take the password, and what was wrong with the one that was typed.
    confirm: Option<(Vec<Check>, Option<String>)>,
    reason: String,
    /// Why this operator cannot go back.
    read_only: Option<String>,
    now: DateTime<Utc>,
}

/// The form as it is posted.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Posted {
    /// The revision that was in force when the page was made.
    #[serde(default)]
    pub base: i64,
    #[serde(default)]
    pub reason: String,
    #[serde(default)]
    pub password: String,
}

pub enum Outcome {
    /// 303 to the list.
    Done { revision: i64 },
    /// 409 or 422, with what was typed.
    Again(u16, Box<Detail>),
    /// There is no such revision.
    Unknown,
}

/// `None`: there is no such revision.
pub async fn look(
    engine: &Engine,
    operator: &OperatorSession,
    number: i64,
) -> engine::Result<Option<Detail>> {
    let Some(back) = history::look_back(engine, number).await? else { return Ok(None) };
    let viewer = operator.operator.role == Role::Viewer;
    let read_only = settings::files_decide(&engine.begin().config).or_else(|| {
        viewer.then(|| "You are signed in as a viewer. Owners and editors can go back.".to_owned())
    });
    Ok(Some(Detail {
        number,
        back,
        meanwhile: None,
        refused: None,
        asked: None,
        confirm: None,
        reason: String::new(),
        read_only,
        now: engine.effects().now(),
    }))
}

/// Goes back. What a role may not do is refused, and kept in the audit, by the engine.
pub async fn submit(
    engine: &Engine,
    operator: &OperatorSession,
    number: i64,
    posted: Posted,
) -> engine::Result<Outcome> {
    let (operator, wrong) = confirmed(engine, operator, &posted.password).await?;
    let operator = &operator;
    let saved = history::go_back(engine, operator, posted.base, number, &posted.reason).await?;
    let Some(mut detail) = look(engine, operator, number).await? else { return Ok(Outcome::Unknown) };
    detail.reason = posted.reason;
    Ok(match saved {
        Saved::Done { revision } | Saved::Unchanged { revision } => Outcome::Done { revision },
        Saved::Conflict { revision, by, at } => {
            detail.meanwhile = Some((by, at, revision));
            Outcome::Again(409, Box::new(detail))
        }
        Saved::Again(problems) => {
            detail.refused = Some(problems.into_iter().map(|problem| problem.message).collect());
            Outcome::Again(422, Box::new(detail))
        }
        Saved::NeedsFreshSignIn(dangers) => {
            detail.confirm = Some((dangers, wrong));
            Outcome::Again(422, Box::new(detail))
        }
        asking @ Saved::NeedsReason(_) => {
            detail.asked = Some(needs(asking).message);
            Outcome::Again(422, Box::new(detail))
        }
        asking @ Saved::NeedsOwner(_) => {
            detail.refused = Some(needs(asking).message);
            Outcome::Again(422, Box::new(detail))
        }
    })
}

/// `done`: the revision that going back has just made.
pub fn page(shell: &Shell, list: List, done: Option<i64>) -> String {
    let List { entries, current, more, paged, choices, files_decide, now } = list;
    let said = done.filter(|done| *done == current).map(|done| {
        format!("Gone back: revision {done} is in force now. It applies from the next request on.")
    });
    let last = entries.last().map(|entry| entry.revision.number);
    let empty = entries.is_empty() && !paged;
    let newest = choices.first().map_or(0, |revision| revision.number);
    document(shell, "History", move || {
        view! {
            <main id="main" tabindex="-1">
                <div class="head">
                    <h1>"History"</h1>
                    <p>"Every Save is a revision that stays as it is. Going back makes a new one, so nothing is ever lost."</p>
                </div>
                <div class="toast" role="status">{said.map(|said| view! { <p>{said}</p> })}</div>
                {empty.then(|| view! {
                    <p class="soft">"Nothing was saved here yet: what the files say is in force. The first Save on " <a href=super::authentication::PATH>"Authentication"</a> " makes revision 1."</p>
                })}
                {files_decide.map(|(sentence, drift)| decided_by_files(sentence, drift, now))}
                {(newest > 0).then(|| choice(&choices, newest - 1, newest))}
                <ol class="revisions">
                    {entries.into_iter().map(|entry| view! { <li>{row(entry, current, now)}</li> }).collect_view()}
                    {(!more && !empty).then(|| view! {
                        <li><article>
                            <h2>
                                <a href=format!("{PATH}/0")>"The files alone"</a>
                                {(current == 0).then(|| view! { " "<span class="mark">"in force"</span> })}
                            </h2>
                            <p class="soft">"Before the first Save."</p>
                        </article></li>
                    })}
                </ol>
                <p class="pages">
                    {paged.then(|| view! { <a href=PATH>"Newest"</a> })}
                    {last.filter(|_| more).map(|last| view! { <a href=format!("{PATH}?before={last}")>"Older revisions"</a> })}
                </p>
            </main>
        }
    })
}

/// Why the page changes nothing, and how what was saved last differs from the files.
fn decided_by_files(sentence: String, drift: Option<Comparison>, now: DateTime<Utc>) -> AnyView {
    let drift = drift.map(|drift| {
        let number = drift.to.number;
        let by = drift.to.revision.as_ref().map(|Revision { at, by, .. }| {
            view! { {by.clone()}", "{ago(now, *at)} }
        });
        view! {
            <section aria-labelledby="drift">
                <h2 id="drift">"Saved here and not applied"</h2>
                <div class="inside">
                    <p class="soft">{format!("Revision {number}, ")}{by}</p>
                    {said(&drift, "It says the same as the files.")}
                </div>
            </section>
        }
    });
    view! {
        <div class="note info" id="read-only"><span><b>"Read only"</b>{sentence}</span></div>
        {drift}
    }
    .into_any()
}

fn row(entry: Entry, current: i64, now: DateTime<Utc>) -> AnyView {
    let Entry { revision, changes } = entry;
    let Revision { number, at, by, summary, reason, .. } = revision;
    let in_force = number == current;
    // Going back says where to; the changes say what that meant.
    let back = summary.first().filter(|words| words.starts_with("Back to")).cloned();
    let words = if changes.is_empty() && back.is_none() { summary } else { changes };
    view! {
        <article>
            <h2>
                <a href=format!("{PATH}/{number}")>{format!("Revision {number}")}</a>
                {in_force.then(|| view! { " "<span class="mark">"in force"</span> })}
            </h2>
            <p class="soft">{by}", "{ago(now, at)}</p>
            {(!reason.is_empty()).then(|| view! { <p class="reason">"“"{reason}"”"</p> })}
            {back.map(|back| view! { <p>{back}</p> })}
            <ul class="changes">{words.into_iter().map(|change| view! { <li>{change}</li> }).collect_view()}</ul>
        </article>
    }
    .into_any()
}

/// One revision and the button that goes back to it.
pub fn detail(shell: &Shell, detail: Detail) -> String {
    let Detail { number, back, meanwhile, refused, asked, confirm, reason, read_only, now } = detail;
    let title = match number {
        0 => "The files alone".to_owned(),
        number => format!("Revision {number}"),
    };
    let in_force = number == back.base;
    let heading = title.clone();
    let wrong = meanwhile.is_some() || refused.is_some() || asked.is_some() || confirm.is_some();
    let shown = if wrong { format!("Error: {title}") } else { title };
    document(shell, &shown, move || {
        let refused = refused.or(back.refused);
        let dangerous = !back.brings_about.is_empty();
        let dangers = super::checks::asks(&back.brings_about);
        let needs_reason = asked.as_ref().map(|_| "true");
        let same = back.changes.is_empty() && refused.is_none();
        let made = back.to.map(|Revision { at, by, reason, .. }| {
            view! {
                <p>{by}", "{ago(now, at)}</p>
                {(!reason.is_empty()).then(|| view! { <p class="reason">"“"{reason}"”"</p> })}
            }
        });
        view! {
            <main id="main" tabindex="-1">
                <div class="head">
                    <p><a href=PATH>"History"</a></p>
                    <h1>{heading}</h1>
                    {made}
                </div>
                {meanwhile.map(|(by, at, revision)| view! {
                    <div class="note warning" role="alert" id="meanwhile" tabindex="-1" autofocus=true>
                        <span><b>{format!("{by} saved revision {revision} ")}{ago(now, at)}</b>"Nothing was changed. Below is what going back would mean now."</span>
                    </div>
                })}
                {refused.map(|refused| view! {
                    <div class="note danger" role="alert" id="refused" tabindex="-1" autofocus=true>
                        <span><b>"This cannot be gone back to"</b>{refused}</span>
                    </div>
                })}
                {asked.map(|asked| view! {
                    <div class="note danger" role="alert" id="asked">
                        <span><b>"Not done yet"</b>{asked}</span>
                    </div>
                })}
                {match (in_force, same) {
                    (true, _) => view! { <p>"This is in force."</p> }.into_any(),
                    (false, true) => view! { <p>"It says the same as what is in force: going back would change nothing."</p> }.into_any(),
                    (false, false) if !back.changes.is_empty() => view! {
                        <h2>"Going back would change"</h2>
                        <ul class="changes">{back.changes.into_iter().map(|change| view! { <li>{change}</li> }).collect_view()}</ul>
                        {dangers.map(|dangers| view! { <p>{dangers}</p> })}
                        {if let Some(why) = read_only { view! { <p class="soft">{why}</p> }.into_any() } else { view! {
                            <form method="post" action=format!("{PATH}/{number}") class="back">
                                <input type="hidden" name="base" value=back.base />
                                {confirm.map(|(dangers, wrong)| {
                                    let text = match dangers.is_empty() {
                                        true => "You signed in a while ago. Type your password, and press the button again.",
                                        false => "You signed in a while ago. Type your password, say why, and press the button again.",
                                    };
                                    confirm::block("Not done yet: show that it is you", &dangers, text, wrong)
                                })}
                                <label for="reason">"Why " <span class="soft">{if dangerous { "needed, since this is a danger" } else { "optional" }}</span></label>
                                <input id="reason" name="reason" type="text" maxlength="200" value=reason autocomplete="off" aria-invalid=needs_reason autofocus=needs_reason.is_some() />
                                <button class="button main" type="submit">"Go back to this one"</button>
                            </form>
                        }.into_any() }}
                    }.into_any(),
                    (false, false) => ().into_any(),
                }}
                <p class="pages">
                    {(!in_force && back.base > 0).then(|| view! { <a href=super::comparison::link(back.base, number)>"Compare with what is in force"</a> })}
                    {(number > 1).then(|| view! { <a href=super::comparison::link(number - 1, number)>"Compare with the one before"</a> })}
                    {(number > 0).then(|| view! { <a href=super::comparison::link(0, number)>"Compare with the files alone"</a> })}
                </p>
            </main>
        }
    })
}
