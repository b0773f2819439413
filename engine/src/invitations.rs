//! Invitations: links for sign-up, created with the admin API and in the console. Each has one use and an expiry, and can be bound to
//! an email. [`crate::flow`] decides how a sign-up uses them.
//!
//! The secret is 256 random bits, stored as SHA-256: random data needs neither salt nor key. A link that is emailed isn't shown
//! anywhere else, so a user who has it can read the mailbox.

use crate::courier::{self, Letter};
use crate::engine::Ctx;
use crate::error::{Error, Kind, Result};
use crate::identity::{address::is_email, normalise_identifier};
use crate::operators::{Operator, Role};
use crate::store::invitations as rows;
use crate::store::{Tx, audit};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
pub use rows::Invitation;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::time::Duration;
use uuid::Uuid;

/// The maximum lifetime of an invitation.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// Who makes or withdraws one.
#[derive(Clone, Copy, Debug)]
pub enum By<'a> {
    AdminApi,
    Operator(&'a Operator),
}

impl By<'_> {
    fn name(&self) -> &str {
        match self {
            By::AdminApi => "admin API",
            By::Operator(operator) => &operator.email,
        }
    }
}

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The email it is bound to; `None`: anyone with the link.
    pub address: Option<String>,
    /// `None`: `vestibule.registration.invitation_lifespan`.
    pub lifespan: Option<Duration>,
    /// Mail the link to the address, instead of showing it.
    pub send: bool,
}

#[derive(Clone, Debug)]
pub struct Made {
    pub invitation: Invitation,
    /// Told this once; `None` when it was mailed.
    pub link: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    Open,
    Used,
    Withdrawn,
    Expired,
}

impl State {
    pub fn name(self) -> &'static str {
        match self {
            State::Open => "open",
            State::Used => "used",
            State::Withdrawn => "withdrawn",
            State::Expired => "expired",
        }
    }
}

impl Invitation {
    pub fn state(&self, now: DateTime<Utc>) -> State {
        match self {
            Self { used_at: Some(_), .. } => State::Used,
            Self { withdrawn_at: Some(_), .. } => State::Withdrawn,
            Self { expires_at, .. } if *expires_at <= now => State::Expired,
            Self { .. } => State::Open,
        }
    }
}

/// Whether emails can be delivered.
pub fn can_send(ctx: &Ctx) -> bool {
    ctx.config.courier.smtp.is_some() || ctx.config.courier.mailbox
}

/// Creates one, with its email if requested, in one transaction.
///
/// # Errors
/// 400 with what to change · 403 for viewers, kept in the audit.
pub async fn make(ctx: &Ctx, by: By<'_>, wanted: Wanted) -> Result<Made> {
    may_write(ctx, by).await?;
    let address = wanted.address.as_deref().map(str::trim).filter(|address| !address.is_empty());
    if let Some(odd) = address.filter(|address| !is_email(address) || address.contains('\0')) {
        return Err(Error::invalid(format!(
            "{odd:?} is not a valid email address. Enter one, for example name@example.org."
        )));
    }
    if wanted.send && address.is_none() {
        return Err(Error::invalid("Enter an email to send the invitation to."));
    }
    if wanted.send && !can_send(ctx) {
        return Err(Error::invalid(
            "No mail server is configured. Create the invitation without email and share the link yourself.",
        ));
    }
    let lifespan = wanted.lifespan.unwrap_or(ctx.config.vestibule.registration.invitation_lifespan);
    if lifespan.is_zero() || lifespan > LONGEST {
        return Err(Error::invalid(
            "An invitation can be valid for at most one year, and must be valid for more than 0 seconds.",
        ));
    }
    let effects = ctx.effects();
    let now = effects.now();
    let secret = URL_SAFE_NO_PAD.encode(effects.bytes::<32>());
    let invitation = Invitation {
        id: effects.uuid(),
        address: address.map(normalise_identifier),
        mailed: wanted.send,
        made_by: by.name().to_owned(),
        created_at: now,
        expires_at: now + lifespan,
        used_at: None,
        used_by: None,
        withdrawn_at: None,
    };
    let link = ctx.config.public_url(&format!("self-service/registration/browser?{PARAMETER}={secret}"));
    let mut tx = ctx.db().write().await?;
    rows::insert(&mut tx, &invitation, &digest(&secret)).await?;
    let details = json!({ "id": invitation.id, "address": invitation.address, "mailed": invitation.mailed });
    append(&mut tx, now, by, "invitation.make", details).await?;
    let link = match (&invitation.address, wanted.send) {
        (Some(address), true) => {
            let until = invitation.expires_at.format("%-d %B %Y, %H:%M UTC").to_string();
            courier::queue(ctx, &mut tx, address, &Letter::Invitation { link, until }).await?;
            None
        }
        _ => Some(link),
    };
    tx.commit().await?;
    Ok(Made { invitation, link })
}

