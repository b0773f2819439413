//! `vestibule settings`: settings by name, the revisions that they were saved in, and the way back when the newest no longer fits the
//! files.

use super::Global;
use super::assemble::{self, Assembled, Data};
use super::failure::{Failure, Outcome};
use super::output::{line, show};
use engine::Engine;
use engine::effects::Effects;
use engine::settings::by_name::{self, Line, Target, Verdict};
use engine::settings::{self, By, COMMAND_LINE, Check, FieldError, Saved};
use engine::store::Db;
use serde_json::{Value, json};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// List all settings: name, value, and where the value comes from
    #[command(
        after_help = "A setting with a value for each method has a line for each: sign_in_after_registration.password.

Examples:
  vestibule settings list
  vestibule settings list --changed --json"
    )]
    List {
        /// Only settings that the newest revision changes
        #[arg(long)]
        changed: bool,
        /// Print JSON, with label, default, key and lock
        #[arg(long)]
        json: bool,
    },
    /// Print the value of one setting
    #[command(after_help = "Examples:
  vestibule settings get min_password_length
  vestibule settings get sign_in_after_registration.password")]
    Get {
        /// Name, or NAME.METHOD for the value of one method
        name: String,
        /// Print JSON, with label, default, key and lock
        #[arg(long)]
        json: bool,
    },
    /// Change one setting and save it as a new revision
    #[command(after_help = "Values:
  switch                  either on or off
  number                  12
  duration                30m, 1h30m, or off for none
  choice                  one of its values
  value for each method   NAME on sets all methods, NAME.METHOD on sets one

Running servers apply the change within a second. A dangerous change needs --reason and --yes. A setting that an
environment variable sets cannot be changed.

Examples:
  vestibule settings set min_password_length 12
  vestibule settings set sign_in_after_registration.password on --reason \"trial week\" --yes
  vestibule settings set after_sign_up verification_first")]
    Set {
        /// Name, or NAME.METHOD for the value of one method
        name: String,
        value: String,
        #[command(flatten)]
        consent: Consent,
    },
    /// Remove one setting from the saved settings, so that the configuration files apply
    #[command(after_help = "Examples:
  vestibule settings reset min_password_length
  vestibule settings reset sign_in_after_registration.password")]
    Reset {
        /// Name, or NAME.METHOD for the value of one method
        name: String,
        #[command(flatten)]
        consent: Consent,
    },
    /// List all revisions, newest first: number, time, author, changes, and the reason if one was given
    History,
    /// Create a revision with the settings of revision N. 0 means configuration files only
    #[command(
        after_help = "Running servers apply it within about a second.\n\nExample:\n  vestibule settings rollback 3"
    )]
    Rollback {
        /// Number of the revision to restore
        #[arg(value_name = "N")]
        to: i64,
    },
    /// Print the page of all settings
    Reference,
}

#[derive(clap::Args)]
pub(super) struct Consent {
    /// Why the change is made. The history and the audit log keep it.
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    /// Make a dangerous change
    #[arg(long)]
    yes: bool,
}

impl Consent {
    fn by(&self) -> By {
        By::CommandLine { confirmed: self.yes }
    }

    /// Tells what became of a change.
    async fn report(&self, engine: &Engine, name: &str, saved: Verdict<Saved>) -> Outcome {
        match saved.map_err(Failure::failed)? {
            Saved::Done { revision } => {
                let saved = settings::list(engine.db()).await?.into_iter().find(|row| row.number == revision);
                for change in saved.into_iter().flat_map(|row| row.summary) {
                    line(change)?;
                }
                line(format!("Saved as revision {revision}. Running servers apply it within a second."))
            }
            Saved::Unchanged { .. } => line("No changes to save."),
            Saved::Conflict { by, .. } => Err(Failure::failed(format!(
                "nothing was saved: {by} and others saved settings at the same time. Run the command again."
            ))),
            Saved::Again(errors) => Err(refused(name, &errors)),
            Saved::NeedsOwner(dangers) | Saved::NeedsFreshSignIn(dangers) | Saved::NeedsReason(dangers) => {
                Err(self.dangerous(&dangers))
            }
        }
    }

