//! Whether a database belongs to another program, checked before anything is written to it. Opening a SQLite file for writing already
//! changes it, so the check has its own connection there.

use super::{fault, migrate};
use crate::error::{Error, Kind, Result};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{Connection, PgPool};
use std::collections::BTreeSet;
use std::path::Path;

/// # Errors
/// A sentence that says whose database it is, and what to do.
pub(super) async fn refuse_on_sqlite(file: &Path) -> Result<()> {
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(false).read_only(true);
    // What cannot be read is told when it is opened in earnest.
    let Ok(mut connection) = SqliteConnection::connect_with(&options).await else { return Ok(()) };
    let tables = sqlx::query_as(migrate::TABLES_SQLITE).fetch_all(&mut connection).await;
    let _ = connection.close().await;
    tables.map_or(Ok(()), |tables: Vec<(String,)>| judge(tables))
}

/// # Errors
/// As [`refuse_on_sqlite`].
pub(super) async fn refuse_on_postgres(pool: &PgPool) -> Result<()> {
    judge(sqlx::query_as(migrate::TABLES_POSTGRES).fetch_all(pool).await.map_err(fault::error)?)
}

fn judge(tables: Vec<(String,)>) -> Result<()> {
    let tables: BTreeSet<String> = tables.into_iter().map(|(name,)| name).collect();
    let has = |name: &str| tables.contains(name);
    // Unreleased versions added their own table of migrations to it, so that one says nothing.
    if has("identities") && has("identity_credential_types") {
        return Err(refused(
            "This is the database of Ory Kratos, and nothing in it was changed. Vestibule has its own tables: set an empty database in \
             `dsn`. `vestibule config import` converts Kratos' configuration; docs/from-kratos.md explains how to transfer the accounts.",
        ));
    }
    if has(migrate::OWN_TABLE) {
        return Ok(());
    }
    let taken: Vec<&str> = migrate::tables().filter(|name| has(name)).collect();
    match taken.as_slice() {
        [] => Ok(()),
        names => Err(refused(&format!(
            "This database contains tables of another program with names that Vestibule needs, such as `{}`, and nothing in it was \
             changed. Set an empty database in `dsn`, or with PostgreSQL a user with its own schema.",
            names[0]
        ))),
    }
}

fn refused(sentence: &str) -> Error {
    Error::new(Kind::Invalid, sentence)
}
