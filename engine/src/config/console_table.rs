//! Every setting that the console and the command line can change, once: its name and words, the kind of its value, what it writes.
//! The mapping onto files, forms, differences in words, provenance, locks, the command line and `docs/settings.md` come from here.

use super::allowed_hosts;
use super::console_lists::Lists;
use super::console_names as names;
use super::console_pages::{
    AFTER_SIGN_UP as AFTER, CODES, FORMS, HOOKS, LINKS, PASSWORDS, PROTECTION, RECOVERY, SIGN_UP, SOCIAL,
    TEXT_MESSAGES, VERIFICATION, VERIFIED_SIGN_IN,
};
pub use super::console_pages::{About, Page, Section};
use super::keys::{bounds_of, default_of, has_effect};
use super::provider_keys as social;
use crate::model::MethodId;

/// One setting.
pub struct Setting {
    /// In revisions, forms and on the command line.
    pub name: &'static str,
    pub label: &'static str,
    /// What it does.
    pub text: Text,
    /// Where the console shows it.
    pub section: &'static Section,
    pub kind: Kind,
    pub writes: Writes,
    pub guard: Guard,
}

/// What a setting does, in whole sentences.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Text {
    /// Of a switch: what happens while it is on, and while it is off. Both continue a sentence.
    OnOff(&'static str, &'static str),
    One(&'static str),
}

impl Text {
    /// As a page and the reference say it.
    pub fn sentences(self) -> String {
        match self {
            Self::OnOff(on, off) => format!("On: {on} Off: {off}"),
            Self::One(text) => text.to_owned(),
        }
    }
}

/// What a value is, and how a revision stores it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Kind {
    /// `true` or `false`
    Switch,
    /// A whole number. Its key says which.
    Number,
    /// `30m`, or `off` for none of its own, which is said in these words.
    Duration { unset: &'static str },
    /// The value of one of these.
    Choice(&'static [Choice]),
    /// `on` or `off` for each method with such a list: `{"password": "on"}`.
    PerMethod,
    /// A list of IDs. It is edited with what the IDs are of.
    Ids,
    /// Objects by ID, with forms of their own.
    Entries,
}

/// One answer of a choice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Choice {
    pub value: &'static str,
    pub label: &'static str,
    /// What it means; empty where the label says it all.
    pub text: &'static str,
}

/// Where a value goes.
#[derive(Clone, Copy)]
pub enum Writes {
    /// One key of the configuration.
    Key(&'static str),
    /// An entry of that hook in the methods' lists.
    HookLists(&'static str, Lists),
    /// One control for several settings. It has no value of its own.
    Group(Group),
    /// The list of providers, entry by entry.
    Providers,
    /// Lists of hooks, entry by entry.
    WebHooks,
    /// The list of allowed hosts, in addition to what the files list.
    Hosts,
}

/// A control for several settings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Group {
    AfterSignUp,
}

/// What a change takes, beside the role and what the checks say of the configuration that results.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Guard {
    /// The dangers that the checks find ask for an owner, a recent sign-in and a reason.
    Checks,
    /// Also without any danger: an owner and a recent sign-in. It is close to running code, or to saying who a user is (design:
    /// security §7).
    Owner,
}

use Guard::{Checks, Owner};
use Kind::{Duration, Entries, Ids, Number, PerMethod, Switch};
use Lists::{SignIn, SignUp};
use Text::{OnOff, One};
use Writes::{HookLists, Hosts, Key, Providers, WebHooks};

/// What can happen after sign-up.
pub const AFTER_SIGN_UP: [Choice; 4] = [
    Choice {
        value: "at_once",
        label: "Sign in immediately",
        text: "No extra step between sign-up and your app.",
    },
    Choice {
        value: "verification_first",
        label: "Show the verification page",
        text: "Users enter the code from the email, then sign in themselves.",
    },
    Choice {
        value: "when_proven",
        label: "Verify email, then sign in",
        text: "Users enter the code from the email and are signed in, in the browser or app they signed up with.",
    },
    Choice {
        value: "themselves",
        label: "Users sign in themselves",
        text: "The account is ready, and the next page says so.",
    },
];

