//! One operator: role, sessions, access. The rules are in `engine::operators`.

use super::fields::{Fields, trimmed};
use super::kit::detail::{facts, once};
use super::kit::form::Form;
use super::kit::table::{self, Empty, Pager, Row};
use super::kit::text::{name, note, on, when};
use super::kit::{Acted, Asks, Frame, Head, Loaded, Meta, Page, Posted, Verb, Visit};
use super::nav::{self, role_name};
use super::operators::{ROLES, state};
use chrono::{DateTime, Utc};
use engine::Kind;
use engine::operators::account::{self, Open};
use engine::operators::{self, By, Enabled, Operator, Role};
use engine::settings::Severity;
use leptos::prelude::*;
use serde::Deserialize;

pub(super) struct OneOperator;

#[derive(Default, Deserialize)]
pub(super) struct Query {
    id: String,
}

pub(super) struct View {
    operator: Operator,
    sessions: Vec<Open>,
    /// The operator who looks.
    own: bool,
    /// The only active owner.
    last: bool,
    /// A link for a new password that was just created.
    link: Option<String>,
}

impl Page for OneOperator {
    const META: Meta = Meta {
        refused: "operator.refused",
        draft: Some(|_| true),
        ..Meta::of(&nav::OPERATORS).at("/operators/{id}")
    };
    const VERBS: &'static [Verb] = &[
        Verb::new("role", Role::Owner, "operator.refused").confirming(),
        Verb::new("sign_out", Role::Owner, "operator.refused").confirming(),
        Verb::new("reset_link", Role::Owner, "operator.refused").confirming(),
        Verb::new("disable", Role::Owner, "operator.refused").confirming(),
        Verb::new("enable", Role::Owner, "operator.refused").confirming(),
    ];
    type Query = Query;
    type View = View;

    async fn load(visit: &Visit, query: Query) -> engine::Result<Loaded<View>> {
        Ok(view(visit, &query.id).await?.into())
    }

    async fn act(visit: &Visit, query: Query, posted: Posted) -> engine::Result<Acted<View>> {
        let Some(shown) = view(visit, &query.id).await? else { return Ok(Acted::Gone) };
        if visit.is_stale() {
            return Ok(Acted::Again(shown, Asks::password(&posted)));
        }
        let (engine, by, email) = (&visit.engine, By::Owner(&visit.operator), shown.operator.email.clone());
        let done = |word: &str| Acted::Done(format!("{}/{}?done={word}", nav::OPERATORS.path, query.id));
        let acted = match posted.verb {
            "role" => {
                let Some(role) = Role::parse(trimmed(&posted.fields, "role")) else {
                    return Ok(Acted::Again(shown, Asks::problem("role", "Select a role.")));
                };
                operators::set_role(engine, by, &email, role).await.map(|found| found.then(|| done("role")))
            }
            "sign_out" => {
                let ended = operators::sign_out_everywhere(engine, by, &email).await;
                ended.map(|ended| ended.map(|_| done("signed_out")))
            }
            "reset_link" => operators::issue_reset_link(engine, by, &email).await.map(|secret| {
                let link = operators::link(&engine.begin().config, "reset", &secret?);
                Some(Acted::Shown(View { link: Some(link), ..view_again(&shown) }))
            }),
            "disable" => {
                operators::disable(engine, by, &email).await.map(|found| found.then(|| done("disabled")))
            }
            _ => operators::enable(engine, by, &email).await.map(|enabled| match enabled {
                Enabled::Again | Enabled::Already => Some(done("enabled")),
                Enabled::Nobody => None,
            }),
        };
        match acted {
            Ok(acted) => Ok(acted.unwrap_or(Acted::Gone)),
            Err(wrong) if wrong.kind == Kind::Invalid => {
                Ok(Acted::Again(shown, Asks::problem("role", wrong.to_string())))
            }
            Err(failed) => Err(failed),
        }
    }

    fn head(view: &View, _: &Visit) -> Head {
        Head::new(view.operator.name.clone(), "").below(&nav::OPERATORS)
    }

    fn body(view: View, frame: &Frame<'_>) -> AnyView {
        let View { operator, sessions, own, last, link } = view;
        let (id, word) = state(&operator);
        let known = facts(vec![
            ("Email".to_owned(), name(operator.email.clone())),
            ("Role".to_owned(), role_name(operator.role).into_any()),
            (
                "State".to_owned(),
                view! { <span class="mark" data-testid="state" data-state=id>{word}</span> }.into_any(),
            ),
            ("Created".to_owned(), on(operator.created_at)),
        ]);
        let why = last.then(|| {
            note(
                Severity::Info,
                "This is the last active owner",
                "The role can’t be changed and the operator can’t be disabled. Give another operator the owner role first.",
            )
        });
        let (role, access) = ((!last).then(|| roles(&operator, frame)), access(&operator, own, last));
        view! {
            {link.map(|link| told(&operator, link))}
            {known}
            {why}
            {role}
            <h2>"Access"</h2>
            {access}
            <h2>"Sessions"</h2>
            {list(sessions, frame.now, None)}
        }
        .into_any()
    }

    fn done(word: &str) -> Option<&'static str> {
        match word {
            "role" => Some("Role changed. It applies from the operator’s next request."),
            "signed_out" => Some("The operator is signed out everywhere."),
            "disabled" => Some("Operator disabled and signed out everywhere."),
            "enabled" => Some("Operator enabled. The existing password works again."),
            _ => None,
        }
    }
}

