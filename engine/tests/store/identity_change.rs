//! A change of an identity: written whole, from the version that was read alone, and refused where a value belongs to another.

use crate::{at, id, on_both, person};
use chrono::{DateTime, Utc};
use engine::identity::change::{GivenAddress, IdentityChange, Mark, Record, Rules};
use engine::identity::schema::{AtMost, Schema};
use engine::identity::verification::VerifiedBy;
use engine::identity::{Credential, Identity, State};
use engine::ids::IdentityId;
use engine::store::identities::{self, Inserted, Outcome};
use engine::store::{Db, Tx};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use tokio::sync::Barrier;

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    let email = |mark: Value| json!({"type": "string", "format": "email", "ory.sh/kratos": mark});
    let all = json!({
        "credentials": {"password": {"identifier": true}},
        "verification": {"via": "email"}, "recovery": {"via": "email"},
    });
    let document = json!({"type": "object", "properties": {"traits": {"type": "object", "properties": {
        "email": email(all.clone()),
        "others": {"type": "array", "items": email(all)},
    }}}});
    Schema::compile(&document).unwrap()
});

static IDS: AtomicU64 = AtomicU64::new(1);

fn rules(now: DateTime<Utc>) -> Rules<'static> {
    Rules {
        schema: Box::new(|_| Some(&*SCHEMA)),
        violations: AtMost { violations: 20, per_field: 4 },
        new_id: Box::new(|| id(1_000_000 + u128::from(IDS.fetch_add(1, Ordering::Relaxed)))),
        now,
    }
}

/// Applies and writes; the identity as it is then, if it was written.
pub(crate) async fn change(
    tx: &mut Tx,
    identity: &Identity,
    credentials: Vec<Credential>,
    change: IdentityChange,
    now: DateTime<Utc>,
) -> (Outcome, Record) {
    let before = Record { identity: identity.clone(), credentials };
    let after = change.apply(&before, &rules(now)).unwrap().record;
    (identities::change(tx, &before, &after).await.unwrap(), after)
}

/// The address at that position is verified.
pub(crate) async fn proof(tx: &mut Tx, identity: &Identity, at: usize, now: DateTime<Utc>) -> Identity {
    let verified = IdentityChange::verified(identity.verifiable_addresses[at].id, VerifiedBy::Verification);
    let (done, after) = change(tx, identity, Vec::new(), verified, now).await;
    assert_eq!(done, Outcome::Done);
    after.identity
}

async fn stored(db: &Db, number: u128, name: &str) -> Record {
    let (identity, credentials) = person(number, name);
    let mut tx = db.write().await.unwrap();
    assert_eq!(identities::insert(&mut tx, &identity, &credentials).await.unwrap(), Inserted::Done);
    tx.commit().await.unwrap();
    Record { identity, credentials }
}

async fn read(db: &Db, id: IdentityId) -> Record {
    let mut tx = db.read().await.unwrap();
    Record {
        identity: identities::get(&mut tx, id).await.unwrap().unwrap(),
        credentials: identities::credentials(&mut tx, id).await.unwrap(),
    }
}

fn traits(email: &str, others: &[&str]) -> IdentityChange {
    let own = |name: &&str| format!("{name}@example.org");
    let traits = json!({"email": own(&email), "others": others.iter().map(own).collect::<Vec<_>>()});
    IdentityChange { traits: Some(traits), ..IdentityChange::default() }
}

fn external_id(id: &str) -> IdentityChange {
    IdentityChange { external_id: Some(Some(id.to_owned())), ..IdentityChange::default() }
}

