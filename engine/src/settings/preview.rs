//! What unsaved values would mean: what runs, what an answer holds, and what can happen then. Nothing here is written.

use super::page::{named, registering, values};
use super::{AfterSignUp, Authentication, Fix, Preview, Severity, Warning, changes};
use crate::config::console::{
    BREACH_CHECK, IDENTIFIER_SIMILARITY_CHECK, LEAK_NOTHING, MIN_PASSWORD_LENGTH, REGISTRATION_ENABLED,
    REQUIRE_VERIFIED_ADDRESS, SHOW_VERIFICATION_PAGE, SIGN_IN_AFTER_REGISTRATION, UNPROVEN_SESSION, is_there,
};
use crate::config::load::remap;
use crate::config::{Config, Hook, Method, Named};
use crate::pipeline::{compared, pipeline, way};
use crate::plan::{Client, FlowKind, Plan, plan};
use serde_json::{Value, json};

/// Warnings and plans for values that were not saved yet. Pure: the same mapper as a Save, on the configuration in force.
/// Values that a Save would refuse change no plan.
pub fn preview(config: &Config, unsaved: &Authentication) -> Preview {
    let would_be = mapped(config, unsaved);
    let would_be = would_be.as_ref().unwrap_or(config);
    let clients = [Client::Browser, Client::Spa, Client::Native];
    let plans: Vec<(Plan, Plan)> = ways(would_be)
        .into_iter()
        .flat_map(|method| clients.map(|client| (method, client)))
        .map(|(method, client)| {
            let plan = |config| plan(config, FlowKind::Registration, method, client);
            (plan(config), plan(would_be))
        })
        .collect();
    let pipelines = plans
        .iter()
        .map(|(saved, unsaved)| compared(&pipeline(config, saved), &pipeline(would_be, unsaved)))
        .collect();
    Preview {
        warnings: warnings(would_be, unsaved),
        plans,
        pipelines,
        changes: changes(&values(config), unsaved),
    }
}

fn mapped(config: &Config, unsaved: &Authentication) -> Option<Config> {
    remap(config, config.revision, &named(config, &config.named, unsaved)).ok()
}

/// Enabled ways to sign up. Without any, what a password would do.
fn ways(config: &Config) -> Vec<Method> {
    let ways: Vec<Method> = registering(config).collect();
    if ways.is_empty() { vec![Method::Password] } else { ways }
}

/// Dangers that a Save of `wanted` would bring about: those that are not there already.
pub fn brought_about(config: &Config, wanted: &Authentication) -> Vec<Warning> {
    let saved = preview(config, &values(config)).warnings;
    let dangers = preview(config, wanted).warnings.into_iter();
    dangers
        .filter(|danger| danger.severity == Severity::Danger)
        .filter(|danger| !saved.iter().any(|old| old.id == danger.id && old.severity == danger.severity))
        .collect()
}

/// One press that puts `patch` into the form.
fn fix(label: &str, patch: &[(&str, Value)]) -> Option<Fix> {
    let patch: Named = patch.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    Some(Fix { label: label.to_owned(), patch })
}

/// What keeps people from being signed in before their address is proven, as far as it is there.
fn prove_first() -> Option<Fix> {
    let patch = AfterSignUp::WhenProven.settings();
    AfterSignUp::WhenProven
        .is_offered()
        .then(|| Fix { label: "Sign in when proven instead".to_owned(), patch })
}

/// The way that closes the hole, not only one half of it.
fn leak_nothing() -> Option<Fix> {
    let patch = [(LEAK_NOTHING, json!(true))];
    if is_there(LEAK_NOTHING) { fix("Leak nothing instead", &patch) } else { None }
}

