//! `/admin/vestibule/invitations`: make, list, withdraw. Ours: Kratos has none.

use crate::error::ApiError;
use crate::respond;
use crate::state::AppState;
use axum::body::Bytes;
use axum::extract::{OriginalUri, Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use engine::config::duration;
use engine::invitations::{self, By, Invitation, Wanted};
use engine::{Error, flow};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

type Result<T, E = ApiError> = std::result::Result<T, E>;

const DEFAULT_PAGE: i64 = 50;
const LARGEST_PAGE: i64 = 500;

/// All of it may be left out, the body too.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    address: Option<String>,
    /// As in the configuration, such as `72h`.
    lifespan: Option<String>,
    #[serde(default)]
    send: bool,
}

/// 201 with `link`, which is told this once; without it when the link was mailed.
pub async fn create(State(state): State<AppState>, bytes: Bytes) -> Result<Response> {
    let ctx = state.engine.begin();
    let body = if bytes.is_empty() {
        Create::default()
    } else {
        serde_json::from_slice(&bytes).map_err(|broken| {
            Error::invalid(format!("The body does not describe an invitation: {broken}."))
        })?
    };
    let lifespan = body.lifespan.map(|text| {
        duration(&text)
            .ok_or_else(|| Error::invalid(format!("{text:?} is no length of time. Write it as 72h.")))
    });
    let wanted = Wanted { address: body.address, lifespan: lifespan.transpose()?, send: body.send };
    let made = invitations::make(&ctx, By::AdminApi, wanted).await?;
    let mut json = shown(&made.invitation, ctx.effects().now());
    if let Some(link) = made.link {
        json["link"] = link.into();
    }
    Ok(respond::with_status(StatusCode::CREATED, &json))
}

/// Newest first, a page by keyset.
pub async fn list(State(state): State<AppState>, OriginalUri(uri): OriginalUri) -> Result<Response> {
    let ctx = state.engine.begin();
    let query = crate::public::flows::query(&uri);
    let size = flow::first(&query, "page_size").and_then(|size| size.parse().ok());
    let size = size.unwrap_or(DEFAULT_PAGE).clamp(1, LARGEST_PAGE);
    let after = flow::first(&query, "page_token").map(parse).transpose()?;
    // One more than asked for tells whether there is a next page.
    let mut list = invitations::list(&ctx, after, size + 1).await?;
    let more = list.len() as i64 > size;
    list.truncate(usize::try_from(size).unwrap_or(usize::MAX));
    let now = ctx.effects().now();
    let mut response = respond::json(&list.iter().map(|one| shown(one, now)).collect());
    let path = "/admin/vestibule/invitations";
    let mut link = format!("<{path}?page_size={size}>; rel=\"first\"");
    if let (true, Some(last)) = (more, list.last()) {
        link.push_str(&format!(",<{path}?page_size={size}&page_token={}>; rel=\"next\"", last.id));
    }
    if let Ok(link) = HeaderValue::from_str(&link) {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

/// Withdraws it; it stays in the list.
pub async fn delete(State(state): State<AppState>, Path(id): Path<String>) -> Result<Response> {
    let ctx = state.engine.begin();
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

/// A malformed id is an unknown one.
fn parse(id: &str) -> Result<Uuid> {
    id.parse().map_err(|_| Error::not_found("").into())
}
