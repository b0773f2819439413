//! `vestibule config check --lint`: lists the issues of a valid configuration, and writes an additional file that fixes them where a file
//! can. It never changes the given files, so their comments and order are kept.

use super::Global;
use super::failure::{Failure, Outcome};
use super::output::{line, show};
use engine::config::Config;
use engine::config::load::{Sources, load, masked, written};
use engine::requester::UnnamedProxies;
use engine::settings::Severity;
use engine::settings::checks::{Check, Patch, checks, found_anew, overlay, rules};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub(super) struct Lint {
    /// List the issues of a valid configuration. Exit code 5 for dangers, 7 for errors.
    #[arg(long)]
    pub(super) lint: bool,
    /// Print JSON. Requires --lint.
    #[arg(long, requires = "lint")]
    json: bool,
    /// Lowest severity that sets the exit code and that --fix fixes
    #[arg(long, requires = "lint", value_enum, default_value = "danger")]
    fail_on: From,
    /// Show the additional file that fixes these issues. Writes it with --yes, or after a confirmation at a terminal.
    /// A fix that causes a new warning or worse has to be named. --fix=ID fixes only the named issue, and --fix --fix=ID fixes it
    /// in addition to the others.
    #[arg(
        long,
        requires = "lint",
        conflicts_with = "json",
        value_name = "ID",
        num_args = 0..=1,
        require_equals = true,
        value_delimiter = ',',
        default_missing_value = ""
    )]
    fix: Option<Vec<String>>,
    /// Write the file without confirmation
    #[arg(long, requires = "fix")]
    yes: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum From {
    Error,
    Danger,
    Warning,
    Info,
}

impl From {
    fn severity(self) -> Severity {
        match self {
            From::Error => Severity::Error,
            From::Danger => Severity::Danger,
            From::Warning => Severity::Warning,
            From::Info => Severity::Info,
        }
    }
}

impl Lint {
    /// Issues as JSON only, without other output.
    pub(super) fn is_for_programs(&self) -> bool {
        self.json
    }

    pub(super) fn run(&self, global: &Global, sources: &Sources, config: &Config) -> Outcome {
        let found = checks(config, UnnamedProxies::default());
        if self.json {
            let found: Vec<Value> = found.iter().map(|check| for_programs(sources, config, check)).collect();
            let text =
                serde_json::to_string_pretty(&found).map_err(|error| Failure::failed(error.to_string()))?;
            line(text)?;
        } else {
            for check in &found {
                line(format!("\n{}\n  {}\n  {}", titled(check), check.text, check.key))?;
            }
        }
        if let Some(wanted) = &self.fix {
            return self.fix(global, sources, config, wanted);
        }
        self.verdict(&found)
    }

    /// The most severe issue decides.
    fn verdict(&self, found: &[Check]) -> Outcome {
        match found.iter().map(|check| check.severity).min() {
            Some(worst) if worst <= self.fail_on.severity() => Err(Failure::Found(worst)),
            _ => Ok(()),
        }
    }

    fn fix(&self, global: &Global, sources: &Sources, config: &Config, wanted: &[String]) -> Outcome {
        if global.config.is_empty() {
            return Err(Failure::failed(
                "no file to fix: the built-in default configuration applies\nhelp: name a file with --config",
            ));
        }
        let wanted = Wanted::of(wanted, self.fail_on.severity())?;
        let Fixed { document, then, done, left } = fixed(sources, config, &wanted);
        for sentence in &left {
            line(format!("\n{sentence}"))?;
        }
        if done.is_empty() {
            line("\nNo issue that a file can fix.")?;
            return self.verdict(&checks(config, UnnamedProxies::default()));
        }
        line("\nFixes:")?;
        for part in &done {
            line(part)?;
        }
        let path = target(global);
        let shown = path.display();
        if path.exists() {
            return Err(Failure::failed(format!(
                "{shown} already exists, so nothing was written\nhelp: add it with --config {shown}, or delete it"
            )));
        }
        if !self.yes && !agreed(&path)? {
            line(format!(
                "Nothing was written. Use --yes to write this to {shown}. Other files are not changed."
            ))?;
            return self.verdict(&checks(config, UnnamedProxies::default()));
        }
        let all: Vec<String> =
            global.config.iter().chain([&path]).map(|path| format!("--config {}", path.display())).collect();
        write(&path, &head(&all.join(" ")), &document)?;
        line(format!("Wrote {shown}. Start with {}.", all.join(" ")))?;
        self.verdict(&checks(&then, UnnamedProxies::default()))
    }
}

