//! Sessions that were handed over before any proof: short, never extended, and over with the proof for whoever did not prove.

use crate::clients::{HTML, JSON, Kind, PASSWORD, Person, Site, code_in, document, stand};
use crate::support::http::Answer;
use crate::support::stand::Stand;
use serde_json::{Value, json};
use std::time::Duration;

const ANNA: &str = "anna@vestibule.test";
const MINUTE: Duration = Duration::from_secs(60);

async fn house(life: Option<&str>) -> (Stand, Site) {
    stand("memory", configured(life)).await
}

fn configured(life: Option<&str>) -> Value {
    let mut more = json!({
        "identity": {"schemas": [{"id": "default", "url": "preset://email"}]},
        "selfservice": {"flows": {
            "verification": {"enabled": true, "lifespan": "3h"},
            "registration": {"style": "unified", "after": {"password": {"hooks": [
                {"hook": "session"}, {"hook": "show_verification_ui"},
            ]}}},
        }},
        "courier": {"smtp": {"connection_uri": "smtp://127.0.0.1:1/?disable_starttls=true"}},
        "session": {"lifespan": "24h"},
    });
    if let Some(life) = life {
        more["vestibule"] = json!({"registration": {"unverified_session_lifespan": life}});
    }
    more
}

/// Somebody who signed up and is signed in.
struct Early {
    person: Person,
    kind: Kind,
    token: Option<String>,
    flow: String,
}

impl Early {
    async fn sign_up(site: &Site, kind: Kind, email: &str) -> Self {
        let mut person = Person::new(site, kind);
        let begun = person.begin().await;
        let answer = person.send(&begun, email).await;
        if kind == Kind::Browser {
            let flow = answer.header("location").and_then(|to| to.split_once("flow=")).expect("a form").1;
            return Self { person, kind, token: None, flow: flow.to_owned() };
        }
        let done = document(&answer);
        let items = done["continue_with"].as_array().expect("items");
        let shown = items.iter().find(|item| item["action"] == "show_verification_ui").expect("a form");
        let flow = shown["flow"]["id"].as_str().expect("an id").to_owned();
        Self { person, kind, token: done["session_token"].as_str().map(str::to_owned), flow }
    }

    async fn ask(&mut self, method: &str, target: &str, body: Option<Value>) -> Answer {
        let origin = format!("http://{}", self.person.site().public);
        let token = self.token.clone().unwrap_or_default();
        let mut headers = vec![("Content-Type", JSON)];
        match self.kind {
            Kind::Native => headers.push(("X-Session-Token", token.as_str())),
            Kind::Browser | Kind::Spa => headers.push(("Origin", origin.as_str())),
        }
        let body = body.map(|body| body.to_string());
        self.person.ask(method, target, JSON, &headers, body.as_deref()).await
    }

    /// The session as whoami tells, if there is one.
    async fn session(&mut self) -> Option<Value> {
        let answer = self.ask("GET", "/sessions/whoami", None).await;
        assert!([200, 401].contains(&answer.status), "{}", answer.status);
        (answer.status == 200).then(|| document(&answer))
    }

    async fn prove(&mut self, code: &str, with_token: bool) -> Answer {
        let mut fields = json!({"method": "code", "code": code});
        if self.kind != Kind::Native && with_token {
            let target = format!("/self-service/verification/flows?id={}", self.flow);
            let flow = document(&self.ask("GET", &target, None).await);
            let nodes = flow["ui"]["nodes"].as_array().expect("nodes");
            let node = nodes.iter().find(|node| node["attributes"]["name"] == "csrf_token");
            fields["csrf_token"] = node.expect("the token")["attributes"]["value"].clone();
        }
        let target = format!("/self-service/verification?flow={}", self.flow);
        let answer = self.ask("POST", &target, Some(fields)).await;
        if let Some(token) = document(&answer)["vestibule"]["session_token"].as_str() {
            self.token = Some(token.to_owned());
        }
        answer
    }
}

async fn code(stand: &Stand) -> String {
    engine::courier::deliver(&stand.engine).await.expect("the courier works");
    code_in(&stand.world.mailer.sent().last().expect("a mail").text)
}

