//! Webhook calls: a queue for background calls, a log of all calls, retries, tests. [`crate::flow::webhook`] decides what a response
//! means for a flow.

mod answer;
pub mod call;
mod deliver;
mod places;
pub mod redact;
mod request;
mod trial;

pub use deliver::deliver;
pub(crate) use places::place_of;
pub use places::{List, is_of, lists};
pub use request::TEST_HEADER;
pub(crate) use request::{Attempt, Body, Purpose, Trouble, attempt};
pub use trial::{Sample, find, sample, send};

use crate::config::{Config, WebHook};
use crate::effects::OutboundError;
use crate::engine::Ctx;
use crate::error::{Error, Result};
use crate::ids::{DeliveryId, FlowId, IdentityId};
use crate::request_id;
use crate::seal;
use crate::store::Tx;
use crate::store::deliveries::{self, Delivery, Kind, Status};
use crate::store::reservations::Notified;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;

const SEALED_FOR: &str = "hooks/v1";
/// How many of a hook's calls are counted, the newest.
pub const COUNTED: i64 = 1000;

/// Of a log so many pages are looked through for the calls of one hook, where others have its key.
const MOST_PAGES: usize = 20;

/// What of a delivery is sealed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Content {
    /// The template's argument as JSON: whole while another try may need it, otherwise without secrets. It is kept as text,
    /// which can be read back however deep the document is.
    input: String,
    /// Sent word for word instead of what a template would make.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fixed: Option<Value>,
    /// The last try, without secrets.
    #[serde(default)]
    request: Option<Value>,
    #[serde(default)]
    answer: Option<Value>,
    #[serde(default)]
    failure: Option<String>,
}

impl Content {
    fn seal(&self, ctx: &Ctx, id: DeliveryId) -> Result<Vec<u8>> {
        let text = serde_json::to_vec(self).map_err(Error::internal)?;
        seal::seal_for(ctx.effects(), &ctx.config.secrets, SEALED_FOR, id.0, &text)
    }

    /// # Errors
    /// [`Unopened::Sealed`] while the secret is missing, [`Unopened::Unreadable`] for good.
    fn open(config: &Config, delivery: &Delivery) -> std::result::Result<Self, Unopened> {
        let text = seal::open_for(&config.secrets, SEALED_FOR, delivery.id.0, &delivery.body)
            .map_err(|error| Unopened::Sealed(Box::new(error)))?;
        serde_json::from_slice(&text).map_err(Unopened::Unreadable)
    }

    /// The template's argument; null for one that cannot be read.
    fn document(&self) -> Value {
        serde_json::from_str(&self.input).unwrap_or_default()
    }

    fn redact(&mut self) {
        self.input = redact::document(&self.document()).to_string();
    }
}

/// Why what was queued cannot be had.
#[derive(Debug, thiserror::Error)]
enum Unopened {
    /// Another secret may be put back.
    #[error("{}", .0.cause().map_or_else(|| .0.to_string(), ToString::to_string))]
    Sealed(Box<Error>),
    #[error("it can't be read: {0}")]
    Unreadable(serde_json::Error),
}

/// What a call is about, for its row.
pub(crate) struct Cause<'a> {
    pub(crate) place: String,
    pub(crate) flow: FlowId,
    /// Whose account it is.
    pub(crate) identity: Option<IdentityId>,
    pub(crate) hook: &'a WebHook,
}

/// A row that is not stored yet.
fn blank(ctx: &Ctx, cause: &Cause<'_>, kind: Kind, id: DeliveryId) -> Delivery {
    let now = ctx.effects().now();
    Delivery {
        id,
        hook: cause.hook.key(),
        name: cause.hook.name.clone(),
        place: cause.place.clone(),
        flow_id: Some(cause.flow),
        kind,
        status: Status::Queued,
        answered: None,
        millis: None,
        attempts: 0,
        next_attempt_at: now,
        body: Vec::new(),
        created_at: now,
        updated_at: now,
        request_id: request_id::current().map(|id| id.to_string()),
        identity_id: cause.identity,
    }
}

/// A new call's id, the same over all its tries.
pub(crate) fn new_id(ctx: &Ctx) -> DeliveryId {
    DeliveryId(ctx.effects().uuid())
}

