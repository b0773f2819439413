//! Identity schemas: what does not fit is said at its field, in measure, and a schema that cannot be used says where.

use engine::identity::normalise_identifier;
use engine::identity::schema::{AtMost, Schema, Violation};
use serde_json::{Value, json};

fn schema(traits: Value) -> Schema {
    let document = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "definitions": { "mail": {
            "type": "string", "format": "email", "title": "Mail",
            "ory.sh/kratos": { "credentials": { "password": { "identifier": true } }, "verification": { "via": "email" } },
        } },
        "type": "object",
        "properties": { "traits": traits },
    });
    Schema::compile(&document).unwrap()
}

#[test]
fn addresses_are_told_from_what_is_none() {
    let schema = schema(
        json!({ "type": "object", "properties": { "email": { "$ref": "#/definitions/mail" } }, "required": ["email"] }),
    );
    for (text, fine) in [
        ("ann@example.org", true),
        (" ann@example.org", true),
        ("jürgen@example.org", true),
        ("ann@xn--mller-kva.example", true),
        ("ann@müller.example", false),
        ("ann", false),
        ("ann@", false),
        ("@example.org", false),
        ("a@b@example.org", false),
        ("ann@example..org", false),
        ("an n@example.org", false),
        ("ann@example.org\u{0}", false),
        ("ann\u{200b}@example.org", false),
        ("\u{feff}ann@example.org", false),
        ("a\u{ad}nn@example.org", false),
        ("a\u{202e}nn@example.org", false),
        ("ann\u{3164}@example.org", false),
        ("ann\u{e0061}@example.org", false),
        ("ann\r\nbcc:eve@example.org", false),
        ("<ann@example.org>", false),
        ("", false),
    ] {
        let outcome = schema.validate(&json!({ "email": text }), FORM);
        assert_eq!(outcome.is_ok(), fine, "{text:?}");
        if let Ok(extracted) = outcome {
            assert_eq!(
                extracted.password_identifiers,
                [normalise_identifier(text)],
                "a $ref keeps its extension"
            );
            assert_eq!(extracted.verifiable.len(), 1);
        }
    }
}

#[test]
fn what_an_optional_object_needs_is_demanded_of_forms_alone() {
    let schema = schema(json!({ "type": "object", "properties": { "address": {
        "type": "object", "properties": { "street": { "type": "string" } }, "required": ["street"],
    } } }));
    let mut traits = json!({});
    assert!(schema.validate(&traits, FORM).is_ok(), "what is not there is not there");
    schema.nest(&mut traits);
    let violations = schema.validate(&traits, FORM).unwrap_err();
    assert_eq!(traits, json!({ "address": {} }));
    assert_eq!(violations.len(), 1);
    assert_eq!((violations[0].pointer.as_str(), violations[0].text.id), ("traits.address.street", 4000002));
}

/// What a form is told of by default.
pub(crate) const FORM: AtMost = AtMost { violations: 20, per_field: 4 };

/// Pointer and number of each violation.
pub(crate) fn told(document: Value, traits: Value) -> Vec<(String, u64)> {
    let violations = schema(document).validate(&traits, FORM).unwrap_err();
    violations.into_iter().map(|one| (one.pointer, one.text.id)).collect()
}

#[test]
fn a_long_list_of_wrong_entries_is_told_of_as_far_as_a_form_goes() {
    let tags = json!({ "type": "object", "properties": { "tags": { "type": "array", "items": { "type": "string" } } } });
    for entries in [21, 5_000] {
        let told = told(tags.clone(), json!({ "tags": vec![1; entries] }));
        // At the one field that the form has for them, once.
        assert_eq!(told, [("traits.tags".to_owned(), 4000026)]);
    }
    let objects = json!({ "type": "object", "properties": { "list": { "type": "array", "items": {
        "type": "object", "properties": { "tag": { "type": "string" } },
    } } } });
    let told = told(objects, json!({ "list": vec![json!({ "tag": 1 }); 5_000] }));
    let expected: Vec<_> = (0..20).map(|index| (format!("traits.list.{index}.tag"), 4000026)).collect();
    assert_eq!(told, expected, "no field of the form is theirs");
}

#[test]
fn one_field_is_told_of_four_times_and_others_after_it() {
    let rules: Vec<Value> = (1..30).map(|length| json!({ "minLength": 100 + length })).collect();
    let document = json!({ "type": "object", "properties": {
        "name": { "type": "string", "allOf": rules }, "age": { "type": "number" },
    } });
    let told = told(document, json!({ "name": "ann", "age": "old" }));
    let of = |name: &str| told.iter().filter(|(pointer, _)| pointer == name).count();
    assert_eq!((of("traits.name"), of("traits.age")), (4, 1), "{told:?}");
}

