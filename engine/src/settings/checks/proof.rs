//! Addresses that have to be proven: whether they can be, and what is possible before they are.

use super::rule::Severity::{Danger, Error, Warning};
use super::rule::{Found, Rule, Seen};
use crate::config::social::TRUSTED_EMAIL_PROVIDERS;
use crate::config::{Hook, Method, has_effect};
use crate::pipeline::way;
use crate::plan::{Plan, Step};
use crate::settings::names::{REQUIRE_VERIFIED_ADDRESS, SHOW_VERIFICATION_PAGE, SIGN_IN_AFTER_REGISTRATION};
use std::time::Duration;

const GATE: &str = "selfservice.flows.login.after.password.hooks";
const PAGE: &str = "selfservice.flows.registration.after.password.hooks";
const VERIFICATION: &str = "selfservice.flows.verification.enabled";
const SMTP: &str = "courier.smtp.connection_uri";
const WHEN_PROVEN: &str = "vestibule.registration.sign_in_after_verification";
const TAKES_OVER: &str = "vestibule.registration.reset_on_first_verification";
const UNPROVEN: &str = "vestibule.registration.unverified_session_lifespan";

pub(super) const RULES: &[Rule] = &[
    // L15
    Rule::new(
        ("nobody_can_sign_in", Danger),
        GATE,
        "People without a confirmed address are locked out",
        "Sign-in asks for a proven address, and no address can be proven.",
        locked_out,
    ),
    // L18
    Rule::new(
        ("codes_go_nowhere", Danger),
        GATE,
        "No code leaves this server",
        "Sign-in asks for a proven address, and there is no mail server.",
        codes_go_nowhere,
    ),
    // L18
    Rule::new(
        ("mails_wait", Warning),
        SMTP,
        "No mail leaves this server",
        "Codes are sent, and there is no mail server.",
        mails_wait,
    ),
    // L05
    Rule::new(
        ("gate_on_some_methods", Danger),
        GATE,
        "Unconfirmed addresses may sign in another way",
        "Sign-in asks for a proven address in one way and not in another, such as by password and not through a provider.",
        gate_on_some,
    ),
    Rule::new(
        ("providers_prove_nothing", Warning),
        TRUSTED_EMAIL_PROVIDERS,
        "People from a provider are stopped at their second sign-in",
        "Sign-in asks for a proven address, and there is a provider whose word on addresses does not count.",
        providers_prove_nothing,
    ),
    // L06
    Rule::new(
        ("signed_in_once_without_proof", Warning),
        GATE,
        "Signed in once without proof",
        "Sign-up signs in at once although sign-in asks for a proven address.",
        once_without_proof,
    ),
    // L14
    Rule::new(
        ("no_code_to_show_a_page_for", Error),
        PAGE,
        "There is no code to type in",
        "`show_verification_ui` is listed, and no codes are sent or no address can be proven.",
        no_code,
    ),
    // design: sign in when proven
    Rule::new(
        ("nothing_is_ever_proven", Error),
        WHEN_PROVEN,
        "No proof ever comes",
        "People are to be signed in when an address is proven, and no codes are sent or no address can be proven.",
        never_proven,
    ),
    // design: proof takes over
    Rule::new(
        ("nothing_to_take_over", Warning),
        TAKES_OVER,
        "No proof ever comes",
        "A proof is to take over what a stranger made, and no codes are sent or no address can be proven.",
        never_taken_over,
    ),
    Rule::new(
        ("unproven_sessions_live_as_long", Warning),
        UNPROVEN,
        "Unproven sessions live as long as any other",
        "The life of a session before the proof is no shorter than that of every session.",
        no_shorter,
    ),
];

fn asks(plan: &Plan) -> bool {
    plan.steps.contains(&Step::Run(Hook::RequireVerifiedAddress))
}

fn gate(seen: &Seen<'_>) -> bool {
    seen.sign_ins.iter().any(asks)
}

fn mail_leaves(seen: &Seen<'_>) -> bool {
    seen.config.courier.smtp.is_some() || seen.config.courier.mailbox
}

fn provable(seen: &Seen<'_>) -> bool {
    seen.config.sends_codes() && seen.proves()
}

fn open_the_gate(seen: &Seen<'_>, finding: Found) -> Found {
    finding.fix("Ask for no confirmed address", seen.every_way_in(false))
}

fn locked_out(seen: &Seen<'_>, found: &mut Vec<Found>) {
    if !gate(seen) || provable(seen) {
        return;
    }
    let missing = if seen.proves() {
        "No codes are sent, so nobody could ever confirm one. Switch on `selfservice.flows.verification.enabled`."
    } else {
        "The default identity schema has no e-mail address that can be confirmed. Give its address \
         `\"verification\": {\"via\": \"email\"}`."
    };
    found.push(open_the_gate(seen, Found::new(missing).at(REQUIRE_VERIFIED_ADDRESS)));
}

fn codes_go_nowhere(seen: &Seen<'_>, found: &mut Vec<Found>) {
    if gate(seen) && provable(seen) && !mail_leaves(seen) {
        let finding = Found::new(
            "There is no mail server, so codes wait in the queue and nobody gets one. Set `courier.smtp.connection_uri`.",
        );
        found.push(open_the_gate(seen, finding.at(REQUIRE_VERIFIED_ADDRESS)));
    }
}

fn mails_wait(seen: &Seen<'_>, found: &mut Vec<Found>) {
    if !gate(seen) && provable(seen) && !mail_leaves(seen) {
        found.push(Found::new(
            "There is no mail server, so codes wait in the queue and nobody gets one. Set `courier.smtp.connection_uri`, or \
             switch `selfservice.flows.verification.enabled` off.",
        ));
    }
}

