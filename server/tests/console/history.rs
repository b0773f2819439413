//! Two revisions, held against each other, and the way back when the sign-in is old.

use crate::client::{Console, EMAIL, PAGE, PASSWORD, VERIFICATION, tag};
use axum::http::{StatusCode, header};
use std::time::Duration;

#[tokio::test]
async fn two_revisions_are_compared_at_an_address_of_their_own() {
    let console = Console::signed_in("Grace").await;
    let empty = console.get("/settings/history/compare").await;
    assert_eq!((empty.status, empty.html.contains("No differences")), (StatusCode::OK, true));
    console.submit("save", "0", &[("min_password_length", "12")]).await;
    console
        .submit("save", "1", &[("min_password_length", "12"), ("sign_in_after_registration", "true")])
        .await;
    let list = console.get("/settings/history").await;
    assert!(list.html.contains("action=\"/settings/history/compare\""), "{}", list.html);
    let page = console.get("/settings/history/compare?from=0&to=2").await;
    assert_eq!(page.status, StatusCode::OK);
    for part in [
        "From configuration files only to revision 2",
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
    assert!(file.html.contains("# Remove this key"), "{}", file.html);
    for unknown in ["from=3&to=0", "from=0&to=-1", "from=x&to=1", "from=1&to=99999999999999999999"] {
        let page = console.get(&format!("/settings/history/compare?{unknown}")).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{unknown}");
    }
}

#[tokio::test]
async fn going_back_long_after_the_sign_in_asks_for_the_password_and_goes_on() {
    // No codes are sent, so asking for a confirmed address locks people out.
    let console = Console::signed_in("Grace").await;
    console.submit("save", "0", &[("require_verified_address", "true"), ("reason", "trial week")]).await;
    console.submit_to(VERIFICATION, "save", "1", &[]).await;
    assert_eq!(console.values().await.revision, 2);
    console.world.clock.advance(Duration::from_secs(6 * 60));
    let back = |more: &[(&'static str, &'static str)]| {
        let fields = [&[("base", "2")][..], more].concat();
        let console = &console;
        async move { console.post("/settings/history/1", &fields).await }
    };
    let asked = back(&[("reason", "a second week")]).await;
    assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY);
    let told = console.get("/settings/history/1").await;
    assert!(
        told.html.contains("To save, you need the owner role"),
        "before the button is pressed: {}",
        told.html
    );
    for part in
        ["Confirm this dangerous change", "Users without a verified email are locked out", "<title>Error: "]
    {
        assert!(asked.html.contains(part), "{part}: {}", asked.html);
    }
    assert!(!asked.html.contains("sign out"), "{}", asked.html);
    let form = asked.html.split("class=\"form\"").nth(1).unwrap().split("</form>").next().unwrap();
    assert!(form.contains("id=\"confirm-password\""), "in the form that goes on: {form}");
    assert!(tag(form, "name=\"reason\"").contains("a second week"), "what was typed stays");
    assert!(tag(form, "name=\"base\"").contains("value=\"2\""), "{form}");

    let wrong = back(&[("reason", "a second week"), ("password", "not the password 12")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.html.contains("Incorrect password") && !wrong.html.contains("not the password"));
    let silent = back(&[("password", PASSWORD)]).await;
    assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(silent.html.contains("Enter a reason") && silent.html.contains("(required)"), "{}", silent.html);
    assert!(!silent.html.contains("id=\"confirm-password\""), "it was right, and counts: {}", silent.html);
    assert_eq!(console.values().await.revision, 2, "nothing was made of any of these");

    let done = back(&[("reason", "a second week")]).await;
    assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, "/settings/history?saved=3&new=true"));
    let values = console.values().await;
    assert!(values.revision == 3 && values.values.ways("require_verified_address").all_on());
    let refused = console.audited().await;
    let refused = refused.iter().filter(|(action, actor)| action == "settings.refused" && actor == EMAIL);
    assert_eq!(refused.count(), 2, "without a password, and with a wrong one");
    // Out of the danger anybody may go, and into it by Undo with the password as well.
    console.submit_to(VERIFICATION, "save", "3", &[]).await;
    console.world.clock.advance(Duration::from_secs(6 * 60));
    let undo = console.post(PAGE, &[("action", "undo"), ("base", "4")]).await;
    assert_eq!(undo.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(undo.html.contains("Confirm this dangerous change"), "{}", undo.html);
    assert!(undo.html.contains("<input type=\"hidden\" name=\"action\" value=\"undo\""), "{}", undo.html);
    let again = [("action", "undo"), ("base", "4"), ("reason", "a third week"), ("password", PASSWORD)];
    let undo = console.post(PAGE, &again).await;
    assert_eq!(undo.location(), "/settings/authentication?saved=5&new=true&undone=3", "{}", undo.html);
    assert!(console.values().await.values.ways("require_verified_address").all_on());
}
