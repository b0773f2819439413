//! What happens after sign-up: four answers, each a view of the switches that it stands for. It has no value of its own: it is read
//! from the switches and written to them, so that page, plan and files cannot disagree. *Authentication settings* has a switch for the
//! first answer and, for users who are not signed in at once, one choice among the others.

use super::names::{SHOW_VERIFICATION_PAGE, SIGN_IN_AFTER_REGISTRATION, SIGN_IN_AFTER_VERIFICATION};
use super::table::{Choice, Group, Setting, setting};
use super::{PerMethod, SettingValue, Values};
use crate::config::Named;
use crate::config::console_table::AFTER_SIGN_UP;
use serde_json::{Value, json};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AfterSignUp {
    AtOnce,
    VerificationFirst,
    WhenProven,
    Themselves,
}

impl AfterSignUp {
    pub const ALL: [AfterSignUp; 4] = [
        AfterSignUp::AtOnce,
        AfterSignUp::VerificationFirst,
        AfterSignUp::WhenProven,
        AfterSignUp::Themselves,
    ];

    /// What can happen to users who are not signed in at once.
    pub const INSTEAD: [AfterSignUp; 3] =
        [AfterSignUp::WhenProven, AfterSignUp::VerificationFirst, AfterSignUp::Themselves];

    /// As it is posted.
    pub const fn name(self) -> &'static str {
        self.choice().value
    }

    /// As the table of settings has it.
    const fn choice(self) -> Choice {
        let [at_once, verification_first, when_proven, themselves] = AFTER_SIGN_UP;
        match self {
            AfterSignUp::AtOnce => at_once,
            AfterSignUp::VerificationFirst => verification_first,
            AfterSignUp::WhenProven => when_proven,
            AfterSignUp::Themselves => themselves,
        }
    }

    /// The name of the answer that those values come to.
    fn name_of(values: &Values) -> Option<&'static str> {
        Self::of(values).map(Self::name)
    }

    /// The named settings of the answer with that name; `None`: there is none, or it cannot be had.
    fn settings_of(name: &str) -> Option<Named> {
        Self::parse(name).filter(|answer| answer.is_offered()).map(Self::settings)
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|answer| answer.name() == name)
    }

    /// The answer, and what it means for people.
    pub const fn words(self) -> (&'static str, &'static str) {
        let Choice { label, text, .. } = self.choice();
        (label, text)
    }

    /// Only what can be had.
    pub fn is_offered(self) -> bool {
        self != AfterSignUp::WhenProven || setting(SIGN_IN_AFTER_VERIFICATION).is_some_and(Setting::is_there)
    }

    /// `None`: it differs from method to method, or there is none. What signs in by itself has no say.
    pub fn of(values: &Values) -> Option<Self> {
        let signs_in = signs_in(values)?;
        match (signs_in.all_on(), signs_in.all_off()) {
            (true, _) => Some(AfterSignUp::AtOnce),
            (_, true) => Self::instead(values),
            _ => None,
        }
    }

    /// What happens to users who are not signed in at once, whether there are any or not.
    pub fn instead(values: &Values) -> Option<Self> {
        let signs_in = signs_in(values)?;
        let page = values.ways(SHOW_VERIFICATION_PAGE);
        let page: PerMethod = page.iter().filter(|(method, _)| signs_in.has(*method)).collect();
        match (page.all_on(), page.all_off()) {
            _ if values.is_on(SIGN_IN_AFTER_VERIFICATION) => Some(AfterSignUp::WhenProven),
            (true, _) => Some(AfterSignUp::VerificationFirst),
            (_, true) => Some(AfterSignUp::Themselves),
            _ => None,
        }
    }

    /// The settings that make it what happens to users who are not signed in at once. Which those are stays as it is.
    pub fn instead_settings(self) -> Named {
        let mut settings = self.settings();
        settings.remove(SIGN_IN_AFTER_REGISTRATION);
        settings
    }

    /// The named settings that bring it about; what is not there yet is left alone. Signing in at once says nothing of the
    /// verification page: it can be shown to somebody who is signed in.
    pub fn settings(self) -> Named {
        let switches: &[(&str, Value)] = match self {
            AfterSignUp::AtOnce => {
                &[(SIGN_IN_AFTER_REGISTRATION, json!("on")), (SIGN_IN_AFTER_VERIFICATION, json!(false))]
            }
            AfterSignUp::VerificationFirst => &[
                (SIGN_IN_AFTER_REGISTRATION, json!("off")),
                (SHOW_VERIFICATION_PAGE, json!("on")),
                (SIGN_IN_AFTER_VERIFICATION, json!(false)),
            ],
            AfterSignUp::WhenProven => &[
                (SIGN_IN_AFTER_REGISTRATION, json!("off")),
                (SHOW_VERIFICATION_PAGE, json!("on")),
                (SIGN_IN_AFTER_VERIFICATION, json!(true)),
            ],
            AfterSignUp::Themselves => &[
                (SIGN_IN_AFTER_REGISTRATION, json!("off")),
                (SHOW_VERIFICATION_PAGE, json!("off")),
                (SIGN_IN_AFTER_VERIFICATION, json!(false)),
            ],
        };
        let there = switches.iter().filter(|(name, _)| setting(name).is_some_and(Setting::is_there));
        there.map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }
}

