//! Rows of what happened on each day. They stay: two a day.
use super::Tx;
use crate::error::Result;

statements! {
    const ADD: &str = "insert into daily_counts (day, kind, count) values ($1, $2, $3)
        on conflict (day, kind) do update set count = daily_counts.count + $3";
    const SINCE: &str = "select day, kind, count from daily_counts where day >= $1";
}

/// A count of one day.
pub struct Counted {
    /// Since 1 January 1970.
    pub day: i64,
    pub kind: String,
    pub count: i64,
}

row!(Counted { day, kind, count });

pub async fn add(tx: &mut Tx, day: i64, kind: &str, count: i64) -> Result<()> {
    tx.execute(ADD, &[&day, &kind, &count]).await?;
    Ok(())
}

/// From that day on.
pub async fn since(tx: &mut Tx, day: i64) -> Result<Vec<Counted>> {
    tx.fetch_all(SINCE, &[&day]).await
}
