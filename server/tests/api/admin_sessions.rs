//! What operators' programs do with sessions: lists, extensions, and ends of one or many.

use crate::clients::{JSON, Kind, Outcome, Person, Site, document, stand};
use crate::support::http::{Answer, send};
use crate::support::stand::Stand;
use serde_json::{Value, json};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(60 * 60);

async fn place(dsn: &str, more: Value) -> (Stand, Site) {
    let mut config = json!({"selfservice": {"flows": {"registration": {"after": {"password": {"hooks": [{"hook": "session"}]}}}}}});
    for (name, value) in more.as_object().expect("sections") {
        config[name] = value.clone();
    }
    stand(dsn, config).await
}

async fn ask(site: &Site, method: &str, target: &str, body: Option<Value>) -> Answer {
    let headers = [("Host".to_owned(), site.admin.clone()), ("Content-Type".to_owned(), JSON.to_owned())];
    let body = body.map(|body| body.to_string());
    send(&site.admin, method, target, &headers, body.as_deref().map(str::as_bytes)).await.expect("an answer")
}

/// A single-page app in which somebody signed up, and the session as whoami has it.
async fn somebody(site: &Site, name: &str) -> (Person, Value) {
    let mut person = Person::new(site, Kind::Spa);
    let begun = person.begin().await;
    let outcome = person.finish(&begun, &format!("{name}@vestibule.test")).await;
    assert_eq!(outcome, Outcome::SignedIn);
    let session = document(&person.ask("GET", "/sessions/whoami", JSON, &[], None).await);
    (person, session)
}

fn id(session: &Value) -> &str {
    session["id"].as_str().expect("an id")
}

fn end(session: &Value) -> chrono::DateTime<chrono::Utc> {
    session["expires_at"].as_str().expect("a time").parse().expect("a time")
}

async fn is_signed_in(person: &mut Person) -> bool {
    person.ask("GET", "/sessions/whoami", JSON, &[], None).await.status == 200
}

async fn extended(site: &Site, session: &Value) -> Value {
    let answer = ask(site, "PATCH", &format!("/admin/sessions/{}/extend", id(session)), None).await;
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    document(&answer)
}

#[tokio::test]
async fn an_extended_session_lasts_a_lifespan_from_now_and_its_cookie_follows() {
    for dsn in ["memory".to_owned(), engine::testing::postgres::database().await] {
        let (stand, site) = place(&dsn, json!({})).await;
        let (mut anna, session) = somebody(&site, "anna").await;
        let whoami = anna.ask("GET", "/sessions/whoami", JSON, &[], None).await;
        assert_eq!(whoami.header("set-cookie"), None, "nothing changed");
        stand.world.clock.advance(HOUR * 23);
        let longer = extended(&site, &session).await;
        assert_eq!(end(&longer) - end(&session), chrono::TimeDelta::hours(23));
        // Whoever asks who they are gets a cookie that lasts as long, once.
        let whoami = anna.ask("GET", "/sessions/whoami", JSON, &[], None).await;
        let cookie = whoami.header("set-cookie").expect("a cookie");
        assert!(cookie.starts_with("ory_kratos_session=") && cookie.contains("Max-Age=86400"), "{cookie}");
        let whoami = anna.ask("GET", "/sessions/whoami", JSON, &[], None).await;
        assert_eq!((whoami.status, whoami.header("set-cookie")), (200, None));
        stand.world.clock.advance(HOUR * 23);
        assert!(is_signed_in(&mut anna).await);
        stand.world.clock.advance(HOUR * 2);
        assert!(!is_signed_in(&mut anna).await);
        // What is over stays over.
        assert_eq!(end(&extended(&site, &session).await), end(&longer));
        assert!(!is_signed_in(&mut anna).await);
    }
}

