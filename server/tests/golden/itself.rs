//! The replayer played against the recordings themselves: an answer made from a recording differs nowhere from it, and
//! any one change to it is seen. So a green scenario means something.

use crate::compare::Labels;
use crate::normalise::{Normaliser, observe};
use crate::replay::narrow;
use crate::scenario::{self, Step};
use crate::support::http::{Answer, send};
use crate::support::sink::{Says, Sink};
use regex::{Captures, Regex};
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

const BASES: [(&str, &str); 4] = [
    ("http://127.0.0.1:40001", "public"),
    ("http://127.0.0.1:40002", "admin"),
    ("http://127.0.0.1:14437", "ui"),
    ("http://127.0.0.1:14439", "sink"),
];
const RUN: &str = "ghjkmnpq";

static UUID: LazyLock<Regex> = LazyLock::new(|| Regex::new("<uuid:([0-9]+)>").expect("a pattern of ours"));
static TIME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"<time(:[a-z_]+\+([0-9]+)s)?>").expect("a pattern of ours"));

#[test]
fn every_recording_equals_itself_and_nothing_else() {
    let normaliser = Normaliser::new(&BASES, RUN);
    let mut changes = 0;
    for scenario in scenario::all() {
        let mut labels = Labels::default();
        for (number, step) in scenario.steps.iter().enumerate() {
            let (Some(recorded), Some(_)) = (&step.expect, &step.request) else { continue };
            let mut expect = recorded.clone();
            let mut seen = observe(&normaliser, &answer(step, recorded), &step.ignore, 0.0);
            narrow(step, &mut expect, &mut seen);
            let seen = Value::Object(seen);
            let found = labels.diff(&expect, &seen);
            assert!(found.is_empty(), "{} step {number}: {found:#?}", scenario.name);
            // Every fourth leaf: a debug build is slow.
            for pointer in leaves(&expect).into_iter().skip(number % 4).step_by(4) {
                let mut other = expect.clone();
                change(other.pointer_mut(&pointer).expect("a leaf"));
                let found = Labels::default().diff(&other, &seen);
                assert!(
                    !found.is_empty(),
                    "{} step {number}: a change at {pointer} goes unseen",
                    scenario.name
                );
                changes += 1;
            }
        }
    }
    assert!(changes > 2_000, "{changes}");
}

/// Pointers to everything that is neither object nor array, and counts.
fn leaves(value: &Value) -> Vec<String> {
    let below = |key: &str, value: &Value| {
        let key = key.replace('~', "~0").replace('/', "~1");
        leaves(value).into_iter().map(move |rest| format!("/{key}{rest}")).collect::<Vec<_>>()
    };
    match value {
        Value::Object(members) if !members.is_empty() => {
            members.iter().flat_map(|(key, value)| below(key, value)).collect()
        }
        Value::Array(items) if !items.is_empty() => {
            items.iter().enumerate().flat_map(|(index, item)| below(&index.to_string(), item)).collect()
        }
        Value::String(text) if text == "<any>" => vec![],
        _ => vec![String::new()],
    }
}

fn change(leaf: &mut Value) {
    *leaf = match leaf {
        Value::String(text) => format!("{text}x").into(),
        Value::Number(number) => (number.as_f64().unwrap_or_default() + 1.0).into(),
        Value::Bool(value) => (!*value).into(),
        Value::Array(_) => json!([1]),
        Value::Object(_) => json!({"more": 1}),
        Value::Null => json!({}),
    };
}

