//! What happens to an account between its sign-up and the proof of its address, whoever does it and by whatever way: nobody
//! is signed in by that proof any more. Written into the rows directly, so that no way of changing an account is left out.

use engine::Engine;
use engine::flow;
use engine::form::outcome::Outcome;
use engine::ids::SessionId;
use engine::model::FlowKind;
use engine::store::{Rows, sessions};
use engine::testing::{self, World};
use serde_json::{Value, json};

const MAIL: &str = "anna@vestibule.test";

/// What happens to the rows.
#[derive(Clone, Copy, Debug)]
enum Meanwhile {
    Nothing,
    /// Table, column, value.
    Set(&'static str, &'static str, &'static str),
    OfRecovery(&'static str),
    NoRecovery,
    Deleted,
    SecondFactor,
}

struct House {
    world: World,
    engine: Engine,
}

impl House {
    async fn build() -> Self {
        let world = World::default();
        let config = json!({
            "selfservice": {
                "methods": {"password": {"config": {"haveibeenpwned_enabled": false}}, "code": {"enabled": true}},
                "flows": {"verification": {"enabled": true}, "registration": {"style": "unified"}},
            },
            "courier": {"smtp": {"connection_uri": "smtp://127.0.0.1:1/?disable_starttls=true"}},
            "vestibule": {"registration": {"sign_in_after_verification": true}},
        });
        let engine = world.engine("memory", vec![config]).await;
        Self { world, engine }
    }

    async fn happens(&self, meanwhile: Meanwhile, id: engine::ids::IdentityId) {
        let db = self.engine.db();
        let recovery = Rows { table: "identity_addresses", only: Some(("purpose", "recovery")) };
        let touched = match meanwhile {
            Meanwhile::Nothing => return,
            Meanwhile::Set(table, column, value) => {
                db.rewrite(Rows { table, only: None }, column, value).await
            }
            Meanwhile::OfRecovery(value) => db.rewrite(recovery, "value", value).await,
            Meanwhile::NoRecovery => db.remove(recovery).await,
            Meanwhile::Deleted => db.remove(Rows { table: "identities", only: None }).await,
            Meanwhile::SecondFactor => {
                return testing::add_credential(&self.engine, id, "totp", "a secret", json!({})).await;
            }
        };
        assert!(touched.unwrap() > 0, "{meanwhile:?}");
    }

    /// Signs up as an app, lets `meanwhile` happen to the rows, and sends the code with the secret. Whether that signs in.
    async fn signs_in_after(&self, meanwhile: Meanwhile) -> bool {
        let ctx = self.engine.begin();
        let Outcome::SignedUp(done) = testing::sign_up(&self.engine, MAIL).await.unwrap() else {
            panic!("an account")
        };
        let pending = done.deferred.unwrap();
        engine::courier::deliver(&self.engine).await.unwrap();
        let code = testing::code_in(&self.world.mailer.sent().pop().unwrap().text);
        self.happens(meanwhile, done.identity.id).await;
        let fields: Value =
            json!({"method": "code", "code": code, "vestibule": {"deferred_login": pending.secret}});
        let outcome = flow::submit(&ctx, FlowKind::Verification, testing::form(pending.flow, fields)).await;
        let signed_in = matches!(&outcome, Ok(Outcome::Verified(done)) if done.given.is_some());
        let mut tx = ctx.db().read().await.unwrap();
        let nobody = SessionId(uuid::Uuid::nil());
        let now = ctx.effects().now();
        let stored = sessions::count_others(&mut tx, done.identity.id, nobody, now).await.unwrap();
        assert_eq!(stored, i64::from(signed_in), "{meanwhile:?}: sessions that are stored");
        signed_in
    }
}

#[tokio::test]
async fn an_untouched_account_is_signed_in() {
    assert!(House::build().await.signs_in_after(Meanwhile::Nothing).await);
}

#[tokio::test]
async fn an_administrators_edit_ends_what_waits() {
    for edit in [
        Meanwhile::Set("identities", "traits", r#"{"email":"anna@vestibule.test","role":"x"}"#),
        Meanwhile::Set("identities", "metadata_public", r#"{"plan":"gold"}"#),
        Meanwhile::Set("identities", "metadata_admin", r#"{"note":"called"}"#),
        Meanwhile::Set("identities", "external_id", "7"),
        Meanwhile::Set("identities", "schema_id", "another"),
        Meanwhile::Set("identities", "updated_at", "2031-01-01T00:00:00+00:00"),
        Meanwhile::OfRecovery("berta@vestibule.test"),
        Meanwhile::NoRecovery,
    ] {
        assert!(!House::build().await.signs_in_after(edit).await, "{edit:?}");
    }
}

#[tokio::test]
async fn a_disabled_account_is_not_signed_in() {
    let disabled = Meanwhile::Set("identities", "state", "inactive");
    assert!(!House::build().await.signs_in_after(disabled).await);
}

#[tokio::test]
async fn an_administrators_delete_ends_what_waits() {
    assert!(!House::build().await.signs_in_after(Meanwhile::Deleted).await);
}

#[tokio::test]
async fn a_changed_password_or_identifier_ends_what_waits() {
    for change in [
        Meanwhile::Set("identity_credentials", "config", r#"{"hashed_password":"$2b$04$another"}"#),
        Meanwhile::Set("identity_identifiers", "identifier", "berta@vestibule.test"),
        Meanwhile::Set("identity_credentials", "created_at", "2031-01-01T00:00:00+00:00"),
    ] {
        assert!(!House::build().await.signs_in_after(change).await, "{change:?}");
    }
}

#[tokio::test]
async fn an_added_second_factor_is_asked_for_first() {
    assert!(!House::build().await.signs_in_after(Meanwhile::SecondFactor).await);
}
