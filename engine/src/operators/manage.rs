//! Changes of an operator by someone else: role, access, sessions. They come from the command line, or from an owner on the console
//! whose sign-in is recent. Each one locks the active owners first, so that one always remains, whatever happens at the same time.

use super::{COMMAND_LINE, FRESH, Operator, OperatorSession, Role, append, command, entry};
use crate::engine::Engine;
use crate::error::{Error, Kind, Result};
use crate::store::Tx;
use crate::store::operators::{self as rows, Link};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

/// Who changes an operator.
#[derive(Clone, Copy, Debug)]
pub enum By<'a> {
    CommandLine,
    /// On the console.
    Owner(&'a OperatorSession),
}

/// The transaction of a change that is allowed.
pub(super) struct Change {
    pub(super) tx: Tx,
    pub(super) now: DateTime<Utc>,
    actor: String,
    /// Active ones; no other transaction changes their number.
    owners: u64,
}

/// [`Kind::Forbidden`] for an operator who is no owner any more, or whose sign-in is not recent.
pub(super) async fn begin(engine: &Engine, by: By<'_>) -> Result<Change> {
    let now = engine.effects().now();
    let mut tx = engine.db().write().await?;
    let owners = rows::lock_active_owners(&mut tx).await?;
    let actor = match by {
        By::CommandLine => COMMAND_LINE.to_owned(),
        By::Owner(session) => {
            let own = rows::get(&mut tx, session.operator.id).await?;
            let own = own.filter(|operator| operator.role == Role::Owner && !operator.disabled);
            let own = own.ok_or_else(|| Error::new(Kind::Forbidden, "Only owners can do this."))?;
            if now - session.authenticated_at > FRESH {
                return Err(Error::new(Kind::Forbidden, "Confirm your password to do this."));
            }
            own.email
        }
    };
    Ok(Change { tx, now, actor, owners })
}

impl Change {
    pub(super) async fn commit(mut self, action: &str, details: Value) -> Result<()> {
        append(&mut self.tx, self.now, &self.actor, action, details).await?;
        self.tx.commit().await
    }

    async fn of(&mut self, email: &str) -> Result<Option<Operator>> {
        let found = rows::by_email(&mut self.tx, &entry::normalise(email)).await?;
        Ok(found.map(|(operator, _)| operator))
    }

    /// [`Kind::Invalid`] if nobody but this operator can do what only owners may.
    fn keeps_an_owner(&self, without: &Operator, by: By<'_>) -> Result<()> {
        // sabotage: last-owner
        if without.role != Role::Owner || without.disabled || self.owners > 1 {
            return Ok(());
        }
        Err(Error::invalid(match by {
            By::CommandLine => format!(
                "{} is the last active owner. To create another owner first, run: {}",
                without.email,
                command("create", "ADDRESS", " --name NAME")
            ),
            By::Owner(_) => format!(
                "{} is the last active owner. Give another operator the owner role first.",
                without.email
            ),
        }))
    }
}

/// Signs the operator out everywhere, and blocks sign-in until [`enable`]. `false`: no operator has the email.
/// [`Kind::Invalid`] for the last active owner.
pub async fn disable(engine: &Engine, by: By<'_>, email: &str) -> Result<bool> {
    let mut change = begin(engine, by).await?;
    let Some(operator) = change.of(email).await? else { return Ok(false) };
    if operator.disabled {
        return Ok(true);
    }
    change.keeps_an_owner(&operator, by)?;
    let (tx, now) = (&mut change.tx, change.now);
    rows::disable(tx, operator.id).await?;
    rows::end_sessions(tx, operator.id, now).await?;
    rows::drop_links(tx, Link::Reset, Some(operator.id)).await?;
    rows::drop_links(tx, Link::Invitation, Some(operator.id)).await?;
    change.commit("operator.disable", json!({"operator": operator.email})).await?;
    Ok(true)
}

/// What became of [`enable`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Enabled {
    /// With the existing password.
    Again,
    /// The operator was not disabled.
    Already,
    Nobody,
}

/// Allows a disabled operator to sign in again. What [`disable`] ended stays ended.
pub async fn enable(engine: &Engine, by: By<'_>, email: &str) -> Result<Enabled> {
    let mut change = begin(engine, by).await?;
    let Some(operator) = change.of(email).await? else { return Ok(Enabled::Nobody) };
    if !rows::enable(&mut change.tx, operator.id).await? {
        return Ok(Enabled::Already);
    }
    change.commit("operator.enable", json!({"operator": operator.email})).await?;
    Ok(Enabled::Again)
}

/// Acts at the operator's next request. `false`: no operator has the email. [`Kind::Invalid`] if no owner would remain.
pub async fn set_role(engine: &Engine, by: By<'_>, email: &str, role: Role) -> Result<bool> {
    let mut change = begin(engine, by).await?;
    let Some(operator) = change.of(email).await? else { return Ok(false) };
    if operator.role == role {
        return Ok(true);
    }
    change.keeps_an_owner(&operator, by)?;
    rows::set_role(&mut change.tx, operator.id, role).await?;
    // Invitations that this operator sent give roles that only owners give.
    rows::drop_links(&mut change.tx, Link::Invitation, Some(operator.id)).await?;
    let details = json!({"operator": operator.email, "from": operator.role.name(), "to": role.name()});
    change.commit("operator.role", details).await?;
    Ok(true)
}

/// Ends all sessions of that operator; how many. `None`: no operator has the email.
pub async fn sign_out_everywhere(engine: &Engine, by: By<'_>, email: &str) -> Result<Option<u64>> {
    let mut change = begin(engine, by).await?;
    let Some(operator) = change.of(email).await? else { return Ok(None) };
    let ended = rows::end_sessions(&mut change.tx, operator.id, change.now).await?;
    change.commit("operator.sign_out", json!({"operator": operator.email, "sessions": ended})).await?;
    Ok(Some(ended))
}
