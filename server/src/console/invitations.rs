//! Routes of the page *Invitations*: native forms. What was made is in the answer itself, since its link is told once.

use super::visit::{Answer, Instead, Page, Visit, again};
use crate::respond;
use crate::state::AppState;
use app::console::invitations::{self, Outcome, PATH, Posted};
use axum::Router;
use axum::extract::{Form, Path, Query};
use axum::response::{Html, IntoResponse};
use axum::routing::{get, post};
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

async fn list(visit: Visit, Query(which): Query<Which>) -> Page {
    let after = which.after.as_deref();
    let view = invitations::load(&visit.engine, &visit.operator, after, which.withdrawn).await?;
    Ok(Html(invitations::page(&visit.shell, view)))
}

async fn make(visit: Visit, Form(posted): Form<Posted>) -> Answer {
    Ok(match invitations::submit(&visit.engine, &visit.operator, posted).await? {
        Outcome::Made(view) => Html(invitations::page(&visit.shell, view)).into_response(),
        Outcome::Again(view) => again(422, invitations::page(&visit.shell, view)),
    })
}

async fn withdraw(visit: Visit, Path(id): Path<String>) -> Answer {
    let withdrawn = invitations::withdraw(&visit.engine, &visit.operator, &id).await;
    withdrawn.map_err(Instead::nothing_if_unknown)?;
    Ok(respond::see_other(&format!("{PATH}?withdrawn=true")))
}
