//! The console's layer: named settings mapped onto whatever the files say today. Pure, and the only place that writes what a
//! setting says into a document. Which settings there are, and what each writes, is in [`super::console_table`].

use super::allowed_hosts;
use super::console_hooks;
use super::console_lists::{After, is_there_to_use};
use super::console_social;
use super::console_table::{Kind, Setting, Writes, setting};
use super::layers::{remove, set};
use crate::model::MethodId;
use serde_json::Value;
use std::collections::BTreeMap;

pub use super::console_lists::{Lists, REGISTERING, SESSION, SIGNING_IN};
pub use super::document::Named;

/// What a revision says for "no length of its own".
pub const UNSET: &str = "off";

/// The list of the whole sign-in, which applies to methods without their own.
pub const SIGN_IN_HOOKS: &str = "selfservice.flows.login.after.hooks";

/// The document with the settings in it, and what cannot be mapped: name and what is wrong.
/// A place of the document that has the wrong type is left alone, so that the check can report it.
pub fn apply(document: &Value, named: &Named) -> (Value, Vec<(String, String)>) {
    let mut document = document.clone();
    let mut wrong = Vec::new();
    let rows: Vec<(&String, &Value, Option<&Setting>)> =
        named.iter().map(|(name, value)| (name, value, setting(name))).collect();
    let on_lists = |row: Option<&Setting>| {
        row.is_some_and(|row| matches!(row.writes, Writes::HookLists(..) | Writes::WebHooks))
    };
    // Which methods there are decides what lists of hooks say.
    let (lists, keys): (Vec<_>, Vec<_>) = rows.into_iter().partition(|(.., row)| on_lists(*row));
    for (name, value, row) in keys.into_iter().chain(lists) {
        let mapped = match row {
            Some(row) => write(&mut document, row, value),
            None => Err("this version knows no such setting".to_owned()),
        };
        wrong.extend(mapped.err().map(|what| (name.clone(), what)));
    }
    (document, wrong)
}

fn write(document: &mut Value, row: &Setting, value: &Value) -> Result<(), String> {
    match row.writes {
        Writes::Key(key) => match stored(row.kind, value)? {
            Some(value) => set(document, key, value),
            None => remove(document, key),
        },
        Writes::HookLists(hook, lists) => return per_method(document, value, hook, lists),
        Writes::Providers => return console_social::lay_over(document, value),
        Writes::WebHooks => return console_hooks::put_in(document, value),
        Writes::Hosts => return allowed_hosts::add(document, value),
        Writes::Group(_) => return Err("it stands for other settings and has no value of its own".to_owned()),
    }
    Ok(())
}

/// What a key gets for a value of a revision; `None`: nothing.
fn stored(kind: Kind, value: &Value) -> Result<Option<Value>, String> {
    let wrong = |what: &str| Err(what.to_owned());
    let are_texts = || value.as_array().is_some_and(|list| list.iter().all(Value::is_string));
    match kind {
        Kind::Switch if !value.is_boolean() => wrong("the value is neither true nor false"),
        Kind::Number if !value.is_u64() => wrong("the value is not a whole number"),
        Kind::Duration { .. } if value == UNSET => Ok(None),
        Kind::Duration { .. } if !value.is_string() => {
            wrong("the value is neither a length of time nor `off`")
        }
        Kind::Choice(choices) if !choices.iter().any(|choice| value == choice.value) => {
            let values: Vec<String> = choices.iter().map(|choice| format!("`{}`", choice.value)).collect();
            Err(format!("the value is none of {}", values.join(", ")))
        }
        Kind::Ids if !are_texts() => wrong("the value is no list of ids"),
        Kind::PerMethod | Kind::Entries => wrong("the value is not for one key"),
        Kind::Switch | Kind::Number | Kind::Duration { .. } | Kind::Choice(_) | Kind::Ids => {
            Ok(Some(value.clone()))
        }
    }
}

/// For each method that is named; the others keep what they have, also where the list that they share changes.
fn per_method(document: &mut Value, value: &Value, hook: &str, lists: Lists) -> Result<(), String> {
    let methods = value.as_object().ok_or("the value is not a set of methods")?;
    let mut wanted: BTreeMap<MethodId, bool> = BTreeMap::new();
    for (name, switch) in methods {
        let method = lists.methods().iter().find(|method| method.name() == name);
        let method = method.ok_or_else(|| match lists {
            Lists::SignUp => format!("users can’t sign up with `{name}`"),
            Lists::SignIn => format!("users can’t sign in with `{name}`"),
        })?;
        wanted.insert(*method, is_on_for(name, switch)?);
    }
    match lists {
        Lists::SignUp => {
            for (method, on) in wanted {
                match on {
                    true => lists.of(method.name()).switch_on(document, hook),
                    false => lists.of(method.name()).switch_off(document, hook),
                }
            }
        }
        Lists::SignIn => ask(document, hook, &wanted),
    }
    Ok(())
}

fn is_on_for(name: &str, switch: &Value) -> Result<bool, String> {
    match switch.as_str() {
        Some("on") => Ok(true),
        Some("off") => Ok(false),
        _ => Err(format!("`{name}` is neither `on` nor `off`")),
    }
}

/// Puts the hook into the method's own list after sign-up, as a switch of the console does.
pub(super) fn switch_on(document: &mut Value, method: &str, hook: &str) {
    Lists::SignUp.of(method).switch_on(document, hook);
}

/// Lists of methods that are off stay as they are: settings are mapped anew once the files switch one on.
fn ask(document: &mut Value, hook: &str, wanted: &BTreeMap<MethodId, bool>) {
    let there: Vec<MethodId> =
        SIGNING_IN.iter().copied().filter(|method| is_there_to_use(document, *method)).collect();
    let list = |method: &MethodId| Lists::SignIn.of(method.name());
    for method in &there {
        let Some(on) = wanted.get(method) else { continue };
        let others: Vec<After<'_>> =
            there.iter().filter(|other| wanted.get(other) != Some(on)).map(list).collect();
        match on {
            true => list(method).ask(document, hook, &others),
            false => list(method).silence(document, hook, &others),
        }
    }
}

#[cfg(test)]
mod tests;
