//! The marks `ory.sh/kratos`: their meaning, their requirements for a value, and the marked values of an account (Kratos:
//! schema/extension.go, identity/extension_*.go).

use super::keywords::{BRANCH, IDENTIFIER, MARK, PATTERN, Problem};
use super::patterns;
use super::places::{Document, escaped};
use crate::identity::address::{self, Via, as_identifier};
use crate::identity::phone;
use jsonschema::{Keyword, ValidationError, ValidatorMap};
use regex::Regex;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};

/// What valid traits hold for the engine.
#[derive(Clone, Debug, Default)]
pub struct Extracted {
    /// Normalised, in schema order, each once.
    pub password_identifiers: Vec<String>,
    /// That receive codes to sign in with.
    pub code_identifiers: Vec<Address>,
    pub verifiable: Vec<Address>,
    pub recovery: Vec<Address>,
    /// The traits with every phone number that receives text messages in its one spelling (Kratos: identity/validator.go). `None`: they
    /// are as they were given.
    pub rewritten: Option<Value>,
}

impl Extracted {
    /// The traits as they are stored. `given`: as they were validated.
    pub fn traits(&self, given: Value) -> Value {
        self.rewritten.clone().unwrap_or(given)
    }

    /// The longest of its lists.
    pub(super) fn longest(&self) -> usize {
        let addresses = [&self.code_identifiers, &self.verifiable, &self.recovery];
        addresses.into_iter().map(Vec::len).fold(self.password_identifiers.len(), usize::max)
    }
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Address {
    /// Normalised.
    pub value: String,
    /// `email` or `sms`
    pub via: String,
}

/// What a value is marked as.
#[derive(Clone, Default, Debug)]
pub(crate) struct Mark {
    pub(crate) password_identifier: bool,
    pub(crate) any_identifier: bool,
    /// `email` or `sms`: receives codes to sign in with.
    pub(crate) code_identifier: Option<String>,
    /// `email` or `sms`
    pub(crate) verification: Option<String>,
    recovery: Option<String>,
}

impl Mark {
    pub(super) fn read(extension: &Value) -> Self {
        let flag = |pointer: &str| extension.pointer(pointer).and_then(Value::as_bool).unwrap_or(false);
        let via = |pointer: &str| {
            extension
                .pointer(pointer)
                .and_then(Value::as_str)
                .filter(|via| !via.is_empty())
                .map(str::to_owned)
        };
        let password_identifier = flag("/credentials/password/identifier");
        let others = [
            "/credentials/webauthn/identifier",
            "/credentials/code/identifier",
            "/credentials/passkey/display_name",
            "/credentials/totp/account_name",
        ];
        Self {
            password_identifier,
            any_identifier: password_identifier || others.into_iter().any(flag),
            code_identifier: flag("/credentials/code/identifier")
                .then(|| via("/credentials/code/via").unwrap_or_else(|| "email".to_owned())),
            verification: via("/verification/via"),
            recovery: via("/recovery/via"),
        }
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self {
            password_identifier: self.password_identifier || other.password_identifier,
            any_identifier: self.any_identifier || other.any_identifier,
            code_identifier: self.code_identifier.or(other.code_identifier),
            verification: self.verification.or(other.verification),
            recovery: self.recovery.or(other.recovery),
        }
    }

    /// What the value has to be where the schema names no format: what is written to is an address.
    fn needs(&self) -> &'static str {
        match [&self.verification, &self.recovery, &self.code_identifier]
            .into_iter()
            .flatten()
            .next()
            .map(String::as_str)
        {
            Some("email") => "email",
            Some("sms") => "tel",
            _ => "",
        }
    }

    pub(super) fn names_somebody(&self) -> bool {
        self.any_identifier || self.verification.is_some() || self.recovery.is_some()
    }
}

/// A schema made ready for the validator: patterns are RE2's, and marks ask for what they need.
#[derive(Default)]
pub(super) struct Prepared {
    pub(super) patterns: HashMap<String, Regex>,
    /// JSON pointers of what has to be tried by itself.
    pub(super) branches: Vec<String>,
    pub(super) problems: Vec<Problem>,
}

