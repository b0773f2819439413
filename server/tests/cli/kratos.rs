//! The command lines of Ory Kratos, as Compose files and Helm charts have them: each works, or one sentence says what takes its place.

use super::*;

const FILE: &str = "version: v26.2.0
dev: true
identity: {default_schema_id: default, schemas: [{id: default, url: 'preset://email'}]}
selfservice: {default_browser_return_url: 'http://127.0.0.1:4455/', methods: {password: {config: {haveibeenpwned_enabled: false}}}}
secrets: {default: [a-secret-of-this-test-and-no-other], cookie: [a-cookie-secret-of-this-test-alone], cipher: [a-cipher-secret-of-32-characters]}
";

impl Place {
    fn with_file() -> Self {
        let place = Self::new();
        place.write("kratos.yml", FILE);
        place
    }

    /// Ends with success, and says so on standard output.
    #[track_caller]
    fn says(&self, arguments: &[&str], expected: &str) {
        let ended = self.run(arguments);
        let said = text(&ended.stdout);
        assert_eq!(ended.status.code(), Some(0), "{arguments:?}: {}", text(&ended.stderr));
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
}

#[test]
fn a_deployment_s_first_two_commands_work_as_they_are() {
    let ways: [(&[&str], &[&str]); 6] = [
        (
            &["-c", "kratos.yml", "migrate", "sql", "-e", "--yes"],
            &["serve", "-c", "kratos.yml", "--dev", "--watch-courier"],
        ),
        (
            &["migrate", "sql", "up", "-e", "-y", "--config", "kratos.yml"],
            &["serve", "all", "--config", "kratos.yml", "--watch-courier", "--sqa-opt-out"],
        ),
        (
            &["migrate", "sql", "--read-from-env", "--yes", "-c", "kratos.yml"],
            &["--config=kratos.yml", "serve", "--dev", "--sqa-opt-out"],
        ),
        (
            &["migrate", "sql", "-c", "kratos.yml", "sqlite://there.sqlite?_fk=true"],
            &["serve", "all", "-c", "kratos.yml"],
        ),
        (
            &["migrate", "sql", "up", "--yes", "-c", "kratos.yml", "sqlite://there.sqlite?_fk=true"],
            &["serve", "--sqa-opt-out=false", "--dev=false", "-c", "kratos.yml"],
        ),
        (&["migrate", "-ckratos.yml"], &["serve", "--config", "kratos.yml", "--watch-courier=true"]),
    ];
    for (migrate, serve) in ways {
        let place = Place::with_file();
        place.says(migrate, "Applied ");
        let serving = Place::serving(place.command(serve));
        assert!(get(place.ports[0], "/health/ready").starts_with("HTTP/1.1 200"), "{serve:?}");
        let ended = serving.terminate();
        assert!(ended.status.success(), "{serve:?}: {}", ended.log);
        let told = ended.log.matches("--dev has no effect").count();
        assert_eq!(told, usize::from(serve.contains(&"--dev")), "{serve:?}: {}", ended.log);
        if migrate.iter().any(|word| word.contains("there.sqlite")) {
            assert!(place.folder.path().join("there.sqlite").exists(), "{migrate:?}");
        }
    }
}

#[test]
fn files_count_in_every_place_and_in_their_order() {
    let place = Place::with_file();
    place.write("a.yml", "log: {level: error}\nrevision: a\n");
    place.write("b.yml", "log: {format: json}\nrevision: b\n");
    let ways: [&[&str]; 6] = [
        &["config", "print", "-c", "kratos.yml", "-c", "a.yml", "--config", "b.yml"],
        &["-c", "kratos.yml", "config", "print", "-c", "a.yml", "-c", "b.yml"],
        &["-c", "kratos.yml", "config", "--config", "a.yml", "print", "--config=b.yml"],
        &["config", "print", "-c", "kratos.yml,a.yml,b.yml"],
        &["--config", "kratos.yml,a.yml", "config", "print", "-cb.yml"],
        &["-c", "kratos.yml", "-c", "a.yml", "-c", "b.yml", "config", "print"],
    ];
    for way in ways {
        let printed = text(&place.run(way).stdout);
        for expected in ["revision: b", "level: error", "format: json"] {
            assert!(printed.contains(expected), "{way:?}: {printed}");
        }
    }
}

#[test]
fn migrations_are_counted_and_never_taken_back() {
    let place = Place::with_file();
    let status = ["migrate", "sql", "status", "-e", "-c", "kratos.yml"];
    let nothing = place.run(&status);
    assert_eq!(nothing.status.code(), Some(4), "{}", text(&nothing.stdout));
    assert!(!place.data().exists(), "looking makes nothing");
    place.says(&["migrate", "sql", "-c", "kratos.yml"], "Applied ");
    place.says(&status, "up to date");
    place.says(&[&status[..], &["--block"]].concat(), "up to date");
    for (line, names) in [
        (&["migrate", "sql", "down", "--steps", "1", "--yes"][..], "backup"),
        (&["migrate", "sql", "sideways"], "`migrate sql up`"),
        (&["migrate", "normalize-phone-numbers", "--dry-run", "-b", "10"], "older Kratos versions"),
    ] {
        let refused = place.run(&[line, &["-c", "kratos.yml"]].concat());
        let told = text(&refused.stderr);
        assert_eq!(refused.status.code(), Some(2), "{line:?}: {told}");
        assert!(told.contains(names) && told.lines().count() == 1, "{line:?}: {told}");
    }
    // A password among the arguments is refused before it is used, and not told back.
    for dsn in
        ["postgres://ann:hunter2-dsn@127.0.0.1:1/x", "postgres://ann@127.0.0.1:1/x?password=hunter2-dsn"]
    {
        let refused = place.run(&["migrate", "sql", "--yes", dsn]);
        let told = text(&refused.stderr);
        assert_eq!(refused.status.code(), Some(2), "{told}");
        assert!(told.contains("DSN") && !told.contains("hunter2"), "{told}");
    }
}

#[test]
fn on_postgresql_the_state_of_migrations_is_told_and_waited_for() {
    let place = Place::with_file();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let dsn = runtime.block_on(engine::testing::postgres::database());
    let command = |arguments: &[&str]| {
        let mut command = place.command(arguments);
        command.env("DSN", &dsn).args(["-c", "kratos.yml"]);
        command
    };
    let missing = command(&["migrate", "sql", "status"]).output().unwrap();
    assert!(
        missing.status.success() && text(&missing.stdout).contains("pending"),
        "{}",
        text(&missing.stdout)
    );
    let mut waiting = command(&["migrate", "sql", "status", "--block"]);
    let waiting = waiting.stdout(Stdio::piped()).spawn().unwrap();
    assert!(command(&["migrate", "sql", "up", "-e", "--yes"]).output().unwrap().status.success());
    let waited = waiting.wait_with_output().unwrap();
    assert!(waited.status.success() && text(&waited.stdout).contains("up to date"));
}

/// A server whose courier looks once an hour queues an email and ends; the command sends it.
#[test]
fn the_courier_s_own_process_sends_what_servers_queued() {
    let place = Place::with_file();
    let mail = TcpListener::bind("127.0.0.1:0").unwrap();
    let uri = format!("smtp://{}/?disable_starttls=true", mail.local_addr().unwrap());
    place.write(
        "mail.yml",
        &format!("courier: {{smtp: {{connection_uri: '{uri}'}}}}\nselfservice: {{flows: {{verification: {{enabled: true}}}}}}\n"),
    );
    place.write("slow.yml", "courier: {worker: {pull_wait: 1h}}\n");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let dsn = runtime.block_on(engine::testing::postgres::database());
    let command = |arguments: &[&str]| {
        let mut command = place.command(arguments);
        command.env("DSN", &dsn).args(["-c", "kratos.yml", "-c", "mail.yml"]);
        command
    };
    assert!(command(&["migrate", "sql", "-e", "--yes"]).output().unwrap().status.success());
    let serving = Place::serving(command(&["serve", "-c", "slow.yml"]));
    let flow = document(&get(place.ports[0], "/self-service/registration/api"));
    let target = format!("/self-service/registration?flow={}", flow["id"].as_str().unwrap());
    let form = json!({"method": "password", "password": "quiet copper meadow 73", "traits": {"email": "ann@example.org"}});
    let json = [("Content-Type", "application/json"), ("Accept", "application/json")];
    let answer = ask(place.ports[0], "POST", &target, &json, &form.to_string());
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    serving.terminate();

    let (came, comes) = mpsc::channel();
    std::thread::spawn(move || came.send(mail.accept().map(drop)));
    let mut watching = command(&["courier", "watch", "--expose-metrics-port", "4434"]);
    let mut child = watching.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut ready = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut ready).unwrap();
    let sent = comes.recv_timeout(END);
    let killed = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    let ended = child.wait_with_output().unwrap();
    assert!(killed.success() && ended.status.success(), "{}", text(&ended.stderr));
    assert!(ready.contains("ready") && sent.is_ok(), "{ready}{}", text(&ended.stderr));
    assert!(text(&ended.stderr).contains("serve metrics"), "{}", text(&ended.stderr));
}

