//! Rows of a settings page: label and control on one line, one sentence of effect, what can happen now, the small print.

use super::View;
use super::form::{UNITS, span_texts, way_name};
use crate::console::kit::form::id as html_id;
use crate::console::kit::text::{ago, breakable, name as person, noted, sign};
use crate::console::nav;
use chrono::{DateTime, Utc};
use engine::settings::table::{Choice, Kind};
use engine::settings::{Check, PerMethod, Setting, SettingValue, Severity, way};
use leptos::prelude::*;
use std::time::Duration;

/// What every row needs to know.
pub(super) struct Rows<'a> {
    pub(super) view: &'a View,
    /// Settings that differ from what is saved.
    pub(super) unsaved: Vec<&'static str>,
    pub(super) editable: bool,
    pub(super) now: DateTime<Utc>,
}

impl Rows<'_> {
    /// The row of a setting, with something beside its sentence. Nothing where what it changes is not there yet.
    pub(super) fn row(&self, setting: &'static Setting, beside: AnyView) -> AnyView {
        let value = self.view.values.get(setting.name).filter(|_| self.is_offered(setting.name));
        match value {
            Some(SettingValue::Switch(on)) => self.one_switch(setting, on, beside),
            Some(SettingValue::PerMethod(ways)) => self.ways(setting, &ways, beside),
            Some(SettingValue::Number(number)) => self.number(setting, number, beside),
            Some(SettingValue::Duration(length)) => self.length(setting, length, beside),
            Some(SettingValue::Choice(chosen)) => self.choice(setting, chosen, beside),
            None => ().into_any(),
        }
    }

    /// One of several.
    fn choice(&self, setting: &'static Setting, chosen: &'static str, beside: AnyView) -> AnyView {
        let Setting { name: field, label, .. } = *setting;
        let choices: &[Choice] = if let Kind::Choice(choices) = setting.kind { choices } else { &[] };
        let (group, locked) = (html_id(field), self.locked(field));
        let disabled = !self.editable || locked.is_some();
        let title = format!("{group}-title");
        view! {
            <div class="row choices" role="radiogroup" id=group aria-labelledby=title.clone()>
                <b id=title.clone()>{label}</b>
                <p>{setting.text.sentences()}</p>
                {beside}
                {choices.iter().map(|choice| {
                    let control = html_id(&format!("{field}-{}", choice.value));
                    let about = (!choice.text.is_empty()).then(|| format!("{control}-effect"));
                    view! {
                        <div class="choice">
                            <input type="radio" name=field id=control.clone() value=choice.value checked=choice.value == chosen disabled=disabled aria-describedby=about.clone() />
                            <label for=control>{choice.label}</label>
                            {about.map(|about| view! { <small id=about>{choice.text}</small> })}
                        </div>
                    }
                }).collect_view()}
                {self.around(field, locked)}
            </div>
        }
        .into_any()
    }

    fn one_switch(&self, setting: &'static Setting, on: bool, beside: AnyView) -> AnyView {
        let Setting { name: field, label, .. } = *setting;
        let id = html_id(field);
        let described = format!("{id}-effect");
        let locked = self.locked(field);
        // Without a way there is nothing that it could do.
        let moot =
            matches!(self.view.values.get(field), Some(SettingValue::PerMethod(ways)) if ways.is_empty());
        view! {
            <div class="row">
                <label for=id.clone()>{label}</label>
                <span class="state">
                    <input class="switch" id=id.clone() name=field type="checkbox" role="switch" value="true" checked=on
                        disabled=!self.editable || locked.is_some() || moot aria-describedby=described.clone() autofocus=self.focused(&id) />
                </span>
                <p id=described>{setting.text.sentences()}</p>
                {beside}
                {self.around(field, locked)}
            </div>
        }
        .into_any()
    }

    /// A switch for each enabled way to sign up, or to sign in, with one above that levels them. With one way alone it is just a switch.
    fn ways(&self, setting: &'static Setting, ways: &PerMethod, beside: AnyView) -> AnyView {
        let Setting { name: field, label, .. } = *setting;
        if ways.len() < 2 {
            return self.one_switch(setting, ways.all_on(), beside);
        }
        let id = html_id(field);
        let described = format!("{id}-effect");
        let locked = self.locked(field);
        let open = self.unsaved.contains(&field) || !(ways.all_on() || ways.all_off());
        view! {
            <div class="row">
                <label for=id.clone()>{label}</label>
                <span class="state told" id=format!("{id}-state") data-part="">{self.master(field, ways, &described, locked.is_some())}</span>
                <p id=described>{setting.text.sentences()}</p>
                {beside}
                <details class="each" id=format!("{id}-each") open=open>
                    <summary>"Customize per method"</summary>
                    <ul>{ways.iter().map(|(method, on)| {
                        let name = way_name(field, ways, method);
                        let control = html_id(&name);
                        let locked = self.view.current.method_locked(field, method).map(str::to_owned);
                        view! {
                            <li>
                                <label for=control.clone()>{way(method)}<span class="unseen">{format!(": {label}")}</span></label>
                                <span class="state"><input class="switch" id=control name=name type="checkbox" role="switch" value="true" checked=on disabled=!self.editable || locked.is_some() /></span>
                                {locked.map(|reason| view! { <small>{reason}</small> })}
                            </li>
                        }
                    }).collect_view()}</ul>
                </details>
                {self.around(field, locked)}
            </div>
        }
        .into_any()
    }

    /// A box cannot say "some" without a script; a button can, and sends the form.
    fn master(&self, field: &'static str, ways: &PerMethod, described: &str, locked: bool) -> AnyView {
        let checked = match (ways.all_on(), ways.all_off()) {
            (true, _) => "true",
            (_, true) => "false",
            _ => "mixed",
        };
        let mut words = ways.words();
        words.replace_range(..1, "O");
        let id = html_id(field);
        view! {
            <span>{words}</span>
            <button class="switch" id=id.clone() type="submit" name="action" value=format!("level:{field}") role="checkbox" aria-checked=checked
                formnovalidate=true disabled=!self.editable || locked aria-describedby=described.to_owned() autofocus=self.focused(&id)></button>
        }
        .into_any()
    }

    fn number(&self, setting: &'static Setting, number: u32, beside: AnyView) -> AnyView {
        let Setting { name: field, label, .. } = *setting;
        let (least, most) = setting.bounds();
        let value = self.view.typed.get(field).cloned().unwrap_or_else(|| number.to_string());
        let id = html_id(field);
        let problem = self.problem(field);
        let described = match problem {
            Some(_) => format!("{id}-problem {id}-effect"),
            None => format!("{id}-effect"),
        };
        let locked = self.locked(field);
        view! {
            <div class="row">
                <label for=id.clone()>{label}</label>
                <span class="state">
                    <input class="number" id=id.clone() name=field type="number" inputmode="numeric" min=least max=most required=true value=value
                        disabled=!self.editable || locked.is_some() aria-describedby=described
                        aria-invalid=problem.as_ref().map(|_| "true") autofocus=self.focused(&id) />
                </span>
                <p id=format!("{id}-effect")>{setting.text.sentences()}</p>
                {beside}
                {problem.map(|problem| view! { <p class="bad" id=format!("{id}-problem")>{problem}</p> })}
                {self.around(field, locked)}
            </div>
        }
        .into_any()
    }

    /// A length of time that may be none: a switch, and beside it how long.
    fn length(&self, setting: &'static Setting, span: Option<Duration>, beside: AnyView) -> AnyView {
        let Setting { name: field, label, .. } = *setting;
        let (count_name, unit_name) = (format!("{field}.count"), format!("{field}.unit"));
        let (count, unit) = span_texts(span);
        let count = self.view.typed.get(&count_name).cloned().unwrap_or(count);
        let unit = self.view.typed.get(&unit_name).cloned().unwrap_or(unit);
        let problem = self.problem(field);
        // A box that was ticked with an impossible length stays ticked.
        let on = span.is_some() || problem.is_some();
        let id = html_id(field);
        let locked = self.locked(field);
        let disabled = !self.editable || locked.is_some();
        let described = match problem {
            Some(_) => format!("{id}-problem {id}-effect"),
            None => format!("{id}-effect"),
        };
        view! {
            <div class="row">
                <label for=id.clone()>{label}</label>
                <span class="state">
                    <input class="switch" id=id.clone() name=field type="checkbox" role="switch" value="true" checked=on disabled=disabled
                        aria-describedby=format!("{id}-effect") autofocus=self.focused(&id) />
                </span>
                <p id=format!("{id}-effect")>{setting.text.sentences()}</p>
                {beside}
                <div class="span">
                    <label for=html_id(&count_name)>"Duration"</label>
                    <input class="number" id=html_id(&count_name) name=count_name type="text" inputmode="numeric" autocomplete="off" maxlength="12" value=count
                        disabled=disabled aria-describedby=described aria-invalid=problem.as_ref().map(|_| "true") />
                    <select id=html_id(&unit_name) name=unit_name aria-label="Unit" disabled=disabled>
                        {UNITS.into_iter().map(|(seconds, name)| {
                            let value = seconds.to_string();
                            let selected = value == unit;
                            view! { <option value=value selected=selected>{name}</option> }
                        }).collect_view()}
                    </select>
                </div>
                {problem.map(|problem| view! { <p class="bad" id=format!("{id}-problem")>{problem}</p> })}
                {self.around(field, locked)}
            </div>
        }
        .into_any()
    }

    fn is_offered(&self, field: &str) -> bool {
        self.view.current.offered.contains(field)
    }

    fn focused(&self, id: &str) -> bool {
        self.view.focus.as_deref() == Some(id)
    }

    pub(super) fn problem(&self, field: &str) -> Option<String> {
        self.view
            .problems
            .iter()
            .find(|problem| problem.field == field)
            .map(|problem| problem.message.clone())
    }

    fn locked(&self, field: &str) -> Option<String> {
        self.view.current.provenance.get(field).and_then(|provenance| provenance.locked.clone())
    }

    /// Warnings that react to the unsaved state, then the small print.
    fn around(&self, field: &'static str, locked: Option<String>) -> AnyView {
        let provenance = self.view.current.provenance.get(field);
        let changed = provenance.and_then(|provenance| provenance.changed.clone()).map(|(by, at, revision)| {
            let link = format!("{}/{revision}", nav::HISTORY.path);
            view! { <div><dt>"Last change"</dt><dd>{person(by)}", "{ago(self.now, at)}" · "<a href=link>{format!("Revision {revision}")}</a></dd></div> }
        });
        let more = provenance.map(|provenance| {
            view! {
                <details class="more" id=format!("{}-more", html_id(field))>
                    <summary>"Details"</summary>
                    <dl class="facts">
                        <div><dt>"Default"</dt><dd>{provenance.default.clone()}</dd></div>
                        {changed}
                        <div><dt>"Key"</dt><dd><code>{breakable(&provenance.key)}</code></dd></div>
                    </dl>
                </details>
            }
        });
        view! {
            {self.warnings(&[field])}
            {locked.map(|reason| view! { <div class="note info">{sign(Severity::Info)}<span><b>"Locked"</b>{reason}</span></div> })}
            {more}
        }
        .into_any()
    }

    /// What can happen now, next to the settings that it is about.
    pub(super) fn warnings(&self, about: &[&'static str]) -> AnyView {
        let warnings = self.view.preview.warnings.iter();
        let here = warnings.filter(|warning| warning.at.is_some_and(|at| about.contains(&at)));
        let part = format!("warnings-{}", about.first().map(|field| html_id(field)).unwrap_or_default());
        view! {
            <div class="warnings" id=part data-part="" aria-live="polite">
                {about.iter().any(|field| self.unsaved.contains(field)).then(|| view! { <span class="unsaved">"Unsaved"</span> })}
                {here.map(|warning| self.warning(warning)).collect_view()}
            </div>
        }
        .into_any()
    }

    /// With the way out, for those who may take it.
    fn warning(&self, warning: &Check) -> AnyView {
        let button = warning.fix.as_ref().filter(|_| self.editable).map(|fix| {
            let action = format!("fix:{}", warning.id);
            view! { <button class="button small" type="submit" name="action" value=action formnovalidate=true>{fix.label.clone()}</button> }
        });
        noted(warning.severity, warning.title, &warning.text, button.into_any())
    }
}
