//! Sessions of apps whose people prove themselves in a browser: the app keeps one code, the browser brings the other, both
//! together are worth one session, once (Kratos: selfservice/sessiontokenexchange; ours cannot be repeated).

use crate::engine::Ctx;
use crate::error::{Error, Result};
use crate::form::outcome::Issued;
use crate::form::request::{Start, first};
use crate::form::return_to;
use crate::identity::Identity;
use crate::ids::IdentityId;
use crate::method::account::active;
use crate::model::{Flow, FlowKind, FlowType, MethodId};
use crate::session::{self, DeviceInfo};
use crate::store;
use crate::store::social::Exchange;
use chrono::TimeDelta;
use subtle::ConstantTimeEq;
use url::Url;

/// How long a session waits to be fetched.
const WAITS: TimeDelta = TimeDelta::minutes(10);

/// What an app fetched.
#[derive(Debug)]
pub enum Fetched {
    Session(Box<(Identity, Issued)>),
    /// More is to be filled in first.
    Flow(Box<Flow>),
}

/// Gives an app that asks for it its half, when the flow begins. The flow is stored.
pub(crate) async fn begin(ctx: &Ctx, start: &Start, flow: &mut Flow) -> Result<()> {
    let wanted = first(&start.query, "return_session_token_exchange_code") == Some("true");
    if !wanted || flow.kind_of_client != FlowType::Api || start.current.is_some() {
        return Ok(());
    }
    let code = ctx.effects().alphanumeric(64);
    let mut tx = ctx.db().write_single_relaxed().await?;
    store::social::insert_exchange(&mut tx, &session::token_hash(&code), flow.id, flow.expires_at).await?;
    tx.commit().await?;
    flow.session_token_exchange_code = Some(code);
    Ok(())
}

/// The exchange of an app's flow, where it asked for one.
pub(crate) async fn of(ctx: &Ctx, flow: &Flow) -> Result<Option<Exchange>> {
    match flow.kind_of_client {
        FlowType::Browser => Ok(None),
        FlowType::Api => store::social::exchange_of(&mut ctx.db().single().await?, flow.id).await,
    }
}

/// The browser is back: makes the other half and says where the browser brings it. Without `who` the app goes on with `flow`.
pub(crate) async fn answer(
    ctx: &Ctx,
    exchange: Exchange,
    flow: &Flow,
    who: Option<(IdentityId, &str)>,
) -> Result<Url> {
    let mut url = match flow.return_to.as_deref().filter(|url| !url.is_empty()) {
        Some(wanted) => return_to::check(&ctx.config, wanted)?,
        None => ctx.config.default_return_url(),
    };
    let code = ctx.effects().alphanumeric(64);
    let waits = ctx.effects().now() + WAITS;
    let answered = Exchange {
        flow_id: flow.id.0,
        return_hash: Some(session::token_hash(&code)),
        identity_id: who.map(|(id, _)| id.0),
        provider: who.map(|(_, provider)| provider.to_owned()),
        expires_at: if who.is_some() { waits } else { flow.expires_at },
        ..exchange
    };
    let mut tx = ctx.db().write_single().await?;
    store::social::answer_exchange(&mut tx, &answered).await?;
    tx.commit().await?;
    url.query_pairs_mut().append_pair("code", &code);
    Ok(url)
}

/// Both halves for a session.
///
/// # Errors
/// 400 one is missing · 404 they do not belong together, are used, or nobody is signed in.
pub async fn fetch(
    ctx: &Ctx,
    init: Option<&str>,
    back: Option<&str>,
    device: &DeviceInfo,
) -> Result<Fetched> {
    let (Some(init), Some(back)) = (init, back) else {
        return Err(Error::invalid("Both init_code and return_to_code are needed."));
    };
    let none = || Error::not_found("There is no session to fetch with these codes. Start again.");
    let now = ctx.effects().now();
    let init = session::token_hash(init);
    let exchange = {
        let mut tx = ctx.db().single().await?;
        store::social::exchange(&mut tx, &init).await?.ok_or_else(none)?
    };
    let fits =
        exchange.return_hash.as_ref().is_some_and(|hash| hash.ct_eq(&session::token_hash(back)).into());
    if !fits || exchange.used_at.is_some() || exchange.expires_at <= now {
        return Err(none());
    }
    let Some(id) = exchange.identity() else {
        let mut tx = ctx.db().read().await?;
        for kind in [FlowKind::Registration, FlowKind::Login] {
            // One that is finished without a session has nothing to go on with.
            let open = store::flows::get(&mut tx, kind, exchange.flow()).await?;
            if let Some(flow) = open.filter(has_errors) {
                return Ok(Fetched::Flow(Box::new(flow)));
            }
        }
        return Err(none());
    };
    let mut tx = ctx.db().write().await?;
    let identity = store::identities::get(&mut tx, id).await?.ok_or_else(none)?;
    active(&identity)?;
    if !store::social::use_exchange(&mut tx, &init, now).await? {
        return Err(none());
    }
    let (mut session, token) = session::new(ctx, &identity, MethodId::Oidc.name(), device);
    session::by_provider(&mut session, exchange.provider.as_deref());
    store::sessions::insert(&mut tx, &session).await?;
    tx.commit().await?;
    Ok(Fetched::Session(Box::new((identity, Issued { session, token }))))
}

fn has_errors(flow: &Flow) -> bool {
    let nodes = flow.ui.nodes.iter().flatten();
    !flow.ui.messages.is_empty() || nodes.flat_map(|node| &node.messages).next().is_some()
}
