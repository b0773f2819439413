//! Signing in when the address is proven: who signed up is signed in with the code, and every other way to that session is
//! tried by somebody it does not belong to.

use crate::clients::{HTML, JSON, Kind, Person, Site, code_in, document, stand};
use crate::support::http::Answer;
use crate::support::stand::Stand;
use engine::ids::{IdentityId, SessionId};
use engine::model::{FlowKind, FlowType};
use engine::store::{flows, identities, sessions};
use serde_json::{Value, json};
use std::time::Duration;

const ANNA: &str = "anna@vestibule.test";
const SESSION: &str = "ory_kratos_session=";
const EVERY: [Kind; 3] = [Kind::Browser, Kind::Spa, Kind::Native];

struct House {
    stand: Stand,
    site: Site,
    config: Value,
}

/// Somebody who signed up and waits for the mail.
struct Waiting {
    person: Person,
    kind: Kind,
    flow: String,
    secret: Value,
}

fn option(on: bool) -> Value {
    json!({
        "identity": {"schemas": [{"id": "default", "url": "preset://email"}]},
        "selfservice": {"flows": {
            "verification": {"enabled": true},
            "registration": {"style": "unified", "after": {"password": {"hooks": [{"hook": "show_verification_ui"}]}}},
        }},
        "courier": {"smtp": {"connection_uri": "smtp://127.0.0.1:1/?disable_starttls=true"}},
        "vestibule": {"registration": {"sign_in_after_verification": on}},
    })
}

impl House {
    async fn build(dsn: &str) -> Self {
        let (stand, site) = stand(dsn, option(true)).await;
        let listener = |authority: &String| json!({"base_url": format!("http://{authority}/")});
        let mut config = option(true);
        config["serve"] = json!({"public": listener(&site.public), "admin": listener(&site.admin)});
        config["selfservice"]["methods"] = json!({"password": {"config": {"haveibeenpwned_enabled": false}}});
        Self { stand, site, config }
    }

    /// As a new revision or file would.
    fn publish(&self, change: impl FnOnce(&mut Value)) {
        let mut config = self.config.clone();
        change(&mut config);
        self.stand.engine.publish(self.stand.world.config(vec![config]));
    }

    fn switch(&self, on: bool) {
        self.publish(|config| config["vestibule"]["registration"]["sign_in_after_verification"] = on.into());
    }

    async fn sign_up(&self, kind: Kind, email: &str) -> Waiting {
        let mut person = Person::new(&self.site, kind);
        let begun = person.begin().await;
        let answer = person.send(&begun, email).await;
        assert!(!gives_session(&answer), "nobody is signed in before the proof");
        let (flow, secret) = match kind {
            Kind::Browser => {
                let location = answer.header("location").expect("a place to go to");
                (location.split_once("flow=").expect("the flow").1.to_owned(), Value::Null)
            }
            Kind::Spa | Kind::Native => {
                let done = document(&answer);
                let items = done["continue_with"].as_array().expect("items");
                let shown = items.iter().find(|item| item["action"] == "show_verification_ui");
                let flow = shown.expect("the verification")["flow"]["id"].as_str().expect("an id").to_owned();
                let pending = &done["vestibule"]["deferred_login"];
                if kind == Kind::Native {
                    assert_eq!(
                        (&pending["flow"], &pending["verifiable_address"]),
                        (&json!(flow), &json!(email))
                    );
                } else {
                    assert_eq!(done.get("vestibule"), None, "a script is not shown what the cookie holds");
                }
                (flow, pending["secret"].clone())
            }
        };
        Waiting { person, kind, flow, secret }
    }

    async fn code(&self) -> String {
        engine::courier::deliver(&self.stand.engine).await.expect("the courier works");
        let mails = self.stand.world.mailer.sent();
        code_in(&mails.last().expect("a mail").text)
    }

    async fn link(&self) -> String {
        engine::courier::deliver(&self.stand.engine).await.expect("the courier works");
        let mails = self.stand.world.mailer.sent();
        let text = &mails.last().expect("a mail").text;
        let at = text.find("/self-service/verification?").expect("a link");
        text[at..].split_whitespace().next().expect("a link").to_owned()
    }

