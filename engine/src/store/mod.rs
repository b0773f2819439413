//! Storage: one SQL text for SQLite and PostgreSQL; nothing outside this folder knows which driver is in use.
//!
//! `$n` is a placeholder in both. Every value that sqlx can encode for both databases is a [`Param`]; every row that it
//! can decode from both is a [`Row`]. SQLite has one writer connection with a fair queue in front of it, and readers
//! that cannot write. What may be null, sorted or compared is a column; everything else is a document, stored as text.

#[macro_use]
mod rows;
#[macro_use]
mod statements;

pub mod audit;
pub mod codes;
pub mod deferred_logins;
pub mod deliveries;
mod dsn;
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
pub mod identity_lists;
pub mod invitations;
pub mod limits;
pub mod messages;
mod migrate;
pub mod notify;
pub mod oidc_tests;
pub mod operators;
pub mod pending;
pub mod provisional;
pub mod revisions;
pub mod secret_fingerprints;
pub mod sessions;
pub mod setting_secrets;
pub mod social;
mod writer;

use crate::effects::{Following, to_completion};
use crate::error::{Error, Kind, Result};
use crate::metrics::{Connections, Sessions};
use dsn::Dsn;
use file::DatabaseFile;
#[cfg(any(test, feature = "testing"))]
pub use for_tests::{Ran, Rows};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::pool::{PoolConnection, PoolOptions};
use sqlx::postgres::{PgArguments, PgConnectOptions, PgConnection, PgPool, PgRow};
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqliteRow,
    SqliteSynchronous,
};
use sqlx::{Arguments, Connection, Encode, FromRow, Postgres, Sqlite, Transaction, Type};
#[cfg(any(test, feature = "testing"))]
pub use statements::{Statement, statements};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
pub use writer::Durability;
use writer::{Level, Writer, is_clean};

/// How long a request waits for a connection, the writer's queue included, before it is told to come again.
const PATIENCE: Duration = Duration::from_secs(5);

const GONE: &str = "The database file is missing. Restore it and restart.";

/// How long [`Db::ready`] waits for an answer.
const READY_WITHIN: Duration = Duration::from_secs(2);

/// Connections to PostgreSQL unless the DSN says `max_conns` (Kratos: 2 per processor; we hash elsewhere and hold
/// transactions briefly, so a fixed number does).
const POSTGRES_CONNECTIONS: u32 = 20;

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
        readers: SqlitePool,
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
}

#[derive(Clone, Copy, Default)]
struct Tally {
    issued: u64,
    revoked: u64,
}

enum State {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
    SqliteSingle(PoolConnection<Sqlite>),
    PostgresSingle(PoolConnection<Postgres>),
}

enum Driver<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

impl Db {
    /// `dsn` in Kratos' forms: `sqlite://FILE?_fk=true`, `sqlite:///abs/file`, `memory`, `postgres://…`.
    /// `None`: `<data>/vestibule.sqlite`. `memory` is a temporary file, removed with the last handle and therefore not forced to disk.
    ///
    /// An `Invalid` error says what is wrong with the DSN, never its password, or that the database is another program's.
    pub async fn connect(dsn: Option<&str>, data: &Path) -> Result<Self> {
        match dsn_of(dsn, data)? {
            Dsn::Memory => {
                let folder =
                    tempfile::Builder::new().prefix("vestibule-memory-").tempdir().map_err(|error| {
                        Error::new(
                            Kind::Internal,
                            "Can't create a temporary folder for the database in memory.",
                        )
                        .caused_by(error)
                    })?;
                // It goes with the process: nothing of it has to survive a power cut.
                let lasts = SqliteSynchronous::Off;
                let pools = sqlite(folder.path().join("memory.sqlite"), true, None, None, lasts).await?;
                Ok(Self::over(pools, Some(Arc::new(folder))))
            }
            Dsn::Sqlite { file, create, max_connections, patience } => {
                let lasts = SqliteSynchronous::Full;
                Ok(Self::over(sqlite(file, create, max_connections, patience, lasts).await?, None))
            }
            Dsn::Postgres { options, max_connections } => {
                let connecting =
                    pool(max_connections.unwrap_or(POSTGRES_CONNECTIONS)).connect_with(*options.clone());
                match connecting.await {
                    Ok(pool) => {
                        foreign::refuse_on_postgres(&pool).await?;
                        Ok(Self::over(Pools::Postgres(pool), None))
                    }
                    Err(error) => Err(unreached(&options, error).await),
                }
            }
        }
    }

    fn over(pools: Pools, folder: Option<Arc<tempfile::TempDir>>) -> Self {
        Self {
            pools,
            sessions: Sessions::default(),
            #[cfg(any(test, feature = "testing"))]
            ran: Ran::default(),
            _folder: folder,
        }
    }

