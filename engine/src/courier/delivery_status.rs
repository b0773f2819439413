//! Delivery status: which emails are queued, which failed and why. For operators, without bodies and codes.

use crate::config::{CourierKeys, Route};
use crate::engine::Ctx;
use crate::error::Result;
use crate::identity::Via;
use crate::store::Tx;
use crate::store::messages::{self, Failing, Message};
use chrono::{DateTime, Utc};

/// So many failures in a row aren't mistyped addresses: the mail server rejects all emails.
const REFUSALS: i64 = 3;

/// Where emails are sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Transport {
    /// `host:port` of the mail server.
    Server(String),
    /// The host of a gateway that is called over HTTP.
    Gateway(String),
    /// They stay here, for owners to read.
    Mailbox,
    /// They stay queued until a mail server is configured.
    None,
}

/// An email that wasn't sent.
#[derive(Clone, PartialEq, Debug)]
pub struct Undelivered {
    pub message: Message,
    /// What the newest try that failed came to.
    pub failure: Option<String>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct DeliveryStatus {
    pub transport: Transport,
    /// An administrator has to act, or no email is sent.
    pub stalled: bool,
    /// Mails that are yet to leave.
    pub waiting: i64,
    pub last_left: Option<DateTime<Utc>>,
    /// Newest first.
    pub held: Vec<Undelivered>,
}

/// The whole status, with at most `limit` emails.
pub async fn delivery_status(ctx: &Ctx, limit: i64) -> Result<DeliveryStatus> {
    let transport = transport(&ctx.config.courier);
    let mut tx = ctx.db().read().await?;
    let stalled = stalled(&mut tx, &transport).await?;
    let waiting = messages::waiting(&mut tx).await?;
    let last_left = messages::last_sent(&mut tx).await?;
    let mut failures = messages::failures(&mut tx, limit).await?;
    let held = messages::held(&mut tx, limit).await?.into_iter();
    let held = held
        .map(|message| Undelivered { failure: failures.remove(&message.id.0), message })
        .collect::<Vec<_>>();
    Ok(DeliveryStatus { transport, stalled, waiting, last_left, held })
}

/// [`DeliveryStatus::stalled`] alone: cheap enough for every page.
pub async fn is_stalled(ctx: &Ctx) -> Result<bool> {
    let mut tx = ctx.db().read().await?;
    stalled(&mut tx, &transport(&ctx.config.courier)).await
}

/// Where emails are sent with that configuration.
pub fn transport(courier: &CourierKeys) -> Transport {
    match courier.route(Via::Email) {
        Route::Mailbox => Transport::Mailbox,
        Route::Smtp(server) => Transport::Server(format!("{}:{}", server.host, server.port)),
        Route::Http(gateway) => Transport::Gateway(gateway.url.host_str().unwrap_or_default().to_owned()),
        Route::None => Transport::None,
    }
}

/// A sent email ends the warning about earlier failures: a single address may be slow to accept.
async fn stalled(tx: &mut Tx, transport: &Transport) -> Result<bool> {
    match transport {
        Transport::Mailbox => Ok(false),
        Transport::None => Ok(messages::waiting(tx).await? > 0),
        Transport::Server(_) | Transport::Gateway(_) => {
            let since = messages::last_sent(tx).await?.unwrap_or_default();
            let Failing { refused, tried } = messages::failing(tx, since).await?;
            Ok(tried > 0 || refused >= REFUSALS)
        }
    }
}
