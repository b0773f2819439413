//! Hosts that owners allow in the console: who may, what it takes, what it does at once, and what a file forbids.

use crate::client::{Console, EMAIL, PASSWORD};
use axum::http::StatusCode;
use engine::operators::Role;
use serde_json::json;
use std::time::Duration;

fn hook<'a>(base: &'a str, action: &'a str) -> [(&'a str, &'a str); 10] {
    [
        ("action", action),
        ("base", base),
        ("id", "crm"),
        ("place", "registration.after"),
        ("outcome", "inform"),
        ("on", "true"),
        ("url", "https://crm.example.org/new"),
        ("method", "POST"),
        ("body.kind", "account"),
        ("auth.kind", "none"),
    ]
}

impl Console {
    fn may_call(&self, url: &str) -> bool {
        self.engine.begin().config.vestibule.web_hook_hosts.has(&url.parse().unwrap())
    }
}

const URL: &str = "https://crm.example.org/new";

#[tokio::test]
async fn an_owner_allows_a_host_from_the_form_that_was_refused_and_loses_nothing() {
    let console = Console::signed_in("Grace Hopper").await;
    let refused = console.post("/webhooks/new", &hook("0", "save")).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let action = "allow-host:crm.example.org";
    assert!(refused.html.contains(&format!("value=\"{action}\"")), "{}", refused.html);
    assert!(!console.may_call(URL));
    let allowed = console.post("/webhooks/new", &hook("0", action)).await;
    assert_eq!(allowed.status, StatusCode::OK, "{}", allowed.html);
    assert!(allowed.html.contains(&format!("value=\"{URL}\"")) && !allowed.html.contains(action));
    assert!(console.may_call(URL), "at once");
    let saved = console.post("/webhooks/new", &hook("1", "save")).await;
    assert_eq!(saved.location(), "/webhooks?saved=2&new=true#hook-crm", "{}", saved.html);
    assert!(console.audited().await.contains(&("settings.save".to_owned(), EMAIL.to_owned())));
    let history = console.get("/settings/history").await;
    assert!(history.html.contains("Webhooks and providers may call crm.example.org"), "{}", history.html);

    // Without it the webhook is never called: a danger, with the way out at the webhook.
    let remove = [("action", "remove-host:crm.example.org"), ("base", "2")];
    let asked = console.post("/webhooks", &remove).await;
    assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY);
    let sure = [&remove[..], &[("reason", "The CRM moves")]].concat();
    let removed = console.post("/webhooks", &sure).await;
    assert_eq!(removed.location(), "/webhooks?saved=3&new=true#hosts", "{}", removed.html);
    assert!(!console.may_call(URL));
    let page = console.get("/webhooks").await;
    assert!(page.html.contains("Its calls can’t be sent") && page.html.contains(action), "{}", page.html);
    let again = console.post("/webhooks", &[("action", action), ("base", "3")]).await;
    assert_eq!(again.status, StatusCode::SEE_OTHER, "{}", again.html);
    assert!(console.may_call(URL));
}

#[tokio::test]
async fn it_takes_an_owner_a_recent_sign_in_and_a_host() {
    let console = Console::signed_in("Grace Hopper").await;
    let editor = console.another("edda@console.test", Role::Editor).await;
    let allow = [("action", "allow-host"), ("base", "0"), ("host", "CRM.example.org")];
    assert_eq!(editor.post("/webhooks", &allow).await.status, StatusCode::FORBIDDEN);
    assert!(!editor.get("/webhooks").await.html.contains("Allow host"));
    for wrong in ["", "*", "https://crm.example.org", "crm.example.org/new", "crm.example.org:443"] {
        let fields = [("action", "allow-host"), ("base", "0"), ("host", wrong)];
        let answer = console.post("/webhooks", &fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        assert!(answer.html.contains("id=\"host-problem\""), "{wrong}: {}", answer.html);
    }
    console.world.clock.advance(Duration::from_secs(6 * 60));
    let asked = console.post("/webhooks", &allow).await;
    assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(asked.html.contains("id=\"confirm-password\""), "{}", asked.html);
    assert!(!console.may_call(URL));
    let confirmed = [&allow[..], &[("password", PASSWORD)]].concat();
    let done = console.post("/webhooks", &confirmed).await;
    assert_eq!(done.location(), "/webhooks?saved=1&new=true#hosts", "{}", done.html);
    assert!(console.may_call(URL), "in small letters");
}

#[tokio::test]
async fn a_file_forbids_it_and_what_was_allowed_before_no_longer_counts() {
    let console = Console::signed_in("Grace Hopper").await;
    let allow = [("action", "allow-host:crm.example.org"), ("base", "0")];
    console.post("/webhooks", &allow).await;
    assert!(console.may_call(URL));
    let named = console.engine.begin().config.named.clone();
    let forbids = json!({"vestibule": {"web_hooks": {
        "allow_hosts_in_console": false, "allowed_hosts": ["hooks.example.org"],
    }}});
    let files = console.world.config(vec![forbids]);
    console.engine.publish(engine::config::load::remap(&files, 1, &named).unwrap());
    assert!(!console.may_call(URL) && console.may_call("https://hooks.example.org/"));
    let page = console.get("/webhooks").await;
    assert!(page.html.contains("hooks.example.org") && page.html.contains("Defined in a file"));
    assert!(!page.html.contains(">Allow host<") && page.html.contains("allow_hosts_in_console"));
    let refused =
        console.post("/webhooks", &[("action", "allow-host:other.example.org"), ("base", "1")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!console.may_call("https://other.example.org/"));
}
