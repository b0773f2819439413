//! Values of settings by name: read, written, compared and told in words in one place. Which there are is in [`super::table`].

use super::names::{SIGN_IN_AFTER_REGISTRATION, SIGN_IN_AFTER_SOCIAL};
use super::table::{Kind, Page, SETTINGS, Setting, setting};
use crate::config::console::UNSET;
use crate::config::{Named, scalars};
use crate::model::MethodId;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::time::Duration;

/// What is shown and what is posted, typed by the kind of each setting.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Values(BTreeMap<&'static str, SettingValue>);

/// One value, with its type.
#[derive(Clone, Debug, PartialEq)]
pub enum SettingValue {
    Switch(bool),
    Number(u32),
    /// `None`: none of its own.
    Duration(Option<Duration>),
    Choice(&'static str),
    PerMethod(PerMethod),
}

impl From<bool> for SettingValue {
    fn from(on: bool) -> Self {
        Self::Switch(on)
    }
}

impl From<u32> for SettingValue {
    fn from(number: u32) -> Self {
        Self::Number(number)
    }
}

impl From<Option<Duration>> for SettingValue {
    fn from(length: Option<Duration>) -> Self {
        Self::Duration(length)
    }
}

impl From<PerMethod> for SettingValue {
    fn from(ways: PerMethod) -> Self {
        Self::PerMethod(ways)
    }
}

/// A switch for each enabled method that users can sign up with, or sign in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PerMethod(BTreeMap<MethodId, bool>);

impl FromIterator<(MethodId, bool)> for PerMethod {
    fn from_iter<T: IntoIterator<Item = (MethodId, bool)>>(ways: T) -> Self {
        Self(ways.into_iter().collect())
    }
}

impl PerMethod {
    pub fn iter(&self) -> impl Iterator<Item = (MethodId, bool)> + '_ {
        self.0.iter().map(|(method, on)| (*method, *on))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn has(&self, method: MethodId) -> bool {
        self.0.contains_key(&method)
    }

    pub fn is_on(&self, method: MethodId) -> bool {
        self.0.get(&method).copied().unwrap_or_default()
    }