    async fn identity(&self, email: &str) -> Option<engine::identity::Identity> {
        let mut tx = self.stand.engine.db().read().await.expect("the database answers");
        let found =
            identities::by_identifier(&mut tx, "password", email).await.expect("the database answers");
        found.map(|(identity, _)| identity)
    }

    async fn is_proven(&self, email: &str) -> bool {
        self.identity(email).await.expect("an account").verifiable_addresses[0].verified
    }

    /// Sessions that are stored.
    async fn sessions(&self, id: IdentityId) -> i64 {
        let mut tx = self.stand.engine.db().read().await.expect("the database answers");
        let nobody = SessionId(uuid::Uuid::nil());
        sessions::count_others(&mut tx, id, nobody, self.stand.engine.effects().now())
            .await
            .expect("the database answers")
    }

    async fn is_of_an_app(&self, flow: &str) -> bool {
        let mut tx = self.stand.engine.db().read().await.expect("the database answers");
        let id = flow.parse().expect("an id");
        let found = flows::get(&mut tx, FlowKind::Verification, id).await.expect("the database answers");
        found.expect("a flow").kind_of_client == FlowType::Api
    }

    async fn nobody_is_signed_in(&self) {
        let id = self.identity(ANNA).await.expect("an account").id;
        assert_eq!(self.sessions(id).await, 0, "a session is stored");
    }

    fn later(&self, time: Duration) {
        self.stand.world.clock.advance(time);
    }
}

fn gives_session(answer: &Answer) -> bool {
    let cookie =
        answer.headers.iter().any(|(name, value)| name == "set-cookie" && value.starts_with(SESSION));
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    cookie || body["vestibule"].get("session").is_some() || body.get("session_token").is_some()
}

fn field_of(flow: &Value, name: &str) -> String {
    let nodes = flow["ui"]["nodes"].as_array().cloned().unwrap_or_default();
    let node = nodes.iter().find(|node| node["attributes"]["name"] == name);
    node.and_then(|node| node["attributes"]["value"].as_str()).unwrap_or_default().to_owned()
}

impl Waiting {
    fn origin(&self) -> String {
        format!("http://{}", self.person.site().public)
    }

    async fn token(&mut self) -> String {
        self.field("csrf_token").await
    }

    /// What stands in that field of the form.
    async fn field(&mut self, name: &str) -> String {
        let target = format!("/self-service/verification/flows?id={}", self.flow);
        field_of(&document(&self.person.ask("GET", &target, JSON, &[], None).await), name)
    }

    /// Sends fields as this client's form would.
    async fn submit(&mut self, fields: &[(&str, &str)]) -> Answer {
        let token = if self.kind == Kind::Native { String::new() } else { self.token().await };
        let origin = self.origin();
        self.submit_as(fields, &token, (self.kind != Kind::Native).then_some(origin.as_str())).await
    }

    async fn submit_as(&mut self, fields: &[(&str, &str)], token: &str, origin: Option<&str>) -> Answer {
        let target = format!("/self-service/verification?flow={}", self.flow);
        let mut headers: Vec<(&str, &str)> = origin.iter().map(|origin| ("Origin", *origin)).collect();
        if self.kind == Kind::Browser {
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            form.append_pair("method", "code").append_pair("csrf_token", token);
            form.extend_pairs(fields);
            headers.push(("Content-Type", "application/x-www-form-urlencoded"));
            return self.person.ask("POST", &target, HTML, &headers, Some(&form.finish())).await;
        }
        let mut body = json!({"method": "code"});
        for (name, value) in fields {
            body[name] = (*value).into();
        }
        match self.kind {
            Kind::Native => body["vestibule"] = json!({"deferred_login": self.secret}),
            Kind::Browser | Kind::Spa => body["csrf_token"] = token.into(),
        }
        headers.push(("Content-Type", JSON));
        self.person.ask("POST", &target, JSON, &headers, Some(&body.to_string())).await
    }

    async fn prove(&mut self, code: &str) -> Answer {
        self.submit(&[("code", code)]).await
    }

