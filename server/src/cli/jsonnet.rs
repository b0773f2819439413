//! `vestibule jsonnet lint`: whether templates can be read as Jsonnet, as `config check` asks of those that a configuration names.

use super::failure::{Failure, Outcome};
use super::kratos;
use super::output::{aside, line};
use engine::effects::templates;
use std::path::PathBuf;

/// `jsonnet lint` and Kratos' `lint jsonnet`, which it also spells `lint lint`.
#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Says whether templates of webhooks and providers can be read as Jsonnet. Nothing of them is evaluated.
    #[command(visible_alias = "jsonnet", after_help = "Example:\n  vestibule jsonnet lint hooks/*.jsonnet")]
    Lint {
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    #[command(hide = true)]
    Format(kratos::Words),
}

pub(super) fn run(command: Command) -> Outcome {
    let files = match command {
        Command::Lint { files } => files,
        Command::Format(words) => return kratos::Command::Format(words).run(),
    };
    let mut wrong = 0_usize;
    for file in &files {
        let what = match std::fs::read_to_string(file) {
            Ok(source) => templates::unreadable(&source),
            Err(error) => Some(error.to_string()),
        };
        if let Some(what) = what {
            wrong += 1;
            aside(format!("{}: {what}", file.display()));
        }
    }
    match (wrong, files.len()) {
        (0, 1) => line("The template can be read."),
        (0, many) => line(format!("All {many} templates can be read.")),
        (1, _) => Err(Failure::failed("1 template cannot be read")),
        (many, _) => Err(Failure::failed(format!("{many} templates cannot be read"))),
    }
}
