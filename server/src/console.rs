//! The console on its own listener: the only place that serves server functions, so that none of them is ever reachable
//! on the public port. Each request reads the operator and their role anew.

mod auth;
mod kept;
mod mounted;
mod tester;
mod visit;

use crate::bounds::{Bounds, Listener, bound};
use crate::error::ApiError;
use crate::state::AppState;
use crate::{assets, guard, headers, hosted, respond};
use app::console::Assets;
use axum::extract::{Extension, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::{Ctx, courier};
use leptos::prelude::provide_context;
use serde_json::json;
use visit::{Instead, Visit};

const STYLESHEET: &str = assets::url("main.css");
const HOME: &str = app::console::nav::OVERVIEW.path;

/// Every page of the kit, for tests that go through all of them.
pub fn pages() -> &'static [std::sync::Arc<app::console::kit::Entry>] {
    &mounted::PAGES
}

pub fn router(state: AppState) -> Router {
    let inside = Router::new()
        .merge(mounted::routes())
        .route("/api/{*function}", post(server_function))
        .fallback(|| async { Instead::Nothing })
        .layer(middleware::from_fn_with_state(state.clone(), visit::explained))
        .layer(middleware::from_fn_with_state(state.clone(), signed_in));
    Router::new()
        .merge(auth::routes())
        .route("/health/alive", get(|| async { respond::json(&json!({ "status": "ok" })) }))
        // A crawler is not to take the sign-in page for its rules.
        .route("/robots.txt", get(|| async { StatusCode::NOT_FOUND }))
        .merge(inside)
        .layer(middleware::from_fn_with_state(Bounds::new(Listener::Console), bound))
        .layer(middleware::from_fn(guarded))
        .layer(middleware::from_fn(crate::client::identify))
        .merge(assets::routes())
        .with_state(state)
}

/// Refuses what does not come from our own pages, and puts the headers of every page around the rest.
async fn guarded(Extension(ctx): Extension<Ctx>, mut request: Request, next: Next) -> Response {
    let nonce = URL_SAFE_NO_PAD.encode(ctx.effects().bytes::<16>());
    let (method, uri, asked) = (request.method(), request.uri(), request.headers());
    let mut response = if let Some(sentence) = guard::refused(&ctx.config, method, asked) {
        (StatusCode::FORBIDDEN, sentence).into_response()
    } else if let Some(url) = hosted::elsewhere(&ctx.config.vestibule.console, method, uri, asked) {
        // `localhost` and `127.0.0.1` are two origins: whoever came by the other name could read every page and would be
        // refused every form.
        hosted::led(&url)
    } else {
        let assets = page_assets(nonce.clone());
        request.extensions_mut().insert(assets.clone());
        match next.run(request).await {
            large if large.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                let page = app::console::auth::notice(
                    &assets,
                    "Too much was sent",
                    &format!(
                        "Nothing was changed. A form has {} bytes at most.",
                        ctx.config.vestibule.requests.console_body
                    ),
                );
                (StatusCode::PAYLOAD_TOO_LARGE, Html(page)).into_response()
            }
            answer => answer,
        }
    };
    // The one file that the page's script imports, by its full name: browsers differ in whether a nonce reaches imports.
    let origin = ctx.config.vestibule.console.base_url.origin().ascii_serialization();
    let script = assets::script().map(|(script, _)| format!(" {origin}{script}")).unwrap_or_default();
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'{script} 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
         connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    headers::of_page(response.headers_mut(), &policy, false);
    response
}

fn page_assets(nonce: String) -> Assets {
    let script = assets::script().map(|(script, wasm)| (script.to_owned(), wasm.to_owned()));
    Assets { stylesheet: STYLESHEET.to_owned(), script, nonce, mail_stuck: false }
}

/// Lets operators through; pages lead to the sign-in page and back, server functions answer 401.
async fn signed_in(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let assets = request.extensions().get::<Assets>().cloned();
    let out_of_order = |failed| match assets {
        Some(assets) => auth::out_of_order(&assets, &failed),
        None => ApiError(failed).into_response(),
    };
    match auth::session(&state, request.headers()).await {
        Ok(Some(session)) => {
            request.extensions_mut().insert(session);
            // Whoever runs this must learn of it on whatever page they are. A database that does not answer says so itself.
            let mail_stuck = courier::is_stalled(&state.engine.begin()).await.unwrap_or_default();
            if let Some(assets) = request.extensions_mut().get_mut::<Assets>() {
                assets.mail_stuck = mail_stuck;
            }
            next.run(request).await
        }
        Ok(None) if request.uri().path().starts_with("/api/") || mounted::is_swap(request.headers()) => {
            let body = json!({ "error": "Your session expired. Sign in again." });
            (StatusCode::UNAUTHORIZED, Json(body)).into_response()
        }
        Ok(None) if request.method() == Method::POST => match kept::page(request.uri().path()) {
            Some(page) => kept::keep(&state, request, page).await.unwrap_or_else(out_of_order),
            None => led_in(&request),
        },
        Ok(None) => led_in(&request),
        Err(failed) if request.uri().path().starts_with("/api/") => ApiError(failed).into_response(),
        Err(failed) => out_of_order(failed),
    }
}

/// To the sign-in page, and back.
fn led_in(request: &Request) -> Response {
    let wanted = request.uri().path_and_query().map_or("/", |path| path.as_str());
    auth::sign_in_first(wanted)
}

/// Server functions, with the operator's visit in their context.
async fn server_function(visit: Visit, request: Request) -> Response {
    let context = move || provide_context(visit.clone());
    leptos_axum::handle_server_fns_with_context(context, request).await.into_response()
}
