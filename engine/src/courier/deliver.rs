//! Delivery from the queue: claim, send, record the result. Each step is a short transaction. None is open while a mail server or
//! gateway is called.

use super::{gateway, open};
use crate::config::Route;
use crate::effects::{Mail, MailError, to_completion};
use crate::engine::{Ctx, Engine};
use crate::error::{Error, Result};
use crate::identity::Via;
use crate::seal;
use crate::store::identities;
use crate::store::messages::{self, Dispatch, Message, Status};
use chrono::TimeDelta;
use futures::future::join_all;

/// How long a sender may take before another one sends its email. Longer than any delivery takes.
const CLAIM: TimeDelta = TimeDelta::minutes(5);

/// The first pause; each further one is four times as long.
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(5);
const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(30);

/// Sends due emails and text messages, at most `courier.worker.pull_count`, and returns how many it claimed.
pub async fn deliver(engine: &Engine) -> Result<usize> {
    let ctx = engine.begin();
    let courier = &ctx.config.courier;
    let only = match Via::ALL.map(|via| courier.has_route(via)) {
        [true, true] => None,
        [true, false] => Some(Via::Email),
        [false, true] => Some(Via::Sms),
        [false, false] => return Ok(0),
    };
    let due = {
        let mut tx = ctx.db().single().await?;
        messages::due(&mut tx, ctx.effects().now(), courier.pull_count, only).await?
    };
    let taken = due.len();
    let each = due.into_iter().map(|message| {
        let ctx = ctx.clone();
        // A mail that has left is written down as sent, whatever becomes of who asked.
        to_completion(ctx.engine.following(), async move { one(&ctx, message).await })
    });
    for outcome in join_all(each).await {
        outcome?;
    }
    Ok(taken)
}

async fn one(ctx: &Ctx, mut message: Message) -> Result<()> {
    let now = ctx.effects().now();
    let mut tx = ctx.db().write().await?;
    if !messages::claim(&mut tx, &message, now + CLAIM, now).await? {
        return Ok(());
    }
    tx.commit().await?;
    message.send_count += 1;
    choose(ctx, &mut message).await?;
    let sent = send(ctx, &message).await;
    let now = ctx.effects().now();
    message.updated_at = now;
    let failure = match sent {
        Ok(()) => {
            message.status = Status::Sent;
            leave(ctx, &mut message)?;
            None
        }
        Err(failure) => {
            let last = message.send_count > ctx.config.courier.message_retries;
            if last || matches!(failure, MailError::Refused(_)) {
                message.status = Status::Abandoned;
                leave(ctx, &mut message)?;
                tracing::error!(id = %message.id, tries = message.send_count, "{} failed: {failure}", what(message.via));
            } else {
                message.status = Status::Queued;
                message.next_attempt_at = now + pause(message.send_count);
                tracing::warn!(id = %message.id, tries = message.send_count, "{} can't be sent yet: {failure}", what(message.via));
            }
            Some(failure.to_string())
        }
    };
    let outcome = match message.status {
        Status::Sent => "sent",
        Status::Abandoned => "abandoned",
        Status::Queued | Status::Processing => "retry",
    };
    ctx.engine.metrics().message(message.via.name(), outcome);
    let dispatch = Dispatch {
        id: ctx.effects().uuid(),
        status: if failure.is_none() { "success" } else { "failed" }.to_owned(),
        error: failure,
        created_at: now,
    };
    let mut tx = ctx.db().write().await?;
    if messages::finish(&mut tx, &message).await? {
        messages::insert_dispatch(&mut tx, message.id, &dispatch).await?;
    }
    tx.commit().await
}

/// Chooses between two alternative emails here, while no client waits for a response.
async fn choose(ctx: &Ctx, message: &mut Message) -> Result<()> {
    // What cannot be opened waits for its secret: `send` says so.
    let Ok(mut written) = open(&ctx.config, message) else { return Ok(()) };
    let Some(other) = written.if_known.take() else { return Ok(()) };
    let mut tx = ctx.db().read().await?;
    let known = identities::knows(&mut tx, &message.recipient).await?;
    if known {
        message.template = other.template;
        message.subject.clone_from(&other.written.subject);
        written = other.written;
    }
    let body = serde_json::to_vec(&written).map_err(Error::internal)?;
    message.body = seal::seal(ctx.effects(), &ctx.config.secrets, message.id, &body)?;
    Ok(())
}

fn what(via: Via) -> &'static str {
    match via {
        Via::Email => "an email",
        Via::Sms => "a text message",
    }
}

async fn send(ctx: &Ctx, message: &Message) -> Result<(), MailError> {
    let courier = &ctx.config.courier;
    let route = courier.route(message.via);
    if matches!(route, Route::Mailbox) {
        return Ok(());
    }
    let written = open(&ctx.config, message).map_err(|broken| {
        // Another secret may be put back; until then the mail waits.
        let cause = broken.cause().map(ToString::to_string).unwrap_or_default();
        MailError::NotNow(cause)
    })?;
    let server = match route {
        Route::Http(gateway) => return gateway::send(ctx, gateway, message, &written).await,
        Route::Smtp(server) => server.clone(),
        Route::Mailbox | Route::None => {
            return Err(MailError::NotNow("no server or gateway is configured".into()));
        }
    };
    let mail = Mail {
        id: message.id.0,
        from: (courier.from_address.clone(), courier.from_name.clone()),
        to: message.recipient.clone(),
        subject: written.subject,
        text: written.text,
        html: written.html,
        headers: courier.headers.clone(),
    };
    ctx.effects().mailer.send(server, mail).await
}

/// What is kept of a body after delivery: everything, encrypted, in the mailbox; otherwise nothing usable.
fn leave(ctx: &Ctx, message: &mut Message) -> Result<()> {
    let courier = &ctx.config.courier;
    if courier.keep_bodies || matches!(courier.route(message.via), Route::Mailbox) {
        return Ok(());
    }
    let masked = match open(&ctx.config, message) {
        Ok(written) => written.masked(),
        // It cannot be opened, so nothing of it can be used either.
        Err(_) => return Ok(()),
    };
    let body = serde_json::to_vec(&masked).map_err(Error::internal)?;
    message.body = seal::seal(ctx.effects(), &ctx.config.secrets, message.id, &body)?;
    Ok(())
}

/// 5 s, 20 s, 80 s, … and never more than half an hour.
fn pause(tries: i64) -> TimeDelta {
    let doublings = u32::try_from(2 * (tries - 1).clamp(0, 8)).unwrap_or_default();
    (FIRST_PAUSE * 2_i32.pow(doublings)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_stay_bearable() {
        let pauses: Vec<i64> = (1..=7).map(|tries| pause(tries).num_seconds()).collect();
        assert_eq!(pauses, [5, 20, 80, 320, 1280, 1800, 1800]);
        assert_eq!(pause(i64::MAX), LONGEST_PAUSE);
    }
}
