//! The schema's migrations, compiled in: one folder for each database, with the same names. Only here do statements differ between
//! the databases.

use super::{Db, Driver, Pools, fault};
use crate::error::{Error, Kind, Result};
use sqlx::SqlStr;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqlitePool, SqlitePoolOptions};
use std::sync::LazyLock;

/// The texts of both folders by the names of their files.
macro_rules! histories {
    ($($file:literal),* $(,)?) => {
        static SQLITE: LazyLock<Migrator> =
            LazyLock::new(|| history(&[$(($file, include_str!(concat!("../../../migrations/sqlite/", $file, ".sql")))),*]));
        static POSTGRES: LazyLock<Migrator> =
            LazyLock::new(|| history(&[$(($file, include_str!(concat!("../../../migrations/postgres/", $file, ".sql")))),*]));
    };
}

histories!["0001_initial"];

/// As sqlx reads them out of a folder: `NUMBER_words_of_it`.
fn history(files: &[(&'static str, &'static str)]) -> Migrator {
    let step = |(file, text): &(&'static str, &'static str)| {
        let (number, words) = file.split_once('_')?;
        let sql = SqlStr::from_static(text);
        Some(Migration::new(
            number.parse().ok()?,
            words.replace('_', " ").into(),
            MigrationType::Simple,
            sql,
            false,
        ))
    };
    Migrator::with_migrations(files.iter().filter_map(step).collect())
}

/// sqlx's own table.
const EXISTS_SQLITE: &str =
    "select count(*) from sqlite_master where type = 'table' and name = '_sqlx_migrations'";
const EXISTS_POSTGRES: &str = "select count(*) from information_schema.tables
    where table_schema = current_schema() and table_name = '_sqlx_migrations'";
/// Databases of versions before 0.1.0 are not migrated.
const UNRELEASED: &str = "An unreleased version of Vestibule created this database. Start with an empty data folder, or an empty database.";
const APPLIED: &str = "select version, success, checksum from _sqlx_migrations order by version";

/// Of all programs.
pub(super) const TABLES_SQLITE: &str = "select name from sqlite_master where type = 'table'";
/// Those too that the user may not read. A search path that leads nowhere has none.
pub(super) const TABLES_POSTGRES: &str =
    "select tablename::text from pg_catalog.pg_tables where schemaname = current_schema()";

/// sqlx makes it before everything else.
pub(super) const OWN_TABLE: &str = "_sqlx_migrations";

/// The names of our tables, as the history of the schema makes them.
pub(super) fn tables() -> impl Iterator<Item = &'static str> {
    let name = |line: &'static str| line.strip_prefix("create table ")?.split([' ', '(']).next();
    SQLITE.iter().flat_map(move |step| step.sql.as_str().lines().filter_map(name))
}

pub(super) async fn run(db: &Db) -> Result<()> {
    // Reads first, so that a newer schema is refused with our sentence and untouched.
    if pending(db).await? == 0 {
        return Ok(());
    }
    let outcome = match &db.pools {
        Pools::Sqlite { writer, .. } => {
            // Meanwhile nothing else writes.
            let _turn = writer.connections.take().await.map_err(fault::error)?;
            // sqlx migrates what is a pool: for a reference to a connection, the compiler does not find out that the future is `Send`.
            let own = SqlitePoolOptions::new()
                .max_connections(1)
                .connect_with(writer.connections.options().clone())
                .await;
            let own: SqlitePool = own.map_err(fault::error)?;
            let outcome = SQLITE.run(&own).await;
            own.close().await;
            outcome
        }
        Pools::Postgres(pool) => POSTGRES.run(pool).await,
    };
    outcome.map_err(|error| {
        if let MigrateError::Execute(cause) = error {
            return fault::error(cause);
        }
        Error::new(
            Kind::Internal,
            format!(
                "The database could not be migrated: {error}. Restore the backup from before the upgrade."
            ),
        )
        .caused_by(error)
    })
}

