//! Pages of identities by each filter, on both databases.

use crate::{id, on_both, person};
use engine::identity::{Credential, Identity};
use engine::ids::IdentityId;
use engine::store::Db;
use engine::store::identities;
use engine::store::identity_lists::{self, Filter, Window};
use serde_json::json;

/// Accounts whose ids are these numbers, named `p` and the number.
async fn fill(db: &Db, numbers: impl IntoIterator<Item = u128>) {
    let mut tx = db.write().await.unwrap();
    for number in numbers {
        let (identity, credentials) = person(number, &format!("p{number}"));
        identities::insert(&mut tx, &identity, &credentials).await.unwrap();
    }
    tx.commit().await.unwrap();
}

/// One more account, with these identifiers of that kind and nothing else.
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

async fn numbers(db: &Db, filter: &Filter, window: Window) -> Vec<u128> {
    let mut tx = db.read().await.unwrap();
    let page = identity_lists::page(&mut tx, filter, window).await.unwrap();
    page.iter().map(|one: &Identity| one.id.0.as_u128() >> 64).collect()
}

async fn all(db: &Db, filter: &Filter) -> Vec<u128> {
    let found = numbers(db, filter, Window::first(1000)).await;
    let mut tx = db.read().await.unwrap();
    let count = identity_lists::count(&mut tx, filter).await.unwrap();
    assert_eq!(usize::try_from(count), Ok(found.len()), "{filter:?}");
    found
}

fn prefix(typed: &str, raw: &str) -> Filter {
    Filter::Prefix { typed: typed.to_owned(), raw: raw.to_owned() }
}

fn exact(typed: &str, raw: &str) -> Filter {
    Filter::Identifier { typed: typed.to_owned(), raw: raw.to_owned() }
}

