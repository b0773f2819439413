//! The page *Authentication settings*: its fields, read from a configuration and written as named settings.

use super::{Authentication, Current, Provenance};
use crate::config::console::{
    self, BREACH_CHECK, IDENTIFIER_SIMILARITY_CHECK, MIN_PASSWORD_LENGTH, REGISTERING, REGISTRATION_ENABLED,
    REQUIRE_VERIFIED_ADDRESS, SHOW_VERIFICATION_PAGE, SIGN_IN_AFTER_REGISTRATION,
};
use crate::config::{Config, Hook, Method, Named};
use crate::engine::Engine;
use crate::error::Result;
use crate::plan::{Client, FlowKind, Plan, Step, plan};
use crate::store::revisions::{self, Row};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Name, label, default in words. A field of [`Authentication`] is called as the named setting it writes.
pub(super) const FIELDS: [(&str, &str, &str); 7] = [
    (REGISTRATION_ENABLED, "Registration", "on"),
    (SIGN_IN_AFTER_REGISTRATION, "Sign in after registration", "off"),
    (SHOW_VERIFICATION_PAGE, "Show the verification page", "off"),
    (REQUIRE_VERIFIED_ADDRESS, "Require a verified address to sign in", "off"),
    (MIN_PASSWORD_LENGTH, "Minimum password length", "8"),
    (IDENTIFIER_SIMILARITY_CHECK, "Similarity check", "on"),
    (BREACH_CHECK, "Breach check", "on"),
];

/// How many revisions are searched for who changed a setting last.
const SEARCHED: i64 = 1000;

/// What the page shows.
pub async fn current(engine: &Engine) -> Result<Current> {
    let config = engine.begin().config;
    let mut tx = engine.db().read().await?;
    let mut rows = revisions::list(&mut tx, SEARCHED).await?;
    // Another process may have saved what this one has not taken over yet.
    rows.retain(|row| row.number <= config.revision);
    let provenance = FIELDS.into_iter().map(|(name, _, default)| {
        let provenance = Provenance {
            key: console::key(name).unwrap_or_default().to_owned(),
            default: default.to_owned(),
            changed: last_change(&rows, name).map(|row| (row.by.clone(), row.at, row.number)),
            locked: locked(&config, name),
        };
        (name, provenance)
    });
    Ok(Current { revision: config.revision, values: values(&config), provenance: provenance.collect() })
}

/// The newest of `rows` (newest first) that says something else about `name` than the one before it.
fn last_change<'a>(rows: &'a [Row], name: &str) -> Option<&'a Row> {
    rows.iter().enumerate().find_map(|(index, row)| {
        let before = rows.get(index + 1).and_then(|row| row.settings.get(name));
        (row.settings.get(name) != before).then_some(row)
    })
}

/// Why the console cannot change it.
pub(super) fn locked(config: &Config, name: &str) -> Option<String> {
    let variable = config.variable(console::key(name)?)?;
    Some(format!("Set by the environment variable {variable}. Change it there, and restart."))
}

/// What is in force, as the page shows it.
pub(super) fn values(config: &Config) -> Authentication {
    let password = &config.selfservice.password;
    let sign_up: Vec<Plan> = registering(config)
        .map(|method| plan(config, FlowKind::Registration, method, Client::Browser))
        .collect();
    let all = |does: &dyn Fn(&Plan) -> bool| !sign_up.is_empty() && sign_up.iter().all(does);
    let sign_in = plan(config, FlowKind::Login, Method::Password, Client::Browser);
    Authentication {
        registration_enabled: config.selfservice.registration.enabled,
        sign_in_after_registration: all(&Plan::signs_in),
        show_verification_page: all(&|plan| plan.steps.contains(&Step::Run(Hook::ShowVerificationUi))),
        require_verified_address: sign_in.steps.contains(&Step::Run(Hook::RequireVerifiedAddress)),
        min_password_length: u32::try_from(password.min_password_length).unwrap_or(u32::MAX),
        identifier_similarity_check: password.identifier_similarity_check_enabled,
        breach_check: password.haveibeenpwned_enabled,
    }
}

