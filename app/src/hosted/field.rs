//! One field of a form: label, input of the right type, hint and error messages.

use super::form::{self, Rules};
use engine::identity::decode;
use engine::ui::{Input, InputKind, Node, TextKind};
use leptos::prelude::*;
use serde_json::Value;

/// A value as text in a form.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => other.to_string(),
    }
}

/// The engine's label, or the last part of the name in readable form where a schema gives no title.
pub(super) fn label(node: &Node) -> String {
    if let Some(label) = &node.meta.label {
        return label.text.clone();
    }
    let last = node.id().rsplit('.').next().unwrap_or_default().replace(['_', '-'], " ");
    let mut letters = last.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

pub(super) fn is_new_password(node: &Node) -> bool {
    node.input().is_some_and(|input| {
        input.kind == InputKind::Password && input.autocomplete.as_deref() == Some("new-password")
    })
}

pub(super) fn hidden(node: &Node) -> AnyView {
    let Some(input) = node.input() else { return ().into_any() };
    // A password manager looks for the name that goes with a password, and not among hidden inputs.
    let names = input.name == "identifier";
    view! {
        <input
            type=if names { "text" } else { "hidden" }
            name=input.name.clone()
            value=input.value.as_ref().map(text)
            disabled=input.disabled
            autocomplete=names.then_some("username")
            readonly=names
            hidden=names
            data-testid=format!("node/input/{}", input.name)
        />
    }
    .into_any()
}

/// `signs_up`: the form has a new password, so its email is the username that a password manager stores with it.
pub(super) fn field(node: &Node, id: &str, signs_up: bool, rules: Rules) -> AnyView {
    let Some(input) = node.input() else { return ().into_any() };
    let hint = if is_new_password(node) {
        Some(rules.min_password_length)
            .filter(|shortest| *shortest > 1)
            .map(|shortest| format!("At least {shortest} characters."))
    } else {
        (input.name == "code").then(|| format!("{} digits.", engine::otp::DIGITS))
    };
    let messages = (!node.messages.is_empty()).then(|| {
        view! { <div id=format!("{id}-messages")>{form::messages_of(node)}</div> }
    });
    let described: Vec<_> = [(messages.is_some(), "messages"), (hint.is_some(), "hint")]
        .into_iter()
        .filter(|(there, _)| *there)
        .map(|(_, name)| format!("{id}-{name}"))
        .collect();
    let control = Control {
        node,
        input,
        id,
        wrong: node.messages.iter().any(|message| message.kind == TextKind::Error),
        described: (!described.is_empty()).then(|| described.join(" ")),
        signs_up,
    };
    let hint = hint.map(|hint| view! { <p class="hint" id=format!("{id}-hint")>{hint}</p> });
    if input.kind == InputKind::Checkbox {
        return view! { <div class="field">{control.checkbox()} {messages}</div> }.into_any();
    }
    let optional = (!input.required).then(|| view! { <span class="optional">"optional"</span> });
    let body = if input.options.is_empty() { control.input() } else { control.select() };
    view! {
        <div class="field">
            <label for=id.to_owned() id=format!("{id}-label")>{label(node)} " " {optional}</label>
            {hint}
            {body}
            {messages}
        </div>
    }
    .into_any()
}

struct Control<'a> {
    node: &'a Node,
    input: &'a Input,
    id: &'a str,
    wrong: bool,
    described: Option<String>,
    signs_up: bool,
}

