//! Settings with their values and where these come from: read from a configuration, and written as named settings.

use super::names::SIGN_IN_AFTER_SOCIAL;
use super::table::{Kind, SETTINGS, Setting, Writes, setting};
use super::values::{PerMethod, SettingValue, Values, differences, on_or_off};
use crate::config::console::{Lists, REGISTERING, SESSION, SIGNING_IN};
use crate::config::{Config, Named};
use crate::engine::Engine;
use crate::error::Result;
use crate::model::MethodId;
use crate::plan::{Client, FlowKind, Plan, Step, plan};
use crate::store::revisions::{self, Row};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// How many revisions are searched for who changed a setting last.
pub(super) const SEARCHED: i64 = 1000;

/// Where a value on the page comes from and who touched it last.
#[derive(Clone, Debug)]
pub struct Provenance {
    /// The configuration key it writes, for those who want to know.
    pub key: String,
    /// The default in words, such as `off` or `8`.
    pub default: String,
    /// Last change in the console: operator's name, time, revision.
    pub changed: Option<(String, DateTime<Utc>, i64)>,
    /// `Some(reason)`: cannot be changed here, for instance set by the environment. Of several ways: none of them can.
    pub locked: Option<String>,
    /// The same for single ways of it.
    pub methods_locked: BTreeMap<MethodId, String>,
}

#[derive(Clone, Debug)]
pub struct Current {
    pub revision: i64,
    pub values: Values,
    /// By name, of settings with a value.
    pub provenance: BTreeMap<&'static str, Provenance>,
    /// Settings that pages have today: what they switch is there.
    pub offered: BTreeSet<&'static str>,
}

/// What the page shows.
pub async fn current(engine: &Engine) -> Result<Current> {
    let config = engine.begin().config;
    let mut tx = engine.db().read().await?;
    let mut rows = revisions::list(&mut tx, SEARCHED).await?;
    // Another process may have saved what this one has not taken over yet.
    rows.retain(|row| row.number <= config.revision);
    let values = values(&config);
    let with_value = SETTINGS.iter().filter(|setting| values.whole(setting.name).is_some());
    let provenance = with_value.map(|setting| {
        let name = setting.name;
        let provenance = Provenance {
            key: keys(setting, &values),
            default: setting.default(),
            changed: last_change(&rows, name).map(|row| (row.by.clone(), row.at, row.number)),
            locked: locked(&config, setting, &values),
            methods_locked: methods_locked(&config, setting, &values),
        };
        (name, provenance)
    });
    let offered = SETTINGS.iter().filter(|setting| is_offered(&config, setting));
    let offered = offered.map(|setting| setting.name).collect();
    Ok(Current { revision: config.revision, provenance: provenance.collect(), values, offered })
}

/// What it switches is there, and there is something to switch.
fn is_offered(config: &Config, setting: &Setting) -> bool {
    setting.is_there()
        && (setting.name != SIGN_IN_AFTER_SOCIAL || registering(config).any(|way| way == MethodId::Oidc))
}

/// The key, or those of several ways in one: `selfservice.flows.registration.after.{password,code}.hooks`.
fn keys(setting: &Setting, values: &Values) -> String {
    let methods: Vec<&str> = match values.get(setting.name) {
        Some(SettingValue::PerMethod(ways)) => ways.iter().map(|(method, _)| method.name()).collect(),
        _ => Vec::new(),
    };
    let key = setting.key().unwrap_or_default();
    match methods.as_slice() {
        [] => key,
        [one] => key.replace(".password.", &format!(".{one}.")),
        several => key.replace(".password.", &format!(".{{{}}}.", several.join(","))),
    }
}

/// The newest of `rows` (newest first) that says something else about `name` than the one before it.
fn last_change<'a>(rows: &'a [Row], name: &str) -> Option<&'a Row> {
    rows.iter().enumerate().find_map(|(index, row)| {
        let before = rows.get(index + 1).and_then(|row| row.settings.get(name));
        (row.settings.get(name) != before).then_some(row)
    })
}

