//! The headers of every response: each route that the source names, on each listener, with each method, against the one list.

use crate::console::router as console;
use axum::Router;
use axum::body::Body;
use axum::extract::connect_info::MockConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode, header};
use engine::Engine;
use engine::operators;
use engine::testing::World;
use regex::Regex;
use serde_json::json;
use server::headers::EVERYWHERE;
use server::state::AppState;
use server::{edge, public};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tower::ServiceExt;

const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const PASSWORD: &str = "velvet lantern harbour 41";

struct Listener {
    name: &'static str,
    host: &'static str,
    router: Router,
}

async fn listeners() -> (World, Engine, [Listener; 3]) {
    let world = World::default();
    let config = json!({
        "serve": {
            "public": {"base_url": "https://id.example/", "cors": {"enabled": true, "allowed_origins": ["https://app.example"]}},
            "admin": {"base_url": "http://admin.example:4434/"},
        },
        "vestibule": {"console": {"base_url": "https://console.example/"}},
        "selfservice": {"methods": {"code": {"enabled": true}}, "flows": {"verification": {"enabled": true}}},
    });
    let engine = world.engine("memory", vec![config]).await;
    let state = AppState { engine: engine.clone() };
    let peer = MockConnectInfo(SocketAddr::from(([127, 0, 0, 1], 50_000)));
    let around = |router: Router, name| edge::around(router.layer(peer), name, &engine);
    let all = [
        Listener {
            name: "public",
            host: "id.example",
            router: around(public::router(state.clone()), "public"),
        },
        Listener {
            name: "admin",
            host: "admin.example:4434",
            router: around(server::admin::router(state), "admin"),
        },
        Listener { name: "console", host: "console.example", router: around(console(&engine), "console") },
    ];
    (world, engine, all)
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn sources(folder: &str) -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found = Vec::new();
    files(&root, &mut found);
    let read = |path: PathBuf| {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        (path.to_string_lossy().into_owned() + ":" + &name, fs::read_to_string(&path).expect("a file"))
    };
    found.into_iter().map(read).collect()
}

