//! Codes that prove an address, attacked: guessed, used twice, taken elsewhere, too late. Each looks at the address afterwards.

use crate::clients::{Site, code_in};
use crate::support::http::{Answer, send};
use crate::support::sink::{Says, Sink};
use crate::support::stand::{Ports, Stand};
use engine::password::Hasher;
use serde_json::{Value, json};
use std::sync::Mutex;
use std::time::Duration;

const PASSWORD: &str = "Correct-Horse-9-Battery";
pub(crate) const ANNA: &str = "anna@vestibule.test";

pub(crate) struct Place {
    pub(crate) stand: Stand,
    public: String,
    admin: String,
    pub(crate) document: Value,
    /// Where requests come from, as the proxy in front of the server tells.
    client: Mutex<String>,
}

impl Place {
    /// Verification on; a mail server that keeps what it is given.
    pub(crate) async fn start(dsn: &str) -> Self {
        let ports = Ports::take().await;
        let (public, admin) = (ports.public().to_string(), ports.admin().to_string());
        let listener = |address: std::net::SocketAddr| json!({"host": address.ip().to_string(), "port": address.port(), "base_url": format!("http://{address}/")});
        let document = json!({
            "serve": {"public": listener(ports.public()), "admin": listener(ports.admin())},
            "selfservice": {
                "methods": {"password": {"config": {"haveibeenpwned_enabled": false}}},
                "flows": {
                    "verification": {"enabled": true},
                    "registration": {"style": "unified", "after": {"password": {"hooks": [{"hook": "show_verification_ui"}]}}},
                },
            },
            "courier": {"smtp": {"connection_uri": "smtp://127.0.0.1:1/?disable_starttls=true"}},
            "vestibule": {"trusted_proxies": ["127.0.0.0/8"]},
        });
        let stand = Stand::start(ports, dsn, document.clone(), Hasher::sized(2, 256)).await;
        Self { stand, public, admin, document, client: Mutex::new("203.0.113.1".to_owned()) }
    }

    pub(crate) fn site(&self) -> Site {
        Site { public: self.public.clone(), admin: self.admin.clone() }
    }

    /// From now on requests come from there.
    pub(crate) fn come_from(&self, client: &str) {
        client.clone_into(&mut self.client.lock().expect("no test panics with it"));
    }

    /// Nobody gets more than one email an hour because of one client.
    pub(crate) fn one_email_each(&self) {
        let mut document = self.document.clone();
        document["vestibule"]["limits"] = json!({"emails": {"per_address_and_client": 1, "per_flow": 0}});
        self.stand.engine.publish(self.stand.world.config(vec![document]));
    }

    pub(crate) async fn ask(
        &self,
        authority: &str,
        method: &str,
        target: &str,
        body: Option<Value>,
    ) -> (Answer, Value) {
        let client = self.client.lock().expect("no test panics with it").clone();
        let mut headers = vec![("Host", authority), ("Accept", "application/json")];
        if authority == self.public {
            headers.push(("X-Forwarded-For", client.as_str()));
        }
        if body.is_some() {
            headers.push(("Content-Type", "application/json"));
        }
        let headers: Vec<_> =
            headers.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let body = body.map(|body| body.to_string());
        let answer = send(authority, method, target, &headers, body.as_deref().map(str::as_bytes)).await;
        let answer = answer.expect("the server answers");
        let json = serde_json::from_slice(&answer.body).unwrap_or_default();
        (answer, json)
    }

    pub(crate) async fn public(&self, method: &str, target: &str, body: Option<Value>) -> (u16, Value) {
        let (answer, json) = self.ask(&self.public, method, target, body).await;
        (answer.status, json)
    }

    /// The flow as its page reads it, with that cookie.
    async fn form(&self, flow: &str, cookie: Option<&str>) -> Value {
        let mut headers = vec![
            ("Host".to_owned(), self.public.clone()),
            ("Accept".to_owned(), "application/json".to_owned()),
        ];
        headers.extend(cookie.map(|cookie| ("Cookie".to_owned(), cookie.to_owned())));
        let target = format!("/self-service/verification/flows?id={flow}");
        let answer = crate::support::http::send(&self.public, "GET", &target, &headers, None)
            .await
            .expect("an answer");
        serde_json::from_slice(&answer.body).expect("JSON")
    }

