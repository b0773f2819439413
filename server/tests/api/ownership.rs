//! Whose form it is: a browser that a form does not belong to reads nothing of it, writes nothing into it and uses nothing of it up,
//! and its own browser needs the form's token before anything is stored.

use crate::clients::{JSON, Kind, PASSWORD, Person, document, stand};
use crate::proof::{self, Place};
use crate::support::http::Answer;
use crate::support::stand::Stand;
use engine::model::{Flow, FlowKind};
use engine::store::flows;
use serde_json::{Value, json};

const FORM: &str = "application/x-www-form-urlencoded";
const EMAIL: &str = "anna@vestibule.test";

const KINDS: [(&str, FlowKind); 3] = [
    ("registration", FlowKind::Registration),
    ("login", FlowKind::Login),
    ("verification", FlowKind::Verification),
];

fn with_codes() -> Value {
    json!({"selfservice": {
        "methods": {"code": {"enabled": true}},
        "flows": {"verification": {"enabled": true}},
    }})
}

async fn begins(person: &mut Person, kind: &str) -> Value {
    document(&person.ask("GET", &format!("/self-service/{kind}/browser"), JSON, &[], None).await)
}

fn id(flow: &Value) -> &str {
    flow["id"].as_str().expect("an id")
}

fn token(flow: &Value) -> String {
    let nodes = flow["ui"]["nodes"].as_array().expect("nodes");
    let node = nodes.iter().find(|node| node["attributes"]["name"] == "csrf_token").expect("a token");
    node["attributes"]["value"].as_str().expect("text").to_owned()
}

async fn stored(stand: &Stand, kind: FlowKind, flow: &Value) -> Flow {
    let mut tx = stand.engine.db().read().await.expect("a transaction");
    let found = flows::get(&mut tx, kind, id(flow).parse().expect("an id")).await;
    found.expect("the database answers").expect("a flow")
}

/// Fields that a form lacks something of, and those of a whole one.
fn fields(kind: &str) -> [Vec<(&'static str, &'static str)>; 2] {
    match kind {
        "registration" => [
            vec![("method", "password"), ("traits.email", "written@by.stranger"), ("password", "")],
            vec![("method", "password"), ("traits.email", "written@by.stranger"), ("password", PASSWORD)],
        ],
        "login" => [
            vec![("method", "password"), ("identifier", "written-by-a-stranger"), ("password", "")],
            vec![("method", "password"), ("identifier", EMAIL), ("password", PASSWORD)],
        ],
        _ => [
            vec![("method", "code"), ("email", "")],
            vec![("method", "code"), ("email", "written@by.stranger")],
        ],
    }
}

async fn send(
    person: &mut Person,
    (kind, flow): (&str, &Value),
    fields: &[(&'static str, &'static str)],
    token: Option<&str>,
    as_json: bool,
) -> Answer {
    let target = format!("/self-service/{kind}?flow={}", id(flow));
    let mut all = fields.to_vec();
    all.extend(token.map(|token| ("csrf_token", token)));
    let (media, body) = if as_json {
        let mut document = json!({});
        for (name, value) in &all {
            match name.split_once('.') {
                Some((outer, inner)) => document[outer][inner] = json!(value),
                None => document[*name] = json!(value),
            }
        }
        (JSON, document.to_string())
    } else {
        (FORM, url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&all).finish())
    };
    person.ask("POST", &target, JSON, &[("Content-Type", media)], Some(&body)).await
}

