//! Atomic sign-up: an account that nobody sees until every service has agreed. What others have seen is not undone; they are told
//! that it did not come about.
//!
//! A row is stored before the first service is called, and which service is called before each call. The server that works on the
//! sign-up writes a heartbeat into the row, so another server rolls it back only after that server is gone.

use crate::config::WebHook;
use crate::effects::to_completion;
use crate::engine::{Ctx, Engine};
use crate::error::{Error, Kind, Result};
use crate::hooks;
use crate::identity::{Credential, Identity};
use crate::ids::{DeliveryId, IdentityId};
use crate::model::Flow;
use crate::node::Alive;
use crate::plan::Plan;
use crate::store::Tx;
use crate::store::identities::{self, Inserted};
use crate::store::reservations::{self as rows, Notified, Row};
use chrono::{DateTime, TimeDelta, Utc};

/// Without a heartbeat for so long, the server that worked on a sign-up is gone. Clocks of servers may differ by a part of it.
const SILENCE: TimeDelta = TimeDelta::seconds(30);
/// Rows at once.
const BATCH: i64 = 50;

/// A sign-up under way.
pub(crate) struct Reservation {
    row: Row,
    reserved: bool,
    /// As long as this value lives, [`beat`] writes its heartbeat.
    _alive: Alive,
}

impl Reservation {
    /// Before the first service is asked; `None` where the plan is not atomic.
    pub(crate) async fn begin(
        ctx: &Ctx,
        plan: &Plan,
        flow: &Flow,
        identity: IdentityId,
    ) -> Result<Option<Self>> {
        if !plan.atomic {
            return Ok(None);
        }
        let node = ctx.engine.node();
        let row = Row {
            identity,
            flow: flow.id,
            notified: Vec::new(),
            node: node.id(ctx.effects()),
            heartbeat_at: ctx.effects().now(),
        };
        let alive = node.works_on(identity);
        let mut tx = ctx.db().write_single().await?;
        rows::insert(&mut tx, &row).await?;
        tx.commit().await?;
        Ok(Some(Self { row, reserved: false, _alive: alive }))
    }

    /// Stored before a service is called: it is told of a rollback also if this server ends before it reads the response.
    ///
    /// # Errors
    /// 504 when the sign-up was given up meanwhile.
    pub(crate) async fn notifies(&mut self, ctx: &Ctx, hook: &WebHook, call: DeliveryId) -> Result<()> {
        let place = hooks::place_of(&ctx.config, hook).unwrap_or_else(|| "registration.after".to_owned());
        self.row.notified.push(Notified { hook: hook.key(), name: hook.name.clone(), place, call });
        let mut tx = ctx.db().write_single().await?;
        if !rows::set_notified(&mut tx, self.row.identity, &self.row.notified, ctx.effects().now()).await? {
            return Err(late());
        }
        tx.commit().await
    }

    /// That service rejected, or was not reached: it expects nothing more.
    pub(crate) fn not_notified(&mut self, call: DeliveryId) {
        self.row.notified.retain(|notified| notified.call != call);
    }

    /// Stores the account, seen by nobody: its identifiers are taken from now on.
    ///
    /// # Errors
    /// 504 when the sign-up was given up meanwhile.
    pub(crate) async fn reserve(
        &mut self,
        ctx: &Ctx,
        identity: &Identity,
        credentials: &[Credential],
    ) -> Result<Inserted> {
        let mut tx = ctx.db().write().await?;
        // Without its row the account would be seen.
        if !rows::beat(&mut tx, self.row.identity, self.row.node, ctx.effects().now()).await? {
            return Err(late());
        }
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
        if let Err(error) = undo(ctx, &self.row, None).await {
            let cause = error.cause().map(ToString::to_string);
            tracing::error!(cause, identity = %self.row.identity, "a sign-up is not rolled back yet: {error}");
        }
    }
}

fn late() -> Error {
    Error::new(Kind::UpstreamTimeout, "This took too long, and nothing was stored. Try again.")
}

/// Account, reservation and news to those who had agreed: one transaction. Nothing when another process has ended it, or, with
/// `before`, works on it again.
async fn undo(ctx: &Ctx, row: &Row, before: Option<DateTime<Utc>>) -> Result<()> {
    let mut tx = ctx.db().write().await?;
    let ended = match before {
        Some(before) => rows::end_abandoned(&mut tx, row.identity, before).await?,
        None => rows::end(&mut tx, row.identity).await?,
    };
    if !ended {
        return Ok(());
    }
    identities::delete(&mut tx, row.identity).await?;
    for notified in &row.notified {
        hooks::rolled_back(ctx, &mut tx, notified, row.identity, row.flow).await?;
    }
    tx.commit().await?;
    ctx.engine.wake_hooks();
    Ok(())
}

/// Writes the heartbeat of every sign-up that this server works on. On a timer, several times in [`SILENCE`].
pub async fn beat(engine: &Engine) -> Result<()> {
    let node = engine.node();
    let alive = node.alive();
    if alive.is_empty() {
        return Ok(());
    }
    let (own, now) = (node.id(engine.effects()), engine.effects().now());
    let mut tx = engine.db().write_relaxed().await?;
    for identity in alive {
        rows::beat(&mut tx, identity, own, now).await?;
    }
    tx.commit().await
}

/// Rolls back what a server left unfinished that is gone; says how many. On a timer.
pub async fn reap(engine: &Engine) -> Result<usize> {
    let ctx = engine.begin();
    let before = ctx.effects().now() - SILENCE;
    let abandoned = {
        let mut tx = ctx.db().single().await?;
        rows::abandoned(&mut tx, before, BATCH).await?
    };
    // This server's own heartbeat may be late, for example behind a database that was locked.
    let alive = engine.node().alive();
    let mut reaped = 0;
    for row in abandoned.into_iter().filter(|row| !alive.contains(&row.identity)) {
        tracing::warn!(
            identity = %row.identity,
            flow = %row.flow,
            node = %row.node,
            "a sign-up was not finished by its server and is rolled back"
        );
        let ctx = ctx.clone();
        to_completion(ctx.engine.following(), async move { undo(&ctx, &row, Some(before)).await }).await?;
        reaped += 1;
    }
    Ok(reaped)
}
