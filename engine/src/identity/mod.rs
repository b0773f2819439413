//! Identities: who somebody is, their addresses and their ways to sign in.

pub mod schema;

use crate::ids::IdentityId;
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

/// Trimmed and lower-cased, nothing more (measured on Kratos 26.2.0).
pub fn normalise_identifier(text: &str) -> String {
    text.trim().to_lowercase()
}
