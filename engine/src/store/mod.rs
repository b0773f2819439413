//! Storage: one SQL text for SQLite and PostgreSQL; nothing outside this folder knows which driver is in use.
//!
//! `$n` is a placeholder in both. Every value that sqlx can encode for both databases is a [`Param`]; every row that it
//! can decode from both is a [`Row`]. SQLite has one writer connection with a fair queue in front of it, and readers
//! that cannot write. What may be null, sorted or compared is a column; everything else is a document, stored as text.

#[macro_use]
mod rows;
#[macro_use]
mod statements;

pub mod address_changes;
pub mod audit;
pub mod codes;
mod connections;
pub mod daily_counts;
pub mod deferred_logins;
pub mod deliveries;
mod dsn;
mod durability;
pub mod errors;
mod fault;
mod file;
pub mod flows;
#[cfg(any(test, feature = "testing"))]
mod for_tests;
mod foreign;
pub mod form_drafts;
pub mod id_tokens;
pub mod identities;
mod identity_change;
pub mod identity_lists;
pub mod invitations;
pub mod limits;
pub mod messages;
mod migrate;
pub mod notify;
pub mod oidc_tests;
mod open;
pub mod operator_accounts;
pub mod operator_invitations;
pub mod operators;
pub mod pending;
#[cfg(any(test, feature = "testing"))]
mod ran;
pub mod reservations;
pub mod revisions;
pub mod secret_fingerprints;
pub mod session_lists;
pub mod sessions;
pub mod setting_secrets;
pub mod social;
pub mod users;
mod writer;

use crate::effects::{Following, to_completion};
use crate::error::{Error, Kind, Result};
use crate::metrics::{Connections, Sessions};
use connections::Lent;
pub use durability::Durability;
use file::DatabaseFile;
#[cfg(any(test, feature = "testing"))]
pub use for_tests::Rows;
#[cfg(any(test, feature = "testing"))]
pub use ran::Ran;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnection, PgPool, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{Arguments, Encode, FromRow, Postgres, Sqlite, Transaction, Type};
#[cfg(any(test, feature = "testing"))]
pub use statements::{Statement, statements};
use std::sync::Arc;
use std::time::Duration;
use writer::Writer;

/// How long a request waits for a connection, the writer's queue included, before it is told to come again.
const PATIENCE: Duration = Duration::from_secs(5);

const GONE: &str = "The database file is missing. Restore it and restart.";

/// A value bound to `$n`.
trait Param: Send + Sync {
    fn bind_sqlite(&self, to: &mut SqliteArguments) -> sqlx::Result<()>;
    fn bind_postgres(&self, to: &mut PgArguments) -> sqlx::Result<()>;
}

impl<T> Param for T
where
    T: Send + Sync + Type<Sqlite> + Type<Postgres>,
    for<'q> &'q T: Encode<'q, Sqlite> + Encode<'q, Postgres> + Type<Sqlite> + Type<Postgres>,
{
    fn bind_sqlite(&self, to: &mut SqliteArguments) -> sqlx::Result<()> {
        Arguments::add(to, self).map_err(sqlx::Error::Encode)
    }

    fn bind_postgres(&self, to: &mut PgArguments) -> sqlx::Result<()> {
        Arguments::add(to, self).map_err(sqlx::Error::Encode)
    }
}

/// What a query answers with: a struct with its [`row!`], or a tuple.
trait Row: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

impl<T> Row for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

/// A cheap handle to the database.
#[derive(Clone)]
pub struct Db {
    pools: Pools,
    sessions: Sessions,
    #[cfg(any(test, feature = "testing"))]
    ran: Ran,
    /// The folder of a `memory` database; it goes with the last handle.
    _folder: Option<Arc<tempfile::TempDir>>,
}

#[derive(Clone)]
enum Pools {
    Sqlite {
        writer: Writer,
        /// Opened read-only.
        readers: connections::Connections,
        file: Arc<DatabaseFile>,
    },
    Postgres(PgPool),
}

