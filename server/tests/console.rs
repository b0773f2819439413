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
    assert!(console.values().await.values.sign_in_after_registration);
    let page = console.get(page.location()).await;
    assert!(page.html.contains("Saved as revision 1"), "{}", page.html);
    assert!(page.html.contains("value=\"undo\""));
    // The second click of a double click.
    let twice = console.submit("save", "0", &[("sign_in_after_registration", "true")]).await;
    assert_eq!(twice.location(), "/settings/authentication?saved=1&new=true");

    let page = console.post(PAGE, &[("action", "undo"), ("base", "1")]).await;
    assert_eq!(page.location(), "/settings/authentication?saved=2&new=true");
    assert!(!console.values().await.values.sign_in_after_registration);
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
    let base = "0&registration_enabled=true&min_password_length=8&identifier_similarity_check=true&breach_check=true";
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
    assert!(page.html.contains("a sign-in within the last five minutes"), "{}", page.html);
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
    assert!(page.html.contains(MARK) && page.html.contains("data-testid=\"stuck\""), "{}", page.html);
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
