//! Operators, their sessions, links and failures.

use crate::{at, id, on_both};
use chrono::{DateTime, Utc};
use engine::ids::OperatorId;
use engine::operators::{Operator, Role};
use engine::store::Tx;
use engine::store::form_drafts;
use engine::store::operators::{self, Link, Scope};
use std::sync::Arc;
use tokio::sync::Barrier;

fn operator(number: u128, name: &str, role: Role) -> Operator {
    Operator {
        id: OperatorId(id(number)),
        email: format!("{name}@example.org"),
        name: name.into(),
        role,
        disabled: false,
        created_at: at(i64::try_from(number).unwrap()),
    }
}

/// Failures, the last one's time, and whether there were none.
async fn look(tx: &mut Tx, scope: Scope, key: &[u8], now: i64, since: i64) -> (i64, DateTime<Utc>, bool) {
    let found = operators::lock_failures(tx, scope, key, at(now), at(since)).await.unwrap();
    (found.failures, found.last_at, found.is_new)
}

on_both! {
    async fn operators_are_read_back_oldest_first(db: Db) {
        let (ann, bea) = (operator(1, "ann", Role::Owner), operator(2, "bea", Role::Viewer));
        let mut tx = db.write().await.unwrap();
        assert!(!operators::exists(&mut tx).await.unwrap());
        assert!(operators::insert(&mut tx, &bea, "hash-b").await.unwrap());
        assert!(operators::insert(&mut tx, &ann, "hash-a").await.unwrap());
        let mut second = operator(3, "cid", Role::Owner);
        second.email = ann.email.clone();
        assert!(!operators::insert(&mut tx, &second, "x").await.unwrap());
        assert!(operators::exists(&mut tx).await.unwrap());
        assert_eq!(operators::list(&mut tx).await.unwrap(), [ann.clone(), bea.clone()]);
        assert_eq!(operators::get(&mut tx, bea.id).await.unwrap(), Some(bea));
        let found = operators::by_email(&mut tx, "ann@example.org").await.unwrap();
        assert_eq!(found, Some((ann, "hash-a".into())));
        assert_eq!(operators::by_email(&mut tx, "a\0").await.unwrap(), None);
    }

    async fn a_password_is_confirmed_only_while_it_holds(db: Db) {
        let ann = operator(1, "ann", Role::Owner);
        let mut tx = db.write().await.unwrap();
        operators::insert(&mut tx, &ann, "one").await.unwrap();
        assert!(operators::confirm_password(&mut tx, ann.id, "one", "two").await.unwrap());
        assert!(!operators::confirm_password(&mut tx, ann.id, "one", "three").await.unwrap());
        assert!(operators::set_password(&mut tx, ann.id, "four").await.unwrap());
        assert_eq!(operators::by_email(&mut tx, &ann.email).await.unwrap().unwrap().1, "four");
        assert!(operators::disable(&mut tx, ann.id).await.unwrap());
        assert!(!operators::confirm_password(&mut tx, ann.id, "four", "four").await.unwrap());
        assert!(!operators::set_password(&mut tx, ann.id, "five").await.unwrap());
    }

    async fn only_active_owners_count(db: Db) {
        let mut tx = db.write().await.unwrap();
        for (number, name, role) in [(1, "a", Role::Owner), (2, "b", Role::Owner), (3, "c", Role::Editor)] {
            operators::insert(&mut tx, &operator(number, name, role), "x").await.unwrap();
        }
        assert_eq!(operators::lock_active_owners(&mut tx).await.unwrap(), 2);
        operators::disable(&mut tx, OperatorId(id(1))).await.unwrap();
        assert_eq!(operators::lock_active_owners(&mut tx).await.unwrap(), 1);
    }

    async fn a_session_ends_by_sign_out_time_and_disabling(db: Db) {
        let ann = operator(1, "ann", Role::Editor);
        let mut tx = db.write().await.unwrap();
        operators::insert(&mut tx, &ann, "x").await.unwrap();
        for token in 1..=3_u8 {
            operators::insert_session(&mut tx, &[token; 32], ann.id, Some("192.0.2.1"), at(0), at(100)).await.unwrap();
        }
        let session = operators::session(&mut tx, &[1; 32], at(99)).await.unwrap().unwrap();
        assert_eq!((session.operator, session.authenticated_at, session.expires_at), (ann.clone(), at(0), at(100)));
        assert!(operators::session(&mut tx, &[1; 32], at(100)).await.unwrap().is_none());
        assert!(operators::session(&mut tx, &[9; 32], at(0)).await.unwrap().is_none());

        assert_eq!(operators::end_session(&mut tx, &[1; 32], at(5)).await.unwrap(), Some(ann.id));
        assert_eq!(operators::end_session(&mut tx, &[1; 32], at(6)).await.unwrap(), None);
        assert!(operators::session(&mut tx, &[1; 32], at(7)).await.unwrap().is_none());
        assert!(operators::session(&mut tx, &[2; 32], at(7)).await.unwrap().is_some());
        assert_eq!(operators::end_sessions(&mut tx, ann.id, at(8)).await.unwrap(), 2);
        assert!(operators::session(&mut tx, &[2; 32], at(9)).await.unwrap().is_none());

        operators::insert_session(&mut tx, &[4; 32], ann.id, None, at(9), at(100)).await.unwrap();
        operators::disable(&mut tx, ann.id).await.unwrap();
        assert!(operators::session(&mut tx, &[4; 32], at(10)).await.unwrap().is_none());
    }

    async fn where_somebody_signed_in_is_remembered_for_a_while(db: Db) {
        let (ann, bea) = (operator(1, "ann", Role::Owner), operator(2, "bea", Role::Owner));
        let mut tx = db.write().await.unwrap();
        operators::insert(&mut tx, &ann, "x").await.unwrap();
        operators::insert(&mut tx, &bea, "x").await.unwrap();
        operators::insert_session(&mut tx, &[1; 32], ann.id, Some("192.0.2.1"), at(0), at(100)).await.unwrap();
        operators::end_sessions(&mut tx, ann.id, at(1)).await.unwrap();
        assert!(operators::signed_in_from(&mut tx, ann.id, "192.0.2.1", at(-1)).await.unwrap());
        assert!(!operators::signed_in_from(&mut tx, ann.id, "192.0.2.1", at(0)).await.unwrap());
        assert!(!operators::signed_in_from(&mut tx, ann.id, "192.0.2.2", at(-1)).await.unwrap());
        assert!(!operators::signed_in_from(&mut tx, bea.id, "192.0.2.1", at(-1)).await.unwrap());
        assert_eq!(operators::forget_sessions(&mut tx, ann.id, at(0)).await.unwrap(), 0);
        assert_eq!(operators::forget_sessions(&mut tx, ann.id, at(1)).await.unwrap(), 1);
    }

    async fn a_newer_link_replaces_the_older_one_of_its_kind(db: Db) {
        let ann = operator(1, "ann", Role::Owner);
        let bea = operator(2, "bea", Role::Owner);
        let mut tx = db.write().await.unwrap();
        operators::insert(&mut tx, &ann, "x").await.unwrap();
        operators::insert(&mut tx, &bea, "x").await.unwrap();
        let links = [
            (Link::Setup, None, 1_u8),
            (Link::Setup, None, 2),
            (Link::Reset, Some(ann.id), 3),
            (Link::Reset, Some(bea.id), 4),
            (Link::Reset, Some(ann.id), 5),
        ];
        for (kind, whose, secret) in links {
            operators::replace_link(&mut tx, kind, whose, &[secret; 32], at(60)).await.unwrap();
        }
        for ((kind, _, secret), valid) in links.into_iter().zip([false, true, false, true, true]) {
            assert_eq!(operators::link_is_valid(&mut tx, kind, &[secret; 32], at(59)).await.unwrap(), valid, "{secret}");
        }
        assert!(!operators::link_is_valid(&mut tx, Link::Setup, &[2; 32], at(60)).await.unwrap(), "expired");
        assert!(!operators::link_is_valid(&mut tx, Link::Reset, &[2; 32], at(0)).await.unwrap(), "another kind");

        assert_eq!(operators::burn_link(&mut tx, Link::Reset, &[5; 32], at(60)).await.unwrap(), None);
        assert_eq!(operators::burn_link(&mut tx, Link::Setup, &[5; 32], at(0)).await.unwrap(), None);
        assert_eq!(operators::burn_link(&mut tx, Link::Reset, &[5; 32], at(0)).await.unwrap(), Some(Some(ann.id)));
        assert_eq!(operators::burn_link(&mut tx, Link::Reset, &[5; 32], at(0)).await.unwrap(), None);
        assert_eq!(operators::burn_link(&mut tx, Link::Setup, &[2; 32], at(0)).await.unwrap(), Some(None));
        assert_eq!(operators::drop_links(&mut tx, Link::Reset, Some(bea.id)).await.unwrap(), 1);
        assert_eq!(operators::drop_links(&mut tx, Link::Setup, None).await.unwrap(), 0, "used ones stay");
    }

    async fn of_many_who_use_one_link_one_succeeds(db: Db) {
        let mut tx = db.write().await.unwrap();
        operators::replace_link(&mut tx, Link::Setup, None, &[1; 32], at(60)).await.unwrap();
        tx.commit().await.unwrap();
        let barrier = Arc::new(Barrier::new(16));
        let racers: Vec<_> = (0..16).map(|_| {
            let (db, barrier) = (db.clone(), barrier.clone());
            #[expect(clippy::disallowed_methods, reason = "the racers must run at once")]
            tokio::spawn(async move {
                barrier.wait().await;
                let mut tx = db.write().await.unwrap();
                let burned = operators::burn_link(&mut tx, Link::Setup, &[1; 32], at(0)).await.unwrap();
                tx.commit().await.unwrap();
                burned.is_some()
            })
        }).collect();
        let mut burned = 0;
        for racer in racers {
            burned += usize::from(racer.await.unwrap());
        }
        assert_eq!(burned, 1);
    }

    async fn failures_are_counted_by_scope_and_key(db: Db) {
        let mut tx = db.write().await.unwrap();
        let (email, other) = ([1; 32], [2; 32]);
        assert_eq!(look(&mut tx, Scope::Email, &email, 0, -9).await, (0, at(0), true));
        assert_eq!(look(&mut tx, Scope::Email, &email, 1, -9).await, (0, at(0), true), "until something is set");
        operators::set_failures(&mut tx, Scope::Email, &email, 0, at(1)).await.unwrap();
        assert_eq!(look(&mut tx, Scope::Email, &email, 2, -9).await, (0, at(1), false));
        assert_eq!(look(&mut tx, Scope::Client, &email, 9, -9).await, (0, at(9), true), "another scope");
        assert_eq!(look(&mut tx, Scope::Email, &other, 8, -9).await, (0, at(8), true), "another key");
        operators::set_failures(&mut tx, Scope::Email, &email, 2, at(7)).await.unwrap();
        operators::forgive_failure(&mut tx, Scope::Email, &email).await.unwrap();
        operators::forgive_failure(&mut tx, Scope::Email, &other).await.unwrap();
        assert_eq!(look(&mut tx, Scope::Email, &email, 8, 7).await, (1, at(7), false));
        assert_eq!(look(&mut tx, Scope::Email, &other, 8, 7).await, (0, at(8), true), "never below");
        assert_eq!(look(&mut tx, Scope::Email, &email, 9, 8).await, (0, at(9), true), "what is older is forgotten");
        operators::forget_failures(&mut tx, Scope::Email, &email).await.unwrap();
        assert_eq!(operators::forget_old_failures(&mut tx, at(9)).await.unwrap(), 1);
    }

    async fn a_form_is_kept_for_whose_session_ran_out(db: Db) {
        let mut tx = db.write().await.unwrap();
        let ann = operator(1, "ann", Role::Owner);
        operators::insert(&mut tx, &ann, "hash").await.unwrap();
        operators::insert_session(&mut tx, b"over", ann.id, None, at(0), at(10)).await.unwrap();
        operators::insert_session(&mut tx, b"ended", ann.id, None, at(0), at(10)).await.unwrap();
        operators::end_session(&mut tx, b"ended", at(5)).await.unwrap();
        assert_eq!(form_drafts::whose(&mut tx, b"over", at(9), at(0)).await.unwrap(), None, "good still");
        assert_eq!(form_drafts::whose(&mut tx, b"over", at(10), at(0)).await.unwrap(), Some(ann.id));
        assert_eq!(form_drafts::whose(&mut tx, b"over", at(99), at(10)).await.unwrap(), None, "long ago");
        assert_eq!(form_drafts::whose(&mut tx, b"ended", at(10), at(0)).await.unwrap(), None);
        form_drafts::keep(&mut tx, ann.id, "/a", "x=1", at(10)).await.unwrap();
        form_drafts::keep(&mut tx, ann.id, "/a", "x=2", at(11)).await.unwrap();
        assert_eq!(form_drafts::get(&mut tx, ann.id, "/a", at(10)).await.unwrap(), Some("x=2".into()));
        assert_eq!(form_drafts::get(&mut tx, ann.id, "/a", at(11)).await.unwrap(), None);
        assert_eq!(form_drafts::get(&mut tx, ann.id, "/b", at(10)).await.unwrap(), None);
        assert_eq!(form_drafts::forget_old(&mut tx, at(10)).await.unwrap(), 0);
        assert_eq!(form_drafts::forget_old(&mut tx, at(11)).await.unwrap(), 1);
        form_drafts::keep(&mut tx, ann.id, "/a", "x=3", at(12)).await.unwrap();
        form_drafts::forget(&mut tx, ann.id).await.unwrap();
        assert_eq!(form_drafts::get(&mut tx, ann.id, "/a", at(0)).await.unwrap(), None);
    }
}
