//! `vestibule.registration`: what may happen around a sign-up beyond what Kratos has. Each is off unless said otherwise.

use super::Method;
use super::reader::Reader;
use std::collections::BTreeSet;
use std::time::Duration;

#[derive(Clone, Debug)]
pub struct RegistrationKeys {
    /// Hand a session over when the address is proven, to the browser or app that signed up.
    pub sign_in_after_verification: bool,
    /// For how long after the sign-up.
    pub deferred_login_lifespan: Duration,
    /// The first proof ends what was there before it.
    pub reset_on_first_verification: bool,
    /// Life of a session that is handed over before any proof; `None`: as any other.
    pub unverified_session_lifespan: Option<Duration>,
    /// Answer alike for new and known addresses.
    pub prevent_enumeration: bool,
    pub invite_only: bool,
    /// Of an invitation that names no other.
    pub invitation_lifespan: Duration,
    /// Lists whose sign-ups are finished only when every web hook that is waited for has agreed.
    pub atomic: BTreeSet<HookList>,
    /// A sign-up through a provider signs in without any list naming `session`.
    pub sign_in_after_social: bool,
}

/// A list of hooks after a sign-up, by whose it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum HookList {
    /// `registration.after.hooks`
    Flow,
    /// `registration.after.<method>.hooks`
    Of(Method),
}

const ATOMIC: &str = "vestibule.registration.atomic";

pub(super) fn read(reader: &mut Reader<'_, '_>) -> RegistrationKeys {
    let mut atomic = BTreeSet::new();
    for name in reader.texts(ATOMIC) {
        match (name.as_str(), Method::parse(&name)) {
            ("flow", _) => {
                atomic.insert(HookList::Flow);
            }
            (_, Some(method)) => {
                atomic.insert(HookList::Of(method));
            }
            (_, None) => reader.findings.problem(
                ATOMIC,
                format!("`{name}` is neither a method nor `flow`"),
                "names of methods, such as `[password]`, and `flow` for the list of the whole flow",
            ),
        }
    }
    let prevent_enumeration = reader.boolean("vestibule.registration.prevent_enumeration");
    if prevent_enumeration && !atomic.is_empty() {
        reader.findings.note(
            ATOMIC,
            "without effect while `vestibule.registration.prevent_enumeration` is on: the account is made with the proof, when the answer to \
             the sign-up is long gone",
        );
    }
    RegistrationKeys {
        sign_in_after_verification: reader.boolean("vestibule.registration.sign_in_after_verification"),
        deferred_login_lifespan: reader.lifespan("vestibule.registration.deferred_login_lifespan"),
        reset_on_first_verification: reader.boolean("vestibule.registration.reset_on_first_verification"),
        unverified_session_lifespan: reader
            .optional_lifespan("vestibule.registration.unverified_session_lifespan"),
        prevent_enumeration,
        invite_only: reader.boolean("vestibule.registration.invite_only"),
        invitation_lifespan: reader.lifespan("vestibule.registration.invitation_lifespan"),
        atomic,
        sign_in_after_social: reader.boolean("vestibule.registration.sign_in_after_social"),
    }
}
