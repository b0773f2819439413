//! What clients write into forms, and as JSON, becomes the traits that the schema describes.

use engine::engine::Ctx;
use engine::flow;
use engine::form::outcome::{Outcome, Started};
use engine::form::request::{Body, Submit};
use engine::identity::decode::{self, Shape};
use engine::identity::schema::Schema;
use engine::model::{Flow, FlowKind};
use engine::testing::{self, PASSWORD, form, start};
use serde_json::{Value, json};

const SHAPE: Shape = Shape { depth: 8, members: 200 };

fn document() -> Value {
    let text = json!({ "type": "string" });
    json!({ "properties": { "traits": { "type": "object", "additionalProperties": false, "properties": {
        "email": { "type": "string", "format": "email", "ory.sh/kratos": { "credentials": { "password": { "identifier": true } } } },
        "age": { "type": "integer" }, "height": { "type": "number" }, "news": { "type": "boolean" },
        "terms": { "type": "boolean" }, "nick": text, "met": { "type": "string", "format": "date-time" },
        "tags": { "type": "array", "items": text }, "sizes": { "type": "array", "items": { "type": "number" } },
        "name": { "type": "object", "properties": { "first": text, "last": text } },
        "contacts": { "type": "array", "items": { "type": "object", "properties": { "mail": text, "rank": { "type": "integer" } } } },
        "a": { "type": "object", "properties": { "b": text } }, "a.c": text, "x/y": text,
    }, "patternProperties": { "^x-": { "type": "boolean" } }, "required": ["email", "terms"] } } })
}

fn schema() -> Schema {
    Schema::compile(&document()).unwrap()
}

