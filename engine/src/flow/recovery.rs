//! What is particular to recovery: a form for users who can't sign in (Kratos: selfservice/flow/recovery). The email's link is in
//! [`super::link`], what is stored in [`super::recovered`].

use super::show::signed_in_already;
use crate::engine::Ctx;
use crate::error::{Error, Result};
use crate::form::envelope;
use crate::form::outcome::{Outcome, Replaced};
use crate::form::recovery::ask_for_address;
use crate::form::request::{Start, Submit};
use crate::form::{csrf, request};
use crate::hooks::call::RequestInfo;
use crate::ids::FlowId;
use crate::method::Attempt;
use crate::model::{Client, Flow, FlowKind, FlowType};
use crate::ui::Text;
use serde_json::{Value, json};
use url::Url;

/// # Errors
/// 400 recovery, or the method that it uses, is turned off.
pub(super) fn enabled(ctx: &Ctx) -> Result<()> {
    if ctx.config.recovers() {
        return Ok(());
    }
    Err(Error::invalid("Accounts can’t be recovered here. Contact the owner of this service.")
        .with_id("self_service_flow_disabled"))
}

/// A new form; `None`: somebody is signed in.
pub(super) fn begin(ctx: &Ctx, start: &Start) -> Option<Flow> {
    if start.current.is_some() {
        return None;
    }
    let mut flow = envelope::blank(ctx, FlowKind::Recovery, start);
    ask_for_address(ctx, &mut flow);
    Some(flow)
}

/// Reads a form. One that an operator began is there while recovery is off as well.
pub(super) async fn get(ctx: &Ctx, id: FlowId, cookies: &[String]) -> Result<Flow> {
    let flow = envelope::get(ctx, FlowKind::Recovery, id, cookies).await;
    if !flow.as_ref().is_ok_and(|flow| flow.by_operator().is_some()) {
        enabled(ctx)?;
    }
    flow
}

/// Whether this request may send the form at all. `Some`: it may not, and is told so.
pub(super) fn admit(on: &Attempt) -> Result<Option<Outcome>> {
    if on.flow.by_operator().is_none() {
        enabled(&on.ctx)?;
    }
    if on.submit.current.is_some() {
        return signed_in_already(&on.ctx, on.client != Client::Browser).map(Some);
    }
    Ok(None)
}

/// Only the response to a form tells its payload back, and nothing of it is stored (measured).
pub(super) fn payload(on: &Attempt) -> Value {
    let most = on.ctx.config.vestibule.requests.transient_payload;
    let sent = match &on.submit.body {
        request::Body::Json(body) => body.get("transient_payload").cloned(),
        request::Body::Form(_) | request::Body::Unreadable(_) | request::Body::Unfit { .. } => None,
    };
    let fits = |payload: &Value| payload.is_object() && payload.to_string().len() <= most;
    sent.filter(fits).unwrap_or_else(|| json!({}))
}

pub(super) fn with_payload(mut outcome: Outcome, payload: Value) -> Outcome {
    match &mut outcome {
        Outcome::Form { flow, .. } => flow.transient_payload = Some(payload),
        Outcome::Recovered(done) => done.flow.transient_payload = Some(payload),
        Outcome::SignedUp(_)
        | Outcome::SignedIn(_)
        | Outcome::Verified(_)
        | Outcome::Replaced { .. }
        | Outcome::Unverified(_)
        | Outcome::Leave(_)
        | Outcome::Already(_)
        | Outcome::ToApp(_)
        | Outcome::Saved(_)
        | Outcome::SignInFirst(_)
        | Outcome::SignInAgain { .. }
        | Outcome::Tested(_) => {}
    }
    outcome
}

/// A new flow that asks for the address, with a message that says why.
pub(super) async fn replace(on: &Attempt, why: Replaced, message: Text) -> Result<Outcome> {
    let (ctx, old) = (&on.ctx, &on.flow);
    // Without a form of one's own there is nothing to begin again.
    if enabled(ctx).is_err() {
        return Err(Error::invalid(message.text));
    }
    let mut flow = anew(ctx, Some(old), on.client == Client::Native, &on.submit);
    flow.message(message);
    envelope::insert(ctx, &flow).await?;
    Ok(Outcome::Replaced { flow: Box::new(flow), why, of_app: on.client == Client::Native })
}

pub(super) fn anew(ctx: &Ctx, old: Option<&Flow>, of_app: bool, submit: &Submit) -> Flow {
    let start = Start {
        kind_of_client: if of_app { FlowType::Api } else { FlowType::Browser },
        path_and_query: String::new(),
        query: Vec::new(),
        csrf_cookie: if of_app { String::new() } else { csrf::new_cookie(ctx.effects()) },
        current: None,
        requester: submit.requester.clone(),
        seen: RequestInfo::default(),
    };
    let mut flow = envelope::blank(ctx, FlowKind::Recovery, &start);
    if let Some(old) = old {
        flow.request_url.clone_from(&old.request_url);
        flow.return_to.clone_from(&old.return_to);
    }
    ask_for_address(ctx, &mut flow);
    flow
}

/// Whether the request that began the flow wants to be led to its `return_to`, and not to the settings.
pub(super) fn skips_settings(flow: &Flow) -> bool {
    let url = Url::parse(&flow.request_url);
    url.is_ok_and(|url| url.query_pairs().any(|(name, value)| name == "skip_settings" && value == "true"))
}
