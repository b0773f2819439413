//! The engine as a value: two can exist in one process, because nothing is global.

use crate::activity::Activity;
use crate::config::{Config, FilesState};
use crate::effects::{Effects, Following, to_completion};
use crate::error::Result;
use crate::gate::Gates;
use crate::identity::change::Rules;
use crate::leases::Leases;
use crate::metrics::Metrics;
use crate::node::Node;
use crate::password::Hasher;
use crate::requester::{Noticed, Requester};
use crate::row_budget::{Counted, RowBudget};
use crate::social::Known;
use crate::store::Db;
use crate::trace::Trace;
use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError};
use tokio::sync::{Mutex, Notify};
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
    files: FilesState,
    /// See [`Engine::reconfigure`].
    reconfiguring: Mutex<()>,
    noticed: Noticed,
    refused_forms_logged: [AtomicI64; 2],
    row_budget: RowBudget,
    known: Known,
    gates: Gates,
    hooks_waiting: Notify,
    following: Following,
    templates: std::sync::Mutex<BTreeMap<Url, (DateTime<Utc>, String)>>,
    leases: Leases,
    node: Node,
    activity: Activity,
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
                files: FilesState::default(),
                reconfiguring: Mutex::new(()),
                noticed: Noticed::default(),
                refused_forms_logged: [AtomicI64::new(i64::MIN), AtomicI64::new(i64::MIN)],
                row_budget: RowBudget::default(),
                known: Known::default(),
                gates: Gates::default(),
                hooks_waiting: Notify::new(),
                following: Following::default(),
                templates: std::sync::Mutex::default(),
                leases: Leases::default(),
                node: Node::default(),
                activity: Activity::default(),
                metrics,
                trace,
            }),
        }
    }

    /// Takes the snapshot that a request lives with.
    pub fn begin(&self) -> Ctx {
        Ctx { engine: self.clone(), config: self.inner.config.load_full(), requester: None }
    }

    /// The one door to another configuration. `change` reads the newest revision, maps it onto the files, checks, writes a revision
    /// if it makes one, and answers with the snapshot that follows, if one does: from the next [`Engine::begin`] on it applies.
    ///
    /// One change at a time, from what it reads to what applies: snapshots appear in the order of revisions, and neither of two
    /// changes undoes the other. It runs to its end whatever becomes of the caller.
    ///
    /// # Errors
    /// That of `change`; nothing else applies then.
    pub async fn reconfigure<T, C, F>(&self, change: C) -> Result<T>
    where
        T: Send + 'static,
        C: FnOnce(Engine) -> F + Send + 'static,
        F: Future<Output = Result<(T, Option<Config>)>> + Send + 'static,
    {
        let engine = self.clone();
        to_completion(self.following(), async move {
            let _one_at_a_time = engine.inner.reconfiguring.lock().await;
            let (answer, next) = change(engine.clone()).await?;
            if let Some(next) = next {
                engine.inner.config.store(Arc::new(next));
            }
            Ok(answer)
        })
        .await
    }

    /// What became of the watched configuration files.
    pub fn files(&self) -> &FilesState {
        &self.inner.files
    }

    /// For tests that need no revision: from the next [`Engine::begin`] on, `config` applies.
    #[cfg(any(test, feature = "testing"))]
    pub fn publish(&self, config: Config) {
        self.inner.config.store(Arc::new(config));
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

    /// A webhook call was queued and committed.
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

    /// This server among those on its database.
    pub(crate) fn node(&self) -> &Node {
        &self.inner.node
    }

    /// Sign-ups and sign-ins of each day.
    pub fn activity(&self) -> &Activity {
        &self.inner.activity
    }

    /// What is counted since the start.
    pub fn metrics(&self) -> &Metrics {
        &self.inner.metrics
    }

    /// What bounds work that costs a process or waits for a provider.
    pub fn gates(&self) -> &Gates {
        &self.inner.gates
    }

    /// Where steps are recorded, if there is an observer.
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

    /// How rows that the request leaves behind are counted.
    pub fn counted(&self) -> Counted<'_> {
        (&self.config, self.requester.as_deref())
    }

    /// What a change of an identity is judged and carried out by, under this request's configuration.
    pub fn change_rules(&self, now: DateTime<Utc>) -> Rules<'_> {
        Rules {
            schema: Box::new(|id| self.config.schema(id).map(|own| &*own.schema)),
            violations: self.config.vestibule.requests.violations(),
            new_id: Box::new(|| self.effects().uuid()),
            now,
        }
    }
}
