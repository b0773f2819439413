//! Sessions of people: issue, look up, extend by refresh, list, revoke.

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
    /// `aal1` or `aal2`
    pub aal: String,
    pub methods: Vec<Amr>,
    pub devices: Vec<Device>,
    /// The stored flag: not revoked.
    pub active: bool,
    pub issued_at: DateTime<Utc>,
    pub authenticated_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// One way the person proved themselves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Amr {
    pub method: String,
    pub aal: String,
    pub completed_at: DateTime<Utc>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Device {
    pub id: Uuid,
    pub ip_address: String,
    pub user_agent: String,
    pub location: String,
}
