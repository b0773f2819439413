//! Kratos' node order (Kratos: ui/node/node.go, selfservice/flow/*/sort.go).
//!
//! Two passes: by group, then by key inside a group, where `default` and `password` count as one. The second relation is not
//! transitive, so the order of comparisons is part of the rule: it is an insertion sort, like Go's stable sort for up to twenty
//! elements.

use super::{Group, Node};
use serde_json::Value;
use std::cmp::Ordering;

const REGISTRATION: [Group; 9] = [
    Group::Oidc,
    Group::Saml,
    Group::Default,
    Group::Webauthn,
    Group::Passkey,
    Group::Code,
    Group::Password,
    Group::Captcha,
    Group::Profile,
];

const LOGIN: [Group; 8] = [
    Group::Oidc,
    Group::Default,
    Group::Webauthn,
    Group::Passkey,
    Group::Code,
    Group::Password,
    Group::Totp,
    Group::LookupSecret,
];

/// `traits`: the names of the trait nodes in schema order. The password stands after the first.
pub fn registration(nodes: &mut [Node], traits: &[String]) {
    let mut keys = vec!["csrf_token"];
    keys.extend(traits.first().map(String::as_str));
    keys.push("password");
    keys.extend(traits.iter().skip(1).map(String::as_str));
    sort(nodes, &REGISTRATION, &keys);
}

pub fn login(nodes: &mut [Node]) {
    sort(nodes, &LOGIN, &["csrf_token", "identifier", "password"]);
}

const SETTINGS: [Group; 8] = [
    Group::Default,
    Group::Profile,
    Group::Password,
    Group::Oidc,
    Group::LookupSecret,
    Group::Webauthn,
    Group::Passkey,
    Group::Totp,
];

/// By group alone: the methods have their nodes in order.
pub fn settings(nodes: &mut [Node]) {
    nodes.sort_by_key(|node| SETTINGS.iter().position(|group| *group == node.group));
}

fn sort(nodes: &mut [Node], groups: &[Group], keys: &[&str]) {
    // A group that is not listed comes first.
    nodes.sort_by_key(|node| {
        groups.iter().position(|group| *group == node.group).map_or(0, |index| index + 1)
    });
    for end in 1..nodes.len() {
        let mut at = end;
        while at > 0 && comes_before(&nodes[at], &nodes[at - 1], keys) {
            nodes.swap(at, at - 1);
            at -= 1;
        }
    }
}

fn comes_before(one: &Node, other: &Node, keys: &[&str]) -> bool {
    let near = |a, b| a == Group::Default && b == Group::Password;
    let comparable = one.group == other.group || near(one.group, other.group) || near(other.group, one.group);
    comparable && rank(one, keys).cmp(&rank(other, keys)).then_with(|| by_value(one, other)) == Ordering::Less
}

/// Position of the first key that the node's name begins with; behind all keys without one; `method` last of all.
fn rank(node: &Node, keys: &[&str]) -> usize {
    if node.id() == "method" {
        return usize::MAX;
    }
    keys.iter().position(|key| node.id().starts_with(key)).unwrap_or(keys.len())
}

fn by_value(one: &Node, other: &Node) -> Ordering {
    printed(one).cmp(&printed(other))
}

fn printed(node: &Node) -> String {
    match node.input().and_then(|input| input.value.as_ref()) {
        None | Some(Value::Null) => "<nil>".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(value @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_))) => {
            value.to_string()
        }
    }
}
