//! What of a form for a web hook is kept, for whom and how long: secrets, and what was typed before a session ran out.

use super::*;
use crate::client::{EMAIL, PASSWORD};
use engine::store::{audit, operators as rows};
use engine::{operators, settings};
use std::time::Duration;

#[tokio::test]
async fn an_old_sign_in_is_asked_for_the_password_and_loses_nothing() {
    let console = Console::where_hooks_are_made().await;
    console.world.clock.advance(Duration::from_secs(6 * 60));
    let secret = [
        ("auth.kind", "key"),
        ("auth.name", "X-Api-Key"),
        ("auth.in", "header"),
        ("auth.value", "hush-hush-hush"),
    ];
    let asked = console.make(&secret).await;
    assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(asked.html.contains("Confirm it’s you") && !asked.html.contains("hush-hush"), "{}", asked.html);
    let carried = asked.value("auth.value.sealed");
    assert!(!carried.is_empty());
    let with = |password: &'static str| {
        let mut fields = vec![
            ("auth.kind", "key"),
            ("auth.name", "X-Api-Key"),
            ("auth.in", "header"),
            ("auth.value.sealed", carried.as_str()),
        ];
        fields.push(("password", password));
        fields
    };
    let wrong = console.make(&with("not the password")).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!wrong.html.contains("not the password"));
    led(&console.make(&with(PASSWORD)).await, "/webhooks?saved=1&new=true#hook-crm");
    assert_eq!(engine::secrets::held(&console.engine).await.unwrap().len(), 1);
    // As fresh as after a sign-in, and no longer.
    led(&console.press("off", 1, &[]).await, "/webhooks?saved=2&new=true#hook-crm");
    console.world.clock.advance(Duration::from_secs(6 * 60));
    let asked = console.press("on", 2, &[]).await;
    assert!(asked.status == StatusCode::UNPROCESSABLE_ENTITY && asked.html.contains("confirm-password"));
    led(&console.press("on", 2, &[("password", PASSWORD)]).await, "/webhooks?saved=3&new=true#hook-crm");
}

#[tokio::test]
async fn what_was_typed_outlives_the_session_and_secrets_do_not() {
    let mut console = Console::where_hooks_are_made().await;
    console.world.clock.advance(Duration::from_secs(12 * 60 * 60 + 1));
    let typed = [
        ("url", "https://crm.example.org/kept"),
        ("auth.kind", "basic"),
        ("auth.user", "us"),
        ("auth.password", "hush-hush-hush"),
        ("password", PASSWORD),
    ];
    let led_away = console.make(&typed).await;
    led(&led_away, "/sign-in?next=%2Fwebhooks%2Fnew%3Fkept%3Dtrue");
    console.sign_in(EMAIL).await;
    let page = console.get("/webhooks/new?kept=true").await;
    assert!(page.html.contains("not saved yet"), "{}", page.html);
    assert_eq!(page.value("url"), "https://crm.example.org/kept");
    assert!(!page.html.contains("hush-hush") && page.value("auth.password.sealed").is_empty());
    let mut tx = console.engine.db().read().await.unwrap();
    let (operator, _) = rows::by_email(&mut tx, EMAIL).await.unwrap().unwrap();
    drop(tx);
    let kept = operators::kept::kept(&console.engine, &operator, NEW).await.unwrap().unwrap();
    assert!(kept.contains("auth.user") && !kept.contains("hush"), "{kept}");
}

#[tokio::test]
async fn a_secret_that_is_made_is_told_once_and_stands_nowhere() {
    let console = Console::where_hooks_are_made().await;
    let made = console.make(&[("auth.kind", "signature"), ("auth.signing", "make")]).await;
    assert_eq!(made.status, StatusCode::OK);
    let first = made.html.split("value=\"whsec_").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert!(made.html.contains("You won’t see it again"));
    let exchanged = console.press("rotate", 1, &[]).await;
    let second = exchanged.html.split("value=\"whsec_").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert_ne!(first, second);
    let list = console.get(LIST).await;
    assert!(
        list.html.contains("Signing secret before it: ") && list.html.contains("Revoke old secret"),
        "{}",
        list.html
    );
    led(&console.press("retire", 2, &[]).await, "/webhooks?saved=3&new=true#hook-crm");
    let given = format!("whsec_{first}");
    let own = console
        .change(3, &[("auth.kind", "signature"), ("auth.signing", "given"), ("auth.secret", &given)])
        .await;
    led(&own, "/webhooks?saved=4&new=true#hook-crm");

    let mut everything = String::new();
    for target in [
        LIST,
        "/webhooks/change?id=crm",
        "/webhooks/hook?hook=id%3Acrm&place=registration.after",
        "/webhooks/press?id=crm&act=rotate",
        "/settings/history",
        "/settings/history/1",
        "/settings/history/compare?from=0&to=4",
        "/checks",
    ] {
        let page = console.get(target).await;
        assert_eq!(page.status, StatusCode::OK, "{target}");
        everything.push_str(&page.html);
    }
    for revision in settings::list(console.engine.db()).await.unwrap() {
        everything.push_str(&format!("{:?} {:?}", revision.settings, revision.summary));
    }
    let mut tx = console.engine.db().read().await.unwrap();
    for entry in audit::list(&mut tx, 1000).await.unwrap() {
        everything.push_str(&entry.details.to_string());
    }
    assert!(everything.contains("secret://hooks/crm/signature"));
    for secret in [first, second] {
        assert!(!everything.contains(&secret), "{secret}");
    }
}
