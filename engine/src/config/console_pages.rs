//! Pages of settings and their sections. A page of the console that only has settings is its entry here and the rows of its sections in
//! [`super::console_table`].

/// A page of the console.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Page {
    Authentication,
    EmailVerification,
    Recovery,
    PasswordPolicy,
    AccountProtection,
    SignInForms,
    SocialSignIn,
    Webhooks,
}

/// How a page is called, where it is, and what it is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct About {
    pub path: &'static str,
    pub title: &'static str,
    pub lead: &'static str,
}

impl Page {
    /// In the order of the table.
    pub const ALL: [Page; 8] = [
        Page::Authentication,
        Page::EmailVerification,
        Page::Recovery,
        Page::PasswordPolicy,
        Page::AccountProtection,
        Page::SignInForms,
        Page::SocialSignIn,
        Page::Webhooks,
    ];

    pub const fn about(self) -> About {
        let (path, title, lead) = match self {
            Page::Authentication => (
                "/settings/authentication",
                "Authentication settings",
                "Control who can sign up and what happens next. Changes apply as soon as you save.",
            ),
            Page::EmailVerification => (
                "/settings/email-verification",
                "Email verification",
                "Decide when users have to verify their email. Changes apply as soon as you save.",
            ),
            Page::Recovery => (
                "/settings/recovery",
                "Recovery",
                "Let users who can’t sign in recover their account with an email.",
            ),
            Page::PasswordPolicy => (
                "/settings/password-policy",
                "Password policy",
                "Rules for new passwords. Existing passwords keep working.",
            ),
            Page::AccountProtection => (
                "/settings/account-protection",
                "Account protection",
                "Limit what anyone can do with an email they don’t own.",
            ),
            Page::SignInForms => (
                "/settings/sign-in-forms",
                "Sign-in forms",
                "Sign-in by code, and the steps of the sign-up and sign-in forms.",
            ),
            Page::SocialSignIn => ("/social", "Social sign-in", "Let users sign in with a provider."),
            Page::Webhooks => {
                ("/webhooks", "Webhooks", "Call other services during sign-up, sign-in and verification.")
            }
        };
        About { path, title, lead }
    }

    /// Whether its settings are one form of rows. The other pages have forms of their own.
    pub const fn is_form(self) -> bool {
        match self {
            Page::Authentication
            | Page::EmailVerification
            | Page::Recovery
            | Page::PasswordPolicy
            | Page::AccountProtection
            | Page::SignInForms => true,
            Page::SocialSignIn | Page::Webhooks => false,
        }
    }
}

/// Settings that are shown together, in the order of the table.
#[derive(PartialEq, Eq, Debug)]
pub struct Section {
    pub page: Page,
    pub id: &'static str,
    pub title: &'static str,
}

const fn section(page: Page, id: &'static str, title: &'static str) -> Section {
    Section { page, id, title }
}

pub(super) static AFTER_SIGN_UP: Section =
    section(Page::Authentication, "after-sign-up-settings", "After sign-up");
pub(super) static SIGN_UP: Section = section(Page::Authentication, "sign-up", "Who can sign up");
pub(super) static VERIFIED_SIGN_IN: Section = section(Page::EmailVerification, "verified-sign-in", "Sign-in");
pub(super) static VERIFICATION: Section =
    section(Page::EmailVerification, "verification", "Verification after sign-up");
pub(super) static RECOVERY: Section = section(Page::Recovery, "recovery", "Recovery by email");
pub(super) static LINKS: Section = section(Page::Recovery, "links", "Links in emails");
pub(super) static PASSWORDS: Section = section(Page::PasswordPolicy, "passwords", "New passwords");
pub(super) static PROTECTION: Section =
    section(Page::AccountProtection, "protection", "Emails of other users");
pub(super) static TEXT_MESSAGES: Section = section(Page::AccountProtection, "text-messages", "Text messages");
pub(super) static CODES: Section = section(Page::SignInForms, "codes", "Sign-in by code");
pub(super) static FORMS: Section = section(Page::SignInForms, "forms", "Forms");
pub(super) static SOCIAL: Section = section(Page::SocialSignIn, "providers", "Social sign-in");
pub(super) static HOOKS: Section = section(Page::Webhooks, "webhooks", "Webhooks");
