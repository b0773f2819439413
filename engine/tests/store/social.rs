//! Trips, exchanges and links: read back, used once, gone with their flow. One more identifier for a credential.

use crate::identity_change::change;
use crate::records::flow;
use crate::{at, on_both, person};
use engine::identity::change::{IdentityChange, Record};
use engine::ids::FlowId;
use engine::model::FlowKind;
use engine::store::identities::{self, Outcome};
use engine::store::social::{self, Exchange, Link, Trip};
use engine::store::{Db, Tx, flows};
use serde_json::{Value, json};

/// A flow that is stored.
async fn begun(db: &Db) -> FlowId {
    let stored = flow(7, FlowKind::Login, 60);
    let mut tx = db.write().await.unwrap();
    flows::insert(&mut tx, &stored).await.unwrap();
    tx.commit().await.unwrap();
    stored.id
}

/// One more identifier of a provider.
async fn add(tx: &mut Tx, of: &Record, identifier: &str, config: &Value, second: i64) -> (Outcome, Record) {
    let wanted = IdentityChange::identified(of, ("oidc", identifier), config, at(second));
    change(tx, &of.identity, of.credentials.clone(), wanted, at(second)).await
}

on_both! {
    async fn a_trip_is_used_once_and_before_its_end(db: Db) {
        let flow = begun(&db).await;
        let trip = |number: u8, verifier: Option<&str>| Trip {
            state_hash: vec![number; 32],
            flow,
            kind: FlowKind::Login,
            provider: "acme".into(),
            browser: verifier.map(|_| vec![9; 32]),
            nonce: "n".into(),
            verifier: verifier.map(str::to_owned),
            form: json!({"traits": {"name": "ü"}}),
            expires_at: at(30),
            used_at: None,
        };
        let mut tx = db.write().await.unwrap();
        for stored in [trip(1, Some("v")), trip(2, None)] {
            social::insert_trip(&mut tx, &stored).await.unwrap();
            assert_eq!(social::trip(&mut tx, &stored.state_hash).await.unwrap(), Some(stored));
        }
        assert_eq!(social::trip(&mut tx, &[3; 32]).await.unwrap(), None);
        assert!(!social::use_trip(&mut tx, &[1; 32], at(30)).await.unwrap(), "it is over");
        assert!(social::use_trip(&mut tx, &[1; 32], at(29)).await.unwrap());
        assert!(!social::use_trip(&mut tx, &[1; 32], at(29)).await.unwrap(), "once");
        assert_eq!(social::trip(&mut tx, &[1; 32]).await.unwrap().unwrap().used_at, Some(at(29)));
        flows::delete_expired(&mut tx, at(61), 10).await.unwrap();
        assert_eq!(social::trip(&mut tx, &[1; 32]).await.unwrap(), None, "gone with its flow");
        tx.commit().await.unwrap();
    }

    async fn an_exchange_is_answered_and_used_once(db: Db) {
        let flow = begun(&db).await;
        let person = person(1, "anna").0;
        let mut tx = db.write().await.unwrap();
        identities::insert(&mut tx, &person, &[]).await.unwrap();
        social::insert_exchange(&mut tx, &[1; 32], flow, at(60)).await.unwrap();
        let begun = social::exchange_of(&mut tx, flow).await.unwrap().unwrap();
        assert_eq!((begun.identity(), begun.flow(), begun.return_hash.clone()), (None, flow, None));
        let answered = Exchange {
            return_hash: Some(vec![2; 32]),
            identity_id: Some(person.id.0),
            provider: Some("acme".into()),
            expires_at: at(10),
            ..begun
        };
        social::answer_exchange(&mut tx, &answered).await.unwrap();
        assert_eq!(social::exchange(&mut tx, &[1; 32]).await.unwrap(), Some(answered.clone()));
        assert_eq!(answered.identity(), Some(person.id));
        assert!(!social::use_exchange(&mut tx, &[1; 32], at(10)).await.unwrap(), "it is over");
        assert!(social::use_exchange(&mut tx, &[1; 32], at(9)).await.unwrap());
        assert!(!social::use_exchange(&mut tx, &[1; 32], at(9)).await.unwrap(), "once");
        assert_eq!(social::exchange_of(&mut tx, flow).await.unwrap(), None, "it is open no more");
        tx.commit().await.unwrap();
    }

    async fn a_link_is_used_once(db: Db) {
        let flow = begun(&db).await;
        let person = person(1, "anna").0;
        let link = Link {
            flow_id: flow.0,
            identity_id: person.id.0,
            provider: "acme".into(),
            subject: "Anna".into(),
            browser: vec![5; 32],
            expires_at: at(10),
            used_at: None,
        };
        let mut tx = db.write().await.unwrap();
        identities::insert(&mut tx, &person, &[]).await.unwrap();
        social::insert_link(&mut tx, &link).await.unwrap();
        assert_eq!(social::link(&mut tx, flow).await.unwrap(), Some(link.clone()));
        assert_eq!(link.identity(), person.id);
        assert!(!social::use_link(&mut tx, flow, at(10)).await.unwrap(), "it is over");
        assert!(social::use_link(&mut tx, flow, at(9)).await.unwrap());
        assert!(!social::use_link(&mut tx, flow, at(9)).await.unwrap(), "once");
        tx.commit().await.unwrap();
    }

    async fn an_identifier_is_added_to_a_credential_as_it_was_seen(db: Db) {
        let (anna, berta) = (person(1, "anna").0, person(2, "berta").0);
        let mut tx = db.write().await.unwrap();
        for person in [&anna, &berta] {
            identities::insert(&mut tx, person, &[]).await.unwrap();
        }
        let (one, two) = (json!({"providers": [1]}), json!({"providers": [1, 2]}));
        let anna = Record { identity: anna, credentials: Vec::new() };
        let (done, linked) = add(&mut tx, &anna, "acme:Anna", &one, 1).await;
        assert_eq!(done, Outcome::Done);
        let (done, twice) = add(&mut tx, &linked, "other:1", &two, 2).await;
        assert_eq!(done, Outcome::Done);
        let credentials = identities::credentials(&mut tx, anna.identity.id).await.unwrap();
        let oidc = credentials.iter().find(|credential| credential.kind == "oidc").unwrap();
        assert_eq!((oidc.identifiers.as_slice(), &oidc.config), (&["acme:Anna".to_owned(), "other:1".to_owned()][..], &two));
        assert_eq!(oidc.updated_at, at(2));
        let (seen_too_early, _) = add(&mut tx, &linked, "third:1", &two, 3).await;
        assert_eq!(seen_too_early, Outcome::Stale);
        let berta = Record { identity: berta, credentials: Vec::new() };
        let (of_another, _) = add(&mut tx, &berta, "acme:Anna", &one, 3).await;
        assert_eq!(of_another, Outcome::Taken);
        let (found, _) = identities::by_identifier(&mut tx, "oidc", "acme:Anna").await.unwrap().unwrap();
        assert_eq!((found.id, found.version), (anna.identity.id, twice.identity.version));
        assert!(identities::by_identifier(&mut tx, "oidc", "acme:anna").await.unwrap().is_none(), "subjects have case");
        let by_address = identities::by_address(&mut tx, "berta@example.org").await.unwrap().unwrap();
        assert_eq!(by_address.id, berta.identity.id);
        assert!(identities::by_address(&mut tx, "nobody@example.org").await.unwrap().is_none());
    }
}
