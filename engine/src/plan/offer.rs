//! What each sign-in method offers to each flow, as facts: the plan, its drawing, the decoding of forms and the checks read them here,
//! and the code of a method is in `method`.

use crate::config::{Algorithm, Config};
use crate::model::{FlowKind, MethodId};

/// A method in a flow.
#[derive(Clone, Copy, Debug)]
pub struct Offer {
    /// Top-level members of its form, beside those of every form.
    pub members: &'static [&'static str],
    /// The user leaves for another site, and comes back by a redirect.
    pub leaves: bool,
    /// It verifies the addresses of a new account itself, or refuses them: no sign-up waits for a code.
    pub vouches: bool,
    /// What `Step::Check` looks at.
    pub checks: fn(&Config) -> String,
    /// What `Step::Prove` does.
    pub prove: Words,
}

/// A step in words.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    /// Stable name for clients.
    pub step: &'static str,
    pub title: &'static str,
    pub about: fn(&Config) -> &'static str,
    /// When it runs, where that is not the request with the form.
    pub stage: Option<&'static str>,
    pub may_stop: bool,
}

/// `None`: that method has no part in that flow.
pub fn offer(method: MethodId, flow: FlowKind) -> Option<Offer> {
    let offer = match (method, flow) {
        (MethodId::Password, FlowKind::Registration) => Offer {
            members: &["password", "traits"],
            checks: password_rules,
            prove: Words {
                step: "hash",
                title: "Hash the password",
                about: algorithm,
                stage: None,
                may_stop: false,
            },
            ..PLAIN
        },
        (MethodId::Password, FlowKind::Login) => Offer {
            members: &["identifier", "password_identifier", "password"],
            prove: Words { title: "Verify the password", ..AUTHENTICATE },
            ..PLAIN
        },
        // Traits may come along to either: a sign-in of somebody unknown becomes a sign-up.
        (MethodId::Oidc, FlowKind::Registration) => Offer {
            members: OF_PROVIDERS,
            leaves: true,
            vouches: true,
            checks: schema,
            prove: Words { title: "Validate the provider's response", ..OF_PROVIDER },
        },
        (MethodId::Oidc, FlowKind::Login) => Offer {
            members: OF_PROVIDERS,
            leaves: true,
            vouches: true,
            checks: nothing,
            prove: Words { title: "Identify the user", ..OF_PROVIDER },
        },
        // The code vouches for the address that it was sent to.
        (MethodId::Code, FlowKind::Registration) => Offer {
            members: &["code", "resend", "traits"],
            vouches: true,
            checks: schema,
            prove: OF_CODE,
            ..PLAIN
        },
        (MethodId::Code, FlowKind::Login) => {
            Offer { members: &["identifier", "code", "resend"], prove: OF_CODE, ..PLAIN }
        }
        // A password and a new start only where a verification may reset the account, see `signup::reset`.
        (MethodId::Code, FlowKind::Verification) => Offer {
            members: &["email", "code", "password", "start_over"],
            prove: Words { title: "Verify the code", ..AUTHENTICATE },
            ..PLAIN
        },
        (MethodId::Link, FlowKind::Verification) => Offer {
            members: &["email", "token", "code", "password", "start_over"],
            prove: Words { title: "Verify the link", ..AUTHENTICATE },
            ..PLAIN
        },
        (MethodId::Code, FlowKind::Recovery) => {
            Offer { members: OF_RECOVERY, prove: Words { title: "Verify the code", ..AUTHENTICATE }, ..PLAIN }
        }
        (MethodId::Link, FlowKind::Recovery) => {
            Offer { members: OF_RECOVERY, prove: Words { title: "Verify the link", ..AUTHENTICATE }, ..PLAIN }
        }
        (MethodId::Password, FlowKind::Settings) => Offer {
            members: &["password"],
            checks: new_password_rules,
            prove: Words {
                step: "hash",
                title: "Hash the password",
                about: algorithm,
                stage: None,
                may_stop: true,
            },
            ..PLAIN
        },
        (MethodId::Profile, FlowKind::Settings) => Offer {
            members: &["traits"],
            checks: schema,
            prove: Words { title: "Require a recent sign-in", about: if_it_is_sensitive, ..AUTHENTICATE },
            ..PLAIN
        },
        (MethodId::Oidc, FlowKind::Settings) => Offer {
            members: &["link", "unlink", "upstream_parameters"],
            leaves: true,
            checks: recent,
            prove: Words { title: "Identify the user", about: unless_it_is_removed, ..OF_PROVIDER },
            ..PLAIN
        },
        (MethodId::Password | MethodId::Oidc, FlowKind::Verification | FlowKind::Recovery)
        | (
            MethodId::Profile,
            FlowKind::Registration | FlowKind::Login | FlowKind::Verification | FlowKind::Recovery,
        )
        | (MethodId::Code, FlowKind::Settings)
        | (MethodId::Link, FlowKind::Registration | FlowKind::Login | FlowKind::Settings)
        | (MethodId::Totp | MethodId::Passkey | MethodId::Webauthn | MethodId::LookupSecret, _) => {
            return None;
        }
    };
    Some(offer)
}

const OF_RECOVERY: &[&str] =
    &["email", "code", "token", "recovery_address", "recovery_select_address", "recovery_confirm_address"];

const OF_PROVIDERS: &[&str] = &["provider", "upstream_parameters", "traits", "id_token", "id_token_nonce"];

const AUTHENTICATE: Words =
    Words { step: "authenticate", title: "Authenticate", about: silent, stage: None, may_stop: true };

const OF_CODE: Words = Words { title: "Verify the code", about: emailed_first, ..AUTHENTICATE };

const OF_PROVIDER: Words =
    Words { about: checked_first, stage: Some("After the provider redirects back"), ..AUTHENTICATE };

const PLAIN: Offer =
    Offer { members: &[], leaves: false, vouches: false, checks: nothing, prove: AUTHENTICATE };

fn silent(_: &Config) -> &'static str {
    ""
}

fn emailed_first(_: &Config) -> &'static str {
    "a first request with the form emails it"
}

fn checked_first(_: &Config) -> &'static str {
    "its response is validated first"
}

fn nothing(_: &Config) -> String {
    String::new()
}

fn schema(_: &Config) -> String {
    "identity schema".to_owned()
}

fn password_rules(config: &Config) -> String {
    format!("{}, {}", schema(config), rules_of_passwords(config))
}

fn rules_of_passwords(config: &Config) -> String {
    let password = &config.selfservice.password;
    let mut all = format!("{}+ characters", password.min_password_length);
    if password.identifier_similarity_check_enabled {
        all.push_str(", not similar to the email");
    }
    all.push_str(", not a common password");
    if password.haveibeenpwned_enabled {
        all.push_str(", not breached");
    }
    all
}

fn new_password_rules(config: &Config) -> String {
    format!("recent sign-in, {}", rules_of_passwords(config))
}

fn recent(_: &Config) -> String {
    "recent sign-in".to_owned()
}

fn unless_it_is_removed(_: &Config) -> &'static str {
    "not when a provider is disconnected"
}

fn if_it_is_sensitive(_: &Config) -> &'static str {
    "if an email or an identifier changes"
}

fn algorithm(config: &Config) -> &'static str {
    match config.hashers.algorithm {
        Algorithm::Argon2 => "argon2id",
        Algorithm::Bcrypt => "bcrypt",
    }
}
