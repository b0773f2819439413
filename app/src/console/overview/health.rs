//! The card *Health*: database, email delivery, webhooks, checks.

use super::super::kit::text::noted;
use super::super::{nav, shell};
use super::DeliveryStatus;
use engine::courier::Transport;
use engine::settings::Severity;
use engine::settings::actions::actions;
use engine::settings::checks::checks;
use engine::store::deliveries::Status;
use engine::{Ctx, hooks};
use leptos::prelude::*;
use std::collections::BTreeSet;

/// How well something is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Healthy,
    /// Not set up, or for tests.
    Off,
    Review,
    Failing,
}

struct Part {
    id: &'static str,
    title: &'static str,
    icon: &'static str,
    /// Its page, where it has one.
    to: Option<&'static str>,
    about: String,
    state: State,
    word: &'static str,
}

pub(super) struct Health {
    parts: Vec<Part>,
    stalled: bool,
}

impl Health {
    pub(super) async fn of(ctx: &Ctx, emails: DeliveryStatus) -> engine::Result<Self> {
        let stalled = emails.stalled;
        Ok(Self { parts: vec![database(ctx), delivery(&emails), webhooks(ctx).await?, issues(ctx)], stalled })
    }

    /// After the version.
    pub(super) fn sentence(&self) -> String {
        match self.parts.iter().filter(|part| part.state >= State::Review).count() {
            0 => "Everything is healthy.".to_owned(),
            1 => "1 thing needs your attention.".to_owned(),
            several => format!("{several} things need your attention."),
        }
    }

    /// What cannot wait.
    pub(super) fn warning(&self) -> Option<AnyView> {
        self.stalled.then(|| {
            let button = view! { <a class="button small" href=nav::DELIVERY.path>"Check email delivery"</a> };
            let text = "Users don’t get their codes. Queued emails are sent as soon as delivery works.";
            noted(Severity::Danger, "Email delivery is failing", text, button.into_any())
        })
    }

    pub(super) fn card(self) -> AnyView {
        let rows = self.parts.into_iter().map(|part| {
            let class = match part.state {
                State::Healthy => "mark ok",
                State::Off => "mark",
                State::Review => "mark warn",
                State::Failing => "mark bad",
            };
            let title = match part.to {
                Some(to) => view! { <a href=to>{part.title}</a> }.into_any(),
                None => part.title.into_any(),
            };
            view! {
                <li data-testid=format!("health-{}", part.id)>
                    {shell::icon(part.icon)}
                    <span class="grow">{title}<small>{part.about}</small></span>
                    <span class=class>{part.word}</span>
                </li>
            }
        });
        view! {
            <section aria-labelledby="health">
                <div class="title"><h2 id="health">"Health"</h2></div>
                <ul class="lines">{rows.collect_view()}</ul>
            </section>
        }
        .into_any()
    }
}

/// It answered, or there would be no page.
fn database(ctx: &Ctx) -> Part {
    let about = if ctx.db().is_sqlite() { "SQLite" } else { "PostgreSQL" };
    Part {
        id: "database",
        title: "Database",
        icon: "M3.5 4.5c0-1.4 2.5-2.25 5.5-2.25s5.5.85 5.5 2.25v9c0 1.4-2.5 2.25-5.5 2.25s-5.5-.85-5.5-2.25zM3.5 4.5c0 1.4 2.5 2.25 5.5 2.25s5.5-.85 5.5-2.25M3.5 9c0 1.4 2.5 2.25 5.5 2.25s5.5-.85 5.5-2.25",
        to: None,
        about: about.to_owned(),
        state: State::Healthy,
        word: "Healthy",
    }
}

fn delivery(emails: &DeliveryStatus) -> Part {
    let queued = match emails.waiting {
        0 => "the queue is empty".to_owned(),
        1 => "1 email in the queue".to_owned(),
        many => format!("{many} emails in the queue"),
    };
    let (about, state, word) = match (&emails.transport, emails.stalled) {
        (Transport::Server(server) | Transport::Gateway(server), true) => {
            (format!("{server}, {queued}"), State::Failing, "Failing")
        }
        (Transport::Server(server) | Transport::Gateway(server), false) => {
            (format!("{server}, {queued}"), State::Healthy, "Healthy")
        }
        (Transport::Mailbox, _) => ("Emails stay in the mailbox".to_owned(), State::Off, "Test only"),
        (Transport::None, true) => (format!("No mail server, {queued}"), State::Failing, "Failing"),
        (Transport::None, false) => ("No mail server".to_owned(), State::Off, "Not set up"),
    };
    let (title, icon, to) = (nav::DELIVERY.title, nav::DELIVERY.icon, Some(nav::DELIVERY.path));
    Part { id: "email", title, icon, to, about, state, word }
}

/// By the newest calls of each webhook.
async fn webhooks(ctx: &Ctx) -> engine::Result<Part> {
    let all = actions(&ctx.config);
    let keys: BTreeSet<String> = all.iter().map(|action| action.hook.key()).collect();
    let counts = hooks::counts(ctx, &keys).await?;
    let total: i64 = counts.iter().map(|count| count.count).sum();
    let failed: i64 =
        counts.iter().filter(|count| count.status == Status::Failed).map(|count| count.count).sum();
    let hooks = match keys.len() {
        1 => "1 webhook".to_owned(),
        many => format!("{many} webhooks"),
    };
    let (about, state, word) = match (keys.len(), failed) {
        (0, _) => ("No webhooks".to_owned(), State::Off, "Not set up"),
        (_, 0) => (hooks, State::Healthy, "Healthy"),
        (_, _) => (format!("{hooks}, {failed} of the last {total} calls failed"), State::Review, "Review"),
    };
    let (title, icon, to) = (nav::WEBHOOKS.title, nav::WEBHOOKS.icon, Some(nav::WEBHOOKS.path));
    Ok(Part { id: "webhooks", title, icon, to, about, state, word })
}

fn issues(ctx: &Ctx) -> Part {
    let found = checks(&ctx.config, ctx.engine.noticed().unnamed_proxies());
    let of = |severity| found.iter().filter(|check| check.severity == severity).count();
    let count = |count: usize, one: &str, several: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        many => Some(format!("{many} {several}")),
    };
    let (errors, dangers, warnings) = (of(Severity::Error), of(Severity::Danger), of(Severity::Warning));
    let words: Vec<String> = [
        count(errors, "error", "errors"),
        count(dangers, "danger", "dangers"),
        count(warnings, "warning", "warnings"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let (state, word) = match (errors + dangers, warnings) {
        (0, 0) => (State::Healthy, "Healthy"),
        (0, _) => (State::Review, "Review"),
        (_, _) => (State::Failing, "Fix"),
    };
    let about = if words.is_empty() { "No issues found".to_owned() } else { words.join(", ") };
    let (title, icon, to) = (nav::CHECKS.title, nav::CHECKS.icon, Some(nav::CHECKS.path));
    Part { id: "checks", title, icon, to, about, state, word }
}
