//! Calls queued webhooks in a loop, next to the requests of a server.

use engine::Engine;
use std::time::Duration;

/// How often the queue is checked for calls of other processes and for calls whose pause has ended.
const LOOK: Duration = Duration::from_secs(1);
/// The same for the other loops, which are woken when one loop isn't enough.
const REST: Duration = Duration::from_secs(30);

/// Never ends; dropped when the server ends. Calls that have begun run to their end. Several loops run in parallel, so that a service
/// that hangs delays only one of them.
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
                tracing::error!(cause, "Webhooks can't be called: {error}");
            }
        }
        tokio::select! {
            () = engine.hooks_waiting() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}