/// Makes it worthless. One that is over already stays as it is.
///
/// # Errors
/// 404 unknown · 409 it was used · 403 for viewers, kept in the audit.
pub async fn withdraw(ctx: &Ctx, by: By<'_>, id: Uuid) -> Result<()> {
    may_write(ctx, by).await?;
    let now = ctx.effects().now();
    let mut tx = ctx.db().write().await?;
    let invitation = rows::get(&mut tx, id).await?.ok_or_else(|| Error::not_found(""))?;
    if !rows::withdraw(&mut tx, id, now).await? {
        return match invitation.state(now) {
            State::Used => Err(Error::new(
                Kind::Conflict,
                "This invitation was already used. To undo that, delete the account.",
            )),
            State::Open | State::Withdrawn | State::Expired => Ok(()),
        };
    }
    let details = json!({ "id": id, "address": invitation.address });
    append(&mut tx, now, by, "invitation.withdraw", details).await?;
    tx.commit().await
}

/// One page, newest first. `after`: the last one of the page before.
///
/// # Errors
/// 400 for an `after` that is none.
pub async fn list(ctx: &Ctx, after: Option<Uuid>, limit: i64) -> Result<Vec<Invitation>> {
    let mut tx = ctx.db().read().await?;
    let after = match after {
        None => None,
        Some(id) => {
            let last = rows::get(&mut tx, id).await?;
            let unknown = || Error::invalid("Invalid page_token. Omit it to get the first page.");
            Some(last.map(|last| (last.created_at, last.id)).ok_or_else(unknown)?)
        }
    };
    rows::list(&mut tx, after, limit).await
}

/// The name of the parameter that carries the secret.
pub(crate) const PARAMETER: &str = "invitation";

/// What that secret opens now; `None`: nothing, for whatever reason. Looking burns nothing.
pub(crate) async fn by_secret(ctx: &Ctx, secret: &str) -> Result<Option<Invitation>> {
    let mut tx = ctx.db().single().await?;
    let found = rows::by_secret(&mut tx, &digest(secret)).await?;
    Ok(found.filter(|found| found.state(ctx.effects().now()) == State::Open))
}

async fn may_write(ctx: &Ctx, by: By<'_>) -> Result<()> {
    let refused = match by {
        By::AdminApi => false,
        By::Operator(operator) => operator.disabled || operator.role == Role::Viewer,
    };
    if !refused {
        return Ok(());
    }
    let mut tx = ctx.db().write().await?;
    append(&mut tx, ctx.effects().now(), by, "invitation.refused", json!({})).await?;
    tx.commit().await?;
    Err(Error::new(
        Kind::Forbidden,
        "Viewers can only see invitations. Owners and editors can create and revoke them.",
    ))
}

async fn append(tx: &mut Tx, at: DateTime<Utc>, by: By<'_>, action: &str, details: Value) -> Result<()> {
    let entry = audit::Entry { at, actor: by.name().to_owned(), action: action.to_owned(), details };
    audit::append(tx, &entry).await
}

fn digest(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

/// How long `days` are, for a form that asks for days.
pub fn days(days: u32) -> Duration {
    TimeDelta::days(i64::from(days)).to_std().unwrap_or_default()
}
