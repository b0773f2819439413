//! One user: what the account holds, its sessions and emails, and what operators do to it.

use super::super::fields::{Fields, trimmed};
use super::super::kit::form::Form;
use super::super::kit::text::name;
use super::super::kit::{Acted, Asks, Confirm, Frame, Head, Loaded, Meta, Page, Posted, Verb, Visit};
use super::super::nav;
use super::{parts, recovery};
use engine::config::Config;
use engine::identity::State;
use engine::ids::IdentityId;
use engine::operators::Role;
use engine::recovery::Made;
use engine::users::{self, CodeSent, Deleted, Detail, Recovered, Recovery, StateSet, User};
use leptos::prelude::*;
use serde::Deserialize;
use std::sync::Arc;

const TYPED: &str = "typed";
const REFUSED: &str = "user.refused";

pub(in super::super) struct OneUser;

#[derive(Default, Deserialize)]
pub(in super::super) struct Query {
    /// As typed: text that is no ID is no user's.
    #[serde(default)]
    id: String,
}

pub(in super::super) struct View {
    detail: Detail,
    config: Arc<Config>,
    editable: bool,
    /// A code can be sent: verification by email is on.
    verifies: bool,
    /// What this operator can create for a user who can't sign in.
    recoveries: Vec<Recovery>,
    /// This answer shows it, and no other one does.
    recovery: Option<Made>,
    typed: Fields,
}

impl Page for OneUser {
    const META: Meta = Meta { draft: Some(|_| true), ..Meta::of(&nav::USERS).at("/users/{id}") };
    const VERBS: &'static [Verb] = &[
        Verb::new("sign-out", Role::Editor, REFUSED),
        Verb::new("sign-out-everywhere", Role::Editor, REFUSED),
        Verb::new("send-code", Role::Editor, REFUSED),
        // Who has it can sign in as the user, as with a code in the mailbox.
        Verb::new("recover", Role::Owner, REFUSED).confirming(),
        Verb::new("disable", Role::Editor, REFUSED),
        Verb::new("enable", Role::Editor, REFUSED),
        Verb::new("delete", Role::Editor, REFUSED).confirming(),
    ];
    type Query = Query;
    type View = View;

    async fn load(visit: &Visit, query: Query) -> engine::Result<Loaded<View>> {
        Ok(view(visit, &query, Fields::new()).await?.into())
    }

    async fn restore(visit: &Visit, query: Query, typed: Fields) -> engine::Result<Loaded<View>> {
        Ok(view(visit, &query, typed).await?.into())
    }

    async fn act(visit: &Visit, query: Query, posted: Posted) -> engine::Result<Acted<View>> {
        let Ok(id) = query.id.parse::<IdentityId>() else { return Ok(Acted::Gone) };
        let (ctx, by) = (visit.engine.begin(), &visit.operator.operator);
        let done = match posted.verb {
            "sign-out" => {
                // A malformed ID is an unknown one.
                let Ok(session) = posted.argument.parse() else { return Ok(Acted::Gone) };
                users::sign_out(&ctx, by, &[session]).await?;
                Some("signed-out")
            }
            "sign-out-everywhere" => {
                users::sign_out_everywhere(&ctx, by, id).await?.map(|_| "signed-out-everywhere")
            }
            "send-code" => {
                let Ok(address) = posted.argument.parse() else { return Ok(Acted::Gone) };
                match users::send_code(&ctx, by, id, address).await? {
                    CodeSent::Queued => Some("code-sent"),
                    CodeSent::Verified => Some("code-verified"),
                    CodeSent::Limited => Some("code-limited"),
                    CodeSent::Gone => None,
                }
            }
            "disable" | "enable" => {
                let (state, word) = match posted.verb {
                    "disable" => (State::Inactive, "disabled"),
                    _ => (State::Active, "enabled"),
                };
                match users::set_state(&ctx, by, id, state).await? {
                    StateSet::Done | StateSet::Already => Some(word),
                    StateSet::Gone => None,
                }
            }
            "recover" => return recover(visit, &query, id, posted).await,
            _ => return delete(visit, &query, id, posted).await,
        };
        Ok(match done {
            Some(done) => Acted::Done(format!("{}/{id}?done={done}", nav::USERS.path)),
            None => gone(),
        })
    }

    fn head(view: &View, _: &Visit) -> Head {
        let user = &view.detail.user;
        let (title, handle) = (user.title(), user.handle());
        let (state, word) = match user.identity.state {
            State::Active => ("active", "Active"),
            State::Inactive => ("disabled", "Disabled"),
        };
        let beside = (title != handle).then(|| view! { " "{name(handle)} });
        let lead = view! { <span class="mark" data-state=state data-testid="state">{word}</span>{beside} };
        let read_only = (!view.editable)
            .then(|| "You have read-only access. Ask an owner or editor to change users.".to_owned());
        Head { lead: Some(lead.into_any()), read_only, ..Head::new(title, "").below(&nav::USERS) }
    }

    fn body(view: View, frame: &Frame<'_>) -> AnyView {
        let View { detail, config, editable, verifies, recoveries, recovery, typed } = view;
        let Detail { user, sessions, session_count, emails } = detail;
        let can = parts::Can { edit: editable, send_code: editable && verifies };
        view! {
            {recovery.map(recovery::told)}
            {parts::section("details", "Details", parts::details(&config, &user, frame))}
            {parts::section("addresses", "Addresses", parts::addresses(&user.identity, can, frame))}
            {parts::section("methods", "Sign-in methods", parts::methods(&config, &user, frame))}
            {(!recoveries.is_empty()).then(|| parts::section("recovery", "Recovery", recovery::offered(&user.identity, recoveries)))}
            {parts::section("sessions", "Sessions", parts::sessions(&user, sessions, session_count, can, frame))}
            {parts::section("emails", "Emails", parts::emails(emails, frame))}
            {editable.then(|| parts::section("danger", "Danger zone", danger_zone(&user, &typed, frame)))}
        }
        .into_any()
    }

    fn done(word: &str) -> Option<&'static str> {
        match word {
            "signed-out" => Some("Signed out. The session is over."),
            "signed-out-everywhere" => Some("Signed out everywhere."),
            "code-sent" => Some("Verification code sent."),
            "code-verified" => Some("No code sent. This email is already verified."),
            "code-limited" => Some("No code sent. This email reached the limit of emails per hour."),
            "disabled" => Some("User disabled. All sessions are over."),
            "enabled" => Some("User enabled."),
            _ => None,
        }
    }
}

