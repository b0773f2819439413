//! What a server does beside answering: it sweeps up what is over, and looks whether its database is still there.

use engine::Engine;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

/// How soon goes what no longer may stay: rows of a client that left too many, sign-ups that nobody finished.
const TIDY: Duration = Duration::from_secs(2);
const SWEEP: Duration = Duration::from_secs(600);
/// How long a database file may be gone before writes are refused.
const LOOK: Duration = Duration::from_secs(1);

/// Never ends; dropped when the server does. Each step is one transaction or runs to its end by itself.
pub(super) async fn run(engine: &Engine) {
    let (mut tidy, mut sweep) = (interval(TIDY), interval(SWEEP));
    tidy.set_missed_tick_behavior(MissedTickBehavior::Delay);
    sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = tidy.tick() => {
                settle(engine).await;
                if let Err(error) = engine::signup::atomic::reap(engine).await {
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
