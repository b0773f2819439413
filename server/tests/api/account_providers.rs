//! Providers in the account settings: who may connect one, to what, and which one stays.

use crate::support::http::Answer;
use crate::trip::{HTML, JSON, Place, Tab, agree, document, location, messages, node};
use serde_json::{Value, json};

const PASSWORD: &str = "Correct-Horse-9-Battery";
const ANNA: &str = "anna@example.org";
const BERT: &str = "bert@example.org";

/// A browser whose user has signed in with the password.
async fn signed_in(place: &Place, email: &str) -> Tab {
    let mut tab = place.browser();
    let flow = tab.open("login").await;
    sign_in(&mut tab, &flow, email).await;
    tab
}

async fn sign_in(tab: &mut Tab, flow: &Value, email: &str) -> Answer {
    let answer =
        tab.submit(flow, &[("method", "password"), ("identifier", email), ("password", PASSWORD)]).await;
    assert!(tab.whoami().await.is_some(), "{email} is signed in");
    answer
}

/// Values and labels of the buttons of that name.
fn buttons(flow: &Value, name: &str) -> Vec<(String, u64)> {
    let nodes = flow["ui"]["nodes"].as_array().expect("nodes");
    let own = nodes.iter().filter(|node| node["attributes"]["name"] == name);
    own.map(|node| {
        assert_eq!((&node["group"], &node["attributes"]["type"]), (&json!("oidc"), &json!("submit")));
        let value = node["attributes"]["value"].as_str().expect("a value").to_owned();
        (value, node["meta"]["label"]["id"].as_u64().expect("a number"))
    })
    .collect()
}

/// From the settings to the provider.
async fn leave(tab: &mut Tab, flow: &Value, provider: &str) -> String {
    let answer = tab.submit(flow, &[("link", provider)]).await;
    let there = location(&answer);
    assert!(answer.status == 303 && there.contains("/authorize"), "{there}");
    there
}

async fn linked(place: &Place, id: &str) -> Value {
    place.account(id).await["credentials"]["oidc"]["identifiers"].clone()
}

fn proofs(session: &Value) -> Value {
    let all = session["authentication_methods"].as_array().expect("a list");
    all.iter().map(|one| json!([one["method"], one["provider"]])).collect()
}

#[tokio::test]
async fn a_provider_is_connected_signs_in_and_is_disconnected() {
    let place = Place::start("memory", |_| json!({})).await;
    let id = place.with_password(ANNA).await;
    let mut anna = signed_in(&place, ANNA).await;
    let flow = anna.open("settings").await;
    assert_eq!(buttons(&flow, "link"), [("acme".to_owned(), 1_050_002), ("other".to_owned(), 1_050_002)]);
    assert_eq!(buttons(&flow, "unlink"), []);
    assert_eq!(
        node(&flow, "link").expect("a button")["meta"]["label"]["context"],
        json!({"provider": "Acme"})
    );
    let there = leave(&mut anna, &flow, "acme").await;
    assert_eq!(
        linked(&place, &id).await,
        Value::Null,
        "nothing is linked before the provider said who it is"
    );
    let answer = anna.get(&agree(&there).await, HTML).await;
    assert!(location(&answer).contains("/settings?flow="), "{}", location(&answer));
    let flow = anna.follow(&answer).await;
    assert_eq!((&flow["state"], messages(&flow)), (&json!("success"), vec![1_050_001]));
    assert_eq!(buttons(&flow, "link"), [("other".to_owned(), 1_050_002)]);
    assert_eq!(buttons(&flow, "unlink"), [("acme".to_owned(), 1_050_003)]);
    assert_eq!(linked(&place, &id).await, json!(["acme:anna"]));
    let session = anna.whoami().await.expect("signed in");
    assert_eq!(proofs(&session), json!([["password", null], ["oidc", "acme"]]));
    let mut elsewhere = place.browser();
    elsewhere.through("login", "acme").await;
    assert_eq!(elsewhere.whoami().await.expect("signed in")["identity"]["id"], id.as_str());

    // The same address once more is a page that was loaded again.
    let again = anna.get(&agree(&there).await, HTML).await;
    assert_eq!(again.status, 303);
    // One account of a provider.
    let answer = anna.submit(&flow, &[("link", "acme")]).await;
    let flow = anna.follow(&answer).await;
    assert!(messages(&flow).contains(&4_000_001), "{flow}");

    let answer = anna.submit(&flow, &[("unlink", "acme")]).await;
    let flow = anna.follow(&answer).await;
    assert_eq!(messages(&flow), [1_050_001]);
    assert_eq!(buttons(&flow, "unlink"), []);
    assert_eq!(linked(&place, &id).await, Value::Null);
    let mut nobody = place.browser();
    nobody.through("login", "acme").await;
    assert_eq!(nobody.whoami().await, None, "the provider signs in to nothing");
}

