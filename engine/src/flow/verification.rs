//! Verification: a code that was mailed to an address comes back, and the address is proven. Standalone, after a sign-up
//! and where sign-in demands it (Kratos: selfservice/flow/verification, selfservice/strategy/code/strategy_verification.go).

mod begun;
mod browsers;
mod form;
mod prove;

use super::handover::Given;
use super::{
    Body, Current, Flow, FlowType, PASSED, Sent, Start, StoredKind, Submit, address, blank, code, counted,
    csrf,
    envelope::{self, Holder, insert, may_submit, save},
    first, handover, nodes, pending, return_to, webhook,
};
use crate::config::Method;
use crate::effects::to_completion;
use crate::engine::Ctx;
use crate::error::{Error, Result};
use crate::identity::{address::is_email, decode, normalise_identifier};
use crate::ids::FlowId;
use crate::limits;
use crate::requester::Requester;
use crate::store::{self, Tx};
use crate::ui::{Text, text};
pub use begun::unverified;
pub(super) use begun::{begin, for_address};
pub(super) use browsers::keep_asked;
use chrono::{DateTime, Utc};
use form::{ask_for_address, with_token};
pub(super) use form::{ask_for_code, finish, wanted_url};
pub(super) use prove::after_proof;
use prove::prove;
use serde_json::Value;

