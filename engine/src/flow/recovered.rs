//! What a recovery stores, in the transaction of its session: the code is used up, the address is verified, and whatever else could
//! still sign in to the account ends (design: security §11.27).

use super::member::Changed;
use super::settings;
use super::work::Work;
use crate::engine::Ctx;
use crate::error::Result;
use crate::form::outcome::unknown;
use crate::identity::change::{IdentityChange, Record};
use crate::identity::verification::VerifiedBy;
use crate::method::{Recovered, Who};
use crate::model::{Client, Flow, FlowState, FlowType};
use crate::otp;
use crate::signup::reset;
use crate::store::identities::{self, Outcome};
use crate::store::{self, Tx};
use url::form_urlencoded::Serializer;

/// Whether the account is active and still has the address, and the code was not used. From here on that stays so.
pub(super) async fn holds(recovered: &Recovered, ctx: &Ctx, tx: &mut Tx) -> Result<bool> {
    let (id, code) = (recovered.identity.id, &recovered.code);
    let is_theirs = match recovered.address {
        Some(_) => identities::hold_recovery_address(tx, id, code.address()).await?,
        None => code.is_by_operator() && identities::hold_active(tx, id).await?,
    };
    Ok(is_theirs && otp::use_up(tx, code, recovered.counted.as_ref(), ctx.effects().now()).await?)
}

/// The account after the recovery. A code that an operator created verifies nothing.
pub(super) async fn change(work: &mut Work, ctx: &Ctx, tx: &mut Tx) -> Result<Changed> {
    let Who::Recovered(recovered) = &work.facts.who else { return Ok(Changed::Void) };
    let mut identity = identities::get(tx, recovered.identity.id).await?.ok_or_else(unknown)?;
    identities::end_waiting(tx, identity.id).await?;
    if let Some(address) = &recovered.address {
        let resets = ctx.config.vestibule.registration.reset_on_first_verification;
        if identities::claim(tx, identity.id).await?
            && resets
            && !reset::leave_address(ctx, tx, &work.on.flow, &recovered.code, &mut identity, address).await?
        {
            return Ok(Changed::Void);
        }
        let mut own = identity.verifiable_addresses.iter();
        let verifiable = own.find(|own| own.value == *address);
        if let Some(verifiable) = verifiable.filter(|own| !own.verified) {
            let change = IdentityChange::verified(verifiable.id, VerifiedBy::Recovery);
            let before = Record { identity: identity.clone(), credentials: Vec::new() };
            let now = ctx.effects().now();
            let changed = change.apply(&before, &ctx.change_rules(now)).map_err(|_| unknown())?;
            match identities::change(tx, &before, &changed.record).await? {
                Outcome::Done => identity = changed.record.identity,
                Outcome::Stale | Outcome::Taken => return Ok(Changed::Moved),
            }
        }
    }
    work.account = Some(identity);
    Ok(Changed::Done)
}

/// The settings form to set a new password in.
async fn open_settings(work: &Work, ctx: &Ctx, tx: &mut Tx) -> Result<Option<Flow>> {
    let (Some(identity), Some(issued)) = (&work.account, &work.made.issued) else { return Ok(None) };
    let credentials = identities::credentials(tx, identity.id).await?;
    let record = Record { identity: identity.clone(), credentials };
    let mut from = work.on.flow.clone();
    if work.on.client != Client::Native {
        // A link is opened by a browser, whoever asked for it.
        from.kind_of_client = FlowType::Browser;
    }
    let query = Serializer::new(String::new())
        .append_pair("flow", &from.id.to_string())
        .append_pair("return_to", from.return_to.as_deref().unwrap_or_default())
        .finish();
    from.request_url = ctx.config.public_url(&format!("self-service/recovery?{query}"));
    let cookie = work.made.new_csrf_cookie.as_deref().unwrap_or_default();
    let settings = settings::recovered(ctx, &from, cookie, &record, &issued.session);
    store::flows::insert(tx, &settings).await?;
    Ok(Some(settings))
}

/// The flow is over, and a settings form takes its place. `false`: another request wrote the flow.
pub(super) async fn finish(work: &mut Work, ctx: &Ctx, tx: &mut Tx) -> Result<bool> {
    let mut done = work.on.flow.clone();
    done.state = FlowState::Passed;
    done.ui.reset_messages();
    done.transient_payload = None;
    done.updated_at = ctx.effects().now();
    if store::flows::update(tx, &mut done).await?.is_none() {
        return Ok(false);
    }
    work.on.flow = done;
    if work.made.opens_settings {
        work.made.settings = open_settings(work, ctx, tx).await?;
    }
    Ok(true)
}
