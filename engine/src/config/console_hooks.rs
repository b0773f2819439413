//! The named setting `web_hooks`: web hooks that the console makes, as a revision holds them, put into lists as ordinary entries of
//! `hook: web_hook`. What a planner, a page or an export sees of them is what it sees of any. They are addressed by their id, never by
//! their place in a list (design: security §7).

use super::console_lists::{After, REGISTERING, SIGN_IN, SIGN_UP, SIGNING_IN, is_there_to_use};
use super::console_names::WEB_HOOKS;
use super::hooks::{FROM_CONSOLE, Hook, Stage};
use super::keys::{Kind, REGISTRY};
use super::layers::{get, set};
use super::secret_reference::name_in;
use super::{Named, WebHook};
use crate::model::MethodId;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// By id.
pub type MadeHooks = BTreeMap<String, MadeHook>;

/// One of them.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MadeHook {
    pub flow: Flow,
    pub when: When,
    pub outcome: Outcome,
    /// Off, it stands in no list and keeps all it has.
    pub on: bool,
    /// Among those of the same flow and moment, the smaller first.
    #[serde(default)]
    pub order: u32,
    pub method: String,
    pub url: String,
    /// In order; a list, since an object has none that lasts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// Jsonnet; empty: nothing is sent.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<MadeAuth>,
    /// Names of the methods it is for; none: for every one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Flow {
    Registration,
    Login,
    Verification,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum When {
    Before,
    After,
}

/// What it may bring about, as [`super::hooks::Response`] has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Inform,
    Wait,
    Ask,
    Change,
}

/// As it stands in `config.auth`; secrets by their names.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", content = "config", rename_all = "snake_case")]
pub enum MadeAuth {
    BasicAuth {
        user: String,
        password: String,
    },
    ApiKey {
        #[serde(rename = "in")]
        place: Place,
        name: String,
        value: String,
    },
    StandardWebhooks {
        /// The new one first.
        secrets: Vec<String>,
    },
}

/// Where an api key goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    Header,
    Cookie,
}

impl Flow {
    pub const ALL: [Self; 3] = [Self::Registration, Self::Login, Self::Verification];

    pub fn name(self) -> &'static str {
        match self {
            Self::Registration => "registration",
            Self::Login => "login",
            Self::Verification => "verification",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|flow| flow.name() == name)
    }
}

impl When {
    pub fn name(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        [Self::Before, Self::After].into_iter().find(|when| when.name() == name)
    }
}

impl Outcome {
    pub const ALL: [Self; 4] = [Self::Inform, Self::Wait, Self::Ask, Self::Change];

    pub fn name(self) -> &'static str {
        match self {
            Self::Inform => "inform",
            Self::Wait => "wait",
            Self::Ask => "ask",
            Self::Change => "change",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }
}

impl MadeAuth {
    /// Names of the secrets that it stands on.
    pub fn names(&self) -> Vec<&str> {
        let texts = match self {
            Self::BasicAuth { password: text, .. } | Self::ApiKey { value: text, .. } => vec![text],
            Self::StandardWebhooks { secrets } => secrets.iter().collect(),
        };
        texts.into_iter().filter_map(|text| name_in(text)).collect()
    }
}

impl MadeHook {
    /// As the log of calls names it, such as `registration.after`.
    pub fn place(&self) -> String {
        format!("{}.{}", self.flow.name(), self.when.name())
    }

