//! Results of the engine → HTTP, for browsers, single-page apps and native apps. Only this file depends on the client.

use crate::cookies;
use crate::error::{ApiError, forward};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use engine::config::Config;
use engine::form::csrf;
use engine::form::outcome::{
    self, AuthorizationRequest, ContinueWith, FlowItem, Given, Issued, Outcome, Recovered, Replaced, Saved,
    ShowVerification, SignedIn, SignedUp, Started, Verified, Why,
};
use engine::ids::FlowId;
use engine::model::{Client, Flow, FlowKind, FlowType};
use engine::{Ctx, identity, session};
use serde::Serialize;
use serde_json::{Value, json};
use url::Url;

/// 200 with `application/json; charset=utf-8`.
pub fn json(body: &impl Serialize) -> Response {
    with_status(StatusCode::OK, body)
}

pub fn with_status(status: StatusCode, body: &impl Serialize) -> Response {
    let content_type = HeaderValue::from_static("application/json; charset=utf-8");
    match serde_json::to_vec(body) {
        Ok(body) => (status, [(header::CONTENT_TYPE, content_type)], body).into_response(),
        Err(error) => ApiError(engine::Error::internal(error)).into_response(),
    }
}

/// 303.
pub fn see_other(url: &str) -> Response {
    redirect(StatusCode::SEE_OTHER, url)
}

pub fn redirect(status: StatusCode, url: &str) -> Response {
    match HeaderValue::from_str(url) {
        Ok(location) => (status, [(header::LOCATION, location)]).into_response(),
        Err(bad) => ApiError(engine::Error::internal(bad)).into_response(),
    }
}

pub fn append_cookie(response: &mut Response, cookie: HeaderValue) {
    response.headers_mut().append(header::SET_COOKIE, cookie);
}

/// The page of a flow, with its id.
fn page_of(config: &Config, flow: &Flow) -> Url {
    page(config, flow.kind(), Some(flow.id))
}

/// The page for flows of a kind.
pub fn page(config: &Config, kind: FlowKind, id: Option<FlowId>) -> Url {
    let mut url = config.page_of(kind);
    if let Some(id) = id {
        url.query_pairs_mut().append_pair("flow", &id.to_string());
    }
    url
}

/// A flow was asked for.
pub fn started(ctx: &Ctx, headers: &HeaderMap, kind: FlowKind, started: Started) -> Response {
    match started {
        Started::Flow(flow)
            if flow.kind_of_client == FlowType::Api || crate::negotiate::accepts_json(headers) =>
        {
            json(&flow.view())
        }
        Started::Flow(flow) => see_other(page_of(&ctx.config, &flow).as_str()),
        Started::SignedIn(_) if crate::negotiate::is_json(headers) => {
            ApiError(outcome::already_signed_in()).into_response()
        }
        Started::SignedIn(url) if kind == FlowKind::Recovery => redirect(StatusCode::FOUND, url.as_str()),
        Started::SignInFirst(_) if crate::negotiate::is_json(headers) => {
            // Kratos' member of that name; nobody knows what for.
            ApiError(session::inactive().beside("CredentialsMissing", false)).into_response()
        }
        Started::SignedIn(url) | Started::SignInFirst(url) => see_other(url.as_str()),
    }
}

/// The status with which a browser goes back to a form (Kratos: selfservice/flow/*/error.go).
fn status_of_refusal(kind: FlowKind) -> StatusCode {
    match kind {
        FlowKind::Registration => StatusCode::FOUND,
        FlowKind::Login | FlowKind::Verification | FlowKind::Recovery | FlowKind::Settings => {
            StatusCode::SEE_OTHER
        }
    }
}