    /// Whose session the answer handed over, as whoami tells.
    async fn signed_in(&mut self, answer: &Answer) -> Option<String> {
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let token = body["vestibule"]["session_token"].as_str().map(str::to_owned);
        assert!(token.is_none() || self.kind == Kind::Native, "a browser is shown no token");
        let headers: Vec<(&str, &str)> =
            token.iter().map(|token| ("X-Session-Token", token.as_str())).collect();
        let whoami = self.person.ask("GET", "/sessions/whoami", JSON, &headers, None).await;
        let who = (whoami.status == 200).then(|| {
            document(&whoami)["identity"]["traits"]["email"].as_str().expect("an address").to_owned()
        });
        assert_eq!(who.is_some(), gives_session(answer), "the answer and whoami tell the same");
        who
    }
}

async fn who_signed_up_is_signed_in(dsn: &str) {
    let house = House::build(dsn).await;
    for kind in EVERY {
        let email = format!("{kind:?}@vestibule.test").to_lowercase();
        let mut anna = house.sign_up(kind, &email).await;
        let id = house.identity(&email).await.expect("an account").id;
        assert_eq!(house.sessions(id).await, 0, "{kind:?}: no session that nobody holds");
        let code = house.code().await;
        let wrong = if code == "000000" { "000001" } else { "000000" };
        assert!(!gives_session(&anna.prove(wrong).await), "{kind:?}");
        let answer = anna.prove(&code).await;
        assert_eq!(anna.signed_in(&answer).await.as_deref(), Some(email.as_str()), "{kind:?}");
        assert_eq!(house.sessions(id).await, 1, "{kind:?}");
        assert!(house.is_proven(&email).await);
        if kind == Kind::Browser {
            assert_eq!(answer.status, 303);
            assert!(
                answer.header("location").is_some_and(|to| to.ends_with("/welcome")),
                "led on, signed in"
            );
            let over = answer.headers.iter().any(|(name, value)| {
                name == "set-cookie"
                    && value.starts_with("vestibule_deferred_login_")
                    && value.contains("Max-Age=0")
            });
            assert!(over, "its cookie is over");
        } else {
            let body = document(&answer);
            assert_eq!((answer.status, &body["state"]), (200, &json!("passed_challenge")), "Kratos' answer");
            assert_eq!(body["vestibule"]["session"]["identity"]["verifiable_addresses"][0]["verified"], true);
        }
    }
}

#[tokio::test]
async fn the_browser_or_app_that_signed_up_is_signed_in_with_the_code() {
    who_signed_up_is_signed_in("memory").await;
}

#[tokio::test]
async fn the_browser_or_app_that_signed_up_is_signed_in_with_the_code_on_postgresql() {
    who_signed_up_is_signed_in(&engine::testing::postgres::database().await).await;
}

/// The proof signed in, and with that the browser has another anti-forgery cookie.
#[tokio::test]
async fn who_goes_back_to_the_form_after_the_proof_reads_that_it_is_done() {
    let house = House::build("memory").await;
    let mut anna = house.sign_up(Kind::Browser, ANNA).await;
    let token = anna.token().await;
    let code = house.code().await;
    let answer = anna.prove(&code).await;
    assert_eq!(anna.signed_in(&answer).await.as_deref(), Some(ANNA));
    let page = format!("/verification?flow={}", anna.flow);
    let back = anna.person.ask("GET", &page, HTML, &[], None).await;
    let html = String::from_utf8_lossy(&back.body).into_owned();
    assert_eq!(back.status, 200, "{html}");
    assert!(html.contains("Your email is verified") && html.contains("data-testid=\"continue\""), "{html}");
    // The form of that page, sent once more.
    let origin = anna.origin();
    let again = anna.submit_as(&[("code", &code)], &token, Some(&origin)).await;
    assert_eq!((again.status, gives_session(&again)), (303, false));
    assert!(again.header("location").is_some_and(|to| to.ends_with(&page)), "{:?}", again.headers);
    // Another browser is told nothing of it, signed in or not.
    house.later(Duration::from_secs(61));
    let mut bert = house.sign_up(Kind::Browser, "bert@vestibule.test").await;
    for signed_in in [false, true] {
        if signed_in {
            let code = house.code().await;
            let answer = bert.prove(&code).await;
            assert!(bert.signed_in(&answer).await.is_some());
        }
        let elsewhere = bert.person.ask("GET", &page, HTML, &[], None).await;
        assert_eq!(elsewhere.status, 303, "{signed_in}");
        assert!(!String::from_utf8_lossy(&elsewhere.body).contains(ANNA));
    }
}