on_both! {
    async fn every_change_is_read_back_as_it_was_applied(db: Db) {
        let mut own = stored(&db, 1, "ann").await;
        let totp = Credential {
            kind: "totp".into(),
            identifiers: vec!["ann".into()],
            config: json!({"totp_url": "x"}),
            created_at: at(2),
            updated_at: at(2),
        };
        let hash = |hash: &str, created_at| Credential {
            kind: "password".into(),
            identifiers: vec!["c@example.org".into(), "a@example.org".into()],
            config: json!({"hashed_password": hash}),
            created_at,
            updated_at: at(30),
        };
        let new = |value: &str, by| GivenAddress {
            value: value.into(),
            via: "email".into(),
            mark: Mark::New(by),
        };
        let changes = vec![
            traits("a", &["b"]),
            traits("b", &["a"]),
            traits("B", &["c", "a"]),
            traits("c", &[]),
            IdentityChange {
                state: Some(State::Inactive),
                metadata_public: Some(json!({"a": "\u{0}"})),
                metadata_admin: Some(Value::Null),
                schema_id: Some("other".into()),
                ..external_id("crm-other")
            },
            IdentityChange { external_id: Some(None), ..IdentityChange::default() },
            IdentityChange { credentials: Some(vec![hash("1", at(0)), totp.clone()]), ..IdentityChange::default() },
            IdentityChange { credentials: Some(vec![hash("2", at(0)), totp]), ..IdentityChange::default() },
            IdentityChange { credentials: Some(vec![hash("2", at(25))]), ..traits("a", &["d", "b"]) },
            IdentityChange {
                verifiable: Some(vec![new("d@example.org", Some(VerifiedBy::Admin)), new("a@example.org", None)]),
                recovery: Some(Vec::new()),
                ..IdentityChange::default()
            },
            traits("a", &["d"]),
            IdentityChange::default(),
        ];
        for (step, wanted) in (0_i64..).zip(changes) {
            // One address is verified between each two changes.
            let waiting = own.identity.verifiable_addresses.iter().find(|address| !address.verified);
            let verified = waiting.map(|address| IdentityChange::verified(address.id, VerifiedBy::Verification));
            for wanted in verified.into_iter().chain([wanted]) {
                let mut tx = db.write().await.unwrap();
                let (identity, credentials) = (&own.identity, own.credentials.clone());
                let (done, after) = change(&mut tx, identity, credentials, wanted.clone(), at(10 + step)).await;
                assert_eq!(done, Outcome::Done, "step {step}: {wanted:?}");
                tx.commit().await.unwrap();
                let found = read(&db, own.identity.id).await;
                assert_eq!(format!("{:?}", found.identity), format!("{:?}", after.identity), "step {step}");
                assert_eq!(format!("{:?}", found.credentials), format!("{:?}", after.credentials), "step {step}");
                own = after;
            }
        }
        assert_eq!(own.identity.verifiable_addresses.len(), 2);
    }

    async fn a_change_from_an_older_version_writes_nothing(db: Db) {
        let ann = stored(&db, 1, "ann").await;
        let mut tx = db.write().await.unwrap();
        let (done, first) = change(&mut tx, &ann.identity, ann.credentials.clone(), traits("a", &[]), at(10)).await;
        assert_eq!(done, Outcome::Done);
        tx.commit().await.unwrap();
        // At the same moment, so that only the version tells the two apart.
        for wanted in [
            traits("b", &[]),
            external_id("other"),
            IdentityChange::verified(ann.identity.verifiable_addresses[1].id, VerifiedBy::Verification),
        ] {
            let mut tx = db.write().await.unwrap();
            let (done, _) = change(&mut tx, &ann.identity, ann.credentials.clone(), wanted, at(10)).await;
            assert_eq!(done, Outcome::Stale);
            drop(tx);
            let found = read(&db, ann.identity.id).await;
            assert_eq!(format!("{:?}", found.identity), format!("{:?}", first.identity));
        }
        let mut tx = db.write().await.unwrap();
        let (mut nobody, _) = person(9, "nobody");
        nobody.external_id = None;
        let (done, _) = change(&mut tx, &nobody, Vec::new(), external_id("new"), at(10)).await;
        assert_eq!(done, Outcome::Stale, "it was deleted");
    }

    async fn of_two_changes_from_one_version_one_is_written(db: Db) {
        let ann = stored(&db, 1, "ann").await;
        let barrier = Arc::new(Barrier::new(16));
        let racers: Vec<_> = (0..16_usize).map(|number| {
            let (db, barrier, ann) = (db.clone(), barrier.clone(), ann.clone());
            #[expect(clippy::disallowed_methods, reason = "the racers must run at once")]
            tokio::spawn(async move {
                let mut wanted = [format!("a{number}"), format!("b{}", number % 3)];
                if number % 2 == 0 {
                    wanted.reverse();
                }
                let wanted = traits(&wanted[0], &[&wanted[1]]);
                barrier.wait().await;
                let mut tx = db.write().await.unwrap();
                let (done, after) = change(&mut tx, &ann.identity, ann.credentials, wanted, at(10)).await;
                if done == Outcome::Done {
                    tx.commit().await.unwrap();
                }
                (done, after)
            })
        }).collect();
        let mut written = Vec::new();
        for racer in racers {
            match racer.await.unwrap() {
                (Outcome::Done, after) => written.push(after),
                (other, _) => assert_eq!(other, Outcome::Stale),
            }
        }
        assert_eq!(written.len(), 1);
        let found = read(&db, ann.identity.id).await;
        assert_eq!(format!("{:?}", found.identity), format!("{:?}", written[0].identity));
    }

    async fn an_address_an_identifier_and_an_external_id_of_another_are_taken(db: Db) {
        let (ann, bea) = (stored(&db, 1, "ann").await, stored(&db, 2, "bea").await);
        let identifier = Credential { identifiers: vec!["bea@example.org".into()], ..ann.credentials[0].clone() };
        for wanted in [
            IdentityChange { credentials: Some(ann.credentials.clone()), ..traits("bea", &[]) },
            IdentityChange {
                recovery: Some(vec![GivenAddress::kept("bea@example.org", "email")]),
                ..IdentityChange::default()
            },
            IdentityChange { credentials: Some(vec![identifier]), ..IdentityChange::default() },
            external_id("crm-bea"),
        ] {
            let mut tx = db.write().await.unwrap();
            let (done, _) = change(&mut tx, &ann.identity, ann.credentials.clone(), wanted.clone(), at(10)).await;
            assert_eq!(done, Outcome::Taken, "{wanted:?}");
            drop(tx);
            for own in [&ann, &bea] {
                let found = read(&db, own.identity.id).await;
                assert_eq!(format!("{:?}", found.identity), format!("{:?}", own.identity), "nothing is written");
            }
        }
    }

    async fn of_many_that_want_one_external_id_at_once_one_gets_it(db: Db) {
        let mut all = Vec::new();
        for number in 1..9 {
            all.push(stored(&db, number, &format!("n{number}")).await);
        }
        let barrier = Arc::new(Barrier::new(all.len()));
        let racers: Vec<_> = all.into_iter().map(|own| {
            let (db, barrier) = (db.clone(), barrier.clone());
            #[expect(clippy::disallowed_methods, reason = "the racers must run at once")]
            tokio::spawn(async move {
                barrier.wait().await;
                let mut tx = db.write().await.unwrap();
                let (done, _) = change(&mut tx, &own.identity, own.credentials, external_id("one"), at(10)).await;
                if done == Outcome::Done {
                    tx.commit().await.unwrap();
                }
                done
            })
        }).collect();
        let mut outcomes = Vec::new();
        for racer in racers {
            outcomes.push(racer.await.unwrap());
        }
        assert_eq!(outcomes.iter().filter(|done| **done == Outcome::Done).count(), 1, "{outcomes:?}");
        assert_eq!(outcomes.iter().filter(|done| **done == Outcome::Taken).count(), 7, "{outcomes:?}");
    }

    async fn a_credential_that_changed_meanwhile_is_not_overwritten(db: Db) {
        let ann = stored(&db, 1, "ann").await;
        let (was, new) = (&ann.credentials[0].config, json!({"hashed_password": "rehashed"}));
        let mut tx = db.write().await.unwrap();
        let rehashed = IdentityChange::configured(&ann, "password", &new, at(5));
        let (done, after) = change(&mut tx, &ann.identity, ann.credentials.clone(), rehashed, at(5)).await;
        assert_eq!((done, &ann.credentials[0].config), (Outcome::Done, was));
        tx.commit().await.unwrap();
        let ann = Record { identity: after.identity, ..ann };
        let other = Credential { config: json!({"hashed_password": "chosen"}), ..ann.credentials[0].clone() };
        let wanted = IdentityChange { credentials: Some(vec![other]), ..IdentityChange::default() };
        let mut tx = db.write().await.unwrap();
        let (done, _) = change(&mut tx, &ann.identity, ann.credentials.clone(), wanted, at(10)).await;
        assert_eq!(done, Outcome::Stale);
        drop(tx);
        // Its identifiers alone may change.
        let mut tx = db.write().await.unwrap();
        let (done, after) = change(&mut tx, &ann.identity, ann.credentials.clone(), traits("a", &[]), at(10)).await;
        assert_eq!(done, Outcome::Done);
        tx.commit().await.unwrap();
        let found = read(&db, ann.identity.id).await;
        assert_eq!((&found.credentials[0].config, &found.credentials[0].identifiers), (&new, &after.credentials[0].identifiers));
        // One that somebody else created meanwhile is not theirs to replace.
        let (bea, _) = person(2, "bea");
        let mut tx = db.write().await.unwrap();
        identities::insert(&mut tx, &bea, &[]).await.unwrap();
        let (kind, factor) = (("totp", "bea"), json!({}));
        let before = Record { identity: bea.clone(), credentials: Vec::new() };
        let added = IdentityChange::identified(&before, kind, &factor, at(5));
        let (done, added) = change(&mut tx, &bea, Vec::new(), added, at(5)).await;
        assert_eq!(done, Outcome::Done);
        let bea = added.identity;
        let own = Credential { kind: "totp".into(), ..ann.credentials[0].clone() };
        let wanted = IdentityChange { credentials: Some(vec![own]), ..IdentityChange::default() };
        let (done, _) = change(&mut tx, &bea, Vec::new(), wanted, at(10)).await;
        assert_eq!(done, Outcome::Stale);
    }
}
