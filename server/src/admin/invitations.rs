//! `/admin/vestibule/invitations`: create, list, revoke. Not in Kratos.

use super::body;
use super::query::{Known, Query, parsed, put_links};
use crate::error::ApiError;
use crate::respond;
use axum::body::Bytes;
use axum::extract::{Extension, OriginalUri, Path};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use engine::config::duration;
use engine::invitations::{self, By, Invitation, Wanted};
use engine::{Ctx, Error};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

type Result<T, E = ApiError> = std::result::Result<T, E>;

const DEFAULT_PAGE: i64 = 50;
const LARGEST_PAGE: i64 = 500;

/// All members are optional, and so is the body.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    address: Option<String>,
    /// As in the configuration, for example `72h`.
    lifespan: Option<String>,
    #[serde(default)]
    send: bool,
}

/// 201 with `link`, which is shown only once; without it if the link was emailed.
pub async fn create(
    Extension(ctx): Extension<Ctx>,
    OriginalUri(uri): OriginalUri,
    bytes: Bytes,
) -> Result<Response> {
    Query::none(&uri)?;
    let body = if bytes.is_empty() {
        Create::default()
    } else {
        body::read(ctx.config.vestibule.requests.shape(), &bytes, "invitation")?
    };
    let lifespan = body.lifespan.map(|text| {
        duration(&text).ok_or_else(|| {
            Error::invalid(format!("Invalid duration {text:?}. Use a number with a unit, for example 72h."))
        })
    });
    let wanted = Wanted { address: body.address, lifespan: lifespan.transpose()?, send: body.send };
    let made = invitations::make(&ctx, By::AdminApi, wanted).await?;
    let mut json = shown(&made.invitation, ctx.effects().now());
    if let Some(link) = made.link {
        json["link"] = link.into();
    }
    Ok(respond::with_status(StatusCode::CREATED, &json))
}

/// Newest first, with keyset pages.
pub async fn list(Extension(ctx): Extension<Ctx>, OriginalUri(uri): OriginalUri) -> Result<Response> {
    let query = Query::read(&uri, Known { once: &["page_size", "page_token"], repeated: &[] })?;
    let size = query.size("page_size", DEFAULT_PAGE, LARGEST_PAGE)?;
    let after: Option<Uuid> =
        query.value("page_token").map(|id| parsed("page_token", id, "a token of this list")).transpose()?;
    // One more than requested, to detect a next page.
    let mut list = invitations::list(&ctx, after.filter(|id| !id.is_nil()), size + 1).await?;
    let more = list.len() as i64 > size;
    list.truncate(usize::try_from(size).unwrap_or(usize::MAX));
    let now = ctx.effects().now();
    let mut response = respond::json(&list.iter().map(|one| shown(one, now)).collect::<Value>());
    let next = list.last().filter(|_| more).map(|last| last.id.to_string());
    put_links(response.headers_mut(), &query.links(size, &Uuid::nil().to_string(), next));
    Ok(response)
}

/// Revokes it. It stays in the list.
pub async fn delete(
    Extension(ctx): Extension<Ctx>,
    OriginalUri(uri): OriginalUri,
    Path(id): Path<String>,
) -> Result<Response> {
    Query::none(&uri)?;
    invitations::withdraw(&ctx, By::AdminApi, parse(&id)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn shown(invitation: &Invitation, now: DateTime<Utc>) -> Value {
    json!({
        "id": invitation.id,
        "state": invitation.state(now).name(),
        "address": invitation.address,
        "mailed": invitation.mailed,
        "made_by": invitation.made_by,
        "created_at": invitation.created_at,
        "expires_at": invitation.expires_at,
        "used_at": invitation.used_at,
        "used_by": invitation.used_by,
        "withdrawn_at": invitation.withdrawn_at,
    })
}

/// A malformed ID counts as unknown.
fn parse(id: &str) -> Result<Uuid> {
    id.parse().map_err(|_| Error::not_found("").into())
}
