//! What is guarded stays so on the ways around its form: a second tab, going back, another process.

use crate::client::{Console, EMAIL, PASSWORD, VIEWER, router};
use axum::http::StatusCode;
use engine::operators::{self, Operator, Role};
use engine::password::Hasher;
use engine::store::operators as rows;
use engine::{Engine, secrets};
use serde_json::json;
use std::time::Duration;

/// A form of a web hook, with what was typed otherwise.
fn hook<'a>(base: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let typed = [
        ("action", "save"),
        ("base", base),
        ("id", "crm"),
        ("place", "registration.after"),
        ("outcome", "inform"),
        ("on", "true"),
        ("url", "https://crm.example.org/new"),
        ("method", "POST"),
        ("body.kind", "account"),
        ("auth.kind", "none"),
    ];
    let other = |name: &str| more.iter().any(|(one, _)| *one == name);
    typed.into_iter().filter(|(name, _)| !other(name)).chain(more.iter().copied()).collect()
}

/// A form of a provider, with what was typed otherwise.
fn provider<'a>(base: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let typed = [
        ("action", "save"),
        ("base", base),
        ("provider", "generic"),
        ("id", "acme"),
        ("client_id", "c"),
        ("issuer_url", "https://id.example.org"),
        ("mapper", "preset"),
    ];
    let other = |name: &str| more.iter().any(|(one, _)| *one == name);
    typed.into_iter().filter(|(name, _)| !other(name)).chain(more.iter().copied()).collect()
}

/// Makes an editor, and signs them in instead.
async fn becomes_editor(console: &mut Console) {
    let mut tx = console.engine.db().write().await.unwrap();
    let (owner, password_hash) = rows::by_email(&mut tx, EMAIL).await.unwrap().unwrap();
    let id = console.engine.effects().operator_id();
    let editor = Operator { id, email: VIEWER.to_owned(), role: Role::Editor, ..owner };
    assert!(rows::insert(&mut tx, &editor, &password_hash).await.unwrap());
    tx.commit().await.unwrap();
    let page = console.post("/sign-in", &[("email", VIEWER), ("password", PASSWORD)]).await;
    console.keep(&page);
}

fn listing() -> serde_json::Value {
    json!({"vestibule": {"web_hooks": {"allowed_hosts": ["crm.example.org", "other.example.org", "id.example.org", "evil.example"]}}})
}

#[tokio::test]
async fn a_password_with_blanks_around_it_confirms_a_save_of_a_web_hook() {
    const BLANKS: &str = " velvet lantern harbour 41 ";
    let mut console = Console::start_with(vec![listing()]).await;
    operators::create(&console.engine, EMAIL, "Grace", BLANKS).await.unwrap().unwrap();
    let page = console.post("/sign-in", &[("email", EMAIL), ("password", BLANKS)]).await;
    console.keep(&page);
    console.world.clock.advance(Duration::from_secs(6 * 60));
    let asked = console.post("/webhooks/new", &hook("0", &[("password", PASSWORD)])).await;
    assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", asked.html);
    let saved = console.post("/webhooks/new", &hook("0", &[("password", BLANKS)])).await;
    assert_eq!(saved.location(), "/webhooks?saved=1&new=true#hook-crm", "{}", saved.html);
}

#[tokio::test]
async fn a_process_that_has_not_heard_of_a_save_yet_guards_the_way_back_from_it_all_the_same() {
    let mut console = Console::start_with(vec![listing()]).await.with_operator("Grace").await;
    let config = console.world.config(Vec::new());
    let late =
        Engine::new(console.engine.db().clone(), console.world.effects(), Hasher::sized(1, 16), config);
    let saved = console.post("/social/provider", &provider("0", &[])).await;
    assert_eq!(saved.location(), "/social?done=new", "{}", saved.html);
    becomes_editor(&mut console).await;
    console.router = router(&late);
    let back = console.post("/settings/history/0", &[("base", "1")]).await;
    assert_eq!(back.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(back.html.contains("Only an owner"), "{}", back.html);
    assert_eq!(console.values().await.revision, 1);
}

#[tokio::test]
async fn a_web_hook_that_is_sent_elsewhere_takes_its_secret_again() {
    let console = Console::start_with(vec![listing()]).await.with_operator("Grace").await;
    let key = [("auth.kind", "key"), ("auth.name", "X-Api-Key"), ("auth.in", "header")];
    let first = [&key[..], &[("auth.value", "hush-hush-hush")]].concat();
    let saved = console.post("/webhooks/new", &hook("0", &first)).await;
    assert_eq!(saved.location(), "/webhooks?saved=1&new=true#hook-crm", "{}", saved.html);
    let edited = [&key[..], &[("edited", "crm")]].concat();
    for (base, elsewhere) in [("1", "https://other.example.org/new"), ("1", "http://crm.example.org/new")] {
        for step in ["preview", "save"] {
            let moved = [&edited[..], &[("url", elsewhere), ("action", step), ("reason", "x")]].concat();
            let asked = console.post("/webhooks/change", &hook(base, &moved)).await;
            assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY, "{step} {elsewhere}");
            assert!(asked.html.contains("The address changed. Enter the secret again"), "{}", asked.html);
        }
    }
    let beside = [&edited[..], &[("url", "https://crm.example.org/other")]].concat();
    let saved = console.post("/webhooks/change", &hook("1", &beside)).await;
    assert_eq!(saved.location(), "/webhooks?saved=2&new=true#hook-crm", "{}", saved.html);
    let known = [&edited[..], &[("url", "https://other.example.org/new"), ("auth.value", "for the other")]];
    let saved = console.post("/webhooks/change", &hook("2", &known.concat())).await;
    assert_eq!(saved.location(), "/webhooks?saved=3&new=true#hook-crm", "{}", saved.html);
}

