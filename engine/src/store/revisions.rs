//! Rows of settings revisions: immutable, numbered from 1.
use super::Tx;
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

/// Inserts with number `row.base + 1` if `row.base` is still the newest; `false` when somebody was faster.
pub async fn insert(tx: &mut Tx, row: &Row) -> Result<bool> {
    let _ = (tx, row);
    todo!()
}

pub async fn newest(tx: &mut Tx) -> Result<Option<Row>> {
    let _ = tx;
    todo!()
}

pub async fn get(tx: &mut Tx, number: i64) -> Result<Option<Row>> {
    let _ = (tx, number);
    todo!()
}

/// Newest first.
pub async fn list(tx: &mut Tx, limit: i64) -> Result<Vec<Row>> {
    let _ = (tx, limit);
    todo!()
}
