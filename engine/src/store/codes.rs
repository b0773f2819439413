//! Rows of one-time codes, and of the attempts of a flow.
use super::Tx;
use crate::error::Result;
use crate::ids::{FlowId, IdentityId};
use chrono::{DateTime, Utc};
use uuid::Uuid;

#[derive(Clone, PartialEq, Debug)]
pub struct Code {
    pub id: Uuid,
    pub flow_id: Uuid,
    /// Such as `verification`
    pub purpose: String,
    /// `None`: of a sign-up, whose account does not exist yet.
    pub identity_id: Option<Uuid>,
    /// `None`: it is bound to the text of the address, which is in its digest, or an operator created it for the account itself.
    pub address_id: Option<Uuid>,
    /// Which secret made the digest.
    pub key_id: String,
    pub digest: Vec<u8>,
    /// Of the secret in the email's link.
    pub link_digest: Vec<u8>,
    pub issued_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub used_at: Option<DateTime<Utc>>,
}

row!(Code {
    id,
    flow_id,
    purpose,
    identity_id,
    address_id,
    key_id,
    digest,
    link_digest,
    issued_at,
    expires_at,
    used_at
});

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select id, flow_id, purpose, identity_id, address_id, key_id, digest, link_digest, issued_at,
                expires_at, used_at
            from codes ",
            $rest
        )
    };
}

statements! {
    const INSERT: &str = "insert into codes (id, flow_id, purpose, identity_id, address_id, key_id, digest,
            link_digest, issued_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    const OF_FLOW: &str = select!("where flow_id = $1 and purpose = $2 order by issued_at desc, id");
    const GET: &str = select!("where id = $1");
    const LAST_FOR: &str = select!(
        "where address_id = $1 and purpose = $2 and used_at is null and expires_at > $3
        order by issued_at desc, id limit 1"
    );
    const FORGET: &str = "delete from codes where flow_id = $1 and purpose = $2 and used_at is null";
    // sabotage: code-once
    const USE: &str = "update codes set used_at = $2 where id = $1 and used_at is null and expires_at > $2";
    const ATTEMPTS: &str = "select attempts from code_attempts where flow_id = $1";
    const ATTEMPT: &str = "insert into code_attempts (flow_id, attempts) values ($1, 1)
        on conflict (flow_id) do update set attempts = code_attempts.attempts + 1 returning attempts";
}

pub async fn insert(tx: &mut Tx, code: &Code) -> Result<()> {
    tx.execute(
        INSERT,
        &[
            &code.id,
            &code.flow_id,
            &code.purpose,
            &code.identity_id,
            &code.address_id,
            &code.key_id,
            &code.digest,
            &code.link_digest,
            &code.issued_at,
            &code.expires_at,
        ],
    )
    .await?;
    Ok(())
}

/// Newest first, used and expired ones too: the caller judges.
pub async fn of_flow(tx: &mut Tx, flow: FlowId, purpose: &str) -> Result<Vec<Code>> {
    tx.fetch_all(OF_FLOW, &[&flow.0, &purpose]).await
}

/// Also one that is used or expired: the caller judges.
pub async fn get(tx: &mut Tx, id: Uuid) -> Result<Option<Code>> {
    tx.fetch_optional(GET, &[&id]).await
}

/// The one that was made last for an address, of those that are good still.
pub async fn last_for(tx: &mut Tx, address: Uuid, purpose: &str, now: DateTime<Utc>) -> Result<Option<Code>> {
    tx.fetch_optional(LAST_FOR, &[&address, &purpose, &now]).await
}

/// A new code voids those before it.
pub async fn forget(tx: &mut Tx, flow: FlowId, purpose: &str) -> Result<()> {
    tx.execute(FORGET, &[&flow.0, &purpose]).await?;
    Ok(())
}

/// Whether this was the one use that a code has. Expired ones have none.
pub async fn use_up(tx: &mut Tx, id: Uuid, now: DateTime<Utc>) -> Result<bool> {
    Ok(tx.execute(USE, &[&id, &now]).await? == 1)
}

/// Counts a try and says how many there were, this one included. To be committed before anything is compared.
pub async fn attempt(tx: &mut Tx, flow: FlowId) -> Result<i64> {
    let (attempts,): (i64,) = tx.fetch_one(ATTEMPT, &[&flow.0]).await?;
    Ok(attempts)
}

/// How often a flow was tried.
pub async fn attempts(tx: &mut Tx, flow: FlowId) -> Result<i64> {
    let found: Option<(i64,)> = tx.fetch_optional(ATTEMPTS, &[&flow.0]).await?;
    Ok(found.map_or(0, |(attempts,)| attempts))
}

impl Code {
    /// Nil for a code of a sign-up: no account has that id.
    pub fn identity(&self) -> IdentityId {
        IdentityId(self.identity_id.unwrap_or_default())
    }

    /// Nil where the code is bound to the text of the address: no address has that id.
    pub fn address(&self) -> Uuid {
        self.address_id.unwrap_or_default()
    }

    /// Recovery: whether it is for the account itself and no address of it, because an operator created it.
    pub fn is_by_operator(&self) -> bool {
        self.address_id.is_none()
    }
}
