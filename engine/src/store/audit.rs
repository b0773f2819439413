//! The append-only audit log: there is no update and no delete, and triggers reject both.
use super::{Tx, from_text, to_text};
use crate::error::Result;
use chrono::{DateTime, Utc};
use serde_json::Value;

#[derive(Clone, PartialEq, Debug)]
pub struct Entry {
    pub at: DateTime<Utc>,
    /// Operator's email, `command line` or `system`
    pub actor: String,
    /// Such as `settings.save`, `operator.sign_in`
    pub action: String,
    /// Redacted.
    pub details: Value,
}

statements! {
    const APPEND: &str = "insert into audit (at, actor, action, details) values ($1, $2, $3, $4)";
    const LIST: &str = "select at, actor, action, details from audit order by id desc limit $1";
    const BEFORE: &str = "select id, at, actor, action, details from audit where id < $1 order by id desc limit $2";
    const OF_ACTOR: &str = "select id, at, actor, action, details from audit
        where actor = $3 and id < $1 order by id desc limit $2";
    const OF_ACTION: &str = "select id, at, actor, action, details from audit
        where action = $3 and id < $1 order by id desc limit $2";
    const OF_ACTOR_AND_ACTION: &str = "select id, at, actor, action, details from audit
        where actor = $3 and action = $4 and id < $1 order by id desc limit $2";
}

/// Which entries are asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter<'a> {
    pub actor: Option<&'a str>,
    pub action: Option<&'a str>,
}

pub async fn append(tx: &mut Tx, entry: &Entry) -> Result<()> {
    let details = to_text(&entry.details)?;
    tx.execute(APPEND, &[&entry.at, &entry.actor, &entry.action, &details]).await?;
    Ok(())
}

/// Newest first.
pub async fn list(tx: &mut Tx, limit: i64) -> Result<Vec<Entry>> {
    let rows: Vec<(DateTime<Utc>, String, String, String)> = tx.fetch_all(LIST, &[&limit]).await?;
    rows.into_iter()
        .map(|(at, actor, action, details)| {
            Ok(Entry { at, actor, action, details: from_text("audit.details", &details)? })
        })
        .collect()
}

/// Newest first, those that are older than the entry `before`; each with its number.
pub async fn page(
    tx: &mut Tx,
    filter: Filter<'_>,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<(i64, Entry)>> {
    type Row = (i64, DateTime<Utc>, String, String, String);
    let before = before.unwrap_or(i64::MAX);
    let rows: Vec<Row> = match (filter.actor, filter.action) {
        (None, None) => tx.fetch_all(BEFORE, &[&before, &limit]).await?,
        (Some(actor), None) => tx.fetch_all(OF_ACTOR, &[&before, &limit, &actor]).await?,
        (None, Some(action)) => tx.fetch_all(OF_ACTION, &[&before, &limit, &action]).await?,
        (Some(actor), Some(action)) => {
            tx.fetch_all(OF_ACTOR_AND_ACTION, &[&before, &limit, &actor, &action]).await?
        }
    };
    rows.into_iter()
        .map(|(id, at, actor, action, details)| {
            Ok((id, Entry { at, actor, action, details: from_text("audit.details", &details)? }))
        })
        .collect()
}
