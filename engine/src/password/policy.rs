//! Rejected passwords: too short, too long, too similar to an identifier (Kratos: selfservice/strategy/password/validator.go; NIST SP
//! 800-63B for counting characters, not bytes).

use super::common::is_common;
use crate::config::{Algorithm, Config, Hashers, PasswordMethod};
use crate::ui::{Text, text};

/// bcrypt reads no further.
pub(super) const BCRYPT_BYTES: usize = 72;

/// Fewer edits than this between password and identifier are too few.
const MIN_DISTANCE: usize = 5;

/// Identifiers are compared up to here: nobody's address is longer, and the comparison is quadratic.
const COMPARED: usize = 1024;

/// What can be asked of a password without the network when an owner sets it: length, likeness to `identifiers`, whether attackers
/// try it first, and whether the hash in force can take it whole. `Some` is the message for the field `password`.
pub fn check_chosen(config: &Config, password: &str, identifiers: &[String]) -> Option<Text> {
    let policy = &config.selfservice.password;
    check_policy(policy, password, identifiers)
        // Of two limits the form names the one that holds: bcrypt's is the lower one.
        .map(|refused| match password.chars().count() > policy.max_password_length {
            true => check_encodable(&config.hashers, password).unwrap_or(refused),
            false => refused,
        })
        .or_else(|| check_encodable(&config.hashers, password))
        .or_else(|| {
            let name = config.service_name();
            let known = identifiers.iter().filter(|_| policy.identifier_similarity_check_enabled);
            let words: Vec<&str> = known.chain(&name).map(String::as_str).collect();
            is_common(password, &words).then(text::password_common)
        })
}

/// Length and similarity to `identifiers`; `Some` is the message for the field `password`
/// (4000031, 4000032, 4000033). Pure. Lengths are in characters.
fn check_policy(policy: &PasswordMethod, password: &str, identifiers: &[String]) -> Option<Text> {
    let length = password.chars().count();
    if length < policy.min_password_length {
        return Some(text::password_too_short(policy.min_password_length, length));
    }
    if length > policy.max_password_length {
        return Some(text::password_too_long(policy.max_password_length, length));
    }
    if policy.identifier_similarity_check_enabled
        && identifiers.iter().any(|identifier| similar(identifier, password))
    {
        return Some(text::password_too_similar());
    }
    None
}

/// Whether the hash in force can take all of `password`: `Some` is 4000033 when it is bcrypt and there are more than
/// 72 bytes. Beside [`check_policy`], since it depends on `hashers`, not on the policy. Lengths are in bytes.
pub fn check_encodable(keys: &Hashers, password: &str) -> Option<Text> {
    too_long_to_encode(keys, password).then(|| text::password_too_long(BCRYPT_BYTES, password.len()))
}

pub(super) fn too_long_to_encode(keys: &Hashers, password: &str) -> bool {
    keys.algorithm == Algorithm::Bcrypt && password.len() > BCRYPT_BYTES
}

/// Fewer than five edits apart, or more than half of the password is one stretch of the identifier; capitals count
/// as small letters.
fn similar(identifier: &str, password: &str) -> bool {
    let identifier: Vec<char> = identifier.to_lowercase().chars().take(COMPARED).collect();
    let password: Vec<char> = password.to_lowercase().chars().collect();
    !identifier.is_empty()
        && (longest_common_stretch(&identifier, &password) * 2 > password.len()
            || distance(&identifier, &password) < MIN_DISTANCE)
}

fn longest_common_stretch(a: &[char], b: &[char]) -> usize {
    let (mut above, mut longest) = (vec![0; b.len() + 1], 0);
    for x in a {
        let mut row = vec![0; b.len() + 1];
        for (j, y) in b.iter().enumerate() {
            if x == y {
                row[j + 1] = above[j] + 1;
                longest = longest.max(row[j + 1]);
            }
        }
        above = row;
    }
    longest
}

