//! Identity schemas made from the grammar of marks, by a seed: no identifier is ever lost, none ever has two accounts, and what a
//! form holds comes back as the same fields. What has to be found is worked out while a schema is made, by nothing of the engine.

use engine::admin::{self, Create, Listing, Pages};
use engine::engine::Engine;
use engine::flow;
use engine::form::outcome::{Outcome, Started};
use engine::form::request::{Body, Submit};
use engine::identity::schema::{AtMost, Schema};
use engine::model::FlowKind;
use engine::testing::{self, PASSWORD, World, form, start};
use engine::{Ctx, Kind};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

const AT_MOST: AtMost = AtMost { violations: 20, per_field: 4 };

/// xorshift64*
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from((self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % most as u64).unwrap()
    }
}

/// A schema, traits that fit it, and what they are known by.
struct Made {
    document: Value,
    traits: Value,
    identifiers: BTreeSet<String>,
}

struct Maker {
    dice: Dice,
    seed: usize,
    count: usize,
    definitions: Map<String, Value>,
    identifiers: BTreeSet<String>,
}

impl Maker {
    fn new(seed: usize) -> Self {
        let dice = Dice(0x9e37_79b9_7f4a_7c15 ^ (seed as u64 + 1).wrapping_mul(0xd134_2543_de82_ef95));
        Self { dice, seed, count: 0, definitions: Map::new(), identifiers: BTreeSet::new() }
    }

    fn whole(seed: usize) -> Made {
        let mut maker = Self::new(seed);
        // One that is always there.
        let (first, value) = maker.marked(true);
        let (mut schema, mut traits) = maker.object(3);
        schema["properties"]["always"] = first;
        traits["always"] = value;
        let definitions = std::mem::take(&mut maker.definitions);
        let mut document = json!({ "definitions": definitions, "properties": { "traits": schema } });
        if maker.dice.below(2) == 0 {
            document["$schema"] = "http://json-schema.org/draft-07/schema#".into();
        }
        Made { document, traits, identifiers: maker.identifiers }
    }

    fn next(&mut self) -> usize {
        self.count += 1;
        self.count
    }

    fn name(&mut self) -> String {
        let number = self.next();
        match self.dice.below(6) {
            0 => format!("a.b{number}"),
            1 => format!("a/b~{number}"),
            2 => format!("größe {number}"),
            _ => format!("m{number}"),
        }
    }

    /// A marked leaf with a value. `counts`: the place is one whose marks hold.
    fn marked(&mut self, counts: bool) -> (Value, Value) {
        let count = self.next();
        let number = format!("{}-{count}", self.seed);
        let password = json!({ "credentials": { "password": { "identifier": true } } });
        let mut both = password.clone();
        both["verification"] = json!({ "via": "email" });
        both["recovery"] = json!({ "via": "email" });
        let (schema, value, known) = match self.dice.below(5) {
            0 => (
                json!({ "type": "string", "ory.sh/kratos": password }),
                json!(format!(" User-{number}")),
                format!("user-{number}"),
            ),
            1 => (
                json!({ "type": "string", "pattern": r"^\w+-\d+-\d+\z", "ory.sh/kratos": password }),
                json!(format!("Name-{number}")),
                format!("name-{number}"),
            ),
            2 => {
                let member = 1_000_000 * self.seed + self.count;
                (json!({ "type": "integer", "ory.sh/kratos": password }), json!(member), member.to_string())
            }
            3 => (
                json!({ "type": "string", "ory.sh/kratos": both }),
                json!(format!("Jos\u{e9}.{number}@Example.org")),
                format!("jos\u{e9}.{number}@example.org"),
            ),
            _ => (
                json!({ "type": "string", "format": "email", "ory.sh/kratos": both }),
                json!(format!("Jose\u{301}+{number}@example.org")),
                format!("jos\u{e9}+{number}@example.org"),
            ),
        };
        if counts {
            self.identifiers.insert(known);
        }
        (schema, value)
    }

    fn plain(&mut self) -> (Value, Value) {
        match self.dice.below(4) {
            0 => (json!({ "type": "string", "maxLength": 20 }), json!("some text")),
            1 => (json!({ "type": "number" }), json!(1.5)),
            2 => (json!({ "type": "boolean" }), json!(true)),
            _ => (json!({ "type": "array", "items": { "type": "string" } }), json!(["a", "b"])),
        }
    }