    /// Signs Anna up; the verification flow and the code that was mailed.
    pub(crate) async fn sign_up(&self) -> (String, String) {
        let (_, flow) = self.public("GET", "/self-service/registration/api", None).await;
        let target = format!("/self-service/registration?flow={}", flow["id"].as_str().expect("a flow"));
        let body = json!({"method": "password", "password": PASSWORD, "traits": {"email": ANNA}});
        let (status, done) = self.public("POST", &target, Some(body)).await;
        assert_eq!(status, 200, "{done}");
        let flow = done["continue_with"][0]["flow"]["id"].as_str().expect("a verification").to_owned();
        (flow, self.newest_code().await)
    }

    pub(crate) async fn newest_code(&self) -> String {
        engine::courier::deliver(&self.stand.engine).await.expect("the courier works");
        let mails = self.stand.world.mailer.sent();
        code_in(&mails.last().expect("a mail").text)
    }

    pub(crate) async fn submit(&self, flow: &str, body: Value) -> (u16, Value) {
        self.public("POST", &format!("/self-service/verification?flow={flow}"), Some(body)).await
    }

    pub(crate) async fn code(&self, flow: &str, code: &str) -> (u16, Value) {
        self.submit(flow, json!({"method": "code", "code": code})).await
    }

    /// A flow of somebody who asks for a code by address.
    pub(crate) async fn ask_for_code(&self) -> (String, String) {
        let (_, flow) = self.public("GET", "/self-service/verification/api", None).await;
        let flow = flow["id"].as_str().expect("a flow").to_owned();
        self.later(Duration::from_secs(61));
        // What is queued already must not arrive later than what is asked for now.
        while engine::courier::deliver(&self.stand.engine).await.expect("the courier works") > 0 {}
        let (status, _) = self.submit(&flow, json!({"method": "code", "email": ANNA})).await;
        assert_eq!(status, 200);
        (flow, self.newest_code().await)
    }

    /// Anna's address as the administrator sees it.
    async fn address(&self) -> Value {
        let target = format!("/admin/identities?credentials_identifier={ANNA}");
        let (_, list) = self.ask(&self.admin, "GET", &target, None).await;
        list[0]["verifiable_addresses"][0].clone()
    }

    pub(crate) async fn is_proven(&self) -> bool {
        self.address().await["verified"] == json!(true)
    }

    pub(crate) fn later(&self, time: Duration) {
        self.stand.world.clock.advance(time);
    }
}

/// Any other code.
pub(crate) fn wrong(code: &str) -> String {
    let number: u32 = code.parse().expect("digits");
    format!("{:06}", (number + 1) % 1_000_000)
}

#[tokio::test]
async fn a_code_is_right_wherever_somebody_put_spaces() {
    for apart in [" ", "\u{a0}", "\t", "\u{2009} "] {
        let place = Place::start("memory").await;
        let (flow, code) = place.sign_up().await;
        let typed = format!(" {}{apart}{}\n", &code[..3], &code[3..]);
        assert_eq!(place.code(&flow, &typed).await.1["state"], "passed_challenge", "{typed:?}");
        assert!(place.is_proven().await);
    }
}

#[tokio::test]
async fn the_sixth_try_is_the_end_even_with_the_right_code() {
    let place = Place::start("memory").await;
    let (flow, code) = place.sign_up().await;
    for _ in 0..5 {
        let (status, form) = place.code(&flow, &wrong(&code)).await;
        assert_eq!((status, &form["ui"]["messages"][0]["id"]), (200, &json!(4070006)));
        assert_eq!(form["state"], "sent_email");
    }
    let (status, over) = place.code(&flow, &code).await;
    assert_eq!((status, &over["error"]["id"]), (410, &json!("self_service_flow_replaced")));
    assert!(!place.is_proven().await);
    assert_eq!(place.address().await["status"], "sent");
    // A resend refills nothing.
    place.later(Duration::from_secs(61));
    let (status, _) = place.submit(&flow, json!({"method": "code", "email": ANNA})).await;
    assert_eq!(status, 200);
    let newer = place.newest_code().await;
    assert_eq!(place.code(&flow, &newer).await.0, 410);
    assert!(!place.is_proven().await);
    // A new flow is the way on.
    let (flow, code) = place.ask_for_code().await;
    let (status, done) = place.code(&flow, &code).await;
    assert_eq!((status, &done["state"]), (200, &json!("passed_challenge")));
    assert!(place.is_proven().await);
}

