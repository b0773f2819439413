//! Changed configuration files that don't apply: a notice on every page, and what is wrong with them.

use crate::client::Console;
use axum::http::StatusCode;
use engine::config::load::Sources;
use engine::settings::{Reloaded, reload_files};
use serde_json::json;

#[tokio::test]
async fn a_notice_on_every_page_leads_to_what_is_wrong() {
    let console = Console::start().await.with_operator("Grace Hopper").await;
    const NOTICE: &str = "data-testid=\"files-notice\"";
    assert!(!console.get("/checks").await.html.contains(NOTICE));
    let fine = console.get("/checks/files").await;
    assert!(fine.status == StatusCode::OK && fine.html.contains("apply as they are"), "{}", fine.html);

    let broken = json!({"session": {"lifespan": "soon <b>"}});
    let sources = Sources { documents: vec![broken], ..Sources::default() };
    assert_eq!(reload_files(&console.engine, &sources).await.unwrap(), Reloaded::NotApplied);
    for path in ["/checks", "/settings/authentication", "/audit", "/nothing-here"] {
        let page = console.get(path).await;
        assert!(page.html.contains(NOTICE) && page.html.contains("href=\"/checks/files\""), "{path}");
    }
    let page = console.get("/checks/files").await.html;
    assert!(page.contains("The changed files have errors") && page.contains("session.lifespan"), "{page}");
    assert!(!page.contains("soon <b>"), "{page}");
    // There is nothing to confirm in files with errors.
    assert!(!page.contains("Apply files"), "{page}");
    let posted = console.post("/checks/files", &[("action", "apply:")]).await;
    assert_eq!(posted.status, StatusCode::UNPROCESSABLE_ENTITY);
}
