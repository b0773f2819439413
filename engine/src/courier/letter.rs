//! The content of emails: a subject, a text part and an HTML part for each template and language, rendered by minijinja. The files are
//! in letters/LANGUAGE. A language is complete when it has a file for every template.

use crate::error::{Error, Result};
use crate::model::FlowKind;
use minijinja::{AutoEscape, Environment, context};
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// The only language so far.
pub(super) const LANGUAGE: &str = "en";

/// The template of an email from a test run that is really sent, to the operator who requested it. It doesn't count against the limits.
pub(super) const TEST: &str = "rehearsal";

/// Replaces a code or link in an email that was sent.
pub(super) const MASK: &str = "••••••";

/// The purpose of an email, with the data that its template needs.
#[derive(Clone, Debug)]
pub enum Letter {
    /// An email waits for verification.
    VerificationCode {
        code: String,
        /// Opens the page with the code filled in.
        link: String,
        /// How long the code is valid.
        minutes: u64,
    },
    /// A code that creates an account.
    RegistrationCode { code: String, minutes: u64 },
    /// A code that signs in.
    LoginCode { code: String, minutes: u64 },
    /// Someone requested a code for an email that no account has.
    VerificationUnknown,
    /// The same by a link alone.
    VerificationLink { link: String, minutes: u64 },
    /// Someone requested a link for an email that no account has.
    VerificationLinkUnknown,
    /// The user recovers the account with the code.
    RecoveryCode { code: String, minutes: u64 },
    /// Someone requested a recovery code for an email that no account has.
    RecoveryCodeUnknown,
    /// The user recovers the account with the link.
    RecoveryLink { link: String, minutes: u64 },
    /// Someone requested a recovery link for an email that no account has.
    RecoveryLinkUnknown,
    /// The recipient may sign up.
    Invitation {
        link: String,
        /// The expiry as shown.
        until: String,
    },
    /// An email of an account was changed. To emails that the account had before.
    AddressChanged {
        /// The settings page.
        link: String,
    },
    /// Someone signed up with an email that has an account.
    RegistrationKnown {
        /// The sign-in page.
        link: String,
    },
}

/// A rendered email.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Written {
    pub subject: String,
    pub text: String,
    pub html: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Text and HTML as they are kept once the email was sent: from the same template, without code and link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) masked: Option<(String, String)>,
    /// How long the code or link is valid: for gateways.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) minutes: Option<u64>,
    /// Of the page that a text message's code is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) host: Option<String>,
    /// What is sent instead if the email has an account by then; see [`super::queue_either`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) if_known: Option<Box<Alternative>>,
}

/// The other one of two emails.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Alternative {
    pub(super) template: String,
    pub(super) written: Written,
}

