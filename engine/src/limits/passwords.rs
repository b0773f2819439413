//! Wrong passwords. An attempt is checked and counted before the password is hashed, so that simultaneous attempts get no more than
//! sequential ones. A correct password removes the attempt from the count.
//!
//! - One client and one account: some wrong passwords are free, then each one doubles the delay, up to one minute.
//! - The account as a whole: after wrong passwords from many clients, each further client waits at most half a minute before its first
//!   attempt and between attempts. Each client waits only for its own attempts, so an attacker can't block other clients.
//! - One client and many accounts: after only wrong passwords for many accounts, each further account costs the client a delay. An office
//!   shares an IP address, so an account with a correct password doesn't count.
//!
//! A browser that signed in to the account before has a count of its own, which other clients don't affect. An app in a network from which
//! the account signed in before is counted by that network, which other clients don't affect either.

use super::subjects::{Subjects, masked};
use super::{Limit, Standing, WINDOW, doubling, networks, own};
use crate::engine::Ctx;
use crate::error::Result;
use crate::leases::seconds_until;
use crate::requester::Requester;
use crate::store::Tx;
use crate::store::limits::{self as rows, Count, Subject};
use chrono::{DateTime, TimeDelta, Utc};
use std::cmp::Ordering;

/// An attempt that was counted.
#[derive(Debug, Default)]
pub struct Attempt {
    /// The account, for this client or device.
    own: Option<Subject>,
    /// The same for a network that is wider than one client.
    wide: Option<Subject>,
    /// Of all clients for this account, and of this client for all accounts.
    shared: Vec<Subject>,
    /// Whether it counted in those, too.
    first: bool,
}

#[derive(Debug)]
pub enum Judged {
    /// The password may be compared. See [`Attempt::right`] and [`Attempt::undo`].
    Compare(Box<Attempt>),
    /// Nothing was counted. So many seconds are left.
    TooEarly(u32),
}

/// Which rule a row is asked by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// By account and client, with what the limit is multiplied by.
    Own(i64),
    /// By account.
    Account,
    /// By client, with the same.
    Client(i64),
}

struct Held {
    rule: Rule,
    subject: Subject,
    count: Count,
}

/// `identifier` as it was typed. `exists`: it belongs to an account.
pub async fn judge(
    ctx: &Ctx,
    requester: &Requester,
    standing: Standing,
    identifier: &str,
    exists: bool,
) -> Result<Judged> {
    let keys = &ctx.config.vestibule.limits;
    if !keys.enabled {
        return Ok(Judged::Compare(Box::default()));
    }
    let limits = keys.passwords;
    let now = ctx.effects().now();
    let mut tx = ctx.db().write_relaxed().await?;
    let held = lock(ctx, &mut tx, (requester, standing), (identifier, exists), now).await?;
    let find = |wanted: Rule| held.iter().find(|held| held.rule == wanted);
    let by_itself = find(Rule::Own(1));
    let failures = |held: &Held| if now - held.count.last_at < WINDOW { held.count.count } else { 0 };
    let is_new = by_itself.is_none_or(|own| failures(own) == 0);

    let mut next = now;
    let mut waits_for_itself = false;
    for held in &held {
        let (since, delay) = match held.rule {
            Rule::Own(factor) => {
                (held.count.last_at, doubling(failures(held) - limits.attempts * factor, limits.max_delay))
            }
            Rule::Account => {
                // From the client's own last attempt, or from when it first came.
                let came = by_itself.map_or(held.count.last_at, |own| {
                    if now - own.count.last_at < WINDOW { own.count.last_at } else { now }
                });
                (came, doubling(failures(held) - limits.account_clients, limits.account_max_delay))
            }
            Rule::Client(factor) if is_new => {
                let accounts = if now - held.count.began_at < WINDOW { held.count.count } else { 0 };
                (
                    held.count.last_at,
                    doubling(accounts - limits.accounts_per_client * factor, limits.max_delay),
                )
            }
            Rule::Client(_) => continue,
        };
        // The clock of another server may be ahead.
        // sabotage: password-throttle
        if delay > TimeDelta::zero() && since + delay > now {
            waits_for_itself |= held.rule == Rule::Account;
            next = next.max(since + delay);
        }
    }
    if next > now {
        // Only a client that is to wait for its first attempt is remembered: who is refused must not fill the disk.
        if let Some(own) = by_itself.filter(|_| waits_for_itself && is_new) {
            if now - own.count.last_at >= WINDOW {
                rows::set(&mut tx, &own.subject, 0, now).await?;
            }
            tx.commit().await?;
        }
        return Ok(Judged::TooEarly(seconds_until(next, now)));
    }

    let mut attempt = Attempt { first: is_new, ..Attempt::default() };
    for held in held {
        match held.rule {
            Rule::Own(factor) => {
                rows::set(&mut tx, &held.subject, failures(&held) + 1, now).await?;
                let kept = if factor == 1 { &mut attempt.own } else { &mut attempt.wide };
                *kept = Some(held.subject);
            }
            Rule::Account => {
                rows::set(&mut tx, &held.subject, failures(&held) + i64::from(is_new), now).await?;
                attempt.shared.push(held.subject);
            }
            Rule::Client(_) => {
                if is_new {
                    rows::add(&mut tx, &held.subject, 1, now, now - WINDOW).await?;
                }
                attempt.shared.push(held.subject);
            }
        }
    }
    tx.commit().await?;
    Ok(Judged::Compare(Box::new(attempt)))
}

