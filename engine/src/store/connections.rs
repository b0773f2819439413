//! Connections to a SQLite file, lent to one caller at a time, in the order in which they asked. sqlx's pool takes a connection back in
//! a task of its own, which asks the connection's thread whether it still answers: at a short query, that is half of the work.

use super::durability::Durability;
use futures::FutureExt;
use futures::future::BoxFuture;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// A cheap handle.
#[derive(Clone)]
pub(super) struct Connections {
    inner: Arc<Inner>,
}

struct Inner {
    options: SqliteConnectOptions,
    /// How many may be open.
    most: u32,
    /// How long a caller waits for its turn.
    patience: Duration,
    permits: Arc<Semaphore>,
    open: Arc<AtomicUsize>,
    idle: Mutex<Idle>,
}

#[derive(Default)]
struct Idle {
    /// The one that was used last is lent first: its thread and its pages are in the processor's caches.
    connections: Vec<Open>,
    closed: bool,
}

/// An open connection.
struct Open {
    connection: SqliteConnection,
    /// What its commits promise; `None`: it is new, or a change of that did not end.
    level: Option<Durability>,
    /// Its last caller left in the middle of a transaction, whose end nobody has seen.
    unsure: bool,
    _counted: Counted,
}

struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A connection that goes back when this is dropped.
pub(super) struct Lent {
    /// `None` while it is dropped.
    open: Option<Open>,
    inner: Arc<Inner>,
    /// A transaction was begun and not committed.
    in_transaction: bool,
    broken: bool,
    _permit: OwnedSemaphorePermit,
}

impl Connections {
    /// Opens the first one.
    pub(super) async fn open(
        options: SqliteConnectOptions,
        most: u32,
        patience: Duration,
    ) -> sqlx::Result<Self> {
        let inner = Inner {
            options,
            most,
            patience,
            permits: Arc::new(Semaphore::new(most as usize)),
            open: Arc::default(),
            idle: Mutex::default(),
        };
        let first = inner.connect().await?;
        inner.idle().connections.push(first);
        Ok(Self { inner: Arc::new(inner) })
    }

    /// # Errors
    /// `PoolTimedOut` when it took too long, `PoolClosed` after [`Connections::close`].
    pub(super) async fn take(&self) -> sqlx::Result<Lent> {
        timeout(self.inner.patience, self.lend()).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }

    async fn lend(&self) -> sqlx::Result<Lent> {
        let permit = self.inner.permits.clone().acquire_owned().await;
        let permit = permit.map_err(|_| sqlx::Error::PoolClosed)?;
        loop {
            let idle = {
                let mut idle = self.inner.idle();
                if idle.closed {
                    return Err(sqlx::Error::PoolClosed);
                }
                idle.connections.pop()
            };
            let mut open = match idle {
                Some(open) => open,
                None => self.inner.connect().await?,
            };
            if open.unsure && !open.is_clean().await {
                continue;
            }
            open.unsure = false;
            let inner = self.inner.clone();
            return Ok(Lent {
                open: Some(open),
                inner,
                in_transaction: false,
                broken: false,
                _permit: permit,
            });
        }
    }

    /// Lends none any more, waits for those that are lent, and closes them.
    pub(super) async fn close(&self) {
        self.inner.idle().closed = true;
        let _all = self.inner.permits.acquire_many(self.inner.most).await;
        let idle = std::mem::take(&mut self.inner.idle().connections);
        for open in idle {
            if let Err(error) = open.connection.close().await {
                tracing::debug!(%error, "a connection to the database was not closed in order");
            }
        }
    }

    /// How each is opened.
    pub(super) fn options(&self) -> &SqliteConnectOptions {
        &self.inner.options
    }

    /// How many are open, and how many of those are idle.
    pub(super) fn counts(&self) -> (usize, usize) {
        let idle = self.inner.idle().connections.len();
        (self.inner.open.load(Ordering::Relaxed), idle)
    }
}

impl Inner {
    fn connect(&self) -> BoxFuture<'_, sqlx::Result<Open>> {
        Box::pin(async {
            let connection = self.options.connect().await?;
            self.open.fetch_add(1, Ordering::Relaxed);
            Ok(Open { connection, level: None, unsure: false, _counted: Counted(self.open.clone()) })
        })
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// Whether no transaction is open: SQLite begins none inside of another. On a full disk it rolls back by itself, so that the end of
    /// [`Lent`] may have had nothing to roll back.
    fn is_clean(&mut self) -> BoxFuture<'_, bool> {
        Box::pin(async { sqlx::raw_sql("begin; rollback").execute(&mut self.connection).await.is_ok() })
    }
}

impl Lent {
    /// Whether its commits promise that.
    pub(super) fn is(&self, wanted: Durability) -> bool {
        self.open.as_ref().is_some_and(|open| open.level == Some(wanted))
    }

    /// `None`: a change begins, and whoever leaves before it ends leaves a connection that promises nothing known.
    pub(super) fn set_level(&mut self, level: Option<Durability>) {
        if let Some(open) = &mut self.open {
            open.level = level;
        }
    }

    /// `begin`: the statement that begins a transaction.
    // Boxed, as sqlx does it: of futures that are nested so deep the compiler does not find out that they are `Send`.
    pub(super) fn begin(&mut self, begin: &'static str) -> BoxFuture<'_, sqlx::Result<()>> {
        // Before it is there: a caller that leaves now leaves a transaction behind that begins all the same.
        self.in_transaction = true;
        Box::pin(async move { sqlx::query(begin).execute(&mut **self).await.map(drop) })
    }

    /// Pragmas, and maybe what begins a transaction after them. Compiled each time: SQLite applies some while it compiles them.
    pub(super) fn set(&mut self, statements: &'static str) -> BoxFuture<'_, sqlx::Result<()>> {
        self.in_transaction = true;
        Box::pin(async move { sqlx::raw_sql(statements).execute(&mut **self).await.map(drop) })
    }

    pub(super) fn commit(&mut self) -> BoxFuture<'_, sqlx::Result<()>> {
        Box::pin(async {
            sqlx::query("commit").execute(&mut **self).await?;
            self.in_transaction = false;
            Ok(())
        })
    }

    /// For what was [`Lent::set`] without a `begin`.
    pub(super) fn is_not_in_transaction(&mut self) {
        self.in_transaction = false;
    }

    /// It will not be lent again.
    pub(super) fn is_broken(&mut self) {
        self.broken = true;
    }
}

impl Deref for Lent {
    type Target = SqliteConnection;

    #[expect(clippy::expect_used, reason = "it goes in `drop` alone")]
    fn deref(&self) -> &SqliteConnection {
        &self.open.as_ref().expect("a connection until the end").connection
    }
}

impl DerefMut for Lent {
    #[expect(clippy::expect_used, reason = "it goes in `drop` alone")]
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.open.as_mut().expect("a connection until the end").connection
    }
}

impl Drop for Lent {
    /// What is open is rolled back by the connection's thread, now and not when the connection is needed again: other processes wait for
    /// the lock. The future is polled once, which hands the statement over, and its outcome is looked at by the next caller.
    fn drop(&mut self) {
        let Some(mut open) = self.open.take().filter(|_| !self.broken) else { return };
        if self.in_transaction {
            open.unsure = true;
            let _ = sqlx::raw_sql("rollback").execute(&mut open.connection).now_or_never();
        }
        self.inner.idle().connections.push(open);
    }
}
