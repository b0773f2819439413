//! Rows of emails and text messages: the queue, and their delivery status.
use super::{Tx, unreadable};
use crate::error::Result;
use crate::identity::Via;
use crate::ids::MessageId;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Kratos: courier/message.go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    Queued,
    /// A process is sending it; when the claim expires, it is due again.
    Processing,
    Sent,
    /// Given up.
    Abandoned,
}

impl Status {
    pub const ALL: [Status; 4] = [Status::Queued, Status::Processing, Status::Sent, Status::Abandoned];

    pub fn name(self) -> &'static str {
        match self {
            Status::Queued => "queued",
            Status::Processing => "processing",
            Status::Sent => "sent",
            Status::Abandoned => "abandoned",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Status::ALL.into_iter().find(|status| status.name() == name)
    }
}

#[derive(Clone, PartialEq, Debug)]
pub struct Message {
    pub id: MessageId,
    pub status: Status,
    /// How it is sent.
    pub via: Via,
    pub recipient: String,
    /// Kratos' name of the template, such as `verification_code_valid`.
    pub template: String,
    pub subject: String,
    /// Sealed.
    pub body: Vec<u8>,
    /// How often sending was begun.
    pub send_count: i64,
    /// `Queued`: not before. `Processing`: the claim's end.
    pub next_attempt_at: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// One try.
#[derive(Clone, PartialEq, Debug)]
pub struct Dispatch {
    pub id: Uuid,
    /// `success` or `failed`
    pub status: String,
    pub error: Option<String>,
    pub created_at: DateTime<Utc>,
}

row!(Dispatch { id, status, error, created_at });

/// Which messages a list holds.
#[derive(Clone, Default, Debug)]
pub struct Filter {
    pub status: Option<Status>,
    pub recipient: Option<String>,
    /// After this one, in the order of the list.
    pub after: Option<(DateTime<Utc>, MessageId)>,
}

struct Stored {
    id: Uuid,
    status: String,
    kind: String,
    recipient: String,
    template: String,
    subject: String,
    body: Vec<u8>,
    send_count: i64,
    next_attempt_at: DateTime<Utc>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

row!(Stored {
    id,
    status,
    kind,
    recipient,
    template,
    subject,
    body,
    send_count,
    next_attempt_at,
    created_at,
    updated_at
});

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select id, status, kind, recipient, template, subject, body, send_count, next_attempt_at, created_at, updated_at
            from courier_messages ",
            $rest
        )
    };
}

statements! {
    const INSERT: &str =
        "insert into courier_messages (id, status, kind, recipient, template, subject, body, send_count,
            next_attempt_at, created_at, updated_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    const WITHDRAW: &str = "delete from courier_messages where id = $1 and status = 'queued'";
    const GET: &str = select!("where id = $1");
    const DUE: &str = select!(
        "where status in ('queued', 'processing') and next_attempt_at <= $1 order by next_attempt_at, created_at limit $2"
    );
    const DUE_OF: &str = select!(
        "where status in ('queued', 'processing') and next_attempt_at <= $1 and kind = $3
        order by next_attempt_at, created_at limit $2"
    );
    const CLAIM: &str = "update courier_messages
        set status = 'processing', send_count = send_count + 1, next_attempt_at = $3, updated_at = $4
        where id = $1 and send_count = $2 and status in ('queued', 'processing') and next_attempt_at <= $4";
    const FINISH: &str = "update courier_messages
        set status = $3, body = $4, next_attempt_at = $5, updated_at = $6, template = $7, subject = $8
        where id = $1 and send_count = $2 and status = 'processing'";
    const LIST: &str = select!(
        "where (created_at, id) < ($1, $2) order by created_at desc, id desc limit $3"
    );
    const LIST_SENT: &str = select!(
        "where status = 'sent' and (created_at, id) < ($1, $2) order by created_at desc, id desc limit $3"
    );
    const LIST_UNSENT: &str = select!(
        "where status <> 'sent' and status = $3 and (created_at, id) < ($1, $2) order by created_at desc, id desc limit $4"
    );
    const LIST_TO: &str = select!(
        "where recipient = $3 and status like $4 and (created_at, id) < ($1, $2)
        order by created_at desc, id desc limit $5"
    );
    const HELD: &str = select!("where status <> 'sent' order by created_at desc, id desc limit $1");
    const WAITING: &str = "select count(*) from courier_messages where status in ('queued', 'processing')";
    const LAST_SENT: &str =
        "select updated_at from courier_messages where status = 'sent' order by created_at desc, id desc limit 1";
    const FAILING: &str = "select count(case when status = 'abandoned' and send_count = 1 then 1 end),
            count(case when status = 'abandoned' and send_count = 1 then null else 1 end)
        from courier_messages
        where status <> 'sent' and updated_at > $1 and ((status = 'queued' and send_count > 0) or (status = 'processing' and send_count > 1)
            or status = 'abandoned')";
    const INSERT_DISPATCH: &str = "insert into courier_dispatches (id, message_id, status, error, created_at)
        values ($1, $2, $3, $4, $5)";
    const DISPATCHES: &str = "select id, status, error, created_at from courier_dispatches where message_id = $1 order by created_at, id";
    // Of the messages of HELD.
    const FAILURES: &str = "select d.message_id, d.error from courier_dispatches d
        where d.error is not null and d.message_id in (select id from courier_messages where status <> 'sent'
            order by created_at desc, id desc limit $1)
        order by d.message_id, d.created_at, d.id";
    const COUNT_SINCE: &str = "select count(*) from courier_messages
        where recipient = $1 and created_at > $2 and template in ($3, $4, $5)";
    // An invitation is an operator's, whoever has the address.
    const DELETE_QUEUED_TO: &str = "delete from courier_messages
        where recipient = $1 and status in ('queued', 'processing') and template <> 'invitation'";
    const DELETE_OLD: &str = "delete from courier_messages
        where id in (select id from courier_messages where created_at < $1 order by created_at limit $2)";
}

