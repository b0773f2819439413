//! Settings that other processes save: taken over as soon as the database announces them, and looked for once a second in any case.

use super::revise::newest;
use crate::config::load::remap;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::store::notify::{Listener, Topic};
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval, sleep};

/// How soon a revision is found that was not announced: on SQLite, where a connection that listens cannot be had, and where a pooler
/// lends each transaction another connection.
const LOOK: Duration = Duration::from_secs(1);
/// After listening was not possible.
const PAUSE: Duration = Duration::from_secs(1);

/// Never ends; dropped when the server does. What was begun runs to its end by itself.
pub async fn follow(engine: &Engine) {
    tokio::join!(listen(engine), look(engine));
}

/// Takes over what is announced, and whatever may have been announced while nobody listened. Ends on a database without
/// announcements, and nowhere else.
pub async fn listen(engine: &Engine) {
    let mut deaf = false;
    loop {
        let lost = match engine.db().listen(Topic::Settings).await {
            Ok(None) => return,
            Ok(Some(listener)) => {
                if std::mem::take(&mut deaf) {
                    tracing::info!("settings that other processes save are announced here again");
                }
                hear(engine, listener).await
            }
            Err(error) => error,
        };
        if !std::mem::replace(&mut deaf, true) {
            let cause = lost.cause().map(ToString::to_string);
            tracing::warn!(
                cause,
                "settings that other processes save are not announced here and apply up to a second later: {lost}"
            );
        }
        sleep(PAUSE).await;
    }
}

/// Why it ended.
async fn hear(engine: &Engine, mut listener: Listener) -> Error {
    loop {
        // First of all what was saved before anybody listened.
        take_over(engine).await;
        if let Err(lost) = listener.heard().await {
            return lost;
        }
    }
}

async fn look(engine: &Engine) {
    let mut look = interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        look.tick().await;
        take_over(engine).await;
    }
}

async fn take_over(engine: &Engine) {
    match refresh(engine).await {
        Ok(Some(revision)) => tracing::info!(revision, "another process saved settings; they apply now"),
        Ok(None) => {}
        Err(error) => {
            let cause = error.cause().map(ToString::to_string);
            tracing::error!(cause, "the newest settings cannot be taken over: {error}");
        }
    }
}

/// Takes over what another process saved: the new revision, if there was one. A revision that does not fit is an error, and the old
/// snapshot stays.
pub async fn refresh(engine: &Engine) -> Result<Option<i64>> {
    let take_over = |engine: Engine| async move {
        let config = engine.begin().config;
        if config.vestibule.settings_from_files {
            return Ok((None, None));
        }
        let Some(row) = newest(engine.db()).await?.filter(|row| row.number > config.revision) else {
            return Ok((None, None));
        };
        let next = remap(&config, row.number, &row.settings).map_err(Error::internal)?;
        Ok((Some(row.number), Some(next)))
    };
    engine.reconfigure(take_over).await
}
