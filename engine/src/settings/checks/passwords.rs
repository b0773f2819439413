//! What a new password has to be.

use super::{Found, Rule, Seen};
use crate::config::Named;
use crate::config::console::{BREACH_CHECK, IDENTIFIER_SIMILARITY_CHECK, MIN_PASSWORD_LENGTH};
use crate::settings::Severity::Warning;

/// Fewer are too few for a password (NIST SP 800-63B, OWASP ASVS 5, 6.2.1).
const FEWEST: usize = 8;

pub(super) const RULES: &[Rule] = &[
    Rule::new(
        ("short_passwords", Warning),
        "selfservice.methods.password.config.min_password_length",
        "Short passwords can be guessed",
        "Fewer than 8 characters are allowed.",
        short,
    ),
    Rule::new(
        ("similarity_check_off", Warning),
        "selfservice.methods.password.config.identifier_similarity_check_enabled",
        "An address may be its own password",
        "Passwords that look like the person's address or name are accepted.",
        similar,
    ),
    Rule::new(
        ("breach_check_off", Warning),
        "selfservice.methods.password.config.haveibeenpwned_enabled",
        "Known passwords are accepted",
        "Passwords from known breaches are accepted.",
        breached,
    ),
];

fn short(seen: &Seen<'_>, found: &mut Vec<Found>) {
    if seen.config.selfservice.password.min_password_length < FEWEST {
        found.push(
            Found::new(
                "Fewer than 8 characters are too few for a password (NIST SP 800-63B, OWASP ASVS). 12 or more are better.",
            )
            .fix("Ask for 12 characters", Named::from([(MIN_PASSWORD_LENGTH.into(), 12.into())])),
        );
    }
}

fn similar(seen: &Seen<'_>, found: &mut Vec<Found>) {
    if !seen.config.selfservice.password.identifier_similarity_check_enabled {
        found.push(
            Found::new("Passwords that look like the person's address or name are the first that are tried.")
                .fix("Refuse them", Named::from([(IDENTIFIER_SIMILARITY_CHECK.into(), true.into())])),
        );
    }
}

fn breached(seen: &Seen<'_>, found: &mut Vec<Found>) {
    if !seen.config.selfservice.password.haveibeenpwned_enabled {
        found.push(
            Found::new(
                "Passwords from data breaches are tried by everybody. Leave the check on unless this server has no way out.",
            )
            .fix("Refuse them", Named::from([(BREACH_CHECK.into(), true.into())])),
        );
    }
}
