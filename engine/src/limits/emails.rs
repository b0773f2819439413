//! Emails that any client can make this server send: to one address, because of one client, and in total. A limited client gets the
//! same response as every other.

use super::subjects::{Subjects, mailbox, masked};
use super::{Limit, Standing, WINDOW, own, texts, volume};
use crate::engine::Ctx;
use crate::error::Result;
use crate::identity::Via;
use crate::ids::FlowId;
use crate::requester::Requester;
use crate::store::Tx;
use crate::store::limits::{self as rows, Subject};

/// For whom an email is sent.
#[derive(Clone, Copy, Debug)]
pub struct Occasion<'a> {
    pub requester: &'a Requester,
    pub standing: Standing,
    /// The form of the client, if an email was sent for it before.
    pub holds: Option<FlowId>,
}

/// Counts an email or a text message to `address`, in the transaction that queues it. `false`: there were enough.
pub async fn may_send(ctx: &Ctx, tx: &mut Tx, address: &str, occasion: Occasion<'_>) -> Result<bool> {
    if !may_send_message(ctx, tx, address, occasion).await? {
        return Ok(false);
    }
    match Via::of(address) {
        Via::Email => Ok(true),
        Via::Sms => texts::may_send(ctx, tx, address, occasion.requester).await,
    }
}

async fn may_send_message(ctx: &Ctx, tx: &mut Tx, address: &str, occasion: Occasion<'_>) -> Result<bool> {
    let keys = &ctx.config.vestibule.limits;
    if !keys.enabled {
        return Ok(true);
    }
    let limits = keys.emails;
    let now = ctx.effects().now();
    let since = now - WINDOW;
    let subjects = Subjects::of(&ctx.config)?;
    let label = || Some(masked(address));
    let own =
        own(&subjects, Limit::Emails, (occasion.requester, occasion.standing), address, label().as_deref());
    let most = |(subject, factor): (Subject, i64)| (subject, limits.per_address_and_client * factor);
    let mut counted: Vec<_> = own.into_iter().map(most).collect();
    let known = occasion.standing.is_known();
    if !known {
        let all = subjects.of_account(Limit::EmailsToAddress, address, "", label());
        counted.push((all, limits.per_address));
        // Spellings of one mailbox count together. Not for a single client, which may be somebody who tries their own service.
        if let Some(mailbox) = mailbox(address) {
            let label = Some(masked(&mailbox));
            counted
                .push((subjects.of_account(Limit::EmailsToAddress, &mailbox, "", label), limits.per_address));
        }
    }
    let mut within = true;
    for (subject, most) in &counted {
        // A client that has used up its own share takes nothing of the address's.
        if rows::add(tx, subject, 1, now, since).await?.count > *most {
            within = false;
            break;
        }
    }
    if within && (known || volume::emails(ctx, tx, occasion.requester).await?) {
        return Ok(true);
    }
    let Some(flow) = occasion.holds else {
        if within {
            tracing::warn!(
                "no email was sent: one client, or all clients together, caused too many (vestibule.limits.emails)"
            );
        } else {
            tracing::info!("no email was sent: the limit for this address or this client was reached");
        }
        return Ok(false);
    };
    let own = subjects.of_account(Limit::EmailsOfFlow, address, &flow.to_string(), label());
    Ok(rows::add(tx, &own, 1, now, since).await?.count <= limits.per_flow)
}
