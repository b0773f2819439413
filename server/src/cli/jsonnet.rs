//! `vestibule jsonnet lint`: checks that templates are valid Jsonnet, like `config check` does for the templates of a configuration.

use super::failure::{Failure, Outcome};
use super::kratos;
use super::output::{aside, line};
use engine::effects::templates;
use std::path::PathBuf;

/// `jsonnet lint` and Kratos' `lint jsonnet`, which it also spells `lint lint`.
#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Check that templates of webhooks and providers are valid Jsonnet, without evaluating them
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
        (0, 1) => line("The template is valid."),
        (0, many) => line(format!("All {many} templates are valid.")),
        (1, _) => Err(Failure::failed("1 template is invalid")),
        (many, _) => Err(Failure::failed(format!("{many} templates are invalid"))),
    }
}
