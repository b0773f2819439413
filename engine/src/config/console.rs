//! The console's layer: named settings mapped onto whatever the files say today. Pure, and the only place that knows
//! which keys a named setting writes.

use super::Method;
use super::console_hooks;
use super::console_social;
use super::hooks;
use super::layers::{get, remove, set};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Name → value, as stored in a revision: `registration_enabled: true`,
/// `sign_in_after_registration: {"password": "on"}`, `min_password_length: 12`, `unproven_session: "30m"`, …
pub type Named = BTreeMap<String, Value>;

pub const REGISTRATION_ENABLED: &str = "registration_enabled";
pub const SIGN_IN_AFTER_REGISTRATION: &str = "sign_in_after_registration";
pub const SHOW_VERIFICATION_PAGE: &str = "show_verification_page";
pub const REQUIRE_VERIFIED_ADDRESS: &str = "require_verified_address";
pub const MIN_PASSWORD_LENGTH: &str = "min_password_length";
pub const IDENTIFIER_SIMILARITY_CHECK: &str = "identifier_similarity_check";
pub const BREACH_CHECK: &str = "breach_check";
pub const SIGN_IN_WHEN_PROVEN: &str = "sign_in_when_proven";
pub const PROOF_TAKES_OVER: &str = "proof_takes_over";
pub const UNPROVEN_SESSION: &str = "unproven_session";
pub const LEAK_NOTHING: &str = "leak_nothing";
pub const INVITE_ONLY: &str = "invite_only";
pub const SOCIAL_SIGN_IN: &str = "social_sign_in";
pub const REQUIRE_USED_ADDRESS: &str = "require_used_address";

/// Whether people can come from providers at all.
pub const SOCIAL_ENABLED: &str = "social_enabled";
/// By id: entries of `selfservice.methods.oidc.config.providers`, laid over those of the files.
pub const SOCIAL_PROVIDERS: &str = "social_providers";
/// Ids of those whose word on an address is proof.
pub const SOCIAL_VOUCHING: &str = "social_vouching";
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
const GUARDED: [&str; 3] = [SOCIAL_PROVIDERS, SOCIAL_VOUCHING, WEB_HOOKS];

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

pub(super) const SIGN_UP: &str = "selfservice.flows.registration.after";
pub(super) const SIGN_IN: &str = "selfservice.flows.login.after";
const ALL_OR_NOTHING: &str = "vestibule.registration.all_or_nothing";

const SESSION: &str = "session";
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
        SIGN_IN_WHEN_PROVEN => "vestibule.registration.sign_in_when_proven",
        PROOF_TAKES_OVER => "vestibule.registration.proof_takes_over",
        UNPROVEN_SESSION => "vestibule.registration.unproven_session",
        LEAK_NOTHING => "vestibule.registration.leak_nothing",
        INVITE_ONLY => "vestibule.registration.invite_only",
        SOCIAL_SIGN_IN => "vestibule.registration.social_sign_in",
        REQUIRE_USED_ADDRESS => "vestibule.login.require_used_address",
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
            (REQUIRE_VERIFIED_ADDRESS, _) if value.is_boolean() => {
                gate(&mut document, value == &Value::Bool(true));
                Ok(())
            }
            (MIN_PASSWORD_LENGTH, Some(key)) if value.is_u64() => {
                set(&mut document, key, value.clone());
                Ok(())
            }
            (MIN_PASSWORD_LENGTH, Some(_)) => Err("the value is not a whole number".to_owned()),
            (UNPROVEN_SESSION, Some(key)) => match value.as_str() {
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
        match switch.as_str() {
            Some("on") => after.switch_on(document, hook),
            Some("off") => after.switch_off(document, hook),
            _ => return Err(format!("`{name}` is neither `on` nor `off`")),
        }
    }
    Ok(())
}

/// Puts the hook into the method's own list after sign-up, as a switch of the console does.
pub(super) fn switch_on(document: &mut Value, method: &str, hook: &str) {
    After { flow: SIGN_UP, method }.switch_on(document, hook);
}

/// For every method that a person can sign in with, so that none leads past it. Lists of methods that are off stay as they are:
/// settings are mapped anew once the files switch one on.
fn gate(document: &mut Value, on: bool) {
    let methods: Vec<Method> =
        SIGNING_IN.iter().copied().filter(|method| is_there_to_use(document, *method)).collect();
    for method in methods {
        let after = After { flow: SIGN_IN, method: method.name() };
        if on {
            after.switch_on(document, GATE);
        } else {
            after.silence(document, GATE);
        }
    }
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

/// The lists of one method in one flow.
#[derive(Clone, Copy)]
pub(super) struct After<'a> {
    pub(super) flow: &'static str,
    pub(super) method: &'a str,
}

