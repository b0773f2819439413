//! *Limits*: who is slowed down and why, and the way to clear it. What is counted and how is in `engine::limits`.

use super::fields::{Fields, trimmed};
use super::kit::filters::{self, Filter, Kind};
use super::kit::form::Form;
use super::kit::table::{self, Empty, Pager, Row};
use super::kit::text::{name, note, when};
use super::kit::{Acted, Asks, Frame, Head, Loaded, Meta, Page, Posted, Verb, Visit};
use super::nav;
use chrono::{DateTime, Utc};
use engine::limits::Limit;
use engine::limits::report::{self, Slowed, Whom};
use engine::operators::Role;
use engine::settings::Severity;
use leptos::prelude::*;
use std::net::IpAddr;

const ACCOUNT: &str = "account";
const CLIENT: &str = "client";
/// Rows that are shown.
const SHOWN: usize = 200;

pub(super) struct Limits;

pub(super) struct View {
    slowed: Vec<Slowed>,
    more: bool,
    filters: Fields,
    /// The limits are turned off.
    off: bool,
}

impl Page for Limits {
    const META: Meta = Meta::of(&nav::LIMITS);
    const VERBS: &'static [Verb] = &[Verb::new("clear", Role::Editor, "limits.refused")];
    type Query = Fields;
    type View = View;

    async fn load(visit: &Visit, query: Fields) -> engine::Result<Loaded<View>> {
        Ok(Loaded::View(view(visit, filters::read(&known(), &query)).await?))
    }

    async fn act(visit: &Visit, _: Fields, posted: Posted) -> engine::Result<Acted<View>> {
        let whom = match (posted.argument.as_str(), posted.argument.split_once(':')) {
            ("all", _) => Ok(Whom::Everyone),
            (_, Some(("subject", digest))) => match bytes(digest) {
                Some(digest) => Ok(Whom::Subject(digest)),
                None => return Ok(Acted::Gone),
            },
            (_, Some(("client", address))) => address.parse().map(Whom::Client).map_err(|_| NO_ADDRESS),
            _ => return Ok(Acted::Gone),
        };
        match whom {
            Ok(whom) => {
                report::clear(&visit.engine, &whom, &visit.operator.operator.email).await?;
                Ok(Acted::Done(format!("{}?done=cleared", nav::LIMITS.path)))
            }
            Err(sentence) => {
                Ok(Acted::Again(view(visit, Fields::new()).await?, Asks::problem("filter-client", sentence)))
            }
        }
    }

    fn head(_: &View, _: &Visit) -> Head {
        Head::new(
            nav::LIMITS.title,
            "Users and clients that have to wait before their next attempt. Emails are masked. A limit ends by itself within an hour.",
        )
    }

    fn body(view: View, frame: &Frame<'_>) -> AnyView {
        let View { slowed, more, filters: values, off } = view;
        let editable = frame.may(Role::Editor);
        let any = !slowed.is_empty();
        let wrong = values.get(CLIENT).is_some_and(|client| client.parse::<IpAddr>().is_err());
        let problems = wrong.then(|| {
            let problem =
                engine::settings::FieldError { field: "filter-client", message: NO_ADDRESS.to_owned() };
            let form = Form { fields: &Fields::new(), problems: &[problem], editable: true };
            form.problem("filter-client")
        });
        let empty = match values.is_empty() {
            true => Empty {
                title: "No one is slowed down.",
                text: "Users and clients that reach a limit appear here.".into_any(),
            },
            false => Empty {
                title: "No matches.",
                text: view! { "Nothing matches these filters. "<a href=nav::LIMITS.path>"Clear filters"</a> }
                    .into_any(),
            },
        };
        let rows = slowed.into_iter().map(|one| row(one, editable, frame.now)).collect();
        let all = (any && editable && values.is_empty()).then(|| {
            table::press(
                nav::LIMITS.path,
                0,
                "clear:all".to_owned(),
                "Clear all",
                "Clear all limits".to_owned(),
            )
        });
        view! {
            {off.then(|| note(Severity::Warning, "Limits are turned off", "The key `vestibule.limits.enabled` is `false`, so no one is slowed down."))}
            {filters::bar(nav::LIMITS.path, &known(), &values)}
            {problems}
            {table::table("Limits that were reached, newest first", &["Limit", "For", "Count", "Last attempt", "Next attempt", ""], rows, empty, Pager::default())}
            {more.then(|| view! { <p class="soft below">"There are more. Use the filters to find a user or client."</p> })}
            <div class="below">{all}</div>
        }
        .into_any()
    }

    fn done(word: &str) -> Option<&'static str> {
        (word == "cleared").then_some("Limits cleared. The next attempt is allowed within seconds.")
    }
}

const NO_ADDRESS: &str = "Enter an IP address, for example 203.0.113.9.";

fn known() -> [Filter; 2] {
    [
        Filter { name: ACCOUNT, label: "Email or username", kind: Kind::Search("ann@example.org") },
        Filter { name: CLIENT, label: "IP address", kind: Kind::Search("203.0.113.9") },
    ]
}

