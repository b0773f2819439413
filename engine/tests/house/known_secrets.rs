//! Servers with and without the secrets that their database was used with: rotation goes on, a stranger is refused.

use engine::Engine;
use engine::known_secrets::{Unknown, accept, record};
use engine::store::secret_fingerprints;
use engine::testing::{World, postgres};
use serde_json::{Value, json};

const A: &str = "secret a of nobody, 32 character";
const B: &str = "secret b of nobody, 32 character";
const C: &str = "secret c of nobody, 32 character";

/// A server on that database, by its own data folder and configuration.
async fn server(dsn: &str, secrets: Value) -> Engine {
    World::default().engine(dsn, vec![json!({"secrets": secrets})]).await
}

/// The same secrets for everything.
fn all(secrets: &[&str]) -> Value {
    json!({"default": secrets, "cookie": secrets, "cipher": secrets})
}

async fn rows(engine: &Engine) -> usize {
    secret_fingerprints::list(&mut engine.db().read().await.unwrap()).await.unwrap().len()
}

async fn starts(dsn: &str, secrets: Value, known: usize) {
    let server = server(dsn, secrets.clone()).await;
    assert_eq!(record(&server).await.unwrap(), Ok(()), "{secrets}");
    assert_eq!(rows(&server).await, known, "{secrets}");
}

async fn is_refused(dsn: &str, secrets: Value, kinds: &[&'static str]) {
    let server = server(dsn, secrets.clone()).await;
    let before = rows(&server).await;
    let refused = record(&server).await.unwrap();
    assert_eq!(refused, Err(Unknown(kinds.to_vec())), "{secrets}");
    let told = refused.unwrap_err().to_string();
    assert!(kinds.iter().all(|kind| told.contains(kind)), "{told}");
    assert!(told.contains("secrets.json") && told.contains("vestibule secrets accept"), "{told}");
    assert!(![A, B, C].iter().any(|secret| told.contains(secret)), "{told}");
    assert_eq!(rows(&server).await, before, "a server that is refused leaves nothing behind");
}

const ALL: [&str; 3] = ["secrets.default", "secrets.cookie", "secrets.cipher"];

async fn a_life(dsn: &str) {
    starts(dsn, all(&[A]), 1).await;
    starts(dsn, all(&[A]), 1).await;
    is_refused(dsn, all(&[B]), &ALL).await;
    // Rotation: both for a while, then the new one alone. A server that is a step behind goes on.
    starts(dsn, all(&[B, A]), 2).await;
    starts(dsn, all(&[A]), 2).await;
    starts(dsn, all(&[B]), 2).await;
    is_refused(dsn, all(&[C]), &ALL).await;
    // Each kind by itself, and a secret may move from one to another.
    is_refused(dsn, json!({"default": [B], "cookie": [C], "cipher": [A]}), &["secrets.cookie"]).await;
    is_refused(
        dsn,
        json!({"default": [C], "cookie": [A], "cipher": [C]}),
        &["secrets.default", "secrets.cipher"],
    )
    .await;
    starts(dsn, json!({"default": [B], "cookie": [C, B], "cipher": [A]}), 3).await;
    starts(dsn, all(&[C]), 3).await;
    // The others are lost.
    let server = server(dsn, all(&[B])).await;
    accept(&server).await.unwrap();
    assert_eq!(rows(&server).await, 1);
    starts(dsn, all(&[B]), 1).await;
    is_refused(dsn, all(&[C]), &ALL).await;
}

#[tokio::test]
async fn a_server_starts_with_secrets_that_its_database_knows() {
    let folder = tempfile::tempdir().unwrap();
    a_life(&format!("sqlite://{}", folder.path().join("x.sqlite").display())).await;
}

#[tokio::test]
async fn a_server_on_postgresql_starts_with_secrets_that_its_database_knows() {
    a_life(&postgres::database().await).await;
}

/// Of those that begin at the same moment, all with the secrets of the first one that came.
async fn at_once(dsn: &str) {
    let mut servers = Vec::new();
    for number in 0..8 {
        servers.push(server(dsn, all(&[[A, B][number % 2]])).await);
    }
    let outcomes = futures::future::join_all(servers.iter().map(record)).await;
    let started: Vec<bool> = outcomes.into_iter().map(|outcome| outcome.unwrap().is_ok()).collect();
    let of = |which: usize| started.iter().skip(which).step_by(2).filter(|started| **started).count();
    assert!([(4, 0), (0, 4)].contains(&(of(0), of(1))), "{started:?}");
    assert_eq!(rows(&servers[0]).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_that_start_at_once_one_decides() {
    let folder = tempfile::tempdir().unwrap();
    at_once(&format!("sqlite://{}", folder.path().join("x.sqlite").display())).await;
    at_once(&postgres::database().await).await;
}