/// Seconds that a session has left.
fn left(stand: &Stand, session: &Value) -> i64 {
    let end: chrono::DateTime<chrono::Utc> =
        session["expires_at"].as_str().expect("a time").parse().expect("a time");
    (end - stand.engine.effects().now()).num_seconds()
}

#[tokio::test]
async fn a_session_from_before_any_proof_is_short_and_a_refresh_does_not_extend_it() {
    let (stand, site) = house(Some("15m")).await;
    let mut anna = Early::sign_up(&site, Kind::Native, ANNA).await;
    let session = anna.session().await.expect("signed in");
    assert_eq!(left(&stand, &session), 15 * 60);
    stand.world.clock.advance(10 * MINUTE);
    let flow = document(&anna.ask("GET", "/self-service/login/api?refresh=true", None).await);
    let target = format!("/self-service/login?flow={}", flow["id"].as_str().expect("a flow"));
    let fields = json!({"method": "password", "identifier": ANNA, "password": PASSWORD});
    assert_eq!(anna.ask("POST", &target, Some(fields)).await.status, 200);
    let session = anna.session().await.expect("signed in");
    assert_eq!(left(&stand, &session), 5 * 60, "its end stays where it was");
    stand.world.clock.advance(5 * MINUTE);
    assert_eq!(anna.session().await, None, "401");
}

#[tokio::test]
async fn signing_in_again_before_any_proof_gives_no_longer_session() {
    let (stand, site) = house(Some("15m")).await;
    Early::sign_up(&site, Kind::Native, ANNA).await;
    let mut person = Person::new(&site, Kind::Spa);
    let (flow, csrf) = person.begin_sign_in().await;
    let fields = json!({"method": "password", "identifier": ANNA, "password": PASSWORD, "csrf_token": csrf});
    let answer =
        person.post(&format!("/self-service/login?flow={flow}"), &[("Content-Type", JSON)], &fields).await;
    assert_eq!(left(&stand, &document(&answer)["session"]), 15 * 60);
}

#[tokio::test]
async fn the_token_from_before_the_proof_is_worth_nothing_after_it() {
    let (stand, site) = house(Some("15m")).await;
    for kind in [Kind::Browser, Kind::Spa, Kind::Native] {
        let email = format!("{kind:?}@vestibule.test").to_lowercase();
        let mut anna = Early::sign_up(&site, kind, &email).await;
        let before = anna.session().await.expect("signed in");
        let mut thief =
            Early { person: anna.person.copy(), kind, token: anna.token.clone(), flow: anna.flow.clone() };
        let code = code(&stand).await;
        let answer = anna.prove(&code, true).await;
        assert_eq!(document(&answer)["state"], "passed_challenge", "{kind:?}");
        let after = anna.session().await.expect("still signed in");
        assert_ne!(before["id"], after["id"], "{kind:?}");
        assert_eq!(left(&stand, &after), 24 * 3600, "{kind:?}: as any other from now on");
        assert_eq!(thief.session().await, None, "{kind:?}");
    }
}

#[tokio::test]
async fn a_squatters_session_ends_when_the_owner_of_the_address_proves_it() {
    let (stand, site) = house(Some("15m")).await;
    for kind in [Kind::Browser, Kind::Spa, Kind::Native] {
        let email = format!("{kind:?}@vestibule.test").to_lowercase();
        let mut squatter = Early::sign_up(&site, kind, &email).await;
        let code = code(&stand).await;
        let mut owner =
            Early { person: Person::new(&site, kind), kind, token: None, flow: squatter.flow.clone() };
        owner.person.ask("GET", &format!("/verification?flow={}", owner.flow), HTML, &[], None).await;
        assert_eq!(document(&owner.prove(&code, false).await)["state"], "passed_challenge");
        assert_eq!(squatter.session().await, None, "{kind:?}");
        assert_eq!(owner.session().await, None, "{kind:?}: and nobody else is signed in by it");
    }
}

#[tokio::test]
async fn a_code_without_the_anti_forgery_token_gives_no_session_from_after_the_proof() {
    let (stand, site) = house(Some("15m")).await;
    let mut anna = Early::sign_up(&site, Kind::Spa, ANNA).await;
    let code = code(&stand).await;
    assert_eq!(document(&anna.prove(&code, false).await)["state"], "passed_challenge");
    assert_eq!(anna.session().await, None);
}

