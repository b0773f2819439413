//! Identities, credentials, identifiers, addresses.

use crate::{id, on_both, person};
use engine::identity::State;
use engine::ids::IdentityId;
use engine::store::identities::{self, Inserted};
use engine::store::identity_lists;
use std::sync::Arc;
use tokio::sync::Barrier;

/// Two that come after it.
fn after(id: IdentityId) -> identity_lists::Window {
    identity_lists::Window { after: Some(id), ..identity_lists::Window::first(2) }
}

on_both! {
    async fn what_was_inserted_is_read_back_whole(db: Db) {
        let (mut ann, credentials) = person(1, "ann");
        ann.state = State::Inactive;
        let mut tx = db.write().await.unwrap();
        assert_eq!(identities::insert(&mut tx, &ann, &credentials).await.unwrap(), Inserted::Done);
        tx.commit().await.unwrap();

        let mut tx = db.read().await.unwrap();
        let read = identities::get(&mut tx, ann.id).await.unwrap().unwrap();
        assert_eq!(format!("{read:?}"), format!("{ann:?}"));
        assert_eq!(read.traits.to_string(), ann.traits.to_string(), "the order of keys is kept");
        let read = identities::credentials(&mut tx, ann.id).await.unwrap();
        assert_eq!(format!("{read:?}"), format!("{credentials:?}"));
        assert!(identities::get(&mut tx, IdentityId(id(9))).await.unwrap().is_none());
    }

    async fn an_identity_without_addresses_and_credentials_is_whole_too(db: Db) {
        let (mut ann, _) = person(1, "ann");
        ann.verifiable_addresses.clear();
        ann.recovery_addresses.clear();
        ann.external_id = None;
        let mut tx = db.write().await.unwrap();
        assert_eq!(identities::insert(&mut tx, &ann, &[]).await.unwrap(), Inserted::Done);
        let read = identities::get(&mut tx, ann.id).await.unwrap().unwrap();
        assert_eq!(format!("{read:?}"), format!("{ann:?}"));
        assert!(identities::credentials(&mut tx, ann.id).await.unwrap().is_empty());
    }

    async fn whose_a_value_is_as_identifier_or_as_address(db: Db) {
        let (ann, credentials) = person(1, "ann");
        let mut tx = db.write().await.unwrap();
        assert_eq!(identities::insert(&mut tx, &ann, &credentials).await.unwrap(), Inserted::Done);
        let values = ann.verifiable_addresses.iter().map(|address| &address.value);
        let values = values.chain(ann.recovery_addresses.iter().map(|address| &address.value));
        for value in values.chain(credentials.iter().flat_map(|credential| &credential.identifiers)) {
            assert_eq!(identities::owners(&mut tx, value).await.unwrap(), [ann.id], "{value}, once");
        }
        for nobody in ["nobody@example.org", "", "a\0b"] {
            assert!(identities::owners(&mut tx, nobody).await.unwrap().is_empty());
        }
    }

    async fn the_same_address_twice_in_one_identity_is_one(db: Db) {
        let (mut ann, mut credentials) = person(1, "ann");
        let mut again = ann.verifiable_addresses[0].clone();
        again.id = id(77);
        ann.verifiable_addresses.push(again);
        let twice = credentials[0].identifiers[0].clone();
        credentials[0].identifiers.push(twice);
        let mut tx = db.write().await.unwrap();
        assert_eq!(identities::insert(&mut tx, &ann, &credentials).await.unwrap(), Inserted::Done);
        let read = identities::get(&mut tx, ann.id).await.unwrap().unwrap();
        assert_eq!(read.verifiable_addresses, ann.verifiable_addresses[..2]);
        assert_eq!(identities::credentials(&mut tx, ann.id).await.unwrap()[0].identifiers.len(), 2);
    }

    async fn identifier_address_and_external_id_can_be_taken(db: Db) {
        let (ann, credentials) = person(1, "ann");
        let mut tx = db.write().await.unwrap();
        identities::insert(&mut tx, &ann, &credentials).await.unwrap();
        tx.commit().await.unwrap();

        let (mut same_identifier, _) = person(2, "bea");
        same_identifier.external_id = None;
        let (mut same_address, _) = person(3, "cid");
        same_address.recovery_addresses[0].value = ann.recovery_addresses[0].value.clone();
        let (mut same_external, _) = person(4, "dan");
        same_external.external_id = ann.external_id.clone();
        for (identity, credentials) in
            [(same_identifier, &credentials[..]), (same_address, &[]), (same_external, &[])]
        {
            let mut tx = db.write().await.unwrap();
            assert_eq!(identities::insert(&mut tx, &identity, credentials).await.unwrap(), Inserted::Taken);
            drop(tx);
            assert!(identities::get(&mut db.read().await.unwrap(), identity.id).await.unwrap().is_none());
        }

        // Another kind of credential may have the same identifier.
        let (eve, mut code) = person(5, "eve");
        code[0].kind = "code".into();
        code[0].identifiers = credentials[0].identifiers.clone();
        let mut tx = db.write().await.unwrap();
        assert_eq!(identities::insert(&mut tx, &eve, &code).await.unwrap(), Inserted::Done);
    }

    async fn a_character_that_postgres_cannot_store_is_refused_by_both(db: Db) {
        let (ann, mut credentials) = person(1, "ann");
        credentials[0].identifiers = vec!["a\0b".into()];
        let mut tx = db.write().await.unwrap();
        let refused = identities::insert(&mut tx, &ann, &credentials).await.unwrap_err();
        assert_eq!(refused.kind, engine::Kind::Invalid);
        drop(tx);
        let mut tx = db.read().await.unwrap();
        assert!(identities::by_identifier(&mut tx, "password", "a\0b").await.unwrap().is_none());
    }

    async fn somebody_is_found_by_any_identifier_of_the_kind(db: Db) {
        let (ann, credentials) = person(1, "ann");
        let (bea, others) = person(2, "bea");
        let mut tx = db.write().await.unwrap();
        identities::insert(&mut tx, &bea, &others).await.unwrap();
        identities::insert(&mut tx, &ann, &credentials).await.unwrap();
        for identifier in &credentials[0].identifiers {
            let (who, with) = identities::by_identifier(&mut tx, "password", identifier).await.unwrap().unwrap();
            assert_eq!((who.id, format!("{with:?}")), (ann.id, format!("{:?}", credentials[0])));
        }
        assert!(identities::by_identifier(&mut tx, "code", "ann@example.org").await.unwrap().is_none());
        assert!(identities::by_identifier(&mut tx, "password", "%").await.unwrap().is_none());
    }

    /// A page goes on where the last one ended even if that identity was deleted meanwhile.
    async fn lists_go_by_id_page_by_page(db: Db) {
        let mut tx = db.write().await.unwrap();
        for number in [4, 1, 5, 3, 2] {
            let (identity, credentials) = person(number, &format!("p{number}"));
            identities::insert(&mut tx, &identity, &credentials).await.unwrap();
        }
        let ids = |page: &[engine::identity::Identity]| page.iter().map(|one| one.id.0).collect::<Vec<_>>();
        let first = identity_lists::page(&mut tx, &identity_lists::Filter::All, identity_lists::Window::first(2)).await.unwrap();
        assert_eq!(ids(&first), [id(1), id(2)]);
        assert_eq!(first[1].verifiable_addresses[0].value, "z-p2@example.org");
        assert_eq!(first[1].verifiable_addresses.len(), 2);
        identities::delete(&mut tx, first[1].id).await.unwrap();
        let second = identity_lists::page(&mut tx, &identity_lists::Filter::All, after(first[1].id)).await.unwrap();
        assert_eq!(ids(&second), [id(3), id(4)]);
        assert_eq!(ids(&identity_lists::page(&mut tx, &identity_lists::Filter::All, after(second[1].id)).await.unwrap()), [id(5)]);
        assert!(identity_lists::page(&mut tx, &identity_lists::Filter::All, after(IdentityId(id(5)))).await.unwrap().is_empty());
    }

    async fn deleting_takes_everything_along(db: Db) {
        let (ann, credentials) = person(1, "ann");
        let session = crate::sessions::session(1, ann.id, 0);
        let mut tx = db.write().await.unwrap();
        identities::insert(&mut tx, &ann, &credentials).await.unwrap();
        engine::store::sessions::insert(&mut tx, &session).await.unwrap();
        assert!(identities::delete(&mut tx, ann.id).await.unwrap());
        assert!(!identities::delete(&mut tx, ann.id).await.unwrap());
        assert!(engine::store::sessions::get(&mut tx, session.id).await.unwrap().is_none());
        assert!(identities::credentials(&mut tx, ann.id).await.unwrap().is_empty());
        // Everything is free again.
        assert_eq!(identities::insert(&mut tx, &ann, &credentials).await.unwrap(), Inserted::Done);
    }

    async fn of_sixty_four_who_want_one_identifier_one_gets_it(db: Db) {
        for round in 0..5_u128 {
            let barrier = Arc::new(Barrier::new(64));
            let racers: Vec<_> = (0..64_u128).map(|number| {
                let (db, barrier) = (db.clone(), barrier.clone());
                #[expect(clippy::disallowed_methods, reason = "the racers must run at once")]
                tokio::spawn(async move {
                    let (mut identity, mut credentials) = person(1000 * (round + 1) + number, &format!("r{round}n{number}"));
                    identity.verifiable_addresses.clear();
                    // Two wanted ones, in an order of one's own: nobody may wait for each other for ever.
                    let mut wanted = vec![format!("ann{round}@example.org"), format!("bea{round}@example.org")];
                    if number % 2 == 0 {
                        wanted.reverse();
                    }
                    credentials[0].identifiers = wanted;
                    barrier.wait().await;
                    let mut tx = db.write().await.unwrap();
                    let inserted = identities::insert(&mut tx, &identity, &credentials).await.unwrap();
                    if inserted == Inserted::Done {
                        tx.commit().await.unwrap();
                    }
                    inserted
                })
            }).collect();
            let mut done = 0;
            for racer in racers {
                done += usize::from(racer.await.unwrap() == Inserted::Done);
            }
            assert_eq!(done, 1, "round {round}");
        }
        assert_eq!(identity_lists::page(&mut db.read().await.unwrap(), &identity_lists::Filter::All, identity_lists::Window::first(100)).await.unwrap().len(), 5);
    }

    async fn sixty_four_who_want_different_ones_all_get_them(db: Db) {
        let barrier = Arc::new(Barrier::new(64));
        let racers: Vec<_> = (0..64_u128).map(|number| {
            let (db, barrier) = (db.clone(), barrier.clone());
            #[expect(clippy::disallowed_methods, reason = "the racers must run at once")]
            tokio::spawn(async move {
                let (identity, credentials) = person(100 + number, &format!("n{number}"));
                barrier.wait().await;
                let mut tx = db.write().await.unwrap();
                identities::insert(&mut tx, &identity, &credentials).await.unwrap();
                tx.commit().await.unwrap();
            })
        }).collect();
        for racer in racers {
            racer.await.unwrap();
        }
        assert_eq!(identity_lists::page(&mut db.read().await.unwrap(), &identity_lists::Filter::All, identity_lists::Window::first(100)).await.unwrap().len(), 64);
    }
}
