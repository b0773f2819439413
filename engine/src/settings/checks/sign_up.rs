//! Who may sign up, what a sign-up tells strangers, and whom it signs in.

use super::rule::Severity::{Danger, Info, Warning};
use super::rule::{Found, Rule, Seen};
use crate::config::{Config, Method, Named, get, has_effect};
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
        "Nobody can sign up",
        "Sign-up is closed.",
        closed,
    ),
    Rule::new(
        ("no_method", Warning),
        SESSION,
        "No method to sign up with",
        "Sign-up is open, and no enabled method lets people sign up.",
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
        "Sign-up signs people in, so the cookie tells new addresses from known ones; the form does, too.",
        enumeration,
    )
    .widens("enumeration_by_form"),
    Rule::new(
        ("enumeration_by_form", Warning),
        SESSION,
        "The sign-up form tells who has an account",
        "Sign-up signs nobody in; the form still says that an address is taken.",
        enumeration_by_form,
    ),
    // L09
    Rule::new(
        ("mitigation_without_sign_up", Warning),
        MITIGATE,
        "Sign-up gives accounts away all the same",
        "Kratos' switch against giving accounts away is on, and does not cover the sign-up form.",
        mitigation,
    ),
    // L07; recovery, which makes it a danger, is not there yet
    Rule::new(
        ("squatted_addresses", Warning),
        TAKES_OVER,
        "An account may be proven by one person and used by another",
        "Somebody signs up with the address of another, who confirms it: the first one keeps their password and sessions.",
        squatted,
    ),
    // L25
    Rule::new(
        ("sessions_for_programs", Warning),
        SESSION,
        "Programs can make accounts and sessions",
        "Sign-up is open to everybody and signs in at once; nothing slows a program down.",
        programs,
    ),
    // L16
    Rule::new(
        ("sign_in_differs", Warning),
        SOCIAL,
        "The way of signing up decides who is signed in",
        "Sign-up by password signs in, sign-up through a provider does not.",
        differs,
    ),
    // L17
    Rule::new(
        ("providers_sign_in_anyway", Info),
        SOCIAL,
        "Providers sign people in all the same",
        "Sign-up by password signs nobody in, sign-up through a provider does.",
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
        found.push(Found::new("The sign-up page says so. Whoever has an account can still sign in."));
    }
}

fn no_method(seen: &Seen<'_>, found: &mut Vec<Found>) {
    if registering(seen.config).next().is_none() {
        found.push(
            Found::new(
                "No enabled method lets people sign up, so this changes nothing, and the sign-up page says so. Switch on `selfservice.methods.password`.",
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
            "`vestibule.registration.prevent_enumeration` answers alike for every address, where codes are sent."
        }
        false => {
            "Sign-up that answers alike for every address, and signs people in once they have proven theirs, will close it; \
             it is not there yet."
        }
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
        true => found.set("Answer alike for every address", PREVENT_ENUMERATION, true),
        false => found,
    }
}

fn enumeration(seen: &Seen<'_>, found: &mut Vec<Found>) {
    if leaks(seen) && seen.signs_in() {
        let text = format!(
            "Only a new address gets a cookie (in native apps, a token), so the answer to a sign-up gives known addresses \
             away. Turning this off is not enough: the form still says that an address is taken. {}",
            way_out()
        );
        found.push(leaking(seen, text));
    }
}

fn enumeration_by_form(seen: &Seen<'_>, found: &mut Vec<Found>) {
    if leaks(seen) && !seen.signs_in() {
        let text = format!(
            "No cookie gives known addresses away, but the form says that an address is taken. {}",
            way_out()
        );
        found.push(leaking(seen, text));
    }
}

fn mitigation(seen: &Seen<'_>, found: &mut Vec<Found>) {
    if leaks(seen) && flag(seen.config, MITIGATE) {
        let text = format!(
            "`{MITIGATE}` is on, but the sign-up form says that an address is taken, as that of Kratos does. {}",
            way_out()
        );
        found.push(leaking(seen, text));
    }
}

fn squatted(seen: &Seen<'_>, found: &mut Vec<Found>) {
    let keys = &seen.config.vestibule.registration;
    let proof = seen.config.sends_codes() && seen.proves();
    if open(seen.config) && proof && !keys.reset_on_first_verification && !keys.prevent_enumeration {
        let what = "Somebody can sign up with an address that is not theirs. When its owner follows the mail, the account counts as \
                    proven, and whoever made it still has the password and the sessions.";
        found.push(match has_effect(TAKES_OVER) {
            true => Found::new(format!(
                "{what} With `{TAKES_OVER}` the proof ends what was there before it, unless it comes from the one who signed up."
            ))
            .set("Let the proof take over", TAKES_OVER, true),
            false => Found::new(what),
        });
    }
}

fn programs(seen: &Seen<'_>, found: &mut Vec<Found>) {
    let keys = &seen.config.vestibule.registration;
    if seen.signs_in() && !keys.invite_only && !keys.prevent_enumeration {
        found.push(
            Found::new(
                "Whoever signs up gets a session, as often as a program can ask. Limit sign-ups at the proxy in front of this server, \
                 or sign people in only when they have proven their address.",
            )
            .at(SIGN_IN_AFTER_REGISTRATION)
            .fix("Turn the switch off", seen.every_method(SIGN_IN_AFTER_REGISTRATION, false)),
        );
    }
}

/// Whether sign-up by password and through providers signs in; `None` where people cannot sign up so.
fn ways(seen: &Seen<'_>) -> Option<(bool, bool)> {
    let by = |method| seen.sign_ups.iter().find(|plan| plan.method == method).map(Plan::signs_in);
    Some((by(Method::Password)?, by(Method::Oidc)?))
}

fn differs(seen: &Seen<'_>, found: &mut Vec<Found>) {
    if ways(seen) == Some((true, false)) {
        found.push(
            Found::new(
                "Sign-up by password signs in, sign-up through a provider does not. People who come from a provider have to sign in \
                 once more.",
            )
            .at(SIGN_IN_AFTER_REGISTRATION)
            .set("Sign them in, too", SOCIAL, true),
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
            "The switch is off for passwords. Whoever signs up through a provider is signed in anyway, since the provider has just \
             signed them in; `{SOCIAL}: false` ends that."
        ))
        .fix("Do not sign them in", Named::from([(SIGN_IN_AFTER_SOCIAL.to_owned(), false.into()), off])),
        false => Found::new(
            "The switch is off for passwords and on for providers. Whoever signs up through one is signed in, whoever types in a \
             password has to sign in themselves.",
        )
        .key("selfservice.flows.registration.after.oidc.hooks")
        .fix("Do not sign them in", Named::from([off])),
    };
    found.push(finding.at(SIGN_IN_AFTER_REGISTRATION));
}
