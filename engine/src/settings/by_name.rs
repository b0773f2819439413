//! One setting by its name, as the command line reads, changes and resets it: the same checks, locks, dangers and revisions as a Save.

use super::danger::By;
use super::page::current;
use super::revise::{BaseRevision, Change, save, save_change};
use super::table::{Choice, Kind, SETTINGS, Setting, Writes, setting};
use super::values::{SettingValue, Values, on_or_off, parse_span, parse_switch, short};
use super::{Current, FieldError, Provenance, Saved, changes, values, words};
use crate::config::console::UNSET;
use crate::config::load::{distance, remap};
use crate::config::{Config, Named};
use crate::engine::Engine;
use crate::error::Result;
use crate::model::MethodId;
use serde_json::json;
use std::sync::Arc;

/// How often a change is applied again to settings that were saved at the same time.
const TRIES: usize = 20;

/// A setting, or its value for one method.
#[derive(Clone, Copy)]
pub struct Target {
    pub setting: &'static Setting,
    pub method: Option<MethodId>,
}

/// `Err`: a sentence about a wrong name or value.
pub type Verdict<T> = std::result::Result<T, String>;

/// One value, with where it comes from.
#[derive(Clone, Debug)]
pub struct Line {
    /// As a change names it.
    pub name: String,
    /// As a change says it; `mixed` for a choice that several settings do not agree on, `-` without any.
    pub value: String,
    pub label: &'static str,
    /// The default, in words.
    pub default: String,
    /// The key that it writes.
    pub key: Option<String>,
    /// `default`, a file, a revision or an environment variable.
    pub source: String,
    /// Why it cannot be changed.
    pub locked: Option<String>,
    /// The newest revision sets it.
    pub changed: bool,
}

impl Target {
    /// `min_password_length`, or `sign_in_after_registration.password`.
    pub fn parse(text: &str) -> Verdict<Self> {
        let (name, method) = match text.split_once('.') {
            Some((name, method)) if setting(name).is_some() => (name, Some(method)),
            _ => (text, None),
        };
        let Some(setting) = setting(name) else { return Err(unknown(text)) };
        if !setting.is_scalar() {
            return Err(format!("`{name}` holds more than one value. Change it in the console."));
        }
        let Some(method) = method else { return Ok(Self { setting, method: None }) };
        let Writes::HookLists(_, lists) = setting.writes else {
            return Err(format!("`{name}` has one value for all methods. Leave out `.{method}`."));
        };
        match lists.methods().iter().find(|known| known.name() == method) {
            Some(method) => Ok(Self { setting, method: Some(*method) }),
            None => {
                let methods: Vec<&str> = lists.methods().iter().map(|method| method.name()).collect();
                Err(format!(
                    "`{name}` has no value for the method `{method}`. Use one of {}.",
                    methods.join(", ")
                ))
            }
        }
    }

    fn covers(self, line: &Line) -> bool {
        match self.method {
            None => line.name.split('.').next() == Some(self.setting.name),
            Some(method) => line.name == of_method(self.setting, method),
        }
    }

    /// Those values with another one for this.
    fn applied(self, to: &Values, text: &str) -> Verdict<Values> {
        let Setting { name, kind, writes, .. } = self.setting;
        if let Writes::Group(group) = writes {
            let Some(settings) = group.settings(text) else { return Err(self.choices()) };
            return Ok(to.with(&settings));
        }
        let value = match kind {
            Kind::Switch => switch(text)?.into(),
            Kind::Number => match text.parse::<u32>() {
                Ok(number) => number.into(),
                Err(_) => return Err("Enter a whole number, for example 12.".to_owned()),
            },
            Kind::Duration { .. } if text == UNSET => SettingValue::Duration(None),
            Kind::Duration { .. } => match parse_span(text) {
                Some(length) => SettingValue::Duration(Some(length)),
                None => return Err("Enter a duration, for example 30m or 1h30m, or off.".to_owned()),
            },
            Kind::Choice(_) => match self.setting.typed(&text.into()) {
                Some(choice) => choice,
                None => return Err(self.choices()),
            },
            Kind::PerMethod => return self.for_methods(to, switch(text)?),
            Kind::Ids | Kind::Entries => return Err(format!("Change `{name}` in the console.")),
        };
        Ok(to.clone().having(name, value))
    }

