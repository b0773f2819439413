//! The round of web hooks that nobody waits for: what is queued is called, beside whatever the server answers.

use engine::Engine;
use std::time::Duration;

/// How soon a call that another process queued, or one whose pause is over, is found.
const LOOK: Duration = Duration::from_secs(1);
/// The other rounds are woken when there is more than one can do.
const REST: Duration = Duration::from_secs(30);

/// Never ends; dropped when the server does. What was begun runs to its end by itself. Several rounds at once: a service that
/// hangs holds up one of them.
pub(super) async fn run(engine: &Engine) {
    tokio::join!(round(engine, LOOK), round(engine, REST), round(engine, REST), round(engine, REST));
}

async fn round(engine: &Engine, pause: Duration) {
    loop {
        match engine::hooks::deliver(engine).await {
            Ok(0) => {}
            Ok(_) => continue,
            Err(error) => {
                let cause = error.cause().map(ToString::to_string);
                tracing::error!(cause, "web hooks cannot be called: {error}");
            }
        }
        tokio::select! {
            () = engine.hooks_waiting() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}
