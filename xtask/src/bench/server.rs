//! The measured server: started on 127.0.0.1 with a folder of its own, ended with it, and what it used of the machine.

use super::http::Client;
use crate::Outcome;
use crate::workspace::output;
use serde_json::{Value, json};
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Linux counts a process' time in hundredths of a second, on every machine (proc_pid_stat(5), `USER_HZ`).
const TICK: f64 = 0.01;
const PATIENCE: Duration = Duration::from_secs(30);

/// A folder, three free ports, and a configuration; goes with its last server.
pub(super) struct Site {
    folder: tempfile::TempDir,
    binary: PathBuf,
    /// Whether `vestibule.limits` are on.
    limits: bool,
    pub(super) public: SocketAddr,
    pub(super) admin: SocketAddr,
    pub(super) console: SocketAddr,
}

pub(super) struct Server<'a> {
    site: &'a Site,
    child: Child,
    /// From exec to the first 200 of `/health/ready`.
    pub(super) ready_after: Duration,
}

impl Site {
    pub(super) fn new(binary: &Path, limits: bool) -> Outcome<Self> {
        let folder = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
        // All are held at once, so that they differ.
        let held: Vec<TcpListener> = (0..3)
            .map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
            .collect::<Result<_, _>>()
            .map_err(|error| format!("no free port: {error}"))?;
        let ports: Vec<SocketAddr> = held
            .iter()
            .map(TcpListener::local_addr)
            .collect::<Result<_, _>>()
            .map_err(|error| format!("no free port: {error}"))?;
        let (binary, [public, admin, console]) = (binary.to_owned(), [ports[0], ports[1], ports[2]]);
        let site = Self { folder, binary, limits, public, admin, console };
        site.configure(0, false)?;
        Ok(site)
    }

    /// The starter's values for all that costs time. The schema `static` answers `padding` bytes more than it needs,
    /// so that it can be made as long as what it is compared with. `proof`: addresses are to be proven, by mail that
    /// nobody takes.
    pub(super) fn configure(&self, padding: usize, proof: bool) -> Outcome {
        self.write(self.usual(padding, proof))
    }

    /// Addresses are to be proven, by mail that waits longer than any bench: `prevent_enumeration` as it says. The hash is the cheapest
    /// there is: each sign-up makes one, and what its time scatters would hide what is looked for.
    pub(super) fn configure_proof(&self, prevent_enumeration: bool) -> Outcome {
        let mut config = self.usual(0, true);
        config["vestibule"]["registration"] = json!({ "prevent_enumeration": prevent_enumeration });
        config["courier"]["worker"] = json!({ "pull_wait": "24h" });
        self.write_cheap(config)
    }

    /// Sign-ups that cost little.
    pub(super) fn configure_cheap(&self) -> Outcome {
        self.write_cheap(self.usual(0, false))
    }

    fn write_cheap(&self, mut config: Value) -> Outcome {
        config["hashers"]["argon2"] = json!({ "memory": "8KB", "iterations": 1, "parallelism": 1 });
        self.write(config)
    }

    /// Sign-up through the provider `bench` at that address.
    pub(super) fn configure_provider(&self, issuer: &str, client: &str) -> Outcome {
        let mut config = self.usual(0, false);
        config["selfservice"]["allowed_return_urls"] = json!(["app://bench"]);
        config["selfservice"]["methods"]["oidc"] = json!({ "enabled": true, "config": { "providers": [{
            "id": "bench", "provider": "generic", "client_id": client, "client_secret": "of the bench",
            "issuer_url": issuer, "mapper_url": "preset://mapper",
        }] } });
        self.write(config)
    }

    /// The limits that a server has unless they are configured.
    pub(super) fn configure_floods(&self) -> Outcome {
        let mut config = self.usual(0, false);
        config["vestibule"]["limits"] = json!({ "enabled": self.limits });
        self.write(config)
    }