/// What became of a form, of a return from a provider (`kind` is then `None`), or of an email's link.
pub async fn outcome(
    ctx: &Ctx,
    headers: &HeaderMap,
    kind: Option<FlowKind>,
    outcome: engine::Result<Outcome>,
) -> Response {
    let wants_json = crate::negotiate::is_json(headers);
    match outcome {
        Ok(Outcome::SignedUp(done)) => signed_up(ctx, headers, *done),
        Ok(Outcome::SignedIn(done)) => signed_in(ctx, headers, *done),
        Ok(Outcome::Verified(done)) => verified(ctx, headers, &done),
        Ok(Outcome::Form { flow, why: Why::TooEarly(seconds) }) => {
            too_early(ctx, headers, *flow, seconds).await
        }
        Ok(Outcome::Recovered(done)) => recovered(ctx, headers, &done),
        Ok(Outcome::Form { flow, why })
            if matches!(flow.kind(), FlowKind::Verification | FlowKind::Recovery) =>
        {
            form_of_verification(ctx, headers, &flow, why)
        }
        Ok(Outcome::Form { flow, why }) => form(ctx, headers, &flow, why),
        Ok(Outcome::Replaced { flow, why, of_app }) if flow.kind() == FlowKind::Verification => {
            replaced_verification(ctx, headers, (&flow, why, of_app))
        }
        Ok(Outcome::Replaced { flow, why, of_app }) if flow.kind() == FlowKind::Recovery => {
            replaced_recovery(ctx, headers, (&flow, why, of_app))
        }
        Ok(Outcome::Replaced { flow, why, .. }) => {
            let mut response = replaced(ctx, wants_json, (why, &flow));
            keep_csrf(&mut response, ctx, headers, &flow);
            response
        }
        Ok(Outcome::Unverified(shown)) if wants_json => unverified(&shown),
        Ok(Outcome::Unverified(shown)) => see_other(shown.url.as_str()),
        Ok(Outcome::Leave(departure)) => leave(ctx, &departure, wants_json),
        Ok(Outcome::Already(url)) => {
            redirect(kind.map_or(StatusCode::SEE_OTHER, status_of_refusal), url.as_str())
        }
        Ok(Outcome::Saved(done)) => saved(ctx, &done),
        Ok(Outcome::SignInAgain { url, client }) if client != Client::Browser => {
            ApiError(outcome::sign_in_again(&url)).into_response()
        }
        Ok(Outcome::SignInAgain { url, .. } | Outcome::SignInFirst(url)) => see_other(url.as_str()),
        Ok(Outcome::ToApp(url) | Outcome::Tested(url)) => see_other(url.as_str()),
        Err(error) => forward(ctx, headers, error).await,
    }
}

/// A form comes back with messages.
fn form(ctx: &Ctx, headers: &HeaderMap, flow: &Flow, why: Why) -> Response {
    // Who waits for JSON after a provider sent a form with an id_token, or is a page that follows the redirects itself.
    if flow.kind_of_client == FlowType::Api || crate::negotiate::is_json(headers) {
        let mut response = with_status(StatusCode::BAD_REQUEST, &flow.to_json());
        bind(&mut response, ctx, flow);
        return response;
    }
    let mut page = page_of(&ctx.config, flow);
    if flow.ui.messages.iter().any(|message| message.id == 1_010_016) {
        page.query_pairs_mut().append_pair("no_org_ui", "true");
    }
    let status = match why {
        Why::Sent | Why::Step => StatusCode::SEE_OTHER,
        Why::Refused | Why::WrongCode | Why::Filled | Why::TooEarly(_) => status_of_refusal(flow.kind()),
    };
    let mut response = redirect(status, page.as_str());
    keep_csrf(&mut response, ctx, headers, flow);
    bind(&mut response, ctx, flow);
    response
}

/// A limit was reached.
async fn too_early(ctx: &Ctx, headers: &HeaderMap, flow: Flow, seconds: u32) -> Response {
    if flow.kind_of_client == FlowType::Api || crate::negotiate::is_json(headers) {
        return ApiError(engine::limits::too_many(seconds)).into_response();
    }
    match ctx.config.ui_url_of(flow.kind()) {
        Some(_) => see_other(page_of(&ctx.config, &flow).as_str()),
        None => crate::hosted::too_early(ctx, headers, flow, seconds).await,
    }
}

/// An expired flow has a new one in its place: a browser goes there, others are told which it is.
fn replaced(ctx: &Ctx, wants_json: bool, (why, flow): (Replaced, &Flow)) -> Response {
    if flow.kind_of_client == FlowType::Browser && !wants_json {
        return see_other(page_of(&ctx.config, flow).as_str());
    }
    match why {
        Replaced::FlowExpired(at) | Replaced::CodeExpired(at) => expired(ctx, flow, at),
        Replaced::Over => ApiError(outcome::replaced(flow)).into_response(),
    }
}

