//! Secrets that were entered in the console: encrypted in the database, referenced by settings, decrypted where they are used, never
//! shown (design: security §7). A revision only contains `secret://NAME`, so that restoring one keeps the current value.

use crate::config::{Config, fingerprint};
use crate::effects::Effects;
use crate::engine::{Ctx, Engine};
use crate::error::{Error, Result};
use crate::ids::OperatorId;
use crate::seal;
use crate::secret::Secret;
use crate::store::Tx;
use crate::store::setting_secrets::{self, Row};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeMap;

pub use crate::config::secret_reference::{name_in, reference};

/// Sealed under a key of their own.
const PURPOSE: &str = "settings/v1";

/// A use is noted this often: it tells whether a secret is needed, not how busy it is.
const NOTED_EVERY: TimeDelta = TimeDelta::hours(1);

/// The same for what a page brings along.
const CARRIED: &str = "settings/carried/v1";

/// How long a page may bring it along.
const CARRIED_FOR: TimeDelta = TimeDelta::minutes(30);

/// What may be told of one.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// Keyed, as everywhere that configurations are shown: `•••• 0a1b2c3d`.
    pub fingerprint: String,
    pub set_at: DateTime<Utc>,
    pub set_by: String,
    /// To the hour.
    pub used_at: Option<DateTime<Utc>>,
}

/// What a Save does to secrets, in its transaction.
#[derive(Clone, PartialEq)]
pub enum Change {
    Put(String),
    Destroy,
}

/// Short, since it holds the secret.
impl std::fmt::Debug for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Change::Put(_) => "Put(…)",
            Change::Destroy => "Destroy",
        })
    }
}

/// Puts or destroys the secret of that name.
pub async fn change(
    tx: &mut Tx,
    effects: &Effects,
    config: &Config,
    name: &str,
    change: &Change,
    by: &str,
) -> Result<()> {
    match change {
        Change::Put(value) => {
            let id = effects.uuid();
            let row = Row {
                name: name.to_owned(),
                id,
                sealed: seal::seal_for(effects, &config.secrets, PURPOSE, id, value.as_bytes())?,
                fingerprint: fingerprint(config, value),
                set_at: effects.now(),
                set_by: by.to_owned(),
                used_at: None,
            };
            setting_secrets::put(tx, &row).await
        }
        Change::Destroy => setting_secrets::destroy(tx, name).await.map(|_| ()),
    }
}

/// What a configuration holds where a secret belongs: the text itself, or the value that it names.
///
/// # Errors
/// The sentence names the secret: it is gone, or was sealed with a cipher secret that is.
pub async fn opened(ctx: &Ctx, text: &str) -> Result<Secret> {
    let Some(name) = name_in(text) else { return Ok(text.into()) };
    let gone = || Error::internal(format!("the secret {name} is missing: enter it again in the console"));
    let (row, value) = there(ctx, name).await?.ok_or_else(gone)?;
    // What it is for does not fail over a note.
    if let Err(failed) = note_use(ctx, name, &row).await {
        let cause = failed.cause().map(ToString::to_string);
        tracing::warn!(name, cause, "the use of a secret can't be recorded");
    }
    Ok(value.into())
}

async fn note_use(ctx: &Ctx, name: &str, row: &Row) -> Result<()> {
    let now = ctx.effects().now();
    if row.used_at.is_some_and(|at| now - at < NOTED_EVERY) {
        return Ok(());
    }
    let mut tx = ctx.db().write_single().await?;
    setting_secrets::used(&mut tx, name, now - NOTED_EVERY, now).await?;
    tx.commit().await
}

/// The secret of that name, for something else than a use of it. `None`: it is gone, or was sealed with a cipher secret that is.
pub async fn value(ctx: &Ctx, name: &str) -> Result<Option<String>> {
    Ok(there(ctx, name).await?.map(|(_, value)| value))
}

async fn there(ctx: &Ctx, name: &str) -> Result<Option<(Row, String)>> {
    let row = {
        let mut tx = ctx.db().single().await?;
        setting_secrets::get(&mut tx, name).await?
    };
    let Some(row) = row else { return Ok(None) };
    let Ok(value) = seal::open_for(&ctx.config.secrets, PURPOSE, row.id, &row.sealed) else {
        return Ok(None);
    };
    Ok(Some((row, String::from_utf8(value).map_err(Error::internal)?)))
}

/// Gives `to`, an engine on a throw-away database, what settings name. Nothing is noted here; what cannot be opened is missing there,
/// too.
pub async fn lend(from: &Ctx, to: &Engine) -> Result<()> {
    let rows = {
        let mut tx = from.db().read().await?;
        setting_secrets::list(&mut tx).await?
    };
    let ctx = to.begin();
    let mut tx = to.db().write().await?;
    for row in rows {
        let opened = seal::open_for(&from.config.secrets, PURPOSE, row.id, &row.sealed);
        if let Some(value) = opened.ok().and_then(|value| String::from_utf8(value).ok()) {
            change(&mut tx, to.effects(), &ctx.config, &row.name, &Change::Put(value), &row.set_by).await?;
        }
    }
    tx.commit().await
}

/// A secret out of a form that is not saved yet, sealed for whoever typed it: the page brings it along without showing it.
pub fn carry(ctx: &Ctx, by: OperatorId, value: &str) -> Result<String> {
    let at = ctx.effects().now().timestamp().to_be_bytes();
    let text = [&at[..], value.as_bytes()].concat();
    let sealed = seal::seal_for(ctx.effects(), &ctx.config.secrets, CARRIED, by.0, &text)?;
    Ok(URL_SAFE_NO_PAD.encode(sealed))
}

/// The inverse. `None`: another operator's, or too old.
pub fn carried(ctx: &Ctx, by: OperatorId, sealed: &str) -> Option<String> {
    let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
    let text = seal::open_for(&ctx.config.secrets, CARRIED, by.0, &sealed).ok()?;
    let (at, value) = text.split_first_chunk::<8>()?;
    let age = ctx.effects().now().timestamp() - i64::from_be_bytes(*at);
    (age <= CARRIED_FOR.num_seconds()).then(|| String::from_utf8(value.to_vec()).ok()).flatten()
}

/// All of them, by name.
pub async fn held(engine: &Engine) -> Result<BTreeMap<String, Held>> {
    let mut tx = engine.db().single().await?;
    let rows = setting_secrets::list(&mut tx).await?;
    let told = rows.into_iter().map(|row| {
        let Row { name, fingerprint, set_at, set_by, used_at, .. } = row;
        (name, Held { fingerprint, set_at, set_by, used_at })
    });
    Ok(told.collect())
}
