//! Web hooks' calls: queue and log.

use crate::{at, id, on_both, person};
use engine::ids::{DeliveryId, FlowId, IdentityId};
use engine::store::deliveries::{self, Count, Delivery, Kind, Status};
use engine::store::identities::{self, Inserted};
use engine::store::identity_lists;
use engine::store::reservations::{self, Notified, Row};

pub(crate) fn delivery(number: u128, hook: &str, due: i64) -> Delivery {
    Delivery {
        id: DeliveryId(id(number)),
        hook: hook.into(),
        name: "crm.example/neu ü".into(),
        place: "registration.after".into(),
        flow_id: number.is_multiple_of(2).then(|| FlowId(id(77))),
        kind: Kind::Inform,
        status: Status::Queued,
        answered: None,
        millis: None,
        attempts: 0,
        next_attempt_at: at(due),
        body: vec![1, 0, 255],
        created_at: at(i64::try_from(number).unwrap()),
        updated_at: at(0),
        request_id: (number == 2).then(|| "of-a-request".to_owned()),
        identity_id: number.is_multiple_of(3).then(|| IdentityId(id(33))),
    }
}

on_both! {
    async fn a_call_is_claimed_by_one_and_due_again_when_the_claim_runs_out(db: Db) {
        let mut tx = db.write().await.unwrap();
        for (number, due) in [(1, 10), (2, 5), (3, 50)] {
            deliveries::insert(&mut tx, &delivery(number, "a", due)).await.unwrap();
        }
        tx.commit().await.unwrap();
        let mut tx = db.write().await.unwrap();
        let due = deliveries::due(&mut tx, at(10), 10).await.unwrap();
        assert_eq!(due, [delivery(2, "a", 5), delivery(1, "a", 10)]);
        assert_eq!(deliveries::due(&mut tx, at(10), 1).await.unwrap().len(), 1);
        assert!(deliveries::claim(&mut tx, &due[0], at(300), at(10)).await.unwrap());
        assert!(!deliveries::claim(&mut tx, &due[0], at(300), at(10)).await.unwrap(), "somebody has it");
        let again = deliveries::due(&mut tx, at(300), 10).await.unwrap();
        assert_eq!(again.last().map(|last| (last.id, last.attempts)), Some((due[0].id, 1)), "first tries come first");
        assert!(deliveries::claim(&mut tx, again.last().unwrap(), at(600), at(300)).await.unwrap());
        // The first caller comes back late: it has nothing to say any more.
        let mut late = delivery(2, "a", 5);
        (late.attempts, late.status) = (1, Status::Done);
        assert!(!deliveries::finish(&mut tx, &late).await.unwrap());
        late = Delivery {
            attempts: 2, answered: Some(204), millis: Some(12), body: vec![9], updated_at: at(301), ..late
        };
        assert!(deliveries::finish(&mut tx, &late).await.unwrap());
        assert_eq!(deliveries::get(&mut tx, late.id).await.unwrap(), Some(late.clone()));
        assert!(!deliveries::finish(&mut tx, &late).await.unwrap(), "it is over");
    }

    async fn two_who_claim_one_call_at_once_are_one(db: Db) {
        let mut tx = db.write().await.unwrap();
        deliveries::insert(&mut tx, &delivery(1, "a", 0)).await.unwrap();
        tx.commit().await.unwrap();
        let one = |db: engine::store::Db| async move {
            let mut tx = db.write().await.unwrap();
            let claimed = deliveries::claim(&mut tx, &delivery(1, "a", 0), at(300), at(9)).await.unwrap();
            tx.commit().await.unwrap();
            claimed
        };
        let (first, second) = futures::join!(one(db.clone()), one(db.clone()));
        assert!(first ^ second, "{first} {second}");
    }

    async fn only_a_failed_one_is_tried_again_by_hand(db: Db) {
        let mut tx = db.write().await.unwrap();
        for (number, status) in (1..).zip(Status::ALL) {
            let one = Delivery { status, ..delivery(number, "a", 1000) };
            deliveries::insert(&mut tx, &one).await.unwrap();
            assert_eq!(deliveries::again(&mut tx, one.id, at(7)).await.unwrap(), status == Status::Failed);
        }
        let due = deliveries::due(&mut tx, at(7), 10).await.unwrap();
        assert_eq!(due.len(), 1);
        assert_eq!((due[0].status, due[0].next_attempt_at), (Status::Queued, at(7)));
    }

    async fn the_log_of_a_hook_is_listed_newest_first_and_counted(db: Db) {
        let mut tx = db.write().await.unwrap();
        for (number, kind) in (1..).zip(Kind::ALL) {
            let one = Delivery { kind, status: Status::Done, ..delivery(number, "a", 0) };
            deliveries::insert(&mut tx, &one).await.unwrap();
        }
        deliveries::insert(&mut tx, &delivery(9, "b", 0)).await.unwrap();
        let numbers = |list: &[Delivery]| {
            list.iter().map(|one| (one.created_at - at(0)).num_seconds()).collect::<Vec<_>>()
        };
        let first = deliveries::of_hook(&mut tx, "a", None, 3).await.unwrap();
        assert_eq!(numbers(&first), [5, 4, 3]);
        let after = Some((first[2].created_at, first[2].id));
        assert_eq!(numbers(&deliveries::of_hook(&mut tx, "a", after, 3).await.unwrap()), [2, 1]);
        assert!(deliveries::of_hook(&mut tx, "a\0", None, 3).await.unwrap().is_empty());
        let own = Delivery { place: "registration.after.password".into(), ..delivery(7, "a", 0) };
        deliveries::insert(&mut tx, &own).await.unwrap();
        let count = |hook: &str, place: &str, status, count, last| Count {
            hook: hook.into(), place: place.into(), status, count, last: at(last),
        };
        let (flow, password) = ("registration.after", "registration.after.password");
        let all = deliveries::counts(&mut tx, "a", 100).await.unwrap();
        assert_eq!(all, [count("a", flow, Status::Done, 5, 5), count("a", password, Status::Queued, 1, 7)]);
        let newest = deliveries::counts(&mut tx, "a", 3).await.unwrap();
        assert_eq!(newest, [count("a", flow, Status::Done, 2, 5), count("a", password, Status::Queued, 1, 7)]);
        let other = deliveries::counts(&mut tx, "b", 3).await.unwrap();
        assert_eq!(other, [count("b", flow, Status::Queued, 1, 9)]);
        assert_eq!(deliveries::counts(&mut tx, "a\0", 3).await.unwrap(), []);
    }

    async fn old_ones_go_and_those_that_wait_stay(db: Db) {
        let mut tx = db.write().await.unwrap();
        for (number, status) in [(1, Status::Queued), (2, Status::Done), (3, Status::Failed), (4, Status::Done)] {
            deliveries::insert(&mut tx, &Delivery { status, ..delivery(number, "a", 0) }).await.unwrap();
        }
        assert_eq!(deliveries::delete_old(&mut tx, at(4), 1).await.unwrap(), 1);
        assert_eq!(deliveries::delete_old(&mut tx, at(4), 9).await.unwrap(), 1);
        let left = deliveries::of_hook(&mut tx, "a", None, 9).await.unwrap();
        assert_eq!(left.iter().map(|one| one.id.0).collect::<Vec<_>>(), [id(4), id(1)]);
    }

    async fn an_account_that_is_not_finished_is_seen_by_nobody_and_its_names_are_taken(db: Db) {
        let (anna, credentials) = person(5, "anna");
        let row = |notified: Vec<Notified>, heartbeat: i64| Row {
            identity: anna.id,
            flow: FlowId(id(9)),
            notified,
            node: id(77),
            heartbeat_at: at(heartbeat),
        };
        let mut tx = db.write().await.unwrap();
        reservations::insert(&mut tx, &row(vec![], 60)).await.unwrap();
        assert!(matches!(identities::insert(&mut tx, &anna, &credentials).await.unwrap(), Inserted::Done));
        assert!(identities::get(&mut tx, anna.id).await.unwrap().is_none());
        let by_name = identities::by_identifier(&mut tx, "password", "anna@example.org").await.unwrap();
        let by_address = identities::by_verifiable_address(&mut tx, "email", "anna@example.org").await.unwrap();
        assert!(by_name.is_none() && by_address.is_none());
        assert!(identity_lists::page(&mut tx, &identity_lists::Filter::All, identity_lists::Window::first(10)).await.unwrap().is_empty());
        tx.commit().await.unwrap();

        let mut tx = db.write().await.unwrap();
        let (mut other, credentials) = person(6, "anna");
        other.external_id = None;
        assert!(matches!(identities::insert(&mut tx, &other, &credentials).await.unwrap(), Inserted::Taken));
        drop(tx);

        let agreed = vec![Notified { hook: "k".into(), name: "n".into(), place: "registration.after".into(), call: DeliveryId(id(3)) }];
        let mut tx = db.write().await.unwrap();
        assert!(reservations::set_notified(&mut tx, anna.id, &agreed, at(70)).await.unwrap());
        assert_eq!(reservations::abandoned(&mut tx, at(69), 10).await.unwrap(), []);
        assert_eq!(reservations::abandoned(&mut tx, at(70), 10).await.unwrap(), [row(agreed.clone(), 70)]);
        assert!(!reservations::beat(&mut tx, anna.id, id(78), at(80)).await.unwrap(), "another server's");
        assert!(reservations::beat(&mut tx, anna.id, id(77), at(80)).await.unwrap());
        assert!(!reservations::end_abandoned(&mut tx, anna.id, at(79)).await.unwrap(), "somebody works on it");
        assert!(reservations::end(&mut tx, anna.id).await.unwrap());
        assert!(!reservations::end(&mut tx, anna.id).await.unwrap(), "it is over");
        assert!(!reservations::set_notified(&mut tx, IdentityId(id(5)), &agreed, at(90)).await.unwrap());
        assert!(identities::get(&mut tx, anna.id).await.unwrap().is_some());
        assert_eq!(identity_lists::page(&mut tx, &identity_lists::Filter::All, identity_lists::Window::first(10)).await.unwrap().len(), 1);
    }
}
