//! Pages of users for the console, on both databases: merged ranges, their counts, and what identifiers begin with.

use crate::deliveries::delivery;
use crate::identity_change::{change, proof};
use crate::mail::message;
use crate::sessions::session;
use crate::{at, id, on_both, person};
use engine::admin::{Erased, erase};
use engine::identity::change::IdentityChange;
use engine::identity::{Credential, State};
use engine::ids::{DeliveryId, FlowId, IdentityId, SessionId};
use engine::store::deliveries::{self, Delivery};
use engine::store::identities::{self, Outcome};
use engine::store::messages::{self, Filter, Message, Status};
use engine::store::users::{self, Prefix};
use engine::store::{Db, reservations, sessions};
use serde_json::json;

/// A user who came that many seconds later. `verified`: as `person` makes the first address.
async fn user(db: &Db, number: u128, state: State, verified: bool, seconds: i64) -> IdentityId {
    let (mut identity, credentials) = person(number, &format!("p{number}"));
    identity.state = state;
    identity.created_at = at(seconds);
    if !verified {
        identity.verifiable_addresses.remove(0);
    }
    let mut tx = db.write().await.unwrap();
    identities::insert(&mut tx, &identity, &credentials).await.unwrap();
    tx.commit().await.unwrap();
    identity.id
}

/// With these identifiers of a kind, and no address.
async fn named(db: &Db, number: u128, kind: &str, identifiers: &[&str]) {
    let (mut identity, _) = person(number, &format!("other{number}"));
    identity.verifiable_addresses.clear();
    identity.recovery_addresses.clear();
    let credential = Credential {
        kind: kind.to_owned(),
        identifiers: identifiers.iter().map(|one| (*one).to_owned()).collect(),
        config: json!({}),
        created_at: identity.created_at,
        updated_at: identity.created_at,
    };
    let mut tx = db.write().await.unwrap();
    identities::insert(&mut tx, &identity, &[credential]).await.unwrap();
    tx.commit().await.unwrap();
}

const BOTH: [State; 2] = [State::Active, State::Inactive];

async fn numbers(db: &Db, states: &[State], verified: &[bool]) -> Vec<u128> {
    let mut tx = db.read().await.unwrap();
    let found = users::newest(&mut tx, states, verified, None, 100).await.unwrap();
    found.iter().map(|(_, id)| id.0.as_u128() >> 64).collect()
}

/// All names that begin so with their users, read in pieces of about `limit`.
async fn begins(db: &Db, typed: &str, raw: &str, limit: i64) -> Vec<(String, u128)> {
    let prefix = Prefix { typed: typed.to_owned(), raw: raw.to_owned() };
    let mut tx = db.read().await.unwrap();
    let mut all: Vec<(String, IdentityId)> = Vec::new();
    loop {
        let after = all.last().map(|(name, id)| (name.clone(), *id));
        let after = after.as_ref().map(|(name, id)| (name.as_str(), *id));
        let matches = users::matching(&mut tx, &prefix, after, limit).await.unwrap();
        assert!(!(matches.more && matches.names.is_empty()), "it goes on from somewhere");
        all.extend(matches.names);
        if !matches.more {
            return all.into_iter().map(|(name, id)| (name, id.0.as_u128() >> 64)).collect();
        }
    }
}

fn names(found: &[(String, u128)]) -> Vec<(&str, u128)> {
    found.iter().map(|(name, number)| (name.as_str(), *number)).collect()
}