const FILES: [(&str, &str); 43] = [
    ("en/frame.html", include_str!("letters/en/frame.html")),
    ("en/verification_code_valid.subject", include_str!("letters/en/verification_code_valid.subject")),
    ("en/verification_code_valid.txt", include_str!("letters/en/verification_code_valid.txt")),
    ("en/verification_code_valid.html", include_str!("letters/en/verification_code_valid.html")),
    ("en/registration_code_valid.subject", include_str!("letters/en/registration_code_valid.subject")),
    ("en/registration_code_valid.txt", include_str!("letters/en/registration_code_valid.txt")),
    ("en/registration_code_valid.html", include_str!("letters/en/registration_code_valid.html")),
    ("en/login_code_valid.subject", include_str!("letters/en/login_code_valid.subject")),
    ("en/login_code_valid.txt", include_str!("letters/en/login_code_valid.txt")),
    ("en/login_code_valid.html", include_str!("letters/en/login_code_valid.html")),
    ("en/verification_code_invalid.subject", include_str!("letters/en/verification_code_invalid.subject")),
    ("en/verification_code_invalid.txt", include_str!("letters/en/verification_code_invalid.txt")),
    ("en/verification_code_invalid.html", include_str!("letters/en/verification_code_invalid.html")),
    ("en/recovery_code_valid.subject", include_str!("letters/en/recovery_code_valid.subject")),
    ("en/recovery_code_valid.txt", include_str!("letters/en/recovery_code_valid.txt")),
    ("en/recovery_code_valid.html", include_str!("letters/en/recovery_code_valid.html")),
    ("en/recovery_code_invalid.subject", include_str!("letters/en/recovery_code_invalid.subject")),
    ("en/recovery_code_invalid.txt", include_str!("letters/en/recovery_code_invalid.txt")),
    ("en/recovery_code_invalid.html", include_str!("letters/en/recovery_code_invalid.html")),
    ("en/recovery_valid.subject", include_str!("letters/en/recovery_valid.subject")),
    ("en/recovery_valid.txt", include_str!("letters/en/recovery_valid.txt")),
    ("en/recovery_valid.html", include_str!("letters/en/recovery_valid.html")),
    ("en/recovery_invalid.subject", include_str!("letters/en/recovery_invalid.subject")),
    ("en/recovery_invalid.txt", include_str!("letters/en/recovery_invalid.txt")),
    ("en/recovery_invalid.html", include_str!("letters/en/recovery_invalid.html")),
    ("en/verification_valid.subject", include_str!("letters/en/verification_valid.subject")),
    ("en/verification_valid.txt", include_str!("letters/en/verification_valid.txt")),
    ("en/verification_valid.html", include_str!("letters/en/verification_valid.html")),
    ("en/verification_invalid.subject", include_str!("letters/en/verification_invalid.subject")),
    ("en/verification_invalid.txt", include_str!("letters/en/verification_invalid.txt")),
    ("en/verification_invalid.html", include_str!("letters/en/verification_invalid.html")),
    ("en/invitation.subject", include_str!("letters/en/invitation.subject")),
    ("en/invitation.txt", include_str!("letters/en/invitation.txt")),
    ("en/invitation.html", include_str!("letters/en/invitation.html")),
    ("en/verifiable_address_changed.subject", include_str!("letters/en/verifiable_address_changed.subject")),
    ("en/verifiable_address_changed.txt", include_str!("letters/en/verifiable_address_changed.txt")),
    ("en/verifiable_address_changed.html", include_str!("letters/en/verifiable_address_changed.html")),
    ("en/registration_known.subject", include_str!("letters/en/registration_known.subject")),
    ("en/registration_known.txt", include_str!("letters/en/registration_known.txt")),
    ("en/registration_known.html", include_str!("letters/en/registration_known.html")),
    ("en/rehearsal.subject", include_str!("letters/en/rehearsal.subject")),
    ("en/rehearsal.txt", include_str!("letters/en/rehearsal.txt")),
    ("en/rehearsal.html", include_str!("letters/en/rehearsal.html")),
];

static LETTERS: LazyLock<std::result::Result<Environment<'static>, minijinja::Error>> = LazyLock::new(|| {
    let mut letters = Environment::new();
    letters.set_auto_escape_callback(|name| {
        if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None }
    });
    for (name, source) in FILES {
        letters.add_template(name, source)?;
    }
    Ok(letters)
});

