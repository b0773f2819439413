//! Account settings as an attacker meets them: the form of somebody else, an old sign-in, a form without its token, tabs that know less than
//! the database.

use crate::clients::{HTML, JSON, Kind, PASSWORD, Person, Site, accounts, document, sign_up, stand};
use crate::support::http::Answer;
use serde_json::{Value, json};
use std::time::Duration;

pub(crate) const ANNA: &str = "anna@vestibule.test";
const BERT: &str = "bert@vestibule.test";
pub(crate) const NEW: &str = "Another-Stable-7-Nail";

/// Somebody who is signed in: in a browser's page, or in an app with its token.
pub(crate) struct Member {
    pub(crate) person: Person,
    token: Option<String>,
}

/// A settings form as it was read.
#[derive(Clone)]
pub(crate) struct Form {
    pub(crate) id: String,
    pub(crate) csrf: String,
}

impl Member {
    pub(crate) async fn app(site: &Site, email: &str, password: &str) -> Self {
        let mut person = Person::new(site, Kind::Native);
        let flow = document(&person.ask("GET", "/self-service/login/api", JSON, &[], None).await);
        let body = json!({"method": "password", "identifier": email, "password": password});
        let target = format!("/self-service/login?flow={}", flow["id"].as_str().expect("an id"));
        let done = document(&person.post(&target, &[], &body).await);
        let token = done["session_token"].as_str().unwrap_or_else(|| panic!("{done}")).to_owned();
        Self { person, token: Some(token) }
    }

    pub(crate) async fn page(site: &Site, email: &str, password: &str) -> Self {
        let mut member = Self { person: Person::new(site, Kind::Spa), token: None };
        assert_eq!(member.signs_in("", email, password).await.status, 200);
        member
    }

    pub(crate) async fn signs_in(&mut self, query: &str, email: &str, password: &str) -> Answer {
        let target = format!("/self-service/login/browser{query}");
        let flow = document(&self.person.ask("GET", &target, JSON, &[], None).await);
        let body = json!({
            "method": "password", "identifier": email, "password": password, "csrf_token": csrf(&flow),
        });
        let target = format!("/self-service/login?flow={}", flow["id"].as_str().expect("an id"));
        self.person.post(&target, &[], &body).await
    }

    pub(crate) async fn get(&mut self, target: &str) -> Answer {
        let token = self.token.clone();
        let headers: Vec<(&str, &str)> =
            token.iter().map(|token| ("X-Session-Token", token.as_str())).collect();
        self.person.ask("GET", target, JSON, &headers, None).await
    }

    pub(crate) async fn open(&mut self) -> Form {
        let way = if self.token.is_some() { "api" } else { "browser" };
        let answer = self.get(&format!("/self-service/settings/{way}")).await;
        assert_eq!(answer.status, 200, "{}", document(&answer));
        let flow = document(&answer);
        Form { id: flow["id"].as_str().expect("an id").to_owned(), csrf: csrf(&flow) }
    }

    pub(crate) async fn send(&mut self, form: &Form, body: Value) -> Answer {
        let mut body = body;
        body["csrf_token"] = form.csrf.clone().into();
        self.send_as_it_is(form, &body).await
    }

    pub(crate) async fn send_as_it_is(&mut self, form: &Form, body: &Value) -> Answer {
        let token = self.token.clone();
        let headers: Vec<(&str, &str)> =
            token.iter().map(|token| ("X-Session-Token", token.as_str())).collect();
        self.person.post(&format!("/self-service/settings?flow={}", form.id), &headers, body).await
    }

    pub(crate) async fn is_signed_in(&mut self) -> bool {
        self.get("/sessions/whoami").await.status == 200
    }
}

pub(crate) fn csrf(flow: &Value) -> String {
    let nodes = flow["ui"]["nodes"].as_array().expect("nodes");
    let node =
        nodes.iter().find(|node| node["attributes"]["name"] == "csrf_token").expect("the token's node");
    node["attributes"]["value"].as_str().unwrap_or_default().to_owned()
}

pub(crate) fn new_password() -> Value {
    json!({"method": "password", "password": NEW})
}

pub(crate) fn new_email(email: &str) -> Value {
    json!({"method": "profile", "traits": {"email": email}})
}

