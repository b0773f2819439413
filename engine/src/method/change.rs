//! What a user changes of their own account in the settings. It is carried out on the account as it is in the transaction that stores it,
//! so two tabs never undo each other's rules.

use super::account::usable;
use crate::config::Config;
use crate::identity::Credential;
use crate::identity::change::{IdentityChange, Record};
use crate::identity::credentials::providers_of;
use crate::model::MethodId;
use crate::social::{entry, identifier};
use crate::ui::{Text, text};
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
    /// A user of a provider signs in to the account from now on.
    Link {
        provider: String,
        /// As users know it.
        label: String,
        subject: String,
    },
    /// The user of that provider does so no more.
    Unlink { provider: String },
}

impl AccountChange {
    /// Whether it takes a recent sign-in whatever the account is.
    pub(crate) fn is_secret(&self) -> bool {
        match self {
            AccountChange::Traits(_) | AccountChange::Link { .. } | AccountChange::Unlink { .. } => false,
            AccountChange::Password { .. } => true,
        }
    }

    /// Why the change from one to the other cannot be, by what the account is.
    pub(crate) fn forbidden(&self, config: &Config, before: &Record, after: &Record) -> Option<Text> {
        let linked = |id: &String| providers_of(&before.credentials).contains(id);
        match self {
            AccountChange::Link { provider, label, .. } if linked(provider) => {
                return Some(text::linked_already(label));
            }
            AccountChange::Unlink { provider } if !linked(provider) => return Some(text::not_linked()),
            AccountChange::Traits(_)
            | AccountChange::Password { .. }
            | AccountChange::Link { .. }
            | AccountChange::Unlink { .. } => {}
        }
        // Judged with the account as it is in the transaction, so that two tabs together don't remove both of two.
        // sabotage: last-sign-in-method
        let is_last = usable(config, &before.credentials) > 0 && usable(config, &after.credentials) == 0;
        is_last.then(text::last_sign_in_method)
    }

    /// What is said where an identifier or address belongs to another account.
    pub(crate) fn taken(&self) -> Text {
        match self {
            AccountChange::Link { label, .. } => text::linked_to_another_account(label),
            AccountChange::Traits(_) | AccountChange::Password { .. } | AccountChange::Unlink { .. } => {
                text::identifier_exists()
            }
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
            AccountChange::Link { provider, subject, .. } => link(record, (provider, subject), now),
            AccountChange::Unlink { provider } => unlink(record, provider, now),
        }
    }
}

/// The account is linked to one more user of a provider.
pub(crate) fn link(record: &Record, (provider, subject): (&str, &str), now: DateTime<Utc>) -> IdentityChange {
    let mut all = links(record);
    all.push(entry(provider, subject));
    let (config, identifier) = (json!({ "providers": all }), identifier(provider, subject));
    IdentityChange::identified(record, (MethodId::Oidc.name(), &identifier), &config, now)
}

fn unlink(record: &Record, provider: &str, now: DateTime<Utc>) -> IdentityChange {
    let mut all = links(record);
    all.retain(|entry| entry["provider"] != provider);
    let text = |entry: &Value, name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    let left: Vec<String> =
        all.iter().map(|entry| identifier(&text(entry, "provider"), &text(entry, "subject"))).collect();
    IdentityChange::reduced(record, (MethodId::Oidc.name(), &left), &json!({ "providers": all }), now)
}

/// As the credential has them.
fn links(record: &Record) -> Vec<Value> {
    let own = record.credentials.iter().find(|own| own.kind == MethodId::Oidc.name());
    own.and_then(|own| own.config["providers"].as_array().cloned()).unwrap_or_default()
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
