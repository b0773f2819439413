//! The console's layer: named settings mapped onto whatever the files say today. Pure, and the only place that knows
//! which keys a named setting writes.

use super::Method;
use super::console_hooks;
use super::console_lists::{After, SESSION, SIGN_IN, SIGN_UP};
use super::console_social;
use super::layers::{get, remove, set};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

pub use super::document::Named;

pub const REGISTRATION_ENABLED: &str = "registration_enabled";
pub const SIGN_IN_AFTER_REGISTRATION: &str = "sign_in_after_registration";
pub const SHOW_VERIFICATION_PAGE: &str = "show_verification_page";
pub const REQUIRE_VERIFIED_ADDRESS: &str = "require_verified_address";
pub const MIN_PASSWORD_LENGTH: &str = "min_password_length";
pub const IDENTIFIER_SIMILARITY_CHECK: &str = "identifier_similarity_check";
pub const BREACH_CHECK: &str = "breach_check";
pub const SIGN_IN_AFTER_VERIFICATION: &str = "sign_in_after_verification";
pub const RESET_ON_FIRST_VERIFICATION: &str = "reset_on_first_verification";
pub const UNVERIFIED_SESSION_LIFESPAN: &str = "unverified_session_lifespan";
pub const PREVENT_ENUMERATION: &str = "prevent_enumeration";
pub const INVITE_ONLY: &str = "invite_only";
pub const SIGN_IN_AFTER_SOCIAL: &str = "sign_in_after_social";
pub const REQUIRE_VERIFIED_IDENTIFIER: &str = "require_verified_identifier";

/// Whether people can come from providers at all.
pub const SOCIAL_ENABLED: &str = "social_enabled";
/// By id: entries of `selfservice.methods.oidc.config.providers`, laid over those of the files.
pub const SOCIAL_PROVIDERS: &str = "social_providers";
/// Ids of those whose word on an address is proof.
pub const SOCIAL_TRUSTED_EMAIL_PROVIDERS: &str = "social_trusted_email_providers";
/// Ids of those that are not offered.
pub const SOCIAL_OFF: &str = "social_off";
/// Ids of those whose buttons come first.
pub const SOCIAL_ORDER: &str = "social_order";
/// `first` or `last`: where the buttons stand.
pub const SOCIAL_BUTTONS: &str = "social_buttons";
/// By id: web hooks that the console puts into lists.
pub const WEB_HOOKS: &str = "web_hooks";

/// Writing these is close to running code, or to saying who somebody is: for owners who have just signed in, one at a time or by
/// going back to a revision (design: security §7).
const GUARDED: [&str; 3] = [SOCIAL_PROVIDERS, SOCIAL_TRUSTED_EMAIL_PROVIDERS, WEB_HOOKS];

/// Whether something guarded differs.
pub fn guarded_differ(was: &Named, is: &Named) -> bool {
    GUARDED.iter().any(|name| was.get(*name) != is.get(*name))
}

/// What stands in a revision for "no length of its own".
pub const NO_SPAN: &str = "off";

/// Methods that a person can sign up with.
pub const REGISTERING: &[Method] = &[Method::Password, Method::Oidc];

/// Methods that a person can sign in with.
pub const SIGNING_IN: &[Method] = &[Method::Password, Method::Oidc];

const VERIFICATION_UI: &str = "show_verification_ui";
const GATE: &str = "require_verified_address";