impl Letter {
    /// Kratos' name (Kratos: courier/template/type.go).
    pub fn template(&self) -> &'static str {
        match self {
            Letter::VerificationCode { .. } => "verification_code_valid",
            Letter::RegistrationCode { .. } => "registration_code_valid",
            Letter::LoginCode { .. } => "login_code_valid",
            Letter::VerificationUnknown => "verification_code_invalid",
            Letter::VerificationLink { .. } => "verification_valid",
            Letter::VerificationLinkUnknown => "verification_invalid",
            Letter::RecoveryCode { .. } => "recovery_code_valid",
            Letter::RecoveryCodeUnknown => "recovery_code_invalid",
            Letter::RecoveryLink { .. } => "recovery_valid",
            Letter::RecoveryLinkUnknown => "recovery_invalid",
            Letter::AddressChanged { .. } => "verifiable_address_changed",
            // Not in Kratos.
            Letter::Invitation { .. } => "invitation",
            Letter::RegistrationKnown { .. } => "registration_known",
        }
    }

    /// The page that its code is entered on.
    pub(super) fn page(&self) -> Option<FlowKind> {
        match self {
            Letter::VerificationCode { .. } => Some(FlowKind::Verification),
            Letter::RegistrationCode { .. } => Some(FlowKind::Registration),
            Letter::LoginCode { .. } => Some(FlowKind::Login),
            Letter::RecoveryCode { .. } => Some(FlowKind::Recovery),
            Letter::VerificationUnknown
            | Letter::VerificationLink { .. }
            | Letter::VerificationLinkUnknown
            | Letter::RecoveryCodeUnknown
            | Letter::RecoveryLink { .. }
            | Letter::RecoveryLinkUnknown
            | Letter::AddressChanged { .. }
            | Letter::Invitation { .. }
            | Letter::RegistrationKnown { .. } => None,
        }
    }

    /// `service`: the sender's name as users know it. `to`: the recipient.
    pub(super) fn write(&self, service: &str, to: &str) -> Result<Written> {
        let (code, link, minutes) = match self {
            Letter::VerificationCode { code, link, minutes } => {
                (Some(code.clone()), Some(link.clone()), *minutes)
            }
            Letter::RegistrationCode { code, minutes } | Letter::LoginCode { code, minutes } => {
                (Some(code.clone()), None, *minutes)
            }
            Letter::RecoveryCode { code, minutes } => (Some(code.clone()), None, *minutes),
            Letter::VerificationLink { link, minutes } | Letter::RecoveryLink { link, minutes } => {
                (None, Some(link.clone()), *minutes)
            }
            Letter::VerificationUnknown
            | Letter::VerificationLinkUnknown
            | Letter::RecoveryCodeUnknown
            | Letter::RecoveryLinkUnknown => (None, None, 0),
            // The sign-in page is no secret, but it is the email's link.
            Letter::Invitation { link, .. }
            | Letter::RegistrationKnown { link }
            | Letter::AddressChanged { link } => (None, Some(link.clone()), 0),
        };
        let until = match self {
            Letter::Invitation { until, .. } => until.as_str(),
            Letter::VerificationCode { .. }
            | Letter::RegistrationCode { .. }
            | Letter::LoginCode { .. }
            | Letter::VerificationUnknown
            | Letter::VerificationLink { .. }
            | Letter::VerificationLinkUnknown
            | Letter::RecoveryCode { .. }
            | Letter::RecoveryCodeUnknown
            | Letter::RecoveryLink { .. }
            | Letter::RecoveryLinkUnknown
            | Letter::AddressChanged { .. }
            | Letter::RegistrationKnown { .. } => "",
        };
        let letters = LETTERS.as_ref().map_err(Error::internal)?;
        let part = |kind: &str, code: &Option<String>, link: &Option<String>| -> Result<String> {
            let name = format!("{LANGUAGE}/{}.{kind}", self.template());
            let template = letters.get_template(&name).map_err(Error::internal)?;
            template.render(context! { service, to, code, link, minutes, until }).map_err(Error::internal)
        };
        let hidden = |secret: &Option<String>| secret.as_ref().map(|_| MASK.to_owned());
        let (no_code, no_link) = (hidden(&code), hidden(&link));
        Ok(Written {
            // Shown on locked screens and in lists: never with a code.
            subject: one_line(&part("subject", &no_code, &no_link)?),
            text: part("txt", &code, &link)?,
            html: part("html", &code, &link)?,
            masked: Some((part("txt", &no_code, &no_link)?, part("html", &no_code, &no_link)?)),
            code,
            link,
            minutes: Some(minutes).filter(|minutes| *minutes > 0),
            host: None,
            if_known: None,
        })
    }
}