#[tokio::test]
async fn the_cookie_is_as_closed_as_the_sessions() {
    let house = House::build("memory").await;
    let mut person = Person::new(&house.site, Kind::Browser);
    let begun = person.begin().await;
    let answer = person.send(&begun, ANNA).await;
    let mut cookies = answer.headers.iter().filter(|(name, _)| name == "set-cookie").map(|(_, value)| value);
    let own = cookies.find(|value| value.starts_with("vestibule_deferred_login_")).expect("a cookie");
    assert!(
        own.contains("; HttpOnly") && own.contains("; SameSite=Lax") && own.contains("; Max-Age=3600"),
        "{own}"
    );
}

#[tokio::test]
async fn another_browser_with_the_code_is_not_signed_in_and_ends_what_waits() {
    let house = House::build("memory").await;
    for kind in EVERY {
        let email = format!("{kind:?}@vestibule.test").to_lowercase();
        let mut anna = house.sign_up(kind, &email).await;
        let code = house.code().await;
        let (person, secret) = (Person::new(&house.site, kind), Value::Null);
        let mut other = Waiting { person, kind, flow: anna.flow.clone(), secret };
        // By the mail's link, as on a phone.
        other.person.ask("GET", &house.link().await, HTML, &[], None).await;
        let answer = other.prove(&code).await;
        assert_eq!(other.signed_in(&answer).await, None, "{kind:?}");
        assert!(house.is_proven(&email).await);
        // The tab that waits asks again and again, and then sends what it has.
        let page = format!("/verification?flow={}", anna.flow);
        assert!(!gives_session(&anna.person.ask("GET", &page, HTML, &[], None).await), "{kind:?}");
        let answer = anna.prove(&code).await;
        assert_eq!(anna.signed_in(&answer).await, None, "{kind:?}");
        let id = house.identity(&email).await.expect("an account").id;
        assert_eq!(house.sessions(id).await, 0);
    }
}

/// Its form is open, with the token that stands in it, when somebody else opens the mail's link.
#[tokio::test]
async fn a_mail_scanners_get_signs_nobody_in_and_takes_nothing_from_who_signed_up() {
    let house = House::build("memory").await;
    for kind in [Kind::Browser, Kind::Spa] {
        let email = format!("{kind:?}@vestibule.test").to_lowercase();
        let mut anna = house.sign_up(kind, &email).await;
        let (token, link) = (anna.token().await, house.link().await);
        for _ in 0..20 {
            let mut scanner = Person::new(&house.site, Kind::Browser);
            assert!(!gives_session(&scanner.ask("GET", &link, HTML, &[], None).await));
        }
        assert!(!house.is_proven(&email).await);
        let target = format!("/self-service/verification/flows?id={}", anna.flow);
        let read = anna.person.ask("GET", &target, JSON, &[], None).await;
        assert_eq!(read.status, 200, "{kind:?}: the form can be read again");
        // Not even with the cookie of who signed up does opening a link sign in, and the form in the first tab stays good.
        assert!(!gives_session(&anna.person.ask("GET", &link, HTML, &[], None).await));
        let id = house.identity(&email).await.expect("an account").id;
        assert_eq!(house.sessions(id).await, 0, "{kind:?}");
        let (code, origin) = (house.code().await, anna.origin());
        let answer = anna.submit_as(&[("code", &code)], &token, Some(&origin)).await;
        assert_eq!(anna.signed_in(&answer).await.as_deref(), Some(email.as_str()), "{kind:?}");
    }
}

#[tokio::test]
async fn a_mail_scanner_that_comes_later_takes_nothing_from_the_phone_that_opened_the_link() {
    let house = House::build("memory").await;
    let anna = house.sign_up(Kind::Browser, ANNA).await;
    let link = house.link().await;
    let mut phone = Waiting {
        person: Person::new(&house.site, Kind::Spa),
        kind: Kind::Spa,
        flow: anna.flow.clone(),
        secret: Value::Null,
    };
    phone.person.ask("GET", &link, HTML, &[], None).await;
    let (filled_in, token) = (phone.field("code").await, phone.token().await);
    assert!(link.contains(&filled_in) && filled_in.len() == 39, "{filled_in}");
    for _ in 0..3 {
        Person::new(&house.site, Kind::Browser).ask("GET", &link, HTML, &[], None).await;
    }
    assert_eq!(phone.field("code").await, filled_in);
    let origin = phone.origin();
    let answer = phone.submit_as(&[("code", &filled_in)], &token, Some(&origin)).await;
    assert_eq!(document(&answer)["state"], "passed_challenge");
    assert!(house.is_proven(ANNA).await);
}

