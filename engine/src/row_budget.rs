//! Rows that any client can cause: unsent forms, stored errors, webhook calls. Each client has a maximum, beyond which its oldest
//! rows are deleted. Kept in memory: after a restart the counts start at 0, and earlier rows expire.

use crate::config::Config;
use crate::error::Result;
use crate::ids::{DeliveryId, FlowId};
use crate::limits_table::TRACKED_ROWS;
use crate::requester::{Network, Requester, WIDE_FACTOR};
use crate::store::{Db, deliveries, errors, flows};
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use uuid::Uuid;

/// Rows per transaction, so that other writers can run in between.
const BATCH: usize = 200;

/// So many wait to be deleted at most until the next tick of the server's chores.
const SOON: usize = 50;

/// A request: its configuration, and who sent it. Rows of nobody are not counted.
pub type Counted<'a> = (&'a Config, Option<&'a Requester>);

#[derive(Default)]
pub struct RowBudget {
    exceeded: Notify,
    forms: Mutex<Budget>,
    errors: Mutex<Budget>,
    calls: Mutex<Budget>,
}

/// What clients left behind of one kind, by the rows' ids.
#[derive(Default)]
struct Budget {
    clients: HashMap<Network, Client>,
    tracked: usize,
    /// To be deleted.
    too_many: Vec<Uuid>,
    told: bool,
}

#[derive(Default)]
struct Client {
    rows: VecDeque<(Uuid, usize)>,
    cost: usize,
}

impl Budget {
    /// Notes one more row. What a client left first is what it may keep no longer.
    fn add(&mut self, network: Network, id: Uuid, cost: usize, most: usize) {
        if self.tracked >= TRACKED_ROWS.count() {
            self.clients.clear();
            self.tracked = 0;
        }
        let client = self.clients.entry(network).or_default();
        client.rows.push_back((id, cost));
        client.cost += cost;
        self.tracked += 1;
        while client.cost > most
            && let Some((oldest, cost)) = client.rows.pop_front()
        {
            client.cost -= cost;
            self.tracked -= 1;
            self.too_many.push(oldest);
        }
    }
}

impl RowBudget {
    /// Comes back when a batch of rows is more than their clients may leave: [`Self::settle`] has something to do.
    pub async fn exceeded(&self) {
        self.exceeded.notified().await;
    }

    /// A form was stored that may never be sent, or one that comes back.
    pub fn form(&self, (config, requester): Counted<'_>, id: FlowId, bytes: usize) {
        let most = config.vestibule.storage.forms_per_client;
        self.add(&self.forms, requester, (id.0, bytes), most, "vestibule.limits.storage.forms_per_client");
    }

    /// An error was stored for its page.
    pub fn error(&self, (config, requester): Counted<'_>, id: Uuid) {
        let most = config.vestibule.storage.errors_per_client;
        self.add(&self.errors, requester, (id, 1), most, "vestibule.limits.storage.errors_per_client");
    }

    /// A webhook's call was queued or logged.
    pub fn call(&self, (config, requester): Counted<'_>, id: DeliveryId) {
        let most = config.vestibule.storage.hook_calls_per_client;
        self.add(&self.calls, requester, (id.0, 1), most, "vestibule.limits.storage.hook_calls_per_client");
    }

    fn add(
        &self,
        budget: &Mutex<Budget>,
        requester: Option<&Requester>,
        (id, cost): (Uuid, usize),
        most: usize,
        key: &'static str,
    ) {
        let Some(requester) = requester else { return };
        let wide =
            requester.wide_network().map(|network| (network, most.saturating_mul(WIDE_FACTOR as usize)));
        let mut budget = lock(budget);
        for (network, most) in requester.network().map(|network| (network, most)).into_iter().chain(wide) {
            budget.add(network, id, cost, most);
            if !budget.too_many.is_empty() && !budget.told {
                budget.told = true;
                tracing::warn!(key, client = %network, "a client exceeded its storage limit; its oldest rows are deleted");
            }
            if budget.too_many.len() >= SOON {
                self.exceeded.notify_one();
            }
        }
    }

    /// Deletes what clients may keep no longer; says how many rows.
    pub async fn settle(&self, db: &Db) -> Result<u64> {
        let mut gone = 0;
        for (kind, rows) in [(Row::Form, &self.forms), (Row::Error, &self.errors), (Row::Call, &self.calls)] {
            // What is added meanwhile is left to the next call: in a flood each batch would be smaller than the one before.
            let mut left = lock(rows).too_many.len();
            while left > 0
                && let Some(batch) = take(rows)
            {
                left = left.saturating_sub(batch.len());
                let mut tx = db.write_relaxed().await?;
                match kind {
                    Row::Form => {
                        let flows: Vec<FlowId> = batch.into_iter().map(FlowId).collect();
                        gone += flows::delete_unsent(&mut tx, &flows).await?;
                    }
                    Row::Error => {
                        for id in batch {
                            gone += errors::delete(&mut tx, id).await?;
                        }
                    }
                    Row::Call => {
                        for id in batch {
                            gone += deliveries::delete_finished(&mut tx, DeliveryId(id)).await?;
                        }
                    }
                }
                tx.commit().await?;
            }
        }
        Ok(gone)
    }
}

#[derive(Clone, Copy)]
enum Row {
    Form,
    Error,
    Call,
}

fn take(budget: &Mutex<Budget>) -> Option<Vec<Uuid>> {
    let mut budget = lock(budget);
    let some = budget.too_many.len().min(BATCH);
    (some > 0).then(|| budget.too_many.drain(..some).collect())
}

fn lock(budget: &Mutex<Budget>) -> MutexGuard<'_, Budget> {
    budget.lock().unwrap_or_else(PoisonError::into_inner)
}
