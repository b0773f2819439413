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
