//! A database that somebody else holds is told on a page, which says when to come back.

use crate::client::{Console, PAGE, Page};
use axum::http::{StatusCode, header};
use engine::store::Db;
use engine::testing::World;
use std::path::Path;
use std::time::Duration;

fn told_on_a_page(page: &Page) {
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE, "{}", page.html);
    assert!(page.headers.contains_key(header::RETRY_AFTER));
    assert!(page.html.contains("<h1") && page.html.contains("</html>"), "{}", page.html);
}

#[tokio::test]
async fn a_database_that_somebody_else_holds_is_told_on_a_page() {
    let folder = tempfile::tempdir().unwrap();
    let dsn = format!("sqlite://{}?_busy_timeout=50", folder.path().join("x.sqlite").display());
    let world = World::default();
    let engine = world.engine(&dsn, vec![]).await;
    let console = Console::on(world, engine).with_operator("Grace").await;
    console.submit("save", "0", &[("min_password_length", "12")]).await;
    let other = Db::connect(Some(&dsn), Path::new("unused")).await.unwrap();

    let held = other.write().await.unwrap();
    told_on_a_page(&console.post("/settings/history/0", &[("base", "1")]).await);
    drop(held);
    assert_eq!(console.values().await.revision, 1);

    // The same where the session is over, and the form was to be kept.
    console.world.clock.advance(Duration::from_secs(13 * 60 * 60));
    let held = other.write().await.unwrap();
    let typed = [("min_password_length", "15")];
    told_on_a_page(&console.submit("save", "1", &typed).await);
    drop(held);
    let led = console.submit("save", "1", &typed).await;
    assert!(led.location().contains("kept%3Dtrue"), "the same form once more: {}", led.location());
    assert_eq!(console.get(PAGE).await.status, StatusCode::SEE_OTHER);
}
