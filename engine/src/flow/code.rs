//! Codes that prove an address: made, mailed, tried. A code is six digits; what protects it are the number of tries and
//! its short life (OWASP ASVS 6.6), a keyed digest protects it in a stolen database. The mail's link has a secret of its own.

use super::{Earlier, Flow, envelope::Holder};
use crate::courier::{self, Letter};
use crate::engine::Ctx;
use crate::error::Result;
use crate::identity::VerifiableAddress;
use crate::ids::{FlowId, IdentityId};
use crate::limits::{self, Standing, codes::Attempt, emails::Occasion};
use crate::requester::Requester;
use crate::store::codes::{self, Code};
use crate::store::{self, Tx};
use chrono::{DateTime, Utc};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use uuid::Uuid;

const DIGITS: usize = 6;
/// 129 bits. Digits, so that whatever takes a code from Kratos' link takes this one as well.
const LINK_DIGITS: usize = 39;
const LINK: &str = "verification/link";
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

/// Creates a code for `address` in place of the flow's earlier ones and queues the email with it. Where a limit was reached no email
/// is sent: earlier codes stay valid, and so does here the one of the last email, which the flow notes and the caller stores.
pub(super) async fn send(
    ctx: &Ctx,
    tx: &mut Tx,
    flow: &mut Flow,
    requester: &Requester,
    identity: IdentityId,
    address: &VerifiableAddress,
) -> Result<()> {
    let now = ctx.effects().now();
    let sent = codes::of_flow(tx, flow.id, VERIFICATION).await?;
    let holds = sent.iter().any(|code| code.address_id == address.id);
    let standing = Standing::of_browser(requester, identity);
    let occasion = Occasion { requester, standing, holds: holds.then_some(flow.id) };
    if !limits::emails::may_send(ctx, tx, &address.value, occasion).await? {
        let last = codes::last_for(tx, address.id, VERIFICATION, now).await?;
        let earlier = last.map(|last| Earlier { flow: FlowId(last.flow_id), address: last.address_id });
        counts_too(flow, earlier);
        return Ok(());
    }
    let made = make(ctx, flow.id, address.id)?;
    codes::forget(tx, flow.id, VERIFICATION).await?;
    let row = Code {
        id: ctx.effects().uuid(),
        flow_id: flow.id.0,
        purpose: VERIFICATION.to_owned(),
        identity_id: identity.0,
        address_id: address.id,
        digest: made.digest.clone(),
        link_digest: made.link_digest.clone(),
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

/// The work of [`send`] for an address that nobody has, so that its time does not tell: a code is made, and its email is written and
/// taken back. Where strangers are told that they have no account, that email takes its place.
pub(super) async fn pretend_to_send(
    ctx: &Ctx,
    tx: &mut Tx,
    flow: FlowId,
    requester: &Requester,
    to: &str,
) -> Result<()> {
    let (nobody, now) = (ctx.effects().uuid(), ctx.effects().now());
    codes::of_flow(tx, flow, VERIFICATION).await?;
    let occasion = Occasion { requester, standing: Standing::Stranger, holds: None };
    if !limits::emails::may_send(ctx, tx, to, occasion).await? {
        return codes::last_for(tx, nobody, VERIFICATION, now).await.map(drop);
    }
    let made = make(ctx, flow, nobody)?;
    codes::forget(tx, flow, VERIFICATION).await?;
    store::identities::mark_sent(tx, nobody, now).await?;
    if ctx.config.selfservice.verification.notify_unknown_recipients {
        return courier::queue(ctx, tx, to, &Letter::VerificationUnknown).await.map(drop);
    }
    courier::pretend_to_queue(ctx, tx, to, &letter(ctx, flow, &made)).await
}

/// No email is sent for this flow: what an earlier one brought counts in it. The caller stores the flow.
pub(super) fn counts_too(flow: &mut Flow, earlier: Option<Earlier>) {
    let own = flow.id;
    if let Some(sent) = &mut flow.sent {
        sent.earlier = earlier.filter(|earlier| earlier.flow != own);
    }
}

/// A code, the secret of the mail's link, and what is kept of both.
pub(super) struct Made {
    code: String,
    link: String,
    pub(super) key_id: String,
    pub(super) digest: Vec<u8>,
    pub(super) link_digest: Vec<u8>,
}

pub(super) fn make(ctx: &Ctx, flow: FlowId, address: Uuid) -> Result<Made> {
    let (code, link) = (ctx.effects().digits(DIGITS), ctx.effects().digits(LINK_DIGITS));
    let secret = ctx.config.secrets.default.first();
    let key = key(secret.ok_or_else(|| crate::Error::internal("there is no default secret"))?);
    let digest = |purpose: &str, code: &str| digest(&key, purpose, flow, address, code);
    let (digest, link_digest) = (digest(VERIFICATION, &code), digest(LINK, &link));
    Ok(Made { code, link, key_id: key.id, digest, link_digest })
}

pub(super) fn letter(ctx: &Ctx, flow: FlowId, made: &Made) -> Letter {
    let link = &made.link;
    Letter::VerificationCode {
        code: made.code.clone(),
        link: ctx.config.public_url(&format!("self-service/verification?code={link}&flow={flow}")),
        minutes: ctx.config.selfservice.code.lifespan.as_secs().div_ceil(60),
    }
}

/// What is kept of a code and of the link's secret.
pub(super) struct Kept<'a> {
    pub(super) key_id: &'a str,
    pub(super) digest: &'a [u8],
    pub(super) link_digest: &'a [u8],
}

/// Whether that is the code, or the link's secret.
pub(super) fn matches(ctx: &Ctx, flow: FlowId, address: Uuid, kept: &Kept<'_>, code: &str) -> bool {
    let Some(key) =
        ctx.config.secrets.default.iter().map(|secret| key(secret)).find(|key| key.id == kept.key_id)
    else {
        return false;
    };
    let (purpose, kept) =
        if is_of_link(code) { (LINK, kept.link_digest) } else { (VERIFICATION, kept.digest) };
    digest(&key, purpose, flow, address, code).ct_eq(kept).into()
}

/// A code as it is compared: people put spaces where they stop to read.
pub(super) fn typed(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_whitespace()).collect()
}