#[test]
fn on_sqlite_the_server_sends_its_emails_itself() {
    let place = Place::with_file();
    place.says(&["migrate", "-c", "kratos.yml"], "Applied ");
    let refused = place.run(&["courier", "watch", "-c", "kratos.yml"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("The server sends its emails"), "{}", text(&refused.stderr));
}

#[test]
fn what_is_over_goes_by_a_command_too() {
    let place = Place::with_file();
    assert_eq!(
        place.run(&["cleanup", "sql", "-e", "-c", "kratos.yml"]).status.code(),
        Some(4),
        "nothing is there"
    );
    place.says(&["migrate", "-c", "kratos.yml"], "Applied ");
    let ways: [&[&str]; 4] = [
        &["cleanup"],
        &["cleanup", "sql", "-e"],
        &["cleanup", "sql", "-e=false", "--batch-size", "50", "--sleep-tables", "1s"],
        &["cleanup", "sql", "--keep-last", "168h"],
    ];
    for way in ways {
        let ended = place.run(&[way, &["-c", "kratos.yml"]].concat());
        assert!(ended.status.success(), "{way:?}: {}", text(&ended.stderr));
        let told = text(&ended.stderr).contains("vestibule.cleanup");
        assert_eq!(told, way.contains(&"--keep-last"), "{way:?}");
    }
    // A flow that ended an hour ago, with a retention of a second.
    place.write(
        "soon.yml",
        "vestibule: {cleanup: {flows: 1s}}\nselfservice: {flows: {login: {lifespan: 1s}}}\n",
    );
    let files = ["-c", "kratos.yml", "-c", "soon.yml"];
    let serving = Place::serving(place.command(&[&["serve"][..], &files].concat()));
    get(place.ports[0], "/self-service/login/api");
    serving.terminate();
    let until = |wanted: &str| {
        (0..200)
            .any(|_| text(&place.run(&[&["cleanup", "sql"][..], &files].concat()).stdout).contains(wanted))
    };
    assert!(until("Deleted 1 expired row"), "once the second is over");
    assert!(until("No expired rows"));
}

#[test]
fn templates_are_read_by_a_command() {
    let place = Place::with_file();
    place.write(
        "good.jsonnet",
        "function(ctx) { email: ctx.identity.traits.email, more: ctx.flow.transient_payload.x }",
    );
    place.write("bad.jsonnet", "function(ctx) {\n  email: ctx.identity.traits.email,,\n}");
    place.says(&["jsonnet", "lint", "good.jsonnet"], "is valid");
    place.says(&["lint", "jsonnet", "good.jsonnet", "good.jsonnet"], "All 2 templates");
    place.says(&["lint", "lint", "good.jsonnet"], "is valid");
    for line in [&["jsonnet", "lint"][..], &["lint", "lint"]] {
        let ended = place.run(&[line, &["good.jsonnet", "bad.jsonnet", "missing.jsonnet"]].concat());
        let told = text(&ended.stderr);
        assert_eq!(ended.status.code(), Some(1), "{told}");
        assert!(
            told.contains("bad.jsonnet: ")
                && told.contains("missing.jsonnet: ")
                && told.contains("2 templates"),
            "{told}"
        );
        assert!(!told.contains("good.jsonnet"), "{told}");
    }
}

#[test]
fn shells_get_their_completion() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "powershell"] {
        place.says(&["completion", shell], "hash-bench");
    }
    assert_eq!(place.run(&["completion", "cmd"]).status.code(), Some(2));
}

