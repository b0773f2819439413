//! What is typed in for an operator: address, name, password.

/// Characters. Longer than for people: an operator changes how everybody signs in (OWASP ASVS 5, 6.2.9 allows no less
/// than 64 as the upper limit; we take what hashing can bear, and never cut).
const PASSWORD: std::ops::RangeInclusive<usize> = 12..=1024;

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
    let email = normalise(email);
    if !is_email(&email) {
        return Err("That is no e-mail address. Write one such as ann@example.org.".to_owned());
    }
    let name = name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
        return Err(format!("Write a name of 1 to {LONGEST_NAME} characters."));
    }
    check_password(password, &email)?;
    Ok(Entry { email, name: name.to_owned() })
}

pub(super) fn check_password(password: &str, email: &str) -> Result<(), String> {
    let length = password.chars().count();
    if length < *PASSWORD.start() {
        return Err(format!(
            "The password has {length} characters. Choose one of at least {}.",
            PASSWORD.start()
        ));
    }
    if length > *PASSWORD.end() {
        return Err(format!(
            "The password has {length} characters. Choose one of at most {}.",
            PASSWORD.end()
        ));
    }
    if normalise(password) == email {
        return Err("The password is the address. Choose another one.".to_owned());
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
        assert_eq!(check(" Ann@Example.org ", " Ann ", "correct horse").unwrap().email, "ann@example.org");
    }

    #[test]
    fn passwords_count_in_characters_and_are_never_cut() {
        assert!(check_password(&"ü".repeat(12), "a@b").is_ok());
        assert!(check_password(&"ü".repeat(11), "a@b").is_err());
        assert!(check_password(&"x".repeat(1024), "a@b").is_ok());
        assert!(check_password(&"x".repeat(1025), "a@b").is_err());
        assert!(check_password("Ann@example.org", "ann@example.org").is_err());
    }

    #[test]
    fn names() {
        let name = |name: &str| check("a@b.de", name, "correct horse").is_ok();
        assert!(name("Ann") && name(&"ü".repeat(100)));
        assert!(!name("  ") && !name("a\nb") && !name(&"x".repeat(101)));
    }
}
