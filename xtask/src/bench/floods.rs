//! Floods: automated clients send more than the server can take, one kind of flood after the other. Meanwhile this program checks the
//! health of all three listeners. The server has its default limits. Each client of a flood has an address of its own in 127.0.0.0/8.

use super::http::{Client, connected};
use super::load::{Load, at_once};
use super::server::{Server, Site, dropped_connections};
use super::table::{Goal, Table};
use super::{PASSWORD, action, begin, expect};
use crate::Outcome;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const CHECK_EVERY: Duration = Duration::from_millis(20);
/// A health check without a response after this time has failed.
const CHECK_PATIENCE: Duration = Duration::from_secs(2);
/// No flood lasts longer than this: the checks end then in any case.
const LONGEST: Duration = Duration::from_secs(180);
/// The checks alone, to compare with.
const REST: Duration = Duration::from_secs(3);

const HALF_SENT: usize = 2000;
const HALF_SENT_CLIENTS: usize = 20;
/// Longer than the server's deadline for a head (15 s), and shorter than the one for a body (60 s).
const HOLD: Duration = Duration::from_secs(18);
/// Opening the connections ends after this time, however many are open.
const OPENING: Duration = Duration::from_secs(30);

const GUESSERS: usize = 200;
const GUESSED: &str = "guessed@bench.example";

const PREFACES: usize = 2000;
const PREFACE_CLIENTS: usize = 16;
/// Streams that each connection opens and resets.
const STREAMS: u32 = 100;
/// A connection that is open after this time counts as not closed.
const CLOSING: Duration = Duration::from_secs(5);

const FORMS: usize = 10_000;
const FORM_CLIENTS: usize = 32;
const FORM_TIME: Duration = Duration::from_secs(60);
/// The default of `vestibule.limits.requests.self_service_body`.
const LARGEST: usize = 256 * 1024;

/// Files that this program has open beside the connections of a flood.
const OTHER_FILES: u64 = 500;

/// Ends of requests, by what they were: `form 200`, `guess 429`, `guess failed`.
type Counts = BTreeMap<String, usize>;

pub(super) fn run(site: &Site, time: Duration, table: &mut Table) -> Outcome {
    site.configure_floods()?;
    let server = site.start()?;
    // After the start: the server is to have the limit that it would have without this program.
    raise_open_files()?;
    let mut watch = Watch { site, server: &server, table };
    watch.during("no flood", || {
        std::thread::sleep(REST);
        Ok(())
    })?;

    let half = watch.during("half-sent requests", || half_sent(site.public))?;
    watch.count("half-sent requests: connections opened", half.opened, Goal::None);
    let seconds = HOLD.as_secs();
    watch.count(format!("half-sent heads still open after {seconds} s"), half.heads, Goal::AtMost(0.0));
    watch.count(format!("half-sent bodies still open after {seconds} s"), half.bodies, Goal::None);

    sign_up(site.public)?;
    let guesses = watch.during("guesses", || Ok(guess(site.public, time)))?;
    watch.counts("guesses", guesses);

    let closed = watch.during("HTTP/2 frames", || http_2(site.public, time))?;
    watch.count("HTTP/2 frames: connections closed", closed.times.count(), Goal::None);
    let open = format!("HTTP/2 frames: connections open after {} s", CLOSING.as_secs());
    watch.count(open, closed.open, Goal::AtMost(0.0));
    watch.count("HTTP/2 frames: connections with a response", closed.responses, Goal::None);
    watch.count("HTTP/2 frames: connections that failed", closed.failed, Goal::None);
    let p99 = closed.times.percentile(0.99);
    watch.table.row("floods: HTTP/2 frames: time to close, p99", p99, "ms", Goal::None, "", None);

    let forms = watch.during("largest forms", || largest_forms(site.public))?;
    watch.counts("largest forms", forms);
    server.stop()
}

/// Runs floods, checks health meanwhile, and adds rows.
struct Watch<'a> {
    site: &'a Site,
    server: &'a Server<'a>,
    table: &'a mut Table,
}

