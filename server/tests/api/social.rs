//! Sign-up and sign-in through a provider, in every form of client. The provider is a real one over HTTP, run by the test.

use crate::session_hook::save;
use crate::support::http::{Answer, send};
use crate::support::sink::{Says, Sink};
use crate::trip::{HTML, JSON, Place, acme, agree, document, lay_over, location, messages, node, value};
use engine::operators::Role;
use engine::testing::operator;
use serde_json::{Value, json};

#[tokio::test]
async fn signing_up_through_a_provider_signs_in_without_any_list() {
    let place = Place::start("memory", |_| json!({})).await;
    let mut anna = place.browser();
    let answer = anna.through("registration", "acme").await;
    assert_eq!((answer.status, location(&answer).ends_with("/welcome")), (303, true));
    let session = anna.whoami().await.expect("she is signed in");
    assert_eq!(session["authentication_methods"][0]["method"], "oidc");
    assert_eq!(session["authentication_methods"][0]["provider"], "acme");
    let identity = &session["identity"];
    assert_eq!(identity["traits"]["email"], "anna@example.org");
    assert_eq!(identity["metadata_public"]["locale"], "none");
    assert_eq!(identity["verifiable_addresses"][0]["verified"], true, "the provider vouches");
    let account = place.account(identity["id"].as_str().expect("an id")).await;
    assert_eq!(account["credentials"]["oidc"]["identifiers"], json!(["acme:anna"]));

    // PKCE, the client's secret and a redirect URI went to the provider.
    let exchanges = place.provider.exchanges();
    let (form, authenticated) = &exchanges[0];
    assert!(*authenticated && form.contains_key("code_verifier"), "{form:?}");
    assert!(form["redirect_uri"].ends_with("/self-service/methods/oidc/callback/acme"));
}

#[tokio::test]
async fn the_rule_can_be_switched_off_and_a_list_still_counts() {
    let off = json!({"vestibule": {"registration": {"sign_in_after_social": false}}});
    let place = Place::start("memory", |_| off.clone()).await;
    let mut anna = place.browser();
    let answer = anna.through("registration", "acme").await;
    assert_eq!(answer.status, 303);
    assert_eq!(anna.whoami().await, None);
    assert_eq!(place.accounts().await.len(), 1);

    // The second visit is a sign-in.
    anna.through("login", "acme").await;
    assert!(anna.whoami().await.is_some());

    let mut listed = off;
    lay_over(
        &mut listed,
        json!({"selfservice": {"flows": {"registration": {"after": {"oidc": {"hooks": [{"hook": "session"}]}}}}}}),
    );
    place.change(listed);
    place.provider.visitor("berta", json!({"email": "berta@example.org"}));
    let mut berta = place.browser();
    berta.through("registration", "acme").await;
    assert!(berta.whoami().await.is_some());
}

#[tokio::test]
async fn who_is_known_signs_in_and_who_is_not_signs_up_whatever_the_form() {
    let place = Place::start("memory", |_| json!({})).await;
    for (round, kind) in ["login", "registration", "login"].into_iter().enumerate() {
        let mut anna = place.browser();
        anna.through(kind, "acme").await;
        assert!(anna.whoami().await.is_some(), "round {round}");
        assert_eq!(place.accounts().await.len(), 1, "round {round}");
    }
    place.change(json!({"selfservice": {"flows": {"registration": {"enabled": false}}}}));
    let mut anna = place.browser();
    anna.through("login", "acme").await;
    assert!(anna.whoami().await.is_some(), "an account is let in where nobody signs up");
    place.provider.visitor("berta", json!({"email": "berta@example.org"}));
    let mut berta = place.browser();
    let answer = berta.through("login", "acme").await;
    assert!(location(&answer).contains("/error?id="), "{}", location(&answer));
    assert_eq!((berta.whoami().await, place.accounts().await.len()), (None, 1));
}

