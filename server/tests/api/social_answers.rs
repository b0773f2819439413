//! What social sign-in answers where clients written for Kratos look: the form after a visit that came to nothing, JSON on the way
//! back, a provider that is not there, and a fresh sign-in.

use crate::support::http::{Answer, send};
use crate::support::sink::{Says, Sink};
use crate::trip::{HTML, JSON, Place, Tab, agree, document, location, messages, node, value};
use serde_json::{Value, json};

/// Names and kinds of the fields, and labels of the buttons.
fn shape(flow: &Value) -> Value {
    let nodes = flow["ui"]["nodes"].as_array().expect("nodes");
    nodes
        .iter()
        .map(|node| {
            let at = &node["attributes"];
            json!([at["name"], at["type"], node["meta"]["label"]["id"]])
        })
        .collect()
}

fn way_on() -> Value {
    json!([["provider", "submit", 1_040_003], ["csrf_token", "hidden", null]])
}

/// The way back without what the provider adds when somebody agrees.
fn without_code(back: &str) -> String {
    let mut url = url::Url::parse(back).expect("an address");
    let kept: Vec<(String, String)> =
        url.query_pairs().into_owned().filter(|(name, _)| name != "code").collect();
    url.query_pairs_mut().clear().extend_pairs(kept);
    url.to_string()
}

#[tokio::test]
async fn a_sign_up_that_the_provider_turns_away_goes_on_there_or_nowhere() {
    let place = Place::start("memory", |_| json!({})).await;
    for accept in [HTML, JSON] {
        for (error, code) in [(Some("access_denied"), true), (Some("server_error"), true), (None, false)] {
            let case = format!("{accept} {error:?}");
            let name = format!("{}{}", error.unwrap_or("nothing"), accept.len());
            place.provider.visitor(&name, json!({"email": format!("{name}@example.org")}));
            place.provider.change(|behaviour| behaviour.error = error);
            let mut anna = place.browser();
            let begun = anna.open("registration").await;
            let back = agree(&anna.leave(&begun, "acme").await).await;
            let back = if code { back } else { without_code(&back) };
            let answer = anna.get(&back, accept).await;
            let flow = match accept {
                HTML => {
                    assert_eq!(answer.status, 302, "{case}");
                    anna.follow(&answer).await
                }
                _ => {
                    assert_eq!(answer.status, 400, "{case}");
                    document(&answer)
                }
            };
            assert_eq!((&flow["id"], messages(&flow)), (&begun["id"], vec![4_000_001]), "{case}");
            assert_eq!(shape(&flow), way_on(), "{case}");
            assert_eq!(node(&flow, "provider").expect("a button")["attributes"]["value"], "acme", "{case}");
            assert_eq!(flow["active"], Value::Null, "{case}");
            // The form is good for another visit.
            place.provider.change(|behaviour| behaviour.error = None);
            let there = anna.leave(&flow, "acme").await;
            anna.get(&agree(&there).await, HTML).await;
            assert!(anna.whoami().await.is_some(), "{case}");
        }
    }
}

#[tokio::test]
async fn what_was_typed_before_such_a_visit_is_not_lost() {
    let place = Place::start("memory", |_| json!({})).await;
    place.provider.change(|behaviour| behaviour.error = Some("access_denied"));
    let mut anna = place.browser();
    let flow = anna.open("registration").await;
    let typed = [("traits.name", "Anna of Vienna"), ("traits.email", ""), ("provider", "acme")];
    let there = location(&anna.submit(&flow, &typed).await);
    let answer = anna.get(&agree(&there).await, HTML).await;
    let flow = anna.follow(&answer).await;
    let mut expected = way_on();
    expected.as_array_mut().expect("a list").push(json!(["traits.name", "hidden", null]));
    assert_eq!(shape(&flow), expected, "nobody sees it, and an empty field is not kept");
    let name = value(&flow, "traits.name");
    place.provider.change(|behaviour| behaviour.error = None);
    let fields = [("traits.name", name.as_str().expect("a text")), ("provider", "acme")];
    let there = location(&anna.submit(&flow, &fields).await);
    anna.get(&agree(&there).await, HTML).await;
    let session = anna.whoami().await.expect("signed in");
    assert_eq!(session["identity"]["traits"], json!({"email": "anna@example.org", "name": "Anna of Vienna"}));
}

