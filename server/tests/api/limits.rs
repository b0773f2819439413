//! Guessing and flooding, over as many flows as somebody likes: what is counted is the address and the account.

use crate::clients::{JSON, Kind, PASSWORD, Person, document, stand};
use crate::proof::{ANNA, Place, wrong};
use base64::Engine as _;
use engine::flow;
use engine::form::outcome::{Outcome, Why};
use engine::limits::report::{self, Whom};
use engine::model::FlowKind;
use engine::requester::Requester;
use engine::testing::{self, TestRandom, World};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);
const NOBODY: &str = "nobody@vestibule.test";
const WRONG: i64 = 4070006;

/// The message of a wrong code, or of one too many.
fn message(form: &Value) -> i64 {
    form["ui"]["messages"][0]["id"].as_i64().unwrap_or_default()
}

/// A form for `address`, without waiting for the next mail to be allowed.
async fn form_for(place: &Place, address: &str) -> String {
    let (_, flow) = place.public("GET", "/self-service/verification/api", None).await;
    let flow = flow["id"].as_str().expect("a flow").to_owned();
    let (status, form) = place.submit(&flow, json!({"method": "code", "email": address})).await;
    assert_eq!((status, &form["state"]), (200, &json!("sent_email")));
    flow
}

/// Guesses four times in each of so many flows; what the form said each time.
async fn guess(place: &Place, address: &str, code: &str, flows: usize) -> Vec<i64> {
    let mut said = Vec::new();
    for _ in 0..flows {
        let flow = form_for(place, address).await;
        for _ in 0..4 {
            let (status, form) = place.code(&flow, code).await;
            assert_eq!((status, &form["state"]), (200, &json!("sent_email")));
            said.push(message(&form));
        }
    }
    said
}

async fn link(place: &Place) -> (String, String) {
    engine::courier::deliver(&place.stand.engine).await.expect("the courier works");
    let mails = place.stand.world.mailer.sent();
    let text = &mails.last().expect("a mail").text;
    let rest = text.split_once("code=").expect("a link").1;
    let (code, rest) = rest.split_once("&flow=").expect("a flow");
    (code.to_owned(), rest[..36].to_owned())
}

async fn guessing_ends(dsn: &str) {
    let place = Place::start(dsn).await;
    let (first, code) = place.sign_up().await;
    let said = guess(&place, ANNA, &wrong(&code), 4).await;
    assert_eq!(said.iter().filter(|id| **id == WRONG).count(), 10, "{said:?}");
    assert_eq!(said[..10], [WRONG; 10], "and not one more");
    // Not even the right one, wherever it belongs.
    let (status, form) = place.code(&first, &code).await;
    assert_eq!((status, &form["state"]), (200, &json!("sent_email")));
    assert_ne!(message(&form), WRONG);
    assert!(!place.is_proven().await);
    // Whoever has no account is answered alike.
    assert_eq!(guess(&place, NOBODY, &wrong(&code), 4).await, said);
    // An hour later there are ten more, and a right code is none of them.
    place.later(HOUR);
    let (flow, code) = place.ask_for_code().await;
    assert_eq!(place.code(&flow, &code).await.1["state"], "passed_challenge");
    assert!(place.is_proven().await);
}

#[tokio::test]
async fn guessing_over_many_flows_ends_after_ten_wrong_codes_an_hour() {
    guessing_ends("memory").await;
}

#[tokio::test]
async fn guessing_over_many_flows_ends_on_postgresql_too() {
    guessing_ends(&engine::testing::postgres::database().await).await;
}

/// Many clients guess. What clients that the account does not know may try in all is limited, and the owner's link works still.
#[tokio::test]
async fn guesses_of_many_clients_at_one_address_end_after_thirty_an_hour() {
    let place = Place::start("memory").await;
    let (flow, code) = place.sign_up().await;
    let (of_link, _) = link(&place).await;
    let mut wrong_ones = 0;
    for client in 2..9 {
        place.come_from(&format!("203.0.113.{client}"));
        let said = guess(&place, ANNA, &wrong(&code), 2).await;
        wrong_ones += said.iter().filter(|id| **id == WRONG).count();
    }
    assert_eq!(wrong_ones, 30);
    let (status, done) = place.code(&flow, &of_link).await;
    assert_eq!((status, &done["state"]), (200, &json!("passed_challenge")));
    place.later(HOUR);
    assert_eq!(guess(&place, NOBODY, &wrong(&code), 1).await, [WRONG; 4]);
}

