//! Tests of `console_hooks.rs`.

use super::super::console::apply;
use super::*;

const FLOW: &str = "selfservice.flows.registration.after.hooks";
const PASSWORD: &str = "selfservice.flows.registration.after.password.hooks";
const OIDC: &str = "selfservice.flows.registration.after.oidc.hooks";

fn hook(more: Value) -> Value {
    let mut hook = json!({
        "flow": "registration", "when": "after", "outcome": "inform", "on": true,
        "method": "POST", "url": "https://crm.example.org/new",
    });
    for (name, value) in more.as_object().unwrap() {
        hook[name] = value.clone();
    }
    hook
}

fn mapped(files: &Value, hooks: Value) -> Value {
    let named = Named::from([(WEB_HOOKS.to_owned(), hooks)]);
    let (mapped, wrong) = apply(files, &named);
    assert_eq!(wrong, []);
    assert_eq!(apply(&mapped, &named).0, mapped, "mapping twice changes nothing more");
    mapped
}

/// What stands in a list, by id or name.
fn names(document: &Value, path: &str) -> Vec<String> {
    let name = |entry: &Value| {
        let id = entry.pointer("/config/id").or(entry.pointer("/config/url")).unwrap_or(&entry["hook"]);
        id.as_str().unwrap().to_owned()
    };
    get(document, path).and_then(Value::as_array).into_iter().flatten().map(name).collect()
}

fn files(lists: &[(&str, Value)]) -> Value {
    let mut files = json!({"selfservice": {"methods": {"oidc": {"enabled": true}}}});
    for (path, list) in lists {
        set(&mut files, path, list.clone());
    }
    files
}

fn called() -> Value {
    json!({"hook": "web_hook", "config": {"id": "everybody", "url": "http://x/", "method": "POST"}})
}

fn stops() -> Value {
    json!({"hook": "web_hook", "config": {"id": "stops", "url": "http://x/", "method": "POST", "can_interrupt": true}})
}

#[test]
fn it_stands_in_the_list_of_every_way_to_sign_up_and_what_ran_there_still_does() {
    let session = json!({"hook": "session"});
    for (lists, password, oidc) in [
        (vec![], vec!["crm"], vec!["crm"]),
        (vec![(FLOW, json!([called()]))], vec!["everybody", "crm"], vec!["everybody", "crm"]),
        (vec![(FLOW, json!([called(), stops()]))], vec!["everybody", "crm"], vec!["everybody", "crm"]),
        (
            vec![(FLOW, json!([called()])), (PASSWORD, json!([session]))],
            vec!["crm", "session"],
            vec!["everybody", "crm"],
        ),
    ] {
        let files = files(&lists);
        let mapped = mapped(&files, json!({"crm": hook(json!({}))}));
        assert_eq!((names(&mapped, PASSWORD), names(&mapped, OIDC)), (own(&password), own(&oidc)));
        assert_eq!(get(&mapped, FLOW), get(&files, FLOW), "the flow's list stays as it was");
        let off = super::super::console::apply(
            &files,
            &Named::from([(WEB_HOOKS.to_owned(), json!({"crm": hook(json!({"on": false}))}))]),
        );
        assert_eq!(off.0, files, "switched off, every method inherits again");
    }
}

