//! Text messages: one template for each kind of code and language, in letters/LANGUAGE beside those of emails. A message is short,
//! since a gateway bills by length, and ends with the line that lets a phone fill the code in for its own site alone (WICG:
//! origin-bound one-time codes delivered via SMS).

use super::letter::{LANGUAGE, Letter, MASK, Written};
use crate::error::{Error, Result};
use minijinja::{Environment, context};
use std::sync::LazyLock;

const FILES: [(&str, &str); 4] = [
    ("en/verification_code_valid", include_str!("letters/en/verification_code_valid.sms")),
    ("en/registration_code_valid", include_str!("letters/en/registration_code_valid.sms")),
    ("en/login_code_valid", include_str!("letters/en/login_code_valid.sms")),
    ("en/recovery_code_valid", include_str!("letters/en/recovery_code_valid.sms")),
];

static TEXTS: LazyLock<std::result::Result<Environment<'static>, minijinja::Error>> = LazyLock::new(|| {
    let mut texts = Environment::new();
    for (name, source) in FILES {
        texts.add_template(name, source)?;
    }
    Ok(texts)
});

impl Letter {
    /// The letter as a text message. `host`: of the page that asks for the code.
    ///
    /// # Errors
    /// Only codes are sent as text messages.
    pub(super) fn write_text_message(&self, service: &str, host: Option<&str>) -> Result<Written> {
        let (code, minutes) = match self {
            Letter::VerificationCode { code, minutes, .. }
            | Letter::RegistrationCode { code, minutes }
            | Letter::LoginCode { code, minutes }
            | Letter::RecoveryCode { code, minutes } => (code, *minutes),
            Letter::VerificationUnknown
            | Letter::VerificationLink { .. }
            | Letter::VerificationLinkUnknown
            | Letter::RecoveryCodeUnknown
            | Letter::RecoveryLink { .. }
            | Letter::RecoveryLinkUnknown
            | Letter::AddressChanged { .. }
            | Letter::Invitation { .. }
            | Letter::RegistrationKnown { .. } => {
                return Err(Error::internal(format!("{} is no text message", self.template())));
            }
        };
        let texts = TEXTS.as_ref().map_err(Error::internal)?;
        let template =
            texts.get_template(&format!("{LANGUAGE}/{}", self.template())).map_err(Error::internal)?;
        let text =
            |code: &str| template.render(context! { service, code, minutes, host }).map_err(Error::internal);
        Ok(Written {
            // A text message has none.
            subject: String::new(),
            text: text(code)?,
            html: String::new(),
            masked: Some((text(MASK)?, String::new())),
            code: Some(code.clone()),
            link: None,
            minutes: Some(minutes),
            host: host.map(str::to_owned),
            if_known: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_message_ends_with_the_line_that_binds_the_code_to_the_site() {
        let letter = Letter::LoginCode { code: "123456".into(), minutes: 15 };
        let written = letter.write_text_message("Example", Some("id.example.org")).unwrap();
        assert_eq!(
            written.text,
            "Your sign-in code for Example: 123456\nIt expires in 15 minutes. Never share it.\n\n@id.example.org #123456"
        );
        assert!(written.text.len() <= 160, "one message of the gateway: {}", written.text.len());
        assert!(!written.masked().text.contains("123456"), "{}", written.masked().text);
        let nowhere = letter.write_text_message("Example", None).unwrap();
        assert!(!nowhere.text.contains('#'), "{}", nowhere.text);
    }

    #[test]
    fn what_has_no_code_is_no_text_message() {
        assert!(Letter::VerificationUnknown.write_text_message("Example", None).is_err());
    }
}