fn warnings(config: &Config, values: &Authentication) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let mut warn = |id, severity, at, title: &str, text: String, fix: Option<Fix>| {
        warnings.push(Warning { id, severity, at, title: title.to_owned(), text, fix });
    };
    let closes = match is_there(LEAK_NOTHING) {
        true => "Registration that leaks nothing answers alike for every address.",
        false => {
            "Sign-up that answers alike for every address, and signs people in once they have proven theirs, will close it; it is \
             not there yet."
        }
    };
    if !values.registration_enabled {
        warn(
            "registration_closed",
            Severity::Info,
            REGISTRATION_ENABLED,
            "Nobody can sign up",
            "The sign-up page says so. Whoever has an account can still sign in.".into(),
            None,
        );
    } else if config.vestibule.registration.leak_nothing && is_there(LEAK_NOTHING) {
        // Every address is answered alike.
    } else if !values.sign_in_after_registration.all_off() {
        warn(
            "enumeration",
            Severity::Danger,
            SIGN_IN_AFTER_REGISTRATION,
            "A stranger can learn who has an account",
            format!(
                "Only a new address gets a cookie (in native apps, a token), so the answer to a sign-up gives known addresses \
                 away. Turning this off is not enough: the form still says that an address is taken. {closes}"
            ),
            leak_nothing(),
        );
    } else {
        warn(
            "enumeration_by_form",
            Severity::Warning,
            SIGN_IN_AFTER_REGISTRATION,
            "The sign-up form tells who has an account",
            format!(
                "No cookie gives known addresses away, but the form says that an address is taken. {closes}"
            ),
            leak_nothing(),
        );
    }
    if registering(config).next().is_none() {
        warn(
            "no_method",
            Severity::Warning,
            SIGN_IN_AFTER_REGISTRATION,
            "No method to sign up with",
            "No enabled method lets people sign up, so this changes nothing. Switch on `selfservice.methods.password`.".into(),
            None,
        );
    }
    hooks(config, &mut warn);
    let proves = config.default_schema().is_some_and(|schema| schema.schema.proves_email());
    if values.require_verified_address && !(config.sends_codes() && proves) {
        let missing = if proves {
            "No codes are sent, so nobody could ever confirm one. Switch on `selfservice.flows.verification.enabled`."
        } else {
            "The default identity schema has no e-mail address that can be confirmed. Give its address \
             `\"verification\": {\"via\": \"email\"}`."
        };
        warn(
            "nobody_can_sign_in",
            Severity::Danger,
            REQUIRE_VERIFIED_ADDRESS,
            "People without a confirmed address are locked out",
            missing.into(),
            fix("Let them sign in", &[(REQUIRE_VERIFIED_ADDRESS, json!(false))]),
        );
    } else if values.require_verified_address && config.courier.smtp.is_none() && !config.courier.mailbox {
        warn(
            "codes_go_nowhere",
            Severity::Danger,
            REQUIRE_VERIFIED_ADDRESS,
            "No code leaves this server",
            "There is no mail server, so codes wait in the queue and nobody gets one. Set `courier.smtp.connection_uri`."
                .into(),
            None,
        );
    } else if values.require_verified_address && !values.sign_in_after_registration.all_off() {
        let unproven = values.unproven_session.filter(|_| is_there(UNPROVEN_SESSION));
        let life = unproven.map_or(config.session.lifespan, |life| life.min(config.session.lifespan));
        let shorten = is_there(UNPROVEN_SESSION)
            .then(|| fix("Make it 30 minutes", &[(UNPROVEN_SESSION, json!("30m"))]));
        let off = || fix("Turn it off", &[(SIGN_IN_AFTER_REGISTRATION, json!("off"))]);
        warn(
            "signed_in_once_without_proof",
            // Whoever gave such sessions a life of their own has thought of it.
            if unproven.is_some() { Severity::Info } else { Severity::Warning },
            REQUIRE_VERIFIED_ADDRESS,
            "Signed in once without proof",
            format!(
                "Whoever signs up is signed in at once all the same, with an address that may be somebody else's, for up to \
                 {}. Their next sign-in asks for the code. Turn off Sign in after registration to ask for proof first.",
                span(life)
            ),
            if unproven.is_some() {
                prove_first()
            } else {
                shorten.flatten().or_else(prove_first).or_else(off)
            },
        );
    }
    if !values.show_verification_page.all_off() && !(config.sends_codes() && proves) {
        warn(
            "no_code_to_show_a_page_for",
            Severity::Warning,
            SHOW_VERIFICATION_PAGE,
            "There is no code to type in",
            "No codes are sent, so the page is never shown. `selfservice.flows.verification.enabled` and an address in the \
             identity schema that can be confirmed make them."
                .into(),
            None,
        );
    }
    if values.min_password_length < 8 {
        warn(
            "short_passwords",
            Severity::Warning,
            MIN_PASSWORD_LENGTH,
            "Short passwords can be guessed",
            "Fewer than 8 characters are too few for a password (NIST SP 800-63B, OWASP ASVS). 12 or more are better.".into(),
            fix("Make it 12", &[(MIN_PASSWORD_LENGTH, json!(12))]),
        );
    }
    if !values.identifier_similarity_check {
        warn(
            "similarity_check_off",
            Severity::Warning,
            IDENTIFIER_SIMILARITY_CHECK,
            "An address may be its own password",
            "Passwords that look like the person's address or name are the first that are tried.".into(),
            fix("Switch it on", &[(IDENTIFIER_SIMILARITY_CHECK, json!(true))]),
        );
    }
    if !values.breach_check {
        warn(
            "breach_check_off",
            Severity::Warning,
            BREACH_CHECK,
            "Known passwords are accepted",
            "Passwords from data breaches are tried by everybody. Leave the check on unless this server has no way out.".into(),
            fix("Switch it on", &[(BREACH_CHECK, json!(true))]),
        );
    }
    warnings
}