#[tokio::test]
async fn a_session_is_extended_only_when_it_is_due() {
    let keys = json!({"session": {"earliest_possible_extend": "2h"}});
    let (stand, site) = place("memory", keys).await;
    let (_, session) = somebody(&site, "anna").await;
    assert_eq!(end(&extended(&site, &session).await), end(&session));
    stand.world.clock.advance(HOUR * 22);
    assert_eq!(end(&extended(&site, &session).await), end(&session), "two hours are left");
    stand.world.clock.advance(Duration::from_secs(1));
    assert!(end(&extended(&site, &session).await) > end(&session));
    let ended = somebody(&site, "bea").await.1;
    assert_eq!(ask(&site, "DELETE", &format!("/admin/sessions/{}", id(&ended)), None).await.status, 204);
    stand.world.clock.advance(HOUR * 23);
    let after = extended(&site, &ended).await;
    assert_eq!((end(&after), &after["active"]), (end(&ended), &json!(false)));
}

#[tokio::test]
async fn a_session_from_before_any_proof_is_not_extended() {
    let keys = json!({
        "vestibule": {"registration": {"unverified_session_lifespan": "30m"}},
        "identity": {"schemas": [{"id": "default", "url": "preset://email"}]},
        "courier": {"smtp": {"connection_uri": "smtp://127.0.0.1:1/?disable_starttls=true"}},
        "selfservice": {"flows": {
            "verification": {"enabled": true},
            "registration": {"after": {"password": {"hooks": [{"hook": "session"}]}}},
        }},
    });
    let (stand, site) = place("memory", keys).await;
    let (mut anna, session) = somebody(&site, "anna").await;
    stand.world.clock.advance(Duration::from_secs(29 * 60));
    assert_eq!(end(&extended(&site, &session).await), end(&session));
    stand.world.clock.advance(Duration::from_secs(2 * 60));
    assert!(!is_signed_in(&mut anna).await);
}

#[tokio::test]
async fn the_response_to_an_extension_may_have_no_body() {
    let keys = json!({"feature_flags": {"faster_session_extend": true}});
    let (stand, site) = place("memory", keys).await;
    let (_, session) = somebody(&site, "anna").await;
    stand.world.clock.advance(HOUR);
    let target = format!("/admin/sessions/{}/extend", id(&session));
    let answer = ask(&site, "PATCH", &target, None).await;
    assert_eq!((answer.status, answer.body.len()), (204, 0));
    let now = document(&ask(&site, "GET", &format!("/admin/sessions/{}", id(&session)), None).await);
    assert_eq!(end(&now) - end(&session), chrono::TimeDelta::hours(1));
    let unknown = "/admin/sessions/0c5b2a7e-6d0f-4b5e-9a50-6f2f3ce0a001/extend";
    assert_eq!(ask(&site, "PATCH", unknown, None).await.status, 404);
}

#[tokio::test]
async fn lists_have_pages_and_tell_whose_sessions_they_are() {
    for dsn in ["memory".to_owned(), engine::testing::postgres::database().await] {
        let (_stand, site) = place(&dsn, json!({})).await;
        let mut all = Vec::new();
        for name in ["anna", "bea", "cleo"] {
            all.push(id(&somebody(&site, name).await.1).to_owned());
        }
        assert_eq!(ask(&site, "DELETE", &format!("/sessions/{}", all[1]), None).await.status, 204);
        all.sort();
        let (mut seen, mut target) = (Vec::new(), "/admin/sessions?page_size=2".to_owned());
        loop {
            let answer = ask(&site, "GET", &target, None).await;
            let list = document(&answer);
            for session in list.as_array().expect("a list") {
                assert_eq!((&session["identity"], &session["devices"]), (&Value::Null, &json!([])));
                seen.push(id(session).to_owned());
            }
            let links = answer.header("link").expect("links").to_owned();
            let Some(next) = links.split(',').find_map(|link| link.strip_suffix("; rel=\"next\"")) else {
                break;
            };
            target = next.trim_matches(['<', '>']).to_owned();
        }
        assert_eq!(seen, all);
        for (query, expected) in [("active=true", 2), ("active=false", 1), ("", 3)] {
            let target = format!("/admin/sessions?expand=identity&expand=devices&{query}");
            let list = document(&ask(&site, "GET", target.trim_end_matches('&'), None).await);
            assert_eq!(list.as_array().map(Vec::len), Some(expected), "{query}");
            for session in list.as_array().expect("a list") {
                assert!(
                    session["identity"]["traits"]["email"].is_string()
                        && session["devices"][0]["id"].is_string()
                );
            }
        }
    }
}

