//! Failed sign-ins delay the next one. Operators are never locked out, and no delay is longer than one minute.
//!
//! - One client, and one operator's email from one client: some failures are free, then each one doubles the delay.
//! - An operator's email as a whole: after attempts from many clients, each further client waits before its first attempt and between
//!   attempts. Each client waits only for its own attempts, from its first one, so an attacker can't block other clients.
//! - Clients that can't be told apart, or that act for many users, have one common count.
//! - A device that signed in as the operator before has a count of its own, which other clients don't affect. A client from which the
//!   operator signed in before doesn't wait because of other clients.
//!
//! An attempt is counted before the password is compared, so that simultaneous attempts can't exceed the limit, and removed if it succeeds.

use crate::error::Result;
use crate::requester::{DeviceId, Requester, WIDE_FACTOR};
use crate::store::Tx;
use crate::store::operators::{self as rows, Scope};
use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};

/// After that long without a failure everything is forgotten.
const MEMORY: TimeDelta = TimeDelta::hours(1);

/// How failures become seconds of delay.
#[derive(Clone, Copy)]
struct Rule {
    /// So many cost nothing.
    free: i64,
    /// Seconds.
    longest: i64,
}

/// For an operator's address from one client, and for a known device.
const PER_OPERATOR: Rule = Rule { free: 5, longest: 60 };
/// More, since an office shares one address.
const PER_CLIENT: Rule = Rule { free: 10, longest: 60 };
/// Counts clients; where they cannot be told apart, attempts.
const ALL_CLIENTS: Rule = Rule { free: 10, longest: 20 };

impl Rule {
    /// 1, 2, 4, … seconds.
    fn delay(self, failures: i64) -> TimeDelta {
        match failures - self.free {
            ..0 => TimeDelta::zero(),
            doublings => TimeDelta::seconds(self.longest.min(1 << doublings.min(16))),
        }
    }

    fn times(self, factor: u32) -> Self {
        Self { free: self.free * i64::from(factor), ..self }
    }
}

/// Who tries to sign in as whom.
pub(super) struct Attempt {
    email: String,
    /// Networks of the client, each with what its limits are multiplied by. None for several and for trusted clients.
    networks: Vec<(String, u32)>,
    /// The browser signed in as this operator before.
    device: Option<DeviceId>,
    /// So did somebody from this client.
    pub(super) familiar: bool,
}

pub(super) enum Admitted {
    Yes,
    /// `remembered`: the client came for the first time, and is to be committed. Who is refused again changes nothing.
    TooEarly {
        seconds: i64,
        remembered: bool,
    },
}

/// A row to ask and to count in.
struct Counted {
    scope: Scope,
    key: [u8; 32],
    rule: Rule,
}

impl Attempt {
    pub(super) fn new(email: &str, requester: &Requester, device: Option<DeviceId>) -> Self {
        let narrow = requester.network().map(|network| (network.to_string(), 1));
        let wide = requester.wide_network().map(|network| (network.to_string(), WIDE_FACTOR));
        let networks = narrow.into_iter().chain(wide).collect();
        Self { email: email.to_owned(), networks, device, familiar: false }
    }

    /// Somebody who is signed in confirms it: nobody who tries to sign in delays them.
    pub(super) fn confirming(email: &str, operator: &str) -> Self {
        let networks = vec![(format!("confirm {operator}"), 1)];
        Self { email: email.to_owned(), networks, device: None, familiar: true }
    }

    /// Clients, then operators from a client, then the address as a whole: always in this order, see [`rows::lock_failures`].
    fn counted(&self) -> Vec<Counted> {
        if let Some(device) = self.device {
            let key = key(&[b"device", &device.0]);
            return vec![Counted { scope: Scope::Operator, key, rule: PER_OPERATOR }];
        }
        if self.networks.is_empty() {
            return vec![Counted { scope: Scope::Operator, key: self.own_key(""), rule: ALL_CLIENTS }];
        }
        let client = |(network, factor): &(String, u32)| Counted {
            scope: Scope::Client,
            key: key(&[network.as_bytes()]),
            rule: PER_CLIENT.times(*factor),
        };
        let operator = |(network, factor): &(String, u32)| Counted {
            scope: Scope::Operator,
            key: self.own_key(network),
            rule: PER_OPERATOR.times(*factor),
        };
        self.networks.iter().map(client).chain(self.networks.iter().map(operator)).collect()
    }

