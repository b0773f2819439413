//! What applies when several change it at once, in one process and in several.

use engine::Engine;
use engine::config::load::{Sources, load};
use engine::operators::Role;
use engine::password::Hasher;
use engine::settings::{self, Saved};
use engine::store::Db;
use engine::testing::{World, effects, operator, postgres};
use futures::poll;
use serde_json::json;
use std::pin::pin;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::yield_now;

/// Saves on what applies there.
async fn save(engine: &Engine, length: u32) -> Saved {
    let current = settings::current(engine).await.unwrap();
    let values = current.values.having("min_password_length", length);
    settings::save(engine, &operator(engine, Role::Owner), current.revision, &values, "").await.unwrap()
}

/// Waits for whatever brings it: long enough for a machine that has other work, and not as long as a silence after which a listener
/// reads anyway.
async fn applies(engine: &Engine, revision: i64) {
    let brought = async {
        while engine.begin().config.revision != revision {
            yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), brought).await.unwrap();
}

#[tokio::test]
async fn postgresql_announces_a_save_also_after_the_connection_was_cut() {
    let (world, dsn) = (World::default(), postgres::database().await);
    let (one, other) = (world.engine(&dsn, vec![]).await, world.engine(&dsn, vec![]).await);
    // Nobody looks here: what comes was announced, or read when listening began.
    let saves = async {
        for revision in 1..=2 {
            assert!(matches!(save(&one, 10 + revision).await, Saved::Done { .. }));
            applies(&other, revision.into()).await;
        }
        assert_eq!(postgres::cut_listeners(&dsn).await, 1);
        for revision in 3..=4 {
            assert!(matches!(save(&one, 10 + revision).await, Saved::Done { .. }));
            applies(&other, revision.into()).await;
        }
    };
    tokio::select! {
        () = settings::listen(&other) => panic!("listening ended"),
        () = saves => {}
    }
    assert_eq!(other.begin().config.selfservice.password.min_password_length, 14);
}

#[tokio::test]
async fn when_two_servers_save_at_once_the_newest_revision_is_in_force_at_both() {
    let (world, dsn) = (World::default(), postgres::database().await);
    let (one, other) = (world.engine(&dsn, vec![]).await, world.engine(&dsn, vec![]).await);
    let saves = async |engine: &Engine, lengths: std::ops::Range<u32>| {
        for length in lengths {
            // Until what somebody saved meanwhile has come here.
            while let Saved::Conflict { .. } = save(engine, length).await {
                yield_now().await;
            }
        }
    };
    let both = async {
        tokio::join!(saves(&one, 10..16), saves(&other, 20..26));
        tokio::join!(applies(&one, 12), applies(&other, 12));
    };
    tokio::select! {
        _ = async { tokio::join!(settings::listen(&one), settings::listen(&other)) } => panic!("listening ended"),
        () = both => {}
    }
    let length = |engine: &Engine| engine.begin().config.selfservice.password.min_password_length;
    assert_eq!(length(&one), length(&other));
}

#[tokio::test]
async fn a_save_during_a_reload_of_the_files_applies_on_top_of_it() {
    let data = tempfile::tempdir().unwrap();
    let base = json!({
        "identity": {"schemas": [{"id": "default", "url": "preset://email"}]},
        "secrets": {"default": ["a-secret-of-this-test-and-none-else"]},
    });
    let files = |more| Sources {
        documents: vec![base.clone(), more],
        data: data.path().to_path_buf(),
        ..Sources::default()
    };
    let db = Db::connect(None, data.path()).await.unwrap();
    db.migrate().await.unwrap();
    let config = load(&files(json!({})), None).unwrap().config;
    let engine = Engine::new(db, effects(), Hasher::sized(1, 8), config);
    let changed = files(json!({"selfservice": {"flows": {"login": {"lifespan": "7m"}}}}));

    let (read, is_read) = oneshot::channel();
    let (go_on, may_go_on) = oneshot::channel();
    let reload = engine.reconfigure(move |engine| async move {
        let loaded = settings::load_current(engine.db(), &changed).await?.unwrap();
        read.send(()).unwrap();
        may_go_on.await.unwrap();
        Ok(((), Some(loaded.config)))
    });
    let saved = async {
        is_read.await.unwrap();
        let mut save = pin!(save(&engine, 12));
        for _ in 0..20_000 {
            assert!(poll!(&mut save).is_pending(), "it did not wait for the reload");
            yield_now().await;
        }
        go_on.send(()).unwrap();
        save.await
    };
    let (reloaded, saved) = tokio::join!(reload, saved);
    reloaded.unwrap();
    assert!(matches!(saved, Saved::Done { revision: 1 }), "{saved:?}");
    let config = engine.begin().config;
    assert_eq!((config.revision, config.selfservice.password.min_password_length), (1, 12));
    assert_eq!(config.selfservice.login.lifespan, Duration::from_secs(7 * 60));
}