async fn view(visit: &Visit, filters: Fields) -> engine::Result<View> {
    let (account, client) = (trimmed(&filters, ACCOUNT), trimmed(&filters, CLIENT));
    let whom = match (account, client.parse()) {
        ("", Ok(address)) => Some(Whom::Client(address)),
        ("", Err(_)) if client.is_empty() => Some(Whom::Everyone),
        ("", Err(_)) => None,
        (account, _) => Some(Whom::Account(account.to_owned())),
    };
    let mut slowed = match whom {
        Some(whom) => report::list(&visit.engine, &whom).await?,
        None => Vec::new(),
    };
    if let (false, Ok(address)) = (account.is_empty(), client.parse::<IpAddr>()) {
        let networks = report::networks(address);
        slowed.retain(|one| one.client.as_ref().is_some_and(|own| networks.contains(own)));
    }
    let more = slowed.len() > SHOWN;
    slowed.truncate(SHOWN);
    Ok(View { slowed, more, filters, off: !visit.engine.begin().config.vestibule.limits.enabled })
}

/// What is limited, and what happens beyond it.
fn words(limit: Limit) -> (&'static str, &'static str) {
    match limit {
        Limit::Passwords => (
            "Wrong passwords",
            "One client entered wrong passwords for this account. It waits between attempts.",
        ),
        Limit::PasswordClients => (
            "Wrong passwords from many clients",
            "Many clients entered wrong passwords for this account. Unknown devices wait between attempts.",
        ),
        Limit::PasswordAccounts => (
            "Wrong passwords for many accounts",
            "This client entered wrong passwords for many accounts. It waits between attempts.",
        ),
        Limit::Codes => {
            ("Wrong codes", "One client entered wrong codes for this email. It can’t enter more this hour.")
        }
        Limit::CodesOfAddress => (
            "Wrong codes from many clients",
            "Unknown clients entered wrong codes for this email. They can’t enter more this hour.",
        ),
        Limit::CodesReserved => ("Codes of a known device", "A known device entered many wrong codes."),
        Limit::Emails => ("Emails to one address", "One client requested many emails to this address."),
        Limit::EmailsToAddress => {
            ("Emails to one address from many clients", "Many emails were requested to this address.")
        }
        Limit::EmailsOfFlow => ("Emails of one form", "One form requested many emails."),
        Limit::EmailsOfClient => ("Emails of one client", "This client requested emails to many addresses."),
        Limit::EmailsInAll => ("Emails in total", "This server sent as many emails as it may in an hour."),
        Limit::TextsToNumber => {
            ("Text messages to one number", "Many text messages were requested to this number today.")
        }
        Limit::TextsOfClient => {
            ("Text messages of one client", "This client requested many text messages today.")
        }
        Limit::TextsInAll => {
            ("Text messages in total", "This server sent as many text messages as it may in a day.")
        }
        Limit::SignUps => ("Sign-ups of one client", "This client created many accounts."),
        Limit::Flows => ("Forms of one client", "This client opened many forms."),
    }
}

fn row(slowed: Slowed, editable: bool, now: DateTime<Utc>) -> Row {
    let (title, why) = words(slowed.limit);
    let client = slowed.client.clone();
    let whom = match (&slowed.account, slowed.of_account, &client) {
        (Some(account), _, _) => account.clone(),
        (None, true, _) => "No account".to_owned(),
        (None, false, Some(client)) => client.clone(),
        (None, false, None) => "All clients".to_owned(),
    };
    let from = client
        .as_ref()
        .filter(|_| slowed.of_account)
        .map(|client| view! { <small>"From "{name(client.clone())}</small> });
    // Cleared with everything that is counted of the same user or client.
    let argument = match (&slowed.subject, &client) {
        (Some(subject), _) => Some(format!("clear:subject:{}", hex(subject))),
        (None, Some(client)) => {
            Some(format!("clear:client:{}", client.split('/').next().unwrap_or_default()))
        }
        (None, None) => None,
    };
    let clear = argument.filter(|_| editable).map(|argument| {
        table::press(nav::LIMITS.path, 0, argument, "Clear", format!("Clear the limits of {whom}"))
    });
    let next = match slowed.until > now {
        true => format!("In {}", span(slowed.until - now)).into_any(),
        false => "Now".into_any(),
    };
    Row {
        id: format!("limit-{}", slowed.limit.name()),
        state: "",
        cells: vec![
            view! { <b>{title}</b><small>{why}</small> }.into_any(),
            view! { {name(whom)}{from} }.into_any(),
            format!("{} of {}", slowed.count, slowed.most).into_any(),
            when(now, slowed.last_at),
            next,
            clear.into_any(),
        ],
    }
}

fn span(left: chrono::TimeDelta) -> String {
    match left.num_seconds().max(1) {
        1 => "1 second".to_owned(),
        seconds @ ..120 => format!("{seconds} seconds"),
        seconds => format!("{} minutes", seconds / 60),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let pairs = hex.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    pairs.map(byte).collect::<Option<Vec<u8>>>().filter(|bytes| bytes.len() == 32)
}
