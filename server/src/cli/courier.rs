//! The courier's round: what is queued leaves, again and again, beside whatever the server answers, or in a process of its own.

use super::assemble::{self, Assembled, Data};
use super::failure::{Failure, Outcome};
use super::output::{aside, line};
use super::{Global, chores, serve};
use engine::{Engine, known_secrets, settings};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Sends what is queued until it is told to end, beside servers on the same PostgreSQL database
    #[command(after_help = "Example:\n  vestibule courier watch --config kratos.yml")]
    Watch {
        #[arg(long, hide = true)]
        expose_metrics_port: Option<u16>,
    },
}

/// Servers send as well; an email is one process' at a time, whoever takes it first.
pub(super) async fn watch(global: &Global, command: Command) -> Outcome {
    let Command::Watch { expose_metrics_port } = command;
    if expose_metrics_port.is_some_and(|port| port != 0) {
        aside("--expose-metrics-port has no effect: there are no metrics yet.");
    }
    let Assembled { engine, .. } = assemble::engine(global, Data::Found).await?;
    if engine.db().is_sqlite() {
        return Err(Failure::failed(
            "a SQLite database belongs to one process, and the server that has it sends its emails itself: `courier watch` is for PostgreSQL, \
             and not needed there either.",
        ));
    }
    let known = known_secrets::record(&engine).await.map_err(|error| Failure::database(&error))?;
    known.map_err(|unknown| Failure::Database(unknown.to_string()))?;
    serve::start_log(&engine.begin().config.log);
    let stop = serve::stop_signal()?;
    line("The courier is ready. Ctrl+C ends it.")?;
    tokio::select! {
        () = stop => {}
        () = settings::follow(&engine) => {}
        () = chores::run(&engine) => {}
        () = run(&engine) => {}
    }
    tracing::info!("ended");
    Ok(())
}

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
