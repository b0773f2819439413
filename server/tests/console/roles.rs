//! Who may only look: viewers, and everybody where the files decide.

use crate::client::{Console, EMAIL, FUNCTION, PAGE, PASSWORDS, VIEWER, router, tag};
use axum::http::StatusCode;
use engine::Engine;
use serde_json::json;

#[tokio::test]
async fn a_viewer_sees_everything_and_changes_nothing() {
    let mut console = Console::signed_in("Grace").await;
    console.becomes_viewer().await;
    let page = console.get(PAGE).await;
    assert!(page.html.contains("You have read-only access"));
    assert!(!page.html.contains("value=\"save\""));
    assert!(tag(&page.html, "id=\"sign-in-after-registration\"").contains("disabled"));
    for target in [PAGE, FUNCTION] {
        for (action, base) in [("save", "0"), ("undo", "0")] {
            let refused = console.submit_to(target, action, base, &[("registration_enabled", "")]).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN, "{target} {action}");
        }
    }
    assert_eq!(console.values().await.revision, 0);
    let refusals = console.audited().await;
    let refusals = refusals.iter().filter(|(action, actor)| action == "settings.refused" && actor == VIEWER);
    assert_eq!(refusals.count(), 4, "each refusal is kept");
}

#[tokio::test]
async fn a_viewer_sees_invitations_and_neither_makes_nor_withdraws_them() {
    let mut console = Console::signed_in("Grace").await;
    let made = console.post("/invitations", &[("address", "anna@example.org"), ("days", "3")]).await;
    assert_eq!(made.status, StatusCode::OK);
    assert!(made.html.contains("/self-service/registration/browser?invitation="), "{}", made.html);
    let (_, rest) = made.html.split_once("value=\"revoke:").unwrap();
    let revoke = format!("revoke:{}", rest.split('"').next().unwrap());
    console.becomes_viewer().await;
    let page = console.get("/invitations").await;
    assert!(page.html.contains("anna@example.org") && page.html.contains("You have read-only access"));
    assert!(
        !page.html.contains("Create invitation</button>") && !page.html.contains("invitation="),
        "{}",
        page.html
    );
    for action in ["create", &revoke] {
        let refused = console.post("/invitations", &[("action", action)]).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{action}");
    }
    let audit = console.audited().await;
    let of = |wanted: &str, by: &str| {
        audit.iter().filter(|(action, actor)| action == wanted && actor == by).count()
    };
    assert_eq!((of("invitation.make", EMAIL), of("invitation.refused", VIEWER)), (1, 2), "{audit:?}");
    assert!(console.get("/invitations").await.html.contains("data-state=\"open\""), "it still works");
}

#[tokio::test]
async fn where_the_files_decide_the_pages_only_show_and_say_where_to_change_it() {
    let mut console = Console::signed_in("Grace").await;
    assert_eq!(
        console.submit("save", "0", &[("min_password_length", "12")]).await.status,
        StatusCode::SEE_OTHER
    );
    // The same database behind files that decide.
    let files = json!({"vestibule": {"settings": {"source": "file"}}});
    let config = console.world.config(vec![files]);
    let hasher = engine::password::Hasher::sized(1, 16);
    let engine = Engine::new(console.engine.db().clone(), console.world.effects(), hasher, config);
    console.router = router(&engine);
    console.engine = engine;
    let sentence = "vestibule.settings.source: file";
    let page = console.get(PASSWORDS).await;
    assert!(
        page.html.contains(sentence) && !page.html.contains("You have read-only access"),
        "{}",
        page.html
    );
    assert!(!page.html.contains("value=\"save\""));
    assert!(tag(&page.html, "id=\"min-password-length\"").contains("disabled"));
    for (target, action, base) in
        [(PASSWORDS, "save", "1"), (FUNCTION, "save", "0"), (PASSWORDS, "undo", "1"), (FUNCTION, "undo", "1")]
    {
        let refused = console.submit_to(target, action, base, &[("min_password_length", "14")]).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{target} {action}");
        assert!(refused.html.contains("The files decide here"), "{}", refused.html);
    }
    let back = console.post("/settings/history/0", &[("base", "1")]).await;
    assert_eq!(back.status, StatusCode::FORBIDDEN);
    let history = console.get("/settings/history").await;
    for part in [
        sentence,
        "Saved here but not applied",
        "Minimum password length: 12 (was 8)",
        "min_password_length: 12",
    ] {
        assert!(history.html.contains(part), "{part}: {}", history.html);
    }
    let detail = console.get("/settings/history/1").await;
    assert!(detail.html.contains(sentence) && !detail.html.contains("Restore revision"), "{}", detail.html);
    assert_eq!(console.values().await.values.number("min_password_length"), 8, "the files say so");
}
