//! Tests of `console.rs`.

use super::super::console_lists::{SIGN_IN, SIGN_UP};
use super::super::layers::get;
use super::*;
use crate::config::console_names::{
    REQUIRE_VERIFIED_ADDRESS, SHOW_VERIFICATION_PAGE, SIGN_IN_AFTER_REGISTRATION,
};
use serde_json::json;

fn switch(on: bool) -> Named {
    Named::from([(SIGN_IN_AFTER_REGISTRATION.to_owned(), json!({"password": if on { "on" } else { "off" }}))])
}

/// A document with those lists; `Null` leaves one out.
fn after(flow: Value, own: Value) -> Value {
    let mut document = json!({"dsn": "memory"});
    if !flow.is_null() {
        set(&mut document, "selfservice.flows.registration.after.hooks", flow);
    }
    if !own.is_null() {
        set(&mut document, "selfservice.flows.registration.after.password.hooks", own);
    }
    document
}

fn own(document: &Value) -> Option<Value> {
    get(document, "selfservice.flows.registration.after.password.hooks").cloned()
}

#[test]
fn switching_on_and_off_changes_the_own_list_only() {
    let session = json!({"hook": "session"});
    let shown = json!({"hook": "show_verification_ui"});
    let called = json!({"hook": "web_hook", "config": {"url": "http://x/"}});
    // flow's list, own list, own list when on, own list when off
    for (flow, list, on, off) in [
        (json!(null), json!(null), json!([session]), json!(null)),
        (json!([]), json!([]), json!([session]), json!([])),
        (json!([called]), json!(null), json!([called, session]), json!(null)),
        (json!([called]), json!([]), json!([called, session]), json!([])),
        (json!([called]), json!([shown]), json!([shown, session]), json!([shown])),
        (json!([called]), json!([called, session]), json!([called, session]), json!(null)),
        (json!([called]), json!([session, shown]), json!([session, shown]), json!([shown])),
        (json!(null), json!([session]), json!([session]), json!(null)),
    ] {
        let document = after(flow.clone(), list.clone());
        for (switch, expected) in [(switch(true), &on), (switch(false), &off)] {
            let (mapped, wrong) = apply(&document, &switch);
            assert_eq!(wrong, []);
            assert_eq!(own(&mapped).unwrap_or_default(), *expected, "{flow} {list} {switch:?}");
            assert_eq!(
                get(&mapped, "selfservice.flows.registration.after.hooks"),
                get(&document, "selfservice.flows.registration.after.hooks"),
                "the flow's list stays as it was"
            );
        }
    }
}

#[test]
fn on_then_off_then_on_is_the_same_as_on() {
    let called = json!({"hook": "web_hook", "config": {"url": "http://x/"}});
    for list in [json!(null), json!([{"hook": "show_verification_ui"}])] {
        let start = after(json!([called]), list);
        let on = apply(&start, &switch(true)).0;
        let off = apply(&on, &switch(false)).0;
        assert_eq!(own(&off), own(&start), "switching off restores what was there");
        assert_eq!(apply(&off, &switch(true)).0, on);
        assert_eq!(apply(&on, &switch(true)).0, on, "mapping twice changes nothing more");
    }
}

#[test]
fn the_page_for_the_code_and_the_session_share_a_list_and_mind_their_own_entry() {
    let (session, shown) = (json!({"hook": "session"}), json!({"hook": "show_verification_ui"}));
    let called = json!({"hook": "web_hook", "config": {"url": "http://x/"}});
    let both = |page: &str, session: &str| {
        Named::from([
            (SHOW_VERIFICATION_PAGE.to_owned(), json!({ "password": page })),
            (SIGN_IN_AFTER_REGISTRATION.to_owned(), json!({ "password": session })),
        ])
    };
    for (flow, list, page, signs_in, expected) in [
        (json!(null), json!(null), "on", "on", json!([shown, session])),
        (json!(null), json!(null), "on", "off", json!([shown])),
        (json!(null), json!([session]), "on", "on", json!([shown, session])),
        (json!(null), json!([shown, session]), "off", "on", json!([session])),
        (json!(null), json!([shown, session]), "off", "off", json!(null)),
        (json!([called]), json!(null), "on", "on", json!([called, shown, session])),
        (json!([called]), json!([called, shown, session]), "off", "off", json!(null)),
    ] {
        let mapped = apply(&after(flow.clone(), list.clone()), &both(page, signs_in)).0;
        assert_eq!(own(&mapped).unwrap_or_default(), expected, "{flow} {list} {page} {signs_in}");
    }
}

