//! The outermost layer of every listener: one log line and an ID for each request, panics that don't reach clients, doubled slashes
//! and hosts.

use crate::error::ApiError;
use axum::Router;
use axum::body::HttpBody;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use engine::request_id::{self, RequestId};
use engine::{Ctx, Engine, Error};
use std::any::Any;
use std::net::SocketAddr;
use tokio::time::Instant;
use tower_http::catch_panic::CatchPanicLayer;

/// Proxies write it, and every answer has it.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Outermost on each of the three routers. `listener` is `public`, `admin` or `console`, and names it in the log.
pub fn around(router: Router, listener: &'static str, engine: &Engine) -> Router {
    // Which route it is, and which methods a route takes, is known inside of a router, and told by what lies around it.
    Router::new()
        .fallback_service(router.layer(middleware::from_fn(told_route)))
        .layer(middleware::map_response(in_words))
        .layer(middleware::from_fn(single_slashes))
        .layer(middleware::from_fn(one_host))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(listener, crate::headers::put))
        .layer(middleware::from_fn_with_state((engine.clone(), listener), logged))
}

/// Everything that a request causes runs under its id and with one configuration, which lies around it as a [`Ctx`] from here on.
/// Method, path and status are told, never the query: tokens and codes stand there.
async fn logged(
    State((engine, listener)): State<(Engine, &'static str)>,
    mut request: Request,
    next: Next,
) -> Response {
    let ctx = engine.begin();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let id = id_of(&ctx, &request);
    request.extensions_mut().insert(ctx);
    let begun = Instant::now();
    let answered = async {
        let response = next.run(request).await;
        let route = response.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str);
        let status = response.status().as_u16();
        engine.metrics().request(listener, route, known(&method), status, begun.elapsed());
        tracing::debug!(listener, %method, path, status = response.status().as_u16(), "answered");
        response
    };
    let mut response = request_id::caused_by(Some(id.clone()), answered).await;
    if let Ok(id) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// A trusted proxy names its requests. Names from other clients would be misleading in the log.
fn id_of(ctx: &Ctx, request: &Request) -> RequestId {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let given =
        request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok()).and_then(RequestId::parse);
    let trusted = peer.is_some_and(|peer| ctx.config.vestibule.is_trusted_proxy(peer));
    given.filter(|_| trusted).unwrap_or_else(|| RequestId::new(ctx.effects().uuid()))
}

/// A panic is a bug: the log says where, the client only that it happened.
fn panicked(cause: Box<dyn Any + Send + 'static>) -> Response {
    let text = cause
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| cause.downcast_ref::<&str>().copied())
        .unwrap_or("no message")
        .to_owned();
    ApiError(Error::internal(text)).into_response()
}

/// Tells with the response which route it was, for the count. Never the path itself: it may name somebody.
pub async fn told_route(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    if let Some(route) = route {
        response.extensions_mut().insert(route);
    }
    response
}

/// Methods of RFC 9110 and RFC 5789; others are counted together, since a client may call a method as it likes.
fn known(method: &Method) -> &'static str {
    const KNOWN: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"];
    KNOWN.into_iter().find(|known| method.as_str() == *known).unwrap_or("other")
}

/// A method that an address does not take is refused by the router, in the header `Allow` alone.
async fn in_words(mut response: Response) -> Response {
    if response.status() != StatusCode::METHOD_NOT_ALLOWED || !response.body().is_end_stream() {
        return response;
    }
    let allowed = response.headers().get(header::ALLOW).and_then(|value| value.to_str().ok());
    let worded = crate::error::wrong_method(allowed.unwrap_or_default());
    response.headers_mut().remove(header::CONTENT_LENGTH);
    for (name, value) in worded.headers() {
        response.headers_mut().insert(name, value.clone());
    }
    *response.body_mut() = worded.into_body();
    response
}

/// RFC 9112 §3.2: of two names a proxy may have judged one and we would judge the other.
async fn one_host(request: Request, next: Next) -> Response {
    if request.headers().get_all(header::HOST).iter().nth(1).is_some() {
        return ApiError(Error::invalid("The request has more than one Host header.")).into_response();
    }
    next.run(request).await
}

/// Official pages build addresses with two slashes; Kratos answers 307 to the clean path.
async fn single_slashes(request: Request, next: Next) -> Response {
    let uri = request.uri();
    if !uri.path().contains("//") {
        return next.run(request).await;
    }
    let mut path = String::with_capacity(uri.path().len());
    for letter in uri.path().chars() {
        match letter {
            '/' if path.ends_with('/') => {}
            // A browser reads it as a slash, and two of those as the name of another host.
            '\\' => path.push_str("%5C"),
            letter => path.push(letter),
        }
    }
    if let Some(query) = uri.query() {
        path.push('?');
        path.push_str(query);
    }
    crate::respond::redirect(StatusCode::TEMPORARY_REDIRECT, &path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::{Body, to_bytes};
    use axum::routing::get;
    use engine::testing::World;
    use serde_json::json;
    use tower::ServiceExt;

    async fn broken() -> &'static str {
        panic!("what only the log may say")
    }

    #[tokio::test]
    async fn a_panic_is_an_error_like_any_other_to_the_client() {
        let engine = World::default().engine("memory", vec![json!({})]).await;
        let router = around(Router::new().route("/broken", get(broken)), "public", &engine);
        let request = Request::get("/broken").body(Body::empty()).unwrap();
        let answer = router.oneshot(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in crate::headers::EVERYWHERE {
            assert_eq!(answer.headers()[&name], value, "a panic too");
        }
        let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["error"]["code"], 500);
        assert!(!body.to_string().contains("only the log"), "{body}");
    }
}
