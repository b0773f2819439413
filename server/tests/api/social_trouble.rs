//! What can go wrong on the way to a provider and back. Each time nobody is signed in, nothing is stored, and the person is
//! told what to do.

use crate::provider::Sends;
use crate::support::http::Answer;
use crate::trip::{HTML, JSON, Place, Tab, agree, document, lay_over, location, messages, node};
use serde_json::{Value, json};

/// The sentence of the form that a way back led to.
async fn sentence(tab: &mut Tab, answer: &Answer) -> String {
    let flow = tab.follow(answer).await;
    assert_eq!(messages(&flow), [4_000_001]);
    flow["ui"]["messages"][0]["text"].as_str().expect("a text").to_owned()
}

/// The error page's reason.
async fn reason(tab: &mut Tab, answer: &Answer) -> (u64, String) {
    let to = location(answer);
    let (_, id) = to.split_once("/error?id=").unwrap_or_else(|| panic!("{to}"));
    let error = document(&tab.get(&format!("/self-service/errors?id={id}"), JSON).await)["error"].clone();
    (error["code"].as_u64().expect("a status"), error["reason"].as_str().expect("a text").to_owned())
}

async fn nobody(place: &Place, tab: &mut Tab) {
    assert_eq!(tab.whoami().await, None);
    assert!(place.accounts().await.is_empty());
}

#[tokio::test]
async fn a_provider_that_misbehaves_signs_nobody_in() {
    let place = Place::start("memory", |_| json!({})).await;
    let not_believed = "couldn’t verify";
    let failed = "isn’t responding";
    for (sends, told) in [
        (Sends::Unsigned, not_believed),
        (Sends::Symmetric, not_believed),
        (Sends::ForeignKey, not_believed),
        (Sends::Changed, not_believed),
        (Sends::WrongIssuer, not_believed),
        (Sends::WrongAudience, not_believed),
        (Sends::OtherParty, not_believed),
        (Sends::Expired, not_believed),
        (Sends::FromTheFuture, not_believed),
        (Sends::OtherNonce, not_believed),
        (Sends::NoNonce, not_believed),
        (Sends::NoToken, not_believed),
        (Sends::Refusal, failed),
        (Sends::Deep, failed),
        (Sends::Wide, failed),
        (Sends::Nonsense, failed),
        (Sends::Much, failed),
        (Sends::Nothing, failed),
    ] {
        place.provider.change(|behaviour| behaviour.sends = sends);
        for kind in ["registration", "login"] {
            let mut anna = place.browser();
            let answer = anna.through(kind, "acme").await;
            assert!(
                location(&answer).contains(&format!("/{kind}?flow=")),
                "{sends:?}: {}",
                location(&answer)
            );
            let text = sentence(&mut anna, &answer).await;
            assert!(text.contains(told) && text.contains("Acme"), "{sends:?}: {text}");
            nobody(&place, &mut anna).await;
        }
    }
    // And nothing is broken afterwards.
    place.provider.change(|behaviour| behaviour.sends = Sends::Good);
    let mut anna = place.browser();
    anna.through("registration", "acme").await;
    assert!(anna.whoami().await.is_some());
}

#[tokio::test]
async fn a_provider_that_says_an_error_leads_back_to_the_form() {
    let place = Place::start("memory", |_| json!({})).await;
    for (error, told) in [("access_denied", "You didn’t finish"), ("server_error", "isn’t responding")] {
        place.provider.change(|behaviour| behaviour.error = Some(error));
        let mut anna = place.browser();
        let answer = anna.through("registration", "acme").await;
        let text = sentence(&mut anna, &answer).await;
        assert!(text.contains(told), "{error}: {text}");
        nobody(&place, &mut anna).await;
    }
}

