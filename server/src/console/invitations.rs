//! Routes of the page *Invitations*: native forms. What was made is in the answer itself, since its link is told once.

use super::{nothing_here, shell, trouble};
use crate::respond;
use crate::state::AppState;
use app::console::Assets;
use app::console::invitations::{self, Outcome, PATH, Posted};
use axum::Router;
use axum::extract::{Extension, Form, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use engine::operators::OperatorSession;
use serde::Deserialize;

pub(super) fn routes() -> Router<AppState> {
    Router::new().route(PATH, get(list).post(make)).route(&format!("{PATH}/{{id}}/withdraw"), post(withdraw))
}

#[derive(Deserialize)]
struct Which {
    /// The page after this invitation.
    after: Option<String>,
    #[serde(default)]
    withdrawn: bool,
}

async fn list(
    State(state): State<AppState>,
    Extension(assets): Extension<Assets>,
    Extension(operator): Extension<OperatorSession>,
    Query(which): Query<Which>,
) -> Response {
    let shell = shell(&state.engine.begin().config, assets, &operator, PATH);
    match invitations::load(&state.engine, &operator, which.after.as_deref(), which.withdrawn).await {
        Ok(view) => Html(invitations::page(&shell, view)).into_response(),
        Err(failed) => trouble(&shell, failed),
    }
}

async fn make(
    State(state): State<AppState>,
    Extension(assets): Extension<Assets>,
    Extension(operator): Extension<OperatorSession>,
    Form(posted): Form<Posted>,
) -> Response {
    let shell = shell(&state.engine.begin().config, assets, &operator, PATH);
    match invitations::submit(&state.engine, &operator, posted).await {
        Ok(Outcome::Made(view)) => Html(invitations::page(&shell, view)).into_response(),
        Ok(Outcome::Again(view)) => {
            (StatusCode::UNPROCESSABLE_ENTITY, Html(invitations::page(&shell, view))).into_response()
        }
        Err(failed) => trouble(&shell, failed),
    }
}

async fn withdraw(
    State(state): State<AppState>,
    Extension(assets): Extension<Assets>,
    Extension(operator): Extension<OperatorSession>,
    Path(id): Path<String>,
) -> Response {
    let shell = shell(&state.engine.begin().config, assets.clone(), &operator, PATH);
    match invitations::withdraw(&state.engine, &operator, &id).await {
        Ok(()) => respond::see_other(&format!("{PATH}?withdrawn=true")),
        Err(failed) if failed.kind == engine::Kind::NotFound => {
            nothing_here(State(state), Extension(assets), Extension(operator)).await
        }
        Err(failed) => trouble(&shell, failed),
    }
}
