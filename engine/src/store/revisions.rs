//! Rows of settings revisions: immutable, numbered from 1. Triggers reject changes.
use super::notify::Topic;
use super::{Tx, from_text, to_text};
use crate::config::Named;
use crate::error::Result;
use chrono::{DateTime, Utc};

#[derive(Clone, PartialEq, Debug)]
pub struct Row {
    pub number: i64,
    pub at: DateTime<Utc>,
    pub by: String,
    pub base: i64,
    pub settings: Named,
    pub summary: Vec<String>,
    /// In the author's words; empty without one.
    pub reason: String,
}

struct Stored {
    number: i64,
    made_at: DateTime<Utc>,
    made_by: String,
    base: i64,
    settings: String,
    summary: String,
    reason: String,
}

row!(Stored { number, made_at, made_by, base, settings, summary, reason });

statements! {
    // Two at once both see the same newest number; the primary key lets one of them in.
    const INSERT: &str =
        "insert into settings_revisions (number, made_at, made_by, base, settings, summary, reason)
        select $1, $2, $3, $4, $5, $6, $7 where (select coalesce(max(number), 0) from settings_revisions) = $4
        on conflict (number) do nothing";
    const NEWEST: &str =
        "select number, made_at, made_by, base, settings, summary, reason from settings_revisions
        order by number desc limit 1";
    const GET: &str = "select number, made_at, made_by, base, settings, summary, reason from settings_revisions where number = $1";
    const LIST_BEFORE: &str =
        "select number, made_at, made_by, base, settings, summary, reason from settings_revisions
        where number < $1 order by number desc limit $2";
    const LIST: &str = "select number, made_at, made_by, base, settings, summary, reason from settings_revisions
        order by number desc limit $1";
}

/// Inserts with number `row.base + 1` if `row.base` is still the latest, and announces it; `false` if another save was faster.
pub async fn insert(tx: &mut Tx, row: &Row) -> Result<bool> {
    let number = row.base + 1;
    let (settings, summary) = (to_text(&row.settings)?, to_text(&row.summary)?);
    let made =
        tx.execute(INSERT, &[&number, &row.at, &row.by, &row.base, &settings, &summary, &row.reason]).await?;
    if made == 1 {
        tx.announce(Topic::Settings).await?;
    }
    Ok(made == 1)
}

pub async fn newest(tx: &mut Tx) -> Result<Option<Row>> {
    tx.fetch_optional::<Stored>(NEWEST, &[]).await?.map(Stored::read).transpose()
}

pub async fn get(tx: &mut Tx, number: i64) -> Result<Option<Row>> {
    tx.fetch_optional::<Stored>(GET, &[&number]).await?.map(Stored::read).transpose()
}

/// Newest first, those before the revision `before`.
pub async fn list_before(tx: &mut Tx, before: i64, limit: i64) -> Result<Vec<Row>> {
    let rows = tx.fetch_all::<Stored>(LIST_BEFORE, &[&before, &limit]).await?;
    rows.into_iter().map(Stored::read).collect()
}

/// Newest first.
pub async fn list(tx: &mut Tx, limit: i64) -> Result<Vec<Row>> {
    tx.fetch_all::<Stored>(LIST, &[&limit]).await?.into_iter().map(Stored::read).collect()
}

impl Stored {
    fn read(self) -> Result<Row> {
        Ok(Row {
            number: self.number,
            at: self.made_at,
            by: self.made_by,
            base: self.base,
            settings: from_text("settings_revisions.settings", &self.settings)?,
            summary: from_text("settings_revisions.summary", &self.summary)?,
            reason: self.reason,
        })
    }
}
