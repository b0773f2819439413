//! Identity schemas in the shapes that Kratos takes: what is marked is found wherever it is, and nowhere else.

use crate::schemas::{FORM, told};
use engine::identity::normalise_identifier;
use engine::identity::schema::{Schema, TraitKind};
use serde_json::{Value, json};

/// Signed in with, verified and recovered by email.
fn mark() -> Value {
    json!({
        "credentials": { "password": { "identifier": true } },
        "verification": { "via": "email" }, "recovery": { "via": "email" },
    })
}

fn marked() -> Value {
    json!({ "type": "string", "ory.sh/kratos": mark() })
}

/// A whole document without `$schema`.
fn compiled(traits: Value, definitions: Value) -> Schema {
    let document = json!({ "definitions": definitions, "properties": { "traits": traits } });
    Schema::compile(&document).unwrap_or_else(|why| panic!("{document}: {why:?}"))
}

#[test]
fn what_is_marked_is_found_wherever_it_is() {
    let (a, b) = ("A@example.org", "b@example.org");
    let properties = |properties: Value| json!({ "type": "object", "properties": properties });
    for (what, traits, value, found) in [
        (
            "items",
            properties(json!({ "m": { "type": "array", "items": marked() } })),
            json!({ "m": [a, b] }),
            vec![a, b],
        ),
        (
            "items as an array",
            properties(json!({ "m": { "type": "array", "items": [marked()], "additionalItems": marked() } })),
            json!({ "m": [a, b] }),
            vec![a, b],
        ),
        (
            "items as an array, beyond it",
            properties(json!({ "m": { "items": [marked()] } })),
            json!({ "m": [a, b] }),
            vec![a],
        ),
        (
            "the list",
            properties(json!({ "m": { "type": "array", "ory.sh/kratos": mark() } })),
            json!({ "m": [a, b] }),
            vec![a, b],
        ),
        (
            "objects in a list",
            properties(
                json!({ "m": { "type": "array", "items": properties(json!({ "x": { "type": "array", "items": marked() } })) } }),
            ),
            json!({ "m": [{ "x": [a] }, {}, { "x": [b] }] }),
            vec![a, b],
        ),
        ("contains", properties(json!({ "m": { "contains": marked() } })), json!({ "m": [1, a] }), vec![a]),
        (
            "allOf",
            json!({ "allOf": [properties(json!({ "m": marked() })), { "required": ["m"] }] }),
            json!({ "m": a }),
            vec![a],
        ),
        (
            "allOf at the value",
            properties(json!({ "m": { "allOf": [{ "type": "string" }, { "ory.sh/kratos": mark() }] } })),
            json!({ "m": a }),
            vec![a],
        ),
        (
            "each branch of anyOf that fits",
            json!({ "anyOf": [properties(json!({ "m": marked() })), properties(json!({ "n": marked() })), { "required": ["o"] }] }),
            json!({ "m": a, "n": b }),
            vec![a, b],
        ),
        (
            "the branch of oneOf that fits",
            json!({ "oneOf": [
                { "properties": { "kind": { "const": "person" }, "m": marked() }, "required": ["m"] },
                { "properties": { "kind": { "const": "company" }, "n": marked() }, "required": ["n"] },
            ] }),
            json!({ "kind": "company", "m": a, "n": b }),
            vec![b],
        ),
        (
            "then",
            json!({ "if": { "properties": { "kind": { "const": 1 } } }, "then": { "properties": { "m": marked() } }, "else": { "properties": { "n": marked() } } }),
            json!({ "kind": 1, "m": a, "n": b }),
            vec![a],
        ),
        (
            "else",
            json!({ "if": { "properties": { "kind": { "const": 1 } } }, "then": { "properties": { "m": marked() } }, "else": { "properties": { "n": marked() } } }),
            json!({ "kind": 2, "m": a, "n": b }),
            vec![b],
        ),
        (
            "if",
            json!({ "if": properties(json!({ "m": marked() })), "then": { "required": ["m"] } }),
            json!({ "m": a }),
            vec![a],
        ),
        (
            "dependencies",
            json!({ "dependencies": { "k": properties(json!({ "m": marked() })) } }),
            json!({ "k": 1, "m": a }),
            vec![a],
        ),
        (
            "patternProperties",
            json!({ "patternProperties": { r"^mail-\d+\z": marked() } }),
            json!({ "mail-1": a, "mail-x": "c" }),
            vec![a],
        ),
        ("additionalProperties", json!({ "additionalProperties": marked() }), json!({ "any": a }), vec![a]),
        (
            "a name with dots and slashes",
            properties(json!({ "e.mail/~x": marked() })),
            json!({ "e.mail/~x": a }),
            vec![a],
        ),
        ("$ref", properties(json!({ "m": { "$ref": "#/definitions/mail" } })), json!({ "m": a }), vec![a]),
        ("$ref to a name", properties(json!({ "m": { "$ref": "#named" } })), json!({ "m": a }), vec![a]),
        (
            "$ref to an object in a list",
            properties(json!({ "m": { "items": { "$ref": "#/definitions/person" } } })),
            json!({ "m": [{ "mail": a }] }),
            vec![a],
        ),
        (
            "a schema that holds itself",
            json!({ "$ref": "#/definitions/person" }),
            json!({ "mail": a, "friend": { "mail": b, "friend": {} } }),
            vec![a, b],
        ),
        (
            "not",
            json!({ "not": properties(json!({ "m": { "type": "number", "ory.sh/kratos": mark() } })) }),
            json!({ "m": a }),
            vec![],
        ),
        ("propertyNames", json!({ "propertyNames": marked() }), json!({ a: b }), vec![]),
        (
            "the order of the schema",
            properties(json!({ "z": marked(), "a": marked() })),
            json!({ "a": b, "z": a }),
            vec![a, b],
        ),
        (
            "one that comes twice",
            properties(json!({ "z": marked(), "a": marked() })),
            json!({ "a": "a@EXAMPLE.org", "z": a }),
            vec![a],
        ),
        (
            "numbers",
            properties(
                json!({ "member": { "type": "integer", "ory.sh/kratos": { "credentials": { "password": { "identifier": true } } } } }),
            ),
            json!({ "member": 4711 }),
            vec!["4711"],
        ),
    ] {
        let definitions = json!({
            "mail": marked(), "named": { "$id": "#named", "allOf": [marked()] },
            "person": { "type": "object", "properties": { "mail": marked(), "friend": { "$ref": "#/definitions/person" } } },
        });
        let extracted = compiled(traits, definitions)
            .validate(&value, FORM)
            .unwrap_or_else(|why| panic!("{what}: {why:?}"));
        let found: Vec<String> = found.into_iter().map(normalise_identifier).collect();
        assert_eq!(extracted.password_identifiers, found, "{what}");
        if what != "numbers" {
            let values = |list: &[engine::identity::schema::Address]| -> Vec<String> {
                list.iter().map(|address| address.value.clone()).collect()
            };
            assert_eq!(
                (values(&extracted.verifiable), values(&extracted.recovery)),
                (found.clone(), found),
                "{what}"
            );
        }
    }
}

