//! Settings: the user who comes back from a provider is linked to the account, or is not.

use super::known::known;
use crate::config::social::Provider;
use crate::error::Result;
use crate::form::outcome::Why;
use crate::identity::credentials::providers_of;
use crate::method::change::AccountChange;
use crate::method::contract::{Attempt, Facts, Member, Verdict, Who};
use crate::social::ExternalIdentity;
use crate::ui::text;

pub(super) fn member(wish: AccountChange) -> Verdict {
    let member = Member { wish, version: None, hooked: None };
    Verdict::Proceed(Box::new(Facts::of(Who::Member(Box::new(member)))))
}

/// The user is back from the provider, which says who that is there.
pub(super) async fn arrived(
    on: &mut Attempt,
    provider: &Provider,
    visitor: ExternalIdentity,
) -> Result<Verdict> {
    let owner = known(&on.ctx, &visitor).await?;
    let record = on.record()?;
    let why = match owner {
        // sabotage: linked-to-one-account
        Some(other) if other.id != record.identity.id => {
            Some(text::linked_to_another_account(&provider.label))
        }
        Some(_) => Some(text::linked_already(&provider.label)),
        None if providers_of(&record.credentials).contains(&provider.id) => {
            Some(text::linked_already(&provider.label))
        }
        None => None,
    };
    if let Some(why) = why {
        on.flow.message(why);
        return Ok(Verdict::Form(Why::Refused));
    }
    let ExternalIdentity { subject, .. } = visitor;
    Ok(member(AccountChange::Link { provider: provider.id.clone(), label: provider.label.clone(), subject }))
}
