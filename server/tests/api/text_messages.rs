//! Codes by text message from outside: sign-up, sign-in, verification and recovery with a phone number, what a gateway that is down
//! changes, and what attackers can't make the server send.

use crate::clients::{JSON, stand};
use crate::support::http::send;
use crate::support::sink::{Received, Says, Sink};
use crate::support::stand::Stand;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::testing::postgres;
use serde_json::{Value, json};
use std::time::Duration;

/// As users write it, and as it is stored.
const TYPED: &str = "+49 (30) 90-18.20";
const ANNA: &str = "+4930901820";
const NOBODY: &str = "+4930901821";

struct Place {
    stand: Stand,
    public: String,
    admin: String,
    gateway: Sink,
}

fn lay_over(target: &mut Value, more: Value) {
    match (target, more) {
        (Value::Object(target), Value::Object(more)) => {
            for (key, value) in more {
                lay_over(target.entry(key).or_insert(Value::Null), value);
            }
        }
        (target, more) => *target = more,
    }
}

/// A phone number is all that an account has, or an email and a phone number.
fn schema(with_email: bool) -> String {
    let mark = |via: &str| {
        json!({
            "credentials": {"password": {"identifier": true}, "code": {"identifier": true, "via": via}},
            "verification": {"via": via}, "recovery": {"via": via},
        })
    };
    let mut properties = json!({
        "phone": {"type": "string", "format": "tel", "title": "Phone number", "ory.sh/kratos": mark("sms")},
    });
    if with_email {
        properties["email"] = json!({"type": "string", "format": "email", "ory.sh/kratos": mark("email")});
    }
    let schema =
        json!({"type": "object", "properties": {"traits": {"type": "object", "properties": properties}}});
    format!("base64://{}", STANDARD.encode(schema.to_string()))
}

impl Place {
    async fn start(dsn: &str, more: Value) -> Self {
        let gateway = Sink::start().await;
        let body = "function(ctx) { to: ctx.recipient, text: ctx.body, type: ctx.template_type }";
        let mut config = json!({
            "identity": {"schemas": [{"id": "default", "url": schema(false)}]},
            "courier": {"channels": [{"id": "sms", "type": "http", "request_config": {
                "url": format!("{}/messages", gateway.base), "method": "POST",
                "body": format!("base64://{}", STANDARD.encode(body)),
            }}]},
            "vestibule": {"sms": {"countries": ["DE", "AT"]}},
            "selfservice": {
                "methods": {"code": {"enabled": true, "passwordless_enabled": true}},
                "flows": {
                    "verification": {"enabled": true, "use": "code"},
                    "recovery": {"enabled": true, "use": "code"},
                    "registration": {"after": {"code": {"hooks": [{"hook": "session"}]}}},
                },
            },
            "feature_flags": {"choose_recovery_address": true, "use_continue_with_transitions": true},
        });
        lay_over(&mut config, more);
        let (stand, site) = stand(dsn, config).await;
        Self { stand, public: site.public, admin: site.admin, gateway }
    }

    async fn ask(&self, at: &str, method: &str, target: &str, body: Option<Value>) -> (u16, Value) {
        let mut headers = vec![("Host".to_owned(), at.to_owned()), ("Accept".to_owned(), JSON.to_owned())];
        if body.is_some() {
            headers.push(("Content-Type".to_owned(), JSON.to_owned()));
        }
        let body = body.map(|body| body.to_string());
        let answer =
            send(at, method, target, &headers, body.as_deref().map(str::as_bytes)).await.expect("an answer");
        (answer.status, serde_json::from_slice(&answer.body).unwrap_or(Value::Null))
    }

    async fn begin(&self, kind: &str) -> String {
        let (status, flow) = self.ask(&self.public, "GET", &format!("/self-service/{kind}/api"), None).await;
        assert_eq!(status, 200, "{flow}");
        flow["id"].as_str().expect("an id").to_owned()
    }

    async fn submit(&self, kind: &str, flow: &str, body: Value) -> (u16, Value) {
        self.ask(&self.public, "POST", &format!("/self-service/{kind}?flow={flow}"), Some(body)).await
    }

    async fn make(&self, traits: Value) -> Value {
        let body = json!({"traits": traits, "credentials": {"password": {"config": {"password": "Correct-Horse-9-Battery"}}}});
        let (status, made) = self.ask(&self.admin, "POST", "/admin/identities", Some(body)).await;
        assert_eq!(status, 201, "{made}");
        made
    }

