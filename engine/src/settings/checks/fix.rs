//! A fix that was pressed: it changes what is in the form, and nothing else.

use super::super::page::{locked, named, values};
use super::{Check, checks};
use crate::config::load::remap;
use crate::config::{Config, Named};
use crate::settings::Authentication;

/// What became of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Fixed {
    /// What belongs into the form now; nothing of it is saved.
    Unsaved(Authentication),
    /// Nothing finds this any more: it was pressed twice, or somebody else has put it right.
    Gone,
    /// Why the console cannot, as a sentence.
    Refused(String),
}

/// Lays the fix of a finding over what is in the form. `unsaved`: the form as it is; what is in force, without one.
pub fn fix(config: &Config, unsaved: &Authentication, id: &str) -> Fixed {
    let settings = named(config, &config.named, unsaved);
    let Ok(would_be) = remap(config, config.revision, &settings) else {
        return Fixed::Refused("The form holds something that cannot be saved. Put that right first.".into());
    };
    let found: Vec<Check> = checks(&would_be, false).into_iter().filter(|check| check.id == id).collect();
    let Some(first) = found.first() else { return Fixed::Gone };
    let mut fixed = settings;
    let mut fixes = found.iter().filter_map(|check| check.fix.as_ref()).peekable();
    if fixes.peek().is_none() {
        return Fixed::Refused(format!("The console has no setting for {}: change it in a file.", first.key));
    }
    for fix in fixes {
        for (name, value) in &fix.settings {
            if let Some(reason) = locked(config, name, unsaved) {
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

/// Of a setting with methods only those that are named.
fn lay_over(settings: &mut Named, name: &str, value: &serde_json::Value) {
    match (settings.get_mut(name).and_then(|held| held.as_object_mut()), value.as_object()) {
        (Some(held), Some(methods)) => held.extend(methods.clone()),
        _ => {
            settings.insert(name.to_owned(), value.clone());
        }
    }
}
