//! Linking a provider to an account that has the same address: never by itself, never for somebody else, never for long.

use crate::trip::{HTML, JSON, Place, Tab, agree, document, lay_over, location, messages, node, value};
use serde_json::{Value, json};

const PASSWORD: &str = "Correct-Horse-9-Battery";
const ANNA: &str = "anna@example.org";

/// Anna has an account; she comes from the provider and is asked to sign in to it. Her browser and that form.
async fn asked(place: &Place) -> (Tab, Value) {
    let mut anna = place.browser();
    let answer = anna.through("registration", "acme").await;
    let to = location(&answer);
    assert!(to.contains("/login?flow=") && to.ends_with("&no_org_ui=true"), "{to}");
    let flow = anna.follow(&answer).await;
    (anna, flow)
}

async fn sends(tab: &mut Tab, flow: &Value, email: &str) -> crate::support::http::Answer {
    tab.submit(flow, &[("method", "password"), ("identifier", email), ("password", PASSWORD)]).await
}

async fn ways_in(place: &Place, id: &str) -> Vec<String> {
    let account = place.account(id).await;
    let mut kinds: Vec<String> =
        account["credentials"].as_object().expect("credentials").keys().cloned().collect();
    kinds.sort();
    kinds
}

#[tokio::test]
async fn the_same_address_is_linked_when_the_account_is_proven_and_not_before() {
    let place = Place::start("memory", |_| json!({})).await;
    let id = place.with_password(ANNA).await;
    let (mut anna, flow) = asked(&place).await;
    assert_eq!(anna.whoami().await, None, "the provider alone lets nobody in");
    assert_eq!(messages(&flow), [1_010_016]);
    let context = &flow["ui"]["messages"][0]["context"];
    assert_eq!(context["duplicate_identifier"], ANNA);
    assert_eq!(context["provider"], "Acme");
    assert_eq!(context["available_credential_types"], json!([]), "which ways in there are is not told");
    let identifier = node(&flow, "identifier").expect("the address");
    let expected = json!({
        "name": "identifier", "type": "hidden", "value": ANNA, "required": true, "disabled": false, "node_type": "input",
    });
    assert_eq!(identifier["attributes"], expected);
    assert_eq!(identifier["meta"]["label"]["id"], 1_070_002, "the schema's own name for it");
    assert_eq!(flow["active"], "oidc");
    for name in ["newLoginUrl", "new_login_url"] {
        assert_eq!(context[name], format!("http://{}/login", place.public));
    }
    assert_eq!(node(&flow, "method").expect("a button")["meta"]["label"]["id"], 1_010_022);
    let others = node(&flow, "provider").expect("the other provider");
    assert_eq!(
        (&others["attributes"]["value"], &others["meta"]["label"]["id"]),
        (&json!("other"), &json!(1_010_018))
    );
    assert_eq!(ways_in(&place, &id).await, ["password"]);

    let answer = sends(&mut anna, &flow, ANNA).await;
    assert!(location(&answer).ends_with("/welcome"), "{}", location(&answer));
    let session = anna.whoami().await.expect("signed in");
    assert_eq!(proofs(&session), json!([["password", null], ["oidc", "acme"]]));
    assert_eq!(ways_in(&place, &id).await, ["oidc", "password"]);

    let mut again = place.browser();
    again.through("login", "acme").await;
    assert_eq!(again.whoami().await.expect("signed in")["identity"]["id"], id.as_str());
    assert_eq!(place.accounts().await.len(), 1);
}

/// Methods and providers of a session.
fn proofs(session: &Value) -> Value {
    let all = session["authentication_methods"].as_array().expect("a list");
    all.iter().map(|one| json!([one["method"], one["provider"]])).collect()
}

/// The page that somebody signs in on is the `ui_url` of sign-in, wherever that is.
#[tokio::test]
async fn the_form_that_links_names_the_page_that_signs_in() {
    let place = Place::start("memory", |_| {
        json!({"selfservice": {"flows": {"login": {"ui_url": "https://accounts.example.org/sign-in?theme=dark"}}}})
    })
    .await;
    place.with_password(ANNA).await;
    let mut anna = place.browser();
    let flow = anna.open("registration").await;
    let there = anna.leave(&flow, "acme").await;
    let answer = anna.get(&agree(&there).await, JSON).await;
    let flow = document(&answer);
    assert_eq!((answer.status, messages(&flow)), (400, vec![1_010_016]));
    let context = &flow["ui"]["messages"][0]["context"];
    assert_eq!(context["newLoginUrl"], "https://accounts.example.org/sign-in?theme=dark");
}

#[tokio::test]
async fn hints_name_the_ways_in_where_the_administrator_wants_them() {
    let place = Place::start(
        "memory",
        |_| json!({"selfservice": {"flows": {"registration": {"login_hints": true}}}}),
    )
    .await;
    place.with_password(ANNA).await;
    let (_, flow) = asked(&place).await;
    assert_eq!(flow["ui"]["messages"][0]["context"]["available_credential_types"], json!(["password"]));
    assert_eq!(node(&flow, "provider"), None, "no way in that the account does not have");
}