on_both! {
    async fn ids_choose_those_that_exist_each_once(db: Db) {
        fill(&db, 1..=230).await;
        let ids = |numbers: &[u128]| Filter::Ids(numbers.iter().map(|one| IdentityId(id(*one))).collect());
        assert_eq!(all(&db, &ids(&[7, 3, 7, 999, 5])).await, [3, 5, 7]);
        assert!(all(&db, &ids(&[999])).await.is_empty());
        assert!(all(&db, &Filter::Ids(vec![IdentityId(uuid::Uuid::nil())])).await.is_empty());
        // More than one statement takes.
        let many: Vec<u128> = (1..=500).rev().collect();
        assert_eq!(all(&db, &ids(&many)).await, (1..=230).collect::<Vec<_>>());
        let window = Window { after: Some(IdentityId(id(100))), offset: 1, limit: 2 };
        assert_eq!(numbers(&db, &ids(&many), window).await, [102, 103]);
    }

    async fn pages_follow_an_id_or_an_offset(db: Db) {
        fill(&db, 1..=9).await;
        assert_eq!(all(&db, &Filter::All).await, (1..=9).collect::<Vec<_>>());
        let after = Window { after: Some(IdentityId(id(4))), offset: 0, limit: 2 };
        assert_eq!(numbers(&db, &Filter::All, after).await, [5, 6]);
        let third = Window { after: None, offset: 6, limit: 3 };
        assert_eq!(numbers(&db, &Filter::All, third).await, [7, 8, 9]);
        let beyond = Window { after: None, offset: 9, limit: 3 };
        assert!(numbers(&db, &Filter::All, beyond).await.is_empty());
        let odd = Filter::Organization(id(500));
        assert_eq!(all(&db, &odd).await, [1, 3, 5, 7, 9]);
        assert_eq!(numbers(&db, &odd, after).await, [5, 7]);
        assert!(all(&db, &Filter::Organization(id(501))).await.is_empty());
    }

    async fn an_identifier_is_found_whatever_kind_it_is_of(db: Db) {
        fill(&db, 1..=3).await;
        named(&db, 10, "code", &["p2@example.org"]).await;
        named(&db, 11, "oidc", &["acme:P2", "acme:other"]).await;
        named(&db, 12, "passkey", &["p2-key"]).await;
        assert_eq!(all(&db, &exact("p2@example.org", "P2@example.org")).await, [2, 10]);
        assert_eq!(all(&db, &exact("acme:p2", "acme:P2")).await, [11]);
        assert!(all(&db, &exact("acme:p2", "acme:p2")).await.is_empty(), "subjects have case");
        assert!(all(&db, &exact("p2-key", "p2-key")).await.is_empty(), "a passkey has no name");
        for nobody in ["", "p2", "a\0b", "p2@example.org "] {
            assert!(all(&db, &exact(nobody, nobody)).await.is_empty(), "{nobody:?}");
        }
    }

    async fn a_prefix_finds_what_begins_so_and_nothing_else(db: Db) {
        named(&db, 1, "password", &["ann", "bob"]).await;
        named(&db, 2, "password", &["ann_b", "anna"]).await;
        named(&db, 3, "password", &["anxb"]).await;
        named(&db, 4, "password", &["ann%"]).await;
        named(&db, 5, "password", &["änn"]).await;
        named(&db, 6, "oidc", &["acme:ANN"]).await;
        named(&db, 7, "password", &["an\\n"]).await;
        named(&db, 8, "password", &["ann\u{10ffff}z"]).await;
        assert_eq!(all(&db, &prefix("ann", "ann")).await, [1, 2, 4, 8]);
        // What stands for other letters in patterns stands for itself.
        assert_eq!(all(&db, &prefix("ann_", "ann_")).await, [2]);
        assert_eq!(all(&db, &prefix("ann%", "ann%")).await, [4]);
        assert_eq!(all(&db, &prefix("an\\", "an\\")).await, [7]);
        assert_eq!(all(&db, &prefix("ä", "ä")).await, [5]);
        assert_eq!(all(&db, &prefix("acme:ann", "acme:A")).await, [6]);
        assert!(all(&db, &prefix("nn", "nn")).await.is_empty());
        assert!(all(&db, &prefix("a\0", "a\0")).await.is_empty());
        let window = Window { after: Some(IdentityId(id(1))), offset: 0, limit: 2 };
        assert_eq!(numbers(&db, &prefix("a", "a"), window).await, [2, 3]);
    }

    async fn a_page_brings_addresses_and_credentials_along(db: Db) {
        fill(&db, 1..=150).await;
        named(&db, 151, "oidc", &["acme:1", "acme:2"]).await;
        let (mut bare, _) = person(152, "bare");
        bare.verifiable_addresses.clear();
        let mut tx = db.write().await.unwrap();
        identities::insert(&mut tx, &bare, &[]).await.unwrap();
        let page = identity_lists::page(&mut tx, &Filter::All, Window::first(200)).await.unwrap();
        let mut credentials = identity_lists::credentials(&mut tx, &page).await.unwrap();
        assert_eq!((page.len(), credentials.len()), (152, 151));
        for identity in page {
            let whole = identities::get(&mut tx, identity.id).await.unwrap().unwrap();
            assert_eq!(format!("{identity:?}"), format!("{whole:?}"));
            let own = identities::credentials(&mut tx, identity.id).await.unwrap();
            assert_eq!(format!("{:?}", credentials.remove(&identity.id).unwrap_or_default()), format!("{own:?}"));
        }
    }

    async fn a_sign_up_that_is_not_finished_is_on_no_page(db: Db) {
        fill(&db, 1..=2).await;
        let mut tx = db.write().await.unwrap();
        let row = engine::store::reservations::Row {
            identity: IdentityId(id(1)),
            flow: engine::ids::FlowId(id(9)),
            notified: Vec::new(),
            node: id(9),
            heartbeat_at: crate::at(60),
        };
        engine::store::reservations::insert(&mut tx, &row).await.unwrap();
        tx.commit().await.unwrap();
        let one = "p1@example.org";
        assert_eq!(all(&db, &Filter::All).await, [2]);
        assert!(all(&db, &exact(one, one)).await.is_empty());
        assert!(all(&db, &prefix("p1", "p1")).await.is_empty());
        assert!(all(&db, &Filter::Organization(id(500))).await.is_empty());
        assert_eq!(all(&db, &Filter::Ids(vec![IdentityId(id(1)), IdentityId(id(2))])).await, [2]);
    }
}
