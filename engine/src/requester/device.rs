//! Known devices: a browser that completed a sign-in has a cookie with an entry for each of its accounts. An entry is a MAC over the
//! account, so that the cookie reveals no account and one entry says nothing about another. It signs no one in. It only prevents
//! attackers from slowing down the owner of an account.

use crate::ids::{IdentityId, OperatorId};
use crate::secret::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::fmt;
use subtle::ConstantTimeEq;

/// How long after a sign-in its device is known.
pub const LIFESPAN: TimeDelta = TimeDelta::days(90);

const PURPOSE: &[u8] = b"vestibule/known-device/v1";
const NETWORK_PURPOSE: &[u8] = b"vestibule/known-network/v1";
/// Accounts that one browser is remembered for.
const MOST: usize = 4;
/// Entries of one request that are looked at: another host of the domain can add cookies of the same name.
const MOST_READ: usize = 16;
const TIME: usize = 8;
const NONCE: usize = 8;
const MAC: usize = 16;
/// A block of SHA-256: what HMAC takes as it is.
const KEY: usize = 64;

/// Whose device it may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Subject {
    Identity(IdentityId),
    Operator(OperatorId),
}

impl Subject {
    fn bytes(self) -> [u8; 17] {
        let (kind, id) = match self {
            Self::Identity(id) => (b'i', id.0),
            Self::Operator(id) => (b'o', id.0),
        };
        let mut bytes = [kind; 17];
        bytes[1..].copy_from_slice(id.as_bytes());
        bytes
    }
}

/// One sign-in of one browser as one account: what limits for a known device count by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct DeviceId(pub [u8; MAC]);

#[derive(Clone, Copy)]
struct Entry {
    issued_at: i64,
    nonce: [u8; NONCE],
    mac: [u8; MAC],
}

/// What a browser brought.
#[derive(Clone)]
pub struct KnownDevice {
    keys: Vec<[u8; KEY]>,
    entries: Vec<Entry>,
}

impl fmt::Debug for KnownDevice {
    /// Without keys and entries.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KnownDevice({} entries)", self.entries.len())
    }
}

impl KnownDevice {
    /// Reads all values of the cookie; `None` without an entry that may still count. `secrets`: the newest first.
    pub fn read<'a>(
        secrets: &[Secret],
        values: impl IntoIterator<Item = &'a str>,
        now: DateTime<Utc>,
    ) -> Option<Self> {
        let now = now.timestamp();
        let fresh = |entry: &Entry| (now - LIFESPAN.num_seconds()..=now).contains(&entry.issued_at);
        let entries: Vec<Entry> =
            values.into_iter().flat_map(entries).filter(fresh).take(MOST_READ).collect();
        (!entries.is_empty()).then(|| Self { keys: keys(secrets, PURPOSE), entries })
    }

    /// The newest sign-in of this browser as that account.
    pub fn of(&self, subject: Subject) -> Option<DeviceId> {
        let own = |entry: &&Entry| {
            let macs = self.keys.iter().map(|key| mac(key, subject, entry.issued_at, &entry.nonce));
            macs.into_iter().any(|mac| bool::from(mac.ct_eq(&entry.mac)))
        };
        self.entries.iter().filter(own).max_by_key(|entry| entry.issued_at).map(|entry| DeviceId(entry.mac))
    }
}

