//! Converts Kratos' files to one Vestibule configuration: nothing is lost, keys that aren't allowed in their place are moved, and the
//! report lists every key.

use super::console;
use super::format::{Format, printable, render};
use super::hooks::{self, Stage};
use super::keys::{Effect, Key, Kind, REGISTRY};
use super::layers::{Layers, get, remove, set};
use super::load::{Problems, Sources, load, needless, unknown, without_unit};
use super::redact::redact;
use super::scalars;
use serde::Serialize;
use serde_json::{Value, json};
use std::path::PathBuf;

const AFTER: &str = "selfservice.flows.registration.after";
const SECRET: &str = "left-out";
/// Keys that must not get a publicly known value.
const KEYS_TO_THE_HOUSE: &[&str] = &["secrets", "vestibule.admin.token"];

/// What became of a key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Invalid: it is kept, and the server doesn't start until it is corrected.
    Refused,
    /// It means the same, elsewhere or otherwise written.
    Moved,
    /// Unknown. It is kept, without effect.
    Unknown,
    /// Known to Kratos; what it is for is not there yet. It stays, without effect so far.
    Waiting,
    Kept,
}

/// One key of the files.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Entry {
    pub outcome: Outcome,
    pub file: String,
    /// Such as `selfservice.flows.registration.after.hooks[0]`, as it stood in the file.
    pub path: String,
    /// Why, and what to do; never a value. Empty where nothing needs to be said.
    pub text: String,
}

/// What [`import`] makes.
pub struct Import {
    document: Value,
    /// The gravest first.
    pub entries: Vec<Entry>,
    names: Vec<String>,
}

impl Import {
    pub fn count(&self, outcome: Outcome) -> usize {
        self.entries.iter().filter(|entry| entry.outcome == outcome).count()
    }

    /// The configuration; without `with_secrets`, secrets are left out, or something stands for them.
    pub fn document(&self, with_secrets: bool) -> Value {
        let mut document = self.document.clone();
        if !with_secrets {
            for path in KEYS_TO_THE_HOUSE {
                remove(&mut document, path);
            }
            redact(&mut document, &mut |_, _| SECRET.to_owned());
        }
        document
    }

    /// The same as a file that says where it comes from.
    pub fn text(&self, format: Format, with_secrets: bool) -> String {
        let mut head = vec![format!("Created by `vestibule config import` from {}.", self.names.join(", "))];
        if !with_secrets {
            head.push(
                "Secrets are left out: use `--output FILE` or `--with-secrets` to include them.".to_owned(),
            );
        }
        for entry in self.entries.iter().filter(|entry| entry.outcome < Outcome::Unknown) {
            let word = if entry.outcome == Outcome::Moved { "Moved" } else { "To be corrected" };
            head.push(format!("{word}: {}", entry.path));
        }
        render(&self.document(with_secrets), &head, format)
    }
}

/// Reads the files, later ones over earlier ones. `Err`: one of them cannot be read at all. Neither the environment nor a
/// database is looked at.
pub fn import(files: &[PathBuf]) -> Result<Import, Problems> {
    let layers = Layers::read(&Sources { files: files.to_vec(), ..Sources::default() })?;
    let given = layers.written();
    let mut document = given.clone();
    let mut report = Report { layers: &layers, given: &given, entries: Vec::new() };
    rename(&mut document, &mut report);
    restore(&mut document, &mut report);
    lower(&mut document, &mut report);
    drop_session_of_sign_in(&mut document, &mut report);
    look(&document, "", &mut report);
    // What only shows when several keys are seen together.
    let sources = Sources { documents: vec![document.clone()], ..Sources::default() };
    for problem in load(&sources, None).err().into_iter().flat_map(|Problems(problems)| problems) {
        if report.entries.iter().any(|entry| entry.outcome == Outcome::Refused && entry.path == problem.path)
        {
            continue;
        }
        // The key by itself was right.
        report.entries.retain(|entry| entry.path != problem.path);
        report.refused(&problem.path, &problem.what, &problem.instead);
    }
    let mut entries = report.entries;
    entries.sort_by_key(|entry| entry.outcome);
    Ok(Import { document, entries, names: layers.names().unwrap_or_default() })
}

