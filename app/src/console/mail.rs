//! *Outgoing mail*: whether mails leave, what waits, and why. It shows what `engine::courier` knows: addresses and reasons, never
//! what is in a mail.

use super::rows::{ago, note};
use super::shell::{Shell, document};
use chrono::{DateTime, Utc};
use engine::Engine;
use engine::courier::{self, Held, Outlook, Way};
use engine::settings::Severity;
use engine::store::messages::Status;
use leptos::prelude::*;

pub const PATH: &str = "/mail";

/// So many mails stand on the page.
const SHOWN: i64 = 50;

pub struct View {
    outlook: Outlook,
    now: DateTime<Utc>,
}

pub async fn load(engine: &Engine) -> engine::Result<View> {
    let outlook = courier::outlook(&engine.begin(), SHOWN).await?;
    Ok(View { outlook, now: engine.effects().now() })
}

pub fn page(shell: &Shell, view: View) -> String {
    document(shell, "Outgoing mail", move || {
        let View { outlook, now } = view;
        let Outlook { way, stuck, waiting, last_left, held } = outlook;
        let lead = match &way {
            Way::Server(server) => format!(
                "Mails leave by {server}, which the configuration names in courier.smtp.connection_uri."
            ),
            Way::Mailbox => {
                "No mail server is set, so mails stay here. Owners read them in the mailbox.".to_owned()
            }
            Way::Nowhere => "No mail server is set, so mails wait.".to_owned(),
        };
        let left = last_left.map_or_else(
            || view! { <b>"No mail has left so far."</b> }.into_any(),
            |at| view! { <b>"The newest mail that left did so "{ago(now, at)}"."</b> }.into_any(),
        );
        let count = match waiting {
            0 => "None waits.".to_owned(),
            1 => "1 mail waits.".to_owned(),
            many => format!("{many} mails wait."),
        };
        let nothing = held.is_empty();
        view! {
            <main id="main" tabindex="-1">
                <div class="head">
                    <h1>"Outgoing mail"</h1>
                    <p>{lead}</p>
                    <p data-testid="summary">{(way != Way::Mailbox).then_some(left)}" "{count}</p>
                </div>
                {stuck.then(|| warning(&way, &held))}
                {(nothing && way != Way::Mailbox).then(|| view! { <p class="soft">"Mails that wait, and mails that were given up, stand here with the reason."</p> })}
                <ol class="letters">
                    {held.into_iter().map(|held| view! { <li>{one(held, now)}</li> }).collect_view()}
                </ol>
            </main>
        }
    })
}

fn warning(way: &Way, held: &[Held]) -> AnyView {
    let (title, text) = match way {
        Way::Nowhere => (
            "Mails have nowhere to go",
            "People who sign up get no code. Set `courier.smtp.connection_uri` in the configuration: what waits then leaves by itself."
                .to_owned(),
        ),
        Way::Server(_) | Way::Mailbox => {
            let reason = held.iter().find_map(|held| held.failure.as_deref()).map(reason).unwrap_or_default();
            let text = format!(
                "People who sign up get no code. What came of the newest try: {reason}. What waits is tried again by itself, \
                 with growing pauses."
            );
            ("Mails do not leave", text)
        }
    };
    note(Severity::Danger, title, &text)
}

/// Without the word that tells the courier whether to try again: the line above says it.
fn reason(failure: &str) -> &str {
    failure.strip_prefix("not now: ").or_else(|| failure.strip_prefix("refused: ")).unwrap_or(failure)
}

fn one(held: Held, now: DateTime<Utc>) -> impl IntoView {
    let Held { message, failure } = held;
    let tries = match message.send_count {
        0 => "not tried yet".to_owned(),
        1 => "tried once".to_owned(),
        many => format!("tried {many} times"),
    };
    let state = match message.status {
        Status::Abandoned => format!("Given up, {tries}. Whoever needs it can have another one sent."),
        Status::Queued if message.send_count > 0 && message.next_attempt_at > now => {
            let wait = (message.next_attempt_at - now).num_seconds().max(1);
            let wait = if wait < 120 { format!("{wait} s") } else { format!("{} min", wait / 60) };
            format!("Waits, {tries}. Next try in {wait}.")
        }
        Status::Queued | Status::Processing | Status::Sent => format!("Waits, {tries}."),
    };
    view! {
        <article>
            <h2>{message.subject}</h2>
            <p class="soft">"to " <b>{message.recipient}</b> ", " {ago(now, message.created_at)}</p>
            <p>{state}</p>
            {failure.map(|failure| view! { <p><code>{reason(&failure).to_owned()}</code></p> })}
        </article>
    }
}
