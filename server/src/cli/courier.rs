//! Sends queued emails in a loop: next to the requests of a server, or in a process of its own.

use super::assemble::{self, Assembled, Data};
use super::failure::{Failure, Outcome};
use super::output::{aside, line};
use super::{Global, chores, serve};
use engine::{Engine, known_secrets, settings};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Send queued emails until stopped, next to servers on the same PostgreSQL database
    #[command(after_help = "Example:\n  vestibule courier watch --config kratos.yml")]
    Watch {
        #[arg(long, hide = true)]
        expose_metrics_port: Option<u16>,
    },
}

/// Servers send as well. The first process that claims an email sends it.
pub(super) async fn watch(global: &Global, command: Command) -> Outcome {
    let Command::Watch { expose_metrics_port } = command;
    if expose_metrics_port.is_some_and(|port| port != 0) {
        aside("warning: --expose-metrics-port has no effect. The courier doesn't serve metrics yet.");
    }
    let Assembled { engine, .. } = assemble::engine(global, Data::Found).await?;
    if engine.db().is_sqlite() {
        return Err(Failure::failed(
            "`courier watch` doesn't work with SQLite, because a SQLite database is used by one process. The server sends its emails. With \
             PostgreSQL it does so as well, so `courier watch` is optional there.",
        ));
    }
    let known = known_secrets::record(&engine).await.map_err(|error| Failure::database(&error))?;
    known.map_err(|unknown| Failure::Database(unknown.to_string()))?;
    serve::start_log(&engine.begin().config.log);
    let stop = serve::stop_signal()?;
    line("The courier is ready. Press Ctrl+C to stop.")?;
    tokio::select! {
        () = stop => {}
        () = settings::follow(&engine) => {}
        () = chores::run(&engine) => {}
        () = run(&engine) => {}
    }
    tracing::info!("Stopped");
    Ok(())
}

/// Never ends; dropped when the server ends. Deliveries that have begun run to their end.
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
                tracing::error!(cause, "Emails can't be delivered: {error}");
                false
            }
        };
        if !full {
            tokio::time::sleep(pause).await;
        }
    }
}