on_both! {
    async fn ranges_are_merged_newest_first_and_go_on_after_any_user(db: Db) {
        user(&db, 1, State::Active, true, 50).await;
        user(&db, 2, State::Inactive, true, 40).await;
        user(&db, 3, State::Active, false, 60).await;
        // At the same moment: by ID, descending.
        user(&db, 4, State::Inactive, false, 40).await;
        user(&db, 5, State::Active, true, 40).await;
        assert_eq!(numbers(&db, &BOTH, &[true, false]).await, [3, 1, 5, 4, 2]);
        assert_eq!(numbers(&db, &[State::Active], &[true, false]).await, [3, 1, 5]);
        assert_eq!(numbers(&db, &[State::Inactive], &[true, false]).await, [4, 2]);
        assert_eq!(numbers(&db, &BOTH, &[true]).await, [1, 5, 2]);
        assert_eq!(numbers(&db, &[State::Inactive], &[false]).await, [4]);

        let mut tx = db.read().await.unwrap();
        let (mut before, mut seen) = (None, Vec::new());
        loop {
            let page = users::newest(&mut tx, &BOTH, &[true, false], before, 2).await.unwrap();
            let Some(last) = page.last() else { break };
            before = Some(*last);
            seen.extend(page.iter().map(|(_, id)| id.0.as_u128() >> 64));
        }
        assert_eq!(seen, [3, 1, 5, 4, 2]);
        // After a user who is gone.
        let gone = Some((at(40), IdentityId(id(3))));
        let rest = users::newest(&mut tx, &BOTH, &[true, false], gone, 5).await.unwrap();
        assert_eq!(rest, [(at(40), IdentityId(id(2)))]);
        // Of the four ranges one has two users, and each is counted up to that number.
        for (most, counted) in [(10, 5), (2, 5), (1, 4)] {
            assert_eq!(users::count(&mut tx, &BOTH, &[true, false], most).await.unwrap(), counted, "{most}");
        }
        assert_eq!(users::count(&mut tx, &[State::Inactive], &[true, false], 10).await.unwrap(), 2);
    }

    async fn a_verified_address_moves_its_user_and_an_unfinished_sign_up_is_not_listed(db: Db) {
        let ann = user(&db, 1, State::Active, false, 0).await;
        assert_eq!(numbers(&db, &BOTH, &[true]).await, []);
        let mut tx = db.write().await.unwrap();
        let identity = identities::get(&mut tx, ann).await.unwrap().unwrap();
        proof(&mut tx, &identity, 0, at(9)).await;
        tx.commit().await.unwrap();
        assert_eq!(numbers(&db, &BOTH, &[true]).await, [1]);
        assert_eq!(numbers(&db, &BOTH, &[false]).await, []);

        let mut tx = db.write().await.unwrap();
        let row = reservations::Row { identity: ann, flow: FlowId(id(9)), notified: Vec::new(), node: id(8), heartbeat_at: at(99) };
        reservations::insert(&mut tx, &row).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(numbers(&db, &BOTH, &[true, false]).await, []);
    }

    async fn names_of_every_kind_are_found_in_the_order_of_their_bytes(db: Db) {
        named(&db, 1, "password", &["ann", "bob"]).await;
        named(&db, 2, "password", &["ann_b", "anna"]).await;
        named(&db, 3, "code", &["ann", "anx"]).await;
        named(&db, 4, "webauthn", &["ann%"]).await;
        named(&db, 5, "passkey", &["ann-key"]).await;
        named(&db, 6, "oidc", &["acme:ANN", "anN"]).await;
        named(&db, 7, "password", &["änn", "ANN"]).await;
        for limit in [3, 5, 100] {
            let found = begins(&db, "ann", "ann", limit).await;
            assert_eq!(names(&found), [("ann", 1), ("ann", 3), ("ann%", 4), ("ann_b", 2), ("anna", 2)], "{limit}");
        }
        // What stands for other letters in patterns stands for itself.
        assert_eq!(names(&begins(&db, "ann_", "ann_", 100).await), [("ann_b", 2)]);
        assert_eq!(names(&begins(&db, "ann%", "ann%", 100).await), [("ann%", 4)]);
        assert_eq!(names(&begins(&db, "ä", "ä", 100).await), [("änn", 7)]);
        assert_eq!(names(&begins(&db, "acme:ann", "acme:A", 100).await), [("acme:ANN", 6)]);
        assert_eq!(begins(&db, "a\0", "a\0", 100).await, []);
        assert_eq!(begins(&db, "zz", "zz", 100).await, []);
    }

    async fn addresses_are_found_as_well_and_a_value_that_several_have_is_never_cut(db: Db) {
        for number in 1..=9 {
            user(&db, number, State::Active, true, 0).await;
        }
        // A recovery address that is another user's email.
        let (mut other, _) = person(20, "other");
        other.verifiable_addresses.clear();
        other.recovery_addresses[0].value = "p5@example.org".to_owned();
        other.recovery_addresses[0].via = "sms".to_owned();
        let mut tx = db.write().await.unwrap();
        identities::insert(&mut tx, &other, &[]).await.unwrap();
        tx.commit().await.unwrap();
        for limit in [5, 7, 100] {
            let found = begins(&db, "p", "p", limit).await;
            let mut expected: Vec<_> = (1..=9).map(|number| (format!("p{number}@example.org"), number)).collect();
            expected.insert(5, ("p5@example.org".to_owned(), 20));
            assert_eq!(found, expected, "{limit}");
        }
        let exact = begins(&db, "p5@example.org", "p5@example.org", 100).await;
        assert_eq!(names(&exact), [("p5@example.org", 5), ("p5@example.org", 20)]);
    }
    async fn a_disabled_user_loses_sessions_and_nobody_else_does(db: Db) {
        let ann = user(&db, 1, State::Active, true, 0).await;
        let bea = user(&db, 2, State::Active, true, 0).await;
        let mut tx = db.write().await.unwrap();
        for (number, of) in [(1, ann), (2, ann), (3, bea)] {
            sessions::insert(&mut tx, &session(number, of, 0)).await.unwrap();
        }
        let identity = identities::get(&mut tx, ann).await.unwrap().unwrap();
        for (state, active) in [(State::Active, true), (State::Inactive, false)] {
            let now = identities::get(&mut tx, ann).await.unwrap().unwrap();
            let set = IdentityChange { state: Some(state), ..IdentityChange::default() };
            let (done, _) = change(&mut tx, &now, Vec::new(), set, at(1)).await;
            assert_eq!(done, Outcome::Done);
            for (number, active) in [(1, active), (2, active), (3, true)] {
                let stored = sessions::get(&mut tx, SessionId(id(number))).await.unwrap().unwrap();
                assert_eq!(stored.active, active, "{state:?} {number}");
            }
        }
        // From what was read before, nothing changes any more.
        let enable = IdentityChange { state: Some(State::Active), ..IdentityChange::default() };
        let (stale, _) = change(&mut tx, &identity, Vec::new(), enable, at(2)).await;
        assert_eq!(stale, Outcome::Stale);
    }

    async fn an_erased_account_takes_along_what_is_queued_for_it(db: Db) {
        let ann = user(&db, 1, State::Active, true, 0).await;
        let bea = user(&db, 2, State::Active, true, 0).await;
        let mut tx = db.write().await.unwrap();
        let statuses = [Status::Queued, Status::Processing, Status::Sent, Status::Abandoned];
        for (number, status) in (1..).zip(statuses) {
            for (offset, to) in [(0, "p1@example.org"), (10, "p2@example.org")] {
                let message = Message { status, ..message(number + offset, to, 0) };
                messages::insert(&mut tx, &message).await.unwrap();
            }
        }
        let invitation = Message {
            template: "invitation".to_owned(),
            ..message(30, "p1@example.org", 0)
        };
        messages::insert(&mut tx, &invitation).await.unwrap();
        for (number, of) in [(1, Some(ann)), (2, Some(bea)), (3, None)] {
            let call = Delivery { identity_id: of, ..delivery(number, "a", 0) };
            deliveries::insert(&mut tx, &call).await.unwrap();
        }
        let done = Delivery {
            status: deliveries::Status::Done,
            identity_id: Some(ann),
            ..delivery(4, "a", 0)
        };
        deliveries::insert(&mut tx, &done).await.unwrap();
        tx.commit().await.unwrap();

        let mut tx = db.write().await.unwrap();
        assert_eq!(erase(&mut tx, ann).await.unwrap(), Some(Erased { emails: 2, calls: 1 }));
        assert_eq!(erase(&mut tx, ann).await.unwrap(), None, "it is gone");
        tx.commit().await.unwrap();
        let mut tx = db.read().await.unwrap();
        let mut left = Vec::new();
        for to in ["p1@example.org", "p2@example.org"] {
            let filter = Filter { recipient: Some(to.to_owned()), ..Filter::default() };
            left.push(messages::list(&mut tx, &filter, 100).await.unwrap().len());
        }
        assert_eq!(left, [3, 4], "what was sent, has failed, or invites");
        for (number, there) in [(1, false), (2, true), (3, true), (4, true)] {
            let call = deliveries::get(&mut tx, DeliveryId(id(number))).await.unwrap();
            assert_eq!(call.is_some(), there, "{number}");
        }
    }
}
