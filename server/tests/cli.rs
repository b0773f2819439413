//! The real binary, started as a process in a folder of its own: what it prints, how it ends, what it leaves there.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

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
fn all_problems_of_a_configuration_are_told_at_once() {
    let place = Place::new();
    place.write(
        "kratos.yml",
        "selfservice:
  flows:
    login:
      lifespan: soon
  methods:
    password:
      enabled: perhaps
",
    );
    let output = place.run(&["config", "check", "--config", "kratos.yml"]);
    assert_eq!(output.status.code(), Some(3));
    let stderr = text(&output.stderr);
    let keys = ["selfservice.flows.login.lifespan", "selfservice.methods.password.enabled"];
    for wanted in ["kratos.yml", keys[0], keys[1], "Write instead: "] {
        assert!(stderr.contains(wanted), "{wanted} is missing in:\n{stderr}");
    }
    // Whoever starts the server with it reads the same.
    let serve = place.run(&["serve", "--config", "kratos.yml"]);
    assert_eq!((serve.status.code(), text(&serve.stderr)), (Some(3), stderr));
}

#[test]
fn the_starter_configuration_holds() {
    let output = Place::new().run(&["config", "check"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
}

#[test]
fn the_reference_page_in_the_documents_is_todays() {
    let output = Place::new().run(&["config", "reference"]);
    let page =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md")).unwrap();
    assert!(text(&output.stdout) == page, "run `vestibule config reference > docs/configuration.md`");
}

#[test]
fn config_print_masks_secrets() {
    let place = Place::new();
    let secret = "a-secret-of-thirty-two-characters";
    let starter = place.run(&["config", "print", "--with-secrets"]);
    place.write("starter.yml", &text(&starter.stdout));
    place.write("secret.yml", &format!("secrets:\n  cookie:\n    - {secret}\n"));
    let print = |more: &[&str]| {
        let files = ["config", "print", "--config", "starter.yml", "--config", "secret.yml"];
        let output = place.run(&[&files, more].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    assert!(!print(&[]).contains(secret));
    assert!(print(&["--with-secrets"]).contains(secret));
}

#[test]
fn it_serves_and_ends_with_success_on_sigterm() {
    let place = Place::new();
    let serving = place.serve();
    for port in &place.ports[..2] {
        let answer = get(*port, "/health/ready");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    let ended = serving.terminate();
    assert!(ended.status.success(), "{}: {}", ended.status, ended.log);
}

#[test]
fn a_client_that_never_finishes_does_not_hold_up_the_end() {
    let place = Place::new();
    let serving = place.serve();
    let mut half = TcpStream::connect(("127.0.0.1", place.ports[0])).unwrap();
    half.write_all(
        b"POST /self-service/registration HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99\r\n\r\nhalf",
    )
    .unwrap();
    // Once this is answered, the connection before it has been accepted too.
    get(place.ports[0], "/health/alive");
    let ended = serving.terminate();
    assert!(ended.status.success(), "{}: {}", ended.status, ended.log);
}

#[test]
fn the_set_up_link_goes_to_a_closed_file_and_to_no_log() {
    let place = Place::new();
    let ended = place.serve().terminate();
    let file = place.data().join("setup-link");
    let link = std::fs::read_to_string(&file).unwrap();
    let secret = link.trim().split_once("secret=").unwrap().1;
    assert!(secret.len() >= 20, "{link}");
    assert_eq!(mode(&file), 0o600);
    assert_eq!(mode(&place.data()), 0o700);
    assert!(ended.log.contains("setup-link"), "{}", ended.log);
    assert!(!ended.log.contains(secret) && !ended.printed.contains(secret));
}

#[test]
fn no_secret_that_was_used_is_in_the_log() {
    const DEFAULT: &str = "the-default-secret-of-this-test";
    const ADMIN: &str = "the-token-of-the-administrator";
    const PASSWORD: &str = "quiet copper meadow 73";
    const WRONG: &str = "loud iron mountain 37";
    const OPERATOR: &str = "velvet lantern harbour 41";
    const HASH: &str =
        "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$QmFzZTY0QmFzZTY0QmFzZTY0QmFzZTY0QmFzZTY0QmFzZTY";
    const JSON: (&str, &str) = ("Content-Type", "application/json");
    let place = Place::new();
    let mut command = place.command(&["serve"]);
    command
        .env("LOG_LEVEL", "trace")
        .env("SECRETS_DEFAULT", format!("[\"{DEFAULT}\"]"))
        .env("VESTIBULE_ADMIN_TOKEN", ADMIN);
    let serving = Place::serving(command);
    let [public, admin, console] = place.ports;
    let mut secrets: Vec<String> =
        [DEFAULT, ADMIN, PASSWORD, WRONG, OPERATOR, HASH].map(str::to_owned).into();

    // A person: sign-up, wrong and right sign-in, a verification with a code, sign-out.
    let flow = |kind: &str| {
        let flow = document(&get(public, &format!("/self-service/{kind}/api")));
        format!("/self-service/{kind}?flow={}", flow["id"].as_str().unwrap())
    };
    let post = |port: u16, target: &str, headers: &[(&str, &str)], body: Value| {
        let headers = [headers, &[JSON, ("Accept", "application/json")]].concat();
        ask(port, "POST", target, &headers, &body.to_string())
    };
    let email = "anna@vestibule.test";
    let signed_up = post(
        public,
        &flow("registration"),
        &[],
        json!({"method": "password", "password": PASSWORD, "traits": {"email": email}}),
    );
    assert!(signed_up.starts_with("HTTP/1.1 200"), "{signed_up}");
    let login = |password: &str| {
        let body = json!({"method": "password", "identifier": email, "password": password});
        post(public, &flow("login"), &[], body)
    };
    assert!(login(WRONG).starts_with("HTTP/1.1 400"));
    let token = document(&login(PASSWORD))["session_token"].as_str().unwrap().to_owned();
    let whoami = ask(public, "GET", "/sessions/whoami", &[("X-Session-Token", &token)], "");
    assert!(whoami.starts_with("HTTP/1.1 200"));
    post(public, &flow("verification"), &[], json!({"method": "code", "email": email}));
    post(public, &flow("verification"), &[], json!({"method": "code", "code": "918273"}));
    get(public, "/self-service/verification?code=918273&flow=7d1f6f5e-0b1c-4c43-9a55-1f0a5b1c2d3e");
    let browser = get(public, "/self-service/login/browser");
    let (_, csrf) = browser.split_once("csrf_token_").unwrap();
    let csrf = csrf.split_once('=').unwrap().1.split(';').next().unwrap().to_owned();
    secrets.push(csrf);
    let out = json!({"session_token": token}).to_string();
    ask(public, "DELETE", "/self-service/logout/api", &[JSON], &out);
    secrets.extend([token, "918273".to_owned()]);

    // An administrator's program: a password, a hash, a wrong token.
    let bearer = format!("Bearer {ADMIN}");
    for credential in [json!({"password": PASSWORD}), json!({"hashed_password": HASH})] {
        let person = json!({"traits": {"email": format!("{}@vestibule.test", secrets.len())},
            "credentials": {"password": {"config": credential}}});
        post(admin, "/admin/identities", &[("Authorization", &bearer)], person);
        secrets.push("unguessable-and-wrong".to_owned());
    }
    post(admin, "/admin/identities", &[("Authorization", "Bearer unguessable-and-wrong")], json!({}));

    // An operator: set-up, wrong and right sign-in, Save.
    let link = std::fs::read_to_string(place.data().join("setup-link")).unwrap();
    let secret = link.trim().split_once("secret=").unwrap().1.to_owned();
    let origin = format!("http://127.0.0.1:{console}");
    let headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Origin", origin.as_str())];
    let form = |pairs: &[(&str, &str)]| {
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
    };
    let set_up = form(&[
        ("secret", &secret),
        ("name", "Olga"),
        ("email", "olga@vestibule.test"),
        ("password", OPERATOR),
    ]);
    let entered = ask(console, "POST", "/setup", &headers, &set_up);
    let session = cookie(&entered, "vestibule_console").to_owned();
    for password in [WRONG, OPERATOR] {
        let body = form(&[("email", "olga@vestibule.test"), ("password", password)]);
        ask(console, "POST", "/sign-in", &headers, &body);
    }
    let with = format!("vestibule_console={session}");
    let save = form(&[("action", "save"), ("base", "0"), ("min_password_length", "12")]);
    let saved = ask(
        console,
        "POST",
        "/settings/authentication",
        &[&headers[..], &[("Cookie", &with)]].concat(),
        &save,
    );
    assert!(saved.starts_with("HTTP/1.1 303"), "{saved}");
    assert!(get(console, "/mailbox").starts_with("HTTP/1.1 303"));
    let mails = ask(console, "GET", "/mailbox", &[("Cookie", &with)], "");
    assert!(mails.starts_with("HTTP/1.1 200"));
    secrets.extend([secret, session]);
    if let Some((_, rest)) = mails.split_once("data-testid=\"code\">") {
        secrets.push(rest[..6].to_owned());
    }

    let ended = serving.terminate();
    assert!(ended.log.contains("/self-service/registration"), "the log holds what was asked: {}", ended.log);
    for secret in &secrets {
        assert!(secret.len() >= 6, "{secret}");
        for text in [&ended.log, &ended.printed] {
            assert!(!text.contains(secret.as_str()), "{secret} is in the log");
        }
    }
}

/// A disk that is full: no file grows any further.
#[test]
fn a_full_disk_is_told_and_serving_goes_on_once_there_is_room() {
    let place = Place::new();
    assert!(place.serve().terminate().status.success(), "the database is made");
    let mut command = place.command(&["serve"]);
    let arguments: Vec<_> =
        command.get_args().map(|argument| argument.to_string_lossy().into_owned()).collect();
    let program = command.get_program().to_string_lossy().into_owned();
    let environment: Vec<_> =
        command.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect();
    command = Command::new("/bin/sh");
    // Blocks of 512 bytes; the signal that says so would end the process.
    let script = "trap '' XFSZ; ulimit -f 2000; exec \"$0\" \"$@\"";
    command.args(["-c", script, &program]).args(arguments).current_dir(place.folder.path());
    command.env_clear().envs(environment).stdin(Stdio::null());
    let serving = Place::serving(command);
    let public = place.ports[0];
    let mut made = Vec::new();
    let refused = (0..2000).find_map(|_| {
        let answer = get(public, "/self-service/login/api");
        if answer.starts_with("HTTP/1.1 200") {
            made.push(document(&answer)["id"].as_str().unwrap().to_owned());
            return None;
        }
        Some(answer)
    });
    let refused = refused.unwrap();
    assert!(refused.starts_with("HTTP/1.1 503"), "{refused}");
    assert!(refused.to_lowercase().contains("retry-after"), "{refused}");
    // What was answered with success is there, and who only reads is not held up.
    for id in &made {
        assert!(get(public, &format!("/self-service/login/flows?id={id}")).starts_with("HTTP/1.1 200"));
    }
    assert!(get(public, "/sessions/whoami").starts_with("HTTP/1.1 401"));
    serving.terminate();
    let serving = place.serve();
    for id in &made {
        assert!(
            get(public, &format!("/self-service/login/flows?id={id}")).starts_with("HTTP/1.1 200"),
            "{id}"
        );
    }
    assert!(get(public, "/self-service/login/api").starts_with("HTTP/1.1 200"));
    assert!(serving.terminate().status.success());
}

/// The files and their folder can be read and no more; a process of root could write all the same.
#[test]
fn a_database_that_cannot_be_written_is_told_at_the_start() {
    let place = Place::new();
    assert!(place.serve().terminate().status.success(), "the database is made");
    let file = place.data().join("vestibule.sqlite");
    let before = std::fs::read(&file).unwrap();
    for entry in std::fs::read_dir(place.data()).unwrap() {
        set_mode(&entry.unwrap().path(), 0o444);
    }
    set_mode(&place.data(), 0o555);
    set_mode(place.folder.path(), 0o755);
    let mut command = place.command(&["serve"]);
    if rustix::process::geteuid().is_root() {
        // Another user may not be able to reach the program where it was built.
        let program = place.folder.path().join("vestibule");
        if std::fs::hard_link(env!("CARGO_BIN_EXE_vestibule"), &program).is_err() {
            std::fs::copy(env!("CARGO_BIN_EXE_vestibule"), &program).unwrap();
        }
        command = place.command_of(&program, &["serve"]);
        command.uid(65534).gid(65534);
    }
    let ended = command.output().unwrap();
    set_mode(&place.data(), 0o755);
    assert_eq!(ended.status.code(), Some(4), "{}{}", text(&ended.stdout), text(&ended.stderr));
    let told = text(&ended.stderr);
    assert!(told.contains("vestibule.sqlite") && told.contains("written"), "{told}");
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[test]
fn a_proxy_that_the_configuration_does_not_name_is_told_once() {
    let place = Place::new();
    let serving = place.serve();
    for _ in 0..2 {
        let flow = document(&get(place.ports[0], "/self-service/login/api"));
        let target = format!("/self-service/login?flow={}", flow["id"].as_str().unwrap());
        let headers = [("Content-Type", "application/json"), ("X-Forwarded-For", "203.0.113.9")];
        let answer = ask(place.ports[0], "POST", &target, &headers, "{}");
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    }
    let log = serving.terminate().log;
    assert_eq!(log.matches("vestibule.trusted_proxies").count(), 1, "{log}");
}

#[test]
fn the_set_up_link_opens_the_page_of_the_console() {
    let place = Place::new();
    let serving = place.serve();
    let link = std::fs::read_to_string(place.data().join("setup-link")).unwrap();
    let path = link.trim().split_once(&place.ports[2].to_string()).unwrap().1;
    let answer = get(place.ports[2], path);
    assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    assert!(serving.terminate().status.success());
}

#[test]
fn an_operator_from_the_command_line_ends_the_set_up_link() {
    let place = Place::new();
    place.serve().terminate();
    let created = place.run_with_input(&CREATE_ANN, "a long enough passphrase\n");
    assert!(created.status.success(), "{}", text(&created.stderr));
    assert_eq!(place.run_with_input(&CREATE_ANN, "a long enough passphrase\n").status.code(), Some(1));
    // The second start finds the same data folder: the operator is there, so no link is made.
    let serving = place.serve();
    assert!(!place.data().join("setup-link").exists());
    assert!(serving.terminate().status.success());
    let list = text(&place.run(&["operator", "list"]).stdout);
    assert!(list.contains("ann@example.org\tAnn\towner\tactive"), "{list}");
}

#[test]
fn generated_secrets_stay_the_same_and_are_closed_to_others() {
    let place = Place::new();
    let print = || text(&place.run(&["config", "print", "--with-secrets"]).stdout);
    let first = print();
    assert!(first.contains("secrets"), "{first}");
    assert_eq!(first, print());
    let (secret, open): (Vec<_>, Vec<_>) = std::fs::read_dir(place.data())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().contains("secret"))
        .partition(|path| mode(path) == 0o600);
    assert!(!secret.is_empty() && open.is_empty(), "closed: {secret:?}, open: {open:?}");
}

#[test]
fn operators_are_disabled_and_get_reset_links() {
    let place = Place::new();
    assert!(place.run_with_input(&CREATE_ANN, "a long enough passphrase").status.success());
    let link = place.run(&["operator", "reset-link", "--email", "ann@example.org"]);
    assert!(text(&link.stdout).contains("/reset?secret="), "{}", text(&link.stderr));
    let disable = |email: &str| place.run(&["operator", "disable", "--email", email]).status.code();
    // Nobody would be left to let anybody in again.
    assert_eq!(disable("ann@example.org"), Some(1));
    let create_ben = CREATE_ANN.map(|word| if word.starts_with("ann") { "ben@example.org" } else { word });
    assert!(place.run_with_input(&create_ben, "a long enough passphrase").status.success());
    assert_eq!(disable("ann@example.org"), Some(0));
    let list = text(&place.run(&["operator", "list"]).stdout);
    assert_eq!(list.lines().filter(|line| line.contains("disabled")).count(), 1, "{list}");
    assert_eq!(disable("eve@example.org"), Some(1));
}

#[test]
fn an_operator_needs_a_password() {
    let place = Place::new();
    let output = place.run_with_input(&CREATE_ANN, "\n");
    assert_eq!(output.status.code(), Some(1));
    assert!(!place.data().exists(), "nothing is made before the password is there");
}

#[test]
fn a_taken_port_is_named() {
    let place = Place::new();
    let _held = TcpListener::bind(("127.0.0.1", place.ports[2])).unwrap();
    let output = place.run(&["serve"]);
    assert_eq!(output.status.code(), Some(1));
    let stderr = text(&output.stderr);
    assert!(stderr.contains("vestibule.console") && stderr.contains(&place.ports[2].to_string()), "{stderr}");
}

#[test]
fn a_database_that_cannot_be_reached_is_exit_code_4() {
    let place = Place::new();
    let output = place.command(&["migrate"]).env("DSN", "postgres://127.0.0.1:1/nobody").output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", text(&output.stderr));
}

#[test]
fn settings_begin_empty_and_unknown_revisions_are_refused() {
    let place = Place::new();
    let list = place.run(&["settings", "list"]);
    assert!(list.status.success() && list.stdout.is_empty(), "{}", text(&list.stderr));
    assert_eq!(place.run(&["settings", "rollback", "7"]).status.code(), Some(1));
}

#[test]
fn a_roll_back_on_the_command_line_takes_a_save_of_the_console_back() {
    let place = Place::new();
    assert!(place.run_with_input(&CREATE_ANN, "a long enough passphrase").status.success());
    let serving = place.serve();
    let console = place.ports[2];
    let origin = format!("http://127.0.0.1:{console}");
    let headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Origin", origin.as_str())];
    let body = "email=ann%40example.org&password=a+long+enough+passphrase";
    let entered = ask(console, "POST", "/sign-in", &headers, body);
    let session = format!("vestibule_console={}", cookie(&entered, "vestibule_console"));
    let save =
        "action=save&base=0&registration_enabled=true&sign_in_after_registration=true&min_password_length=8";
    let headers = [&headers[..], &[("Cookie", &session)]].concat();
    let saved = ask(console, "POST", "/settings/authentication", &headers, save);
    assert!(saved.starts_with("HTTP/1.1 303"), "{saved}");
    serving.terminate();

    let signs_in = || text(&place.run(&["config", "print"]).stdout).contains("hook: session");
    assert!(signs_in());
    let back = place.run(&["settings", "rollback", "0"]);
    assert!(back.status.success(), "{}", text(&back.stderr));
    assert!(!signs_in());
    let list = text(&place.run(&["settings", "list"]).stdout);
    let by: Vec<&str> = list.lines().filter_map(|line| line.split('\t').nth(2)).collect();
    assert_eq!(by, ["command line", "Ann"], "{list}");
}

#[test]
fn on_postgresql_the_start_asks_for_migrate_and_changes_nothing_by_itself() {
    let place = Place::new();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let dsn = runtime.block_on(engine::testing::postgres::database());
    let command = |arguments: &[&str]| {
        let mut command = place.command(arguments);
        command.env("DSN", &dsn);
        command
    };
    for _ in 0..2 {
        let refused = command(&["serve"]).output().unwrap();
        assert_eq!(refused.status.code(), Some(4));
        assert!(text(&refused.stderr).contains("`vestibule migrate`"), "{}", text(&refused.stderr));
    }
    for expected in ["Applied ", "The database is up to date."] {
        let migrated = command(&["migrate"]).output().unwrap();
        assert!(text(&migrated.stdout).starts_with(expected), "{}", text(&migrated.stderr));
    }
    let serving = Place::serving(command(&["serve"]));
    assert!(get(place.ports[0], "/health/ready").starts_with("HTTP/1.1 200"));
    assert!(serving.terminate().status.success());
}

#[test]
fn a_mail_that_cannot_leave_is_in_the_log_without_the_servers_password() {
    let place = Place::new();
    let mut command = place.command(&["serve"]);
    let server = "smtp://vestibule:password-of-the-mail-server@127.0.0.1:1/?disable_starttls=true";
    command.env("LOG_LEVEL", "trace").env("COURIER_SMTP_CONNECTION_URI", server);
    let serving = Place::serving(command);
    let [public, admin, _] = place.ports;
    let flow = document(&get(public, "/self-service/registration/api"));
    let target = format!("/self-service/registration?flow={}", flow["id"].as_str().unwrap());
    let person = json!({"method": "password", "password": "quiet copper meadow 73",
        "traits": {"email": "anna@vestibule.test"}});
    ask(public, "POST", &target, &[("Content-Type", "application/json")], &person.to_string());
    let tried = || get(admin, "/admin/courier/messages").contains("\"send_count\":1");
    assert!((0..50_000).any(|_| tried()), "the courier never tried");
    let ended = serving.terminate();
    assert!(ended.log.contains("a mail could not be sent yet"), "{}", ended.log);
    assert!(!ended.log.contains("password-of-the-mail-server"), "{}", ended.log);
}

#[test]
fn what_is_dangerous_in_a_configuration_has_its_own_exit_code() {
    let place = Place::new();
    let file = |hook: &str| {
        format!(
            "identity: {{default_schema_id: default, schemas: [{{id: default, url: 'preset://email'}}]}}
selfservice: {{flows: {{registration: {{after: {{password: {{hooks: [{hook}]}}}}}}}}}}
"
        )
    };
    place
        .write("bad.yml", &file("{hook: web_hook, config: {url: 'https://crm.example.org/', method: POST}}"));
    place.write("good.yml", &file(""));
    place.write("void.yml", &file("{hook: show_verification_ui}"));
    let lint = |file: &str| place.run(&["config", "check", "--lint", "--config", file]);
    let bad = lint("bad.yml");
    assert_eq!(bad.status.code(), Some(5), "{}", text(&bad.stderr));
    assert!(text(&bad.stdout).contains("danger account_without_an_answer"), "{}", text(&bad.stdout));
    assert_eq!(lint("good.yml").status.code(), Some(0), "{}", text(&lint("good.yml").stdout));
    assert_eq!(lint("void.yml").status.code(), Some(7), "{}", text(&lint("void.yml").stdout));
    let from =
        |severity: &str| place.run(&["config", "check", "--lint", "--fail-on", severity]).status.code();
    assert_eq!(["error", "danger", "warning", "info"].map(from), [Some(0), Some(0), Some(8), Some(8)]);
    assert_eq!(place.run(&["config", "check", "--config", "bad.yml"]).status.code(), Some(0));
    let machine = place.run(&["config", "check", "--lint", "--json", "--config", "bad.yml"]);
    let machine: Value = serde_json::from_slice(&machine.stdout).unwrap();
    assert_eq!(machine[0]["severity"], "danger");
}

/// Two that a file can put right, one that it cannot, and a secret in a list of hooks.
const UNWISE: &str = "# Ours since 2019.
identity: {default_schema_id: default, schemas: [{id: default, url: 'preset://email'}]}
secrets:
  cookie: [PLEASE-CHANGE-ME-I-AM-VERY-INSECURE] # TODO
vestibule: {courier: {keep_bodies: true}}
selfservice: {flows: {registration: {after: {password: {hooks: [
  {hook: web_hook, config: {url: 'https://crm.example.org/new', method: POST, auth: {type: api_key, config: {in: header, name: X-Key, value: keyhole-surgery}}}},
]}}}}}
";

#[test]
fn a_further_file_puts_right_what_files_can_and_no_given_file_is_touched() {
    let place = Place::new();
    place.write("kratos.yml", UNWISE);
    let fix = |more: &[&str]| {
        place.run(&[&["config", "check", "--lint", "--fix", "--config", "kratos.yml"], more].concat())
    };
    let at = |name: &str| place.folder.path().join(name);
    let shown = fix(&[]);
    let said = text(&shown.stdout);
    assert_eq!(shown.status.code(), Some(7), "{said}");
    for part in ["- vestibule.courier.keep_bodies: true", "- secrets.cookie:", "Nothing was written"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    assert!(!said.contains("keyhole-surgery") && !said.contains("PLEASE-CHANGE"), "{said}");
    assert!(!at("kratos.fixes.yml").exists(), "without --yes nothing is written");

    let written = fix(&["--yes"]);
    let said = text(&written.stdout);
    assert_eq!(written.status.code(), Some(0), "{said} {}", text(&written.stderr));
    assert!(said.contains("Start with --config kratos.yml --config kratos.fixes.yml."), "{said}");
    assert_eq!(std::fs::read_to_string(at("kratos.yml")).unwrap(), UNWISE);
    let mode = std::fs::metadata(at("kratos.fixes.yml")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "it may hold the secrets of a list of hooks");

    let again = fix(&["--yes"]);
    assert_eq!(again.status.code(), Some(1), "{}", text(&again.stdout));
    assert!(text(&again.stderr).contains("kratos.fixes.yml is there already"), "{}", text(&again.stderr));
    let both = fix(&["--config", "kratos.fixes.yml", "--yes"]);
    assert_eq!(both.status.code(), Some(0), "{}", text(&both.stdout));
    assert!(text(&both.stdout).contains("Nothing that a file could put right"), "{}", text(&both.stdout));
    assert!(!at("kratos.fixes-2.yml").exists());
}

#[test]
fn a_fix_says_what_it_cannot_do() {
    let place = Place::new();
    place.write("kratos.yml", UNWISE);
    let fix = ["config", "check", "--lint", "--fix", "--config", "kratos.yml"];
    let locked = place.command(&fix).env("VESTIBULE_COURIER_KEEP_BODIES", "true").output().unwrap();
    let said = text(&locked.stdout);
    assert!(said.contains("set by the environment variable VESTIBULE_COURIER_KEEP_BODIES"), "{said}");
    assert!(!said.contains("- vestibule.courier.keep_bodies"), "{said}");
    let starter = place.run(&["config", "check", "--lint", "--fix"]);
    assert_eq!(starter.status.code(), Some(1));
    assert!(text(&starter.stderr).contains("name one with --config"), "{}", text(&starter.stderr));
    for wrong in [["--fix"].as_slice(), &["--lint", "--yes"], &["--lint", "--fix", "--json"]] {
        let output = place.run(&[&["config", "check"], wrong].concat());
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
    }
}

#[test]
fn findings_for_programs_have_their_way_out_and_no_secret() {
    let place = Place::new();
    place.write("kratos.yml", UNWISE);
    let output = place.run(&["config", "check", "--lint", "--json", "--config", "kratos.yml"]);
    assert_eq!(output.status.code(), Some(7));
    let said = text(&output.stdout);
    assert!(!said.contains("keyhole-surgery") && !said.contains("PLEASE-CHANGE"), "{said}");
    let found: Value = serde_json::from_str(&said).unwrap();
    let of = |id: &str| found.as_array().unwrap().iter().find(|check| check["id"] == id).unwrap().clone();
    assert_eq!(of("codes_stay_readable")["file"], json!({"vestibule": {"courier": {"keep_bodies": null}}}));
    assert_eq!(of("secret_of_an_example")["severity"], "error");
    assert_eq!(of("account_without_an_answer")["about"], json!(["crm.example.org/new"]));
}

#[test]
fn the_page_of_checks_is_printed() {
    let place = Place::new();
    let page = text(&place.run(&["config", "checks"]).stdout);
    assert!(page.contains("| `codes_stay_readable` |"), "{page}");
}

#[test]
fn the_plan_of_a_sign_up_is_printed_in_the_order_in_which_it_runs() {
    let place = Place::new();
    place.write(
        "kratos.yml",
        "identity: {default_schema_id: default, schemas: [{id: default, url: 'preset://email'}]}
selfservice:
  flows:
    registration:
      after:
        hooks: [{hook: web_hook, config: {url: https://crm.example.org/all, method: POST}}]
        password:
          hooks:
            - {hook: session}
            - {hook: web_hook, config: {url: https://crm.example.org/ask, method: POST, can_interrupt: true}}
            - {hook: web_hook, config: {url: https://crm.example.org/new, method: POST, response: {ignore: true}}}
",
    );
    let command = ["plan", "registration", "--config", "kratos.yml", "--client", "native"];
    let printed = text(&place.run(&command).stdout);
    let at = |part: &str| printed.find(part).unwrap_or_else(|| panic!("{part} in {printed}"));
    let order = [
        "Hash the password",
        "Ask crm.example.org/ask (may stop)",
        "Store the account",
        "Inform crm.example.org/new",
        "Sign in",
    ];
    assert!(order.windows(2).all(|pair| at(pair[0]) < at(pair[1])), "{printed}");
    assert!(printed.contains("so these do not run: web_hook crm.example.org/all"), "{printed}");
    assert!(printed.contains("200 {session, session_token, identity, continue_with}"), "{printed}");
    let machine = place.run(&[&command[..], &["--json"]].concat());
    let machine: Value = serde_json::from_slice(&machine.stdout).unwrap();
    assert_eq!(machine["steps"].as_array().unwrap().last().unwrap()["step"], "sign_in");
    assert_eq!(place.run(&["plan", "registration", "--method", "carrier-pigeon"]).status.code(), Some(1));
}

/// As somebody would have it who followed Kratos' documentation, with a key of a later version.
const KRATOS: &str = "dsn: postgres://kratos:hunter2-dsn@db/kratos
identity: {default_schema_id: default, schemas: [{id: default, url: 'preset://email'}]}
selfservice:
  default_browser_return_url: https://www.example.org/
  flows:
    registration:
      after:
        hooks:
          - {hook: web_hook, config: {url: 'https://crm.example.org/all', method: POST}}
          - {hook: session}
secrets: {default: [hunter2-of-the-file]}
tomorrow: {key: true}
";

#[test]
fn a_file_of_kratos_is_imported_with_a_line_for_each_key() {
    let place = Place::new();
    place.write("kratos.yml", KRATOS);
    let printed = place.run(&["config", "import", "kratos.yml"]);
    assert_eq!(printed.status.code(), Some(0), "{}", text(&printed.stderr));
    let (file, report) = (text(&printed.stdout), text(&printed.stderr));
    assert!(!file.contains("hunter2") && !report.contains("hunter2"), "{file}{report}");
    for line in [
        "moved    selfservice.flows.registration.after.hooks[1]",
        "unknown  tomorrow",
        "kept     identity.schemas",
        "1 moved, 1 unknown, 0 refused",
    ] {
        assert!(report.contains(line), "{line}: {report}");
    }
    assert!(
        text(&place.run(&["config", "import", "kratos.yml", "--with-secrets"]).stdout)
            .contains("hunter2-of-the-file")
    );

    let write = ["config", "import", "kratos.yml", "--output", "vestibule.yml"];
    let written = place.run(&write);
    assert_eq!(written.status.code(), Some(0), "{}", text(&written.stderr));
    let output = place.folder.path().join("vestibule.yml");
    let made = std::fs::read_to_string(&output).unwrap();
    assert_eq!(mode(&output), 0o600);
    assert!(made.contains("hunter2-dsn") && made.contains("tomorrow"), "{made}");
    assert!(!text(&written.stdout).contains("hunter2"));
    assert_eq!(std::fs::read_to_string(place.folder.path().join("kratos.yml")).unwrap(), KRATOS);
    assert!(!place.data().exists(), "neither database nor data folder is needed for an import");
    // What was written can be used, and does what Kratos' code would have done.
    assert_eq!(place.run(&["config", "check", "--config", "vestibule.yml"]).status.code(), Some(0));
    let mut plan =
        place.command(&["plan", "registration", "--client", "native", "--config", "vestibule.yml"]);
    let plan = text(&plan.env("DSN", "memory").output().unwrap().stdout);
    assert!(plan.contains("crm.example.org/all") && plan.contains("session_token"), "{plan}");
    // Nothing that is there is written over, the file that was read least of all.
    for taken in ["vestibule.yml", "kratos.yml"] {
        let again = place.run(&["config", "import", "kratos.yml", "--output", taken]);
        assert_eq!(again.status.code(), Some(1), "{taken}");
        assert!(text(&again.stderr).contains("is there already"), "{}", text(&again.stderr));
    }
    assert_eq!(std::fs::read_to_string(&output).unwrap(), made);

    let strict = place.run(&["config", "import", "kratos.yml", "--strict", "--json"]);
    assert_eq!(strict.status.code(), Some(6));
    let answer: Value = serde_json::from_slice(&strict.stdout).unwrap();
    assert_eq!((&answer["counts"]["moved"], &answer["counts"]["refused"]), (&json!(1), &json!(0)));
    assert_eq!(answer["configuration"]["tomorrow"]["key"], true);
    assert!(answer["keys"].as_array().unwrap().iter().any(|key| key["outcome"] == "moved"
        && key["file"] == "kratos.yml"
        && key["text"].as_str().unwrap().contains("`password`")));
    assert!(!text(&strict.stdout).contains("hunter2"));
}

#[test]
fn what_cannot_be_imported_is_told_in_a_sentence() {
    let place = Place::new();
    let name = |name: &str| place.folder.path().join(name);
    place.write(
        "wrong.yml",
        "identity:\n  schemas: [{id: default, url: 'preset://email'}]\nsession: {lifespan: soon}\n",
    );
    place.write("broken.yml", "identity:\n  schemas: [\nselfservice: }\n");
    place.write("broken.json", "{\n  \"dsn\": memory\n}");
    place.write("broken.toml", "dsn = \"memory\"\nlog = [\n");
    place.write("half.yml", "selfservice:\n  flows:\n    login: {lifespan: \"1");
    place.write("nul.yml", "dsn: memory\nlog: {level: in\0\0\0\0");
    place.write("empty.yml", "");
    place.write("list.yml", "- dsn: memory\n");
    place.write("kratos.conf", "dsn: memory\n");
    std::fs::write(name("latin1.yml"), b"dsn: m\xe9moire\n").unwrap();
    std::fs::write(name("large.yml"), format!("# {}\n", "x".repeat(10 << 20))).unwrap();
    std::fs::create_dir(name("folder.yml")).unwrap();
    for (file, parts) in [
        ("broken.yml", &["broken.yml: line 2, column 12"][..]),
        ("broken.json", &["broken.json: line 2, column 10"]),
        ("broken.toml", &["broken.toml: line 2, column"]),
        ("half.yml", &["half.yml: line 3, column"]),
        ("nul.yml", &["line 2, column 16", "NUL"]),
        ("empty.yml", &["the file is empty"]),
        ("list.yml", &["not a set of keys"]),
        ("kratos.conf", &["tells no format"]),
        ("latin1.yml", &["byte 6", "UTF-8"]),
        ("large.yml", &["more than 4 MB"]),
        ("folder.yml", &["this is a folder"]),
        ("missing.yml", &["missing.yml: the file cannot be read"]),
    ] {
        let output = place.run(&["config", "import", file, "--output", "vestibule.yml"]);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{file}: {told}");
        for part in parts {
            assert!(told.contains(part), "{file}: {part}: {told}");
        }
        assert!(told.contains("Write instead: "), "{told}");
        assert!(told.len() < 1000, "{file}: what is wrong is said, and the file is not repeated: {told}");
        assert!(!name("vestibule.yml").exists(), "{file}: no half of a configuration is left");
    }
    // Two that cannot be read are told at once, and no good one beside them hides that.
    place.write("good.yml", KRATOS);
    let both = place.run(&["config", "import", "good.yml", "broken.yml", "missing.yml"]);
    assert_eq!(both.status.code(), Some(3));
    assert!(text(&both.stderr).contains("broken.yml") && text(&both.stderr).contains("missing.yml"));
    // A wrong value is kept for whoever mends it.
    let wrong = place.run(&["config", "import", "wrong.yml", "--output", "mend.yml"]);
    assert_eq!(wrong.status.code(), Some(3), "{}", text(&wrong.stderr));
    assert!(text(&wrong.stdout).contains("refused  session.lifespan"), "{}", text(&wrong.stdout));
    assert!(std::fs::read_to_string(name("mend.yml")).unwrap().contains("# To be mended: session.lifespan"));
    for (file, code) in [("vestibule.ini", 1), ("nowhere/vestibule.yml", 1)] {
        let output = place.run(&["config", "import", "good.yml", "--output", file]);
        assert_eq!(output.status.code(), Some(code), "{file}: {}", text(&output.stderr));
    }
    assert_eq!(place.run(&["config", "import"]).status.code(), Some(2));
}

#[test]
fn a_file_that_may_not_be_read_is_told_so() {
    let place = Place::new();
    place.write("kratos.yml", KRATOS);
    set_mode(&place.folder.path().join("kratos.yml"), 0o000);
    set_mode(place.folder.path(), 0o755);
    let import = ["config", "import", "kratos.yml"];
    let mut command = place.command(&import);
    if rustix::process::geteuid().is_root() {
        // Root reads everything, and another user may not be able to reach the program where it was built.
        let program = place.folder.path().join("vestibule");
        if std::fs::hard_link(env!("CARGO_BIN_EXE_vestibule"), &program).is_err() {
            std::fs::copy(env!("CARGO_BIN_EXE_vestibule"), &program).unwrap();
        }
        command = place.command_of(&program, &import);
        command.uid(65534).gid(65534);
    }
    let output = command.output().unwrap();
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(told.contains("kratos.yml: the file cannot be read") && told.contains("ermission"), "{told}");
}

#[test]
fn what_applies_is_exported_for_kratos_and_comes_back() {
    let place = Place::new();
    place.write("kratos.yml", &KRATOS.replace("          - {hook: session}\n", ""));
    place.write("ours.yml", "dsn: null\nvestibule: {registration: {invite_only: true}}\n");
    let export = |more: &[&str]| {
        let files = ["config", "export", "--config", "kratos.yml", "--config", "ours.yml"];
        let output = place.run(&[&files, more].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        (text(&output.stdout), text(&output.stderr))
    };
    let (file, said) = export(&[]);
    assert!(!file.contains("hunter2") && !said.contains("hunter2"), "{file}{said}");
    assert!(!file.contains("vestibule:") && !file.contains("preset://"), "{file}");
    for part in [
        "vestibule.registration.invite_only: Kratos knows no invitations",
        "tomorrow: left out",
        "dsn: a new file",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let (json, _) = export(&["--format", "json", "--with-secrets"]);
    let document: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(document["secrets"]["default"][0], "hunter2-of-the-file");
    assert!(document["selfservice"]["flows"]["login"]["ui_url"].as_str().unwrap().ends_with("/login"));
    place.write("back.json", &json);
    let back = place.run(&["config", "import", "back.json", "--strict"]);
    assert_eq!(back.status.code(), Some(0), "{}", text(&back.stderr));
    assert_eq!(place.run(&["config", "export", "--format", "xml"]).status.code(), Some(2));
}

#[test]
fn files_that_decide_say_so_on_the_command_line() {
    let place = Place::new();
    place.write("file.yml", "identity: {schemas: [{id: default, url: 'preset://email'}]}\nvestibule: {settings: {source: file}}\n");
    let check = place.run(&["config", "check", "--config", "file.yml"]);
    assert!(check.status.success(), "{}", text(&check.stderr));
    assert!(
        text(&check.stdout).contains("What was saved in the console is not applied"),
        "{}",
        text(&check.stdout)
    );
    let back = place.run(&["settings", "rollback", "0", "--config", "file.yml"]);
    assert_eq!(back.status.code(), Some(1));
    assert!(text(&back.stderr).contains("Change file.yml"), "{}", text(&back.stderr));
}

#[test]
fn hash_bench_says_what_a_hash_costs() {
    let output = Place::new().run(&["hash-bench", "--count", "1", "--threads", "1"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("hashes a second"));
}

/// What a machine's environment says of proxies is for other programs: a proxy sees where requests go and may answer for anybody.
#[test]
fn a_proxy_of_the_environment_is_not_used() {
    let place = Place::new();
    let schema = json!({"$id": "https://vestibule.test/person", "type": "object", "properties": {"traits": {
        "type": "object", "properties": {"email": {"type": "string", "format": "email",
            "ory.sh/kratos": {"credentials": {"password": {"identifier": true}}}}},
    }}});
    let (schemas, proxy) =
        (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
    let url = format!("http://{}/person.json", schemas.local_addr().unwrap());
    let answered = std::thread::spawn(move || {
        let (mut stream, _) = schemas.accept().unwrap();
        let mut asked = BufReader::new(stream.try_clone().unwrap());
        let mut line = String::new();
        asked.read_line(&mut line).unwrap();
        while line.trim() != "" {
            line.clear();
            asked.read_line(&mut line).unwrap();
        }
        let body = schema.to_string();
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    });
    place.write("kratos.yml", &format!("identity:\n  schemas:\n    - id: default\n      url: {url}\n"));
    let mut command = place.command(&["config", "check", "--config", "kratos.yml"]);
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"] {
        command.env(name, format!("http://{}", proxy.local_addr().unwrap()));
    }
    let done = command.output().unwrap();
    assert!(done.status.success(), "{}{}", text(&done.stdout), text(&done.stderr));
    answered.join().unwrap();
    proxy.set_nonblocking(true).unwrap();
    assert!(proxy.accept().is_err(), "nothing came there");
}
