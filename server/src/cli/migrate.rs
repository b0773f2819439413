//! `vestibule migrate`, and the same with Kratos' syntax: `migrate sql`.

use super::Global;
use super::assemble::{self, Data};
use super::failure::{Failure, Outcome};
use super::kratos::{self, Words};
use super::output;
use engine::store::Db;
use std::time::Duration;

#[derive(clap::Args)]
pub(super) struct Migrate {
    #[command(subcommand)]
    spelling: Option<Spelling>,
}

#[derive(clap::Subcommand)]
enum Spelling {
    /// The same, with the syntax of Ory Kratos
    #[command(after_help = "Examples:
  vestibule migrate sql -e --yes
  vestibule migrate sql status --config kratos.yml")]
    Sql(Sql),
    #[command(hide = true)]
    NormalizePhoneNumbers(Words),
}

#[derive(clap::Args)]
struct Sql {
    /// `up` (default) or `status`, and the database URL without a password if neither `DSN` nor a file sets it
    #[arg(value_name = "WHAT", num_args = 0..=2)]
    words: Vec<String>,
    /// Accepted, without effect: the database URL is always read from the environment and the files
    #[arg(long, short = 'e')]
    read_from_env: bool,
    /// Accepted, without effect: there is no confirmation
    #[arg(long, short)]
    yes: bool,
    /// With `status`: wait until no migration is pending
    #[arg(long)]
    block: bool,
    #[arg(long, hide = true)]
    steps: Option<i64>,
    #[arg(long, hide = true)]
    versions: Option<i64>,
    #[arg(long, hide = true)]
    to_version: Option<String>,
}

impl Migrate {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let sql = match self.spelling {
            None => return up(global, None).await,
            Some(Spelling::Sql(sql)) => sql,
            Some(Spelling::NormalizePhoneNumbers(_)) => {
                let instead =
                    "it fixes rows of older Kratos versions, which a Vestibule database never contains";
                return Err(kratos::elsewhere("migrate normalize-phone-numbers", instead));
            }
        };
        let is_address = |word: &&String| word.contains("://") || *word == "memory";
        let dsn = sql.words.iter().find(is_address);
        if dsn.is_some_and(|dsn| has_password(dsn)) {
            return Err(Failure::Elsewhere(
                "the database URL contains a password, and all users of this machine can read command arguments\nhelp: set DSN in the \
                 environment or `dsn` in a file, and leave the URL out here"
                    .to_owned(),
            ));
        }
        let dsn = dsn.map(String::as_str);
        match sql.words.iter().find(|word| !is_address(word)).map(String::as_str) {
            None | Some("up") => up(global, dsn).await,
            Some("status") => status(global, dsn, sql.block).await,
            Some("down") => Err(kratos::elsewhere(
                "migrate sql down",
                "to undo a migration, restore the backup that you created before it",
            )),
            Some(other) => Err(Failure::Elsewhere(format!(
                "unknown command `migrate sql {other}`: use `migrate sql`, `migrate sql up` or `migrate sql status`"
            ))),
        }
    }
}

/// In the user information or as a parameter, which PostgreSQL accepts as well.
fn has_password(dsn: &str) -> bool {
    url::Url::parse(dsn)
        .is_ok_and(|url| url.password().is_some() || url.query_pairs().any(|(name, _)| name == "password"))
        || dsn.split('@').next().is_some_and(|user| dsn.contains('@') && user.matches(':').count() > 1)
}

async fn up(global: &Global, dsn: Option<&str>) -> Outcome {
    let db = assemble::database_of(global, Data::Made, dsn).await?;
    let missing = missing(&db).await?;
    db.migrate().await.map_err(|error| Failure::database(&error))?;
    match missing {
        0 => output::line("The database is up to date."),
        1 => output::line("Applied 1 migration."),
        many => output::line(format!("Applied {many} migrations.")),
    }
}

async fn status(global: &Global, dsn: Option<&str>, block: bool) -> Outcome {
    const LOOK: Duration = Duration::from_secs(1);
    loop {
        let missing = missing(&assemble::database_of(global, Data::Found, dsn).await?).await?;
        match missing {
            0 => return output::line("The database is up to date."),
            _ if block => tokio::time::sleep(LOOK).await,
            1 => return output::line("1 migration is pending."),
            many => return output::line(format!("{many} migrations are pending.")),
        }
    }
}

async fn missing(db: &Db) -> Outcome<usize> {
    db.pending_migrations().await.map_err(|error| Failure::database(&error))
}

#[cfg(test)]
mod tests {
    use super::has_password;

    #[test]
    fn passwords_of_addresses_are_seen_wherever_they_stand() {
        for (dsn, has) in [
            ("postgres://kratos:secret@db/kratos?sslmode=disable", true),
            ("postgres://kratos:se%2Fcret@/kratos?host=/run/postgresql", true),
            ("postgres://kratos@db/kratos?password=secret", true),
            ("postgres://kratos@db:5432/kratos", false),
            ("postgres://db:5432/kratos", false),
            ("postgres:///kratos?host=/run/postgresql", false),
            ("sqlite:///var/lib/sqlite/db.sqlite?_fk=true", false),
            ("memory", false),
        ] {
            assert_eq!(has_password(dsn), has, "{dsn}");
        }
    }
}