/// Why the console cannot change it. A setting with a value for each method is locked as a whole only if each of them is.
pub(super) fn locked(config: &Config, setting: &Setting, values: &Values) -> Option<String> {
    match values.get(setting.name) {
        Some(SettingValue::PerMethod(ways)) if !ways.is_empty() => {
            let locked = methods_locked(config, setting, values);
            let all = ways.iter().all(|(method, _)| locked.contains_key(&method));
            locked.into_values().next().filter(|_| all)
        }
        _ => set_elsewhere(config, &setting.key()?),
    }
}

pub(super) fn methods_locked(
    config: &Config,
    setting: &Setting,
    values: &Values,
) -> BTreeMap<MethodId, String> {
    let Some(SettingValue::PerMethod(ways)) = values.whole(setting.name) else { return BTreeMap::new() };
    let locked = |method| Some((method, set_elsewhere(config, &setting.key_of(method)?)?));
    ways.iter().filter_map(|(method, _)| locked(method)).collect()
}

/// Why the fields that differ cannot be changed, a sentence for each that is locked.
pub(super) fn refusals(config: &Config, saved: &Values, wanted: &Values) -> Vec<(&'static str, String)> {
    let mut refused = Vec::new();
    for setting in differences(saved, wanted).into_iter().filter_map(setting) {
        match (saved.whole(setting.name), wanted.whole(setting.name)) {
            (Some(SettingValue::PerMethod(was)), Some(SettingValue::PerMethod(is))) => {
                let locked = methods_locked(config, setting, saved);
                let one = locked.iter().find(|(method, _)| was.is_on(**method) != is.is_on(**method));
                refused.extend(one.map(|(_, reason)| (setting.name, reason.clone())));
            }
            _ => refused.extend(locked(config, setting, saved).map(|reason| (setting.name, reason))),
        }
    }
    refused
}

pub(super) fn set_elsewhere(config: &Config, key: &str) -> Option<String> {
    let variable = config.variable(key)?;
    Some(format!(
        "Managed by the environment variable {variable}. To change it, update the variable and restart the server."
    ))
}

impl Current {
    /// Why the value of one method cannot be changed.
    pub fn method_locked(&self, name: &str, method: MethodId) -> Option<&str> {
        Some(self.provenance.get(name)?.methods_locked.get(&method)?.as_str())
    }

    pub fn is_locked(&self, name: &str) -> bool {
        self.provenance.get(name).is_some_and(|provenance| provenance.locked.is_some())
    }

    /// What of `wanted` cannot be: the first setting that is locked, and why.
    pub fn refusal(&self, wanted: &Values) -> Option<(&'static str, String)> {
        differences(&self.values, wanted).into_iter().find_map(|name| {
            let provenance = self.provenance.get(name)?;
            let way = || match (self.values.whole(name), wanted.whole(name)) {
                (Some(SettingValue::PerMethod(was)), Some(SettingValue::PerMethod(is))) => {
                    let mut locked = provenance.methods_locked.iter();
                    locked
                        .find(|(method, _)| was.is_on(**method) != is.is_on(**method))
                        .map(|(_, reason)| reason)
                }
                _ => None,
            };
            let reason = provenance.locked.as_ref().or_else(way)?;
            Some((name, reason.clone()))
        })
    }
}

/// What is in force.
pub fn values(config: &Config) -> Values {
    let ways: Vec<MethodId> = registering(config).collect();
    values_of(config, &ways)
}

fn values_of(config: &Config, registering: &[MethodId]) -> Values {
    let value = |setting: &'static Setting| {
        let value = match setting.writes {
            Writes::Key(key) => match (config.value(key), setting.kind) {
                (None, Kind::Duration { .. }) => SettingValue::Duration(None),
                (value, _) => setting.typed(&value?)?,
            },
            Writes::HookLists(hook, lists) => {
                let (flow, methods) = match lists {
                    Lists::SignUp => (FlowKind::Registration, registering.to_vec()),
                    Lists::SignIn => (FlowKind::Login, signing_in(config).collect()),
                };
                let on = |method| (method, runs(&plan(config, flow, method, Client::Browser), hook));
                SettingValue::PerMethod(methods.into_iter().map(on).collect())
            }
            Writes::Group(_) | Writes::Providers | Writes::WebHooks | Writes::Hosts => return None,
        };
        Some((setting.name, value))
    };
    SETTINGS.iter().filter_map(value).collect()
}

