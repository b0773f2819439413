//! Rows of fingerprints of the secrets that servers used this database with.
use super::Tx;
use crate::error::Result;
use chrono::{DateTime, Utc};

statements! {
    const LIST: &str = "select number, fingerprint from secret_fingerprints order by number";
    // Two that record at once take the same number: the primary key lets one of them in.
    const INSERT: &str = "insert into secret_fingerprints (number, fingerprint, recorded_at) values ($1, $2, $3)
        on conflict (number) do nothing";
    const FORGET: &str = "delete from secret_fingerprints";
}

/// With their numbers, in the order in which they were recorded.
pub async fn list(tx: &mut Tx) -> Result<Vec<(i64, Vec<u8>)>> {
    tx.fetch_all(LIST, &[]).await
}

/// `false` when the number is taken.
pub async fn insert(tx: &mut Tx, number: i64, fingerprint: &[u8], now: DateTime<Utc>) -> Result<bool> {
    Ok(tx.execute(INSERT, &[&number, &fingerprint, &now]).await? == 1)
}

pub async fn forget(tx: &mut Tx) -> Result<()> {
    tx.execute(FORGET, &[]).await?;
    Ok(())
}
