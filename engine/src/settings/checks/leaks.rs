//! Sign-up that leaks nothing (`vestibule.registration.prevent_enumeration`): what stands beside it and breaks the promise.

use super::rule::Severity::{Error, Warning};
use super::rule::{Found, Rule, Seen};
use super::sign_up::flag;
use crate::settings::names::SIGN_IN_AFTER_REGISTRATION;

const PREVENT_ENUMERATION: &str = "vestibule.registration.prevent_enumeration";
const HINTS: &str = "selfservice.flows.registration.login_hints";
const CHOICE: &str = "feature_flags.choose_recovery_address";

pub(super) const RULES: &[Rule] = &[
    Rule::new(
        ("leak_by_identifier", Error),
        PREVENT_ENUMERATION,
        "Taken usernames reveal accounts",
        "“Prevent account enumeration” is on, and users sign in with an identifier that can’t be verified by email.",
        identifier,
    ),
    Rule::new(
        ("leak_by_login_hints", Error),
        HINTS,
        "Login hints reveal accounts",
        "“Prevent account enumeration” is on, and login hints name the sign-in methods of an account.",
        hints,
    ),
    Rule::new(
        ("leak_by_recovery_choice", Error),
        CHOICE,
        "The choice of recovery addresses reveals accounts",
        "“Prevent account enumeration” is on, and recovery shows the addresses of an account.",
        choice,
    ),
    Rule::new(
        ("leak_nothing_without_codes", Error),
        PREVENT_ENUMERATION,
        "Sign-up still reveals which emails have an account",
        "“Prevent account enumeration” is on, and no codes are sent or no email can be verified.",
        without_codes,
    ),
    // L08
    Rule::new(
        ("nobody_is_signed_in_at_once", Warning),
        PREVENT_ENUMERATION,
        "No user is signed in before verification",
        "“Prevent account enumeration” and “Sign in after registration” are both on, and the first one wins.",
        at_once,
    ),
];

fn on(seen: &Seen<'_>) -> bool {
    seen.config.selfservice.registration.enabled && seen.config.vestibule.registration.prevent_enumeration
}

fn identifier(seen: &Seen<'_>, found: &mut Vec<Found>) {
    let identity = &seen.config.identity;
    let offered = identity
        .schemas
        .iter()
        .filter(|schema| schema.id == identity.default_schema_id || schema.selfservice_selectable);
    let names: Vec<String> = offered
        .flat_map(|schema| schema.schema.unproven_identifiers().map(|name| format!("{}: {name}", schema.id)))
        .collect();
    if on(seen) && !names.is_empty() {
        found.push(
            Found::new(format!(
                "Users sign in with an identifier that can’t be verified by email, so sign-up has to say that it is \
                 taken ({}). Let users sign in with their email only, and give it `\"verification\": {{\"via\": \
                 \"email\"}}`.",
                names.join(", ")
            ))
            .about(names)
            .set("Turn it off", PREVENT_ENUMERATION, false),
        );
    }
}

fn hints(seen: &Seen<'_>, found: &mut Vec<Found>) {
    if on(seen) && seen.config.selfservice.registration.login_hints {
        found.push(
            Found::new(format!(
                "`{HINTS}` says how the owner of a taken email signs in, and `{PREVENT_ENUMERATION}` must not \
                 reveal that. Turn one of them off."
            ))
            .set("Turn off login hints", HINTS, false),
        );
    }
}

fn choice(seen: &Seen<'_>, found: &mut Vec<Found>) {
    if on(seen) && flag(seen.config, CHOICE) {
        found.push(
            Found::new(format!(
                "With `{CHOICE}`, anyone who knows one address of an account sees that the account exists, and its \
                 other addresses. Turn off one of this and `{PREVENT_ENUMERATION}`."
            ))
            .set("Turn off the choice", CHOICE, false),
        );
    }
}

fn without_codes(seen: &Seen<'_>, found: &mut Vec<Found>) {
    if on(seen) && !(seen.config.sends_codes() && seen.proves()) {
        found.push(
            Found::new(
                "Without verification, accounts are created immediately and sign-up says that an email is taken. \
                 Turn on `selfservice.flows.verification.enabled`, and use an identity schema with an email that \
                 can be verified.",
            )
            .set("Turn it off", PREVENT_ENUMERATION, false),
        );
    }
}

fn at_once(seen: &Seen<'_>, found: &mut Vec<Found>) {
    if on(seen) && seen.signs_in() {
        found.push(
            Found::new(
                "Sign-up responds the same for every email, so it can’t sign in new users only. They are signed in \
                 after verification.",
            )
            .at(SIGN_IN_AFTER_REGISTRATION)
            .fix("Turn off sign-in after registration", seen.every_method(SIGN_IN_AFTER_REGISTRATION, false)),
        );
    }
}
