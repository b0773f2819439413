//! What waits for a proof: taken once, followed with its secret alone, ended by any proof of the identity. And wrong codes.

use crate::identity_change::{change, proof};
use crate::records::flow;
use crate::{at, id, on_both, person};
use engine::identity::Credential;
use engine::identity::change::{GivenAddress, IdentityChange};
use engine::ids::{FlowId, IdentityId, SessionId};
use engine::model::FlowKind;
use engine::store::deferred_logins::{self, HandOver};
use engine::store::identities::Outcome;
use engine::store::{Db, flows, identities, sessions};
use serde_json::json;

fn row(flow: u128, person: u128) -> HandOver {
    HandOver {
        flow_id: id(flow),
        secret_hash: vec![u8::try_from(flow).unwrap(), 255],
        identity_id: id(person),
        address_id: id(person * 10 + 2),
        version: vec![0, 1],
        method: "password".into(),
        signs_in: true,
        expires_at: at(60),
    }
}

/// Two people, four flows.
async fn ready(db: &Db) {
    let mut tx = db.write().await.unwrap();
    for number in 1..=4 {
        flows::insert(&mut tx, &flow(number, FlowKind::Verification, 600)).await.unwrap();
    }
    for (number, name) in [(5, "anna"), (6, "berta")] {
        let (identity, credentials) = person(number, name);
        identities::insert(&mut tx, &identity, &credentials).await.unwrap();
    }
    tx.commit().await.unwrap();
}

