//! The console as a browser without a script meets it, and what it refuses: the whole router, form posts, redirects, cookies.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::connect_info::MockConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode, header};
use engine::courier::{self, Letter};
use engine::effects::MailError;
use engine::operators::{self, Operator, Role};
use engine::store::{audit, operators as rows};
use engine::testing::World;
use engine::{Engine, settings};
use serde_json::json;
use server::state::AppState;
use std::net::SocketAddr;
use tower::ServiceExt;

const BASE: &str = "http://127.0.0.1:4435";
const PAGE: &str = "/settings/authentication";
const FUNCTION: &str = "/api/settings/authentication";
const EMAIL: &str = "grace@console.test";
const VIEWER: &str = "vera@console.test";
const PASSWORD: &str = "velvet lantern harbour 41";
/// What the form sends when nothing was touched.
const UNTOUCHED: [(&str, &str); 4] = [
    ("registration_enabled", "true"),
    ("min_password_length", "8"),
    ("identifier_similarity_check", "true"),
    ("breach_check", "true"),
];

struct Console {
    /// Its data folder lasts as long.
    world: World,
    engine: Engine,
    router: Router,
    cookie: Option<String>,
}

struct Page {
    status: StatusCode,
    headers: HeaderMap,
    html: String,
}

impl Page {
    fn location(&self) -> &str {
        self.headers.get(header::LOCATION).map_or("", |value| value.to_str().unwrap())
    }
}

impl Console {
    /// Nobody is signed in yet.
    async fn start() -> Self {
        Self::start_with(Vec::new()).await
    }

    async fn start_with(config: Vec<serde_json::Value>) -> Self {
        let world = World::default();
        let engine = world.engine("memory", config).await;
        let peer = SocketAddr::from(([127, 0, 0, 1], 50_000));
        let state = AppState { engine: engine.clone() };
        let router = server::console::router(state).layer(MockConnectInfo(peer));
        Self { world, engine, router, cookie: None }
    }

    async fn signed_in(name: &str) -> Self {
        Self::start().await.with_operator(name).await
    }

    async fn with_operator(mut self, name: &str) -> Self {
        let console = &mut self;
        operators::create(&console.engine, EMAIL, name, PASSWORD).await.unwrap().unwrap();
        let page = console.post("/sign-in", &[("email", EMAIL), ("password", PASSWORD)]).await;
        assert_eq!((page.status, page.location()), (StatusCode::SEE_OTHER, PAGE));
        console.keep(&page);
        self
    }

    fn keep(&mut self, page: &Page) {
        let cookie = page.headers[header::SET_COOKIE].to_str().unwrap();
        self.cookie = Some(cookie.split(';').next().unwrap().to_owned());
    }

    async fn get(&self, target: &str) -> Page {
        self.send(Request::get(target).header("host", "127.0.0.1:4435").header("accept", "text/html"), "")
            .await
    }

    async fn post(&self, target: &str, fields: &[(&str, &str)]) -> Page {
        self.post_from(target, fields, &[("origin", BASE)]).await
    }

    async fn post_from(&self, target: &str, fields: &[(&str, &str)], headers: &[(&str, &str)]) -> Page {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let mut request = Request::post(target)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("content-length", body.len());
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", "127.0.0.1:4435");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request, &body).await
    }

    async fn send(&self, mut request: axum::http::request::Builder, body: &str) -> Page {
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        let answer = self.router.clone().oneshot(request.body(Body::from(body.to_owned())).unwrap()).await;
        let (parts, body) = answer.unwrap().into_parts();
        let html = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
        Page { status: parts.status, headers: parts.headers, html }
    }

    /// The form as [`UNTOUCHED`], with some fields set to something else; an empty value leaves a field out.
    async fn submit(&self, action: &str, base: &str, changed: &[(&str, &str)]) -> Page {
        self.submit_to(PAGE, action, base, changed).await
    }

    async fn submit_to(&self, target: &str, action: &str, base: &str, changed: &[(&str, &str)]) -> Page {
        let mut fields = vec![("action", action), ("base", base)];
        let untouched =
            UNTOUCHED.into_iter().filter(|(name, _)| !changed.iter().any(|(other, _)| other == name));
        fields.extend(untouched);
        fields.extend(changed.iter().filter(|(_, value)| !value.is_empty()));
        self.post(target, &fields).await
    }

    async fn values(&self) -> settings::Current {
        settings::current(&self.engine).await.unwrap()
    }

    async fn audited(&self) -> Vec<(String, String)> {
        let mut tx = self.engine.db().read().await.unwrap();
        let entries = audit::list(&mut tx, 100).await.unwrap();
        entries.into_iter().map(|entry| (entry.action, entry.actor)).collect()
    }