    /// Something that a member may be.
    fn anything(&mut self, depth: usize) -> (Value, Value) {
        if depth == 0 {
            return if self.dice.below(3) == 0 { self.plain() } else { self.marked(true) };
        }
        match self.dice.below(12) {
            0 => self.plain(),
            1 | 2 => self.marked(true),
            3 => {
                let all: Vec<_> = (0..1 + self.dice.below(3)).map(|_| self.marked(true)).collect();
                let schemas: Vec<_> = all.iter().map(|(schema, _)| schema.clone()).collect();
                let values: Vec<_> = all.into_iter().map(|(_, value)| value).collect();
                (json!({ "type": "array", "items": schemas }), values.into())
            }
            4 => {
                let (schema, _) = self.marked(false);
                let values: Vec<Value> = (0..self.dice.below(4)).map(|_| self.like(&schema)).collect();
                (json!({ "type": "array", "items": schema }), values.into())
            }
            5 => self.object(depth - 1),
            6 => {
                let (schema, value) = self.object(depth - 1);
                (json!({ "type": "array", "items": [schema] }), json!([value]))
            }
            7 => {
                let (schema, value) = self.anything(depth - 1);
                let name = format!("d{}", self.next());
                self.definitions.insert(name.clone(), schema);
                (json!({ "$ref": format!("#/definitions/{name}") }), value)
            }
            8 => {
                let (schema, value) = self.anything(depth - 1);
                (json!({ "allOf": [{ "title": "x" }, schema] }), value)
            }
            9 => {
                // Both fit, and one that does not, whose marks do not hold.
                let (schema, value) = self.anything(depth - 1);
                (
                    json!({ "anyOf": [{ "type": "null", "ory.sh/kratos": { "credentials": { "password": { "identifier": true } } } }, true, schema] }),
                    value,
                )
            }
            10 => {
                let (schema, value) = self.anything(depth - 1);
                (json!({ "oneOf": [{ "not": {}, "title": "never" }, schema] }), value)
            }
            _ => {
                let (schema, value) = self.marked(true);
                let name = self.name();
                let mut object = Map::new();
                object.insert(name, value);
                (json!({ "type": "object", "additionalProperties": schema }), object.into())
            }
        }
    }

    /// One more value of a marked leaf.
    fn like(&mut self, schema: &Value) -> Value {
        let count = self.next();
        let number = format!("{}-{count}", self.seed);
        if schema["type"] == "integer" {
            let member = 1_000_000 * self.seed + self.count;
            self.identifiers.insert(member.to_string());
            return member.into();
        }
        let address = schema["format"] == "email" || schema["ory.sh/kratos"].get("recovery").is_some();
        let value = if address { format!("L{number}@example.org") } else { format!("l-{number}") };
        self.identifiers.insert(value.to_lowercase());
        value.into()
    }

    fn object(&mut self, depth: usize) -> (Value, Value) {
        let (mut properties, mut value) = (Map::new(), Map::new());
        let mut schema = Map::new();
        schema.insert("type".to_owned(), "object".into());
        for _ in 0..1 + self.dice.below(3) {
            let name = self.name();
            let (below, of) = self.anything(depth);
            properties.insert(name.clone(), below);
            value.insert(name, of);
        }
        match self.dice.below(5) {
            0 => {
                let (holds, name) = (self.dice.below(2) == 0, self.name());
                let ((then, of_then), (other, of_other)) = (self.marked(holds), self.marked(!holds));
                let (then, other, kind) = (
                    json!({ "properties": { (name.clone()): then } }),
                    json!({ "properties": { (format!("{name}-else")): other } }),
                    format!("{name}-kind"),
                );
                schema
                    .insert("if".to_owned(), json!({ "properties": { (kind.clone()): { "const": true } } }));
                schema.insert("then".to_owned(), then);
                schema.insert("else".to_owned(), other);
                value.insert(kind, holds.into());
                value.insert(name.clone(), of_then);
                value.insert(format!("{name}-else"), of_other);
            }
            1 => {
                let (below, of) = self.marked(true);
                schema.insert("patternProperties".to_owned(), json!({ r"^x-\d+\z": below }));
                let number = self.next();
                value.insert(format!("x-{number}"), of);
            }
            2 => {
                let name = self.name();
                let (below, of) = self.marked(true);
                schema.insert(
                    "allOf".to_owned(),
                    json!([{ "properties": { (name.clone()): below } }, { "required": [(name.clone())] }]),
                );
                value.insert(name, of);
            }
            _ => {}
        }
        schema.insert("properties".to_owned(), properties.into());
        (schema.into(), value.into())
    }
}