/// `None`: there is no such user.
async fn view(visit: &Visit, query: &Query, typed: Fields) -> engine::Result<Option<View>> {
    let Ok(id) = query.id.parse() else { return Ok(None) };
    let ctx = visit.engine.begin();
    let detail = users::detail(&ctx, id).await?;
    let (editable, verifies) = (visit.may(Role::Editor), users::can_send_code(&ctx));
    let offered = [Recovery::Code, Recovery::Link].into_iter().filter(|with| users::can_recover(&ctx, *with));
    let recoveries = if visit.may(Role::Owner) { offered.collect() } else { Vec::new() };
    Ok(detail.map(|detail| {
        let config = ctx.config.clone();
        View { detail, config, editable, verifies, recoveries, recovery: None, typed }
    }))
}

/// The user was deleted while the page was open.
fn gone() -> Acted<View> {
    Acted::Done(format!("{}?done=gone", nav::USERS.path))
}

async fn recover(
    visit: &Visit,
    query: &Query,
    id: IdentityId,
    posted: Posted,
) -> engine::Result<Acted<View>> {
    let with = match posted.argument.as_str() {
        "code" => Recovery::Code,
        "link" => Recovery::Link,
        _ => return Ok(Acted::Gone),
    };
    let recovered = users::recover(&visit.engine.begin(), &visit.operator, id, with).await?;
    let Some(view) = view(visit, query, Fields::new()).await? else { return Ok(gone()) };
    Ok(match recovered {
        Recovered::Made(made) => Acted::Shown(View { recovery: Some(made), ..view }),
        Recovered::NeedsFreshSignIn => Acted::Again(view, Asks::password(&posted)),
        Recovered::Gone => gone(),
    })
}

async fn delete(visit: &Visit, query: &Query, id: IdentityId, posted: Posted) -> engine::Result<Acted<View>> {
    let Some(view) = view(visit, query, posted.fields).await? else { return Ok(gone()) };
    let handle = view.detail.user.handle();
    let mut asks = Asks::default();
    if trimmed(&view.typed, TYPED) != handle {
        asks = Asks::problem(TYPED, format!("Enter {handle} exactly as it is shown."));
    }
    if visit.is_stale() {
        asks.confirm = Some(Confirm { dangers: Vec::new(), password: true, again: None });
    }
    if asks.any() {
        return Ok(Acted::Again(view, asks));
    }
    Ok(match users::delete(&visit.engine.begin(), &visit.operator, id, &posted.reason).await? {
        Deleted::Done => Acted::Done(format!("{}?done=deleted", nav::USERS.path)),
        Deleted::Gone => gone(),
        Deleted::NeedsFreshSignIn => {
            let confirm = Some(Confirm { dangers: Vec::new(), password: true, again: None });
            Acted::Again(view, Asks { confirm, ..Asks::default() })
        }
    })
}

fn danger_zone(user: &User, typed: &Fields, frame: &Frame<'_>) -> AnyView {
    let path = format!("{}/{}", nav::USERS.path, user.identity.id);
    let (verb, label, effect) = match user.identity.state {
        State::Active => (
            "disable",
            "Disable user",
            "Signs the user out everywhere and rejects every sign-in. You can enable the user again.",
        ),
        State::Inactive => ("enable", "Enable user", "The user can sign in again. Sessions don’t come back."),
    };
    let handle = user.handle();
    let form = Form { fields: typed, problems: &frame.asks.problems, editable: true };
    // After an error the form is there at once.
    let open = frame.asks.any() || frame.restored;
    let hint = view! { "Enter "<b>{name(handle)}</b>" to confirm." }.into_any();
    view! {
        <ul class="lines">
            <li>
                <div><b>{label}</b><small>{effect}</small></div>
                {parts::press(&path, verb.to_owned(), label, label.to_owned())}
            </li>
            <li>
                <details id="delete" open=open>
                    <summary><b>"Delete user"</b><small>"Deletes the account with its sessions, queued emails and queued webhook calls. You can’t undo this."</small></summary>
                    <form method="post" action=path class="form">
                        {form.field(TYPED, "Email or identifier of the user").hint_view(hint).line()}
                        {frame.confirmation(&[], true)}
                        <p class="buttons"><button class="button danger" type="submit" name="action" value="delete">"Delete user"</button></p>
                    </form>
                </details>
            </li>
        </ul>
    }
    .into_any()
}