/// Puts a call that nobody waits for into the queue, as part of `tx`. Whoever commits says so to [`crate::Engine::wake_hooks`].
pub(crate) async fn queue(ctx: &Ctx, tx: &mut Tx, cause: &Cause<'_>, input: Value) -> Result<()> {
    let mut delivery = blank(ctx, cause, Kind::Inform, new_id(ctx));
    delivery.body = Content { input: input.to_string(), ..Content::default() }.seal(ctx, delivery.id)?;
    deliveries::insert(tx, &delivery).await?;
    ctx.engine.row_budget().call(ctx.counted(), delivery.id);
    Ok(())
}

/// Puts into the queue what tells a service that a sign-up it had agreed to did not come about, as part of `tx`. The id in it is
/// that of the call it had answered; it is a message of its own, so that no receiver takes it for a repetition.
pub(crate) async fn rolled_back(
    ctx: &Ctx,
    tx: &mut Tx,
    notified: &Notified,
    identity: IdentityId,
    flow: FlowId,
) -> Result<()> {
    let now = ctx.effects().now();
    let fixed = json!({
        "type": "registration.rolled_back",
        "id": request::message_id(notified.call),
        "trigger_id": notified.call,
        "timestamp": now,
        "identity": {"id": identity},
        "flow": {"id": flow},
    });
    let id = new_id(ctx);
    let content = Content { fixed: Some(fixed), ..Content::default() };
    let delivery = Delivery {
        id,
        hook: notified.hook.clone(),
        name: notified.name.clone(),
        place: notified.place.clone(),
        flow_id: Some(flow),
        kind: Kind::Undone,
        status: Status::Queued,
        answered: None,
        millis: None,
        attempts: 0,
        next_attempt_at: now,
        body: content.seal(ctx, id)?,
        created_at: now,
        updated_at: now,
        request_id: request_id::current().map(|id| id.to_string()),
        // There is no account, and the service has to be told.
        identity_id: None,
    };
    deliveries::insert(tx, &delivery).await
}

/// The result of a blocking call.
pub(crate) struct Waited<'a> {
    pub(crate) id: DeliveryId,
    pub(crate) kind: Kind,
    pub(crate) status: Status,
    pub(crate) attempt: &'a Attempt,
    /// Beyond what the attempt itself says.
    pub(crate) failure: Option<String>,
}

/// Logs a blocking call. A failure to log must not fail the flow.
pub(crate) async fn record(ctx: &Ctx, cause: &Cause<'_>, waited: Waited<'_>, input: &Value) {
    if let Err(error) = try_record(ctx, cause, waited, input).await {
        let cause_of = error.cause().map(ToString::to_string);
        tracing::error!(hook = cause.hook.name, cause = cause_of, "a webhook call can't be logged: {error}");
    }
}

async fn try_record(ctx: &Ctx, cause: &Cause<'_>, waited: Waited<'_>, input: &Value) -> Result<()> {
    let (mut delivery, content) = finished(ctx, cause, &waited, input);
    delivery.body = content.seal(ctx, delivery.id)?;
    let mut tx = ctx.db().write_single_relaxed().await?;
    deliveries::insert(&mut tx, &delivery).await?;
    tx.commit().await?;
    ctx.engine.row_budget().call(ctx.counted(), delivery.id);
    Ok(())
}

/// A row of a call that is over, and what is to be sealed in it.
fn finished(ctx: &Ctx, cause: &Cause<'_>, waited: &Waited<'_>, input: &Value) -> (Delivery, Content) {
    let mut delivery = blank(ctx, cause, waited.kind, waited.id);
    delivery.status = waited.status;
    delivery.attempts = 1;
    let again = waited.status == Status::Failed && may_come_back(waited.kind);
    let mut content = Content { input: input.to_string(), ..Content::default() };
    if !again {
        content.redact();
    }
    note(&mut delivery, &mut content, waited.attempt);
    if waited.status == Status::Cancelled {
        content.failure = None;
    }
    content.failure = waited.failure.clone().or(content.failure);
    (delivery, content)
}

