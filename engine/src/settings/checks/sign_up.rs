//! Who may sign up, what a sign-up tells strangers, and whom it signs in.

use super::rule::Severity::{Danger, Info, Warning};
use super::rule::{Found, Rule, Seen};
use crate::config::{Config, Named, get, has_effect};
use crate::model::MethodId;
use crate::plan::Plan;
use crate::settings::names::{SIGN_IN_AFTER_REGISTRATION, SIGN_IN_AFTER_SOCIAL};
use crate::settings::page::registering;
use serde_json::{Value, json};

const SESSION: &str = "selfservice.flows.registration.after.password.hooks";
const MITIGATE: &str = "security.account_enumeration.mitigate";
const PREVENT_ENUMERATION: &str = "vestibule.registration.prevent_enumeration";
const TAKES_OVER: &str = "vestibule.registration.reset_on_first_verification";
const SOCIAL: &str = "vestibule.registration.sign_in_after_social";

pub(super) const RULES: &[Rule] = &[
    Rule::new(
        ("registration_closed", Info),
        "selfservice.flows.registration.enabled",
        "Sign-up is off",
        "Sign-up is turned off.",
        closed,
    ),
    Rule::new(
        ("no_method", Warning),
        SESSION,
        "No method to sign up with",
        "Sign-up is on, and no enabled method lets users sign up.",
        no_method,
    ),
    Rule::new(
        ("no_sign_in_method", Warning),
        "selfservice.methods.password.enabled",
        "No method to sign in with",
        "No enabled method lets users sign in, and the sign-in page says so.",
        no_sign_in_method,
    ),
    // Turning the switch on opens no new hole where the form tells the same already.
    Rule::new(
        ("enumeration", Danger),
        SESSION,
        "Sign-up reveals which emails have an account",
        "Sign-up signs users in, so the cookie distinguishes new from existing accounts, and so does the form.",
        enumeration,
    )
    .widens("enumeration_by_form"),
    Rule::new(
        ("enumeration_by_form", Warning),
        SESSION,
        "The sign-up form reveals existing accounts",
        "Sign-up doesn’t sign users in, but the form says that an email is taken.",
        enumeration_by_form,
    ),
    // L09
    Rule::new(
        ("mitigation_without_sign_up", Warning),
        MITIGATE,
        "The sign-up form still reveals accounts",
        "Kratos’ key against account enumeration is on, and doesn’t cover the sign-up form.",
        mitigation,
    ),
    // L07; recovery, which makes it a danger, is not there yet
    Rule::new(
        ("squatted_addresses", Warning),
        TAKES_OVER,
        "An attacker can pre-register another user’s email",
        "An attacker signs up with someone else’s email, whose owner verifies it. The attacker keeps the password \
         and the sessions.",
        squatted,
    ),
    // L25
    Rule::new(
        ("sessions_for_programs", Warning),
        SESSION,
        "Bots can create accounts and sessions",
        "Anyone can sign up and is signed in immediately, and nothing limits bots.",
        programs,
    ),
    // L16
    Rule::new(
        ("sign_in_differs", Warning),
        SOCIAL,
        "Only some sign-up methods sign users in",
        "Sign-up with a password signs in, social sign-up doesn’t.",
        differs,
    ),
    // L17
    Rule::new(
        ("providers_sign_in_anyway", Info),
        SOCIAL,
        "Social sign-up still signs users in",
        "Sign-up with a password doesn’t sign users in, social sign-up does.",
        providers,
    ),
];

fn open(config: &Config) -> bool {
    config.selfservice.registration.enabled
}

/// Whether a key that other parts of the configuration do not read is on.
pub(super) fn flag(config: &Config, key: &str) -> bool {
    match get(&config.raw, key) {
        Some(Value::Bool(on)) => *on,
        Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
        _ => false,
    }
}

fn closed(seen: &Seen<'_>, found: &mut Vec<Found>) {
    if !open(seen.config) {
        found.push(Found::new("The sign-up page says so. Existing users can still sign in."));
    }
}

fn no_method(seen: &Seen<'_>, found: &mut Vec<Found>) {
    if registering(seen.config).next().is_none() {
        found.push(
            Found::new(
                "No enabled method lets users sign up, so this setting has no effect, and the sign-up page says so. \
                 Turn on `selfservice.methods.password`.",
            )
            .at(SIGN_IN_AFTER_REGISTRATION)
            .patch("selfservice.methods.password.enabled", true),
        );
    }
}

fn no_sign_in_method(seen: &Seen<'_>, found: &mut Vec<Found>) {
    if seen.sign_ins.is_empty() {
        found.push(
            Found::new(
                "Users can't sign in, whether they have an account or not. Enable `selfservice.methods.password`, or a provider.",
            )
            .patch("selfservice.methods.password.enabled", true),
        );
    }
}

/// What closes the hole, as far as it is there.
fn way_out() -> &'static str {
    match has_effect(PREVENT_ENUMERATION) {
        true => {
            "With `vestibule.registration.prevent_enumeration`, sign-up responds the same for every email if codes \
             are sent."
        }
        false => "Sign-up that responds the same for every email isn’t supported yet.",
    }
}