/// The switch *Sign in after registration*, unless nobody can sign up.
fn signs_in(values: &Values) -> Option<PerMethod> {
    match values.get(SIGN_IN_AFTER_REGISTRATION) {
        Some(SettingValue::PerMethod(ways)) if !ways.is_empty() => Some(ways),
        _ => None,
    }
}

impl Group {
    /// The settings that it is one control for on its page.
    pub fn covers(self) -> &'static [&'static str] {
        match self {
            Group::AfterSignUp => &[SHOW_VERIFICATION_PAGE, SIGN_IN_AFTER_VERIFICATION],
        }
    }

    /// The choice that those values come to; `None`: they agree on none.
    pub(super) fn of(self, values: &Values) -> Option<&'static str> {
        match self {
            Group::AfterSignUp => AfterSignUp::name_of(values),
        }
    }

    /// The named settings of one of its choices; `None`: there is none of that name, or it cannot be had.
    pub(super) fn settings(self, choice: &str) -> Option<Named> {
        match self {
            Group::AfterSignUp => AfterSignUp::settings_of(choice),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::MethodId;

    fn values(signs_in: &[bool], page: &[bool], when_proven: bool) -> Values {
        let methods = [MethodId::Password, MethodId::Code];
        let ways = |on: &[bool]| -> PerMethod { methods.into_iter().zip(on.iter().copied()).collect() };
        let values = [
            (SIGN_IN_AFTER_REGISTRATION, ways(signs_in).into()),
            (SHOW_VERIFICATION_PAGE, ways(page).into()),
            (SIGN_IN_AFTER_VERIFICATION, when_proven.into()),
        ];
        values.into_iter().collect()
    }

    #[test]
    fn it_is_read_from_the_switches() {
        use AfterSignUp::{AtOnce, Themselves, VerificationFirst, WhenProven};
        for (signs_in, page, when_proven, expected) in [
            ([true, true], [false, false], false, Some(AtOnce)),
            ([true, true], [true, true], true, Some(AtOnce)),
            ([false, false], [true, true], false, Some(VerificationFirst)),
            ([false, false], [false, false], true, Some(WhenProven)),
            ([false, false], [false, false], false, Some(Themselves)),
            ([true, false], [false, false], false, None),
            ([false, false], [true, false], false, None),
        ] {
            assert_eq!(
                AfterSignUp::of(&values(&signs_in, &page, when_proven)),
                expected,
                "{signs_in:?} {page:?}"
            );
        }
        assert_eq!(AfterSignUp::of(&values(&[], &[], false)), None, "nobody can sign up");
    }

    #[test]
    fn what_it_writes_reads_as_itself_from_everywhere() {
        let states = [([true, true], [true, false], true), ([false, true], [false, false], false)];
        for answer in AfterSignUp::ALL.into_iter().filter(|answer| answer.is_offered()) {
            assert_eq!(AfterSignUp::parse(answer.name()), Some(answer));
            for (signs_in, page, when_proven) in states {
                let before = values(&signs_in, &page, when_proven);
                assert_eq!(AfterSignUp::of(&before.with(&answer.settings())), Some(answer));
                if AfterSignUp::INSTEAD.contains(&answer) {
                    let instead = before.with(&answer.instead_settings());
                    assert_eq!(AfterSignUp::instead(&instead), Some(answer));
                    assert_eq!(
                        instead.get(SIGN_IN_AFTER_REGISTRATION),
                        before.get(SIGN_IN_AFTER_REGISTRATION)
                    );
                }
            }
        }
    }
}
