//! Passwords that attackers try first, from a list and an estimate without the network (zxcvbn: lists of common passwords, words,
//! names and keyboard patterns). Checked when a user sets a password, never when one is verified or imported.

use zxcvbn::zxcvbn;

/// Characters that are looked at: the estimate takes milliseconds for a hundred.
const LOOKED_AT: usize = 64;

/// Words of this product, which attackers try here before others.
const OWN: [&str; 2] = ["vestibule", "kratos"];

/// The 30,000 most common passwords, and what is as easy to guess.
const OF_USERS: f64 = 4.5;

/// What an attacker finds who is slowed down and goes on (zxcvbn's scores 0 and 1): an operator changes how everybody signs in.
const OF_OPERATORS: f64 = 6.0;

/// Whether attackers would find a user's password among their first guesses. `words`: what they know of the account.
pub fn is_common(password: &str, words: &[&str]) -> bool {
    guesses(password, words) < OF_USERS
}

/// The same for an operator's.
pub fn is_common_for_operators(password: &str, words: &[&str]) -> bool {
    guesses(password, words) < OF_OPERATORS
}

/// As a power of ten.
fn guesses(password: &str, words: &[&str]) -> f64 {
    let looked_at: String = password.chars().take(LOOKED_AT).collect();
    // The whole of an address, both its sides, and their parts; a single letter would match everywhere.
    let sides = words.iter().flat_map(|word| word.split('@'));
    let parts = words.iter().flat_map(|word| word.split(|letter: char| !letter.is_alphanumeric()));
    let all = words.iter().copied().chain(sides).chain(parts).chain(OWN);
    let known: Vec<&str> = all.filter(|word| word.chars().count() > 2).collect();
    zxcvbn(&looked_at, &known).guesses_log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_attackers_try_first_is_common() {
        for password in [
            "password",
            "12345678",
            "iloveyou1",
            "qwertyuiop",
            "PASSWORD",
            "Password1!",
            "p@ssw0rd",
            "letmein123",
            "aaaaaaaaaaaa",
            "abcabcabcabc",
            "trustno1",
            "123456789012",
            "vestibule1234",
        ] {
            assert!(is_common(password, &[]) && is_common_for_operators(password, &[]), "{password}");
        }
        for password in [
            "Correct-Horse-9-Battery",
            "quiet copper meadow 73",
            "velvet lantern harbour 41",
            "correct horse battery",
            "hvqx72kd",
            "pöschl und träume",
            "三匹の猫が庭で",
        ] {
            assert!(!is_common(password, &[]) && !is_common_for_operators(password, &[]), "{password}");
        }
    }

    #[test]
    fn what_is_known_of_the_account_makes_a_password_common() {
        for (password, words) in [
            ("anna.karenina", ["anna.karenina@example.org"]),
            ("karenina1", ["anna.karenina@example.org"]),
            ("example.org", ["anna@example.org"]),
            ("Wolpertinger", ["Wolpertinger"]),
        ] {
            assert!(is_common(password, &words), "{password}");
        }
        assert!(!is_common("karenina-pilgrim-47", &["anna.karenina@example.org"]));
        assert!(!is_common("b-hvqx72kd", &["b@b.b"]), "single letters make nothing common");
    }

    #[test]
    fn operators_have_to_choose_better() {
        for password in
            ["qwertyqwertyqwerty", "passwordpassword", "12345678901234567890", "summer2024summer2024"]
        {
            assert!(is_common_for_operators(password, &[]), "{password}");
        }
        assert!(!is_common("Blue42!!", &[]) || is_common_for_operators("Blue42!!", &[]));
    }

    #[test]
    fn long_passwords_are_judged_by_their_beginning() {
        assert!(is_common(&"password".repeat(128), &[]));
        assert!(!is_common(&format!("{}{}", "quiet copper meadow 73 ", "a".repeat(1000)), &[]));
    }
}
