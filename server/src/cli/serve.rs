//! `vestibule serve`: starts the three listeners and stops them gracefully.

use super::Global;
use super::assemble::{self, Assembled, Data};
use super::failure::{Failure, Outcome};
use super::output::line;
use super::secret_file;
use super::{chores, courier, hooks};
use engine::config::load::Note;
use engine::config::{Config, Log};
use engine::{Engine, known_secrets, operators, settings};
use server::Listeners;
use std::io::IsTerminal;
use std::path::Path;
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;

/// The file for the setup link if standard output is not a terminal.
const SETUP_FILE: &str = "setup-link";

/// The arguments of Ory Kratos' `serve`. None of them changes anything here.
#[derive(clap::Args)]
pub(super) struct Serve {
    /// The syntax of Kratos before 1.0
    #[arg(hide = true, value_name = "all")]
    which: Option<String>,
    /// From Kratos, without effect
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_value_t = false, default_missing_value = "true", value_name = "BOOL")]
    dev: bool,
    /// From Kratos: the server always sends its emails
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_value_t = false, default_missing_value = "true", value_name = "BOOL")]
    watch_courier: bool,
    /// From Kratos: Vestibule never sends statistics
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_value_t = false, default_missing_value = "true", value_name = "BOOL")]
    sqa_opt_out: bool,
}

impl Serve {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        match self.which.as_deref() {
            None | Some("all") => serve(global, self.dev).await,
            Some(which) => Err(Failure::Elsewhere(format!(
                "unknown command `serve {which}`: `serve` starts the public port, the admin API and the console together"
            ))),
        }
    }
}

async fn serve(global: &Global, dev: bool) -> Outcome {
    let Assembled { engine, notes, sources, .. } = assemble::engine(global, Data::Made).await?;
    let config = engine.begin().config;
    engine.db().writable().await.map_err(|error| Failure::database(&error))?;
    let known = known_secrets::record(&engine).await.map_err(|error| Failure::database(&error))?;
    known.map_err(|unknown| Failure::Database(unknown.to_string()))?;
    start_log(&config.log);
    for Note { file, path, text, needless } in notes {
        match needless {
            true => tracing::info!(file, key = path, "{text}"),
            false => tracing::warn!(file, key = path, "{text}"),
        }
    }
    if dev {
        tracing::info!(
            "--dev has no effect: cookies are Secure if the base URL is https, and no check is turned off"
        );
    }
    for exposed in config.exposed() {
        tracing::warn!(
            file = %exposed.display(),
            "Other users of this machine can read this, and it contains secrets. Use chmod 0600 for a file, 0700 for the data folder"
        );
    }
    let listeners = Listeners::bind(&config).await?;
    // Registered early, so that a signal during startup is not lost.
    let stop = stop_signal()?;
    let setup = setup_link(&engine, &config, &global.data).await?;
    if announce(&config, setup.as_deref()).is_err() {
        tracing::warn!("The URLs can't be printed. They are in the configuration");
    }
    // Once the server stops, background tasks start nothing new. It waits for their running work as for requests.
    let (ending, told) = watch::channel(false);
    let stop = async move {
        stop.await;
        ending.send_replace(true);
    };
    tokio::select! {
        outcome = server::serve(engine.clone(), listeners, stop) => outcome?,
        () = until(told.clone(), settings::follow(&engine)) => {}
        () = until(told.clone(), settings::watch_files(&engine, &sources)) => {}
        () = until(told.clone(), chores::run(&engine)) => {}
        () = until(told.clone(), chores::watch_file(&engine)) => {}
        () = chores::keep_alive(&engine) => {}
        () = until(told.clone(), chores::keep_budgets(&engine)) => {}
        () = until(told.clone(), courier::run(&engine)) => {}
        () = until(told, hooks::run(&engine)) => {}
    }
    chores::count(&engine).await;
    tracing::info!("Stopped");
    Ok(())
}

/// Drops `work` once `told` is true, and then waits forever.
async fn until(mut told: watch::Receiver<bool>, work: impl Future<Output = ()>) {
    tokio::select! {
        () = work => {}
        _ = told.wait_for(|told| *told) => std::future::pending().await,
    }
}

/// Kratos' level names: its `warning` is tracing's `warn`, `fatal` and `panic` are `error`.
pub(super) fn start_log(log: &Log) {
    let level = match log.level.as_str() {
        "warning" => "warn",
        "fatal" | "panic" => "error",
        level => level,
    };
    // Debug and trace output of libraries is useful to their authors only.
    let filter =
        EnvFilter::try_new(format!("warn,engine={level},server={level},app={level},vestibule={level}"))
            .unwrap_or_else(|_| EnvFilter::new("info"));
    // If the reader of the log goes away, the server continues, and can't report that anywhere.
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .log_internal_errors(false)
        .with_writer(std::io::stderr);
    if log.format == "json" {
        builder.json().init();
    } else {
        builder.with_ansi(std::io::stderr().is_terminal()).init();
    }
}

/// On a terminal the link itself. Otherwise it is in a file that only the owner can read, because standard output often ends in a log
/// that many can read.
async fn setup_link(engine: &Engine, config: &Config, data: &Path) -> Outcome<Option<String>> {
    let file = data.join(SETUP_FILE);
    let Some(secret) = operators::issue_setup_link(engine).await? else {
        secret_file::remove(&file)?;
        return Ok(None);
    };
    let link = operators::link(config, "setup", &secret);
    if std::io::stdout().is_terminal() {
        secret_file::remove(&file)?;
        return Ok(Some(link));
    }
    let written =
        secret_file::data_folder(data).and_then(|()| secret_file::write(&file, &format!("{link}\n")));
    if let Err(error) = written {
        tracing::warn!(
            file = %file.display(),
            "The console's setup link can't be written: {error}. Set another folder with --data, or create the first operator with \
             `vestibule operator create`"
        );
        return Ok(None);
    }
    tracing::info!(file = %file.display(), "The console's setup link is in this file");
    Ok(Some(format!("the link is in {}", file.display())))
}

fn announce(config: &Config, setup: Option<&str>) -> Outcome {
    let public = config.public_url("");
    let page = |configured: Option<&url::Url>, path: &str| config.ui_url(configured, path);
    line(format!("Vestibule {} is ready. Press Ctrl+C to stop.\n", super::version()))?;
    line(format!("  Sign up   {}", page(config.selfservice.registration.ui_url.as_ref(), "registration")))?;
    line(format!("  Sign in   {}", page(config.selfservice.login.ui_url.as_ref(), "login")))?;
    line(format!("  Console   {}", config.vestibule.console.base_url))?;
    if let Some(setup) = setup {
        line(format!("            create the first operator: {setup}"))?;
    }
    line(format!("  API       {public}"))?;
    line(format!("  Admin API {}\n", config.serve.admin.base_url))
}

/// Registers when called; resolves at the first SIGTERM or SIGINT.
#[cfg(unix)]
pub(super) fn stop_signal() -> std::io::Result<impl Future<Output = ()> + Send> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("Stopping: running requests may finish");
    })
}

#[cfg(not(unix))]
pub(super) fn stop_signal() -> std::io::Result<impl Future<Output = ()> + Send> {
    Ok(async {
        // Without a console there is no Ctrl+C.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