/// A client that guesses keeps no other client from a code.
#[tokio::test]
async fn a_client_that_guesses_is_alone_with_its_limit() {
    for dsn in ["memory".to_owned(), engine::testing::postgres::database().await] {
        let place = Place::start(&dsn).await;
        let (flow, code) = place.sign_up().await;
        place.come_from("203.0.113.66");
        let said = guess(&place, ANNA, &wrong(&code), 4).await;
        assert_eq!(said.iter().filter(|id| **id == WRONG).count(), 10, "{said:?}");
        place.come_from("203.0.113.1");
        assert_eq!(place.code(&flow, &code).await.1["state"], "passed_challenge");
        assert!(place.is_proven().await);
    }
}

#[tokio::test]
async fn no_code_and_no_email_is_counted_while_limits_are_off() {
    let place = Place::start("memory").await;
    let mut document = place.document.clone();
    document["vestibule"]["limits"] = json!({"enabled": false});
    place.stand.engine.publish(place.stand.world.config(vec![document]));
    let (_, code) = place.sign_up().await;
    assert_eq!(guess(&place, ANNA, &wrong(&code), 8).await, [WRONG; 32]);
    engine::courier::deliver(&place.stand.engine).await.expect("the courier works");
    assert_eq!(place.stand.world.mailer.sent().len(), 9);
    assert_eq!(place.stand.engine.db().rows().await.expect("rows")["limit_counters"], 0);
}

/// A copy of the database tells no address.
#[tokio::test]
async fn counters_hold_no_address() {
    let place = Place::start("memory").await;
    let (_, code) = place.sign_up().await;
    guess(&place, ANNA, &wrong(&code), 4).await;
    guess(&place, NOBODY, &wrong(&code), 4).await;
    let slowed = report::list(&place.stand.engine, &Whom::Everyone).await.expect("the store answers");
    let labels: Vec<Option<&str>> = slowed.iter().map(|one| one.account.as_deref()).collect();
    assert!(labels.contains(&Some("a…@vestibule.test")) && labels.contains(&None), "{labels:?}");
    assert!(slowed.iter().all(|one| one.client.as_deref() == Some("203.0.113.1")), "{slowed:?}");
}

