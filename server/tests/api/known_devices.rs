//! Known devices: who gets the cookie, what it says and what it does not, and where it never goes.

use crate::clients::{JSON, Kind, Outcome, PASSWORD, Person, document, stand};
use axum::http::HeaderMap;
use engine::ids::IdentityId;
use engine::plan::Client;
use engine::requester::{Requester, Subject};
use engine::session;
use serde_json::{Value, json};
use server::cookies;

const COOKIE: &str = "vestibule_device";

fn signing_in(on: bool) -> Value {
    let hooks = if on { json!([{"hook": "session"}]) } else { json!([]) };
    json!({"selfservice": {"flows": {"registration": {"after": {"password": {"hooks": hooks}}}}}})
}

/// Whom a browser with that cookie is known to.
fn knows(engine: &engine::Engine, cookie: &str, identity: IdentityId) -> bool {
    let mut headers = HeaderMap::new();
    headers.insert("cookie", format!("a=1; {COOKIE}={cookie}").parse().expect("a header"));
    let device = cookies::known_device(&engine.begin(), &headers);
    device.is_some_and(|device| device.of(Subject::Identity(identity)).is_some())
}

async fn sign_in(person: &mut Person, email: &str, password: &str) -> (u16, Option<String>) {
    let (flow, csrf) = person.begin_sign_in().await;
    let form = json!({"method": "password", "identifier": email, "password": password, "csrf_token": csrf});
    let target = format!("/self-service/login?flow={flow}");
    let answer = person.post(&target, &[("Content-Type", JSON)], &form).await;
    let set = answer.headers.iter().find(|(name, value)| name == "set-cookie" && value.starts_with(COOKIE));
    (answer.status, set.map(|(_, value)| value.clone()))
}

async fn identity(site: &crate::clients::Site, email: &str) -> IdentityId {
    let headers = [("Host".to_owned(), site.admin.clone())];
    let target = format!("/admin/identities?credentials_identifier={email}");
    let answer = crate::support::http::send(&site.admin, "GET", &target, &headers, None).await;
    let list = document(&answer.expect("an answer"));
    list[0]["id"].as_str().expect("an id").parse().expect("a UUID")
}

#[tokio::test]
async fn a_completed_sign_in_makes_the_browser_known_to_that_account_alone() {
    let (stand, site) = stand("memory", signing_in(false)).await;
    let mut browser = Person::new(&site, Kind::Spa);
    for email in ["ann@vestibule.test", "bea@vestibule.test"] {
        let begun = browser.begin().await;
        assert_eq!(browser.finish(&begun, email).await, Outcome::NotSignedIn);
        assert_eq!(browser.cookie(COOKIE), None, "nobody signed in");
    }
    let (ann, bea) =
        (identity(&site, "ann@vestibule.test").await, identity(&site, "bea@vestibule.test").await);
    assert_eq!(sign_in(&mut browser, "ann@vestibule.test", "wrong password").await, (400, None));
    let (status, set) = sign_in(&mut browser, "ann@vestibule.test", PASSWORD).await;
    let set = set.expect("the cookie");
    assert_eq!(status, 200);
    assert!(set.contains("; Path=/; Max-Age=7776000; HttpOnly; SameSite=Lax"), "{set}");
    let first = browser.cookie(COOKIE).expect("the cookie").to_owned();
    assert!(knows(&stand.engine, &first, ann) && !knows(&stand.engine, &first, bea));

    // Signing out keeps it; the next account in this browser is known beside the first.
    let mut browser = Person::new(&site, Kind::Spa);
    browser.put_cookie(COOKIE, &first);
    sign_in(&mut browser, "bea@vestibule.test", PASSWORD).await;
    let both = browser.cookie(COOKIE).expect("the cookie").to_owned();
    assert!(knows(&stand.engine, &both, ann) && knows(&stand.engine, &both, bea));
    stand.world.clock.advance(std::time::Duration::from_secs(90 * 24 * 3600 + 1));
    assert!(!knows(&stand.engine, &both, ann) && !knows(&stand.engine, &both, bea), "its time is over");
}

