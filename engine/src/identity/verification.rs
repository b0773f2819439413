//! The only code that marks an address as verified.

use super::VerifiableAddress;
use chrono::{DateTime, Utc};

/// What vouches for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum VerifiedBy {
    /// A code that was mailed to it came back.
    Verification,
    /// A code that signs up or signs in was sent to it and came back.
    Code,
    /// A code or a link that was emailed to it, to recover the account.
    Recovery,
    /// The administrator says so, for an identity that is made or imported.
    Admin,
    /// A webhook that can change the account verified it, while the account was created.
    Hook,
    /// A provider whose word counts says so, by way of its mapper, while the account is made.
    Provider,
    /// The user signed up with an invitation that was only emailed to it.
    Invitation,
}

/// From here on the address counts as its identity's own: the gate at sign-in lets the person through. Written by
/// `store::identities::change`, or with a new identity. Verified once, the time of the first verification stays.
pub fn mark_verified(address: &mut VerifiableAddress, by: VerifiedBy, at: DateTime<Utc>) {
    if !address.verified {
        tracing::debug!(address = %address.id, ?by, "an email was verified");
        address.verified_at = Some(at);
    }
    address.verified = true;
    address.status = "completed".to_owned();
    address.updated_at = address.updated_at.max(at);
}
