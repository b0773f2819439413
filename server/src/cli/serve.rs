//! `vestibule serve`: from an engine to three listeners, and to an orderly end.

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

/// Holds the set-up link when nobody would see it on a terminal.
const SETUP_FILE: &str = "setup-link";

/// What Ory Kratos' `serve` takes. All of it is so here, or needs no switch.
#[derive(clap::Args)]
pub(super) struct Serve {
    /// Kratos' spelling before 1.0
    #[arg(hide = true, value_name = "all")]
    which: Option<String>,
    /// Kratos': nothing depends on it here
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_value_t = false, default_missing_value = "true", value_name = "BOOL")]
    dev: bool,
    /// Kratos': the server sends its emails in any case
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_value_t = false, default_missing_value = "true", value_name = "BOOL")]
    watch_courier: bool,
    /// Kratos': no statistics are sent to anybody
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_value_t = false, default_missing_value = "true", value_name = "BOOL")]
    sqa_opt_out: bool,
}

impl Serve {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        match self.which.as_deref() {
            None | Some("all") => serve(global, self.dev).await,
            Some(which) => Err(Failure::Elsewhere(format!(
                "`serve {which}` says nothing to Vestibule: `serve` starts public port, admin API and console together."
            ))),
        }
    }
}

async fn serve(global: &Global, dev: bool) -> Outcome {
    let Assembled { engine, notes, .. } = assemble::engine(global, Data::Made).await?;
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
            "--dev changes nothing: cookies are Secure when the base URL is https, and no check is switched off"
        );
    }
    for exposed in config.exposed() {
        tracing::warn!(
            file = %exposed.display(),
            "other users of this machine can read this, and secrets are in it: chmod 0600 for a file, 0700 for the data folder"
        );
    }
    let listeners = Listeners::bind(&config).await?;
    // Before the signals are awaited: one that comes while the rest starts must not be lost.
    let stop = stop_signal()?;
    let setup = setup_link(&engine, &config, &global.data).await?;
    if announce(&config, setup.as_deref()).is_err() {
        tracing::warn!("the addresses could not be printed; the configuration has them");
    }
    // Beside requests nothing new begins once the server is to end; what has begun is waited for with the requests.
    let (ending, told) = watch::channel(false);
    let stop = async move {
        stop.await;
        ending.send_replace(true);
    };
    tokio::select! {
        outcome = server::serve(engine.clone(), listeners, stop) => outcome?,
        () = until(told.clone(), settings::follow(&engine)) => {}
        () = until(told.clone(), chores::run(&engine)) => {}
        () = until(told.clone(), chores::watch_file(&engine)) => {}
        () = until(told.clone(), chores::keep_budgets(&engine)) => {}
        () = until(told.clone(), courier::run(&engine)) => {}
        () = until(told, hooks::run(&engine)) => {}
    }
    tracing::info!("ended");
    Ok(())
}

/// Drops `work` when it is told to end, and does not end by that.
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
    // Libraries say at debug and trace what only their authors can read.
    let filter =
        EnvFilter::try_new(format!("warn,engine={level},server={level},app={level},vestibule={level}"))
            .unwrap_or_else(|_| EnvFilter::new("info"));
    // Whoever read the log may go away: the server stays, and has nowhere to say that the log cannot be written.
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

/// On a terminal the link itself; otherwise it lies in a file that only the owner may read, since standard output
/// often ends in a log that many can read.
async fn setup_link(engine: &Engine, config: &Config, data: &Path) -> Outcome<Option<String>> {
    let file = data.join(SETUP_FILE);
    let Some(secret) = operators::issue_setup_link(engine).await? else {
        secret_file::remove(&file)?;
        return Ok(None);
    };
    let link = console_link(config, "setup", &secret);
    if std::io::stdout().is_terminal() {
        secret_file::remove(&file)?;
        return Ok(Some(link));
    }
    let written =
        secret_file::data_folder(data).and_then(|()| secret_file::write(&file, &format!("{link}\n")));
    if let Err(error) = written {
        tracing::warn!(
            file = %file.display(),
            "the console's set-up link cannot be written: {error}. Name another folder with --data, or make the first operator with \
             `vestibule operator create`"
        );
        return Ok(None);
    }
    tracing::info!(file = %file.display(), "the console's set-up link is in this file");
    Ok(Some(format!("the link is in {}", file.display())))
}

/// A one-time link into the console.
pub(super) fn console_link(config: &Config, page: &str, secret: &str) -> String {
    let mut url = config.vestibule.console.base_url.clone();
    url.set_path(&format!("{}/{page}", url.path().trim_end_matches('/')));
    url.query_pairs_mut().clear().append_pair("secret", secret);
    url.into()
}

fn announce(config: &Config, setup: Option<&str>) -> Outcome {
    let public = config.public_url("");
    let page = |configured: Option<&url::Url>, path: &str| config.ui_url(configured, path);
    line(format!("Vestibule {} is ready. Ctrl+C ends it.\n", super::version()))?;
    line(format!("  Sign up   {}", page(config.selfservice.registration.ui_url.as_ref(), "registration")))?;
    line(format!("  Sign in   {}", page(config.selfservice.login.ui_url.as_ref(), "login")))?;
    line(format!("  Console   {}", config.vestibule.console.base_url))?;
    if let Some(setup) = setup {
        line(format!("            first operator, once: {setup}"))?;
    }
    line(format!("  API       {public}"))?;
    line(format!("  Admin API {}\n", config.serve.admin.base_url))
}

/// Listens from the moment it is called; done at the first SIGTERM or SIGINT.
#[cfg(unix)]
pub(super) fn stop_signal() -> std::io::Result<impl Future<Output = ()> + Send> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping: running requests may finish");
    })
}

#[cfg(not(unix))]
pub(super) fn stop_signal() -> std::io::Result<impl Future<Output = ()> + Send> {
    Ok(async {
        // Without a console there is no Ctrl+C to wait for.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
