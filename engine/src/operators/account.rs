//! What operators change about themselves: name, password, sessions.

use super::{OperatorSession, append, confirm, digest, entry, hash, throttle};
use crate::engine::Engine;
use crate::error::Result;
use crate::ids::OperatorId;
use crate::store::operator_accounts as rows;
use crate::store::operators::{self, Link};
use chrono::{DateTime, Utc};
use serde_json::json;
use std::fmt::Write;

/// A session of an operator that has not ended.
#[derive(Clone, PartialEq, Debug)]
pub struct Open {
    /// A name for forms, derived from the session; it gives no access.
    pub name: String,
    /// The client's network, if it is known.
    pub address: Option<String>,
    /// When the password was last entered.
    pub authenticated_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    /// The one that asks.
    pub own: bool,
}

/// The last used first. `own`: the session that asks.
pub async fn sessions(
    engine: &Engine,
    operator: OperatorId,
    own: Option<&OperatorSession>,
) -> Result<Vec<Open>> {
    let found = rows::sessions(&mut engine.db().single().await?, operator, engine.effects().now()).await?;
    Ok(found
        .into_iter()
        .map(|row| Open {
            name: name(&row.token_hash),
            own: own.is_some_and(|own| own.token_hash == row.token_hash),
            address: row.address,
            authenticated_at: row.authenticated_at,
            expires_at: row.expires_at,
        })
        .collect())
}

fn name(token_hash: &[u8]) -> String {
    let digest = digest(&format!("{token_hash:?}"));
    digest[..12].iter().fold(String::new(), |mut text, byte| {
        // Writing to a string can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// `Err` is the sentence that says what to change.
pub async fn rename(engine: &Engine, by: &OperatorSession, name: &str) -> Result<Result<(), String>> {
    let name = match entry::check_name(name) {
        Ok(name) => name,
        Err(sentence) => return Ok(Err(sentence)),
    };
    let now = engine.effects().now();
    let mut tx = engine.db().write().await?;
    rows::rename(&mut tx, by.operator.id, &name).await?;
    let details = json!({"from": by.operator.name, "to": name});
    append(&mut tx, now, &by.operator.email, "operator.rename", details).await?;
    tx.commit().await?;
    Ok(Ok(()))
}

/// What is wrong with a form for a new password.
pub enum Refused {
    Current(String),
    New(String),
}

/// Signs the operator out everywhere else.
pub async fn change_password(
    engine: &Engine,
    by: &OperatorSession,
    current: &str,
    new: &str,
) -> Result<Result<(), Refused>> {
    let operator = &by.operator;
    // Before the current one is counted as an attempt.
    if let Err(sentence) = entry::check_password(new, &operator.email, &operator.name) {
        return Ok(Err(Refused::New(sentence)));
    }
    if let Err(sentence) = confirm(engine, by, current).await? {
        return Ok(Err(Refused::Current(sentence)));
    }
    let password_hash = match hash(engine, new).await? {
        Ok(hash) => hash,
        Err(sentence) => return Ok(Err(Refused::New(sentence))),
    };
    let now = engine.effects().now();
    let mut tx = engine.db().write().await?;
    if !operators::set_password(&mut tx, operator.id, &password_hash).await? {
        return Ok(Err(Refused::Current("Your account is disabled.".to_owned())));
    }
    rows::end_others(&mut tx, operator.id, &by.token_hash, now).await?;
    operators::drop_links(&mut tx, Link::Reset, Some(operator.id)).await?;
    throttle::forget(&mut tx, &operator.email).await?;
    append(&mut tx, now, &operator.email, "operator.password", json!({})).await?;
    tx.commit().await?;
    Ok(Ok(()))
}

/// Ends one session of this operator by its name. `false`: there is none, or it has ended.
pub async fn end(engine: &Engine, by: &OperatorSession, wanted: &str) -> Result<bool> {
    let now = engine.effects().now();
    let mut tx = engine.db().write().await?;
    let open = rows::sessions(&mut tx, by.operator.id, now).await?;
    let Some(session) = open.into_iter().find(|row| name(&row.token_hash) == wanted) else {
        return Ok(false);
    };
    if operators::end_session(&mut tx, &session.token_hash, now).await?.is_none() {
        return Ok(false);
    }
    append(&mut tx, now, &by.operator.email, "operator.sign_out", json!({"sessions": 1})).await?;
    tx.commit().await?;
    Ok(true)
}

/// Ends all sessions of this operator but the one that asks; how many.
pub async fn end_others(engine: &Engine, by: &OperatorSession) -> Result<u64> {
    let now = engine.effects().now();
    let mut tx = engine.db().write().await?;
    let ended = rows::end_others(&mut tx, by.operator.id, &by.token_hash, now).await?;
    if ended > 0 {
        append(&mut tx, now, &by.operator.email, "operator.sign_out", json!({"sessions": ended})).await?;
        tx.commit().await?;
    }
    Ok(ended)
}
