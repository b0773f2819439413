//! How the database is opened, and what each kind of transaction promises.

use super::*;
use std::path::Path;

async fn memory() -> Db {
    let db = Db::connect(Some("memory"), Path::new("unused")).await.unwrap();
    db.migrate().await.unwrap();
    db
}

#[tokio::test]
async fn sqlite_is_set_up_to_survive_a_power_cut() {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::connect(None, folder.path()).await.unwrap();
    for mut tx in [db.write().await.unwrap(), db.read().await.unwrap()] {
        let (mode,): (String,) = tx.fetch_one("pragma journal_mode", &[]).await.unwrap();
        let (keys,): (i64,) = tx.fetch_one("pragma foreign_keys", &[]).await.unwrap();
        assert_eq!((mode.as_str(), keys), ("wal", 1));
    }
    assert_eq!(flushes(&mut db.write().await.unwrap()).await, "full");
}

/// How the transaction, or the one statement, will be committed.
async fn flushes(tx: &mut Tx) -> String {
    match tx.driver() {
        Driver::Sqlite(_) => {
            let (level,): (i64,) = tx.fetch_one("pragma synchronous", &[]).await.unwrap();
            ["off", "normal", "full"][usize::try_from(level).unwrap()].to_owned()
        }
        Driver::Postgres(_) => {
            let (on,): (String,) = tx.fetch_one("show synchronous_commit", &[]).await.unwrap();
            if on == "off" { "normal".to_owned() } else { "full".to_owned() }
        }
    }
}

/// Whatever came before, and however it ended.
async fn each_commit_is_as_it_was_asked_for(db: &Db) {
    for _ in 0..3 {
        assert_eq!(flushes(&mut db.write().await.unwrap()).await, "full");
        assert_eq!(flushes(&mut db.write_single().await.unwrap()).await, "full");
        assert_eq!(flushes(&mut db.write_single_relaxed().await.unwrap()).await, "normal");
        assert_eq!(flushes(&mut db.write_relaxed().await.unwrap()).await, "normal");
        assert_eq!(flushes(&mut db.write_single().await.unwrap()).await, "full");
        let mut relaxed = db.write_relaxed().await.unwrap();
        relaxed.execute("delete from flow_errors", &[]).await.unwrap();
        relaxed.commit().await.unwrap();
        assert_eq!(flushes(&mut db.write_single().await.unwrap()).await, "full");
    }
    // A caller that leaves at any moment leaves no wrong promise behind.
    for steps in 0..40 {
        for durable in [true, false] {
            let leaves = async {
                for _ in 0..steps {
                    tokio::task::yield_now().await;
                }
            };
            tokio::select! {
                biased;
                begun = async { if durable { db.write().await } else { db.write_relaxed().await } } => drop(begun),
                () = leaves => {}
            }
            assert_eq!(flushes(&mut db.write_single_relaxed().await.unwrap()).await, "normal");
            assert_eq!(flushes(&mut db.write_single().await.unwrap()).await, "full");
        }
    }
}

#[tokio::test]
async fn sqlite_flushes_where_it_was_asked_to() {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::connect(None, folder.path()).await.unwrap();
    db.migrate().await.unwrap();
    each_commit_is_as_it_was_asked_for(&db).await;
}

#[tokio::test]
async fn postgresql_flushes_where_it_was_asked_to() {
    const WAITS: &str = "do $$ begin
        execute format('alter database %I set synchronous_commit = on', current_database());
    end $$";
    let dsn = crate::testing::postgres::database().await;
    // The tests' own server waits for no disk unless it is told to.
    let db = Db::connect(Some(&dsn), Path::new("unused")).await.unwrap();
    db.write_single().await.unwrap().execute(WAITS, &[]).await.unwrap();
    let db = Db::connect(Some(&dsn), Path::new("unused")).await.unwrap();
    db.migrate().await.unwrap();
    each_commit_is_as_it_was_asked_for(&db).await;
}

#[tokio::test]
async fn a_connection_that_had_to_be_opened_anew_flushes_again() {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::connect(None, folder.path()).await.unwrap();
    db.migrate().await.unwrap();
    assert_eq!(flushes(&mut db.write_single_relaxed().await.unwrap()).await, "normal");
    assert_eq!(flushes(&mut db.write_single().await.unwrap()).await, "full");
    assert_eq!(flushes(&mut db.write_single_relaxed().await.unwrap()).await, "normal");
    let mut tx = db.write_relaxed().await.unwrap();
    tx.execute("pragma temp_store = memory", &[]).await.unwrap();
    // As when its thread has ended.
    let State::Sqlite(lent) = &mut tx.state else { panic!("a file is SQLite") };
    lent.is_broken();
    drop(tx);
    let mut anew = db.write_single_relaxed().await.unwrap();
    let (store,): (i64,) = anew.fetch_one("pragma temp_store", &[]).await.unwrap();
    assert_eq!((store, flushes(&mut anew).await.as_str()), (0, "normal"), "another connection");
    drop(anew);
    assert_eq!(flushes(&mut db.write_single().await.unwrap()).await, "full");
}

