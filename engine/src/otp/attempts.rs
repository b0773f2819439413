//! Attempts of one flow. Those of a client and of an address, over all flows, are counted by [`crate::limits::codes`].

use crate::engine::Ctx;
use crate::error::Result;
use crate::ids::FlowId;
use crate::model::Earlier;
use crate::store::codes;

/// Counts an attempt of a flow, which is committed before anything is compared; `false`: there were too many. What an earlier email
/// brought counts no more once its own flow has no attempts left.
///
/// A browser that the form does not belong to (`is_owner`: `false`) uses up none of its attempts: those of its client and of the
/// address count alone.
pub async fn may_try(ctx: &Ctx, flow: FlowId, earlier: &mut Option<Earlier>, is_owner: bool) -> Result<bool> {
    let most = ctx.config.selfservice.code.max_submissions;
    if let Some(Earlier { flow, .. }) = *earlier
        && codes::attempts(&mut ctx.db().single().await?, flow).await? >= most
    {
        *earlier = None;
    }
    if !is_owner {
        return Ok(codes::attempts(&mut ctx.db().single().await?, flow).await? < most);
    }
    let mut tx = ctx.db().write_single_relaxed().await?;
    // sabotage: attempt-before-comparison
    let attempts = codes::attempt(&mut tx, flow).await?;
    tx.commit().await?;
    Ok(attempts <= most)
}