#[tokio::test]
async fn a_page_with_a_script_is_told_where_to_go_and_comes_back_signed_in() {
    let place = Place::start("memory", |_| json!({})).await;
    let mut anna = place.browser();
    let flow = document(&anna.get("/self-service/registration/browser", JSON).await);
    let answer = anna.post(&flow, json!({"method": "oidc", "provider": "acme", "upstream_parameters": {"prompt": "login", "login_hint": "anna@example.org", "hd": "example.org", "redirect_uri": "https://evil.example"}})).await;
    let body = document(&answer);
    assert_eq!((answer.status, &body["error"]["id"]), (422, &json!("browser_location_change_required")));
    let there = body["redirect_browser_to"].as_str().expect("an address");
    for (wanted, there_is) in [
        ("prompt=login", true),
        ("hd=example.org", true),
        ("login_hint=anna%40example.org", true),
        ("code_challenge_method=S256", true),
        ("nonce=", true),
        ("evil.example", false),
    ] {
        assert_eq!(there.contains(wanted), there_is, "{wanted} in {there}");
    }
    let answer = anna.get(&agree(there).await, HTML).await;
    assert_eq!(answer.status, 303);
    assert!(anna.whoami().await.is_some());
}

#[tokio::test]
async fn an_app_exchanges_two_codes_for_one_session_once() {
    let place = Place::start("memory", |_| json!({})).await;
    let mut app = place.browser();
    let start = "/self-service/login/api?return_session_token_exchange_code=true&return_to=app%3A%2F%2Fcallback%2Fhere";
    let flow = document(&app.get(start, JSON).await);
    let init = flow["session_token_exchange_code"].as_str().expect("the app's half").to_owned();
    app.jar.clear();
    let answer = app.post(&flow, json!({"provider": "acme"})).await;
    assert_eq!(answer.status, 422);
    let there = document(&answer)["redirect_browser_to"].as_str().expect("an address").to_owned();

    // The person's browser knows nothing of the app.
    let answer = place.browser().get(&agree(&there).await, HTML).await;
    let back = location(&answer);
    let (to, code) = back.split_once("?code=").unwrap_or_else(|| panic!("{back}"));
    assert_eq!(to, "app://callback/here");
    assert!(
        !answer
            .headers
            .iter()
            .any(|(name, value)| name == "set-cookie" && value.starts_with("ory_kratos_session"))
    );

    let fetch = |init: String, code: String| {
        format!("/sessions/token-exchange?init_code={init}&return_to_code={code}")
    };
    for (init, code, status) in [("wrong", code, 404), (init.as_str(), "wrong", 404), ("", code, 400)] {
        let answer = app.get(&fetch(init.to_owned(), code.to_owned()), JSON).await;
        assert_eq!(answer.status, status, "{init} {code}");
    }
    let answer = app.get(&fetch(init.clone(), code.to_owned()), JSON).await;
    let body = document(&answer);
    assert_eq!(answer.status, 200, "{body}");
    assert_eq!(body["session"]["identity"]["traits"]["email"], "anna@example.org");
    assert_eq!(body["session"]["devices"].as_array().map(Vec::len), Some(1), "the app's own");
    let token = body["session_token"].as_str().expect("a token").to_owned();
    let headers = [("Host".to_owned(), place.public.clone()), ("X-Session-Token".to_owned(), token)];
    let whoami = send(&place.public, "GET", "/sessions/whoami", &headers, None).await.expect("an answer");
    assert_eq!(whoami.status, 200);
    let again = app.get(&fetch(init, code.to_owned()), JSON).await;
    assert_eq!(again.status, 404, "the codes are worth one session");

    // Without an exchange there is no way for an app to get its session.
    let flow = document(&app.get("/self-service/registration/api", JSON).await);
    app.jar.clear();
    assert_eq!(app.post(&flow, json!({"provider": "acme"})).await.status, 400);
}

#[tokio::test]
async fn an_app_that_needs_more_gets_the_form() {
    let place = Place::start("memory", |_| json!({})).await;
    place.provider.visitor("carl", json!({"name": "Carl"}));
    let mut app = place.browser();
    let start = "/self-service/registration/api?return_session_token_exchange_code=true&return_to=app%3A%2F%2Fcallback";
    let flow = document(&app.get(start, JSON).await);
    let init = flow["session_token_exchange_code"].as_str().expect("the app's half").to_owned();
    let mut flow = flow;
    let mut outcome = Value::Null;
    for traits in [json!({}), json!({"email": "carl@example.org"})] {
        app.jar.clear();
        let there = document(&app.post(&flow, json!({"provider": "acme", "traits": traits})).await);
        let there = there["redirect_browser_to"].as_str().unwrap_or_else(|| panic!("{there}")).to_owned();
        let back = location(&place.browser().get(&agree(&there).await, HTML).await);
        let (_, code) = back.split_once("code=").expect("a code");
        let target = format!("/sessions/token-exchange?init_code={init}&return_to_code={code}");
        let answer = app.get(&target, JSON).await;
        outcome = document(&answer);
        if answer.status == 422 {
            assert_eq!(value(&outcome, "traits.name"), "Carl", "what the provider gave is kept");
            flow = outcome.clone();
        }
    }
    assert_eq!(
        outcome["session"]["identity"]["traits"],
        json!({"email": "carl@example.org", "name": "Carl"})
    );
}

