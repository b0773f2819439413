//! The one way in which an identity changes. [`IdentityChange::apply`] says what becomes of an identity, without a database;
//! `store::identities::change` writes that if the identity is still the one that was read.
//!
//! Addresses and identifiers follow the traits. An address is the same while its value and its channel are: it keeps its id and
//! stays verified, and one that comes back after it was gone is a new one.

use super::credentials::{Identified, identified};
use super::schema::{AtMost, Extracted, Schema, Violation};
use super::verification::{VerifiedBy, mark_verified};
use super::{Credential, Identity, RecoveryAddress, State, VerifiableAddress, normalise_identifier};
use crate::model::MethodId;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;

/// An identity with everything that it is signed in with.
#[derive(Clone, Debug)]
pub struct Record {
    pub identity: Identity,
    pub credentials: Vec<Credential>,
}

/// What changes. What is `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct IdentityChange {
    pub schema_id: Option<String>,
    /// All of them, not a part. Addresses and identifiers follow.
    pub traits: Option<Value>,
    /// In place of the addresses that the traits hold.
    pub verifiable: Option<Vec<GivenAddress>>,
    pub recovery: Option<Vec<GivenAddress>>,
    /// In place of every credential there is, identifiers included.
    pub credentials: Option<Vec<Credential>>,
    /// Addresses of the identity that are verified, and by what.
    pub verified: Vec<(Uuid, VerifiedBy)>,
    pub state: Option<State>,
    pub metadata_public: Option<Value>,
    pub metadata_admin: Option<Value>,
    /// `Some(None)` clears it.
    pub external_id: Option<Option<String>>,
}

/// An address that a change names by itself.
#[derive(Clone, PartialEq, Debug)]
pub struct GivenAddress {
    /// As it was written.
    pub value: String,
    /// `email` or `sms`
    pub via: String,
    pub mark: Mark,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mark {
    /// As the identity has that address; an address that it does not have is unverified.
    Kept,
    /// A new address in place of the identity's own, verified by that or by nothing.
    New(Option<VerifiedBy>),
}

/// Schemas by their ids.
type Schemas<'a> = Box<dyn Fn(&str) -> Option<&'a Schema> + 'a>;

/// What a change is judged and carried out by.
pub struct Rules<'a> {
    pub schema: Schemas<'a>,
    pub violations: AtMost,
    /// For new addresses.
    pub new_id: Box<dyn Fn() -> Uuid + 'a>,
    pub now: DateTime<Utc>,
}

/// An identity after a change.
#[derive(Clone, Debug)]
pub struct Changed {
    pub record: Record,
    /// What the traits hold, where they or their schema changed.
    pub extracted: Option<Extracted>,
}

/// Why a change cannot be.
#[derive(Clone, PartialEq, Debug)]
pub enum Refused {
    UnknownSchema(String),
    /// Not one of the identity's.
    UnknownAddress(Uuid),
    Violations(Vec<Violation>),
}

impl IdentityChange {
    /// One address is verified, and nothing else changes.
    pub fn verified(address: Uuid, by: VerifiedBy) -> Self {
        Self { verified: vec![(address, by)], ..Self::default() }
    }

    /// A credential of the identity has another configuration, and the same identifiers.
    pub fn configured(before: &Record, kind: &str, config: &Value, now: DateTime<Utc>) -> Self {
        let mut credentials = before.credentials.clone();
        for own in credentials.iter_mut().filter(|own| own.kind == kind) {
            own.config = config.clone();
            own.updated_at = own.updated_at.max(now);
        }
        Self { credentials: Some(credentials), ..Self::default() }
    }

