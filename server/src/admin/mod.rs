//! The admin port: the supported part of Kratos' admin API. The list of routes.

mod body;
pub mod courier;
pub mod guard;
pub mod identities;
pub mod invitations;
mod metrics;
mod query;
pub mod recovery;
pub mod sessions;

use crate::bounds::{Bounds, Listener, bound};
use crate::state::AppState;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Extension, OriginalUri, Request};
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{any, delete, get, patch, post};
use engine::Ctx;

pub fn router(state: AppState) -> Router {
    let routes = Router::new()
        .route("/admin/identities", get(identities::list).post(identities::create))
        .route("/admin/identities/{id}", get(identities::get).delete(identities::delete))
        .route("/admin/identities/{id}/sessions", get(sessions::of).delete(sessions::delete_of))
        .route("/admin/sessions", get(sessions::list).post(sessions::act))
        .route("/admin/sessions/{id}", get(sessions::get).delete(sessions::end))
        .route("/admin/sessions/{id}/extend", patch(sessions::extend))
        .route("/admin/courier/messages", get(courier::list))
        .route("/admin/courier/messages/{id}", get(courier::get))
        .route("/admin/recovery/code", post(recovery::create_code))
        .route("/admin/recovery/link", post(recovery::create_link))
        .route("/admin/vestibule/invitations", get(invitations::list).post(invitations::create))
        .route("/admin/vestibule/invitations/{id}", delete(invitations::delete))
        .route("/admin/metrics/prometheus", get(metrics::scrape))
        .route("/self-service/{*rest}", any(to_public))
        .route("/schemas", any(to_public))
        .route("/schemas/{id}", any(to_public))
        .route("/admin/schemas", any(to_public))
        .route("/admin/schemas/{id}", any(to_public))
        .route("/sessions/whoami", any(to_public))
        .merge(crate::meta::admin_routes())
        .fallback(crate::meta::nothing_here)
        .layer(middleware::from_fn(uncached))
        .layer(DefaultBodyLimit::disable())
        // Unauthorized clients are rejected before their body is read.
        .layer(middleware::from_fn_with_state(Bounds::new(Listener::Admin), bound))
        .layer(middleware::from_fn(guard::guard))
        .layer(middleware::from_fn(crate::client::identify))
        .layer(middleware::from_fn(crate::edge::told_route))
        .with_state(state);
    // The prefix is added before routing, so this wraps the router.
    Router::new().fallback_service(tower::ServiceBuilder::new().map_request(with_prefix).service(routes))
}

/// Kratos adds `/admin` to paths of the admin port without it.
fn with_prefix(mut request: Request) -> Request {
    let path = request.uri().path();
    // This path of the public port is redirected.
    let of_users = path == "/sessions/whoami";
    if ["/identities", "/sessions", "/courier", "/metrics", "/recovery"]
        .iter()
        .any(|own| !of_users && (path == *own || path.starts_with(&format!("{own}/"))))
    {
        let wanted = request.uri().path_and_query().map_or("/", |path| path.as_str());
        if let Ok(uri) = format!("/admin{wanted}").parse::<Uri>() {
            *request.uri_mut() = uri;
        }
    }
    request
}

/// 307 to the public base URL for paths of the public port.
async fn to_public(Extension(ctx): Extension<Ctx>, OriginalUri(uri): OriginalUri) -> Response {
    let config = &ctx.config;
    let path = uri.path_and_query().map_or("", |path| path.as_str());
    // The public port has no such prefix (Kratos: x/redir/port_redirect.go).
    let path = path.strip_prefix("/admin").unwrap_or(path).trim_start_matches('/');
    crate::respond::redirect(StatusCode::TEMPORARY_REDIRECT, &config.public_url(path))
}

async fn uncached(request: Request, next: Next) -> Response {
    let get = request.method() == Method::GET;
    let mut response = next.run(request).await;
    if get {
        let value = HeaderValue::from_static("private, no-cache, no-store, must-revalidate");
        response.headers_mut().insert(header::CACHE_CONTROL, value);
    }
    response
}