/// What a provider says of itself leads the server nowhere that files would not: neither to another scheme nor into the network.
#[tokio::test]
async fn a_description_does_not_lead_into_the_network() {
    for (says, told) in [
        (json!({"jwks_uri": "ftp://127.0.0.1/keys"}), "couldn’t verify"),
        (json!({"token_endpoint": "file:///etc/passwd"}), "couldn’t verify"),
        (json!({"userinfo_endpoint": "http://user:password@127.0.0.1/"}), "couldn’t verify"),
        (json!({"jwks_uri": "http://10.0.0.1/keys"}), "isn’t responding"),
        (json!({"jwks_uri": "http://localhost/keys"}), "isn’t responding"),
        (json!({"jwks_uri": "http://[::1]/keys"}), "isn’t responding"),
        (json!({"jwks_uri": "http://169.254.169.254/keys"}), "isn’t responding"),
    ] {
        let place = Place::start("memory", |_| json!({})).await;
        place.provider.change(|behaviour| behaviour.says = says.clone());
        let mut anna = place.browser();
        let flow = anna.open("login").await;
        let answer = anna.submit(&flow, &[("provider", "acme")]).await;
        let text = sentence(&mut anna, &answer).await;
        assert!(text.contains(told), "{says}: {text}");
    }
    // The address of its tokens is asked when somebody comes back.
    let place = Place::start("memory", |_| json!({})).await;
    place.provider.change(|behaviour| behaviour.says = json!({"token_endpoint": "http://10.0.0.1/token"}));
    let mut anna = place.browser();
    let answer = anna.through("login", "acme").await;
    assert!(sentence(&mut anna, &answer).await.contains("isn’t responding"));
    assert!(place.provider.exchanges().is_empty());
    nobody(&place, &mut anna).await;
}

#[tokio::test]
async fn claims_beyond_their_bounds_make_no_account() {
    let place = Place::start("memory", |_| json!({})).await;
    for (subject, claims) in [
        ("x".repeat(256), json!({"email": "anna@example.org", "email_verified": true})),
        ("anna\u{0}".to_owned(), json!({"email": "anna@example.org", "email_verified": true})),
        ("anna\n".to_owned(), json!({"email": "anna@example.org", "email_verified": true})),
        ("anna".to_owned(), json!({"email": "anna\u{0}@example.org", "email_verified": true})),
        ("anna".to_owned(), json!({"email": "anna@example.org", "locale": "x".repeat(70_000)})),
    ] {
        place.provider.visitor(&subject, claims);
        let mut anna = place.browser();
        let answer = anna.through("registration", "acme").await;
        assert!(location(&answer).contains("/registration?flow="), "{subject:.20}");
        nobody(&place, &mut anna).await;
    }
    place.provider.visitor(&"x".repeat(255), json!({"email": "anna@example.org", "email_verified": true}));
    let mut anna = place.browser();
    anna.through("registration", "acme").await;
    assert!(anna.whoami().await.is_some());
}

/// One that never answers costs those who came for it. Whoever is sent away comes back with the same address.
#[tokio::test]
async fn a_slow_provider_holds_up_those_who_wait_for_it_and_nobody_else() {
    let place = Place::start("memory", |_| {
        json!({"vestibule": {
            "social": {"deadline": "1h"},
            "limits": {"work": {"provider_requests": 1, "provider_requests_waiting": 0}},
        }})
    })
    .await;
    place.with_password("ben@example.org").await;
    let (mut anna, mut carl, mut dora) = (place.browser(), place.browser(), place.browser());
    let mut backs = Vec::new();
    for (tab, provider) in [(&mut anna, "acme"), (&mut carl, "acme"), (&mut dora, "other")] {
        let flow = tab.open("login").await;
        backs.push(agree(&tab.leave(&flow, provider).await).await);
    }
    place.provider.change(|behaviour| behaviour.sends = Sends::Nothing);
    let waits = anna.get(&backs[0], HTML);
    let others = async {
        while place.provider.exchanges().is_empty() {
            tokio::task::yield_now().await;
        }
        let answer = carl.get(&backs[1], JSON).await;
        assert_eq!((answer.status, answer.header("retry-after")), (503, Some("5")));
        let answer = carl.get(&backs[1], HTML).await;
        assert_eq!(reason(&mut carl, &answer).await.0, 503);
        // Neither another provider, nor a form that only leads to this one, nor a password waits for it.
        place.provider.change(|behaviour| behaviour.sends = Sends::Good);
        dora.get(&backs[2], HTML).await;
        assert!(dora.whoami().await.is_some());
        let mut emil = place.browser();
        let flow = emil.open("login").await;
        assert!(emil.leave(&flow, "acme").await.starts_with(&place.provider.base));
        let (status, _) = place.native_password("login", json!({"identifier": "ben@example.org"})).await;
        assert_eq!(status, 200);
    };
    tokio::select! {
        answer = waits => panic!("it never answers, and this is {}", answer.status),
        () = others => {}
    }
    place.change(json!({"vestibule": {"limits": {"work": {"provider_requests": 9}}}}));
    place.provider.visitor("carl", json!({"email": "carl@example.org", "email_verified": true}));
    carl.get(&backs[1], HTML).await;
    assert!(carl.whoami().await.is_some(), "what was sent away was not used up");
}

