//! Routes of the page *Authentication*: the native form, 303 after a Save. The island posts the same fields to the server function.

use super::visit::{Answer, Page, Visit, again, kept};
use crate::respond;
use crate::state::AppState;
use app::console::Fields;
use app::console::authentication::{self, Outcome, PATH};
use axum::Router;
use axum::extract::{Form, Query};
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use serde::Deserialize;

pub(super) fn routes() -> Router<AppState> {
    Router::new().route(PATH, get(look).post(save))
}

async fn look(visit: Visit, Query(query): Query<Saved>) -> Page {
    let Visit { engine, operator, shell } = &visit;
    let view = match (kept(&visit, query.kept, PATH).await?, &query.fix) {
        (Some(posted), _) => authentication::resume(engine, operator, posted).await?,
        (None, Some(id)) => authentication::fixed(engine, operator, id).await?,
        (None, None) => authentication::load(engine, operator).await?,
    };
    Ok(Html(authentication::page(shell, view, query.saved.map(|revision| (revision, query.new)))))
}

#[derive(Deserialize)]
struct Saved {
    saved: Option<i64>,
    #[serde(default)]
    new: bool,
    /// Back from the sign-in page, to what was typed before it.
    #[serde(default)]
    kept: bool,
    /// The finding of the checks whose fix was pressed.
    fix: Option<String>,
}

/// The native form: 303 after a Save, otherwise the page again with all that was typed.
async fn save(visit: Visit, Form(posted): Form<Fields>) -> Answer {
    let page = |view| authentication::page(&visit.shell, view, None);
    Ok(match authentication::submit(&visit.engine, &visit.operator, posted).await? {
        Outcome::Saved { revision, new } => respond::see_other(&format!("{PATH}?saved={revision}&new={new}")),
        Outcome::Previewed(view) => Html(page(view)).into_response(),
        Outcome::Again(status, view) => again(status, page(view)),
    })
}
