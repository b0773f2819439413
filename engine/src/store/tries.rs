//! Rows of wrong codes, by whom they were guessed at.
use super::Tx;
use crate::error::Result;
use chrono::{DateTime, Utc};
use uuid::Uuid;

// An update takes the row's lock on PostgreSQL, and SQLite has one writer: who comes second counts what the first has counted.
const QUEUE: &str = "insert into rate_limit_keys (subject, last_at) values ($1, $2)
    on conflict (subject) do update set last_at = $2";
const RECORD: &str = "insert into verification_attempts (id, subject, at) values ($1, $2, $3)";
const COUNT: &str = "select count(*) from verification_attempts where subject = $1 and at > $2";
const FORGET: &str = "delete from verification_attempts where id = $1";
const DELETE_OLD: &str = "delete from rate_limit_keys
    where subject in (select subject from rate_limit_keys where last_at < $1 order by last_at limit $2)";

/// Waits for its turn with that subject, until the end of `tx`.
pub async fn queue(tx: &mut Tx, subject: &[u8], now: DateTime<Utc>) -> Result<()> {
    tx.execute(QUEUE, &[&subject, &now]).await?;
    Ok(())
}

pub async fn record(tx: &mut Tx, id: Uuid, subject: &[u8], now: DateTime<Utc>) -> Result<()> {
    tx.execute(RECORD, &[&id, &subject, &now]).await?;
    Ok(())
}

/// After `since`.
pub async fn count(tx: &mut Tx, subject: &[u8], since: DateTime<Utc>) -> Result<i64> {
    let (count,): (i64,) = tx.fetch_one(COUNT, &[&subject, &since]).await?;
    Ok(count)
}

/// It was right.
pub async fn forget(tx: &mut Tx, id: Uuid) -> Result<()> {
    tx.execute(FORGET, &[&id]).await?;
    Ok(())
}

/// Subjects that nobody guessed at since `before`, with their tries: at most `limit`; answers how many went.
pub async fn delete_old(tx: &mut Tx, before: DateTime<Utc>, limit: i64) -> Result<u64> {
    tx.execute(DELETE_OLD, &[&before, &limit]).await
}
