//! `vestibule limits`: lists and clears limits that users and clients have reached. Emails are masked, because the database contains no
//! others. Filtering by an email works nevertheless.

use super::Global;
use super::assemble::{self, Assembled, Data};
use super::failure::Outcome;
use super::output::line;
use chrono::SecondsFormat;
use engine::limits::Limit;
use engine::limits::report::{self, Slowed, Whom};
use std::net::IpAddr;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// List the limits that users and clients have reached
    #[command(
        after_help = "Columns: limit, account, client, count of limit, time from which the next attempt is allowed.
Emails are masked. An account that does not exist is shown as “no account”, a browser that signed in to the
account before as “known device”.

Examples:
  vestibule limits list --data /var/lib/vestibule
  vestibule limits list --account ann@example.org"
    )]
    List {
        #[command(flatten)]
        whom: Filter,
    },
    /// Clear counters, so that the next attempt is allowed at once
    #[command(after_help = "A running server follows within seconds. The audit log keeps an entry.

Examples:
  vestibule limits clear --account ann@example.org
  vestibule limits clear --client 203.0.113.9
  vestibule limits clear --all")]
    Clear {
        #[command(flatten)]
        whom: Filter,
        /// Clear all counters
        #[arg(long, conflicts_with_all = ["account", "client"], required_unless_present_any = ["account", "client"])]
        all: bool,
    },
}

#[derive(clap::Args)]
pub(super) struct Filter {
    /// Email or username of an account
    #[arg(long, value_name = "EMAIL")]
    account: Option<String>,
    /// IP address of a client
    #[arg(long, value_name = "IP", conflicts_with = "account")]
    client: Option<IpAddr>,
}

impl Filter {
    fn whom(self) -> Whom {
        match (self.account, self.client) {
            (Some(account), _) => Whom::Account(account),
            (None, Some(client)) => Whom::Client(client),
            (None, None) => Whom::Everyone,
        }
    }
}

pub(super) async fn run(global: &Global, command: Command) -> Outcome {
    let Assembled { engine, .. } = assemble::engine(global, Data::Found).await?;
    match command {
        Command::List { whom } => {
            for slowed in report::list(&engine, &whom.whom()).await? {
                line(row(&slowed))?;
            }
        }
        Command::Clear { whom, .. } => {
            line(match report::clear(&engine, &whom.whom(), "command line").await? {
                0 => "No counters to clear.".to_owned(),
                1 => "Cleared 1 counter.".to_owned(),
                counters => format!("Cleared {counters} counters."),
            })?;
        }
    }
    Ok(())
}

fn row(slowed: &Slowed) -> String {
    let account = match (&slowed.account, slowed.of_account) {
        (Some(account), _) => account.as_str(),
        (None, true) => "no account",
        (None, false) => "-",
    };
    // A label contains user input: it must not end the line or send control sequences to a terminal.
    let account = account.replace(char::is_control, " ");
    let client = match (slowed.client.as_deref(), slowed.limit) {
        (Some(client), _) => client,
        // These count by client, or by a device cookie.
        (None, Limit::Passwords | Limit::Codes | Limit::Emails) => "known device",
        (None, _) => "-",
    };
    let until = slowed.until.to_rfc3339_opts(SecondsFormat::Secs, true);
    format!("{}\t{account}\t{client}\t{} of {}\t{until}", slowed.limit.name(), slowed.count, slowed.most)
}