#[test]
fn what_is_written_to_is_an_address_whatever_the_schema_says_of_its_format() {
    let via = |purpose: &str, via: &str, format: Value| {
        let mut leaf = json!({ "type": "string", "ory.sh/kratos": { purpose: { "via": via } } });
        if !format.is_null() {
            leaf["format"] = format;
        }
        json!({ "type": "object", "properties": { "list": { "type": "array", "items": leaf } } })
    };
    for (traits, value, told_of) in [
        (via("verification", "email", Value::Null), "no address", Some(4000040)),
        (via("recovery", "email", Value::Null), "no address", Some(4000040)),
        (via("verification", "email", "email".into()), "no address", Some(4000040)),
        (via("verification", "email", "no-validate".into()), "no address", None),
        (via("verification", "sms", Value::Null), "no number", Some(4000041)),
        (via("verification", "email", Value::Null), "ann@example.org", None),
        (via("recovery", "sms", Value::Null), "+49 30 901820", None),
    ] {
        let outcome = compiled(traits.clone(), json!({})).validate(&json!({ "list": [value] }), FORM);
        let told: Vec<_> =
            outcome.err().into_iter().flatten().map(|one| (one.pointer, one.text.id)).collect();
        let told_of: Option<u64> = told_of;
        let expected: Vec<_> = told_of.into_iter().map(|id| ("traits.list".to_owned(), id)).collect();
        assert_eq!(told, expected, "{traits} {value}");
    }
}