    fn dangerous(&self, dangers: &[Check]) -> Failure {
        let mut sentence = "nothing was saved, because this change is dangerous.".to_owned();
        for danger in dangers {
            sentence.push_str(&format!("\n  {}: {}", danger.title, danger.text));
        }
        let missing: Vec<&str> = [("--reason TEXT", self.reason.trim().is_empty()), ("--yes", !self.yes)]
            .into_iter()
            .filter_map(|(argument, missing)| missing.then_some(argument))
            .collect();
        sentence.push_str(&format!("\nTo make the change, add {}.", missing.join(" and ")));
        Failure::failed(sentence)
    }
}

fn refused(name: &str, errors: &[FieldError]) -> Failure {
    let sentences: Vec<&str> = errors.iter().map(|error| error.message.as_str()).collect();
    Failure::failed(format!("`{name}` was not changed. {}", sentences.join(" ")))
}

pub(super) async fn run(global: &Global, command: Command) -> Outcome {
    match command {
        Command::List { changed, json } => {
            let mut lines = by_name::lines(&engine(global).await?).await?;
            lines.retain(|line| line.changed || !changed);
            if json { as_json(&lines) } else { as_table(&lines) }
        }
        Command::Get { name, json } => {
            let target = target(&name)?;
            let lines = by_name::lines_of(&engine(global).await?, target).await?;
            match lines.as_slice() {
                [] => Err(Failure::failed(format!(
                    "`{name}` has no value, because the method is not turned on."
                ))),
                lines if json => as_json(lines),
                [one] if one.name == name => line(&one.value),
                several => several.iter().try_for_each(|row| line(format!("{}\t{}", row.name, row.value))),
            }
        }
        Command::Set { name, value, consent } => {
            let (target, engine) = (target(&name)?, engine(global).await?);
            let saved = by_name::set(&engine, consent.by(), target, &value, &consent.reason).await?;
            consent.report(&engine, &name, saved).await
        }
        Command::Reset { name, consent } => {
            let (target, engine) = (target(&name)?, engine(global).await?);
            let saved = by_name::reset(&engine, consent.by(), target, &consent.reason).await?;
            consent.report(&engine, &name, saved).await
        }
        Command::History => history(&assemble::database(global).await?.0).await,
        Command::Rollback { to } => {
            let (db, sources) = assemble::database(global).await?;
            let number = settings::roll_back(&db, &sources, Effects::system().now(), COMMAND_LINE, to)
                .await?
                .map_err(Failure::failed)?;
            line(format!("Restored revision {to} as revision {number}."))
        }
        Command::Reference => show(settings::table::reference()),
    }
}

/// Before a database is opened: a name that cannot be needs none.
fn target(name: &str) -> Outcome<Target> {
    Target::parse(name).map_err(Failure::failed)
}

async fn engine(global: &Global) -> Outcome<Engine> {
    let Assembled { engine, .. } = assemble::engine(global, Data::Found).await?;
    Ok(engine)
}

fn as_table(lines: &[Line]) -> Outcome {
    lines.iter().try_for_each(|row| line(format!("{}\t{}\t{}", row.name, row.value, row.source)))
}

fn as_json(lines: &[Line]) -> Outcome {
    let rows: Vec<Value> = lines
        .iter()
        .map(|row| {
            json!({
                "name": row.name,
                "label": row.label,
                "value": row.value,
                "default": row.default,
                "key": row.key,
                "source": row.source,
                "changed": row.changed,
                "locked": row.locked,
            })
        })
        .collect();
    line(format!("{:#}", Value::from(rows)))
}

async fn history(db: &Db) -> Outcome {
    for revision in settings::list(db).await? {
        let at = revision.at.format("%Y-%m-%d %H:%M:%S UTC");
        let mut row = format!("{}\t{at}\t{}\t{}", revision.number, revision.by, revision.summary.join("; "));
        if !revision.reason.is_empty() {
            // User input: it must not end the line or send control sequences to a terminal.
            row.push_str(&format!("\t{}", revision.reason.replace(char::is_control, " ")));
        }
        line(row)?;
    }
    Ok(())
}
