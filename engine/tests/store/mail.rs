//! Codes, tries, mails.

use crate::records::flow;
use crate::{at, id, on_both, person};
use engine::identity::Via;
use engine::ids::{FlowId, MessageId};
use engine::model::FlowKind;
use engine::store::codes::{self, Code};
use engine::store::messages::{self, Dispatch, Filter, Message, Status};
use engine::store::{Db, flows, identities};

fn code(number: u128, person: u128) -> Code {
    Code {
        id: id(number),
        flow_id: id(1),
        purpose: "verification".into(),
        identity_id: Some(id(person)),
        address_id: Some(id(person * 10 + 2)),
        key_id: "k".into(),
        digest: vec![0, 255, 7],
        link_digest: vec![9, 0],
        issued_at: at(i64::try_from(number).unwrap()),
        expires_at: at(100),
        used_at: None,
    }
}

/// A flow and a person whose second address waits for proof.
async fn ready(db: &Db) {
    let mut tx = db.write().await.unwrap();
    flows::insert(&mut tx, &flow(1, FlowKind::Verification, 600)).await.unwrap();
    let (identity, credentials) = person(5, "anna");
    identities::insert(&mut tx, &identity, &credentials).await.unwrap();
    tx.commit().await.unwrap();
}

pub(crate) fn message(number: u128, to: &str, due: i64) -> Message {
    Message {
        id: MessageId(id(number)),
        status: Status::Queued,
        via: Via::Email,
        recipient: to.into(),
        template: "verification_code_valid".into(),
        subject: "Grüße".into(),
        body: vec![1, 0, 255],
        send_count: 0,
        next_attempt_at: at(due),
        created_at: at(i64::try_from(number).unwrap()),
        updated_at: at(0),
    }
}

