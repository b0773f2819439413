//! Every request has an id: in its answer, in the error that it ends in, in every line of the log that it causes, and in the
//! calls of web hooks that it leads to, also of those that are made later.

use crate::clients::{HTML, JSON, Kind, PASSWORD, Person, document, stand};
use crate::log::Log;
use crate::support::http::Answer;
use crate::support::sink::{Says, Sink};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const NAMED: &str = "Root=1-67891233-abcdef012345678912345678";

fn id(answer: &Answer) -> String {
    answer.header("x-request-id").expect("every answer has an id").to_owned()
}

fn through_a_proxy() -> Value {
    json!({"vestibule": {"trusted_proxies": ["127.0.0.1"]}})
}

#[tokio::test]
async fn every_answer_has_an_id_of_its_own_and_an_error_tells_it() {
    let (_stand, site) = stand("memory", json!({})).await;
    let mut anna = Person::new(&site, Kind::Native);
    let mut seen = BTreeSet::new();
    for (method, target, accept, status) in [
        ("GET", "/health/alive", JSON, 200),
        ("GET", "/sessions/whoami", JSON, 401),
        ("GET", "/self-service/registration/api", JSON, 200),
        ("GET", "/self-service/registration/flows?id=7d1f6f5e-0b1c-4c43-9a55-1f0a5b1c2d3e", JSON, 404),
        ("GET", "/self-service/login/api?return_to=https%3A%2F%2Felsewhere.test%2F", JSON, 400),
        ("GET", "/nowhere", JSON, 404),
        ("DELETE", "/self-service/login/browser", JSON, 405),
        ("GET", "/registration", HTML, 303),
        ("GET", "//health//alive", JSON, 307),
    ] {
        let answer = anna.ask(method, target, accept, &[], None).await;
        assert_eq!(answer.status, status, "{method} {target}");
        let id = id(&answer);
        if let Some(error) =
            serde_json::from_slice::<Value>(&answer.body).ok().and_then(|body| body.get("error").cloned())
        {
            assert_eq!(error["request"], id.as_str(), "{target}: {error}");
        }
        assert!(seen.insert(id), "{target} has the id of another request");
    }
}

#[tokio::test]
async fn a_client_names_no_request_and_a_trusted_proxy_does_within_reason() {
    let ask = async |config: Value, given: &str| {
        let (_stand, site) = stand("memory", config).await;
        let mut anna = Person::new(&site, Kind::Native);
        let headers = [("X-Request-Id", given), ("X-Forwarded-For", "203.0.113.9")];
        id(&anna.ask("GET", "/sessions/whoami", JSON, &headers, None).await)
    };
    assert_ne!(ask(json!({}), NAMED).await, NAMED, "nobody is trusted");
    assert_eq!(ask(through_a_proxy(), NAMED).await, NAMED);
    for unfit in ["two words", "<script>", &"x".repeat(129), "\"quoted\"", ""] {
        let id = ask(through_a_proxy(), unfit).await;
        assert!(id.len() == 36 && id != unfit, "{unfit:?} became {id}");
    }
}

#[tokio::test]
async fn the_log_of_a_request_names_it_and_so_do_the_calls_that_it_causes() {
    let sink = Sink::start().await;
    sink.says("/ask", Says::This(200, "{}".to_owned()));
    let hook = |ignore: bool| {
        json!({"hook": "web_hook", "config": {
            "url": format!("{}/ask", sink.base), "method": "POST", "response": {"ignore": ignore},
            "body": format!("base64://{}", STANDARD.encode("function(ctx) {}")),
        }})
    };
    let mut config = through_a_proxy();
    config["selfservice"]["flows"]["registration"]["after"]["password"]["hooks"] =
        json!([hook(false), hook(true)]);
    let (stand, site) = stand("memory", config).await;
    let log = Log::listen();
    let mut anna = Person::new(&site, Kind::Native);
    let begun = document(&anna.ask("GET", "/self-service/registration/api", JSON, &[], None).await);
    let target = format!("/self-service/registration?flow={}", begun["id"].as_str().expect("a flow"));
    let form =
        json!({"method": "password", "password": PASSWORD, "traits": {"email": "anna@vestibule.test"}});
    let before = log.take();
    let answer = anna.post(&target, &[("X-Request-Id", NAMED)], &form).await;
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    let calls = sink.wait(2).await;
    for call in &calls {
        assert_eq!(call.headers["x-request-id"], NAMED, "one that was waited for, and one from the queue");
    }
    engine::hooks::deliver(&stand.engine).await.expect("the queue is worked off");
    stand.engine.following().settled().await;
    let told = log.take();
    let called: Vec<_> = told.lines().filter(|line| line.contains("a webhook was called")).collect();
    assert!(!called.is_empty(), "{told}");
    assert!(called.iter().all(|line| line.contains(NAMED)), "{called:#?}");
    assert!(!before.contains(NAMED));

    let mut browser = Person::new(&site, Kind::Browser);
    let target = "/self-service/login/browser?return_to=https%3A%2F%2Felsewhere.test%2F";
    let led = browser.ask("GET", target, HTML, &[("X-Request-Id", "of-the-error")], None).await;
    let line = log.take();
    assert!(line.contains("an error page") && line.contains("of-the-error"), "{line}");
    let page = led.header("location").expect("a place to go to").to_owned();
    let (_, page) = page.split_once(&site.public).expect("on this server");
    let page = browser.ask("GET", page, HTML, &[], None).await;
    assert!(String::from_utf8_lossy(&page.body).contains("of-the-error"), "the page tells it");
}
