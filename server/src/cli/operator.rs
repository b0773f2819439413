//! `vestibule operator`: make, list, disable, and let back in. A password is never an argument: arguments show in
//! process lists and shell histories.

use super::Global;
use super::assemble;
use super::failure::{Failure, Outcome};
use super::serve::console_link;
use engine::operators::{self, Role};
use std::io::BufRead;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Makes an operator with the role owner. Asks for the password.
    #[command(after_help = "Examples:
  vestibule operator create --email ann@example.org --name Ann
  printf %s \"$PASSWORD\" | vestibule operator create --email ann@example.org --name Ann --password-stdin")]
    Create {
        #[arg(long)]
        email: String,
        #[arg(long)]
        name: String,
        /// Reads the password from the first line of standard input instead of asking.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Lists all operators.
    List,
    /// Ends an operator's sessions and lets no new ones begin.
    Disable {
        #[arg(long)]
        email: String,
    },
    /// Prints a link, good for one hour, with which the operator sets a new password.
    ResetLink {
        #[arg(long)]
        email: String,
    },
}

pub(super) async fn run(global: &Global, command: Command) -> Outcome {
    // Asked first: whoever mistypes the password need not wait for a database.
    let password = match &command {
        Command::Create { password_stdin, .. } => Some(password(*password_stdin)?),
        Command::List | Command::Disable { .. } | Command::ResetLink { .. } => None,
    };
    let engine = assemble::engine(global).await?.engine;
    match command {
        Command::Create { email, name, .. } => {
            let password = password.unwrap_or_default();
            let operator =
                operators::create(&engine, &email, &name, &password).await?.map_err(Failure::failed)?;
            println!("{} may use the console as {}.", operator.email, role(operator.role));
        }
        Command::List => {
            for operator in operators::list(&engine).await? {
                let state = if operator.disabled { "disabled" } else { "active" };
                let since = operator.created_at.format("%Y-%m-%d");
                println!(
                    "{}\t{}\t{}\t{state}\tsince {since}",
                    operator.email,
                    operator.name,
                    role(operator.role)
                );
            }
        }
        Command::Disable { email } => {
            if !operators::disable(&engine, &email).await? {
                return Err(nobody(&email));
            }
            println!("{email} is signed out and can no longer sign in.");
        }
        Command::ResetLink { email } => {
            let secret = operators::issue_reset_link(&engine, &email).await?.ok_or_else(|| nobody(&email))?;
            println!("{}", console_link(&engine.begin().config, "reset", &secret));
            eprintln!("Good for one hour, and once. Whoever has it becomes {email}.");
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

fn role(role: Role) -> &'static str {
    match role {
        Role::Owner => "owner",
        Role::Editor => "editor",
        Role::Viewer => "viewer",
    }
}
