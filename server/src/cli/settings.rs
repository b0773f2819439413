//! `vestibule settings`: the console's revisions, and the way back when the newest no longer fits the files.

use super::Global;
use super::assemble;
use super::failure::{Failure, Outcome};
use super::output::line;
use engine::effects::Effects;
use engine::settings;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Lists all revisions, newest first: number, time, author, what changed, and the reason if one was given.
    List,
    /// Makes a new revision with the settings of revision N; 0 means none, so the files alone apply.
    #[command(
        after_help = "Running servers follow within about a second.\n\nExample:\n  vestibule settings rollback 3"
    )]
    Rollback {
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
                    // People write it: it must not end the line, nor say anything to a terminal.
                    row.push_str(&format!("\t{}", revision.reason.replace(char::is_control, " ")));
                }
                line(row)?;
            }
        }
        Command::Rollback { to } => {
            let number = settings::roll_back(&db, &sources, Effects::system().now(), "command line", to)
                .await?
                .map_err(Failure::failed)?;
            line(format!("Revision {number} has the settings of revision {to}."))?;
        }
    }
    Ok(())
}
