//! Violations of a schema as Kratos' message numbers, at the fields of the form.

use super::fields::{Trait, TraitKind};
use super::keywords::{IDENTIFIER, PATTERN};
use crate::limits_table::QUOTED;
use crate::ui::{Text, text};
use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::Value;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// A trait that does not fit, by the name of its field.
#[derive(Clone, PartialEq, Debug)]
pub struct Violation {
    pub pointer: String,
    pub text: Text,
}

/// How many violations a form is told of.
#[derive(Clone, Copy, Debug)]
pub struct AtMost {
    pub violations: usize,
    pub per_field: usize,
}

/// The first violations, at most so many in all and for one field: what kind of thing it is comes before how long it is (measured),
/// and otherwise they are in the order found.
pub(super) fn told<'a>(
    errors: impl Iterator<Item = ValidationError<'a>>,
    traits: &[Trait],
    at_most: AtMost,
) -> Vec<Violation> {
    let (mut kinds, mut others) = (Told::new(at_most, traits), Told::new(at_most, traits));
    for error in errors {
        let is_kind = matches!(error.kind(), ValidationErrorKind::Format { format } if format == "email" || format == "tel");
        if is_kind { kinds.add(&error) } else { others.add(&error) }
    }
    for violation in others.list {
        kinds.push(violation);
    }
    kinds.list
}

/// Violations up to a number, in all and for one field.
struct Told<'a> {
    at_most: AtMost,
    traits: &'a [Trait],
    list: Vec<Violation>,
    fields: HashMap<String, usize>,
}

impl<'a> Told<'a> {
    fn new(at_most: AtMost, traits: &'a [Trait]) -> Self {
        Self { at_most, traits, list: Vec::new(), fields: HashMap::new() }
    }

    /// What is too much is not even put into words. Where no branch of several fits, each says what it misses (as in Kratos), once.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the validator has 40 kinds, and the words of all others come from `words`"
    )]
    fn add(&mut self, error: &ValidationError<'_>) {
        if self.list.len() >= self.at_most.violations {
            return;
        }
        match error.kind() {
            ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context }
                if context.iter().any(|branch| !branch.is_empty()) =>
            {
                context.iter().flatten().for_each(|error| self.add(error));
            }
            ValidationErrorKind::PropertyNames { error: name } => {
                let pointer = self.field(error.instance_path().as_str());
                self.push(Violation { pointer, text: words(name) });
            }
            _ => {
                let pointer = self.pointer(error);
                if self.fields.get(&pointer).is_none_or(|told| *told < self.at_most.per_field) {
                    self.push(Violation { pointer, text: words(error) });
                }
            }
        }
    }

    fn push(&mut self, violation: Violation) {
        if self.list.len() >= self.at_most.violations || self.list.contains(&violation) {
            return;
        }
        let of_field = self.fields.entry(violation.pointer.clone()).or_default();
        *of_field += 1;
        if *of_field <= self.at_most.per_field {
            self.list.push(violation);
        }
    }

    fn pointer(&self, error: &ValidationError<'_>) -> String {
        let pointer = self.field(error.instance_path().as_str());
        let ValidationErrorKind::Required { property } = error.kind() else { return pointer };
        let property = property.as_str().unwrap_or_default();
        if pointer.is_empty() { property.to_owned() } else { format!("{pointer}.{property}") }
    }

    /// `/traits/name/first` → `traits.name.first`. Members that the schema does not name may have names of any length: a message
    /// about such a one is one about what it is in. An entry of a list that a form shows has the list's field.
    fn field(&self, pointer: &str) -> String {
        let mut field = named(pointer);
        let list = self.traits.iter().find(|leaf| {
            let entry = field.strip_prefix(&leaf.name);
            leaf.kind == TraitKind::List && entry.is_some_and(|entry| entry.starts_with('.'))
        });
        if let Some(list) = list {
            return list.name.clone();
        }
        if let Some((at, _)) = field.char_indices().nth(QUOTED.count()) {
            field.truncate(at);
            field.truncate(field.rfind('.').unwrap_or(0));
        }
        field
    }
}

