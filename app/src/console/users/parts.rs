//! The sections of a user's page: traits, addresses, sign-in methods, sessions, emails.

use super::super::kit::detail::facts;
use super::super::kit::text::{ago, name, on, when};
use super::super::kit::{Frame, table};
use super::super::nav;
use super::words::{device, email_status, method_name, provider_label, verification};
use chrono::{DateTime, Utc};
use engine::config::Config;
use engine::identity::schema::Trait;
use engine::identity::{Credential, Identity, State, VerifiableAddress};
use engine::model::MethodId;
use engine::session::Session;
use engine::users::{Email, User};
use leptos::prelude::*;
use serde_json::Value;

/// What the operator may do here.
#[derive(Clone, Copy)]
pub(super) struct Can {
    pub(super) edit: bool,
    pub(super) send_code: bool,
}

/// A button that posts to the page of a user.
pub(super) fn press(path: &str, action: String, label: &'static str, named: String) -> AnyView {
    table::press(path, 0, action, label, named)
}

fn path(identity: &Identity) -> String {
    format!("{}/{}", nav::USERS.path, identity.id)
}

pub(super) fn section(id: &'static str, title: &'static str, part: AnyView) -> AnyView {
    view! { <section aria-labelledby=id data-testid=id><h2 id=id>{title}</h2>{part}</section> }.into_any()
}

fn lines(lines: Vec<AnyView>, none: &'static str) -> AnyView {
    match lines.is_empty() {
        true => view! { <p class="none">{none}</p> }.into_any(),
        false => view! { <ul class="lines">{lines.into_iter().map(|line| view! { <li>{line}</li> }).collect_view()}</ul> }.into_any(),
    }
}

/// What the account is: its traits by the titles of the schema, then what the server knows.
pub(super) fn details(config: &Config, user: &User, frame: &Frame<'_>) -> AnyView {
    let identity = &user.identity;
    let mut pairs = traits(config, identity);
    let mut known = |word: &str, value: AnyView| pairs.push((word.to_owned(), value));
    known("Created", when(frame.now, identity.created_at));
    known("Updated", when(frame.now, identity.updated_at));
    if identity.state == State::Inactive {
        known("Disabled", when(frame.now, identity.state_changed_at));
    }
    known("Verification", verification(identity).into_any());
    known("Schema", view! { <code>{identity.schema_id.clone()}</code> }.into_any());
    if let Some(id) = &identity.external_id {
        known("External ID", name(id.clone()));
    }
    known("User ID", view! { <code data-testid="id">{identity.id.to_string()}</code> }.into_any());
    view! { <div class="inside columns">{facts(pairs)}</div> }.into_any()
}

fn traits(config: &Config, identity: &Identity) -> Vec<(String, AnyView)> {
    let leaves: &[Trait] = config.schema(&identity.schema_id).map_or(&[], |schema| schema.schema.traits());
    let of_leaves = leaves.iter().filter_map(|leaf| {
        let value = leaf.path.iter().try_fold(&identity.traits, |value, member| value.get(member))?;
        let title = leaf.title.clone().unwrap_or_else(|| leaf.path.join("."));
        Some((title, shown(value)))
    });
    // What the schema has no field for, such as a list of objects, or does not know any more.
    let members = identity.traits.as_object().into_iter().flatten();
    let others = members.filter(|(member, _)| !leaves.iter().any(|leaf| leaf.path.first() == Some(*member)));
    of_leaves.chain(others.map(|(member, value)| (member.clone(), shown(value)))).collect()
}

fn shown(value: &Value) -> AnyView {
    match value {
        Value::Null => "–".into_any(),
        Value::Bool(true) => "Yes".into_any(),
        Value::Bool(false) => "No".into_any(),
        Value::Number(number) => number.to_string().into_any(),
        Value::String(text) => name(text.clone()),
        Value::Array(_) | Value::Object(_) => {
            view! { <code dir="auto">{value.to_string()}</code> }.into_any()
        }
    }
}

