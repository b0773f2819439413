//! Methods to sign up and sign in with.

/// Methods a person can prove themselves with. The order is Kratos' order of trying them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Method {
    Password,
    Oidc,
    Code,
    Link,
    Totp,
    Passkey,
    Webauthn,
    LookupSecret,
}

impl Method {
    /// Kratos' name, as in `selfservice.methods.<name>` and `method=<name>`.
    pub fn name(self) -> &'static str {
        match self {
            Method::Password => "password",
            Method::Oidc => "oidc",
            Method::Code => "code",
            Method::Link => "link",
            Method::Totp => "totp",
            Method::Passkey => "passkey",
            Method::Webauthn => "webauthn",
            Method::LookupSecret => "lookup_secret",
        }
    }

    pub const ALL: [Method; 8] = [
        Method::Password,
        Method::Oidc,
        Method::Code,
        Method::Link,
        Method::Totp,
        Method::Passkey,
        Method::Webauthn,
        Method::LookupSecret,
    ];

    pub fn parse(name: &str) -> Option<Self> {
        Method::ALL.into_iter().find(|method| method.name() == name)
    }
}
