//! `/self-service/verification`: start, fetch, submit, and the link in the email.

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

/// The email's link fills the code in. Without a code this is no link, and the browser is shown the page of its form.
pub async fn link(
    Extension(ctx): Extension<Ctx>,
    Extension(requester): Extension<Arc<Requester>>,
    headers: HeaderMap,
    OriginalUri(uri): OriginalUri,
) -> Response {
    let query = flows::query(&uri);
    // The link of the method `link` has a token (Kratos: selfservice/strategy/link).
    let token = first(&query, "token");
    let Some(code) = first(&query, "code").or(token) else {
        return flows::page_of_form(&ctx, FlowKind::Verification, &headers, &query);
    };
    let mut submit = flows::submission(&ctx, &headers, requester, &uri, Body::Form(Vec::new()));
    submit.seen = flows::seen(&ctx, &Method::GET, &uri, &headers);
    let outcome = async {
        if flows::who_matters(&ctx, &submit) {
            submit.current = current(&ctx, &headers).await?;
        }
        match token {
            Some(token) => flow::open_verification(&ctx, submit, token).await,
            None => flow::fill_in(&ctx, submit, code).await,
        }
    };
    let outcome = outcome.await;
    respond::outcome(&ctx, &headers, Some(FlowKind::Verification), outcome).await
}
