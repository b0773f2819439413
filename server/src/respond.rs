//! What the engine answered → HTTP, for browsers, SPAs and apps. Nothing else asks which client it is.

use crate::cookies;
use crate::error::{ApiError, forward};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use engine::config::Config;
use engine::flow::handover::Given;
use engine::flow::login::SignedIn;
use engine::flow::registration::Registered;
use engine::flow::social::{Departure, Landed};
use engine::flow::{
    self, ContinueWith, Flow, FlowType, HandedOver, ShowVerification, Started, StoredKind, Submitted,
    verification,
};
use engine::ids::FlowId;
use engine::plan::Client;
use engine::{Ctx, identity, session};
use serde_json::{Value, json};
use url::Url;

/// 200 with `application/json; charset=utf-8`.
pub fn json(body: &Value) -> Response {
    with_status(StatusCode::OK, body)
}

pub fn with_status(status: StatusCode, body: &Value) -> Response {
    let content_type = HeaderValue::from_static("application/json; charset=utf-8");
    (status, [(header::CONTENT_TYPE, content_type)], body.to_string()).into_response()
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
    page(config, flow.kind, Some(flow.id))
}

/// The page for flows of a kind.
pub fn page(config: &Config, kind: StoredKind, id: Option<FlowId>) -> Url {
    let (configured, path) = match kind {
        StoredKind::Registration => (config.selfservice.registration.ui_url.as_ref(), "registration"),
        StoredKind::Login => (config.selfservice.login.ui_url.as_ref(), "login"),
        StoredKind::Verification => (config.selfservice.verification.ui_url.as_ref(), "verification"),
    };
    let mut url = config.ui_url(configured, path);
    if let Some(id) = id {
        url.query_pairs_mut().append_pair("flow", &id.to_string());
    }
    url
}

/// A flow was asked for.
pub fn started(ctx: &Ctx, headers: &HeaderMap, started: Started) -> Response {
    match started {
        Started::Flow(flow)
            if flow.kind_of_client == FlowType::Api || crate::negotiate::accepts_json(headers) =>
        {
            json(&flow.to_json())
        }
        Started::Flow(flow) => see_other(page_of(&ctx.config, &flow).as_str()),
        Started::SignedIn(_) if crate::negotiate::is_json(headers) => {
            ApiError(flow::already_signed_in()).into_response()
        }
        Started::SignedIn(url) => see_other(url.as_str()),
    }
}

/// A form was sent. `refused` is the status with which a browser goes back to the form: 302 at registration, 303 at
/// login (Kratos: selfservice/flow/*/error.go).
pub async fn submitted<D: Done>(
    ctx: &Ctx,
    headers: &HeaderMap,
    outcome: engine::Result<Submitted<D>>,
) -> Response {
    let wants_json = crate::negotiate::is_json(headers);
    match outcome {
        Ok(Submitted::Done(done)) => done.respond(ctx, headers),
        Ok(Submitted::Again(flow)) if flow.kind_of_client == FlowType::Api || wants_json => {
            with_status(StatusCode::BAD_REQUEST, &flow.to_json())
        }
        Ok(Submitted::Again(flow)) => redirect(D::REFUSED, page_of(&ctx.config, &flow).as_str()),
        Ok(Submitted::TooEarly { flow, seconds }) if flow.kind_of_client == FlowType::Api || wants_json => {
            ApiError(engine::limits::too_many(seconds)).into_response()
        }
        Ok(Submitted::TooEarly { flow, .. }) if flow.page_of(&ctx.config).is_some() => {
            see_other(page_of(&ctx.config, &flow).as_str())
        }
        Ok(Submitted::TooEarly { flow, seconds }) => {
            crate::hosted::too_early(ctx, headers, *flow, seconds).await
        }
        Ok(Submitted::Replaced { expired_at, flow }) => replaced(ctx, wants_json, (expired_at, &flow)),
        Ok(Submitted::SignedIn(url)) => redirect(D::REFUSED, url.as_str()),
        Ok(Submitted::Unverified(shown)) if wants_json => unverified(&shown),
        Ok(Submitted::Unverified(shown)) => see_other(shown.url.as_str()),
        Ok(Submitted::Leave(departure)) => leave(ctx, &departure, wants_json),
        Ok(Submitted::Landed(landed)) => self::landed(ctx, headers, *landed),
        Err(error) => forward(ctx, headers, error).await,
    }
}

/// An expired flow has a new one in its place: a browser goes there, others are told which it is.
fn replaced(ctx: &Ctx, wants_json: bool, (expired_at, flow): (DateTime<Utc>, &Flow)) -> Response {
    if flow.kind_of_client == FlowType::Browser && !wants_json {
        return see_other(page_of(&ctx.config, flow).as_str());
    }
    let since = (ctx.effects().now() - expired_at).num_nanoseconds().unwrap_or(i64::MAX);
    let error = flow::expired()
        .beside("use_flow_id", json!(flow.id))
        .beside("expired_at", json!(expired_at))
        .beside("since", since);
    ApiError(error).into_response()
}

