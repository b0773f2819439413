//! Tests of `threads.rs`.

use super::*;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

fn client(address: &str) -> Caller {
    Caller::of(&Requester::direct(address.parse().unwrap()))
}

fn operator(address: &str) -> Caller {
    Caller::operator(&Requester::direct(address.parse().unwrap()))
}

/// Occupies the only thread until the sender is dropped.
fn occupy(threads: &Arc<Threads>) -> (mpsc::Sender<()>, tokio::task::JoinHandle<Result<()>>) {
    let (release, held) = mpsc::channel::<()>();
    let (begun, started) = mpsc::channel();
    let threads = Arc::clone(threads);
    let task = spawn(async move {
        threads
            .run(client("198.51.100.1"), move |_| {
                begun.send(()).unwrap();
                let _ = held.recv();
            })
            .await
    });
    started.recv().unwrap();
    (release, task)
}

#[expect(clippy::disallowed_methods, reason = "the test stands in for the server")]
fn spawn<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> tokio::task::JoinHandle<T> {
    tokio::spawn(work)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_says_when_to_come_back() {
    let threads = Arc::new(Threads::start(1, 2));
    let (release, first) = occupy(&threads);
    let mut waiting: Vec<_> =
        (0..2).map(|n| Box::pin(threads.run(client("192.0.2.1"), move |_| n))).collect();
    for job in &mut waiting {
        assert!(futures::poll!(job.as_mut()).is_pending());
    }
    let refused = threads.run(client("192.0.2.1"), |_| ()).await.unwrap_err();
    assert_eq!(refused.kind, Kind::Busy);
    assert!(refused.retry_after.is_some_and(|seconds| seconds >= 1));
    drop(release);
    first.await.unwrap().unwrap();
    assert_eq!(futures::future::try_join_all(waiting).await.unwrap(), [0, 1]);
    threads.run(client("192.0.2.1"), |_| ()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_is_not_served_and_keeps_no_place() {
    let threads = Arc::new(Threads::start(1, 1));
    let (release, first) = occupy(&threads);
    let served = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&served);
    let mut leaver =
        Box::pin(threads.run(client("192.0.2.1"), move |_| count.fetch_add(1, Ordering::SeqCst)));
    assert!(futures::poll!(leaver.as_mut()).is_pending());
    drop(leaver);
    let mut next = Box::pin(threads.run(client("192.0.2.1"), |_| 7));
    assert!(futures::poll!(next.as_mut()).is_pending(), "the place is free again");
    drop(release);
    first.await.unwrap().unwrap();
    assert_eq!(next.await.unwrap(), 7);
    assert_eq!(served.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_panic_costs_one_answer_and_no_thread() {
    let threads = Threads::start(1, 8);
    let failed = threads.run(client("192.0.2.1"), |_| panic!("on purpose")).await;
    let failed: Result<()> = failed;
    assert_eq!(failed.unwrap_err().kind, Kind::Internal);
    assert_eq!(threads.run(client("192.0.2.1"), |_| 7).await.unwrap(), 7);
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

type Order = Arc<Mutex<Vec<&'static str>>>;

/// A job that says when it was served.
async fn served(threads: &Threads, caller: Caller, order: &Order, name: &'static str) -> Result<()> {
    let order = Arc::clone(order);
    threads.run(caller, move |_| lock(&order).push(name)).await
}

/// Lets these wait while the only thread is busy, in this order; then in which order they were served.
async fn order_of(jobs: &[(Caller, &'static str)]) -> Vec<&'static str> {
    let threads = Arc::new(Threads::start(1, 256));
    let (release, first) = occupy(&threads);
    let order = Order::default();
    let mut waiting: Vec<_> =
        jobs.iter().map(|(caller, name)| Box::pin(served(&threads, *caller, &order, name))).collect();
    for job in &mut waiting {
        assert!(futures::poll!(job.as_mut()).is_pending());
    }
    drop(release);
    first.await.unwrap().unwrap();
    futures::future::try_join_all(waiting).await.unwrap();
    lock(&order).clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shares_take_turns() {
    let (many, one, other) = (client("192.0.2.1"), client("192.0.2.2"), client("2001:db8::1"));
    let jobs = [(many, "a1"), (many, "a2"), (many, "a3"), (one, "b"), (other, "c1"), (other, "c2")];
    assert_eq!(order_of(&jobs).await, ["a1", "b", "c1", "a2", "c2", "a3"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_without_a_share_of_their_own_get_more_of_each_turn() {
    let several =
        Caller::of(&Requester { client: crate::requester::Client::Several, ..Requester::default() });
    let one = client("192.0.2.1");
    let jobs = [(one, "a1"), (one, "a2"), (several, "m"), (several, "m"), (several, "m")];
    assert_eq!(order_of(&jobs).await, ["a1", "m", "m", "m", "a2"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_come_every_other_time_and_have_one_place_for_each_network() {
    let (one, op, same, other) =
        (client("192.0.2.1"), operator("2001:db8::1"), operator("2001:db8::2"), operator("192.0.2.9"));
    let jobs = [(one, "a1"), (one, "a2"), (op, "op"), (same, "same network"), (other, "other")];
    assert_eq!(order_of(&jobs).await, ["op", "a1", "other", "same network", "a2"]);
}

#[test]
fn a_wide_network_has_sixteen_shares() {
    let mut shares: Vec<Caller> = Vec::new();
    for number in 0..2000 {
        let caller = client(&format!("2001:db8:1:{number:x}::1"));
        if !shares.contains(&caller) {
            shares.push(caller);
        }
    }
    assert_eq!(shares.len(), 16);
    assert!(!shares.contains(&client("2001:db8:2:1::1")), "another /48");
    assert_eq!(client("2001:db8:1:2::1"), client("2001:db8:1:2::ffff"));
    assert_ne!(client("192.0.2.1"), client("192.0.2.2"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_full_queue_whoever_has_most_makes_room() {
    let threads = Arc::new(Threads::start(1, 8));
    let (release, first) = occupy(&threads);
    let mut greedy: Vec<_> = (0..8).map(|n| Box::pin(threads.run(client("192.0.2.1"), move |_| n))).collect();
    for job in &mut greedy {
        assert!(futures::poll!(job.as_mut()).is_pending());
    }
    let mut newcomer = Box::pin(threads.run(client("192.0.2.2"), |_| 77));
    assert!(futures::poll!(newcomer.as_mut()).is_pending());
    let pushed_out = greedy.pop().unwrap().await.unwrap_err();
    assert_eq!(pushed_out.kind, Kind::Busy);
    assert!(pushed_out.retry_after.is_some());
    let refused = threads.run(client("192.0.2.1"), |_| ()).await.unwrap_err();
    assert_eq!(refused.kind, Kind::Busy, "it has most itself");
    drop(release);
    first.await.unwrap().unwrap();
    assert_eq!(newcomer.await.unwrap(), 77);
    assert_eq!(futures::future::try_join_all(greedy).await.unwrap(), [0, 1, 2, 3, 4, 5, 6]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_client_takes_a_quarter_of_a_large_queue() {
    let threads = Arc::new(Threads::start(1, 64));
    let (release, first) = occupy(&threads);
    let mut greedy: Vec<_> =
        (0..16).map(|n| Box::pin(threads.run(client("192.0.2.1"), move |_| n))).collect();
    for job in &mut greedy {
        assert!(futures::poll!(job.as_mut()).is_pending());
    }
    assert_eq!(threads.run(client("192.0.2.1"), |_| ()).await.unwrap_err().kind, Kind::Busy);
    let mut other = Box::pin(threads.run(client("192.0.2.2"), |_| 7));
    assert!(futures::poll!(other.as_mut()).is_pending());
    drop(release);
    first.await.unwrap().unwrap();
    assert_eq!(other.await.unwrap(), 7);
    futures::future::try_join_all(greedy).await.unwrap();
}