pub(super) async fn pending(db: &Db) -> Result<usize> {
    let known: &Migrator = if db.is_sqlite() { &SQLITE } else { &POSTGRES };
    let mut tx = db.read().await?;
    let exists = match tx.driver() {
        Driver::Sqlite(_) => EXISTS_SQLITE,
        Driver::Postgres(_) => EXISTS_POSTGRES,
    };
    let (exists,): (i64,) = tx.fetch_one(exists, &[]).await?;
    if exists == 0 {
        return Ok(known.iter().count());
    }
    let applied: Vec<(i64, bool, Vec<u8>)> = tx.fetch_all(APPLIED, &[]).await?;
    // Until 0.1.0 the initial file is edited, and before it there were other files.
    let initial = applied.iter().find(|(version, ..)| *version == 1);
    if initial.is_some_and(|(.., checksum)| known.iter().all(|step| *step.checksum != **checksum)) {
        return Err(Error::new(Kind::Internal, UNRELEASED));
    }
    let ours = known.iter().map(|migration| migration.version).max().unwrap_or_default();
    let theirs = applied.iter().map(|(version, ..)| *version).max().unwrap_or_default();
    if theirs > ours {
        return Err(Error::new(
            Kind::Internal,
            format!(
                "The database has schema {theirs}, but this version supports {ours}: a newer version migrated it. Start the newer version, \
                 or restore the backup from before the upgrade."
            ),
        ));
    }
    for (version, success, checksum) in &applied {
        let same = known.iter().any(|step| step.version == *version && *step.checksum == **checksum);
        if !success || !same {
            return Err(Error::new(
                Kind::Internal,
                format!(
                    "Migration {version} in the database differs from the one of this version. Restore a backup, or start the version that \
                     applied it."
                ),
            ));
        }
    }
    Ok(known.iter().count() - applied.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    fn names(folder: &str) -> BTreeSet<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations").join(folder);
        std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn both_databases_have_the_same_migrations_and_none_is_left_out() {
        for (folder, history) in [("sqlite", &SQLITE), ("postgres", &POSTGRES)] {
            let ours: BTreeSet<String> = history
                .iter()
                .map(|step| format!("{:04}_{}.sql", step.version, step.description.replace(' ', "_")))
                .collect();
            assert_eq!(ours, names(folder));
        }
    }

    #[test]
    fn both_histories_make_the_tables_that_are_known() {
        let known: Vec<&str> = tables().collect();
        assert!(known.contains(&"identities") && known.len() > 20, "{known:?}");
        for history in [&SQLITE, &POSTGRES] {
            let made =
                history.iter().map(|step| step.sql.as_str().matches("create table ").count()).sum::<usize>();
            assert_eq!(made, known.len());
        }
    }

    #[tokio::test]
    async fn a_newer_schema_is_refused_with_what_to_do() {
        let db = Db::connect(Some("memory"), Path::new("unused")).await.unwrap();
        assert_eq!(db.pending_migrations().await.unwrap(), SQLITE.iter().count());
        db.migrate().await.unwrap();
        assert_eq!(db.pending_migrations().await.unwrap(), 0);
        db.migrate().await.unwrap();

        let mut tx = db.write().await.unwrap();
        tx.execute(
            "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
             values (9999, 'later', true, x'00', 0)",
            &[],
        )
        .await
        .unwrap();
        tx.commit().await.unwrap();
        for refused in [db.migrate().await.unwrap_err(), db.pending_migrations().await.unwrap_err()] {
            assert!(
                refused.to_string().contains("9999") && refused.to_string().contains("newer version"),
                "{refused}"
            );
        }
    }

    #[tokio::test]
    async fn a_database_of_an_unreleased_version_is_told_what_to_do() {
        let changed = "update _sqlx_migrations set checksum = x'00'";
        let older = "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
             values (13, 'social tests', true, x'00', 0)";
        for statements in [&[changed][..], &[changed, older]] {
            let db = Db::connect(Some("memory"), Path::new("unused")).await.unwrap();
            db.migrate().await.unwrap();
            let mut tx = db.write().await.unwrap();
            for statement in statements {
                tx.execute(statement, &[]).await.unwrap();
            }
            tx.commit().await.unwrap();
            for refused in [db.migrate().await.unwrap_err(), db.pending_migrations().await.unwrap_err()] {
                assert!(refused.to_string().contains("empty data folder"), "{refused}");
            }
        }
    }

    #[tokio::test]
    async fn a_migration_that_did_not_finish_is_refused() {
        let db = Db::connect(Some("memory"), Path::new("unused")).await.unwrap();
        db.migrate().await.unwrap();
        let mut tx = db.write().await.unwrap();
        tx.execute("update _sqlx_migrations set success = false", &[]).await.unwrap();
        tx.commit().await.unwrap();
        assert!(db.migrate().await.unwrap_err().to_string().contains("Restore a backup"));
    }
}
