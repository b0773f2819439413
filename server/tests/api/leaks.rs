//! Registration that leaks nothing, attacked from outside: whole conversations with a known and with an unknown address are
//! held against each other; and what becomes of a sign-up whose address is proven, by whom, and what others learn of it.

use crate::clients::code_in;
use crate::support::http::{Answer, send};
use crate::support::sink::Sink;
use crate::support::stand::{Ports, Stand};
use engine::password::{Caller, Hasher};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

mod busy;

const PASSWORD: &str = "Correct-Horse-9-Battery";
const OTHER: &str = "Patient-Lantern-4-Harbour";
/// Of one length: what a body is long may tell, too.
const KNOWN: &str = "anna@vestibule.test";
const UNKNOWN: &str = "bert@vestibule.test";
const WRONG: &str = "000000";
const HTML: &str = "text/html,application/xhtml+xml,*/*;q=0.8";
const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

struct Place {
    stand: Stand,
    public: String,
    admin: String,
    document: Value,
}

impl Place {
    async fn start(dsn: &str, prevent_enumeration: bool) -> Self {
        Self::start_with(dsn, prevent_enumeration, json!([{"hook": "session"}])).await
    }

    async fn start_with(dsn: &str, prevent_enumeration: bool, hooks: Value) -> Self {
        Self::start_hashing(dsn, prevent_enumeration, hooks, Hasher::sized(2, 256)).await
    }

    /// Anna has an account, proven; nobody else has. `hasher` may be too busy for anybody.
    async fn start_hashing(dsn: &str, prevent_enumeration: bool, hooks: Value, hasher: Hasher) -> Self {
        let ports = Ports::take().await;
        let (public, admin) = (ports.public().to_string(), ports.admin().to_string());
        let listener = |address: std::net::SocketAddr| json!({"host": address.ip().to_string(), "port": address.port(), "base_url": format!("http://{address}/")});
        let document = json!({
            "serve": {"public": listener(ports.public()), "admin": listener(ports.admin())},
            "selfservice": {
                "methods": {"password": {"config": {"haveibeenpwned_enabled": false}}},
                "flows": {
                    "verification": {"enabled": true},
                    "registration": {"style": "unified", "after": {"password": {"hooks": hooks}}},
                },
            },
            "courier": {"smtp": {"connection_uri": "smtp://127.0.0.1:1/?disable_starttls=true"}},
            "vestibule": {"registration": {"prevent_enumeration": prevent_enumeration}},
        });
        let stand = Stand::start(ports, dsn, document.clone(), hasher).await;
        let place = Self { stand, public, admin, document };
        let config = place.stand.engine.begin().config;
        let hasher = Hasher::sized(1, 1);
        let hash = hasher.hash(Caller::SERVER, &place.stand.world.effects(), &config.hashers, OTHER).await;
        let anna = json!({
            "traits": {"email": KNOWN},
            "credentials": {"password": {"config": {"hashed_password": hash.expect("a hash")}}},
            "verifiable_addresses": [{"value": KNOWN, "via": "email", "verified": true}],
        });
        let headers =
            [("Host".to_owned(), place.admin.clone()), ("Content-Type".to_owned(), JSON.to_owned())];
        let anna = anna.to_string();
        let made = send(&place.admin, "POST", "/admin/identities", &headers, Some(anna.as_bytes())).await;
        assert_eq!(made.expect("the server answers").status, 201);
        place
    }

    async fn accounts(&self) -> Vec<Value> {
        let headers = [("Host".to_owned(), self.admin.clone()), ("Accept".to_owned(), JSON.to_owned())];
        let answer = send(&self.admin, "GET", "/admin/identities", &headers, None).await;
        document(&answer.expect("the server answers")).as_array().expect("a list").clone()
    }

    /// Everything that has left so far, the newest last.
    async fn mails(&self) -> Vec<engine::effects::Mail> {
        engine::courier::deliver(&self.stand.engine).await.expect("the courier works");
        self.stand.world.mailer.sent()
    }

    async fn newest_code(&self, to: &str) -> String {
        let mails = self.mails().await;
        let mail = mails.iter().rev().find(|mail| mail.to == to).expect("a mail");
        code_in(&mail.text)
    }

