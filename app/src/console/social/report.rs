//! What the test of a provider or of a claims mapping led to, in words.

use super::{PATH, PROVIDER};
use crate::console::kit::text::{note, sign, with_code};
use engine::method::oidc::trial::{ComesTo, Made as Tested, Report, Session};
use engine::settings::Severity;
use engine::settings::social::Made;
use engine::social::Stage;
use leptos::prelude::*;
use serde_json::Value;

/// What a claims mapping makes of claims. `trusted`: verified emails of the provider are.
pub(super) fn mapped(made: &Made, trusted: bool) -> AnyView {
    let Made { traits, metadata_public, metadata_admin, messages, vouched } = made;
    let verified = match (vouched.is_empty(), trusted) {
        (true, _) => {
            "No email is verified by the provider. Users verify it with a code where that is required."
                .to_owned()
        }
        (false, true) => format!("Verified without a code: {}.", vouched.join(", ")),
        (false, false) => {
            format!("The provider verified {}, but its verified emails aren’t trusted.", vouched.join(", "))
        }
    };
    let fits = match messages.is_empty() {
        true => note(
            Severity::Info,
            "The traits match the identity schema",
            "A sign-up with them needs no further input.",
        ),
        false => view! {
            <div class="note warning">
                {sign(Severity::Warning)}
                <div>
                    <b>"The traits don’t match the identity schema"</b>
                    <p>"Users are asked for what is missing."</p>
                    {violations(messages)}
                </div>
            </div>
        }
        .into_any(),
    };
    view! { <h3>"Result"</h3>{results(traits, metadata_public.as_ref(), metadata_admin.as_ref())}{fits}<p>{verified}</p> }.into_any()
}

fn violations(messages: &[(String, String)]) -> AnyView {
    view! { <ul class="changes">{messages.iter().map(|(name, text)| view! { <li><code>{name.clone()}</code>": "{text.clone()}</li> }).collect_view()}</ul> }
        .into_any()
}

fn results(traits: &Value, public: Option<&Value>, admin: Option<&Value>) -> AnyView {
    view! {
        {json("Traits", traits)}
        {public.map(|metadata| json("metadata_public", metadata))}
        {admin.map(|metadata| json("metadata_admin", metadata))}
    }
    .into_any()
}

fn json(title: &'static str, value: &Value) -> AnyView {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    view! { <h4>{title}</h4><pre tabindex="0">{text}</pre> }.into_any()
}

/// A finished test.
pub(super) fn over(report: Report) -> AnyView {
    let Report { provider, label, left, failed, subject, claims, made, .. } = report;
    let believed = claims.is_some();
    let at = failed.as_ref().map(|(stage, _)| if left { reached(*stage, believed) } else { 0 });
    let stages = stages(at, made.as_ref());
    let outcome = match (&failed, &made) {
        (Some((stage, reason)), _) => {
            let advice = match left || *stage == Stage::NotSetUp {
                true => advice(*stage, believed),
                false => {
                    "The test ended before the redirect. Check the URL in the form of the provider, and whether this server can reach it. \
                     If it is in a private network, add it to `clients.http.private_ip_exception_urls`."
                }
            };
            view! {
                <div class="note danger" role="alert" data-testid="outcome">
                    {sign(Severity::Danger)}
                    <div><b>"Sign-in with this provider doesn’t work"</b><p>{reason.clone()}</p><p>{with_code(advice)}</p><p class="soft">"In the log: "<code>{stage.name()}</code></p></div>
                </div>
            }
            .into_any()
        }
        (None, Some(made)) => {
            let (severity, title, text) = comes_to(&made.comes_to, &label);
            view! { <div data-testid="outcome">{note(severity, title, &text)}</div> }.into_any()
        }
        (None, None) => ().into_any(),
    };
    view! {
        {outcome}
        <section aria-labelledby="stages">
            <h2 id="stages">"Steps"</h2>
            <ol class="stages inside">
                {stages.into_iter().map(|(passed, text)| {
                    let (class, word) = match passed {
                        Some(true) => ("ok", "Passed"),
                        Some(false) => ("bad", "Failed"),
                        None => ("idle", "Not run"),
                    };
                    view! { <li class=class><span>{text}</span>": "<b class=format!("became {class}")>{word}</b></li> }
                }).collect_view()}
            </ol>
        </section>
        {claims.map(|claims| view! {
            <section aria-labelledby="claims">
                <h2 id="claims">"Response of the provider"</h2>
                <div class="inside" data-testid="claims">
                    {subject.map(|subject| view! { <p>"User ID at the provider: "<code>{subject}</code></p> })}
                    {json("Claims for the mapping, without tokens", &claims)}
                </div>
            </section>
        })}
        {made.map(made_of_it)}
        <p class="buttons">
            <a class="button" href=format!("{PROVIDER}?id={provider}")>{format!("Open {label}")}</a>
            <a class="button" href=PATH>"All providers"</a>
        </p>
    }
    .into_any()
}

fn made_of_it(what: Tested) -> AnyView {
    let Tested { traits, metadata_public, metadata_admin, vouched, messages, .. } = what;
    view! {
        <section aria-labelledby="made">
            <h2 id="made">"Result of the claims mapping"</h2>
            <div class="inside" data-testid="made">
                {results(&traits, metadata_public.as_ref(), metadata_admin.as_ref())}
                {(!messages.is_empty()).then(|| view! { <h4>"Issues with the identity schema"</h4>{violations(&messages)} })}
                <p>{match vouched.is_empty() {
                    true => "No email is verified.".to_owned(),
                    false => format!("Verified: {}.", vouched.join(", ")),
                }}</p>
            </div>
        </section>
    }
    .into_any()
}

