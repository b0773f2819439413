//! The public port: Kratos' public API and the hosted pages. The list of routes.

pub mod flows;
pub mod logout;
pub mod oidc;
pub mod recovery;
pub mod sessions;
pub mod verification;

use crate::bounds::{Bounds, Listener, bound};
use crate::cookies::Presented;
use crate::state::AppState;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Extension, OriginalUri, Request};
use axum::handler::Handler;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{MethodRouter, any, delete, get, post};
use engine::Ctx;
use engine::form::request::{Current, first};
use engine::model::{FlowKind, FlowType};
use engine::session::Page;

pub fn router(state: AppState) -> Router {
    let starts = Router::new()
        .route(
            "/self-service/registration/browser",
            acting(|s, h, u| flows::start((FlowKind::Registration, FlowType::Browser), s, h, u)),
        )
        .route(
            "/self-service/registration/api",
            acting(|s, h, u| flows::start((FlowKind::Registration, FlowType::Api), s, h, u)),
        )
        .route(
            "/self-service/registration/flows",
            get(|s, h, u| flows::fetch(FlowKind::Registration, s, h, u)),
        )
        .route(
            "/self-service/login/browser",
            acting(|s, h, u| flows::start((FlowKind::Login, FlowType::Browser), s, h, u)),
        )
        .route(
            "/self-service/login/api",
            acting(|s, h, u| flows::start((FlowKind::Login, FlowType::Api), s, h, u)),
        )
        .route("/self-service/login/flows", get(|s, h, u| flows::fetch(FlowKind::Login, s, h, u)))
        .route(
            "/self-service/verification/browser",
            acting(|s, h, u| flows::start((FlowKind::Verification, FlowType::Browser), s, h, u)),
        )
        .route(
            "/self-service/verification/api",
            acting(|s, h, u| flows::start((FlowKind::Verification, FlowType::Api), s, h, u)),
        )
        .route(
            "/self-service/verification/flows",
            get(|s, h, u| flows::fetch(FlowKind::Verification, s, h, u)),
        )
        .route(
            "/self-service/settings/browser",
            acting(|s, h, u| flows::start((FlowKind::Settings, FlowType::Browser), s, h, u)),
        )
        .route(
            "/self-service/settings/api",
            acting(|s, h, u| flows::start((FlowKind::Settings, FlowType::Api), s, h, u)),
        )
        .route("/self-service/settings/flows", get(|s, h, u| flows::fetch(FlowKind::Settings, s, h, u)))
        .route(
            "/self-service/recovery/browser",
            acting(|s, h, u| flows::start((FlowKind::Recovery, FlowType::Browser), s, h, u)),
        )
        .route(
            "/self-service/recovery/api",
            acting(|s, h, u| flows::start((FlowKind::Recovery, FlowType::Api), s, h, u)),
        )
        .route("/self-service/recovery/flows", get(|s, h, u| flows::fetch(FlowKind::Recovery, s, h, u)));
    // Every route that takes a form is here, behind the question which page sent it. GET never takes one.
    let forms = Router::new()
        .route(
            "/self-service/registration",
            post(|s, r, h, u, b| flows::submit(FlowKind::Registration, s, r, h, u, b))
                .merge(acting(|s, h, u| flows::page(FlowKind::Registration, s, h, u))),
        )
        .route(
            "/self-service/login",
            post(|s, r, h, u, b| flows::submit(FlowKind::Login, s, r, h, u, b))
                .merge(acting(|s, h, u| flows::page(FlowKind::Login, s, h, u))),
        )
        .route(
            "/self-service/verification",
            post(|s, r, h, u, b| flows::submit(FlowKind::Verification, s, r, h, u, b))
                .merge(acting(verification::link)),
        )
        .route(
            "/self-service/settings",
            post(|s, r, h, u, b| flows::submit(FlowKind::Settings, s, r, h, u, b))
                .merge(acting(|s, h, u| flows::page(FlowKind::Settings, s, h, u))),
        )
        .route(
            "/self-service/recovery",
            post(|s, r, h, u, b| flows::submit(FlowKind::Recovery, s, r, h, u, b))
                .merge(acting(recovery::link)),
        )
        .route("/settings/sessions", post(crate::hosted::settings::end))
        .route_layer(middleware::from_fn(crate::origin::from_our_pages));
    let api = Router::new()
        .merge(starts)
        .merge(forms)
        .route("/self-service/logout/browser", get(logout::start))
        .route("/self-service/logout", acting(logout::submit))
        .route("/self-service/logout/api", delete(logout::native))
        // The provider sends these forms: the state in them is what counts.
        .route("/self-service/methods/oidc/callback/{provider}", acting(oidc::callback).post(oidc::posted))
        .route("/self-service/methods/oidc/callback", acting(oidc::callback_of_any).post(oidc::posted))
        .route("/.well-known/change-password", get(crate::hosted::settings::change_password))
        .route("/sessions/token-exchange", acting(oidc::token_exchange))
        .route("/sessions/whoami", any(sessions::whoami))
        .route("/sessions", get(sessions::list).delete(sessions::revoke_others))
        .route("/sessions/{id}", delete(sessions::revoke));
    api.merge(crate::meta::public_routes())
        .merge(crate::hosted::routes())
        .route("/admin/identities", any(to_admin))
        .route("/admin/identities/{*rest}", any(to_admin))
        .route("/admin/recovery/{*rest}", any(to_admin))
        .fallback(crate::hosted::nothing_here)
        .layer(middleware::from_fn(csrf_cookie))
        .layer(middleware::from_fn(crate::hosted::canonical_host))
        .layer(middleware::from_fn(uncached))
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn_with_state(Bounds::new(Listener::Public), bound))
        .layer(middleware::from_fn(crate::cors::cors))
        .layer(middleware::from_fn(crate::client::identify_and_count))
        .with_state(state)
}

