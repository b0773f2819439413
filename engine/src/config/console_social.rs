//! Providers as the console's layer writes them: laid over the files' list by id, never by place, so that a file may gain and
//! lose entries. Part of [`super::console`].

use super::layers::{get, set};
use super::social::{ADDRESSES, ADDRESSES_FROM_CONSOLE, LIST};
use serde_json::{Map, Value};

/// Member by member over the entry of that id; a `null` takes a member away. Without such an entry it is a new one. A list of the
/// wrong type is left for the check.
pub(super) fn lay_over(document: &mut Value, value: &Value) -> Result<(), String> {
    let entries = value.as_object().ok_or("the value is not a set of providers")?;
    if entries.values().any(|entry| !entry.is_object()) {
        return Err("a provider is not a set of members".to_owned());
    }
    let mut list = match get(document, LIST) {
        None => Vec::new(),
        Some(Value::Array(list)) => list.clone(),
        Some(_) => return Ok(()),
    };
    for (id, members) in entries {
        let at = list.iter().position(|entry| entry.get("id").and_then(Value::as_str) == Some(id));
        let mut entry = match at.and_then(|at| list.get(at)).and_then(Value::as_object) {
            Some(entry) => entry.clone(),
            None => Map::from_iter([("id".to_owned(), id.as_str().into())]),
        };
        for (name, member) in members.as_object().into_iter().flatten().filter(|(name, _)| *name != "id") {
            if member.is_null() {
                entry.shift_remove(name);
            } else {
                entry.insert(name.clone(), member.clone());
            }
        }
        if ADDRESSES.iter().any(|name| members.get(*name).is_some_and(|address| !address.is_null())) {
            entry.insert(ADDRESSES_FROM_CONSOLE.to_owned(), true.into());
        }
        match at.and_then(|at| list.get_mut(at)) {
            Some(place) => *place = entry.into(),
            None => list.push(entry.into()),
        }
    }
    set(document, LIST, Value::Array(list));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::console::{Named, apply as onto};
    use crate::config::console_names::{
        SOCIAL_BUTTONS, SOCIAL_ENABLED, SOCIAL_OFF, SOCIAL_ORDER, SOCIAL_PROVIDERS,
        SOCIAL_TRUSTED_EMAIL_PROVIDERS,
    };
    use serde_json::json;

    fn apply(document: &mut Value, named: &Named) -> Vec<(String, String)> {
        let (mapped, wrong) = onto(document, named);
        *document = mapped;
        wrong
    }

    fn with(list: Value) -> Value {
        let mut document = json!({});
        set(&mut document, LIST, list);
        document
    }

    fn named(value: Value) -> Named {
        Named::from([(SOCIAL_PROVIDERS.to_owned(), value)])
    }

    #[test]
    fn entries_are_found_by_id_wherever_they_stand() {
        let over = named(json!({"b": {"label": "B", "scope": null}, "new": {"provider": "google"}}));
        for (files, expected) in [
            (json!([]), json!([{"id": "b", "label": "B"}, {"id": "new", "provider": "google"}])),
            (
                json!([{"id": "b", "client_id": "x", "scope": ["s"]}]),
                json!([{"id": "b", "client_id": "x", "label": "B"}, {"id": "new", "provider": "google"}]),
            ),
            (
                json!([{"id": "a"}, {"id": "b", "label": "file's"}, {"id": "c"}]),
                json!([{"id": "a"}, {"id": "b", "label": "B"}, {"id": "c"}, {"id": "new", "provider": "google"}]),
            ),
        ] {
            let mut document = with(files);
            assert_eq!(apply(&mut document, &over), []);
            assert_eq!(get(&document, LIST), Some(&expected));
            let once = document.clone();
            apply(&mut document, &over);
            assert_eq!(document, once, "mapping twice changes nothing more");
        }
    }

    #[test]
    fn an_entry_whose_addresses_the_console_wrote_is_marked() {
        let mut document = with(json!([{"id": "a", "issuer_url": "https://a.example"}, {"id": "b"}]));
        let over = named(json!({
            "a": {"label": "A", "userinfo_url": null}, "b": {"issuer_url": "https://b.example"},
            "c": {"token_url": "https://c.example/token"}, "d": {"provider": "google"},
        }));
        apply(&mut document, &over);
        let list = get(&document, LIST).unwrap().as_array().unwrap();
        let marked: Vec<&str> = list
            .iter()
            .filter(|entry| entry[ADDRESSES_FROM_CONSOLE] == true)
            .filter_map(|entry| entry["id"].as_str())
            .collect();
        assert_eq!(marked, ["b", "c"]);
    }

    #[test]
    fn an_id_cannot_be_changed_from_inside() {
        let mut document = with(json!([{"id": "a"}]));
        apply(&mut document, &named(json!({"a": {"id": "b"}, "new": {"id": null}})));
        assert_eq!(get(&document, LIST), Some(&json!([{"id": "a"}, {"id": "new"}])));
    }

    #[test]
    fn what_cannot_be_mapped_is_named() {
        for (name, value) in [
            (SOCIAL_ENABLED, json!("on")),
            (SOCIAL_BUTTONS, json!("middle")),
            (SOCIAL_OFF, json!("google")),
            (SOCIAL_ORDER, json!([1])),
            (SOCIAL_TRUSTED_EMAIL_PROVIDERS, json!({})),
            (SOCIAL_PROVIDERS, json!([])),
            (SOCIAL_PROVIDERS, json!({"a": "b"})),
        ] {
            let wrong = apply(&mut json!({}), &Named::from([(name.to_owned(), value.clone())]));
            assert_eq!(wrong.len(), 1, "{name} {value}");
            assert_eq!(wrong[0].0, name);
        }
        let mut text = with(json!("rubbish"));
        assert_eq!(apply(&mut text, &named(json!({"a": {}}))), []);
        assert_eq!(get(&text, LIST), Some(&json!("rubbish")), "left for the check");
    }
}
