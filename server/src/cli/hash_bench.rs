//! `vestibule hash-bench`: measures a password hash on this machine, so that an administrator can choose its parameters.

use super::Global;
use super::assemble;
use super::failure::{Failure, Outcome};
use super::output::line;
use engine::config::Algorithm;
use engine::config::load::load;
use engine::password::bench;

#[derive(clap::Args)]
pub(super) struct HashBench {
    /// Number of hashes per thread
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..))]
    count: u16,
    /// Number of parallel threads (default: the number of CPU threads of this machine)
    #[arg(long)]
    threads: Option<usize>,
}

impl HashBench {
    pub(super) async fn run(&self, global: &Global) -> Outcome {
        let hashers = load(&assemble::files(global).await?, None)?.config.hashers;
        let threads =
            self.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
        match hashers.algorithm {
            Algorithm::Argon2 => {
                let keys = hashers.argon2;
                line(format!(
                    "argon2id, {} KiB, t = {}, p = {}",
                    keys.memory, keys.iterations, keys.parallelism
                ))?;
            }
            Algorithm::Bcrypt => line(format!("bcrypt, cost {}", hashers.bcrypt_cost))?,
        }
        let rows = bench(&hashers, usize::from(self.count), threads)?;
        line("thread   best   mean  worst (ms)")?;
        let mut per_second = 0.0;
        for row in &rows {
            let millis = |duration: std::time::Duration| duration.as_secs_f64() * 1e3;
            let (best, mean, worst) = (millis(row.best), millis(row.mean), millis(row.worst));
            line(format!("{:>6} {best:>6.1} {mean:>6.1} {worst:>6.1}", row.thread))?;
            per_second += 1.0 / row.mean.as_secs_f64().max(1e-9);
        }
        if rows.is_empty() {
            return Err(Failure::failed("no thread ran"));
        }
        line(format!("about {per_second:.0} hashes per second"))
    }
}
