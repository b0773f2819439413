//! Routes of the page *Actions*: native forms, 303 after something was done.

use super::{nothing_here, shell, trouble};
use crate::respond;
use crate::state::AppState;
use app::console::actions::{
    self, After, CHANGE, Done, HOOK, NEW, Outcome, PATH, PRESS, Press, RETRY, Retry, TEST, Test,
    Tried, Which,
};
use app::console::{Assets, Fields};
use axum::Router;
use axum::extract::{Extension, Form, Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use engine::operators::OperatorSession;
use serde::Deserialize;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route(PATH, get(list))
        .route(HOOK, get(look))
        .route(RETRY, post(retry))
        .route(TEST, post(test))
        .route(NEW, get(new).post(make))
        .route(CHANGE, get(change).post(save))
        .route(PRESS, get(ask).post(press))
}

async fn list(
    State(state): State<AppState>,
    Extension(assets): Extension<Assets>,
    Extension(operator): Extension<OperatorSession>,
    Query(after): Query<After>,
) -> Response {
    let shell = shell(&state.engine.begin().config, assets, &operator, PATH);
    match actions::load(&state.engine, &operator).await {
        Ok(view) => Html(actions::page(&shell, view, &after)).into_response(),
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

#[derive(Deserialize)]
struct Wished {
    /// Of the hook that is there.
    id: Option<String>,
    /// Back from the sign-in page, to what was typed before it.
    #[serde(default)]
    kept: bool,
}

async fn new(
    State(state): State<AppState>,
    Extension(assets): Extension<Assets>,
    Extension(operator): Extension<OperatorSession>,
    Query(query): Query<Wished>,
) -> Response {
    show(state, assets, operator, NEW, None, query.kept).await
}

async fn change(
    State(state): State<AppState>,
    Extension(assets): Extension<Assets>,
    Extension(operator): Extension<OperatorSession>,
    Query(query): Query<Wished>,
) -> Response {
    let id = query.id.unwrap_or_default();
    show(state, assets, operator, CHANGE, Some(id), query.kept).await
}

/// The form; whoever finds none is led to the list, which says why.
async fn show(
    state: AppState,
    assets: Assets,
    operator: OperatorSession,
    page: &'static str,
    id: Option<String>,
    kept: bool,
) -> Response {
    let shell = shell(&state.engine.begin().config, assets, &operator, PATH);
    let loaded = match super::kept(&state, &operator, kept, page).await {
        Ok(Some(fields)) => {
            let edited = fields.get("edited").cloned();
            actions::resume(&state.engine, &operator, edited.as_deref(), fields).await
        }
        Ok(None) => actions::open(&state.engine, &operator, id.as_deref()).await,
        Err(failed) => Err(failed),
    };
    match loaded {
        Ok(Some(view)) => Html(actions::form_page(&shell, view)).into_response(),
        Ok(None) => respond::see_other(PATH),
        Err(failed) => trouble(&shell, failed),
    }
}

async fn make(
    state: State<AppState>,
    assets: Extension<Assets>,
    operator: Extension<OperatorSession>,
    Form(fields): Form<Fields>,
) -> Response {
    submitted(state, assets, operator, None, fields).await
}

async fn save(
    state: State<AppState>,
    assets: Extension<Assets>,
    operator: Extension<OperatorSession>,
    Form(fields): Form<Fields>,
) -> Response {
    let id = fields.get("edited").cloned().unwrap_or_default();
    submitted(state, assets, operator, Some(id), fields).await
}

async fn submitted(
    State(state): State<AppState>,
    Extension(assets): Extension<Assets>,
    Extension(operator): Extension<OperatorSession>,
    id: Option<String>,
    fields: Fields,
) -> Response {
    let page = shell(&state.engine.begin().config, assets.clone(), &operator, PATH);
    match actions::submit(&state.engine, &operator, id.as_deref(), fields).await {
        Ok(Outcome::Saved(done)) => saved(&page, done),
        Ok(Outcome::Shown(view)) => Html(actions::form_page(&page, *view)).into_response(),
        Ok(Outcome::Again(status, view)) => again(status, actions::form_page(&page, *view)),
        Ok(Outcome::Unknown) => nothing_here(State(state), Extension(assets), Extension(operator)).await,
        Err(failed) => trouble(&page, failed),
    }
}

/// A secret that was made is told in the answer itself: a redirect would have to keep it somewhere.
fn saved(page: &app::console::Shell, done: Done) -> Response {
    match done.secret {
        Some(_) => Html(actions::told(page, done)).into_response(),
        None => respond::see_other(&done.address()),
    }
}

fn again(status: u16, page: String) -> Response {
    (StatusCode::from_u16(status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY), Html(page)).into_response()
}

async fn ask(
    State(state): State<AppState>,
    Extension(assets): Extension<Assets>,
    Extension(operator): Extension<OperatorSession>,
    Query(press): Query<Press>,
) -> Response {
    let page = shell(&state.engine.begin().config, assets, &operator, PATH);
    match actions::ask(&state.engine, &operator, press).await {
        Ok(Some(pressed)) => Html(actions::asked(&page, pressed)).into_response(),
        Ok(None) => respond::see_other(PATH),
        Err(failed) => trouble(&page, failed),
    }
}

async fn press(
    State(state): State<AppState>,
    Extension(assets): Extension<Assets>,
    Extension(operator): Extension<OperatorSession>,
    Form(press): Form<Press>,
) -> Response {
    let page = shell(&state.engine.begin().config, assets.clone(), &operator, PATH);
    match actions::press(&state.engine, &operator, press).await {
        Ok(Outcome::Saved(done)) => saved(&page, done),
        Ok(Outcome::Shown(pressed)) => Html(actions::asked(&page, *pressed)).into_response(),
        Ok(Outcome::Again(status, pressed)) => again(status, actions::asked(&page, *pressed)),
        Ok(Outcome::Unknown) => nothing_here(State(state), Extension(assets), Extension(operator)).await,
        Err(failed) => trouble(&page, failed),
    }
}