#[tokio::test]
async fn a_provider_that_cannot_be_asked_is_told_before_anybody_leaves() {
    let place = Place::start("memory", |_| json!({})).await;
    let dead = json!({"selfservice": {"methods": {"oidc": {"config": {"providers": [
        crate::trip::acme(&place.provider, json!({"issuer_url": "http://127.0.0.1:1"})),
        crate::trip::acme(&place.provider, json!({"id": "own", "issuer_url": format!("http://{}", place.admin)})),
        crate::trip::acme(&place.provider, json!({"id": "wrong", "issuer_url": format!("{}/", place.provider.base)})),
    ]}}}}});
    place.change(dead);
    for (provider, told) in [
        ("acme", "isn’t responding"),
        // Our own listeners are nobody's provider.
        ("own", "isn’t responding"),
        // The description says another issuer, if only by a slash.
        ("wrong", "couldn’t verify"),
    ] {
        let mut anna = place.browser();
        let flow = anna.open("login").await;
        let answer = anna.submit(&flow, &[("provider", provider)]).await;
        let text = sentence(&mut anna, &answer).await;
        assert!(text.contains(told), "{provider}: {text}");
    }
}

#[tokio::test]
async fn a_state_that_is_missing_wrong_or_used_leads_nowhere() {
    let place = Place::start("memory", |_| json!({})).await;
    let mut anna = place.browser();
    let flow = anna.open("registration").await;
    let back = agree(&anna.leave(&flow, "acme").await).await;
    let path = back.split('?').next().expect("a path").to_owned();
    for bad in [path.clone(), format!("{path}?code=code-0"), format!("{path}?code=code-0&state=wrong")] {
        let answer = anna.get(&bad, HTML).await;
        let (status, text) = reason(&mut anna, &answer).await;
        assert_eq!(status, 400);
        assert!(text.contains("Start again"), "{text}");
    }
    nobody(&place, &mut anna).await;

    let answer = anna.get(&back, HTML).await;
    assert_eq!(answer.status, 303);
    assert!(anna.whoami().await.is_some());
    // Loaded once more by whoever is signed in by now; and by a browser that lost its session meanwhile.
    let answer = anna.get(&back, HTML).await;
    assert!(location(&answer).ends_with("/welcome"), "{}", location(&answer));
    anna.jar.remove("ory_kratos_session");
    let answer = anna.get(&back, HTML).await;
    assert_eq!(reason(&mut anna, &answer).await.0, 410);
    assert_eq!(place.accounts().await.len(), 1);
}

#[tokio::test]
async fn the_way_back_is_good_in_the_browser_that_left() {
    let place = Place::start("memory", |_| json!({})).await;
    let mut anna = place.browser();
    let flow = anna.open("registration").await;
    let back = agree(&anna.leave(&flow, "acme").await).await;
    // The attack: somebody's own way back in the browser of somebody else, who would be signed in to the wrong account.
    let mut victim = place.browser();
    let own = victim.open("login").await;
    for _ in 0..2 {
        let answer = victim.get(&back, HTML).await;
        let (status, text) = reason(&mut victim, &answer).await;
        assert_eq!(status, 403);
        assert!(text.contains("another browser"), "{text}");
        nobody(&place, &mut victim).await;
        // The second time with a cookie of a trip of their own.
        victim.leave(&own, "other").await;
    }
    anna.get(&back, HTML).await;
    assert!(anna.whoami().await.is_some(), "the attempt did not use it up");
}

#[tokio::test]
async fn a_code_is_worth_one_trip() {
    let place = Place::start("memory", |_| json!({})).await;
    let mut anna = place.browser();
    let flow = anna.open("registration").await;
    let first = agree(&anna.leave(&flow, "acme").await).await;
    let second = agree(&anna.leave(&flow, "acme").await).await;
    anna.get(&first, HTML).await;
    assert!(anna.whoami().await.is_some());
    // The code of the first trip with the state of another.
    let code = |address: &str| {
        let url = url::Url::parse(address).expect("an address");
        let (_, code) = url.query_pairs().find(|(name, _)| name == "code").expect("a code");
        code.into_owned()
    };
    let mixed = second.replace(&format!("code={}", code(&second)), &format!("code={}", code(&first)));
    let mut again = anna.clone();
    again.jar.remove("ory_kratos_session");
    let answer = again.get(&mixed, HTML).await;
    assert!(sentence(&mut again, &answer).await.contains("isn’t responding"));
    assert_eq!(again.whoami().await, None);
}