#[test]
fn what_has_another_place_is_told_in_one_sentence() {
    let place = Place::new();
    let cases: [(&[&str], &[&str]); 24] = [
        (&["identities", "list"], &["`identities list`", "/admin/identities"]),
        (&["list", "identities", "--format", "json-pretty"], &["`list identities`", "/admin/identities"]),
        (&["list", "identities", "-e", "http://127.0.0.1:4434"], &["/admin/identities"]),
        (
            &["identities", "get", "9f425a8d-7efc-4768-8f23-7647a74fdf13"],
            &["`identities get`", "/admin/identities/ID"],
        ),
        (
            &["get", "identity", "9f425a8d-7efc-4768-8f23-7647a74fdf13"],
            &["`get identity`", "/admin/identities/ID"],
        ),
        (&["identities", "delete", "x", "--endpoint", "http://127.0.0.1:4434"], &["DELETE"]),
        (&["delete", "identity", "x"], &["DELETE"]),
        (&["identities", "import", "a.json", "b.json"], &["`identities import`", "POST"]),
        (&["import", "identities", "a.json"], &["POST", "@account.json"]),
        (&["import", "--endpoint=http://127.0.0.1:4434", "identities", "a.json"], &["POST"]),
        (&["identities", "patch", "a.json"], &["`identities patch`"]),
        (&["identities", "validate", "a.json"], &["schema"]),
        (&["validate", "identity", "a.json"], &["schema"]),
        (&["identities"], &["docs/from-kratos.md"]),
        (
            &["hashers", "argon2", "calibrate", "60", "--start-memory", "1GB"],
            &["`hashers argon2 calibrate`", "hash-bench"],
        ),
        (&["hashers", "argon2", "load-test", "60"], &["`hashers argon2 load-test`", "hash-bench"]),
        (&["hashers", "argon2", "hash", "hunter2"], &["`hashers argon2 hash`", "hash-bench"]),
        (&["remote", "status", "-e", "http://127.0.0.1:4434"], &["/health/ready"]),
        (&["remote", "version"], &["/version"]),
        (&["format", "jsonnet", "-w", "a.jsonnet"], &["`format jsonnet`", "jsonnetfmt"]),
        (&["jsonnet", "format", "-w", "a.jsonnet"], &["jsonnetfmt"]),
        (&["serve", "public"], &["`serve`"]),
        (&["serve", "admin"], &["`serve`"]),
        (&["-c", "kratos.yml", "hashers", "argon2", "calibrate"], &["hash-bench"]),
    ];
    for (line, names) in cases {
        let ended = place.run(line);
        let told = text(&ended.stderr);
        assert_eq!(ended.status.code(), Some(2), "{line:?}: {told}");
        for name in names {
            assert!(told.contains(name), "{line:?}: {name} is missing in {told}");
        }
        assert!(told.starts_with("error: ") && told.trim_end().lines().count() == 1, "{line:?}: {told}");
        assert!(!told.contains("hunter2") && !told.contains("9f425a8d"), "{line:?}: {told}");
    }
    assert_eq!(std::fs::read_dir(place.folder.path()).unwrap().count(), 0, "nothing is made");
    for line in [&["help"][..], &["--help"], &["help", "serve"], &["version"], &["--version"]] {
        assert!(place.run(line).status.success(), "{line:?}");
    }
    let help = text(&place.run(&["--help"]).stdout);
    assert!(help.contains("migrate sql -e --yes") && !help.contains("\n  identities"), "{help}");
}