#[test]
fn identifiers_are_composed_and_readable() {
    let name = json!({ "type": "string", "ory.sh/kratos": { "credentials": { "password": { "identifier": true } } } });
    let traits = json!({ "type": "object", "properties": {
        "user/name": name, "names": { "type": "array", "items": name }, "note": { "type": "string" },
    } });
    let schema = compiled(traits, json!({}));
    let composed = schema.validate(&json!({ "user/name": " Jos\u{e9} " }), FORM).unwrap();
    let decomposed = schema.validate(&json!({ "user/name": "JOSE\u{301}" }), FORM).unwrap();
    assert_eq!(composed.password_identifiers, ["jos\u{e9}"]);
    assert_eq!(decomposed.password_identifiers, composed.password_identifiers);
    for hidden in
        ["a\u{200b}nn", "a\u{202e}nn", "ann\u{2069}", "a\u{ad}nn", "ann\u{0}", "ann\u{fe0f}", "ann\u{e0061}"]
    {
        for (traits, at) in [
            (json!({ "user/name": hidden }), "traits.user/name"),
            (json!({ "names": ["ok", hidden] }), "traits.names"),
        ] {
            let violations = schema.validate(&traits, FORM).unwrap_err();
            assert_eq!(
                (violations.len(), violations[0].pointer.as_str(), violations[0].text.id),
                (1, at, 4000001),
                "{hidden:?}"
            );
        }
    }
    assert!(
        schema.validate(&json!({ "user/name": "ann", "note": "a\u{200d}b" }), FORM).is_ok(),
        "a note is no identifier"
    );
    for text in ["İstanbul", "ΑΣ", "Ǆ", "A\u{30a}ngstro\u{308}m", "\u{212a}elvin", " a b "] {
        let once = normalise_identifier(text);
        assert_eq!(normalise_identifier(&once), once, "{text}");
    }
}

#[test]
fn where_no_branch_fits_each_says_what_it_misses() {
    let either = |keyword: &str| {
        json!({ "type": "object",
            "properties": { "email": marked(), "phone": { "type": "string", "minLength": 5 }, "list": { "type": "array", "items": { "type": "string" } } },
            keyword: [{ "required": ["email"] }, { "required": ["phone"], "properties": { "list": { "minItems": 2 } } }, { "required": ["phone"] }],
        })
    };
    for keyword in ["anyOf", "oneOf"] {
        let mut told = told(either(keyword), json!({ "list": ["one"] }));
        told.sort();
        let expected = [("traits.email", 4000002), ("traits.list", 4000024), ("traits.phone", 4000002)];
        assert_eq!(told, expected.map(|(name, id)| (name.to_owned(), id)), "{keyword}");
    }
    // More than one branch fits: there is no field to say it at.
    let both = json!({ "email": "a@example.org", "phone": "12345", "list": ["a", "b"] });
    assert_eq!(told(either("oneOf"), both), [("traits".to_owned(), 4000001)]);
    let nested = json!({ "type": "object", "properties": { "m": { "anyOf": [{ "oneOf": [{ "type": "number" }] }, { "pattern": "^b" }, { "const": "c" }] } } });
    let ids: Vec<_> = told(nested, json!({ "m": "a" })).into_iter().collect();
    assert_eq!(ids, [4000026, 4000004, 4000029].map(|id| ("traits.m".to_owned(), id)));
}

#[test]
fn the_form_shows_each_leaf_once_wherever_the_schema_names_it() {
    let traits = json!({
        "type": "object",
        "properties": { "email": marked(), "kind": { "enum": ["person", "company"] }, "a.b/c": { "type": "boolean" } },
        "required": ["email"],
        "allOf": [{ "properties": { "age": { "type": ["null", "integer"] } }, "required": ["age"] }],
        "oneOf": [
            { "properties": { "kind": { "const": "person" }, "born": { "type": "string", "format": "date" } }, "required": ["born"] },
            { "properties": { "kind": { "const": "company" }, "size": { "type": "number", "title": "Size" } } },
        ],
        "if": { "properties": { "kind": { "const": "company" } } },
        "then": { "properties": { "tags": { "type": "array", "items": { "type": "number" } } } },
        "not": { "properties": { "nothing": { "type": "string" } } },
        "dependencies": { "age": { "properties": { "home": { "$ref": "#/definitions/home" } } } },
    });
    let home = json!({ "home": { "properties": {
        "street": { "type": "string" }, "rooms": { "type": "array", "items": { "properties": { "name": { "type": "string" } } } },
        "next": { "$ref": "#/definitions/home" },
    } } });
    let schema = compiled(traits, home);
    let fields: Vec<_> =
        schema.traits().iter().map(|leaf| (leaf.name.as_str(), leaf.kind, leaf.required)).collect();
    assert_eq!(
        fields,
        [
            ("traits.email", TraitKind::Text, true),
            ("traits.kind", TraitKind::Text, false),
            ("traits.a.b/c", TraitKind::Boolean, false),
            ("traits.age", TraitKind::Integer, true),
            // What one branch demands is not demanded of whoever takes the other.
            ("traits.born", TraitKind::Date, false),
            ("traits.size", TraitKind::Number, false),
            ("traits.tags", TraitKind::List, false),
            ("traits.home.street", TraitKind::Text, false),
        ]
    );
    let mut nested = json!({});
    schema.nest(&mut nested);
    assert_eq!(nested, json!({}), "what a branch nests is not made");
}

