//! What a change makes of an identity: by example, and by properties over generated changes.

use super::*;
use crate::ids::IdentityId;
use serde_json::json;
use std::cell::Cell;

const LIMITS: AtMost = AtMost { violations: 20, per_field: 4 };

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

fn marked(format: &str, mark: Value) -> Value {
    json!({"type": "string", "format": format, "ory.sh/kratos": mark})
}

fn schema(required: &[&str]) -> Schema {
    let email = json!({
        "credentials": {"password": {"identifier": true}},
        "verification": {"via": "email"}, "recovery": {"via": "email"},
    });
    let document = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {"traits": {"type": "object", "required": required, "properties": {
            "email": marked("email", email),
            "others": {"type": "array", "items": marked("email", json!({"verification": {"via": "email"}}))},
            "phone": marked("tel", json!({"verification": {"via": "sms"}, "recovery": {"via": "sms"}})),
            "username": {"type": "string", "ory.sh/kratos": {"credentials": {"password": {"identifier": true}}}},
            "name": {"type": "string"},
        }}},
    });
    Schema::compile(&document).unwrap()
}

/// Changes at one moment, by one schema that is called `default`; `strict` needs an email.
struct World {
    default: Schema,
    strict: Schema,
    ids: Cell<u128>,
}

impl World {
    fn new() -> Self {
        Self { default: schema(&[]), strict: schema(&["email"]), ids: Cell::new(0) }
    }

    fn rules(&self, seconds: i64) -> Rules<'_> {
        Rules {
            schema: Box::new(|id| match id {
                "default" => Some(&self.default),
                "strict" => Some(&self.strict),
                _ => None,
            }),
            violations: LIMITS,
            new_id: Box::new(|| {
                self.ids.set(self.ids.get() + 1);
                Uuid::from_u128(self.ids.get())
            }),
            now: at(seconds),
        }
    }

    /// A new one whose addresses and identifiers are those of its traits, with a password.
    fn record(&self, traits: Value) -> Record {
        let identity = Identity {
            id: IdentityId(Uuid::from_u128(u128::MAX)),
            schema_id: "default".to_owned(),
            state: State::Active,
            state_changed_at: at(0),
            traits: json!({}),
            verifiable_addresses: Vec::new(),
            recovery_addresses: Vec::new(),
            metadata_public: Value::Null,
            metadata_admin: json!({"plan": "gold"}),
            external_id: Some("crm-1".to_owned()),
            organization_id: None,
            unverified: false,
            resettable: false,
            version: 0,
            created_at: at(0),
            updated_at: at(0),
        };
        let password = Credential {
            kind: "password".to_owned(),
            identifiers: Vec::new(),
            config: json!({"hashed_password": "$argon2id$"}),
            created_at: at(0),
            updated_at: at(0),
        };
        let bare = Record { identity, credentials: vec![password] };
        self.to(&bare, traits, 0)
    }

    fn to(&self, before: &Record, traits: Value, seconds: i64) -> Record {
        with(traits).apply(before, &self.rules(seconds)).unwrap().record
    }

    /// With that address verified.
    fn verify(&self, before: &Record, value: &str, seconds: i64) -> Record {
        let change = IdentityChange::verified(address(before, value).id, VerifiedBy::Verification);
        change.apply(before, &self.rules(seconds)).unwrap().record
    }
}

fn with(traits: Value) -> IdentityChange {
    IdentityChange { traits: Some(traits), ..IdentityChange::default() }
}

fn address<'a>(record: &'a Record, value: &str) -> &'a VerifiableAddress {
    let mut all = record.identity.verifiable_addresses.iter();
    all.find(|address| address.value == value).unwrap_or_else(|| panic!("{value} in {record:?}"))
}

fn values(record: &Record) -> Vec<(&str, bool)> {
    let all = record.identity.verifiable_addresses.iter();
    all.map(|address| (address.value.as_str(), address.verified)).collect()
}