#[tokio::test]
async fn an_answer_of_one_provider_is_not_taken_for_another_s() {
    let place = Place::start("memory", |_| json!({})).await;
    let base = place.provider.base.clone();
    for (promises, names, believed) in [
        (true, Some(base.clone()), true),
        (true, None, false),
        (true, Some("https://other.example".to_owned()), false),
        (false, Some("https://other.example".to_owned()), false),
        (false, None, true),
    ] {
        // What the provider says of itself is kept for an hour.
        place.advance(3601);
        place.provider.change(|behaviour| {
            behaviour.promises_to_name = promises;
            behaviour.names.clone_from(&names);
        });
        let mut anna = place.browser();
        let answer = anna.through("login", "acme").await;
        assert_eq!(anna.whoami().await.is_some(), believed, "{promises} {names:?}: {}", location(&answer));
    }
    // The way back of one provider at the address of the other.
    place.provider.change(|behaviour| behaviour.names = None);
    let mut anna = place.browser();
    let flow = anna.open("login").await;
    let back = agree(&anna.leave(&flow, "acme").await).await.replace("/callback/acme", "/callback/other");
    let answer = anna.get(&back, HTML).await;
    assert!(sentence(&mut anna, &answer).await.contains("couldn’t verify"));
}

#[tokio::test]
async fn a_trip_that_takes_too_long_begins_anew() {
    let place = Place::start("memory", |_| json!({})).await;
    for kind in ["registration", "login"] {
        let mut anna = place.browser();
        let flow = anna.open(kind).await;
        let back = agree(&anna.leave(&flow, "acme").await).await;
        place.advance(30 * 60 + 1);
        let answer = anna.get(&back, HTML).await;
        let again = anna.follow(&answer).await;
        let expired = if kind == "login" { 4_010_001 } else { 4_040_001 };
        assert_eq!(messages(&again), [expired]);
        assert_ne!(again["id"], flow["id"]);
        nobody(&place, &mut anna).await;
    }
}

#[tokio::test]
async fn a_provider_that_is_removed_meanwhile_is_told_and_its_button_goes() {
    let place = Place::start("memory", |_| json!({})).await;
    let mut anna = place.browser();
    let flow = anna.open("login").await;
    let back = agree(&anna.leave(&flow, "acme").await).await;
    place.change(json!({"selfservice": {"methods": {"oidc": {"config": {"providers": [
        crate::trip::acme(&place.provider, json!({"id": "other"})),
    ]}}}}}));
    let answer = anna.get(&back, HTML).await;
    let flow = anna.follow(&answer).await;
    assert!(flow["ui"]["messages"][0]["text"].as_str().expect("a text").contains("no longer available"));
    assert_eq!(node(&flow, "provider").expect("the other one")["attributes"]["value"], "other");
    nobody(&place, &mut anna).await;
}

#[tokio::test]
async fn a_mapper_that_fails_or_makes_rubbish_is_told() {
    use base64::Engine as _;
    let place = Place::start("memory", |_| json!({})).await;
    for mapper in [
        "error 'no'",
        "{ traits: {} }",
        "{ identity: { traits: 'text' } }",
        "{ identity: {} }",
        "'rubbish'",
        "local f(n) = 1 + f(n + 1); f(0)",
        "{ identity: { traits: { email: std.extVar('claims').nothing } } }",
        "import 'file'",
    ] {
        let address = format!("base64://{}", base64::engine::general_purpose::STANDARD.encode(mapper));
        place.change(json!({"selfservice": {"methods": {"oidc": {"config": {"providers": [
            crate::trip::acme(&place.provider, json!({"mapper_url": address})),
        ]}}}}}));
        let mut anna = place.browser();
        let answer = anna.through("registration", "acme").await;
        let text = sentence(&mut anna, &answer).await;
        assert!(text.contains("share enough information"), "{mapper}: {text}");
        nobody(&place, &mut anna).await;
    }
    // What it makes is judged by the schema as what a person types is.
    let address = "base64://eyBpZGVudGl0eTogeyB0cmFpdHM6IHsgZW1haWw6ICdubyBhZGRyZXNzJyB9IH0gfQ==";
    place.change(json!({"selfservice": {"methods": {"oidc": {"config": {"providers": [
        crate::trip::acme(&place.provider, json!({"mapper_url": address})),
    ]}}}}}));
    let mut anna = place.browser();
    let answer = anna.through("registration", "acme").await;
    assert_eq!(messages(&anna.follow(&answer).await), [4_000_040]);
    nobody(&place, &mut anna).await;
}

