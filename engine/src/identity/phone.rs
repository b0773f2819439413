//! Phone numbers: which texts are one, how they are stored, and the country that a text message to one is paid for. Numbering plans are
//! those of Google's libphonenumber, by way of the crate `phonenumber`.

use phonenumber::{Mode, PhoneNumber};

/// `+` and the country's code, digits, and the usual separators. Without the country nobody knows whose number it is.
fn read(text: &str) -> Option<PhoneNumber> {
    let text = text.trim();
    let digits = text.strip_prefix('+')?;
    // E.164 has 15 digits; with separators nobody needs more than twice as many characters.
    if digits.len() > 30 || !digits.chars().all(|letter| letter.is_ascii_digit() || " -()./".contains(letter))
    {
        return None;
    }
    let number = phonenumber::parse(None, text).ok()?;
    phonenumber::is_valid(&number).then_some(number)
}

/// Whether it is a number that somebody can have.
pub(crate) fn is_phone_number(text: &str) -> bool {
    read(text).is_some()
}

/// The one spelling of a number: `+` and its digits (ITU-T E.164). `None`: it is no phone number.
pub(crate) fn e164(text: &str) -> Option<String> {
    Some(read(text)?.format().mode(Mode::E164).to_string())
}

/// The country of a number, as ISO 3166-1 names it in two letters. `None`: it is no phone number, or one of no country.
pub(crate) fn country(text: &str) -> Option<String> {
    Some(read(text)?.country().id()?.as_ref().to_owned())
}

/// Whether there is a country with these two letters that has phone numbers.
pub(crate) fn is_country(code: &str) -> bool {
    code.parse::<phonenumber::country::Id>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_has_one_spelling_and_a_country() {
        for (text, number, of) in [
            ("+49 30 901820", "+4930901820", "DE"),
            (" +49 (30) 90-18.20 ", "+4930901820", "DE"),
            ("+43 1 5872100", "+4315872100", "AT"),
            ("+1 (202) 555-0123", "+12025550123", "US"),
            ("+1 416 555 0123", "+14165550123", "CA"),
        ] {
            assert_eq!(e164(text).as_deref(), Some(number), "{text}");
            assert_eq!(country(text).as_deref(), Some(of), "{text}");
        }
    }

    #[test]
    fn what_nobody_can_have_is_no_number() {
        for text in [
            "",
            "+",
            "030 901820",
            "0049 30 901820",
            "+49 30",
            "+999 123456789",
            "+49 30 901820 ext. 5",
            "+49abc",
            "+4930901820@example.org",
            "+1 123 456 7890",
            "tel:+4930901820",
            "+٤٩٣٠٩٠١٨٢٠",
        ] {
            assert_eq!(e164(text), None, "{text}");
        }
    }

    #[test]
    fn countries_are_two_letters() {
        assert!(is_country("DE") && is_country("US"));
        assert!(!is_country("de") && !is_country("XX") && !is_country("") && !is_country("*"));
    }
}
