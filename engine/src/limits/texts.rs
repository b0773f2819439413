//! Text messages that any client can make this server send. Each is paid for, and attackers earn a share of it by numbers of their own
//! (toll fraud), so that they go to the countries that the configuration lists, and are counted by the day beside what is counted of
//! emails. A limited client gets the same response as every other.

use super::subjects::{Subjects, masked};
use super::{Limit, networks};
use crate::config::Route;
use crate::engine::Ctx;
use crate::error::Result;
use crate::identity::{Via, phone};
use crate::requester::Requester;
use crate::store::Tx;
use crate::store::limits::{self as rows, Subject};
use chrono::TimeDelta;

/// What is counted of text messages is forgotten after that long.
pub const DAY: TimeDelta = TimeDelta::hours(24);

/// Counts a text message to `number`, in the transaction that queues it. `false`: its country is not listed, or there were enough.
/// Messages that stay in the mailbox cost nothing.
pub(super) async fn may_send(ctx: &Ctx, tx: &mut Tx, number: &str, requester: &Requester) -> Result<bool> {
    if !matches!(ctx.config.courier.route(Via::Sms), Route::Http(_)) {
        return Ok(true);
    }
    let keys = &ctx.config.vestibule.limits;
    let limits = &keys.texts;
    // sabotage: text-message-countries
    if !phone::country(number).is_some_and(|country| limits.countries.has(&country)) {
        ctx.engine.metrics().text_message_refused("country");
        tracing::warn!(
            "no text message was sent: the country of the number is not in vestibule.sms.countries"
        );
        return Ok(false);
    }
    if !keys.enabled {
        return Ok(true);
    }
    let (now, subjects) = (ctx.effects().now(), Subjects::of(&ctx.config)?);
    let label = Some(masked(number));
    let mut counted: Vec<(Subject, i64)> =
        vec![(subjects.of_account(Limit::TextsToNumber, number, "", label), limits.per_number)];
    for (network, factor) in networks(requester) {
        counted.push((subjects.of_client(Limit::TextsOfClient, &network), limits.per_client * factor));
    }
    // Last, so that who is refused for themselves takes nothing of what all have.
    counted.push((subjects.of_all(Limit::TextsInAll), limits.total));
    for (subject, most) in &counted {
        if rows::add(tx, subject, 1, now, now - DAY).await?.count > *most {
            ctx.engine.metrics().text_message_refused("limit");
            tracing::warn!(
                limit = subject.scope,
                "no text message was sent: there were too many (vestibule.limits.sms)"
            );
            return Ok(false);
        }
    }
    Ok(true)
}
