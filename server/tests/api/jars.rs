//! Cookies that others put into a browser's jar: applications on the same domain, and a sibling host that tosses its own. They cost
//! nothing of ours, and never decide who somebody is.

use crate::clients::PASSWORD;
use crate::trip::{HTML, JSON, Place, Tab, agree, document, location, value};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::connect_info::MockConnectInfo;
use axum::http::{HeaderValue, Request, StatusCode, header};
use engine::testing::World;
use serde_json::{Value, json};
use server::state::AppState;
use server::{edge, public};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use tower::ServiceExt;

const ANNA: &str = "anna@example.org";

fn https() -> Value {
    json!({"serve": {"public": {"base_url": "https://id.example/"}}})
}

async fn methods_of(place: &Place, id: &str) -> Vec<String> {
    let account = place.account(id).await;
    let mut kinds: Vec<String> =
        account["credentials"].as_object().expect("credentials").keys().cloned().collect();
    kinds.sort();
    kinds
}

async fn sends(tab: &mut Tab, flow: &Value) -> crate::support::http::Answer {
    tab.submit(flow, &[("method", "password"), ("identifier", ANNA), ("password", PASSWORD)]).await
}

/// What a sibling host can put into somebody's jar.
fn tossed(jar: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    jar.iter().filter(|(name, _)| !name.starts_with("__Host-")).map(|(a, b)| (a.clone(), b.clone())).collect()
}

#[tokio::test]
async fn a_form_that_links_is_bound_to_its_browser_by_a_cookie_that_no_sibling_sets() {
    let place = Place::start("memory", |_| https()).await;
    let id = place.with_password(ANNA).await;
    let mut attacker = place.browser();
    let answer = attacker.through("registration", "acme").await;
    let flow = attacker.follow(&answer).await;
    assert!(attacker.jar.contains_key("__Host-ory_kratos_continuity"), "{:?}", attacker.jar.keys());

    let mut victim = place.browser();
    victim.jar = tossed(&attacker.jar);
    sends(&mut victim, &flow).await;
    assert_eq!(methods_of(&place, &id).await, ["password"], "nothing was linked");
    // Nor with an own cookie of the same name, which the victim has from another sign-in with a provider.
    let mut victim = place.browser();
    let own = victim.open("registration").await;
    victim.leave(&own, "other").await;
    victim.jar.extend(tossed(&attacker.jar));
    sends(&mut victim, &flow).await;
    assert_eq!(methods_of(&place, &id).await, ["password"], "nothing was linked");

    let answer = sends(&mut attacker, &flow).await;
    assert_eq!(answer.status, 303);
    assert_eq!(methods_of(&place, &id).await, ["oidc", "password"], "the browser that began it links");
}

#[tokio::test]
async fn a_form_that_links_after_an_id_token_is_bound_as_well() {
    for base in [json!({}), https()] {
        let place = Place::start("memory", |_| base.clone()).await;
        let id = place.with_password(ANNA).await;
        let mut attacker = place.browser();
        let flow = document(&attacker.get("/self-service/registration/browser", JSON).await);
        let token = place.provider.id_token(Some("nonce"));
        let fields =
            json!({"method": "oidc", "provider": "acme", "id_token": token, "id_token_nonce": "nonce"});
        let answer = attacker.post(&flow, fields).await;
        let linking = document(&answer);
        assert_eq!(answer.status, 400, "{linking}");
        assert!(linking["ui"]["action"].as_str().expect("an action").contains("/login?flow="), "{linking}");
        // The victim's browser has no such cookie, and must not be taken for the one that has none either.
        let mut victim = place.browser();
        victim.jar = attacker.jar.clone();
        victim.jar.retain(|name, _| !name.ends_with("ory_kratos_continuity"));
        assert!(victim.jar.len() < attacker.jar.len(), "{:?}", attacker.jar.keys());
        sends(&mut victim, &linking).await;
        assert_eq!(methods_of(&place, &id).await, ["password"], "{base}");
        sends(&mut attacker, &linking).await;
        assert_eq!(methods_of(&place, &id).await, ["oidc", "password"], "{base}");
    }
}

/// Both orders of a cookie of ours and one of the same name that somebody else set.
fn beside(jar: &mut BTreeMap<String, String>, name: &str, other: &str, first: bool) {
    let own = jar[name].clone();
    let (one, two) = if first { (other, own.as_str()) } else { (own.as_str(), other) };
    jar.insert(name.to_owned(), format!("{one}; {name}={two}"));
}