#[tokio::test]
async fn a_transaction_that_sqlite_ended_by_itself_costs_nobody_else_theirs() {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::connect(None, folder.path()).await.unwrap();
    db.migrate().await.unwrap();
    for _ in 0..3 {
        let mut tx = db.write_relaxed().await.unwrap();
        // As SQLite does on a full disk.
        tx.execute("rollback", &[]).await.unwrap();
        drop(tx);
        assert_eq!(flushes(&mut db.write().await.unwrap()).await, "full");
        assert_eq!(flushes(&mut db.write_single_relaxed().await.unwrap()).await, "normal");
    }
    assert_eq!(db.connections()[0].idle, 1, "still one");
}

#[tokio::test]
async fn what_was_begun_and_left_is_rolled_back_though_nobody_else_asks() {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::connect(None, folder.path()).await.unwrap();
    db.migrate().await.unwrap();
    let mut tx = db.write().await.unwrap();
    tx.execute("insert into flow_errors (id, body, created_at) values (x'00', '{}', 'now')", &[])
        .await
        .unwrap();
    drop(tx);
    // As another process: it would wait for the lock, and be refused.
    let other = Db::connect(None, folder.path()).await.unwrap();
    other.write().await.unwrap().commit().await.unwrap();
    let (kept,): (i64,) =
        other.single().await.unwrap().fetch_one("select count(*) from flow_errors", &[]).await.unwrap();
    assert_eq!(kept, 0);
}

#[tokio::test]
async fn who_waits_too_long_is_told_to_come_again() {
    let folder = tempfile::tempdir().unwrap();
    let dsn = format!("sqlite://{}?_busy_timeout=20&max_conns=2", folder.path().join("x.sqlite").display());
    let db = Db::connect(Some(&dsn), Path::new("unused")).await.unwrap();
    db.migrate().await.unwrap();
    let writing = db.write().await.unwrap();
    assert_eq!(db.write_single().await.err().map(|error| error.kind), Some(Kind::Busy));
    drop(writing);
    db.write_single().await.unwrap();
    let reading = [db.read().await.unwrap(), db.single().await.unwrap()];
    assert_eq!(db.connections()[1].in_use, 2);
    assert_eq!(db.single().await.err().map(|error| error.kind), Some(Kind::Busy));
    drop(reading);
    db.single().await.unwrap();
    assert_eq!(db.connections()[1].in_use, 0);
}

