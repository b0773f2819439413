//! The hosted pages on the public port: read the engine's data, pass it to `app::hosted`, send the HTML with its headers. Every
//! restart of a flow is recorded in the flow itself, which prevents redirect loops.

pub(crate) mod settings;

use crate::error::ApiError;
use crate::public::flows::{load, query};
use crate::respond::{redirect, see_other};
use crate::state::AppState;
use crate::{assets, headers};
use app::hosted::form::Rules;
use app::hosted::{self, Restarted, Sign, Site, Step as RecoveryStep, StoredError, Welcome};
use axum::Router;
use axum::extract::{Extension, OriginalUri, Request};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use chrono::{DateTime, Utc};
use engine::config::{Config, Hook, Listener};
use engine::flow;
use engine::form::request::{Current, first};
use engine::identity::{Identity, Via};
use engine::ids::FlowId;
use engine::model::{Client, Flow, FlowKind, FlowState, FlowType, MethodId};
use engine::plan::{Step, plan};
use engine::{Ctx, Error, Kind, Result, store};
use serde_json::Value;
use url::Url;
use uuid::Uuid;

const STYLESHEET: &str = assets::url("hosted.css");

/// In the query of the request that starts a flow anew: why. It stays in the flow's `request_url`.
const RESTARTED: &str = "restarted";

/// In the query of a request that was led to the base URL once, where a proxy may hide that it arrived.
const LED: &str = "vestibule_led";

/// `form-action` is left out on purpose: it would also block the redirect to an app that follows a form. No script runs on these
/// pages, so nothing on them fetches; `connect-src` is for auditors that ask for `robots.txt` from within the page.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; \
                      frame-ancestors 'none'";

/// The pages, and under `/assets/` what they are made of.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/", get(front))
        .route("/registration", get(registration))
        .route("/login", get(login))
        .route("/verification", get(verification))
        .route("/settings", get(settings::page))
        .route("/recovery", get(recovery))
        .route("/welcome", get(welcome))
        .route("/error", get(error))
        .layer(middleware::from_fn(with_headers))
        .merge(assets::routes())
}

/// Pages read the anti-forgery cookie and never set it.
pub fn is_page(path: &str) -> bool {
    matches!(
        path,
        "/" | "/registration"
            | "/login"
            | "/verification"
            | "/recovery"
            | "/settings"
            | "/welcome"
            | "/error"
    )
}

/// A browser at the bare URL sees whether the user is signed in, with links. Other clients get Kratos' response.
async fn front(Extension(ctx): Extension<Ctx>, headers: HeaderMap) -> Response {
    if crate::negotiate::names_html(&headers) {
        return see_other(&ctx.config.public_url("welcome"));
    }
    crate::meta::nothing_here().await
}

/// A path without a handler: a page for a browser, Kratos' text for other clients.
pub async fn nothing_here(Extension(ctx): Extension<Ctx>, headers: HeaderMap) -> Response {
    if !crate::negotiate::names_html(&headers) {
        return crate::meta::nothing_here().await;
    }
    let mut response = page(StatusCode::NOT_FOUND, hosted::no_page(&site_of_forms(&ctx.config, None)));
    headers::of_page(response.headers_mut(), POLICY, false);
    response
}

async fn with_headers(Extension(ctx): Extension<Ctx>, request: Request, next: Next) -> Response {
    let posts_elsewhere =
        asked(request.headers(), request.uri()).is_some_and(|asked| !is_at_base_url(&ctx.config, &asked));
    let mut response = next.run(request).await;
    headers::of_page(response.headers_mut(), POLICY, posts_elsewhere);
    response
}

/// Whether a page that was asked for there has the base URL's origin, which all forms are sent to. The scheme is not known here.
fn is_at_base_url(config: &Config, asked: &Authority) -> bool {
    let base = &config.serve.public.base_url;
    let usual = if base.scheme() == "https" { 443 } else { 80 };
    base.host_str().is_some_and(|own| own.eq_ignore_ascii_case(asked.host()))
        && base.port().unwrap_or(usual) == asked.port_u16().unwrap_or(usual)
}

