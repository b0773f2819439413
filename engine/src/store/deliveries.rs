//! Rows of webhook calls: the queue of background calls, and the result of each call.

use super::{Tx, unreadable};
use crate::error::Result;
use crate::ids::{DeliveryId, FlowId, IdentityId};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Why a call is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A background call from the queue.
    Inform,
    /// A blocking call whose result doesn't affect the account or flow.
    Wait,
    /// A blocking call whose response decides the flow.
    Ask,
    /// By an operator, marked as such.
    Test,
    /// Tells a service that a sign-up it agreed to did not come about.
    Undone,
}

impl Kind {
    pub const ALL: [Kind; 5] = [Kind::Inform, Kind::Wait, Kind::Ask, Kind::Test, Kind::Undone];

    pub fn name(self) -> &'static str {
        match self {
            Kind::Inform => "inform",
            Kind::Wait => "wait",
            Kind::Ask => "ask",
            Kind::Test => "test",
            Kind::Undone => "rolled_back",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    Queued,
    /// A process is making the call; when the claim expires, it is due again.
    Processing,
    /// Answered, and not refused.
    Done,
    /// The service said no, with messages for the form.
    Refused,
    /// The template says that nothing is to be sent.
    Cancelled,
    /// It failed, and is not tried again by itself.
    Failed,
}

impl Status {
    pub const ALL: [Status; 6] = [
        Status::Queued,
        Status::Processing,
        Status::Done,
        Status::Refused,
        Status::Cancelled,
        Status::Failed,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Status::Queued => "queued",
            Status::Processing => "processing",
            Status::Done => "done",
            Status::Refused => "refused",
            Status::Cancelled => "cancelled",
            Status::Failed => "failed",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        Status::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// One call, over all its tries.
#[derive(Clone, PartialEq, Debug)]
pub struct Delivery {
    pub id: DeliveryId,
    /// Which hook, see [`crate::config::WebHook::key`].
    pub hook: String,
    /// Its display name at that time.
    pub name: String,
    /// The list that it stood in, such as `registration.after.password`; `registration.after` is that of the whole flow. Rows
    /// from before lists were told apart have the latter for both.
    pub place: String,
    pub flow_id: Option<FlowId>,
    pub kind: Kind,
    pub status: Status,
    /// The status of the last answer.
    pub answered: Option<i64>,
    /// Milliseconds that the last try took.
    pub millis: Option<i64>,
    /// How often a call was begun.
    pub attempts: i64,
    /// `Queued`: not before. `Processing`: the claim's end.
    pub next_attempt_at: DateTime<Utc>,
    /// Sealed.
    pub body: Vec<u8>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// Of the request that caused it, see [`crate::request_id`].
    pub request_id: Option<String>,
    /// Whose account it is about.
    pub identity_id: Option<IdentityId>,
}

/// How often each status stands in the log of a hook in a place, and when last.
#[derive(Clone, PartialEq, Debug)]
pub struct Count {
    pub hook: String,
    pub place: String,
    pub status: Status,
    pub count: i64,
    pub last: DateTime<Utc>,
}

struct Stored {
    id: Uuid,
    hook: String,
    name: String,
    place: String,
    flow_id: Option<Uuid>,
    kind: String,
    status: String,
    answered: Option<i64>,
    millis: Option<i64>,
    attempts: i64,
    next_attempt_at: DateTime<Utc>,
    body: Vec<u8>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    request_id: Option<String>,
    identity_id: Option<Uuid>,
}

row!(Stored {
    id,
    hook,
    name,
    place,
    flow_id,
    kind,
    status,
    answered,
    millis,
    attempts,
    next_attempt_at,
    body,
    created_at,
    updated_at,
    request_id,
    identity_id
});

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select id, hook, name, place, flow_id, kind, status, answered, millis, attempts, next_attempt_at, body,
                created_at, updated_at, request_id, identity_id
            from hook_deliveries ",
            $rest
        )
    };
}