/// A GET that begins, ends or uses up something. HEAD runs none of it: email scanners and link checkers send it, and axum would
/// otherwise run the handler of the GET.
fn acting<H, T>(handler: H) -> MethodRouter<AppState>
where
    H: Handler<T, AppState>,
    T: 'static,
{
    get(handler).head(|| async { StatusCode::OK })
}

/// Sets the anti-forgery cookie where a browser without one reads something that leads to a form
/// (Kratos: x/nosurfx/nosurf.go), and hands its value to the handler as [`CsrfCookie`].
async fn csrf_cookie(Extension(ctx): Extension<Ctx>, mut request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if request.method() != Method::GET || !gives_cookie(path) {
        return next.run(request).await;
    }
    // A form that begins belongs to a value that nobody else can have set: of several, none is known to be ours.
    let begins = path.ends_with("/browser");
    let mut present = crate::cookies::csrf_cookies(&ctx, request.headers());
    let present = if present.len() == 1 || !begins { present.pop() } else { None };
    let fresh = present.is_none().then(|| crate::cookies::new_csrf(&ctx));
    let value = present.or_else(|| fresh.as_ref().map(|(value, _)| value.clone())).unwrap_or_default();
    request.extensions_mut().insert(CsrfCookie(value));
    let mut response = next.run(request).await;
    // A handler that sets a cookie of its own, as sign-out does, has the last word.
    let already = response
        .headers()
        .get_all(header::SET_COOKIE)
        .iter()
        .any(|value| value.as_bytes().starts_with(crate::cookies::csrf_name(&ctx.config).as_bytes()));
    if let Some((_, header)) = fresh.filter(|_| !already) {
        crate::respond::append_cookie(&mut response, header);
    }
    response
}

/// The value of the anti-forgery cookie, also when it is being set by this very answer.
#[derive(Clone, Debug, Default)]
pub struct CsrfCookie(pub String);

