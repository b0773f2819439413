//! What tests need instead of the world: a clock to set, randomness that repeats, outgoing requests that are
//! answered from a list, and an engine on a database of its own.

mod world;

pub use world::{RecordingOutbound, TestClock, TestRandom};

use crate::config::Config;
use crate::config::load::{Problems, Sources, load};
use crate::effects::Effects;
use crate::engine::Engine;
use crate::password::Hasher;
use crate::store::Db;
use serde_json::{Value, json};
use std::sync::Arc;

/// Effects with a clock at 2030-01-01, seed 0, and no answer for any outgoing request.
pub fn effects() -> Effects {
    World::default().effects()
}

/// The parts behind [`Effects`], to be moved and read by a test.
#[derive(Clone)]
pub struct World {
    pub clock: Arc<TestClock>,
    pub random: Arc<TestRandom>,
    pub outbound: Arc<RecordingOutbound>,
}

impl Default for World {
    fn default() -> Self {
        Self {
            clock: Arc::new(TestClock::default()),
            random: Arc::new(TestRandom::new(0)),
            outbound: Arc::new(RecordingOutbound::default()),
        }
    }
}

impl World {
    pub fn effects(&self) -> Effects {
        Effects { clock: self.clock.clone(), random: self.random.clone(), outbound: self.outbound.clone() }
    }
}

/// An engine on a SQLite database of its own, with fast hashing; `documents` as in [`Sources::documents`].
///
/// # Panics
/// When the configuration has problems: it shows them all.
pub async fn engine(documents: Vec<Value>) -> Engine {
    engine_on("memory", documents).await
}

/// The same on the database `dsn`, which is migrated.
pub async fn engine_on(dsn: &str, documents: Vec<Value>) -> Engine {
    engine_in(&World::default(), dsn, documents).await
}

/// The same in a world that the test keeps.
pub async fn engine_in(world: &World, dsn: &str, documents: Vec<Value>) -> Engine {
    let config = config(documents);
    let data = tempfile::tempdir().expect("a temporary folder");
    let db = Db::connect(Some(dsn), data.path()).await.expect("the database opens");
    db.migrate().await.expect("the migrations apply");
    Engine::new(db, world.effects(), Hasher::sized(2, 256), config)
}

/// Reads `documents` over hash parameters that cost next to nothing; a document may set its own.
///
/// # Panics
/// When the configuration has problems: it shows them all.
pub fn config(documents: Vec<Value>) -> Config {
    try_config(documents)
        .unwrap_or_else(|problems| panic!("the test's configuration has problems: {problems:#?}"))
}

pub fn try_config(documents: Vec<Value>) -> Result<Config, Problems> {
    let fast = json!({"hashers": {
        "algorithm": "argon2",
        "argon2": {"memory": "64KB", "iterations": 1, "parallelism": 1, "salt_length": 16, "key_length": 32},
    }});
    let data = tempfile::tempdir().expect("a temporary folder");
    let documents = std::iter::once(fast).chain(documents).collect();
    let sources = Sources { documents, data: data.path().to_owned(), ..Sources::default() };
    load(&sources, None).map(|loaded| loaded.config)
}