#[tokio::test]
async fn hints_name_the_provider_to_whoever_signs_up_with_an_address_that_came_from_there() {
    let hints = |on: bool| json!({"selfservice": {"flows": {"registration": {"login_hints": on}}}});
    let place = Place::start("memory", |_| hints(true)).await;
    place.browser().through("registration", "acme").await;
    let sign_up = json!({"traits": {"email": ANNA}});
    let (status, form) = place.native_password("registration", sign_up.clone()).await;
    let told = &form["ui"]["messages"][0];
    assert_eq!((status, &told["id"]), (400, &json!(4_000_028)));
    let context = json!({
        "available_credential_types": ["oidc"],
        "available_oidc_providers": ["acme"],
        "credential_identifier_hint": ANNA,
    });
    assert_eq!(told["context"], context);
    assert!(told["text"].as_str().is_some_and(|text| text.ends_with("Sign in with Acme.")), "{told}");
    place.change(hints(false));
    let (status, form) = place.native_password("registration", sign_up).await;
    assert_eq!((status, messages(&form)), (400, vec![4_000_007]));
}

#[tokio::test]
async fn another_account_is_not_linked() {
    let place = Place::start("memory", |_| json!({})).await;
    let id = place.with_password(ANNA).await;
    let stranger = place.with_password("berta@example.org").await;
    let (mut anna, flow) = asked(&place).await;
    let answer = sends(&mut anna, &flow, "berta@example.org").await;
    let flow = anna.follow(&answer).await;
    assert_eq!(messages(&flow), [4_010_009]);
    assert_eq!(anna.whoami().await, None);
    for id in [id, stranger] {
        assert_eq!(ways_in(&place, &id).await, ["password"]);
    }
}

/// The attack: somebody leads their own linking form to the owner of the address, who signs in to it.
#[tokio::test]
async fn a_form_of_another_browser_links_nothing() {
    let place = Place::start("memory", |_| json!({})).await;
    let id = place.with_password(ANNA).await;
    let (_attacker, flow) = asked(&place).await;
    let mut victim = place.browser();
    let own = victim.open("login").await;
    let mut sent = flow.clone();
    // A form may be sent by another browser with a token of its own, as in Kratos.
    let token = value(&own, "csrf_token");
    for node in sent["ui"]["nodes"].as_array_mut().expect("nodes") {
        if node["attributes"]["name"] == "csrf_token" {
            node["attributes"]["value"] = token.clone();
        }
    }
    sends(&mut victim, &sent, ANNA).await;
    assert_eq!(victim.whoami().await, None);
    assert_eq!(ways_in(&place, &id).await, ["password"]);
    // Nor with a cookie of the victim's own from a trip to the provider.
    place.provider.visitor("victim", json!({"email": "victim@example.org"}));
    let there = victim.open("registration").await;
    victim.leave(&there, "acme").await;
    sends(&mut victim, &sent, ANNA).await;
    assert_eq!((victim.whoami().await, ways_in(&place, &id).await), (None, vec!["password".to_owned()]));
}

#[tokio::test]
async fn the_intent_lives_ten_minutes() {
    let place = Place::start("memory", |_| json!({})).await;
    let id = place.with_password(ANNA).await;
    let (mut anna, flow) = asked(&place).await;
    place.advance(601);
    sends(&mut anna, &flow, ANNA).await;
    assert_eq!((anna.whoami().await, ways_in(&place, &id).await), (None, vec!["password".to_owned()]));
}

#[tokio::test]
async fn an_account_made_by_one_provider_is_linked_by_signing_in_with_it() {
    let place = Place::start("memory", |_| json!({})).await;
    let mut anna = place.browser();
    anna.through("registration", "other").await;
    let id = anna.whoami().await.expect("signed in")["identity"]["id"].as_str().expect("an id").to_owned();
    let (mut anna, flow) = asked(&place).await;
    let there = anna.leave(&flow, "other").await;
    let answer = anna.get(&agree(&there).await, HTML).await;
    assert!(location(&answer).ends_with("/welcome"), "{}", location(&answer));
    let account = place.account(&id).await;
    assert_eq!(account["credentials"]["oidc"]["identifiers"], json!(["other:anna", "acme:anna"]));
    let session = anna.whoami().await.expect("signed in");
    assert_eq!(proofs(&session), json!([["oidc", "other"], ["oidc", "acme"]]));

    // A third account of the provider in such a form is not the one that was asked for.
    place.provider.visitor("nobody", json!({"email": ANNA}));
    let (mut third, flow) = asked(&place).await;
    let there = third.leave(&flow, "other").await;
    let answer = third.get(&agree(&there).await, HTML).await;
    assert_eq!(messages(&third.follow(&answer).await), [4_010_009]);
    assert_eq!(place.accounts().await.len(), 1);
}

