//! What is particular to settings: a form belongs to the user who is signed in, some changes take a recent sign-in, and a form stays open
//! for the next change after one was stored (Kratos: selfservice/flow/settings).

use crate::engine::Ctx;
use crate::error::{Error, Kind, Result};
use crate::form::envelope::{self, Holder, csrf_token};
use crate::form::nodes;
use crate::form::outcome::{Outcome, unknown};
use crate::form::request::{Current, Start, Submit};
use crate::form::return_to;
use crate::identity::change::Record;
use crate::identity::{self, Identity};
use crate::ids::FlowId;
use crate::method::{self, Attempt, Draw};
use crate::model::{Client, Flow, FlowKind, FlowState, MethodId};
use crate::session::{self, Session};
use crate::store::{self, Tx};
use crate::ui::{Text, sort, text};
use serde_json::json;
use url::Url;
use url::form_urlencoded::Serializer;

/// The form for who is signed in.
///
/// # Errors
/// 401 `session_inactive`.
pub(super) async fn begin(ctx: &Ctx, start: &Start) -> Result<Flow> {
    let current = start.current.as_ref().ok_or_else(session::inactive)?;
    let required = ctx.config.selfservice.settings.required_aal;
    session::has_level(ctx, &current.session, &current.identity, required)?;
    let record = read(ctx, &current.identity).await?;
    let mut flow = envelope::blank(ctx, FlowKind::Settings, start);
    open_for(ctx, &mut flow, &record);
    Ok(flow)
}

/// The form of a user who has just recovered the account, with what says so; `cookie`: the anti-forgery cookie that it belongs to. The
/// caller stores it with the recovery, beside the session that it is for.
pub(super) fn recovered(ctx: &Ctx, from: &Flow, cookie: &str, record: &Record, session: &Session) -> Flow {
    let start = Start::following(from, cookie.to_owned(), Default::default(), Default::default());
    let mut flow = envelope::blank(ctx, FlowKind::Settings, &start);
    flow.request_url.clone_from(&from.request_url);
    flow.return_to.clone_from(&from.return_to);
    open_for(ctx, &mut flow, record);
    let age = ctx.config.selfservice.settings.privileged_session_max_age;
    flow.message(text::recovered(session.authenticated_at + age));
    flow
}

fn open_for(ctx: &Ctx, flow: &mut Flow, record: &Record) {
    flow.set_account(Some(record.identity.id));
    flow.identity_schema = Some(record.identity.schema_id.clone());
    draw(ctx, flow, record);
}

/// The nodes of a fresh form, and the account beside them.
fn draw(ctx: &Ctx, flow: &mut Flow, record: &Record) {
    let mut list = vec![nodes::csrf(&csrf_token(ctx.effects(), flow))];
    let on = Draw { ctx, flow, refresh: None, member: Some(record), second: None };
    list.extend(method::of(FlowKind::Settings).flat_map(|method| method.draw(&on)));
    sort::settings(&mut list);
    flow.ui.nodes = Some(list);
    flow.ui.put_values(&json!({ "traits": record.identity.traits }));
    show_account(ctx, flow, &record.identity);
}

fn show_account(ctx: &Ctx, flow: &mut Flow, identity: &Identity) {
    flow.identity = Some(identity::json::public(identity, &ctx.config.serve.public.base_url_text));
}

async fn read(ctx: &Ctx, identity: &Identity) -> Result<Record> {
    let mut tx = ctx.db().single().await?;
    let credentials = store::identities::credentials(&mut tx, identity.id).await?;
    Ok(Record { identity: identity.clone(), credentials })
}

/// Where somebody signs in before the settings begin. What the request asked for goes along; without a `return_to` the sign-in leads
/// back here.
pub(super) fn sign_in_first(ctx: &Ctx, start: &Start) -> Result<Url> {
    let mut query = start.query.clone();
    if !query.iter().any(|(name, _)| name == "return_to") {
        query.push(("return_to".to_owned(), ctx.config.public_url("self-service/settings/browser")));
    }
    sign_in(ctx, &query)
}