    /// Methods that make a difference to it, whether they are on or not; none where the whole flow has one list.
    pub fn possible_methods(flow: Flow, when: When) -> &'static [MethodId] {
        match (flow, when) {
            (Flow::Registration, When::After) => REGISTERING,
            (Flow::Login, When::After) => SIGNING_IN,
            (_, When::Before) | (Flow::Verification, When::After) => &[],
        }
    }

    /// What it can be there; an account is changed while it is made, and by nobody else.
    pub fn possible_outcomes(flow: Flow, when: When) -> &'static [Outcome] {
        match (flow, when) {
            (Flow::Registration, When::After) => &Outcome::ALL,
            _ => &[Outcome::Inform, Outcome::Wait, Outcome::Ask],
        }
    }

    pub fn is_for(&self, method: MethodId) -> bool {
        self.methods.is_empty() || self.methods.iter().any(|name| name == method.name())
    }

    /// As a file would have it.
    fn entry(&self, id: &str) -> Value {
        let mut config = Map::from_iter([
            ("id".to_owned(), id.into()),
            ("url".to_owned(), self.url.as_str().into()),
            ("method".to_owned(), self.method.as_str().into()),
            (FROM_CONSOLE.to_owned(), true.into()),
        ]);
        if !self.headers.is_empty() {
            let headers = self.headers.iter().map(|(name, value)| (name.clone(), value.as_str().into()));
            config.insert("headers".into(), Value::Object(headers.collect()));
        }
        if !self.body.is_empty() {
            config.insert("body".into(), format!("base64://{}", STANDARD.encode(&self.body)).into());
        }
        if let Some(auth) = self.auth.as_ref().and_then(|auth| serde_json::to_value(auth).ok()) {
            config.insert("auth".into(), auth);
        }
        match self.outcome {
            Outcome::Inform => config.insert("response".into(), json!({"ignore": true})),
            Outcome::Wait => None,
            Outcome::Ask => config.insert("can_interrupt".into(), true.into()),
            Outcome::Change => config.insert("response".into(), json!({"parse": true})),
        };
        json!({"hook": "web_hook", "config": config})
    }

    /// As the engine has it once it stands in a list.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn web_hook(&self, id: &str) -> Result<Arc<WebHook>, String> {
        match Hook::read(Stage::AfterRegistrationMethod, &self.entry(id)) {
            Ok(Hook::WebHook(hook)) => Ok(hook),
            Ok(_) => Err("it is no webhook".to_owned()),
            Err(wrong) => Err(wrong.what),
        }
    }
}

/// Those of some settings. What no version of ours has written counts as none: mapping them says what is wrong.
pub fn made_hooks(named: &Named) -> MadeHooks {
    named.get(WEB_HOOKS).and_then(|value| MadeHooks::deserialize(value).ok()).unwrap_or_default()
}

/// In the order in which they run.
pub fn in_order(hooks: &MadeHooks) -> Vec<(&String, &MadeHook)> {
    let mut all: Vec<_> = hooks.iter().collect();
    all.sort_by_key(|(id, hook)| (hook.flow, hook.when, hook.order, (*id).clone()));
    all
}

/// Puts those that are on into their lists. A method that is on gets a list of its own where it has none, which takes the flow's
/// entries over; `session` stays last.
pub(super) fn put_in(document: &mut Value, value: &Value) -> Result<(), String> {
    let hooks =
        MadeHooks::deserialize(value).map_err(|failure| format!("a webhook can’t be read: {failure}"))?;
    for (id, hook) in &hooks {
        if !MadeHook::possible_outcomes(hook.flow, hook.when).contains(&hook.outcome) {
            return Err(format!("the webhook `{id}` can’t change accounts there"));
        }
        if hook.methods.iter().any(|name| MethodId::parse(name).is_none()) {
            return Err(format!("the webhook `{id}` is for an unknown method"));
        }
        if let Some(list) = taken(document, id) {
            return Err(format!(
                "the ID `{id}` is also that of a webhook in `{list}`: give that one another ID"
            ));
        }
    }
    for (id, hook) in in_order(&hooks).into_iter().filter(|(_, hook)| hook.on) {
        let entry = hook.entry(id);
        let flow = match hook.flow {
            Flow::Registration => SIGN_UP,
            Flow::Login => SIGN_IN,
            Flow::Verification => "",
        };
        let methods = MadeHook::possible_methods(hook.flow, hook.when);
        if methods.is_empty() {
            add(document, &format!("selfservice.flows.{}.hooks", hook.place()), entry, id);
            continue;
        }
        for method in methods.iter().filter(|method| hook.is_for(**method)) {
            if is_there_to_use(document, *method) {
                let list = After { flow, method: method.name() };
                list.put(document, entry.clone(), |entry| is_made(entry, id));
            }
        }
    }
    Ok(())
}

/// At the end of the list of a whole flow.
fn add(document: &mut Value, path: &str, entry: Value, id: &str) {
    let mut list = match get(document, path) {
        None => Vec::new(),
        Some(Value::Array(list)) => list.clone(),
        // What is no list is left for the check.
        Some(_) => return,
    };
    if !list.iter().any(|entry| is_made(entry, id)) {
        list.push(entry);
        set(document, path, list.into());
    }
}

fn has_id(entry: &Value, id: &str) -> bool {
    entry.pointer("/config/id").and_then(Value::as_str) == Some(id)
}