/// The key that a named setting writes; for those that are hooks, that of the method password.
pub fn key(name: &str) -> Option<&'static str> {
    Some(match name {
        REGISTRATION_ENABLED => "selfservice.flows.registration.enabled",
        SIGN_IN_AFTER_REGISTRATION | SHOW_VERIFICATION_PAGE => {
            "selfservice.flows.registration.after.password.hooks"
        }
        REQUIRE_VERIFIED_ADDRESS => "selfservice.flows.login.after.password.hooks",
        MIN_PASSWORD_LENGTH => "selfservice.methods.password.config.min_password_length",
        IDENTIFIER_SIMILARITY_CHECK => {
            "selfservice.methods.password.config.identifier_similarity_check_enabled"
        }
        BREACH_CHECK => "selfservice.methods.password.config.haveibeenpwned_enabled",
        SIGN_IN_AFTER_VERIFICATION => "vestibule.registration.sign_in_after_verification",
        RESET_ON_FIRST_VERIFICATION => "vestibule.registration.reset_on_first_verification",
        UNVERIFIED_SESSION_LIFESPAN => "vestibule.registration.unverified_session_lifespan",
        PREVENT_ENUMERATION => "vestibule.registration.prevent_enumeration",
        INVITE_ONLY => "vestibule.registration.invite_only",
        SIGN_IN_AFTER_SOCIAL => "vestibule.registration.sign_in_after_social",
        REQUIRE_VERIFIED_IDENTIFIER => "vestibule.login.require_verified_identifier",
        other => return console_social::key(other),
    })
}

/// The key that a named setting writes for one method.
pub fn key_of(name: &str, method: Method) -> Option<String> {
    match name {
        SIGN_IN_AFTER_REGISTRATION | SHOW_VERIFICATION_PAGE => {
            Some(After { flow: SIGN_UP, method: method.name() }.own_path())
        }
        REQUIRE_VERIFIED_ADDRESS => Some(After { flow: SIGN_IN, method: method.name() }.own_path()),
        other => key(other).map(str::to_owned),
    }
}

/// The list of the whole sign-in, in force for methods without their own.
pub const SIGN_IN_HOOKS: &str = "selfservice.flows.login.after.hooks";

/// Whether what a named setting switches is there. What has no effect yet is not offered.
pub fn is_there(name: &str) -> bool {
    key(name).is_some_and(super::has_effect)
}

