//! Routes of the page *Actions*: native forms, 303 after something was done.

use super::visit::{Answer, Instead, Page, Visit, again, kept as kept_form};
use crate::respond;
use crate::state::AppState;
use app::console::actions::{
    self, After, CHANGE, Done, HOOK, NEW, Outcome, PATH, PRESS, Press, RETRY, Retry, TEST, Test, Tried, Which,
};
use app::console::{Fields, Shell};
use axum::Router;
use axum::extract::{Form, Query};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
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

async fn list(visit: Visit, Query(after): Query<After>) -> Page {
    let view = actions::load(&visit.engine, &visit.operator).await?;
    Ok(Html(actions::page(&visit.shell, view, &after)))
}

async fn look(visit: Visit, Query(which): Query<Which>) -> Page {
    let detail = actions::look(&visit.engine, &visit.operator, which).await?.ok_or(Instead::Nothing)?;
    Ok(Html(actions::detail(&visit.shell, detail)))
}

async fn retry(visit: Visit, Form(posted): Form<Retry>) -> Answer {
    let which = actions::retry(&visit.engine, &visit.operator, posted).await?;
    Ok(respond::see_other(&which.address()))
}

async fn test(visit: Visit, Form(posted): Form<Test>) -> Answer {
    Ok(match actions::test(&visit.engine, &visit.operator, posted).await? {
        Tried::Sent(which) => respond::see_other(&which.address()),
        Tried::Shown(detail) => Html(actions::detail(&visit.shell, *detail)).into_response(),
    })
}

#[derive(Deserialize)]
struct Wished {
    /// Of the hook that is there.
    id: Option<String>,
    /// Back from the sign-in page, to what was typed before it.
    #[serde(default)]
    kept: bool,
}

async fn new(visit: Visit, Query(query): Query<Wished>) -> Answer {
    show(visit, NEW, None, query.kept).await
}

async fn change(visit: Visit, Query(query): Query<Wished>) -> Answer {
    let id = query.id.unwrap_or_default();
    show(visit, CHANGE, Some(id), query.kept).await
}

/// The form; whoever finds none is led to the list, which says why.
async fn show(visit: Visit, page: &'static str, id: Option<String>, kept: bool) -> Answer {
    let Visit { engine, operator, shell } = &visit;
    let view = match kept_form(&visit, kept, page).await? {
        Some(fields) => {
            let edited = fields.get("edited").cloned();
            actions::resume(engine, operator, edited.as_deref(), fields).await?
        }
        None => actions::open(engine, operator, id.as_deref()).await?,
    };
    Ok(match view {
        Some(view) => Html(actions::form_page(shell, view)).into_response(),
        None => respond::see_other(PATH),
    })
}

async fn make(visit: Visit, Form(fields): Form<Fields>) -> Answer {
    submitted(visit, None, fields).await
}

async fn save(visit: Visit, Form(fields): Form<Fields>) -> Answer {
    let id = fields.get("edited").cloned().unwrap_or_default();
    submitted(visit, Some(id), fields).await
}

async fn submitted(visit: Visit, id: Option<String>, fields: Fields) -> Answer {
    let outcome = actions::submit(&visit.engine, &visit.operator, id.as_deref(), fields).await?;
    answered(&visit.shell, outcome, actions::form_page)
}

async fn ask(visit: Visit, Query(press): Query<Press>) -> Answer {
    Ok(match actions::ask(&visit.engine, &visit.operator, press).await? {
        Some(pressed) => Html(actions::asked(&visit.shell, pressed)).into_response(),
        None => respond::see_other(PATH),
    })
}

async fn press(visit: Visit, Form(press): Form<Press>) -> Answer {
    let outcome = actions::press(&visit.engine, &visit.operator, press).await?;
    answered(&visit.shell, outcome, actions::asked)
}

fn answered<V>(shell: &Shell, outcome: Outcome<V>, page: fn(&Shell, V) -> String) -> Answer {
    match outcome {
        Outcome::Saved(done) => Ok(saved(shell, done)),
        Outcome::Shown(view) => Ok(Html(page(shell, *view)).into_response()),
        Outcome::Again(status, view) => Ok(again(status, page(shell, *view))),
        Outcome::Unknown => Err(Instead::Nothing),
    }
}

/// A secret that was made is told in the answer itself: a redirect would have to keep it somewhere.
fn saved(shell: &Shell, done: Done) -> Response {
    match done.secret {
        Some(_) => Html(actions::told(shell, done)).into_response(),
        None => respond::see_other(&done.address()),
    }
}
