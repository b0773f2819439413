//! One-time codes: minted, kept as digests, emailed, compared, used once. A code is six digits; what protects it are the number of
//! attempts and its short life (OWASP ASVS 6.6), a keyed digest protects it in a stolen database. The email's link has a secret of
//! its own. Knows of a flow its id alone: what a code does and what its email says is the flow's business.

mod attempts;
mod digest;
mod issue;
mod send;
mod verify;

pub use attempts::may_try;
pub use digest::{Digests, Minted, Scope, bound_to, choice, matches, mint};
pub use issue::{Given, issue};
pub use send::{Recipient, Sent, pretend_to_send, send, send_first};
pub use verify::{Found, Submitted, look_up, use_up};

use crate::config::Config;
use crate::model::MethodId;
use std::time::Duration;

pub const DIGITS: usize = 6;
/// 129 bits. Digits, so that whatever takes a code from Kratos' link takes this one as well.
const LINK_DIGITS: usize = 39;

/// One line for each purpose: its name in rows and digests, which stays as it is for as long as codes are stored with it.
macro_rules! purposes {
    ($($(#[$doc:meta])* $purpose:ident => $name:literal,)+) => {
        /// What a code is good for. A code of one purpose is worth nothing for another.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Purpose {
            $($(#[$doc])* $purpose,)+
        }

        impl Purpose {
            pub const ALL: &[Purpose] = &[$(Purpose::$purpose,)+];

            /// In rows, and in the digest of a code.
            pub fn name(self) -> &'static str {
                match self {
                    $(Purpose::$purpose => $name,)+
                }
            }

            /// In the digest of the secret of the email's link.
            fn name_of_link(self) -> &'static str {
                match self {
                    $(Purpose::$purpose => concat!($name, "/link"),)+
                }
            }
        }
    };
}

purposes! {
    /// An address is verified.
    Verification => "verification",
    /// A new address takes the place of one that an account has.
    AddressChange => "address_change",
    /// An account is created.
    Registration => "registration",
    /// A user signs in.
    Login => "login",
    /// A user who lost access is signed in.
    Recovery => "recovery",
    /// The same by a code that an operator created.
    RecoveryByOperator => "recovery_by_operator",
    /// The same by a link.
    RecoveryLink => "recovery_link",
}

/// How long one is good that is sent now.
pub(crate) fn lifespan(config: &Config, purpose: Purpose) -> Duration {
    let by_link = match purpose {
        Purpose::RecoveryLink => true,
        Purpose::Verification | Purpose::AddressChange => {
            config.selfservice.verification.by == MethodId::Link
        }
        Purpose::Registration | Purpose::Login | Purpose::Recovery | Purpose::RecoveryByOperator => false,
    };
    if by_link { config.selfservice.link.lifespan } else { config.selfservice.code.lifespan }
}

/// A code as it is compared: users put spaces where they stop to read.
pub fn typed(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_whitespace()).collect()
}

/// Whether this came with the email's link: no user types a code of that length.
pub fn is_of_link(code: &str) -> bool {
    code.len() == LINK_DIGITS && code.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_two_digests_are_made_for_one_name() {
        let all = Purpose::ALL;
        let names: BTreeSet<_> =
            all.iter().flat_map(|purpose| [purpose.name(), purpose.name_of_link()]).collect();
        assert_eq!(names.len(), 2 * all.len(), "{names:?}");
    }

    #[test]
    fn a_code_is_read_as_users_type_it() {
        assert_eq!(typed(" 123 456\n"), "123456");
        assert!(is_of_link(&"1".repeat(LINK_DIGITS)));
        for code in ["123456", &"1".repeat(LINK_DIGITS - 1), &"x".repeat(LINK_DIGITS)] {
            assert!(!is_of_link(code), "{code}");
        }
    }
}
