//! One account, two ways in: whoever comes from a provider with an address that has an account is asked to sign in to it, and
//! that links the two. The intent holds for ten minutes, for one browser, one subject and one identity.

use super::browser::{only, with_hash};
use crate::config::social::Provider;
use crate::engine::Ctx;
use crate::error::{Error, Kind, Result};
use crate::form::envelope::{csrf_token, insert, turned};
use crate::form::nodes;
use crate::form::outcome::unknown;
use crate::form::request::Submit;
use crate::identity::change::Record;
use crate::identity::credentials::{is_usable, kinds_of, providers_of};
use crate::identity::{Credential, Identity};
use crate::ids::IdentityId;
use crate::method::change;
use crate::method::password::identifier_of;
use crate::model::{Flow, FlowKind, FlowType, MethodId};
use crate::session;
use crate::social::ExternalIdentity;
use crate::store::identities::Outcome;
use crate::store::social::Link;
use crate::store::{self, Tx};
use crate::ui::{self, Text, text};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;

const LIFE: TimeDelta = TimeDelta::minutes(10);

/// A new sign-in form in the place of what the person began with.
pub(crate) async fn begin(
    ctx: &Ctx,
    from: &Flow,
    provider: &Provider,
    visitor: &ExternalIdentity,
    (identity, duplicate): (&Identity, &str),
    request: &Submit,
) -> Result<Flow> {
    let mut flow = turned(ctx, from, FlowKind::Login, request);
    flow.identity_schema.clone_from(&from.identity_schema);
    let credentials = {
        let mut tx = ctx.db().single().await?;
        store::identities::credentials(&mut tx, identity.id).await?
    };
    // Which ways in the account has is its owner's business, unless the administrator wants hints.
    let hints = ctx.config.selfservice.registration.login_hints;
    draw(ctx, &mut flow, provider, duplicate, hints.then_some(credentials.as_slice()));
    let told = if hints { credentials.as_slice() } else { &[] };
    let by_code = ctx.config.selfservice.offers(MethodId::Code);
    let (kinds, providers) = (kinds_of(told, by_code), providers_of(told));
    let page = ctx.config.page_of(FlowKind::Login);
    flow.message(text::sign_in_to_link(duplicate, &provider.label, page.as_str(), &kinds, &providers));
    let browser = bind(ctx, &mut flow, request);
    insert(ctx, &flow).await?;
    let link = Link {
        flow_id: flow.id.0,
        identity_id: identity.id.0,
        provider: visitor.provider.clone(),
        subject: visitor.subject.clone(),
        browser,
        expires_at: ctx.effects().now() + LIFE,
        used_at: None,
    };
    let mut tx = ctx.db().write_single_relaxed().await?;
    store::social::insert_link(&mut tx, &link).await?;
    tx.commit().await?;
    Ok(flow)
}

/// What binds a link: the browser's cookie, and a new one where it brought none or several. An app's form is one that no browser
/// can send, and only the app knows it.
fn bind(ctx: &Ctx, flow: &mut Flow, request: &Submit) -> Vec<u8> {
    if flow.kind_of_client == FlowType::Api {
        return Vec::new();
    }
    let own = only(&request.browser).map(str::to_owned).unwrap_or_else(|| {
        let new = URL_SAFE_NO_PAD.encode(ctx.effects().bytes::<32>());
        flow.browser_cookie = Some(new.clone());
        new
    });
    session::token_hash(&own)
}

fn is_here(link: &Link, flow: &Flow, request: &Submit) -> bool {
    match flow.kind_of_client {
        FlowType::Api => link.browser.is_empty(),
        FlowType::Browser => with_hash(&request.browser, &link.browser).is_some(),
    }
}

