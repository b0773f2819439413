//! The courier's round: what is queued leaves, again and again, beside whatever the server answers.

use engine::Engine;

/// Never ends; dropped when the server does. What was begun runs to its end by itself.
pub(super) async fn run(engine: &Engine) {
    loop {
        let (pause, count) = {
            let courier = &engine.begin().config.courier;
            (courier.pull_wait, courier.pull_count)
        };
        let full = match engine::courier::deliver(engine).await {
            Ok(taken) => i64::try_from(taken).is_ok_and(|taken| taken >= count),
            Err(error) => {
                let cause = error.cause().map(ToString::to_string);
                tracing::error!(cause, "mails cannot be delivered: {error}");
                false
            }
        };
        if !full {
            tokio::time::sleep(pause).await;
        }
    }
}