/// Whether a hook of the lists runs. What signs in by itself is no matter of its switch.
fn runs(plan: &Plan, hook: &str) -> bool {
    let listed = plan.steps.iter().any(|step| matches!(step, Step::Run(run) if run.name() == hook));
    listed || (hook == SESSION && plan.signs_in() && !plan.by_itself)
}

/// Methods that a person finds to sign up with.
pub fn registering(config: &Config) -> impl Iterator<Item = MethodId> + '_ {
    REGISTERING.iter().copied().filter(|method| config.selfservice.offers(*method))
}

/// Methods that a person finds to sign in with.
pub(super) fn signing_in(config: &Config) -> impl Iterator<Item = MethodId> + '_ {
    SIGNING_IN.iter().copied().filter(|method| config.selfservice.offers(*method))
}

/// `base` with what differs from `config`: a revision holds what was ever changed in the console, and nothing else.
pub(super) fn named(config: &Config, base: &Named, values: &Values) -> Named {
    let saved = self::values(config);
    let mut named = base.clone();
    for setting in differences(&saved, values).into_iter().filter_map(setting) {
        let name = setting.name;
        let value = match (saved.whole(name), values.whole(name)) {
            (Some(SettingValue::PerMethod(saved)), Some(SettingValue::PerMethod(ways))) => {
                per_method(base, setting, &saved, &ways)
            }
            (_, Some(value)) => value.stored(),
            (_, None) => continue,
        };
        named.insert(name.to_owned(), value);
    }
    named
}

/// Methods that were never touched are not mentioned, and those that are switched off today keep what was said of them.
fn per_method(base: &Named, setting: &Setting, saved: &PerMethod, ways: &PerMethod) -> Value {
    let mut methods: Map<String, Value> =
        base.get(setting.name).and_then(Value::as_object).cloned().unwrap_or_default();
    for (method, on) in ways.iter().filter(|(method, on)| saved.is_on(*method) != *on) {
        methods.insert(method.name().to_owned(), on_or_off(on).into());
    }
    if matches!(setting.writes, Writes::HookLists(_, Lists::SignIn)) {
        of_unseen(&mut methods, ways);
    }
    methods.into()
}

/// Whoever asks everybody asks those too who will come a way that is not there yet: a provider that is added later must not lead
/// past the gate. Whoever asks nobody takes that back, and says no more of it.
fn of_unseen(methods: &mut Map<String, Value>, ways: &PerMethod) {
    for method in SIGNING_IN.iter().filter(|method| !ways.has(**method)) {
        if ways.all_on() {
            methods.insert(method.name().to_owned(), on_or_off(true).into());
        } else if ways.all_off() {
            methods.remove(method.name());
        }
    }
}

