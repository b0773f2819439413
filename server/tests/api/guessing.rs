//! Guessing passwords and asking for too much: who is slowed down, how each kind of client is told, and that nobody else is.

use crate::clients::{HTML, JSON, Kind, PASSWORD, Person, Site, document, sign_up, stand};
use crate::support::http::{Answer, send};
use crate::support::stand::Stand;
use engine::flow;
use engine::form::outcome::{Outcome, Started, Why};
use engine::form::request::{Start, Submit};
use engine::limits::report::{self, Whom};
use engine::model::FlowKind;
use engine::requester::Requester;
use engine::store::audit;
use engine::testing::{self, TestRandom, World};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const ANNA: &str = "anna@vestibule.test";
const NOBODY: &str = "nobody@vestibule.test";
const WRONG: &str = "not the password 1";
const ATTACKER: &str = "203.0.113.1";
const HOME: &str = "198.51.100.7";

/// A server behind a proxy that names its clients, with Anna's account.
struct Place {
    stand: Stand,
    site: Site,
}

impl Place {
    async fn start(dsn: &str, limits: Value) -> Self {
        let more = json!({"vestibule": {"trusted_proxies": ["127.0.0.0/8"], "limits": limits}});
        let (stand, site) = stand(dsn, more).await;
        sign_up(&site, Kind::Native, ANNA).await;
        Self { stand, site }
    }

    async fn ask(&self, from: &str, method: &str, target: &str, body: Option<Value>) -> Answer {
        let mut headers =
            vec![("Host", self.site.public.as_str()), ("Accept", JSON), ("X-Forwarded-For", from)];
        if body.is_some() {
            headers.push(("Content-Type", JSON));
        }
        let headers: Vec<_> =
            headers.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let body = body.map(|body| body.to_string());
        send(&self.site.public, method, target, &headers, body.as_deref().map(str::as_bytes))
            .await
            .expect("an answer")
    }

    async fn form(&self, from: &str, kind: &str) -> Answer {
        self.ask(from, "GET", &format!("/self-service/{kind}/api"), None).await
    }

    /// An app's sign-in.
    async fn sign_in(&self, from: &str, identifier: &str, password: &str) -> Answer {
        let flow = document(&self.form(from, "login").await)["id"].as_str().expect("a flow").to_owned();
        let body = json!({"method": "password", "identifier": identifier, "password": password});
        self.ask(from, "POST", &format!("/self-service/login?flow={flow}"), Some(body)).await
    }

    /// Wrong passwords until one is not compared, at most 40; how many were.
    async fn guess(&self, from: &str, identifier: &str) -> usize {
        for compared in 0..40 {
            match self.sign_in(from, identifier, WRONG).await.status {
                400 => {}
                429 => return compared,
                other => panic!("{other}"),
            }
        }
        40
    }

    fn later(&self, seconds: u64) {
        self.stand.world.clock.advance(Duration::from_secs(seconds));
    }

    async fn slowed(&self) -> Vec<String> {
        let all = report::list(&self.stand.engine, &Whom::Everyone).await.expect("the store answers");
        let row = |one: report::Slowed| {
            format!(
                "{} {} {} {}",
                one.limit.name(),
                one.account.as_deref().unwrap_or("-"),
                one.client.as_deref().unwrap_or("-"),
                one.count
            )
        };
        all.into_iter().map(row).collect()
    }
}

fn wait(answer: &Answer) -> u64 {
    assert_eq!(answer.status, 429, "{}", String::from_utf8_lossy(&answer.body));
    answer.header("retry-after").expect("when to come back").parse().expect("seconds")
}

