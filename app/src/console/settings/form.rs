//! A form of settings as names and texts: what a browser sends, read into values, and what it would send for values. Names are those
//! of the settings; `NAME.METHOD` is one method of several, `NAME.count` and `NAME.unit` a duration. `also.NAME` is an unsaved value
//! of another page, as JSON: a preset or a fix can reach beyond its page.

mod base;
mod clash;

pub(super) use base::{made_from, revision, was};
pub(super) use clash::{Clash, on_top_of};

use crate::console::fields::{Fields, trimmed};
use engine::config::Named;
use engine::model::MethodId;
use engine::settings::names::{AFTER_SIGN_UP, SHOW_VERIFICATION_PAGE, SIGN_IN_AFTER_SOCIAL};
use engine::settings::table::{Page, Writes, on_page};
use engine::settings::{
    AfterSignUp, Current, FieldError, PerMethod, Setting, SettingValue, Values, differences, in_units, label,
    parse_span, setting,
};
use std::time::Duration;

const ALSO: &str = "also.";

/// Seconds and name of the units that a length of time is given in.
pub(super) const UNITS: [(u64, &str); 4] =
    [(60, "minutes"), (3600, "hours"), (86_400, "days"), (1, "seconds")];

/// What stands in the fields for a length of time that nobody has chosen yet.
const SUGGESTED: Duration = Duration::from_secs(30 * 60);

/// Whether a page has a control for a setting: its own row, or a choice that stands for it.
pub(super) fn is_here(page: Page, name: &str) -> bool {
    on_page(page).any(|row| {
        row.name == name || matches!(row.writes, Writes::Group(group) if group.covers().contains(&name))
    })
}

/// The choice of a page that stands for a setting.
pub(super) fn group_of(page: Page, name: &str) -> Option<&'static Setting> {
    on_page(page).find(|row| matches!(row.writes, Writes::Group(group) if group.covers().contains(&name)))
}

/// Whether the choice of what happens to users who are not signed in cannot be used.
pub(super) fn is_fixed(current: &Current) -> bool {
    current.is_locked(SHOW_VERIFICATION_PAGE) || current.values.ways(SHOW_VERIFICATION_PAGE).is_empty()
}

/// What was sent, read.
pub(super) struct Read {
    pub(super) values: Values,
    /// Numbers as typed, also when they are none; by the name of the control.
    pub(super) typed: Fields,
    pub(super) problems: Vec<FieldError>,
}

/// The name of the control of one way. With one way alone it is the field's.
pub(super) fn way_name(field: &str, ways: &PerMethod, method: MethodId) -> String {
    if ways.len() == 1 { field.to_owned() } else { format!("{field}.{}", method.name()) }
}

/// The two texts for a length of time: how many, and seconds of one.
pub(super) fn span_texts(span: Option<Duration>) -> (String, String) {
    let (count, unit) = in_units(span.unwrap_or(SUGGESTED));
    (count.to_string(), unit.to_string())
}

/// Typed values. What the page does not offer sends nothing and keeps what is in force, and so does what is locked; a page of before
/// it was locked may still ask for something else, and is told why nothing comes of it.
pub(super) fn read(page: Page, current: &Current, sent: &Fields) -> Read {
    let mut read = Read { values: current.values.clone(), typed: Fields::new(), problems: Vec::new() };
    let has = |name: &str| sent.get(name).is_some_and(|value| value == "true");
    // It says which ways the switch above it is for.
    if is_here(page, SIGN_IN_AFTER_SOCIAL)
        && current.offered.contains(SIGN_IN_AFTER_SOCIAL)
        && !current.is_locked(SIGN_IN_AFTER_SOCIAL)
    {
        read.values.set(SIGN_IN_AFTER_SOCIAL, has(SIGN_IN_AFTER_SOCIAL));
    }
    for Setting { name, .. } in on_page(page) {
        let name = *name;
        if !current.offered.contains(name) {
            continue;
        }
        if let Some(reason) = current.provenance.get(name).and_then(|provenance| provenance.locked.clone()) {
            if asks_for_another(current, sent, name) {
                read.problems.push(FieldError { field: name, message: reason });
            }
            continue;
        }
        let value = match read.values.get(name) {
            Some(SettingValue::Switch(_)) => has(name).into(),
            Some(SettingValue::PerMethod(ways)) => {
                let switched = ways.iter().map(|(method, on)| match current.method_locked(name, method) {
                    Some(_) => (method, on),
                    // The page may have been made when there was another number of ways.
                    None => (method, has(name) || has(&format!("{name}.{}", method.name()))),
                });
                SettingValue::PerMethod(switched.collect())
            }
            Some(SettingValue::Number(saved)) => {
                read.typed.insert(name.to_owned(), sent.get(name).cloned().unwrap_or_default());
                match trimmed(sent, name).parse() {
                    Ok(number) => SettingValue::Number(number),
                    Err(_) => {
                        let message = "Enter a whole number, for example 12.".to_owned();
                        read.problems.push(FieldError { field: name, message });
                        SettingValue::Number(saved)
                    }
                }
            }
            Some(SettingValue::Duration(saved)) => {
                let (count, unit) = (format!("{name}.count"), format!("{name}.unit"));
                for control in [&count, &unit] {
                    if let Some(typed) = sent.get(control) {
                        read.typed.insert(control.clone(), typed.clone());
                    }
                }
                match (has(name), span(trimmed(sent, &count), trimmed(sent, &unit))) {
                    (false, _) => SettingValue::Duration(None),
                    (true, Some(span)) => SettingValue::Duration(Some(span)),
                    (true, None) => {
                        let message = "Enter a whole number above 0, for example 30.".to_owned();
                        read.problems.push(FieldError { field: name, message });
                        SettingValue::Duration(saved)
                    }
                }
            }
            Some(SettingValue::Choice(_)) => {
                // What is none of its choices changes nothing.
                let chosen = sent.get(name).map(|chosen| (name.to_owned(), chosen.as_str().into()));
                read.values = read.values.with(&chosen.into_iter().collect::<Named>());
                continue;
            }
            // A choice for several settings: see `answered`.
            None => continue,
        };
        read.values.set(name, value);
    }
    if is_here(page, AFTER_SIGN_UP) {
        answered(current, sent, &mut read);
    }
    of_other_pages(page, current, sent, &mut read);
    read
}