/// In the order of their pages.
#[rustfmt::skip]
pub static SETTINGS: &[Setting] = &[
    // Authentication settings
    Setting { name: names::SIGN_IN_AFTER_REGISTRATION, label: "Sign in after registration", section: &AFTER, kind: PerMethod, guard: Checks,
        text: OnOff("users are signed in as soon as they sign up.", "you choose what happens instead."),
        writes: HookLists("session", SignUp) },
    Setting { name: names::SIGN_IN_AFTER_SOCIAL, label: "Sign in after social sign-up", section: &AFTER, kind: Switch, guard: Checks,
        text: OnOff("users who sign up with a provider are signed in.", "“Sign in after registration” decides."),
        writes: Key("vestibule.registration.sign_in_after_social") },
    Setting { name: names::AFTER_SIGN_UP, label: "When a user is not signed in", section: &AFTER, kind: Kind::Choice(&AFTER_SIGN_UP), guard: Checks,
        text: One("One choice for “Sign in after registration”, “Show the verification page” and “Sign in after verification”."),
        writes: Writes::Group(Group::AfterSignUp) },
    Setting { name: "registration_enabled", label: "Allow sign-up", section: &SIGN_UP, kind: Switch, guard: Checks,
        text: OnOff("anyone can create an account.", "only existing users can sign in."),
        writes: Key("selfservice.flows.registration.enabled") },
    Setting { name: "invite_only", label: "Invite only", section: &SIGN_UP, kind: Switch, guard: Checks,
        text: OnOff("sign-up requires an invitation link.", "anyone can create an account, including bots."),
        writes: Key("vestibule.registration.invite_only") },
    // Email verification
    Setting { name: names::REQUIRE_VERIFIED_ADDRESS, label: "Require a verified email to sign in", section: &VERIFIED_SIGN_IN, kind: PerMethod, guard: Checks,
        text: OnOff("users with an unverified email get a code instead of being signed in.", "they can sign in."),
        writes: HookLists("require_verified_address", SignIn) },
    Setting { name: "require_verified_identifier", label: "Verify the email used to sign in", section: &VERIFIED_SIGN_IN, kind: Switch, guard: Checks,
        text: OnOff("the email that the user enters must itself be verified.",
            "any verified email of the account is enough, even if the entered one isn’t theirs."),
        writes: Key("vestibule.login.require_verified_identifier") },
    Setting { name: names::SHOW_VERIFICATION_PAGE, label: "Show the verification page", section: &VERIFICATION, kind: PerMethod, guard: Checks,
        text: OnOff("after sign-up, users see the page for the emailed code.", "only the link in the email leads there."),
        writes: HookLists("show_verification_ui", SignUp) },
    Setting { name: names::SIGN_IN_AFTER_VERIFICATION, label: "Sign in after verification", section: &VERIFICATION, kind: Switch, guard: Checks,
        text: OnOff("entering the code signs users in, in the browser or app where they signed up.", "they sign in afterward."),
        writes: Key("vestibule.registration.sign_in_after_verification") },
    // Recovery
    Setting { name: "recovery_enabled", label: "Allow recovery", section: &RECOVERY, kind: Switch, guard: Checks,
        text: OnOff("the sign-in page has a link “Forgot password?”, and users recover their account with an email.", "users who forgot their password need your help."),
        writes: Key("selfservice.flows.recovery.enabled") },
    Setting { name: "recovery_use", label: "Recover with", section: &RECOVERY, guard: Checks,
        kind: Kind::Choice(&[
            Choice { value: "code", label: "A code", text: "Users enter it on the page they came from." },
            Choice { value: "link", label: "A link", text: "Users open it in any browser. Links must be on." },
        ]),
        text: One("What the email contains."),
        writes: Key("selfservice.flows.recovery.use") },
    Setting { name: "recovery_notify_unknown_recipients", label: "Email addresses without an account", section: &RECOVERY, kind: Switch, guard: Checks,
        text: OnOff("an address without an account gets an email that says so.", "it gets none."),
        writes: Key("selfservice.flows.recovery.notify_unknown_recipients") },
    Setting { name: "choose_recovery_address", label: "Choose among several emails", section: &RECOVERY, kind: Switch, guard: Checks,
        text: OnOff("users with several recovery emails choose one, masked. This reveals which emails have an account.", "the email that they enter is used."),
        writes: Key("feature_flags.choose_recovery_address") },
    Setting { name: "link_enabled", label: "Links in emails", section: &LINKS, kind: Switch, guard: Checks,
        text: OnOff("recovery and verification can use links, and operators can create recovery links.", "only codes are used."),
        writes: Key("selfservice.methods.link.enabled") },
    Setting { name: "links_confirm", label: "Links that ask before they work", section: &LINKS, guard: Checks,
        kind: Kind::Choice(&[
            Choice { value: "emailed", label: "Links that this server sends", text: "Those that operators create work when they are opened." },
            Choice { value: "always", label: "All links", text: "" },
            Choice { value: "never", label: "None", text: "An email scanner that opens a link uses it up." },
        ]),
        text: One("These links open a page with a button first, because email scanners open every link."),
        writes: Key("vestibule.links.confirm") },
    // Password policy
    Setting { name: "min_password_length", label: "Minimum password length", section: &PASSWORDS, kind: Number, guard: Checks,
        text: One("Applies to new passwords. Existing passwords keep working."),
        writes: Key("selfservice.methods.password.config.min_password_length") },
    Setting { name: "identifier_similarity_check", label: "Reject passwords similar to the email", section: &PASSWORDS, kind: Switch, guard: Checks,
        text: OnOff("passwords that resemble the user’s email or username are rejected.", "they are accepted."),
        writes: Key("selfservice.methods.password.config.identifier_similarity_check_enabled") },
    Setting { name: "breach_check", label: "Reject breached passwords", section: &PASSWORDS, kind: Switch, guard: Checks,
        text: OnOff("new passwords are checked with Have I Been Pwned, which gets five characters of their hash.", "they are not checked."),
        writes: Key("selfservice.methods.password.config.haveibeenpwned_enabled") },
    Setting { name: "breach_check_ignore_errors", label: "Accept passwords when the breach check fails", section: &PASSWORDS, kind: Switch, guard: Checks,
        text: OnOff("new passwords are accepted while Have I Been Pwned can’t be reached.", "users can’t sign up with a password until it can be reached again."),
        writes: Key("selfservice.methods.password.config.ignore_network_errors") },
    // Account protection
    Setting { name: names::PREVENT_ENUMERATION, label: "Prevent account enumeration", section: &PROTECTION, kind: Switch, guard: Checks,
        text: OnOff("sign-up responds the same for every email, and the account is created after verification.",
            "anyone can check whether an email has an account."),
        writes: Key("vestibule.registration.prevent_enumeration") },
    Setting { name: "reset_on_first_verification", label: "Reset account on first verification", section: &PROTECTION, kind: Switch, guard: Checks,
        text: OnOff("the first person to verify the email removes earlier sessions, passwords and addresses.",
            "an attacker who signed up with someone else’s email keeps access."),
        writes: Key("vestibule.registration.reset_on_first_verification") },
    Setting { name: "unverified_session_lifespan", label: "Limit unverified sessions", section: &PROTECTION, guard: Checks,
        kind: Duration { unset: "as long as any other" },
        text: OnOff("sessions of users with an unverified email end early.", "they last as long as other sessions."),
        writes: Key("vestibule.registration.unverified_session_lifespan") },
    Setting { name: "hide_accounts", label: "Hide accounts at sign-in", section: &PROTECTION, kind: Switch, guard: Checks,
        text: OnOff("sign-in responds the same whether or not an account exists.",
            "sign-in by code, and a form that asks for the email first, reveal which emails have an account."),
        writes: Key("security.account_enumeration.mitigate") },
    Setting { name: "sms_per_number", label: "Text messages to one number", section: &TEXT_MESSAGES, kind: Number, guard: Checks,
        text: One("Within 24 hours. Users who request more see the same page but get no text message."),
        writes: Key("vestibule.limits.sms.per_number") },
    Setting { name: "sms_per_client", label: "Text messages because of one client", section: &TEXT_MESSAGES, kind: Number, guard: Checks,
        text: One("Within 24 hours, to all numbers together. An office behind one IP address counts as one client."),
        writes: Key("vestibule.limits.sms.per_client") },
    Setting { name: "sms_total", label: "Text messages in total", section: &TEXT_MESSAGES, kind: Number, guard: Checks,
        text: One("Within 24 hours. This limits what attackers can cost you. Files list the countries that get text messages."),
        writes: Key("vestibule.limits.sms.total") },
    // Sign-in forms
    Setting { name: "sign_in_with_code", label: "Sign-in by code", section: &CODES, kind: Switch, guard: Checks,
        text: OnOff("users can sign up and sign in with a code that is sent to their email.", "codes only verify emails."),
        writes: Key("selfservice.methods.code.passwordless_enabled") },
    Setting { name: "code_attempts", label: "Attempts to enter a code", section: &CODES, kind: Number, guard: Checks,
        text: One("After this many codes, a form accepts no more, and users start again."),
        writes: Key("selfservice.methods.code.config.max_submissions") },
    Setting { name: "registration_style", label: "Sign-up form", section: &FORMS, guard: Checks,
        kind: Kind::Choice(&[
            Choice { value: "profile_first", label: "Two steps", text: "Users enter their details, then choose how to sign in." },
            Choice { value: "unified", label: "One step", text: "" },
        ]),
        text: One("How many steps users see when they sign up."),
        writes: Key("selfservice.flows.registration.style") },
    Setting { name: "login_style", label: "Sign-in form", section: &FORMS, guard: Checks,
        kind: Kind::Choice(&[
            Choice { value: "unified", label: "One step", text: "" },
            Choice { value: "identifier_first", label: "Email or username first", text: "The second step shows how the account signs in." },
        ]),
        text: One("How many steps users see when they sign in."),
        writes: Key("selfservice.flows.login.style") },
    Setting { name: "login_hints", label: "Show how a taken email signs in", section: &FORMS, kind: Switch, guard: Checks,
        text: OnOff("users who sign up with a taken email see how that account signs in.", "they only see that the email is taken."),
        writes: Key("selfservice.flows.registration.login_hints") },
    // Social sign-in
    Setting { name: names::SOCIAL_ENABLED, label: "Social sign-in", section: &SOCIAL, kind: Switch, guard: Checks,
        text: OnOff("users can sign up and sign in with a provider.", "no provider is offered."),
        writes: Key(social::ENABLED) },
    Setting { name: names::SOCIAL_BUTTONS, label: "Buttons of the providers", section: &SOCIAL, guard: Checks,
        kind: Kind::Choice(&[
            Choice { value: "first", label: "above the form", text: "" },
            Choice { value: "last", label: "below the form", text: "" },
        ]),
        text: One("Where the buttons are on the hosted pages."),
        writes: Key(social::BUTTONS) },
    Setting { name: names::SOCIAL_PROVIDERS, label: "Providers", section: &SOCIAL, kind: Entries, guard: Owner,
        text: One("Providers that users can sign in with."),
        writes: Providers },
    Setting { name: names::SOCIAL_TRUSTED_EMAIL_PROVIDERS, label: "Providers whose verified emails are trusted", section: &SOCIAL, kind: Ids, guard: Owner,
        text: One("An email that one of these providers verified counts as verified."),
        writes: Key(social::TRUSTED_EMAIL_PROVIDERS) },
    Setting { name: names::SOCIAL_OFF, label: "Providers that are off", section: &SOCIAL, kind: Ids, guard: Checks,
        text: One("These providers keep their settings and are not offered."),
        writes: Key(social::OFF) },
    Setting { name: names::SOCIAL_ORDER, label: "Order of the providers", section: &SOCIAL, kind: Ids, guard: Checks,
        text: One("The buttons of these providers come first, in this order."),
        writes: Key(social::ORDER) },
    // Webhooks
    Setting { name: names::WEB_HOOKS, label: "Webhooks", section: &HOOKS, kind: Entries, guard: Owner,
        text: One("Webhooks that were created in the console."),
        writes: WebHooks },
    Setting { name: names::WEB_HOOK_HOSTS, label: "Hosts that webhooks may call", section: &HOOKS, kind: Ids, guard: Owner,
        text: One("Hosts that owners allowed in the console, in addition to those of the configuration files."),
        writes: Hosts },
];

