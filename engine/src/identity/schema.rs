//! Identity schemas: JSON Schema with the `ory.sh/kratos` extension (Kratos: schema/extension.go). Draft 7 unless the schema names an
//! earlier one.

mod fields;
mod keywords;
mod marks;
mod patterns;
mod places;
mod violations;

use super::address::{Via, is_email};
use super::phone::is_phone_number;
use crate::limits_table::IDENTIFIERS;
use crate::ui::text;
pub use fields::{Place, Step, Trait, TraitKind};
use jsonschema::{Draft, PatternOptions, ValidationError, Validator, ValidatorMap};
use keywords::{IDENTIFIER, MARK, PATTERN, Problem};
pub use marks::{Address, Extracted};
use marks::{Marks, Matches, Prepared, Readable};
use places::{Document, Part, members};
use regex::Regex;
use serde_json::{Map, Value, json};
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;
pub use violations::{AtMost, Violation};

/// A compiled identity schema.
pub struct Schema {
    written: Value,
    /// The same, made ready for the validator.
    document: Document,
    validator: Validator,
    /// What decides whether the marks of a branch count, by JSON pointer; `None`: there is no branch.
    branches: Option<ValidatorMap>,
    /// By their texts in `document`.
    patterns: Arc<HashMap<String, Regex>>,
    traits: Vec<Trait>,
}

