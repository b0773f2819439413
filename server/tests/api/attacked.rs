//! What attacks from outside found: each input here once took something from everybody else.

use crate::clients::{JSON, Kind, PASSWORD, Person, document, sign_up, stand};
use engine::gate::LISTS;
use futures::FutureExt as _;
use serde_json::{Value, json};

const ANNA: &str = "anna@vestibule.test";

/// A user's requests for their own sessions take no more than their part of the database's connections.
#[tokio::test]
async fn lists_of_sessions_wait_for_each_other_and_then_are_refused() {
    let (stand, site) = stand("memory", json!({})).await;
    sign_up(&site, Kind::Native, ANNA).await;
    let mut anna = Person::new(&site, Kind::Spa);
    let (flow, csrf) = anna.begin_sign_in().await;
    let fields = json!({"method": "password", "identifier": ANNA, "password": PASSWORD, "csrf_token": csrf});
    let target = format!("/self-service/login?flow={flow}");
    let answer = anna.ask("POST", &target, JSON, &[("Content-Type", JSON)], Some(&fields.to_string())).await;
    assert_eq!(answer.status, 200);
    let gate = stand.engine.gates().lists.clone();
    let mut inside = Vec::new();
    for _ in 0..LISTS.at_once {
        inside.push(gate.enter(LISTS).await.expect("a place"));
    }
    let mut waiting: Vec<_> = (0..LISTS.waiting).map(|_| Box::pin(gate.enter(LISTS))).collect();
    assert!(waiting.iter_mut().all(|one| one.as_mut().now_or_never().is_none()), "they wait");
    let answer = anna.ask("GET", "/sessions?per_page=1000", JSON, &[], None).await;
    assert_eq!(answer.status, 503);
    assert!(answer.header("retry-after").is_some());
    // Everything else goes on.
    assert_eq!(anna.ask("GET", "/sessions/whoami", JSON, &[], None).await.status, 200);
    drop((waiting, inside));
    let answer = anna.ask("GET", "/sessions?per_page=1000", JSON, &[], None).await;
    assert_eq!(answer.status, 200);
    let link = answer.header("link").expect("links").to_owned();
    assert!(link.contains("per_page=250>"), "{link}");
}

/// An app that follows the verification's `return_to` would lead its user there.
#[tokio::test]
async fn where_a_verification_leads_is_judged_as_every_return_to() {
    for (wanted, allowed) in [
        ("https://app.vestibule.test/after", true),
        ("https://evil.example/", false),
        ("//evil.example/", false),
        ("javascript:alert(1)", false),
        ("https://app.vestibule.test.evil.example/after", false),
    ] {
        let (_stand, site) = stand(
            "memory",
            json!({"identity": {"schemas": [{"id": "default", "url": "preset://email"}]}, "selfservice": {
                "allowed_return_urls": ["https://app.vestibule.test/"],
                "methods": {"code": {"enabled": true}},
                "flows": {
                    "verification": {"enabled": true},
                    "registration": {"after": {"password": {"hooks": [{"hook": "show_verification_ui"}]}}},
                },
            }}),
        )
        .await;
        let mut app = Person::new(&site, Kind::Native);
        let query = url::form_urlencoded::byte_serialize(wanted.as_bytes()).collect::<String>();
        let start = format!("/self-service/registration/api?after_verification_return_to={query}");
        let flow = document(&app.ask("GET", &start, JSON, &[], None).await);
        let target = format!("/self-service/registration?flow={}", flow["id"].as_str().expect("an id"));
        let body = json!({"method": "password", "password": PASSWORD, "traits": {"email": ANNA}}).to_string();
        let done = document(&app.ask("POST", &target, JSON, &[("Content-Type", JSON)], Some(&body)).await);
        let id = done["continue_with"][0]["flow"]["id"].as_str().expect("a verification").to_owned();
        let read = format!("/self-service/verification/flows?id={id}");
        let verification = document(&app.ask("GET", &read, JSON, &[], None).await);
        let expected = if allowed { json!(wanted) } else { Value::Null };
        assert_eq!(verification["return_to"], expected, "{wanted}");
    }
}
