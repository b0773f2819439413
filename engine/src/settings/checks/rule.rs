//! A line of the table, what it looks at, and what comes of it.

use super::patch::{self, Patch};
use crate::config::{Config, Named, get};
use crate::identity::Via;
use crate::model::MethodId;
use crate::plan::{Client, FlowKind, Plan, plan};
use crate::requester::UnnamedProxies;
use crate::settings::names::{REQUIRE_VERIFIED_ADDRESS, SIGN_IN_AFTER_REGISTRATION};
use crate::settings::page::{field_of, registering, signing_in};
use crate::settings::values::on_or_off;
use serde::Serialize;
use serde_json::Value;

/// The worst first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// What is configured cannot do what it says. A Save that brings one about is refused.
    Error,
    /// Somebody can do harm, or is locked out. A Save that brings one about asks who does it, and why.
    Danger,
    Warning,
    Info,
}

impl Severity {
    pub fn word(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Danger => "danger",
            Severity::Warning => "warning",
            Severity::Info => "info",
        }
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// Stays the same from version to version.
    pub id: &'static str,
    pub severity: Severity,
    /// The configuration key that decides it.
    pub key: String,
    /// The named setting it stands beside, if the console has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<&'static str>,
    pub title: &'static str,
    /// What can happen now, and what to do about it.
    pub text: String,
    /// What exactly it is about, such as the names of hooks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<String>,
    /// What the console offers: goes into the form and is saved by nobody but the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<Fix>,
    /// The same for files, and for what files alone can change. Never serialised as it stands: lists of hooks hold secrets.
    #[serde(skip)]
    pub patch: Vec<Patch>,
}

/// A remedy made of named settings.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fix {
    /// What a button says, such as `Turn the switch off`.
    pub label: String,
    /// Laid over the settings that are there; of a setting with methods, only those that are named.
    pub settings: Named,
}

/// A line of the table.
pub struct Rule {
    pub id: &'static str,
    pub severity: Severity,
    /// A finding may name a narrower one.
    pub key: &'static str,
    pub title: &'static str,
    /// What it means, for the page of all findings.
    pub meaning: &'static str,
    /// The finding that says that the same hole is open already, if less wide: then this one is nothing new.
    pub(super) widens: Option<&'static str>,
    pub(super) find: fn(&Seen<'_>, &mut Vec<Found>),
}

impl Rule {
    pub(super) const fn new(
        (id, severity): (&'static str, Severity),
        key: &'static str,
        title: &'static str,
        meaning: &'static str,
        find: fn(&Seen<'_>, &mut Vec<Found>),
    ) -> Self {
        Self { id, severity, key, title, meaning, widens: None, find }
    }

    pub(super) const fn widens(mut self, id: &'static str) -> Self {
        self.widens = Some(id);
        self
    }
}

/// What rules look at.
pub(super) struct Seen<'a> {
    pub(super) config: &'a Config,
    pub(super) proxies: UnnamedProxies,
    /// Of each method that people can sign up with; none while sign-up is closed.
    pub(super) sign_ups: Vec<Plan>,
    /// Of each method that people can sign in with.
    pub(super) sign_ins: Vec<Plan>,
}

impl<'a> Seen<'a> {
    pub(super) fn new(config: &'a Config, proxies: UnnamedProxies) -> Self {
        let plan = |flow, method| plan(config, flow, method, Client::Browser);
        let sign_ups = match config.selfservice.registration.enabled {
            true => registering(config).map(|method| plan(FlowKind::Registration, method)).collect(),
            false => Vec::new(),
        };
        let sign_ins = signing_in(config).map(|method| plan(FlowKind::Login, method)).collect();
        Self { config, proxies, sign_ups, sign_ins }
    }

    /// Some sign-up hands a session over to whoever types in an address. A provider speaks for those who come from it: nobody types
    /// another's address there, and each account there is one here.
    pub(super) fn signs_in(&self) -> bool {
        self.sign_ups.iter().any(|plan| plan.method != MethodId::Oidc && plan.signs_in())
    }

    /// Whether the default schema has an address that a code can prove.
    pub(super) fn proves(&self) -> bool {
        let schema = self.config.default_schema();
        let proves = |via: &Via| {
            self.config.verifies(via.name()) && schema.is_some_and(|schema| schema.schema.verifies(*via))
        };
        Via::ALL.iter().any(proves)
    }

    /// The list at a key, as files and environment have it.
    pub(super) fn list(&self, key: &str) -> Vec<Value> {
        get(&self.config.raw, key).and_then(Value::as_array).cloned().unwrap_or_default()
    }

    /// The named setting `name` for every method that people can sign up with; what signs in by itself is none of the switch's.
    pub(super) fn every_method(&self, name: &str, on: bool) -> Named {
        let hidden =
            name == SIGN_IN_AFTER_REGISTRATION && self.config.vestibule.registration.sign_in_after_social;
        let shown = registering(self.config).filter(|method| !hidden || *method != MethodId::Oidc);
        switched(name, shown, on)
    }

    /// The gate for every method that people can sign in with.
    pub(super) fn every_way_in(&self, on: bool) -> Named {
        switched(REQUIRE_VERIFIED_ADDRESS, self.sign_ins.iter().map(|plan| plan.method), on)
    }
}

/// The named setting `name` for those methods.
pub(super) fn switched(name: &str, methods: impl IntoIterator<Item = MethodId>, on: bool) -> Named {
    let switch = |method: MethodId| (method.name().to_owned(), on_or_off(on).into());
    let methods: serde_json::Map<String, Value> = methods.into_iter().map(switch).collect();
    Named::from([(name.to_owned(), methods.into())])
}

/// What a rule found; the rest comes from its line of the table.
pub(super) struct Found {
    text: String,
    at: Option<&'static str>,
    key: Option<String>,
    about: Vec<String>,
    fix: Option<Fix>,
    patch: Vec<Patch>,
}

impl Found {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), at: None, key: None, about: Vec::new(), fix: None, patch: Vec::new() }
    }

    /// Beside that setting; without it, beside the one that writes the key.
    pub(super) fn at(mut self, setting: &'static str) -> Self {
        self.at = Some(setting);
        self
    }

    pub(super) fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    pub(super) fn about(mut self, about: impl IntoIterator<Item = String>) -> Self {
        self.about.extend(about);
        self
    }

    pub(super) fn fix(mut self, label: &str, settings: Named) -> Self {
        self.fix = Some(Fix { label: label.to_owned(), settings });
        self
    }

    /// What a file has to say; `Null` takes the key away.
    pub(super) fn patch(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.patch.push(Patch { key: key.into(), value: value.into() });
        self
    }

    /// One key, by the console where it has a setting for it, and by files.
    pub(super) fn set(self, label: &str, key: &'static str, value: impl Into<Value>) -> Self {
        let value = value.into();
        match field_of(key) {
            Some(name) => self.fix(label, Named::from([(name.to_owned(), value)])),
            None => self.patch(key, value),
        }
    }

    pub(super) fn of(self, rule: &Rule, config: &Config) -> Check {
        let Found { text, at, key, about, fix, mut patch } = self;
        let key = key.unwrap_or_else(|| rule.key.to_owned());
        if let Some(fix) = &fix {
            patch.extend(patch::of_settings(config, &fix.settings));
        }
        // A list of hooks is of several settings, so a rule says which.
        let at = at.or_else(|| field_of(&key).filter(|_| !key.ends_with(".hooks")));
        Check { id: rule.id, severity: rule.severity, key, at, title: rule.title, text, about, fix, patch }
    }
}
