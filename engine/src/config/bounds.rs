//! `vestibule.limits.{requests,connections,storage}`: limits on the cost of a request, a client and a listener. `crate::limits_table`
//! says what each one protects.

use super::reader::Reader;
use crate::identity::decode::Shape;
use crate::identity::schema::AtMost;
use std::time::Duration;

/// `vestibule.limits.requests`. Sizes are bytes.
#[derive(Clone, Copy, Debug)]
pub struct RequestLimits {
    /// Request line and header fields.
    pub head: usize,
    /// Path and query.
    pub url: usize,
    pub self_service_body: usize,
    pub admin_body: usize,
    pub console_body: usize,
    /// All bodies that one listener reads at the same time.
    pub bodies_at_once: usize,
    /// Objects and lists inside each other.
    pub depth: usize,
    /// Members, entries and fields of one body.
    pub members: usize,
    pub transient_payload: usize,
    pub messages: usize,
    pub messages_per_field: usize,
}

impl RequestLimits {
    pub fn shape(&self) -> Shape {
        Shape { depth: self.depth, members: self.members }
    }

    pub fn violations(&self) -> AtMost {
        AtMost { violations: self.messages, per_field: self.messages_per_field }
    }
}

/// `vestibule.limits.connections`
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
    pub public: usize,
    pub admin: usize,
    pub console: usize,
    pub per_client: usize,
    pub head_deadline: Duration,
    pub body_deadline: Duration,
    pub write_deadline: Duration,
    pub public_idle: Duration,
    pub admin_idle: Duration,
}

/// `vestibule.limits.storage`
#[derive(Clone, Copy, Debug)]
pub struct StorageLimits {
    /// Bytes.
    pub forms_per_client: usize,
    pub errors_per_client: usize,
    pub hook_calls_per_client: usize,
}

pub(super) fn requests(reader: &Reader<'_, '_>) -> RequestLimits {
    let key = |name: &str| format!("vestibule.limits.requests.{name}");
    RequestLimits {
        head: reader.bytes(&key("head")),
        url: reader.bytes(&key("url")),
        self_service_body: reader.bytes(&key("self_service_body")),
        admin_body: reader.bytes(&key("admin_body")),
        console_body: reader.bytes(&key("console_body")),
        bodies_at_once: reader.bytes(&key("bodies_at_once")),
        depth: reader.integer(&key("depth")),
        members: reader.integer(&key("members")),
        transient_payload: reader.bytes(&key("transient_payload")),
        messages: reader.integer(&key("messages")),
        messages_per_field: reader.integer(&key("messages_per_field")),
    }
}

pub(super) fn connections(reader: &mut Reader<'_, '_>) -> ConnectionLimits {
    let key = |name: &str| format!("vestibule.limits.connections.{name}");
    ConnectionLimits {
        public: reader.integer(&key("public")),
        admin: reader.integer(&key("admin")),
        console: reader.integer(&key("console")),
        per_client: reader.integer(&key("per_client")),
        head_deadline: reader.lifespan(&key("head_deadline")),
        body_deadline: reader.lifespan(&key("body_deadline")),
        write_deadline: reader.lifespan(&key("write_deadline")),
        public_idle: reader.lifespan(&key("public_idle")),
        admin_idle: reader.lifespan(&key("admin_idle")),
    }
}

pub(super) fn storage(reader: &Reader<'_, '_>) -> StorageLimits {
    let key = |name: &str| format!("vestibule.limits.storage.{name}");
    StorageLimits {
        forms_per_client: reader.bytes(&key("forms_per_client")),
        errors_per_client: reader.integer(&key("errors_per_client")),
        hook_calls_per_client: reader.integer(&key("hook_calls_per_client")),
    }
}
