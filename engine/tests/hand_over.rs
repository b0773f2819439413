//! What happens to an account between its sign-up and the proof of its address, whoever does it and by whatever way: nobody
//! is signed in by that proof any more. Written into the rows directly, so that no way of changing an account is left out.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

use engine::Engine;
use engine::flow::handover::Offered;
use engine::flow::{
    Body, FlowType, Start, Started, Submit, Submitted, registration, verification, webhook::Seen,
};
use engine::ids::SessionId;
use engine::session::DeviceInfo;
use engine::store::sessions;
use engine::testing::World;
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};

const MAIL: &str = "anna@vestibule.test";

struct House {
    world: World,
    engine: Engine,
    rows: SqliteConnection,
    _folder: tempfile::TempDir,
}

impl House {
    async fn build() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dsn = format!("sqlite://{}?_fk=true", folder.path().join("rows.sqlite").display());
        let world = World::default();
        let config = json!({
            "selfservice": {
                "methods": {"password": {"config": {"haveibeenpwned_enabled": false}}, "code": {"enabled": true}},
                "flows": {"verification": {"enabled": true}, "registration": {"style": "unified"}},
            },
            "courier": {"smtp": {"connection_uri": "smtp://127.0.0.1:1/?disable_starttls=true"}},
            "vestibule": {"registration": {"sign_in_when_proven": true}},
        });
        let engine = world.engine(&dsn, vec![config]).await;
        let rows = SqliteConnection::connect(&dsn.replace("?_fk=true", "")).await.unwrap();
        Self { world, engine, rows, _folder: folder }
    }

    fn form(&self, flow: String, fields: Value) -> Submit {
        Submit {
            flow: Some(flow),
            body: Body::Json(fields),
            json: true,
            cookie_names: vec![],
            csrf_cookie: None,
            origin: false,
            current: None,
            browser: None,
            device: DeviceInfo::default(),
            offered: Offered::default(),
            seen: Seen::default(),
        }
    }

    /// Signs up as an app, lets `meanwhile` happen to the rows, and sends the code with the secret. Whether that signs in.
    async fn signs_in_after(&mut self, meanwhile: &str) -> bool {
        let ctx = self.engine.begin();
        let start = Start {
            kind_of_client: FlowType::Api,
            path_and_query: "self-service/registration/api".into(),
            query: vec![],
            csrf_cookie: String::new(),
            current: None,
            seen: Seen::default(),
        };
        let Started::Flow(flow) = registration::start(&ctx, start).await.unwrap() else { panic!("a form") };
        let fields =
            json!({"method": "password", "password": "quiet copper meadow 73", "traits": {"email": MAIL}});
        let form = self.form(flow.id.to_string(), fields);
        let Submitted::Done(done) = registration::submit(&ctx, form).await.unwrap() else {
            panic!("an account")
        };
        let pending = done.pending.unwrap();
        engine::courier::deliver(&self.engine).await.unwrap();
        let mail = self.world.mailer.sent().pop().unwrap().text;
        let mut words = mail.split(|letter: char| !letter.is_ascii_alphanumeric());
        let code = words.find(|word| word.len() == 6 && word.parse::<u32>().is_ok()).unwrap().to_owned();
        if !meanwhile.is_empty() {
            let touched = sqlx::query(sqlx::AssertSqlSafe(meanwhile)).execute(&mut self.rows).await.unwrap();
            assert!(touched.rows_affected() > 0, "{meanwhile}");
        }
        let fields = json!({"method": "code", "code": code, "vestibule": {"hand_over": pending.secret}});
        let outcome = verification::submit(&ctx, self.form(pending.flow.to_string(), fields), "").await;
        let signed_in = matches!(outcome, Ok(verification::Submitted::SignedIn(..)));
        let mut tx = ctx.db().read().await.unwrap();
        let nobody = SessionId(uuid::Uuid::nil());
        let now = ctx.effects().now();
        let stored = sessions::count_others(&mut tx, done.identity.id, nobody, now).await.unwrap();
        assert_eq!(stored, i64::from(signed_in), "{meanwhile}: sessions that are stored");
        signed_in
    }
}

#[tokio::test]
async fn an_untouched_account_is_signed_in() {
    assert!(House::build().await.signs_in_after("").await);
}

#[tokio::test]
async fn an_administrators_edit_ends_what_waits() {
    for edit in [
        r#"update identities set traits = '{"email":"anna@vestibule.test","role":"x"}'"#,
        r#"update identities set metadata_public = '{"plan":"gold"}'"#,
        r#"update identities set metadata_admin = '{"note":"called"}'"#,
        "update identities set external_id = '7'",
        "update identities set schema_id = 'another'",
        "update identities set updated_at = '2031-01-01T00:00:00+00:00'",
        "update identity_addresses set value = 'berta@vestibule.test' where purpose = 'recovery'",
        "delete from identity_addresses where purpose = 'recovery'",
    ] {
        assert!(!House::build().await.signs_in_after(edit).await, "{edit}");
    }
}

#[tokio::test]
async fn a_disabled_account_is_not_signed_in() {
    assert!(!House::build().await.signs_in_after("update identities set state = 'inactive'").await);
}

#[tokio::test]
async fn an_administrators_delete_ends_what_waits() {
    assert!(!House::build().await.signs_in_after("pragma foreign_keys = on; delete from identities").await);
}

#[tokio::test]
async fn a_changed_password_or_identifier_ends_what_waits() {
    for change in [
        r#"update identity_credentials set config = '{"hashed_password":"$2b$04$another"}'"#,
        "update identity_identifiers set identifier = 'berta@vestibule.test'",
        "update identity_credentials set created_at = '2031-01-01T00:00:00+00:00'",
    ] {
        assert!(!House::build().await.signs_in_after(change).await, "{change}");
    }
}

#[tokio::test]
async fn an_added_second_factor_is_asked_for_first() {
    let factor = "insert into identity_credentials (identity_id, kind, config, created_at, updated_at)
        select id, 'totp', '{}', created_at, created_at from identities";
    assert!(!House::build().await.signs_in_after(factor).await);
}