/// An answer as a server could have given it when this was recorded.
fn answer(step: &Step, recorded: &Value) -> Answer {
    let mut headers: Vec<(String, String)> = Vec::new();
    let none = Map::new();
    for (name, value) in recorded["headers"].as_object().unwrap_or(&none) {
        match value {
            Value::Array(cookies) => {
                headers.extend(cookies.iter().map(|cookie| (name.clone(), set_cookie(cookie))))
            }
            value => headers.push((name.clone(), real(value.as_str().expect("text")))),
        }
    }
    let kind = |headers: &mut Vec<(String, String)>, kind: &str| {
        if !headers.iter().any(|(name, _)| name == "content-type") {
            headers.push(("content-type".to_owned(), kind.to_owned()));
        }
    };
    let body = if recorded["html"] == true {
        kind(&mut headers, "text/html");
        "<p>".to_owned()
    } else if recorded["text"] == true {
        kind(&mut headers, "text/plain");
        "text".to_owned()
    } else if let Some(document) = recorded.get("json") {
        kind(&mut headers, "application/json");
        // A lone time is told from another member of the same object.
        let mut beside = document.as_str().and_then(|text| TIME.captures(text)?.get(1)).map(|since| {
            let (name, _) =
                since.as_str().trim_start_matches(':').split_once('+').expect("a member and seconds");
            name.to_owned()
        });
        let mut document = real_json(document);
        for part in
            step.check.iter().filter_map(|check| check.strip_prefix("json:")).flat_map(|at| at.rsplit('/'))
        {
            if !part.is_empty() {
                document = json!({part: document});
                if let Some(name) = beside.take() {
                    document[name] = real("<time>").into();
                }
            }
        }
        document.to_string()
    } else {
        String::new()
    };
    let status = recorded["status"].as_u64().and_then(|status| u16::try_from(status).ok()).expect("a status");
    Answer { status, headers, body: body.into_bytes() }
}

fn set_cookie(cookie: &Value) -> String {
    let mut text = format!("{}=value", real(cookie["name"].as_str().expect("a name")));
    for (key, attribute) in
        [("path", "Path"), ("domain", "Domain"), ("same_site", "SameSite"), ("max_age", "Max-Age")]
    {
        match &cookie[key] {
            Value::String(value) => text.push_str(&format!("; {attribute}={value}")),
            Value::Number(value) => text.push_str(&format!("; {attribute}={value}")),
            _ => {}
        }
    }
    for (key, attribute) in [("http_only", "; HttpOnly"), ("secure", "; Secure"), ("deleted", "; Max-Age=0")]
    {
        if cookie[key] == true {
            text.push_str(attribute);
        }
    }
    text
}

fn real_json(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| {
                let value = match (key.as_str(), value.as_str()) {
                    (_, Some("<int>")) => 7.into(),
                    _ => real_json(value),
                };
                (real(key), value)
            })
            .collect(),
        Value::Array(items) => items.iter().map(real_json).collect(),
        Value::String(text) => real(text).into(),
        other => other.clone(),
    }
}

/// Something that the word in angle brackets stands for.
fn real(text: &str) -> String {
    let mut text = text.replace("<run>", RUN).replace("<RUN>", &RUN.to_uppercase());
    for (url, word) in BASES {
        let encoded: String = url::form_urlencoded::byte_serialize(url.as_bytes()).collect();
        text = text.replace(&format!("<{word}>"), url).replace(&format!("<{word}%>"), &encoded);
    }
    text = UUID
        .replace_all(&text, |found: &Captures<'_>| format!("0a0b0c0d-0000-4000-8000-{:0>12}", &found[1]))
        .into_owned();
    let time = |found: &Captures<'_>| {
        let seconds: i64 = found.get(2).map_or(0, |seconds| seconds.as_str().parse().expect("seconds"));
        let time = chrono::DateTime::from_timestamp(1_893_456_000 + seconds, 0).expect("a time");
        time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    };
    text = TIME.replace_all(&text, time).into_owned();
    text.replace("<token>", "ory_st_abcdefghijklmnopqrstuvwxyz012345")
        .replace("<code>", "123456")
        .replace("<hash>", &"0123456789abcdef".repeat(4))
        .replace("<data>", "data:image/png;base64,AAAA")
        .replace("<csrf>", "a-token==")
        .replace("<text>", "Some words.")
}

#[tokio::test]
async fn the_other_service_does_as_it_is_told_and_keeps_what_came() {
    let sink = Sink::start().await;
    sink.says("/much", Says::Much(3));
    sink.says("/moved", Says::Elsewhere("/there".to_owned()));
    sink.says("/silent", Says::Never);
    let authority = sink.base.trim_start_matches("http://").to_owned();
    let host = [("Host".to_owned(), authority.clone())];
    let get = async |path: &str| send(&authority, "GET", path, &host, None).await.expect("an answer");
    assert_eq!(get("/much").await.body, b"xxx");
    assert_eq!(get("/moved").await.header("location"), Some("/there"));
    assert_eq!((get("/other").await.status, sink.take().len()), (200, 3));
    let silent = get("/silent");
    tokio::pin!(silent);
    let came = tokio::select! {
        answer = &mut silent => panic!("it answered {}", answer.status),
        came = sink.wait(1) => came,
    };
    assert_eq!(came[0].headers["host"], authority.as_str());
}
