//! Credentials that change while something else is under way.

use crate::engine::Engine;
use crate::identity::change::{IdentityChange, Record};
use crate::ids::IdentityId;
use crate::store::identities::{self, Outcome};
use serde_json::{Value, json};

/// Changes the stored hash of a password. Panics where it cannot.
pub async fn set_password_hash(engine: &Engine, id: IdentityId, hash: &str) {
    let config = json!({ "hashed_password": hash });
    change(engine, id, |record| {
        IdentityChange::configured(record, "password", &config, engine.effects().now())
    })
    .await;
}

/// Adds a credential of any kind. Panics where it cannot.
pub async fn add_credential(engine: &Engine, id: IdentityId, kind: &str, identifier: &str, config: Value) {
    let now = engine.effects().now();
    change(engine, id, |record| IdentityChange::identified(record, (kind, identifier), &config, now)).await;
}

async fn change(engine: &Engine, id: IdentityId, wanted: impl FnOnce(&Record) -> IdentityChange) {
    let ctx = engine.begin();
    let mut tx = engine.db().write().await.expect("the database answers");
    let identity = identities::get(&mut tx, id).await.expect("the database answers").expect("an identity");
    let credentials = identities::credentials(&mut tx, id).await.expect("the database answers");
    let before = Record { identity, credentials };
    let changed = wanted(&before).apply(&before, &ctx.change_rules(engine.effects().now()));
    let after = changed.expect("a change that fits").record;
    let done = identities::change(&mut tx, &before, &after).await.expect("the database answers");
    assert_eq!(done, Outcome::Done);
    tx.commit().await.expect("the database answers");
}
