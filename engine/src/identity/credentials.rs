//! What the credentials of an account say of how its user signs in.

use super::Credential;
use super::schema::Extracted;
use crate::model::MethodId;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

/// A kind of credential whose identifiers are traits, with what the traits say of it.
pub(crate) struct Identified {
    pub(crate) kind: MethodId,
    pub(crate) identifiers: Vec<String>,
    /// What it holds without any secret.
    pub(crate) config: Value,
}

/// Kinds of credentials whose identifiers are traits. One entry for each.
pub(crate) fn identified(found: &Extracted) -> [Identified; 2] {
    let addresses = &found.code_identifiers;
    let address = |own: &super::schema::Address| json!({ "channel": own.via, "address": own.value });
    [
        Identified {
            kind: MethodId::Password,
            identifiers: found.password_identifiers.clone(),
            config: json!({}),
        },
        Identified {
            kind: MethodId::Code,
            identifiers: addresses.iter().map(|own| own.value.clone()).collect(),
            config: json!({ "addresses": addresses.iter().map(address).collect::<Vec<_>>() }),
        },
    ]
}

/// What a new account has by its traits alone. Without a secret a credential only reserves its identifiers, as in Kratos: else the
/// next sign-up with this address would be a second account.
pub(crate) fn of_traits(found: &Extracted, now: DateTime<Utc>) -> Vec<Credential> {
    let there = identified(found).into_iter().filter(|one| !one.identifiers.is_empty());
    there
        .map(|one| Credential {
            kind: one.kind.name().to_owned(),
            identifiers: one.identifiers,
            config: one.config,
            created_at: now,
            updated_at: now,
        })
        .collect()
}

/// The same with a credential of that kind that holds `config`.
pub(crate) fn with(
    mut all: Vec<Credential>,
    (kind, identifiers): (MethodId, Vec<String>),
    config: Value,
    now: DateTime<Utc>,
) -> Vec<Credential> {
    match all.iter_mut().find(|one| one.kind == kind.name()) {
        Some(own) => own.config = config,
        None => all.push(Credential {
            kind: kind.name().to_owned(),
            identifiers,
            config,
            created_at: now,
            updated_at: now,
        }),
    }
    all
}

/// Whether a user can sign in with it: a reserved identifier without a password is none.
pub(crate) fn is_usable(credential: &Credential) -> bool {
    credential.kind != MethodId::Password.name() || credential.config.get("hashed_password").is_some()
}

/// The kinds of credentials that a user can sign in with. `by_code`: whether users sign in with codes at all.
pub(crate) fn kinds_of(credentials: &[Credential], by_code: bool) -> Vec<&str> {
    let offered = |one: &&Credential| by_code || one.kind != MethodId::Code.name();
    credentials.iter().filter(|one| is_usable(one)).filter(offered).map(|one| one.kind.as_str()).collect()
}

/// Ids of the providers that the account is linked to.
pub(crate) fn providers_of(credentials: &[Credential]) -> Vec<String> {
    let own = credentials.iter().filter(|credential| credential.kind == MethodId::Oidc.name());
    own.flat_map(|credential| credential.config["providers"].as_array().into_iter().flatten())
        .filter_map(|entry| entry["provider"].as_str().map(str::to_owned))
        .collect()
}
