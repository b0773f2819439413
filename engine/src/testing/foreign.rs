//! Databases of other programs: what is in them before Vestibule is pointed at them.

use sqlx::Connection;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use std::path::Path;

/// As Ory Kratos 26.2 makes them, those that tell it apart, with one row.
pub const KRATOS: &str = "
    create table schema_migration (version varchar(48) not null, version_self integer not null default 0);
    create table networks (id char(36) primary key);
    create table identity_credential_types (id char(36) primary key, name varchar(32) not null);
    create table identities (id char(36) primary key, schema_id varchar(2048) not null, traits text not null, nid char(36));
    create table identity_credentials (id char(36) primary key, config text not null, identity_id char(36) not null);
    create table sessions (id char(36) primary key, token varchar(39), identity_id char(36) not null);
    create table courier_messages (id char(36) primary key, status integer not null, recipient varchar(255) not null);
    create table selfservice_login_flows (id char(36) primary key, request_url text not null);
    insert into identities (id, schema_id, traits)
        values ('9f425a8d-7efc-4768-8f23-7647a74fdf13', 'default', '{\"email\": \"ann@example.org\"}');
";

/// Runs `statements` on a SQLite file, which is made.
///
/// # Panics
/// When they cannot be run.
pub async fn on_sqlite(file: &Path, statements: &'static str) {
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
    let mut connection = SqliteConnection::connect_with(&options).await.expect("a file");
    sqlx::raw_sql(statements).execute(&mut connection).await.expect("statements of SQLite");
    connection.close().await.expect("the file is closed");
}

/// The same on PostgreSQL. Says how many tables there are then.
///
/// # Panics
/// When they cannot be run.
pub async fn on_postgres(dsn: &str, statements: &'static str) -> i64 {
    const COUNT: &str = "select count(*) from pg_catalog.pg_tables where schemaname = current_schema()";
    let mut connection = PgConnection::connect(dsn).await.expect("the server answers");
    sqlx::raw_sql(statements).execute(&mut connection).await.expect("statements of PostgreSQL");
    let (tables,): (i64,) = sqlx::query_as(COUNT).fetch_one(&mut connection).await.expect("a number");
    connection.close().await.expect("the connection closes");
    tables
}
