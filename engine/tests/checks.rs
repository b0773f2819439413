//! Each finding about a configuration: what brings it up, and what keeps it silent.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use engine::settings::Severity;
use engine::settings::checks::checks;
use engine::testing;
use serde_json::{Value, json};

fn ids(document: &Value) -> Vec<&'static str> {
    checks(&testing::config(vec![document.clone()]), false).iter().map(|check| check.id).collect()
}

fn hook(url: &str, more: Value) -> Value {
    let mut config = json!({
        "url": url, "method": "POST",
        "auth": {"type": "api_key", "config": {"in": "header", "name": "X-Key", "value": "k"}},
    });
    for (name, value) in more.as_object().unwrap() {
        config[name] = value.clone();
    }
    json!({"hook": "web_hook", "config": config})
}

fn sign_up(hooks: Value) -> Value {
    json!({"selfservice": {"flows": {"registration": {"after": {"password": {"hooks": hooks}}}}}})
}

fn sign_in(flow: Value, method: Value) -> Value {
    json!({"selfservice": {"flows": {
        "login": {"after": {"hooks": flow, "password": {"hooks": method}}}, "verification": {"enabled": true},
    }}})
}

#[test]
fn every_finding_comes_up_and_stays_silent() {
    let ignored = json!({"response": {"ignore": true}});
    let far = "https://crm.example.org/new";
    let gate = json!({"hook": "require_verified_address"});
    let revoke = json!({"hook": "revoke_active_sessions"});
    let return_to = |base: &str, url: &str| {
        json!({
            "serve": {"public": {"base_url": base}},
            "selfservice": {"allowed_return_urls": [url]},
        })
    };
    let cors = |origin: &str| json!({"serve": {"public": {"cors": {"enabled": true, "allow_credentials": true, "allowed_origins": [origin]}}}});
    let admin = |host: &str, token: &str| json!({"serve": {"admin": {"host": host}}, "vestibule": {"admin": {"token": token}}});
    let mut closed = sign_up(json!([hook(far, json!({}))]));
    closed["selfservice"]["flows"]["registration"]["enabled"] = json!(false);
    let listeners = |host: &str| {
        json!({
            "serve": {"public": {"host": host}, "admin": {"host": "127.0.0.1"}},
            "vestibule": {"console": {"host": "127.0.0.1"}, "mailbox": {"enabled": true}},
        })
    };
    for (id, fires, silent) in [
        (
            "account_without_an_answer",
            sign_up(json!([hook(far, json!({}))])),
            sign_up(json!([hook(far, ignored.clone())])),
        ),
        (
            "gate_shadowed",
            sign_in(json!([gate]), json!([revoke])),
            sign_in(json!([gate]), json!([gate, revoke])),
        ),
        (
            "session_listed_early",
            sign_up(json!([{"hook": "session"}, {"hook": "show_verification_ui"}])),
            sign_up(json!([{"hook": "show_verification_ui"}, {"hook": "session"}])),
        ),
        (
            "account_changed_over_http",
            sign_up(json!([hook("http://crm.example.org/", json!({"response": {"parse": true}}))])),
            sign_up(json!([hook(far, json!({"response": {"parse": true}}))])),
        ),
        (
            "hook_over_http",
            sign_up(json!([hook("http://crm.example.org/", ignored.clone())])),
            sign_up(json!([hook("http://127.0.0.1:9000/", ignored.clone())])),
        ),
        (
            "hook_without_a_secret",
            sign_up(json!([hook(far, json!({"auth": null, "response": {"ignore": true}}))])),
            sign_up(json!([hook(far, ignored)])),
        ),
        ("long_sessions", json!({"session": {"lifespan": "721h"}}), json!({"session": {"lifespan": "720h"}})),
        (
            "codes_stay_readable",
            json!({"vestibule": {"courier": {"keep_bodies": true}}}),
            json!({"vestibule": {"courier": {"keep_bodies": false}}}),
        ),
        (
            "wide_return_address",
            return_to("https://id.example.org/", "https://*.example.org"),
            return_to("https://id.example.org/", "https://app.example.org"),
        ),
        (
            "wide_return_address",
            return_to("https://id.example.org/", "http://app.example.org"),
            return_to("http://127.0.0.1:4433/", "http://127.0.0.1:3000"),
        ),
        (
            "wide_return_address",
            return_to("https://id.example.org/", "http://localhost:3000"),
            return_to("http://localhost:4433/", "http://localhost:3000"),
        ),
        // `*` lets everybody read, and nobody with cookies.
        ("any_site_reads_sessions", cors("null"), cors("*")),
        (
            "wide_return_address",
            return_to("https://id.example.org/", "https://*.example.org"),
            return_to("https://id.example.org/", "https://app.example.org/*"),
        ),
        ("account_without_an_answer", sign_up(json!([hook(far, json!({}))])), closed),
        (
            "admin_api_open",
            json!({"serve": {"admin": {"host": "0.0.0.0"}}}),
            admin("0.0.0.0", "a token of 16 or more"),
        ),
        ("mailbox_in_public", listeners("0.0.0.0"), listeners("127.0.0.1")),
    ] {
        assert!(ids(&fires).contains(&id), "{id} is silent: {:?}", ids(&fires));
        assert!(!ids(&silent).contains(&id), "{id} comes up");
    }
}

#[test]
fn the_most_severe_come_first_and_those_of_the_console_are_among_them() {
    let found = checks(
        &testing::config(vec![sign_up(json!([
            {"hook": "session"}, hook("https://crm.example.org/new", json!({"auth": null})),
        ]))]),
        true,
    );
    let severities: Vec<Severity> = found.iter().map(|check| check.severity).collect();
    let mut sorted = severities.clone();
    sorted.sort_by_key(|severity| match severity {
        Severity::Danger => 0,
        Severity::Warning => 1,
        Severity::Info => 2,
    });
    assert_eq!(severities, sorted);
    for id in ["enumeration", "unnamed_proxy"] {
        assert!(found.iter().any(|check| check.id == id), "{id}: {found:?}");
    }
    for check in &found {
        assert!(check.text.ends_with('.') && !check.key.is_empty(), "{check:?}");
    }
}