    fn later(&self, time: Duration) {
        self.stand.world.clock.advance(time);
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Browser,
    Spa,
    Native,
}

/// Somebody with cookies of their own, and everything they are told.
struct Visitor<'a> {
    place: &'a Place,
    kind: Kind,
    jar: BTreeMap<String, String>,
    /// What an app keeps of its sign-up.
    kept: Option<Value>,
    told: Vec<String>,
}

impl<'a> Visitor<'a> {
    fn new(place: &'a Place, kind: Kind) -> Self {
        Self { place, kind, jar: BTreeMap::new(), kept: None, told: Vec::new() }
    }

    async fn ask(
        &mut self,
        method: &str,
        target: &str,
        accept: &str,
        body: Option<(&str, String)>,
    ) -> Answer {
        let place = self.place;
        let mut headers =
            vec![("Host".to_owned(), place.public.clone()), ("Accept".to_owned(), accept.to_owned())];
        if let Some((kind, _)) = &body {
            headers.push(("Content-Type".to_owned(), (*kind).to_owned()));
        }
        if self.kind != Kind::Native {
            if method == "POST" {
                headers.push(("Origin".to_owned(), format!("http://{}", place.public)));
            }
            if !self.jar.is_empty() {
                let pairs: Vec<String> =
                    self.jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
                headers.push(("Cookie".to_owned(), pairs.join("; ")));
            }
        }
        let body = body.map(|(_, body)| body);
        let answer = send(&place.public, method, target, &headers, body.as_deref().map(str::as_bytes)).await;
        let answer = answer.expect("the server answers");
        for (_, cookie) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            if let Some((name, value)) = cookie.split(';').next().and_then(|pair| pair.split_once('=')) {
                match cookie.contains("Max-Age=0") {
                    true => self.jar.remove(name),
                    false => self.jar.insert(name.to_owned(), value.to_owned()),
                };
            }
        }
        let headers: Vec<String> = answer
            .headers
            .iter()
            .filter(|(name, _)| name != "date")
            .map(|(name, value)| format!("{name}: {value}"))
            .collect();
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        let path = target.split('?').next().unwrap_or_default();
        self.told.push(format!("{method} {path}\n{}\n{}\n\n{body}", answer.status, headers.join("\n")));
        answer
    }

    /// A form: its flow.
    async fn begin(&mut self, flow: &str) -> String {
        match self.kind {
            Kind::Native => {
                let answer = self.ask("GET", &format!("/self-service/{flow}/api"), JSON, None).await;
                id(&document(&answer))
            }
            Kind::Spa => {
                let answer = self.ask("GET", &format!("/self-service/{flow}/browser"), JSON, None).await;
                id(&document(&answer))
            }
            Kind::Browser => {
                let answer = self.ask("GET", &format!("/self-service/{flow}/browser"), HTML, None).await;
                self.look(&answer).await
            }
        }
    }

    /// The page that an answer leads to, looked at; its flow.
    async fn look(&mut self, answer: &Answer) -> String {
        let location = answer.header("location").expect("a way on").to_owned();
        let path = location.strip_prefix(&format!("http://{}", self.place.public)).expect("here").to_owned();
        self.ask("GET", &path, HTML, None).await;
        path.split_once("flow=").map(|(_, flow)| flow.to_owned()).unwrap_or_default()
    }

    /// What the flow looks like now.
    async fn read(&mut self, kind: &str, flow: &str) -> Value {
        let answer = self.ask("GET", &format!("/self-service/{kind}/flows?id={flow}"), JSON, None).await;
        document(&answer)
    }

    /// Sends fields with the form's token.
    async fn send(&mut self, kind: &str, flow: &str, fields: &[(&str, &str)]) -> Answer {
        let target = format!("/self-service/{kind}?flow={flow}");
        let token = match self.kind {
            Kind::Native => String::new(),
            Kind::Browser | Kind::Spa => field(&self.read(kind, flow).await, "csrf_token"),
        };
        if self.kind == Kind::Browser {
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            form.append_pair("csrf_token", &token).extend_pairs(fields);
            return self.ask("POST", &target, HTML, Some((FORM, form.finish()))).await;
        }
        let mut body = json!({"csrf_token": token});
        for (name, value) in fields {
            body[*name] = json!(value);
        }
        if let Some(kept) = &self.kept {
            body["vestibule"] = kept.clone();
        }
        self.ask("POST", &target, JSON, Some((JSON, body.to_string()))).await
    }

    async fn fill(&mut self, flow: &str, email: &str, password: &str) -> Answer {
        let fields = [("method", "password"), ("password", password), ("traits.email", email)];
        self.send("registration", flow, &fields).await
    }

    /// Signs up; the verification that follows.
    async fn sign_up(&mut self, email: &str, password: &str) -> String {
        let flow = self.begin("registration").await;
        let answer = self.fill(&flow, email, password).await;
        self.follow(&answer).await
    }

    /// The verification that a sign-up led to.
    async fn follow(&mut self, answer: &Answer) -> String {
        if self.kind == Kind::Browser {
            assert_eq!(answer.status, 303, "{}", String::from_utf8_lossy(&answer.body));
            return self.look(answer).await;
        }
        let body = document(answer);
        assert_eq!(answer.status, 200, "{body}");
        let secret = &body["vestibule"]["deferred_login"]["secret"];
        self.kept = secret.is_string().then(|| json!({"deferred_login": secret}));
        let items = body["continue_with"].as_array().expect("a way on").iter();
        let item =
            items.clone().find(|item| item["action"] == "show_verification_ui").expect("a code to type in");
        item["flow"]["id"].as_str().expect("an id").to_owned()
    }

    async fn code(&mut self, flow: &str, code: &str) -> Answer {
        self.send("verification", flow, &[("method", "code"), ("code", code)]).await
    }

    async fn sign_in(&mut self, email: &str, password: &str) -> Answer {
        let flow = self.begin("login").await;
        let fields = [("method", "password"), ("password", password), ("identifier", email)];
        self.send("login", &flow, &fields).await
    }

    /// Signed in, by what the answer to the sign-in says.
    async fn can_sign_in(&self, email: &str, password: &str) -> bool {
        let mut app = Visitor::new(self.place, Kind::Native);
        document(&app.sign_in(email, password).await).get("session_token").is_some()
    }
}

