//! Identities: users, their addresses and their credentials.

pub(crate) mod address;
pub mod change;
pub(crate) mod credentials;
pub mod decode;
pub mod draft;
pub mod json;
pub(crate) mod phone;
pub mod schema;
pub mod verification;

pub use address::{Via, as_identifier, normalise_identifier};

use crate::effects::Effects;
use crate::ids::IdentityId;
use crate::model::Aal;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

#[derive(Clone, Debug)]
pub struct Identity {
    pub id: IdentityId,
    pub schema_id: String,
    pub state: State,
    pub state_changed_at: DateTime<Utc>,
    pub traits: Value,
    pub verifiable_addresses: Vec<VerifiableAddress>,
    pub recovery_addresses: Vec<RecoveryAddress>,
    /// `Value::Null` when never set.
    pub metadata_public: Value,
    pub metadata_admin: Value,
    pub external_id: Option<String>,
    /// Kept and shown as an administrator gave it; nothing here depends on it.
    pub organization_id: Option<Uuid>,
    /// Created by sign-up while `vestibule.registration.unverified_session_lifespan` was set, and without a verified address so far.
    pub unverified: bool,
    /// Created by sign-up while `vestibule.registration.reset_on_first_verification` was on, and without a verified address so far.
    pub resettable: bool,
    /// Of the stored row when it was read. Each [`change`] counts one up, and is written only from the version that it read.
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl Identity {
    /// The highest assurance level that the user can reach. No method of this version is a second factor.
    pub fn available_aal(&self) -> Aal {
        Aal::Aal1
    }

    pub fn has_verified_address(&self) -> bool {
        self.verifiable_addresses.iter().any(|address| address.verified)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Active,
    Inactive,
}

impl State {
    pub fn name(self) -> &'static str {
        match self {
            State::Active => "active",
            State::Inactive => "inactive",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VerifiableAddress {
    pub id: Uuid,
    pub value: String,
    pub verified: bool,
    /// `email` or `sms`
    pub via: String,
    /// `pending`, `sent` or `completed`
    pub status: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecoveryAddress {
    pub id: Uuid,
    pub value: String,
    pub via: String,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A way to sign in. For `password`: `config` is `{"hashed_password": "<PHC string>"}`.
#[derive(Clone, Debug)]
pub struct Credential {
    pub kind: String,
    /// Normalised, see [`normalise_identifier`].
    pub identifiers: Vec<String>,
    pub config: Value,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl VerifiableAddress {
    /// A new one that is not verified. `value`: normalised.
    pub(crate) fn new(id: Uuid, value: String, via: &str, now: DateTime<Utc>) -> Self {
        let (via, status) = (via.to_owned(), "pending".to_owned());
        Self { id, value, verified: false, via, status, verified_at: None, created_at: now, updated_at: now }
    }
}

impl RecoveryAddress {
    pub(crate) fn new(id: Uuid, value: String, via: &str, now: DateTime<Utc>) -> Self {
        Self { id, value, via: via.to_owned(), created_at: now, updated_at: now }
    }
}

/// A new identity that is not stored yet: ids, times, and every address unverified.
pub fn create(effects: &Effects, schema_id: &str, traits: Value, extracted: &schema::Extracted) -> Identity {
    let now = effects.now();
    let verifiable = |address: &schema::Address| {
        VerifiableAddress::new(effects.uuid(), address.value.clone(), &address.via, now)
    };
    let recovery = |address: &schema::Address| {
        RecoveryAddress::new(effects.uuid(), address.value.clone(), &address.via, now)
    };
    Identity {
        id: effects.identity_id(),
        schema_id: schema_id.to_owned(),
        state: State::Active,
        state_changed_at: now,
        traits: extracted.traits(traits),
        verifiable_addresses: extracted.verifiable.iter().map(verifiable).collect(),
        recovery_addresses: extracted.recovery.iter().map(recovery).collect(),
        metadata_public: Value::Null,
        metadata_admin: Value::Null,
        external_id: None,
        organization_id: None,
        unverified: false,
        resettable: false,
        version: 0,
        created_at: now,
        updated_at: now,
    }
}