#[tokio::test]
async fn many_sessions_end_or_go_with_one_request() {
    for dsn in ["memory".to_owned(), engine::testing::postgres::database().await] {
        let (_stand, site) = place(&dsn, json!({})).await;
        let (mut anna, of_anna) = somebody(&site, "anna").await;
        let (mut bea, of_bea) = somebody(&site, "bea").await;
        let (mut cleo, of_cleo) = somebody(&site, "cleo").await;
        let act = async |body: Value| {
            let answer = ask(&site, "POST", "/admin/sessions", Some(body)).await;
            assert_eq!(answer.status, 200, "{}", document(&answer));
            document(&answer)
        };
        let ended = act(json!({"action": "disable", "identities": [of_anna["identity"]["id"]]})).await;
        assert_eq!(ended, json!({"processed": 1, "more": false}));
        assert!(!is_signed_in(&mut anna).await && is_signed_in(&mut bea).await);
        let unknown = "0c5b2a7e-6d0f-4b5e-9a50-6f2f3ce0a001";
        let gone = act(json!({"action": "delete", "sessions": [of_bea["id"], unknown]})).await;
        assert_eq!(gone, json!({"processed": 1, "more": false}));
        assert!(!is_signed_in(&mut bea).await && is_signed_in(&mut cleo).await);
        let target = format!("/admin/sessions/{}", id(&of_bea));
        assert_eq!(ask(&site, "GET", &target, None).await.status, 404);
        assert_eq!(act(json!({"action": "disable", "sessions": ["*"]})).await["processed"], 1);
        assert!(!is_signed_in(&mut cleo).await);
        let target = format!("/admin/sessions/{}", id(&of_cleo));
        assert_eq!(document(&ask(&site, "GET", &target, None).await)["active"], false);
        assert_eq!(act(json!({"action": "delete", "identities": ["*"]})).await["processed"], 2);
        assert_eq!(document(&ask(&site, "GET", "/admin/sessions", None).await), json!([]));
    }
}

#[tokio::test]
async fn what_is_not_understood_ends_nothing() {
    let (_stand, site) = place("memory", json!({})).await;
    let (mut anna, session) = somebody(&site, "anna").await;
    let own = id(&session);
    for body in [
        json!({}),
        json!({"action": "disable"}),
        json!({"action": "end", "sessions": [own]}),
        json!({"action": "disable", "sessions": [own], "identities": ["*"]}),
        json!({"action": "disable", "sessions": [own, "*"]}),
        json!({"action": "disable", "sessions": ["nonsense"]}),
        json!({"action": "disable", "session": [own], "sessions": ["*"]}),
        json!({"action": "disable", "sessions": vec![own; 501]}),
    ] {
        assert_eq!(ask(&site, "POST", "/admin/sessions", Some(body.clone())).await.status, 400, "{body}");
    }
    let of_anna = session["identity"]["id"].as_str().expect("an id");
    for (method, target, status) in [
        ("GET", "/admin/sessions?state=active".to_owned(), 400),
        ("GET", "/admin/sessions?active=yes".to_owned(), 400),
        ("GET", "/admin/sessions?expand=everything".to_owned(), 400),
        ("GET", "/admin/sessions?page_token=rubbish".to_owned(), 400),
        ("GET", format!("/admin/sessions/{own}?expand=rubbish"), 400),
        ("DELETE", "/admin/sessions/nonsense".to_owned(), 400),
        ("PATCH", "/admin/sessions/nonsense/extend".to_owned(), 400),
        ("GET", format!("/admin/identities/{of_anna}/sessions?active=maybe"), 400),
        ("DELETE", format!("/admin/identities/{of_anna}/sessions?active=false"), 400),
        ("DELETE", "/admin/identities/nonsense/sessions".to_owned(), 400),
        ("DELETE", "/admin/sessions".to_owned(), 405),
    ] {
        assert_eq!(ask(&site, method, &target, None).await.status, status, "{method} {target}");
    }
    assert!(is_signed_in(&mut anna).await);
}
