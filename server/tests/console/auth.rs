//! Ways in and out, and what is refused before anybody looks at it.

use crate::client::{BASE, Console, EMAIL, FUNCTION, PAGE, PASSWORD};
use axum::http::{HeaderValue, Request, StatusCode, header};
use engine::operators::{self, By};
use serde_json::json;

#[tokio::test]
async fn nobody_is_let_in_without_a_session_and_everybody_is_led_back_to_where_they_wanted_to_go() {
    let mut console = Console::start().await;
    operators::create(&console.engine, EMAIL, "Grace", PASSWORD).await.unwrap().unwrap();
    let led = console.get("/settings/authentication?saved=1").await;
    assert_eq!(led.status, StatusCode::SEE_OTHER);
    assert_eq!(led.location(), "/sign-in?next=%2Fsettings%2Fauthentication%3Fsaved%3D1");
    let refused = console.post(FUNCTION, &[("action", "save")]).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert!(refused.headers[header::CONTENT_TYPE].to_str().unwrap().starts_with("application/json"));

    let wrong =
        [("email", EMAIL), ("password", "wrong <password>"), ("next", "/settings/authentication?saved=1")];
    let again = console.post("/sign-in", &wrong).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(again.html.contains(&format!("value=\"{EMAIL}\"")), "the address stays: {}", again.html);
    assert!(again.html.contains("value=\"/settings/authentication?saved=1\""), "and so does the way");
    assert!(
        !again.html.contains("wrong <password>") && !again.html.contains("wrong &lt;"),
        "the password does not"
    );

    for (next, target) in [
        ("/settings/authentication?saved=1", "/settings/authentication?saved=1"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("", "/"),
    ] {
        let fields = [("email", EMAIL), ("password", PASSWORD), ("next", next)];
        let page = console.post("/sign-in", &fields).await;
        assert_eq!((page.status, page.location()), (StatusCode::SEE_OTHER, target), "next={next}");
        console.keep(&page);
    }
    let cookie = console.cookie.clone().unwrap();
    assert!(cookie.starts_with("vestibule_console="));
    let door = console.get("/sign-in?next=%2Fsettings%2Fauthentication").await;
    assert_eq!(door.status, StatusCode::SEE_OTHER, "who is in need not sign in again");

    let out = console.post("/sign-out", &[]).await;
    assert_eq!(out.location(), "/sign-in");
    assert_eq!(
        console.get(PAGE).await.status,
        StatusCode::SEE_OTHER,
        "a copy of the cookie is worth nothing"
    );
}

#[tokio::test]
async fn before_anybody_can_sign_in_the_page_says_where_the_way_in_is() {
    let console = Console::start().await;
    assert!(console.get("/sign-in").await.html.contains("Open the setup link"));
    operators::create(&console.engine, EMAIL, "Grace", PASSWORD).await.unwrap().unwrap();
    let page = console.get("/sign-in").await;
    assert!(!page.html.contains("setup link") && page.html.contains("reset-link"), "{}", page.html);
}

#[tokio::test]
async fn the_pages_that_people_see_are_one_click_away() {
    let own = json!({"selfservice": {"flows": {"login": {"ui_url": "https://app.test/in"}}}});
    let console = Console::start_with(vec![own]).await.with_operator("Grace").await;
    let page = console.get(PAGE).await;
    let sign_up = console.engine.begin().config.public_url("registration");
    for link in [sign_up.as_str(), "https://app.test/in"] {
        assert!(page.html.contains(&format!("<a href=\"{link}\"")), "{link}: {}", page.html);
    }
}

#[tokio::test]
async fn guessing_is_slowed_down_and_nobody_is_locked_out() {
    let console = Console::start().await;
    operators::create(&console.engine, EMAIL, "Grace", PASSWORD).await.unwrap().unwrap();
    let with =
        async |password: &str| console.post("/sign-in", &[("email", EMAIL), ("password", password)]).await;
    let mut early = None;
    for _ in 0..20 {
        let page = with("not the password 12").await;
        if page.status == StatusCode::TOO_MANY_REQUESTS {
            early = Some(page);
            break;
        }
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let early = early.unwrap();
    let seconds: u64 = early.headers[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
    assert!(early.html.contains(&format!("Try again in {seconds} second")), "{}", early.html);
    assert!(early.html.contains(EMAIL) && !early.html.contains("not the password"), "what was typed stays");
    // The right password has to wait as well, and is let in after that.
    assert_eq!(with(PASSWORD).await.status, StatusCode::TOO_MANY_REQUESTS);
    console.world.clock.advance(std::time::Duration::from_secs(seconds));
    assert_eq!(with(PASSWORD).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_crawler_is_not_led_to_the_sign_in_page() {
    let console = Console::start().await;
    assert_eq!(console.get("/robots.txt").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_cookie_is_for_the_server_alone() {
    let console = Console::start().await;
    operators::create(&console.engine, EMAIL, "Grace", PASSWORD).await.unwrap().unwrap();
    let page = console.post("/sign-in", &[("email", EMAIL), ("password", PASSWORD)]).await;
    let cookie = page.headers[header::SET_COOKIE].to_str().unwrap();
    for part in ["; Path=/", "; HttpOnly", "; SameSite=Lax"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure"), "the base URL is http: {cookie}");
}

#[tokio::test]
async fn a_post_from_elsewhere_changes_nothing() {
    let console = Console::signed_in("Grace").await;
    let fields = [("action", "save"), ("base", "0"), ("min_password_length", "20")];
    for headers in [
        vec![],
        vec![("origin", "null")],
        vec![("origin", "null"), ("sec-fetch-site", "same-origin")],
        vec![("origin", "http://127.0.0.1:4433")],
        vec![("origin", "https://evil.example")],
        vec![("sec-fetch-site", "same-site")],
        vec![("origin", BASE), ("host", "rebound.evil.example:4435")],
    ] {
        for target in [PAGE, FUNCTION, "/sign-out", "/sign-in", "/setup", "/reset"] {
            let page = console.post_from(target, &fields, &headers).await;
            assert_eq!(page.status, StatusCode::FORBIDDEN, "{target} {headers:?}");
            assert!(page.headers.get(header::SET_COOKIE).is_none());
        }
    }
    assert_eq!(console.values().await.revision, 0);
    assert_eq!(console.get(PAGE).await.status, StatusCode::OK, "still signed in");
    assert_eq!(console.get(FUNCTION).await.status, StatusCode::METHOD_NOT_ALLOWED, "none answers GET");
}

#[tokio::test]
async fn another_name_of_this_host_is_led_to_the_base_url() {
    let console = Console::start().await;
    let page = console
        .send(Request::get("/sign-in").header("host", "localhost:4435").header("accept", "text/html"), "")
        .await;
    assert_eq!(page.status, StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(page.location(), format!("{BASE}/sign-in"));
}

#[tokio::test]
async fn large_bodies_are_refused_on_pages_and_functions() {
    let console = Console::signed_in("Grace").await;
    let large = "9".repeat(65 * 1024);
    for target in [PAGE, FUNCTION, "/sign-in"] {
        let page = console.post(target, &[("action", "preview"), ("min_password_length", &large)]).await;
        assert_eq!(page.status, StatusCode::PAYLOAD_TOO_LARGE, "{target}");
    }
}

#[tokio::test]
async fn names_are_text_wherever_they_stand() {
    let name = "<script>alert(1)</script>\"'&";
    let console = Console::signed_in(name).await;
    console.submit("save", "0", &[("sign_in_after_registration", "true")]).await;
    let late = console.submit("save", "0", &[("min_password_length", "14")]).await;
    for page in [console.get(PAGE).await, console.get("/nowhere").await, late] {
        assert!(!page.html.contains("<script>alert"), "{}", page.html);
        assert!(page.html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{}", page.html);
    }
    let next = console.router.clone();
    let signed_out = Console { cookie: None, router: next, ..console };
    let page = signed_out.get("/sign-in?next=%22%3E%3Cscript%3Ealert(1)%3C/script%3E").await;
    assert!(!page.html.contains("<script>alert"), "{}", page.html);
}

#[tokio::test]
async fn the_set_up_link_is_opened_often_and_used_once() {
    let mut console = Console::start().await;
    let secret = operators::issue_setup_link(&console.engine).await.unwrap().unwrap();
    let link = format!("/setup?secret={secret}");
    for _ in 0..3 {
        assert_eq!(console.get(&link).await.status, StatusCode::OK, "opening burns nothing");
    }
    let short =
        [("secret", secret.as_str()), ("email", EMAIL), ("name", "Grace H."), ("password", "short one")];
    let again = console.post("/setup", &short).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(again.html.contains("value=\"Grace H.\"") && again.html.contains(EMAIL), "{}", again.html);
    assert!(!again.html.contains("short one"), "never the password");
    for common in ["passwordpassword", "123456789012345", "administrator12"] {
        let fields =
            [("secret", secret.as_str()), ("email", EMAIL), ("name", "Grace H."), ("password", common)];
        let again = console.post("/setup", &fields).await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "{common}");
        assert!(again.html.contains("easy to guess"), "{}", again.html);
    }
    let fields =
        [("secret", secret.as_str()), ("email", EMAIL), ("name", "Grace H."), ("password", PASSWORD)];
    let page = console.post("/setup", &fields).await;
    assert_eq!((page.status, page.location()), (StatusCode::SEE_OTHER, "/"));
    console.keep(&page);
    assert_eq!(console.get(PAGE).await.status, StatusCode::OK, "and signs in");
    assert_eq!(console.post("/setup", &fields).await.status, StatusCode::GONE);
    assert_eq!(console.get(&link).await.status, StatusCode::GONE);
    assert_eq!(console.get("/setup?secret=guessed").await.status, StatusCode::GONE);
}

#[tokio::test]
async fn a_reset_link_sets_a_password_once_and_ends_older_sessions() {
    let old = Console::signed_in("Grace").await;
    let secret = operators::issue_reset_link(&old.engine, By::CommandLine, EMAIL).await.unwrap().unwrap();
    let link = format!("/reset?secret={secret}");
    assert_eq!(old.get(&link).await.status, StatusCode::OK);
    let common = [("secret", secret.as_str()), ("password", "passwordpassword")];
    assert!(old.post("/reset", &common).await.html.contains("easy to guess"));
    let fields = [("secret", secret.as_str()), ("password", "another lantern harbour 42")];
    let page = old.post("/reset", &fields).await;
    assert_eq!((page.status, page.location()), (StatusCode::SEE_OTHER, "/"));
    assert_eq!(old.get(PAGE).await.status, StatusCode::SEE_OTHER, "the older session is over");
    assert_eq!(old.post("/reset", &fields).await.status, StatusCode::GONE);
    assert_eq!(old.get(&link).await.status, StatusCode::GONE);
}

#[tokio::test]
async fn over_https_no_other_host_can_set_the_console_s_cookie() {
    for (host_prefix, prefixed) in [(json!("auto"), true), (json!(true), true), (json!(false), false)] {
        let config = json!({
            "serve": {"public": {"base_url": "https://id.example/"}},
            "vestibule": {"console": {"base_url": "https://console.example/"}, "cookies": {"host_prefix": host_prefix}},
        });
        let console = Console::start_with(vec![config]).await;
        operators::create(&console.engine, EMAIL, "Grace", PASSWORD).await.unwrap().unwrap();
        let from = [("host", "console.example"), ("origin", "https://console.example")];
        let page = console.post_from("/sign-in", &[("email", EMAIL), ("password", PASSWORD)], &from).await;
        let line = page.headers[header::SET_COOKIE].to_str().unwrap().to_owned();
        assert_eq!(line.starts_with("__Host-vestibule_console="), prefixed, "{line}");
        assert!(line.contains("; Path=/") && line.contains("; Secure") && !line.contains("Domain"), "{line}");
        let own = line.split(';').next().unwrap();
        let token = own.split_once('=').unwrap().1;
        let plain = format!("vestibule_console={token}");
        for (cookie, signed_in) in [
            (own.to_owned(), true),
            (plain, !prefixed),
            (format!("{}=nonsense; {own}; {0}=", own.split_once('=').unwrap().0), true),
            (format!("name=Zo\u{eb}; {own}"), true),
            ("vestibule_console=nonsense".to_owned(), false),
        ] {
            let header = HeaderValue::from_bytes(cookie.as_bytes()).unwrap();
            let request = Request::get(PAGE).header("host", "console.example").header("cookie", header);
            let page = console.send(request, "").await;
            assert_eq!(page.status == StatusCode::OK, signed_in, "{host_prefix} {cookie}");
        }
    }
}
