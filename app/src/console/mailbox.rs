//! *Mailbox*: every mail of a trial, with its code and its link. Only owners get here, see `engine::operators::mailbox`.

use super::rows::ago;
use super::shell::{Shell, document};
use chrono::{DateTime, Utc};
use engine::courier::Delivered;
use engine::operators::mailbox;
use engine::{Engine, operators::OperatorSession};
use leptos::prelude::*;

pub const PATH: &str = "/mailbox";

/// So many mails stand on the page.
const SHOWN: i64 = 50;

pub struct View {
    letters: Vec<Delivered>,
    /// The address that was asked for.
    to: String,
    now: DateTime<Utc>,
    sign_up: String,
}

/// # Errors
/// 403 for whoever is no owner, 404 where mails are really sent.
pub async fn load(engine: &Engine, operator: &OperatorSession, to: &str) -> engine::Result<View> {
    let to = to.trim().to_lowercase();
    let letters = mailbox::read(engine, &operator.operator, Some(&to), SHOWN).await?;
    let config = engine.begin().config;
    let sign_up = config.ui_url(config.selfservice.registration.ui_url.as_ref(), "registration");
    Ok(View { letters, to, now: engine.effects().now(), sign_up: sign_up.into() })
}

pub fn page(shell: &Shell, view: View) -> String {
    document(shell, "Mailbox", move || {
        let View { letters, to, now, sign_up } = view;
        let nothing = letters.is_empty();
        let filtered = !to.is_empty();
        view! {
            <main id="main" tabindex="-1">
                <div class="head">
                    <h1>"Mailbox"</h1>
                    <p>"No mail server is set, so mails stay here instead of leaving. Set " <code>"courier.smtp.connection_uri"</code> " to send them."</p>
                </div>
                <form method="get" action=PATH class="find">
                    <label for="to">"To"</label>
                    <input id="to" name="to" type="search" value=to autocomplete="off" placeholder="address" />
                    <button class="button" type="submit">{if filtered { "Find" } else { "Find, or look again" }}</button>
                    {filtered.then(|| view! { <a href=PATH>"All mails"</a> })}
                </form>
                {nothing.then(|| if filtered {
                    view! { <p class="soft">"No mail to this address. It has to be written as it was typed at sign-up."</p> }.into_any()
                } else {
                    view! { <p class="soft">"No mail yet. " <a href=sign_up>"Sign up"</a> " with any address, and its mail is here a second later."</p> }.into_any()
                })}
                <ol class="letters">
                    {letters.into_iter().map(|letter| view! { <li>{one(letter, now)}</li> }).collect_view()}
                </ol>
            </main>
        }
    })
}

pub(super) fn one(letter: Delivered, now: DateTime<Utc>) -> impl IntoView {
    let Delivered { to, at, written, .. } = letter;
    view! {
        <article>
            <h2>{written.subject}</h2>
            <p class="soft">"to " <b>{to}</b> ", " {ago(now, at)}</p>
            {written.code.map(|code| view! { <p class="code" data-testid="code">{code}</p> })}
            {written.link.map(|link| view! { <p><a class="button small" href=link data-testid="link">"Open its link"</a></p> })}
            <details><summary>"The whole mail"</summary><pre>{written.text}</pre></details>
        </article>
    }
}
