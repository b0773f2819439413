//! `vestibule limits`: who is slowed down, read and cleared while the server runs, and after a restart.

use super::*;
use engine::store::{Db, audit};

const GUESSED: &str = "ann@example.org";

/// A wrong password for somebody, as an app sends it; the status.
fn guess(port: u16, identifier: &str) -> u16 {
    let flow = document(&get(port, "/self-service/login/api"))["id"].as_str().unwrap().to_owned();
    let body = json!({"method": "password", "identifier": identifier, "password": "not the password 1"});
    let headers = [("Content-Type", "application/json"), ("Accept", "application/json")];
    let answer = ask(port, "POST", &format!("/self-service/login?flow={flow}"), &headers, &body.to_string());
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

/// As often as costs no delay. The delay that follows begins with one second of real time: whether the next guess comes within it
/// depends on the machine, so it is not asked for.
fn guess_as_often_as_is_free(port: u16, identifier: &str) {
    let statuses: Vec<u16> = (0..10).map(|_| guess(port, identifier)).collect();
    assert_eq!(statuses, [400; 10]);
}

fn sign_up(port: u16) {
    let flow = document(&get(port, "/self-service/registration/api"))["id"].as_str().unwrap().to_owned();
    let body =
        json!({"method": "password", "password": "quiet copper meadow 73", "traits": {"email": GUESSED}});
    let headers = [("Content-Type", "application/json"), ("Accept", "application/json")];
    let answer =
        ask(port, "POST", &format!("/self-service/registration?flow={flow}"), &headers, &body.to_string());
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[test]
fn limits_are_listed_and_cleared_while_the_server_runs() {
    let place = Place::new();
    let mut config = json!({
        "identity": {"default_schema_id": "default", "schemas": [{"id": "default", "url": "preset://email"}]},
        "selfservice": {"methods": {"password": {"config": {"haveibeenpwned_enabled": false}}}},
        "hashers": {"algorithm": "argon2", "argon2": {"memory": "64KB", "iterations": 1, "parallelism": 1}},
    });
    place.write("limits.json", &config.to_string());
    let serving = Place::serving(place.command(&["serve", "--config", "limits.json"]));
    let public = place.ports[0];
    sign_up(public);
    guess_as_often_as_is_free(public, GUESSED);
    guess_as_often_as_is_free(public, "my-secret-password");
    // What was counted outlives the server.
    assert!(serving.terminate().status.success());
    let run = |words: &[&str]| {
        let output = place.run(&[words, &["--config", "limits.json"]].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let listed = run(&["limits", "list"]);
    assert_eq!(listed.lines().count(), 2, "{listed}");
    assert!(listed.contains("passwords\ta…@example.org\t127.0.0.1\t10 of 10\t"), "{listed}");
    assert!(listed.contains("passwords\tno account\t127.0.0.1\t10 of 10\t"), "{listed}");
    assert!(!listed.contains("ann@") && !listed.contains("secret"), "{listed}");
    assert_eq!(run(&["limits", "list", "--account", "Ann@Example.org"]).lines().count(), 1);
    assert_eq!(run(&["limits", "list", "--account", "ben@example.org"]), "");
    assert_eq!(run(&["limits", "list", "--client", "127.0.0.1"]).lines().count(), 2);
    assert_eq!(run(&["limits", "list", "--client", "127.0.0.2"]), "");

    // Nine guesses too many make a delay of 512 seconds, which no machine is too slow for.
    config["vestibule"] = json!({"limits": {"passwords": {"attempts": 1, "max_delay": "1h"}}});
    place.write("limits.json", &config.to_string());
    let serving = Place::serving(place.command(&["serve", "--config", "limits.json"]));
    assert_eq!(guess(public, "my-secret-password"), 429, "a restart forgets nothing");
    let cleared = run(&["limits", "clear", "--account", "my-secret-password"]);
    assert!(cleared.starts_with("Cleared 2 counters."), "{cleared}");
    assert_eq!(guess(public, "my-secret-password"), 400);
    assert!(run(&["limits", "clear", "--all"]).starts_with("Cleared "));
    assert_eq!(run(&["limits", "list"]), "");
    assert_eq!(run(&["limits", "clear", "--client", "127.0.0.1"]), "No counters to clear.\n");
    assert!(serving.terminate().status.success());

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let entries = runtime.block_on(async {
        let db = Db::connect(None, &place.data()).await.unwrap();
        let mut tx = db.read().await.unwrap();
        audit::list(&mut tx, 10).await.unwrap()
    });
    let cleared: Vec<_> = entries.iter().filter(|entry| entry.action == "limits.clear").collect();
    assert_eq!(cleared.len(), 3, "{entries:?}");
    assert!(cleared.iter().all(|entry| entry.actor == "command line"));
    assert_eq!(cleared[2].details, json!({"account": "m…", "counters": 2}));
}

#[test]
fn what_is_cleared_has_to_be_said() {
    let place = Place::new();
    place.begin();
    assert_eq!(place.run(&["limits", "clear"]).status.code(), Some(2));
    assert_eq!(place.run(&["limits", "clear", "--all", "--client", "192.0.2.1"]).status.code(), Some(2));
    assert_eq!(place.run(&["limits", "list", "--client", "nonsense"]).status.code(), Some(2));
    assert_eq!(text(&place.run(&["limits", "clear", "--all"]).stdout), "No counters to clear.\n");
}
