//! The values of the page *Authentication settings*, by name: read, written, compared and told in words in one place.

use crate::config::console::{
    BREACH_CHECK, IDENTIFIER_SIMILARITY_CHECK, INVITE_ONLY, MIN_PASSWORD_LENGTH, NO_SPAN,
    PREVENT_ENUMERATION, REGISTRATION_ENABLED, REQUIRE_VERIFIED_ADDRESS, REQUIRE_VERIFIED_IDENTIFIER,
    RESET_ON_FIRST_VERIFICATION, SHOW_VERIFICATION_PAGE, SIGN_IN_AFTER_REGISTRATION, SIGN_IN_AFTER_SOCIAL,
    SIGN_IN_AFTER_VERIFICATION, UNVERIFIED_SESSION_LIFESPAN,
};
use crate::config::{Method, Named, scalars};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::time::Duration;

/// Name, label, default in words, in the order of the page. A field of [`Authentication`] is called as the named setting
/// that it writes.
pub const FIELDS: [(&str, &str, &str); 14] = [
    (REGISTRATION_ENABLED, "Registration", "on"),
    (INVITE_ONLY, "Invite only", "off"),
    (SIGN_IN_AFTER_REGISTRATION, "Sign in after registration", "off"),
    (SIGN_IN_AFTER_SOCIAL, "Signing up through a provider signs in", "on"),
    (PREVENT_ENUMERATION, "Registration that leaks nothing", "off"),
    (RESET_ON_FIRST_VERIFICATION, "Proof takes over", "off"),
    (UNVERIFIED_SESSION_LIFESPAN, "Unproven session", "as long as any other"),
    (SHOW_VERIFICATION_PAGE, "Show the verification page", "off"),
    (SIGN_IN_AFTER_VERIFICATION, "Sign in when the address is proven", "off"),
    (REQUIRE_VERIFIED_ADDRESS, "Require a verified address to sign in", "off"),
    (REQUIRE_VERIFIED_IDENTIFIER, "Require the address that was used", "off"),
    (MIN_PASSWORD_LENGTH, "Minimum password length", "8"),
    (IDENTIFIER_SIMILARITY_CHECK, "Similarity check", "on"),
    (BREACH_CHECK, "Breach check", "on"),
];

/// As the page names it.
pub fn label(name: &str) -> &'static str {
    FIELDS.into_iter().find(|(field, ..)| *field == name).map_or("", |(_, label, _)| label)
}

/// What is shown and what is posted, typed.
#[derive(Clone, Debug, PartialEq)]
pub struct Authentication {
    pub registration_enabled: bool,
    pub invite_only: bool,
    /// What the lists say of every way, shown or not: see [`Authentication::get`].
    pub sign_in_after_registration: Ways,
    pub sign_in_after_social: bool,
    pub prevent_enumeration: bool,
    pub reset_on_first_verification: bool,
    /// `None`: as long as any other.
    pub unverified_session_lifespan: Option<Duration>,
    pub show_verification_page: Ways,
    pub sign_in_after_verification: bool,
    /// Of each way to sign in.
    pub require_verified_address: Ways,
    pub require_verified_identifier: bool,
    pub min_password_length: u32,
    pub identifier_similarity_check: bool,
    pub breach_check: bool,
}

/// A switch for each enabled method that somebody can sign up with, or sign in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ways(BTreeMap<Method, bool>);

impl FromIterator<(Method, bool)> for Ways {
    fn from_iter<T: IntoIterator<Item = (Method, bool)>>(ways: T) -> Self {
        Self(ways.into_iter().collect())
    }
}

impl Ways {
    pub fn iter(&self) -> impl Iterator<Item = (Method, bool)> + '_ {
        self.0.iter().map(|(method, on)| (*method, *on))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn has(&self, method: Method) -> bool {
        self.0.contains_key(&method)
    }

    pub fn is_on(&self, method: Method) -> bool {
        self.0.get(&method).copied().unwrap_or_default()
    }

    pub fn set(&mut self, method: Method, on: bool) {
        self.0.insert(method, on);
    }

