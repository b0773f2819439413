//! `vestibule config import`: files of Ory Kratos → one of ours, and a report. The files are only read.

use super::failure::{Failure, Outcome};
use super::output::{aside, line, show};
use engine::config::{Entry, Format, Import as Imported, Outcome as Became, import};
use serde_json::json;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
#[command(
    after_help = "Without --output the configuration goes to standard output and the report to standard error.
Neither environment nor database is looked at, and the files are only read.

Exit codes: 0 all of it can be used; 3 something has to be mended, or a file cannot be read; 6 with --strict, when not
every key was kept to the letter.

Examples:
  vestibule config import kratos.yml --output vestibule.yml
  vestibule config import kratos.yml production.yml --json --strict"
)]
pub(super) struct Import {
    /// Kratos' files (YAML, JSON or TOML, by the end of the name). Later ones win.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The file to write, secrets included, for its owner only (.yml, .yaml or .json). It must not exist yet.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The report for programs, on standard output.
    #[arg(long)]
    json: bool,
    /// Keeps secrets in what is printed; with --output they are kept anyway.
    #[arg(long)]
    with_secrets: bool,
    /// Ends with exit code 6 when something was moved or is unknown.
    #[arg(long)]
    strict: bool,
}

impl Import {
    pub(super) fn run(self) -> Outcome {
        // Before anything is read: a mistyped name should not cost a report.
        let format = self.output.as_deref().map(format_of).transpose()?;
        let imported = import(&self.files)?;
        if let (Some(file), Some(format)) = (&self.output, format) {
            write(file, &imported.text(format, true))?;
        }
        match (&self.output, self.json) {
            (output, true) => {
                let mut answer = json!({
                    "keys": imported.entries,
                    "counts": counts(&imported)
                        .map(|(word, count)| (word.to_owned(), json!(count)))
                        .into_iter()
                        .collect::<serde_json::Map<_, _>>(),
                });
                match output {
                    Some(file) => answer["output"] = file.display().to_string().into(),
                    None => answer["configuration"] = imported.document(self.with_secrets),
                }
                line(format!("{answer:#}"))?;
            }
            (Some(file), false) => {
                show(report(&imported, self.files.len() > 1))?;
                line(format!(
                    "{} is written. It may hold secrets: only its owner can read it.",
                    file.display()
                ))?;
            }
            (None, false) => {
                show(imported.text(Format::Yaml, self.with_secrets))?;
                aside(report(&imported, self.files.len() > 1).trim_end());
            }
        }
        let some = |outcome| imported.count(outcome) > 0;
        if some(Became::Refused) {
            return Err(Failure::Refused);
        }
        if self.strict && (some(Became::Moved) || some(Became::Unknown)) {
            return Err(Failure::NotToTheLetter);
        }
        Ok(())
    }
}

fn counts(imported: &Imported) -> [(&'static str, usize); 5] {
    [Became::Kept, Became::Waiting, Became::Moved, Became::Unknown, Became::Refused]
        .map(|outcome| (word(outcome), imported.count(outcome)))
}

/// A line a key, the gravest first, with the reason below it; then how many there are of each kind.
fn report(imported: &Imported, several: bool) -> String {
    let mut text = String::new();
    for Entry { outcome, file, path, text: reason } in &imported.entries {
        let file = if several { format!("  ({file})") } else { String::new() };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{:<8} {path}{file}", word(*outcome));
        if !reason.is_empty() {
            let _ = writeln!(text, "         {reason}");
        }
    }
    let counts = counts(imported).map(|(word, count)| format!("{count} {word}"));
    let _ = writeln!(text, "{}", counts.join(", "));
    text
}

fn word(outcome: Became) -> &'static str {
    match outcome {
        Became::Refused => "refused",
        Became::Moved => "moved",
        Became::Unknown => "unknown",
        Became::Waiting => "waiting",
        Became::Kept => "kept",
    }
}

fn format_of(file: &Path) -> Outcome<Format> {
    match file.extension().map(|extension| extension.to_string_lossy().to_lowercase()).as_deref() {
        Some("yml" | "yaml") => Ok(Format::Yaml),
        Some("json") => Ok(Format::Json),
        _ => {
            Err(Failure::failed(format!("{}: give a name that ends in .yml, .yaml or .json", file.display())))
        }
    }
}

/// A new file, for its owner only, whole or not at all: nothing that is there is replaced, the files that were read included.
fn write(file: &Path, text: &str) -> Outcome {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut open = options.open(file).map_err(|error| {
        if error.kind() == std::io::ErrorKind::AlreadyExists {
            Failure::failed(format!(
                "{} is there already, and nothing was written: give another name",
                file.display()
            ))
        } else {
            Failure::failed(format!("{} cannot be written: {error}", file.display()))
        }
    })?;
    open.write_all(text.as_bytes()).and_then(|()| open.sync_all()).map_err(|error| {
        // Half a file is worse than none.
        let _ = fs::remove_file(file);
        Failure::failed(format!("{} cannot be written: {error}", file.display()))
    })
}
