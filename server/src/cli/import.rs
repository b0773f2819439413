//! `vestibule config import`: converts Ory Kratos files to a Vestibule file and prints a report. It only reads the Kratos files.

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
    after_help = "Without --output, the configuration goes to standard output and the report to standard error.
The command ignores the environment and the database, and doesn't change the Kratos files.

Exit codes: 0 the result is usable; 3 keys were refused, or a file can't be read; 6 with --strict, if keys were moved
or are unknown.

Examples:
  vestibule config import kratos.yml --output vestibule.yml
  vestibule config import kratos.yml production.yml --json --strict"
)]
pub(super) struct Import {
    /// Kratos files (YAML, JSON or TOML, by file extension). Later files override earlier ones.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// File to write (.yml, .yaml or .json), including secrets and readable by its owner only. It must not exist yet.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print the report as JSON on standard output
    #[arg(long)]
    json: bool,
    /// Include secrets in the printed configuration. A file written with --output always includes them.
    #[arg(long)]
    with_secrets: bool,
    /// Exit with code 6 if keys were moved or are unknown
    #[arg(long)]
    strict: bool,
}

impl Import {
    pub(super) fn run(self) -> Outcome {
        // Checked first, so that a mistyped name fails early.
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
                    "Wrote {}. It may contain secrets, so only its owner can read it.",
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

/// One line per key, the most important first, with the reason below it; then the count of each kind.
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
        _ => Err(Failure::failed(format!(
            "{}: use a file name that ends in .yml, .yaml or .json",
            file.display()
        ))),
    }
}

/// Writes a new file for its owner only, completely or not at all. Existing files are never replaced.
fn write(file: &Path, text: &str) -> Outcome {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut open = options.open(file).map_err(|error| {
        if error.kind() == std::io::ErrorKind::AlreadyExists {
            Failure::failed(format!(
                "{} already exists, so nothing was written\nhelp: use another name",
                file.display()
            ))
        } else {
            Failure::failed(format!("{} can't be written: {error}", file.display()))
        }
    })?;
    open.write_all(text.as_bytes()).and_then(|()| open.sync_all()).map_err(|error| {
        // A partial file must not remain.
        let _ = fs::remove_file(file);
        Failure::failed(format!("{} can't be written: {error}", file.display()))
    })
}
