//! Sign-ups and sign-ins of each day, for the console's overview. A flow that commits is counted in memory, and the counts are added to
//! the database every few seconds, without waiting for the disk. A crash loses those of the last seconds.

use crate::error::Result;
use crate::store::Db;
use crate::store::daily_counts as rows;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// What is counted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Event {
    /// An account was created by a sign-up.
    SignUp,
    /// A user signed in to an existing account. The session of a sign-up or verification is not counted.
    SignIn,
}

impl Event {
    fn name(self) -> &'static str {
        match self {
            Self::SignUp => "sign_up",
            Self::SignIn => "sign_in",
        }
    }
}

/// One day (UTC).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Day {
    pub date: NaiveDate,
    pub sign_ups: i64,
    pub sign_ins: i64,
}

/// Counts that are not in the database yet, by day.
#[derive(Default)]
pub struct Activity {
    pending: Mutex<BTreeMap<(i64, Event), i64>>,
}

impl Activity {
    pub(crate) fn count(&self, event: Event, at: DateTime<Utc>) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        *pending.entry((day(at.date_naive()), event)).or_default() += 1;
    }

    /// Adds to the database what was counted since. Always in the same order, so that two servers never wait for each other.
    pub async fn flush(&self, db: &Db) -> Result<()> {
        let taken = std::mem::take(&mut *self.pending.lock().unwrap_or_else(PoisonError::into_inner));
        if taken.is_empty() {
            return Ok(());
        }
        let written = async {
            let mut tx = db.write_relaxed().await?;
            for ((day, event), count) in &taken {
                rows::add(&mut tx, *day, event.name(), *count).await?;
            }
            tx.commit().await
        };
        let outcome = written.await;
        if outcome.is_err() {
            let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
            for (key, count) in taken {
                *pending.entry(key).or_default() += count;
            }
        }
        outcome
    }

    /// Today and the days before it, oldest first. Those without a count are there as well.
    pub async fn days(&self, db: &Db, now: DateTime<Utc>, days: u16) -> Result<Vec<Day>> {
        self.flush(db).await?;
        let today = now.date_naive();
        let dates = (0..days).rev().map(|before| today - TimeDelta::days(i64::from(before)));
        let mut found: Vec<Day> = dates.map(|date| Day { date, sign_ups: 0, sign_ins: 0 }).collect();
        let since = found.first().map_or(0, |first| day(first.date));
        for row in rows::since(&mut db.single().await?, since).await? {
            if let Some(own) = found.iter_mut().find(|own| day(own.date) == row.day) {
                match row.kind.as_str() {
                    "sign_up" => own.sign_ups = row.count,
                    "sign_in" => own.sign_ins = row.count,
                    // A newer version counts more.
                    _ => {}
                }
            }
        }
        Ok(found)
    }
}

/// Days since 1 January 1970.
fn day(date: NaiveDate) -> i64 {
    (date - NaiveDate::default()).num_days()
}
