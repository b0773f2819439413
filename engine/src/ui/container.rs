//! How a form comes back: messages at their fields, values as typed (Kratos: ui/container/container.go).

use super::{Container, Group, Input, InputKind, Node, Text};
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

    /// Puts the typed traits back on their fields. Passwords never; lists and objects have no field that could show them.
    pub fn put_values(&mut self, body: &Value) {
        if let Some(traits) = body.get("traits") {
            self.put_below("traits", traits);
        }
    }

    fn put_below(&mut self, name: &str, value: &Value) {
        match value {
            Value::Object(members) => {
                for (key, value) in members {
                    self.put_below(&format!("{name}.{key}"), value);
                }
            }
            Value::String(_) | Value::Number(_) | Value::Bool(_) if name.contains('.') => {
                self.put_value(name, value.clone());
            }
            Value::Null | Value::Array(_) | Value::String(_) | Value::Number(_) | Value::Bool(_) => {}
        }
    }

    /// Sets the value of the input called `name`, if there is one.
    pub fn put_value(&mut self, name: &str, value: Value) {
        let node = self.nodes.iter_mut().flatten().find(|node| node.id() == name);
        if let Some(input) = node.and_then(Node::input_mut) {
            input.value = Some(value);
        }
    }
}

/// A field that only carries a message: for something that the form has no field for.
fn bare(name: &str) -> Node {
    let input = Input { name: name.to_owned(), kind: InputKind::Text, ..Input::default() };
    Node::new_input(Group::Default, None, input)
}
