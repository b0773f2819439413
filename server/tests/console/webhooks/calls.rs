//! Web hooks: what each can do and whether it runs, its calls, trying again and trying out.

use crate::client::{Console, EMAIL, Page, VIEWER};
use axum::http::StatusCode;
use base64::Engine as _;
use serde_json::{Value, json};

const CRM: &str = "http://127.0.0.1:9/new";

/// A web hook, and the rest of its `config`.
fn web_hook(more: Value) -> Value {
    let mut config = json!({
        "url": CRM, "method": "POST", "body": "base64://ZnVuY3Rpb24oY3R4KSB7IG1haWw6IGN0eC5pZGVudGl0eS50cmFpdHMuZW1haWwgfQ==",
    });
    for (name, value) in more.as_object().unwrap() {
        config[name] = value.clone();
    }
    json!({"hook": "web_hook", "config": config})
}

fn lists(flow: Value, password: Value) -> Value {
    json!({"selfservice": {
        "methods": {"password": {"config": {"haveibeenpwned_enabled": false}}},
        "flows": {"registration": {"after": {"hooks": flow, "password": {"hooks": password}}}},
    }})
}

impl Console {
    async fn with_hooks(flow: Value, password: Value) -> Self {
        let console = Self::signed_in("Grace").await;
        console.world.outbound.answer(CRM, "{}");
        console.engine.publish(console.world.config(vec![lists(flow, password)]));
        console
    }

    async fn anna_signs_up(&self) {
        // What becomes of it is what the page is asked about.
        drop(engine::testing::sign_up(&self.engine, "anna@console.test").await);
    }

    async fn hook_page(&self) -> Page {
        self.get(&hook_address("")).await
    }
}

fn hook_address(done: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("hook", &format!("POST {CRM}")).append_pair("place", "registration.after");
    if !done.is_empty() {
        query.append_pair("done", done);
    }
    format!("/webhooks/hook?{}", query.finish())
}

#[tokio::test]
async fn actions_are_named_by_what_they_can_do_and_say_whether_they_run() {
    let json = Value::Array;
    for (more, named, runs) in [
        (json!({"response": {"ignore": true}}), "Notify", "Runs in the background after sign-up (password)"),
        (json!({}), "Wait for success", "after the account is created"),
        (json!({"can_interrupt": true}), "Approve or reject sign-up", "before the account is created"),
        (json!({"response": {"parse": true}}), "Approve, reject or change", "before the account is created"),
    ] {
        let console = Console::with_hooks(json(vec![]), json(vec![web_hook(more.clone())])).await;
        let page = console.get("/webhooks").await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.html.contains(named) && page.html.contains(runs), "{more}: {}", page.html);
    }
    let asks = web_hook(json!({"can_interrupt": true}));
    let console = Console::with_hooks(json(vec![asks.clone()]), json(vec![])).await;
    assert!(console.get("/webhooks").await.html.contains("Never runs with password"));
    let session = json!({"hook": "session"});
    let console = Console::with_hooks(json(vec![asks]), json(vec![session])).await;
    assert!(
        console.get("/webhooks").await.html.contains("Doesn’t run with password: the method hooks replace")
    );
    let console = Console::signed_in("Grace").await;
    assert!(console.get("/webhooks").await.html.contains("No webhooks yet"));
    assert_eq!(console.get("/webhooks/hook?hook=nonsense").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_failed_call_is_shown_and_made_again_by_hand() {
    let mut console = Console::with_hooks(
        json!([]),
        json!([web_hook(
            json!({"auth": {"type": "basic_auth", "config": {"user": "u", "password": "the-hooks-own"}}})
        )]),
    )
    .await;
    console.world.outbound.answer_with(CRM, 500, "{\"token\": \"their-token\", \"why\": \"down\"}");
    console.anna_signs_up().await;
    let page = console.hook_page().await;
    for shown in ["Failed", "status 500", "1 attempt", "anna@console.test", "down", ">Retry<"] {
        assert!(page.html.contains(shown), "{shown} in {}", page.html);
    }
    assert!(!page.html.contains("their-token") && !page.html.contains("the-hooks-own"));
    let (_, rest) = page.html.split_once("value=\"retry:").unwrap();
    let retry = format!("retry:{}", rest.split('"').next().unwrap());
    let again = [("action", retry.as_str())];
    let address = hook_address("");

    let owner = console.cookie.clone();
    console.becomes_viewer().await;
    assert_eq!(console.post(&address, &again).await.status, StatusCode::FORBIDDEN);
    let seen = console.hook_page().await.html;
    assert!(
        seen.contains("status 500") && !seen.contains("anna@console.test"),
        "what was sent is for owners"
    );

    console.cookie = owner;
    console.world.outbound.answer(CRM, "{}");
    let done = console.post(&address, &again).await;
    assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, hook_address("retry").as_str()));
    assert_eq!(engine::hooks::deliver(&console.engine).await.unwrap(), 1);
    let page = console.hook_page().await;
    assert!(
        page.html.contains("Succeeded") && page.html.contains("2 attempts") && !page.html.contains(">Retry<")
    );
    assert_eq!(console.world.outbound.requests().len(), 2);
    assert_eq!(console.post(&address, &again).await.status, StatusCode::CONFLICT, "it did not fail any more");
    let audited = console.audited().await;
    assert!(audited.contains(&("hooks.retry".into(), EMAIL.into())));
    assert!(audited.contains(&("hooks.refused".into(), VIEWER.into())));
}