/// Unsaved values of other pages.
fn of_other_pages(page: Page, current: &Current, sent: &Fields, read: &mut Read) {
    for (name, value) in sent.iter().filter_map(|(name, value)| Some((name.strip_prefix(ALSO)?, value))) {
        let Some(row) = setting(name).filter(|row| row.section.page.is_form() && !is_here(page, row.name))
        else {
            continue;
        };
        let Ok(value) = serde_json::from_str(value) else { continue };
        let wanted = read.values.with(&Named::from([(name.to_owned(), value)]));
        match current.refusal(&wanted).filter(|(field, _)| *field == row.name) {
            Some((field, reason)) => {
                read.problems.push(FieldError { field, message: format!("{}: {reason}", label(field)) });
            }
            None => read.values = wanted,
        }
    }
}

/// Fields that keep the unsaved values of other pages in the form of this one.
pub(super) fn also(page: Page, current: &Current, values: &Values) -> Vec<(String, String)> {
    let others = differences(&current.values, values).into_iter().filter(|name| !is_here(page, name));
    let field = |name: &str| Some((format!("{ALSO}{name}"), values.whole(name)?.stored().to_string()));
    others.filter_map(field).collect()
}

/// Whether a field that is locked was sent with another value than is in force. What is off sends nothing, as a locked one does.
fn asks_for_another(current: &Current, sent: &Fields, name: &str) -> bool {
    let has = |name: &str| sent.get(name).is_some_and(|value| value == "true");
    match current.values.get(name) {
        Some(SettingValue::Switch(on)) => has(name) && !on,
        Some(SettingValue::PerMethod(ways)) => {
            let asked = |method: MethodId| has(name) || has(&format!("{name}.{}", method.name()));
            ways.iter().any(|(method, on)| asked(method) && !on)
        }
        Some(SettingValue::Number(saved)) => {
            sent.contains_key(name) && trimmed(sent, name).parse() != Ok(saved)
        }
        Some(SettingValue::Duration(saved)) => {
            let (count, unit) = (format!("{name}.count"), format!("{name}.unit"));
            has(name) && span(trimmed(sent, &count), trimmed(sent, &unit)) != saved
        }
        Some(SettingValue::Choice(saved)) => sent.get(name).is_some_and(|chosen| chosen != saved),
        None => false,
    }
}

/// A number of units, or a length as files have it: `1h30m`.
fn span(count: &str, unit: &str) -> Option<Duration> {
    let span = match count.parse::<u64>() {
        Ok(count) => Duration::from_secs(count.checked_mul(unit.parse().ok()?)?),
        Err(_) => parse_span(count)?,
    };
    (span.as_secs() > 0 && span <= Duration::from_secs(u32::MAX.into())).then_some(span)
}

/// What was chosen for users who are not signed in, as the settings that it stands for.
fn answered(current: &Current, sent: &Fields, read: &mut Read) {
    let Some(chosen) = sent.get(AFTER_SIGN_UP).filter(|_| !is_fixed(current)) else { return };
    let problem = |message: String| FieldError { field: AFTER_SIGN_UP, message };
    let Some(answer) = AfterSignUp::INSTEAD.into_iter().find(|answer| answer.name() == chosen) else {
        read.problems.push(problem("Choose one of the options.".to_owned()));
        return;
    };
    if AfterSignUp::instead(&read.values) == Some(answer) {
        return;
    }
    let wanted = read.values.with(&answer.instead_settings());
    match current.refusal(&wanted) {
        Some((field, reason)) if is_covered(field) => {
            read.problems.push(problem(format!("{}: {reason}", label(field))));
        }
        _ => read.values = wanted,
    }
}

fn is_covered(name: &str) -> bool {
    group_of(Page::Authentication, name).is_some()
}

#[cfg(test)]
mod tests;