/// Through a provider whose word does not count somebody signs up with the address of another, who then proves it.
#[tokio::test]
async fn a_squatters_linked_provider_is_dead_when_the_owner_of_the_address_proves_it() {
    let place = Place::start("memory", |_| {
        json!({
            "selfservice": {"flows": {"verification": {"enabled": true}}},
            "vestibule": {"registration": {"reset_on_first_verification": true}},
        })
    })
    .await;
    place.provider.visitor("mallory", json!({"email": ANNA}));
    let mut squatter = place.browser();
    squatter.through("registration", "other").await;
    let id =
        squatter.whoami().await.expect("signed in")["identity"]["id"].as_str().expect("an id").to_owned();
    // Anna asks for a code, and chooses a password with it.
    place.advance(61);
    let mut anna = place.browser();
    let flow = document(&anna.get("/self-service/verification/api", JSON).await);
    anna.jar.clear();
    anna.post(&flow, json!({"method": "code", "email": ANNA})).await;
    while engine::courier::deliver(&place.stand.engine).await.expect("the courier works") > 0 {}
    let mail = place.stand.world.mailer.sent().pop().expect("a mail").text;
    let body = json!({"method": "code", "code": engine::testing::code_in(&mail), "password": PASSWORD});
    let done = document(&anna.post(&flow, body).await);
    assert_eq!(done["state"], "passed_challenge", "{done}");
    assert_eq!(squatter.whoami().await, None, "the session");
    assert_eq!(ways_in(&place, &id).await, ["password"]);
    let mut again = place.browser();
    again.through("login", "other").await;
    assert_eq!(again.whoami().await, None, "the provider");
    let (status, _) = place.native_password("login", json!({"identifier": ANNA})).await;
    assert_eq!(status, 200, "and Anna has it");
}

#[tokio::test]
async fn an_app_links_by_the_same_form() {
    let place = Place::start("memory", |_| json!({})).await;
    let id = place.with_password(ANNA).await;
    let mut app = place.browser();
    let start = "/self-service/login/api?return_session_token_exchange_code=true";
    let flow = document(&app.get(start, "application/json").await);
    let init = flow["session_token_exchange_code"].as_str().expect("the app's half").to_owned();
    app.jar.clear();
    let there = document(&app.post(&flow, json!({"provider": "acme"})).await);
    let there = there["redirect_browser_to"].as_str().expect("an address").to_owned();
    let back = location(&place.browser().get(&agree(&there).await, HTML).await);
    let (_, code) = back.split_once("code=").expect("a code");
    let answer = app
        .get(&format!("/sessions/token-exchange?init_code={init}&return_to_code={code}"), "application/json")
        .await;
    let flow = document(&answer);
    assert_eq!((answer.status, messages(&flow)), (422, vec![1_010_016]));
    app.jar.clear();
    let done = app.post(&flow, json!({"method": "password", "identifier": ANNA, "password": PASSWORD})).await;
    assert_eq!(done.status, 200);
    let done = document(&done);
    assert!(done["session_token"].is_string());
    assert_eq!(proofs(&done["session"]), json!([["password", null], ["oidc", "acme"]]));
    assert_eq!(ways_in(&place, &id).await, ["oidc", "password"]);
}

#[tokio::test]
async fn linking_without_asking_needs_the_word_of_both_sides() {
    let automatic = json!({"account_linking_mode": "automatic"});
    let place = Place::start("memory", |provider| {
        let acme = crate::trip::acme(provider, automatic.clone());
        let mut other = acme.clone();
        lay_over(&mut other, json!({"id": "other"}));
        json!({"selfservice": {"methods": {"oidc": {"config": {"providers": [acme, other]}}}}})
    })
    .await;
    // Unproven here.
    place.with_password("berta@example.org").await;
    place.provider.visitor("berta", json!({"email": "berta@example.org", "email_verified": true}));
    let mut berta = place.browser();
    let answer = berta.through("login", "acme").await;
    assert_eq!(messages(&berta.follow(&answer).await), [1_010_016]);

    // Proven here, by the provider that vouches; the other's word does not count, and a claim without proof neither.
    place.provider.visitor(ANNA, json!({"email": ANNA, "email_verified": true}));
    let mut anna = place.browser();
    anna.through("registration", "acme").await;
    let id = anna.whoami().await.expect("signed in")["identity"]["id"].clone();
    for (provider, verified, linked) in [("other", true, false), ("acme", false, false), ("acme", true, true)]
    {
        place.provider.visitor("anna-at-work", json!({"email": ANNA, "email_verified": verified}));
        let mut work = place.browser();
        work.through("login", provider).await;
        let who = work.whoami().await.map(|session| session["identity"]["id"].clone());
        assert_eq!(who, linked.then(|| id.clone()), "{provider} {verified}");
    }
}
