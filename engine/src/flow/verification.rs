//! What is particular to verification: a code in any browser, the email's link, and forms whose messages add up. Standalone, after a
//! sign-up and where sign-in demands it (Kratos: selfservice/flow/verification).

use crate::engine::Ctx;
use crate::error::{Error, Result};
use crate::form::envelope::{self, Holder};
use crate::form::outcome::{Outcome, Replaced, Why, switched_off, unknown};
use crate::form::request::{Body, Current, Start, Submit};
use crate::form::verification::{ask_for_address, open_in, show_to, with_token};
use crate::form::{address, csrf, transient_payload::transient_payload};
use crate::hooks::call::RequestInfo;
use crate::ids::FlowId;
use crate::method::{Attempt, asked_on_opening};
use crate::model::{Flow, FlowKind, FlowState, FlowType, MethodId};
use crate::signup::{deferred, pending};
use crate::store;
use crate::ui::{Text, text};
use serde_json::{Value, json};

/// # Errors
/// 400 verification is turned off.
pub(super) fn enabled(ctx: &Ctx) -> Result<()> {
    if ctx.config.selfservice.verification.enabled {
        return Ok(());
    }
    Err(Error::invalid("Confirming an address is switched off here. Ask whoever runs this service."))
}

/// A new form.
pub(super) fn begin(ctx: &Ctx, start: &Start) -> Flow {
    let mut flow = envelope::blank(ctx, FlowKind::Verification, start);
    ask_for_address(ctx, &mut flow);
    flow
}

/// See [`envelope::get`]. The error for an expired flow has no id here (Kratos: selfservice/flow/verification/handler.go).
pub(super) async fn get(ctx: &Ctx, id: Option<FlowId>, cookies: &[String]) -> Result<Flow> {
    enabled(ctx)?;
    let id = id.ok_or_else(unknown)?;
    let mut flow = envelope::get(ctx, FlowKind::Verification, id, cookies).await.map_err(|mut error| {
        if error.kind == crate::Kind::Expired {
            error.id = None;
        }
        error
    })?;
    let own = flow.owner(cookies).cloned();
    show_to(ctx.effects(), &mut flow, own.as_deref());
    Ok(flow)
}

/// A verification that is over, for the user who finished it in this browser and has another anti-forgery cookie since: signing in
/// gives one. They are known by being signed in with that address verified.
pub async fn finished(ctx: &Ctx, id: Option<FlowId>, current: &Current) -> Result<Option<Flow>> {
    let Some(id) = id else { return Ok(None) };
    let mut tx = ctx.db().single().await?;
    let found = store::flows::get(&mut tx, FlowKind::Verification, id).await?;
    let own = |flow: &Flow| flow.expires_at > ctx.effects().now() && is_finished_by(flow, current);
    Ok(found.filter(own))
}

fn is_finished_by(flow: &Flow, current: &Current) -> bool {
    let to = flow.sent().map(|sent| sent.to.as_str());
    let mut verified = current.identity.verifiable_addresses.iter().filter(|address| address.verified);
    flow.state == FlowState::Passed && to.is_some_and(|to| verified.any(|address| address.value == to))
}

/// The flow of a form. Another browser may send a code to it: whoever has a code has read the email.
///
/// # Errors
/// 400 and 404 as for every form · 403 another browser's form without a code.
pub(super) async fn open(ctx: &Ctx, submit: &mut Submit) -> Result<(Flow, Holder)> {
    let (flow, holder) = find(ctx, submit).await?;
    if holder == Holder::Foreign && !brings_code(&submit.body) {
        return Err(envelope::foreign(submit));
    }
    Ok((flow, holder))
}

fn brings_code(body: &Body) -> bool {
    let is_of_code = body.text("method").is_none_or(|method| {
        method.is_empty() || [MethodId::Code.name(), MethodId::Link.name()].contains(&method)
    });
    let brings = |name: &str| body.text(name).is_some_and(|code| !code.trim().is_empty());
    is_of_code && (brings("code") || brings("token"))
}

/// The flow that a form or a link belongs to.
async fn find(ctx: &Ctx, submit: &mut Submit) -> Result<(Flow, Holder)> {
    enabled(ctx)?;
    let found = envelope::find(ctx, FlowKind::Verification, submit).await.map_err(|mut error| {
        if error.reason.is_empty() {
            error.reason = "This form is not known here. Start again.".to_owned();
        }
        error
    })?;
    let methods = &ctx.config.selfservice;
    if !methods.code.enabled && !methods.link.enabled {
        return Err(switched_off());
    }
    Ok(found)
}

/// `Some`: a page sent the form once more, by Back, where [`finished`] shows that all is done. Nobody signed in: a new form, as Kratos has
/// it (measured).
pub(super) fn admit(on: &Attempt) -> Result<Option<Outcome>> {
    let signed_in = on.submit.current.as_ref().is_some_and(|current| is_finished_by(&on.flow, current));
    let is_done = signed_in
        && !on.submit.json
        && on.flow.kind_of_client == FlowType::Browser
        && on.flow.expires_at > on.ctx.effects().now();
    Ok(is_done.then(|| Outcome::refused(on.flow.clone())))
}