    fn own_key(&self, network: &str) -> [u8; 32] {
        key(&[network.as_bytes(), b"\0", self.email.as_bytes()])
    }

    /// Counts the attempt, or says how early it is.
    pub(super) async fn admit(&self, tx: &mut Tx, now: DateTime<Utc>) -> Result<Admitted> {
        let since = now - MEMORY;
        let mut held = Vec::new();
        let mut next = now;
        for counted in self.counted() {
            let found = rows::lock_failures(tx, counted.scope, &counted.key, now, since).await?;
            next = next.max(found.last_at + counted.rule.delay(found.failures));
            held.push((counted, found));
        }
        // The client's own row says when it first came.
        let own = held.iter().find(|(counted, _)| counted.scope == Scope::Operator);
        let own = own.map(|(counted, found)| (counted.key, *found)).filter(|_| self.device.is_none());
        let mut remembered = false;
        if let Some((own_key, own)) = own {
            let all = key(&[self.email.as_bytes()]);
            let clients = rows::lock_failures(tx, Scope::Email, &all, now, since).await?.failures;
            if !self.familiar {
                next = next.max(own.last_at + ALL_CLIENTS.delay(clients));
            }
            if own.is_new {
                rows::set_failures(tx, Scope::Email, &all, clients + 1, now).await?;
                rows::set_failures(tx, Scope::Operator, &own_key, 0, now).await?;
                remembered = true;
            }
        }
        if next > now {
            // Rounded up: who waits that long is not too early.
            let seconds = ((next - now).num_milliseconds() + 999) / 1000;
            return Ok(Admitted::TooEarly { seconds, remembered });
        }
        for (counted, found) in held {
            rows::set_failures(tx, counted.scope, &counted.key, found.failures + 1, now).await?;
        }
        rows::forget_old_failures(tx, since).await?;
        Ok(Admitted::Yes)
    }

    /// The password was right: the operator starts afresh from here. The client does not, or one account of one's own would buy
    /// guesses at all others; and what other clients did stays.
    pub(super) async fn succeeded(&self, tx: &mut Tx) -> Result<()> {
        for counted in self.counted() {
            match counted.scope {
                Scope::Operator => rows::forget_failures(tx, counted.scope, &counted.key).await?,
                Scope::Client | Scope::Email => {
                    rows::forgive_failure(tx, counted.scope, &counted.key).await?
                }
            }
        }
        Ok(())
    }

    /// The attempt came to nothing through no fault of the client.
    pub(super) async fn forgive(&self, tx: &mut Tx) -> Result<()> {
        for counted in self.counted() {
            rows::forgive_failure(tx, counted.scope, &counted.key).await?;
        }
        Ok(())
    }
}

/// After a new password: what was tried with the old one is over.
pub(super) async fn forget(tx: &mut Tx, email: &str) -> Result<()> {
    rows::forget_failures(tx, Scope::Email, &key(&[email.as_bytes()])).await
}

fn key(parts: &[&[u8]]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part);
    }
    digest.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_a_limit() {
        let seconds =
            |rule: Rule| (0..14).map(|failures| rule.delay(failures).num_seconds()).collect::<Vec<_>>();
        assert_eq!(seconds(PER_OPERATOR), [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(seconds(ALL_CLIENTS)[9..], [0, 1, 2, 4, 8]);
        for rule in [PER_OPERATOR, PER_CLIENT, ALL_CLIENTS] {
            assert!(rule.delay(i64::MAX).num_seconds() <= 60);
        }
    }
}
