//! Files, documents and environment, read once and kept separate: console settings are mapped to them each time, and a problem names
//! its source.

use super::console;
use super::document::Named;
pub(super) use super::document::remove;
pub(crate) use super::document::{get, set};
use super::environment::{self, Entry, Setting};
use super::sources::{Fetched, Problem, Problems, STARTER, Sources};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const STARTER_TEXT: &str = include_str!("starter.yml");
/// Bytes; identity schemas may stand inside a file.
const LARGEST: u64 = 4 << 20;

/// The built-in starter file, with comments: a file to build on, since one of the user's takes its place altogether.
pub fn starter() -> &'static str {
    STARTER_TEXT
}

#[derive(Clone)]
pub struct Layers {
    /// Name and content, in the order given.
    files: Vec<(String, Value)>,
    merged: Value,
    /// Path → variable and value.
    environment: BTreeMap<String, (String, Value)>,
    /// Entries of lists, by list and index.
    entries: Vec<Entry>,
    /// Variables that look like ours and have no effect.
    pub(super) ignored: Vec<String>,
    pub(super) data: PathBuf,
    /// Where generated secrets are kept; empty where they are not.
    pub(super) secrets: PathBuf,
    pub(super) fetched: Fetched,
    /// What holds secrets and can be read by other users of this machine.
    pub(super) exposed: Vec<PathBuf>,
}

/// Short, since the whole holds secrets.
impl std::fmt::Debug for Layers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Layers({} files, {} variables)", self.files.len(), self.environment.len())
    }
}

