//! Load in two models: closed (each client asks again when it has its answer) and open (requests are due at fixed
//! times, whatever the answers do).

use super::http::Client;
use crate::Outcome;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What a stretch of load came to. Any answer that is not the expected one ends the bench.
pub(super) struct Load {
    pub(super) elapsed: Duration,
    /// Sorted.
    latencies: Vec<Duration>,
}

impl Load {
    pub(super) fn new(elapsed: Duration, parts: Vec<Outcome<Vec<Duration>>>) -> Outcome<Self> {
        let mut latencies: Vec<Duration> =
            parts.into_iter().collect::<Outcome<Vec<_>>>()?.into_iter().flatten().collect();
        latencies.sort();
        if latencies.is_empty() {
            return Err("no request was answered in the time".into());
        }
        Ok(Self { elapsed, latencies })
    }

    pub(super) fn count(&self) -> usize {
        self.latencies.len()
    }

    pub(super) fn per_second(&self) -> f64 {
        self.count() as f64 / self.elapsed.as_secs_f64()
    }

    /// Milliseconds. The smallest latency that `share` of all do not exceed.
    pub(super) fn percentile(&self, share: f64) -> f64 {
        let rank = (share * self.latencies.len() as f64).ceil() as usize;
        self.latencies[rank.clamp(1, self.latencies.len()) - 1].as_secs_f64() * 1e3
    }
}

/// Asks once; the number is unique within the stretch.
pub(super) trait Ask: Fn(&mut Client, u64) -> Outcome + Sync {}
impl<F: Fn(&mut Client, u64) -> Outcome + Sync> Ask for F {}

/// `clients` at once, each asking as soon as it was answered, until `time` is over or `stop` is set.
pub(super) fn closed(
    address: SocketAddr,
    clients: usize,
    time: Duration,
    stop: &AtomicBool,
    ask: impl Ask,
) -> Outcome<Load> {
    let (next, begun) = (AtomicU64::new(0), Instant::now());
    let client = || {
        let (mut client, mut latencies) = (Client::new(address), Vec::new());
        while begun.elapsed() < time && !stop.load(Ordering::Relaxed) {
            let asked = Instant::now();
            ask(&mut client, next.fetch_add(1, Ordering::Relaxed))?;
            latencies.push(asked.elapsed());
        }
        Ok(latencies)
    };
    let parts = at_once(clients, |_| client());
    Load::new(begun.elapsed(), parts)
}

/// `rate` requests a second over `connections` connections. A latency counts from when the request was due, not from
/// when it could be sent: a server that stalls cannot hide behind requests that were never made.
pub(super) fn open(
    address: SocketAddr,
    connections: usize,
    rate: f64,
    time: Duration,
    ask: impl Ask,
) -> Outcome<Load> {
    let total = (rate * time.as_secs_f64()) as usize;
    let begun = Instant::now();
    let parts = at_once(connections, |connection| {
        let (mut client, mut latencies) = (Client::new(address), Vec::new());
        for number in (connection..total).step_by(connections) {
            let due = begun + Duration::from_secs_f64(number as f64 / rate);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            ask(&mut client, number as u64)?;
            latencies.push(due.elapsed());
        }
        Ok(latencies)
    });
    Load::new(begun.elapsed(), parts)
}

/// The results of `count` threads, each of which is told its number.
pub(super) fn at_once<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let work = &work;
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..count).map(|number| scope.spawn(move || work(number))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::Load;
    use std::time::Duration;

    #[test]
    fn percentiles_are_values_that_were_seen() {
        let latencies = (1..=100).rev().map(Duration::from_millis).collect();
        let load = Load::new(Duration::from_secs(2), vec![Ok(latencies)]).unwrap();
        assert_eq!((load.percentile(0.5), load.percentile(0.99), load.percentile(1.0)), (50.0, 99.0, 100.0));
        assert_eq!(load.per_second(), 50.0);
    }

    #[test]
    fn one_failure_fails_all() {
        assert!(Load::new(Duration::from_secs(1), vec![Ok(vec![Duration::ZERO]), Err("no".into())]).is_err());
        assert!(Load::new(Duration::from_secs(1), vec![]).is_err());
    }
}
