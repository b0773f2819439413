//! Background tasks of a server: delete expired data and check that the database file still exists.

use engine::Engine;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

/// How often rows beyond a client's budget and unfinished sign-ups are deleted.
const TIDY: Duration = Duration::from_secs(2);
/// How often this server says that it works on its sign-ups. A sixth of the time after which others roll them back.
const BEAT: Duration = Duration::from_secs(5);
/// How often it is counted in which formats passwords are stored.
const FORMATS: Duration = Duration::from_secs(60);
const SWEEP: Duration = Duration::from_secs(600);
/// How long a database file may be missing before writes are rejected.
const LOOK: Duration = Duration::from_secs(1);

/// Never ends; dropped when the server ends. Each step is one transaction, or runs to its end on its own.
pub(super) async fn run(engine: &Engine) {
    let (mut tidy, mut sweep, mut formats) = (interval(TIDY), interval(SWEEP), interval(FORMATS));
    formats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tidy.set_missed_tick_behavior(MissedTickBehavior::Delay);
    sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = tidy.tick() => {
                settle(engine).await;
                count(engine).await;
                if let Err(error) = engine::signup::atomic::reap(engine).await {
                    report(&error, "Unfinished sign-ups can't be rolled back");
                }
            }
            _ = formats.tick() => {
                if let Err(error) = engine.hasher().count_formats(engine.db(), engine.effects()).await {
                    report(&error, "The formats of stored passwords can't be counted");
                }
            }
            _ = sweep.tick() => if let Err(error) = engine::cleanup::sweep(engine).await {
                report(&error, "Expired rows can't be deleted");
            },
        }
    }
}

/// Deletes rows beyond a client's budget as soon as there is a batch of them; [`run`] deletes the rest. Never ends.
pub(super) async fn keep_budgets(engine: &Engine) {
    loop {
        engine.row_budget().exceeded().await;
        settle(engine).await;
    }
}

/// Adds the sign-ups and sign-ins of the last seconds to those of the day.
pub(super) async fn count(engine: &Engine) {
    if let Err(error) = engine.activity().flush(engine.db()).await {
        report(&error, "Sign-ups and sign-ins can't be counted");
    }
}

async fn settle(engine: &Engine) {
    if let Err(error) = engine.row_budget().settle(engine.db()).await {
        report(&error, "Rows beyond a client's budget can't be deleted");
    }
}

/// Writes heartbeats. Never ends, and waits for nothing else: a long cleanup must not delay them.
pub(super) async fn keep_alive(engine: &Engine) {
    let mut beat = interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beat.tick().await;
        if let Err(error) = engine::signup::atomic::beat(engine).await {
            report(&error, "Sign-ups under way can't be marked as such");
        }
    }
}

/// Checks that the database file still exists. Never ends, and waits for nothing else: a long cleanup must not delay it.
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
