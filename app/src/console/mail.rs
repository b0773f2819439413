//! *Email delivery*: whether emails are sent, what is queued, and why. It shows what `engine::courier` knows: addresses and reasons,
//! never the content of an email.

use super::kit::table::{self, Empty, Pager, Row};
use super::kit::text::{ago, name, note, when};
use super::kit::{Frame, Head, Loaded, Meta, Page, Visit};
use super::nav;
use chrono::{DateTime, Utc};
use engine::courier::{self, DeliveryStatus, Transport, Undelivered};
use engine::identity::Via;
use engine::settings::Severity;
use engine::store::messages::{Message, Status};
use leptos::prelude::*;
use std::collections::BTreeMap;

/// So many emails are on the page.
const SHOWN: i64 = 50;

pub(super) struct Delivery;

impl Page for Delivery {
    const META: Meta = Meta::of(&nav::DELIVERY);
    type Query = BTreeMap<String, String>;
    type View = DeliveryStatus;

    async fn load(visit: &Visit, _: Self::Query) -> engine::Result<Loaded<DeliveryStatus>> {
        Ok(Loaded::View(courier::delivery_status(&visit.engine.begin(), SHOWN).await?))
    }

    fn head(view: &DeliveryStatus, visit: &Visit) -> Head {
        let mut head = Head::new("Email delivery", "");
        head.lead = Some(match &view.transport {
            Transport::Server(server) => view! { {format!("Emails are sent through {server} (")}<code>"courier.smtp.connection_uri"</code>")." }.into_any(),
            Transport::Gateway(host) => view! { {format!("Emails are sent through {host} (")}<code>"courier.http.request_config"</code>")." }.into_any(),
            Transport::Mailbox => {
                let mailbox = visit.may(nav::MAILBOX.role).then(|| view! { " "<a href=nav::MAILBOX.path>"Open the mailbox"</a>"." });
                view! { "No mail server is configured, so emails are kept here. Owners read them in the mailbox."{mailbox} }.into_any()
            }
            Transport::None => "No mail server is configured, so emails stay in the queue.".into_any(),
        });
        head
    }

    fn body(view: DeliveryStatus, frame: &Frame<'_>) -> AnyView {
        let DeliveryStatus { transport, stalled, waiting, last_left, held } = view;
        let now = frame.now;
        let left = last_left.map_or_else(
            || "No email has been sent yet. ".into_any(),
            |at| view! { "Last email sent "{ago(now, at)}". " }.into_any(),
        );
        let count = match waiting {
            0 => "The queue is empty.".to_owned(),
            1 => "1 email in the queue.".to_owned(),
            many => format!("{many} emails in the queue."),
        };
        // While something is on its transport the page follows it.
        let follows = (waiting > 0).then_some("5");
        let warning = stalled.then(|| warning(&transport, &held));
        let rows = held.into_iter().map(|held| row(held, now)).collect();
        let empty = Empty {
            title: "No queued or failed emails.",
            text: "They appear here with the reason.".into_any(),
        };
        view! {
            <div id="delivery" data-part="" data-poll=follows>
                {warning}
                <p class="counts" data-testid="summary"><b>{(transport != Transport::Mailbox).then_some(left)}{count}</b></p>
                {table::table("Queued and failed emails", &["Email", "Status", "Queued"], rows, empty, Pager::default())}
            </div>
        }
        .into_any()
    }
}

fn warning(transport: &Transport, held: &[Undelivered]) -> AnyView {
    let (title, text) = match transport {
        Transport::None => (
            "No mail server configured",
            "New users don’t get their codes. Set `courier.smtp.connection_uri`; queued emails are then sent automatically."
                .to_owned(),
        ),
        Transport::Server(_) | Transport::Gateway(_) | Transport::Mailbox => {
            let reason = held.iter().find_map(|held| held.failure.as_deref()).map(reason).unwrap_or_default();
            let text = format!(
                "New users don’t get their codes. Last error: {reason}. Emails are retried automatically, less and less often."
            );
            ("Email delivery is failing", text)
        }
    };
    note(Severity::Danger, title, &text)
}

/// Without the word that tells the courier whether to try again: the line above says it.
fn reason(failure: &str) -> &str {
    failure.strip_prefix("not now: ").or_else(|| failure.strip_prefix("refused: ")).unwrap_or(failure)
}

/// A text message has no subject.
fn subject(message: &Message) -> String {
    match message.via {
        Via::Email => message.subject.clone(),
        Via::Sms => "Text message".to_owned(),
    }
}

fn row(held: Undelivered, now: DateTime<Utc>) -> Row {
    let Undelivered { message, failure } = held;
    let attempts = match message.send_count {
        0 => "No attempt yet".to_owned(),
        1 => "1 attempt".to_owned(),
        many => format!("{many} attempts"),
    };
    let (state, word, more) = match message.status {
        Status::Abandoned => ("failed", "Failed", format!("{attempts}. The user can request a new email.")),
        Status::Queued if message.send_count > 0 && message.next_attempt_at > now => {
            let wait = (message.next_attempt_at - now).num_seconds().max(1);
            let wait = match wait {
                1 => "1 second".to_owned(),
                ..120 => format!("{wait} seconds"),
                _ => format!("{} minutes", wait / 60),
            };
            ("retrying", "Failed, retrying", format!("{attempts}, next in {wait}."))
        }
        Status::Queued | Status::Processing | Status::Sent => ("queued", "Queued", format!("{attempts}.")),
    };
    let failure = failure.map(|failure| view! { <code>{reason(&failure).to_owned()}</code> });
    Row {
        id: format!("email-{}", message.id),
        state,
        cells: vec![
            view! { <b>{subject(&message)}</b><small>{name(message.recipient)}</small> }.into_any(),
            view! { <span class="mark">{word}</span><small>{more}</small>{failure} }.into_any(),
            when(now, message.created_at),
        ],
    }
}
