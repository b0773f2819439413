//! Who sent a request, as sessions show it and as the admin API judges it, over real connections from this machine.

use crate::clients::{JSON, Kind, Person, document, stand};
use crate::support::http::send;
use serde_json::{Value, json};

const TOKEN: &str = "a-long-admin-token-0123456789";

/// An app that signs up through a proxy: what its session shows as its address.
async fn address(site: &crate::clients::Site, email: &str, proxied: &[(&str, &str)]) -> Value {
    let mut app = Person::new(site, Kind::Native);
    let flow = document(&app.ask("GET", "/self-service/registration/api", JSON, proxied, None).await);
    let target = format!("/self-service/registration?flow={}", flow["id"].as_str().expect("an id"));
    let form =
        json!({"method": "password", "password": "Correct-Horse-9-Battery", "traits": {"email": email}});
    let mut headers = vec![("Content-Type", JSON), ("User-Agent", "an app")];
    headers.extend_from_slice(proxied);
    let answer = document(&app.post(&target, &headers, &form).await);
    let device = &answer["session"]["devices"][0];
    assert_eq!(device["user_agent"], "an app", "{answer}");
    device["ip_address"].clone()
}

fn signing_in() -> Value {
    json!({"flows": {"registration": {"after": {"password": {"hooks": [{"hook": "session"}]}}}}})
}

#[tokio::test]
async fn a_session_shows_the_address_that_the_proxy_wrote() {
    let proxies = json!({"selfservice": signing_in(), "vestibule": {"trusted_proxies": ["127.0.0.0/8"]}});
    let (_stand, site) = stand("memory", proxies).await;
    for (number, (header, written, expected)) in [
        ("X-Forwarded-For", "203.0.113.9", "203.0.113.9"),
        ("X-Forwarded-For", "1.1.1.1, 203.0.113.9:4711", "203.0.113.9"),
        ("X-Forwarded-For", "[2001:db8::1]:443", "2001:db8::1"),
        ("Forwarded", "for=\"[2001:db8::2]:443\";proto=https", "2001:db8::2"),
        ("X-Forwarded-For", "203.0.113.9, unknown", ""),
    ]
    .into_iter()
    .enumerate()
    {
        let shown = address(&site, &format!("p{number}@vestibule.test"), &[(header, written)]).await;
        assert_eq!(shown, expected, "{header}: {written}");
    }
    assert_eq!(address(&site, "direct@vestibule.test", &[]).await, "127.0.0.1");
}

#[tokio::test]
async fn a_session_shows_an_unnamed_proxys_own_address() {
    let (stand, site) = stand("memory", json!({"selfservice": signing_in()})).await;
    assert_eq!(stand.engine.noticed().unnamed_proxies().several, None);
    let forwarded = [("X-Forwarded-For", "203.0.113.9")];
    assert_eq!(address(&site, "one@vestibule.test", &forwarded).await, "127.0.0.1");
    let seen = stand.engine.noticed().unnamed_proxies();
    assert_eq!(seen.several, Some([127, 0, 0, 1].into()));
}

/// The status that the list of identities and the health check have for such headers.
async fn statuses(site: &crate::clients::Site, headers: &[(&str, &str)]) -> [u16; 2] {
    let mut all = vec![("Host".to_owned(), site.admin.clone())];
    all.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let list = send(&site.admin, "GET", "/admin/identities", &all, None).await.expect("an answer");
    let health = send(&site.admin, "GET", "/health/ready", &all, None).await.expect("an answer");
    [list.status, health.status]
}

#[tokio::test]
async fn the_admin_api_takes_nobody_for_near_whose_address_is_not_known() {
    let keys = json!({"vestibule": {"trusted_proxies": ["127.0.0.0/8"], "admin": {"token": TOKEN}}});
    let (_stand, site) = stand("memory", keys).await;
    let token = format!("Bearer {TOKEN}");
    for written in
        ["203.0.113.9:4711", "[2001:db8::1]:443", "unknown", "10.0.0.1, _hidden", "", "127.0.0.1, x"]
    {
        let forwarded = ("X-Forwarded-For", written);
        assert_eq!(statuses(&site, &[forwarded]).await, [401, 200], "{written}");
        assert_eq!(statuses(&site, &[forwarded, ("Authorization", &token)]).await, [200, 200], "{written}");
    }
    assert_eq!(statuses(&site, &[("X-Forwarded-For", "10.1.2.3")]).await, [200, 200]);
    assert_eq!(statuses(&site, &[("Forwarded", "for=_secret")]).await, [401, 200]);
    assert_eq!(statuses(&site, &[]).await, [200, 200], "loopback without such a header is a client");
}

#[tokio::test]
async fn a_proxy_that_is_not_named_brings_nobody_near() {
    let (_stand, site) = stand("memory", json!({})).await;
    assert_eq!(statuses(&site, &[("X-Forwarded-For", "127.0.0.1")]).await, [401, 200]);
    assert_eq!(statuses(&site, &[("Forwarded", "for=127.0.0.1")]).await, [401, 200]);
    assert_eq!(statuses(&site, &[("Authorization", "Bearer of-another-system")]).await, [200, 200]);
}

#[tokio::test]
async fn where_the_token_is_required_every_client_sends_it_but_for_health() {
    let keys = json!({"vestibule": {"admin": {"token": TOKEN, "require_token": true}}});
    let (_stand, site) = stand("memory", keys).await;
    assert_eq!(statuses(&site, &[]).await, [401, 200]);
    assert_eq!(statuses(&site, &[("Authorization", "Bearer wrong")]).await, [401, 200]);
    assert_eq!(statuses(&site, &[("Authorization", &format!("Bearer {TOKEN}"))]).await, [200, 200]);
}