#[tokio::test]
async fn an_app_shows_an_id_token_that_it_got_by_itself() {
    let place = Place::start("memory", |_| json!({})).await;
    let mut app = place.browser();
    let mut send = async |kind: &str, fields: Value| {
        let flow = document(&app.get(&format!("/self-service/{kind}/api"), JSON).await);
        app.jar.clear();
        let mut body = json!({"method": "oidc", "provider": "acme"});
        lay_over(&mut body, fields);
        let answer = app.post(&flow, body).await;
        (answer.status, document(&answer))
    };
    let token = place.provider.id_token(Some("of the app"));
    let (status, body) =
        send("registration", json!({"id_token": token, "id_token_nonce": "of the app"})).await;
    assert_eq!(status, 200, "{body}");
    assert!(
        body["session_token"].is_string() && body["continue_with"][0]["action"] == "set_ory_session_token"
    );
    let newer = place.provider.id_token(Some("of the app, later"));
    let fields = json!({"id_token": newer, "id_token_nonce": "of the app, later"});
    let (status, body) = send("login", fields).await;
    assert_eq!((status, body["session_token"].is_string()), (200, true));
    let bare = place.provider.id_token(None);
    for fields in [
        json!({"id_token": token, "id_token_nonce": "another"}),
        json!({"id_token": token}),
        json!({"id_token": bare, "id_token_nonce": "of the app"}),
        json!({"id_token": bare}),
        json!({"id_token": "nonsense", "id_token_nonce": "of the app"}),
    ] {
        let (status, body) = send("login", fields.clone()).await;
        assert_eq!(status, 403, "{fields} gives {body}");
    }
    assert_eq!(place.accounts().await.len(), 1);
}

#[tokio::test]
async fn what_the_provider_did_not_say_is_asked_for_and_the_rest_is_kept() {
    let place = Place::start("memory", |_| json!({})).await;
    for kind in ["registration", "login"] {
        place.provider.visitor(&format!("carl-{kind}"), json!({"name": "Carl"}));
        let mut carl = place.browser();
        let answer = carl.through(kind, "acme").await;
        assert!(location(&answer).contains("/registration?flow="), "{}", location(&answer));
        assert_eq!(answer.status, 302);
        let flow = carl.follow(&answer).await;
        assert_eq!((messages(&flow), &flow["active"]), (vec![4_000_002], &json!("oidc")));
        assert_eq!(value(&flow, "traits.name"), "Carl");
        let button = node(&flow, "provider").expect("the way on");
        assert_eq!(button["meta"]["label"]["id"], 1_040_003);
        assert_eq!(node(&flow, "password"), None);
        let email = format!("carl-{kind}@example.org");
        let answer = carl
            .submit(&flow, &[("traits.email", &email), ("traits.name", "Karl"), ("provider", "acme")])
            .await;
        let answer = carl.get(&agree(&location(&answer)).await, HTML).await;
        assert_eq!(answer.status, 303);
        let session = carl.whoami().await.expect("signed in");
        assert_eq!(session["identity"]["traits"], json!({"email": email, "name": "Karl"}));
        assert_eq!(
            session["identity"]["verifiable_addresses"][0]["verified"], false,
            "what was typed is not vouched for"
        );
    }
}

#[tokio::test]
async fn a_proven_address_passes_the_gate_and_an_unproven_one_once() {
    let place = Place::start("memory", |_| {
        json!({"selfservice": {"flows": {
            "verification": {"enabled": true},
            "login": {"after": {"oidc": {"hooks": [{"hook": "require_verified_address"}]}}},
        }}})
    })
    .await;
    let mut anna = place.browser();
    anna.through("registration", "acme").await;
    assert!(anna.whoami().await.is_some());
    let mut again = place.browser();
    again.through("login", "acme").await;
    assert!(again.whoami().await.is_some(), "the provider's word was proof");
    engine::courier::deliver(&place.stand.engine).await.expect("the courier works");
    assert!(place.stand.world.mailer.sent().is_empty(), "nothing is left to prove");

    // The other provider says the same, and its word does not count.
    place.provider.visitor("berta", json!({"email": "berta@example.org", "email_verified": true}));
    let mut berta = place.browser();
    berta.through("registration", "other").await;
    assert!(berta.whoami().await.is_some(), "whoever signs up is let in once");
    let mut again = place.browser();
    let answer = again.through("login", "other").await;
    assert!(location(&answer).contains("/verification?flow="), "{}", location(&answer));
    assert_eq!(again.whoami().await, None);
}