#[tokio::test]
async fn a_sign_up_that_signs_in_makes_browsers_known_and_sets_apps_no_cookie() {
    let (stand, site) = stand("memory", signing_in(true)).await;
    for (number, kind) in [Kind::Browser, Kind::Spa].into_iter().enumerate() {
        let email = format!("p{number}@vestibule.test");
        let mut person = Person::new(&site, kind);
        let begun = person.begin().await;
        assert_eq!(person.finish(&begun, &email).await, Outcome::SignedIn);
        let cookie = person.cookie(COOKIE).expect("the cookie").to_owned();
        assert!(knows(&stand.engine, &cookie, identity(&site, &email).await), "{kind:?}");
    }
    let mut app = Person::new(&site, Kind::Native);
    let begun = app.begin().await;
    let answer = app.send(&begun, "app@vestibule.test").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("set-cookie"), None);
}

#[tokio::test]
async fn an_app_is_known_in_the_network_of_an_earlier_session() {
    let mut keys = signing_in(true);
    keys["vestibule"] = json!({"trusted_proxies": ["127.0.0.0/8"]});
    let (stand, site) = stand("memory", keys).await;
    let mut app = Person::new(&site, Kind::Native);
    let begun = app.begin().await;
    assert_eq!(app.send(&begun, "direct@vestibule.test").await.status, 200);
    let flow = document(&app.ask("GET", "/self-service/registration/api", JSON, &[], None).await);
    let target = format!("/self-service/registration?flow={}", flow["id"].as_str().expect("an id"));
    let form = json!({"method": "password", "password": PASSWORD, "traits": {"email": "ann@vestibule.test"}});
    let through = [("Content-Type", JSON), ("X-Forwarded-For", "2001:db8:1:2::7")];
    assert_eq!(app.post(&target, &through, &form).await.status, 200);

    let ann = identity(&site, "ann@vestibule.test").await;
    let other = identity(&site, "direct@vestibule.test").await;
    let ctx = stand.engine.begin();
    let at = |address: &str| Requester::direct(address.parse().expect("an address"));
    for (requester, whose, client, known) in [
        (at("2001:db8:1:2::8"), ann, Client::Native, true),
        (at("2001:db8:1:3::7"), ann, Client::Native, false),
        (at("2001:db8:1:2::8"), other, Client::Native, false),
        (at("127.0.0.1"), other, Client::Native, true),
        // A browser would have brought the cookie.
        (at("2001:db8:1:2::8"), ann, Client::Browser, false),
        (Requester::default(), ann, Client::Native, false),
    ] {
        let is_known = session::is_known(&ctx, &requester, whose, client).await.expect("the store answers");
        assert_eq!(is_known, known, "{requester:?} {client:?}");
    }
    stand.world.clock.advance(std::time::Duration::from_secs(91 * 24 * 3600));
    let late = session::is_known(&ctx, &at("2001:db8:1:2::8"), ann, Client::Native).await;
    assert!(!late.expect("the store answers"));
}

#[tokio::test]
async fn over_https_the_cookie_is_bound_to_its_host() {
    let document = json!({
        "serve": {"public": {"base_url": "https://id.example.org/"}}, "cookies": {"domain": "example.org"},
    });
    let world = engine::testing::World::default();
    let ctx = world.engine("memory", vec![document]).await.begin();
    let ann = IdentityId(ctx.effects().uuid());
    let set = cookies::remember_device(&ctx, &HeaderMap::new(), ann);
    let set = set.to_str().expect("text");
    assert!(set.starts_with("__Host-vestibule_device=") && set.contains("; Secure"), "{set}");
    assert!(!set.contains("Domain"), "{set}");
    let pair = set.split(';').next().expect("a pair");
    let mut headers = HeaderMap::new();
    // A sibling host can set the plain name beside it, which is not even read.
    let tossed = format!("vestibule_device=AAAA; {pair}");
    headers.insert("cookie", tossed.parse().expect("a header"));
    let device = cookies::known_device(&ctx, &headers).expect("the device");
    assert!(device.of(Subject::Identity(ann)).is_some());
    let others = cookies::of_others(&ctx.config, &headers);
    assert!(others.is_empty(), "{others:?}");
}

#[tokio::test]
async fn the_cookie_reaches_no_hook() {
    let (stand, _site) = stand("memory", json!({})).await;
    let mut headers = HeaderMap::new();
    let pairs = format!("{COOKIE}=x; vestibule_console_device=y; theme=dark");
    headers.insert("cookie", pairs.parse().expect("a header"));
    let others = cookies::of_others(&stand.engine.begin().config, &headers);
    assert_eq!(others.into_iter().collect::<Vec<_>>(), [("theme".to_owned(), "dark".to_owned())]);
}
