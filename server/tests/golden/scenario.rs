//! The files in data/: a scenario, its steps, and the configuration it is played with.

use base64::Engine as _;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

#[derive(Deserialize)]
pub(crate) struct Scenario {
    pub name: String,
    pub schema: Option<String>,
    #[serde(default)]
    pub config: Value,
    pub sink: Option<Value>,
    pub steps: Vec<Step>,
}

/// One of `request`, `mail`, `sink`, `wait_ms`, `config`, `totp` is there.
#[derive(Deserialize)]
pub(crate) struct Step {
    #[serde(default)]
    pub note: String,
    #[serde(default)]
    pub client: String,
    pub request: Option<Request>,
    pub mail: Option<Mail>,
    pub sink: Option<Value>,
    pub wait_ms: Option<u64>,
    pub config: Option<Value>,
    pub totp: Option<Value>,
    /// Absent: everything is compared.
    pub check: Option<String>,
    #[serde(default)]
    pub unordered: Vec<String>,
    #[serde(default)]
    pub ignore: Vec<String>,
    #[serde(default)]
    pub capture: BTreeMap<String, Capture>,
    pub expect: Option<Value>,
}

#[derive(Deserialize)]
pub(crate) struct Request {
    pub method: String,
    pub path: String,
    pub base: Option<String>,
    #[serde(default)]
    pub headers: BTreeMap<String, Option<String>>,
    pub json: Option<Value>,
    pub form: Option<Vec<(String, String)>>,
    pub text: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Mail {
    pub to: String,
    pub count: usize,
}

/// What a mail step keeps.
#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OfMail {
    Code,
    Link,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Capture {
    Mail(OfMail),
    Json { json: String },
    Node { node: String, at: Option<String> },
    Query { query: String },
    Header { header: String, regexp: Option<String> },
    Cookie { cookie: String },
}

/// What `{{name}}` stands for.
pub(crate) type Vars = HashMap<String, Value>;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/data")
}

fn read(path: &str) -> String {
    let path = folder().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|failure| panic!("{}: {failure}", path.display()))
}

fn document(path: &str) -> Value {
    serde_json::from_str(&read(path)).unwrap_or_else(|failure| panic!("{path}: {failure}"))
}

pub(crate) fn named(name: &str) -> Scenario {
    serde_json::from_str(&read(&format!("{name}.json"))).unwrap_or_else(|failure| panic!("{name}: {failure}"))
}

/// Every scenario in the folder.
pub(crate) fn all() -> Vec<Scenario> {
    let mut names: Vec<String> = std::fs::read_dir(folder())
        .expect("the folder of recordings")
        .filter_map(|entry| {
            entry.expect("an entry").file_name().to_str()?.strip_suffix(".json").map(str::to_owned)
        })
        .filter(|name| name != "base-config")
        .collect();
    names.sort();
    names.iter().map(|name| named(name)).collect()
}

/// base ← schema ← the scenario's own ← `patches`, placeholders filled in.
pub(crate) fn config(scenario: &Scenario, patches: &[Value], vars: &Vars) -> Result<Value, String> {
    let schema = format!("{{{{schema:{}}}}}", scenario.schema.as_deref().unwrap_or("person"));
    let mut config = document("base-config.json");
    merge(&mut config, &json!({"identity": {"schemas": [{"id": "default", "url": schema}]}}));
    if !scenario.config.is_null() {
        merge(&mut config, &scenario.config);
    }
    for patch in patches {
        merge(&mut config, patch);
    }
    fill(&config, vars)
}

/// RFC 7396.
pub(crate) fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(target) = target else { return };
    for (key, value) in patch {
        if value.is_null() {
            target.shift_remove(key);
        } else {
            merge(target.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}

/// Fills in the placeholders everywhere. A string that is nothing but one takes the captured value's type.
pub(crate) fn fill(value: &Value, vars: &Vars) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) => match text.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")) {
            Some(name) if vars.get(name).is_some_and(|value| !value.is_string()) => vars[name].clone(),
            _ => Value::String(fill_text(text, vars)?),
        },
        Value::Array(items) => {
            Value::Array(items.iter().map(|item| fill(item, vars)).collect::<Result<_, _>>()?)
        }
        Value::Object(members) => {
            let mut filled = Map::new();
            for (key, value) in members {
                filled.insert(fill_text(key, vars)?, fill(value, vars)?);
            }
            Value::Object(filled)
        }
        other => other.clone(),
    })
}

pub(crate) fn fill_text(text: &str, vars: &Vars) -> Result<String, String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) =
            after.split_once("}}").ok_or_else(|| format!("{text}: a placeholder without an end"))?;
        filled.push_str(before);
        match (name.strip_prefix("schema:"), vars.get(name)) {
            (Some(schema), _) => filled.push_str(&schema_url(schema)),
            (None, Some(Value::String(value))) => filled.push_str(value),
            (None, Some(value)) => filled.push_str(&value.to_string()),
            (None, None) => return Err(format!("{name} was never captured")),
        }
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

fn schema_url(name: &str) -> String {
    let schema = document(&format!("schemas/{name}.schema.json")).to_string();
    format!("base64://{}", base64::engine::general_purpose::STANDARD.encode(schema))
}

#[test]
fn a_patch_replaces_arrays_merges_objects_and_removes_nulls() {
    let mut target = json!({"a": [1, 2], "b": {"c": 1, "d": 2}, "e": 1});
    merge(&mut target, &json!({"a": [3], "b": {"c": null, "x": {"y": null}}, "e": {"f": 1}}));
    assert_eq!(target, json!({"a": [3], "b": {"d": 2, "x": {}}, "e": {"f": 1}}));
}

#[test]
fn placeholders_keep_the_type_of_what_was_captured() {
    let vars = Vars::from([("n".to_owned(), json!(7)), ("s".to_owned(), json!("x"))]);
    let filled = fill(&json!({"{{s}}": ["{{n}}", "{{n}}-{{s}}"]}), &vars);
    assert_eq!(filled, Ok(json!({"x": [7, "7-x"]})));
    assert!(fill(&json!("{{gone}}"), &vars).is_err());
}
