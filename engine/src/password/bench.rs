//! The duration of one hash on this machine, to which all other figures are relative.

use super::algorithm;
use crate::config::Hashers;
use crate::error::Result;
use std::time::{Duration, Instant};

/// The hashes of one thread.
#[derive(Clone, Debug)]
pub struct Row {
    /// From 1 on.
    pub thread: usize,
    pub hashes: usize,
    pub best: Duration,
    pub mean: Duration,
    pub worst: Duration,
}

/// Hashes `count` times on each of `threads` threads at once, at normal priority. Blocks until all are done.
pub fn bench(keys: &Hashers, count: usize, threads: usize) -> Result<Vec<Row>> {
    std::thread::scope(|scope| {
        let running: Vec<_> =
            (1..=threads.max(1)).map(|thread| scope.spawn(move || row(keys, count.max(1), thread))).collect();
        running
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

fn row(keys: &Hashers, count: usize, thread: usize) -> Result<Row> {
    let mut memory = algorithm::Memory::new();
    let salt = vec![0; algorithm::salt_length(keys)];
    let mut once = || -> Result<Duration> {
        let begun = Instant::now();
        algorithm::hash(&mut memory, keys, &salt, "Correct-Horse-9-Battery")?;
        Ok(begun.elapsed())
    };
    // The first one pays for fresh memory, as no later one does.
    once()?;
    let times: Vec<Duration> = (0..count).map(|_| once()).collect::<Result<_>>()?;
    let sum: Duration = times.iter().sum();
    Ok(Row {
        thread,
        hashes: count,
        best: times.iter().copied().min().unwrap_or_default(),
        mean: sum.div_f64(count as f64),
        worst: times.iter().copied().max().unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Algorithm, Argon2Keys};

    #[test]
    fn there_is_a_row_per_thread() {
        let argon2 =
            Argon2Keys { memory: 64, iterations: 1, parallelism: 1, salt_length: 16, key_length: 32 };
        let keys = Hashers { algorithm: Algorithm::Argon2, argon2, bcrypt_cost: 4 };
        let rows = bench(&keys, 3, 2).unwrap();
        let counted: Vec<_> = rows.iter().map(|row| (row.thread, row.hashes)).collect();
        assert_eq!(counted, [(1, 3), (2, 3)]);
        assert!(rows.iter().all(|row| row.best <= row.mean && row.mean <= row.worst));
    }
}