#[test]
fn the_gate_opens_and_closes_and_leaves_other_hooks_alone() {
    let (gate, other) =
        (json!({"hook": "require_verified_address"}), json!({"hook": "revoke_active_sessions"}));
    let (flow_path, own_path) =
        ("selfservice.flows.login.after.hooks", "selfservice.flows.login.after.password.hooks");
    // flow's list, own list → when on → when off, each as (flow's, own)
    for (flow, own, on, off) in [
        (json!(null), json!(null), (json!(null), json!([gate])), (json!(null), json!(null))),
        (json!([other]), json!(null), (json!([other]), json!([other, gate])), (json!([other]), json!(null))),
        (json!([gate]), json!(null), (json!([gate]), json!(null)), (json!(null), json!(null))),
        (
            json!([gate, other]),
            json!(null),
            (json!([gate, other]), json!(null)),
            (json!([gate, other]), json!([other])),
        ),
        (
            json!([gate]),
            json!([other]),
            (json!([gate]), json!([other, gate])),
            (json!([gate]), json!([other])),
        ),
        (json!([gate]), json!([gate]), (json!([gate]), json!([gate])), (json!(null), json!(null))),
    ] {
        let mut document = json!({});
        for (path, list) in [(flow_path, &flow), (own_path, &own)] {
            if !list.is_null() {
                set(&mut document, path, list.clone());
            }
        }
        for (value, expected) in [("on", on), ("off", off)] {
            let value = json!({"password": value, "oidc": value});
            let named = Named::from([(REQUIRE_VERIFIED_ADDRESS.to_owned(), value.clone())]);
            let (mapped, wrong) = apply(&document, &named);
            assert_eq!(wrong, []);
            let list = |path| get(&mapped, path).cloned().unwrap_or_default();
            assert_eq!((list(flow_path), list(own_path)), expected, "{flow} {own} {value}");
            assert_eq!(apply(&mapped, &named).0, mapped, "mapping twice changes nothing more");
        }
    }
}

/// The lists of the flow, of passwords and of providers after sign-in; `Null` leaves one out.
fn sign_in(lists: &Value) -> Value {
    let mut document = json!({"selfservice": {"methods": {"oidc": {"enabled": true}}}});
    for (name, list) in ["hooks", "password.hooks", "oidc.hooks"].into_iter().zip(lists.as_array().unwrap()) {
        if !list.is_null() {
            set(&mut document, &format!("{SIGN_IN}.{name}"), list.clone());
        }
    }
    document
}

fn asked(document: &Value, named: Value) -> Value {
    let named = Named::from([(REQUIRE_VERIFIED_ADDRESS.to_owned(), named)]);
    let (mapped, wrong) = apply(document, &named);
    assert_eq!(wrong, []);
    assert_eq!(apply(&mapped, &named).0, mapped, "mapping twice changes nothing more");
    mapped
}

