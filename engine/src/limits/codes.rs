//! Wrong codes for an address, counted over all forms: five attempts per form are no limit for an attacker with many forms.
//! `flow::code` counts the attempts of one form. Codes from the emailed link aren't counted.

use super::subjects::{Subjects, masked};
use super::{Limit, Standing, WINDOW, own};
use crate::engine::Ctx;
use crate::error::Result;
use crate::ids::FlowId;
use crate::requester::Requester;
use crate::store::Tx;
use crate::store::limits::{self as rows, Subject};

/// Forms of a known device in an hour that [`Limit::Codes`] does not touch.
const RESERVED: i64 = 1;

/// An attempt that may be compared.
#[derive(Debug, Default)]
pub struct Attempt(Vec<Subject>);

/// Counts an attempt, before anything is compared. `None`: there were too many. `exists`: the server wrote to that address.
pub async fn attempt(
    ctx: &Ctx,
    requester: &Requester,
    standing: Standing,
    address: &str,
    exists: bool,
    flow: FlowId,
) -> Result<Option<Attempt>> {
    let keys = &ctx.config.vestibule.limits;
    if !keys.enabled {
        return Ok(Some(Attempt::default()));
    }
    let limits = keys.codes;
    let now = ctx.effects().now();
    let since = now - WINDOW;
    let subjects = Subjects::of(&ctx.config)?;
    let label = exists.then(|| masked(address));
    let own = own(&subjects, Limit::Codes, (requester, standing), address, label.as_deref());
    let most = |(subject, factor): (Subject, i64)| (subject, limits.per_address_and_client * factor);
    let mut counted: Vec<_> = own.into_iter().map(most).collect();
    if !standing.is_known() {
        counted.push((subjects.of_account(Limit::CodesOfAddress, address, "", label), limits.per_address));
    }
    let mut tx = ctx.db().write_relaxed().await?;
    // The order of the list is that of the limits' names, narrow networks first: two requests never wait for each other.
    for (subject, most) in &counted {
        let count = rows::add(&mut tx, subject, 1, now, since).await?;
        if count.count > *most {
            // Who is refused is not counted: the counter stays where it is.
            drop(tx);
            let device = standing.is_known().then(|| standing.device().unwrap_or_default());
            return match device {
                Some(device) => reserved(ctx, &subjects, address, &device, flow).await,
                None => Ok(None),
            };
        }
    }
    tx.commit().await?;
    Ok(Some(Attempt(counted.into_iter().map(|(subject, _)| subject).collect())))
}

/// A known device has one form an hour beyond what others may have used up.
async fn reserved(
    ctx: &Ctx,
    subjects: &Subjects,
    address: &str,
    device: &str,
    flow: FlowId,
) -> Result<Option<Attempt>> {
    let now = ctx.effects().now();
    let since = now - WINDOW;
    let of = |part: String| subjects.of_account(Limit::CodesReserved, address, &part, None);
    let mut tx = ctx.db().write_relaxed().await?;
    let forms = of(device.to_owned());
    let is_first = rows::add(&mut tx, &of(format!("{device} {flow}")), 1, now, since).await?.count == 1;
    if is_first && rows::add(&mut tx, &forms, 1, now, since).await?.count > RESERVED {
        return Ok(None);
    }
    tx.commit().await?;
    Ok(Some(Attempt::default()))
}

impl Attempt {
    /// The code was right, so that nothing counts.
    pub async fn forget(&self, tx: &mut Tx) -> Result<()> {
        for subject in &self.0 {
            rows::take_back(tx, subject, 1).await?;
        }
        Ok(())
    }
}
