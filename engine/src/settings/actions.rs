//! The page *Actions*: every web hook of every list, and whether it runs, as the planner has it; trying again and trying out, for
//! owners, kept in the audit.

use super::page::registering;
use crate::config::{Config, Hook, WebHook};
use crate::effects::to_completion;
use crate::engine::Engine;
use crate::error::{Error, Kind, Result};
use crate::hooks::{self, Logged, Sample};
use crate::ids::DeliveryId;
use crate::model::MethodId;
use crate::operators::{Operator, Role};
use crate::plan::{Client, FlowKind, Plan, Source, Step, plan};
use crate::store::{Tx, audit, deliveries};
use serde_json::{Value, json};
use std::sync::Arc;

/// A web hook where it stands.
#[derive(Clone, Debug)]
pub struct Action {
    pub hook: Arc<WebHook>,
    /// `registration`, `login` or `verification`
    pub flow: &'static str,
    /// `before` or `after`
    pub stage: &'static str,
    /// Whose list it stands in; `None`: that of the whole flow.
    pub method: Option<MethodId>,
    /// As the log names it, such as `registration.after.password`.
    pub place: String,
    /// The list's configuration key.
    pub list: String,
    /// Where the list is written; `None`: nowhere, the console made it. What it holds of the flow's list is then a copy.
    pub file: Option<String>,
    /// A sign-up that it fails leaves nothing behind.
    pub atomic: bool,
    /// With each method that is on; empty where methods make no difference.
    pub standing: Vec<(MethodId, Standing)>,
}

/// What becomes of an entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    Runs,
    /// The method's own list replaces the one it stands in.
    Shadowed,
    /// The same, but the same entry stands in the method's list and runs from there.
    Copied,
    /// The same, and the console did that: it made the list, and took the entry over.
    TakenOver,
    /// It may stop a sign-up, and from the list of the whole flow that does not happen.
    Never,
}

impl Action {
    /// An entry of the flow's list that the console took over into a method's own, so that it still runs.
    pub fn is_copy(&self) -> bool {
        !self.hook.from_console && self.file.is_none()
    }

    /// Whether it runs with some method.
    pub fn runs(&self) -> bool {
        let depends = self.stage == "after" && self.flow != "verification";
        let runs = |standing| matches!(standing, Standing::Runs | Standing::TakenOver);
        !depends || self.standing.iter().any(|(_, standing)| runs(*standing))
    }
}

/// Every web hook, in the order of flows and lists. Pure.
pub fn actions(config: &Config) -> Vec<Action> {
    let mut all = Vec::new();
    for list in hooks::lists(config) {
        let key = list.key();
        for (place, hook) in list.web_hooks() {
            let kind = match (list.flow, list.stage) {
                ("registration", "after") => Some(FlowKind::Registration),
                ("login", "after") => Some(FlowKind::Login),
                _ => None,
            };
            let plans = kind.into_iter().flat_map(|kind| {
                let methods =
                    registering(config).filter(|method| list.method.is_none_or(|own| own == *method));
                methods.map(move |method| plan(config, kind, method, Client::Browser))
            });
            let plans: Vec<Plan> = plans.collect();
            let atomic = plans.iter().any(|plan| plan.atomic);
            let standing =
                plans.iter().map(|plan| (plan.method, standing(config, plan, list, hook))).collect();
            all.push(Action {
                hook: hook.clone(),
                flow: list.flow,
                stage: list.stage,
                method: list.method,
                place,
                list: key.clone(),
                file: config.written_in(&key),
                atomic,
                standing,
            });
        }
    }
    all
}

fn standing(config: &Config, plan: &Plan, list: hooks::List<'_>, hook: &Arc<WebHook>) -> Standing {
    let runs = plan
        .steps
        .iter()
        .any(|step| matches!(step, Step::Ask(runs) | Step::Run(Hook::WebHook(runs)) if runs == hook));
    let own = hooks::List { method: Some(plan.method), ..list };
    match (list.method, plan.source) {
        (None, Source::Method) if runs && config.written_in(&own.key()).is_none() => Standing::TakenOver,
        (None, Source::Method) if runs => Standing::Copied,
        (None, Source::Method) => Standing::Shadowed,
        _ if runs => Standing::Runs,
        _ => Standing::Never,
    }
}

/// Puts a failed call back into the queue.
///
/// # Errors
/// 403 for whoever is no owner · 404 unknown · 409 when it is not a failed one any more, or nobody could use it.
pub async fn retry(engine: &Engine, by: &Operator, id: DeliveryId) -> Result<()> {
    may(engine, by, "hooks.retry", &json!({ "delivery": id })).await?;
    let (engine, by) = (engine.clone(), by.clone());
    to_completion(engine.following(), async move {
        let ctx = engine.begin();
        let logged = hooks::logged(&ctx, id).await?;
        if !logged.may_retry {
            return Err(Error::new(Kind::Conflict, "This call cannot be made again."));
        }
        let now = ctx.effects().now();
        let mut tx = ctx.db().write().await?;
        if !deliveries::again(&mut tx, id, now).await? {
            return Err(Error::new(Kind::Conflict, "Another operator has already done this."));
        }
        let details = json!({"delivery": id, "hook": logged.delivery.name});
        record(&mut tx, &engine, &by, "hooks.retry", details).await?;
        tx.commit().await?;
        engine.wake_hooks();
        Ok(())
    })
    .await
}

/// What a test would send.
///
/// # Errors
/// 403 for whoever is no owner: it shows people's data · 404 no such hook.
pub async fn preview(engine: &Engine, by: &Operator, key: &str, place: &str) -> Result<Sample> {
    may(engine, by, "hooks.test", &json!({ "hook": key })).await?;
    let ctx = engine.begin();
    let hook = hooks::find(&ctx.config, key, place)?;
    let mut tx = ctx.db().write().await?;
    record(&mut tx, engine, by, "hooks.look", json!({"hook": hook.name, "place": place})).await?;
    tx.commit().await?;
    hooks::sample(&ctx, &hook, place).await
}

/// Really sends it, marked as a test.
///
/// # Errors
/// As [`preview`].
pub async fn test(engine: &Engine, by: &Operator, key: &str, place: &str) -> Result<Logged> {
    may(engine, by, "hooks.test", &json!({ "hook": key })).await?;
    let (engine, by, key, place) = (engine.clone(), by.clone(), key.to_owned(), place.to_owned());
    to_completion(engine.following(), async move {
        let ctx = engine.begin();
        let hook = hooks::find(&ctx.config, &key, &place)?;
        // Before it is sent: what has left cannot be left out of the audit.
        let mut tx = ctx.db().write().await?;
        record(&mut tx, &engine, &by, "hooks.test", json!({"hook": hook.name, "place": place})).await?;
        tx.commit().await?;
        hooks::send(&ctx, &hook, &place).await
    })
    .await
}

/// A refusal is kept in the audit.
async fn may(engine: &Engine, by: &Operator, action: &str, about: &Value) -> Result<()> {
    if !by.disabled && by.role == Role::Owner {
        return Ok(());
    }
    let mut tx = engine.db().write().await?;
    record(&mut tx, engine, by, "hooks.refused", json!({"action": action, "about": about})).await?;
    tx.commit().await?;
    Err(Error::new(Kind::Forbidden, "Only owners may send anything to another service."))
}

pub(super) async fn record(
    tx: &mut Tx,
    engine: &Engine,
    by: &Operator,
    action: &str,
    details: Value,
) -> Result<()> {
    let at = engine.effects().now();
    audit::append(tx, &audit::Entry { at, actor: by.email.clone(), action: action.to_owned(), details }).await
}