/// The row of a name.
pub fn setting(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name == name)
}

/// Rows of a page, in its order.
pub fn on_page(page: Page) -> impl Iterator<Item = &'static Setting> {
    SETTINGS.iter().filter(move |setting| setting.section.page == page)
}

/// Sections of a page, in its order.
pub fn sections(page: Page) -> Vec<&'static Section> {
    let mut sections: Vec<&'static Section> = on_page(page).map(|setting| setting.section).collect();
    sections.dedup();
    sections
}

/// The label of a setting; empty for any other name.
pub fn label(name: &str) -> &'static str {
    setting(name).map_or("", |setting| setting.label)
}

impl Setting {
    /// Whether its value is one thing that a form or a command can say.
    pub fn is_scalar(&self) -> bool {
        !matches!(self.kind, Kind::Ids | Kind::Entries)
    }

    /// The key that it writes; for hooks, the list of the method password.
    pub fn key(&self) -> Option<String> {
        match self.writes {
            Writes::Key(key) => Some(key.to_owned()),
            Writes::HookLists(_, lists) => Some(lists.path(MethodId::Password)),
            Writes::Providers => Some(social::LIST.to_owned()),
            Writes::Hosts => Some(allowed_hosts::KEY.to_owned()),
            Writes::Group(_) | Writes::WebHooks => None,
        }
    }

