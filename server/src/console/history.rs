//! Routes of the pages *History* and *Compare*: native forms, 303 after going back.

use super::{nothing_here, shell, trouble};
use crate::respond;
use crate::state::AppState;
use app::console::history::{self, Outcome, Posted};
use app::console::{Assets, comparison, history::PATH};
use axum::Router;
use axum::extract::{Extension, Form, Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use engine::operators::OperatorSession;
use serde::Deserialize;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route(PATH, get(list))
        .route(comparison::PATH, get(compare))
        .route(&format!("{PATH}/{{number}}"), get(look).post(go_back))
}

#[derive(Deserialize)]
struct Which {
    /// The page after this revision.
    before: Option<i64>,
    /// What going back has just made.
    done: Option<i64>,
}

async fn list(
    State(state): State<AppState>,
    Extension(assets): Extension<Assets>,
    Extension(operator): Extension<OperatorSession>,
    Query(which): Query<Which>,
) -> Response {
    let shell = shell(&state.engine.begin().config, assets, &operator, PATH);
    match history::load(&state.engine, which.before).await {
        Ok(list) => Html(history::page(&shell, list, which.done)).into_response(),
        Err(failed) => trouble(&shell, failed),
    }
}

/// As typed: what is no number is no revision.
#[derive(Deserialize)]
struct Two {
    from: Option<String>,
    to: Option<String>,
    /// `yaml`: what to write into a file, as one.
    #[serde(default, rename = "as")]
    format: String,
}

async fn compare(
    State(state): State<AppState>,
    Extension(assets): Extension<Assets>,
    Extension(operator): Extension<OperatorSession>,
    Query(Two { from, to, format }): Query<Two>,
) -> Response {
    let number = |text: Option<String>| text.map(|text| text.parse()).transpose();
    let (Ok(from), Ok(to)) = (number(from), number(to)) else {
        return nothing_here(State(state), Extension(assets), Extension(operator)).await;
    };
    let page = shell(&state.engine.begin().config, assets.clone(), &operator, PATH);
    match comparison::load(&state.engine, from, to).await {
        Ok(Some(view)) if format == "yaml" => {
            let (name, yaml) = view.yaml();
            let disposition = format!("attachment; filename=\"{name}\"");
            (
                [
                    (header::CONTENT_TYPE, "application/yaml".to_owned()),
                    (header::CONTENT_DISPOSITION, disposition),
                ],
                yaml,
            )
                .into_response()
        }
        Ok(Some(view)) => Html(comparison::page(&page, view)).into_response(),
        Ok(None) => nothing_here(State(state), Extension(assets), Extension(operator)).await,
        Err(failed) => trouble(&page, failed),
    }
}

async fn look(
    State(state): State<AppState>,
    Extension(assets): Extension<Assets>,
    Extension(operator): Extension<OperatorSession>,
    Path(number): Path<String>,
) -> Response {
    let Ok(number) = number.parse() else {
        return nothing_here(State(state), Extension(assets), Extension(operator)).await;
    };
    let page = shell(&state.engine.begin().config, assets.clone(), &operator, PATH);
    match history::look(&state.engine, &operator, number).await {
        Ok(Some(detail)) => Html(history::detail(&page, detail)).into_response(),
        Ok(None) => nothing_here(State(state), Extension(assets), Extension(operator)).await,
        Err(failed) => trouble(&page, failed),
    }
}

async fn go_back(
    State(state): State<AppState>,
    Extension(assets): Extension<Assets>,
    Extension(operator): Extension<OperatorSession>,
    Path(number): Path<String>,
    Form(posted): Form<Posted>,
) -> Response {
    let Ok(number) = number.parse() else {
        return nothing_here(State(state), Extension(assets), Extension(operator)).await;
    };
    let page = shell(&state.engine.begin().config, assets.clone(), &operator, PATH);
    match history::submit(&state.engine, &operator, number, posted).await {
        Ok(Outcome::Done { revision }) => respond::see_other(&format!("{PATH}?done={revision}")),
        Ok(Outcome::Again(status, detail)) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
            (status, Html(history::detail(&page, *detail))).into_response()
        }
        Ok(Outcome::Unknown) => nothing_here(State(state), Extension(assets), Extension(operator)).await,
        Err(failed) => trouble(&page, failed),
    }
}