/// What became of a form, and with that which of Kratos' three ways of asking for JSON decides how it is answered.
#[derive(Debug)]
pub enum Submitted {
    /// A code is under way, or the address is proven.
    Next(Box<Flow>),
    /// The address is proven, and whoever proved it is signed in.
    SignedIn(Box<Flow>, Box<Given>),
    /// A code that is none.
    Wrong(Box<Flow>),
    /// The form comes back with messages.
    Again(Box<Flow>),
    /// Another flow takes its place, and belongs to a new anti-forgery cookie.
    Replaced {
        flow: Box<Flow>,
        why: Replaced,
        /// The replaced one was an app's.
        of_app: bool,
    },
    /// The mail's link: the form waits with the code filled in, for the browser with the flow's anti-forgery cookie.
    Filled(Box<Flow>),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Replaced {
    /// The flow was open for too long.
    FlowExpired,
    /// The code was too old, at that time.
    CodeExpired(DateTime<Utc>),
    /// The code was used, was tried too often, or the address is proven already.
    Over,
}

/// Begins a verification.
///
/// # Errors
/// 400 when verification is off or `return_to` is not allowed.
pub async fn start(ctx: &Ctx, start: Start) -> Result<Flow> {
    enabled(ctx)?;
    if let Some(wanted) = first(&start.query, "return_to") {
        return_to::check(&ctx.config, wanted)?;
    }
    let mut flow = blank(ctx, StoredKind::Verification, &start, ctx.config.selfservice.verification.lifespan);
    ask_for_address(ctx, &mut flow);
    limits::volume::flow(ctx, &start.requester).await?;
    super::before(ctx, &ctx.config.selfservice.verification.before, &flow, &start.seen).await?;
    insert(ctx, &flow).await?;
    Ok(flow)
}

/// See [`envelope::get`]. The error for an expired flow has no id here (Kratos: selfservice/flow/verification/handler.go).
pub async fn get(ctx: &Ctx, id: Option<FlowId>, cookies: &[String]) -> Result<Flow> {
    enabled(ctx)?;
    let id = id.ok_or_else(super::unknown)?;
    let mut flow = envelope::get(ctx, StoredKind::Verification, id, cookies).await.map_err(|mut error| {
        if error.kind == crate::Kind::Gone {
            error.id = None;
        }
        error
    })?;
    let own = flow.owner(cookies).cloned();
    browsers::show_to(ctx.effects(), &mut flow, own.as_deref());
    Ok(flow)
}

/// A verification that is over, for whoever finished it in this browser and has another anti-forgery cookie since: signing in gives
/// one. They are known by being signed in with that address proven.
pub async fn finished(ctx: &Ctx, id: Option<FlowId>, current: &Current) -> Result<Option<Flow>> {
    let Some(id) = id else { return Ok(None) };
    let mut tx = ctx.db().single().await?;
    let found = store::flows::get(&mut tx, StoredKind::Verification, id).await?;
    let own = |flow: &Flow| flow.expires_at > ctx.effects().now() && is_finished_by(flow, current);
    Ok(found.filter(own))
}

fn is_finished_by(flow: &Flow, current: &Current) -> bool {
    let to = flow.sent.as_ref().map(|sent| sent.to.as_str());
    let mut proven = current.identity.verifiable_addresses.iter().filter(|address| address.verified);
    flow.state == PASSED && to.is_some_and(|to| proven.any(|address| address.value == to))
}

/// Whether a page sent the form once more, by Back, where [`finished`] shows that all is done. Nobody signed in: a new form, as
/// Kratos has it (measured).
fn is_done_here(flow: &Flow, submit: &Submit) -> bool {
    let signed_in = submit.current.as_ref().is_some_and(|current| is_finished_by(flow, current));
    signed_in && !submit.json && flow.kind_of_client == FlowType::Browser
}

/// Takes a form. `path_and_query`: of this request, for a flow that takes the place of this one.
///
/// # Errors
/// 400, 403, 404 as the contract says.
pub async fn submit(ctx: &Ctx, submit: Submit, path_and_query: &str) -> Result<Submitted> {
    let method = counted::method_of(&submit.body);
    let outcome = Box::pin(judged(ctx, submit, path_and_query)).await;
    counted::verified(ctx, method, &outcome);
    outcome
}

async fn judged(ctx: &Ctx, mut submit: Submit, path_and_query: &str) -> Result<Submitted> {
    let (flow, holder) = find(ctx, &mut submit).await?;
    if holder == Holder::Foreign && !brings_code(&submit.body) {
        return Err(envelope::foreign(&submit));
    }
    let cookie = submit.csrf_cookie.clone();
    let mut outcome = take(ctx, (flow, holder), submit, path_and_query).await?;
    match &mut outcome {
        Submitted::Next(flow)
        | Submitted::SignedIn(flow, _)
        | Submitted::Wrong(flow)
        | Submitted::Again(flow) => browsers::show_to(ctx.effects(), flow, cookie.as_deref()),
        // These belong to a cookie that goes with them.
        Submitted::Replaced { .. } | Submitted::Filled(_) => {}
    }
    Ok(outcome)
}

/// A code proves in any browser: whoever has it has read the email.
fn brings_code(body: &Body) -> bool {
    let text = |name: &str| match body {
        Body::Json(document) => document.get(name).and_then(Value::as_str),
        Body::Form(fields) => first(fields, name),
        Body::Unreadable(_) | Body::Unfit { .. } => None,
    };
    let is_of_code = text("method").is_none_or(|method| method.is_empty() || method == Method::Code.name());
    is_of_code && text("code").is_some_and(|code| !code.trim().is_empty())
}

async fn take(
    ctx: &Ctx,
    (mut flow, holder): (Flow, Holder),
    submit: Submit,
    path_and_query: &str,
) -> Result<Submitted> {
    if let Some(replaced) = expired(ctx, &flow, &submit).await? {
        return Ok(replaced);
    }
    let body = match decoded(ctx, submit.body.clone()) {
        Ok(body) => body,
        Err(reason) => return again(ctx, flow, [text::generic(&reason)]).await,
    };
    let member = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().trim().to_owned();
    let (email, code) = (member("email"), code::typed(&member("code")));
    // Messages of the form add up here, other than in every other flow (measured).
    for node in flow.nodes() {
        node.messages.clear();
    }
    match member("method").as_str() {
        "code" => {}
        "" if !code.is_empty() => {}
        _ => {
            flow.active = Some("default".to_owned());
            flow.ui.put_value("email", email.into());
            with_token(ctx, &mut flow);
            return again(ctx, flow, [text::no_verification_method()]).await;
        }
    }
    if flow.state == PASSED {
        if is_done_here(&flow, &submit) {
            return Ok(Submitted::Again(Box::new(flow)));
        }
        let why = text::already_proven();
        return replace(ctx, &flow, &submit, path_and_query, Replaced::Over, why).await;
    }
    if !code.is_empty() {
        return prove(ctx, (flow, holder), &code, &body, path_and_query, submit).await;
    }
    if email.is_empty() {
        return without_address(ctx, flow).await;
    }
    match may_submit(&flow, &submit, body.get("csrf_token").and_then(Value::as_str)) {
        Ok(()) => {}
        Err(Ok(sentence)) => return again(ctx, flow, [text::generic(&sentence)]).await,
        Err(Err(error)) => return Err(error),
    }
    if !is_email(&email) {
        flow.ui.attach("email", text::not_an_email(&email));
        return again(ctx, flow, []).await;
    }
    send(ctx, flow, &normalise_identifier(&email), &submit.requester).await
}

/// The link in the mail. It fills the code in and proves nothing: mail scanners open links too, and take nothing from whoever has
/// the form open.
///
/// # Errors
/// 400 and 404 as for a form.
pub async fn fill_in(ctx: &Ctx, mut submit: Submit, code: &str) -> Result<Submitted> {
    let (flow, _) = find(ctx, &mut submit).await?;
    match expired(ctx, &flow, &submit).await? {
        Some(replaced) => Ok(replaced),
        None => {
            browsers::open_in(ctx, flow, &submit, code).await.map(|flow| Submitted::Filled(Box::new(flow)))
        }
    }
}

/// The flow that a form or a link belongs to.
async fn find(ctx: &Ctx, submit: &mut Submit) -> Result<(Flow, Holder)> {
    enabled(ctx)?;
    let found = envelope::find(ctx, StoredKind::Verification, submit).await.map_err(|mut error| {
        if error.reason.is_empty() {
            error.reason = "This form is not known here. Start again.".to_owned();
        }
        error
    })?;
    if !ctx.config.selfservice.code.enabled {
        return Err(super::switched_off());
    }
    Ok(found)
}

/// What takes the place of a flow that is over.
async fn expired(ctx: &Ctx, flow: &Flow, submit: &Submit) -> Result<Option<Submitted>> {
    if flow.expires_at > ctx.effects().now() {
        return Ok(None);
    }
    let path = flow.request_url.clone();
    let why = text::verification_expired(flow.expires_at);
    replace(ctx, flow, submit, &path, Replaced::FlowExpired, why).await.map(Some)
}

fn enabled(ctx: &Ctx) -> Result<()> {
    if ctx.config.selfservice.verification.enabled {
        return Ok(());
    }
    Err(Error::invalid("Confirming an address is switched off here. Ask whoever runs this service."))
}

/// Neither a code nor an address.
async fn without_address(ctx: &Ctx, mut flow: Flow) -> Result<Submitted> {
    form::address_is_missing(ctx, &mut flow);
    again(ctx, flow, []).await
}

/// Mails a code, if somebody has that address; the answer is the same when nobody has.
async fn send(ctx: &Ctx, mut flow: Flow, to: &str, requester: &Requester) -> Result<Submitted> {
    let now = ctx.effects().now();
    flow.sent = Some(Sent { to: to.to_owned(), at: now, earlier: None });
    flow.updated_at = now;
    ask_for_code(ctx, &mut flow);
    browsers::forget_codes(&mut flow);
    let ctx = ctx.clone();
    let (to, requester) = (to.to_owned(), requester.clone());
    to_completion(ctx.engine.following(), async move {
        let mut tx = ctx.db().write().await?;
        if !pending::send_again(&ctx, &mut tx, &mut flow, &requester).await? {
            send_to_account(&ctx, &mut tx, &mut flow, &to, &requester).await?;
        }
        if store::flows::update(&mut tx, &mut flow).await?.is_none() {
            // Another request for this form was first, and its email is sent: one is enough.
            drop(tx);
            return envelope::newest(&ctx, &flow).await.map(|flow| Submitted::Next(Box::new(flow)));
        }
        tx.commit().await?;
        Ok(Submitted::Next(Box::new(flow)))
    })
    .await
}

async fn send_to_account(
    ctx: &Ctx,
    tx: &mut Tx,
    flow: &mut Flow,
    to: &str,
    requester: &Requester,
) -> Result<()> {
    let known = store::identities::by_verifiable_address(tx, "email", to).await?;
    let address = known.as_ref().and_then(|identity| {
        let address = identity.verifiable_addresses.iter().find(|address| address.value == to)?;
        Some((identity.id, address))
    });
    if let Some((identity, address)) = address {
        return code::send(ctx, tx, flow, requester, identity, address).await;
    }
    code::pretend_to_send(ctx, tx, flow.id, requester, to).await
}

/// A new flow that asks for the address, with a message that says why.
async fn replace(
    ctx: &Ctx,
    old: &Flow,
    submit: &Submit,
    path_and_query: &str,
    why: Replaced,
    message: Text,
) -> Result<Submitted> {
    let start = Start {
        // An app's flow gives way to a browser's as well (Kratos: selfservice/flow/verification/error.go).
        kind_of_client: FlowType::Browser,
        path_and_query: String::new(),
        query: Vec::new(),
        csrf_cookie: csrf::new_cookie(ctx.effects()),
        current: None,
        requester: submit.requester.clone(),
        seen: webhook::Seen::default(),
    };
    let mut flow = blank(ctx, StoredKind::Verification, &start, ctx.config.selfservice.verification.lifespan);
    flow.request_url = if why == Replaced::FlowExpired {
        old.request_url.clone()
    } else {
        ctx.config.public_url(&address::without_secrets(path_and_query))
    };
    flow.return_to.clone_from(&old.return_to);
    ask_for_address(ctx, &mut flow);
    flow.message(message);
    let mut tx = ctx.db().write().await?;
    store::flows::insert(&mut tx, &flow).await?;
    let follows = handover::follow(ctx, &mut tx, old, flow.id, submit).await?
        || pending::follow(ctx, &mut tx, old, flow.id, submit).await?;
    if follows && old.kind_of_client == FlowType::Api {
        // Whoever holds what an app was given is that app: it goes on with a form that it can send.
        flow.kind_of_client = FlowType::Api;
        flow.csrf_cookie.clear();
        flow.nodes().retain(|node| node.id() != "csrf_token");
        store::flows::update(&mut tx, &mut flow).await?;
    }
    tx.commit().await?;
    Ok(Submitted::Replaced { flow: Box::new(flow), why, of_app: old.kind_of_client == FlowType::Api })
}

async fn again(ctx: &Ctx, mut flow: Flow, texts: impl IntoIterator<Item = Text>) -> Result<Submitted> {
    flow.ui.messages.extend(texts);
    // They add up, for as long as the form can be sent: the newest stay.
    let too_many = flow.ui.messages.len().saturating_sub(ctx.config.vestibule.requests.messages);
    flow.ui.messages.drain(..too_many);
    save(ctx, &mut flow).await?;
    Ok(Submitted::Again(Box::new(flow)))
}

fn decoded(ctx: &Ctx, body: Body) -> std::result::Result<Value, String> {
    // A password and a new start only where the proof may take over, see [`super::takeover`].
    const MEMBERS: [&str; 7] =
        ["method", "email", "code", "password", nodes::START_OVER, "csrf_token", "transient_payload"];
    let shape = ctx.config.vestibule.requests.shape();
    match body {
        Body::Json(body) => decode::json(body, &MEMBERS, None, shape),
        Body::Form(pairs) => Ok(decode::form(&pairs, &MEMBERS, None, shape)),
        Body::Unreadable(reason) | Body::Unfit { reason, .. } => Err(reason),
    }
}