    /// The key that it writes for one method.
    pub fn key_of(&self, method: MethodId) -> Option<String> {
        match self.writes {
            Writes::HookLists(_, lists) => Some(lists.path(method)),
            Writes::Key(_) | Writes::Group(_) | Writes::Providers | Writes::WebHooks | Writes::Hosts => {
                self.key()
            }
        }
    }

    /// The least and the most of a number.
    pub fn bounds(&self) -> (i64, i64) {
        let bounds = self.key().and_then(|key| bounds_of(&key));
        bounds.unwrap_or((0, i64::from(u32::MAX)))
    }

    /// Whether what it changes is there. What has no effect yet is not offered.
    pub fn is_there(&self) -> bool {
        self.key().is_none_or(|key| has_effect(&key))
    }

    /// The default in words.
    pub fn default(&self) -> String {
        let default = self.key().map_or("", |key| default_of(&key));
        match self.kind {
            Kind::Switch | Kind::PerMethod => if default == "true" { "on" } else { "off" }.to_owned(),
            Kind::Duration { unset } if default.is_empty() => unset.to_owned(),
            Kind::Choice(choices) => {
                let choice = choices.iter().find(|choice| choice.value == default);
                choice.map_or("", |choice| choice.label).to_owned()
            }
            Kind::Number | Kind::Duration { .. } | Kind::Ids | Kind::Entries => default.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_name_label_and_key_is_there_once() {
        let once = |texts: Vec<String>| {
            let distinct: BTreeSet<&String> = texts.iter().collect();
            assert_eq!(distinct.len(), texts.len(), "{texts:?}");
        };
        once(SETTINGS.iter().map(|setting| setting.name.to_owned()).collect());
        once(SETTINGS.iter().map(|setting| setting.label.to_owned()).collect());
        let keys = SETTINGS.iter().filter(|setting| matches!(setting.writes, Writes::Key(_)));
        once(keys.filter_map(Setting::key).collect());
    }

    #[test]
    fn every_key_is_one_of_the_configuration_and_every_row_has_words() {
        for setting in SETTINGS {
            for key in setting.key().into_iter().chain(setting.key_of(MethodId::Oidc)) {
                assert!(has_effect(&key), "{}: {key}", setting.name);
            }
            let (one, other) = match setting.text {
                Text::OnOff(on, off) => (on, off),
                Text::One(text) => (text, text),
            };
            assert!(
                !setting.label.is_empty() && one.ends_with('.') && other.ends_with('.'),
                "{}",
                setting.name
            );
        }
    }

    #[test]
    fn rows_of_a_section_are_next_to_each_other() {
        let mut seen = BTreeSet::new();
        let mut last = "";
        for setting in SETTINGS {
            if setting.section.id != last {
                assert!(seen.insert(setting.section.id), "{} is in two places", setting.section.id);
            }
            last = setting.section.id;
        }
    }
}