    fn for_methods(self, to: &Values, on: bool) -> Verdict<Values> {
        let name = self.setting.name;
        let patch = match self.method {
            None => json!(on_or_off(on)),
            Some(method) if !to.ways(name).has(method) => {
                return Err(format!(
                    "The method `{}` is not turned on, so there is nothing to change.",
                    method.name()
                ));
            }
            Some(method) => json!({ method.name(): on_or_off(on) }),
        };
        Ok(to.with(&Named::from([(name.to_owned(), patch)])))
    }

    fn choices(self) -> String {
        let choices: &[Choice] = if let Kind::Choice(choices) = self.setting.kind { choices } else { &[] };
        let values: Vec<&str> = choices.iter().map(|choice| choice.value).collect();
        format!("Enter one of {}.", values.join(", "))
    }

    /// Of a revision's settings, those without what they say of this.
    fn taken_out(self, held: &Named) -> Named {
        let mut settings = held.clone();
        let whole = match (self.method, settings.get_mut(self.setting.name)) {
            (Some(method), Some(serde_json::Value::Object(methods))) => {
                methods.remove(method.name());
                methods.is_empty()
            }
            (method, _) => method.is_none(),
        };
        if whole {
            settings.remove(self.setting.name);
        }
        settings
    }
}

fn switch(text: &str) -> Verdict<bool> {
    let on = parse_switch(text).or_else(|| text.parse().ok());
    on.ok_or_else(|| "Enter on or off.".to_owned())
}

fn of_method(setting: &Setting, method: MethodId) -> String {
    format!("{}.{}", setting.name, method.name())
}

/// Names the setting that may be meant: one that is spelled alike, or the one that writes the key.
fn unknown(text: &str) -> String {
    let all = || SETTINGS.iter().filter(|setting| setting.is_scalar());
    let by_key = || {
        let writes = |setting: &&Setting| {
            MethodId::ALL.into_iter().any(|method| setting.key_of(method).as_deref() == Some(text))
        };
        all().find(writes)
    };
    let alike = || {
        let near = all().map(|setting| (distance(text, setting.name), setting)).min_by_key(|(far, _)| *far);
        // A third of the letters may be wrong.
        near.filter(|(far, setting)| far * 3 <= setting.name.len()).map(|(_, setting)| setting)
    };
    match by_key().or_else(alike) {
        Some(setting) => format!("There is no setting `{text}`. Did you mean `{}`?", setting.name),
        None => format!("There is no setting `{text}`. To see all settings, run `vestibule settings list`."),
    }
}

/// All settings with one value, in the order of the table; those with a value for each method as a line for each.
pub async fn lines(engine: &Engine) -> Result<Vec<Line>> {
    let config = engine.begin().config;
    let current = current(engine).await?;
    Ok(SETTINGS.iter().flat_map(|setting| of_setting(&config, &current, setting)).collect())
}

/// Those of one name.
pub async fn lines_of(engine: &Engine, target: Target) -> Result<Vec<Line>> {
    let mut lines = lines(engine).await?;
    lines.retain(|line| target.covers(line));
    Ok(lines)
}