/// Whoever keeps the file of Kratos meets this first: nothing is written to its database, and the sentence says how to go on.
#[test]
fn the_database_of_a_kratos_is_refused_and_left_as_it_is() {
    use engine::testing::foreign::{KRATOS, on_postgres, on_sqlite};
    let place = Place::with_file();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let file = place.folder.path().join("theirs.sqlite");
    runtime.block_on(on_sqlite(&file, KRATOS));
    let before = std::fs::read(&file).unwrap();
    let server = runtime.block_on(engine::testing::postgres::database());
    let tables = runtime.block_on(on_postgres(&server, KRATOS));
    let commands: [&[&str]; 6] = [
        &["serve", "-c", "kratos.yml", "--dev", "--watch-courier"],
        &["migrate", "sql", "-e", "--yes", "-c", "kratos.yml"],
        &["migrate", "sql", "status", "-c", "kratos.yml"],
        &["cleanup", "sql", "-c", "kratos.yml"],
        &["operator", "list", "-c", "kratos.yml"],
        &["config", "print", "-c", "kratos.yml"],
    ];
    for command in commands {
        for dsn in ["sqlite://theirs.sqlite?_fk=true&mode=rwc", server.as_str()] {
            let ended = place.command(command).env("DSN", dsn).output().unwrap();
            let told = text(&ended.stderr);
            assert_eq!(ended.status.code(), Some(4), "{command:?}: {told}");
            for name in ["Ory Kratos", "`dsn`", "config import", "docs/from-kratos.md"] {
                assert!(told.contains(name), "{command:?}: {told}");
            }
        }
    }
    assert_eq!(std::fs::read(&file).unwrap(), before);
    assert!(!place.folder.path().join("theirs.sqlite-wal").exists());
    assert_eq!(runtime.block_on(on_postgres(&server, "")), tables);
}