#[test]
fn an_address_whose_value_stays_keeps_its_id_and_stays_verified() {
    let world = World::new();
    let ann = world.record(json!({"email": "ann@example.org", "name": "Ann"}));
    let ann = world.verify(&ann, "ann@example.org", 1);
    let after =
        world.to(&ann, json!({"email": "ann@example.org", "name": "Anna", "phone": "+49 30 1234567"}), 2);
    assert_eq!(address(&after, "ann@example.org"), address(&ann, "ann@example.org"));
    assert_eq!(values(&after), [("ann@example.org", true), ("+49301234567", false)]);
    assert_eq!(after.identity.recovery_addresses[0], ann.identity.recovery_addresses[0]);
    assert_eq!(after.identity.traits["name"], "Anna");
    assert_eq!((after.identity.updated_at, after.identity.version), (at(2), ann.identity.version + 1));
}

#[test]
fn another_case_is_the_same_address() {
    let world = World::new();
    let ann = world.record(json!({"email": "ann@example.org"}));
    let ann = world.verify(&ann, "ann@example.org", 1);
    let after = world.to(&ann, json!({"email": "Ann@EXAMPLE.org"}), 2);
    assert_eq!(after.identity.verifiable_addresses, ann.identity.verifiable_addresses);
    assert_eq!(after.credentials[0].identifiers, ["ann@example.org"]);
    assert_eq!(after.credentials[0].updated_at, at(0), "nothing of it changed");
    assert_eq!(after.identity.traits["email"], "Ann@EXAMPLE.org", "as it was written");
}

#[test]
fn an_address_that_is_replaced_is_unverified_and_so_is_the_old_one_when_it_comes_back() {
    let world = World::new();
    let ann = world.record(json!({"email": "ann@example.org"}));
    let ann = world.verify(&ann, "ann@example.org", 1);
    let other = world.to(&ann, json!({"email": "other@example.org"}), 2);
    assert_eq!(values(&other), [("other@example.org", false)]);
    assert_eq!(other.credentials[0].identifiers, ["other@example.org"]);
    assert_eq!(other.credentials[0].updated_at, at(2));
    assert_eq!(other.credentials[0].config, ann.credentials[0].config, "the password stays");
    let back = world.to(&other, json!({"email": "ann@example.org"}), 3);
    assert_eq!(values(&back), [("ann@example.org", false)]);
    assert_ne!(address(&back, "ann@example.org").id, address(&ann, "ann@example.org").id);
    assert_eq!(address(&back, "ann@example.org").created_at, at(3));
}

#[test]
fn two_addresses_that_are_swapped_are_both_kept_in_their_new_order() {
    let world = World::new();
    let ann = world.record(json!({"email": "ann@example.org", "others": ["work@example.org"]}));
    let ann = world.verify(&ann, "work@example.org", 1);
    let after = world.to(&ann, json!({"email": "work@example.org", "others": ["ann@example.org"]}), 2);
    assert_eq!(values(&after), [("work@example.org", true), ("ann@example.org", false)]);
    for value in ["ann@example.org", "work@example.org"] {
        assert_eq!(address(&after, value), address(&ann, value));
    }
    assert_eq!(after.credentials[0].identifiers, ["work@example.org"]);
}

#[test]
fn the_same_text_on_another_channel_is_another_address() {
    let world = World::new();
    let ann = world.record(json!({"email": "ann@example.org"}));
    let ann = world.verify(&ann, "ann@example.org", 1);
    let given = GivenAddress { via: "sms".to_owned(), ..GivenAddress::kept("ann@example.org", "email") };
    let change = IdentityChange { verifiable: Some(vec![given]), ..IdentityChange::default() };
    let after = change.apply(&ann, &world.rules(2)).unwrap().record;
    assert_eq!(values(&after), [("ann@example.org", false)]);
}

