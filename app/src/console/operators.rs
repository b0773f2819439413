//! *Operators*: who has access to the console. Invite someone by a link that is shown once, and see who is invited.

use super::fields::{Fields, text, trimmed};
use super::kit::detail::once;
use super::kit::form::Form;
use super::kit::table::{self, Empty, Pager, Row};
use super::kit::text::{name, on, when};
use super::kit::{Acted, Asks, Frame, Head, Loaded, Meta, Page, Posted, Verb, Visit};
use super::nav::{self, role_name};
use engine::ids::OperatorId;
use engine::operators::invite::{self, Invited, Pending};
use engine::operators::{self, By, Operator, Role};
use leptos::prelude::*;
use std::collections::BTreeMap;

const EMAIL: &str = "email";
const ROLE: &str = "role";

pub(super) const ROLES: [(Role, &str); 3] = [
    (Role::Viewer, "Read-only access."),
    (Role::Editor, "Changes settings, except for dangerous changes."),
    (Role::Owner, "Full access, including dangerous changes and operators."),
];

pub(super) struct Operators;

pub(super) struct View {
    operators: Vec<Operator>,
    pending: Vec<Pending>,
    own: OperatorId,
    /// The invitation that was just created, and its link.
    made: Option<(Invited, String)>,
    typed: Fields,
}

impl Page for Operators {
    const META: Meta = Meta { refused: "operator.refused", ..Meta::of(&nav::OPERATORS) };
    const VERBS: &'static [Verb] = &[
        Verb::new("invite", Role::Owner, "operator.refused").confirming(),
        Verb::new("revoke", Role::Owner, "operator.refused").confirming(),
    ];
    type Query = BTreeMap<String, String>;
    type View = View;

    async fn load(visit: &Visit, _: Self::Query) -> engine::Result<Loaded<View>> {
        Ok(Loaded::View(view(visit).await?))
    }

    async fn act(visit: &Visit, _: Self::Query, posted: Posted) -> engine::Result<Acted<View>> {
        let shown = async || -> engine::Result<View> {
            Ok(View { typed: posted.fields.clone(), ..view(visit).await? })
        };
        if visit.is_stale() {
            return Ok(Acted::Again(shown().await?, Asks::password(&posted)));
        }
        let by = By::Owner(&visit.operator);
        if posted.verb == "revoke" {
            return Ok(match invite::revoke(&visit.engine, by, &posted.argument).await? {
                true => Acted::Done(format!("{}?done=revoked", nav::OPERATORS.path)),
                false => Acted::Gone,
            });
        }
        let Some(role) = Role::parse(trimmed(&posted.fields, ROLE)) else {
            return Ok(Acted::Again(shown().await?, Asks::problem(ROLE, "Select a role.")));
        };
        Ok(match invite::invite(&visit.engine, by, text(&posted.fields, EMAIL), role).await? {
            Ok(invited) => {
                let link = operators::link(&visit.engine.begin().config, "join", &invited.secret);
                Acted::Shown(View { made: Some((invited, link)), ..view(visit).await? })
            }
            Err(sentence) => Acted::Again(shown().await?, Asks::problem(EMAIL, sentence)),
        })
    }

    fn head(_: &View, _: &Visit) -> Head {
        Head::new(
            "Operators",
            "Operators have access to this console. The audit lists what each of them did.",
        )
    }

    fn body(view: View, frame: &Frame<'_>) -> AnyView {
        let View { operators, pending, own, made, typed } = view;
        let rows = operators.into_iter().map(|operator| row(operator, own, frame)).collect();
        let nobody = || Empty { title: "No operators.", text: ().into_any() };
        let pending = (!pending.is_empty()).then(|| {
            let rows = pending.into_iter().map(invitation).collect();
            let columns = ["For", "Role", "Created by", "Expires", ""];
            view! {
                <h2>"Pending invitations"</h2>
                {table::table("Pending invitations", &columns, rows, nobody(), Pager::default())}
            }
        });
        view! {
            {made.map(|(invited, link)| told(&invited, link))}
            {table::table("Operators, oldest first", &["Operator", "Role", "State", "Created"], rows, nobody(), Pager::default())}
            {pending}
            <h2>"Invite an operator"</h2>
            {form(&typed, frame)}
        }
        .into_any()
    }

    fn done(word: &str) -> Option<&'static str> {
        (word == "revoked").then_some("Invitation revoked. The link no longer works.")
    }
}

async fn view(visit: &Visit) -> engine::Result<View> {
    Ok(View {
        operators: operators::list(&visit.engine).await?,
        pending: invite::pending(&visit.engine).await?,
        own: visit.operator.operator.id,
        made: None,
        typed: Fields::from([(ROLE.to_owned(), Role::Viewer.name().to_owned())]),
    })
}

fn form(typed: &Fields, frame: &Frame<'_>) -> AnyView {
    let form = Form { fields: typed, problems: &frame.asks.problems, editable: true };
    let roles = ROLES.map(|(role, about)| form.radio(ROLE, role.name(), role_name(role), about));
    view! {
        <form method="post" action=nav::OPERATORS.path class="form card">
            {form.field(EMAIL, "Email").mode("email").example("ann@example.org").hint("For the sign-in. Nothing is sent to it: share the link yourself.").line()}
            <fieldset class="field" id=ROLE>
                <legend>"Role"</legend>
                {form.problem(ROLE)}
                {roles.into_iter().collect_view()}
            </fieldset>
            <p class="buttons"><button class="button main" id="invite" type="submit" name="action" value="invite">"Create invitation"</button></p>
        </form>
    }
    .into_any()
}

fn told(invited: &Invited, link: String) -> AnyView {
    let text = view! { "Only "{name(invited.email.clone())}" can use it, once, until "{on(invited.expires_at)}". It creates an operator with the role "{role_name(invited.role)}"." };
    let title = "Copy this link now. You won’t see it again.";
    once(title, text.into_any(), "Invitation link", "the invitation link", "link", link)
}

fn row(operator: Operator, own: OperatorId, frame: &Frame<'_>) -> Row {
    let (state, word) = state(&operator);
    let you = (operator.id == own).then(|| view! { " "<span class="mark">"You"</span> });
    let to = format!("{}/{}", nav::OPERATORS.path, operator.id);
    Row {
        id: format!("operator-{}", operator.email),
        state,
        cells: vec![
            view! { <a href=to><b>{name(operator.name)}</b></a>{you}<small>{name(operator.email)}</small> }
                .into_any(),
            role_name(operator.role).into_any(),
            view! { <span class="mark">{word}</span> }.into_any(),
            when(frame.now, operator.created_at),
        ],
    }
}

/// A word for styles and tests, and one to read.
pub(super) fn state(operator: &Operator) -> (&'static str, &'static str) {
    if operator.disabled { ("disabled", "Disabled") } else { ("active", "Active") }
}

fn invitation(pending: Pending) -> Row {
    let email = pending.invitation.email;
    let named = format!("Revoke the invitation for {email}");
    Row {
        id: format!("invitation-{email}"),
        state: "open",
        cells: vec![
            name(email.clone()),
            role_name(pending.invitation.role).into_any(),
            pending.by.map(name).into_any(),
            on(pending.expires_at),
            table::press(nav::OPERATORS.path, 0, format!("revoke:{email}"), "Revoke", named),
        ],
    }
}
