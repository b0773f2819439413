//! What a server does beside answering: it follows what other processes save, and sweeps up old flows.

use chrono::TimeDelta;
use engine::store::flows;
use engine::{Engine, settings};
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

/// How soon a Save by another process, or a rollback on the command line, applies here.
const FOLLOW: Duration = Duration::from_secs(2);
const SWEEP: Duration = Duration::from_secs(600);
/// Rows at once: the writer of SQLite is free again between two.
const BATCH: i64 = 500;

/// Never ends; dropped when the server does. Each step is one transaction or runs to its end by itself.
pub(super) async fn run(engine: &Engine) {
    let (mut follow, mut sweep) = (interval(FOLLOW), interval(SWEEP));
    follow.set_missed_tick_behavior(MissedTickBehavior::Delay);
    sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = follow.tick() => match settings::refresh(engine).await {
                Ok(Some(revision)) => tracing::info!(revision, "another process saved settings; they apply now"),
                Ok(None) => {}
                Err(error) => report(&error, "the newest settings cannot be taken over"),
            },
            _ = sweep.tick() => if let Err(error) = sweep_flows(engine).await {
                report(&error, "old flows cannot be deleted");
            },
        }
    }
}

/// Flows are kept for a day after their end: until then a client is told that its flow has expired.
async fn sweep_flows(engine: &Engine) -> engine::Result<()> {
    let before = engine.effects().now() - TimeDelta::days(1);
    loop {
        let mut tx = engine.db().write().await?;
        let gone = flows::delete_expired(&mut tx, before, BATCH).await?;
        tx.commit().await?;
        if gone < BATCH.unsigned_abs() {
            return Ok(());
        }
    }
}

fn report(error: &engine::Error, what: &str) {
    let cause = error.cause().map(ToString::to_string);
    tracing::error!(cause, "{what}: {error}");
}
