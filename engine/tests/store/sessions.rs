//! Sessions.

use crate::{at, id, on_both, person};
use engine::ids::{IdentityId, SessionId};
use engine::session::{Amr, Device, Session};
use engine::store::{Db, identities, sessions};

pub(crate) fn session(number: u128, of: IdentityId, issued: i64) -> Session {
    Session {
        id: SessionId(id(number)),
        identity_id: of,
        token_hash: vec![u8::try_from(number).unwrap(); 32],
        aal: engine::model::Aal::Aal1,
        methods: vec![Amr {
            method: "password".into(),
            aal: engine::model::Aal::Aal1,
            completed_at: at(issued),
            provider: None,
        }],
        devices: vec![Device {
            id: id(500 + number),
            ip_address: "192.0.2.7".into(),
            user_agent: "a \"quoted\" agent\0".into(),
            location: String::new(),
        }],
        active: true,
        unverified: false,
        issued_at: at(issued),
        authenticated_at: at(issued),
        expires_at: at(issued + 100),
        network_hash: Some(vec![u8::try_from(number).unwrap(); 32]),
    }
}

async fn ann_and_bea(db: &Db) -> (IdentityId, IdentityId) {
    let mut tx = db.write().await.unwrap();
    let (ann, ann_credentials) = person(1, "ann");
    let (bea, bea_credentials) = person(2, "bea");
    identities::insert(&mut tx, &ann, &ann_credentials).await.unwrap();
    identities::insert(&mut tx, &bea, &bea_credentials).await.unwrap();
    tx.commit().await.unwrap();
    (ann.id, bea.id)
}

fn same(one: &Session, other: &Session) {
    assert_eq!(format!("{one:?}"), format!("{other:?}"));
}