/// Sign-in keeps its form. So does a sign-up where something failed that Kratos has an error page for: the sentence says to use
/// another method, and the form has it.
#[tokio::test]
async fn other_visits_that_fail_leave_the_whole_form() {
    let place = Place::start("memory", |_| json!({})).await;
    for (kind, error, status, active) in [
        ("login", Some("access_denied"), 303, json!("oidc")),
        ("login", None, 303, json!("oidc")),
        ("registration", None, 302, Value::Null),
    ] {
        let case = format!("{kind} {error:?}");
        place.provider.change(|behaviour| {
            behaviour.error = error;
            behaviour.sends = match error {
                None => crate::provider::Sends::Refusal,
                Some(_) => crate::provider::Sends::Good,
            };
        });
        let mut anna = place.browser();
        let begun = anna.open(kind).await;
        let there = anna.leave(&begun, "acme").await;
        let answer = anna.get(&agree(&there).await, HTML).await;
        assert_eq!(answer.status, status, "{case}");
        let flow = anna.follow(&answer).await;
        assert_eq!(shape(&flow), shape(&begun), "{case}");
        assert_eq!((messages(&flow), &flow["active"]), (vec![4_000_001], &active), "{case}");
    }
}

#[tokio::test]
async fn a_sign_up_that_a_web_hook_refuses_shows_what_the_provider_said() {
    let sink = Sink::start().await;
    let words = "No accounts today.";
    let refusal = json!({"messages": [{"instance_ptr": "#/traits/email", "messages": [{"id": 77, "text": words, "type": "error"}]}]});
    sink.says("/ask", Says::This(400, refusal.to_string()));
    let hook = json!({"hook": "web_hook", "config": {"url": format!("{}/ask", sink.base), "method": "POST", "can_interrupt": true}});
    let place = Place::start(
        "memory",
        |_| json!({"selfservice": {"flows": {"registration": {"after": {"oidc": {"hooks": [hook]}}}}}}),
    )
    .await;
    place.provider.visitor("anna", json!({"email": "anna@example.org", "name": "Anna"}));
    for kind in ["registration", "login"] {
        let mut anna = place.browser();
        let answer = anna.through(kind, "acme").await;
        assert_eq!(answer.status, 302, "{kind}");
        let flow = anna.follow(&answer).await;
        let email = node(&flow, "traits.email").expect("the field");
        assert_eq!(email["messages"][0]["text"], words, "{kind}");
        assert_eq!(
            (value(&flow, "traits.email"), value(&flow, "traits.name")),
            ("anna@example.org".into(), "Anna".into())
        );
        assert_eq!(node(&flow, "provider").expect("a button")["meta"]["label"]["id"], 1_040_003, "{kind}");
        assert_eq!((node(&flow, "password"), &flow["active"]), (None, &json!("oidc")), "{kind}");
    }
    assert!(place.accounts().await.is_empty());
}

/// A page that follows the redirects by itself.
async fn returns(tab: &mut Tab, kind: &str, provider: &str) -> Answer {
    let flow = document(&tab.get(&format!("/self-service/{kind}/browser"), JSON).await);
    let body = document(&tab.post(&flow, json!({"provider": provider})).await);
    let there = body["redirect_browser_to"].as_str().unwrap_or_else(|| panic!("{body}"));
    tab.get(&agree(there).await, JSON).await
}

#[tokio::test]
async fn the_way_back_answers_in_json_whoever_asks_for_it() {
    let place = Place::start("memory", |_| json!({})).await;
    // Nobody is known yet: each form signs up, and then each form signs in.
    for (email, kind, known) in [
        ("anna@example.org", "registration", false),
        ("berta@example.org", "login", false),
        ("anna@example.org", "registration", true),
        ("berta@example.org", "login", true),
    ] {
        let case = format!("{kind}, known {known}");
        place.provider.visitor(email, json!({"email": email}));
        let mut tab = place.browser();
        let answer = returns(&mut tab, kind, "acme").await;
        let body = document(&answer);
        assert_eq!(answer.status, 200, "{case}: {body}");
        assert_eq!(body["session"]["identity"]["traits"]["email"], email, "{case}");
        assert_eq!(body["session"]["authentication_methods"][0]["provider"], "acme", "{case}");
        assert_eq!(body["identity"].is_object(), !known, "{case}: a sign-up tells the account");
        let next = &body["continue_with"][0];
        assert_eq!(next["action"], "redirect_browser_to", "{case}: {body}");
        assert_eq!(body["session_token"], Value::Null, "{case}: a page has its cookie");
        assert_eq!(tab.whoami().await.expect("signed in")["id"], body["session"]["id"], "{case}");
    }
}