/// One transaction. Dropping rolls back. [`Db::write`] begins immediately on SQLite; [`Db::read`] never takes its write lock.
pub struct Tx {
    state: State,
    /// Sessions that begin and end with its commit, and where they are counted.
    tally: Tally,
    sessions: Sessions,
    /// For tests: where its statements are written down, and as what. `None`: it only reads.
    #[cfg(any(test, feature = "testing"))]
    ran: (Ran, Option<Durability>),
    #[cfg(any(test, feature = "testing"))]
    statements: Vec<&'static str>,
}

#[derive(Clone, Copy, Default)]
struct Tally {
    issued: u64,
    revoked: u64,
}

enum State {
    Sqlite(Lent),
    Postgres(Transaction<'static, Postgres>),
    SqliteSingle(Lent),
    PostgresSingle(PoolConnection<Postgres>),
}

enum Driver<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

impl Db {
    /// A transaction that may write. On SQLite it waits for its turn; after five seconds it is [`Kind::Busy`]. So it is when
    /// the file was found to be gone, see [`Db::look_for_file`].
    pub async fn write(&self) -> Result<Tx> {
        self.begin(Durability::Durable).await
    }

    /// The same without waiting for the disk, for what nobody has acknowledged: an unsent form, the log of a call, a count, an
    /// error page. A crash of this program loses none of it; a power cut may, unless a commit of [`Db::write`] came after it.
    pub async fn write_relaxed(&self) -> Result<Tx> {
        self.begin(Durability::Relaxed).await
    }

    async fn begin(&self, durability: Durability) -> Result<Tx> {
        let state = match &self.pools {
            Pools::Sqlite { file, .. } if file.is_gone() => return Err(not_ready(GONE)),
            Pools::Sqlite { writer, .. } => {
                State::Sqlite(writer.begin(durability).await.map_err(fault::error)?)
            }
            Pools::Postgres(pool) => {
                State::Postgres(begin_postgres(pool, begin_on_postgres(durability)).await?)
            }
        };
        Ok(self.tx(state, Some(durability)))
    }

    /// A transaction that sees one state of the database throughout and cannot write.
    pub async fn read(&self) -> Result<Tx> {
        let state = match &self.pools {
            Pools::Sqlite { readers, .. } => {
                let mut lent = readers.take().await.map_err(fault::error)?;
                lent.begin("begin").await.map_err(fault::error)?;
                State::Sqlite(lent)
            }
            Pools::Postgres(pool) => {
                const BEGIN: &str = "begin isolation level repeatable read, read only";
                State::Postgres(begin_postgres(pool, BEGIN).await?)
            }
        };
        Ok(self.tx(state, None))
    }

    /// For one reading statement: without the round trips of `begin` and `rollback`, two thirds of the time.
    pub async fn single(&self) -> Result<Tx> {
        let state = match &self.pools {
            Pools::Sqlite { readers, .. } => State::SqliteSingle(readers.take().await.map_err(fault::error)?),
            Pools::Postgres(pool) => State::PostgresSingle(pool.acquire().await.map_err(fault::error)?),
        };
        Ok(self.tx(state, None))
    }

    /// For one writing statement, which is a transaction by itself: the same durability and the same turn as
    /// [`Db::write`], without the round trips of `begin` and `commit`.
    pub async fn write_single(&self) -> Result<Tx> {
        self.begin_single(Durability::Durable).await
    }

    /// For one writing statement as [`Db::write_relaxed`] commits it. [`Tx::commit`] belongs to it: PostgreSQL knows how a
    /// commit is made for whole transactions only.
    pub async fn write_single_relaxed(&self) -> Result<Tx> {
        self.begin_single(Durability::Relaxed).await
    }

    async fn begin_single(&self, durability: Durability) -> Result<Tx> {
        let state = match (&self.pools, durability) {
            (Pools::Sqlite { file, .. }, _) if file.is_gone() => return Err(not_ready(GONE)),
            (Pools::Sqlite { writer, .. }, _) => {
                State::SqliteSingle(writer.single(durability).await.map_err(fault::error)?)
            }
            (Pools::Postgres(pool), Durability::Durable) => {
                State::PostgresSingle(pool.acquire().await.map_err(fault::error)?)
            }
            (Pools::Postgres(pool), Durability::Relaxed) => {
                State::Postgres(begin_postgres(pool, begin_on_postgres(durability)).await?)
            }
        };
        Ok(self.tx(state, Some(durability)))
    }

