//! Sign-up and sign-in with a code, attacked: codes of other forms and purposes, strangers who guess, two requests at once, accounts that
//! are disabled or somebody else's, and what a response tells of who has an account.

use crate::clients::code_in;
use crate::proof::{ANNA, Place};
use crate::support::sink::{Says, Sink};
use engine::testing::postgres;
use serde_json::{Value, json};
use std::time::Duration;

const PASSWORD: &str = "Correct-Horse-9-Battery";
/// Of one length with Anna's: what a body is long may tell, too.
const BERT: &str = "bert@vestibule.test";

const SENT_TO_SIGN_IN: i64 = 1_010_014;
const SENT_TO_SIGN_UP: i64 = 1_040_005;
const WRONG_SIGN_IN: i64 = 4_010_008;
const WRONG_SIGN_UP: i64 = 4_040_003;

/// Codes are on, and a sign-up with one signs in; `more` is laid over.
async fn place_on(dsn: &str, more: Value) -> Place {
    let mut place = Place::start(dsn).await;
    let base = json!({"selfservice": {
        "methods": {"code": {"passwordless_enabled": true}},
        "flows": {"registration": {"after": {"code": {"hooks": [{"hook": "session"}]}}}},
    }});
    lay_over(&mut place.document, &base);
    lay_over(&mut place.document, &more);
    place.stand.engine.publish(place.stand.world.config(vec![place.document.clone()]));
    place
}

async fn place(more: Value) -> Place {
    place_on("memory", more).await
}

fn lay_over(target: &mut Value, more: &Value) {
    match (target, more) {
        (Value::Object(target), Value::Object(more)) => {
            for (name, value) in more {
                lay_over(target.entry(name).or_insert(Value::Null), value);
            }
        }
        (target, more) => *target = more.clone(),
    }
}

/// An app's form.
struct Form {
    kind: &'static str,
    id: String,
}

impl Place {
    async fn begin(&self, kind: &'static str) -> Form {
        let (status, flow) = self.public("GET", &format!("/self-service/{kind}/api"), None).await;
        assert_eq!(status, 200, "{flow}");
        Form { kind, id: flow["id"].as_str().expect("an id").to_owned() }
    }

    async fn send(&self, form: &Form, body: Value) -> (u16, Value) {
        self.public("POST", &format!("/self-service/{}?flow={}", form.kind, form.id), Some(body)).await
    }

    /// Asks for a code to sign in with.
    async fn ask_sign_in(&self, to: &str) -> Form {
        let form = self.begin("login").await;
        let (status, flow) = self.send(&form, json!({"method": "code", "identifier": to})).await;
        assert_eq!((status, message(&flow)), (400, SENT_TO_SIGN_IN), "{flow}");
        form
    }

    async fn ask_sign_up(&self, to: &str) -> Form {
        let form = self.begin("registration").await;
        let (status, flow) = self.send(&form, json!({"method": "code", "traits": {"email": to}})).await;
        assert_eq!((status, message(&flow)), (400, SENT_TO_SIGN_UP), "{flow}");
        form
    }

    async fn enter(&self, form: &Form, code: &str) -> (u16, Value) {
        self.send(form, json!({"method": "code", "code": code})).await
    }

    async fn enter_sign_up(&self, form: &Form, to: &str, code: &str) -> (u16, Value) {
        self.send(form, json!({"method": "code", "code": code, "traits": {"email": to}})).await
    }

    /// Anna, as the administrator made her; `more` is laid over.
    async fn make_anna(&self, more: Value) {
        let mut anna = json!({
            "traits": {"email": ANNA},
            "verifiable_addresses": [{"value": ANNA, "via": "email", "verified": true}],
        });
        lay_over(&mut anna, &more);
        let admin = self.site().admin;
        let (made, body) = self.ask(&admin, "POST", "/admin/identities", Some(anna)).await;
        assert_eq!(made.status, 201, "{body}");
    }

    async fn accounts(&self) -> Vec<Value> {
        let admin = self.site().admin;
        self.ask(&admin, "GET", "/admin/identities", None).await.1.as_array().expect("a list").clone()
    }

