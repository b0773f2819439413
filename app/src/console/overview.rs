//! *Overview*: whether anything needs attention, what happens when someone signs up, the last week, what to do first, and what changed
//! last. It shows what the engine knows and decides nothing.

mod chart;
mod health;

use super::kit::text::{ago, name, with_code};
use super::kit::{Frame, Head, Loaded, Meta, Page, Visit};
use super::{nav, shell};
use engine::activity::Day;
use engine::admin::{self, Listing, Pages};
use engine::courier::{self, DeliveryStatus, Transport};
use engine::operators::Role;
use engine::pipeline::{self, Compared, Line};
use engine::plan::Client;
use engine::settings::{self, Revision, history};
use engine::store::identity_lists::Filter;
use health::Health;
use leptos::prelude::*;
use std::collections::BTreeMap;

/// Days of the chart, with today.
const DAYS: u16 = 7;
/// Changes that are shown.
const CHANGES: i64 = 4;

pub(super) struct Overview;

pub(super) struct View {
    host: String,
    sign_up: Option<String>,
    health: Health,
    /// Of a browser, one for each method.
    flows: Vec<Compared>,
    days: Vec<Day>,
    /// What a new installation needs, and whether it is there.
    steps: Vec<(Step, bool)>,
    changes: Vec<history::Entry>,
}

#[derive(Clone, Copy)]
enum Step {
    SignUp,
    MailServer,
    BaseUrl,
    Provider,
}

impl Page for Overview {
    const META: Meta = Meta::of(&nav::OVERVIEW);
    type Query = BTreeMap<String, String>;
    type View = View;

    async fn load(visit: &Visit, _: Self::Query) -> engine::Result<Loaded<View>> {
        let ctx = visit.engine.begin();
        let config = &ctx.config;
        let emails = courier::delivery_status(&ctx, 1).await?;
        let pipelines = settings::preview(config, &settings::values(config)).pipelines;
        let base = &config.serve.public.base_url;
        let host = base.host_str().unwrap_or_default().to_owned();
        let local = matches!(host.as_str(), "localhost" | "127.0.0.1" | "[::1]");
        let one = Listing { filter: Filter::All, pages: Pages::After(None), size: 1, credentials: false };
        let any_user = !admin::list(&ctx, &one).await?.identities.is_empty();
        let steps = vec![
            (Step::SignUp, any_user),
            (Step::MailServer, matches!(emails.transport, Transport::Server(_) | Transport::Gateway(_))),
            (Step::BaseUrl, !local),
            (Step::Provider, !config.selfservice.social.offered().is_empty()),
        ];
        Ok(Loaded::View(View {
            host,
            sign_up: visit.shell.user_pages.first().map(|(_, url)| url.clone()),
            health: Health::of(&ctx, emails).await?,
            flows: pipelines.into_iter().filter(|drawn| drawn.client == Client::Browser).collect(),
            days: visit.engine.activity().days(visit.engine.db(), visit.now(), DAYS).await?,
            steps,
            changes: history::entries(&visit.engine, None, CHANGES).await?,
        }))
    }

    fn head(view: &View, _: &Visit) -> Head {
        let mut head = Head::new(nav::OVERVIEW.title, "");
        let version = env!("CARGO_PKG_VERSION");
        head.lead = Some(
            view! { {name(view.host.clone())}{format!(" runs version {version}. {}", view.health.sentence())} }.into_any(),
        );
        head.actions = view.sign_up.clone().map(|url| {
            view! { <a class="button" href=url target="_blank" rel="noopener">"Open sign-up page"</a> }
                .into_any()
        });
        head
    }

    fn body(view: View, frame: &Frame<'_>) -> AnyView {
        let View { sign_up, health, flows, days, steps, changes, .. } = view;
        view! {
            {health.warning()}
            {hero(flows)}
            <div class="two">
                {chart::week(&days)}
                {health.card()}
                {next(&steps, sign_up, frame)}
                {recent(changes, frame)}
            </div>
        }
        .into_any()
    }
}

/// What happens when someone signs up: the first method, and the others folded away.
fn hero(flows: Vec<Compared>) -> AnyView {
    let several = flows.len() > 1;
    let drawn = flows.into_iter().enumerate().map(|(index, flow)| {
        let title = pipeline::way(flow.method);
        let closed = flow.closed.map(|sentence| view! { <p class="closed">{sentence}</p> });
        let steps = flow.steps.into_iter().map(|(line, _)| step(line)).collect_view();
        let list = view! { {closed}<ol class="flow" aria-label=format!("Sign-up: {title}")>{steps}</ol> };
        match (index, several) {
            (0, false) => list.into_any(),
            (0, true) => view! { <h3>{title}</h3>{list} }.into_any(),
            (_, _) => view! { <details id=format!("flow-{}", flow.method.name())><summary>{title}</summary>{list}</details> }.into_any(),
        }
    });
    view! {
        <section class="hero" aria-labelledby="flow">
            <div class="title"><h2 id="flow">"What happens when someone signs up"</h2><a class="button small" href=nav::AUTHENTICATION.path>"Change"<span class="unseen">" the sign-up flow"</span></a></div>
            <div class="inside">{drawn.collect_view()}</div>
        </section>
    }
    .into_any()
}

