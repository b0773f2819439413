//! *Sessions*: who is signed in where, with a way to sign users out.

use super::fields::{Fields, trimmed};
use super::kit::filters::{self, Filter, Kind};
use super::kit::form::id;
use super::kit::table::{self, Empty, Pager, Row};
use super::kit::text::{name, on, when};
use super::kit::{Acted, Asks, Frame, Head, Loaded, Meta, Page, Posted, Verb, Visit};
use super::nav;
use super::users::device;
use engine::ids::SessionId;
use engine::operators::Role;
use engine::session::Session;
use engine::users::{self, Condition, FoundSessions, User, WantedSessions};
use leptos::prelude::*;

const USER: &str = "user";
const STATE: &str = "state";
const AFTER: &str = "after";
/// The name of a checkbox is this and the ID of a session.
const SELECTED: &str = "session.";
const SIGN_OUT_SELECTED: &str = "sign_out_selected";

pub(super) struct Sessions;

pub(super) struct View {
    filters: Vec<Filter>,
    values: Fields,
    after: String,
    found: FoundSessions,
    condition: Condition,
    editable: bool,
    /// Checkboxes as they were sent.
    typed: Fields,
}

impl Page for Sessions {
    const META: Meta = Meta::of(&nav::SESSIONS);
    const VERBS: &'static [Verb] = &[Verb::new("sign-out", Role::Editor, "user.refused")];
    type Query = Fields;
    type View = View;

    async fn load(visit: &Visit, query: Fields) -> engine::Result<Loaded<View>> {
        Ok(Loaded::View(view(visit, &query, Fields::new()).await?))
    }

    /// The session of the row's button, or every selected one.
    async fn act(visit: &Visit, query: Fields, posted: Posted) -> engine::Result<Acted<View>> {
        let chosen: Vec<SessionId> = match posted.argument.as_str() {
            "" => posted.fields.keys().filter_map(|name| name.strip_prefix(SELECTED)?.parse().ok()).collect(),
            one => one.parse().into_iter().collect(),
        };
        if chosen.is_empty() {
            let view = view(visit, &query, posted.fields).await?;
            return Ok(Acted::Again(view, Asks::problem(SIGN_OUT_SELECTED, "Select at least one session.")));
        }
        users::sign_out(&visit.engine.begin(), &visit.operator.operator, &chosen).await?;
        let values = filters::read(&filters(), &query);
        Ok(Acted::Done(filters::address(nav::SESSIONS.path, &values, &[("done", "signed-out")])))
    }

    fn head(view: &View, _: &Visit) -> Head {
        let lead = match view.condition {
            Condition::Active => "Users who are signed in now. The session that expires last comes first.",
            Condition::Expired => "Sessions that expired. The latest one comes first.",
            Condition::Revoked => "Sessions that were signed out before they expired.",
        };
        let read_only = (!view.editable)
            .then(|| "You have read-only access. Ask an owner or editor to sign users out.".to_owned());
        Head { read_only, ..Head::new("Sessions", lead) }
    }

    fn body(view: View, frame: &Frame<'_>) -> AnyView {
        let View { filters, values, after, found, condition, editable, typed } = view;
        let path = nav::SESSIONS.path;
        let can_end = editable && condition == Condition::Active && !found.sessions.is_empty();
        let next = found.next.map(|next| filters::address(path, &values, &[(AFTER, &next)]));
        let first = (!after.is_empty()).then(|| filters::address(path, &values, &[]));
        let pages = (first.is_some() || next.is_some()).then(|| {
            view! {
                <nav class="pages" aria-label="Pages">
                    {first.map(|to| view! { <a class="button" href=to>"First page"</a> })}
                    {next.map(|to| view! { <a class="button" href=to rel="next">"Next page"</a> })}
                </nav>
            }
        });
        let here = match after.as_str() {
            "" => filters::address(path, &values, &[]),
            after => filters::address(path, &values, &[(AFTER, after)]),
        };
        let rows =
            found.sessions.into_iter().map(|(session, user)| row(session, &user, can_end, &typed, frame));
        let columns: &[&'static str] = match can_end {
            true => &["User", "Device", "Signed in", ""],
            false => &["User", "Device", "Signed in"],
        };
        let table = table::table("Sessions", columns, rows.collect(), empty(&values), Pager::default());
        let listed = match can_end {
            true => view! {
                <form method="post" action=here>
                    <p class="buttons chosen"><button class="button" id=id(SIGN_OUT_SELECTED) type="submit" name="action" value="sign-out">"Sign out selected"</button></p>
                    {table}
                </form>
            }
            .into_any(),
            false => table,
        };
        view! { {filters::bar(path, &filters, &values)}{listed}{pages} }.into_any()
    }

