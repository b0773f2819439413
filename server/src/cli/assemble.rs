//! From the command line to an engine: configuration, database, the newest revision of the console on top.

use super::Global;
use super::failure::{Failure, Outcome};
use super::secret_file;
use engine::Engine;
use engine::config::Config;
use engine::config::load::{Loaded, Note, Sources, fetch, load};
use engine::effects::{Effects, SystemOutbound};
use engine::password::Hasher;
use engine::settings;
use engine::store::Db;

pub(super) struct Assembled {
    pub(super) engine: Engine,
    pub(super) notes: Vec<Note>,
}

/// Makes the data folder, where secrets are generated and the SQLite file lies.
/// Identity schemas by http(s) are fetched.
pub(super) async fn sources(global: &Global) -> Outcome<Sources> {
    secret_file::data_folder(&global.data)?;
    let mut sources = Sources {
        files: global.config.clone(),
        environment: super::environment(),
        data: global.data.clone(),
        ..Sources::default()
    };
    fetch(&mut sources, &SystemOutbound::new()).await;
    Ok(sources)
}

async fn connect(config: &Config, global: &Global) -> Outcome<Db> {
    Db::connect(config.dsn.as_deref(), &global.data).await.map_err(|error| Failure::database(&error))
}

pub(super) async fn migrate(global: &Global) -> Outcome {
    let Loaded { config, .. } = load(&sources(global).await?, None)?;
    let db = connect(&config, global).await?;
    let pending = db.pending_migrations().await.map_err(|error| Failure::database(&error))?;
    db.migrate().await.map_err(|error| Failure::database(&error))?;
    match pending {
        0 => println!("The database is up to date."),
        1 => println!("Applied 1 migration."),
        many => println!("Applied {many} migrations."),
    }
    Ok(())
}

/// The newest revision applies, as it does while serving.
pub(super) async fn engine(global: &Global) -> Outcome<Assembled> {
    let sources = sources(global).await?;
    // Where the database is cannot be set in the console, so the files alone lead to it.
    let Loaded { config, .. } = load(&sources, None)?;
    let db = ready_database(&config, global).await?;
    let loaded = settings::load_current(&db, &sources).await.map_err(|error| Failure::database(&error))?;
    let Loaded { config, notes } = loaded?;
    Ok(Assembled { engine: Engine::new(db, Effects::system(), Hasher::start(), config), notes })
}

/// The database alone, for what must work when the newest revision no longer fits the files.
pub(super) async fn database(global: &Global) -> Outcome<(Db, Sources)> {
    let sources = sources(global).await?;
    let Loaded { config, .. } = load(&sources, None)?;
    Ok((ready_database(&config, global).await?, sources))
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
