//! Whether the time of a sign-up tells if its address has an account: equivalence, not the absence of a difference that was
//! found. Three kinds of POST in turns, so that all meet the same machine: a known address, an unknown one, and an unknown one
//! again, which says what the measurement itself is worth. Then the known and the unknown ones once more with the option off.
//! Each address is asked about once, as nobody needs to ask twice: an address that was just written to gets no second mail, whoever
//! has it, and that is faster.

use super::http::Client;
use super::server::{Server, Site};
use super::table::{Goal, Table};
use super::{PASSWORD, PEOPLE, begin};
use crate::Outcome;
use serde_json::json;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Sign-ups of each kind: fewer say too little for an interval of 2 %.
const FEWEST: usize = 40;
/// Resamples for an interval (Efron, the percentile bootstrap).
const RESAMPLES: usize = 2000;
/// Equivalent within so many per cent of a hash.
const MARGIN: f64 = 2.0;

/// Milliseconds of each POST.
#[derive(Default)]
struct Times {
    known: Vec<f64>,
    unknown: Vec<f64>,
    control: Vec<f64>,
}

/// `hash`: milliseconds of one.
pub(super) fn run(site: &Site, time: Duration, hash: f64, table: &mut Table) -> Outcome {
    let on = measured(site, time, true)?;
    rows(table, "known − unknown", &on.known, &on.unknown, hash, Goal::AtMost(MARGIN));
    rows(table, "unknown − unknown (A/A control)", &on.control, &on.unknown, hash, Goal::AtMost(MARGIN));
    let off = measured(site, time, false)?;
    // It has to see the difference that the option is there to hide.
    rows(table, "known − unknown, option off", &off.known, &off.unknown, hash, Goal::AtLeast(MARGIN));
    table.row("leak: sign-ups of each kind", on.known.len() as f64, "", Goal::None, "", None);
    Ok(())
}

/// The end of the interval that lies farther from zero, for medians and for 5th percentiles.
fn rows(table: &mut Table, what: &str, one: &[f64], other: &[f64], hash: f64, goal: Goal) {
    for (name, share) in [("median", 0.5), ("5th percentile", 0.05)] {
        let (low, high) = interval(one, other, share);
        let (low, high) = (low / hash * 100.0, high / hash * 100.0);
        // What has to differ does so when all of its interval is on one side.
        let figure = match goal {
            Goal::AtLeast(_) if low <= 0.0 && high >= 0.0 => 0.0,
            Goal::AtLeast(_) => low.abs().min(high.abs()),
            Goal::AtMost(_) | Goal::None => low.abs().max(high.abs()),
        };
        let what = format!("leak: {what}, {name}, 90 % interval {low:+.2} … {high:+.2}");
        table.row(what, figure, "% of a hash", goal, "", None);
    }
}

fn measured(site: &Site, time: Duration, prevent_enumeration: bool) -> Outcome<Times> {
    site.configure_proof(prevent_enumeration)?;
    let server: Server<'_> = site.start()?;
    let (mut client, mut admin) = (Client::new(site.public), Client::new(site.admin));
    let mut times = Times::default();
    let until = Instant::now() + time;
    let mut round = 0_usize;
    while Instant::now() < until || round < FEWEST {
        // Each kind is the first, the second and the third equally often.
        for place in 0..3 {
            let address = || format!("p{:09}@bench.example", PEOPLE.fetch_add(1, Ordering::Relaxed));
            let (known, unknown) = (address(), address());
            // Before each kind, or what the server did last would differ.
            site.account(&mut admin, &known)?;
            match (place + round) % 3 {
                0 => times.known.push(sign_up(&mut client, &known)?),
                1 => times.unknown.push(sign_up(&mut client, &unknown)?),
                _ => times.control.push(sign_up(&mut client, &unknown)?),
            }
        }
        round += 1;
    }
    server.stop()?;
    Ok(times)
}

/// Milliseconds of the POST alone. Its status is the test's business.
fn sign_up(client: &mut Client, email: &str) -> Outcome<f64> {
    let action = begin(client)?;
    let form =
        json!({ "method": "password", "password": PASSWORD, "traits": { "email": email } }).to_string();
    let begun = Instant::now();
    let answer = client.ask("POST", &action, None, Some(&form))?;
    let taken = begun.elapsed();
    match answer.status {
        200 | 400 => Ok(taken.as_secs_f64() * 1e3),
        status => Err(format!("a sign-up answered {status}")),
    }
}

/// The 90 % interval of the difference of two quantiles.
fn interval(one: &[f64], other: &[f64], share: f64) -> (f64, f64) {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut differences: Vec<f64> = (0..RESAMPLES)
        .map(|_| quantile(&mut random.resample(one), share) - quantile(&mut random.resample(other), share))
        .collect();
    (quantile(&mut differences, 0.05), quantile(&mut differences, 0.95))
}

fn quantile(values: &mut [f64], share: f64) -> f64 {
    let rank = (share * values.len() as f64).ceil() as usize;
    let at = rank.clamp(1, values.len()) - 1;
    *values.select_nth_unstable_by(at, f64::total_cmp).1
}

/// xorshift64* (Vigna, 2016): for resampling, where the same run is to give the same figure.
struct Random(u64);

impl Random {
    fn resample(&mut self, values: &[f64]) -> Vec<f64> {
        (0..values.len()).map(|_| values[self.below(values.len())]).collect()
    }

    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let value = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d);
        ((u128::from(value) * end as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::interval;

    /// About even, between 20 and 21.
    fn sample(shift: f64) -> Vec<f64> {
        (0..400).map(|at| 20.0 + shift + f64::from(at * 73 % 100) / 100.0).collect()
    }

    #[test]
    fn equal_ones_lie_around_zero_and_a_shift_is_found() {
        for share in [0.5, 0.05] {
            let (low, high) = interval(&sample(0.0), &sample(0.0), share);
            assert!(low <= 0.0 && high >= 0.0 && high - low < 0.4, "{low} … {high}");
            let (low, high) = interval(&sample(2.0), &sample(0.0), share);
            assert!(low > 1.7 && high < 2.3, "{low} … {high}");
        }
    }
}