fn is_made(entry: &Value, id: &str) -> bool {
    has_id(entry, id) && entry["config"][FROM_CONSOLE] == true
}

/// The list in which something else than the console's own has that id: queue and log know a hook by it.
fn taken(document: &Value, id: &str) -> Option<String> {
    let lists = REGISTRY.iter().filter(|(_, key)| matches!(key.kind, Kind::Hooks(_)));
    let mut found = lists.filter(|(path, _)| {
        let entries = get(document, path).and_then(Value::as_array);
        entries.into_iter().flatten().any(|entry| has_id(entry, id) && !is_made(entry, id))
    });
    found.next().map(|(path, _)| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::console::apply;
    use super::*;

    const FLOW: &str = "selfservice.flows.registration.after.hooks";
    const PASSWORD: &str = "selfservice.flows.registration.after.password.hooks";
    const OIDC: &str = "selfservice.flows.registration.after.oidc.hooks";

    fn hook(more: Value) -> Value {
        let mut hook = json!({
            "flow": "registration", "when": "after", "outcome": "inform", "on": true,
            "method": "POST", "url": "https://crm.example.org/new",
        });
        for (name, value) in more.as_object().unwrap() {
            hook[name] = value.clone();
        }
        hook
    }

    fn mapped(files: &Value, hooks: Value) -> Value {
        let named = Named::from([(WEB_HOOKS.to_owned(), hooks)]);
        let (mapped, wrong) = apply(files, &named);
        assert_eq!(wrong, []);
        assert_eq!(apply(&mapped, &named).0, mapped, "mapping twice changes nothing more");
        mapped
    }

    /// What stands in a list, by id or name.
    fn names(document: &Value, path: &str) -> Vec<String> {
        let name = |entry: &Value| {
            let id = entry.pointer("/config/id").or(entry.pointer("/config/url")).unwrap_or(&entry["hook"]);
            id.as_str().unwrap().to_owned()
        };
        get(document, path).and_then(Value::as_array).into_iter().flatten().map(name).collect()
    }

    fn files(lists: &[(&str, Value)]) -> Value {
        let mut files = json!({"selfservice": {"methods": {"oidc": {"enabled": true}}}});
        for (path, list) in lists {
            set(&mut files, path, list.clone());
        }
        files
    }

    fn called() -> Value {
        json!({"hook": "web_hook", "config": {"id": "everybody", "url": "http://x/", "method": "POST"}})
    }

    fn stops() -> Value {
        json!({"hook": "web_hook", "config": {"id": "stops", "url": "http://x/", "method": "POST", "can_interrupt": true}})
    }

    #[test]
    fn it_stands_in_the_list_of_every_way_to_sign_up_and_what_ran_there_still_does() {
        let session = json!({"hook": "session"});
        for (lists, password, oidc) in [
            (vec![], vec!["crm"], vec!["crm"]),
            (vec![(FLOW, json!([called()]))], vec!["everybody", "crm"], vec!["everybody", "crm"]),
            (vec![(FLOW, json!([called(), stops()]))], vec!["everybody", "crm"], vec!["everybody", "crm"]),
            (
                vec![(FLOW, json!([called()])), (PASSWORD, json!([session]))],
                vec!["crm", "session"],
                vec!["everybody", "crm"],
            ),
        ] {
            let files = files(&lists);
            let mapped = mapped(&files, json!({"crm": hook(json!({}))}));
            assert_eq!((names(&mapped, PASSWORD), names(&mapped, OIDC)), (own(&password), own(&oidc)));
            assert_eq!(get(&mapped, FLOW), get(&files, FLOW), "the flow's list stays as it was");
            let off = super::super::console::apply(
                &files,
                &Named::from([(WEB_HOOKS.to_owned(), json!({"crm": hook(json!({"on": false}))}))]),
            );
            assert_eq!(off.0, files, "switched off, every method inherits again");
        }
    }

    fn own(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_way_that_is_off_gets_no_list_and_one_that_is_left_out_none_either() {
        let mapped_files = mapped(&json!({"dsn": "memory"}), json!({"crm": hook(json!({}))}));
        assert_eq!((names(&mapped_files, PASSWORD), get(&mapped_files, OIDC)), (own(&["crm"]), None));
        let mapped = mapped(&files(&[]), json!({"crm": hook(json!({"methods": ["oidc"]}))}));
        assert_eq!((get(&mapped, PASSWORD), names(&mapped, OIDC)), (None, own(&["crm"])));
    }

    #[test]
    fn they_stand_in_their_order_before_the_session_that_a_switch_put_there() {
        let named = Named::from([
            (crate::config::console_names::SIGN_IN_AFTER_REGISTRATION.to_owned(), json!({"password": "on"})),
            (
                WEB_HOOKS.to_owned(),
                json!({"a": hook(json!({"order": 2})), "b": hook(json!({"order": 1})), "c": hook(json!({"order": 3, "on": false}))}),
            ),
        ]);
        let (mapped, wrong) = apply(&files(&[(FLOW, json!([called()]))]), &named);
        assert_eq!(wrong, []);
        assert_eq!(names(&mapped, PASSWORD), own(&["everybody", "b", "a", "session"]));
    }

    #[test]
    fn where_the_whole_flow_has_one_list_it_stands_at_its_end() {
        for (flow, when, path) in [
            ("registration", "before", "selfservice.flows.registration.before.hooks"),
            ("login", "before", "selfservice.flows.login.before.hooks"),
            ("verification", "before", "selfservice.flows.verification.before.hooks"),
            ("verification", "after", "selfservice.flows.verification.after.hooks"),
        ] {
            let files = files(&[(path, json!([called()]))]);
            let mapped = mapped(&files, json!({"crm": hook(json!({"flow": flow, "when": when}))}));
            assert_eq!(names(&mapped, path), own(&["everybody", "crm"]));
        }
        let login = mapped(&files(&[]), json!({"crm": hook(json!({"flow": "login"}))}));
        assert_eq!(names(&login, "selfservice.flows.login.after.oidc.hooks"), own(&["crm"]));
    }

    #[test]
    fn all_or_nothing_follows_the_entries_that_are_taken_over() {
        let keys = |flow: Value| {
            let mut files = files(&[(FLOW, flow)]);
            set(&mut files, "vestibule.registration.atomic", json!(["flow"]));
            let mapped = mapped(&files, json!({"crm": hook(json!({}))}));
            get(&mapped, "vestibule.registration.atomic").cloned()
        };
        assert_eq!(keys(json!([called()])), Some(json!(["flow", "password", "oidc"])));
        assert_eq!(keys(json!([])), Some(json!(["flow"])), "there is nothing to take over");
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (files, hooks, said) in [
            (json!({}), json!({"a": {"url": "x"}}), "can’t be read"),
            (json!({}), json!({"a": hook(json!({"of_a_later_version": 1}))}), "can’t be read"),
            (
                json!({}),
                json!({"a": hook(json!({"flow": "login", "outcome": "change"}))}),
                "can’t change accounts there",
            ),
            (json!({}), json!({"a": hook(json!({"methods": ["pigeon"]}))}), "unknown method"),
            (files(&[(FLOW, json!([called()]))]), json!({"everybody": hook(json!({}))}), "is also that of"),
        ] {
            let (_, wrong) = apply(&files, &Named::from([(WEB_HOOKS.to_owned(), hooks)]));
            assert!(wrong.len() == 1 && wrong[0].1.contains(said), "{wrong:?}");
        }
    }

    #[test]
    fn an_entry_is_read_as_what_it_says() {
        use super::super::hooks::{Auth, Response};
        for (outcome, response) in [
            ("inform", Response::Ignored),
            ("wait", Response::Awaited),
            ("ask", Response::Interrupts),
            ("change", Response::Changes),
        ] {
            let made: MadeHook = serde_json::from_value(hook(json!({
                "outcome": outcome, "body": "function(ctx) ctx", "headers": [["X-From", "us"]],
                "auth": {"type": "standard_webhooks", "config": {"secrets": ["secret://hooks/crm/signature"]}},
            })))
            .unwrap();
            let read = made.web_hook("crm").unwrap();
            assert_eq!((read.response, read.from_console, read.key()), (response, true, "id:crm".into()));
            assert_eq!(read.headers, [("X-From".to_owned(), "us".to_owned())]);
            let secrets = vec!["secret://hooks/crm/signature".into()];
            assert_eq!(read.auth, Some(Auth::Signature { secrets }));
            assert_eq!(made.auth.unwrap().names(), ["hooks/crm/signature"]);
        }
    }
}
