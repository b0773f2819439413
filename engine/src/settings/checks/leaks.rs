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
        "A taken user name gives an account away",
        "Sign-up is to leak nothing, and people sign in with something that no mail proves.",
        identifier,
    ),
    Rule::new(
        ("leak_by_login_hints", Error),
        HINTS,
        "Hints give accounts away",
        "Sign-up is to leak nothing, and hints name how an account signs in.",
        hints,
    ),
    Rule::new(
        ("leak_by_recovery_choice", Error),
        CHOICE,
        "The choice of addresses gives accounts away",
        "Sign-up is to leak nothing, and recovery shows the addresses of an account.",
        choice,
    ),
    Rule::new(
        ("leak_nothing_without_codes", Error),
        PREVENT_ENUMERATION,
        "Sign-up still tells who has an account",
        "Sign-up is to leak nothing, and no codes are sent or no address can be proven.",
        without_codes,
    ),
    // L08
    Rule::new(
        ("nobody_is_signed_in_at_once", Warning),
        PREVENT_ENUMERATION,
        "Nobody is signed in before the proof",
        "Sign-up is to leak nothing and to sign in at once: the first wins.",
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
                "People sign in with what no mail can prove, and a sign-up has to say when it is taken ({}). Let people sign in with \
                 their e-mail address alone, and give it `\"verification\": {{\"via\": \"email\"}}`.",
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
                "`{HINTS}` is there to say how a taken address signs in; `{PREVENT_ENUMERATION}` is there to say nothing of the kind. Switch one \
                 of them off."
            ))
            .set("Give no hints", HINTS, false),
        );
    }
}

fn choice(seen: &Seen<'_>, found: &mut Vec<Found>) {
    if on(seen) && flag(seen.config, CHOICE) {
        found.push(
            Found::new(format!(
                "`{CHOICE}` lets whoever knows one address see that it has an account, and its others. Switch it or `{PREVENT_ENUMERATION}` off."
            ))
            .set("Offer no choice", CHOICE, false),
        );
    }
}

fn without_codes(seen: &Seen<'_>, found: &mut Vec<Found>) {
    if on(seen) && !(seen.config.sends_codes() && seen.proves()) {
        found.push(
            Found::new(
                "Nothing can wait for a proof that never comes, so accounts are made at once and a taken address is told. \
                 `selfservice.flows.verification.enabled` and an address in the identity schema that can be confirmed change that.",
            )
            .set("Turn it off", PREVENT_ENUMERATION, false),
        );
    }
}

fn at_once(seen: &Seen<'_>, found: &mut Vec<Found>) {
    if on(seen) && seen.signs_in() {
        found.push(
            Found::new(
                "A sign-up answers alike for every address, so it cannot hand a session to new ones alone: the switch waits for the \
                 proof.",
            )
            .at(SIGN_IN_AFTER_REGISTRATION)
            .fix("Turn the switch off", seen.every_method(SIGN_IN_AFTER_REGISTRATION, false)),
        );
    }
}
