//! Invitations.

use crate::{at, id, on_both};
use engine::ids::IdentityId;
use engine::store::invitations::{self, Invitation};

fn invitation(number: u128, address: Option<&str>) -> Invitation {
    Invitation {
        id: id(number),
        address: address.map(str::to_owned),
        mailed: address.is_some(),
        made_by: "ann@example.org".into(),
        created_at: at(i64::try_from(number).unwrap()),
        expires_at: at(100),
        used_at: None,
        used_by: None,
        withdrawn_at: None,
    }
}

on_both! {
    async fn an_invitation_is_found_by_its_secret_and_used_once(db: Db) {
        let (anna, anybody) = (invitation(1, Some("anna@example.org")), invitation(2, None));
        let mut tx = db.write().await.unwrap();
        invitations::insert(&mut tx, &anna, &[1; 32]).await.unwrap();
        invitations::insert(&mut tx, &anybody, &[2; 32]).await.unwrap();
        assert_eq!(invitations::by_secret(&mut tx, &[1; 32]).await.unwrap(), Some(anna.clone()));
        assert_eq!(invitations::by_secret(&mut tx, &[2; 32]).await.unwrap(), Some(anybody.clone()));
        assert_eq!(invitations::by_secret(&mut tx, &[3; 32]).await.unwrap(), None);

        let person = IdentityId(id(7));
        assert!(!invitations::use_up(&mut tx, anna.id, person, at(100)).await.unwrap(), "its time is over");
        assert!(invitations::use_up(&mut tx, anna.id, person, at(99)).await.unwrap());
        assert!(!invitations::use_up(&mut tx, anna.id, person, at(99)).await.unwrap(), "once");
        assert!(!invitations::withdraw(&mut tx, anna.id, at(99)).await.unwrap(), "it was used");
        let used = invitations::get(&mut tx, anna.id).await.unwrap().unwrap();
        assert_eq!((used.used_at, used.used_by, used.withdrawn_at), (Some(at(99)), Some(person.0), None));

        assert!(invitations::withdraw(&mut tx, anybody.id, at(50)).await.unwrap());
        assert!(!invitations::withdraw(&mut tx, anybody.id, at(51)).await.unwrap());
        assert!(!invitations::use_up(&mut tx, anybody.id, person, at(52)).await.unwrap(), "it is withdrawn");
        assert_eq!(invitations::get(&mut tx, anybody.id).await.unwrap().unwrap().withdrawn_at, Some(at(50)));
    }

    async fn invitations_are_listed_newest_first_and_go_after_their_end(db: Db) {
        let mut tx = db.write().await.unwrap();
        for number in 1..=3_u8 {
            let one = invitation(number.into(), None);
            invitations::insert(&mut tx, &one, &[number; 32]).await.unwrap();
        }
        let ids = |list: Vec<Invitation>| list.into_iter().map(|one| one.id).collect::<Vec<_>>();
        assert_eq!(ids(invitations::list(&mut tx, None, 2).await.unwrap()), [id(3), id(2)]);
        let after = Some((at(2), id(2)));
        assert_eq!(ids(invitations::list(&mut tx, after, 2).await.unwrap()), [id(1)]);
        assert_eq!(invitations::delete_old(&mut tx, at(100), 9).await.unwrap(), 0);
        assert_eq!(invitations::delete_old(&mut tx, at(101), 2).await.unwrap(), 2);
        assert_eq!(invitations::delete_old(&mut tx, at(101), 2).await.unwrap(), 1);
    }

    async fn of_two_who_come_with_one_invitation_one_gets_in(db: Db) {
        let mut tx = db.write().await.unwrap();
        invitations::insert(&mut tx, &invitation(1, None), &[1; 32]).await.unwrap();
        tx.commit().await.unwrap();
        let come = |person: u128| {
            let db = db.clone();
            async move {
                let mut tx = db.write().await.unwrap();
                let used = invitations::use_up(&mut tx, id(1), IdentityId(id(person)), at(9)).await.unwrap();
                tx.commit().await.unwrap();
                used
            }
        };
        let (one, other) = tokio::join!(come(5), come(6));
        assert!(one != other);
    }
}
