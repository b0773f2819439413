//! Delivery from the queue: claim, call, record the result. Each step is a short transaction. None is open while another service is
//! called.

use super::{
    Attempt, Body, Content, Purpose, Trouble, Unopened, attempt, may_come_back, note, outcome, places,
};
use crate::effects::to_completion;
use crate::engine::{Ctx, Engine};
use crate::error::Result;
use crate::request_id::{self, RequestId};
use crate::store::deliveries::{self, Delivery, Status};
use chrono::TimeDelta;
use futures::future::join_all;

/// How long a caller has before its call is taken for lost and made by another: longer than a deadline and a fetched
/// template may take.
const CLAIM: TimeDelta = TimeDelta::minutes(5);

/// Calls at once. Few, since one that hangs holds up those taken with it; whoever runs this runs it several times.
const AT_ONCE: i64 = 4;

/// Seconds before each further try; after the last one the call is given up (Standard Webhooks specification, "Deliverability
/// and reliability").
const PAUSES: [i64; 9] = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400];

/// Makes the calls that are due, a few at once, and says how many it took.
pub async fn deliver(engine: &Engine) -> Result<usize> {
    let ctx = engine.begin();
    let due = {
        let mut tx = ctx.db().single().await?;
        deliveries::due(&mut tx, ctx.effects().now(), AT_ONCE).await?
    };
    let taken = due.len();
    if i64::try_from(taken).is_ok_and(|taken| taken == AT_ONCE) {
        // There is likely more: another round may take it.
        engine.wake_hooks();
    }
    let each = due.into_iter().map(|delivery| {
        let ctx = ctx.clone();
        // What was sent is written down as sent, whatever becomes of who asked.
        // Its log lines, and what it sends, name the request that caused it.
        let id = delivery.request_id.as_deref().and_then(RequestId::parse);
        to_completion(
            ctx.engine.following(),
            async move { request_id::caused_by(id, one(&ctx, delivery)).await },
        )
    });
    for outcome in join_all(each).await {
        outcome?;
    }
    Ok(taken)
}

async fn one(ctx: &Ctx, mut delivery: Delivery) -> Result<()> {
    let now = ctx.effects().now();
    let mut tx = ctx.db().write_single_relaxed().await?;
    if !deliveries::claim(&mut tx, &delivery, now + CLAIM, now).await? {
        return Ok(());
    }
    tx.commit().await?;
    delivery.attempts += 1;
    let content = Content::open(&ctx.config, &delivery);
    let hook = places::current(&ctx.config, &delivery.hook, &delivery.place);
    match (content, hook) {
        (Ok(content), Some(hook)) => {
            let body = match &content.fixed {
                Some(document) => Body::Fixed(document),
                None => Body::Template(&content.input),
            };
            let tried = attempt(ctx, &hook, delivery.id, Purpose::Queued, body).await;
            conclude(ctx, &mut delivery, content, &tried)?;
            ctx.engine.metrics().hook("queued", outcome(delivery.status));
        }
        (Ok(mut content), None) => {
            // Whoever took a hook out of the configuration does not want it called any more.
            content.failure = Some("This webhook is no longer configured, so it was not called.".to_owned());
            delivery.status = Status::Failed;
            delivery.body = content.seal(ctx, delivery.id)?;
        }
        // Another secret may be put back; until then the call waits.
        (Err(cause @ Unopened::Sealed(_)), _) => {
            tracing::error!(hook = delivery.name, id = %delivery.id, %cause, "a webhook call can't be decrypted");
            later(ctx, &mut delivery);
        }
        (Err(cause @ Unopened::Unreadable(_)), _) => {
            tracing::error!(hook = delivery.name, id = %delivery.id, %cause, "a webhook call failed");
            delivery.status = Status::Failed;
        }
    }
    delivery.updated_at = ctx.effects().now();
    let mut tx = ctx.db().write_single_relaxed().await?;
    deliveries::finish(&mut tx, &delivery).await?;
    tx.commit().await
}

fn conclude(ctx: &Ctx, delivery: &mut Delivery, mut content: Content, tried: &Attempt) -> Result<()> {
    note(delivery, &mut content, tried);
    let (name, id, tries) = (&delivery.name, delivery.id, delivery.attempts);
    match &tried.outcome {
        Ok(answer) if answer.is_success() => {
            tracing::info!(hook = name, %id, status = answer.status, "a webhook was called");
            delivery.status = Status::Done;
        }
        // Its owner wants no more of them (Standard Webhooks specification).
        Ok(answer) if answer.status == 410 => delivery.status = Status::Failed,
        Ok(_) => later(ctx, delivery),
        Err(Trouble::Cancelled) => {
            content.failure = None;
            delivery.status = Status::Cancelled;
        }
        Err(trouble) if trouble.may_pass() => later(ctx, delivery),
        Err(_) => delivery.status = Status::Failed,
    }
    let why = content.failure.as_deref().unwrap_or_default();
    match delivery.status {
        Status::Failed => tracing::error!(
            hook = delivery.name, %id, attempts = tries, status = delivery.answered, "a webhook call failed: {why}"
        ),
        // The service is not at fault: whoever runs this server has to look.
        Status::Queued if tried.request.is_none() => tracing::error!(
            hook = delivery.name, %id, attempts = tries, "a webhook call can't be made and will be retried: {why}"
        ),
        Status::Queued => tracing::warn!(
            hook = delivery.name, %id, attempts = tries, status = delivery.answered, "a webhook call failed and will be retried: {why}"
        ),
        Status::Processing | Status::Done | Status::Refused | Status::Cancelled => {}
    }
    if !(matches!(delivery.status, Status::Queued | Status::Failed) && may_come_back(delivery.kind)) {
        content.redact();
    }
    delivery.body = content.seal(ctx, delivery.id)?;
    Ok(())
}

/// Queued for a retry, or failed after the last attempt.
fn later(ctx: &Ctx, delivery: &mut Delivery) {
    match pause(delivery.attempts) {
        Some(pause) => {
            delivery.status = Status::Queued;
            delivery.next_attempt_at = ctx.effects().now() + pause;
        }
        None => delivery.status = Status::Failed,
    }
}

/// After so many tries; `None`: no more.
fn pause(tries: i64) -> Option<TimeDelta> {
    let at = usize::try_from(tries - 1).ok()?;
    PAUSES.get(at).map(|seconds| TimeDelta::seconds(*seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        let pauses: Vec<i64> = (1..=9).filter_map(pause).map(|pause| pause.num_seconds()).collect();
        assert_eq!(pauses, PAUSES);
        assert!(pauses.is_sorted());
        assert_eq!(pause(10), None);
    }
}