    /// All of them alike.
    pub fn level(&self, on: bool) -> Self {
        self.iter().map(|(method, _)| (method, on)).collect()
    }

    /// Without any way there is nothing that could be on.
    pub fn all_on(&self) -> bool {
        !self.is_empty() && self.0.values().all(|on| *on)
    }

    pub fn all_off(&self) -> bool {
        !self.0.values().any(|on| *on)
    }

    /// `on`, `off`, `on for 2 of 4`
    pub fn words(&self) -> String {
        let on = self.0.values().filter(|on| **on).count();
        match (on, self.len()) {
            (0, _) => "off".to_owned(),
            (on, all) if on == all => "on".to_owned(),
            (on, all) => format!("on for {on} of {all}"),
        }
    }
}

/// One value, with its type.
#[derive(Clone, Debug, PartialEq)]
pub enum Setting {
    Switch(bool),
    Ways(Ways),
    Number(u32),
    Span(Option<Duration>),
}

impl Setting {
    /// `on`, `12`, `30 minutes`; a mixed set of ways names those that are on.
    pub fn words(&self) -> String {
        match self {
            Setting::Switch(true) => "on".to_owned(),
            Setting::Switch(false) => "off".to_owned(),
            Setting::Number(number) => number.to_string(),
            Setting::Span(Some(span)) => in_words(*span),
            Setting::Span(None) => "as long as any other".to_owned(),
            Setting::Ways(ways) if ways.all_on() || ways.all_off() => ways.words(),
            Setting::Ways(ways) => {
                let on: Vec<&str> =
                    ways.iter().filter(|(_, on)| *on).map(|(method, _)| way(method)).collect();
                format!("{} ({})", ways.words(), on.join(", "))
            }
        }
    }

    /// As a revision holds it. Ways are the part of a larger whole: see `page::named`.
    pub(super) fn value(&self) -> Value {
        match self {
            Setting::Switch(on) => (*on).into(),
            Setting::Number(number) => (*number).into(),
            Setting::Span(Some(span)) => short(*span).into(),
            Setting::Span(None) => NO_SPAN.into(),
            Setting::Ways(ways) => {
                let switch = |(method, on): (Method, bool)| (method.name().to_owned(), on_or_off(on).into());
                Value::Object(ways.iter().map(switch).collect::<Map<_, _>>())
            }
        }
    }

    /// What a patch says about this one. `on` and `off` level all ways.
    fn patched(&self, value: &Value) -> Option<Self> {
        Some(match (self, value) {
            (Setting::Switch(_), Value::Bool(on)) => Setting::Switch(*on),
            (Setting::Number(_), value) => Setting::Number(u32::try_from(value.as_u64()?).ok()?),
            (Setting::Span(_), Value::String(text)) if text == NO_SPAN => Setting::Span(None),
            (Setting::Span(_), Value::String(text)) => Setting::Span(Some(parse_span(text)?)),
            (Setting::Ways(ways), Value::String(text)) => Setting::Ways(ways.level(parse_switch(text)?)),
            (Setting::Ways(ways), Value::Object(methods)) => {
                let mut ways = ways.clone();
                for (name, switch) in methods {
                    let method = Method::parse(name)?;
                    // A method that is not enabled has no switch here.
                    if ways.has(method) {
                        ways.set(method, parse_switch(switch.as_str()?)?);
                    }
                }
                Setting::Ways(ways)
            }
            _ => return None,
        })
    }
}

fn parse_switch(text: &str) -> Option<bool> {
    match text {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    }
}

pub(super) fn on_or_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

/// A method as people know it.
pub fn way(method: Method) -> &'static str {
    crate::pipeline::way(method)
}

impl Authentication {
    /// As it is shown: what signs in by itself is no matter of the switch, and is neither counted nor switched by it. `None` for a
    /// name that is no field.
    pub fn get(&self, name: &str) -> Option<Setting> {
        match self.whole(name)? {
            Setting::Ways(mut ways) if name == SIGN_IN_AFTER_REGISTRATION && self.sign_in_after_social => {
                ways.0.remove(&Method::Oidc);
                Some(Setting::Ways(ways))
            }
            setting @ (Setting::Switch(_) | Setting::Ways(_) | Setting::Number(_) | Setting::Span(_)) => {
                Some(setting)
            }
        }
    }

