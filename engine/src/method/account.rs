//! Questions that several methods ask of accounts, and what they say of the answers.

use crate::config::Config;
use crate::engine::Ctx;
use crate::error::{Error, Kind, Result};
use crate::identity::credentials::{is_usable, kinds_of, providers_of};
use crate::identity::schema::Extracted;
use crate::identity::{Credential, Identity, State};
use crate::model::MethodId;
use crate::store::identities;
use crate::ui::{Text, text};
use serde_json::json;

/// # Errors
/// 401 for an account that is disabled.
pub(crate) fn active(identity: &Identity) -> Result<()> {
    match identity.state {
        State::Active => Ok(()),
        State::Inactive => Err(Error::new(
            Kind::Unauthenticated,
            "This account is switched off. Ask whoever runs this service.",
        )
        .detail("identity_id", json!(identity.id))),
    }
}

/// Who has one of these identifiers or addresses already, and which.
pub(crate) async fn conflict(ctx: &Ctx, extracted: &Extracted) -> Result<Option<(Identity, String)>> {
    let mut tx = ctx.db().read().await?;
    let passwords = extracted.password_identifiers.iter().map(|identifier| (MethodId::Password, identifier));
    let codes = extracted.code_identifiers.iter().map(|address| (MethodId::Code, &address.value));
    for (kind, identifier) in passwords.chain(codes) {
        if let Some((identity, _)) = identities::by_identifier(&mut tx, kind.name(), identifier).await? {
            return Ok(Some((identity, identifier.clone())));
        }
    }
    for address in extracted.verifiable.iter().chain(&extracted.recovery) {
        if let Some(identity) = identities::by_address(&mut tx, &address.value).await? {
            return Ok(Some((identity, address.value.clone())));
        }
    }
    Ok(None)
}

/// How many sign-in methods the account has that work as the server is configured. Each provider counts.
pub(crate) fn usable(config: &Config, credentials: &[Credential]) -> usize {
    let social = &config.selfservice.social;
    let of = |own: &Credential| match MethodId::parse(&own.kind) {
        Some(MethodId::Password) => {
            usize::from(config.selfservice.password.enabled && is_usable(own) && !own.identifiers.is_empty())
        }
        Some(MethodId::Code) => {
            usize::from(config.selfservice.offers(MethodId::Code) && !own.identifiers.is_empty())
        }
        Some(MethodId::Oidc) => {
            let linked = providers_of(std::slice::from_ref(own));
            linked.iter().filter(|id| social.provider(id).is_some()).count()
        }
        // Nobody signs in with these yet.
        Some(
            MethodId::Link
            | MethodId::Totp
            | MethodId::Passkey
            | MethodId::Webauthn
            | MethodId::LookupSecret
            | MethodId::Profile,
        )
        | None => 0,
    };
    credentials.iter().map(of).sum()
}

/// The hash of a password.
pub(super) fn stored(credential: &Credential) -> Option<&str> {
    credential.config.get("hashed_password")?.as_str()
}

/// What a user who signs up with a taken address is told; how its account signs in is its owner's business, unless the administrator
/// wants hints.
pub(crate) async fn taken(ctx: &Ctx, extracted: &Extracted) -> Result<Text> {
    if !ctx.config.selfservice.registration.login_hints {
        return Ok(text::identifier_exists());
    }
    // Whose it was may be gone again by now.
    let Some((identity, identifier)) = conflict(ctx, extracted).await? else {
        return Ok(text::identifier_exists());
    };
    let mut tx = ctx.db().single().await?;
    let credentials = identities::credentials(&mut tx, identity.id).await?;
    let by_code = ctx.config.selfservice.offers(MethodId::Code);
    let (kinds, providers) = (kinds_of(&credentials, by_code), providers_of(&credentials));
    let known = [(MethodId::Password, "a password"), (MethodId::Code, "a code by email")];
    let known = known.into_iter().filter(|(kind, _)| kinds.contains(&kind.name()));
    let offered = ctx.config.selfservice.social.offered();
    let labels = offered.iter().filter(|one| providers.contains(&one.id)).map(|one| one.label.clone());
    let ways: Vec<String> = known.map(|(_, way)| way.to_owned()).chain(labels).collect();
    Ok(text::identifier_exists_with_hints(&identifier, &kinds, &providers, &ways))
}
