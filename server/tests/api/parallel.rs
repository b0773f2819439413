//! Many sign-ups at once: none fails, and one address belongs to one person. Kratos on SQLite hangs at eight.

use crate::clients::{Kind, Outcome, Person, accounts, document, sign_up, stand, stand_with};
use engine::password::Hasher;
use serde_json::json;

async fn all_at_once(count: usize, limits: bool) {
    let (_stand, site) = stand("memory", json!({"vestibule": {"limits": {"enabled": limits}}})).await;
    let emails: Vec<String> = (0..count).map(|number| format!("person-{number}@vestibule.test")).collect();
    let outcomes = emails.iter().map(|email| sign_up(&site, Kind::Native, email));
    for outcome in futures::future::join_all(outcomes).await {
        assert_eq!(outcome, Outcome::NotSignedIn);
    }
    let (mut stored, mut expected) = (accounts(&site).await, emails);
    stored.sort();
    expected.sort();
    assert_eq!(stored, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_sign_ups_at_once_on_sqlite() {
    all_at_once(8, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_sign_ups_at_once_on_sqlite() {
    all_at_once(64, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_sign_ups_at_once_without_limits() {
    all_at_once(64, false).await;
}

/// How many want the same address at the same moment, and how often.
const RIVALS: usize = 64;
const ROUNDS: usize = 50;

/// All rivals' forms have been checked and none is stored when the barrier in the breach check opens.
async fn one_address(dsn: &str) {
    let breach_check = json!({"haveibeenpwned_enabled": true, "ignore_network_errors": true});
    let config = json!({"selfservice": {
        "methods": {"password": {"config": breach_check}},
        "flows": {"registration": {"after": {"password": {"hooks": [{"hook": "session"}]}}}},
    }, "vestibule": {"limits": {"sign_ups": {"per_client": 100_000}, "flows": {"per_client": 100_000}}}});
    let (stand, site) = stand(dsn, config).await;
    stand.world.outbound.gather(RIVALS);
    for round in 0..ROUNDS {
        let email = format!("wanted-{round}@vestibule.test");
        let rivals = (0..RIVALS).map(async |_| {
            let mut person = Person::new(&site, Kind::Native);
            let begun = person.begin().await;
            person.send(&begun, &email).await
        });
        let answers = futures::future::join_all(rivals).await;
        let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
        assert_eq!(won.len(), 1, "round {round}");
        for answer in lost {
            let flow = document(&answer);
            assert_eq!(
                (answer.status, flow["ui"]["messages"][0]["id"].as_u64()),
                (400, Some(4_000_007)),
                "{flow}"
            );
        }
    }
    assert_eq!(accounts(&site).await.len(), ROUNDS);
    assert_eq!(stand.world.outbound.asked().len(), RIVALS * ROUNDS, "everybody came to the barrier");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_sixty_four_gets_an_address_on_sqlite() {
    one_address("memory").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_sixty_four_gets_an_address_on_postgresql() {
    one_address(&engine::testing::postgres::database().await).await;
}

#[tokio::test]
async fn who_finds_the_queue_for_hashing_full_learns_when_to_come_back() {
    let (_stand, site) = stand_with("memory", json!({}), Hasher::sized(1, 0)).await;
    for kind in [Kind::Native, Kind::Spa] {
        let mut person = Person::new(&site, kind);
        let begun = person.begin().await;
        let answer = person.send(&begun, "person@vestibule.test").await;
        assert_eq!(answer.status, 503);
        let seconds = answer.header("retry-after").and_then(|seconds| seconds.parse::<u32>().ok());
        assert!(seconds.is_some_and(|seconds| seconds >= 1), "{:?}", answer.headers);
        assert_eq!(document(&answer)["error"]["code"], 503);
    }
    assert!(accounts(&site).await.is_empty());
}
