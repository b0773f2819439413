//! Whether this server's secrets are those that its database was used with. Two servers with different secrets on one database would
//! reject each other's sessions, and couldn't decrypt each other's data.
//!
//! The database contains a keyed fingerprint of every secret that a server started with. To rotate a secret, add the new one before
//! the old one: a server starts if at least one secret of each kind is known, and records the new ones.

use crate::config::Config;
use crate::engine::Engine;
use crate::error::Result;
use crate::secret::Secret;
use crate::store::audit::{self, Entry};
use crate::store::{Tx, secret_fingerprints};
use chrono::{DateTime, Utc};
use hmac::{Hmac, Mac};
use serde_json::json;
use sha2::Sha256;
use std::fmt;

/// What another length or label would make another fingerprint of.
const LABEL: &[u8] = b"vestibule/known-secret/v1";
const LENGTH: usize = 16;
/// Others may record at the same moment.
const ATTEMPTS: usize = 20;

/// Kinds of secrets, by their configuration keys, of which the database knows none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unknown(pub Vec<&'static str>);

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<_> = self.0.iter().map(|key| format!("`{key}`")).collect();
        write!(
            f,
            "This database was used with other secrets: it knows none of {}. With these secrets, sessions of other servers are rejected \
             and encrypted rows can't be decrypted. Copy `secrets.json` from the data folder of the other server, or set the same \
             `secrets` in the configuration of both. After a rotation, keep the old secret as the second entry. If the old secrets \
             are lost, run `vestibule secrets accept`",
            keys.join(", ")
        )
    }
}

/// Records this server's secrets in the database, unless they are not those that it was used with: then nothing is written.
pub async fn record(engine: &Engine) -> Result<std::result::Result<(), Unknown>> {
    let (config, now) = (engine.begin().config, engine.effects().now());
    for _ in 0..ATTEMPTS {
        let mut tx = engine.db().write().await?;
        let known = secret_fingerprints::list(&mut tx).await?;
        if let Some(unknown) = unknown(&config, &known) {
            return Ok(Err(unknown));
        }
        if add(&mut tx, &config, &known, now).await? {
            tx.commit().await?;
            return Ok(Ok(()));
        }
    }
    Err(crate::Error::internal("other servers record their secrets all the time"))
}

/// From now on the database knows this server's secrets alone: the others are lost.
pub async fn accept(engine: &Engine) -> Result<()> {
    let (config, now) = (engine.begin().config, engine.effects().now());
    let mut tx = engine.db().write().await?;
    secret_fingerprints::forget(&mut tx).await?;
    add(&mut tx, &config, &[], now).await?;
    let entry =
        Entry { at: now, actor: "command line".into(), action: "secrets.accept".into(), details: json!({}) };
    audit::append(&mut tx, &entry).await?;
    tx.commit().await
}

fn unknown(config: &Config, known: &[(i64, Vec<u8>)]) -> Option<Unknown> {
    if known.is_empty() {
        return None;
    }
    let is_known = |secret: &Secret| known.iter().any(|(_, own)| *own == fingerprint(secret));
    let unknown: Vec<_> = kinds(config)
        .into_iter()
        .filter(|(_, secrets)| !secrets.iter().any(is_known))
        .map(|(key, _)| key)
        .collect();
    (!unknown.is_empty()).then_some(Unknown(unknown))
}

/// Those that are not known yet. `false` if another server recorded one in the meantime.
async fn add(tx: &mut Tx, config: &Config, known: &[(i64, Vec<u8>)], now: DateTime<Utc>) -> Result<bool> {
    let mut all: Vec<_> = known.iter().map(|(_, own)| own.clone()).collect();
    let mut number = known.last().map_or(0, |(number, _)| *number);
    for secret in kinds(config).into_iter().flat_map(|(_, secrets)| secrets) {
        let own = fingerprint(secret);
        if all.contains(&own) {
            continue;
        }
        number += 1;
        if !secret_fingerprints::insert(tx, number, &own, now).await? {
            return Ok(false);
        }
        all.push(own);
    }
    Ok(true)
}

fn kinds(config: &Config) -> [(&'static str, &Vec<Secret>); 3] {
    let secrets = &config.secrets;
    [
        ("secrets.default", &secrets.default),
        ("secrets.cookie", &secrets.cookie),
        ("secrets.cipher", &secrets.cipher),
    ]
}

/// Reveals nothing about a secret without the secret. The same secret has the same fingerprint everywhere.
#[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
fn fingerprint(secret: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length");
    mac.update(LABEL);
    let mut fingerprint = mac.finalize().into_bytes().to_vec();
    fingerprint.truncate(LENGTH);
    fingerprint
}
