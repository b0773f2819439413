//! Lists of hooks that the console's settings put entries into and take them out of: a method's own list and that of its flow, of
//! which only one is in force. Knows no setting.

use super::hooks;
use super::keys::{Kind, REGISTRY};
use super::layers::{get, remove, set};
use crate::model::MethodId;
use serde_json::{Value, json};

pub(super) const SIGN_UP: &str = "selfservice.flows.registration.after";
pub(super) const SIGN_IN: &str = "selfservice.flows.login.after";
pub const SESSION: &str = "session";
const ATOMIC: &str = "vestibule.registration.atomic";

/// Methods that a user can sign up with.
pub const REGISTERING: &[MethodId] = MethodId::REGISTERING;

/// Methods that a user can sign in with.
pub const SIGNING_IN: &[MethodId] = MethodId::SIGNING_IN;

/// The lists of hooks of one flow, a list for each method.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lists {
    SignUp,
    SignIn,
}

impl Lists {
    /// Methods that have such a list.
    pub fn methods(self) -> &'static [MethodId] {
        match self {
            Lists::SignUp => REGISTERING,
            Lists::SignIn => SIGNING_IN,
        }
    }

    /// The key of a method's own list.
    pub fn path(self, method: MethodId) -> String {
        self.of(method.name()).own_path()
    }

    pub(super) fn of(self, method: &str) -> After<'_> {
        let flow = match self {
            Lists::SignUp => SIGN_UP,
            Lists::SignIn => SIGN_IN,
        };
        After { flow, method }
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
    /// (ory/network#361). Those alone that run in the flow's list: a web hook that may stop a sign-up does not run in that of
    /// sign-up, and would begin to. What the flow's list does already for a method without its own needs no list.
    pub(super) fn switch_on(self, document: &mut Value, hook: &str) {
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
            own = flow.into_iter().filter(|entry| self.runs_in_the_flow_s(entry)).collect();
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
        let Some(Value::Array(mut lists)) = get(document, ATOMIC).cloned() else { return };
        let own = Value::from(self.method);
        if self.flow == SIGN_UP && lists.contains(&"flow".into()) && !lists.contains(&own) {
            lists.push(own);
            set(document, ATOMIC, lists.into());
        }
    }

    /// A list that holds nothing else than the flow's goes altogether: the method inherits again.
    pub(super) fn switch_off(self, document: &mut Value, hook: &str) {
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

    /// On also where a list of its own cannot take over what stands in the flow's, such as `verification` for providers: the entry
    /// joins the flow's list then, and the `others` keep what that list was.
    pub(super) fn ask(self, document: &mut Value, hook: &str, others: &[After<'_>]) {
        let (Some(mut flow), Some(own)) = self.lists(document) else { return };
        if !own.is_empty() || self.may_hold(&flow) {
            return self.switch_on(document, hook);
        }
        if flow.iter().any(|entry| is(entry, hook)) {
            return;
        }
        others.iter().for_each(|other| other.keep(document, &flow));
        flow.push(json!({ "hook": hook }));
        set(document, &self.flow_path(), Value::Array(flow));
    }

    /// Off also where the flow's list switches it on: the method then gets a list of its own with the rest of the flow's. Where
    /// there is no rest, an own list would count as none, so the entry leaves the flow's list, and the `others` keep what that list
    /// was.
    pub(super) fn silence(self, document: &mut Value, hook: &str, others: &[After<'_>]) {
        self.switch_off(document, hook);
        let (Some(flow), Some(own)) = self.lists(document) else { return };
        if !own.is_empty() || !flow.iter().any(|entry| is(entry, hook)) {
            return;
        }
        let rest: Vec<Value> = flow.iter().filter(|entry| !is(entry, hook)).cloned().collect();
        if !rest.is_empty() && self.may_hold(&rest) {
            set(document, &self.own_path(), Value::Array(rest));
            return;
        }
        others.iter().for_each(|other| other.keep(document, &flow));
        if rest.is_empty() {
            remove(document, &self.flow_path());
        } else {
            set(document, &self.flow_path(), Value::Array(rest));
        }
    }

    fn runs_in_the_flow_s(self, entry: &Value) -> bool {
        self.flow != SIGN_UP || !hooks::may_stop(entry)
    }

    /// A list of its own that says what was inherited, where there is none yet.
    fn keep(self, document: &mut Value, flow: &[Value]) {
        if !flow.is_empty() && self.lists(document).1.is_some_and(|own| own.is_empty()) {
            set(document, &self.own_path(), flow.into());
        }
    }

    /// Whether those entries may stand in its own list: providers have a shorter choice than the flow.
    fn may_hold(self, entries: &[Value]) -> bool {
        let allowed = match REGISTRY.key(&self.own_path()).map(|key| key.kind) {
            Some(Kind::Hooks(stage)) => stage.allowed(),
            _ => return true,
        };
        let name = |entry: &Value| entry.get("hook").and_then(Value::as_str).map(str::to_owned);
        entries.iter().filter_map(name).all(|name| allowed.contains(&name.as_str()))
    }

    /// The flow's list and the method's own; `None` where something else than a list stands.
    fn lists(self, document: &Value) -> (Option<Vec<Value>>, Option<Vec<Value>>) {
        let list = |path: &str| match get(document, path) {
            None => Some(Vec::new()),
            Some(value) => value.as_array().cloned(),
        };
        (list(&self.flow_path()), list(&self.own_path()))
    }

    pub(super) fn flow_path(self) -> String {
        format!("{}.hooks", self.flow)
    }

    pub(super) fn own_path(self) -> String {
        format!("{}.{}.hooks", self.flow, self.method)
    }
}

fn is(entry: &Value, hook: &str) -> bool {
    entry.get("hook").and_then(Value::as_str) == Some(hook)
}

/// Password is on by itself, and its lists cost nothing where it is off.
pub(super) fn is_there_to_use(document: &Value, method: MethodId) -> bool {
    method == MethodId::Password || is_on(document, method)
}

/// Whether the files switch a method on that is off by itself. A variable may say it as text.
fn is_on(document: &Value, method: MethodId) -> bool {
    let key = match method {
        MethodId::Code => "passwordless_enabled",
        MethodId::Password
        | MethodId::Oidc
        | MethodId::Link
        | MethodId::Totp
        | MethodId::Passkey
        | MethodId::Webauthn
        | MethodId::LookupSecret
        | MethodId::Profile => "enabled",
    };
    match get(document, &format!("selfservice.methods.{}.{key}", method.name())) {
        Some(Value::Bool(on)) => *on,
        Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
        _ => false,
    }
}