/// A form that is refused before it comes to any flow: a page of ours says so, without a redirect. `id`: what its heading is chosen by.
pub fn refused(config: &Config, id: Option<&str>, error: &Error) -> Response {
    let status = crate::error::status(error.kind);
    let html = hosted::failed(&site_of_forms(config, None), id, status.as_u16(), &error.reason);
    let mut response = crate::error::with_retry_after(page(status, html), error);
    headers::of_page(response.headers_mut(), POLICY, false);
    response
}

/// The response of a limit, as a page for a browser that sent a form: the same status and `Retry-After`.
pub fn refused_by_limit(config: &Config, limit: &Response) -> Response {
    let status = limit.status();
    let html = hosted::failed(&site_of_forms(config, None), None, status.as_u16(), "");
    let mut response = page(status, html);
    if let Some(seconds) = limit.headers().get(header::RETRY_AFTER) {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.clone());
    }
    headers::of_page(response.headers_mut(), POLICY, false);
    response
}

/// Leads a browser that came by another name of this host to the base URL, before any cookie is set: `localhost` and
/// `127.0.0.1` are two hosts to a browser, and a form posts to the base URL. Acts on pages and on
/// `/self-service/…/browser` only, so it may be laid over the whole public router, outside of what sets cookies.
pub async fn canonical_host(Extension(ctx): Extension<Ctx>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let starts = path.starts_with("/self-service/") && path.ends_with("/browser");
    if starts || is_page(path) {
        let (method, uri) = (request.method(), request.uri());
        if let Some(url) = elsewhere(&ctx.config.serve.public, method, uri, request.headers()) {
            return led(&url);
        }
    }
    next.run(request).await
}

/// To the base URL, and not to be remembered.
pub fn led(url: &str) -> Response {
    let mut response = redirect(StatusCode::TEMPORARY_REDIRECT, url);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The host and port that the browser asked, as far as a proxy passes them on.
fn asked(headers: &HeaderMap, uri: &Uri) -> Option<Authority> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let forwarded =
        text(HeaderName::from_static("x-forwarded-host")).and_then(|hosts| hosts.split(',').next());
    let asked =
        forwarded.or_else(|| text(header::HOST)).or_else(|| uri.authority().map(Authority::as_str))?;
    asked.trim().parse().ok()
}

/// The same path and query under the base URL, when the request is a browser's for a page by another host name.
pub fn elsewhere(public: &Listener, method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let reads = matches!(*method, Method::GET | Method::HEAD);
    if !reads || !crate::negotiate::names_html(headers) {
        return None;
    }
    // What a proxy says of the host decides only whether to lead, never where to: that is the base URL alone.
    let asked = asked(headers, uri)?;
    let own = public.base_url.host_str()?;
    if asked.host().trim_end_matches('.').eq_ignore_ascii_case(own.trim_end_matches('.')) {
        return None;
    }
    let path = uri.path_and_query().map_or("/", |path| path.as_str()).trim_start_matches('/');
    let target = format!("{}/{path}", public.base_url_text.trim_end_matches('/'));
    let direct =
        public.base_url.scheme() == "http" && public.base_url.port_or_known_default() == Some(public.port);
    if direct {
        return Some(target);
    }
    // Behind a proxy that does not pass the host on, this request may have come by the base URL already.
    if query(uri).iter().any(|(name, _)| name == LED) {
        return None;
    }
    let joint = if uri.query().is_some() { '&' } else { '?' };
    Some(format!("{target}{joint}{LED}=1"))
}

async fn registration(
    Extension(ctx): Extension<Ctx>,
    method: Method,
    headers: HeaderMap,
    OriginalUri(uri): OriginalUri,
) -> Response {
    sign(&ctx, FlowKind::Registration, &method, &headers, &uri).await
}

async fn login(
    Extension(ctx): Extension<Ctx>,
    method: Method,
    headers: HeaderMap,
    OriginalUri(uri): OriginalUri,
) -> Response {
    sign(&ctx, FlowKind::Login, &method, &headers, &uri).await
}

