//! `vestibule operator`: make, list, disable, and let back in. A password is never an argument: arguments show in
//! process lists and shell histories.

use super::Global;
use super::assemble::{self, Assembled, Data};
use super::failure::{Failure, Outcome};
use super::output::{aside, line};
use super::serve::console_link;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use engine::operators::{self, Enabled, Role};
use std::io::BufRead;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Makes an operator. Asks for the password.
    #[command(after_help = "Begins an installation where the data folder holds none.

Examples:
  vestibule operator create --email ann@example.org --name Ann --data /var/lib/vestibule
  vestibule operator create --email ben@example.org --name Ben --role viewer
  printf %s \"$PASSWORD\" | vestibule operator create --email ann@example.org --name Ann --password-stdin")]
    Create {
        #[arg(long)]
        email: String,
        #[arg(long)]
        name: String,
        #[arg(long, value_parser = roles(), default_value = "owner")]
        role: Role,
        /// Reads the password from the first line of standard input instead of asking.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Lists all operators, oldest first: address, name, role, whether active, since when.
    List,
    /// Ends an operator's sessions and lets no new ones begin, until `operator enable`.
    #[command(after_help = "The last active owner cannot be disabled.

Example:
  vestibule operator disable --email ben@example.org --data /var/lib/vestibule")]
    Disable {
        #[arg(long)]
        email: String,
    },
    /// Lets an operator who was disabled sign in again, with the password from before.
    #[command(
        after_help = "Example:\n  vestibule operator enable --email ben@example.org --data /var/lib/vestibule"
    )]
    Enable {
        #[arg(long)]
        email: String,
    },
    /// Prints a link, good for one hour, with which the operator sets a new password.
    #[command(
        after_help = "Example:\n  vestibule operator reset-link --email ben@example.org --data /var/lib/vestibule"
    )]
    ResetLink {
        #[arg(long)]
        email: String,
    },
}

/// By the names that they have in the database.
fn roles() -> impl TypedValueParser<Value = Role> {
    let all = [
        PossibleValue::new(Role::Owner.name()).help("may do everything, and what is dangerous"),
        PossibleValue::new(Role::Editor.name()).help("may change settings"),
        PossibleValue::new(Role::Viewer.name()).help("may look"),
    ];
    PossibleValuesParser::new(all).try_map(|name| Role::parse(&name).ok_or("no such role"))
}

pub(super) async fn run(global: &Global, command: Command) -> Outcome {
    // Asked first: whoever mistypes the password need not wait for a database.
    let (password, data) = match &command {
        Command::Create { password_stdin, .. } => (Some(password(*password_stdin)?), Data::Made),
        Command::List | Command::Disable { .. } | Command::Enable { .. } | Command::ResetLink { .. } => {
            (None, Data::Found)
        }
    };
    let Assembled { engine, began, .. } = assemble::engine(global, data).await?;
    match command {
        Command::Create { email, name, role, .. } => {
            if let Some(file) = began {
                let folder = assemble::folder(global);
                line(format!(
                    "There was no installation yet: a new one begins in {}, its database is {}.",
                    folder.display(),
                    file.display()
                ))?;
            }
            let password = password.unwrap_or_default();
            let operator = operators::create_as(&engine, role, &email, &name, &password)
                .await?
                .map_err(Failure::failed)?;
            line(format!("{} may use the console as {}.", operator.email, operator.role.name()))?;
        }
        Command::List => {
            for operator in operators::list(&engine).await? {
                let state = if operator.disabled { "disabled" } else { "active" };
                let since = operator.created_at.format("%Y-%m-%d");
                let role = operator.role.name();
                line(format!("{}\t{}\t{role}\t{state}\tsince {since}", operator.email, operator.name))?;
            }
        }
        Command::Disable { email } => {
            if !operators::disable(&engine, &email).await? {
                return Err(nobody(&email));
            }
            line(format!(
                "{email} is signed out and can no longer sign in. The way back: vestibule operator enable --email {email}"
            ))?;
        }
        Command::Enable { email } => line(match operators::enable(&engine, &email).await? {
            Enabled::Again => format!("{email} can sign in again, with the password from before."),
            Enabled::Already => format!("{email} is not disabled; nothing was changed."),
            Enabled::Nobody => return Err(nobody(&email)),
        })?,
        Command::ResetLink { email } => {
            let secret = operators::issue_reset_link(&engine, &email).await?.ok_or_else(|| nobody(&email))?;
            line(console_link(&engine.begin().config, "reset", &secret))?;
            aside(format!("Good for one hour, and once. Whoever has it becomes {email}."));
        }
    }
    Ok(())
}

fn password(stdin: bool) -> Outcome<String> {
    if stdin {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line)?;
        let password = line.trim_end_matches(['\r', '\n']).to_owned();
        if password.is_empty() {
            return Err(Failure::failed("standard input held no password: write it as the first line"));
        }
        return Ok(password);
    }
    let ask = |prompt: &str| {
        rpassword::prompt_password(prompt).map_err(|error| {
            Failure::failed(format!("no terminal to ask for the password ({error}): use --password-stdin"))
        })
    };
    let password = ask("Password: ")?;
    if ask("Once more: ")? == password {
        Ok(password)
    } else {
        Err(Failure::failed("the two passwords differ; nothing was changed"))
    }
}

fn nobody(email: &str) -> Failure {
    Failure::failed(format!("no operator has the address {email}; `vestibule operator list` shows all"))
}
