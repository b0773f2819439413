//! The real binary, started as a process in a folder of its own: what it prints, how it ends, what it leaves there.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "tests compare values as they are, and fail on a variant that they do not expect"
)]

mod configuration;
mod files;
mod installation;
mod kept_alive;
mod kratos;
mod limits;
mod log;
mod nodes;
mod operators;
mod output;
mod quickstarts;
mod secrets;
mod serving;
mod settings;
mod transfer;

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;
use tempfile::TempDir;

/// Five seconds is what the product promises; the rest is for a machine that is busy with other tests.
const END: Duration = Duration::from_secs(8);

const CREATE_ANN: [&str; 7] =
    ["operator", "create", "--email", "ann@example.org", "--name", "Ann", "--password-stdin"];

struct Place {
    folder: TempDir,
    ports: [u16; 3],
}

impl Place {
    fn new() -> Self {
        // All three are held at once, so they differ.
        let held = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        Self {
            folder: tempfile::tempdir().unwrap(),
            ports: held.map(|listener| listener.local_addr().unwrap().port()),
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        self.command_of(Path::new(env!("CARGO_BIN_EXE_vestibule")), arguments)
    }

    fn command_of(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path()).args(arguments).env_clear().stdin(Stdio::null());
        for (name, port) in ["SERVE_PUBLIC", "SERVE_ADMIN", "VESTIBULE_CONSOLE"].iter().zip(self.ports) {
            command
                .env(format!("{name}_HOST"), "127.0.0.1")
                .env(format!("{name}_PORT"), port.to_string())
                .env(format!("{name}_BASE_URL"), format!("http://127.0.0.1:{port}/"));
        }
        command
    }

    /// By a user who owns nothing here: root could read and write all the same.
    fn command_of_nobody(&self, arguments: &[&str]) -> Command {
        if !rustix::process::geteuid().is_root() {
            return self.command(arguments);
        }
        set_mode(self.folder.path(), 0o755);
        // Another user may not be able to reach the program where it was built.
        let program = self.folder.path().join("vestibule");
        // A copy onto an older link would write into the program itself.
        let _ = std::fs::remove_file(&program);
        if std::fs::hard_link(env!("CARGO_BIN_EXE_vestibule"), &program).is_err() {
            std::fs::copy(env!("CARGO_BIN_EXE_vestibule"), &program).unwrap();
        }
        let mut command = self.command_of(&program, arguments);
        command.uid(65534).gid(65534);
        command
    }

    /// An installation begins, and nothing serves it.
    #[track_caller]
    fn begin(&self) {
        let output = self.run(&["migrate"]);
        assert!(output.status.success(), "{}", text(&output.stderr));
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn run_with_input(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    /// Returns when the process says that it is ready.
    #[track_caller]
    fn serve(&self) -> Serving {
        Self::serving(self.command(&["serve"]))
    }

    #[track_caller]
    fn serving(mut command: Command) -> Serving {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = child.stderr.take().unwrap();
        // Read at all times, or a full pipe would stop the process.
        let log = std::thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).unwrap();
            text
        });
        let mut printed = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        while !printed.contains("Admin API") {
            if stdout.read_line(&mut printed).unwrap() == 0 {
                let status = child.wait().unwrap();
                panic!("it ended with {status} before it was ready: {printed}{}", log.join().unwrap());
            }
        }
        Serving { child: Some(child), stdout, printed, log: Some(log) }
    }
}

struct Serving {
    child: Option<Child>,
    stdout: BufReader<ChildStdout>,
    printed: String,
    log: Option<JoinHandle<String>>,
}

struct Ended {
    status: ExitStatus,
    printed: String,
    log: String,
}

impl Serving {
    /// Sends SIGTERM and waits, at most [`END`].
    #[track_caller]
    fn terminate(mut self) -> Ended {
        let mut child = self.child.take().unwrap();
        let id = child.id().to_string();
        let kill = |signal: &str| Command::new("kill").args([signal, &id]).status().unwrap();
        assert!(kill("-TERM").success());
        let (done, wait) = mpsc::channel();
        std::thread::spawn(move || done.send(child.wait()));
        let Ok(status) = wait.recv_timeout(END) else {
            kill("-KILL");
            panic!("SIGTERM did not end it within {END:?}");
        };
        self.stdout.read_to_string(&mut self.printed).unwrap();
        let printed = std::mem::take(&mut self.printed);
        Ended { status: status.unwrap(), printed, log: self.log.take().unwrap().join().unwrap() }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // A test that failed half-way leaves no process behind.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Status line and everything after it.
fn get(port: u16, path: &str) -> String {
    ask(port, "GET", path, &[], "")
}

fn ask(port: u16, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(END)).unwrap();
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The JSON after the head, as far as a test needs it.
fn document(answer: &str) -> Value {
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    let (start, end) = (body.find('{').unwrap(), body.rfind('}').unwrap());
    serde_json::from_str(&body[start..=end]).unwrap()
}

/// The value of a cookie that an answer sets.
fn cookie<'a>(answer: &'a str, name: &str) -> &'a str {
    let (_, rest) = answer.split_once(&format!("{name}=")).unwrap();
    rest.split(';').next().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn mode(file: &Path) -> u32 {
    std::fs::metadata(file).unwrap().permissions().mode() & 0o777
}

#[test]
fn version_is_the_crates() {
    let output = Place::new().run(&["version"]);
    assert!(output.status.success());
    assert!(text(&output.stdout).starts_with(concat!("vestibule ", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn help_tells_exit_codes_and_examples() {
    let help = text(&Place::new().run(&["--help"]).stdout);
    for wanted in ["Exit codes:", "Examples:", "--config", "--data", "operator", "hash-bench"] {
        assert!(help.contains(wanted), "{wanted} is missing in:\n{help}");
    }
}

#[test]
fn an_unknown_command_is_exit_code_2() {
    assert_eq!(Place::new().run(&["sevre"]).status.code(), Some(2));
}

#[test]
fn hash_bench_says_what_a_hash_costs() {
    let output = Place::new().run(&["hash-bench", "--count", "1", "--threads", "1"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("hashes per second"));
}