async fn verification(
    Extension(ctx): Extension<Ctx>,
    method: Method,
    headers: HeaderMap,
    OriginalUri(uri): OriginalUri,
) -> Response {
    sign(&ctx, FlowKind::Verification, &method, &headers, &uri).await
}

async fn recovery(
    Extension(ctx): Extension<Ctx>,
    method: Method,
    headers: HeaderMap,
    OriginalUri(uri): OriginalUri,
) -> Response {
    sign(&ctx, FlowKind::Recovery, &method, &headers, &uri).await
}

/// A page with a form: the flow of the address, or the way to one.
async fn sign(ctx: &Ctx, kind: FlowKind, method: &Method, headers: &HeaderMap, uri: &Uri) -> Response {
    if let Some(url) = elsewhere(&ctx.config.serve.public, method, uri, headers) {
        return led(&url);
    }
    let query = query(uri);
    let site = |return_to: Option<&str>| site(&ctx.config, return_to.or_else(|| first(&query, "return_to")));
    if kind == FlowKind::Registration && !ctx.config.selfservice.registration.enabled {
        return page(StatusCode::FORBIDDEN, hosted::closed(&site(None)));
    }
    if kind == FlowKind::Recovery && !ctx.config.recovers() && first(&query, "flow").is_none() {
        return page(StatusCode::FORBIDDEN, hosted::recovery_closed(&site(None)));
    }
    let Some(id) = first(&query, "flow") else {
        return see_other(&start_url(&ctx.config, kind, &query, None, None));
    };
    let id = id.parse().ok();
    let error = match load(ctx, kind, id, headers).await {
        // Signing in leads back to a new form.
        Err(error) if kind == FlowKind::Settings && error.kind == Kind::Unauthenticated => {
            return see_other(&start_url(&ctx.config, kind, &query, None, None));
        }
        // A mail's link leads to an app's verification too, and its code needs no cookie.
        Ok(flow) if flow.kind_of_client == FlowType::Browser || kind == FlowKind::Verification => {
            return show(ctx, kind, &site(flow.return_to.as_deref()), flow, headers).await;
        }
        // A browser cannot send an app's form.
        Ok(_) => Error::not_found(""),
        Err(error) => error,
    };
    if kind == FlowKind::Verification && restart_reason(&error) == Some(Restarted::OtherBrowser) {
        match finished(ctx, id, headers).await {
            Ok(Some(flow)) => return show(ctx, kind, &site(flow.return_to.as_deref()), flow, headers).await,
            Ok(None) => {}
            Err(broken) => return fault(&site(None), broken),
        }
    }
    let return_to = error.details.get("return_to").and_then(Value::as_str).filter(|url| !url.is_empty());
    let Some(why) = restart_reason(&error) else { return fault(&site(return_to), error) };
    match was_restarted(ctx, kind, id).await {
        Ok(false) => see_other(&start_url(&ctx.config, kind, &query, return_to, Some(why))),
        // Anew once, by itself; from then on only when the person asks for it.
        Ok(true) if why == Restarted::OtherBrowser => {
            let again = start_url(&ctx.config, kind, &query, return_to, None);
            page(StatusCode::FORBIDDEN, hosted::cookies_blocked(&site(return_to), again))
        }
        Ok(true) => fault(&site(return_to), error),
        Err(broken) => fault(&site(return_to), broken),
    }
}

/// The verification that was finished in this browser, which signing in has given another cookie.
async fn finished(ctx: &Ctx, id: Option<FlowId>, headers: &HeaderMap) -> Result<Option<Flow>> {
    let Some(current) = crate::public::current(ctx, headers).await? else { return Ok(None) };
    flow::finished(ctx, id, &current).await
}