impl Layers {
    pub(super) fn read(sources: &Sources) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        let mut files = Vec::new();
        let mut exposed = super::exposure::of_data(&sources.data);
        for path in &sources.files {
            match read_file(path) {
                Ok(document) => {
                    if super::redact::holds_any(&document) && super::exposure::is_exposed(path) {
                        exposed.push(path.clone());
                    }
                    files.push((path.display().to_string(), document));
                }
                Err(problem) => problems.push(problem),
            }
        }
        for (index, document) in sources.documents.iter().enumerate() {
            files.push((format!("document {}", index + 1), document.clone()));
        }
        if sources.files.is_empty() && sources.documents.is_empty() {
            match parse(STARTER, "yml", STARTER_TEXT) {
                Ok(document) => files.push((STARTER.to_owned(), document)),
                Err(problem) => problems.push(problem),
            }
        }
        let mut environment = BTreeMap::new();
        let mut entries: Vec<Entry> = Vec::new();
        let mut ignored = Vec::new();
        // An empty variable is how many tools say "unset".
        for (variable, text) in sources.environment.iter().filter(|(_, text)| !text.is_empty()) {
            let mut problem = |path: &str, what: String, instead: String| {
                problems.push(Problem {
                    file: environment_name(variable),
                    path: path.to_owned(),
                    what,
                    instead,
                });
            };
            if let Some((new, path)) = super::keys::renamed_variable(variable) {
                let instead = format!("`{new}`, with the same value");
                problem(path, "this environment variable was renamed".into(), instead);
                continue;
            }
            match environment::read(variable, text) {
                None => {}
                Some(Ok(Setting::Key { path, value })) => {
                    environment.insert(path, (variable.clone(), value));
                }
                Some(Ok(Setting::Entry(entry))) => entries.push(entry),
                Some(Ok(Setting::Unknown)) => ignored.push(variable.clone()),
                Some(Err((path, wrong))) => problem(&path, wrong.what, wrong.instead),
            }
        }
        // As text, 10 comes before 2.
        entries.sort_by(|a, b| (&a.list, a.index).cmp(&(&b.list, b.index)));
        if !problems.is_empty() {
            return Err(Problems(problems));
        }
        let mut merged = Value::Object(Map::new());
        for (_, document) in &files {
            merge(&mut merged, document);
        }
        let templates = get(&merged, super::keys::TOKEN_TEMPLATES).and_then(Value::as_object);
        let key_sets = templates.into_iter().flatten().filter_map(|(_, entry)| entry["jwks_url"].as_str());
        let key_files = key_sets.filter_map(|url| url.strip_prefix("file://")).map(PathBuf::from);
        exposed.extend(key_files.filter(|path| super::exposure::is_exposed(path)));
        let data = sources.data.clone();
        let kept = !sources.looks_only || super::secrets::are_kept(&data);
        let secrets = if kept { data.clone() } else { PathBuf::new() };
        Ok(Self {
            files,
            merged,
            environment,
            entries,
            ignored,
            data,
            secrets,
            fetched: sources.fetched.clone(),
            exposed,
        })
    }

    /// What the files say, merged.
    pub(super) fn files(&self) -> &Value {
        &self.merged
    }

    /// Files < console < environment, with what is wrong with the settings of the console.
    pub(super) fn document(&self, revision: i64, named: &Named) -> (Value, Vec<Problem>) {
        // Read into the files' document once: the console's settings go by what is on, and take lists over, wherever that is said.
        let (below, mut problems) = self.with_environment();
        let (mut document, wrong) = console::apply(&below, named);
        self.hold(&below, &mut document);
        let wrong = wrong.into_iter().map(|(name, what)| Problem {
            file: revision_name(revision),
            path: name,
            what,
            instead:
                "an earlier revision: `vestibule settings history`, then `vestibule settings rollback NUMBER`"
                    .into(),
        });
        problems.extend(wrong);
        (document, problems)
    }

    /// What the environment set stays as it is set there, whatever the console's settings wrote over it.
    fn hold(&self, below: &Value, document: &mut Value) {
        for (path, (_, value)) in &self.environment {
            set(document, path, value.clone());
        }
        for entry in &self.entries {
            entry.hold(below, document);
        }
    }

    fn with_environment(&self) -> (Value, Vec<Problem>) {
        let mut document = self.merged.clone();
        for (path, (_, value)) in &self.environment {
            set(&mut document, path, value.clone());
        }
        let mut problems = Vec::new();
        for entry in &self.entries {
            if let Err(wrong) = entry.apply(&mut document) {
                problems.push(Problem {
                    file: environment_name(&entry.variable),
                    path: format!("{}[{}]", entry.list, entry.index),
                    what: wrong.what,
                    instead: wrong.instead,
                });
            }
        }
        (document, problems)
    }

    /// Names of the files, in the order given; `None`: the built-in starter file alone.
    pub fn names(&self) -> Option<Vec<String>> {
        let names: Vec<String> = self.files.iter().map(|(name, _)| name.clone()).collect();
        (names != [STARTER]).then_some(names)
    }

    /// Whether a file has a value there.
    pub(super) fn writes(&self, path: &str) -> bool {
        get(&self.merged, path).is_some()
    }

    /// All that is written in the files, later ones over earlier ones, a `null` where the last of them says so.
    pub(super) fn written(&self) -> Value {
        let mut written = Value::Object(Map::new());
        for (_, document) in &self.files {
            overlay(&mut written, document);
        }
        written
    }

    /// The variable that sets the key, or an entry of its list.
    pub(super) fn variable(&self, path: &str) -> Option<&str> {
        let whole = self.environment.get(path).map(|(variable, _)| variable.as_str());
        whole.or_else(|| Some(self.entries.iter().find(|entry| entry.list == path)?.variable.as_str()))
    }

    /// Which layer `path` in `document` comes from. A path without a value: the file that comes closest.
    pub(super) fn origin(&self, revision: i64, document: &Value, path: &str) -> String {
        let (key, place) = path.split_once('[').unwrap_or((path, ""));
        let index = place.split_once(']').and_then(|(index, _)| index.parse::<usize>().ok());
        let entry = self.entries.iter().find(|entry| entry.list == key && Some(entry.index) == index);
        let whole = self.environment.get(key).map(|(variable, _)| variable.as_str());
        if let Some(variable) = entry.map(|entry| entry.variable.as_str()).or(whole) {
            return environment_name(variable);
        }
        let value = get(document, key);
        if value.is_some() && value != get(&self.merged, key) {
            return revision_name(revision);
        }
        self.file_of(key)
    }

    /// The last file that has `path`, or comes closest to it.
    pub(super) fn file_of(&self, path: &str) -> String {
        let mut prefix = path.split('[').next().unwrap_or(path);
        loop {
            // A null counts: it is what takes a key away.
            let names =
                |file| prefix.split('.').try_fold(file, |value: &Value, name| value.get(name)).is_some();
            let holder = self.files.iter().rev().find(|(_, file)| names(file));
            match (holder, prefix.rsplit_once('.')) {
                (Some((name, _)), _) => return name.clone(),
                (None, Some((shorter, _))) => prefix = shorter,
                (None, None) => return self.files.last().map(|(name, _)| name.clone()).unwrap_or_default(),
            }
        }
    }
}

pub(super) fn environment_name(variable: &str) -> String {
    format!("environment variable {variable}")
}

fn revision_name(revision: i64) -> String {
    if revision == 0 { "unsaved settings".into() } else { format!("console revision {revision}") }
}