/// Takes the rows, always in the same order.
async fn lock(
    ctx: &Ctx,
    tx: &mut Tx,
    (requester, standing): (&Requester, Standing),
    (identifier, exists): (&str, bool),
    now: DateTime<Utc>,
) -> Result<Vec<Held>> {
    let subjects = Subjects::of(&ctx.config)?;
    let label = exists.then(|| masked(identifier));
    let own = own(&subjects, Limit::Passwords, (requester, standing), identifier, label.as_deref());
    let mut wanted: Vec<_> = own.into_iter().map(|(subject, factor)| (Rule::Own(factor), subject)).collect();
    if !standing.is_known() {
        for (network, factor) in networks(requester) {
            wanted.push((Rule::Client(factor), subjects.of_client(Limit::PasswordAccounts, &network)));
        }
        wanted.push((Rule::Account, subjects.of_account(Limit::PasswordClients, identifier, "", label)));
    }
    wanted.sort_by(|(_, a), (_, b)| order(a, b));
    let mut held = Vec::new();
    for (rule, subject) in wanted {
        let count = rows::lock(tx, &subject, now).await?;
        held.push(Held { rule, subject, count });
    }
    Ok(held)
}

impl Attempt {
    /// The password was right: this client starts afresh with the account. What others did stays.
    pub async fn right(self, ctx: &Ctx) -> Result<()> {
        let Some(own) = &self.own else { return self.undo(ctx).await };
        let mut tx = ctx.db().write_relaxed().await?;
        for subject in in_order(self.own.iter().chain(&self.wide).chain(&self.shared)) {
            if subject.key == own.key {
                rows::forget(&mut tx, subject).await?;
            } else {
                rows::take_back(&mut tx, subject, 1).await?;
            }
        }
        tx.commit().await
    }

    /// Nothing was compared, through no fault of the client.
    pub async fn undo(self, ctx: &Ctx) -> Result<()> {
        let shared = self.shared.iter().filter(|_| self.first);
        let counted = in_order(self.own.iter().chain(&self.wide).chain(shared));
        if counted.is_empty() {
            return Ok(());
        }
        let mut tx = ctx.db().write_relaxed().await?;
        for subject in counted {
            rows::take_back(&mut tx, subject, 1).await?;
        }
        tx.commit().await
    }
}

/// In this order always, so that two requests never wait for each other.
fn order(a: &Subject, b: &Subject) -> Ordering {
    (a.scope, &a.key).cmp(&(b.scope, &b.key))
}

fn in_order<'a>(subjects: impl Iterator<Item = &'a Subject>) -> Vec<&'a Subject> {
    let mut subjects: Vec<&Subject> = subjects.collect();
    subjects.sort_by(|a, b| order(a, b));
    subjects
}