    /// The SQLite file with its WAL, in MB of 10^6 bytes.
    pub(super) fn database(&self) -> Outcome<f64> {
        let data = self.folder.path().join("data");
        let failed = |error: std::io::Error| format!("{}: {error}", data.display());
        let mut bytes = 0;
        for file in std::fs::read_dir(&data).map_err(failed)? {
            let file = file.map_err(failed)?;
            if file.file_name().to_string_lossy().starts_with("vestibule.sqlite") {
                bytes += file.metadata().map_err(failed)?.len();
            }
        }
        Ok(bytes as f64 / 1e6)
    }

    fn usual(&self, padding: usize, proof: bool) -> Value {
        let listener = |address: SocketAddr| json!({ "host": "127.0.0.1", "port": address.port(), "base_url": format!("http://{address}/") });
        json!({
            "serve": { "public": listener(self.public), "admin": listener(self.admin) },
            // All of a bench is one client. What a limit costs is measured, what it refuses is not.
            "vestibule": { "console": listener(self.console), "limits": {
                "enabled": self.limits,
                "flows": { "per_client": 100_000_000 }, "sign_ups": { "per_client": 10_000_000 },
                "emails": { "per_client": 1_000_000, "total": 100_000_000 },
            } },
            "identity": { "default_schema_id": "default", "schemas": [
                { "id": "default", "url": "preset://email" },
                { "id": "static", "url": format!("base64://{}", base64(&schema(padding).to_string())) },
            ] },
            "selfservice": {
                "methods": { "password": { "enabled": true, "config": { "haveibeenpwned_enabled": false } } },
                "flows": { "registration": { "enabled": true, "after": { "password": { "hooks": [{ "hook": "session" }] } } }, "verification": { "enabled": proof } },
            },
            "courier": { "smtp": { "connection_uri": "smtp://127.0.0.1:9/?disable_starttls=true" } },
            "hashers": { "algorithm": "argon2", "argon2": { "memory": "19MB", "iterations": 2, "parallelism": 1 } },
            "log": { "level": "warning" },
        })
    }

    fn write(&self, config: Value) -> Outcome {
        let file = self.configuration();
        std::fs::write(&file, config.to_string()).map_err(|error| format!("{}: {error}", file.display()))
    }

    fn configuration(&self) -> PathBuf {
        self.folder.path().join("bench.json")
    }

