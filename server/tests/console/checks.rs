//! Findings and their fixes, and what a save lacks that brings a danger about.

use crate::client::{BASE, Console, EMAIL, FUNCTION, PAGE, PASSWORD, VERIFICATION, tag};
use axum::http::StatusCode;

#[tokio::test]
async fn the_page_of_checks_has_each_finding_in_its_group_with_the_way_out() {
    let mut console = Console::signed_in("Grace").await;
    console.submit("save", "0", &[("breach_check", "")]).await;
    let page = console.get("/checks").await;
    let at = |part: &str| page.html.find(part).unwrap_or_else(|| panic!("{part} in {}", page.html));
    assert!(at(">Dangers<") < at("admin_api_open") && at("admin_api_open") < at(">Warnings<"));
    assert!(at(">Warnings<") < at("breach_check_off"));
    assert!(page.html.contains("href=\"/settings/password-policy?fix=breach_check_off\""), "{}", page.html);
    assert!(
        page.html.contains("Fix in a configuration file") && page.html.contains("host: 127.0.0.1"),
        "{}",
        page.html
    );
    assert!(!page.html.contains("fix=admin_api_open"), "the console never sets where the server listens");
    assert!(page.html.contains("<span class=\"count\">1</span>"), "{}", page.html);
    console.becomes_viewer().await;
    let page = console.get("/checks").await;
    assert!(page.html.contains("breach_check_off") && !page.html.contains("?fix="), "{}", page.html);
    let page = console.get("/settings/password-policy?fix=breach_check_off").await;
    assert!(page.html.contains("This can’t be fixed here."), "{}", page.html);
}

#[tokio::test]
async fn a_proxy_that_is_not_named_is_an_error_once_it_was_seen() {
    let console = Console::signed_in("Grace").await;
    let before = console.get("/checks").await;
    assert!(!before.html.contains("several_clients"), "{}", before.html);
    console.post_from("/sign-in", &[], &[("origin", BASE), ("forwarded", "for=203.0.113.9")]).await;
    let page = console.get("/checks").await;
    let errors = page.html.find(">Errors<").expect("a group of errors");
    let told = page.html.find("data-testid=\"several_clients\"").expect("the check");
    assert!(
        errors < told && told < page.html.find(">Dangers<").expect("a group of dangers"),
        "{}",
        page.html
    );
    assert!(page.html.contains("Requests from 127.0.0.1 carry"), "{}", page.html);
    assert!(page.html.contains("<span class=\"count\">2</span>"), "beside the open admin API: {}", page.html);
}

#[tokio::test]
async fn a_fix_goes_into_the_form_and_is_saved_by_nobody_but_the_person() {
    let console = Console::signed_in("Grace").await;
    console.submit("save", "0", &[("breach_check", "")]).await;
    let pressed = "/settings/password-policy?fix=breach_check_off";
    let page = console.get(pressed).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.html.contains("The fix is in the form."), "{}", page.html);
    assert!(tag(&page.html, "id=\"breach-check\"").contains("checked"));
    assert!(page.html.contains("<b>1 unsaved change</b>"), "{}", page.html);
    assert_eq!(console.values().await.revision, 1);
    console.submit("save", "1", &[("breach_check", "true")]).await;
    let page = console.get(pressed).await;
    assert!(page.html.contains("Already fixed."), "pressed twice: {}", page.html);
    assert!(page.html.contains("No unsaved changes"));
    for stale in ["of_a_later_version", "%3Cscript%3E", ""] {
        let page = console.get(&format!("/settings/authentication?fix={stale}")).await;
        assert!(page.html.contains("Already fixed.") && !page.html.contains("<script>%"), "{stale}");
    }
    let page = console.get("/settings/authentication?fix=admin_api_open").await;
    assert!(page.html.contains("vestibule.admin.token: change it in a file"), "{}", page.html);
    assert_eq!(console.values().await.revision, 2);
}

#[tokio::test]
async fn a_fix_beside_a_setting_keeps_what_was_typed() {
    let console = Console::signed_in("Grace").await;
    let typed = [("min_password_length", "7"), ("registration_enabled", ""), ("reason", "for later")];
    let page = console.submit("preview", "0", &typed).await;
    assert!(page.html.contains("value=\"fix:short_passwords\""), "{}", page.html);
    let page = console.submit("fix:short_passwords", "0", &typed).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(tag(&page.html, "id=\"min-password-length\"").contains("value=\"12\""), "{}", page.html);
    assert!(page.html.contains("name=\"also.registration_enabled\" value=\"false\""), "the switch stays off");
    assert!(tag(&page.html, "id=\"reason\"").contains("for later"));
    // The setting that a fix changes may be on another page.
    for target in [PAGE, FUNCTION] {
        let page = console.submit_to(target, "fix:short_passwords", "0", &typed).await;
        assert_eq!(page.status, StatusCode::OK);
        let html = page.html.replace("\\\"", "\"");
        assert!(html.contains("name=\"also.min_password_length\" value=\"12\""), "{html}");
        assert!(!tag(&html, "id=\"registration-enabled\"").contains("checked"), "the switch stays off");
        assert!(tag(&html, "id=\"reason\"").contains("for later"));
    }
    let unreadable = [("min_password_length", "twelve"), ("breach_check", "")];
    let page = console.submit("fix:breach_check_off", "0", &unreadable).await;
    assert!(tag(&page.html, "id=\"min-password-length\"").contains("value=\"twelve\""), "{}", page.html);
    assert!(tag(&page.html, "id=\"breach-check\"").contains("checked"));
    assert_eq!(console.values().await.revision, 0);
}