async fn view(visit: &Visit, id: &str) -> engine::Result<Option<View>> {
    // A malformed id is an unknown one.
    let Ok(id) = id.parse() else { return Ok(None) };
    let Some(operator) = operators::get(&visit.engine, id).await? else { return Ok(None) };
    let active = |operator: &Operator| operator.role == Role::Owner && !operator.disabled;
    let owners = operators::list(&visit.engine).await?.iter().filter(|other| active(other)).count();
    Ok(Some(View {
        sessions: account::sessions(&visit.engine, operator.id, Some(&visit.operator)).await?,
        own: operator.id == visit.operator.operator.id,
        last: active(&operator) && owners < 2,
        operator,
        link: None,
    }))
}

/// What a link changes nothing of.
fn view_again(View { operator, sessions, own, last, .. }: &View) -> View {
    View { operator: operator.clone(), sessions: sessions.clone(), own: *own, last: *last, link: None }
}

fn told(operator: &Operator, link: String) -> AnyView {
    let text = view! { "With it, "{name(operator.email.clone())}" sets a new password. It can be used once, within one hour. Anyone with this link can sign in as this operator." };
    let title = "Copy this link now. You won’t see it again.";
    once(title, text.into_any(), "Reset link", "the reset link", "link", link)
}

fn roles(operator: &Operator, frame: &Frame<'_>) -> AnyView {
    let chosen = Fields::from([("role".to_owned(), operator.role.name().to_owned())]);
    let form = Form { fields: &chosen, problems: &frame.asks.problems, editable: true };
    let roles = ROLES.map(|(role, about)| form.radio("role", role.name(), role_name(role), about));
    view! {
        <h2>"Role"</h2>
        <form method="post" class="form card">
            <fieldset class="field" id="role">
                <legend class="unseen">"Role"</legend>
                {form.problem("role")}
                {roles.into_iter().collect_view()}
            </fieldset>
            <p class="buttons"><button class="button main" id="change-role" type="submit" name="action" value="role">"Change role"</button></p>
        </form>
    }
    .into_any()
}

/// What an owner can do with the operator's access, each with what it causes.
fn access(operator: &Operator, own: bool, last: bool) -> AnyView {
    let one = |verb: &'static str, label: &'static str, what: &'static str| {
        view! {
            <form method="post" class="row">
                <p>{what}</p>
                <button class="button" type="submit" id=super::kit::form::id(verb) name="action" value=verb>{label}</button>
            </form>
        }
        .into_any()
    };
    let mut all = Vec::new();
    if own {
        all.push(
            view! { <div class="row"><p>"This is you. Change your name and password on "<a href=nav::ACCOUNT.path>"Your account"</a>"."</p></div> }
                .into_any(),
        );
    }
    if operator.disabled {
        all.push(one("enable", "Enable operator", "Allows sign-in again, with the existing password."));
    } else {
        all.push(one("sign_out", "Sign out everywhere", "Ends all sessions of this operator."));
        if !own {
            let what = "Creates a link for a new password. It is shown once, and valid for one hour.";
            all.push(one("reset_link", "Create reset link", what));
        }
        if !last {
            let what = "Ends all sessions and blocks sign-in. You can enable the operator again.";
            all.push(one("disable", "Disable operator", what));
        }
    }
    view! { <section>{all}</section> }.into_any()
}

/// Sessions that have not ended. `end`: the path to which a button posts that ends one.
pub(super) fn list(sessions: Vec<Open>, now: DateTime<Utc>, end: Option<&'static str>) -> AnyView {
    let empty = Empty { title: "No sessions.", text: "The operator is not signed in.".into_any() };
    let rows = sessions.into_iter().map(|session| {
        let address = session.address.map_or_else(|| "Unknown network".into_any(), name);
        let this = session.own.then(|| view! { " "<span class="mark">"This session"</span> });
        let button = end.filter(|_| !session.own).map(|path| {
            let named = format!("Sign out session {}", &session.name[..6]);
            table::press(path, 0, format!("end:{}", session.name), "Sign out", named)
        });
        Row {
            id: format!("session-{}", session.name),
            state: if session.own { "current" } else { "" },
            cells: vec![
                view! { {address}{this} }.into_any(),
                when(now, session.authenticated_at),
                on(session.expires_at),
                button.into_any(),
            ],
        }
    });
    let columns = ["Network", "Password entered", "Expires", ""];
    table::table("Sessions", &columns, rows.collect(), empty, Pager::default())
}