    /// The same with the ways that are not shown: what is compared and kept.
    pub fn whole(&self, name: &str) -> Option<Setting> {
        Some(match name {
            REGISTRATION_ENABLED => Setting::Switch(self.registration_enabled),
            INVITE_ONLY => Setting::Switch(self.invite_only),
            SIGN_IN_AFTER_REGISTRATION => Setting::Ways(self.sign_in_after_registration.clone()),
            SIGN_IN_AFTER_SOCIAL => Setting::Switch(self.sign_in_after_social),
            PREVENT_ENUMERATION => Setting::Switch(self.prevent_enumeration),
            RESET_ON_FIRST_VERIFICATION => Setting::Switch(self.reset_on_first_verification),
            UNVERIFIED_SESSION_LIFESPAN => Setting::Span(self.unverified_session_lifespan),
            SHOW_VERIFICATION_PAGE => Setting::Ways(self.show_verification_page.clone()),
            SIGN_IN_AFTER_VERIFICATION => Setting::Switch(self.sign_in_after_verification),
            REQUIRE_VERIFIED_ADDRESS => Setting::Ways(self.require_verified_address.clone()),
            REQUIRE_VERIFIED_IDENTIFIER => Setting::Switch(self.require_verified_identifier),
            MIN_PASSWORD_LENGTH => Setting::Number(self.min_password_length),
            IDENTIFIER_SIMILARITY_CHECK => Setting::Switch(self.identifier_similarity_check),
            BREACH_CHECK => Setting::Switch(self.breach_check),
            _ => return None,
        })
    }

    /// A value of another type than the field's changes nothing.
    pub fn set(&mut self, name: &str, setting: Setting) {
        match (name, setting) {
            (SIGN_IN_AFTER_REGISTRATION, Setting::Ways(mut ways)) => {
                // What is not shown stays as it is.
                let hidden = self.sign_in_after_registration.0.get(&Method::Oidc);
                if let Some(on) = hidden.filter(|_| self.sign_in_after_social) {
                    ways.0.entry(Method::Oidc).or_insert(*on);
                }
                self.sign_in_after_registration = ways;
            }
            (SHOW_VERIFICATION_PAGE, Setting::Ways(ways)) => self.show_verification_page = ways,
            (REQUIRE_VERIFIED_ADDRESS, Setting::Ways(ways)) => self.require_verified_address = ways,
            (UNVERIFIED_SESSION_LIFESPAN, Setting::Span(span)) => self.unverified_session_lifespan = span,
            (MIN_PASSWORD_LENGTH, Setting::Number(number)) => self.min_password_length = number,
            (name, Setting::Switch(on)) => {
                let switch = match name {
                    REGISTRATION_ENABLED => &mut self.registration_enabled,
                    INVITE_ONLY => &mut self.invite_only,
                    SIGN_IN_AFTER_SOCIAL => &mut self.sign_in_after_social,
                    PREVENT_ENUMERATION => &mut self.prevent_enumeration,
                    RESET_ON_FIRST_VERIFICATION => &mut self.reset_on_first_verification,
                    SIGN_IN_AFTER_VERIFICATION => &mut self.sign_in_after_verification,
                    REQUIRE_VERIFIED_IDENTIFIER => &mut self.require_verified_identifier,
                    IDENTIFIER_SIMILARITY_CHECK => &mut self.identifier_similarity_check,
                    BREACH_CHECK => &mut self.breach_check,
                    _ => return,
                };
                *switch = on;
            }
            _ => {}
        }
    }

    /// These values with what a patch of named settings says. What it says of no field, or not in its type, is left out.
    pub fn with(&self, patch: &Named) -> Self {
        let mut values = self.clone();
        for (name, value) in patch {
            // What names its ways means them, shown or not.
            let held = if value.is_object() { self.whole(name) } else { self.get(name) };
            if let Some(setting) = held.and_then(|setting| setting.patched(value)) {
                values.set(name, setting);
            }
        }
        values
    }
}

