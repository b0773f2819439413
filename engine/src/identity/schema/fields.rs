//! The fields of a form: the leaves of the traits, and the place in the traits for a field's name.

use super::keywords::{DEEPEST, MARK, PATTERN, Problem};
use super::marks::Mark;
use super::places::{Document, Part, entries, members, others};
use regex::Regex;
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// A leaf of the traits.
#[derive(Clone, Debug)]
pub struct Trait {
    /// `traits.name.first`
    pub name: String,
    /// Below the traits, member by member: a member's name may hold dots.
    pub path: Vec<String>,
    pub kind: TraitKind,
    pub title: Option<String>,
    pub pattern: Option<String>,
    pub required: bool,
    pub disabled: bool,
    /// Of a list, also what its entries are marked as.
    pub(crate) mark: Mark,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TraitKind {
    Text,
    Email,
    Tel,
    Url,
    Date,
    DateTime,
    Number,
    Integer,
    Boolean,
    /// Of primitives.
    List,
}

/// One step down into the traits.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Step {
    Member(String),
    /// Of a list; without a number one more entry.
    Entry(Option<usize>),
}

/// Where the value of a field belongs.
#[derive(Debug)]
pub struct Place {
    pub steps: Vec<Step>,
    /// `None`: an object.
    pub kind: Option<TraitKind>,
    /// Of a list.
    pub entries: Option<TraitKind>,
    pub required: bool,
}

/// The leaves below `starts`, in the order of the schema; lists of objects have no field that could show them.
pub(super) fn leaves(document: &Document, starts: &[Part<'_>]) -> Result<Vec<Trait>, Problem> {
    let mut walk = Walk { document, path: Vec::new(), on_the_way: HashSet::new(), found: Vec::new() };
    walk.descend(starts, false)?;
    Ok(walk.found)
}

struct Walk<'a> {
    document: &'a Document,
    path: Vec<String>,
    /// A schema that holds itself ends there.
    on_the_way: HashSet<*const Value>,
    found: Vec<Trait>,
}

