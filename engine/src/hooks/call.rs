//! Web hooks around a flow: what a template may know, and what an answer may do (Kratos: selfservice/hook/web_hook.go). Where in
//! a flow each runs is [`crate::plan`]'s word, how a call is made that of [`crate::hooks`].

use super::answer;
pub use super::answer::{Address, Changes, HookDecision};
use super::{Attempt, Body, Cause, Purpose, Trouble, Waited};
use crate::config::hooks::Response;
use crate::config::{Config, WebHook};
use crate::effects::OutboundError;
use crate::engine::Ctx;
use crate::error::{Error, Kind, Result};
use crate::hooks;
use crate::identity::{self, Identity};
use crate::ids::DeliveryId;
use crate::model::{Flow, FlowKind, MethodId};
use crate::session::{self, Session};
use crate::store::Tx;
use crate::store::deliveries::{Kind as Delivery, Status};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Of a person's request, what a body may use. Made where the request is read: of cookies only those that are not ours.
#[derive(Clone, Debug, Default)]
pub struct RequestInfo {
    pub method: String,
    pub url: String,
    /// By lower-case name.
    pub headers: BTreeMap<String, Vec<String>>,
    pub cookies: BTreeMap<String, String>,
}

/// What a call is about.
pub struct HookContext<'a> {
    pub flow: &'a Flow,
    /// Not before a flow.
    pub identity: Option<&'a Identity>,
    /// After sign-in.
    pub session: Option<&'a Session>,
    /// How somebody signs up or in. Nobody has said so before a flow, and a verification has its own.
    pub method: Option<MethodId>,
    pub seen: &'a RequestInfo,
}

impl HookContext<'_> {
    fn cause<'h>(&self, config: &Config, hook: &'h WebHook) -> Cause<'h> {
        let stage = if self.identity.is_some() { "after" } else { "before" };
        let place = hooks::place_of(config, hook);
        let place = place.unwrap_or_else(|| format!("{}.{stage}", self.flow.kind().name()));
        Cause { place, flow: self.flow.id, identity: self.identity.map(|identity| identity.id), hook }
    }
}

/// Queues those of `hooks` that nobody waits for, as part of `tx`: they are called when that is committed, and never when it is
/// not. Whoever commits says so to [`crate::Engine::wake_hooks`].
pub async fn inform<'h>(
    ctx: &Ctx,
    tx: &mut Tx,
    hooks: impl IntoIterator<Item = &'h Arc<WebHook>>,
    about: &HookContext<'_>,
) -> Result<()> {
    let mut made: Option<Value> = None;
    for hook in hooks.into_iter().filter(|hook| hook.response == Response::Ignored) {
        let input = made.get_or_insert_with(|| input(&ctx.config, about));
        hooks::queue(ctx, tx, &about.cause(&ctx.config, hook), input.clone()).await?;
    }
    Ok(())
}

/// Calls, waits, and says what the answer means for the flow. One that nobody waits for is not called here: see [`inform`].
///
/// # Errors
/// 502 a service that fails, 504 one that does not answer in time, 500 a template that cannot be evaluated.
pub async fn call(ctx: &Ctx, hook: &WebHook, about: HookContext<'_>) -> Result<HookDecision> {
    if hook.response == Response::Ignored {
        return Ok(HookDecision::Continue);
    }
    // What was stored before the call stays, so a service that missed it may be told again.
    let stored = hook.response == Response::Awaited
        && about.flow.kind() != FlowKind::Login
        && about.identity.is_some();
    called(ctx, hook, about, hooks::new_id(ctx), stored).await.0
}

/// The same for an account that is not seen yet; and whether the service knows of it now, or may know.
pub(crate) async fn ask(
    ctx: &Ctx,
    hook: &WebHook,
    about: HookContext<'_>,
    id: DeliveryId,
) -> (Result<HookDecision>, bool) {
    called(ctx, hook, about, id, false).await
}

