//! *Invitations*: links that let somebody sign up. Make one, see what became of each, withdraw it. A link is told once.

use super::rows::ago;
use super::shell::{Shell, document};
use crate::island::LiveForm;
use chrono::{DateTime, Utc};
use engine::Engine;
use engine::invitations::{self, By, Invitation, Made, State, Wanted};
use engine::operators::{OperatorSession, Role};
use leptos::prelude::*;
use serde::Deserialize;

pub const PATH: &str = "/invitations";

/// So many stand on one page.
const SHOWN: i64 = 50;

pub struct View {
    list: Vec<Invitation>,
    /// There are older ones.
    more: bool,
    paged: bool,
    now: DateTime<Utc>,
    editable: bool,
    /// Sign-up needs an invitation.
    only: bool,
    can_send: bool,
    /// Of one that is given no life of its own.
    usual_days: u64,
    made: Option<Made>,
    withdrawn: bool,
    typed: Posted,
    wrong: Option<String>,
}

/// The form as it is posted.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Posted {
    #[serde(default)]
    pub address: String,
    /// Empty: the usual.
    #[serde(default)]
    pub days: String,
    #[serde(default)]
    pub send: bool,
}

pub enum Outcome {
    Made(View),
    /// 422, with what was typed.
    Again(View),
}

/// `after`: the last one of the page before.
pub async fn load(
    engine: &Engine,
    operator: &OperatorSession,
    after: Option<&str>,
    withdrawn: bool,
) -> engine::Result<View> {
    let ctx = engine.begin();
    let after = after.and_then(|id| id.parse().ok());
    let mut list = invitations::list(&ctx, after, SHOWN + 1).await?;
    let more = i64::try_from(list.len()).is_ok_and(|count| count > SHOWN);
    list.truncate(usize::try_from(SHOWN).unwrap_or(usize::MAX));
    let registration = &ctx.config.vestibule.registration;
    Ok(View {
        list,
        more,
        paged: after.is_some(),
        now: engine.effects().now(),
        editable: operator.operator.role != Role::Viewer,
        only: registration.invite_only,
        can_send: invitations::can_send(&ctx),
        usual_days: registration.invitation_lifespan.as_secs().div_ceil(24 * 60 * 60),
        made: None,
        withdrawn,
        typed: Posted::default(),
        wrong: None,
    })
}

/// Makes one. What a role may not do is refused, and kept in the audit, by the engine.
pub async fn submit(engine: &Engine, operator: &OperatorSession, posted: Posted) -> engine::Result<Outcome> {
    let days = posted.days.trim();
    let lifespan = match (days.is_empty(), days.parse::<u32>()) {
        (true, _) => Ok(None),
        (false, Ok(days)) => Ok(Some(invitations::days(days))),
        (false, Err(_)) => Err("Write the days as a whole number, or leave them out.".to_owned()),
    };
    let made = match lifespan {
        Err(sentence) => Err(sentence),
        Ok(lifespan) => {
            let wanted = Wanted { address: Some(posted.address.clone()), lifespan, send: posted.send };
            match invitations::make(&engine.begin(), By::Operator(&operator.operator), wanted).await {
                Ok(made) => Ok(made),
                Err(refused) if refused.kind == engine::Kind::Invalid => Err(refused.to_string()),
                Err(failed) => return Err(failed),
            }
        }
    };
    let view = load(engine, operator, None, false).await?;
    Ok(match made {
        Ok(made) => Outcome::Made(View { made: Some(made), ..view }),
        Err(wrong) => Outcome::Again(View { wrong: Some(wrong), typed: posted, ..view }),
    })
}

/// Makes one worthless.
///
/// # Errors
/// 404 unknown · 409 used already · 403 for viewers.
pub async fn withdraw(engine: &Engine, operator: &OperatorSession, id: &str) -> engine::Result<()> {
    // A malformed id is an unknown one.
    let id = id.parse().map_err(|_| engine::Error::not_found(""))?;
    invitations::withdraw(&engine.begin(), By::Operator(&operator.operator), id).await
}

pub fn page(shell: &Shell, view: View) -> String {
    let title = if view.wrong.is_some() { "Error: Invitations" } else { "Invitations" };
    document(shell, title, move || {
        let View {
            list,
            more,
            paged,
            now,
            editable,
            only,
            can_send,
            usual_days,
            made,
            withdrawn,
            typed,
            wrong,
        } = view;
        let last = list.last().map(|last| last.id);
        let empty = list.is_empty() && !paged;
        view! {
            <main id="main" tabindex="-1">
                <div class="head">
                    <h1>"Invitations"</h1>
                    <p>{match only {
                        true => "Sign-up is by invitation: nobody gets in without one of these links.",
                        false => "Sign-up is open to everybody at the moment, so nobody needs one of these links.",
                    }}
                    {(!only).then(|| view! { " Switch "<a href=format!("{}#invite-only", super::authentication::PATH)>"Invite only"</a>" on to ask for one." })}</p>
                </div>
                <div class="toast" role="status">{withdrawn.then(|| view! { <p>"Withdrawn. Its link does not work any more."</p> })}</div>
                {made.map(|made| view! { <LiveForm>{told(made, now)}</LiveForm> })}
                {wrong.map(|wrong| view! {
                    <div class="note danger" role="alert" id="wrong" tabindex="-1" autofocus=true>
                        <span><b>"Nothing was made"</b>{wrong}</span>
                    </div>
                })}
                {match editable {
                    true => form(typed, can_send, usual_days),
                    false => view! { <p class="soft">"You are signed in as a viewer. Owners and editors make invitations."</p> }.into_any(),
                }}
                <h2>"What became of them"</h2>
                {empty.then(|| view! { <p class="soft">"None was made yet."</p> })}
                <ol class="revisions">
                    {list.into_iter().map(|one| view! { <li>{row(one, editable, now)}</li> }).collect_view()}
                </ol>
                <p class="pages">
                    {paged.then(|| view! { <a href=PATH>"Newest"</a> })}
                    {last.filter(|_| more).map(|last| view! { <a href=format!("{PATH}?after={last}")>"Older ones"</a> })}
                </p>
            </main>
        }
    })
}

