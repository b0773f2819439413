//! What can happen with a configuration that is valid and unwise: one table of rules, each with its area's file, computed for any
//! configuration, saved or not. The console shows a finding beside its setting and in the overview; a Save and the command line ask
//! the same table. `docs/checks.md` is written from it.

mod fix;
mod hooks;
mod leaks;
mod limits;
mod listeners;
mod passwords;
mod patch;
mod proof;
mod reference;
mod sessions;
mod sign_up;

pub use fix::{Fixed, fix};
pub use patch::{Patch, overlay};
pub use reference::reference;

use super::Severity;
use super::names::{REQUIRE_VERIFIED_ADDRESS, SIGN_IN_AFTER_REGISTRATION};
use super::page::{field_of, registering, signing_in};
use super::values::on_or_off;
use crate::config::{Config, Method, Named, get};
use crate::plan::{Client, FlowKind, Plan, plan};
use crate::requester::UnnamedProxies;
use serde::Serialize;
use serde_json::Value;

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
    widens: Option<&'static str>,
    find: fn(&Seen<'_>, &mut Vec<Found>),
}

impl Rule {
    const fn new(
        (id, severity): (&'static str, Severity),
        key: &'static str,
        title: &'static str,
        meaning: &'static str,
        find: fn(&Seen<'_>, &mut Vec<Found>),
    ) -> Self {
        Self { id, severity, key, title, meaning, widens: None, find }
    }

    const fn widens(mut self, id: &'static str) -> Self {
        self.widens = Some(id);
        self
    }
}

/// All rules, area by area.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    let areas = [
        sign_up::RULES,
        passwords::RULES,
        proof::RULES,
        leaks::RULES,
        limits::RULES,
        hooks::RULES,
        sessions::RULES,
        listeners::RULES,
    ];
    areas.into_iter().flatten()
}

/// All findings, the most severe first. Pure. `proxies`: what a running server saw of those that the configuration does not name.
pub fn checks(config: &Config, proxies: UnnamedProxies) -> Vec<Check> {
    let seen = Seen::new(config, proxies);
    let mut all = Vec::new();
    for rule in rules() {
        let mut found = Vec::new();
        (rule.find)(&seen, &mut found);
        all.extend(found.into_iter().map(|found| found.of(rule, config)));
    }
    all.sort_by_key(|check: &Check| check.severity);
    all
}

/// The errors and dangers of `then` that `now` does not have: what a Save would bring about. What was there before is nobody's
/// doing now, and often the files' alone to change.
pub fn brought_about(now: &Config, then: &Config) -> Vec<Check> {
    found_anew(now, then).into_iter().filter(|check| check.severity <= Severity::Danger).collect()
}

/// The same with warnings and notes.
pub fn found_anew(now: &Config, then: &Config) -> Vec<Check> {
    let before = checks(now, UnnamedProxies::default());
    let new = |check: &Check| {
        let widens = rules().find(|rule| rule.id == check.id).and_then(|rule| rule.widens);
        let same: Vec<&Check> =
            before.iter().filter(|old| old.id == check.id || Some(old.id) == widens).collect();
        same.is_empty() || check.about.iter().any(|one| same.iter().all(|old| !old.about.contains(one)))
    };
    checks(then, UnnamedProxies::default()).into_iter().filter(new).collect()
}

/// What rules look at.
struct Seen<'a> {
    config: &'a Config,
    proxies: UnnamedProxies,
    /// Of each method that people can sign up with; none while sign-up is closed.
    sign_ups: Vec<Plan>,
    /// Of each method that people can sign in with.
    sign_ins: Vec<Plan>,
}

impl<'a> Seen<'a> {
    fn new(config: &'a Config, proxies: UnnamedProxies) -> Self {
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
    fn signs_in(&self) -> bool {
        self.sign_ups.iter().any(|plan| plan.method != Method::Oidc && plan.signs_in())
    }

    /// Whether the default schema has an address that a code can prove.
    fn proves(&self) -> bool {
        self.config.default_schema().is_some_and(|schema| schema.schema.proves_email())
    }

    /// The list at a key, as files and environment have it.
    fn list(&self, key: &str) -> Vec<Value> {
        get(&self.config.raw, key).and_then(Value::as_array).cloned().unwrap_or_default()
    }

    /// The named setting `name` for every method that people can sign up with; what signs in by itself is none of the switch's.
    fn every_method(&self, name: &str, on: bool) -> Named {
        let hidden =
            name == SIGN_IN_AFTER_REGISTRATION && self.config.vestibule.registration.sign_in_after_social;
        let shown = registering(self.config).filter(|method| !hidden || *method != Method::Oidc);
        switched(name, shown, on)
    }

    /// The gate for every method that people can sign in with.
    fn every_way_in(&self, on: bool) -> Named {
        switched(REQUIRE_VERIFIED_ADDRESS, self.sign_ins.iter().map(|plan| plan.method), on)
    }
}

/// The named setting `name` for those methods.
fn switched(name: &str, methods: impl IntoIterator<Item = Method>, on: bool) -> Named {
    let switch = |method: Method| (method.name().to_owned(), on_or_off(on).into());
    let methods: serde_json::Map<String, Value> = methods.into_iter().map(switch).collect();
    Named::from([(name.to_owned(), methods.into())])
}

/// What a rule found; the rest comes from its line of the table.
struct Found {
    text: String,
    at: Option<&'static str>,
    key: Option<String>,
    about: Vec<String>,
    fix: Option<Fix>,
    patch: Vec<Patch>,
}

impl Found {
    fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), at: None, key: None, about: Vec::new(), fix: None, patch: Vec::new() }
    }

    /// Beside that setting; without it, beside the one that writes the key.
    fn at(mut self, setting: &'static str) -> Self {
        self.at = Some(setting);
        self
    }

    fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    fn about(mut self, about: impl IntoIterator<Item = String>) -> Self {
        self.about.extend(about);
        self
    }

    fn fix(mut self, label: &str, settings: Named) -> Self {
        self.fix = Some(Fix { label: label.to_owned(), settings });
        self
    }

    /// What a file has to say; `Null` takes the key away.
    fn patch(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.patch.push(Patch { key: key.into(), value: value.into() });
        self
    }

    /// One key, by the console where it has a setting for it, and by files.
    fn set(self, label: &str, key: &'static str, value: impl Into<Value>) -> Self {
        let value = value.into();
        match field_of(key) {
            Some(name) => self.fix(label, Named::from([(name.to_owned(), value)])),
            None => self.patch(key, value),
        }
    }

    fn of(self, rule: &Rule, config: &Config) -> Check {
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