    /// What the gateway got since the last look, after all that is due was sent.
    async fn sent(&self) -> Vec<Value> {
        while engine::courier::deliver(&self.stand.engine).await.expect("the courier works") > 0 {}
        let bodies = self.gateway.take();
        bodies.iter().map(|one: &Received| serde_json::from_slice(&one.body).expect("JSON")).collect()
    }

    /// The code of the one text message to `to`.
    async fn code(&self, to: &str) -> String {
        let sent = self.sent().await;
        assert_eq!(sent.len(), 1, "{sent:?}");
        assert_eq!(sent[0]["to"], to);
        let text = sent[0]["text"].as_str().expect("a text");
        engine::testing::code_in(text)
    }

    async fn messages(&self) -> Vec<Value> {
        let (status, list) =
            self.ask(&self.admin, "GET", "/admin/courier/messages?page_size=100", None).await;
        assert_eq!(status, 200, "{list}");
        list.as_array().expect("a list").clone()
    }
}

fn message(flow: &Value) -> i64 {
    flow["ui"]["messages"][0]["id"].as_i64().unwrap_or_default()
}

async fn a_phone_number_signs_up_and_in(dsn: &str) {
    let place = Place::start(dsn, json!({})).await;
    let form = place.begin("registration").await;
    let ask = json!({"method": "code", "traits": {"phone": TYPED}});
    let (status, flow) = place.submit("registration", &form, ask).await;
    assert_eq!((status, message(&flow)), (400, 1_040_005), "{flow}");
    let code = place.code(ANNA).await;
    let enter = json!({"method": "code", "code": code, "traits": {"phone": TYPED}});
    let (status, done) = place.submit("registration", &form, enter).await;
    assert_eq!(status, 200, "{done}");
    assert!(done["session_token"].is_string(), "{done}");
    let account = &done["identity"];
    assert_eq!(account["traits"]["phone"], ANNA, "numbers are stored in their one spelling");
    let address = &account["verifiable_addresses"][0];
    assert_eq!(
        (&address["value"], &address["via"], &address["verified"]),
        (&json!(ANNA), &json!("sms"), &json!(true))
    );
    assert_eq!(account["recovery_addresses"][0]["value"], ANNA);

    // Another spelling is the same number.
    let form = place.begin("login").await;
    let (status, flow) =
        place.submit("login", &form, json!({"method": "code", "identifier": "+49 30 901820"})).await;
    assert_eq!((status, message(&flow)), (400, 1_010_014), "{flow}");
    let code = place.code(ANNA).await;
    let (status, done) = place.submit("login", &form, json!({"method": "code", "code": code})).await;
    assert_eq!(status, 200, "{done}");
    assert!(done["session_token"].is_string(), "{done}");

    let messages = place.messages().await;
    let message = messages
        .iter()
        .find(|one| one["template_type"] == "login_code_valid")
        .expect("the code of the sign-in");
    assert_eq!(
        (&message["type"], &message["channel"], &message["recipient"]),
        (&json!("sms"), &json!("sms"), &json!(ANNA))
    );
    assert_eq!(message["status"], "sent");
    assert!(!message["body"].as_str().expect("a body").contains(&code), "{message}");
}

#[tokio::test]
async fn a_phone_number_signs_up_and_in_on_sqlite() {
    a_phone_number_signs_up_and_in("memory").await;
}

#[tokio::test]
async fn a_phone_number_signs_up_and_in_on_postgresql() {
    a_phone_number_signs_up_and_in(&postgres::database().await).await;
}

#[tokio::test]
async fn a_number_that_nobody_can_have_is_refused_with_how_to_write_it() {
    let place = Place::start("memory", json!({})).await;
    for wrong in ["030 901820", "+49 30", "0049 30 901820", "anna"] {
        let form = place.begin("registration").await;
        let (status, flow) =
            place.submit("registration", &form, json!({"method": "code", "traits": {"phone": wrong}})).await;
        assert_eq!(status, 400, "{flow}");
        let nodes = flow["ui"]["nodes"].as_array().expect("nodes");
        let node = nodes.iter().find(|node| node["attributes"]["name"] == "traits.phone").expect("the field");
        assert_eq!(node["messages"][0]["id"], 4_000_041, "{wrong}: {node}");
        assert!(node["messages"][0]["text"].as_str().expect("a text").contains("country code"), "{node}");
    }
    assert_eq!(place.messages().await, [] as [Value; 0]);
}