/// The issues to fix.
struct Wanted<'a> {
    /// The lowest severity, for fixes that cause no new warning or worse; `None` if only named issues are fixed.
    all: Option<Severity>,
    named: BTreeSet<&'a str>,
}

impl<'a> Wanted<'a> {
    fn of(wanted: &'a [String], from: Severity) -> Outcome<Self> {
        let named: BTreeSet<&str> = wanted.iter().map(String::as_str).filter(|id| !id.is_empty()).collect();
        if let Some(unknown) = named.iter().find(|id| rules().all(|rule| rule.id != **id)) {
            return Err(Failure::failed(format!(
                "no issue is named {unknown:?}\nhelp: `vestibule config checks` lists all"
            )));
        }
        let all = wanted.iter().any(String::is_empty).then_some(from);
        Ok(Self { all, named })
    }

    fn has(&self, check: &Check) -> bool {
        self.named.contains(check.id) || self.all.is_some_and(|from| check.severity <= from)
    }
}

struct Fixed {
    /// The content of the additional file.
    document: Value,
    /// The configuration with it.
    then: Config,
    /// The fixes: for each issue the changed keys and the new issues that it causes.
    done: Vec<String>,
    /// Why an issue was not fixed.
    left: Vec<String>,
}

/// Fixes one issue after the other, each on top of the ones before: two may change the same list.
fn fixed(sources: &Sources, config: &Config, wanted: &Wanted<'_>) -> Fixed {
    let mut fixed = Fixed { document: json!({}), then: config.clone(), done: Vec::new(), left: Vec::new() };
    let mut tried = BTreeSet::new();
    loop {
        let next = checks(&fixed.then, UnnamedProxies::default()).into_iter().find(|check| {
            wanted.has(check)
                && !check.patch.is_empty()
                && !tried.contains(&(check.id, check.key.clone(), check.about.clone()))
        });
        let Some(check) = next else { break };
        tried.insert((check.id, check.key.clone(), check.about.clone()));
        if let Some(variable) = check.patch.iter().find_map(|patch| config.variable(&patch.key)) {
            fixed.left.push(format!(
                "{}: managed by the environment variable {variable}. Update the variable.",
                check.id
            ));
            continue;
        }
        let document = with(&fixed.document, &check.patch);
        let Some(then) = laid_over(sources, &document) else {
            fixed.left.push(format!(
                "{}: other keys don't allow the fix. See the description of the issue.",
                check.id
            ));
            continue;
        };
        let anew = found_anew(&fixed.then, &then);
        let mut part = format!("{}: {}\n", check.id, check.title);
        part.push_str(&difference(&fixed.then, &overlay(&check.patch)));
        for check in &anew {
            part.push_str(&format!("  this causes: {}\n    {}\n", titled(check), check.text));
        }
        let part = part.trim_end();
        if anew.iter().any(to_be_decided) && !wanted.named.contains(check.id) {
            let sentence = "Not fixed with the others, because it causes the issue above. To fix it, name it";
            fixed.left.push(format!("{part}\n  {sentence}: --fix={}", check.id));
            continue;
        }
        fixed.done.push(part.to_owned());
        fixed.document = document;
        fixed.then = then;
    }
    let missed = wanted.named.iter().filter(|id| !tried.iter().any(|(tried, ..)| tried == *id));
    fixed.left.extend(missed.map(|id| format!("{id}: not found, or not fixable in a file.")));
    fixed
}

/// An issue that a fix must not cause unnoticed.
fn to_be_decided(check: &Check) -> bool {
    check.severity <= Severity::Warning
}

