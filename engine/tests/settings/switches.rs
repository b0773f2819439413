//! Revisions on a real database: save, conflict, locked keys, roll-back, what applies at the start.

use crate::ways;
use engine::config::load::{Sources, load};
use engine::model::MethodId;
use engine::operators::Role;
use engine::password::Hasher;
use engine::plan::{Client, FlowKind, plan};
use engine::settings::presets::Preset;
use engine::settings::{self, AfterSignUp, Named, Saved, Values};
use engine::store::{Db, audit};
use engine::testing::{self, operator};
use engine::{Engine, Kind};
use serde_json::{Value, json};

pub(crate) struct Console {
    pub(crate) engine: Engine,
    sources: Sources,
    _data: tempfile::TempDir,
}

impl Console {
    pub(crate) async fn start(patch: Value, environment: &[(&str, &str)]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let base = json!({
            "identity": {"schemas": [{"id": "default", "url": "preset://email"}]},
            "secrets": {"default": ["a-secret-of-this-test-and-none-else"]},
        });
        let sources = Sources {
            documents: vec![base, patch],
            environment: environment
                .iter()
                .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
                .collect(),
            data: data.path().to_path_buf(),
            ..Sources::default()
        };
        let db = Db::connect(None, data.path()).await.unwrap();
        db.migrate().await.unwrap();
        let config = settings::load_current(&db, &sources).await.unwrap().unwrap().config;
        let engine = Engine::new(db, testing::effects(), Hasher::sized(1, 8), config);
        Self { engine, sources, _data: data }
    }

    pub(crate) async fn values(&self) -> (i64, Values) {
        let current = settings::current(&self.engine).await.unwrap();
        (current.revision, current.values)
    }

    async fn save(&self, base: i64, change: impl FnOnce(&mut Values)) -> Saved {
        let mut values = self.values().await.1;
        change(&mut values);
        settings::save(&self.engine, &operator(&self.engine, Role::Owner), base, &values, "").await.unwrap()
    }

    fn signs_in(&self) -> bool {
        plan(&self.engine.begin().config, FlowKind::Registration, MethodId::Password, Client::Browser)
            .signs_in()
    }

    async fn audit(&self) -> Vec<audit::Entry> {
        let mut tx = self.engine.db().read().await.unwrap();
        audit::list(&mut tx, 100).await.unwrap()
    }
}