async fn a_guesser_is_slowed_down(dsn: &str) {
    let place = Place::start(dsn, json!({})).await;
    let mut told = Vec::new();
    for (identifier, from) in
        [(ANNA, "203.0.113.1"), (NOBODY, "203.0.113.2"), (" ANNA@vestibule.TEST ", "203.0.113.3")]
    {
        assert_eq!(place.guess(from, identifier).await, 10, "{identifier}");
        let mut delays = Vec::new();
        for _ in 0..8 {
            let refused = place.sign_in(from, identifier, WRONG).await;
            let envelope = document(&refused);
            assert_eq!(
                (&envelope["error"]["code"], &envelope["error"]["status"]),
                (&json!(429), &json!("Too Many Requests"))
            );
            let seconds = wait(&refused);
            delays.push(seconds);
            // Too early by a second: nothing is compared, and nothing counted.
            place.later(seconds - 1);
            assert_eq!(wait(&place.sign_in(from, identifier, PASSWORD).await), 1);
            place.later(1);
            assert_eq!(place.sign_in(from, identifier, WRONG).await.status, 400);
        }
        told.push(delays);
    }
    assert_eq!(told[0], [1, 2, 4, 8, 16, 32, 60, 60]);
    assert!(told.iter().all(|one| *one == told[0]), "the same for an account and for none: {told:?}");
    // Anna herself, from elsewhere, and from there once the time is over.
    assert_eq!(place.sign_in(HOME, ANNA, PASSWORD).await.status, 200);
    assert_eq!(place.sign_in(ATTACKER, ANNA, WRONG).await.status, 400);
    let seconds = wait(&place.sign_in(ATTACKER, ANNA, PASSWORD).await);
    place.later(seconds);
    assert_eq!(place.sign_in(ATTACKER, ANNA, PASSWORD).await.status, 200);
    assert_eq!(place.guess(ATTACKER, ANNA).await, 10, "she begins afresh");
    // An hour without a wrong password forgets.
    place.later(3600);
    assert_eq!(place.guess("203.0.113.2", NOBODY).await, 10);
}

#[tokio::test]
async fn guesses_at_one_account_are_delayed_for_the_client_that_guesses() {
    a_guesser_is_slowed_down("memory").await;
}

#[tokio::test]
async fn guesses_are_delayed_on_postgresql_too() {
    a_guesser_is_slowed_down(&engine::testing::postgres::database().await).await;
}

