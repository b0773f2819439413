//! `cargo xtask bench`: the figures of docs/performance.md. Starts the release binary itself, on 127.0.0.1 with a
//! temporary folder, for a bounded time; measures, and judges nothing: what a machine can do is no test.

mod floods;
mod http;
mod leak;
mod load;
mod pages;
mod providers;
mod revoked;
mod server;
mod table;

use crate::workspace::{Workspace, output};
use crate::{Outcome, steps::Steps};
use clap::ValueEnum;
use http::Client;
use load::{Load, closed, open};
use serde_json::{Value, json};
use server::{Server, Site, Usage, time_of_children};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use table::{Goal, Table};

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Part {
    /// From exec to ready on an existing database.
    Start,
    /// Sign-ups against what the hash alone reaches.
    SignUps,
    /// The processor time of whoami against that of a static answer.
    Whoami,
    /// whoami at 200 a second, alone and beside saturating sign-ups.
    Beside,
    /// The processor time of a flow's start.
    Flows,
    /// The processor time of a sign-up through a provider.
    Providers,
    /// Sessions that end while other clients ask for them.
    Revoked,
    /// Whether the time of a sign-up tells if its address is known.
    Leak,
    /// Health checks, memory and database during floods of requests.
    Floods,
    /// Bytes and Lighthouse's scores of the pages, in a browser.
    Pages,
}

/// How many clients sign up at once where the goal is to saturate.
const CLIENTS: usize = 8;
const RATE: f64 = 200.0;
const STARTS: usize = 20;
const HASHES: usize = 60;
const PASSWORD: &str = "quiet copper meadow 73";

pub(crate) struct Setup {
    /// The release binary is there already.
    pub(crate) built: bool,
    /// The server has its limits: `vestibule.limits.enabled`.
    pub(crate) limits: bool,
}

/// Addresses of the sign-ups, each used once in a run.
static PEOPLE: AtomicU64 = AtomicU64::new(0);

pub(crate) fn run(
    workspace: &Workspace,
    only: &[Part],
    time: Duration,
    Setup { built, limits }: Setup,
) -> Outcome {
    let wanted = |part: Part| only.is_empty() || only.contains(&part);
    if !built {
        crate::build(workspace, true)?;
    }
    let binary = workspace.binary("release");
    let site = Site::new(&binary, limits)?;
    let mut table = Table::default();
    let parts = Part::value_variants().iter().filter(|part| wanted(**part)).count();
    let mut steps = Steps::new(parts + 1);
    let length = steps.run("An account, and a static answer of whoami's length", || prepare(&site))?;
    if wanted(Part::Start) {
        steps.run("Start", || start(&site, &mut table))?;
    }
    let server = site.start()?;
    let idle = server.memory("VmRSS")?;
    let token = sign_up(&mut Client::new(site.public))?;
    let bench = Bench { site: &site, server: &server, time, token };
    if wanted(Part::SignUps) {
        steps.run("Sign-ups", || bench.sign_ups(&mut table))?;
    }
    if wanted(Part::Whoami) {
        steps.run("whoami", || bench.whoami(&mut table, length))?;
    }
    if wanted(Part::Beside) {
        steps.run("whoami beside sign-ups", || bench.beside(&mut table))?;
    }
    if wanted(Part::Flows) {
        steps.run("Starts of a flow", || bench.flows(&mut table))?;
    }
    let apart = [Part::Pages, Part::Floods, Part::Leak, Part::Revoked, Part::Providers, Part::Start];
    if only.iter().any(|part| !apart.contains(part)) || only.is_empty() {
        let peak = server.memory("VmHWM")?;
        table.row("resident memory, just ready", idle, "MB", Goal::AtMost(25.0), "87", None);
        table.row("resident memory, the most", peak, "MB", Goal::AtMost(60.0), "331, PostgreSQL", None);
    }
    let hash = match wanted(Part::Leak) {
        true => bench.hashes(1)?.mean,
        false => 0.0,
    };
    server.stop()?;
    if wanted(Part::Providers) {
        let site = Site::new(&binary, limits)?;
        steps.run("Sign-ups through a provider", || providers::run(&site, time, &mut table))?;
    }
    if wanted(Part::Revoked) {
        steps.run("Sessions that end", || revoked::run(&Site::new(&binary, limits)?, &mut table))?;
    }
    if wanted(Part::Leak) {
        let name = "Sign-ups of known and unknown addresses";
        steps.run(name, || leak::run(&Site::new(&binary, limits)?, time, hash, &mut table))?;
    }
    if wanted(Part::Floods) {
        let site = Site::new(&binary, limits)?;
        steps.run("Floods", || floods::run(&site, time, &mut table))?;
    }
    if wanted(Part::Pages) {
        steps.run("Pages", || pages::run(workspace, &site, &mut table))?;
    }
    println!("\n{}", about(workspace));
    println!("{table}");
    Ok(())
}

