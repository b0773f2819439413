//! Revisions in words, going back, and forms that outlive a session.

use engine::config::load::Sources;
use engine::operators::{self, Operator, Role, SignIn, kept};
use engine::password::Hasher;
use engine::requester::Requester;
use engine::settings::{self, Saved, history};
use engine::store::audit;
use engine::testing::World;
use engine::{Engine, Kind};
use serde_json::json;
use std::time::Duration;

const PASSWORD: &str = "velvet lantern harbour 41";

struct House {
    world: World,
    engine: Engine,
}

impl House {
    async fn new() -> Self {
        let world = World::default();
        let engine = world.engine("memory", vec![]).await;
        Self { world, engine }
    }

    async fn operator(&self, email: &str, role: Role) -> Operator {
        let mut made = operators::create(&self.engine, email, "Ann", PASSWORD).await.unwrap().unwrap();
        made.role = role;
        made
    }

    async fn token(&self, email: &str) -> String {
        match operators::sign_in(&self.engine, email, PASSWORD, &Requester::direct([192, 0, 2, 1].into()))
            .await
            .unwrap()
        {
            SignIn::In { token, .. } => token,
            SignIn::Again(sentence) => panic!("{sentence}"),
        }
    }

    async fn save(&self, by: &Operator, length: u32, reason: &str) -> i64 {
        let current = settings::current(&self.engine).await.unwrap();
        let values = current.values.having("min_password_length", length);
        match settings::save(&self.engine, by, current.revision, &values, reason).await.unwrap() {
            Saved::Done { revision } => revision,
            other => panic!("{other:?}"),
        }
    }

    async fn length(&self) -> u32 {
        settings::current(&self.engine).await.unwrap().values.number("min_password_length")
    }
}

#[tokio::test]
async fn going_back_is_a_new_revision_with_author_and_reason() {
    let house = House::new().await;
    let ann = house.operator("ann@vestibule.test", Role::Owner).await;
    house.save(&ann, 10, " the auditors asked ").await;
    house.save(&ann, 12, "").await;
    let back = history::look_back(&house.engine, 1).await.unwrap().unwrap();
    assert_eq!(
        (back.base, back.changes.as_slice()),
        (2, &["Minimum password length: 10 (was 12)".to_owned()][..])
    );
    let done = history::go_back(&house.engine, &ann, 2, 1, "too strict").await.unwrap();
    assert!(matches!(done, Saved::Done { revision: 3 }), "{done:?}");
    assert_eq!(house.length().await, 10);
    let entries = history::entries(&house.engine, None, 10).await.unwrap();
    let told: Vec<_> = entries
        .iter()
        .map(|entry| (entry.revision.number, entry.revision.reason.as_str(), entry.changes.as_slice()))
        .collect();
    let words = |text: &str| vec![text.to_owned()];
    assert_eq!(
        told,
        [
            (3, "too strict", words("Minimum password length: 10 (was 12)").as_slice()),
            (2, "", words("Minimum password length: 12 (was 10)").as_slice()),
            (1, "the auditors asked", words("Minimum password length: 10 (was 8)").as_slice()),
        ]
    );
    let older = history::entries(&house.engine, Some(3), 1).await.unwrap();
    assert_eq!(older.iter().map(|entry| entry.revision.number).collect::<Vec<_>>(), [2]);
    let mut tx = house.engine.db().read().await.unwrap();
    let last = audit::list(&mut tx, 1).await.unwrap().remove(0);
    assert_eq!((last.actor.as_str(), last.action.as_str()), ("ann@vestibule.test", "settings.rollback"));
    assert_eq!(last.details, json!({"revision": 3, "to": 1, "reason": "too strict"}));
}

