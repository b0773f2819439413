//! The operators' view: who is slowed down, and clearing it. Addresses are masked. An address that an operator enters is found by its
//! digest.

use super::subjects::Subjects;
use super::texts::DAY;
use super::{Limit, WINDOW, doubling};
use crate::config::Config;
use crate::engine::{Ctx, Engine};
use crate::error::Result;
use crate::requester::{Requester, WIDE_FACTOR};
use crate::store::audit;
use crate::store::limits::{self as rows, Counter};
use chrono::{DateTime, Utc};
use serde_json::json;
use std::net::IpAddr;

/// Rows that are looked at.
const MOST: i64 = 1000;

/// Who is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Whom {
    /// An email or username.
    Account(String),
    Client(IpAddr),
    /// The account of a counter, see [`Slowed::subject`].
    Subject(Vec<u8>),
    Everyone,
}

/// A counter that has reached its limit.
#[derive(Clone, PartialEq, Debug)]
pub struct Slowed {
    pub limit: Limit,
    /// `a…@example.org`. `None`: the limit counts no account, or nobody has the one that was typed.
    pub account: Option<String>,
    /// Whether it counts an account.
    pub of_account: bool,
    /// The keyed digest of the account, which tells nothing else.
    pub subject: Option<Vec<u8>>,
    pub client: Option<String>,
    pub count: i64,
    pub most: i64,
    pub last_at: DateTime<Utc>,
    /// When the next attempt may be made.
    pub until: DateTime<Utc>,
}

/// Those who are slowed down now, who was last so first.
pub async fn list(engine: &Engine, whom: &Whom) -> Result<Vec<Slowed>> {
    let ctx = engine.begin();
    let now = ctx.effects().now();
    let mut slowed = Vec::new();
    for (account, client) in wanted(&ctx, whom)? {
        let mut tx = ctx.db().single().await?;
        let counters = rows::list(&mut tx, account.as_deref(), client.as_deref(), MOST).await?;
        slowed.extend(counters.into_iter().filter_map(|counter| slowed_by(&ctx.config, counter, now)));
    }
    Ok(slowed)
}

/// Forgets what was counted, with an entry of the audit by `actor`. How many counters went. A server follows within seconds.
pub async fn clear(engine: &Engine, whom: &Whom, actor: &str) -> Result<u64> {
    let ctx = engine.begin();
    let now = ctx.effects().now();
    let mut tx = ctx.db().write().await?;
    let label = match whom {
        Whom::Subject(digest) => {
            let own = rows::list(&mut tx, Some(digest), None, MOST).await?;
            own.into_iter().find_map(|counter| counter.label)
        }
        Whom::Account(_) | Whom::Client(_) | Whom::Everyone => None,
    };
    let mut counters = 0;
    for (account, client) in wanted(&ctx, whom)? {
        counters += rows::clear(&mut tx, account.as_deref(), client.as_deref()).await?;
    }
    let of = match whom {
        // As operators see it everywhere: what was typed need not be anyone's address.
        Whom::Account(account) => json!({ "account": super::masked(account), "counters": counters }),
        Whom::Client(address) => json!({ "client": address.to_string(), "counters": counters }),
        Whom::Subject(_) => json!({ "account": label, "counters": counters }),
        Whom::Everyone => json!({ "everyone": true, "counters": counters }),
    };
    let entry =
        audit::Entry { at: now, actor: actor.to_owned(), action: "limits.clear".to_owned(), details: of };
    audit::append(&mut tx, &entry).await?;
    tx.commit().await?;
    Ok(counters)
}

/// The networks by which a client at that address is counted.
pub fn networks(address: IpAddr) -> Vec<String> {
    super::networks(&Requester::direct(address)).map(|(network, _)| network).collect()
}

/// By what rows are found: the key of an account, and a client's network.
type Wanted = (Option<Vec<u8>>, Option<String>);

fn wanted(ctx: &Ctx, whom: &Whom) -> Result<Vec<Wanted>> {
    Ok(match whom {
        Whom::Account(account) => vec![(Some(Subjects::of(&ctx.config)?.account(account)), None)],
        Whom::Client(address) => {
            let requester = Requester::direct(*address);
            super::networks(&requester).map(|(network, _)| (None, Some(network))).collect()
        }
        Whom::Subject(digest) => vec![(Some(digest.clone()), None)],
        Whom::Everyone => vec![(None, None)],
    })
}

fn slowed_by(config: &Config, counter: Counter, now: DateTime<Utc>) -> Option<Slowed> {
    let limit = Limit::parse(&counter.scope)?;
    let keys = &config.vestibule.limits;
    let factor = match &counter.client {
        Some(network) if network.ends_with("/48") => i64::from(WIDE_FACTOR),
        Some(_) | None => 1,
    };
    let most = factor
        * match limit {
            Limit::Passwords => keys.passwords.attempts,
            Limit::PasswordClients => keys.passwords.account_clients,
            Limit::PasswordAccounts => keys.passwords.accounts_per_client,
            Limit::Codes => keys.codes.per_address_and_client,
            Limit::CodesOfAddress => keys.codes.per_address,
            // They only ever add to what is allowed.
            Limit::CodesReserved | Limit::EmailsOfFlow => return None,
            Limit::Emails => keys.emails.per_address_and_client,
            Limit::EmailsToAddress => keys.emails.per_address,
            Limit::EmailsOfClient => keys.emails.per_client,
            Limit::EmailsInAll => keys.emails.total,
            Limit::TextsToNumber => keys.texts.per_number,
            Limit::TextsOfClient => keys.texts.per_client,
            Limit::TextsInAll => keys.texts.total,
            Limit::SignUps => keys.sign_ups_per_client,
            Limit::Flows => keys.flows_per_client,
        };
    let (forgotten, until) = match limit {
        Limit::Passwords => {
            let delay = doubling(counter.count - most, keys.passwords.max_delay);
            (counter.last_at + WINDOW, counter.last_at + delay)
        }
        Limit::PasswordClients => {
            let delay = doubling(counter.count - most, keys.passwords.account_max_delay);
            (counter.last_at + WINDOW, counter.last_at + delay)
        }
        Limit::PasswordAccounts => {
            let delay = doubling(counter.count - most, keys.passwords.max_delay);
            (counter.began_at + WINDOW, counter.last_at + delay)
        }
        Limit::TextsToNumber | Limit::TextsOfClient | Limit::TextsInAll => {
            (counter.began_at + DAY, counter.began_at + DAY)
        }
        Limit::Codes
        | Limit::CodesOfAddress
        | Limit::CodesReserved
        | Limit::Emails
        | Limit::EmailsToAddress
        | Limit::EmailsOfFlow
        | Limit::EmailsOfClient
        | Limit::EmailsInAll
        | Limit::SignUps
        | Limit::Flows => (counter.began_at + WINDOW, counter.began_at + WINDOW),
    };
    let reached = keys.enabled && counter.count >= most && forgotten > now;
    reached.then(|| Slowed {
        limit,
        of_account: counter.account.is_some(),
        subject: counter.account,
        account: counter.label,
        client: counter.client,
        count: counter.count,
        most,
        last_at: counter.last_at,
        until,
    })
}