#[tokio::test]
async fn a_text_message_has_the_line_for_the_site_of_the_page() {
    let page = json!({"selfservice": {"flows": {"login": {"ui_url": "https://id.example.org/login"}}}});
    let place = Place::start("memory", page).await;
    place.make(json!({"phone": TYPED})).await;
    let form = place.begin("login").await;
    place.submit("login", &form, json!({"method": "code", "identifier": ANNA})).await;
    let sent = place.sent().await;
    let text = sent[0]["text"].as_str().expect("a text");
    let code = engine::testing::code_in(text);
    assert_eq!(text.lines().last(), Some(format!("@id.example.org #{code}").as_str()), "{text}");
}

#[tokio::test]
async fn verification_takes_a_phone_number_and_tells_nothing_of_who_has_it() {
    let place = Place::start("memory", json!({})).await;
    place.make(json!({"phone": ANNA})).await;
    let mut answers = Vec::new();
    for to in [TYPED, NOBODY] {
        let form = place.begin("verification").await;
        let (status, flow) =
            place.submit("verification", &form, json!({"method": "code", "email": to})).await;
        assert_eq!(
            (status, message(&flow), &flow["state"]),
            (200, 1_080_004, &json!("sent_email")),
            "{flow}"
        );
        answers.push((form, flow.to_string().len()));
    }
    let code = place.code(ANNA).await;
    let (status, done) =
        place.submit("verification", &answers[0].0, json!({"method": "code", "code": code})).await;
    assert_eq!(
        (status, message(&done), &done["state"]),
        (200, 1_080_005, &json!("passed_challenge")),
        "{done}"
    );
    let (_, list) = place.ask(&place.admin, "GET", "/admin/identities", None).await;
    assert_eq!(list[0]["verifiable_addresses"][0]["verified"], true);
    // The field says that it takes both.
    let (_, flow) = place.ask(&place.public, "GET", "/self-service/verification/api", None).await;
    let field = &flow["ui"]["nodes"][0];
    assert_eq!(
        (&field["attributes"]["type"], &field["meta"]["label"]["id"]),
        (&json!("text"), &json!(1_070_018))
    );
    let (_, refused) = place
        .submit(
            "verification",
            flow["id"].as_str().expect("an id"),
            json!({"method": "code", "email": "030 901820"}),
        )
        .await;
    let field = &refused["ui"]["nodes"][0];
    assert_eq!(field["messages"][0]["id"], 4_000_041, "{refused}");
}

#[tokio::test]
async fn a_phone_number_that_an_account_has_is_verified_after_sign_up_with_a_password() {
    let hooks = json!({"selfservice": {"flows": {"registration": {"after": {"password": {"hooks": [{"hook": "show_verification_ui"}]}}}}}});
    let place = Place::start("memory", hooks).await;
    let form = place.begin("registration").await;
    let body =
        json!({"method": "password", "password": "Correct-Horse-9-Battery", "traits": {"phone": TYPED}});
    let (status, done) = place.submit("registration", &form, body).await;
    assert_eq!(status, 200, "{done}");
    let shown = &done["continue_with"][0];
    assert_eq!(shown["action"], "show_verification_ui", "{done}");
    assert_eq!(shown["flow"]["verifiable_address"], ANNA);
    let code = place.code(ANNA).await;
    let flow = shown["flow"]["id"].as_str().expect("an id");
    let (status, done) = place.submit("verification", flow, json!({"method": "code", "code": code})).await;
    assert_eq!((status, message(&done)), (200, 1_080_005), "{done}");
}

#[tokio::test]
async fn recovery_by_a_chosen_phone_number_signs_in() {
    let both = json!({"identity": {"schemas": [{"id": "default", "url": schema(true)}]}});
    let place = Place::start("memory", both).await;
    place.make(json!({"email": "anna@vestibule.test", "phone": ANNA})).await;
    let form = place.begin("recovery").await;
    let (_, flow) =
        place.submit("recovery", &form, json!({"method": "code", "recovery_address": TYPED})).await;
    assert_eq!(flow["state"], "recovery_awaiting_address_choice", "{flow}");
    let nodes = flow["ui"]["nodes"].as_array().expect("nodes");
    let choice =
        nodes.iter().find(|node| node["meta"]["label"]["text"] == "+49****20").expect("the number, masked");
    let chosen = choice["attributes"]["value"].clone();
    let body = json!({"method": "code", "recovery_address": ANNA, "recovery_select_address": chosen});
    let (_, flow) = place.submit("recovery", &form, body).await;
    assert_eq!(flow["state"], "recovery_awaiting_code", "{flow}");
    let code = place.code(ANNA).await;
    let (status, done) = place.submit("recovery", &form, json!({"method": "code", "code": code})).await;
    assert_eq!((status, &done["state"]), (200, &json!("passed_challenge")), "{done}");
    let (_, list) = place.ask(&place.admin, "GET", "/admin/identities", None).await;
    let addresses = list[0]["verifiable_addresses"].as_array().expect("a list");
    let phone = addresses.iter().find(|one| one["via"] == "sms").expect("the number");
    assert_eq!(phone["verified"], true, "whoever has the code has the phone");
}