    /// Whether [`Db::connect`] understands the DSN; nothing is opened. An `Invalid` error says what is wrong, never the password.
    pub fn check_dsn(dsn: &str) -> Result<()> {
        Dsn::parse(dsn).map(drop)
    }

    /// The file that [`Db::connect`] would have to make: of SQLite, and not there yet.
    pub fn missing(dsn: Option<&str>, data: &Path) -> Result<Option<PathBuf>> {
        Ok(match dsn_of(dsn, data)? {
            Dsn::Sqlite { file, .. } if !file.exists() => Some(file),
            Dsn::Sqlite { .. } | Dsn::Memory | Dsn::Postgres { .. } => None,
        })
    }

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
            Pools::Sqlite { readers, .. } => State::Sqlite(readers.begin().await.map_err(fault::error)?),
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
            Pools::Sqlite { readers, .. } => {
                State::SqliteSingle(readers.acquire().await.map_err(fault::error)?)
            }
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
        fn of<D: sqlx::Database>(name: &'static str, pool: &sqlx::Pool<D>) -> Connections {
            let (all, idle) = (pool.size() as usize, pool.num_idle());
            Connections { pool: name, idle, in_use: all.saturating_sub(idle) }
        }
        match &self.pools {
            Pools::Sqlite { writer, readers, .. } => vec![of("writer", &writer.pool), of("reader", readers)],
            Pools::Postgres(pool) => vec![of("postgresql", pool)],
        }
    }

    pub fn is_sqlite(&self) -> bool {
        matches!(self.pools, Pools::Sqlite { .. })
    }

    /// Applies what is missing. A schema newer than this binary is refused.
    pub async fn migrate(&self) -> Result<()> {
        migrate::run(self).await
    }

    /// How many migrations are missing; refuses a newer schema.
    pub async fn pending_migrations(&self) -> Result<usize> {
        migrate::pending(self).await
    }

    /// For `health/ready`: the database answers within two seconds, its file is still there, its schema is ours.
    /// [`Kind::Busy`] otherwise.
    pub async fn ready(&self) -> Result<()> {
        self.look_for_file().await;
        if let Pools::Sqlite { file, .. } = &self.pools
            && file.is_gone()
        {
            return Err(not_ready(GONE));
        }
        match tokio::time::timeout(READY_WITHIN, self.pending_migrations()).await {
            Ok(Ok(0)) => Ok(()),
            Ok(Ok(_)) => Err(not_ready("Database migrations are pending. Run the command migrate.")),
            Ok(Err(mut error)) => {
                error.kind = Kind::Busy;
                Err(error)
            }
            Err(elapsed) => Err(not_ready("The database doesn't respond.").caused_by(elapsed)),
        }
    }

    /// Whether anything could be stored, asked before serving: an account that cannot be stored is found out about at the
    /// start and not at the first sign-up. [`Kind::Busy`] with the file's name otherwise.
    pub async fn writable(&self) -> Result<()> {
        // `begin immediate` is content with reading where the file is read-only: only a statement asks in earnest.
        let tried = async { errors::delete_nothing(&mut self.write().await?).await };
        let Err(refused) = tried.await else { return Ok(()) };
        Err(match &self.pools {
            Pools::Sqlite { file, .. } => {
                let name = file.path().display();
                Error::new(
                    Kind::Busy,
                    format!(
                        "The database file {name} isn't writable. Allow this user to write it and its folder."
                    ),
                )
                .caused_by(refused)
            }
            Pools::Postgres(_) => refused,
        })
    }

    /// Waits until all connections are closed, so that SQLite's write-ahead log is folded into the file.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { writer, readers, .. } => {
                readers.close().await;
                writer.pool.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }
}

impl Tx {
    /// Makes the changes last. What was answered with `Ok` survives a power cut, unless it began as [`Db::write_relaxed`].
    pub async fn commit(self) -> Result<()> {
        match self.state {
            State::Sqlite(tx) => tx.commit().await.map_err(fault::error)?,
            State::Postgres(tx) => tx.commit().await.map_err(fault::error)?,
            State::SqliteSingle(_) | State::PostgresSingle(_) => {}
        }
        self.sessions.issued.inc_by(self.tally.issued);
        self.sessions.revoked.inc_by(self.tally.revoked);
        Ok(())
    }

    /// For tests, which ask where a statement ran.
    #[cfg(any(test, feature = "testing"))]
    fn note(&self, sql: &'static str) {
        self.ran.0.note(sql, self.ran.1);
    }

    #[cfg(not(any(test, feature = "testing")))]
    fn note(&self, _: &'static str) {}

    fn driver(&mut self) -> Driver<'_> {
        match &mut self.state {
            State::Sqlite(tx) => Driver::Sqlite(tx),
            State::SqliteSingle(connection) => Driver::Sqlite(connection),
            State::Postgres(tx) => Driver::Postgres(tx),
            State::PostgresSingle(connection) => Driver::Postgres(connection),
        }
    }

