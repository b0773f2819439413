//! A user's own sessions (Kratos: session/handler.go).

use super::{by_earlier_token, current, flows::query, page, reader};
use crate::cookies;
use crate::error::ApiError;
use crate::respond;
use axum::extract::{Extension, OriginalUri, Path};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use engine::form::request::{Current, first};
use engine::gate::LISTS;
use engine::identity::Identity;
use engine::limits_table::SESSIONS_OF_A_PAGE;
use engine::session::{self, Page, Session};
use engine::{Ctx, Error, tokens};
use serde_json::{Value, json};

const PAGE: i64 = SESSIONS_OF_A_PAGE.count() as i64;

type Result<T, E = ApiError> = std::result::Result<T, E>;

/// Who am I, with any method: proxies forward the original one.
pub async fn whoami(
    Extension(ctx): Extension<Ctx>,
    headers: HeaderMap,
    OriginalUri(uri): OriginalUri,
) -> Result<Response> {
    let (current, extended) = match super::signed_in(&ctx, &headers).await? {
        Some((current, presented)) => {
            let extended = cookies::extended_session(&ctx, &presented, &current.session);
            (current, extended)
        }
        // By an earlier token a session is read, and its cookie is that of another tab.
        None => (by_earlier_token(&ctx, &headers).await?.ok_or_else(session::unauthenticated)?, None),
    };
    session::has_level(&ctx, &current.session, &current.identity, ctx.config.session.required_aal)?;
    let tokenized = match first(&query(&uri), "tokenize_as") {
        Some(name) => Some(tokens::tokenize(&ctx, name, &current.session, &current.identity).await?),
        None => None,
    };
    let now = ctx.effects().now();
    let view = session::View::of(&ctx.config, &current.session, Some(&current.identity), now);
    let mut response = respond::json(&view.tokenized(tokenized));
    if let Some(cookie) = extended {
        respond::append_cookie(&mut response, cookie);
    }
    if let Ok(id) = HeaderValue::from_str(&current.identity.id.to_string()) {
        response.headers_mut().insert("x-kratos-authenticated-identity-id", id);
    }
    Ok(response)
}

/// The other active sessions, newest first.
pub async fn list(
    Extension(ctx): Extension<Ctx>,
    headers: HeaderMap,
    OriginalUri(uri): OriginalUri,
) -> Result<Response> {
    let current = reads(&ctx, &headers).await?;
    session::has_level(&ctx, &current.session, &current.identity, ctx.config.session.required_aal)?;
    let _pass = ctx.engine.gates().lists.enter(LISTS).await.map_err(Error::from)?;
    let page = page(&query(&uri), PAGE, PAGE);
    let (sessions, total) = session::others(&ctx, &current.session, page).await?;
    let now = ctx.effects().now();
    let body: Vec<Value> =
        sessions.iter().map(|session| listed(&ctx, session, Some(&current.identity), now)).collect();
    let mut response = respond::json(&Value::Array(body));
    let headers = response.headers_mut();
    headers.insert("x-total-count", HeaderValue::from(total));
    if let Ok(link) = HeaderValue::from_str(&links(page, total)) {
        headers.insert(header::LINK, link);
    }
    Ok(response)
}

/// One of an account's sessions in a list. Kratos leaves out addresses and the schema's URL.
pub(crate) fn listed(ctx: &Ctx, session: &Session, identity: Option<&Identity>, now: DateTime<Utc>) -> Value {
    let mut json = session::to_json(&ctx.config, session, identity, now);
    if let Some(identity) = json.get_mut("identity").and_then(Value::as_object_mut) {
        identity.insert("schema_url".to_owned(), "".into());
        identity.shift_remove("verifiable_addresses");
        identity.shift_remove("recovery_addresses");
    }
    json
}

pub async fn revoke(
    Extension(ctx): Extension<Ctx>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response> {
    let current = signed_in(&ctx, &headers).await?;
    let id = id.parse().map_err(|_| Error::invalid(""))?;
    session::revoke_other(&ctx, &current.session, id).await?;
    let content_type = HeaderValue::from_static("application/json; charset=utf-8");
    Ok((StatusCode::NO_CONTENT, [(header::CONTENT_TYPE, content_type)]).into_response())
}

pub async fn revoke_others(Extension(ctx): Extension<Ctx>, headers: HeaderMap) -> Result<Response> {
    let current = signed_in(&ctx, &headers).await?;
    let count = session::revoke_others(&ctx, &current.session).await?;
    Ok(respond::json(&json!({ "count": count })))
}

async fn signed_in(ctx: &Ctx, headers: &HeaderMap) -> Result<Current> {
    Ok(current(ctx, headers).await?.ok_or_else(session::unauthenticated)?)
}

/// For what changes nothing.
async fn reads(ctx: &Ctx, headers: &HeaderMap) -> Result<Current> {
    Ok(reader(ctx, headers).await?.ok_or_else(session::unauthenticated)?)
}

/// Kratos' form of page links, with pages that exist.
fn links(page: Page, total: i64) -> String {
    let link = |number: i64, rel: &str| {
        let number = number + 1;
        format!(
            "</sessions?page={number}&page_size={0}&page_token={number}&per_page={0}>; rel=\"{rel}\"",
            page.size
        )
    };
    let mut links = vec![link(0, "first")];
    if page.number > 0 {
        links.push(link(page.number - 1, "prev"));
    }
    if (page.number + 1).saturating_mul(page.size) < total {
        links.push(link(page.number + 1, "next"));
    }
    links.join(",")
}
