//! `/self-service/recovery`: start, fetch, submit, and the link in the email.

use super::{current, flows};
use crate::respond;
use crate::state::AppState;
use axum::extract::{Extension, OriginalUri, State};
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use engine::flow;
use engine::form::request::{Body, first};
use engine::model::FlowKind;
use engine::requester::Requester;

/// The email's link. Without a token this is no link, and the browser is shown the page of its form.
pub async fn link(
    State(state): State<AppState>,
    Extension(requester): Extension<Requester>,
    headers: HeaderMap,
    OriginalUri(uri): OriginalUri,
) -> Response {
    let ctx = state.engine.begin_for(&requester);
    let query = flows::query(&uri);
    let Some(token) = first(&query, "token") else {
        return flows::page_of_form(&ctx, FlowKind::Recovery, &headers, &query);
    };
    let mut submit = flows::submission(&ctx, &headers, requester, &uri, Body::Form(Vec::new()));
    submit.seen = flows::seen(&ctx, &Method::GET, &uri, &headers);
    let outcome = async {
        submit.current = current(&ctx, &headers).await?;
        flow::follow_link(&ctx, submit, token).await
    };
    let outcome = outcome.await;
    respond::outcome(&ctx, &headers, Some(FlowKind::Recovery), outcome).await
}