    /// How many rows it touched.
    async fn execute(&mut self, sql: &'static str, params: &[&dyn Param]) -> Result<u64> {
        self.note(sql);
        let touched = match self.driver() {
            Driver::Sqlite(connection) => sqlx::query_with(sql, sqlite_arguments(params)?)
                .execute(connection)
                .await
                .map(|done| done.rows_affected()),
            Driver::Postgres(connection) => sqlx::query_with(sql, postgres_arguments(params)?)
                .execute(connection)
                .await
                .map(|done| done.rows_affected()),
        };
        touched.map_err(fault::error)
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
        row.map_err(fault::error)
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
        rows.map_err(fault::error)
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

fn pool<D: sqlx::Database>(connections: u32) -> PoolOptions<D> {
    PoolOptions::new().max_connections(connections.max(1)).acquire_timeout(PATIENCE)
}

async fn sqlite(
    file: PathBuf,
    create: bool,
    max_connections: Option<u32>,
    patience: Option<Duration>,
    synchronous: SqliteSynchronous,
) -> Result<Pools> {
    let patience = patience.unwrap_or(PATIENCE);
    if file.exists() {
        foreign::refuse_on_sqlite(&file).await?;
    }
    if create {
        prepare(&file).map_err(|error| {
            Error::new(
                Kind::Invalid,
                format!("The database file {} can't be created: {error}.", file.display()),
            )
            .caused_by(error)
        })?;
    }
    let options = SqliteConnectOptions::new()
        .filename(&file)
        .create_if_missing(create)
        .busy_timeout(patience)
        .foreign_keys(true)
        .synchronous(synchronous);
    let what = || format!("The database file {}", file.display());
    let level = Level::new(synchronous);
    // The writer comes first: it turns write-ahead logging on and repairs what a crash left behind.
    let writer = pool(1)
        .acquire_timeout(patience)
        .max_lifetime(None)
        .idle_timeout(None)
        .test_before_acquire(false)
        .before_acquire(|connection, _| Box::pin(is_clean(connection)))
        .after_connect({
            let level = level.clone();
            move |_, _| {
                level.forget();
                Box::pin(std::future::ready(Ok(())))
            }
        })
        .connect_with(options.clone().journal_mode(SqliteJournalMode::Wal))
        .await
        .map_err(|error| cannot_open(&what(), error))?;
    let processors = std::thread::available_parallelism().map_or(4, std::num::NonZero::get);
    let readers = max_connections.unwrap_or(u32::try_from(processors * 2).unwrap_or(4).clamp(4, 16));
    let readers = pool(readers)
        .acquire_timeout(patience)
        .max_lifetime(None)
        .idle_timeout(None)
        .test_before_acquire(false)
        .connect_with(options.create_if_missing(false).read_only(true))
        .await
        .map_err(|error| cannot_open(&what(), error))?;
    let file = Arc::new(DatabaseFile::new(file));
    Ok(Pools::Sqlite { writer: Writer::new(writer, level), readers, file })
}

/// Makes folder and file, readable by their owner only: password hashes lie in it. SQLite gives its log files the same mode.
fn prepare(file: &Path) -> std::io::Result<()> {
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(file) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn dsn_of(text: Option<&str>, data: &Path) -> Result<Dsn> {
    text.map_or_else(|| Ok(Dsn::file(data.join("vestibule.sqlite"))), Dsn::parse)
}

/// Why PostgreSQL cannot be used, without its password. The pool tries until its time is over and then knows only that it is, so the
/// cause is asked for once more, without a pool.
async fn unreached(options: &PgConnectOptions, error: sqlx::Error) -> Error {
    let server = match options.get_socket() {
        Some(folder) => format!("{} port {}", folder.display(), options.get_port()),
        None => format!("{} port {}", options.get_host(), options.get_port()),
    };
    let what = format!("The PostgreSQL server at {server}");
    if !matches!(error, sqlx::Error::PoolTimedOut) {
        return cannot_open(&what, error);
    }
    match tokio::time::timeout(READY_WITHIN, PgConnection::connect_with(options)).await {
        Ok(Err(cause)) => cannot_open(&what, cause),
        // It came up meanwhile, or lets only so many in.
        Ok(Ok(_)) => cannot_open(&what, error),
        Err(elapsed) => not_ready(&format!("{what} doesn't respond.")).caused_by(elapsed),
    }
}

fn cannot_open(what: &str, error: sqlx::Error) -> Error {
    Error::new(Kind::Busy, format!("{what} can't be opened: {error}.")).caused_by(error)
}

fn not_ready(reason: &str) -> Error {
    Error::new(Kind::Busy, reason).retry_after(fault::RETRY_AFTER)
}

#[cfg(test)]
mod tests;
