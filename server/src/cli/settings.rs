//! `vestibule settings`: the console's revisions, and the way back when the newest no longer fits the files.

use super::Global;
use super::assemble;
use super::failure::{Failure, Outcome};
use engine::effects::Effects;
use engine::settings;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Lists all revisions, newest first.
    List,
    /// Makes a new revision with the settings of revision N; 0 means none, so the files alone apply.
    #[command(
        after_help = "A running server follows within seconds.\n\nExample:\n  vestibule settings rollback 3"
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
                println!("{}\t{at}\t{}\t{}", revision.number, revision.by, revision.summary.join("; "));
            }
        }
        Command::Rollback { to } => {
            let number = settings::roll_back(&db, &sources, Effects::system().now(), "command line", to)
                .await?
                .map_err(Failure::failed)?;
            println!("Revision {number} has the settings of revision {to}.");
        }
    }
    Ok(())
}
