//! `vestibule.registration`: what may happen around a sign-up beyond what Kratos has. Each is off unless said otherwise.

use super::Method;
use super::typed::Reader;
use std::collections::BTreeSet;
use std::time::Duration;

#[derive(Clone, Debug)]
pub struct RegistrationKeys {
    /// Hand a session over when the address is proven, to the browser or app that signed up.
    pub sign_in_when_proven: bool,
    /// For how long after the sign-up.
    pub hand_over_lifespan: Duration,
    /// The first proof ends what was there before it.
    pub proof_takes_over: bool,
    /// Life of a session that is handed over before any proof; `None`: as any other.
    pub unproven_session: Option<Duration>,
    /// Answer alike for new and known addresses.
    pub leak_nothing: bool,
    pub invite_only: bool,
    /// Of an invitation that names no other.
    pub invitation_lifespan: Duration,
    /// Lists whose sign-ups are finished only when every web hook that is waited for has agreed.
    pub all_or_nothing: BTreeSet<HookList>,
    /// A sign-up through a provider signs in without any list naming `session`.
    pub social_sign_in: bool,
}

/// `vestibule.verification`: how often somebody may be guessed at and written to.
#[derive(Clone, Copy, Debug)]
pub struct VerificationLimits {
    pub wrong_codes_per_hour: i64,
    pub wrong_codes_per_day: i64,
    pub mails_per_minute: i64,
    pub mails_per_hour: i64,
}

/// A list of hooks after a sign-up, by whose it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum HookList {
    /// `registration.after.hooks`
    Flow,
    /// `registration.after.<method>.hooks`
    Of(Method),
}

const ALL_OR_NOTHING: &str = "vestibule.registration.all_or_nothing";

pub(super) fn limits(reader: &Reader<'_, '_>) -> VerificationLimits {
    VerificationLimits {
        wrong_codes_per_hour: reader.integer("vestibule.verification.wrong_codes_per_hour"),
        wrong_codes_per_day: reader.integer("vestibule.verification.wrong_codes_per_day"),
        mails_per_minute: reader.integer("vestibule.verification.mails_per_minute"),
        mails_per_hour: reader.integer("vestibule.verification.mails_per_hour"),
    }
}

pub(super) fn read(reader: &mut Reader<'_, '_>) -> RegistrationKeys {
    let mut all_or_nothing = BTreeSet::new();
    for name in reader.texts(ALL_OR_NOTHING) {
        match (name.as_str(), Method::parse(&name)) {
            ("flow", _) => {
                all_or_nothing.insert(HookList::Flow);
            }
            (_, Some(method)) => {
                all_or_nothing.insert(HookList::Of(method));
            }
            (_, None) => reader.findings.problem(
                ALL_OR_NOTHING,
                format!("`{name}` is neither a method nor `flow`"),
                "names of methods, such as `[password]`, and `flow` for the list of the whole flow",
            ),
        }
    }
    let leak_nothing = reader.boolean("vestibule.registration.leak_nothing");
    if leak_nothing && !all_or_nothing.is_empty() {
        reader.findings.note(
            ALL_OR_NOTHING,
            "without effect while `vestibule.registration.leak_nothing` is on: the account is made with the proof, when the answer to \
             the sign-up is long gone",
        );
    }
    RegistrationKeys {
        sign_in_when_proven: reader.boolean("vestibule.registration.sign_in_when_proven"),
        hand_over_lifespan: reader.lifespan("vestibule.registration.hand_over_lifespan"),
        proof_takes_over: reader.boolean("vestibule.registration.proof_takes_over"),
        unproven_session: reader.optional_lifespan("vestibule.registration.unproven_session"),
        leak_nothing,
        invite_only: reader.boolean("vestibule.registration.invite_only"),
        invitation_lifespan: reader.lifespan("vestibule.registration.invitation_lifespan"),
        all_or_nothing,
        social_sign_in: reader.boolean("vestibule.registration.social_sign_in"),
    }
}
