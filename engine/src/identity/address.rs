//! The format of emails, phone numbers and other identifiers. One rule for sign-up, the admin API, webhooks and invitations. Doesn't
//! depend on a schema.

use super::phone;
use serde_json::Value;
use unicode_normalization::UnicodeNormalization as _;

/// How an address is written to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Via {
    Email,
    Sms,
}

impl Via {
    pub const ALL: [Via; 2] = [Via::Email, Via::Sms];

    /// In rows, in the admin API, and in identity schemas.
    pub fn name(self) -> &'static str {
        match self {
            Via::Email => "email",
            Via::Sms => "sms",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Via::ALL.into_iter().find(|via| via.name() == name)
    }

    /// Of an address that users typed: an email has a sign that no phone number has (Kratos: selfservice/strategy/code/code_sender.go).
    pub fn of(address: &str) -> Self {
        if address.contains('@') { Via::Email } else { Via::Sms }
    }
}

/// RFC 5321 §4.5.3.1.3, without the angle brackets: nothing longer can be written to.
const LONGEST: usize = 254;
/// RFC 5321 §4.5.3.1.1.
const LONGEST_LOCAL: usize = 64;
/// RFC 1035 §2.3.4.
const LONGEST_LABEL: usize = 63;

/// As measured on Kratos: blanks around it are forgiven, the local part may be anything printable, the domain is ASCII
/// (an international one in its punycode form). A control character is never part of an address, and neither is one that nobody
/// sees: two accounts would have the same address for every reader.
pub(crate) fn is_email(text: &str) -> bool {
    let text = text.trim_matches(' ');
    if text.len() > LONGEST {
        return false;
    }
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    is_dotted(local)
        && local.len() <= LONGEST_LOCAL
        && !local.chars().any(|letter| {
            is_unreadable(letter) || letter.is_whitespace() || "()<>[]:;@\\,\"".contains(letter)
        })
        && is_host_name(domain)
}

fn is_dotted(part: &str) -> bool {
    part.split('.').all(|label| !label.is_empty())
}

/// The whole is short enough because the address is.
fn is_host_name(domain: &str) -> bool {
    domain.split('.').all(|label| {
        (1..=LONGEST_LABEL).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    })
}

/// Whether every reader sees the whole of it, and in the order in which it is stored.
pub(crate) fn is_readable(text: &str) -> bool {
    !text.chars().any(is_unreadable)
}

/// Control characters, Unicode's characters for format (Cf) with those that change the direction of text, fillers, those that
/// change the look of the one before them, and what never is a character.
fn is_unreadable(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{115f}' | '\u{1160}'
            | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fdd0}'..='\u{fdef}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Trimmed and lower-cased (measured on Kratos 26.2.0), and composed: "é" is one letter however a keyboard makes it. A phone number is
/// its digits. The one place where it is decided which two texts are the same identifier.
pub fn normalise_identifier(text: &str) -> String {
    if let Some(number) = phone::e164(text) {
        return number;
    }
    // Twice: a letter in lower case may compose with what follows it.
    let lower = text.trim().nfc().collect::<String>().to_lowercase();
    lower.nfc().collect()
}

/// A trait as what its owner is known by: a text, or the digits of a number.
pub fn as_identifier(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(normalise_identifier(text)),
        Value::Number(number) => Some(normalise_identifier(&number.to_string())),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_keep_to_the_lengths_of_mail_and_of_host_names() {
        let of = |local: usize, label: usize| format!("{}@{}.example", "a".repeat(local), "b".repeat(label));
        let long_host = |labels: usize| format!("a@{}example", "b23456789.".repeat(labels));
        for (text, fits) in [
            (of(64, 63), true),
            (of(65, 63), false),
            (of(64, 64), false),
            (long_host(24), true),
            (long_host(25), false),
            (format!("{}@example.org", "ü".repeat(33)), false),
            ("größe@example.org".to_owned(), true),
            (" a@example.org ".to_owned(), true),
            ("a@-example.org".to_owned(), false),
            ("a@example-.org".to_owned(), false),
            ("a@exa_mple.org".to_owned(), false),
            ("a@example..org".to_owned(), false),
            ("a@example.org.".to_owned(), false),
            ("a..b@example.org".to_owned(), false),
            (".a@example.org".to_owned(), false),
            ("a@bücher.example".to_owned(), false),
            ("a\u{200b}b@example.org".to_owned(), false),
            ("a\u{202e}b@example.org".to_owned(), false),
            ("@example.org".to_owned(), false),
            ("a@".to_owned(), false),
        ] {
            assert_eq!(is_email(&text), fits, "{text}");
        }
    }

    #[test]
    fn what_a_reader_does_not_see_is_unreadable() {
        for (text, fits) in [
            ("ann", true),
            ("Ann Müller", true),
            ("안녕", true),
            ("a\u{2066}b", false),
            ("a\u{feff}b", false),
            ("a\u{3164}", false),
            ("a\u{7f}b", false),
            ("a\u{85}b", false),
            ("a\u{2029}b", false),
            ("a\u{ffff}b", false),
        ] {
            assert_eq!(is_readable(text), fits, "{text:?}");
        }
    }
}
