//! `vestibule secrets`: accepts new secrets for a database whose secrets are lost.

use super::Global;
use super::assemble::{self, Assembled, Data};
use super::failure::Outcome;
use super::output::line;
use engine::known_secrets;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Use the database with this server's secrets although it was used with others before
    #[command(
        after_help = "Use this only if the other secrets are lost. Users are signed out. Queued emails and webhook calls, and secrets
entered in the console, can't be read anymore. Other servers on this database need the same secrets.

Example:
  vestibule secrets accept --config kratos.yml --data /var/lib/vestibule"
    )]
    Accept,
}

pub(super) async fn run(global: &Global, command: Command) -> Outcome {
    match command {
        Command::Accept => {
            let Assembled { engine, .. } = assemble::engine(global, Data::Made).await?;
            known_secrets::accept(&engine).await?;
            line("The database now uses this server's secrets.")
        }
    }
}
