//! Rules that decide whether a sign-up page can be trusted, each as a table of what an attacker or a mistake may bring.

use engine::config::{Hook, Method};
use engine::flow::{csrf, return_to};
use engine::identity::schema::{AtMost, Schema, Violation};
use engine::identity::{decode, normalise_identifier};
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
        let plan = plan(&config, FlowKind::Registration, Method::Password, client);
        assert_eq!(plan.steps.last(), Some(&Step::SignIn), "{client:?}");
        assert_eq!(plan.steps.iter().filter(|step| **step == Step::SignIn).count(), 1);
        let order: Vec<&str> = plan
            .steps
            .iter()
            .filter_map(|step| if let Step::Run(hook) = step { Some(hook.name()) } else { None })
            .collect();
        assert_eq!(order, ["web_hook", "show_verification_ui"]);
        let store = plan.steps.iter().position(|step| *step == Step::Store).unwrap();
        assert!(store < plan.steps.len() - 1, "nobody is signed in before the account is stored");
        assert_eq!(plan.answer.session_cookie, client != Client::Native, "an app gets no cookie");
        assert_eq!(plan.answer.body.contains(&"session_token"), client == Client::Native);
    }
}

#[test]
fn without_the_hook_no_answer_holds_a_session() {
    let config = with_hooks(json!([]), json!([{ "hook": "show_verification_ui" }]));
    for client in [Client::Browser, Client::Spa, Client::Native] {
        let plan = plan(&config, FlowKind::Registration, Method::Password, client);
        assert!(!plan.signs_in() && !plan.answer.session_cookie);
        assert!(!plan.answer.body.contains(&"session") && !plan.answer.body.contains(&"session_token"));
    }
}

#[test]
fn a_methods_list_replaces_the_flows_and_an_empty_one_does_not() {
    let web_hook = json!({ "hook": "web_hook", "config": { "url": "https://x.example", "method": "POST" } });
    let shadowing = with_hooks(json!([web_hook]), json!([{ "hook": "session" }]));
    let shadowed = plan(&shadowing, FlowKind::Registration, Method::Password, Client::Browser);
    assert_eq!(shadowed.source, Source::Method);
    assert!(matches!(shadowed.shadowed.as_slice(), [Hook::WebHook(_)]));
    assert!(!shadowed.steps.iter().any(|step| matches!(step, Step::Run(_))));

    let inherited = with_hooks(json!([web_hook]), json!([]));
    let inherited = plan(&inherited, FlowKind::Registration, Method::Password, Client::Browser);
    assert_eq!(inherited.source, Source::Flow);
    assert!(inherited.shadowed.is_empty());
    assert!(inherited.steps.iter().any(|step| matches!(step, Step::Run(Hook::WebHook(_)))));
}

fn schema(traits: Value) -> Schema {
    let document = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "definitions": { "mail": {
            "type": "string", "format": "email", "title": "Mail",
            "ory.sh/kratos": { "credentials": { "password": { "identifier": true } }, "verification": { "via": "email" } },
        } },
        "type": "object",
        "properties": { "traits": traits },
    });
    Schema::compile(&document).unwrap()
}

#[test]
fn addresses_are_told_from_what_is_none() {
    let schema = schema(
        json!({ "type": "object", "properties": { "email": { "$ref": "#/definitions/mail" } }, "required": ["email"] }),
    );
    for (text, fine) in [
        ("ann@example.org", true),
        (" ann@example.org", true),
        ("jürgen@example.org", true),
        ("ann@xn--mller-kva.example", true),
        ("ann@müller.example", false),
        ("ann", false),
        ("ann@", false),
        ("@example.org", false),
        ("a@b@example.org", false),
        ("ann@example..org", false),
        ("an n@example.org", false),
        ("ann@example.org\u{0}", false),
        ("ann\u{200b}@example.org", false),
        ("\u{feff}ann@example.org", false),
        ("a\u{ad}nn@example.org", false),
        ("a\u{202e}nn@example.org", false),
        ("ann\u{3164}@example.org", false),
        ("ann\u{e0061}@example.org", false),
        ("ann\r\nbcc:eve@example.org", false),
        ("<ann@example.org>", false),
        ("", false),
    ] {
        let outcome = schema.validate(&mut json!({ "email": text }), FORM);
        assert_eq!(outcome.is_ok(), fine, "{text:?}");
        if let Ok(extracted) = outcome {
            assert_eq!(
                extracted.password_identifiers,
                [normalise_identifier(text)],
                "a $ref keeps its extension"
            );
            assert_eq!(extracted.verifiable.len(), 1);
        }
    }
}

