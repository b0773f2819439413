//! Proof takes over: somebody signs up with an address that is not theirs, its owner proves it on another device, and nothing of
//! what was there before lets the first one in. Whoever did sign up keeps all of it.

use crate::clients::{HTML, JSON, Kind, PASSWORD, Person, Site, code_in, document, stand};
use crate::support::http::{Answer, send};
use crate::support::stand::Stand;
use base64::Engine as _;
use engine::identity::Identity;
use engine::store::{audit, identities};
use serde_json::{Value, json};
use std::time::Duration;

const ANNA: &str = "anna@vestibule.test";
const MALLORY: &str = "mallory@vestibule.test";
const OTHER: &str = "Patient-Lantern-4-Harbour";
const THIRD: &str = "Gentle-Compass-7-Orchard";

struct House {
    stand: Stand,
    site: Site,
    config: Value,
}

fn config(on: bool, signs_in: bool) -> Value {
    let way_in = json!({"credentials": {"password": {"identifier": true}}, "verification": {"via": "email"}, "recovery": {"via": "email"}});
    let address = json!({"type": "string", "format": "email", "ory.sh/kratos": way_in});
    let schema = json!({"$id": "https://vestibule.test/two", "type": "object", "properties": {"traits": {
        "type": "object", "properties": {"email": address, "other": address}, "required": ["email"],
    }}});
    let schema = base64::engine::general_purpose::STANDARD.encode(schema.to_string());
    let mut hooks = vec![json!({"hook": "show_verification_ui"})];
    if signs_in {
        hooks.push(json!({"hook": "session"}));
    }
    json!({
        "identity": {"default_schema_id": "default", "schemas": [{"id": "default", "url": format!("base64://{schema}")}]},
        "selfservice": {"flows": {
            "verification": {"enabled": true},
            "registration": {"style": "unified", "after": {"password": {"hooks": hooks}}},
        }},
        "courier": {"smtp": {"connection_uri": "smtp://127.0.0.1:1/?disable_starttls=true"}},
        "vestibule": {"registration": {"reset_on_first_verification": on}},
    })
}

impl House {
    async fn build(dsn: &str, on: bool, signs_in: bool) -> Self {
        let (stand, site) = stand(dsn, config(on, signs_in)).await;
        let listener = |authority: &String| json!({"base_url": format!("http://{authority}/")});
        let mut config = config(on, signs_in);
        config["serve"] = json!({"public": listener(&site.public), "admin": listener(&site.admin)});
        config["selfservice"]["methods"] = json!({"password": {"config": {"haveibeenpwned_enabled": false}}});
        Self { stand, site, config }
    }

    fn switch(&self, on: bool) {
        self.publish(|config| config["vestibule"]["registration"]["reset_on_first_verification"] = on.into());
    }

    /// As a new revision or file would.
    fn publish(&self, change: impl FnOnce(&mut Value)) {
        let mut config = self.config.clone();
        change(&mut config);
        self.stand.engine.publish(self.stand.world.config(vec![config]));
    }

    fn passwords(&self, on: bool) {
        self.publish(|config| config["selfservice"]["methods"]["password"]["enabled"] = on.into());
    }

    fn somebody(&self, kind: Kind) -> Somebody {
        Somebody { person: Person::new(&self.site, kind), kind, token: None, secret: Value::Null }
    }

    fn later(&self) {
        self.stand.world.clock.advance(Duration::from_secs(61));
    }

    async fn newest(&self, to: &str) -> String {
        engine::courier::deliver(&self.stand.engine).await.expect("the courier works");
        let mails = self.stand.world.mailer.sent();
        mails.iter().rev().find(|mail| mail.to == to).expect("a mail").text.clone()
    }

    async fn code(&self, to: &str) -> String {
        code_in(&self.newest(to).await)
    }

    async fn identity(&self, email: &str) -> Identity {
        let mut tx = self.stand.engine.db().read().await.expect("the database answers");
        let found =
            identities::by_verifiable_address(&mut tx, "email", email).await.expect("the database answers");
        found.expect("an account")
    }

