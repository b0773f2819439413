//! The courier: emails and text messages are rendered and queued in the transaction of their cause, and sent afterward. A body is
//! encrypted until its message was sent. Then code and link in it are masked, except in the console's mailbox.

mod deliver;
mod delivery_status;
mod gateway;
mod letter;
mod text_message;

pub use deliver::deliver;
pub use delivery_status::{DeliveryStatus, Transport, Undelivered, delivery_status, is_stalled, transport};
pub use letter::{Letter, Written};

use crate::config::Config;
use crate::engine::Ctx;
use crate::error::{Error, Result};
use crate::identity::Via;
use crate::ids::MessageId;
use crate::seal;
use crate::store::Tx;
use crate::store::messages::{self, Dispatch, Filter, Message, Status};
use chrono::{DateTime, Utc};
use letter::{Alternative, TEST};

/// Queues an email, or a text message to a phone number, as part of `tx`: it is sent if that is committed, and never otherwise.
pub async fn queue(ctx: &Ctx, tx: &mut Tx, to: &str, letter: &Letter) -> Result<MessageId> {
    let written = written(&ctx.config, letter, to)?;
    insert(ctx, tx, to, letter.template(), written).await
}

fn written(config: &Config, letter: &Letter, to: &str) -> Result<Written> {
    match Via::of(to) {
        Via::Email => letter.write(&service(config), to),
        Via::Sms => {
            let page = letter.page().map(|kind| config.page_of(kind));
            // An address of numbers has no site that a phone could tell.
            let host = page.as_ref().and_then(|page| page.domain());
            letter.write_text_message(&service(config), host)
        }
    }
}

/// One job in the queue, the same whoever has the address: when it leaves, `letter` goes, or `if_known` to an address that has
/// an account. Whoever caused it cannot tell which, not by its time either.
pub async fn queue_either(
    ctx: &Ctx,
    tx: &mut Tx,
    to: &str,
    letter: &Letter,
    if_known: &Letter,
) -> Result<MessageId> {
    let service = service(&ctx.config);
    let mut written = letter.write(&service, to)?;
    let template = if_known.template().to_owned();
    written.if_known = Some(Box::new(Alternative { template, written: if_known.write(&service, to)? }));
    insert(ctx, tx, to, letter.template(), written).await
}

/// The work of [`queue`] for an address that nobody has: the email is written and sealed, and its row is gone before anybody sees it.
/// Else the time of a request would tell who has an account.
pub async fn pretend_to_queue(ctx: &Ctx, tx: &mut Tx, to: &str, letter: &Letter) -> Result<()> {
    let id = queue(ctx, tx, to, letter).await?;
    messages::withdraw(tx, id).await
}

/// What a rehearsal wrote, for the operator who wanted it: it says of itself that it is a test.
pub async fn queue_test(ctx: &Ctx, tx: &mut Tx, to: &str, rehearsed: &Delivered) -> Result<MessageId> {
    let written = rehearsed.written.as_test(&service(&ctx.config), &rehearsed.to)?;
    insert(ctx, tx, to, TEST, written).await
}

async fn insert(ctx: &Ctx, tx: &mut Tx, to: &str, template: &str, written: Written) -> Result<MessageId> {
    let effects = ctx.effects();
    let id = MessageId(effects.uuid());
    let body = serde_json::to_vec(&written).map_err(Error::internal)?;
    let now = effects.now();
    let message = Message {
        id,
        status: Status::Queued,
        via: Via::of(to),
        recipient: to.to_owned(),
        template: template.to_owned(),
        subject: written.subject,
        body: seal::seal(effects, &ctx.config.secrets, id, &body)?,
        send_count: 0,
        next_attempt_at: now,
        created_at: now,
        updated_at: now,
    };
    messages::insert(tx, &message).await?;
    Ok(id)
}

/// The sender's name: the service's name in the configuration, or the host.
fn service(config: &Config) -> String {
    config
        .service_name()
        .or_else(|| config.serve.public.base_url.host_str().map(str::to_owned))
        .unwrap_or_default()
}

fn open(config: &Config, message: &Message) -> Result<Written> {
    let body = seal::open(&config.secrets, message.id, &message.body)?;
    serde_json::from_slice(&body).map_err(Error::internal)
}

/// What may be shown of a message: its body never before it has left, and then without code and link, unless
/// `vestibule.courier.keep_bodies` says otherwise.
pub fn shown(config: &Config, message: &Message) -> Result<Option<Written>> {
    if config.courier.keep_bodies {
        return open(config, message).map(Some);
    }
    match message.status {
        Status::Sent | Status::Abandoned => open(config, message).map(|written| Some(written.masked())),
        Status::Queued | Status::Processing => Ok(None),
    }
}

/// One page of the administrator's list, newest first.
pub async fn list(ctx: &Ctx, filter: &Filter, limit: i64) -> Result<Vec<Message>> {
    let mut tx = ctx.db().single().await?;
    messages::list(&mut tx, filter, limit).await
}

/// A message with its tries.
///
/// # Errors
/// 404 for an unknown id.
pub async fn get(ctx: &Ctx, id: MessageId) -> Result<(Message, Vec<Dispatch>)> {
    let mut tx = ctx.db().read().await?;
    let message = messages::get(&mut tx, id).await?.ok_or_else(|| Error::not_found(""))?;
    let dispatches = messages::dispatches(&mut tx, id).await?;
    Ok((message, dispatches))
}

/// An email in the mailbox, with its whole content.
pub struct Delivered {
    pub id: MessageId,
    pub to: String,
    pub at: DateTime<Utc>,
    /// Kratos' name of the template.
    pub template: String,
    pub written: Written,
}

/// The latest emails of the mailbox, with code and link. [`crate::operators::mailbox`] checks access.
pub(crate) async fn mailbox(ctx: &Ctx, to: Option<&str>, limit: i64) -> Result<Vec<Delivered>> {
    let filter = Filter {
        status: Some(Status::Sent),
        recipient: to.filter(|to| !to.is_empty()).map(str::to_owned),
        after: None,
    };
    let list = list(ctx, &filter, limit).await?;
    list.into_iter()
        .map(|message| {
            let written = open(&ctx.config, &message)?;
            let Message { id, recipient, created_at, template, .. } = message;
            Ok(Delivered { id, to: recipient, at: created_at, template, written })
        })
        .collect()
}
