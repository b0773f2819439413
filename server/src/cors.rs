//! Cross-origin reads of the public API, as `serve.public.cors` allows (Kratos: rs/cors). Read at each request, so that a
//! configuration change needs no restart.
//!
//! Own code, because the responses are part of the contract: 204 for a preflight, the requested method and headers mirrored, no
//! headers for other origins.

use axum::extract::{Extension, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use engine::Ctx;
use engine::config::{Config, Cors};

pub async fn cors(Extension(ctx): Extension<Ctx>, request: Request, next: Next) -> Response {
    let config = &ctx.config;
    let Some(cors) = &config.serve.cors else { return next.run(request).await };
    let origin = request.headers().get(header::ORIGIN).cloned();
    let preflight = request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let allowed = origin.as_ref().and_then(|origin| allows(cors, origin.to_str().ok()?));
    if preflight {
        let mut response = StatusCode::NO_CONTENT.into_response();
        let headers = response.headers_mut();
        for name in ["Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers"] {
            headers.append(header::VARY, HeaderValue::from_static(name));
        }
        if let (Some(origin), Some(credentials)) = (origin, allowed) {
            answer_preflight(cors, request.headers(), headers, origin, credentials);
        }
        return response;
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if let (Some(origin), Some(credentials)) = (origin, allowed) {
        allow(headers, origin, credentials);
        if let Ok(exposed) = HeaderValue::from_str(&cors.exposed_headers.join(", ")) {
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
        }
    }
    response
}

/// `Some(with credentials)` for an origin on the list. An entry `*` lets everybody read, but never with a person's
/// cookies (Kratos sends both, docs/compatibility.md).
fn allows(cors: &Cors, origin: &str) -> Option<bool> {
    if is_listed(cors, origin) {
        return Some(cors.allow_credentials);
    }
    cors.allowed_origins.iter().any(|entry| entry == "*").then_some(false)
}

/// Whether an entry names the origin, literally or as `https://*.example.org`. An entry `*` names no origin.
fn is_listed(cors: &Cors, origin: &str) -> bool {
    let origin = origin.to_lowercase();
    let mut named = cors.allowed_origins.iter().filter(|entry| *entry != "*");
    named.any(|entry| match entry.to_lowercase().split_once("://*.") {
        Some((scheme, below)) => origin.strip_prefix(&format!("{scheme}://")).is_some_and(|host| {
            host.strip_suffix(below).is_some_and(|label| label.ends_with('.') && label.len() > 1)
        }),
        None => entry.trim_end_matches('/').eq_ignore_ascii_case(&origin),
    })
}

/// Whether forms may be sent from pages of this origin: the public base URL's, that of a page that a `ui_url` names, or a
/// listed one.
pub fn is_of_our_pages(config: &Config, origin: &str) -> bool {
    let same = |url: &url::Url| url.origin().is_tuple() && url.origin().ascii_serialization() == origin;
    same(&config.serve.public.base_url)
        || config.ui_urls().iter().any(same)
        || config.serve.cors.as_ref().is_some_and(|cors| is_listed(cors, origin))
}

/// Whether the request names its origin, and that is one of [`is_of_our_pages`]. A browser is given a session with the
/// verification of its address only then.
pub fn names_our_pages(config: &Config, headers: &HeaderMap) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let origin = origins.next().and_then(|origin| origin.to_str().ok());
    origins.next().is_none() && origin.is_some_and(|origin| is_of_our_pages(config, origin))
}

fn allow(headers: &mut HeaderMap, origin: HeaderValue, credentials: bool) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    if credentials {
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
}

fn answer_preflight(
    cors: &Cors,
    request: &HeaderMap,
    headers: &mut HeaderMap,
    origin: HeaderValue,
    credentials: bool,
) {
    let text = |name: HeaderName| request.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let method = text(header::ACCESS_CONTROL_REQUEST_METHOD);
    if !cors.allowed_methods.iter().any(|allowed| allowed.eq_ignore_ascii_case(method)) {
        return;
    }
    let wanted: Vec<&str> = text(header::ACCESS_CONTROL_REQUEST_HEADERS)
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    let known = |name: &&str| {
        cors.allowed_headers.iter().any(|allowed| allowed == "*" || allowed.eq_ignore_ascii_case(name))
    };
    if !wanted.iter().all(known) {
        return;
    }
    allow(headers, origin, credentials);
    if let Ok(method) = HeaderValue::from_str(&method.to_uppercase()) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, method);
    }
    let names: Vec<String> = wanted.iter().map(|name| title_case(name)).collect();
    if let Some(names) = (!names.is_empty()).then(|| HeaderValue::from_str(&names.join(", ")).ok()).flatten()
    {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names);
    }
    if cors.max_age > 0 {
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from(cors.max_age));
    }
}

fn title_case(name: &str) -> String {
    let mut start = true;
    name.chars()
        .map(|letter| {
            let letter = if start { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() };
            start = letter == '-';
            letter
        })
        .collect()
}