async fn show(ctx: &Ctx, kind: FlowKind, site: &Site, flow: Flow, headers: &HeaderMap) -> Response {
    let config = &ctx.config;
    if kind == FlowKind::Verification {
        return show_verification(ctx, site, flow, headers).await;
    }
    if kind == FlowKind::Settings {
        return settings::show(ctx, site, flow, headers).await;
    }
    if kind == FlowKind::Recovery {
        return show_recovery(ctx, site, flow);
    }
    let sign_out = if flow.is_refresh() { sign_out_url(ctx, headers).await } else { None };
    let restarted = restarted(&flow.request_url).filter(|_| flow.ui.messages.is_empty());
    let sign = Sign {
        rules: Rules {
            min_password_length: config.selfservice.password.min_password_length,
            providers_first: config.selfservice.social.buttons_first,
        },
        continue_to: continue_to(config, flow.return_to.as_deref()),
        restarted: restarted.filter(|_| !hosted::form::has_errors(&flow.ui)),
        refresh: flow.is_refresh(),
        sign_out,
        to: flow.sent().filter(|_| flow.state == FlowState::SentEmail).map(|sent| sent.to.clone()),
        resend: until_resend(ctx, &flow),
        ui: flow.ui,
    };
    let html = match kind {
        FlowKind::Registration => hosted::sign_up(site, sign),
        FlowKind::Login | FlowKind::Verification | FlowKind::Recovery | FlowKind::Settings => {
            hosted::sign_in(site, sign)
        }
    };
    page(StatusCode::OK, html)
}

/// Seconds until the page offers a new code.
fn until_resend(ctx: &Ctx, flow: &Flow) -> u64 {
    let pause = ctx.config.vestibule.resend_after;
    let waited = flow.sent().and_then(|sent| (ctx.effects().now() - sent.at).to_std().ok());
    let left = pause.saturating_sub(waited.unwrap_or_default()).as_millis().div_ceil(1000);
    u64::try_from(left).unwrap_or(u64::MAX)
}

fn show_recovery(ctx: &Ctx, site: &Site, flow: Flow) -> Response {
    let by_link = flow.active.as_deref() == Some(MethodId::Link.name());
    let step = match flow.state {
        _ if flow.opened_link().is_some() => RecoveryStep::OpenedLink,
        FlowState::SentEmail if flow.by_operator().is_some() => RecoveryStep::GivenCode,
        FlowState::SentEmail if by_link => RecoveryStep::LinkSent,
        FlowState::SentEmail
        | FlowState::AwaitingCode
        | FlowState::Passed
        | FlowState::ShowForm
        | FlowState::Success => RecoveryStep::Code,
        FlowState::AwaitingAddressChoice => RecoveryStep::Choice,
        FlowState::ConfirmingAddress => RecoveryStep::Confirmation,
        FlowState::ChooseMethod | FlowState::AwaitingAddress => RecoveryStep::Email { by_link },
    };
    let restarted = restarted(&flow.request_url).filter(|_| flow.ui.messages.is_empty());
    let page = hosted::Recovery {
        step,
        to: flow.sent().map(|sent| sent.to.clone()),
        resend: until_resend(ctx, &flow),
        restarted,
        by_text_message: ctx.config.selfservice.recovery.choose_address
            && ctx.config.writes_to(Via::Sms.name()),
        ui: flow.ui,
    };
    self::page(StatusCode::OK, hosted::recovery(site, page))
}

async fn show_verification(ctx: &Ctx, site: &Site, flow: Flow, headers: &HeaderMap) -> Response {
    // An app's form takes no address from a browser (see `engine::flow`), so it offers none.
    let resend = (flow.kind_of_client == FlowType::Browser).then(|| until_resend(ctx, &flow));
    let by_link = flow.active.as_deref() == Some(MethodId::Link.name());
    let link_sent = by_link && flow.state == FlowState::SentEmail;
    let current = crate::public::current(ctx, headers).await.ok().flatten();
    let signed_in = current.is_some();
    let restarted = restarted(&flow.request_url).filter(|_| flow.ui.messages.is_empty());
    let refused = is_of_sign_in(&ctx.config, &flow.request_url) && !signed_in;
    let to = flow.sent().map(|sent| sent.to.clone());
    let other = current.zip(to.as_ref()).is_some_and(|(current, to)| {
        !current.identity.verifiable_addresses.iter().any(|address| address.value == *to)
    });
    let sign_in_next = engine::signup::deferred::wanted(&ctx.config);
    let ui = flow.ui;
    let page = hosted::Verification {
        to,
        ui,
        resend,
        restarted,
        by_link,
        link_sent,
        signed_in,
        refused,
        sign_in_next,
        other,
    };
    self::page(StatusCode::OK, hosted::verification(site, page))
}

