//! Rows of limits: counts by the digest of what is counted. Each function except two is one statement that counts and reads, so that
//! simultaneous requests are counted one after the other.
use super::Tx;
use crate::error::Result;
use chrono::{DateTime, Utc};

/// What a row is found by, and what an operator reads of it.
#[derive(Clone, PartialEq, Debug)]
pub struct Subject {
    /// The limit's name.
    pub scope: &'static str,
    /// Keyed digest of all that is counted together.
    pub key: Vec<u8>,
    /// Keyed digest of the address or account alone, by which an operator clears it.
    pub account: Option<Vec<u8>>,
    /// Network of the client.
    pub client: Option<String>,
    /// The address, masked.
    pub label: Option<String>,
}

/// A row as it is listed.
#[derive(Clone, PartialEq, Debug)]
pub struct Counter {
    pub scope: String,
    pub account: Option<Vec<u8>>,
    pub client: Option<String>,
    pub label: Option<String>,
    pub count: i64,
    pub began_at: DateTime<Utc>,
    pub last_at: DateTime<Utc>,
}

row!(Counter { scope, account, client, label, count, began_at, last_at });

/// How often it happened since when, and when the last time was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Count {
    pub count: i64,
    pub began_at: DateTime<Utc>,
    pub last_at: DateTime<Utc>,
}

row!(Count { count, began_at, last_at });

statements! {
    // A window that began too long ago begins again. PostgreSQL locks the row until the end of the transaction, SQLite has one writer.
    const ADD: &str =
        "insert into limit_counters (scope, subject, account, client, label, count, began_at, last_at)
        values ($1, $2, $3, $4, $5, $6, $7, $7)
        on conflict (scope, subject) do update set
            count = case when limit_counters.began_at > $8 then limit_counters.count else 0 end + $6,
            began_at = case when limit_counters.began_at > $8 then limit_counters.began_at else $7 end,
            last_at = $7, label = coalesce($5, limit_counters.label)
        returning count, began_at, last_at";
    // The no-op of the conflict locks the row on PostgreSQL until the transaction ends.
    const LOCK: &str =
        "insert into limit_counters (scope, subject, account, client, label, count, began_at, last_at)
        values ($1, $2, $3, $4, $5, 0, $6, $6)
        on conflict (scope, subject) do update set count = limit_counters.count
        returning count, began_at, last_at";
    const SET: &str = "update limit_counters set count = $3, last_at = $4, label = coalesce($5, label)
        where scope = $1 and subject = $2";
    const TAKE_BACK: &str = "update limit_counters set count = count - $3
        where scope = $1 and subject = $2 and count >= $3";
    const FORGET: &str = "delete from limit_counters where scope = $1 and subject = $2";
    const LIST: &str = "select scope, account, client, label, count, began_at, last_at from limit_counters
        where ($1 is null or account = $1) and ($2 is null or client = $2) and count > 0
        order by last_at desc limit $3";
    const CLEAR: &str = "delete from limit_counters
        where ($1 is null or account = $1) and ($2 is null or client = $2)";
    const DELETE_OLD: &str = "delete from limit_counters
        where (scope, subject) in (select scope, subject from limit_counters
            where last_at < $1 and (last_at < $2 or scope not like 'sms.%') order by last_at limit $3)";
}

/// Counts `amount` more in the window that began after `since`, or in a new one that begins now; what the window holds then.
pub async fn add(
    tx: &mut Tx,
    subject: &Subject,
    amount: i64,
    now: DateTime<Utc>,
    since: DateTime<Utc>,
) -> Result<Count> {
    let Subject { scope, key, account, client, label } = subject;
    tx.fetch_one(ADD, &[scope, key, account, client, label, &amount, &now, &since]).await
}

/// What is counted so far; no other request changes it before `tx` ends. A row that was not there begins with nothing, now. Take
/// several in the order of scope and key, so that two requests never wait for each other.
pub async fn lock(tx: &mut Tx, subject: &Subject, now: DateTime<Utc>) -> Result<Count> {
    let Subject { scope, key, account, client, label } = subject;
    tx.fetch_one(LOCK, &[scope, key, account, client, label, &now]).await
}

/// Of a row that [`lock`] holds.
pub async fn set(tx: &mut Tx, subject: &Subject, count: i64, last_at: DateTime<Utc>) -> Result<()> {
    let Subject { scope, key, label, .. } = subject;
    tx.execute(SET, &[scope, key, &count, &last_at, label]).await?;
    Ok(())
}

/// What was counted did not happen.
pub async fn take_back(tx: &mut Tx, subject: &Subject, amount: i64) -> Result<()> {
    tx.execute(TAKE_BACK, &[&subject.scope, &subject.key, &amount]).await?;
    Ok(())
}

pub async fn forget(tx: &mut Tx, subject: &Subject) -> Result<()> {
    tx.execute(FORGET, &[&subject.scope, &subject.key]).await?;
    Ok(())
}

/// Newest first: of one account, of one client, or of all.
pub async fn list(
    tx: &mut Tx,
    account: Option<&[u8]>,
    client: Option<&str>,
    limit: i64,
) -> Result<Vec<Counter>> {
    let (account, client) = (account.map(<[u8]>::to_vec), client.map(str::to_owned));
    tx.fetch_all(LIST, &[&account, &client, &limit]).await
}

/// The same go; how many did.
pub async fn clear(tx: &mut Tx, account: Option<&[u8]>, client: Option<&str>) -> Result<u64> {
    let (account, client) = (account.map(<[u8]>::to_vec), client.map(str::to_owned));
    tx.execute(CLEAR, &[&account, &client]).await
}

/// Those that were last counted before `before`, and of text messages before `before_texts`: at most `limit`; how many went.
pub async fn delete_old(
    tx: &mut Tx,
    before: DateTime<Utc>,
    before_texts: DateTime<Utc>,
    limit: i64,
) -> Result<u64> {
    tx.execute(DELETE_OLD, &[&before, &before_texts, &limit]).await
}