    /// Makes an operator who may only look, and signs them in instead.
    async fn becomes_viewer(&mut self) {
        let mut tx = self.engine.db().write().await.unwrap();
        let (owner, password_hash) = rows::by_email(&mut tx, EMAIL).await.unwrap().unwrap();
        let id = self.engine.effects().operator_id();
        let viewer = Operator { id, email: VIEWER.to_owned(), role: Role::Viewer, ..owner };
        assert!(rows::insert(&mut tx, &viewer, &password_hash).await.unwrap());
        tx.commit().await.unwrap();
        let page = self.post("/sign-in", &[("email", VIEWER), ("password", PASSWORD)]).await;
        self.keep(&page);
    }
}

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
        ("//evil.example", PAGE),
        ("/\\evil.example", PAGE),
        ("https://evil.example", PAGE),
        ("", PAGE),
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
    assert!(console.get("/sign-in").await.html.contains("Open the set-up link"));
    operators::create(&console.engine, EMAIL, "Grace", PASSWORD).await.unwrap().unwrap();
    let page = console.get("/sign-in").await;
    assert!(!page.html.contains("set-up link") && page.html.contains("reset-link"), "{}", page.html);
}

#[tokio::test]
async fn the_pages_that_people_see_are_one_click_away() {
    let own = json!({"selfservice": {"flows": {"login": {"ui_url": "https://app.test/in"}}}});
    let console = Console::start_with(vec![own]).await.with_operator("Grace").await;
    let page = console.get(PAGE).await;
    let sign_up = console.engine.begin().config.public_url("registration");
    for link in [sign_up.as_str(), "https://app.test/in"] {
        assert!(page.html.contains(&format!("<a href=\"{link}\">")), "{link}: {}", page.html);
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
async fn a_save_leads_back_to_the_page_with_its_number_and_the_way_back() {
    let console = Console::signed_in("Grace").await;
    let page = console.submit("save", "0", &[("sign_in_after_registration", "true")]).await;
    assert_eq!(
        (page.status, page.location()),
        (StatusCode::SEE_OTHER, "/settings/authentication?saved=1&new=true")
    );
    assert!(console.values().await.values.sign_in_after_registration.all_on());
    let page = console.get(page.location()).await;
    assert!(page.html.contains("Saved as revision 1"), "{}", page.html);
    assert!(page.html.contains("value=\"undo\""));
    // The second click of a double click.
    let twice = console.submit("save", "0", &[("sign_in_after_registration", "true")]).await;
    assert_eq!(twice.location(), "/settings/authentication?saved=1&new=true");

    let page = console.post(PAGE, &[("action", "undo"), ("base", "1")]).await;
    assert_eq!(page.location(), "/settings/authentication?saved=2&new=true");
    assert!(!console.values().await.values.sign_in_after_registration.all_on());
    let kept = console.get("/settings/authentication?saved=1&new=true").await;
    assert!(!kept.html.contains("Saved as revision"), "an old address says nothing any more");
    let late = console.post(PAGE, &[("action", "undo"), ("base", "1")]).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(late.html.contains("saved revision 2"), "{}", late.html);
    assert_eq!(console.values().await.revision, 2);
}

#[tokio::test]
async fn what_cannot_be_saved_comes_back_as_typed() {
    let console = Console::signed_in("Grace").await;
    for typed in ["3", "twelve", "<b>9</b>", "4294967296", ""] {
        let changed = [("min_password_length", typed), ("registration_enabled", "")];
        let page = console.submit("save", "0", &changed).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{typed}");
        let shown = typed.replace('<', "&lt;").replace('>', "&gt;");
        let input = tag(&page.html, "id=\"min-password-length\"");
        assert!(input.contains(&format!("value=\"{shown}\"")) || typed.is_empty(), "{input}");
        assert!(input.contains("aria-invalid=\"true\""), "{input}");
        assert!(!tag(&page.html, "id=\"registration-enabled\"").contains("checked"), "the switch stays off");
        assert!(page.html.contains("<title>Error: Authentication"));
    }
    assert_eq!(console.values().await.revision, 0);
}

#[tokio::test]
async fn a_save_that_comes_late_keeps_what_was_typed_and_what_others_changed() {
    let console = Console::signed_in("Grace").await;
    let base = "0&registration_enabled=true&after_sign_up_was=themselves&after_sign_up=themselves&unproven_session.count=30\
                &unproven_session.unit=60&min_password_length=8&identifier_similarity_check=true&breach_check=true";
    let page = console.get(PAGE).await;
    assert!(
        page.html.contains(&base.replace('&', "&amp;")),
        "the form says what it was made from: {}",
        page.html
    );
    console.submit("save", "0", &[("sign_in_after_registration", "true")]).await;

    let late = console.submit("save", base, &[("min_password_length", "14")]).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(late.html.contains("Grace saved revision 1"), "{}", late.html);
    assert!(tag(&late.html, "id=\"min-password-length\"").contains("value=\"14\""), "mine, as typed");
    assert!(
        tag(&late.html, "id=\"sign-in-after-registration\"").contains("checked"),
        "theirs, untouched by me"
    );
    assert!(late.html.contains("1 unsaved change: "), "{}", late.html);
    assert!(late.html.contains("name=\"base\" value=\"1&amp;"), "a second Save is made knowingly");
    assert_eq!(console.values().await.revision, 1);
}

#[tokio::test]
async fn a_preview_writes_nothing_and_draws_what_would_be() {
    let console = Console::signed_in("Grace").await;
    let page = console.submit("preview", "0", &[("sign_in_after_registration", "true")]).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.html.contains("<b>Sign in</b> <span class=\"mark\">new</span>"), "{}", page.html);
    assert!(page.html.contains("A stranger can learn who has an account"));
    assert!(page.html.contains("Sign in after registration: on"));
    let closed = console.submit("preview", "0", &[("registration_enabled", "")]).await;
    assert!(closed.html.contains("Sign-up is closed: none of this runs."));
    assert_eq!(console.values().await.revision, 0);
}

#[tokio::test]
async fn the_function_and_the_form_answer_alike() {
    let console = Console::signed_in("Grace").await;
    let on = [("sign_in_after_registration", "true")];
    let saved = console.submit_to(FUNCTION, "save", "0", &on).await;
    assert_eq!(saved.status, StatusCode::OK);
    let body: serde_json::Value = serde_json::from_str(&saved.html).unwrap();
    assert!(body["notice"].as_str().unwrap().contains("Saved as revision 1"));
    assert!(body["html"].as_str().unwrap().contains("id=\"sign-in-after-registration\""));
    let refused = console.submit_to(FUNCTION, "save", "1", &[("min_password_length", "3")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let late = console.submit_to(FUNCTION, "undo", "7", &[]).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    let body: serde_json::Value = serde_json::from_str(&late.html).unwrap();
    assert!(body["html"].as_str().unwrap().contains("id=\"conflict\""));
}

#[tokio::test]
async fn the_page_of_checks_has_each_finding_in_its_group_with_the_way_out() {
    let mut console = Console::signed_in("Grace").await;
    console.submit("save", "0", &[("breach_check", "")]).await;
    let page = console.get("/checks").await;
    let at = |part: &str| page.html.find(part).unwrap_or_else(|| panic!("{part} in {}", page.html));
    assert!(at(">Dangers<") < at("admin_api_open") && at("admin_api_open") < at(">Warnings<"));
    assert!(at(">Warnings<") < at("breach_check_off"));
    assert!(page.html.contains("href=\"/settings/authentication?fix=breach_check_off\""), "{}", page.html);
    assert!(page.html.contains("In a file") && page.html.contains("host: 127.0.0.1"), "{}", page.html);
    assert!(!page.html.contains("fix=admin_api_open"), "the console never sets where the server listens");
    assert!(page.html.contains("<span class=\"count\">1</span>"), "{}", page.html);
    console.becomes_viewer().await;
    let page = console.get("/checks").await;
    assert!(page.html.contains("breach_check_off") && !page.html.contains("?fix="), "{}", page.html);
    let page = console.get("/settings/authentication?fix=breach_check_off").await;
    assert!(page.html.contains("The fix cannot be made here"), "{}", page.html);
}

#[tokio::test]
async fn a_fix_goes_into_the_form_and_is_saved_by_nobody_but_the_person() {
    let console = Console::signed_in("Grace").await;
    console.submit("save", "0", &[("breach_check", "")]).await;
    let pressed = "/settings/authentication?fix=breach_check_off";
    let page = console.get(pressed).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.html.contains("The fix is in the form, and not saved yet"), "{}", page.html);
    assert!(tag(&page.html, "id=\"breach-check\"").contains("checked"));
    assert!(page.html.contains("1 unsaved change: "), "{}", page.html);
    assert_eq!(console.values().await.revision, 1);
    console.submit("save", "1", &[]).await;
    let page = console.get(pressed).await;
    assert!(page.html.contains("Nothing to fix"), "pressed twice: {}", page.html);
    assert!(page.html.contains("No unsaved changes"));
    for stale in ["of_a_later_version", "%3Cscript%3E", ""] {
        let page = console.get(&format!("/settings/authentication?fix={stale}")).await;
        assert!(page.html.contains("Nothing to fix") && !page.html.contains("<script>%"), "{stale}");
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
    for target in [PAGE, FUNCTION] {
        let page = console.submit_to(target, "fix:short_passwords", "0", &typed).await;
        assert_eq!(page.status, StatusCode::OK);
        let html = page.html.replace("\\\"", "\"");
        assert!(tag(&html, "id=\"min-password-length\"").contains("value=\"12\""), "{html}");
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
async fn a_save_that_brings_a_danger_about_says_what_it_lacks() {
    let console = Console::signed_in("Grace").await;
    let gate = ("require_verified_address", "true");
    let page = console.submit("save", "0", &[gate]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        page.html.contains("People without a confirmed address are locked out. Say why"),
        "{}",
        page.html
    );
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
    assert!(page.html.contains("There is no code to type in"), "an error is refused: {}", page.html);
    assert_eq!(console.values().await.revision, 0);
}

#[tokio::test]
async fn a_viewer_sees_everything_and_changes_nothing() {
    let mut console = Console::signed_in("Grace").await;
    console.becomes_viewer().await;
    let page = console.get(PAGE).await;
    assert!(page.html.contains("You are signed in as a viewer"));
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
    let (_, rest) = made.html.split_once("action=\"/invitations/").unwrap();
    let withdraw = format!("/invitations/{}", rest.split('"').next().unwrap());
    console.becomes_viewer().await;
    let page = console.get("/invitations").await;
    assert!(page.html.contains("anna@example.org") && page.html.contains("signed in as a viewer"));
    assert!(!page.html.contains("Make an invitation") && !page.html.contains("invitation="), "{}", page.html);
    for target in ["/invitations", &withdraw] {
        assert_eq!(console.post(target, &[]).await.status, StatusCode::FORBIDDEN, "{target}");
    }
    let audit = console.audited().await;
    let of = |wanted: &str, by: &str| {
        audit.iter().filter(|(action, actor)| action == wanted && actor == by).count()
    };
    assert_eq!((of("invitation.make", EMAIL), of("invitation.refused", VIEWER)), (1, 2), "{audit:?}");
    assert!(console.get("/invitations").await.html.contains("data-state=\"open\""), "it still works");
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
    let fields =
        [("secret", secret.as_str()), ("email", EMAIL), ("name", "Grace H."), ("password", PASSWORD)];
    let page = console.post("/setup", &fields).await;
    assert_eq!((page.status, page.location()), (StatusCode::SEE_OTHER, PAGE));
    console.keep(&page);
    assert_eq!(console.get(PAGE).await.status, StatusCode::OK, "and signs in");
    assert_eq!(console.post("/setup", &fields).await.status, StatusCode::GONE);
    assert_eq!(console.get(&link).await.status, StatusCode::GONE);
    assert_eq!(console.get("/setup?secret=guessed").await.status, StatusCode::GONE);
}

#[tokio::test]
async fn a_reset_link_sets_a_password_once_and_ends_older_sessions() {
    let old = Console::signed_in("Grace").await;
    let secret = operators::issue_reset_link(&old.engine, EMAIL).await.unwrap().unwrap();
    let link = format!("/reset?secret={secret}");
    assert_eq!(old.get(&link).await.status, StatusCode::OK);
    let fields = [("secret", secret.as_str()), ("password", "another lantern harbour 42")];
    let page = old.post("/reset", &fields).await;
    assert_eq!((page.status, page.location()), (StatusCode::SEE_OTHER, PAGE));
    assert_eq!(old.get(PAGE).await.status, StatusCode::SEE_OTHER, "the older session is over");
    assert_eq!(old.post("/reset", &fields).await.status, StatusCode::GONE);
    assert_eq!(old.get(&link).await.status, StatusCode::GONE);
}

#[tokio::test]
async fn what_happens_after_sign_up_writes_its_switches_and_follows_them() {
    let proving = json!({"selfservice": {"flows": {"verification": {"enabled": true}}}});
    let console = Console::start_with(vec![proving]).await.with_operator("Grace").await;
    let chosen = |answer| [("after_sign_up_was", "themselves"), ("after_sign_up", answer)];
    let page = console.submit("preview", "0", &chosen("at_once")).await;
    assert!(tag(&page.html, "id=\"sign-in-after-registration\"").contains("checked"), "the switch follows");
    assert!(tag(&page.html, "id=\"after-sign-up-at-once\"").contains("checked"));
    let saved = console.submit("save", "0", &chosen("verification_first")).await;
    assert_eq!(saved.location(), "/settings/authentication?saved=1&new=true");
    let values = console.values().await.values;
    assert!(values.show_verification_page.all_on() && values.sign_in_after_registration.all_off());

    // A switch that was flipped moves the answer, though the form still holds the old one.
    let old = [("after_sign_up_was", "verification_first"), ("after_sign_up", "verification_first")];
    let page =
        console.submit("preview", "1", &[&old[..], &[("sign_in_after_registration", "true")]].concat()).await;
    assert!(tag(&page.html, "id=\"after-sign-up-at-once\"").contains("checked"), "{}", page.html);

    // Both, to different ends: nothing is saved, and the form says what it took.
    let both = [("after_sign_up_was", "verification_first"), ("after_sign_up", "themselves")];
    let both = [&both[..], &[("sign_in_after_registration", "true")]].concat();
    let page = console.submit("save", "1", &both).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.html.contains("said different things"), "{}", page.html);
    assert!(!tag(&page.html, "id=\"sign-in-after-registration\"").contains("checked"));
    for nonsense in ["when_proved", "<script>", ""] {
        let page = console
            .submit("save", "1", &[("after_sign_up_was", "themselves"), ("after_sign_up", nonsense)])
            .await;
        assert!(page.status == StatusCode::UNPROCESSABLE_ENTITY || nonsense.is_empty(), "{nonsense}");
    }
}

#[tokio::test]
async fn a_preset_tells_what_it_would_change_and_goes_into_the_form_alone() {
    let console = Console::signed_in("Grace").await;
    let page = console.get(PAGE).await;
    assert!(page.html.contains("data-testid=\"preset-frictionless\""), "{}", page.html);
    assert!(page.html.contains("What Frictionless trial would change"), "the diff comes before the press");
    for _ in 0..2 {
        let page = console.submit("preset:frictionless", "0", &[("require_verified_address", "true")]).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.html.contains("it is in the form, and not saved yet"), "{}", page.html);
        assert!(tag(&page.html, "id=\"sign-in-after-registration\"").contains("checked"));
        assert!(!tag(&page.html, "id=\"require-verified-address\"").contains("checked"));
        assert!(page.html.contains("2 unsaved changes: "), "{}", page.html);
    }
    let all = [("sign_in_after_registration", "true"), ("proof_takes_over", "true")];
    let again = console.submit("preset:frictionless", "0", &all).await;
    assert!(again.html.contains("the form says all of it already"), "{}", again.html);
    let unknown = console.submit("preset:of_a_later_version", "0", &[]).await;
    assert_eq!(unknown.status, StatusCode::OK);
    assert_eq!(console.values().await.revision, 0, "nothing was saved");
}

#[tokio::test]
async fn a_fix_pressed_twice_does_its_work_once_and_says_so() {
    let console = Console::signed_in("Grace").await;
    let short = [("min_password_length", "6")];
    let page = console.submit("preview", "0", &short).await;
    assert!(page.html.contains("value=\"fix:short_passwords\""), "{}", page.html);
    assert!(page.html.contains("Ask for 12 characters"), "{}", page.html);
    let fixed = console.submit("fix:short_passwords", "0", &short).await;
    assert_eq!(fixed.status, StatusCode::OK);
    assert!(tag(&fixed.html, "id=\"min-password-length\"").contains("value=\"12\""));
    let twice = console.submit("fix:short_passwords", "0", &[("min_password_length", "12")]).await;
    assert_eq!(twice.status, StatusCode::OK);
    assert!(twice.html.contains("Nothing to fix"), "{}", twice.html);
    assert!(tag(&twice.html, "id=\"min-password-length\"").contains("value=\"12\""));
    assert_eq!(console.values().await.revision, 0, "nothing was saved");
}

#[tokio::test]
async fn a_danger_long_after_the_sign_in_asks_for_the_password_and_loses_nothing() {
    // No codes are sent, so asking for a confirmed address locks people out.
    let console = Console::signed_in("Grace").await;
    console.world.clock.advance(std::time::Duration::from_secs(6 * 60));
    let gate = [("require_verified_address", "true"), ("min_password_length", "14")];
    let told = console.submit("preview", "0", &gate).await;
    assert!(told.html.contains("Save asks for an owner"), "before it is pressed: {}", told.html);
    let with_reason = [&gate[..], &[("reason", "trial week")]].concat();
    for target in [PAGE, FUNCTION] {
        let asked = console.submit_to(target, "save", "0", &with_reason).await;
        assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY, "{target}");
        assert!(asked.html.contains("confirm-password"), "{}", asked.html);
        assert!(asked.html.contains("People without a confirmed address are locked out"));
        let wrong = [&with_reason[..], &[("password", "not the password 12")]].concat();
        let asked = console.submit_to(target, "save", "0", &wrong).await;
        assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(asked.html.contains("The password is wrong"), "{}", asked.html);
        assert!(!asked.html.contains("not the password"), "a password never comes back");
        assert!(asked.html.contains("trial week"), "what was typed stays");
    }
    assert_eq!(console.values().await.revision, 0);
    let password = [("password", PASSWORD)];
    let why = console.submit("save", "0", &[&gate[..], &password].concat()).await;
    assert_eq!(why.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(why.html.contains("Say why"), "{}", why.html);
    let saved = console.submit("save", "0", &[&with_reason[..], &password].concat()).await;
    assert_eq!(saved.location(), "/settings/authentication?saved=1&new=true");
    // A moment after the sign-in nobody is asked for it.
    let fresh = Console::signed_in("Grace").await;
    let saved = fresh.submit("save", "0", &with_reason).await;
    assert_eq!(saved.location(), "/settings/authentication?saved=1&new=true");
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

#[tokio::test]
async fn a_password_is_not_kept_with_what_was_typed() {
    let mut console = Console::signed_in("Grace").await;
    console.world.clock.advance(std::time::Duration::from_secs(13 * 60 * 60));
    let typed = [("min_password_length", "15"), ("password", PASSWORD), ("reason", "a & b = c")];
    let led = console.submit("save", "0", &typed).await;
    assert!(led.location().contains("kept%3Dtrue"), "{}", led.location());
    let page = console.post("/sign-in", &[("email", EMAIL), ("password", PASSWORD)]).await;
    console.keep(&page);
    let operator = operators::list(&console.engine).await.unwrap().remove(0);
    let form = operators::kept::kept(&console.engine, &operator, PAGE).await.unwrap().unwrap();
    assert!(form.contains("min_password_length=15") && !form.contains("velvet"), "{form}");
    let page = console.get("/settings/authentication?kept=true").await;
    assert!(tag(&page.html, "id=\"min-password-length\"").contains("value=\"15\""), "{}", page.html);
    assert!(page.html.contains("a &amp; b = c"), "{}", page.html);
}

#[tokio::test]
async fn enter_is_save_whatever_buttons_come_before_it() {
    let console = Console::signed_in("Grace").await;
    let page = console.submit("preview", "0", &[("min_password_length", "6")]).await;
    let form = &page.html[page.html.find("data-live").unwrap()..];
    let first = form.find("type=\"submit\"").unwrap();
    let start = form[..first].rfind('<').unwrap();
    let end = first + form[first..].find('>').unwrap();
    assert!(form[start..end].contains("value=\"save\""), "{}", &form[start..end]);
}

#[tokio::test]
async fn mails_that_do_not_leave_are_told_on_every_page_and_explained_on_their_own() {
    const MARK: &str = "data-testid=\"mail-stuck\"";
    let smtp = json!({"courier": {"smtp": {"connection_uri": "smtp://u:hidden-pw@mail.test:25/?disable_starttls=true"}}});
    let mut console = Console::start_with(vec![smtp]).await.with_operator("Grace").await;
    let page = console.get("/mail").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.html.contains("mail.test:25") && page.html.contains("None waits."), "{}", page.html);
    assert!(!page.html.contains(MARK));

    let ctx = console.engine.begin();
    let letter =
        Letter::VerificationCode { code: "135790".into(), link: "http://x/?135790".into(), minutes: 10 };
    let mut tx = ctx.db().write().await.unwrap();
    courier::queue(&ctx, &mut tx, "<b>@mail.test", &letter).await.unwrap();
    tx.commit().await.unwrap();
    console.world.mailer.fail(Some(|| MailError::NotNow("535 <who> are you".into())));
    courier::deliver(&console.engine).await.unwrap();
    for path in [PAGE, "/settings/history", "/nowhere"] {
        assert!(console.get(path).await.html.contains(MARK), "{path}");
    }
    console.becomes_viewer().await;
    let page = console.get("/mail").await;
    assert!(page.html.contains(MARK) && page.html.contains("Mails do not leave"), "{}", page.html);
    assert!(page.html.contains("535 &lt;who&gt; are you") && page.html.contains("&lt;b&gt;@mail.test"));
    assert!(page.html.contains("Waits, tried once. Next try in 5 s."), "{}", page.html);
    for secret in ["135790", "hidden-pw"] {
        assert!(!page.html.contains(secret), "{secret}");
    }

    console.world.mailer.fail(None);
    console.world.clock.advance(std::time::Duration::from_secs(5));
    courier::deliver(&console.engine).await.unwrap();
    let page = console.get("/mail").await;
    assert!(!page.html.contains(MARK) && page.html.contains("None waits."), "{}", page.html);
}

/// The tag that holds `attribute`.
fn tag<'a>(html: &'a str, attribute: &str) -> &'a str {
    let at = html.find(attribute).unwrap_or_else(|| panic!("no {attribute} in {html}"));
    let start = html[..at].rfind('<').unwrap();
    let end = at + html[at..].find('>').unwrap();
    &html[start..=end]
}

// Actions

const CRM: &str = "http://127.0.0.1:9/new";

/// A web hook, and the rest of its `config`.
fn web_hook(more: serde_json::Value) -> serde_json::Value {
    let mut config = serde_json::json!({
        "url": CRM, "method": "POST", "body": "base64://ZnVuY3Rpb24oY3R4KSB7IG1haWw6IGN0eC5pZGVudGl0eS50cmFpdHMuZW1haWwgfQ==",
    });
    for (name, value) in more.as_object().unwrap() {
        config[name] = value.clone();
    }
    serde_json::json!({"hook": "web_hook", "config": config})
}

fn lists(flow: serde_json::Value, password: serde_json::Value) -> serde_json::Value {
    serde_json::json!({"selfservice": {
        "methods": {"password": {"config": {"haveibeenpwned_enabled": false}}},
        "flows": {"registration": {"after": {"hooks": flow, "password": {"hooks": password}}}},
    }})
}

impl Console {
    async fn with_hooks(flow: serde_json::Value, password: serde_json::Value) -> Self {
        let console = Self::signed_in("Grace").await;
        console.world.outbound.answer(CRM, "{}");
        console.engine.publish(console.world.config(vec![lists(flow, password)]));
        console
    }

    async fn anna_signs_up(&self) {
        use engine::flow::{Body, FlowType, Start, Started, Submit, registration, webhook::Seen};
        let ctx = self.engine.begin();
        let start = Start {
            kind_of_client: FlowType::Api,
            path_and_query: "self-service/registration/api".into(),
            query: vec![],
            csrf_cookie: String::new(),
            current: None,
            seen: Seen::default(),
        };
        let Started::Flow(flow) = registration::start(&ctx, start).await.unwrap() else { panic!("a form") };
        let fields = serde_json::json!({
            "method": "password", "password": PASSWORD, "traits": {"email": "anna@console.test"},
        });
        let submit = Submit {
            flow: Some(flow.id.to_string()),
            body: Body::Json(fields),
            json: true,
            cookie_names: vec![],
            csrf_cookie: None,
            origin: false,
            current: None,
            browser: None,
            device: engine::session::DeviceInfo::default(),
            seen: Seen::default(),
            offered: engine::flow::handover::Offered::default(),
        };
        // What becomes of it is what the page is asked about.
        drop(registration::submit(&ctx, submit).await);
    }

    async fn hook_page(&self) -> Page {
        self.get(&hook_address("")).await
    }
}

fn hook_address(done: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("hook", &format!("POST {CRM}")).append_pair("place", "registration.after");
    if !done.is_empty() {
        query.append_pair("done", done);
    }
    format!("/actions/hook?{}", query.finish())
}

fn of_the_hook<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut fields = vec![("hook", "POST http://127.0.0.1:9/new"), ("place", "registration.after")];
    fields.extend(more);
    fields
}

