//! Access to the console: sign-in, sign-out, and the links for setup, invitations and new passwords. The rules are in
//! `engine::operators`; here is the cookie.

use super::HOME;
use crate::error;
use crate::state::AppState;
use crate::{cookies, respond};
use app::console::auth::{self as pages, Join, Reset, SetUp, SignIn};
use app::console::{Assets, nav};
use axum::Router;
use axum::extract::{Extension, Form, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use engine::config::Config;
use engine::operators::invite::{self, Invitation};
use engine::operators::{self, OperatorSession};
use engine::requester::Requester;
use engine::{Ctx, Error, Kind};
use serde::Deserialize;
use std::sync::Arc;

/// Another name than any cookie of the public port: ports share one jar.
const COOKIE: &str = "vestibule_console";
/// Values of it in one request that are looked up.
const MOST: usize = 4;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/sign-in", get(sign_in_page).post(sign_in))
        .route("/sign-out", post(sign_out))
        .route("/setup", get(set_up_page).post(set_up))
        .route("/join", get(join_page).post(join))
        .route("/reset", get(reset_page).post(reset))
}

/// What the browser brings, whether or not it is good for anything still. Another host of the domain may have added some.
pub(super) fn tokens<'a>(config: &Config, headers: &'a HeaderMap) -> Vec<&'a str> {
    let mut all = cookies::values(headers, &config.console_cookie(COOKIE));
    all.truncate(MOST);
    all
}

pub(super) async fn session(
    state: &AppState,
    headers: &HeaderMap,
) -> engine::Result<Option<OperatorSession>> {
    for token in tokens(&state.engine.begin().config, headers) {
        if let Some(session) = operators::session(&state.engine, token).await? {
            return Ok(Some(session));
        }
    }
    Ok(None)
}

/// To the sign-in page, and from there to `wanted`.
pub(super) fn sign_in_first(wanted: &str) -> Response {
    let next: String = url::form_urlencoded::byte_serialize(wanted.as_bytes()).collect();
    respond::see_other(&format!("/sign-in?next={next}"))
}

/// A page for people without a session: what no form can show.
pub(super) fn out_of_order(assets: &Assets, failed: &Error) -> Response {
    error::log(failed);
    let page = pages::notice(assets, "Something went wrong", &failed.to_string());
    error::with_retry_after((error::status(failed.kind), Html(page)).into_response(), failed)
}

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
                Html(pages::sign_in(&assets, form)).into_response()
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
    Extension(requester): Extension<Arc<Requester>>,
    Extension(assets): Extension<Assets>,
    headers: HeaderMap,
    Form(form): Form<Credentials>,
) -> Response {
    let ctx = state.engine.begin();
    let outcome = operators::sign_in(&state.engine, &form.email, &form.password, &requester).await;
    let next = safe(&form.next);
    let page =
        |wrong| pages::sign_in(&assets, SignIn { email: form.email, next: form.next, wrong, nobody: false });
    entered(&ctx, (&headers, &assets), outcome, &next, page)
}