#[tokio::test]
async fn guesses_at_the_same_moment_are_no_more_than_one_by_one() {
    let dsn = engine::testing::postgres::database().await;
    let place = Place::start(&dsn).await;
    let (_, code) = place.sign_up().await;
    let mut flows = Vec::new();
    for _ in 0..16 {
        flows.push(form_for(&place, ANNA).await);
    }
    let wrong = wrong(&code);
    let all = futures::future::join_all(flows.iter().map(|flow| place.code(flow, &wrong))).await;
    let compared = all.iter().filter(|(_, form)| message(form) == WRONG).count();
    assert_eq!(compared, 10, "{:?}", all.iter().map(|(_, form)| message(form)).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_restart_forgets_no_guess() {
    let dsn = engine::testing::postgres::database().await;
    let place = Place::start(&dsn).await;
    let (_, code) = place.sign_up().await;
    guess(&place, ANNA, &wrong(&code), 3).await;
    let flow = form_for(&place, ANNA).await;
    // The next process: nothing is left of the first but its rows.
    let mut world = World::default();
    world.random = Arc::new(TestRandom::new(1));
    let again = world.engine(&dsn, vec![place.document.clone()]).await;
    let mut submit = testing::form(flow, json!({"method": "code", "code": wrong(&code)}));
    submit.requester = Requester::direct("203.0.113.1".parse().expect("an address")).into();
    let outcome = flow::submit(&again.begin(), FlowKind::Verification, submit).await.expect("an answer");
    let Outcome::Form { flow: form, why: Why::WrongCode } = outcome else { panic!("{outcome:?}") };
    assert_ne!(message(&form.to_json()), WRONG, "nothing was compared");
}

#[tokio::test]
async fn nobody_can_lock_the_owner_of_an_address_out() {
    let place = Place::start("memory").await;
    let (flow, code) = place.sign_up().await;
    let (of_link, of_flow) = link(&place).await;
    assert_eq!((of_link.len(), &of_flow), (39, &flow), "128 bits and more");
    for _ in 0..6 {
        place.code(&flow, &wrong(&code)).await;
    }
    guess(&place, ANNA, &wrong(&code), 4).await;
    // Opening it proves nothing still.
    let target = format!("/self-service/verification?code={of_link}&flow={of_flow}");
    assert_eq!(place.public("GET", &target, None).await.0, 303);
    assert!(!place.is_proven().await);
    let mut other = of_link.clone().into_bytes();
    other[38] = if other[38] == b'0' { b'1' } else { b'0' };
    let (_, form) = place.code(&flow, &String::from_utf8(other).expect("digits")).await;
    assert_eq!(message(&form), WRONG);
    let (status, done) = place.code(&flow, &of_link).await;
    assert_eq!((status, &done["state"]), (200, &json!("passed_challenge")));
    assert!(place.is_proven().await);
    assert_eq!(place.code(&flow, &of_link).await.0, 410, "once");
}

#[tokio::test]
async fn a_mailbox_cannot_be_flooded() {
    let place = Place::start("memory").await;
    let emails = async || {
        while engine::courier::deliver(&place.stand.engine).await.expect("the courier works") > 0 {}
        place.stand.world.mailer.sent().iter().filter(|mail| mail.to == ANNA).count()
    };
    let (flow, _) = place.sign_up().await;
    for _ in 0..10 {
        // Each is answered as if an email were sent.
        form_for(&place, ANNA).await;
    }
    assert_eq!(emails().await, 5, "an hour, because of one client");
    // Whoever holds the form of the sign-up gets one more, whatever others did.
    for _ in 0..2 {
        assert_eq!(place.submit(&flow, json!({"method": "code", "email": ANNA})).await.0, 200);
        assert_eq!(emails().await, 6);
    }
    for client in 2..9 {
        place.come_from(&format!("203.0.113.{client}"));
        for _ in 0..6 {
            form_for(&place, ANNA).await;
        }
    }
    assert_eq!(emails().await, 21, "twenty in all, and the one of the form");
    place.later(HOUR);
    form_for(&place, ANNA).await;
    assert_eq!(emails().await, 22);
}

#[tokio::test]
async fn one_client_cannot_write_to_many_strangers_nor_all_clients_together() {
    let place = Place::start("memory").await;
    let mut document = place.document.clone();
    document["vestibule"]["limits"] = json!({"emails": {"per_client": 3, "total": 5}});
    document["selfservice"]["flows"]["verification"]["notify_unknown_recipients"] = true.into();
    place.stand.engine.publish(place.stand.world.config(vec![document]));
    let emails = async || {
        while engine::courier::deliver(&place.stand.engine).await.expect("the courier works") > 0 {}
        place.stand.world.mailer.sent().len()
    };
    for (client, expected) in [(1, 3), (2, 5), (3, 5)] {
        place.come_from(&format!("203.0.113.{client}"));
        for number in 0..4 {
            form_for(&place, &format!("stranger-{client}-{number}@vestibule.test")).await;
        }
        assert_eq!(emails().await, expected, "after client {client}");
    }
    place.later(HOUR);
    form_for(&place, "stranger@vestibule.test").await;
    assert_eq!(emails().await, 6);
}

/// Whoever signs up with `anna+1`, `anna+2` and so on writes to one mailbox all the time.
#[tokio::test]
async fn spellings_of_one_mailbox_share_its_emails() {
    let place = Place::start("memory").await;
    let mut document = place.document.clone();
    document["vestibule"]["limits"] = json!({"emails": {"per_address": 4}});
    document["selfservice"]["flows"]["verification"]["notify_unknown_recipients"] = true.into();
    place.stand.engine.publish(place.stand.world.config(vec![document]));
    let emails = async || {
        while engine::courier::deliver(&place.stand.engine).await.expect("the courier works") > 0 {}
        place.stand.world.mailer.sent().len()
    };
    for number in 0..8 {
        place.come_from(&format!("203.0.113.{number}"));
        form_for(&place, &format!("Mallory+{number}@vestibule.test")).await;
    }
    assert_eq!(emails().await, 4);
    form_for(&place, "mallory@vestibule.test").await;
    assert_eq!(emails().await, 4, "the mailbox itself counts with them");
    form_for(&place, "somebody+else@vestibule.test").await;
    assert_eq!(emails().await, 5, "and no other does");
}

/// A stranger asks for all the emails there are, and the code that the owner was sent stays valid in the owner's form.
#[tokio::test]
async fn a_stranger_uses_up_neither_the_owners_emails_nor_their_codes() {
    let place = Place::start("memory").await;
    let (flow, code) = place.sign_up().await;
    place.come_from("203.0.113.66");
    for _ in 0..8 {
        form_for(&place, ANNA).await;
    }
    place.come_from("198.51.100.7");
    let (own, own_code) = place.ask_for_code().await;
    assert_ne!(own_code, code);
    assert_eq!(message(&place.code(&own, &code).await.1), WRONG, "of another form");
    assert_eq!(place.code(&flow, &code).await.1["state"], "passed_challenge");
    assert!(place.is_proven().await);
}

#[tokio::test]
async fn a_request_without_an_email_leaves_the_earlier_code_valid() {
    let place = Place::start("memory").await;
    place.one_email_each();
    let (flow, code) = place.sign_up().await;
    assert_eq!(place.submit(&flow, json!({"method": "code", "email": ANNA})).await.0, 200);
    assert_eq!(place.newest_code().await, code, "no other email was sent");
    assert_eq!(place.code(&flow, &code).await.1["state"], "passed_challenge");
}

#[tokio::test]
async fn a_new_code_voids_the_older_of_its_form_and_no_other() {
    let place = Place::start("memory").await;
    let (flow, code) = place.sign_up().await;
    let (other, of_other) = place.ask_for_code().await;
    assert_eq!(place.submit(&flow, json!({"method": "code", "email": ANNA})).await.0, 200);
    let newer = place.newest_code().await;
    assert_eq!(message(&place.code(&flow, &code).await.1), WRONG);
    assert_eq!(message(&place.code(&other, &newer).await.1), WRONG);
    assert_eq!(place.code(&other, &of_other).await.1["state"], "passed_challenge");
}

/// A limit keeps the form that a sign-in leads to from an email of its own: the newest one is that of the sign-up.
#[tokio::test]
async fn the_code_of_the_sign_up_counts_in_the_form_that_a_sign_in_leads_to_at_once() {
    for dsn in ["memory".to_owned(), engine::testing::postgres::database().await] {
        let place = Place::start(&dsn).await;
        let mut document = place.document.clone();
        document["selfservice"]["flows"]["login"] =
            json!({"after": {"password": {"hooks": [{"hook": "require_verified_address"}]}}});
        document["vestibule"]["limits"] = json!({"emails": {"per_address_and_client": 1}});
        place.stand.engine.publish(place.stand.world.config(vec![document]));
        let (first, code) = place.sign_up().await;
        let (_, login) = place.public("GET", "/self-service/login/api", None).await;
        let target = format!("/self-service/login?flow={}", login["id"].as_str().expect("a flow"));
        let body = json!({"method": "password", "identifier": ANNA, "password": PASSWORD});
        let (status, refused) = place.public("POST", &target, Some(body)).await;
        assert_eq!(status, 403, "{refused}");
        let items = refused["error"]["details"]["continue_with"].as_array().expect("a way on");
        let second = items[0]["flow"]["id"].as_str().expect("a verification").to_owned();
        assert_ne!(second, first);
        assert_eq!(place.newest_code().await, code, "no other mail went");
        assert_eq!(message(&place.code(&second, &wrong(&code)).await.1), WRONG);
        assert!(!place.is_proven().await);
        assert_eq!(place.code(&second, &code).await.1["state"], "passed_challenge");
        assert!(place.is_proven().await);
        assert_eq!(place.code(&first, &code).await.0, 410, "it was used up");
    }
}

#[tokio::test]
async fn a_code_that_was_sent_for_another_form_counts_only_where_no_email_was_sent() {
    let place = Place::start("memory").await;
    place.one_email_each();
    let (first, code) = place.sign_up().await;
    let hurried = form_for(&place, ANNA).await;
    let stranger = form_for(&place, NOBODY).await;
    assert_eq!(message(&place.code(&stranger, &code).await.1), WRONG, "another address");
    place.come_from("203.0.113.2");
    let (own, newer) = place.ask_for_code().await;
    assert_eq!(message(&place.code(&own, &code).await.1), WRONG, "it has an email of its own");
    // Asked again in the first form: that email is younger than the hurried form, and belongs to what it counts with.
    place.come_from("203.0.113.3");
    place.submit(&first, json!({"method": "code", "email": ANNA})).await;
    let newest = place.newest_code().await;
    assert_ne!(newest, newer);
    assert_eq!(message(&place.code(&hurried, &code).await.1), WRONG, "a newer one took its place");
    assert_eq!(place.code(&hurried, &newest).await.1["state"], "passed_challenge");
}

#[tokio::test]
async fn a_code_without_attempts_left_has_none_in_another_form_either() {
    let place = Place::start("memory").await;
    place.one_email_each();
    let (first, code) = place.sign_up().await;
    let hurried = form_for(&place, ANNA).await;
    for _ in 0..5 {
        assert_eq!(message(&place.code(&first, &wrong(&code)).await.1), WRONG);
    }
    assert_eq!(message(&place.code(&hurried, &code).await.1), WRONG);
    assert!(!place.is_proven().await);
}

/// Two addresses, both good for signing in.
fn two_addresses() -> String {
    let address = json!({
        "type": "string", "format": "email",
        "ory.sh/kratos": {"credentials": {"password": {"identifier": true}}, "verification": {"via": "email"}},
    });
    let schema = json!({
        "$id": "https://vestibule.test/two", "$schema": "http://json-schema.org/draft-07/schema#", "type": "object",
        "properties": {"traits": {"type": "object", "properties": {"email": address, "work": address}}},
    });
    format!("base64://{}", base64::engine::general_purpose::STANDARD.encode(schema.to_string()))
}

#[tokio::test]
async fn an_address_that_was_never_proven_signs_nobody_in_where_the_used_one_counts() {
    for required in [false, true] {
        let (stand, site) = stand(
            "memory",
            json!({
                "identity": {"schemas": [{"id": "default", "url": two_addresses()}]},
                "selfservice": {"flows": {
                    "verification": {"enabled": true},
                    "login": {"after": {"password": {"hooks": [{"hook": "require_verified_address"}]}}},
                }},
                "courier": {"smtp": {"connection_uri": "smtp://127.0.0.1:1/?disable_starttls=true"}},
                "vestibule": {"login": {"require_verified_identifier": required}},
            }),
        )
        .await;
        let ctx = stand.engine.begin();
        let person = serde_json::from_value(json!({
            "traits": {"email": ANNA, "work": "anna@work.test"},
            "credentials": {"password": {"config": {"password": PASSWORD}}},
            "verifiable_addresses": [{"value": ANNA, "via": "email", "verified": true}],
        }));
        engine::admin::create(&ctx, person.expect("a body")).await.expect("made");
        let sign_in = async |identifier: &str| {
            let mut person = Person::new(&site, Kind::Spa);
            let (flow, csrf) = person.begin_sign_in().await;
            let fields = json!({
                "method": "password", "identifier": identifier, "password": PASSWORD, "csrf_token": csrf,
            });
            let target = format!("/self-service/login?flow={flow}");
            person.post(&target, &[("Content-Type", JSON)], &fields).await
        };
        assert_eq!(sign_in(ANNA).await.status, 200);
        let answer = sign_in(" Anna@WORK.test").await;
        assert_eq!(answer.status, if required { 403 } else { 200 });
        if required {
            let refused = document(&answer);
            assert_eq!(refused["error"]["id"], "session_verified_address_required");
            engine::courier::deliver(&stand.engine).await.expect("the courier works");
            assert_eq!(stand.world.mailer.sent().last().expect("a mail").to, "anna@work.test");
        }
    }
}

/// A single-page app of a browser that signed in before.
async fn known_browser(place: &Place) -> Person {
    let mut person = Person::new(&place.site(), Kind::Spa);
    let (flow, csrf) = person.begin_sign_in().await;
    let fields = json!({"method": "password", "identifier": ANNA, "password": PASSWORD, "csrf_token": csrf});
    let done =
        person.post(&format!("/self-service/login?flow={flow}"), &[("Content-Type", JSON)], &fields).await;
    assert_eq!(done.status, 200);
    person.forget_cookie("ory_kratos_session");
    person
}

/// Its form for a code, with the token.
async fn form_of(person: &mut Person) -> (String, String) {
    let headers = [("X-Forwarded-For", "203.0.113.1")];
    let flow = document(&person.ask("GET", "/self-service/verification/browser", JSON, &headers, None).await);
    let nodes = flow["ui"]["nodes"].as_array().expect("nodes");
    let csrf = nodes.iter().find(|node| node["attributes"]["name"] == "csrf_token").expect("a token");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let (id, csrf) = (text(&flow["id"]), text(&csrf["attributes"]["value"]));
    let form = send_form(person, &id, &json!({"method": "code", "email": ANNA, "csrf_token": csrf})).await;
    assert_eq!(form["state"], "sent_email", "{form}");
    (id, csrf)
}

async fn send_form(person: &mut Person, flow: &str, fields: &Value) -> Value {
    let headers = [("Content-Type", JSON), ("X-Forwarded-For", "203.0.113.1")];
    document(&person.post(&format!("/self-service/verification?flow={flow}"), &headers, fields).await)
}

/// Strangers use up the attempts and emails that there are, from the owner's address as well.
#[tokio::test]
async fn a_known_device_gets_emails_and_types_codes_whatever_others_do() {
    let place = Place::start("memory").await;
    let (_, code) = place.sign_up().await;
    let mut known = known_browser(&place).await;
    for client in 1..9 {
        place.come_from(&format!("203.0.113.{client}"));
        for _ in 0..6 {
            form_for(&place, ANNA).await;
        }
        guess(&place, ANNA, &wrong(&code), 3).await;
    }
    // Its own count is as long as others', and one form an hour is there beyond it.
    let mut said = Vec::new();
    for _ in 0..2 {
        let (flow, csrf) = form_of(&mut known).await;
        for _ in 0..5 {
            let fields = json!({"method": "code", "code": "not a code", "csrf_token": csrf});
            said.push(message(&send_form(&mut known, &flow, &fields).await));
        }
    }
    assert_eq!(said, [WRONG; 10]);
    while engine::courier::deliver(&place.stand.engine).await.expect("the courier works") > 0 {}
    let (flow, csrf) = form_of(&mut known).await;
    let own = place.newest_code().await;
    assert_ne!(own, code);
    let fields = json!({"method": "code", "code": wrong(&own), "csrf_token": csrf});
    assert_eq!(message(&send_form(&mut known, &flow, &fields).await), WRONG);
    let (other, other_csrf) = form_of(&mut known).await;
    let fields = json!({"method": "code", "code": wrong(&own), "csrf_token": other_csrf});
    assert_ne!(message(&send_form(&mut known, &other, &fields).await), WRONG, "one form");
    let fields = json!({"method": "code", "code": own, "csrf_token": csrf});
    assert_eq!(send_form(&mut known, &flow, &fields).await["state"], "passed_challenge");
    assert!(place.is_proven().await);
}
