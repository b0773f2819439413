//! Threads that only hash, behind a bounded queue, at low priority: a response to `whoami` never waits for a sign-up (figures in the
//! design notes on performance: p99 of 1–5 ms instead of 160).
//!
//! Each client has a share of the queue, and the shares take turns: a client that sends many passwords only delays itself. If the
//! queue is full, the client with the most entries loses its newest one to a client with fewer.

use super::algorithm::Memory;
use crate::error::{Error, Kind, Result};
use crate::metrics::Waits;
use crate::requester::{Network, Requester};
use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// After so long without work a thread gives its memory back.
const IDLE: Duration = Duration::from_secs(10);

/// How many operators may wait in their lane.
const LANE: usize = 32;

/// For whom a hash is computed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Caller {
    share: Share,
    /// In the operators' lane, if its place there is free.
    lane: bool,
}

/// Who takes turns.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Share {
    /// A client's network. Of an IPv6 /48 there are 16 at most, whichever of its /64 are used.
    Client(Network, u8),
    /// Clients that have no share of their own: many behind one address, and those that act for many users.
    Many,
    /// This server: the admin API and the command line.
    Server,
}

impl Share {
    /// Hashes in one turn.
    fn weight(self) -> usize {
        match self {
            Share::Client(..) => 1,
            Share::Many | Share::Server => 16,
        }
    }
}

impl Caller {
    pub const SERVER: Caller = Caller { share: Share::Server, lane: false };
    /// Somebody who has a session in the console.
    pub const SIGNED_IN_OPERATOR: Caller = Caller { share: Share::Server, lane: true };

    /// A client among all others.
    pub fn of(requester: &Requester) -> Self {
        let share = match (requester.network(), requester.wide_network()) {
            (Some(narrow), Some(wide)) => {
                let mut hasher = DefaultHasher::new();
                narrow.hash(&mut hasher);
                Share::Client(wide, (hasher.finish() % 16) as u8)
            }
            (Some(network), None) => Share::Client(network, 0),
            (None, _) => Share::Many,
        };
        Self { share, lane: false }
    }

    /// An operator on a device that signed in as the same operator before.
    pub fn operator(requester: &Requester) -> Self {
        Self { lane: true, ..Self::of(requester) }
    }
}

pub(super) struct Threads {
    shared: Arc<Shared>,
    count: usize,
    capacity: usize,
    waits: Waits,
}

struct Shared {
    state: Mutex<State>,
    wake: Condvar,
}

struct State {
    waiting: Waiting,
    /// The last handle is gone.
    closed: bool,
    /// A running mean of what one job took.
    typical: Duration,
}

/// What waits, and in which order it is taken.
#[derive(Default)]
struct Waiting {
    /// One for each place.
    lane: VecDeque<(Share, Job)>,
    /// The last one taken was an operator's: the next is not, while others wait.
    lane_was_last: bool,
    shares: HashMap<Share, VecDeque<Job>>,
    /// Shares that have something waiting, each with what is left of its turn. The first one's turn it is.
    turns: VecDeque<(Share, usize)>,
    /// In all shares.
    count: usize,
}

/// `work` answers by itself; `wanted` says whether anybody still listens; `refuse` answers in its place.
struct Job {
    wanted: Box<dyn Fn() -> bool + Send>,
    work: Box<dyn FnOnce(&mut Memory) + Send>,
    refuse: Box<dyn FnOnce(Error) + Send>,
}

impl Waiting {
    fn take(&mut self) -> Option<Job> {
        let lane = !(self.lane.is_empty() || self.lane_was_last && self.count > 0);
        self.lane_was_last = lane;
        if lane {
            return self.lane.pop_front().map(|(_, job)| job);
        }
        let (share, left) = self.turns.pop_front()?;
        let queue = self.shares.get_mut(&share)?;
        let job = queue.pop_front();
        self.count -= 1;
        if queue.is_empty() {
            self.shares.remove(&share);
        } else if left > 1 {
            self.turns.push_front((share, left - 1));
        } else {
            self.turns.push_back((share, share.weight()));
        }
        job
    }

    fn put(&mut self, share: Share, job: Job) {
        let queue = self.shares.entry(share).or_default();
        if queue.is_empty() {
            self.turns.push_back((share, share.weight()));
        }
        queue.push_back(job);
        self.count += 1;
    }

    fn len_of(&self, share: Share) -> usize {
        self.shares.get(&share).map_or(0, VecDeque::len)
    }

    /// Those who left do not keep others out.
    fn forget_leavers(&mut self) {
        self.lane.retain(|(_, job)| (job.wanted)());
        for queue in self.shares.values_mut() {
            queue.retain(|job| (job.wanted)());
        }
        self.shares.retain(|_, queue| !queue.is_empty());
        self.turns.retain(|(share, _)| self.shares.contains_key(share));
        self.count = self.shares.values().map(VecDeque::len).sum();
    }

    /// The newest of whoever has most waiting, if that is more than `share` has with one more.
    fn push_out_for(&mut self, share: Share) -> Option<Job> {
        let own = self.len_of(share) + 1;
        let (most, _) = self
            .shares
            .iter()
            .map(|(other, queue)| (*other, queue.len()))
            .filter(|(other, len)| len * share.weight() > own * other.weight())
            .max_by(|(a, len), (b, other)| (len * b.weight()).cmp(&(other * a.weight())))?;
        let queue = self.shares.get_mut(&most)?;
        let job = queue.pop_back()?;
        self.count -= 1;
        if queue.is_empty() {
            self.shares.remove(&most);
            self.turns.retain(|(share, _)| *share != most);
        }
        Some(job)
    }
}