#[test]
fn no_identifier_of_a_thousand_schemas_is_lost() {
    let mut identifiers = 0;
    for seed in 0..1_000 {
        let made = Maker::whole(seed);
        let schema =
            Schema::compile(&made.document).unwrap_or_else(|why| panic!("{seed} {}: {why:?}", made.document));
        let extracted = schema
            .validate(&made.traits, AT_MOST)
            .unwrap_or_else(|why| panic!("{seed} {} {}: {why:?}", made.document, made.traits));
        let found: BTreeSet<String> = extracted.password_identifiers.iter().cloned().collect();
        assert_eq!(found.len(), extracted.password_identifiers.len(), "{seed}: each once");
        assert_eq!(found, made.identifiers, "{seed} {} {}", made.document, made.traits);
        identifiers += found.len();
    }
    assert!(identifiers > 4_000, "the grammar makes {identifiers} only");
}

fn url(document: &Value) -> String {
    use base64::Engine as _;
    format!("base64://{}", base64::engine::general_purpose::STANDARD.encode(document.to_string()))
}

/// Accounts by the admin API for every schema, and then for each identifier a second one, of another schema and written in another
/// way.
async fn one_account_for_each(dsn: &str, seeds: std::ops::Range<usize>) {
    let made: Vec<Made> = seeds.map(Maker::whole).collect();
    let name = json!({ "type": "array", "items": [{ "type": "string", "ory.sh/kratos": { "credentials": { "password": { "identifier": true } } } }] });
    let plain = json!({ "properties": { "traits": { "properties": { "names": name } } } });
    let mut schemas = vec![json!({ "id": "default", "url": url(&plain) })];
    schemas.extend(
        made.iter()
            .enumerate()
            .map(|(index, made)| json!({ "id": format!("s{index}"), "url": url(&made.document) })),
    );
    let engine: Engine =
        World::default().engine(dsn, vec![json!({ "identity": { "schemas": schemas } })]).await;
    let ctx = engine.begin();
    for (index, made) in made.iter().enumerate() {
        let (identity, _) = create(&ctx, &format!("s{index}"), made.traits.clone()).await.unwrap();
        for identifier in &made.identifiers {
            let filter = admin::whose(&identifier.to_uppercase());
            let listing = Listing { filter, pages: Pages::After(None), size: 2, credentials: false };
            let found = admin::list(&ctx, &listing).await.unwrap().identities;
            let found: Vec<_> = found.iter().map(|(found, _)| found.id).collect();
            assert_eq!(found, [identity.id], "{identifier}");
        }
        // The first and the last stand for the others: each is a statement of its own.
        for identifier in [made.identifiers.first(), made.identifiers.last()].into_iter().flatten() {
            let again = json!({ "names": [format!(" {} ", identifier.to_uppercase())] });
            let refused = create(&ctx, "default", again).await.unwrap_err();
            assert_eq!(refused.kind, Kind::Conflict, "{identifier}");
        }
    }
    // The same at the form.
    for made in made.iter().take(20) {
        let identifier = made.identifiers.first().unwrap();
        let Started::Flow(flow) = flow::start(&ctx, FlowKind::Registration, start()).await.unwrap() else {
            panic!("a form")
        };
        let fields = json!({ "method": "password", "password": PASSWORD, "traits.names.0": identifier });
        match flow::submit(&ctx, FlowKind::Registration, form(flow.id, fields)).await.unwrap() {
            Outcome::Form { flow, .. } => assert_eq!(flow.ui.messages[0].id, 4000007, "{identifier}"),
            other => panic!("{identifier}: {other:?}"),
        }
    }
}

async fn create(
    ctx: &Ctx,
    schema: &str,
    traits: Value,
) -> engine::Result<(engine::identity::Identity, Vec<engine::identity::Credential>)> {
    let create: Create = serde_json::from_value(json!({ "schema_id": schema, "traits": traits })).unwrap();
    admin::create(ctx, create).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_identifier_has_two_accounts_on_sqlite() {
    one_account_for_each("memory", 0..1_000).await;
}

/// Fewer: each statement goes to another process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_identifier_has_two_accounts_on_postgres() {
    one_account_for_each(&testing::postgres::database().await, 0..1_000).await;
}

