//! Web hooks of a flow that is about to begin.

use crate::config::Hook;
use crate::config::hooks::Response;
use crate::engine::Ctx;
use crate::error::{Error, Result};
use crate::hooks::call::{self, HookContext, HookDecision, RequestInfo};
use crate::model::Flow;
use crate::plan::{Step, web_hooks};
use crate::trace::Running;

/// The web hooks of the list `before`, in its order, for a flow that is about to begin. One that refuses keeps the flow from
/// beginning, and there is no form yet that could show its messages.
pub(super) async fn before(ctx: &Ctx, flow: &Flow, seen: &RequestInfo) -> Result<()> {
    let list = ctx.config.before(flow.kind());
    // Boxed: most forms begin without any, and would carry the room for it along.
    if list.is_empty() { Ok(()) } else { Box::pin(call_all(ctx, list, flow, seen)).await }
}

async fn call_all(ctx: &Ctx, list: &[Hook], flow: &Flow, seen: &RequestInfo) -> Result<()> {
    let about = || HookContext { flow, identity: None, session: None, method: None, seen };
    // A service that is only notified is notified even where another keeps the flow from beginning: somebody came for it.
    if web_hooks(list).any(|hook| hook.response == Response::Ignored) {
        let mut tx = ctx.db().write().await?;
        call::inform(ctx, &mut tx, web_hooks(list), &about()).await?;
        tx.commit().await?;
        ctx.engine.wake_hooks();
    }
    for hook in web_hooks(list) {
        let asking = Running::begin(ctx.engine.trace(), &Step::Before(hook.clone()));
        if let HookDecision::Reject(messages) = call::call(ctx, hook, about()).await? {
            let sentences: Vec<String> = messages.into_iter().map(|(_, text)| text.text).collect();
            return Err(Error::invalid(sentences.join(" ")));
        }
        asking.passed();
    }
    Ok(())
}
