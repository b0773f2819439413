//! Validation of input for an operator: email, name, password.

use crate::password;

/// Characters. 15 without a second factor (NIST SP 800-63B-4, 3.1.1.2); operators have none yet. OWASP ASVS 5, 6.2.9 allows no less
/// than 64 as the upper limit; we take what hashing can bear, and never cut.
const PASSWORD: std::ops::RangeInclusive<usize> = 15..=1024;

/// What attackers know of every console.
const WORDS: [&str; 4] = ["console", "operator", "admin", "administrator"];

/// Bytes (RFC 5321, 4.5.3.1.3).
const LONGEST_EMAIL: usize = 254;

/// Characters.
const LONGEST_NAME: usize = 100;

pub(super) struct Entry {
    pub(super) email: String,
    pub(super) name: String,
}

/// `Err` is the sentence that says what to change.
pub(super) fn check(email: &str, name: &str, password: &str) -> Result<Entry, String> {
    let email = check_email(email)?;
    let name = check_name(name)?;
    check_password(password, &email, &name)?;
    Ok(Entry { email, name })
}

/// Normalised.
pub(super) fn check_email(email: &str) -> Result<String, String> {
    let email = normalise(email);
    match is_email(&email) {
        true => Ok(email),
        false => Err("Enter a valid email address, for example ann@example.org.".to_owned()),
    }
}

/// Trimmed.
pub(super) fn check_name(name: &str) -> Result<String, String> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
        return Err(format!("Enter a name of 1 to {LONGEST_NAME} characters."));
    }
    Ok(name.to_owned())
}

/// `email` and `name` may be empty where they are not known yet.
pub(super) fn check_password(password: &str, email: &str, name: &str) -> Result<(), String> {
    let length = password.chars().count();
    if length < *PASSWORD.start() {
        return Err(format!("Use at least {} characters. You entered {length}.", PASSWORD.start()));
    }
    if length > *PASSWORD.end() {
        return Err(format!("Use at most {} characters. You entered {length}.", PASSWORD.end()));
    }
    if normalise(password) == email {
        return Err("Your password can’t be your email address.".to_owned());
    }
    let words = [email, name].into_iter().chain(WORDS).collect::<Vec<_>>();
    if password::is_common_for_operators(password, &words) {
        return Err(
            "This password is easy to guess. Choose a different one, for example five unrelated words."
                .to_owned(),
        );
    }
    Ok(())
}

/// Trimmed and lower-cased: one person is one operator, however the address is typed.
pub(super) fn normalise(email: &str) -> String {
    crate::identity::normalise_identifier(email)
}

/// Whether mail could go there: one `@`, something on both sides, nothing that is not printed. No more is known without sending.
fn is_email(text: &str) -> bool {
    let odd = |letter: char| letter.is_whitespace() || letter.is_control() || "<>,;\"".contains(letter);
    let Some((local, domain)) = text.split_once('@') else { return false };
    text.len() <= LONGEST_EMAIL
        && !text.contains(odd)
        && !local.is_empty()
        && !domain.contains('@')
        && domain.split('.').all(|label| !label.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for good in ["ann@example.org", " Ann.B+c@Sub.Example.ORG ", "root@localhost", "jürgen@müller.de"] {
            assert!(is_email(&normalise(good)), "{good}");
        }
        let long = format!("{}@example.org", "a".repeat(250));
        for bad in [
            "",
            "ann",
            "@example.org",
            "ann@",
            "a@b@c",
            "a b@c.de",
            "a@b..de",
            "a@.de",
            "a\u{0}@b.de",
            "a@b.de\n",
            "<a@b.de>",
            &long,
        ] {
            assert!(!is_email(bad), "{bad}");
        }
        assert_eq!(
            check(" Ann@Example.org ", " Ann ", "correct horse battery").unwrap().email,
            "ann@example.org"
        );
    }

    #[test]
    fn passwords_count_in_characters_and_are_never_cut() {
        let check = |password: &str| check_password(password, "ann@example.org", "Ann Arbor");
        let letters = "quiet copper meadow lantern ";
        let of = |length| {
            letters.chars().cycle().take(length).map(|c| if c == 'e' { 'ü' } else { c }).collect::<String>()
        };
        assert!(check(&of(15)).is_ok());
        assert!(check(&of(14)).is_err_and(|sentence| sentence.contains("at least 15")));
        assert!(check(&of(1024)).is_ok());
        assert!(check(&of(1025)).is_err_and(|sentence| sentence.contains("at most 1024")));
        assert!(check("Ann@example.org").is_err());
    }

    #[test]
    fn passwords_that_everybody_tries_are_refused() {
        for password in [
            "passwordpassword",
            "123456789012345",
            "aaaaaaaaaaaaaaaa",
            "qwertyuiop12345",
            "vestibule123456",
            "administrator12",
            "annarborannarbor",
            "ann@example.org1",
        ] {
            let refused = check_password(password, "ann@example.org", "Ann Arbor");
            assert!(refused.is_err_and(|sentence| sentence.contains("easy to guess")), "{password}");
        }
        assert!(check_password("velvet lantern harbour 41", "ann@example.org", "Ann Arbor").is_ok());
    }

    #[test]
    fn names() {
        let name = |name: &str| check("a@b.de", name, "correct horse battery").is_ok();
        assert!(name("Ann") && name(&"ü".repeat(100)));
        assert!(!name("  ") && !name("a\nb") && !name(&"x".repeat(101)));
    }
}
