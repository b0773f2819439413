//! Rows of running flows.
use super::Tx;
use crate::error::Result;
use crate::flow::Flow;
use crate::ids::FlowId;
use crate::plan::FlowKind;
use chrono::{DateTime, Utc};

pub async fn insert(tx: &mut Tx, flow: &Flow) -> Result<()> {
    let _ = (tx, flow);
    todo!()
}

pub async fn get(tx: &mut Tx, kind: FlowKind, id: FlowId) -> Result<Option<Flow>> {
    let _ = (tx, kind, id);
    todo!()
}

pub async fn update(tx: &mut Tx, flow: &Flow) -> Result<()> {
    let _ = (tx, flow);
    todo!()
}

/// At most `limit` rows; answers how many went.
pub async fn delete_expired(tx: &mut Tx, before: DateTime<Utc>, limit: i64) -> Result<u64> {
    let _ = (tx, before, limit);
    todo!()
}
