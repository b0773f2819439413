//! `vestibule config`: whether the configuration holds, what it comes to, and what can be written.

use super::Global;
use super::assemble;
use super::failure::Outcome;
use super::lint::Lint;
use super::{export, import};
use engine::config::load::{Note, load, print};
use engine::settings::files_decide;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Reports every problem (exit code 3) and every key without effect. Touches no database.
    #[command(after_help = "Examples:
  vestibule config check --config kratos.yml --config local.yml
  vestibule config check --lint --json --config kratos.yml
  vestibule config check --lint --fail-on warning --config kratos.yml
  vestibule config check --lint --fix --yes --config kratos.yml    writes kratos.fixes.yml

With --lint the worst finding decides, if --fail-on lets it: 7 error, 5 danger, 8 warning, 9 info, else 0.")]
    Check(Lint),
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
}

pub(super) async fn run(global: &Global, command: Command) -> Outcome {
    match command {
        Command::Check(lint) => {
            let sources = assemble::sources(global).await?;
            let loaded = load(&sources, None)?;
            if !lint.is_for_programs() {
                report(&loaded.notes);
                if let Some(sentence) = files_decide(&loaded.config) {
                    println!("What was saved in the console is not applied. {sentence}");
                }
            }
            if lint.lint {
                lint.run(global, &sources, &loaded.config)?;
            }
        }
        Command::Print { with_secrets } => {
            let engine = assemble::engine(global).await?.engine;
            print!("{}", print(&engine.begin().config, with_secrets));
        }
        Command::Import(command) => command.run()?,
        Command::Export(command) => command.run(global).await?,
        Command::Reference => print!("{}", engine::config::reference()),
        Command::Checks => print!("{}", engine::settings::checks::reference()),
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
