//! Bodies of forms → one JSON object with nested traits (Kratos: oryx/decoderx/http.go).

use super::schema::{Place, Schema, Step, TraitKind};
use chrono::{DateTime, NaiveDateTime, SecondsFormat};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};

/// Data that an app passes to hooks and emails. In a form it may be one string that contains an object.
pub const PAYLOAD: &str = "transient_payload";

/// How much a body may hold.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Objects and lists inside each other.
    pub depth: usize,
    /// Members of objects, entries of lists, fields of a form.
    pub members: usize,
}

impl Shape {
    /// Looks at JSON before a tree is made of it: one pass over its bytes. That it is JSON at all is for the parser to say.
    ///
    /// # Errors
    /// A sentence.
    pub fn check_json(self, body: &[u8]) -> Result<(), String> {
        let (mut depth, mut members) = (0_usize, 0_usize);
        let (mut in_text, mut escaped) = (false, false);
        for byte in body {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if in_text => escaped = true,
                b'"' => in_text = !in_text,
                _ if in_text => {}
                b'{' | b'[' => {
                    depth += 1;
                    // What is opened holds one more than it has commas.
                    members += 1;
                    if depth > self.depth {
                        return Err(format!("The body is nested deeper than {} levels.", self.depth));
                    }
                }
                b'}' | b']' => depth = depth.saturating_sub(1),
                b',' => members += 1,
                _ => {}
            }
            if members > self.members {
                return Err(self.too_many());
            }
        }
        Ok(())
    }

    /// The same for a form.
    ///
    /// # Errors
    /// A sentence.
    pub fn check_form(self, body: &[u8]) -> Result<(), String> {
        match body.split(|byte| *byte == b'&').count() > self.members {
            true => Err(self.too_many()),
            false => Ok(()),
        }
    }

    fn too_many(self) -> String {
        format!("The body has more than {} members and entries.", self.members)
    }
}

/// JSON: nested, or with the names of fields at the top, whose texts are read like those of a form (a page sends
/// `Object.fromEntries(new FormData(form))`). Unknown members are dropped. `transient_payload` may be one text that
/// holds the object.
///
/// # Errors
/// A sentence, for a body that is not an object.
pub fn json(body: Value, members: &[&str], schema: Option<&Schema>, shape: Shape) -> Result<Value, String> {
    let Value::Object(body) = body else {
        return Err("The body must be a JSON object with the fields of the form.".to_owned());
    };
    let mut decoded = Decoded::new(schema, shape);
    // What is nested first, wherever it stands: fields are laid over it.
    let (nested, fields): (Vec<_>, Vec<_>) =
        body.into_iter().partition(|(name, _)| members.contains(&name.as_str()));
    for (name, value) in nested {
        if name == TRAITS {
            let value = decoded.object(value);
            decoded.body.insert(name, value);
            continue;
        }
        match value {
            Value::String(text) if name == PAYLOAD => put_payload(&mut decoded.body, text),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => _ = decoded.body.insert(name, value),
        }
    }
    for (name, value) in fields {
        if !members.contains(&top(&name)) {
            continue;
        }
        match schema.filter(|_| top(&name) == TRAITS) {
            Some(schema) => decoded.field(schema, &name, vec![value]),
            None => put(&mut decoded.body, &name, value),
        }
    }
    Ok(decoded.finish())
}

/// A form. Of a trait that comes twice the first that is filled in counts (as in Kratos), but for a checkbox, which sends `false`
/// before its `true`, and for lists, which take all; of anything else the last. Texts become what the schema says, and stay texts when
/// they cannot. Fields of traits that the schema does not know are dropped.
pub fn form(pairs: &[(String, String)], members: &[&str], schema: Option<&Schema>, shape: Shape) -> Value {
    let mut fields: Vec<(&str, Vec<Value>)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (name, value) in pairs.iter().filter(|(name, _)| members.contains(&top(name))) {
        let place = *places.entry(name).or_insert_with(|| {
            fields.push((name, Vec::new()));
            fields.len() - 1
        });
        fields[place].1.push(value.clone().into());
    }
    let mut decoded = Decoded::new(schema, shape);
    for (name, values) in fields {
        match schema.filter(|_| top(name) == TRAITS) {
            Some(schema) => decoded.field(schema, name, values),
            None if name == PAYLOAD => {
                let texts = values.into_iter().filter_map(|value| value.as_str().map(str::to_owned));
                texts.for_each(|text| put_payload(&mut decoded.body, text));
            }
            None => {
                // An empty field is one that nobody filled in.
                if let Some(last) = values.into_iter().rfind(|value| *value != "") {
                    put(&mut decoded.body, name, last);
                }
            }
        }
    }
    decoded.finish()
}

