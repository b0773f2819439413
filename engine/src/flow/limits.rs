//! How often codes may be tried and mailed, whatever flow they belong to: five tries for each of many flows are no limit. What
//! is not known here counts as what is, so that the limits tell nobody who has an account.

use crate::engine::Ctx;
use crate::error::Result;
use crate::ids::IdentityId;
use crate::store::{Tx, messages, tries};
use chrono::TimeDelta;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The mails that a stranger can make us send. What a known address is told counts as the code does that a new one gets.
const TEMPLATES: [&str; 3] = ["verification_code_valid", "verification_code_invalid", "registration_known"];

/// A try that may be compared; what it left behind is to be forgotten when it was right.
pub(super) struct Try(Vec<Uuid>);

/// Counts a try for the address that was typed and for the account, where there is one. `None`: too many were wrong. To be
/// committed before anything is compared.
pub(super) async fn count(
    ctx: &Ctx,
    tx: &mut Tx,
    purpose: &str,
    address: Option<&str>,
    identity: Option<IdentityId>,
) -> Result<Option<Try>> {
    let keys = &ctx.config.vestibule.verification;
    let now = ctx.effects().now();
    let mut subjects: Vec<Vec<u8>> = Vec::new();
    subjects.extend(address.map(|address| subject(purpose, "address", address.as_bytes())));
    subjects.extend(identity.map(|identity| subject(purpose, "identity", identity.0.as_bytes())));
    // Always in the same order, or two tries could wait for each other.
    subjects.sort();
    let mut recorded = Vec::new();
    for subject in &subjects {
        tries::queue(tx, subject, now).await?;
        let hour = tries::count(tx, subject, now - TimeDelta::hours(1)).await?;
        let day = tries::count(tx, subject, now - TimeDelta::days(1)).await?;
        if hour >= keys.wrong_codes_per_hour || day >= keys.wrong_codes_per_day {
            return Ok(None);
        }
    }
    for subject in &subjects {
        let id = ctx.effects().uuid();
        tries::record(tx, id, subject, now).await?;
        recorded.push(id);
    }
    Ok(Some(Try(recorded)))
}

/// The code was right, so nothing counts.
pub(super) async fn forget(tx: &mut Tx, right: &Try) -> Result<()> {
    for id in &right.0 {
        tries::forget(tx, *id).await?;
    }
    Ok(())
}

/// Whether one more mail may go to that address now. Who asks is not told.
pub(super) async fn may_mail(ctx: &Ctx, tx: &mut Tx, address: &str) -> Result<bool> {
    let keys = &ctx.config.vestibule.verification;
    let now = ctx.effects().now();
    tries::queue(tx, &subject("mail", "address", address.as_bytes()), now).await?;
    let minute = messages::count_since(tx, address, now - TimeDelta::minutes(1), TEMPLATES).await?;
    let hour = messages::count_since(tx, address, now - TimeDelta::hours(1), TEMPLATES).await?;
    let may = minute < keys.emails_per_minute && hour < keys.emails_per_hour;
    if !may {
        tracing::info!(minute, hour, "no mail: this address was written to often enough");
    }
    Ok(may)
}

fn subject(purpose: &str, of: &str, value: &[u8]) -> Vec<u8> {
    let mut digest = Sha256::new();
    for part in [purpose.as_bytes(), of.as_bytes(), value] {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    digest.finalize().to_vec()
}
