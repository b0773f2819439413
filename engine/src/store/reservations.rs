//! Rows of unfinished atomic sign-ups: while there is one, `identities` hides its account.

use super::{Tx, from_text, to_text};
use crate::error::Result;
use crate::ids::{DeliveryId, FlowId, IdentityId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A service that knows of the sign-up.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Notified {
    /// The hook's key, see [`crate::config::WebHook::key`].
    pub hook: String,
    pub name: String,
    pub place: String,
    /// The call that it answered.
    pub call: DeliveryId,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Row {
    /// The account need not be stored yet.
    pub identity: IdentityId,
    pub flow: FlowId,
    /// In the order of their answers.
    pub agreed: Vec<Notified>,
    /// After that it counts as abandoned.
    pub deadline: DateTime<Utc>,
}

statements! {
    const INSERT: &str =
        "insert into atomic_registrations (identity_id, flow_id, agreed, deadline) values ($1, $2, $3, $4)";
    const AGREED: &str = "update atomic_registrations set agreed = $2 where identity_id = $1";
    const END: &str = "delete from atomic_registrations where identity_id = $1";
    const OVERDUE: &str = "select identity_id, flow_id, agreed, deadline from atomic_registrations
        where deadline <= $1 order by deadline limit $2";
}

pub async fn insert(tx: &mut Tx, row: &Row) -> Result<()> {
    let agreed = to_text(&row.agreed)?;
    tx.execute(INSERT, &[&row.identity.0, &row.flow.0, &agreed, &row.deadline]).await?;
    Ok(())
}

/// `false`: it is over.
pub async fn set_notified(tx: &mut Tx, identity: IdentityId, agreed: &[Notified]) -> Result<bool> {
    let agreed = to_text(&agreed)?;
    Ok(tx.execute(AGREED, &[&identity.0, &agreed]).await? == 1)
}

/// From the commit on, the account is complete or deleted. `false`: another process has ended it.
pub async fn end(tx: &mut Tx, identity: IdentityId) -> Result<bool> {
    Ok(tx.execute(END, &[&identity.0]).await? == 1)
}

/// The longest overdue first.
pub async fn overdue(tx: &mut Tx, now: DateTime<Utc>, limit: i64) -> Result<Vec<Row>> {
    let rows: Vec<(Uuid, Uuid, String, DateTime<Utc>)> = tx.fetch_all(OVERDUE, &[&now, &limit]).await?;
    rows.into_iter()
        .map(|(identity, flow, agreed, deadline)| {
            let agreed = from_text("atomic_registrations.agreed", &agreed)?;
            Ok(Row { identity: IdentityId(identity), flow: FlowId(flow), agreed, deadline })
        })
        .collect()
}
