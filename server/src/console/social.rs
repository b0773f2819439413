//! Routes of the page *Social sign-in*: native forms all of them, and the way out to a provider as a link.

use super::{kept, nothing_here, shell, trouble};
use crate::respond;
use crate::state::AppState;
use app::console::social::{self, NEW, Outcome, PATH, PROVIDER, Posted, TEST};
use app::console::{Assets, Fields};
use axum::Router;
use axum::extract::{Extension, Form, Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use engine::Kind;
use engine::flow::social_test::{self, Begun};
use engine::operators::OperatorSession;
use serde::Deserialize;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route(PATH, get(list).post(arrange))
        .route(NEW, get(blank))
        .route(PROVIDER, get(open).post(save))
        .route(TEST, get(result).post(test))
}

#[derive(Deserialize)]
struct Which {
    #[serde(default)]
    id: String,
    #[serde(default)]
    kind: String,
    /// What a redirect says was done.
    #[serde(default)]
    done: String,
    /// Back from the sign-in page, to what was typed before it.
    #[serde(default)]
    kept: bool,
}

async fn list(
    State(state): State<AppState>,
    Extension(assets): Extension<Assets>,
    Extension(operator): Extension<OperatorSession>,
    Query(which): Query<Which>,
) -> Response {
    let shell = shell(&state.engine.begin().config, assets, &operator, PATH);
    match social::list(&state.engine, &operator, &which.done).await {
        Ok(view) => Html(social::list_page(&shell, view)).into_response(),
        Err(failed) => trouble(&shell, failed),
    }
}

async fn arrange(
    State(state): State<AppState>,
    Extension(assets): Extension<Assets>,
    Extension(operator): Extension<OperatorSession>,
    Form(posted): Form<Posted>,
) -> Response {
    let shell = shell(&state.engine.begin().config, assets.clone(), &operator, PATH);
    match social::arrange(&state.engine, &operator, posted).await {
        Ok(Outcome::Saved(to)) => respond::see_other(&to),
        Ok(Outcome::Shown(status, view)) => page(status, social::list_page(&shell, *view)),
        Ok(Outcome::Unknown) => nothing_here(State(state), Extension(assets), Extension(operator)).await,
        Err(failed) => trouble(&shell, failed),
    }
}

fn page(status: u16, html: String) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
    (status, Html(html)).into_response()
}

/// The gallery, or the form of one kind.
async fn blank(
    State(state): State<AppState>,
    Extension(assets): Extension<Assets>,
    Extension(operator): Extension<OperatorSession>,
    Query(which): Query<Which>,
) -> Response {
    let shell = shell(&state.engine.begin().config, assets.clone(), &operator, PATH);
    if which.kind.is_empty() {
        return Html(social::gallery(&shell)).into_response();
    }
    match social::blank(&state.engine, &operator, &which.kind).await {
        Ok(Some(view)) => Html(social::edit_page(&shell, view)).into_response(),
        Ok(None) => nothing_here(State(state), Extension(assets), Extension(operator)).await,
        Err(failed) => trouble(&shell, failed),
    }
}

async fn open(
    State(state): State<AppState>,
    Extension(assets): Extension<Assets>,
    Extension(operator): Extension<OperatorSession>,
    Query(which): Query<Which>,
) -> Response {
    let shell = shell(&state.engine.begin().config, assets.clone(), &operator, PATH);
    let opened = match kept(&state, &operator, which.kept, PROVIDER).await {
        Ok(Some(fields)) => social::resume(&state.engine, &operator, &fields).await,
        Ok(None) => social::open(&state.engine, &operator, &which.id).await,
        Err(failed) => Err(failed),
    };
    match opened {
        Ok(Some(view)) => Html(social::edit_page(&shell, view)).into_response(),
        Ok(None) => nothing_here(State(state), Extension(assets), Extension(operator)).await,
        Err(failed) => trouble(&shell, failed),
    }
}

async fn save(
    State(state): State<AppState>,
    Extension(assets): Extension<Assets>,
    Extension(operator): Extension<OperatorSession>,
    Form(fields): Form<Fields>,
) -> Response {
    let shell = shell(&state.engine.begin().config, assets.clone(), &operator, PATH);
    match social::submit(&state.engine, &operator, fields).await {
        Ok(Outcome::Saved(to)) => respond::see_other(&to),
        Ok(Outcome::Shown(status, view)) => page(status, social::edit_page(&shell, *view)),
        Ok(Outcome::Unknown) => nothing_here(State(state), Extension(assets), Extension(operator)).await,
        Err(failed) => trouble(&shell, failed),
    }
}

#[derive(Deserialize)]
struct Tested {
    #[serde(default)]
    provider: String,
}

/// The way to the provider as a page with a link: `form-action` lets a form of the console lead nowhere else, redirects included.
async fn test(
    State(state): State<AppState>,
    Extension(assets): Extension<Assets>,
    Extension(operator): Extension<OperatorSession>,
    Form(tested): Form<Tested>,
) -> Response {
    let ctx = state.engine.begin();
    let shell = shell(&ctx.config, assets.clone(), &operator, PATH);
    match social_test::begin(&ctx, &operator.operator, &tested.provider).await {
        Ok(Begun::Leave { url, label }) => {
            Html(social::leave_page(&shell, &label, url.as_str())).into_response()
        }
        Ok(Begun::Over(id)) => respond::see_other(&format!("{TEST}?id={id}")),
        Err(failed) if failed.kind == Kind::NotFound => {
            nothing_here(State(state), Extension(assets), Extension(operator)).await
        }
        Err(failed) => trouble(&shell, failed),
    }
}

async fn result(
    State(state): State<AppState>,
    Extension(assets): Extension<Assets>,
    Extension(operator): Extension<OperatorSession>,
    Query(which): Query<Which>,
) -> Response {
    let ctx = state.engine.begin();
    let shell = shell(&ctx.config, assets.clone(), &operator, PATH);
    let Ok(id) = which.id.parse() else {
        return nothing_here(State(state), Extension(assets), Extension(operator)).await;
    };
    match social_test::result(&ctx, &operator.operator, id).await {
        Ok(Some(shown)) => Html(social::result_page(&shell, shown)).into_response(),
        Ok(None) => nothing_here(State(state), Extension(assets), Extension(operator)).await,
        Err(failed) => trouble(&shell, failed),
    }
}