#[tokio::test]
async fn actions_are_named_by_what_they_can_do_and_say_whether_they_run() {
    let json = serde_json::Value::Array;
    for (more, named, runs) in [
        (
            serde_json::json!({"response": {"ignore": true}}),
            "Inform",
            "Is queued with the account (password)",
        ),
        (serde_json::json!({}), "Wait for it", "after the account is stored"),
        (
            serde_json::json!({"can_interrupt": true}),
            "Ask, may stop the sign-up",
            "before anything is stored",
        ),
        (
            serde_json::json!({"response": {"parse": true}}),
            "Ask, may change the account",
            "before anything is stored",
        ),
    ] {
        let console = Console::with_hooks(json(vec![]), json(vec![web_hook(more.clone())])).await;
        let page = console.get("/actions").await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.html.contains(named) && page.html.contains(runs), "{more}: {}", page.html);
    }
    let asks = web_hook(serde_json::json!({"can_interrupt": true}));
    let console = Console::with_hooks(json(vec![asks.clone()]), json(vec![])).await;
    assert!(console.get("/actions").await.html.contains("Never runs with password"));
    let session = serde_json::json!({"hook": "session"});
    let console = Console::with_hooks(json(vec![asks]), json(vec![session])).await;
    assert!(console.get("/actions").await.html.contains("Does not run with password: that method"));
    let console = Console::signed_in("Grace").await;
    assert!(console.get("/actions").await.html.contains("No web hook is configured"));
    assert_eq!(console.get("/actions/hook?hook=nonsense").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_failed_call_is_shown_and_made_again_by_hand() {
    let mut console = Console::with_hooks(
        serde_json::json!([]),
        serde_json::json!([web_hook(serde_json::json!({"auth": {"type": "basic_auth", "config": {"user": "u", "password": "the-hooks-own"}}}))]),
    )
    .await;
    console.world.outbound.answer_with(CRM, 500, "{\"token\": \"their-token\", \"why\": \"down\"}");
    console.anna_signs_up().await;
    let page = console.hook_page().await;
    for shown in ["failed", "status 500", "1 try", "anna@console.test", "down", "Try again"] {
        assert!(page.html.contains(shown), "{shown} in {}", page.html);
    }
    assert!(!page.html.contains("their-token") && !page.html.contains("the-hooks-own"));
    let (_, rest) = page.html.split_once("name=\"delivery\" value=\"").unwrap();
    let delivery = rest.split('"').next().unwrap().to_owned();
    let again = of_the_hook(&[("delivery", &delivery)]);

    let owner = console.cookie.clone();
    console.becomes_viewer().await;
    assert_eq!(console.post("/actions/retry", &again).await.status, StatusCode::FORBIDDEN);
    let seen = console.hook_page().await.html;
    assert!(
        seen.contains("status 500") && !seen.contains("anna@console.test"),
        "what was sent is for owners"
    );

    console.cookie = owner;
    console.world.outbound.answer(CRM, "{}");
    let done = console.post("/actions/retry", &again).await;
    assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, hook_address("retry").as_str()));
    assert_eq!(engine::hooks::deliver(&console.engine).await.unwrap(), 1);
    let page = console.hook_page().await;
    assert!(
        page.html.contains("answered") && page.html.contains("2 tries") && !page.html.contains("Try again")
    );
    assert_eq!(console.world.outbound.requests().len(), 2);
    assert_eq!(
        console.post("/actions/retry", &again).await.status,
        StatusCode::CONFLICT,
        "it did not fail any more"
    );
    let audited = console.audited().await;
    assert!(audited.contains(&("hooks.retry".into(), EMAIL.into())));
    assert!(audited.contains(&("hooks.refused".into(), VIEWER.into())));
}