async fn at_once(dsn: &str) {
    let place = Place::start(dsn, json!({})).await;
    let guesses = (0..24).map(|_| place.sign_in(ATTACKER, ANNA, WRONG));
    let answers = futures::future::join_all(guesses).await;
    let compared = answers.iter().filter(|answer| answer.status == 400).count();
    assert_eq!(compared, 10, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn guesses_at_the_same_moment_are_no_more_than_one_by_one() {
    at_once("memory").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn guesses_at_the_same_moment_on_postgresql() {
    at_once(&engine::testing::postgres::database().await).await;
}

#[tokio::test]
async fn an_ipv6_client_counts_by_its_networks() {
    let place = Place::start("memory", json!({"passwords": {"attempts": 2, "account_clients": 1000}})).await;
    assert_eq!(place.guess("2001:db8:1:2::1", ANNA).await, 2);
    assert_eq!(place.guess("2001:db8:1:2:ffff::9", ANNA).await, 0, "the same /64");
    assert_eq!(place.guess("2001:db8:1:3::1", ANNA).await, 2, "another one");
    let mut compared = 0;
    for subnet in 16..40 {
        compared += place.guess(&format!("2001:db8:1:{subnet}::1"), NOBODY).await;
    }
    assert_eq!(compared, 32, "sixteen times as much for the /48");
    assert_eq!(place.guess("2001:db8:2:1::1", NOBODY).await, 2, "another /48");
}

/// Many clients guess at one account: the next one waits half a minute at most, and no longer because of the others.
#[tokio::test]
async fn an_account_that_many_guess_at_is_never_locked_for_its_owner() {
    let place = Place::start("memory", json!({})).await;
    let attackers: Vec<String> = (1..=40).map(|number| format!("203.0.113.{number}")).collect();
    for identifier in [ANNA, NOBODY] {
        for attacker in &attackers[..10] {
            assert_eq!(place.sign_in(attacker, identifier, WRONG).await.status, 400);
        }
        assert_eq!(wait(&place.sign_in(&attackers[10], identifier, WRONG).await), 1, "{identifier}");
        for attacker in &attackers {
            for _ in 0..2 {
                let refused = place.sign_in(attacker, identifier, WRONG).await;
                if refused.status == 429 {
                    place.later(wait(&refused));
                }
            }
        }
    }
    let first = place.sign_in(HOME, ANNA, PASSWORD).await;
    let seconds = wait(&first);
    assert!((2..=30).contains(&seconds), "{seconds}");
    // They go on while she waits.
    for second in 0..seconds {
        assert_eq!(place.sign_in(HOME, ANNA, PASSWORD).await.status, 429, "{second}");
        for attacker in &attackers[..5] {
            place.sign_in(attacker, ANNA, WRONG).await;
        }
        place.later(1);
    }
    assert_eq!(place.sign_in(HOME, ANNA, PASSWORD).await.status, 200);
}

#[tokio::test]
async fn one_client_cannot_try_a_password_on_every_account() {
    let place = Place::start("memory", json!({"passwords": {"accounts_per_client": 3}})).await;
    // Right passwords are no guesses, nor is a wrong one that a right one follows: an office has one address.
    for _ in 0..5 {
        assert_eq!(place.sign_in(ATTACKER, ANNA, WRONG).await.status, 400);
        assert_eq!(place.sign_in(ATTACKER, ANNA, PASSWORD).await.status, 200);
    }
    for number in 0..3 {
        assert_eq!(
            place.sign_in(ATTACKER, &format!("person-{number}@vestibule.test"), WRONG).await.status,
            400
        );
    }
    let seconds = wait(&place.sign_in(ATTACKER, "person-3@vestibule.test", WRONG).await);
    assert_eq!(
        place.sign_in(ATTACKER, "person-0@vestibule.test", WRONG).await.status,
        400,
        "one that was tried"
    );
    assert_eq!(place.sign_in("203.0.113.2", "person-3@vestibule.test", WRONG).await.status, 400);
    place.later(seconds);
    assert_eq!(place.sign_in(ATTACKER, "person-3@vestibule.test", WRONG).await.status, 400);
    let then = wait(&place.sign_in(ATTACKER, "person-4@vestibule.test", WRONG).await);
    assert!(then > seconds && then <= 60, "{seconds}, then {then}");
}

/// A proxy that nobody configured: all its clients have one address.
#[tokio::test]
async fn several_clients_behind_one_address_are_not_slowed_down_for_each_other() {
    let (stand, site) = stand("memory", json!({"vestibule": {"limits": {
        "passwords": {"attempts": 1, "accounts_per_client": 1}, "flows": {"per_client": 1}, "sign_ups": {"per_client": 1},
    }}}))
    .await;
    let place = Place { stand, site };
    for number in 0..6 {
        let email = format!("person-{number}@vestibule.test");
        assert_eq!(place.sign_in(HOME, &email, WRONG).await.status, 400);
    }
    // The account's own limit stays.
    assert!(place.guess(HOME, NOBODY).await <= 12);
}

#[tokio::test]
async fn a_hosted_form_comes_back_with_a_sentence_and_what_was_typed() {
    let (_stand, site) =
        stand("memory", json!({"vestibule": {"limits": {"passwords": {"attempts": 1}}}})).await;
    sign_up(&site, Kind::Native, ANNA).await;
    let mut person = Person::new(&site, Kind::Browser);
    let begun = person.ask("GET", "/self-service/login/browser", HTML, &[], None).await;
    let id = begun.header("location").and_then(|to| to.split_once("flow=")).expect("a flow").1.to_owned();
    let read = async |person: &mut Person| {
        document(&person.ask("GET", &format!("/self-service/login/flows?id={id}"), JSON, &[], None).await)
    };
    let flow = read(&mut person).await;
    let nodes = flow["ui"]["nodes"].as_array().expect("nodes");
    let csrf = nodes.iter().find(|node| node["attributes"]["name"] == "csrf_token").expect("a token");
    let csrf = csrf["attributes"]["value"].as_str().expect("text").to_owned();
    let send = async |person: &mut Person, password: &str| {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("csrf_token", &csrf)
            .append_pair("method", "password")
            .append_pair("identifier", ANNA)
            .append_pair("password", password)
            .finish();
        let target = format!("/self-service/login?flow={id}");
        person
            .ask("POST", &target, HTML, &[("Content-Type", "application/x-www-form-urlencoded")], Some(&form))
            .await
    };
    assert_eq!(send(&mut person, WRONG).await.status, 303);
    let stored = read(&mut person).await;
    let refused = send(&mut person, PASSWORD).await;
    assert_eq!(wait(&refused), 1);
    let page = String::from_utf8_lossy(&refused.body).into_owned();
    assert!(page.contains("Too many attempts. Try again in 1 second."), "{page}");
    assert!(page.contains("name=\"password\"") && page.contains(ANNA), "{page}");
    assert!(!page.contains(PASSWORD) && refused.header("content-security-policy").is_some());
    assert!(
        page.contains(&format!("href=\"http://{}/assets/", site.public)),
        "below a form's address: {page}"
    );
    assert_eq!(read(&mut person).await, stored, "nothing of it is stored");
}

#[tokio::test]
async fn a_page_elsewhere_finds_a_message_of_its_own_in_the_form() {
    let (stand, site) = stand(
        "memory",
        json!({
            "selfservice": {"flows": {"login": {"ui_url": "https://app.example.org/sign-in"}}},
            "vestibule": {"limits": {"passwords": {"attempts": 1}}},
        }),
    )
    .await;
    sign_up(&site, Kind::Native, ANNA).await;
    let mut person = Person::new(&site, Kind::Browser);
    let (id, csrf) = person.begin_sign_in().await;
    for expected in [4_000_006, 4_900_001] {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("csrf_token", &csrf)
            .append_pair("method", "password")
            .append_pair("identifier", ANNA)
            .append_pair("password", WRONG)
            .finish();
        let target = format!("/self-service/login?flow={id}");
        let headers = [("Content-Type", "application/x-www-form-urlencoded")];
        let answer = person.ask("POST", &target, HTML, &headers, Some(&form)).await;
        let page = format!("https://app.example.org/sign-in?flow={id}");
        assert_eq!((answer.status, answer.header("location")), (303, Some(page.as_str())));
        let flow = document(
            &person.ask("GET", &format!("/self-service/login/flows?id={id}"), JSON, &[], None).await,
        );
        let messages = flow["ui"]["messages"].as_array().expect("messages");
        assert_eq!(messages.len(), 1, "{messages:?}");
        assert_eq!(messages[0]["id"], expected);
    }
    // A script of that page is told as an app is.
    let body = json!({"method": "password", "identifier": ANNA, "password": PASSWORD, "csrf_token": csrf});
    let target = format!("/self-service/login?flow={id}");
    assert_eq!(wait(&person.post(&target, &[("Content-Type", JSON)], &body).await), 1);
    stand.world.clock.advance(Duration::from_secs(1));
    assert_eq!(person.post(&target, &[("Content-Type", JSON)], &body).await.status, 200);
}

#[tokio::test]
async fn two_servers_on_one_database_count_together_and_a_restart_forgets_nothing() {
    let dsn = engine::testing::postgres::database().await;
    let place = Place::start(&dsn, json!({})).await;
    // Another process: of the first one it has the rows alone.
    let mut world = World::default();
    world.random = Arc::new(TestRandom::new(1));
    let other = world.engine(&dsn, vec![]).await;
    let compared = async |password: &str| {
        let ctx = other.begin();
        let requester = Requester::direct(ATTACKER.parse().expect("an address"));
        let start = Start { requester: requester.clone().into(), ..testing::start() };
        let Started::Flow(flow) = flow::start(&ctx, FlowKind::Login, start).await.expect("a form") else {
            panic!("a form")
        };
        let fields = json!({"method": "password", "identifier": ANNA, "password": password});
        let submit = Submit { requester: requester.into(), ..testing::form(flow.id, fields) };
        match flow::submit(&ctx, FlowKind::Login, submit).await.expect("an answer") {
            Outcome::Form { why: Why::Refused, .. } => true,
            Outcome::Form { why: Why::TooEarly(_), .. } => false,
            other => panic!("{other:?}"),
        }
    };
    for _ in 0..5 {
        assert_eq!(place.sign_in(ATTACKER, ANNA, WRONG).await.status, 400);
        assert!(compared(WRONG).await);
    }
    assert_eq!(place.guess(ATTACKER, ANNA).await, 0);
    assert!(!compared(WRONG).await && !compared(PASSWORD).await);
    assert_eq!(place.slowed().await, ["passwords a…@vestibule.test 203.0.113.1 10"]);
}

#[tokio::test]
async fn nothing_is_counted_while_limits_are_off() {
    let place = Place::start("memory", json!({
        "enabled": false, "passwords": {"attempts": 1}, "flows": {"per_client": 1}, "sign_ups": {"per_client": 1},
    }))
    .await;
    assert_eq!(place.guess(ATTACKER, ANNA).await, 40);
    assert_eq!(place.sign_in(ATTACKER, ANNA, PASSWORD).await.status, 200);
    assert_eq!(place.stand.engine.db().rows().await.expect("rows")["limit_counters"], 0);
}

#[tokio::test]
async fn operators_see_who_is_slowed_down_and_clear_it() {
    let place = Place::start("memory", json!({})).await;
    assert!(place.slowed().await.is_empty());
    place.guess(ATTACKER, ANNA).await;
    place.guess("2001:db8:1:2::1", NOBODY).await;
    let mut slowed = place.slowed().await;
    slowed.sort();
    // Nobody has the other address, so that nothing of what was typed is kept.
    assert_eq!(slowed, ["passwords - 2001:db8:1:2::/64 10", "passwords a…@vestibule.test 203.0.113.1 10"]);
    let engine = &place.stand.engine;
    let list = async |whom: &Whom| report::list(engine, whom).await.expect("the store answers").len();
    assert_eq!(list(&Whom::Account("Anna@vestibule.test ".into())).await, 1);
    assert_eq!(list(&Whom::Account("berta@vestibule.test".into())).await, 0);
    assert_eq!(list(&Whom::Client("2001:db8:1:2::ffff".parse().expect("an address"))).await, 1);
    // Only what is asked for.
    let clear = async |whom: &Whom| {
        report::clear(engine, whom, "grace@example.org").await.expect("the store answers")
    };
    assert!(clear(&Whom::Account(ANNA.into())).await >= 1);
    assert_eq!(place.sign_in(ATTACKER, ANNA, PASSWORD).await.status, 200);
    assert_eq!(place.guess("2001:db8:1:2::1", NOBODY).await, 0);
    assert!(clear(&Whom::Client("2001:db8:1:2::1".parse().expect("an address"))).await >= 1);
    assert_eq!(place.guess("2001:db8:1:2::1", NOBODY).await, 10);
    assert!(clear(&Whom::Everyone).await >= 1);
    assert!(place.slowed().await.is_empty());
    assert_eq!(clear(&Whom::Everyone).await, 0);
    let mut tx = engine.db().read().await.expect("the database answers");
    let entries = audit::list(&mut tx, 10).await.expect("the store answers");
    let cleared: Vec<_> = entries.iter().filter(|entry| entry.action == "limits.clear").collect();
    assert_eq!(cleared.len(), 4);
    assert_eq!(
        (cleared[3].actor.as_str(), &cleared[3].details["account"]),
        ("grace@example.org", &json!("a…@vestibule.test"))
    );
}

#[tokio::test]
async fn forms_and_sign_ups_of_one_client_are_limited_and_of_others_are_not() {
    let place =
        Place::start("memory", json!({"flows": {"per_client": 6}, "sign_ups": {"per_client": 2}})).await;
    let sign_up = async |from: &str, email: &str| {
        let flow =
            document(&place.form(from, "registration").await)["id"].as_str().expect("a flow").to_owned();
        let body = json!({"method": "password", "password": PASSWORD, "traits": {"email": email}});
        place.ask(from, "POST", &format!("/self-service/registration?flow={flow}"), Some(body)).await
    };
    assert_eq!(sign_up(ATTACKER, "one@vestibule.test").await.status, 200);
    assert_eq!(sign_up(ATTACKER, "two@vestibule.test").await.status, 200);
    assert_eq!(wait(&sign_up(ATTACKER, "three@vestibule.test").await), 3600);
    assert_eq!(sign_up(HOME, "three@vestibule.test").await.status, 200);
    for kind in ["login", "registration", "login"] {
        assert_eq!(place.form(ATTACKER, kind).await.status, 200);
    }
    let rows = place.stand.engine.db().rows().await.expect("rows");
    let refused = place.form(ATTACKER, "registration").await;
    assert_eq!((wait(&refused), &document(&refused)["error"]["code"]), (3600, &json!(429)));
    let headers: Vec<_> =
        [("Host", place.site.public.as_str()), ("Accept", HTML), ("X-Forwarded-For", ATTACKER)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
    for kind in ["login", "registration"] {
        let target = format!("/self-service/{kind}/browser");
        let page = send(&place.site.public, "GET", &target, &headers, None).await.expect("an answer");
        assert_eq!(wait(&page), 3600);
        let html = String::from_utf8_lossy(&page.body);
        assert!(html.contains("Too many attempts") && html.contains("60 minutes"), "{html}");
    }
    assert_eq!(place.stand.engine.db().rows().await.expect("rows"), rows, "who is refused leaves nothing");
    assert_eq!(place.form(HOME, "login").await.status, 200);
    let mut slowed = place.slowed().await;
    slowed.sort();
    assert_eq!(slowed, ["flows - 203.0.113.1 6", "sign_ups - 203.0.113.1 2"]);
    place.later(3600);
    assert_eq!(place.form(ATTACKER, "login").await.status, 200);
}

/// A server takes shares of a limit; what it has taken is there for every request.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn at_the_same_moment_a_client_gets_all_of_its_forms_and_not_one_more() {
    for dsn in ["memory".to_owned(), engine::testing::postgres::database().await] {
        let place = Place::start(&dsn, json!({"flows": {"per_client": 250}})).await;
        let forms = (0..300).map(|_| place.form(ATTACKER, "login"));
        let answers = futures::future::join_all(forms).await;
        let granted = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(granted, 250);
        assert!(answers.iter().all(|answer| [200, 429].contains(&answer.status)));
    }
}

/// A browser that is signed in once, and out again: it keeps what remembers it.
async fn known_browser(place: &Place, from: &str) -> Person {
    let mut person = Person::new(&place.site, Kind::Spa);
    assert_eq!(browser_sign_in(&mut person, from, PASSWORD).await.status, 200);
    person.forget_cookie("ory_kratos_session");
    person
}

async fn browser_sign_in(person: &mut Person, from: &str, password: &str) -> Answer {
    let (flow, csrf) = person.begin_sign_in().await;
    let body = json!({"method": "password", "identifier": ANNA, "password": password, "csrf_token": csrf});
    let headers = [("Content-Type", JSON), ("X-Forwarded-For", from)];
    person.post(&format!("/self-service/login?flow={flow}"), &headers, &body).await
}

#[tokio::test]
async fn a_known_device_is_not_slowed_down_by_what_others_do() {
    let place = Place::start("memory", json!({})).await;
    let mut browser = known_browser(&place, HOME).await;
    // One who guesses has the same address, and there are many others.
    assert_eq!(place.guess(HOME, ANNA).await, 10);
    for attacker in 1..=20 {
        place.sign_in(&format!("203.0.113.{attacker}"), ANNA, WRONG).await;
    }
    assert_eq!(browser_sign_in(&mut browser, HOME, PASSWORD).await.status, 200);
    browser.forget_cookie("ory_kratos_session");
    assert_eq!(browser_sign_in(&mut browser, "192.0.2.99", PASSWORD).await.status, 200, "wherever it is");
    browser.forget_cookie("ory_kratos_session");
    // Another browser there waits.
    let mut other = Person::new(&place.site, Kind::Spa);
    assert_eq!(browser_sign_in(&mut other, HOME, PASSWORD).await.status, 429);
    // Whoever has the browser guesses no more than others do.
    let mut compared = 0;
    while browser_sign_in(&mut browser, "192.0.2.99", WRONG).await.status == 400 {
        compared += 1;
        assert!(compared < 40);
    }
    assert_eq!(compared, 10);
    assert_eq!(browser_sign_in(&mut browser, "192.0.2.98", WRONG).await.status, 429, "nor from elsewhere");
}

#[tokio::test]
async fn an_app_in_a_network_that_it_signed_in_from_does_not_wait_for_others() {
    let place = Place::start("memory", json!({})).await;
    assert_eq!(place.sign_in(HOME, ANNA, PASSWORD).await.status, 200);
    for attacker in 1..=20 {
        place.sign_in(&format!("203.0.113.{attacker}"), ANNA, WRONG).await;
    }
    assert_eq!(place.sign_in(HOME, ANNA, PASSWORD).await.status, 200);
    assert_eq!(place.sign_in("192.0.2.99", ANNA, PASSWORD).await.status, 429, "not from elsewhere");
}