/// A JSON pointer as the name of a field.
fn named(pointer: &str) -> String {
    pointer.trim_start_matches('/').replace('/', ".").replace("~1", "/").replace("~0", "~")
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the validator has 40 kinds: those that a form can cause have their own words, the others name their keyword"
)]
fn words(error: &ValidationError<'_>) -> Text {
    let instance = error.instance().as_ref();
    let characters = || instance.as_str().map_or(0, |text| text.chars().count());
    let items = || instance.as_array().map_or(0, Vec::len);
    let shown = || text::quoted(instance.as_str().unwrap_or_default());
    match error.kind() {
        ValidationErrorKind::Required { property } => text::required(property.as_str().unwrap_or_default()),
        ValidationErrorKind::MinLength { limit } => text::too_short(*limit, characters()),
        ValidationErrorKind::MaxLength { limit } => text::too_long(*limit, characters()),
        ValidationErrorKind::Custom { keyword, message } if keyword == PATTERN => text::pattern(message),
        ValidationErrorKind::Custom { keyword, message } if keyword == IDENTIFIER => match message.as_str() {
            "email" => text::not_an_email(&shown()),
            "tel" => text::not_a_phone_number(&shown()),
            _ => text::unreadable(),
        },
        ValidationErrorKind::Minimum { limit } => text::below_minimum(limit, instance),
        ValidationErrorKind::ExclusiveMinimum { limit } => text::below_exclusive_minimum(limit, instance),
        ValidationErrorKind::Maximum { limit } => text::above_maximum(limit, instance),
        ValidationErrorKind::ExclusiveMaximum { limit } => text::above_exclusive_maximum(limit, instance),
        ValidationErrorKind::MultipleOf { multiple_of } => text::not_a_multiple(*multiple_of, instance),
        ValidationErrorKind::MaxItems { limit } => text::too_many_items(*limit, items()),
        ValidationErrorKind::MinItems { limit } => text::too_few_items(*limit, items()),
        ValidationErrorKind::UniqueItems => {
            let (one, other) = equal_pair(instance);
            text::equal_items(one, other)
        }
        ValidationErrorKind::Type { kind } => text::wrong_type(&allowed(kind), actual(instance)),
        ValidationErrorKind::Constant { expected_value } => text::not_the_constant(expected_value),
        ValidationErrorKind::Format { format } if format == "email" => text::not_an_email(&shown()),
        ValidationErrorKind::Format { format } if format == "tel" => text::not_a_phone_number(&shown()),
        ValidationErrorKind::Format { format } => text::generic(&format!("This is not a valid {format}.")),
        ValidationErrorKind::Enum { options } => {
            let options: Vec<String> = options
                .as_array()
                .into_iter()
                .flatten()
                .map(|option| option.as_str().map_or_else(|| option.to_string(), str::to_owned))
                .collect();
            text::generic(&format!("Choose one of: {}.", options.join(", ")))
        }
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            text::generic(&text::quoted(&format!("Unknown fields: {}.", unexpected.join(", "))))
        }
        other => text::generic(&format!("Invalid value ({}).", other.keyword())),
    }
}

fn allowed(kind: &TypeKind) -> Vec<String> {
    match kind {
        TypeKind::Single(one) => vec![one.to_string()],
        TypeKind::Multiple(several) => several.iter().map(|one| one.to_string()).collect(),
    }
}

fn actual(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The first two equal entries.
fn equal_pair(value: &Value) -> (usize, usize) {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut first: HashMap<String, usize> = HashMap::new();
    let mut pairs =
        items.iter().enumerate().filter_map(|(index, item)| match first.entry(item.to_string()) {
            Entry::Occupied(earlier) => Some((*earlier.get(), index)),
            Entry::Vacant(place) => {
                place.insert(index);
                None
            }
        });
    pairs.next().unwrap_or_default()
}
