//! Where a recording and an answer differ, as JSON pointers. Ids must be the same in the same places.

use regex::Regex;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::LazyLock;

static LABEL: LazyLock<Regex> = LazyLock::new(|| Regex::new("<uuid:([^>]+)>").expect("a pattern of ours"));

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Difference {
    /// A pointer into the recording's `expect`, such as `/json/identity/state`.
    pub at: String,
    pub expected: String,
    pub got: String,
}

/// Which number of the recording is which id here, for the length of a scenario, both ways.
#[derive(Default)]
pub(crate) struct Labels {
    real: HashMap<String, String>,
    label: HashMap<String, String>,
}

impl Labels {
    pub(crate) fn diff(&mut self, expected: &Value, got: &Value) -> Vec<Difference> {
        let mut found = Vec::new();
        self.walk(expected, got, String::new(), &mut found);
        found
    }

    fn walk(&mut self, expected: &Value, got: &Value, at: String, found: &mut Vec<Difference>) {
        match (expected, got) {
            (Value::String(any), _) if any == "<any>" => {}
            (Value::Object(expected), Value::Object(got)) => {
                for (key, value) in expected {
                    let at = format!("{at}/{}", escape(key));
                    match got.get(key) {
                        Some(seen) => self.walk(value, seen, at, found),
                        None => {
                            found.push(Difference { at, expected: short(value), got: "(absent)".to_owned() })
                        }
                    }
                }
                for (key, value) in got.iter().filter(|(key, _)| !expected.contains_key(*key)) {
                    let at = format!("{at}/{}", escape(key));
                    found.push(Difference { at, expected: "(absent)".to_owned(), got: short(value) });
                }
            }
            (Value::Array(expected), Value::Array(got)) => {
                if expected.len() != got.len() {
                    let got = format!("{} items: {}", got.len(), short(&Value::Array(got.clone())));
                    found.push(Difference {
                        at: at.clone(),
                        expected: format!("{} items", expected.len()),
                        got,
                    });
                }
                for (index, (expected, got)) in expected.iter().zip(got).enumerate() {
                    self.walk(expected, got, format!("{at}/{index}"), found);
                }
            }
            (Value::String(expected), Value::String(got)) => self.text(expected, got, at, found),
            (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => {}
            (expected, got) if expected == got => {}
            (expected, got) => found.push(Difference { at, expected: short(expected), got: short(got) }),
        }
    }

    fn text(&mut self, expected: &str, got: &str, at: String, found: &mut Vec<Difference>) {
        if LABEL.replace_all(expected, "<uuid>") != LABEL.replace_all(got, "<uuid>") {
            found.push(Difference { at, expected: expected.to_owned(), got: got.to_owned() });
            return;
        }
        for (label, real) in LABEL.captures_iter(expected).zip(LABEL.captures_iter(got)) {
            if !self.same(&label[1], &real[1]) {
                let expected = format!("the id that was <uuid:{}> before, and only that", &label[1]);
                found.push(Difference { at, expected, got: got.to_owned() });
                return;
            }
        }
    }

    fn same(&mut self, label: &str, real: &str) -> bool {
        match (self.real.get(label), self.label.get(real)) {
            (None, None) => {
                self.real.insert(label.to_owned(), real.to_owned());
                self.label.insert(real.to_owned(), label.to_owned());
                true
            }
            (known_real, known_label) => {
                known_real.is_some_and(|known| known == real)
                    && known_label.is_some_and(|known| known == label)
            }
        }
    }
}

/// Sorts the arrays whose order is free, by their text without ids.
pub(crate) fn sort_unordered(document: &mut Value, pointers: &[String]) {
    for pointer in pointers {
        if let Some(Value::Array(items)) = document.pointer_mut(pointer) {
            items.sort_by_cached_key(|item| {
                LABEL.replace_all(&sorted(item).to_string(), "<uuid>").into_owned()
            });
        }
    }
}

/// The same with every object's members in the order of their names.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(key, _)| *key);
            members.into_iter().map(|(key, value)| (key.clone(), sorted(value))).collect()
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(220) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn places(expected: Value, got: Value) -> Vec<String> {
        Labels::default().diff(&expected, &got).into_iter().map(|difference| difference.at).collect()
    }

