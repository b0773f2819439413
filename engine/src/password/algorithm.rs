//! The two hash formats: argon2 as PHC string (RFC 9106), bcrypt as modular crypt string. Pure computation.

use super::imported::{self, Imported};
use super::policy;
use crate::config::{Algorithm, Argon2Keys, Hashers};
use crate::error::{Error, Result};
use argon2::password_hash::phc::{Output, ParamsString, Salt};
use argon2::{Argon2, Block, Params, PasswordHash, Version};
use subtle::ConstantTimeEq;

/// The working memory of one thread, kept from hash to hash: fresh pages cost more than they look.
pub(super) type Memory = Vec<Block>;

/// The outcome of comparing a password with a stored hash.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    Wrong,
    Right,
    /// Right, and the stored hash has other parameters than the configuration: hash again and store.
    RightButOutdated,
}

/// Bytes; bcrypt fixes sixteen.
pub(super) fn salt_length(keys: &Hashers) -> usize {
    match keys.algorithm {
        Algorithm::Argon2 => keys.argon2.salt_length as usize,
        Algorithm::Bcrypt => 16,
    }
}

pub(super) fn hash(memory: &mut Memory, keys: &Hashers, salt: &[u8], password: &str) -> Result<String> {
    match keys.algorithm {
        Algorithm::Argon2 => argon2(memory, keys.argon2, salt, password),
        Algorithm::Bcrypt => {
            let salt = salt.try_into().map_err(Error::internal)?;
            // The caller has refused what is longer than bcrypt reads; the crate's own check refuses 72 bytes as well.
            let parts = bcrypt::hash_with_salt(password, keys.bcrypt_cost, salt);
            Ok(parts.map_err(Error::internal)?.to_string())
        }
    }
}

pub(super) fn verify(
    memory: &mut Memory,
    keys: &Hashers,
    password: &str,
    stored: Option<&str>,
) -> Result<Verdict> {
    let Some(stored) = stored else {
        // sabotage: same-work-without-account
        dummy(memory, keys, password)?;
        return Ok(Verdict::Wrong);
    };
    let (right, current) = if stored.starts_with("$2") {
        if password.len() > policy::BCRYPT_BYTES {
            // Others cut such a password off; here it fits nothing, at the price of any other wrong one.
            dummy(memory, keys, password)?;
            return Ok(Verdict::Wrong);
        }
        let right = bcrypt::verify(password, stored).map_err(Error::internal)?;
        let cost = stored.get(4..6).and_then(|cost| cost.parse().ok());
        (right, keys.algorithm == Algorithm::Bcrypt && cost == Some(keys.bcrypt_cost))
    } else if let Some(imported) = Imported::parse(stored) {
        let right = imported.fits(password);
        if !right {
            // Most of these are cheap: a wrong password must not come back sooner than for an account that does not exist.
            dummy(memory, keys, password)?;
        }
        (right, false)
    } else {
        verify_argon2(memory, keys, password, stored)?
    };
    Ok(match (right, current) {
        (false, _) => Verdict::Wrong,
        (true, true) => Verdict::Right,
        (true, false) => Verdict::RightButOutdated,
    })
}

/// Costs what a hash with today's parameters costs, and is thrown away.
fn dummy(memory: &mut Memory, keys: &Hashers, password: &str) -> Result<()> {
    let salt = vec![0; salt_length(keys)];
    // bcrypt's cost does not depend on the password; an over-long one must not come cheaper.
    let password = match keys.algorithm {
        Algorithm::Bcrypt if password.len() > policy::BCRYPT_BYTES => "",
        Algorithm::Argon2 | Algorithm::Bcrypt => password,
    };
    hash(memory, keys, &salt, password).map(drop)
}

fn argon2(memory: &mut Memory, keys: Argon2Keys, salt: &[u8], password: &str) -> Result<String> {
    let length = keys.key_length as usize;
    let params =
        Params::new(keys.memory, keys.iterations, keys.parallelism, Some(length)).map_err(Error::internal)?;
    let mut key = vec![0; length];
    fill(memory, argon2::Algorithm::Argon2id, Version::V0x13, &params, password, salt, &mut key)?;
    let hash = PasswordHash {
        algorithm: argon2::ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params).map_err(Error::internal)?,
        salt: Some(Salt::new(salt).map_err(Error::internal)?),
        hash: Some(Output::new(&key).map_err(Error::internal)?),
    };
    Ok(hash.to_string())
}