impl<'a> Walk<'a> {
    fn descend(&mut self, starts: &[Part<'a>], required: bool) -> Result<(), Problem> {
        let mut parts = self.document.same(starts);
        parts.retain(|part| self.on_the_way.insert(std::ptr::from_ref(part.schema)));
        let below = members(&parts);
        if below.is_empty() {
            self.leaf(&parts, required);
        } else if self.path.len() >= DEEPEST {
            let pointer = format!("traits.{}", self.path.join("."));
            return Err((pointer, format!("Traits can be nested at most {DEEPEST} levels deep.")));
        }
        for member in below {
            self.path.push(member.name.to_owned());
            self.descend(&member.parts, member.required)?;
            self.path.pop();
        }
        for part in &parts {
            self.on_the_way.remove(&std::ptr::from_ref(part.schema));
        }
        Ok(())
    }

    fn leaf(&mut self, parts: &[Part<'a>], required: bool) {
        let Some(kind) = kind(self.document, parts).filter(|_| !parts.is_empty() && !self.path.is_empty())
        else {
            return;
        };
        let name = format!("traits.{}", self.path.join("."));
        if self.found.iter().any(|leaf| leaf.name == name) {
            return;
        }
        let text =
            |key: &str| parts.iter().find_map(|part| part.schema.get(key)?.as_str().map(str::to_owned));
        let mut marked = parts.to_vec();
        if kind == TraitKind::List {
            marked.extend(self.document.same(&entries(parts, None)));
        }
        let extensions = || marked.iter().filter_map(|part| part.schema.get(MARK));
        self.found.push(Trait {
            name,
            path: self.path.clone(),
            kind,
            title: text("title").filter(|title| !title.is_empty()),
            pattern: text(PATTERN),
            required,
            disabled: extensions().any(|mark| mark["disableFormField"] == true),
            mark: extensions().map(Mark::read).fold(Mark::default(), Mark::and),
        });
    }
}

/// `None`: no field shows it.
fn kind(document: &Document, parts: &[Part<'_>]) -> Option<TraitKind> {
    let format = parts.iter().find_map(|part| part.schema.get("format")?.as_str());
    let kind = parts.iter().find_map(|part| type_of(part.schema)).unwrap_or("string");
    Some(match (kind, format) {
        ("object", _) => return None,
        ("array", _) => {
            let below = document.same(&entries(parts, None));
            let is_nested = |part: &Part<'_>| matches!(type_of(part.schema), Some("object" | "array"));
            if below.iter().any(is_nested) || !members(&below).is_empty() {
                return None;
            }
            TraitKind::List
        }
        ("number", _) => TraitKind::Number,
        ("integer", _) => TraitKind::Integer,
        ("boolean", _) => TraitKind::Boolean,
        (_, Some("email")) => TraitKind::Email,
        (_, Some("tel")) => TraitKind::Tel,
        (_, Some("uri")) => TraitKind::Url,
        (_, Some("date")) => TraitKind::Date,
        (_, Some("date-time")) => TraitKind::DateTime,
        _ => TraitKind::Text,
    })
}

/// The first type that is not `null`; without one, the type of what is listed.
fn type_of(schema: &Value) -> Option<&str> {
    let listed = |value: &Value| match value {
        Value::Bool(_) => Some("boolean"),
        Value::Number(_) => Some("number"),
        Value::String(_) => Some("string"),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    match schema.get("type") {
        Some(Value::String(one)) => Some(one),
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).find(|one| *one != "null"),
        _ => schema.get("const").or_else(|| schema.get("enum")?.get(0)).and_then(listed),
    }
}

/// The place of the field `name`, `traits` or below; `None` for what the schema does not name. Entries of lists go by `list.0`,
/// `list[0]` and `list[]`, members also by `object[member]`.
pub(super) fn find(document: &Document, patterns: &HashMap<String, Regex>, name: &str) -> Option<Place> {
    let rest = name.strip_prefix("traits")?;
    Search { document, patterns }.below(&document.traits(), after(rest)?, &[], false)
}

struct Search<'a> {
    document: &'a Document,
    patterns: &'a HashMap<String, Regex>,
}

impl<'a> Search<'a> {
    fn below(&self, starts: &[Part<'a>], rest: &str, steps: &[Step], required: bool) -> Option<Place> {
        let parts = self.document.same(starts);
        if parts.is_empty() || steps.len() > DEEPEST {
            return None;
        }
        let kind = kind(self.document, &parts).filter(|_| members(&parts).is_empty() && !steps.is_empty());
        if rest.is_empty() {
            let below = self.document.same(&entries(&parts, None));
            let entries =
                if kind == Some(TraitKind::List) { self::kind(self.document, &below) } else { None };
            return Some(Place { steps: steps.to_vec(), kind, entries, required });
        }
        let further = |step: Step| [steps, &[step]].concat();
        let (head, tail, in_brackets) = head(rest);
        let mut named = members(&parts);
        // Of `a` and `a.b`, both members, the longer one is meant.
        named.sort_by_key(|member| std::cmp::Reverse(member.name.len()));
        for member in &named {
            let after = if in_brackets {
                (member.name == head).then_some(tail)
            } else {
                rest.strip_prefix(member.name).and_then(after)
            };
            let found = after.and_then(|after| {
                self.below(
                    &member.parts,
                    after,
                    &further(Step::Member(member.name.to_owned())),
                    member.required,
                )
            });
            if found.is_some() {
                return found;
            }
        }
        let index = if head.is_empty() && in_brackets { Some(None) } else { head.parse().ok().map(Some) };
        if let Some(index) = index.filter(|_| parts.iter().any(|part| type_of(part.schema) == Some("array")))
        {
            return self.below(&entries(&parts, index), tail, &further(Step::Entry(index)), false);
        }
        if head.is_empty() || named.iter().any(|member| member.name == head) {
            return None;
        }
        let matches = |pattern: &str| self.patterns.get(pattern).is_some_and(|regex| regex.is_match(head));
        self.below(&others(&parts, matches), tail, &further(Step::Member(head.to_owned())), false)
    }
}

/// What follows a member's name, if the name ends there.
fn after(rest: &str) -> Option<&str> {
    match rest.chars().next() {
        None => Some(rest),
        Some('.') => rest.get(1..).filter(|rest| !rest.is_empty()),
        Some('[') => Some(rest),
        Some(_) => None,
    }
}

/// The first name or number, what follows, and whether it stands in brackets.
fn head(rest: &str) -> (&str, &str, bool) {
    if let Some((inside, tail)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (inside, tail.strip_prefix('.').unwrap_or(tail), true);
    }
    let end = rest.find(['.', '[']).unwrap_or(rest.len());
    let (head, tail) = rest.split_at(end);
    (head, tail.strip_prefix('.').unwrap_or(tail), false)
}
