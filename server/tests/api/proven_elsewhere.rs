//! How often, and for how long, a provider's word counts: an id_token that an app sent is good once, and a fresh sign-in is one that
//! happened since it was asked for.

use crate::trip::{HTML, JSON, Place, agree, document, lay_over, location, messages};
use serde_json::{Value, json};

async fn begins(place: &Place, kind: &str) -> Value {
    document(&place.browser().get(&format!("/self-service/{kind}/api"), JSON).await)
}

/// An app sends a token, with the nonce that is in it, and perhaps traits.
async fn sends(place: &Place, flow: &Value, token: &str, nonce: &str, more: Value) -> (u16, Value) {
    let mut body = json!({"method": "oidc", "provider": "acme", "id_token": token, "id_token_nonce": nonce});
    lay_over(&mut body, more);
    let answer = place.browser().post(flow, body).await;
    (answer.status, document(&answer))
}

async fn signs_in_once(dsn: &str) {
    let place = Place::start(dsn, |_| json!({})).await;
    let first = place.provider.id_token(Some("1"));
    let flow = begins(&place, "registration").await;
    let (status, done) = sends(&place, &flow, &first, "1", json!({})).await;
    assert_eq!(status, 200, "{done}");
    for kind in ["login", "registration"] {
        let flow = begins(&place, kind).await;
        let (status, refused) = sends(&place, &flow, &first, "1", json!({})).await;
        assert_eq!((status, refused.get("session_token")), (403, None), "{kind}: {refused}");
    }
    // A sign-up of somebody who is known signs in, and uses its token up as well.
    for kind in ["login", "registration"] {
        let nonce = format!("2 {kind}");
        let token = place.provider.id_token(Some(&nonce));
        let flow = begins(&place, kind).await;
        assert_eq!(sends(&place, &flow, &token, &nonce, json!({})).await.0, 200, "{kind}");
        let flow = begins(&place, "login").await;
        assert_eq!(sends(&place, &flow, &token, &nonce, json!({})).await.0, 403, "{kind}");
    }
    // Both at once, in one form: whoever is first.
    let token = place.provider.id_token(Some("3"));
    let flow = begins(&place, "login").await;
    let (one, other) = futures::join!(
        sends(&place, &flow, &token, "3", json!({})),
        sends(&place, &flow, &token, "3", json!({})),
    );
    let mut statuses = [one.0, other.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 403]);
}

#[tokio::test]
async fn an_id_token_signs_in_once() {
    signs_in_once("memory").await;
}

#[tokio::test]
async fn an_id_token_signs_in_once_on_postgresql() {
    signs_in_once(&engine::testing::postgres::database().await).await;
}

#[tokio::test]
async fn an_id_token_counts_in_the_flow_that_it_came_with() {
    let place = Place::start("memory", |_| json!({})).await;
    place.provider.visitor("carl", json!({"name": "Carl"}));
    let token = place.provider.id_token(Some("1"));
    let flow = begins(&place, "registration").await;
    let (status, asked) = sends(&place, &flow, &token, "1", json!({})).await;
    assert_eq!(status, 400, "the address is missing: {asked}");
    let stranger = begins(&place, "registration").await;
    let traits = json!({"traits": {"email": "mallory@example.org"}});
    assert_eq!(sends(&place, &stranger, &token, "1", traits).await.0, 403);
    let traits = json!({"traits": {"email": "carl@example.org"}});
    let (status, done) = sends(&place, &flow, &token, "1", traits).await;
    assert_eq!((status, done["session_token"].is_string()), (200, true), "{done}");
    assert_eq!(place.accounts().await.len(), 1);
}

/// A sign-in of an unknown user becomes a sign-up that asks for the rest: the token goes along, and counts in no other form.
#[tokio::test]
async fn an_id_token_goes_on_to_the_form_that_takes_the_place_of_its_own() {
    let place = Place::start("memory", |_| json!({})).await;
    place.provider.visitor("carl", json!({"name": "Carl"}));
    let token = place.provider.id_token(Some("1"));
    let flow = begins(&place, "login").await;
    let (status, asked) = sends(&place, &flow, &token, "1", json!({})).await;
    assert_eq!(status, 400, "the address is missing: {asked}");
    assert_ne!(asked["id"], flow["id"], "it is a sign-up now");
    let traits = json!({"traits": {"email": "carl@example.org"}});
    assert_eq!(
        sends(&place, &flow, &token, "1", traits.clone()).await.0,
        403,
        "its first form is over for it"
    );
    let (status, done) = sends(&place, &asked, &token, "1", traits).await;
    assert_eq!((status, done["session_token"].is_string()), (200, true), "{done}");
    assert_eq!(place.accounts().await.len(), 1);
}

#[tokio::test]
async fn an_administrator_may_let_a_provider_s_tokens_count_more_than_once() {
    let place =
        Place::start("memory", |_| json!({"vestibule": {"social": {"reusable_id_tokens": ["acme"]}}})).await;
    let token = place.provider.id_token(Some("1"));
    for kind in ["registration", "login", "login"] {
        let flow = begins(&place, kind).await;
        assert_eq!(sends(&place, &flow, &token, "1", json!({})).await.0, 200, "{kind}");
    }
}

/// What the provider says of its last sign-in, relative to now; whether that is required; whether it counts.
#[tokio::test]
async fn a_fresh_sign_in_is_one_since_it_was_asked_for() {
    for (says, required, counts) in [
        (Some(0), false, true),
        (Some(-30), false, true),
        (Some(-3600), false, false),
        (Some(-864_000), false, false),
        (None, false, true),
        (None, true, false),
        (Some(0), true, true),
    ] {
        let list = if required { json!(["acme"]) } else { json!([]) };
        let place =
            Place::start("memory", |_| json!({"vestibule": {"social": {"require_fresh_sign_in": list}}}))
                .await;
        let mut anna = place.browser();
        anna.through("registration", "acme").await;
        let first = anna.whoami().await.expect("signed in");
        place.advance(100);
        let now = 1_893_456_100_i64;
        let mut claims = json!({"email": "anna@example.org", "email_verified": true});
        // As text too: providers write times either way.
        if let Some(ago) = says {
            claims["auth_time"] =
                if ago == -30 { (now + ago).to_string().into() } else { (now + ago).into() };
        }
        place.provider.visitor("anna", claims);
        let started = anna.get("/self-service/login/browser?refresh=true", HTML).await;
        let flow = anna.follow(&started).await;
        let there = anna.leave(&flow, "acme").await;
        assert!(there.contains("max_age=0") && there.contains("prompt=login"), "{there}");
        let answer = anna.get(&agree(&there).await, HTML).await;
        let after = anna.whoami().await.expect("signed in still");
        let case = format!("{says:?}, required {required}");
        assert_eq!(after["authenticated_at"] != first["authenticated_at"], counts, "{case}");
        if !counts {
            assert!(location(&answer).contains("/login?flow="), "{case}: {}", location(&answer));
            assert_eq!(messages(&anna.follow(&answer).await), [4_000_001], "{case}");
        }
    }
}
