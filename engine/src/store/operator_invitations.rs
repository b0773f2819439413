//! Rows of invitations for operators, by the hash of their secret. They are links like those of [`super::operators`], with an email
//! and a role.
use super::{Tx, unreadable};
use crate::error::Result;
use crate::ids::OperatorId;
use crate::model::Role;
use chrono::{DateTime, Utc};

statements! {
    const INSERT: &str = "insert into operator_links (secret_hash, kind, operator_id, email, role, expires_at, used_at)
        values ($1, 'invitation', $2, $3, $4, $5, null)";
    const REVOKE: &str = "delete from operator_links where kind = 'invitation' and email = $1 and used_at is null";
    const PENDING: &str = "select l.email, l.role, o.name as by, l.expires_at
        from operator_links l left join operators o on o.id = l.operator_id
        where l.kind = 'invitation' and l.used_at is null and l.expires_at > $1 order by l.email";
    const FIND: &str = "select email, role from operator_links
        where secret_hash = $1 and kind = 'invitation' and used_at is null and expires_at > $2";
    const BURN: &str = "update operator_links set used_at = $2
        where secret_hash = $1 and kind = 'invitation' and used_at is null and expires_at > $2
        returning email, role";
}

/// Who may create an operator account, and with which role.
#[derive(Clone, PartialEq, Debug)]
pub struct Invitation {
    pub email: String,
    pub role: Role,
}

/// An invitation in a list.
#[derive(Clone, PartialEq, Debug)]
pub struct Pending {
    pub invitation: Invitation,
    /// The name of the owner who sent it.
    pub by: Option<String>,
    pub expires_at: DateTime<Utc>,
}

struct Stored {
    email: String,
    role: String,
}

row!(Stored { email, role });

struct Listed {
    stored: Stored,
    by: Option<String>,
    expires_at: DateTime<Utc>,
}

row!(Listed { by, expires_at }, stored);

impl Stored {
    fn read(self) -> Result<Invitation> {
        let role = Role::parse(&self.role).ok_or_else(|| unreadable("operator_links.role", &self.role))?;
        Ok(Invitation { email: self.email, role })
    }
}

/// In place of an earlier one for that email. `by`: the owner who sends it.
pub async fn replace(
    tx: &mut Tx,
    secret_hash: &[u8],
    invitation: &Invitation,
    by: Option<OperatorId>,
    expires_at: DateTime<Utc>,
) -> Result<()> {
    revoke(tx, &invitation.email).await?;
    let by = by.map(|id| id.0);
    tx.execute(INSERT, &[&secret_hash, &by, &invitation.email, &invitation.role.name(), &expires_at]).await?;
    Ok(())
}

/// How many went.
pub async fn revoke(tx: &mut Tx, email: &str) -> Result<u64> {
    tx.execute(REVOKE, &[&email]).await
}

/// By email.
pub async fn pending(tx: &mut Tx, now: DateTime<Utc>) -> Result<Vec<Pending>> {
    let found: Vec<Listed> = tx.fetch_all(PENDING, &[&now]).await?;
    found
        .into_iter()
        .map(|Listed { stored, by, expires_at }| Ok(Pending { invitation: stored.read()?, by, expires_at }))
        .collect()
}

/// The one that can be used now.
pub async fn find(tx: &mut Tx, secret_hash: &[u8], now: DateTime<Utc>) -> Result<Option<Invitation>> {
    let found: Option<Stored> = tx.fetch_optional(FIND, &[&secret_hash, &now]).await?;
    found.map(Stored::read).transpose()
}

/// Uses it up, of many at once for one only.
pub async fn burn(tx: &mut Tx, secret_hash: &[u8], now: DateTime<Utc>) -> Result<Option<Invitation>> {
    let burned: Option<Stored> = tx.fetch_optional(BURN, &[&secret_hash, &now]).await?;
    burned.map(Stored::read).transpose()
}
