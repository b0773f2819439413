//! Storage: one SQL text for SQLite and PostgreSQL; the only file that knows which driver is in use.
//!
//! SQLite has one connection that writes, for which everybody queues fairly, and a pool that reads and can never take
//! the write lock. `synchronous = full`: what was acknowledged survives a power cut.

pub mod audit;
pub mod errors;
pub mod flows;
pub mod identities;
pub mod operators;
pub mod revisions;
pub mod sessions;

use crate::error::{Error, Kind, Result};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPoolOptions, PgRow};
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{Arguments, Encode, Executor, FromRow, PgPool, Postgres, Sqlite, SqlitePool, Transaction, Type};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// How long a request queues for a connection before it is told to come back.
const QUEUE: Duration = Duration::from_secs(20);
const BUSY: Duration = Duration::from_secs(10);
const READERS: u32 = 8;

static SQLITE_MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../migrations/sqlite");
static POSTGRES_MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../migrations/postgres");

#[derive(Clone)]
pub struct Db {
    pools: Pools,
}

#[derive(Clone)]
enum Pools {
    Sqlite {
        writer: SqlitePool,
        readers: SqlitePool,
        /// `memory`: the folder goes with the last handle.
        _folder: Option<Arc<tempfile::TempDir>>,
    },
    Postgres(PgPool),
}

/// A connection with work to do. What [`Db::write`] gives is a transaction: dropping rolls back. What [`Db::read`] gives
/// never takes SQLite's write lock.
pub struct Tx {
    inner: Inner,
}

enum Inner {
    SqliteRead(PoolConnection<Sqlite>),
    SqliteWrite(Transaction<'static, Sqlite>),
    PostgresRead(PoolConnection<Postgres>),
    PostgresWrite(Transaction<'static, Postgres>),
}

/// Anything that both drivers can bind.
pub(crate) trait Param: Send + Sync {
    fn bind_sqlite(&self, to: &mut SqliteArguments) -> std::result::Result<(), sqlx::error::BoxDynError>;
    fn bind_postgres(&self, to: &mut PgArguments) -> std::result::Result<(), sqlx::error::BoxDynError>;
}

impl<T> Param for T
where
    T: Send + Sync + Clone + Type<Sqlite> + Type<Postgres> + for<'q> Encode<'q, Sqlite> + for<'q> Encode<'q, Postgres> + 'static,
{
    fn bind_sqlite(&self, to: &mut SqliteArguments) -> std::result::Result<(), sqlx::error::BoxDynError> {
        to.add(self.clone())
    }
    fn bind_postgres(&self, to: &mut PgArguments) -> std::result::Result<(), sqlx::error::BoxDynError> {
        to.add(self.clone())
    }
}

/// A row struct that both drivers can fill.
pub(crate) trait Row: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}
impl<T> Row for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

impl From<sqlx::Error> for Error {
    /// 503 where another try may succeed, 500 otherwise; the cause is for the log.
    fn from(cause: sqlx::Error) -> Self {
        let passing = match &cause {
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => true,
            sqlx::Error::Database(error) => error.code().is_some_and(|code| {
                // SQLite: busy, locked, read-only, I/O, full. PostgreSQL: connection, resources, shutdown, serialization.
                matches!(code.parse::<u32>().map(|code| code & 0xff), Ok(5 | 6 | 8 | 10 | 13))
                    || ["08", "53", "57", "40"].iter().any(|class| code.len() == 5 && code.starts_with(class))
            }),
            _ => false,
        };
        if passing {
            Error::new(Kind::Busy, "The database cannot be written to or asked right now. Try again in a moment.")
                .retry_after(2)
                .caused_by(cause)
        } else {
            Error::internal(cause)
        }
    }
}

impl Db {
    /// `dsn` in Kratos' forms: `sqlite://FILE?_fk=true`, `sqlite:///abs/file`, `memory`, `postgres://…`.
    /// `None`: `<data>/vestibule.sqlite`. `memory` is a temporary file, removed with the last handle.
    ///
    /// # Errors
    /// 400 for a DSN of another kind, naming the key; what the driver says otherwise.
    pub async fn connect(dsn: Option<&str>, data: &Path) -> Result<Self> {
        match dsn {
            None => {
                std::fs::create_dir_all(data).map_err(Error::internal)?;
                Self::sqlite(&data.join("vestibule.sqlite"), None).await
            }
            Some("memory") => {
                let folder = tempfile::tempdir().map_err(Error::internal)?;
                let file = folder.path().join("memory.sqlite");
                Self::sqlite(&file, Some(Arc::new(folder))).await
            }
            Some(dsn) => {
                if let Some(rest) = dsn.strip_prefix("sqlite://") {
                    // Kratos' parameters (_fk, mode, cache) are for another driver; what they ask for holds here anyway.
                    let file = rest.split('?').next().unwrap_or_default();
                    if file.is_empty() || file == ":memory:" {
                        return Box::pin(Self::connect(Some("memory"), data)).await;
                    }
                    return Self::sqlite(&PathBuf::from(file), None).await;
                }
                if dsn.starts_with("postgres://") || dsn.starts_with("postgresql://") {
                    return Self::postgres(dsn).await;
                }
                let scheme = dsn.split("://").next().unwrap_or_default();
                Err(Error::invalid(format!(
                    "dsn: {scheme} is not a database that is spoken here. Write sqlite:///path/to/file, postgres://user@host/name, or memory."
                )))
            }
        }
    }

