//! What the console may change, a file for each subject.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "tests compare values as they are, and fail on a variant that they do not expect"
)]

mod checks;
mod dangers;
mod gate;
mod history;
mod preview;
mod reconfigure;
mod social;
mod switches;
mod web_hooks;

use engine::config::Method;
use engine::settings::{Authentication, Ways};

/// The one way that is enabled.
fn ways(on: bool) -> Ways {
    [(Method::Password, on)].into_iter().collect()
}

/// What the form shows where nobody saved anything.
fn in_force() -> Authentication {
    Authentication {
        registration_enabled: true,
        invite_only: false,
        sign_in_after_registration: ways(false),
        sign_in_after_social: true,
        prevent_enumeration: false,
        reset_on_first_verification: false,
        unverified_session_lifespan: None,
        show_verification_page: ways(false),
        sign_in_after_verification: false,
        require_verified_address: ways(false),
        require_verified_identifier: false,
        min_password_length: 8,
        identifier_similarity_check: true,
        breach_check: true,
    }
}
