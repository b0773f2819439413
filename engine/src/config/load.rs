//! Files and environment → one document → [`Config`], with all problems at once.

use super::document::Named;
pub(super) use super::findings::Findings;
use super::keys::{Effect, Kind, REGISTRY};
use super::layers::Layers;
use super::redact::MASK;
use super::{Config, typed};
use crate::effects::{Outbound, Request};
use futures::future::join_all;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

pub use super::print::{masked, print, written};
pub use super::sources::{Fetched, Note, Problem, Problems, Sources};

/// Bytes of a schema that is fetched.
const SCHEMA: usize = 1 << 20;
/// For all of it.
const SCHEMA_WITHIN: Duration = Duration::from_secs(10);

/// Fetches the identity schemas that the sources name by http(s), so that [`load`] finds them. What fails is a problem that
/// [`load`] reports at its place.
pub async fn fetch(sources: &mut Sources, outbound: &dyn Outbound) {
    // What is wrong with them is said by `load`.
    let Ok(layers) = Layers::read(sources) else { return };
    let (document, problems) = layers.document(0, &Named::new());
    let mut findings = Findings::new(&layers, 0, &document, problems);
    let checked = check(&document, &mut findings);
    let wanted = typed::remote_schemas(&checked, &mut findings);
    let each = wanted.into_iter().map(|(url, reach)| async move {
        let request = Request {
            method: "GET".to_owned(),
            url: url.clone(),
            headers: Vec::new(),
            body: None,
            limit: SCHEMA,
            deadline: SCHEMA_WITHIN,
            reach,
        };
        let text = match outbound.send(request).await {
            Ok(answer) if answer.status == 200 => {
                String::from_utf8(answer.body).map_err(|_| "the response is not text".to_owned())
            }
            Ok(answer) => Err(format!("the server returned {}", answer.status)),
            Err(failure) => Err(failure.to_string()),
        };
        (url, text)
    });
    for (url, text) in join_all(each).await {
        sources.fetched.insert(url.into(), text);
    }
}

#[derive(Debug)]
pub struct Loaded {
    pub config: Config,
    pub notes: Vec<Note>,
}

/// Reads, merges, applies `revision` (number and named settings of the console) and checks.
/// Layers: defaults < files < console revision < environment.
pub fn load(sources: &Sources, revision: Option<(i64, &Named)>) -> Result<Loaded, Problems> {
    let layers = Arc::new(Layers::read(sources)?);
    let (number, named) =
        revision.map_or_else(|| (0, Named::new()), |(number, named)| (number, named.clone()));
    build(layers, number, named, None)
}

/// The same files and environment as `config`, with other settings of the console. Reads no file; schemas and generated
/// secrets are taken over.
pub fn remap(config: &Config, revision: i64, named: &Named) -> Result<Config, Problems> {
    build(config.layers.clone(), revision, named.clone(), Some(config)).map(|loaded| loaded.config)
}

fn build(
    layers: Arc<Layers>,
    revision: i64,
    named: Named,
    earlier: Option<&Config>,
) -> Result<Loaded, Problems> {
    let (raw, problems) = layers.document(revision, &named);
    let mut findings = Findings::new(&layers, revision, &raw, problems);
    let checked = check(&raw, &mut findings);
    let config = typed::read(&checked, &mut findings, earlier);
    let Findings { mut problems, mut notes, .. } = findings;
    notes.extend(layers.ignored.iter().map(|variable| Note {
        file: super::layers::environment_name(variable),
        path: String::new(),
        text: "unknown key, so the variable has no effect".to_owned(),
        needless: false,
    }));
    match config {
        Some(mut config) if problems.is_empty() => {
            config.raw = raw;
            config.named = named;
            config.revision = revision;
            config.layers = layers;
            Ok(Loaded { config, notes })
        }
        _ => {
            problems.sort_by(|a, b| (&a.file, &a.path).cmp(&(&b.file, &b.path)));
            Err(Problems(problems))
        }
    }
}

