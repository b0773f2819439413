//! All or nothing: a sign-up whose account nobody sees until every service has agreed. What others have seen is not undone; they
//! are told that it did not come about.

use crate::config::WebHook;
use crate::effects::to_completion;
use crate::engine::{Ctx, Engine};
use crate::error::{Error, Kind, Result};
use crate::hooks;
use crate::identity::{Credential, Identity};
use crate::ids::{DeliveryId, IdentityId};
use crate::model::Flow;
use crate::plan::{Plan, Step};
use crate::store::Tx;
use crate::store::identities::{self, Inserted};
use crate::store::reservations::{self as rows, Notified, Row};
use chrono::TimeDelta;

/// Beside the calls, for what the server itself does. Longer than any transaction waits.
const SPARE: TimeDelta = TimeDelta::minutes(1);
/// A template, fetched and evaluated, for each call.
const TEMPLATE: TimeDelta = TimeDelta::seconds(20);
/// Rows at once.
const BATCH: i64 = 50;

/// A sign-up under way.
pub(crate) struct Reservation {
    row: Row,
    reserved: bool,
}

impl Reservation {
    /// Before the first service is asked; `None` where the plan is not all or nothing.
    pub(crate) async fn begin(
        ctx: &Ctx,
        plan: &Plan,
        flow: &Flow,
        identity: IdentityId,
    ) -> Result<Option<Self>> {
        if !plan.atomic {
            return Ok(None);
        }
        let calls = plan.steps.iter().filter(|step| matches!(step, Step::Ask(_) | Step::Run(_))).count();
        let each = TimeDelta::from_std(ctx.config.vestibule.web_hook_deadline).unwrap_or(TEMPLATE) + TEMPLATE;
        let deadline = ctx.effects().now() + SPARE + each * i32::try_from(calls).unwrap_or(i32::MAX);
        let row = Row { identity, flow: flow.id, agreed: Vec::new(), deadline };
        let mut tx = ctx.db().write_single().await?;
        rows::insert(&mut tx, &row).await?;
        tx.commit().await?;
        Ok(Some(Self { row, reserved: false }))
    }

    /// A service knows of it now.
    pub(crate) async fn notified(&mut self, ctx: &Ctx, hook: &WebHook, call: DeliveryId) -> Result<()> {
        let agreed = Notified {
            hook: hook.key(),
            name: hook.name.clone(),
            place: hooks::place_of(&ctx.config, hook).unwrap_or_else(|| "registration.after".to_owned()),
            call,
        };
        self.row.agreed.push(agreed.clone());
        let mut tx = ctx.db().write().await?;
        if rows::set_notified(&mut tx, self.row.identity, &self.row.agreed).await? {
            return tx.commit().await;
        }
        // It was given up meanwhile, and this one knows of it only now.
        hooks::rolled_back(ctx, &mut tx, &agreed, self.row.identity, self.row.flow).await?;
        tx.commit().await?;
        ctx.engine.wake_hooks();
        Err(late())
    }

    /// Stores the account, seen by nobody: its identifiers are taken from now on.
    pub(crate) async fn reserve(
        &mut self,
        ctx: &Ctx,
        identity: &Identity,
        credentials: &[Credential],
    ) -> Result<Inserted> {
        let mut tx = ctx.db().write().await?;
        let inserted = identities::insert(&mut tx, identity, credentials).await?;
        if matches!(inserted, Inserted::Done) {
            tx.commit().await?;
            self.reserved = true;
        }
        Ok(inserted)
    }

    pub(crate) fn is_reserved(&self) -> bool {
        self.reserved
    }

    /// Everybody has agreed: with the commit of `tx` the account is one like any other.
    ///
    /// # Errors
    /// 504 when it took so long that it was given up.
    pub(crate) async fn finish(&self, tx: &mut Tx) -> Result<()> {
        if rows::end(tx, self.row.identity).await? { Ok(()) } else { Err(late()) }
    }

    /// Nothing stays. Should this fail, [`reap`] does it later.
    pub(crate) async fn undo(self, ctx: &Ctx) {
        if let Err(error) = undo(ctx, &self.row).await {
            let cause = error.cause().map(ToString::to_string);
            tracing::error!(cause, identity = %self.row.identity, "a sign-up is not undone yet: {error}");
        }
    }
}

fn late() -> Error {
    Error::new(Kind::UpstreamTimeout, "This took too long, and nothing was stored. Try again.")
}

/// Account, reservation and news to those who had agreed: one transaction. Nothing when somebody else has ended it.
async fn undo(ctx: &Ctx, row: &Row) -> Result<()> {
    let mut tx = ctx.db().write().await?;
    if !rows::end(&mut tx, row.identity).await? {
        return Ok(());
    }
    identities::delete(&mut tx, row.identity).await?;
    for agreed in &row.agreed {
        hooks::rolled_back(ctx, &mut tx, agreed, row.identity, row.flow).await?;
    }
    tx.commit().await?;
    ctx.engine.wake_hooks();
    Ok(())
}

/// Undoes what was left unfinished by a crash, or took longer than it may; says how many. On a timer.
pub async fn reap(engine: &Engine) -> Result<usize> {
    let ctx = engine.begin();
    let overdue = {
        let mut tx = ctx.db().single().await?;
        rows::overdue(&mut tx, ctx.effects().now(), BATCH).await?
    };
    for row in &overdue {
        tracing::warn!(identity = %row.identity, flow = %row.flow, "a sign-up was not finished and is undone");
        let (ctx, row) = (ctx.clone(), row.clone());
        to_completion(ctx.engine.following(), async move { undo(&ctx, &row).await }).await?;
    }
    Ok(overdue.len())
}
