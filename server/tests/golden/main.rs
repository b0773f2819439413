//! Plays what a running Ory Kratos 26.2.0 answered (data/) against the server, one test per scenario.
//!
//! `scenario` reads a file, `replay` plays it, `normalise` makes an answer neutral, `compare` finds what differs,
//! `differences` lists what differs on purpose.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "tests compare values as they are, and fail on a variant that they do not expect"
)]

mod compare;
mod differences;
mod itself;
mod normalise;
mod replay;
mod scenario;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeMap;

/// One test per scenario, so that a red one is named; beside each the number of its checked answers.
macro_rules! scenarios {
    ($($test:ident = $name:literal, $answers:literal;)*) => {
        $(#[tokio::test]
        async fn $test() {
            replay::play($name, $answers).await;
        })*

        const SCENARIOS: &[(&str, usize)] = &[$(($name, $answers)),*];
    };
}

scenarios! {
    admin_sessions = "admin-sessions", 24;
    courier_messages = "courier-messages", 10;
    errors_endpoint = "errors-endpoint", 6;
    flow_ownership = "flow-ownership", 13;
    health_and_version = "health-and-version", 9;
    hooks_login = "hooks-login", 15;
    hooks_method_replaces_global = "hooks-method-replaces-global", 9;
    hooks_session_before_web_hook = "hooks-session-before-web-hook", 11;
    hooks_web_hook_interrupts = "hooks-web-hook-interrupts", 17;
    hooks_web_hook_parse = "hooks-web-hook-parse", 11;
    login_already_signed_in = "login-already-signed-in", 20;
    login_code = "login-code", 20;
    login_flow_expired = "login-flow-expired", 11;
    login_form_errors = "login-form-errors", 16;
    login_identifier_first = "login-identifier-first", 14;
    login_init = "login-init", 11;
    login_init_code = "login-init-code", 2;
    login_password = "login-password", 14;
    login_password_refused = "login-password-refused", 14;
    login_refresh = "login-refresh", 21;
    login_return_to = "login-return-to", 17;
    logout = "logout", 33;
    recovery_by_admin = "recovery-by-admin", 10;
    recovery_code_browser = "recovery-code-browser", 19;
    recovery_code_continue_with = "recovery-code-continue-with", 18;
    registration_already_signed_in = "registration-already-signed-in", 19;
    registration_code = "registration-code", 20;
    registration_csrf = "registration-csrf", 14;
    registration_disabled = "registration-disabled", 5;
    registration_duplicate = "registration-duplicate", 10;
    registration_duplicate_login_hints = "registration-duplicate-login-hints", 6;
    registration_flow_expired = "registration-flow-expired", 10;
    registration_flow_unknown = "registration-flow-unknown", 10;
    registration_flow_wrong_client = "registration-flow-wrong-client", 8;
    registration_init_code = "registration-init-code", 3;
    registration_init_parameters = "registration-init-parameters", 10;
    registration_init_password = "registration-init-password", 6;
    registration_init_profile_first = "registration-init-profile-first", 4;
    registration_init_rich_schema = "registration-init-rich-schema", 1;
    registration_method_choice = "registration-method-choice", 14;
    registration_password_policy = "registration-password-policy", 18;
    registration_password_session_hook = "registration-password-session-hook", 10;
    registration_password_without_hook = "registration-password-without-hook", 12;
    registration_profile_first = "registration-profile-first", 15;
    registration_return_to = "registration-return-to", 14;
    registration_session_and_verification_ui = "registration-session-and-verification-ui", 14;
    registration_session_hook_without_address = "registration-session-hook-without-address", 8;
    registration_traits_invalid = "registration-traits-invalid", 18;
    registration_traits_rich = "registration-traits-rich", 19;
    registration_verification_off = "registration-verification-off", 8;
    registration_verification_ui_without_session = "registration-verification-ui-without-session", 8;
    require_verified_address = "require-verified-address", 34;
    require_verified_address_without_address = "require-verified-address-without-address", 9;
    schemas = "schemas", 6;
    sessions_manage = "sessions-manage", 24;
    settings_init = "settings-init", 21;
    settings_password = "settings-password", 26;
    settings_profile = "settings-profile", 22;
    verification_after_registration = "verification-after-registration", 21;
    verification_code_refused = "verification-code-refused", 28;
    verification_flow_expired = "verification-flow-expired", 14;
    verification_standalone = "verification-standalone", 24;
    whoami = "whoami", 19;
}

#[test]
fn every_recording_is_played_and_none_was_lost() {
    let recorded: BTreeMap<String, usize> = scenario::all()
        .into_iter()
        .map(|scenario| {
            let answers = scenario.steps.iter().filter(|step| step.expect.is_some()).count();
            (scenario.name, answers)
        })
        .collect();
    let listed: BTreeMap<String, usize> =
        SCENARIOS.iter().map(|(name, answers)| ((*name).to_owned(), *answers)).collect();
    assert_eq!(recorded, listed);
    assert_eq!((recorded.len(), recorded.values().sum::<usize>()), (63, 897));
}

#[test]
fn differences_name_one_place_each() {
    differences::check(SCENARIOS.iter().map(|(name, answers)| (*name, *answers)));
}