/// Which program, on what kind of machine.
fn about(workspace: &Workspace) -> String {
    let version = output(workspace.vestibule("release").arg("version")).unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{}, {cores} processors", version.trim())
}

/// Makes the database, and the static answer as long as whoami's. Says how long that is.
fn prepare(site: &Site) -> Outcome<usize> {
    let server = site.start()?;
    let mut client = Client::new(site.public);
    let token = sign_up(&mut client)?;
    let whoami = client.ask("GET", "/sessions/whoami", Some(("X-Session-Token", &token)), None)?.body.len();
    let still = client.ask("GET", "/schemas/static", None, None)?.body.len();
    server.stop()?;
    site.configure(whoami.saturating_sub(still), false)?;
    Ok(whoami)
}

fn start(site: &Site, table: &mut Table) -> Outcome {
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let server = site.start()?;
        times.push(server.ready_after.as_secs_f64() * 1e3);
        server.stop()?;
    }
    times.sort_by(f64::total_cmp);
    table.row("exec to ready, best of 20", times[0], "ms", Goal::AtMost(50.0), "320", None);
    table.row(
        "exec to ready, median of 20",
        times[times.len() / 2],
        "ms",
        Goal::AtMost(50.0),
        "320–345",
        None,
    );
    Ok(())
}

struct Bench<'a> {
    site: &'a Site,
    server: &'a Server<'a>,
    time: Duration,
    token: String,
}

/// A load, and what it took of the machine.
struct Measured {
    load: Load,
    /// Microseconds of the server's processor time for each request.
    cpu: f64,
    others: f64,
}

