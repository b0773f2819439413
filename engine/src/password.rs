//! Password hashing on threads of its own, and the password policy.

use crate::config::{Config, Hashers, PasswordMethod};
use crate::effects::Effects;
use crate::error::Result;
use crate::ui::Text;

/// A cheap handle to the hashing threads. A full queue is [`crate::Kind::Busy`] with `retry_after`.
#[derive(Clone)]
pub struct Hasher {}

/// The outcome of comparing a password with a stored hash.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    Wrong,
    Right,
    /// Right, and the stored hash has other parameters than the configuration: hash again and store.
    RightButOutdated,
}

impl Hasher {
    /// Threads from `available_parallelism`, low priority where the system allows.
    pub fn start() -> Self {
        todo!()
    }

    /// A PHC string for `password` with today's parameters; the salt comes from `effects`.
    pub async fn hash(&self, effects: &Effects, keys: &Hashers, password: &str) -> Result<String> {
        let _ = (effects, keys, password);
        todo!()
    }

    /// Compares. `stored: None` (nobody has that identifier) costs one dummy hash and is [`Verdict::Wrong`].
    pub async fn verify(&self, keys: &Hashers, password: &str, stored: Option<&str>) -> Result<Verdict> {
        let _ = (keys, password, stored);
        todo!()
    }
}

/// Length and similarity to `identifiers`; `Some` is the message for the field `password`
/// (4000031, 4000032, 4000033). Pure.
pub fn check_policy(policy: &PasswordMethod, password: &str, identifiers: &[String]) -> Option<Text> {
    let _ = (policy, password, identifiers);
    todo!()
}

/// The breach check (k-anonymity, SHA-1 prefix of five): `Some` is 4000034. Runs beside the hash; after its deadline,
/// or when the network fails and `ignore_network_errors` holds, the password passes.
pub async fn check_breaches(effects: &Effects, config: &Config, password: &str) -> Result<Option<Text>> {
    let _ = (effects, config, password);
    todo!()
}
