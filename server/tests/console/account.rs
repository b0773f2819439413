//! *Your account*: what operators of every role change about themselves.

use crate::client::{Console, PASSWORD, VIEWER};
use axum::http::StatusCode;
use engine::operators::Role;

const NEW: &str = "quiet meadow copper lantern";

/// The viewer twice, in two browsers.
async fn start() -> (Console, Console) {
    let owner = Console::signed_in("Grace").await;
    let viewer = owner.another(VIEWER, Role::Viewer).await;
    let mut second = Console::on(owner.world.clone(), owner.engine.clone());
    second.sign_in(VIEWER).await;
    (viewer, second)
}

#[tokio::test]
async fn the_menu_of_every_page_leads_there_and_is_named_by_what_it_shows() {
    let (console, _) = start().await;
    let page = console.get("/checks").await;
    assert!(page.html.contains("aria-label=\"E, account menu\""), "{}", page.html);
    assert!(page.html.contains("href=\"/account\"") && page.html.contains("action=\"/sign-out\""));
}

#[tokio::test]
async fn a_name_is_changed_for_all_pages() {
    let (console, _) = start().await;
    let done = console.post("/account", &[("action", "rename"), ("name", " Edda Stone ")]).await;
    assert_eq!(done.location(), "/account?done=renamed", "{}", done.html);
    let page = console.get("/account?done=renamed").await;
    assert!(page.html.contains("Name saved.") && page.html.contains("value=\"Edda Stone\""), "{}", page.html);
    assert!(page.html.contains("aria-label=\"ES, account menu\""));
    let again = console.post("/account", &[("action", "rename"), ("name", "  ")]).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(again.html.contains("id=\"name-problem\""), "{}", again.html);
    assert!(console.audited().await.contains(&("operator.rename".to_owned(), VIEWER.to_owned())));
}

#[tokio::test]
async fn a_password_is_changed_with_the_current_one_and_signs_out_everywhere_else() {
    let (mut console, second) = start().await;
    let change = async |current: &str, new: &str| {
        let fields = [("action", "change"), ("current_password", current), ("new_password", new)];
        console.post("/account", &fields).await
    };
    for (current, new, problem) in [
        ("not my password 12", NEW, "current-password-problem"),
        (PASSWORD, "short", "new-password-problem"),
        ("", "", "new-password-problem"),
    ] {
        let again = change(current, new).await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
        assert!(again.html.contains(&format!("id=\"{problem}\"")), "{}", again.html);
        assert!(!again.html.contains(NEW) && !again.html.contains(PASSWORD), "never shown again");
    }
    assert_eq!(second.get("/checks").await.status, StatusCode::OK);
    let done = change(PASSWORD, NEW).await;
    assert_eq!(done.location(), "/account?done=changed", "{}", done.html);
    assert_eq!(console.get("/checks").await.status, StatusCode::OK, "this session stays");
    assert_eq!(second.get("/checks").await.status, StatusCode::SEE_OTHER);
    let old = console.post("/sign-in", &[("email", VIEWER), ("password", PASSWORD)]).await;
    assert_eq!(old.status, StatusCode::UNPROCESSABLE_ENTITY);
    let new = console.post("/sign-in", &[("email", VIEWER), ("password", NEW)]).await;
    assert_eq!(new.status, StatusCode::SEE_OTHER);
    console.keep(&new);
    assert!(console.audited().await.contains(&("operator.password".to_owned(), VIEWER.to_owned())));
}

#[tokio::test]
async fn own_sessions_are_listed_and_signed_out_and_those_of_others_are_not() {
    let (console, second) = start().await;
    let page = console.get("/account").await;
    assert_eq!(page.html.matches("data-testid=\"session-").count(), 2, "{}", page.html);
    assert_eq!(page.html.matches("This session").count(), 1);
    assert_eq!(page.html.matches("value=\"end:").count(), 1, "one signs out of this session by the menu");
    let name = page.html.split("value=\"end:").nth(1).unwrap().split('"').next().unwrap();
    let end = format!("end:{name}");
    let owner = {
        let mut owner = Console::on(console.world.clone(), console.engine.clone());
        owner.sign_in(crate::client::EMAIL).await;
        owner
    };
    assert_eq!(owner.post("/account", &[("action", &end)]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(second.get("/checks").await.status, StatusCode::OK);
    let done = console.post("/account", &[("action", &end)]).await;
    assert_eq!(done.location(), "/account?done=ended", "{}", done.html);
    assert_eq!(second.get("/checks").await.status, StatusCode::SEE_OTHER);
    assert_eq!(console.post("/account", &[("action", &end)]).await.status, StatusCode::NOT_FOUND, "once");

    let mut third = Console::on(console.world.clone(), console.engine.clone());
    third.sign_in(VIEWER).await;
    let done = console.post("/account", &[("action", "end_others")]).await;
    assert_eq!(done.location(), "/account?done=others");
    assert_eq!(third.get("/checks").await.status, StatusCode::SEE_OTHER);
    assert_eq!(console.get("/checks").await.status, StatusCode::OK);
    let ended = console.audited().await;
    let own = ended.iter().filter(|(action, actor)| action == "operator.sign_out" && actor == VIEWER);
    assert_eq!(own.count(), 2);
}