fn of_setting(config: &Config, current: &Current, setting: &'static Setting) -> Vec<Line> {
    let provenance = current.provenance.get(setting.name);
    let line = |name: String, value: String, key: Option<String>, changed: bool, locked: Option<String>| {
        let source = match (&key, changed) {
            (Some(key), _) if config.variable(key).is_some() => config.written_in(key).unwrap_or_default(),
            (_, true) => match provenance.and_then(|provenance| provenance.changed.as_ref()) {
                Some((.., revision)) => format!("revision {revision}"),
                None => format!("revision {}", config.revision),
            },
            (Some(key), false) => config.written_in(key).unwrap_or_else(|| "default".to_owned()),
            (None, false) => "several settings".to_owned(),
        };
        let default = provenance.map(|Provenance { default, .. }| default.clone()).unwrap_or_default();
        Line { name, value, label: setting.label, default, key, source, locked, changed }
    };
    let held = config.named.get(setting.name);
    if let Writes::Group(group) = setting.writes {
        let value = group.of(&current.values).unwrap_or("mixed").to_owned();
        return vec![line(setting.name.to_owned(), value, None, false, None)];
    }
    let Some(value) = current.values.whole(setting.name) else { return Vec::new() };
    let ways = match value {
        SettingValue::PerMethod(ways) if !ways.is_empty() => ways,
        value @ (SettingValue::PerMethod(_)
        | SettingValue::Switch(_)
        | SettingValue::Number(_)
        | SettingValue::Duration(_)
        | SettingValue::Choice(_)) => {
            let value = match &value {
                SettingValue::PerMethod(_) => "-".to_owned(),
                SettingValue::Switch(on) => on_or_off(*on).to_owned(),
                SettingValue::Number(number) => number.to_string(),
                SettingValue::Duration(length) => length.map_or_else(|| UNSET.to_owned(), short),
                SettingValue::Choice(choice) => (*choice).to_owned(),
            };
            let locked = provenance.and_then(|provenance| provenance.locked.clone());
            return vec![line(setting.name.to_owned(), value, setting.key(), held.is_some(), locked)];
        }
    };
    let of_one = |(method, on): (MethodId, bool)| {
        let changed = held.is_some_and(|held| held.get(method.name()).is_some());
        let locked = current.method_locked(setting.name, method).map(str::to_owned);
        line(of_method(setting, method), on_or_off(on).to_owned(), setting.key_of(method), changed, locked)
    };
    ways.iter().map(of_one).collect()
}

/// Saves another value. When another operator or command has just saved settings, the change is applied to those.
pub async fn set(
    engine: &Engine,
    by: By,
    target: Target,
    text: &str,
    reason: &str,
) -> Result<Verdict<Saved>> {
    on_newest(engine, async |config| {
        let wanted = match target.applied(&values(&config), text) {
            Ok(wanted) => wanted,
            Err(sentence) => return Ok(Err(sentence)),
        };
        save(engine, by.clone(), config.revision, &wanted, reason).await.map(Ok)
    })
    .await
}

/// Changes the newest settings, and again when another operator or command saved settings meanwhile.
async fn on_newest(
    engine: &Engine,
    change: impl AsyncFn(Arc<Config>) -> Result<Verdict<Saved>>,
) -> Result<Verdict<Saved>> {
    let mut outcome = Err("No change was made.".to_owned());
    for _ in 0..TRIES {
        super::refresh(engine).await?;
        outcome = change(engine.begin().config).await?;
        if !matches!(outcome, Ok(Saved::Conflict { .. })) {
            break;
        }
    }
    Ok(outcome)
}

/// Saves settings without this one: what files and environment say of it applies.
pub async fn reset(engine: &Engine, by: By, target: Target, reason: &str) -> Result<Verdict<Saved>> {
    if matches!(target.setting.writes, Writes::Group(_)) {
        let name = target.setting.name;
        return Ok(Err(format!("`{name}` stands for several settings. Reset those.")));
    }
    let change = move |ground: &BaseRevision| -> std::result::Result<Change, Vec<FieldError>> {
        let settings = target.taken_out(&ground.held);
        let mut summary = Vec::new();
        if let Ok(next) = remap(&ground.config, ground.number + 1, &settings) {
            summary.extend(changes(&values(&ground.config), &values(&next)));
            summary.extend(words::at_sign_in(&ground.config, &next));
        }
        if summary.is_empty() {
            summary.push(format!("{}: reset to file settings", target.setting.label));
        }
        Ok(Change { settings, summary, secrets: Vec::new() })
    };
    on_newest(engine, async |config| {
        save_change(engine, by.clone(), config.revision, reason, change).await.map(Ok)
    })
    .await
}