fn gate_on_some(seen: &Seen<'_>, found: &mut Vec<Found>) {
    if !gate(seen) {
        return;
    }
    let asking = seen.sign_ins.iter().filter(|plan| asks(plan));
    let asking: Vec<&str> = asking.map(|plan| way(plan.method)).collect();
    for plan in seen.sign_ins.iter().filter(|plan| !asks(plan)) {
        found.push(
            Found::new(format!(
                "Sign-in by {} asks for a confirmed address, {} does not: whoever has none comes in that way.",
                asking.join(", "),
                way(plan.method)
            ))
            .key(format!("selfservice.flows.login.after.{}.hooks", plan.method.name()))
            .at(REQUIRE_VERIFIED_ADDRESS)
            .about([plan.method.name().to_owned()])
            .fix("Ask everybody", seen.every_way_in(true)),
        );
    }
}

/// Whoever comes from there is let in once, by the rule for providers, and then asked for a proof that the provider did not give.
fn providers_prove_nothing(seen: &Seen<'_>, found: &mut Vec<Found>) {
    if !seen.sign_ins.iter().any(|plan| plan.method == Method::Oidc && asks(plan)) {
        return;
    }
    let offered = seen.config.selfservice.social.offered();
    let unverified: Vec<_> = offered.into_iter().filter(|provider| !provider.vouches).collect();
    if unverified.is_empty() {
        return;
    }
    let labels: Vec<&str> = unverified.iter().map(|provider| provider.label.as_str()).collect();
    let then = match provable(seen) && mail_leaves(seen) {
        true => "Their next sign-in asks for a code that is mailed to them",
        false => "After that they are locked out, since no code reaches them",
    };
    found.push(
        Found::new(format!(
            "Nobody vouches for the addresses of people from {}: whoever signs up there is signed in once. {then}. Name in \
             `{TRUSTED_EMAIL_PROVIDERS}` those that check addresses, or do not ask for a confirmed one.",
            labels.join(", ")
        ))
        .at(REQUIRE_VERIFIED_ADDRESS)
        .about(unverified.iter().map(|provider| provider.id.clone())),
    );
}

fn once_without_proof(seen: &Seen<'_>, found: &mut Vec<Found>) {
    let keys = &seen.config.vestibule.registration;
    let sense = gate(seen) && provable(seen) && mail_leaves(seen);
    if sense && seen.signs_in() && keys.unverified_session_lifespan.is_none() && !keys.prevent_enumeration {
        let more = match has_effect(WHEN_PROVEN) {
            true => format!(" `{WHEN_PROVEN}` signs people in once they have."),
            false => String::new(),
        };
        found.push(
            Found::new(format!(
                "Whoever signs up is signed in at once all the same, with an address that may be somebody else's, for up to \
                 {}. Their next sign-in asks for the code. Turn off Sign in after registration to ask for proof first.{more}",
                span(seen.config.session.lifespan)
            ))
            .at(REQUIRE_VERIFIED_ADDRESS)
            .fix("Ask for proof first", seen.every_method(SIGN_IN_AFTER_REGISTRATION, false)),
        );
    }
}

fn no_code(seen: &Seen<'_>, found: &mut Vec<Found>) {
    let shows = seen.sign_ups.iter().any(|plan| plan.steps.contains(&Step::Run(Hook::ShowVerificationUi)));
    if shows && !provable(seen) {
        found.push(
            Found::new(
                "No codes are sent, so the page is never shown. `selfservice.flows.verification.enabled` and an address in the \
                 identity schema that can be confirmed make them.",
            )
            .at(SHOW_VERIFICATION_PAGE)
            .fix("Do not show the page", seen.every_method(SHOW_VERIFICATION_PAGE, false)),
        );
    }
}

fn never_proven(seen: &Seen<'_>, found: &mut Vec<Found>) {
    if seen.config.vestibule.registration.sign_in_after_verification && !provable(seen) {
        found.push(waits_for_nothing(WHEN_PROVEN));
    }
}

fn never_taken_over(seen: &Seen<'_>, found: &mut Vec<Found>) {
    if seen.config.vestibule.registration.reset_on_first_verification && !provable(seen) {
        found.push(waits_for_nothing(TAKES_OVER));
    }
}

fn waits_for_nothing(key: &'static str) -> Found {
    Found::new(format!(
        "`{key}` waits for a proof, and no code is ever sent. `{VERIFICATION}` and an address in the identity schema that can be \
         confirmed make them."
    ))
    .key(key)
    .about([key.to_owned()])
    .set("Turn it off", key, false)
}

fn no_shorter(seen: &Seen<'_>, found: &mut Vec<Found>) {
    let life = seen.config.vestibule.registration.unverified_session_lifespan;
    if life.is_some_and(|life| life >= seen.config.session.lifespan) {
        found.push(
            Found::new(format!(
                "`{UNPROVEN}` is to bound what is possible before the proof, and is no shorter than `session.lifespan`. 30 minutes are \
                 enough to find the mail."
            ))
            .set("Half an hour", UNPROVEN, "30m"),
        );
    }
}

/// Such as `24 hours`.
fn span(time: Duration) -> String {
    let (count, unit) = match time.as_secs() {
        seconds if seconds >= 7200 => (seconds / 3600, "hours"),
        seconds if seconds >= 120 => (seconds / 60, "minutes"),
        seconds => (seconds, "seconds"),
    };
    format!("{count} {unit}")
}