#[test]
fn what_an_optional_object_needs_is_demanded() {
    let schema = schema(json!({ "type": "object", "properties": { "address": {
        "type": "object", "properties": { "street": { "type": "string" } }, "required": ["street"],
    } } }));
    let mut traits = json!({});
    let violations = schema.validate(&mut traits, FORM).unwrap_err();
    assert_eq!(traits, json!({ "address": {} }));
    assert_eq!(violations.len(), 1);
    assert_eq!((violations[0].pointer.as_str(), violations[0].text.id), ("traits.address.street", 4000002));
}

/// What a form is told of by default.
const FORM: AtMost = AtMost { violations: 20, per_field: 4 };

/// Pointer and number of each violation.
fn told(document: Value, mut traits: Value) -> Vec<(String, u64)> {
    let violations = schema(document).validate(&mut traits, FORM).unwrap_err();
    violations.into_iter().map(|one| (one.pointer, one.text.id)).collect()
}

#[test]
fn a_long_list_of_wrong_entries_is_told_of_as_far_as_a_form_goes() {
    let tags = json!({ "type": "object", "properties": { "tags": { "type": "array", "items": { "type": "string" } } } });
    for entries in [21, 5_000] {
        let told = told(tags.clone(), json!({ "tags": vec![1; entries] }));
        let expected: Vec<_> = (0..20).map(|index| (format!("traits.tags.{index}"), 4000026)).collect();
        assert_eq!(told, expected);
    }
}

#[test]
fn one_field_is_told_of_four_times_and_others_after_it() {
    let rules: Vec<Value> = (1..30).map(|length| json!({ "minLength": 100 + length })).collect();
    let document = json!({ "type": "object", "properties": {
        "name": { "type": "string", "allOf": rules }, "age": { "type": "number" },
    } });
    let told = told(document, json!({ "name": "ann", "age": "old" }));
    let of = |name: &str| told.iter().filter(|(pointer, _)| pointer == name).count();
    assert_eq!((of("traits.name"), of("traits.age")), (4, 1), "{told:?}");
}

#[test]
fn what_kind_of_thing_it_is_comes_first_even_when_there_is_too_much_else() {
    let mut properties = serde_json::Map::new();
    let mut traits = serde_json::Map::new();
    for index in 0..30 {
        properties.insert(format!("a{index:02}"), json!({ "type": "string", "minLength": 9 }));
        traits.insert(format!("a{index:02}"), "short".into());
    }
    properties.insert("mail".to_owned(), json!({ "type": "string", "format": "email" }));
    traits.insert("mail".to_owned(), "nonsense".into());
    let told = told(json!({ "type": "object", "properties": properties }), traits.into());
    assert_eq!((told.len(), &told[0]), (20, &("traits.mail".to_owned(), 4000040)));
    assert_eq!(told[1], ("traits.a00".to_owned(), 4000003));
}

#[test]
fn messages_repeat_the_beginning_of_what_was_typed_and_no_names_that_somebody_made_up() {
    let long = "x".repeat(200_000);
    let document = json!({ "type": "object",
        "properties": {
            "mail": { "type": "string", "format": "email" },
            "more": { "type": "object", "additionalProperties": { "type": "number" } },
            "closed": { "type": "object", "additionalProperties": false },
        },
    });
    let mut traits = json!({ "mail": long, "more": { long.clone(): "text" }, "closed": { long.clone(): 1 } });
    let violations = schema(document).validate(&mut traits, FORM).unwrap_err();
    let written = |one: &Violation| json!(one.text).to_string().len() + one.pointer.len();
    assert_eq!(violations.len(), 3);
    assert!(violations.iter().all(|one| written(one) < 2_000), "{violations:?}");
    assert!(violations.iter().any(|one| one.pointer == "traits.more"));
}

#[test]
fn equal_entries_are_named_by_their_places() {
    let document =
        json!({ "type": "object", "properties": { "tags": { "type": "array", "uniqueItems": true } } });
    let mut tags: Vec<usize> = (0..9_000).collect();
    tags.push(4_711);
    let mut traits = json!({ "tags": tags });
    let violations = schema(document).validate(&mut traits, FORM).unwrap_err();
    assert_eq!(json!(violations[0].text.context), json!({ "index_a": 4_711, "index_b": 9_000 }));
}

/// An engine that backtracks gives up on such a text after a million steps, or says that it does not match.
#[test]
fn patterns_take_time_in_proportion_to_the_text() {
    let pattern = |pattern: &str| json!({ "type": "object", "properties": { "name": { "type": "string", "pattern": pattern } } });
    let mut fits = json!({ "name": format!("{}b", "a".repeat(100_000)) });
    assert!(schema(pattern("^(a+)+b$")).validate(&mut fits, FORM).is_ok());
    let fails = json!({ "name": "a".repeat(100_000) });
    assert_eq!(told(pattern("^(a+)+b$"), fails), [("traits.name".to_owned(), 4000004)]);
    // What would need backtracking is refused with the configuration, as Kratos refuses it.
    let document = json!({ "properties": { "traits": pattern("^(?=a)b") } });
    assert!(Schema::compile(&document).is_err());
}

