//! Operators: the administrators with console access. Setup link, sign-in, sign-out, roles, throttling, audit.
//!
//! Every change appends to the audit log in its own transaction. Links and tokens are 256 random bits, stored as SHA-256: random data
//! needs neither salt nor key.

pub mod account;
pub mod audit;
mod entry;
pub mod invite;
pub mod kept;
mod links;
pub mod mailbox;
mod manage;
mod sign_in;
mod throttle;

pub use crate::model::{Operator, OperatorSession, Role};
pub use links::{
    exist, issue_reset_link, issue_setup_link, link, reset, reset_link_is_valid, set_up, setup_link_is_valid,
};
pub use manage::{By, Enabled, disable, enable, set_role, sign_out_everywhere};
pub use sign_in::{confirm, session, sign_in, sign_out};

use crate::engine::Engine;
use crate::error::{Kind, Result};
use crate::ids::OperatorId;
use crate::password::Caller;
use crate::store::operators::{self as rows, Link};
use crate::store::{Tx, audit as entries};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The audit's name for whoever may run the program on the server.
const COMMAND_LINE: &str = "command line";
const SYSTEM: &str = "system";

/// For so long after a sign-in an operator may do what is dangerous (design: security §7).
pub const FRESH: TimeDelta = TimeDelta::minutes(5);

/// `Again` carries the sentence for the form.
pub enum SignIn {
    /// The token for the console's cookie.
    In {
        operator: Operator,
        token: String,
    },
    Again(String),
}

/// [`create_as`] an owner.
pub async fn create(
    engine: &Engine,
    email: &str,
    name: &str,
    password: &str,
) -> Result<Result<Operator, String>> {
    create_as(engine, Role::Owner, email, name, password).await
}

/// From the command line. `Err` is the sentence that says what to change: the first operator is an owner, or nobody could do what
/// only owners may.
pub async fn create_as(
    engine: &Engine,
    role: Role,
    email: &str,
    name: &str,
    password: &str,
) -> Result<Result<Operator, String>> {
    let entry = match entry::check(email, name, password) {
        Ok(entry) => entry,
        Err(sentence) => return Ok(Err(sentence)),
    };
    let password_hash = match hash(engine, password).await? {
        Ok(hash) => hash,
        Err(sentence) => return Ok(Err(sentence)),
    };
    let now = engine.effects().now();
    let operator = Operator { role, ..new_owner(engine, entry, now) };
    let mut tx = engine.db().write().await?;
    if role != Role::Owner && rows::lock_active_owners(&mut tx).await? == 0 {
        return Ok(Err(format!(
            "There is no active owner yet. To create one first, run: {}",
            command("create", "ADDRESS", " --name NAME")
        )));
    }
    if !rows::insert(&mut tx, &operator, &password_hash).await? {
        let there = rows::by_email(&mut tx, &operator.email).await?;
        return Ok(Err(match there {
            Some((there, _)) if there.disabled => format!(
                "{} is already an operator, but disabled. To enable the operator, run: {}",
                there.email,
                command("enable", &there.email, "")
            ),
            _ => format!("{} is already an operator. Use a different email.", operator.email),
        }));
    }
    // Whoever waits with the set-up link comes too late.
    rows::drop_links(&mut tx, Link::Setup, None).await?;
    let details = json!({"operator": operator.email, "role": operator.role.name()});
    append(&mut tx, now, COMMAND_LINE, "operator.create", details).await?;
    tx.commit().await?;
    Ok(Ok(operator))
}

pub async fn get(engine: &Engine, id: OperatorId) -> Result<Option<Operator>> {
    rows::get(&mut engine.db().single().await?, id).await
}

/// Oldest first.
pub async fn list(engine: &Engine) -> Result<Vec<Operator>> {
    rows::list(&mut engine.db().single().await?).await
}

/// What to type, as sentences name it.
fn command(name: &str, email: &str, more: &str) -> String {
    format!("vestibule operator {name} --email {email}{more}")
}

/// The outer error is ours, the inner one a sentence for whoever chose the password.
async fn hash(engine: &Engine, password: &str) -> Result<Result<String, String>> {
    match engine
        .hasher()
        .hash(Caller::SERVER, engine.effects(), &engine.begin().config.hashers, password)
        .await
    {
        Ok(hash) => Ok(Ok(hash)),
        Err(error) if error.kind == Kind::Invalid => Ok(Err(error.reason)),
        Err(error) => Err(error),
    }
}

fn new_owner(engine: &Engine, entry: entry::Entry, now: DateTime<Utc>) -> Operator {
    Operator {
        id: engine.effects().operator_id(),
        email: entry.email,
        name: entry.name,
        role: Role::Owner,
        disabled: false,
        created_at: now,
    }
}

/// A session's row and its token.
async fn open_session(
    engine: &Engine,
    tx: &mut Tx,
    operator: &Operator,
    address: Option<&str>,
    now: DateTime<Utc>,
) -> Result<String> {
    let token = secret(engine);
    rows::insert_session(
        tx,
        &digest(&token),
        operator.id,
        address,
        now,
        now + engine.begin().config.vestibule.operator_session,
    )
    .await?;
    Ok(token)
}

/// Somebody tried what their role may not do: `at` the address, `what` they wanted there.
pub async fn refused(engine: &Engine, by: &Operator, action: &str, at: &str, what: &str) -> Result<()> {
    let details = json!({"reason": "role", "role": by.role.name(), "at": at, "what": what});
    let mut tx = engine.db().write().await?;
    append(&mut tx, engine.effects().now(), &by.email, action, details).await?;
    tx.commit().await
}

async fn append(tx: &mut Tx, at: DateTime<Utc>, actor: &str, action: &str, details: Value) -> Result<()> {
    entries::append(tx, &entries::Entry { at, actor: actor.to_owned(), action: action.to_owned(), details })
        .await
}

/// 256 bits that fit into a URL.
fn secret(engine: &Engine) -> String {
    URL_SAFE_NO_PAD.encode(engine.effects().bytes::<32>())
}

fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}