statements! {
    const INSERT: &str =
        "insert into hook_deliveries (id, hook, name, place, flow_id, kind, status, answered, millis,
            attempts, next_attempt_at, body, created_at, updated_at, request_id, identity_id)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
    const GET: &str = select!("where id = $1");
    // Each in the order of an index of its own: a full queue is not sorted anew for each few calls.
    const DUE_FIRST: &str = select!(
        "where attempts = 0 and status = 'queued' and next_attempt_at <= $1 order by next_attempt_at, created_at limit $2"
    );
    const DUE_LATER: &str = select!(
        "where attempts > 0 and status in ('queued', 'processing') and next_attempt_at <= $1
        order by next_attempt_at, created_at limit $2"
    );
    const CLAIM: &str = "update hook_deliveries
        set status = 'processing', attempts = attempts + 1, next_attempt_at = $3, updated_at = $4
        where id = $1 and attempts = $2 and status in ('queued', 'processing') and next_attempt_at <= $4";
    const FINISH: &str = "update hook_deliveries
        set status = $3, answered = $4, millis = $5, next_attempt_at = $6, body = $7, updated_at = $8
        where id = $1 and attempts = $2 and status = 'processing'";
    const AGAIN: &str = "update hook_deliveries set status = 'queued', next_attempt_at = $2, updated_at = $2
        where id = $1 and status = 'failed'";
    const OF_HOOK: &str = select!(
        "where hook = $1 and (created_at, id) < ($2, $3)
        order by created_at desc, id desc limit $4"
    );
    const WAITING: &str = "select (select count(*) from hook_deliveries where attempts = 0 and status = 'queued')
        + (select count(*) from hook_deliveries where attempts > 0 and status in ('queued', 'processing'))";
    const COUNTS: &str = "select place, status, count(*), max(created_at) from (
            select place, status, created_at from hook_deliveries where hook = $1
            order by created_at desc, id desc limit $2) newest
        group by place, status order by place, status";
    const DELETE_FINISHED: &str =
        "delete from hook_deliveries where id = $1 and status not in ('queued', 'processing')";
    const DELETE_QUEUED_FOR: &str =
        "delete from hook_deliveries where identity_id = $1 and status in ('queued', 'processing')";
    const DELETE_OLD: &str = "delete from hook_deliveries
        where id in (select id from hook_deliveries where created_at < $1 and status not in ('queued', 'processing')
            order by created_at limit $2)";
}

/// Unless it still waits to be called. Answers how many rows went.
pub async fn delete_finished(tx: &mut Tx, id: DeliveryId) -> Result<u64> {
    tx.execute(DELETE_FINISHED, &[&id.0]).await
}

pub async fn insert(tx: &mut Tx, delivery: &Delivery) -> Result<()> {
    tx.execute(
        INSERT,
        &[
            &delivery.id.0,
            &delivery.hook,
            &delivery.name,
            &delivery.place,
            &delivery.flow_id.map(|id| id.0),
            &delivery.kind.name(),
            &delivery.status.name(),
            &delivery.answered,
            &delivery.millis,
            &delivery.attempts,
            &delivery.next_attempt_at,
            &delivery.body,
            &delivery.created_at,
            &delivery.updated_at,
            &delivery.request_id,
            &delivery.identity_id.map(|id| id.0),
        ],
    )
    .await?;
    Ok(())
}

pub async fn get(tx: &mut Tx, id: DeliveryId) -> Result<Option<Delivery>> {
    tx.fetch_optional::<Stored>(GET, &[&id.0]).await?.map(Stored::read).transpose()
}

/// How many calls have not been made, or will be tried again.
pub async fn waiting(tx: &mut Tx) -> Result<i64> {
    let (count,) = tx.fetch_one(WAITING, &[]).await?;
    Ok(count)
}

/// Queued ones whose time has come, and those whose caller never came back. First attempts before further ones: a service that is
/// away doesn't delay other first calls.
pub async fn due(tx: &mut Tx, now: DateTime<Utc>, limit: i64) -> Result<Vec<Delivery>> {
    let mut due: Vec<Stored> = tx.fetch_all(DUE_FIRST, &[&now, &limit]).await?;
    let rest = limit - i64::try_from(due.len()).unwrap_or(limit);
    if rest > 0 {
        due.extend(tx.fetch_all::<Stored>(DUE_LATER, &[&now, &rest]).await?);
    }
    due.into_iter().map(Stored::read).collect()
}

