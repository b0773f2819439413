//! SQLite's one writer: a single connection, with or without a flush at each commit.
//!
//! Both kinds of commit share the connection, so two simultaneous writers are impossible, even if a caller is dropped. `pragma
//! synchronous` is sent with the `begin`, so changing it needs no round trip. SQLite reads it when a commit writes to the log
//! (sqlite.org/pragma.html#pragma_synchronous).

use super::connections::{Connections, Lent};
use super::durability::Durability;
use sqlx::sqlite::SqliteSynchronous;

#[derive(Clone)]
pub(super) struct Writer {
    /// Of one.
    pub(super) connections: Connections,
    /// `false`: nothing of this database has to survive, and no commit is ever flushed.
    lasts: bool,
}

impl Writer {
    pub(super) fn new(connections: Connections, synchronous: SqliteSynchronous) -> Self {
        Self { connections, lasts: !matches!(synchronous, SqliteSynchronous::Off) }
    }

    pub(super) async fn begin(&self, wanted: Durability) -> sqlx::Result<Lent> {
        let mut lent = self.connections.take().await?;
        if self.is(&lent, wanted) {
            lent.begin("begin immediate").await?;
            return Ok(lent);
        }
        lent.set_level(None);
        let begin = match wanted {
            Durability::Durable => "pragma synchronous = full; begin immediate",
            Durability::Relaxed => "pragma synchronous = normal; begin immediate",
        };
        lent.set(begin).await?;
        lent.set_level(Some(wanted));
        Ok(lent)
    }

    /// The connection, for one statement that is a transaction by itself.
    pub(super) async fn single(&self, wanted: Durability) -> sqlx::Result<Lent> {
        let mut lent = self.connections.take().await?;
        if !self.is(&lent, wanted) {
            lent.set_level(None);
            let change = match wanted {
                Durability::Durable => "pragma synchronous = full",
                Durability::Relaxed => "pragma synchronous = normal",
            };
            lent.set(change).await?;
            lent.set_level(Some(wanted));
            lent.is_not_in_transaction();
        }
        Ok(lent)
    }

    fn is(&self, lent: &Lent, wanted: Durability) -> bool {
        !self.lasts || lent.is(wanted)
    }
}