/// Message numbers of the form itself and of its fields.
pub(crate) fn messages(flow: &Value) -> Vec<u64> {
    let of = |list: &Value| -> Vec<u64> {
        list.as_array().into_iter().flatten().filter_map(|message| message["id"].as_u64()).collect()
    };
    let mut all = of(&flow["ui"]["messages"]);
    for node in flow["ui"]["nodes"].as_array().into_iter().flatten() {
        all.extend(of(&node["messages"]));
    }
    all
}

pub(crate) fn error_id(answer: &Answer) -> Value {
    document(answer)["error"]["id"].clone()
}

pub(crate) async fn opens_with(site: &Site, email: &str, password: &str) -> bool {
    let mut person = Person::new(site, Kind::Native);
    let flow = document(&person.ask("GET", "/self-service/login/api", JSON, &[], None).await);
    let body = json!({"method": "password", "identifier": email, "password": password});
    let target = format!("/self-service/login?flow={}", flow["id"].as_str().expect("an id"));
    person.post(&target, &[], &body).await.status == 200
}

#[tokio::test]
async fn the_form_of_another_account_is_neither_read_nor_sent() {
    let (_stand, site) = stand("memory", json!({})).await;
    sign_up(&site, Kind::Native, ANNA).await;
    sign_up(&site, Kind::Native, BERT).await;
    let mut anna = Member::app(&site, ANNA, PASSWORD).await;
    let mut bert = Member::app(&site, BERT, PASSWORD).await;
    let form = anna.open().await;
    let read = bert.get(&format!("/self-service/settings/flows?id={}", form.id)).await;
    assert_eq!((read.status, error_id(&read)), (403, json!("security_identity_mismatch")));
    let sent = bert.send(&form, new_password()).await;
    assert_eq!((sent.status, error_id(&sent)), (403, json!("security_identity_mismatch")));
    for email in [ANNA, BERT] {
        assert!(opens_with(&site, email, PASSWORD).await, "{email}: no password changed");
    }
    // A browser's form is not one of another browser either, with a session of the same account.
    let mut at_home = Member::page(&site, ANNA, PASSWORD).await;
    let mut elsewhere = Member::page(&site, ANNA, PASSWORD).await;
    let form = at_home.open().await;
    let read = elsewhere.get(&format!("/self-service/settings/flows?id={}", form.id)).await;
    assert_eq!((read.status, error_id(&read)), (403, json!("security_csrf_violation")));
    let mut forged = new_password();
    forged["csrf_token"] = elsewhere.open().await.csrf.into();
    let sent = elsewhere.send_as_it_is(&form, &forged).await;
    assert_eq!((sent.status, error_id(&sent)), (403, json!("security_csrf_violation")));
    let sent = at_home.send_as_it_is(&form, &new_password()).await;
    assert_eq!((sent.status, error_id(&sent)), (403, json!("security_csrf_violation")), "without the token");
    assert!(opens_with(&site, ANNA, PASSWORD).await);
    assert_eq!(at_home.send(&form, new_password()).await.status, 200);
    assert!(opens_with(&site, ANNA, NEW).await);
}

#[tokio::test]
async fn what_lets_somebody_in_takes_a_recent_sign_in() {
    let (stand, site) = stand("memory", json!({})).await;
    sign_up(&site, Kind::Native, ANNA).await;
    let mut anna = Member::page(&site, ANNA, PASSWORD).await;
    let mut app = Member::app(&site, ANNA, PASSWORD).await;
    stand.world.clock.advance(Duration::from_secs(3601));
    for member in [&mut anna, &mut app] {
        let form = member.open().await;
        for body in [new_password(), new_email(BERT)] {
            let refused = member.send(&form, body).await;
            assert_eq!((refused.status, error_id(&refused)), (403, json!("session_refresh_required")));
        }
        // What changes nothing of that does not.
        assert_eq!(member.send(&form, new_email(ANNA)).await.status, 200);
    }
    assert!(opens_with(&site, ANNA, PASSWORD).await);
    let form = anna.open().await;
    assert_eq!(anna.signs_in("?refresh=true", ANNA, PASSWORD).await.status, 200);
    assert_eq!(anna.send(&form, new_email(BERT)).await.status, 200, "the form is still the browser's");
    assert_eq!(accounts(&site).await, [BERT]);
    assert!(opens_with(&site, BERT, PASSWORD).await && !opens_with(&site, ANNA, PASSWORD).await);
}

