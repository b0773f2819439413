//! Sign-ups that wait for their proof.

use crate::records::flow;
use crate::{at, id, on_both, person};
use engine::identity::draft::Draft;
use engine::identity::schema::Extracted;
use engine::ids::{FlowId, IdentityId};
use engine::model::FlowKind;
use engine::store::pending::{self, Code, Pending};
use engine::store::{Db, flows};

fn code(letter: u8) -> Code {
    Code { key_id: "k".into(), digest: vec![letter; 32], link_digest: vec![letter; 31], expires_at: at(600) }
}

/// Waits in the flow of the same number.
fn waiting(number: u128, address: &str) -> Pending {
    let (identity, _) = person(number, "anna");
    Pending {
        id: IdentityId(id(number)),
        flow: FlowId(id(number)),
        address: address.into(),
        address_id: identity.verifiable_addresses[0].id,
        secret_hash: vec![7; 32],
        code: code(1),
        draft: Draft::of(
            &identity,
            Extracted { password_identifiers: vec![address.into()], ..Extracted::default() },
            "$argon2id$x".into(),
            FlowId(id(99)),
            None,
        ),
        created_at: at(0),
        expires_at: at(3600),
    }
}

async fn flows(db: &Db) {
    let mut tx = db.write().await.unwrap();
    for number in 1..=4 {
        flows::insert(&mut tx, &flow(number, FlowKind::Verification, 600)).await.unwrap();
    }
    tx.commit().await.unwrap();
}

on_both! {
    async fn several_wait_for_one_address_and_the_first_proof_voids_the_rest(db: Db) {
        flows(&db).await;
        let mut tx = db.write().await.unwrap();
        for (number, address) in [(1, "anna@example.org"), (2, "anna@example.org"), (3, "bert@example.org")] {
            pending::insert(&mut tx, &waiting(number, address)).await.unwrap();
        }
        let first = pending::of_flow(&mut tx, FlowId(id(1))).await.unwrap();
        assert_eq!(first, Some(waiting(1, "anna@example.org")));
        assert!(pending::take(&mut tx, &waiting(1, "anna@example.org")).await.unwrap());
        assert!(!pending::take(&mut tx, &waiting(1, "anna@example.org")).await.unwrap(), "once");
        assert_eq!(pending::void(&mut tx, "anna@example.org").await.unwrap(), 1);
        assert!(pending::of_flow(&mut tx, FlowId(id(2))).await.unwrap().is_none());
        assert!(pending::of_flow(&mut tx, FlowId(id(3))).await.unwrap().is_some());
    }

    async fn a_new_code_voids_the_one_before_it(db: Db) {
        flows(&db).await;
        let mut tx = db.write().await.unwrap();
        let row = waiting(1, "anna@example.org");
        pending::insert(&mut tx, &row).await.unwrap();
        pending::renew(&mut tx, row.id, &code(2)).await.unwrap();
        assert!(!pending::take(&mut tx, &row).await.unwrap(), "that was read before the new code");
        let row = pending::of_flow(&mut tx, row.flow).await.unwrap().unwrap();
        assert_eq!(row.code, code(2));
        assert!(pending::take(&mut tx, &row).await.unwrap());
    }

    async fn it_follows_for_whoever_has_the_secret_and_ends_at_its_end(db: Db) {
        flows(&db).await;
        let mut tx = db.write().await.unwrap();
        let row = waiting(1, "anna@example.org");
        pending::insert(&mut tx, &row).await.unwrap();
        let (from, to) = (row.flow, FlowId(id(4)));
        assert!(!pending::follow(&mut tx, from, to, &[8; 32], at(0)).await.unwrap(), "another secret");
        assert!(!pending::follow(&mut tx, from, to, &[7; 32], at(3600)).await.unwrap(), "too late");
        assert!(pending::follow(&mut tx, from, to, &[7; 32], at(3599)).await.unwrap());
        assert!(pending::of_flow(&mut tx, from).await.unwrap().is_none());
        let followed = pending::of_flow(&mut tx, to).await.unwrap().unwrap();
        assert_eq!(followed.expires_at, at(3600), "its end never moves");
        assert_eq!(pending::delete_old(&mut tx, at(3600), 9).await.unwrap(), 0);
        assert_eq!(pending::delete_old(&mut tx, at(3601), 9).await.unwrap(), 1);
    }
}