    async fn is_proven(&self, email: &str) -> bool {
        let identity = self.identity(email).await;
        identity.verifiable_addresses.iter().any(|address| address.value == email && address.verified)
    }

    async fn can_sign_in(&self, email: &str, password: &str) -> bool {
        let mut app = self.somebody(Kind::Native);
        let (flow, _) = app.begin("login").await;
        let body = json!({"method": "password", "identifier": email, "password": password});
        let answer = app.ask("POST", &format!("/self-service/login?flow={flow}"), Some(body)).await;
        document(&answer).get("session_token").is_some()
    }

    async fn taken_over(&self) -> usize {
        let mut tx = self.stand.engine.db().read().await.expect("the database answers");
        let list = audit::list(&mut tx, 100).await.expect("the database answers");
        list.iter().filter(|entry| entry.action == "identity.reset").count()
    }
}

struct Somebody {
    person: Person,
    kind: Kind,
    token: Option<String>,
    /// What an app keeps of its sign-up.
    secret: Value,
}

impl Somebody {
    async fn ask(&mut self, method: &str, target: &str, body: Option<Value>) -> Answer {
        let origin = format!("http://{}", self.person.site().public);
        let token = self.token.clone().unwrap_or_default();
        let mut headers = vec![("Content-Type", JSON)];
        match self.kind {
            Kind::Native if token.is_empty() => {}
            Kind::Native => headers.push(("X-Session-Token", token.as_str())),
            Kind::Browser | Kind::Spa => headers.push(("Origin", origin.as_str())),
        }
        let body = body.map(|body| body.to_string());
        self.person.ask(method, target, JSON, &headers, body.as_deref()).await
    }

    /// A form: its flow and token.
    async fn begin(&mut self, what: &str) -> (String, String) {
        let way = if self.kind == Kind::Native { "api" } else { "browser" };
        let flow = document(&self.ask("GET", &format!("/self-service/{what}/{way}"), None).await);
        (flow["id"].as_str().expect("an id").to_owned(), field(&flow, "csrf_token"))
    }

    /// Signs up with these traits; the verification that follows.
    async fn sign_up(&mut self, traits: Value) -> String {
        let (flow, csrf) = self.begin("registration").await;
        let body = json!({"method": "password", "password": PASSWORD, "csrf_token": csrf, "traits": traits});
        let answer = self.ask("POST", &format!("/self-service/registration?flow={flow}"), Some(body)).await;
        let done = document(&answer);
        assert_eq!(answer.status, 200, "{done}");
        self.token = done["session_token"].as_str().map(str::to_owned);
        self.secret = done["vestibule"]["deferred_login"]["secret"].clone();
        let items = done["continue_with"].as_array().expect("items");
        let shown = items.iter().find(|item| item["action"] == "show_verification_ui").expect("a form");
        shown["flow"]["id"].as_str().expect("an id").to_owned()
    }

    /// A verification of one's own, with a code under way to `to`.
    async fn ask_for_code(&mut self, to: &str) -> String {
        let (flow, csrf) = self.begin("verification").await;
        let body = json!({"method": "code", "email": to, "csrf_token": csrf});
        let answer = self.ask("POST", &format!("/self-service/verification?flow={flow}"), Some(body)).await;
        assert_eq!(answer.status, 200);
        flow
    }

    async fn read(&mut self, flow: &str) -> Value {
        document(&self.ask("GET", &format!("/self-service/verification/flows?id={flow}"), None).await)
    }

    async fn prove(&mut self, flow: &str, code: &str, password: Option<&str>) -> Answer {
        let mut body = json!({"method": "code", "code": code});
        if self.kind != Kind::Native {
            body["csrf_token"] = field(&self.read(flow).await, "csrf_token").into();
        }
        if self.secret.is_string() {
            body["vestibule"] = json!({"deferred_login": self.secret});
        }
        if let Some(password) = password {
            body["password"] = password.into();
        }
        self.ask("POST", &format!("/self-service/verification?flow={flow}"), Some(body)).await
    }

