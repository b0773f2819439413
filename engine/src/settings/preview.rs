//! What unsaved values would mean: what runs, what an answer holds, and what can happen then. Nothing here is written.

use super::page::{changes, named, registering, values};
use super::{Authentication, Preview, Severity, Warning};
use crate::config::console::{
    BREACH_CHECK, IDENTIFIER_SIMILARITY_CHECK, MIN_PASSWORD_LENGTH, REGISTRATION_ENABLED,
    SIGN_IN_AFTER_REGISTRATION,
};
use crate::config::load::remap;
use crate::config::{Config, Method};
use crate::plan::{Client, FlowKind, Plan, Step, plan};

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
    let silenced = silenced(&plan(config, FlowKind::Registration, Method::Password, Client::Browser));
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

/// Names of the flow's hooks that no entry of the list in force stands for.
fn silenced(plan: &Plan) -> Vec<&'static str> {
    let runs = |hook| plan.steps.contains(&Step::Run(hook));
    plan.shadowed.iter().filter(|hook| !runs((*hook).clone())).map(|hook| hook.name()).collect()
}
