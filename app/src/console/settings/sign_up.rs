//! What only *Authentication settings* has: the methods that sign in after registration, what happens to users who are not signed in,
//! presets, and the way to its neighbors.

use super::View;
use super::form::is_fixed;
use super::markup::warnings_of;
use super::rows::Rows;
use crate::console::kit::form::id;
use crate::console::nav::{Group, PLACES};
use engine::pipeline::BY_ITSELF;
use engine::settings::names::{
    AFTER_SIGN_UP, PREVENT_ENUMERATION, REQUIRE_VERIFIED_ADDRESS, SHOW_VERIFICATION_PAGE,
    SIGN_IN_AFTER_REGISTRATION,
};
use engine::settings::presets::{self, Preset};
use engine::settings::table::Page;
use engine::settings::{AfterSignUp, SettingValue, label, way};
use leptos::prelude::*;

/// The methods to sign up with, and whether each signs in.
pub(super) fn chips(view: &View) -> AnyView {
    let mut methods: Vec<(&'static str, bool, bool)> = Vec::new();
    let switches = view.values.get(SIGN_IN_AFTER_REGISTRATION);
    let is_switched = |method| matches!(&switches, Some(SettingValue::PerMethod(ways)) if ways.has(method));
    for (_, plan) in &view.preview.plans {
        let name = way(plan.method);
        if methods.iter().all(|(other, ..)| *other != name) {
            methods.push((name, plan.signs_in(), !is_switched(plan.method) && plan.signs_in()));
        }
    }
    let none = view.values.ways(SHOW_VERIFICATION_PAGE).is_empty();
    view! {
        <ul class="chips" aria-label="Sign-up methods" id="ways" data-part="">
            {methods.into_iter().filter(|_| !none).map(|(name, signs_in, by_itself)| match (signs_in, by_itself) {
                (_, true) => view! { <li class="auto">{name}": "{BY_ITSELF}</li> }.into_any(),
                (true, _) => view! { <li class="on"><span aria-hidden="true">"✓ "</span>{name}<span class="unseen">": signed in"</span></li> }.into_any(),
                (false, _) => view! { <li>{name}<span class="unseen">": not signed in"</span></li> }.into_any(),
            }).collect_view()}
        </ul>
    }
    .into_any()
}

/// One choice for users who are not signed in at once. It is out of sight while there are none.
pub(super) fn instead(rows: &Rows<'_>) -> AnyView {
    let view = rows.view;
    let now = AfterSignUp::instead(&view.values);
    let disabled = !rows.editable || is_fixed(&view.current);
    let note = match (now, view.values.is_on(PREVENT_ENUMERATION)) {
        (_, true) => {
            "“Prevent account enumeration” is on, so sign-up always waits for the verification of the email."
        }
        (None, _) if !disabled => {
            "Your methods have different settings. Choose an option to use it for all of them."
        }
        _ => "Applies to the methods that are off above.",
    };
    let problem = rows.problem(AFTER_SIGN_UP);
    view! {
        <div class="row choices instead" role="radiogroup" id=id(AFTER_SIGN_UP) aria-labelledby="after-sign-up-title">
            <b id="after-sign-up-title">{label(AFTER_SIGN_UP)}</b>
            <p id="after-sign-up-note" data-part="">{note}</p>
            {AfterSignUp::INSTEAD.into_iter().filter(|answer| answer.is_offered()).map(|answer| {
                let (title, text) = answer.words();
                let (control, checked) = (format!("after-sign-up-{}", id(answer.name())), now == Some(answer));
                let about = format!("{control}-effect");
                view! {
                    <div class="choice">
                        <input type="radio" name=AFTER_SIGN_UP id=control.clone() value=answer.name() checked=checked disabled=disabled aria-describedby=about.clone() />
                        <label for=control>{title}</label>
                        <small id=about>{text}</small>
                    </div>
                }
            }).collect_view()}
            {problem.map(|problem| view! { <p class="bad">{problem}</p> })}
            {rows.warnings(&[AFTER_SIGN_UP, SHOW_VERIFICATION_PAGE, engine::settings::names::SIGN_IN_AFTER_VERIFICATION])}
        </div>
    }
    .into_any()
}

/// Recommended combinations, each with what it would change in the form as it is now.
pub(super) fn presets(view: &View) -> Option<AnyView> {
    let presets = presets::presets();
    (!presets.is_empty()).then(|| {
        view! {
            <details class="card" id="presets">
                <summary><h2>"Presets"</h2><span class="soft">"Recommended combinations. Review the changes before you save."</span></summary>
                <ul class="presets" id="preset-list" data-part="">
                    {presets.into_iter().map(|preset| one(&preset, view)).collect_view()}
                </ul>
            </details>
        }
        .into_any()
    })
}

fn one(preset: &Preset, view: &View) -> AnyView {
    let changes = preset.changes(&view.values);
    let refused = view.current.refusal(&preset.applied(&view.values));
    let (title, text) = (preset.title, preset.text);
    let what = match (&refused, changes.is_empty()) {
        (Some((field, reason)), _) => {
            view! { <p class="bad">{format!("Can’t be applied. {}: {reason}", label(field))}</p> }.into_any()
        }
        (None, true) => view! { <p class="soft">"Already applied"</p> }.into_any(),
        (None, false) => view! {
            <ul class="changes" aria-label=format!("What {title} changes")>{changes.into_iter().map(|change| view! { <li>{change}</li> }).collect_view()}</ul>
            <button class="button small" type="submit" name="action" value=format!("preset:{}", preset.id) formnovalidate=true aria-label=format!("Apply preset {title}")>"Apply preset"</button>
        }
        .into_any(),
    };
    view! { <li data-testid=format!("preset-{}", preset.id)><h3>{title}</h3><p>{text}</p>{what}</li> }
        .into_any()
}

/// The other pages of the group, with the state of what matters most on each.
pub(super) fn related(view: &View) -> AnyView {
    let places = PLACES.into_iter().filter(|place| {
        place.group == Group::Authentication
            && place.settings.is_some_and(|page| page != Page::Authentication)
    });
    let lines = places.map(|place| {
        let page = place.settings.unwrap_or(Page::Authentication);
        let state = match warnings_of(view, page) {
            0 => view! { <span class="soft">{state(view, page)}</span> }.into_any(),
            1 => view! { <span class="badge warn">"1 warning"</span> }.into_any(),
            several => view! { <span class="badge warn">{format!("{several} warnings")}</span> }.into_any(),
        };
        view! { <li><a href=place.path>{place.title}</a>{state}</li> }
    });
    view! {
        <section class="related" aria-labelledby="related"><h2 id="related">"Related settings"</h2><ul>{lines.collect_view()}</ul></section>
    }
    .into_any()
}

fn state(view: &View, page: Page) -> String {
    let values = &view.values;
    match page {
        Page::EmailVerification => format!("Required to sign in: {}", values.words(REQUIRE_VERIFIED_ADDRESS)),
        Page::PasswordPolicy => format!("{} characters or more", values.number("min_password_length")),
        Page::AccountProtection => {
            format!("Prevent account enumeration: {}", values.words(PREVENT_ENUMERATION))
        }
        Page::SignInForms => format!("Sign-in by code: {}", values.words("sign_in_with_code")),
        Page::SocialSignIn => match values.is_on(engine::settings::names::SOCIAL_ENABLED) {
            true => "On".to_owned(),
            false => "Off".to_owned(),
        },
        Page::Recovery => format!("Allow recovery: {}", values.words("recovery_enabled")),
        Page::Authentication | Page::Webhooks => String::new(),
    }
}
