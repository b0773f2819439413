//! `/self-service/recovery`: start, fetch, submit, and the link in the email.

use super::{current, flows};
use crate::respond;
use axum::extract::{Extension, OriginalUri};
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use engine::Ctx;
use engine::flow;
use engine::form::request::{Body, first};
use engine::model::FlowKind;
use engine::requester::Requester;
use std::sync::Arc;

/// The email's link. Without a token this is no link, and the browser is shown the page of its form.
pub async fn link(
    Extension(ctx): Extension<Ctx>,
    Extension(requester): Extension<Arc<Requester>>,
    headers: HeaderMap,
    OriginalUri(uri): OriginalUri,
) -> Response {
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
