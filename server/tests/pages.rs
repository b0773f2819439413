//! The hosted pages as a browser meets them: the whole public router, cookies, redirects, and the ways that lead
//! nowhere.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::connect_info::MockConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode, header};
use base64::Engine as _;
use engine::Engine;
use engine::testing::World;
use serde_json::{Value, json};
use server::state::AppState;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;
use tower::ServiceExt;
use url::Url;

#[path = "pages/steps.rs"]
mod steps;

const BASE: &str = "http://127.0.0.1:4433";
const PASSWORD: &str = "Correct-Horse-9-Battery";

async fn site(more: Value) -> (World, Router) {
    let (world, _, router) = built(more).await;
    (world, router)
}

async fn built(more: Value) -> (World, Engine, Router) {
    let schema = json!({
        "$id": "https://vestibule.test/person",
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {"traits": {
            "type": "object",
            "properties": {
                "email": {
                    "type": "string", "format": "email", "title": "E-mail",
                    "ory.sh/kratos": {"credentials": {"password": {"identifier": true}}},
                },
                "news": {"type": "boolean", "title": "News"},
            },
            "required": ["email"],
        }},
    });
    let schema = base64::engine::general_purpose::STANDARD.encode(schema.to_string());
    let config = json!({
        "serve": {"public": {"host": "127.0.0.1", "port": 4433, "base_url": format!("{BASE}/")}},
        "identity": {"default_schema_id": "default", "schemas": [{"id": "default", "url": format!("base64://{schema}")}]},
        "selfservice": {
            "default_browser_return_url": format!("{BASE}/welcome"),
            "allowed_return_urls": ["https://app.example/"],
            "methods": {"password": {"enabled": true, "config": {"haveibeenpwned_enabled": false, "min_password_length": 9}}},
            "flows": {"registration": {"style": "unified"}, "login": {"style": "unified"}},
        },
    });
    let world = World::default();
    let engine = world.engine("memory", vec![config, more]).await;
    let peer = SocketAddr::from(([127, 0, 0, 1], 50_000));
    let router = server::public::router(AppState { engine: engine.clone() }).layer(MockConnectInfo(peer));
    let router = server::edge::around(router, "public", &engine);
    (world, engine, router)
}

/// A browser without a script: cookies, redirects, `Referer`.
struct Browser {
    router: Router,
    jar: BTreeMap<String, String>,
    keeps_cookies: bool,
}

struct Page {
    status: StatusCode,
    headers: HeaderMap,
    url: Url,
    html: String,
    /// Redirects on the way.
    hops: usize,
}

impl Browser {
    fn new(router: &Router) -> Self {
        Self { router: router.clone(), jar: BTreeMap::new(), keeps_cookies: true }
    }

    async fn open(&mut self, path: &str) -> Page {
        self.go(Url::parse(BASE).unwrap().join(path).unwrap(), None, None).await
    }

    /// Fills in the page's form and presses its own button.
    async fn send(&mut self, page: &Page, fields: &[(&str, &str)]) -> Page {
        let action = between(&page.html, "<form action=\"", "\"").replace("&amp;", "&");
        let csrf = between(&page.html, "name=\"csrf_token\" value=\"", "\"").replace("&#x2F;", "/");
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("csrf_token", &csrf)
            .append_pair("method", "password")
            .extend_pairs(fields)
            .finish();
        self.go(Url::parse(&action).unwrap(), Some(&page.url), Some(form)).await
    }

    async fn go(&mut self, url: Url, from: Option<&Url>, form: Option<String>) -> Page {
        let (mut url, mut form) = (url, form);
        for hops in 0..10 {
            let answer = self.ask(&url, from, form.take()).await;
            if !answer.status().is_redirection() {
                let (parts, body) = answer.into_parts();
                let html = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
                return Page { status: parts.status, headers: parts.headers, url, html, hops };
            }
            url = url.join(answer.headers()[header::LOCATION].to_str().unwrap()).unwrap();
            assert_eq!(url.origin().ascii_serialization(), BASE, "led away to {url}");
        }
        panic!("led round in circles, last to {url}");
    }