/// A web hook that changes other traits takes no proof away; an address that it changes is one that the provider did not vouch for.
#[tokio::test]
async fn a_web_hook_leaves_the_address_verified_that_it_does_not_change() {
    let sink = Sink::start().await;
    let hook = json!({"hook": "web_hook", "config": {
        "url": format!("{}/change", sink.base), "method": "POST", "response": {"parse": true},
    }});
    let place = Place::start(
        "memory",
        |_| json!({"selfservice": {"flows": {"registration": {"after": {"oidc": {"hooks": [hook]}}}}}}),
    )
    .await;
    for (subject, becomes, verified) in
        [("anna", "ANNA@example.org", true), ("berta", "other@example.org", false)]
    {
        let says = json!({"identity": {"traits": {"email": becomes, "name": "Changed"}}});
        sink.says("/change", Says::This(200, says.to_string()));
        let email = format!("{subject}@example.org");
        place.provider.visitor(subject, json!({"email": email, "email_verified": true, "name": "Before"}));
        place.browser().through("registration", "acme").await;
        let accounts = place.accounts().await;
        let account = accounts.iter().find(|one| one["traits"]["email"] == becomes).expect("an account");
        assert_eq!(account["traits"]["name"], "Changed");
        let address = &account["verifiable_addresses"][0];
        assert_eq!(address["value"], becomes.to_lowercase());
        assert_eq!(
            (&address["verified"], account["verifiable_addresses"][1].is_null()),
            (&json!(verified), true)
        );
    }
}

/// Registration that leaks nothing: known or new, an address that nobody vouches for is answered alike. One that is vouched for is
/// its owner's, so that the account is made at once.
#[tokio::test]
async fn where_nothing_leaks_only_a_vouched_address_makes_an_account() {
    let place = Place::start("memory", |_| {
        json!({
            "selfservice": {"flows": {"verification": {"enabled": true}}},
            "vestibule": {"registration": {"prevent_enumeration": true}},
        })
    })
    .await;
    let mut anna = place.browser();
    anna.through("registration", "acme").await;
    assert!(anna.whoami().await.is_some(), "made and signed in at once");
    let mut told = Vec::new();
    for email in ["new@example.org", "anna@example.org"] {
        // Whose word does not count, and who says that it is not verified.
        for (provider, verified) in [("other", true), ("acme", false)] {
            for kind in ["registration", "login"] {
                place.provider.visitor("somebody", json!({"email": email, "email_verified": verified}));
                let mut tab = place.browser();
                let answer = tab.through(kind, provider).await;
                let flow = tab.follow(&answer).await;
                let names: Vec<&str> = answer.headers.iter().map(|(name, _)| name.as_str()).collect();
                let nodes = flow["ui"]["nodes"].as_array().map(Vec::len);
                let text = flow["ui"]["messages"][0]["text"].as_str().expect("a text").to_owned();
                assert!(text.contains("report your email as verified"), "{provider} {kind}: {text}");
                assert_eq!(tab.whoami().await, None);
                told.push(format!(
                    "{kind} {provider} {} {names:?} {:?} {nodes:?} {text}",
                    answer.status,
                    messages(&flow)
                ));
            }
        }
    }
    let (new, known) = told.split_at(told.len() / 2);
    assert_eq!(new, known);
    engine::courier::deliver(&place.stand.engine).await.expect("the courier works");
    assert!(place.stand.world.mailer.sent().is_empty(), "nobody gets a mail of it");
    assert_eq!(place.accounts().await.len(), 1);
}

