//! Delivery status: which emails are queued, which failed and why. For operators, without bodies and codes.

use crate::config::CourierKeys;
use crate::engine::Ctx;
use crate::error::Result;
use crate::store::Tx;
use crate::store::messages::{self, Failing, Message};
use chrono::{DateTime, Utc};

/// So many failures in a row aren't mistyped addresses: the mail server rejects all emails.
const REFUSALS: i64 = 3;

/// Where emails are sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Way {
    /// `host:port` of the mail server.
    Server(String),
    /// They stay here, for owners to read.
    Mailbox,
    /// They stay queued until a mail server is configured.
    Nowhere,
}

/// An email that wasn't sent.
#[derive(Clone, PartialEq, Debug)]
pub struct Held {
    pub message: Message,
    /// What the newest try that failed came to.
    pub failure: Option<String>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Outlook {
    pub way: Way,
    /// An administrator has to act, or no email is sent.
    pub stuck: bool,
    /// Mails that are yet to leave.
    pub waiting: i64,
    pub last_left: Option<DateTime<Utc>>,
    /// Newest first.
    pub held: Vec<Held>,
}

/// The whole status, with at most `limit` emails.
pub async fn outlook(ctx: &Ctx, limit: i64) -> Result<Outlook> {
    let way = way(&ctx.config.courier);
    let mut tx = ctx.db().read().await?;
    let stuck = stuck(&mut tx, &way).await?;
    let waiting = messages::waiting(&mut tx).await?;
    let last_left = messages::last_sent(&mut tx).await?;
    let mut failures = messages::failures(&mut tx, limit).await?;
    let held = messages::held(&mut tx, limit).await?.into_iter();
    let held =
        held.map(|message| Held { failure: failures.remove(&message.id.0), message }).collect::<Vec<_>>();
    Ok(Outlook { way, stuck, waiting, last_left, held })
}

/// [`Outlook::stuck`] alone: cheap enough for every page.
pub async fn is_stuck(ctx: &Ctx) -> Result<bool> {
    let mut tx = ctx.db().read().await?;
    stuck(&mut tx, &way(&ctx.config.courier)).await
}

/// Where emails are sent with that configuration.
pub fn way(courier: &CourierKeys) -> Way {
    match &courier.smtp {
        _ if courier.mailbox => Way::Mailbox,
        Some(server) => Way::Server(format!("{}:{}", server.host, server.port)),
        None => Way::Nowhere,
    }
}

/// A sent email ends the warning about earlier failures: a single address may be slow to accept.
async fn stuck(tx: &mut Tx, way: &Way) -> Result<bool> {
    match way {
        Way::Mailbox => Ok(false),
        Way::Nowhere => Ok(messages::waiting(tx).await? > 0),
        Way::Server(_) => {
            let since = messages::last_sent(tx).await?.unwrap_or_default();
            let Failing { refused, tried } = messages::failing(tx, since).await?;
            Ok(tried > 0 || refused >= REFUSALS)
        }
    }
}
