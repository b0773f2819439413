//! What puts something into a form of settings: a fix, a preset, one press for all methods, somebody else's value, or what is saved.
//! None of it saves.

use super::form::{self, Read};
use super::{View, view};
use crate::console::kit::form::id;
use crate::console::kit::{Acted, Asks, Visit};
use engine::operators::Role;
use engine::settings::checks::{self, Fixed};
use engine::settings::presets::Preset;
use engine::settings::table::Writes;
use engine::settings::{self, Current, FieldError, PerMethod, SettingValue, Values, setting};

/// What became of a press.
#[derive(Default)]
struct Done {
    /// What to say of it.
    applied: Option<String>,
    focus: Option<String>,
    refused: bool,
}

pub(super) fn press(visit: &Visit, current: Current, mut read: Read, verb: &str, what: &str) -> Acted<View> {
    let done = match verb {
        "fix" => return Acted::Shown(fix(visit, current, read, what)),
        "theirs" | "revert" => put_back(&current, &mut read, what),
        "level" => level(&current, &mut read, what),
        "preset" => preset(&current, &mut read, what),
        _ => Done::default(),
    };
    let asks = Asks::problems(read.problems.clone());
    let mut view = view(visit, current, read);
    (view.applied, view.focus) = (done.applied, done.focus);
    if done.refused { Acted::Again(view, asks) } else { Acted::Shown(view) }
}

/// The way out of an issue, in the form. Pressed twice, the issue is gone and nothing happens.
pub(super) fn fix(visit: &Visit, current: Current, mut read: Read, id: &str) -> View {
    let fixed = match visit.operator.operator.role {
        Role::Viewer => {
            Fixed::Refused("You have read-only access. Ask an owner or editor to change settings.".to_owned())
        }
        Role::Owner | Role::Editor => checks::fix(&visit.engine.begin().config, &read.values, id),
    };
    if let Fixed::Unsaved(with_it) = &fixed {
        gives_way(&mut read, with_it);
    }
    let mut view = view(visit, current, read);
    view.fixed = Some(fixed);
    view
}

/// What was typed before gives way to what was put in.
fn gives_way(read: &mut Read, to: &Values) {
    for field in settings::differences(&read.values, to) {
        forget(read, field);
    }
    read.values = to.clone();
}

fn forget(read: &mut Read, field: &str) {
    read.typed.retain(|control, _| control.split('.').next() != Some(field));
    read.problems.retain(|problem| problem.field != field);
}

/// A setting as it is saved; a choice for several settings puts back those.
fn put_back(current: &Current, read: &mut Read, name: &str) -> Done {
    let covered = match setting(name).map(|row| row.writes) {
        Some(Writes::Group(group)) => group.covers(),
        _ => &[],
    };
    for name in covered.iter().copied().chain([name]) {
        if let Some(saved) = current.values.whole(name) {
            read.values.set(name, saved);
        }
        forget(read, name);
    }
    Done { focus: Some(id(name)), ..Done::default() }
}

/// All methods of a setting alike: on, and off where they all are on.
fn level(current: &Current, read: &mut Read, field: &str) -> Done {
    if let Some(SettingValue::PerMethod(ways)) = read.values.get(field) {
        let on = !ways.all_on();
        let leveled = ways.iter().map(|(method, was)| match current.method_locked(field, method) {
            Some(_) => (method, was),
            None => (method, on),
        });
        read.values.set(field, leveled.collect::<PerMethod>());
    }
    Done { focus: Some(id(field)), ..Done::default() }
}

fn preset(current: &Current, read: &mut Read, id: &str) -> Done {
    let Some(preset) = Preset::parse(id) else { return Done::default() };
    let changed = !preset.changes(&read.values).is_empty();
    let wanted = preset.applied(&read.values);
    if let Some((field, reason)) = current.refusal(&wanted) {
        let message =
            format!("Preset “{}” can’t be applied. {}: {reason}", preset.title, settings::label(field));
        read.problems.push(FieldError { field, message });
        return Done { refused: true, ..Done::default() };
    }
    gives_way(read, &wanted);
    let applied = match changed {
        true => format!("Preset “{}” applied. Review the changes, then save.", preset.title),
        false => format!("Preset “{}” is already applied.", preset.title),
    };
    Done { applied: Some(applied), focus: Some("applied".to_owned()), refused: false }
}

/// What is not saved yet, each with the name that takes it back and the page that it is on.
pub(super) fn unsaved(view: &View) -> Vec<(&'static str, String, Option<&'static str>)> {
    let (saved, values) = (&view.current.values, &view.values);
    let mut list: Vec<(&'static str, String, Option<&'static str>)> = Vec::new();
    for name in settings::differences(saved, values) {
        let Some(row) = setting(name) else { continue };
        let entry = match form::group_of(view.page, name) {
            Some(group) if list.iter().any(|(other, ..)| *other == group.name) => continue,
            Some(group) => {
                let chosen = settings::AfterSignUp::instead(values).map(|answer| answer.words().0);
                (group.name, format!("{}: {}", group.label, chosen.unwrap_or("differs by method")), None)
            }
            None => {
                let Some(sentence) = settings::change(saved, values, name) else { continue };
                let elsewhere = (!form::is_here(view.page, name)).then(|| row.section.page.about().title);
                (name, sentence, elsewhere)
            }
        };
        list.push(entry);
    }
    list
}
