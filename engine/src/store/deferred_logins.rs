//! Rows of deferred logins: one for each verification that belongs to a sign-up. `signup::deferred` uses them.
use super::Tx;
use crate::error::Result;
use crate::ids::{FlowId, IdentityId};
use chrono::{DateTime, Utc};
use uuid::Uuid;

#[derive(Clone, PartialEq, Debug)]
pub struct HandOver {
    /// The verification that it belongs to.
    pub flow_id: Uuid,
    /// SHA-256 of 256 random bits; the secret itself is with the browser or app alone.
    pub secret_hash: Vec<u8>,
    pub identity_id: Uuid,
    /// The address whose verification signs in.
    pub address_id: Uuid,
    /// Digest of account and credentials as they were.
    pub version: Vec<u8>,
    /// What the person signed up with, such as `password`.
    pub method: String,
    /// Whether verification signs in. Otherwise it only identifies the user who signed up.
    pub signs_in: bool,
    /// Set once.
    pub expires_at: DateTime<Utc>,
}

row!(HandOver { flow_id, secret_hash, identity_id, address_id, version, method, signs_in, expires_at });

statements! {
    const INSERT: &str =
        "insert into deferred_logins (flow_id, secret_hash, identity_id, address_id, version, method, signs_in,
            expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)";
    const OF_FLOW: &str = "select flow_id, secret_hash, identity_id, address_id, version, method, signs_in,
            expires_at
        from deferred_logins where flow_id = $1";
    const TAKE: &str = "delete from deferred_logins where flow_id = $1 and secret_hash = $2
        returning flow_id, secret_hash, identity_id, address_id, version, method, signs_in, expires_at";
    const FOLLOW: &str = "update deferred_logins set flow_id = $3
        where flow_id = $1 and secret_hash = $2 and expires_at > $4";
    const SIGN_NOBODY_IN: &str = "update deferred_logins set signs_in = false where signs_in";
    const FORGET_ALL: &str = "delete from deferred_logins";
    const FORGET_OLD: &str = "delete from deferred_logins where expires_at < $1";
}

pub async fn insert(tx: &mut Tx, row: &HandOver) -> Result<()> {
    tx.execute(
        INSERT,
        &[
            &row.flow_id,
            &row.secret_hash,
            &row.identity_id,
            &row.address_id,
            &row.version,
            &row.method,
            &row.signs_in,
            &row.expires_at,
        ],
    )
    .await?;
    Ok(())
}

/// Also one whose time is over: the caller judges.
pub async fn of_flow(tx: &mut Tx, flow: FlowId) -> Result<Option<HandOver>> {
    tx.fetch_optional(OF_FLOW, &[&flow.0]).await
}

/// Takes the row away; of several who come at once one gets it.
pub async fn take(tx: &mut Tx, flow: FlowId, secret_hash: &[u8]) -> Result<Option<HandOver>> {
    tx.fetch_optional(TAKE, &[&flow.0, &secret_hash]).await
}

/// Another verification takes the place of the one it belonged to.
pub async fn follow(
    tx: &mut Tx,
    from: FlowId,
    to: FlowId,
    secret_hash: &[u8],
    now: DateTime<Utc>,
) -> Result<bool> {
    Ok(tx.execute(FOLLOW, &[&from.0, &secret_hash, &to.0, &now]).await? == 1)
}

/// A sign-up's own end is `identities::change`; here all of them end.
pub async fn forget_all(tx: &mut Tx) -> Result<u64> {
    tx.execute(FORGET_ALL, &[]).await
}

/// What waits only shows from here on who signed up.
pub async fn sign_nobody_in(tx: &mut Tx) -> Result<u64> {
    tx.execute(SIGN_NOBODY_IN, &[]).await
}

pub async fn forget_old(tx: &mut Tx, before: DateTime<Utc>) -> Result<u64> {
    tx.execute(FORGET_OLD, &[&before]).await
}

impl HandOver {
    pub fn identity(&self) -> IdentityId {
        IdentityId(self.identity_id)
    }
}
