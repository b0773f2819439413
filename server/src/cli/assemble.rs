//! Creates an engine from the command line: configuration, database and the console's newest revision. Only few commands may create an
//! installation. For the others, a missing data folder is an error.

use super::Global;
use super::failure::{Failure, Outcome};
use super::output;
use engine::Engine;
use engine::config::Config;
use engine::config::load::{Loaded, Note, Sources, fetch, load};
use engine::effects::{Effects, SystemOutbound};
use engine::password::Hasher;
use engine::settings;
use engine::store::Db;
use std::path::{Path, PathBuf};

pub(super) struct Assembled {
    pub(super) engine: Engine,
    pub(super) notes: Vec<Note>,
    /// What the configuration was made of.
    pub(super) sources: Sources,
    /// The database file of the installation that this command created.
    pub(super) began: Option<PathBuf>,
}

/// What a command may do with the data folder.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Data {
    /// Create it, with secrets and database.
    Made,
    /// Use an existing one.
    Found,
}

/// The configuration's files and environment, for a command that creates nothing. Fetches identity schemas over http(s).
pub(super) async fn files(global: &Global) -> Outcome<Sources> {
    sources(global, Data::Found).await
}

async fn sources(global: &Global, data: Data) -> Outcome<Sources> {
    // The folder is created with its first file: generated secrets, or the database without a `dsn`. A deployment that has both elsewhere
    // needs no folder.
    let mut sources = Sources {
        files: global.config.clone(),
        environment: super::environment(),
        data: global.data.clone(),
        looks_only: data == Data::Found,
        ..Sources::default()
    };
    fetch(&mut sources, &SystemOutbound::new()).await;
    Ok(sources)
}

async fn connect(config: &Config, global: &Global) -> Outcome<Db> {
    Db::connect(config.dsn.as_deref(), &global.data).await.map_err(|error| Failure::database(&error))
}

/// The database of the configuration, or of `dsn`, without migrating it.
pub(super) async fn database_of(global: &Global, data: Data, dsn: Option<&str>) -> Outcome<Db> {
    let mut sources = sources(global, data).await?;
    sources.environment.extend(dsn.map(|dsn| ("DSN".to_owned(), dsn.to_owned())));
    let Loaded { config, .. } = load(&sources, None)?;
    if data == Data::Found {
        is_there(missing(&config, global)?.as_deref(), &config, global)?;
    }
    connect(&config, global).await
}

/// Applies the newest revision, like `serve`.
pub(super) async fn engine(global: &Global, data: Data) -> Outcome<Assembled> {
    let sources = sources(global, data).await?;
    // The console can't set the database, so the files name it.
    let Loaded { config, .. } = load(&sources, None)?;
    let began = missing(&config, global)?;
    if data == Data::Found {
        is_there(began.as_deref(), &config, global)?;
    }
    let db = ready_database(&config, global).await?;
    let loaded = settings::load_current(&db, &sources).await.map_err(|error| Failure::database(&error))?;
    let Loaded { config, notes } = loaded?;
    let engine = Engine::new(db, Effects::system(), Hasher::start(), config);
    Ok(Assembled { engine, notes, sources, began })
}

/// The configuration that `serve` would use. Without an installation, configuration files only. Creates nothing.
pub(super) async fn applying(global: &Global) -> Outcome<Config> {
    let sources = files(global).await?;
    let Loaded { config, .. } = load(&sources, None)?;
    if missing(&config, global)?.is_some() {
        output::aside(format!(
            "warning: no installation found in {} (--data). The output contains no console settings, and secrets without a configured value are invented.",
            folder(global).display()
        ));
        return Ok(config);
    }
    let db = ready_database(&config, global).await?;
    let loaded = settings::load_current(&db, &sources).await.map_err(|error| Failure::database(&error))?;
    Ok(loaded?.config)
}

/// Only the database, for commands that must work when the newest revision no longer fits the files.
pub(super) async fn database(global: &Global) -> Outcome<(Db, Sources)> {
    let sources = files(global).await?;
    let Loaded { config, .. } = load(&sources, None)?;
    is_there(missing(&config, global)?.as_deref(), &config, global)?;
    Ok((ready_database(&config, global).await?, sources))
}

/// The database file that doesn't exist yet.
fn missing(config: &Config, global: &Global) -> Outcome<Option<PathBuf>> {
    Db::missing(config.dsn.as_deref(), &global.data).map_err(|error| Failure::database(&error))
}

/// Fails with the expected location unless the installation exists.
fn is_there(missing: Option<&Path>, config: &Config, global: &Global) -> Outcome {
    match missing {
        None => Ok(()),
        Some(file) if config.dsn.is_some() => Err(Failure::Database(format!(
            "no installation found: the database file {} named by `dsn` doesn't exist\nhelp: correct `dsn`, or run `vestibule serve` to create the database",
            file.display()
        ))),
        Some(file) => Err(Failure::Database(format!(
            "no installation found in {}: {} doesn't exist\nhelp: set the folder with --data, or run `vestibule serve` to create an installation",
            folder(global).display(),
            file.file_name().unwrap_or_default().display()
        ))),
    }
}

/// As an absolute path, because a relative one depends on the working directory.
pub(super) fn folder(global: &Global) -> PathBuf {
    std::path::absolute(&global.data).unwrap_or_else(|_| global.data.clone())
}

async fn ready_database(config: &Config, global: &Global) -> Outcome<Db> {
    let db = connect(config, global).await?;
    let pending = db.pending_migrations().await.map_err(|error| Failure::database(&error))?;
    if pending > 0 && !db.is_sqlite() {
        return Err(Failure::Database(format!(
            "{pending} database migration{} pending\nhelp: create a backup, then run `vestibule migrate` with the same configuration",
            if pending == 1 { " is" } else { "s are" }
        )));
    }
    if pending > 0 {
        db.migrate().await.map_err(|error| Failure::database(&error))?;
    }
    Ok(db)
}