#[tokio::test]
async fn the_last_sign_in_method_stays_from_two_tabs_as_well() {
    for dsn in ["memory".to_owned(), engine::testing::postgres::database().await] {
        let place = Place::start(&dsn, |_| json!({})).await;
        let mut anna = place.browser();
        anna.through("registration", "acme").await;
        let id =
            anna.whoami().await.expect("signed in")["identity"]["id"].as_str().expect("an id").to_owned();
        let flow = anna.open("settings").await;
        assert_eq!(buttons(&flow, "unlink"), []);
        let answer = anna.submit(&flow, &[("unlink", "acme")]).await;
        assert_eq!(messages(&anna.follow(&answer).await), [4_000_001]);
        assert_eq!(linked(&place, &id).await, json!(["acme:anna"]));
        let there = leave(&mut anna, &flow, "other").await;
        anna.get(&agree(&there).await, HTML).await;
        assert_eq!(linked(&place, &id).await, json!(["acme:anna", "other:anna"]));
        let (mut one, mut other) = (anna.clone(), anna.clone());
        let (first, second) = (one.open("settings").await, other.open("settings").await);
        assert_eq!(buttons(&first, "unlink").len(), 2);
        futures::join!(
            one.submit(&first, &[("unlink", "acme")]),
            other.submit(&second, &[("unlink", "other")])
        );
        let left = linked(&place, &id).await;
        assert_eq!(left.as_array().map(Vec::len), Some(1), "{left}");
    }
}

#[tokio::test]
async fn a_provider_that_is_no_longer_offered_is_no_sign_in_method() {
    let place = Place::start("memory", |_| json!({})).await;
    let mut anna = place.browser();
    anna.through("registration", "acme").await;
    let flow = anna.open("settings").await;
    let there = leave(&mut anna, &flow, "other").await;
    anna.get(&agree(&there).await, HTML).await;
    let id = anna.whoami().await.expect("signed in")["identity"]["id"].as_str().expect("an id").to_owned();
    let entry = crate::trip::acme(&place.provider, json!({}));
    place.change(json!({"selfservice": {"methods": {"oidc": {"config": {"providers": [entry]}}}}}));
    let flow = anna.open("settings").await;
    assert_eq!((buttons(&flow, "link"), buttons(&flow, "unlink")), (vec![], vec![]));
    let answer = anna.submit(&flow, &[("unlink", "acme")]).await;
    assert_eq!(messages(&anna.follow(&answer).await), [4_000_001]);
    assert_eq!(linked(&place, &id).await, json!(["acme:anna", "other:anna"]));
}

#[tokio::test]
async fn an_account_at_the_provider_that_signs_in_to_another_account_is_refused() {
    let place = Place::start("memory", |_| json!({})).await;
    let id = place.with_password(BERT).await;
    place.browser().through("registration", "acme").await;
    let mut bert = signed_in(&place, BERT).await;
    let flow = bert.open("settings").await;
    let there = leave(&mut bert, &flow, "acme").await;
    let answer = bert.get(&agree(&there).await, HTML).await;
    let flow = bert.follow(&answer).await;
    assert_eq!(messages(&flow), [4_000_001]);
    assert!(flow["ui"]["messages"][0]["text"].as_str().is_some_and(|text| text.contains("another account")));
    assert_eq!(linked(&place, &id).await, Value::Null);
    assert_eq!(bert.whoami().await.expect("signed in")["identity"]["id"], id.as_str(), "and stays who he is");
}

#[tokio::test]
async fn connecting_and_disconnecting_take_a_recent_sign_in() {
    let keys = json!({"selfservice": {"flows": {"settings": {"privileged_session_max_age": "10m"}}}});
    let place = Place::start("memory", |_| keys).await;
    let id = place.with_password(ANNA).await;
    let mut anna = signed_in(&place, ANNA).await;
    let flow = anna.open("settings").await;
    let there = leave(&mut anna, &flow, "acme").await;
    // It was recent when the user left, and is not any more.
    place.advance(601);
    let answer = anna.get(&agree(&there).await, HTML).await;
    assert!(location(&answer).contains("/self-service/login/browser?refresh=true"), "{}", location(&answer));
    let body = json!({"link": "acme"});
    let refused = anna.post(&flow, body.clone()).await;
    assert_eq!(
        (refused.status, &document(&refused)["error"]["id"]),
        (403, &json!("session_refresh_required"))
    );
    assert_eq!(linked(&place, &id).await, Value::Null);
    let login = anna.get("/self-service/login/browser?refresh=true", HTML).await;
    let login = anna.follow(&login).await;
    sign_in(&mut anna, &login, ANNA).await;
    let leaves = anna.post(&flow, body).await;
    let leaves = (leaves.status, document(&leaves));
    assert_eq!((leaves.0, &leaves.1["error"]["id"]), (422, &json!("browser_location_change_required")));
    let there = leaves.1["redirect_browser_to"].as_str().expect("an address").to_owned();
    anna.get(&agree(&there).await, HTML).await;
    assert_eq!(linked(&place, &id).await, json!(["acme:anna"]));
    place.advance(601);
    let refused = anna.post(&flow, json!({"unlink": "acme"})).await;
    assert_eq!(refused.status, 403);
    assert_eq!(linked(&place, &id).await, json!(["acme:anna"]));
}