fn step(line: Line) -> AnyView {
    let about = if line.about.is_empty() { line.stage } else { &line.about };
    let mut letters = about.chars();
    let about = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect::<String>();
    let icon = super::plan::outline(line.step);
    view! {
        <li>
            <span class="dot">{shell::icon(icon)}</span>
            <b>{line.title}{line.may_stop.then(|| view! { " "<span class="may">"Can block"</span> })}</b>
            <small>{with_code(&about)}</small>
        </li>
    }
    .into_any()
}

/// Gone once all of it is done.
fn next(steps: &[(Step, bool)], sign_up: Option<String>, frame: &Frame<'_>) -> Option<AnyView> {
    let done = steps.iter().filter(|(_, done)| *done).count();
    let editable = frame.may(Role::Editor);
    let row = |(step, done): &(Step, bool)| {
        let (id, title, why, to, label) = match step {
            Step::SignUp => (
                "sign-up",
                "Sign up as a test user",
                "See what your users see, and each step of the sign-up.",
                sign_up.clone().unwrap_or_default(),
                "Sign up",
            ),
            Step::MailServer => (
                "mail-server",
                "Connect a mail server",
                "Until then, no email leaves this server.",
                nav::DELIVERY.path.to_owned(),
                "Set up",
            ),
            Step::BaseUrl => (
                "base-url",
                "Set the public URL",
                "Links in emails and cookies use `serve.public.base_url` of your configuration file.",
                format!("{}/configuration#serve.public.base_url", nav::DOCUMENTATION.path),
                "Show",
            ),
            Step::Provider => (
                "provider",
                "Add a social provider",
                "Let users sign in with Google, GitHub or your company’s directory.",
                nav::SOCIAL.path.to_owned(),
                "Add",
            ),
        };
        let state = if *done { "done" } else { "open" };
        match done {
            true => view! { <li class="done" data-testid=format!("step-{id}") data-state=state>{shell::icon("M9 16A7 7 0 1 0 9 2a7 7 0 0 0 0 14ZM6 9.2l2.1 2.1L12.2 7")}<span class="grow">{title}<span class="unseen">" (done)"</span></span></li> }.into_any(),
            false => view! {
                <li data-testid=format!("step-{id}") data-state=state>
                    {shell::icon("M9 16A7 7 0 1 0 9 2a7 7 0 0 0 0 14Z")}
                    <span class="grow">{title}<small>{with_code(why)}</small></span>
                    <a class="button small" href=to>{label}<span class="unseen">{format!(": {title}")}</span></a>
                </li>
            }
            .into_any(),
        }
    };
    (done < steps.len() && editable).then(|| {
        view! {
            <section aria-labelledby="next">
                <div class="title"><h2 id="next">"Next steps"</h2><span class="soft">{format!("{done} of {} done", steps.len())}</span></div>
                <ul class="lines">{steps.iter().map(row).collect_view()}</ul>
            </section>
        }
        .into_any()
    })
}

fn recent(changes: Vec<history::Entry>, frame: &Frame<'_>) -> AnyView {
    let rows = changes.into_iter().map(|history::Entry { revision, changes }| {
        let Revision { number, at, by, summary, reason, .. } = revision;
        let mut words = if changes.is_empty() { summary } else { changes };
        let more = words.len().saturating_sub(1);
        let first = if words.is_empty() { format!("Revision {number}") } else { words.remove(0) };
        let more = match more {
            0 => String::new(),
            1 => " and 1 more change".to_owned(),
            several => format!(" and {several} more changes"),
        };
        let reason = (!reason.is_empty()).then(|| view! { " · “"{name(reason)}"”" });
        view! {
            <li data-testid=format!("change-{number}")>
                <span class="grow"><a href=format!("{}/{number}", nav::HISTORY.path)>{first}</a>{more}<small>{name(by)}{reason}</small></span>
                <span class="soft">{ago(frame.now, at)}</span>
            </li>
        }
    });
    let rows = rows.collect::<Vec<_>>();
    let shown = match rows.is_empty() {
        true => {
            view! { <p class="inside soft">"No changes yet. The configuration files apply."</p> }.into_any()
        }
        false => view! { <ul class="lines">{rows}</ul> }.into_any(),
    };
    view! {
        <section aria-labelledby="recent">
            <div class="title"><h2 id="recent">"Recent changes"</h2><a class="button small" href=nav::HISTORY.path>"History"</a></div>
            {shown}
        </section>
    }
    .into_any()
}
