//! Bad days: a database that is locked or gone, a person who leaves in the middle. Each is looked at afterwards: what is
//! stored, and whether it goes on once the trouble is over.

use crate::clients::{Kind, PASSWORD, Person, accounts, document, sign_up, stand};
use crate::log::Log;
use crate::support::http::{Answer, send};
use engine::store::Db;
use engine::testing::postgres;
use serde_json::{Value, json};
use std::path::Path;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

async fn ask(authority: &str, method: &str, target: &str, body: Option<&Value>) -> Answer {
    let mut headers = vec![("Host", authority), ("Accept", "application/json")];
    if body.is_some() {
        headers.push(("Content-Type", "application/json"));
    }
    let headers: Vec<_> =
        headers.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let body = body.map(Value::to_string);
    send(authority, method, target, &headers, body.as_deref().map(str::as_bytes)).await.expect("an answer")
}

/// A native form and where it goes.
async fn form(authority: &str, email: &str) -> (String, Value) {
    let flow = document(&ask(authority, "GET", "/self-service/registration/api", None).await);
    let target = format!("/self-service/registration?flow={}", flow["id"].as_str().expect("a flow"));
    (target, json!({"method": "password", "password": PASSWORD, "traits": {"email": email}}))
}

async fn sign_in(authority: &str, email: &str) -> u16 {
    let flow = document(&ask(authority, "GET", "/self-service/login/api", None).await);
    let target = format!("/self-service/login?flow={}", flow["id"].as_str().expect("a flow"));
    let body = json!({"method": "password", "identifier": email, "password": PASSWORD});
    ask(authority, "POST", &target, Some(&body)).await.status
}

fn told_to_come_back(answer: &Answer) {
    assert_eq!(answer.status, 503, "{}", String::from_utf8_lossy(&answer.body));
    assert!(answer.header("retry-after").is_some());
    let error = &document(answer)["error"];
    assert_eq!(error["code"], 503);
    let text = error.to_string().to_lowercase();
    assert!(!text.contains("sqlite") && !text.contains("lock"), "the driver's words stay inside: {text}");
}

#[tokio::test]
async fn a_database_that_somebody_else_holds_is_told_and_nothing_is_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    let dsn = format!("sqlite://{}?_busy_timeout=200", folder.path().join("x.sqlite").display());
    let (_stand, site) = stand(&dsn, json!({})).await;
    sign_up(&site, Kind::Native, "early@vestibule.test").await;
    let (target, body) = form(&site.public, "anna@vestibule.test").await;
    let other = Db::connect(Some(&dsn), Path::new("unused")).await.expect("the file opens twice");
    let held = other.write().await.expect("the lock");
    told_to_come_back(&ask(&site.public, "POST", &target, Some(&body)).await);
    told_to_come_back(&ask(&site.public, "GET", "/self-service/registration/api", None).await);
    // Who only reads is not held up.
    assert_eq!(ask(&site.public, "GET", "/sessions/whoami", None).await.status, 401);
    assert_eq!(accounts(&site).await, ["early@vestibule.test"]);
    drop(held);
    let answer = ask(&site.public, "POST", &target, Some(&body)).await;
    assert_eq!(answer.status, 200, "the same form once more");
    assert_eq!(sign_in(&site.public, "anna@vestibule.test").await, 200);
}

#[tokio::test]
async fn a_database_file_that_is_gone_takes_nothing_that_would_be_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, away) = (folder.path().join("x.sqlite"), folder.path().join("away.sqlite"));
    let dsn = format!("sqlite://{}?_busy_timeout=200", file.display());
    let (_stand, site) = stand(&dsn, json!({})).await;
    let (target, body) = form(&site.public, "anna@vestibule.test").await;
    std::fs::rename(&file, &away).expect("the file moves");
    // Asking for readiness looks for the file, as the server does by itself once a second.
    assert_eq!(ask(&site.public, "GET", "/health/ready", None).await.status, 503);
    told_to_come_back(&ask(&site.public, "POST", &target, Some(&body)).await);
    told_to_come_back(&ask(&site.public, "GET", "/self-service/registration/api", None).await);
    assert_eq!(ask(&site.public, "GET", "/health/alive", None).await.status, 200);
    std::fs::copy(&away, &file).expect("a copy takes its place");
    assert_eq!(ask(&site.public, "GET", "/health/ready", None).await.status, 503, "the open file is another");
    told_to_come_back(&ask(&site.public, "POST", &target, Some(&body)).await);
    std::fs::rename(&away, &file).expect("the file moves back");
    assert_eq!(ask(&site.public, "GET", "/health/ready", None).await.status, 200);
    assert_eq!(accounts(&site).await, Vec::<String>::new());
    assert_eq!(ask(&site.public, "POST", &target, Some(&body)).await.status, 200);
    assert_eq!(sign_in(&site.public, "anna@vestibule.test").await, 200);
}