/// Enabled methods that a person can sign up with.
pub(super) fn registering(config: &Config) -> impl Iterator<Item = Method> + '_ {
    REGISTERING.iter().copied().filter(|method| match method {
        Method::Password => config.selfservice.password.enabled,
        other => config.selfservice.enabled.get(other).copied().unwrap_or_default(),
    })
}

/// The fields that differ, in the order of the page.
pub(super) fn differences(saved: &Authentication, values: &Authentication) -> Vec<&'static str> {
    let (saved, values) = (texts(saved), texts(values));
    FIELDS.into_iter().map(|(name, _, _)| name).filter(|name| saved[name] != values[name]).collect()
}

/// One sentence per difference, such as `Minimum password length: 12 (was 8)`.
pub fn changes(saved: &Authentication, values: &Authentication) -> Vec<String> {
    let different = differences(saved, values);
    let (saved, values) = (texts(saved), texts(values));
    let fields = FIELDS.into_iter().filter(|(name, _, _)| different.contains(name));
    fields
        .map(|(name, label, _)| match name {
            MIN_PASSWORD_LENGTH => format!("{label}: {} (was {})", values[name], saved[name]),
            _ => format!("{label}: {}", values[name]),
        })
        .collect()
}

fn texts(values: &Authentication) -> BTreeMap<&'static str, String> {
    let switch = |on: bool| if on { "on" } else { "off" }.to_owned();
    BTreeMap::from([
        (REGISTRATION_ENABLED, switch(values.registration_enabled)),
        (SIGN_IN_AFTER_REGISTRATION, switch(values.sign_in_after_registration)),
        (SHOW_VERIFICATION_PAGE, switch(values.show_verification_page)),
        (REQUIRE_VERIFIED_ADDRESS, switch(values.require_verified_address)),
        (MIN_PASSWORD_LENGTH, values.min_password_length.to_string()),
        (IDENTIFIER_SIMILARITY_CHECK, switch(values.identifier_similarity_check)),
        (BREACH_CHECK, switch(values.breach_check)),
    ])
}

/// `base` with what differs from `config`: a revision holds what was ever changed in the console, and nothing else.
pub(super) fn named(config: &Config, base: &Named, values: &Authentication) -> Named {
    let mut named = base.clone();
    for name in differences(&self::values(config), values) {
        let value: Value = match name {
            REGISTRATION_ENABLED => values.registration_enabled.into(),
            SIGN_IN_AFTER_REGISTRATION => {
                per_method(config, base, SIGN_IN_AFTER_REGISTRATION, values.sign_in_after_registration)
            }
            SHOW_VERIFICATION_PAGE => {
                per_method(config, base, SHOW_VERIFICATION_PAGE, values.show_verification_page)
            }
            REQUIRE_VERIFIED_ADDRESS => values.require_verified_address.into(),
            MIN_PASSWORD_LENGTH => values.min_password_length.into(),
            IDENTIFIER_SIMILARITY_CHECK => values.identifier_similarity_check.into(),
            BREACH_CHECK => values.breach_check.into(),
            _ => continue,
        };
        named.insert(name.to_owned(), value);
    }
    named
}

/// Methods that are switched off today keep what was said of them.
fn per_method(config: &Config, base: &Named, name: &str, on: bool) -> Value {
    let mut methods: Map<String, Value> =
        base.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
    for method in registering(config) {
        methods.insert(method.name().to_owned(), if on { "on" } else { "off" }.into());
    }
    methods.into()
}

/// The field that a key belongs to.
pub(super) fn field_of(path: &str) -> Option<&'static str> {
    FIELDS.into_iter().map(|(name, _, _)| name).find(|name| {
        *name == path || console::key(name).is_some_and(|key| path.split('[').next() == Some(key))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
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
}
