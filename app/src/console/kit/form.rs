//! Controls of a form with label, hint and error, and what stands above a form that came back. It knows no form.

use super::super::fields::Fields;
use super::text::{in_text_area, sign, with_code};
use engine::settings::{Check, FieldError, Severity};
use leptos::prelude::*;

/// The field of every Save that holds its reason.
pub const REASON: &str = "reason";

/// `client_id` → `client-id`
pub fn id(name: &str) -> String {
    name.replace(['_', '.', ':'], "-")
}

/// The controls of one form: what was typed, what is wrong, and whether any of it can be changed.
pub struct Form<'a> {
    pub fields: &'a Fields,
    pub problems: &'a [FieldError],
    pub editable: bool,
}

/// One control.
pub struct Field<'a> {
    form: &'a Form<'a>,
    name: &'a str,
    label: &'a str,
    hint: Option<AnyView>,
    optional: bool,
    placeholder: &'static str,
    mode: Option<&'static str>,
    most: Option<u32>,
    readonly: bool,
    value: Option<String>,
}

impl Form<'_> {
    pub fn value(&self, name: &str) -> String {
        self.fields.get(name).cloned().unwrap_or_default()
    }

    pub fn is(&self, name: &str, value: &str) -> bool {
        self.fields.get(name).is_some_and(|typed| typed.trim() == value)
    }

    pub fn has_problem(&self, name: &str) -> bool {
        self.problems.iter().any(|problem| problem.field == name)
    }

    pub fn field<'a>(&'a self, name: &'a str, label: &'a str) -> Field<'a> {
        Field {
            form: self,
            name,
            label,
            hint: None,
            optional: false,
            placeholder: "",
            mode: None,
            most: None,
            readonly: false,
            value: None,
        }
    }

    pub fn problem(&self, name: &str) -> Option<AnyView> {
        let found = self.problems.iter().find(|problem| problem.field == name)?;
        Some(
            view! { <p class="bad" id=format!("{}-problem", id(name))>{with_code(&found.message)}</p> }
                .into_any(),
        )
    }

    pub fn invalid(&self, name: &str) -> Option<&'static str> {
        self.has_problem(name).then_some("true")
    }

    /// Ids of what describes a control.
    pub fn described(&self, name: &str, hinted: bool) -> Option<String> {
        let id = id(name);
        match (self.has_problem(name), hinted) {
            (true, true) => Some(format!("{id}-problem {id}-hint")),
            (true, false) => Some(format!("{id}-problem")),
            (false, true) => Some(format!("{id}-hint")),
            (false, false) => None,
        }
    }

    /// A choice among several, told apart by `name`.
    pub fn radio(&self, name: &str, value: &str, label: &'static str, about: &str) -> AnyView {
        let id = id(&format!("{name}-{value}"));
        let described = (!about.is_empty()).then(|| format!("{id}-hint"));
        view! {
            <div class="choice">
                <input type="radio" name=name.to_owned() id=id.clone() value=value.to_owned() checked=self.is(name, value) disabled=!self.editable aria-describedby=described.clone() />
                <label for=id>{label}</label>
                {described.map(|id| view! { <small id=id>{with_code(about)}</small> })}
            </div>
        }
        .into_any()
    }

    /// A box with its label behind it.
    pub fn check(&self, name: &str, label: &'static str, effect: &str) -> AnyView {
        let id = id(name);
        let described = self.described(name, !effect.is_empty());
        view! {
            <div class="field tick">
                <input id=id.clone() name=name.to_owned() type="checkbox" value="true" checked=self.is(name, "true") disabled=!self.editable aria-describedby=described />
                <label for=id.clone()>{label}</label>
                {(!effect.is_empty()).then(|| view! { <p class="hint" id=format!("{id}-hint")>{with_code(effect)}</p> })}
                {self.problem(name)}
            </div>
        }
        .into_any()
    }
}

