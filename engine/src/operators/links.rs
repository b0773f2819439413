//! Single-use links: the setup link that creates the first operator, and the reset link that sets a new password. Opening one doesn't
//! use it up. Using one is a single conditional update.

use super::manage::{self, By};
use super::{
    SYSTEM, SignIn, append, command, digest, entry, hash, new_owner, open_session, secret, throttle,
};
use crate::config::Config;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::store::operators::{self as rows, Link};
use chrono::TimeDelta;
use serde_json::json;

/// A restart issues a new one (OWASP ASVS 5, 6.4.1: initial secrets expire).
const SETUP_LIFESPAN: TimeDelta = TimeDelta::hours(24);
const RESET_LIFESPAN: TimeDelta = TimeDelta::hours(1);

const SETUP_USED: &str = "This link has expired. It was used, replaced by a newer one, or is older than one day. If an operator account \
     exists, sign in. Otherwise, restart Vestibule for a new link.";
const RESET_USED: &str = "This link has expired. It was used, replaced by a newer one, or is older than one hour. To create a new one, run: vestibule operator reset-link --email EMAIL";

/// The URL of a link with that secret, on the console.
pub fn link(config: &Config, page: &str, secret: &str) -> String {
    let mut url = config.vestibule.console.base_url.clone();
    url.set_path(&format!("{}/{page}", url.path().trim_end_matches('/')));
    url.query_pairs_mut().clear().append_pair("secret", secret);
    url.into()
}

/// A new secret for the set-up link, or `None` once any operator exists. Stored hashed; an earlier one stops working.
/// Good for a day.
pub async fn issue_setup_link(engine: &Engine) -> Result<Option<String>> {
    let now = engine.effects().now();
    let mut tx = engine.db().write().await?;
    if rows::exists(&mut tx).await? {
        return Ok(None);
    }
    let secret = secret(engine);
    rows::replace_link(&mut tx, Link::Setup, None, &digest(&secret), now + SETUP_LIFESPAN).await?;
    append(&mut tx, now, SYSTEM, "operator.setup_link", json!({})).await?;
    tx.commit().await?;
    Ok(Some(secret))
}

/// Whether there is any operator, disabled ones included.
pub async fn exist(engine: &Engine) -> Result<bool> {
    rows::exists(&mut engine.db().single().await?).await
}

/// Whether the secret would be accepted now; burns nothing.
pub async fn setup_link_is_valid(engine: &Engine, secret: &str) -> Result<bool> {
    let mut tx = engine.db().read().await?;
    Ok(!rows::exists(&mut tx).await?
        && rows::link_is_valid(&mut tx, Link::Setup, &digest(secret), engine.effects().now()).await?)
}

/// Burns the link atomically and makes the first operator (role owner), signed in.
pub async fn set_up(
    engine: &Engine,
    secret: &str,
    email: &str,
    name: &str,
    password: &str,
) -> Result<SignIn> {
    // Asked first: nobody without the link can make us hash.
    if !setup_link_is_valid(engine, secret).await? {
        return Ok(SignIn::Again(SETUP_USED.to_owned()));
    }
    let entry = match entry::check(email, name, password) {
        Ok(entry) => entry,
        Err(sentence) => return Ok(SignIn::Again(sentence)),
    };
    let password_hash = match hash(engine, password).await? {
        Ok(hash) => hash,
        Err(sentence) => return Ok(SignIn::Again(sentence)),
    };
    let now = engine.effects().now();
    let operator = new_owner(engine, entry, now);
    let mut tx = engine.db().write().await?;
    let burned = rows::burn_link(&mut tx, Link::Setup, &digest(secret), now).await?.is_some();
    // The link may have been issued while the command line was making an operator.
    if !burned || rows::exists(&mut tx).await? || !rows::insert(&mut tx, &operator, &password_hash).await? {
        return Ok(SignIn::Again(SETUP_USED.to_owned()));
    }
    let token = open_session(engine, &mut tx, &operator, None, now).await?;
    append(&mut tx, now, &operator.email, "operator.set_up", json!({"role": operator.role.name()})).await?;
    tx.commit().await?;
    Ok(SignIn::In { operator, token })
}

/// A secret, valid once and for one hour, with which that operator sets a new password. `None`: no operator has the email.
/// [`crate::Kind::Invalid`] for a disabled operator.
pub async fn issue_reset_link(engine: &Engine, by: By<'_>, email: &str) -> Result<Option<String>> {
    let mut change = manage::begin(engine, by).await?;
    let Some((operator, _)) = rows::by_email(&mut change.tx, &entry::normalise(email)).await? else {
        return Ok(None);
    };
    if operator.disabled {
        return Err(Error::invalid(match by {
            By::CommandLine => format!(
                "{} is disabled and can't sign in. To enable the operator first, run: {}",
                operator.email,
                command("enable", &operator.email, "")
            ),
            By::Owner(_) => {
                format!("{} is disabled and can't sign in. Enable the operator first.", operator.email)
            }
        }));
    }
    let (secret, until) = (secret(engine), change.now + RESET_LIFESPAN);
    rows::replace_link(&mut change.tx, Link::Reset, Some(operator.id), &digest(&secret), until).await?;
    change.commit("operator.reset_link", json!({"operator": operator.email})).await?;
    Ok(Some(secret))
}

/// Whether the secret would be accepted now; burns nothing.
pub async fn reset_link_is_valid(engine: &Engine, secret: &str) -> Result<bool> {
    let mut tx = engine.db().single().await?;
    rows::link_is_valid(&mut tx, Link::Reset, &digest(secret), engine.effects().now()).await
}

/// Burns the reset link, stores the new password, ends older sessions, signs in.
pub async fn reset(engine: &Engine, secret: &str, password: &str) -> Result<SignIn> {
    if !reset_link_is_valid(engine, secret).await? {
        return Ok(SignIn::Again(RESET_USED.to_owned()));
    }
    if let Err(sentence) = entry::check_password(password, "", "") {
        return Ok(SignIn::Again(sentence));
    }
    let password_hash = match hash(engine, password).await? {
        Ok(hash) => hash,
        Err(sentence) => return Ok(SignIn::Again(sentence)),
    };
    let now = engine.effects().now();
    let mut tx = engine.db().write().await?;
    let whose = rows::burn_link(&mut tx, Link::Reset, &digest(secret), now).await?.flatten();
    let operator = match whose {
        Some(id) => rows::get(&mut tx, id).await?,
        None => None,
    };
    let Some(operator) = operator else { return Ok(SignIn::Again(RESET_USED.to_owned())) };
    // Before anything is kept: dropping the transaction leaves the link as it was.
    if let Err(sentence) = entry::check_password(password, &operator.email, &operator.name) {
        return Ok(SignIn::Again(sentence));
    }
    if !rows::set_password(&mut tx, operator.id, &password_hash).await? {
        return Ok(SignIn::Again(RESET_USED.to_owned()));
    }
    rows::end_sessions(&mut tx, operator.id, now).await?;
    throttle::forget(&mut tx, &operator.email).await?;
    let token = open_session(engine, &mut tx, &operator, None, now).await?;
    append(&mut tx, now, &operator.email, "operator.reset", json!({})).await?;
    tx.commit().await?;
    Ok(SignIn::In { operator, token })
}
