//! `/admin/metrics/prometheus`: what is counted, whether it is true, and that no label tells who somebody is.

use crate::clients::{JSON, Kind, Person, Site, sign_up, stand};
use crate::support::http::{Answer, send};
use crate::support::sink::Sink;
use crate::support::stand::Stand;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::metrics::{self, ALL};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const PATH: &str = "/admin/metrics/prometheus";

async fn ask(site: &Site, target: &str) -> Answer {
    let headers = [("Host".to_owned(), site.admin.clone())];
    send(&site.admin, "GET", target, &headers, None).await.expect("an answer")
}

/// Each sample with its labels as they are written, and its value.
async fn scrape(site: &Site) -> BTreeMap<String, f64> {
    let answer = ask(site, PATH).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let text = String::from_utf8(answer.body).expect("text");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (sample, value) = line.rsplit_once(' ').expect("a value");
            (sample.to_owned(), value.parse().expect("a number"))
        })
        .collect()
}

fn flow(flow: &str, method: &str, outcome: &str) -> String {
    format!("vestibule_flows_submitted_total{{flow=\"{flow}\",method=\"{method}\",outcome=\"{outcome}\"}}")
}

fn value(samples: &BTreeMap<String, f64>, sample: &str) -> f64 {
    samples.get(sample).copied().unwrap_or_default()
}

/// Verification on, one web hook that a sign-up waits for and one that it does not.
async fn busy(sink: &Sink) -> (Stand, Site) {
    let hook = |path: &str, ignore: bool| {
        json!({"hook": "web_hook", "config": {
            "url": format!("{}/{path}", sink.base), "method": "POST", "response": {"ignore": ignore},
        }})
    };
    let schema = json!({
        "type": "object",
        "properties": {"traits": {
            "type": "object",
            "properties": {"email": {
                "type": "string", "format": "email", "title": "E-mail",
                "ory.sh/kratos": {
                    "credentials": {"password": {"identifier": true}}, "verification": {"via": "email"},
                },
            }},
        }},
    });
    let schema = STANDARD.encode(schema.to_string());
    let config = json!({
        "identity": {"schemas": [{"id": "default", "url": format!("base64://{schema}")}]},
        "courier": {"smtp": {"connection_uri": "smtp://127.0.0.1:1/"}},
        "selfservice": {
            "flows": {
                "verification": {"enabled": true, "use": "code"},
                "registration": {"after": {"password": {"hooks": [
                    hook("awaited", false), hook("queued", true), {"hook": "session"},
                ]}}},
            },
            "methods": {"code": {"enabled": true}},
        },
    });
    stand("memory", config).await
}

#[tokio::test]
async fn the_page_lists_every_metric() {
    let page = include_str!("../../../docs/metrics.md");
    assert!(page == metrics::page(), "docs/metrics.md is to be:\n{}", metrics::page());
}

#[tokio::test]
async fn what_is_exposed_is_what_the_page_lists() {
    let sink = Sink::start().await;
    let (stand, site) = busy(&sink).await;
    sign_up(&site, Kind::Browser, "anna@shop.example").await;
    engine::courier::deliver(&stand.engine).await.expect("the courier runs");
    scrape(&site).await;
    let text = String::from_utf8(ask(&site, PATH).await.body).expect("text");
    let typed: BTreeSet<(&str, &str)> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "))
        .map(|line| line.split_once(' ').expect("a type"))
        .collect();
    let listed: BTreeSet<(&str, &str)> = ALL.iter().map(|one| (one.name, one.kind.name())).collect();
    assert_eq!(typed, listed);
    for (sample, _) in scrape(&site).await {
        let (name, labels) = sample.split_once('{').unwrap_or((&sample, ""));
        let metric = ALL
            .iter()
            .find(|one| {
                name.strip_prefix(one.name)
                    .is_some_and(|rest| ["", "_sum", "_count", "_bucket"].contains(&rest))
            })
            .unwrap_or_else(|| panic!("{sample} is not listed"));
        let own: Vec<&str> = labels
            .trim_end_matches('}')
            .split("\",")
            .filter_map(|label| label.split_once('=').map(|(name, _)| name))
            .filter(|name| *name != "le")
            .collect();
        assert_eq!(own, metric.labels, "{sample}");
    }
}

