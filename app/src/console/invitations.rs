//! *Invitations*: links that let someone sign up. Create one, see its state, revoke it. A link is shown once.

use super::fields::{Fields, text, trimmed};
use super::kit::detail::once;
use super::kit::form::Form;
use super::kit::table::{self, Empty, Pager, Row};
use super::kit::text::{ago, name, on, when};
use super::kit::{Acted, Asks, Frame, Head, Loaded, Meta, Page, Posted, Verb, Visit};
use super::nav;
use chrono::{DateTime, Utc};
use engine::invitations::{self, By, Invitation, Made, State, Wanted};
use engine::operators::Role;
use engine::{Error, Kind};
use leptos::prelude::*;
use serde::Deserialize;

const ADDRESS: &str = "address";
const DAYS: &str = "days";

pub(super) struct Invitations;

#[derive(Default, Deserialize)]
pub(super) struct Query {
    /// The last one of the page before.
    after: Option<String>,
}

pub(super) struct View {
    list: Vec<Invitation>,
    more: bool,
    paged: bool,
    editable: bool,
    /// Sign-up needs an invitation.
    only: bool,
    can_send: bool,
    /// Of one that is given no life of its own.
    usual_days: u64,
    made: Option<Made>,
    typed: Fields,
}

impl Page for Invitations {
    const META: Meta = Meta { draft: Some(|_| true), ..Meta::of(&nav::INVITATIONS) };
    const VERBS: &'static [Verb] = &[
        Verb::new("create", Role::Editor, "invitation.refused"),
        Verb::new("revoke", Role::Editor, "invitation.refused"),
    ];
    type Query = Query;
    type View = View;

    async fn load(visit: &Visit, query: Query) -> engine::Result<Loaded<View>> {
        Ok(Loaded::View(view(visit, query.after.as_deref()).await?))
    }

    async fn act(visit: &Visit, _: Query, posted: Posted) -> engine::Result<Acted<View>> {
        if posted.verb == "revoke" {
            // A malformed id is an unknown one.
            let Ok(id) = posted.argument.parse() else { return Ok(Acted::Gone) };
            let by = By::Operator(&visit.operator.operator);
            return match invitations::withdraw(&visit.engine.begin(), by, id).await {
                Ok(()) => Ok(Acted::Done(format!("{}?done=revoked", nav::INVITATIONS.path))),
                Err(unknown) if unknown.kind == Kind::NotFound => Ok(Acted::Gone),
                Err(failed) => Err(failed),
            };
        }
        let made = create(visit, &posted.fields).await;
        let view = view(visit, None).await?;
        match made {
            Ok(made) => Ok(Acted::Shown(View { made: Some(made), ..view })),
            Err((field, wrong)) if wrong.kind == Kind::Invalid => Ok(Acted::Again(
                View { typed: posted.fields, ..view },
                Asks::problem(field, wrong.to_string()),
            )),
            Err((_, failed)) => Err(failed),
        }
    }

    async fn restore(visit: &Visit, query: Query, typed: Fields) -> engine::Result<Loaded<View>> {
        Ok(Loaded::View(View { typed, ..view(visit, query.after.as_deref()).await? }))
    }

    fn head(view: &View, _: &Visit) -> Head {
        let lead = match view.only {
            true => "Sign-up is by invitation. Only users with a link can create an account.".into_any(),
            false => view! { "Sign-up is open to everyone. To require an invitation, turn on "<a href=format!("{}#invite-only", nav::AUTHENTICATION.path)>"Invite only"</a>"." }.into_any(),
        };
        let read_only = (!view.editable)
            .then(|| "You have read-only access. Ask an owner or editor to create invitations.".to_owned());
        Head { lead: Some(lead), read_only, ..Head::new("Invitations", "") }
    }

    fn body(view: View, frame: &Frame<'_>) -> AnyView {
        let View { list, more, paged, editable, can_send, usual_days, made, typed, .. } = view;
        let path = nav::INVITATIONS.path;
        let older = list.last().filter(|_| more).map(|last| format!("{path}?after={}", last.id));
        let newest = paged.then(|| path.to_owned());
        let rows = list.into_iter().map(|one| row(one, editable, frame.now)).collect();
        let empty =
            Empty { title: "No invitations yet.", text: "Create one to let someone sign up.".into_any() };
        view! {
            {made.map(told)}
            {editable.then(|| form(&typed, can_send, usual_days, frame))}
            {table::table("Invitations, newest first", &["For", "State", "Created", ""], rows, empty, Pager { newest, older })}
        }
        .into_any()
    }

    fn done(word: &str) -> Option<&'static str> {
        (word == "revoked").then_some("Invitation revoked. The link no longer works.")
    }
}