    /// Codes in the emails so far, oldest first.
    async fn codes(&self) -> Vec<String> {
        engine::courier::deliver(&self.stand.engine).await.expect("the courier works");
        self.stand.world.mailer.sent().iter().map(|mail| code_in(&mail.text)).collect()
    }

    async fn last_code(&self) -> String {
        self.codes().await.pop().expect("an email")
    }
}

fn message(flow: &Value) -> i64 {
    flow["ui"]["messages"][0]["id"].as_i64().unwrap_or_default()
}

/// Six digits that are not that code.
fn other_than(code: &str) -> &'static str {
    if code == "000000" { "111111" } else { "000000" }
}

#[tokio::test]
async fn a_code_signs_in_once_and_verifies_the_email() {
    let place = place(json!({})).await;
    place
        .make_anna(json!({"verifiable_addresses": [{"value": ANNA, "via": "email", "verified": false}]}))
        .await;
    let form = place.ask_sign_in(ANNA).await;
    let code = place.last_code().await;
    let (status, done) = place.enter(&form, &code).await;
    assert_eq!(status, 200, "{done}");
    assert!(done["session_token"].is_string(), "{done}");
    let address = &done["session"]["identity"]["verifiable_addresses"][0];
    assert_eq!((&address["verified"], &address["status"]), (&json!(true), &json!("completed")), "{done}");
    assert_eq!(place.accounts().await[0]["verifiable_addresses"][0]["verified"], true);
    let (status, again) = place.enter(&form, &code).await;
    assert_eq!((status, message(&again)), (400, WRONG_SIGN_IN), "{again}");
}

#[tokio::test]
async fn two_tabs_take_each_its_own_code() {
    let place = place(json!({})).await;
    place.make_anna(json!({})).await;
    let (one, other) = (place.ask_sign_in(ANNA).await, place.ask_sign_in(ANNA).await);
    let codes = place.codes().await;
    let (status, refused) = place.enter(&other, &codes[0]).await;
    assert_eq!((status, message(&refused)), (400, WRONG_SIGN_IN), "{refused}");
    let (status, refused) = place.enter(&one, &codes[1]).await;
    assert_eq!((status, message(&refused)), (400, WRONG_SIGN_IN), "{refused}");
    assert_eq!(place.enter(&one, &codes[0]).await.0, 200);
    assert_eq!(place.enter(&other, &codes[1]).await.0, 200);
}

#[tokio::test]
async fn a_code_of_one_purpose_is_worth_nothing_for_another() {
    let place = place(json!({})).await;
    // Anna's email waits for its verification.
    let (verification, of_verification) = place.sign_up().await;
    let sign_in = place.ask_sign_in(ANNA).await;
    let of_sign_in = place.last_code().await;
    let sign_up = place.ask_sign_up(ANNA).await;
    let of_sign_up = place.last_code().await;
    for code in [&of_verification, &of_sign_up] {
        let (status, refused) = place.enter(&sign_in, code).await;
        assert_eq!((status, message(&refused)), (400, WRONG_SIGN_IN), "{refused}");
    }
    for code in [&of_verification, &of_sign_in] {
        let (status, refused) = place.enter_sign_up(&sign_up, ANNA, code).await;
        assert_eq!((status, message(&refused)), (400, WRONG_SIGN_UP), "{refused}");
    }
    let verification = Form { kind: "verification", id: verification };
    for code in [&of_sign_in, &of_sign_up] {
        let (_, refused) = place.enter(&verification, code).await;
        assert_eq!(refused["state"], "sent_email", "{refused}");
    }
    assert_eq!(place.accounts().await[0]["verifiable_addresses"][0]["verified"], false);
    assert_eq!(place.enter(&sign_in, &of_sign_in).await.0, 200);
}