struct Report<'a> {
    layers: &'a Layers,
    given: &'a Value,
    entries: Vec<Entry>,
}

impl Report<'_> {
    fn add(&mut self, outcome: Outcome, path: &str, text: impl Into<String>) {
        let file = self.layers.file_of(path);
        self.entries.push(Entry { outcome, file, path: printable(path), text: printable(&text.into()) });
    }

    fn refused(&mut self, path: &str, what: &str, instead: &str) {
        // A schema or template that is not on this machine may well be where the server runs.
        if what.contains("` can't be read: ") {
            return self.add(Outcome::Kept, path, format!("{what}; the file must exist on the server"));
        }
        if what.starts_with("the schema can't be fetched: ") {
            return self.add(
                Outcome::Kept,
                path,
                "the server fetches this schema; the import didn't check it",
            );
        }
        self.add(Outcome::Refused, path, format!("{what}. Write instead: {instead}."));
    }
}

/// One line for each key that is there.
fn look(value: &Value, path: &str, report: &mut Report<'_>) {
    if value.is_null() {
        return report.add(Outcome::Kept, path, "`null` counts as unset");
    }
    if let Some(key) = REGISTRY.key(path) {
        return leaf(key, value, path, report);
    }
    match value.as_object() {
        Some(members) if REGISTRY.is_section(path) => {
            for (name, value) in members {
                let full = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                look(value, &full, report);
            }
        }
        None if REGISTRY.is_section(path) => {
            report.refused(path, "this is a section, not a value", "the keys of the section below it");
        }
        _ => report.add(Outcome::Unknown, path, format!("{}; it is kept in the file", unknown(path))),
    }
}

fn leaf(key: &Key, value: &Value, path: &str, report: &mut Report<'_>) {
    if let Some(number) = scalars::unitless(key.kind, value) {
        return report.add(Outcome::Refused, path, without_unit(number, key.default));
    }
    let checked = match scalars::check(key.kind, value) {
        Ok(checked) => checked,
        Err(wrong) => {
            for wrong in wrong {
                report.refused(&format!("{path}{}", wrong.at), &wrong.what, &wrong.instead);
            }
            return;
        }
    };
    match key.effect(&checked) {
        Effect::There => {}
        Effect::Needless(why) => return report.add(Outcome::Kept, path, needless(why)),
        Effect::Missing => {
            return report.add(Outcome::Waiting, path, "not supported yet; it is kept in the file");
        }
    }
    match (path, value.as_str().and_then(|text| text.split(':').next())) {
        ("dsn", Some(scheme @ ("mysql" | "cockroach"))) => report.refused(
            path,
            &format!("`{scheme}` isn't supported"),
            "the URL of a PostgreSQL (`postgres://…`) or SQLite database (`sqlite://…`) that only Vestibule uses",
        ),
        ("dsn", _) => report.add(
            Outcome::Kept,
            path,
            "Vestibule creates its own tables and doesn't read those of Kratos: use a separate database",
        ),
        _ => report.add(Outcome::Kept, path, ""),
    }
}

/// Names that Kratos gave up (Kratos: CHANGELOG.md, 0.8 and 0.9).
fn rename(document: &mut Value, report: &mut Report<'_>) {
    let (old, new) = ("selfservice.whitelisted_return_urls", "selfservice.allowed_return_urls");
    if let (Some(list), None) = (get(document, old).cloned(), get(document, new)) {
        remove(document, old);
        set(document, new, list);
        report.add(Outcome::Moved, old, format!("renamed to `{new}`"));
    }
    let (old, new) = ("identity.default_schema_url", "identity.schemas");
    if let (Some(url), None) = (get(document, old).cloned(), get(document, new)) {
        remove(document, old);
        set(document, new, json!([{ "id": "default", "url": url }]));
        set(document, "identity.default_schema_id", "default".into());
        report.add(Outcome::Moved, old, "moved to the entry `default` of `identity.schemas`");
    }
}

