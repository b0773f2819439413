//! Two revisions, held against each other.

use crate::client::Console;
use axum::http::{StatusCode, header};

#[tokio::test]
async fn two_revisions_are_compared_at_an_address_of_their_own() {
    let console = Console::signed_in("Grace").await;
    let empty = console.get("/settings/history/compare").await;
    assert_eq!((empty.status, empty.html.contains("Both mean the same")), (StatusCode::OK, true));
    console.submit("save", "0", &[("min_password_length", "12")]).await;
    console
        .submit("save", "1", &[("min_password_length", "12"), ("sign_in_after_registration", "true")])
        .await;
    let list = console.get("/settings/history").await;
    assert!(list.html.contains("action=\"/settings/history/compare\""), "{}", list.html);
    let page = console.get("/settings/history/compare?from=0&to=2").await;
    assert_eq!(page.status, StatusCode::OK);
    for part in [
        "From the files alone to revision 2",
        "Sign in after registration: on",
        "Minimum password length: 12 (was 8)",
        "hook: session",
    ] {
        assert!(page.html.contains(part), "{part}: {}", page.html);
    }
    let newest = console.get("/settings/history/compare").await;
    assert!(newest.html.contains("From revision 1 to revision 2"), "{}", newest.html);
    let file = console.get("/settings/history/compare?from=2&to=0&as=yaml").await;
    assert_eq!(file.headers[header::CONTENT_TYPE], "application/yaml");
    assert!(file.headers[header::CONTENT_DISPOSITION].to_str().unwrap().contains("settings-2-to-0.yaml"));
    assert!(file.html.contains("# Take this key out"), "{}", file.html);
    for unknown in ["from=3&to=0", "from=0&to=-1", "from=x&to=1", "from=1&to=99999999999999999999"] {
        let page = console.get(&format!("/settings/history/compare?{unknown}")).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{unknown}");
    }
}
