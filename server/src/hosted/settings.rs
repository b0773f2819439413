//! The page of the account settings, and the forms on it that end sessions.

use super::{fault, restarted, sign, start_url, times, who};
use crate::cookies;
use crate::public::flows::{query, read};
use crate::respond::{self, see_other};
use app::hosted::form::Rules;
use app::hosted::{self, Settings, Shown, Site};
use axum::body::Bytes;
use axum::extract::{Extension, OriginalUri};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use engine::form::csrf;
use engine::form::request::Current;
use engine::method::oidc;
use engine::model::{Flow, FlowKind};
use engine::session::{self, Page, Session};
use engine::{Ctx, Result};

/// So many other sessions are on the page.
const SESSIONS: i64 = 50;

/// Where the forms are sent that end sessions.
pub(crate) const END: &str = "settings/sessions";

pub(super) async fn page(
    Extension(ctx): Extension<Ctx>,
    method: Method,
    headers: HeaderMap,
    OriginalUri(uri): OriginalUri,
) -> Response {
    sign(&ctx, FlowKind::Settings, &method, &headers, &uri).await
}

pub(super) async fn show(ctx: &Ctx, site: &Site, flow: Flow, headers: &HeaderMap) -> Response {
    match filled(ctx, flow, headers).await {
        Ok(Some(page)) => super::page(StatusCode::OK, hosted::settings(site, page)),
        Ok(None) => see_other(&start_url(&ctx.config, FlowKind::Settings, &[], None, None)),
        Err(error) => fault(site, error),
    }
}

/// `None`: nobody is signed in any more.
async fn filled(ctx: &Ctx, flow: Flow, headers: &HeaderMap) -> Result<Option<Settings>> {
    let Some(Current { session, identity, .. }) = crate::public::reader(ctx, headers).await? else {
        return Ok(None);
    };
    let first = Page { number: 0, size: SESSIONS };
    let (others, _) = session::others(ctx, &session, first).await?;
    let config = &ctx.config;
    let end = (config.public_url(END), csrf::mask(ctx.effects(), &flow.csrf_cookie), flow.id.to_string());
    let logout = (config.public_url("self-service/logout"), engine::flow::logout::token(ctx, &session));
    Ok(Some(Settings {
        rules: Rules {
            min_password_length: config.selfservice.password.min_password_length,
            providers_first: false,
        },
        who: who(&identity),
        connections: oidc::connections(ctx, &identity).await?,
        restarted: restarted(&flow.request_url).filter(|_| flow.ui.messages.is_empty()),
        sessions: std::iter::once(&session).chain(&others).map(shown).collect(),
        end,
        logout,
        ui: flow.ui,
    }))
}

fn shown(session: &Session) -> Shown {
    let device = session.devices.last();
    Shown {
        id: session.id.to_string(),
        user_agent: device.map(|device| device.user_agent.clone()).unwrap_or_default(),
        ip_address: device.map(|device| device.ip_address.clone()).unwrap_or_default(),
        since: times(session.authenticated_at),
    }
}

/// Ends one other session, or all of them. The form has the token of this browser's cookie.
pub(crate) async fn end(
    Extension(ctx): Extension<Ctx>,
    headers: HeaderMap,
    OriginalUri(uri): OriginalUri,
    bytes: Bytes,
) -> Response {
    match ended(&ctx, &headers, &bytes).await {
        Ok(Some(flow)) => {
            see_other(respond::page(&ctx.config, FlowKind::Settings, flow.parse().ok()).as_str())
        }
        Ok(None) => see_other(&start_url(&ctx.config, FlowKind::Settings, &query(&uri), None, None)),
        Err(error) => super::refused(&ctx.config, error.id, &error),
    }
}

/// The settings form to return to; `None`: nobody is signed in.
async fn ended(ctx: &Ctx, headers: &HeaderMap, bytes: &[u8]) -> Result<Option<String>> {
    let body = read(ctx, headers, bytes);
    let cookie = cookies::csrf_cookie(ctx, headers, body.token());
    csrf::check(csrf::Sent {
        any_cookie: !cookies::names(headers).is_empty(),
        cookie: cookie.as_deref(),
        token: body.token(),
    })?;
    let Some(current) = crate::public::current(ctx, headers).await? else { return Ok(None) };
    match body.text("session").unwrap_or_default() {
        "others" => {
            session::revoke_others(ctx, &current.session).await?;
        }
        one => {
            let id = one.parse().map_err(|_| engine::Error::invalid("No session has this ID."))?;
            session::revoke_other(ctx, &current.session, id).await?;
        }
    }
    Ok(Some(body.text("flow").unwrap_or_default().to_owned()))
}

/// Where password managers lead users to (W3C: a well-known URL for changing passwords).
pub(crate) async fn change_password(Extension(ctx): Extension<Ctx>) -> Response {
    let config = &ctx.config;
    see_other(config.page_of(FlowKind::Settings).as_str())
}
