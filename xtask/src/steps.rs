//! Progress on the terminal: which step of how many, and how long it took.

use crate::Outcome;
use std::time::{Duration, Instant};

pub(crate) struct Steps {
    total: usize,
    current: usize,
    started: Instant,
}

impl Steps {
    pub(crate) fn new(total: usize) -> Self {
        Self { total, current: 0, started: Instant::now() }
    }

    /// Names a step that has no end of its own.
    pub(crate) fn announce(&mut self, name: &str) {
        self.current += 1;
        let since = words(self.started.elapsed());
        eprintln!("\n[{}/{}] {name}  (after {since})", self.current, self.total);
    }

    pub(crate) fn run<T>(&mut self, name: &str, work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
        self.announce(name);
        let started = Instant::now();
        let outcome = work();
        let mark = if outcome.is_ok() { "ok" } else { "FAILED" };
        eprintln!("[{}/{}] {name}: {mark} in {}", self.current, self.total, words(started.elapsed()));
        outcome
    }
}

pub(crate) fn words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds < 60 {
        format!("{:.1} s", duration.as_secs_f64())
    } else {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::words;
    use std::time::Duration;

    #[test]
    fn durations_are_readable() {
        assert_eq!(words(Duration::from_millis(420)), "0.4 s");
        assert_eq!(words(Duration::from_secs(125)), "2 min 05 s");
    }
}
