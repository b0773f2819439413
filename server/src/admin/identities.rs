//! `/admin/identities`: create, read, list, delete (Kratos: identity/handler.go).

use crate::error::ApiError;
use crate::respond;
use crate::state::AppState;
use axum::body::Bytes;
use axum::extract::{OriginalUri, Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::identity::decode::Shape;
use engine::ids::IdentityId;
use engine::{Error, admin, flow, identity};
use serde_json::Value;

type Result<T, E = ApiError> = std::result::Result<T, E>;

const DEFAULT_PAGE: i64 = 250;
const LARGEST_PAGE: i64 = 500;

pub async fn create(State(state): State<AppState>, bytes: Bytes) -> Result<Response> {
    let ctx = state.engine.begin();
    if bytes.is_empty() {
        return Err(Error::invalid("").into());
    }
    let shape = Shape { members: usize::MAX, ..ctx.config.vestibule.requests.shape() };
    shape.check_json(&bytes).map_err(Error::invalid)?;
    let body = serde_json::from_slice(&bytes)
        .map_err(|broken| Error::invalid(format!("The body does not describe an identity: {broken}.")))?;
    let (identity, credentials) = admin::create(&ctx, body).await?;
    let json = identity::json::admin(&identity, Some(&credentials), &ctx.config.serve.public.base_url_text);
    let mut response = respond::with_status(StatusCode::CREATED, &json);
    let base = ctx.config.serve.admin.base_url_text.trim_end_matches('/');
    if let Ok(location) = HeaderValue::from_str(&format!("{base}/identities/{}", identity.id)) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

pub async fn get(State(state): State<AppState>, Path(id): Path<String>) -> Result<Response> {
    let ctx = state.engine.begin();
    let (identity, credentials) = admin::get(&ctx, parse(&id)?).await?;
    Ok(respond::json(&identity::json::admin(
        &identity,
        Some(&credentials),
        &ctx.config.serve.public.base_url_text,
    )))
}

/// A page by keyset, or whoever has `credentials_identifier`.
pub async fn list(State(state): State<AppState>, OriginalUri(uri): OriginalUri) -> Result<Response> {
    let ctx = state.engine.begin();
    let query = crate::public::flows::query(&uri);
    if let Some(identifier) = flow::first(&query, "credentials_identifier") {
        let found = admin::by_identifier(&ctx, identifier).await?;
        let list: Vec<Value> = found
            .iter()
            .map(|(identity, credentials)| {
                identity::json::admin(identity, Some(credentials), &ctx.config.serve.public.base_url_text)
            })
            .collect();
        return Ok(respond::json(&Value::Array(list)));
    }
    let size = flow::first(&query, "page_size").or_else(|| flow::first(&query, "per_page"));
    let size = size.and_then(|size| size.parse().ok()).unwrap_or(DEFAULT_PAGE).clamp(1, LARGEST_PAGE);
    let after = flow::first(&query, "page_token").map(parse).transpose()?;
    // One more than asked for tells whether there is a next page.
    let mut identities = admin::list(&ctx, after, size + 1).await?;
    let more = identities.len() as i64 > size;
    identities.truncate(usize::try_from(size).unwrap_or(usize::MAX));
    let mut link = format!("</admin/identities?page_size={size}>; rel=\"first\"");
    if let (true, Some(last)) = (more, identities.last()) {
        link.push_str(&format!(",</admin/identities?page_size={size}&page_token={}>; rel=\"next\"", last.id));
    }
    let list: Vec<Value> = identities
        .iter()
        .map(|identity| identity::json::admin(identity, None, &ctx.config.serve.public.base_url_text))
        .collect();
    let mut response = respond::json(&Value::Array(list));
    if let Ok(link) = HeaderValue::from_str(&link) {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

pub async fn delete(State(state): State<AppState>, Path(id): Path<String>) -> Result<Response> {
    let ctx = state.engine.begin();
    admin::delete(&ctx, parse(&id)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A malformed id is an unknown one (measured).
fn parse(id: &str) -> Result<IdentityId> {
    id.parse().map_err(|_| Error::not_found("").into())
}