#[tokio::test]
async fn tries_at_once_are_no_more_than_tries_one_by_one() {
    let place = Place::start("memory").await;
    let (flow, code) = place.sign_up().await;
    let wrong = wrong(&code);
    let tries = futures::future::join_all((0..12).map(|_| place.code(&flow, &wrong))).await;
    let compared = tries.iter().filter(|(status, _)| *status == 200).count();
    assert_eq!(compared, 5, "{:?}", tries.iter().map(|(status, _)| status).collect::<Vec<_>>());
}

async fn used_once(dsn: &str) {
    let place = Place::start(dsn).await;
    let (flow, code) = place.sign_up().await;
    let both = futures::join!(place.code(&flow, &code), place.code(&flow, &code));
    let mut statuses = [both.0.0, both.1.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 410]);
    assert!(place.is_proven().await);
    let (status, again) = place.code(&flow, &code).await;
    assert_eq!((status, &again["error"]["id"]), (410, &json!("self_service_flow_replaced")));
}

#[tokio::test]
async fn a_code_is_used_once_however_many_come_with_it() {
    used_once("memory").await;
}

#[tokio::test]
async fn a_code_is_used_once_on_postgresql_too() {
    used_once(&engine::testing::postgres::database().await).await;
}

#[tokio::test]
async fn opening_the_mails_link_proves_nothing() {
    let place = Place::start("memory").await;
    let (flow, code) = place.sign_up().await;
    let target = format!("/self-service/verification?code={code}&flow={flow}");
    let mut cookie = String::new();
    for _ in 0..3 {
        let (answer, _) = place.ask(&place.public, "GET", &target, None).await;
        assert_eq!(answer.status, 303);
        assert!(
            answer.header("location").is_some_and(|to| to.ends_with(&format!("/verification?flow={flow}")))
        );
        cookie =
            answer.header("set-cookie").and_then(|line| line.split(';').next()).expect("a cookie").to_owned();
    }
    assert!(!place.is_proven().await, "scanners open links too");
    let form = place.form(&flow, Some(&cookie)).await;
    assert_eq!(filled_in(&form), json!(code));
    assert_eq!(place.code(&flow, &code).await.0, 200, "and costs no try");
    assert!(place.is_proven().await);
}

fn filled_in(form: &Value) -> Value {
    let mut nodes = form["ui"]["nodes"].as_array().expect("nodes").iter();
    let code = nodes.find(|node| node["attributes"]["name"] == "code").expect("a field for the code");
    code["attributes"].get("value").cloned().unwrap_or_default()
}

/// Somebody signs up with another's address and keeps the flow's id. The owner, or a scanner of their mails, opens the link.
#[tokio::test]
async fn whoever_began_the_flow_does_not_learn_the_code_from_the_owner_opening_the_link() {
    let place = Place::start("memory").await;
    let (flow, code) = place.sign_up().await;
    let target = format!("/self-service/verification?code={code}&flow={flow}");
    place.ask(&place.public, "GET", &target, None).await;
    assert_eq!(filled_in(&place.form(&flow, None).await), Value::Null, "by reading the flow");
    let (_, again) = place
        .public("POST", &format!("/self-service/verification?flow={flow}"), Some(json!({"method": "code"})))
        .await;
    assert!(!again.to_string().contains(&code), "by sending an empty form: {again}");
    place.ask(&place.public, "GET", &target, None).await;
    let bare = format!("/self-service/verification?flow={flow}");
    let (answer, _) = place.ask(&place.public, "GET", &bare, None).await;
    assert_eq!(answer.header("set-cookie"), None, "the address without a code is no link");
    let form = place.form(&flow, None).await;
    assert_eq!(filled_in(&form), Value::Null, "by opening the link without its code");
    assert!(!place.is_proven().await);
}

#[tokio::test]
async fn a_code_is_good_in_its_own_flow_alone() {
    let place = Place::start("memory").await;
    let (first, code) = place.sign_up().await;
    let (second, _) = place.ask_for_code().await;
    let (status, form) = place.code(&second, &code).await;
    assert_eq!((status, &form["ui"]["messages"][0]["id"]), (200, &json!(4070006)));
    assert!(!place.is_proven().await);
    assert_eq!(place.code(&first, &code).await.1["state"], "passed_challenge");
}

#[tokio::test]
async fn a_code_lives_for_ten_minutes() {
    let place = Place::start("memory").await;
    let (flow, code) = place.sign_up().await;
    place.later(Duration::from_secs(10 * 60));
    let (status, over) = place.code(&flow, &code).await;
    assert_eq!((status, &over["error"]["id"]), (410, &json!("self_service_flow_expired")));
    assert!(!place.is_proven().await);
    let (flow, code) = place.ask_for_code().await;
    place.later(Duration::from_secs(10 * 60 - 1));
    assert_eq!(place.code(&flow, &code).await.1["state"], "passed_challenge");
}