impl Bench<'_> {
    fn measure(&self, load: impl FnOnce() -> Outcome<Load>) -> Outcome<Measured> {
        let before: Usage = self.server.usage()?;
        let load = load()?;
        let after = self.server.usage()?;
        let cpu = after.server_since(&before) * 1e6 / load.count() as f64;
        Ok(Measured { cpu, others: after.others_since(&before), load })
    }

    fn closed(&self, clients: usize, time: Duration, ask: impl load::Ask) -> Outcome<Measured> {
        self.measure(|| closed(self.site.public, clients, time, &AtomicBool::new(false), ask))
    }

    fn sign_ups(&self, table: &mut Table) -> Outcome {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let before = self.hashes(cores)?;
        let alone = self.hashes(1)?;
        let one = self.closed(1, self.time, |client, _| sign_up(client).map(drop))?;
        // The sign-up alone: whatever the init costs, it was asked for before.
        let actions = (0..one.load.count().max(1))
            .map(|_| begin(&mut Client::new(self.site.public)))
            .collect::<Outcome<Vec<String>>>()?;
        let posts = {
            let (next, stop) = (AtomicU64::new(0), AtomicBool::new(false));
            let actions = &actions;
            self.measure(|| {
                closed(self.site.public, 1, self.time, &stop, |client, _| {
                    let at = next.fetch_add(1, Ordering::Relaxed) as usize;
                    if at + 1 >= actions.len() {
                        stop.store(true, Ordering::Relaxed);
                    }
                    finish(client, &actions[at]).map(drop)
                })
            })?
        };
        let many = self.closed(CLIENTS, self.time, |client, _| sign_up(client).map(drop))?;
        let after = self.hashes(cores)?;
        let hashes = before.per_second.max(after.per_second);
        let name = |what: &str| what.to_owned();
        table.row(
            name("`hash-bench`, all processors, the better of before and after"),
            hashes,
            "/s",
            Goal::None,
            "",
            None,
        );
        table.row(
            "sign-ups, 8 clients",
            many.load.per_second(),
            "/s",
            Goal::None,
            "22, PostgreSQL; SQLite froze",
            Some(many.others),
        );
        table.row(
            "sign-ups as a share of the hashes",
            many.load.per_second() / hashes,
            "",
            Goal::AtLeast(0.9),
            "",
            Some(many.others),
        );
        table.row(
            "processor time of a sign-up, in hashes",
            many.cpu / 1e6 / before.cpu,
            "",
            Goal::None,
            "",
            None,
        );
        table.row(
            "the hash's share of the server's processor time",
            before.cpu * 1e6 / many.cpu,
            "",
            Goal::AtLeast(0.9),
            "",
            Some(many.others),
        );
        table.row("one hash alone, median of the threads' means", alone.mean, "ms", Goal::None, "", None);
        let row = |table: &mut Table, what: &str, measured: &Measured, goal: Goal, kratos: &str| {
            let p50 = measured.load.percentile(0.5);
            table.row(name(what), p50, "ms", Goal::None, kratos, Some(measured.others));
            table.row(format!("{what}, in hashes"), p50 / alone.mean, "", goal, "", Some(measured.others));
        };
        row(table, "sign-up of one client, form and answer, p50", &one, Goal::None, "64, PostgreSQL");
        row(table, "sign-up of one client, the POST alone, p50", &posts, Goal::AtMost(1.25), "");
        Ok(())
    }

    /// What `vestibule hash-bench` says.
    fn hashes(&self, threads: usize) -> Outcome<Hashes> {
        let before = time_of_children()?;
        let text = output(&mut self.site.command(&[
            "hash-bench",
            "--count",
            &HASHES.to_string(),
            "--threads",
            &threads.to_string(),
        ]))?;
        let means: Vec<f64> = means(&text);
        if means.len() != threads {
            return Err(format!("`vestibule hash-bench` said something else: {text}"));
        }
        let mut sorted = means.clone();
        sorted.sort_by(f64::total_cmp);
        // Each thread makes one more, which pays for fresh memory.
        let cpu = (time_of_children()? - before) / (threads * (HASHES + 1)) as f64;
        Ok(Hashes {
            per_second: means.iter().map(|mean| 1e3 / mean).sum(),
            mean: sorted[sorted.len() / 2],
            cpu,
        })
    }

    fn who(&self) -> impl load::Ask {
        |client: &mut Client, _| {
            expect(
                client.ask("GET", "/sessions/whoami", Some(("X-Session-Token", &self.token)), None)?.status,
            )
        }
    }

    /// In turns, so that both meet the same machine.
    fn whoami(&self, table: &mut Table, length: usize) -> Outcome {
        let still = |client: &mut Client, _| {
            // The same header: reading it is part of neither.
            let answer =
                client.ask("GET", "/schemas/static", Some(("X-Session-Token", &self.token)), None)?;
            if answer.body.len().abs_diff(length) > length / 50 {
                return Err(format!("the static answer has {} bytes, whoami {length}", answer.body.len()));
            }
            expect(answer.status)
        };
        const TURNS: u32 = 5;
        let mut turns = Vec::new();
        for _ in 0..TURNS {
            let who = self.closed(4, self.time / TURNS, self.who())?;
            let still = self.closed(4, self.time / TURNS, still)?;
            turns.push((who, still));
        }
        let median = |value: &dyn Fn(&(Measured, Measured)) -> f64| {
            let mut values: Vec<f64> = turns.iter().map(value).collect();
            values.sort_by(f64::total_cmp);
            values[values.len() / 2]
        };
        let others = Some(median(&|turn| turn.0.others));
        table.row(
            "whoami, 4 clients",
            median(&|turn| turn.0.load.per_second()),
            "/s",
            Goal::None,
            "660–720 with 8",
            others,
        );
        table.row("whoami, processor time", median(&|turn| turn.0.cpu), "µs", Goal::None, "1,790", others);
        table.row(
            format!("static JSON of its {length} bytes, processor time"),
            median(&|turn| turn.1.cpu),
            "µs",
            Goal::None,
            "",
            others,
        );
        table.row(
            "whoami in static answers",
            median(&|turn| turn.0.cpu / turn.1.cpu),
            "",
            Goal::AtMost(3.0),
            "",
            others,
        );
        Ok(())
    }

    fn beside(&self, table: &mut Table) -> Outcome {
        let steady = || open(self.site.public, 8, RATE, self.time, self.who());
        let idle = self.measure(steady)?;
        let stop = AtomicBool::new(false);
        let (busy, signed_up) = std::thread::scope(|scope| {
            let crowd = scope.spawn(|| {
                // Bounded by the steady load's end, and by twice its time should that never come.
                closed(self.site.public, CLIENTS, self.time * 2, &stop, |client, _| sign_up(client).map(drop))
            });
            let busy = self.measure(steady);
            stop.store(true, Ordering::Relaxed);
            (busy, crowd.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        });
        let (busy, signed_up) = (busy?, signed_up?);
        let p99 = busy.load.percentile(0.99);
        let mut row = |what: &str, value, unit, goal, kratos, others| {
            table.row(what, value, unit, goal, kratos, Some(others))
        };
        row(
            "whoami at 200/s, alone, p50",
            idle.load.percentile(0.5),
            "ms",
            Goal::None,
            "3.6–4.9",
            idle.others,
        );
        row("whoami at 200/s, alone, p99", idle.load.percentile(0.99), "ms", Goal::None, "8–68", idle.others);
        row(
            "whoami at 200/s beside sign-ups, p50",
            busy.load.percentile(0.5),
            "ms",
            Goal::None,
            "122–193, PostgreSQL",
            busy.others,
        );
        row(
            "whoami at 200/s beside sign-ups, p99",
            p99,
            "ms",
            Goal::AtMost(5.0),
            "347–587, PostgreSQL",
            busy.others,
        );
        row(
            "the same, in p99 alone",
            p99 / idle.load.percentile(0.99),
            "",
            Goal::AtMost(3.0),
            "",
            busy.others,
        );
        row(
            "sign-ups beside whoami",
            signed_up.per_second(),
            "/s",
            Goal::None,
            "11–14, PostgreSQL",
            busy.others,
        );
        Ok(())
    }

    fn flows(&self, table: &mut Table) -> Outcome {
        let starts = self.closed(4, self.time, |client, _| begin(client).map(drop))?;
        table.row(
            "start of a sign-up, processor time",
            starts.cpu,
            "µs",
            Goal::AtMost(150.0),
            "1,275–2,300",
            Some(starts.others),
        );
        table.row(
            "starts of a sign-up, 4 clients",
            starts.load.per_second(),
            "/s",
            Goal::None,
            "",
            Some(starts.others),
        );
        Ok(())
    }
}