/// 410 with the flow to go on with, and since when the old one or its code is expired.
fn expired(ctx: &Ctx, flow: &Flow, at: DateTime<Utc>) -> Response {
    let since = (ctx.effects().now() - at).num_nanoseconds().unwrap_or(i64::MAX);
    let error = outcome::expired()
        .beside("use_flow_id", json!(flow.id))
        .beside("expired_at", json!(at))
        .beside("since", since);
    ApiError(error).into_response()
}

/// To a provider: a browser goes there by itself, others are told where.
fn leave(ctx: &Ctx, departure: &AuthorizationRequest, wants_json: bool) -> Response {
    let mut response = if departure.browser.is_none() || wants_json {
        let error =
            engine::Error::new(engine::Kind::BrowserRequired, "Open the URL in a browser to continue.")
                .with_id("browser_location_change_required")
                .beside("redirect_browser_to", departure.url.as_str());
        ApiError(error).into_response()
    } else {
        see_other(departure.url.as_str())
    };
    if let Some(browser) = &departure.browser {
        append_cookie(&mut response, cookies::set_continuity(ctx, browser));
    }
    response
}

/// The form may belong to a cookie that this browser has lost meanwhile.
fn keep_csrf(response: &mut Response, ctx: &Ctx, headers: &HeaderMap, flow: &Flow) {
    if !flow.csrf_cookie.is_empty() && !cookies::csrf_cookies(ctx, headers).contains(&flow.csrf_cookie) {
        append_cookie(response, cookies::set_csrf(ctx, &flow.csrf_cookie));
    }
}

/// A form that links is for the browser that it was begun in.
fn bind(response: &mut Response, ctx: &Ctx, flow: &Flow) {
    if let Some(cookie) = &flow.browser_cookie {
        append_cookie(response, cookies::set_continuity(ctx, cookie));
    }
}

/// An app asks for a session that needs more to be filled in first: 422 around the flow.
pub fn unfinished(flow: &Flow) -> Response {
    with_status(StatusCode::UNPROCESSABLE_ENTITY, &flow.to_json())
}

/// HTTP 403 around an error that says 400: so does Kratos, and clients read both (Kratos:
/// selfservice/hook/require_verified_address.go).
fn unverified(shown: &ShowVerification) -> Response {
    let error =
        engine::Error::invalid("Sign-in requires a verified email. Enter the code from the email first.")
            .with_id("session_verified_address_required")
            .detail("continue_with", json!([shown.item(true)]));
    let mut response = ApiError(error).into_response();
    *response.status_mut() = StatusCode::FORBIDDEN;
    response
}

/// The form of a verification or a recovery. Which header asks for JSON differs by outcome (Kratos: selfservice/strategy/code/
/// strategy_verification.go): `Accept` alone while it goes on, also the content type where it does not.
fn form_of_verification(ctx: &Ctx, headers: &HeaderMap, flow: &Flow, why: Why) -> Response {
    let page = || see_other(page_of(&ctx.config, flow).as_str());
    match why {
        Why::Sent if crate::negotiate::accepts_json(headers) => json(&flow.to_json()),
        Why::WrongCode if !crate::negotiate::is_browser(headers) => json(&flow.to_json()),
        Why::Refused if flow.kind_of_client == FlowType::Api || crate::negotiate::is_json(headers) => {
            with_status(StatusCode::BAD_REQUEST, &flow.to_json())
        }
        Why::Filled => {
            let mut response = page();
            append_cookie(&mut response, cookies::set_csrf(ctx, &flow.csrf_cookie));
            response
        }
        Why::Refused | Why::Sent | Why::Step | Why::WrongCode | Why::TooEarly(_) => page(),
    }
}

/// The new flow belongs to a new anti-forgery cookie.
fn replaced_verification(
    ctx: &Ctx,
    headers: &HeaderMap,
    (flow, why, of_app): (&Flow, Replaced, bool),
) -> Response {
    let mut response = match why {
        _ if !crate::negotiate::is_json(headers) && !of_app => see_other(page_of(&ctx.config, flow).as_str()),
        Replaced::FlowExpired(_) => {
            let path = format!("self-service/verification/flows?id={}", flow.id);
            see_other(&ctx.config.public_url(&path))
        }
        Replaced::CodeExpired(at) => expired(ctx, flow, at),
        Replaced::Over => ApiError(outcome::replaced(flow)).into_response(),
    };
    if flow.kind_of_client == FlowType::Browser {
        append_cookie(&mut response, cookies::set_csrf(ctx, &flow.csrf_cookie));
    }
    response
}