impl Watch<'_> {
    fn during<T>(&mut self, name: &str, flood: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
        let listeners =
            [("public", self.site.public), ("admin", self.site.admin), ("console", self.site.console)];
        let (before, begun, stop) = (self.server.usage()?, Instant::now(), AtomicBool::new(false));
        let (stop, dropped) = (&stop, dropped_connections()?);
        let (outcome, checks) = std::thread::scope(|scope| {
            let threads = listeners.map(|(_, address)| scope.spawn(move || check(address, stop)));
            let outcome = flood();
            stop.store(true, Ordering::Relaxed);
            let joined =
                threads.map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            (outcome, joined)
        });
        let (after, elapsed) = (self.server.usage()?, begun.elapsed());
        let outcome = outcome?;
        let dropped = dropped_connections()?.saturating_sub(dropped);
        let others = Some(after.others_since(&before));
        let mut row = |what: &str, value: f64, unit: &str, goal: Goal| {
            self.table.row(format!("floods: {name}: {what}"), value, unit, goal, "", others);
        };
        let mut failed = 0;
        for ((listener, _), checks) in listeners.iter().zip(checks) {
            failed += checks.failed;
            let slowest = checks.slowest.as_secs_f64() * 1e3;
            let p99 = Load::new(elapsed, vec![Ok(checks.times)])?.percentile(0.99);
            row(&format!("health of {listener}, p99"), p99, "ms", Goal::AtMost(100.0));
            row(&format!("health of {listener}, slowest check"), slowest, "ms", Goal::None);
        }
        row("health checks that failed", failed as f64, "", Goal::None);
        row("connections dropped by a full accept queue", dropped as f64, "", Goal::None);
        let generator = after.own_since(&before) / elapsed.as_secs_f64() * 100.0;
        row("the generator's share of one processor", generator, "%", Goal::None);
        let server = after.server_since(&before) / elapsed.as_secs_f64() * 100.0;
        row("the server's share of one processor", server, "%", Goal::None);
        row("resident memory, the most so far", self.server.memory("VmHWM")?, "MB", Goal::AtMost(200.0));
        row("database with WAL at the end", self.site.database()?, "MB", Goal::AtMost(100.0));
        Ok(outcome)
    }

    fn count(&mut self, what: impl AsRef<str>, count: usize, goal: Goal) {
        self.table.row(format!("floods: {}", what.as_ref()), count as f64, "", goal, "", None);
    }

    fn counts(&mut self, name: &str, counts: Counts) {
        for (end, count) in counts {
            self.count(format!("{name}: {end}"), count, Goal::None);
        }
    }
}

#[derive(Default)]
struct Checks {
    /// From when each check was due.
    times: Vec<Duration>,
    /// From when the check began.
    slowest: Duration,
    failed: usize,
}

/// Each check has a new connection, as those of an orchestrator have. It counts from when it was due: one slow check delays the
/// following ones, so that a single pause of 1 second is 50 of the times.
fn check(address: SocketAddr, stop: &AtomicBool) -> Checks {
    let (begun, mut checks) = (Instant::now(), Checks::default());
    let mut due = begun;
    while !stop.load(Ordering::Relaxed) && begun.elapsed() < LONGEST {
        let mut client = Client::new(address).patience(CHECK_PATIENCE);
        let asked = Instant::now();
        let alive = client.ask("GET", "/health/alive", None, None).is_ok_and(|answer| answer.status == 200);
        checks.slowest = checks.slowest.max(asked.elapsed());
        if alive {
            checks.times.push(due.elapsed());
        } else {
            checks.failed += 1;
            checks.times.push(due.elapsed().max(CHECK_PATIENCE));
        }
        due += CHECK_EVERY;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    checks
}

struct HalfSent {
    opened: usize,
    /// Connections with half a head, or half a body, that the server has not closed.
    heads: usize,
    bodies: usize,
}

fn half_sent(address: SocketAddr) -> Outcome<HalfSent> {
    let action = begin(&mut Client::new(address).from(source(1, 0)))?;
    let start = format!("POST {action} HTTP/1.1\r\nHost: {address}\r\nAccept: application/json\r\n");
    let head = format!("{start}X-Half: ");
    let body = format!(
        "{start}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{\"method\":\"{}",
        "x".repeat(500)
    );
    let begun = Instant::now();
    let mut streams: Vec<(bool, TcpStream)> = Vec::new();
    for number in 0..HALF_SENT {
        if begun.elapsed() > OPENING {
            break;
        }
        let is_head = number % 2 == 0;
        let client = source(1, number % HALF_SENT_CLIENTS);
        let Ok(mut stream) = connected(Some(client), address, CHECK_PATIENCE) else { continue };
        if stream.write_all(if is_head { &head } else { &body }.as_bytes()).is_ok() {
            streams.push((is_head, stream));
        }
    }
    std::thread::sleep(HOLD);
    let mut half = HalfSent { opened: streams.len(), heads: 0, bodies: 0 };
    for (is_head, mut stream) in streams {
        if is_open(&mut stream) {
            *if is_head { &mut half.heads } else { &mut half.bodies } += 1;
        }
    }
    Ok(half)
}

/// Whether the server has closed nothing. Reads the response that may have come before the end.
fn is_open(stream: &mut TcpStream) -> bool {
    if stream.set_nonblocking(true).is_err() {
        return false;
    }
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return false,
            Ok(_) => {}
            Err(error) => return error.kind() == ErrorKind::WouldBlock,
        }
    }
}

