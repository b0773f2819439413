//! Rows of changes of an address that wait until the new one is verified. Each belongs to one verification, and goes with it.
use super::{Tx, from_text, to_text};
use crate::error::Result;
use crate::ids::{FlowId, IdentityId, SessionId};
use serde_json::Value;
use uuid::Uuid;

#[derive(Clone, PartialEq, Debug)]
pub struct AddressChange {
    /// The verification.
    pub flow: FlowId,
    pub identity: IdentityId,
    /// The session that the change was made in.
    pub session: SessionId,
    /// The settings form.
    pub origin: FlowId,
    /// The new one.
    pub address: String,
    /// All of them, with the new address.
    pub traits: Value,
    /// SHA-256 of the traits that they were made from.
    pub basis: Vec<u8>,
}

struct Stored {
    flow_id: Uuid,
    identity_id: Uuid,
    session_id: Uuid,
    origin: Uuid,
    address: String,
    traits: String,
    basis: Vec<u8>,
}

row!(Stored { flow_id, identity_id, session_id, origin, address, traits, basis });

statements! {
    const INSERT: &str =
        "insert into address_changes (flow_id, identity_id, session_id, origin, address, traits, basis)
        values ($1, $2, $3, $4, $5, $6, $7)";
    const OF_FLOW: &str = "select flow_id, identity_id, session_id, origin, address, traits, basis
        from address_changes where flow_id = $1";
    const TAKE: &str = "delete from address_changes where flow_id = $1";
    const FORGET: &str = "delete from address_changes where identity_id = $1";
}

/// Stores it in place of those that wait for the account already.
pub async fn insert(tx: &mut Tx, change: &AddressChange) -> Result<()> {
    let traits = to_text(&change.traits)?;
    tx.execute(FORGET, &[&change.identity.0]).await?;
    tx.execute(
        INSERT,
        &[
            &change.flow.0,
            &change.identity.0,
            &change.session.0,
            &change.origin.0,
            &change.address,
            &traits,
            &change.basis,
        ],
    )
    .await?;
    Ok(())
}

/// What waits for that verification.
pub async fn of_flow(tx: &mut Tx, flow: FlowId) -> Result<Option<AddressChange>> {
    tx.fetch_optional::<Stored>(OF_FLOW, &[&flow.0]).await?.map(Stored::read).transpose()
}

/// Takes it away; of several who come at once one gets it.
pub async fn take(tx: &mut Tx, flow: FlowId) -> Result<bool> {
    Ok(tx.execute(TAKE, &[&flow.0]).await? == 1)
}

impl Stored {
    fn read(self) -> Result<AddressChange> {
        Ok(AddressChange {
            flow: FlowId(self.flow_id),
            identity: IdentityId(self.identity_id),
            session: SessionId(self.session_id),
            origin: FlowId(self.origin),
            address: self.address,
            traits: from_text("address_changes.traits", &self.traits)?,
            basis: self.basis,
        })
    }
}
