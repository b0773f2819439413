//! Rows of unfinished atomic sign-ups: while there is one, `identities` hides its account. The server that works on a sign-up writes
//! a heartbeat into its row.

use super::{Tx, from_text, to_text};
use crate::error::Result;
use crate::ids::{DeliveryId, FlowId, IdentityId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A service that knows of the sign-up, or may know.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Notified {
    /// The hook's key, see [`crate::config::WebHook::key`].
    pub hook: String,
    pub name: String,
    pub place: String,
    /// The call that it got.
    pub call: DeliveryId,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Row {
    /// The account need not be stored yet.
    pub identity: IdentityId,
    pub flow: FlowId,
    /// In the order of their calls.
    pub notified: Vec<Notified>,
    /// The server that works on it.
    pub node: Uuid,
    /// When that server last said so.
    pub heartbeat_at: DateTime<Utc>,
}

statements! {
    const INSERT: &str = "insert into atomic_registrations (identity_id, flow_id, notified, node_id, heartbeat_at)
        values ($1, $2, $3, $4, $5)";
    const NOTIFIED: &str =
        "update atomic_registrations set notified = $2, heartbeat_at = $3 where identity_id = $1";
    const BEAT: &str =
        "update atomic_registrations set heartbeat_at = $3 where identity_id = $1 and node_id = $2";
    const END: &str = "delete from atomic_registrations where identity_id = $1";
    const END_ABANDONED: &str = "delete from atomic_registrations where identity_id = $1 and heartbeat_at <= $2";
    const ABANDONED: &str = "select identity_id, flow_id, notified, node_id, heartbeat_at from atomic_registrations
        where heartbeat_at <= $1 order by heartbeat_at limit $2";
}

pub async fn insert(tx: &mut Tx, row: &Row) -> Result<()> {
    let notified = to_text(&row.notified)?;
    tx.execute(INSERT, &[&row.identity.0, &row.flow.0, &notified, &row.node, &row.heartbeat_at]).await?;
    Ok(())
}

/// `false`: it is over.
pub async fn set_notified(
    tx: &mut Tx,
    identity: IdentityId,
    notified: &[Notified],
    now: DateTime<Utc>,
) -> Result<bool> {
    let notified = to_text(&notified)?;
    Ok(tx.execute(NOTIFIED, &[&identity.0, &notified, &now]).await? == 1)
}

/// The server works on it. `false`: it is over. The row is locked until `tx` ends.
pub async fn beat(tx: &mut Tx, identity: IdentityId, node: Uuid, now: DateTime<Utc>) -> Result<bool> {
    Ok(tx.execute(BEAT, &[&identity.0, &node, &now]).await? == 1)
}

/// From the commit on, the account is complete or deleted. `false`: another process has ended it.
pub async fn end(tx: &mut Tx, identity: IdentityId) -> Result<bool> {
    Ok(tx.execute(END, &[&identity.0]).await? == 1)
}

/// The same, if its last heartbeat is that of `before` or older.
pub async fn end_abandoned(tx: &mut Tx, identity: IdentityId, before: DateTime<Utc>) -> Result<bool> {
    Ok(tx.execute(END_ABANDONED, &[&identity.0, &before]).await? == 1)
}

/// Those whose last heartbeat is that of `before` or older, the oldest first.
pub async fn abandoned(tx: &mut Tx, before: DateTime<Utc>, limit: i64) -> Result<Vec<Row>> {
    let rows: Vec<(Uuid, Uuid, String, Uuid, DateTime<Utc>)> =
        tx.fetch_all(ABANDONED, &[&before, &limit]).await?;
    rows.into_iter()
        .map(|(identity, flow, notified, node, heartbeat_at)| {
            let notified = from_text("atomic_registrations.notified", &notified)?;
            Ok(Row { identity: IdentityId(identity), flow: FlowId(flow), notified, node, heartbeat_at })
        })
        .collect()
}
