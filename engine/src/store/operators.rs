//! Rows of operators, their sessions, single-use links and failed sign-ins. Secrets, tokens and emails entered at sign-in are hashed
//! before they get here.
use super::{Tx, unreadable};
use crate::error::Result;
use crate::ids::OperatorId;
use crate::model::{Operator, OperatorSession, Role};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// What a one-time link is good for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Link {
    /// Makes the first operator.
    Setup,
    /// Sets a new password.
    Reset,
    /// Creates another operator; it belongs to the owner who sends it.
    Invitation,
}

/// Whose failed sign-ins are counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// Of a client, for all emails.
    Client,
    /// Of a client, or of a known device, as one operator.
    Operator,
    /// Clients that tried an operator's address.
    Email,
}

macro_rules! columns {
    () => {
        "o.id, o.email, o.name, o.role, o.disabled, o.created_at"
    };
}

statements! {
    const INSERT: &str = "insert into operators (id, email, name, role, password_hash, disabled, created_at)
        values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing";
    const COUNT: &str = "select count(*) from operators";
    const LIST: &str = concat!("select ", columns!(), " from operators o order by o.created_at, o.email");
    const GET: &str = concat!("select ", columns!(), " from operators o where o.id = $1");
    const BY_EMAIL: &str =
        concat!("select ", columns!(), ", o.password_hash from operators o where o.email = $1");
    const CONFIRM: &str =
        "update operators set password_hash = $3 where id = $1 and password_hash = $2 and not disabled";
    const SET_PASSWORD: &str = "update operators set password_hash = $2 where id = $1 and not disabled";
    const LOCK_OWNERS: &str = "update operators set disabled = disabled where role = 'owner' and not disabled";
    const DISABLE: &str = "update operators set disabled = true where id = $1";
    const SET_ROLE: &str = "update operators set role = $2 where id = $1";
    const ENABLE: &str = "update operators set disabled = false where id = $1 and disabled";

    const INSERT_SESSION: &str = "insert into operator_sessions
            (token_hash, operator_id, address, authenticated_at, expires_at, ended_at)
        values ($1, $2, $3, $4, $5, null)";
    const SESSION: &str = concat!(
        "select ",
        columns!(),
        ", s.authenticated_at, s.expires_at from operator_sessions s join operators o on o.id = s.operator_id
          where s.token_hash = $1 and s.ended_at is null and s.expires_at > $2 and not o.disabled"
    );
    const AUTHENTICATED: &str =
        "update operator_sessions set authenticated_at = $2 where token_hash = $1 and ended_at is null";
    const END_SESSION: &str = "update operator_sessions set ended_at = $2
        where token_hash = $1 and ended_at is null returning operator_id";
    const END_SESSIONS: &str =
        "update operator_sessions set ended_at = $2 where operator_id = $1 and ended_at is null";
    const SIGNED_IN_FROM: &str = "select count(*) from operator_sessions
        where operator_id = $1 and address = $2 and authenticated_at > $3";
    const FORGET_SESSIONS: &str =
        "delete from operator_sessions where operator_id = $1 and authenticated_at < $2";

    const INSERT_LINK: &str = "insert into operator_links (secret_hash, kind, operator_id, expires_at, used_at)
        values ($1, $2, $3, $4, null)";
    const DROP_SETUP_LINKS: &str = "delete from operator_links where kind = 'setup' and used_at is null";
    const DROP_RESET_LINKS: &str = "delete from operator_links
        where kind = 'reset' and operator_id = $1 and used_at is null";
    const DROP_INVITATIONS: &str = "delete from operator_links
        where kind = 'invitation' and operator_id = $1 and used_at is null";
    const LINK_IS_VALID: &str = "select count(*) from operator_links
        where secret_hash = $1 and kind = $2 and used_at is null and expires_at > $3";
    const BURN_LINK: &str = "update operator_links set used_at = $3
        where secret_hash = $1 and kind = $2 and used_at is null and expires_at > $3 returning operator_id";

    // The no-op of the conflict locks the row on PostgreSQL until the transaction ends.
    const LOCK_FAILURES: &str =
        "insert into operator_failures (scope, key, failures, last_at) values ($1, $2, -1, $3)
        on conflict (scope, key) do update set
            failures = case when operator_failures.last_at < $4 then -1 else operator_failures.failures end,
            last_at = case when operator_failures.last_at < $4 then $3 else operator_failures.last_at end
        returning failures, last_at";
    const SET_FAILURES: &str =
        "update operator_failures set failures = $3, last_at = $4 where scope = $1 and key = $2";
    const FORGIVE_ONE: &str = "update operator_failures set failures = failures - 1
        where scope = $1 and key = $2 and failures > 0";
    const FORGET_FAILURES: &str = "delete from operator_failures where scope = $1 and key = $2";
    const FORGET_OLD_FAILURES: &str = "delete from operator_failures where last_at < $1";
}

struct Stored {
    id: Uuid,
    email: String,
    name: String,
    role: String,
    disabled: bool,
    created_at: DateTime<Utc>,
}

row!(Stored { id, email, name, role, disabled, created_at });