fn pairs(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// What the same fields become as a form, and as JSON where each name comes once.
fn read(fields: &[(&str, &str)]) -> Value {
    let form = decode::form(&pairs(fields), &["traits"], Some(&schema()), SHAPE);
    let object: Value =
        fields.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect();
    if object.as_object().unwrap().len() == fields.len() {
        let json = decode::json(object, &["traits"], Some(&schema()), SHAPE).unwrap();
        assert_eq!(json, form, "{fields:?}");
    }
    form
}

#[test]
fn hostile_field_names_are_dropped_and_nothing_breaks() {
    let members = ["traits", "method"];
    let long = format!("traits.{}", "a.".repeat(200));
    let pairs: Vec<(String, String)> = [
        ("traits.email", "ann@example.org"),
        ("traits.email.deeper", "x"),
        ("traits", "x"),
        ("admin", "true"),
        ("traits..", "x"),
        (long.as_str(), "x"),
        ("", "x"),
        ("method", "password"),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect();
    let decoded = decode::form(&pairs, &members, Some(&schema()), SHAPE);
    assert_eq!(decoded["method"], "password");
    assert!(decoded.get("admin").is_none());
    assert!(decode::json(json!([1]), &members, Some(&schema()), SHAPE).is_err());
    assert_eq!(
        decode::json(json!({ "traits.name.first": "A", "x": 1 }), &members, Some(&schema()), SHAPE).unwrap(),
        json!({ "traits": { "name": { "first": "A" } } })
    );
}

#[test]
fn fields_become_what_the_schema_says() {
    for (fields, traits) in [
        (vec![("traits.news", "false"), ("traits.news", "true")], json!({ "news": true })),
        (vec![("traits.news", "false")], json!({ "news": false })),
        (vec![("traits.news", "on")], json!({ "news": true })),
        (vec![("traits.news", "maybe")], json!({ "news": "maybe" })),
        (vec![("traits.terms", "")], json!({ "terms": false })),
        (vec![("traits.age", "41"), ("traits.height", "1.8")], json!({ "age": 41, "height": 1.8 })),
        (vec![("traits.age", " 41 "), ("traits.height", "1e3")], json!({ "age": 41, "height": 1000.0 })),
        (vec![("traits.age", "x")], json!({ "age": "x" })),
        (vec![("traits.nick", "1")], json!({ "nick": "1" })),
        (vec![("traits.nick", "one"), ("traits.nick", "two")], json!({ "nick": "one" })),
        (vec![("traits.nick", ""), ("traits.nick", "two")], json!({ "nick": "two" })),
        (vec![("traits.tags", "a"), ("traits.tags", "b")], json!({ "tags": ["a", "b"] })),
        (vec![("traits.tags", "a"), ("traits.tags", "")], json!({ "tags": ["a"] })),
        (vec![("traits.tags[]", "a"), ("traits.tags[]", "b")], json!({ "tags": ["a", "b"] })),
        (
            vec![("traits.tags.10", "c"), ("traits.tags.2", "b"), ("traits.tags.0", "a")],
            json!({ "tags": ["a", "b", "c"] }),
        ),
        (vec![("traits.tags[1]", "b"), ("traits.tags[0]", "a")], json!({ "tags": ["a", "b"] })),
        (vec![("traits.tags", "a"), ("traits.tags.0", "b")], json!({ "tags": ["a", "b"] })),
        (vec![("traits.sizes", "1"), ("traits.sizes", "2.5")], json!({ "sizes": [1, 2.5] })),
        (vec![("traits.sizes.0", "x")], json!({ "sizes": ["x"] })),
        (
            vec![
                ("traits.contacts.1.mail", "b"),
                ("traits.contacts.0.rank", "1"),
                ("traits.contacts.0.mail", "a"),
            ],
            json!({ "contacts": [{ "mail": "a", "rank": 1 }, { "mail": "b" }] }),
        ),
        (
            vec![("traits[contacts][0][mail]", "a"), ("traits[name][first]", "A")],
            json!({ "name": { "first": "A" }, "contacts": [{ "mail": "a" }] }),
        ),
        (vec![("traits.name.first", "A"), ("traits.name.last", "")], json!({ "name": { "first": "A" } })),
        (vec![("traits.name", r#"{"first":"A"}"#)], json!({ "name": { "first": "A" } })),
        (
            vec![("traits.a.b", "1"), ("traits.a.c", "2"), ("traits.x/y", "3")],
            json!({ "a": { "b": "1" }, "a.c": "2", "x/y": "3" }),
        ),
        (vec![("traits.x-beta", "on")], json!({ "x-beta": true })),
        (vec![("traits.met", "2026-12-01T10:30")], json!({ "met": "2026-12-01T10:30:00Z" })),
        (vec![("traits.met", "2026-12-01T10:30:05.25")], json!({ "met": "2026-12-01T10:30:05.250Z" })),
        (vec![("traits.met", "2026-12-01T10:30:00+02:00")], json!({ "met": "2026-12-01T10:30:00+02:00" })),
        (vec![("traits.met", "tomorrow")], json!({ "met": "tomorrow" })),
        (vec![("traits", r#"{"nick":"n"}"#), ("traits.age", "5")], json!({ "nick": "n", "age": 5 })),
    ] {
        assert_eq!(read(&fields), json!({ "traits": traits }), "{fields:?}");
    }
}

#[test]
fn what_nobody_filled_in_and_what_the_schema_does_not_know_is_dropped() {
    for name in [
        "traits.nick",
        "traits.age",
        "traits.news",
        "traits.tags",
        "traits.tags.0",
        "traits.tags[]",
        "traits.name",
        "traits.met",
        "traits.sizes",
    ] {
        assert_eq!(read(&[(name, "")]), json!({}), "{name}");
    }
    for name in [
        "traits.zzz",
        "traits.nick.deeper",
        "traits.tags.x",
        "traits.tags.-1",
        "traits.tags.0.x",
        "traits.name.middle",
        "traits..",
        "traits.",
        "traits.contacts.mail",
        "traits.contacts[x][mail]",
        "traitsnick",
        "traits[",
        "traits[]",
        "zzz",
    ] {
        assert_eq!(read(&[(name, "x")]), json!({}), "{name}");
    }
}

#[test]
fn json_may_say_more_than_texts() {
    for (body, traits) in [
        (
            json!({ "traits.tags": ["a", "b"], "traits.age": 5, "traits.news": true }),
            json!({ "tags": ["a", "b"], "age": 5, "news": true }),
        ),
        (
            json!({ "traits.nick": 5, "traits.name": { "first": "A" }, "traits.age": null }),
            json!({ "nick": "5", "name": { "first": "A" } }),
        ),
        (
            json!({ "traits.sizes": ["1", 2], "traits.contacts.0": { "mail": "a" } }),
            json!({ "sizes": [1, 2], "contacts": [{ "mail": "a" }] }),
        ),
        // Nested JSON is taken as it is, and what comes by its name is laid over it, wherever it stands.
        (json!({ "traits.age": "6", "traits": { "age": "5", "zzz": 1 } }), json!({ "age": 6, "zzz": 1 })),
        (json!({ "traits": r#"{"age": 5}"# }), json!({ "age": 5 })),
        (json!({ "traits": "no object" }), json!("no object")),
        (json!({ "traits": "[1]" }), json!("[1]")),
    ] {
        let read = decode::json(body.clone(), &["traits"], Some(&schema()), SHAPE).unwrap();
        assert_eq!(read, json!({ "traits": traits }), "{body}");
    }
    let deep = format!("{}1{}", "[".repeat(20), "]".repeat(20));
    let text = format!(r#"{{"a":{deep}}}"#);
    let read = decode::json(json!({ "traits": text }), &["traits"], Some(&schema()), SHAPE).unwrap();
    assert!(read["traits"].is_string(), "a text is bounded like a body");
}

async fn refused(ctx: &Ctx, submit: impl FnOnce(Submit) -> Submit) -> Flow {
    let Started::Flow(flow) = flow::start(ctx, FlowKind::Registration, start()).await.unwrap() else {
        panic!("a form")
    };
    match flow::submit(ctx, FlowKind::Registration, submit(form(flow.id, Value::Null))).await.unwrap() {
        Outcome::Form { flow, .. } => *flow,
        other => panic!("{other:?}"),
    }
}

fn value(flow: &Flow, name: &str) -> Option<Value> {
    let node = flow.ui.nodes.iter().flatten().find(|node| node.id() == name)?;
    node.input()?.value.clone()
}

#[tokio::test]
async fn a_refused_form_comes_back_as_it_was_typed_and_unknown_fields_stop_nobody() {
    let url = format!("base64://{}", base64(&document()));
    let engine =
        testing::engine(vec![json!({ "identity": { "schemas": [{ "id": "default", "url": url }] } })]).await;
    let ctx = engine.begin();
    let fields = [
        ("method", "password"),
        ("traits.email", "ann@example.org"),
        ("traits.terms", "on"),
        ("traits.tags", "one"),
        ("traits.sizes", "1"),
        ("traits.sizes", "2"),
        ("traits.met", "2026-12-01T10:30"),
        ("traits.zzz", "x"),
    ];
    // No password.
    let flow = refused(&ctx, |submit| Submit { body: Body::Form(pairs(&fields)), ..submit }).await;
    for (name, shown) in [
        ("traits.email", json!("ann@example.org")),
        ("traits.terms", json!(true)),
        ("traits.tags", json!("one")),
        ("traits.sizes", json!([1, 2])),
        ("traits.met", json!("2026-12-01T10:30:00Z")),
    ] {
        assert_eq!(value(&flow, name), Some(shown), "{name}");
    }
    let mut whole = pairs(&fields);
    whole.push(("password".to_owned(), PASSWORD.to_owned()));
    let submit = Submit { body: Body::Form(whole), ..form(flow.id, Value::Null) };
    let Outcome::SignedUp(done) = flow::submit(&ctx, FlowKind::Registration, submit).await.unwrap() else {
        panic!("signed up")
    };
    assert_eq!(
        done.identity.traits,
        json!({ "email": "ann@example.org", "terms": true, "tags": ["one"], "sizes": [1, 2], "met": "2026-12-01T10:30:00Z", "name": {}, "a": {} })
    );
}

fn base64(document: &Value) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(document.to_string())
}
