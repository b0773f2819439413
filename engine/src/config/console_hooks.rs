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
mod tests;
