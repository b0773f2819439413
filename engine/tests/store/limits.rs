//! Counters of limits.

use crate::*;
use engine::store::limits::{self, Counter, Subject};

fn subject(scope: &'static str, key: u8) -> Subject {
    Subject {
        scope,
        key: vec![key],
        account: Some(vec![0xa0 + key]),
        client: Some(format!("192.0.2.{key}")),
        label: Some(format!("{key}…@example.org")),
    }
}

/// Since when a window of an hour may have begun.
fn since(seconds: i64) -> DateTime<Utc> {
    at(seconds) - TimeDelta::hours(1)
}

on_both! {
    async fn a_window_counts_for_an_hour_and_then_begins_again(db: Db) {
        let mut tx = db.write_relaxed().await.unwrap();
        let one = subject("codes", 1);
        for (second, amount, count, began) in [(0, 1, 1, 0), (5, 4, 5, 0), (3599, 1, 6, 0), (3600, 1, 1, 3600)] {
            let counted = limits::add(&mut tx, &one, amount, at(second), since(second)).await.unwrap();
            assert_eq!((counted.count, counted.began_at, counted.last_at), (count, at(began), at(second)));
        }
        let other = limits::add(&mut tx, &subject("emails", 1), 1, at(3600), since(3600)).await.unwrap();
        assert_eq!(other.count, 1, "of another limit");
        limits::take_back(&mut tx, &one, 1).await.unwrap();
        limits::take_back(&mut tx, &one, 1).await.unwrap();
        let counted = limits::add(&mut tx, &one, 1, at(3601), since(3601)).await.unwrap();
        assert_eq!(counted.count, 1, "never less than nothing");
    }

    async fn a_row_is_held_and_set(db: Db) {
        let mut tx = db.write_relaxed().await.unwrap();
        let one = subject("passwords", 1);
        let held = limits::lock(&mut tx, &one, at(0)).await.unwrap();
        assert_eq!((held.count, held.last_at), (0, at(0)));
        limits::set(&mut tx, &one, 7, at(9)).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = db.write_relaxed().await.unwrap();
        let held = limits::lock(&mut tx, &one, at(20)).await.unwrap();
        assert_eq!((held.count, held.began_at, held.last_at), (7, at(0), at(9)));
        limits::forget(&mut tx, &one).await.unwrap();
        let held = limits::lock(&mut tx, &one, at(20)).await.unwrap();
        assert_eq!((held.count, held.began_at), (0, at(20)));
    }

    async fn counts_at_the_same_moment_are_all_counted(db: Db) {
        let count = async |_: usize| {
            let mut tx = db.write_relaxed().await.unwrap();
            let counted = limits::add(&mut tx, &subject("codes", 1), 1, at(0), since(0)).await.unwrap();
            tx.commit().await.unwrap();
            counted.count
        };
        let mut counts = futures::future::join_all((0..20).map(count)).await;
        counts.sort_unstable();
        assert_eq!(counts, (1..=20).collect::<Vec<i64>>());
    }

    async fn counters_are_listed_and_cleared_by_account_and_client(db: Db) {
        let mut tx = db.write().await.unwrap();
        for (key, second) in [(1, 1), (2, 3), (3, 2)] {
            limits::add(&mut tx, &subject("codes", key), 1, at(second), since(second)).await.unwrap();
        }
        // Nothing is counted in it yet.
        limits::lock(&mut tx, &subject("passwords", 1), at(4)).await.unwrap();
        let keys = |rows: Vec<Counter>| -> Vec<Option<Vec<u8>>> {
            rows.into_iter().map(|row| row.account).collect()
        };
        let (first, second, third) = (Some(vec![0xa1]), Some(vec![0xa2]), Some(vec![0xa3]));
        let all = limits::list(&mut tx, None, None, 9).await.unwrap();
        assert_eq!(keys(all), [second.clone(), third.clone(), first.clone()], "newest first");
        assert_eq!(keys(limits::list(&mut tx, None, None, 1).await.unwrap()), [second]);
        assert_eq!(keys(limits::list(&mut tx, Some(&[0xa1]), None, 9).await.unwrap()), [first]);
        let found = limits::list(&mut tx, None, Some("192.0.2.3"), 9).await.unwrap();
        let [row] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((row.scope.as_str(), row.label.as_deref()), ("codes", Some("3…@example.org")));
        assert_eq!((row.count, row.began_at, row.last_at), (1, at(2), at(2)));
        assert_eq!(limits::clear(&mut tx, Some(&[0xa1]), None).await.unwrap(), 2);
        assert_eq!(limits::clear(&mut tx, None, Some("192.0.2.3")).await.unwrap(), 1);
        assert_eq!(limits::clear(&mut tx, None, None).await.unwrap(), 1);
    }

    async fn old_counters_go(db: Db) {
        let mut tx = db.write().await.unwrap();
        for (key, second) in [(1, 0), (2, 50), (3, 10)] {
            limits::add(&mut tx, &subject("codes", key), 1, at(second), since(second)).await.unwrap();
        }
        assert_eq!(limits::delete_old(&mut tx, at(0), at(0), 9).await.unwrap(), 0);
        assert_eq!(limits::delete_old(&mut tx, at(50), at(0), 1).await.unwrap(), 1);
        assert_eq!(limits::delete_old(&mut tx, at(50), at(0), 9).await.unwrap(), 1);
        assert_eq!(limits::list(&mut tx, None, None, 9).await.unwrap().len(), 1);
    }
}