fn document(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body)
        .unwrap_or_else(|_| panic!("{} with {}", answer.status, String::from_utf8_lossy(&answer.body)))
}

fn id(flow: &Value) -> String {
    flow["id"].as_str().unwrap_or_else(|| panic!("{flow}")).to_owned()
}

fn field(flow: &Value, name: &str) -> String {
    // What is no form has no fields, and is sent all the same.
    let mut nodes = flow["ui"]["nodes"].as_array().into_iter().flatten();
    let node = nodes.find(|node| node["attributes"]["name"] == name);
    node.and_then(|node| node["attributes"]["value"].as_str()).unwrap_or_default().to_owned()
}

/// Everything that somebody is told who signs up, guesses, asks again, signs in and signs up once more.
async fn conversation(place: &Place, kind: Kind, email: &str) -> Vec<String> {
    let mut visitor = Visitor::new(place, kind);
    let flow = visitor.begin("registration").await;
    // A form with a mistake comes back alike, too.
    visitor.fill(&flow, email, "short").await;
    let answer = visitor.fill(&flow, email, PASSWORD).await;
    let waiting = match kind {
        // With the option off a known address comes back to the form.
        Kind::Browser if answer.header("location").is_some_and(|to| to.contains("/verification")) => {
            Some(visitor.look(&answer).await)
        }
        Kind::Browser => None,
        Kind::Spa | Kind::Native if answer.status == 200 => {
            let items = document(&answer)["continue_with"].clone();
            let items = items.as_array().cloned().unwrap_or_default();
            let shown = items.iter().find(|item| item["action"] == "show_verification_ui");
            shown.and_then(|item| item["flow"]["id"].as_str().map(str::to_owned))
        }
        Kind::Spa | Kind::Native => None,
    };
    // With the option off that was all: one of the two is signed in.
    let Some(waiting) = waiting else { return visitor.told };
    place.mails().await;
    visitor.read("registration", &flow).await;
    visitor.read("verification", &waiting).await;
    for _ in 0..2 {
        let answer = visitor.code(&waiting, WRONG).await;
        if kind == Kind::Browser {
            visitor.look(&answer).await;
        }
    }
    visitor.send("verification", &waiting, &[("method", "code"), ("email", email)]).await;
    place.mails().await;
    visitor.read("verification", &waiting).await;
    for _ in 0..4 {
        let answer = visitor.code(&waiting, WRONG).await;
        if kind == Kind::Browser {
            visitor.look(&answer).await;
        }
    }
    visitor.read("verification", &waiting).await;
    visitor.fill(&flow, email, PASSWORD).await;
    let refused = visitor.sign_in(email, PASSWORD).await;
    assert_ne!(refused.status, 200, "nobody has that password");
    let again = visitor.begin("registration").await;
    visitor.fill(&again, email, PASSWORD).await;
    let asked = visitor.begin("verification").await;
    visitor.send("verification", &asked, &[("method", "code"), ("email", email)]).await;
    visitor.told
}