/// Those that Kratos reads.
const DRAFTS: [&str; 4] = [
    "http://json-schema.org/schema#",
    "http://json-schema.org/draft-07/schema#",
    "http://json-schema.org/draft-06/schema#",
    "http://json-schema.org/draft-04/schema#",
];
impl Schema {
    /// # Errors
    /// JSON pointer and what is wrong there, for each problem. Nothing is fetched: a `$ref` to elsewhere is one.
    pub fn compile(document: &Value) -> Result<Self, Vec<Problem>> {
        let draft = document.get("$schema").map(|draft| draft.as_str().unwrap_or_default());
        if draft.is_some_and(|draft| !DRAFTS.contains(&draft)) {
            let what = "Use draft 7, 6 or 4 of JSON Schema, which Kratos supports.".to_owned();
            return Err(vec![("/$schema".to_owned(), what)]);
        }
        let mut prepared = Prepared::default();
        let mut ready = document.clone();
        prepared.schema(&mut ready, "");
        if !prepared.problems.is_empty() {
            return Err(prepared.problems);
        }
        let patterns = Arc::new(prepared.patterns);
        // Kratos' patterns are those of RE2, which takes time in proportion to the text. An engine that backtracks would take the
        // same patterns, and some texts would keep it busy for seconds.
        let mut options = jsonschema::options().offline().with_pattern_options(PatternOptions::regex());
        // As Kratos' validator has it; `schema#` alone is the newest that it knows.
        if draft.is_none() || draft == Some(DRAFTS[0]) {
            options = options.with_draft(Draft::Draft7);
            ready.as_object_mut().and_then(|ready| ready.shift_remove("$schema"));
        }
        let of_values = patterns.clone();
        let options = options
            .should_validate_formats(true)
            .with_format("email", is_email)
            .with_format("tel", is_phone_number)
            .with_keyword(PATTERN, move |_, value, _| {
                let pattern = value.as_str().unwrap_or_default();
                Ok(Box::new(Matches(pattern.to_owned(), of_values.get(pattern).cloned())))
            })
            .with_keyword(IDENTIFIER, |_, value, _| {
                Ok(Box::new(Readable(value.as_str().unwrap_or_default().to_owned())))
            });
        let wrong = |error: ValidationError<'_>| {
            vec![(error.instance_path().to_string(), error.masked().to_string())]
        };
        let validator = options.build(&ready).map_err(wrong)?;
        let branches = match prepared.branches.as_slice() {
            [] => None,
            all => {
                let branches = options.build_map(&ready).map_err(wrong)?;
                if let Some(missing) = all.iter().find(|pointer| !branches.contains_key(pointer)) {
                    return Err(vec![(missing.clone(), "Invalid schema.".to_owned())]);
                }
                Some(branches)
            }
        };
        let written = document.clone();
        let document = Document::new(ready);
        if document.traits().is_empty() {
            let what = "An identity schema describes its traits under /properties/traits.".to_owned();
            return Err(vec![("/properties/traits".to_owned(), what)]);
        }
        let traits = fields::leaves(&document, &document.traits()).map_err(|problem| vec![problem])?;
        Ok(Self { written, document, validator, branches, patterns, traits })
    }

    /// Whether an identity of this schema can have an address of that kind to verify.
    pub fn verifies(&self, via: Via) -> bool {
        self.has_mark(&|mark| mark.pointer("/verification/via").and_then(Value::as_str) == Some(via.name()))
    }

    /// Whether an identity of this schema can have an address of that kind to recover its account with.
    pub fn recovers(&self, via: Via) -> bool {
        self.has_mark(&|mark| mark.pointer("/recovery/via").and_then(Value::as_str) == Some(via.name()))
    }

    /// Whether an identity of this schema can have an address of that kind to sign in with by a code.
    pub fn signs_in(&self, via: Via) -> bool {
        self.has_mark(&|mark| marks::Mark::read(mark).code_identifier.as_deref() == Some(via.name()))
    }

    /// Whether an identity of this schema can have anything that it is signed in with.
    pub fn has_identifier(&self) -> bool {
        self.has_mark(&|mark| marks::Mark::read(mark).any_identifier)
    }

    fn has_mark(&self, wanted: &dyn Fn(&Value) -> bool) -> bool {
        fn has(part: &Value, wanted: &dyn Fn(&Value) -> bool) -> bool {
            part.get(MARK).is_some_and(wanted)
                || match part {
                    Value::Object(members) => members.values().any(|below| has(below, wanted)),
                    Value::Array(items) => items.iter().any(|below| has(below, wanted)),
                    Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
                }
        }
        has(&self.written, wanted)
    }

    /// As it was written.
    pub fn document(&self) -> &Value {
        &self.written
    }

    /// The leaves, in schema order.
    pub fn traits(&self) -> &[Trait] {
        &self.traits
    }

    /// Names of the leaves, in schema order.
    pub fn names(&self) -> Vec<String> {
        self.traits.iter().map(|leaf| leaf.name.clone()).collect()
    }

    /// Where the value of the field `name` belongs; `None` for a field that the schema does not know.
    pub fn place(&self, name: &str) -> Option<Place> {
        fields::find(&self.document, &self.patterns, name)
    }

    /// The one leaf that can be signed in with, if it is one.
    pub fn only_identifier(&self) -> Option<&Trait> {
        let mut all = self.traits.iter().filter(|leaf| leaf.mark.any_identifier);
        all.next().filter(|_| all.next().is_none())
    }

    /// Names of the identifiers that no email verifies, such as a username.
    pub fn unproven_identifiers(&self) -> impl Iterator<Item = &str> {
        let unverified =
            |leaf: &&Trait| leaf.mark.any_identifier && leaf.mark.verification.as_deref() != Some("email");
        self.traits.iter().filter(unverified).map(|leaf| leaf.name.as_str())
    }

    /// Makes the objects that the schema nests, so that a form is asked for a required leaf of an optional object (measured). For
    /// forms only: elsewhere an object that is not there is not there.
    pub fn nest(&self, traits: &mut Value) {
        self.nest_below(&self.document.traits(), traits, &mut HashSet::new());
    }

    fn nest_below<'a>(
        &'a self,
        starts: &[Part<'a>],
        value: &mut Value,
        on_the_way: &mut HashSet<*const Value>,
    ) {
        let Value::Object(present) = value else { return };
        for member in members(&self.unconditional(starts)) {
            let below = self.unconditional(&member.parts);
            let Some(first) = below.iter().find(|part| part.schema.get("properties").is_some()) else {
                continue;
            };
            // A schema that holds itself ends there.
            let own = std::ptr::from_ref(first.schema);
            if on_the_way.insert(own) {
                let nested = present.entry(member.name).or_insert_with(|| Value::Object(Map::new()));
                self.nest_below(&below, nested, on_the_way);
                on_the_way.remove(&own);
            }
        }
    }

    fn unconditional<'a>(&'a self, starts: &[Part<'a>]) -> Vec<Part<'a>> {
        self.document.same(starts).into_iter().filter(|part| part.always).collect()
    }

    /// Checks, and says what the traits hold.
    ///
    /// # Errors
    /// The first violations, as [`violations::told`] puts them.
    pub fn validate(&self, traits: &Value, at_most: AtMost) -> Result<Extracted, Vec<Violation>> {
        let instance = json!({ "traits": traits });
        let violations = violations::told(self.validator.iter_errors(&instance), &self.traits, at_most);
        if !violations.is_empty() {
            return Err(violations);
        }
        let marks =
            Marks { document: &self.document, patterns: &self.patterns, branches: self.branches.as_ref() };
        let extracted = marks.extract(&instance, |name| self.order(name));
        let most = extracted.longest();
        if most > IDENTIFIERS.count() {
            let marked =
                self.traits.iter().find(|leaf| leaf.kind == TraitKind::List && leaf.mark.names_somebody());
            let pointer = marked.map_or_else(|| "traits".to_owned(), |leaf| leaf.name.clone());
            return Err(vec![Violation {
                pointer,
                text: text::too_many_items(IDENTIFIERS.count() as u64, most),
            }]);
        }
        Ok(extracted)
    }

    /// Which leaf a place in the traits is in; what no form shows comes last.
    fn order(&self, name: &str) -> usize {
        let within = |leaf: &Trait| {
            name.strip_prefix(&leaf.name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.traits.iter().position(within).unwrap_or(self.traits.len())
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schema").field("traits", &self.traits).finish_non_exhaustive()
    }
}