    fn tx(&self, state: State, durability: Option<Durability>) -> Tx {
        #[cfg(not(any(test, feature = "testing")))]
        let _ = durability;
        Tx {
            state,
            tally: Tally::default(),
            sessions: self.sessions.clone(),
            #[cfg(any(test, feature = "testing"))]
            ran: (self.ran.clone(), durability),
            #[cfg(any(test, feature = "testing"))]
            statements: Vec::new(),
        }
    }

    /// Asks the file system whether the file of a SQLite database is still there and still the one that is open; from then on
    /// writes are refused or taken accordingly. The server asks once a second, since a write that asks pays for it.
    pub async fn look_for_file(&self) {
        if let Pools::Sqlite { file, .. } = &self.pools {
            file.look().await;
        }
    }

    /// Sessions that began and ended since this database was opened.
    pub(crate) fn sessions_counted(&self) -> &Sessions {
        &self.sessions
    }

    /// Connections that are open.
    pub fn connections(&self) -> Vec<Connections> {
        let of = |pool: &'static str, (all, idle): (usize, usize)| Connections {
            pool,
            idle,
            in_use: all.saturating_sub(idle),
        };
        match &self.pools {
            Pools::Sqlite { writer, readers, .. } => {
                vec![of("writer", writer.connections.counts()), of("reader", readers.counts())]
            }
            Pools::Postgres(pool) => vec![of("postgresql", (pool.size() as usize, pool.num_idle()))],
        }
    }

    pub fn is_sqlite(&self) -> bool {
        matches!(self.pools, Pools::Sqlite { .. })
    }

    /// Waits until all connections are closed, so that SQLite's write-ahead log is folded into the file.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { writer, readers, .. } => {
                readers.close().await;
                writer.connections.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }
}

impl Tx {
    /// Makes the changes last. What was answered with `Ok` survives a power cut, unless it began as [`Db::write_relaxed`].
    pub async fn commit(self) -> Result<()> {
        match self.state {
            State::Sqlite(mut tx) => tx.commit().await.map_err(fault::error)?,
            State::Postgres(tx) => tx.commit().await.map_err(fault::error)?,
            State::SqliteSingle(_) | State::PostgresSingle(_) => {}
        }
        #[cfg(any(test, feature = "testing"))]
        self.ran.0.committed(self.statements);
        self.sessions.issued.inc_by(self.tally.issued);
        self.sessions.revoked.inc_by(self.tally.revoked);
        Ok(())
    }

    /// For tests, which ask where a statement ran.
    #[cfg(any(test, feature = "testing"))]
    fn note(&mut self, sql: &'static str) {
        self.ran.0.note(sql, self.ran.1);
        self.statements.push(sql);
    }

    #[cfg(not(any(test, feature = "testing")))]
    fn note(&mut self, _: &'static str) {}

    fn driver(&mut self) -> Driver<'_> {
        match &mut self.state {
            State::Sqlite(tx) => Driver::Sqlite(tx),
            State::SqliteSingle(connection) => Driver::Sqlite(connection),
            State::Postgres(tx) => Driver::Postgres(tx),
            State::PostgresSingle(connection) => Driver::Postgres(connection),
        }
    }

    /// A connection to SQLite whose thread has ended is of no use to others.
    fn judged<T>(&mut self, outcome: sqlx::Result<T>) -> Result<T> {
        if let (Err(sqlx::Error::WorkerCrashed), State::Sqlite(lent) | State::SqliteSingle(lent)) =
            (&outcome, &mut self.state)
        {
            lent.is_broken();
        }
        outcome.map_err(fault::error)
    }

    /// How many rows it touched.
    async fn execute(&mut self, sql: &'static str, params: &[&dyn Param]) -> Result<u64> {
        let touched = self.run(sql, params).await?;
        self.judged(touched)
    }

    /// The same; `None` where another row has a value that only one may have. Nothing can be done in the transaction then but roll
    /// it back.
    async fn execute_unless_taken(
        &mut self,
        sql: &'static str,
        params: &[&dyn Param],
    ) -> Result<Option<u64>> {
        match self.run(sql, params).await? {
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Ok(None),
            touched => self.judged(touched).map(Some),
        }
    }