/// The new flow belongs to a new anti-forgery cookie, which is set in any case (measured).
fn replaced_recovery(
    ctx: &Ctx,
    headers: &HeaderMap,
    (flow, why, of_app): (&Flow, Replaced, bool),
) -> Response {
    let mut response = match why {
        _ if !crate::negotiate::is_json(headers) && !of_app => see_other(page_of(&ctx.config, flow).as_str()),
        _ if !ctx.config.selfservice.continue_with_transitions => {
            see_other(&ctx.config.public_url(&format!("self-service/recovery/flows?id={}", flow.id)))
        }
        Replaced::FlowExpired(_) | Replaced::CodeExpired(_) => begin_again(engine::Kind::Expired, flow),
        Replaced::Over => begin_again(engine::Kind::Invalid, flow),
    };
    let cookie = match flow.kind_of_client {
        FlowType::Browser => flow.csrf_cookie.clone(),
        FlowType::Api => csrf::new_cookie(ctx.effects()),
    };
    append_cookie(&mut response, cookies::set_csrf(ctx, &cookie));
    response
}

fn begin_again(kind: engine::Kind, flow: &Flow) -> Response {
    let reason = flow.ui.messages.first().map(|message| message.text.clone()).unwrap_or_default();
    let next = ContinueWith::ShowRecoveryUi { flow: FlowItem { id: flow.id, url: None } };
    ApiError(engine::Error::new(kind, reason).detail("continue_with", json!([next]))).into_response()
}

/// A user is signed in, and goes on to set a new password. Without `feature_flags.use_continue_with_transitions` an app gets the
/// session as a cookie, and a URL (Kratos: selfservice/strategy/code/strategy_recovery.go).
fn recovered(ctx: &Ctx, headers: &HeaderMap, done: &Recovered) -> Response {
    let transitions = ctx.config.selfservice.continue_with_transitions;
    let mut response = match done.client {
        Client::Browser => see_other(done.next.as_str()),
        Client::Spa | Client::Native if !transitions => {
            let error =
                engine::Error::new(engine::Kind::BrowserRequired, "Open the URL in a browser to continue.")
                    .with_id("browser_location_change_required")
                    .beside("redirect_browser_to", done.next.as_str());
            ApiError(error).into_response()
        }
        Client::Spa | Client::Native => {
            let mut items = Vec::new();
            if done.client == Client::Native {
                let ory_session_token = done.issued.token.clone();
                items.push(ContinueWith::SetOrySessionToken { ory_session_token });
            }
            items.push(match done.settings {
                Some(id) => {
                    let url = Some(done.next.to_string());
                    ContinueWith::ShowSettingsUi { flow: FlowItem { id, url } }
                }
                None => ContinueWith::RedirectBrowserTo { redirect_browser_to: done.next.to_string() },
            });
            let mut body = done.flow.to_json();
            body["continue_with"] = continue_with(&items);
            json(&body)
        }
    };
    if done.client != Client::Native || !transitions {
        set_cookies(&mut response, ctx, headers, (Some(&done.new_csrf_cookie), Some(&done.issued)));
    }
    response
}

fn verified(ctx: &Ctx, headers: &HeaderMap, done: &Verified) -> Response {
    let accepts_json = crate::negotiate::accepts_json(headers);
    match &done.given {
        Some(given) => {
            let as_json = accepts_json || done.flow.kind_of_client == FlowType::Api;
            verified_and_signed_in(ctx, headers, (&done.flow, given), as_json)
        }
        None if accepts_json => json(&done.flow.to_json()),
        None => see_other(page_of(&ctx.config, &done.flow).as_str()),
    }
}