/// What differs from one conversation to the next whoever takes part: ids, tokens, the address itself.
fn neutral(told: &str, email: &str) -> String {
    let told = told.replace(email, "<address>").replace(&email.replace('@', "%40"), "<address>");
    let part_of_a_word = |letter: char| letter.is_ascii_alphanumeric() || "+/_-".contains(letter);
    let mut text = String::new();
    let mut word = String::new();
    for letter in told.chars().chain(std::iter::once('\n')) {
        if part_of_a_word(letter) {
            word.push(letter);
            continue;
        }
        text.push_str(&without_ids(&std::mem::take(&mut word)));
        text.push(letter);
    }
    text
}

fn without_ids(word: &str) -> String {
    const UUID: usize = 36;
    const SECRET: usize = 40;
    // The cookie's name ends with part of a digest.
    const COOKIE: &str = "vestibule_deferred_login_";
    if let Some(digest) = word.strip_prefix(COOKIE) {
        return format!("{COOKIE}<{} of a digest>", digest.len());
    }
    let at = (0..word.len().saturating_sub(UUID - 1)).find(|at| is_uuid(&word[*at..*at + UUID]));
    match at {
        Some(at) => format!("{}<id>{}", &word[..at], without_ids(&word[at + UUID..])),
        None if word.len() >= SECRET => format!("<{} of a secret>", word.len()),
        None => word.to_owned(),
    }
}

fn is_uuid(text: &str) -> bool {
    text.bytes().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    })
}

async fn conversations(dsn: &str, kind: Kind, prevent_enumeration: bool) -> (Vec<String>, Vec<String>) {
    let place = Place::start(dsn, prevent_enumeration).await;
    let mut told = Vec::new();
    for email in [KNOWN, UNKNOWN] {
        let one = conversation(&place, kind, email).await;
        told.push(one.iter().map(|told| neutral(told, email)).collect::<Vec<_>>());
    }
    let unknown = told.pop().expect("two");
    (told.pop().expect("two"), unknown)
}

async fn alike(dsn: &str, kind: Kind) {
    let (known, unknown) = conversations(dsn, kind, true).await;
    assert!(known.len() > 15, "{} exchanges", known.len());
    for (at, (known, unknown)) in known.iter().zip(&unknown).enumerate() {
        assert_eq!(known, unknown, "{kind:?}, exchange {at}");
    }
    assert_eq!(known.len(), unknown.len(), "{kind:?}");
}

#[tokio::test]
async fn a_browser_is_told_the_same_whether_or_not_the_address_is_known() {
    alike("memory", Kind::Browser).await;
}

#[tokio::test]
async fn a_page_with_a_script_is_told_the_same_whether_or_not_the_address_is_known() {
    alike("memory", Kind::Spa).await;
}

#[tokio::test]
async fn an_app_is_told_the_same_whether_or_not_the_address_is_known() {
    alike("memory", Kind::Native).await;
}

#[tokio::test]
async fn all_are_told_the_same_on_postgresql_too() {
    for kind in [Kind::Browser, Kind::Spa, Kind::Native] {
        alike(&engine::testing::postgres::database().await, kind).await;
    }
}

/// The comparison sees what it is for.
#[tokio::test]
async fn with_the_option_off_the_answers_tell() {
    for kind in [Kind::Browser, Kind::Spa, Kind::Native] {
        let (known, unknown) = conversations("memory", kind, false).await;
        assert_ne!(known, unknown, "{kind:?}");
    }
}