on_both! {
    async fn mails_of_a_kind_to_one_address_are_counted_from_a_moment_on(db: Db) {
        let mut tx = db.write().await.unwrap();
        for (number, to) in [(1, "anna@example.org"), (2, "anna@example.org"), (3, "berta@example.org")] {
            messages::insert(&mut tx, &message(number, to, 0)).await.unwrap();
        }
        let other = Message { template: "other".into(), ..message(4, "anna@example.org", 0) };
        messages::insert(&mut tx, &other).await.unwrap();
        let kinds = ["verification_code_valid", "verification_code_invalid", "registration_known"];
        assert_eq!(messages::count_since(&mut tx, "anna@example.org", at(0), kinds).await.unwrap(), 2);
        assert_eq!(messages::count_since(&mut tx, "anna@example.org", at(1), kinds).await.unwrap(), 1);
        assert_eq!(messages::count_since(&mut tx, "nobody", at(0), kinds).await.unwrap(), 0);
    }

    async fn a_code_is_used_once_and_not_after_its_time(db: Db) {
        ready(&db).await;
        let mut tx = db.write().await.unwrap();
        codes::insert(&mut tx, &code(1, 5)).await.unwrap();
        codes::insert(&mut tx, &code(2, 5)).await.unwrap();
        let found = codes::of_flow(&mut tx, FlowId(id(1)), "verification").await.unwrap();
        assert_eq!(found, [code(2, 5), code(1, 5)], "newest first");
        assert_eq!(codes::of_flow(&mut tx, FlowId(id(1)), "recovery").await.unwrap(), []);
        assert!(!codes::use_up(&mut tx, id(1), at(100)).await.unwrap(), "its time is over");
        assert!(codes::use_up(&mut tx, id(1), at(99)).await.unwrap());
        assert!(!codes::use_up(&mut tx, id(1), at(99)).await.unwrap(), "used");
        codes::forget(&mut tx, FlowId(id(1)), "verification").await.unwrap();
        let left = codes::of_flow(&mut tx, FlowId(id(1)), "verification").await.unwrap();
        assert_eq!(left, [Code { used_at: Some(at(99)), ..code(1, 5) }], "used ones stay, to be told apart");
    }

    async fn two_who_use_one_code_at_once_are_one(db: Db) {
        ready(&db).await;
        let mut tx = db.write().await.unwrap();
        codes::insert(&mut tx, &code(1, 5)).await.unwrap();
        tx.commit().await.unwrap();
        let one = |db: Db| async move {
            let mut tx = db.write().await.unwrap();
            let used = codes::use_up(&mut tx, id(1), at(9)).await.unwrap();
            tx.commit().await.unwrap();
            used
        };
        let (first, second) = futures::join!(one(db.clone()), one(db.clone()));
        assert!(first ^ second, "{first} {second}");
    }

    async fn tries_are_counted_one_by_one(db: Db) {
        ready(&db).await;
        let one = |db: Db| async move {
            let mut tx = db.write().await.unwrap();
            let count = codes::attempt(&mut tx, FlowId(id(1))).await.unwrap();
            tx.commit().await.unwrap();
            count
        };
        let mut counts = futures::future::join_all((0..5).map(|_| one(db.clone()))).await;
        counts.sort_unstable();
        assert_eq!(counts, [1, 2, 3, 4, 5]);
    }

    async fn codes_go_with_their_flow_and_their_identity(db: Db) {
        ready(&db).await;
        let mut tx = db.write().await.unwrap();
        codes::insert(&mut tx, &code(1, 5)).await.unwrap();
        codes::attempt(&mut tx, FlowId(id(1))).await.unwrap();
        assert_eq!(flows::delete_expired(&mut tx, at(1000), 10).await.unwrap(), 1);
        assert_eq!(codes::of_flow(&mut tx, FlowId(id(1)), "verification").await.unwrap(), []);
        tx.commit().await.unwrap();
        let mut tx = db.write().await.unwrap();
        flows::insert(&mut tx, &flow(1, FlowKind::Verification, 600)).await.unwrap();
        codes::insert(&mut tx, &code(1, 5)).await.unwrap();
        assert!(identities::delete(&mut tx, engine::ids::IdentityId(id(5))).await.unwrap());
        assert_eq!(codes::of_flow(&mut tx, FlowId(id(1)), "verification").await.unwrap(), []);
    }

    async fn an_address_is_found_marked_and_proven(db: Db) {
        ready(&db).await;
        let mut tx = db.write().await.unwrap();
        let found = identities::by_verifiable_address(&mut tx, "email", "anna@example.org").await.unwrap();
        let mut address = found.unwrap().verifiable_addresses.remove(1);
        assert_eq!((address.verified, address.status.as_str()), (false, "pending"));
        for (via, nobody) in [("email", "x@example.org"), ("sms", "anna@example.org"), ("email", "a\0")] {
            assert!(identities::by_verifiable_address(&mut tx, via, nobody).await.unwrap().is_none());
        }
        identities::mark_sent(&mut tx, address.id, at(7)).await.unwrap();
        let anna = identities::get(&mut tx, engine::ids::IdentityId(id(5))).await.unwrap().unwrap();
        let proven = crate::identity_change::proof(&mut tx, &anna, 1, at(8)).await;
        address = proven.verifiable_addresses[1].clone();
        // A mail that is sent afterwards takes no proof back.
        identities::mark_sent(&mut tx, address.id, at(9)).await.unwrap();
        let read = identities::get(&mut tx, engine::ids::IdentityId(id(5))).await.unwrap().unwrap();
        assert_eq!(read.verifiable_addresses[1], address);
        assert_eq!((address.verified, address.verified_at), (true, Some(at(8))));
    }

    async fn a_mail_is_claimed_by_one_and_due_again_when_the_claim_runs_out(db: Db) {
        let mut tx = db.write().await.unwrap();
        for (number, due) in [(1, 10), (2, 5), (3, 50)] {
            messages::insert(&mut tx, &message(number, "a@x.example", due)).await.unwrap();
        }
        tx.commit().await.unwrap();
        let mut tx = db.write().await.unwrap();
        let due = messages::due(&mut tx, at(10), 10, None).await.unwrap();
        assert_eq!(due, [message(2, "a@x.example", 5), message(1, "a@x.example", 10)], "oldest first");
        assert_eq!(messages::due(&mut tx, at(10), 1, None).await.unwrap().len(), 1);
        assert!(messages::claim(&mut tx, &due[0], at(300), at(10)).await.unwrap());
        assert!(!messages::claim(&mut tx, &due[0], at(300), at(10)).await.unwrap(), "somebody has it");
        assert_eq!(messages::due(&mut tx, at(299), 10, None).await.unwrap().len(), 2, "the claimed one is not due");
        let again = messages::due(&mut tx, at(300), 10, None).await.unwrap();
        let lost = again.iter().find(|message| message.id == due[0].id).unwrap();
        assert_eq!((lost.status, lost.send_count), (Status::Processing, 1));
        assert!(messages::claim(&mut tx, lost, at(600), at(300)).await.unwrap());
        // The first sender comes back late: it has nothing to say any more.
        let mut late = message(2, "a@x.example", 5);
        late.send_count = 1;
        late.status = Status::Sent;
        assert!(!messages::finish(&mut tx, &late).await.unwrap());
        late.send_count = 2;
        late.body = vec![9];
        late.updated_at = at(301);
        assert!(messages::finish(&mut tx, &late).await.unwrap());
        assert_eq!(messages::get(&mut tx, late.id).await.unwrap(), Some(late.clone()));
        assert!(!messages::finish(&mut tx, &late).await.unwrap(), "it is over");
    }

    async fn mails_are_listed_newest_first_page_by_page(db: Db) {
        let mut tx = db.write().await.unwrap();
        for number in 1..=5 {
            let to = if number % 2 == 0 { "even@x.example" } else { "odd@x.example" };
            messages::insert(&mut tx, &message(number, to, 0)).await.unwrap();
        }
        let numbers = |list: Vec<Message>| {
            list.iter().map(|message| (message.created_at - at(0)).num_seconds()).collect::<Vec<_>>()
        };
        let all = messages::list(&mut tx, &Filter::default(), 3).await.unwrap();
        let after = Some((all[2].created_at, all[2].id));
        assert_eq!(numbers(all), [5, 4, 3]);
        let rest = messages::list(&mut tx, &Filter { after, ..Filter::default() }, 3).await.unwrap();
        assert_eq!(numbers(rest), [2, 1]);
        let of = |recipient: &str| Filter { recipient: Some(recipient.to_owned()), ..Filter::default() };
        assert_eq!(numbers(messages::list(&mut tx, &of("even@x.example"), 9).await.unwrap()), [4, 2]);
        assert_eq!(numbers(messages::list(&mut tx, &of("nobody\0"), 9).await.unwrap()), Vec::<i64>::new());
        let sent = Filter { status: Some(Status::Sent), ..Filter::default() };
        assert_eq!(numbers(messages::list(&mut tx, &sent, 9).await.unwrap()), Vec::<i64>::new());
        assert_eq!(messages::delete_old(&mut tx, at(3), 1).await.unwrap(), 1);
        assert_eq!(messages::delete_old(&mut tx, at(3), 9).await.unwrap(), 1);
        assert_eq!(numbers(messages::list(&mut tx, &Filter::default(), 9).await.unwrap()), [5, 4, 3]);
    }

    async fn what_has_not_left_is_told_apart_from_what_has(db: Db) {
        let mut tx = db.write().await.unwrap();
        assert_eq!(messages::last_sent(&mut tx).await.unwrap(), None);
        let states = [
            (1, Status::Sent, 1),
            (2, Status::Queued, 0),
            (3, Status::Queued, 2),
            (4, Status::Processing, 1),
            (5, Status::Processing, 2),
            (6, Status::Abandoned, 1),
            (7, Status::Abandoned, 5),
        ];
        for (number, status, send_count) in states {
            let updated_at = at(i64::try_from(number).unwrap() * 10);
            let message = Message { status, send_count, updated_at, ..message(number, "a@x.example", 0) };
            messages::insert(&mut tx, &message).await.unwrap();
        }
        let held = messages::held(&mut tx, 4).await.unwrap();
        assert_eq!(held.iter().map(|message| message.id.0).collect::<Vec<_>>(), [id(7), id(6), id(5), id(4)]);
        assert_eq!(messages::held(&mut tx, 99).await.unwrap().len(), 6);
        assert_eq!(messages::waiting(&mut tx).await.unwrap(), 4);
        assert_eq!(messages::last_sent(&mut tx).await.unwrap(), Some(at(10)));
        let failing = |refused, tried| messages::Failing { refused, tried };
        assert_eq!(messages::failing(&mut tx, at(10)).await.unwrap(), failing(1, 3));
        assert_eq!(messages::failing(&mut tx, at(30)).await.unwrap(), failing(1, 2));
        assert_eq!(messages::failing(&mut tx, at(70)).await.unwrap(), failing(0, 0));
    }

    async fn tries_are_kept_with_their_mail(db: Db) {
        let mut tx = db.write().await.unwrap();
        messages::insert(&mut tx, &message(1, "a@x.example", 0)).await.unwrap();
        let of = |number: u128, error: Option<&str>| Dispatch {
            id: id(number),
            status: if error.is_some() { "failed" } else { "success" }.into(),
            error: error.map(str::to_owned),
            created_at: at(i64::try_from(number).unwrap()),
        };
        for dispatch in [of(2, None), of(1, Some("refused"))] {
            messages::insert_dispatch(&mut tx, MessageId(id(1)), &dispatch).await.unwrap();
        }
        for (number, status) in [(2, Status::Queued), (3, Status::Sent)] {
            messages::insert(&mut tx, &Message { status, ..message(number, "b@x.example", 0) }).await.unwrap();
            for try_ in [number * 10, number * 10 + 1] {
                let dispatch = of(try_, Some(&format!("no {try_}")));
                messages::insert_dispatch(&mut tx, MessageId(id(number)), &dispatch).await.unwrap();
            }
        }
        // The newest failure of each that has not left, of the newest so many.
        let failures = messages::failures(&mut tx, 10).await.unwrap();
        assert_eq!(failures.into_iter().collect::<Vec<_>>(), [(id(1), "refused".into()), (id(2), "no 21".into())]);
        let failures = messages::failures(&mut tx, 1).await.unwrap();
        assert_eq!(failures.into_iter().collect::<Vec<_>>(), [(id(2), "no 21".into())]);
        let read = messages::dispatches(&mut tx, MessageId(id(1))).await.unwrap();
        assert_eq!(read, [of(1, Some("refused")), of(2, None)]);
    }
}
