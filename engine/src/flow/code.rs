//! Codes that prove an address: made, mailed, tried. A code is six digits; what protects it are the number of tries and
//! its short life (OWASP ASVS 6.6), a keyed digest protects it in a stolen database.

use super::Flow;
use crate::courier::{self, Letter};
use crate::engine::Ctx;
use crate::error::Result;
use crate::identity::VerifiableAddress;
use crate::ids::{FlowId, IdentityId};
use crate::store::codes::{self, Code};
use crate::store::{self, Tx};
use chrono::{DateTime, Utc};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use uuid::Uuid;

const DIGITS: usize = 6;
pub(super) const VERIFICATION: &str = "verification";

struct Key {
    id: String,
    key: [u8; 32],
}

/// RFC 5869; the id says which secret a digest was made with and nothing of the secret itself.
#[expect(clippy::expect_used, reason = "both lengths are ones that HKDF gives")]
fn key(secret: &str) -> Key {
    let hkdf = Hkdf::<Sha256>::new(None, secret.as_bytes());
    let (mut id, mut key) = ([0; 8], [0; 32]);
    hkdf.expand(b"code/v1", &mut key).expect("32 bytes");
    hkdf.expand(b"code/v1/id", &mut id).expect("8 bytes");
    Key { id: format!("{:016x}", u64::from_be_bytes(id)), key }
}

#[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
fn digest(key: &Key, purpose: &str, flow: FlowId, address: Uuid, code: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&key.key).expect("any length is a key");
    for part in [purpose.as_bytes(), flow.0.as_bytes(), address.as_bytes(), code.as_bytes()] {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}

/// Makes a code for `address` in place of the flow's earlier ones and queues the mail with it.
pub(super) async fn send(
    ctx: &Ctx,
    tx: &mut Tx,
    flow: &Flow,
    identity: IdentityId,
    address: &VerifiableAddress,
) -> Result<()> {
    let now = ctx.effects().now();
    let made = make(ctx, flow.id, address.id)?;
    codes::forget(tx, flow.id, VERIFICATION).await?;
    let row = Code {
        id: ctx.effects().uuid(),
        flow_id: flow.id.0,
        purpose: VERIFICATION.to_owned(),
        identity_id: identity.0,
        address_id: address.id,
        digest: made.digest.clone(),
        key_id: made.key_id.clone(),
        issued_at: now,
        expires_at: now + ctx.config.selfservice.code.lifespan,
        used_at: None,
    };
    codes::insert(tx, &row).await?;
    store::identities::mark_sent(tx, address.id, now).await?;
    courier::queue(ctx, tx, &address.value, &letter(ctx, flow.id, &made)).await?;
    Ok(())
}

/// A code and what is kept of it.
pub(super) struct Made {
    code: String,
    pub(super) key_id: String,
    pub(super) digest: Vec<u8>,
}

pub(super) fn make(ctx: &Ctx, flow: FlowId, address: Uuid) -> Result<Made> {
    let code = ctx.effects().digits(DIGITS);
    let secret = ctx.config.secrets.default.first();
    let key = key(secret.ok_or_else(|| crate::Error::internal("there is no default secret"))?);
    let digest = digest(&key, VERIFICATION, flow, address, &code);
    Ok(Made { code, key_id: key.id, digest })
}

pub(super) fn letter(ctx: &Ctx, flow: FlowId, made: &Made) -> Letter {
    let code = made.code.clone();
    let link = ctx.config.public_url(&format!("self-service/verification?code={code}&flow={flow}"));
    Letter::VerificationCode {
        code,
        link,
        minutes: ctx.config.selfservice.code.lifespan.as_secs().div_ceil(60),
    }
}

/// Whether that is the code that `digest` was made of.
pub(super) fn matches(
    ctx: &Ctx,
    flow: FlowId,
    address: Uuid,
    key_id: &str,
    digest: &[u8],
    code: &str,
) -> bool {
    let key = ctx.config.secrets.default.iter().map(|secret| key(secret)).find(|key| key.id == key_id);
    key.is_some_and(|key| self::digest(&key, VERIFICATION, flow, address, code).ct_eq(digest).into())
}

/// What a code is worth.
pub(super) enum Found {
    /// Not used up yet: [`codes::use_up`] decides who may.
    Right(Code),
    Expired(DateTime<Utc>),
    Used,
    Wrong,
    /// The flow was tried too often; nothing was compared.
    TooMany,
}

/// Counts the try, and only then compares: many at once do not get more tries than one after the other.
pub(super) async fn look_up(ctx: &Ctx, flow: FlowId, code: &str) -> Result<Found> {
    let mut tx = ctx.db().write().await?;
    let attempts = codes::attempt(&mut tx, flow).await?;
    tx.commit().await?;
    if attempts > ctx.config.selfservice.code.max_submissions {
        return Ok(Found::TooMany);
    }
    let mut tx = ctx.db().read().await?;
    let sent = codes::of_flow(&mut tx, flow, VERIFICATION).await?;
    let keys: Vec<Key> = ctx.config.secrets.default.iter().map(|secret| key(secret)).collect();
    let mut found = Found::Wrong;
    for row in sent {
        let Some(key) = keys.iter().find(|key| key.id == row.key_id) else { continue };
        let expected = digest(key, VERIFICATION, flow, row.address_id, code);
        if !bool::from(expected.ct_eq(&row.digest)) {
            continue;
        }
        found = if row.used_at.is_some() {
            Found::Used
        } else if row.expires_at <= ctx.effects().now() {
            Found::Expired(row.expires_at)
        } else {
            Found::Right(row)
        };
        break;
    }
    Ok(found)
}
