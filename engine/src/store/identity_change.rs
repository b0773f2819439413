//! An identity from what was read to what it is after a change: only what differs is written, and only if the identity's row still
//! has the version that was read. What the change is, [`crate::identity::change`] decides.
use super::identities::{
    Address, Inserted, addresses, end_sign_ins, identifiers, insert_address, insert_identifier, refuse_nul,
};
use super::{Tx, to_text};
use crate::error::Result;
use crate::identity::change::Record;
use crate::identity::{Credential, State};
use std::collections::{BTreeMap, BTreeSet};

/// What became of a change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum Outcome {
    Done,
    /// The identity is no longer what was read; roll back, and begin again with what it is now.
    Stale,
    /// An identifier, address or external id belongs to another identity; roll back.
    Taken,
}

statements! {
    const CHANGE: &str = "update identities set schema_id = $3, state = $4, state_changed_at = $5, traits = $6,
            metadata_public = $7, metadata_admin = $8, external_id = $9, updated_at = $10, version = version + 1,
            unverified = unverified and not $11, resettable = resettable and not $11, verified = $12
        where id = $1 and version = $2";
    const ADD_CREDENTIAL: &str =
        "insert into identity_credentials (identity_id, kind, config, created_at, updated_at)
        values ($1, $2, $3, $4, $5) on conflict do nothing";
    const CONFIGURE_CREDENTIAL: &str = "update identity_credentials set config = $4, updated_at = $5
        where identity_id = $1 and kind = $2 and config = $3";
    const TOUCH_CREDENTIAL: &str =
        "update identity_credentials set updated_at = $3 where identity_id = $1 and kind = $2";
    const DROP_CREDENTIAL: &str = "delete from identity_credentials where identity_id = $1 and kind = $2";
    const MOVE_IDENTIFIER: &str = "update identity_identifiers set position = $4
        where kind = $1 and identifier = $2 and identity_id = $3";
    const DROP_IDENTIFIER: &str = "delete from identity_identifiers
        where kind = $1 and identifier = $2 and identity_id = $3";
    const MOVE_ADDRESS: &str = "update identity_addresses set position = $2 where id = $1";
    const MARK_ADDRESS: &str =
        "update identity_addresses set verified = $2, status = $3, verified_at = $4, updated_at = $5 where id = $1";
    const DROP_ADDRESS: &str = "delete from identity_addresses where id = $1";
    const END_DEFERRED_LOGINS: &str = "delete from deferred_logins where identity_id = $1";
    const END_UNVERIFIED_SESSIONS: &str =
        "update sessions set active = false where unverified and active and identity_id = $1";
}

/// Writes `after` in place of `before`. An address that it verifies ends what came before any proof: every deferred login that waits
/// for one (that of this proof was taken before), and every session that was issued without one. An identity
/// that is disabled loses its sessions.
pub async fn change(tx: &mut Tx, before: &Record, after: &Record) -> Result<Outcome> {
    let identity = &after.identity;
    refuse_nul(identity.external_id.as_deref())?;
    let (was, is) = (addresses(&before.identity), addresses(identity));
    let steps = address_steps(&was, &is);
    let proves = steps.iter().any(AddressStep::proves);
    let traits = to_text(&identity.traits)?;
    let public = to_text(&identity.metadata_public)?;
    let admin = to_text(&identity.metadata_admin)?;
    // Before all else: it locks the row, so that no session is issued any more that the end of sessions below would not see.
    let changed = tx
        .execute_unless_taken(
            CHANGE,
            &[
                &identity.id.0,
                &before.identity.version,
                &identity.schema_id,
                &identity.state.name(),
                &identity.state_changed_at,
                &traits,
                &public,
                &admin,
                &identity.external_id,
                &identity.updated_at,
                &proves,
                &identity.has_verified_address(),
            ],
        )
        .await?;
    match changed {
        Some(1) => {}
        Some(_) => return Ok(Outcome::Stale),
        None => return Ok(Outcome::Taken),
    }
    let mut outcome = change_credentials(tx, before, after).await?;
    // Both in the order of their values, as with a new identity: two changes that want the same values never wait for each other.
    if outcome == Outcome::Done {
        outcome = change_identifiers(tx, before, after).await?;
    }
    if outcome == Outcome::Done {
        outcome = change_addresses(tx, after, steps).await?;
    }
    if outcome == Outcome::Done && proves {
        tx.execute(END_DEFERRED_LOGINS, &[&identity.id.0]).await?;
        // sabotage: sessions-end-at-first-proof
        tx.tally.revoked += tx.execute(END_UNVERIFIED_SESSIONS, &[&identity.id.0]).await?;
    }
    let is_disabled = (before.identity.state, identity.state) == (State::Active, State::Inactive);
    if outcome == Outcome::Done && is_disabled {
        end_sign_ins(tx, identity.id).await?;
    }
    Ok(outcome)
}

/// Whether it is one credential that changes, and not another in its place.
fn same(one: &Credential, other: &Credential) -> bool {
    one.kind == other.kind && one.created_at == other.created_at
}