const TRAITS: &str = "traits";

fn top(name: &str) -> &str {
    name.split(['.', '[']).next().unwrap_or_default()
}

/// A body that is being put together.
struct Decoded<'a> {
    body: Map<String, Value>,
    schema: Option<&'a Schema>,
    shape: Shape,
    /// Fields that name an entry of a list by its number: put in when all are known, in the order of the numbers.
    numbered: BTreeMap<Vec<Step>, Value>,
}

impl<'a> Decoded<'a> {
    fn new(schema: Option<&'a Schema>, shape: Shape) -> Self {
        Self { body: Map::new(), schema, shape, numbered: BTreeMap::new() }
    }

    /// Traits as one text of JSON, which old clients send; what is none stays a text, and the schema says so.
    fn object(&self, value: Value) -> Value {
        let text = value
            .as_str()
            .filter(|text| self.schema.is_some() && self.shape.check_json(text.as_bytes()).is_ok());
        let read = text.and_then(|text| serde_json::from_str::<Value>(text).ok());
        read.filter(Value::is_object).unwrap_or(value)
    }

    fn field(&mut self, schema: &Schema, name: &str, values: Vec<Value>) {
        let Some(place) = schema.place(name) else { return };
        if place.steps.last() == Some(&Step::Entry(None)) {
            for value in
                values.into_iter().filter_map(|value| self.value(&place, vec![value])).collect::<Vec<_>>()
            {
                self.put(place.steps.clone(), value);
            }
            return;
        }
        let Some(value) = self.value(&place, values) else { return };
        if place.steps.iter().any(|step| matches!(step, Step::Entry(Some(_)))) {
            self.numbered.entry(place.steps).or_insert(value);
        } else {
            self.put(place.steps, value);
        }
    }

    /// `None`: it was left empty.
    fn value(&self, place: &Place, mut values: Vec<Value>) -> Option<Value> {
        let Some(kind) = place.kind else {
            let value = values.into_iter().find(|value| *value != "" && !value.is_null())?;
            return Some(self.object(value));
        };
        match kind {
            TraitKind::List => {
                let all = values
                    .into_iter()
                    .flat_map(|value| if let Value::Array(entries) = value { entries } else { vec![value] });
                let kind = place.entries.unwrap_or(TraitKind::Text);
                let list: Vec<Value> = all.filter_map(|value| typed(kind, false, value)).collect();
                (!list.is_empty()).then_some(Value::Array(list))
            }
            TraitKind::Boolean => typed(kind, place.required, values.pop()?),
            TraitKind::Text
            | TraitKind::Email
            | TraitKind::Tel
            | TraitKind::Url
            | TraitKind::Date
            | TraitKind::DateTime
            | TraitKind::Number
            | TraitKind::Integer => values.into_iter().find_map(|value| typed(kind, place.required, value)),
        }
    }

    fn put(&mut self, steps: Vec<Step>, value: Value) {
        let mut at = self.body.entry(TRAITS).or_insert_with(|| Value::Object(Map::new()));
        for step in steps {
            let next = match step {
                Step::Member(name) => member(at, name),
                Step::Entry(_) => entry(at),
            };
            let Some(next) = next else { return };
            at = next;
        }
        match (at, value) {
            // A list may come by several names: `list`, `list[]`.
            (Value::Array(list), Value::Array(more)) => list.extend(more),
            (at, value) => *at = value,
        }
    }

    fn finish(mut self) -> Value {
        // The number that came last in each list: the next field with another number is another entry.
        let mut last: HashMap<Vec<Step>, Step> = HashMap::new();
        for (steps, value) in std::mem::take(&mut self.numbered) {
            let traits = self.body.entry(TRAITS).or_insert_with(|| Value::Object(Map::new()));
            if let Some(at) = numbered(traits, &steps, &mut last) {
                *at = value;
            }
        }
        Value::Object(self.body)
    }
}

fn numbered<'a>(
    traits: &'a mut Value,
    steps: &[Step],
    last: &mut HashMap<Vec<Step>, Step>,
) -> Option<&'a mut Value> {
    let mut at = traits;
    for (depth, step) in steps.iter().enumerate() {
        let is_number = matches!(step, Step::Entry(Some(_)));
        let same = is_number && last.insert(steps[..depth].to_vec(), step.clone()).as_ref() == Some(step);
        at = match step {
            Step::Member(name) => member(at, name.clone())?,
            Step::Entry(_) if same => at.as_array_mut()?.last_mut()?,
            Step::Entry(_) => entry(at)?,
        };
    }
    Some(at)
}