/// To a provider: a browser goes there by itself, others are told where.
fn leave(ctx: &Ctx, departure: &Departure, wants_json: bool) -> Response {
    let mut response = if departure.browser.is_none() || wants_json {
        let error = engine::Error::new(engine::Kind::Elsewhere, "Open the address in a browser to go on.")
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

/// Somebody is back from a provider.
pub fn landed(ctx: &Ctx, headers: &HeaderMap, landed: Landed) -> Response {
    match landed {
        Landed::SignedUp(done) => done.respond(ctx, headers),
        Landed::SignedIn(done) => done.respond(ctx, headers),
        // Whoever waits for JSON here sent a form with an id_token, or is a page that follows the redirects itself.
        Landed::Again(flow) if flow.kind_of_client == FlowType::Api || crate::negotiate::is_json(headers) => {
            let mut response = with_status(StatusCode::BAD_REQUEST, &flow.to_json());
            bind(&mut response, ctx, &flow);
            response
        }
        Landed::Again(flow) => {
            let mut page = page_of(&ctx.config, &flow);
            if flow.ui.messages.iter().any(|message| message.id == 1_010_016) {
                page.query_pairs_mut().append_pair("no_org_ui", "true");
            }
            let refused = match flow.kind {
                StoredKind::Registration => Registered::REFUSED,
                StoredKind::Login | StoredKind::Verification => SignedIn::REFUSED,
            };
            let mut response = redirect(refused, page.as_str());
            keep_csrf(&mut response, ctx, headers, &flow);
            bind(&mut response, ctx, &flow);
            response
        }
        Landed::Replaced { expired_at, flow } => {
            let mut response = replaced(ctx, crate::negotiate::is_json(headers), (expired_at, &flow));
            keep_csrf(&mut response, ctx, headers, &flow);
            response
        }
        Landed::Unverified(shown) if crate::negotiate::is_json(headers) => unverified(&shown),
        Landed::Unverified(shown) => see_other(shown.url.as_str()),
        Landed::ToApp(url) | Landed::Already(url) | Landed::Tested(url) => see_other(url.as_str()),
    }
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
        engine::Error::invalid("Signing in needs a confirmed address. A code was mailed: type it in first.")
            .with_id("session_verified_address_required")
            .detail("continue_with", json!([shown.item(true)]));
    let mut response = ApiError(error).into_response();
    *response.status_mut() = StatusCode::FORBIDDEN;
    response
}

/// A verification was submitted. Which header asks for JSON differs by outcome (Kratos: selfservice/strategy/code/
/// strategy_verification.go): `Accept` alone while it goes on, also the content type where it does not.
pub async fn verification(
    ctx: &Ctx,
    headers: &HeaderMap,
    outcome: engine::Result<verification::Submitted>,
) -> Response {
    use verification::{Replaced, Submitted};
    let is_json = crate::negotiate::is_json(headers);
    let page = |flow: &Flow| see_other(page_of(&ctx.config, flow).as_str());
    match outcome {
        Ok(Submitted::SignedIn(flow, given)) => {
            let as_json = crate::negotiate::accepts_json(headers) || flow.kind_of_client == FlowType::Api;
            proven_and_signed_in(ctx, headers, (&flow, &given), as_json)
        }
        Ok(Submitted::Next(flow)) if crate::negotiate::accepts_json(headers) => json(&flow.to_json()),
        Ok(Submitted::Wrong(flow)) if !crate::negotiate::is_browser(headers) => json(&flow.to_json()),
        Ok(Submitted::Again(flow)) if is_json || flow.kind_of_client == FlowType::Api => {
            with_status(StatusCode::BAD_REQUEST, &flow.to_json())
        }
        Ok(Submitted::Next(flow) | Submitted::Wrong(flow) | Submitted::Again(flow)) => page(&flow),
        Ok(Submitted::Filled(flow)) => {
            let mut response = page(&flow);
            append_cookie(&mut response, cookies::set_csrf(ctx, &flow.csrf_cookie));
            response
        }
        Ok(Submitted::Replaced { flow, why, of_app }) => {
            let mut response = match why {
                _ if !is_json && !of_app => page(&flow),
                Replaced::FlowExpired => {
                    let path = format!("self-service/verification/flows?id={}", flow.id);
                    see_other(&ctx.config.public_url(&path))
                }
                Replaced::CodeExpired(at) => {
                    let since = (ctx.effects().now() - at).num_nanoseconds().unwrap_or(i64::MAX);
                    let error = flow::expired()
                        .beside("use_flow_id", json!(flow.id))
                        .beside("expired_at", json!(at))
                        .beside("since", since);
                    ApiError(error).into_response()
                }
                Replaced::Over => ApiError(flow::replaced(&flow)).into_response(),
            };
            if flow.kind_of_client == FlowType::Browser {
                append_cookie(&mut response, cookies::set_csrf(ctx, &flow.csrf_cookie));
            }
            response
        }
        Err(error) => forward(ctx, headers, error).await,
    }
}

/// Kratos' answer to a proof, and beside it what was handed over with it: a browser is led on at once.
fn proven_and_signed_in(
    ctx: &Ctx,
    headers: &HeaderMap,
    (flow, given): (&Flow, &Given),
    as_json: bool,
) -> Response {
    let mut response = if as_json {
        let now = ctx.effects().now();
        let session = session::to_json(&ctx.config, &given.handed_over.session, Some(&given.identity), now);
        let mut body = flow.to_json();
        body["vestibule"] = json!({ "session": session });
        if given.client == Client::Native {
            body["vestibule"]["session_token"] = given.handed_over.token.clone().into();
        }
        json(&body)
    } else {
        see_other(given.return_to.as_str())
    };
    if given.client != Client::Native {
        let new_csrf = flow::csrf::new_cookie(ctx.effects());
        set_cookies(&mut response, ctx, headers, (Some(&new_csrf), Some(&given.handed_over)));
        if let Some(secret_hash) = &given.secret_hash {
            append_cookie(&mut response, cookies::delete_hand_over(&ctx.config, secret_hash));
        }
    }
    response
}

/// An outcome of a flow that has an answer of its own.
pub trait Done {
    const REFUSED: StatusCode;
    fn respond(self, ctx: &Ctx, headers: &HeaderMap) -> Response;
}

impl Done for Registered {
    const REFUSED: StatusCode = StatusCode::FOUND;

    fn respond(self, ctx: &Ctx, headers: &HeaderMap) -> Response {
        let mut response = match self.client {
            Client::Browser => see_other(self.return_to.as_str()),
            Client::Spa | Client::Native => {
                let now = ctx.effects().now();
                let mut body = json!({});
                if let Some(handed_over) = &self.handed_over {
                    if self.client == Client::Native {
                        body["session_token"] = handed_over.token.clone().into();
                    }
                    body["session"] =
                        session::to_json(&ctx.config, &handed_over.session, Some(&self.identity), now);
                }
                body["identity"] =
                    identity::json::public(&self.identity, &ctx.config.serve.public.base_url_text);
                body["continue_with"] = continue_with(&self.continue_with);
                if let Some(pending) = self.pending.as_ref().filter(|_| self.client == Client::Native) {
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
        if let Some(pending) = self.pending.as_ref().filter(|_| self.client != Client::Native) {
            append_cookie(&mut response, cookies::set_hand_over(ctx, pending));
        }
        let handed_over = self.handed_over.as_ref().filter(|_| self.client != Client::Native);
        set_cookies(&mut response, ctx, headers, (self.new_csrf_cookie.as_deref(), handed_over));
        response
    }
}

impl Done for SignedIn {
    const REFUSED: StatusCode = StatusCode::SEE_OTHER;

    fn respond(self, ctx: &Ctx, headers: &HeaderMap) -> Response {
        let mut response = match self.client {
            Client::Browser => see_other(self.return_to.as_str()),
            Client::Spa | Client::Native => {
                let now = ctx.effects().now();
                let mut body = json!({});
                if self.client == Client::Native {
                    body["session_token"] = self.handed_over.token.clone().into();
                }
                body["session"] =
                    session::to_json(&ctx.config, &self.handed_over.session, Some(&self.identity), now);
                body["continue_with"] = continue_with(&self.continue_with);
                json(&body)
            }
        };
        let handed_over = (self.client != Client::Native).then_some(&self.handed_over);
        let new_csrf = self.new_csrf_cookie.then(|| flow::csrf::new_cookie(ctx.effects()));
        set_cookies(&mut response, ctx, headers, (new_csrf.as_deref(), handed_over));
        response
    }
}

/// The cookies that a finished flow may set.
fn set_cookies(
    response: &mut Response,
    ctx: &Ctx,
    headers: &HeaderMap,
    (new_csrf, handed_over): (Option<&str>, Option<&HandedOver>),
) {
    if let Some(value) = new_csrf {
        append_cookie(response, cookies::set_csrf(ctx, value));
    }
    if let Some(handed_over) = handed_over {
        append_cookie(response, cookies::set_session(ctx, handed_over));
        append_cookie(response, cookies::remember_device(ctx, headers, handed_over.session.identity_id));
    }
}

/// `null`, not `[]`, when there is nothing to go on with (Kratos: selfservice/flow/registration/session.go).
fn continue_with(items: &[ContinueWith]) -> Value {
    if items.is_empty() { Value::Null } else { json!(items) }
}
