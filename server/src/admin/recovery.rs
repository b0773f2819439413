//! `/admin/recovery/code` and `/admin/recovery/link`: an operator helps a user who can't sign in (Kratos: selfservice/strategy/code,
//! selfservice/strategy/link).

use super::body;
use super::query::{Known, Query};
use crate::error::ApiError;
use crate::respond;
use axum::body::Bytes;
use axum::extract::{Extension, OriginalUri};
use axum::http::StatusCode;
use axum::response::Response;
use engine::Ctx;
use engine::ids::IdentityId;
use engine::recovery::{Made, Wanted, code, link};
use serde::Deserialize;
use serde_json::json;

type Result<T, E = ApiError> = std::result::Result<T, E>;

/// Who creates it, in the audit log.
const ACTOR: &str = "admin API";

#[derive(Deserialize)]
struct Create {
    identity_id: IdentityId,
    #[serde(default)]
    expires_in: Option<String>,
    #[serde(default)]
    flow_type: Option<String>,
}

/// 201 with the code and the page that asks for it.
pub async fn create_code(
    Extension(ctx): Extension<Ctx>,
    OriginalUri(uri): OriginalUri,
    bytes: Bytes,
) -> Result<Response> {
    Query::none(&uri)?;
    let body = body::read(ctx.config.vestibule.requests.shape(), &bytes, "recovery")?;
    let Made { link, code, expires_at } = code(&ctx, wanted(&body, None)).await?;
    let body = json!({ "recovery_link": link, "recovery_code": code, "expires_at": expires_at });
    Ok(respond::with_status(StatusCode::CREATED, &body))
}

/// 200 with the link.
pub async fn create_link(
    Extension(ctx): Extension<Ctx>,
    OriginalUri(uri): OriginalUri,
    bytes: Bytes,
) -> Result<Response> {
    let query = Query::read(&uri, Known { once: &["return_to"], repeated: &[] })?;
    let body = body::read(ctx.config.vestibule.requests.shape(), &bytes, "recovery")?;
    let Made { link, expires_at, .. } = link(&ctx, wanted(&body, query.value("return_to"))).await?;
    Ok(respond::json(&json!({ "recovery_link": link, "expires_at": expires_at })))
}

fn wanted<'a>(body: &'a Create, return_to: Option<&'a str>) -> Wanted<'a> {
    Wanted {
        identity: body.identity_id,
        expires_in: body.expires_in.as_deref(),
        flow_type: body.flow_type.as_deref(),
        return_to: return_to.filter(|url| !url.is_empty()),
        actor: ACTOR,
    }
}