    async fn is_signed_in(&mut self) -> bool {
        self.ask("GET", "/sessions/whoami", None).await.status == 200
    }
}

fn field(flow: &Value, name: &str) -> String {
    let nodes = flow["ui"]["nodes"].as_array().cloned().unwrap_or_default();
    let node = nodes.iter().find(|node| node["attributes"]["name"] == name);
    node.and_then(|node| node["attributes"]["value"].as_str()).unwrap_or_default().to_owned()
}

fn passed(answer: &Answer) -> bool {
    answer.status == 200 && document(answer)["state"] == "passed_challenge"
}

fn asks_for_password(answer: &Answer) -> bool {
    let nodes = document(answer)["ui"]["nodes"].as_array().cloned().unwrap_or_default();
    answer.status == 400 && nodes.iter().any(|node| node["attributes"]["name"] == "password")
}

fn both() -> Value {
    json!({"email": ANNA, "other": MALLORY})
}

async fn nothing_of_the_squatter_is_left(dsn: &str) {
    let house = House::build(dsn, true, true).await;
    let mut squatter = house.somebody(Kind::Native);
    let flow = squatter.sign_up(both()).await;
    assert!(squatter.is_signed_in().await && squatter.secret.is_string());
    let second = squatter.ask_for_code(MALLORY).await;
    let of_mallory = house.code(MALLORY).await;
    let code = house.code(ANNA).await;

    let mut anna = house.somebody(Kind::Native);
    let asked = anna.prove(&flow, &code, None).await;
    assert!(asks_for_password(&asked), "{}", document(&asked));
    assert!(!String::from_utf8_lossy(&asked.body).contains(&code), "the squatter can read this form");
    assert!(asks_for_password(&anna.prove(&flow, &code, Some("short")).await), "one that the policy takes");
    assert!(!house.is_proven(ANNA).await && squatter.is_signed_in().await, "nothing has happened so far");
    assert!(passed(&anna.prove(&flow, &code, Some(OTHER)).await));

    assert!(house.is_proven(ANNA).await);
    assert!(!squatter.is_signed_in().await, "the session");
    for email in [ANNA, MALLORY] {
        assert!(!house.can_sign_in(email, PASSWORD).await, "the password, by {email}");
    }
    assert!(!house.can_sign_in(MALLORY, OTHER).await, "the second identifier");
    assert!(house.can_sign_in(ANNA, OTHER).await);
    let again = squatter.prove(&flow, &code, None).await;
    assert!(document(&again)["vestibule"].get("session").is_none(), "the hand-over");
    assert!(!passed(&squatter.prove(&second, &of_mallory, Some(THIRD)).await), "the open form");
    let left = house.identity(ANNA).await;
    let verifiable: Vec<&str> = left.verifiable_addresses.iter().map(|own| own.value.as_str()).collect();
    let recovery: Vec<&str> = left.recovery_addresses.iter().map(|own| own.value.as_str()).collect();
    assert_eq!((verifiable, recovery), (vec![ANNA], vec![ANNA]), "the second address");
    assert_eq!(left.traits, json!({"email": ANNA}), "from which it would come back");
    assert_eq!(house.taken_over().await, 1);
}

#[tokio::test]
async fn the_squatters_session_password_second_address_and_hand_over_are_dead() {
    nothing_of_the_squatter_is_left("memory").await;
}

#[tokio::test]
async fn the_squatters_session_password_second_address_and_hand_over_are_dead_on_postgresql() {
    nothing_of_the_squatter_is_left(&engine::testing::postgres::database().await).await;
}

#[tokio::test]
async fn the_owner_who_types_the_password_on_another_device_keeps_it_and_everything() {
    let house = House::build("memory", true, true).await;
    let mut anna = house.somebody(Kind::Native);
    let flow = anna.sign_up(both()).await;
    let code = house.code(ANNA).await;
    let mut phone = house.somebody(Kind::Native);
    assert!(passed(&phone.prove(&flow, &code, Some(PASSWORD)).await));
    assert!(anna.is_signed_in().await && house.can_sign_in(MALLORY, PASSWORD).await);
    assert_eq!((house.identity(ANNA).await.traits, house.taken_over().await), (both(), 0));
}