struct WithPassword {
    operator: Stored,
    password_hash: String,
}

row!(WithPassword { password_hash }, operator);

struct WithSession {
    operator: Stored,
    authenticated_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

row!(WithSession { authenticated_at, expires_at }, operator);

/// `false`: the address is taken.
pub async fn insert(tx: &mut Tx, operator: &Operator, password_hash: &str) -> Result<bool> {
    let made = tx
        .execute(
            INSERT,
            &[
                &operator.id.0,
                &operator.email,
                &operator.name,
                &operator.role.name(),
                &password_hash,
                &operator.disabled,
                &operator.created_at,
            ],
        )
        .await?;
    Ok(made == 1)
}

/// Whether there is any, disabled ones included.
pub async fn exists(tx: &mut Tx) -> Result<bool> {
    let (count,): (i64,) = tx.fetch_one(COUNT, &[]).await?;
    Ok(count > 0)
}

/// Oldest first.
pub async fn list(tx: &mut Tx) -> Result<Vec<Operator>> {
    tx.fetch_all::<Stored>(LIST, &[]).await?.into_iter().map(Stored::read).collect()
}

pub async fn get(tx: &mut Tx, id: OperatorId) -> Result<Option<Operator>> {
    tx.fetch_optional::<Stored>(GET, &[&id.0]).await?.map(Stored::read).transpose()
}

/// With the password's hash. `email` is normalised.
pub async fn by_email(tx: &mut Tx, email: &str) -> Result<Option<(Operator, String)>> {
    // PostgreSQL refuses the character, so nobody has it.
    if email.contains('\0') {
        return Ok(None);
    }
    let Some(row) = tx.fetch_optional::<WithPassword>(BY_EMAIL, &[&email]).await? else { return Ok(None) };
    Ok(Some((row.operator.read()?, row.password_hash)))
}

/// Whether the password is still `was` and the operator may sign in; stores `new`, which may be the same.
pub async fn confirm_password(tx: &mut Tx, id: OperatorId, was: &str, new: &str) -> Result<bool> {
    Ok(tx.execute(CONFIRM, &[&id.0, &was, &new]).await? == 1)
}

/// `false`: unknown or disabled.
pub async fn set_password(tx: &mut Tx, id: OperatorId, password_hash: &str) -> Result<bool> {
    Ok(tx.execute(SET_PASSWORD, &[&id.0, &password_hash]).await? == 1)
}

/// The number of active owners; it can't change before this transaction ends.
pub async fn lock_active_owners(tx: &mut Tx) -> Result<u64> {
    tx.execute(LOCK_OWNERS, &[]).await
}

pub async fn disable(tx: &mut Tx, id: OperatorId) -> Result<bool> {
    Ok(tx.execute(DISABLE, &[&id.0]).await? == 1)
}

/// `false`: unknown, or not disabled.
pub async fn enable(tx: &mut Tx, id: OperatorId) -> Result<bool> {
    Ok(tx.execute(ENABLE, &[&id.0]).await? == 1)
}

pub async fn set_role(tx: &mut Tx, id: OperatorId, role: Role) -> Result<()> {
    tx.execute(SET_ROLE, &[&id.0, &role.name()]).await?;
    Ok(())
}

/// `address` is the client's, if one is known.
pub async fn insert_session(
    tx: &mut Tx,
    token_hash: &[u8],
    operator: OperatorId,
    address: Option<&str>,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<()> {
    let address = address.map(str::to_owned);
    tx.execute(INSERT_SESSION, &[&token_hash, &operator.0, &address, &now, &expires_at]).await?;
    Ok(())
}

/// Not when it ended, expired, or the operator was disabled. One statement.
pub async fn session(tx: &mut Tx, token_hash: &[u8], now: DateTime<Utc>) -> Result<Option<OperatorSession>> {
    let Some(row) = tx.fetch_optional::<WithSession>(SESSION, &[&token_hash, &now]).await? else {
        return Ok(None);
    };
    Ok(Some(OperatorSession {
        operator: row.operator.read()?,
        authenticated_at: row.authenticated_at,
        expires_at: row.expires_at,
        token_hash: token_hash.to_owned(),
    }))
}

/// Its operator has shown once more who they are.
pub async fn authenticated(tx: &mut Tx, token_hash: &[u8], now: DateTime<Utc>) -> Result<()> {
    tx.execute(AUTHENTICATED, &[&token_hash, &now]).await?;
    Ok(())
}

/// Whose it was; `None` when it had ended before.
pub async fn end_session(tx: &mut Tx, token_hash: &[u8], now: DateTime<Utc>) -> Result<Option<OperatorId>> {
    let ended: Option<(Uuid,)> = tx.fetch_optional(END_SESSION, &[&token_hash, &now]).await?;
    Ok(ended.map(|(id,)| OperatorId(id)))
}

/// How many went.
pub async fn end_sessions(tx: &mut Tx, operator: OperatorId, now: DateTime<Utc>) -> Result<u64> {
    tx.execute(END_SESSIONS, &[&operator.0, &now]).await
}

/// Whether that operator signed in from that address after `since`.
pub async fn signed_in_from(
    tx: &mut Tx,
    operator: OperatorId,
    address: &str,
    since: DateTime<Utc>,
) -> Result<bool> {
    let (count,): (i64,) = tx.fetch_one(SIGNED_IN_FROM, &[&operator.0, &address, &since]).await?;
    Ok(count > 0)
}

/// Removes that operator's sessions that began earlier than `before`.
pub async fn forget_sessions(tx: &mut Tx, operator: OperatorId, before: DateTime<Utc>) -> Result<u64> {
    tx.execute(FORGET_SESSIONS, &[&operator.0, &before]).await
}

/// `operator` is `None` for the set-up link. Earlier ones that were not used stop working.
pub async fn replace_link(
    tx: &mut Tx,
    kind: Link,
    operator: Option<OperatorId>,
    secret_hash: &[u8],
    expires_at: DateTime<Utc>,
) -> Result<()> {
    drop_links(tx, kind, operator).await?;
    let operator = operator.map(|id| id.0);
    tx.execute(INSERT_LINK, &[&secret_hash, &kind.name(), &operator, &expires_at]).await?;
    Ok(())
}

/// Removes the links that were not used.
pub async fn drop_links(tx: &mut Tx, kind: Link, operator: Option<OperatorId>) -> Result<u64> {
    match kind {
        Link::Setup => tx.execute(DROP_SETUP_LINKS, &[]).await,
        Link::Reset => tx.execute(DROP_RESET_LINKS, &[&operator.map(|id| id.0)]).await,
        Link::Invitation => tx.execute(DROP_INVITATIONS, &[&operator.map(|id| id.0)]).await,
    }
}

/// Whether [`burn_link`] would accept it.
pub async fn link_is_valid(tx: &mut Tx, kind: Link, secret_hash: &[u8], now: DateTime<Utc>) -> Result<bool> {
    let (count,): (i64,) = tx.fetch_one(LINK_IS_VALID, &[&secret_hash, &kind.name(), &now]).await?;
    Ok(count > 0)
}

/// Uses the link up, of many at once for one only. `None`: unknown, used or expired; else whose it is.
pub async fn burn_link(
    tx: &mut Tx,
    kind: Link,
    secret_hash: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<Option<OperatorId>>> {
    let burned: Option<(Option<Uuid>,)> =
        tx.fetch_optional(BURN_LINK, &[&secret_hash, &kind.name(), &now]).await?;
    Ok(burned.map(|(operator,)| operator.map(OperatorId)))
}

/// What is counted of one key.
#[derive(Clone, Copy, Debug)]
pub struct Failures {
    pub failures: i64,
    /// Of a new one: `now`.
    pub last_at: DateTime<Utc>,
    /// Nothing was set for the key since.
    pub is_new: bool,
}

/// Nothing can change it before this transaction ends; what is older than `since` counts as new. Take [`Scope::Client`] before
/// [`Scope::Operator`] and that before [`Scope::Email`], so that two never wait for each other.
pub async fn lock_failures(
    tx: &mut Tx,
    scope: Scope,
    key: &[u8],
    now: DateTime<Utc>,
    since: DateTime<Utc>,
) -> Result<Failures> {
    let (failures, last_at): (i64, DateTime<Utc>) =
        tx.fetch_one(LOCK_FAILURES, &[&scope.name(), &key, &now, &since]).await?;
    Ok(Failures { failures: failures.max(0), last_at, is_new: failures < 0 })
}

pub async fn set_failures(
    tx: &mut Tx,
    scope: Scope,
    key: &[u8],
    failures: i64,
    last_at: DateTime<Utc>,
) -> Result<()> {
    tx.execute(SET_FAILURES, &[&scope.name(), &key, &failures, &last_at]).await?;
    Ok(())
}

/// One attempt less.
pub async fn forgive_failure(tx: &mut Tx, scope: Scope, key: &[u8]) -> Result<()> {
    tx.execute(FORGIVE_ONE, &[&scope.name(), &key]).await?;
    Ok(())
}

pub async fn forget_failures(tx: &mut Tx, scope: Scope, key: &[u8]) -> Result<()> {
    tx.execute(FORGET_FAILURES, &[&scope.name(), &key]).await?;
    Ok(())
}

/// How many went.
pub async fn forget_old_failures(tx: &mut Tx, before: DateTime<Utc>) -> Result<u64> {
    tx.execute(FORGET_OLD_FAILURES, &[&before]).await
}

impl Stored {
    fn read(self) -> Result<Operator> {
        Ok(Operator {
            id: OperatorId(self.id),
            email: self.email,
            name: self.name,
            role: Role::parse(&self.role).ok_or_else(|| unreadable("operators.role", &self.role))?,
            disabled: self.disabled,
            created_at: self.created_at,
        })
    }
}

impl Link {
    fn name(self) -> &'static str {
        match self {
            Link::Setup => "setup",
            Link::Reset => "reset",
            Link::Invitation => "invitation",
        }
    }
}

impl Scope {
    fn name(self) -> &'static str {
        match self {
            Scope::Client => "client",
            Scope::Operator => "operator",
            Scope::Email => "email",
        }
    }
}
