//! Going back: a new revision with the settings of an old one.

use super::audit::record;
use super::revise::{end_what_waits, files_decide};
use super::{Named, addressees};
use crate::config::Config;
use crate::config::load::{Problems, Sources, load};
use crate::error::Result;
use crate::store::revisions::{self, Row};
use crate::store::{Db, setting_secrets};
use chrono::{DateTime, Utc};
use serde_json::json;

/// Who goes back: as revisions show it, and as the audit names it.
#[derive(Clone, Copy)]
pub(super) struct Author<'a> {
    pub(super) name: &'a str,
    pub(super) actor: &'a str,
    pub(super) reason: &'a str,
}

impl<'a> Author<'a> {
    fn called(name: &'a str) -> Self {
        Self { name, actor: name, reason: "" }
    }
}

/// Makes a new revision with the settings of an old one (0: none), from the command line: no engine may be able to start, because the
/// newest revision does not fit the files. `Err(sentence)` when it cannot be applied.
pub async fn roll_back(
    db: &Db,
    sources: &Sources,
    now: DateTime<Utc>,
    by: &str,
    to: i64,
) -> Result<Result<i64, String>> {
    if let Some(sentence) = load(sources, None).ok().and_then(|loaded| files_decide(&loaded.config)) {
        return Ok(Err(sentence));
    }
    let fit = |number: i64, named: &Named| load(sources, Some((number, named))).map(|loaded| loaded.config);
    Ok(write_rollback(db, now, Author::called(by), to, fit).await?.map(|(number, _)| number))
}

pub(super) async fn write_rollback(
    db: &Db,
    now: DateTime<Utc>,
    by: Author<'_>,
    to: i64,
    fit: impl Fn(i64, &Named) -> Result<Config, Problems> + Send,
) -> Result<Result<(i64, Config), String>> {
    let (newest, target, moved) = {
        let mut tx = db.read().await?;
        let target = if to == 0 { None } else { revisions::get(&mut tx, to).await? };
        let moved = match &target {
            Some(row) => addressees::moved(&mut tx, &row.settings).await?,
            None => Vec::new(),
        };
        (revisions::newest(&mut tx).await?, target, moved)
    };
    let Some(newest) = newest else {
        return Ok(Err("There is no revision yet, so there is nothing to go back to.".into()));
    };
    if to != 0 && target.is_none() {
        return Ok(Err(format!("There is no revision {to}.")));
    }
    let settings = target.map(|row| row.settings).unwrap_or_default();
    if settings == newest.settings {
        return Ok(Err(format!("Revision {} already says the same.", newest.number)));
    }
    let number = newest.number + 1;
    let config = match fit(number, &settings) {
        Ok(config) => config,
        Err(problems) => return Ok(Err(format!("Revision {to} does not fit the files.\n{problems}"))),
    };
    let back = if to == 0 { "Back to the files alone".to_owned() } else { format!("Back to revision {to}") };
    let summary = std::iter::once(back).chain(moved.iter().map(|name| addressees::destroyed(name))).collect();
    let row = Row {
        number,
        at: now,
        by: by.name.to_owned(),
        base: newest.number,
        settings,
        summary,
        reason: by.reason.to_owned(),
    };
    let mut tx = db.write().await?;
    if !revisions::insert(&mut tx, &row).await? {
        return Ok(Err(
            "Another operator saved settings in the meantime. Check the list, and try again.".into()
        ));
    }
    // An address of before gets no secret that was entered for another one.
    for name in &moved {
        setting_secrets::destroy(&mut tx, name).await?;
    }
    record(
        &mut tx,
        now,
        by.actor,
        "settings.rollback",
        json!({"revision": number, "to": to, "reason": by.reason}),
    )
    .await?;
    end_what_waits(&mut tx, &config).await?;
    tx.commit().await?;
    Ok(Ok((number, config)))
}
