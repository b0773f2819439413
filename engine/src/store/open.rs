//! Opening a database: what a DSN names, whether it is ours, its schema, and whether it can be used.

use super::connections::Connections;
use super::dsn::Dsn;
use super::file::DatabaseFile;
#[cfg(any(test, feature = "testing"))]
use super::ran::Ran;
use super::writer::Writer;
use super::{Db, GONE, PATIENCE, Pools, errors, foreign, migrate, not_ready};
use crate::error::{Error, Kind, Result};
use crate::metrics::Sessions;
use sqlx::Connection;
use sqlx::pool::PoolOptions;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How long [`Db::ready`] waits for an answer.
pub(super) const READY_WITHIN: Duration = Duration::from_secs(2);

/// Connections to PostgreSQL unless the DSN says `max_conns` (Kratos: 2 per processor; we hash elsewhere and hold
/// transactions briefly, so a fixed number does).
const POSTGRES_CONNECTIONS: u32 = 20;

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
}

pub(super) fn pool<D: sqlx::Database>(connections: u32) -> PoolOptions<D> {
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
    // The writer comes first: it turns write-ahead logging on and repairs what a crash left behind.
    let writer = Connections::open(options.clone().journal_mode(SqliteJournalMode::Wal), 1, patience)
        .await
        .map_err(|error| cannot_open(&what(), error))?;
    let processors = std::thread::available_parallelism().map_or(4, std::num::NonZero::get);
    let readers = max_connections.unwrap_or(u32::try_from(processors * 2).unwrap_or(4).clamp(4, 16)).max(1);
    let options = options.create_if_missing(false).read_only(true);
    let readers =
        Connections::open(options, readers, patience).await.map_err(|error| cannot_open(&what(), error))?;
    let file = Arc::new(DatabaseFile::new(file));
    Ok(Pools::Sqlite { writer: Writer::new(writer, synchronous), readers, file })
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
pub(super) async fn unreached(options: &PgConnectOptions, error: sqlx::Error) -> Error {
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
