//! The provider's callback, and the exchange with which an app gets its session (Kratos: selfservice/strategy/oidc/strategy.go,
//! session/handler.go).

use super::{current, flows};
use crate::error::ApiError;
use crate::respond;
use axum::body::Bytes;
use axum::extract::{Extension, OriginalUri, Path};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use engine::Ctx;
use engine::flow;
use engine::form::request::{Body, Callback, first};
use engine::method::oidc::exchange;
use engine::requester::Requester;
use engine::session;
use serde_json::json;
use std::sync::Arc;

/// Fields of an answer that comes as a form, as Apple's does, and that are carried over to the address.
const CARRIED: [&str; 7] = ["code", "authCode", "state", "error", "error_description", "iss", "user"];

pub async fn callback(
    ctx: Extension<Ctx>,
    requester: Extension<Arc<Requester>>,
    headers: HeaderMap,
    uri: OriginalUri,
    Path(provider): Path<String>,
) -> Response {
    land(ctx, requester, headers, uri, Some(provider)).await
}

/// Where the redirect URI names no provider (`pkce: force`).
pub async fn callback_of_any(
    ctx: Extension<Ctx>,
    requester: Extension<Arc<Requester>>,
    headers: HeaderMap,
    uri: OriginalUri,
) -> Response {
    land(ctx, requester, headers, uri, None).await
}

async fn land(
    Extension(ctx): Extension<Ctx>,
    Extension(requester): Extension<Arc<Requester>>,
    headers: HeaderMap,
    OriginalUri(uri): OriginalUri,
    provider: Option<String>,
) -> Response {
    let query = flows::query(&uri);
    let outcome = async {
        let mut request = flows::submission(&ctx, &headers, requester, &uri, Body::Form(Vec::new()));
        request.current = current(&ctx, &headers).await?;
        request.seen = flows::seen(&ctx, &Method::GET, &uri, &headers);
        // Codes and the state are nobody else's business.
        request.seen.url = ctx.config.public_url(uri.path().trim_start_matches('/'));
        flow::callback(&ctx, Callback { provider, query, request }).await
    };
    let outcome = outcome.await;
    respond::outcome(&ctx, &headers, None, outcome).await
}

/// A form from another site comes without our cookies (`SameSite`): the same address as a GET has them.
pub async fn posted(OriginalUri(uri): OriginalUri, bytes: Bytes) -> Response {
    let fields = url::form_urlencoded::parse(&bytes);
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields.filter(|(name, _)| CARRIED.contains(&name.as_ref())))
        .finish();
    respond::redirect(StatusCode::FOUND, &format!("{}?{query}", uri.path()))
}

/// `GET /sessions/token-exchange?init_code=…&return_to_code=…`
pub async fn token_exchange(
    Extension(ctx): Extension<Ctx>,
    Extension(requester): Extension<Arc<Requester>>,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, ApiError> {
    let query = flows::query(&uri);
    let device = session::DeviceInfo::of(&requester);
    let (init, back) = (first(&query, "init_code"), first(&query, "return_to_code"));
    match exchange::fetch(&ctx, init, back, &device).await? {
        exchange::Fetched::Session(found) => {
            let (identity, issued) = *found;
            let session =
                session::to_json(&ctx.config, &issued.session, Some(&identity), ctx.effects().now());
            Ok(respond::json(&json!({ "session_token": issued.token, "session": session })))
        }
        exchange::Fetched::Flow(flow) => Ok(respond::unfinished(&flow).into_response()),
    }
}
