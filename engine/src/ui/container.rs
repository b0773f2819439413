//! Returned forms: messages at their fields, values as entered (Kratos: ui/container/container.go).

use super::{Container, Group, Input, InputKind, Node, Text};
use crate::limits_table::TYPED_VALUES;
use serde_json::Value;

impl Container {
    /// Empties all messages; nodes and values stay.
    pub fn reset_messages(&mut self) {
        self.messages.clear();
        for node in self.nodes.iter_mut().flatten() {
            node.messages.clear();
        }
    }

    /// Puts a message at the node called `name`, which is made when it does not exist. The empty name is the form.
    pub fn attach(&mut self, name: &str, text: Text) {
        if name.is_empty() {
            self.messages.push(text);
            return;
        }
        let list = self.nodes.get_or_insert_default();
        match list.iter_mut().find(|node| node.id() == name) {
            Some(node) => node.messages.push(text),
            None => {
                let mut node = bare(name);
                node.messages.push(text);
                list.push(node);
            }
        }
    }

    /// Each submission may leave fields that [`Container::attach`] made: takes away what is more than `most` of them. Those called
    /// `names` belong to the form.
    pub fn forget_made_fields(&mut self, names: &[String], most: usize) {
        let Some(nodes) = &mut self.nodes else { return };
        let is_made = |node: &Node| *node == bare(node.id()) && !names.iter().any(|name| name == node.id());
        let mut too_many = nodes.iter().filter(|node| is_made(node)).count().saturating_sub(most);
        nodes.retain(|node| {
            let goes = too_many > 0 && is_made(node);
            too_many -= usize::from(goes);
            !goes
        });
    }

    /// Puts the typed traits back on their fields, as far as they are no more than a form keeps. Passwords never; lists of objects
    /// have no field that could show them.
    pub fn put_values(&mut self, body: &Value) {
        let mut room = TYPED_VALUES.count();
        if let Some(traits) = body.get("traits") {
            self.put_below("traits", traits, &mut room);
        }
    }

    fn put_below(&mut self, name: &str, value: &Value, room: &mut usize) {
        match value {
            Value::Object(members) => {
                for (key, value) in members {
                    self.put_below(&format!("{name}.{key}"), value, room);
                }
            }
            Value::String(_) | Value::Number(_) | Value::Bool(_) if name.contains('.') => {
                self.put(name, value.clone(), room);
            }
            Value::Array(entries) if entries.iter().all(|entry| !entry.is_array() && !entry.is_object()) => {
                match entries.as_slice() {
                    [] => {}
                    // As it was typed: a page that knows no lists shows it, and sends it again.
                    [one] => self.put(name, one.clone(), room),
                    _ => self.put(name, value.clone(), room),
                }
            }
            Value::Null | Value::Array(_) | Value::String(_) | Value::Number(_) | Value::Bool(_) => {}
        }
    }

    /// Sets the value of the input called `name`, if there is one and the value is no longer than a form keeps.
    pub fn put_value(&mut self, name: &str, value: Value) {
        self.put(name, value, &mut TYPED_VALUES.count());
    }

    fn put(&mut self, name: &str, value: Value, room: &mut usize) {
        let node = self.nodes.iter_mut().flatten().find(|node| node.id() == name);
        let Some(input) = node.and_then(Node::input_mut) else { return };
        let length =
            if value.is_array() { value.to_string().len() } else { value.as_str().map_or(0, str::len) };
        match room.checked_sub(length) {
            Some(left) => {
                *room = left;
                input.value = Some(value);
            }
            None => input.value = None,
        }
    }
}

/// A field that only carries a message: for something that the form has no field for.
fn bare(name: &str) -> Node {
    let input = Input { name: name.to_owned(), kind: InputKind::Text, ..Input::default() };
    Node::new_input(Group::Default, None, input)
}
