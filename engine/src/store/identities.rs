//! Rows of identities, their credentials, identifiers and addresses.
use super::Tx;
use crate::error::Result;
use crate::identity::{Credential, Identity};
use crate::ids::IdentityId;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Inserted {
    Done,
    /// An identifier (or external id) is taken; roll back. Decided by `on conflict do nothing` and the row count.
    Taken,
}

pub async fn insert(tx: &mut Tx, identity: &Identity, credentials: &[Credential]) -> Result<Inserted> {
    let _ = (tx, identity, credentials);
    todo!()
}

pub async fn get(tx: &mut Tx, id: IdentityId) -> Result<Option<Identity>> {
    let _ = (tx, id);
    todo!()
}

pub async fn credentials(tx: &mut Tx, id: IdentityId) -> Result<Vec<Credential>> {
    let _ = (tx, id);
    todo!()
}

/// Whose credential of `kind` has that (normalised) identifier, with that credential.
pub async fn by_identifier(
    tx: &mut Tx,
    kind: &str,
    identifier: &str,
) -> Result<Option<(Identity, Credential)>> {
    let _ = (tx, kind, identifier);
    todo!()
}

/// Replaces `config` of that identity's credential of `kind` if it still is `was`: compare and set.
pub async fn replace_credential_config(
    tx: &mut Tx,
    id: IdentityId,
    kind: &str,
    was: &serde_json::Value,
    config: &serde_json::Value,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<bool> {
    let _ = (tx, id, kind, was, config, now);
    todo!()
}

/// By creation, newest first as Kratos does (`created_at desc`-like keyset: after `after`, at most `limit`).
pub async fn list(tx: &mut Tx, after: Option<IdentityId>, limit: i64) -> Result<Vec<Identity>> {
    let _ = (tx, after, limit);
    todo!()
}

/// Deletes with credentials, addresses, sessions. `false`: unknown.
pub async fn delete(tx: &mut Tx, id: IdentityId) -> Result<bool> {
    let _ = (tx, id);
    todo!()
}