#[tokio::test]
async fn closing_waits_for_who_has_a_connection_and_lends_no_other() {
    let db = memory().await;
    let reading = db.read().await.unwrap();
    let mut closing = std::pin::pin!(db.close());
    assert!(futures::poll!(&mut closing).is_pending());
    assert_eq!(db.single().await.err().map(|error| error.kind), Some(Kind::Busy));
    drop(reading);
    closing.await;
    assert_eq!(db.write().await.err().map(|error| error.kind), Some(Kind::Busy));
    assert!(db.connections().iter().all(|open| open.idle + open.in_use == 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn both_kinds_of_writers_wait_for_one_turn() {
    let folder = tempfile::tempdir().unwrap();
    // SQLite itself does not wait: two writers at once would be refused.
    let dsn = format!("sqlite://{}?_busy_timeout=60000", folder.path().join("x.sqlite").display());
    let db = Db::connect(Some(&dsn), Path::new("unused")).await.unwrap();
    db.migrate().await.unwrap();
    for durable in [true, false] {
        let mut tx = if durable { db.write().await.unwrap() } else { db.write_relaxed().await.unwrap() };
        let _: (i64,) = tx.fetch_one("pragma busy_timeout = 0", &[]).await.unwrap();
        tx.commit().await.unwrap();
    }
    let mut all = tokio::task::JoinSet::new();
    for number in 0..200_u8 {
        let db = db.clone();
        all.spawn(async move {
            let mut tx = match number % 4 {
                0 => db.write().await.unwrap(),
                1 => db.write_relaxed().await.unwrap(),
                2 => db.write_single().await.unwrap(),
                _ => db.write_single_relaxed().await.unwrap(),
            };
            tx.execute(
                "insert into flow_errors (id, body, created_at) values ($1, '{}', 'now')",
                &[&vec![number]],
            )
            .await
            .unwrap();
            // Every eighth is given up: its turn ends all the same.
            if number % 8 != 0 {
                tx.commit().await.unwrap();
            }
        });
    }
    while let Some(one) = all.join_next().await {
        one.unwrap();
    }
    let (kept,): (i64,) =
        db.single().await.unwrap().fetch_one("select count(*) from flow_errors", &[]).await.unwrap();
    assert_eq!(kept, 175);
}

#[tokio::test]
async fn a_reader_neither_waits_for_the_writer_nor_writes() {
    let db = memory().await;
    let mut writing = db.write().await.unwrap();
    writing
        .execute("insert into flow_errors (id, body, created_at) values (x'00', '{}', 'now')", &[])
        .await
        .unwrap();

    let mut reading = db.read().await.unwrap();
    let (seen,): (i64,) = reading.fetch_one("select count(*) from flow_errors", &[]).await.unwrap();
    assert_eq!(seen, 0);
    let refused = reading.execute("delete from flow_errors", &[]).await.unwrap_err();
    assert_eq!(refused.kind, Kind::Busy, "{:?}", refused.cause());
}

#[tokio::test]
async fn a_full_disk_is_busy_and_the_writer_recovers_without_a_restart() {
    const FILL: &str = "insert into flow_errors (id, body, created_at) values ($1, $2, 'now')";
    let db = memory().await;
    let large = "x".repeat(200_000);

    let mut tx = db.write().await.unwrap();
    let (pages,): (i64,) = tx.fetch_one("pragma page_count", &[]).await.unwrap();
    assert!(pages < 300);
    let _: (i64,) = tx.fetch_one("pragma max_page_count = 300", &[]).await.unwrap();
    let mut failed = None;
    for n in 0..10_u8 {
        if let Err(error) = tx.execute(FILL, &[&vec![n], &large]).await {
            failed = Some(error);
            break;
        }
    }
    let failed = failed.unwrap();
    assert_eq!((failed.kind, failed.retry_after.is_some()), (Kind::Busy, true), "{:?}", failed.cause());
    drop(tx);

    let mut tx = db.write().await.unwrap();
    let _: (i64,) = tx.fetch_one("pragma max_page_count = 100000", &[]).await.unwrap();
    tx.execute(FILL, &[&vec![1_u8], &large]).await.unwrap();
    tx.commit().await.unwrap();
    let (kept,): (i64,) =
        db.read().await.unwrap().fetch_one("select count(*) from flow_errors", &[]).await.unwrap();
    assert_eq!(kept, 1);
}

#[tokio::test]
async fn a_deleted_database_file_is_not_ready() {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::connect(None, folder.path()).await.unwrap();
    assert_eq!(db.ready().await.unwrap_err().kind, Kind::Busy, "not migrated yet");
    db.migrate().await.unwrap();
    db.ready().await.unwrap();
    let file = folder.path().join("vestibule.sqlite");
    std::fs::rename(&file, folder.path().join("away")).unwrap();
    db.look_for_file().await;
    for refused in
        [db.write().await, db.write_relaxed().await, db.write_single().await, db.write_single_relaxed().await]
    {
        assert_eq!(refused.err().map(|error| error.kind), Some(Kind::Busy));
    }
    assert_eq!(db.ready().await.unwrap_err().kind, Kind::Busy);
    std::fs::copy(folder.path().join("away"), &file).unwrap();
    assert_eq!(db.ready().await.unwrap_err().kind, Kind::Busy, "what is written goes into the other file");
    std::fs::rename(folder.path().join("away"), &file).unwrap();
    db.ready().await.unwrap();
    db.write().await.unwrap();
}

#[tokio::test]
async fn memory_leaves_no_file_behind() {
    let db = memory().await;
    let Pools::Sqlite { file, .. } = &db.pools else { panic!("memory is SQLite") };
    let file = file.path().to_owned();
    assert!(file.exists());
    let second = db.clone();
    drop(db);
    assert!(file.exists());
    drop(second);
    assert!(!file.exists() && !file.parent().unwrap().exists());
}

#[cfg(unix)]
#[tokio::test]
async fn the_database_file_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let db = Db::connect(None, folder.path()).await.unwrap();
    db.migrate().await.unwrap();
    for name in ["vestibule.sqlite", "vestibule.sqlite-wal"] {
        let mode = std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}