/// Whether an entry of that list can be an accident of [`restore`]: called as a hook that has no settings, and that may stand there
/// or be moved to where it may. A misspelt `web_hook` is none, and stays where it is refused.
fn renamed_to(stage: Stage, name: &str) -> bool {
    let moved: &[&str] = match stage {
        Stage::AfterRegistration => &hooks::METHODS_ONLY,
        Stage::AfterLogin | Stage::AfterLoginOidc => &["session"],
        Stage::Before
        | Stage::AfterRegistrationMethod
        | Stage::Verification
        | Stage::AfterRecovery
        | Stage::AfterSettings
        | Stage::AfterSettingsMethod
        | Stage::AfterSettingsProfile => &[],
    };
    name != "web_hook" && (stage.allowed().contains(&name) || moved.contains(&name))
}

/// A JSON Patch that adds `hook` at `…/hooks/0/hook`, as the documentation of Kratos' makers shows it, does not add an entry: it
/// renames the one that stands there (RFC 6902 §4.1), and leaves that web hook's settings under another name.
fn restore(document: &mut Value, report: &mut Report<'_>) {
    for (path, key) in REGISTRY.iter() {
        let (Kind::Hooks(stage), Some(Value::Array(entries))) = (key.kind, get(document, path)) else {
            continue;
        };
        let (mut list, mut added) = (Vec::with_capacity(entries.len()), Vec::new());
        for (index, entry) in entries.iter().enumerate() {
            let name = entry["hook"].as_str().unwrap_or_default();
            let config = &entry["config"];
            if !(renamed_to(stage, name) && config["url"].is_string() && config["method"].is_string()) {
                list.push(entry.clone());
                continue;
            }
            list.push(json!({ "hook": "web_hook", "config": config }));
            let bare = json!({ "hook": name });
            if !entries.contains(&bare) && !added.contains(&bare) {
                added.push(bare);
            }
            report.add(
                Outcome::Moved,
                &format!("{path}[{index}]"),
                format!(
                    "the entry has the name `{name}` and the settings of a webhook: a JSON Patch on `…/hooks/{index}/hook` renames the \
                     entry there instead of adding one. The file now contains both, the webhook and `{name}`. If you don't need the \
                     webhook, remove it"
                ),
            );
        }
        if list != *entries {
            // At the end, so that the others keep their places.
            list.extend(added);
            set(document, path, list.into());
        }
    }
}