type Warn<'a> = &'a mut dyn FnMut(&'static str, Severity, &'static str, &str, String, Option<Fix>);

/// Hooks that somebody wrote down and that do not run.
fn hooks(config: &Config, warn: Warn<'_>) {
    let sign_up = |method| plan(config, FlowKind::Registration, method, Client::Browser);
    let mut silenced: Vec<(Method, Vec<String>)> = Vec::new();
    let mut never: Vec<String> = Vec::new();
    for method in ways(config) {
        let plan = sign_up(method);
        let names = plan.silenced();
        if !names.is_empty() {
            silenced.push((method, names));
        }
        never.extend(plan.never.iter().map(Hook::title));
    }
    never.sort();
    never.dedup();
    if !silenced.is_empty() {
        let told: Vec<String> = silenced
            .iter()
            .map(|(method, names)| {
                format!(
                    "The method {} has a list of its own, which replaces that of the flow. These run for no sign-up by {}: {}.",
                    method.name(),
                    way(*method).to_lowercase(),
                    names.join(", ")
                )
            })
            .collect();
        warn(
            "shadowed_hooks",
            Severity::Danger,
            SIGN_IN_AFTER_REGISTRATION,
            "Hooks of the whole flow do not run",
            format!("{} Add them to the method's list.", told.join(" ")),
            None,
        );
    }
    if !never.is_empty() {
        warn(
            "never_asked",
            Severity::Danger,
            SIGN_IN_AFTER_REGISTRATION,
            "A service that may stop a sign-up is never asked",
            format!(
                "In the list of the whole flow these never run, since they would have to run before the account is stored: \
                 {}. Move them to the list of a method, such as `selfservice.flows.registration.after.password.hooks`.",
                never.join(", ")
            ),
            None,
        );
    }
}

/// Such as `24 hours`.
fn span(time: std::time::Duration) -> String {
    let (count, unit) = match time.as_secs() {
        seconds if seconds >= 7200 => (seconds / 3600, "hours"),
        seconds if seconds >= 120 => (seconds / 60, "minutes"),
        seconds => (seconds, "seconds"),
    };
    format!("{count} {unit}")
}