#[test]
fn a_schema_is_draft_7_unless_it_names_an_earlier_one() {
    // Beside a `$ref` nothing counts; entries of a tuple are judged by their place; an `exclusiveMinimum` is a number.
    let document = |draft: Option<&str>| {
        let mut document = json!({ "definitions": { "text": { "type": "string" } }, "properties": { "traits": { "properties": {
            "a": { "$ref": "#/definitions/text", "maxLength": 1 },
            "b": { "type": "array", "items": [{ "type": "string" }] },
            "c": { "exclusiveMinimum": 3 },
        } } } });
        if let Some(draft) = draft {
            document["$schema"] = draft.into();
        }
        Schema::compile(&document).unwrap()
    };
    for draft in
        [None, Some("http://json-schema.org/schema#"), Some("http://json-schema.org/draft-07/schema#")]
    {
        let schema = document(draft);
        assert!(schema.validate(&json!({ "a": "long", "b": ["x", 1] }), FORM).is_ok(), "{draft:?}");
        assert!(schema.validate(&json!({ "b": [1] }), FORM).is_err(), "{draft:?}");
        assert!(schema.validate(&json!({ "c": 3 }), FORM).is_err(), "{draft:?}");
    }
    for newer in
        ["https://json-schema.org/draft/2019-09/schema", "https://json-schema.org/draft/2020-12/schema", "x"]
    {
        let document = json!({ "$schema": newer, "properties": { "traits": {} } });
        assert_eq!(Schema::compile(&document).unwrap_err()[0].0, "/$schema", "{newer}");
    }
}

#[test]
fn patterns_are_those_of_re2_wherever_they_are() {
    let traits = json!({ "type": "object", "additionalProperties": false,
        "properties": {
            "pattern": { "type": "string", "pattern": r"(?i)^[\w.]+\z" },
            "list": { "type": "array", "items": { "anyOf": [{ "pattern": r"^\d{2}$" }, { "pattern": r"^\bx\b$" }] } },
            "odd": { "$ref": "#/elsewhere/deep/down" },
        },
        "patternProperties": { r"^x[[\]a&&b]?\d\z": { "type": "number" } },
    });
    let mut document = json!({ "properties": { "traits": traits }, "elsewhere": { "deep": { "down": { "pattern": r"^\d+$", "ory.sh/kratos": mark() } } } });
    let schema = Schema::compile(&document).unwrap();
    for (value, fits) in [
        (json!({ "pattern": "A.b" }), true),
        (json!({ "pattern": "ä" }), false),
        (json!({ "pattern": "a\n" }), false),
        (json!({ "list": ["12", "x"] }), true),
        (json!({ "list": ["१२"] }), false),
        (json!({ "x1": 1, "x&1": 1, "x[2": 1 }), true),
        (json!({ "x1": "text" }), false),
        (json!({ "x१": 1 }), false),
        (json!({ "y1": 1 }), false),
    ] {
        assert_eq!(schema.validate(&value, FORM).is_ok(), fits, "{value}");
    }
    let wrong = schema.validate(&json!({ "pattern": "ä" }), FORM).unwrap_err();
    assert_eq!(wrong[0].text.context["pattern"], r"(?i)^[\w.]+\z", "as it was written");
    assert_eq!(schema.traits()[0].pattern.as_deref(), Some(r"(?i)^[\w.]+\z"));
    assert!(schema.validate(&json!({ "odd": "a@example.org" }), FORM).is_err(), "where a $ref leads");
    document["properties"]["traits"]["properties"]["pattern"]["pattern"] = "(a{1000}){1000}".into();
    let problems = Schema::compile(&document).unwrap_err();
    assert_eq!(problems[0].0, "/properties/traits/properties/pattern/pattern");
    assert!(problems[0].1.contains("too large"), "{problems:?}");
}