/// A verification that a refused sign-in led to keeps the address of that sign-in.
fn is_of_sign_in(config: &Config, request_url: &str) -> bool {
    request_url.starts_with(&config.public_url("self-service/login/"))
}

/// Why a flow that cannot be shown is followed by a new one; `None` for what a new one would not help.
fn restart_reason(error: &Error) -> Option<Restarted> {
    match (error.id, error.kind) {
        (Some("self_service_flow_expired"), _) => Some(Restarted::Expired),
        // Kratos gives the error of an expired verification no id.
        (None, Kind::Expired) => Some(Restarted::Expired),
        (Some("security_csrf_violation" | "security_identity_mismatch"), _) => Some(Restarted::OtherBrowser),
        (None, Kind::NotFound) => Some(Restarted::Unknown),
        _ => None,
    }
}

/// Whether the flow is itself a restart, in any browser.
async fn was_restarted(ctx: &Ctx, kind: FlowKind, id: Option<FlowId>) -> Result<bool> {
    let Some(id) = id else { return Ok(false) };
    let mut tx = ctx.db().read().await?;
    let flow = store::flows::get(&mut tx, kind, id).await?;
    Ok(flow.is_some_and(|flow| restarted(&flow.request_url).is_some()))
}

fn restarted(request_url: &str) -> Option<Restarted> {
    let url = Url::parse(request_url).ok()?;
    url.query_pairs().find(|(name, _)| name == RESTARTED).and_then(|(_, why)| Restarted::parse(&why))
}

/// Where a flow of this kind starts, with everything the page was asked with (`return_to`, `refresh`, …) but the flow.
fn start_url(
    config: &Config,
    kind: FlowKind,
    query: &[(String, String)],
    return_to: Option<&str>,
    why: Option<Restarted>,
) -> String {
    let mut pairs = url::form_urlencoded::Serializer::new(String::new());
    pairs.extend_pairs(query.iter().filter(|(name, _)| !["flow", RESTARTED, LED].contains(&name.as_str())));
    if let Some(return_to) = return_to.filter(|_| first(query, "return_to").is_none()) {
        pairs.append_pair("return_to", return_to);
    }
    if let Some(why) = why {
        pairs.append_pair(RESTARTED, why.name());
    }
    let name = kind.name();
    let pairs = pairs.finish();
    let joint = if pairs.is_empty() { "" } else { "?" };
    config.public_url(&format!("self-service/{name}/browser{joint}{pairs}"))
}

fn site(config: &Config, return_to: Option<&str>) -> Site {
    let start = |kind| start_url(config, kind, &[], return_to, None);
    Site {
        name: config.service_name(),
        // Relative, so that it holds under whatever path a proxy puts in front.
        stylesheet: STYLESHEET.trim_start_matches('/').to_owned(),
        sign_in: start(FlowKind::Login),
        // Without an invitation the way leads nowhere.
        sign_up: (config.selfservice.registration.enabled && !config.vestibule.registration.invite_only)
            .then(|| start(FlowKind::Registration)),
        recovery: config.recovers().then(|| start(FlowKind::Recovery)),
    }
}

/// For a page that is the response to a form: below the form's address a relative one of the styles leads nowhere.
fn site_of_forms(config: &Config, return_to: Option<&str>) -> Site {
    Site { stylesheet: config.public_url(STYLESHEET.trim_start_matches('/')), ..site(config, return_to) }
}

/// The host of where the person goes on to, when it is not this one.
fn continue_to(config: &Config, return_to: Option<&str>) -> Option<String> {
    let url = Url::parse(return_to?).ok()?;
    let host = url.host_str()?;
    (config.serve.public.base_url.host_str() != Some(host)).then(|| host.to_owned())
}

async fn sign_out_url(ctx: &Ctx, headers: &HeaderMap) -> Option<String> {
    let current = crate::public::current(ctx, headers).await.ok()??;
    let token = flow::logout::token(ctx, &current.session);
    Some(ctx.config.public_url(&format!("self-service/logout?token={token}")))
}

