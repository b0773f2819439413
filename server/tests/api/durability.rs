//! Which statements wait for the disk: what somebody was told is done does, what nobody has acknowledged does not.

use crate::clients::{HTML, JSON, Kind, PASSWORD, Person, document, stand};
use crate::support::sink::{Says, Sink};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::store::Durability::{self, Durable, Relaxed};
use engine::testing::postgres;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

async fn after_an_evening(dsn: &str) -> BTreeMap<String, BTreeSet<Durability>> {
    let sink = Sink::start().await;
    sink.says("/ask", Says::This(200, "{}".to_owned()));
    let hook = |ignore: bool| {
        json!({"hook": "web_hook", "config": {
            "url": format!("{}/ask", sink.base), "method": "POST", "response": {"ignore": ignore},
            "body": format!("base64://{}", STANDARD.encode("function(ctx) {}")),
        }})
    };
    let hooks = json!([hook(false), hook(true), {"hook": "session"}]);
    let config =
        json!({"selfservice": {"flows": {"registration": {"after": {"password": {"hooks": hooks}}}}}});
    let (stand, site) = stand(dsn, config).await;

    let mut anna = Person::new(&site, Kind::Native);
    let form_at = async |anna: &mut Person| {
        let begun = document(&anna.ask("GET", "/self-service/registration/api", JSON, &[], None).await);
        format!("/self-service/registration?flow={}", begun["id"].as_str().expect("a flow"))
    };
    let target = form_at(&mut anna).await;
    let form = |password: &str| json!({"method": "password", "password": password, "traits": {"email": "anna@vestibule.test"}});
    assert_eq!(anna.post(&target, &[], &form("123")).await.status, 400, "the form comes back");
    let target = form_at(&mut anna).await;
    let done = anna.post(&target, &[], &form(PASSWORD)).await;
    assert_eq!(done.status, 200, "{}", String::from_utf8_lossy(&done.body));

    let mut browser = Person::new(&site, Kind::Browser);
    let target = "/self-service/login/browser?return_to=https%3A%2F%2Felsewhere.test%2F";
    let error_page = browser.ask("GET", target, HTML, &[], None).await;
    assert!(error_page.header("location").is_some_and(|to| to.contains("error?id=")));

    engine::hooks::deliver(&stand.engine).await.expect("the queue is worked off");
    engine::cleanup::sweep(&stand.engine).await.expect("what is over goes");
    stand.engine.db().changes()
}

fn is_as_promised(changes: &BTreeMap<String, BTreeSet<Durability>>) {
    for (change, promised) in [
        ("insert into identities", vec![Durable]),
        ("insert into identity_credentials", vec![Durable]),
        ("insert into identity_identifiers", vec![Durable]),
        ("insert into sessions", vec![Durable]),
        ("insert into flows", vec![Relaxed]),
        ("update flows", vec![Relaxed]),
        // The call that nobody waits for is queued with the account; the other one's row is only a log.
        ("insert into hook_deliveries", vec![Durable, Relaxed]),
        ("update hook_deliveries", vec![Relaxed]),
        ("insert into flow_errors", vec![Relaxed]),
        ("delete from flows", vec![Relaxed]),
        ("delete from sessions", vec![Relaxed]),
    ] {
        let is: Vec<_> = changes.get(change).into_iter().flatten().copied().collect();
        assert_eq!(is, promised, "{change} among {changes:#?}");
    }
    // Nothing else is without a promise.
    const MAY_GO: [&str; 4] = ["flows", "hook_deliveries", "flow_errors", "limit_counters"];
    for (change, promised) in changes.iter().filter(|(change, _)| !change.starts_with("delete")) {
        let table = change.split_whitespace().next_back().unwrap_or_default();
        assert!(MAY_GO.contains(&table) || !promised.contains(&Relaxed), "{change}");
    }
}

#[tokio::test]
async fn what_nobody_has_acknowledged_waits_for_no_disk() {
    is_as_promised(&after_an_evening("memory").await);
}

#[tokio::test]
async fn nor_does_it_on_postgresql() {
    is_as_promised(&after_an_evening(&postgres::database().await).await);
}
