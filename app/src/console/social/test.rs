//! An operator's test of a provider: the page before it leaves, and what it came to.

use super::edit::made;
use super::{PATH, PROVIDER};
use crate::console::kit::text::{note, sign};
use crate::console::shell::{Shell, document};
use engine::method::oidc::trial::{ComesTo, Made, Report, Session, Shown};
use engine::settings::Severity;
use engine::social::Stage;
use leptos::prelude::*;

/// A link, since a form of the console leads nowhere else: its content security policy says so.
pub fn leave_page(shell: &Shell, label: &str, url: &str) -> String {
    let (label, url) = (label.to_owned(), url.to_owned());
    document(shell, "Test sign-in", move || {
        view! {
            <main id="main" tabindex="-1">
                <div class="head">
                    <p><a href=PATH>"Social sign-in"</a></p>
                    <h1>"Test sign-in"</h1>
                    <p>{format!("Sign in at {label} with an account of yours. You come back to the console, where all that it said is shown to you alone, for ten minutes. Nothing is stored, and nobody is signed in.")}</p>
                </div>
                <p><a class="button main" href=url rel="noreferrer" autofocus=true>{format!("Go on to {label}")}</a></p>
            </main>
        }
    })
}

pub fn result_page(shell: &Shell, shown: Shown) -> String {
    document(shell, "Test sign-in", move || {
        view! {
            <main id="main" tabindex="-1">
                <div class="head">
                    <p><a href=PATH>"Social sign-in"</a></p>
                    <h1>"Test sign-in"</h1>
                </div>
                {match shown {
                    Shown::UnderWay => view! { <p data-testid="outcome">"This test is not over: the browser is still at the provider, or it did not come back. Begin another one from the list."</p> }.into_any(),
                    Shown::Over(report) => over(*report),
                }}
            </main>
        }
    })
}

