//! A session as it is stored.

use super::Aal;
use crate::ids::{IdentityId, SessionId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Clone, Debug)]
pub struct Session {
    pub id: SessionId,
    pub identity_id: IdentityId,
    /// SHA-256 of the token (190 random bits need no key and no salt). The token itself is never stored.
    pub token_hash: Vec<u8>,
    pub aal: Aal,
    pub methods: Vec<Amr>,
    pub devices: Vec<Device>,
    /// The stored flag: not revoked.
    pub active: bool,
    /// Issued before any address was verified: it is shorter, isn't extended, and ends at verification.
    pub unverified: bool,
    pub issued_at: DateTime<Utc>,
    pub authenticated_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    /// A digest of the client's network: another sign-in from there counts as known.
    pub network_hash: Option<Vec<u8>>,
}

/// One way the person proved themselves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Amr {
    pub method: String,
    pub aal: Aal,
    pub completed_at: DateTime<Utc>,
    /// For `oidc`: which one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Device {
    pub id: Uuid,
    pub ip_address: String,
    pub user_agent: String,
    pub location: String,
}

impl Session {
    /// Whether it began with a recovery.
    pub fn is_by_recovery(&self) -> bool {
        self.methods.first().is_some_and(|first| first.method.ends_with("_recovery"))
    }
}