#[tokio::test]
async fn flows_sessions_hooks_and_emails_are_counted() {
    let sink = Sink::start().await;
    let (stand, site) = busy(&sink).await;
    let before = scrape(&site).await;
    let delta = |after: &BTreeMap<String, f64>, sample: &str| value(after, sample) - value(&before, sample);
    sign_up(&site, Kind::Browser, "anna@shop.example").await;
    sign_up(&site, Kind::Native, "ben@shop.example").await;
    // The same address again: the form comes back.
    let mut other = Person::new(&site, Kind::Native);
    let begun = other.begin().await;
    assert_eq!(other.send(&begun, "ben@shop.example").await.status, 400);
    let mut app = Person::new(&site, Kind::Native);
    let begun = app.ask("GET", "/self-service/login/api", JSON, &[], None).await;
    let begun: Value = serde_json::from_slice(&begun.body).expect("a flow");
    let target = format!("/self-service/login?flow={}", begun["id"].as_str().expect("an id"));
    let wrong = json!({"method": "password", "identifier": "ben@shop.example", "password": "wrong"});
    let typed = [("Content-Type", JSON)];
    app.ask("POST", &target, JSON, &typed, Some(&wrong.to_string())).await;
    app.ask("POST", &target, JSON, &typed, Some("{\"method\":\"telepathy\"}")).await;
    app.ask("POST", "/self-service/login?flow=nonsense", JSON, &typed, Some("{\"method\":\"code\"}")).await;
    let waiting = scrape(&site).await;
    assert_eq!(value(&waiting, "vestibule_courier_queue_length"), 2.0);
    engine::courier::deliver(&stand.engine).await.expect("the courier runs");
    while engine::hooks::deliver(&stand.engine).await.expect("the hooks run") > 0 {}
    let after = scrape(&site).await;
    for (sample, times) in [
        (flow("registration", "password", "completed"), 2.0),
        (flow("registration", "password", "form_again"), 1.0),
        (flow("login", "password", "form_again"), 1.0),
        (flow("login", "none", "form_again"), 1.0),
        (flow("login", "code", "rejected"), 1.0),
        ("vestibule_flows_started_total{flow=\"registration\",client=\"browser\"}".to_owned(), 1.0),
        ("vestibule_flows_started_total{flow=\"registration\",client=\"api\"}".to_owned(), 2.0),
        ("vestibule_sessions_issued_total".to_owned(), 2.0),
        ("vestibule_webhook_calls_total{mode=\"awaited\",outcome=\"done\"}".to_owned(), 2.0),
        ("vestibule_webhook_calls_total{mode=\"queued\",outcome=\"done\"}".to_owned(), 2.0),
        ("vestibule_hash_wait_seconds_count".to_owned(), 4.0),
    ] {
        assert_eq!(delta(&after, &sample), times, "{sample}: {after:#?}");
    }
    assert_eq!(delta(&after, "vestibule_courier_deliveries_total{channel=\"email\",outcome=\"sent\"}"), 2.0);
    assert_eq!(value(&after, "vestibule_courier_queue_length"), 0.0);
    assert_eq!(value(&after, "vestibule_webhook_queue_length"), 0.0);
    assert_eq!(value(&after, "vestibule_hash_queue_length"), 0.0);
    assert_eq!(value(&after, "vestibule_database_up"), 1.0);
    assert!(value(&after, "vestibule_database_connections{pool=\"writer\",state=\"idle\"}") >= 1.0);
}