#[tokio::test]
async fn a_test_shows_what_would_be_sent_and_sends_it_marked_when_told_to() {
    let mut console = Console::with_hooks(
        serde_json::json!([]),
        serde_json::json!([web_hook(serde_json::json!({"can_interrupt": true}))]),
    )
    .await;
    let shown = console.post("/actions/test", &of_the_hook(&[("step", "show")])).await;
    assert_eq!(shown.status, StatusCode::OK);
    assert!(
        shown.html.contains("somebody made up") && shown.html.contains("test@example.org"),
        "{}",
        shown.html
    );
    assert!(console.world.outbound.requests().is_empty(), "nothing leaves yet");

    console.anna_signs_up().await;
    let shown = console.post("/actions/test", &of_the_hook(&[("step", "show")])).await;
    assert!(shown.html.contains("From the last call") && shown.html.contains("anna@console.test"));

    let sent = console.post("/actions/test", &of_the_hook(&[("step", "send")])).await;
    assert_eq!((sent.status, sent.location()), (StatusCode::SEE_OTHER, hook_address("test").as_str()));
    let requests = console.world.outbound.requests();
    let marked = |at: usize| {
        requests[at].headers.iter().any(|(name, value)| name == "Vestibule-Test" && value == "true")
    };
    assert_eq!((requests.len(), marked(0), marked(1)), (2, false, true));
    assert!(console.hook_page().await.html.contains(">test<"));

    console.becomes_viewer().await;
    for step in ["show", "send"] {
        let refused = console.post("/actions/test", &of_the_hook(&[("step", step)])).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{step}");
    }
    assert_eq!(console.world.outbound.requests().len(), 2);
    assert!(console.audited().await.contains(&("hooks.test".into(), EMAIL.into())));
}