#[tokio::test]
async fn who_may_not_or_comes_late_changes_nothing() {
    let house = House::new().await;
    let ann = house.operator("ann@vestibule.test", Role::Owner).await;
    let viewer = house.operator("vic@vestibule.test", Role::Viewer).await;
    house.save(&ann, 10, "").await;
    house.save(&ann, 12, "").await;
    let refused = history::go_back(&house.engine, &viewer, 2, 1, "").await.unwrap_err();
    assert_eq!(refused.kind, Kind::Forbidden);
    let late = history::go_back(&house.engine, &ann, 1, 0, "").await.unwrap();
    assert!(matches!(late, Saved::Conflict { revision: 2, .. }), "{late:?}");
    let nowhere = history::go_back(&house.engine, &ann, 2, 99, "").await.unwrap();
    assert!(matches!(nowhere, Saved::Again(_)), "{nowhere:?}");
    assert!(history::look_back(&house.engine, 99).await.unwrap().is_none());
    assert_eq!(house.length().await, 12);
    assert_eq!(history::entries(&house.engine, None, 10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_form_waits_for_its_own_operator_a_quarter_of_an_hour() {
    let house = House::new().await;
    let ann = house.operator("ann@vestibule.test", Role::Owner).await;
    let bea = house.operator("bea@vestibule.test", Role::Owner).await;
    let token = house.token("ann@vestibule.test").await;
    let page = "/settings/authentication";
    assert!(
        !kept::keep(&house.engine, &token, page, "x=1").await.unwrap(),
        "the session is good: it is a Save"
    );
    house.world.clock.advance(Duration::from_secs(12 * 3600));
    assert!(kept::keep(&house.engine, &token, page, "x=1").await.unwrap());
    assert!(kept::keep(&house.engine, &token, page, "x=2").await.unwrap());
    let of = |operator: &Operator| {
        let (engine, operator) = (house.engine.clone(), operator.clone());
        async move { kept::kept(&engine, &operator, page).await.unwrap() }
    };
    assert_eq!(of(&ann).await.as_deref(), Some("x=2"), "the newest");
    assert_eq!(of(&bea).await, None);
    assert_eq!(kept::kept(&house.engine, &ann, "/elsewhere").await.unwrap(), None);
    assert_eq!(house.length().await, 8, "nothing of it is saved");
    house.world.clock.advance(Duration::from_secs(15 * 60));
    assert_eq!(of(&ann).await, None);
    kept::keep(&house.engine, &token, page, "x=3").await.unwrap();
    assert_eq!(of(&ann).await.as_deref(), Some("x=3"));
    house.save(&ann, 9, "").await;
    assert_eq!(of(&ann).await, None, "a Save is what it waited for");
}

#[tokio::test]
async fn a_token_that_is_no_run_out_session_keeps_nothing() {
    let house = House::new().await;
    house.operator("ann@vestibule.test", Role::Owner).await;
    let token = house.token("ann@vestibule.test").await;
    operators::sign_out(&house.engine, &token).await.unwrap();
    house.world.clock.advance(Duration::from_secs(13 * 3600));
    let page = "/settings/authentication";
    for token in [token.as_str(), "nonsense", ""] {
        assert!(!kept::keep(&house.engine, token, page, "x=1").await.unwrap(), "{token}");
    }
    let old = house.token("ann@vestibule.test").await;
    house.world.clock.advance(Duration::from_secs(37 * 3600));
    assert!(!kept::keep(&house.engine, &old, page, "x=1").await.unwrap(), "it ran out a day ago");
}

#[tokio::test]
async fn any_two_are_compared_in_words_and_as_what_to_write_into_a_file() {
    let world = World::default();
    let hook = json!({"hook": "web_hook", "config": {"url": "https://crm.test/", "method": "POST", "response": {"ignore": true}, "auth": {
        "type": "api_key", "config": {"name": "X-Key", "value": "hunter2-of-the-hook", "in": "header"}}}});
    let files = json!({"selfservice": {"flows": {"registration": {"after": {"hooks": [hook]}}}}});
    let engine = world.engine("memory", vec![files]).await;
    let house = House { world, engine };
    let ann = house.operator("ann@vestibule.test", Role::Owner).await;
    house.save(&ann, 10, "").await;
    let current = settings::current(&house.engine).await.unwrap();
    let ways = current.values.ways("sign_in_after_registration").level(true);
    let values =
        current.values.having("sign_in_after_registration", ways).having("min_password_length", 12_u32);
    settings::save(&house.engine, &ann, 1, &values, "").await.unwrap();
    let compare = |from: i64, to: i64| {
        let engine = house.engine.clone();
        async move { history::compare(&engine, from, to).await.unwrap() }
    };
    let two = compare(0, 2).await.unwrap();
    assert_eq!(two.changes, ["Sign in after registration: on", "Minimum password length: 12 (was 8)"]);
    assert_eq!((two.from.number, two.to.revision.unwrap().by.as_str()), (0, "Ann"));
    assert!(!two.yaml.contains("hunter2"), "{}", two.yaml);
    // What it says to write is what it says it means.
    let written: serde_json::Value = serde_saphyr::from_str(&two.yaml).unwrap();
    let own = written.pointer("/selfservice/flows/registration/after/password/hooks").unwrap();
    assert_eq!(own[1], json!({"hook": "session"}), "the flow's entry comes along, then the session");
    assert!(own[0]["config"]["auth"]["config"]["value"].as_str().unwrap().starts_with("••••"), "{own}");
    let length = "/selfservice/methods/password/config/min_password_length";
    assert_eq!(written.pointer(length), Some(&json!(12)));
    assert_eq!(written.as_object().unwrap().len(), 1, "nothing else is in it: {written}");
    let back = compare(2, 0).await.unwrap();
    assert_eq!(back.changes[0], "Sign in after registration: off");
    assert!(
        back.yaml.contains("# Remove this key: selfservice.flows.registration.after.password"),
        "{}",
        back.yaml
    );
    let one = compare(1, 2).await.unwrap();
    assert_eq!(one.changes, ["Sign in after registration: on", "Minimum password length: 12 (was 10)"]);
    let same = compare(1, 1).await.unwrap();
    assert!(same.changes.is_empty() && same.yaml.is_empty());
    for (from, to) in [(0, 3), (9, 1), (-1, 0)] {
        assert!(compare(from, to).await.is_none(), "{from} {to}");
    }
}

#[tokio::test]
async fn where_the_files_decide_nothing_is_saved_or_applied_and_the_drift_is_shown() {
    let house = House::new().await;
    let ann = house.operator("ann@vestibule.test", Role::Owner).await;
    house.save(&ann, 10, "").await;
    house.save(&ann, 12, "").await;
    assert!(history::drift(&house.engine).await.unwrap().is_none(), "the console decides");
    // The same database, started with files that decide.
    let document = json!({
        "identity": {"schemas": [{"id": "default", "url": "preset://email"}]},
        "selfservice": {"methods": {"password": {"config": {"min_password_length": 9}}}},
        "vestibule": {"settings": {"source": "file"}},
    });
    let sources = Sources { documents: vec![document], ..Sources::default() };
    let db = house.engine.db().clone();
    let loaded = settings::load_current(&db, &sources).await.unwrap().unwrap();
    assert_eq!((loaded.config.revision, loaded.config.selfservice.password.min_password_length), (0, 9));
    assert!(loaded.notes.iter().any(|note| note.file == "console revision 2"), "{:?}", loaded.notes);
    let engine = Engine::new(db.clone(), house.world.effects(), Hasher::sized(1, 16), loaded.config);
    let current = settings::current(&engine).await.unwrap();
    let values = current.values.having("min_password_length", 20_u32);
    let refusals = [
        settings::save(&engine, &ann, 2, &values, "").await.unwrap_err(),
        settings::save(&engine, &ann, 0, &values, "").await.unwrap_err(),
        history::go_back(&engine, &ann, 2, 1, "").await.unwrap_err(),
        settings::undo(&engine, &ann, 2).await.unwrap_err(),
    ];
    for refused in refusals {
        assert_eq!(refused.kind, Kind::Forbidden);
        let sentence = refused.to_string();
        assert!(
            sentence.contains("vestibule.settings.source: file") && sentence.contains("document 1"),
            "{sentence}"
        );
    }
    let now = engine.effects().now();
    assert!(settings::roll_back(&db, &sources, now, "command line", 1).await.unwrap().is_err());
    assert_eq!(history::entries(&engine, None, 10).await.unwrap().len(), 2, "no revision came of it");
    let mut tx = db.read().await.unwrap();
    let refused = audit::list(&mut tx, 4).await.unwrap();
    assert!(
        refused.iter().all(|entry| entry.action == "settings.refused" && entry.details["reason"] == "files")
    );
    drop(tx);
    // Another process, where the console decides, saves: nothing of it comes here.
    house.save(&ann, 14, "").await;
    assert_eq!(settings::refresh(&engine).await.unwrap(), None);
    assert_eq!(engine.begin().config.selfservice.password.min_password_length, 9);
    let drift = history::drift(&engine).await.unwrap().unwrap();
    assert_eq!((drift.from.number, drift.to.number), (0, 3));
    assert_eq!(drift.changes, ["Minimum password length: 14 (was 9)"]);
    let written: serde_json::Value = serde_saphyr::from_str(&drift.yaml).unwrap();
    assert_eq!(
        written,
        json!({"selfservice": {"methods": {"password": {"config": {"min_password_length": 14}}}}})
    );
}