/// The setting of a page of rows that a key belongs to: what the checks offer goes into that form.
pub(super) fn field_of(path: &str) -> Option<&'static str> {
    let key = path.split('[').next().unwrap_or(path);
    let writes = |setting: &Setting| {
        setting.name == path
            || MethodId::ALL.into_iter().any(|method| setting.key_of(method).as_deref() == Some(key))
    };
    let rows = SETTINGS.iter().filter(|setting| setting.section.page.is_form());
    rows.into_iter().find(|setting| writes(setting)).map(|setting| setting.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load::{Sources, load};
    use crate::settings::names::{
        REQUIRE_VERIFIED_ADDRESS, SHOW_VERIFICATION_PAGE, SIGN_IN_AFTER_REGISTRATION,
    };
    use serde_json::json;

    fn row(number: i64, settings: Value) -> Row {
        Row {
            number,
            at: DateTime::from_timestamp(number, 0).unwrap(),
            by: format!("operator {number}"),
            base: number - 1,
            settings: serde_json::from_value(settings).unwrap(),
            summary: Vec::new(),
            reason: String::new(),
        }
    }

    #[test]
    fn the_last_change_is_the_newest_revision_that_differs_from_the_one_before() {
        let rows = [
            row(4, json!({"breach_check": false, "registration_enabled": true})),
            row(3, json!({"breach_check": false, "registration_enabled": false})),
            row(2, json!({"breach_check": false})),
            row(1, json!({"min_password_length": 12})),
        ];
        let changed = |name| last_change(&rows, name).map(|row| row.number);
        assert_eq!(changed("registration_enabled"), Some(4));
        assert_eq!(changed("breach_check"), Some(2));
        assert_eq!(
            changed("min_password_length"),
            Some(2),
            "a roll-back that takes a setting away changes it"
        );
        assert_eq!(changed(SIGN_IN_AFTER_REGISTRATION), None);
    }

    /// As if people could sign up by code, too.
    const TWO: [MethodId; 2] = [MethodId::Password, MethodId::Code];

    fn config(after: Value) -> Config {
        let document = json!({
            "identity": {"schemas": [{"id": "default", "url": "preset://email"}]},
            "secrets": {"default": ["a-secret-of-this-test-and-none-else"]},
            "selfservice": {"flows": {"registration": {"after": after}}},
        });
        load(&Sources { documents: vec![document], ..Sources::default() }, None).unwrap().config
    }

    #[test]
    fn each_way_is_read_from_what_the_planner_says_of_it() {
        let session = json!({"hooks": [{"hook": "session"}]});
        for (after, words) in [
            (json!({}), "off"),
            (json!({"code": session}), "on for 1 of 2"),
            (json!({"code": session, "password": session}), "on"),
        ] {
            let values = values_of(&config(after), &TWO);
            assert_eq!(values.ways(SIGN_IN_AFTER_REGISTRATION).words(), words);
            assert_eq!(values.ways(SHOW_VERIFICATION_PAGE).words(), "off");
        }
    }

    #[test]
    fn a_revision_mentions_the_ways_that_were_touched_and_keeps_what_it_said_of_others() {
        let ways =
            |password: bool, code: bool| -> PerMethod { TWO.into_iter().zip([password, code]).collect() };
        let name = SIGN_IN_AFTER_REGISTRATION;
        let row = setting(name).unwrap();
        let touched = per_method(&Named::new(), row, &ways(false, false), &ways(true, false));
        assert_eq!(touched, json!({"password": "on"}));
        let base = Named::from([(name.to_owned(), json!({"passkey": "on", "password": "on"}))]);
        let touched = per_method(&base, row, &ways(true, false), &ways(false, true));
        assert_eq!(touched, json!({"passkey": "on", "password": "off", "code": "on"}));
    }

    #[test]
    fn a_gate_for_all_methods_asks_those_too_that_come_later() {
        let row = setting(REQUIRE_VERIFIED_ADDRESS).unwrap();
        let base = |value: Value| Named::from([(row.name.to_owned(), value)]);
        let ways = |on| -> PerMethod { [(MethodId::Password, on)].into_iter().collect() };
        // A method that is not there yet goes with the others, and is left to the files with them.
        let asks = per_method(&Named::new(), row, &ways(false), &ways(true));
        assert_eq!(asks, json!({"password": "on", "oidc": "on", "code": "on"}));
        assert_eq!(per_method(&base(asks), row, &ways(true), &ways(false)), json!({"password": "off"}));
    }

    #[test]
    fn keys_of_several_ways_are_told_in_one_and_lead_back_to_the_field() {
        let values = values_of(&config(json!({})), &TWO);
        assert_eq!(
            keys(setting(SIGN_IN_AFTER_REGISTRATION).unwrap(), &values),
            "selfservice.flows.registration.after.{password,code}.hooks"
        );
        let breaches = setting("breach_check").unwrap();
        assert_eq!(keys(breaches, &values), breaches.key().unwrap());
        for (path, field) in [
            ("selfservice.flows.registration.after.code.hooks[0]", Some(SIGN_IN_AFTER_REGISTRATION)),
            ("vestibule.registration.unverified_session_lifespan", Some("unverified_session_lifespan")),
            (SHOW_VERIFICATION_PAGE, Some(SHOW_VERIFICATION_PAGE)),
            ("serve.public.port", None),
        ] {
            assert_eq!(field_of(path), field, "{path}");
        }
    }
}