/// Its token would tell what that browser's anti-forgery cookie is: one half of it is the other, laid over the cookie.
#[tokio::test]
async fn whoever_knows_the_flow_is_answered_with_no_token_of_the_browser_that_signed_up() {
    let house = House::build("memory").await;
    let mut anna = house.sign_up(Kind::Browser, ANNA).await;
    let cookie = anna.person.cookie("csrf_token_").expect("a cookie").to_owned();
    assert_eq!(unmasked(&anna.token().await), cookie, "as the test reads it");
    for with_cookie in [false, true] {
        let mut stranger = Person::new(&house.site, Kind::Spa);
        if with_cookie {
            stranger.ask("GET", "/self-service/verification/browser", JSON, &[], None).await;
        }
        let target = format!("/self-service/verification?flow={}", anna.flow);
        let body = json!({"method": "code", "code": "000000"}).to_string();
        let answer = stranger.ask("POST", &target, JSON, &[("Content-Type", JSON)], Some(&body)).await;
        assert_eq!(answer.status, 403);
        assert_eq!(document(&answer)["error"]["id"], "security_csrf_violation");
        assert!(!String::from_utf8_lossy(&answer.body).contains("csrf_token\""), "no form, and no token");
    }
}

/// The cookie that a token was made for; empty for none.
fn unmasked(token: &str) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let bytes = STANDARD.decode(token).expect("base64");
    let (pad, masked) = bytes.split_at(bytes.len() / 2);
    STANDARD.encode(pad.iter().zip(masked).map(|(pad, masked)| pad ^ masked).collect::<Vec<u8>>())
}

#[tokio::test]
async fn a_code_sent_by_another_site_or_without_its_token_proves_and_hands_nothing_over() {
    let house = House::build("memory").await;
    let own = format!("http://{}", house.site.public);
    for (number, (with_token, origin)) in [
        (false, Some(own.as_str())),
        (true, None),
        (true, Some("null")),
        (true, Some("https://evil.example")),
        (true, Some("http://127.0.0.1")),
    ]
    .into_iter()
    .enumerate()
    {
        for kind in [Kind::Browser, Kind::Spa] {
            let email = format!("{kind:?}-{number}@vestibule.test").to_lowercase();
            let mut anna = house.sign_up(kind, &email).await;
            let token = if with_token { anna.token().await } else { String::new() };
            let code = house.code().await;
            let answer = anna.submit_as(&[("code", &code)], &token, origin).await;
            assert_eq!(anna.signed_in(&answer).await, None, "{origin:?}");
            // Kratos asks for no token here. A form of a page elsewhere is not read at all.
            let read = origin.is_none_or(|origin| origin == own);
            assert_eq!((house.is_proven(&email).await, answer.status != 403), (read, read), "{origin:?}");
        }
    }
}

#[tokio::test]
async fn an_apps_secret_sent_by_a_browser_hands_nothing_over() {
    let house = House::build("memory").await;
    let mut anna = house.sign_up(Kind::Native, ANNA).await;
    let code = house.code().await;
    let answer = anna.submit_as(&[("code", &code)], "", Some("https://evil.example")).await;
    assert_eq!(anna.signed_in(&answer).await, None);
    house.nobody_is_signed_in().await;
}