/// Levenshtein's: insertions, deletions, replacements.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let replaced = above[j] + usize::from(x != y);
            row.push(replaced.min(above[j + 1] + 1).min(row[j] + 1));
        }
        above = row;
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Argon2Keys;
    use serde_json::json;

    fn policy() -> PasswordMethod {
        PasswordMethod {
            enabled: true,
            min_password_length: 8,
            max_password_length: 100,
            change_ends_other_sessions: false,
            identifier_similarity_check_enabled: true,
            haveibeenpwned_enabled: false,
            haveibeenpwned_host: String::new(),
            max_breaches: 0,
            ignore_network_errors: true,
        }
    }

    fn id(password: &str, identifiers: &[&str]) -> Option<u64> {
        let identifiers: Vec<_> = identifiers.iter().map(|identifier| (*identifier).to_owned()).collect();
        check_policy(&policy(), password, &identifiers).map(|text| text.id)
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        let short = check_policy(&policy(), "schön-7", &[]).unwrap();
        assert_eq!(short.id, 4_000_032);
        assert_eq!(json!(short.context), json!({"min_length": 8, "actual_length": 7}));
        assert_eq!(id("schön-8x", &[]), None);
        assert_eq!(id(&"ö".repeat(100), &[]), None);
        let long = check_policy(&policy(), &"ö".repeat(101), &[]).unwrap();
        assert_eq!(long.id, 4_000_033);
        assert_eq!(json!(long.context), json!({"max_length": 100, "actual_length": 101}));
    }

    #[test]
    fn a_password_like_the_address_is_refused() {
        let address = ["anna-ghjkmnpq@example.org"];
        assert_eq!(id("anna-ghjkmnpq", &address), Some(4_000_031), "a stretch of it");
        assert_eq!(id("ANNA-GHJKMNPQ-1", &address), Some(4_000_031), "whatever the capitals");
        assert_eq!(id("anna-ghjkm-other-words", &address), None, "less than half");
        assert_eq!(id("Correct-Horse-9-Battery", &address), None);
        // Half is not more than half.
        assert_eq!(id("abcdWXYZ", &["abcd@example.org"]), None);
        assert_eq!(id("abcdeXYZ", &["abcde@example.org"]), Some(4_000_031));
    }

    #[test]
    fn a_few_edits_do_not_make_another_password() {
        assert_eq!(id("x1x2x3x4y", &["x-x-x-x-y"]), Some(4_000_031), "four edits");
        assert_eq!(id("x1x2x3x4y5", &["x-x-x-x-y-"]), None, "five edits");
    }

    #[test]
    fn every_identifier_counts_and_an_empty_one_does_not() {
        assert_eq!(id("somebody-else", &["anna@example.org", "somebody-else"]), Some(4_000_031));
        assert_eq!(id("Correct-Horse", &[""]), None);
        let off = PasswordMethod { identifier_similarity_check_enabled: false, ..policy() };
        assert_eq!(check_policy(&off, "somebody-else", &["somebody-else".to_owned()]), None);
    }

    #[test]
    fn only_bcrypt_has_a_limit_of_its_own() {
        let argon2 =
            Argon2Keys { memory: 64, iterations: 1, parallelism: 1, salt_length: 16, key_length: 32 };
        let keys = |algorithm| Hashers { algorithm, argon2, bcrypt_cost: 4 };
        assert_eq!(check_encodable(&keys(Algorithm::Bcrypt), &"x".repeat(72)), None);
        let long = check_encodable(&keys(Algorithm::Bcrypt), &format!("{}ö", "x".repeat(71))).unwrap();
        assert_eq!(
            (long.id, json!(long.context)),
            (4_000_033, json!({"max_length": 72, "actual_length": 73}))
        );
        assert_eq!(check_encodable(&keys(Algorithm::Argon2), &"x".repeat(73)), None);
    }
}