impl After<'_> {
    /// A method's first own list takes the flow's entries over, for it replaces that list and they would fall silent
    /// (ory/network#361). Those alone that run in the flow's list: a web hook that may stop a sign-up does not run there, and would
    /// begin to. What the flow's list does already for a method without its own needs no list.
    fn switch_on(self, document: &mut Value, hook: &str) {
        self.put(document, json!({ "hook": hook }), |entry| is(entry, hook));
    }

    /// `same`: the entry that is there already.
    pub(super) fn put(self, document: &mut Value, entry: Value, same: impl Fn(&Value) -> bool) {
        let (Some(flow), Some(mut own)) = self.lists(document) else { return };
        if own.iter().any(&same) {
            return;
        }
        if own.is_empty() {
            if flow.iter().any(&same) {
                return;
            }
            own = flow.into_iter().filter(|entry| !hooks::may_stop(entry)).collect();
            if !own.is_empty() {
                self.stay_whole(document);
            }
        }
        // `session` runs last wherever it stands; a list reads better when it stands there too.
        let at = own.iter().position(|entry| is(entry, SESSION)).unwrap_or(own.len());
        own.insert(at, entry);
        set(document, &self.own_path(), Value::Array(own));
    }

    /// Whoever asked for all or nothing where the flow's list is in force meant the entries that have just come from there.
    fn stay_whole(self, document: &mut Value) {
        let Some(Value::Array(mut lists)) = get(document, ALL_OR_NOTHING).cloned() else { return };
        let own = Value::from(self.method);
        if self.flow == SIGN_UP && lists.contains(&"flow".into()) && !lists.contains(&own) {
            lists.push(own);
            set(document, ALL_OR_NOTHING, lists.into());
        }
    }

    /// A list that holds nothing else than the flow's goes altogether: the method inherits again.
    fn switch_off(self, document: &mut Value, hook: &str) {
        let (Some(flow), Some(own)) = self.lists(document) else { return };
        if !own.iter().any(|entry| is(entry, hook)) {
            return;
        }
        let rest: Vec<Value> = own.into_iter().filter(|entry| !is(entry, hook)).collect();
        if rest.is_empty() || rest == flow {
            remove(document, &self.own_path());
        } else {
            set(document, &self.own_path(), Value::Array(rest));
        }
    }

    /// Off also where the flow's list switches it on: the method then gets a list of its own with the rest of the flow's. Where
    /// there is no rest, an own list would count as none, so the entry leaves the flow's list.
    fn silence(self, document: &mut Value, hook: &str) {
        self.switch_off(document, hook);
        let (Some(flow), Some(own)) = self.lists(document) else { return };
        if !own.is_empty() || !flow.iter().any(|entry| is(entry, hook)) {
            return;
        }
        let rest: Vec<Value> = flow.into_iter().filter(|entry| !is(entry, hook)).collect();
        if rest.is_empty() {
            remove(document, &self.flow_path());
        } else {
            set(document, &self.own_path(), Value::Array(rest));
        }
    }

    /// The flow's list and the method's own; `None` where something else than a list stands.
    fn lists(self, document: &Value) -> (Option<Vec<Value>>, Option<Vec<Value>>) {
        let list = |path: &str| match get(document, path) {
            None => Some(Vec::new()),
            Some(value) => value.as_array().cloned(),
        };
        (list(&self.flow_path()), list(&self.own_path()))
    }

    fn flow_path(self) -> String {
        format!("{}.hooks", self.flow)
    }

    fn own_path(self) -> String {
        format!("{}.{}.hooks", self.flow, self.method)
    }
}

fn is(entry: &Value, hook: &str) -> bool {
    entry.get("hook").and_then(Value::as_str) == Some(hook)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::keys::REGISTRY;

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

    #[test]
    fn what_cannot_be_mapped_is_named() {
        for (name, value) in [
            (SIGN_IN_AFTER_REGISTRATION, json!(true)),
            (SIGN_IN_AFTER_REGISTRATION, json!({"password": true})),
            (SIGN_IN_AFTER_REGISTRATION, json!({"carrier_pigeon": "on"})),
            (MIN_PASSWORD_LENGTH, json!("12")),
            (BREACH_CHECK, json!(1)),
            (REQUIRE_VERIFIED_ADDRESS, json!("on")),
            (SHOW_VERIFICATION_PAGE, json!(true)),
            (UNPROVEN_SESSION, json!(30)),
            (LEAK_NOTHING, json!("on")),
            ("of_a_later_version", json!(true)),
        ] {
            let (_, wrong) = apply(&json!({}), &Named::from([(name.to_owned(), value)]));
            assert_eq!(wrong.len(), 1);
            assert_eq!(wrong[0].0, name);
        }
    }

    #[test]
    fn a_length_of_time_is_set_and_taken_away() {
        let key = "vestibule.registration.unproven_session";
        let named = |value: &str| Named::from([(UNPROVEN_SESSION.to_owned(), json!(value))]);
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
            SIGN_IN_WHEN_PROVEN,
            PROOF_TAKES_OVER,
            UNPROVEN_SESSION,
            LEAK_NOTHING,
            INVITE_ONLY,
            SOCIAL_SIGN_IN,
            REQUIRE_USED_ADDRESS,
            SOCIAL_ENABLED,
            SOCIAL_PROVIDERS,
            SOCIAL_VOUCHING,
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