async fn welcome(
    Extension(ctx): Extension<Ctx>,
    method: Method,
    headers: HeaderMap,
    OriginalUri(uri): OriginalUri,
) -> Response {
    if let Some(url) = elsewhere(&ctx.config.serve.public, &method, &uri, &headers) {
        return led(&url);
    }
    let site = site(&ctx.config, None);
    let Current { session, identity, .. } = match crate::public::reader(&ctx, &headers).await {
        Ok(Some(found)) => found,
        Ok(None) => {
            let came_from = came_from(&ctx.config.serve.public.base_url, &headers);
            return page(
                StatusCode::OK,
                hosted::signed_out(&site, came_from.as_deref(), proof_first(&ctx.config)),
            );
        }
        Err(error) => return fault(&site, error),
    };
    let welcome = Welcome {
        who: who(&identity),
        unverified: unverified(&ctx.config, &identity),
        settings: start_url(&ctx.config, FlowKind::Settings, &[], None, None),
        logout: (ctx.config.public_url("self-service/logout"), flow::logout::token(&ctx, &session)),
        since: times(session.authenticated_at),
        until: times(session.expires_at),
    };
    page(StatusCode::OK, hosted::welcome(&site, welcome))
}

/// Whether sign-in requires a verified email, from the plan.
fn proof_first(config: &Config) -> bool {
    let plan = plan(config, FlowKind::Login, engine::model::MethodId::Password, Client::Browser);
    plan.steps.contains(&Step::Run(Hook::RequireVerifiedAddress))
}

/// The unverified email, and the URL to request a code.
fn unverified(config: &Config, identity: &Identity) -> Option<(String, String)> {
    let waits = engine::form::verification::unverified(config, identity).filter(|_| config.sends_codes())?;
    Some((waits.value.clone(), start_url(config, FlowKind::Verification, &[], None, None)))
}

/// The page of ours that led here, by what the browser says. It chooses words, nothing else.
fn came_from(base: &Url, headers: &HeaderMap) -> Option<String> {
    let referer = Url::parse(headers.get(header::REFERER)?.to_str().ok()?).ok()?;
    (referer.origin() == base.origin())
        .then(|| referer.path_segments()?.next_back().map(str::to_owned))
        .flatten()
}

/// What a person knows their account by: an address, else a trait that names them, else the account's id.
fn who(identity: &Identity) -> String {
    const NAMES: [&str; 4] = ["email", "username", "phone", "name"];
    let address = identity.verifiable_addresses.first().map(|address| &address.value);
    let address = address.or_else(|| identity.recovery_addresses.first().map(|address| &address.value));
    let named = || NAMES.iter().find_map(|name| identity.traits.get(name)?.as_str());
    let any = || identity.traits.as_object()?.values().find_map(Value::as_str);
    let known = address.map(String::as_str).or_else(named).or_else(any);
    known.map_or_else(|| identity.id.to_string(), str::to_owned)
}

/// For machines and for display.
fn times(time: DateTime<Utc>) -> (String, String) {
    (time.format("%Y-%m-%dT%H:%M:%SZ").to_string(), time.format("%-d %b %Y, %H:%M UTC").to_string())
}

async fn error(
    Extension(ctx): Extension<Ctx>,
    method: Method,
    headers: HeaderMap,
    OriginalUri(uri): OriginalUri,
) -> Response {
    if let Some(url) = elsewhere(&ctx.config.serve.public, &method, &uri, &headers) {
        return led(&url);
    }
    let site = site(&ctx.config, None);
    let query = query(&uri);
    // `error` is Kratos' other name for it.
    let id = first(&query, "id").or_else(|| first(&query, "error")).unwrap_or_default();
    match stored(&ctx, id).await {
        Ok(Some((error, at))) => {
            let stored = StoredError { id: id.to_owned(), error, at: times(at).1 };
            page(StatusCode::OK, hosted::error(&site, stored))
        }
        Ok(None) => page(StatusCode::NOT_FOUND, hosted::not_here(&site)),
        Err(error) => fault(&site, error),
    }
}

