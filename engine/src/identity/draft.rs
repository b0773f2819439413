//! An account that is created later, as it waits in the database.

use super::credentials::{of_traits, with};
use super::schema::{Address, Extracted};
use super::{Credential, Identity, RecoveryAddress, State, VerifiableAddress};
use crate::ids::{FlowId, IdentityId};
use crate::model::MethodId;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

/// The account as it will be made.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Draft {
    pub(crate) schema_id: String,
    pub(crate) state: State,
    pub(crate) traits: Value,
    pub(crate) verifiable: Vec<VerifiableAddress>,
    pub(crate) recovery: Vec<RecoveryAddress>,
    pub(crate) metadata_public: Value,
    pub(crate) metadata_admin: Value,
    pub(crate) external_id: Option<String>,
    pub(crate) identifiers: Vec<String>,
    #[serde(default)]
    pub(crate) code_identifiers: Vec<Address>,
    /// Of the password that was chosen, as a PHC string.
    pub(crate) hash: String,
    /// The sign-up, for the web hooks that run after the proof.
    pub(crate) registration: FlowId,
    pub(crate) invitation: Option<Uuid>,
}

impl Draft {
    pub fn of(
        identity: &Identity,
        extracted: Extracted,
        hash: String,
        registration: FlowId,
        invitation: Option<Uuid>,
    ) -> Self {
        Self {
            schema_id: identity.schema_id.clone(),
            state: identity.state,
            traits: identity.traits.clone(),
            verifiable: identity.verifiable_addresses.clone(),
            recovery: identity.recovery_addresses.clone(),
            metadata_public: identity.metadata_public.clone(),
            metadata_admin: identity.metadata_admin.clone(),
            external_id: identity.external_id.clone(),
            identifiers: extracted.password_identifiers,
            code_identifiers: extracted.code_identifiers,
            hash,
            registration,
            invitation,
        }
    }

    /// What it can be signed in to with.
    pub(crate) fn credentials(&self, now: DateTime<Utc>) -> Vec<Credential> {
        let found = Extracted {
            password_identifiers: self.identifiers.clone(),
            code_identifiers: self.code_identifiers.clone(),
            ..Extracted::default()
        };
        let own = (MethodId::Password, Vec::new());
        with(of_traits(&found, now), own, json!({ "hashed_password": self.hash }), now)
    }

    pub(crate) fn identity(&self, id: IdentityId, now: DateTime<Utc>) -> Identity {
        Identity {
            id,
            schema_id: self.schema_id.clone(),
            state: self.state,
            state_changed_at: now,
            traits: self.traits.clone(),
            verifiable_addresses: self.verifiable.clone(),
            recovery_addresses: self.recovery.clone(),
            metadata_public: self.metadata_public.clone(),
            metadata_admin: self.metadata_admin.clone(),
            external_id: self.external_id.clone(),
            organization_id: None,
            unverified: false,
            resettable: false,
            version: 0,
            created_at: now,
            updated_at: now,
        }
    }
}
