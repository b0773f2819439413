//! Rehearsals: what they copy, what they keep, what they write down, and that nothing else is written anywhere.

use engine::operators::{self, Operator, Role};
use engine::plan::Client;
use engine::rehearsal::{self, DryRunRequest};
use engine::store::{audit, identity_lists};
use engine::testing::World;
use engine::{Engine, Kind};
use serde_json::json;

async fn owner(engine: &Engine) -> Operator {
    operators::create(engine, "grace@console.test", "Grace", "velvet lantern harbour 41")
        .await
        .unwrap()
        .unwrap()
}

fn wish(typed: &[&str]) -> DryRunRequest {
    DryRunRequest {
        typed: typed.iter().map(|value| (*value).to_owned()).collect(),
        call_hooks: false,
        mail_me: false,
        client: Client::Browser,
    }
}

async fn person(engine: &Engine, email: &str) {
    let create = serde_json::from_value(json!({ "traits": { "email": email } })).unwrap();
    engine::admin::create(&engine.begin(), create).await.unwrap();
}

#[tokio::test]
async fn the_accounts_in_question_are_copied_and_nobody_else() {
    let engine = World::default().engine("memory", Vec::new()).await;
    let grace = owner(&engine).await;
    person(&engine, "ann@example.org").await;
    person(&engine, "bob@example.org").await;
    let rehearsal =
        rehearsal::begin(&engine, &grace, &wish(&["Ann@Example.org", "a password"])).await.unwrap();
    assert_eq!(rehearsal.copied, 1);
    let mut tx = rehearsal.engine.db().read().await.unwrap();
    let copied =
        identity_lists::page(&mut tx, &identity_lists::Filter::All, identity_lists::Window::first(10))
            .await
            .unwrap();
    assert_eq!(copied.len(), 1);
    assert_eq!(copied[0].traits, json!({"email": "ann@example.org"}));
}

#[tokio::test]
async fn only_owners_rehearse_and_both_the_run_and_the_refusal_are_in_the_audit() {
    let engine = World::default().engine("memory", Vec::new()).await;
    let grace = owner(&engine).await;
    for role in [Role::Editor, Role::Viewer] {
        let other = Operator { role, ..grace.clone() };
        let refused = rehearsal::begin(&engine, &other, &wish(&[])).await.err().unwrap();
        assert_eq!(refused.kind, Kind::Forbidden);
    }
    rehearsal::begin(&engine, &grace, &wish(&["ann@example.org"])).await.unwrap();
    let entries = audit::list(&mut engine.db().read().await.unwrap(), 10).await.unwrap();
    let actions: Vec<&str> = entries.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions.iter().filter(|action| **action == "rehearsal.refused").count(), 2);
    assert_eq!(actions.iter().filter(|action| **action == "rehearsal.run").count(), 1);
    let text = format!("{entries:?}");
    assert!(!text.contains("ann@example.org"), "what was typed is nobody's business: {text}");
}

/// A second engine with secrets of its own: what one seals the other cannot open.
#[tokio::test]
async fn a_rehearsal_has_secrets_of_its_own() {
    let engine = World::default().engine("memory", Vec::new()).await;
    let grace = owner(&engine).await;
    let rehearsal = rehearsal::begin(&engine, &grace, &wish(&[])).await.unwrap();
    let (real, own) = (engine.begin().config, rehearsal.engine.begin().config);
    for (real, own) in [
        (&real.secrets.default, &own.secrets.default),
        (&real.secrets.cookie, &own.secrets.cookie),
        (&real.secrets.cipher, &own.secrets.cipher),
    ] {
        assert!(real.iter().all(|secret| !own.contains(secret)));
    }
}