    fn done(word: &str) -> Option<&'static str> {
        (word == "signed-out").then_some("Signed out.")
    }
}

fn filters() -> Vec<Filter> {
    let option = |value: &str, words: &str| (value.to_owned(), words.to_owned());
    vec![
        Filter {
            name: USER,
            label: "Email, phone number, username or user ID",
            kind: Kind::Search("ada@example.org"),
        },
        Filter {
            name: STATE,
            label: "State",
            kind: Kind::Choice {
                any: "Active",
                options: vec![option("expired", "Expired"), option("revoked", "Signed out")],
            },
        },
    ]
}

async fn view(visit: &Visit, query: &Fields, typed: Fields) -> engine::Result<View> {
    let filters = filters();
    let values = filters::read(&filters, query);
    let after = trimmed(query, AFTER).to_owned();
    let condition = match trimmed(&values, STATE) {
        "expired" => Condition::Expired,
        "revoked" => Condition::Revoked,
        _ => Condition::Active,
    };
    let wanted = WantedSessions {
        condition,
        user: trimmed(&values, USER),
        after: Some(after.as_str()).filter(|after| !after.is_empty()),
    };
    let limit = usize::try_from(table::ROWS).unwrap_or(usize::MAX);
    let found = users::sessions(&visit.engine.begin(), wanted, limit).await?;
    let editable = visit.may(Role::Editor);
    Ok(View { filters, values, after, found, condition, editable, typed })
}

fn empty(values: &Fields) -> Empty {
    match values.is_empty() {
        true => Empty {
            title: "No active sessions.",
            text: "Users who sign in appear here.".into_any(),
        },
        false => Empty {
            title: "No matches.",
            text: view! { "No session matches these filters. Enter the whole identifier of the user. "<a href=nav::SESSIONS.path>"Clear filters"</a> }.into_any(),
        },
    }
}

fn row(session: Session, user: &User, can_end: bool, typed: &Fields, frame: &Frame<'_>) -> Row {
    let Session { id: session_id, devices, active, authenticated_at, expires_at, .. } = session;
    let end = match (active, expires_at > frame.now) {
        (true, true) => "Expires ",
        (true, false) => "Expired ",
        (false, _) => "Signed out. Expiry ",
    };
    let (title, handle) = (user.title(), user.handle());
    let beside = (title != handle).then(|| view! { <small>{name(handle)}</small> });
    let newest = devices.last();
    let called = device(newest.map_or("", |device| device.user_agent.as_str()));
    let ip = newest.map(|device| device.ip_address.clone()).filter(|ip| !ip.is_empty());
    let who = format!("{title}, {called}");
    let checkbox = can_end.then(|| {
        let field = format!("{SELECTED}{session_id}");
        let checked = typed.contains_key(&field);
        view! { <input class="choose" type="checkbox" name=field value="true" checked=checked aria-label=format!("Select {who}") /> }
    });
    let link = format!("{}/{}", nav::USERS.path, user.identity.id);
    let mut cells = vec![
        view! { <span class="chooses">{checkbox}<span><a href=link>{name(title)}</a>{beside}</span></span> }
            .into_any(),
        view! { {name(called)}{ip.map(|ip| view! { <small>{ip}</small> })} }.into_any(),
        view! { {when(frame.now, authenticated_at)}<small>{end}{on(expires_at)}</small> }.into_any(),
    ];
    if can_end {
        cells.push(view! { <button class="button small" type="submit" name="action" value=format!("sign-out:{session_id}") aria-label=format!("Sign out {who}")>"Sign out"</button> }.into_any());
    }
    Row { id: format!("session-{session_id}"), state: "", cells }
}
