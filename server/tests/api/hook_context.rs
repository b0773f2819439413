//! What a web hook's template may read of a flow: every member that Kratos' documentation names, in every flow and whatever the
//! client sent. A Jsonnet template fails for a member that is not there, and then nobody gets in.

use crate::clients::{HTML, JSON, Kind, PASSWORD, Person, Site, document, stand};
use crate::proof::{ANNA, Place};
use crate::support::http::{Answer, send};
use crate::support::sink::Sink;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// Reads each member by its name, as templates do.
const READS: &str = "function(ctx) {
  flow: { [name]: ctx.flow[name] for name in ['id', 'type', 'issued_at', 'expires_at', 'request_url', 'state', 'active', 'transient_payload'] },
  action: ctx.flow.ui.action,
  seen: [ctx.request_headers, ctx.request_method, ctx.request_url, ctx.request_cookies],
  of: if std.objectHas(ctx, 'identity') then ctx.identity.traits.email else null,
  session: if std.objectHas(ctx, 'session') then ctx.session.devices[0].user_agent else null,
}";

fn hook(sink: &Sink, path: &str, more: Value) -> Value {
    let mut config = json!({
        "url": format!("{}{path}", sink.base), "method": "POST", "body": format!("base64://{}", STANDARD.encode(READS)),
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        config[name] = value.clone();
    }
    json!({"hook": "web_hook", "config": config})
}

/// One before and one after, in each of the three ways that a hook can be called after.
fn hooks(sink: &Sink, flow: &str) -> Value {
    json!({"selfservice": {"flows": {flow: {
        "before": {"hooks": [hook(sink, "/before", json!({}))]},
        "after": {"password": {"hooks": [
            hook(sink, "/asked", json!({"can_interrupt": true})),
            hook(sink, "/awaited", json!({})),
            hook(sink, "/told", json!({"response": {"ignore": true}})),
        ]}},
    }}}})
}

/// Of a call: its path, the method it is about, the payload, and whose it is.
async fn told(sink: &Sink, calls: usize) -> Vec<(String, String, Value, Value)> {
    let mut all: Vec<_> = sink
        .wait(calls)
        .await
        .iter()
        .map(|one| {
            let seen = one.summary()["json"].clone();
            assert!(seen["flow"]["id"].is_string() && seen["seen"][1].is_string(), "{seen}");
            let active = seen["flow"]["active"].as_str().expect("a text").to_owned();
            (one.path.clone(), active, seen["flow"]["transient_payload"].clone(), seen["of"].clone())
        })
        .collect();
    all.sort_by(|one, other| one.0.cmp(&other.0));
    all
}

fn expected(email: &str, payload: &Value) -> Vec<(String, String, Value, Value)> {
    let after = |path: &str| (path.to_owned(), "password".to_owned(), payload.clone(), json!(email));
    vec![
        after("/asked"),
        after("/awaited"),
        ("/before".to_owned(), String::new(), json!({}), Value::Null),
        after("/told"),
    ]
}

/// Of a browser's form, sent as such: `flow` is `registration` or `login`.
async fn send_form(person: &mut Person, flow: &str, fields: &[(&str, &str)]) -> Answer {
    let begun = document(&person.ask("GET", &format!("/self-service/{flow}/browser"), JSON, &[], None).await);
    let nodes = begun["ui"]["nodes"].as_array().expect("nodes").clone();
    let token = nodes.iter().find(|node| node["attributes"]["name"] == "csrf_token").expect("a token");
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("csrf_token", token["attributes"]["value"].as_str().expect("a text"))
        .append_pair("method", "password")
        .extend_pairs(fields)
        .finish();
    let target = format!("/self-service/{flow}?flow={}", begun["id"].as_str().expect("an id"));
    let headers = [("Content-Type", "application/x-www-form-urlencoded"), ("User-Agent", "a browser")];
    person.ask("POST", &target, HTML, &headers, Some(&form)).await
}

/// What an app sends.
async fn send_json(site: &Site, flow: &str, fields: Value) -> Answer {
    let mut person = Person::new(site, Kind::Native);
    let begun = document(&person.ask("GET", &format!("/self-service/{flow}/api"), JSON, &[], None).await);
    let target = format!("/self-service/{flow}?flow={}", begun["id"].as_str().expect("an id"));
    person.post(&target, &[], &fields).await
}

fn of_sign_up(email: &str) -> Value {
    json!({"method": "password", "password": PASSWORD, "traits": {"email": email}})
}

fn of_sign_in(email: &str) -> Value {
    json!({"method": "password", "password": PASSWORD, "identifier": email})
}

#[tokio::test]
async fn a_template_reads_every_member_of_a_sign_up_whatever_was_sent() {
    let sink = Sink::start().await;
    let (_stand, site) = stand("memory", hooks(&sink, "registration")).await;
    let none = json!({});
    assert_eq!(send_json(&site, "registration", of_sign_up("one@vestibule.test")).await.status, 200);
    assert_eq!(told(&sink, 4).await, expected("one@vestibule.test", &none));

    let mut null = of_sign_up("two@vestibule.test");
    null["transient_payload"] = Value::Null;
    assert_eq!(send_json(&site, "registration", null).await.status, 200);
    assert_eq!(told(&sink, 4).await, expected("two@vestibule.test", &none));

    let mut person = Person::new(&site, Kind::Browser);
    let fields = [("password", PASSWORD), ("traits.email", "three@vestibule.test")];
    assert_eq!(send_form(&mut person, "registration", &fields).await.status, 303);
    assert_eq!(told(&sink, 4).await, expected("three@vestibule.test", &none));

    let mut full = of_sign_up("four@vestibule.test");
    full["transient_payload"] = json!({"plan": {"seats": 3}});
    assert_eq!(send_json(&site, "registration", full).await.status, 200);
    assert_eq!(told(&sink, 4).await, expected("four@vestibule.test", &json!({"plan": {"seats": 3}})));
}

#[tokio::test]
async fn a_template_reads_every_member_of_a_sign_in_whatever_was_sent() {
    let sink = Sink::start().await;
    let (_stand, site) = stand("memory", hooks(&sink, "login")).await;
    assert_eq!(send_json(&site, "registration", of_sign_up(ANNA)).await.status, 200);
    assert_eq!(send_json(&site, "login", of_sign_in(ANNA)).await.status, 200);
    assert_eq!(told(&sink, 4).await, expected(ANNA, &json!({})));
    let mut person = Person::new(&site, Kind::Browser);
    let fields = [("password", PASSWORD), ("identifier", ANNA), ("transient_payload.from", "ad")];
    assert_eq!(send_form(&mut person, "login", &fields).await.status, 303);
    assert_eq!(told(&sink, 4).await, expected(ANNA, &json!({"from": "ad"})));
}

#[tokio::test]
async fn a_template_reads_every_member_of_a_verification() {
    let sink = Sink::start().await;
    let place = Place::start("memory").await;
    place.sign_up().await;
    let mut config = place.document.clone();
    config["selfservice"]["flows"]["verification"] = json!({
        "enabled": true,
        "before": {"hooks": [hook(&sink, "/before", json!({}))]},
        "after": {"hooks": [hook(&sink, "/after", json!({}))]},
    });
    place.stand.engine.publish(place.stand.world.config(vec![config]));
    let (flow, code) = place.ask_for_code().await;
    assert_eq!(told(&sink, 1).await, [("/before".to_owned(), "code".to_owned(), json!({}), Value::Null)]);
    let (status, done) = place.code(&flow, &code).await;
    assert_eq!((status, &done["state"]), (200, &json!("passed_challenge")));
    assert_eq!(told(&sink, 1).await, [("/after".to_owned(), "code".to_owned(), json!({}), json!(ANNA))]);
}

/// A form has no objects: they come as one text of JSON, member by member, or both.
#[tokio::test]
async fn a_form_brings_a_payload_as_one_text() {
    let sink = Sink::start().await;
    let config = json!({"selfservice": {"flows": {"registration": {"after": {"password": {"hooks": [hook(&sink, "/new", json!({}))]}}}}}});
    let (_stand, site) = stand("memory", config).await;
    let cases: [(&[(&str, &str)], Value); 6] = [
        (
            &[("transient_payload", r#"{"a.b": [1, {"c": "ü"}], "d": null}"#)],
            json!({"a.b": [1, {"c": "ü"}], "d": null}),
        ),
        (&[("transient_payload", " {} ")], json!({})),
        (&[("transient_payload", "")], json!({})),
        (&[("transient_payload.a", "1"), ("transient_payload", r#"{"b": 2}"#)], json!({"a": "1", "b": 2})),
        (&[("transient_payload", r#"{"b": 2}"#), ("transient_payload.a", "1")], json!({"a": "1", "b": 2})),
        (
            &[("transient_payload", r#"{"a": 1, "b": 1}"#), ("transient_payload", r#"{"b": 2}"#)],
            json!({"a": 1, "b": 2}),
        ),
    ];
    for (number, (fields, payload)) in cases.into_iter().enumerate() {
        let email = format!("person{number}@vestibule.test");
        let own = [("password", PASSWORD), ("traits.email", email.as_str())];
        let mut person = Person::new(&site, Kind::Browser);
        let answer = send_form(&mut person, "registration", &[&own, fields].concat()).await;
        assert!(answer.header("location").is_some_and(|to| to.ends_with("/welcome")), "{number}");
        assert_eq!(told(&sink, 1).await[0].2, payload, "{number}");
    }
}

#[tokio::test]
async fn a_text_that_is_no_object_and_one_that_is_too_deep_bring_the_form_back() {
    let (_stand, site) = stand("memory", json!({})).await;
    let deep = format!("{{\"a\": {}1{}}}", "[".repeat(100), "]".repeat(100));
    let wide = format!("{{\"a\": [{}1]}}", "1,".repeat(20_000));
    let long = format!("{{\"a\": \"{}\"}}", "p".repeat(70_000));
    for text in ["[1]", "7", "\"{}\"", "{\"a\": ", "word", &deep, &wide, &long] {
        let mut person = Person::new(&site, Kind::Browser);
        let fields =
            [("password", PASSWORD), ("traits.email", "anna@vestibule.test"), ("transient_payload", text)];
        let answer = send_form(&mut person, "registration", &fields).await;
        let to = answer.header("location").expect("a place to go to").to_owned();
        let begin: String = text.chars().take(20).collect();
        let (_, id) = to.split_once("flow=").unwrap_or_else(|| panic!("{begin}: {to}"));
        let target = format!("/self-service/registration/flows?id={id}");
        let flow = document(&person.ask("GET", &target, JSON, &[], None).await);
        assert_eq!(flow["ui"]["messages"][0]["id"], 4_000_001, "{begin}");
    }
    let headers = [("Host".to_owned(), site.admin.clone())];
    let list = send(&site.admin, "GET", "/admin/identities", &headers, None).await.expect("an answer");
    assert_eq!(document(&list), json!([]), "nobody was signed up");
}

/// What *Test* sends has every member that the real thing has: a template that works there works here.
#[tokio::test]
async fn a_made_up_call_has_the_members_of_a_real_one() {
    let sink = Sink::start().await;
    let whole = format!("base64://{}", STANDARD.encode("function(ctx) ctx"));
    for flow in ["registration", "login"] {
        let entry = json!({"hook": "web_hook", "config": {"url": format!("{}/all", sink.base), "method": "POST", "body": whole}});
        let mut config = json!({"selfservice": {"flows": {"registration": {"style": "unified"}}}});
        config["selfservice"]["flows"][flow] = json!({
            "before": {"hooks": [entry]}, "after": {"password": {"hooks": [entry]}},
        });
        let (stand, site) = stand("memory", config).await;
        let ctx = stand.engine.begin();
        let list = &engine::settings::actions::actions(&ctx.config);
        let key = list[0].hook.key();
        let mut made_up = Vec::new();
        for place in [format!("{flow}.before"), format!("{flow}.after.password")] {
            let hook = engine::hooks::find(&ctx.config, &key, &place).expect("the hook");
            made_up.push(engine::hooks::sample(&ctx, &hook, &place).await.expect("a sample").input);
        }
        assert_eq!(send_json(&site, "registration", of_sign_up(ANNA)).await.status, 200);
        if flow == "login" {
            assert_eq!(send_json(&site, "login", of_sign_in(ANNA)).await.status, 200);
        }
        let real: Vec<Value> = sink.wait(2).await.iter().map(|one| one.summary()["json"].clone()).collect();
        assert_eq!(real.len(), 2, "{flow}");
        for (real, made_up) in real.iter().zip(&made_up) {
            lacks_nothing(real, made_up, flow);
        }
    }
}

/// Every member of `real` is in `made_up`, but for forms, the account's own data and a browser's headers.
fn lacks_nothing(real: &Value, made_up: &Value, at: &str) {
    for (name, value) in real.as_object().into_iter().flatten() {
        let own = ["ui", "traits", "request_headers", "request_cookies"].contains(&name.as_str());
        let other = made_up.get(name).unwrap_or_else(|| panic!("{at}.{name} is missing"));
        if !own {
            lacks_nothing(value, other, &format!("{at}.{name}"));
        }
    }
    if let (Some(real), Some(made_up)) = (real.as_array(), made_up.as_array()) {
        for (real, made_up) in real.iter().zip(made_up) {
            lacks_nothing(real, made_up, at);
        }
    }
}
