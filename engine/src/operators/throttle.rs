//! Failed sign-ins delay the next one, per e-mail address and per client address; nothing ever locks out.
//!
//! An attempt is counted before the password is compared, so that many at once do not slip through, and forgiven when
//! it succeeds. Who signed in from an address before is not delayed by what others do with the same e-mail address:
//! otherwise anybody could keep an operator out by knocking on.

use crate::error::Result;
use crate::store::Tx;
use crate::store::operators::{self as rows, Scope};
use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};

/// After that long without a failure everything is forgotten.
const MEMORY: TimeDelta = TimeDelta::hours(1);

/// How failures become seconds of delay.
struct Rule {
    /// So many cost nothing.
    free: i64,
    /// Seconds.
    longest: i64,
}

const PER_EMAIL: Rule = Rule { free: 5, longest: 60 };
/// More, since an office shares one.
const PER_ADDRESS: Rule = Rule { free: 10, longest: 300 };

impl Rule {
    /// 1, 2, 4, … seconds.
    fn delay(&self, failures: i64) -> TimeDelta {
        match failures - self.free {
            ..0 => TimeDelta::zero(),
            doublings => TimeDelta::seconds(self.longest.min(1 << doublings.min(16))),
        }
    }
}

/// Counts the attempt, or returns how many seconds too early it is. `address` is the client's network, if clients are counted by it.
/// `familiar`: this operator signed in from there before.
pub(super) async fn admit(
    tx: &mut Tx,
    email: &str,
    address: Option<&str>,
    familiar: bool,
    now: DateTime<Utc>,
) -> Result<Option<i64>> {
    let address = address.map(|address| (Scope::Address, key(address), PER_ADDRESS));
    let email = (Scope::Email, key(email), PER_EMAIL);
    let mut counted = Vec::new();
    let mut wait = 0;
    // In this order always, see `lock_failures`.
    for (scope, key, rule) in address.into_iter().chain([email]) {
        let (failures, last_at) = rows::lock_failures(tx, scope, &key, now).await?;
        let failures = if now - last_at > MEMORY { 0 } else { failures };
        if !(scope == Scope::Email && familiar) {
            let left = last_at + rule.delay(failures) - now;
            // Rounded up: whoever waits so long is let in.
            wait = wait.max((left.num_milliseconds() + 999) / 1000);
        }
        counted.push((scope, key, failures + 1));
    }
    if wait > 0 {
        return Ok(Some(wait));
    }
    for (scope, key, failures) in counted {
        rows::set_failures(tx, scope, &key, failures, now).await?;
    }
    rows::forget_old_failures(tx, now - MEMORY).await?;
    Ok(None)
}

/// The password was right: the e-mail address starts afresh. The client's does not, or one account of one's own would
/// buy guesses at all others.
pub(super) async fn succeeded(tx: &mut Tx, email: &str, address: Option<&str>) -> Result<()> {
    if let Some(address) = address {
        rows::forgive_failure(tx, Scope::Address, &key(address)).await?;
    }
    forget(tx, email).await
}

/// The attempt came to nothing through no fault of the client.
pub(super) async fn forgive(tx: &mut Tx, email: &str, address: Option<&str>) -> Result<()> {
    if let Some(address) = address {
        rows::forgive_failure(tx, Scope::Address, &key(address)).await?;
    }
    rows::forgive_failure(tx, Scope::Email, &key(email)).await
}

pub(super) async fn forget(tx: &mut Tx, email: &str) -> Result<()> {
    rows::forget_failures(tx, Scope::Email, &key(email)).await
}

fn key(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_a_limit() {
        let seconds: Vec<_> = (0..14).map(|failures| PER_EMAIL.delay(failures).num_seconds()).collect();
        assert_eq!(seconds, [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(PER_ADDRESS.delay(i64::MAX).num_seconds(), 300);
    }
}