/// Hooks of a method that stand in the list of the whole flow. Kratos' schema refuses them there, its code would run them for
/// every method without a list of its own (Kratos: driver/registry_default_registration.go): each of those gets one, with the
/// flow's entries carried over.
fn lower(document: &mut Value, report: &mut Report<'_>) {
    let flow = format!("{AFTER}.hooks");
    let Some(Value::Array(entries)) = get(document, &flow).cloned() else { return };
    let name = |entry: &Value| entry["hook"].as_str().map(str::to_owned);
    let belongs_lower =
        |entry: &Value| name(entry).is_some_and(|name| hooks::METHODS_ONLY.contains(&name.as_str()));
    let (lowered, rest): (Vec<_>, Vec<_>) =
        entries.iter().cloned().enumerate().partition(|(_, entry)| belongs_lower(entry));
    if lowered.is_empty() {
        return;
    }
    if rest.is_empty() {
        remove(document, &flow);
    } else {
        set(document, &flow, rest.iter().map(|(_, entry)| entry.clone()).collect());
    }
    let carried = rest.iter().filter(|(_, entry)| !hooks::may_stop(entry)).count();
    let (mut given, mut own, mut off) = (Vec::new(), Vec::new(), Vec::new());
    for (path, _) in REGISTRY.iter() {
        let method = path.strip_prefix(AFTER).and_then(|rest| rest.strip_prefix('.')?.strip_suffix(".hooks"));
        let Some(method) = method else { continue };
        let has_own = get(document, path).and_then(Value::as_array).is_some_and(|list| !list.is_empty());
        match (has_own, signs_up(document, method)) {
            (true, true) => own.push(method),
            (_, false) => off.push(method),
            (false, true) => {
                given.push(method);
                // `session` last, as it runs.
                for hook in hooks::METHODS_ONLY.iter().rev() {
                    if lowered.iter().any(|(_, entry)| name(entry).as_deref() == Some(hook)) {
                        console::switch_on(document, method, hook);
                    }
                }
            }
        }
    }
    for (index, entry) in lowered {
        let hook = name(&entry).unwrap_or_default();
        let mut text = format!(
            "Kratos' schema rejects `{hook}` in the flow-level hooks, though its code would run it for every method \
             without a list of its own."
        );
        match given.as_slice() {
            [] => {
                text.push_str(" Every enabled method has method hooks, so it had no effect and was removed.")
            }
            methods => {
                text.push_str(&format!(" It is now in the hooks of {}", listed(methods)));
                match carried {
                    0 => {}
                    1 => text.push_str(
                        ", together with the other flow-level hook, because method hooks replace the flow-level hooks",
                    ),
                    many => text.push_str(&format!(
                        ", together with the {many} other flow-level hooks, because method hooks replace the flow-level hooks"
                    )),
                }
                text.push('.');
            }
        }
        if !own.is_empty() {
            text.push_str(&format!(
                " The hooks of {} replace the flow-level hooks, so it never ran there and was not added.",
                listed(&own)
            ));
        }
        if !off.is_empty() {
            text.push_str(&format!(
                " Sign-up with {} is not supported yet: add it there once it is.",
                listed(&off)
            ));
        }
        // One that was put there by `restore` stood nowhere before.
        let stood = get(report.given, &flow).and_then(Value::as_array).is_some_and(|list| index < list.len());
        let path = if stood { format!("{flow}[{index}]") } else { flow.clone() };
        report.add(Outcome::Moved, &path, text);
    }
}

/// Whether a person can sign up by that method, as the file has it. Kratos' defaults.
fn signs_up(document: &Value, method: &str) -> bool {
    let on = |key: &str, default: bool| {
        let value = get(document, &format!("selfservice.methods.{method}.{key}"));
        value.map_or(default, |value| scalars::check(Kind::Bool, value) == Ok(Value::Bool(true)))
    };
    match method {
        "password" => on("enabled", true),
        "code" => on("enabled", true) && on("passwordless_enabled", false),
        _ => on("enabled", false),
    }
}

/// Sign-in always issues a session; Kratos' code ignores the hook there.
fn drop_session_of_sign_in(document: &mut Value, report: &mut Report<'_>) {
    for (path, key) in REGISTRY.iter().filter(|(path, _)| path.starts_with("selfservice.flows.login.")) {
        let (Kind::Hooks(_), Some(Value::Array(entries))) = (key.kind, get(document, path)) else { continue };
        let is = |entry: &Value| entry["hook"] == "session";
        let Some(index) = entries.iter().position(is) else { continue };
        let rest: Vec<Value> = entries.iter().filter(|entry| !is(entry)).cloned().collect();
        if rest.is_empty() {
            remove(document, path);
        } else {
            set(document, path, rest.into());
        }
        let text = "removed: sign-in issues a session without a hook, and Kratos' schema rejects it here";
        report.add(Outcome::Moved, &format!("{path}[{index}]"), text);
    }
}

/// `a`, `a and b`, `a, b and c`
fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}