#[test]
fn what_kind_of_thing_it_is_comes_first_even_when_there_is_too_much_else() {
    let mut properties = serde_json::Map::new();
    let mut traits = serde_json::Map::new();
    for index in 0..30 {
        properties.insert(format!("a{index:02}"), json!({ "type": "string", "minLength": 9 }));
        traits.insert(format!("a{index:02}"), "short".into());
    }
    properties.insert("mail".to_owned(), json!({ "type": "string", "format": "email" }));
    traits.insert("mail".to_owned(), "nonsense".into());
    let told = told(json!({ "type": "object", "properties": properties }), traits.into());
    assert_eq!((told.len(), &told[0]), (20, &("traits.mail".to_owned(), 4000040)));
    assert_eq!(told[1], ("traits.a00".to_owned(), 4000003));
}

#[test]
fn messages_repeat_the_beginning_of_what_was_typed_and_no_names_that_somebody_made_up() {
    let long = "x".repeat(200_000);
    let document = json!({ "type": "object",
        "properties": {
            "mail": { "type": "string", "format": "email" },
            "more": { "type": "object", "additionalProperties": { "type": "number" } },
            "closed": { "type": "object", "additionalProperties": false },
        },
    });
    let traits = json!({ "mail": long, "more": { long.clone(): "text" }, "closed": { long.clone(): 1 } });
    let violations = schema(document).validate(&traits, FORM).unwrap_err();
    let written = |one: &Violation| json!(one.text).to_string().len() + one.pointer.len();
    assert_eq!(violations.len(), 3);
    assert!(violations.iter().all(|one| written(one) < 2_000), "{violations:?}");
    assert!(violations.iter().any(|one| one.pointer == "traits.more"));
}

#[test]
fn equal_entries_are_named_by_their_places() {
    let document =
        json!({ "type": "object", "properties": { "tags": { "type": "array", "uniqueItems": true } } });
    let mut tags: Vec<usize> = (0..9_000).collect();
    tags.push(4_711);
    let traits = json!({ "tags": tags });
    let violations = schema(document).validate(&traits, FORM).unwrap_err();
    assert_eq!(json!(violations[0].text.context), json!({ "index_a": 4_711, "index_b": 9_000 }));
}

/// An engine that backtracks gives up on such a text after a million steps, or says that it does not match.
#[test]
fn patterns_take_time_in_proportion_to_the_text() {
    let pattern = |pattern: &str| json!({ "type": "object", "properties": { "name": { "type": "string", "pattern": pattern } } });
    let fits = json!({ "name": format!("{}b", "a".repeat(100_000)) });
    assert!(schema(pattern("^(a+)+b$")).validate(&fits, FORM).is_ok());
    let fails = json!({ "name": "a".repeat(100_000) });
    assert_eq!(told(pattern("^(a+)+b$"), fails), [("traits.name".to_owned(), 4000004)]);
    // What would need backtracking is refused with the configuration, as Kratos refuses it.
    let document = json!({ "properties": { "traits": pattern("^(?=a)b") } });
    assert!(Schema::compile(&document).is_err());
}

#[test]
fn a_list_of_addresses_has_an_end_and_each_is_taken_once() {
    let document = json!({ "type": "object", "properties": { "mails": { "type": "array", "items": { "type": "string" },
        "ory.sh/kratos": { "credentials": { "password": { "identifier": true } }, "verification": { "via": "email" } } } } });
    let mails = |different: usize| -> Value {
        let all: Vec<String> =
            (0..6_000).map(|index| format!("A{}@example.org", index % different)).collect();
        json!({ "mails": all })
    };
    let extracted = schema(document.clone()).validate(&mails(100), FORM).unwrap();
    assert_eq!((extracted.password_identifiers.len(), extracted.verifiable.len()), (100, 100));
    assert_eq!(extracted.password_identifiers[2], "a2@example.org");
    for many in [101, 3_000] {
        assert_eq!(told(document.clone(), mails(many)), [("traits.mails".to_owned(), 4000023)]);
    }
}

#[test]
fn a_schema_that_cannot_be_used_says_where() {
    for (document, at) in [
        (json!({ "type": "object" }), "traits"),
        (json!({ "properties": { "traits": { "$ref": "https://elsewhere.example/x.json" } } }), ""),
        (
            json!({ "properties": { "traits": { "type": "object", "properties": { "a": { "type": "string", "ory.sh/kratos": { "verification": { "via": "pigeon" } } } } } } }),
            "/properties/traits/properties/a/",
        ),
    ] {
        let problems = Schema::compile(&document).unwrap_err();
        assert!(
            problems.iter().any(|(pointer, what)| pointer.contains(at) && !what.is_empty()),
            "{document}: {problems:?}"
        );
    }
}