#[tokio::test]
async fn the_holder_is_asked_for_nothing_and_keeps_everything() {
    for (kind, signs_in) in
        [(Kind::Spa, false), (Kind::Native, false), (Kind::Spa, true), (Kind::Native, true)]
    {
        let house = House::build("memory", true, signs_in).await;
        let mut anna = house.somebody(kind);
        let flow = anna.sign_up(both()).await;
        if signs_in && kind == Kind::Native {
            // By the session alone.
            anna.secret = Value::Null;
        }
        let code = house.code(ANNA).await;
        let answer = anna.prove(&flow, &code, None).await;
        assert!(passed(&answer), "{kind:?}: {}", document(&answer));
        assert_eq!(anna.is_signed_in().await, signs_in, "{kind:?}: as before");
        assert!(house.is_proven(ANNA).await);
        assert!(house.can_sign_in(ANNA, PASSWORD).await && house.can_sign_in(MALLORY, PASSWORD).await);
        assert_eq!((house.identity(ANNA).await.traits, house.taken_over().await), (both(), 0), "{kind:?}");
    }
}

#[tokio::test]
async fn a_secret_of_another_sign_up_or_a_session_of_somebody_else_is_no_holders() {
    let house = House::build("memory", true, true).await;
    let mut squatter = house.somebody(Kind::Native);
    let flow = squatter.sign_up(json!({"email": ANNA})).await;
    let code = house.code(ANNA).await;
    let mut other = house.somebody(Kind::Native);
    other.sign_up(json!({"email": MALLORY})).await;
    assert!(other.secret.is_string() && other.is_signed_in().await);
    assert!(asks_for_password(&other.prove(&flow, &code, None).await));
    assert!(!house.is_proven(ANNA).await);
}

#[tokio::test]
async fn a_code_that_is_typed_into_the_squatters_form_cannot_be_read_there() {
    let house = House::build("memory", true, false).await;
    let mut squatter = house.somebody(Kind::Spa);
    let flow = squatter.sign_up(both()).await;
    let code = house.code(ANNA).await;
    // Led to the form by the squatter, not by the mail's link.
    let mut anna = house.somebody(Kind::Spa);
    assert!(asks_for_password(&anna.prove(&flow, &code, None).await));
    assert_eq!(field(&squatter.read(&flow).await, "code"), "");
    // In the one that the link opened it waits for its owner.
    let mail = house.newest(ANNA).await;
    let link =
        mail.split_whitespace().find(|word| word.contains("/self-service/verification?")).expect("a link");
    let path = link.split_once(&house.site.public).expect("here").1.to_owned();
    anna.ask("GET", &path, None).await;
    assert!(asks_for_password(&anna.prove(&flow, &code, None).await));
    assert_eq!(field(&anna.read(&flow).await, "code"), code);
    assert_eq!(field(&squatter.read(&flow).await, "code"), "");
    assert!(passed(&anna.prove(&flow, &code, Some(OTHER)).await));
    assert!(!house.can_sign_in(ANNA, PASSWORD).await && house.can_sign_in(ANNA, OTHER).await);
}

/// The path of the newest mail's link.
async fn link(house: &House) -> String {
    let mail = house.newest(ANNA).await;
    let link = mail.split_whitespace().find(|word| word.contains("/self-service/verification?"));
    link.expect("a link").split_once(&house.site.public).expect("here").1.to_owned()
}

fn messages(flow: &Value, name: &str) -> Vec<String> {
    let nodes = flow["ui"]["nodes"].as_array().cloned().unwrap_or_default();
    let of_node = nodes.into_iter().filter(|node| node["attributes"]["name"] == name);
    let all = of_node.flat_map(|node| node["messages"].as_array().cloned().unwrap_or_default());
    all.map(|message| message["type"].as_str().expect("a type").to_owned()).collect()
}

