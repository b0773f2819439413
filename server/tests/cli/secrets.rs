//! Secrets of a server: those that its database was used with, and who else on the machine can read them.

use super::*;

const FILE: &str = "identity: {schemas: [{id: default, url: 'preset://email'}]}\n";

#[test]
fn a_second_server_with_secrets_of_its_own_does_not_start_and_is_told_the_ways_out() {
    let (one, two) = (Place::new(), Place::new());
    let dsn = format!("sqlite://{}", one.folder.path().join("shared.sqlite").display());
    let with_dsn = |place: &Place, arguments: &[&str]| {
        let mut command = place.command(arguments);
        command.env("DSN", &dsn);
        command
    };
    let first = Place::serving(with_dsn(&one, &["serve"]));
    let refused = with_dsn(&two, &["serve"]).output().unwrap();
    let told = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(4), "{told}");
    for part in [
        "`secrets.default`",
        "`secrets.cookie`",
        "`secrets.cipher`",
        "secrets.json",
        "vestibule secrets accept",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
    let generated = std::fs::read_to_string(two.data().join("secrets.json")).unwrap();
    let generated: Value = serde_json::from_str(&generated).unwrap();
    assert!(
        !["default", "cookie", "cipher"].iter().any(|name| told.contains(generated[name].as_str().unwrap()))
    );
    // The first way out: the same secrets.
    std::fs::copy(one.data().join("secrets.json"), two.data().join("secrets.json")).unwrap();
    let second = Place::serving(with_dsn(&two, &["serve"]));
    assert!(second.terminate().status.success());
    assert!(first.terminate().status.success());
    // The last one: the old ones are lost.
    for place in [&one, &two] {
        std::fs::remove_file(place.data().join("secrets.json")).unwrap();
    }
    assert_eq!(with_dsn(&one, &["serve"]).output().unwrap().status.code(), Some(4));
    let accepted = with_dsn(&one, &["secrets", "accept"]).output().unwrap();
    assert!(accepted.status.success(), "{}", text(&accepted.stderr));
    assert!(Place::serving(with_dsn(&one, &["serve"])).terminate().status.success());
    assert_eq!(with_dsn(&two, &["serve"]).output().unwrap().status.code(), Some(4));
}

#[test]
fn what_others_can_read_is_told_at_the_start_and_by_the_checks() {
    let place = Place::new();
    place.write("plain.yml", FILE);
    place.write("kratos.yml", &format!("{FILE}secrets: {{default: ['8c1f6b0a52f94f0e9d7a3b61']}}\n"));
    let file = place.folder.path().join("kratos.yml");
    let lint = |file: &str| {
        let ended = place.run(&["config", "check", "--lint", "--config", file]);
        text(&ended.stdout) + &text(&ended.stderr)
    };
    let told = |file: &str| lint(file).contains("secrets_readable_by_others");
    // Folder, file, and whether others can read it.
    for (folder, mode, exposed) in [
        (0o755, 0o644, true),
        (0o755, 0o604, true),
        (0o711, 0o644, true),
        (0o755, 0o640, false),
        (0o755, 0o600, false),
        (0o750, 0o644, false),
        (0o700, 0o644, false),
    ] {
        set_mode(place.folder.path(), folder);
        set_mode(&file, mode);
        assert_eq!(told("kratos.yml"), exposed, "{folder:o} {mode:o}: {}", lint("kratos.yml"));
        assert!(!told("plain.yml"), "nothing in it is secret");
    }
    set_mode(place.folder.path(), 0o755);
    set_mode(&file, 0o644);
    let log = Place::serving(place.command(&["serve", "--config", "kratos.yml"])).terminate().log;
    assert!(log.contains("kratos.yml") && log.contains("chmod"), "{log}");
    // What this server makes is for its owner alone.
    let place = Place::new();
    set_mode(place.folder.path(), 0o755);
    let log = place.serve().terminate().log;
    assert!(!log.contains("chmod"), "{log}");
    assert_eq!(mode(&place.data()), 0o700);
    for name in ["secrets.json", "vestibule.sqlite"] {
        assert_eq!(mode(&place.data().join(name)), 0o600, "{name}");
    }
    set_mode(&place.data(), 0o755);
    let log = place.serve().terminate().log;
    assert!(log.contains("file=data") && log.contains("chmod"), "{log}");
    assert!(!log.contains("secrets.json"), "that one has its own mode: {log}");
}