#[tokio::test]
async fn what_a_provider_says_of_itself_is_kept_and_new_keys_are_found() {
    let place = Place::start("memory", |_| json!({})).await;
    let mut anna = place.browser();
    anna.through("registration", "acme").await;
    let mut again = place.browser();
    again.through("login", "acme").await;
    assert!(again.whoami().await.is_some());
    assert_eq!(place.provider.reads(), (1, 1), "asked once for two trips");

    // A new key, at once: keys are not fetched again within a minute, whoever sends made-up ones.
    place.provider.change(|behaviour| behaviour.key = 1);
    let mut early = place.browser();
    early.through("login", "acme").await;
    assert_eq!((early.whoami().await, place.provider.reads().1), (None, 1));
    place.advance(61);
    let mut later = place.browser();
    later.through("login", "acme").await;
    assert!(later.whoami().await.is_some());
    assert_eq!(place.provider.reads(), (1, 2));
}

#[tokio::test]
async fn proof_keys_follow_the_configuration_and_the_provider() {
    let place = Place::start("memory", |_| json!({})).await;
    for (pkce, knows, used) in
        [("auto", true, true), ("auto", false, false), ("never", true, false), ("force", false, true)]
    {
        place.advance(3601);
        place.provider.change(|behaviour| behaviour.knows_pkce = knows);
        place.change(json!({"selfservice": {"methods": {"oidc": {"config": {"providers": [
            crate::trip::acme(&place.provider, json!({"pkce": pkce, "requested_claims": {"id_token": {"email": null}}})),
        ]}}}}}));
        let mut anna = place.browser();
        let flow = anna.open("login").await;
        let there = anna.leave(&flow, "acme").await;
        assert_eq!(there.contains("code_challenge="), used, "{pkce} {knows}");
        assert!(there.contains("claims=%7B%22id_token%22"), "{there}");
        let back = agree(&there).await;
        assert_eq!(back.contains("/callback?"), pkce == "force", "{back}");
        anna.get(&back, HTML).await;
        assert!(anna.whoami().await.is_some(), "{pkce} {knows}");
        let (form, _) = place.provider.exchanges().pop().expect("an exchange");
        assert_eq!(form.contains_key("code_verifier"), used);
    }
}

#[tokio::test]
async fn userinfo_speaks_of_the_same_person_or_counts_for_nothing() {
    let place = Place::start("memory", |_| json!({})).await;
    place.change(json!({"selfservice": {"methods": {"oidc": {"config": {"providers": [
        crate::trip::acme(&place.provider, json!({"claims_source": "userinfo"})),
    ]}}}}}));
    let document: Value = json!({"email": "shown@example.org", "name": "Anna"});
    for (subject, fine) in [("somebody else", false), ("anna", true)] {
        let mut said = document.clone();
        lay_over(&mut said, json!({"sub": subject}));
        place.provider.change(|behaviour| behaviour.userinfo = said);
        let mut anna = place.browser();
        anna.through("login", "acme").await;
        let session = anna.whoami().await;
        assert_eq!(session.is_some(), fine);
        if let Some(session) = session {
            assert_eq!(session["identity"]["traits"], json!({"email": "shown@example.org", "name": "Anna"}));
        }
    }
}

#[tokio::test]
async fn a_form_post_comes_back_as_an_address() {
    let place = Place::start("memory", |_| json!({})).await;
    let mut anna = place.browser();
    let flow = anna.open("registration").await;
    let back = agree(&anna.leave(&flow, "acme").await).await;
    let (path, query) = back.split_once('?').expect("a query");
    // Another site's form comes without our cookies.
    let mut bare = place.browser();
    let answer = bare
        .ask("POST", path, HTML, Some(("application/x-www-form-urlencoded", &format!("{query}&more=1"))))
        .await;
    assert_eq!(answer.status, 302);
    assert!(!location(&answer).contains("more"));
    anna.get(&location(&answer), HTML).await;
    assert!(anna.whoami().await.is_some());
}
