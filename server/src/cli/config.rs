//! `vestibule config`: whether the configuration holds, what it comes to, and what can be written.

use super::Global;
use super::assemble;
use super::failure::Outcome;
use engine::config::load::{Note, load, print};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Reports every problem (exit code 3) and every key without effect. Touches no database.
    #[command(after_help = "Example:\n  vestibule config check --config kratos.yml --config local.yml")]
    Check,
    /// Prints one file, the console's settings included, that stock Kratos accepts too.
    Print {
        /// Secrets in clear; without it they are masked.
        #[arg(long)]
        with_secrets: bool,
    },
    /// Prints the page of all keys, with types and defaults.
    Reference,
}

pub(super) async fn run(global: &Global, command: Command) -> Outcome {
    match command {
        Command::Check => {
            let loaded = load(&assemble::sources(global)?, None)?;
            for Note { file, path, text } in &loaded.notes {
                println!("{file}: {path}: {text}");
            }
            match loaded.notes.len() {
                0 => println!("The configuration holds."),
                1 => println!("The configuration holds; 1 key has no effect."),
                many => println!("The configuration holds; {many} keys have no effect."),
            }
        }
        Command::Print { with_secrets } => {
            let engine = assemble::engine(global).await?.engine;
            print!("{}", print(&engine.begin().config, with_secrets));
        }
        Command::Reference => print!("{}", engine::config::reference()),
    }
    Ok(())
}
