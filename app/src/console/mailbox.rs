//! *Mailbox*: every email that is kept here, with its code and its link. Only owners get here, see `engine::operators::mailbox`.

use super::kit::filters::{self, Filter, Kind};
use super::kit::text::ago;
use super::kit::{Frame, Head, Loaded, Meta, Page, Visit};
use super::nav;
use chrono::{DateTime, Utc};
use engine::courier::Delivered;
use engine::operators::mailbox;
use leptos::prelude::*;
use serde::Deserialize;

/// So many emails are on the page.
const SHOWN: i64 = 50;

pub struct Mailbox;

#[derive(Default, Deserialize)]
pub struct Query {
    #[serde(default)]
    to: String,
}

pub struct View {
    letters: Vec<Delivered>,
    /// The address that was asked for.
    to: String,
    sign_up: String,
}

impl Page for Mailbox {
    const META: Meta = Meta { refused: "mailbox.refused", ..Meta::of(&nav::MAILBOX) };
    type Query = Query;
    type View = View;

    async fn load(visit: &Visit, Query { to }: Query) -> engine::Result<Loaded<View>> {
        let to = to.trim().to_lowercase();
        let letters = mailbox::read(&visit.engine, &visit.operator.operator, Some(&to), SHOWN).await?;
        let config = visit.engine.begin().config;
        let sign_up = config.ui_url(config.selfservice.registration.ui_url.as_ref(), "registration");
        Ok(Loaded::View(View { letters, to, sign_up: sign_up.into() }))
    }

    fn head(_: &View, _: &Visit) -> Head {
        Head::new(
            "Mailbox",
            "No mail server is configured, so emails are kept here. To send them, set `courier.smtp.connection_uri`.",
        )
    }

    fn body(View { letters, to, sign_up }: View, frame: &Frame<'_>) -> AnyView {
        let filter = Filter { name: "to", label: "Email", kind: Kind::Search("ada@example.org") };
        let values = if to.is_empty() { Default::default() } else { [("to".to_owned(), to.clone())].into() };
        let empty = letters.is_empty().then(|| match to.is_empty() {
            false => view! { <p><b>"No emails to this address."</b></p><p>"Enter it exactly as at sign-up."</p> }.into_any(),
            true => view! { <p><b>"No emails yet."</b></p><p><a href=sign_up>"Sign up"</a>" with any email; the message appears here within a second."</p> }.into_any(),
        });
        view! {
            {filters::bar(nav::MAILBOX.path, &[filter], &values)}
            {empty.map(|empty| view! { <div class="rows"><div class="empty">{empty}</div></div> })}
            <ol class="letters">{letters.into_iter().map(|letter| view! { <li>{one(letter, frame.now)}</li> }).collect_view()}</ol>
        }
        .into_any()
    }
}

/// One email with everything in it; for the sign-up tester too.
pub fn one(letter: Delivered, now: DateTime<Utc>) -> AnyView {
    let Delivered { to, at, written, .. } = letter;
    view! {
        <article>
            <h2>{if written.subject.is_empty() { "Text message".to_owned() } else { written.subject }}</h2>
            <p class="soft">"to " <b><bdi>{to}</bdi></b> ", " {ago(now, at)}</p>
            {written.code.map(|code| view! { <p class="code" data-testid="code">{code}</p> })}
            {written.link.map(|link| view! { <p><a class="button small" href=link data-testid="link">"Open link"</a></p> })}
            <details><summary>"Show full email"</summary><pre>{written.text}</pre></details>
        </article>
    }
    .into_any()
}
