//! The store's contract: every function, on SQLite and on PostgreSQL. Since each is called, each SQL text is prepared
//! and each row decoded by both.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod daily_counts;
mod deferred_logins;
mod deliveries;
mod foreign;
mod identities;
mod identity_change;
mod identity_lists;
mod invitations;
mod limits;
mod mail;
mod oidc_tests;
mod operators;
mod pending;
mod plans;
mod records;
mod schema;
mod secret_fingerprints;
mod session_lists;
mod sessions;
mod setting_secrets;
mod social;
mod users;

use chrono::{DateTime, TimeDelta, Utc};
use engine::identity::{Credential, Identity, RecoveryAddress, State, VerifiableAddress};
use engine::ids::IdentityId;
use engine::store::Db;
use serde_json::{Value, json};
use std::path::Path;
use uuid::Uuid;

/// Makes two tests of one: the body runs on a fresh, migrated database of each kind.
macro_rules! on_both {
    ($($(#[$doc:meta])* async fn $name:ident($db:ident: Db) $body:block)+) => {
        $(mod $name {
            use super::*;

            $(#[$doc])*
            async fn body($db: engine::store::Db) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn sqlite() {
                body(crate::sqlite().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn postgres() {
                body(crate::postgres().await).await;
            }
        })+
    };
}
pub(crate) use on_both;

async fn sqlite() -> Db {
    migrated("memory").await
}

async fn postgres() -> Db {
    migrated(&engine::testing::postgres::database().await).await
}

async fn migrated(dsn: &str) -> Db {
    let db = Db::connect(Some(dsn), Path::new("unused")).await.unwrap();
    db.migrate().await.unwrap();
    db
}

/// Distinct ids that sort as their numbers do.
fn id(number: u128) -> Uuid {
    Uuid::from_u128(number << 64 | 0x8000_0000_0000_0001)
}

/// A fixed moment, `seconds` later, with microseconds.
fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 123_456_000).unwrap() + TimeDelta::seconds(seconds)
}

/// Somebody with two verifiable addresses (against the alphabet), one recovery address and a password.
fn person(number: u128, name: &str) -> (Identity, Vec<Credential>) {
    let email = |prefix: &str| format!("{prefix}{name}@example.org");
    let verifiable = |offset: u128, value: String, verified: bool| VerifiableAddress {
        id: id(number * 10 + offset),
        value,
        verified,
        via: "email".into(),
        status: if verified { "completed" } else { "pending" }.into(),
        verified_at: verified.then(|| at(5)),
        created_at: at(1),
        updated_at: at(2),
    };
    let identity = Identity {
        id: IdentityId(id(number)),
        schema_id: "default".into(),
        state: State::Active,
        state_changed_at: at(0),
        traits: json!({"zebra": 1, "email": email(""), "apple": {"y": null, "x": "ü\u{0}"}}),
        verifiable_addresses: vec![verifiable(1, email("z-"), true), verifiable(2, email(""), false)],
        recovery_addresses: vec![RecoveryAddress {
            id: id(number * 10 + 3),
            value: email(""),
            via: "email".into(),
            created_at: at(1),
            updated_at: at(2),
        }],
        metadata_public: Value::Null,
        metadata_admin: json!({"plan": "gold"}),
        unverified: number == 7,
        resettable: number == 7,
        version: 3,
        external_id: Some(format!("crm-{name}")),
        organization_id: (number % 2 == 1).then(|| id(500)),
        created_at: at(0),
        updated_at: at(3),
    };
    let password = Credential {
        kind: "password".into(),
        identifiers: vec![email("z-"), email("")],
        config: json!({"hashed_password": format!("$argon2id${name}")}),
        created_at: at(0),
        updated_at: at(0),
    };
    (identity, vec![password])
}