    /// The program with this site's configuration and data.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command
            // What a person has set for a server of theirs is not to be measured.
            .env_clear()
            .current_dir(self.folder.path())
            .args(arguments)
            .arg("--config")
            .arg(self.configuration())
            .arg("--data")
            .arg(self.folder.path().join("data"));
        command
    }

    pub(super) fn start(&self) -> Outcome<Server<'_>> {
        let log = self.folder.path().join("log");
        let log = File::create(&log).map_err(|error| format!("{}: {error}", log.display()))?;
        let mut command = self.command(&["serve"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let begun = Instant::now();
        let child = command.spawn().map_err(|error| format!("the server could not be started: {error}"))?;
        let mut server = Server { site: self, child, ready_after: Duration::ZERO };
        let mut client = Client::new(self.public);
        while !client.ask("GET", "/health/ready", None, None).is_ok_and(|answer| answer.status == 200) {
            let ended = server.child.try_wait().map_err(|error| error.to_string())?;
            if ended.is_some() || begun.elapsed() > PATIENCE {
                return Err(format!("the server did not become ready: {}", self.said()));
            }
            // Asking without a pause would take the processor from the one that is to start.
            std::thread::sleep(Duration::from_micros(200));
        }
        server.ready_after = begun.elapsed();
        Ok(server)
    }

    /// Makes an account with that address, by the admin API.
    pub(super) fn account(&self, client: &mut Client, email: &str) -> Outcome {
        let person = json!({ "traits": { "email": email } }).to_string();
        match client.ask("POST", "/admin/identities", None, Some(&person))?.status {
            201 => Ok(()),
            status => Err(format!("an account could not be made: {status}")),
        }
    }

    /// An owner for the console.
    pub(super) fn operator(&self, email: &str, password: &str) -> Outcome {
        use std::io::Write;
        let mut command =
            self.command(&["operator", "create", "--email", email, "--name", "Olga", "--password-stdin"]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| format!("no operator: {error}"))?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(password.as_bytes()).map_err(|error| format!("no operator: {error}"))?;
        }
        let status = child.wait().map_err(|error| format!("no operator: {error}"))?;
        if status.success() { Ok(()) } else { Err("`vestibule operator create` failed, see above".into()) }
    }

    fn said(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Server<'_> {
    /// As an administrator would, and waits for it.
    pub(super) fn stop(mut self) -> Outcome {
        let pid = self.child.id().to_string();
        output(Command::new("kill").args(["-TERM", &pid]))?;
        let status = self.child.wait().map_err(|error| error.to_string())?;
        if status.success() {
            Ok(())
        } else {
            Err(format!("the server ended with {status}: {}", self.site.said()))
        }
    }

    /// `VmRSS` (now) or `VmHWM` (the most so far), in MB of 10^6 bytes.
    pub(super) fn memory(&self, line: &str) -> Outcome<f64> {
        let text = proc_file(&format!("{}/status", self.child.id()))?;
        text.lines()
            .find_map(|text| text.strip_prefix(line)?.strip_prefix(':')?.split_whitespace().next())
            .and_then(|kib| kib.parse::<f64>().ok())
            .map(|kib| kib * 1024.0 / 1e6)
            .ok_or_else(|| format!("/proc/…/status has no {line}"))
    }

    pub(super) fn usage(&self) -> Outcome<Usage> {
        let machine = proc_file("stat")?;
        let (busy, total) = machine_time(&machine).ok_or("/proc/stat cannot be read")?;
        let own = process_time(&proc_file("self/stat")?).ok_or("/proc/self/stat cannot be read")?;
        let server = process_time(&proc_file(&format!("{}/stat", self.child.id()))?)
            .ok_or("/proc/…/stat cannot be read")?;
        Ok(Usage { server: server.0, of_children: server.1, own: own.0 + own.1, busy, total })
    }
}

impl Drop for Server<'_> {
    /// For when something went wrong in between; after `stop` there is nothing left to end.
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Seconds of processor time since the start of each.
#[derive(Clone, Copy)]
pub(super) struct Usage {
    server: f64,
    /// Processes that the server started and that have ended.
    of_children: f64,
    /// The load generator and what it waited for.
    own: f64,
    busy: f64,
    total: f64,
}

impl Usage {
    pub(super) fn server_since(&self, earlier: &Usage) -> f64 {
        self.server - earlier.server
    }

    pub(super) fn server_and_children_since(&self, earlier: &Usage) -> f64 {
        self.server_since(earlier) + self.of_children - earlier.of_children
    }

    /// Processor time of this program, in seconds.
    pub(super) fn own_since(&self, earlier: &Usage) -> f64 {
        self.own - earlier.own
    }

    /// Which share of the machine neither server nor generator used, nor was idle.
    pub(super) fn others_since(&self, earlier: &Usage) -> f64 {
        let ours = self.server_and_children_since(earlier) + self.own - earlier.own;
        ((self.busy - earlier.busy - ours) / (self.total - earlier.total).max(TICK)).max(0.0)
    }
}

/// The processor time of all children that have ended, in seconds.
pub(super) fn time_of_children() -> Outcome<f64> {
    Ok(process_time(&proc_file("self/stat")?).ok_or("/proc/self/stat cannot be read")?.1)
}

fn proc_file(path: &str) -> Outcome<String> {
    std::fs::read_to_string(Path::new("/proc").join(path)).map_err(|error| {
        format!("/proc/{path}: {error}. The bench reads processor times there and needs Linux")
    })
}

/// Connections to any listener of this machine that Linux dropped because the program had not accepted those before. Their clients
/// send again after 1 second.
pub(super) fn dropped_connections() -> Outcome<u64> {
    listen_overflows(&proc_file("net/netstat")?)
        .ok_or_else(|| "/proc/net/netstat has no ListenOverflows".into())
}

