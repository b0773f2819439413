//! What a password is compared with if nobody has the identifier: a hash in one of the formats in which passwords are stored, so that
//! the time of a response doesn't reveal which identifiers have an account. Imported hashes, and those from before a change of
//! `hashers`, cost something else than a new one.
//!
//! A keyed digest of the identifier draws its format, weighted by how many passwords are stored in each: the same identifier gets the
//! same format every time, and as many unknown identifiers have it as known ones.

use super::algorithm::decoy;
use crate::config::Config;
use crate::effects::Effects;
use crate::error::Result;
use crate::store::{Db, identities};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Up to so many passwords all of them are counted, and of more a sample of that size.
const COUNTED: i64 = 1024;
/// Parts of the sample, each beginning at a random identity.
const PARTS: i64 = 32;
/// Formats that are kept: those of most passwords.
const MOST: usize = 64;

/// Hashes that fit no password, each for all of one format.
#[derive(Default, Debug, PartialEq)]
pub(super) struct Formats(Vec<(String, u32)>);

impl Formats {
    /// In which formats passwords are stored now.
    pub(super) async fn count(db: &Db, effects: &Effects) -> Result<Self> {
        let mut tx = db.read().await?;
        let mut stored = identities::passwords_from(&mut tx, Uuid::nil(), COUNTED).await?;
        if stored.len() as i64 == COUNTED {
            stored.clear();
            for _ in 0..PARTS {
                stored.extend(identities::passwords_from(&mut tx, effects.uuid(), COUNTED / PARTS).await?);
            }
        }
        Ok(Self::of(stored.iter().filter_map(|config| config["hashed_password"].as_str())))
    }

    /// What stands in for the hash of an identifier that nobody has. `None`: no password is stored, and today's parameters apply.
    pub(super) fn stand_in(&self, config: &Config, identifier: &str) -> Option<String> {
        self.draw(&key(config), identifier).map(str::to_owned)
    }

    /// Of stored hashes. What cannot be read as one counts for nothing.
    fn of<'a>(stored: impl Iterator<Item = &'a str>) -> Self {
        let mut counts = BTreeMap::<String, u32>::new();
        for decoy in stored.filter_map(decoy) {
            *counts.entry(decoy).or_default() += 1;
        }
        let mut formats: Vec<_> = counts.into_iter().collect();
        formats.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
        formats.truncate(MOST);
        Self(formats)
    }

    /// Weighted rendezvous hashing: where the weights change, no more identifiers change their format than have to.
    fn draw(&self, key: &[u8; 32], identifier: &str) -> Option<&str> {
        let score = |format: &str, weight: u32| -chance(key, identifier, format).ln() / f64::from(weight);
        let scored = self.0.iter().map(|(format, weight)| (format, score(format, *weight)));
        scored.min_by(|(_, one), (_, other)| one.total_cmp(other)).map(|(format, _)| format.as_str())
    }
}

/// Between 0 and 1, neither of them included.
#[expect(clippy::expect_used, reason = "HMAC takes a key of any length, and its digest has 32 bytes")]
fn chance(key: &[u8; 32], identifier: &str, format: &str) -> f64 {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length is a key");
    mac.update(&(identifier.len() as u64).to_be_bytes());
    mac.update(identifier.as_bytes());
    mac.update(format.as_bytes());
    let digest = mac.finalize().into_bytes();
    let first: [u8; 4] = digest[..4].try_into().expect("four bytes");
    (f64::from(u32::from_be_bytes(first)) + 0.5) / 4_294_967_296.0
}

/// RFC 5869. Another secret draws other formats.
#[expect(clippy::expect_used, reason = "a length that HKDF gives")]
fn key(config: &Config) -> [u8; 32] {
    let secret = config.secrets.default.first().map(|secret| secret.as_bytes()).unwrap_or_default();
    let mut key = [0; 32];
    Hkdf::<Sha256>::new(None, secret).expand(b"vestibule/password-format/v1", &mut key).expect("32 bytes");
    key
}

#[cfg(test)]
mod tests {
    use super::super::algorithm::{self, Verdict};
    use super::*;
    use crate::testing;
    use std::collections::BTreeSet;

    const BCRYPT: &str = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
    const CHEAP: &str = "{SSHA256}+E+iFJ27Yu1ODPH1UNKUmzOmUT06dwfghQJRHHnMsO5zYWx0";

    #[test]
    fn as_many_unknown_identifiers_have_a_format_as_known_ones() {
        let formats = Formats::of([BCRYPT, BCRYPT, CHEAP, BCRYPT, "no hash"].into_iter());
        let key = key(&testing::config(vec![]));
        let drawn: Vec<_> =
            (0..4000).map(|n| formats.draw(&key, &format!("user{n}@vestibule.test")).unwrap()).collect();
        let bcrypt = drawn.iter().filter(|format| format.starts_with("$2a$05$")).count();
        assert!((2850..3150).contains(&bcrypt), "{bcrypt} of 4000, where 3000 are three quarters");
        assert_eq!(drawn.iter().collect::<BTreeSet<_>>().len(), 2);
    }

    #[test]
    fn an_identifier_keeps_its_format_until_its_share_shrinks() {
        let key = key(&testing::config(vec![]));
        let draw = |formats: &Formats, n: i32| formats.draw(&key, &n.to_string()).unwrap().to_owned();
        let before = Formats::of([BCRYPT, CHEAP].into_iter());
        let after = Formats::of([BCRYPT, BCRYPT, CHEAP].into_iter());
        for n in 0..500 {
            assert_eq!(draw(&before, n), draw(&before, n));
            // More bcrypt: none leaves it.
            if draw(&before, n).starts_with("$2a$") {
                assert_eq!(draw(&after, n), draw(&before, n));
            }
        }
        let mut config = testing::config(vec![]);
        config.secrets.default = vec!["another default secret, also none".into()];
        let other = super::key(&config);
        let differ =
            (0..500).filter(|n| before.draw(&other, &n.to_string()) != before.draw(&key, &n.to_string()));
        assert!(differ.count() > 100, "nobody without the secret can tell");
        assert_eq!(Formats::default().draw(&key, "anna"), None);
    }

    /// An attacker who measures time learns what a comparison costs. It costs the same as one with a stored hash of that format.
    #[test]
    fn a_stand_in_costs_what_its_format_costs_and_fits_no_password() {
        let keys = testing::config(vec![]).hashers;
        for stored in [
            BCRYPT,
            CHEAP,
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        ] {
            let stand_in = decoy(stored).unwrap();
            assert_eq!(decoy(&stand_in).as_deref(), Some(stand_in.as_str()), "one for each format");
            assert_eq!(stand_in.len(), stored.len());
            let filled = |hash: &str| {
                let mut memory = algorithm::Memory::new();
                let verdict = algorithm::verify(&mut memory, &keys, "wrong", Some(hash)).unwrap();
                assert_eq!(verdict, Verdict::Wrong);
                memory.len()
            };
            assert_eq!(filled(&stand_in), filled(stored), "{stand_in}");
        }
        assert_eq!(decoy("plain"), None);
    }
}