    pub fn set(&mut self, method: MethodId, on: bool) {
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

impl SettingValue {
    /// As a revision holds it. Of methods it is a part of a larger whole: see `page::named`.
    pub fn stored(&self) -> Value {
        match self {
            SettingValue::Switch(on) => (*on).into(),
            SettingValue::Number(number) => (*number).into(),
            SettingValue::Duration(Some(length)) => short(*length).into(),
            SettingValue::Duration(None) => UNSET.into(),
            SettingValue::Choice(value) => (*value).into(),
            SettingValue::PerMethod(ways) => {
                let switch =
                    |(method, on): (MethodId, bool)| (method.name().to_owned(), on_or_off(on).into());
                Value::Object(ways.iter().map(switch).collect::<Map<_, _>>())
            }
        }
    }

    /// What a patch says about this one. `on` and `off` level all methods.
    fn patched(&self, setting: &Setting, value: &Value) -> Option<Self> {
        match (self, value) {
            (SettingValue::PerMethod(ways), Value::String(text)) => {
                Some(SettingValue::PerMethod(ways.level(parse_switch(text)?)))
            }
            (SettingValue::PerMethod(ways), Value::Object(methods)) => {
                let mut ways = ways.clone();
                for (name, switch) in methods {
                    let method = MethodId::parse(name)?;
                    // A method that is not enabled has no switch here.
                    if ways.has(method) {
                        ways.set(method, parse_switch(switch.as_str()?)?);
                    }
                }
                Some(SettingValue::PerMethod(ways))
            }
            _ => setting.typed(value),
        }
    }
}

impl Setting {
    /// `on`, `12`, `30 minutes`; a mixed set of methods names those that are on.
    pub fn words(&self, value: &SettingValue) -> String {
        match (value, self.kind) {
            (SettingValue::Switch(on), _) => on_or_off(*on).to_owned(),
            (SettingValue::Number(number), _) => number.to_string(),
            (SettingValue::Duration(Some(length)), _) => in_words(*length),
            (SettingValue::Duration(None), Kind::Duration { unset }) => unset.to_owned(),
            (SettingValue::Duration(None), _) => UNSET.to_owned(),
            (SettingValue::Choice(value), Kind::Choice(choices)) => {
                let choice = choices.iter().find(|choice| choice.value == *value);
                choice.map_or(*value, |choice| choice.label).to_owned()
            }
            (SettingValue::Choice(value), _) => (*value).to_owned(),
            (SettingValue::PerMethod(ways), _) if ways.all_on() || ways.all_off() => ways.words(),
            (SettingValue::PerMethod(ways), _) => {
                let on: Vec<&str> =
                    ways.iter().filter(|(_, on)| *on).map(|(method, _)| way(method)).collect();
                format!("{} ({})", ways.words(), on.join(", "))
            }
        }
    }

    /// What a revision or a key says, typed. `None` for a value of another kind, and for settings with a value for each method.
    pub(super) fn typed(&self, value: &Value) -> Option<SettingValue> {
        Some(match self.kind {
            Kind::Switch => SettingValue::Switch(value.as_bool()?),
            Kind::Number => SettingValue::Number(u32::try_from(value.as_u64()?).ok()?),
            Kind::Duration { .. } if value == UNSET => SettingValue::Duration(None),
            Kind::Duration { .. } => SettingValue::Duration(Some(parse_span(value.as_str()?)?)),
            Kind::Choice(choices) => {
                SettingValue::Choice(choices.iter().find(|choice| value == choice.value)?.value)
            }
            Kind::PerMethod | Kind::Ids | Kind::Entries => return None,
        })
    }
}

pub(super) fn parse_switch(text: &str) -> Option<bool> {
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
pub fn way(method: MethodId) -> &'static str {
    crate::pipeline::way(method)
}

impl FromIterator<(&'static str, SettingValue)> for Values {
    fn from_iter<T: IntoIterator<Item = (&'static str, SettingValue)>>(values: T) -> Self {
        Self(values.into_iter().collect())
    }
}

impl Values {
    /// As it is shown: what signs in by itself is no matter of the switch, and is neither counted nor switched by it. `None` for a
    /// name without a value.
    pub fn get(&self, name: &str) -> Option<SettingValue> {
        match self.whole(name)? {
            SettingValue::PerMethod(mut ways)
                if name == SIGN_IN_AFTER_REGISTRATION && self.is_on(SIGN_IN_AFTER_SOCIAL) =>
            {
                ways.0.remove(&MethodId::Oidc);
                Some(SettingValue::PerMethod(ways))
            }
            value @ (SettingValue::PerMethod(_)
            | SettingValue::Switch(_)
            | SettingValue::Number(_)
            | SettingValue::Duration(_)
            | SettingValue::Choice(_)) => Some(value),
        }
    }

    /// The same with the methods that are not shown: what is compared and kept.
    pub fn whole(&self, name: &str) -> Option<SettingValue> {
        self.0.get(name).cloned()
    }

    /// Of a switch.
    pub fn is_on(&self, name: &str) -> bool {
        matches!(self.0.get(name), Some(SettingValue::Switch(true)))
    }

    /// Of a number; 0 for anything else.
    pub fn number(&self, name: &str) -> u32 {
        match self.0.get(name) {
            Some(SettingValue::Number(number)) => *number,
            _ => 0,
        }
    }

    /// Of a length of time.
    pub fn duration(&self, name: &str) -> Option<Duration> {
        match self.0.get(name) {
            Some(SettingValue::Duration(length)) => *length,
            _ => None,
        }
    }

    /// Of a setting with a value for each method, shown or not.
    pub fn ways(&self, name: &str) -> PerMethod {
        match self.0.get(name) {
            Some(SettingValue::PerMethod(ways)) => ways.clone(),
            _ => PerMethod::default(),
        }
    }

    /// As shown, in words.
    pub fn words(&self, name: &str) -> String {
        let value = setting(name).zip(self.get(name));
        value.map_or_else(String::new, |(setting, value)| setting.words(&value))
    }

    /// A value of another type than the setting's changes nothing.
    pub fn set(&mut self, name: &str, value: impl Into<SettingValue>) {
        let mut value = value.into();
        let by_itself = name == SIGN_IN_AFTER_REGISTRATION && self.is_on(SIGN_IN_AFTER_SOCIAL);
        let Some(held) = self.0.get_mut(name) else { return };
        if std::mem::discriminant(held) != std::mem::discriminant(&value) {
            return;
        }
        // What is not shown stays as it is.
        if let (SettingValue::PerMethod(ways), SettingValue::PerMethod(held)) = (&mut value, &*held)
            && by_itself
            && let Some(on) = held.0.get(&MethodId::Oidc)
        {
            ways.0.entry(MethodId::Oidc).or_insert(*on);
        }
        *held = value;
    }

    /// These values with another one.
    pub fn having(mut self, name: &str, value: impl Into<SettingValue>) -> Self {
        self.set(name, value);
        self
    }

    /// These values with what a patch of named settings says. What it says of no setting, or not in its type, is left out.
    pub fn with(&self, patch: &Named) -> Self {
        let mut values = self.clone();
        for (name, value) in patch {
            let Some(setting) = setting(name) else { continue };
            // What names its methods means them, shown or not.
            let held = if value.is_object() { self.whole(name) } else { self.get(name) };
            if let Some(value) = held.and_then(|held| held.patched(setting, value)) {
                values.set(name, value);
            }
        }
        values
    }
}

/// Names of the settings that differ, in the order of the table.
pub fn differences(saved: &Values, values: &Values) -> Vec<&'static str> {
    let names = SETTINGS.iter().map(|setting| setting.name);
    names
        .filter(|name| match (saved.0.get(name), values.0.get(name)) {
            // A method that only one of them knows is off in the other.
            (Some(SettingValue::PerMethod(saved)), Some(SettingValue::PerMethod(values))) => {
                let mut methods = saved.iter().chain(values.iter()).map(|(method, _)| method);
                methods.any(|method| saved.is_on(method) != values.is_on(method))
            }
            (saved, values) => saved != values,
        })
        .collect()
}

/// One sentence per difference, such as `Minimum password length: 12 (was 8)`.
pub fn changes(saved: &Values, values: &Values) -> Vec<String> {
    told(saved, values, |_| true)
}

/// The same of one page.
pub(super) fn changes_on(page: Page, saved: &Values, values: &Values) -> Vec<String> {
    told(saved, values, |setting| setting.section.page == page)
}

fn told(saved: &Values, values: &Values, of: impl Fn(&Setting) -> bool) -> Vec<String> {
    let named = differences(saved, values).into_iter().filter(|name| setting(name).is_some_and(&of));
    named.filter_map(|name| change(saved, values, name)).collect()
}

/// How one setting differs, in a sentence. `None`: it does not, or not in what there is to say.
pub fn change(saved: &Values, values: &Values, name: &str) -> Option<String> {
    let setting = setting(name)?;
    let label = setting.label;
    let (was, is) = (saved.get(name)?, values.get(name)?);
    if was == is {
        return None;
    }
    let (before, after) = (setting.words(&was), setting.words(&is));
    Some(match (&was, &is) {
        // There are more methods than before, or fewer, and what there is to say of them is the same.
        (SettingValue::PerMethod(_), _) if before == after => return None,
        (SettingValue::Switch(_), _) => format!("{label}: {after}"),
        // With one method, or with all alike, the other state goes without saying.
        (SettingValue::PerMethod(was), SettingValue::PerMethod(is))
            if [was, is].iter().all(|ways| ways.all_on() || ways.all_off()) =>
        {
            format!("{label}: {after}")
        }
        _ => format!("{label}: {after} (was {before})"),
    })
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
pub(super) fn short(span: Duration) -> String {
    match in_units(span) {
        (count, 86_400) => format!("{}h", count * 24),
        (count, 3600) => format!("{count}h"),
        (count, 60) => format!("{count}m"),
        _ => format!("{}s", span.as_secs()),
    }
}

#[cfg(test)]
mod tests;