fn draw(ctx: &Ctx, flow: &mut Flow, from: &Provider, duplicate: &str, has: Option<&[Credential]>) {
    let mut list = vec![nodes::csrf(&csrf_token(ctx.effects(), flow))];
    let with_password = has.is_none_or(|has| has.iter().any(|one| one.kind == "password" && is_usable(one)));
    if ctx.config.selfservice.password.enabled {
        // Kratos leaves label and `required` of the field that it hides.
        let mut identifier = identifier_of(ctx, flow);
        if let Some(input) = identifier.input_mut() {
            (input.kind, input.value) = (ui::InputKind::Hidden, Some(duplicate.into()));
        }
        list.push(identifier);
        if with_password {
            list.push(nodes::password("current-password"));
            list.push(nodes::method(MethodId::Password, ui::Group::Password, text::sign_in_with_password()));
        }
    }
    let linked = has.map(providers_of);
    for other in ctx.config.selfservice.social.offered() {
        let shown = linked.as_ref().is_none_or(|linked| linked.contains(&other.id));
        if other.id != from.id && shown {
            list.push(nodes::provider(&other.id, text::sign_in_with_and_link(&other.label)));
        }
    }
    ui::sort::login(&mut list);
    flow.ui.nodes = Some(list);
}

/// What a sign-in of `identity` in that flow links; `Ok(Err(…))` says why it must not go on.
pub(crate) async fn waiting(
    ctx: &Ctx,
    flow: &Flow,
    identity: IdentityId,
    request: &Submit,
) -> Result<std::result::Result<Option<Link>, Text>> {
    let found = {
        let mut tx = ctx.db().single().await?;
        store::social::link(&mut tx, flow.id).await?
    };
    let Some(link) = found else { return Ok(Ok(None)) };
    if !is_here(&link, flow, request) {
        // Else whoever has somebody sign in to a form of theirs would have their own way in to that account.
        return Ok(Err(text::generic(
            "This form links two accounts and was begun in another browser. Start again in this one.",
        )));
    }
    if link.used_at.is_some() || link.expires_at <= ctx.effects().now() {
        return Ok(Err(text::generic("Linking took too long. Start again with the provider.")));
    }
    Ok(if link.identity() == identity { Ok(Some(link)) } else { Err(text::not_this_account()) })
}

/// Links, in the transaction of the sign-in that proves the account. `false`: another request wrote the account; roll back, and begin
/// again.
///
/// # Errors
/// 409 it was linked elsewhere meanwhile; roll back.
pub(crate) async fn link(ctx: &Ctx, tx: &mut Tx, link: &Link) -> Result<bool> {
    if !store::social::use_link(tx, crate::ids::FlowId(link.flow_id), ctx.effects().now()).await? {
        return Err(linked_meanwhile());
    }
    match add(ctx, tx, link.identity(), (&link.provider, &link.subject)).await? {
        Outcome::Done => Ok(true),
        Outcome::Stale => Ok(false),
        Outcome::Taken => Err(linked_meanwhile()),
    }
}

fn linked_meanwhile() -> Error {
    Error::new(Kind::Conflict, "This was linked meanwhile. Start again.")
}

/// Without asking, for a provider that may.
pub(crate) async fn at_once(ctx: &Ctx, visitor: &ExternalIdentity, identity: &Identity) -> Result<()> {
    let mut tx = ctx.db().write().await?;
    let subject = (visitor.provider.as_str(), visitor.subject.as_str());
    match add(ctx, &mut tx, identity.id, subject).await? {
        Outcome::Done => tx.commit().await,
        Outcome::Stale | Outcome::Taken => Err(linked_meanwhile()),
    }
}

async fn add(
    ctx: &Ctx,
    tx: &mut Tx,
    identity: IdentityId,
    (provider, subject): (&str, &str),
) -> Result<Outcome> {
    let now = ctx.effects().now();
    let Some(own) = store::identities::get(tx, identity).await? else { return Ok(Outcome::Taken) };
    let credentials = store::identities::credentials(tx, identity).await?;
    let before = Record { identity: own, credentials };
    let change = change::link(&before, (provider, subject), now);
    let changed = change.apply(&before, &ctx.change_rules(now)).map_err(|_| unknown())?;
    store::identities::change(tx, &before, &changed.record).await
}
