//! Identities: users, their addresses and their credentials.

pub(crate) mod address;
pub(crate) mod credentials;
pub mod decode;
pub mod draft;
pub mod json;
pub mod proof;
pub mod schema;

use crate::effects::Effects;
use crate::ids::IdentityId;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use unicode_normalization::UnicodeNormalization as _;
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
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
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

/// Trimmed and lower-cased (measured on Kratos 26.2.0), and composed: "é" is one letter however a keyboard makes it. The one place
/// where it is decided which two texts are the same identifier.
pub fn normalise_identifier(text: &str) -> String {
    // Twice: a letter in lower case may compose with what follows it.
    let lower = text.trim().nfc().collect::<String>().to_lowercase();
    lower.nfc().collect()
}

/// A trait as what its owner is known by: a text, or the digits of a number.
pub fn as_identifier(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(normalise_identifier(text)),
        Value::Number(number) => Some(normalise_identifier(&number.to_string())),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A new identity that is not stored yet: ids, times, and every address unverified.
pub fn create(effects: &Effects, schema_id: &str, traits: Value, extracted: &schema::Extracted) -> Identity {
    let now = effects.now();
    let verifiable = |address: &schema::Address| VerifiableAddress {
        id: effects.uuid(),
        value: address.value.clone(),
        verified: false,
        via: address.via.clone(),
        status: "pending".to_owned(),
        verified_at: None,
        created_at: now,
        updated_at: now,
    };
    let recovery = |address: &schema::Address| RecoveryAddress {
        id: effects.uuid(),
        value: address.value.clone(),
        via: address.via.clone(),
        created_at: now,
        updated_at: now,
    };
    Identity {
        id: effects.identity_id(),
        schema_id: schema_id.to_owned(),
        state: State::Active,
        state_changed_at: now,
        traits,
        verifiable_addresses: extracted.verifiable.iter().map(verifiable).collect(),
        recovery_addresses: extracted.recovery.iter().map(recovery).collect(),
        metadata_public: Value::Null,
        metadata_admin: Value::Null,
        external_id: None,
        organization_id: None,
        unverified: false,
        resettable: false,
        created_at: now,
        updated_at: now,
    }
}
