//! What tests need instead of the world: a clock to set, randomness that repeats, outgoing requests that are
//! answered from a list, an engine on a database of its own, somebody who signs up, and somebody at the console.

mod app;
mod credentials;
pub mod foreign;
pub mod lists;
mod operator;
pub mod postgres;
mod world;

pub use app::{PASSWORD, code_in, form, sign_up, sign_up_with, start};
pub use credentials::{add_credential, set_password_hash};
pub use operator::{operator, somebody};
pub use world::{RecordingMailer, RecordingOutbound, TemplatesHere, TestClock, TestRandom};

use crate::config::load::{Sources, load};
use crate::config::{Config, Named};
use crate::effects::{Effects, Templates};
use crate::engine::Engine;
use crate::password::Hasher;
use crate::store::Db;
use serde_json::{Value, json};
use std::sync::Arc;
use tempfile::TempDir;

/// Effects with a clock at 2030-01-01, seed 0, and no answer for any outgoing request.
pub fn effects() -> Effects {
    World::default().effects()
}

/// The parts behind [`Effects`], to be moved and read by a test, and a data folder that goes with the last copy.
#[derive(Clone)]
pub struct World {
    pub clock: Arc<TestClock>,
    pub random: Arc<TestRandom>,
    pub outbound: Arc<RecordingOutbound>,
    pub mailer: Arc<RecordingMailer>,
    pub templates: Arc<dyn Templates>,
    data: Arc<TempDir>,
}

impl Default for World {
    fn default() -> Self {
        Self {
            clock: Arc::new(TestClock::default()),
            random: Arc::new(TestRandom::new(0)),
            outbound: Arc::new(RecordingOutbound::default()),
            mailer: Arc::new(RecordingMailer::default()),
            templates: Arc::new(TemplatesHere),
            data: Arc::new(tempfile::tempdir().expect("a temporary folder")),
        }
    }
}

impl World {
    pub fn effects(&self) -> Effects {
        Effects {
            clock: self.clock.clone(),
            random: self.random.clone(),
            outbound: self.outbound.clone(),
            mailer: self.mailer.clone(),
            templates: self.templates.clone(),
        }
    }

    /// An engine on the database `dsn`, which is migrated; `documents` as in [`Sources::documents`].
    ///
    /// # Panics
    /// When the configuration has problems: it shows them all.
    pub async fn engine(&self, dsn: &str, documents: Vec<Value>) -> Engine {
        self.engine_with(dsn, documents, Hasher::sized(2, 256)).await
    }

    /// The same with hashing threads of the test's choice.
    ///
    /// # Panics
    /// As [`World::engine`].
    pub async fn engine_with(&self, dsn: &str, documents: Vec<Value>, hasher: Hasher) -> Engine {
        let db = Db::connect(Some(dsn), self.data.path()).await.expect("the database opens");
        db.migrate().await.expect("the migrations apply");
        Engine::new(db, self.effects(), hasher, self.config(documents))
    }

    /// Reads `documents` over the preset for e-mail, hashing that costs next to nothing and secrets of no worth; a document may
    /// set its own.
    ///
    /// # Panics
    /// When the configuration has problems: it shows them all.
    pub fn config(&self, documents: Vec<Value>) -> Config {
        self.config_with(documents, None)
    }

    /// The same under a revision of the console, with its number.
    ///
    /// # Panics
    /// As [`World::config`].
    pub fn config_with(&self, documents: Vec<Value>, revision: Option<(i64, &Named)>) -> Config {
        let cheap = json!({
            "identity": {"default_schema_id": "default", "schemas": [{"id": "default", "url": "preset://email"}]},
            "selfservice": {"flows": {"registration": {"style": "unified"}}},
            "hashers": {
                "algorithm": "argon2",
                "argon2": {"memory": "64KB", "iterations": 1, "parallelism": 1, "salt_length": 16, "key_length": 32},
            },
            "secrets": {
                "default": ["a default secret that is no secret"],
                "cookie": ["a cookie secret that is no secret"],
                "cipher": ["a cipher secret, none to keep :)"],
            },
        });
        let documents = std::iter::once(cheap).chain(documents).collect();
        let sources = Sources { documents, data: self.data.path().to_owned(), ..Sources::default() };
        load(&sources, revision)
            .unwrap_or_else(|problems| panic!("the test's configuration has problems: {problems:#?}"))
            .config
    }
}

/// An engine on a SQLite database of its own, with fast hashing.
pub async fn engine(documents: Vec<Value>) -> Engine {
    engine_on("memory", documents).await
}

/// The same on the database `dsn`.
pub async fn engine_on(dsn: &str, documents: Vec<Value>) -> Engine {
    World::default().engine(dsn, documents).await
}

/// A configuration as [`World::config`] reads it.
pub fn config(documents: Vec<Value>) -> Config {
    World::default().config(documents)
}

/// The same under a revision of the console.
pub fn config_with(documents: Vec<Value>, named: &Named) -> Config {
    World::default().config_with(documents, Some((1, named)))
}
