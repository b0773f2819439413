//! Names of sign-in methods and of authenticator assurance levels, as Kratos has them.

use serde::{Deserialize, Serialize};

/// A sign-in method, as in `selfservice.methods.<name>` and `method=<name>` of Kratos.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum MethodId {
    Password,
    Oidc,
    Code,
    Link,
    Totp,
    Passkey,
    Webauthn,
    LookupSecret,
    /// Settings only: the traits. Nobody signs in with it.
    Profile,
}

impl MethodId {
    pub const ALL: [MethodId; 9] = [
        MethodId::Password,
        MethodId::Oidc,
        MethodId::Code,
        MethodId::Link,
        MethodId::Totp,
        MethodId::Passkey,
        MethodId::Webauthn,
        MethodId::LookupSecret,
        MethodId::Profile,
    ];

    /// Those that a user can sign up with.
    pub const REGISTERING: &[MethodId] = &[MethodId::Password, MethodId::Oidc, MethodId::Code];

    /// Those that a user can sign in with.
    pub const SIGNING_IN: &[MethodId] = &[MethodId::Password, MethodId::Oidc, MethodId::Code];

    /// Kratos' name.
    pub fn name(self) -> &'static str {
        match self {
            MethodId::Password => "password",
            MethodId::Oidc => "oidc",
            MethodId::Code => "code",
            MethodId::Link => "link",
            MethodId::Totp => "totp",
            MethodId::Passkey => "passkey",
            MethodId::Webauthn => "webauthn",
            MethodId::LookupSecret => "lookup_secret",
            MethodId::Profile => "profile",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        MethodId::ALL.into_iter().find(|method| method.name() == name)
    }

    /// Whether its credential is a second factor and no more: it signs in nobody by itself.
    pub fn is_second_factor(self) -> bool {
        match self {
            MethodId::Totp | MethodId::LookupSecret | MethodId::Webauthn => true,
            MethodId::Password
            | MethodId::Oidc
            | MethodId::Code
            | MethodId::Link
            | MethodId::Passkey
            | MethodId::Profile => false,
        }
    }
}

/// Authenticator assurance level of a session, lowest first (NIST SP 800-63B; Kratos: identity/aal.go).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Aal {
    /// One factor.
    #[default]
    Aal1,
    /// Two factors.
    Aal2,
}

impl Aal {
    pub fn name(self) -> &'static str {
        match self {
            Aal::Aal1 => "aal1",
            Aal::Aal2 => "aal2",
        }
    }

    /// Case does not count, as in Kratos.
    pub fn parse(name: &str) -> Option<Self> {
        [Aal::Aal1, Aal::Aal2].into_iter().find(|aal| aal.name().eq_ignore_ascii_case(name))
    }
}

/// The assurance level that an endpoint requires, as in `required_aal`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RequiredAal {
    /// One factor is enough.
    Aal1,
    /// The highest that the user can reach.
    HighestAvailable,
}

impl RequiredAal {
    /// What it means for a user whose credentials reach `available`.
    pub fn of(self, available: Aal) -> Aal {
        match self {
            RequiredAal::Aal1 => Aal::Aal1,
            RequiredAal::HighestAvailable => available,
        }
    }

    /// Kratos' names.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "aal1" => Some(RequiredAal::Aal1),
            "highest_available" => Some(RequiredAal::HighestAvailable),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_required_as_far_as_the_user_can_reach_it() {
        assert!(Aal::Aal1 < Aal::Aal2);
        for (required, available, level) in [
            (RequiredAal::Aal1, Aal::Aal1, Aal::Aal1),
            (RequiredAal::Aal1, Aal::Aal2, Aal::Aal1),
            (RequiredAal::HighestAvailable, Aal::Aal1, Aal::Aal1),
            (RequiredAal::HighestAvailable, Aal::Aal2, Aal::Aal2),
        ] {
            assert_eq!(required.of(available), level, "{required:?} {available:?}");
        }
        assert_eq!(RequiredAal::parse("aal2"), None);
    }
}
