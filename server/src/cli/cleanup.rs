//! `vestibule cleanup`: deletes expired data now. A running server does the same every ten minutes.

use super::Global;
use super::assemble::{self, Assembled, Data};
use super::failure::Outcome;
use super::output::{aside, line};

#[derive(clap::Args)]
pub(super) struct Cleanup {
    #[command(subcommand)]
    spelling: Option<Spelling>,
}

#[derive(clap::Subcommand)]
enum Spelling {
    /// The same, with the syntax of Ory Kratos
    Sql(Sql),
}

#[derive(clap::Args)]
struct Sql {
    /// Accepted, without effect: the database URL is always read from the environment and the files
    #[arg(long, short = 'e', num_args = 0..=1, require_equals = true, value_name = "BOOL")]
    read_from_env: Option<Option<bool>>,
    /// Accepted, without effect: the keys `vestibule.cleanup` set how long expired data is kept
    #[arg(long, value_name = "DURATION")]
    keep_last: Option<String>,
    #[arg(long, short, hide = true)]
    batch_size: Option<u64>,
    #[arg(long, hide = true)]
    sleep_tables: Option<String>,
}

impl Cleanup {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        if self.spelling.is_some_and(|Spelling::Sql(sql)| sql.keep_last.is_some()) {
            aside(
                "warning: --keep-last has no effect. The keys `vestibule.cleanup` set how long expired data is kept.",
            );
        }
        let Assembled { engine, .. } = assemble::engine(global, Data::Found).await?;
        let gone: u64 = engine::cleanup::sweep(&engine).await?.into_iter().map(|(_, rows)| rows).sum();
        line(match gone {
            0 => "No expired rows.".to_owned(),
            1 => "Deleted 1 expired row.".to_owned(),
            rows => format!("Deleted {rows} expired rows."),
        })
    }
}