/// Deletes a message whose delivery hasn't begun.
pub async fn withdraw(tx: &mut Tx, id: MessageId) -> Result<()> {
    tx.execute(WITHDRAW, &[&id.0]).await.map(drop)
}

pub async fn insert(tx: &mut Tx, message: &Message) -> Result<()> {
    tx.execute(
        INSERT,
        &[
            &message.id.0,
            &message.status.name(),
            &message.via.name(),
            &message.recipient,
            &message.template,
            &message.subject,
            &message.body,
            &message.send_count,
            &message.next_attempt_at,
            &message.created_at,
            &message.updated_at,
        ],
    )
    .await?;
    Ok(())
}

pub async fn get(tx: &mut Tx, id: MessageId) -> Result<Option<Message>> {
    tx.fetch_optional::<Stored>(GET, &[&id.0]).await?.map(Stored::read).transpose()
}

/// Queued ones whose time has come, and those whose sender never came back. Oldest first. `via`: those alone, so that what has no
/// route takes no place of what has one.
pub async fn due(tx: &mut Tx, now: DateTime<Utc>, limit: i64, via: Option<Via>) -> Result<Vec<Message>> {
    let rows: Vec<Stored> = match via {
        None => tx.fetch_all(DUE, &[&now, &limit]).await?,
        Some(via) => tx.fetch_all(DUE_OF, &[&now, &limit, &via.name()]).await?,
    };
    rows.into_iter().map(Stored::read).collect()
}

/// Claims a message from [`due`] until `until`; `false` if another process was faster.
pub async fn claim(tx: &mut Tx, message: &Message, until: DateTime<Utc>, now: DateTime<Utc>) -> Result<bool> {
    Ok(tx.execute(CLAIM, &[&message.id.0, &message.send_count, &until, &now]).await? == 1)
}

/// Writes what became of a claimed message: status, template, subject, body, next try. `false` when the claim had run out and somebody
/// else has it.
pub async fn finish(tx: &mut Tx, message: &Message) -> Result<bool> {
    let touched = tx
        .execute(
            FINISH,
            &[
                &message.id.0,
                &message.send_count,
                &message.status.name(),
                &message.body,
                &message.next_attempt_at,
                &message.updated_at,
                &message.template,
                &message.subject,
            ],
        )
        .await?;
    Ok(touched == 1)
}