/// The document with the settings in it, and what cannot be mapped: name and what is wrong.
/// A place of the document that has the wrong type is left alone, so that the check can report it.
pub fn apply(document: &Value, named: &Named) -> (Value, Vec<(String, String)>) {
    let mut document = document.clone();
    // Which methods there are decides what the others write.
    let mut wrong = console_social::apply(&mut document, named);
    for (name, value) in named.iter().filter(|(name, _)| console_social::key(name).is_none()) {
        let mapped = match (name.as_str(), key(name)) {
            (SIGN_IN_AFTER_REGISTRATION, _) => per_method(&mut document, value, SESSION),
            (SHOW_VERIFICATION_PAGE, _) => per_method(&mut document, value, VERIFICATION_UI),
            (WEB_HOOKS, _) => console_hooks::put_in(&mut document, value),
            (REQUIRE_VERIFIED_ADDRESS, _) => gate(&mut document, value),
            (MIN_PASSWORD_LENGTH, Some(key)) if value.is_u64() => {
                set(&mut document, key, value.clone());
                Ok(())
            }
            (MIN_PASSWORD_LENGTH, Some(_)) => Err("the value is not a whole number".to_owned()),
            (UNVERIFIED_SESSION_LIFESPAN, Some(key)) => match value.as_str() {
                Some(NO_SPAN) => {
                    remove(&mut document, key);
                    Ok(())
                }
                Some(_) => {
                    set(&mut document, key, value.clone());
                    Ok(())
                }
                None => Err("the value is neither a length of time nor `off`".to_owned()),
            },
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

fn per_method(document: &mut Value, value: &Value, hook: &str) -> Result<(), String> {
    let methods = value.as_object().ok_or("the value is not a set of methods")?;
    for (name, switch) in methods {
        if !REGISTERING.iter().any(|method| method.name() == name) {
            return Err(format!("nobody can sign up by `{name}`"));
        }
        let after = After { flow: SIGN_UP, method: name };
        match is_on_for(name, switch)? {
            true => after.switch_on(document, hook),
            false => after.switch_off(document, hook),
        }
    }
    Ok(())
}

fn is_on_for(name: &str, switch: &Value) -> Result<bool, String> {
    match switch.as_str() {
        Some("on") => Ok(true),
        Some("off") => Ok(false),
        _ => Err(format!("`{name}` is neither `on` nor `off`")),
    }
}

/// What a revision says of each method: `{"password": "on"}`. Before the gate was a setting of several ways, revisions had one
/// word for all of them, and they are read for ever. `None`: it says nothing of methods.
pub fn ways_of(name: &str, value: &Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(methods) => Some(methods.clone()),
        Value::Bool(on) if name == REQUIRE_VERIFIED_ADDRESS => {
            let switch = |method: &Method| (method.name().to_owned(), if *on { "on" } else { "off" }.into());
            Some(SIGNING_IN.iter().map(switch).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => None,
    }
}

/// Puts the hook into the method's own list after sign-up, as a switch of the console does.
pub(super) fn switch_on(document: &mut Value, method: &str, hook: &str) {
    After { flow: SIGN_UP, method }.switch_on(document, hook);
}

/// For each method that is mentioned; the others keep what they have, also where the list that they share changes. Lists of
/// methods that are off stay as they are: settings are mapped anew once the files switch one on.
fn gate(document: &mut Value, value: &Value) -> Result<(), String> {
    let methods = ways_of(REQUIRE_VERIFIED_ADDRESS, value).ok_or("the value is not a set of methods")?;
    let mut wanted: BTreeMap<Method, bool> = BTreeMap::new();
    for (name, switch) in &methods {
        let method = SIGNING_IN.iter().find(|method| method.name() == name);
        let method = method.ok_or_else(|| format!("nobody can sign in by `{name}`"))?;
        wanted.insert(*method, is_on_for(name, switch)?);
    }
    let there: Vec<Method> =
        SIGNING_IN.iter().copied().filter(|method| is_there_to_use(document, *method)).collect();
    let list = |method: &Method| After { flow: SIGN_IN, method: method.name() };
    for method in &there {
        let Some(on) = wanted.get(method) else { continue };
        let others: Vec<After<'_>> =
            there.iter().filter(|other| wanted.get(other) != Some(on)).map(list).collect();
        match on {
            true => list(method).ask(document, GATE, &others),
            false => list(method).silence(document, GATE, &others),
        }
    }
    Ok(())
}

/// Password is on by itself, and its lists cost nothing where it is off.
pub(super) fn is_there_to_use(document: &Value, method: Method) -> bool {
    method == Method::Password || is_on(document, method)
}

/// Whether the files switch a method on that is off by itself. A variable may say it as text.
fn is_on(document: &Value, method: Method) -> bool {
    match get(document, &format!("selfservice.methods.{}.enabled", method.name())) {
        Some(Value::Bool(on)) => *on,
        Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::keys::REGISTRY;
    use serde_json::json;

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
            (
                json!([other]),
                json!(null),
                (json!([other]), json!([other, gate])),
                (json!([other]), json!(null)),
            ),
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
            for (value, expected) in [(true, on), (false, off)] {
                let named = Named::from([(REQUIRE_VERIFIED_ADDRESS.to_owned(), json!(value))]);
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
        for (name, list) in
            ["hooks", "password.hooks", "oidc.hooks"].into_iter().zip(lists.as_array().unwrap())
        {
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
            (
                json!([[gate], none, none]),
                json!({"oidc": "off", "password": "on"}),
                json!([none, [gate], none]),
            ),
            // What may stop a sign-in runs in the flow's list too, and goes on to.
            (json!([[called], none, none]), json!({"oidc": "on"}), json!([[called], none, [called, gate]])),
            (
                json!([[called, gate], none, none]),
                json!({"oidc": "off"}),
                json!([[called, gate], none, [called]]),
            ),
            // What a provider's list cannot take over stays where it is.
            (json!([[mails], none, none]), json!({"oidc": "on"}), json!([[mails, gate], [mails], none])),
            (
                json!([[mails, gate], none, none]),
                json!({"oidc": "off"}),
                json!([[mails], [mails, gate], none]),
            ),
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
    fn one_word_of_before_is_for_every_way() {
        let gate = json!({"hook": "require_verified_address"});
        let mails = json!({"hook": "verification"});
        let ends = json!({"hook": "revoke_active_sessions"});
        for flow in [json!(null), json!([gate]), json!([mails]), json!([mails, gate]), json!([ends, gate])] {
            let files = sign_in(&json!([flow, null, null]));
            for (word, each) in [(true, "on"), (false, "off")] {
                let mapped = asked(&files, json!(word));
                assert_eq!(mapped, asked(&files, json!({"password": each, "oidc": each})), "{flow} {word}");
            }
        }
        assert_eq!(
            ways_of(REQUIRE_VERIFIED_ADDRESS, &json!(true)).map(Value::Object),
            Some(json!({"password": "on", "oidc": "on"}))
        );
        assert_eq!(ways_of(SHOW_VERIFICATION_PAGE, &json!(true)), None);
    }

    #[test]
    fn what_cannot_be_mapped_is_named() {
        for (name, value) in [
            (SIGN_IN_AFTER_REGISTRATION, json!(true)),
            (SIGN_IN_AFTER_REGISTRATION, json!({"password": true})),
            (SIGN_IN_AFTER_REGISTRATION, json!({"carrier_pigeon": "on"})),
            (MIN_PASSWORD_LENGTH, json!("12")),
            (BREACH_CHECK, json!(1)),
            (REQUIRE_VERIFIED_ADDRESS, json!("on")),
            (REQUIRE_VERIFIED_ADDRESS, json!({"password": true})),
            (REQUIRE_VERIFIED_ADDRESS, json!({"carrier_pigeon": "on"})),
            (SHOW_VERIFICATION_PAGE, json!(true)),
            (UNVERIFIED_SESSION_LIFESPAN, json!(30)),
            (PREVENT_ENUMERATION, json!("on")),
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
        let named = |value: &str| Named::from([(UNVERIFIED_SESSION_LIFESPAN.to_owned(), json!(value))]);
        let mut files = json!({});
        set(&mut files, key, json!("2h"));
        for (value, expected) in [("30m", Some(json!("30m"))), (NO_SPAN, None)] {
            let (mapped, wrong) = apply(&files, &named(value));
            assert_eq!(wrong, []);
            assert_eq!(get(&mapped, key).cloned(), expected, "{value}");
        }
    }

    #[test]
    fn every_setting_has_a_key_that_is_known() {
        for name in [
            REGISTRATION_ENABLED,
            SIGN_IN_AFTER_REGISTRATION,
            SHOW_VERIFICATION_PAGE,
            REQUIRE_VERIFIED_ADDRESS,
            MIN_PASSWORD_LENGTH,
            IDENTIFIER_SIMILARITY_CHECK,
            BREACH_CHECK,
            SIGN_IN_AFTER_VERIFICATION,
            RESET_ON_FIRST_VERIFICATION,
            UNVERIFIED_SESSION_LIFESPAN,
            PREVENT_ENUMERATION,
            INVITE_ONLY,
            SIGN_IN_AFTER_SOCIAL,
            REQUIRE_VERIFIED_IDENTIFIER,
            SOCIAL_ENABLED,
            SOCIAL_PROVIDERS,
            SOCIAL_TRUSTED_EMAIL_PROVIDERS,
            SOCIAL_OFF,
            SOCIAL_ORDER,
            SOCIAL_BUTTONS,
        ] {
            assert!(key(name).is_some_and(|key| REGISTRY.key(key).is_some()), "{name}");
        }
        let code = key_of(SIGN_IN_AFTER_REGISTRATION, Method::Code);
        assert_eq!(code.as_deref(), Some("selfservice.flows.registration.after.code.hooks"));
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
            assert_eq!(
                get(&on, &After { flow: SIGN_UP, method: other }.own_path()),
                None,
                "the other inherits"
            );
            after.switch_off(&mut on, SESSION);
            assert_eq!(get(&on, &after.own_path()), None, "{method} inherits again");
        }
    }

    #[test]
    fn a_list_of_the_wrong_type_is_left_for_the_check() {
        let document = after(json!(null), json!("session"));
        assert_eq!(apply(&document, &switch(true)).0, document);
    }
}
