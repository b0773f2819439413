//! Sessions as JSON Web Tokens: what is in them, who they are for, and how long they hold.

use crate::clients::{JSON, Kind, Outcome, Person, Site, document, stand};
use crate::support::http::{Answer, send};
use crate::support::stand::Stand;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use serde_json::{Value, json};
use std::time::Duration;

const KEYS: &str = include_str!("../../../engine/src/testing/signing_keys.json");

fn inline(text: &str) -> String {
    format!("base64://{}", STANDARD.encode(text))
}

/// A template that signs with the first key, and more.
fn template(more: Value) -> Value {
    let mut template = json!({"jwks_url": inline(KEYS), "ttl": "10m"});
    for (name, value) in more.as_object().expect("members") {
        template[name] = value.clone();
    }
    template
}

async fn place(templates: Value, more: Value) -> (Stand, Site) {
    let mut config = json!({
        "session": {"whoami": {"tokenizer": {"templates": templates}}},
        "selfservice": {"flows": {"registration": {"after": {"password": {"hooks": [{"hook": "session"}]}}}}},
    });
    for (name, value) in more.as_object().expect("sections") {
        config[name] = value.clone();
    }
    stand("memory", config).await
}

async fn somebody(site: &Site) -> Person {
    let mut person = Person::new(site, Kind::Spa);
    let begun = person.begin().await;
    assert_eq!(person.finish(&begun, "anna@vestibule.test").await, Outcome::SignedIn);
    person
}

async fn whoami(person: &mut Person, query: &str) -> Answer {
    person.ask("GET", &format!("/sessions/whoami{query}"), JSON, &[], None).await
}

/// Header and claims of the token.
async fn token(person: &mut Person, name: &str) -> (Value, Value, String) {
    let answer = whoami(person, &format!("?tokenize_as={name}")).await;
    assert_eq!(answer.status, 200, "{}", document(&answer));
    let token = document(&answer)["tokenized"].as_str().expect("a token").to_owned();
    let parts: Vec<Value> = token
        .split('.')
        .take(2)
        .map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON"))
        .collect();
    (parts[0].clone(), parts[1].clone(), token)
}

#[tokio::test]
async fn a_token_names_session_and_user_and_is_signed_by_the_key() {
    let (stand, site) = place(json!({"app": template(json!({}))}), json!({})).await;
    let mut anna = somebody(&site).await;
    let plain = document(&whoami(&mut anna, "").await);
    assert!(plain.get("tokenized").is_none());
    let (header, claims, token) = token(&mut anna, "app").await;
    assert_eq!(header, json!({"alg": "ES256", "typ": "JWT", "kid": "es256"}));
    let now = engine::effects::Clock::now(&*stand.world.clock).timestamp();
    let jti = claims["jti"].clone();
    let expected = json!({
        "jti": jti, "iss": format!("http://{}/", site.public), "exp": now + 600, "sid": plain["id"],
        "nbf": now, "iat": now, "sub": plain["identity"]["id"],
    });
    assert_eq!(claims, expected);
    let key: Value = serde_json::from_str(KEYS).expect("JSON");
    let point =
        |name: &str| URL_SAFE_NO_PAD.decode(key["keys"][0][name].as_str().expect("text")).expect("a number");
    let key = VerifyingKey::from_sec1_bytes(&[vec![4], point("x"), point("y")].concat()).expect("a point");
    let (signed, signature) = token.rsplit_once('.').expect("three parts");
    let signature =
        Signature::from_slice(&URL_SAFE_NO_PAD.decode(signature).expect("base64url")).expect("a signature");
    key.verify(signed.as_bytes(), &signature).expect("signed by the key");
    let again = self::token(&mut anna, "app").await.1;
    assert_ne!(again["jti"], jti, "each token has an ID of its own");
}

#[tokio::test]
async fn a_mapping_adds_claims_of_the_session_and_never_changes_whose_it_is() {
    let mapper = r#"
        local session = std.extVar('session');
        local claims = std.extVar('claims');
        { claims: {
            email: session.identity.traits.email, level: session.authenticator_assurance_level,
            aud: ['shop'], iss: 'https://shop.example/', sub: 'somebody else', was: claims.sub, sid: claims.sid,
        } }"#;
    let (_stand, site) =
        place(json!({"shop": template(json!({"claims_mapper_url": inline(mapper)}))}), json!({})).await;
    let mut anna = somebody(&site).await;
    let own = document(&whoami(&mut anna, "").await)["identity"]["id"].clone();
    let (_, claims, _) = token(&mut anna, "shop").await;
    assert_eq!(
        (&claims["email"], &claims["level"], &claims["aud"], &claims["iss"]),
        (&json!("anna@vestibule.test"), &json!("aal1"), &json!(["shop"]), &json!("https://shop.example/"))
    );
    assert_eq!((&claims["sub"], &claims["was"]), (&own, &own));
    assert!(claims["exp"].is_i64() && claims["jti"].is_string());
}