fn form(typed: Posted, can_send: bool, usual_days: u64) -> AnyView {
    view! {
        <form method="post" action=PATH class="back">
            <label for="address">"For this address " <span class="soft">"optional: without one, whoever has the link"</span></label>
            <input id="address" name="address" type="text" inputmode="email" value=typed.address autocomplete="off" placeholder="name@example.org" />
            <label for="days">"Good for how many days " <span class="soft">{format!("optional: {usual_days} otherwise")}</span></label>
            <input id="days" name="days" type="text" inputmode="numeric" value=typed.days autocomplete="off" />
            {match can_send {
                true => view! {
                    <label class="check"><input id="send" name="send" type="checkbox" value="true" checked=typed.send />" Mail the link to that address. Nobody else sees it, so whoever uses it has shown that the address is theirs. Where sign-up is to leak nothing, a code is asked for all the same."</label>
                }.into_any(),
                false => view! { <p class="soft">"No mail server is set, so links cannot be mailed from here."</p> }.into_any(),
            }}
            <button class="button main" type="submit">"Make an invitation"</button>
        </form>
    }
    .into_any()
}

/// What was just made.
fn told(made: Made, now: DateTime<Utc>) -> AnyView {
    let Made { invitation, link } = made;
    let Some(link) = link else {
        let to = invitation.address.unwrap_or_default();
        return view! {
            <div class="note info" role="status" id="made"><span><b>{format!("A mail to {to} is on its way")}</b>"Its link is shown nowhere else. It works once, "{until(now, invitation.expires_at)}"."</span></div>
        }
        .into_any();
    };
    let whom = invitation.address.map_or_else(
        || "Whoever has it can sign up with it, once, ".to_owned(),
        |address| format!("It works once, for {address} alone, "),
    );
    view! {
        <div class="note info made" id="made">
            <span>
                <b>"Copy the link now: it is shown this once"</b>
                {whom}{until(now, invitation.expires_at)}"."
                <label class="unseen" for="link">"The invitation's link"</label>
                <input id="link" class="link" type="text" readonly=true value=link data-testid="link" />
                <button class="button small" type="button" data-copy="link">"Copy"</button>
                <span role="status" data-copied=""></span>
            </span>
        </div>
    }
    .into_any()
}

/// Such as `until 3 January 2030, 10:00 UTC`.
fn until(now: DateTime<Utc>, at: DateTime<Utc>) -> AnyView {
    let (exact, word) =
        (at.format("%-d %B %Y, %H:%M UTC").to_string(), if at > now { "until " } else { "ended " });
    view! { {word}<time datetime=at.format("%Y-%m-%dT%H:%M:%SZ").to_string()>{exact}</time> }.into_any()
}

fn row(one: Invitation, editable: bool, now: DateTime<Utc>) -> AnyView {
    let state = one.state(now);
    let word = match state {
        State::Open => "open",
        State::Used => "used",
        State::Withdrawn => "withdrawn",
        State::Expired => "expired",
    };
    let whom = one.address.clone().unwrap_or_else(|| "Whoever has the link".to_owned());
    let over = match (one.used_at, one.withdrawn_at) {
        (Some(at), _) => view! { "Used "{ago(now, at)}". " }.into_any(),
        (None, Some(at)) => view! { "Withdrawn "{ago(now, at)}". " }.into_any(),
        (None, None) => view! { "Good "{until(now, one.expires_at)}". " }.into_any(),
    };
    let account = one.used_by.map(|id| view! { "Account "<code>{id.to_string()}</code>"." });
    let withdraw = (editable && state == State::Open).then(|| {
        let label = format!("Withdraw the invitation for {whom}");
        view! {
            <form method="post" action=format!("{PATH}/{}/withdraw", one.id)>
                <button class="button small" type="submit" aria-label=label>"Withdraw"</button>
            </form>
        }
    });
    view! {
        <article data-state=word>
            <h3>{whom}" "<span class="mark">{word}</span></h3>
            <p class="soft">{one.made_by}", "{ago(now, one.created_at)}{one.mailed.then_some(", by mail")}</p>
            <p>{over}{account}</p>
            {withdraw}
        </article>
    }
    .into_any()
}
