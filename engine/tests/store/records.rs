//! Flows, stored errors, settings revisions, audit.

use crate::{at, id, on_both};
use engine::ids::{FlowId, IdentityId};
use engine::model::{Aal, Flow, FlowKind, FlowState, FlowType, Opened, Private, Sent};
use engine::store::{audit, errors, flows, revisions};
use engine::ui::Container;
use serde_json::json;

pub(crate) fn flow(number: u128, kind: FlowKind, expires: i64) -> Flow {
    Flow {
        id: FlowId(id(number)),
        kind_of_client: FlowType::Browser,
        issued_at: at(0),
        expires_at: at(expires),
        request_url: "http://127.0.0.1:4433/self-service/login/browser?x=ü".into(),
        return_to: None,
        active: None,
        ui: Container { action: "a".into(), method: "POST".into(), nodes: None, messages: Vec::new() },
        state: FlowState::ChooseMethod,
        csrf_cookie: "c".into(),
        identity_schema: Some("default".into()),
        transient_payload: Some(json!({"b": 1, "a": "\u{0}"})),
        updated_at: at(0),
        private: match kind {
            FlowKind::Registration => Private::Registration { invitation: Some(id(9)), sent: None },
            FlowKind::Login => Private::Login { refresh: true, requested_aal: Aal::Aal2, sent: None },
            FlowKind::Verification => Private::Verification {
                sent: Some(Sent { to: "anna@example.org".into(), at: at(1), earlier: None, limited: false }),
                opened: Vec::new(),
            },
            FlowKind::Recovery => Private::of(kind),
            FlowKind::Settings => Private::Settings { identity: Some(IdentityId(id(9))) },
        },
        session_token_exchange_code: None,
        browser_cookie: None,
        identity: None,
        version: 0,
        untrusted: false,
    }
}

fn revision(base: i64, value: bool) -> revisions::Row {
    revisions::Row {
        number: base + 1,
        at: at(base),
        by: "Ann".into(),
        base,
        settings: [("registration_enabled".to_owned(), json!(value))].into(),
        summary: vec!["Registration: on".into()],
        reason: "we open".into(),
    }
}

