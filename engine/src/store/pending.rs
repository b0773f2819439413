//! Rows of sign-ups that are pending verification: their accounts don't exist yet. `flow::pending` uses them.
use super::{Tx, from_text, to_text};
use crate::error::Result;
use crate::identity::draft::Draft;
use crate::ids::{FlowId, IdentityId};
use chrono::{DateTime, Utc};
use uuid::Uuid;

#[derive(Clone, PartialEq, Debug)]
pub struct Pending {
    /// The account's, given in advance.
    pub id: IdentityId,
    /// The verification that it belongs to.
    pub flow: FlowId,
    /// Normalised: where the code goes. Several may wait for one address.
    pub address: String,
    pub address_id: Uuid,
    /// SHA-256 of 256 random bits; the secret itself is with the browser or app that signed up.
    pub secret_hash: Vec<u8>,
    pub code: Code,
    pub draft: Draft,
    pub created_at: DateTime<Utc>,
    /// Set once.
    pub expires_at: DateTime<Utc>,
}

/// The newest code; a new one takes its place.
#[derive(Clone, PartialEq, Debug)]
pub struct Code {
    /// Which secret made the digest.
    pub key_id: String,
    pub digest: Vec<u8>,
    /// Of the secret in the email's link.
    pub link_digest: Vec<u8>,
    pub expires_at: DateTime<Utc>,
}

struct Stored {
    id: Uuid,
    flow_id: Uuid,
    address: String,
    address_id: Uuid,
    secret_hash: Vec<u8>,
    key_id: String,
    digest: Vec<u8>,
    link_digest: Vec<u8>,
    code_expires_at: DateTime<Utc>,
    draft: String,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

row!(Stored {
    id,
    flow_id,
    address,
    address_id,
    secret_hash,
    key_id,
    digest,
    link_digest,
    code_expires_at,
    draft,
    created_at,
    expires_at
});

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select id, flow_id, address, address_id, secret_hash, key_id, digest, link_digest, code_expires_at, draft,
                created_at, expires_at
            from pending_sign_ups ",
            $rest
        )
    };
}

statements! {
    const INSERT: &str =
        "insert into pending_sign_ups (id, flow_id, address, address_id, secret_hash, key_id, digest,
            link_digest, code_expires_at, draft, created_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    const OF_FLOW: &str = select!("where flow_id = $1");
    const LAST_FOR: &str =
        select!("where address = $1 and code_expires_at > $2 order by code_expires_at desc, id limit 1");
    const RENEW: &str =
        "update pending_sign_ups set key_id = $2, digest = $3, link_digest = $4, code_expires_at = $5
        where id = $1";
    const FOLLOW: &str = "update pending_sign_ups set flow_id = $3
        where flow_id = $1 and secret_hash = $2 and expires_at > $4";
    const TAKE: &str = "delete from pending_sign_ups where id = $1 and digest = $2";
    const VOID: &str = "delete from pending_sign_ups where address = $1";
    const DELETE_OLD: &str = "delete from pending_sign_ups
        where id in (select id from pending_sign_ups where expires_at < $1 order by expires_at limit $2)";
}

pub async fn insert(tx: &mut Tx, row: &Pending) -> Result<()> {
    let draft = to_text(&row.draft)?;
    tx.execute(
        INSERT,
        &[
            &row.id.0,
            &row.flow.0,
            &row.address,
            &row.address_id,
            &row.secret_hash,
            &row.code.key_id,
            &row.code.digest,
            &row.code.link_digest,
            &row.code.expires_at,
            &draft,
            &row.created_at,
            &row.expires_at,
        ],
    )
    .await?;
    Ok(())
}

/// Also one whose time is over: the caller judges.
pub async fn of_flow(tx: &mut Tx, flow: FlowId) -> Result<Option<Pending>> {
    let row: Option<Stored> = tx.fetch_optional(OF_FLOW, &[&flow.0]).await?;
    row.map(Stored::read).transpose()
}

/// The one whose code was emailed last, of those that are still valid. A code without an email is expired from the start.
pub async fn last_for(tx: &mut Tx, address: &str, now: DateTime<Utc>) -> Result<Option<Pending>> {
    let row: Option<Stored> = tx.fetch_optional(LAST_FOR, &[&address, &now]).await?;
    row.map(Stored::read).transpose()
}

/// A new code voids the one before it.
pub async fn renew(tx: &mut Tx, id: IdentityId, code: &Code) -> Result<()> {
    tx.execute(RENEW, &[&id.0, &code.key_id, &code.digest, &code.link_digest, &code.expires_at]).await?;
    Ok(())
}

/// Moves it to another verification, if the secret matches. Returns whether it did.
pub async fn follow(
    tx: &mut Tx,
    from: FlowId,
    to: FlowId,
    secret_hash: &[u8],
    now: DateTime<Utc>,
) -> Result<bool> {
    Ok(tx.execute(FOLLOW, &[&from.0, &secret_hash, &to.0, &now]).await? == 1)
}

/// Takes the row away, while its code is still that one; of several who come at once one gets it.
pub async fn take(tx: &mut Tx, row: &Pending) -> Result<bool> {
    Ok(tx.execute(TAKE, &[&row.id.0, &row.code.digest]).await? == 1)
}

/// Ends all that wait for that address; answers how many.
pub async fn void(tx: &mut Tx, address: &str) -> Result<u64> {
    tx.execute(VOID, &[&address]).await
}

/// At most `limit` of those whose end was before `before`; answers how many went.
pub async fn delete_old(tx: &mut Tx, before: DateTime<Utc>, limit: i64) -> Result<u64> {
    tx.execute(DELETE_OLD, &[&before, &limit]).await
}

impl Stored {
    fn read(self) -> Result<Pending> {
        Ok(Pending {
            id: IdentityId(self.id),
            flow: FlowId(self.flow_id),
            address: self.address,
            address_id: self.address_id,
            secret_hash: self.secret_hash,
            code: Code {
                key_id: self.key_id,
                digest: self.digest,
                link_digest: self.link_digest,
                expires_at: self.code_expires_at,
            },
            draft: from_text("pending_sign_ups.draft", &self.draft)?,
            created_at: self.created_at,
            expires_at: self.expires_at,
        })
    }
}