/// The form names no method that there is.
pub(super) fn without_method(on: &mut Attempt) {
    let email = on.body.get("email").and_then(Value::as_str).unwrap_or_default().trim().to_owned();
    on.flow.active = Some("default".to_owned());
    on.flow.ui.put_value("email", email.into());
    with_token(&on.ctx, &mut on.flow);
}

/// Stores the form as it comes back. Messages add up, for as long as it can be sent: the newest stay.
pub(super) async fn store(on: &mut Attempt, why: Why) -> Result<()> {
    let most = on.ctx.config.vestibule.requests.messages;
    let too_many = on.flow.ui.messages.len().saturating_sub(most);
    on.flow.ui.messages.drain(..too_many);
    envelope::save(&on.ctx, &mut on.flow).await?;
    if why == Why::WrongCode {
        // Only this response contains the payload (measured), unless it is refused.
        let payload = transient_payload(&on.ctx, &on.body).ok().flatten().cloned();
        on.flow.transient_payload = Some(payload.unwrap_or_else(|| json!({})));
    }
    Ok(())
}

/// The form as that browser sees it. Flows that take the place of another belong to a cookie that goes with them.
pub(super) fn shown_to(ctx: &Ctx, mut outcome: Outcome, cookie: Option<&str>) -> Outcome {
    match &mut outcome {
        Outcome::Form { flow, .. } => show_to(ctx.effects(), flow, cookie),
        Outcome::Verified(done) => show_to(ctx.effects(), &mut done.flow, cookie),
        Outcome::SignedUp(_)
        | Outcome::SignedIn(_)
        | Outcome::Replaced { .. }
        | Outcome::Unverified(_)
        | Outcome::Saved(_)
        | Outcome::SignInFirst(_)
        | Outcome::SignInAgain { .. }
        | Outcome::Leave(_)
        | Outcome::Already(_)
        | Outcome::ToApp(_)
        | Outcome::Recovered(_)
        | Outcome::Tested(_) => {}
    }
    outcome
}

/// The link in the email. It fills the code in and proves nothing: email scanners open links too, and take nothing from the browser that
/// has the form open.
///
/// # Errors
/// 400 and 404 as for a form.
pub async fn fill_in(ctx: &Ctx, mut submit: Submit, code: &str) -> Result<Outcome> {
    let (flow, holder) = find(ctx, &mut submit).await?;
    let on = Attempt::new(ctx, flow, holder, submit);
    if on.flow.expires_at <= ctx.effects().now() {
        let at = on.flow.expires_at;
        return replace(&on, Replaced::FlowExpired(at), text::verification_expired(at)).await;
    }
    let asked = asked_on_opening(ctx, &on.flow, &on.submit, code).await?;
    let flow = open_in(ctx, on.flow, &on.submit, code, asked).await?;
    Ok(Outcome::Form { flow: Box::new(flow), why: Why::Filled })
}

/// A new flow that asks for the address, with a message that says why.
pub(super) async fn replace(on: &Attempt, why: Replaced, message: Text) -> Result<Outcome> {
    let (ctx, old) = (&on.ctx, &on.flow);
    let start = Start {
        // An app's flow gives way to a browser's as well (Kratos: selfservice/flow/verification/error.go).
        kind_of_client: FlowType::Browser,
        path_and_query: String::new(),
        query: Vec::new(),
        csrf_cookie: csrf::new_cookie(ctx.effects()),
        current: None,
        requester: on.submit.requester.clone(),
        seen: RequestInfo::default(),
    };
    let mut flow = envelope::blank(ctx, FlowKind::Verification, &start);
    flow.request_url = match why {
        Replaced::FlowExpired(_) => old.request_url.clone(),
        Replaced::CodeExpired(_) | Replaced::Over => {
            ctx.config.public_url(&address::without_secrets(&on.submit.path_and_query))
        }
    };
    flow.return_to.clone_from(&old.return_to);
    ask_for_address(ctx, &mut flow);
    flow.message(message);
    let mut tx = ctx.db().write().await?;
    store::flows::insert(&mut tx, &flow).await?;
    let follows = deferred::follow(ctx, &mut tx, old, flow.id, &on.submit).await?
        || pending::follow(ctx, &mut tx, old, flow.id, &on.submit).await?;
    let of_app = old.kind_of_client == FlowType::Api;
    if follows && of_app {
        // Whoever holds what an app was given is that app: it goes on with a form that it can send.
        flow.kind_of_client = FlowType::Api;
        flow.csrf_cookie.clear();
        flow.nodes().retain(|node| node.id() != "csrf_token");
        store::flows::update(&mut tx, &mut flow).await?;
    }
    tx.commit().await?;
    Ok(Outcome::Replaced { flow: Box::new(flow), why, of_app })
}