#[tokio::test]
async fn a_test_shows_what_would_be_sent_and_sends_it_marked_when_told_to() {
    let mut console = Console::with_hooks(json!([]), json!([web_hook(json!({"can_interrupt": true}))])).await;
    let shown = console.post(&hook_address(""), &[("action", "show")]).await;
    assert_eq!(shown.status, StatusCode::OK);
    assert!(shown.html.contains("made-up user") && shown.html.contains("test@example.org"), "{}", shown.html);
    assert!(console.world.outbound.requests().is_empty(), "nothing leaves yet");

    console.anna_signs_up().await;
    let shown = console.post(&hook_address(""), &[("action", "show")]).await;
    assert!(shown.html.contains("With the last call") && shown.html.contains("anna@console.test"));

    let sent = console.post(&hook_address(""), &[("action", "send")]).await;
    assert_eq!((sent.status, sent.location()), (StatusCode::SEE_OTHER, hook_address("test").as_str()));
    let requests = console.world.outbound.requests();
    let marked = |at: usize| {
        requests[at].headers.iter().any(|(name, value)| name == "Vestibule-Test" && value == "true")
    };
    assert_eq!((requests.len(), marked(0), marked(1)), (2, false, true));
    assert!(console.hook_page().await.html.contains(">test<"));

    console.becomes_viewer().await;
    for step in ["show", "send"] {
        let refused = console.post(&hook_address(""), &[("action", step)]).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{step}");
    }
    assert_eq!(console.world.outbound.requests().len(), 2);
    assert!(console.audited().await.contains(&("hooks.test".into(), EMAIL.into())));
}

#[tokio::test]
async fn a_test_of_a_broken_template_says_so_and_sends_nothing() {
    let broken = web_hook(json!({"body": "base64://ZnVuY3Rpb24oY3R4KSB7IGlkOiBjdHgubm90aGluZyB9"}));
    let console = Console::with_hooks(json!([]), json!([broken])).await;
    let shown = console.post(&hook_address(""), &[("action", "show")]).await;
    assert!(shown.html.contains("Nothing can be sent") && !shown.html.contains("Send test request"));
    console.post(&hook_address(""), &[("action", "send")]).await;
    assert!(console.world.outbound.requests().is_empty());
    assert!(console.hook_page().await.html.contains("line 1: unknown field `nothing`"));
}

#[tokio::test]
async fn of_two_hooks_at_one_address_each_has_its_page_its_calls_and_its_test() {
    let says = |which: &str| {
        let body = format!("function(ctx) {{ by: '{which}' }}");
        let body = base64::engine::general_purpose::STANDARD.encode(body);
        web_hook(json!({"response": {"ignore": true}, "body": format!("base64://{body}")}))
    };
    let console = Console::with_hooks(json!([says("the flow")]), json!([says("the method")])).await;
    console.anna_signs_up().await;
    assert_eq!(engine::hooks::deliver(&console.engine).await.unwrap(), 1);
    let all = console.get("/webhooks").await.html;
    let key = format!(
        "hook={}",
        url::form_urlencoded::byte_serialize(format!("POST {CRM}").as_bytes()).collect::<String>()
    );
    for (place, by, calls) in
        [("registration.after", "the flow", 0), ("registration.after.password", "the method", 1)]
    {
        let address = format!("/webhooks/hook?{key}&amp;place={place}\"");
        assert!(all.contains(&address), "{address} in {all}");
        let page = console.get(&format!("/webhooks/hook?{key}&place={place}")).await;
        assert_eq!(page.html.matches("data-testid=\"call\"").count(), calls, "{place}");
        let shown = console.post(&format!("/webhooks/hook?{key}&place={place}"), &[("action", "show")]).await;
        assert!(shown.html.contains(by), "{place}: {}", shown.html);
    }
    let words = all.replace("<!>", "");
    assert!(words.contains("1 call, last") && words.contains("No calls yet"), "{words}");
}
