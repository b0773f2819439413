//! `/self-service/verification`: start, fetch, submit, and the link in the mail.

use super::flows;
use crate::error::ApiError;
use crate::respond;
use crate::state::AppState;
use axum::body::Bytes;
use axum::extract::{Extension, OriginalUri, State};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::{IntoResponse, Response};
use engine::Ctx;
use engine::flow::{self, Body, Flow, FlowType, Started, StoredKind, Submit, verification};
use engine::requester::Requester;

/// Errors are JSON for everybody (Kratos: selfservice/flow/verification/handler.go).
pub async fn start(
    State(state): State<AppState>,
    headers: HeaderMap,
    (OriginalUri(uri), csrf, Extension(requester)): flows::Beginning,
    kind_of_client: FlowType,
) -> Response {
    let ctx = state.engine.begin_for(&requester);
    let csrf_cookie = match kind_of_client {
        FlowType::Api => String::new(),
        FlowType::Browser => csrf.map(|Extension(cookie)| cookie.0).unwrap_or_default(),
    };
    let start = flow::Start {
        kind_of_client,
        path_and_query: path_and_query(&uri),
        query: flows::query(&uri),
        csrf_cookie,
        current: None,
        requester,
        seen: flows::seen(&ctx, &Method::GET, &uri, &headers),
    };
    match verification::start(&ctx, start).await {
        Ok(flow) => respond::started(&ctx, &headers, Started::Flow(Box::new(flow))),
        Err(error) if error.kind == engine::Kind::Limited => {
            crate::error::forward(&ctx, &headers, error).await
        }
        Err(error) => ApiError(error).into_response(),
    }
}

pub async fn fetch(
    State(state): State<AppState>,
    headers: HeaderMap,
    OriginalUri(uri): OriginalUri,
) -> Response {
    let ctx = state.engine.begin();
    let id = flow::first(&flows::query(&uri), "id").and_then(|id| id.parse().ok());
    match flows::load(&ctx, StoredKind::Verification, id, &headers).await {
        Ok(flow) => respond::json(&Flow::to_json(&flow)),
        Err(error) => ApiError(error).into_response(),
    }
}

pub async fn submit(
    State(state): State<AppState>,
    Extension(requester): Extension<Requester>,
    headers: HeaderMap,
    OriginalUri(uri): OriginalUri,
    bytes: Bytes,
) -> Response {
    let ctx = state.engine.begin_for(&requester);
    let body = flows::read(&ctx, &headers, &bytes);
    let mut submit = flows::submission(&ctx, &headers, requester, &flows::query(&uri), body, None);
    submit.seen = flows::seen(&ctx, &Method::POST, &uri, &headers);
    let outcome = async {
        // On a page, Back may send the form once more.
        if matters(&ctx, &submit) || !submit.json {
            submit.current = super::current(&ctx, &headers).await?;
        }
        verification::submit(&ctx, submit, &path_and_query(&uri)).await
    };
    let outcome = outcome.await;
    respond::verification(&ctx, &headers, outcome).await
}

/// The email's link fills the code in. Without a code this is no link, and the browser is shown the page of its form.
pub async fn link(
    State(state): State<AppState>,
    Extension(requester): Extension<Requester>,
    headers: HeaderMap,
    OriginalUri(uri): OriginalUri,
) -> Response {
    let ctx = state.engine.begin_for(&requester);
    let query = flows::query(&uri);
    let Some(code) = flow::first(&query, "code") else {
        return flows::page_of_form(&ctx, StoredKind::Verification, &headers, &query);
    };
    let mut submit = flows::submission(&ctx, &headers, requester, &query, Body::Form(Vec::new()), None);
    submit.seen = flows::seen(&ctx, &Method::GET, &uri, &headers);
    let outcome = async {
        if matters(&ctx, &submit) {
            submit.current = super::current(&ctx, &headers).await?;
        }
        verification::fill_in(&ctx, submit, code).await
    };
    let outcome = outcome.await;
    respond::verification(&ctx, &headers, outcome).await
}

/// Whether it makes a difference who is signed in: somebody else might be, or may verify without resetting the account.
fn matters(ctx: &Ctx, submit: &Submit) -> bool {
    let keys = &ctx.config.vestibule.registration;
    keys.unverified_session_lifespan.is_some()
        || keys.reset_on_first_verification
        || !submit.offered.secrets.is_empty()
}

fn path_and_query(uri: &Uri) -> String {
    uri.path_and_query().map_or("", |path| path.as_str()).trim_start_matches('/').to_owned()
}
