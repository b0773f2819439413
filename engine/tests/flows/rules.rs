//! Rules that decide whether a sign-up page can be trusted, each as a table of what an attacker or a mistake may bring.

use engine::config::Hook;
use engine::form::{csrf, return_to};
use engine::model::MethodId;
use engine::pipeline::pipeline;
use engine::plan::{Client, FlowKind, Source, Step, plan};
use engine::testing;
use serde_json::{Value, json};

fn with_return_urls() -> engine::config::Config {
    testing::config(vec![json!({
        "serve": { "public": { "base_url": "https://id.example/" } },
        "selfservice": {
            "default_browser_return_url": "https://app.example/home",
            "allowed_return_urls": ["https://app.example/shop", "https://*.wild.example"],
        },
    })])
}

#[test]
fn only_allowed_addresses_are_returned_to() {
    let config = with_return_urls();
    for (wanted, expected) in [
        ("https://app.example/shop", Some("https://app.example/shop")),
        ("https://app.example/shop/cart?x=1#y", Some("https://app.example/shop/cart?x=1#y")),
        ("/shop/cart", Some("https://app.example/shop/cart")),
        ("https://a.wild.example/x", Some("https://a.wild.example/x")),
        ("https://id.example/welcome", Some("https://id.example/welcome")),
        ("https://app.example/shopping", None),
        ("https://app.example:444/shop", None),
        ("http://app.example/shop", None),
        ("https://wild.example/", None),
        ("https://evilwild.example/", None),
        ("https://app.example.evil.example/shop", None),
        ("https://app.example@evil.example/shop", None),
        ("https://user:secret@app.example/shop", None),
        ("//evil.example/shop", None),
        ("///evil.example/shop", None),
        ("/\\evil.example/shop", None),
        ("\\\\evil.example/shop", None),
        ("https:\\\\evil.example", None),
        ("https://app.example\\@evil.example/shop", None),
        ("/shop\n/x", None),
        ("java\tscript:alert(1)", None),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("https://app.example/shop/../admin", None),
    ] {
        let outcome = return_to::check(&config, wanted);
        match (outcome, expected) {
            (Ok(url), expected) => assert_eq!(Some(url.as_str()), expected, "{wanted:?}"),
            (Err(error), None) => assert_eq!(error.id, Some("self_service_flow_return_to_forbidden")),
            (Err(error), Some(_)) => panic!("{wanted:?} was refused: {error}"),
        }
    }
}

#[test]
fn a_form_token_fits_its_own_cookie_only() {
    let effects = testing::effects();
    let (cookie, other) = (csrf::new_cookie(&effects), csrf::new_cookie(&effects));
    assert_ne!(cookie, other);
    let (one, two) = (csrf::mask(&effects, &cookie), csrf::mask(&effects, &cookie));
    assert_ne!(one, two, "a token differs each time it is rendered");
    let check = |cookie: Option<&str>, token: Option<&str>| {
        csrf::check(csrf::Sent { any_cookie: cookie.is_some(), cookie, token }).is_ok()
    };
    assert!(check(Some(&cookie), Some(&one)) && check(Some(&cookie), Some(&two)));
    for (cookie, token) in [
        (Some(other.as_str()), Some(one.as_str())),
        (Some(&cookie), None),
        (Some(&cookie), Some("")),
        (Some(&cookie), Some(cookie.as_str())),
        (Some(&cookie), Some("no base64")),
        (Some(""), Some(one.as_str())),
        (Some("AAAA"), Some("AAAA")),
        (None, Some(&one)),
        (None, None),
    ] {
        assert!(!check(cookie, token), "{cookie:?} {token:?}");
    }
    assert_eq!(csrf::mask(&effects, "nonsense"), "");
    assert!(!csrf::is_well_formed("nonsense"));
}

fn with_hooks(flow: Value, method: Value) -> engine::config::Config {
    testing::config(vec![json!({ "selfservice": { "flows": { "registration": { "after": {
        "hooks": flow, "password": { "hooks": method },
    } } } } })])
}