#[tokio::test]
async fn the_mail_alone_says_which_it_is_and_a_known_address_is_not_flooded() {
    let place = Place::start("memory", true).await;
    for email in [KNOWN, UNKNOWN] {
        Visitor::new(&place, Kind::Native).sign_up(email, PASSWORD).await;
        place.mails().await;
    }
    let of = |mails: &[engine::effects::Mail], to: &str| {
        mails.iter().filter(|mail| mail.to == to).cloned().collect::<Vec<_>>()
    };
    let mails = place.mails().await;
    let (known, unknown) = (of(&mails, KNOWN), of(&mails, UNKNOWN));
    assert_eq!(unknown.len(), 1);
    assert!(unknown.iter().all(|mail| mail.text.contains("code=")));
    assert_eq!(known.len(), 1);
    assert!(known[0].subject.contains("have an account"), "{}", known[0].subject);
    assert!(!known[0].text.contains("code=") && known[0].text.contains("/login"), "{}", known[0].text);
    for _ in 0..10 {
        place.later(Duration::from_secs(61));
        Visitor::new(&place, Kind::Native).sign_up(KNOWN, PASSWORD).await;
        place.mails().await;
    }
    assert_eq!(of(&place.mails().await, KNOWN).len(), 5, "five an hour");
    assert_eq!(place.accounts().await.len(), 1);
}

#[tokio::test]
async fn until_the_proof_nobody_has_that_account_and_then_its_maker_is_signed_in() {
    for kind in [Kind::Browser, Kind::Spa, Kind::Native] {
        let place = Place::start("memory", true).await;
        let mut bert = Visitor::new(&place, kind);
        let flow = bert.sign_up(UNKNOWN, PASSWORD).await;
        assert_eq!(place.accounts().await.len(), 1, "{kind:?}");
        assert!(!bert.can_sign_in(UNKNOWN, PASSWORD).await, "{kind:?}");
        let code = place.newest_code(UNKNOWN).await;
        let done = bert.code(&flow, &code).await;
        let accounts = place.accounts().await;
        let own = accounts.iter().find(|one| one["traits"]["email"] == UNKNOWN).expect("an account");
        assert_eq!(own["verifiable_addresses"][0]["verified"], true);
        let told = bert.told.join("\n");
        if kind != Kind::Browser {
            assert!(told.contains(own["id"].as_str().expect("an id")), "the id was given in advance");
        }
        // `session` is in the list: the proof, by whoever signed up, signs in.
        let cookie = bert.jar.keys().any(|name| name == "ory_kratos_session");
        let token = serde_json::from_slice::<Value>(&done.body)
            .is_ok_and(|body| body["vestibule"]["session_token"].is_string());
        assert_eq!((cookie, token), (kind != Kind::Native, kind == Kind::Native), "{kind:?}\n{told}");
        assert!(bert.can_sign_in(UNKNOWN, PASSWORD).await, "{kind:?}");
    }
}

/// A limit keeps the second sign-up from an email of its own, and the newest code is that of the first.
async fn the_mailed_code_counts_for_the_second(dsn: &str) {
    let place = Place::start(dsn, true).await;
    let mut few = place.document.clone();
    few["vestibule"]["limits"] = json!({"emails": {"per_address_and_client": 1}});
    place.stand.engine.publish(place.stand.world.config(vec![few]));
    let mut bert = Visitor::new(&place, Kind::Spa);
    let first = bert.sign_up(UNKNOWN, OTHER).await;
    let code = place.newest_code(UNKNOWN).await;
    let mut again = Visitor::new(&place, Kind::Spa);
    let second = again.sign_up(UNKNOWN, PASSWORD).await;
    let mut mallory = Visitor::new(&place, Kind::Spa);
    let third = mallory.sign_up("mallory@vestibule.test", PASSWORD).await;
    place.mails().await;
    assert_eq!(
        document(&mallory.code(&third, &code).await)["ui"]["messages"][0]["id"],
        4070006,
        "another address"
    );
    assert_eq!(document(&again.code(&second, &code).await)["state"], "passed_challenge");
    assert_eq!(place.accounts().await.len(), 2);
    assert!(again.can_sign_in(UNKNOWN, PASSWORD).await && !again.can_sign_in(UNKNOWN, OTHER).await);
    let late = bert.code(&first, &code).await;
    assert_ne!(document(&late)["state"], "passed_challenge", "used up");
    assert_eq!(place.accounts().await.len(), 2);
}

#[tokio::test]
async fn the_code_in_the_newest_mail_counts_for_a_second_sign_up_that_had_none() {
    the_mailed_code_counts_for_the_second("memory").await;
}

#[tokio::test]
async fn the_code_in_the_newest_mail_counts_for_a_second_sign_up_on_postgresql_too() {
    the_mailed_code_counts_for_the_second(&engine::testing::postgres::database().await).await;
}