    async fn ask(&mut self, url: &Url, from: Option<&Url>, form: Option<String>) -> axum::response::Response {
        let target = url[url::Position::BeforePath..].to_owned();
        let mut request = match form {
            None => Request::get(target),
            Some(_) => Request::post(target)
                .header("content-type", "application/x-www-form-urlencoded")
                .header("origin", BASE),
        }
        .header("host", "127.0.0.1:4433")
        .header("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
        if let Some(from) = from {
            request = request.header("referer", from.as_str());
        }
        let pairs: Vec<_> = self.jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !pairs.is_empty() {
            request = request.header("cookie", pairs.join("; "));
        }
        let request = request.body(form.map_or_else(Body::empty, Body::from)).unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        for cookie in answer.headers().get_all(header::SET_COOKIE).iter().filter(|_| self.keeps_cookies) {
            let cookie = cookie.to_str().unwrap();
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            if value.is_empty() || cookie.contains("Max-Age=0") || cookie.contains("Max-Age=-") {
                self.jar.remove(name);
            } else {
                self.jar.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    async fn sign_up(&mut self, email: &str) -> Page {
        let form = self.open("/registration").await;
        self.send(&form, &[("traits.email", email), ("password", PASSWORD)]).await
    }

    async fn sign_in(&mut self, email: &str) -> Page {
        let form = self.open("/login").await;
        self.send(&form, &[("identifier", email), ("password", PASSWORD)]).await
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("{before} is not in {text}"));
    rest.split_once(after).unwrap().0
}

impl Page {
    fn heading(&self) -> &str {
        between(&self.html, "<h1>", "</h1>")
    }

    fn flow(&self) -> String {
        let flow = self.url.query_pairs().find(|(name, _)| name == "flow");
        flow.unwrap_or_else(|| panic!("no flow in {}", self.url)).1.into_owned()
    }
}

#[tokio::test]
async fn sign_up_sign_in_sign_out() {
    let (_, router) = site(json!({})).await;
    let mut ann = Browser::new(&router);
    let ready = ann.sign_up("ann@vestibule.test").await;
    assert_eq!((ready.heading(), ready.url.path()), ("Your account is ready", "/welcome"));
    let home = ann.sign_in("ann@vestibule.test").await;
    assert_eq!((home.heading(), home.url.path()), ("You are signed in", "/welcome"));
    assert!(home.html.contains("<b><bdi>ann@vestibule.test</bdi></b>"), "{}", home.html);
    let token = between(&home.html, "name=\"token\" value=\"", "\"");
    let logout = Url::parse(&format!("{BASE}/self-service/logout?token={token}")).unwrap();
    let gone = ann.go(logout, Some(&home.url), None).await;
    assert_eq!(gone.heading(), "You are signed out");
    assert_eq!(ann.open("/welcome").await.heading(), "You are not signed in");
}

#[tokio::test]
async fn who_is_signed_in_by_signing_up_reads_so() {
    let hook = json!({"selfservice": {"flows": {"registration": {"after": {"password": {"hooks": [{"hook": "session"}]}}}}}});
    let (_, router) = site(hook).await;
    let mut ann = Browser::new(&router);
    let home = ann.sign_up("ann@vestibule.test").await;
    assert_eq!(home.heading(), "You are signed in");
    assert_eq!(
        ann.open("/registration").await.heading(),
        "You are signed in",
        "there is nothing left to sign up for"
    );
    assert_eq!(ann.open("/login").await.heading(), "You are signed in");
}

#[tokio::test]
async fn a_refused_form_comes_back_with_what_was_typed() {
    let (_, router) = site(json!({})).await;
    let mut ann = Browser::new(&router);
    let form = ann.open("/registration").await;
    assert!(form.html.contains("At least 9 characters."), "{}", form.html);
    let typed = [
        ("traits.email", "ann@vestibule.test"),
        ("traits.news", "false"),
        ("traits.news", "true"),
        ("password", "short"),
    ];
    let again = ann.send(&form, &typed).await;
    assert_eq!((again.heading(), again.flow()), ("Create your account", form.flow()));
    assert!(
        again.html.contains("<title>Error: ") && again.html.contains("data-testid=\"ui/message/4000032\""),
        "{}",
        again.html
    );
    assert!(
        again.html.contains("value=\"ann@vestibule.test\"") && again.html.contains(" checked"),
        "{}",
        again.html
    );
    assert!(!again.html.contains("short\""), "a password is not given back");
    let done = ann.send(&again, &[("traits.email", "ann@vestibule.test"), ("password", PASSWORD)]).await;
    assert_eq!(done.heading(), "Your account is ready");
}

#[tokio::test]
async fn a_wrong_password_is_said_without_saying_which_part_is_wrong() {
    let (_, router) = site(json!({})).await;
    let mut ann = Browser::new(&router);
    ann.sign_up("ann@vestibule.test").await;
    let form = ann.open("/login").await;
    let again =
        ann.send(&form, &[("identifier", "ann@vestibule.test"), ("password", "something else 9")]).await;
    assert!(again.html.contains("data-testid=\"ui/message/4000006\""), "{}", again.html);
    assert!(
        again.html.contains("value=\"ann@vestibule.test\"") && !again.html.contains("aria-invalid"),
        "{}",
        again.html
    );
}

#[tokio::test]
async fn where_to_go_is_kept_from_page_to_page() {
    let (_, router) = site(json!({})).await;
    let mut ann = Browser::new(&router);
    let target = "return_to=https%3A%2F%2Fapp.example%2Fcart";
    let form = ann.open(&format!("/login?{target}")).await;
    assert!(form.html.contains("to continue to <b><bdi>app.example</bdi></b>"), "{}", form.html);
    let link = format!("/self-service/registration/browser?{target}\">Create an account</a>");
    assert!(form.html.contains(&link), "{}", form.html);
}

#[tokio::test]
async fn an_unknown_flow_is_followed_by_a_new_one_that_says_why() {
    let (_, router) = site(json!({})).await;
    for id in ["7d1f6f5e-0b1c-4c43-9a55-1f0a5b1c2d3e", "nonsense"] {
        let page = Browser::new(&router)
            .open(&format!("/registration?flow={id}&return_to=https%3A%2F%2Fapp.example%2F"))
            .await;
        assert_eq!((page.status, page.heading()), (StatusCode::OK, "Create your account"));
        assert!(page.html.contains("is no longer available. Here is a new one."), "{}", page.html);
        assert!(page.html.contains("<b><bdi>app.example</bdi></b>"), "{}", page.html);
    }
}

#[tokio::test]
async fn an_expired_flow_is_followed_by_a_new_one_that_says_why() {
    let (world, router) = site(json!({})).await;
    let mut ann = Browser::new(&router);
    let old = ann.open("/login?return_to=https%3A%2F%2Fapp.example%2F").await;
    world.clock.advance(Duration::from_secs(2 * 60 * 60));
    let new = ann.open(&format!("/login?flow={}", old.flow())).await;
    assert_ne!(new.flow(), old.flow());
    assert!(
        new.html.contains("expired. Here is a new one.")
            && new.html.contains("<b><bdi>app.example</bdi></b>"),
        "{}",
        new.html
    );
    // A form that was sent is answered by its messages; the sentence would only be in the way.
    let again = ann.send(&new, &[("identifier", "x@vestibule.test"), ("password", "y")]).await;
    assert!(!again.html.contains("Here is a new one."), "{}", again.html);
    // Left open once more, it leads back by a click at most.
    world.clock.advance(Duration::from_secs(2 * 60 * 60));
    let once_more = ann.open(&format!("/login?flow={}", new.flow())).await;
    assert_eq!((once_more.status, once_more.hops), (StatusCode::GONE, 0));
    assert!(once_more.html.contains(">Sign in</a>"), "{}", once_more.html);
}

#[tokio::test]
async fn another_browsers_form_is_not_shown() {
    let (_, router) = site(json!({})).await;
    let theirs = Browser::new(&router).open("/login").await;
    let mut ben = Browser::new(&router);
    let page = ben.open(&format!("/login?flow={}", theirs.flow())).await;
    assert_ne!(page.flow(), theirs.flow());
    assert!(page.html.contains("belongs to another browser. Here is a new one."), "{}", page.html);
}

#[tokio::test]
async fn without_cookies_nobody_is_led_round_in_circles() {
    let (_, router) = site(json!({})).await;
    for path in ["/login", "/registration?return_to=https%3A%2F%2Fapp.example%2F"] {
        let mut closed = Browser { keeps_cookies: false, ..Browser::new(&router) };
        let page = closed.open(path).await;
        assert_eq!((page.status, page.heading()), (StatusCode::FORBIDDEN, "This form needs cookies"));
        assert!(page.hops <= 4, "{} redirects", page.hops);
    }
}

#[tokio::test]
async fn a_closed_sign_up_says_so_and_points_to_the_sign_in() {
    let (_, router) = site(json!({"selfservice": {"flows": {"registration": {"enabled": false}}}})).await;
    for path in ["/registration", "/registration?flow=7d1f6f5e-0b1c-4c43-9a55-1f0a5b1c2d3e"] {
        let page = Browser::new(&router).open(path).await;
        assert_eq!((page.status, page.heading(), page.hops), (StatusCode::FORBIDDEN, "Sign-up is closed", 0));
        assert!(page.html.contains("/self-service/login/browser\""), "{}", page.html);
    }
    let sign_in = Browser::new(&router).open("/login").await;
    assert!(!sign_in.html.contains("Create an account"), "{}", sign_in.html);
}

#[tokio::test]
async fn an_error_is_told_in_words_also_one_that_is_unknown() {
    let (_, router) = site(json!({})).await;
    let mut ann = Browser::new(&router);
    let page = ann.open("/self-service/login/browser?aal=nonsense").await;
    assert_eq!((page.status, page.url.path()), (StatusCode::OK, "/error"));
    assert!(page.html.contains("aal1 and aal2") && page.html.contains(">Sign in</a>"), "{}", page.html);
    for path in ["/error", "/error?id=nonsense", "/error?id=7d1f6f5e-0b1c-4c43-9a55-1f0a5b1c2d3e"] {
        let page = ann.open(path).await;
        assert_eq!((page.status, page.heading()), (StatusCode::NOT_FOUND, "No error found"));
    }
    assert_eq!(ann.open("/error?id=stub:500").await.heading(), "Something went wrong on our side");
}

#[tokio::test]
async fn a_url_without_a_page_is_a_page_for_a_browser_and_a_line_of_text_for_other_clients() {
    let (_, router) = site(json!({})).await;
    for path in ["/nothing-here", "/self-service/nothing", "/admin/nothing", "/registration/more"] {
        let page = Browser::new(&router).open(path).await;
        assert_eq!((page.status, page.heading()), (StatusCode::NOT_FOUND, "Page not found"), "{path}");
        assert!(page.html.contains("<html lang=\"en\">") && page.html.contains(">Sign in</a>"), "{path}");
        assert!(page.html.contains(">Create an account</a>"), "{path}");
        let csp = page.headers["content-security-policy"].to_str().unwrap();
        assert!(csp.contains("default-src 'none'") && csp.contains("frame-ancestors 'none'"), "{csp}");
        let request = axum::http::Request::get(path).header("accept", "*/*").body(Body::empty()).unwrap();
        let answer = router.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        let bytes = axum::body::to_bytes(answer.into_body(), 10_000).await.unwrap();
        assert_eq!(bytes, "404: Page not found\n".as_bytes(), "{path}");
    }
}

#[tokio::test]
async fn a_name_from_outside_does_not_turn_the_text_around_it() {
    let (_, router) = site(json!({})).await;
    let mut ann = Browser::new(&router);
    ann.sign_up("ann@example.org").await;
    let page = ann.sign_in("ann@example.org").await;
    assert!(page.html.contains("<b><bdi>ann@example.org</bdi></b>"), "{}", page.html);
}

#[tokio::test]
async fn every_page_is_strict_sets_no_cookie_and_brings_its_style() {
    let (_, router) = site(json!({})).await;
    let mut ann = Browser::new(&router);
    for path in ["/registration", "/login", "/welcome", "/error"] {
        let page = ann.open(path).await;
        let header =
            |name: &str| page.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default();
        let csp = header("content-security-policy");
        assert!(
            csp.contains("default-src 'none'") && csp.contains("frame-ancestors 'none'"),
            "{path}: {csp}"
        );
        assert!(
            !csp.contains("unsafe") && !csp.contains("script-src") && !csp.contains("form-action"),
            "{path}: {csp}"
        );
        assert_eq!(header("cache-control"), "no-store", "{path}");
        assert_eq!(header("x-frame-options"), "DENY", "{path}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(header("cross-origin-opener-policy"), "same-origin", "{path}");
        assert_eq!(header("content-type"), "text/html; charset=utf-8", "{path}");
        assert_eq!(header("set-cookie"), "", "{path}");
        let style = page.url.join(between(&page.html, "rel=\"stylesheet\" href=\"", "\"")).unwrap();
        let answer = ann.ask(&style, Some(&page.url), None).await;
        assert_eq!(
            (answer.status(), answer.headers()["content-type"].to_str().unwrap()),
            (StatusCode::OK, "text/css; charset=utf-8")
        );
    }
}

#[tokio::test]
async fn another_name_of_the_host_is_led_to_the_base_url_without_a_cookie() {
    let (_, router) = site(json!({})).await;
    for path in ["/registration", "/login?return_to=https%3A%2F%2Fapp.example%2F", "/welcome", "/error?id=1"]
    {
        let request = Request::get(path).header("host", "localhost:4433").header("accept", "text/html");
        let answer = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::TEMPORARY_REDIRECT, "{path}");
        assert_eq!(answer.headers()[header::LOCATION], format!("{BASE}{path}"));
        assert!(!answer.headers().contains_key(header::SET_COOKIE), "{path}");
    }
}

/// Without any method there is nothing to fill in: the page says so, and so does the form of an app.
#[tokio::test]
async fn a_page_without_any_method_says_that_it_is_not_available() {
    for methods in [
        json!({"password": {"enabled": false}}),
        json!({"password": {"enabled": false}, "oidc": {"enabled": true}}),
    ] {
        let (_, router) = site(json!({"selfservice": {"methods": methods}})).await;
        let mut ann = Browser::new(&router);
        for (path, sentence) in [
            ("/registration", "Sign-up is not available right now. Contact the owner of this service."),
            ("/login", "Sign-in is not available right now. Contact the owner of this service."),
        ] {
            let page = ann.open(path).await;
            assert_eq!(page.status, StatusCode::OK, "{path}");
            assert!(page.html.contains(sentence), "{path}: {}", page.html);
            assert!(
                !page.html.contains("<button") && !page.html.contains("traits.email"),
                "{path}: {}",
                page.html
            );
            let flow = format!("{BASE}/self-service{path}/flows?id={}", page.flow());
            let answer = ann.ask(&Url::parse(&flow).unwrap(), None, None).await;
            let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
            let form: Value = serde_json::from_slice(&body).unwrap();
            let nodes = form["ui"]["nodes"].as_array().unwrap();
            let names: Vec<_> = nodes.iter().map(|node| &node["attributes"]["name"]).collect();
            assert_eq!(names, ["csrf_token"], "{path}");
        }
    }
}