/// Whether this came with the mail's link: it is no code that anybody types.
pub fn is_of_link(code: &str) -> bool {
    code.len() == LINK_DIGITS && code.bytes().all(|byte| byte.is_ascii_digit())
}

/// What a code is worth.
pub(super) enum Found {
    /// Not used up yet: [`codes::use_up`] decides who may. With what the try left behind.
    Right(Box<Code>, Option<Attempt>),
    Expired(DateTime<Utc>),
    Used,
    Wrong,
    /// The flow was tried too often; nothing was compared.
    TooMany,
    /// The address was, in whatever flow; nothing was compared.
    Locked,
}

/// Counts the try, and only then compares: many at once do not get more tries than one after the other. What came with the
/// mail's link counts nothing and is never too much, so that nobody can lock the owner of an address out.
pub(super) async fn look_up(
    ctx: &Ctx,
    requester: &Requester,
    flow: &Flow,
    code: &str,
    holder: Holder,
) -> Result<Found> {
    let mut earlier = flow.sent.as_ref().and_then(|sent| sent.earlier);
    let mut counted = None;
    if !is_of_link(code) {
        if !may_try(ctx, flow.id, &mut earlier, holder).await? {
            return Ok(Found::TooMany);
        }
        // A flow that asked for no code has none.
        if let Some(sent) = &flow.sent {
            let identity = {
                let mut tx = ctx.db().read().await?;
                good_in(&mut tx, flow.id, earlier).await?.first().map(Code::identity)
            };
            let standing = Standing::of(ctx, requester, identity, flow.client(true)).await?;
            let exists = identity.is_some();
            let attempt = limits::codes::attempt(ctx, requester, standing, &sent.to, exists, flow.id);
            counted = attempt.await?;
            if counted.is_none() {
                return Ok(Found::Locked);
            }
        }
    }
    let mut tx = ctx.db().read().await?;
    for row in good_in(&mut tx, flow.id, earlier).await? {
        let kept = Kept { key_id: &row.key_id, digest: &row.digest, link_digest: &row.link_digest };
        if !matches(ctx, FlowId(row.flow_id), row.address_id, &kept, code) {
            continue;
        }
        return Ok(if row.used_at.is_some() {
            Found::Used
        } else if row.expires_at <= ctx.effects().now() {
            Found::Expired(row.expires_at)
        } else {
            Found::Right(Box::new(row), counted)
        });
    }
    Ok(Found::Wrong)
}

/// The codes that count in a flow: its own, and what an earlier mail brought.
async fn good_in(tx: &mut Tx, flow: FlowId, earlier: Option<Earlier>) -> Result<Vec<Code>> {
    let mut all = codes::of_flow(tx, flow, VERIFICATION).await?;
    all.extend(mailed_earlier(tx, earlier).await?);
    Ok(all)
}

async fn mailed_earlier(tx: &mut Tx, earlier: Option<Earlier>) -> Result<Vec<Code>> {
    let Some(Earlier { flow, address }) = earlier else { return Ok(Vec::new()) };
    let mut all = codes::of_flow(tx, flow, VERIFICATION).await?;
    // That flow may have gone on to another address.
    all.retain(|row| row.address_id == address);
    Ok(all)
}

/// Counts an attempt of a flow, which is committed before anything is compared; `false`: there were too many. What an earlier email
/// brought counts no more once its own flow has no attempts left.
///
/// A browser that the form does not belong to uses up none of its attempts: those of its client and of the address count alone.
pub(super) async fn may_try(
    ctx: &Ctx,
    flow: FlowId,
    earlier: &mut Option<Earlier>,
    holder: Holder,
) -> Result<bool> {
    let most = ctx.config.selfservice.code.max_submissions;
    if let Some(Earlier { flow, .. }) = *earlier
        && codes::attempts(&mut ctx.db().single().await?, flow).await? >= most
    {
        *earlier = None;
    }
    if holder == Holder::Foreign {
        return Ok(codes::attempts(&mut ctx.db().single().await?, flow).await? < most);
    }
    let mut tx = ctx.db().write_single_relaxed().await?;
    // sabotage: attempt-before-comparison
    let attempts = codes::attempt(&mut tx, flow).await?;
    tx.commit().await?;
    Ok(attempts <= most)
}
