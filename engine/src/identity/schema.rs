//! Identity schemas: JSON Schema with the `ory.sh/kratos` extension (Kratos: schema/extension.go).

use super::normalise_identifier;
use crate::limits_table::QUOTED;
use crate::ui::{Text, text};
use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{PatternOptions, ValidationError, Validator};
use serde_json::{Map, Value, json};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::fmt;

/// A compiled identity schema.
pub struct Schema {
    document: Value,
    validator: Validator,
    traits: Vec<Trait>,
}

/// A leaf of the traits.
#[derive(Clone, Debug)]
pub struct Trait {
    /// `traits.name.first`
    pub name: String,
    pub kind: TraitKind,
    pub title: Option<String>,
    pub pattern: Option<String>,
    pub required: bool,
    pub disabled: bool,
    password_identifier: bool,
    any_identifier: bool,
    /// `email` or `sms`
    pub(crate) verification: Option<String>,
    recovery: Option<String>,
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

/// What valid traits hold for the engine.
#[derive(Clone, Debug, Default)]
pub struct Extracted {
    /// Normalised, in schema order, each once.
    pub password_identifiers: Vec<String>,
    pub verifiable: Vec<Address>,
    pub recovery: Vec<Address>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Address {
    /// Normalised.
    pub value: String,
    /// `email` or `sms`
    pub via: String,
}

/// A trait that does not fit, by the name of its field.
#[derive(Clone, Debug)]
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

/// Deeper schemas are refused when they are compiled.
const DEEPEST: usize = 16;

impl Schema {
    /// # Errors
    /// JSON pointer and what is wrong there, for each problem. Nothing is fetched: a `$ref` to elsewhere is one.
    pub fn compile(document: &Value) -> Result<Self, Vec<(String, String)>> {
        // Kratos' patterns are those of RE2, which takes time in proportion to the text. An engine that backtracks would take the
        // same patterns, and some texts would keep it busy for seconds.
        let validator = jsonschema::options()
            .offline()
            .with_pattern_options(PatternOptions::regex())
            .should_validate_formats(true)
            .with_format("email", is_email)
            .with_format("tel", is_phone_number)
            .build(document)
            .map_err(|error| vec![(error.instance_path().to_string(), error.to_string())])?;
        let Some(root) = document.pointer("/properties/traits") else {
            let what = "An identity schema describes its traits under /properties/traits.".to_owned();
            return Err(vec![("/properties/traits".to_owned(), what)]);
        };
        let mut problems = Vec::new();
        let mut traits = Vec::new();
        collect(document, root, "traits", false, 0, &mut traits, &mut problems);
        if problems.is_empty() {
            Ok(Self { document: document.clone(), validator, traits })
        } else {
            Err(problems)
        }
    }

    /// Whether an identity of this schema can have an e-mail address that is to be proven.
    pub fn proves_email(&self) -> bool {
        fn has(part: &Value) -> bool {
            let via = part.pointer("/ory.sh~1kratos/verification/via").and_then(Value::as_str);
            via == Some("email")
                || match part {
                    Value::Object(members) => members.values().any(has),
                    Value::Array(items) => items.iter().any(has),
                    Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
                }
        }
        has(&self.document)
    }

    /// As it was written.
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// The leaves, in schema order.
    pub fn traits(&self) -> &[Trait] {
        &self.traits
    }

    /// Names of the leaves, in schema order.
    pub fn names(&self) -> Vec<String> {
        self.traits.iter().map(|leaf| leaf.name.clone()).collect()
    }

    /// The one leaf that can be signed in with, if it is one.
    pub fn only_identifier(&self) -> Option<&Trait> {
        let mut all = self.traits.iter().filter(|leaf| leaf.any_identifier);
        all.next().filter(|_| all.next().is_none())
    }

    /// Names of the leaves that people sign in with and that no mail proves, such as a user name.
    pub fn unproven_identifiers(&self) -> impl Iterator<Item = &str> {
        let unverified = |leaf: &&Trait| leaf.any_identifier && leaf.verification.as_deref() != Some("email");
        self.traits.iter().filter(unverified).map(|leaf| leaf.name.as_str())
    }