#[tokio::test]
async fn a_code_outlives_an_exchange_of_secrets_and_not_the_loss_of_its_own() {
    let place = Place::start("memory").await;
    let (flow, code) = place.sign_up().await;
    let with = |secrets: &[&str]| {
        let mut document = place.document.clone();
        document["secrets"] = json!({"default": secrets});
        place.stand.world.config(vec![document])
    };
    place.stand.engine.publish(with(&["quite another secret"]));
    assert_eq!(place.code(&flow, &code).await.1["state"], "sent_email", "nobody can make it from the row");
    place.stand.engine.publish(with(&["quite another secret", "a default secret that is no secret"]));
    assert_eq!(place.code(&flow, &code).await.1["state"], "passed_challenge");
}

#[tokio::test]
async fn the_answer_is_the_same_for_an_address_that_nobody_has() {
    let place = Place::start("memory").await;
    place.sign_up().await;
    let mut answers = Vec::new();
    for address in [ANNA, "nobody@vestibule.test"] {
        let (_, flow) = place.public("GET", "/self-service/verification/api", None).await;
        let id = flow["id"].as_str().expect("a flow").to_owned();
        let (status, mut form) = place.submit(&id, json!({"method": "code", "email": address})).await;
        let (wrong_status, mut wrong) = place.code(&id, "000000").await;
        for form in [&mut form, &mut wrong] {
            *form = serde_json::from_str(&form.to_string().replace(&id, "flow").replace(address, "address"))
                .expect("JSON");
            for time in ["issued_at", "expires_at"] {
                form[time] = Value::Null;
            }
        }
        answers.push((status, form, wrong_status, wrong));
    }
    assert_eq!(answers[0], answers[1]);
    engine::courier::deliver(&place.stand.engine).await.expect("the courier works");
    let mails = place.stand.world.mailer.sent();
    assert!(mails.iter().all(|mail| mail.to == ANNA), "nobody is written to who is not known");
}

#[tokio::test]
async fn an_address_that_is_odd_is_answered_and_not_stored() {
    let place = Place::start("memory").await;
    let (_, flow) = place.public("GET", "/self-service/verification/api", None).await;
    let flow = flow["id"].as_str().expect("a flow").to_owned();
    let long = format!("{}@vestibule.test", "x".repeat(10_000));
    for odd in ["", " ", "no address", "a\u{0}b@vestibule.test", "a@b\r\nBcc: c@d", long.as_str()] {
        let (status, form) = place.submit(&flow, json!({"method": "code", "email": odd})).await;
        assert_eq!(status, 400, "{odd:.20?}");
        assert_eq!(form["state"], "choose_method");
    }
    let (status, form) = place.submit(&flow, json!({"method": "code", "code": "x".repeat(10_000)})).await;
    assert_eq!((status, &form["ui"]["messages"][0]["id"]), (200, &json!(4070006)));
    assert_eq!(engine::courier::deliver(&place.stand.engine).await.expect("the courier works"), 0);
}

#[tokio::test]
async fn a_web_hook_after_the_proof_hears_of_it_and_takes_nothing_back() {
    let sink = Sink::start().await;
    let refusal = json!({"messages": [{"instance_ptr": "#/", "messages": [{"id": 9, "text": "No.", "type": "error"}]}]});
    sink.says("/proven", Says::This(403, refusal.to_string()));
    let place = Place::start("memory").await;
    let (flow, code) = place.sign_up().await;
    let body = "function(ctx) { proven: ctx.identity.verifiable_addresses[0].verified }";
    let body = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, body);
    let mut document = place.document.clone();
    document["selfservice"]["flows"]["verification"]["after"] = json!({"hooks": [{"hook": "web_hook", "config": {
        "url": format!("{}/proven", sink.base), "method": "POST", "body": format!("base64://{body}"), "can_interrupt": true,
    }}]});
    place.stand.engine.publish(place.stand.world.config(vec![document]));
    let (status, done) = place.code(&flow, &code).await;
    assert_eq!((status, &done["state"]), (200, &json!("passed_challenge")));
    assert_eq!(
        done["ui"]["messages"].as_array().and_then(|all| all.last()).map(|last| &last["id"]),
        Some(&json!(9))
    );
    assert_eq!(sink.take()[0].summary()["json"], json!({"proven": true}));
    assert!(place.is_proven().await);
}
