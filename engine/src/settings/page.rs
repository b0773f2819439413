//! The page *Authentication settings*: its fields, read from a configuration and written as named settings.

use super::fields::{Authentication, FIELDS, Setting, Ways, differences, on_or_off};
use super::{Current, Provenance};
use crate::config::console::{self, REGISTERING, REQUIRE_VERIFIED_ADDRESS, SIGN_IN_AFTER_SOCIAL, SIGNING_IN};
use crate::config::{Config, Hook, Method, Named};
use crate::engine::Engine;
use crate::error::Result;
use crate::plan::{Client, FlowKind, Plan, Step, plan};
use crate::store::revisions::{self, Row};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// How many revisions are searched for who changed a setting last.
pub(super) const SEARCHED: i64 = 1000;

/// What the page shows.
pub async fn current(engine: &Engine) -> Result<Current> {
    let config = engine.begin().config;
    let mut tx = engine.db().read().await?;
    let mut rows = revisions::list(&mut tx, SEARCHED).await?;
    // Another process may have saved what this one has not taken over yet.
    rows.retain(|row| row.number <= config.revision);
    let values = values(&config);
    let provenance = FIELDS.into_iter().map(|(name, _, default)| {
        let ways_locked = ways_locked(&config, name, &values);
        let provenance = Provenance {
            key: keys(name, &values),
            default: default.to_owned(),
            changed: last_change(&rows, name).map(|row| (row.by.clone(), row.at, row.number)),
            locked: locked(&config, name, &values),
            ways_locked,
        };
        (name, provenance)
    });
    let offered =
        FIELDS.into_iter().map(|(name, ..)| name).filter(|name| is_offered(&config, name)).collect();
    Ok(Current { revision: config.revision, provenance: provenance.collect(), values, offered })
}

/// What it switches is there, and there is something to switch.
fn is_offered(config: &Config, name: &str) -> bool {
    console::is_there(name)
        && (name != SIGN_IN_AFTER_SOCIAL || registering(config).any(|way| way == Method::Oidc))
}