struct Hashes {
    per_second: f64,
    /// Milliseconds.
    mean: f64,
    /// Seconds of processor time for each.
    cpu: f64,
}

/// The third column of each thread's line: `thread best mean worst`.
fn means(text: &str) -> Vec<f64> {
    let row = |line: &str| {
        let columns: Vec<f64> =
            line.split_whitespace().map(|column| column.parse().ok()).collect::<Option<_>>()?;
        match columns[..] {
            [_thread, _best, mean, _worst] => Some(mean),
            _ => None,
        }
    };
    text.lines().filter_map(row).collect()
}

/// An app's form; its action.
fn begin(client: &mut Client) -> Outcome<String> {
    let answer = client.ask("GET", "/self-service/registration/api", None, None)?;
    expect(answer.status)?;
    action(&answer.body)
}

/// Path and query that a form is sent to.
fn action(form: &[u8]) -> Outcome<String> {
    // Searched, not parsed: the generator shares the processors with what it measures.
    let text = String::from_utf8_lossy(form);
    let action = text.split_once("\"action\":\"").and_then(|(_, rest)| rest.split_once('"'));
    let path = action.and_then(|(action, _)| action.find("/self-service/").map(|at| action[at..].to_owned()));
    path.ok_or_else(|| "the form has no action".to_owned())
}

/// Sends it; the session's token.
fn finish(client: &mut Client, action: &str) -> Outcome<String> {
    let person = PEOPLE.fetch_add(1, Ordering::Relaxed);
    let form = json!({ "method": "password", "password": PASSWORD, "traits": { "email": format!("p{person}@bench.example") } });
    let answer = client.ask("POST", action, None, Some(&form.to_string()))?;
    expect(answer.status)?;
    let answer: Value = serde_json::from_slice(&answer.body).map_err(|error| error.to_string())?;
    answer["session_token"].as_str().map(str::to_owned).ok_or_else(|| "the sign-up gave no token".to_owned())
}

fn sign_up(client: &mut Client) -> Outcome<String> {
    let action = begin(client)?;
    finish(client, &action)
}

fn expect(status: u16) -> Outcome {
    if status == 200 { Ok(()) } else { Err(format!("answered {status} instead of 200")) }
}

#[cfg(test)]
mod tests {
    use super::means;

    #[test]
    fn only_the_lines_of_threads_are_read() {
        let text = "argon2id, 19456 KiB, t = 2, p = 1\nthread   best   mean  worst (ms)\n     1   19.1   20.5   25.0\n     2   19.0   21.5   26.0\nabout 95 hashes a second\n";
        assert_eq!(means(text), [20.5, 21.5]);
    }
}