/// A header is one line, whatever a name contains.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Written {
    /// The same for the operator who runs a test: subject and first line say that it is a test, and whom it was written to.
    pub(super) fn as_test(&self, service: &str, to: &str) -> Result<Self> {
        let letters = LETTERS.as_ref().map_err(Error::internal)?;
        let part = |kind: &str| -> Result<String> {
            let name = format!("{LANGUAGE}/{TEST}.{kind}");
            let template = letters.get_template(&name).map_err(Error::internal)?;
            template.render(context! { service, to, subject => self.subject }).map_err(Error::internal)
        };
        let (subject, line, block) = (one_line(&part("subject")?), part("txt")?, part("html")?);
        let text = |text: &str| format!("{}\n\n{text}", line.trim_end());
        let html = |html: &str| {
            let body = html.find("<body").and_then(|at| Some(at + html[at..].find('>')? + 1));
            let (head, body) = html.split_at(body.unwrap_or_default());
            format!("{head}{block}{body}")
        };
        Ok(Self {
            subject,
            text: text(&self.text),
            html: html(&self.html),
            code: self.code.clone(),
            link: self.link.clone(),
            masked: self.masked.as_ref().map(|(own, page)| (text(own), html(page))),
            minutes: self.minutes,
            host: self.host.clone(),
            if_known: None,
        })
    }

    /// The same with code and link masked: nothing of them is left.
    #[must_use]
    pub fn masked(&self) -> Self {
        // Already masked: the stored email has no second text.
        let (text, html) = self.masked.clone().unwrap_or_else(|| (self.text.clone(), self.html.clone()));
        Self {
            subject: self.subject.clone(),
            text,
            html,
            code: None,
            link: None,
            masked: None,
            minutes: None,
            host: None,
            if_known: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code() -> Letter {
        Letter::VerificationCode {
            code: "123456".into(),
            link: "https://id.example/self-service/verification?code=123456&flow=f".into(),
            minutes: 10,
        }
    }

    #[test]
    fn a_letter_says_the_code_in_both_parts_and_never_in_the_subject() {
        let written = code().write("Example", "anna@example.org").unwrap();
        assert!(written.text.contains("123456") && written.html.contains("123456"));
        assert!(written.text.contains("?code=123456&flow=f"), "{}", written.text);
        assert!(written.html.contains("?code=123456&amp;flow=f"), "{}", written.html);
        assert!(!written.subject.contains("123456"), "a subject is shown on locked screens");
        assert!(written.text.contains("10 minutes"));
    }

    #[test]
    fn nothing_of_a_masked_letter_can_be_used() {
        let masked = code().write("Example", "anna@example.org").unwrap().masked();
        let all = serde_json::to_string(&masked).unwrap();
        assert!(!all.contains("123456") && !all.contains("flow=f"), "{all}");
        assert!(masked.text.contains(MASK));
    }

    #[test]
    fn a_test_says_so_before_anything_else_and_to_whom_it_was_written() {
        let written = code()
            .write("Example", "<b>@example.org")
            .unwrap()
            .as_test("Example", "<b>@example.org")
            .unwrap();
        assert_eq!(written.subject, "Test: Verify your email for Example");
        assert!(written.text.starts_with("This is a test"), "{}", written.text);
        assert!(written.text.contains("123456"));
        let (_, body) = written.html.split_once("<body").unwrap();
        let (_, body) = body.split_once('>').unwrap();
        assert!(
            body.starts_with("<p") && body.contains("This is a test") && !body.contains("<b>@"),
            "{body}"
        );
        let kept = written.masked();
        assert!(kept.text.starts_with("This is a test") && !kept.text.contains("123456"), "{}", kept.text);
    }

    #[test]
    fn what_people_call_themselves_is_text_and_not_markup() {
        let written = Letter::VerificationUnknown.write("<b>Evil</b>\r\nBcc: x", "a\"@example.org").unwrap();
        assert!(!written.html.contains("<b>"), "{}", written.html);
        assert!(!written.subject.contains(['\r', '\n']));
    }
}