    /// Makes the objects that the schema nests, checks, and says what the traits hold.
    ///
    /// # Errors
    /// The first violations, at most so many in all and for one field: what kind of thing it is comes before how long it is
    /// (measured), and otherwise they are in the order found.
    pub fn validate(&self, traits: &mut Value, at_most: AtMost) -> Result<Extracted, Vec<Violation>> {
        if let Some(root) = self.document.pointer("/properties/traits") {
            self.nest(root, traits, 0);
        }
        let instance = json!({ "traits": traits });
        let (mut kinds, mut others) = (Told::new(at_most), Told::new(at_most));
        for error in self.validator.iter_errors(&instance) {
            let is_kind = matches!(error.kind(), ValidationErrorKind::Format { format } if format == "email" || format == "tel");
            if is_kind { kinds.add(&error) } else { others.add(&error) }
        }
        if !kinds.list.is_empty() || !others.list.is_empty() {
            for violation in others.list {
                kinds.push(violation);
            }
            return Err(kinds.list);
        }
        Ok(self.extract(&instance))
    }

    /// Objects exist once they are in the schema, so that a required leaf of an optional object is demanded (measured).
    fn nest(&self, schema: &Value, value: &mut Value, depth: usize) {
        let Some(properties) = resolve(&self.document, schema).get("properties").and_then(Value::as_object)
        else {
            return;
        };
        let Value::Object(members) = value else { return };
        for (key, below) in properties {
            let below = resolve(&self.document, below);
            if below.get("properties").is_some() && depth < DEEPEST {
                let member = members.entry(key.clone()).or_insert_with(|| Value::Object(Map::new()));
                self.nest(below, member, depth + 1);
            }
        }
    }

    fn extract(&self, instance: &Value) -> Extracted {
        let mut extracted = Extracted::default();
        // A list may hold thousands: each is looked up, not searched for.
        let mut seen = HashSet::new();
        for leaf in &self.traits {
            let pointer = format!("/{}", leaf.name.replace('.', "/"));
            let values: Vec<&str> = match instance.pointer(&pointer) {
                Some(Value::String(text)) => vec![text],
                Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
                Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => vec![],
            };
            for value in values.into_iter().map(normalise_identifier).filter(|value| !value.is_empty()) {
                if leaf.password_identifier && seen.insert(("identifier", "", value.clone())) {
                    extracted.password_identifiers.push(value.clone());
                }
                for (purpose, via, list) in [
                    ("verifiable", &leaf.verification, &mut extracted.verifiable),
                    ("recovery", &leaf.recovery, &mut extracted.recovery),
                ] {
                    let Some(via) = via else { continue };
                    if seen.insert((purpose, via, value.clone())) {
                        list.push(Address { value: value.clone(), via: via.clone() });
                    }
                }
            }
        }
        extracted
    }
}

/// Violations up to a number, in all and for one field.
struct Told {
    at_most: AtMost,
    list: Vec<Violation>,
    fields: HashMap<String, usize>,
}

impl Told {
    fn new(at_most: AtMost) -> Self {
        Self { at_most, list: Vec::new(), fields: HashMap::new() }
    }

    /// What is too much is not even put into words.
    fn add(&mut self, error: &ValidationError<'_>) {
        if self.list.len() < self.at_most.violations {
            self.push(violation(error));
        }
    }

    fn push(&mut self, violation: Violation) {
        if self.list.len() >= self.at_most.violations {
            return;
        }
        let of_field = self.fields.entry(violation.pointer.clone()).or_default();
        *of_field += 1;
        if *of_field <= self.at_most.per_field {
            self.list.push(violation);
        }
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schema").field("traits", &self.traits).finish_non_exhaustive()
    }
}

/// Follows a `$ref` inside the document.
fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let mut schema = schema;
    for _ in 0..DEEPEST {
        let Some(target) =
            schema.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'))
        else {
            break;
        };
        let Some(found) = document.pointer(target) else { break };
        schema = found;
    }
    schema
}

fn collect(
    document: &Value,
    schema: &Value,
    name: &str,
    required: bool,
    depth: usize,
    into: &mut Vec<Trait>,
    problems: &mut Vec<(String, String)>,
) {
    if depth > DEEPEST {
        problems.push((name.to_owned(), format!("Traits nest at most {DEEPEST} levels deep.")));
        return;
    }
    let schema = resolve(document, schema);
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        let demanded = |key: &String| {
            schema
                .get("required")
                .and_then(Value::as_array)
                .is_some_and(|list| list.iter().any(|entry| entry == key))
        };
        for (key, below) in properties {
            let name = format!("{name}.{key}");
            collect(document, below, &name, demanded(key), depth + 1, into, problems);
        }
        return;
    }
    let Some(kind) = kind(document, schema) else { return };
    let text = |key: &str| schema.get(key).and_then(Value::as_str).map(str::to_owned);
    let extension = schema.get("ory.sh/kratos").cloned().unwrap_or(Value::Null);
    let flag = |pointer: &str| extension.pointer(pointer).and_then(Value::as_bool).unwrap_or(false);
    let via =
        |pointer: &str| extension.pointer(pointer).and_then(Value::as_str).filter(|via| !via.is_empty());
    for pointer in ["/verification/via", "/recovery/via"] {
        if via(pointer).is_some_and(|via| !matches!(via, "email" | "sms")) {
            problems.push((format!("{name}{pointer}"), "Write \"email\" or \"sms\".".to_owned()));
        }
    }
    let password = flag("/credentials/password/identifier");
    let others = [
        "/credentials/webauthn/identifier",
        "/credentials/code/identifier",
        "/credentials/passkey/display_name",
        "/credentials/totp/account_name",
    ];
    into.push(Trait {
        name: name.to_owned(),
        kind,
        title: text("title").filter(|title| !title.is_empty()),
        pattern: text("pattern"),
        required,
        disabled: flag("/disableFormField"),
        password_identifier: password,
        any_identifier: password || others.into_iter().any(flag),
        verification: via("/verification/via").map(str::to_owned),
        recovery: via("/recovery/via").map(str::to_owned),
    });
}