/// The file has a line of names and a line of numbers for each protocol.
fn listen_overflows(netstat: &str) -> Option<u64> {
    let mut lines = netstat.lines().filter_map(|line| line.strip_prefix("TcpExt:"));
    let place = lines.next()?.split_whitespace().position(|name| name == "ListenOverflows")?;
    lines.next()?.split_whitespace().nth(place)?.parse().ok()
}

/// (own, of ended children), from `/proc/PID/stat`: fields 14 to 17, counted behind the name, which may hold spaces.
fn process_time(stat: &str) -> Option<(f64, f64)> {
    let fields: Vec<f64> = stat
        .rsplit_once(')')?
        .1
        .split_whitespace()
        .skip(11)
        .take(4)
        .map(|field| field.parse::<f64>().map(|ticks| ticks * TICK))
        .collect::<Result<_, _>>()
        .ok()?;
    match fields[..] {
        [user, system, of_children, system_of_children] => {
            Some((user + system, of_children + system_of_children))
        }
        _ => None,
    }
}

/// (busy, all), from the first line of `/proc/stat`: user nice system idle iowait irq softirq steal.
fn machine_time(stat: &str) -> Option<(f64, f64)> {
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    let fields: Vec<f64> = line
        .split_whitespace()
        .take(8)
        .map(|field| field.parse::<f64>().map(|ticks| ticks * TICK))
        .collect::<Result<_, _>>()
        .ok()?;
    let total: f64 = fields.iter().sum();
    let idle = fields.get(3)? + fields.get(4)?;
    Some((total - idle, total))
}

fn schema(padding: usize) -> Value {
    json!({
        "$id": "https://bench.example/static.json",
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Static",
        "description": "x".repeat(padding),
        "type": "object",
        "properties": { "traits": { "type": "object", "properties": { "email": {
            "type": "string", "format": "email", "title": "E-Mail",
            "ory.sh/kratos": { "credentials": { "password": { "identifier": true } } },
        } } } },
    })
}

/// Unpadded length does not matter to the reader; the alphabet does (RFC 4648, 4).
fn base64(text: &str) -> String {
    encoded(text.as_bytes())
}

/// As tokens have it (RFC 4648, 5), without padding.
pub(super) fn base64url(bytes: &[u8]) -> String {
    encoded(bytes).replace('+', "-").replace('/', "_").trim_end_matches('=').to_owned()
}

fn encoded(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut encoded = String::new();
    for chunk in bytes.chunks(3) {
        let bits =
            chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            if place <= chunk.len() {
                encoded.push(char::from(ALPHABET[(bits >> (18 - 6 * place) & 63) as usize]));
            } else {
                encoded.push('=');
            }
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::{base64, base64url, listen_overflows, machine_time, process_time};

    #[test]
    fn times_of_a_process_are_read_behind_its_name() {
        let stat = "7 (a (b) c) S 1 7 7 0 -1 4194560 100 200 0 0 150 50 30 20 20 0 4 0 99 1 2";
        assert_eq!(process_time(stat), Some((2.0, 0.5)));
        assert_eq!(process_time("7 (a) S 1"), None);
    }

    #[test]
    fn waiting_is_not_busy() {
        assert_eq!(machine_time("cpu  100 0 100 700 100 0 0 0 0 0\ncpu0 1"), Some((2.0, 10.0)));
    }

    #[test]
    fn overflows_are_found_by_their_name() {
        let netstat = "TcpExt: SyncookiesSent ListenOverflows ListenDrops\nTcpExt: 1 480 481\nIpExt: InNoRoutes\nIpExt: 2\n";
        assert_eq!(listen_overflows(netstat), Some(480));
        assert_eq!(listen_overflows("IpExt: InNoRoutes\nIpExt: 2\n"), None);
    }

    #[test]
    fn base64_has_its_padding() {
        assert_eq!(["", "f", "fo", "foo", "foob"].map(base64), ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg=="]);
        assert_eq!(base64url(&[0xfb, 0xff]), "-_8");
    }
}
