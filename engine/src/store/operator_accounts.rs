//! Rows of operators that they change themselves: name and sessions.
use super::Tx;
use crate::error::Result;
use crate::ids::OperatorId;
use chrono::{DateTime, Utc};

statements! {
    const RENAME: &str = "update operators set name = $2 where id = $1";
    const SESSIONS: &str = "select token_hash, address, authenticated_at, expires_at from operator_sessions
        where operator_id = $1 and ended_at is null and expires_at > $2 order by authenticated_at desc";
    const END_OTHERS: &str = "update operator_sessions set ended_at = $3
        where operator_id = $1 and token_hash <> $2 and ended_at is null";
}

/// A session that has not ended.
pub struct Open {
    pub token_hash: Vec<u8>,
    pub address: Option<String>,
    pub authenticated_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

row!(Open { token_hash, address, authenticated_at, expires_at });

pub async fn rename(tx: &mut Tx, id: OperatorId, name: &str) -> Result<()> {
    tx.execute(RENAME, &[&id.0, &name]).await?;
    Ok(())
}

/// Those of that operator, the last used first.
pub async fn sessions(tx: &mut Tx, operator: OperatorId, now: DateTime<Utc>) -> Result<Vec<Open>> {
    tx.fetch_all(SESSIONS, &[&operator.0, &now]).await
}

/// All but the one of that token; how many.
pub async fn end_others(
    tx: &mut Tx,
    operator: OperatorId,
    token_hash: &[u8],
    now: DateTime<Utc>,
) -> Result<u64> {
    tx.execute(END_OTHERS, &[&operator.0, &token_hash, &now]).await
}