async fn stored(ctx: &Ctx, id: &str) -> Result<Option<(Value, DateTime<Utc>)>> {
    // Kratos' sample, for those who build a page of their own.
    if id == "stub:500" {
        return Ok(Some((crate::error::sample(), ctx.effects().now())));
    }
    let Ok(id) = id.parse::<Uuid>() else { return Ok(None) };
    let mut tx = ctx.db().read().await?;
    store::errors::get(&mut tx, id).await
}

fn page(status: StatusCode, html: String) -> Response {
    (status, Html(html)).into_response()
}

/// The form with the message that a limit was reached, as the response to sending it: nothing of that is stored.
pub async fn too_early(ctx: &Ctx, request: &HeaderMap, flow: Flow, seconds: u32) -> Response {
    let site = site_of_forms(&ctx.config, flow.return_to.as_deref());
    let mut response = show(ctx, flow.kind(), &site, flow, request).await;
    *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    headers::of_page(response.headers_mut(), POLICY, false);
    response
}

/// A page that says why there is no form. Nothing is stored, so that who asks too often fills no table.
pub fn limited(config: &Config, error: Error) -> Response {
    let mut response = fault(&site_of_forms(config, None), error);
    headers::of_page(response.headers_mut(), POLICY, false);
    response
}

/// An error of this very request, in words. The conversion to an answer is the API's, so that it is logged as there.
fn fault(site: &Site, error: Error) -> Response {
    let status = crate::error::status(error.kind);
    let html = hosted::failed(site, error.id, status.as_u16(), &error.reason);
    let (api, _) = ApiError(error).into_response().into_parts();
    let mut response = page(status, html);
    if let Some(seconds) = api.headers.get(header::RETRY_AFTER) {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.clone());
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listener(base: &str, port: u16) -> Listener {
        Listener::new(String::new(), port, base.to_owned(), Url::parse(base).unwrap())
    }

    fn led_to(
        base: &str,
        port: u16,
        method: Method,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Option<String> {
        let mut map = HeaderMap::new();
        map.insert(header::ACCEPT, HeaderValue::from_static("text/html,application/xhtml+xml,*/*;q=0.8"));
        for (name, value) in headers {
            map.insert(*name, HeaderValue::from_str(value).unwrap());
        }
        elsewhere(&listener(base, port), &method, &path.parse().unwrap(), &map)
    }

    #[test]
    fn another_name_of_the_host_leads_to_the_base_url_with_path_and_query() {
        let base = "http://127.0.0.1:4433/";
        let asked = |host| led_to(base, 4433, Method::GET, "/login?flow=1&x=%2F", &[("host", host)]);
        assert_eq!(asked("localhost:4433").as_deref(), Some("http://127.0.0.1:4433/login?flow=1&x=%2F"));
        assert_eq!(asked("[::1]:4433").as_deref(), Some("http://127.0.0.1:4433/login?flow=1&x=%2F"));
        assert_eq!(asked("127.0.0.1:4433"), None);
        assert_eq!(asked("127.0.0.1"), None, "a port is no part of where a cookie lives");
        let named =
            |host| led_to("http://Auth.Example.org:4433", 4433, Method::GET, "/login", &[("host", host)]);
        assert_eq!(named("AUTH.example.org.:4433"), None);
        assert_eq!(named("127.0.0.1:4433").as_deref(), Some("http://Auth.Example.org:4433/login"));
    }

    #[test]
    fn only_pages_are_led_never_forms_nor_apps() {
        let base = "http://127.0.0.1:4433";
        let host = ("host", "localhost:4433");
        assert_eq!(led_to(base, 4433, Method::POST, "/login", &[host]), None);
        assert_eq!(led_to(base, 4433, Method::GET, "/login", &[host, ("accept", "application/json")]), None);
        assert_eq!(led_to(base, 4433, Method::GET, "/login", &[host, ("accept", "*/*")]), None);
        assert!(led_to(base, 4433, Method::HEAD, "/login", &[host]).is_some());
    }

    #[test]
    fn a_target_is_always_under_the_base_url() {
        let target = led_to(
            "http://127.0.0.1:4433",
            4433,
            Method::GET,
            "//evil.example/login",
            &[("host", "localhost")],
        );
        assert_eq!(target.as_deref(), Some("http://127.0.0.1:4433/evil.example/login"));
    }

    #[test]
    fn a_proxy_that_hides_the_host_makes_no_loop() {
        let base = "https://auth.example.org/id";
        let first = led_to(base, 4433, Method::GET, "/login?flow=1", &[("host", "10.0.0.7:4433")]).unwrap();
        assert_eq!(first, "https://auth.example.org/id/login?flow=1&vestibule_led=1");
        let again =
            led_to(base, 4433, Method::GET, "/login?flow=1&vestibule_led=1", &[("host", "10.0.0.7:4433")]);
        assert_eq!(again, None);
        let told = [("host", "10.0.0.7:4433"), ("x-forwarded-host", "auth.example.org, inner")];
        assert_eq!(led_to(base, 4433, Method::GET, "/login", &told), None);
    }

    #[test]
    fn a_flow_is_restarted_for_what_a_new_one_mends_only() {
        assert_eq!(restart_reason(&engine::form::outcome::expired()), Some(Restarted::Expired));
        assert_eq!(restart_reason(&Error::not_found("")), Some(Restarted::Unknown));
        let foreign = Error::new(Kind::Forbidden, "").with_id("security_csrf_violation");
        assert_eq!(restart_reason(&foreign), Some(Restarted::OtherBrowser));
        let closed = Error::invalid("").with_id("self_service_flow_disabled");
        assert_eq!(restart_reason(&closed), None);
        assert_eq!(restart_reason(&Error::internal("the disk is full")), None);
    }

    #[test]
    fn a_flow_remembers_that_it_was_restarted() {
        for why in [Restarted::Expired, Restarted::Unknown, Restarted::OtherBrowser] {
            let url = format!(
                "http://127.0.0.1:4433/self-service/login/browser?return_to=x&{RESTARTED}={}",
                why.name()
            );
            assert_eq!(restarted(&url), Some(why));
        }
        assert_eq!(restarted("http://127.0.0.1:4433/self-service/login/browser?return_to=restarted"), None);
    }

    #[test]
    fn the_page_somebody_comes_from_counts_on_this_site_only() {
        let base = Url::parse("http://127.0.0.1:4433/").unwrap();
        let from = |referer: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::REFERER, HeaderValue::from_str(referer).unwrap());
            came_from(&base, &headers)
        };
        assert_eq!(from("http://127.0.0.1:4433/registration?flow=1").as_deref(), Some("registration"));
        assert_eq!(from("http://evil.example/registration"), None);
        assert_eq!(from("nonsense"), None);
    }

    #[test]
    fn a_page_with_its_style_fits_into_the_first_round_trip() {
        // 14 kB, the first congestion window; of the headers a generous part.
        let site = Site { stylesheet: STYLESHEET.to_owned(), ..Site::default() };
        let nodes: Vec<Value> = (0..12)
            .map(|at| {
                serde_json::json!({
                    "type": "input", "group": "default",
                    "attributes": {
                        "node_type": "input", "name": format!("traits.address.number_{at}"), "type": "text",
                        "required": true, "disabled": false, "value": "a value of some length",
                    },
                    "messages": [{"id": 4000002, "type": "error", "text": "This is needed. Fill it in, then try again."}],
                    "meta": {"label": {"id": 1070002, "type": "info", "text": "A label of some length"}},
                })
            })
            .collect();
        let ui = serde_json::json!({"action": "/self-service/registration?flow=1", "method": "POST", "nodes": nodes});
        let html = hosted::sign_up(
            &site,
            Sign {
                ui: serde_json::from_value(ui).unwrap(),
                rules: Rules { min_password_length: 8, providers_first: false },
                continue_to: None,
                restarted: None,
                refresh: false,
                sign_out: None,
                to: None,
                resend: 0,
            },
        );
        let style = assets::transferred("hosted.css");
        assert!(html.len() + style + 1024 <= 14 * 1024, "{} bytes of HTML, {style} of style", html.len());
    }
}