const ASKED: &str = "http://hook.test/ask";

/// Whoever knows the password signs in at the very moment of the proof: what was right before it gives no session after it.
#[tokio::test]
async fn a_session_that_is_made_while_the_proof_arrives_is_not_given() {
    for option in
        [json!({"unverified_session_lifespan": "15m"}), json!({"reset_on_first_verification": true})]
    {
        let mut more = configured(None);
        more["vestibule"] = json!({"registration": option});
        more["selfservice"]["flows"]["login"] = json!({"after": {"password": {"hooks": [
            {"hook": "web_hook", "config": {"url": ASKED, "method": "POST", "can_interrupt": true}},
        ]}}});
        let (stand, site) = stand("memory", more).await;
        let mut anna = Early::sign_up(&site, Kind::Native, ANNA).await;
        let code = code(&stand).await;
        let outbound = &stand.world.outbound;
        outbound.answer(ASKED, "{}");
        // The sign-in waits at its web hook until the test asks as well.
        outbound.gather(2);
        let asked = || outbound.requests().into_iter().find(|request| request.url.as_str() == ASKED);
        let mut person = Person::new(&site, Kind::Native);
        let flow = document(&person.ask("GET", "/self-service/login/api", JSON, &[], None).await);
        let target = format!("/self-service/login?flow={}", flow["id"].as_str().expect("a flow"));
        let fields = json!({"method": "password", "identifier": ANNA, "password": PASSWORD});
        let headers = [("Content-Type", JSON)];
        let (answer, ()) = tokio::join!(person.post(&target, &headers, &fields), async {
            // Long enough for any machine, and an end where the web hook is never called.
            for _ in 0..10_000_000 {
                if asked().is_some() {
                    break;
                }
                tokio::task::yield_now().await;
            }
            assert_eq!(document(&anna.prove(&code, false).await)["state"], "passed_challenge");
            let ask = asked().expect("the sign-in is under way");
            engine::effects::Outbound::send(&**outbound, ask).await.expect("an answer");
        });
        let said = document(&answer);
        assert_eq!((answer.status, said.get("session_token")), (400, None), "{said}");
        let mut tx = stand.engine.db().read().await.expect("the database answers");
        let found = engine::store::identities::by_identifier(&mut tx, "password", ANNA).await;
        let (identity, _) = found.expect("the database answers").expect("an account");
        let nobody = engine::ids::SessionId(uuid::Uuid::nil());
        let now = stand.engine.effects().now();
        let held = engine::store::sessions::count_others(&mut tx, identity.id, nobody, now).await;
        assert_eq!(held.expect("the database answers"), 1, "{option}: that of who proved it alone");
    }
}

#[tokio::test]
async fn an_imported_account_is_as_it_was() {
    let (stand, site) = house(Some("15m")).await;
    let person = serde_json::from_value(json!({
        "traits": {"email": ANNA}, "credentials": {"password": {"config": {"password": PASSWORD}}},
    }));
    engine::admin::create(&stand.engine.begin(), person.expect("a body")).await.expect("made");
    let mut person = Person::new(&site, Kind::Spa);
    let (flow, csrf) = person.begin_sign_in().await;
    let fields = json!({"method": "password", "identifier": ANNA, "password": PASSWORD, "csrf_token": csrf});
    let answer =
        person.post(&format!("/self-service/login?flow={flow}"), &[("Content-Type", JSON)], &fields).await;
    assert_eq!(left(&stand, &document(&answer)["session"]), 24 * 3600);
}

#[tokio::test]
async fn without_the_option_a_session_goes_on_through_the_proof() {
    let (stand, site) = house(None).await;
    let mut anna = Early::sign_up(&site, Kind::Native, ANNA).await;
    let before = anna.session().await.expect("signed in");
    assert_eq!(left(&stand, &before), 24 * 3600);
    let code = code(&stand).await;
    let answer = document(&anna.prove(&code, true).await);
    assert_eq!((&answer["state"], answer.get("vestibule")), (&json!("passed_challenge"), None));
    assert_eq!(anna.session().await.expect("signed in")["id"], before["id"]);
}