#[tokio::test]
async fn a_postgresql_server_that_stops_is_told_and_nothing_needs_a_restart_when_it_is_back() {
    let dsn = postgres::database().await;
    let (_stand, site) = stand(&dsn, json!({})).await;
    sign_up(&site, Kind::Native, "early@vestibule.test").await;
    let (target, body) = form(&site.public, "anna@vestibule.test").await;
    postgres::open_to_all(&dsn, false).await;
    told_to_come_back(&ask(&site.public, "POST", &target, Some(&body)).await);
    told_to_come_back(&ask(&site.public, "GET", "/self-service/registration/api", None).await);
    assert_eq!(ask(&site.public, "GET", "/health/ready", None).await.status, 503);
    assert_eq!(ask(&site.public, "GET", "/health/alive", None).await.status, 200);
    postgres::open_to_all(&dsn, true).await;
    assert_eq!(ask(&site.public, "GET", "/health/ready", None).await.status, 200);
    assert_eq!(accounts(&site).await, ["early@vestibule.test"]);
    assert_eq!(ask(&site.public, "POST", &target, Some(&body)).await.status, 200, "the same form once more");
    assert_eq!(sign_in(&site.public, "anna@vestibule.test").await, 200);
}

/// A sign-up that is under way; dropped, its sender has left without waiting for the answer.
async fn sent(authority: &str, target: &str, body: &Value) -> TcpStream {
    let body = body.to_string();
    let request = format!(
        "POST {target} HTTP/1.1\r\nHost: {authority}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(authority).await.expect("a connection");
    stream.write_all(request.as_bytes()).await.expect("the request is sent");
    stream.flush().await.expect("the request is sent");
    stream
}

/// Either there is an account that one can sign in to, or none, and the address is free.
async fn is_all_or_nothing(authority: &str, email: &str) {
    let (target, body) = form(authority, email).await;
    let status = ask(authority, "POST", &target, Some(&body)).await.status;
    assert!(matches!(status, 200 | 400), "{status}");
    assert_eq!(sign_in(authority, email).await, 200, "{email} after {status}");
}

#[tokio::test]
async fn who_leaves_in_the_middle_of_a_sign_up_leaves_all_or_nothing() {
    let (_stand, site) = stand("memory", json!({})).await;
    let count = 24;
    for number in 0..count {
        let (target, body) = form(&site.public, &format!("anna-{number}@vestibule.test")).await;
        drop(sent(&site.public, &target, &body).await);
    }
    for number in 0..count {
        is_all_or_nothing(&site.public, &format!("anna-{number}@vestibule.test")).await;
    }
    assert_eq!(accounts(&site).await.len(), count);
}

#[tokio::test]
async fn who_leaves_while_the_password_is_looked_at_leaves_nothing() {
    let breaches =
        json!({"selfservice": {"methods": {"password": {"config": {"haveibeenpwned_enabled": true}}}}});
    let (stand, site) = stand("memory", breaches).await;
    // Both wait at the breach check until both are there: the first one has left by then.
    stand.world.outbound.gather(2);
    let (target, body) = form(&site.public, "gone@vestibule.test").await;
    let leaving = sent(&site.public, &target, &body).await;
    while stand.world.outbound.asked().is_empty() {
        tokio::task::yield_now().await;
    }
    drop(leaving);
    let mut other = Person::new(&site, Kind::Native);
    let begun = other.begin().await;
    assert_eq!(other.send(&begun, "stays@vestibule.test").await.status, 200);
    stand.world.outbound.gather(1);
    is_all_or_nothing(&site.public, "gone@vestibule.test").await;
    assert_eq!(accounts(&site).await.len(), 2);
}

#[tokio::test]
async fn what_an_error_page_is_called_by_stands_in_the_log() {
    let log = Log::listen();
    let (_stand, site) = stand("memory", json!({})).await;
    let headers = [("Host", site.public.as_str()), ("Accept", "text/html")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let target = "/self-service/registration/browser?return_to=https://evil.example/";
    let answer = send(&site.public, "GET", target, &headers, None).await.expect("an answer");
    let page = answer.header("location").expect("to a page").to_owned();
    let (_, id) = page.split_once("/error?id=").expect("the error page");
    let log = log.take();
    let line = log.lines().find(|line| line.contains(id)).unwrap_or_else(|| panic!("{id} in {log}"));
    assert!(line.contains("code=400") && line.contains("return_to"), "{line}");
}