/// Newest first, at most `limit`.
pub async fn list(tx: &mut Tx, filter: &Filter, limit: i64) -> Result<Vec<Message>> {
    // Far in the future; PostgreSQL and text columns both know it.
    let end = DateTime::from_timestamp(253_402_300_799, 0).unwrap_or_default();
    let (at, id) = filter.after.map_or((end, Uuid::max()), |(at, id)| (at, id.0));
    let rows: Vec<Stored> = match (filter.recipient.as_deref().unwrap_or_default(), filter.status) {
        ("", None) => tx.fetch_all(LIST, &[&at, &id, &limit]).await?,
        ("", Some(Status::Sent)) => tx.fetch_all(LIST_SENT, &[&at, &id, &limit]).await?,
        ("", Some(status)) => tx.fetch_all(LIST_UNSENT, &[&at, &id, &status.name(), &limit]).await?,
        // PostgreSQL refuses the character.
        (recipient, _) if recipient.contains('\0') => Vec::new(),
        (recipient, status) => {
            let status = status.map_or("%", Status::name);
            tx.fetch_all(LIST_TO, &[&at, &id, &recipient, &status, &limit]).await?
        }
    };
    rows.into_iter().map(Stored::read).collect()
}

/// Unsent messages: queued or failed. Newest first, at most `limit`.
pub async fn held(tx: &mut Tx, limit: i64) -> Result<Vec<Message>> {
    tx.fetch_all::<Stored>(HELD, &[&limit]).await?.into_iter().map(Stored::read).collect()
}

/// What the newest attempt that failed came to, for those of [`held`] that have one.
pub async fn failures(tx: &mut Tx, limit: i64) -> Result<BTreeMap<Uuid, String>> {
    let rows: Vec<(Uuid, String)> = tx.fetch_all(FAILURES, &[&limit]).await?;
    // Oldest first: the last one of a message stays.
    Ok(rows.into_iter().collect())
}

/// How many are yet to leave.
pub async fn waiting(tx: &mut Tx) -> Result<i64> {
    let (count,) = tx.fetch_one(WAITING, &[]).await?;
    Ok(count)
}

/// When the latest email was sent.
pub async fn last_sent(tx: &mut Tx) -> Result<Option<DateTime<Utc>>> {
    Ok(tx.fetch_optional::<(DateTime<Utc>,)>(LAST_SENT, &[]).await?.map(|(at,)| at))
}

/// Mails whose newest try failed after `since`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Failing {
    /// Refused for good at the first try.
    pub refused: i64,
    /// Failed attempts, due again or finally failed.
    pub tried: i64,
}

pub async fn failing(tx: &mut Tx, since: DateTime<Utc>) -> Result<Failing> {
    let (refused, tried) = tx.fetch_one(FAILING, &[&since]).await?;
    Ok(Failing { refused, tried })
}

pub async fn insert_dispatch(tx: &mut Tx, message: MessageId, dispatch: &Dispatch) -> Result<()> {
    tx.execute(
        INSERT_DISPATCH,
        &[&dispatch.id, &message.0, &dispatch.status, &dispatch.error, &dispatch.created_at],
    )
    .await?;
    Ok(())
}

/// Oldest first.
pub async fn dispatches(tx: &mut Tx, message: MessageId) -> Result<Vec<Dispatch>> {
    tx.fetch_all(DISPATCHES, &[&message.0]).await
}

/// Mails of those two kinds to `recipient`, made after `since`.
pub async fn count_since(
    tx: &mut Tx,
    recipient: &str,
    since: DateTime<Utc>,
    templates: [&str; 3],
) -> Result<i64> {
    let (count,): (i64,) =
        tx.fetch_one(COUNT_SINCE, &[&recipient, &since, &templates[0], &templates[1], &templates[2]]).await?;
    Ok(count)
}

/// Deletes emails to `recipient` that were not sent yet; how many.
pub async fn delete_queued_to(tx: &mut Tx, recipient: &str) -> Result<u64> {
    tx.execute(DELETE_QUEUED_TO, &[&recipient]).await
}

/// At most `limit` of those made before `before`, with their tries; answers how many went.
pub async fn delete_old(tx: &mut Tx, before: DateTime<Utc>, limit: i64) -> Result<u64> {
    tx.execute(DELETE_OLD, &[&before, &limit]).await
}

impl Stored {
    fn read(self) -> Result<Message> {
        Ok(Message {
            id: MessageId(self.id),
            status: Status::parse(&self.status)
                .ok_or_else(|| unreadable("courier_messages.status", &self.status))?,
            via: Via::parse(&self.kind).ok_or_else(|| unreadable("courier_messages.kind", &self.kind))?,
            recipient: self.recipient,
            template: self.template,
            subject: self.subject,
            body: self.body,
            send_count: self.send_count,
            next_attempt_at: self.next_attempt_at,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}