async fn two_at_once(dsn: &str) {
    let place = Place::start(dsn, |_| json!({})).await;
    // One address of the way back, twice at the same moment.
    let mut anna = place.browser();
    let flow = anna.open("registration").await;
    let back = agree(&anna.leave(&flow, "acme").await).await;
    let (mut one, mut other) = (anna.clone(), anna.clone());
    let (first, second) = futures::join!(one.get(&back, HTML), other.get(&back, HTML));
    let signed_in = |answer: &Answer| {
        answer
            .headers
            .iter()
            .any(|(name, value)| name == "set-cookie" && value.starts_with("ory_kratos_session"))
    };
    assert_eq!(u8::from(signed_in(&first)) + u8::from(signed_in(&second)), 1);
    assert_eq!(place.accounts().await.len(), 1);

    // Two browsers of one person who was never here, at the same moment.
    place.provider.visitor("berta", json!({"email": "berta@example.org"}));
    let mut ready = Vec::new();
    for _ in 0..4 {
        let mut tab = place.browser();
        let flow = tab.open("login").await;
        let back = agree(&tab.leave(&flow, "acme").await).await;
        ready.push((tab, back));
    }
    let all = ready.into_iter().map(async |(mut tab, back)| {
        let answer = tab.get(&back, HTML).await;
        assert_eq!(answer.status, 303);
        tab.whoami().await.map(|session| session["identity"]["id"].clone())
    });
    let who = futures::future::join_all(all).await;
    assert!(who[0].is_some() && who.iter().all(|one| *one == who[0]), "{who:?}");
    assert_eq!(place.accounts().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_at_once_are_one_person_on_sqlite() {
    two_at_once("memory").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_at_once_are_one_person_on_postgres() {
    two_at_once(&engine::testing::postgres::database().await).await;
}

/// As in the recording `init-all-methods`, where two providers are configured as zeta and alpha.
#[tokio::test]
async fn buttons_stand_first_and_sorted_as_recorded() {
    let place = Place::start("memory", |provider| {
        json!({"selfservice": {"methods": {"oidc": {"config": {"providers": [
            acme(provider, json!({"id": "zeta", "label": "Zeta"})), acme(provider, json!({"id": "alpha", "label": "Alpha"})),
        ]}}}}})
    })
    .await;
    let of_sign_up =
        ["provider", "provider", "csrf_token", "traits.email", "password", "traits.name", "method"];
    let of_sign_in = ["provider", "provider", "csrf_token", "identifier", "password", "method"];
    for (kind, label, names) in
        [("registration", 1_040_002, &of_sign_up[..]), ("login", 1_010_002, &of_sign_in[..])]
    {
        for client in ["browser", "api"] {
            let flow = document(&place.browser().get(&format!("/self-service/{kind}/{client}"), JSON).await);
            let nodes = flow["ui"]["nodes"].as_array().expect("nodes");
            let found: Vec<&str> =
                nodes.iter().filter_map(|node| node["attributes"]["name"].as_str()).collect();
            assert_eq!(found, names, "{kind} {client}");
            let mut first = nodes[0].clone();
            assert!(first["meta"]["label"]["text"].as_str().expect("a text").ends_with("with Alpha"));
            first["meta"]["label"]["text"] = "<text>".into();
            let recorded = json!({
                "type": "input", "group": "oidc",
                "attributes": {"name": "provider", "type": "submit", "value": "alpha", "disabled": false, "node_type": "input"},
                "messages": [],
                "meta": {"label": {"id": label, "text": "<text>", "type": "info", "context": {"provider": "Alpha", "provider_id": "alpha"}}},
            });
            assert_eq!(first, recorded);
        }
    }
}

/// One press of the switch is for every way to sign up, not for passwords alone.
#[tokio::test]
async fn ory_network_340_the_switch_is_for_every_way_to_sign_up() {
    let off = json!({"vestibule": {"registration": {"sign_in_after_social": false}}});
    let place = Place::start("memory", |_| off).await;
    let engine = &place.stand.engine;
    let ada = operator(engine, Role::Owner);
    for (round, on) in [false, true, false].into_iter().enumerate() {
        if round > 0 {
            let press = json!({"sign_in_after_registration": if on { "on" } else { "off" }});
            let press = serde_json::from_value(press).expect("named settings");
            save(engine, &ada, |values| values.with(&press)).await;
        }
        let traits = json!({"traits": {"email": format!("typed{round}@example.org")}});
        let (status, done) = place.native_password("registration", traits).await;
        assert_eq!(status, 200, "{done}");
        assert_eq!(done["session_token"].is_string(), on, "round {round}: by password");
        let name = format!("person{round}");
        place.provider.visitor(&name, json!({"email": format!("{name}@example.org")}));
        let mut person = place.browser();
        person.through("registration", "acme").await;
        assert_eq!(person.whoami().await.is_some(), on, "round {round}: through the provider");
        assert_eq!(place.accounts().await.len(), 2 * (round + 1), "round {round}");
    }
}