#[tokio::test]
async fn of_several_cookies_of_one_name_the_one_that_verifies_counts() {
    let place = Place::start("memory", |_| json!({})).await;
    for (round, first) in [true, false].into_iter().enumerate() {
        place
            .provider
            .visitor(&format!("person-{round}"), json!({"email": format!("person-{round}@example.org")}));
        let mut stranger = place.browser();
        let foreign = stranger.open("registration").await;
        stranger.leave(&foreign, "acme").await;
        let theirs = |ending: &str| {
            stranger
                .jar
                .iter()
                .find(|(name, _)| name.contains(ending))
                .map(|(_, value)| value.clone())
                .expect("a cookie")
        };

        let mut anna = place.browser();
        let flow = anna.open("registration").await;
        let csrf = anna.jar.keys().find(|name| name.starts_with("csrf_token_")).expect("a cookie").clone();
        beside(&mut anna.jar, &csrf, &theirs("csrf_token_"), first);
        // The form is read, sent, and comes back from the provider.
        let read = format!("/self-service/registration/flows?id={}", flow["id"].as_str().expect("an id"));
        assert_eq!(anna.get(&read, JSON).await.status, 200, "first {first}");
        let page = format!("/registration?flow={}", flow["id"].as_str().expect("an id"));
        assert_eq!(anna.get(&page, HTML).await.status, 200, "first {first}");
        let there = anna.leave(&flow, "acme").await;
        beside(&mut anna.jar, "ory_kratos_continuity", &theirs("continuity"), first);
        let back = agree(&there).await;
        let answer = anna.get(&back, HTML).await;
        assert_eq!((answer.status, location(&answer).ends_with("/welcome")), (303, true), "first {first}");

        // Whoever is signed in is signed in beside cookies that are none of ours, and beside a session that is over.
        let own = anna.jar["ory_kratos_session"].clone();
        for other in ["nonsense", "", "\"quoted", "AAAA"] {
            anna.jar.insert("ory_kratos_session".to_owned(), own.clone());
            beside(&mut anna.jar, "ory_kratos_session", other, first);
            assert!(anna.whoami().await.is_some(), "{other:?} first {first}");
        }
        let mut earlier = place.browser();
        earlier.through("login", "acme").await;
        let over = earlier.jar["ory_kratos_session"].clone();
        let logout = document(&earlier.get("/self-service/logout/browser", JSON).await);
        earlier.get(logout["logout_url"].as_str().expect("an address"), HTML).await;
        anna.jar.insert("ory_kratos_session".to_owned(), own);
        beside(&mut anna.jar, "ory_kratos_session", &over, first);
        assert!(anna.whoami().await.is_some(), "a session that is over, first {first}");
    }
}

#[tokio::test]
async fn a_form_that_begins_belongs_to_no_cookie_of_somebody_else() {
    let place = Place::start("memory", |_| json!({})).await;
    let mut stranger = place.browser();
    stranger.open("login").await;
    let mut anna = place.browser();
    anna.open("login").await;
    let (csrf, theirs) = stranger.jar.iter().next().map(|(a, b)| (a.clone(), b.clone())).expect("a cookie");
    for first in [true, false] {
        let own = anna.jar[&csrf].clone();
        beside(&mut anna.jar, &csrf, &theirs, first);
        let mut fresh = anna.clone();
        let flow = document(&fresh.get("/self-service/login/browser", JSON).await);
        let new = fresh.jar[&csrf].clone();
        assert!(![own.as_str(), theirs.as_str()].contains(&new.as_str()), "a value that nobody else knows");
        let read = format!("/self-service/login/flows?id={}", flow["id"].as_str().expect("an id"));
        let mut other = place.browser();
        other.jar.insert(csrf.clone(), theirs.clone());
        assert_eq!(other.get(&read, JSON).await.status, 403);
        assert!(value(&flow, "csrf_token").is_string());
        anna.jar.insert(csrf.clone(), own);
    }
}

struct Raw {
    _world: World,
    router: Router,
}

impl Raw {
    async fn start(base: &str, host_prefix: Value) -> Self {
        let world = World::default();
        let config = json!({
            "serve": {"public": {"base_url": base}},
            "vestibule": {"cookies": {"host_prefix": host_prefix}},
            "selfservice": {"flows": {"registration": {"after": {"password": {"hooks": [{"hook": "session"}]}}}}},
        });
        let engine = world.engine("memory", vec![config]).await;
        let peer = MockConnectInfo(SocketAddr::from(([127, 0, 0, 1], 50_000)));
        let router = public::router(AppState { engine: engine.clone() }).layer(peer);
        Self { _world: world, router: edge::around(router, "public", &engine) }
    }

    async fn ask(
        &self,
        method: &str,
        target: &str,
        lines: &[Vec<u8>],
        body: Value,
    ) -> (StatusCode, Vec<String>, Value) {
        let mut request = Request::builder()
            .method(method)
            .uri(target)
            .header("host", "id.example")
            .header("accept", "application/json")
            .header("content-type", "application/json");
        for line in lines {
            request =
                request.header("cookie", HeaderValue::from_bytes(line).expect("bytes that HTTP allows"));
        }
        let request = request.body(Body::from(body.to_string())).expect("a request");
        let answer = self.router.clone().oneshot(request).await.expect("an answer");
        let status = answer.status();
        let cookies = answer.headers().get_all(header::SET_COOKIE).iter();
        let cookies = cookies.map(|line| line.to_str().expect("text").to_owned()).collect();
        let body = to_bytes(answer.into_body(), usize::MAX).await.expect("a body");
        (status, cookies, serde_json::from_slice(&body).unwrap_or_default())
    }
}

