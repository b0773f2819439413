//! What is printed to a reader that goes away, as `head -1` does.

use super::*;

/// Into a pipe whose end nobody reads any more, before the command begins.
fn run_unread(place: &Place, arguments: &[&str]) -> Output {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let child = place.command(arguments).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn a_reader_that_goes_away_ends_the_output_and_nothing_else() {
    let place = Place::new();
    assert!(place.run_with_input(&CREATE_ANN, "a long enough passphrase").status.success());
    place.write(
        "kratos.yml",
        "identity: {schemas: [{id: default, url: 'preset://email'}]}\nvestibule: {courier: {keep_bodies: true}}\n",
    );
    let lint = ["config", "check", "--lint", "--config", "kratos.yml"];
    let commands: [&[&str]; 17] = [
        &["version"],
        &["config", "reference"],
        &["config", "checks"],
        &["config", "starter"],
        &["config", "print"],
        &["config", "check"],
        &["config", "export"],
        &["config", "import", "kratos.yml"],
        &["plan", "registration"],
        &["plan", "login", "--json"],
        &["settings", "list"],
        &["settings", "list", "--json"],
        &["settings", "history"],
        &["settings", "reference"],
        &["operator", "list"],
        &["operator", "reset-link", "--email", "ann@example.org"],
        &["hash-bench", "--count", "1", "--threads", "1"],
    ];
    for command in commands {
        let ended = run_unread(&place, command);
        assert_eq!(ended.status.code(), Some(0), "{command:?}: {}", text(&ended.stderr));
        assert!(!text(&ended.stderr).contains("panicked"), "{command:?}: {}", text(&ended.stderr));
    }
    // What it was asked for is done, and the exit code says what was found.
    let found = place.run(&lint).status.code();
    assert_ne!(found, Some(0));
    let unread = run_unread(&place, &lint);
    assert_eq!((unread.status.code(), text(&unread.stderr)), (found, String::new()));
    run_unread(&place, &[&lint[..], &["--fix", "--yes"]].concat());
    assert!(place.folder.path().join("kratos.fixes.yml").exists());
}

#[test]
fn a_reader_of_errors_that_goes_away_changes_no_exit_code() {
    let place = Place::new();
    place.write("kratos.yml", "session: {lifespan: soon}\n");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status =
        place.command(&["config", "check", "--config", "kratos.yml"]).stderr(writer).status().unwrap();
    assert_eq!(status.code(), Some(3));
}

#[test]
fn a_server_outlives_the_reader_of_its_log() {
    let place = Place::new();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = place.command(&["serve"]);
    let mut child = command.env("LOG_LEVEL", "trace").stdout(Stdio::piped()).stderr(writer).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut printed = String::new();
    while !printed.contains("Admin API") {
        assert!(stdout.read_line(&mut printed).unwrap() > 0, "it ended before it was ready: {printed}");
    }
    let serving = Serving { child: Some(child), stdout, printed, log: Some(std::thread::spawn(String::new)) };
    for _ in 0..2 {
        assert!(get(place.ports[0], "/health/ready").starts_with("HTTP/1.1 200"));
    }
    assert!(serving.terminate().status.success());
}
