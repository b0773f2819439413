//! User sessions: issue, look up, extend by refresh, list, revoke.

pub use crate::model::{Amr, Device, Session};

use crate::config::Config;
use crate::engine::Ctx;
use crate::error::{Error, Kind, Result};
use crate::identity::{self, Identity};
use crate::ids::{IdentityId, SessionId};
use crate::model::{Aal, Client, MethodId, RequiredAal};
use crate::requester::{self, Network, Requester, Subject};
use crate::store::{self, Tx};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::time::Duration;

/// What a session shows of the client that it was issued to.
#[derive(Clone, Debug, Default)]
pub struct DeviceInfo {
    /// Empty where no address is known.
    pub ip_address: String,
    pub user_agent: String,
    pub network: Option<Network>,
}

impl DeviceInfo {
    pub fn of(requester: &Requester) -> Self {
        let network = requester.network().filter(|network| matches!(network, Network::Of(_)));
        Self { ip_address: requester.ip_address(), user_agent: requester.user_agent.clone(), network }
    }
}

/// Whether the requester completed a sign-in as that account before: its browser has the cookie, or an app is in the network of
/// one of the account's last sessions.
pub async fn is_known(
    ctx: &Ctx,
    requester: &Requester,
    identity: IdentityId,
    client: Client,
) -> Result<bool> {
    if requester.knows(Subject::Identity(identity)) {
        return Ok(true);
    }
    let network = requester.network().filter(|network| matches!(network, Network::Of(_)));
    let (Client::Native, Some(network)) = (client, network) else { return Ok(false) };
    let now = ctx.effects().now();
    let mut tx = ctx.db().single().await?;
    let earlier = store::sessions::networks(&mut tx, identity, now - requester::LIFESPAN).await?;
    let hashes = requester::network_hashes(&ctx.config.secrets.cookie, identity, network);
    Ok(hashes.iter().any(|hash| earlier.iter().any(|one| one == hash)))
}

/// What is stored of a token.
pub fn token_hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// A session that is not stored yet, and its token (`ory_st_` and 32 characters).
pub fn new(ctx: &Ctx, identity: &Identity, method: &str, device: &DeviceInfo) -> (Session, String) {
    let effects = ctx.effects();
    let now = effects.now();
    let token = format!("ory_st_{}", effects.alphanumeric(32));
    let shorter = unproven_life(&ctx.config, identity);
    let session = Session {
        id: effects.session_id(),
        identity_id: identity.id,
        token_hash: token_hash(&token),
        aal: Aal::Aal1,
        methods: vec![proven(method, now)],
        devices: vec![Device {
            id: effects.uuid(),
            ip_address: device.ip_address.clone(),
            user_agent: device.user_agent.clone(),
            location: String::new(),
        }],
        active: true,
        unverified: shorter.is_some(),
        issued_at: now,
        authenticated_at: now,
        expires_at: now + shorter.unwrap_or(ctx.config.session.lifespan),
        network_hash: device.network.and_then(|network| {
            let hashes = requester::network_hashes(&ctx.config.secrets.cookie, identity.id, network);
            hashes.first().map(|hash| hash.to_vec())
        }),
    };
    (session, token)
}

fn proven(method: &str, completed_at: DateTime<Utc>) -> Amr {
    Amr { method: method.to_owned(), aal: Aal::Aal1, completed_at, provider: None }
}

/// Records the provider of the latest authentication.
pub fn by_provider(session: &mut Session, provider: Option<&str>) {
    if let Some(newest) = session.methods.last_mut() {
        newest.provider = provider.map(str::to_owned);
    }
}

/// In addition to how the user authenticated: the provider that was linked to the account in that session.
pub fn linked(session: &mut Session, provider: &str, at: DateTime<Utc>) {
    session.methods.push(Amr { provider: Some(provider.to_owned()), ..proven(MethodId::Oidc.name(), at) });
}

/// Lifetime of a session of a user without a verified address; `None`: as any other.
fn unproven_life(config: &Config, identity: &Identity) -> Option<Duration> {
    let wanted = config.vestibule.registration.unverified_session_lifespan.filter(|_| identity.unverified)?;
    Some(wanted.min(config.session.lifespan))
}