on_both! {
    async fn a_session_is_found_by_token_and_by_id(db: Db) {
        let (ann, _) = ann_and_bea(&db).await;
        let stored = session(1, ann, 0);
        let mut tx = db.write().await.unwrap();
        sessions::insert(&mut tx, &stored).await.unwrap();
        tx.commit().await.unwrap();

        let mut tx = db.single().await.unwrap();
        same(&sessions::by_token_hash(&mut tx, &stored.token_hash).await.unwrap().unwrap(), &stored);
        same(&sessions::get(&mut tx, stored.id).await.unwrap().unwrap(), &stored);
        assert!(sessions::by_token_hash(&mut tx, &[9; 32]).await.unwrap().is_none());

        let whole = sessions::by_token_hash_with_identity(&mut tx, &stored.token_hash).await.unwrap();
        let (found, identity) = whole.unwrap();
        same(&found, &stored);
        assert_eq!(format!("{identity:?}"), format!("{:?}", person(1, "ann").0));
        assert!(sessions::by_token_hash_with_identity(&mut tx, &[9; 32]).await.unwrap().is_none());
    }

    async fn one_token_is_one_session_and_needs_its_identity(db: Db) {
        let (ann, bea) = ann_and_bea(&db).await;
        let mut tx = db.write().await.unwrap();
        sessions::insert(&mut tx, &session(1, ann, 0)).await.unwrap();
        let mut second = session(2, bea, 0);
        second.token_hash = session(1, ann, 0).token_hash;
        assert_eq!(sessions::insert(&mut tx, &second).await.unwrap_err().kind, engine::Kind::Internal);
        drop(tx);
        let mut tx = db.write().await.unwrap();
        let orphan = session(3, IdentityId(id(99)), 0);
        assert_eq!(sessions::insert(&mut tx, &orphan).await.unwrap_err().kind, engine::Kind::Conflict);
    }

    async fn others_are_active_unexpired_ones_of_that_person_newest_first(db: Db) {
        let (ann, bea) = ann_and_bea(&db).await;
        let mut tx = db.write().await.unwrap();
        for (number, of, issued) in [(1, ann, 50), (2, ann, 10), (3, ann, 30), (4, ann, -200), (5, ann, 20), (6, bea, 0)] {
            sessions::insert(&mut tx, &session(number, of, issued)).await.unwrap();
        }
        assert!(sessions::revoke(&mut tx, ann, SessionId(id(5))).await.unwrap());
        let current = SessionId(id(1));
        let ids = |page: Vec<Session>| page.iter().map(|one| one.id.0).collect::<Vec<_>>();
        let list = sessions::list_others;
        assert_eq!(ids(list(&mut tx, ann, current, at(60), 10, 0).await.unwrap()), [id(3), id(2)]);
        assert_eq!(ids(list(&mut tx, ann, current, at(60), 1, 1).await.unwrap()), [id(2)]);
        assert_eq!(sessions::count_others(&mut tx, ann, current, at(60)).await.unwrap(), 2);
        assert_eq!(sessions::count_others(&mut tx, ann, current, at(115)).await.unwrap(), 1);
    }

    async fn only_ones_own_sessions_are_revoked(db: Db) {
        let (ann, bea) = ann_and_bea(&db).await;
        let mut tx = db.write().await.unwrap();
        for (number, of) in [(1, ann), (2, ann), (3, ann), (4, bea)] {
            sessions::insert(&mut tx, &session(number, of, 0)).await.unwrap();
        }
        assert!(!sessions::revoke(&mut tx, ann, SessionId(id(4))).await.unwrap());
        assert!(sessions::revoke(&mut tx, ann, SessionId(id(3))).await.unwrap());
        assert!(!sessions::revoke(&mut tx, ann, SessionId(id(3))).await.unwrap(), "a second time changes nothing");
        assert_eq!(sessions::revoke_others(&mut tx, ann, SessionId(id(1))).await.unwrap(), 1);
        for (number, active) in [(1, true), (2, false), (3, false), (4, true)] {
            assert_eq!(sessions::get(&mut tx, SessionId(id(number))).await.unwrap().unwrap().active, active, "{number}");
        }
    }

    async fn a_refresh_is_kept_under_another_token_and_revives_nothing(db: Db) {
        let (ann, _) = ann_and_bea(&db).await;
        let mut tx = db.write().await.unwrap();
        let mut stored = session(1, ann, 0);
        let was = stored.token_hash.clone();
        sessions::insert(&mut tx, &stored).await.unwrap();
        stored.token_hash = vec![7; 32];
        stored.aal = engine::model::Aal::Aal2;
        stored.methods.push(Amr { method: "totp".into(), aal: engine::model::Aal::Aal2, completed_at: at(7), provider: Some("acme".into()) });
        stored.devices.clear();
        stored.authenticated_at = at(7);
        stored.expires_at = at(107);
        assert!(sessions::rotate(&mut tx, &stored, &was, Some(at(37))).await.unwrap());
        same(&sessions::get(&mut tx, stored.id).await.unwrap().unwrap(), &stored);
        assert!(sessions::by_token_hash(&mut tx, &was).await.unwrap().is_none());
        let (read, _) = sessions::by_rotated_token(&mut tx, &was, at(36)).await.unwrap().unwrap();
        same(&read, &stored);
        assert!(sessions::by_rotated_token(&mut tx, &was, at(37)).await.unwrap().is_none(), "its time is over");
        assert!(!sessions::rotate(&mut tx, &stored, &was, None).await.unwrap(), "that token is an old one");
        assert_eq!(sessions::delete_rotated(&mut tx, at(37), 10).await.unwrap(), 0);
        assert_eq!(sessions::delete_rotated(&mut tx, at(38), 10).await.unwrap(), 1);
        sessions::revoke(&mut tx, ann, stored.id).await.unwrap();
        let token = stored.token_hash.clone();
        assert!(!sessions::rotate(&mut tx, &stored, &token, None).await.unwrap(), "it was revoked");
    }
}