impl Threads {
    pub(super) fn start(count: usize, capacity: usize) -> Self {
        let typical = Duration::from_millis(25);
        let state = State { waiting: Waiting::default(), closed: false, typical };
        let shared = Arc::new(Shared { state: Mutex::new(state), wake: Condvar::new() });
        let count = count.max(1);
        for number in 0..count {
            let shared = Arc::clone(&shared);
            std::thread::Builder::new()
                .name(format!("hash-{number}"))
                .spawn(move || {
                    yield_to_others(number);
                    shared.work();
                })
                .expect("the system gives a thread for hashing");
        }
        Self { shared, count, capacity, waits: Waits::default() }
    }

    /// Waits in the queue, then for the result. Dropping the future takes the job out before it has begun.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        caller: Caller,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T> {
        let (answer, result) = oneshot::channel::<Result<T>>();
        let answer = Arc::new(Mutex::new(Some(answer)));
        let (listening, refused) = (Arc::clone(&answer), Arc::clone(&answer));
        // Whoever asked may have left meanwhile.
        let send = |to: &Mutex<Option<oneshot::Sender<Result<T>>>>, outcome| {
            if let Some(to) = lock(to).take() {
                drop(to.send(outcome));
            }
        };
        let (waits, since) = (self.waits.clone(), Instant::now());
        let job = Job {
            wanted: Box::new(move || lock(&listening).as_ref().is_some_and(|answer| !answer.is_closed())),
            work: Box::new(move |memory| {
                waits.waited(since.elapsed());
                send(&answer, Ok(work(memory)));
            }),
            refuse: Box::new(move |error| send(&refused, Err(error))),
        };
        self.push(caller, job)?;
        result.await.map_err(|_| Error::internal("a hash was canceled"))?
    }

    pub(super) fn waiting(&self) -> usize {
        let state = lock(&self.shared.state);
        state.waiting.count + state.waiting.lane.len()
    }

    pub(super) fn waits(&self) -> &Waits {
        &self.waits
    }

    fn push(&self, caller: Caller, job: Job) -> Result<()> {
        let mut state = lock(&self.shared.state);
        let waiting = &mut state.waiting;
        let place = |lane: &VecDeque<(Share, Job)>| {
            lane.len() < LANE && !lane.iter().any(|(taken, job)| *taken == caller.share && (job.wanted)())
        };
        if caller.lane && place(&waiting.lane) {
            waiting.lane.push_back((caller.share, job));
            drop(state);
            self.shared.wake.notify_one();
            return Ok(());
        }
        let share = caller.share;
        // A client alone may take a quarter of the places.
        let most = match share.weight() {
            1 => (self.capacity / 4).max(8).min(self.capacity),
            _ => self.capacity,
        };
        if waiting.count >= self.capacity || waiting.len_of(share) >= most {
            waiting.forget_leavers();
        }
        let pushed_out = match waiting.len_of(share) < most {
            true if waiting.count < self.capacity => None,
            true => match waiting.push_out_for(share) {
                Some(job) => Some(job),
                None => return Err(self.busy(&state, share)),
            },
            false => return Err(self.busy(&state, share)),
        };
        waiting.put(share, job);
        let busy = pushed_out.map(|job| (job, self.busy(&state, share)));
        drop(state);
        self.shared.wake.notify_one();
        if let Some((job, busy)) = busy {
            (job.refuse)(busy);
        }
        Ok(())
    }

    fn busy(&self, state: &State, share: Share) -> Error {
        // What its own would take if all shares took turns, and the whole queue at most.
        let waiting = &state.waiting;
        let turns = waiting.len_of(share) * waiting.turns.len().max(1);
        let rounds = u32::try_from(turns.clamp(1, waiting.count.max(1)) / self.count + 1).unwrap_or(u32::MAX);
        let seconds = state.typical.saturating_mul(rounds).as_secs_f64().ceil().clamp(1.0, 60.0);
        Error::new(Kind::Busy, "Too many users are signing in or up right now. Try again in a moment.")
            .retry_after(seconds as u32)
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        lock(&self.shared.state).closed = true;
        self.shared.wake.notify_all();
    }
}

impl Shared {
    fn work(&self) {
        let mut memory = Memory::new();
        while let Some(job) = self.next(&mut memory) {
            if !(job.wanted)() {
                continue;
            }
            let begun = Instant::now();
            // A panic in one hash must not cost the thread; the caller sees its answer dropped.
            drop(catch_unwind(AssertUnwindSafe(|| (job.work)(&mut memory))));
            let mut state = lock(&self.state);
            state.typical = (state.typical * 7 + begun.elapsed()) / 8;
        }
    }

    fn next(&self, memory: &mut Memory) -> Option<Job> {
        let mut state = lock(&self.state);
        loop {
            if let Some(job) = state.waiting.take() {
                return Some(job);
            }
            if state.closed {
                return None;
            }
            let (again, idle) = self.wake.wait_timeout(state, IDLE).unwrap_or_else(PoisonError::into_inner);
            state = again;
            if idle.timed_out() && memory.capacity() > 0 {
                *memory = Memory::new();
            }
        }
    }
}

/// A panic elsewhere leaves the queue as it was: a list of jobs has no half-way state.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The first thread stays somewhat above the rest, so that sign-ups go on while other requests take all they can get.
#[cfg(target_os = "linux")]
fn yield_to_others(number: usize) {
    // On Linux priority belongs to the thread, and no process id means the calling one. Refused: carry on as we are.
    let _ = rustix::process::setpriority_process(None, if number == 0 { 10 } else { 19 });
}

#[cfg(not(target_os = "linux"))]
fn yield_to_others(_number: usize) {}

#[cfg(test)]
mod tests;