fn gives_cookie(path: &str) -> bool {
    let api = path.strip_prefix("/self-service/");
    match api {
        Some(rest) => {
            rest.ends_with("/browser") || rest.ends_with("/flows") || rest == "errors" || rest == "logout"
        }
        None => {
            const WITHOUT: [&str; 6] =
                ["/sessions", "/schemas/", "/health/", "/version", "/assets/", "/.well-known/"];
            !crate::hosted::is_page(path) && !WITHOUT.iter().any(|prefix| path.starts_with(prefix))
        }
    }
}

/// 307 to the admin base URL: what belongs there.
async fn to_admin(Extension(ctx): Extension<Ctx>, OriginalUri(uri): OriginalUri) -> Response {
    let config = &ctx.config;
    let base = config.serve.admin.base_url_text.trim_end_matches('/');
    let path = uri.path_and_query().map_or("", |path| path.as_str());
    crate::respond::redirect(StatusCode::TEMPORARY_REDIRECT, &format!("{base}{path}"))
}

/// `Cache-Control` on every GET; `Vary: Cookie` wherever a cookie plays a part (Kratos: x/nocache.go).
async fn uncached(request: Request, next: Next) -> Response {
    let get = request.method() == Method::GET;
    let path = request.uri().path();
    let same_for_all = path.starts_with("/health/") || path == "/version" || path.starts_with("/assets/");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if get && !headers.contains_key(header::CACHE_CONTROL) {
        let value = HeaderValue::from_static("private, no-cache, no-store, must-revalidate");
        headers.insert(header::CACHE_CONTROL, value);
    }
    if !same_for_all {
        headers.append(header::VARY, HeaderValue::from_static("Cookie"));
    }
    response
}

/// Kratos' page parameters: counted from 1, where 0 is the first page as well (measured); what is no number is left out.
pub(crate) fn page(query: &[(String, String)], usual: i64, largest: i64) -> Page {
    let number = |names: [&str; 2]| {
        names.iter().find_map(|name| first(query, name)).and_then(|text| text.parse::<i64>().ok())
    };
    Page {
        number: number(["page", "page_token"]).unwrap_or(1).max(1) - 1,
        size: number(["page_size", "per_page"]).unwrap_or(usual).clamp(1, largest),
    }
}

/// Who is signed in on this request.
pub(crate) async fn current(ctx: &engine::Ctx, headers: &HeaderMap) -> engine::Result<Option<Current>> {
    Ok(signed_in(ctx, headers).await?.map(|(current, _)| current))
}

/// The same, with how the request named the session.
pub(crate) async fn signed_in(
    ctx: &engine::Ctx,
    headers: &HeaderMap,
) -> engine::Result<Option<(Current, Presented)>> {
    for presented in crate::cookies::session_tokens(ctx, headers) {
        if let Some((session, identity)) = engine::session::whoami(ctx, &presented.token).await? {
            let token = presented.token.clone();
            return Ok(Some((Current { session, identity, token }, presented)));
        }
    }
    Ok(None)
}

/// The same for what only reads: also by the token that a session had a moment ago, before a fresh sign-in in another tab.
pub(crate) async fn reader(ctx: &engine::Ctx, headers: &HeaderMap) -> engine::Result<Option<Current>> {
    match current(ctx, headers).await? {
        Some(current) => Ok(Some(current)),
        None => by_earlier_token(ctx, headers).await,
    }
}

/// Whose session had the request's token a moment ago.
pub(crate) async fn by_earlier_token(
    ctx: &engine::Ctx,
    headers: &HeaderMap,
) -> engine::Result<Option<Current>> {
    for Presented { token, .. } in crate::cookies::session_tokens(ctx, headers) {
        if let Some((session, identity)) = engine::session::reader(ctx, &token).await? {
            return Ok(Some(Current { session, identity, token }));
        }
    }
    Ok(None)
}
