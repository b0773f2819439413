//! `/admin/courier/messages`: emails with their recipients and delivery status (Kratos: courier/handler.go). Bodies contain neither code
//! nor link.

use super::query::{Known, Query, put_links};
use crate::error::ApiError;
use crate::respond;
use axum::extract::{Extension, OriginalUri, Path};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::DateTime;
use engine::config::Config;
use engine::ids::MessageId;
use engine::store::messages::{Filter, Message, Status};
use engine::{Ctx, Error, courier};
use serde_json::{Value, json};

type Result<T, E = ApiError> = std::result::Result<T, E>;

/// Kratos' (courier/handler.go).
const DEFAULT_PAGE: i64 = 10;
const LARGEST_PAGE: i64 = 1000;

/// Replaces a body that has not been sent yet.
const SEALED: &str = "(encrypted until sent)";

pub async fn list(Extension(ctx): Extension<Ctx>, OriginalUri(uri): OriginalUri) -> Result<Response> {
    let query = Query::read(
        &uri,
        Known { once: &["page_size", "page_token", "recipient", "status"], repeated: &[] },
    )?;
    let status = query
        .choice("status")?
        .map(|status| {
            Status::parse(status).ok_or_else(|| {
                let known: Vec<&str> = Status::ALL.iter().map(|status| status.name()).collect();
                Error::invalid(format!("Invalid status. Use one of {}.", known.join(", ")))
            })
        })
        .transpose()?;
    let recipient = query.choice("recipient")?.map(str::to_owned);
    let after = query.value("page_token").map(read_token).transpose()?.flatten();
    let size = query.size("page_size", DEFAULT_PAGE, LARGEST_PAGE)?;
    // One more than requested, to detect a next page.
    let mut messages = courier::list(&ctx, &Filter { status, recipient, after }, size + 1).await?;
    let more = messages.len() as i64 > size;
    messages.truncate(usize::try_from(size).unwrap_or(usize::MAX));
    let next = messages.last().filter(|_| more).map(token);
    let list: Vec<Value> =
        messages.iter().map(|message| shown(&ctx.config, message)).collect::<engine::Result<_>>()?;
    let mut response = respond::json(&Value::Array(list));
    put_links(response.headers_mut(), &query.links(size, FIRST, next));
    Ok(response)
}

pub async fn get(
    Extension(ctx): Extension<Ctx>,
    OriginalUri(uri): OriginalUri,
    Path(id): Path<String>,
) -> Result<Response> {
    Query::none(&uri)?;
    let id: MessageId = id.parse().map_err(|_| Error::invalid(""))?;
    let (message, dispatches) = courier::get(&ctx, id).await?;
    let mut json = shown(&ctx.config, &message)?;
    let dispatches: Vec<Value> = dispatches
        .iter()
        .map(|dispatch| {
            let error = dispatch.error.as_ref().map(|error| json!({ "message": error }));
            json!({
                "id": dispatch.id,
                "message_id": id,
                "status": dispatch.status,
                "error": error,
                "created_at": dispatch.created_at,
                "updated_at": dispatch.created_at,
            })
        })
        .collect();
    json["dispatches"] = Value::Array(dispatches);
    Ok(respond::json(&json))
}

fn shown(config: &Config, message: &Message) -> engine::Result<Value> {
    let written = courier::shown(config, message)?;
    Ok(json!({
        "id": message.id,
        "status": message.status.name(),
        "type": message.via.name(),
        "recipient": message.recipient,
        "body": written.map_or_else(|| SEALED.to_owned(), |written| written.text),
        "subject": message.subject,
        "template_type": message.template,
        "channel": message.via.name(),
        "send_count": message.send_count,
        "created_at": message.created_at,
        "updated_at": message.updated_at,
    }))
}

/// The token of the first page.
const FIRST: &str = "first";

/// Where a page ends: opaque to clients.
fn token(message: &Message) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}/{}", message.created_at.timestamp_micros(), message.id))
}

fn read_token(token: &str) -> Result<Option<(DateTime<chrono::Utc>, MessageId)>> {
    if token == FIRST {
        return Ok(None);
    }
    let read = || {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
        let (at, id) = text.split_once('/')?;
        Some((DateTime::from_timestamp_micros(at.parse().ok()?)?, id.parse().ok()?))
    };
    match read() {
        Some(after) => Ok(Some(after)),
        None => Err(Error::invalid("Invalid page_token. Omit it to get the first page.").into()),
    }
}