fn leaks(seen: &Seen<'_>) -> bool {
    // Without codes nothing waits for a proof, and a taken address is told as ever.
    let answers_alike = seen.config.vestibule.registration.prevent_enumeration && seen.config.sends_codes();
    open(seen.config) && !answers_alike
}

fn leaking(seen: &Seen<'_>, text: String) -> Found {
    let found = Found::new(text).at(SIGN_IN_AFTER_REGISTRATION);
    // Where no address is ever proven, that would close nothing.
    match has_effect(PREVENT_ENUMERATION) && seen.config.sends_codes() && seen.proves() {
        true => found.set("Prevent account enumeration", PREVENT_ENUMERATION, true),
        false => found,
    }
}

fn enumeration(seen: &Seen<'_>, found: &mut Vec<Found>) {
    if leaks(seen) && seen.signs_in() {
        let text = format!(
            "Only new accounts get a session, so anyone can check whether an email is registered. Turning this off \
             isn’t enough: the form still says that an email is taken. {}",
            way_out()
        );
        found.push(leaking(seen, text));
    }
}

fn enumeration_by_form(seen: &Seen<'_>, found: &mut Vec<Found>) {
    if leaks(seen) && !seen.signs_in() {
        let text = format!(
            "No cookie reveals existing accounts, but the form says that an email is taken. {}",
            way_out()
        );
        found.push(leaking(seen, text));
    }
}

fn mitigation(seen: &Seen<'_>, found: &mut Vec<Found>) {
    if leaks(seen) && flag(seen.config, MITIGATE) {
        let text = format!(
            "`{MITIGATE}` is on, but the sign-up form says that an email is taken, like the form of Kratos. {}",
            way_out()
        );
        found.push(leaking(seen, text));
    }
}

fn squatted(seen: &Seen<'_>, found: &mut Vec<Found>) {
    let keys = &seen.config.vestibule.registration;
    let proof = seen.config.sends_codes() && seen.proves();
    if open(seen.config) && proof && !keys.reset_on_first_verification && !keys.prevent_enumeration {
        let what = "An attacker can sign up with someone else’s email. When its owner follows the link in the \
         email, the account counts as verified, and the attacker still has the password and the sessions.";
        found.push(match has_effect(TAKES_OVER) {
            true => Found::new(format!(
                "{what} With `{TAKES_OVER}`, the first verification removes earlier passwords and sessions, unless \
                 it comes from the browser or app that signed up."
            ))
            .set("Reset account on first verification", TAKES_OVER, true),
            false => Found::new(what),
        });
    }
}

fn programs(seen: &Seen<'_>, found: &mut Vec<Found>) {
    let keys = &seen.config.vestibule.registration;
    if seen.signs_in() && !keys.invite_only && !keys.prevent_enumeration {
        found.push(
            Found::new(
                "Every sign-up creates a session, and nothing limits bots. Limit sign-ups at your reverse proxy, or \
                 sign users in only after verification.",
            )
            .at(SIGN_IN_AFTER_REGISTRATION)
            .fix("Turn off sign-in after registration", seen.every_method(SIGN_IN_AFTER_REGISTRATION, false)),
        );
    }
}

/// Whether sign-up by password and through providers signs in; `None` where people cannot sign up so.
fn ways(seen: &Seen<'_>) -> Option<(bool, bool)> {
    let by = |method| seen.sign_ups.iter().find(|plan| plan.method == method).map(Plan::signs_in);
    Some((by(MethodId::Password)?, by(MethodId::Oidc)?))
}

fn differs(seen: &Seen<'_>, found: &mut Vec<Found>) {
    if ways(seen) == Some((true, false)) {
        found.push(
            Found::new(
                "Sign-up with a password signs in, social sign-up doesn’t. Users who sign up with a provider have \
                 to sign in again.",
            )
            .at(SIGN_IN_AFTER_REGISTRATION)
            .set("Sign in after social sign-up", SOCIAL, true),
        );
    }
}

fn providers(seen: &Seen<'_>, found: &mut Vec<Found>) {
    if ways(seen) != Some((false, true)) {
        return;
    }
    let off = (SIGN_IN_AFTER_REGISTRATION.to_owned(), json!({"oidc": "off"}));
    let finding = match seen.config.vestibule.registration.sign_in_after_social {
        true => Found::new(format!(
            "“Sign in after registration” is off for passwords. Users who sign up with a provider are signed in, \
             because the provider has just signed them in. To turn that off, set `{SOCIAL}: false`."
        ))
        .fix("Don’t sign them in", Named::from([(SIGN_IN_AFTER_SOCIAL.to_owned(), false.into()), off])),
        false => Found::new(
            "“Sign in after registration” is off for passwords and on for providers. Users who sign up with a \
             provider are signed in, users with a password have to sign in themselves.",
        )
        .key("selfservice.flows.registration.after.oidc.hooks")
        .fix("Don’t sign them in", Named::from([off])),
    };
    found.push(finding.at(SIGN_IN_AFTER_REGISTRATION));
}
