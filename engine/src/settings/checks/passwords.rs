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
        "The email can be the password",
        "Passwords similar to the user’s email or username are accepted.",
        similar,
    ),
    Rule::new(
        ("breach_check_off", Warning),
        BREACHES,
        "Breached passwords are accepted",
        "Passwords from known breaches are accepted.",
        breached,
    ),
    Rule::new(
        ("breach_service_out_of_reach", Warning),
        BREACH_SERVICE,
        "The breach check can’t reach its service",
        "The breach check is on, and this server sends no requests to the address of its service.",
        out_of_reach,
    ),
    Rule::new(
        ("weak_hash_memory", Warning),
        HASH_MEMORY,
        "Password hashes are weaker than recommended",
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
            .set("Require 12 characters", LENGTH, 12),
        );
    }
}

fn similar(seen: &Seen<'_>, found: &mut Vec<Found>) {
    if !seen.config.selfservice.password.identifier_similarity_check_enabled {
        found.push(Found::new("Attackers try passwords similar to the user’s email or username first.").set(
            "Reject them",
            SIMILARITY,
            true,
        ));
    }
}

fn breached(seen: &Seen<'_>, found: &mut Vec<Found>) {
    if !seen.config.selfservice.password.haveibeenpwned_enabled {
        found.push(
            Found::new(
                "All attackers try passwords from data breaches. Leave the check on unless this server can’t reach \
                 the internet.",
            )
            .set("Reject them", BREACHES, true),
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
            false => "Users can’t set a password",
        };
        found.push(Found::new(format!(
            "{then}, because this server sends no requests to `{}`. Use an address that isn’t one of this server’s \
             own. For an address in a private network, turn off `clients.http.disallow_private_ip_ranges`.",
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
            "`{number}` isn’t used, because it has no unit and older versions of Kratos read it as KiB. Hashes use \
             {memory} KiB. Write `{number}KB`, or another size with its unit."
        ),
        None if memory < SMALLEST => format!(
            "Hashes use {memory} KiB, so an attacker with a copy of the database can try passwords quickly. 19 MB \
             with 2 iterations is a good value."
        ),
        None => return,
    };
    found.push(Found::new(text).patch(HASH_MEMORY, "19MB"));
}