#[tokio::test]
async fn a_test_of_a_broken_template_says_so_and_sends_nothing() {
    let broken = web_hook(serde_json::json!({"body": "base64://ZnVuY3Rpb24oY3R4KSB7"}));
    let console = Console::with_hooks(serde_json::json!([]), serde_json::json!([broken])).await;
    let shown = console.post("/actions/test", &of_the_hook(&[("step", "show")])).await;
    assert!(shown.html.contains("Nothing can be sent") && !shown.html.contains("Really send it"));
    console.post("/actions/test", &of_the_hook(&[("step", "send")])).await;
    assert!(console.world.outbound.requests().is_empty());
    assert!(console.hook_page().await.html.contains("the template cannot be read: line 1: it ends before"));
}

#[tokio::test]
async fn where_the_files_decide_the_pages_only_show_and_say_where_to_change_it() {
    let mut console = Console::signed_in("Grace").await;
    assert_eq!(
        console.submit("save", "0", &[("min_password_length", "12")]).await.status,
        StatusCode::SEE_OTHER
    );
    // The same database behind files that decide.
    let files = serde_json::json!({"vestibule": {"settings": {"source": "file"}}});
    let config = console.world.config(vec![files]);
    let hasher = engine::password::Hasher::sized(1, 16);
    let engine = Engine::new(console.engine.db().clone(), console.world.effects(), hasher, config);
    let peer = SocketAddr::from(([127, 0, 0, 1], 50_000));
    console.router =
        server::console::router(AppState { engine: engine.clone() }).layer(MockConnectInfo(peer));
    console.engine = engine;
    let sentence = "vestibule.settings.source: file";
    let page = console.get(PAGE).await;
    assert!(
        page.html.contains(sentence) && !page.html.contains("You are signed in as a viewer"),
        "{}",
        page.html
    );
    assert!(!page.html.contains("value=\"save\""));
    assert!(tag(&page.html, "id=\"min-password-length\"").contains("disabled"));
    for (target, action, base) in
        [(PAGE, "save", "1"), (FUNCTION, "save", "0"), (PAGE, "undo", "1"), (FUNCTION, "undo", "1")]
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
        "Saved here and not applied",
        "Minimum password length: 12 (was 8)",
        "min_password_length: 12",
    ] {
        assert!(history.html.contains(part), "{part}: {}", history.html);
    }
    let detail = console.get("/settings/history/1").await;
    assert!(
        detail.html.contains(sentence) && !detail.html.contains("Go back to this one"),
        "{}",
        detail.html
    );
    assert_eq!(console.values().await.values.min_password_length, 8, "the files say so");
}

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