async fn change_credentials(tx: &mut Tx, before: &Record, after: &Record) -> Result<Outcome> {
    let id = after.identity.id;
    for gone in &before.credentials {
        if !after.credentials.iter().any(|own| same(own, gone))
            && tx.execute(DROP_CREDENTIAL, &[&id.0, &gone.kind]).await? == 0
        {
            return Ok(Outcome::Stale);
        }
    }
    for own in &after.credentials {
        let was = before.credentials.iter().find(|was| same(was, own));
        let fits = match was {
            None => {
                let config = to_text(&own.config)?;
                tx.execute(ADD_CREDENTIAL, &[&id.0, &own.kind, &config, &own.created_at, &own.updated_at])
                    .await?
                    == 1
            }
            Some(was) if was.config != own.config => {
                let (was, config) = (to_text(&was.config)?, to_text(&own.config)?);
                let values: &[&dyn super::Param] = &[&id.0, &own.kind, &was, &config, &own.updated_at];
                tx.execute(CONFIGURE_CREDENTIAL, values).await? == 1
            }
            Some(was) if was.updated_at != own.updated_at => {
                tx.execute(TOUCH_CREDENTIAL, &[&id.0, &own.kind, &own.updated_at]).await? == 1
            }
            Some(_) => true,
        };
        if !fits {
            return Ok(Outcome::Stale);
        }
    }
    Ok(Outcome::Done)
}

async fn change_identifiers(tx: &mut Tx, before: &Record, after: &Record) -> Result<Outcome> {
    let id = after.identity.id;
    // Those of a credential that is gone went with it.
    let stays: Vec<Credential> = before
        .credentials
        .iter()
        .filter(|was| after.credentials.iter().any(|own| same(own, was)))
        .cloned()
        .collect();
    let (was, is) = (identifiers(&stays), identifiers(&after.credentials));
    let all: BTreeSet<_> = was.keys().chain(is.keys()).copied().collect();
    for (kind, identifier) in all {
        let key = (kind, identifier);
        let fits = match (was.get(&key), is.get(&key)) {
            (Some(was), Some(is)) if was == is => true,
            (Some(_), Some(is)) => tx.execute(MOVE_IDENTIFIER, &[&kind, &identifier, &id.0, is]).await? == 1,
            (Some(_), None) => tx.execute(DROP_IDENTIFIER, &[&kind, &identifier, &id.0]).await? == 1,
            (None, Some(is)) => match insert_identifier(tx, id, kind, identifier, *is).await? {
                Inserted::Done => true,
                Inserted::Taken => return Ok(Outcome::Taken),
            },
            (None, None) => true,
        };
        if !fits {
            return Ok(Outcome::Stale);
        }
    }
    Ok(Outcome::Done)
}

/// What is to be done for one value of one channel.
enum AddressStep<'a> {
    Drop(&'a Address<'a>),
    Add(&'a Address<'a>),
    Replace(&'a Address<'a>, &'a Address<'a>),
    Keep(&'a Address<'a>, &'a Address<'a>),
}

impl AddressStep<'_> {
    fn proves(&self) -> bool {
        match self {
            AddressStep::Drop(_) => false,
            AddressStep::Add(is) | AddressStep::Replace(_, is) => is.verified == Some(true),
            AddressStep::Keep(was, is) => is.verified == Some(true) && !is.is_marked_as(was),
        }
    }
}

fn address_steps<'a>(was: &'a [Address<'a>], is: &'a [Address<'a>]) -> Vec<AddressStep<'a>> {
    let mut all: BTreeMap<_, (Option<&Address<'_>>, Option<&Address<'_>>)> = BTreeMap::new();
    for address in was {
        all.entry(address.key()).or_default().0 = Some(address);
    }
    for address in is {
        all.entry(address.key()).or_default().1 = Some(address);
    }
    let step = |pair| match pair {
        (Some(was), None) => Some(AddressStep::Drop(was)),
        (None, Some(is)) => Some(AddressStep::Add(is)),
        (Some(was), Some(is)) if was.id != is.id => Some(AddressStep::Replace(was, is)),
        (Some(was), Some(is)) => Some(AddressStep::Keep(was, is)),
        (None, None) => None,
    };
    all.into_values().filter_map(step).collect()
}

async fn change_addresses(tx: &mut Tx, after: &Record, steps: Vec<AddressStep<'_>>) -> Result<Outcome> {
    for step in steps {
        let (gone, new) = match step {
            AddressStep::Drop(gone) => (Some(gone), None),
            AddressStep::Add(new) => (None, Some(new)),
            AddressStep::Replace(gone, new) => (Some(gone), Some(new)),
            AddressStep::Keep(was, is) => {
                if was.position != is.position
                    && tx.execute(MOVE_ADDRESS, &[&is.id, &is.position]).await? == 0
                {
                    return Ok(Outcome::Stale);
                }
                if !is.is_marked_as(was)
                    && tx
                        .execute(
                            MARK_ADDRESS,
                            &[&is.id, &is.verified, &is.status, &is.verified_at, &is.updated_at],
                        )
                        .await?
                        == 0
                {
                    return Ok(Outcome::Stale);
                }
                (None, None)
            }
        };
        if let Some(gone) = gone
            && tx.execute(DROP_ADDRESS, &[&gone.id]).await? == 0
        {
            return Ok(Outcome::Stale);
        }
        if let Some(new) = new
            && insert_address(tx, after.identity.id, new).await? == Inserted::Taken
        {
            return Ok(Outcome::Taken);
        }
    }
    Ok(Outcome::Done)
}
