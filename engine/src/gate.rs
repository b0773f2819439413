//! A concurrency limit with a short queue, and an immediate rejection beyond it: for work that needs a process or waits for another
//! service.

use crate::error::{Error, Kind};
use crate::limits_table::LISTS_AT_ONCE;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// How much a gate lets through. It is given with each entry, so that a saved configuration applies at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    pub at_once: usize,
    pub waiting: usize,
    /// How long one waits at most.
    pub patience: Duration,
}

/// For lists of a user's own sessions. Each holds a database connection and builds a long response: without a bound, one user's
/// requests for lists take all connections from sign-ins.
pub const LISTS: Capacity =
    Capacity { at_once: LISTS_AT_ONCE.count(), waiting: 32, patience: Duration::from_secs(5) };

/// The queue is full, or it took too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many queued requests")]
pub struct Full;

impl Full {
    /// Seconds after which another try makes sense.
    pub const RETRY_AFTER: u32 = 5;
}

impl From<Full> for Error {
    fn from(full: Full) -> Self {
        Error::new(Kind::Busy, "Too many requests at once. Try again in a few seconds.")
            .retry_after(Full::RETRY_AFTER)
            .caused_by(full)
    }
}

/// Such as the processes that evaluate templates. A copy is the same gate.
#[derive(Clone, Default)]
pub struct Gate {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    inside: usize,
    queue: VecDeque<oneshot::Sender<Pass>>,
}

/// One place inside. It is given on when it is dropped.
pub struct Pass {
    gate: Option<Gate>,
}

impl Gate {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// # Errors
    /// [`Full`], at once where the queue is, otherwise after the patience.
    pub async fn enter(&self, capacity: Capacity) -> Result<Pass, Full> {
        let turn = {
            let mut state = self.lock();
            // Those who left without waiting to the end take no place.
            state.queue.retain(|waiting| !waiting.is_closed());
            if state.queue.is_empty() && state.inside < capacity.at_once {
                state.inside += 1;
                return Ok(Pass { gate: Some(self.clone()) });
            }
            if state.queue.len() >= capacity.waiting {
                return Err(Full);
            }
            let (sender, turn) = oneshot::channel();
            state.queue.push_back(sender);
            turn
        };
        match tokio::time::timeout(capacity.patience, turn).await {
            Ok(Ok(pass)) => Ok(pass),
            Ok(Err(_)) | Err(_) => Err(Full),
        }
    }

    /// How many are inside and how many wait.
    #[must_use]
    pub fn load(&self) -> (usize, usize) {
        let state = self.lock();
        (state.inside, state.queue.iter().filter(|waiting| !waiting.is_closed()).count())
    }

    fn is_unused(&self) -> bool {
        self.load() == (0, 0)
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let Some(gate) = self.gate.take() else { return };
        loop {
            let next = {
                let mut state = gate.lock();
                match state.queue.pop_front() {
                    Some(next) => next,
                    None => {
                        state.inside -= 1;
                        return;
                    }
                }
            };
            // Outside of the lock: one that is not taken any more comes back here and must not drop itself inside.
            match next.send(Pass { gate: Some(gate.clone()) }) {
                Ok(()) => return,
                Err(mut unwanted) => unwanted.gate = None,
            }
        }
    }
}

/// The gates of one engine.
#[derive(Default)]
pub struct Gates {
    /// Templates that a user waits for.
    pub templates: Gate,
    /// Templates of what comes from the queue: these never take the place of those.
    pub background_templates: Gate,
    /// Long lists that any signed-in user can request.
    pub lists: Gate,
    providers: Mutex<BTreeMap<String, Gate>>,
}

impl Gates {
    /// The gate of one provider. Each one has its own: a slow one only affects its own users.
    pub fn provider(&self, id: &str) -> Gate {
        /// Beyond this number, unused gates of providers are dropped. A configuration has fewer.
        const REMEMBERED: usize = 256;
        let mut gates = self.providers.lock().unwrap_or_else(PoisonError::into_inner);
        if gates.len() >= REMEMBERED {
            gates.retain(|_, gate| !gate.is_unused());
        }
        gates.entry(id.to_owned()).or_default().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    const CAPACITY: Capacity = Capacity { at_once: 2, waiting: 1, patience: Duration::from_secs(3600) };

    #[tokio::test]
    async fn so_many_are_inside_one_waits_and_the_next_is_sent_away_at_once() {
        let gate = Gate::default();
        let first = gate.enter(CAPACITY).await.unwrap();
        let _second = gate.enter(CAPACITY).await.unwrap();
        let mut third = Box::pin(gate.enter(CAPACITY));
        assert!(third.as_mut().now_or_never().is_none(), "it waits");
        assert_eq!(gate.enter(CAPACITY).await.err(), Some(Full));
        drop(first);
        let _third = third.await.unwrap();
        assert_eq!(gate.load(), (2, 0));
    }

    #[tokio::test]
    async fn who_waits_comes_before_who_comes_later_and_who_leaves_takes_no_place() {
        let wide = Capacity { at_once: 1, waiting: 2, ..CAPACITY };
        let gate = Gate::default();
        let inside = gate.enter(wide).await.unwrap();
        let mut gone = Box::pin(gate.enter(wide));
        let mut next = Box::pin(gate.enter(wide));
        assert!(gone.as_mut().now_or_never().is_none() && next.as_mut().now_or_never().is_none());
        drop(gone);
        assert_eq!(gate.load(), (1, 1));
        drop(inside);
        assert!(gate.enter(wide).now_or_never().is_none(), "the place is taken by who came first");
        let next = next.await.unwrap();
        drop(next);
        assert_eq!(gate.load(), (0, 0));
    }

    #[tokio::test]
    async fn a_place_that_nobody_takes_any_more_is_given_back() {
        let gate = Gate::default();
        let single = Capacity { at_once: 1, ..CAPACITY };
        let inside = gate.enter(single).await.unwrap();
        let mut waiting = Box::pin(gate.enter(single));
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(inside);
        assert_eq!(gate.load(), (1, 0), "it was handed over, and not taken yet");
        drop(waiting);
        assert_eq!(gate.load(), (0, 0));
        let impatient = Capacity { patience: Duration::ZERO, ..single };
        let inside = gate.enter(single).await.unwrap();
        assert_eq!(gate.enter(impatient).await.err(), Some(Full));
        drop(inside);
        assert_eq!(gate.load(), (0, 0));
    }

    #[tokio::test]
    async fn a_provider_that_is_full_holds_up_no_other() {
        let gates = Gates::default();
        let single = Capacity { at_once: 1, waiting: 0, ..CAPACITY };
        let _inside = gates.provider("slow").enter(single).await.unwrap();
        assert!(gates.provider("slow").enter(single).await.is_err());
        assert!(gates.provider("other").enter(single).await.is_ok());
        assert!(gates.templates.enter(single).await.is_ok());
    }
}