#[tokio::test]
async fn an_address_of_another_account_is_refused_and_changes_nothing() {
    let (_stand, site) = stand("memory", json!({})).await;
    sign_up(&site, Kind::Native, ANNA).await;
    sign_up(&site, Kind::Native, BERT).await;
    let mut anna = Member::app(&site, ANNA, PASSWORD).await;
    let form = anna.open().await;
    let refused = anna.send(&form, new_email(BERT)).await;
    assert_eq!((refused.status, messages(&document(&refused))), (400, vec![4_000_007]));
    // Two accounts want one free address at once: one has it.
    let mut bert = Member::app(&site, BERT, PASSWORD).await;
    let of_bert = bert.open().await;
    let free = "free@vestibule.test";
    let (one, other) =
        futures::join!(anna.send(&form, new_email(free)), bert.send(&of_bert, new_email(free)));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400]);
    assert_eq!(accounts(&site).await.iter().filter(|email| *email == free).count(), 1);
}

#[tokio::test]
async fn an_expired_form_leads_to_a_new_one_and_an_ended_session_to_none() {
    let (stand, site) = stand("memory", json!({})).await;
    sign_up(&site, Kind::Native, ANNA).await;
    let mut anna = Member::page(&site, ANNA, PASSWORD).await;
    let form = anna.open().await;
    stand.world.clock.advance(Duration::from_secs(3601));
    let refused = anna.send(&form, new_password()).await;
    assert_eq!((refused.status, error_id(&refused)), (410, json!("self_service_flow_expired")));
    let next = document(&refused)["use_flow_id"].as_str().expect("the next form").to_owned();
    let next = document(&anna.get(&format!("/self-service/settings/flows?id={next}")).await);
    assert_eq!((messages(&next), &next["identity"]["traits"]["email"]), (vec![4_050_001], &json!(ANNA)));
    let mut elsewhere = Member::page(&site, ANNA, PASSWORD).await;
    let form = anna.open().await;
    assert_eq!(elsewhere.person.ask("DELETE", "/sessions", JSON, &[], None).await.status, 200);
    let refused = anna.send(&form, new_email(ANNA)).await;
    assert_eq!((refused.status, error_id(&refused)), (401, json!("session_inactive")));
    let sent = anna
        .person
        .ask(
            "POST",
            &format!("/self-service/settings?flow={}", form.id),
            HTML,
            &[("Content-Type", "application/x-www-form-urlencoded")],
            Some("method=profile"),
        )
        .await;
    let location = sent.header("location").expect("a place to go to");
    assert_eq!(sent.status, 303);
    assert!(location.contains("/self-service/login/browser?return_to="), "{location}");
}

#[tokio::test]
async fn the_hook_ends_the_other_sessions_with_the_change() {
    let hooks = json!({"password": {"hooks": [{"hook": "revoke_active_sessions"}]}});
    let (_stand, site) =
        stand("memory", json!({"selfservice": {"flows": {"settings": {"after": hooks}}}})).await;
    sign_up(&site, Kind::Native, ANNA).await;
    let mut anna = Member::page(&site, ANNA, PASSWORD).await;
    let mut thief = Member::app(&site, ANNA, PASSWORD).await;
    let form = anna.open().await;
    assert_eq!(anna.send(&form, new_email(ANNA)).await.status, 200);
    assert!(thief.is_signed_in().await, "a change of the profile ends nothing");
    assert_eq!(anna.send(&form, new_password()).await.status, 200);
    assert!(anna.is_signed_in().await && !thief.is_signed_in().await);
}

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

/// The value of the first field of that name.
fn field(html: &str, name: &str) -> String {
    let at = html.find(&format!("name=\"{name}\"")).unwrap_or_else(|| panic!("{name} in {html}"));
    let (_, rest) = html[at..].split_once("value=\"").expect("a value");
    rest.split_once('"').expect("its end").0.replace("&amp;", "&")
}

async fn html(person: &mut Person, target: &str) -> (Answer, String) {
    let mut target = target.to_owned();
    for _ in 0..5 {
        let answer = person.ask("GET", &target, HTML, &[], None).await;
        match answer.header("location") {
            Some(location) => {
                let (_, path) = location.split_once("://").expect("an absolute URL");
                target = format!("/{}", path.split_once('/').expect("a path").1);
            }
            None => {
                let text = String::from_utf8_lossy(&answer.body).into_owned();
                return (answer, text);
            }
        }
    }
    panic!("{target} leads on and on")
}

