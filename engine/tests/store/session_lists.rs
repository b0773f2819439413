//! Pages of sessions for the console, on both databases.

use crate::sessions::session;
use crate::{at, id, on_both, person};
use engine::ids::{IdentityId, SessionId};
use engine::session::Session;
use engine::store::session_lists::{Condition, list};
use engine::store::{Db, identities, sessions};

/// Of Ann 1 to 5, of Bea 6; the fourth is revoked. Each expires 100 seconds after it was issued.
async fn fill(db: &Db) -> (IdentityId, IdentityId) {
    let mut tx = db.write().await.unwrap();
    let mut ids = Vec::new();
    for (number, name) in [(1, "ann"), (2, "bea")] {
        let (identity, credentials) = person(number, name);
        identities::insert(&mut tx, &identity, &credentials).await.unwrap();
        ids.push(identity.id);
    }
    let (ann, bea) = (ids[0], ids[1]);
    for (number, of, issued) in
        [(1, ann, 10), (2, ann, 30), (3, ann, 20), (4, ann, 40), (5, ann, -200), (6, bea, 30)]
    {
        sessions::insert(&mut tx, &session(number, of, issued)).await.unwrap();
    }
    assert!(sessions::revoke(&mut tx, ann, SessionId(id(4))).await.unwrap());
    tx.commit().await.unwrap();
    (ann, bea)
}

fn numbers(found: &[Session]) -> Vec<u128> {
    found.iter().map(|session| session.id.0.as_u128() >> 64).collect()
}

on_both! {
    async fn sessions_of_a_condition_come_by_their_end_and_go_on_after_any_place(db: Db) {
        let (ann, bea) = fill(&db).await;
        let mut tx = db.read().await.unwrap();
        for (condition, now, expected) in [
            (Condition::Active, 50, vec![6, 2, 3, 1]),
            (Condition::Active, 120, vec![6, 2]),
            (Condition::Active, 500, vec![]),
            (Condition::Expired, 50, vec![5]),
            (Condition::Expired, 120, vec![3, 1, 5]),
            (Condition::Revoked, 50, vec![4]),
            (Condition::Revoked, 500, vec![4]),
        ] {
            let all = list(&mut tx, condition, None, at(now), None, 10).await.unwrap();
            assert_eq!(numbers(&all), expected, "{condition:?} {now}");
            let of_ann = list(&mut tx, condition, Some(&[ann]), at(now), None, 10).await.unwrap();
            let own: Vec<_> = expected.iter().copied().filter(|number| *number != 6).collect();
            assert_eq!(numbers(&of_ann), own, "{condition:?} {now}");
            let of_both = list(&mut tx, condition, Some(&[bea, ann]), at(now), None, 10).await.unwrap();
            assert_eq!(numbers(&of_both), expected, "{condition:?} {now}");
            let (mut after, mut seen) = (None, Vec::new());
            loop {
                let page = list(&mut tx, condition, None, at(now), after, 1).await.unwrap();
                let Some(last) = page.last() else { break };
                after = Some((last.expires_at, last.id));
                seen.extend(numbers(&page));
            }
            assert_eq!(seen, expected, "{condition:?} {now}");
        }
        assert!(list(&mut tx, Condition::Active, Some(&[]), at(50), None, 10).await.unwrap().is_empty());
        // A place of another list: nothing that it would leave out is shown.
        let foreign = Some((at(1000), SessionId(id(1))));
        let expired = list(&mut tx, Condition::Expired, None, at(120), foreign, 10).await.unwrap();
        assert_eq!(numbers(&expired), [3, 1, 5]);
    }
}