async fn called(
    ctx: &Ctx,
    hook: &WebHook,
    about: HookContext<'_>,
    id: DeliveryId,
    stored: bool,
) -> (Result<HookDecision>, bool) {
    let input = input(&ctx.config, &about);
    let attempt = hooks::attempt(ctx, hook, id, Purpose::Awaited, Body::Template(&input.to_string())).await;
    let said = match &attempt.outcome {
        Ok(answer) => answer::interpret(hook, answer).map_err(|what| failed(Kind::Upstream, hook, what)),
        Err(Trouble::Cancelled) => Ok(HookDecision::Continue),
        // No service is at fault, and another try soon makes sense.
        Err(Trouble::Busy(full)) => Err(Error::from(*full)),
        Err(trouble) => Err(failed(kind(trouble), hook, trouble)),
    };
    let (status, failure) = match &said {
        Ok(_) if matches!(attempt.outcome, Err(Trouble::Cancelled)) => (Status::Cancelled, None),
        Ok(HookDecision::Continue | HookDecision::Modify(_)) => (Status::Done, None),
        Ok(HookDecision::Reject(_)) => (Status::Refused, None),
        Err(error) => (Status::Failed, error.cause().map(ToString::to_string)),
    };
    log(hook, &attempt, status);
    ctx.engine.metrics().hook("awaited", hooks::outcome(status));
    let kind = if stored { Delivery::Wait } else { Delivery::Ask };
    let waited = Waited { id, kind, status, attempt: &attempt, failure };
    hooks::record(ctx, &about.cause(&ctx.config, hook), waited, &input).await;
    // Who answered too late may have acted, and so may who agreed in words that are not taken.
    let heard = match &attempt.outcome {
        Ok(answer) => answer.is_success(),
        Err(trouble) => matches!(trouble, Trouble::Outbound(OutboundError::Deadline { .. })),
    };
    (said, heard)
}

fn log(hook: &WebHook, attempt: &Attempt, status: Status) {
    match &attempt.outcome {
        Ok(answer) => {
            tracing::info!(
                hook = hook.name,
                status = answer.status,
                said = status.name(),
                "a webhook was called"
            );
        }
        Err(Trouble::Cancelled) => {}
        Err(trouble @ Trouble::Template(_)) => {
            tracing::error!(hook = hook.name, %trouble, "the body of a webhook can't be created");
        }
        Err(trouble) => tracing::warn!(hook = hook.name, %trouble, "a webhook failed"),
    }
}

fn kind(trouble: &Trouble) -> Kind {
    match trouble {
        Trouble::Outbound(OutboundError::Deadline { .. }) => Kind::UpstreamTimeout,
        Trouble::Outbound(_) | Trouble::Fetch(_) => Kind::Upstream,
        Trouble::Busy(_) => Kind::Busy,
        Trouble::Template(_) | Trouble::Secret(_) | Trouble::Cancelled => Kind::Internal,
    }
}

/// What the person reads; the hook's name and the cause are for the log.
fn failed(kind: Kind, hook: &WebHook, cause: impl std::fmt::Display) -> Error {
    let reason = "An external service returned an invalid response. Try again in a moment.";
    Error::new(kind, reason).caused_by(format!("the webhook {}: {cause}", hook.name))
}

/// The template's argument `ctx`.
fn input(config: &Config, about: &HookContext<'_>) -> Value {
    let headers: BTreeMap<String, &Vec<String>> = about
        .seen
        .headers
        .iter()
        .filter(|(name, _)| config.clients.header_allowlist.contains(name))
        .map(|(name, values)| (canonical(name), values))
        .collect();
    let mut flow = about.flow.to_json();
    // Templates read these two whatever was sent, and a member that is not there fails a Jsonnet template.
    flow["transient_payload"] = about.flow.transient_payload.clone().unwrap_or_else(|| json!({}));
    let of_flow = about.flow.active.as_deref();
    flow["active"] = about.method.map(MethodId::name).or(of_flow).unwrap_or_default().into();
    // Whoever has the token of a form and its cookie could send it.
    for node in flow.pointer_mut("/ui/nodes").and_then(Value::as_array_mut).into_iter().flatten() {
        if matches!(node["attributes"]["name"].as_str(), Some("csrf_token" | "code")) {
            node["attributes"]["value"] = "".into();
        }
    }
    let base = &config.serve.public.base_url_text;
    let mut all = json!({
        "flow": flow,
        "request_headers": headers,
        "request_method": about.seen.method,
        "request_url": about.seen.url,
        "request_cookies": about.seen.cookies,
    });
    if let Some(identity) = about.identity {
        all["identity"] = identity::json::public(identity, base);
    }
    if let Some(session) = about.session {
        all["session"] = session::to_json(config, session, about.identity, session.authenticated_at);
    }
    all
}

/// `user-agent` → `User-Agent`, as Go writes header names: templates know them so.
fn canonical(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let mut letters = word.chars();
        letters
            .next()
            .map_or(String::new(), |first| first.to_ascii_uppercase().to_string() + letters.as_str())
    });
    words.collect::<Vec<_>>().join("-")
}