#[test]
fn a_credential_without_a_secret_comes_and_goes_with_its_identifiers() {
    let world = World::new();
    let mut ann = world.record(json!({"username": "ann"}));
    let kinds = |record: &Record| record.credentials.iter().map(|one| one.kind.clone()).collect::<Vec<_>>();
    let without = world.to(&ann, json!({"name": "Ann"}), 1);
    assert_eq!(
        (kinds(&without), &without.credentials[0].identifiers),
        (vec!["password".to_owned()], &vec![])
    );
    ann.credentials.clear();
    let reserved = world.to(&ann, json!({"username": "Anna"}), 1);
    assert_eq!(reserved.credentials[0].identifiers, ["anna"]);
    assert_eq!(reserved.credentials[0].config, json!({}));
    assert!(world.to(&reserved, json!({"name": "Ann"}), 2).credentials.is_empty());
    assert!(world.to(&ann, json!({"name": "Ann"}), 2).credentials.is_empty());
}

#[test]
fn what_a_change_names_takes_the_place_of_what_the_traits_hold() {
    let world = World::new();
    let ann = world.record(json!({"email": "ann@example.org"}));
    let ann = world.verify(&ann, "ann@example.org", 1);
    let new = |value: &str, by| GivenAddress {
        value: value.to_owned(),
        via: "email".to_owned(),
        mark: Mark::New(by),
    };
    let change = IdentityChange {
        verifiable: Some(vec![
            new("ann@example.org", None),
            new(" New@Example.org", Some(VerifiedBy::Hook)),
            new("new@example.org", None),
        ]),
        recovery: Some(vec![new("help@example.org", None)]),
        credentials: Some(Vec::new()),
        ..with(json!({"email": "third@example.org"}))
    };
    let after = change.apply(&ann, &world.rules(2)).unwrap().record;
    assert_eq!(values(&after), [("ann@example.org", false), ("new@example.org", true)], "each once");
    assert_ne!(address(&after, "ann@example.org").id, address(&ann, "ann@example.org").id);
    assert_eq!(after.identity.recovery_addresses[0].value, "help@example.org");
    assert_eq!(
        (after.credentials.len(), after.identity.traits["email"].as_str()),
        (0, Some("third@example.org"))
    );
}

#[test]
fn state_metadata_and_external_id_change_alone_and_without_a_schema() {
    let world = World::new();
    let mut ann = world.record(json!({"email": "ann@example.org"}));
    ann.identity.schema_id = "gone".to_owned();
    let change = IdentityChange {
        state: Some(State::Inactive),
        metadata_public: Some(json!({"a": 1})),
        metadata_admin: Some(Value::Null),
        external_id: Some(None),
        ..IdentityChange::default()
    };
    let Changed { record, extracted } = change.apply(&ann, &world.rules(2)).unwrap();
    let after = &record.identity;
    assert!(extracted.is_none());
    assert_eq!((after.state, after.state_changed_at, after.updated_at), (State::Inactive, at(2), at(2)));
    assert_eq!((&after.metadata_public, &after.metadata_admin), (&json!({"a": 1}), &Value::Null));
    assert_eq!(after.external_id, None);
    assert_eq!(after.verifiable_addresses, ann.identity.verifiable_addresses);
    assert_eq!((&after.traits, &after.schema_id), (&ann.identity.traits, &ann.identity.schema_id));
    let same = IdentityChange { state: Some(State::Inactive), ..IdentityChange::default() };
    let same = same.apply(&record, &world.rules(3)).unwrap().record.identity;
    assert_eq!(same.state_changed_at, at(2), "it did not change");
}

#[test]
fn a_proof_changes_the_address_and_not_the_time_of_the_identity() {
    let world = World::new();
    let ann = world.record(json!({"email": "ann@example.org"}));
    let after = world.verify(&ann, "ann@example.org", 5);
    let own = address(&after, "ann@example.org");
    assert_eq!((own.verified, own.verified_at, own.status.as_str()), (true, Some(at(5)), "completed"));
    assert_eq!((after.identity.updated_at, after.identity.version), (at(0), ann.identity.version + 1));
}