    const NONE: [&str; 0] = [];

    #[test]
    fn what_is_equal_differs_nowhere() {
        let value = json!({"status": 200, "json": {"a": [1, "x", null, true], "b": {}}});
        assert_eq!(places(value.clone(), value), NONE);
        assert_eq!(places(json!({"a": 1, "b": 2}), json!({"b": 2, "a": 1.0})), NONE, "key order is free");
        assert_eq!(places(json!({"a": "<any>"}), json!({"a": [1]})), NONE);
    }

    #[test]
    fn every_kind_of_difference_is_seen() {
        assert_eq!(places(json!({"status": 200}), json!({"status": 400})), ["/status"]);
        assert_eq!(places(json!({"headers": {"vary": "Cookie"}}), json!({"headers": {}})), ["/headers/vary"]);
        assert_eq!(
            places(json!({"headers": {}}), json!({"headers": {"set-cookie": []}})),
            ["/headers/set-cookie"]
        );
        assert_eq!(places(json!({"a": null}), json!({})), ["/a"], "null is not absent");
        assert_eq!(places(json!({"a": null}), json!({"a": []})), ["/a"]);
        assert_eq!(places(json!({"a": false}), json!({"a": 0})), ["/a"]);
        assert_eq!(places(json!({"a/b": 1}), json!({"a/b": "1"})), ["/a~1b"]);
        assert_eq!(
            places(json!([{"n": "a"}, {"n": "b"}]), json!([{"n": "b"}, {"n": "a"}])),
            ["/0/n", "/1/n"],
            "array order counts"
        );
        assert_eq!(places(json!([1, 2]), json!([1])), [""]);
    }

    #[test]
    fn an_id_stands_where_it_stood() {
        let expected = json!({"a": "<uuid:1>", "b": "<uuid:2>", "c": "x?flow=<uuid:1>"});
        let got = |a: &str, b: &str, c: &str| json!({"a": format!("<uuid:{a}>"), "b": format!("<uuid:{b}>"), "c": format!("x?flow=<uuid:{c}>")});
        assert_eq!(places(expected.clone(), got("p", "q", "p")), NONE);
        assert_eq!(places(expected.clone(), got("p", "q", "q")), ["/c"], "swapped");
        assert_eq!(places(expected.clone(), got("p", "q", "r")), ["/c"], "another one");
        assert_eq!(places(expected.clone(), got("p", "p", "p")), ["/b"], "two that must differ");
        assert_eq!(places(expected, json!({"a": "<uuid:p>", "b": "none", "c": "x?flow=<uuid:p>"})), ["/b"]);
    }

    #[test]
    fn ids_are_remembered_from_step_to_step() {
        let mut labels = Labels::default();
        assert_eq!(labels.diff(&json!("<uuid:1>"), &json!("<uuid:p>")), []);
        assert_eq!(labels.diff(&json!("<uuid:1>"), &json!("<uuid:q>")).len(), 1);
        assert_eq!(labels.diff(&json!("<uuid:2>"), &json!("<uuid:p>")).len(), 1);
    }

    #[test]
    fn an_unordered_array_is_sorted_whatever_its_ids() {
        let mut a = json!({"x": [{"k": "b", "id": "<uuid:1>"}, {"id": "<uuid:2>", "k": "a"}]});
        let mut b = json!({"x": [{"id": "<uuid:p>", "k": "a"}, {"id": "<uuid:q>", "k": "b"}]});
        let pointers = ["/x".to_owned(), "/gone".to_owned()];
        sort_unordered(&mut a, &pointers);
        sort_unordered(&mut b, &pointers);
        assert_eq!(places(a, b), NONE);
    }
}
