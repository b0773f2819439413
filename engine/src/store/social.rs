//! Rows of provider sign-ins in progress: authorization requests, exchanges of apps, links that wait for a sign-in. Single-use rows
//! are used by one conditional update.
use super::{Tx, from_text, to_text};
use crate::error::Result;
use crate::ids::{FlowId, IdentityId};
use crate::model::FlowKind;
use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

/// A trip to a provider and back.
#[derive(Clone, Debug, PartialEq)]
pub struct Trip {
    /// SHA-256 of the parameter `state`.
    pub state_hash: Vec<u8>,
    pub flow: FlowId,
    /// The kind of that flow: registration, login or settings.
    pub kind: FlowKind,
    pub provider: String,
    /// SHA-256 of the cookie of the browser that left; `None` for apps.
    pub browser: Option<Vec<u8>>,
    pub nonce: String,
    /// For PKCE.
    pub verifier: Option<String>,
    /// What was filled in before leaving: `traits` and the like.
    pub form: Value,
    pub expires_at: DateTime<Utc>,
    pub used_at: Option<DateTime<Utc>>,
}

/// How an app gets its session.
#[derive(Clone, Debug, PartialEq)]
pub struct Exchange {
    pub init_hash: Vec<u8>,
    /// The flow that is open.
    pub flow_id: Uuid,
    pub return_hash: Option<Vec<u8>>,
    /// Once the user has authenticated.
    pub identity_id: Option<Uuid>,
    pub provider: Option<String>,
    pub expires_at: DateTime<Utc>,
    pub used_at: Option<DateTime<Utc>>,
}

row!(Exchange { init_hash, flow_id, return_hash, identity_id, provider, expires_at, used_at });

/// A provider's subject that waits to be linked to an identity.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    pub flow_id: Uuid,
    pub identity_id: Uuid,
    pub provider: String,
    pub subject: String,
    /// SHA-256 of the cookie of the browser that came from the provider.
    pub browser: Vec<u8>,
    pub expires_at: DateTime<Utc>,
    pub used_at: Option<DateTime<Utc>>,
}

row!(Link { flow_id, identity_id, provider, subject, browser, expires_at, used_at });

struct StoredTrip {
    state_hash: Vec<u8>,
    flow_id: Uuid,
    kind: String,
    provider: String,
    browser: Option<Vec<u8>>,
    nonce: String,
    verifier: Option<String>,
    form: String,
    expires_at: DateTime<Utc>,
    used_at: Option<DateTime<Utc>>,
}

row!(StoredTrip { state_hash, flow_id, kind, provider, browser, nonce, verifier, form, expires_at, used_at });

statements! {
    const INSERT_TRIP: &str =
        "insert into oidc_authorizations (state_hash, flow_id, kind, provider, browser, nonce, verifier, form, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    const TRIP: &str =
        "select state_hash, flow_id, kind, provider, browser, nonce, verifier, form, expires_at, used_at
        from oidc_authorizations where state_hash = $1";
    const USE_TRIP: &str = "update oidc_authorizations set used_at = $2
        where state_hash = $1 and used_at is null and expires_at > $2";

    const INSERT_EXCHANGE: &str =
        "insert into session_exchanges (init_hash, flow_id, expires_at) values ($1, $2, $3)";
    const EXCHANGE: &str = "select init_hash, flow_id, return_hash, identity_id, provider, expires_at, used_at
        from session_exchanges where init_hash = $1";
    const EXCHANGE_OF_FLOW: &str =
        "select init_hash, flow_id, return_hash, identity_id, provider, expires_at, used_at
        from session_exchanges where flow_id = $1 and used_at is null";
    const ANSWER_EXCHANGE: &str =
        "update session_exchanges set flow_id = $2, return_hash = $3, identity_id = $4, provider = $5, expires_at = $6
        where init_hash = $1 and used_at is null";
    const USE_EXCHANGE: &str = "update session_exchanges set used_at = $2
        where init_hash = $1 and used_at is null and expires_at > $2";

    const INSERT_LINK: &str =
        "insert into oidc_links (flow_id, identity_id, provider, subject, browser, expires_at)
        values ($1, $2, $3, $4, $5, $6)";
    const LINK: &str = "select flow_id, identity_id, provider, subject, browser, expires_at, used_at
        from oidc_links where flow_id = $1";
    const USE_LINK: &str = "update oidc_links set used_at = $2
        where flow_id = $1 and used_at is null and expires_at > $2";
}