/// Leaves of every kind, as deep as forms go, and what somebody types into them.
fn typed(seed: usize) -> (Value, Vec<(String, String)>) {
    let mut dice = Dice(seed as u64 * 7_919 + 17);
    let mut fields = vec![("traits.email".to_owned(), format!("ann-{seed}@example.org"))];
    let mut properties = Map::new();
    properties.insert(
        "email".to_owned(),
        json!({ "type": "string", "format": "email", "ory.sh/kratos": { "credentials": { "password": { "identifier": true } } } }),
    );
    for index in 0..3 + dice.below(5) {
        let (schema, values): (Value, &[&str]) = match dice.below(9) {
            0 => (json!({ "type": "integer" }), &["41"]),
            1 => (json!({ "type": "number" }), &["1.5"]),
            2 => (json!({ "type": "boolean" }), &["true"]),
            3 => (json!({ "type": "string", "format": "date" }), &["2026-12-01"]),
            4 => (json!({ "type": "string", "format": "date-time" }), &["2026-12-01T10:30:00"]),
            5 => (json!({ "type": "array", "items": { "type": "string" } }), &["one", "two"]),
            6 => (
                json!({ "type": "array", "items": [{ "type": "integer" }], "additionalItems": { "type": "integer" } }),
                &["1"],
            ),
            7 => (json!({ "anyOf": [{ "type": "string", "enum": ["a", "b"] }, { "type": "null" }] }), &["b"]),
            _ => (json!({ "type": ["string", "null"], "pattern": "^.+$" }), &["größe & <b>"]),
        };
        let name = ["a", "b.c", "d/e", "f g"][dice.below(4)].to_owned() + &index.to_string();
        let (schema, name) = match dice.below(3) {
            0 => (
                json!({ "type": "object", "properties": { (name.clone()): schema } }),
                format!("o{index}.{name}"),
            ),
            1 => (
                json!({ "allOf": [{ "type": "object" }, { "properties": { (name.clone()): schema } }] }),
                format!("o{index}.{name}"),
            ),
            _ => (schema, name),
        };
        let member = if name.starts_with('o') { format!("o{index}") } else { name.clone() };
        properties.insert(member, schema);
        fields.extend(values.iter().map(|value| (format!("traits.{name}"), (*value).to_owned())));
    }
    (json!({ "properties": { "traits": { "type": "object", "properties": properties } } }), fields)
}

/// Like a page: a text for each value, and of a list one field for each entry.
fn shown(ui: &engine::ui::Container) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    for node in ui.nodes.iter().flatten().filter(|node| node.id().starts_with("traits.")) {
        let input = node.input().unwrap();
        let values = match &input.value {
            None => Vec::new(),
            Some(Value::Array(entries)) => entries.clone(),
            Some(one) => vec![one.clone()],
        };
        for value in values {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let text = match input.kind {
                engine::ui::InputKind::DatetimeLocal => engine::identity::decode::as_typed(&text),
                _ => text,
            };
            fields.push((node.id().to_owned(), text));
        }
    }
    fields
}

#[tokio::test]
async fn a_form_comes_back_with_the_fields_that_were_sent() {
    const SCHEMAS: usize = 150;
    let made: Vec<_> = (0..SCHEMAS).map(typed).collect();
    let schemas: Vec<Value> = made
        .iter()
        .enumerate()
        .map(|(index, (document, _))| json!({ "id": format!("s{index}"), "url": url(document), "selfservice_selectable": true }))
        .collect();
    let engine =
        testing::engine(vec![json!({ "identity": { "default_schema_id": "s0", "schemas": schemas } })]).await;
    let ctx = engine.begin();
    for (index, (document, fields)) in made.into_iter().enumerate() {
        let query = vec![("identity_schema".to_owned(), format!("s{index}"))];
        let begin = engine::form::request::Start { query, ..start() };
        let Started::Flow(flow) = flow::start(&ctx, FlowKind::Registration, begin).await.unwrap() else {
            panic!("a form")
        };
        let mut sent = vec![("method".to_owned(), "password".to_owned())];
        sent.extend(fields.clone());
        let mut id = flow.id;
        // Twice: what a page shows is what it sends.
        for _ in 0..2 {
            let submit = Submit { body: Body::Form(sent.clone()), ..form(id, Value::Null) };
            let Outcome::Form { flow: again, .. } =
                flow::submit(&ctx, FlowKind::Registration, submit).await.unwrap()
            else {
                panic!("no password")
            };
            let mut expected = fields.clone();
            let mut back = shown(&again.ui);
            expected.sort();
            back.sort();
            assert_eq!(back, expected, "{document}");
            sent.truncate(1);
            sent.extend(shown(&again.ui));
            id = again.id;
        }
        sent.push(("password".to_owned(), PASSWORD.to_owned()));
        let submit = Submit { body: Body::Form(sent), ..form(id, Value::Null) };
        match flow::submit(&ctx, FlowKind::Registration, submit).await.unwrap() {
            Outcome::SignedUp(_) => {}
            other => panic!("{document}: {other:?}"),
        }
    }
}