#[test]
fn the_gate_of_one_way_leaves_that_of_the_other_alone() {
    let gate = json!({"hook": "require_verified_address"});
    let called = json!({"hook": "web_hook", "config": {"url": "http://x/", "can_interrupt": true}});
    // Not for the list of providers.
    let mails = json!({"hook": "verification"});
    let none = Value::Null;
    // lists of flow, password and provider, what is said, the lists then
    for (lists, said, then) in [
        (json!([none, [gate], none]), json!({"oidc": "on"}), json!([none, [gate], [gate]])),
        (json!([none, [gate], none]), json!({"password": "off"}), json!([none, none, none])),
        // The list that they share held nothing else.
        (json!([[gate], none, none]), json!({"password": "off"}), json!([none, none, [gate]])),
        (json!([[gate], none, none]), json!({"oidc": "off", "password": "on"}), json!([none, [gate], none])),
        // What may stop a sign-in runs in the flow's list too, and goes on to.
        (json!([[called], none, none]), json!({"oidc": "on"}), json!([[called], none, [called, gate]])),
        (
            json!([[called, gate], none, none]),
            json!({"oidc": "off"}),
            json!([[called, gate], none, [called]]),
        ),
        // What a provider's list cannot take over stays where it is.
        (json!([[mails], none, none]), json!({"oidc": "on"}), json!([[mails, gate], [mails], none])),
        (json!([[mails, gate], none, none]), json!({"oidc": "off"}), json!([[mails], [mails, gate], none])),
        (
            json!([[mails, gate], none, none]),
            json!({"password": "off"}),
            json!([[mails, gate], [mails], none]),
        ),
    ] {
        let mapped = asked(&sign_in(&lists), said.clone());
        let list = |name: &str| get(&mapped, &format!("{SIGN_IN}.{name}")).cloned().unwrap_or_default();
        let now = json!([list("hooks"), list("password.hooks"), list("oidc.hooks")]);
        assert_eq!(now, then, "{lists} {said}");
    }
}

#[test]
fn what_cannot_be_mapped_is_named() {
    for (name, value) in [
        (SIGN_IN_AFTER_REGISTRATION, json!(true)),
        (SIGN_IN_AFTER_REGISTRATION, json!({"password": true})),
        (SIGN_IN_AFTER_REGISTRATION, json!({"carrier_pigeon": "on"})),
        ("min_password_length", json!("12")),
        ("breach_check", json!(1)),
        (REQUIRE_VERIFIED_ADDRESS, json!("on")),
        (REQUIRE_VERIFIED_ADDRESS, json!(true)),
        ("social_buttons", json!("middle")),
        ("after_sign_up", json!("at_once")),
        (REQUIRE_VERIFIED_ADDRESS, json!({"password": true})),
        (REQUIRE_VERIFIED_ADDRESS, json!({"carrier_pigeon": "on"})),
        (SHOW_VERIFICATION_PAGE, json!(true)),
        ("unverified_session_lifespan", json!(30)),
        ("prevent_enumeration", json!("on")),
        ("of_a_later_version", json!(true)),
    ] {
        let (_, wrong) = apply(&json!({}), &Named::from([(name.to_owned(), value)]));
        assert_eq!(wrong.len(), 1);
        assert_eq!(wrong[0].0, name);
    }
}

#[test]
fn a_length_of_time_is_set_and_taken_away() {
    let key = "vestibule.registration.unverified_session_lifespan";
    let named = |value: &str| Named::from([("unverified_session_lifespan".to_owned(), json!(value))]);
    let mut files = json!({});
    set(&mut files, key, json!("2h"));
    for (value, expected) in [("30m", Some(json!("30m"))), (UNSET, None)] {
        let (mapped, wrong) = apply(&files, &named(value));
        assert_eq!(wrong, []);
        assert_eq!(get(&mapped, key).cloned(), expected, "{value}");
    }
}

#[test]
fn each_method_takes_the_flow_s_list_over_and_gives_it_back_for_itself() {
    let called = json!({"hook": "web_hook", "config": {"url": "http://x/"}});
    let session = json!({"hook": "session"});
    let start = after(json!([called]), json!(null));
    // As if there were two ways to sign up.
    for method in ["password", "code"] {
        let after = After { flow: SIGN_UP, method };
        let mut on = start.clone();
        after.switch_on(&mut on, SESSION);
        assert_eq!(get(&on, &after.own_path()), Some(&json!([called, session])), "{method}");
        let other = if method == "password" { "code" } else { "password" };
        assert_eq!(get(&on, &After { flow: SIGN_UP, method: other }.own_path()), None, "the other inherits");
        after.switch_off(&mut on, SESSION);
        assert_eq!(get(&on, &after.own_path()), None, "{method} inherits again");
    }
}

#[test]
fn a_list_of_the_wrong_type_is_left_for_the_check() {
    let document = after(json!(null), json!("session"));
    assert_eq!(apply(&document, &switch(true)).0, document);
}