#[tokio::test]
async fn a_second_use_of_the_secret_signs_nobody_in() {
    let house = House::build("memory").await;
    for kind in EVERY {
        let email = format!("{kind:?}@vestibule.test").to_lowercase();
        let mut anna = house.sign_up(kind, &email).await;
        let id = house.identity(&email).await.expect("an account").id;
        let stolen = Waiting {
            person: anna.person.copy(),
            flow: anna.flow.clone(),
            secret: anna.secret.clone(),
            kind,
        };
        let code = house.code().await;
        assert!(gives_session(&anna.prove(&code).await));
        let mut thief = stolen;
        assert!(!gives_session(&thief.prove(&code).await), "{kind:?}: the code once more");
        assert_eq!(house.sessions(id).await, 1);
        // Another code for the same address, in a flow of one's own.
        let way = if kind == Kind::Native { "api" } else { "browser" };
        let begun =
            thief.person.ask("GET", &format!("/self-service/verification/{way}"), JSON, &[], None).await;
        thief.flow = document(&begun)["id"].as_str().expect("a flow").to_owned();
        house.later(Duration::from_secs(61));
        thief.submit(&[("email", &email)]).await;
        let code = house.code().await;
        assert!(!gives_session(&thief.prove(&code).await), "{kind:?}");
        assert_eq!(house.sessions(id).await, 1);
    }
}

#[tokio::test]
async fn a_changed_password_ends_what_waits() {
    let house = House::build("memory").await;
    let mut anna = house.sign_up(Kind::Browser, ANNA).await;
    let engine = &house.stand.engine;
    let id = house.identity(ANNA).await.expect("an account").id;
    engine::testing::set_password_hash(engine, id, "$2b$04$another").await;
    let code = house.code().await;
    let answer = anna.prove(&code).await;
    assert_eq!(anna.signed_in(&answer).await, None);
    house.nobody_is_signed_in().await;
    assert!(house.is_proven(ANNA).await);
}

#[tokio::test]
async fn an_account_that_the_administrator_deleted_is_not_signed_in() {
    let house = House::build("memory").await;
    for kind in EVERY {
        let mut anna = house.sign_up(kind, ANNA).await;
        let code = house.code().await;
        let id = house.identity(ANNA).await.expect("an account").id;
        engine::admin::delete(&house.stand.engine.begin(), id).await.expect("deleted");
        let answer = anna.prove(&code).await;
        assert_eq!(anna.signed_in(&answer).await, None, "{kind:?}");
    }
}

#[tokio::test]
async fn the_option_switched_off_in_between_ends_what_waits() {
    let house = House::build("memory").await;
    for kind in EVERY {
        let email = format!("{kind:?}@vestibule.test").to_lowercase();
        house.switch(true);
        let mut anna = house.sign_up(kind, &email).await;
        let code = house.code().await;
        house.switch(false);
        let answer = anna.prove(&code).await;
        assert_eq!(anna.signed_in(&answer).await, None, "{kind:?}");
        assert!(house.is_proven(&email).await);
    }
}

#[tokio::test]
async fn the_option_switched_off_and_on_again_ends_what_waited() {
    let house = House::build("memory").await;
    let mut anna = house.sign_up(Kind::Browser, ANNA).await;
    let code = house.code().await;
    house.switch(false);
    engine::cleanup::sweep(&house.stand.engine).await.expect("swept");
    house.switch(true);
    let answer = anna.prove(&code).await;
    assert_eq!(anna.signed_in(&answer).await, None);
    house.nobody_is_signed_in().await;
}

#[tokio::test]
async fn the_session_of_somebody_else_in_that_browser_is_not_replaced() {
    let house = House::build("memory").await;
    for kind in [Kind::Browser, Kind::Spa] {
        let email = format!("{kind:?}@vestibule.test").to_lowercase();
        let mut anna = house.sign_up(kind, &email).await;
        let code = house.code().await;
        // Meanwhile somebody signs in there.
        let other = format!("other-{email}");
        let person = serde_json::from_value(json!({
            "traits": {"email": other}, "credentials": {"password": {"config": {"password": crate::clients::PASSWORD}}},
        }));
        engine::admin::create(&house.stand.engine.begin(), person.expect("a body")).await.expect("made");
        let (flow, csrf) = anna.person.begin_sign_in().await;
        let fields = json!({
            "method": "password", "identifier": other, "password": crate::clients::PASSWORD, "csrf_token": csrf,
        });
        let target = format!("/self-service/login?flow={flow}");
        let signed = anna.person.post(&target, &[("Content-Type", JSON)], &fields).await;
        assert_eq!(signed.status, 200, "{}", String::from_utf8_lossy(&signed.body));
        anna.person.ask("GET", &house.link().await, HTML, &[], None).await;
        let answer = anna.prove(&code).await;
        assert!(!gives_session(&answer), "{kind:?}");
        let whoami = document(&anna.person.ask("GET", "/sessions/whoami", JSON, &[], None).await);
        assert_eq!(whoami["identity"]["traits"]["email"], other);
        assert!(house.is_proven(&email).await);
        let id = house.identity(&email).await.expect("an account").id;
        assert_eq!(house.sessions(id).await, 0);
        let page =
            anna.person.ask("GET", &format!("/verification?flow={}", anna.flow), HTML, &[], None).await;
        let page = String::from_utf8_lossy(&page.body).into_owned();
        assert!(page.contains("Another account is signed in"), "and the page says so");
    }
}