/// Nobody is signed in any more: the sign-in leads to new settings.
fn sign_in_and_return(ctx: &Ctx) -> Result<Outcome> {
    let again = ctx.config.public_url("self-service/settings/browser");
    sign_in(ctx, &[("return_to".to_owned(), again)]).map(Outcome::SignInFirst)
}

fn sign_in(ctx: &Ctx, query: &[(String, String)]) -> Result<Url> {
    let query = Serializer::new(String::new()).extend_pairs(query).finish();
    let url = ctx.config.public_url(&format!("self-service/login/browser?{query}"));
    Url::parse(&url).map_err(Error::internal)
}

/// Reads a form for the user whom it belongs to.
///
/// # Errors
/// 401 nobody is signed in · 403 `security_identity_mismatch` somebody else · as for every flow.
pub(super) async fn get(
    ctx: &Ctx,
    id: Option<FlowId>,
    cookies: &[String],
    current: Option<&Current>,
) -> Result<Flow> {
    let current = current.ok_or_else(session::unauthenticated)?;
    let id = id.ok_or_else(unknown)?;
    let whose = {
        let mut tx = ctx.db().single().await?;
        store::flows::get(&mut tx, FlowKind::Settings, id).await?.ok_or_else(unknown)?
    };
    belongs(&whose, current)?;
    let mut flow = envelope::get(ctx, FlowKind::Settings, id, cookies).await?;
    show_account(ctx, &mut flow, &current.identity);
    Ok(flow)
}

/// # Errors
/// 403 `security_identity_mismatch`.
fn belongs(flow: &Flow, current: &Current) -> Result<()> {
    // sabotage: settings-owner
    if flow.account() == Some(current.identity.id) {
        return Ok(());
    }
    let reason = "This form belongs to another account. Open the settings again.";
    Err(Error::new(Kind::Forbidden, reason).with_id("security_identity_mismatch"))
}

/// The flow of a form, for its browser and its user; or where to sign in first.
///
/// # Errors
/// 400 and 404 as for every form · 401 `session_inactive` · 403 another browser's form, or `security_identity_mismatch`.
pub(super) async fn open(ctx: &Ctx, submit: &mut Submit) -> Result<std::result::Result<Flow, Outcome>> {
    let (flow, holder) = envelope::find(ctx, FlowKind::Settings, submit).await?;
    if holder == Holder::Foreign {
        return Err(envelope::foreign(submit));
    }
    let Some(current) = &submit.current else {
        if flow.client(submit.json) != Client::Browser {
            return Err(session::inactive());
        }
        return sign_in_and_return(ctx).map(Err);
    };
    belongs(&flow, current)?;
    Ok(Ok(flow))
}

/// Reads the account that the form changes.
pub(super) async fn admit(on: &mut Attempt) -> Result<Option<Outcome>> {
    let current = on.submit.current.as_ref().ok_or_else(session::inactive)?;
    let required = on.ctx.config.selfservice.settings.required_aal;
    session::has_level(&on.ctx, &current.session, &current.identity, required)?;
    let record = read(&on.ctx, &current.identity).await?;
    let ctx = on.ctx.clone();
    show_account(&ctx, &mut on.flow, &record.identity);
    on.record = Some(record);
    Ok(None)
}

/// A browser is back from a provider that it left for to link it: the user is still the one who left, and signed in not long ago.
///
/// # Errors
/// 403 `security_identity_mismatch`.
pub(super) async fn came_back(on: &mut Attempt) -> Result<Option<Outcome>> {
    let Some(current) = &on.submit.current else {
        return sign_in_and_return(&on.ctx).map(Some);
    };
    belongs(&on.flow, current)?;
    if let Some(ended) = admit(on).await? {
        return Ok(Some(ended));
    }
    refresh_first(on, true)
}

