//! What the credentials of an account say of how its user signs in.

use super::Credential;
use crate::model::MethodId;

/// Whether a user can sign in with it: a reserved identifier without a password is none.
pub(crate) fn is_usable(credential: &Credential) -> bool {
    credential.kind != MethodId::Password.name() || credential.config.get("hashed_password").is_some()
}

/// The kinds of credentials that a user can sign in with.
pub(crate) fn kinds_of(credentials: &[Credential]) -> Vec<&str> {
    credentials.iter().filter(|one| is_usable(one)).map(|one| one.kind.as_str()).collect()
}

/// Ids of the providers that the account is linked to.
pub(crate) fn providers_of(credentials: &[Credential]) -> Vec<String> {
    let own = credentials.iter().filter(|credential| credential.kind == MethodId::Oidc.name());
    own.flat_map(|credential| credential.config["providers"].as_array().into_iter().flatten())
        .filter_map(|entry| entry["provider"].as_str().map(str::to_owned))
        .collect()
}
