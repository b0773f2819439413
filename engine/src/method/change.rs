//! What a user changes of their own account in the settings. It is carried out on the account as it is in the transaction that stores it,
//! so two tabs never undo each other's rules.

use crate::identity::Credential;
use crate::identity::change::{IdentityChange, Record};
use crate::model::MethodId;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[derive(Clone)]
pub(crate) enum AccountChange {
    /// All of them.
    Traits(Value),
    Password {
        hash: String,
        /// What the password is for, where the account has no credential yet that says so.
        identifiers: Vec<String>,
    },
}

impl AccountChange {
    /// Whether it takes a recent sign-in whatever the account is.
    pub(crate) fn is_secret(&self) -> bool {
        match self {
            AccountChange::Traits(_) => false,
            AccountChange::Password { .. } => true,
        }
    }

    /// The same in terms of the identity.
    pub(crate) fn on(&self, record: &Record, now: DateTime<Utc>) -> IdentityChange {
        match self {
            AccountChange::Traits(traits) => {
                IdentityChange { traits: Some(traits.clone()), ..IdentityChange::default() }
            }
            AccountChange::Password { hash, identifiers } => {
                let config = json!({ "hashed_password": hash });
                let mut credentials = record.credentials.clone();
                let kind = MethodId::Password.name();
                match credentials.iter_mut().find(|own| own.kind == kind) {
                    Some(own) => (own.config, own.updated_at) = (config, own.updated_at.max(now)),
                    None => credentials.push(Credential {
                        kind: kind.to_owned(),
                        identifiers: identifiers.clone(),
                        config,
                        created_at: now,
                        updated_at: now,
                    }),
                }
                IdentityChange { credentials: Some(credentials), ..IdentityChange::default() }
            }
        }
    }
}

/// Whether the change alters how the account is signed in to, or where it is reached: it takes a recent sign-in.
pub(crate) fn is_sensitive(before: &Record, after: &Record) -> bool {
    ways_in(before) != ways_in(after) || addresses(before) != addresses(after)
}

fn ways_in(record: &Record) -> BTreeSet<(&str, &str)> {
    let all = record.credentials.iter();
    all.flat_map(|own| own.identifiers.iter().map(|identifier| (own.kind.as_str(), identifier.as_str())))
        .collect()
}

fn addresses(record: &Record) -> BTreeSet<(&str, &str, &str)> {
    let identity = &record.identity;
    let verifiable = identity.verifiable_addresses.iter();
    let verifiable = verifiable.map(|one| ("verifiable", one.via.as_str(), one.value.as_str()));
    let recovery = identity.recovery_addresses.iter();
    let recovery = recovery.map(|one| ("recovery", one.via.as_str(), one.value.as_str()));
    verifiable.chain(recovery).collect()
}
