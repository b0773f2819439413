//! Sign-in, sign-out, and the signed-in operator.

use super::throttle::{Admitted, Attempt};
use super::{Operator, OperatorSession, SYSTEM, SignIn, append, digest, entry, open_session};
use crate::engine::Engine;
use crate::error::{Error, Kind, Result};
use crate::password::{Caller, Verdict};
use crate::requester::{LIFESPAN, Requester, Subject};
use crate::store::operators as rows;
use serde_json::{Value, json};

const WRONG_AGAIN: &str = "Incorrect password. Try again.";
const WRONG: &str = "Incorrect email or password. Try again.";

/// The same time and words for an unknown address and a wrong password; failures delay, never lock out.
///
/// # Errors
/// 429 for whoever comes too early after failures, with the seconds to wait.
pub async fn sign_in(engine: &Engine, email: &str, password: &str, requester: &Requester) -> Result<SignIn> {
    let email = entry::normalise(email);
    let network = requester.network().map(|network| network.to_string());
    let now = engine.effects().now();

    // Counts that nobody has acknowledged: they wait for no disk.
    let mut tx = engine.db().write_relaxed().await?;
    let known = rows::by_email(&mut tx, &email).await?;
    let operator = known.as_ref().map(|(operator, _)| operator.id);
    let device = operator.and_then(|id| requester.known_device(Subject::Operator(id)));
    let mut attempt = Attempt::new(&email, requester, device);
    if let (Some(id), Some(network)) = (operator, &network) {
        attempt.familiar = rows::signed_in_from(&mut tx, id, network, now - LIFESPAN).await?;
    }
    if let Admitted::TooEarly { seconds, remembered } = attempt.admit(&mut tx, now).await? {
        if remembered {
            tx.commit().await?;
        }
        // Not in the audit: whoever is told to wait must not be able to fill the disk.
        let unit = if seconds == 1 { "second" } else { "seconds" };
        let sentence = format!("Too many failed attempts. Try again in {seconds} {unit}.");
        let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
        return Err(Error::new(Kind::RateLimited, sentence).retry_after(seconds));
    }
    tx.commit().await?;

    // No transaction is open while a password is hashed. Only a known device has the operators' lane: who merely types an operator's
    // address waits with everybody.
    let config = engine.begin().config;
    let caller = if device.is_some() { Caller::operator(requester) } else { Caller::of(requester) };
    let stored = known.as_ref().map(|(_, password_hash)| password_hash.as_str());
    let verdict = match engine.hasher().verify(caller, &config.hashers, password, stored).await {
        Ok(verdict) => verdict,
        Err(error) => {
            let mut tx = engine.db().write_relaxed().await?;
            attempt.forgive(&mut tx).await?;
            tx.commit().await?;
            return Err(error);
        }
    };
    let known = known.filter(|(operator, _)| verdict != Verdict::Wrong && !operator.disabled);
    match known {
        Some((operator, was)) => {
            let new = match verdict {
                // Not worth failing for: the next sign-in tries again.
                Verdict::RightButOutdated => {
                    engine.hasher().hash(caller, engine.effects(), &config.hashers, password).await.ok()
                }
                Verdict::Right | Verdict::Wrong => None,
            };
            enter(engine, operator, (&was, new.as_deref().unwrap_or(&was)), &attempt, network.as_deref())
                .await
        }
        None => refuse(engine, &email, network.as_deref()).await,
    }
}

/// The password was right when it was read: lets in if it still is.
async fn enter(
    engine: &Engine,
    operator: Operator,
    (was, new): (&str, &str),
    attempt: &Attempt,
    network: Option<&str>,
) -> Result<SignIn> {
    let now = engine.effects().now();
    let mut tx = engine.db().write().await?;
    if !rows::confirm_password(&mut tx, operator.id, was, new).await? {
        return Ok(SignIn::Again(WRONG.to_owned()));
    }
    attempt.succeeded(&mut tx).await?;
    rows::forget_sessions(&mut tx, operator.id, now - LIFESPAN).await?;
    let token = open_session(engine, &mut tx, &operator, network, now).await?;
    append(&mut tx, now, &operator.email, "operator.sign_in", json!({"address": network})).await?;
    tx.commit().await?;
    Ok(SignIn::In { operator, token })
}