on_both! {
    async fn a_flow_is_written_only_over_the_version_that_was_read(db: Db) {
        let mut tx = db.write().await.unwrap();
        flows::insert(&mut tx, &flow(1, FlowKind::Verification, 60)).await.unwrap();
        let read = flows::get(&mut tx, FlowKind::Verification, FlowId(id(1))).await.unwrap().unwrap();
        let mut opened = read.clone();
        opened.opened_mut().unwrap().push(Opened { csrf_cookie: "d".into(), code: "1".into(), asked: None });
        assert!(flows::update(&mut tx, &mut opened).await.unwrap().is_some());
        let mut late = read.clone();
        late.active = Some("late".into());
        assert!(flows::update(&mut tx, &mut late).await.unwrap().is_none(), "another request was first");
        let now = flows::get(&mut tx, FlowKind::Verification, read.id).await.unwrap().unwrap();
        assert_eq!(format!("{now:?}"), format!("{opened:?}"));
        assert!(flows::update(&mut tx, &mut opened).await.unwrap().is_some(), "it knows its own version");
    }

    async fn a_flow_is_read_back_by_kind_and_id(db: Db) {
        let mut stored = flow(1, FlowKind::Login, 60);
        let mut tx = db.write().await.unwrap();
        flows::insert(&mut tx, &stored).await.unwrap();
        flows::insert(&mut tx, &flow(2, FlowKind::Registration, 60)).await.unwrap();
        let read = flows::get(&mut tx, FlowKind::Login, stored.id).await.unwrap().unwrap();
        assert_eq!(format!("{read:?}"), format!("{stored:?}"));
        assert!(flows::get(&mut tx, FlowKind::Registration, stored.id).await.unwrap().is_none());
        assert!(flows::get(&mut tx, FlowKind::Registration, FlowId(id(2))).await.unwrap().is_some());

        stored.active = Some("password".into());
        stored.kind_of_client = FlowType::Api;
        stored.updated_at = at(9);
        flows::update(&mut tx, &mut stored).await.unwrap().unwrap();
        let read = flows::get(&mut tx, FlowKind::Login, stored.id).await.unwrap().unwrap();
        assert_eq!(format!("{read:?}"), format!("{stored:?}"));
        assert!(flows::update(&mut tx, &mut flow(3, FlowKind::Login, 60)).await.unwrap().is_none());
    }

    async fn expired_flows_go_oldest_first_in_small_steps(db: Db) {
        let mut tx = db.write().await.unwrap();
        for (number, expires) in [(1, 30), (2, 10), (3, 20), (4, 500)] {
            flows::insert(&mut tx, &flow(number, FlowKind::Login, expires)).await.unwrap();
        }
        assert_eq!(flows::delete_refused(&mut tx, at(100), 9).await.unwrap(), 0, "none came back");
        let mut refused = flows::get(&mut tx, FlowKind::Login, FlowId(id(3))).await.unwrap().unwrap();
        flows::update(&mut tx, &mut refused).await.unwrap().unwrap();
        assert_eq!(flows::delete_refused(&mut tx, at(20), 9).await.unwrap(), 0, "its time has not come");
        assert_eq!(flows::delete_refused(&mut tx, at(21), 9).await.unwrap(), 1);
        assert!(flows::get(&mut tx, FlowKind::Login, refused.id).await.unwrap().is_none());
        flows::insert(&mut tx, &flow(3, FlowKind::Login, 20)).await.unwrap();
        assert_eq!(flows::delete_expired(&mut tx, at(100), 2).await.unwrap(), 2);
        assert!(flows::get(&mut tx, FlowKind::Login, FlowId(id(1))).await.unwrap().is_some());
        assert_eq!(flows::delete_expired(&mut tx, at(100), 2).await.unwrap(), 1);
        assert_eq!(flows::delete_expired(&mut tx, at(100), 2).await.unwrap(), 0);
        assert!(flows::get(&mut tx, FlowKind::Login, FlowId(id(4))).await.unwrap().is_some());
    }

    async fn an_error_is_kept_with_its_time(db: Db) {
        let body = json!({"code": 500, "a": [1, null]});
        let mut tx = db.write().await.unwrap();
        errors::insert(&mut tx, id(1), &body, at(3)).await.unwrap();
        assert_eq!(errors::get(&mut tx, id(1)).await.unwrap(), Some((body, at(3))));
        assert_eq!(errors::get(&mut tx, id(2)).await.unwrap(), None);
        assert_eq!(errors::delete_before(&mut tx, at(3), 10).await.unwrap(), 0);
        assert_eq!(errors::delete_before(&mut tx, at(4), 10).await.unwrap(), 1);
    }

    async fn a_revision_needs_the_newest_as_its_base(db: Db) {
        let mut tx = db.write().await.unwrap();
        assert_eq!(revisions::newest(&mut tx).await.unwrap(), None);
        assert!(revisions::insert(&mut tx, &revision(0, true)).await.unwrap());
        assert!(!revisions::insert(&mut tx, &revision(0, false)).await.unwrap(), "somebody was faster");
        assert!(!revisions::insert(&mut tx, &revision(5, false)).await.unwrap(), "a base from the future");
        assert!(revisions::insert(&mut tx, &revision(1, false)).await.unwrap());
        assert_eq!(revisions::newest(&mut tx).await.unwrap(), Some(revision(1, false)));
        assert_eq!(revisions::get(&mut tx, 1).await.unwrap(), Some(revision(0, true)));
        assert_eq!(revisions::get(&mut tx, 3).await.unwrap(), None);
        assert_eq!(revisions::list(&mut tx, 10).await.unwrap(), [revision(1, false), revision(0, true)]);
        assert_eq!(revisions::list(&mut tx, 1).await.unwrap(), [revision(1, false)]);
    }

    async fn of_two_who_save_at_once_one_is_told(db: Db) {
        let save = |value| {
            let db = db.clone();
            async move {
                let mut tx = db.write().await.unwrap();
                let saved = revisions::insert(&mut tx, &revision(0, value)).await.unwrap();
                tx.commit().await.unwrap();
                saved
            }
        };
        let (one, other) = tokio::join!(save(true), save(false));
        assert!(one != other);
    }

    async fn the_audit_is_listed_newest_first(db: Db) {
        let entry = |action: &str| audit::Entry {
            at: at(0),
            actor: "ann@example.org".into(),
            action: action.into(),
            details: json!({"b": 1, "a": 2}),
        };
        let mut tx = db.write().await.unwrap();
        for action in ["one", "two", "three"] {
            audit::append(&mut tx, &entry(action)).await.unwrap();
        }
        assert_eq!(audit::list(&mut tx, 2).await.unwrap(), [entry("three"), entry("two")]);
    }

    async fn what_was_not_committed_is_not_there(db: Db) {
        let mut tx = db.write().await.unwrap();
        errors::insert(&mut tx, id(1), &json!({}), at(0)).await.unwrap();
        drop(tx);
        assert_eq!(errors::get(&mut db.read().await.unwrap(), id(1)).await.unwrap(), None);
    }

    async fn a_reader_sees_one_state_and_writes_nothing(db: Db) {
        let mut reading = db.read().await.unwrap();
        assert_eq!(errors::get(&mut reading, id(1)).await.unwrap(), None);
        let mut tx = db.write().await.unwrap();
        errors::insert(&mut tx, id(1), &json!({}), at(0)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(errors::get(&mut reading, id(1)).await.unwrap(), None, "still the state it began with");
        assert!(errors::insert(&mut reading, id(2), &json!({}), at(0)).await.is_err());
        drop(reading);
        assert!(errors::get(&mut db.single().await.unwrap(), id(1)).await.unwrap().is_some());
    }
}

/// The command line beside a running server: each transaction reads first and then writes, and none is told off.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_processes_on_one_sqlite_file_take_turns() {
    let folder = tempfile::tempdir().unwrap();
    let server = engine::store::Db::connect(None, folder.path()).await.unwrap();
    server.migrate().await.unwrap();
    let command_line = engine::store::Db::connect(None, folder.path()).await.unwrap();
    let save_often = async |db: &engine::store::Db| {
        for _ in 0..20 {
            let mut tx = db.write().await.unwrap();
            let base = revisions::newest(&mut tx).await.unwrap().map_or(0, |row| row.number);
            assert!(revisions::insert(&mut tx, &revision(base, true)).await.unwrap());
            tx.commit().await.unwrap();
        }
    };
    tokio::join!(save_often(&server), save_often(&command_line));
    assert_eq!(revisions::newest(&mut server.read().await.unwrap()).await.unwrap().unwrap().number, 40);
}
