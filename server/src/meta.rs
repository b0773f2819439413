//! Routes of both ports: identity schemas, stored errors, health, version.

use crate::error::{self, ApiError};
use crate::respond;
use crate::state::AppState;
use axum::Router;
use axum::extract::{Extension, OriginalUri, Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::form::request::first;
use engine::{Ctx, Error, Kind, config};
use serde_json::{Value, json};
use uuid::Uuid;

pub fn public_routes() -> Router<AppState> {
    Router::new()
        .route("/schemas", get(schemas))
        .route("/schemas/{id}", get(schema))
        .route("/admin/schemas", get(schemas))
        .route("/admin/schemas/{id}", get(schema))
        .route("/self-service/errors", get(stored_error))
        .route("/health/alive", get(alive))
        .route("/health/ready", get(ready))
}

pub fn admin_routes() -> Router<AppState> {
    Router::new()
        .route("/health/alive", get(alive))
        .route("/health/ready", get(ready))
        .route("/version", get(version))
        .route("/health/config", get(in_force))
        .route("/admin/health/config", get(in_force))
        .route("/admin/health/alive", get(alive))
        .route("/admin/health/ready", get(ready))
        .route("/admin/version", get(version))
}

/// The text that a path without a handler gets, as Kratos' router.
pub async fn nothing_here() -> Response {
    let headers = [(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"))];
    (StatusCode::NOT_FOUND, headers, "404: Page not found\n").into_response()
}

async fn alive() -> Response {
    respond::json(&json!({ "status": "ok" }))
}

/// Asks the database; 503 with `error.code` 500 in the body when it does not answer (Kratos: oryx/healthx).
async fn ready(State(state): State<AppState>) -> Response {
    match state.engine.db().ready().await {
        Ok(()) => alive().await,
        Err(cause) => {
            tracing::error!(?cause, "the database doesn't respond");
            let body = error::object(&Error::new(Kind::Internal, "The database doesn't respond."));
            respond::with_status(StatusCode::SERVICE_UNAVAILABLE, &json!({ "error": body }))
        }
    }
}

/// Clients that changed a file poll it until the change applies (Kratos: cmd/daemon/serve.go).
async fn in_force(Extension(ctx): Extension<Ctx>) -> Response {
    let plain = [(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"))];
    (plain, config::digest(&ctx.config)).into_response()
}

async fn version() -> Response {
    respond::json(&json!({ "version": env!("CARGO_PKG_VERSION") }))
}

/// `[{id, schema}]`, in pages.
async fn schemas(Extension(ctx): Extension<Ctx>, OriginalUri(uri): OriginalUri) -> Response {
    let config = &ctx.config;
    let page = crate::public::page(&crate::public::flows::query(&uri), 250, 500);
    let at_most = |count: i64| usize::try_from(count).unwrap_or(usize::MAX);
    let all = &config.identity.schemas;
    let list: Vec<Value> = all
        .iter()
        .skip(at_most(page.number.saturating_mul(page.size)))
        .take(at_most(page.size))
        .map(|schema| json!({ "id": schema.id, "schema": schema.schema.document() }))
        .collect();
    let mut response = respond::json(&Value::Array(list));
    response.headers_mut().insert("x-total-count", HeaderValue::from(all.len()));
    response
}

/// By plain id or by its unpadded base64url.
async fn schema(Extension(ctx): Extension<Ctx>, Path(id): Path<String>) -> Result<Response, ApiError> {
    let config = &ctx.config;
    let decoded = URL_SAFE_NO_PAD.decode(&id).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let found = config.schema(&id).or_else(|| config.schema(decoded.as_deref()?));
    match found {
        Some(schema) => Ok(respond::json(schema.schema.document())),
        None => Err(Error::not_found("The identity schema was not found.").into()),
    }
}

/// A stored error, or the sample that pages are built with.
async fn stored_error(
    Extension(ctx): Extension<Ctx>,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, ApiError> {
    let query = crate::public::flows::query(&uri);
    let id = first(&query, "id").or_else(|| first(&query, "error")).unwrap_or_default();
    let (id, error, at) = if id == "stub:500" {
        (ctx.effects().uuid(), error::sample(), ctx.effects().now())
    } else {
        let id = Uuid::parse_str(id).map_err(|_| Error::not_found(""))?;
        let mut tx = ctx.db().read().await?;
        let (error, at) =
            engine::store::errors::get(&mut tx, id).await?.ok_or_else(|| Error::not_found(""))?;
        (id, error, at)
    };
    Ok(respond::json(&json!({ "id": id, "error": error, "created_at": at, "updated_at": at })))
}
