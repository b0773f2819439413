//! Routes of the page *Actions*: native forms, 303 after something was done.

use super::{nothing_here, shell, trouble};
use crate::respond;
use crate::state::AppState;
use app::console::Assets;
use app::console::actions::{self, HOOK, PATH, RETRY, Retry, TEST, Test, Tried, Which};
use axum::Router;
use axum::extract::{Extension, Form, Query, State};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use engine::operators::OperatorSession;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route(PATH, get(list))
        .route(HOOK, get(look))
        .route(RETRY, post(retry))
        .route(TEST, post(test))
}

async fn list(
    State(state): State<AppState>,
    Extension(assets): Extension<Assets>,
    Extension(operator): Extension<OperatorSession>,
) -> Response {
    let shell = shell(&state.engine.begin().config, assets, &operator, PATH);
    match actions::load(&state.engine).await {
        Ok(view) => Html(actions::page(&shell, view)).into_response(),
        Err(failed) => trouble(&shell, failed),
    }
}

async fn look(
    State(state): State<AppState>,
    Extension(assets): Extension<Assets>,
    Extension(operator): Extension<OperatorSession>,
    Query(which): Query<Which>,
) -> Response {
    let page = shell(&state.engine.begin().config, assets.clone(), &operator, PATH);
    match actions::look(&state.engine, &operator, which).await {
        Ok(Some(detail)) => Html(actions::detail(&page, detail)).into_response(),
        Ok(None) => nothing_here(State(state), Extension(assets), Extension(operator)).await,
        Err(failed) => trouble(&page, failed),
    }
}

async fn retry(
    State(state): State<AppState>,
    Extension(assets): Extension<Assets>,
    Extension(operator): Extension<OperatorSession>,
    Form(posted): Form<Retry>,
) -> Response {
    let page = shell(&state.engine.begin().config, assets, &operator, PATH);
    match actions::retry(&state.engine, &operator, posted).await {
        Ok(which) => respond::see_other(&which.address()),
        Err(failed) => trouble(&page, failed),
    }
}

async fn test(
    State(state): State<AppState>,
    Extension(assets): Extension<Assets>,
    Extension(operator): Extension<OperatorSession>,
    Form(posted): Form<Test>,
) -> Response {
    let page = shell(&state.engine.begin().config, assets, &operator, PATH);
    match actions::test(&state.engine, &operator, posted).await {
        Ok(Tried::Sent(which)) => respond::see_other(&which.address()),
        Ok(Tried::Shown(detail)) => Html(actions::detail(&page, *detail)).into_response(),
        Err(failed) => trouble(&page, failed),
    }
}