    async fn sqlite(file: &Path, folder: Option<Arc<tempfile::TempDir>>) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY);
        let pool = SqlitePoolOptions::new().acquire_timeout(QUEUE);
        let writer = pool.clone().max_connections(1).connect_with(options.clone()).await?;
        let readers = pool.max_connections(READERS).connect_with(options.pragma("query_only", "on")).await?;
        Ok(Self { pools: Pools::Sqlite { writer, readers, _folder: folder } })
    }

    async fn postgres(dsn: &str) -> Result<Self> {
        let mut url = url::Url::parse(dsn).map_err(Error::internal)?;
        let mut connections = 10;
        let known = ["sslmode", "sslrootcert", "sslcert", "sslkey", "host", "port", "dbname", "user", "password", "application_name", "options"];
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        url.set_query(None);
        for (key, value) in pairs {
            if key == "max_conns" {
                connections = value.parse().unwrap_or(connections);
            } else if known.contains(&key.as_str()) {
                url.query_pairs_mut().append_pair(&key, &value);
            }
        }
        let options = PgConnectOptions::from_str(url.as_str())?;
        let pool = PgPoolOptions::new().max_connections(connections).acquire_timeout(QUEUE).connect_with(options).await?;
        Ok(Self { pools: Pools::Postgres(pool) })
    }

    /// Begins to write: on SQLite with the lock at once, since a read that turns into a write can fail.
    pub async fn write(&self) -> Result<Tx> {
        let inner = match &self.pools {
            Pools::Sqlite { writer, .. } => Inner::SqliteWrite(writer.begin_with("begin immediate").await?),
            Pools::Postgres(pool) => Inner::PostgresWrite(pool.begin().await?),
        };
        Ok(Tx { inner })
    }

    pub async fn read(&self) -> Result<Tx> {
        let inner = match &self.pools {
            Pools::Sqlite { readers, .. } => Inner::SqliteRead(readers.acquire().await?),
            Pools::Postgres(pool) => Inner::PostgresRead(pool.acquire().await?),
        };
        Ok(Tx { inner })
    }

    pub fn is_sqlite(&self) -> bool {
        matches!(self.pools, Pools::Sqlite { .. })
    }

    /// Whether the database answers.
    pub async fn ready(&self) -> Result<()> {
        let mut tx = self.read().await?;
        tx.fetch_optional::<(i64,)>("select count(*) from settings_revisions", &[]).await?;
        Ok(())
    }

    /// Applies what is missing.
    ///
    /// # Errors
    /// 409 for a schema that is newer than this binary.
    pub async fn migrate(&self) -> Result<()> {
        self.pending_migrations().await?;
        let outcome = match &self.pools {
            Pools::Sqlite { writer, .. } => SQLITE_MIGRATIONS.run(writer).await,
            Pools::Postgres(pool) => POSTGRES_MIGRATIONS.run(pool).await,
        };
        outcome.map_err(Error::internal)
    }

    /// How many migrations are missing.
    ///
    /// # Errors
    /// 409 for a schema that is newer than this binary.
    pub async fn pending_migrations(&self) -> Result<usize> {
        let (ours, exists) = match &self.pools {
            Pools::Sqlite { .. } => (&SQLITE_MIGRATIONS, "select count(*) from sqlite_master where name = '_sqlx_migrations'"),
            Pools::Postgres(_) => (
                &POSTGRES_MIGRATIONS,
                "select count(*) from information_schema.tables where table_name = '_sqlx_migrations' and table_schema = current_schema()",
            ),
        };
        let mut tx = self.read().await?;
        let (exists,): (i64,) = tx.fetch_optional(exists, &[]).await?.unwrap_or_default();
        let applied: Vec<(i64,)> = match exists {
            0 => Vec::new(),
            _ => tx.fetch_all("select version from _sqlx_migrations", &[]).await?,
        };
        let newest = ours.iter().map(|migration| migration.version).max().unwrap_or_default();
        if let Some((newer,)) = applied.iter().find(|(version,)| *version > newest) {
            return Err(Error::new(
                Kind::Conflict,
                format!("The database was written by a newer Vestibule (its schema is at {newer}, this one knows {newest}). Start the newer one, or restore a backup."),
            ));
        }
        Ok(ours.iter().filter(|migration| !applied.contains(&(migration.version,))).count())
    }
}

