//! Operators: the administrators of the console. Set-up link, sign-in, sign-out, roles, throttling, audit.

use crate::engine::Engine;
use crate::error::Result;
use crate::ids::OperatorId;
use chrono::{DateTime, Utc};

#[derive(Clone, Debug)]
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

/// A signed-in operator, read from the database at each request.
#[derive(Clone, Debug)]
pub struct OperatorSession {
    pub operator: Operator,
    pub authenticated_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// `Again` carries the sentence for the form.
pub enum SignIn {
    /// The token for the console's cookie.
    In { operator: Operator, token: String },
    Again(String),
}

/// A new secret for the set-up link, or `None` once any operator exists. Stored hashed; an earlier one stops working.
pub async fn issue_setup_link(engine: &Engine) -> Result<Option<String>> {
    let _ = engine;
    todo!()
}

/// Whether the secret would be accepted now; burns nothing.
pub async fn setup_link_is_valid(engine: &Engine, secret: &str) -> Result<bool> {
    let _ = (engine, secret);
    todo!()
}

/// Burns the link atomically and makes the first operator (role owner), signed in.
pub async fn set_up(engine: &Engine, secret: &str, email: &str, name: &str, password: &str) -> Result<SignIn> {
    let _ = (engine, secret, email, name, password);
    todo!()
}

/// From the command line; owner.
pub async fn create(engine: &Engine, email: &str, name: &str, password: &str) -> Result<Result<Operator, String>> {
    let _ = (engine, email, name, password);
    todo!()
}

pub async fn list(engine: &Engine) -> Result<Vec<Operator>> {
    let _ = engine;
    todo!()
}

/// Ends all of that operator's sessions at once. `false`: nobody has that address.
pub async fn disable(engine: &Engine, email: &str) -> Result<bool> {
    let _ = (engine, email);
    todo!()
}

/// A one-time secret with which that operator sets a new password (1 hour). `None`: nobody has that address.
pub async fn issue_reset_link(engine: &Engine, email: &str) -> Result<Option<String>> {
    let _ = (engine, email);
    todo!()
}

/// Burns the reset link, stores the new password, ends older sessions, signs in.
pub async fn reset(engine: &Engine, secret: &str, password: &str) -> Result<SignIn> {
    let _ = (engine, secret, password);
    todo!()
}

/// The same time and words for an unknown address and a wrong password; failures delay, never lock out.
pub async fn sign_in(engine: &Engine, email: &str, password: &str, address: &str) -> Result<SignIn> {
    let _ = (engine, email, password, address);
    todo!()
}

pub async fn session(engine: &Engine, token: &str) -> Result<Option<OperatorSession>> {
    let _ = (engine, token);
    todo!()
}

pub async fn sign_out(engine: &Engine, token: &str) -> Result<()> {
    let _ = (engine, token);
    todo!()
}
