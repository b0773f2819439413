//! A code that came back: counted, compared, used once.

use super::{Digests, Purpose, Scope, bound_to, is_of_link, matches, may_try};
use crate::engine::Ctx;
use crate::error::Result;
use crate::ids::FlowId;
use crate::limits::{self, Standing, codes::Attempt};
use crate::model::Client;
use crate::model::Earlier;
use crate::requester::Requester;
use crate::store::Tx;
use crate::store::codes::{self, Code};
use chrono::{DateTime, Utc};

/// A code with the form that it came in.
#[derive(Clone, Copy, Debug)]
pub struct Submitted<'a> {
    pub purpose: Purpose,
    pub flow: FlowId,
    pub code: &'a str,
    /// Where the flow's emails went. `None`: it asked for no code.
    pub sent_to: Option<&'a str>,
    pub earlier: Option<Earlier>,
    pub requester: &'a Requester,
    pub client: Client,
    /// Whether the form belongs to the browser that sent it: another one uses up none of its attempts.
    pub is_owner: bool,
}

/// What a code is worth.
pub enum Found {
    /// Not used up yet: [`use_up`] decides. With what the attempt left behind.
    Right(Box<Code>, Option<Attempt>),
    Expired(DateTime<Utc>),
    Used,
    Wrong,
    /// The flow had too many attempts; nothing was compared.
    TooMany,
    /// The address had, in all flows together; nothing was compared.
    Locked,
}

/// Counts the attempt, and only then compares: many at once do not get more attempts than one after the other. What came with the
/// email's link counts nothing and is never too much, so that nobody can lock the owner of an address out.
pub async fn look_up(ctx: &Ctx, submitted: Submitted<'_>) -> Result<Found> {
    let Submitted { purpose, flow, code, requester, mut earlier, .. } = submitted;
    let mut counted = None;
    if !is_of_link(code) {
        if !may_try(ctx, flow, &mut earlier, submitted.is_owner).await? {
            return Ok(Found::TooMany);
        }
        // A flow that asked for no code has none.
        if let Some(to) = submitted.sent_to {
            let identity = {
                let mut tx = ctx.db().read().await?;
                good_in(&mut tx, purpose, flow, earlier).await?.first().map(Code::identity)
            };
            let standing = Standing::of(ctx, requester, identity, submitted.client).await?;
            let exists = identity.is_some();
            counted = limits::codes::attempt(ctx, requester, standing, to, exists, flow).await?;
            if counted.is_none() {
                return Ok(Found::Locked);
            }
        }
    }
    let mut tx = ctx.db().read().await?;
    for row in good_in(&mut tx, purpose, flow, earlier).await? {
        let address = row.address_id.unwrap_or_else(|| bound_to(submitted.sent_to.unwrap_or_default()));
        let scope = Scope { purpose, flow: FlowId(row.flow_id), address };
        let stored =
            Digests { key_id: row.key_id.clone(), code: row.digest.clone(), link: row.link_digest.clone() };
        if !matches(ctx, scope, &stored, code) {
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

/// The codes that count in a flow: its own, and what an earlier email brought.
async fn good_in(tx: &mut Tx, purpose: Purpose, flow: FlowId, earlier: Option<Earlier>) -> Result<Vec<Code>> {
    let mut all = codes::of_flow(tx, flow, purpose.name()).await?;
    if let Some(Earlier { flow, address }) = earlier {
        let mailed = codes::of_flow(tx, flow, purpose.name()).await?;
        // That flow may have gone on to another address.
        all.extend(mailed.into_iter().filter(|row| row.address() == address));
    }
    Ok(all)
}

/// Takes the one use that a code has, as part of the transaction of what it is for, and takes its attempt back. `false`: another
/// request used it meanwhile, or its time is over; roll back.
pub async fn use_up(tx: &mut Tx, code: &Code, counted: Option<&Attempt>, now: DateTime<Utc>) -> Result<bool> {
    if !codes::use_up(tx, code.id, now).await? {
        return Ok(false);
    }
    if let Some(counted) = counted {
        counted.forget(tx).await?;
    }
    Ok(true)
}
