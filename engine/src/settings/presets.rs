//! Ways to run a sign-up that belong together, each a set of named settings. A preset is put into a form that nobody has saved
//! yet; what it would change there is told before.

use super::names::{
    PREVENT_ENUMERATION, REQUIRE_VERIFIED_ADDRESS, SHOW_VERIFICATION_PAGE, SIGN_IN_AFTER_REGISTRATION,
    SIGN_IN_AFTER_VERIFICATION,
};
use super::table::{Setting, setting};
use super::{Values, changes, differences};
use crate::config::Named;
use serde_json::{Value, json};

pub struct Preset {
    /// As it is posted.
    pub id: &'static str,
    pub title: &'static str,
    /// Whom it is for, and what it costs.
    pub text: &'static str,
    settings: Vec<(&'static str, Value, Part)>,
}

/// What a setting is to its preset.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Part {
    /// Without it there is no such preset.
    Essential,
    /// Goes with it as soon as it is there.
    Added,
}

fn is_there(name: &str) -> bool {
    setting(name).is_some_and(Setting::is_there)
}

/// What is there of them, in the order in which they are shown.
pub fn presets() -> Vec<Preset> {
    all().into_iter().filter(|preset| preset.is_offered(&is_there)).collect()
}

fn all() -> [Preset; 4] {
    use Part::{Added, Essential};
    [
        Preset {
            id: "frictionless",
            title: "Frictionless trial",
            text: "Users are signed in immediately and can verify their email later. Accepts made-up emails and reveals which emails \
                   have an account.",
            settings: vec![
                ("registration_enabled", json!(true), Essential),
                (SIGN_IN_AFTER_REGISTRATION, json!("on"), Essential),
                (SHOW_VERIFICATION_PAGE, json!("off"), Essential),
                (REQUIRE_VERIFIED_ADDRESS, json!("off"), Essential),
                (SIGN_IN_AFTER_VERIFICATION, json!(false), Added),
                ("reset_on_first_verification", json!(true), Added),
                (PREVENT_ENUMERATION, json!(false), Added),
                ("invite_only", json!(false), Added),
            ],
        },
        Preset {
            id: "verify_first",
            title: "Verify first",
            text: "Users enter an emailed code before they get access, and the code signs them in. Adds one step.",
            settings: vec![
                ("registration_enabled", json!(true), Essential),
                (SIGN_IN_AFTER_REGISTRATION, json!("off"), Essential),
                (SHOW_VERIFICATION_PAGE, json!("on"), Essential),
                (SIGN_IN_AFTER_VERIFICATION, json!(true), Essential),
                (REQUIRE_VERIFIED_ADDRESS, json!("on"), Essential),
                ("reset_on_first_verification", json!(true), Added),
                ("invite_only", json!(false), Added),
            ],
        },
        Preset {
            id: "prevent_enumeration",
            title: "Prevent enumeration",
            text: "Sign-up responds the same for new and existing emails. Only the email differs. The account is created after \
                   verification.",
            settings: vec![
                ("registration_enabled", json!(true), Essential),
                (SIGN_IN_AFTER_REGISTRATION, json!("off"), Essential),
                (SHOW_VERIFICATION_PAGE, json!("on"), Essential),
                (PREVENT_ENUMERATION, json!(true), Essential),
                (REQUIRE_VERIFIED_ADDRESS, json!("on"), Essential),
                (SIGN_IN_AFTER_VERIFICATION, json!(true), Added),
                ("reset_on_first_verification", json!(true), Added),
                ("invite_only", json!(false), Added),
            ],
        },
        Preset {
            id: "invite_only",
            title: "Invite only",
            text: "Users need an invitation link from an operator or your API. Everyone else sees that sign-up is closed.",
            settings: vec![
                ("registration_enabled", json!(true), Essential),
                ("invite_only", json!(true), Essential),
            ],
        },
    ]
}

impl Preset {
    pub fn parse(id: &str) -> Option<Self> {
        presets().into_iter().find(|preset| preset.id == id)
    }

    fn is_offered(&self, is_there: &dyn Fn(&str) -> bool) -> bool {
        self.settings.iter().all(|(name, _, part)| *part == Part::Added || is_there(name))
    }

    /// The named settings that it puts into a form.
    pub fn settings(&self) -> Named {
        let there = self.settings.iter().filter(|(name, ..)| is_there(name));
        there.map(|(name, value, _)| ((*name).to_owned(), value.clone())).collect()
    }

    /// What it would make of a form.
    pub fn applied(&self, form: &Values) -> Values {
        form.with(&self.settings())
    }

    /// What would change in a form, in words; nothing where the form says all of it.
    pub fn changes(&self, form: &Values) -> Vec<String> {
        changes(form, &self.applied(form))
    }

    /// The fields that it would change.
    pub fn fields(&self, form: &Values) -> Vec<&'static str> {
        differences(form, &self.applied(form))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_yet_leaves_a_preset_out() {
        let offered = |missing: &'static [&'static str]| -> Vec<&'static str> {
            let is_there = move |name: &str| !missing.contains(&name);
            all().iter().filter(|preset| preset.is_offered(&is_there)).map(|preset| preset.id).collect()
        };
        assert_eq!(offered(&[]), ["frictionless", "verify_first", "prevent_enumeration", "invite_only"]);
        assert_eq!(offered(&[PREVENT_ENUMERATION]), ["frictionless", "verify_first", "invite_only"]);
        assert_eq!(
            offered(&[SIGN_IN_AFTER_VERIFICATION, "reset_on_first_verification", "invite_only"]),
            ["frictionless", "prevent_enumeration"],
            "what is only added to it does not hold it back"
        );
    }

    #[test]
    fn every_setting_of_every_preset_is_a_field_and_takes_the_value() {
        for preset in all() {
            for (name, value, _) in &preset.settings {
                assert!(!crate::settings::label(name).is_empty(), "{}: {name}", preset.id);
                assert!(value.is_boolean() || value == "on" || value == "off", "{}: {name}", preset.id);
            }
        }
    }
}
