//! The engine as a value: two may live in one process, nothing is global.

use crate::config::Config;
use crate::effects::Effects;
use crate::password::Hasher;
use crate::social::Known;
use crate::store::Db;
use arc_swap::ArcSwap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::{Mutex, MutexGuard};

/// A cheap handle.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    db: Db,
    effects: Effects,
    hasher: Hasher,
    config: ArcSwap<Config>,
    settings_lock: Mutex<()>,
    unconfigured_proxy: AtomicBool,
    known: Known,
}

/// One request's view: one configuration from start to end, whatever is saved meanwhile.
#[derive(Clone)]
pub struct Ctx {
    pub engine: Engine,
    pub config: Arc<Config>,
}

impl Engine {
    pub fn new(db: Db, effects: Effects, hasher: Hasher, config: Config) -> Self {
        Self {
            inner: Arc::new(Inner {
                db,
                effects,
                hasher,
                config: ArcSwap::from_pointee(config),
                settings_lock: Mutex::new(()),
                unconfigured_proxy: AtomicBool::new(false),
                known: Known::default(),
            }),
        }
    }

    /// Takes the snapshot that a request lives with.
    pub fn begin(&self) -> Ctx {
        Ctx { engine: self.clone(), config: self.inner.config.load_full() }
    }

    /// From the next [`Engine::begin`] on, `config` applies.
    pub fn publish(&self, config: Config) {
        self.inner.config.store(Arc::new(config));
    }

    /// Held from reading the newest revision to publishing the next, so that snapshots appear in the order of revisions.
    pub async fn settings_lock(&self) -> MutexGuard<'_, ()> {
        self.inner.settings_lock.lock().await
    }

    /// Whether such a proxy was seen since the start.
    pub fn saw_unconfigured_proxy(&self) -> bool {
        self.inner.unconfigured_proxy.load(Ordering::Relaxed)
    }

    /// Whether this is the first time that a proxy was seen which the configuration does not name.
    pub fn first_unconfigured_proxy(&self) -> bool {
        !self.inner.unconfigured_proxy.swap(true, Ordering::Relaxed)
    }

    pub fn db(&self) -> &Db {
        &self.inner.db
    }

    pub fn effects(&self) -> &Effects {
        &self.inner.effects
    }

    /// What providers said of themselves.
    pub fn known(&self) -> &Known {
        &self.inner.known
    }

    pub fn hasher(&self) -> &Hasher {
        &self.inner.hasher
    }
}

impl Ctx {
    pub fn db(&self) -> &Db {
        self.engine.db()
    }

    pub fn effects(&self) -> &Effects {
        self.engine.effects()
    }
}