impl Field<'_> {
    pub fn hint(mut self, hint: &str) -> Self {
        self.hint = (!hint.is_empty()).then(|| with_code(hint).into_any());
        self
    }

    pub fn hint_view(mut self, hint: AnyView) -> Self {
        self.hint = Some(hint);
        self
    }

    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    pub fn example(mut self, example: &'static str) -> Self {
        self.placeholder = example;
        self
    }

    /// The keyboard of a phone: `email`, `numeric`, `url`.
    pub fn mode(mut self, mode: &'static str) -> Self {
        self.mode = Some(mode);
        self
    }

    pub fn at_most(mut self, characters: u32) -> Self {
        self.most = Some(characters);
        self
    }

    pub fn readonly(mut self, readonly: bool) -> Self {
        self.readonly = readonly;
        self
    }

    /// Instead of what was typed under this name.
    pub fn value(mut self, value: String) -> Self {
        self.value = Some(value);
        self
    }

    fn typed(&self) -> String {
        self.value.clone().unwrap_or_else(|| self.form.value(self.name))
    }

    fn around(self, control: AnyView) -> AnyView {
        let id = id(self.name);
        let label = self.label.to_owned();
        let optional = self.optional.then(|| view! { " "<span class="soft">"(optional)"</span> });
        view! {
            <div class="field">
                <label for=id.clone()>{label}{optional}</label>
                {self.form.problem(self.name)}
                {control}
                {self.hint.map(|hint| view! { <p class="hint" id=format!("{id}-hint")>{hint}</p> })}
            </div>
        }
        .into_any()
    }

    pub fn line(self) -> AnyView {
        let placeholder = (!self.placeholder.is_empty()).then_some(self.placeholder);
        let control = view! {
            <input id=id(self.name) name=self.name.to_owned() type="text" inputmode=self.mode maxlength=self.most.map(|most| most.to_string()) value=self.typed() placeholder=placeholder
                autocomplete="off" autocapitalize="none" spellcheck="false" dir="auto" readonly=self.readonly disabled=!self.form.editable
                aria-describedby=self.form.described(self.name, self.hint.is_some()) aria-invalid=self.form.invalid(self.name) />
        };
        self.around(control.into_any())
    }

    /// Never with a value.
    pub fn secret(self) -> AnyView {
        let control = view! {
            <input id=id(self.name) name=self.name.to_owned() type="password" autocomplete="new-password" disabled=!self.form.editable
                aria-describedby=self.form.described(self.name, self.hint.is_some()) aria-invalid=self.form.invalid(self.name) />
        };
        self.around(control.into_any())
    }

    /// Several lines: code, or a key.
    pub fn area(self, rows: u8) -> AnyView {
        let placeholder = (!self.placeholder.is_empty()).then_some(self.placeholder);
        let control = view! {
            <textarea id=id(self.name) name=self.name.to_owned() rows=rows.to_string() placeholder=placeholder autocomplete="off" autocapitalize="none" spellcheck="false"
                disabled=!self.form.editable aria-describedby=self.form.described(self.name, self.hint.is_some()) aria-invalid=self.form.invalid(self.name)
                inner_html=in_text_area(&self.typed())></textarea>
        };
        self.around(control.into_any())
    }

    pub fn select(self, options: Vec<(String, String)>) -> AnyView {
        let chosen = self.typed();
        let control = view! {
            <select id=id(self.name) name=self.name.to_owned() disabled=!self.form.editable aria-describedby=self.form.described(self.name, self.hint.is_some()) aria-invalid=self.form.invalid(self.name)>
                {options.into_iter().map(|(value, words)| {
                    let selected = value == chosen.trim();
                    view! { <option value=value selected=selected>{words}</option> }
                }).collect_view()}
            </select>
        };
        self.around(control.into_any())
    }
}