impl Tx {
    /// # Errors
    /// What the database says; nothing is stored then.
    pub async fn commit(self) -> Result<()> {
        match self.inner {
            Inner::SqliteWrite(transaction) => transaction.commit().await?,
            Inner::PostgresWrite(transaction) => transaction.commit().await?,
            Inner::SqliteRead(_) | Inner::PostgresRead(_) => {}
        }
        Ok(())
    }

    /// How many rows it touched.
    pub(crate) async fn execute(&mut self, sql: &'static str, params: &[&dyn Param]) -> Result<u64> {
        Ok(match &mut self.inner {
            Inner::SqliteRead(on) => on.execute(sqlx::query_with(sql, sqlite(params)?)).await?.rows_affected(),
            Inner::SqliteWrite(on) => on.execute(sqlx::query_with(sql, sqlite(params)?)).await?.rows_affected(),
            Inner::PostgresRead(on) => on.execute(sqlx::query_with(sql, postgres(params)?)).await?.rows_affected(),
            Inner::PostgresWrite(on) => on.execute(sqlx::query_with(sql, postgres(params)?)).await?.rows_affected(),
        })
    }

    pub(crate) async fn fetch_optional<T: Row>(
        &mut self,
        sql: &'static str,
        params: &[&dyn Param],
    ) -> Result<Option<T>> {
        Ok(match &mut self.inner {
            Inner::SqliteRead(on) => sqlx::query_as_with(sql, sqlite(params)?).fetch_optional(&mut **on).await?,
            Inner::SqliteWrite(on) => sqlx::query_as_with(sql, sqlite(params)?).fetch_optional(&mut **on).await?,
            Inner::PostgresRead(on) => sqlx::query_as_with(sql, postgres(params)?).fetch_optional(&mut **on).await?,
            Inner::PostgresWrite(on) => sqlx::query_as_with(sql, postgres(params)?).fetch_optional(&mut **on).await?,
        })
    }

    pub(crate) async fn fetch_all<T: Row>(&mut self, sql: &'static str, params: &[&dyn Param]) -> Result<Vec<T>> {
        Ok(match &mut self.inner {
            Inner::SqliteRead(on) => sqlx::query_as_with(sql, sqlite(params)?).fetch_all(&mut **on).await?,
            Inner::SqliteWrite(on) => sqlx::query_as_with(sql, sqlite(params)?).fetch_all(&mut **on).await?,
            Inner::PostgresRead(on) => sqlx::query_as_with(sql, postgres(params)?).fetch_all(&mut **on).await?,
            Inner::PostgresWrite(on) => sqlx::query_as_with(sql, postgres(params)?).fetch_all(&mut **on).await?,
        })
    }
}

fn sqlite(params: &[&dyn Param]) -> Result<SqliteArguments> {
    let mut arguments = SqliteArguments::default();
    for param in params {
        param.bind_sqlite(&mut arguments).map_err(Error::internal)?;
    }
    Ok(arguments)
}

fn postgres(params: &[&dyn Param]) -> Result<PgArguments> {
    let mut arguments = PgArguments::default();
    for param in params {
        param.bind_postgres(&mut arguments).map_err(Error::internal)?;
    }
    Ok(arguments)
}

/// A document in a text column.
fn write_json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(Error::internal)
}

fn read_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(Error::internal)
}