async fn refuse(engine: &Engine, email: &str, network: Option<&str>) -> Result<SignIn> {
    let now = engine.effects().now();
    let mut tx = engine.db().write().await?;
    // What was typed is kept only if it is an operator's address: people type passwords into the wrong field.
    let operator = rows::by_email(&mut tx, email).await?.map(|(operator, _)| operator);
    let details = json!({
        "address": network,
        "operator": operator.as_ref().map_or(Value::Null, |operator| operator.email.as_str().into()),
        "disabled": operator.is_some_and(|operator| operator.disabled),
    });
    append(&mut tx, now, SYSTEM, "operator.sign_in_failed", details).await?;
    tx.commit().await?;
    Ok(SignIn::Again(WRONG.to_owned()))
}

/// Whether whoever is signed in knows the password as well: the session, which counts as a fresh sign-in from here on; otherwise the
/// sentence for the form. Guesses are delayed as at the door, on a count of their own: nobody who knocks at the door keeps an
/// operator from their work.
pub async fn confirm(
    engine: &Engine,
    session: &OperatorSession,
    password: &str,
) -> Result<Result<OperatorSession, String>> {
    let operator = &session.operator;
    let attempt = Attempt::confirming(&operator.email, &operator.id.to_string());
    let now = engine.effects().now();
    let mut tx = engine.db().write().await?;
    let Some((_, stored)) = rows::by_email(&mut tx, &operator.email).await? else {
        return Ok(Err(WRONG_AGAIN.to_owned()));
    };
    if let Admitted::TooEarly { seconds, .. } = attempt.admit(&mut tx, now).await? {
        let unit = if seconds == 1 { "second" } else { "seconds" };
        return Ok(Err(format!("Too many failed attempts. Try again in {seconds} {unit}.")));
    }
    tx.commit().await?;

    // No transaction is open while a password is hashed.
    let config = engine.begin().config;
    let verdict =
        engine.hasher().verify(Caller::SIGNED_IN_OPERATOR, &config.hashers, password, Some(&stored)).await;
    let mut tx = engine.db().write().await?;
    let right = match verdict {
        Ok(verdict) => verdict != Verdict::Wrong,
        Err(error) => {
            attempt.forgive(&mut tx).await?;
            tx.commit().await?;
            return Err(error);
        }
    };
    let now = engine.effects().now();
    if right {
        attempt.succeeded(&mut tx).await?;
        rows::authenticated(&mut tx, &session.token_hash, now).await?;
    }
    let action = if right { "operator.confirm" } else { "operator.confirm_failed" };
    append(&mut tx, now, &operator.email, action, json!({})).await?;
    tx.commit().await?;
    let fresh = || OperatorSession { authenticated_at: now, ..session.clone() };
    Ok(if right { Ok(fresh()) } else { Err(WRONG_AGAIN.to_owned()) })
}

/// Who has that token now. Read anew at each request: disabling and changes of role act at once.
pub async fn session(engine: &Engine, token: &str) -> Result<Option<OperatorSession>> {
    rows::session(&mut engine.db().single().await?, &digest(token), engine.effects().now()).await
}

/// Ends the session; a token that is not valid any more changes nothing.
pub async fn sign_out(engine: &Engine, token: &str) -> Result<()> {
    let now = engine.effects().now();
    let mut tx = engine.db().write().await?;
    if let Some(id) = rows::end_session(&mut tx, &digest(token), now).await? {
        let email =
            rows::get(&mut tx, id).await?.map_or_else(|| SYSTEM.to_owned(), |operator| operator.email);
        append(&mut tx, now, &email, "operator.sign_out", json!({})).await?;
        tx.commit().await?;
    }
    Ok(())
}