fn over(report: Report) -> AnyView {
    let Report { provider, label, left, failed, subject, claims, made: what, .. } = report;
    let believed = claims.is_some();
    let at = failed.as_ref().map(|(stage, _)| if left { reached(*stage, believed) } else { 0 });
    let stages = stages(at, what.as_ref());
    let outcome = match (&failed, &what) {
        (Some((stage, reason)), _) => {
            let advice = match left || *stage == Stage::NotSetUp {
                true => advice(*stage, believed),
                false => {
                    "Nobody was sent there yet. Check the address in the form of the provider, and whether this server can reach it. One in a \
                     private network may have to be named in `clients.http.private_ip_exception_urls`."
                }
            };
            view! {
                <div class="note danger" role="alert" data-testid="outcome">
                    {sign(Severity::Danger)}
                    <span><b>"It does not work yet"</b>{reason.clone()}<p>{advice}</p><p class="soft">"In the log: "<code>{stage.name()}</code></p></span>
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
            <h2 id="stages">"What happened"</h2>
            <ol class="stages inside">
                {stages.into_iter().map(|(passed, text)| {
                    let (class, word) = match passed {
                        Some(true) => ("ok", "passed"),
                        Some(false) => ("bad", "failed"),
                        None => ("idle", "not reached"),
                    };
                    view! { <li class=class><span>{text}</span>": "<b class=format!("became {class}")>{word}</b></li> }
                }).collect_view()}
            </ol>
        </section>
        {claims.map(|claims| view! {
            <section aria-labelledby="claims">
                <h2 id="claims">"What the provider says"</h2>
                <div class="inside" data-testid="claims">
                    {subject.map(|subject| view! { <p>"Known there as "<code>{subject}</code>"."</p> })}
                    {made("What the mapper reads, without tokens", &claims)}
                </div>
            </section>
        })}
        {what.map(mapped)}
        <p class="buttons">
            <a class="button" href=format!("{PROVIDER}?id={provider}")>{format!("Open {label}")}</a>
            <a class="button" href=PATH>"To the list"</a>
        </p>
    }
    .into_any()
}

fn mapped(what: Made) -> AnyView {
    let Made { traits, metadata_public, metadata_admin, vouched, messages, .. } = what;
    view! {
        <section aria-labelledby="made">
            <h2 id="made">"What the mapper makes of it"</h2>
            <div class="inside" data-testid="made">
                {made("Traits", &traits)}
                {metadata_public.map(|metadata| made("metadata_public", &metadata))}
                {metadata_admin.map(|metadata| made("metadata_admin", &metadata))}
                {(!messages.is_empty()).then(|| view! {
                    <h4>"What the identity schema says"</h4>
                    <ul class="changes">{messages.into_iter().map(|(name, text)| view! { <li><code>{name}</code>": "{text}</li> }).collect_view()}</ul>
                })}
                <p>{match vouched.is_empty() {
                    true => "No address counts as proven.".to_owned(),
                    false => format!("Counts as proven: {}.", vouched.join(", ")),
                }}</p>
            </div>
        </section>
    }
    .into_any()
}

/// Which of [`stages`] failed, of somebody who was sent there.
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
fn stages(at: Option<usize>, made: Option<&Made>) -> Vec<(Option<bool>, &'static str)> {
    let texts = [
        "The provider is set up and can be asked",
        "It sent the browser back as it should",
        "It took the code and our secret",
        "Its answer can be believed: signature, issuer, audience, time, nonce",
        "It says who came",
        "The mapper makes an identity of it",
        "The identity fits the schema",
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
        Stage::StateInvalid => "Compare the redirect URI there with the one here, letter by letter.",
        Stage::AccessDenied => {
            "You, or the provider, said no. Try again, and look there whether this application may be used by you."
        }
        Stage::ExchangeFailed => {
            "Check client id, secret and issuer, and whether this server can reach the provider."
        }
        Stage::Busy => "Too many users wait for this provider or for a mapper. Try again in a few seconds.",
        Stage::VerificationFailed => {
            "Check the issuer letter by letter, the client id, and the clock of this server."
        }
        Stage::ClaimsInvalid if believed => {
            "Change the mapper: the page of the provider can try it on what stands below."
        }
        Stage::ClaimsInvalid => "Ask for more: the scopes, or the userinfo endpoint as the source of claims.",
    }
}

fn comes_to(what: &ComesTo, label: &str) -> (Severity, &'static str, String) {
    match what {
        ComesTo::SignsUp { addresses, session } => {
            let mut text = match addresses.is_empty() {
                true => "The account would have no address.".to_owned(),
                false => {
                    let each = addresses.iter().map(|(address, proven)| match proven {
                        true => format!("{address}, proven"),
                        false => format!("{address}, not proven yet"),
                    });
                    format!("The account would have {}.", each.collect::<Vec<_>>().join("; "))
                }
            };
            text.push(' ');
            text.push_str(match session {
                Session::AtOnce { by_itself: true } => "Whoever it is would be signed in at once: coming back from a provider is a sign-in.",
                Session::AtOnce { by_itself: false } => "Whoever it is would be signed in at once, as the list of hooks says.",
                Session::WhenProven => "Whoever it is would be signed in once they have proven the address.",
                Session::Nothing => "Nobody would be signed in: no list says `session`, and `vestibule.registration.sign_in_after_social` is off.",
            });
            (Severity::Info, "It works: a new account would be made", text)
        }
        ComesTo::SignsIn { identity, disabled: true, .. } => {
            (Severity::Warning, "It works, and the account is switched off", format!("The account `{identity}` belongs to it, and may not sign in."))
        }
        ComesTo::SignsIn { identity, asks_for_a_code, .. } => {
            let code = if *asks_for_a_code { "would be asked for a code first, since no address of it is proven" } else { "would be signed in" };
            (Severity::Info, "It works: an account would be signed in", format!("The account `{identity}` came from there before. It {code}."))
        }
        ComesTo::HasToLink { identity, address } => (
            Severity::Info,
            "It works: the address has an account already",
            format!("{address} belongs to the account `{identity}`. Whoever comes would be asked to sign in to it once; that links the two."),
        ),
        ComesTo::LinksByItself { identity, address } => (
            Severity::Info,
            "It works: an account would be linked and signed in",
            format!("{address} belongs to the account `{identity}`, and both sides have proven it: the two would be linked without asking."),
        ),
        ComesTo::AsksForMore => (
            Severity::Warning,
            "It works, and people would be asked for more",
            "The sign-up form would come back with what is missing. Change the mapper or ask for more scopes if the provider could say it.".to_owned(),
        ),
        ComesTo::NotVouched => (
            Severity::Warning,
            "Sign-up would be refused: nobody vouches for the address",
            format!("Sign-up leaks nothing here, so {label}'s word on the address has to count as proof, and the mapper has to say that it is verified."),
        ),
        ComesTo::Closed => (Severity::Warning, "Sign-up would be refused: it is closed", "Whoever has an account can still sign in.".to_owned()),
        ComesTo::NeedsInvitation => (
            Severity::Info,
            "It works, with an invitation",
            "Sign-up needs an invitation here. The button on the invited form makes an account.".to_owned(),
        ),
    }
}