/// The key, or those of several ways in one: `selfservice.flows.registration.after.{password,code}.hooks`.
fn keys(name: &str, values: &Authentication) -> String {
    let methods: Vec<&str> = match values.get(name) {
        Some(Setting::Ways(ways)) => ways.iter().map(|(method, _)| method.name()).collect(),
        _ => Vec::new(),
    };
    let key = console::key(name).unwrap_or_default();
    match methods.as_slice() {
        [] => key.to_owned(),
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

/// Why the console cannot change it. A field of several ways is locked as a whole only if each of them is.
pub(super) fn locked(config: &Config, name: &str, values: &Authentication) -> Option<String> {
    match values.get(name) {
        Some(Setting::Ways(ways)) if !ways.is_empty() => {
            let locked = ways_locked(config, name, values);
            let all = ways.iter().all(|(method, _)| locked.contains_key(&method));
            locked.into_values().next().filter(|_| all)
        }
        _ => set_elsewhere(config, console::key(name)?),
    }
}

pub(super) fn ways_locked(config: &Config, name: &str, values: &Authentication) -> BTreeMap<Method, String> {
    let Some(Setting::Ways(ways)) = values.whole(name) else { return BTreeMap::new() };
    let locked = |method| Some((method, set_elsewhere(config, &console::key_of(name, method)?)?));
    ways.iter().filter_map(|(method, _)| locked(method)).collect()
}

/// Why the fields that differ cannot be changed, a sentence for each that is locked.
pub(super) fn refusals(
    config: &Config,
    saved: &Authentication,
    wanted: &Authentication,
) -> Vec<(&'static str, String)> {
    let mut refused = Vec::new();
    for field in differences(saved, wanted) {
        match (saved.whole(field), wanted.whole(field)) {
            (Some(Setting::Ways(was)), Some(Setting::Ways(is))) => {
                let locked = ways_locked(config, field, saved);
                let one = locked.iter().find(|(method, _)| was.is_on(**method) != is.is_on(**method));
                refused.extend(one.map(|(_, reason)| (field, reason.clone())));
            }
            _ => refused.extend(locked(config, field, saved).map(|reason| (field, reason))),
        }
    }
    refused
}

pub(super) fn set_elsewhere(config: &Config, key: &str) -> Option<String> {
    let variable = config.variable(key)?;
    Some(format!("Set by the environment variable {variable}. Change it there, and restart."))
}

impl Current {
    /// Why one way of a field cannot be changed.
    pub fn way_locked(&self, name: &str, method: Method) -> Option<&str> {
        Some(self.provenance.get(name)?.ways_locked.get(&method)?.as_str())
    }

    pub fn is_locked(&self, name: &str) -> bool {
        self.provenance.get(name).is_some_and(|provenance| provenance.locked.is_some())
    }

    /// What of `wanted` cannot be: the first field that is locked, and why.
    pub fn refusal(&self, wanted: &Authentication) -> Option<(&'static str, String)> {
        differences(&self.values, wanted).into_iter().find_map(|name| {
            let provenance = self.provenance.get(name)?;
            let way = || match (self.values.whole(name), wanted.whole(name)) {
                (Some(Setting::Ways(was)), Some(Setting::Ways(is))) => {
                    let mut locked = provenance.ways_locked.iter();
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

/// What is in force, as the page shows it.
pub(super) fn values(config: &Config) -> Authentication {
    let ways: Vec<Method> = registering(config).collect();
    values_of(config, &ways)
}

fn values_of(config: &Config, registering: &[Method]) -> Authentication {
    let keys = &config.vestibule.registration;
    let password = &config.selfservice.password;
    let sign_up = |method| plan(config, FlowKind::Registration, method, Client::Browser);
    let ways = |does: &dyn Fn(&Plan) -> bool| -> Ways {
        registering.iter().map(|method| (*method, does(&sign_up(*method)))).collect()
    };
    let asks = |method: Method| {
        let sign_in = plan(config, FlowKind::Login, method, Client::Browser);
        (method, sign_in.steps.contains(&Step::Run(Hook::RequireVerifiedAddress)))
    };
    Authentication {
        registration_enabled: config.selfservice.registration.enabled,
        invite_only: keys.invite_only,
        // What the lists say: what signs in by itself is not a matter of this switch.
        sign_in_after_registration: ways(&|plan| plan.signs_in() && !plan.by_itself),
        sign_in_after_social: keys.sign_in_after_social,
        prevent_enumeration: keys.prevent_enumeration,
        reset_on_first_verification: keys.reset_on_first_verification,
        unverified_session_lifespan: keys.unverified_session_lifespan,
        show_verification_page: ways(&|plan| plan.steps.contains(&Step::Run(Hook::ShowVerificationUi))),
        sign_in_after_verification: keys.sign_in_after_verification,
        require_verified_address: signing_in(config).map(asks).collect(),
        require_verified_identifier: config.vestibule.require_verified_identifier,
        min_password_length: u32::try_from(password.min_password_length).unwrap_or(u32::MAX),
        identifier_similarity_check: password.identifier_similarity_check_enabled,
        breach_check: password.haveibeenpwned_enabled,
    }
}

/// Methods that a person finds to sign up with.
pub fn registering(config: &Config) -> impl Iterator<Item = Method> + '_ {
    REGISTERING.iter().copied().filter(|method| config.selfservice.offers(*method))
}

/// Methods that a person finds to sign in with.
pub(super) fn signing_in(config: &Config) -> impl Iterator<Item = Method> + '_ {
    SIGNING_IN.iter().copied().filter(|method| config.selfservice.offers(*method))
}

/// `base` with what differs from `config`: a revision holds what was ever changed in the console, and nothing else.
pub(super) fn named(config: &Config, base: &Named, values: &Authentication) -> Named {
    let saved = self::values(config);
    let mut named = base.clone();
    for name in differences(&saved, values) {
        let value = match (saved.whole(name), values.whole(name)) {
            (Some(Setting::Ways(saved)), Some(Setting::Ways(ways))) => per_method(base, name, &saved, &ways),
            (_, Some(setting)) => setting.value(),
            (_, None) => continue,
        };
        named.insert(name.to_owned(), value);
    }
    named
}

/// Methods that were never touched are not mentioned, and those that are switched off today keep what was said of them.
fn per_method(base: &Named, name: &str, saved: &Ways, ways: &Ways) -> Value {
    let mut methods: Map<String, Value> =
        base.get(name).and_then(|value| console::ways_of(name, value)).unwrap_or_default();
    for (method, on) in ways.iter().filter(|(method, on)| saved.is_on(*method) != *on) {
        methods.insert(method.name().to_owned(), on_or_off(on).into());
    }
    if name == REQUIRE_VERIFIED_ADDRESS {
        of_unseen(&mut methods, ways);
    }
    methods.into()
}

/// Whoever asks everybody asks those too who will come a way that is not there yet: a provider that is added later must not lead
/// past the gate. Whoever asks nobody takes that back, and says no more of it.
fn of_unseen(methods: &mut Map<String, Value>, ways: &Ways) {
    for method in SIGNING_IN.iter().filter(|method| !ways.has(**method)) {
        if ways.all_on() {
            methods.insert(method.name().to_owned(), on_or_off(true).into());
        } else if ways.all_off() {
            methods.remove(method.name());
        }
    }
}

/// The field that a key belongs to.
pub(super) fn field_of(path: &str) -> Option<&'static str> {
    let key = path.split('[').next().unwrap_or(path);
    let writes = |name: &str| {
        let of_some =
            || Method::ALL.into_iter().any(|method| console::key_of(name, method).as_deref() == Some(key));
        name == path || of_some()
    };
    FIELDS.into_iter().map(|(name, ..)| name).find(|name| writes(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::console::{
        BREACH_CHECK, MIN_PASSWORD_LENGTH, REGISTRATION_ENABLED, SHOW_VERIFICATION_PAGE,
        SIGN_IN_AFTER_REGISTRATION,
    };
    use crate::config::load::{Sources, load};
    use chrono::DateTime;
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
        assert_eq!(changed(REGISTRATION_ENABLED), Some(4));
        assert_eq!(changed(BREACH_CHECK), Some(2));
        assert_eq!(changed(MIN_PASSWORD_LENGTH), Some(2), "a roll-back that takes a setting away changes it");
        assert_eq!(changed(SIGN_IN_AFTER_REGISTRATION), None);
    }

    /// As if people could sign up by code, too.
    const TWO: [Method; 2] = [Method::Password, Method::Code];

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
            assert_eq!(values.sign_in_after_registration.words(), words);
            assert_eq!(values.show_verification_page.words(), "off");
        }
    }

    #[test]
    fn a_revision_mentions_the_ways_that_were_touched_and_keeps_what_it_said_of_others() {
        let ways = |password: bool, code: bool| -> Ways { TWO.into_iter().zip([password, code]).collect() };
        let name = SIGN_IN_AFTER_REGISTRATION;
        let touched = per_method(&Named::new(), name, &ways(false, false), &ways(true, false));
        assert_eq!(touched, json!({"password": "on"}));
        let base = Named::from([(name.to_owned(), json!({"passkey": "on", "password": "on"}))]);
        let touched = per_method(&base, name, &ways(true, false), &ways(false, true));
        assert_eq!(touched, json!({"passkey": "on", "password": "off", "code": "on"}));
    }

    #[test]
    fn the_gate_of_a_revision_of_before_is_taken_apart_when_one_way_is_touched() {
        let name = REQUIRE_VERIFIED_ADDRESS;
        let ways = |on: &[(Method, bool)]| -> Ways { on.iter().copied().collect() };
        let both = |password, oidc| ways(&[(Method::Password, password), (Method::Oidc, oidc)]);
        let base = |value: Value| Named::from([(name.to_owned(), value)]);
        let all = base(json!(true));
        assert_eq!(
            per_method(&all, name, &both(true, true), &both(true, false)),
            json!({"password": "on", "oidc": "off"})
        );
        // A way that is not there yet goes with the others, and is left to the files with them.
        let (on, off) = (ways(&[(Method::Password, true)]), ways(&[(Method::Password, false)]));
        let asks = per_method(&Named::new(), name, &off, &on);
        assert_eq!(asks, json!({"password": "on", "oidc": "on"}));
        assert_eq!(per_method(&base(asks), name, &on, &off), json!({"password": "off"}));
        assert_eq!(per_method(&all, name, &on, &off), json!({"password": "off"}));
    }

    #[test]
    fn keys_of_several_ways_are_told_in_one_and_lead_back_to_the_field() {
        let values = values_of(&config(json!({})), &TWO);
        assert_eq!(
            keys(SIGN_IN_AFTER_REGISTRATION, &values),
            "selfservice.flows.registration.after.{password,code}.hooks"
        );
        assert_eq!(keys(BREACH_CHECK, &values), console::key(BREACH_CHECK).unwrap());
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