fn has(flow: &Value, name: &str) -> bool {
    flow["ui"]["nodes"].as_array().into_iter().flatten().any(|node| node["attributes"]["name"] == name)
}

/// Each browser by itself: the phone that opens the link is asked from the start, and the desk where the sign-up came from never.
#[tokio::test]
async fn who_opens_the_link_elsewhere_is_asked_from_the_start_and_who_signed_up_is_not() {
    let house = House::build("memory", true, false).await;
    let mut desk = house.somebody(Kind::Spa);
    let flow = desk.sign_up(both()).await;
    let before = desk.read(&flow).await;
    let link = link(&house).await;
    let mut phone = house.somebody(Kind::Browser);
    phone.person.ask("GET", &link, HTML, &[], None).await;
    let form = phone.read(&flow).await;
    assert_eq!(messages(&form, "password"), ["info"], "nothing is wrong yet: {form}");
    let page = phone.person.ask("GET", &format!("/verification?flow={flow}"), HTML, &[], None).await;
    let page = String::from_utf8_lossy(&page.body).into_owned();
    assert!(page.contains("name=\"password\"") && page.contains("by-link"), "{page}");
    assert!(!page.contains("one-step") && !page.contains("aria-invalid"), "{page}");
    // What went wrong on the phone is told there.
    let of_link = field(&form, "code");
    assert!(asks_for_password(&phone.prove(&flow, &of_link, None).await));
    assert_eq!(messages(&phone.read(&flow).await, "password"), ["error"]);

    let after = desk.read(&flow).await;
    assert!(!has(&after, "password"), "{after}");
    assert_eq!(after["ui"]["messages"], before["ui"]["messages"]);
    // There the link asks for nothing either.
    desk.person.ask("GET", &link, HTML, &[], None).await;
    assert!(!has(&desk.read(&flow).await, "password"));
    assert!(passed(&desk.prove(&flow, &house.code(ANNA).await, None).await));
    assert_eq!(house.taken_over().await, 0);
    assert!(!has(&phone.read(&flow).await, "password"), "it is over there too");
}

#[tokio::test]
async fn a_link_that_is_none_tells_nothing_of_the_sign_up_and_a_scanner_changes_nothing() {
    let house = House::build("memory", true, false).await;
    let mut desk = house.somebody(Kind::Spa);
    let flow = desk.sign_up(both()).await;
    let (code, link) = (house.code(ANNA).await, link(&house).await);
    // The code itself in the place of the link's secret: a guess that would not be counted.
    for guess in [code.clone(), "0".repeat(39)] {
        let mut stranger = house.somebody(Kind::Spa);
        let target = format!("/self-service/verification?code={guess}&flow={flow}");
        stranger.person.ask("GET", &target, HTML, &[], None).await;
        assert!(!has(&stranger.read(&flow).await, "password"), "{guess}");
    }
    for _ in 0..20 {
        house.somebody(Kind::Browser).person.ask("GET", &link, HTML, &[], None).await;
    }
    assert!(!house.is_proven(ANNA).await);
    assert!(!has(&desk.read(&flow).await, "password"));
    assert!(passed(&desk.prove(&flow, &code, None).await));
    assert!(house.can_sign_in(ANNA, PASSWORD).await);
}