#[tokio::test]
async fn the_way_back_tells_in_json_what_is_left_to_do() {
    let place = Place::start("memory", |_| {
        json!({"selfservice": {"flows": {
            "verification": {"enabled": true},
            "login": {"after": {"oidc": {"hooks": [{"hook": "require_verified_address"}]}}},
        }}})
    })
    .await;
    // More to fill in.
    place.provider.visitor("carl", json!({"name": "Carl"}));
    let mut carl = place.browser();
    let answer = returns(&mut carl, "login", "acme").await;
    let flow = document(&answer);
    assert_eq!((answer.status, messages(&flow)), (400, vec![4_000_002]), "{flow}");
    assert_eq!(value(&flow, "traits.name"), "Carl");
    // An address to prove.
    place.provider.visitor("dora", json!({"email": "dora@example.org"}));
    returns(&mut place.browser(), "registration", "other").await;
    let answer = returns(&mut place.browser(), "login", "other").await;
    let error = document(&answer)["error"].clone();
    assert_eq!((answer.status, &error["id"]), (403, &json!("session_verified_address_required")), "{error}");
    // A form that was open for too long.
    for kind in ["registration", "login"] {
        let mut late = place.browser();
        let begun = late.open(kind).await;
        let back = agree(&late.leave(&begun, "acme").await).await;
        place.advance(30 * 60 + 1);
        let answer = late.get(&back, JSON).await;
        let body = document(&answer);
        assert_eq!(
            (answer.status, &body["error"]["id"]),
            (410, &json!("self_service_flow_expired")),
            "{body}"
        );
        let id = body["use_flow_id"].as_str().unwrap_or_else(|| panic!("{body}"));
        assert_ne!(begun["id"], id);
        let answer = late.get(&format!("/self-service/{kind}/flows?id={id}"), JSON).await;
        assert_eq!(answer.status, 200, "{kind}: the new form is this browser's");
    }
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_not_found() {
    let place = Place::start("memory", |_| json!({})).await;
    for kind in ["registration", "login"] {
        for fields in [json!({"provider": "nobody"}), json!({"method": "oidc", "provider": "nobody"})] {
            let mut page = place.browser();
            let flow = page.open(kind).await;
            let answer = page.post(&flow, fields.clone()).await;
            assert_eq!(
                (answer.status, &document(&answer)["error"]["code"]),
                (404, &json!(404)),
                "{kind} {fields}"
            );
            assert_eq!(page.jar.get("ory_kratos_continuity"), None, "nobody leaves");
            let mut app = place.browser();
            let flow = document(&app.get(&format!("/self-service/{kind}/api"), JSON).await);
            app.jar.clear();
            assert_eq!(app.post(&flow, fields).await.status, 404, "{kind}");
        }
        let mut anna = place.browser();
        let flow = anna.open(kind).await;
        let answer = anna.submit(&flow, &[("provider", "nobody")]).await;
        let to = location(&answer);
        let (_, id) = to.split_once("/error?id=").unwrap_or_else(|| panic!("{to}"));
        let error = document(&anna.get(&format!("/self-service/errors?id={id}"), JSON).await);
        assert_eq!(error["error"]["code"], 404, "{kind}: {error}");
        // A form for social sign-in that names no provider is for no method.
        let answer = anna.post(&flow, json!({"method": "oidc"})).await;
        let told = if kind == "login" { 4_010_002 } else { 4_010_003 };
        assert_eq!((answer.status, messages(&document(&answer))), (400, vec![told]), "{kind}");
    }
}

/// Kratos takes its buttons without a token: any page could have somebody sign in to an account that its author knows.
#[tokio::test]
async fn the_button_of_a_provider_needs_the_form_s_token() {
    let place = Place::start("memory", |_| json!({})).await;
    for kind in ["registration", "login"] {
        let mut anna = place.browser();
        let flow = anna.open(kind).await;
        let action = flow["ui"]["action"].as_str().expect("an action").to_owned();
        for token in ["", "&csrf_token=", "&csrf_token=bm90aGluZw%3D%3D"] {
            let form = format!("provider=acme{token}");
            let answer =
                anna.ask("POST", &action, JSON, Some(("application/x-www-form-urlencoded", &form))).await;
            let error = document(&answer)["error"].clone();
            assert_eq!(
                (answer.status, &error["id"]),
                (403, &json!("security_csrf_violation")),
                "{kind} {token}"
            );
        }
        assert_eq!(anna.jar.get("ory_kratos_continuity"), None, "nobody leaves");
        assert!(anna.leave(&flow, "acme").await.starts_with(&place.provider.base), "{kind}");
    }
}

/// Whether that cookie of a session signs somebody in.
async fn reads(place: &Place, cookie: &str) -> u16 {
    let headers = [
        ("Host".to_owned(), place.public.clone()),
        ("Accept".to_owned(), JSON.to_owned()),
        ("Cookie".to_owned(), format!("ory_kratos_session={cookie}")),
    ];
    send(&place.public, "GET", "/sessions/whoami", &headers, None).await.expect("an answer").status
}

async fn fresh_sign_in(dsn: &str) {
    let place = Place::start(dsn, |_| json!({})).await;
    place.provider.visitor("berta", json!({"email": "berta@example.org"}));
    place.browser().through("registration", "acme").await;
    place.provider.visitor("anna", json!({"email": "anna@example.org"}));
    let mut anna = place.browser();
    anna.through("registration", "acme").await;
    let first = anna.whoami().await.expect("signed in");
    let mut again = async |subject: &str, email: &str| {
        place.advance(60);
        place.provider.visitor(subject, json!({"email": email}));
        let before = anna.jar["ory_kratos_session"].clone();
        let started = anna.get("/self-service/login/browser?refresh=true", HTML).await;
        let flow = anna.follow(&started).await;
        let there = anna.leave(&flow, "acme").await;
        let answer = anna.get(&agree(&there).await, HTML).await;
        let after = anna.whoami().await.expect("signed in");
        (before, answer, anna.jar["ory_kratos_session"].clone(), after)
    };

    let (old, _, new, session) = again("anna", "anna@example.org").await;
    assert_eq!(session["id"], first["id"], "the session is the same");
    assert_ne!(session["authenticated_at"], first["authenticated_at"]);
    assert_ne!(old, new);
    place.advance(31);
    assert_eq!((reads(&place, &old).await, reads(&place, &new).await), (401, 200), "its token is another");

    // Nobody signs up by that, whatever the address.
    for email in ["stranger@example.org", "anna@example.org"] {
        let (old, answer, new, session) = again("stranger", email).await;
        assert!(location(&answer).contains("/login?flow="), "{}", location(&answer));
        assert_eq!((&session["id"], old), (&first["id"], new), "{email}");
    }
    assert_eq!(place.accounts().await.len(), 2);

    // Somebody else who has an account takes the place, in a session of their own.
    let (old, _, _, session) = again("berta", "berta@example.org").await;
    assert_eq!(session["identity"]["traits"]["email"], "berta@example.org");
    assert_ne!(session["id"], first["id"]);
    assert_eq!(session["authentication_methods"].as_array().map(Vec::len), Some(1));
    assert_eq!(reads(&place, &old).await, 401, "and the session before them has ended");
}

#[tokio::test]
async fn a_fresh_sign_in_through_a_provider_keeps_the_session_of_the_same_person() {
    fresh_sign_in("memory").await;
}

#[tokio::test]
async fn a_fresh_sign_in_through_a_provider_keeps_the_session_of_the_same_person_on_postgresql() {
    fresh_sign_in(&engine::testing::postgres::database().await).await;
}

#[tokio::test]
async fn the_cookie_of_a_visit_lives_as_long_as_the_visit() {
    let place = Place::start("memory", |_| json!({})).await;
    let mut anna = place.browser();
    let flow = anna.open("login").await;
    let answer = anna.submit(&flow, &[("provider", "acme")]).await;
    let cookies: Vec<&str> = answer
        .headers
        .iter()
        .filter(|(name, value)| name == "set-cookie" && value.starts_with("ory_kratos_continuity="))
        .map(|(_, value)| value.as_str())
        .collect();
    assert_eq!(cookies.len(), 1);
    assert!(cookies[0].contains("Max-Age=1800;"), "{}", cookies[0]);
}
