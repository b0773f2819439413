//! What a server does beside answering: it follows what other processes save, and sweeps up what is over.

use engine::{Engine, settings};
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

/// How soon a Save by another process, or a rollback on the command line, applies here.
const FOLLOW: Duration = Duration::from_secs(2);
const SWEEP: Duration = Duration::from_secs(600);
/// How long a database file may be gone before writes are refused.
const LOOK: Duration = Duration::from_secs(1);

/// Never ends; dropped when the server does. Each step is one transaction or runs to its end by itself.
pub(super) async fn run(engine: &Engine) {
    let (mut follow, mut sweep) = (interval(FOLLOW), interval(SWEEP));
    follow.set_missed_tick_behavior(MissedTickBehavior::Delay);
    sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = follow.tick() => {
                match settings::refresh(engine).await {
                    Ok(Some(revision)) => tracing::info!(revision, "another process saved settings; they apply now"),
                    Ok(None) => {}
                    Err(error) => report(&error, "the newest settings cannot be taken over"),
                }
                settle(engine).await;
                if let Err(error) = engine::flow::provisional::reap(engine).await {
                    report(&error, "sign-ups that were not finished cannot be undone");
                }
            }
            _ = sweep.tick() => if let Err(error) = engine::cleanup::sweep(engine).await {
                report(&error, "old rows cannot be deleted");
            },
        }
    }
}

/// Deletes what clients may keep no longer, as soon as there is a batch of it; [`run`] deletes the rest. It never ends.
pub(super) async fn keep_budgets(engine: &Engine) {
    loop {
        engine.row_budget().exceeded().await;
        settle(engine).await;
    }
}

async fn settle(engine: &Engine) {
    if let Err(error) = engine::row_budget::settle(engine).await {
        report(&error, "rows that are more than a client may leave behind cannot be deleted");
    }
}

/// Looks whether the database's file is still there. It never ends, and waits for nothing else: a long sweep must not delay it.
pub(super) async fn watch_file(engine: &Engine) {
    let mut look = interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        look.tick().await;
        engine.db().look_for_file().await;
    }
}

fn report(error: &engine::Error, what: &str) {
    let cause = error.cause().map(ToString::to_string);
    tracing::error!(cause, "{what}: {error}");
}