#[test]
fn thousands_of_addresses_are_each_taken_once() {
    let document = json!({ "type": "object", "properties": { "mails": { "type": "array", "items": { "type": "string" },
        "ory.sh/kratos": { "credentials": { "password": { "identifier": true } }, "verification": { "via": "email" } } } } });
    let mails: Vec<String> = (0..6_000).map(|index| format!("A{}@example.org", index % 3_000)).collect();
    let extracted = schema(document).validate(&mut json!({ "mails": mails }), FORM).unwrap();
    assert_eq!((extracted.password_identifiers.len(), extracted.verifiable.len()), (3_000, 3_000));
    assert_eq!(extracted.password_identifiers[2], "a2@example.org");
}

#[test]
fn a_schema_that_cannot_be_used_says_where() {
    for (document, at) in [
        (json!({ "type": "object" }), "traits"),
        (json!({ "properties": { "traits": { "$ref": "https://elsewhere.example/x.json" } } }), ""),
        (
            json!({ "properties": { "traits": { "type": "object", "properties": { "a": { "type": "string", "ory.sh/kratos": { "verification": { "via": "pigeon" } } } } } } }),
            "traits.a",
        ),
    ] {
        let problems = Schema::compile(&document).unwrap_err();
        assert!(
            problems.iter().any(|(pointer, what)| pointer.contains(at) && !what.is_empty()),
            "{document}: {problems:?}"
        );
    }
}

#[test]
fn hostile_field_names_are_dropped_and_nothing_breaks() {
    let members = ["traits", "method"];
    let long = format!("traits.{}", "a.".repeat(200));
    let pairs: Vec<(String, String)> = [
        ("traits.email", "ann@example.org"),
        ("traits.email.deeper", "x"),
        ("traits", "x"),
        ("admin", "true"),
        ("traits..", "x"),
        (long.as_str(), "x"),
        ("", "x"),
        ("method", "password"),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect();
    let decoded = decode::form(&pairs, &members, None);
    assert_eq!(decoded["method"], "password");
    assert!(decoded.get("admin").is_none());
    assert!(decode::json(json!([1]), &members).is_err());
    assert_eq!(
        decode::json(json!({ "traits.name.first": "A", "x": 1 }), &members).unwrap(),
        json!({ "traits": { "name": { "first": "A" } } })
    );
}

#[test]
fn a_form_becomes_what_the_schema_says() {
    let schema = schema(json!({ "type": "object", "properties": {
        "age": { "type": "integer" }, "height": { "type": "number" }, "news": { "type": "boolean" },
        "tags": { "type": "array", "items": { "type": "string" } }, "nick": { "type": "string" },
    } }));
    for (pairs, expected) in [
        (vec![("traits.news", "false"), ("traits.news", "true")], json!({ "news": true })),
        (vec![("traits.news", "false")], json!({ "news": false })),
        (vec![("traits.age", "41"), ("traits.height", "1.8")], json!({ "age": 41, "height": 1.8 })),
        (vec![("traits.age", "x")], json!({ "age": "x" })),
        (vec![("traits.nick", "1")], json!({ "nick": "1" })),
        (vec![("traits.tags", "a"), ("traits.tags", "b")], json!({ "tags": ["a", "b"] })),
    ] {
        let pairs: Vec<(String, String)> =
            pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        assert_eq!(decode::form(&pairs, &["traits"], Some(&schema)), json!({ "traits": expected }));
    }
    assert_eq!(
        decode::form(&[("traits.nick".to_owned(), String::new())], &["traits"], Some(&schema)),
        json!({})
    );
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
            let through = plan(&config, FlowKind::Registration, Method::Oidc, client);
            assert_eq!((through.signs_in(), through.by_itself), (signs_in, by_itself), "{switch} {client:?}");
            assert!(!through.steps.contains(&Step::Hash), "there is no password");
            assert_eq!(through.answer.session_cookie, signs_in && client != Client::Native);
            let other = plan(&config, FlowKind::Registration, Method::Password, client);
            assert!(!other.signs_in() && !other.by_itself, "no other method follows the rule");
        }
        // The page comes back from the provider as a page.
        assert_eq!(plan(&config, FlowKind::Registration, Method::Oidc, Client::Spa).answer.status, 303);
    }
}
