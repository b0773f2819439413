//! `vestibule config`: checks, prints, imports and exports the configuration, and prints the reference pages.

use super::Global;
use super::assemble;
use super::failure::Outcome;
use super::lint::Lint;
use super::output::{line, show};
use super::{export, import};
use engine::config::load::{Note, Problem, Problems, load, print};
use engine::settings::files_decide;
use engine::store::Db;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// List all problems (exit code 3) and keys without effect. Doesn't use the database.
    #[command(after_help = "Examples:
  vestibule config check --config kratos.yml --config local.yml
  vestibule config check --lint --json --config kratos.yml
  vestibule config check --lint --fail-on warning --config kratos.yml
  vestibule config check --lint --fix --yes --config kratos.yml    writes kratos.fixes.yml
  vestibule config check --lint --fix=enumeration --yes --config kratos.yml    the same for one issue

With --lint, the most severe issue at or above --fail-on sets the exit code: 7 error, 5 danger, 8 warning, 9 info, else 0.")]
    Check(Lint),
    /// Print the built-in default configuration, with comments, to build your own file on. It doesn't apply once you use --config.
    #[command(after_help = "Example:
  vestibule config starter > vestibule.yml
  vestibule serve --config vestibule.yml")]
    Starter,
    /// Print the active configuration, including console settings, as one file that stock Kratos accepts as well
    Print {
        /// Show secrets in plain text (default: masked)
        #[arg(long)]
        with_secrets: bool,
    },
    /// Convert Ory Kratos files to a Vestibule file, and report for each key whether it is kept, moved, unknown or refused
    Import(import::Import),
    /// Print the active configuration for stock Kratos. Standard error lists what Kratos does differently.
    Export(export::Export),
    /// Print the reference of all keys, with types and defaults
    Reference,
    /// Print the reference of all checks of --lint
    Checks,
    /// Print the reference of all limits, with keys and defaults
    Limits,
}

pub(super) async fn run(global: &Global, command: Command) -> Outcome {
    match command {
        Command::Check(lint) => {
            let sources = assemble::files(global).await?;
            let loaded = load(&sources, None)?;
            if let Some(dsn) = &loaded.config.dsn {
                Db::check_dsn(dsn).map_err(|error| {
                    Problems(vec![Problem {
                        file: loaded.config.written_in("dsn").unwrap_or_default(),
                        path: "dsn".to_owned(),
                        what: error.reason.trim_end_matches('.').to_owned(),
                        instead: "a SQLite or PostgreSQL `dsn`, or no `dsn`".to_owned(),
                    }])
                })?;
            }
            if !lint.is_for_programs() {
                report(&loaded.notes)?;
                if let Some(sentence) = files_decide(&loaded.config) {
                    line(format!("Console settings are not applied. {sentence}"))?;
                }
            }
            if lint.lint {
                lint.run(global, &sources, &loaded.config)?;
            }
        }
        Command::Print { with_secrets } => show(print(&assemble::applying(global).await?, with_secrets))?,
        Command::Starter => show(engine::config::starter())?,
        Command::Import(command) => command.run()?,
        Command::Export(command) => command.run(global).await?,
        Command::Reference => show(engine::config::reference())?,
        Command::Checks => show(engine::settings::checks::reference())?,
        Command::Limits => show(engine::limits_table::reference(engine::config::default_of))?,
    }
    Ok(())
}

/// Keys without effect come first, keys that can be removed last.
fn report(notes: &[Note]) -> Outcome {
    let (needless, lost): (Vec<&Note>, Vec<&Note>) = notes.iter().partition(|note| note.needless);
    for note in lost.iter().chain(&needless) {
        line(note)?;
    }
    let mut verdict = "The configuration is valid.".to_owned();
    match lost.len() {
        0 => {}
        1 => verdict.push_str(" 1 key has no effect."),
        count => verdict.push_str(&format!(" {count} keys have no effect.")),
    }
    match needless.len() {
        0 => {}
        1 => verdict.push_str(" 1 key needs no effect."),
        count => verdict.push_str(&format!(" {count} keys need no effect.")),
    }
    line(verdict)
}
