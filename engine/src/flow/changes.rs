//! The account as a web hook wants it, before it is stored.

use crate::engine::Ctx;
use crate::error::{Error, Kind, Result};
use crate::hooks::call::Changes;
use crate::identity::proof::{By, address_proven};
use crate::identity::schema::Extracted;
use crate::identity::{self, Identity, RecoveryAddress, VerifiableAddress};
use crate::model::MethodId;
use crate::ui::{Text, text};

/// Or why that cannot be, by field.
///
/// # Errors
/// 502 for what only the author of the hook can mend.
pub(super) fn apply(
    ctx: &Ctx,
    method: MethodId,
    identity: Identity,
    extracted: &mut Extracted,
    changes: Changes,
    hook: &str,
) -> Result<std::result::Result<Identity, Vec<(String, Text)>>> {
    let (config, effects) = (&ctx.config, ctx.effects());
    let mut identity = identity;
    if changes.traits.is_some() || changes.schema_id.is_some() {
        let id = changes.schema_id.unwrap_or_else(|| identity.schema_id.clone());
        let schema = config.schema(&id).ok_or_else(|| {
            Error::new(Kind::Upstream, "The account cannot be made as another service wants it.")
                .caused_by(format!("the web hook {hook} names the unknown identity schema {id:?}"))
        })?;
        let traits = changes.traits.unwrap_or_else(|| identity.traits.clone());
        let found = match schema.schema.validate(&traits, config.vestibule.requests.violations()) {
            Ok(found) => found,
            Err(violations) => {
                let messages = violations.into_iter().map(|found| (found.pointer, found.text));
                return Ok(Err(messages.collect()));
            }
        };
        if found.password_identifiers.is_empty() && method == MethodId::Password {
            return Ok(Err(vec![(String::new(), text::no_identifier())]));
        }
        let made = identity::create(effects, &id, traits, &found);
        identity = Identity {
            schema_id: made.schema_id,
            traits: made.traits,
            verifiable_addresses: made.verifiable_addresses,
            recovery_addresses: made.recovery_addresses,
            ..identity
        };
        *extracted = found;
    }
    let now = identity.created_at;
    if !changes.verifiable_addresses.is_empty() {
        identity.verifiable_addresses = changes
            .verifiable_addresses
            .into_iter()
            .map(|given| {
                let mut address = VerifiableAddress {
                    id: effects.uuid(),
                    value: identity::normalise_identifier(&given.value),
                    verified: false,
                    via: given.via,
                    status: "pending".to_owned(),
                    verified_at: None,
                    created_at: now,
                    updated_at: now,
                };
                if given.verified {
                    address_proven(&mut address, By::Hook, now);
                }
                address
            })
            .collect();
    }
    if !changes.recovery_addresses.is_empty() {
        identity.recovery_addresses = changes
            .recovery_addresses
            .into_iter()
            .map(|given| RecoveryAddress {
                id: effects.uuid(),
                value: identity::normalise_identifier(&given.value),
                via: given.via,
                created_at: now,
                updated_at: now,
            })
            .collect();
    }
    identity.state = changes.state.unwrap_or(identity.state);
    identity.metadata_public = changes.metadata_public.unwrap_or(identity.metadata_public);
    identity.metadata_admin = changes.metadata_admin.unwrap_or(identity.metadata_admin);
    identity.external_id = match changes.external_id {
        Some(id) => id.filter(|id| !id.is_empty()),
        None => identity.external_id,
    };
    Ok(Ok(identity))
}
