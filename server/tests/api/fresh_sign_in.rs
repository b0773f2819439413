//! Somebody who is signed in proves again who they are: their session goes on under another token, and whoever has the old one has a
//! moment in which it reads, and nothing else (OWASP ASVS 5.0, 7.2.4).

use crate::clients::{HTML, JSON, Kind, PASSWORD, Person, accounts, document, sign_up, stand};
use crate::support::http::{Answer, send};
use crate::support::stand::Stand;
use engine::effects::Outbound;
use engine::store::{Rows, identities};
use serde_json::{Value, json};

const ANNA: &str = "anna@vestibule.test";
const BERT: &str = "bert@vestibule.test";
const COOKIE: &str = "ory_kratos_session";

async fn signs_in(person: &mut Person, email: &str, more: &str) -> Answer {
    let begun =
        document(&person.ask("GET", &format!("/self-service/login/browser{more}"), JSON, &[], None).await);
    let nodes = begun["ui"]["nodes"].as_array().expect("nodes");
    let token = nodes.iter().find(|node| node["attributes"]["name"] == "csrf_token").expect("a token");
    let body = json!({
        "method": "password", "identifier": email, "password": PASSWORD,
        "csrf_token": token["attributes"]["value"],
    });
    let target = format!("/self-service/login?flow={}", begun["id"].as_str().expect("an id"));
    person.ask("POST", &target, JSON, &[("Content-Type", JSON)], Some(&body.to_string())).await
}

async fn asks(person: &Person, method: &str, target: &str, accept: &str, cookie: &str) -> Answer {
    let headers = [
        ("Host".to_owned(), person.site().public.clone()),
        ("Accept".to_owned(), accept.to_owned()),
        ("Cookie".to_owned(), format!("{COOKIE}={cookie}")),
    ];
    send(&person.site().public, method, target, &headers, None).await.expect("a response")
}

fn session(answer: &Answer) -> Value {
    document(answer)["session"].clone()
}

#[tokio::test]
async fn the_token_changes_and_the_old_one_reads_for_a_moment() {
    let (stand, site) = stand("memory", json!({})).await;
    sign_up(&site, Kind::Native, ANNA).await;
    let mut anna = Person::new(&site, Kind::Spa);
    let first = session(&signs_in(&mut anna, ANNA, "").await);
    let old = anna.cookie(COOKIE).expect("a session").to_owned();
    let answer = signs_in(&mut anna, ANNA, "?refresh=true").await;
    assert_eq!(answer.status, 200, "{}", document(&answer));
    let new = anna.cookie(COOKIE).expect("a session").to_owned();
    assert_eq!(session(&answer)["id"], first["id"], "the session is the same");
    assert_eq!(session(&answer)["authentication_methods"].as_array().map(Vec::len), Some(2));

    // It reads …
    for target in ["/sessions/whoami", "/sessions"] {
        assert_eq!(asks(&anna, "GET", target, JSON, &old).await.status, 200, "{target}");
    }
    // … and nothing else.
    assert_eq!(asks(&anna, "DELETE", "/sessions", JSON, &old).await.status, 401);
    let started = asks(&anna, "GET", "/self-service/login/browser?refresh=true", JSON, &old).await;
    assert_eq!(document(&started)["refresh"], false, "nobody is signed in by it");
    assert_eq!(asks(&anna, "GET", "/self-service/logout/browser", JSON, &old).await.status, 401);

    stand.world.clock.advance(std::time::Duration::from_secs(31));
    assert_eq!(asks(&anna, "GET", "/sessions/whoami", JSON, &old).await.status, 401);
    assert_eq!(asks(&anna, "GET", "/sessions/whoami", JSON, &new).await.status, 200);
}

#[tokio::test]
async fn the_old_token_dies_with_its_session_and_at_once_where_the_overlap_is_nothing() {
    for overlap in ["30s", "0s"] {
        let keys = json!({"vestibule": {"session": {"rotation_overlap": overlap}}});
        let (_stand, site) = stand("memory", keys).await;
        sign_up(&site, Kind::Native, ANNA).await;
        let mut anna = Person::new(&site, Kind::Spa);
        signs_in(&mut anna, ANNA, "").await;
        let old = anna.cookie(COOKIE).expect("a session").to_owned();
        signs_in(&mut anna, ANNA, "?refresh=true").await;
        let read = asks(&anna, "GET", "/sessions/whoami", JSON, &old).await.status;
        assert_eq!(read, if overlap == "0s" { 401 } else { 200 }, "{overlap}");
        let mut elsewhere = Person::new(&site, Kind::Spa);
        signs_in(&mut elsewhere, ANNA, "").await;
        assert_eq!(elsewhere.ask("DELETE", "/sessions", JSON, &[], None).await.status, 200);
        for token in [&old, anna.cookie(COOKIE).expect("a session")] {
            assert_eq!(asks(&anna, "GET", "/sessions/whoami", JSON, token).await.status, 401, "{overlap}");
        }
    }
}

