//! What a Save may bring about, by whom, and what the audit keeps of it.

use engine::Engine;
use engine::model::MethodId;
use engine::operators::{OperatorSession, Role};
use engine::settings::{self, PerMethod, Saved, Values, history};
use engine::store::audit;
use engine::testing::{World, somebody};
use serde_json::json;
use std::time::Duration;

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

    async fn save(&self, by: &OperatorSession, reason: &str, change: impl FnOnce(&mut Values)) -> Saved {
        let current = settings::current(&self.engine).await.unwrap();
        let mut values = current.values;
        change(&mut values);
        settings::save(&self.engine, by, current.revision, &values, reason).await.unwrap()
    }

    async fn audit(&self) -> Vec<audit::Entry> {
        let mut tx = self.engine.db().read().await.unwrap();
        audit::list(&mut tx, 100).await.unwrap()
    }
}

/// No codes are sent, so a gate that asks for one locks everybody out.
fn lock_out(values: &mut Values) {
    values.set("require_verified_address", values.ways("require_verified_address").level(true));
}

fn dangers(saved: &Saved) -> Vec<&'static str> {
    match saved {
        Saved::NeedsOwner(found) | Saved::NeedsFreshSignIn(found) | Saved::NeedsReason(found) => {
            found.iter().map(|check| check.id).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_new_danger_takes_an_owner_a_fresh_sign_in_and_a_reason() {
    let house = House::new().await;
    let owner = somebody(&house.engine, Role::Owner);
    let refused = house.save(&somebody(&house.engine, Role::Editor), "because", lock_out).await;
    assert!(matches!(refused, Saved::NeedsOwner(_)), "{refused:?}");
    assert_eq!(dangers(&refused), ["nobody_can_sign_in"]);
    house.world.clock.advance(Duration::from_secs(5 * 60 + 1));
    let refused = house.save(&owner, "because", lock_out).await;
    assert!(matches!(refused, Saved::NeedsFreshSignIn(_)), "{refused:?}");
    let fresh = somebody(&house.engine, Role::Owner);
    house.world.clock.advance(Duration::from_secs(5 * 60));
    let refused = house.save(&fresh, "  ", lock_out).await;
    assert!(matches!(refused, Saved::NeedsReason(_)), "{refused:?}");
    assert!(
        !settings::current(&house.engine).await.unwrap().values.ways("require_verified_address").all_on()
    );
    assert!(matches!(house.save(&fresh, " we move tonight ", lock_out).await, Saved::Done { revision: 1 }));
    let revision = settings::list(house.engine.db()).await.unwrap().remove(0);
    assert_eq!(revision.reason, "we move tonight");
    let audit = house.audit().await;
    let actions: Vec<(&str, &str)> = audit
        .iter()
        .map(|entry| (entry.action.as_str(), entry.details["needs"].as_str().unwrap_or_default()))
        .collect();
    assert_eq!(
        actions,
        [("settings.save", ""), ("settings.refused", "fresh sign-in"), ("settings.refused", "owner")],
        "what only lacks a reason is no refusal"
    );
    assert_eq!(audit[0].details["dangers"], json!(["nobody_can_sign_in"]));
    assert_eq!(audit[0].details["reason"], "we move tonight");
}

#[tokio::test]
async fn who_is_not_known_to_have_signed_in_lately_has_not() {
    let house = House::new().await;
    let owner = somebody(&house.engine, Role::Owner).operator;
    let mut values = settings::current(&house.engine).await.unwrap().values;
    lock_out(&mut values);
    let saved = settings::save(&house.engine, &owner, 0, &values, "because").await.unwrap();
    assert!(matches!(saved, Saved::NeedsFreshSignIn(_)), "{saved:?}");
}

#[tokio::test]
async fn a_danger_that_was_there_before_asks_nobody_anything() {
    let house = House::new().await;
    assert!(matches!(
        house.save(&somebody(&house.engine, Role::Owner), "because", lock_out).await,
        Saved::Done { revision: 1 }
    ));
    house.world.clock.advance(Duration::from_secs(3600));
    let editor = somebody(&house.engine, Role::Editor);
    let saved = house.save(&editor, "", |values| values.set("min_password_length", 12_u32)).await;
    assert!(matches!(saved, Saved::Done { revision: 2 }), "{saved:?}");
    assert_eq!(house.audit().await[0].details["dangers"], json!([]));
}

#[tokio::test]
async fn a_new_error_is_refused_whoever_asks() {
    let house = House::new().await;
    let owner = somebody(&house.engine, Role::Owner);
    let saved = house
        .save(&owner, "because", |values| {
            values.set(
                "show_verification_page",
                [(MethodId::Password, true)].into_iter().collect::<PerMethod>(),
            );
        })
        .await;
    let Saved::Again(errors) = saved else { panic!("{saved:?}") };
    assert_eq!(errors[0].field, "show_verification_page");
    assert!(errors[0].message.contains("No codes are sent"), "{}", errors[0].message);
    assert!(settings::list(house.engine.db()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_way_back_into_a_danger_asks_the_same() {
    let house = House::new().await;
    let owner = somebody(&house.engine, Role::Owner);
    house.save(&owner, "because", lock_out).await;
    let open = |values: &mut Values| {
        values.set("require_verified_address", values.ways("require_verified_address").level(false));
    };
    house.save(&owner, "", open).await;
    house.world.clock.advance(Duration::from_secs(6 * 60));
    let back = history::go_back(&house.engine, &owner, 2, 1, "because").await.unwrap();
    assert!(matches!(back, Saved::NeedsFreshSignIn(_)), "{back:?}");
    let undone = settings::undo(&house.engine, &owner, 2).await.unwrap();
    assert!(matches!(undone, Saved::NeedsFreshSignIn(_)), "{undone:?}");
    let editor = history::go_back(&house.engine, &somebody(&house.engine, Role::Editor), 2, 1, "because")
        .await
        .unwrap();
    assert!(matches!(editor, Saved::NeedsOwner(_)), "{editor:?}");
    let fresh = somebody(&house.engine, Role::Owner);
    let silent = history::go_back(&house.engine, &fresh, 2, 1, "").await.unwrap();
    assert!(matches!(silent, Saved::NeedsReason(_)), "{silent:?}");
    assert_eq!(settings::list(house.engine.db()).await.unwrap().len(), 2);
    assert!(matches!(settings::undo(&house.engine, &fresh, 2).await.unwrap(), Saved::Done { revision: 3 }));
    assert_eq!(settings::list(house.engine.db()).await.unwrap()[0].reason, "Undo of revision 2");
    let out =
        history::go_back(&house.engine, &somebody(&house.engine, Role::Editor), 3, 0, "").await.unwrap();
    assert!(matches!(out, Saved::Done { revision: 4 }), "out of a danger anybody may go: {out:?}");
}