/// `None`: no field shows it.
fn kind(document: &Value, schema: &Value) -> Option<TraitKind> {
    let types: Vec<&str> = match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => {
            several.iter().filter_map(Value::as_str).filter(|one| *one != "null").collect()
        }
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => vec![],
    };
    Some(match (types.first().copied().unwrap_or("string"), schema.get("format").and_then(Value::as_str)) {
        ("object", _) => return None,
        ("array", _) => {
            let items = schema.get("items").map(|items| resolve(document, items));
            if items.is_some_and(|items| items.get("type").is_some_and(|kind| kind == "object")) {
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

fn violation(error: &ValidationError<'_>) -> Violation {
    let mut pointer = field(&error.instance_path().to_string());
    let instance = error.instance().as_ref();
    let characters = || instance.as_str().map_or(0, |text| text.chars().count());
    let items = || instance.as_array().map_or(0, Vec::len);
    let shown = || text::quoted(instance.as_str().unwrap_or_default());
    let text = match error.kind() {
        ValidationErrorKind::Required { property } => {
            let property = property.as_str().unwrap_or_default();
            pointer = if pointer.is_empty() { property.to_owned() } else { format!("{pointer}.{property}") };
            text::required(property)
        }
        ValidationErrorKind::MinLength { limit } => text::too_short(*limit, characters()),
        ValidationErrorKind::MaxLength { limit } => text::too_long(*limit, characters()),
        ValidationErrorKind::Pattern { pattern } => text::pattern(pattern),
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
            text::generic(&text::quoted(&format!("There is no field for: {}.", unexpected.join(", "))))
        }
        other => text::generic(&format!("This does not fit ({}).", other.keyword())),
    };
    Violation { pointer, text }
}

/// `/traits/name/first` → `traits.name.first`. Members that the schema does not name may have names of any length: a message about
/// such a one is one about what it is in.
fn field(pointer: &str) -> String {
    let mut field = pointer.trim_start_matches('/').replace('/', ".");
    if let Some((at, _)) = field.char_indices().nth(QUOTED.count()) {
        field.truncate(at);
        field.truncate(field.rfind('.').unwrap_or(0));
    }
    field
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

/// As measured on Kratos: blanks around it are forgiven, the local part may be anything printable, the domain is ASCII
/// (an international one in its punycode form). A control character is never part of an address, and neither is one that nobody
/// sees: two accounts would have the same address for every reader.
pub(crate) fn is_email(text: &str) -> bool {
    /// RFC 5321 §4.5.3.1.3, without the angle brackets: nothing longer can be written to.
    const LONGEST: usize = 254;
    let text = text.trim_matches(' ');
    if text.len() > LONGEST {
        return false;
    }
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let dotted = |part: &str| !part.is_empty() && part.split('.').all(|label| !label.is_empty());
    dotted(local)
        && !local.chars().any(|letter| {
            letter.is_control()
                || letter.is_whitespace()
                || is_invisible(letter)
                || "()<>[]:;@\\,\"".contains(letter)
        })
        && dotted(domain)
        && domain.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
        && domain.split('.').all(|label| !label.starts_with('-') && !label.ends_with('-'))
}

/// Unicode's characters for format (Cf), fillers, and those that change the look of the one before them.
fn is_invisible(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{70f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// E.164 with the separators that people write.
pub(crate) fn is_phone_number(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    text.starts_with('+')
        && (6..=15).contains(&digits)
        && text.chars().skip(1).all(|letter| letter.is_ascii_digit() || " -()./".contains(letter))
}