/// What a try says, in a row and its sealed part.
fn note(delivery: &mut Delivery, content: &mut Content, attempt: &Attempt) {
    delivery.millis = Some(attempt.millis);
    content.request.clone_from(&attempt.request);
    (delivery.answered, content.answer, content.failure) = match &attempt.outcome {
        Ok(answer) => (Some(answer.status.into()), Some(redact::bytes(&answer.body)), None),
        Err(trouble) => (None, None, Some(told(trouble))),
    };
}

/// A sentence for administrators.
fn told(trouble: &Trouble) -> String {
    let Trouble::Outbound(OutboundError::Unreachable { host, source }) = trouble else {
        return trouble.to_string();
    };
    let mut deepest: &dyn std::error::Error = source.as_ref();
    while let Some(next) = deepest.source() {
        deepest = next;
    }
    format!("{host} can't be reached: {deepest}")
}

/// In the words of the count.
pub(crate) fn outcome(status: Status) -> &'static str {
    match status {
        Status::Queued | Status::Processing => "retry",
        Status::Done => "done",
        Status::Refused => "refused",
        Status::Cancelled => "canceled",
        Status::Failed => "failed",
    }
}

/// Modes whose failures can be retried: the flow of a blocking call has ended.
fn may_come_back(kind: Kind) -> bool {
    match kind {
        Kind::Inform | Kind::Wait | Kind::Undone => true,
        Kind::Ask | Kind::Test => false,
    }
}

/// A call as administrators see it: without secrets.
#[derive(Clone, Debug)]
pub struct Logged {
    pub delivery: Delivery,
    pub request: Option<Value>,
    pub answer: Option<Value>,
    /// What went wrong with the last try.
    pub failure: Option<String>,
    /// By hand.
    pub may_retry: bool,
}

fn shown(config: &Config, delivery: Delivery) -> Logged {
    let content = Content::open(config, &delivery);
    let may_retry = delivery.status == Status::Failed && may_come_back(delivery.kind) && content.is_ok();
    // A secret that is gone must not cost the page.
    let content = content.unwrap_or_else(|_| Content {
        failure: Some("The request can't be decrypted anymore, because its secret is missing.".to_owned()),
        ..Content::default()
    });
    Logged { request: content.request, answer: content.answer, failure: content.failure, may_retry, delivery }
}

/// The log of the hook with that key in that place, newest first, at most `limit`. Where two have one key, the calls of the other
/// are left out.
pub async fn log(ctx: &Ctx, hook: &str, place: &str, limit: i64) -> Result<Vec<Logged>> {
    let wanted = usize::try_from(limit).unwrap_or_default();
    let mut own: Vec<Delivery> = Vec::new();
    let mut tx = ctx.db().read().await?;
    let mut after = None;
    for _ in 0..MOST_PAGES {
        let page = deliveries::of_hook(&mut tx, hook, after, limit).await?;
        let is_last = page.len() < wanted;
        after = page.last().map(|last| (last.created_at, last.id));
        own.extend(page.into_iter().filter(|one| is_of(&ctx.config, hook, &one.place, place)));
        if is_last || own.len() >= wanted {
            break;
        }
    }
    own.truncate(wanted);
    Ok(own.into_iter().map(|delivery| shown(&ctx.config, delivery)).collect())
}

/// One call of the log.
///
/// # Errors
/// 404 for an unknown id.
pub async fn logged(ctx: &Ctx, id: DeliveryId) -> Result<Logged> {
    let mut tx = ctx.db().single().await?;
    let found = deliveries::get(&mut tx, id).await?;
    found.map(|delivery| shown(&ctx.config, delivery)).ok_or_else(|| Error::not_found(""))
}

/// Of each of those hooks and its places how many of its newest [`COUNTED`] calls came to what.
pub async fn counts(ctx: &Ctx, hooks: &BTreeSet<String>) -> Result<Vec<deliveries::Count>> {
    let mut tx = ctx.db().read().await?;
    let mut counts = Vec::new();
    for hook in hooks {
        counts.extend(deliveries::counts(&mut tx, hook, COUNTED).await?);
    }
    Ok(counts)
}

/// The id that a path of the console names.
pub fn parse_id(text: &str) -> Option<DeliveryId> {
    Uuid::parse_str(text).ok().map(DeliveryId)
}