#[tokio::test]
async fn somebody_elses_address_proven_by_ones_own_code_hands_nothing_over() {
    let house = House::build("memory").await;
    for kind in EVERY {
        let victim = format!("{kind:?}@vestibule.test").to_lowercase();
        let own = format!("mallory-{victim}");
        house.sign_up(kind, &own).await;
        // Signs up with an address that is not theirs, and asks for the code to go to the own one.
        let mut mallory = house.sign_up(kind, &victim).await;
        house.later(Duration::from_secs(61));
        mallory.submit(&[("email", &own)]).await;
        let code = house.code().await;
        let answer = mallory.prove(&code).await;
        assert_eq!(mallory.signed_in(&answer).await, None, "{kind:?}");
        assert!(house.is_proven(&own).await && !house.is_proven(&victim).await);
    }
}

#[tokio::test]
async fn another_code_does_not_make_the_wait_longer() {
    let house = House::build("memory").await;
    for kind in EVERY {
        let email = format!("{kind:?}@vestibule.test").to_lowercase();
        house.publish(|config| {
            config["selfservice"]["flows"]["verification"]["lifespan"] = "3h".into();
        });
        let mut anna = house.sign_up(kind, &email).await;
        house.later(Duration::from_secs(59 * 60));
        anna.submit(&[("email", &email)]).await;
        house.later(Duration::from_secs(61));
        let code = house.code().await;
        let answer = anna.prove(&code).await;
        assert_eq!(anna.signed_in(&answer).await, None, "{kind:?}");
        assert!(house.is_proven(&email).await);
    }
}

#[tokio::test]
async fn what_waits_goes_on_with_the_form_that_takes_the_place_of_an_expired_code() {
    let house = House::build("memory").await;
    for kind in EVERY {
        let email = format!("{kind:?}@vestibule.test").to_lowercase();
        let mut anna = house.sign_up(kind, &email).await;
        let code = house.code().await;
        house.later(Duration::from_secs(11 * 60));
        let answer = anna.prove(&code).await;
        anna.flow = match kind {
            Kind::Browser => {
                answer.header("location").and_then(|to| to.split_once("flow=")).expect("a form").1.to_owned()
            }
            Kind::Spa | Kind::Native => document(&answer)["use_flow_id"].as_str().expect("a form").to_owned(),
        };
        let app = house.is_of_an_app(&anna.flow).await;
        assert_eq!(app, kind == Kind::Native, "an app goes on with what it can send");
        anna.submit(&[("email", &email)]).await;
        let code = house.code().await;
        let answer = anna.prove(&code).await;
        assert_eq!(anna.signed_in(&answer).await.as_deref(), Some(email.as_str()), "{kind:?}");
    }
}

#[tokio::test]
async fn a_web_hook_that_fails_after_the_proof_leaves_no_session_behind() {
    let house = House::build("memory").await;
    let mut anna = house.sign_up(Kind::Native, ANNA).await;
    let code = house.code().await;
    house.publish(|config| {
        config["selfservice"]["flows"]["verification"]["after"] = json!({"hooks": [{"hook": "web_hook", "config": {
            "url": "http://127.0.0.1:9/closed", "method": "POST",
        }}]});
    });
    let answer = anna.prove(&code).await;
    assert!(answer.status >= 500, "{}", answer.status);
    assert!(house.is_proven(ANNA).await);
    house.nobody_is_signed_in().await;
}
