//! Every way in which an address becomes proven, row by row: what follows is the same for all of them. The account is no longer one
//! from before any proof, no proof takes it over, nothing waits, no code is mailed, and the gate lets its person through.

use crate::clients::code_in;
use crate::support::sink::{Says, Sink};
use crate::trip::{JSON, Place, document};
use engine::identity::Identity;
use engine::store::identities;
use serde_json::{Value, json};

const PASSWORD: &str = "Correct-Horse-9-Battery";

async fn place(sink: &Sink) -> Place {
    let hook = json!({"hook": "web_hook", "config": {
        "url": format!("{}/vouches", sink.base), "method": "POST", "response": {"parse": true},
    }});
    let gate = json!({"hooks": [{"hook": "require_verified_address"}]});
    Place::start("memory", |_| {
        json!({
            "selfservice": {"flows": {
                "verification": {"enabled": true},
                "registration": {"after": {"password": {"hooks": [hook]}}},
                "login": {"after": {"password": gate, "oidc": gate}},
            }},
            "vestibule": {"registration": {"reset_on_first_verification": true, "unverified_session_lifespan": "15m"}},
        })
    })
    .await
}

async fn identity(place: &Place, email: &str) -> Identity {
    let mut tx = place.stand.engine.db().read().await.expect("the database answers");
    let found =
        identities::by_verifiable_address(&mut tx, "email", email).await.expect("the database answers");
    found.unwrap_or_else(|| panic!("an account for {email}"))
}

async fn mails(place: &Place, email: &str) -> Vec<String> {
    while engine::courier::deliver(&place.stand.engine).await.expect("the courier works") > 0 {}
    let sent = place.stand.world.mailer.sent();
    sent.into_iter().filter(|mail| mail.to == email).map(|mail| mail.text).collect()
}

/// Signs up with a password as an app does, from a form that begins at `way`.
async fn sign_up(place: &Place, way: &str, email: &str) {
    let mut app = place.browser();
    let flow = document(&app.get(&format!("/self-service/registration/{way}"), JSON).await);
    app.jar.clear();
    let body = json!({"method": "password", "password": PASSWORD, "traits": {"email": email}});
    let answer = app.post(&flow, body).await;
    assert_eq!(answer.status, 200, "{}", document(&answer));
}

async fn by_verification(place: &Place, email: &str) {
    sign_up(place, "api", email).await;
    let before = identity(place, email).await;
    assert!(before.unverified && before.resettable, "before any proof");
    let mail = mails(place, email).await.pop().expect("a mail");
    let (_, flow) = mail.split_once("&flow=").expect("a link");
    let body = json!({"method": "code", "code": code_in(&mail), "password": PASSWORD}).to_string();
    let target = format!("/self-service/verification?flow={}", &flow[..36]);
    let answer = place.browser().ask("POST", &target, JSON, Some((JSON, &body))).await;
    assert_eq!(document(&answer)["state"], "passed_challenge");
}

async fn by_the_administrator(place: &Place, email: &str) {
    let made = serde_json::from_value(json!({
        "traits": {"email": email}, "credentials": {"password": {"config": {"password": PASSWORD}}},
        "verifiable_addresses": [{"value": email, "via": "email", "verified": true}],
    }));
    engine::admin::create(&place.stand.engine.begin(), made.expect("a body")).await.expect("made");
}

async fn by_a_web_hook(place: &Place, sink: &Sink, email: &str) {
    let vouches =
        json!({"identity": {"verifiable_addresses": [{"value": email, "via": "email", "verified": true}]}});
    sink.says("/vouches", Says::This(200, vouches.to_string()));
    sign_up(place, "api", email).await;
    sink.says("/vouches", Says::This(200, "{}".to_owned()));
}

async fn by_a_provider(place: &Place, email: &str) {
    place.provider.visitor("dora", json!({"email": email, "email_verified": true}));
    place.browser().through("registration", "acme").await;
}

async fn by_an_invitation(place: &Place, email: &str) {
    let body = json!({"address": email, "send": true}).to_string();
    let headers = [("Host".to_owned(), place.admin.clone()), ("Content-Type".to_owned(), JSON.to_owned())];
    let target = "/admin/vestibule/invitations";
    let made =
        crate::support::http::send(&place.admin, "POST", target, &headers, Some(body.as_bytes())).await;
    assert_eq!(made.expect("the server answers").status, 201);
    let mail = mails(place, email).await.pop().expect("a mail");
    let (_, rest) = mail.split_once("invitation=").expect("a link");
    let secret = rest.split_whitespace().next().expect("a secret");
    sign_up(place, &format!("api?invitation={secret}"), email).await;
}

#[tokio::test]
async fn by_whatever_way_an_address_is_proven_what_follows_is_the_same() {
    let sink = Sink::start().await;
    let place = place(&sink).await;
    // Way, address, and the mails that it takes.
    for (way, mailed) in [("verification", 1), ("admin", 0), ("hook", 0), ("provider", 0), ("invitation", 1)]
    {
        let email = format!("{way}@vestibule.test");
        match way {
            "verification" => by_verification(&place, &email).await,
            "admin" => by_the_administrator(&place, &email).await,
            "hook" => by_a_web_hook(&place, &sink, &email).await,
            "provider" => by_a_provider(&place, &email).await,
            _ => by_an_invitation(&place, &email).await,
        }
        let identity = identity(&place, &email).await;
        let own = &identity.verifiable_addresses[0];
        assert_eq!(
            (own.verified, own.status.as_str(), own.verified_at.is_some()),
            (true, "completed", true),
            "{way}"
        );
        assert!(!identity.unverified && !identity.resettable, "{way}");
        assert_eq!(mails(&place, &email).await.len(), mailed, "{way}: nothing is left to prove");
        let signed_in = match way {
            "provider" => {
                let mut again = place.browser();
                again.through("login", "acme").await;
                again.whoami().await
            }
            _ => {
                let fields = json!({"identifier": email});
                let (status, done) = place.native_password("login", fields).await;
                (status == 200).then_some(done)
            }
        };
        assert!(signed_in.as_ref().is_some_and(Value::is_object), "{way}: the gate lets them through");
    }
}