/// The cookie's value after a sign-in: `earlier` entries of other accounts stay, the newest of them.
pub fn remember(
    secrets: &[Secret],
    earlier: Option<&KnownDevice>,
    subject: Subject,
    now: DateTime<Utc>,
    nonce: [u8; NONCE],
) -> String {
    let Some(key) = keys(secrets, PURPOSE).first().copied() else { return String::new() };
    let issued_at = now.timestamp();
    let mut all = vec![Entry { issued_at, nonce, mac: mac(&key, subject, issued_at, &nonce) }];
    if let Some(earlier) = earlier {
        let one = |entry: &Entry| KnownDevice { entries: vec![*entry], ..earlier.clone() };
        let mut others: Vec<Entry> =
            earlier.entries.iter().filter(|entry| one(entry).of(subject).is_none()).copied().collect();
        others.sort_by_key(|entry| std::cmp::Reverse(entry.issued_at));
        all.extend(others.into_iter().take(MOST - 1));
    }
    let bytes: Vec<u8> = all
        .iter()
        .flat_map(|entry| [&entry.issued_at.to_be_bytes()[..], &entry.nonce, &entry.mac].concat())
        .collect();
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What a session keeps of its client's network, with each secret that may have been in use: whoever reads the database learns no
/// address from it.
pub fn network_hashes(
    secrets: &[Secret],
    identity: IdentityId,
    network: super::network::Network,
) -> Vec<[u8; 32]> {
    let subject = Subject::Identity(identity);
    let text = network.to_string();
    keys(secrets, NETWORK_PURPOSE)
        .iter()
        .map(|key| digest(key, &[&subject.bytes(), text.as_bytes()]))
        .collect()
}

fn entries(value: &str) -> Vec<Entry> {
    let longest = URL_SAFE_NO_PAD.encode([0; MOST * (TIME + NONCE + MAC)]).len();
    let bytes = Some(value).filter(|value| value.len() <= longest);
    let bytes = bytes.and_then(|value| URL_SAFE_NO_PAD.decode(value).ok()).unwrap_or_default();
    let (entries, _) = bytes.as_chunks::<{ TIME + NONCE + MAC }>();
    entries.iter().filter_map(entry).collect()
}

fn entry(bytes: &[u8; TIME + NONCE + MAC]) -> Option<Entry> {
    let (time, rest) = bytes.split_at(TIME);
    let (nonce, mac) = rest.split_at(NONCE);
    Some(Entry {
        issued_at: i64::from_be_bytes(time.try_into().ok()?),
        nonce: nonce.try_into().ok()?,
        mac: mac.try_into().ok()?,
    })
}

fn mac(key: &[u8; KEY], subject: Subject, issued_at: i64, nonce: &[u8; NONCE]) -> [u8; MAC] {
    let whole = digest(key, &[&subject.bytes(), &issued_at.to_be_bytes(), nonce]);
    let mut short = [0; MAC];
    short.copy_from_slice(&whole[..MAC]);
    short
}

fn digest(key: &[u8; KEY], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as Mac>::new(key.into());
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

fn keys(secrets: &[Secret], purpose: &[u8]) -> Vec<[u8; KEY]> {
    let derive = |secret: &Secret| {
        let mut key = [0; KEY];
        Hkdf::<Sha256>::new(None, secret.as_bytes()).expand(purpose, &mut key).ok()?;
        Some(key)
    };
    secrets.iter().filter_map(derive).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn secrets(all: &[&str]) -> Vec<Secret> {
        all.iter().map(|secret| (*secret).into()).collect()
    }

    fn identity(number: u128) -> Subject {
        Subject::Identity(IdentityId(Uuid::from_u128(number)))
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_893_456_000 + seconds, 0).unwrap()
    }

    fn knows(secrets: &[Secret], value: &str, subject: Subject, now: DateTime<Utc>) -> bool {
        KnownDevice::read(secrets, [value], now).is_some_and(|device| device.of(subject).is_some())
    }

    #[test]
    fn a_device_is_known_to_the_account_that_it_signed_in_as_and_to_no_other() {
        let own = secrets(&["a cookie secret"]);
        let value = remember(&own, None, identity(1), at(0), [7; 8]);
        assert!(knows(&own, &value, identity(1), at(0)));
        assert!(!knows(&own, &value, identity(2), at(0)));
        let operator = Subject::Operator(OperatorId(Uuid::from_u128(1)));
        assert!(!knows(&own, &value, operator, at(0)), "an operator with the same id");
        assert!(knows(&secrets(&["a newer one", "a cookie secret"]), &value, identity(1), at(0)));
        assert!(!knows(&secrets(&["a newer one"]), &value, identity(1), at(0)));
    }

    #[test]
    fn an_entry_counts_for_its_time_and_as_it_was_issued() {
        let own = secrets(&["a cookie secret"]);
        let value = remember(&own, None, identity(1), at(0), [7; 8]);
        let end = LIFESPAN.num_seconds();
        assert!(knows(&own, &value, identity(1), at(end)));
        assert!(!knows(&own, &value, identity(1), at(end + 1)));
        assert!(!knows(&own, &value, identity(1), at(-1)), "not before it was issued");
        let bytes = URL_SAFE_NO_PAD.decode(&value).unwrap();
        for at_byte in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at_byte] ^= 1;
            let changed = URL_SAFE_NO_PAD.encode(changed);
            assert!(!knows(&own, &changed, identity(1), at(0)) && !knows(&own, &changed, identity(1), at(1)));
        }
        for broken in ["", "AAAA", "nonsense!", &value[1..], &"A".repeat(4096)] {
            assert!(!knows(&own, broken, identity(1), at(0)), "{broken}");
        }
    }

    #[test]
    fn a_browser_is_remembered_for_the_last_few_accounts_once_each() {
        let own = secrets(&["a cookie secret"]);
        let mut value = String::new();
        for number in 0..10 {
            let earlier = KnownDevice::read(&own, [value.as_str()], at(number));
            let subject = identity(number.unsigned_abs().into());
            value = remember(&own, earlier.as_ref(), subject, at(number), [7; 8]);
        }
        let known: Vec<u128> = (0..10).filter(|one| knows(&own, &value, identity(*one), at(9))).collect();
        assert_eq!(known, [6, 7, 8, 9]);
        let earlier = KnownDevice::read(&own, [value.as_str()], at(10));
        let again = remember(&own, earlier.as_ref(), identity(6), at(10), [8; 8]);
        let known: Vec<u128> = (0..10).filter(|one| knows(&own, &again, identity(*one), at(10))).collect();
        assert_eq!(known, [6, 7, 8, 9], "nobody is pushed out by the same account");
    }

    #[test]
    fn a_cookie_that_somebody_else_set_beside_it_costs_nothing() {
        let own = secrets(&["a cookie secret"]);
        let value = remember(&own, None, identity(1), at(0), [7; 8]);
        let foreign = URL_SAFE_NO_PAD.encode([0xff; 64]);
        let device = KnownDevice::read(&own, ["", foreign.as_str(), value.as_str()], at(0)).unwrap();
        assert!(device.of(identity(1)).is_some());
        assert_eq!(format!("{device:?}"), "KnownDevice(1 entries)");
    }

    #[test]
    fn a_network_is_kept_as_a_digest_for_one_account() {
        let network = |text: &str| super::super::Requester::direct(text.parse().unwrap()).network().unwrap();
        let id = |number| IdentityId(Uuid::from_u128(number));
        let own = secrets(&["a cookie secret"]);
        let hash = |account, text| network_hashes(&own, id(account), network(text));
        assert_eq!(hash(1, "2001:db8::1"), hash(1, "2001:db8::2"), "of one /64");
        assert_ne!(hash(1, "2001:db8::1"), hash(2, "2001:db8::1"));
        assert_ne!(hash(1, "2001:db8::1"), hash(1, "2001:db8:0:1::1"));
        let rotated = secrets(&["a newer one", "a cookie secret"]);
        assert_eq!(network_hashes(&rotated, id(1), network("192.0.2.1"))[1..], hash(1, "192.0.2.1"));
    }
}
