//! *Search*: pages, settings and keys by the names that people know.

use crate::client::Console;
use axum::http::StatusCode;
use serde_json::json;

impl Console {
    /// The addresses that are found.
    async fn finds(&self, wanted: &str) -> Vec<String> {
        let query: String = url::form_urlencoded::byte_serialize(wanted.as_bytes()).collect();
        let page = self.get(&format!("/search?q={query}")).await;
        assert_eq!(page.status, StatusCode::OK);
        let results = page.html.split("id=\"results\"").nth(1).unwrap().split("</main>").next().unwrap();
        results.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn pages_settings_and_keys_are_found_by_their_names_and_by_those_of_ory() {
    let console = Console::signed_in("Grace").await;
    for (wanted, to) in [
        ("audit", "/audit"),
        ("AUD", "/audit"),
        ("Actions", "/webhooks"),
        ("smtp", "/mail"),
        ("members", "/operators"),
        ("change password", "/account"),
        ("Sign in after registration", "/settings/authentication#sign-in-after-registration"),
        ("enable sign in after", "/settings/authentication#sign-in-after-registration"),
        ("haveibeenpwned", "/settings/password-policy#breach-check"),
        ("min_password_length", "/settings/password-policy#min-password-length"),
        ("selfservice.methods.password.config.min_password", "/settings/password-policy#min-password-length"),
        ("serve.public.base_url", "/documentation/configuration#serve.public.base_url"),
    ] {
        let found = console.finds(wanted).await;
        assert!(found.iter().any(|own| own == to), "{wanted}: {found:?}");
    }
    assert_eq!(
        console.finds("audit").await.first().map(String::as_str),
        Some("/audit"),
        "the best one first"
    );
}

#[tokio::test]
async fn nothing_is_found_for_nonsense_and_all_pages_for_nothing() {
    let console = Console::signed_in("Grace").await;
    assert!(console.finds("<script>alert(1)</script>").await.is_empty());
    let page = console.get("/search?q=%3Cscript%3Ezzz").await;
    assert!(page.html.contains("Nothing found for") && !page.html.contains("<script>zzz"), "{}", page.html);
    let all = console.finds("").await;
    assert!(all.iter().any(|to| to == "/") && all.iter().any(|to| to == "/operators"), "{all:?}");
    let long = "x".repeat(5000);
    assert!(console.finds(&long).await.is_empty());
}

#[tokio::test]
async fn what_a_role_may_not_open_is_not_found() {
    let mailbox = json!({"vestibule": {"mailbox": {"enabled": true}}});
    let mut console = Console::start_with(vec![mailbox]).await.with_operator("Grace").await;
    assert!(console.finds("mailbox").await.contains(&"/mailbox".to_owned()));
    console.becomes_viewer().await;
    assert!(!console.finds("mailbox").await.contains(&"/mailbox".to_owned()));
    assert!(!console.finds("operators").await.contains(&"/operators".to_owned()));
}

#[tokio::test]
async fn a_page_that_does_not_exist_leads_on() {
    let console = Console::signed_in("Grace").await;
    let page = console.get("/nowhere").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    for part in ["<h1>Page not found</h1>", "href=\"/search\"", "class=\"side\"", "<title>Page not found"] {
        assert!(page.html.contains(part), "{part}: {}", page.html);
    }
}

#[tokio::test]
async fn users_are_found_by_what_their_email_begins_with() {
    let console = Console::with_users().await;
    let anna = console.verified("anna@shop.example").await;
    console.verified("berta@shop.example").await;
    let found = console.finds("ann").await;
    assert!(found.contains(&format!("/users/{anna}")), "{found:?}");
    assert_eq!(found.iter().filter(|to| to.starts_with("/users/")).count(), 1);
    assert!(console.finds(&anna.to_string()).await.contains(&format!("/users/{anna}")));
    assert!(console.finds("Identities").await.contains(&"/users".to_owned()));
}
