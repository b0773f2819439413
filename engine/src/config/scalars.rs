//! Values by kind: accepted spellings, and the correction for others. Durations are Go's (`1h30m`), sizes are Kratos': `1MB` is 2^20
//! bytes (inhies/go-bytesize), and so is `1MiB`.

use super::hooks::{Hook, Stage};
use super::keys::Kind;
pub(super) use super::wrong::Wrong;
pub(crate) use super::wrong::web_url;
use serde_json::{Value, json};
use std::time::Duration;

/// Checks `value` and gives it in the spelling that stock Kratos accepts. All that is wrong, at once.
pub(super) fn check(kind: Kind, value: &Value) -> Result<Value, Vec<Wrong>> {
    let one = |wrong: Wrong| Err(vec![wrong]);
    let unfit = |instead: &str| Err(vec![Wrong::new(format!("this is {}", describe(value)), instead)]);
    match kind {
        Kind::Bool => boolean(value).map_or_else(|| unfit("`true` or `false`"), |on| Ok(on.into())),
        Kind::Flag => {
            boolean(value).map_or_else(|| unfit("`true` or `false`"), |on| Ok(on.to_string().into()))
        }
        Kind::Integer(least, most) => {
            let instead = if most == i64::MAX {
                format!("a whole number, {least} or more")
            } else {
                format!("a whole number from {least} to {most}")
            };
            match integer(value) {
                Some(number) if (least..=most).contains(&number) => Ok(number.into()),
                Some(number) => one(Wrong::new(format!("{number} is out of range"), instead)),
                None => unfit(&instead),
            }
        }
        Kind::Duration => {
            let instead = "a number with a unit, for example `90s`, `10m` or `1h30m`";
            let Some(text) = value.as_str() else { return unfit(instead) };
            match duration(text) {
                Some(_) if is_plain_duration(text) => Ok(text.into()),
                Some(length) => Ok(format!("{}ms", length.as_millis()).into()),
                None => one(Wrong::new(format!("`{text}` is not a duration"), instead)),
            }
        }
        Kind::Size | Kind::Memory => {
            let instead = "a number with a unit, for example `512KB`, `19MB` or `1GB`";
            let bytes = match value {
                Value::String(text) => size(text),
                Value::Number(number) => number.as_u64(),
                Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return unfit(instead),
            };
            match bytes {
                Some(bytes) => Ok(size_text(bytes).into()),
                None => one(Wrong::new(format!("{} is not a size", describe(value)), instead)),
            }
        }
        Kind::Text => text(value)
            .or_else(|| Some(value.as_number()?.to_string()))
            .map_or_else(|| unfit("a string, in quotes"), |text| Ok(text.into())),
        Kind::Choice(choices) => {
            let instead = format!("one of {}", listed(choices));
            // YAML reads an unquoted `true` as no text.
            let switch = value.as_bool().map(|on| if on { "true" } else { "false" });
            match value.as_str().or(switch) {
                Some(text) if choices.contains(&text) => Ok(text.into()),
                Some(text) => one(Wrong::new(format!("`{text}` is not a valid option"), instead)),
                None => unfit(&instead),
            }
        }
        Kind::BaseUrl => {
            let instead = "an absolute URL, for example `https://accounts.example.org/`";
            let Some(text) = value.as_str() else { return unfit(instead) };
            match web_url(text) {
                Some(url) if url.query().is_none() && url.fragment().is_none() => Ok(text.into()),
                Some(_) => one(Wrong::new("a base URL must not contain `?` or `#`", instead)),
                None => one(Wrong::new(format!("`{text}` is not an absolute http or https URL"), instead)),
            }
        }
        Kind::Page => {
            let instead = "a URL or path, for example `https://www.example.org/welcome` or `/welcome`";
            let Some(text) = value.as_str() else { return unfit(instead) };
            if page_is_relative(text) || web_url(text).is_some() {
                return Ok(text.into());
            }
            one(Wrong::new(format!("`{text}` is not an http or https URL"), instead))
        }
        Kind::Texts => texts(value, |_| None),
        Kind::Secrets(least) => {
            let checked = texts(value, |text| {
                let length = text.chars().count();
                // The value itself is not repeated: problems end up in logs.
                (length < least || (least == 32 && length != 32)).then(|| {
                    let instead = if least == 32 {
                        "exactly 32 characters".into()
                    } else {
                        format!("{least} characters or more")
                    };
                    Wrong::new(format!("the secret has {length} characters"), instead)
                })
            })?;
            if checked.as_array().is_some_and(Vec::is_empty) {
                return one(Wrong::new(
                    "the list is empty",
                    "a secret, or remove the key to have one generated",
                ));
            }
            Ok(checked)
        }
        Kind::Networks => texts(value, |text| {
            network(text).is_none().then(|| {
                Wrong::new(
                    format!("`{text}` is not a network"),
                    "a network, for example `10.0.0.0/8` or `::1`",
                )
            })
        }),
        Kind::Hooks(stage) => hooks(stage, value).map(|_| value.clone()),
        Kind::Schemas => schemas(value),
        Kind::Open => Ok(value.clone()),
    }
}

