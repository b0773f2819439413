//! Invitations of operators: a link, valid once, with which someone creates an operator account with the role that an owner chose.
//! The link is shown once; the database contains its hash.

use super::manage::{self, By};
use super::{Operator, Role, SignIn, append, digest, entry, hash, new_owner, open_session, secret};
use crate::engine::Engine;
use crate::error::Result;
use crate::store::operator_invitations as rows;
pub use crate::store::operator_invitations::{Invitation, Pending};
use crate::store::operators::{self, Link};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

const LIFESPAN: TimeDelta = TimeDelta::days(3);

const USED: &str = "This link has expired. It was used, replaced by a newer one, revoked, or is older than 3 days. Ask an owner for a \
     new invitation.";

/// A new invitation.
#[derive(Clone, Debug)]
pub struct Invited {
    pub email: String,
    pub role: Role,
    /// For the link.
    pub secret: String,
    pub expires_at: DateTime<Utc>,
}

/// In place of an earlier invitation for that email. The inner error says what to change.
pub async fn invite(engine: &Engine, by: By<'_>, email: &str, role: Role) -> Result<Result<Invited, String>> {
    let email = match entry::check_email(email) {
        Ok(email) => email,
        Err(sentence) => return Ok(Err(sentence)),
    };
    let mut change = manage::begin(engine, by).await?;
    if let Some((there, _)) = operators::by_email(&mut change.tx, &email).await? {
        return Ok(Err(match there.disabled {
            true => format!("{email} is already an operator, but disabled. Enable the operator instead."),
            false => format!("{email} is already an operator."),
        }));
    }
    let by = match by {
        By::CommandLine => None,
        By::Owner(session) => Some(session.operator.id),
    };
    let (secret, expires_at) = (secret(engine), change.now + LIFESPAN);
    rows::replace(
        &mut change.tx,
        &digest(&secret),
        &Invitation { email: email.clone(), role },
        by,
        expires_at,
    )
    .await?;
    change.commit("operator.invite", json!({"operator": email, "role": role.name()})).await?;
    Ok(Ok(Invited { email, role, secret, expires_at }))
}

/// Those that can still be used, by email.
pub async fn pending(engine: &Engine) -> Result<Vec<Pending>> {
    rows::pending(&mut engine.db().single().await?, engine.effects().now()).await
}

/// `false`: there is none for that email.
pub async fn revoke(engine: &Engine, by: By<'_>, email: &str) -> Result<bool> {
    let mut change = manage::begin(engine, by).await?;
    let email = entry::normalise(email);
    if rows::revoke(&mut change.tx, &email).await? == 0 {
        return Ok(false);
    }
    change.commit("operator.invite_revoke", json!({"operator": email})).await?;
    Ok(true)
}

/// For whom the link is, if it can be used now. Looking at it doesn't use it up.
pub async fn look(engine: &Engine, secret: &str) -> Result<Option<Invitation>> {
    rows::find(&mut engine.db().single().await?, &digest(secret), engine.effects().now()).await
}

/// Uses the link up and creates the operator, signed in.
pub async fn join(engine: &Engine, secret: &str, name: &str, password: &str) -> Result<SignIn> {
    // First, so that nobody without a link makes the server hash a password.
    let Some(invitation) = look(engine, secret).await? else { return Ok(SignIn::Again(USED.to_owned())) };
    let entry = match entry::check(&invitation.email, name, password) {
        Ok(entry) => entry,
        Err(sentence) => return Ok(SignIn::Again(sentence)),
    };
    let password_hash = match hash(engine, password).await? {
        Ok(hash) => hash,
        Err(sentence) => return Ok(SignIn::Again(sentence)),
    };
    let now = engine.effects().now();
    let mut tx = engine.db().write().await?;
    let Some(Invitation { role, .. }) = rows::burn(&mut tx, &digest(secret), now).await? else {
        return Ok(SignIn::Again(USED.to_owned()));
    };
    let operator = Operator { role, ..new_owner(engine, entry, now) };
    // The command line may have created the operator since.
    if !operators::insert(&mut tx, &operator, &password_hash).await? {
        return Ok(SignIn::Again(USED.to_owned()));
    }
    operators::drop_links(&mut tx, Link::Setup, None).await?;
    let token = open_session(engine, &mut tx, &operator, None, now).await?;
    append(&mut tx, now, &operator.email, "operator.join", json!({"role": role.name()})).await?;
    tx.commit().await?;
    Ok(SignIn::In { operator, token })
}