/// The member called `name`, made when it is not there; nothing else gives way to an object.
fn member(at: &mut Value, name: String) -> Option<&mut Value> {
    if at.is_null() {
        *at = Value::Object(Map::new());
    }
    Some(at.as_object_mut()?.entry(name).or_insert(Value::Null))
}

/// One more entry of a list.
fn entry(at: &mut Value) -> Option<&mut Value> {
    if at.is_null() {
        *at = Value::Array(Vec::new());
    }
    let list = at.as_array_mut()?;
    list.push(Value::Null);
    list.last_mut()
}

/// A field's value for the schema; `None` if it was left empty.
fn typed(kind: TraitKind, required: bool, value: Value) -> Option<Value> {
    let text = match value {
        Value::String(text) => text,
        Value::Null => return None,
        // JSON that says more than a form can.
        Value::Number(number) if !matches!(kind, TraitKind::Number | TraitKind::Integer) => {
            return Some(number.to_string().into());
        }
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            return Some(other);
        }
    };
    match kind {
        TraitKind::Boolean if text.is_empty() => required.then_some(false.into()),
        _ if text.is_empty() => None,
        TraitKind::Boolean => Some(boolean(&text)),
        TraitKind::Number | TraitKind::Integer => Some(number(&text)),
        TraitKind::DateTime => Some(date_time(text).into()),
        TraitKind::Text
        | TraitKind::Email
        | TraitKind::Tel
        | TraitKind::Url
        | TraitKind::Date
        | TraitKind::List => Some(text.into()),
    }
}

/// A payload as one text, which Kratos takes in JSON too. What comes besides by dotted names is part of it, whichever comes first.
fn put_payload(into: &mut Map<String, Value>, text: String) {
    let members = match serde_json::from_str(&text) {
        Ok(Value::Object(members)) => members,
        // An empty field is one that nobody filled in.
        _ if text.is_empty() => return,
        Ok(_) | Err(_) => return put(into, PAYLOAD, text.into()),
    };
    match into.get_mut(PAYLOAD) {
        Some(Value::Object(there)) => there.extend(members),
        Some(_) | None => put(into, PAYLOAD, Value::Object(members)),
    }
}

fn boolean(text: &str) -> Value {
    match text {
        "true" | "on" | "1" | "t" | "T" | "TRUE" | "True" => true.into(),
        "false" | "off" | "0" | "f" | "F" | "FALSE" | "False" => false.into(),
        other => other.into(),
    }
}

fn number(text: &str) -> Value {
    let text = text.trim();
    if let Ok(whole) = text.parse::<i64>() {
        return whole.into();
    }
    let number = text.parse::<f64>().ok().and_then(serde_json::Number::from_f64);
    number.map_or_else(|| text.into(), Value::Number)
}

/// HTML's field for date and time has neither zone nor, mostly, seconds; RFC 3339 wants both. What has none is UTC.
fn date_time(text: String) -> String {
    const FORMS: [&str; 2] = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S%.f"];
    let local = FORMS.into_iter().find_map(|form| NaiveDateTime::parse_from_str(&text, form).ok());
    local.map_or(text, |local| local.and_utc().to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

/// The other way round: a time as HTML's field for date and time shows it.
pub fn as_typed(time: &str) -> String {
    match DateTime::parse_from_rfc3339(time) {
        Ok(time) => time.naive_utc().format("%Y-%m-%dT%H:%M:%S%.f").to_string(),
        Err(_) => time.to_owned(),
    }
}

/// Sets `a.b.c`, making objects on the way; a name that leads through a value that is none is dropped.
fn put(into: &mut Map<String, Value>, name: &str, value: Value) {
    const DEEPEST: usize = 16;
    let mut parts: Vec<&str> = name.split('.').collect();
    let Some(key) = parts.pop().filter(|_| parts.len() < DEEPEST) else { return };
    let mut at = into;
    for part in parts {
        let next = at.entry(part).or_insert_with(|| Value::Object(Map::new()));
        let Some(next) = next.as_object_mut() else { return };
        at = next;
    }
    at.insert(key.to_owned(), value);
}

#[cfg(test)]
mod tests;
