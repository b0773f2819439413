//! The console on its own listener: the only place that serves server functions, so that none of them is ever reachable
//! on the public port. Each request reads the operator and their role anew.

mod actions;
mod history;
mod invitations;
mod social;
mod tester;
mod visit;

use crate::error::ApiError;
use crate::state::AppState;
use crate::{assets, client, cookies, error, guard, hosted, respond};
use app::console as pages;
use app::console::entry::{self, Reset, SetUp, SignIn};
use app::console::{Assets, Fields, authentication, checks, mail, mailbox};
use axum::extract::{ConnectInfo, Extension, Form, Query, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::config::Config;
use engine::operators::{self, OperatorSession};
use engine::settings::social::SECRETS;
use engine::{Ctx, Error, Kind, courier};
use leptos::prelude::provide_context;
use serde::Deserialize;
use serde_json::json;
use std::net::SocketAddr;
use tower_http::limit::RequestBodyLimitLayer;
use visit::{Answer, Instead, Page, Visit, again};

/// Another name than any cookie of the public port: ports share one jar.
const COOKIE: &str = "vestibule_console";
const BODY_LIMIT: usize = 64 * 1024;
const STYLESHEET: &str = assets::url("main.css");
const HOME: &str = authentication::PATH;
/// Pages whose forms wait for whoever has to sign in again.
const KEPT: [&str; 4] =
    [authentication::PATH, pages::actions::NEW, pages::actions::CHANGE, app::console::social::PROVIDER];

pub fn router(state: AppState) -> Router {
    let inside = Router::new()
        .route("/", get(|| async { respond::see_other(HOME) }))
        .route(authentication::PATH, get(settings).post(save_settings))
        .merge(actions::routes())
        .merge(history::routes())
        .merge(invitations::routes())
        .merge(social::routes())
        .merge(tester::routes())
        .route(checks::PATH, get(findings))
        .route(mailbox::PATH, get(mails))
        .route(mail::PATH, get(outgoing))
        .route("/api/{*function}", post(server_function))
        .fallback(|| async { Instead::Nothing })
        .layer(middleware::from_fn_with_state(state.clone(), visit::explained))
        .layer(middleware::from_fn_with_state(state.clone(), signed_in));
    Router::new()
        .route("/sign-in", get(sign_in_page).post(sign_in))
        .route("/sign-out", post(sign_out))
        .route("/setup", get(set_up_page).post(set_up))
        .route("/reset", get(reset_page).post(reset))
        .route("/health/alive", get(|| async { respond::json(&json!({ "status": "ok" })) }))
        // A crawler is not to take the sign-in page for its rules.
        .route("/robots.txt", get(|| async { StatusCode::NOT_FOUND }))
        .merge(inside)
        // On the body itself: a server function reads it without axum's extractors, which alone know `DefaultBodyLimit`.
        .layer(RequestBodyLimitLayer::new(BODY_LIMIT))
        .layer(middleware::from_fn_with_state(state.clone(), guarded))
        .merge(assets::routes())
        .with_state(state)
}

/// Refuses what does not come from our own pages, and puts the headers of every page around the rest.
async fn guarded(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let ctx = state.engine.begin();
    let nonce = URL_SAFE_NO_PAD.encode(ctx.effects().bytes::<16>());
    let (method, uri, headers) = (request.method(), request.uri(), request.headers());
    let mut response = if let Some(sentence) = guard::refused(&ctx.config, method, headers) {
        (StatusCode::FORBIDDEN, sentence).into_response()
    } else if let Some(url) = hosted::elsewhere(&ctx.config.vestibule.console, method, uri, headers) {
        // `localhost` and `127.0.0.1` are two origins: whoever came by the other name could read every page and would be
        // refused every form.
        hosted::led(&url)
    } else {
        let assets = page_assets(nonce.clone());
        request.extensions_mut().insert(assets.clone());
        match next.run(request).await {
            large if large.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                let page = entry::notice(
                    &assets,
                    "Too much was sent",
                    "Nothing was changed. A form holds 64 kB at most.",
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
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // `no-referrer` would turn the `Origin` of a form into `null`.
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn page_assets(nonce: String) -> Assets {
    let script = assets::script().map(|(script, wasm)| (script.to_owned(), wasm.to_owned()));
    Assets { stylesheet: STYLESHEET.to_owned(), script, nonce, mail_stuck: false }
}

/// Lets operators through; pages lead to the sign-in page and back, server functions answer 401.
async fn signed_in(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    match session(&state, request.headers()).await {
        Ok(Some(session)) => {
            request.extensions_mut().insert(session);
            // Whoever runs this must learn of it on whatever page they are. A database that does not answer says so itself.
            let mail_stuck = courier::is_stuck(&state.engine.begin()).await.unwrap_or_default();
            if let Some(assets) = request.extensions_mut().get_mut::<Assets>() {
                assets.mail_stuck = mail_stuck;
            }
            next.run(request).await
        }
        Ok(None) if request.uri().path().starts_with("/api/") => {
            let body = json!({ "error": "Your session is over. Sign in again." });
            (StatusCode::UNAUTHORIZED, Json(body)).into_response()
        }
        Ok(None) if request.method() == Method::POST => match kept_page(request.uri().path()) {
            Some(page) => keep(&state, request, page).await,
            None => led_in(&request),
        },
        Ok(None) => led_in(&request),
        Err(failed) if request.uri().path().starts_with("/api/") => ApiError(failed).into_response(),
        Err(failed) => match request.extensions().get::<Assets>() {
            Some(assets) => out_of_order(assets, &failed),
            None => ApiError(failed).into_response(),
        },
    }
}

/// To the sign-in page, and back.
fn led_in(request: &Request) -> Response {
    let wanted = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let next: String = url::form_urlencoded::byte_serialize(wanted.as_bytes()).collect();
    respond::see_other(&format!("/sign-in?next={next}"))
}

/// Pages whose forms wait for their operator.
fn kept_page(path: &str) -> Option<&'static str> {
    KEPT.into_iter().find(|page| *page == path)
}

/// The session ran out before Save: what was typed waits for this operator while they sign in.
async fn keep(state: &AppState, request: Request, page: &'static str) -> Response {
    let token = cookies::value(request.headers(), COOKIE).map(str::to_owned);
    let body = axum::body::to_bytes(request.into_body(), BODY_LIMIT).await;
    let form = body.ok().map(|body| {
        // What shows who somebody is never waits anywhere, nor does a secret.
        let fields = url::form_urlencoded::parse(&body).filter(|(name, _)| !is_secret(name));
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
    });
    let kept = match (token, form) {
        (Some(token), Some(form)) => operators::kept::keep(&state.engine, &token, page, &form).await,
        _ => Ok(false),
    };
    let wanted = match kept {
        Ok(true) => format!("{page}?kept=true"),
        Ok(false) => page.to_owned(),
        Err(failed) => return ApiError(failed).into_response(),
    };
    let next: String = url::form_urlencoded::byte_serialize(wanted.as_bytes()).collect();
    respond::see_other(&format!("/sign-in?next={next}"))
}

/// Of the operator, or of a service that a form names.
fn is_secret(name: &str) -> bool {
    let name = name.strip_suffix(".sealed").unwrap_or(name);
    name == "password" || pages::actions::SECRETS.contains(&name) || SECRETS.contains(&name)
}

async fn session(state: &AppState, headers: &HeaderMap) -> engine::Result<Option<OperatorSession>> {
    match cookies::value(headers, COOKIE) {
        Some(token) => operators::session(&state.engine, token).await,
        None => Ok(None),
    }
}

/// A page for people without a session: what no form can show.
fn out_of_order(assets: &Assets, failed: &Error) -> Response {
    error::log(failed);
    let page = entry::notice(assets, "This did not work", &failed.to_string());
    with_retry_after((error::status(failed.kind), Html(page)).into_response(), failed)
}

fn with_retry_after(mut response: Response, failed: &Error) -> Response {
    if let Some(seconds) = failed.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

// Settings

async fn settings(visit: Visit, Query(query): Query<Saved>) -> Page {
    let Visit { engine, operator, shell } = &visit;
    let view = match (visit.kept(query.kept, authentication::PATH).await?, &query.fix) {
        (Some(posted), _) => authentication::resume(engine, operator, posted).await?,
        (None, Some(id)) => authentication::fixed(engine, operator, id).await?,
        (None, None) => authentication::load(engine, operator).await?,
    };
    Ok(Html(authentication::page(shell, view, query.saved.map(|revision| (revision, query.new)))))
}

#[derive(Deserialize)]
struct Saved {
    saved: Option<i64>,
    #[serde(default)]
    new: bool,
    /// Back from the sign-in page, to what was typed before it.
    #[serde(default)]
    kept: bool,
    /// The finding of the checks whose fix was pressed.
    fix: Option<String>,
}

/// The native form: 303 after a Save, otherwise the page again with all that was typed.
async fn save_settings(visit: Visit, Form(posted): Form<Fields>) -> Answer {
    let page = |view| authentication::page(&visit.shell, view, None);
    Ok(match authentication::submit(&visit.engine, &visit.operator, posted).await? {
        authentication::Outcome::Saved { revision, new } => {
            respond::see_other(&format!("{}?saved={revision}&new={new}", authentication::PATH))
        }
        authentication::Outcome::Previewed(view) => Html(page(view)).into_response(),
        authentication::Outcome::Again(status, view) => again(status, page(view)),
    })
}

/// Server functions, with the engine and the operator in their context.
async fn server_function(
    State(state): State<AppState>,
    Extension(operator): Extension<OperatorSession>,
    request: Request,
) -> Response {
    let context = move || {
        provide_context(state.engine.clone());
        provide_context(operator.clone());
    };
    leptos_axum::handle_server_fns_with_context(context, request).await.into_response()
}

async fn findings(visit: Visit) -> Html<String> {
    Html(checks::page(&visit.shell, checks::load(&visit.engine, &visit.operator)))
}

async fn mails(visit: Visit, Query(query): Query<Recipient>) -> Page {
    let view = mailbox::load(&visit.engine, &visit.operator, &query.to).await?;
    Ok(Html(mailbox::page(&visit.shell, view)))
}

#[derive(Deserialize)]
struct Recipient {
    #[serde(default)]
    to: String,
}

async fn outgoing(visit: Visit) -> Page {
    let view = mail::load(&visit.engine).await?;
    Ok(Html(mail::page(&visit.shell, view)))
}

// The doors

#[derive(Deserialize)]
struct Destination {
    #[serde(default)]
    next: String,
}

/// Whoever is signed in already is led on.
async fn sign_in_page(
    State(state): State<AppState>,
    Extension(assets): Extension<Assets>,
    Query(query): Query<Destination>,
    headers: HeaderMap,
) -> Response {
    match session(&state, &headers).await {
        Ok(Some(_)) => respond::see_other(&safe(&query.next)),
        Ok(None) => match operators::exist(&state.engine).await {
            Ok(exist) => {
                let form = SignIn { next: query.next, nobody: !exist, ..SignIn::default() };
                Html(entry::sign_in(&assets, form)).into_response()
            }
            Err(failed) => out_of_order(&assets, &failed),
        },
        Err(failed) => out_of_order(&assets, &failed),
    }
}

#[derive(Deserialize)]
struct Credentials {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

async fn sign_in(
    State(state): State<AppState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Extension(assets): Extension<Assets>,
    headers: HeaderMap,
    Form(form): Form<Credentials>,
) -> Response {
    let ctx = state.engine.begin();
    let address = client::address(&ctx, &headers, peer).to_string();
    let outcome = operators::sign_in(&state.engine, &form.email, &form.password, &address).await;
    let next = safe(&form.next);
    let page =
        |wrong| entry::sign_in(&assets, SignIn { email: form.email, next: form.next, wrong, nobody: false });
    entered(&ctx, &assets, outcome, &next, page)
}

async fn sign_out(
    State(state): State<AppState>,
    Extension(assets): Extension<Assets>,
    headers: HeaderMap,
) -> Response {
    if let Some(token) = cookies::value(&headers, COOKIE)
        && let Err(failed) = operators::sign_out(&state.engine, token).await
    {
        return out_of_order(&assets, &failed);
    }
    let mut response = respond::see_other("/sign-in");
    respond::append_cookie(&mut response, cookie(&state.engine.begin().config, "", true));
    response
}

#[derive(Deserialize)]
struct Secret {
    #[serde(default)]
    secret: String,
}

/// Opening the link burns nothing: mail scanners and previews open links.
async fn set_up_page(
    State(state): State<AppState>,
    Extension(assets): Extension<Assets>,
    Query(query): Query<Secret>,
) -> Response {
    match operators::setup_link_is_valid(&state.engine, &query.secret).await {
        Ok(true) => {
            Html(entry::set_up(&assets, SetUp { secret: query.secret, ..SetUp::default() })).into_response()
        }
        Ok(false) => used_up(&assets),
        Err(failed) => out_of_order(&assets, &failed),
    }
}

fn used_up(assets: &Assets) -> Response {
    let text = "The link was used, or is an old one. If somebody has set the console up, sign in. \
                Otherwise start the server again for a new link, or use `vestibule operator create`.";
    (StatusCode::GONE, Html(entry::notice(assets, "This link does not work any more", text))).into_response()
}

#[derive(Deserialize)]
struct FirstOperator {
    #[serde(default)]
    secret: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
}

async fn set_up(
    State(state): State<AppState>,
    Extension(assets): Extension<Assets>,
    Form(form): Form<FirstOperator>,
) -> Response {
    match operators::setup_link_is_valid(&state.engine, &form.secret).await {
        Ok(true) => {}
        Ok(false) => return used_up(&assets),
        Err(failed) => return out_of_order(&assets, &failed),
    }
    let outcome =
        operators::set_up(&state.engine, &form.secret, &form.email, &form.name, &form.password).await;
    let page = |wrong| {
        entry::set_up(&assets, SetUp { secret: form.secret, email: form.email, name: form.name, wrong })
    };
    entered(&state.engine.begin(), &assets, outcome, HOME, page)
}

async fn reset_page(
    State(state): State<AppState>,
    Extension(assets): Extension<Assets>,
    Query(query): Query<Secret>,
) -> Response {
    match operators::reset_link_is_valid(&state.engine, &query.secret).await {
        Ok(true) => Html(entry::reset(&assets, Reset { secret: query.secret, wrong: None })).into_response(),
        Ok(false) => no_reset(&assets),
        Err(failed) => out_of_order(&assets, &failed),
    }
}

fn no_reset(assets: &Assets) -> Response {
    let text = "The link was used, or is older than an hour. Whoever runs the server makes a new one with \
                `vestibule operator reset-link`.";
    (StatusCode::GONE, Html(entry::notice(assets, "This link does not work any more", text))).into_response()
}

#[derive(Deserialize)]
struct NewPassword {
    #[serde(default)]
    secret: String,
    #[serde(default)]
    password: String,
}

async fn reset(
    State(state): State<AppState>,
    Extension(assets): Extension<Assets>,
    Form(form): Form<NewPassword>,
) -> Response {
    match operators::reset_link_is_valid(&state.engine, &form.secret).await {
        Ok(true) => {}
        Ok(false) => return no_reset(&assets),
        Err(failed) => return out_of_order(&assets, &failed),
    }
    let outcome = operators::reset(&state.engine, &form.secret, &form.password).await;
    let page = |wrong| entry::reset(&assets, Reset { secret: form.secret, wrong });
    entered(&state.engine.begin(), &assets, outcome, HOME, page)
}

/// In, with the cookie; or the form again with the sentence.
fn entered(
    ctx: &Ctx,
    assets: &Assets,
    outcome: engine::Result<operators::SignIn>,
    next: &str,
    page: impl FnOnce(Option<String>) -> String,
) -> Response {
    match outcome {
        Ok(operators::SignIn::In { token, .. }) => {
            let mut response = respond::see_other(next);
            respond::append_cookie(&mut response, cookie(&ctx.config, &token, false));
            response
        }
        Ok(operators::SignIn::Again(sentence)) => {
            (StatusCode::UNPROCESSABLE_ENTITY, Html(page(Some(sentence)))).into_response()
        }
        Err(failed) if matches!(failed.kind, Kind::Busy | Kind::Limited) => {
            let again = Html(page(Some(failed.to_string())));
            with_retry_after((error::status(failed.kind), again).into_response(), &failed)
        }
        Err(failed) => out_of_order(assets, &failed),
    }
}

/// Only a path of this very console.
fn safe(next: &str) -> String {
    let path = next.starts_with('/') && !next.starts_with("//") && !next.contains(['\\', '\r', '\n', '\t']);
    if path { next.to_owned() } else { HOME.to_owned() }
}

fn cookie(config: &Config, token: &str, delete: bool) -> HeaderValue {
    let secure = if config.vestibule.console.base_url.scheme() == "https" { "; Secure" } else { "" };
    let age = if delete { "; Max-Age=0" } else { "" };
    let text = format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Lax{age}{secure}");
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
}
