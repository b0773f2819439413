//! A session that was ended is refused by the very next request, while other clients ask for it all the time.

use crate::clients::{JSON, Kind, Site, document, sign_up, stand};
use crate::support::http::{Answer, send};
use crate::support::stand::Stand;
use engine::session::{self, DeviceInfo};
use engine::store::{identities, sessions};
use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use tokio::sync::Barrier;

const ANNA: &str = "anna@vestibule.test";
const CLIENTS: usize = 8;
const SESSIONS: usize = 90;

/// How far the revocations are: numbers of sessions.
#[derive(Default)]
struct Progress {
    /// Those whose revocation was sent.
    sent: AtomicUsize,
    /// Those whose revocation was answered.
    answered: AtomicUsize,
}

async fn asks(site: &Site, method: &str, target: &str, token: &str, body: Option<&str>) -> Answer {
    let headers = [
        ("Host".to_owned(), site.public.clone()),
        ("Accept".to_owned(), JSON.to_owned()),
        ("Content-Type".to_owned(), JSON.to_owned()),
        ("X-Session-Token".to_owned(), token.to_owned()),
    ];
    send(&site.public, method, target, &headers, body.map(str::as_bytes)).await.expect("a response")
}

/// A session of Anna's, with its id.
async fn signs_in(stand: &Stand) -> (String, String) {
    let ctx = stand.engine.begin();
    let mut tx = ctx.db().write().await.expect("a transaction");
    let (anna, _) =
        identities::by_identifier(&mut tx, "password", ANNA).await.expect("an answer").expect("an account");
    let (session, token) = session::new(&ctx, &anna, "password", &DeviceInfo::default());
    sessions::insert(&mut tx, &session).await.expect("inserted");
    tx.commit().await.expect("committed");
    (token, session.id.to_string())
}

/// Ends a session, each time in another of the three ways that clients have.
async fn revokes(site: &Site, number: usize, keeper: &str, (token, id): &(String, String)) {
    let answer = match number % 3 {
        0 => {
            let body = json!({ "session_token": token }).to_string();
            asks(site, "DELETE", "/self-service/logout/api", "", Some(&body)).await
        }
        1 => asks(site, "DELETE", &format!("/sessions/{id}"), keeper, None).await,
        _ => asks(site, "DELETE", "/sessions", keeper, None).await,
    };
    assert!(matches!(answer.status, 200 | 204), "{number}: {}", answer.status);
}

/// Asks until the session is over; how often.
async fn watches(site: &Site, number: usize, token: &str, progress: &Progress, all: &Barrier) -> usize {
    let mut asked = 1;
    assert_eq!(asks(site, "GET", "/sessions/whoami", token, None).await.status, 200, "{number}");
    all.wait().await;
    loop {
        let is_over = progress.answered.load(SeqCst) > number;
        let status = asks(site, "GET", "/sessions/whoami", token, None).await.status;
        asked += 1;
        if is_over {
            assert_eq!(status, 401, "{number}: this request began after the revocation was answered");
            return asked;
        }
        let may_be_over = progress.sent.load(SeqCst) > number;
        assert!(status == 200 || status == 401 && may_be_over, "{number}: {status}");
    }
}

async fn refused_at_once(dsn: &str) {
    let (stand, site) = stand(dsn, json!({})).await;
    sign_up(&site, Kind::Native, ANNA).await;
    let (keeper, _) = signs_in(&stand).await;
    let progress = Progress::default();
    let mut asked = 0;
    for number in 0..SESSIONS {
        let session = signs_in(&stand).await;
        let all = Barrier::new(CLIENTS + 1);
        let watching = (0..CLIENTS).map(|_| watches(&site, number, &session.0, &progress, &all));
        let ending = async {
            all.wait().await;
            progress.sent.store(number + 1, SeqCst);
            revokes(&site, number, &keeper, &session).await;
            progress.answered.store(number + 1, SeqCst);
        };
        let (counts, ()) = futures::join!(futures::future::join_all(watching), ending);
        asked += counts.iter().sum::<usize>();
    }
    assert!(asked >= 2 * CLIENTS * SESSIONS, "{asked}");
    let kept = asks(&site, "GET", "/sessions/whoami", &keeper, None).await;
    assert_eq!(document(&kept)["identity"]["traits"]["email"], ANNA, "the others' ends are not its own");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_ended_session_is_refused_by_the_next_request() {
    refused_at_once("memory").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_ended_session_is_refused_by_the_next_request_on_postgresql() {
    refused_at_once(&engine::testing::postgres::database().await).await;
}
