//! An operator of the console, as stored.

use crate::ids::OperatorId;
use chrono::{DateTime, Utc};

#[derive(Clone, PartialEq, Debug)]
pub struct Operator {
    pub id: OperatorId,
    pub email: String,
    pub name: String,
    pub role: Role,
    pub disabled: bool,
    pub created_at: DateTime<Utc>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    Owner,
    Editor,
    Viewer,
}

impl Role {
    pub fn name(self) -> &'static str {
        match self {
            Role::Owner => "owner",
            Role::Editor => "editor",
            Role::Viewer => "viewer",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        [Role::Owner, Role::Editor, Role::Viewer].into_iter().find(|role| role.name() == name)
    }
}

/// A signed-in operator, read from the database at each request.
#[derive(Clone, PartialEq, Debug)]
pub struct OperatorSession {
    pub operator: Operator,
    /// When a password was typed last: at the door, or for something that asked for it once more.
    pub authenticated_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    /// Which one it is, for the store.
    pub(crate) token_hash: Vec<u8>,
}