pub(super) fn addresses(identity: &Identity, can: Can, frame: &Frame<'_>) -> AnyView {
    let verifiable = identity.verifiable_addresses.iter().map(|address| {
        let (state, word) =
            if address.verified { ("active", "Verified") } else { ("warning", "Not verified") };
        let since = address.verified_at.map(|at| view! { <small>"Verified "{ago(frame.now, at)}</small> });
        view! {
            <div><b>{name(address.value.clone())}</b>{since}</div>
            <span class="mark" data-state=state>{word}</span>
            {can.send_code.then(|| send_code(identity, address))}
        }
        .into_any()
    });
    let known = |value: &str| identity.verifiable_addresses.iter().any(|address| address.value == value);
    let recovery =
        identity.recovery_addresses.iter().filter(|address| !known(&address.value)).map(|address| {
            view! { <div><b>{name(address.value.clone())}</b><small>"Used for recovery only"</small></div> }
                .into_any()
        });
    lines(verifiable.chain(recovery).collect(), "This user has no email or phone number.")
}

fn send_code(identity: &Identity, address: &VerifiableAddress) -> Option<AnyView> {
    let wanted = !address.verified && address.via == "email";
    let named = format!("Send code to {}", address.value);
    wanted.then(|| press(&path(identity), format!("send-code:{}", address.id), "Send code", named))
}

pub(super) fn methods(config: &Config, user: &User, frame: &Frame<'_>) -> AnyView {
    let all = user.methods().flat_map(|own| method(config, own, frame.now)).collect();
    lines(all, "This user has no sign-in method.")
}

fn method(config: &Config, own: &Credential, now: DateTime<Utc>) -> Vec<AnyView> {
    let kind = MethodId::parse(&own.kind);
    if kind != Some(MethodId::Oidc) {
        let title = kind.map_or_else(|| own.kind.clone(), |method| method_name(method).to_owned());
        let changed = ago(now, own.updated_at);
        return vec![view! { <div><b>{title}</b><small>"Last changed "{changed}</small></div> }.into_any()];
    }
    let links = own.config.get("providers").and_then(Value::as_array).into_iter().flatten();
    links
        .map(|link| {
            let text = |member: &str| link.get(member).and_then(Value::as_str).unwrap_or_default().to_owned();
            let label = provider_label(config, &text("provider"));
            view! { <div><b>{name(label)}</b><small>"Subject "{name(text("subject"))}</small></div> }
                .into_any()
        })
        .collect()
}

pub(super) fn sessions(
    user: &User,
    sessions: Vec<Session>,
    count: i64,
    can: Can,
    frame: &Frame<'_>,
) -> AnyView {
    let hidden = count - i64::try_from(sessions.len()).unwrap_or(count);
    let path = path(&user.identity);
    let everywhere = (can.edit && count > 0).then(|| {
        let (action, label) = ("sign-out-everywhere", "Sign out everywhere");
        view! { <div class="after">{press(&path, action.to_owned(), label, label.to_owned())}</div> }
    });
    let all = sessions.into_iter().map(|session| one_session(&session, &path, can, frame)).collect();
    let more = (hidden > 0)
        .then(|| view! { <p class="none">{format!("{hidden} older sessions are not listed.")}</p> });
    view! { {lines(all, "This user is not signed in anywhere.")}{more}{everywhere} }.into_any()
}

fn one_session(session: &Session, path: &str, can: Can, frame: &Frame<'_>) -> AnyView {
    let newest = session.devices.last();
    let called = device(newest.map_or("", |device| device.user_agent.as_str()));
    let ip = newest.map(|device| device.ip_address.clone()).filter(|ip| !ip.is_empty());
    let end = can
        .edit
        .then(|| press(path, format!("sign-out:{}", session.id), "Sign out", format!("Sign out {called}")));
    view! {
        <div data-testid=format!("session-{}", session.id)>
            <b>{name(called)}</b>
            <small>{ip.map(|ip| view! { {ip}" · " })}"signed in "{ago(frame.now, session.authenticated_at)}" · expires "{on(session.expires_at)}</small>
        </div>
        {end}
    }
    .into_any()
}

pub(super) fn emails(emails: Vec<Email>, frame: &Frame<'_>) -> AnyView {
    let all = emails.into_iter().map(|email| {
        let (state, word) = email_status(email.status);
        view! {
            <div><b>{name(email.subject)}</b><small>"To "{name(email.to)}" · "{ago(frame.now, email.created_at)}</small></div>
            <span class="mark" data-state=state>{word}</span>
        }
        .into_any()
    });
    lines(all.collect(), "No emails were sent to this user, or they were deleted since.")
}
