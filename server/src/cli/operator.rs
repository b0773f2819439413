//! `vestibule operator`: creates, lists, disables and enables operators. A password is never an argument, because process lists and
//! shell histories show arguments.

use super::Global;
use super::assemble::{self, Assembled, Data};
use super::failure::{Failure, Outcome};
use super::output::{aside, line};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use engine::operators::{self, By, Enabled, Role};
use std::io::BufRead;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Create an operator. Prompts for the password.
    #[command(after_help = "Creates an installation if the data folder doesn't contain one.

Examples:
  vestibule operator create --email ann@example.org --name Ann --data /var/lib/vestibule
  vestibule operator create --email ben@example.org --name Ben --role viewer
  printf %s \"$PASSWORD\" | vestibule operator create --email ann@example.org --name Ann --password-stdin")]
    Create {
        /// Email of the operator
        #[arg(long)]
        email: String,
        /// Name of the operator
        #[arg(long)]
        name: String,
        /// What the operator may do
        #[arg(long, value_parser = roles(), default_value = "owner")]
        role: Role,
        /// Read the password from the first line of standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// List all operators, oldest first: email, name, role, state, creation date
    List,
    /// Sign out an operator and block sign-in until `operator enable`
    #[command(after_help = "The last active owner can't be disabled.

Example:
  vestibule operator disable --email ben@example.org --data /var/lib/vestibule")]
    Disable {
        /// Email of the operator
        #[arg(long)]
        email: String,
    },
    /// Allow a disabled operator to sign in again with the existing password
    #[command(
        after_help = "Example:\n  vestibule operator enable --email ben@example.org --data /var/lib/vestibule"
    )]
    Enable {
        /// Email of the operator
        #[arg(long)]
        email: String,
    },
    /// Print a link, valid once and for one hour, with which the operator sets a new password
    #[command(
        after_help = "Example:\n  vestibule operator reset-link --email ben@example.org --data /var/lib/vestibule"
    )]
    ResetLink {
        /// Email of the operator
        #[arg(long)]
        email: String,
    },
}

/// By their names in the database.
fn roles() -> impl TypedValueParser<Value = Role> {
    let all = [
        PossibleValue::new(Role::Owner.name()).help("full access, including dangerous changes"),
        PossibleValue::new(Role::Editor.name()).help("change settings"),
        PossibleValue::new(Role::Viewer.name()).help("read-only access"),
    ];
    PossibleValuesParser::new(all).try_map(|name| Role::parse(&name).ok_or("unknown role"))
}

pub(super) async fn run(global: &Global, command: Command) -> Outcome {
    // Prompted first, so that a mistyped password fails before the database is opened.
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
                    "No installation found. Created one in {} (database: {}).",
                    folder.display(),
                    file.display()
                ))?;
            }
            let password = password.unwrap_or_default();
            let operator = operators::create_as(&engine, role, &email, &name, &password)
                .await?
                .map_err(Failure::failed)?;
            line(format!("Created operator {} with the role {}.", operator.email, operator.role.name()))?;
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
            if !operators::disable(&engine, By::CommandLine, &email).await? {
                return Err(nobody(&email));
            }
            line(format!(
                "{email} is signed out and can't sign in. To undo this, run: vestibule operator enable --email {email}"
            ))?;
        }
        Command::Enable { email } => {
            line(match operators::enable(&engine, By::CommandLine, &email).await? {
                Enabled::Again => format!("{email} can sign in again with the existing password."),
                Enabled::Already => format!("{email} isn't disabled. Nothing was changed."),
                Enabled::Nobody => return Err(nobody(&email)),
            })?
        }
        Command::ResetLink { email } => {
            let secret = operators::issue_reset_link(&engine, By::CommandLine, &email)
                .await?
                .ok_or_else(|| nobody(&email))?;
            line(operators::link(&engine.begin().config, "reset", &secret))?;
            aside(format!("Valid once, for one hour. Anyone with this link can sign in as {email}."));
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
            return Err(Failure::failed(
                "standard input contains no password\nhelp: write it as the first line",
            ));
        }
        return Ok(password);
    }
    let ask = |prompt: &str| {
        rpassword::prompt_password(prompt).map_err(|error| {
            Failure::failed(format!(
                "can't prompt for the password without a terminal: {error}\nhelp: use --password-stdin"
            ))
        })
    };
    let password = ask("Password: ")?;
    if ask("Repeat password: ")? == password {
        Ok(password)
    } else {
        Err(Failure::failed("the passwords don't match, so nothing was changed"))
    }
}

fn nobody(email: &str) -> Failure {
    Failure::failed(format!(
        "no operator has the email {email}\nhelp: `vestibule operator list` shows all operators"
    ))
}
