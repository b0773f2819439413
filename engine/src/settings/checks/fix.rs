//! A fix that was pressed: it changes what is in the form, and nothing else.

use super::super::page::{locked, methods_locked, named, values};
use super::super::table::setting;
use super::super::values::on_or_off;
use super::checks;
use super::rule::Check;
use crate::config::load::remap;
use crate::config::{Config, Named};
use crate::model::MethodId;
use crate::requester::UnnamedProxies;
use crate::settings::{SettingValue, Values};
use serde_json::Value;

/// What became of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Fixed {
    /// What belongs into the form now; nothing of it is saved.
    Unsaved(Values),
    /// Nothing finds this any more: it was pressed twice, or somebody else has put it right.
    Gone,
    /// Why the console cannot, as a sentence.
    Refused(String),
}

/// Lays the fix of a finding over what is in the form. `unsaved`: the form as it is; what is in force, without one.
pub fn fix(config: &Config, unsaved: &Values, id: &str) -> Fixed {
    let settings = named(config, &config.named, unsaved);
    let Ok(would_be) = remap(config, config.revision, &settings) else {
        return Fixed::Refused("The form holds something that cannot be saved. Put that right first.".into());
    };
    let found: Vec<Check> =
        checks(&would_be, UnnamedProxies::default()).into_iter().filter(|check| check.id == id).collect();
    let Some(first) = found.first() else { return Fixed::Gone };
    let mut fixed = settings;
    let mut fixes = found.iter().filter_map(|check| check.fix.as_ref()).peekable();
    if fixes.peek().is_none() {
        return Fixed::Refused(format!("The console has no setting for {}: change it in a file.", first.key));
    }
    for fix in fixes {
        for (name, value) in &fix.settings {
            if let Some(reason) = refusal(config, name, value, unsaved) {
                return Fixed::Refused(reason);
            }
            lay_over(&mut fixed, name, value);
        }
    }
    match remap(config, config.revision, &fixed) {
        Ok(config) => Fixed::Unsaved(values(&config)),
        Err(problems) => Fixed::Refused(format!("The files do not allow it.\n{problems}")),
    }
}

/// Why it cannot be set here: all of it, or one of the ways that it would move.
fn refusal(config: &Config, name: &str, value: &Value, unsaved: &Values) -> Option<String> {
    let setting = setting(name)?;
    let one_way = || {
        let Some(SettingValue::PerMethod(ways)) = unsaved.whole(name) else { return None };
        let moved = |method| {
            value.get(MethodId::name(method)).is_some_and(|wanted| wanted != on_or_off(ways.is_on(method)))
        };
        methods_locked(config, setting, unsaved).into_iter().find(|(method, _)| moved(*method))
    };
    locked(config, setting, unsaved).or_else(|| one_way().map(|(_, reason)| reason))
}

/// Of a setting with methods only those that are named.
fn lay_over(settings: &mut Named, name: &str, value: &Value) {
    let held = settings.get(name).and_then(Value::as_object).cloned();
    let whole = match (held, value.as_object()) {
        (Some(mut held), Some(methods)) => {
            held.extend(methods.clone());
            held.into()
        }
        _ => value.clone(),
    };
    settings.insert(name.to_owned(), whole);
}
