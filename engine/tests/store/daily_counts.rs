//! Counts of each day.

use crate::*;
use engine::store::daily_counts as rows;

on_both! {
    async fn counts_of_a_day_add_up_also_when_they_are_added_at_once(db: Db) {
        let add = async |day: i64, kind: &str, count: i64| {
            let mut tx = db.write_relaxed().await.unwrap();
            rows::add(&mut tx, day, kind, count).await.unwrap();
            tx.commit().await.unwrap();
        };
        add(19, "sign_up", 5).await;
        futures::future::join_all((0..10).map(|_| add(20, "sign_up", 2))).await;
        add(20, "sign_in", 1).await;
        add(21, "sign_up", 3).await;
        let mut tx = db.read().await.unwrap();
        let mut found: Vec<_> = rows::since(&mut tx, 20).await.unwrap().into_iter().map(|row| (row.day, row.kind, row.count)).collect();
        found.sort();
        let kind = |name: &str| name.to_owned();
        assert_eq!(found, [(20, kind("sign_in"), 1), (20, kind("sign_up"), 20), (21, kind("sign_up"), 3)]);
    }
}
