//! `/self-service/verification`: start, fetch, submit, and the link in the mail.

use super::flows;
use crate::error::ApiError;
use crate::state::AppState;
use crate::{cookies, respond};
use axum::body::Bytes;
use axum::extract::{Extension, OriginalUri, State};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::{IntoResponse, Response};
use engine::flow::{self, Flow, FlowType, Started, verification};
use engine::requester::Requester;

/// Errors are JSON for everybody (Kratos: selfservice/flow/verification/handler.go).
pub async fn start(
    State(state): State<AppState>,
    headers: HeaderMap,
    (OriginalUri(uri), csrf, Extension(requester)): flows::Beginning,
    kind_of_client: FlowType,
) -> Response {
    let ctx = state.engine.begin();
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
    let cookie = cookies::csrf_cookie(&ctx, &headers);
    match verification::get(&ctx, id, cookie.as_deref()).await {
        Ok(flow) => respond::json(&Flow::to_json(&flow)),
        Err(error) => ApiError(error).into_response(),
    }
}

/// GET is the mail's link, POST the form.
pub async fn submit(
    State(state): State<AppState>,
    Extension(requester): Extension<Requester>,
    method: Method,
    headers: HeaderMap,
    OriginalUri(uri): OriginalUri,
    bytes: Bytes,
) -> Response {
    let ctx = state.engine.begin();
    let query = flows::query(&uri);
    let code = flow::first(&query, "code").unwrap_or_default().to_owned();
    let link = method == Method::GET;
    let mut submit = flows::submission(&ctx, &headers, requester, query, (!link).then_some(&bytes), None);
    submit.seen = flows::seen(&ctx, &method, &uri, &headers);
    let outcome = async {
        // Who is signed in matters where somebody else might be, or may prove without taking over; and on a page, where the form is
        // sent once more by Back.
        let keys = &ctx.config.vestibule.registration;
        let matters = keys.unverified_session_lifespan.is_some() || keys.reset_on_first_verification;
        if matters || !submit.offered.secrets.is_empty() || (!link && !submit.json) {
            submit.current = super::current(&ctx, &headers).await?;
        }
        match link {
            true => verification::fill_in(&ctx, submit, &code).await,
            false => verification::submit(&ctx, submit, &path_and_query(&uri)).await,
        }
    };
    let outcome = outcome.await;
    respond::verification(&ctx, &headers, outcome).await
}

fn path_and_query(uri: &Uri) -> String {
    uri.path_and_query().map_or("", |path| path.as_str()).trim_start_matches('/').to_owned()
}