#[tokio::test]
async fn off_on_off_takes_effect_with_the_next_snapshot_only() {
    let console = Console::start(json!({}), &[]).await;
    let before = console.engine.begin().config;
    assert!(matches!(
        console.save(0, |v| v.set("sign_in_after_registration", ways(true))).await,
        Saved::Done { revision: 1 }
    ));
    assert!(console.signs_in());
    assert_eq!(before.revision, 0, "a request keeps the snapshot it began with");
    assert!(matches!(
        console.save(1, |v| v.set("sign_in_after_registration", ways(false))).await,
        Saved::Done { revision: 2 }
    ));
    assert!(!console.signs_in());
    let history = settings::list(console.engine.db()).await.unwrap();
    assert_eq!(history.iter().map(|revision| revision.number).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(history[1].summary, ["Sign in after registration: on"]);
    assert_eq!(
        serde_json::to_value(&history[1].settings).unwrap(),
        json!({"sign_in_after_registration": {"password": "on"}})
    );
    assert_eq!((history[1].by.as_str(), history[1].base), ("Grace", 0));
}

#[tokio::test]
async fn what_was_never_changed_is_not_stored_and_what_was_is_carried_forward() {
    let console = Console::start(json!({}), &[]).await;
    console.save(0, |v| v.set("min_password_length", 12_u32)).await;
    assert!(matches!(console.save(1, |_| ()).await, Saved::Unchanged { revision: 1 }));
    console.save(1, |v| v.set("breach_check", false)).await;
    let newest = settings::list(console.engine.db()).await.unwrap().remove(0);
    assert_eq!(
        serde_json::to_value(&newest.settings).unwrap(),
        json!({"breach_check": false, "min_password_length": 12})
    );
    let current = settings::current(&console.engine).await.unwrap();
    let changed =
        |field| current.provenance[field].changed.as_ref().map(|(by, _, number)| (by.clone(), *number));
    assert_eq!(changed("min_password_length"), Some(("Grace".to_owned(), 1)));
    assert_eq!(changed("breach_check"), Some(("Grace".to_owned(), 2)));
    assert_eq!(changed("registration_enabled"), None);
}

#[tokio::test]
async fn a_save_on_an_old_base_is_a_conflict_and_changes_nothing() {
    let console = Console::start(json!({}), &[]).await;
    console.save(0, |v| v.set("min_password_length", 12_u32)).await;
    let Saved::Conflict { revision, by, .. } = console.save(0, |v| v.set("breach_check", false)).await else {
        panic!("somebody was faster")
    };
    assert_eq!((revision, by.as_str()), (1, "Grace"));
    assert!(console.values().await.1.is_on("breach_check"));
}

#[tokio::test]
async fn of_saves_at_once_one_wins_and_the_snapshot_is_that_of_the_newest_revision() {
    let console = Console::start(json!({}), &[]).await;
    let saves = (0..8_u32).map(|index| console.save(0, move |v| v.set("min_password_length", 10 + index)));
    let saved = futures::future::join_all(saves).await;
    assert_eq!(saved.iter().filter(|saved| matches!(saved, Saved::Done { .. })).count(), 1);
    assert_eq!(saved.iter().filter(|saved| matches!(saved, Saved::Conflict { .. })).count(), 7);
    let restarted =
        settings::load_current(console.engine.db(), &console.sources).await.unwrap().unwrap().config;
    let running = console.engine.begin().config;
    assert_eq!(restarted.revision, running.revision);
    assert_eq!(
        restarted.selfservice.password.min_password_length,
        running.selfservice.password.min_password_length
    );
}

#[tokio::test]
async fn the_server_refuses_what_the_page_should_not_send() {
    let variable = "SELFSERVICE_METHODS_PASSWORD_CONFIG_HAVEIBEENPWNED_ENABLED";
    let console = Console::start(json!({}), &[(variable, "false")]).await;
    let locked = settings::current(&console.engine).await.unwrap().provenance["breach_check"].locked.clone();
    assert!(locked.is_some_and(|reason| reason.contains(variable)));
    let saved = console
        .save(0, |v| *v = v.clone().having("breach_check", true).having("min_password_length", 5_u32))
        .await;
    let Saved::Again(errors) = saved else { panic!("{saved:?}") };
    let fields: Vec<&str> = errors.iter().map(|error| error.field).collect();
    assert_eq!(fields, ["breach_check", "min_password_length"]);
    assert!(errors[1].message.contains("6 to 1024"), "{}", errors[1].message);

    let values = console.values().await.1;
    let changed = values.having("registration_enabled", false);
    let refused = settings::save(&console.engine, &operator(&console.engine, Role::Viewer), 0, &changed, "")
        .await
        .unwrap_err();
    assert_eq!(refused.kind, Kind::Forbidden);
    let editor = settings::save(&console.engine, &operator(&console.engine, Role::Editor), 0, &changed, "")
        .await
        .unwrap();
    assert!(matches!(editor, Saved::Done { revision: 1 }));
    let actions: Vec<String> = console.audit().await.into_iter().map(|entry| entry.action).collect();
    assert_eq!(actions, ["settings.save", "settings.refused"]);
}

#[tokio::test]
async fn a_roll_back_is_a_new_revision_with_old_settings() {
    let console = Console::start(json!({}), &[]).await;
    console.save(0, |v| v.set("sign_in_after_registration", ways(true))).await;
    console.save(1, |v| v.set("sign_in_after_registration", ways(false))).await;
    let roll_back = async |to: i64| {
        let now = console.engine.effects().now();
        let written =
            settings::roll_back(console.engine.db(), &console.sources, now, "Grace", to).await.unwrap();
        settings::refresh(&console.engine).await.unwrap();
        written
    };
    assert_eq!(roll_back(1).await, Ok(3));
    assert!(console.signs_in());
    assert!(roll_back(1).await.is_err(), "nothing would change");
    assert!(roll_back(99).await.is_err());
    assert_eq!(roll_back(0).await, Ok(4));
    assert!(!console.signs_in());
    assert_eq!(settings::list(console.engine.db()).await.unwrap()[0].settings.len(), 0);
    assert_eq!(console.audit().await[0].action, "settings.rollback");
}

#[tokio::test]
async fn undo_takes_back_the_newest_save_only_and_names_who_did_it() {
    let console = Console::start(json!({}), &[]).await;
    console.save(0, |v| v.set("sign_in_after_registration", ways(true))).await;
    console.save(1, |v| v.set("min_password_length", 12_u32)).await;
    let late = settings::undo(&console.engine, &operator(&console.engine, Role::Owner), 1).await.unwrap();
    assert!(matches!(late, Saved::Conflict { revision: 2, .. }), "{late:?}");
    let refused =
        settings::undo(&console.engine, &operator(&console.engine, Role::Viewer), 2).await.unwrap_err();
    assert_eq!(refused.kind, Kind::Forbidden);
    let undone = settings::undo(&console.engine, &operator(&console.engine, Role::Editor), 2).await.unwrap();
    assert!(matches!(undone, Saved::Done { revision: 3 }), "{undone:?}");
    let (revision, values) = console.values().await;
    assert_eq!((revision, values.number("min_password_length")), (3, 8));
    assert!(values.ways("sign_in_after_registration").all_on(), "what was saved before stays");
    let newest = &console.audit().await[0];
    assert_eq!(
        (newest.action.as_str(), newest.actor.as_str()),
        ("settings.rollback", operator(&console.engine, Role::Editor).email.as_str())
    );
}

#[tokio::test]
async fn a_revision_that_no_longer_fits_stops_the_start_and_can_be_rolled_back() {
    let console = Console::start(json!({}), &[]).await;
    console.save(0, |v| v.set("min_password_length", 100_u32)).await;
    let db = console.engine.db();
    let mut sources = console.sources.clone();
    sources.documents.push(json!({"vestibule": {"password": {"max_length": 64}}}));
    let problems = settings::load_current(db, &sources).await.unwrap().unwrap_err();
    assert!(problems.to_string().contains("vestibule settings rollback"), "{problems}");
    assert_eq!(settings::list(db).await.unwrap().len(), 1);
    let now = console.engine.effects().now();
    assert_eq!(settings::roll_back(db, &sources, now, "command line", 0).await.unwrap(), Ok(2));
    assert!(settings::load_current(db, &sources).await.unwrap().is_ok());
    let refused = settings::roll_back(db, &sources, now, "command line", 1).await.unwrap().unwrap_err();
    assert!(refused.contains("does not fit"), "{refused}");
    assert!(load(&sources, None).is_ok());
}

#[tokio::test]
async fn what_another_process_saved_is_taken_over() {
    let console = Console::start(json!({}), &[]).await;
    let db = console.engine.db().clone();
    let config = settings::load_current(&db, &console.sources).await.unwrap().unwrap().config;
    let other = Engine::new(db, testing::effects(), Hasher::sized(1, 8), config);
    console.save(0, |v| v.set("sign_in_after_registration", ways(true))).await;
    assert_eq!(other.begin().config.revision, 0);
    assert_eq!(settings::refresh(&other).await.unwrap(), Some(1));
    assert_eq!(settings::refresh(&other).await.unwrap(), None);
    let plan = plan(&other.begin().config, FlowKind::Registration, MethodId::Password, Client::Browser);
    assert!(plan.signs_in());
}

#[tokio::test]
async fn switching_on_and_off_gives_a_hook_of_the_whole_flow_back_as_it_was() {
    // ory/network#361
    let called = json!({"hook": "web_hook", "config": {"url": "http://crm.test/new", "method": "POST"}});
    let files = json!({"selfservice": {"flows": {"registration": {"after": {"hooks": [called]}}}}});
    let console = Console::start(files, &[]).await;
    let drawn =
        || plan(&console.engine.begin().config, FlowKind::Registration, MethodId::Password, Client::Browser);
    let before = drawn();
    console.save(0, |v| v.set("sign_in_after_registration", ways(true))).await;
    let on = drawn();
    assert!(on.silenced().is_empty() && on.steps.len() == before.steps.len() + 1, "{:?}", on.steps);
    console.save(1, |v| v.set("sign_in_after_registration", ways(false))).await;
    assert_eq!(drawn(), before, "the method inherits again");
}

#[tokio::test]
async fn what_happens_after_sign_up_is_saved_as_its_switches_and_read_back_as_itself() {
    let console =
        Console::start(json!({"selfservice": {"flows": {"verification": {"enabled": true}}}}), &[]).await;
    for (base, answer) in
        (0..).zip([AfterSignUp::VerificationFirst, AfterSignUp::AtOnce, AfterSignUp::Themselves])
    {
        let saved = console.save(base, |v| *v = v.with(&answer.settings())).await;
        assert!(matches!(saved, Saved::Done { .. }), "{answer:?} {saved:?}");
        assert_eq!(AfterSignUp::of(&console.values().await.1), Some(answer));
        assert_eq!(console.signs_in(), answer == AfterSignUp::AtOnce, "what runs is what the page says");
    }
}

#[tokio::test]
async fn a_preset_saves_as_its_settings_and_then_says_nothing_more() {
    let console = Console::start(json!({}), &[]).await;
    let preset = Preset::parse("frictionless").unwrap();
    let saved = console.save(0, |v| *v = preset.applied(v)).await;
    assert!(matches!(saved, Saved::Done { revision: 1 }), "{saved:?}");
    assert!(console.signs_in());
    assert!(preset.changes(&console.values().await.1).is_empty());
}

#[tokio::test]
async fn of_a_list_that_the_environment_sets_the_page_says_so_and_a_preset_is_refused() {
    let variable = "SELFSERVICE_FLOWS_REGISTRATION_AFTER_PASSWORD_HOOKS";
    let console = Console::start(json!({}), &[(variable, "[]")]).await;
    let current = settings::current(&console.engine).await.unwrap();
    assert!(current.is_locked("sign_in_after_registration"));
    let preset = Preset::parse("frictionless").unwrap();
    let (field, reason) = current.refusal(&preset.applied(&current.values)).unwrap();
    assert_eq!(field, "sign_in_after_registration");
    assert!(reason.contains(variable), "{reason}");
    let saved = console.save(0, |v| *v = preset.applied(v)).await;
    let Saved::Again(errors) = saved else { panic!("{saved:?}") };
    assert!(errors.iter().any(|error| error.message.contains(variable)), "{errors:?}");
}

#[tokio::test]
async fn a_provider_joins_the_switch_when_it_does_not_sign_in_by_itself() {
    let google = json!({
        "id": "google", "provider": "google", "client_id": "c", "client_secret": "s", "mapper_url": "base64://e30=",
    });
    let files =
        json!({"selfservice": {"methods": {"oidc": {"enabled": true, "config": {"providers": [google]}}}}});
    let console = Console::start(files, &[]).await;
    let shown = |values: &Values| values.words("sign_in_after_registration");
    let plans = || {
        [MethodId::Password, MethodId::Oidc].map(|method| {
            let config = console.engine.begin().config;
            plan(&config, FlowKind::Registration, method, Client::Browser).signs_in()
        })
    };
    let on = |name: &str, value: Value| Named::from([(name.to_owned(), value)]);
    let current = settings::current(&console.engine).await.unwrap();
    assert!(current.offered.contains("sign_in_after_social"));
    assert_eq!(
        current.provenance["sign_in_after_registration"].key,
        "selfservice.flows.registration.after.password.hooks",
        "what signs in by itself is no matter of the switch"
    );
    assert_eq!(
        current.provenance["require_verified_address"].key,
        "selfservice.flows.login.after.{password,oidc}.hooks"
    );
    assert_eq!((shown(&current.values), plans()), ("off".to_owned(), [false, true]));

    console.save(0, |values| values.set("sign_in_after_social", false)).await;
    let current = settings::current(&console.engine).await.unwrap();
    assert_eq!(
        current.provenance["sign_in_after_registration"].key,
        "selfservice.flows.registration.after.{password,oidc}.hooks"
    );
    assert_eq!((shown(&current.values), plans()), ("off".to_owned(), [false, false]));
    let one = on("sign_in_after_registration", json!({"oidc": "on"}));
    console.save(1, |values| *values = values.with(&one)).await;
    assert_eq!(
        (shown(&console.values().await.1), plans()),
        ("on for 1 of 2 (Social sign-in)".to_owned(), [false, true])
    );
    let all = on("sign_in_after_registration", json!("on"));
    console.save(2, |values| *values = values.with(&all)).await;
    assert_eq!((shown(&console.values().await.1), plans()), ("on".to_owned(), [true, true]));

    // By itself again: its list keeps what it says, and the switch is for the others.
    console.save(3, |values| values.set("sign_in_after_social", true)).await;
    let off = on("sign_in_after_registration", json!("off"));
    console.save(4, |values| *values = values.with(&off)).await;
    assert_eq!((shown(&console.values().await.1), plans()), ("off".to_owned(), [false, true]));
    let history = settings::list(console.engine.db()).await.unwrap();
    assert_eq!(
        serde_json::to_value(&history[0].settings).unwrap(),
        json!({"sign_in_after_registration": {"password": "off", "oidc": "on"}, "sign_in_after_social": true})
    );
    assert_eq!(
        history.iter().map(|revision| revision.summary.join("; ")).collect::<Vec<_>>(),
        [
            "Sign in after registration: off",
            "Sign in after social sign-up: on",
            "Sign in after registration: on (was on for 1 of 2 (Social sign-in))",
            "Sign in after registration: on for 1 of 2 (Social sign-in) (was off)",
            "Sign in after social sign-up: off",
        ]
    );
}

#[tokio::test]
async fn the_gate_is_for_every_way_in_and_opens_for_all_of_them() {
    let google = json!({
        "id": "google", "provider": "google", "client_id": "c", "client_secret": "s", "mapper_url": "base64://e30=",
    });
    let files = json!({
        "selfservice": {
            "methods": {"oidc": {"enabled": true, "config": {"providers": [google]}}},
            "flows": {"verification": {"enabled": true}},
        },
        "courier": {"smtp": {"connection_uri": "smtps://mail.example.org/"}},
    });
    let console = Console::start(files, &[]).await;
    let asks = || {
        [MethodId::Password, MethodId::Oidc].map(|method| {
            let config = console.engine.begin().config;
            let gate = engine::plan::Step::Run(engine::config::Hook::RequireVerifiedAddress);
            plan(&config, FlowKind::Login, method, Client::Browser).steps.contains(&gate)
        })
    };
    for (base, on) in [(0, true), (1, false)] {
        let level = |values: &mut Values| {
            values.set("require_verified_address", values.ways("require_verified_address").level(on));
        };
        let saved = console.save(base, level).await;
        assert!(matches!(saved, Saved::Done { .. }), "{saved:?}");
        assert_eq!(asks(), [on, on]);
        let values = console.values().await.1.ways("require_verified_address");
        assert_eq!((values.all_on(), values.all_off()), (on, !on));
    }
}