/// Which of [`stages`] failed, after the redirect.
fn reached(failed: Stage, believed: bool) -> usize {
    match failed {
        Stage::NotSetUp => 0,
        Stage::StateInvalid | Stage::AccessDenied => 1,
        Stage::ExchangeFailed | Stage::Busy => 2,
        Stage::VerificationFailed => 3,
        Stage::ClaimsInvalid if believed => 5,
        Stage::ClaimsInvalid => 4,
    }
}

/// Every stage in its order; `None`: not reached. `at`: the one that failed.
fn stages(at: Option<usize>, made: Option<&Tested>) -> Vec<(Option<bool>, &'static str)> {
    let texts = [
        "The provider is configured and can be reached",
        "The provider redirected back correctly",
        "The provider accepted the code and the secret",
        "The response is valid: signature, issuer, audience, time, nonce",
        "The response identifies the user",
        "The claims mapping creates an identity",
        "The identity matches the schema",
    ];
    let unfit = made.is_some_and(|made| !made.messages.is_empty());
    let stage = |index: usize| match at {
        Some(at) if index == at => Some(false),
        Some(at) if index > at => None,
        _ if index == texts.len() - 1 && unfit => Some(false),
        _ => Some(true),
    };
    texts.into_iter().enumerate().map(|(index, text)| (stage(index), text)).collect()
}

/// What to change.
fn advice(stage: Stage, believed: bool) -> &'static str {
    match stage {
        Stage::NotSetUp => "Open the provider here and enter what is missing.",
        Stage::StateInvalid => "Check that the redirect URI at the provider is exactly the one shown here.",
        Stage::AccessDenied => {
            "You or the provider denied access. Try again, and check there whether you may use this application."
        }
        Stage::ExchangeFailed => {
            "Check the client ID, the secret and the issuer, and whether this server can reach the provider."
        }
        Stage::Busy => "Too many sign-ins with this provider are in progress. Try again in a few seconds.",
        Stage::VerificationFailed => {
            "Check that the issuer is exactly the one in the tokens. Check the client ID and the clock of this server."
        }
        Stage::ClaimsInvalid if believed => {
            "Change the claims mapping. On the page of the provider you can test it with the claims below."
        }
        Stage::ClaimsInvalid => {
            "Request more: other scopes, or the userinfo endpoint as the source of claims."
        }
    }
}

fn comes_to(what: &ComesTo, label: &str) -> (Severity, &'static str, String) {
    match what {
        ComesTo::SignsUp { addresses, session } => {
            let addresses = match addresses.is_empty() {
                true => "The account has no email.".to_owned(),
                false => {
                    let each = addresses.iter().map(|(address, verified)| match verified {
                        true => format!("{address} (verified)"),
                        false => format!("{address} (unverified)"),
                    });
                    format!("The account has {}.", each.collect::<Vec<_>>().join(", "))
                }
            };
            let session = match session {
                Session::AtOnce { by_itself: true } => {
                    "The user is signed in immediately, because returning from a provider is a sign-in."
                }
                Session::AtOnce { by_itself: false } => {
                    "The user is signed in immediately, because a list of hooks contains `session`."
                }
                Session::WhenProven => "The user is signed in after verifying the email.",
                Session::Nothing => {
                    "The user isn’t signed in: no list of hooks contains `session`, and `vestibule.registration.sign_in_after_social` is off."
                }
            };
            (Severity::Info, "It works: a new account would be created", format!("{addresses} {session}"))
        }
        ComesTo::SignsIn { identity, disabled: true, .. } => (
            Severity::Warning,
            "The provider works, but the account is disabled",
            format!("The account `{identity}` is linked to it and can’t sign in."),
        ),
        ComesTo::SignsIn { identity, asks_for_a_code, .. } => {
            let code = match asks_for_a_code {
                true => "The user verifies an email with a code first.",
                false => "The user is signed in.",
            };
            (
                Severity::Info,
                "It works: an existing account would be signed in",
                format!("The account `{identity}` is linked to it. {code}"),
            )
        }
        ComesTo::HasToLink { identity, address } => (
            Severity::Info,
            "It works: an account with this email exists",
            format!(
                "{address} belongs to the account `{identity}`. The user signs in to it once, which links the two."
            ),
        ),
        ComesTo::LinksByItself { identity, address } => (
            Severity::Info,
            "It works: an existing account would be linked and signed in",
            format!(
                "{address} belongs to the account `{identity}`, and both sides verified it. The two are linked without a question."
            ),
        ),
        ComesTo::AsksForMore => (
            Severity::Warning,
            "It works, and users are asked for more",
            "The sign-up form asks for what is missing. Change the claims mapping, or request more scopes."
                .to_owned(),
        ),
        ComesTo::NotVouched => (
            Severity::Warning,
            "Sign-up would be rejected: the email isn’t verified",
            format!(
                "“Prevent account enumeration” is on. Trust verified emails from {label}, and let the claims mapping return the email as verified."
            ),
        ),
        ComesTo::Closed => (
            Severity::Warning,
            "Sign-up would be rejected: sign-up is off",
            "Existing users can still sign in.".to_owned(),
        ),
        ComesTo::NeedsInvitation => (
            Severity::Info,
            "It works with an invitation",
            "Sign-up needs an invitation. With one, the button creates an account.".to_owned(),
        ),
    }
}
