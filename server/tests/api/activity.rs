//! Sign-ups and sign-ins of a day, as the console's overview shows them.

use crate::clients::{JSON, Kind, Person, Site, sign_up, stand};
use crate::console::Console;
use serde_json::{Value, json};
use std::time::Duration;

async fn sign_in(site: &Site, email: &str, password: &str) -> u16 {
    let mut app = Person::new(site, Kind::Native);
    let begun = app.ask("GET", "/self-service/login/api", JSON, &[], None).await;
    let begun: Value = serde_json::from_slice(&begun.body).expect("a flow");
    let target = format!("/self-service/login?flow={}", begun["id"].as_str().expect("an id"));
    let typed = json!({"method": "password", "identifier": email, "password": password});
    app.post(&target, &[], &typed).await.status
}

#[tokio::test]
async fn what_committed_is_counted_by_day_and_what_was_refused_is_not() {
    let (stand, site) = stand("memory", json!({})).await;
    sign_up(&site, Kind::Browser, "anna@shop.example").await;
    sign_up(&site, Kind::Native, "ben@shop.example").await;
    // The address is taken.
    let mut other = Person::new(&site, Kind::Native);
    let begun = other.begin().await;
    assert_eq!(other.send(&begun, "ben@shop.example").await.status, 400);
    assert_eq!(sign_in(&site, "ben@shop.example", crate::clients::PASSWORD).await, 200);
    assert_eq!(sign_in(&site, "ben@shop.example", "not the password 12").await, 400);
    let console = Console::on(stand.world.clone(), stand.engine.clone()).with_operator("Grace").await;
    let page = console.get("/").await.html;
    assert!(page.contains("1 sign-in and 2 sign-ups."), "{page}");

    stand.world.clock.advance(Duration::from_secs(24 * 60 * 60));
    assert_eq!(sign_in(&site, "ben@shop.example", crate::clients::PASSWORD).await, 200);
    let days = stand.engine.activity().days(stand.engine.db(), stand.engine.effects().now(), 7);
    let days = days.await.expect("the store answers");
    let counts: Vec<_> = days.iter().map(|day| (day.sign_ups, day.sign_ins)).collect();
    assert_eq!(counts, [(0, 0), (0, 0), (0, 0), (0, 0), (0, 0), (2, 1), (0, 1)]);
    stand.world.clock.advance(Duration::from_secs(6 * 24 * 60 * 60));
    let days = stand.engine.activity().days(stand.engine.db(), stand.engine.effects().now(), 7);
    let days = days.await.expect("the store answers");
    assert_eq!(days.first().map(|day| (day.sign_ups, day.sign_ins)), Some((0, 1)), "the day before is gone");
}