#[tokio::test]
async fn a_fix_pressed_twice_does_its_work_once_and_says_so() {
    let console = Console::signed_in("Grace").await;
    let short = [("min_password_length", "6")];
    let page = console.submit("preview", "0", &short).await;
    assert!(page.html.contains("value=\"fix:short_passwords\""), "{}", page.html);
    assert!(page.html.contains("Require 12 characters"), "{}", page.html);
    let fixed = console.submit("fix:short_passwords", "0", &short).await;
    assert_eq!(fixed.status, StatusCode::OK);
    assert!(tag(&fixed.html, "id=\"min-password-length\"").contains("value=\"12\""));
    let twice = console.submit("fix:short_passwords", "0", &[("min_password_length", "12")]).await;
    assert_eq!(twice.status, StatusCode::OK);
    assert!(twice.html.contains("Already fixed."), "{}", twice.html);
    assert!(tag(&twice.html, "id=\"min-password-length\"").contains("value=\"12\""));
    assert_eq!(console.values().await.revision, 0, "nothing was saved");
}

#[tokio::test]
async fn a_save_that_brings_a_danger_about_says_what_it_lacks() {
    let console = Console::signed_in("Grace").await;
    let gate = ("require_verified_address", "true");
    let page = console.submit("save", "0", &[gate]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.html.contains("Users without a verified email are locked out"), "{}", page.html);
    let reason = tag(&page.html, "id=\"reason\"");
    assert!(reason.contains("aria-invalid=\"true\"") && page.html.contains("(required)"), "{reason}");
    assert!(!page.html.contains("id=\"confirm-password\""), "a moment after the sign-in: {}", page.html);
    assert!(tag(&page.html, "id=\"require-verified-address\"").contains("checked"), "as it was chosen");
    console.world.clock.advance(std::time::Duration::from_secs(6 * 60));
    let page = console.submit("save", "0", &[gate, ("reason", "we move tonight")]).await;
    assert!(
        page.html.contains("id=\"confirm-password\""),
        "who signed in long ago shows their password: {}",
        page.html
    );
    assert_eq!(console.values().await.revision, 0);
    let page = console.submit("save", "0", &[("show_verification_page", "true")]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.html.contains("The verification page is never shown"), "an error is refused: {}", page.html);
    assert_eq!(console.values().await.revision, 0);
}

#[tokio::test]
async fn a_danger_long_after_the_sign_in_asks_for_the_password_and_loses_nothing() {
    // No codes are sent, so asking for a confirmed address locks people out.
    let console = Console::signed_in("Grace").await;
    console.world.clock.advance(std::time::Duration::from_secs(6 * 60));
    let gate = [("require_verified_address", "true"), ("min_password_length", "14")];
    let told = console.submit("preview", "0", &gate).await;
    assert!(told.html.contains("To save, you need the owner role"), "before it is pressed: {}", told.html);
    let with_reason = [&gate[..], &[("reason", "trial week")]].concat();
    for target in [PAGE, FUNCTION, VERIFICATION] {
        let asked = console.submit_to(target, "save", "0", &with_reason).await;
        assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY, "{target}");
        assert!(asked.html.contains("confirm-password"), "{}", asked.html);
        assert!(asked.html.contains("Users without a verified email are locked out"));
        let wrong = [&with_reason[..], &[("password", "not the password 12")]].concat();
        let asked = console.submit_to(target, "save", "0", &wrong).await;
        assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(asked.html.contains("Incorrect password"), "{}", asked.html);
        assert!(!asked.html.contains("not the password"), "a password never comes back");
        assert!(asked.html.contains("trial week"), "what was typed stays");
    }
    assert_eq!(console.values().await.revision, 0);
    let password = [("password", PASSWORD)];
    let why = console.submit("save", "0", &[&gate[..], &password].concat()).await;
    assert_eq!(why.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(why.html.contains("Enter a reason. The change and the reason"), "{}", why.html);
    let saved = console.submit("save", "0", &[&with_reason[..], &password].concat()).await;
    assert_eq!(saved.location(), "/settings/email-verification?saved=1&new=true");
    // A moment after the sign-in nobody is asked for it.
    let fresh = Console::signed_in("Grace").await;
    let saved = fresh.submit("save", "0", &with_reason).await;
    assert_eq!(saved.location(), "/settings/email-verification?saved=1&new=true");
}

#[tokio::test]
async fn guessing_the_password_at_an_open_console_is_slowed_down_and_the_door_is_not() {
    let console = Console::signed_in("Grace").await;
    console.world.clock.advance(std::time::Duration::from_secs(6 * 60));
    let guess = [("require_verified_address", "true"), ("reason", "x"), ("password", "not the password 12")];
    let mut slowed = false;
    for _ in 0..14 {
        let page = console.submit("save", "0", &guess).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        slowed |= page.html.contains("Try again in");
    }
    assert!(slowed);
    let door = console.post("/sign-in", &[("email", EMAIL), ("password", PASSWORD)]).await;
    assert_eq!(door.status, StatusCode::SEE_OTHER, "guesses there are counted apart");
}
