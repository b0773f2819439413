//! Password hashing on separate threads, and the password policy.
//!
//! `algorithm` contains the two formats that are written, `imported` those that are only verified, `threads` the scheduling,
//! `formats` what stands in for a hash that nobody has, `policy`, `common` and `breaches` the rejections, `bench` the measurement.

mod algorithm;
mod bench;
mod breaches;
mod common;
mod formats;
mod imported;
mod policy;
mod threads;

pub use algorithm::{Verdict, is_known_hash};
pub use bench::{Row, bench};
pub(crate) use breaches::breach_service;
pub use breaches::check_breaches;
pub use common::{is_common, is_common_for_operators};
pub use policy::{check_chosen, check_encodable};
pub use threads::Caller;

use crate::config::Config;
use crate::config::Hashers;
use crate::effects::Effects;
use crate::error::{Error, Result};
use crate::metrics::Waits;
use crate::store::Db;
use arc_swap::ArcSwap;
use formats::Formats;
use std::sync::Arc;
use threads::Threads;

/// A cheap handle to the hashing threads. A full queue is [`crate::Kind::Busy`] with `retry_after`.
/// The threads end with the last handle.
#[derive(Clone)]
pub struct Hasher {
    threads: Arc<Threads>,
    formats: Arc<ArcSwap<Formats>>,
    /// The format of each hash that a password was compared with.
    #[cfg(any(test, feature = "testing"))]
    compared: Arc<std::sync::Mutex<Vec<Option<String>>>>,
}

/// How many callers may wait. With the default parameters and two cores this is about three seconds of work.
const QUEUE: usize = 256;

impl Hasher {
    /// Threads from `available_parallelism`, low priority where the system allows.
    pub fn start() -> Self {
        Self::sized(std::thread::available_parallelism().map_or(1, usize::from), QUEUE)
    }

    /// `threads` threads (at least one) and room for `queue` waiting callers.
    pub fn sized(threads: usize, queue: usize) -> Self {
        Self {
            threads: Arc::new(Threads::start(threads, queue)),
            formats: Arc::default(),
            #[cfg(any(test, feature = "testing"))]
            compared: Arc::default(),
        }
    }

    /// How many passwords wait.
    pub fn waiting(&self) -> usize {
        self.threads.waiting()
    }

    pub(crate) fn waits(&self) -> &Waits {
        self.threads.waits()
    }

    /// A PHC string (argon2id) or a modular crypt string (bcrypt) for `password` with today's parameters; the salt
    /// comes from `effects`. With bcrypt, more than 72 bytes are refused as invalid: nothing is ever truncated.
    pub async fn hash(
        &self,
        caller: Caller,
        effects: &Effects,
        keys: &Hashers,
        password: &str,
    ) -> Result<String> {
        if policy::too_long_to_encode(keys, password) {
            return Err(Error::invalid("The password is too long. Choose a shorter one."));
        }
        let mut salt = vec![0; algorithm::salt_length(keys)];
        effects.random.fill(&mut salt);
        let (keys, password) = (keys.clone(), password.to_owned());
        self.threads.run(caller, move |memory| algorithm::hash(memory, &keys, &salt, &password)).await?
    }

    /// Compares. `stored: None` (nobody has that identifier) costs one dummy hash and is [`Verdict::Wrong`].
    /// A stored hash of a format that is not known is a fault of ours, not a wrong password.
    pub async fn verify(
        &self,
        caller: Caller,
        keys: &Hashers,
        password: &str,
        stored: Option<&str>,
    ) -> Result<Verdict> {
        #[cfg(any(test, feature = "testing"))]
        self.compared
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .push(stored.and_then(algorithm::decoy));
        let (keys, password, stored) = (keys.clone(), password.to_owned(), stored.map(str::to_owned));
        let work = move |memory: &mut algorithm::Memory| {
            algorithm::verify(memory, &keys, &password, stored.as_deref())
        };
        self.threads.run(caller, work).await?
    }
}

impl Hasher {
    /// Counts in which formats passwords are stored, for [`Hasher::verify_for`]. On a timer.
    pub async fn count_formats(&self, db: &Db, effects: &Effects) -> Result<()> {
        self.formats.store(Arc::new(Formats::count(db, effects).await?));
        Ok(())
    }

