//! Rows of settings revisions: immutable (triggers refuse changes), numbered from 1.

use super::{Tx, read_json, write_json};
use crate::error::Result;
use crate::settings::Named;
use chrono::{DateTime, Utc};

#[derive(Clone, Debug)]
pub struct Row {
    pub number: i64,
    pub at: DateTime<Utc>,
    pub by: String,
    pub base: i64,
    pub settings: Named,
    pub summary: Vec<String>,
}

type Columns = (i64, DateTime<Utc>, String, i64, String, String);

fn read((number, at, by, base, settings, summary): Columns) -> Result<Row> {
    Ok(Row { number, at, by, base, settings: read_json(&settings)?, summary: read_json(&summary)? })
}

/// Inserts with number `row.base + 1` if `row.base` is still the newest; `false` when somebody was faster.
pub async fn insert(tx: &mut Tx, row: &Row) -> Result<bool> {
    const SQL: &str = "insert into settings_revisions (number, at, by, base, settings, summary) \
        select $1, $2, $3, $4, $5, $6 where coalesce((select max(number) from settings_revisions), 0) = $4 \
        on conflict do nothing";
    let number = row.base + 1;
    let params: [&dyn super::Param; 6] =
        [&number, &row.at, &row.by, &row.base, &write_json(&row.settings)?, &write_json(&row.summary)?];
    Ok(tx.execute(SQL, &params).await? == 1)
}

pub async fn newest(tx: &mut Tx) -> Result<Option<Row>> {
    Ok(list(tx, 1).await?.pop())
}

pub async fn get(tx: &mut Tx, number: i64) -> Result<Option<Row>> {
    const SQL: &str = "select number, at, by, base, settings, summary from settings_revisions where number = $1";
    let row: Option<Columns> = tx.fetch_optional(SQL, &[&number]).await?;
    row.map(read).transpose()
}

/// Newest first.
pub async fn list(tx: &mut Tx, limit: i64) -> Result<Vec<Row>> {
    const SQL: &str =
        "select number, at, by, base, settings, summary from settings_revisions order by number desc limit $1";
    let rows: Vec<Columns> = tx.fetch_all(SQL, &[&limit]).await?;
    rows.into_iter().map(read).collect()
}
