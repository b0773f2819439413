//! The console's layer: named settings mapped onto whatever the files say today. Pure, and the only place that knows
//! which keys a named setting writes.

use super::Method;
use super::layers::{get, remove, set};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Name → value, as stored in a revision: `registration_enabled: true`,
/// `sign_in_after_registration: {"password": "on"}`, `min_password_length: 12`, …
pub type Named = BTreeMap<String, Value>;

pub const REGISTRATION_ENABLED: &str = "registration_enabled";
pub const SIGN_IN_AFTER_REGISTRATION: &str = "sign_in_after_registration";
pub const MIN_PASSWORD_LENGTH: &str = "min_password_length";
pub const IDENTIFIER_SIMILARITY_CHECK: &str = "identifier_similarity_check";
pub const BREACH_CHECK: &str = "breach_check";

/// Methods that a person can sign up with.
pub const REGISTERING: &[Method] = &[Method::Password];

const AFTER: &str = "selfservice.flows.registration.after";

/// The key that a named setting writes; for `sign_in_after_registration` that of the method password.
pub fn key(name: &str) -> Option<&'static str> {
    Some(match name {
        REGISTRATION_ENABLED => "selfservice.flows.registration.enabled",
        SIGN_IN_AFTER_REGISTRATION => "selfservice.flows.registration.after.password.hooks",
        MIN_PASSWORD_LENGTH => "selfservice.methods.password.config.min_password_length",
        IDENTIFIER_SIMILARITY_CHECK => {
            "selfservice.methods.password.config.identifier_similarity_check_enabled"
        }
        BREACH_CHECK => "selfservice.methods.password.config.haveibeenpwned_enabled",
        _ => return None,
    })
}

/// The document with the settings in it, and what cannot be mapped: name and what is wrong.
/// A place of the document that has the wrong type is left alone, so that the check can report it.
pub fn apply(document: &Value, named: &Named) -> (Value, Vec<(String, String)>) {
    let mut document = document.clone();
    let mut wrong = Vec::new();
    for (name, value) in named {
        let mapped = match (name.as_str(), key(name)) {
            (SIGN_IN_AFTER_REGISTRATION, _) => sign_in(&mut document, value),
            (MIN_PASSWORD_LENGTH, Some(key)) if value.is_u64() => {
                set(&mut document, key, value.clone());
                Ok(())
            }
            (MIN_PASSWORD_LENGTH, Some(_)) => Err("the value is not a whole number".to_owned()),
            (_, Some(key)) if value.is_boolean() => {
                set(&mut document, key, value.clone());
                Ok(())
            }
            (_, Some(_)) => Err("the value is neither true nor false".to_owned()),
            (_, None) => Err("this version knows no such setting".to_owned()),
        };
        if let Err(what) = mapped {
            wrong.push((name.clone(), what));
        }
    }
    (document, wrong)
}

fn sign_in(document: &mut Value, value: &Value) -> Result<(), String> {
    let methods = value.as_object().ok_or("the value is not a set of methods")?;
    for (name, switch) in methods {
        if !REGISTERING.iter().any(|method| method.name() == name) {
            return Err(format!("nobody can sign up by `{name}`"));
        }
        match switch.as_str() {
            Some("on") => switch_on(document, name),
            Some("off") => switch_off(document, name),
            _ => return Err(format!("`{name}` is neither `on` nor `off`")),
        }
    }
    Ok(())
}

/// A method's first own list takes the flow's entries over, for it replaces that list and they would fall silent
/// (ory/network#361).
fn switch_on(document: &mut Value, method: &str) {
    let (Some(flow), Some(mut own)) = lists(document, method) else { return };
    if own.iter().any(is_session) {
        return;
    }
    if own.is_empty() {
        own = flow;
    }
    own.push(json!({"hook": "session"}));
    set(document, &own_path(method), Value::Array(own));
}

/// A list that holds nothing else than the flow's goes altogether: the method inherits again.
fn switch_off(document: &mut Value, method: &str) {
    let (Some(flow), Some(own)) = lists(document, method) else { return };
    if !own.iter().any(is_session) {
        return;
    }
    let rest: Vec<Value> = own.into_iter().filter(|entry| !is_session(entry)).collect();
    if rest.is_empty() || rest == flow {
        remove(document, &own_path(method));
    } else {
        set(document, &own_path(method), Value::Array(rest));
    }
}

/// The flow's list and the method's own; `None` where something else than a list stands.
fn lists(document: &Value, method: &str) -> (Option<Vec<Value>>, Option<Vec<Value>>) {
    let list = |path: &str| match get(document, path) {
        None => Some(Vec::new()),
        Some(value) => value.as_array().cloned(),
    };
    (list(&format!("{AFTER}.hooks")), list(&own_path(method)))
}

fn own_path(method: &str) -> String {
    format!("{AFTER}.{method}.hooks")
}

fn is_session(entry: &Value) -> bool {
    entry.get("hook").and_then(Value::as_str) == Some("session")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn switch(on: bool) -> Named {
        Named::from([(
            SIGN_IN_AFTER_REGISTRATION.to_owned(),
            json!({"password": if on { "on" } else { "off" }}),
        )])
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
    fn what_cannot_be_mapped_is_named() {
        for (name, value) in [
            (SIGN_IN_AFTER_REGISTRATION, json!(true)),
            (SIGN_IN_AFTER_REGISTRATION, json!({"password": true})),
            (SIGN_IN_AFTER_REGISTRATION, json!({"carrier_pigeon": "on"})),
            (MIN_PASSWORD_LENGTH, json!("12")),
            (BREACH_CHECK, json!(1)),
            ("of_a_later_version", json!(true)),
        ] {
            let (_, wrong) = apply(&json!({}), &Named::from([(name.to_owned(), value)]));
            assert_eq!(wrong.len(), 1);
            assert_eq!(wrong[0].0, name);
        }
    }

    #[test]
    fn a_list_of_the_wrong_type_is_left_for_the_check() {
        let document = after(json!(null), json!("session"));
        assert_eq!(apply(&document, &switch(true)).0, document);
    }
}
