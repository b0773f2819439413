//! `/admin/sessions` and the sessions of an identity: list, read, extend, end and delete (Kratos: session/handler.go).

use super::query::{Known, Query, parsed, put_links};
use crate::error::ApiError;
use crate::public::sessions::listed;
use crate::respond;
use crate::state::AppState;
use axum::body::Bytes;
use axum::extract::{OriginalUri, Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::admin::sessions::{self, Action, Chosen};
use engine::identity::Identity;
use engine::identity::decode::Shape;
use engine::ids::SessionId;
use engine::limits_table::IDS as MOST;
use engine::session::{self, Page, Session};
use engine::{Ctx, Error};
use serde::Deserialize;
use serde_json::{Value, json};
use std::str::FromStr;

type Result<T, E = ApiError> = std::result::Result<T, E>;

const DEFAULT_PAGE: i64 = 250;
const LARGEST_PAGE: i64 = 1000;

const EXPAND: Known = Known { once: &[], repeated: &["expand"] };

/// All identities, or all sessions.
const ALL: &str = "*";

/// What is shown beside the session itself.
#[derive(Clone, Copy)]
struct Expand {
    identity: bool,
    devices: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Act {
    action: String,
    #[serde(default)]
    identities: Vec<String>,
    #[serde(default)]
    sessions: Vec<String>,
}

pub async fn list(State(state): State<AppState>, OriginalUri(uri): OriginalUri) -> Result<Response> {
    let query =
        Query::read(&uri, Known { once: &["active", "page_size", "page_token"], repeated: &["expand"] })?;
    let (active, expand) = (active(&query)?, expand(&query)?);
    let after: Option<SessionId> =
        query.value("page_token").map(|id| parsed("page_token", id, "a token of this list")).transpose()?;
    let size = query.size("page_size", DEFAULT_PAGE, LARGEST_PAGE)?;
    let ctx = state.engine.begin();
    let page = sessions::list(&ctx, active, after, size, expand.identity).await?;
    let last = page.sessions.last().filter(|_| page.more);
    let next = last.map(|(session, _)| session.id.to_string());
    let list: Value =
        page.sessions.iter().map(|(session, owner)| shown(&ctx, session, owner.as_ref(), expand)).collect();
    let mut response = respond::json(&list);
    put_links(response.headers_mut(), &query.links(size, &uuid::Uuid::nil().to_string(), next));
    Ok(response)
}

pub async fn get(
    State(state): State<AppState>,
    OriginalUri(uri): OriginalUri,
    Path(id): Path<String>,
) -> Result<Response> {
    let expand = expand(&Query::read(&uri, EXPAND)?)?;
    let ctx = state.engine.begin();
    let (session, identity) = sessions::get(&ctx, parse(&id)?).await?;
    Ok(respond::json(&shown(&ctx, &session, identity.as_ref(), expand)))
}

pub async fn end(
    State(state): State<AppState>,
    OriginalUri(uri): OriginalUri,
    Path(id): Path<String>,
) -> Result<Response> {
    Query::none(&uri)?;
    let ctx = state.engine.begin();
    sessions::end(&ctx, parse(&id)?).await?;
    let content_type = HeaderValue::from_static("application/json; charset=utf-8");
    Ok((StatusCode::NO_CONTENT, [(header::CONTENT_TYPE, content_type)]).into_response())
}

/// 200 with the session, or 204 with `feature_flags.faster_session_extend`.
pub async fn extend(
    State(state): State<AppState>,
    OriginalUri(uri): OriginalUri,
    Path(id): Path<String>,
) -> Result<Response> {
    Query::none(&uri)?;
    let ctx = state.engine.begin();
    let id = parse(&id)?;
    sessions::extend(&ctx, id).await?;
    if ctx.config.session.extend_without_body {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let (session, identity) = sessions::get(&ctx, id).await?;
    let expand = Expand { identity: true, devices: false };
    Ok(respond::json(&shown(&ctx, &session, identity.as_ref(), expand)))
}

/// The sessions of an identity, newest first.
pub async fn of(
    State(state): State<AppState>,
    OriginalUri(uri): OriginalUri,
    Path(id): Path<String>,
) -> Result<Response> {
    let query = Query::read(
        &uri,
        Known { once: &["active", "page", "per_page", "page_size", "page_token"], repeated: &[] },
    )?;
    let (active, page) = (active(&query)?, numbered(&query)?);
    let ctx = state.engine.begin();
    let (sessions, total, identity) = sessions::of(&ctx, parse(&id)?, active, page).await?;
    let now = ctx.effects().now();
    let list: Value = sessions.iter().map(|session| listed(&ctx, session, identity.as_ref(), now)).collect();
    let mut response = respond::json(&list);
    let headers = response.headers_mut();
    headers.insert("x-total-count", HeaderValue::from(total));
    put_links(headers, &links(&query, page, total));
    Ok(response)
}

pub async fn delete_of(
    State(state): State<AppState>,
    OriginalUri(uri): OriginalUri,
    Path(id): Path<String>,
) -> Result<Response> {
    Query::none(&uri)?;
    let ctx = state.engine.begin();
    sessions::delete_of(&ctx, parse(&id)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Ends or deletes many sessions.
pub async fn act(
    State(state): State<AppState>,
    OriginalUri(uri): OriginalUri,
    bytes: Bytes,
) -> Result<Response> {
    Query::none(&uri)?;
    let ctx = state.engine.begin();
    let (action, chosen) = wanted(&ctx, &bytes)?;
    let (processed, more) = sessions::act(&ctx, action, &chosen).await?;
    Ok(respond::json(&json!({ "processed": processed, "more": more })))
}

fn wanted(ctx: &Ctx, bytes: &Bytes) -> Result<(Action, Chosen)> {
    let shape = Shape { members: usize::MAX, ..ctx.config.vestibule.requests.shape() };
    shape.check_json(bytes).map_err(Error::invalid)?;
    let body: Act = serde_json::from_slice(bytes)
        .map_err(|broken| Error::invalid(format!("Invalid action in the body: {broken}.")))?;
    let action = match body.action.as_str() {
        "disable" => Action::Disable,
        "delete" => Action::Delete,
        _ => return Err(Error::invalid("Invalid action. Use one of disable, delete.").into()),
    };
    let chosen = match (body.identities.as_slice(), body.sessions.as_slice()) {
        ([], []) | ([_, ..], [_, ..]) => {
            let reason = "Send either identities or sessions: a list of IDs, or [\"*\"] for all.";
            return Err(Error::invalid(reason).into());
        }
        ([all], []) | ([], [all]) if all == ALL => Chosen::All,
        (identities, []) => Chosen::Of(ids("identities", identities)?),
        ([], sessions) => Chosen::These(ids("sessions", sessions)?),
    };
    Ok((action, chosen))
}

fn ids<T: FromStr>(name: &str, texts: &[String]) -> Result<Vec<T>> {
    if texts.len() > MOST.count() {
        return Err(Error::invalid(format!("Too many {name}. Send at most {}.", MOST.count())).into());
    }
    texts.iter().map(|text| parsed(name, text, "UUIDs")).collect()
}

fn shown(ctx: &Ctx, session: &Session, identity: Option<&Identity>, expand: Expand) -> Value {
    let identity = identity.filter(|_| expand.identity);
    let mut json = session::to_json(&ctx.config, session, identity, ctx.effects().now());
    match identity {
        Some(identity) if !identity.metadata_admin.is_null() => {
            json["identity"]["metadata_admin"] = identity.metadata_admin.clone();
        }
        Some(_) => {}
        None => json["identity"] = Value::Null,
    }
    if !expand.devices {
        json["devices"] = json!([]);
    }
    json
}

fn expand(query: &Query) -> Result<Expand> {
    let chosen = query.chosen("expand")?;
    if chosen.iter().any(|name| !["identity", "devices"].contains(name)) {
        return Err(Error::invalid("Invalid expand. Use one of identity, devices.").into());
    }
    Ok(Expand { identity: chosen.contains(&"identity"), devices: chosen.contains(&"devices") })
}

fn active(query: &Query) -> Result<Option<bool>> {
    Ok(match query.choice("active")? {
        None => None,
        Some("true" | "1") => Some(true),
        Some("false" | "0") => Some(false),
        Some(_) => return Err(Error::invalid("Invalid active. Use one of true, false.").into()),
    })
}

/// Pages are counted from 1, and 0 is the first page as well (measured).
fn numbered(query: &Query) -> Result<Page> {
    let either = |one: &'static str, other: &'static str| match query.value(one) {
        Some(_) => one,
        None => other,
    };
    let number = query.number(either("page", "page_token"))?.unwrap_or(1).max(1) - 1;
    let size = query.size(either("page_size", "per_page"), DEFAULT_PAGE, LARGEST_PAGE)?;
    Ok(Page { number, size })
}

/// Links to the pages that exist.
fn links(query: &Query, page: Page, total: i64) -> String {
    let last = (total - 1).max(0) / page.size;
    let pages = [
        ("first", Some(0)),
        ("prev", (page.number > 0).then(|| (page.number - 1).min(last))),
        ("next", (page.number < last).then_some(page.number + 1)),
    ];
    let links = pages.into_iter().filter_map(|(relation, number)| {
        let number = (number? + 1).to_string();
        let size = page.size.to_string();
        Some(query.link(
            relation,
            &[
                ("page", number.clone()),
                ("page_size", size.clone()),
                ("page_token", number),
                ("per_page", size),
            ],
        ))
    });
    links.collect::<Vec<_>>().join(",")
}

/// # Errors
/// 400
fn parse<T: FromStr>(id: &str) -> Result<T> {
    id.parse().map_err(|_| Error::invalid("The ID in the path isn't a UUID.").into())
}
