//! Rows of running flows: the flow is one document, beside it what is searched for.

use super::{Tx, read_json, write_json};
use crate::error::Result;
use crate::flow::Flow;
use crate::ids::FlowId;
use crate::plan::FlowKind;
use chrono::{DateTime, Utc};

fn name(kind: FlowKind) -> String {
    match kind {
        FlowKind::Registration => "registration",
        FlowKind::Login => "login",
    }
    .to_owned()
}

pub async fn insert(tx: &mut Tx, flow: &Flow) -> Result<()> {
    const SQL: &str = "insert into flows (id, kind, expires_at, body) values ($1, $2, $3, $4)";
    let kind = name(flow.kind());
    tx.execute(SQL, &[&flow.id.0, &kind, &flow.expires_at, &write_json(flow)?]).await?;
    Ok(())
}

pub async fn get(tx: &mut Tx, kind: FlowKind, id: FlowId) -> Result<Option<Flow>> {
    const SQL: &str = "select body from flows where id = $1 and kind = $2";
    let row: Option<(String,)> = tx.fetch_optional(SQL, &[&id.0, &name(kind)]).await?;
    row.map(|(body,)| read_json(&body)).transpose()
}

pub async fn update(tx: &mut Tx, flow: &Flow) -> Result<()> {
    const SQL: &str = "update flows set expires_at = $2, body = $3 where id = $1";
    tx.execute(SQL, &[&flow.id.0, &flow.expires_at, &write_json(flow)?]).await?;
    Ok(())
}

/// At most `limit` rows; answers how many went.
pub async fn delete_expired(tx: &mut Tx, before: DateTime<Utc>, limit: i64) -> Result<u64> {
    const SQL: &str = "delete from flows where id in (select id from flows where expires_at < $1 order by expires_at limit $2)";
    tx.execute(SQL, &[&before, &limit]).await
}
