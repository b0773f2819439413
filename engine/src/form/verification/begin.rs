//! Verifications that another flow leads to: a sign-up, or a sign-in that asks for a proven address.

use super::super::envelope::blank;
use super::super::outcome::ShowVerification;
use super::super::request::Start;
use super::super::{code, return_to};
use super::draw::ask_for_code;
use crate::config::Config;
use crate::engine::Ctx;
use crate::error::Result;
use crate::hooks::call::RequestInfo;
use crate::identity::{Identity, VerifiableAddress};
use crate::ids::IdentityId;
use crate::model::{Flow, FlowKind, Sent};
use crate::requester::Requester;
use crate::store::{self, Tx};
use std::sync::Arc;
use url::Url;

/// A verification for somebody whose address waits for proof, with its code and mail, as part of `tx`. `from`: the flow
/// that led here.
pub(crate) async fn begin(
    ctx: &Ctx,
    tx: &mut Tx,
    from: &Flow,
    csrf_cookie: &str,
    requester: &Requester,
    identity: IdentityId,
    address: &VerifiableAddress,
) -> Result<ShowVerification> {
    let (mut flow, shown) = for_address(ctx, from, csrf_cookie, address);
    ask_for_code(ctx, &mut flow);
    store::flows::insert(tx, &flow).await?;
    code::send_first(ctx, tx, &mut flow, requester, identity, address).await?;
    if flow.sent().is_some_and(|sent| sent.earlier.is_some()) {
        store::flows::update(tx, &mut flow).await?;
    }
    Ok(shown)
}

/// The same without code and mail.
pub(crate) fn for_address(
    ctx: &Ctx,
    from: &Flow,
    csrf_cookie: &str,
    address: &VerifiableAddress,
) -> (Flow, ShowVerification) {
    let start = Start::following(from, csrf_cookie.to_owned(), Arc::default(), RequestInfo::default());
    let mut flow = blank(ctx, FlowKind::Verification, &start);
    flow.request_url.clone_from(&from.request_url);
    flow.return_to = after_verification(&from.request_url)
        .filter(|wanted| return_to::check(&ctx.config, wanted).is_ok())
        .or_else(|| from.return_to.clone());
    flow.transient_payload.clone_from(&from.transient_payload);
    flow.set_sent(Sent::new(address.value.clone(), flow.issued_at));
    let mut url = ctx.config.page_of(FlowKind::Verification);
    url.query_pairs_mut().append_pair("flow", &flow.id.to_string());
    let shown = ShowVerification { flow: flow.id, address: address.value.clone(), url };
    (flow, shown)
}

/// `after_verification_return_to` of the request that began the sign-up.
fn after_verification(request_url: &str) -> Option<String> {
    let url = Url::parse(request_url).ok()?;
    let (_, wanted) = url.query_pairs().find(|(name, _)| name == "after_verification_return_to")?;
    Some(wanted.into_owned()).filter(|wanted| !wanted.is_empty())
}

/// The address that is to be proven first: the first in the schema's order that waits for it and can be written to.
pub fn unverified<'a>(config: &Config, identity: &'a Identity) -> Option<&'a VerifiableAddress> {
    identity.verifiable_addresses.iter().find(|address| !address.verified && config.verifies(&address.via))
}
