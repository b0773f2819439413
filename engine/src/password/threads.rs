//! Threads that do nothing but hash, behind a bounded queue, at low priority: answering `whoami` never waits for a
//! sign-up (figures in the design notes on performance: p99 of 1–5 ms instead of 160).

use super::algorithm::Memory;
use crate::error::{Error, Kind, Result};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// After so long without work a thread gives its memory back.
const IDLE: Duration = Duration::from_secs(10);

pub(super) struct Threads {
    shared: Arc<Shared>,
    count: usize,
    capacity: usize,
}

struct Shared {
    state: Mutex<State>,
    wake: Condvar,
}

struct State {
    waiting: VecDeque<Job>,
    /// The last handle is gone.
    closed: bool,
    /// A running mean of what one job took.
    typical: Duration,
}

/// `work` answers by itself; `wanted` says whether anybody still listens.
struct Job {
    wanted: Box<dyn Fn() -> bool + Send>,
    work: Box<dyn FnOnce(&mut Memory) + Send>,
}

impl Threads {
    pub(super) fn start(count: usize, capacity: usize) -> Self {
        let state = State { waiting: VecDeque::new(), closed: false, typical: Duration::from_millis(25) };
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
        Self { shared, count, capacity }
    }

    /// Waits in the queue, then for the result. Dropping the future takes the job out before it has begun.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T> {
        let (answer, result) = oneshot::channel();
        let answer = Arc::new(Mutex::new(Some(answer)));
        let listening = Arc::clone(&answer);
        let job = Job {
            wanted: Box::new(move || {
                lock(&listening).as_ref().is_some_and(|answer: &oneshot::Sender<T>| !answer.is_closed())
            }),
            work: Box::new(move |memory| {
                let outcome = work(memory);
                if let Some(answer) = lock(&answer).take() {
                    // Whoever asked may have left meanwhile.
                    drop(answer.send(outcome));
                }
            }),
        };
        self.push(job)?;
        result.await.map_err(|_| Error::internal("a hash was given up"))
    }

    fn push(&self, job: Job) -> Result<()> {
        let mut state = lock(&self.shared.state);
        if state.waiting.len() >= self.capacity {
            // Those who left do not keep others out.
            state.waiting.retain(|job| (job.wanted)());
        }
        if state.waiting.len() >= self.capacity {
            let rounds = u32::try_from(state.waiting.len() / self.count + 1).unwrap_or(u32::MAX);
            let seconds = state.typical.saturating_mul(rounds).as_secs_f64().ceil().clamp(1.0, 60.0);
            return Err(Error::new(
                Kind::Busy,
                "Too many people are signing in or up right now. Try again in a moment.",
            )
            .retry_after(seconds as u32));
        }
        state.waiting.push_back(job);
        drop(state);
        self.shared.wake.notify_one();
        Ok(())
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
            if let Some(job) = state.waiting.pop_front() {
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
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    /// Occupies the only thread until the sender is dropped.
    fn occupy(threads: &Arc<Threads>) -> (mpsc::Sender<()>, tokio::task::JoinHandle<Result<()>>) {
        let (release, held) = mpsc::channel::<()>();
        let (begun, started) = mpsc::channel();
        let threads = Arc::clone(threads);
        let task = spawn(async move {
            threads
                .run(move |_| {
                    begun.send(()).unwrap();
                    let _ = held.recv();
                })
                .await
        });
        started.recv().unwrap();
        (release, task)
    }

    #[expect(clippy::disallowed_methods, reason = "the test stands in for the server")]
    fn spawn<T: Send + 'static>(
        work: impl Future<Output = T> + Send + 'static,
    ) -> tokio::task::JoinHandle<T> {
        tokio::spawn(work)
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_full_queue_says_when_to_come_back() {
        let threads = Arc::new(Threads::start(1, 2));
        let (release, first) = occupy(&threads);
        let mut waiting: Vec<_> = (0..2).map(|n| Box::pin(threads.run(move |_| n))).collect();
        for job in &mut waiting {
            assert!(futures::poll!(job.as_mut()).is_pending());
        }
        let refused = threads.run(|_| ()).await.unwrap_err();
        assert_eq!(refused.kind, Kind::Busy);
        assert!(refused.retry_after.is_some_and(|seconds| seconds >= 1));
        drop(release);
        first.await.unwrap().unwrap();
        assert_eq!(futures::future::try_join_all(waiting).await.unwrap(), [0, 1]);
        threads.run(|_| ()).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_leaves_is_not_served_and_keeps_no_place() {
        let threads = Arc::new(Threads::start(1, 1));
        let (release, first) = occupy(&threads);
        let served = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&served);
        let mut leaver = Box::pin(threads.run(move |_| count.fetch_add(1, Ordering::SeqCst)));
        assert!(futures::poll!(leaver.as_mut()).is_pending());
        drop(leaver);
        let mut next = Box::pin(threads.run(|_| 7));
        assert!(futures::poll!(next.as_mut()).is_pending(), "the place is free again");
        drop(release);
        first.await.unwrap().unwrap();
        assert_eq!(next.await.unwrap(), 7);
        assert_eq!(served.load(Ordering::SeqCst), 0);
    }

    #[tokio::test]
    async fn a_panic_costs_one_answer_and_no_thread() {
        let threads = Threads::start(1, 8);
        let failed = threads.run(|_| panic!("on purpose")).await;
        let failed: Result<()> = failed;
        assert_eq!(failed.unwrap_err().kind, Kind::Internal);
        assert_eq!(threads.run(|_| 7).await.unwrap(), 7);
    }

    #[test]
    fn threads_end_with_the_last_handle() {
        let threads = Threads::start(3, 8);
        let shared = Arc::downgrade(&threads.shared);
        drop(threads);
        while shared.strong_count() > 0 {
            std::thread::yield_now();
        }
    }
}