fn pair(line: &str) -> &[u8] {
    line.split(';').next().expect("a pair").as_bytes()
}

/// What other applications on the domain leave in the same header: `{}` stands for ours.
const AROUND: [&[u8]; 16] = [
    b"{}",
    b"name=Zo\xc3\xab; {}",
    b"name=Zo\xeb; {}",
    b"{}; \xff\xfe\xfd",
    b"\x80=\x81; {}; \x82",
    b";;{};;",
    b" ; =; == ; {}",
    b"a=\"unclosed; {}",
    b"{}; a=\"un;closed",
    b"json={\"a\": [1, 2], \"b\": \"\\\\\"}; {}",
    b"a b c; {}; d,e=f",
    b"{};a=1;b=2;c=3",
    b"$Version=\"1\"; {}; $Path=\"/\"",
    b"csrf_token_=x; ory_kratos_sessio=x; ORY_KRATOS_SESSION=x; {}",
    b"csrf_token_\xe4=x; ory_kratos_session\xe4=x; {}",
    b"ory_kratos_session=Zo\xeb; csrf_token_=\xff; {}",
];

#[tokio::test]
async fn a_cookie_of_another_application_costs_nothing_of_ours() {
    for (base, host_prefix) in [
        ("http://id.example/", json!("auto")),
        ("https://id.example/", json!("auto")),
        ("https://id.example/", json!(true)),
    ] {
        let raw = Raw::start(base, host_prefix.clone()).await;
        for (number, around) in AROUND.iter().enumerate() {
            let shown = String::from_utf8_lossy(around);
            // In one header, and as HTTP/2 may split it.
            for split in [false, true] {
                let lines = |own: &[u8]| -> Vec<Vec<u8>> {
                    let at = around.windows(2).position(|two| two == b"{}").expect("a place");
                    let (before, after) = (&around[..at], &around[at + 2..]);
                    match split {
                        true => vec![before.to_vec(), own.to_vec(), after.to_vec()],
                        false => vec![[before, own, after].concat()],
                    }
                };
                let (status, cookies, flow) =
                    raw.ask("GET", "/self-service/registration/browser", &[], Value::Null).await;
                assert_eq!(status, StatusCode::OK);
                let action =
                    flow["ui"]["action"].as_str().expect("an action").strip_prefix(base).expect("ours");
                let email = format!("person-{number}-{split}@example.org");
                let form = json!({
                    "method": "password", "password": "velvet lantern harbour 41", "traits": {"email": email},
                    "csrf_token": value(&flow, "csrf_token"),
                });
                let (status, cookies, done) =
                    raw.ask("POST", &format!("/{action}"), &lines(pair(&cookies[0])), form).await;
                assert_eq!(status, StatusCode::OK, "{base} {host_prefix} {shown}: {done}");
                let session =
                    cookies.iter().find(|line| line.contains("ory_kratos_session=")).expect("a session");
                assert_eq!(session.starts_with("__Host-"), host_prefix == json!(true), "{session}");
                let (status, _, who) =
                    raw.ask("GET", "/sessions/whoami", &lines(pair(session)), Value::Null).await;
                assert_eq!(status, StatusCode::OK, "{base} {shown}");
                assert_eq!(who["identity"]["traits"]["email"], json!(email));
            }
        }
    }
}

#[tokio::test]
async fn with_the_prefix_a_cookie_without_it_is_nobody_s() {
    let raw = Raw::start("https://id.example/", json!(true)).await;
    let (_, cookies, flow) = raw.ask("GET", "/self-service/registration/browser", &[], Value::Null).await;
    assert!(cookies.iter().all(|line| line.starts_with("__Host-csrf_token_")), "{cookies:?}");
    let form = json!({
        "method": "password", "password": "velvet lantern harbour 41", "traits": {"email": ANNA},
        "csrf_token": value(&flow, "csrf_token"),
    });
    let action =
        flow["ui"]["action"].as_str().expect("an action").strip_prefix("https://id.example").expect("ours");
    let plain = |line: &str| vec![pair(line).strip_prefix(b"__Host-").expect("the prefix").to_vec()];
    let (status, _, _) = raw.ask("POST", action, &plain(&cookies[0]), form.clone()).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (status, cookies, _) = raw.ask("POST", action, &[pair(&cookies[0]).to_vec()], form).await;
    assert_eq!(status, StatusCode::OK);
    let session = cookies.iter().find(|line| line.contains("session=")).expect("a session");
    assert!(
        session.contains("; Path=/;") && session.contains("; Secure") && !session.contains("Domain"),
        "{session}"
    );
    let whoami = "/sessions/whoami";
    assert_eq!(raw.ask("GET", whoami, &plain(session), Value::Null).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(raw.ask("GET", whoami, &[pair(session).to_vec()], Value::Null).await.0, StatusCode::OK);
}
