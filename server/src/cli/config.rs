//! `vestibule config`: whether the configuration holds, what it comes to, and what can be written.

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
    /// Reports every problem (exit code 3) and every key without effect. Touches no database.
    #[command(after_help = "Examples:
  vestibule config check --config kratos.yml --config local.yml
  vestibule config check --lint --json --config kratos.yml
  vestibule config check --lint --fail-on warning --config kratos.yml
  vestibule config check --lint --fix --yes --config kratos.yml    writes kratos.fixes.yml
  vestibule config check --lint --fix=enumeration --yes --config kratos.yml    the same for one finding

With --lint the worst finding decides, if --fail-on lets it: 7 error, 5 danger, 8 warning, 9 info, else 0.")]
    Check(Lint),
    /// Prints the built-in starter, with comments: a file to build on. Whoever starts with a file starts without the starter.
    #[command(after_help = "Example:
  vestibule config starter > vestibule.yml
  vestibule serve --config vestibule.yml")]
    Starter,
    /// Prints one file, the console's settings included, that stock Kratos accepts too.
    Print {
        /// Secrets in clear; without it they are masked.
        #[arg(long)]
        with_secrets: bool,
    },
    /// Reads files of Ory Kratos and writes one of Vestibule, with a line for each key: kept, moved, unknown or refused.
    Import(import::Import),
    /// Prints what applies as a file that stock Kratos accepts; standard error says what Kratos does differently with it.
    Export(export::Export),
    /// Prints the page of all keys, with types and defaults.
    Reference,
    /// Prints the page of all findings of --lint.
    Checks,
    /// Print the page of all limits, with keys and defaults
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
                        instead: "a dsn of SQLite or PostgreSQL, or no `dsn`".to_owned(),
                    }])
                })?;
            }
            if !lint.is_for_programs() {
                report(&loaded.notes)?;
                if let Some(sentence) = files_decide(&loaded.config) {
                    line(format!("What was saved in the console is not applied. {sentence}"))?;
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

/// What people lose comes first.
fn report(notes: &[Note]) -> Outcome {
    let (needless, lost): (Vec<&Note>, Vec<&Note>) = notes.iter().partition(|note| note.needless);
    for note in lost.iter().chain(&needless) {
        line(note)?;
    }
    let keys = |count: usize| if count == 1 { "1 key".to_owned() } else { format!("{count} keys") };
    let have = |count: usize| if count == 1 { "has" } else { "have" };
    let mut verdict = "The configuration holds".to_owned();
    if !lost.is_empty() {
        verdict.push_str(&format!("; {} {} no effect", keys(lost.len()), have(lost.len())));
    }
    if !needless.is_empty() {
        let need = if needless.len() == 1 { "needs" } else { "need" };
        verdict.push_str(&format!("; {} {need} no effect", keys(needless.len())));
    }
    line(format!("{verdict}."))
}