/// The attacks: somebody else's browser or session comes back from the provider, or an app starts what a browser ends.
#[tokio::test]
async fn only_the_browser_and_the_user_that_left_connect_the_provider() {
    let place = Place::start("memory", |_| json!({})).await;
    let (id, of_bert) = (place.with_password(ANNA).await, place.with_password(BERT).await);
    let mut anna = signed_in(&place, ANNA).await;
    let flow = anna.open("settings").await;
    let there = leave(&mut anna, &flow, "acme").await;
    let back = agree(&there).await;
    let mut bert = signed_in(&place, BERT).await;
    assert_eq!(bert.get(&back, JSON).await.status, 403, "another browser");
    // Another user of the same browser.
    anna.jar.remove("ory_kratos_session");
    let login = anna.open("login").await;
    sign_in(&mut anna, &login, BERT).await;
    let refused = anna.get(&back, JSON).await;
    assert_eq!(
        (refused.status, &document(&refused)["error"]["id"]),
        (403, &json!("security_identity_mismatch"))
    );
    for id in [&id, &of_bert] {
        assert_eq!(linked(&place, id).await, Value::Null);
    }
    // Nobody at all: the sign-in comes first.
    let mut anna = signed_in(&place, ANNA).await;
    let flow = anna.open("settings").await;
    let there = leave(&mut anna, &flow, "acme").await;
    anna.jar.remove("ory_kratos_session");
    let answer = anna.get(&agree(&there).await, HTML).await;
    assert!(location(&answer).contains("/self-service/login/browser?return_to="), "{}", location(&answer));
    assert_eq!(linked(&place, &id).await, Value::Null);
}

#[tokio::test]
async fn an_app_disconnects_and_never_connects() {
    let place = Place::start("memory", |_| json!({})).await;
    let id = place.with_password(ANNA).await;
    let mut anna = signed_in(&place, ANNA).await;
    let flow = anna.open("settings").await;
    let there = leave(&mut anna, &flow, "acme").await;
    anna.get(&agree(&there).await, HTML).await;
    let (status, done) =
        place.native_password("login", json!({"identifier": ANNA, "password": PASSWORD})).await;
    assert_eq!(status, 200, "{done}");
    let token = done["session_token"].as_str().expect("a token").to_owned();
    let app = App { public: place.public.clone(), token };
    let flow = app.ask("GET", "/self-service/settings/api", None).await.1;
    assert_eq!((buttons(&flow, "link"), buttons(&flow, "unlink").len()), (vec![], 1));
    let target = format!("/self-service/settings?flow={}", flow["id"].as_str().expect("an id"));
    let (status, refused) = app.ask("POST", &target, Some(json!({"link": "other"}))).await;
    assert_eq!((status, messages(&refused)), (400, vec![4_000_001]));
    let (status, refused) = app.ask("POST", &target, Some(json!({"link": "other", "unlink": "acme"}))).await;
    assert_eq!((status, messages(&refused).last()), (400, Some(&4_000_001)));
    assert_eq!(linked(&place, &id).await, json!(["acme:anna"]));
    let (status, done) = app.ask("POST", &target, Some(json!({"method": "oidc", "unlink": "acme"}))).await;
    assert_eq!((status, &done["state"]), (200, &json!("success")));
    assert_eq!(linked(&place, &id).await, Value::Null);
}

struct App {
    public: String,
    token: String,
}

impl App {
    async fn ask(&self, method: &str, target: &str, body: Option<Value>) -> (u16, Value) {
        let mut headers = vec![
            ("Host".to_owned(), self.public.clone()),
            ("Accept".to_owned(), JSON.to_owned()),
            ("X-Session-Token".to_owned(), self.token.clone()),
        ];
        headers.extend(body.iter().map(|_| ("Content-Type".to_owned(), JSON.to_owned())));
        let body = body.map(|body| body.to_string());
        let answer = crate::support::http::send(
            &self.public,
            method,
            target,
            &headers,
            body.as_ref().map(String::as_bytes),
        )
        .await
        .expect("an answer");
        (answer.status, document(&answer))
    }
}

#[tokio::test]
async fn the_page_says_which_accounts_are_connected() {
    let place = Place::start("memory", |_| json!({})).await;
    let mut anna = place.browser();
    anna.through("registration", "acme").await;
    let answer = anna.get("/self-service/settings/browser", HTML).await;
    let page = anna.get(&location(&answer), HTML).await;
    let page = String::from_utf8_lossy(&page.body).into_owned();
    for part in [
        "Connected accounts",
        "Connected. You need another sign-in method before you can disconnect it.",
        "Not connected",
        "name=\"link\" value=\"other\"",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert!(!page.contains("name=\"unlink\"") && !page.contains("value=\"acme\""), "{page}");
}