    /// A credential has one more identifier, and that configuration. The identity may not have such a credential so far.
    pub fn identified(
        before: &Record,
        (kind, identifier): (&str, &str),
        config: &Value,
        now: DateTime<Utc>,
    ) -> Self {
        let mut credentials = before.credentials.clone();
        let own = credentials.iter_mut().find(|own| own.kind == kind);
        match own {
            Some(own) => {
                own.identifiers.push(identifier.to_owned());
                own.config = config.clone();
                own.updated_at = own.updated_at.max(now);
            }
            None => credentials.push(Credential {
                kind: kind.to_owned(),
                identifiers: vec![identifier.to_owned()],
                config: config.clone(),
                created_at: now,
                updated_at: now,
            }),
        }
        Self { credentials: Some(credentials), ..Self::default() }
    }

    /// A credential has these of its identifiers left, and that configuration. Without any left it is gone.
    pub fn reduced(
        before: &Record,
        (kind, identifiers): (&str, &[String]),
        config: &Value,
        now: DateTime<Utc>,
    ) -> Self {
        let mut credentials = before.credentials.clone();
        credentials.retain(|own| own.kind != kind || !identifiers.is_empty());
        for own in credentials.iter_mut().filter(|own| own.kind == kind) {
            own.identifiers = identifiers.to_vec();
            own.config = config.clone();
            own.updated_at = own.updated_at.max(now);
        }
        Self { credentials: Some(credentials), ..Self::default() }
    }

    /// The identity as it is with the change.
    ///
    /// # Errors
    /// The new traits do not fit their schema, or the change names a schema or an address that does not exist.
    pub fn apply(self, before: &Record, rules: &Rules<'_>) -> Result<Changed, Refused> {
        let own = &before.identity;
        let mut record = before.clone();
        let mut extracted = None;
        if self.traits.is_some() || self.schema_id.is_some() {
            let id = self.schema_id.as_deref().unwrap_or(&own.schema_id);
            let schema = (rules.schema)(id).ok_or_else(|| Refused::UnknownSchema(id.to_owned()))?;
            let traits = self.traits.as_ref().unwrap_or(&own.traits);
            let found = schema.validate(traits, rules.violations).map_err(Refused::Violations)?;
            record.follow(&found, rules);
            record.identity.schema_id = id.to_owned();
            record.identity.traits = found.traits(traits.clone());
            extracted = Some(found);
        }
        let identity = &mut record.identity;
        if let Some(given) = &self.verifiable {
            identity.verifiable_addresses = verifiable(&own.verifiable_addresses, given, rules);
        }
        if let Some(given) = &self.recovery {
            identity.recovery_addresses = recovery(&own.recovery_addresses, given, rules);
        }
        if let Some(state) = self.state.filter(|state| *state != own.state) {
            identity.state = state;
            identity.state_changed_at = rules.now;
        }
        if let Some(metadata) = &self.metadata_public {
            identity.metadata_public = metadata.clone();
        }
        if let Some(metadata) = &self.metadata_admin {
            identity.metadata_admin = metadata.clone();
        }
        if let Some(id) = &self.external_id {
            identity.external_id = id.clone().filter(|id| !id.is_empty());
        }
        for (id, by) in &self.verified {
            let mut all = identity.verifiable_addresses.iter_mut();
            let address = all.find(|address| address.id == *id).ok_or(Refused::UnknownAddress(*id))?;
            mark_verified(address, *by, rules.now);
        }
        if self.is_more_than_proof() {
            identity.updated_at = identity.updated_at.max(rules.now);
        }
        identity.version += 1;
        if let Some(credentials) = self.credentials {
            record.credentials = credentials;
        }
        Ok(Changed { record, extracted })
    }

    /// A proof alone changes the address and not the time of the identity (as in Kratos).
    fn is_more_than_proof(&self) -> bool {
        let Self {
            schema_id,
            traits,
            verifiable,
            recovery,
            credentials,
            verified: _,
            state,
            metadata_public,
            metadata_admin,
            external_id,
        } = self;
        schema_id.is_some()
            || traits.is_some()
            || verifiable.is_some()
            || recovery.is_some()
            || credentials.is_some()
            || state.is_some()
            || metadata_public.is_some()
            || metadata_admin.is_some()
            || external_id.is_some()
    }
}

