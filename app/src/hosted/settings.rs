//! The account settings: profile, password, providers, and the sessions of the account. Each part is a form of its own, so that Enter sends what the
//! user edits.

use super::document::{Glyph, document, icon};
use super::field::hidden;
use super::form::{Rules, button, has_errors, notices, sheet, summary};
use super::{Restarted, Site};
use crate::device::device;
use engine::method::oidc::Connection;
use engine::ui::{Container, Group, Input, InputKind, Node, TextKind};
use leptos::prelude::*;

const UNAVAILABLE: &str = "Not available right now. Contact the owner of this service.";

#[derive(Clone, Debug)]
pub struct Settings {
    pub ui: Container,
    pub rules: Rules,
    /// The email or name by which the user knows the account.
    pub who: String,
    /// Providers, whether they sign in to the account or not.
    pub connections: Vec<Connection>,
    pub restarted: Option<Restarted>,
    /// The one that shows the page comes first.
    pub sessions: Vec<Shown>,
    /// Where a form ends sessions, its anti-forgery token, and the settings form to return to.
    pub end: (String, String, String),
    /// The engine's logout URL without its query, and the token for it.
    pub logout: (String, String),
}

/// One session.
#[derive(Clone, Debug)]
pub struct Shown {
    pub id: String,
    pub user_agent: String,
    pub ip_address: String,
    /// When the user signed in: for machines (RFC 3339) and as shown.
    pub since: (String, String),
}

pub fn settings(site: &Site, page: Settings) -> String {
    let failed = has_errors(&page.ui);
    let mut ui = page.ui;
    if failed {
        // The form keeps what it said of an earlier change.
        ui.messages.retain(|message| message.kind != TextKind::Success);
    }
    let part = |group: Group| {
        let nodes = ui.nodes.iter().flatten().filter(|node| node.group == group || is_hidden(node));
        let own: Vec<Node> = nodes.cloned().collect();
        own.iter().any(|node| node.group == group).then(|| Container {
            nodes: Some(own),
            messages: Vec::new(),
            action: ui.action.clone(),
            method: ui.method.clone(),
        })
    };
    let (profile, password) = (part(Group::Profile), part(Group::Password));
    let before = profile.as_ref().map_or(0, fields);
    let connected = connected(&page.connections, part(Group::Oidc).as_ref(), &ui);
    let nothing = profile.is_none() && password.is_none() && connected.is_none();
    let profile = profile.map(|own| {
        view! {
            <section aria-labelledby="profile">
                <h2 id="profile">"Profile"</h2>
                {sheet(&own, page.rules, UNAVAILABLE, 0)}
            </section>
        }
    });
    let who = page.who.clone();
    let password = password.map(|mut own| {
        // A password manager stores the new password with this name.
        let name = Input {
            kind: InputKind::Hidden,
            name: "identifier".to_owned(),
            value: Some(who.into()),
            ..Input::default()
        };
        own.nodes
            .iter_mut()
            .for_each(|nodes| nodes.push(Node::new_input(Group::Default, None, name.clone())));
        view! {
            <section aria-labelledby="password">
                <h2 id="password">"Password"</h2>
                {sheet(&own, page.rules, UNAVAILABLE, before)}
            </section>
        }
    });
    let restarted = page.restarted.map(|why| {
        view! { <p class="note" data-testid="restarted">{icon(Glyph::Note)} {why.sentence()}</p> }
    });
    let (action, token) = page.logout;
    let main = view! {
        <h1>"Account settings"</h1>
        <p class="lead" data-testid="signed-in-as">"as " <b><bdi>{page.who}</bdi></b></p>
        {restarted}
        {summary(&ui)}
        {notices(&ui)}
        {nothing.then(|| view! { <p class="note" data-testid="unavailable">{UNAVAILABLE}</p> })}
        {profile}
        {password}
        {connected}
        {sessions(page.sessions, &page.end)}
        <form action=action method="get">
            <input type="hidden" name="token" value=token />
            <button type="submit" data-testid="logout">"Sign out"</button>
        </form>
    };
    document(site, "Account settings", failed, main)
}

fn is_hidden(node: &Node) -> bool {
    node.input().is_some_and(|input| input.kind == InputKind::Hidden)
}

/// How many fields of a form are shown.
fn fields(ui: &Container) -> usize {
    let shown = |node: &&Node| {
        !node.input().is_some_and(|input| {
            matches!(input.kind, InputKind::Hidden | InputKind::Submit | InputKind::Button)
        })
    };
    ui.nodes.iter().flatten().filter(shown).count()
}

/// Providers with their buttons; `None` without any.
fn connected(all: &[Connection], part: Option<&Container>, form: &Container) -> Option<AnyView> {
    if all.is_empty() {
        return None;
    }
    let nodes = || part.and_then(|part| part.nodes.as_deref()).unwrap_or_default().iter();
    let rows: Vec<_> = all
        .iter()
        .map(|one| {
            // A form that is open for a while may have the button of before.
            let wanted = if one.is_linked { "unlink" } else { "link" };
            let own = nodes().find(|node| {
                let value = node.input().and_then(|input| input.value.as_ref());
                node.id() == wanted && value.is_some_and(|value| value.as_str() == Some(&one.id))
            });
            let state = match (one.is_linked, own.is_some()) {
                (true, true) => "Connected",
                (true, false) => "Connected. You need another sign-in method before you can disconnect it.",
                (false, _) => "Not connected",
            };
            let own = own.map(|node| {
                let hidden: Vec<_> = nodes().filter(|node| is_hidden(node)).map(hidden).collect();
                view! {
                    <form action=form.action.clone() method="post">{hidden} {button(node, None, false)}</form>
                }
            });
            view! {
                <li data-testid="connection">
                    <b><bdi>{one.label.clone()}</bdi></b>
                    <p class="hint">{state}</p>
                    {own}
                </li>
            }
        })
        .collect();
    Some(
        view! {
            <section aria-labelledby="connected">
                <h2 id="connected">"Connected accounts"</h2>
                <ul class="rows">{rows}</ul>
            </section>
        }
        .into_any(),
    )
}

fn sessions(all: Vec<Shown>, (action, token, flow): &(String, String, String)) -> AnyView {
    let others = all.len() > 1;
    let form = |session: &str, label: &'static str, test: &'static str| {
        view! {
            <form action=action.clone() method="post">
                <input type="hidden" name="csrf_token" value=token.clone() />
                <input type="hidden" name="flow" value=flow.clone() />
                <button type="submit" name="session" value=session.to_owned() data-testid=test>{label}</button>
            </form>
        }
    };
    let rows: Vec<_> = all
        .into_iter()
        .enumerate()
        .map(|(at, one)| {
            let address = (!one.ip_address.is_empty()).then(|| format!(" · {}", one.ip_address));
            let end = match at {
                0 => view! { <p class="hint">"This device"</p> }.into_any(),
                _ => form(&one.id, "Sign out", "end-session").into_any(),
            };
            view! {
                <li data-testid="session">
                    <b>{device(&one.user_agent)}</b>
                    {address}
                    <p class="hint">"Signed in " <time datetime=one.since.0>{one.since.1}</time></p>
                    {end}
                </li>
            }
        })
        .collect();
    let everywhere = others.then(|| form("others", "Sign out everywhere else", "end-others"));
    view! {
        <section aria-labelledby="sessions">
            <h2 id="sessions">"Where you’re signed in"</h2>
            <ul class="rows">{rows}</ul>
            {everywhere}
        </section>
    }
    .into_any()
}
