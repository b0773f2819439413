//! Rows of errors stored for the error page.
use super::{Tx, from_text, to_text};
use crate::error::Result;
use crate::limits_table::STORED_ERROR;
use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

statements! {
    const INSERT: &str = "insert into flow_errors (id, body, created_at) values ($1, $2, $3)";
    const GET: &str = "select body, created_at from flow_errors where id = $1";
    const DELETE: &str = "delete from flow_errors where id = $1";
    const DELETE_BEFORE: &str = "delete from flow_errors
        where id in (select id from flow_errors where created_at < $1 order by created_at limit $2)";
}

pub async fn insert(tx: &mut Tx, id: Uuid, error: &Value, now: DateTime<Utc>) -> Result<()> {
    let mut error = error.clone();
    shorten(&mut error);
    let mut body = to_text(&error)?;
    if body.len() > STORED_ERROR.count() {
        error["details"] = Value::Null;
        body = to_text(&error)?;
    }
    tx.execute(INSERT, &[&id, &body, &now]).await?;
    Ok(())
}

/// Any client can cause an error with a URL of any length: a truncated URL is useless, a truncated sentence isn't.
fn shorten(error: &mut Value) {
    const LONGEST: usize = 1000;
    for (name, member) in error.as_object_mut().into_iter().flatten() {
        match member {
            Value::String(text) => {
                if let Some((end, _)) = text.char_indices().nth(LONGEST) {
                    text.truncate(end);
                    text.push('…');
                }
            }
            Value::Object(details) if name == "details" => {
                details.retain(|_, detail| detail.as_str().is_none_or(|text| text.len() <= LONGEST));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {}
        }
    }
}

/// The error and when it was stored.
pub async fn get(tx: &mut Tx, id: Uuid) -> Result<Option<(Value, DateTime<Utc>)>> {
    let row: Option<(String, DateTime<Utc>)> = tx.fetch_optional(GET, &[&id]).await?;
    row.map(|(body, stored)| Ok((from_text("flow_errors.body", &body)?, stored))).transpose()
}

/// Asks the database to write, and changes nothing.
pub(super) async fn delete_nothing(tx: &mut Tx) -> Result<()> {
    // No row has that id.
    tx.execute(DELETE, &[&Uuid::nil()]).await?;
    Ok(())
}

/// Answers how many rows went.
pub async fn delete(tx: &mut Tx, id: Uuid) -> Result<u64> {
    tx.execute(DELETE, &[&id]).await
}

/// At most `limit` of those stored earlier than `before`; answers how many went.
pub async fn delete_before(tx: &mut Tx, before: DateTime<Utc>, limit: i64) -> Result<u64> {
    tx.execute(DELETE_BEFORE, &[&before, &limit]).await
}