#[tokio::test]
async fn a_token_ends_with_its_session() {
    let long = "{ claims: { exp: 4102444800 } }";
    let templates = json!({
        "day": template(json!({"ttl": "48h"})),
        "mapped": template(json!({"claims_mapper_url": inline(long)})),
        "short": template(json!({})),
    });
    let (stand, site) = place(templates, json!({})).await;
    let mut anna = somebody(&site).await;
    let session = document(&whoami(&mut anna, "").await);
    let end: chrono::DateTime<chrono::Utc> =
        session["expires_at"].as_str().expect("a time").parse().expect("a time");
    for name in ["day", "mapped"] {
        assert_eq!(token(&mut anna, name).await.1["exp"], end.timestamp(), "{name}");
    }
    assert!(token(&mut anna, "short").await.1["exp"].as_i64().expect("a time") < end.timestamp());
    stand.world.clock.advance(Duration::from_secs(24 * 60 * 60 - 60));
    assert_eq!(token(&mut anna, "short").await.1["exp"], end.timestamp());
    stand.world.clock.advance(Duration::from_secs(60));
    assert_eq!(whoami(&mut anna, "?tokenize_as=short").await.status, 401);
}

#[tokio::test]
async fn a_template_may_name_users_by_their_external_id() {
    let (_stand, site) =
        place(json!({"crm": template(json!({"subject_source": "external_id"}))}), json!({})).await;
    let mut anna = somebody(&site).await;
    let answer = whoami(&mut anna, "?tokenize_as=crm").await;
    assert_eq!(answer.status, 400, "a user without one");
    let body = json!({
        "schema_id": "default", "traits": {"email": "bea@vestibule.test"}, "external_id": "crm-7",
        "credentials": {"password": {"config": {"password": crate::clients::PASSWORD}}},
    });
    let headers = [("Host".to_owned(), site.admin.clone()), ("Content-Type".to_owned(), JSON.to_owned())];
    let body = body.to_string();
    let made = send(&site.admin, "POST", "/admin/identities", &headers, Some(body.as_bytes()))
        .await
        .expect("an answer");
    assert_eq!(made.status, 201);
    let mut bea = Person::new(&site, Kind::Native);
    let begun = document(&bea.ask("GET", "/self-service/login/api", JSON, &[], None).await);
    let target = format!("/self-service/login?flow={}", begun["id"].as_str().expect("an id"));
    let fields = json!({"method": "password", "identifier": "bea@vestibule.test", "password": crate::clients::PASSWORD});
    let signed_in = document(&bea.post(&target, &[], &fields).await);
    let token = signed_in["session_token"].as_str().expect("a token");
    let answer =
        bea.ask("GET", "/sessions/whoami?tokenize_as=crm", JSON, &[("X-Session-Token", token)], None).await;
    let jwt = document(&answer)["tokenized"].as_str().expect("a token").to_owned();
    let claims = URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1).expect("claims")).expect("base64url");
    assert_eq!(serde_json::from_slice::<Value>(&claims).expect("JSON")["sub"], "crm-7");
}

#[tokio::test]
async fn what_cannot_be_made_gives_no_token() {
    let mapper = |text: &str| template(json!({"claims_mapper_url": inline(text)}));
    let templates = json!({
        "fails": mapper("error 'no'"),
        "empty": mapper("{}"),
        "list": mapper("{ claims: [] }"),
        "never": mapper("{ claims: { exp: null } }"),
        "text": mapper("{ claims: { nbf: 'now' } }"),
        "elsewhere": template(json!({"claims_mapper_url": "https://mappers.example/app.jsonnet"})),
    });
    let (_stand, site) = place(templates, json!({})).await;
    let mut anna = somebody(&site).await;
    for name in ["fails", "empty", "list", "never", "text", "elsewhere", "unknown"] {
        let answer = whoami(&mut anna, &format!("?tokenize_as={name}")).await;
        assert_eq!(answer.status, 400, "{name}");
        assert!(document(&answer).get("tokenized").is_none(), "{name}");
    }
    assert_eq!(whoami(&mut anna, "").await.status, 200);
    let mut nobody = Person::new(&site, Kind::Spa);
    assert_eq!(whoami(&mut nobody, "?tokenize_as=app").await.status, 401);
}

#[tokio::test]
async fn a_mapping_elsewhere_is_fetched_once() {
    let url = "https://mappers.example/app.jsonnet";
    let (stand, site) = place(json!({"app": template(json!({"claims_mapper_url": url}))}), json!({})).await;
    stand.world.outbound.answer(url, "{ claims: { from: 'elsewhere' } }");
    let mut anna = somebody(&site).await;
    for _ in 0..3 {
        assert_eq!(token(&mut anna, "app").await.1["from"], "elsewhere");
    }
    let asked = stand.world.outbound.asked();
    assert_eq!(asked.iter().filter(|asked| asked.as_str() == url).count(), 1);
}