impl Control<'_> {
    fn test_id(&self) -> String {
        format!("node/input/{}", self.input.name)
    }

    fn wrong(&self) -> Option<&'static str> {
        self.wrong.then_some("true")
    }

    /// The server checks a schema's `pattern`: HTML would anchor it, and a browser's "match the requested format" doesn't help users.
    fn input(&self) -> AnyView {
        let input = self.input;
        let mut values = values(input).into_iter();
        let machine =
            matches!(input.kind, InputKind::Email | InputKind::Url | InputKind::Tel | InputKind::Password)
                || matches!(self.autocomplete().as_deref(), Some(purpose) if purpose.starts_with("username"))
                || input.name == "identifier";
        // Never on a password: a browser would silently truncate a pasted one. Nor on a code, which is pasted with spaces.
        let truncates = input.kind == InputKind::Password || input.name == "code";
        let maxlength = input.maxlength.filter(|_| !truncates).map(|most| most.to_string());
        let first = view! {
            <input
                id=self.id.to_owned()
                type=html_type(input.kind)
                name=input.name.clone()
                value=values.next()
                required=input.required
                disabled=input.disabled
                autocomplete=self.autocomplete()
                inputmode=self.inputmode()
                step=(input.kind == InputKind::Number).then_some("any")
                maxlength=maxlength
                autocapitalize=machine.then_some("none")
                spellcheck=machine.then_some("false")
                aria-invalid=self.wrong()
                aria-describedby=self.described.clone()
                data-testid=self.test_id()
            />
        };
        // A list trait is one text field. Earlier entries are shown again, with one field per entry.
        let further: Vec<_> = values
            .map(|value| {
                view! {
                    <input
                        type=html_type(input.kind)
                        name=input.name.clone()
                        value=value
                        disabled=input.disabled
                        aria-labelledby=format!("{}-label", self.id)
                    />
                }
            })
            .collect();
        view! { {first} {further} }.into_any()
    }

    fn select(&self) -> AnyView {
        let chosen = values(self.input).into_iter().next();
        let options: Vec<_> = self
            .input
            .options
            .iter()
            .map(|option| {
                let value = text(&option.value);
                let selected = chosen.as_ref() == Some(&value);
                let shown = value.clone();
                view! { <option value=value selected=selected>{shown}</option> }
            })
            .collect();
        view! {
            <select
                id=self.id.to_owned()
                name=self.input.name.clone()
                required=self.input.required
                disabled=self.input.disabled
                autocomplete=self.autocomplete()
                aria-invalid=self.wrong()
                aria-describedby=self.described.clone()
                data-testid=self.test_id()
            >
                <option value="">"Choose"</option>
                {options}
            </select>
        }
        .into_any()
    }

    /// An unticked box sends nothing, so a hidden `false` precedes it; a later `true` overrides it. HTML's `required` would enforce a
    /// ticked box, but a schema's `required` only means that a value exists.
    fn checkbox(&self) -> AnyView {
        let ticked = matches!(self.input.value, Some(Value::Bool(true)))
            || self.input.value.as_ref().and_then(Value::as_str) == Some("true");
        view! {
            <input type="hidden" name=self.input.name.clone() value="false" disabled=self.input.disabled />
            <label class="tick" for=self.id.to_owned()>
                <input
                    id=self.id.to_owned()
                    type="checkbox"
                    name=self.input.name.clone()
                    value="true"
                    checked=ticked
                    disabled=self.input.disabled
                    aria-invalid=self.wrong()
                    aria-describedby=self.described.clone()
                    data-testid=self.test_id()
                />
                <span>{label(self.node)}</span>
            </label>
        }
        .into_any()
    }

    /// The engine's value, except for the email of a sign-up, which is the username for the new password. Without a value from the
    /// engine, the trait's name decides (WCAG 1.3.5).
    fn autocomplete(&self) -> Option<String> {
        let purpose = match (&self.input.autocomplete, self.input.name.as_str()) {
            (Some(purpose), _) if self.signs_up && purpose == "email" => "username",
            (Some(purpose), _) => purpose,
            (None, "identifier") => "username",
            (None, "code") => "one-time-code",
            (None, "email") => "email",
            (None, "traits.username") => "username",
            (None, "traits.name") => "name",
            (None, "traits.name.first" | "traits.first_name" | "traits.given_name") => "given-name",
            (None, "traits.name.last" | "traits.last_name" | "traits.family_name") => "family-name",
            (None, "traits.phone") => "tel",
            (None, "traits.nickname") => "nickname",
            (None, "traits.birthday" | "traits.birthdate") => "bday",
            (None, _) => return None,
        };
        Some(purpose.to_owned())
    }

    fn inputmode(&self) -> Option<&'static str> {
        if self.autocomplete().as_deref() == Some("one-time-code") {
            return Some("numeric");
        }
        match self.input.kind {
            InputKind::Email => Some("email"),
            InputKind::Tel => Some("tel"),
            InputKind::Url => Some("url"),
            InputKind::Number => Some("decimal"),
            InputKind::Text
            | InputKind::Password
            | InputKind::Checkbox
            | InputKind::Hidden
            | InputKind::Submit
            | InputKind::Button
            | InputKind::DatetimeLocal
            | InputKind::Date => None,
        }
    }
}

/// What the user entered, one field per entry; nothing for a password.
fn values(input: &Input) -> Vec<String> {
    match &input.value {
        // sabotage: password-in-a-page
        _ if input.kind == InputKind::Password => Vec::new(),
        None => Vec::new(),
        Some(Value::Array(entries)) => entries.iter().map(text).collect(),
        // HTML's date-time field has no time zone.
        Some(value) if input.kind == InputKind::DatetimeLocal => vec![decode::as_typed(&text(value))],
        Some(value) => vec![text(value)],
    }
}

fn html_type(kind: InputKind) -> &'static str {
    match kind {
        InputKind::Text => "text",
        InputKind::Password => "password",
        InputKind::Number => "number",
        InputKind::Checkbox => "checkbox",
        InputKind::Hidden => "hidden",
        InputKind::Email => "email",
        InputKind::Tel => "tel",
        InputKind::Submit => "submit",
        InputKind::Button => "button",
        InputKind::DatetimeLocal => "datetime-local",
        InputKind::Date => "date",
        InputKind::Url => "url",
    }
}