/// A stored argon2 hash, taken apart.
struct Stored {
    algorithm: argon2::Algorithm,
    version: Version,
    params: Params,
    salt: Salt,
    key: Output,
}

impl Stored {
    fn parse(text: &str) -> Result<Self> {
        let stored = PasswordHash::new(text).map_err(Error::internal)?;
        let (Some(salt), Some(key)) = (stored.salt, stored.hash) else {
            return Err(Error::internal("a stored argon2 hash has no salt or no key"));
        };
        Ok(Self {
            algorithm: argon2::Algorithm::try_from(stored.algorithm.as_str()).map_err(Error::internal)?,
            // Hashes without a version are of the first one (Argon2's encoding before 1.3).
            version: stored.version.map_or(Ok(Version::V0x10), Version::try_from).map_err(Error::internal)?,
            params: Params::try_from(&stored).map_err(Error::internal)?,
            salt,
            key,
        })
    }

    /// Made with the parameters of `keys`.
    fn is_current(&self, keys: &Hashers) -> bool {
        let (today, params) = (keys.argon2, &self.params);
        keys.algorithm == Algorithm::Argon2
            && self.algorithm == argon2::Algorithm::Argon2id
            && self.version == Version::V0x13
            && (params.m_cost(), params.t_cost(), params.p_cost())
                == (today.memory, today.iterations, today.parallelism)
            && (self.salt.len(), self.key.len()) == (today.salt_length as usize, today.key_length as usize)
    }
}

/// A hash of the same format, with the same parameters and lengths, and nothing else of `stored`. It fits no password.
pub(super) fn decoy(stored: &str) -> Option<String> {
    if stored.starts_with("$2") {
        // `.` is zero in the alphabet of bcrypt.
        stored.parse::<bcrypt::HashParts>().ok()?;
        return Some(format!("{}{}", stored.get(..7)?, ".".repeat(53)));
    }
    if Imported::parse(stored).is_some() {
        return Some(imported::blank(stored)).filter(|blank| Imported::parse(blank).is_some());
    }
    let own = Stored::parse(stored).ok()?;
    let hash = PasswordHash {
        algorithm: own.algorithm.ident(),
        version: Some(own.version.into()),
        params: ParamsString::try_from(&own.params).ok()?,
        salt: Some(Salt::new(&vec![0; own.salt.len()]).ok()?),
        hash: Some(Output::new(&vec![0; own.key.len()]).ok()?),
    };
    Some(hash.to_string())
}

/// Whether `stored` can be compared with, within seconds: argon2 of up to 1 GiB and 100 passes, bcrypt of up to cost
/// 18, and what [`Imported`] bounds. For hashes that come from elsewhere.
pub fn is_known_hash(stored: &str) -> bool {
    if let Ok(parts) = stored.parse::<bcrypt::HashParts>() {
        return (4..=18).contains(&parts.get_cost());
    }
    Imported::parse(stored).is_some()
        || Stored::parse(stored)
            .is_ok_and(|stored| stored.params.m_cost() <= 1024 * 1024 && stored.params.t_cost() <= 100)
}

/// Whether the password is right, and whether the parameters are today's.
fn verify_argon2(memory: &mut Memory, keys: &Hashers, password: &str, stored: &str) -> Result<(bool, bool)> {
    let stored = Stored::parse(stored)?;
    let mut key = vec![0; stored.key.len()];
    fill(memory, stored.algorithm, stored.version, &stored.params, password, &stored.salt, &mut key)?;
    Ok((bool::from(key.ct_eq(stored.key.as_bytes())), stored.is_current(keys)))
}

fn fill(
    memory: &mut Memory,
    algorithm: argon2::Algorithm,
    version: Version,
    params: &Params,
    password: &str,
    salt: &[u8],
    key: &mut [u8],
) -> Result<()> {
    let blocks = params.block_count();
    if memory.len() < blocks {
        memory.resize(blocks, Block::new());
    }
    Argon2::new(algorithm, version, params.clone())
        .hash_password_into_with_memory(password.as_bytes(), salt, key, &mut memory[..blocks])
        .map_err(Error::internal)
}