#[tokio::test]
async fn six_wrong_codes_by_a_stranger_end_the_strangers_form_and_no_other() {
    let place = place(json!({})).await;
    place.make_anna(json!({})).await;
    let own = place.ask_sign_in(ANNA).await;
    let of_anna = place.last_code().await;
    place.come_from("198.51.100.7");
    let form = place.ask_sign_in(ANNA).await;
    let code = place.last_code().await;
    for _ in 0..5 {
        let (status, refused) = place.enter(&form, other_than(&code)).await;
        assert_eq!((status, message(&refused)), (400, WRONG_SIGN_IN), "{refused}");
    }
    // The right one comes too late.
    let (status, refused) = place.enter(&form, &code).await;
    assert_eq!((status, message(&refused)), (400, 4_000_001), "{refused}");
    // A new code gives no new attempts.
    let (status, resent) =
        place.send(&form, json!({"method": "code", "resend": "code", "identifier": ANNA})).await;
    assert_eq!((status, message(&resent)), (400, SENT_TO_SIGN_IN), "{resent}");
    let (_, refused) = place.enter(&form, &place.last_code().await).await;
    assert_eq!(message(&refused), 4_000_001, "{refused}");
    place.come_from("203.0.113.1");
    assert_eq!(place.enter(&own, &of_anna).await.0, 200);
}

#[tokio::test]
async fn ten_wrong_codes_an_hour_are_all_that_a_client_gets_for_an_address() {
    let place = place(json!({})).await;
    place.make_anna(json!({})).await;
    let mut refused = Vec::new();
    for _ in 0..3 {
        let form = place.ask_sign_in(ANNA).await;
        let code = place.last_code().await;
        for _ in 0..5 {
            refused.push(message(&place.enter(&form, other_than(&code)).await.1));
        }
    }
    let (compared, locked) = refused.split_at(10);
    assert_eq!(compared, [WRONG_SIGN_IN; 10], "{refused:?}");
    assert_eq!(locked, [4_000_001; 5], "{refused:?}");
}

#[tokio::test]
async fn what_was_filled_in_cannot_be_changed_once_the_code_was_sent() {
    let place = place(json!({})).await;
    let form = place.ask_sign_up(BERT).await;
    let code = place.last_code().await;
    let (status, refused) = place.enter_sign_up(&form, ANNA, &code).await;
    assert_eq!((status, message(&refused)), (400, 4_000_036), "{refused}");
    assert!(place.accounts().await.is_empty());
    let (status, done) = place.enter_sign_up(&form, BERT, &code).await;
    assert_eq!(status, 200, "{done}");
    let address = &done["identity"]["verifiable_addresses"][0];
    assert_eq!((&address["value"], &address["verified"]), (&json!(BERT), &json!(true)), "{done}");
}

#[tokio::test]
async fn a_code_that_is_too_old_is_refused_and_a_new_one_is_taken() {
    let place = place(json!({})).await;
    place.make_anna(json!({})).await;
    let form = place.ask_sign_in(ANNA).await;
    let code = place.last_code().await;
    place.stand.world.clock.advance(Duration::from_secs(601));
    let (status, refused) = place.enter(&form, &code).await;
    assert_eq!((status, message(&refused)), (400, WRONG_SIGN_IN), "{refused}");
    place.send(&form, json!({"method": "code", "resend": "code", "identifier": ANNA})).await;
    assert_eq!(place.enter(&form, &place.last_code().await).await.0, 200);
}

#[tokio::test]
async fn a_disabled_account_gets_no_session_for_the_right_code() {
    let place = place(json!({})).await;
    place.make_anna(json!({"state": "inactive"})).await;
    let form = place.ask_sign_in(ANNA).await;
    let code = place.last_code().await;
    let (status, refused) = place.enter(&form, &code).await;
    assert_eq!(status, 401, "{refused}");
    assert!(refused["session_token"].is_null(), "{refused}");
}

