//! What one client and the whole installation may do in one hour: generous numbers, so that an office or a school behind one address
//! isn't limited.

use super::subjects::Subjects;
use super::{Limit, networks, too_many};
use crate::engine::Ctx;
use crate::error::Result;
use crate::leases::Taken;
use crate::requester::Requester;
use crate::store::Tx;

/// A form begins.
///
/// # Errors
/// 429 where the client began too many.
pub async fn flow(ctx: &Ctx, requester: &Requester) -> Result<()> {
    let most = ctx.config.vestibule.limits.flows_per_client;
    match by_client(ctx, requester, Limit::Flows, most).await? {
        Some(seconds) => Err(too_many(seconds)),
        None => Ok(()),
    }
}

/// A sign-up, counted before the password is hashed. `Some`: the client sent too many, and so many seconds are left.
pub async fn sign_up(ctx: &Ctx, requester: &Requester) -> Result<Option<u32>> {
    by_client(ctx, requester, Limit::SignUps, ctx.config.vestibule.limits.sign_ups_per_client).await
}

async fn by_client(ctx: &Ctx, requester: &Requester, limit: Limit, most: i64) -> Result<Option<u32>> {
    if !ctx.config.vestibule.limits.enabled {
        return Ok(None);
    }
    let subjects = Subjects::of(&ctx.config)?;
    let now = ctx.effects().now();
    for (network, factor) in networks(requester) {
        let subject = subjects.of_client(limit, &network);
        let taken = ctx.engine.leases().take((ctx.db(), now), None, &subject, most * factor).await?;
        if let Taken::Refused(seconds) = taken {
            return Ok(Some(seconds));
        }
    }
    Ok(None)
}

/// An email leaves, to whatever address.
pub(super) async fn emails(ctx: &Ctx, tx: &mut Tx, requester: &Requester) -> Result<bool> {
    let limits = ctx.config.vestibule.limits.emails;
    let subjects = Subjects::of(&ctx.config)?;
    let mut counted: Vec<_> = networks(requester)
        .map(|(network, factor)| {
            (subjects.of_client(Limit::EmailsOfClient, &network), limits.per_client * factor)
        })
        .collect();
    counted.push((subjects.of_all(Limit::EmailsInAll), limits.total));
    let now = ctx.effects().now();
    for (subject, most) in &counted {
        let taken = ctx.engine.leases().take((ctx.db(), now), Some(&mut *tx), subject, *most).await?;
        if taken != Taken::Granted {
            return Ok(false);
        }
    }
    Ok(true)
}
