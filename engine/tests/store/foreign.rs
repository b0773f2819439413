//! Databases of other programs, Ory Kratos' first: refused with what to do, and left as they are, whatever is asked of them.

use engine::Kind;
use engine::store::Db;
use engine::testing::foreign::{KRATOS, on_postgres, on_sqlite};
use engine::testing::postgres;
use std::path::Path;

/// Databases, and what the refusal names.
const CASES: [(&str, &[&str]); 4] = [
    (KRATOS, &["Kratos", "`dsn`", "docs/from-kratos.md", "nothing in it was changed"]),
    ("create table sessions (id integer primary key)", &["`sessions`", "`dsn`", "nothing in it was changed"]),
    ("create table flows (a integer); create table audit (a integer)", &["`flows`", "`dsn`"]),
    // What versions before the check left in Kratos' database.
    (
        "create table identities (id char(36)); create table identity_credential_types (id char(36));
      create table _sqlx_migrations (version bigint primary key)",
        &["Kratos"],
    ),
];

fn is_refused(opened: engine::Result<Db>, names: &[&str]) {
    let Err(refused) = opened else { panic!("{names:?} is refused") };
    assert_eq!(refused.kind, Kind::Invalid);
    for name in names {
        assert!(refused.to_string().contains(name), "{name}: {refused}");
    }
}

#[tokio::test]
async fn a_file_of_another_program_is_refused_and_not_a_byte_of_it_changes() {
    for (statements, names) in CASES {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("theirs.sqlite");
        on_sqlite(&file, statements).await;
        let before = std::fs::read(&file).unwrap();
        let dsn = format!("sqlite://{}?_fk=true&mode=rwc", file.display());
        is_refused(Db::connect(Some(&dsn), Path::new("unused")).await, names);
        assert_eq!(std::fs::read(&file).unwrap(), before, "{names:?}");
        let others: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|one| one.unwrap().file_name()).collect();
        assert_eq!(others, ["theirs.sqlite"], "no log beside it");
    }
}

#[tokio::test]
async fn a_database_of_another_program_gets_no_table() {
    for (statements, names) in CASES {
        let dsn = postgres::database().await;
        let tables = on_postgres(&dsn, statements).await;
        is_refused(Db::connect(Some(&dsn), Path::new("unused")).await, names);
        assert_eq!(on_postgres(&dsn, "").await, tables, "{names:?}");
    }
}

/// Ours, an empty one, and one that holds something else under other names.
#[tokio::test]
async fn what_stands_in_nobodys_way_is_taken() {
    const ELSE: &str = "create table invoices (id integer primary key)";
    for statements in ["", ELSE] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ours.sqlite");
        on_sqlite(&file, statements).await;
        let on_file = format!("sqlite://{}", file.display());
        let on_server = postgres::database().await;
        on_postgres(&on_server, statements).await;
        for dsn in [on_file, on_server] {
            for _ in 0..2 {
                let db = Db::connect(Some(&dsn), Path::new("unused")).await.unwrap();
                db.migrate().await.unwrap();
                db.close().await;
            }
        }
    }
    // An empty file, and one that is no database, are as before.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("some.sqlite");
    std::fs::write(&file, "").unwrap();
    let dsn = format!("sqlite://{}", file.display());
    Db::connect(Some(&dsn), Path::new("unused")).await.unwrap().migrate().await.unwrap();
    let text = folder.path().join("text.sqlite");
    std::fs::write(&text, "a letter to somebody, and no database at all".repeat(50)).unwrap();
    let dsn = format!("sqlite://{}", text.display());
    let Err(refused) = Db::connect(Some(&dsn), Path::new("unused")).await else { panic!("no database") };
    assert!(refused.to_string().contains("text.sqlite"), "{refused}");
}
