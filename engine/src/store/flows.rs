//! Rows of running flows. The flow is one document. Next to it are the columns for lookups, and a version: each write names the
//! version that it is based on, so that two requests never overwrite each other.
use super::{Tx, from_text, to_text};
use crate::error::Result;
use crate::ids::FlowId;
use crate::model::{Flow, FlowKind};
use chrono::{DateTime, Utc};

statements! {
    const INSERT: &str = "insert into flows (id, kind, type, issued_at, expires_at, csrf, body)
        values ($1, $2, $3, $4, $5, $6, $7)";
    const GET: &str = "select body, version from flows where id = $1 and kind = $2";
    const UPDATE: &str = "update flows set type = $2, issued_at = $3, expires_at = $4, csrf = $5, body = $6,
        version = version + 1 where id = $1 and version = $7";
    const READ: &str = "select body from flows where id = $1";
    const DELETE: &str = "delete from flows where id = $1";
    const DELETE_REFUSED: &str = "delete from flows
        where id in (select id from flows
            where expires_at < $1 and version > 0 and kind <> 'verification' order by expires_at limit $2)";
    const DELETE_EXPIRED: &str = "delete from flows
        where id in (select id from flows where expires_at < $1 order by expires_at limit $2)";
}

/// Answers how many bytes its body has.
pub async fn insert(tx: &mut Tx, flow: &Flow) -> Result<usize> {
    let kind = flow.kind().name();
    let client = flow.kind_of_client.name();
    let body = to_text(flow)?;
    tx.execute(
        INSERT,
        &[&flow.id.0, &kind, &client, &flow.issued_at, &flow.expires_at, &flow.csrf_cookie, &body],
    )
    .await?;
    Ok(body.len())
}

pub async fn get(tx: &mut Tx, kind: FlowKind, id: FlowId) -> Result<Option<Flow>> {
    let row: Option<(String, i64)> = tx.fetch_optional(GET, &[&id.0, &kind.name()]).await?;
    row.map(|(body, version)| Ok(Flow { version, ..from_text("flows.body", &body)? })).transpose()
}

/// Writes the flow where it still has the version that it was read with: how many bytes its body has. `None`: another request wrote
/// it meanwhile, or it was cleaned up.
pub async fn update(tx: &mut Tx, flow: &mut Flow) -> Result<Option<usize>> {
    let client = flow.kind_of_client.name();
    let body = to_text(flow)?;
    let written = tx
        .execute(
            UPDATE,
            &[
                &flow.id.0,
                &client,
                &flow.issued_at,
                &flow.expires_at,
                &flow.csrf_cookie,
                &body,
                &flow.version,
            ],
        )
        .await?;
    if written == 0 {
        return Ok(None);
    }
    flow.version += 1;
    Ok(Some(body.len()))
}

/// Unless an email was sent for it: a flow whose email leads nowhere would tell that its address has an account, or keep a user from
/// theirs. Answers how many rows went.
pub async fn delete_unsent(tx: &mut Tx, id: FlowId) -> Result<u64> {
    let row: Option<(String,)> = tx.fetch_optional(READ, &[&id.0]).await?;
    let flow: Option<Flow> = row.map(|(body,)| from_text("flows.body", &body)).transpose()?;
    match flow {
        Some(flow) if flow.sent().is_none() => tx.execute(DELETE, &[&id.0]).await,
        Some(_) | None => Ok(0),
    }
}

/// The same for sign-ups and sign-ins that came back, which hold what was typed. A verification stays: its email is opened later.
pub async fn delete_refused(tx: &mut Tx, before: DateTime<Utc>, limit: i64) -> Result<u64> {
    tx.execute(DELETE_REFUSED, &[&before, &limit]).await
}

/// At most `limit` rows; answers how many went.
pub async fn delete_expired(tx: &mut Tx, before: DateTime<Utc>, limit: i64) -> Result<u64> {
    tx.execute(DELETE_EXPIRED, &[&before, &limit]).await
}