/// The fields that differ, in the order of the page.
pub fn differences(saved: &Authentication, values: &Authentication) -> Vec<&'static str> {
    let names = FIELDS.into_iter().map(|(name, ..)| name);
    names
        .filter(|name| {
            let (saved, values) = (saved.whole(name), values.whole(name));
            match (&saved, &values) {
                // A way that only one of them knows is off in the other.
                (Some(Setting::Ways(saved)), Some(Setting::Ways(values))) => {
                    let methods = saved.iter().chain(values.iter()).map(|(method, _)| method);
                    methods.into_iter().any(|method| saved.is_on(method) != values.is_on(method))
                }
                _ => saved != values,
            }
        })
        .collect()
}

/// One sentence per difference, such as `Minimum password length: 12 (was 8)`.
pub fn changes(saved: &Authentication, values: &Authentication) -> Vec<String> {
    let told = |name: &&str| {
        let (was, is) = (saved.get(name)?, values.get(name)?);
        let label = label(name);
        Some(match (&was, &is) {
            // There are more ways than before, or fewer, and what there is to say of them is the same.
            (Setting::Ways(_), _) if was.words() == is.words() => return None,
            (Setting::Switch(_), _) => format!("{label}: {}", is.words()),
            // With one way, or with all alike, the other state goes without saying.
            (Setting::Ways(before), Setting::Ways(after))
                if [before, after].iter().all(|ways| ways.all_on() || ways.all_off()) =>
            {
                format!("{label}: {}", is.words())
            }
            _ => format!("{label}: {} (was {})", is.words(), was.words()),
        })
    };
    differences(saved, values).iter().filter_map(told).collect()
}