pub async fn insert_trip(tx: &mut Tx, trip: &Trip) -> Result<()> {
    let form = to_text(&trip.form)?;
    tx.execute(
        INSERT_TRIP,
        &[
            &trip.state_hash,
            &trip.flow.0,
            &trip.kind.name(),
            &trip.provider,
            &trip.browser,
            &trip.nonce,
            &trip.verifier,
            &form,
            &trip.expires_at,
        ],
    )
    .await?;
    Ok(())
}

/// Used and expired ones too: the caller judges.
pub async fn trip(tx: &mut Tx, state_hash: &[u8]) -> Result<Option<Trip>> {
    let row: Option<StoredTrip> = tx.fetch_optional(TRIP, &[&state_hash.to_vec()]).await?;
    row.map(|row| {
        Ok(Trip {
            state_hash: row.state_hash,
            flow: FlowId(row.flow_id),
            kind: FlowKind::parse(&row.kind)
                .ok_or_else(|| super::unreadable("oidc_authorizations.kind", &row.kind))?,
            provider: row.provider,
            browser: row.browser,
            nonce: row.nonce,
            verifier: row.verifier,
            form: from_text("oidc_authorizations.form", &row.form)?,
            expires_at: row.expires_at,
            used_at: row.used_at,
        })
    })
    .transpose()
}

/// Whether this was the one use that a trip has.
pub async fn use_trip(tx: &mut Tx, state_hash: &[u8], now: DateTime<Utc>) -> Result<bool> {
    Ok(tx.execute(USE_TRIP, &[&state_hash.to_vec(), &now]).await? == 1)
}

pub async fn insert_exchange(
    tx: &mut Tx,
    init_hash: &[u8],
    flow: FlowId,
    expires_at: DateTime<Utc>,
) -> Result<()> {
    tx.execute(INSERT_EXCHANGE, &[&init_hash.to_vec(), &flow.0, &expires_at]).await?;
    Ok(())
}

pub async fn exchange(tx: &mut Tx, init_hash: &[u8]) -> Result<Option<Exchange>> {
    tx.fetch_optional(EXCHANGE, &[&init_hash.to_vec()]).await
}

/// The one that is open for that flow.
pub async fn exchange_of(tx: &mut Tx, flow: FlowId) -> Result<Option<Exchange>> {
    tx.fetch_optional(EXCHANGE_OF_FLOW, &[&flow.0]).await
}

/// The browser is back: with which code, in which flow it goes on, and who it was, if that is known.
pub async fn answer_exchange(tx: &mut Tx, exchange: &Exchange) -> Result<()> {
    tx.execute(
        ANSWER_EXCHANGE,
        &[
            &exchange.init_hash,
            &exchange.flow_id,
            &exchange.return_hash,
            &exchange.identity_id,
            &exchange.provider,
            &exchange.expires_at,
        ],
    )
    .await?;
    Ok(())
}

/// Whether this was the one use that an exchange has.
pub async fn use_exchange(tx: &mut Tx, init_hash: &[u8], now: DateTime<Utc>) -> Result<bool> {
    Ok(tx.execute(USE_EXCHANGE, &[&init_hash.to_vec(), &now]).await? == 1)
}

pub async fn insert_link(tx: &mut Tx, link: &Link) -> Result<()> {
    tx.execute(
        INSERT_LINK,
        &[&link.flow_id, &link.identity_id, &link.provider, &link.subject, &link.browser, &link.expires_at],
    )
    .await?;
    Ok(())
}

/// What a sign-in in that flow would link; used and expired ones too.
pub async fn link(tx: &mut Tx, flow: FlowId) -> Result<Option<Link>> {
    tx.fetch_optional(LINK, &[&flow.0]).await
}

/// Whether this was the one use that a link has.
pub async fn use_link(tx: &mut Tx, flow: FlowId, now: DateTime<Utc>) -> Result<bool> {
    Ok(tx.execute(USE_LINK, &[&flow.0, &now]).await? == 1)
}

impl Exchange {
    pub fn flow(&self) -> FlowId {
        FlowId(self.flow_id)
    }

    pub fn identity(&self) -> Option<IdentityId> {
        self.identity_id.map(IdentityId)
    }
}

impl Link {
    pub fn identity(&self) -> IdentityId {
        IdentityId(self.identity_id)
    }
}
