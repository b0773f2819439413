//! One user with everything that belongs to the account: its sessions and the emails to its addresses.

use super::User;
use crate::engine::Ctx;
use crate::error::Result;
use crate::ids::{IdentityId, SessionId};
use crate::session::Session;
use crate::store::messages::{self, Filter, Status};
use crate::store::{Tx, identities, sessions};
use chrono::{DateTime, Utc};
use std::cmp::Reverse;
use std::collections::BTreeSet;
use uuid::Uuid;

/// So many sessions and emails are shown.
const SHOWN: i64 = 20;

/// At most so many of the user's addresses are looked up among the emails.
const ADDRESSES: usize = 20;

#[derive(Debug)]
pub struct Detail {
    pub user: User,
    /// The newest active ones, and how many there are.
    pub sessions: Vec<Session>,
    pub session_count: i64,
    /// The newest ones.
    pub emails: Vec<Email>,
}

/// An email without its body.
#[derive(Clone, Debug)]
pub struct Email {
    pub to: String,
    pub subject: String,
    pub status: Status,
    pub attempts: i64,
    pub created_at: DateTime<Utc>,
}

/// `None`: no user has that ID.
pub async fn detail(ctx: &Ctx, id: IdentityId) -> Result<Option<Detail>> {
    let now = ctx.effects().now();
    let mut tx = ctx.db().read().await?;
    let Some(identity) = identities::get(&mut tx, id).await? else { return Ok(None) };
    let credentials = identities::credentials(&mut tx, id).await?;
    let none = SessionId(Uuid::nil());
    let session_count = sessions::count_others(&mut tx, id, none, now).await?;
    let sessions = sessions::list_others(&mut tx, id, none, now, SHOWN, 0).await?;
    let user = User { identity, credentials };
    let emails = emails(&mut tx, &user).await?;
    Ok(Some(Detail { user, sessions, session_count, emails }))
}

async fn emails(tx: &mut Tx, user: &User) -> Result<Vec<Email>> {
    let mut found = Vec::new();
    for address in addresses(user).into_iter().take(ADDRESSES) {
        let filter = Filter { recipient: Some(address), ..Filter::default() };
        found.extend(messages::list(tx, &filter, SHOWN).await?);
    }
    found.sort_by_key(|message| Reverse((message.created_at, message.id)));
    found.truncate(usize::try_from(SHOWN).unwrap_or(usize::MAX));
    let email = |message: messages::Message| Email {
        to: message.recipient,
        subject: message.subject,
        status: message.status,
        attempts: message.send_count,
        created_at: message.created_at,
    };
    Ok(found.into_iter().map(email).collect())
}

/// Each address of the user once.
pub(super) fn addresses(user: &User) -> BTreeSet<String> {
    let verifiable = user.identity.verifiable_addresses.iter().map(|address| &address.value);
    let recovery = user.identity.recovery_addresses.iter().map(|address| &address.value);
    verifiable.chain(recovery).cloned().collect()
}