/// An ambiguous number: Kratos' schema requires a unit, and older releases read KiB.
pub(super) fn unitless(kind: Kind, value: &Value) -> Option<u64> {
    if kind != Kind::Memory {
        return None;
    }
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A value from an environment variable: lists of texts as JSON or with commas between them, other lists and objects as JSON,
/// all else as it stands.
pub(super) fn from_text(kind: Kind, text: &str) -> Result<Value, Wrong> {
    let json = |instead: &str| {
        serde_json::from_str(text)
            .map_err(|_| Wrong::new("invalid JSON", format!("a JSON list, for example `{instead}`")))
    };
    match kind {
        Kind::Texts | Kind::Secrets(_) if text.trim_start().starts_with('[') => json(r#"["one","two"]"#),
        Kind::Networks if text.trim_start().starts_with('[') => json(r#"["10.0.0.0/8"]"#),
        Kind::Texts | Kind::Secrets(_) | Kind::Networks => {
            Ok(text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).collect())
        }
        Kind::Hooks(_) => json(r#"[{"hook":"session"}]"#),
        Kind::Schemas => json(r#"[{"id":"default","url":"preset://email"}]"#),
        Kind::Open => Ok(serde_json::from_str(text).unwrap_or_else(|_| text.into())),
        Kind::Size if text.bytes().all(|byte| byte.is_ascii_digit()) => Ok(format!("{text}B").into()),
        Kind::Bool
        | Kind::Flag
        | Kind::Integer(..)
        | Kind::Duration
        | Kind::Size
        | Kind::Memory
        | Kind::Text
        | Kind::Choice(_)
        | Kind::BaseUrl
        | Kind::Page => Ok(text.into()),
    }
}

/// Go's `time.ParseDuration` without a sign: `1h30m`, `200ms`, `1.5s`.
pub fn duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text;
    let mut nanoseconds = 0.0_f64;
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let unit = rest[number..]
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .map_or(rest.len(), |end| number + end);
        let factor = match &rest[number..unit] {
            "ns" => 1.0,
            "us" | "µs" | "μs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3600e9,
            _ => return None,
        };
        nanoseconds += rest[..number].parse::<f64>().ok()? * factor;
        rest = &rest[unit..];
    }
    // About 292 years: what Go can hold.
    (!text.is_empty() && nanoseconds <= 9.2e18).then(|| Duration::from_nanos(nanoseconds.round() as u64))
}

/// Whether Kratos' schema accepts the spelling: whole numbers, ASCII units.
fn is_plain_duration(text: &str) -> bool {
    text.is_ascii() && !text.contains('.') && text.ends_with(|c: char| c.is_ascii_lowercase())
}

/// Bytes. Units are powers of 1024, with or without `i`.
pub(super) fn size(text: &str) -> Option<u64> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let power = match text[end..].trim().to_ascii_uppercase().as_str() {
        "" | "B" => 0,
        "KB" | "KIB" | "K" => 1,
        "MB" | "MIB" | "M" => 2,
        "GB" | "GIB" | "G" => 3,
        "TB" | "TIB" | "T" => 4,
        _ => return None,
    };
    let number: f64 = text[..end].parse().ok()?;
    let bytes = number * 1024_f64.powi(power);
    (bytes <= 9e15).then_some(bytes as u64)
}

fn size_text(bytes: u64) -> String {
    for (unit, power) in [("GB", 30), ("MB", 20), ("KB", 10)] {
        if bytes > 0 && bytes.is_multiple_of(1 << power) {
            return format!("{}{unit}", bytes >> power);
        }
    }
    format!("{bytes}B")
}

pub(super) fn is_loopback(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// A path of ours; `//host` would be another site's.
pub(super) fn page_is_relative(text: &str) -> bool {
    text.starts_with('/') && !text.starts_with("//") && !text.starts_with("/\\")
}

/// `10.0.0.0/8`, or one address.
pub(super) fn network(text: &str) -> Option<ipnet::IpNet> {
    text.parse().ok().or_else(|| Some(ipnet::IpNet::from(text.parse::<std::net::IpAddr>().ok()?)))
}

fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(on) => Some(*on),
        Value::String(text) if text.eq_ignore_ascii_case("true") || text == "1" => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") || text == "0" => Some(false),
        Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number
            .as_i64()
            .or_else(|| number.as_f64().filter(|n| n.fract() == 0.0 && n.abs() < 9e15).map(|n| n as i64)),
        Value::String(text) => text.parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn texts(value: &Value, wrong: impl Fn(&str) -> Option<Wrong>) -> Result<Value, Vec<Wrong>> {
    let Some(entries) = value.as_array() else {
        return Err(vec![Wrong::new(
            format!("this is {}", describe(value)),
            "a list of strings, for example `[\"one\", \"two\"]`",
        )]);
    };
    let mut found = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        match entry.as_str() {
            None => found
                .push(Wrong::new(format!("this is {}", describe(entry)), "a string, in quotes").at(index)),
            Some(text) => found.extend(wrong(text).map(|wrong| wrong.at(index))),
        }
    }
    found.extend(twice(entries));
    if found.is_empty() { Ok(value.clone()) } else { Err(found) }
}

/// Kratos refuses equal entries (`uniqueItems`).
fn twice(entries: &[Value]) -> Option<Wrong> {
    let (index, _) = entries.iter().enumerate().find(|(index, entry)| entries[..*index].contains(entry))?;
    Some(Wrong::new("the list contains this entry twice", "each entry once").at(index))
}

/// A list of hooks, read. Templates are parsed on the way, so a configuration is read once.
pub(super) fn hooks(stage: Stage, value: &Value) -> Result<Vec<Hook>, Vec<Wrong>> {
    let Some(entries) = value.as_array() else {
        return Err(vec![Wrong::new(
            format!("this is {}", describe(value)),
            "a list, for example `[{hook: session}]`",
        )]);
    };
    let (mut hooks, mut found) = (Vec::new(), Vec::new());
    for (index, entry) in entries.iter().enumerate() {
        match Hook::read(stage, entry) {
            Ok(hook) => hooks.push(hook),
            Err(wrong) => found.push(wrong.at(index)),
        }
    }
    found.extend(twice(entries));
    if found.is_empty() { Ok(hooks) } else { Err(found) }
}

fn schemas(value: &Value) -> Result<Value, Vec<Wrong>> {
    let example = "a list, for example `[{id: default, url: \"preset://email\"}]`";
    let Some(entries) = value.as_array().filter(|entries| !entries.is_empty()) else {
        let what = if value.is_array() {
            "the list is empty".into()
        } else {
            format!("this is {}", describe(value))
        };
        return Err(vec![Wrong::new(what, example)]);
    };
    let mut found = Vec::new();
    let mut checked = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let member = |name: &str| entry.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let (Some(id), Some(url)) = (member("id"), member("url")) else {
            found.push(
                Wrong::new(
                    "`id` and `url` must be strings",
                    "an entry, for example `{id: default, url: \"preset://email\"}`",
                )
                .at(index),
            );
            continue;
        };
        let mut schema = json!({"id": id, "url": url});
        match entry.get("selfservice_selectable").filter(|value| !value.is_null()) {
            None => {}
            Some(value) => match boolean(value) {
                Some(on) => schema["selfservice_selectable"] = on.into(),
                None => found.push(
                    Wrong::new("`selfservice_selectable` is not a boolean", "`true` or `false`").at(index),
                ),
            },
        }
        if checked.iter().any(|earlier: &Value| earlier["id"] == id) {
            found.push(Wrong::new(format!("duplicate schema `{id}`"), "another `id`").at(index));
        }
        checked.push(schema);
    }
    if found.is_empty() { Ok(checked.into()) } else { Err(found) }
}

fn listed(choices: &[&str]) -> String {
    choices.iter().map(|choice| format!("`{choice}`")).collect::<Vec<_>>().join(", ")
}

/// What a value is, in words; texts are not repeated, for they may be secrets.
fn describe(value: &Value) -> String {
    match value {
        Value::Null => "nothing".into(),
        Value::Bool(on) => format!("`{on}`"),
        Value::Number(number) => format!("the number {number}"),
        Value::String(_) => "a text".into(),
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "a section".into(),
    }
}

#[cfg(test)]
mod tests;