/// Kratos' response to a verification, with the issued session: a browser is redirected immediately.
fn verified_and_signed_in(
    ctx: &Ctx,
    headers: &HeaderMap,
    (flow, given): (&Flow, &Given),
    as_json: bool,
) -> Response {
    let mut response = if as_json {
        let now = ctx.effects().now();
        let session = session::to_json(&ctx.config, &given.issued.session, Some(&given.identity), now);
        let mut body = flow.to_json();
        body["vestibule"] = json!({ "session": session });
        if given.client == Client::Native {
            body["vestibule"]["session_token"] = given.issued.token.clone().into();
        }
        json(&body)
    } else {
        see_other(given.return_to.as_str())
    };
    if given.client != Client::Native {
        let new_csrf = csrf::new_cookie(ctx.effects());
        set_cookies(&mut response, ctx, headers, (Some(&new_csrf), Some(&given.issued)));
        if let Some(secret_hash) = &given.secret_hash {
            append_cookie(&mut response, cookies::delete_hand_over(&ctx.config, secret_hash));
        }
    }
    response
}

fn signed_up(ctx: &Ctx, headers: &HeaderMap, done: SignedUp) -> Response {
    let mut response = match done.client {
        Client::Browser => see_other(done.return_to.as_str()),
        Client::Spa | Client::Native => {
            let now = ctx.effects().now();
            let mut body = json!({});
            if let Some(issued) = &done.issued {
                if done.client == Client::Native {
                    body["session_token"] = issued.token.clone().into();
                }
                body["session"] = session::to_json(&ctx.config, &issued.session, Some(&done.identity), now);
            }
            body["identity"] = identity::json::public(&done.identity, &ctx.config.serve.public.base_url_text);
            body["continue_with"] = continue_with(&done.continue_with);
            if let Some(pending) = done.deferred.as_ref().filter(|_| done.client == Client::Native) {
                body["vestibule"] = json!({ "deferred_login": {
                    "secret": pending.secret,
                    "flow": pending.flow,
                    "verifiable_address": pending.address,
                    "expires_at": pending.expires_at,
                } });
            }
            json(&body)
        }
    };
    if let Some(pending) = done.deferred.as_ref().filter(|_| done.client != Client::Native) {
        append_cookie(&mut response, cookies::set_hand_over(ctx, pending));
    }
    let issued = done.issued.as_ref().filter(|_| done.client != Client::Native);
    set_cookies(&mut response, ctx, headers, (done.new_csrf_cookie.as_deref(), issued));
    response
}

fn signed_in(ctx: &Ctx, headers: &HeaderMap, done: SignedIn) -> Response {
    let mut response = match done.client {
        Client::Browser => see_other(done.return_to.as_str()),
        Client::Spa | Client::Native => {
            let now = ctx.effects().now();
            let mut body = json!({});
            if done.client == Client::Native {
                body["session_token"] = done.issued.token.clone().into();
            }
            body["session"] = session::to_json(&ctx.config, &done.issued.session, Some(&done.identity), now);
            body["continue_with"] = continue_with(&done.continue_with);
            json(&body)
        }
    };
    let issued = (done.client != Client::Native).then_some(&done.issued);
    let new_csrf = done.new_csrf_cookie.then(|| csrf::new_cookie(ctx.effects()));
    set_cookies(&mut response, ctx, headers, (new_csrf.as_deref(), issued));
    response
}

/// The form once more, as it is after the change.
fn saved(ctx: &Ctx, done: &Saved) -> Response {
    let mut response = match done.client {
        Client::Browser => see_other(done.return_to.as_str()),
        Client::Spa | Client::Native => {
            let mut body = done.flow.to_json();
            if !done.continue_with.is_empty() {
                body["continue_with"] = json!(done.continue_with);
            }
            json(&body)
        }
    };
    if done.client != Client::Native {
        append_cookie(&mut response, cookies::set_session(ctx, &done.issued));
    }
    response
}

/// The cookies that a finished flow may set.
fn set_cookies(
    response: &mut Response,
    ctx: &Ctx,
    headers: &HeaderMap,
    (new_csrf, issued): (Option<&str>, Option<&Issued>),
) {
    if let Some(value) = new_csrf {
        append_cookie(response, cookies::set_csrf(ctx, value));
    }
    if let Some(issued) = issued {
        append_cookie(response, cookies::set_session(ctx, issued));
        append_cookie(response, cookies::remember_device(ctx, headers, issued.session.identity_id));
    }
}

/// `null`, not `[]`, when there is nothing to go on with (Kratos: selfservice/flow/registration/session.go).
fn continue_with(items: &[ContinueWith]) -> Value {
    if items.is_empty() { Value::Null } else { json!(items) }
}
