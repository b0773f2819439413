//! SQLite's one writer: a single connection, whose pool is the fair queue, with or without a flush at each commit.
//!
//! Both kinds of commit share the connection, so two simultaneous writers are impossible, even if a caller is dropped. `pragma
//! synchronous` is sent with the `begin`, so changing it needs no round trip. SQLite reads it when a commit writes to the log
//! (sqlite.org/pragma.html#pragma_synchronous).

use sqlx::pool::{MaybePoolConnection, PoolConnection};
use sqlx::sqlite::{SqliteConnection, SqlitePool, SqliteSynchronous};
use sqlx::{Connection, SqlStr, Sqlite, Transaction};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// What an answered commit promises.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Durability {
    /// It survives a power cut, and so does every commit before it.
    Durable,
    /// A power cut may take it, never a crash of this program. The next durable commit makes it durable too.
    Relaxed,
}

/// `Level::current`, when nobody knows how the connection stands: it is new, or the change did not end.
const UNKNOWN: u8 = 0;

#[derive(Clone)]
pub(super) struct Writer {
    /// One connection.
    pub(super) pool: SqlitePool,
    level: Level,
}

/// Which durability the connection has. Only its holder changes it.
#[derive(Clone)]
pub(super) struct Level {
    current: Arc<AtomicU8>,
    /// `false`: nothing of this database has to survive, and no commit is ever flushed.
    lasts: bool,
}

impl Level {
    pub(super) fn new(synchronous: SqliteSynchronous) -> Self {
        let lasts = !matches!(synchronous, SqliteSynchronous::Off);
        Self { current: Arc::new(AtomicU8::new(UNKNOWN)), lasts }
    }

    /// For a connection that is new.
    pub(super) fn forget(&self) {
        self.current.store(UNKNOWN, Ordering::SeqCst);
    }

    fn is(&self, wanted: Durability) -> bool {
        !self.lasts || self.current.load(Ordering::SeqCst) == number(wanted)
    }

    fn set(&self, to: Durability) {
        self.current.store(number(to), Ordering::SeqCst);
    }
}

fn number(durability: Durability) -> u8 {
    match durability {
        Durability::Durable => 1,
        Durability::Relaxed => 2,
    }
}

impl Writer {
    pub(super) fn new(pool: SqlitePool, level: Level) -> Self {
        Self { pool, level }
    }

    pub(super) async fn begin(&self, wanted: Durability) -> sqlx::Result<Transaction<'static, Sqlite>> {
        let connection = self.pool.acquire().await?;
        let begin = match (self.level.is(wanted), wanted) {
            (true, _) => "begin immediate",
            (false, Durability::Durable) => "pragma synchronous = full; begin immediate",
            (false, Durability::Relaxed) => "pragma synchronous = normal; begin immediate",
        };
        if !self.level.is(wanted) {
            // Until it is answered: a caller that leaves now leaves a connection that nobody knows.
            self.level.forget();
        }
        let connection = MaybePoolConnection::PoolConnection(connection);
        let transaction = Transaction::begin(connection, Some(SqlStr::from_static(begin))).await?;
        self.level.set(wanted);
        Ok(transaction)
    }

    /// The connection, for one statement that is a transaction by itself.
    pub(super) async fn single(&self, wanted: Durability) -> sqlx::Result<PoolConnection<Sqlite>> {
        let mut connection = self.pool.acquire().await?;
        if !self.level.is(wanted) {
            self.level.forget();
            let change = match wanted {
                Durability::Durable => "pragma synchronous = full",
                Durability::Relaxed => "pragma synchronous = normal",
            };
            // Not prepared: SQLite applies this pragma while it compiles it.
            sqlx::raw_sql(change).execute(&mut *connection).await?;
            self.level.set(wanted);
        }
        Ok(connection)
    }
}

/// Whether no transaction is open. On a full disk SQLite rolls back by itself, sqlx's own rollback then fails, and the
/// connection would refuse every further transaction; such a one is closed and opened anew. The pool itself waits at
/// each release for what was queued, a dropped transaction's rollback included.
pub(super) async fn is_clean(connection: &mut SqliteConnection) -> sqlx::Result<bool> {
    Ok(!connection.is_in_transaction())
}
