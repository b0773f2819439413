//! What unsaved values would mean: what runs, what an answer holds, and what can happen then. Nothing here is written.

use super::page::{changes, named, registering, values};
use super::{Authentication, Preview, Severity, Warning};
use crate::config::console::{
    BREACH_CHECK, IDENTIFIER_SIMILARITY_CHECK, MIN_PASSWORD_LENGTH, REGISTRATION_ENABLED,
    REQUIRE_VERIFIED_ADDRESS, SHOW_VERIFICATION_PAGE, SIGN_IN_AFTER_REGISTRATION,
};
use crate::config::load::remap;
use crate::config::{Config, Hook, Method};
use crate::plan::{Client, FlowKind, plan};

/// Warnings and plans for values that were not saved yet. Pure: the same mapper as a Save, on the configuration in force.
/// Values that a Save would refuse change no plan.
pub fn preview(config: &Config, unsaved: &Authentication) -> Preview {
    let would_be = remap(config, config.revision, &named(config, &config.named, unsaved));
    let would_be = would_be.as_ref().unwrap_or(config);
    let clients = [Client::Browser, Client::Spa, Client::Native];
    let plans = clients.map(|client| {
        let plan = |config| plan(config, FlowKind::Registration, Method::Password, client);
        (plan(config), plan(would_be))
    });
    Preview {
        warnings: warnings(would_be, unsaved),
        plans: plans.into(),
        changes: changes(&values(config), unsaved),
    }
}

fn warnings(config: &Config, values: &Authentication) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let mut warn = |id, severity, at, title: &str, text: String| {
        warnings.push(Warning { id, severity, at, title: title.to_owned(), text });
    };
    if !values.registration_enabled {
        warn(
            "registration_closed",
            Severity::Info,
            REGISTRATION_ENABLED,
            "Nobody can sign up",
            "The sign-up page says so. Whoever has an account can still sign in.".into(),
        );
    } else if values.sign_in_after_registration {
        warn(
            "enumeration",
            Severity::Danger,
            SIGN_IN_AFTER_REGISTRATION,
            "A stranger can learn who has an account",
            "Only a new address gets a cookie (in native apps, a token), so the answer to a sign-up gives known addresses \
             away. Turning this off is not enough: the form still says that an address is taken. Sign-up that answers \
             alike for every address, and signs people in once they have proven theirs, will close it; it is not there yet."
                .into(),
        );
    } else {
        warn(
            "enumeration_by_form",
            Severity::Warning,
            SIGN_IN_AFTER_REGISTRATION,
            "The sign-up form tells who has an account",
            "No cookie gives known addresses away, but the form says that an address is taken. Sign-up that answers alike \
             for every address will close it; it is not there yet."
                .into(),
        );
    }
    if registering(config).next().is_none() {
        warn(
            "no_method",
            Severity::Warning,
            SIGN_IN_AFTER_REGISTRATION,
            "No method to sign up with",
            "No enabled method lets people sign up, so this changes nothing. Switch on `selfservice.methods.password`.".into(),
        );
    }
    let sign_up = plan(config, FlowKind::Registration, Method::Password, Client::Browser);
    let silenced = sign_up.silenced();
    if !silenced.is_empty() {
        warn(
            "shadowed_hooks",
            Severity::Danger,
            SIGN_IN_AFTER_REGISTRATION,
            "Hooks of the whole flow do not run",
            format!(
                "The method password has a list of its own, which replaces that of the flow. These run for no sign-up by \
                 password: {}. Add them to the method's list.",
                silenced.join(", ")
            ),
        );
    }
    if !sign_up.never.is_empty() {
        let names: Vec<String> = sign_up.never.iter().map(Hook::title).collect();
        warn(
            "never_asked",
            Severity::Danger,
            SIGN_IN_AFTER_REGISTRATION,
            "A service that may stop a sign-up is never asked",
            format!(
                "In the list of the whole flow these never run, since they would have to run before the account is stored: \
                 {}. Move them to `selfservice.flows.registration.after.password.hooks`.",
                names.join(", ")
            ),
        );
    }
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
        );
    } else if values.require_verified_address && config.courier.smtp.is_none() && !config.courier.mailbox {
        warn(
            "codes_go_nowhere",
            Severity::Danger,
            REQUIRE_VERIFIED_ADDRESS,
            "No code leaves this server",
            "There is no mail server, so codes wait in the queue and nobody gets one. Set `courier.smtp.connection_uri`."
                .into(),
        );
    } else if values.require_verified_address && values.sign_in_after_registration {
        warn(
            "signed_in_once_without_proof",
            Severity::Warning,
            REQUIRE_VERIFIED_ADDRESS,
            "Signed in once without proof",
            format!(
                "Whoever signs up is signed in at once all the same, with an address that may be somebody else's, for up to \
                 {}. Their next sign-in asks for the code. Turn off Sign in after registration to ask for proof first.",
                span(config.session.lifespan)
            ),
        );
    }
    if values.show_verification_page && !(config.sends_codes() && proves) {
        warn(
            "no_code_to_show_a_page_for",
            Severity::Warning,
            SHOW_VERIFICATION_PAGE,
            "There is no code to type in",
            "No codes are sent, so the page is never shown. `selfservice.flows.verification.enabled` and an address in the \
             identity schema that can be confirmed make them."
                .into(),
        );
    }
    if values.min_password_length < 8 {
        warn(
            "short_passwords",
            Severity::Warning,
            MIN_PASSWORD_LENGTH,
            "Short passwords can be guessed",
            "Fewer than 8 characters are too few for a password (NIST SP 800-63B, OWASP ASVS). 12 or more are better.".into(),
        );
    }
    if !values.identifier_similarity_check {
        warn(
            "similarity_check_off",
            Severity::Warning,
            IDENTIFIER_SIMILARITY_CHECK,
            "An address may be its own password",
            "Passwords that look like the person's address or name are the first that are tried.".into(),
        );
    }
    if !values.breach_check {
        warn(
            "breach_check_off",
            Severity::Warning,
            BREACH_CHECK,
            "Known passwords are accepted",
            "Passwords from data breaches are tried by everybody. Leave the check on unless this server has no way out.".into(),
        );
    }
    warnings
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