/// Charts mount the root read-only: a deployment whose secrets and database are elsewhere needs no data folder.
#[test]
fn a_data_folder_that_nothing_is_kept_in_need_not_be_writable() {
    let place = Place::with_file();
    let elsewhere = tempfile::tempdir().unwrap();
    set_mode(elsewhere.path(), 0o777);
    let dsn = format!("sqlite://{}/accounts.sqlite?_fk=true", elsewhere.path().display());
    let commands: [&[&str]; 2] = [
        &["migrate", "sql", "-e", "--yes", "-c", "kratos.yml"],
        &["serve", "-c", "kratos.yml", "--watch-courier"],
    ];
    let [mut migrate, mut serve] = commands.map(|command| place.command_of_nobody(command));
    set_mode(&place.folder.path().join("kratos.yml"), 0o644);
    set_mode(place.folder.path(), 0o555);
    let migrated = migrate.env("DSN", &dsn).output().unwrap();
    assert!(migrated.status.success(), "{}", text(&migrated.stderr));
    serve.env("DSN", &dsn);
    let serving = Place::serving(serve);
    assert!(get(place.ports[0], "/health/ready").starts_with("HTTP/1.1 200"));
    let ended = serving.terminate();
    assert!(ended.status.success(), "{}", ended.log);
    assert!(ended.log.contains("vestibule operator create"), "{}", ended.log);
    assert!(!place.data().exists());
    // Where secrets have to be kept there, the sentence says what to do.
    set_mode(place.folder.path(), 0o755);
    place.write(
        "kratos.yml",
        "identity: {default_schema_id: default, schemas: [{id: default, url: 'preset://email'}]}\n",
    );
    let mut refused = place.command_of_nobody(&["serve", "-c", "kratos.yml"]);
    set_mode(place.folder.path(), 0o555);
    let refused = refused.env("DSN", &dsn).output().unwrap();
    set_mode(place.folder.path(), 0o755);
    assert_eq!(refused.status.code(), Some(3), "{}", text(&refused.stderr));
    assert!(text(&refused.stderr).contains("`secrets.default`"), "{}", text(&refused.stderr));
}