async fn raced(dsn: &str) {
    let place = place_on(dsn, json!({})).await;
    place.make_anna(json!({})).await;
    let sign_in = place.ask_sign_in(ANNA).await;
    let code = place.last_code().await;
    let both = tokio::join!(place.enter(&sign_in, &code), place.enter(&sign_in, &code));
    assert_eq!(sessions([&both.0, &both.1]), 1, "{both:?}");
    let sign_up = place.ask_sign_up(BERT).await;
    let code = place.last_code().await;
    let both =
        tokio::join!(place.enter_sign_up(&sign_up, BERT, &code), place.enter_sign_up(&sign_up, BERT, &code));
    assert_eq!(sessions([&both.0, &both.1]), 1, "{both:?}");
    assert_eq!(place.accounts().await.len(), 2, "Anna and Bert");
}

fn sessions(answers: [&(u16, Value); 2]) -> usize {
    answers.iter().filter(|(status, body)| *status == 200 && body["session_token"].is_string()).count()
}

#[tokio::test]
async fn two_requests_with_one_code_get_one_session() {
    raced("memory").await;
}

#[tokio::test]
async fn two_requests_with_one_code_get_one_session_on_postgresql() {
    raced(&postgres::database().await).await;
}

/// What differs between two forms whatever they are for.
fn neutral(body: &Value, to: &str) -> String {
    let mut body = body.clone();
    for name in ["id", "issued_at", "expires_at", "created_at", "updated_at", "request_url"] {
        body[name] = Value::Null;
    }
    body["ui"]["action"] = Value::Null;
    body.to_string().replace(to, "<to>")
}

/// A whole conversation: each response, and how many statements each transaction took.
async fn conversation(place: &Place, kind: &'static str, to: &str) -> (Vec<(u16, String)>, Vec<usize>) {
    let form = place.begin(kind).await;
    let before = place.stand.engine.db().committed().len();
    let body = |more: Value| {
        let mut body = match kind {
            "login" => json!({"method": "code", "identifier": to}),
            _ => json!({"method": "code", "traits": {"email": to}}),
        };
        lay_over(&mut body, &more);
        body
    };
    let mut said = Vec::new();
    for more in [
        json!({}),
        json!({"code": "000000"}),
        json!({"resend": "code"}),
        json!({"code": ""}),
        json!({"code": "000000"}),
        json!({"code": "000000"}),
        json!({"code": "000000"}),
        json!({"code": "000000"}),
        json!({"code": "000000"}),
    ] {
        let (status, answer) = place.send(&form, body(more)).await;
        said.push((status, neutral(&answer, to)));
    }
    let committed = place.stand.engine.db().committed();
    (said, committed[before..].iter().map(Vec::len).collect())
}

async fn tells_nothing(dsn: &str, mut more: Value) {
    // Shares of these limits are counted in memory: large ones, so that none has to be fetched in between.
    let limits = json!({"vestibule": {"limits": {"emails": {"per_client": 100_000, "total": 100_000}}}});
    lay_over(&mut more, &limits);
    let place = place_on(dsn, more).await;
    place.make_anna(json!({})).await;
    for (at, kind) in ["login", "registration"].into_iter().enumerate() {
        conversation(&place, kind, "warm@vestibule.test").await;
        place.come_from(&format!("198.51.100.{at}"));
        let known = conversation(&place, kind, ANNA).await;
        place.come_from(&format!("192.0.2.{at}"));
        let unknown = conversation(&place, kind, BERT).await;
        assert_eq!(known, unknown, "{kind}");
    }
    let sent = place.codes().await.len();
    assert!(sent > 0, "somebody is written to");
}

#[tokio::test]
async fn responses_and_statements_tell_nobody_who_has_an_account() {
    tells_nothing("memory", json!({"security": {"account_enumeration": {"mitigate": true}}})).await;
}

#[tokio::test]
async fn responses_and_statements_tell_nobody_who_has_an_account_on_postgresql() {
    let more = json!({"vestibule": {"registration": {"prevent_enumeration": true}}});
    tells_nothing(&postgres::database().await, more).await;
}

#[tokio::test]
async fn only_an_account_is_written_to_where_no_response_tells() {
    let place = place(json!({"security": {"account_enumeration": {"mitigate": true}}})).await;
    place.make_anna(json!({})).await;
    place.ask_sign_in(BERT).await;
    assert!(place.codes().await.is_empty(), "nobody has that address");
    place.ask_sign_in(ANNA).await;
    assert_eq!(place.codes().await.len(), 1);
}