#[tokio::test]
async fn sessions_that_end_are_counted_once() {
    let (_stand, site) = stand("memory", json!({"selfservice": {"flows": {"registration": {"after": {"password": {"hooks": [{"hook": "session"}]}}}}}})).await;
    let mut app = Person::new(&site, Kind::Native);
    let begun = app.begin().await;
    let made = app.send(&begun, "ben@shop.example").await;
    let made: Value = serde_json::from_slice(&made.body).expect("a session");
    let out = json!({"session_token": made["session_token"]}).to_string();
    for _ in 0..2 {
        app.ask("DELETE", "/self-service/logout/api", JSON, &[("Content-Type", JSON)], Some(&out)).await;
    }
    let samples = scrape(&site).await;
    assert_eq!(value(&samples, "vestibule_sessions_issued_total"), 1.0);
    assert_eq!(value(&samples, "vestibule_sessions_revoked_total"), 1.0);
}

/// Whatever clients send, the number of label values stays, and none of it names anybody.
#[tokio::test]
async fn labels_are_words_of_this_program() {
    let (_stand, site) = stand("memory", json!({})).await;
    let host = |authority: &str| [("Host".to_owned(), authority.to_owned())];
    for number in 0..20 {
        for (authority, target) in [
            (&site.admin, format!("/admin/identities/{}", uuid::Uuid::from_u128(number))),
            (&site.admin, format!("/admin/nothing/secret-{number}")),
            (&site.public, format!("/secret-{number}/anna@shop.example")),
            (&site.public, format!("/schemas/secret-{number}")),
        ] {
            for method in ["GET", &format!("SECRET{number}")] {
                send(authority, method, &target, &host(authority), None).await.expect("an answer");
            }
        }
        send(&site.admin, "GET", "/admin/identities", &host(&format!("secret-{number}.example")), None)
            .await
            .expect("an answer");
    }
    let samples = scrape(&site).await;
    let all: String = samples.keys().map(String::as_str).collect();
    for told in ["secret", "SECRET", "anna", "00000000-0000", "example"] {
        assert!(!all.contains(told), "{told}: {all}");
    }
    let count = |endpoint: &str, method: &str, code: u16| {
        let sample = format!(
            "http_requests_total{{listener=\"admin\",endpoint=\"{endpoint}\",method=\"{method}\",code=\"{code}\"}}"
        );
        value(&samples, &sample)
    };
    assert_eq!(count("/admin/identities/{id}", "GET", 404), 20.0);
    assert_eq!(count("/admin/identities/{id}", "other", 405), 20.0);
    assert_eq!(count("/admin/identities", "GET", 403), 20.0, "refused before it was read");
    assert_eq!(count("none", "GET", 404), 20.0);
    let seconds =
        "http_requests_duration_seconds_count{listener=\"admin\",endpoint=\"/admin/identities/{id}\"}";
    assert_eq!(value(&samples, seconds), 40.0);
}

#[tokio::test]
async fn who_may_scrape_is_who_may_use_the_admin_api() {
    let token = "a long token for the admin API";
    let (_stand, site) =
        stand("memory", json!({"vestibule": {"admin": {"token": token, "require_token": true}}})).await;
    for path in [PATH, "/metrics/prometheus"] {
        assert_eq!(ask(&site, path).await.status, 401, "{path}");
        let headers = [
            ("Host".to_owned(), site.admin.clone()),
            ("Authorization".to_owned(), format!("Bearer {token}")),
        ];
        let answer = send(&site.admin, "GET", path, &headers, None).await.expect("an answer");
        assert_eq!(answer.status, 200, "{path}");
        let host = [("Host".to_owned(), site.public.clone())];
        let answer = send(&site.public, "GET", path, &host, None).await.expect("an answer");
        assert_eq!(answer.status, 404, "{path} on the public port");
    }
}

/// A queue that nobody can look into is missing; it does not show what it was before.
#[tokio::test]
async fn a_database_that_does_not_answer_is_told() {
    let (stand, site) = stand("memory", json!({})).await;
    assert_eq!(value(&scrape(&site).await, "vestibule_database_up"), 1.0);
    stand.engine.db().close().await;
    let samples = scrape(&site).await;
    assert_eq!(samples.get("vestibule_database_up"), Some(&0.0));
    assert!(!samples.contains_key("vestibule_courier_queue_length"), "{samples:?}");
    assert!(samples.contains_key("vestibule_hash_queue_length"));
}
