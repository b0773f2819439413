//! Single controls of a provider's form, each with its label and hint.

use super::edit::Edited;
use super::form::label;
use crate::console::kit::Frame;
use crate::console::kit::form::Form;
use crate::console::kit::text::{ago, name};
use engine::settings::social::{Kept, fields, secret_of};
use leptos::prelude::*;

/// The form, and what it is about.
pub(super) struct Controls<'a> {
    pub(super) form: Form<'a>,
    pub(super) edited: &'a Edited,
}

impl<'a> Controls<'a> {
    pub(super) fn of(edited: &'a Edited, frame: &'a Frame<'_>) -> Self {
        let editable = edited.read_only.is_none();
        Self { form: Form { fields: &edited.fields, problems: &frame.asks.problems, editable }, edited }
    }

    /// Whether this kind of provider has the field.
    pub(super) fn has(&self, name: &str) -> bool {
        fields(self.edited.draft.kind).contains(&name)
    }

    /// Something to look at in a disclosure that holds these fields: an error. What was typed unfolds it only where it is no error page.
    pub(super) fn opens(&self, names: &[&str]) -> bool {
        match self.form.problems.is_empty() {
            true => names.iter().any(|name| self.has(name) && !self.edited.draft.text(name).is_empty()),
            false => names.iter().any(|name| self.form.has_problem(name)),
        }
    }

    /// A line of text, where this kind has it.
    pub(super) fn line(&self, name: &'static str, hint: &str) -> Option<AnyView> {
        self.has(name).then(|| self.form.field(name, label(name).unwrap_or(name)).hint(hint).line())
    }

    pub(super) fn example(&self, name: &'static str, hint: &str, example: &'static str) -> Option<AnyView> {
        let field = || self.form.field(name, label(name).unwrap_or(name)).hint(hint).example(example);
        self.has(name).then(|| field().line())
    }

    pub(super) fn area(&self, name: &'static str, hint: &str, rows: u8) -> AnyView {
        self.form.field(name, label(name).unwrap_or(name)).hint(hint).area(rows)
    }

    pub(super) fn select(&self, name: &'static str, options: &[(&str, &str)]) -> Option<AnyView> {
        let options = || options.iter().map(|(value, words)| ((*value).to_owned(), (*words).to_owned()));
        self.has(name).then(|| self.form.field(name, label(name).unwrap_or(name)).select(options().collect()))
    }

    pub(super) fn check(&self, name: &'static str, effect: &str) -> AnyView {
        self.form.check(name, label(name).unwrap_or_default(), effect)
    }

    /// Never with a value: what is stored is shown as its fingerprint.
    pub(super) fn secret(&self, frame: &Frame<'_>) -> AnyView {
        let member = secret_of(self.edited.draft.kind);
        let stored = self.edited.entry.as_ref().map_or(Kept::Nothing, |entry| entry.secret.clone());
        let state = match stored {
            Kept::Nothing if self.edited.draft.kind.name == "generic" => {
                "Leave empty for a public client, which uses PKCE alone.".into_any()
            }
            Kept::Nothing => "Stored encrypted and never shown again.".into_any(),
            Kept::InFiles => "Defined in a file. Leave empty to keep it.".into_any(),
            Kept::Gone => "The secret is missing. Enter it again.".into_any(),
            Kept::Held(held) => {
                let used = match held.used_at {
                    Some(at) => view! { "last used "{ago(frame.now, at)} }.into_any(),
                    None => "never used".into_any(),
                };
                view! { {held.fingerprint}", set "{ago(frame.now, held.set_at)}" by "{name(held.set_by)}", "{used}". Leave empty to keep it." }
                    .into_any()
            }
        };
        let state = view! { <span data-testid="secret-state">{state}</span> }.into_any();
        let field = self.form.field(member, label(member).unwrap_or(member)).hint_view(state);
        // A private key has lines. What was entered is in no page, so its value is empty.
        if member == "apple_private_key" { field.area(5) } else { field.secret() }
    }
}
