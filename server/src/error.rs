//! Engine errors → status and Kratos' envelope (ory/herodot). Only this file does so, and logs the cause.

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::{Ctx, Error, Kind};
use serde_json::{Map, Value, json};

/// An error on its way out as JSON.
#[derive(Debug)]
pub struct ApiError(pub Error);

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        log(&self.0);
        let status = status(self.0.kind);
        let mut response = (status, Json(envelope(&self.0))).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let id = HeaderValue::from_static(self.0.id.unwrap_or_default());
        headers.insert("ory-error-id", id);
        with_retry_after(response, &self.0)
    }
}

/// Says when to come back, where the error does (RFC 9110, 10.2.3).
pub fn with_retry_after(mut response: Response, error: &Error) -> Response {
    if let Some(seconds) = error.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

pub fn status(kind: Kind) -> StatusCode {
    match kind {
        Kind::Invalid => StatusCode::BAD_REQUEST,
        Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
        Kind::Forbidden => StatusCode::FORBIDDEN,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::Expired => StatusCode::GONE,
        Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::BrowserRequired => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        Kind::Upstream => StatusCode::BAD_GATEWAY,
        Kind::Busy => StatusCode::SERVICE_UNAVAILABLE,
        Kind::UpstreamTimeout => StatusCode::GATEWAY_TIMEOUT,
    }
}

/// `{"error": {…}}` with what stands beside it.
fn envelope(error: &Error) -> Value {
    let mut body = Map::from_iter([("error".to_owned(), object(error))]);
    body.extend(error.beside.clone());
    Value::Object(body)
}

/// The error alone, as the error page gets it; empty members are left out.
pub fn object(error: &Error) -> Value {
    let status = status(error.kind);
    let mut object = Map::new();
    if let Some(id) = error.id {
        object.insert("id".to_owned(), id.into());
    }
    object.insert("code".to_owned(), status.as_u16().into());
    object.insert("status".to_owned(), status.canonical_reason().unwrap_or_default().into());
    // Kratos tells it where the client sent one; ours is in the log whoever named it.
    if let Some(id) = engine::request_id::current() {
        object.insert("request".to_owned(), id.as_str().into());
    }
    if !error.reason.is_empty() {
        object.insert("reason".to_owned(), error.reason.clone().into());
    }
    if !error.details.is_empty() {
        object.insert("details".to_owned(), Value::Object(error.details.clone()));
    }
    object.insert("message".to_owned(), message(error.kind).into());
    Value::Object(object)
}

/// 408: the body did not come in time. The connection ends with it.
pub fn too_slow() -> Response {
    plain(StatusCode::REQUEST_TIMEOUT, "The body wasn't received in time.".to_owned())
}

/// 414
pub fn too_long_address(most: usize) -> Response {
    plain(StatusCode::URI_TOO_LONG, format!("Path and query are longer than {most} bytes."))
}

/// 503: many come at once. Not an error of ours that the log would have to tell of each time.
pub fn overloaded(reason: &str) -> Response {
    let mut response = plain(StatusCode::SERVICE_UNAVAILABLE, reason.to_owned());
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// 405, a plain text as that of Kratos' router. `allowed` is the header `Allow`.
pub fn wrong_method(allowed: &str) -> Response {
    let media = [(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"))];
    let text = format!("405: Method not allowed. Use one of these: {allowed}\n");
    (StatusCode::METHOD_NOT_ALLOWED, media, text).into_response()
}

/// What no handler and no form has anything to do with.
fn plain(status: StatusCode, reason: String) -> Response {
    refused(status, reason, "The request exceeds a limit of this server.")
}

fn refused(status: StatusCode, reason: String, message: &str) -> Response {
    let mut error = json!({
        "code": status.as_u16(),
        "status": status.canonical_reason().unwrap_or_default(),
        "reason": reason,
        "message": message,
    });
    if let Some(id) = engine::request_id::current() {
        error["request"] = id.as_str().into();
    }
    crate::respond::with_status(status, &json!({ "error": error }))
}

/// The text of a status.
fn message(kind: Kind) -> &'static str {
    match kind {
        Kind::Invalid => "The request is invalid.",
        Kind::Unauthenticated => "A valid session is required.",
        Kind::Forbidden => "Access is denied.",
        Kind::NotFound => "The resource was not found.",
        Kind::Conflict => "The request conflicts with existing data.",
        Kind::Expired => "This resource has expired.",
        Kind::TooLarge => "The request is too large.",
        Kind::BrowserRequired => "Continue in a browser at another URL.",
        Kind::RateLimited => "Too many requests. Wait before you try again.",
        Kind::Internal => "Something went wrong on our side.",
        Kind::Upstream => "An upstream service returned an invalid response.",
        Kind::Busy => "The server is overloaded. Try again in a moment.",
        Kind::UpstreamTimeout => "An upstream service took too long.",
    }
}

/// Faults of ours and of the machine, once, with every cause.
pub fn log(error: &Error) {
    let fault = matches!(error.kind, Kind::Internal | Kind::Upstream | Kind::Busy | Kind::UpstreamTimeout);
    if !fault {
        return;
    }
    let mut causes = Vec::new();
    let mut next = error.cause().map(|cause| cause as &dyn std::error::Error);
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    tracing::error!(kind = ?error.kind, cause = causes.join(": "), "{error}");
}

/// What no form can show: JSON clients get the envelope, browsers the error page with a stored copy
/// (Kratos: selfservice/errorx/manager.go).
pub async fn forward(ctx: &Ctx, headers: &HeaderMap, error: Error) -> Response {
    if crate::negotiate::is_json(headers) {
        return ApiError(error).into_response();
    }
    if error.kind == Kind::RateLimited {
        return crate::hosted::limited(&ctx.config, error);
    }
    log(&error);
    match store(ctx, error).await {
        Ok(url) => crate::respond::see_other(&url),
        Err(failed) => ApiError(failed).into_response(),
    }
}

/// Stores the error and says where its page is.
async fn store(ctx: &Ctx, mut error: Error) -> engine::Result<String> {
    error.details.shift_remove("reject_reason");
    let id = ctx.effects().uuid();
    let mut tx = ctx.db().write_single_relaxed().await?;
    engine::store::errors::insert(&mut tx, id, &object(&error), ctx.effects().now()).await?;
    tx.commit().await?;
    ctx.engine.row_budget().error(ctx.counted(), id);
    // The page shows this id to people: whoever is told it finds the line.
    tracing::info!(reference = %id, code = status(error.kind).as_u16(), reason = error.reason, "an error page");
    let mut url = ctx.config.ui_url(ctx.config.selfservice.error_ui_url.as_ref(), "error");
    url.query_pairs_mut().append_pair("id", &id.to_string());
    Ok(url.into())
}

/// For `json!` in this crate's tests and handlers that build an error page's sample.
pub fn sample() -> Value {
    json!({
        "code": 500,
        "status": "Internal Server Error",
        "reason": "This is a sample error for building an error page.",
        "message": "Something went wrong on our side.",
    })
}