/// The sign-in of the session is recent enough for a change of how the account is signed in to.
pub(super) fn is_recent(ctx: &Ctx, session: &Session) -> bool {
    let age = ctx.config.selfservice.settings.privileged_session_max_age;
    // sabotage: privileged-session
    session.authenticated_at + age > ctx.effects().now()
}

/// A change that takes a recent sign-in comes from an older one. `None`: it may go on.
///
/// # Errors
/// 401 for a session from before any proof, which adds nothing to the account.
pub(super) fn refresh_first(on: &Attempt, adds_access: bool) -> Result<Option<Outcome>> {
    let current = on.submit.current.as_ref().ok_or_else(session::inactive)?;
    if adds_access && current.session.unverified {
        let reason = "Verify your email first. Until then, emails and sign-in methods can’t be added.";
        return Err(Error::new(Kind::Unauthenticated, reason).with_id("session_inactive"));
    }
    if is_recent(&on.ctx, &current.session) {
        return Ok(None);
    }
    let form = on.ctx.config.public_url(&format!("self-service/settings?flow={}", on.flow.id));
    let query = [("refresh".to_owned(), "true".to_owned()), ("return_to".to_owned(), form)];
    Ok(Some(Outcome::SignInAgain { url: sign_in(&on.ctx, &query)?, client: on.client }))
}

/// A new form in the place of an expired one.
pub(super) async fn successor(ctx: &Ctx, old: &Flow, submit: &Submit) -> Result<Flow> {
    let current = submit.current.as_ref().ok_or_else(session::inactive)?;
    let record = read(ctx, &current.identity).await?;
    let mut flow = envelope::successor(ctx, old, submit);
    open_for(ctx, &mut flow, &record);
    Ok(flow)
}

/// The form after a change was stored, as part of its transaction: whether no other request wrote it meanwhile.
pub(super) async fn succeed(ctx: &Ctx, tx: &mut Tx, flow: &mut Flow, record: &Record) -> Result<bool> {
    goes_on(ctx, tx, flow, record, (FlowState::Success, text::saved())).await
}

/// The same while a change waits.
pub(super) async fn wait(
    ctx: &Ctx,
    tx: &mut Tx,
    flow: &mut Flow,
    record: &Record,
    told: Text,
) -> Result<bool> {
    goes_on(ctx, tx, flow, record, (FlowState::ShowForm, told)).await
}

async fn goes_on(
    ctx: &Ctx,
    tx: &mut Tx,
    flow: &mut Flow,
    record: &Record,
    (state, told): (FlowState, Text),
) -> Result<bool> {
    let mut done = flow.clone();
    draw(ctx, &mut done, record);
    done.state = state;
    done.ui.messages = vec![told];
    done.updated_at = ctx.effects().now();
    let payload = done.transient_payload.take();
    let stored = store::flows::update(tx, &mut done).await?.is_some();
    done.transient_payload = payload;
    if stored {
        *flow = done;
    }
    Ok(stored)
}

/// Messages add up while the form stays open (measured): the newest stay.
pub(super) fn bound_messages(on: &mut Attempt) {
    let most = on.ctx.config.vestibule.requests.messages;
    let too_many = on.flow.ui.messages.len().saturating_sub(most);
    on.flow.ui.messages.drain(..too_many);
}

/// Where a browser goes after a change: the flow's `return_to` > the defaults > the page with this form.
///
/// # Errors
/// `return_to` was allowed at the start and is not any more.
pub(super) fn return_url(on: &Attempt, method: MethodId) -> Result<Url> {
    let config = &on.ctx.config;
    if let Some(wanted) = on.flow.return_to.as_deref().filter(|url| !url.is_empty()) {
        return return_to::check(config, wanted);
    }
    let mut url = crate::plan::default_return_url(config, FlowKind::Settings, method);
    if url == config.page_of(FlowKind::Settings) {
        url.query_pairs_mut().append_pair("flow", &on.flow.id.to_string());
    }
    Ok(url)
}
