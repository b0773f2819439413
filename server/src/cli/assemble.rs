//! From the command line to an engine: configuration, database, the newest revision of the console on top. Few commands may begin an
//! installation; for the others a data folder that is not there is a mistyped one.

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
    /// The new database file of an installation that this command began.
    pub(super) began: Option<PathBuf>,
}

/// What a command may do with the data folder.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Data {
    /// Make it, with secrets and database.
    Made,
    /// Work with what is there.
    Found,
}

/// The configuration's files and environment, for a command that makes nothing. Identity schemas by http(s) are fetched.
pub(super) async fn files(global: &Global) -> Outcome<Sources> {
    sources(global, Data::Found).await
}

async fn sources(global: &Global, data: Data) -> Outcome<Sources> {
    // The folder is made by what is kept there: generated secrets and the database that no `dsn` names. A deployment with both
    // elsewhere needs none.
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

/// The database of the files and the environment, or that of `dsn`, as it is: nothing is migrated.
pub(super) async fn database_of(global: &Global, data: Data, dsn: Option<&str>) -> Outcome<Db> {
    let mut sources = sources(global, data).await?;
    sources.environment.extend(dsn.map(|dsn| ("DSN".to_owned(), dsn.to_owned())));
    let Loaded { config, .. } = load(&sources, None)?;
    if data == Data::Found {
        is_there(missing(&config, global)?.as_deref(), &config, global)?;
    }
    connect(&config, global).await
}

/// The newest revision applies, as it does while serving.
pub(super) async fn engine(global: &Global, data: Data) -> Outcome<Assembled> {
    let sources = sources(global, data).await?;
    // Where the database is cannot be set in the console, so the files alone lead to it.
    let Loaded { config, .. } = load(&sources, None)?;
    let began = missing(&config, global)?;
    if data == Data::Found {
        is_there(began.as_deref(), &config, global)?;
    }
    let db = ready_database(&config, global).await?;
    let loaded = settings::load_current(&db, &sources).await.map_err(|error| Failure::database(&error))?;
    let Loaded { config, notes } = loaded?;
    Ok(Assembled { engine: Engine::new(db, Effects::system(), Hasher::start(), config), notes, began })
}

/// What applies while serving; where there is no installation yet, what the files say alone. Makes nothing.
pub(super) async fn applying(global: &Global) -> Outcome<Config> {
    let sources = files(global).await?;
    let Loaded { config, .. } = load(&sources, None)?;
    if missing(&config, global)?.is_some() {
        output::aside(format!(
            "There is no installation in {} (--data): what a console saved is not in this, and secrets that no file names are made up.",
            folder(global).display()
        ));
        return Ok(config);
    }
    let db = ready_database(&config, global).await?;
    let loaded = settings::load_current(&db, &sources).await.map_err(|error| Failure::database(&error))?;
    Ok(loaded?.config)
}

/// The database alone, for what must work when the newest revision no longer fits the files.
pub(super) async fn database(global: &Global) -> Outcome<(Db, Sources)> {
    let sources = files(global).await?;
    let Loaded { config, .. } = load(&sources, None)?;
    is_there(missing(&config, global)?.as_deref(), &config, global)?;
    Ok((ready_database(&config, global).await?, sources))
}

/// The database file that would have to be made.
fn missing(config: &Config, global: &Global) -> Outcome<Option<PathBuf>> {
    Db::missing(config.dsn.as_deref(), &global.data).map_err(|error| Failure::database(&error))
}

/// A sentence that says where the installation was looked for, unless it is there.
fn is_there(missing: Option<&Path>, config: &Config, global: &Global) -> Outcome {
    match missing {
        None => Ok(()),
        Some(file) if config.dsn.is_some() => Err(Failure::Database(format!(
            "there is no installation: the database file {} of the `dsn` is not there. Name another in `dsn`; `vestibule serve` makes a new one",
            file.display()
        ))),
        Some(file) => Err(Failure::Database(format!(
            "there is no installation in {}: {} is not there. Name the folder with --data; `vestibule serve` begins a new one",
            folder(global).display(),
            file.file_name().unwrap_or_default().display()
        ))),
    }
}

/// In full: a relative one is another one elsewhere.
pub(super) fn folder(global: &Global) -> PathBuf {
    std::path::absolute(&global.data).unwrap_or_else(|_| global.data.clone())
}

async fn ready_database(config: &Config, global: &Global) -> Outcome<Db> {
    let db = connect(config, global).await?;
    let pending = db.pending_migrations().await.map_err(|error| Failure::database(&error))?;
    if pending > 0 && !db.is_sqlite() {
        return Err(Failure::Database(format!(
            "{pending} migration{} missing in the database. Make a backup, then run `vestibule migrate` with the same \
             configuration.",
            if pending == 1 { " is" } else { "s are" }
        )));
    }
    if pending > 0 {
        db.migrate().await.map_err(|error| Failure::database(&error))?;
    }
    Ok(db)
}
