//! What is guarded stays so on the ways around its form: a second tab, going back, another process.

use crate::client::{Console, EMAIL, PASSWORD};
use axum::http::StatusCode;
use engine::operators;
use serde_json::json;
use std::time::Duration;

/// A form of a web hook, with what was typed otherwise.
fn hook<'a>(base: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let typed = [
        ("step", "save"),
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

fn listing() -> serde_json::Value {
    json!({"vestibule": {"web_hooks": {"allowed_hosts": ["crm.example.org", "other.example.org"]}}})
}

#[tokio::test]
async fn a_password_with_blanks_around_it_confirms_a_save_of_a_web_hook() {
    const BLANKS: &str = " velvet lantern harbour 41 ";
    let mut console = Console::start_with(vec![listing()]).await;
    operators::create(&console.engine, EMAIL, "Grace", BLANKS).await.unwrap().unwrap();
    let page = console.post("/sign-in", &[("email", EMAIL), ("password", BLANKS)]).await;
    console.keep(&page);
    console.world.clock.advance(Duration::from_secs(6 * 60));
    let asked = console.post("/actions/new", &hook("0", &[("password", PASSWORD)])).await;
    assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", asked.html);
    let saved = console.post("/actions/new", &hook("0", &[("password", BLANKS)])).await;
    assert_eq!(saved.location(), "/actions?saved=1&new=true#hook-crm", "{}", saved.html);
}