fn sent(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

#[tokio::test]
async fn the_page_changes_the_password_and_shows_what_it_did() {
    let (_stand, site) = stand("memory", json!({})).await;
    sign_up(&site, Kind::Native, ANNA).await;
    let mut anna = Member::page(&site, ANNA, PASSWORD).await;
    let (answer, page) = html(&mut anna.person, "/.well-known/change-password").await;
    assert_eq!(answer.status, 200);
    for part in ["<h1>Account settings</h1>", "autocomplete=\"new-password\"", "Profile", "This device", ANNA]
    {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert!(!page.contains("data-testid=\"end-others\""), "there is no other session");
    assert_eq!(page.matches("Save</button>").count(), 2, "the profile and the password: {page}");
    let (_, rest) = page.split_once("/self-service/settings?flow=").expect("a form");
    let (flow, token) = (&rest[..36], field(&page, "csrf_token"));
    let target = format!("/self-service/settings?flow={flow}");
    let sends =
        |password: &str| sent(&[("csrf_token", &token), ("method", "password"), ("password", password)]);
    for (password, shown, hidden) in [
        (NEW, "Your changes were saved.", "There is a problem"),
        ("short", "There is a problem", "Your changes were saved."),
    ] {
        let answer = anna.person.ask("POST", &target, HTML, &[FORM], Some(&sends(password))).await;
        assert_eq!(answer.status, 303, "{:?}", String::from_utf8_lossy(&answer.body));
        let (_, page) = html(&mut anna.person, &format!("/settings?flow={flow}")).await;
        assert!(page.contains(shown) && !page.contains(hidden), "{page}");
        assert!(!page.contains(password), "no password comes back");
    }
    assert!(opens_with(&site, ANNA, NEW).await);
    // Nobody else has a page to look at.
    let mut nobody = Person::new(&site, Kind::Browser);
    let (_, page) = html(&mut nobody, &format!("/settings?flow={flow}")).await;
    assert!(page.contains("<h1>Sign in</h1>") && !page.contains(ANNA), "{page}");
}

#[tokio::test]
async fn the_page_ends_other_sessions_for_its_own_forms_alone() {
    let (_stand, site) = stand("memory", json!({})).await;
    sign_up(&site, Kind::Native, ANNA).await;
    sign_up(&site, Kind::Native, BERT).await;
    let mut anna = Member::page(&site, ANNA, PASSWORD).await;
    let mut one = Member::app(&site, ANNA, PASSWORD).await;
    let mut other = Member::app(&site, ANNA, PASSWORD).await;
    let mut bert = Member::app(&site, BERT, PASSWORD).await;
    let (_, page) = html(&mut anna.person, "/settings").await;
    assert_eq!(page.matches("data-testid=\"session\"").count(), 3, "{page}");
    let (flow, token) = (field(&page, "flow"), field(&page, "csrf_token"));
    let id = document(&one.get("/sessions/whoami").await)["id"].as_str().expect("an id").to_owned();
    let of_bert = document(&bert.get("/sessions/whoami").await)["id"].as_str().expect("an id").to_owned();
    let target = "/settings/sessions";
    for (body, headers, status) in [
        (sent(&[("flow", &flow), ("session", "others")]), vec![FORM], 403),
        (
            sent(&[("csrf_token", &token), ("flow", &flow), ("session", "others")]),
            vec![FORM, ("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site")],
            403,
        ),
        (sent(&[("csrf_token", &token), ("flow", &flow), ("session", &of_bert)]), vec![FORM], 303),
        (sent(&[("csrf_token", &token), ("flow", &flow), ("session", "nonsense")]), vec![FORM], 400),
    ] {
        let answer = anna.person.ask("POST", target, HTML, &headers, Some(&body)).await;
        assert_eq!(answer.status, status, "{body} {:?}", String::from_utf8_lossy(&answer.body));
    }
    assert!(one.is_signed_in().await && other.is_signed_in().await && bert.is_signed_in().await);
    let body = sent(&[("csrf_token", &token), ("flow", &flow), ("session", &id)]);
    let answer = anna.person.ask("POST", target, HTML, &[FORM], Some(&body)).await;
    assert!(answer.header("location").is_some_and(|to| to.ends_with(&format!("/settings?flow={flow}"))));
    assert!(!one.is_signed_in().await && other.is_signed_in().await);
    let body = sent(&[("csrf_token", &token), ("flow", &flow), ("session", "others")]);
    assert_eq!(anna.person.ask("POST", target, HTML, &[FORM], Some(&body)).await.status, 303);
    assert!(!other.is_signed_in().await && anna.is_signed_in().await && bert.is_signed_in().await);
}

#[tokio::test]
async fn a_new_password_ends_other_sessions_where_the_key_says_so() {
    for ends in [false, true] {
        let keys = json!({"vestibule": {"password": {"change_ends_other_sessions": ends}}});
        let (_stand, site) = stand("memory", keys).await;
        sign_up(&site, Kind::Native, ANNA).await;
        let mut anna = Member::page(&site, ANNA, PASSWORD).await;
        let mut other = Member::app(&site, ANNA, PASSWORD).await;
        // The token from before a fresh sign-in reads for a moment: not after the password changed.
        let before = anna.person.copy();
        assert_eq!(anna.signs_in("?refresh=true", ANNA, PASSWORD).await.status, 200);
        let mut thief = Member { person: before, token: None };
        assert!(thief.is_signed_in().await);
        let form = anna.open().await;
        assert_eq!(anna.send(&form, new_password()).await.status, 200);
        assert!(anna.is_signed_in().await && !thief.is_signed_in().await, "{ends}");
        assert_eq!(other.is_signed_in().await, !ends);
    }
}

/// Where a redirect leads, on this server.
fn place(answer: &Answer) -> String {
    let location = answer.header("location").expect("a place to go to");
    let (_, path) = location.split_once("://").expect("an absolute URL");
    format!("/{}", path.split_once('/').expect("a path").1)
}

#[tokio::test]
async fn what_waits_for_a_fresh_sign_in_is_on_the_form_afterwards_and_not_stored() {
    let keys = json!({"selfservice": {"flows": {"settings": {"privileged_session_max_age": "10m"}}}});
    let (stand, site) = stand("memory", keys).await;
    sign_up(&site, Kind::Native, ANNA).await;
    let mut anna = Member::page(&site, ANNA, PASSWORD).await;
    let form = anna.open().await;
    let target = format!("/self-service/settings?flow={}", form.id);
    let email = [("csrf_token", form.csrf.as_str()), ("method", "profile"), ("traits.email", BERT)];
    let password = [("csrf_token", form.csrf.as_str()), ("method", "password"), ("password", NEW)];
    for (fields, told) in [(email, 1_950_001), (password, 1_950_002)] {
        stand.world.clock.advance(Duration::from_secs(601));
        let first = anna.person.ask("POST", &target, HTML, &[FORM], Some(&sent(&fields))).await;
        let to = place(&first);
        assert!(first.status == 303 && to.starts_with("/self-service/login/browser?refresh=true"), "{to}");
        // The sign-in leads back to the form, by GET: nothing is stored yet.
        let login = place(&anna.person.ask("GET", &to, HTML, &[], None).await);
        let (_, page) = html(&mut anna.person, &login).await;
        let action = format!("/self-service/login?{}", login.split_once('?').expect("a flow").1);
        let token = field(&page, "csrf_token");
        let fields = [
            ("csrf_token", token.as_str()),
            ("method", "password"),
            ("identifier", ANNA),
            ("password", PASSWORD),
        ];
        let back = anna.person.ask("POST", &action, HTML, &[FORM], Some(&sent(&fields))).await;
        assert_eq!(place(&back), target);
        let (_, page) = html(&mut anna.person, &target).await;
        assert!(page.contains(&format!("ui/message/{told}")), "{told} in {page}");
        assert!(!page.contains(NEW), "no password comes back");
        let flow = document(&anna.get(&format!("/self-service/settings/flows?id={}", form.id)).await);
        assert!(!flow.to_string().contains(NEW) && flow["identity"]["traits"]["email"] == ANNA, "{flow}");
        assert!(page.contains(BERT), "what was typed is there: {page}");
        assert_eq!(accounts(&site).await, [ANNA], "a GET stores nothing");
        // It is nobody else's form.
        let mut other = Member::page(&site, ANNA, PASSWORD).await;
        assert_eq!(other.get(&format!("/self-service/settings/flows?id={}", form.id)).await.status, 403);
    }
    let stored = anna.person.ask("POST", &target, HTML, &[FORM], Some(&sent(&email))).await;
    assert_eq!(stored.status, 303);
    assert_eq!(accounts(&site).await, [BERT]);
    let (_, page) = html(&mut anna.person, &target).await;
    assert!(!page.contains("ui/message/1950"), "{page}");
}