/// The session of whoever proved an address in it goes on as any other, under another token: whoever has the old one, from
/// before the proof, has nothing.
pub fn renew(ctx: &Ctx, old: &Session) -> (Session, String) {
    let token = format!("ory_st_{}", ctx.effects().alphanumeric(32));
    let session = Session {
        id: ctx.effects().session_id(),
        token_hash: token_hash(&token),
        unverified: false,
        expires_at: ctx.effects().now() + ctx.config.session.lifespan,
        ..old.clone()
    };
    (session, token)
}

/// The person confirmed who they are: same id, another token, one more method entry, both times reset (OWASP ASVS 5.0, 7.2.4). The end
/// of a session from before any proof stays where it is. Returns the new token; [`store_refreshed`] stores it.
pub fn refresh(ctx: &Ctx, session: &mut Session, method: &str) -> String {
    let now = ctx.effects().now();
    let token = format!("ory_st_{}", ctx.effects().alphanumeric(32));
    session.token_hash = token_hash(&token);
    session.methods.push(proven(method, now));
    session.authenticated_at = now;
    if !session.unverified {
        session.expires_at = now + ctx.config.session.lifespan;
    }
    token
}

/// Stores what [`refresh`] made, where the session still has the token `was`; whether it did. Requests that are under way with the old
/// token may read for `vestibule.session.rotation_overlap`.
pub async fn store_refreshed(ctx: &Ctx, tx: &mut Tx, session: &Session, was: &str) -> Result<bool> {
    let overlap = ctx.config.vestibule.rotation_overlap;
    let until = (!overlap.is_zero()).then(|| ctx.effects().now() + overlap);
    store::sessions::rotate(tx, session, &token_hash(was), until).await
}

/// Whose session that token may still read: one from before a fresh sign-in, for a moment. Nothing is changed on its word.
pub async fn reader(ctx: &Ctx, token: &str) -> Result<Option<(Session, Identity)>> {
    let now = ctx.effects().now();
    let mut tx = ctx.db().single().await?;
    let found = store::sessions::by_rotated_token(&mut tx, &token_hash(token), now).await?;
    Ok(found.filter(|(session, identity)| is_valid(session, identity, now)))
}

/// Whose valid session that token is: not revoked, not expired, and the identity is active.
pub async fn whoami(ctx: &Ctx, token: &str) -> Result<Option<(Session, Identity)>> {
    let mut tx = ctx.db().single().await?;
    let found = store::sessions::by_token_hash_with_identity(&mut tx, &token_hash(token)).await?;
    let now = ctx.effects().now();
    Ok(found.filter(|(session, identity)| is_valid(session, identity, now)))
}

/// Whether the session has the assurance level that is required of this user.
///
/// # Errors
/// 403 `session_aal2_required`, with the URL at which the user confirms a second factor.
pub fn has_level(ctx: &Ctx, session: &Session, identity: &Identity, required: RequiredAal) -> Result<()> {
    judge_level(&ctx.config, session.aal, required.of(identity.available_aal()))
}

fn judge_level(config: &Config, has: Aal, required: Aal) -> Result<()> {
    if has >= required {
        return Ok(());
    }
    let url = config.public_url("self-service/login/browser?aal=aal2");
    let reason = "This session needs a second factor. Sign in again with one.";
    let error = Error::new(Kind::Forbidden, reason).with_id("session_aal2_required");
    Err(error.detail("redirect_browser_to", url.as_str()).beside("redirect_browser_to", url))
}

fn is_valid(session: &Session, identity: &Identity, now: DateTime<Utc>) -> bool {
    // sabotage: revoked-session
    session.active && session.expires_at > now && identity.state == identity::State::Active
}

/// Kratos' session JSON.
#[derive(Serialize)]
pub struct View<'a> {
    id: SessionId,
    active: bool,
    expires_at: DateTime<Utc>,
    authenticated_at: DateTime<Utc>,
    authenticator_assurance_level: Aal,
    authentication_methods: &'a [Amr],
    issued_at: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<identity::json::View<'a>>,
    devices: &'a [Device],
    #[serde(skip_serializing_if = "Option::is_none")]
    tokenized: Option<String>,
}

