//! Counters of very frequent events. A server takes a small share of the limit at once and counts it down in memory, so that most
//! requests need no database. The rest of a share counts as used when the server stops.

use crate::error::Result;
use crate::store::limits::{self as rows, Subject};
use crate::store::{Db, Tx};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// After that long everything is forgotten.
pub const WINDOW: TimeDelta = TimeDelta::hours(1);

/// So many shares make a limit.
const SHARES: i64 = 100;
const LARGEST: i64 = 100;

/// Requests of different clients that take a share at the same moment do not wait for each other, or rarely.
const TURNS: usize = 64;

/// So long a refusal is remembered, before the database is asked again: an operator may have cleared it.
const REFUSED: TimeDelta = TimeDelta::seconds(2);

/// Entries in memory; each is some hundred bytes.
const MOST: usize = 20_000;

pub(crate) struct Leases {
    held: Mutex<HashMap<Vec<u8>, Lease>>,
    /// Who asks the database for a share that others can then use.
    turns: [tokio::sync::Mutex<()>; TURNS],
}

impl Default for Leases {
    fn default() -> Self {
        Self { held: Mutex::default(), turns: std::array::from_fn(|_| tokio::sync::Mutex::default()) }
    }
}

#[derive(Clone, Copy)]
struct Lease {
    left: i64,
    /// The end of the window that it was taken in.
    until: DateTime<Utc>,
    /// With nothing left: when the database said so.
    asked_at: DateTime<Utc>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Taken {
    Granted,
    /// With the seconds until the window ends.
    Refused(u32),
}

impl Leases {
    /// One of `most` in an hour. `within`: a transaction that may write, where the caller has one open.
    pub(crate) async fn take(
        &self,
        (db, now): (&Db, DateTime<Utc>),
        within: Option<&mut Tx>,
        subject: &Subject,
        most: i64,
    ) -> Result<Taken> {
        if let Some(taken) = self.take_here(subject, now) {
            return Ok(taken);
        }
        // Whoever has a transaction open holds what others may need for their turn, and waits for nobody.
        let _turn = match within {
            Some(_) => None,
            None => {
                let own = subject.key.first().map_or(0, |byte| usize::from(*byte) % TURNS);
                let turn = self.turns[own].lock().await;
                if let Some(taken) = self.take_here(subject, now) {
                    return Ok(taken);
                }
                Some(turn)
            }
        };
        let share = (most / SHARES).clamp(1, LARGEST);
        let since = now - WINDOW;
        let counted = match within {
            Some(tx) => rows::add(tx, subject, share, now, since).await?,
            None => {
                let mut tx = db.write_relaxed().await?;
                let counted = rows::add(&mut tx, subject, share, now, since).await?;
                if counted.count - share < most {
                    tx.commit().await?;
                }
                counted
            }
        };
        // Of the last share there may be less.
        let granted = (most - (counted.count - share)).clamp(0, share);
        let until = counted.began_at + WINDOW;
        if granted == 0
            && let Some(Taken::Granted) = self.take_here(subject, now)
        {
            // Another request took the last share at the same moment, and needs one of it.
            return Ok(Taken::Granted);
        }
        self.keep(subject, granted, until, now);
        Ok(if granted > 0 { Taken::Granted } else { Taken::Refused(seconds_until(until, now)) })
    }

    /// Out of what this server holds; `None`: the database decides.
    fn take_here(&self, subject: &Subject, now: DateTime<Utc>) -> Option<Taken> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let lease = held.get_mut(&subject.key).filter(|lease| lease.until > now)?;
        if lease.left > 0 {
            lease.left -= 1;
            return Some(Taken::Granted);
        }
        (now < lease.asked_at + REFUSED).then(|| Taken::Refused(seconds_until(lease.until, now)))
    }

    /// One of the share is used at once. Where nothing was granted, that is what is remembered.
    fn keep(&self, subject: &Subject, granted: i64, until: DateTime<Utc>, now: DateTime<Utc>) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() >= MOST && !held.contains_key(&subject.key) {
            held.retain(|_, lease| lease.until > now && lease.left > 0);
            if held.len() >= MOST {
                held.clear();
            }
        }
        // Two requests may have taken a share at the same moment.
        let left = held.get(&subject.key).filter(|lease| lease.until == until).map_or(0, |lease| lease.left);
        let left = left + (granted - 1).max(0);
        // Of a share that was used up at once nothing is known to be refused.
        let asked_at = if granted > 0 { now - REFUSED } else { now };
        held.insert(subject.key.clone(), Lease { left, until, asked_at });
    }
}

/// Rounded up: who waits that long is not too early.
pub(crate) fn seconds_until(then: DateTime<Utc>, now: DateTime<Utc>) -> u32 {
    let millis = (then - now).num_milliseconds().max(0);
    u32::try_from((millis + 999) / 1000).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_rounded_up() {
        let now = DateTime::<Utc>::UNIX_EPOCH;
        assert_eq!(seconds_until(now + TimeDelta::milliseconds(1001), now), 2);
        assert_eq!(seconds_until(now + TimeDelta::milliseconds(1000), now), 1);
        assert_eq!(seconds_until(now - TimeDelta::seconds(9), now), 0);
    }
}
