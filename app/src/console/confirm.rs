//! Showing once more who one is, in the form that asks for it: nothing that was typed is lost over it.

use super::kit::text::sign;
use engine::Engine;
use engine::operators::{self, FRESH, OperatorSession};
use engine::settings::{Check, Severity};
use leptos::prelude::*;

/// Whether the sign-in is too old for what takes a fresh one.
pub(super) fn is_stale(engine: &Engine, operator: &OperatorSession) -> bool {
    engine.effects().now() - operator.authenticated_at > FRESH
}

/// Who saves, and what is wrong with the password that was typed. An empty one is none.
pub(super) async fn confirmed(
    engine: &Engine,
    operator: &OperatorSession,
    password: &str,
) -> engine::Result<(OperatorSession, Option<String>)> {
    if password.is_empty() || !is_stale(engine, operator) {
        return Ok((operator.clone(), None));
    }
    Ok(match operators::confirm(engine, operator, password).await? {
        Ok(fresh) => (fresh, None),
        Err(sentence) => (operator.clone(), Some(sentence)),
    })
}

/// Why a Save was stopped that needs it, and the field for the password.
pub(super) fn block(
    title: &'static str,
    dangers: &[Check],
    text: &'static str,
    wrong: Option<String>,
) -> AnyView {
    let dangers: Vec<AnyView> =
        dangers.iter().map(|danger| view! { <li>{danger.title}</li> }.into_any()).collect();
    view! {
        <div class="note danger" role="alert" id="confirm">
            {sign(Severity::Danger)}
            <div>
                <b>{title}</b>
                {(!dangers.is_empty()).then(|| view! { <ul>{dangers}</ul> })}
                <p>{text}</p>
                {field(wrong, true)}
            </div>
        </div>
    }
    .into_any()
}

/// The field alone.
pub(super) fn field(wrong: Option<String>, focus: bool) -> AnyView {
    let invalid = wrong.as_ref().map(|_| "true");
    view! {
        <div class="field">
            <label for="confirm-password">"Your password"</label>
            <input id="confirm-password" name="password" type="password" autocomplete="current-password" aria-invalid=invalid aria-describedby=invalid.map(|_| "confirm-wrong") autofocus=focus />
            {wrong.map(|wrong| view! { <p class="bad" id="confirm-wrong">{wrong}</p> })}
        </div>
    }
    .into_any()
}
