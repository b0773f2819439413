//! `vestibule serve`: how it starts, goes on and ends, on a good day and on bad ones.

use super::*;

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

/// The files and their folder can be read and no more.
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
    let ended = place.command_of_nobody(&["serve"]).output().unwrap();
    set_mode(&place.data(), 0o755);
    assert_eq!(ended.status.code(), Some(4), "{}{}", text(&ended.stdout), text(&ended.stderr));
    let told = text(&ended.stderr);
    assert!(told.contains("vestibule.sqlite") && told.contains("writable"), "{told}");
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[test]
fn generated_secrets_stay_the_same_and_are_closed_to_others() {
    let place = Place::new();
    place.begin();
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
    let dsn = "postgres://ann:hunter2-dsn@127.0.0.1:1/nobody";
    let output = place.command(&["migrate"]).env("DSN", dsn).output().unwrap();
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{told}");
    // Where it was looked for and what came of it, and not that some pool has waited.
    assert!(told.contains("127.0.0.1 port 1 ") && told.to_lowercase().contains("refused"), "{told}");
    assert!(!told.contains("pool") && !told.contains("hunter2"), "{told}");
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

/// A service that takes a call and answers it only when the server has stopped accepting.
fn answers_at_the_end(port_of_server: u16) -> (String, mpsc::Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/call", listener.local_addr().unwrap());
    let (called, is_called) = mpsc::channel();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = [0; 1024];
        assert!(stream.read(&mut head).unwrap() > 0);
        called.send(()).unwrap();
        while TcpStream::connect(("127.0.0.1", port_of_server)).is_ok() {
            std::thread::yield_now();
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}").unwrap();
    });
    (url, is_called)
}

#[test]
fn what_follows_a_sign_up_is_waited_for_at_the_end() {
    let place = Place::new();
    let [public, ..] = place.ports;
    let (url, is_called) = answers_at_the_end(public);
    place.write(
        "kratos.yml",
        &format!(
            "identity: {{schemas: [{{id: default, url: 'preset://email'}}]}}
selfservice:
  methods: {{password: {{config: {{haveibeenpwned_enabled: false}}}}}}
  flows:
    registration:
      after:
        password:
          hooks:
            - hook: web_hook
              config: {{url: '{url}', method: POST, response: {{ignore: true}}, body: 'base64://ZnVuY3Rpb24oY3R4KSB7fQ=='}}
"
        ),
    );
    let serving = Place::serving(place.command(&["serve", "--config", "kratos.yml"]));
    let flow = document(&get(public, "/self-service/registration/api"));
    let target = format!("/self-service/registration?flow={}", flow["id"].as_str().unwrap());
    let body = json!({"method": "password", "password": "quiet copper meadow 73", "traits": {"email": "ann@example.org"}});
    let headers = [("Content-Type", "application/json"), ("Accept", "application/json")];
    let answer = ask(public, "POST", &target, &headers, &body.to_string());
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    is_called.recv_timeout(END).unwrap();
    let ended = serving.terminate();
    assert!(ended.status.success(), "{}", ended.log);
    assert!(ended.log.contains("a webhook was called"), "its answer was written down: {}", ended.log);
}