fn own(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn a_way_that_is_off_gets_no_list_and_one_that_is_left_out_none_either() {
    let mapped_files = mapped(&json!({"dsn": "memory"}), json!({"crm": hook(json!({}))}));
    assert_eq!((names(&mapped_files, PASSWORD), get(&mapped_files, OIDC)), (own(&["crm"]), None));
    let mapped = mapped(&files(&[]), json!({"crm": hook(json!({"methods": ["oidc"]}))}));
    assert_eq!((get(&mapped, PASSWORD), names(&mapped, OIDC)), (None, own(&["crm"])));
}

#[test]
fn they_stand_in_their_order_before_the_session_that_a_switch_put_there() {
    let named = Named::from([
        (crate::config::console_names::SIGN_IN_AFTER_REGISTRATION.to_owned(), json!({"password": "on"})),
        (
            WEB_HOOKS.to_owned(),
            json!({"a": hook(json!({"order": 2})), "b": hook(json!({"order": 1})), "c": hook(json!({"order": 3, "on": false}))}),
        ),
    ]);
    let (mapped, wrong) = apply(&files(&[(FLOW, json!([called()]))]), &named);
    assert_eq!(wrong, []);
    assert_eq!(names(&mapped, PASSWORD), own(&["everybody", "b", "a", "session"]));
}

#[test]
fn where_the_whole_flow_has_one_list_it_stands_at_its_end() {
    for (flow, when, path) in [
        ("registration", "before", "selfservice.flows.registration.before.hooks"),
        ("login", "before", "selfservice.flows.login.before.hooks"),
        ("verification", "before", "selfservice.flows.verification.before.hooks"),
        ("verification", "after", "selfservice.flows.verification.after.hooks"),
    ] {
        let files = files(&[(path, json!([called()]))]);
        let mapped = mapped(&files, json!({"crm": hook(json!({"flow": flow, "when": when}))}));
        assert_eq!(names(&mapped, path), own(&["everybody", "crm"]));
    }
    let login = mapped(&files(&[]), json!({"crm": hook(json!({"flow": "login"}))}));
    assert_eq!(names(&login, "selfservice.flows.login.after.oidc.hooks"), own(&["crm"]));
}

#[test]
fn all_or_nothing_follows_the_entries_that_are_taken_over() {
    let keys = |flow: Value| {
        let mut files = files(&[(FLOW, flow)]);
        set(&mut files, "vestibule.registration.atomic", json!(["flow"]));
        let mapped = mapped(&files, json!({"crm": hook(json!({}))}));
        get(&mapped, "vestibule.registration.atomic").cloned()
    };
    assert_eq!(keys(json!([called()])), Some(json!(["flow", "password", "oidc"])));
    assert_eq!(keys(json!([])), Some(json!(["flow"])), "there is nothing to take over");
}

#[test]
fn what_cannot_be_is_refused() {
    for (files, hooks, said) in [
        (json!({}), json!({"a": {"url": "x"}}), "can’t be read"),
        (json!({}), json!({"a": hook(json!({"of_a_later_version": 1}))}), "can’t be read"),
        (
            json!({}),
            json!({"a": hook(json!({"flow": "login", "outcome": "change"}))}),
            "can’t change accounts there",
        ),
        (json!({}), json!({"a": hook(json!({"methods": ["pigeon"]}))}), "unknown method"),
        (files(&[(FLOW, json!([called()]))]), json!({"everybody": hook(json!({}))}), "is also that of"),
    ] {
        let (_, wrong) = apply(&files, &Named::from([(WEB_HOOKS.to_owned(), hooks)]));
        assert!(wrong.len() == 1 && wrong[0].1.contains(said), "{wrong:?}");
    }
}

#[test]
fn an_entry_is_read_as_what_it_says() {
    use super::super::hooks::{Auth, Response};
    for (outcome, response) in [
        ("inform", Response::Ignored),
        ("wait", Response::Awaited),
        ("ask", Response::Interrupts),
        ("change", Response::Changes),
    ] {
        let made: MadeHook = serde_json::from_value(hook(json!({
            "outcome": outcome, "body": "function(ctx) ctx", "headers": [["X-From", "us"]],
            "auth": {"type": "standard_webhooks", "config": {"secrets": ["secret://hooks/crm/signature"]}},
        })))
        .unwrap();
        let read = made.web_hook("crm").unwrap();
        assert_eq!((read.response, read.from_console, read.key()), (response, true, "id:crm".into()));
        assert_eq!(read.headers, [("X-From".to_owned(), "us".to_owned())]);
        let secrets = vec!["secret://hooks/crm/signature".into()];
        assert_eq!(read.auth, Some(Auth::Signature { secrets }));
        assert_eq!(made.auth.unwrap().names(), ["hooks/crm/signature"]);
    }
}