#[tokio::test]
async fn the_session_of_somebody_else_in_that_browser_is_not_replaced() {
    for kind in [Kind::Browser, Kind::Spa] {
        let place = Place::start("memory", true).await;
        let mut browser = Visitor::new(&place, kind);
        let flow = browser.sign_up(UNKNOWN, PASSWORD).await;
        let code = place.newest_code(UNKNOWN).await;
        // Meanwhile Anna signs in there.
        browser.sign_in(KNOWN, OTHER).await;
        // The verification belongs to the cookie from before; by the mail's link it goes on with the newer one.
        browser.ask("GET", &format!("/self-service/verification?flow={flow}&code={code}"), HTML, None).await;
        browser.code(&flow, &code).await;
        let whoami = document(&browser.ask("GET", "/sessions/whoami", JSON, None).await);
        assert_eq!(whoami["identity"]["traits"]["email"], KNOWN, "{kind:?}");
        assert_eq!(place.accounts().await.len(), 2, "{kind:?}: the account is made all the same");
        assert!(browser.can_sign_in(UNKNOWN, PASSWORD).await, "{kind:?}: by whoever signed up");
    }
}

#[tokio::test]
async fn whoever_proves_an_address_that_a_stranger_signed_up_with_chooses_the_password() {
    let place = Place::start("memory", true).await;
    let mut stranger = Visitor::new(&place, Kind::Spa);
    let flow = stranger.sign_up(UNKNOWN, PASSWORD).await;
    let code = place.newest_code(UNKNOWN).await;
    // Bert opens the mail's link elsewhere.
    let mut bert = Visitor::new(&place, Kind::Browser);
    let mails = place.mails().await;
    let (_, link) = mails.last().expect("a mail").text.split_once(&place.public).expect("a link");
    let link = link.split_whitespace().next().expect("an address").to_owned();
    let opened = bert.ask("GET", &link, HTML, None).await;
    bert.look(&opened).await;
    let page = bert.told.last().expect("a page");
    assert!(page.contains("name=\"password\"") && !page.contains("one-step"), "{page}");
    assert!(!page.contains("aria-invalid"), "nothing is wrong yet: {page}");
    assert_eq!(place.accounts().await.len(), 1, "opening it makes nothing");
    assert!(
        !stranger.read("verification", &flow).await.to_string().contains("\"password\""),
        "elsewhere nothing is asked"
    );
    let asked = bert.code(&flow, &code).await;
    bert.look(&asked).await;
    let page = bert.told.last().expect("a page");
    assert!(page.contains("name=\"password\"") && page.contains(&format!("value=\"{code}\"")), "{page}");
    assert_eq!(place.accounts().await.len(), 1, "not without a password of his own");
    let fields = [("method", "code"), ("code", code.as_str()), ("password", "short")];
    bert.send("verification", &flow, &fields).await;
    assert_eq!(place.accounts().await.len(), 1, "which the policy takes");
    let fields = [("method", "code"), ("code", code.as_str()), ("password", OTHER)];
    bert.send("verification", &flow, &fields).await;
    assert_eq!(place.accounts().await.len(), 2);
    assert!(bert.can_sign_in(UNKNOWN, OTHER).await);
    assert!(!bert.can_sign_in(UNKNOWN, PASSWORD).await, "the stranger's password is gone");
    assert!(!bert.jar.contains_key("ory_kratos_session"), "nor is anybody signed in by it");
    assert!(!stranger.jar.contains_key("ory_kratos_session"));
}