/// The configuration with an additional file; `None` if it would be invalid.
fn laid_over(sources: &Sources, document: &Value) -> Option<Config> {
    let mut sources = sources.clone();
    sources.documents.push(document.clone());
    load(&sources, None).ok().map(|loaded| loaded.config)
}

fn titled(check: &Check) -> String {
    format!("{} {}: {}", check.severity.word(), check.id, check.title)
}

fn for_programs(sources: &Sources, config: &Config, check: &Check) -> Value {
    let mut value = serde_json::to_value(check).unwrap_or_default();
    if !check.patch.is_empty() {
        // Hook lists contain secrets, and output may end in logs.
        value["file"] = masked(config, &overlay(&check.patch));
        // Without files, the document would replace the built-in default configuration.
        let then = laid_over(sources, &overlay(&check.patch));
        if let Some(then) = then.filter(|_| !sources.files.is_empty()) {
            let anew = found_anew(config, &then);
            let brought =
                |check: &Check| json!({"id": check.id, "severity": check.severity, "title": check.title});
            value["brings_up"] = anew.iter().map(brought).collect();
            value["to_be_named"] = anew.iter().any(to_be_decided).into();
        }
    }
    value
}

/// Merges sections and replaces everything else.
fn with(document: &Value, patches: &[Patch]) -> Value {
    let mut all = patches_of(document, "");
    for patch in patches {
        let below = format!("{}.", patch.key);
        all.retain(|other| other.key != patch.key && !other.key.starts_with(&below));
        all.push(patch.clone());
    }
    overlay(&all)
}

fn patches_of(document: &Value, path: &str) -> Vec<Patch> {
    let Value::Object(members) = document else {
        return vec![Patch { key: path.to_owned(), value: document.clone() }];
    };
    let below = |name: &String| if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
    members.iter().flat_map(|(name, value)| patches_of(value, &below(name))).collect()
}

/// Key by key, with masked secrets: `-` the current value, `+` the value in the additional file.
fn difference(config: &Config, document: &Value) -> String {
    let (now, then) = (masked(config, &config.raw), masked(config, document));
    let mut text = String::new();
    for Patch { key, value } in patches_of(&then, "") {
        let was = now.pointer(&format!("/{}", key.replace('.', "/"))).filter(|was| !was.is_null());
        if let Some(was) = was {
            text.push_str(&format!("  - {key}: {was}\n"));
        }
        if !value.is_null() {
            text.push_str(&format!("  + {key}: {value}\n"));
        }
    }
    text
}

/// Next to the first file: `kratos.fixes.yml`, with a number if that file is already in use.
fn target(global: &Global) -> PathBuf {
    let first = global.config.first().cloned().unwrap_or_default();
    let stem = first.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let name = |number: usize| match number {
        1 => first.with_file_name(format!("{stem}.fixes.yml")),
        number => first.with_file_name(format!("{stem}.fixes-{number}.yml")),
    };
    let given = |path: &PathBuf| global.config.contains(path);
    (1..).map(name).find(|path| !given(path)).unwrap_or_else(|| name(1))
}

/// Asks for confirmation at a terminal only.
fn agreed(path: &Path) -> Outcome<bool> {
    if !std::io::stdin().is_terminal() {
        return Ok(false);
    }
    show(format!("Write this to {}? [y/N] ", path.display()))?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn head(all: &str) -> String {
    format!(
        "# Written by `vestibule config check --lint --fix`. Use it as the last file:\n#   {all}\n# `null` removes a key. Lists replace the lists of earlier files.\n"
    )
}

/// Never replaces a file. Readable by the owner only, because hook lists contain secrets.
fn write(path: &Path, head: &str, document: &Value) -> Outcome {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let failed =
        |error: std::io::Error| Failure::failed(format!("{} can't be written: {error}", path.display()));
    let mut file = options.open(path).map_err(failed)?;
    file.write_all(format!("{head}{}", written(document)).as_bytes()).map_err(failed)?;
    Ok(())
}