async fn others_are_not_taken_over(dsn: &str) {
    const IMPORTED: &str = "imported@vestibule.test";
    const EARLIER: &str = "earlier@vestibule.test";
    const LATER: &str = "later@vestibule.test";
    let house = House::build(dsn, false, false).await;
    let mut phone = house.somebody(Kind::Native);
    let flow = house.somebody(Kind::Native).sign_up(json!({"email": EARLIER})).await;
    house.switch(true);
    let code = house.code(EARLIER).await;
    assert!(passed(&phone.prove(&flow, &code, Some(OTHER)).await), "made while the option was off");
    assert!(house.can_sign_in(EARLIER, PASSWORD).await && !house.can_sign_in(EARLIER, OTHER).await);

    let imported = json!({"schema_id": "default", "traits": {"email": IMPORTED},
        "credentials": {"password": {"config": {"password": PASSWORD}}}});
    let headers =
        [("Host".to_owned(), house.site.admin.clone()), ("Content-Type".to_owned(), JSON.to_owned())];
    let body = imported.to_string();
    let made = send(&house.site.admin, "POST", "/admin/identities", &headers, Some(body.as_bytes())).await;
    assert_eq!(made.expect("the server answers").status, 201);
    let flow = phone.ask_for_code(IMPORTED).await;
    let code = house.code(IMPORTED).await;
    assert!(passed(&phone.prove(&flow, &code, Some(OTHER)).await), "made by an administrator");
    assert!(house.can_sign_in(IMPORTED, PASSWORD).await && !house.can_sign_in(IMPORTED, OTHER).await);

    let mut anna = house.somebody(Kind::Native);
    let flow = anna.sign_up(both()).await;
    let code = house.code(ANNA).await;
    assert!(passed(&anna.prove(&flow, &code, None).await));
    let flow = phone.ask_for_code(MALLORY).await;
    let code = house.code(MALLORY).await;
    assert!(passed(&phone.prove(&flow, &code, Some(OTHER)).await), "not the first proof");
    assert!(house.can_sign_in(ANNA, PASSWORD).await && !house.can_sign_in(ANNA, OTHER).await);

    let flow = house.somebody(Kind::Native).sign_up(json!({"email": LATER})).await;
    house.switch(false);
    let code = house.code(LATER).await;
    assert!(passed(&phone.prove(&flow, &code, Some(OTHER)).await), "switched off meanwhile");
    assert!(house.can_sign_in(LATER, PASSWORD).await && !house.can_sign_in(LATER, OTHER).await);
    assert_eq!(house.taken_over().await, 0);
}

#[tokio::test]
async fn whoever_was_imported_made_before_or_proven_before_is_not_taken_over() {
    others_are_not_taken_over("memory").await;
}

#[tokio::test]
async fn whoever_was_imported_made_before_or_proven_before_is_not_taken_over_on_postgresql() {
    others_are_not_taken_over(&engine::testing::postgres::database().await).await;
}

#[tokio::test]
async fn a_code_takes_over_once() {
    let house = House::build("memory", true, false).await;
    let flow = house.somebody(Kind::Native).sign_up(both()).await;
    let code = house.code(ANNA).await;
    assert!(passed(&house.somebody(Kind::Native).prove(&flow, &code, Some(OTHER)).await));
    assert!(!passed(&house.somebody(Kind::Native).prove(&flow, &code, Some(THIRD)).await));
    assert!(house.can_sign_in(ANNA, OTHER).await && !house.can_sign_in(ANNA, THIRD).await);
    // Nor does a later one.
    house.stand.world.clock.advance(Duration::from_secs(120));
    let mut phone = house.somebody(Kind::Native);
    let flow = phone.ask_for_code(ANNA).await;
    let code = house.code(ANNA).await;
    phone.prove(&flow, &code, Some(THIRD)).await;
    assert!(house.can_sign_in(ANNA, OTHER).await && !house.can_sign_in(ANNA, THIRD).await);
    assert_eq!(house.taken_over().await, 1);
}