#[tokio::test]
async fn what_a_stranger_wrote_into_an_account_does_not_let_them_in() {
    let place = Place::start("memory", true).await;
    let address = |extension: Value| json!({"type": "string", "format": "email", "ory.sh/kratos": extension});
    let own = json!({"credentials": {"password": {"identifier": true}}, "verification": {"via": "email"}, "recovery": {"via": "email"}});
    let schema = json!({"$id": "https://vestibule.test/two", "type": "object", "properties": {"traits": {
        "type": "object", "properties": {"email": address(own.clone()), "other": address(own)},
    }}});
    let schema = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, schema.to_string());
    let mut two = place.document.clone();
    two["identity"]["schemas"] = json!([{"id": "default", "url": format!("base64://{schema}")}]);
    place.stand.engine.publish(place.stand.world.config(vec![two]));
    const MALLORY: &str = "mall@vestibule.test";
    let mut stranger = Visitor::new(&place, Kind::Native);
    let flow = stranger.begin("registration").await;
    let fields = [
        ("method", "password"),
        ("password", PASSWORD),
        ("traits.email", UNKNOWN),
        ("traits.other", MALLORY),
    ];
    let answer = stranger.send("registration", &flow, &fields).await;
    let flow = stranger.follow(&answer).await;
    let code = place.newest_code(UNKNOWN).await;
    let mut bert = Visitor::new(&place, Kind::Native);
    let asked = bert.code(&flow, &code).await;
    assert_eq!(asked.status, 400);
    assert!(!String::from_utf8_lossy(&asked.body).contains(&code), "the stranger can read this flow, too");
    let fields = [("method", "code"), ("code", code.as_str()), ("password", OTHER)];
    bert.send("verification", &flow, &fields).await;
    assert!(bert.can_sign_in(UNKNOWN, OTHER).await);
    assert!(!bert.can_sign_in(MALLORY, OTHER).await, "no identifier of the stranger's");
    let accounts = place.accounts().await;
    let made = accounts.iter().find(|one| one["traits"]["email"] == UNKNOWN).expect("an account");
    for kind in ["verifiable_addresses", "recovery_addresses"] {
        let values: Vec<&Value> =
            made[kind].as_array().expect("addresses").iter().map(|address| &address["value"]).collect();
        assert_eq!(values, [UNKNOWN], "{kind}");
    }
}

#[tokio::test]
async fn whoever_types_the_password_of_the_sign_up_again_keeps_it_on_another_device() {
    let place = Place::start("memory", true).await;
    let flow = Visitor::new(&place, Kind::Native).sign_up(UNKNOWN, PASSWORD).await;
    let code = place.newest_code(UNKNOWN).await;
    let mut phone = Visitor::new(&place, Kind::Native);
    let fields = [("method", "code"), ("code", code.as_str()), ("password", PASSWORD)];
    let done = phone.send("verification", &flow, &fields).await;
    assert_eq!((done.status, &document(&done)["state"]), (200, &json!("passed_challenge")));
    assert!(phone.can_sign_in(UNKNOWN, PASSWORD).await);
}

#[tokio::test]
async fn the_first_proof_voids_every_other_sign_up_for_that_address() {
    let place = Place::start("memory", true).await;
    let (mut first, mut second) = (Visitor::new(&place, Kind::Native), Visitor::new(&place, Kind::Native));
    let one = first.sign_up(UNKNOWN, PASSWORD).await;
    let code_of_one = place.newest_code(UNKNOWN).await;
    place.later(Duration::from_secs(61));
    let other = second.sign_up(UNKNOWN, OTHER).await;
    let code_of_other = place.newest_code(UNKNOWN).await;
    assert_eq!(document(&second.code(&other, &code_of_other).await)["state"], "passed_challenge");
    let late = document(&first.code(&one, &code_of_one).await);
    assert_eq!((&late["state"], &late["ui"]["messages"][0]["id"]), (&json!("sent_email"), &json!(4_070_006)));
    assert_eq!(place.accounts().await.len(), 2);
    assert!(first.can_sign_in(UNKNOWN, OTHER).await && !first.can_sign_in(UNKNOWN, PASSWORD).await);
}