/// Nobody could see that session any more, and it would live on.
#[tokio::test]
async fn whoever_takes_the_place_of_another_ends_their_session() {
    let (_stand, site) = stand("memory", json!({})).await;
    sign_up(&site, Kind::Native, ANNA).await;
    sign_up(&site, Kind::Native, BERT).await;
    assert_eq!(accounts(&site).await.len(), 2);
    let mut browser = Person::new(&site, Kind::Spa);
    signs_in(&mut browser, ANNA, "").await;
    let of_anna = browser.cookie(COOKIE).expect("a session").to_owned();
    let answer = signs_in(&mut browser, BERT, "?refresh=true").await;
    assert_eq!(session(&answer)["identity"]["traits"]["email"], BERT);
    assert_eq!(asks(&browser, "GET", "/sessions/whoami", JSON, &of_anna).await.status, 401);
    let of_bert = browser.cookie(COOKIE).expect("a session").to_owned();
    assert_eq!(asks(&browser, "GET", "/sessions/whoami", JSON, &of_bert).await.status, 200);
    assert_eq!(asks(&browser, "GET", "/welcome", HTML, &of_bert).await.status, 200);
}

/// The password is right when it is compared, and is another one, or the account is switched off, when the session would be stored.
async fn changed_meanwhile(dsn: &str) {
    const HOOK: &str = "https://hooks.vestibule.test/waits";
    let list = json!([{"hook": "web_hook", "config": {"url": HOOK, "method": "POST"}}]);
    let hook = json!({"selfservice": {"flows": {"login": {"after": {"password": {"hooks": list}}}}}});
    let (stand, site) = stand(dsn, hook).await;
    let outbound = stand.world.outbound.clone();
    outbound.answer(HOOK, "{}");
    // Rows of PostgreSQL are not rewritten from outside: there the password alone changes.
    let changes: &[&str] = if dsn == "memory" { &["", "password", "inactive"] } else { &["", "password"] };
    for (number, change) in changes.iter().enumerate() {
        let email = format!("anna-{number}@vestibule.test");
        sign_up(&site, Kind::Native, &email).await;
        let asked = outbound.requests().len();
        outbound.gather(2);
        let mut anna = Person::new(&site, Kind::Spa);
        let meanwhile = async {
            // Long enough for any machine, and an end where the web hook is never called.
            for _ in 0..10_000_000 {
                if outbound.requests().len() > asked {
                    break;
                }
                tokio::task::yield_now().await;
            }
            changes_now(&stand, &email, change).await;
            let hook = outbound.requests().pop().expect("a call");
            outbound.send(hook).await.expect("it goes on")
        };
        let (answer, _) = futures::join!(signs_in(&mut anna, &email, ""), meanwhile);
        let unchanged = change.is_empty();
        let expected = if unchanged { 200 } else { 400 };
        assert_eq!(answer.status, expected, "{change}: {}", document(&answer));
        assert_eq!(anna.cookie(COOKIE).is_some(), unchanged, "{change}");
        let whoami = anna.ask("GET", "/sessions/whoami", JSON, &[], None).await;
        assert_eq!(whoami.status == 200, unchanged, "{change}");
    }
}

async fn changes_now(stand: &Stand, email: &str, change: &str) {
    let database = stand.engine.db();
    if change == "inactive" {
        let accounts = Rows { table: "identities", only: None };
        assert!(database.rewrite(accounts, "state", "inactive").await.expect("rows") > 0);
    }
    if change == "password" {
        let mut tx = database.read().await.expect("a transaction");
        let found = identities::by_identifier(&mut tx, "password", email).await.expect("an answer");
        let (identity, _) = found.expect("an account");
        drop(tx);
        engine::testing::set_password_hash(&stand.engine, identity.id, "$2a$04$another").await;
    }
}

#[tokio::test]
async fn nobody_is_signed_in_by_what_is_no_longer_so() {
    changed_meanwhile("memory").await;
}

#[tokio::test]
async fn nobody_is_signed_in_by_what_is_no_longer_so_on_postgresql() {
    changed_meanwhile(&engine::testing::postgres::database().await).await;
}