/// The known keys with right values, in the spelling of stock Kratos. Everything else goes into `findings`.
pub(super) fn check(document: &Value, findings: &mut Findings<'_>) -> Value {
    let mut checked = Value::Object(Map::new());
    section(document, "", findings, &mut checked);
    checked
}

fn section(value: &Value, path: &str, findings: &mut Findings<'_>, checked: &mut Value) {
    let Some(members) = value.as_object() else {
        findings.problem(path, "this is a section, not a value", "the keys of the section below it");
        return;
    };
    for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
        let full = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        if let Some(key) = REGISTRY.key(&full) {
            if let Some(at) = masked_at(value) {
                findings.problem(
                    &format!("{full}{at}"),
                    "this is a masked secret from the console or `config print`",
                    "the secret itself; `config print --with-secrets` prints the secrets of files",
                );
                continue;
            }
            if let Some(number) = super::scalars::unitless(key.kind, value) {
                findings.note(&full, without_unit(number, key.default));
                continue;
            }
            let outcome = match key.kind {
                Kind::Hooks(stage) => super::scalars::hooks(stage, value).map(|hooks| {
                    findings.hooks.insert(full.clone(), hooks);
                    value.clone()
                }),
                kind @ (Kind::Bool
                | Kind::Flag
                | Kind::Integer(..)
                | Kind::Duration
                | Kind::Size
                | Kind::Memory
                | Kind::Text
                | Kind::Choice(_)
                | Kind::BaseUrl
                | Kind::Page
                | Kind::Texts
                | Kind::Secrets(_)
                | Kind::Networks
                | Kind::Schemas
                | Kind::Open) => super::scalars::check(kind, value),
            };
            match outcome {
                Ok(value) => {
                    match key.effect(&value) {
                        Effect::There => {}
                        Effect::Needless(why) => findings.needless(&full, needless(why)),
                        Effect::Missing => findings.note(&full, "not supported yet"),
                    }
                    super::layers::set(checked, &full, value);
                }
                Err(wrong) => {
                    for wrong in wrong {
                        findings.problem(&format!("{full}{}", wrong.at), wrong.what, wrong.instead);
                    }
                }
            }
        } else if REGISTRY.is_section(&full) {
            section(value, &full, findings, checked);
        } else if let Some(new) = super::keys::renamed(&full) {
            findings.problem(&full, "this key was renamed", format!("`{new}`, with the same value"));
        } else {
            findings.note(&full, unknown(&full));
        }
    }
}

/// What is said of a number that is not used, since it may be bytes or KiB.
pub(super) fn without_unit(number: u64, default: &str) -> String {
    format!(
        "the number {number} is ignored, because it has no unit, and `{default}` is used. Write `{number}KB` if it is in KiB, as in older \
         versions of Kratos"
    )
}

/// What is said of a key that needs no effect.
pub(super) fn needless(why: &str) -> String {
    format!("no effect, and none is needed: {why}")
}

/// Where in the value a mask stands that was copied out of the console or a print; `""` for the value itself.
fn masked_at(value: &Value) -> Option<String> {
    match value {
        // Of an address only the password is masked.
        Value::String(text) => text.contains(MASK).then(String::new),
        Value::Array(entries) => entries
            .iter()
            .enumerate()
            .find_map(|(index, entry)| masked_at(entry).map(|at| format!("[{index}]{at}"))),
        Value::Object(members) => {
            members.iter().find_map(|(name, member)| masked_at(member).map(|at| format!(".{name}{at}")))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// The note for an unknown key.
pub(super) fn unknown(path: &str) -> String {
    let (section, name) = path.rsplit_once('.').unwrap_or(("", path));
    let near = REGISTRY.members(section).map(|member| (distance(name, member), member)).min();
    match near {
        Some((distance, member)) if distance <= 2 => {
            format!("unknown key without effect; did you mean `{member}`?")
        }
        _ => "unknown key without effect".to_owned(),
    }
}

/// How many letters to change, add or drop (Levenshtein).
pub(crate) fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut before = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let changed = before + usize::from(x != *y);
            before = row[j + 1];
            row[j + 1] = changed.min(before + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
