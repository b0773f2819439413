//! Addresses that have to be proven: whether they can be, and what is possible before they are.

use super::rule::Severity::{Danger, Error, Warning};
use super::rule::{Found, Rule, Seen};
use crate::config::social::TRUSTED_EMAIL_PROVIDERS;
use crate::config::{Hook, has_effect};
use crate::identity::Via;
use crate::model::MethodId;
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
        "Users without a verified email are locked out",
        "Sign-in requires a verified email, and no email can be verified.",
        locked_out,
    ),
    // L18
    Rule::new(
        ("codes_go_nowhere", Danger),
        GATE,
        "Verification codes can’t be sent",
        "Sign-in requires a verified email, and no mail server is configured.",
        codes_go_nowhere,
    ),
    // L18
    Rule::new(
        ("mails_wait", Warning),
        SMTP,
        "Emails can’t be sent",
        "Codes are emailed, and no mail server is configured.",
        mails_wait,
    ),
    // L05
    Rule::new(
        ("gate_on_some_methods", Danger),
        GATE,
        "Some methods skip email verification",
        "Sign-in with one method requires a verified email, and with another method it doesn’t.",
        gate_on_some,
    ),
    Rule::new(
        ("providers_prove_nothing", Warning),
        TRUSTED_EMAIL_PROVIDERS,
        "Users of a provider are stopped at their second sign-in",
        "Sign-in requires a verified email, and the verified emails of a provider aren’t trusted.",
        providers_prove_nothing,
    ),
    // L06
    Rule::new(
        ("signed_in_once_without_proof", Warning),
        GATE,
        "Users are signed in once without verification",
        "Sign-up signs users in, although sign-in requires a verified email.",
        once_without_proof,
    ),
    // L14
    Rule::new(
        ("no_code_to_show_a_page_for", Error),
        PAGE,
        "The verification page is never shown",
        "`show_verification_ui` is listed, and no codes are sent or no email can be verified.",
        no_code,
    ),
    // design: sign in when proven
    Rule::new(
        ("nothing_is_ever_proven", Error),
        WHEN_PROVEN,
        "Email verification can’t complete",
        "Users are signed in after verification, and no codes are sent or no email can be verified.",
        never_proven,
    ),
    // design: proof takes over
    Rule::new(
        ("nothing_to_take_over", Warning),
        TAKES_OVER,
        "Email verification can’t complete",
        "Accounts are reset on first verification, and no codes are sent or no email can be verified.",
        never_taken_over,
    ),
    Rule::new(
        ("unproven_sessions_live_as_long", Warning),
        UNPROVEN,
        "Unverified sessions last as long as others",
        "A session before verification doesn’t end earlier than other sessions.",
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
    seen.config.courier.has_route(Via::Email)
}

fn provable(seen: &Seen<'_>) -> bool {
    seen.config.sends_codes() && seen.proves()
}

fn open_the_gate(seen: &Seen<'_>, finding: Found) -> Found {
    finding.fix("Don’t require a verified email", seen.every_way_in(false))
}

fn locked_out(seen: &Seen<'_>, found: &mut Vec<Found>) {
    if !gate(seen) || provable(seen) {
        return;
    }
    let missing = if seen.proves() {
        "No codes are sent, so users can’t verify an email. Turn on `selfservice.flows.verification.enabled`."
    } else {
        "The default identity schema has no email that can be verified. Give its email `\"verification\": {\"via\": \
         \"email\"}`."
    };
    found.push(open_the_gate(seen, Found::new(missing).at(REQUIRE_VERIFIED_ADDRESS)));
}

fn codes_go_nowhere(seen: &Seen<'_>, found: &mut Vec<Found>) {
    if gate(seen) && provable(seen) && !mail_leaves(seen) {
        let finding = Found::new(
            "No mail server is configured, so codes stay in the queue. Set `courier.smtp.connection_uri`.",
        );
        found.push(open_the_gate(seen, finding.at(REQUIRE_VERIFIED_ADDRESS)));
    }
}

fn mails_wait(seen: &Seen<'_>, found: &mut Vec<Found>) {
    if !gate(seen) && provable(seen) && !mail_leaves(seen) {
        found.push(Found::new(
            "No mail server is configured, so codes stay in the queue. Set `courier.smtp.connection_uri`, or turn \
             off `selfservice.flows.verification.enabled`.",
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
                "Sign-in with {} requires a verified email, but sign-in with {} doesn’t, so users with an \
                 unverified email sign in that way.",
                asking.join(", "),
                way(plan.method)
            ))
            .key(format!("selfservice.flows.login.after.{}.hooks", plan.method.name()))
            .at(REQUIRE_VERIFIED_ADDRESS)
            .about([plan.method.name().to_owned()])
            .fix("Require it for all methods", seen.every_way_in(true)),
        );
    }
}

/// Whoever comes from there is let in once, by the rule for providers, and then asked for a proof that the provider did not give.
fn providers_prove_nothing(seen: &Seen<'_>, found: &mut Vec<Found>) {
    if !seen.sign_ins.iter().any(|plan| plan.method == MethodId::Oidc && asks(plan)) {
        return;
    }
    let offered = seen.config.selfservice.social.offered();
    let unverified: Vec<_> = offered.into_iter().filter(|provider| !provider.vouches).collect();
    if unverified.is_empty() {
        return;
    }
    let labels: Vec<&str> = unverified.iter().map(|provider| provider.label.as_str()).collect();
    let then = match provable(seen) && mail_leaves(seen) {
        true => "Their next sign-in asks for an emailed code",
        false => "After that they are locked out, because they get no code",
    };
    found.push(
        Found::new(format!(
            "Verified emails from {} aren’t trusted, so users who sign up there are signed in once. {then}. List \
             providers that verify emails in `{TRUSTED_EMAIL_PROVIDERS}`, or don’t require a verified email.",
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
            true => format!(" `{WHEN_PROVEN}` signs users in after that."),
            false => String::new(),
        };
        found.push(
            Found::new(format!(
                "New users are signed in immediately for up to {}, with an email that may be someone else’s. Their \
                 next sign-in asks for the code. To verify the email first, turn off “Sign in after \
                 registration”.{more}",
                span(seen.config.session.lifespan)
            ))
            .at(REQUIRE_VERIFIED_ADDRESS)
            .fix("Verify the email first", seen.every_method(SIGN_IN_AFTER_REGISTRATION, false)),
        );
    }
}

fn no_code(seen: &Seen<'_>, found: &mut Vec<Found>) {
    let shows = seen.sign_ups.iter().any(|plan| plan.steps.contains(&Step::Run(Hook::ShowVerificationUi)));
    if shows && !provable(seen) {
        found.push(
            Found::new(
                "No codes are sent, so the page is never shown. Turn on `selfservice.flows.verification.enabled`, \
                 and use an identity schema with an email that can be verified.",
            )
            .at(SHOW_VERIFICATION_PAGE)
            .fix("Don’t show the page", seen.every_method(SHOW_VERIFICATION_PAGE, false)),
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
        "`{key}` needs a verification, and no codes are sent. Turn on `{VERIFICATION}`, and use an identity schema \
         with an email that can be verified."
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
                "`{UNPROVEN}` limits sessions before verification, and isn’t shorter than `session.lifespan`. 30 \
                 minutes are enough to find the email."
            ))
            .set("Set 30 minutes", UNPROVEN, "30m"),
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
