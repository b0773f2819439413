//! Emails to addresses that an account had before a change: the hook `notify_previous_addresses` (Kratos:
//! selfservice/hook/notify_previous_addresses.go).

use crate::config::{Hook, Recipients};
use crate::courier::{self, Letter};
use crate::engine::Ctx;
use crate::error::Result;
use crate::identity::{Identity, VerifiableAddress};
use crate::limits::{self, Standing, emails::Occasion};
use crate::model::FlowKind;
use crate::plan::{Plan, Step};
use crate::requester::Requester;
use crate::store::Tx;

/// Queues them in the transaction of the change, within the limits on emails: an account must not be a way to write to strangers.
pub(super) async fn previous(
    ctx: &Ctx,
    tx: &mut Tx,
    plan: &Plan,
    requester: &Requester,
    (before, after): (&Identity, &Identity),
) -> Result<()> {
    let mut steps = plan.steps.iter();
    let recipients = steps.find_map(|step| {
        if let Step::Run(Hook::NotifyPreviousAddresses(recipients)) = step { Some(*recipients) } else { None }
    });
    let Some(recipients) = recipients else { return Ok(()) };
    let has = |identity: &Identity, one: &VerifiableAddress| {
        let mut all = identity.verifiable_addresses.iter();
        all.any(|own| own.via == one.via && own.value == one.value)
    };
    let removed = before.verifiable_addresses.iter().any(|one| !has(after, one));
    let added = after.verifiable_addresses.iter().any(|one| !has(before, one));
    if !removed && !added {
        return Ok(());
    }
    let letter = Letter::AddressChanged { link: ctx.config.page_of(FlowKind::Settings).to_string() };
    for address in before.verifiable_addresses.iter().filter(|one| one.via == "email") {
        let is_told = match recipients {
            Recipients::Removed => !has(after, address),
            Recipients::AllVerified => address.verified,
            Recipients::All => true,
        };
        let standing = Standing::of_browser(requester, before.id);
        let occasion = Occasion { requester, standing, holds: None };
        if is_told && limits::emails::may_send(ctx, tx, &address.value, occasion).await? {
            courier::queue(ctx, tx, &address.value, &letter).await?;
        }
    }
    Ok(())
}