/// By one code, and by two of different forms.
async fn one_of_two_at_once(dsn: &str) {
    let house = House::build(dsn, true, false).await;
    let first = house.somebody(Kind::Native).sign_up(both()).await;
    let of_first = house.code(ANNA).await;
    let second = house.somebody(Kind::Native).ask_for_code(MALLORY).await;
    let of_second = house.code(MALLORY).await;
    let (mut anna, mut berta, mut mallory) =
        (house.somebody(Kind::Native), house.somebody(Kind::Native), house.somebody(Kind::Native));
    let answers = tokio::join!(
        anna.prove(&first, &of_first, Some(OTHER)),
        berta.prove(&first, &of_first, Some(THIRD)),
        mallory.prove(&second, &of_second, Some("Silver-Thicket-2-Meadow")),
    );
    let done = [passed(&answers.0), passed(&answers.1), passed(&answers.2)];
    assert_eq!(done.iter().filter(|passed| **passed).count(), 1, "{done:?}");
    assert_eq!(house.taken_over().await, 1);
    let works = [
        house.can_sign_in(ANNA, OTHER).await,
        house.can_sign_in(ANNA, THIRD).await,
        house.can_sign_in(MALLORY, "Silver-Thicket-2-Meadow").await,
    ];
    assert_eq!(works, done, "whose proof it was has the account");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_proofs_at_once_one_takes_over() {
    one_of_two_at_once("memory").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_proofs_at_once_one_takes_over_on_postgresql() {
    one_of_two_at_once(&engine::testing::postgres::database().await).await;
}

/// Where nobody signs in with a password none is asked for, and whoever proves the address ends the account.
#[tokio::test]
async fn where_passwords_are_off_the_owner_of_the_address_ends_the_squatters_account() {
    let house = House::build("memory", true, true).await;
    let mut squatter = house.somebody(Kind::Native);
    let flow = squatter.sign_up(both()).await;
    let code = house.code(ANNA).await;
    house.passwords(false);
    let mut anna = house.somebody(Kind::Native);
    for typed in [None, Some(OTHER)] {
        let asked = anna.prove(&flow, &code, typed).await;
        let form = document(&asked);
        let names: Vec<&str> = form["ui"]["nodes"]
            .as_array()
            .expect("nodes")
            .iter()
            .filter_map(|node| node["attributes"]["name"].as_str())
            .collect();
        assert_eq!(asked.status, 400, "{form}");
        assert!(names.contains(&"start_over") && !names.contains(&"password"), "{names:?}");
    }
    assert!(squatter.is_signed_in().await && !house.is_proven(ANNA).await, "nothing has happened so far");
    // An email is on its way to another address of the account.
    let form = document(&squatter.ask("GET", "/self-service/verification/api", None).await);
    let other = format!("/self-service/verification?flow={}", form["id"].as_str().expect("an id"));
    let queued = squatter.ask("POST", &other, Some(json!({"method": "code", "email": MALLORY}))).await;
    assert_eq!(queued.status, 200, "{}", document(&queued));
    let target = format!("/self-service/verification?flow={flow}");
    let body = json!({"method": "code", "code": code, "start_over": true});
    let answer = anna.ask("POST", &target, Some(body.clone())).await;
    assert_eq!(answer.status, 410, "{}", document(&answer));
    assert!(!squatter.is_signed_in().await, "the session");
    assert_eq!(house.taken_over().await, 1);
    engine::courier::deliver(&house.stand.engine).await.expect("the courier works");
    assert!(house.stand.world.mailer.sent().iter().all(|mail| mail.to != MALLORY), "nothing is sent for it");
    assert!(!passed(&anna.ask("POST", &target, Some(body)).await), "the code is gone with it");
    assert_eq!(house.taken_over().await, 1);
    house.passwords(true);
    for email in [ANNA, MALLORY] {
        assert!(!house.can_sign_in(email, PASSWORD).await, "{email}");
    }
    house.later();
    anna.sign_up(both()).await;
    assert!(anna.is_signed_in().await, "the address is free");
}

/// Whoever is known to have signed up keeps all of it there too.
#[tokio::test]
async fn where_passwords_are_off_the_holder_is_asked_for_nothing() {
    let house = House::build("memory", true, true).await;
    let mut anna = house.somebody(Kind::Native);
    let flow = anna.sign_up(both()).await;
    let code = house.code(ANNA).await;
    house.passwords(false);
    assert!(passed(&anna.prove(&flow, &code, None).await));
    assert!(anna.is_signed_in().await && house.is_proven(ANNA).await);
    assert_eq!((house.identity(ANNA).await.traits, house.taken_over().await), (both(), 0));
}