/// Every path that the source gives to a route. A name is looked up among the constants of the console's pages.
fn paths() -> BTreeSet<String> {
    let constant = Regex::new(r#"pub const ([A-Z_]+): &str = "(/[^"]*)";"#).expect("a pattern");
    let mut constants = BTreeMap::new();
    for (file, text) in sources("../app/src/console") {
        let module = file.rsplit(':').next().unwrap_or_default().to_owned();
        for found in constant.captures_iter(&text) {
            constants.insert((module.clone(), found[1].to_owned()), found[2].to_owned());
        }
    }
    // The page of a provider's test is named where its address is made.
    constants.insert(("social".to_owned(), "TEST".to_owned()), "/social/test".to_owned());
    let route =
        Regex::new(r#"\.route\(\s*(&format!\("([^"]+)"\)|"([^"]+)"|[A-Za-z_:]+)"#).expect("a pattern");
    let parameter = Regex::new(r"\{\*?[a-z]+\}").expect("a pattern");
    let mut all = BTreeSet::new();
    for (file, text) in sources("src") {
        let module = file.rsplit(':').next().unwrap_or_default();
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        if module == "mounted" {
            // Its routes come from tables.
            let pages = app::console::pages().into_iter().map(|entry| entry.meta.path);
            let moved = ["/tester", "/actions", "/actions/x"];
            all.extend(pages.chain(moved).map(|path| parameter.replace_all(path, "x").into_owned()));
            continue;
        }
        for found in route.captures_iter(text) {
            let path = match (found.get(2), found.get(3)) {
                (_, Some(literal)) => literal.as_str().to_owned(),
                (Some(format), _) => {
                    let own = (module.to_owned(), "PATH".to_owned());
                    format.as_str().replace("{PATH}", &constants[&own]).replace("{{", "{").replace("}}", "}")
                }
                _ => {
                    let (of, name) = found[1].rsplit_once("::").unwrap_or((module, &found[1]));
                    let key = (of.to_owned(), name.to_owned());
                    constants
                        .get(&key)
                        .unwrap_or_else(|| panic!("{file}: no path is known for {key:?}"))
                        .clone()
                }
            };
            all.insert(parameter.replace_all(&path, "x").into_owned());
        }
    }
    all
}

/// The list, and what this listener has beside it.
fn check(what: &str, listener: &Listener, headers: &HeaderMap) {
    let page = headers.get("cross-origin-opener-policy").is_some();
    for (name, value) in EVERYWHERE {
        let mut sent = headers.get_all(&name).iter();
        let (first, second) = (sent.next(), sent.next());
        let first = first.unwrap_or_else(|| panic!("{what}: {name} is missing")).to_str().expect("text");
        assert!(second.is_none(), "{what}: {name} twice");
        match (&name, page) {
            (&header::CONTENT_SECURITY_POLICY, true) => {
                for part in ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"] {
                    assert!(first.contains(part), "{what}: {first}");
                }
            }
            (&header::REFERRER_POLICY, true) => assert_eq!(first, "same-origin", "{what}"),
            _ => assert_eq!(first, value, "{what}: {name}"),
        }
    }
    assert!(!headers.contains_key("cross-origin-embedder-policy"), "{what}");
    assert_eq!(
        headers.contains_key("cross-origin-resource-policy"),
        page,
        "{what}: pages elsewhere read this"
    );
    let hsts = headers.get(header::STRICT_TRANSPORT_SECURITY).map(|value| value.to_str().expect("text"));
    let expected = (listener.name != "admin").then_some("max-age=86400");
    assert_eq!(hsts, expected, "{what}");
}

async fn ask(listener: &Listener, request: Request<Body>) -> (StatusCode, HeaderMap) {
    let what = format!("{} {} {}", listener.name, request.method(), request.uri());
    let answer = listener.router.clone().oneshot(request).await.expect("an answer");
    check(&format!("{what} {}", answer.status()), listener, answer.headers());
    (answer.status(), answer.headers().clone())
}

#[tokio::test]
async fn every_route_of_every_listener_answers_with_the_list() {
    let (_world, engine, listeners) = listeners().await;
    operators::create(&engine, "op@console.test", "Olga", PASSWORD).await.expect("rows").expect("a password");
    let form = format!("email=op%40console.test&password={}", PASSWORD.replace(' ', "+"));
    let sign_in = Request::post("/sign-in")
        .header("host", "console.example")
        .header("origin", "https://console.example")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(form))
        .expect("a request");
    let (status, headers) = ask(&listeners[2], sign_in).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let cookie =
        headers[header::SET_COOKIE].to_str().expect("text").split(';').next().expect("a pair").to_owned();

    let mut paths = paths();
    assert!(paths.len() > 60, "{paths:?}");
    paths.extend(["/nothing/here", "//login", "/assets/0/nothing.css"].map(str::to_owned));
    for asset in ["hosted.css", "main.css"] {
        paths.insert(server::assets::url(asset).to_owned());
    }
    let mut seen = BTreeSet::new();
    for listener in &listeners {
        for path in &paths {
            for method in METHODS {
                for signed_in in [false, true] {
                    let mut request = Request::builder()
                        .method(method)
                        .uri(path)
                        .header("host", listener.host)
                        .header("accept", if signed_in { "text/html" } else { "application/json" });
                    if signed_in {
                        request =
                            request.header("cookie", &cookie).header("origin", "https://console.example");
                    }
                    let (status, _) = ask(listener, request.body(Body::empty()).expect("a request")).await;
                    seen.insert(status.as_u16());
                }
            }
        }
    }
    for status in [200, 303, 307, 400, 403, 404, 405] {
        assert!(seen.contains(&status), "{status} was not among the answers: {seen:?}");
    }
}

#[tokio::test]
async fn what_no_route_answers_has_the_list_too() {
    let (_world, _engine, listeners) = listeners().await;
    for listener in &listeners {
        let large = Request::post("/sign-in")
            .header("host", listener.host)
            .header("origin", "https://console.example")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(vec![b'a'; 6 << 20]))
            .expect("a request");
        ask(listener, large).await;
        let twice = Request::get("/health/alive").header("host", "a").header("host", "b");
        let (status, _) = ask(listener, twice.body(Body::empty()).expect("a request")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        let rebound = Request::get("/sign-in").header("host", "rebound.evil.example");
        ask(listener, rebound.body(Body::empty()).expect("a request")).await;
        let odd = Request::builder().method("BREW").uri("/login").header("host", listener.host);
        ask(listener, odd.body(Body::empty()).expect("a request")).await;
        let preflight = Request::options("/sessions/whoami")
            .header("host", listener.host)
            .header("origin", "https://app.example")
            .header("access-control-request-method", "GET");
        ask(listener, preflight.body(Body::empty()).expect("a request")).await;
    }
}
