//! Rows of operators' provider tests: an authorization request with a result, used once and deleted soon.
use super::Tx;
use crate::error::Result;
use chrono::{DateTime, Utc};
use uuid::Uuid;

#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    pub id: Uuid,
    /// SHA-256 of the parameter `state`.
    pub state_hash: Vec<u8>,
    /// Who began it, and alone may see what it came to.
    pub operator_id: Uuid,
    pub provider: String,
    pub nonce: String,
    /// For PKCE.
    pub verifier: Option<String>,
    pub expires_at: DateTime<Utc>,
    pub used_at: Option<DateTime<Utc>>,
    /// Sealed, once it is over.
    pub result: Option<Vec<u8>>,
}

row!(Test { id, state_hash, operator_id, provider, nonce, verifier, expires_at, used_at, result });

statements! {
    const INSERT: &str =
        "insert into oidc_tests (id, state_hash, operator_id, provider, nonce, verifier, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7)";
    const BY_STATE: &str =
        "select id, state_hash, operator_id, provider, nonce, verifier, expires_at, used_at, result
        from oidc_tests where state_hash = $1";
    const GET: &str = "select id, state_hash, operator_id, provider, nonce, verifier, expires_at, used_at, result
        from oidc_tests where id = $1";
    const USE: &str = "update oidc_tests set used_at = $2
        where id = $1 and used_at is null and expires_at > $2";
    const FINISH: &str = "update oidc_tests set result = $2 where id = $1 and result is null";
    const DELETE_OLD: &str = "delete from oidc_tests
        where id in (select id from oidc_tests where expires_at < $1 order by expires_at limit $2)";
}

pub async fn insert(tx: &mut Tx, test: &Test) -> Result<()> {
    tx.execute(
        INSERT,
        &[
            &test.id,
            &test.state_hash,
            &test.operator_id,
            &test.provider,
            &test.nonce,
            &test.verifier,
            &test.expires_at,
        ],
    )
    .await?;
    Ok(())
}

/// Used and expired ones too: the caller judges.
pub async fn by_state(tx: &mut Tx, state_hash: &[u8]) -> Result<Option<Test>> {
    tx.fetch_optional(BY_STATE, &[&state_hash.to_vec()]).await
}

pub async fn get(tx: &mut Tx, id: Uuid) -> Result<Option<Test>> {
    tx.fetch_optional(GET, &[&id]).await
}

/// Whether this was the one use that a test has.
pub async fn take(tx: &mut Tx, id: Uuid, now: DateTime<Utc>) -> Result<bool> {
    Ok(tx.execute(USE, &[&id, &now]).await? == 1)
}

/// What it came to; the first word counts.
pub async fn finish(tx: &mut Tx, id: Uuid, result: &[u8]) -> Result<bool> {
    Ok(tx.execute(FINISH, &[&id, &result.to_vec()]).await? == 1)
}

/// At most `limit` of those whose end was before `before`; answers how many went.
pub async fn delete_old(tx: &mut Tx, before: DateTime<Utc>, limit: i64) -> Result<u64> {
    tx.execute(DELETE_OLD, &[&before, &limit]).await
}