/// The account whose password is guessed.
fn sign_up(address: SocketAddr) -> Outcome {
    let mut client = Client::new(address);
    let action = begin(&mut client)?;
    let form = json!({ "method": "password", "password": PASSWORD, "traits": { "email": GUESSED } });
    expect(client.ask("POST", &action, None, Some(&form.to_string()))?.status)
}

/// Each client takes no notice of `Retry-After`.
fn guess(address: SocketAddr, time: Duration) -> Counts {
    let begun = Instant::now();
    let parts = at_once(GUESSERS, |number| {
        let mut client = Client::new(address).from(source(2, number));
        let mut counts = Counts::new();
        let mut guess = 0;
        while begun.elapsed() < time {
            guess += 1;
            let password = format!("wrong {number} of {guess}");
            let form = json!({ "method": "password", "identifier": GUESSED, "password": password });
            send(&mut client, &mut counts, "login", "guess", &form.to_string());
        }
        counts
    });
    sum(parts)
}

/// Starts a form and sends it with that body.
fn send(client: &mut Client, counts: &mut Counts, flow: &str, what: &str, body: &str) {
    let mut count = |what: &str, end: &str| *counts.entry(format!("{what} {end}")).or_default() += 1;
    let Ok(form) = client.ask("GET", &format!("/self-service/{flow}/api"), None, None) else {
        return count("form", "failed");
    };
    let Ok(action) = action(&form.body) else { return count("form", &form.status.to_string()) };
    match client.ask("POST", &action, None, Some(body)) {
        Ok(answer) => count(what, &answer.status.to_string()),
        Err(_) => count(what, "failed"),
    }
}

fn sum(parts: Vec<Counts>) -> Counts {
    let mut all = Counts::new();
    for (end, count) in parts.into_iter().flatten() {
        *all.entry(end).or_default() += count;
    }
    all
}

struct Closed {
    times: Load,
    open: usize,
    responses: usize,
    failed: usize,
}

enum End {
    Closed { after: Duration, response: bool },
    Open,
    Failed,
}

fn http_2(address: SocketAddr, time: Duration) -> Outcome<Closed> {
    let (next, begun, sent) = (AtomicUsize::new(0), Instant::now(), frames());
    let parts = at_once(PREFACE_CLIENTS, |number| {
        let mut ends = Vec::new();
        while begun.elapsed() < time && next.fetch_add(1, Ordering::Relaxed) < PREFACES {
            ends.push(preface(source(3, number), address, &sent));
        }
        ends
    });
    let (mut times, mut open, mut responses, mut failed) = (Vec::new(), 0, 0, 0);
    for end in parts.into_iter().flatten() {
        match end {
            End::Closed { after, response } => {
                times.push(after);
                responses += usize::from(response);
            }
            End::Open => open += 1,
            End::Failed => failed += 1,
        }
    }
    Ok(Closed { times: Load::new(begun.elapsed(), vec![Ok(times)])?, open, responses, failed })
}

fn preface(client: Ipv4Addr, address: SocketAddr, sent: &[u8]) -> End {
    let begun = Instant::now();
    let Ok(mut stream) = connected(Some(client), address, CLOSING) else { return End::Failed };
    // The server may close before it has read all: reading tells.
    let _ = stream.write_all(sent);
    let (mut buffer, mut response) = ([0; 1024], false);
    while begun.elapsed() < CLOSING {
        match stream.read(&mut buffer) {
            Ok(0) => return End::Closed { after: begun.elapsed(), response },
            Ok(_) => response = true,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return End::Open;
            }
            // The server closed without reading all.
            Err(_) => return End::Closed { after: begun.elapsed(), response },
        }
    }
    End::Open
}