#[tokio::test]
async fn going_back_sends_no_secret_to_an_address_that_it_was_not_entered_for() {
    let console = Console::start_with(vec![listing()]).await.with_operator("Grace").await;
    let evil = [("issuer_url", "https://evil.example"), ("client_secret", "made up")];
    let saved = console.post("/social/provider", &provider("0", &evil)).await;
    assert_eq!(saved.location(), "/social?done=new", "{}", saved.html);
    let right = [("was", "acme"), ("client_secret", "the real one")];
    let saved = console.post("/social/provider", &provider("1", &right)).await;
    assert_eq!(saved.location(), "/social?saved=2&new=true", "{}", saved.html);
    let named = [("was", "acme"), ("label", "Acme")];
    let saved = console.post("/social/provider", &provider("2", &named)).await;
    assert_eq!(saved.location(), "/social?saved=3&new=true", "{}", saved.html);

    // The same address: it stays.
    let said = "acme: its secret was entered for another address";
    assert!(!console.get("/settings/history/2").await.html.contains(said));
    let back = console.post("/settings/history/2", &[("base", "3")]).await;
    assert_eq!(back.location(), "/settings/history?saved=4&new=true", "{}", back.html);
    assert_eq!(secrets::held(&console.engine).await.unwrap().len(), 1);
    // Another one: told before, and done.
    let asked = console.get("/settings/history/1").await;
    assert!(asked.html.contains(said), "{}", asked.html);
    let back = console.post("/settings/history/1", &[("base", "4")]).await;
    assert_eq!(back.location(), "/settings/history?saved=5&new=true", "{}", back.html);
    assert!(secrets::held(&console.engine).await.unwrap().is_empty());
    let list = console.get("/social").await;
    assert!(list.html.contains("The secret is missing"), "{}", list.html);
}

#[tokio::test]
async fn a_secret_that_comes_late_is_not_said_to_be_saved_and_lost() {
    let console = Console::start_with(vec![listing()]).await.with_operator("Grace").await;
    let named = [("label", "Acme"), ("client_secret", "the first one")];
    for time in ["once", "by a double click"] {
        let saved = console.post("/social/provider", &provider("0", &named)).await;
        assert_eq!(saved.location(), "/social?done=new", "{time}: {}", saved.html);
    }
    assert_eq!(console.values().await.revision, 1);
    // Back in the browser, to the same form: now with another secret.
    let other = [("label", "Acme"), ("client_secret", "another one")];
    let late = console.post("/social/provider", &provider("0", &other)).await;
    assert_eq!(late.status, StatusCode::CONFLICT, "{}", late.html);
    let renamed = [("was", "acme"), ("label", "Acme Ltd")];
    for time in ["once", "by a double click"] {
        let saved = console.post("/social/provider", &provider("1", &renamed)).await;
        assert_eq!(saved.location(), "/social?saved=2&new=true", "{time}: {}", saved.html);
    }
    let late = [&renamed[..], &[("client_secret", "another one")]].concat();
    let asked = console.post("/social/provider", &provider("1", &late)).await;
    assert_eq!(asked.status, StatusCode::CONFLICT, "{}", asked.html);
    assert!(asked.html.contains("Enter the secret again"), "{}", asked.html);
    let before = secrets::held(&console.engine).await.unwrap();
    let saved = console.post("/social/provider", &provider("2", &late)).await;
    assert_eq!(saved.location(), "/social?saved=3&new=true", "{}", saved.html);
    assert_ne!(secrets::held(&console.engine).await.unwrap(), before);
}

#[tokio::test]
async fn a_provider_that_becomes_another_one_takes_its_secret_again() {
    let console = Console::start_with(vec![listing()]).await.with_operator("Grace").await;
    let saved = console.post("/social/provider", &provider("0", &[("client_secret", "hush")])).await;
    assert_eq!(saved.location(), "/social?done=new", "{}", saved.html);
    let other = [("was", "acme"), ("provider", "gitlab"), ("issuer_url", "")];
    let asked = console.post("/social/provider", &provider("1", &other)).await;
    assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(asked.html.contains("The address changed. Enter the secret again"), "{}", asked.html);
    assert_eq!(console.values().await.revision, 1);
}

#[tokio::test]
async fn whoever_signs_in_again_after_days_is_led_to_the_list_and_to_no_missing_page() {
    let mut console = Console::start_with(vec![listing()]).await.with_operator("Grace").await;
    console.world.clock.advance(Duration::from_secs(3 * 24 * 60 * 60));
    let led = console.post("/social/provider", &provider("0", &[])).await;
    assert_eq!(led.location(), "/sign-in?next=%2Fsocial%2Fprovider");
    let page = console.post("/sign-in", &[("email", EMAIL), ("password", PASSWORD)]).await;
    console.keep(&page);
    assert_eq!(console.get("/social/provider").await.location(), "/social");
    assert_eq!(console.get("/social/provider?id=nobody").await.status, StatusCode::NOT_FOUND);
}