/// Claims a delivery from [`due`] until `until`; `false` if another process was faster.
pub async fn claim(
    tx: &mut Tx,
    delivery: &Delivery,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<bool> {
    Ok(tx.execute(CLAIM, &[&delivery.id.0, &delivery.attempts, &until, &now]).await? == 1)
}

/// Records the result of a claimed delivery. `false` if the claim had expired and another process has it.
pub async fn finish(tx: &mut Tx, delivery: &Delivery) -> Result<bool> {
    let touched = tx
        .execute(
            FINISH,
            &[
                &delivery.id.0,
                &delivery.attempts,
                &delivery.status.name(),
                &delivery.answered,
                &delivery.millis,
                &delivery.next_attempt_at,
                &delivery.body,
                &delivery.updated_at,
            ],
        )
        .await?;
    Ok(touched == 1)
}

/// A failed one is due once more; `false` when it is none.
pub async fn again(tx: &mut Tx, id: DeliveryId, now: DateTime<Utc>) -> Result<bool> {
    Ok(tx.execute(AGAIN, &[&id.0, &now]).await? == 1)
}

/// Newest first, at most `limit`, those before `after`.
pub async fn of_hook(
    tx: &mut Tx,
    hook: &str,
    after: Option<(DateTime<Utc>, DeliveryId)>,
    limit: i64,
) -> Result<Vec<Delivery>> {
    // PostgreSQL refuses the character, so no hook has it.
    if hook.contains('\0') {
        return Ok(Vec::new());
    }
    // Far in the future; PostgreSQL and text columns both know it.
    let end = DateTime::from_timestamp(253_402_300_799, 0).unwrap_or_default();
    let (at, id) = after.map_or((end, Uuid::max()), |(at, id)| (at, id.0));
    let rows = tx.fetch_all::<Stored>(OF_HOOK, &[&hook, &at, &id, &limit]).await?;
    rows.into_iter().map(Stored::read).collect()
}

/// Of the latest calls of a hook, at most `limit`: a long log must not be read for three numbers.
pub async fn counts(tx: &mut Tx, hook: &str, limit: i64) -> Result<Vec<Count>> {
    // PostgreSQL refuses the character, so no hook has it.
    if hook.contains('\0') {
        return Ok(Vec::new());
    }
    let rows: Vec<(String, String, i64, DateTime<Utc>)> = tx.fetch_all(COUNTS, &[&hook, &limit]).await?;
    rows.into_iter()
        .map(|(place, status, count, last)| {
            Ok(Count { hook: hook.to_owned(), place, status: status_of(&status)?, count, last })
        })
        .collect()
}

/// Deletes the calls about an account that are not made yet; how many.
pub async fn delete_queued_for(tx: &mut Tx, identity: IdentityId) -> Result<u64> {
    tx.execute(DELETE_QUEUED_FOR, &[&identity.0]).await
}

/// At most `limit` of those made before `before`, but none that still waits; answers how many went.
pub async fn delete_old(tx: &mut Tx, before: DateTime<Utc>, limit: i64) -> Result<u64> {
    tx.execute(DELETE_OLD, &[&before, &limit]).await
}

fn status_of(text: &str) -> Result<Status> {
    Status::parse(text).ok_or_else(|| unreadable("hook_deliveries.status", text))
}

impl Stored {
    fn read(self) -> Result<Delivery> {
        Ok(Delivery {
            id: DeliveryId(self.id),
            hook: self.hook,
            name: self.name,
            place: self.place,
            flow_id: self.flow_id.map(FlowId),
            kind: Kind::parse(&self.kind).ok_or_else(|| unreadable("hook_deliveries.kind", &self.kind))?,
            status: status_of(&self.status)?,
            answered: self.answered,
            millis: self.millis,
            attempts: self.attempts,
            next_attempt_at: self.next_attempt_at,
            body: self.body,
            created_at: self.created_at,
            updated_at: self.updated_at,
            request_id: self.request_id,
            identity_id: self.identity_id.map(IdentityId),
        })
    }
}
