//! Tests of providers: found by state and by id, taken once, finished once, deleted at their end.

use crate::{at, id, on_both};
use engine::ids::OperatorId;
use engine::operators::{Operator, Role};
use engine::store::Db;
use engine::store::oidc_tests::{self, Test};
use engine::store::operators;

async fn somebody(db: &Db) -> OperatorId {
    let operator = Operator {
        id: OperatorId(id(1)),
        email: "grace@console.test".to_owned(),
        name: "Grace".to_owned(),
        role: Role::Owner,
        disabled: false,
        created_at: at(0),
    };
    let mut tx = db.write().await.unwrap();
    assert!(operators::insert(&mut tx, &operator, "hash").await.unwrap());
    tx.commit().await.unwrap();
    operator.id
}

fn test(number: u128, by: OperatorId, end: i64) -> Test {
    Test {
        id: id(number),
        state_hash: vec![u8::try_from(number).unwrap(); 32],
        operator_id: by.0,
        provider: "acme".to_owned(),
        nonce: "n".to_owned(),
        verifier: number.is_multiple_of(2).then(|| "v".to_owned()),
        expires_at: at(end),
        used_at: None,
        result: None,
    }
}

on_both! {
    async fn a_test_is_taken_once_and_finished_once(db: Db) {
        let by = somebody(&db).await;
        let mut tx = db.write().await.unwrap();
        for wanted in [test(2, by, 10), test(3, by, 20)] {
            oidc_tests::insert(&mut tx, &wanted).await.unwrap();
            assert_eq!(oidc_tests::get(&mut tx, wanted.id).await.unwrap(), Some(wanted.clone()));
            assert_eq!(oidc_tests::by_state(&mut tx, &wanted.state_hash).await.unwrap(), Some(wanted));
        }
        assert_eq!(oidc_tests::by_state(&mut tx, &[0; 32]).await.unwrap(), None);
        assert!(!oidc_tests::take(&mut tx, id(2), at(10)).await.unwrap(), "its end is not in it");
        assert!(oidc_tests::take(&mut tx, id(2), at(9)).await.unwrap());
        assert!(!oidc_tests::take(&mut tx, id(2), at(9)).await.unwrap());
        assert!(oidc_tests::finish(&mut tx, id(2), &[1, 2]).await.unwrap());
        assert!(!oidc_tests::finish(&mut tx, id(2), &[3]).await.unwrap());
        let found = oidc_tests::get(&mut tx, id(2)).await.unwrap().unwrap();
        assert_eq!((found.used_at, found.result), (Some(at(9)), Some(vec![1, 2])));
        assert_eq!(oidc_tests::get(&mut tx, id(3)).await.unwrap().unwrap().used_at, None);
    }

    async fn what_is_over_goes_in_steps(db: Db) {
        let by = somebody(&db).await;
        let mut tx = db.write().await.unwrap();
        for number in 2..6 {
            let end = i64::try_from(number).unwrap();
            oidc_tests::insert(&mut tx, &test(number, by, end)).await.unwrap();
        }
        assert_eq!(oidc_tests::delete_old(&mut tx, at(5), 2).await.unwrap(), 2);
        assert_eq!(oidc_tests::get(&mut tx, id(3)).await.unwrap(), None);
        assert_eq!(oidc_tests::delete_old(&mut tx, at(5), 2).await.unwrap(), 1);
        assert!(oidc_tests::get(&mut tx, id(5)).await.unwrap().is_some());
    }
}
