//! This server among those on one database: its random ID, and the sign-ups that it works on.

use crate::effects::Effects;
use crate::ids::IdentityId;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use uuid::Uuid;

#[derive(Default)]
pub(crate) struct Node {
    id: OnceLock<Uuid>,
    alive: Arc<Mutex<BTreeSet<IdentityId>>>,
}

/// A sign-up that this server works on, until this value is dropped.
pub(crate) struct Alive {
    identity: IdentityId,
    all: Arc<Mutex<BTreeSet<IdentityId>>>,
}

impl Node {
    /// The same for as long as the process runs, and another one after a restart.
    pub(crate) fn id(&self, effects: &Effects) -> Uuid {
        *self.id.get_or_init(|| effects.uuid())
    }

    pub(crate) fn works_on(&self, identity: IdentityId) -> Alive {
        lock(&self.alive).insert(identity);
        Alive { identity, all: Arc::clone(&self.alive) }
    }

    pub(crate) fn alive(&self) -> BTreeSet<IdentityId> {
        lock(&self.alive).clone()
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        lock(&self.all).remove(&self.identity);
    }
}

/// A panic elsewhere leaves the set as it was.
fn lock(alive: &Mutex<BTreeSet<IdentityId>>) -> MutexGuard<'_, BTreeSet<IdentityId>> {
    alive.lock().unwrap_or_else(PoisonError::into_inner)
}
