//! `vestibule settings`: lists and restores console revisions, also if the newest one no longer fits the files.

use super::Global;
use super::assemble;
use super::failure::{Failure, Outcome};
use super::output::line;
use engine::effects::Effects;
use engine::settings;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// List all revisions, newest first: number, time, operator, changes, and the reason if there is one
    List,
    /// Create a new revision with the settings of revision N. 0 means configuration files only.
    #[command(
        after_help = "Running servers apply it within about a second.\n\nExample:\n  vestibule settings rollback 3"
    )]
    Rollback {
        /// Number of the revision to restore
        #[arg(value_name = "N")]
        to: i64,
    },
}

pub(super) async fn run(global: &Global, command: Command) -> Outcome {
    let (db, sources) = assemble::database(global).await?;
    match command {
        Command::List => {
            for revision in settings::list(&db).await? {
                let at = revision.at.format("%Y-%m-%d %H:%M:%S UTC");
                let mut row =
                    format!("{}\t{at}\t{}\t{}", revision.number, revision.by, revision.summary.join("; "));
                if !revision.reason.is_empty() {
                    // User input: it must not end the line or send control sequences to a terminal.
                    row.push_str(&format!("\t{}", revision.reason.replace(char::is_control, " ")));
                }
                line(row)?;
            }
        }
        Command::Rollback { to } => {
            let number = settings::roll_back(&db, &sources, Effects::system().now(), "command line", to)
                .await?
                .map_err(Failure::failed)?;
            line(format!("Restored revision {to} as revision {number}."))?;
        }
    }
    Ok(())
}
