//! Rows of form input that outlives an operator's session: one per operator.
use super::Tx;
use crate::error::Result;
use crate::ids::OperatorId;
use chrono::{DateTime, Utc};
use uuid::Uuid;

statements! {
    const WHOSE: &str = "select o.id from operator_sessions s join operators o on o.id = s.operator_id
        where s.token_hash = $1 and s.ended_at is null and s.expires_at <= $2 and s.expires_at > $3 and not o.disabled";
    const KEEP: &str = "insert into form_drafts (operator_id, page, form, kept_at) values ($1, $2, $3, $4)
        on conflict (operator_id) do update set page = $2, form = $3, kept_at = $4";
    const GET: &str = "select form from form_drafts where operator_id = $1 and page = $2 and kept_at > $3";
    const FORGET: &str = "delete from form_drafts where operator_id = $1";
    const FORGET_OLD: &str = "delete from form_drafts where kept_at <= $1";
}

/// Whose session that was, if it ran out after `since` and was not ended on purpose.
pub async fn whose(
    tx: &mut Tx,
    token_hash: &[u8],
    now: DateTime<Utc>,
    since: DateTime<Utc>,
) -> Result<Option<OperatorId>> {
    let row: Option<(Uuid,)> = tx.fetch_optional(WHOSE, &[&token_hash, &now, &since]).await?;
    Ok(row.map(|(id,)| OperatorId(id)))
}

/// In place of an older one.
pub async fn keep(
    tx: &mut Tx,
    operator: OperatorId,
    page: &str,
    form: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    tx.execute(KEEP, &[&operator.0, &page, &form, &now]).await?;
    Ok(())
}

pub async fn get(
    tx: &mut Tx,
    operator: OperatorId,
    page: &str,
    since: DateTime<Utc>,
) -> Result<Option<String>> {
    let row: Option<(String,)> = tx.fetch_optional(GET, &[&operator.0, &page, &since]).await?;
    Ok(row.map(|(form,)| form))
}

pub async fn forget(tx: &mut Tx, operator: OperatorId) -> Result<()> {
    tx.execute(FORGET, &[&operator.0]).await?;
    Ok(())
}

/// How many went.
pub async fn forget_old(tx: &mut Tx, before: DateTime<Utc>) -> Result<u64> {
    tx.execute(FORGET_OLD, &[&before]).await
}
