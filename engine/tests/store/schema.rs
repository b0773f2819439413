//! The two schemas say the same, and what must not change cannot be changed by SQL either.

use engine::store::Db;
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use std::collections::BTreeMap;
use std::path::Path;

type Columns = BTreeMap<String, Vec<(String, bool)>>;

fn gather(rows: Vec<(String, String, bool)>) -> Columns {
    let mut tables = Columns::new();
    for (table, column, nullable) in rows {
        tables.entry(table).or_default().push((column, nullable));
    }
    tables
}

/// The connection ends before the folder does.
struct Raw {
    sqlite: SqliteConnection,
    postgres: PgConnection,
    _folder: tempfile::TempDir,
}

async fn raw() -> Raw {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vestibule.sqlite");
    Db::connect(None, folder.path()).await.unwrap().migrate().await.unwrap();
    let dsn = engine::testing::postgres::database().await;
    let db = Db::connect(Some(&dsn), Path::new("unused")).await.unwrap();
    assert!(db.pending_migrations().await.unwrap() > 0);
    assert_eq!(db.ready().await.unwrap_err().kind, engine::Kind::Busy);
    db.migrate().await.unwrap();
    db.ready().await.unwrap();
    Raw {
        sqlite: SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.unwrap(),
        postgres: PgConnection::connect(dsn.split("&max_conns").next().unwrap()).await.unwrap(),
        _folder: folder,
    }
}

#[tokio::test]
async fn both_databases_have_the_same_tables_columns_and_nulls() {
    let mut raw = raw().await;
    let sqlite: Vec<(String, String, bool)> = sqlx::query_as(
        "select m.name, c.name, c.\"notnull\" = 0 from sqlite_master m join pragma_table_info(m.name) c
         where m.type = 'table' and m.name not like 'sqlite_%' and m.name not like '_sqlx_%' order by m.name, c.cid",
    )
    .fetch_all(&mut raw.sqlite)
    .await
    .unwrap();
    let postgres: Vec<(String, String, bool)> = sqlx::query_as(
        "select table_name::text, column_name::text, is_nullable = 'YES' from information_schema.columns
         where table_schema = 'public' and table_name not like '\\_sqlx%' order by table_name, ordinal_position",
    )
    .fetch_all(&mut raw.postgres)
    .await
    .unwrap();
    let (sqlite, postgres) = (gather(sqlite), gather(postgres));
    assert_eq!(sqlite, postgres);
    assert!(sqlite.len() >= 13, "{:?}", sqlite.keys());
}

#[tokio::test]
async fn audit_and_revisions_cannot_be_changed_by_sql() {
    let mut raw = raw().await;
    let sqlite = [
        "insert into audit (id, at, actor, action, details) values (1, '', '', '', '')",
        "insert into settings_revisions values (1, '', '', 0, '', '', '')",
    ];
    let postgres = [
        "insert into audit (at, actor, action, details) values ('2026-01-01Z', '', '', '')",
        "insert into settings_revisions values (1, '2026-01-01Z', '', 0, '', '', '')",
    ];
    for (one, other) in sqlite.into_iter().zip(postgres) {
        sqlx::query(one).execute(&mut raw.sqlite).await.unwrap();
        sqlx::query(other).execute(&mut raw.postgres).await.unwrap();
    }
    for refused in [
        "update audit set actor = 'x'",
        "delete from audit",
        "update settings_revisions set settings = 'x'",
        "delete from settings_revisions",
    ] {
        assert!(sqlx::query(refused).execute(&mut raw.sqlite).await.is_err(), "SQLite: {refused}");
        assert!(sqlx::query(refused).execute(&mut raw.postgres).await.is_err(), "PostgreSQL: {refused}");
    }
    let replace = "insert or replace into audit (id, at, actor, action, details) values (1, '', 'x', '', '')";
    assert!(sqlx::query(replace).execute(&mut raw.sqlite).await.is_err());
    for table in ["audit", "settings_revisions"] {
        let truncate = format!("truncate {table}");
        assert!(sqlx::query(AssertSqlSafe(truncate)).execute(&mut raw.postgres).await.is_err());
        let (left,): (i64,) = sqlx::query_as(AssertSqlSafe(format!("select count(*) from {table}")))
            .fetch_one(&mut raw.sqlite)
            .await
            .unwrap();
        assert_eq!(left, 1);
    }
}
