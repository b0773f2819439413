//! Rows of id_tokens that apps sent. Each belongs to the flow that it was first sent with, and is used up by the session that is
//! issued for it.
use super::Tx;
use crate::error::Result;
use crate::ids::FlowId;
use chrono::{DateTime, Utc};
use uuid::Uuid;

statements! {
    const INSERT: &str = "insert into id_tokens (digest, flow_id, expires_at) values ($1, $2, $3)
        on conflict (digest) do nothing";
    const OF: &str = "select flow_id from id_tokens where digest = $1 and used_at is null";
    const FOLLOW: &str = "update id_tokens set flow_id = $2 where digest = $1 and used_at is null";
    const USE: &str = "update id_tokens set used_at = $2 where digest = $1 and used_at is null";
    const DELETE_OLD: &str = "delete from id_tokens
        where digest in (select digest from id_tokens where expires_at < $1 order by expires_at limit $2)";
}

/// Whether the token can be used in that flow: it wasn't sent to another one, and no session was issued for it.
pub async fn bind(tx: &mut Tx, digest: &[u8], flow: FlowId, expires_at: DateTime<Utc>) -> Result<bool> {
    tx.execute(INSERT, &[&digest, &flow.0, &expires_at]).await?;
    let row: Option<(Uuid,)> = tx.fetch_optional(OF, &[&digest]).await?;
    Ok(row == Some((flow.0,)))
}

/// It goes on with the flow that takes the place of its own.
pub async fn follow(tx: &mut Tx, digest: &[u8], flow: FlowId) -> Result<()> {
    tx.execute(FOLLOW, &[&digest, &flow.0]).await.map(drop)
}

/// Whether this was its one use.
pub async fn use_up(tx: &mut Tx, digest: &[u8], now: DateTime<Utc>) -> Result<bool> {
    Ok(tx.execute(USE, &[&digest, &now]).await? == 1)
}

/// At most `limit` of those that expired before `before`; answers how many went.
pub async fn delete_old(tx: &mut Tx, before: DateTime<Utc>, limit: i64) -> Result<u64> {
    tx.execute(DELETE_OLD, &[&before, &limit]).await
}
