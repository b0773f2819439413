//! How the console calls what belongs to an account: sign-in methods, devices, states.

pub(in super::super) use crate::device::device;
use engine::config::Config;
use engine::identity::Identity;
use engine::model::MethodId;
use engine::store::messages::Status;
use engine::users::User;
use serde_json::Value;

/// "Verified", "Not verified", or that there is nothing to verify.
pub(super) fn verification(identity: &Identity) -> &'static str {
    match (identity.verifiable_addresses.is_empty(), identity.has_verified_address()) {
        (true, _) => "No address",
        (false, true) => "Verified",
        (false, false) => "Not verified",
    }
}

/// What the user can sign in with: methods, and providers by their labels.
pub(super) fn methods(config: &Config, user: &User) -> Vec<String> {
    let names = user.methods().flat_map(|own| match MethodId::parse(&own.kind) {
        Some(MethodId::Oidc) => providers(config, &own.config),
        Some(method) => vec![method_name(method).to_owned()],
        None => vec![own.kind.clone()],
    });
    names.collect()
}

pub(super) fn method_name(method: MethodId) -> &'static str {
    match method {
        MethodId::Password => "Password",
        MethodId::Oidc => "Social sign-in",
        MethodId::Code => "One-time code",
        MethodId::Link => "Email link",
        MethodId::Totp => "Authenticator app",
        MethodId::Passkey => "Passkey",
        MethodId::Webauthn => "Security key",
        MethodId::LookupSecret => "Backup codes",
        MethodId::Profile => "Profile",
    }
}

fn providers(config: &Config, credential: &Value) -> Vec<String> {
    let links = credential.get("providers").and_then(Value::as_array).into_iter().flatten();
    let ids = links.filter_map(|link| link.get("provider").and_then(Value::as_str));
    ids.map(|id| provider_label(config, id)).collect()
}

/// The label of a provider; its ID if it is not configured any more.
pub(super) fn provider_label(config: &Config, id: &str) -> String {
    let provider = config.selfservice.social.providers.iter().find(|provider| provider.id == id);
    provider.map_or_else(|| id.to_owned(), |provider| provider.label.clone())
}

pub(super) fn email_status(status: Status) -> (&'static str, &'static str) {
    match status {
        Status::Queued => ("queued", "Queued"),
        Status::Processing => ("queued", "Sending"),
        Status::Sent => ("active", "Sent"),
        Status::Abandoned => ("failed", "Failed"),
    }
}
