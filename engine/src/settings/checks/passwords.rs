//! What a new password has to be.

use super::rule::Severity::Warning;
use super::rule::{Found, Rule, Seen};
use crate::config::{Algorithm, BREACH_SERVICE, HASH_MEMORY};
use crate::effects::at_sight;
use crate::password::breach_service;

const LENGTH: &str = "selfservice.methods.password.config.min_password_length";
const SIMILARITY: &str = "selfservice.methods.password.config.identifier_similarity_check_enabled";
const BREACHES: &str = "selfservice.methods.password.config.haveibeenpwned_enabled";

/// Fewer are too few for a password (NIST SP 800-63B, OWASP ASVS 5, 6.2.1).
const FEWEST: usize = 8;

pub(super) const RULES: &[Rule] = &[
    Rule::new(
        ("short_passwords", Warning),
        LENGTH,
        "Short passwords can be guessed",
        "Fewer than 8 characters are allowed.",
        short,
    ),
    Rule::new(
        ("similarity_check_off", Warning),
        SIMILARITY,
        "An address may be its own password",
        "Passwords that look like the person's address or name are accepted.",
        similar,
    ),
    Rule::new(
        ("breach_check_off", Warning),
        BREACHES,
        "Known passwords are accepted",
        "Passwords from known breaches are accepted.",
        breached,
    ),
    Rule::new(
        ("breach_service_out_of_reach", Warning),
        BREACH_SERVICE,
        "The breach check cannot ask its service",
        "The breach check is on, and its service stands where this server sends no requests.",
        out_of_reach,
    ),
    Rule::new(
        ("weak_hash_memory", Warning),
        HASH_MEMORY,
        "Password hashes are cheaper than they should be",
        "argon2id uses less than 7 MB for a hash, or another amount than the file says.",
        cheap,
    ),
];

/// KiB of the smallest argon2id that the OWASP Password Storage Cheat Sheet lists.
const SMALLEST: u32 = 7 << 10;

fn short(seen: &Seen<'_>, found: &mut Vec<Found>) {
    if seen.config.selfservice.password.min_password_length < FEWEST {
        found.push(
            Found::new(
                "Fewer than 8 characters are too few for a password (NIST SP 800-63B, OWASP ASVS). 12 or more are better.",
            )
            .set("Ask for 12 characters", LENGTH, 12),
        );
    }
}

fn similar(seen: &Seen<'_>, found: &mut Vec<Found>) {
    if !seen.config.selfservice.password.identifier_similarity_check_enabled {
        found.push(
            Found::new("Passwords that look like the person's address or name are the first that are tried.")
                .set("Refuse them", SIMILARITY, true),
        );
    }
}

fn breached(seen: &Seen<'_>, found: &mut Vec<Found>) {
    if !seen.config.selfservice.password.haveibeenpwned_enabled {
        found.push(
            Found::new(
                "Passwords from data breaches are tried by everybody. Leave the check on unless this server has no way out.",
            )
            .set("Refuse them", BREACHES, true),
        );
    }
}

fn out_of_reach(seen: &Seen<'_>, found: &mut Vec<Found>) {
    let policy = &seen.config.selfservice.password;
    let Some(url) = breach_service(seen.config, "00000").filter(|_| policy.haveibeenpwned_enabled) else {
        return;
    };
    if at_sight(seen.config.reach_of_breach_service(&url), &url).is_err() {
        let then = match policy.ignore_network_errors {
            true => "Passwords from data breaches are accepted",
            false => "Nobody can set a password",
        };
        found.push(Found::new(format!(
            "{then}: this server sends no requests to `{}`. Take an address that is none of this server's own. For one in a private \
             network `clients.http.disallow_private_ip_ranges` has to be off.",
            policy.haveibeenpwned_host
        )));
    }
}

fn cheap(seen: &Seen<'_>, found: &mut Vec<Found>) {
    let hashers = &seen.config.hashers;
    if hashers.algorithm != Algorithm::Argon2 {
        return;
    }
    let memory = hashers.argon2.memory;
    let text = match seen.config.unused_hash_memory() {
        Some(number) => format!(
            "`{number}` is not used, since it has no unit: older versions of Kratos read it as KiB. Hashes use {memory} KiB. Write \
             `{number}KB`, or another size with its unit."
        ),
        None if memory < SMALLEST => format!(
            "Hashes use {memory} KiB. Whoever steals the database tries passwords quickly. 19 MB with 2 iterations is a good value."
        ),
        None => return,
    };
    found.push(Found::new(text).patch(HASH_MEMORY, "19MB"));
}
