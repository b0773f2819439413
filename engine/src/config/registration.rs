//! `vestibule.registration`: sign-up options that Kratos doesn't have. Each one is off by default unless noted.

use super::reader::Reader;
use crate::model::MethodId;
use std::collections::BTreeSet;
use std::time::Duration;

#[derive(Clone, Debug)]
pub struct RegistrationKeys {
    /// Issue a session after verification, to the browser or app that signed up.
    pub sign_in_after_verification: bool,
    /// How long after the sign-up.
    pub deferred_login_lifespan: Duration,
    /// The first verification removes earlier sessions, credentials and addresses.
    pub reset_on_first_verification: bool,
    /// Lifetime of a session that is issued before verification; `None`: as any other.
    pub unverified_session_lifespan: Option<Duration>,
    /// Return the same response for new and existing emails.
    pub prevent_enumeration: bool,
    pub invite_only: bool,
    /// The lifetime of an invitation without an own one.
    pub invitation_lifespan: Duration,
    /// Hook lists whose sign-ups complete only if every blocking webhook succeeds.
    pub atomic: BTreeSet<HookList>,
    /// A sign-up with a provider signs in without the hook `session`.
    pub sign_in_after_social: bool,
}

/// A hook list after sign-up.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum HookList {
    /// `registration.after.hooks`
    Flow,
    /// `registration.after.<method>.hooks`
    Of(MethodId),
}

const ATOMIC: &str = "vestibule.registration.atomic";

pub(super) fn read(reader: &mut Reader<'_, '_>) -> RegistrationKeys {
    let mut atomic = BTreeSet::new();
    for name in reader.texts(ATOMIC) {
        match (name.as_str(), MethodId::parse(&name)) {
            ("flow", _) => {
                atomic.insert(HookList::Flow);
            }
            (_, Some(method)) => {
                atomic.insert(HookList::Of(method));
            }
            (_, None) => reader.findings.problem(
                ATOMIC,
                format!("`{name}` is neither a method nor `flow`"),
                "names of methods, for example `[password]`, and `flow` for the flow-level hooks",
            ),
        }
    }
    let prevent_enumeration = reader.boolean("vestibule.registration.prevent_enumeration");
    if prevent_enumeration && !atomic.is_empty() {
        reader.findings.note(
            ATOMIC,
            "without effect while `vestibule.registration.prevent_enumeration` is on: the account is created at verification, after the \
             response to the sign-up",
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