/// All that is wrong, each with the way to its field.
pub fn summary(problems: &[FieldError]) -> Option<AnyView> {
    let title = match problems.len() {
        0 => return None,
        1 => "There is a problem".to_owned(),
        several => format!("There are {several} problems"),
    };
    let list = problems.iter().map(|problem| {
        view! { <li><a href=format!("#{}", id(problem.field))>{with_code(&problem.message)}</a></li> }
    });
    Some(
        view! {
            <div class="note danger" role="alert" id="problems" tabindex="-1" autofocus=true>
                {sign(Severity::Danger)}
                <div><b>{title}</b><ul>{list.collect_view()}</ul></div>
            </div>
        }
        .into_any(),
    )
}

/// What an action asks for before it is done, in one block next to its button.
pub struct Confirmation<'a> {
    /// What it would cause.
    pub dangers: &'a [Check],
    /// It was tried without; then the block says so, and takes the focus.
    pub asked: bool,
    pub reason: Option<Reason<'a>>,
    pub password: bool,
    /// Why the password that was entered does not do.
    pub wrong: Option<&'a str>,
}

pub struct Reason<'a> {
    pub typed: &'a str,
    pub required: bool,
}

pub fn confirmation(Confirmation { dangers, asked, reason, password, wrong }: Confirmation<'_>) -> AnyView {
    let invalid = wrong.map(|_| "true");
    let missing = reason.as_ref().is_some_and(|reason| reason.required && reason.typed.trim().is_empty());
    let title = match dangers.is_empty() {
        true => "Confirm it’s you",
        false => "Confirm this dangerous change",
    };
    let what = match (reason.as_ref().is_some_and(|reason| reason.required), password) {
        (true, true) => {
            "Enter your password and a reason. The change and the reason are recorded in the history."
        }
        (true, false) => "Enter a reason. The change and the reason are recorded in the history.",
        _ => "You signed in more than five minutes ago. Enter your password to continue.",
    };
    let fields = view! {
        {reason.map(|Reason { typed, required }| view! {
            <div class="field">
                <label for="reason">"Reason "<span class="soft">{if required { "(required)" } else { "(optional)" }}</span></label>
                <input id="reason" name="reason" type="text" maxlength="200" autocomplete="off" dir="auto" value=typed.to_owned()
                    aria-invalid=(asked && missing).then_some("true") autofocus=asked && missing />
            </div>
        })}
        {password.then(|| view! {
            <div class="field">
                <label for="confirm-password">"Your password"</label>
                {wrong.map(|wrong| view! { <p class="bad" id="confirm-wrong">{wrong.to_owned()}</p> })}
                <input id="confirm-password" name="password" type="password" autocomplete="current-password" aria-invalid=invalid
                    aria-describedby=if wrong.is_some() { "confirm-wrong confirm-hint" } else { "confirm-hint" } autofocus=asked && !missing />
                <p class="hint" id="confirm-hint">"Required because you signed in more than five minutes ago."</p>
            </div>
        })}
    };
    if !asked {
        return view! { <div class="confirm">{fields}</div> }.into_any();
    }
    let titles: Vec<AnyView> = dangers
        .iter()
        .map(|danger| view! { <li>{danger.title}": "{with_code(&danger.text)}</li> }.into_any())
        .collect();
    view! {
        <div class="confirm note danger" id="confirm" role="alert">
            {sign(Severity::Danger)}
            <div>
                <b>{title}</b>
                {(!titles.is_empty()).then(|| view! { <ul>{titles}</ul> })}
                <p>{what}</p>
                {fields}
            </div>
        </div>
    }
    .into_any()
}

/// What a Save will ask for, said before it is pressed.
pub fn asks(brings_about: &[Check]) -> Option<AnyView> {
    let worst = brings_about.iter().map(|check| check.severity).min()?;
    let titles: Vec<&str> = brings_about.iter().map(|check| check.title).collect();
    let (word, what) = match worst {
        Severity::Error => ("Error: ", "This can’t be saved."),
        Severity::Danger | Severity::Warning | Severity::Info => {
            ("Danger: ", "To save, you need the owner role, your password and a reason.")
        }
    };
    Some(view! { <span class="asks"><b>{word}</b>{titles.join(" · ")}". "{what}</span> }.into_any())
}
