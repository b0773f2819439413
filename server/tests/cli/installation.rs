//! Where an installation may begin, and what only looks: a mistyped `--data` makes nothing.

use super::*;

const FILE: &str = "identity: {schemas: [{id: default, url: 'preset://email'}]}\n";

fn contents(place: &Place) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(place.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn what_only_looks_names_the_folder_where_nothing_is_and_makes_nothing() {
    let place = Place::new();
    let commands: [&[&str]; 9] = [
        &["settings", "list"],
        &["settings", "history"],
        &["settings", "set", "invite_only", "on"],
        &["settings", "reset", "invite_only"],
        &["settings", "rollback", "0"],
        &["operator", "list"],
        &["operator", "disable", "--email", "ann@example.org"],
        &["operator", "enable", "--email", "ann@example.org"],
        &["operator", "reset-link", "--email", "ann@example.org"],
    ];
    for command in commands {
        let ended = place.run(&[command, &["--data", "mistyped"]].concat());
        let told = text(&ended.stderr);
        assert_eq!(ended.status.code(), Some(4), "{command:?}: {told}");
        assert!(
            told.contains("no installation") && told.contains("/mistyped") && told.contains("--data"),
            "{told}"
        );
        assert_eq!(contents(&place), [""; 0], "{command:?}");
    }
    // A folder that is there and holds something else is none either.
    std::fs::create_dir(place.data()).unwrap();
    assert_eq!(place.run(&["operator", "list"]).status.code(), Some(4));
    assert_eq!(std::fs::read_dir(place.data()).unwrap().count(), 0);
    let mut elsewhere = place.command(&["settings", "list"]);
    let ended = elsewhere.env("DSN", "sqlite://nowhere.sqlite?_fk=true").output().unwrap();
    assert_eq!(ended.status.code(), Some(4));
    assert!(text(&ended.stderr).contains("nowhere.sqlite named by `dsn`"), "{}", text(&ended.stderr));
    assert_eq!(contents(&place), ["data"]);
}

#[test]
fn what_needs_no_database_works_without_one_and_makes_nothing() {
    let place = Place::new();
    place.write("kratos.yml", FILE);
    let commands: [&[&str]; 6] = [
        &["plan", "registration"],
        &["config", "check"],
        &["config", "check", "--lint"],
        &["config", "print"],
        &["config", "export"],
        &["hash-bench", "--count", "1", "--threads", "1"],
    ];
    for command in commands {
        for more in [&["--data", "mistyped"][..], &["--data", "mistyped", "--config", "kratos.yml"]] {
            let ended = place.run(&[command, more].concat());
            assert_eq!(ended.status.code(), Some(0), "{command:?}: {}", text(&ended.stderr));
            assert!(!ended.stdout.is_empty(), "{command:?}");
            assert_eq!(contents(&place), ["kratos.yml"], "{command:?}");
        }
    }
    let told = text(&place.run(&["plan", "registration", "--data", "mistyped"]).stderr);
    assert!(told.contains("no installation") && told.contains("/mistyped"), "{told}");
}

#[test]
fn the_command_that_begins_an_installation_says_so_once() {
    let place = Place::new();
    let created = place.run_with_input(&CREATE_ANN, "a long enough passphrase");
    let said = text(&created.stdout);
    assert!(
        said.contains("No installation found") && said.contains(&place.data().display().to_string()),
        "{said}"
    );
    let ben = CREATE_ANN.map(|word| if word.starts_with("ann") { "ben@example.org" } else { word });
    let said = text(&place.run_with_input(&ben, "a long enough passphrase").stdout);
    assert!(!said.contains("begins"), "{said}");
    // What looks finds it, and says nothing of a missing one.
    let plan = place.run(&["plan", "registration"]);
    assert_eq!((plan.status.code(), text(&plan.stderr)), (Some(0), String::new()));
}
