//! Flows: one run of registration or login, from its start to its answer. Flows return values; `server::respond`
//! turns them into HTTP.

use crate::ids::FlowId;
pub use crate::plan::{Client, FlowKind};
use crate::ui::Container;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A flow as stored; [`Flow::to_json`] is what clients see.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Flow {
    pub id: FlowId,
    pub kind: StoredKind,
    #[serde(rename = "type")]
    pub kind_of_client: FlowType,
    pub issued_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub request_url: String,
    pub return_to: Option<String>,
    pub active: Option<String>,
    pub ui: Container,
    pub state: String,
    /// Browser flows: the value of the CSRF cookie they belong to; empty for apps.
    pub csrf_cookie: String,
    pub identity_schema: Option<String>,
    pub refresh: bool,
    pub requested_aal: String,
    pub transient_payload: Option<Value>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StoredKind {
    Registration,
    Login,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FlowType {
    Browser,
    Api,
}
