//! Passwords that attackers try first: refused where an owner sets one, whatever the breach check can do, and never asked about where
//! one is compared, imported or set by an administrator.

use crate::clients::{JSON, Kind, Person, Site, document, stand};
use crate::session_hook::save;
use crate::support::http::send;
use engine::operators::Role;
use engine::testing::operator;
use serde_json::{Value, json};

const COMMON: [&str; 8] = [
    "password",
    "12345678",
    "iloveyou1",
    "qwertyuiop",
    "P@ssw0rd",
    "letmein123",
    "aaaaaaaaaaaa",
    "vestibule1234",
];

/// The status, and the ids of the messages at the password.
async fn sign_up(site: &Site, email: &str, password: &str) -> (u16, Vec<u64>) {
    let mut app = Person::new(site, Kind::Native);
    let flow = document(&app.ask("GET", "/self-service/registration/api", JSON, &[], None).await);
    let target = format!("/self-service/registration?flow={}", flow["id"].as_str().expect("an id"));
    let form = json!({"method": "password", "password": password, "traits": {"email": email}});
    let answer = app.post(&target, &[("Content-Type", JSON)], &form).await;
    let body = document(&answer);
    let nodes = body["ui"]["nodes"].as_array().cloned().unwrap_or_default();
    let ids = nodes
        .iter()
        .filter(|node| node["attributes"]["name"] == "password")
        .flat_map(|node| node["messages"].as_array().cloned().unwrap_or_default())
        .filter_map(|message| message["id"].as_u64());
    (answer.status, ids.collect())
}

async fn refused(keys: Value) {
    let (_stand, site) = stand("memory", keys).await;
    for (number, password) in COMMON.into_iter().enumerate() {
        let told = sign_up(&site, &format!("p{number}@example.org"), password).await;
        assert_eq!(told, (400, vec![4_000_034]), "{password}");
    }
    assert_eq!(sign_up(&site, "lovelace-byron@example.org", "byronlovelace").await.0, 400, "their own name");
    for (number, password) in ["hvqx72kd", "quiet copper meadow 73"].into_iter().enumerate() {
        let (status, _) = sign_up(&site, &format!("good{number}@vestibule.test"), password).await;
        assert_eq!(status, 200, "{password}");
    }
}

#[tokio::test]
async fn common_passwords_are_refused_with_the_breach_check_off() {
    refused(json!({})).await;
}

#[tokio::test]
async fn common_passwords_are_refused_where_the_breach_check_cannot_be_reached() {
    let keys = json!({"haveibeenpwned_enabled": true, "haveibeenpwned_host": "127.0.0.1:9"});
    refused(json!({"selfservice": {"methods": {"password": {"config": keys}}}})).await;
}

#[tokio::test]
async fn an_account_that_has_such_a_password_signs_in_and_an_administrator_may_set_one() {
    let (_stand, site) = stand("memory", json!({})).await;
    let headers = [("Host".to_owned(), site.admin.clone()), ("Content-Type".to_owned(), JSON.to_owned())];
    for (number, config) in [
        json!({"password": "password"}),
        // "password", as another system hashed it.
        json!({"hashed_password":
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"}),
    ]
    .into_iter()
    .enumerate()
    {
        let email = format!("old{number}@vestibule.test");
        let person = json!({"traits": {"email": email}, "credentials": {"password": {"config": config}}});
        let body = person.to_string();
        let made = send(&site.admin, "POST", "/admin/identities", &headers, Some(body.as_bytes())).await;
        assert_eq!(made.expect("an answer").status, 201);
        let mut app = Person::new(&site, Kind::Native);
        let flow = document(&app.ask("GET", "/self-service/login/api", JSON, &[], None).await);
        let target = format!("/self-service/login?flow={}", flow["id"].as_str().expect("an id"));
        let form = json!({"method": "password", "identifier": email, "password": "password"});
        assert_eq!(app.post(&target, &[("Content-Type", JSON)], &form).await.status, 200, "{email}");
    }
}

#[tokio::test]
async fn a_password_that_cannot_be_checked_is_accepted_while_the_setting_says_so() {
    // In tests the service of the breach check can't be reached.
    let check = json!({"haveibeenpwned_enabled": true});
    let (stand, site) =
        stand("memory", json!({"selfservice": {"methods": {"password": {"config": check}}}})).await;
    let password = "quiet copper meadow 73";
    assert_eq!(sign_up(&site, "accepted@example.org", password).await, (200, vec![]));
    let ada = operator(&stand.engine, Role::Owner);
    save(&stand.engine, &ada, |values| values.clone().having("breach_check_ignore_errors", false)).await;
    assert_eq!(sign_up(&site, "refused@example.org", password).await, (400, vec![4_000_005]));
}