async fn sign_out(
    State(state): State<AppState>,
    Extension(assets): Extension<Assets>,
    headers: HeaderMap,
) -> Response {
    for token in tokens(&state.engine.begin().config, &headers) {
        if let Err(failed) = operators::sign_out(&state.engine, token).await {
            return out_of_order(&assets, &failed);
        }
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

/// Opening the link burns nothing: email scanners and previews open links.
async fn set_up_page(
    State(state): State<AppState>,
    Extension(assets): Extension<Assets>,
    Query(query): Query<Secret>,
) -> Response {
    match operators::setup_link_is_valid(&state.engine, &query.secret).await {
        Ok(true) => {
            Html(pages::set_up(&assets, SetUp { secret: query.secret, ..SetUp::default() })).into_response()
        }
        Ok(false) => used_up(&assets),
        Err(failed) => out_of_order(&assets, &failed),
    }
}

fn used_up(assets: &Assets) -> Response {
    let text = "It was already used or replaced, or is older than one day. If the console is set up, sign in. \
                Otherwise restart the server for a new link, or run: \
                `vestibule operator create --email EMAIL --name NAME`";
    (StatusCode::GONE, Html(pages::notice(assets, "This link has expired", text))).into_response()
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
    headers: HeaderMap,
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
        pages::set_up(&assets, SetUp { secret: form.secret, email: form.email, name: form.name, wrong })
    };
    entered(&state.engine.begin(), (&headers, &assets), outcome, HOME, page)
}

async fn join_page(
    State(state): State<AppState>,
    Extension(assets): Extension<Assets>,
    Query(query): Query<Secret>,
) -> Response {
    match invite::look(&state.engine, &query.secret).await {
        Ok(Some(invitation)) => Html(pages::join(&assets, invited(query.secret, invitation))).into_response(),
        Ok(None) => no_invitation(&assets),
        Err(failed) => out_of_order(&assets, &failed),
    }
}

fn invited(secret: String, Invitation { email, role }: Invitation) -> Join {
    Join { secret, email, role: nav::role_name(role), ..Join::default() }
}

fn no_invitation(assets: &Assets) -> Response {
    let text = "It was already used, replaced or revoked, or is older than 3 days. Ask an owner for a new invitation.";
    (StatusCode::GONE, Html(pages::notice(assets, "This link has expired", text))).into_response()
}

#[derive(Deserialize)]
struct NewOperator {
    #[serde(default)]
    secret: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
}

async fn join(
    State(state): State<AppState>,
    Extension(assets): Extension<Assets>,
    headers: HeaderMap,
    Form(form): Form<NewOperator>,
) -> Response {
    let invitation = match invite::look(&state.engine, &form.secret).await {
        Ok(Some(invitation)) => invitation,
        Ok(None) => return no_invitation(&assets),
        Err(failed) => return out_of_order(&assets, &failed),
    };
    let outcome = invite::join(&state.engine, &form.secret, &form.name, &form.password).await;
    let page =
        |wrong| pages::join(&assets, Join { name: form.name, wrong, ..invited(form.secret, invitation) });
    entered(&state.engine.begin(), (&headers, &assets), outcome, HOME, page)
}

async fn reset_page(
    State(state): State<AppState>,
    Extension(assets): Extension<Assets>,
    Query(query): Query<Secret>,
) -> Response {
    match operators::reset_link_is_valid(&state.engine, &query.secret).await {
        Ok(true) => Html(pages::reset(&assets, Reset { secret: query.secret, wrong: None })).into_response(),
        Ok(false) => no_reset(&assets),
        Err(failed) => out_of_order(&assets, &failed),
    }
}

fn no_reset(assets: &Assets) -> Response {
    let text = "It was already used or replaced, or is older than one hour. Ask an owner for a new link, or your \
                server administrator to run: `vestibule operator reset-link --email EMAIL`";
    (StatusCode::GONE, Html(pages::notice(assets, "This link has expired", text))).into_response()
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
    headers: HeaderMap,
    Form(form): Form<NewPassword>,
) -> Response {
    match operators::reset_link_is_valid(&state.engine, &form.secret).await {
        Ok(true) => {}
        Ok(false) => return no_reset(&assets),
        Err(failed) => return out_of_order(&assets, &failed),
    }
    let outcome = operators::reset(&state.engine, &form.secret, &form.password).await;
    let page = |wrong| pages::reset(&assets, Reset { secret: form.secret, wrong });
    entered(&state.engine.begin(), (&headers, &assets), outcome, HOME, page)
}

/// In, with the cookie; or the form again with the sentence.
fn entered(
    ctx: &Ctx,
    (headers, assets): (&HeaderMap, &Assets),
    outcome: engine::Result<operators::SignIn>,
    next: &str,
    page: impl FnOnce(Option<String>) -> String,
) -> Response {
    match outcome {
        Ok(operators::SignIn::In { operator, token }) => {
            let mut response = respond::see_other(next);
            respond::append_cookie(&mut response, cookie(&ctx.config, &token, false));
            let device = cookies::remember_console_device(ctx, headers, operator.id);
            respond::append_cookie(&mut response, device);
            response
        }
        Ok(operators::SignIn::Again(sentence)) => {
            (StatusCode::UNPROCESSABLE_ENTITY, Html(page(Some(sentence)))).into_response()
        }
        Err(failed) if matches!(failed.kind, Kind::Busy | Kind::RateLimited) => {
            let again = Html(page(Some(failed.to_string())));
            error::with_retry_after((error::status(failed.kind), again).into_response(), &failed)
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
    let name = config.console_cookie(COOKIE);
    let text = format!("{name}={token}; Path=/; HttpOnly; SameSite=Lax{age}{secure}");
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
}