/// The preface, empty SETTINGS, and streams that are opened and reset at once (RFC 9113, 3.4 and 6).
fn frames() -> Vec<u8> {
    const HEADERS: u8 = 1;
    const RST_STREAM: u8 = 3;
    const SETTINGS: u8 = 4;
    const END_STREAM_AND_HEADERS: u8 = 0x5;
    const CANCEL: [u8; 4] = [0, 0, 0, 8];
    /// `:method: GET`, `:scheme: http`, `:path: /` of the static table (RFC 7541, appendix A).
    const FIELDS: [u8; 3] = [0x82, 0x86, 0x84];
    let mut sent = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    let mut frame = |kind: u8, flags: u8, stream: u32, payload: &[u8]| {
        sent.extend([0, 0, payload.len() as u8, kind, flags]);
        sent.extend(stream.to_be_bytes());
        sent.extend(payload);
    };
    frame(SETTINGS, 0, 0, &[]);
    for stream in (1..2 * STREAMS).step_by(2) {
        frame(HEADERS, END_STREAM_AND_HEADERS, stream, &FIELDS);
        frame(RST_STREAM, 0, stream, &CANCEL);
    }
    sent
}

/// A new form for each body. The server refuses both bodies after it has read all of them.
fn largest_forms(address: SocketAddr) -> Outcome<Counts> {
    let bodies = [one_long_value(), many_values()];
    let (next, begun) = (AtomicUsize::new(0), Instant::now());
    let parts = at_once(FORM_CLIENTS, |number| {
        let mut client = Client::new(address).from(source(4, number));
        let mut counts = Counts::new();
        while begun.elapsed() < FORM_TIME {
            let form = next.fetch_add(1, Ordering::Relaxed);
            if form >= FORMS {
                break;
            }
            send(&mut client, &mut counts, "registration", "sign-up", &bodies[form % bodies.len()]);
        }
        counts
    });
    Ok(sum(parts))
}

/// A form of the largest size whose address is far too long.
fn one_long_value() -> String {
    largest(|padding| json!({ "method": "password", "password": PASSWORD, "traits": { "email": padding } }))
}

/// A form of the largest size with many traits, none of which is an address.
fn many_values() -> String {
    largest(|padding| {
        let mut traits = json!({ "email": "nobody", "padding": padding });
        for number in 0..900 {
            traits[format!("trait{number}")] = Value::from("y".repeat(256));
        }
        json!({ "method": "password", "password": PASSWORD, "traits": traits })
    })
}

fn largest(form: impl Fn(String) -> Value) -> String {
    let rest = LARGEST.saturating_sub(form(String::new()).to_string().len());
    form("x".repeat(rest)).to_string()
}

/// The address of a client. Each flood has a network of its own.
fn source(flood: u8, client: usize) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, flood, (client % 250) as u8 + 1)
}

/// Lets this program open as many files as a flood needs.
fn raise_open_files() -> Outcome {
    let needed = HALF_SENT as u64 + OTHER_FILES;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= needed) {
        return Ok(());
    }
    let raised = Rlimit { current: Some(needed), maximum: limit.maximum };
    setrlimit(Resource::Nofile, raised)
        .map_err(|error| format!("the bench needs {needed} open files, `ulimit -n` allows fewer: {error}"))
}

#[cfg(test)]
mod tests {
    use super::{LARGEST, STREAMS, frames, many_values, one_long_value, source};

    #[test]
    fn forms_have_the_largest_size() {
        assert_eq!([one_long_value().len(), many_values().len()], [LARGEST; 2]);
    }

    #[test]
    fn every_frame_has_the_length_that_it_says() {
        let sent = frames();
        let (mut rest, mut count) = (&sent[24..], 0);
        while let [high, middle, low, _kind, _flags, _, _, _, _, after @ ..] = rest {
            let length = usize::from(*high) << 16 | usize::from(*middle) << 8 | usize::from(*low);
            rest = &after[length..];
            count += 1;
        }
        assert_eq!((rest.len(), count), (0, 1 + 2 * STREAMS));
    }

    #[test]
    fn clients_have_addresses_of_loopback() {
        assert!((0..300).all(|client| source(4, client).is_loopback()));
        assert_ne!(source(1, 0), source(1, 199));
    }
}
