//! The engine as a value: two may live in one process, nothing is global.

use crate::config::Config;
use crate::effects::{Effects, Following};
use crate::gate::Gates;
use crate::limits::Leases;
use crate::metrics::Metrics;
use crate::password::Hasher;
use crate::requester::{Noticed, Requester};
use crate::row_budget::RowBudget;
use crate::social::Known;
use crate::store::Db;
use crate::trace::Trace;
use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError};
use tokio::sync::{Mutex, MutexGuard, Notify};
use url::Url;

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
    noticed: Noticed,
    refused_forms_logged: [AtomicI64; 2],
    row_budget: RowBudget,
    known: Known,
    gates: Gates,
    hooks_waiting: Notify,
    following: Following,
    templates: std::sync::Mutex<BTreeMap<Url, (DateTime<Utc>, String)>>,
    leases: Leases,
    metrics: Metrics,
    trace: Option<Trace>,
}

/// One request's view: one configuration from start to end, whatever is saved meanwhile.
#[derive(Clone)]
pub struct Ctx {
    pub engine: Engine,
    pub config: Arc<Config>,
    /// Who sent the request, where rows that it leaves behind are counted.
    pub requester: Option<Arc<Requester>>,
}

impl Engine {
    pub fn new(db: Db, effects: Effects, hasher: Hasher, config: Config) -> Self {
        Self::made(db, effects, hasher, config, None)
    }

    /// The same, with every step of a plan written down in `trace`.
    pub fn watched(db: Db, effects: Effects, hasher: Hasher, config: Config, trace: Trace) -> Self {
        Self::made(db, effects, hasher, config, Some(trace))
    }

    fn made(db: Db, effects: Effects, hasher: Hasher, config: Config, trace: Option<Trace>) -> Self {
        let metrics = Metrics::new(db.sessions_counted(), hasher.waits());
        Self {
            inner: Arc::new(Inner {
                db,
                effects,
                hasher,
                config: ArcSwap::from_pointee(config),
                settings_lock: Mutex::new(()),
                noticed: Noticed::default(),
                refused_forms_logged: [AtomicI64::new(i64::MIN), AtomicI64::new(i64::MIN)],
                row_budget: RowBudget::default(),
                known: Known::default(),
                gates: Gates::default(),
                hooks_waiting: Notify::new(),
                following: Following::default(),
                templates: std::sync::Mutex::default(),
                leases: Leases::default(),
                metrics,
                trace,
            }),
        }
    }

    /// Takes the snapshot that a request lives with.
    pub fn begin(&self) -> Ctx {
        Ctx { engine: self.clone(), config: self.inner.config.load_full(), requester: None }
    }

    /// The same for a request of anyone's, whose rows are counted.
    pub fn begin_for(&self, requester: &Requester) -> Ctx {
        Ctx { requester: Some(Arc::new(requester.clone())), ..self.begin() }
    }

    /// From the next [`Engine::begin`] on, `config` applies.
    pub fn publish(&self, config: Config) {
        self.inner.config.store(Arc::new(config));
    }

    /// Held from reading the newest revision to publishing the next, so that snapshots appear in the order of revisions.
    pub async fn settings_lock(&self) -> MutexGuard<'_, ()> {
        self.inner.settings_lock.lock().await
    }

    /// What clients left behind.
    pub fn row_budget(&self) -> &RowBudget {
        &self.inner.row_budget
    }

    /// What requests told of proxies and tokens since the start.
    pub fn noticed(&self) -> &Noticed {
        &self.inner.noticed
    }

    /// Whether a form of a page elsewhere is worth a line in the log: once a minute, since any page can send as many as it likes.
    /// `null`: of a page that hides its origin, which is counted apart.
    pub fn may_log_refused_form(&self, null: bool) -> bool {
        let minute = self.effects().now().timestamp() / 60;
        let [others, nulls] = &self.inner.refused_forms_logged;
        let logged = if null { nulls } else { others };
        logged.swap(minute, Ordering::Relaxed) != minute
    }

    /// A web hook's call was queued, and that is committed.
    pub fn wake_hooks(&self) {
        self.inner.hooks_waiting.notify_one();
    }

    /// Until the next [`Engine::wake_hooks`], or at once when there was one that nobody waited for. What other processes queue
    /// does not show here.
    pub async fn hooks_waiting(&self) {
        self.inner.hooks_waiting.notified().await;
    }

    /// The work that follows commits, see [`crate::effects::to_completion`]. A server that ends waits until it has settled.
    pub fn following(&self) -> Following {
        self.inner.following.clone()
    }

    /// A template that was fetched, and when.
    pub(crate) fn kept_template(&self, url: &Url) -> Option<(DateTime<Utc>, String)> {
        self.inner.templates.lock().unwrap_or_else(PoisonError::into_inner).get(url).cloned()
    }

    pub(crate) fn keep_template(&self, url: Url, at: DateTime<Utc>, text: String) {
        let mut kept = self.inner.templates.lock().unwrap_or_else(PoisonError::into_inner);
        // A configuration names few; those of earlier ones need not stay.
        if kept.len() >= 100 {
            kept.clear();
        }
        kept.insert(url, (at, text));
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

    /// What this server has taken of limits.
    pub(crate) fn leases(&self) -> &Leases {
        &self.inner.leases
    }

    /// What is counted since the start.
    pub fn metrics(&self) -> &Metrics {
        &self.inner.metrics
    }

    /// What bounds work that costs a process or waits for a provider.
    pub fn gates(&self) -> &Gates {
        &self.inner.gates
    }

    /// Where steps are written down, if somebody watches.
    pub fn trace(&self) -> Option<&Trace> {
        self.inner.trace.as_ref()
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