#[test]
fn the_session_is_handed_over_last_whatever_the_list_says() {
    let web_hook = json!({ "hook": "web_hook", "config": { "url": "https://x.example", "method": "POST" } });
    let config =
        with_hooks(json!([]), json!([{ "hook": "session" }, web_hook, { "hook": "show_verification_ui" }]));
    for client in [Client::Browser, Client::Spa, Client::Native] {
        let plan = plan(&config, FlowKind::Registration, MethodId::Password, client);
        assert_eq!(plan.steps.last(), Some(&Step::SignIn), "{client:?}");
        assert_eq!(plan.steps.iter().filter(|step| **step == Step::SignIn).count(), 1);
        let order: Vec<&str> = plan
            .steps
            .iter()
            .filter_map(|step| if let Step::Run(hook) = step { Some(hook.name()) } else { None })
            .collect();
        assert_eq!(order, ["web_hook", "show_verification_ui"]);
        let store = plan.steps.iter().position(|step| *step == Step::Commit).unwrap();
        assert!(store < plan.steps.len() - 1, "nobody is signed in before the account is stored");
        assert_eq!(plan.answer.session_cookie, client != Client::Native, "an app gets no cookie");
        assert_eq!(plan.answer.body.contains(&"session_token"), client == Client::Native);
    }
}

#[test]
fn without_the_hook_no_answer_holds_a_session() {
    let config = with_hooks(json!([]), json!([{ "hook": "show_verification_ui" }]));
    for client in [Client::Browser, Client::Spa, Client::Native] {
        let plan = plan(&config, FlowKind::Registration, MethodId::Password, client);
        assert!(!plan.signs_in() && !plan.answer.session_cookie);
        assert!(!plan.answer.body.contains(&"session") && !plan.answer.body.contains(&"session_token"));
    }
}

#[test]
fn a_methods_list_replaces_the_flows_and_an_empty_one_does_not() {
    let web_hook = json!({ "hook": "web_hook", "config": { "url": "https://x.example", "method": "POST" } });
    let shadowing = with_hooks(json!([web_hook]), json!([{ "hook": "session" }]));
    let shadowed = plan(&shadowing, FlowKind::Registration, MethodId::Password, Client::Browser);
    assert_eq!(shadowed.source, Source::Method);
    assert!(matches!(shadowed.shadowed.as_slice(), [Hook::WebHook(_)]));
    assert!(!shadowed.steps.iter().any(|step| matches!(step, Step::Run(_))));

    let inherited = with_hooks(json!([web_hook]), json!([]));
    let inherited = plan(&inherited, FlowKind::Registration, MethodId::Password, Client::Browser);
    assert_eq!(inherited.source, Source::Flow);
    assert!(inherited.shadowed.is_empty());
    assert!(inherited.steps.iter().any(|step| matches!(step, Step::Run(Hook::WebHook(_)))));
}

#[test]
fn a_sign_up_through_a_provider_signs_in_by_itself_unless_it_is_switched_off() {
    let listed = json!([{"hook": "session"}]);
    for (switch, list, signs_in, by_itself) in [
        (true, json!([]), true, true),
        (true, listed.clone(), true, false),
        (false, json!([]), false, false),
        (false, listed, true, false),
    ] {
        let config = testing::config(vec![json!({
            "selfservice": {"flows": {"registration": {"after": {"oidc": {"hooks": list}}}}},
            "vestibule": {"registration": {"sign_in_after_social": switch}},
        })]);
        for client in [Client::Browser, Client::Spa, Client::Native] {
            let through = plan(&config, FlowKind::Registration, MethodId::Oidc, client);
            assert_eq!((through.signs_in(), through.by_itself), (signs_in, by_itself), "{switch} {client:?}");
            let drawn = pipeline(&config, &through);
            assert!(!drawn.steps.iter().any(|line| line.step == "hash"), "there is no password");
            assert_eq!(through.answer.session_cookie, signs_in && client != Client::Native);
            let other = plan(&config, FlowKind::Registration, MethodId::Password, client);
            assert!(!other.signs_in() && !other.by_itself, "no other method follows the rule");
        }
        // The page comes back from the provider as a page.
        assert_eq!(plan(&config, FlowKind::Registration, MethodId::Oidc, Client::Spa).answer.status, 303);
    }
}
