//! Routes of the page *Sign-up tester*: the form, and a run of it.

use super::{shell, trouble};
use crate::rehearse;
use crate::state::AppState;
use app::console::Assets;
use app::console::tester::{FormField, Outcome, PATH, View, page};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use engine::config::{Config, Method};
use engine::operators::OperatorSession;
use engine::pipeline::{Line, pipeline};
use engine::plan::{Client, FlowKind, Plan, plan};
use engine::rehearsal::{self, Rehearsal, Wish};
use engine::trace::Ran;
use engine::{Engine, Result};
use std::time::{Duration, Instant};

pub(super) fn routes() -> Router<AppState> {
    Router::new().route(PATH, get(look).post(run))
}

async fn look(
    State(state): State<AppState>,
    Extension(assets): Extension<Assets>,
    Extension(operator): Extension<OperatorSession>,
) -> Response {
    let shell = shell(&state.engine.begin().config, assets, &operator, PATH);
    let shown = async {
        rehearsal::may(&state.engine, &operator.operator).await?;
        view(&state.engine, Client::Browser, &[], false).await
    };
    match shown.await {
        Ok(view) => Html(page(&shell, view)).into_response(),
        Err(failed) => trouble(&shell, failed),
    }
}

async fn run(
    State(state): State<AppState>,
    Extension(assets): Extension<Assets>,
    Extension(operator): Extension<OperatorSession>,
    body: Bytes,
) -> Response {
    let shell = shell(&state.engine.begin().config, assets, &operator, PATH);
    let posted: Vec<(String, String)> = url::form_urlencoded::parse(&body).into_owned().collect();
    let asked = |name: &str| posted.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let client = asked("client").and_then(Client::parse).unwrap_or(Client::Browser);
    let call_hooks = asked("call_hooks") == Some("true");
    let typed: Vec<(String, String)> = posted
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix("field:")?.to_owned(), value.clone())))
        .collect();
    let ran = async {
        let wish = Wish { typed: typed.iter().map(|(_, value)| value.clone()).collect(), call_hooks, client };
        let outcome = outcome(&state.engine, &operator, client, &typed, &wish).await?;
        let mut view = view(&state.engine, client, &typed, call_hooks).await?;
        view.outcome = Some(outcome);
        Ok(view)
    };
    match ran.await {
        Ok(view) => Html(page(&shell, view)).into_response(),
        Err(failed) => trouble(&shell, failed),
    }
}

async fn outcome(
    engine: &Engine,
    operator: &OperatorSession,
    client: Client,
    typed: &[(String, String)],
    wish: &Wish,
) -> Result<Outcome> {
    let rehearsal = rehearsal::begin(engine, &operator.operator, wish).await?;
    let config = rehearsal.engine.begin().config;
    let since = Instant::now();
    let exchanges = rehearse::sign_up(&rehearsal.engine, client, typed).await;
    let took = since.elapsed();
    let plan = plan(&config, FlowKind::Registration, Method::Password, client);
    Ok(Outcome {
        exchanges,
        steps: told(&config, &plan, &rehearsal),
        mails: rehearsal.mails().await?,
        calls: rehearsal.calls(),
        known: rehearsal.copied,
        revisions: (config.revision, engine.begin().config.revision),
        took,
    })
}

/// The plan's steps in words, each with what is written down of it.
fn told(
    config: &Config,
    plan: &Plan,
    rehearsal: &Rehearsal,
) -> Vec<(Line, Option<(&'static str, Duration)>)> {
    let mut ran: Vec<Ran> = rehearsal.steps();
    let lines = pipeline(config, plan).steps.into_iter().zip(&plan.steps);
    let steps = lines.map(|(line, step)| {
        let at = ran.iter().position(|ran| ran.step == *step);
        (line, at.map(|at| ran.remove(at)).map(|ran| (ran.became, ran.took)))
    });
    steps.collect()
}

/// The page without a run. The form is the engine's, asked of a world with nobody in it.
async fn view(engine: &Engine, client: Client, typed: &[(String, String)], call_hooks: bool) -> Result<View> {
    let (fields, refused) = match rehearse::form(&rehearsal::empty(engine).await?).await {
        Ok(fields) => (fields, None),
        Err(refused) => (Vec::new(), Some(refused.to_string())),
    };
    Ok(View {
        client,
        fields: fields.into_iter().map(|field| filled(field, typed)).collect(),
        call_hooks,
        refused,
        outcome: None,
        now: engine.effects().now(),
    })
}

/// What was typed, or something to begin with.
fn filled(mut field: FormField, typed: &[(String, String)]) -> FormField {
    field.value = if typed.is_empty() {
        match &field {
            field if field.secret => "quiet copper meadow 73".to_owned(),
            field if field.address => "somebody.new@example.org".to_owned(),
            _ => String::new(),
        }
    } else {
        typed.iter().find(|(name, _)| *name == field.name).map(|(_, value)| value.clone()).unwrap_or_default()
    };
    field
}
