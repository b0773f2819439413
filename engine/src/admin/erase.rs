//! The end of an account: everything that belongs to it goes in one transaction.

use crate::error::Result;
use crate::identity::Identity;
use crate::ids::IdentityId;
use crate::store::{Tx, deliveries, identities, messages};
use std::collections::BTreeSet;

/// What was still to be sent for the account, and is not sent any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Erased {
    pub emails: u64,
    pub calls: u64,
}

/// Deletes an identity with its credentials, addresses and sessions, the forms and provider authorizations that were open for it,
/// queued emails and queued webhook calls. `None`: no identity has that ID.
pub async fn erase(tx: &mut Tx, id: IdentityId) -> Result<Option<Erased>> {
    let Some(identity) = identities::get(tx, id).await? else { return Ok(None) };
    // It locks the row first, as every change of an account does. Codes and links of the account say which forms are its own.
    let _ = identities::still_before_proof(tx, &identity).await?;
    identities::end_open_flows(tx, id).await?;
    // Before emails and calls: another transaction that queues one for this account has ended then.
    if !identities::delete(tx, id).await? {
        return Ok(None);
    }
    let mut erased = Erased { emails: 0, calls: deliveries::delete_queued_for(tx, id).await? };
    for address in addresses(&identity) {
        erased.emails += messages::delete_queued_to(tx, address).await?;
    }
    Ok(Some(erased))
}

fn addresses(identity: &Identity) -> BTreeSet<&str> {
    let verifiable = identity.verifiable_addresses.iter().map(|address| address.value.as_str());
    let recovery = identity.recovery_addresses.iter().map(|address| address.value.as_str());
    verifiable.chain(recovery).collect()
}
