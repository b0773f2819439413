//! Bodies of forms → one JSON object with nested traits (Kratos: oryx/decoderx/http.go).

use super::schema::{Schema, TraitKind};
use serde_json::{Map, Value};

/// What an app hands through to hooks and mails. In a form it may be one text that holds an object.
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
                        return Err(format!(
                            "The body has more than {} objects and lists inside each other.",
                            self.depth
                        ));
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

/// JSON: nested or with dotted names at the top; unknown members are dropped. `transient_payload` may be one text that holds the object.
///
/// # Errors
/// A sentence, for a body that is not an object.
pub fn json(body: Value, members: &[&str]) -> Result<Value, String> {
    let Value::Object(body) = body else {
        return Err("The body has to be a JSON object with the form's fields.".to_owned());
    };
    let mut decoded = Map::new();
    for (name, value) in body {
        let top = name.split('.').next().unwrap_or_default();
        if !members.contains(&top) {
            continue;
        }
        match value {
            Value::String(text) if name == PAYLOAD => put_payload(&mut decoded, text),
            value => put(&mut decoded, &name, value),
        }
    }
    Ok(Value::Object(decoded))
}

/// A form: dotted names; of a name that comes twice the last counts (a checkbox sends `false` before its `true`), but
/// for lists, which take all. Texts become what the schema says, and stay texts when they cannot. `transient_payload` may be one
/// text that holds the object.
pub fn form(pairs: &[(String, String)], members: &[&str], schema: Option<&Schema>) -> Value {
    let mut decoded = Map::new();
    for (name, value) in pairs {
        let top = name.split('.').next().unwrap_or_default();
        if !members.contains(&top) {
            continue;
        }
        let kind = schema
            .and_then(|schema| schema.traits().iter().find(|leaf| leaf.name == *name))
            .map(|leaf| leaf.kind);
        match kind {
            Some(TraitKind::List) => append(&mut decoded, name, value),
            Some(TraitKind::Boolean) => put(&mut decoded, name, boolean(value)),
            Some(TraitKind::Number | TraitKind::Integer) if value.is_empty() => {}
            Some(TraitKind::Number | TraitKind::Integer) => put(&mut decoded, name, number(value)),
            // An empty field is one that nobody filled in.
            _ if value.is_empty() => {}
            None if name == PAYLOAD => put_payload(&mut decoded, value.clone()),
            Some(
                TraitKind::Text
                | TraitKind::Email
                | TraitKind::Tel
                | TraitKind::Url
                | TraitKind::Date
                | TraitKind::DateTime,
            )
            | None => put(&mut decoded, name, value.clone().into()),
        }
    }
    Value::Object(decoded)
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
        "false" | "off" | "0" | "f" | "F" | "FALSE" | "False" | "" => false.into(),
        other => other.into(),
    }
}

fn number(text: &str) -> Value {
    match text.trim().parse::<i64>() {
        Ok(whole) => whole.into(),
        Err(_) => text
            .trim()
            .parse::<f64>()
            .ok()
            .and_then(serde_json::Number::from_f64)
            .map_or_else(|| text.into(), Value::Number),
    }
}

/// Sets `a.b.c`, making objects on the way; a name that leads through a value that is none is dropped.
fn put(into: &mut Map<String, Value>, name: &str, value: Value) {
    if let Some((parent, key)) = parent(into, name) {
        parent.insert(key, value);
    }
}

fn append(into: &mut Map<String, Value>, name: &str, value: &str) {
    let Some((parent, key)) = parent(into, name) else { return };
    let list = parent.entry(key).or_insert_with(|| Value::Array(Vec::new()));
    if let (Value::Array(list), false) = (list, value.is_empty()) {
        list.push(value.into());
    }
}

fn parent<'a>(into: &'a mut Map<String, Value>, name: &str) -> Option<(&'a mut Map<String, Value>, String)> {
    const DEEPEST: usize = 16;
    let mut parts: Vec<&str> = name.split('.').collect();
    if parts.len() > DEEPEST {
        return None;
    }
    let key = parts.pop()?.to_owned();
    let mut at = into;
    for part in parts {
        let next = at.entry(part).or_insert_with(|| Value::Object(Map::new()));
        at = next.as_object_mut()?;
    }
    Some((at, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape { depth: 3, members: 8 };

    #[test]
    fn depth_and_members_are_counted_outside_of_texts() {
        for (body, fits) in [
            (r#"{"a":[[1,2]],"b":"[[[[,,,,,,,,,"}"#, true),
            (r#"{"a":"\"[[[["}"#, true),
            (r#"{"a":"\\","b":[[1]]}"#, true),
            (r#"{"a":[[[1]]]}"#, false),
            (r#"{"a":"\\","b":[[[1]]]}"#, false),
            ("[[[[[[[[", false),
            ("]]]]]]]][[[", true),
            (r#"{"a":1,"a":1,"a":1,"a":1,"a":1,"a":1,"a":1,"a":1}"#, true),
            (r#"{"a":1,"a":1,"a":1,"a":1,"a":1,"a":1,"a":1,"a":1,"a":1}"#, false),
            ("[1,2,3,4,5,6,7,8,9]", false),
            ("[],[],[],[],[]", false),
            ("", true),
        ] {
            assert_eq!(SHAPE.check_json(body.as_bytes()).is_ok(), fits, "{body}");
        }
    }

    #[test]
    fn fields_of_a_form_are_counted() {
        assert!(SHAPE.check_form(b"a=1&a=2&a=3&a=4&a=5&a=6&a=7&a=8").is_ok());
        assert!(SHAPE.check_form(b"a=1&a=2&a=3&a=4&a=5&a=6&a=7&a=8&a=9").is_err());
        assert!(SHAPE.check_form(b"&&&&&&&&&&").is_err());
    }
}