#[tokio::test]
async fn the_owner_of_a_known_email_alone_learns_that_it_has_an_account() {
    let place = place(json!({"vestibule": {"registration": {"prevent_enumeration": true}}})).await;
    place.make_anna(json!({})).await;
    let form = place.ask_sign_up(ANNA).await;
    let code = place.last_code().await;
    let (status, refused) = place.enter_sign_up(&form, ANNA, &code).await;
    assert_eq!((status, message(&refused)), (400, 4_000_007), "{refused}");
    let form = place.ask_sign_up(BERT).await;
    let (status, done) = place.enter_sign_up(&form, BERT, &place.last_code().await).await;
    assert_eq!(status, 200, "{done}");
    assert!(done["session_token"].is_string(), "{done}");
    assert_eq!(place.accounts().await.len(), 2);
}

#[tokio::test]
async fn a_sign_up_with_a_code_has_nothing_left_to_verify_and_signs_in_at_once() {
    let place = place(json!({
        "selfservice": {"flows": {"registration": {"after": {"code": {"hooks": []}}}}},
        "vestibule": {"registration": {"sign_in_after_verification": true}},
    }))
    .await;
    let form = place.ask_sign_up(BERT).await;
    let (status, done) = place.enter_sign_up(&form, BERT, &place.last_code().await).await;
    assert_eq!(status, 200, "{done}");
    assert!(done["session_token"].is_string(), "{done}");
    assert!(done["vestibule"].is_null(), "{done}");
}

#[tokio::test]
async fn an_account_that_somebody_else_may_have_made_is_not_signed_in_to_before_its_reset() {
    let place = place(json!({"vestibule": {"registration": {"reset_on_first_verification": true}}})).await;
    // A stranger signs up with Anna's email, and keeps the password.
    place.sign_up().await;
    let form = place.ask_sign_in(ANNA).await;
    let (status, refused) = place.enter(&form, &place.last_code().await).await;
    assert_eq!(
        (status, &refused["error"]["id"]),
        (403, &json!("session_verified_address_required")),
        "{refused}"
    );
    let flow =
        refused["error"]["details"]["continue_with"][0]["flow"]["id"].as_str().expect("a verification");
    let verification = Form { kind: "verification", id: flow.to_owned() };
    let code = place.last_code().await;
    // Whoever reads the email chooses a password of their own, and the stranger's is gone.
    let body = json!({"method": "code", "code": code, "password": "Patient-Lantern-4-Harbour"});
    let (status, proven) = place.send(&verification, body).await;
    assert_eq!((status, &proven["state"]), (200, &json!("passed_challenge")), "{proven}");
    let form = place.begin("login").await;
    let stranger = json!({"method": "password", "identifier": ANNA, "password": PASSWORD});
    assert_eq!(place.send(&form, stranger).await.0, 400);
    let form = place.ask_sign_in(ANNA).await;
    assert_eq!(place.enter(&form, &place.last_code().await).await.0, 200, "the code still signs in");
}

#[tokio::test]
async fn a_service_that_refuses_after_the_code_leaves_no_account_and_a_code_that_can_be_used() {
    let sink = Sink::start().await;
    let url = format!("{}/refuse", sink.base);
    let place = place(json!({
        "selfservice": {"flows": {"registration": {"after": {"code": {"hooks": [
            {"hook": "web_hook", "config": {"url": url, "method": "POST", "body": "base64://ZnVuY3Rpb24oY3R4KSB7IGE6IDEgfQ=="}},
        ]}}}}},
        "vestibule": {"registration": {"atomic": ["code"]}},
    }))
    .await;
    sink.says("/refuse", Says::This(503, String::new()));
    let form = place.ask_sign_up(BERT).await;
    let code = place.last_code().await;
    let (status, refused) = place.enter_sign_up(&form, BERT, &code).await;
    assert!(status >= 500, "{refused}");
    assert!(place.accounts().await.is_empty());
}
