//! Enumeration by time, after an import or a change of `hashers`: stored hashes cost something else than new ones, so a password for an
//! identifier that nobody has is compared with a hash of a stored format.

use engine::flow;
use engine::form::outcome::{Outcome, Started};
use engine::identity::{Credential, create, normalise_identifier};
use engine::model::FlowKind;
use engine::store::identities;
use engine::testing::{self, World};
use engine::{Engine, identity};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

const BCRYPT: &str = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
const LDAP: &str = "{SSHA256}+E+iFJ27Yu1ODPH1UNKUmzOmUT06dwfghQJRHHnMsO5zYWx0";

async fn import(engine: &Engine, email: &str, hash: &str) {
    let ctx = engine.begin();
    let schema = ctx.config.default_schema().unwrap();
    let traits = json!({ "email": email });
    let most = ctx.config.vestibule.requests.violations();
    let extracted = schema.schema.validate(&traits, most).unwrap();
    let identity: identity::Identity = create(ctx.effects(), &schema.id, traits, &extracted);
    let credential = Credential {
        kind: "password".into(),
        identifiers: vec![normalise_identifier(email)],
        config: json!({ "hashed_password": hash }),
        created_at: ctx.effects().now(),
        updated_at: ctx.effects().now(),
    };
    let mut tx = engine.db().write().await.unwrap();
    identities::insert(&mut tx, &identity, &[credential]).await.unwrap();
    tx.commit().await.unwrap();
}

/// Sends a wrong password; what it was compared with.
async fn compared(engine: &Engine, identifier: &str) -> Vec<Option<String>> {
    let ctx = engine.begin();
    let Started::Flow(flow) = flow::start(&ctx, FlowKind::Login, testing::start()).await.unwrap() else {
        panic!("a form")
    };
    engine.hasher().compared();
    let fields = json!({"method": "password", "password": "wrong horse", "identifier": identifier});
    let outcome = flow::submit(&ctx, FlowKind::Login, testing::form(flow.id, fields)).await.unwrap();
    assert!(matches!(outcome, Outcome::Form { .. }));
    engine.hasher().compared()
}

#[tokio::test]
async fn an_identifier_that_nobody_has_is_compared_with_what_is_stored() {
    let world = World::default();
    let config = json!({"vestibule": {"limits": {"enabled": false}}});
    let engine = world.engine("memory", vec![config]).await;
    assert_eq!(compared(&engine, "nobody@vestibule.test").await, [None], "no password is stored so far");
    for number in 0..6 {
        import(&engine, &format!("old{number}@vestibule.test"), if number < 4 { BCRYPT } else { LDAP }).await;
    }
    engine.hasher().count_formats(engine.db(), engine.effects()).await.unwrap();
    let mut known = BTreeSet::new();
    for number in [0, 5] {
        known.extend(compared(&engine, &format!("old{number}@vestibule.test")).await);
    }
    assert_eq!(known.len(), 2);
    let mut unknown = BTreeMap::<_, usize>::new();
    for number in 0..60 {
        let identifier = format!("nobody{number}@vestibule.test");
        let first = compared(&engine, &identifier).await;
        // Whoever asks again learns nothing from a difference, nor from another spelling.
        assert_eq!(compared(&engine, &format!(" {}", identifier.to_uppercase())).await, first);
        assert_eq!(first.len(), 1);
        *unknown.entry(first.into_iter().next().unwrap()).or_default() += 1;
    }
    assert_eq!(unknown.keys().cloned().collect::<BTreeSet<_>>(), known);
    let bcrypt =
        unknown.iter().find(|(format, _)| format.as_deref().unwrap().starts_with("$2a$05$")).unwrap();
    assert!((25..55).contains(bcrypt.1), "two thirds of 60: {unknown:?}");
}