impl<'a> View<'a> {
    /// `identity: None` leaves the member out.
    pub fn of(
        config: &Config,
        session: &'a Session,
        identity: Option<&'a Identity>,
        now: DateTime<Utc>,
    ) -> Self {
        let active = session.active
            && session.expires_at > now
            && identity.is_none_or(|identity| identity.state == identity::State::Active);
        let base = &config.serve.public.base_url_text;
        Self {
            id: session.id,
            active,
            expires_at: session.expires_at,
            authenticated_at: session.authenticated_at,
            authenticator_assurance_level: session.aal,
            authentication_methods: &session.methods,
            issued_at: session.issued_at,
            identity: identity.map(|identity| identity::json::View::of(identity, base)),
            devices: &session.devices,
            tokenized: None,
        }
    }

    /// The same with a token for the session.
    #[must_use]
    pub fn tokenized(self, token: Option<String>) -> Self {
        Self { tokenized: token, ..self }
    }
}

/// [`View`] as a document.
pub fn to_json(config: &Config, session: &Session, identity: Option<&Identity>, now: DateTime<Utc>) -> Value {
    json!(View::of(config, session, identity, now))
}

/// One page of a person's other sessions, newest first, and how many there are in all.
pub async fn others(ctx: &Ctx, own: &Session, page: Page) -> Result<(Vec<Session>, i64)> {
    let now = ctx.effects().now();
    let mut tx = ctx.db().read().await?;
    let total = store::sessions::count_others(&mut tx, own.identity_id, own.id, now).await?;
    let list = store::sessions::list_others(
        &mut tx,
        own.identity_id,
        own.id,
        now,
        page.size,
        page.size.saturating_mul(page.number),
    )
    .await?;
    Ok((list, total))
}

/// Numbered from 0.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    pub number: i64,
    pub size: i64,
}

/// Ends one of the person's other sessions; an unknown or foreign id changes nothing and is no error (Kratos:
/// persistence/sql/persister_session.go).
///
/// # Errors
/// 400 for the session that asks.
pub async fn revoke_other(ctx: &Ctx, own: &Session, id: SessionId) -> Result<()> {
    if own.id == id {
        return Err(Error::invalid(""));
    }
    let mut tx = ctx.db().write().await?;
    store::sessions::revoke(&mut tx, own.identity_id, id).await?;
    tx.commit().await
}

/// Ends all of the person's other sessions and says how many.
pub async fn revoke_others(ctx: &Ctx, own: &Session) -> Result<u64> {
    let mut tx = ctx.db().write().await?;
    let count = store::sessions::revoke_others(&mut tx, own.identity_id, own.id).await?;
    tx.commit().await?;
    Ok(count)
}

/// Ends the session behind a token, also one that is over already.
///
/// # Errors
/// 403 for a token that never was one.
pub async fn revoke_by_token(ctx: &Ctx, token: &str) -> Result<()> {
    let mut tx = ctx.db().write().await?;
    let Some(session) = store::sessions::by_token_hash(&mut tx, &token_hash(token)).await? else {
        return Err(Error::new(Kind::Forbidden, "Unknown session token."));
    };
    store::sessions::revoke(&mut tx, session.identity_id, session.id).await?;
    tx.commit().await
}

/// 401 without an id, as all of `/sessions*` answers (Kratos: session/handler.go).
pub fn unauthenticated() -> Error {
    Error::new(Kind::Unauthenticated, "No valid session came with this request. Sign in first.")
}

/// 401 `session_inactive`.
pub fn inactive() -> Error {
    unauthenticated().with_id("session_inactive")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;

    #[tokio::test]
    async fn a_session_below_the_required_level_is_told_where_to_raise_it() {
        let config = World::default().config(Vec::new());
        assert!(judge_level(&config, Aal::Aal1, Aal::Aal1).is_ok());
        assert!(judge_level(&config, Aal::Aal2, Aal::Aal1).is_ok());
        let error = judge_level(&config, Aal::Aal1, Aal::Aal2).unwrap_err();
        assert_eq!((error.kind, error.id), (Kind::Forbidden, Some("session_aal2_required")));
        for url in [&error.beside["redirect_browser_to"], &error.details["redirect_browser_to"]] {
            let url = url.as_str().unwrap();
            assert!(url.ends_with("/self-service/login/browser?aal=aal2"), "{url}");
        }
    }
}
