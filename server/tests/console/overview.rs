//! *Overview*: health, what happens at a sign-up, the first steps, the last changes.

use crate::client::{Console, EMAIL, PAGE, PASSWORD};
use axum::http::StatusCode;
use engine::operators;
use serde_json::json;

/// What is between the tag with that test id and the end of its line of the list.
fn part(html: &str, id: &str) -> String {
    let rest =
        html.split(&format!("data-testid=\"{id}\"")).nth(1).unwrap_or_else(|| panic!("no {id}: {html}"));
    rest.split("</li>").next().unwrap().to_owned()
}

#[tokio::test]
async fn it_is_the_first_page_after_a_sign_in() {
    let console = Console::start().await;
    operators::create(&console.engine, EMAIL, "Grace", PASSWORD).await.unwrap().unwrap();
    let page = console.post("/sign-in", &[("email", EMAIL), ("password", PASSWORD)]).await;
    assert_eq!(page.location(), "/");
    let console = Console::signed_in("Grace").await;
    let page = console.get("/").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.html.contains(concat!("runs version ", env!("CARGO_PKG_VERSION"))), "{}", page.html);
    assert!(page.html.contains("<a href=\"/\" aria-current=\"page\">"), "{}", page.html);
}

#[tokio::test]
async fn a_new_installation_has_four_steps_that_are_done_when_done() {
    let mut console = Console::signed_in("Grace").await;
    let page = console.get("/").await.html;
    for step in ["sign-up", "mail-server", "base-url", "provider"] {
        let own = part(&page, &format!("step-{step}"));
        assert!(
            own.contains("data-state=\"open\"")
                && own.contains("class=\"button small\"")
                && own.contains("<a href=\""),
            "{own}"
        );
    }
    assert!(page.contains("0 of 4 done") && page.contains("No sign-ups or sign-ins in the last 7 days."));
    console.becomes_viewer().await;
    assert!(!console.get("/").await.html.contains("Next steps"), "a viewer can do none of them");

    let provider = json!({"id": "acme", "provider": "generic", "client_id": "c", "client_secret": "s",
        "issuer_url": "https://id.example.org", "mapper_url": "base64://e30="});
    let config = json!({
        "courier": {"smtp": {"connection_uri": "smtp://mail.test:25/?disable_starttls=true"}},
        "serve": {"public": {"base_url": "https://accounts.example.org/"}},
        "selfservice": {"methods": {"oidc": {"enabled": true, "config": {"providers": [provider]}}}},
    });
    let console = Console::start_with(vec![config]).await.with_operator("Grace").await;
    let page = console.get("/").await.html;
    assert!(page.contains("3 of 4 done"), "{page}");
    for (step, state) in
        [("sign-up", "open"), ("mail-server", "done"), ("base-url", "done"), ("provider", "done")]
    {
        let own = part(&page, &format!("step-{step}"));
        assert!(own.contains(&format!("data-state=\"{state}\"")), "{step}: {own}");
    }
    assert!(page.contains("<bdi>accounts.example.org</bdi>"), "{page}");
}

#[tokio::test]
async fn health_says_what_the_pages_behind_it_say() {
    let console = Console::signed_in("Grace").await;
    let page = console.get("/").await.html;
    assert!(part(&page, "health-database").contains("SQLite"));
    assert!(part(&page, "health-webhooks").contains("No webhooks"));
    assert!(part(&page, "health-email").contains("href=\"/mail\""));
    let checks = console.get("/checks").await.html;
    let summary = checks.split("data-testid=\"summary\"").nth(1).unwrap();
    let dangers = summary.contains("danger") || summary.contains("error");
    assert_eq!(part(&page, "health-checks").contains("mark bad"), dangers);

    let hook = json!({"hook": "web_hook", "config": {"url": "https://crm.example.org/", "method": "POST",
        "response": {"ignore": true}}});
    let config = json!({
        "serve": {"public": {"host": "0.0.0.0"}},
        "vestibule": {"mailbox": {"enabled": false}},
        "selfservice": {"flows": {"registration": {"after": {"password": {"hooks": [hook]}}}}},
    });
    let console = Console::start_with(vec![config]).await.with_operator("Grace").await;
    let page = console.get("/").await.html;
    assert!(part(&page, "health-webhooks").contains("1 webhook"), "{page}");
    assert!(part(&page, "health-email").contains("No mail server"), "{page}");
    assert!(page.contains("Call "), "the webhook is in the drawing: {page}");
}

#[tokio::test]
async fn the_last_changes_and_the_flow_follow_a_save() {
    let console = Console::signed_in("Grace").await;
    let flow =
        |html: &str| html.split("class=\"flow\"").nth(1).unwrap().split("</ol>").next().unwrap().to_owned();
    let before = console.get("/").await.html;
    assert!(before.contains("No changes yet."), "{before}");
    let saved =
        console.submit("save", "0", &[("min_password_length", "12"), ("reason", "the auditors")]).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.html);
    let after = console.get("/").await.html;
    assert_ne!(flow(&before), flow(&after));
    assert!(flow(&after).contains("12"), "{}", flow(&after));
    let change = part(&after, "change-1");
    assert!(change.contains("href=\"/settings/history/1\"") && change.contains("the auditors"), "{change}");
    assert!(change.contains("<bdi>Grace</bdi>"), "{change}");
    assert!(console.get(PAGE).await.html.contains("aria-current=\"page\""));
}