const UNITS: [(u64, &str); 4] = [(86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")];

/// The largest unit that leaves no rest: how many, and seconds of one.
pub fn in_units(span: Duration) -> (u64, u64) {
    let seconds = span.as_secs();
    let unit = UNITS
        .into_iter()
        .map(|(unit, _)| unit)
        .find(|unit| seconds.is_multiple_of(*unit) && seconds >= *unit);
    let unit = unit.unwrap_or(1);
    (seconds / unit, unit)
}

/// Such as `30 minutes`; parts of a second are left out.
fn in_words(span: Duration) -> String {
    let (count, unit) = in_units(span);
    let name = UNITS.into_iter().find(|(seconds, _)| *seconds == unit).map_or("second", |(_, name)| name);
    format!("{count} {name}{}", if count == 1 { "" } else { "s" })
}

/// `1h30m`, as a file may say it.
pub fn parse_span(text: &str) -> Option<Duration> {
    scalars::duration(text)
}

/// As a file says it: `30m`, `72h`, `45s`.
fn short(span: Duration) -> String {
    match in_units(span) {
        (count, 86_400) => format!("{}h", count * 24),
        (count, 3600) => format!("{count}h"),
        (count, 60) => format!("{count}m"),
        _ => format!("{}s", span.as_secs()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn ways(ways: &[(Method, bool)]) -> Ways {
        ways.iter().copied().collect()
    }

    fn values() -> Authentication {
        Authentication {
            registration_enabled: true,
            invite_only: false,
            sign_in_after_registration: ways(&[(Method::Password, false), (Method::Code, true)]),
            sign_in_after_social: true,
            prevent_enumeration: false,
            reset_on_first_verification: false,
            unverified_session_lifespan: None,
            show_verification_page: ways(&[(Method::Password, false), (Method::Code, false)]),
            sign_in_after_verification: false,
            require_verified_address: ways(&[(Method::Password, true), (Method::Oidc, false)]),
            require_verified_identifier: false,
            min_password_length: 8,
            identifier_similarity_check: true,
            breach_check: true,
        }
    }

    #[test]
    fn every_field_is_read_written_and_told() {
        for (name, label, _) in FIELDS {
            let before = values();
            let other = match before.get(name).unwrap() {
                Setting::Switch(on) => Setting::Switch(!on),
                Setting::Number(number) => Setting::Number(number + 1),
                Setting::Span(_) => Setting::Span(Some(Duration::from_secs(90))),
                Setting::Ways(ways) => Setting::Ways(ways.level(true)),
            };
            let mut after = before.clone();
            after.set(name, other.clone());
            assert_eq!(after.get(name), Some(other.clone()), "{name}");
            assert_eq!(differences(&before, &after), [name]);
            let told = changes(&before, &after);
            assert!(told.len() == 1 && told[0].starts_with(label), "{told:?}");
            // And by a patch, as a preset or a fix says it.
            assert_eq!(before.with(&Named::from([(name.to_owned(), other.value())])), after, "{name}");
        }
        assert_eq!(values().get("of_a_later_version"), None);
    }

    #[test]
    fn ways_say_for_how_many_they_are_on() {
        let mixed = values().sign_in_after_registration;
        assert_eq!((mixed.words(), mixed.all_on(), mixed.all_off()), ("on for 1 of 2".into(), false, false));
        assert_eq!(Setting::Ways(mixed.clone()).words(), "on for 1 of 2 (Email code)");
        assert_eq!(mixed.level(true).words(), "on");
        assert_eq!(mixed.level(false).words(), "off");
        assert!(!Ways::default().all_on(), "without any way nothing is on");
    }

    #[test]
    fn a_patch_levels_all_ways_or_names_some() {
        let named = |value: Value| Named::from([(SIGN_IN_AFTER_REGISTRATION.to_owned(), value)]);
        let on = |value: Value| values().with(&named(value)).sign_in_after_registration;
        assert!(on(json!("on")).all_on());
        assert!(on(json!("off")).all_off());
        assert_eq!(on(json!({"password": "on", "code": "off"})).words(), "on for 1 of 2");
        assert_eq!(on(json!({"passkey": "on"})), values().sign_in_after_registration, "not enabled");
        for nonsense in [json!(true), json!("maybe"), json!({"password": 1}), json!({"pigeon": "on"})] {
            assert_eq!(on(nonsense), values().sign_in_after_registration);
        }
    }

    #[test]
    fn a_way_that_only_one_of_two_knows_is_off_in_the_other() {
        let fewer = Authentication {
            sign_in_after_registration: ways(&[(Method::Code, true)]),
            show_verification_page: ways(&[(Method::Code, false)]),
            ..values()
        };
        assert_eq!(differences(&values(), &fewer), Vec::<&str>::new());
    }

    #[test]
    fn spans_are_told_in_the_unit_a_person_would_use() {
        for (seconds, words, file) in [
            (1800, "30 minutes", "30m"),
            (3600, "1 hour", "1h"),
            (86_400, "1 day", "24h"),
            (259_200, "3 days", "72h"),
            (90, "90 seconds", "90s"),
        ] {
            let span = Duration::from_secs(seconds);
            assert_eq!((in_words(span).as_str(), short(span).as_str()), (words, file));
        }
    }

    #[test]
    fn what_signs_in_by_itself_is_neither_counted_nor_switched_and_stays_as_its_list_has_it() {
        let ways = |oidc| -> Ways { [(Method::Password, false), (Method::Oidc, oidc)].into_iter().collect() };
        for listed in [false, true] {
            let values = Authentication { sign_in_after_registration: ways(listed), ..values() };
            let by_itself = Authentication { sign_in_after_social: true, ..values.clone() };
            let shown = by_itself.get(SIGN_IN_AFTER_REGISTRATION).unwrap();
            assert_eq!(shown, Setting::Ways([(Method::Password, false)].into_iter().collect()));
            let on = by_itself.with(&Named::from([(SIGN_IN_AFTER_REGISTRATION.to_owned(), json!("on"))]));
            assert_eq!(on.get(SIGN_IN_AFTER_REGISTRATION).unwrap().words(), "on");
            assert_eq!(on.sign_in_after_registration.is_on(Method::Oidc), listed);
            assert_eq!(changes(&by_itself, &on), ["Sign in after registration: on"]);
            let off = Authentication { sign_in_after_social: false, ..values };
            assert_eq!(off.get(SIGN_IN_AFTER_REGISTRATION), Some(Setting::Ways(ways(listed))));
            assert_eq!(changes(&by_itself, &off), ["Signing up through a provider signs in: off"]);
        }
    }
}
