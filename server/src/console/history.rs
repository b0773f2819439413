//! Routes of the pages *History* and *Compare*: native forms, 303 after going back.

use super::visit::{Answer, Instead, Page, Visit, again};
use crate::respond;
use crate::state::AppState;
use app::console::comparison;
use app::console::history::{self, Outcome, PATH, Posted};
use axum::Router;
use axum::extract::{Form, Path, Query};
use axum::http::header;
use axum::response::{Html, IntoResponse};
use axum::routing::get;
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

async fn list(visit: Visit, Query(which): Query<Which>) -> Page {
    let list = history::load(&visit.engine, which.before).await?;
    Ok(Html(history::page(&visit.shell, list, which.done)))
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

async fn compare(visit: Visit, Query(Two { from, to, format }): Query<Two>) -> Answer {
    let number = |text: Option<String>| text.as_deref().map(self::number).transpose();
    let (from, to) = (number(from)?, number(to)?);
    let view = comparison::load(&visit.engine, from, to).await?.ok_or(Instead::Nothing)?;
    if format != "yaml" {
        return Ok(Html(comparison::page(&visit.shell, view)).into_response());
    }
    let (name, yaml) = view.yaml();
    let disposition = format!("attachment; filename=\"{name}\"");
    let headers =
        [(header::CONTENT_TYPE, "application/yaml".to_owned()), (header::CONTENT_DISPOSITION, disposition)];
    Ok((headers, yaml).into_response())
}

fn number(typed: &str) -> Answer<i64> {
    typed.parse().map_err(|_| Instead::Nothing)
}

async fn look(visit: Visit, Path(revision): Path<String>) -> Page {
    let detail = history::look(&visit.engine, &visit.operator, number(&revision)?).await?;
    Ok(Html(history::detail(&visit.shell, detail.ok_or(Instead::Nothing)?)))
}

async fn go_back(visit: Visit, Path(revision): Path<String>, Form(posted): Form<Posted>) -> Answer {
    match history::submit(&visit.engine, &visit.operator, number(&revision)?, posted).await? {
        Outcome::Done { revision } => Ok(respond::see_other(&format!("{PATH}?done={revision}"))),
        Outcome::Again(status, detail) => Ok(again(status, history::detail(&visit.shell, *detail))),
        Outcome::Unknown => Err(Instead::Nothing),
    }
}