#[test]
fn what_does_not_fit_is_refused() {
    let world = World::new();
    let ann = world.record(json!({"email": "ann@example.org"}));
    let refused = |change: IdentityChange| change.apply(&ann, &world.rules(1)).map(|_| ()).unwrap_err();
    let Refused::Violations(violations) = refused(with(json!({"email": "nonsense"}))) else { panic!() };
    assert_eq!(violations[0].pointer, "traits.email");
    let schema = |id: &str| IdentityChange { schema_id: Some(id.to_owned()), ..IdentityChange::default() };
    assert_eq!(refused(schema("gone")), Refused::UnknownSchema("gone".to_owned()));
    let strict = IdentityChange { traits: Some(json!({})), ..schema("strict") };
    assert!(matches!(refused(strict), Refused::Violations(_)));
    assert!(schema("strict").apply(&ann, &world.rules(1)).is_ok(), "the traits that it has fit");
    let nobody = Uuid::from_u128(999);
    assert_eq!(refused(IdentityChange::verified(nobody, VerifiedBy::Admin)), Refused::UnknownAddress(nobody));
}

/// The same numbers each time (Marsaglia's xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }

    /// Few values, so that they come back often.
    fn email(&mut self) -> String {
        let name = ["ann", "Ann", "bea", "BEA", "cid", "dan"][usize::try_from(self.below(6)).unwrap()];
        format!("{name}@example.org")
    }

    fn traits(&mut self) -> Value {
        let mut traits = json!({});
        if self.below(4) > 0 {
            traits["email"] = self.email().into();
        }
        let others = self.below(4);
        traits["others"] = (0..others).map(|_| self.email()).collect();
        if self.below(2) == 0 {
            traits["phone"] = format!("+493012345{}", self.below(3)).into();
        }
        if self.below(2) == 0 {
            traits["username"] = ["Ann", "bea", "cid"][usize::try_from(self.below(3)).unwrap()].into();
        }
        traits
    }
}

#[test]
fn whatever_traits_follow_each_other_addresses_and_identifiers_are_theirs_and_no_proof_is_lost_or_found() {
    let (world, mut numbers) = (World::new(), Numbers(7));
    for round in 0..50 {
        let mut own = world.record(numbers.traits());
        for step in 1..30 {
            let case = format!("round {round}, step {step}");
            let waiting = own.identity.verifiable_addresses.iter().find(|address| !address.verified);
            if let Some(id) = waiting.map(|address| address.id).filter(|_| numbers.below(2) == 0) {
                let proof = IdentityChange::verified(id, VerifiedBy::Verification);
                own = proof.apply(&own, &world.rules(step)).unwrap().record;
            }
            let Changed { record: after, extracted } =
                with(numbers.traits()).apply(&own, &world.rules(step)).unwrap();
            let found = extracted.unwrap();
            let keys: Vec<_> = after
                .identity
                .verifiable_addresses
                .iter()
                .map(|address| (address.value.clone(), address.via.clone()))
                .collect();
            let unique: BTreeSet<_> = keys.iter().collect();
            assert_eq!(unique.len(), keys.len(), "{case}: one address twice");
            let wanted: BTreeSet<_> =
                found.verifiable.iter().map(|address| (address.value.clone(), address.via.clone())).collect();
            assert_eq!(unique, wanted.iter().collect(), "{case}");
            for address in &after.identity.verifiable_addresses {
                let mut before = own.identity.verifiable_addresses.iter();
                match before.find(|own| own.value == address.value && own.via == address.via) {
                    Some(before) => assert_eq!(before, address, "{case}: it is kept as it was"),
                    None => assert!(!address.verified, "{case}: a new address is unverified: {address:?}"),
                }
            }
            for address in &after.identity.recovery_addresses {
                let mut before = own.identity.recovery_addresses.iter();
                if let Some(before) = before.find(|own| own.value == address.value && own.via == address.via)
                {
                    assert_eq!(before, address, "{case}");
                }
            }
            assert_eq!(after.credentials.len(), 1, "{case}");
            assert_eq!(after.credentials[0].identifiers, found.password_identifiers, "{case}");
            assert_eq!(after.credentials[0].config, own.credentials[0].config, "{case}");
            let again = with(after.identity.traits.clone()).apply(&after, &world.rules(step)).unwrap().record;
            let same = Identity { version: after.identity.version, ..again.identity };
            assert_eq!(
                format!("{same:?}"),
                format!("{:?}", after.identity),
                "{case}: a second time changes nothing"
            );
            own = after;
        }
    }
}