/// Asks for a code to sign in with; the response without what differs between any two forms.
async fn asked(place: &Place, to: &str) -> (u16, i64, Value) {
    let form = place.begin("login").await;
    let (status, flow) = place.submit("login", &form, json!({"method": "code", "identifier": to})).await;
    (status, message(&flow), flow["state"].clone())
}

#[tokio::test]
async fn numbers_of_other_countries_get_the_same_response_and_no_message() {
    let hides = json!({"security": {"account_enumeration": {"mitigate": true}}});
    let place = Place::start("memory", hides).await;
    for phone in [ANNA, "+12025550123"] {
        place.make(json!({"phone": phone})).await;
    }
    let own = asked(&place, ANNA).await;
    assert_eq!(own, asked(&place, "+12025550123").await);
    assert_eq!(own, asked(&place, NOBODY).await);
    let sent = place.sent().await;
    assert_eq!(sent.iter().map(|one| &one["to"]).collect::<Vec<_>>(), [ANNA]);
    let (_, metrics) = {
        let headers = [("Host".to_owned(), place.admin.clone())];
        let answer =
            send(&place.admin, "GET", "/admin/metrics/prometheus", &headers, None).await.expect("an answer");
        (answer.status, String::from_utf8_lossy(&answer.body).into_owned())
    };
    assert!(metrics.contains("vestibule_sms_refused_total{reason=\"country\"} 1"), "{metrics}");
}

#[tokio::test]
async fn without_any_country_no_text_message_is_sent() {
    let place = Place::start("memory", json!({"vestibule": {"sms": {"countries": []}}})).await;
    place.make(json!({"phone": ANNA})).await;
    assert_eq!(asked(&place, ANNA).await.1, 1_010_014);
    assert_eq!(place.sent().await, [] as [Value; 0]);
    assert_eq!(place.messages().await, [] as [Value; 0]);
}

#[tokio::test]
async fn a_day_has_so_many_text_messages_for_a_number_a_client_and_all() {
    for (key, most) in [("per_number", 2), ("per_client", 3), ("total", 3)] {
        let place = Place::start("memory", json!({"vestibule": {"limits": {"sms": {key: most}}}})).await;
        let numbers: Vec<String> = (0..6).map(|number| format!("+493090182{number}")).collect();
        for phone in &numbers {
            place.make(json!({"phone": phone})).await;
        }
        let mut count = 0;
        for phone in &numbers {
            let to = if key == "per_number" { &numbers[0] } else { phone };
            assert_eq!(asked(&place, to).await.1, 1_010_014, "the same response");
            count += place.sent().await.len();
            // The limits of an hour are other ones.
            place.stand.world.clock.advance(Duration::from_secs(2 * 3600));
            engine::cleanup::sweep(&place.stand.engine).await.expect("the sweep works");
        }
        assert_eq!(count, most, "{key}");
        place.stand.world.clock.advance(Duration::from_secs(24 * 3600));
        asked(&place, &numbers[0]).await;
        assert_eq!(place.sent().await.len(), 1, "{key}: another day");
    }
}

#[tokio::test]
async fn a_gateway_that_is_down_changes_no_response_and_is_called_again() {
    let place = Place::start("memory", json!({})).await;
    place.make(json!({"phone": ANNA})).await;
    place.gateway.says("/messages", Says::This(503, "{}".to_owned()));
    let form = place.begin("login").await;
    let (status, flow) = place.submit("login", &form, json!({"method": "code", "identifier": ANNA})).await;
    assert_eq!((status, message(&flow)), (400, 1_010_014), "{flow}");
    assert_eq!(place.sent().await.len(), 1);
    assert_eq!(place.messages().await[0]["status"], "queued");
    place.gateway.says("/messages", Says::This(200, "{}".to_owned()));
    place.stand.world.clock.advance(Duration::from_secs(5));
    let code = place.code(ANNA).await;
    let (status, done) = place.submit("login", &form, json!({"method": "code", "code": code})).await;
    assert_eq!(status, 200, "{done}");
}
