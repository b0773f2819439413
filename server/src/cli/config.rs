//! `vestibule config`: whether the configuration holds, what it comes to, and what can be written.

use super::Global;
use super::assemble;
use super::failure::{Failure, Outcome};
use super::{export, import};
use engine::config::load::{Note, load, print};
use engine::settings::checks::{Check, checks};
use engine::settings::{Severity, files_decide};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Reports every problem (exit code 3) and every key without effect. Touches no database.
    #[command(after_help = "Examples:\n  vestibule config check --config kratos.yml --config local.yml\n  \
                      vestibule config check --lint --json --config kratos.yml    exit code 5 when something is dangerous")]
    Check {
        /// Says what can happen with a configuration that is valid and unwise; exit code 5 when something is dangerous.
        #[arg(long)]
        lint: bool,
        /// For programs; with --lint.
        #[arg(long, requires = "lint")]
        json: bool,
    },
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
}

pub(super) async fn run(global: &Global, command: Command) -> Outcome {
    match command {
        Command::Check { lint, json } => {
            let loaded = load(&assemble::sources(global)?, None)?;
            let found = if lint { checks(&loaded.config, false) } else { Vec::new() };
            if json {
                let text = serde_json::to_string_pretty(&found)
                    .map_err(|error| Failure::failed(error.to_string()))?;
                println!("{text}");
            } else {
                report(&loaded.notes);
                if let Some(sentence) = files_decide(&loaded.config) {
                    println!("What was saved in the console is not applied. {sentence}");
                }
                for Check { id, severity, key, title, text } in &found {
                    println!("\n{} {id}: {title}\n  {text}\n  {key}", word(*severity));
                }
            }
            if found.iter().any(|check| check.severity == Severity::Danger) {
                return Err(Failure::Dangerous);
            }
        }
        Command::Print { with_secrets } => {
            let engine = assemble::engine(global).await?.engine;
            print!("{}", print(&engine.begin().config, with_secrets));
        }
        Command::Import(command) => command.run()?,
        Command::Export(command) => command.run(global).await?,
        Command::Reference => print!("{}", engine::config::reference()),
    }
    Ok(())
}

fn report(notes: &[Note]) {
    for Note { file, path, text } in notes {
        println!("{file}: {path}: {text}");
    }
    match notes.len() {
        0 => println!("The configuration holds."),
        1 => println!("The configuration holds; 1 key has no effect."),
        many => println!("The configuration holds; {many} keys have no effect."),
    }
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Danger => "danger",
        Severity::Warning => "warning",
        Severity::Info => "info",
    }
}