    async fn run(&mut self, sql: &'static str, params: &[&dyn Param]) -> Result<sqlx::Result<u64>> {
        self.note(sql);
        Ok(match self.driver() {
            Driver::Sqlite(connection) => sqlx::query_with(sql, sqlite_arguments(params)?)
                .execute(connection)
                .await
                .map(|done| done.rows_affected()),
            Driver::Postgres(connection) => sqlx::query_with(sql, postgres_arguments(params)?)
                .execute(connection)
                .await
                .map(|done| done.rows_affected()),
        })
    }

    async fn fetch_optional<T: Row>(
        &mut self,
        sql: &'static str,
        params: &[&dyn Param],
    ) -> Result<Option<T>> {
        self.note(sql);
        let row = match self.driver() {
            Driver::Sqlite(connection) => {
                sqlx::query_as_with(sql, sqlite_arguments(params)?).fetch_optional(connection).await
            }
            Driver::Postgres(connection) => {
                sqlx::query_as_with(sql, postgres_arguments(params)?).fetch_optional(connection).await
            }
        };
        self.judged(row)
    }

    async fn fetch_all<T: Row>(&mut self, sql: &'static str, params: &[&dyn Param]) -> Result<Vec<T>> {
        self.note(sql);
        let rows = match self.driver() {
            Driver::Sqlite(connection) => {
                sqlx::query_as_with(sql, sqlite_arguments(params)?).fetch_all(connection).await
            }
            Driver::Postgres(connection) => {
                sqlx::query_as_with(sql, postgres_arguments(params)?).fetch_all(connection).await
            }
        };
        self.judged(rows)
    }

    /// For a statement that always answers with one row.
    async fn fetch_one<T: Row>(&mut self, sql: &'static str, params: &[&dyn Param]) -> Result<T> {
        self.fetch_optional(sql, params).await?.ok_or_else(|| Error::internal(sqlx::Error::RowNotFound))
    }
}

fn sqlite_arguments(params: &[&dyn Param]) -> Result<SqliteArguments> {
    let mut arguments = SqliteArguments::default();
    for param in params {
        param.bind_sqlite(&mut arguments).map_err(fault::error)?;
    }
    Ok(arguments)
}

fn postgres_arguments(params: &[&dyn Param]) -> Result<PgArguments> {
    let mut arguments = PgArguments::default();
    for param in params {
        param.bind_postgres(&mut arguments).map_err(fault::error)?;
    }
    Ok(arguments)
}

/// A document column's text. The order of keys is kept, so that equal documents of ours are equal texts.
fn to_text(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(Error::internal)
}

/// The inverse of [`to_text`]; `place` is `table.column`, for the log.
fn from_text<T: DeserializeOwned>(place: &'static str, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| unreadable(place, error))
}

/// Stored data that this program did not write.
fn unreadable(place: &'static str, why: impl std::fmt::Display) -> Error {
    Error::internal(format!("{place} contains invalid data: {why}"))
}

/// `begin` is a statement that opens a transaction.
///
/// sqlx 0.9 counts a transaction only after the server has answered. A caller that leaves before that would leave an open
/// transaction in the pool, and the next statement on that connection would be answered and never committed. So opening runs to its
/// end whatever the caller does; an unwanted transaction is then dropped, which rolls back.
async fn begin_postgres(pool: &PgPool, begin: &'static str) -> Result<Transaction<'static, Postgres>> {
    let pool = pool.clone();
    let opening = async move { pool.begin_with(begin).await.map_err(fault::error) };
    to_completion(Following::default(), opening).await
}

/// What opens a transaction with that durability on PostgreSQL.
const fn begin_on_postgres(durability: Durability) -> &'static str {
    match durability {
        Durability::Durable => "begin",
        Durability::Relaxed => "begin; set local synchronous_commit = off",
    }
}

fn not_ready(reason: &str) -> Error {
    Error::new(Kind::Busy, reason).retry_after(fault::RETRY_AFTER)
}

#[cfg(test)]
mod tests;