fn read_file(path: &Path) -> Result<Value, Problem> {
    let name = path.display().to_string();
    let problem = |what: String, instead: &str| Problem {
        file: name.clone(),
        path: String::new(),
        what,
        instead: instead.to_owned(),
    };
    let extension =
        path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default();
    if !matches!(extension.as_str(), "yml" | "yaml" | "json" | "toml") {
        return Err(problem(
            "the file name has no known extension".into(),
            "a name that ends in .yml, .yaml, .json or .toml",
        ));
    }
    let unreadable = |error: std::io::Error| {
        problem(format!("the file can't be read: {error}"), "a path to a readable text file")
    };
    if std::fs::metadata(path).map_err(unreadable)?.is_dir() {
        return Err(problem("this is a folder".into(), "the files in it, each with its own --config"));
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    // One byte more than it may have: then there is too much of it.
    std::io::Read::read_to_end(&mut std::io::Read::take(file, LARGEST + 1), &mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST {
        return Err(problem(
            format!("the file is larger than {} MB", LARGEST >> 20),
            "the configuration file itself",
        ));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let before = error.utf8_error().valid_up_to();
        problem(format!("invalid UTF-8 after byte {before}"), "a text file in UTF-8")
    })?;
    if let Some(at) = text.find('\0') {
        let (line, column) = place(&text, at);
        return Err(problem(
            format!(
                "line {line}, column {column}: there is a NUL character, which usually means that the file is incomplete"
            ),
            "the complete file, as text",
        ));
    }
    parse(&name, &extension, &text)
}

/// Line and column of a byte, both from 1.
fn place(text: &str, at: usize) -> (u64, u64) {
    let before = text.get(..at).unwrap_or_default();
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    (before.matches('\n').count() as u64 + 1, column as u64)
}

/// Errors name line and column, and never repeat the file, which may hold secrets.
fn parse(name: &str, extension: &str, text: &str) -> Result<Value, Problem> {
    let problem = |what: String, instead: &str| Problem {
        file: name.to_owned(),
        path: String::new(),
        what,
        instead: instead.to_owned(),
    };
    if text.trim().is_empty() {
        return Err(problem(
            "the file is empty".into(),
            "at least `identity` with its schemas, or no such file",
        ));
    }
    let (format, parsed) = match extension {
        "json" => (
            "JSON",
            serde_json::from_str::<Value>(text).map_err(|error| {
                let message = error.to_string();
                let message = message.split(" at line ").next().unwrap_or_default().to_owned();
                (error.line() as u64, error.column() as u64, message)
            }),
        ),
        "toml" => (
            "TOML",
            toml::from_str::<Value>(text).map_err(|error| {
                let (line, column) = place(text, error.span().map_or(0, |span| span.start).min(text.len()));
                (line, column, error.message().to_owned())
            }),
        ),
        _ => (
            "YAML",
            serde_saphyr::from_str::<Value>(text).map_err(|error| {
                let (line, column) = error.location().map_or((1, 1), |at| (at.line(), at.column()));
                let message = error.without_snippet().to_string();
                let message = match message.lines().next().and_then(|line| line.split(" at line ").next()) {
                    Some(several) if several.starts_with("multiple YAML documents") => {
                        "a second document begins here"
                    }
                    // What the reader of the file can do is not what the library's user can.
                    other => other.and_then(|said| said.split(", set Duplicate").next()).unwrap_or_default(),
                };
                (line, column, message.to_owned())
            }),
        ),
    };
    match parsed {
        Ok(document @ Value::Object(_)) => Ok(document),
        Ok(Value::Null) => Err(problem(
            "the file has no content".into(),
            "at least `identity` with its schemas, or no such file",
        )),
        Ok(_) => {
            Err(problem("the file doesn't contain keys".into(), "keys and values, for example `dsn: memory`"))
        }
        Err((line, column, message)) => {
            Err(problem(format!("line {line}, column {column}: {message}"), &format!("valid {format}")))
        }
    }
}

/// Paths of lists of hooks that have an entry.
pub(super) fn hook_lists(value: &Value, path: &str, found: &mut Vec<String>) {
    for (name, value) in value.as_object().into_iter().flatten() {
        let full = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let is_list = super::keys::REGISTRY.key(&full).is_some_and(super::keys::Key::is_of_hooks);
        match value {
            Value::Array(entries) if is_list && !entries.is_empty() => found.push(full),
            Value::Object(_) => hook_lists(value, &full, found),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {}
        }
    }
}

/// RFC 7396: objects merge, all else replaces, null removes.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(target) = target else { return };
    for (name, value) in patch {
        if value.is_null() {
            target.shift_remove(name);
        } else {
            merge(target.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
}

/// As [`merge`], with every `null` left where it stands.
fn overlay(target: &mut Value, patch: &Value) {
    match (target, patch) {
        (Value::Object(target), Value::Object(patch)) => {
            for (name, value) in patch {
                overlay(target.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (target, patch) => *target = patch.clone(),
    }
}