async fn view(visit: &Visit, after: Option<&str>) -> engine::Result<View> {
    let ctx = visit.engine.begin();
    let after = after.and_then(|id| id.parse().ok());
    let (list, more) = table::page(invitations::list(&ctx, after, table::ROWS + 1).await?);
    let registration = &ctx.config.vestibule.registration;
    Ok(View {
        list,
        more,
        paged: after.is_some(),
        editable: visit.may(Role::Editor),
        only: registration.invite_only,
        can_send: invitations::can_send(&ctx),
        usual_days: registration.invitation_lifespan.as_secs().div_ceil(24 * 60 * 60),
        made: None,
        typed: Fields::new(),
    })
}

/// What was created, or next to which field what is wrong stands.
async fn create(visit: &Visit, typed: &Fields) -> Result<Made, (&'static str, Error)> {
    let days = trimmed(typed, DAYS);
    let lifespan = match (days.is_empty(), days.parse::<u32>()) {
        (true, _) => None,
        (false, Ok(days @ 1..=365)) => Some(invitations::days(days)),
        (false, Ok(_)) => return Err((DAYS, Error::invalid("Enter a number of days from 1 to 365."))),
        (false, Err(_)) => {
            return Err((DAYS, Error::invalid("Enter a whole number of days, or leave the field empty.")));
        }
    };
    let wanted = Wanted {
        address: Some(text(typed, ADDRESS).to_owned()),
        lifespan,
        send: trimmed(typed, "send") == "true",
    };
    let ctx = visit.engine.begin();
    invitations::make(&ctx, By::Operator(&visit.operator.operator), wanted)
        .await
        .map_err(|wrong| (ADDRESS, wrong))
}

fn form(typed: &Fields, can_send: bool, usual_days: u64, frame: &Frame<'_>) -> AnyView {
    let form = Form { fields: typed, problems: &frame.asks.problems, editable: true };
    let usual = format!("Default: {usual_days}");
    view! {
        <form method="post" action=nav::INVITATIONS.path class="form card">
            {form.field(ADDRESS, "Email").optional().mode("email").example("name@example.org").hint("If empty, anyone with the link can use it.").line()}
            {form.field(DAYS, "Expires after (days)").optional().mode("numeric").hint(&usual).line()}
            {match can_send {
                true => form.check("send", "Email the link to this address", "Using it also verifies the email, unless “Prevent account enumeration” is on."),
                false => view! { <p class="field soft">"No mail server is configured. Share the link yourself."</p> }.into_any(),
            }}
            <p class="buttons"><button class="button main" id="create" type="submit" name="action" value="create">"Create invitation"</button></p>
        </form>
    }
    .into_any()
}

fn told(made: Made) -> AnyView {
    let Made { invitation, link } = made;
    let until = on(invitation.expires_at);
    let Some(link) = link else {
        let to = name(invitation.address.unwrap_or_default());
        return view! {
            <div class="note info" role="status" id="made"><div><b>"Invitation sent to "{to}</b><p>"The link is not shown here. It can be used once and expires on "{until}"."</p></div></div>
        }
        .into_any();
    };
    let whom = invitation.address.map_or_else(
        || "Anyone with the link can sign up once, until ".into_any(),
        |address| view! { "Only "{name(address)}" can sign up with it, once, until " }.into_any(),
    );
    let text = view! { {whom}{until}"." }.into_any();
    once(
        "Copy this link now. You won’t see it again.",
        text,
        "Invitation link",
        "the invitation link",
        "link",
        link,
    )
}

fn row(one: Invitation, editable: bool, now: DateTime<Utc>) -> Row {
    let state = one.state(now);
    let word = match state {
        State::Open => "Pending",
        State::Used => "Accepted",
        State::Withdrawn => "Revoked",
        State::Expired => "Expired",
    };
    let whom = one.address.clone().unwrap_or_else(|| "Anyone with the link".to_owned());
    let since = match (one.used_at, one.withdrawn_at) {
        (Some(at), _) | (None, Some(at)) => ago(now, at),
        (None, None) => view! { "Expires on "{on(one.expires_at)} }.into_any(),
    };
    let account = one.used_by.map(|id| view! { <small>"Account "<code>{id.to_string()}</code></small> });
    let revoke = (editable && state == State::Open).then(|| {
        table::press(
            nav::INVITATIONS.path,
            0,
            format!("revoke:{}", one.id),
            "Revoke",
            format!("Revoke the invitation for {whom}"),
        )
    });
    Row {
        id: format!("invitation-{}", one.id),
        state: state.name(),
        cells: vec![
            view! { <b>{name(whom)}</b>{one.mailed.then(|| view! { <small>"Sent by email"</small> })}{account} }.into_any(),
            view! { <span class="mark">{word}</span><small>{since}</small> }.into_any(),
            view! { {when(now, one.created_at)}<small>"by "{name(one.made_by)}</small> }.into_any(),
            revoke.into_any(),
        ],
    }
}
