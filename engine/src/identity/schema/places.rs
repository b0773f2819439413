//! The parts of a schema that describe the same value, and what is below it: properties, list entries. Only contains JSON Schema's
//! keywords for structure, no marks, kinds and messages.

use percent_encoding::percent_decode_str;
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// A whole schema of draft 7 or earlier, and what a `$ref` in it may name.
pub(super) struct Document {
    root: Value,
    /// Of the whole schema, without a fragment; may be empty.
    id: String,
    /// `$id: "#name"` → JSON pointer.
    anchors: HashMap<String, String>,
}

/// One schema that speaks about a value.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) schema: &'a Value,
    /// Whatever the value is: not one of `anyOf`, `oneOf`, `if` and the like.
    pub(super) always: bool,
}

/// A named member of an object.
pub(super) struct Member<'a> {
    pub(super) name: &'a str,
    pub(super) parts: Vec<Part<'a>>,
    pub(super) required: bool,
}

impl Document {
    pub(super) fn new(root: Value) -> Self {
        let text = |key: &str| root.get(key).and_then(Value::as_str);
        let id = text("$id").or_else(|| text("id")).unwrap_or_default();
        let id = id.split('#').next().unwrap_or_default().to_owned();
        let mut anchors = HashMap::new();
        find_anchors(&root, "", &mut anchors);
        Self { root, id, anchors }
    }

    pub(super) fn root(&self) -> &Value {
        &self.root
    }

    /// What describes the traits; empty when nothing does.
    pub(super) fn traits(&self) -> Vec<Part<'_>> {
        let all = self.same(&[Part { schema: &self.root, always: true }]);
        members(&all)
            .into_iter()
            .find(|member| member.name == "traits")
            .map_or(Vec::new(), |found| found.parts)
    }

    /// All that speaks about the same value as `starts`, these first.
    pub(super) fn same<'a>(&'a self, starts: &[Part<'a>]) -> Vec<Part<'a>> {
        let (mut seen, mut all) = (HashSet::new(), Vec::new());
        for start in starts {
            self.gather(*start, &mut seen, &mut all);
        }
        all
    }

    fn gather<'a>(&'a self, part: Part<'a>, seen: &mut HashSet<*const Value>, all: &mut Vec<Part<'a>>) {
        if !seen.insert(std::ptr::from_ref(part.schema)) {
            return;
        }
        let Value::Object(schema) = part.schema else { return };
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            // What stands beside it does not count.
            if let Some(target) = self.target(reference) {
                self.gather(Part { schema: target, ..part }, seen, all);
            }
            return;
        }
        all.push(part);
        for (keyword, always) in [("allOf", true), ("anyOf", false), ("oneOf", false)] {
            for schema in schema.get(keyword).and_then(Value::as_array).into_iter().flatten() {
                self.gather(Part { schema, always: part.always && always }, seen, all);
            }
        }
        if schema.contains_key("if") {
            for schema in ["if", "then", "else"].into_iter().filter_map(|keyword| schema.get(keyword)) {
                self.gather(Part { schema, always: false }, seen, all);
            }
        }
        for schema in
            schema.get("dependencies").and_then(Value::as_object).into_iter().flat_map(|all| all.values())
        {
            self.gather(Part { schema, always: false }, seen, all);
        }
    }

    /// Nothing is fetched: what lies elsewhere is refused when the schema is compiled.
    pub(super) fn target(&self, reference: &str) -> Option<&Value> {
        let inside = reference.strip_prefix(self.id.as_str()).unwrap_or(reference);
        if inside.is_empty() {
            return Some(&self.root);
        }
        let fragment = percent_decode_str(inside.strip_prefix('#')?).decode_utf8().ok()?;
        match self.anchors.get(fragment.as_ref()) {
            Some(pointer) => self.root.pointer(pointer),
            None => self.root.pointer(&fragment),
        }
    }
}

fn find_anchors(value: &Value, at: &str, into: &mut HashMap<String, String>) {
    match value {
        Value::Object(members) => {
            let text = |key: &str| members.get(key).and_then(Value::as_str);
            let named = ["$id", "id"].into_iter().filter_map(|key| text(key)?.strip_prefix('#'));
            for name in named.filter(|name| !name.is_empty()) {
                into.entry(name.to_owned()).or_insert_with(|| at.to_owned());
            }
            for (key, below) in members {
                find_anchors(below, &format!("{at}/{}", escaped(key)), into);
            }
        }
        Value::Array(items) => {
            for (index, below) in items.iter().enumerate() {
                find_anchors(below, &format!("{at}/{index}"), into);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A member's name in a JSON pointer.
pub(super) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// The members that `parts` name, in the order of the schema.
pub(super) fn members<'a>(parts: &[Part<'a>]) -> Vec<Member<'a>> {
    let mut found: Vec<Member<'a>> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for part in parts {
        for (name, schema) in part.schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let place = *places.entry(name).or_insert_with(|| {
                found.push(Member { name, parts: Vec::new(), required: false });
                found.len() - 1
            });
            found[place].parts.push(Part { schema, always: part.always });
        }
    }
    // What one branch of several demands is not demanded of the form: whoever fills it in chooses the branch.
    for part in parts.iter().filter(|part| part.always) {
        for name in part.schema.get("required").and_then(Value::as_array).into_iter().flatten() {
            if let Some(place) = name.as_str().and_then(|name| places.get(name)) {
                found[*place].required = true;
            }
        }
    }
    found
}

/// What speaks about the entry `index` of a list, or about any.
pub(super) fn entries<'a>(parts: &[Part<'a>], index: Option<usize>) -> Vec<Part<'a>> {
    let mut found = Vec::new();
    for part in parts {
        let mut add = |schema: &'a Value| found.push(Part { schema, always: part.always });
        let schema = part.schema;
        let tuple = schema.get("items").and_then(Value::as_array);
        match (tuple, index) {
            (Some(tuple), Some(index)) if index < tuple.len() => add(&tuple[index]),
            (Some(tuple), index) => {
                if index.is_none() {
                    tuple.iter().for_each(&mut add);
                }
                schema.get("additionalItems").filter(|rest| rest.is_object()).into_iter().for_each(&mut add);
            }
            (None, _) => schema.get("items").into_iter().for_each(&mut add),
        }
        schema.get("contains").into_iter().for_each(&mut add);
    }
    found
}

/// What speaks about a member that no `properties` name. `matches`: whether a pattern for names takes it.
pub(super) fn others<'a>(parts: &[Part<'a>], matches: impl Fn(&str) -> bool) -> Vec<Part<'a>> {
    let mut found = Vec::new();
    for part in parts {
        let before = found.len();
        for (pattern, schema) in
            part.schema.get("patternProperties").and_then(Value::as_object).into_iter().flatten()
        {
            if matches(pattern) {
                found.push(Part { schema, always: part.always });
            }
        }
        let rest = part.schema.get("additionalProperties").filter(|rest| rest.is_object());
        if let (Some(schema), true) = (rest, found.len() == before) {
            found.push(Part { schema, always: part.always });
        }
    }
    found
}
