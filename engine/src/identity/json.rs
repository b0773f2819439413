//! Identities in Kratos' JSON (contract W§6.1).

use super::{Credential, Identity};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

/// For users and apps: without credentials and admin metadata. `base`: the public base URL.
pub fn public(identity: &Identity, base: &str) -> Value {
    let mut json = json!({ "id": identity.id });
    if let Some(external_id) = &identity.external_id {
        json["external_id"] = external_id.clone().into();
    }
    json["schema_id"] = identity.schema_id.clone().into();
    json["schema_url"] = schema_url(&identity.schema_id, base).into();
    json["state"] = json!(identity.state);
    json["state_changed_at"] = json!(identity.state_changed_at);
    json["traits"] = identity.traits.clone();
    if !identity.verifiable_addresses.is_empty() {
        json["verifiable_addresses"] = json!(identity.verifiable_addresses);
    }
    if !identity.recovery_addresses.is_empty() {
        json["recovery_addresses"] = json!(identity.recovery_addresses);
    }
    json["metadata_public"] = identity.metadata_public.clone();
    json["created_at"] = json!(identity.created_at);
    json["updated_at"] = json!(identity.updated_at);
    json["organization_id"] = json!(identity.organization_id);
    json
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