#[tokio::test]
async fn another_browser_neither_reads_nor_writes_a_form_and_uses_nothing_of_it_up() {
    let (stand, site) = stand("memory", with_codes()).await;
    for (kind, stored_kind) in KINDS {
        let mut owner = Person::new(&site, Kind::Spa);
        let flow = begins(&mut owner, kind).await;
        let before = stored(&stand, stored_kind, &flow).await;
        for has_a_cookie in [false, true] {
            for (number, fields) in fields(kind).into_iter().enumerate() {
                for as_json in [true, false] {
                    for with_token in [false, true] {
                        let case = format!(
                            "{kind}: cookie {has_a_cookie}, fields {number}, JSON {as_json}, token {with_token}"
                        );
                        let mut stranger = Person::new(&site, Kind::Spa);
                        let mut of_own = None;
                        if has_a_cookie {
                            of_own = Some(token(&begins(&mut stranger, kind).await));
                        }
                        let rows = stand.engine.db().rows().await.expect("rows");
                        let token = of_own.as_deref().filter(|_| with_token);
                        let answer = send(&mut stranger, (kind, &flow), &fields, token, as_json).await;
                        let body = document(&answer);
                        assert_eq!(answer.status, 403, "{case}: {body}");
                        assert_eq!(body["error"]["id"], "security_csrf_violation", "{case}: {body}");
                        assert!(body.get("ui").is_none(), "{case}: {body}");
                        assert_eq!(stand.engine.db().rows().await.expect("rows"), rows, "{case}");
                        let read = format!("/self-service/{kind}/flows?id={}", id(&flow));
                        assert_eq!(stranger.ask("GET", &read, JSON, &[], None).await.status, 403, "{case}");
                    }
                }
            }
        }
        assert_eq!(
            format!("{:?}", stored(&stand, stored_kind, &flow).await),
            format!("{before:?}"),
            "{kind}"
        );
    }
}

#[tokio::test]
async fn an_own_form_without_its_token_comes_back_and_nothing_of_it_is_stored() {
    let (stand, site) = stand("memory", with_codes()).await;
    for (kind, stored_kind) in KINDS {
        for wrong_token in [None, Some("nonsense")] {
            let mut owner = Person::new(&site, Kind::Spa);
            let flow = begins(&mut owner, kind).await;
            let before = stored(&stand, stored_kind, &flow).await;
            let [incomplete, complete] = fields(kind);
            let answer = send(&mut owner, (kind, &flow), &incomplete, wrong_token, true).await;
            let body = document(&answer);
            assert_eq!(answer.status, 400, "{kind}: {body}");
            assert!(body["ui"]["nodes"].to_string().contains("\"id\":40000"), "{kind}: {body}");
            let answer = send(&mut owner, (kind, &flow), &complete, wrong_token, true).await;
            assert_eq!(answer.status, 403, "{kind}: {}", document(&answer));
            let now = stored(&stand, stored_kind, &flow).await;
            assert_eq!(format!("{now:?}"), format!("{before:?}"), "{kind}");
            // With the token the same form is kept with what was typed.
            let answer = send(&mut owner, (kind, &flow), &incomplete, Some(&token(&flow)), true).await;
            assert_eq!(answer.status, 400);
            assert_eq!(stored(&stand, stored_kind, &flow).await.version, before.version + 1, "{kind}");
        }
    }
}

/// Eight guesses of others, where a form has five; the client's own limit is ten.
#[tokio::test]
async fn codes_that_others_guess_use_up_none_of_the_owners_tries_and_a_right_one_proves() {
    for by_owner in [true, false] {
        let place = Place::start("memory").await;
        place.sign_up().await;
        let site = place.site();
        let mut owner = Person::new(&site, Kind::Spa);
        let flow = begins(&mut owner, "verification").await;
        let email = [("method", "code"), ("email", proof::ANNA)];
        let answer = send(&mut owner, ("verification", &flow), &email, Some(&token(&flow)), true).await;
        assert_eq!(document(&answer)["state"], "sent_email");
        let code = place.newest_code().await;
        let wrong = proof::wrong(&code);
        let mut stranger = Person::new(&site, Kind::Spa);
        for number in 0..8 {
            if number == 4 {
                begins(&mut stranger, "verification").await;
            }
            let guess = json!({"method": "code", "code": wrong}).to_string();
            let target = format!("/self-service/verification?flow={}", id(&flow));
            let answer = stranger.ask("POST", &target, JSON, &[("Content-Type", JSON)], Some(&guess)).await;
            assert_eq!(answer.status, 403, "{number}: {}", document(&answer));
        }
        let who = if by_owner { &mut owner } else { &mut stranger };
        let right = json!({"method": "code", "code": code}).to_string();
        let target = format!("/self-service/verification?flow={}", id(&flow));
        let answer = who.ask("POST", &target, JSON, &[("Content-Type", JSON)], Some(&right)).await;
        assert_eq!(document(&answer)["state"], "passed_challenge", "{}", document(&answer));
        assert!(answer.headers.iter().all(|(_, value)| !value.starts_with("ory_kratos_session=")));
        assert!(place.is_proven().await);
    }
}