/// Members whose members are schemas, whatever they are called.
const MAPS: [&str; 4] = ["properties", "patternProperties", "definitions", "dependencies"];
/// Members that are data.
const DATA: [&str; 5] = ["enum", "const", "default", "examples", MARK];

impl Prepared {
    /// A `$ref` may lead anywhere in the document, so all of it is looked at.
    pub(super) fn schema(&mut self, value: &mut Value, at: &str) {
        match value {
            Value::Array(list) => {
                for (index, below) in list.iter_mut().enumerate() {
                    self.schema(below, &format!("{at}/{index}"));
                }
            }
            Value::Object(schema) => {
                self.mark(schema, at);
                if let Some(Value::String(pattern)) = schema.get("pattern") {
                    let pattern = pattern.clone();
                    match patterns::of_values(&pattern) {
                        Ok(regex) => {
                            self.patterns.insert(pattern.clone(), regex);
                            schema.shift_remove("pattern");
                            schema.insert(PATTERN.to_owned(), pattern.into());
                        }
                        Err(why) => self.problems.push((format!("{at}/pattern"), why)),
                    }
                }
                if let Some(Value::Object(named)) = schema.get_mut("patternProperties") {
                    *named = self.names(std::mem::take(named), at);
                }
                for (key, below) in schema.iter_mut().filter(|(key, _)| !DATA.contains(&key.as_str())) {
                    let at = format!("{at}/{}", escaped(key));
                    match (key.as_str(), below) {
                        (key, Value::Object(map)) if MAPS.contains(&key) => {
                            for (name, below) in map {
                                self.schema(below, &format!("{at}/{}", escaped(name)));
                            }
                        }
                        ("anyOf" | "oneOf", Value::Array(list)) => {
                            for (index, below) in list.iter_mut().enumerate() {
                                self.branch(below, &format!("{at}/{index}"));
                            }
                        }
                        ("if" | "contains", below) => self.branch(below, &at),
                        (_, below) => self.schema(below, &at),
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// What a value may or may not fit: whether its marks count has to be tried.
    fn branch(&mut self, value: &mut Value, at: &str) {
        self.schema(value, at);
        if let Value::Object(schema) = value {
            let pointer = format!("#{at}");
            schema.insert(BRANCH.to_owned(), pointer.clone().into());
            self.branches.push(pointer);
        }
    }

    fn mark(&mut self, schema: &mut Map<String, Value>, at: &str) {
        let Some(extension) = schema.get(MARK) else { return };
        for pointer in ["/verification/via", "/recovery/via", "/credentials/code/via"] {
            let via = extension.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            if !matches!(via, "" | "email" | "sms") {
                let what = "Use \"email\" or \"sms\".".to_owned();
                self.problems.push((format!("{at}/{MARK}{pointer}"), what));
            }
        }
        let mark = Mark::read(extension);
        let needs = match schema.get("format").and_then(Value::as_str) {
            // These two say it themselves.
            Some("email" | "tel") => return,
            Some(_) => "",
            None => mark.needs(),
        };
        if mark.names_somebody() {
            schema.insert(IDENTIFIER.to_owned(), needs.into());
        }
    }

    fn names(&mut self, named: Map<String, Value>, at: &str) -> Map<String, Value> {
        let mut all = Map::new();
        for (pattern, below) in named {
            match patterns::of_names(&pattern) {
                Ok((text, regex)) => {
                    self.patterns.insert(text.clone(), regex);
                    // Two patterns that read alike hold both.
                    match all.remove(&text) {
                        Some(earlier) => all.insert(text, serde_json::json!({ "allOf": [earlier, below] })),
                        None => all.insert(text, below),
                    };
                }
                Err(why) => self.problems.push((format!("{at}/patternProperties/{pattern}"), why)),
            }
        }
        all
    }
}

/// `pattern`
pub(super) struct Matches(pub(super) String, pub(super) Option<Regex>);

impl<'i> Keyword<'i> for Matches {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        match Keyword::is_valid(self, instance) {
            true => Ok(()),
            false => Err(ValidationError::custom(self.0.clone())),
        }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        let text = instance.as_str();
        text.is_none_or(|text| self.1.as_ref().is_some_and(|regex| regex.is_match(text)))
    }
}

/// An identifier is shown to users, and an address receives messages: `email`, `tel` or neither.
pub(super) struct Readable(pub(super) String);

impl<'i> Keyword<'i> for Readable {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        match Keyword::is_valid(self, instance) {
            true => Ok(()),
            false => Err(ValidationError::custom(self.0.clone())),
        }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        let texts = instance.as_array().map_or(std::slice::from_ref(instance), Vec::as_slice);
        let fits = match self.0.as_str() {
            "email" => address::is_email,
            "tel" => phone::is_phone_number,
            _ => address::is_readable,
        };
        texts.iter().filter_map(Value::as_str).all(fits)
    }
}

/// What tells which values are marked as what.
pub(super) struct Marks<'a> {
    pub(super) document: &'a Document,
    pub(super) patterns: &'a HashMap<String, Regex>,
    pub(super) branches: Option<&'a ValidatorMap>,
}

impl<'a> Marks<'a> {
    /// The marks on valid `instance`: in all that its schema says of it, but for branches that do not fit. `order`: what comes first
    /// in the schema, by the name of a field.
    pub(super) fn extract(&self, instance: &'a Value, order: impl Fn(&str) -> usize) -> Extracted {
        let mut found = Found { list: Vec::new(), seen: HashSet::new() };
        self.look(self.document.root(), instance, "", &mut found);
        let mut found: Vec<_> =
            found.list.into_iter().map(|(name, value, mark)| (order(&name), value, mark)).collect();
        found.sort_by_key(|(place, _, _)| *place);
        let mut extracted = Extracted { rewritten: rewritten(instance, &found), ..Extracted::default() };
        // A list may hold thousands: each is looked up, not searched for.
        let mut seen = HashSet::new();
        for (_, value, mark) in found {
            let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            for value in values.iter().filter_map(as_identifier).filter(|value| !value.is_empty()) {
                if mark.password_identifier && seen.insert(("identifier", String::new(), value.clone())) {
                    extracted.password_identifiers.push(value.clone());
                }
                for (purpose, via, list) in [
                    ("code", &mark.code_identifier, &mut extracted.code_identifiers),
                    ("verifiable", &mark.verification, &mut extracted.verifiable),
                    ("recovery", &mark.recovery, &mut extracted.recovery),
                ] {
                    let Some(via) = via else { continue };
                    if seen.insert((purpose, via.clone(), value.clone())) {
                        list.push(Address { value: value.clone(), via: via.clone() });
                    }
                }
            }
        }
        extracted
    }

    fn look(&self, schema: &'a Value, value: &'a Value, name: &str, found: &mut Found<'a>) {
        let Value::Object(keywords) = schema else { return };
        // A schema may hold itself, or be referred to twice.
        if !found.seen.insert((std::ptr::from_ref(schema), std::ptr::from_ref(value))) {
            return;
        }
        if let Some(reference) = keywords.get("$ref").and_then(Value::as_str) {
            if let Some(target) = self.document.target(reference) {
                self.look(target, value, name, found);
            }
            return;
        }
        if let Some(extension) = keywords.get(MARK) {
            found.list.push((name.to_owned(), value, Mark::read(extension)));
        }
        let list = |keyword: &str| keywords.get(keyword).and_then(Value::as_array).into_iter().flatten();
        for below in list("allOf") {
            self.look(below, value, name, found);
        }
        for below in list("anyOf").chain(list("oneOf")).filter(|branch| self.fits(branch, value)) {
            self.look(below, value, name, found);
        }
        if let Some(condition) = keywords.get("if") {
            let fits = self.fits(condition, value);
            let all = [(condition, fits)].into_iter();
            let all = all.chain(keywords.get("then").map(|then| (then, fits)));
            for (below, _) in
                all.chain(keywords.get("else").map(|other| (other, !fits))).filter(|(_, fits)| *fits)
            {
                self.look(below, value, name, found);
            }
        }
        match value {
            Value::Object(members) => self.look_into_object(keywords, value, members, name, found),
            Value::Array(entries) => self.look_into_list(keywords, entries, name, found),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn look_into_object(
        &self,
        keywords: &'a Map<String, Value>,
        value: &'a Value,
        members: &'a Map<String, Value>,
        name: &str,
        found: &mut Found<'a>,
    ) {
        let map = |keyword: &str| keywords.get(keyword).and_then(Value::as_object);
        for (_, below) in
            map("dependencies").into_iter().flatten().filter(|(member, _)| members.contains_key(*member))
        {
            self.look(below, value, name, found);
        }
        let (properties, patterns) = (map("properties"), map("patternProperties"));
        for (member, value) in members {
            let name = if name.is_empty() { member.clone() } else { format!("{name}.{member}") };
            let named = properties.and_then(|properties| properties.get(member));
            let matching = patterns.into_iter().flatten().filter(|(pattern, _)| {
                self.patterns.get(*pattern).is_some_and(|regex| regex.is_match(member))
            });
            let mut all: Vec<&Value> = named.into_iter().chain(matching.map(|(_, below)| below)).collect();
            if all.is_empty() {
                all.extend(keywords.get("additionalProperties"));
            }
            for below in all {
                self.look(below, value, &name, found);
            }
        }
    }

    fn look_into_list(
        &self,
        keywords: &'a Map<String, Value>,
        entries: &'a [Value],
        name: &str,
        found: &mut Found<'a>,
    ) {
        for (index, value) in entries.iter().enumerate() {
            let name = format!("{name}.{index}");
            let below = match keywords.get("items") {
                Some(Value::Array(tuple)) => tuple.get(index).or_else(|| keywords.get("additionalItems")),
                one => one,
            };
            if let Some(below) = below {
                self.look(below, value, &name, found);
            }
            if let Some(below) = keywords.get("contains").filter(|below| self.fits(below, value)) {
                self.look(below, value, &name, found);
            }
        }
    }

    fn fits(&self, branch: &Value, value: &Value) -> bool {
        let pointer = branch.get(BRANCH).and_then(Value::as_str);
        let validator = pointer.and_then(|pointer| self.branches?.get(pointer));
        validator.map_or(*branch == Value::Bool(true), |validator| validator.is_valid(value))
    }
}

/// The traits of `instance` with every marked phone number as it is stored. `None`: they are so already.
fn rewritten(instance: &Value, found: &[(usize, &Value, Mark)]) -> Option<Value> {
    let receives = |mark: &Mark| {
        let all = [&mark.code_identifier, &mark.verification, &mark.recovery];
        all.into_iter().flatten().any(|via| via == Via::Sms.name())
    };
    let marked = found.iter().filter(|(_, _, mark)| receives(mark));
    let values =
        marked.flat_map(|(_, value, _)| value.as_array().map_or(std::slice::from_ref(*value), Vec::as_slice));
    let numbers: HashMap<*const Value, String> = values
        .filter_map(|value| {
            let text = value.as_str()?;
            let number = phone::e164(text).filter(|number| number != text)?;
            Some((std::ptr::from_ref(value), number))
        })
        .collect();
    (!numbers.is_empty()).then(|| with_numbers(&instance["traits"], &numbers))
}

fn with_numbers(value: &Value, numbers: &HashMap<*const Value, String>) -> Value {
    match value {
        Value::String(_) => numbers
            .get(&std::ptr::from_ref(value))
            .map_or_else(|| value.clone(), |number| Value::String(number.clone())),
        Value::Array(list) => list.iter().map(|entry| with_numbers(entry, numbers)).collect(),
        Value::Object(members) => Value::Object(
            members.iter().map(|(name, value)| (name.clone(), with_numbers(value, numbers))).collect(),
        ),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

struct Found<'a> {
    /// Names of fields, values, and what these are marked as.
    list: Vec<(String, &'a Value, Mark)>,
    seen: HashSet<(*const Value, *const Value)>,
}
