//! Routes of the page *Social sign-in*: native forms all of them, and the way out to a provider as a link.

use super::visit::{Answer, Instead, Page, Visit, again, kept};
use crate::respond;
use crate::state::AppState;
use app::console::social::{self, NEW, Outcome, PATH, PROVIDER, Posted, TEST};
use app::console::{Fields, Shell};
use axum::Router;
use axum::extract::{Form, Query};
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use engine::method::oidc::trial::{self, Begun};
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

async fn list(visit: Visit, Query(which): Query<Which>) -> Page {
    let view = social::list(&visit.engine, &visit.operator, &which.done).await?;
    Ok(Html(social::list_page(&visit.shell, view)))
}

async fn arrange(visit: Visit, Form(posted): Form<Posted>) -> Answer {
    let outcome = social::arrange(&visit.engine, &visit.operator, posted).await?;
    answered(&visit.shell, outcome, social::list_page)
}

fn answered<V>(shell: &Shell, outcome: Outcome<V>, page: fn(&Shell, V) -> String) -> Answer {
    match outcome {
        Outcome::Saved(to) => Ok(respond::see_other(&to)),
        Outcome::Shown(status, view) => Ok(again(status, page(shell, *view))),
        Outcome::Unknown => Err(Instead::Nothing),
    }
}

/// The gallery, or the form of one kind.
async fn blank(visit: Visit, Query(which): Query<Which>) -> Page {
    if which.kind.is_empty() {
        return Ok(Html(social::gallery(&visit.shell)));
    }
    let view = social::blank(&visit.engine, &visit.operator, &which.kind).await?;
    Ok(Html(social::edit_page(&visit.shell, view.ok_or(Instead::Nothing)?)))
}

/// One provider. Without an id somebody comes from the sign-in page, and what they typed waited too long.
async fn open(visit: Visit, Query(which): Query<Which>) -> Answer {
    let Visit { engine, operator, shell } = &visit;
    let view = match kept(&visit, which.kept, PROVIDER).await? {
        Some(fields) => social::resume(engine, operator, &fields).await?,
        None => social::open(engine, operator, &which.id).await?,
    };
    match view {
        Some(view) => Ok(Html(social::edit_page(shell, view)).into_response()),
        None if which.id.is_empty() => Ok(respond::see_other(PATH)),
        None => Err(Instead::Nothing),
    }
}

async fn save(visit: Visit, Form(fields): Form<Fields>) -> Answer {
    let outcome = social::submit(&visit.engine, &visit.operator, fields).await?;
    answered(&visit.shell, outcome, social::edit_page)
}

#[derive(Deserialize)]
struct Tested {
    #[serde(default)]
    provider: String,
}

/// The way to the provider as a page with a link: `form-action` lets a form of the console lead nowhere else, redirects included.
async fn test(visit: Visit, Form(tested): Form<Tested>) -> Answer {
    let Visit { engine, operator, shell } = &visit;
    let begun = trial::begin(&engine.begin(), &operator.operator, &tested.provider).await;
    Ok(match begun.map_err(Instead::nothing_if_unknown)? {
        Begun::Leave { url, label } => Html(social::leave_page(shell, &label, url.as_str())).into_response(),
        Begun::Over(id) => respond::see_other(&format!("{TEST}?id={id}")),
    })
}

async fn result(visit: Visit, Query(which): Query<Which>) -> Page {
    let id = which.id.parse().map_err(|_| Instead::Nothing)?;
    let shown = trial::result(&visit.engine.begin(), &visit.operator.operator, id).await?;
    Ok(Html(social::result_page(&visit.shell, shown.ok_or(Instead::Nothing)?)))
}