async fn one_of_two_proofs_at_once(dsn: &str) {
    let place = Place::start(dsn, true).await;
    let (mut first, mut second) = (Visitor::new(&place, Kind::Native), Visitor::new(&place, Kind::Native));
    let one = first.sign_up(UNKNOWN, PASSWORD).await;
    let code_of_one = place.newest_code(UNKNOWN).await;
    place.later(Duration::from_secs(61));
    let other = second.sign_up(UNKNOWN, OTHER).await;
    let code_of_other = place.newest_code(UNKNOWN).await;
    let (one, other) = futures::join!(first.code(&one, &code_of_one), second.code(&other, &code_of_other));
    let passed = [one, other].iter().filter(|answer| document(answer)["state"] == "passed_challenge").count();
    assert_eq!((passed, place.accounts().await.len()), (1, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_proofs_at_once_one_makes_the_account() {
    one_of_two_proofs_at_once("memory").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_proofs_at_once_one_makes_the_account_on_postgresql() {
    one_of_two_proofs_at_once(&engine::testing::postgres::database().await).await;
}

#[tokio::test]
async fn a_new_code_goes_to_the_same_sign_up_and_its_end_never_moves() {
    let place = Place::start("memory", true).await;
    let mut bert = Visitor::new(&place, Kind::Native);
    let flow = bert.sign_up(UNKNOWN, PASSWORD).await;
    let old = place.newest_code(UNKNOWN).await;
    place.later(Duration::from_secs(61));
    bert.send("verification", &flow, &[("method", "code"), ("email", UNKNOWN)]).await;
    let new = place.newest_code(UNKNOWN).await;
    assert_eq!(
        document(&bert.code(&flow, &old).await)["state"],
        "sent_email",
        "a new code voids the old one"
    );
    assert_eq!(document(&bert.code(&flow, &new).await)["state"], "passed_challenge");
    // Another one, too late.
    let mut carl = Visitor::new(&place, Kind::Native);
    let flow = carl.sign_up("carl@vestibule.test", PASSWORD).await;
    place.later(Duration::from_secs(59 * 60));
    carl.send("verification", &flow, &[("method", "code"), ("email", "carl@vestibule.test")]).await;
    let code = place.newest_code("carl@vestibule.test").await;
    place.later(Duration::from_secs(60));
    carl.code(&flow, &code).await;
    assert_eq!(place.accounts().await.len(), 2);
}

#[tokio::test]
async fn services_that_may_refuse_are_asked_at_once_and_others_hear_of_it_after_the_proof() {
    let sink = Sink::start().await;
    let body = "function(ctx) { id: ctx.identity.id, email: ctx.identity.traits.email }";
    let body = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, body);
    let hook = |path: &str, more: Value| {
        let mut config = json!({"url": format!("{}{path}", sink.base), "method": "POST", "body": format!("base64://{body}")});
        for (name, value) in more.as_object().expect("members") {
            config[name] = value.clone();
        }
        json!({"hook": "web_hook", "config": config})
    };
    let hooks = json!([
        hook("/ask", json!({"can_interrupt": true})),
        hook("/tell", json!({})),
        {"hook": "session"},
    ]);
    let place = Place::start_with("memory", true, hooks).await;
    for email in [KNOWN, UNKNOWN] {
        Visitor::new(&place, Kind::Native).sign_up(email, PASSWORD).await;
        let asked = sink.take();
        let paths: Vec<&str> = asked.iter().map(|call| call.path.as_str()).collect();
        assert_eq!(paths, ["/ask"], "the same for both, and nothing else yet");
    }
    place.mails().await;
    place.later(Duration::from_secs(61));
    let mut bert = Visitor::new(&place, Kind::Native);
    let flow = bert.sign_up(UNKNOWN, PASSWORD).await;
    let asked = sink.take().remove(0).summary()["json"].clone();
    let code = place.newest_code(UNKNOWN).await;
    let done = document(&bert.code(&flow, &code).await);
    assert!(done["vestibule"]["session_token"].is_string(), "{done}");
    let told = sink.take();
    let paths: Vec<&str> = told.iter().map(|call| call.path.as_str()).collect();
    assert_eq!(paths, ["/tell"]);
    assert_eq!(told[0].summary()["json"], asked, "of the account with the id that was asked about");
}

#[tokio::test]
async fn an_invitation_is_used_up_with_the_proof_and_not_before() {
    let place = Place::start("memory", true).await;
    let mut closed = place.document.clone();
    closed["vestibule"]["registration"]["invite_only"] = json!(true);
    place.stand.engine.publish(place.stand.world.config(vec![closed]));
    let headers = [("Host".to_owned(), place.admin.clone())];
    let made = send(&place.admin, "POST", "/admin/vestibule/invitations", &headers, None).await;
    let made = document(&made.expect("the server answers"));
    let (_, secret) = made["link"].as_str().expect("a link").split_once("invitation=").expect("a secret");
    let state = async || {
        let list = send(&place.admin, "GET", "/admin/vestibule/invitations", &headers, None).await;
        document(&list.expect("the server answers"))[0]["state"].clone()
    };
    let mut bert = Visitor::new(&place, Kind::Native);
    let begun =
        bert.ask("GET", &format!("/self-service/registration/api?invitation={secret}"), JSON, None).await;
    let flow = id(&document(&begun));
    let answer = bert.fill(&flow, UNKNOWN, PASSWORD).await;
    let waiting = bert.follow(&answer).await;
    assert_eq!(state().await, "open", "a sign-up that is never proven costs no invitation");
    let code = place.newest_code(UNKNOWN).await;
    bert.code(&waiting, &code).await;
    assert_eq!((state().await, place.accounts().await.len()), (json!("used"), 2));
}