    /// The format of each hash that a password was compared with since the last look, `None` for one with today's parameters.
    #[cfg(any(test, feature = "testing"))]
    pub fn compared(&self) -> Vec<Option<String>> {
        std::mem::take(&mut *self.compared.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// Compares the password for an identifier that a person typed. Where nobody has it, a stored format is compared with, so that it takes as long
    /// as for an account.
    pub async fn verify_for(
        &self,
        caller: Caller,
        config: &Config,
        password: &str,
        (identifier, stored): (&str, Option<&str>),
    ) -> Result<Verdict> {
        if stored.is_some() {
            return self.verify(caller, &config.hashers, password, stored).await;
        }
        // sabotage: stored-formats
        let stand_in = self.formats.load().stand_in(config, identifier);
        self.verify(caller, &config.hashers, password, stand_in.as_deref()).await?;
        Ok(Verdict::Wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Algorithm, Argon2Keys};
    use crate::testing;

    fn argon2(memory: u32) -> Hashers {
        let argon2 = Argon2Keys { memory, iterations: 1, parallelism: 1, salt_length: 16, key_length: 32 };
        Hashers { algorithm: Algorithm::Argon2, argon2, bcrypt_cost: 4 }
    }

    fn bcrypt(cost: u32) -> Hashers {
        Hashers { algorithm: Algorithm::Bcrypt, bcrypt_cost: cost, ..argon2(64) }
    }

    #[tokio::test]
    async fn a_password_fits_its_hash_and_no_other() {
        let (hasher, effects) = (Hasher::sized(1, 8), testing::effects());
        for keys in [argon2(64), bcrypt(4)] {
            let stored = hasher.hash(Caller::SERVER, &effects, &keys, "Correct-Horse").await.unwrap();
            let verify = |password| hasher.verify(Caller::SERVER, &keys, password, Some(&stored));
            assert_eq!(verify("Correct-Horse").await.unwrap(), Verdict::Right);
            assert_eq!(verify("correct-horse").await.unwrap(), Verdict::Wrong);
            assert_eq!(verify("").await.unwrap(), Verdict::Wrong);
            assert_ne!(
                hasher.hash(Caller::SERVER, &effects, &keys, "Correct-Horse").await.unwrap(),
                stored,
                "a salt of its own"
            );
        }
    }

    #[tokio::test]
    async fn the_string_names_the_parameters_as_kratos_writes_them() {
        let hasher = Hasher::sized(1, 8);
        let stored =
            hasher.hash(Caller::SERVER, &testing::effects(), &argon2(64), "Correct-Horse").await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{stored}");
        // 16 bytes of salt and 32 of key, in base64 without padding.
        let lengths: Vec<_> = stored.split('$').skip(4).map(str::len).collect();
        assert_eq!(lengths, [22, 43]);
    }

    #[tokio::test]
    async fn other_parameters_or_another_algorithm_ask_for_a_new_hash() {
        let (hasher, effects) = (Hasher::sized(1, 8), testing::effects());
        let longer_key = Hashers { argon2: Argon2Keys { key_length: 16, ..argon2(64).argon2 }, ..argon2(64) };
        let all = [argon2(64), argon2(128), longer_key, bcrypt(4), bcrypt(5)];
        for (i, old) in all.iter().enumerate() {
            let stored = hasher.hash(Caller::SERVER, &effects, old, "Correct-Horse").await.unwrap();
            for (j, new) in all.iter().enumerate() {
                let expected = if i == j { Verdict::Right } else { Verdict::RightButOutdated };
                assert_eq!(
                    hasher.verify(Caller::SERVER, new, "Correct-Horse", Some(&stored)).await.unwrap(),
                    expected,
                    "{i} {j}"
                );
                assert_eq!(
                    hasher.verify(Caller::SERVER, new, "Correct-House", Some(&stored)).await.unwrap(),
                    Verdict::Wrong
                );
            }
        }
    }

    #[tokio::test]
    async fn nobody_is_wrong_whatever_the_password() {
        let hasher = Hasher::sized(1, 8);
        for keys in [argon2(64), bcrypt(4)] {
            assert_eq!(
                hasher.verify(Caller::SERVER, &keys, "Correct-Horse", None).await.unwrap(),
                Verdict::Wrong
            );
            assert_eq!(hasher.verify(Caller::SERVER, &keys, "", None).await.unwrap(), Verdict::Wrong);
        }
    }

    /// Seen by the memory that a hash fills, not by a clock.
    #[test]
    fn nobody_costs_a_hash() {
        let mut memory = algorithm::Memory::new();
        assert_eq!(algorithm::verify(&mut memory, &argon2(64), "x", None).unwrap(), Verdict::Wrong);
        assert!(memory.len() >= 64, "64 KiB in blocks of 1 KiB, {} of them were filled", memory.len());
    }

    #[tokio::test]
    async fn argon2_truncates_nothing() {
        let (hasher, effects, keys) = (Hasher::sized(1, 8), testing::effects(), argon2(64));
        let long = "ä".repeat(1000);
        let stored = hasher.hash(Caller::SERVER, &effects, &keys, &format!("{long}x")).await.unwrap();
        assert_eq!(
            hasher.verify(Caller::SERVER, &keys, &format!("{long}y"), Some(&stored)).await.unwrap(),
            Verdict::Wrong
        );
        assert_eq!(
            hasher.verify(Caller::SERVER, &keys, &format!("{long}x"), Some(&stored)).await.unwrap(),
            Verdict::Right
        );
    }

    #[tokio::test]
    async fn bcrypt_truncates_nothing() {
        let (hasher, effects, keys) = (Hasher::sized(1, 8), testing::effects(), bcrypt(4));
        let longest = "ä".repeat(36);
        let stored = hasher.hash(Caller::SERVER, &effects, &keys, &longest).await.unwrap();
        assert_eq!(
            hasher.verify(Caller::SERVER, &keys, &longest, Some(&stored)).await.unwrap(),
            Verdict::Right
        );
        let longer = format!("{longest}x");
        assert_eq!(
            hasher.verify(Caller::SERVER, &keys, &longer, Some(&stored)).await.unwrap(),
            Verdict::Wrong
        );
        assert_eq!(
            hasher.hash(Caller::SERVER, &effects, &keys, &longer).await.unwrap_err().kind,
            crate::Kind::Invalid
        );
    }

    #[tokio::test]
    async fn hashes_made_elsewhere_are_understood() {
        let hasher = Hasher::sized(1, 8);
        let keys = argon2(64);
        // From the reference implementations: `argon2 -id` and the test vectors of OpenWall's crypt_blowfish.
        let imported = [
            (
                "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
                "password",
            ),
            ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"),
        ];
        for (stored, password) in imported {
            assert_eq!(
                hasher.verify(Caller::SERVER, &keys, password, Some(stored)).await.unwrap(),
                Verdict::RightButOutdated
            );
            assert_eq!(
                hasher.verify(Caller::SERVER, &keys, "another", Some(stored)).await.unwrap(),
                Verdict::Wrong
            );
            assert!(is_known_hash(stored));
        }
        for broken in ["", "plain", "$argon2id$v=19$m=256", "$2b$05$tooshort", "$scrypt$ln=1$c2FsdA$aGFzaA"] {
            assert_eq!(
                hasher.verify(Caller::SERVER, &keys, "x", Some(broken)).await.unwrap_err().kind,
                crate::Kind::Internal
            );
            assert!(!is_known_hash(broken), "{broken}");
        }
    }

    #[tokio::test]
    async fn a_hash_of_another_system_asks_for_a_new_one_and_a_wrong_password_costs_as_ever() {
        let stored = "{SSHA256}+E+iFJ27Yu1ODPH1UNKUmzOmUT06dwfghQJRHHnMsO5zYWx0";
        let mut memory = algorithm::Memory::new();
        let keys = argon2(64);
        assert!(is_known_hash(stored));
        assert_eq!(
            algorithm::verify(&mut memory, &keys, "secret", Some(stored)).unwrap(),
            Verdict::RightButOutdated
        );
        assert!(memory.is_empty());
        assert_eq!(algorithm::verify(&mut memory, &keys, "wrong", Some(stored)).unwrap(), Verdict::Wrong);
        assert!(memory.len() >= 64, "as one that nobody has");
    }

    #[test]
    fn a_hash_that_would_keep_a_thread_for_hours_is_not_taken_in() {
        let argon2 = |cost: &str| {
            is_known_hash(&format!(
                "$argon2id$v=19${cost},p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
            ))
        };
        assert!(argon2("m=131072,t=4"));
        assert!(!argon2("m=4194304,t=2"));
        assert!(!argon2("m=256,t=1000000"));
        assert!(!is_known_hash("$2a$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"));
    }
}