impl GivenAddress {
    /// One that the identity has, and keeps.
    pub fn kept(value: &str, via: &str) -> Self {
        Self { value: value.to_owned(), via: via.to_owned(), mark: Mark::Kept }
    }
}

impl Record {
    /// Addresses and identifiers are those that new traits hold.
    fn follow(&mut self, found: &Extracted, rules: &Rules<'_>) {
        let given = |list: &[super::schema::Address]| -> Vec<GivenAddress> {
            list.iter().map(|address| GivenAddress::kept(&address.value, &address.via)).collect()
        };
        let identity = &mut self.identity;
        identity.verifiable_addresses =
            verifiable(&identity.verifiable_addresses, &given(&found.verifiable), rules);
        identity.recovery_addresses = recovery(&identity.recovery_addresses, &given(&found.recovery), rules);
        for identified in identified(found) {
            self.identify(identified, rules.now);
        }
    }

    /// Without a secret a credential only reserves its identifiers, as in Kratos: it comes and goes with them.
    fn identify(&mut self, by: Identified, now: DateTime<Utc>) {
        let Identified { kind, identifiers, config } = by;
        let kind = kind.name();
        let has_secret = |own: &Credential| kind == MethodId::Password.name() && own.config != json!({});
        let own = self.credentials.iter().position(|credential| credential.kind == kind);
        match own.map(|at| (at, &mut self.credentials[at])) {
            None if identifiers.is_empty() => {}
            None => self.credentials.push(Credential {
                kind: kind.to_owned(),
                identifiers,
                config,
                created_at: now,
                updated_at: now,
            }),
            Some((at, own)) if identifiers.is_empty() && !has_secret(own) => {
                self.credentials.remove(at);
            }
            Some((_, own)) if own.identifiers != identifiers => {
                own.identifiers = identifiers;
                if !has_secret(own) {
                    own.config = config;
                }
                own.updated_at = own.updated_at.max(now);
            }
            Some(_) => {}
        }
    }
}

fn verifiable(
    own: &[VerifiableAddress],
    given: &[GivenAddress],
    rules: &Rules<'_>,
) -> Vec<VerifiableAddress> {
    let make = |given: &GivenAddress, value: String| {
        let same = |one: &str| one == given.value || one == value;
        let kept = own.iter().find(|own| own.via == given.via && same(&own.value));
        match (given.mark, kept) {
            (Mark::Kept, Some(kept)) => kept.clone(),
            (Mark::Kept | Mark::New(None), _) => {
                VerifiableAddress::new((rules.new_id)(), value, &given.via, rules.now)
            }
            (Mark::New(Some(by)), _) => {
                let mut address = VerifiableAddress::new((rules.new_id)(), value, &given.via, rules.now);
                mark_verified(&mut address, by, rules.now);
                address
            }
        }
    };
    each_once(given).map(|(given, value)| make(given, value)).collect()
}

fn recovery(own: &[RecoveryAddress], given: &[GivenAddress], rules: &Rules<'_>) -> Vec<RecoveryAddress> {
    let make = |given: &GivenAddress, value: String| {
        let same = |one: &str| one == given.value || one == value;
        let kept = own.iter().find(|own| own.via == given.via && same(&own.value));
        match (given.mark, kept) {
            (Mark::Kept, Some(kept)) => kept.clone(),
            (Mark::Kept | Mark::New(_), _) => {
                RecoveryAddress::new((rules.new_id)(), value, &given.via, rules.now)
            }
        }
    };
    each_once(given).map(|(given, value)| make(given, value)).collect()
}

/// Each value of each channel once, normalised: the first counts.
fn each_once(given: &[GivenAddress]) -> impl Iterator<Item = (&GivenAddress, String)> {
    let mut seen = BTreeSet::new();
    given
        .iter()
        .map(|given| (given, normalise_identifier(&given.value)))
        .filter(move |(given, value)| seen.insert((given.via.clone(), value.clone())))
}

#[cfg(test)]
mod tests;