on_both! {
    async fn what_waits_is_taken_once_and_only_with_its_secret(db: Db) {
        ready(&db).await;
        let mut tx = db.write().await.unwrap();
        deferred_logins::insert(&mut tx, &row(1, 5)).await.unwrap();
        assert_eq!(deferred_logins::of_flow(&mut tx, FlowId(id(1))).await.unwrap(), Some(row(1, 5)));
        assert_eq!(deferred_logins::take(&mut tx, FlowId(id(1)), &[2, 255]).await.unwrap(), None);
        assert_eq!(deferred_logins::take(&mut tx, FlowId(id(2)), &[1, 255]).await.unwrap(), None);
        assert_eq!(deferred_logins::take(&mut tx, FlowId(id(1)), &[1, 255]).await.unwrap(), Some(row(1, 5)));
        assert_eq!(deferred_logins::take(&mut tx, FlowId(id(1)), &[1, 255]).await.unwrap(), None);
    }

    async fn it_follows_another_flow_with_its_secret_until_its_end_that_does_not_move(db: Db) {
        ready(&db).await;
        let mut tx = db.write().await.unwrap();
        deferred_logins::insert(&mut tx, &row(1, 5)).await.unwrap();
        let (one, two) = (FlowId(id(1)), FlowId(id(2)));
        assert!(!deferred_logins::follow(&mut tx, one, two, &[9], at(1)).await.unwrap());
        assert!(!deferred_logins::follow(&mut tx, one, two, &[1, 255], at(60)).await.unwrap(), "its time is over");
        assert!(deferred_logins::follow(&mut tx, one, two, &[1, 255], at(59)).await.unwrap());
        assert_eq!(deferred_logins::of_flow(&mut tx, one).await.unwrap(), None);
        let moved = deferred_logins::of_flow(&mut tx, two).await.unwrap();
        assert_eq!(moved, Some(HandOver { flow_id: id(2), ..row(1, 5) }));
    }

    async fn a_proof_of_any_address_of_that_identity_ends_it_and_nobody_elses(db: Db) {
        ready(&db).await;
        let mut tx = db.write().await.unwrap();
        for (flow, person) in [(1, 5), (2, 5), (3, 6)] {
            deferred_logins::insert(&mut tx, &row(flow, person)).await.unwrap();
        }
        let anna = identities::get(&mut tx, IdentityId(id(5))).await.unwrap().unwrap();
        proof(&mut tx, &anna, 1, at(7)).await;
        for (flow, left) in [(1, false), (2, false), (3, true)] {
            assert_eq!(deferred_logins::of_flow(&mut tx, FlowId(id(flow))).await.unwrap().is_some(), left, "{flow}");
        }
        identities::delete(&mut tx, IdentityId(id(6))).await.unwrap();
        assert_eq!(deferred_logins::of_flow(&mut tx, FlowId(id(3))).await.unwrap(), None);
    }

    async fn what_is_over_goes_and_all_when_the_option_does(db: Db) {
        ready(&db).await;
        let mut tx = db.write().await.unwrap();
        deferred_logins::insert(&mut tx, &row(1, 5)).await.unwrap();
        deferred_logins::insert(&mut tx, &HandOver { expires_at: at(90), ..row(2, 5) }).await.unwrap();
        assert_eq!(deferred_logins::forget_old(&mut tx, at(60)).await.unwrap(), 0);
        assert_eq!(deferred_logins::forget_old(&mut tx, at(61)).await.unwrap(), 1);
        assert_eq!(deferred_logins::forget_all(&mut tx).await.unwrap(), 1);
    }

    async fn what_waits_stays_and_signs_nobody_in_any_more(db: Db) {
        ready(&db).await;
        let mut tx = db.write().await.unwrap();
        deferred_logins::insert(&mut tx, &row(1, 5)).await.unwrap();
        assert_eq!(deferred_logins::sign_nobody_in(&mut tx).await.unwrap(), 1);
        let left = deferred_logins::of_flow(&mut tx, FlowId(id(1))).await.unwrap();
        assert_eq!(left, Some(HandOver { signs_in: false, ..row(1, 5) }));
        assert_eq!(deferred_logins::sign_nobody_in(&mut tx).await.unwrap(), 0);
    }

    async fn taking_over_leaves_one_address_one_credential_and_the_flow_that_proves(db: Db) {
        ready(&db).await;
        let mut tx = db.write().await.unwrap();
        for (flow, person) in [(1, 5), (2, 5), (3, 6)] {
            deferred_logins::insert(&mut tx, &row(flow, person)).await.unwrap();
        }
        for (number, person) in [(1, 5), (2, 6)] {
            let session = crate::sessions::session(number, IdentityId(id(person)), 0);
            sessions::insert(&mut tx, &session).await.unwrap();
        }
        let anna = identities::get(&mut tx, IdentityId(id(5))).await.unwrap().unwrap();
        let new = Credential {
            kind: "password".into(),
            identifiers: vec!["anna@example.org".into()],
            config: json!({"hashed_password": "new"}),
            created_at: at(7),
            updated_at: at(7),
        };
        identities::end_access(&mut tx, anna.id, FlowId(id(1))).await.unwrap();
        let kept = || Some(vec![GivenAddress::kept("anna@example.org", "email")]);
        let only = |new: Credential| IdentityChange {
            verifiable: kept(),
            recovery: kept(),
            credentials: Some(vec![new]),
            ..IdentityChange::default()
        };
        let (done, _) = change(&mut tx, &anna, Vec::new(), only(new.clone()), at(7)).await;
        assert_eq!(done, Outcome::Done);
        let left = identities::get(&mut tx, anna.id).await.unwrap().unwrap();
        let values = |values: &mut dyn Iterator<Item = &String>| values.cloned().collect::<Vec<_>>();
        assert_eq!(values(&mut left.verifiable_addresses.iter().map(|one| &one.value)), ["anna@example.org"]);
        assert_eq!(values(&mut left.recovery_addresses.iter().map(|one| &one.value)), ["anna@example.org"]);
        let credentials = identities::credentials(&mut tx, anna.id).await.unwrap();
        assert_eq!(format!("{credentials:?}"), format!("{:?}", [new]));
        for (number, active) in [(1, false), (2, true)] {
            let session = sessions::get(&mut tx, SessionId(id(number))).await.unwrap().unwrap();
            assert_eq!(session.active, active, "{number}");
        }
        for (flow, there, waits) in [(1, true, false), (2, false, false), (3, true, true), (4, true, false)] {
            let found = flows::get(&mut tx, FlowKind::Verification, FlowId(id(flow))).await.unwrap();
            let waiting = deferred_logins::of_flow(&mut tx, FlowId(id(flow))).await.unwrap();
            assert_eq!((found.is_some(), waiting.is_some()), (there, waits), "{flow}");
        }
        let taken = Credential {
            identifiers: vec!["berta@example.org".into()],
            ..identities::credentials(&mut tx, anna.id).await.unwrap().remove(0)
        };
        identities::end_access(&mut tx, anna.id, FlowId(id(1))).await.unwrap();
        let (done, _) = change(&mut tx, &left, Vec::new(), only(taken), at(8)).await;
        assert_eq!(done, Outcome::Taken);
    }

    async fn a_first_proof_claims_once_and_any_proof_ends_that(db: Db) {
        let mut tx = db.write().await.unwrap();
        let mut people = Vec::new();
        for (number, name) in [(7, "anna"), (8, "berta")] {
            let (mut identity, credentials) = person(number, name);
            identity.resettable = true;
            identities::insert(&mut tx, &identity, &credentials).await.unwrap();
            people.push(identity);
        }
        let (anna, berta) = (&people[0], &people[1]);
        assert!(identities::still_before_proof(&mut tx, anna).await.unwrap());
        assert!(identities::claim(&mut tx, anna.id).await.unwrap());
        assert!(!identities::claim(&mut tx, anna.id).await.unwrap());
        assert!(!identities::still_before_proof(&mut tx, anna).await.unwrap(), "by what was read before");
        assert!(!identities::get(&mut tx, anna.id).await.unwrap().unwrap().resettable);
        proof(&mut tx, berta, 1, at(7)).await;
        assert!(!identities::get(&mut tx, berta.id).await.unwrap().unwrap().resettable);
        assert!(!identities::claim(&mut tx, berta.id).await.unwrap());
        let (mut cecile, credentials) = person(9, "cecile");
        cecile.unverified = true;
        identities::insert(&mut tx, &cecile, &credentials).await.unwrap();
        assert!(identities::still_before_proof(&mut tx, &cecile).await.unwrap());
        proof(&mut tx, &cecile, 1, at(7)).await;
        assert!(!identities::still_before_proof(&mut tx, &cecile).await.unwrap());
    }
}
